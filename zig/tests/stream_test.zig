//! Deadlines over real unix(7) sockets. Whoever must act while we wait is a forked process.

const std = @import("std");
const linux = std.os.linux;
const stream = @import("../stream.zig");
const sys = @import("../sys.zig");

const expect = std.testing.expect;
const expectEqual = std.testing.expectEqual;

/// A listening socket in a directory of its own.
const Listener = struct {
    directory: std.testing.TmpDir,
    fd: i32,
    buffer: [64]u8 = undefined,
    length: usize = 0,

    fn open(backlog: ?u32) !Listener {
        var self: Listener = .{ .directory = std.testing.tmpDir(.{}), .fd = -1 };
        const text = try std.fmt.bufPrint(&self.buffer, ".zig-cache/tmp/{s}/s", .{self.directory.sub_path});
        self.length = text.len;
        var address: linux.sockaddr.un = .{ .path = @splat(0) };
        @memcpy(address.path[0..text.len], text);
        const kind = linux.SOCK.STREAM | linux.SOCK.CLOEXEC;
        self.fd = @bitCast(try value(sys.call(linux.socket, .{ linux.AF.UNIX, kind, 0 })));
        const name: *linux.sockaddr = @ptrCast(&address);
        _ = try value(sys.call(linux.bind, .{ self.fd, name, @sizeOf(linux.sockaddr.un) }));
        if (backlog) |connections| _ = try value(sys.call(linux.listen, .{ self.fd, connections }));
        return self;
    }

    fn close(self: *Listener) void {
        sys.close(self.fd);
        self.directory.cleanup();
    }

    fn path(self: *const Listener) []const u8 {
        return self.buffer[0..self.length];
    }

    fn accept(self: *const Listener) !i32 {
        return @bitCast(try value(sys.call(linux.accept4, .{ self.fd, null, null, linux.SOCK.CLOEXEC })));
    }

    fn connect(self: *const Listener) !i32 {
        return @bitCast(try value(stream.connectUnix(self.path(), 1000)));
    }
};

fn value(result: sys.Result) !u32 {
    return switch (result) {
        .value => |number| number,
        .errno => |errno| {
            std.debug.print("errno {d}\n", .{errno});
            return error.SystemCall;
        },
    };
}

fn expectErrno(expected: linux.E, result: sys.Result) !void {
    try expectEqual(sys.Result{ .errno = @intFromEnum(expected) }, result);
}

/// A process that does one thing beside us, and is waited for.
const Beside = struct {
    pid: i32,

    fn run(act: *const fn (i32) void, fd: i32) !Beside {
        const pid: i32 = @bitCast(try value(sys.call(linux.fork, .{})));
        if (pid != 0) return .{ .pid = pid };
        act(fd);
        linux.exit_group(0);
    }

    fn wait(self: Beside) void {
        var status: u32 = 0;
        _ = sys.call(linux.wait4, .{ self.pid, &status, 0, null });
    }
};

fn sleepMs(milliseconds: i32) void {
    _ = linux.poll(undefined, 0, milliseconds);
}

test "what is written comes out at the other end, in both directions" {
    var listener: Listener = try .open(4);
    defer listener.close();
    const client = try listener.connect();
    defer sys.close(client);
    const server = try listener.accept();
    defer sys.close(server);
    try expectEqual(sys.Result{ .value = 5 }, stream.write(client, "hello", 1000));
    var bytes: [16]u8 = undefined;
    try expectEqual(sys.Result{ .value = 5 }, stream.read(server, &bytes, 1000));
    try std.testing.expectEqualStrings("hello", bytes[0..5]);
    try expectEqual(sys.Result{ .value = 2 }, stream.write(server, "ok", 1000));
    try expectEqual(sys.Result{ .value = 1 }, stream.read(client, bytes[0..1], 1000));
    try expectEqual(sys.Result{ .value = 1 }, stream.read(client, &bytes, 1000));
    try expectEqual(sys.Result{ .value = 0 }, stream.write(client, "", 0));
}

test "no socket there, nobody listening, names that cannot be" {
    try expectErrno(.NOENT, stream.connectUnix("/nonexistent/socket", 1000));
    var listener: Listener = try .open(null);
    defer listener.close();
    try expectErrno(.CONNREFUSED, stream.connectUnix(listener.path(), 1000));
    const long: [108]u8 = @splat('x');
    try expectErrno(.NAMETOOLONG, stream.connectUnix(&long, 1000));
    try expectErrno(.NOENT, stream.connectUnix(long[0..107], 1000));
    try expectErrno(.INVAL, stream.connectUnix("", 1000));
    try expectErrno(.INVAL, stream.connectUnix("\x00abstract", 1000));
    try expectErrno(.INVAL, stream.connectUnix("/tmp\x00/more", 1000));
}

