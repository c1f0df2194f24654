//! Decodes recordings of real kernels and holds the records against what iproute2 says of the same objects.

const std = @import("std");
const captures = @import("captures.zig");
const layout = @import("../layout.zig");
const netlink = @import("../netlink.zig");
const rtnetlink = @import("../rtnetlink.zig");
const uapi = @import("../uapi.zig");
const Collector = @import("collector.zig").Collector;

const expectEqual = std.testing.expectEqual;
const expect = std.testing.expect;

/// Everything of one test, freed together.
const Recording = struct {
    arena: std.heap.ArenaAllocator = .init(std.testing.allocator),

    fn deinit(self: *Recording) void {
        self.arena.deinit();
    }

    fn records(
        self: *Recording,
        text: []const u8,
        comptime kind: std.meta.Tag(rtnetlink.Record),
    ) ![]const @FieldType(rtnetlink.Record, @tagName(kind)) {
        var collector: Collector = .{ .allocator = self.arena.allocator() };
        var datagrams: captures.Datagrams = .of(text);
        while (datagrams.next()) |datagram| try collector.decode(datagram);
        return collector.of(kind);
    }

    fn said(self: *Recording, comptime T: type, comptime name: []const u8) ![]const T {
        const options: std.json.ParseOptions = .{ .ignore_unknown_fields = true };
        return std.json.parseFromSliceLeaky([]const T, self.arena.allocator(), captures.json(name), options);
    }
};

fn bytesOf(text: []const u8) ![16]u8 {
    var bytes: [16]u8 = @splat(0);
    switch (try std.Io.net.IpAddress.parse(text, 0)) {
        .ip4 => |address| bytes[0..4].* = address.bytes,
        .ip6 => |address| bytes = address.bytes,
    }
    return bytes;
}

fn lengthOf(family: u8) u8 {
    return if (family == 4) 32 else 128;
}

/// "default", "all", an address, or an address and a length.
fn expectPrefix(text: []const u8, family: u8, bytes: [16]u8, length: u8) !void {
    if (std.mem.eql(u8, text, "default") or std.mem.eql(u8, text, "all")) return expectEqual(0, length);
    var parts = std.mem.splitScalar(u8, text, '/');
    try expectEqual(try bytesOf(parts.first()), bytes);
    const digits = parts.next() orelse return expectEqual(lengthOf(family), length);
    try expectEqual(try std.fmt.parseInt(u8, digits, 10), length);
}

/// The number of a name that iproute2 prints instead of it, or the number itself.
fn number(text: []const u8, comptime names: anytype) !u32 {
    inline for (@typeInfo(@TypeOf(names)).@"struct".fields) |field| {
        if (std.mem.eql(u8, text, field.name)) return @field(names, field.name);
    }
    return std.fmt.parseInt(u32, text, 0);
}

const table_names = .{ .main = 254, .local = 255, .default = 253 };
const scope_names = .{ .global = 0, .link = 253, .host = 254 };
const protocol_names = .{
    .unspec = 0,
    .kernel = uapi.RTPROT_KERNEL,
    .boot = uapi.RTPROT_BOOT,
    .ra = uapi.RTPROT_RA,
    .dhcp = uapi.RTPROT_DHCP,
    .bird = 12,
    .openr = 99,
};
const type_names = .{
    .unicast = uapi.RTN_UNICAST,
    .local = uapi.RTN_LOCAL,
    .broadcast = 3,
    .multicast = 5,
    .blackhole = uapi.RTN_BLACKHOLE,
    .unreachable_ = uapi.RTN_UNREACHABLE,
    .prohibit = uapi.RTN_PROHIBIT,
    .throw = uapi.RTN_THROW,
};

fn indexOf(links: []const layout.LinkRecord, name: []const u8) !u32 {
    for (links) |*link| {
        if (std.mem.eql(u8, link.name[0..link.name_length], name)) return link.index;
    }
    return error.NoSuchLink;
}

fn has(words: []const []const u8, word: []const u8) bool {
    for (words) |each| if (std.mem.eql(u8, each, word)) return true;
    return false;
}

/// iproute2 asked a moment later than we did.
fn expectSeconds(expected: ?u32, actual: u32) !void {
    const later = expected orelse layout.never;
    if (later == layout.never) return expectEqual(later, actual);
    try expect(actual >= later and actual <= later + 1);
}

