//! System calls without libc: one place that retries EINTR and keeps the errno.

const std = @import("std");
const linux = std.os.linux;

/// The errno of a failed call, or the value of one that worked.
pub const Result = union(enum) {
    value: u32,
    errno: u32,
};

/// What did not work, without a system call that says so.
pub fn failed(errno: linux.E) Result {
    return .{ .errno = @intFromEnum(errno) };
}

/// Runs a system call until it is not interrupted.
pub fn call(comptime function: anytype, arguments: anytype) Result {
    while (true) {
        const raw = @call(.auto, function, arguments);
        switch (linux.errno(raw)) {
            .SUCCESS => return .{ .value = @truncate(raw) },
            .INTR => continue,
            else => |errno| return .{ .errno = @intFromEnum(errno) },
        }
    }
}

pub fn close(fd: i32) void {
    // Never retried: Linux has freed the descriptor even when close() says EINTR.
    _ = linux.close(fd);
}

/// Sets an integer socket option.
pub fn setOption(fd: i32, level: i32, option: u32, value: u32) Result {
    var bytes = value;
    return call(linux.setsockopt, .{ fd, level, option, std.mem.asBytes(&bytes).ptr, @sizeOf(u32) });
}

/// Milliseconds on the monotonic clock.
pub fn monotonicMs() i64 {
    const time = clock(.MONOTONIC);
    return @as(i64, time.sec) * 1000 + @divTrunc(@as(i64, time.nsec), 1_000_000);
}

/// A clock that never fails, clock_gettime(2).
pub fn clock(id: linux.CLOCK) linux.timespec {
    var time: linux.timespec = undefined;
    // Not linux.clock_gettime: it looks for the vDSO through getauxval, which only a libc has.
    _ = linux.syscall2(.clock_gettime, @intFromEnum(id), @intFromPtr(&time));
    return time;
}