test "reading waits for the deadline and no longer" {
    var listener: Listener = try .open(4);
    defer listener.close();
    const client = try listener.connect();
    defer sys.close(client);
    var bytes: [16]u8 = undefined;
    try expectErrno(.TIMEDOUT, stream.read(client, &bytes, 0));
    const start = sys.monotonicMs();
    try expectErrno(.TIMEDOUT, stream.read(client, &bytes, 60));
    const elapsed = sys.monotonicMs() - start;
    try expect(elapsed >= 59 and elapsed < 2000);
    // The deadline holds for a descriptor that would block as well.
    const server = try listener.accept();
    defer sys.close(server);
    try expectErrno(.TIMEDOUT, stream.read(server, &bytes, 10));
}

test "a byte that comes while we wait ends the waiting" {
    var listener: Listener = try .open(4);
    defer listener.close();
    const client = try listener.connect();
    defer sys.close(client);
    const server = try listener.accept();
    defer sys.close(server);
    const other: Beside = try .run(writeLate, server);
    defer other.wait();
    var bytes: [16]u8 = undefined;
    try expectEqual(sys.Result{ .value = 4 }, stream.read(client, &bytes, 5000));
}

fn writeLate(fd: i32) void {
    sleepMs(40);
    _ = linux.write(fd, "late", 4);
}

test "writing to one who does not read waits for the deadline" {
    var listener: Listener = try .open(4);
    defer listener.close();
    const client = try listener.connect();
    defer sys.close(client);
    const bytes = try std.testing.allocator.alloc(u8, 1 << 20);
    defer std.testing.allocator.free(bytes);
    @memset(bytes, 1);
    const start = sys.monotonicMs();
    try expectErrno(.TIMEDOUT, stream.write(client, bytes, 60));
    try expect(sys.monotonicMs() - start >= 59);
}

test "writing to one who reads slowly ends with all bytes" {
    var listener: Listener = try .open(4);
    defer listener.close();
    const client = try listener.connect();
    defer sys.close(client);
    const server = try listener.accept();
    defer sys.close(server);
    const bytes = try std.testing.allocator.alloc(u8, 1 << 20);
    defer std.testing.allocator.free(bytes);
    @memset(bytes, 1);
    const other: Beside = try .run(readSlowly, server);
    defer other.wait();
    try expectEqual(sys.Result{ .value = 1 << 20 }, stream.write(client, bytes, 20_000));
}

fn readSlowly(fd: i32) void {
    var bytes: [100_000]u8 = undefined;
    var left: usize = 1 << 20;
    while (left > 0) {
        sleepMs(1);
        const length = linux.read(fd, &bytes, bytes.len);
        if (linux.errno(length) != .SUCCESS or length == 0) return;
        left -= length;
    }
}

test "a peer that closes is the end for a reader and EPIPE for a writer" {
    var listener: Listener = try .open(4);
    defer listener.close();
    const client = try listener.connect();
    defer sys.close(client);
    sys.close(try listener.accept());
    var bytes: [16]u8 = undefined;
    try expectEqual(sys.Result{ .value = 0 }, stream.read(client, &bytes, 1000));
    try expectErrno(.PIPE, stream.write(client, "too late", 1000));
    try expectErrno(.BADF, stream.read(-1, &bytes, 1000));
    try expectErrno(.BADF, stream.write(-1, "nowhere", 1000));
}

test "a full backlog is waited for, until it drains or the deadline comes" {
    var listener: Listener = try .open(0);
    defer listener.close();
    const first = try listener.connect();
    defer sys.close(first);
    const start = sys.monotonicMs();
    try expectErrno(.TIMEDOUT, stream.connectUnix(listener.path(), 60));
    try expect(sys.monotonicMs() - start >= 59);
    const other: Beside = try .run(acceptLate, listener.fd);
    defer other.wait();
    sys.close(@bitCast(try value(stream.connectUnix(listener.path(), 5000))));
}

fn acceptLate(fd: i32) void {
    sleepMs(40);
    _ = linux.accept4(fd, null, null, 0);
}

test "signals do not put the deadline off" {
    var listener: Listener = try .open(4);
    defer listener.close();
    const client = try listener.connect();
    defer sys.close(client);
    const action: std.posix.Sigaction = .{
        .handler = .{ .handler = ignore },
        .mask = std.posix.sigemptyset(),
        .flags = 0,
    };
    std.posix.sigaction(.USR1, &action, null);
    const other: Beside = try .run(interrupt, linux.getpid());
    defer other.wait();
    var bytes: [16]u8 = undefined;
    const start = sys.monotonicMs();
    try expectErrno(.TIMEDOUT, stream.read(client, &bytes, 100));
    // With the time begun anew at each of them it would take 600 ms.
    try expect(sys.monotonicMs() - start < 450);
}

fn ignore(_: linux.SIG) callconv(.c) void {}

fn interrupt(pid: i32) void {
    for (0..25) |_| {
        sleepMs(20);
        _ = linux.kill(pid, .USR1);
    }
}
