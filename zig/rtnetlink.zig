//! rtnetlink(7) messages to records. Pure: bytes in, records out, no system call.
//!
//! Attributes this file does not know, or whose size is not the expected one, are passed over: a
//! newer kernel may send them. Only lengths that contradict each other are errors.

const std = @import("std");
const layout = @import("layout.zig");
const netlink = @import("netlink.zig");
const uapi = @import("uapi.zig");

const Attributes = netlink.Attributes;
const Error = error{Malformed};

/// What one message may describe.
pub const Record = union(enum) {
    link: layout.LinkRecord,
    address: layout.AddressRecord,
    route: layout.RouteRecord,
    rule: layout.RuleRecord,
    nexthop: layout.NexthopRecord,
    nexthop_member: layout.NexthopMemberRecord,
    user_option: UserOption,
};

/// `option` points into the message.
pub const UserOption = struct {
    record: layout.UserOptionRecord,
    option: []const u8,
};

/// Takes the records of a message, one after another. A pointer to a function and no type parameter: the
/// decoders are the larger part of the library and are to be in it once.
pub const Sink = struct {
    context: *anyopaque,
    take: *const fn (context: *anyopaque, record: *const Record) void,

    fn put(self: Sink, record: Record) void {
        self.take(self.context, &record);
    }
};

/// Passes the records of one message to the sink; messages of other types give none.
pub fn decode(message: netlink.Message, sink: Sink) Error!void {
    const payload = message.payload;
    switch (message.header.nlmsg_type) {
        uapi.RTM_NEWLINK => try link(payload, 0, sink),
        uapi.RTM_DELLINK => try link(payload, 1, sink),
        uapi.RTM_NEWADDR => try address(payload, 0, sink),
        uapi.RTM_DELADDR => try address(payload, 1, sink),
        uapi.RTM_NEWROUTE => try route(payload, 0, sink),
        uapi.RTM_DELROUTE => try route(payload, 1, sink),
        uapi.RTM_NEWRULE => try rule(payload, 0, sink),
        uapi.RTM_DELRULE => try rule(payload, 1, sink),
        uapi.RTM_NEWNEXTHOP => try nexthop(payload, 0, sink),
        uapi.RTM_DELNEXTHOP => try nexthop(payload, 1, sink),
        uapi.RTM_NEWNDUSEROPT => try userOption(payload, sink),
        else => {},
    }
}

fn link(payload: []const u8, removed: u8, sink: Sink) Error!void {
    var attributes = try Attributes.after(uapi.ifinfomsg, payload);
    const fixed = netlink.read(uapi.ifinfomsg, payload);
    // AF_BRIDGE messages describe ports again and have an index that is no link of their own.
    if (fixed.ifi_family != 0 or fixed.ifi_index <= 0) return;
    var record: layout.LinkRecord = .{
        .removed = removed,
        .index = @intCast(fixed.ifi_index),
        .flags = fixed.ifi_flags,
        .arp_type = fixed.ifi_type,
    };
    while (try attributes.next()) |attribute| switch (attribute.type) {
        uapi.IFLA_IFNAME => {
            const name = attribute.name();
            @memcpy(record.name[0..name.len], name);
            record.name_length = @intCast(name.len);
        },
        uapi.IFLA_MTU => record.mtu = attribute.int(u32) orelse 0,
        uapi.IFLA_MASTER => record.master = attribute.int(u32) orelse 0,
        uapi.IFLA_OPERSTATE => record.operstate = attribute.int(u8) orelse 0,
        uapi.IFLA_ADDRESS => if (attribute.payload.len <= record.hardware_address.len) {
            @memcpy(record.hardware_address[0..attribute.payload.len], attribute.payload);
            record.hardware_address_length = @intCast(attribute.payload.len);
        },
        uapi.IFLA_LINKINFO => record.vrf_table = try vrfTable(attribute.payload),
        else => {},
    };
    sink.put(.{ .link = record });
}

