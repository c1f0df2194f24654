//! Wakes a JavaScript thread when one of its sockets is ready, by one byte on a socket the runtime watches.
//!
//! One reactor is an epoll set of edge-triggered sockets and a socketpair. The runtime has adopted one end; the
//! waker writes to the other when the set becomes readable. After each wake the thread takes what is ready and
//! arms the waker again, so at most one byte is under way and an idle reactor costs nothing.
//!
//! Two wakers, the first one that works:
//! - `ring`: io_uring, a poll of the set linked to a send. No thread. The ring must be made on the thread that
//!   sleeps in the runtime's event loop, because its work runs there.
//! - `thread`: where io_uring is refused (the seccomp filter of containers, a sysctl) a thread of the host's own
//!   pthread_create polls the set and writes the byte. It makes system calls and nothing else.
//!
//! A reactor belongs to the thread that opened it, and ends with it.

const std = @import("std");
const linux = std.os.linux;
const layout = @import("layout.zig");
const ownership = @import("ownership.zig");
const pthread = @import("pthread.zig");
const sys = @import("sys.zig");

pub const Strategy = enum(u32) { automatic = 0, ring = 1, thread = 2 };

pub const reactors_max = 256;

const Reactor = struct {
    /// The thread it belongs to, once it is open; else `free`, or `claimed` by whoever is opening or ending it.
    owner: std.atomic.Value(i32) = .init(free),
    strategy: Strategy = .automatic,
    epoll: i32 = -1,
    /// Our end of the pair.
    wake: i32 = -1,
    /// The runtime's end, and what tells it from others that get its number.
    adopted: i32 = -1,
    adopted_cookie: ?u64 = null,
    ring: Ring = .{},
    waker: Waker = .{},

    fn claim(self: *Reactor, from: i32) bool {
        return self.owner.cmpxchgStrong(from, claimed, .acq_rel, .monotonic) == null;
    }
};

const free: i32 = 0;
const claimed: i32 = -1;

/// Zero, so that it takes no room in the file; open() gives a reactor its defaults.
var reactors = std.mem.zeroes([reactors_max]Reactor);

pub const Opened = struct { id: u32, adopted: i32 };

/// Opens a reactor for the calling thread; `adopted` is the end the runtime is to own.
pub fn open(strategy: Strategy, opened: *Opened) sys.Result {
    const id = for (&reactors, 0..) |*reactor, i| {
        if (reactor.claim(free)) break i;
    } else return sys.failed(.MFILE);
    const reactor = &reactors[id];
    reactor.* = .{ .owner = .init(claimed) };
    var pair: [2]i32 = .{ -1, -1 };
    if (start(reactor, strategy, &pair)) |failure| {
        if (pair[1] >= 0) sys.close(pair[1]);
        release(reactor);
        return failure;
    }
    reactor.adopted = pair[1];
    reactor.adopted_cookie = ownership.cookieOf(pair[1]);
    reactor.owner.store(linux.gettid(), .release);
    opened.* = .{ .id = @intCast(id), .adopted = pair[1] };
    return .{ .value = 0 };
}

fn start(reactor: *Reactor, strategy: Strategy, pair: *[2]i32) ?sys.Result {
    switch (sys.call(linux.epoll_create1, .{linux.EPOLL.CLOEXEC})) {
        .value => |fd| reactor.epoll = @bitCast(fd),
        .errno => |errno| return .{ .errno = errno },
    }
    const kind = linux.SOCK.STREAM | linux.SOCK.CLOEXEC | linux.SOCK.NONBLOCK;
    switch (sys.call(linux.socketpair, .{ linux.AF.UNIX, kind, 0, pair })) {
        .value => reactor.wake = pair[0],
        .errno => |errno| return .{ .errno = errno },
    }
    if (strategy != .thread) {
        reactor.strategy = .ring;
        const failure = reactor.ring.open() orelse reactor.ring.arm(reactor.epoll, reactor.wake);
        if (failure == null) return null;
        reactor.ring.close();
        if (strategy == .ring) return failure;
    }
    reactor.strategy = .thread;
    return reactor.waker.start(reactor);
}

/// The reactor, or null where no open one has this number.
fn find(id: u32) ?*Reactor {
    if (id >= reactors_max) return null;
    const reactor = &reactors[id];
    return if (reactor.owner.load(.acquire) > 0) reactor else null;
}

/// Watches a socket: EPOLL.CTL_ADD, CTL_MOD or CTL_DEL of `events`, edge-triggered. Events carry the descriptor.
pub fn watch(id: u32, operation: u32, fd: i32, events: u32) sys.Result {
    const reactor = find(id) orelse return sys.failed(.BADF);
    var event: linux.epoll_event = .{
        .events = events | linux.EPOLL.ET,
        .data = .{ .fd = fd },
    };
    return sys.call(linux.epoll_ctl, .{ reactor.epoll, operation, fd, &event });
}

