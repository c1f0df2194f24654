//! What takes one call here and many of the kernel's, or the runtime's: messages in and out of a socket, options read.
//! The rest of the socket calls are the kernel's own and go through exports.zig as they are.

const std = @import("std");
const linux = std.os.linux;
const layout = @import("layout.zig");
const sys = @import("sys.zig");
const uapi = @import("uapi.zig");

pub const batch_max = 64;

/// The memory of a batch: records that place each message in `data` and `control`, and a slot of
/// `layout.address_size` bytes for each address.
pub const Batch = struct {
    records: []align(1) layout.MessageRecord,
    data: []u8,
    addresses: []u8 = &.{},
    control: []u8 = &.{},
};

/// Receives as many messages as there are records; returns how many came. A record's `data_length` becomes the
/// length the message really had, which may be more than there was room for (MSG_TRUNC in its flags).
pub fn receive(fd: i32, batch: Batch, flags: u32) sys.Result {
    // Most calls are for one message, and laying out the room of many takes longer than the call.
    return if (batch.records.len == 1) receiveIn(1, fd, batch, flags) else receiveIn(batch_max, fd, batch, flags);
}

fn receiveIn(comptime room: usize, fd: i32, batch: Batch, flags: u32) sys.Result {
    var state: State(room) = undefined;
    if (!state.prepare(batch)) return sys.failed(.INVAL);
    for (state.messages[0..batch.records.len]) |*message| {
        if (message.hdr.name != null) message.hdr.namelen = layout.address_size;
    }
    const count_max: u32 = @intCast(batch.records.len);
    const now = flags | linux.MSG.DONTWAIT;
    const outcome = sys.call(linux.recvmmsg, .{ fd, &state.messages, count_max, now, null });
    const count = switch (outcome) {
        .value => |value| value,
        .errno => return outcome,
    };
    for (batch.records[0..count], state.messages[0..count]) |*record, message| {
        record.data_length = message.len;
        record.address_length = message.hdr.namelen;
        record.control_length = @intCast(message.hdr.controllen);
        record.flags = message.hdr.flags;
    }
    return .{ .value = count };
}

pub const Outgoing = struct {
    data: []const u8,
    name: ?*const linux.sockaddr,
    name_size: u32,
    control: []const u8,
};

/// Sends one message; returns how much of it was taken, for a stream may take a part.
pub fn send(fd: i32, message: Outgoing, flags: u32) sys.Result {
    const vector: [1]std.posix.iovec_const = .{.{ .base = message.data.ptr, .len = message.data.len }};
    const header: linux.msghdr_const = .{
        .name = message.name,
        .namelen = message.name_size,
        .iov = &vector,
        .iovlen = 1,
        .control = if (message.control.len == 0) null else message.control.ptr,
        .controllen = message.control.len,
        .flags = 0,
    };
    return sys.call(linux.sendmsg, .{ fd, &header, flags | linux.MSG.NOSIGNAL | linux.MSG.DONTWAIT });
}

/// Sends the messages in order to the peer; returns how many went.
pub fn sendMany(fd: i32, batch: Batch) sys.Result {
    var state: State(batch_max) = undefined;
    if (!state.prepare(batch)) return sys.failed(.INVAL);
    const count: u32 = @intCast(batch.records.len);
    return sys.call(linux.sendmmsg, .{ fd, &state.messages, count, linux.MSG.NOSIGNAL | linux.MSG.DONTWAIT });
}

/// Checks that a descriptor is such a socket and makes it non-blocking. Protocol 0 is any of the type; a connection
/// that a Multipath TCP socket accepts may be of TCP (RFC 8684 3.7).
pub fn verify(fd: i32, family: u32, kind: u32, protocol: u32) sys.Result {
    const SO = linux.SO;
    const wanted = [_]struct { u32, u32, linux.E }{
        .{ SO.DOMAIN, family, .AFNOSUPPORT },
        .{ SO.TYPE, kind, .PROTOTYPE },
        .{ SO.PROTOCOL, protocol, .PROTONOSUPPORT },
    };
    for (wanted) |option| {
        const name, const value, const otherwise = option;
        var found: u32 = 0;
        var size: linux.socklen_t = @sizeOf(u32);
        const outcome = sys.call(linux.getsockopt, .{ fd, linux.SOL.SOCKET, name, std.mem.asBytes(&found).ptr, &size });
        if (outcome == .errno) return outcome;
        const fell_back = value == uapi.IPPROTO_MPTCP and found == linux.IPPROTO.TCP;
        const fits = found == value or (name == SO.PROTOCOL and (value == 0 or fell_back));
        if (!fits) return sys.failed(otherwise);
    }
    const flags = switch (sys.call(linux.fcntl, .{ fd, linux.F.GETFL, 0 })) {
        .value => |value| value,
        .errno => |errno| return .{ .errno = errno },
    };
    const nonblocking: u32 = @bitCast(linux.O{ .NONBLOCK = true });
    if (flags & nonblocking != 0) return .{ .value = 0 };
    return sys.call(linux.fcntl, .{ fd, linux.F.SETFL, flags | nonblocking });
}

