//! Which thread owns which descriptor, so that a thread that ends leaves none.
//!
//! A runtime may end a JavaScript thread without a word (a terminated worker): nothing of ours runs in it any more,
//! and what it had open would stay. So each descriptor the library opens or takes over stands here with its thread,
//! until it is closed or given to the runtime.
//!
//! Worse than one left open would be to close a number that is somebody else's by now. So a number is closed only where
//! it still is the very socket that was written down (SO_COOKIE, which the kernel never gives twice).

const std = @import("std");
const linux = std.os.linux;
const sys = @import("sys.zig");

/// Higher numbers are not watched over: they stay open when their thread ends.
pub const descriptors_max = 1 << 16;

const Entry = struct {
    /// A thread of this process, or 0.
    owner: std.atomic.Value(i32) = .init(0),
    /// 0 where it is no socket.
    cookie: u64 = 0,
};

/// Zero, so that it takes no room in the file, nor in memory where it is not used.
var entries = std.mem.zeroes([descriptors_max]Entry);
/// No higher number was ever written down.
var highest: std.atomic.Value(u32) = .init(0);

/// Writes down that the calling thread owns this descriptor.
pub fn own(fd: i32) void {
    const entry = find(fd) orelse return;
    entry.cookie = cookieOf(fd) orelse 0;
    entry.owner.store(linux.gettid(), .release);
    _ = highest.fetchMax(@intCast(fd), .monotonic);
}

/// Strikes out a descriptor; false where it is not the calling thread's, or not the socket any more that it was.
pub fn disown(fd: i32) bool {
    const entry = find(fd) orelse return fd >= descriptors_max;
    return disownEntry(entry, fd, linux.gettid());
}

/// Closes the sockets that the calling thread owns. Of other files nothing tells one from another that got its number.
pub fn closeAll() void {
    const thread = linux.gettid();
    for (entries[0 .. highest.load(.monotonic) + 1], 0..) |*entry, i| {
        if (entry.owner.load(.monotonic) != thread or entry.cookie == 0) continue;
        const fd: i32 = @intCast(i);
        if (disownEntry(entry, fd, thread)) sys.close(fd);
    }
}

/// A number of the socket that is never another's; null where the descriptor is no socket.
pub fn cookieOf(fd: i32) ?u64 {
    var cookie: u64 = 0;
    var size: linux.socklen_t = @sizeOf(u64);
    const bytes = std.mem.asBytes(&cookie).ptr;
    return switch (sys.call(linux.getsockopt, .{ fd, linux.SOL.SOCKET, linux.SO.COOKIE, bytes, &size })) {
        .value => cookie,
        .errno => null,
    };
}

fn disownEntry(entry: *Entry, fd: i32, thread: i32) bool {
    if (entry.owner.cmpxchgStrong(thread, 0, .acquire, .monotonic) != null) return false;
    return entry.cookie == cookieOf(fd) orelse 0;
}

fn find(fd: i32) ?*Entry {
    return if (fd >= 0 and fd < descriptors_max) &entries[@intCast(fd)] else null;
}
