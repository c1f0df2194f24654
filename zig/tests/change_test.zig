//! Changes against the decoders: what is asked for must read as what was meant. The records are those of real kernels.

const std = @import("std");
const linux = std.os.linux;
const captures = @import("captures.zig");
const change = @import("../change.zig");
const layout = @import("../layout.zig");
const netlink = @import("../netlink.zig");
const rtnetlink = @import("../rtnetlink.zig");
const uapi = @import("../uapi.zig");
const Collector = @import("collector.zig").Collector;

const expect = std.testing.expect;
const expectEqual = std.testing.expectEqual;

fn Recorded(comptime kind: std.meta.Tag(rtnetlink.Record)) type {
    return []const @FieldType(rtnetlink.Record, @tagName(kind));
}

/// Every record of one kind in all recordings; the caller frees them.
fn recorded(comptime kind: std.meta.Tag(rtnetlink.Record)) !Recorded(kind) {
    var collector: Collector = .{ .allocator = std.testing.allocator };
    defer collector.deinit();
    for (captures.every) |text| {
        var datagrams: captures.Datagrams = .of(text);
        while (datagrams.next()) |datagram| try collector.decode(datagram);
    }
    return collector.of(kind);
}

/// The request, read as if the kernel had sent it.
fn decoded(
    operation: change.Operation,
    record: anytype,
    comptime kind: std.meta.Tag(rtnetlink.Record),
) !@FieldType(rtnetlink.Record, @tagName(kind)) {
    var request = try change.encode(operation, std.mem.asBytes(&record));
    var collector: Collector = .{ .allocator = std.testing.allocator };
    defer collector.deinit();
    try collector.decode(request.finish(1));
    const found = try collector.of(kind);
    defer std.testing.allocator.free(found);
    try expectEqual(1, found.len);
    return found[0];
}

test "a route asked for reads as the route that was meant" {
    const routes = try recorded(.route);
    defer std.testing.allocator.free(routes);
    try expect(routes.len > 50);
    for (routes) |route| {
        var meant = route;
        meant.flags &= uapi.RTNH_F_ONLINK;
        // RTA_EXPIRES goes in, RTA_CACHEINFO comes out.
        meant.expires_seconds = layout.never;
        if (meant.nexthop_id != 0) {
            meant.interface = 0;
            meant.gateway_family = 0;
            meant.gateway = @splat(0);
        }
        try expectEqual(meant, try decoded(.add, meant, .route));
        meant.removed = 1;
        try expectEqual(meant, try decoded(.remove, meant, .route));
    }
}

test "a rule asked for reads as the rule that was meant" {
    const rules = try recorded(.rule);
    defer std.testing.allocator.free(rules);
    try expect(rules.len > 10);
    for (rules) |rule| {
        var meant = rule;
        meant.flags &= uapi.FIB_RULE_INVERT;
        // It stands for selectors that a record does not hold; asked for, it is refused.
        meant.narrowed = 0;
        try expectEqual(meant, try decoded(.add, meant, .rule));
        meant.removed = 1;
        try expectEqual(meant, try decoded(.remove, meant, .rule));
    }
}

test "an address asked for reads as the address that was meant" {
    const addresses = try recorded(.address);
    defer std.testing.allocator.free(addresses);
    try expect(addresses.len > 5);
    for (addresses) |address| {
        var meant = address;
        meant.protocol = 88;
        try expectEqual(meant, try decoded(.add, meant, .address));
        try expectEqual(meant, try decoded(.replace, meant, .address));
        meant.removed = 1;
        try expectEqual(meant, try decoded(.remove, meant, .address));
    }
}

test "the largest route and the largest rule fit a request" {
    const route: layout.RouteRecord = .{
        .table = 1,
        .priority = 2,
        .interface = 3,
        .mtu = 1280,
        .expires_seconds = 4,
        .family = 6,
        .destination_length = 128,
        .source_length = 128,
        .preference = 1,
        .gateway_family = 6,
        .destination = @splat(1),
        .source = @splat(2),
        .gateway = @splat(3),
        .preferred_source = @splat(4),
    };
    _ = try change.encode(.replace, std.mem.asBytes(&route));
    const rule: layout.RuleRecord = .{
        .mark = 1,
        .mask = 1,
        .table = 1,
        .suppress_prefix_length = 0,
        .family = 6,
        .source_length = 128,
        .destination_length = 128,
        .l3mdev = 1,
        .source = @splat(1),
        .destination = @splat(2),
        .input_interface = @splat('i'),
        .output_interface = @splat('o'),
    };
    _ = try change.encode(.add, std.mem.asBytes(&rule));
}

