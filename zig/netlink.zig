//! netlink(7): messages and attributes out of bytes, and one dump over any transport.
//!
//! Nothing here trusts a length. A message or attribute that reaches past its container ends the
//! walk with `error.Malformed`; the kernel never sends one, a hostile test does.

const std = @import("std");
const uapi = @import("uapi.zig");

pub const Error = error{
    /// A system call failed; the transport's `errno` says how.
    SystemCall,
    /// The kernel answered with an error; the caller's `errno` holds it.
    Refused,
    /// A datagram was larger than the buffer.
    Truncated,
    /// Lengths that do not fit into each other.
    Malformed,
    /// The kernel lost messages on this socket (ENOBUFS, NLMSG_OVERRUN).
    Overrun,
};

pub const Message = struct {
    header: uapi.nlmsghdr,
    payload: []const u8,
    /// How many datagrams of the answer came before, each with a record's message.
    datagram: u32 = 0,
};

/// The messages of one datagram, in order.
pub const Messages = struct {
    bytes: []const u8,

    pub fn next(self: *Messages) error{Malformed}!?Message {
        const header_size = @sizeOf(uapi.nlmsghdr);
        if (self.bytes.len == 0) return null;
        if (self.bytes.len < header_size) return error.Malformed;
        const header = read(uapi.nlmsghdr, self.bytes);
        const length = header.nlmsg_len;
        if (length < header_size or length > self.bytes.len) return error.Malformed;
        const payload = self.bytes[header_size..length];
        self.bytes = self.bytes[@min(aligned(length), self.bytes.len)..];
        return .{ .header = header, .payload = payload };
    }
};

pub const Attribute = struct {
    type: u16,
    payload: []const u8,

    /// The payload as a number of exactly this width, or null.
    pub fn int(self: Attribute, comptime T: type) ?T {
        if (self.payload.len != @sizeOf(T)) return null;
        return read(T, self.payload);
    }

    /// The payload as an address: 4 or 16 bytes into the front of 16, or null.
    pub fn address(self: Attribute) ?[16]u8 {
        if (self.payload.len != 4 and self.payload.len != 16) return null;
        var bytes: [16]u8 = @splat(0);
        @memcpy(bytes[0..self.payload.len], self.payload);
        return bytes;
    }

    /// The payload as an interface name, without its NUL; at most 15 bytes count.
    pub fn name(self: Attribute) []const u8 {
        const end = std.mem.findScalar(u8, self.payload, 0) orelse self.payload.len;
        return self.payload[0..@min(end, 15)];
    }
};

/// The attributes of one message or of a nested attribute, in order.
pub const Attributes = struct {
    bytes: []const u8,

    /// Attributes behind a message's fixed part; a message shorter than that is malformed.
    pub fn after(comptime Fixed: type, payload: []const u8) error{Malformed}!Attributes {
        if (payload.len < @sizeOf(Fixed)) return error.Malformed;
        return .{ .bytes = payload[@min(aligned(@sizeOf(Fixed)), payload.len)..] };
    }

    pub fn next(self: *Attributes) error{Malformed}!?Attribute {
        const header_size = @sizeOf(uapi.nlattr);
        // Fewer bytes than a header are padding, as the kernel's own walk treats them.
        if (self.bytes.len < header_size) return null;
        const header = read(uapi.nlattr, self.bytes);
        if (header.nla_len < header_size or header.nla_len > self.bytes.len) return error.Malformed;
        const payload = self.bytes[header_size..header.nla_len];
        self.bytes = self.bytes[@min(aligned(header.nla_len), self.bytes.len)..];
        // The two high bits are NLA_F_NESTED and NLA_F_NET_BYTEORDER.
        return .{ .type = header.nla_type & 0x3fff, .payload = payload };
    }
};

/// A struct from the front of `bytes`, which are long enough by the caller's check.
pub fn read(comptime T: type, bytes: []const u8) T {
    var value: T = undefined;
    @memcpy(std.mem.asBytes(&value), bytes[0..@sizeOf(T)]);
    return value;
}