/// Writes what is ready and returns how many. Fewer than there is room for means that the waker is armed
/// again; else the caller must take once more.
pub fn take(id: u32, ready: []align(1) layout.ReadyRecord) sys.Result {
    const reactor = find(id) orelse return sys.failed(.BADF);
    var events: [take_max]linux.epoll_event = undefined;
    const room: u32 = @intCast(@min(ready.len, take_max));
    if (room == 0) return sys.failed(.INVAL);
    const count = switch (sys.call(linux.epoll_wait, .{ reactor.epoll, &events, room, 0 })) {
        .value => |value| value,
        .errno => |errno| return .{ .errno = errno },
    };
    for (events[0..count], ready[0..count]) |event, *slot| {
        slot.* = .{ .fd = event.data.fd, .events = event.events };
    }
    if (count < room) {
        const failure = switch (reactor.strategy) {
            .ring => reactor.ring.arm(reactor.epoll, reactor.wake),
            else => reactor.waker.arm(),
        };
        if (failure) |outcome| return outcome;
    }
    return .{ .value = count };
}

const take_max = 64;

/// How the reactor waits.
pub fn strategyOf(id: u32) sys.Result {
    const reactor = find(id) orelse return sys.failed(.BADF);
    return .{ .value = @intFromEnum(reactor.strategy) };
}

/// Ends the calling thread's reactors; their sockets stay open. Where the thread itself ends (`is_over`) so does the
/// runtime's end of the pair: Deno leaves it open with a terminated worker.
pub fn closeAll(is_over: bool) void {
    const thread = linux.gettid();
    for (&reactors) |*reactor| {
        if (!reactor.claim(thread)) continue;
        const cookie = reactor.adopted_cookie;
        if (is_over and cookie != null and ownership.cookieOf(reactor.adopted) == cookie) sys.close(reactor.adopted);
        release(reactor);
    }
}

/// Ends a reactor that the caller has claimed.
fn release(reactor: *Reactor) void {
    // The thread closes the descriptors, for it may be using them now.
    if (reactor.waker.running) return reactor.waker.stop();
    reactor.ring.close();
    closeDescriptors(reactor);
}

fn closeDescriptors(reactor: *Reactor) void {
    if (reactor.epoll >= 0) sys.close(reactor.epoll);
    if (reactor.wake >= 0) sys.close(reactor.wake);
    reactor.owner.store(free, .release);
}

/// An io_uring of two entries: poll, then send.
const Ring = struct {
    fd: i32 = -1,
    memory: Mapping = .{},
    entries: Mapping = .{},
    parameters: linux.io_uring_params = undefined,

    fn open(self: *Ring) ?sys.Result {
        self.parameters = std.mem.zeroes(linux.io_uring_params);
        switch (sys.call(linux.io_uring_setup, .{ 2, &self.parameters })) {
            .value => |value| self.fd = @bitCast(value),
            .errno => |errno| return .{ .errno = errno },
        }
        const features = linux.IORING_FEAT_SINGLE_MMAP | linux.IORING_FEAT_CQE_SKIP;
        if (self.parameters.features & features != features) return sys.failed(.OPNOTSUPP);
        const sq = &self.parameters.sq_off;
        const cq = &self.parameters.cq_off;
        const size = @max(
            sq.array + self.parameters.sq_entries * @sizeOf(u32),
            cq.cqes + self.parameters.cq_entries * @sizeOf(linux.io_uring_cqe),
        );
        if (!self.memory.map(self.fd, size, linux.IORING_OFF_SQ_RING)) return sys.failed(.NOMEM);
        const entries_size = self.parameters.sq_entries * @sizeOf(linux.io_uring_sqe);
        if (!self.entries.map(self.fd, entries_size, linux.IORING_OFF_SQES)) return sys.failed(.NOMEM);
        return null;
    }

    fn close(self: *Ring) void {
        self.entries.unmap();
        self.memory.unmap();
        if (self.fd >= 0) sys.close(self.fd);
        self.* = .{};
    }

    /// Submits "when the set is readable, send one byte"; neither leaves a completion when it succeeds.
    fn arm(self: *Ring, epoll: i32, wake: i32) ?sys.Result {
        // What failed has left completions (the runtime's end is closed, say): they are not of use.
        const completions = self.at(self.parameters.cq_off.tail);
        @atomicStore(u32, self.at(self.parameters.cq_off.head), @atomicLoad(u32, completions, .acquire), .release);
        const tail = self.at(self.parameters.sq_off.tail);
        const mask = self.at(self.parameters.sq_off.ring_mask).*;
        const first = tail.*;
        const sqes: [*]linux.io_uring_sqe = @ptrFromInt(self.entries.address);
        const array: [*]u32 = @ptrFromInt(self.memory.address + self.parameters.sq_off.array);
        const poll = &sqes[first & mask];
        poll.* = std.mem.zeroes(linux.io_uring_sqe);
        poll.opcode = .POLL_ADD;
        poll.fd = epoll;
        poll.rw_flags = linux.POLL.IN;
        poll.flags = linux.IOSQE_IO_LINK | linux.IOSQE_CQE_SKIP_SUCCESS;
        const send = &sqes[(first +% 1) & mask];
        send.* = std.mem.zeroes(linux.io_uring_sqe);
        send.opcode = .SEND;
        send.fd = wake;
        send.addr = @intFromPtr(&wake_byte);
        send.len = 1;
        send.rw_flags = linux.MSG.NOSIGNAL | linux.MSG.DONTWAIT;
        send.flags = linux.IOSQE_CQE_SKIP_SUCCESS;
        array[first & mask] = first & mask;
        array[(first +% 1) & mask] = (first +% 1) & mask;
        @atomicStore(u32, tail, first +% 2, .release);
        return switch (sys.call(linux.io_uring_enter, .{ self.fd, 2, 0, 0, null })) {
            .value => null,
            .errno => |errno| .{ .errno = errno },
        };
    }

    fn at(self: *Ring, offset: u32) *u32 {
        return @ptrFromInt(self.memory.address + offset);
    }
};