/// The table of a VRF device out of IFLA_LINKINFO, 0 for any other kind.
fn vrfTable(payload: []const u8) Error!u32 {
    var is_vrf = false;
    var information: Attributes = .{ .bytes = payload };
    while (try information.next()) |attribute| switch (attribute.type) {
        uapi.IFLA_INFO_KIND => is_vrf = std.mem.eql(u8, attribute.name(), "vrf"),
        uapi.IFLA_INFO_DATA => if (is_vrf) {
            var data: Attributes = .{ .bytes = attribute.payload };
            while (try data.next()) |datum| {
                if (datum.type == uapi.IFLA_VRF_TABLE) return datum.int(u32) orelse 0;
            }
        },
        else => {},
    };
    return 0;
}

fn address(payload: []const u8, removed: u8, sink: Sink) Error!void {
    var attributes = try Attributes.after(uapi.ifaddrmsg, payload);
    const fixed = netlink.read(uapi.ifaddrmsg, payload);
    const length = addressLength(fixed.ifa_family) orelse return;
    var record: layout.AddressRecord = .{
        .removed = removed,
        .interface = fixed.ifa_index,
        .flags = fixed.ifa_flags,
        .family = familyNumber(fixed.ifa_family),
        .prefix_length = fixed.ifa_prefixlen,
        .scope = fixed.ifa_scope,
    };
    if (record.prefix_length > length * 8) return;
    var local: ?[16]u8 = null;
    var peer: ?[16]u8 = null;
    while (try attributes.next()) |attribute| switch (attribute.type) {
        uapi.IFA_LOCAL => if (attribute.payload.len == length) {
            local = attribute.address();
        },
        uapi.IFA_ADDRESS => if (attribute.payload.len == length) {
            peer = attribute.address();
        },
        uapi.IFA_FLAGS => record.flags = attribute.int(u32) orelse record.flags,
        uapi.IFA_PROTO => record.protocol = attribute.int(u8) orelse 0,
        uapi.IFA_CACHEINFO => if (attribute.payload.len >= @sizeOf(uapi.ifa_cacheinfo)) {
            const lifetimes = netlink.read(uapi.ifa_cacheinfo, attribute.payload);
            record.preferred_seconds = lifetimes.ifa_prefered;
            record.valid_seconds = lifetimes.ifa_valid;
        },
        else => {},
    };
    // IFA_LOCAL is the host's own where it stands; IFA_ADDRESS is then the other end.
    record.address = local orelse peer orelse return;
    record.peer = peer orelse record.address;
    sink.put(.{ .address = record });
}

fn route(payload: []const u8, removed: u8, sink: Sink) Error!void {
    var attributes = try Attributes.after(uapi.rtmsg, payload);
    const fixed = netlink.read(uapi.rtmsg, payload);
    const length = addressLength(fixed.rtm_family) orelse return;
    if (fixed.rtm_dst_len > length * 8 or fixed.rtm_src_len > length * 8) return;
    // A route for one type of service is not the way of ordinary packets.
    if (fixed.rtm_tos != 0) return;
    var record: layout.RouteRecord = .{
        .removed = removed,
        .table = fixed.rtm_table,
        .flags = fixed.rtm_flags,
        .family = familyNumber(fixed.rtm_family),
        .destination_length = fixed.rtm_dst_len,
        .source_length = fixed.rtm_src_len,
        .protocol = fixed.rtm_protocol,
        .type = fixed.rtm_type,
        .scope = fixed.rtm_scope,
    };
    var multipath: ?[]const u8 = null;
    while (try attributes.next()) |attribute| switch (attribute.type) {
        uapi.RTA_DST => if (attribute.payload.len == length) {
            record.destination = attribute.address().?;
        },
        uapi.RTA_SRC => if (attribute.payload.len == length) {
            record.source = attribute.address().?;
        },
        uapi.RTA_PREFSRC => if (attribute.payload.len == length) {
            record.preferred_source = attribute.address().?;
        },
        uapi.RTA_OIF => record.interface = attribute.int(u32) orelse 0,
        uapi.RTA_PRIORITY => record.priority = attribute.int(u32) orelse 0,
        // rtm_table holds 8 bits (252 stands for more): RTA_TABLE is the one that counts.
        uapi.RTA_TABLE => record.table = attribute.int(u32) orelse record.table,
        uapi.RTA_PREF => record.preference = attribute.int(u8) orelse 0,
        uapi.RTA_NH_ID => record.nexthop_id = attribute.int(u32) orelse 0,
        uapi.RTA_METRICS => record.mtu = try metricMtu(attribute.payload),
        uapi.RTA_CACHEINFO => record.expires_seconds = expiry(attribute.payload),
        uapi.RTA_MULTIPATH => multipath = attribute.payload,
        uapi.RTA_GATEWAY, uapi.RTA_VIA => gateway(&record, attribute),
        else => {},
    };
    const hops = multipath orelse return sink.put(.{ .route = record });
    var rest = hops;
    while (rest.len >= @sizeOf(uapi.rtnexthop)) {
        const hop = netlink.read(uapi.rtnexthop, rest);
        if (hop.rtnh_len < @sizeOf(uapi.rtnexthop) or hop.rtnh_len > rest.len) return error.Malformed;
        var leg = record;
        leg.interface = @bitCast(hop.rtnh_ifindex);
        leg.flags |= hop.rtnh_flags;
        var leg_attributes = try Attributes.after(uapi.rtnexthop, rest[0..hop.rtnh_len]);
        while (try leg_attributes.next()) |attribute| switch (attribute.type) {
            uapi.RTA_GATEWAY, uapi.RTA_VIA => gateway(&leg, attribute),
            else => {},
        };
        sink.put(.{ .route = leg });
        rest = rest[@min(netlink.aligned(hop.rtnh_len), rest.len)..];
    }
}