pub fn aligned(length: usize) usize {
    return (length + 3) & ~@as(usize, 3);
}

/// How one dump ended.
pub const Outcome = struct {
    /// Datagrams that carried at least one record's message.
    datagrams: u32 = 0,
    /// Bytes of the last of them.
    last_size: usize = 0,
    /// NLM_F_DUMP_INTR was set on any message.
    interrupted: bool = false,
    /// The dump was given up because it needed more datagrams than allowed; the socket is unusable.
    abandoned: bool = false,
};

/// Sends one request and passes every message of the answer to `sink.message(Message)`.
///
/// `transport` has `send([]const u8) Error!void`, `receive([]u8) Error!usize`, and `port: u32`. Messages of another
/// sequence or port are not ours (a late answer, a stranger) and are passed over.
pub fn request(
    transport: anytype,
    bytes: []const u8,
    scratch: []u8,
    datagrams_max: u32,
    errno: *u32,
    sink: anytype,
) Error!Outcome {
    const header = read(uapi.nlmsghdr, bytes);
    const is_dump = header.nlmsg_flags & uapi.NLM_F_DUMP == uapi.NLM_F_DUMP;
    try transport.send(bytes);
    var outcome: Outcome = .{};
    while (true) {
        const length = try transport.receive(scratch);
        if (length == 0) return error.Malformed;
        var messages: Messages = .{ .bytes = scratch[0..length] };
        var carried = false;
        while (try messages.next()) |next| {
            var message = next;
            message.datagram = outcome.datagrams;
            if (message.header.nlmsg_seq != header.nlmsg_seq) continue;
            if (message.header.nlmsg_pid != transport.port) continue;
            if (message.header.nlmsg_flags & uapi.NLM_F_DUMP_INTR != 0) outcome.interrupted = true;
            switch (message.header.nlmsg_type) {
                uapi.NLMSG_DONE => {
                    try refusal(message.payload, errno);
                    if (carried) outcome.datagrams += 1;
                    return outcome;
                },
                uapi.NLMSG_ERROR => {
                    if (message.payload.len < 4) return error.Malformed;
                    try refusal(message.payload, errno);
                    return outcome;
                },
                uapi.NLMSG_OVERRUN => return error.Overrun,
                else => {
                    if (outcome.datagrams == datagrams_max) {
                        outcome.abandoned = true;
                        return outcome;
                    }
                    carried = true;
                    outcome.last_size = length;
                    try sink.message(message);
                    if (!is_dump) return outcome;
                },
            }
        }
        if (carried) outcome.datagrams += 1;
    }
}

/// The largest errno there is (linux/err.h).
const errno_max = 4095;

/// NLMSG_DONE and NLMSG_ERROR start with 0 or a negative errno.
fn refusal(payload: []const u8, errno: *u32) error{ Refused, Malformed }!void {
    if (payload.len < 4) return;
    const code = read(i32, payload);
    if (code >= 0) return;
    if (code < -errno_max) return error.Malformed;
    errno.* = @abs(code);
    return error.Refused;
}

test "a message that claims more than its datagram is malformed" {
    var bytes: [16]u8 = @splat(0);
    bytes[0] = 17;
    var messages: Messages = .{ .bytes = &bytes };
    try std.testing.expectError(error.Malformed, messages.next());
    bytes[0] = 15;
    messages = .{ .bytes = &bytes };
    try std.testing.expectError(error.Malformed, messages.next());
}

test "an attribute of zero length does not stop the walk from ending" {
    var attributes: Attributes = .{ .bytes = &.{ 0, 0, 1, 0, 4, 0, 1, 0 } };
    try std.testing.expectError(error.Malformed, attributes.next());
    attributes = .{ .bytes = &.{ 5, 0, 1, 0x80, 7 } };
    const attribute = (try attributes.next()).?;
    try std.testing.expectEqual(1, attribute.type);
    try std.testing.expectEqualSlices(u8, &.{7}, attribute.payload);
    try std.testing.expectEqual(null, try attributes.next());
}
