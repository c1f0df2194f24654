//! Every function the library exports, and nothing else: check, call, error to -errno.
//!
//! The shape of all of them: scalars and byte buffers in, one i32 out; zero or more is a value, less is
//! minus an errno(3). Memory belongs to the caller and is touched only during the call. A null pointer
//! with a length is EFAULT: a runtime passes null for a detached buffer.

const std = @import("std");
const builtin = @import("builtin");
const linux = std.os.linux;
const layout = @import("layout.zig");
const netlink = @import("netlink.zig");
const route_lookup = @import("route_lookup.zig");
const rtnetlink = @import("rtnetlink.zig");
const stream = @import("stream.zig");
const sys = @import("sys.zig");
const uapi = @import("uapi.zig");
const RecordWriter = @import("record_writer.zig").RecordWriter;
const RouteSocket = @import("route_socket.zig").RouteSocket;
const Snapshot = @import("snapshot.zig").Snapshot;
const scratch_size_min = @import("snapshot.zig").scratch_size_min;

/// The number the loader compares with the one it was generated for.
export fn mif_abi_version() i32 {
    return layout.abi_version;
}

/// Reads links, addresses, rules, routes and next hops of the calling thread's network namespace into `out`: a
/// SnapshotHeader, then records. Returns the size of the answer; where that is more than `out_size`, `out` holds
/// only a part and the call is to be repeated with more room. After an error the header's stage says where.
/// `scratch` is room for one datagram, 32 KiB or more. EINVAL where a buffer is too small for that.
export fn mif_snapshot(out: ?[*]u8, out_size: u32, scratch: ?[*]u8, scratch_size: u32) i32 {
    const answer = slice(out, out_size) orelse return failed(.FAULT);
    const room = slice(scratch, scratch_size) orelse return failed(.FAULT);
    if (answer.len < @sizeOf(layout.SnapshotHeader)) return failed(.INVAL);
    if (room.len < scratch_size_min) return failed(.INVAL);
    var socket: RouteSocket = .{};
    defer socket.close();
    var snapshot: Snapshot(RouteSocket) = .{
        .transport = &socket,
        .scratch = room,
        .writer = .{ .bytes = answer },
    };
    const size = if (socket.open()) snapshot.take() else |failure| failure;
    @memcpy(answer[0..@sizeOf(layout.SnapshotHeader)], std.mem.asBytes(&snapshot.header));
    return if (size) |bytes|
        std.math.cast(i32, bytes) orelse failed(.FBIG)
    else |failure|
        netlinkFailed(failure, socket.errno, snapshot.errno);
}

/// Turns the netlink messages of one datagram into records. Returns the size of the records; where that is
/// more than `out_size`, `out` holds only a part. EBADMSG where lengths contradict each other.
export fn mif_netlink_decode(datagram: ?[*]u8, datagram_size: u32, out: ?[*]u8, out_size: u32) i32 {
    const bytes = slice(datagram, datagram_size) orelse return failed(.FAULT);
    var writer: RecordWriter = .{ .bytes = slice(out, out_size) orelse return failed(.FAULT) };
    var messages: netlink.Messages = .{ .bytes = bytes };
    while (messages.next() catch return failed(.BADMSG)) |message| {
        rtnetlink.decode(message, writer.sink()) catch return failed(.BADMSG);
    }
    return std.math.cast(i32, writer.position) orelse failed(.FBIG);
}

/// Asks the kernel for the route to `destination` (4 or 16 bytes) from `source` (as many, or none), out of
/// `interface` and with `mark` where they are not 0; writes one RouteRecord and returns its size. ENETUNREACH,
/// EHOSTUNREACH, EACCES, EINVAL: the kernel's own refusal. ENODATA where it gave no route.
export fn mif_route_lookup(
    destination: ?[*]u8,
    destination_size: u32,
    source: ?[*]u8,
    source_size: u32,
    interface: u32,
    mark: u32,
    out: ?[*]u8,
    out_size: u32,
) i32 {
    const question: route_lookup.Question = .{
        .destination = slice(destination, destination_size) orelse return failed(.FAULT),
        .source = slice(source, source_size) orelse return failed(.FAULT),
        .interface = interface,
        .mark = mark,
    };
    const answer = slice(out, out_size) orelse return failed(.FAULT);
    const size = question.destination.len;
    if (size != 4 and size != 16) return failed(.INVAL);
    if (question.source.len != 0 and question.source.len != size) return failed(.INVAL);
    if (answer.len < @sizeOf(layout.RouteRecord)) return failed(.INVAL);
    var socket: RouteSocket = .{};
    defer socket.close();
    var scratch: [4096]u8 = undefined;
    var errno: u32 = 0;
    socket.open() catch |failure| return netlinkFailed(failure, socket.errno, errno);
    const route = route_lookup.lookup(&socket, question, &scratch, &errno) catch |failure|
        return netlinkFailed(failure, socket.errno, errno);
    @memcpy(answer[0..@sizeOf(layout.RouteRecord)], std.mem.asBytes(&(route orelse return failed(.NODATA))));
    return @sizeOf(layout.RouteRecord);
}

