//! Datagrams recorded from a real kernel, and what iproute2 said of the same (captures/README.md).

const std = @import("std");

pub const links = hex("links");
pub const addresses = hex("addresses");
pub const rules = hex("rules");
pub const nexthops = hex("nexthops");
pub const routes4 = hex("routes4");
pub const routes6 = hex("routes6");
pub const routes4_without_compat = hex("routes4_without_compat");
pub const routes6_without_compat = hex("routes6_without_compat");
pub const user_options = hex("user_options");
pub const vrf_links = hex("vrf_links");
pub const vrf_rules = hex("vrf_rules");

pub const every = [_][]const u8{
    links,
    addresses,
    rules,
    nexthops,
    routes4,
    routes6,
    routes4_without_compat,
    routes6_without_compat,
    user_options,
    vrf_links,
    vrf_rules,
};

/// The answer of ip(8) about the same objects.
pub fn json(comptime name: []const u8) []const u8 {
    return @embedFile("captures/" ++ name ++ ".ip");
}

fn hex(comptime name: []const u8) []const u8 {
    return @embedFile("captures/" ++ name ++ ".hex");
}

/// The datagrams of one recording: one a line, in hexadecimal.
pub const Datagrams = struct {
    lines: std.mem.TokenIterator(u8, .scalar),
    buffer: [64 * 1024]u8 = undefined,

    pub fn of(text: []const u8) Datagrams {
        return .{ .lines = std.mem.tokenizeScalar(u8, text, '\n') };
    }

    /// The next one; its bytes are good until the next call.
    pub fn next(self: *Datagrams) ?[]u8 {
        const line = self.lines.next() orelse return null;
        return std.fmt.hexToBytes(&self.buffer, line) catch @panic("a recording is not hexadecimal");
    }
};