const Link = struct {
    ifindex: u32,
    ifname: []const u8,
    flags: []const []const u8,
    mtu: u32,
    master: ?[]const u8 = null,
    operstate: []const u8,
    link_type: []const u8,
    address: []const u8 = "",
    linkinfo: struct { info_data: struct { table: u32 = 0 } = .{} } = .{},
};

fn compareLinks(text: []const u8, comptime name: []const u8) !void {
    var recording: Recording = .{};
    defer recording.deinit();
    const links = try recording.records(text, .link);
    const said = try recording.said(Link, name);
    try expectEqual(said.len, links.len);
    for (said, links) |expected, *link| {
        try expectEqual(expected.ifindex, link.index);
        try std.testing.expectEqualStrings(expected.ifname, link.name[0..link.name_length]);
        try expectEqual(expected.mtu, link.mtu);
        try expectEqual(has(expected.flags, "UP"), link.flags & uapi.IFF_UP != 0);
        try expectEqual(has(expected.flags, "LOWER_UP"), link.flags & uapi.IFF_LOWER_UP != 0);
        try expectEqual(has(expected.flags, "LOOPBACK"), link.flags & uapi.IFF_LOOPBACK != 0);
        try expectEqual(has(expected.flags, "POINTOPOINT"), link.flags & uapi.IFF_POINTOPOINT != 0);
        const master = if (expected.master) |master| try indexOf(links, master) else 0;
        try expectEqual(master, link.master);
        try expectEqual(try number(expected.operstate, .{ .UNKNOWN = 0, .DOWN = 2, .UP = 6 }), link.operstate);
        try expectEqual(try number(expected.link_type, .{ .ether = 1, .loopback = 772, .none = 65534 }), link.arp_type);
        const hardware_address = link.hardware_address[0..link.hardware_address_length];
        var buffer: [64]u8 = undefined;
        const printed = try std.fmt.bufPrint(&buffer, "{x}", .{hardware_address});
        const wanted = try std.mem.replaceOwned(u8, recording.arena.allocator(), expected.address, ":", "");
        try std.testing.expectEqualStrings(wanted, printed);
        try expectEqual(expected.linkinfo.info_data.table, link.vrf_table);
    }
}

test "links are those of ip link" {
    try compareLinks(captures.links, "links");
    try compareLinks(captures.vrf_links, "vrf_links");
}

const Address = struct {
    family: []const u8,
    local: []const u8,
    address: ?[]const u8 = null,
    prefixlen: u8,
    scope: []const u8,
    dynamic: bool = false,
    deprecated: bool = false,
    temporary: bool = false,
    mngtmpaddr: bool = false,
    valid_life_time: u32,
    preferred_life_time: u32,
};

fn compareAddress(expected: Address, record: layout.AddressRecord) !void {
    try expectEqual(std.mem.eql(u8, expected.family, "inet"), record.family == 4);
    try expectEqual(expected.prefixlen, record.prefix_length);
    try expectEqual(try bytesOf(expected.address orelse expected.local), record.peer);
    try expectEqual(try number(expected.scope, scope_names), record.scope);
    try expectEqual(expected.dynamic, record.flags & uapi.IFA_F_PERMANENT == 0);
    try expectEqual(expected.deprecated, record.flags & uapi.IFA_F_DEPRECATED != 0);
    try expectEqual(expected.temporary, record.flags & uapi.IFA_F_TEMPORARY != 0);
    try expectEqual(expected.mngtmpaddr, record.flags & uapi.IFA_F_MANAGETEMPADDR != 0);
    try expectSeconds(expected.valid_life_time, record.valid_seconds);
    try expectSeconds(expected.preferred_life_time, record.preferred_seconds);
    // iproute2 6.1 does not print IFA_PROTO: linux/if_addr.h has 1 for loopback, 2 for a Router Advertisement,
    // 3 for link-local. IPv4 has none of these, and temporary addresses (RFC 8981) have none.
    const protocol: u8 = if (record.family == 4) 0 else switch (record.scope) {
        scope_names.host => 1,
        scope_names.link => 3,
        else => if (expected.dynamic and !expected.temporary) uapi.IFAPROT_KERNEL_RA else 0,
    };
    try expectEqual(protocol, record.protocol);
}

