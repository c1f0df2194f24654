//! Random and mutated bytes against everything that reads bytes of the kernel.
//!
//! A run is named by its target and its seed, and comes out the same each time. `zig build test` does the first
//! few thousand seeds; `zig build fuzz -Dseconds=N -Dseed=S` goes on from S for N seconds, and says which
//! run failed. The loop is ours: std.testing.fuzz of Zig 0.16 ends with 0 after a crash.

const std = @import("std");
const linux = std.os.linux;
const captures = @import("captures.zig");
const layout = @import("../layout.zig");
const netlink = @import("../netlink.zig");
const route_lookup = @import("../route_lookup.zig");
const rtnetlink = @import("../rtnetlink.zig");
const snapshot = @import("../snapshot.zig");
const uapi = @import("../uapi.zig");
const RecordWriter = @import("../record_writer.zig").RecordWriter;

const Target = struct {
    name: []const u8,
    run: *const fn (std.Random) error{Failed}!void,
};

pub const targets = [_]Target{
    .{ .name = "attributes", .run = attributes },
    .{ .name = "decode", .run = decode },
    .{ .name = "snapshot", .run = takeSnapshot },
    .{ .name = "route lookup", .run = lookUp },
};

const smoke_runs = 2000;

test "fuzz targets, the first seeds" {
    for (targets) |target| {
        for (0..smoke_runs) |seed| {
            errdefer std.debug.print("fuzz target {s}, seed {d}\n", .{ target.name, seed });
            try runOnce(target, seed);
        }
    }
}

fn runOnce(target: Target, seed: u64) error{Failed}!void {
    var generator: std.Random.DefaultPrng = .init(seed);
    try target.run(generator.random());
}

fn holds(condition: bool) error{Failed}!void {
    if (!condition) return error.Failed;
}

/// The attributes of an input: each inside it, and no more than there is room for.
fn attributes(random: std.Random) error{Failed}!void {
    var input: Input = .{};
    const bytes = input.next(random);
    var walk: netlink.Attributes = .{ .bytes = bytes };
    var left = bytes.len / @sizeOf(uapi.nlattr);
    while (walk.next() catch return) |attribute| {
        try holds(left > 0);
        left -= 1;
        try holds(@intFromPtr(attribute.payload.ptr) >= @intFromPtr(bytes.ptr));
        try holds(@intFromPtr(attribute.payload.ptr) + attribute.payload.len <= @intFromPtr(bytes.ptr) + bytes.len);
        try holds(attribute.name().len <= 15);
        _ = attribute.address();
        _ = attribute.int(u32);
    }
}

/// What mif_netlink_decode does: nothing behind the buffer, and records that can be walked.
fn decode(random: std.Random) error{Failed}!void {
    var input: Input = .{};
    const bytes = input.next(random);
    var out: Out = .{};
    const room = random.uintAtMost(usize, out.bytes.len - Out.guard);
    var writer: RecordWriter = .{ .bytes = out.bytes[0..room] };
    var messages: netlink.Messages = .{ .bytes = bytes };
    while (messages.next() catch null) |message| {
        rtnetlink.decode(message, writer.sink()) catch break;
    }
    try out.check(room, 0, writer.position);
    // The densest input is a multipath route: eight bytes for a record.
    try holds(writer.position <= bytes.len * @sizeOf(layout.RouteRecord) / @sizeOf(uapi.rtnexthop));
}

fn takeSnapshot(random: std.Random) error{Failed}!void {
    var transport: RandomTransport = .{ .random = random };
    var out: Out = .{};
    const room = random.intRangeAtMost(usize, @sizeOf(layout.SnapshotHeader), out.bytes.len - Out.guard);
    var taken: snapshot.Snapshot(RandomTransport) = .{
        .transport = &transport,
        .scratch = &scratch,
        .writer = .{ .bytes = out.bytes[0..room] },
    };
    const size = taken.take() catch |failure| {
        try holds(failure != error.Refused or (taken.errno > 0 and taken.errno <= 4095));
        return out.check(room, room, 0);
    };
    try holds(size == taken.header.size);
    try out.check(room, @sizeOf(layout.SnapshotHeader), size);
}

