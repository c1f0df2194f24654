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
    pub fn put(self: *RecordWriter, record: *const Record) void {
        switch (record.*) {
            .user_option => |*user_option| {
                self.append(std.mem.asBytes(&user_option.record));
                self.append(user_option.option);
                const padding: [3]u8 = @splat(0);
                self.append(padding[0 .. (4 - user_option.option.len % 4) % 4]);
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

    /// Takes out what stands from `start` to `end`; what is behind it moves up. Where some of that did not fit, it
    /// is not there to be moved: everything stays, so that the answer is seen to be too large.
    pub fn remove(self: *RecordWriter, start: usize, end: usize) void {
        if (self.position > self.bytes.len) return;
        @memmove(self.bytes[start..][0 .. self.position - end], self.bytes[end..self.position]);
        self.position -= end - start;
    }

    fn append(self: *RecordWriter, bytes: []const u8) void {
        const end = self.position + bytes.len;
        if (end <= self.bytes.len) @memcpy(self.bytes[self.position..end], bytes);
        self.position = end;
    }
};
