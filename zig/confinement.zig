//! Starts a program whose way to the network a supervisor decides: seccomp_unotify(2), and a mount namespace in
//! which some files are others.
//!
//! The child is a fork that makes system calls and nothing else until it is the program: the host has threads, and
//! any of them may hold any lock.

const std = @import("std");
const linux = std.os.linux;
const layout = @import("layout.zig");
const seccomp_filter = @import("seccomp_filter.zig");
const sys = @import("sys.zig");
const uapi = @import("uapi.zig");

const String = [*:0]const u8;

/// What is to run, and how.
pub const Program = struct {
    path: String,
    argv: [*:null]const ?String,
    envp: [*:null]const ?String,
    /// Source and target of each file that is to be another, NUL-terminated, one behind the other.
    mounts: []const u8,
    /// Socket options nobody may set.
    options: []align(1) const seccomp_filter.Option,

    /// Reads a ConfinementRequest, its options, and its strings: path, arguments, environment, mounts. `room` is for
    /// the pointers to them. Null where they do not fit one another.
    pub fn parse(block: []const u8, room: []u8) ?Program {
        const head_size = @sizeOf(layout.ConfinementRequest);
        if (block.len < head_size or block[block.len - 1] != 0) return null;
        const request: *align(1) const layout.ConfinementRequest = @ptrCast(block.ptr);
        if (request.options > seccomp_filter.options_max) return null;
        const strings_at = head_size + request.options * @sizeOf(seccomp_filter.Option);
        if (strings_at >= block.len) return null;
        const first_option: [*]align(1) const seccomp_filter.Option = @ptrCast(block[head_size..].ptr);
        var strings: Strings = .{ .rest = block[strings_at..] };
        var pointers: Pointers = .{ .room = room };
        const path = strings.next() orelse return null;
        const argv = pointers.list(&strings, request.arguments) orelse return null;
        const envp = pointers.list(&strings, request.environment) orelse return null;
        if (std.mem.count(u8, strings.rest, "\x00") % 2 != 0) return null;
        return .{
            .path = path,
            .argv = argv,
            .envp = envp,
            .mounts = strings.rest,
            .options = first_option[0..request.options],
        };
    }
};

/// Strings one behind the other; the last byte of all is NUL.
const Strings = struct {
    rest: []const u8,

    fn next(self: *Strings) ?String {
        const end = std.mem.findScalar(u8, self.rest, 0) orelse return null;
        defer self.rest = self.rest[end + 1 ..];
        return self.rest[0..end :0].ptr;
    }
};

const Pointers = struct {
    room: []u8,

    /// As many of the strings, with null behind the last.
    fn list(self: *Pointers, strings: *Strings, count: u32) ?[*:null]const ?String {
        const begin = std.mem.alignPointerOffset(self.room.ptr, @alignOf(?String)) orelse return null;
        const size = (@as(usize, count) + 1) * @sizeOf(?String);
        if (begin + size > self.room.len) return null;
        const pointers: [*]?String = @ptrCast(@alignCast(self.room[begin..].ptr));
        for (pointers[0..count]) |*pointer| pointer.* = strings.next() orelse return null;
        pointers[count] = null;
        self.room = self.room[begin + size ..];
        return pointers[0..count :null].ptr;
    }
};

/// What the child says before it is the program.
const Word = extern struct { stage: layout.ConfinementStage, errno: u32 = 0, fd: i32 = -1 };

/// Since Linux 5.19: once the supervisor has a call, only a fatal signal takes it back.
const wait_killable_recv = 1 << 5;
const set_no_new_privs = 38;
const pidfd_thread = 0o200; // O_EXCL, since Linux 6.9