/// The descriptor of the connection between two addresses, which the runtime has accepted and does not tell; looked
/// for first where it was expected. ENOENT where there is none.
pub fn findConnection(expected: i32, local: []const u8, peer: []const u8) sys.Result {
    if (isConnection(expected, local, peer)) return .{ .value = @intCast(expected) };
    const flags: linux.O = .{ .DIRECTORY = true, .CLOEXEC = true };
    const directory: i32 = switch (sys.call(linux.open, .{ "/proc/self/fd", flags, 0 })) {
        .value => |value| @bitCast(value),
        .errno => |errno| return .{ .errno = errno },
    };
    defer sys.close(directory);
    while (true) {
        var entries: [4096]u8 align(@alignOf(linux.dirent64)) = undefined;
        const size = switch (sys.call(linux.getdents64, .{ directory, &entries, entries.len })) {
            .value => |value| value,
            .errno => |errno| return .{ .errno = errno },
        };
        if (size == 0) return sys.failed(.NOENT);
        var at: usize = 0;
        while (at < size) {
            const entry: *align(1) linux.dirent64 = @ptrCast(&entries[at]);
            var fd: i32 = 0;
            for (entries[at + @offsetOf(linux.dirent64, "name") ..]) |byte| {
                if (byte < '0' or byte > '9') break;
                fd = fd *| 10 +| (byte - '0');
            }
            at += entry.reclen;
            if (isConnection(fd, local, peer)) return .{ .value = @intCast(fd) };
        }
    }
}

fn isConnection(fd: i32, local: []const u8, peer: []const u8) bool {
    var name: [layout.address_size]u8 align(4) = @splat(0);
    const pointer: *linux.sockaddr = @ptrCast(&name);
    var size: linux.socklen_t = name.len;
    if (sys.call(linux.getpeername, .{ fd, pointer, &size }) == .errno) return false;
    if (!isSameEnd(&name, peer)) return false;
    size = name.len;
    return sys.call(linux.getsockname, .{ fd, pointer, &size }) == .value and isSameEnd(&name, local);
}

/// Family, port and address; not a scope or a flow label, which no two ends differ in alone.
fn isSameEnd(name: *const [layout.address_size]u8, wanted: []const u8) bool {
    const first: usize, const length: usize = if (name[0] == linux.AF.INET) .{ 4, 4 } else .{ 8, 16 };
    return wanted.len >= first + length and std.mem.eql(u8, name[0..4], wanted[0..4]) and
        std.mem.eql(u8, name[first..][0..length], wanted[first..][0..length]);
}

/// What the kernel is given for as many messages as `room`.
fn State(comptime room: usize) type {
    return struct {
        messages: [room]linux.mmsghdr,
        vectors: [room]std.posix.iovec,

        /// False where a record points outside of its buffer.
        fn prepare(self: *@This(), batch: Batch) bool {
            const count = batch.records.len;
            if (count == 0 or count > room) return false;
            if (batch.addresses.len != 0) {
                if (batch.addresses.len < count * layout.address_size) return false;
                if (!std.mem.isAligned(@intFromPtr(batch.addresses.ptr), @alignOf(linux.sockaddr))) return false;
            }
            for (batch.records, 0..) |record, i| {
                if (record.address_length > layout.address_size) return false;
                const data = part(batch.data, record.data_offset, record.data_length) orelse return false;
                const control = part(batch.control, record.control_offset, record.control_length) orelse return false;
                const name: ?[]u8 = if (batch.addresses.len == 0) null else batch.addresses[i * layout.address_size ..];
                self.vectors[i] = .{ .base = data.ptr, .len = data.len };
                self.messages[i] = .{ .len = 0, .hdr = .{
                    .name = if (name) |bytes| @ptrCast(@alignCast(bytes.ptr)) else null,
                    .namelen = 0,
                    .iov = self.vectors[i..].ptr,
                    .iovlen = 1,
                    .control = if (control.len == 0) null else control.ptr,
                    .controllen = control.len,
                    .flags = 0,
                } };
            }
            return true;
        }
    };
}

fn part(bytes: []u8, offset: u32, length: u32) ?[]u8 {
    const end = @as(u64, offset) + length;
    if (end > bytes.len) return null;
    return bytes[offset..@intCast(end)];
}

/// Reads the options in order, as far as they can be read.
pub fn readOptions(fd: i32, records: []align(1) layout.OptionRecord) sys.Result {
    for (records) |*record| {
        var value: [4]u8 = @splat(0);
        var length: linux.socklen_t = value.len;
        const arguments = .{ fd, record.level, @as(u32, @bitCast(record.name)), &value, &length };
        const outcome = sys.call(linux.getsockopt, arguments);
        if (outcome == .errno) return outcome;
        record.value = @bitCast(value);
        record.length = length;
    }
    return .{ .value = 0 };
}

/// Has a socket receive only what a classic BPF program accepts (bpf(4), struct sock_filter): 8 bytes an instruction.
pub fn attachFilter(fd: i32, program: []u8) sys.Result {
    if (program.len == 0 or program.len % 8 != 0 or program.len / 8 > std.math.maxInt(u16)) return sys.failed(.INVAL);
    const argument: uapi.sock_fprog = .{ .len = @intCast(program.len / 8), .filter = program.ptr };
    const bytes = std.mem.asBytes(&argument);
    return sys.call(linux.setsockopt, .{ fd, linux.SOL.SOCKET, linux.SO.ATTACH_FILTER, bytes, bytes.len });
}
