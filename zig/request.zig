//! A netlink request of one fixed part and a few short attributes, built in place.

const std = @import("std");
const netlink = @import("netlink.zig");
const uapi = @import("uapi.zig");

pub const Request = struct {
    bytes: [256]u8 = @splat(0),
    length: usize = @sizeOf(uapi.nlmsghdr),

    /// Asks for everything of a kind; `fixed` is the kind's own header with its filters.
    pub fn dump(message_type: u16, fixed: anytype) Request {
        return start(message_type, uapi.NLM_F_REQUEST | uapi.NLM_F_DUMP, std.mem.asBytes(&fixed));
    }

    /// Asks one question with one answer.
    pub fn get(message_type: u16, fixed: anytype) Request {
        return start(message_type, uapi.NLM_F_REQUEST, std.mem.asBytes(&fixed));
    }

    /// Asks for a change; `flags` beside NLM_F_REQUEST. The kernel's word comes as an acknowledgement.
    pub fn change(message_type: u16, flags: u16, fixed: anytype) Request {
        return start(message_type, uapi.NLM_F_REQUEST | uapi.NLM_F_ACK | flags, std.mem.asBytes(&fixed));
    }

    /// Not inlined, for the same reason as below: two kilobytes.
    noinline fn start(message_type: u16, flags: u16, fixed: []const u8) Request {
        var request: Request = .{};
        const header: uapi.nlmsghdr = .{
            .nlmsg_len = 0,
            .nlmsg_type = message_type,
            .nlmsg_flags = flags,
            .nlmsg_seq = 0,
            .nlmsg_pid = 0,
        };
        @memcpy(request.bytes[0..@sizeOf(uapi.nlmsghdr)], std.mem.asBytes(&header));
        request.append(fixed);
        return request;
    }

    pub noinline fn attribute(self: *Request, attribute_type: u16, value: u32) void {
        self.attributeBytes(attribute_type, std.mem.asBytes(&value));
    }

    /// An attribute of a few bytes: an address, a name, a number of another width. Not inlined: at each of its many
    /// calls it would be five kilobytes of library.
    pub noinline fn attributeBytes(self: *Request, attribute_type: u16, value: []const u8) void {
        const header: uapi.nlattr = .{
            .nla_len = @intCast(@sizeOf(uapi.nlattr) + value.len),
            .nla_type = attribute_type,
        };
        self.append(std.mem.asBytes(&header));
        self.append(value);
    }

    /// The bytes to send, with their length and sequence number filled in.
    pub fn finish(self: *Request, sequence: u32) []const u8 {
        const header: *align(1) uapi.nlmsghdr = @ptrCast(&self.bytes);
        header.nlmsg_len = @intCast(self.length);
        header.nlmsg_seq = sequence;
        return self.bytes[0..self.length];
    }

    fn append(self: *Request, bytes: []const u8) void {
        @memcpy(self.bytes[self.length..][0..bytes.len], bytes);
        self.length += netlink.aligned(bytes.len);
    }
};