fn lookUp(random: std.Random) error{Failed}!void {
    var transport: RandomTransport = .{ .random = random };
    const bytes: [16]u8 = @splat(0x20);
    const size: usize = if (random.boolean()) 4 else 16;
    const question: route_lookup.Question = .{
        .destination = bytes[0..size],
        .source = if (random.boolean()) bytes[0..size] else &.{},
        .interface = random.uintAtMost(u32, 3),
        .mark = random.uintAtMost(u32, 3),
    };
    var errno: u32 = 0;
    const route = route_lookup.lookup(&transport, 1, question, &scratch, &errno) catch |failure| {
        return holds(failure != error.Refused or (errno > 0 and errno <= 4095));
    };
    if (route) |found| try holds(found.family == 4 or found.family == 6);
}

var scratch: [snapshot.scratch_size_min]u8 = undefined;

/// A buffer whose end must stay as it is.
const Out = struct {
    bytes: [32 * 1024]u8 = @splat(pattern),

    const pattern = 0xa5;
    const guard = 256;

    fn check(self: *const Out, room: usize, start: usize, size: usize) error{Failed}!void {
        try holds(std.mem.allEqual(u8, self.bytes[room..], pattern));
        if (size > room) return;
        var at = start;
        while (at < size) {
            const record_size = std.mem.readInt(u16, self.bytes[at + 2 ..][0..2], .little);
            try holds(record_size >= 4 and record_size % 4 == 0 and at + record_size <= size);
            try holds(self.bytes[at] >= 1 and self.bytes[at] <= @typeInfo(layout.Kind).@"enum".fields.len);
            at += record_size;
        }
    }
};

/// Answers with mutated recordings, made to look like answers, and with every way to fail. It ends: a socket
/// whose queue is empty gives EAGAIN.
const RandomTransport = struct {
    random: std.Random,
    port: u32 = 7,
    sequence: u32 = 0,
    datagrams_left: u32 = 0,
    input: Input = .{},

    pub fn send(self: *RandomTransport, bytes: []const u8) netlink.Error!void {
        self.sequence = netlink.read(uapi.nlmsghdr, bytes).nlmsg_seq;
        self.datagrams_left = self.random.uintAtMost(u32, 4);
        if (self.random.uintLessThan(u8, 200) == 0) return error.SystemCall;
    }

    pub fn receive(self: *RandomTransport, buffer: []u8) netlink.Error!usize {
        const failures = [_]netlink.Error{ error.SystemCall, error.Truncated, error.Overrun };
        if (self.random.uintLessThan(u8, 100) == 0) return failures[self.random.uintLessThan(usize, failures.len)];
        if (self.datagrams_left == 0) return self.last(buffer);
        self.datagrams_left -= 1;
        const mutated = self.random.uintLessThan(u8, 4) == 0;
        const bytes = if (mutated) self.input.next(self.random) else self.input.recorded(self.random);
        @memcpy(buffer[0..bytes.len], bytes);
        self.address(buffer[0..bytes.len]);
        return bytes.len;
    }

    pub fn listen(_: *RandomTransport, _: u32, _: []u8) void {}

    pub fn disturbed(self: *RandomTransport, _: []u8) bool {
        return self.random.boolean();
    }

    pub fn reopen(self: *RandomTransport) netlink.Error!void {
        self.port +%= 1;
        if (self.random.uintLessThan(u8, 50) == 0) return error.SystemCall;
    }

    fn last(self: *RandomTransport, buffer: []u8) netlink.Error!usize {
        const codes = [_]i32{ 0, 0, 0, 0, 0, 0, -2, -95, -1, -4095, -4096, std.math.minInt(i32), 1 };
        const message: extern struct { header: uapi.nlmsghdr, code: i32 } = .{
            .header = .{
                .nlmsg_len = 20,
                .nlmsg_type = if (self.random.uintLessThan(u8, 8) == 0) uapi.NLMSG_ERROR else uapi.NLMSG_DONE,
                .nlmsg_flags = if (self.random.uintLessThan(u8, 8) == 0) uapi.NLM_F_DUMP_INTR else 0,
                .nlmsg_seq = self.sequence,
                .nlmsg_pid = self.port,
            },
            .code = codes[self.random.uintLessThan(usize, codes.len)],
        };
        @memcpy(buffer[0..20], std.mem.asBytes(&message));
        return 20;
    }

    /// Gives the messages our sequence and port, and seldom an end.
    fn address(self: *RandomTransport, datagram: []u8) void {
        var at: usize = 0;
        while (at + 16 <= datagram.len) {
            const length = std.mem.readInt(u32, datagram[at..][0..4], .little);
            std.mem.writeInt(u32, datagram[at + 8 ..][0..4], self.sequence, .little);
            std.mem.writeInt(u32, datagram[at + 12 ..][0..4], self.port, .little);
            const message_type = std.mem.readInt(u16, datagram[at + 4 ..][0..2], .little);
            // Recordings end with NLMSG_DONE; more is to come here.
            if (message_type == uapi.NLMSG_DONE and self.random.boolean()) datagram[at + 4] = 1;
            if (self.random.uintLessThan(u8, 100) == 0) datagram[at + 6] |= uapi.NLM_F_DUMP_INTR;
            if (length < 16 or length > datagram.len - at) return;
            at += netlink.aligned(length);
        }
    }
};