/// Starts the program; where it fails `record.stage` says at what.
pub fn start(program: Program, record: *align(1) layout.ConfinementRecord) sys.Result {
    record.* = .{ .stage = .fork };
    // Built here: the child is to do little.
    const filter = seccomp_filter.Program.build(program.options);
    var ends: [2]i32 = undefined;
    const kind = linux.SOCK.SEQPACKET | linux.SOCK.CLOEXEC;
    switch (sys.call(linux.socketpair, .{ linux.AF.UNIX, kind, 0, &ends })) {
        .value => {},
        .errno => |errno| return .{ .errno = errno },
    }
    // A handler of the host's that ran in the child would run on the host's memory as it was.
    const all = linux.sigfillset();
    var mask: linux.sigset_t = undefined;
    _ = linux.sigprocmask(linux.SIG.SETMASK, &all, &mask);
    const forked = linux.syscall5(.clone, @intFromEnum(linux.SIG.CHLD), 0, 0, 0, 0);
    if (forked == 0) {
        sys.close(ends[0]);
        become(program, &filter, ends[1], &mask);
    }
    _ = linux.sigprocmask(linux.SIG.SETMASK, &mask, null);
    defer sys.close(ends[0]);
    sys.close(ends[1]);
    if (linux.errno(forked) != .SUCCESS) return sys.failed(linux.errno(forked));
    record.pid = @intCast(forked);
    const outcome = follow(record, ends[0]);
    if (outcome == .errno) abandon(record);
    return outcome;
}

/// The parent's half: takes the listener, then lets the child go on.
fn follow(record: *align(1) layout.ConfinementRecord, end: i32) sys.Result {
    switch (sys.call(linux.pidfd_open, .{ record.pid, 0 })) {
        .value => |fd| record.pidfd = @bitCast(fd),
        .errno => |errno| return .{ .errno = errno },
    }
    const ready = hear(end) orelse return sys.failed(.CHILD);
    record.stage = ready.stage;
    if (ready.errno != 0) return .{ .errno = ready.errno };
    switch (sys.call(linux.pidfd_getfd, .{ record.pidfd, ready.fd, 0 })) {
        .value => |fd| record.listener = @bitCast(fd),
        .errno => |errno| return .{ .errno = errno },
    }
    say(end, .{ .stage = .exec });
    // Nothing: the child's end closed as it became the program.
    const word = hear(end) orelse return .{ .value = 0 };
    record.stage = word.stage;
    return .{ .errno = word.errno };
}

fn abandon(record: *align(1) layout.ConfinementRecord) void {
    _ = linux.kill(record.pid, .KILL);
    var status: linux.siginfo_t = undefined;
    _ = sys.call(linux.waitid, .{ linux.P.PID, record.pid, &status, linux.W.EXITED, null });
    if (record.pidfd >= 0) sys.close(record.pidfd);
    if (record.listener >= 0) sys.close(record.listener);
    record.pidfd = -1;
    record.listener = -1;
}

/// The child's half. It never returns.
fn become(program: Program, filter: *const seccomp_filter.Program, end: i32, mask: *const linux.sigset_t) noreturn {
    if (separate()) |errno| fail(end, .namespace, errno);
    if (lay(program.mounts)) |errno| fail(end, .mount, errno);
    const listener = install(filter);
    if (listener == .errno) fail(end, .filter, listener.errno);
    say(end, .{ .stage = .listener, .fd = @bitCast(listener.value) });
    if (hear(end) == null) linux.exit_group(127);
    // What the host ignores the program would ignore too.
    const default: linux.Sigaction = .{ .handler = .{ .handler = linux.SIG.DFL }, .mask = @splat(0), .flags = 0 };
    _ = linux.sigaction(.PIPE, &default, null);
    _ = linux.sigprocmask(linux.SIG.SETMASK, mask, null);
    const errno = linux.errno(linux.execve(program.path, program.argv, program.envp));
    fail(end, .exec, @intFromEnum(errno));
}

/// A mount namespace of its own, in a user namespace of its own where this process may not have it otherwise.
fn separate() ?u32 {
    const user = linux.geteuid();
    const group = linux.getegid();
    switch (sys.call(linux.unshare, .{linux.CLONE.NEWNS})) {
        .value => {},
        .errno => |errno| {
            if (errno != @intFromEnum(linux.E.PERM)) return errno;
            if (failure(sys.call(linux.unshare, .{linux.CLONE.NEWUSER | linux.CLONE.NEWNS}))) |why| return why;
            if (put("/proc/self/setgroups", "deny")) |why| return why;
            if (mapIdentity("/proc/self/uid_map", user)) |why| return why;
            if (mapIdentity("/proc/self/gid_map", group)) |why| return why;
            if (failure(sys.call(linux.prctl, .{ set_no_new_privs, 1, 0, 0, 0 }))) |why| return why;
        },
    }
    // What is mounted here is to be seen here only.
    return failure(sys.call(linux.mount, .{ null, "/", null, linux.MS.REC | linux.MS.PRIVATE, 0 }));
}