test "addresses are those of ip address: temporary, deprecated, point-to-point, of one host" {
    var recording: Recording = .{};
    defer recording.deinit();
    const records = try recording.records(captures.addresses, .address);
    const said = try recording.said(struct { ifindex: u32, addr_info: []const Address }, "addresses");
    var count: usize = 0;
    for (said) |link| for (link.addr_info) |expected| {
        const bytes = try bytesOf(expected.local);
        const record = for (records) |record| {
            if (record.interface == link.ifindex and std.mem.eql(u8, &record.address, &bytes)) break record;
        } else return error.AddressMissing;
        errdefer std.debug.print("address {s}\n", .{expected.local});
        try compareAddress(expected, record);
        count += 1;
    };
    try expectEqual(records.len, count);
}

const Hop = struct {
    gateway: ?[]const u8 = null,
    via: ?struct { host: []const u8 } = null,
    dev: ?[]const u8 = null,
    flags: []const []const u8,
};

const Route = struct {
    type: []const u8,
    dst: []const u8,
    from: []const u8 = "default",
    tos: ?[]const u8 = null,
    gateway: ?[]const u8 = null,
    via: ?struct { host: []const u8 } = null,
    dev: ?[]const u8 = null,
    table: []const u8,
    protocol: []const u8,
    scope: []const u8,
    prefsrc: ?[]const u8 = null,
    metric: u32 = 0,
    flags: []const []const u8,
    expires: ?u32 = null,
    metrics: []const struct { mtu: u32 = 0 } = &.{},
    pref: []const u8 = "medium",
    nhid: u32 = 0,
    nexthops: ?[]const Hop = null,

    fn compare(expected: Route, family: u8, route: layout.RouteRecord) !void {
        try expectEqual(family, route.family);
        try expectPrefix(expected.dst, family, route.destination, route.destination_length);
        try expectPrefix(expected.from, family, route.source, route.source_length);
        const unreachable_ = std.mem.eql(u8, expected.type, "unreachable");
        try expectEqual(try number(if (unreachable_) "unreachable_" else expected.type, type_names), route.type);
        try expectEqual(try number(expected.table, table_names), route.table);
        try expectEqual(try number(expected.protocol, protocol_names), route.protocol);
        try expectEqual(try number(expected.scope, scope_names), route.scope);
        try expectEqual(expected.metric, route.priority);
        try expectEqual(expected.nhid, route.nexthop_id);
        try expectEqual(if (expected.metrics.len > 0) expected.metrics[0].mtu else 0, route.mtu);
        try expectEqual(try number(expected.pref, .{ .medium = 0, .high = 1, .low = 3 }), route.preference);
        try expectSeconds(expected.expires, route.expires_seconds);
        const none: [16]u8 = @splat(0);
        try expectEqual(if (expected.prefsrc) |text| try bytesOf(text) else none, route.preferred_source);
    }

    fn compareHop(hop: Hop, links: []const layout.LinkRecord, route: layout.RouteRecord) !void {
        const link = if (hop.dev) |name| try indexOf(links, name) else 0;
        try expectEqual(link, route.interface);
        try expectEqual(has(hop.flags, "linkdown"), route.flags & uapi.RTNH_F_LINKDOWN != 0);
        try expectEqual(has(hop.flags, "onlink"), route.flags & uapi.RTNH_F_ONLINK != 0);
        const text = if (hop.via) |via| via.host else hop.gateway orelse {
            return expectEqual(0, route.gateway_family);
        };
        try expectEqual(try bytesOf(text), route.gateway);
        try expectEqual(if (hop.via != null) 6 else route.family, route.gateway_family);
    }
};

fn compareRoutes(family: u8, text: []const u8, comptime name: []const u8) !void {
    var recording: Recording = .{};
    defer recording.deinit();
    const links = try recording.records(captures.links, .link);
    const records = try recording.records(text, .route);
    var at: usize = 0;
    for (try recording.said(Route, name)) |expected| {
        // Routes for one type of service are left out.
        if (expected.tos != null) continue;
        const via: @FieldType(Hop, "via") = if (expected.via) |via| .{ .host = via.host } else null;
        const only: Hop = .{ .gateway = expected.gateway, .via = via, .dev = expected.dev, .flags = expected.flags };
        for (expected.nexthops orelse &.{only}) |hop| {
            try expect(at < records.len);
            errdefer std.debug.print("route {s} of {s}\n", .{ expected.dst, name });
            try expected.compare(family, records[at]);
            try Route.compareHop(hop, links, records[at]);
            at += 1;
        }
    }
    try expectEqual(records.len, at);
}

