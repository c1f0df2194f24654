//! Records back to rtnetlink(7) messages: adds, replaces and removes one route, one rule or one address.
//!
//! The inverse of rtnetlink.zig for what a caller may set. State that the kernel keeps itself (link flags, the age of
//! a route) is left out.

const std = @import("std");
const linux = std.os.linux;
const layout = @import("layout.zig");
const netlink = @import("netlink.zig");
const uapi = @import("uapi.zig");
const Request = @import("request.zig").Request;

pub const Operation = enum {
    /// Refused with EEXIST where there is one already.
    add,
    /// Takes the place of the route of the same destination, metric and table, or gives an address other lifetimes.
    /// There is no such thing for rules.
    replace,
    remove,

    fn flags(self: Operation) u16 {
        return switch (self) {
            .add => uapi.NLM_F_CREATE | uapi.NLM_F_EXCL,
            .replace => uapi.NLM_F_CREATE | uapi.NLM_F_REPLACE,
            .remove => 0,
        };
    }
};

/// The request for one record, which must be a whole RouteRecord, RuleRecord or AddressRecord.
pub fn encode(operation: Operation, bytes: []const u8) error{Invalid}!Request {
    if (bytes.len == @sizeOf(layout.RouteRecord) and bytes[0] == @intFromEnum(layout.Kind.route)) {
        return encodeRoute(operation, netlink.read(layout.RouteRecord, bytes));
    }
    if (bytes.len == @sizeOf(layout.RuleRecord) and bytes[0] == @intFromEnum(layout.Kind.rule)) {
        return encodeRule(operation, netlink.read(layout.RuleRecord, bytes));
    }
    if (bytes.len == @sizeOf(layout.AddressRecord) and bytes[0] == @intFromEnum(layout.Kind.address)) {
        return encodeAddress(operation, std.mem.bytesAsValue(layout.AddressRecord, bytes));
    }
    return error.Invalid;
}

/// Sends the request and waits for the kernel's word; `errno` is set with `error.Refused`.
pub fn apply(transport: anytype, request: *Request, scratch: []u8, errno: *u32) netlink.Error!void {
    var nothing: Nothing = .{};
    _ = try netlink.request(transport, request.finish(1), scratch, 1, errno, &nothing);
}

/// The acknowledgement carries no record.
const Nothing = struct {
    pub fn message(_: *Nothing, _: netlink.Message) netlink.Error!void {}
};

fn encodeRoute(operation: Operation, route: layout.RouteRecord) error{Invalid}!Request {
    const length = addressLength(route.family) orelse return error.Invalid;
    if (route.destination_length > length * 8 or route.source_length > length * 8) return error.Invalid;
    var fixed = std.mem.zeroes(uapi.rtmsg);
    fixed.rtm_family = addressFamily(route.family);
    fixed.rtm_dst_len = route.destination_length;
    fixed.rtm_src_len = route.source_length;
    fixed.rtm_protocol = route.protocol;
    fixed.rtm_scope = route.scope;
    fixed.rtm_type = route.type;
    fixed.rtm_flags = route.flags & uapi.RTNH_F_ONLINK;
    const kind = if (operation == .remove) uapi.RTM_DELROUTE else uapi.RTM_NEWROUTE;
    var request = Request.change(kind, operation.flags(), fixed);
    if (route.destination_length > 0) request.attributeBytes(uapi.RTA_DST, route.destination[0..length]);
    if (route.source_length > 0) request.attributeBytes(uapi.RTA_SRC, route.source[0..length]);
    request.attribute(uapi.RTA_TABLE, route.table);
    if (route.priority != 0) request.attribute(uapi.RTA_PRIORITY, route.priority);
    if (!isZero(&route.preferred_source)) {
        request.attributeBytes(uapi.RTA_PREFSRC, route.preferred_source[0..length]);
    }
    if (route.mtu != 0) metricMtu(&request, route.mtu);
    if (route.expires_seconds != layout.never) request.attribute(uapi.RTA_EXPIRES, route.expires_seconds);
    if (route.preference != 0) request.attributeBytes(uapi.RTA_PREF, &.{route.preference});
    // A next hop object says the rest by itself.
    if (route.nexthop_id != 0) {
        request.attribute(uapi.RTA_NH_ID, route.nexthop_id);
        return request;
    }
    if (route.interface != 0) request.attribute(uapi.RTA_OIF, route.interface);
    if (route.gateway_family != 0) try gateway(&request, &route);
    return request;
}