/// Memory shared with the kernel.
const Mapping = struct {
    address: usize = 0,
    size: usize = 0,

    fn map(self: *Mapping, fd: i32, size: usize, offset: i64) bool {
        const protection: linux.PROT = .{ .READ = true, .WRITE = true };
        const raw = linux.mmap(null, size, protection, .{ .TYPE = .SHARED, .POPULATE = true }, fd, offset);
        if (linux.errno(raw) != .SUCCESS) return false;
        self.* = .{ .address = raw, .size = size };
        return true;
    }

    fn unmap(self: *Mapping) void {
        if (self.size > 0) _ = linux.munmap(@ptrFromInt(self.address), self.size);
    }
};

const wake_byte = [1]u8{1};

/// The thread that stands in for io_uring.
const Waker = struct {
    running: bool = false,
    /// What the thread is to do; it sleeps on it.
    wish: std.atomic.Value(Wish) = .init(.nothing),
    /// An eventfd that gets the thread out of its poll.
    bell: i32 = -1,

    const Wish = enum(u32) { nothing, wake, stop };

    fn start(self: *Waker, reactor: *Reactor) ?sys.Result {
        switch (sys.call(linux.eventfd, .{ 0, linux.EFD.CLOEXEC | linux.EFD.NONBLOCK })) {
            .value => |fd| self.bell = @bitCast(fd),
            .errno => |errno| return .{ .errno = errno },
        }
        self.wish.store(.wake, .release);
        self.running = true;
        const errno = pthread.start(run, reactor);
        if (errno == 0) return null;
        self.running = false;
        sys.close(self.bell);
        return .{ .errno = errno };
    }

    fn arm(self: *Waker) ?sys.Result {
        if (self.wish.cmpxchgStrong(.nothing, .wake, .acq_rel, .acquire) == null) wakeFutex(&self.wish);
        return null;
    }

    /// The last wish is the last touch: then the thread frees the reactor.
    fn stop(self: *Waker) void {
        const one: u64 = 1;
        _ = linux.write(self.bell, std.mem.asBytes(&one), 8);
        self.wish.store(.stop, .release);
        wakeFutex(&self.wish);
    }

    fn run(argument: ?*anyopaque) callconv(.c) ?*anyopaque {
        const reactor: *Reactor = @ptrCast(@alignCast(argument.?));
        const self = &reactor.waker;
        while (true) switch (self.wish.load(.acquire)) {
            .stop => break,
            .nothing => sleepFutex(&self.wish, .nothing),
            .wake => switch (self.wait(reactor)) {
                .ready => self.wake(reactor),
                .neither => {},
                .gone => {
                    const owner = reactor.owner.load(.acquire);
                    if (owner > 0 and reactor.claim(owner)) break;
                    // Somebody else is ending it, and says so.
                    sleepFutex(&self.wish, .wake);
                },
            },
        };
        sys.close(self.bell);
        closeDescriptors(reactor);
        return null;
    }

    fn wait(self: *Waker, reactor: *Reactor) enum { ready, gone, neither } {
        var descriptors = [_]linux.pollfd{
            .{ .fd = reactor.epoll, .events = linux.POLL.IN, .revents = 0 },
            .{ .fd = self.bell, .events = linux.POLL.IN, .revents = 0 },
            // Its other end closed: the runtime is gone.
            .{ .fd = reactor.wake, .events = 0, .revents = 0 },
        };
        if (linux.errno(linux.poll(&descriptors, descriptors.len, -1)) != .SUCCESS) return .neither;
        if (descriptors[2].revents != 0) return .gone;
        return if (descriptors[0].revents != 0) .ready else .neither;
    }

    fn wake(self: *Waker, reactor: *Reactor) void {
        if (self.wish.cmpxchgStrong(.wake, .nothing, .acq_rel, .acquire) != null) return;
        _ = linux.sendto(reactor.wake, &wake_byte, 1, linux.MSG.NOSIGNAL | linux.MSG.DONTWAIT, null, 0);
    }
};

fn sleepFutex(value: *std.atomic.Value(Waker.Wish), expected: Waker.Wish) void {
    _ = linux.futex_4arg(&value.raw, .{ .cmd = .WAIT, .private = true }, @intFromEnum(expected), null);
}

fn wakeFutex(value: *std.atomic.Value(Waker.Wish)) void {
    _ = linux.futex_3arg(&value.raw, .{ .cmd = .WAKE, .private = true }, 1);
}