/// Bytes to try, good until the next are asked for.
const Input = struct {
    buffer: [size_max]u8 = undefined,

    const size_max = 8 * 1024;

    fn next(self: *Input, random: std.Random) []u8 {
        if (random.uintLessThan(u8, 8) == 0) {
            const length = random.uintAtMost(usize, 256);
            random.bytes(self.buffer[0..length]);
            return self.buffer[0..length];
        }
        var bytes = self.recorded(random);
        for (0..random.intRangeAtMost(usize, 1, 8)) |_| bytes = self.mutated(random, bytes);
        return bytes;
    }

    /// A datagram, a message, or the inside of one.
    fn recorded(self: *Input, random: std.Random) []u8 {
        const text = captures.every[random.uintLessThan(usize, captures.every.len)];
        var lines = std.mem.tokenizeScalar(u8, text, '\n');
        const count = std.mem.count(u8, text, "\n");
        for (0..random.uintLessThan(usize, count)) |_| _ = lines.next();
        const line = lines.next().?;
        const whole = line[0..@min(line.len, size_max * 2)];
        const bytes = std.fmt.hexToBytes(&self.buffer, whole) catch unreachable;
        return if (random.uintLessThan(u8, 4) == 0) bytes else self.oneMessage(random, bytes);
    }

    /// Any message of a datagram with the same chance, moved to the front.
    fn oneMessage(self: *Input, random: std.Random, datagram: []u8) []u8 {
        var messages: netlink.Messages = .{ .bytes = datagram };
        var chosen = datagram;
        var count: usize = 0;
        while (true) {
            const before = messages.bytes;
            const message = (messages.next() catch break) orelse break;
            count += 1;
            if (random.uintLessThan(usize, count) != 0) continue;
            const start = @intFromPtr(before.ptr) - @intFromPtr(datagram.ptr);
            chosen = datagram[start..][0 .. @sizeOf(uapi.nlmsghdr) + message.payload.len];
        }
        std.mem.copyForwards(u8, &self.buffer, chosen);
        return self.buffer[0..chosen.len];
    }

    fn mutated(self: *Input, random: std.Random, bytes: []u8) []u8 {
        if (bytes.len < 8) return bytes;
        const at = random.uintLessThan(usize, bytes.len - 3);
        const odd = [_]u8{ 0, 1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 127, 128, 252, 254, 255 };
        const any = odd[random.uintLessThan(usize, odd.len)];
        const numbers = [_]i32{ 0, -1, 1, std.math.minInt(i32), std.math.maxInt(i32), 256, 65536 };
        const word = at & ~@as(usize, 3);
        switch (random.uintLessThan(u8, 8)) {
            0 => bytes[at] ^= @as(u8, 1) << random.int(u3),
            1 => bytes[at] = any,
            2 => bytes[at] = random.int(u8),
            // The first byte of a length or a type.
            3 => bytes[word] = any,
            4 => std.mem.writeInt(u16, bytes[at & ~@as(usize, 1) ..][0..2], random.int(u16), .little),
            5 => {
                const number = numbers[random.uintLessThan(usize, numbers.len)];
                std.mem.writeInt(i32, bytes[word..][0..4], number, .little);
            },
            6 => return bytes[0..at],
            else => return self.resized(random, bytes, word),
        }
        return bytes;
    }

    /// Makes what may be an attribute longer or shorter, and its message with it.
    fn resized(self: *Input, random: std.Random, bytes: []u8, at: usize) []u8 {
        const length: usize = std.mem.readInt(u16, bytes[at..][0..2], .little);
        if (at < 16 or length < 4 or length > bytes.len - at) return bytes;
        const wanted = random.intRangeAtMost(usize, 4, length + 16);
        const end = @min(at + netlink.aligned(length), bytes.len);
        const new_end = at + netlink.aligned(wanted);
        const new_length = bytes.len - end + new_end;
        if (new_length > size_max) return bytes;
        const tail = self.buffer[new_end..new_length];
        if (new_end < end) {
            std.mem.copyForwards(u8, tail, bytes[end..]);
        } else {
            std.mem.copyBackwards(u8, tail, bytes[end..]);
        }
        std.mem.writeInt(u16, self.buffer[at..][0..2], @intCast(wanted), .little);
        std.mem.writeInt(u32, self.buffer[0..4], @intCast(new_length), .little);
        return self.buffer[0..new_length];
    }
};