fn lay(mounts: []const u8) ?u32 {
    var strings: Strings = .{ .rest = mounts };
    while (strings.next()) |source| {
        const target = strings.next().?;
        if (failure(sys.call(linux.mount, .{ source, target, null, linux.MS.BIND, 0 }))) |errno| return errno;
    }
    return null;
}

/// One id, to itself.
fn mapIdentity(path: String, id: u32) ?u32 {
    var line: [32]u8 = undefined;
    var length: usize = 0;
    for (0..2) |_| {
        length += decimal(line[length..], id);
        line[length] = ' ';
        length += 1;
    }
    line[length] = '1';
    return put(path, line[0 .. length + 1]);
}

fn decimal(out: []u8, value: u32) usize {
    var digits: [10]u8 = undefined;
    var at: usize = digits.len;
    var rest = value;
    while (true) {
        at -= 1;
        digits[at] = '0' + @as(u8, @intCast(rest % 10));
        rest /= 10;
        if (rest == 0) break;
    }
    @memcpy(out[0 .. digits.len - at], digits[at..]);
    return digits.len - at;
}

fn put(path: String, text: []const u8) ?u32 {
    const fd: i32 = switch (sys.call(linux.open, .{ path, linux.O{ .ACCMODE = .WRONLY, .CLOEXEC = true }, 0 })) {
        .value => |value| @bitCast(value),
        .errno => |errno| return errno,
    };
    defer sys.close(fd);
    return failure(sys.call(linux.write, .{ fd, text.ptr, text.len }));
}

fn install(filter: *const seccomp_filter.Program) sys.Result {
    const program: uapi.sock_fprog = .{ .len = filter.length, .filter = std.mem.asBytes(&filter.instructions) };
    const mode = linux.SECCOMP.SET_MODE_FILTER;
    const listener: u32 = linux.SECCOMP.FILTER_FLAG.NEW_LISTENER;
    const killable = sys.call(linux.seccomp, .{ mode, listener | wait_killable_recv, &program });
    if (killable == .value or killable.errno != @intFromEnum(linux.E.INVAL)) return killable;
    return sys.call(linux.seccomp, .{ mode, listener, &program });
}

fn failure(outcome: sys.Result) ?u32 {
    return switch (outcome) {
        .value => null,
        .errno => |errno| errno,
    };
}

fn fail(end: i32, stage: layout.ConfinementStage, errno: u32) noreturn {
    say(end, .{ .stage = stage, .errno = errno });
    linux.exit_group(127);
}

fn say(end: i32, word: Word) void {
    _ = sys.call(linux.write, .{ end, std.mem.asBytes(&word).ptr, @sizeOf(Word) });
}

/// Null at the end.
fn hear(end: i32) ?Word {
    var word: Word = undefined;
    return switch (sys.call(linux.read, .{ end, std.mem.asBytes(&word).ptr, @sizeOf(Word) })) {
        .value => |length| if (length == @sizeOf(Word)) word else null,
        .errno => null,
    };
}

/// The next system call that waits for an answer: 1 where there is one, 0 where none waits. EPIPE when nobody is
/// left who could make one.
pub fn receive(listener: i32, record: *align(1) layout.NotificationRecord) sys.Result {
    while (true) {
        var descriptor: [1]linux.pollfd = .{.{ .fd = listener, .events = linux.POLL.IN, .revents = 0 }};
        const ready = sys.call(linux.poll, .{ &descriptor, 1, 0 });
        if (ready == .errno) return ready;
        if (descriptor[0].revents & linux.POLL.IN == 0) {
            if (descriptor[0].revents == 0) return .{ .value = 0 };
            return sys.failed(.PIPE);
        }
        // The kernel wants it empty.
        var notification = std.mem.zeroes(linux.SECCOMP.notif);
        switch (sys.call(linux.ioctl, .{ listener, linux.SECCOMP.IOCTL_NOTIF.RECV, @intFromPtr(&notification) })) {
            .value => {},
            // Its caller was killed meanwhile.
            .errno => |errno| if (errno == @intFromEnum(linux.E.NOENT)) continue else return .{ .errno = errno },
        }
        const data = &notification.data;
        record.* = .{
            .id = @bitCast(notification.id),
            .thread = notification.pid,
            .call = seccomp_filter.callOf(data.nr),
            .arguments = @bitCast([6]u64{ data.arg0, data.arg1, data.arg2, data.arg3, data.arg4, data.arg5 }),
        };
        return .{ .value = 1 };
    }
}

