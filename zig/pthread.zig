//! What the library takes from the host's libc, its only symbols from outside: a thread where io_uring is refused,
//! and word of the end of the host's threads. They are weak: a host may have none.

const std = @import("std");
const linux = std.os.linux;

pub const Entry = fn (?*anyopaque) callconv(.c) ?*anyopaque;

const pthread_create = @extern(?*const fn (
    thread: *usize,
    attributes: ?*const anyopaque,
    entry: *const Entry,
    argument: ?*anyopaque,
) callconv(.c) c_int, .{ .name = "pthread_create", .linkage = .weak });

const pthread_detach = @extern(
    ?*const fn (thread: usize) callconv(.c) c_int,
    .{ .name = "pthread_detach", .linkage = .weak },
);

const pthread_key_create = @extern(?*const fn (
    key: *c_uint,
    destructor: *const fn (?*anyopaque) callconv(.c) void,
) callconv(.c) c_int, .{ .name = "pthread_key_create", .linkage = .weak });

const pthread_setspecific = @extern(
    ?*const fn (key: c_uint, value: ?*const anyopaque) callconv(.c) c_int,
    .{ .name = "pthread_setspecific", .linkage = .weak },
);

/// Starts a thread that nobody joins; returns an errno, or 0.
pub fn start(entry: *const Entry, argument: ?*anyopaque) u32 {
    const create = pthread_create orelse return @intFromEnum(linux.E.NOSYS);
    // A handler of the host must not run on a thread it does not know.
    const everything = linux.sigfillset();
    var before: linux.sigset_t = undefined;
    _ = linux.sigprocmask(linux.SIG.SETMASK, &everything, &before);
    defer _ = linux.sigprocmask(linux.SIG.SETMASK, &before, null);
    var thread: usize = 0;
    const errno = create(&thread, null, entry, argument);
    if (errno != 0) return @intCast(errno);
    if (pthread_detach) |detach| _ = detach(thread);
    return 0;
}

const KeyState = enum(u32) { none, making, made, refused };
var key_state: std.atomic.Value(KeyState) = .init(.none);
var key: c_uint = 0;

/// Has a function called in the calling thread when that ends. Where the host cannot tell, it is not.
pub fn atEnd(call: *const fn () void) void {
    const create = pthread_key_create orelse return;
    const set = pthread_setspecific orelse return;
    if (key_state.cmpxchgStrong(.none, .making, .acquire, .acquire) == null) {
        key_state.store(if (create(&key, ended) == 0) .made else .refused, .release);
    }
    while (key_state.load(.acquire) == .making) std.atomic.spinLoopHint();
    if (key_state.load(.acquire) == .made) _ = set(key, call);
}

fn ended(value: ?*anyopaque) callconv(.c) void {
    const call: *const fn () void = @ptrCast(@alignCast(value.?));
    call();
}