/// RTA_GATEWAY is of the route's family; RTA_VIA (struct rtvia) names its own.
fn gateway(record: *layout.RouteRecord, attribute: netlink.Attribute) void {
    var family = record.family;
    var bytes = attribute.payload;
    if (attribute.type == uapi.RTA_VIA) {
        if (bytes.len < 2) return;
        family = familyNumber(std.math.cast(u8, netlink.read(u16, bytes)) orelse return);
        bytes = bytes[2..];
    }
    if (bytes.len != @as(usize, if (family == 4) 4 else 16) or family == 0) return;
    record.gateway_family = family;
    record.gateway = @splat(0);
    @memcpy(record.gateway[0..bytes.len], bytes);
}

fn metricMtu(payload: []const u8) Error!u32 {
    var metrics: Attributes = .{ .bytes = payload };
    while (try metrics.next()) |metric| {
        if (metric.type == uapi.RTAX_MTU) return metric.int(u32) orelse 0;
    }
    return 0;
}

/// rta_expires is in hundredths of a second (USER_HZ), 0 for a route that stays.
fn expiry(payload: []const u8) u32 {
    if (payload.len < @sizeOf(uapi.rta_cacheinfo)) return layout.never;
    const hundredths = netlink.read(uapi.rta_cacheinfo, payload).rta_expires;
    if (hundredths == 0) return layout.never;
    return if (hundredths < 0) 0 else @intCast(@divTrunc(hundredths, 100));
}

fn rule(payload: []const u8, removed: u8, sink: Sink) Error!void {
    var attributes = try Attributes.after(uapi.fib_rule_hdr, payload);
    const fixed = netlink.read(uapi.fib_rule_hdr, payload);
    const length = addressLength(fixed.family) orelse return;
    if (fixed.dst_len > length * 8 or fixed.src_len > length * 8) return;
    var record: layout.RuleRecord = .{
        .removed = removed,
        .table = fixed.table,
        .flags = fixed.flags,
        .family = familyNumber(fixed.family),
        .action = fixed.action,
        .source_length = fixed.src_len,
        .destination_length = fixed.dst_len,
        .tos = fixed.tos,
    };
    while (try attributes.next()) |attribute| switch (attribute.type) {
        uapi.FRA_SRC => if (attribute.payload.len == length) {
            record.source = attribute.address().?;
        },
        uapi.FRA_DST => if (attribute.payload.len == length) {
            record.destination = attribute.address().?;
        },
        uapi.FRA_PRIORITY => record.priority = attribute.int(u32) orelse 0,
        uapi.FRA_TABLE => record.table = attribute.int(u32) orelse record.table,
        uapi.FRA_FWMARK => record.mark = attribute.int(u32) orelse 0,
        uapi.FRA_FWMASK => record.mask = attribute.int(u32) orelse 0,
        uapi.FRA_SUPPRESS_PREFIXLEN => record.suppress_prefix_length = attribute.int(i32) orelse -1,
        uapi.FRA_PROTOCOL => record.protocol = attribute.int(u8) orelse 0,
        uapi.FRA_L3MDEV => record.l3mdev = attribute.int(u8) orelse 0,
        uapi.FRA_IIFNAME => copyName(&record.input_interface, attribute),
        uapi.FRA_OIFNAME => copyName(&record.output_interface, attribute),
        uapi.FRA_FLOW, uapi.FRA_PAD => {},
        // Whoever reasons about rules must know that this one does not match all it seems to.
        else => record.narrowed = 1,
    };
    sink.put(.{ .rule = record });
}

