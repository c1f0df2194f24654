//! Records into the caller's memory. What does not fit is counted, so the caller learns the size it
//! needs from the same call, as snprintf(3) tells it.

const std = @import("std");
const layout = @import("layout.zig");

pub const RecordWriter = struct {
    bytes: []u8,
    /// Where the next record goes; may lie past the end.
    position: usize = 0,
    /// While set, an order-independent sum over the routes put, lifetimes left out: two dumps that
    /// agree in it and in their size hold the same routes.
    digest: ?u64 = null,

    pub fn put(self: *RecordWriter, record: anytype) void {
        self.append(std.mem.asBytes(&record));
        if (@TypeOf(record) != layout.RouteRecord) return;
        const digest = self.digest orelse return;
        var settled = record;
        // Lifetimes run down between two dumps of the same thing.
        settled.expires_seconds = 0;
        self.digest = digest +% std.hash.Fnv1a_64.hash(std.mem.asBytes(&settled));
    }

    /// A record with bytes behind it, padded with zeros to four.
    pub fn putWithBytes(self: *RecordWriter, record: anytype, bytes: []const u8) void {
        self.append(std.mem.asBytes(&record));
        self.append(bytes);
        const padding: [3]u8 = @splat(0);
        self.append(padding[0 .. (4 - bytes.len % 4) % 4]);
    }

    fn append(self: *RecordWriter, bytes: []const u8) void {
        const end = self.position + bytes.len;
        if (end <= self.bytes.len) @memcpy(self.bytes[self.position..end], bytes);
        self.position = end;
    }

    /// Whether everything put so far is in the caller's memory.
    pub fn fits(self: *const RecordWriter) bool {
        return self.position <= self.bytes.len;
    }
};