/// RTA_GATEWAY, or RTA_VIA where an IPv4 route goes through an IPv6 router.
fn gateway(request: *Request, route: *const layout.RouteRecord) error{Invalid}!void {
    const length = addressLength(route.gateway_family) orelse return error.Invalid;
    if (route.gateway_family == route.family) {
        return request.attributeBytes(uapi.RTA_GATEWAY, route.gateway[0..length]);
    }
    if (route.family != 4) return error.Invalid;
    var via: [18]u8 = undefined;
    std.mem.writeInt(u16, via[0..2], addressFamily(route.gateway_family), .little);
    @memcpy(via[2..], &route.gateway);
    request.attributeBytes(uapi.RTA_VIA, &via);
}

fn metricMtu(request: *Request, mtu: u32) void {
    const metric: extern struct { header: uapi.nlattr, value: u32 } = .{
        .header = .{ .nla_len = 8, .nla_type = uapi.RTAX_MTU },
        .value = mtu,
    };
    request.attributeBytes(uapi.RTA_METRICS, std.mem.asBytes(&metric));
}

fn encodeRule(operation: Operation, rule: layout.RuleRecord) error{Invalid}!Request {
    // Rules are not replaced, and one that selects by more than its record holds would become another.
    if (operation == .replace or rule.narrowed != 0) return error.Invalid;
    const length = addressLength(rule.family) orelse return error.Invalid;
    if (rule.destination_length > length * 8 or rule.source_length > length * 8) return error.Invalid;
    var fixed = std.mem.zeroes(uapi.fib_rule_hdr);
    fixed.family = addressFamily(rule.family);
    fixed.dst_len = rule.destination_length;
    fixed.src_len = rule.source_length;
    fixed.tos = rule.tos;
    fixed.action = rule.action;
    fixed.flags = rule.flags & uapi.FIB_RULE_INVERT;
    const kind = if (operation == .remove) uapi.RTM_DELRULE else uapi.RTM_NEWRULE;
    var request = Request.change(kind, operation.flags(), fixed);
    request.attribute(uapi.FRA_PRIORITY, rule.priority);
    request.attributeBytes(uapi.FRA_PROTOCOL, &.{rule.protocol});
    if (rule.destination_length > 0) request.attributeBytes(uapi.FRA_DST, rule.destination[0..length]);
    if (rule.source_length > 0) request.attributeBytes(uapi.FRA_SRC, rule.source[0..length]);
    // Refused beside FRA_L3MDEV, which names the table by the device.
    if (rule.table != 0) request.attribute(uapi.FRA_TABLE, rule.table);
    if (rule.l3mdev != 0) request.attributeBytes(uapi.FRA_L3MDEV, &.{rule.l3mdev});
    if (rule.mark != 0 or rule.mask != 0) {
        request.attribute(uapi.FRA_FWMARK, rule.mark);
        request.attribute(uapi.FRA_FWMASK, rule.mask);
    }
    if (rule.suppress_prefix_length != -1) {
        request.attribute(uapi.FRA_SUPPRESS_PREFIXLEN, @bitCast(rule.suppress_prefix_length));
    }
    if (rule.input_interface[0] != 0) request.attributeBytes(uapi.FRA_IIFNAME, &rule.input_interface);
    if (rule.output_interface[0] != 0) request.attributeBytes(uapi.FRA_OIFNAME, &rule.output_interface);
    return request;
}

fn encodeAddress(operation: Operation, address: *align(1) const layout.AddressRecord) error{Invalid}!Request {
    const length = addressLength(address.family) orelse return error.Invalid;
    if (address.prefix_length > length * 8) return error.Invalid;
    var fixed = std.mem.zeroes(uapi.ifaddrmsg);
    fixed.ifa_family = addressFamily(address.family);
    fixed.ifa_prefixlen = address.prefix_length;
    fixed.ifa_scope = address.scope;
    fixed.ifa_index = address.interface;
    const kind = if (operation == .remove) uapi.RTM_DELADDR else uapi.RTM_NEWADDR;
    var request = Request.change(kind, operation.flags(), fixed);
    request.attributeBytes(uapi.IFA_LOCAL, address.address[0..length]);
    request.attributeBytes(uapi.IFA_ADDRESS, address.peer[0..length]);
    request.attribute(uapi.IFA_FLAGS, address.flags);
    request.attributeBytes(uapi.IFA_PROTO, &.{address.protocol});
    const lifetimes = [4]u32{ address.preferred_seconds, address.valid_seconds, 0, 0 };
    request.attributeBytes(uapi.IFA_CACHEINFO, std.mem.asBytes(&lifetimes));
    return request;
}

fn isZero(bytes: []const u8) bool {
    return std.mem.allEqual(u8, bytes, 0);
}

/// Bytes of an address of family 4 or 6.
fn addressLength(family: u8) ?usize {
    return switch (family) {
        4 => 4,
        6 => 16,
        else => null,
    };
}

fn addressFamily(family: u8) u8 {
    return if (family == 4) linux.AF.INET else linux.AF.INET6;
}
