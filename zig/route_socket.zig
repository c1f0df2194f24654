//! A NETLINK_ROUTE socket: the transport of dumps, and a member of multicast groups.

const std = @import("std");
const linux = std.os.linux;
const netlink = @import("netlink.zig");
const sys = @import("sys.zig");
const uapi = @import("uapi.zig");

pub const RouteSocket = struct {
    fd: i32 = -1,
    /// The port the kernel gave us; answers carry it.
    port: u32 = 0,
    /// Why the last call failed.
    errno: u32 = 0,
    /// Hears what changes while a walk is under way; -1 until it is asked for.
    witness: i32 = -1,

    pub fn open(self: *RouteSocket) netlink.Error!void {
        const kind = linux.SOCK.RAW | linux.SOCK.CLOEXEC | linux.SOCK.NONBLOCK;
        self.fd = @bitCast(try self.check(sys.call(linux.socket, .{ linux.AF.NETLINK, kind, uapi.NETLINK_ROUTE })));
        errdefer self.close();
        // Without strict checking the kernel ignores the filters of a dump request in silence.
        _ = try self.check(sys.setOption(self.fd, uapi.SOL_NETLINK, uapi.NETLINK_GET_STRICT_CHK, 1));
        var address: linux.sockaddr.nl = .{ .pid = 0, .groups = 0 };
        const name: *linux.sockaddr = @ptrCast(&address);
        var size: linux.socklen_t = @sizeOf(linux.sockaddr.nl);
        _ = try self.check(sys.call(linux.bind, .{ self.fd, name, size }));
        _ = try self.check(sys.call(linux.getsockname, .{ self.fd, name, &size }));
        self.port = address.pid;
    }

    /// A fresh socket in place of one whose dump was given up half-way.
    pub fn reopen(self: *RouteSocket) netlink.Error!void {
        self.close();
        try self.open();
    }

    pub fn join(self: *RouteSocket, group: u32) netlink.Error!void {
        _ = try self.check(sys.setOption(self.fd, uapi.SOL_NETLINK, uapi.NETLINK_ADD_MEMBERSHIP, group));
    }

    pub fn close(self: *RouteSocket) void {
        for ([_]*i32{ &self.fd, &self.witness }) |fd| {
            if (fd.* >= 0) sys.close(fd.*);
            fd.* = -1;
        }
    }

    /// Begins to hear a multicast group beside the dumps, or forgets what was heard so far. Where it cannot
    /// hear, `disturbed` always says yes.
    pub fn listen(self: *RouteSocket, group: u32, scratch: []u8) void {
        if (self.witness < 0) {
            var other: RouteSocket = .{};
            other.open() catch return;
            other.join(group) catch return other.close();
            self.witness = other.fd;
            return;
        }
        while (self.heard(scratch)) {}
    }

    /// Whether anything was said since `listen`.
    pub fn disturbed(self: *RouteSocket, scratch: []u8) bool {
        return self.witness < 0 or self.heard(scratch);
    }

    /// A message, or that messages were lost; not "nothing there".
    fn heard(self: *RouteSocket, scratch: []u8) bool {
        const arguments = .{ self.witness, scratch.ptr, scratch.len, linux.MSG.DONTWAIT, null, null };
        return switch (sys.call(linux.recvfrom, arguments)) {
            .value => true,
            .errno => |errno| errno == @intFromEnum(linux.E.NOBUFS),
        };
    }

    pub fn send(self: *RouteSocket, bytes: []const u8) netlink.Error!void {
        // An unconnected netlink socket sends to the kernel.
        _ = try self.check(sys.call(linux.sendto, .{ self.fd, bytes.ptr, bytes.len, 0, null, 0 }));
    }

    /// One datagram from the kernel. The answer to a request is already there when send() returns,
    /// so an empty queue (EAGAIN) is a fault and never a reason to wait.
    pub fn receive(self: *RouteSocket, buffer: []u8) netlink.Error!usize {
        while (true) {
            var sender: linux.sockaddr.nl = .{ .pid = 0, .groups = 0 };
            var vector: [1]std.posix.iovec = .{.{ .base = buffer.ptr, .len = buffer.len }};
            var header: linux.msghdr = .{
                .name = @ptrCast(&sender),
                .namelen = @sizeOf(linux.sockaddr.nl),
                .iov = &vector,
                .iovlen = 1,
                .control = null,
                .controllen = 0,
                .flags = 0,
            };
            const length = switch (sys.call(linux.recvmsg, .{ self.fd, &header, linux.MSG.DONTWAIT })) {
                .value => |value| value,
                .errno => |errno| {
                    self.errno = errno;
                    return if (errno == @intFromEnum(linux.E.NOBUFS)) error.Overrun else error.SystemCall;
                },
            };
            if (header.flags & linux.MSG.TRUNC != 0) return error.Truncated;
            // Only the kernel has port 0; another process may send to our port.
            if (sender.pid == 0) return length;
        }
    }

    fn check(self: *RouteSocket, result: sys.Result) error{SystemCall}!u32 {
        switch (result) {
            .value => |value| return value,
            .errno => |errno| {
                self.errno = errno;
                return error.SystemCall;
            },
        }
    }
};