fn copyName(into: *[16]u8, attribute: netlink.Attribute) void {
    const name = attribute.name();
    @memcpy(into[0..name.len], name);
}

fn nexthop(payload: []const u8, removed: u8, sink: Sink) Error!void {
    var attributes = try Attributes.after(uapi.nhmsg, payload);
    const fixed = netlink.read(uapi.nhmsg, payload);
    var record: layout.NexthopRecord = .{ .removed = removed, .flags = fixed.nh_flags };
    var group: []const u8 = &.{};
    while (try attributes.next()) |attribute| switch (attribute.type) {
        uapi.NHA_ID => record.id = attribute.int(u32) orelse 0,
        uapi.NHA_OIF => record.interface = attribute.int(u32) orelse 0,
        uapi.NHA_BLACKHOLE => record.blackhole = 1,
        uapi.NHA_GROUP => group = attribute.payload,
        uapi.NHA_GATEWAY => if (attribute.address()) |bytes| {
            record.gateway = bytes;
            record.gateway_family = if (attribute.payload.len == 4) 4 else 6;
        },
        else => {},
    };
    if (group.len == 0) return sink.put(.{ .nexthop = record });
    while (group.len >= @sizeOf(uapi.nexthop_grp)) : (group = group[@sizeOf(uapi.nexthop_grp)..]) {
        const member = netlink.read(uapi.nexthop_grp, group);
        sink.put(.{ .nexthop_member = .{ .removed = removed, .group = record.id, .id = member.id } });
    }
}

fn userOption(payload: []const u8, sink: Sink) Error!void {
    if (payload.len < @sizeOf(uapi.nduseroptmsg)) return error.Malformed;
    const fixed = netlink.read(uapi.nduseroptmsg, payload);
    const rest = payload[@sizeOf(uapi.nduseroptmsg)..];
    const length = fixed.nduseropt_opts_len;
    if (fixed.nduseropt_ifindex <= 0) return;
    if (length > rest.len or length > option_length_max) return error.Malformed;
    const options = rest[0..length];
    var record: layout.UserOptionRecord = .{
        .size = @intCast(@sizeOf(layout.UserOptionRecord) + netlink.aligned(options.len)),
        .interface = @intCast(fixed.nduseropt_ifindex),
        .icmp_type = fixed.nduseropt_icmp_type,
        .icmp_code = fixed.nduseropt_icmp_code,
        .option_length = fixed.nduseropt_opts_len,
    };
    var attributes: Attributes = .{ .bytes = rest[@min(netlink.aligned(options.len), rest.len)..] };
    while (try attributes.next()) |attribute| {
        if (attribute.type == uapi.NDUSEROPT_SRCADDR and attribute.payload.len == 16) {
            record.router = attribute.address().?;
        }
    }
    sink.put(.{ .user_option = .{ .record = record, .option = options } });
}

/// RFC 4861 4.6: the length field counts 8 octets in one byte.
const option_length_max = 255 * 8;

fn addressLength(af: u8) ?usize {
    return switch (af) {
        std.os.linux.AF.INET => 4,
        std.os.linux.AF.INET6 => 16,
        else => null,
    };
}

/// AF_INET and AF_INET6 as 4 and 6, others 0.
fn familyNumber(af: u8) u8 {
    return switch (af) {
        std.os.linux.AF.INET => 4,
        std.os.linux.AF.INET6 => 6,
        else => 0,
    };
}
