//! The records of decoded messages, kept as they came.

const std = @import("std");
const netlink = @import("../netlink.zig");
const rtnetlink = @import("../rtnetlink.zig");
const Record = rtnetlink.Record;

pub const Collector = struct {
    allocator: std.mem.Allocator,
    records: std.ArrayList(Record) = .empty,

    pub fn deinit(self: *Collector) void {
        self.records.deinit(self.allocator);
    }

    /// Decodes every message of a datagram.
    pub fn decode(self: *Collector, datagram: []const u8) error{Malformed}!void {
        var messages: netlink.Messages = .{ .bytes = datagram };
        while (try messages.next()) |message| {
            try rtnetlink.decode(message, .{ .context = self, .take = take });
        }
    }

    /// All records of one kind, in order; the caller frees them.
    pub fn of(
        self: *const Collector,
        comptime kind: std.meta.Tag(Record),
    ) ![]const @FieldType(Record, @tagName(kind)) {
        var some: std.ArrayList(@FieldType(Record, @tagName(kind))) = .empty;
        errdefer some.deinit(self.allocator);
        for (self.records.items) |record| {
            if (record == kind) try some.append(self.allocator, @field(record, @tagName(kind)));
        }
        return some.toOwnedSlice(self.allocator);
    }

    fn take(context: *anyopaque, record: *const Record) void {
        const self: *Collector = @ptrCast(@alignCast(context));
        self.records.append(self.allocator, record.*) catch @panic("out of memory");
    }
};
