//! The routes of one table or protocol, out of a fake kernel.

const std = @import("std");
const linux = std.os.linux;
const layout = @import("../layout.zig");
const netlink = @import("../netlink.zig");
const snapshot = @import("../snapshot.zig");
const uapi = @import("../uapi.zig");
const fake_kernel = @import("fake_kernel.zig");
const FakeKernel = fake_kernel.FakeKernel;

const expectEqual = std.testing.expectEqual;

const protocol = 88;

fn asking(family: u8, table: u32) fake_kernel.Question {
    return .{ .type = uapi.RTM_GETROUTE, .family = family, .table = table, .protocol = protocol };
}

/// The tables of the routes that a table and our protocol give, IPv4 first.
fn tablesOf(kernel: *FakeKernel, table: ?u32, into: []u32) netlink.Error![]const u32 {
    var out: [4096]u8 = undefined;
    var scratch: [snapshot.scratch_size_min]u8 = undefined;
    var taken: snapshot.Snapshot(FakeKernel) = .{
        .transport = kernel,
        .scratch = &scratch,
        .writer = .{ .bytes = &out },
    };
    const size = try taken.takeRoutes(table, protocol);
    std.debug.assert(taken.header.size == size);
    const bytes = out[@sizeOf(layout.SnapshotHeader)..size];
    const count = @divExact(bytes.len, @sizeOf(layout.RouteRecord));
    for (0..count) |i| {
        into[i] = netlink.read(layout.RouteRecord, bytes[i * @sizeOf(layout.RouteRecord) ..]).table;
    }
    return into[0..count];
}

test "routes of tables that no rule names are there, whatever they are" {
    var kernel: FakeKernel = .init();
    defer kernel.deinit();
    try kernel.on(asking(linux.AF.INET, 0), .{ .messages = &.{
        try kernel.route(.{ .family = linux.AF.INET, .table = 1_000_000_000, .protocol = protocol }),
        try kernel.route(.{ .family = linux.AF.INET, .table = uapi.RT_TABLE_LOCAL, .type = uapi.RTN_LOCAL }),
    } });
    try kernel.on(asking(linux.AF.INET6, 0), .{ .messages = &.{
        try kernel.route(.{ .table = 7, .protocol = protocol, .prefix = 0x20010db8 }),
    } });
    var tables: [8]u32 = undefined;
    try std.testing.expectEqualSlices(
        u32,
        &.{ 1_000_000_000, uapi.RT_TABLE_LOCAL, 7 },
        try tablesOf(&kernel, null, &tables),
    );
    // The rules went first, or the kernel would end a dump before its largest route.
    try expectEqual(uapi.RTM_GETRULE, kernel.asked.items[0].type);
}

test "a table that is not there has no routes, and a refusal is one" {
    var kernel: FakeKernel = .init();
    defer kernel.deinit();
    const missing = -@as(i32, @intFromEnum(linux.E.NOENT));
    try kernel.on(asking(linux.AF.INET, 9), .{ .error_code = missing });
    try kernel.on(asking(linux.AF.INET6, 9), .{ .error_code = missing });
    try kernel.on(asking(linux.AF.INET, 10), .{ .error_code = -@as(i32, @intFromEnum(linux.E.PERM)) });
    var tables: [8]u32 = undefined;
    try expectEqual(0, (try tablesOf(&kernel, 9, &tables)).len);
    try std.testing.expectError(error.Refused, tablesOf(&kernel, 10, &tables));
}