test "IPv4 routes are those of ip route" {
    try compareRoutes(4, captures.routes4, "routes4");
}

test "IPv6 routes are those of ip route" {
    try compareRoutes(6, captures.routes6, "routes6");
}

test "without compat mode a route has the number of its next hop and nothing else of it" {
    var recording: Recording = .{};
    defer recording.deinit();
    for ([_][]const u8{ captures.routes4_without_compat, captures.routes6_without_compat }) |text| {
        var count: usize = 0;
        for (try recording.records(text, .route)) |route| {
            if (route.nexthop_id == 0) continue;
            count += 1;
            try expectEqual(0, route.interface);
            try expectEqual(0, route.gateway_family);
        }
        try expect(count >= 3);
    }
}

const Rule = struct {
    priority: u32,
    src: []const u8 = "all",
    srclen: ?u8 = null,
    dst: []const u8 = "all",
    dstlen: ?u8 = null,
    table: ?[]const u8 = null,
    fwmark: []const u8 = "0",
    fwmask: ?[]const u8 = null,
    iif: []const u8 = "",
    oif: []const u8 = "",
    tos: []const u8 = "0",
    suppress_prefixlen: i32 = -1,
    protocol: []const u8,
    action: ?[]const u8 = null,
    goto: ?u32 = null,
    // Present and null where they hold.
    l3mdev: Present = .{},
    not: Present = .{},

    fn compare(expected: Rule, family: u8, rule: layout.RuleRecord) !void {
        try expectEqual(family, rule.family);
        try expectEqual(expected.priority, rule.priority);
        try comparePrefix(expected.src, expected.srclen, family, rule.source, rule.source_length);
        try comparePrefix(expected.dst, expected.dstlen, family, rule.destination, rule.destination_length);
        if (expected.table) |table| try expectEqual(try number(table, table_names), rule.table);
        const mark = try number(expected.fwmark, .{});
        try expectEqual(mark, rule.mark);
        const whole: u32 = if (mark == 0) 0 else 0xffff_ffff;
        try expectEqual(if (expected.fwmask) |mask| try number(mask, .{}) else whole, rule.mask);
        try expectEqual(try number(expected.tos, .{}), rule.tos);
        try expectEqual(expected.suppress_prefixlen, rule.suppress_prefix_length);
        try expectEqual(try number(expected.protocol, protocol_names), rule.protocol);
        try std.testing.expectEqualStrings(expected.iif, std.mem.sliceTo(&rule.input_interface, 0));
        try std.testing.expectEqualStrings(expected.oif, std.mem.sliceTo(&rule.output_interface, 0));
        try expectEqual(expected.l3mdev.there, rule.l3mdev != 0);
        try expectEqual(expected.not.there, rule.flags & uapi.FIB_RULE_INVERT != 0);
        const name = expected.action orelse if (expected.goto != null) "goto" else "lookup";
        const action_names = .{ .lookup = uapi.FR_ACT_TO_TBL, .goto = 2, .blackhole = 6, .prohibit = 8 };
        try expectEqual(try number(name, action_names), rule.action);
    }

    fn comparePrefix(text: []const u8, length: ?u8, family: u8, bytes: [16]u8, actual: u8) !void {
        if (std.mem.eql(u8, text, "all")) return expectEqual(0, actual);
        try expectEqual(try bytesOf(text), bytes);
        try expectEqual(length orelse lengthOf(family), actual);
    }
};

/// A JSON key without a value.
const Present = struct {
    there: bool = false,

    pub fn jsonParse(_: std.mem.Allocator, source: anytype, _: std.json.ParseOptions) !Present {
        if (try source.next() != .null) return error.UnexpectedToken;
        return .{ .there = true };
    }
};

test "rules are those of ip rule" {
    var recording: Recording = .{};
    defer recording.deinit();
    const records = try recording.records(captures.rules, .rule);
    var at: usize = 0;
    inline for (.{ .{ 4, "rules4" }, .{ 6, "rules6" } }) |expectation| {
        for (try recording.said(Rule, expectation[1])) |expected| {
            try expect(at < records.len);
            errdefer std.debug.print("rule {d} of {s}\n", .{ expected.priority, expectation[1] });
            try expected.compare(expectation[0], records[at]);
            at += 1;
        }
    }
    try expectEqual(records.len, at);
}