test "what is no route, no rule and no address is refused" {
    const expectError = std.testing.expectError;
    const link: layout.LinkRecord = .{};
    try expectError(error.Invalid, change.encode(.add, std.mem.asBytes(&link)));
    try expectError(error.Invalid, change.encode(.add, &.{}));
    const route: layout.RouteRecord = .{ .family = 4 };
    try expectError(error.Invalid, change.encode(.add, std.mem.asBytes(&route)[1..]));
    const bad_routes = [_]layout.RouteRecord{
        .{ .family = 0 },
        .{ .family = 4, .destination_length = 33 },
        .{ .family = 4, .source_length = 33 },
        .{ .family = 6, .destination_length = 129 },
        .{ .family = 6, .gateway_family = 4 },
        .{ .family = 4, .gateway_family = 5 },
    };
    for (bad_routes) |bad| try expectError(error.Invalid, change.encode(.add, std.mem.asBytes(&bad)));
    const bad_rules = [_]layout.RuleRecord{
        .{ .family = 5 },
        .{ .family = 4, .source_length = 33 },
        .{ .family = 4, .destination_length = 33 },
        .{ .family = 4, .narrowed = 1 },
    };
    for (bad_rules) |bad| try expectError(error.Invalid, change.encode(.add, std.mem.asBytes(&bad)));
    const bad_addresses = [_]layout.AddressRecord{
        .{ .family = 0 },
        .{ .family = 4, .prefix_length = 33 },
        .{ .family = 6, .prefix_length = 129 },
    };
    for (bad_addresses) |bad| try expectError(error.Invalid, change.encode(.add, std.mem.asBytes(&bad)));
    // The kernel would take it for one more of the same.
    const rule: layout.RuleRecord = .{ .family = 4 };
    try expectError(error.Invalid, change.encode(.replace, std.mem.asBytes(&rule)));
}

/// A kernel that answers one request with one code.
const Acknowledging = struct {
    port: u32 = 7,
    code: i32,
    asked: ?uapi.nlmsghdr = null,

    pub fn send(self: *Acknowledging, bytes: []const u8) netlink.Error!void {
        self.asked = netlink.read(uapi.nlmsghdr, bytes);
    }

    pub fn receive(self: *Acknowledging, buffer: []u8) netlink.Error!usize {
        const asked = self.asked orelse return error.SystemCall;
        const answer: extern struct { header: uapi.nlmsghdr, code: i32, asked: uapi.nlmsghdr } = .{
            .header = .{
                .nlmsg_len = 36,
                .nlmsg_type = uapi.NLMSG_ERROR,
                .nlmsg_flags = 0,
                .nlmsg_seq = asked.nlmsg_seq,
                .nlmsg_pid = self.port,
            },
            .code = self.code,
            .asked = asked,
        };
        @memcpy(buffer[0..@sizeOf(@TypeOf(answer))], std.mem.asBytes(&answer));
        return @sizeOf(@TypeOf(answer));
    }
};

fn applied(operation: change.Operation, code: i32, errno: *u32) !uapi.nlmsghdr {
    const route: layout.RouteRecord = .{ .family = 4, .table = 1 };
    var request = try change.encode(operation, std.mem.asBytes(&route));
    var kernel: Acknowledging = .{ .code = code };
    var scratch: [64]u8 = undefined;
    try change.apply(&kernel, &request, &scratch, errno);
    return kernel.asked.?;
}

test "the kernel's word is waited for and told" {
    var errno: u32 = 0;
    const both = uapi.NLM_F_REQUEST | uapi.NLM_F_ACK;
    const added = try applied(.add, 0, &errno);
    try expectEqual(uapi.RTM_NEWROUTE, added.nlmsg_type);
    try expectEqual(both | uapi.NLM_F_CREATE | uapi.NLM_F_EXCL, added.nlmsg_flags);
    const replaced = try applied(.replace, 0, &errno);
    try expectEqual(both | uapi.NLM_F_CREATE | uapi.NLM_F_REPLACE, replaced.nlmsg_flags);
    const removed = try applied(.remove, 0, &errno);
    try expectEqual(uapi.RTM_DELROUTE, removed.nlmsg_type);
    try expectEqual(both, removed.nlmsg_flags);
    try expectEqual(0, errno);
    try std.testing.expectError(error.Refused, applied(.add, -17, &errno));
    try expectEqual(17, errno);
}