// The program behind `zig build fuzz`.

var current: struct { target: []const u8 = "", seed: u64 = 0 } = .{};

pub fn main(init: std.process.Init) !void {
    const arguments = try init.minimal.args.toSlice(init.arena.allocator());
    if (arguments.len != 3) return error.Usage;
    const seconds = try std.fmt.parseInt(i64, arguments[1], 10);
    const first_seed = try std.fmt.parseInt(u64, arguments[2], 10);
    const action: std.posix.Sigaction = .{
        .handler = .{ .handler = hung },
        .mask = std.posix.sigemptyset(),
        .flags = 0,
    };
    std.posix.sigaction(.ALRM, &action, null);
    const deadline = monotonicSeconds() + seconds;
    var seed = first_seed;
    while (monotonicSeconds() < deadline) {
        const timer: linux.itimerspec = .{
            .it_interval = .{ .sec = 0, .nsec = 0 },
            .it_value = .{ .sec = 10, .nsec = 0 },
        };
        _ = linux.setitimer(@intFromEnum(linux.ITIMER.REAL), &timer, null);
        for (0..1000) |_| {
            for (targets) |target| {
                current = .{ .target = target.name, .seed = seed };
                runOnce(target, seed) catch @panic("a property does not hold");
            }
            seed += 1;
        }
    }
    std.debug.print("{d} runs of each of {d} targets, seeds {d} to {d}\n", .{
        seed - first_seed,
        targets.len,
        first_seed,
        seed - 1,
    });
}

pub fn panicked(message: []const u8, return_address: ?usize) noreturn {
    std.debug.print("fuzz target {s}, seed {d}\n", .{ current.target, current.seed });
    std.debug.defaultPanic(message, return_address);
}

fn hung(_: linux.SIG) callconv(.c) void {
    @panic("a run does not end");
}

fn monotonicSeconds() i64 {
    var time: linux.timespec = undefined;
    _ = linux.clock_gettime(.MONOTONIC, &time);
    return time.sec;
}