test "the rule that a kernel adds for its first VRF names no table" {
    var recording: Recording = .{};
    defer recording.deinit();
    const rules = try recording.records(captures.vrf_rules, .rule);
    var count: usize = 0;
    for (rules) |rule| if (rule.l3mdev != 0) {
        count += 1;
        try expectEqual(1000, rule.priority);
        try expectEqual(0, rule.table);
    };
    try expectEqual(2, count);
}

const Nexthop = struct {
    id: u32,
    gateway: ?[]const u8 = null,
    dev: ?[]const u8 = null,
    blackhole: Present = .{},
    group: ?[]const struct { id: u32 } = null,
};

test "next hops are those of ip nexthop" {
    var recording: Recording = .{};
    defer recording.deinit();
    const links = try recording.records(captures.links, .link);
    const nexthops = try recording.records(captures.nexthops, .nexthop);
    const members = try recording.records(captures.nexthops, .nexthop_member);
    var at: usize = 0;
    var member_at: usize = 0;
    for (try recording.said(Nexthop, "nexthops")) |expected| {
        if (expected.group) |group| {
            for (group) |member| {
                try expectEqual(expected.id, members[member_at].group);
                try expectEqual(member.id, members[member_at].id);
                member_at += 1;
            }
            continue;
        }
        const nexthop = nexthops[at];
        at += 1;
        try expectEqual(expected.id, nexthop.id);
        try expectEqual(expected.blackhole.there, nexthop.blackhole != 0);
        const link = if (expected.dev) |name| try indexOf(links, name) else 0;
        try expectEqual(link, nexthop.interface);
        const text = expected.gateway orelse {
            try expectEqual(0, nexthop.gateway_family);
            continue;
        };
        try expectEqual(try bytesOf(text), nexthop.gateway);
        try expectEqual(std.mem.findScalar(u8, text, ':') == null, nexthop.gateway_family == 4);
    }
    try expectEqual(nexthops.len, at);
    try expectEqual(members.len, member_at);
}

test "options of a Router Advertisement come with the router that sent them" {
    const Expected = struct { u8, u16 };
    const expected = [_]Expected{ .{ 3, 32 }, .{ 3, 32 }, .{ 25, 40 }, .{ 31, 24 }, .{ 37, 32 }, .{ 38, 16 } };
    var datagrams: captures.Datagrams = .of(captures.user_options);
    for (expected) |expectation| {
        const option_type, const length = expectation;
        var collector: Collector = .{ .allocator = std.testing.allocator };
        defer collector.deinit();
        try collector.decode(datagrams.next().?);
        try expectEqual(1, collector.records.items.len);
        const option = collector.records.items[0].user_option;
        try expectEqual(134, option.record.icmp_type);
        try expectEqual(3, option.record.interface);
        try expectEqual(try bytesOf("fe80::ff:fe00:101"), option.record.router);
        try expectEqual(length, option.record.option_length);
        try expectEqual(@sizeOf(layout.UserOptionRecord) + length, option.record.size);
        try expectEqual(length, option.option.len);
        try expectEqual(option_type, option.option[0]);
        try expectEqual(length / 8, option.option[1]);
    }
    try expectEqual(null, datagrams.next());
}

// What no kernel sends. Messages are made by the fake one.

const FakeKernel = @import("fake_kernel.zig").FakeKernel;

/// The one record of a message, or null where it gives none.
fn decodeOne(message: []const u8) !?rtnetlink.Record {
    var header = std.mem.zeroes(uapi.nlmsghdr);
    header.nlmsg_type = std.mem.readInt(u16, message[0..2], .little);
    var writer: struct {
        record: ?rtnetlink.Record = null,

        fn take(context: *anyopaque, record: *const rtnetlink.Record) void {
            const self: *@This() = @ptrCast(@alignCast(context));
            self.record = record.*;
        }
    } = .{};
    const sink: rtnetlink.Sink = .{ .context = &writer, .take = @TypeOf(writer).take };
    try rtnetlink.decode(.{ .header = header, .payload = message[2..] }, sink);
    return writer.record;
}

test "a hardware address longer than its field is left out" {
    var kernel: FakeKernel = .init();
    defer kernel.deinit();
    for ([_]usize{ 0, 6, 20, 21, 32, 255 }) |length| {
        const bytes: [255]u8 = @splat(7);
        const attribute = try kernel.attribute(uapi.IFLA_ADDRESS, bytes[0..length]);
        const link = (try decodeOne(try kernel.link(2, "h0", &.{attribute}))).?.link;
        try expectEqual(if (length > 20) 0 else length, link.hardware_address_length);
    }
}