/// Opens a non-blocking NETLINK_ROUTE socket that hears one multicast group (rtnetlink(7)); returns its descriptor.
export fn mif_netlink_join(group: u32) i32 {
    var socket: RouteSocket = .{};
    joined: {
        socket.open() catch break :joined;
        socket.join(group) catch break :joined;
        return socket.fd;
    }
    socket.close();
    return -@as(i32, @intCast(socket.errno));
}

/// Receives one datagram of such a socket; returns its size. EAGAIN where none waits, ENOBUFS where the kernel had
/// to drop some, EMSGSIZE where the buffer was too small.
export fn mif_netlink_receive(fd: i32, out: ?[*]u8, out_size: u32) i32 {
    const bytes = slice(out, out_size) orelse return failed(.FAULT);
    var socket: RouteSocket = .{ .fd = fd };
    const length = socket.receive(bytes) catch |failure| return netlinkFailed(failure, socket.errno, 0);
    return std.math.cast(i32, length) orelse failed(.FBIG);
}

/// Connects to a unix(7) stream socket, at most `timeout_ms` long; returns a non-blocking descriptor.
export fn mif_unix_connect(path: ?[*]u8, path_size: u32, timeout_ms: u32) i32 {
    const bytes = slice(path, path_size) orelse return failed(.FAULT);
    return result(stream.connectUnix(bytes, timeout_ms));
}

/// Writes all bytes to a stream, at most `timeout_ms` long; returns their number. ETIMEDOUT where it took longer.
export fn mif_stream_write(fd: i32, bytes: ?[*]u8, size: u32, timeout_ms: u32) i32 {
    return result(stream.write(fd, slice(bytes, size) orelse return failed(.FAULT), timeout_ms));
}

/// Reads what there is from a stream, waiting at most `timeout_ms` for the first byte; 0 is its end. EINVAL
/// without room for a byte, for that would look like the end.
export fn mif_stream_read(fd: i32, out: ?[*]u8, size: u32, timeout_ms: u32) i32 {
    if (size == 0) return failed(.INVAL);
    return result(stream.read(fd, slice(out, size) orelse return failed(.FAULT), timeout_ms));
}

/// Closes a descriptor this library opened.
export fn mif_close(fd: i32) i32 {
    if (fd < 0) return failed(.BADF);
    sys.close(fd);
    return 0;
}

/// The caller's bytes; null where the pointer is null though bytes were promised.
fn slice(pointer: ?[*]u8, size: u32) ?[]u8 {
    if (size == 0) return &.{};
    return (pointer orelse return null)[0..size];
}

fn failed(errno: linux.E) i32 {
    return -@as(i32, @intFromEnum(errno));
}

fn result(outcome: sys.Result) i32 {
    return switch (outcome) {
        .value => |value| std.math.cast(i32, value) orelse failed(.FBIG),
        .errno => |errno| -@as(i32, @intCast(errno)),
    };
}

/// The one place where Zig's errors end.
fn netlinkFailed(failure: netlink.Error, socket_errno: u32, kernel_errno: u32) i32 {
    return switch (failure) {
        error.SystemCall => -@as(i32, @intCast(socket_errno)),
        error.Refused => -@as(i32, @intCast(kernel_errno)),
        error.Truncated => failed(.MSGSIZE),
        error.Malformed => failed(.BADMSG),
        error.Overrun => failed(.NOBUFS),
    };
}

/// A safety check that fires ends the process at once: no message, no unwinder, no libc.
pub const panic = if (builtin.is_test) std.debug.FullPanic(std.debug.defaultPanic) else std.debug.no_panic;

comptime {
    std.debug.assert(builtin.cpu.arch.endian() == .little);
}
