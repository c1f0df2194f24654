//! Records into the caller's memory. What does not fit is counted, so the caller learns the size it
//! needs from the same call, as snprintf(3) tells it.

const std = @import("std");
const layout = @import("layout.zig");
const rtnetlink = @import("rtnetlink.zig");
const Record = rtnetlink.Record;

pub const RecordWriter = struct {
    bytes: []u8,
    /// Where the next record goes; may lie past the end.
    position: usize = 0,
    /// While set, an order-independent sum over the routes put, lifetimes left out: two dumps that
    /// agree in it and in their size hold the same routes.
    digest: ?u64 = null,

    pub fn put(self: *RecordWriter, record: *const Record) void {
        switch (record.*) {
            .user_option => |*user_option| {
                self.append(std.mem.asBytes(&user_option.record));
                self.append(user_option.option);
                const padding: [3]u8 = @splat(0);
                self.append(padding[0 .. (4 - user_option.option.len % 4) % 4]);
            },
            .route => |*route| {
                self.append(std.mem.asBytes(route));
                self.note(route.*);
            },
            inline else => |*fixed| self.append(std.mem.asBytes(fixed)),
        }
    }

    /// The writer as what a decoder puts its records into.
    pub fn sink(self: *RecordWriter) rtnetlink.Sink {
        return .{ .context = self, .take = take };
    }

    fn take(context: *anyopaque, record: *const Record) void {
        const self: *RecordWriter = @ptrCast(@alignCast(context));
        self.put(record);
    }

    fn note(self: *RecordWriter, route: layout.RouteRecord) void {
        const digest = self.digest orelse return;
        var settled = route;
        // Lifetimes run down between two dumps of the same thing.
        settled.expires_seconds = 0;
        const words: [@sizeOf(layout.RouteRecord) / 8]u64 = @bitCast(settled);
        var hash: u64 = 0;
        // Multiplicative hashing (Knuth, TAOCP 6.4): 2^64 over the golden ratio.
        for (words) |word| hash = (std.math.rotl(u64, hash, 5) ^ word) *% 0x9e3779b97f4a7c15;
        // Mixed once more, or the sum of two routes would not tell which of them had which last word.
        self.digest = digest +% (hash ^ (hash >> 32)) *% 0x9e3779b97f4a7c15;
    }

    fn append(self: *RecordWriter, bytes: []const u8) void {
        const end = self.position + bytes.len;
        if (end <= self.bytes.len) @memcpy(self.bytes[self.position..end], bytes);
        self.position = end;
    }
};