test "a gateway of another family or size is left out" {
    var kernel: FakeKernel = .init();
    defer kernel.deinit();
    var fixed = std.mem.zeroes(uapi.rtmsg);
    fixed.rtm_family = std.os.linux.AF.INET;
    const cases = [_]struct { u16, []const u8, u8 }{
        .{ uapi.RTA_VIA, &.{}, 0 },
        .{ uapi.RTA_VIA, &.{2}, 0 },
        .{ uapi.RTA_VIA, &.{ 2, 0 }, 0 },
        .{ uapi.RTA_VIA, &.{ 2, 0, 10, 0, 0, 1 }, 4 },
        .{ uapi.RTA_VIA, &.{ 2, 1, 10, 0, 0, 1 }, 0 },
        .{ uapi.RTA_VIA, &.{ 10, 0, 10, 0, 0, 1 }, 0 },
        .{ uapi.RTA_VIA, &(.{ 10, 0 } ++ @as([16]u8, @splat(0xfe))), 6 },
        .{ uapi.RTA_VIA, &(.{ 28, 0 } ++ @as([16]u8, @splat(0xfe))), 0 },
        .{ uapi.RTA_GATEWAY, &.{ 10, 0, 0, 1 }, 4 },
        .{ uapi.RTA_GATEWAY, &@as([16]u8, @splat(0xfe)), 0 },
        .{ uapi.RTA_GATEWAY, &.{}, 0 },
    };
    for (cases) |case| {
        const attribute_type, const bytes, const family = case;
        const attribute = try kernel.attribute(attribute_type, bytes);
        const message = try kernel.message(uapi.RTM_NEWROUTE, fixed, &.{attribute});
        try expectEqual(family, (try decodeOne(message)).?.route.gateway_family);
    }
}

test "a leg of a multipath route is not longer than the route" {
    var kernel: FakeKernel = .init();
    defer kernel.deinit();
    var fixed = std.mem.zeroes(uapi.rtmsg);
    fixed.rtm_family = std.os.linux.AF.INET6;
    for ([_]u16{ 0, 7, 9, 0xffff }) |length| {
        const hop: uapi.rtnexthop = .{ .rtnh_len = length, .rtnh_flags = 0, .rtnh_hops = 0, .rtnh_ifindex = 2 };
        const attribute = try kernel.attribute(uapi.RTA_MULTIPATH, std.mem.asBytes(&hop));
        const message = try kernel.message(uapi.RTM_NEWROUTE, fixed, &.{attribute});
        try std.testing.expectError(error.Malformed, decodeOne(message));
    }
}

test "a prefix longer than an address gives no record" {
    var kernel: FakeKernel = .init();
    defer kernel.deinit();
    var route = std.mem.zeroes(uapi.rtmsg);
    route.rtm_family = std.os.linux.AF.INET;
    route.rtm_dst_len = 33;
    try expectEqual(null, try decodeOne(try kernel.message(uapi.RTM_NEWROUTE, route, &.{})));
    var rule = std.mem.zeroes(uapi.fib_rule_hdr);
    rule.family = std.os.linux.AF.INET6;
    rule.src_len = 129;
    try expectEqual(null, try decodeOne(try kernel.message(uapi.RTM_NEWRULE, rule, &.{})));
    var address = std.mem.zeroes(uapi.ifaddrmsg);
    address.ifa_family = std.os.linux.AF.INET;
    address.ifa_prefixlen = 255;
    const local = try kernel.attribute(uapi.IFA_LOCAL, &.{ 10, 0, 0, 1 });
    try expectEqual(null, try decodeOne(try kernel.message(uapi.RTM_NEWADDR, address, &.{local})));
}

test "lifetimes out of range stay numbers" {
    var kernel: FakeKernel = .init();
    defer kernel.deinit();
    const cases = [_]struct { i32, u32 }{
        .{ 0, layout.never },
        .{ -1, 0 },
        .{ std.math.minInt(i32), 0 },
        .{ 99, 0 },
        .{ std.math.maxInt(i32), 21_474_836 },
    };
    for (cases) |case| {
        const hundredths, const seconds = case;
        const message = try kernel.route(.{ .expires = hundredths });
        try expectEqual(seconds, (try decodeOne(message)).?.route.expires_seconds);
    }
}