/// Whether the caller still waits: what was read of it is then its own. ENOENT where not.
pub fn waits(listener: i32, id: u64) sys.Result {
    return sys.call(linux.ioctl, .{ listener, linux.SECCOMP.IOCTL_NOTIF.ID_VALID, @intFromPtr(&id) });
}

/// Lets the kernel go on with the call; or makes it end with 0, or with an errno.
pub fn answer(listener: i32, id: u64, proceed: bool, errno: u32) sys.Result {
    const response: linux.SECCOMP.notif_resp = .{
        .id = id,
        .val = 0,
        .@"error" = -@as(i32, @bitCast(errno)),
        .flags = if (proceed) linux.SECCOMP.USER_NOTIF_FLAG_CONTINUE else 0,
    };
    return sys.call(linux.ioctl, .{ listener, linux.SECCOMP.IOCTL_NOTIF.SEND, @intFromPtr(&response) });
}

/// A duplicate of another thread's descriptor: pidfd_getfd(2).
pub fn descriptorOf(thread: u32, fd: i32) sys.Result {
    var opened = sys.call(linux.pidfd_open, .{ @as(i32, @bitCast(thread)), pidfd_thread });
    if (opened == .errno and opened.errno == @intFromEnum(linux.E.INVAL)) {
        const process = processOf(thread) orelse return sys.failed(.SRCH);
        opened = sys.call(linux.pidfd_open, .{ @as(i32, @bitCast(process)), 0 });
    }
    if (opened == .errno) return opened;
    const pidfd: i32 = @bitCast(opened.value);
    defer sys.close(pidfd);
    return sys.call(linux.pidfd_getfd, .{ pidfd, fd, 0 });
}

/// The process of a thread: "Tgid:" of proc_pid_status(5).
fn processOf(thread: u32) ?u32 {
    var path: [32]u8 = @splat(0);
    const root = "/proc/";
    @memcpy(path[0..root.len], root);
    const end = root.len + decimal(path[root.len..], thread);
    @memcpy(path[end..][0..7], "/status");
    const name: String = @ptrCast(&path);
    const fd: i32 = switch (sys.call(linux.open, .{ name, linux.O{ .CLOEXEC = true }, 0 })) {
        .value => |value| @bitCast(value),
        .errno => return null,
    };
    defer sys.close(fd);
    var text: [512]u8 = undefined;
    const length = switch (sys.call(linux.read, .{ fd, &text, text.len })) {
        .value => |value| value,
        .errno => return null,
    };
    const label = "Tgid:\t";
    const at = std.mem.find(u8, text[0..length], label) orelse return null;
    var process: u32 = 0;
    for (text[at + label.len .. length]) |digit| {
        if (digit < '0' or digit > '9') break;
        process = process * 10 + (digit - '0');
    }
    return process;
}

/// Reads another thread's memory; returns how much there was to read.
pub fn readMemory(thread: u32, address: u64, out: []u8) sys.Result {
    // Not Zig's iovec: the other's address may be any number, also 0.
    const Part = extern struct { base: u64, len: u64 };
    const local: Part = .{ .base = @intFromPtr(out.ptr), .len = out.len };
    const remote: Part = .{ .base = address, .len = out.len };
    const parts = .{ @intFromPtr(&local), 1, @intFromPtr(&remote), 1, 0 };
    return sys.call(linux.syscall6, .{ .process_vm_readv, thread } ++ parts);
}

/// How a child ended: its status, or 256 and the signal. EAGAIN while it runs.
pub fn statusOf(pidfd: i32) sys.Result {
    var information = std.mem.zeroes(linux.siginfo_t);
    const flags = linux.W.EXITED | linux.W.NOHANG;
    const outcome = sys.call(linux.waitid, .{ linux.P.PIDFD, pidfd, &information, flags, null });
    if (outcome == .errno) return outcome;
    const child = information.fields.common;
    if (child.first.piduid.pid == 0) return sys.failed(.AGAIN);
    const status: u32 = @bitCast(child.second.sigchld.status);
    const exited = information.code == @intFromEnum(linux.CLD.EXITED);
    return .{ .value = if (exited) status & 0xff else 256 + (status & 0x7f) };
}
