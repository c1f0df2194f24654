//! A unix(7) stream socket with deadlines: connect, write all, read some.

const std = @import("std");
const linux = std.os.linux;
const sys = @import("sys.zig");

pub fn connectUnix(path: []const u8, timeout_ms: u32) sys.Result {
    var address: linux.sockaddr.un = .{ .path = @splat(0) };
    // One byte stays zero: the kernel takes a full field, other programs do not.
    if (path.len >= address.path.len) return sys.failed(.NAMETOOLONG);
    // The path would end there, or be another kind of name.
    if (path.len == 0 or std.mem.findScalar(u8, path, 0) != null) return sys.failed(.INVAL);
    @memcpy(address.path[0..path.len], path);
    const kind = linux.SOCK.STREAM | linux.SOCK.CLOEXEC | linux.SOCK.NONBLOCK;
    const fd: i32 = switch (sys.call(linux.socket, .{ linux.AF.UNIX, kind, 0 })) {
        .value => |value| @bitCast(value),
        .errno => |errno| return .{ .errno = errno },
    };
    const deadline = sys.monotonicMs() + timeout_ms;
    while (true) {
        switch (sys.call(linux.connect, .{ fd, @as(*const anyopaque, &address), @sizeOf(linux.sockaddr.un) })) {
            .value => return .{ .value = @bitCast(fd) },
            .errno => |errno| {
                // A full backlog is EAGAIN, and nothing announces that it has drained.
                const full = errno == @intFromEnum(linux.E.AGAIN);
                if (full and sys.monotonicMs() < deadline) {
                    _ = linux.poll(undefined, 0, 5);
                    continue;
                }
                sys.close(fd);
                return if (full) sys.failed(.TIMEDOUT) else .{ .errno = errno };
            },
        }
    }
}

pub fn write(fd: i32, bytes: []const u8, timeout_ms: u32) sys.Result {
    const deadline = sys.monotonicMs() + timeout_ms;
    var sent: usize = 0;
    while (sent < bytes.len) {
        const rest = bytes[sent..];
        switch (sys.call(linux.sendto, .{ fd, rest.ptr, rest.len, linux.MSG.NOSIGNAL | linux.MSG.DONTWAIT, null, 0 })) {
            .value => |value| sent += value,
            .errno => |errno| {
                if (errno != @intFromEnum(linux.E.AGAIN)) return .{ .errno = errno };
                if (wait(fd, linux.POLL.OUT, deadline)) |failure| return failure;
            },
        }
    }
    return .{ .value = @intCast(sent) };
}

pub fn read(fd: i32, bytes: []u8, timeout_ms: u32) sys.Result {
    const deadline = sys.monotonicMs() + timeout_ms;
    while (true) {
        switch (sys.call(linux.recvfrom, .{ fd, bytes.ptr, bytes.len, linux.MSG.DONTWAIT, null, null })) {
            .value => |value| return .{ .value = value },
            .errno => |errno| {
                if (errno != @intFromEnum(linux.E.AGAIN)) return .{ .errno = errno };
                if (wait(fd, linux.POLL.IN, deadline)) |failure| return failure;
            },
        }
    }
}

/// Waits until the descriptor is ready; null when it is.
fn wait(fd: i32, events: i16, deadline: i64) ?sys.Result {
    const left = deadline - sys.monotonicMs();
    if (left <= 0) return sys.failed(.TIMEDOUT);
    var descriptor: [1]linux.pollfd = .{.{ .fd = fd, .events = events, .revents = 0 }};
    const timeout = std.math.cast(i32, left) orelse std.math.maxInt(i32);
    const ready = linux.poll(&descriptor, 1, timeout);
    return switch (linux.errno(ready)) {
        .SUCCESS => if (ready == 0) sys.failed(.TIMEDOUT) else null,
        // Not retried here: the caller tries again and comes back with less time left.
        .INTR => null,
        else => |errno| sys.failed(errno),
    };
}
