//! Every function the library exports, and nothing else: check, call, error to -errno.
//!
//! The shape of all of them: scalars and byte buffers in, one i32 out; zero or more is a value, less is
//! minus an errno(3). Memory belongs to the caller and is touched only during the call. A null pointer
//! with a length is EFAULT: a runtime passes null for a detached buffer.

const std = @import("std");
const builtin = @import("builtin");
const linux = std.os.linux;
const change = @import("change.zig");
const confinement = @import("confinement.zig");
const layout = @import("layout.zig");
const netlink = @import("netlink.zig");
const ownership = @import("ownership.zig");
const process_state = @import("process_state.zig");
const pthread = @import("pthread.zig");
const reactor = @import("reactor.zig");
const route_lookup = @import("route_lookup.zig");
const rtnetlink = @import("rtnetlink.zig");
const socket = @import("socket.zig");
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
    return reading(out, out_size, scratch, scratch_size, Snapshot(RouteSocket).take, .{});
}

/// Reads all routes of a table and a protocol (rtnetlink(7)), 0 for any, of both families, into `out`: a
/// SnapshotHeader, then RouteRecords. Sizes and buffers as in `mif_snapshot`.
export fn mif_routes(table: u32, protocol: u32, out: ?[*]u8, out_size: u32, scratch: ?[*]u8, scratch_size: u32) i32 {
    const only = if (table == 0) null else table;
    const wanted = std.math.cast(u8, protocol) orelse return failed(.INVAL);
    return reading(out, out_size, scratch, scratch_size, Snapshot(RouteSocket).takeRoutes, .{ only, wanted });
}

/// Changes one route, rule or address: `record` is a RouteRecord, RuleRecord or AddressRecord, `operation` 1 adds
/// what is not there yet, 2 replaces a route or an address' lifetimes, 3 removes. 0 when the kernel has done it;
/// EINVAL for what is no such record; EPERM without CAP_NET_ADMIN, EEXIST, ESRCH and so on: the kernel's own refusal.
export fn mif_netlink_change(operation: u32, record: ?[*]u8, size: u32) i32 {
    const bytes = slice(record, size) orelse return failed(.FAULT);
    const wanted: change.Operation = switch (operation) {
        1 => .add,
        2 => .replace,
        3 => .remove,
        else => return failed(.INVAL),
    };
    var request = change.encode(wanted, bytes) catch return failed(.INVAL);
    var route_socket: RouteSocket = .{};
    defer route_socket.close();
    var scratch: [4096]u8 = undefined;
    var errno: u32 = 0;
    route_socket.open() catch |failure| return netlinkFailed(failure, route_socket.errno, errno);
    change.apply(&route_socket, &request, &scratch, &errno) catch |failure|
        return netlinkFailed(failure, route_socket.errno, errno);
    return 0;
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
    var errno: u32 = 0;
    const route = route_lookup.ask(question, &errno) catch |failure| return netlinkFailed(failure, errno, errno);
    @memcpy(answer[0..@sizeOf(layout.RouteRecord)], std.mem.asBytes(&(route orelse return failed(.NODATA))));
    return @sizeOf(layout.RouteRecord);
}

/// Opens a non-blocking NETLINK_ROUTE socket that hears one multicast group (rtnetlink(7)); returns its descriptor.
export fn mif_netlink_join(group: u32) i32 {
    var route_socket: RouteSocket = .{};
    joined: {
        route_socket.open() catch break :joined;
        route_socket.join(group) catch break :joined;
        return owned(route_socket.fd);
    }
    route_socket.close();
    return -@as(i32, @intCast(route_socket.errno));
}

/// Receives one datagram of such a socket; returns its size. EAGAIN where none waits, ENOBUFS where the kernel had
/// to drop some, EMSGSIZE where the buffer was too small.
export fn mif_netlink_receive(fd: i32, out: ?[*]u8, out_size: u32) i32 {
    const bytes = slice(out, out_size) orelse return failed(.FAULT);
    var route_socket: RouteSocket = .{ .fd = fd };
    const length = route_socket.receive(bytes) catch |failure| return netlinkFailed(failure, route_socket.errno, 0);
    return std.math.cast(i32, length) orelse failed(.FBIG);
}

/// Connects to a unix(7) stream socket, at most `timeout_ms` long; returns a non-blocking descriptor.
export fn mif_unix_connect(path: ?[*]u8, path_size: u32, timeout_ms: u32) i32 {
    const bytes = slice(path, path_size) orelse return failed(.FAULT);
    return owned(result(stream.connectUnix(bytes, timeout_ms)));
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

/// socket(2), non-blocking and close-on-exec; returns the descriptor, which the calling thread owns.
export fn mif_socket(family: u32, kind: u32, protocol: u32) i32 {
    const flags = linux.SOCK.NONBLOCK | linux.SOCK.CLOEXEC;
    const outcome = sys.call(linux.socket, .{ family, kind | flags, protocol });
    return if (outcome == .errno) result(outcome) else owned(@bitCast(outcome.value));
}

/// bind(2) to a sockaddr.
export fn mif_bind(fd: i32, address: ?[*]u8, size: u32) i32 {
    var name = socketAddress(address, size) orelse return failed(.INVAL);
    return result(sys.call(linux.bind, .{ fd, name.pointer(), size }));
}

/// connect(2); EINPROGRESS where it goes on.
export fn mif_connect(fd: i32, address: ?[*]u8, size: u32) i32 {
    var name = socketAddress(address, size) orelse return failed(.INVAL);
    return result(sys.call(linux.connect, .{ fd, @as(*const anyopaque, name.pointer()), size }));
}

/// listen(2).
export fn mif_listen(fd: i32, backlog: u32) i32 {
    return result(sys.call(linux.listen, .{ fd, backlog }));
}

/// accept4(2), non-blocking and close-on-exec; writes the peer's sockaddr, returns the descriptor.
export fn mif_accept(fd: i32, address: ?[*]u8, size: u32) i32 {
    const out = slice(address, size) orelse return failed(.FAULT);
    if (out.len < layout.address_size) return failed(.INVAL);
    var name: SocketAddress = .{};
    var length: linux.socklen_t = layout.address_size;
    const flags = linux.SOCK.NONBLOCK | linux.SOCK.CLOEXEC;
    const outcome = sys.call(linux.accept4, .{ fd, name.pointer(), &length, flags });
    @memcpy(out[0..layout.address_size], &name.bytes);
    return result(outcome);
}

/// shutdown(2).
export fn mif_shutdown(fd: i32, how: i32) i32 {
    return result(sys.call(linux.shutdown, .{ fd, how }));
}

/// getsockname(2), or getpeername(2) where `peer` is not 0; returns the length of the sockaddr.
export fn mif_getsockname(fd: i32, peer: u32, address: ?[*]u8, size: u32) i32 {
    const out = slice(address, size) orelse return failed(.FAULT);
    if (out.len < layout.address_size) return failed(.INVAL);
    var name: SocketAddress = .{};
    var length: linux.socklen_t = layout.address_size;
    const outcome = if (peer == 0)
        sys.call(linux.getsockname, .{ fd, name.pointer(), &length })
    else
        sys.call(linux.getpeername, .{ fd, name.pointer(), &length });
    if (outcome == .errno) return result(outcome);
    @memcpy(out[0..layout.address_size], &name.bytes);
    return @intCast(@min(length, layout.address_size));
}

/// The descriptor of the TCP connection between two sockaddrs, of which the runtime does not tell it; `expected` is
/// tried first. ENOENT where there is none.
export fn mif_find_connection(expected: i32, local: ?[*]u8, local_size: u32, peer: ?[*]u8, peer_size: u32) i32 {
    const own = slice(local, local_size) orelse return failed(.FAULT);
    return result(socket.findConnection(expected, own, slice(peer, peer_size) orelse return failed(.FAULT)));
}

/// setsockopt(2). The value of SO_ATTACH_FILTER is the program itself (socket.zig), not the kernel's pointer to one.
export fn mif_setsockopt(fd: i32, level: i32, name: u32, value: ?[*]u8, size: u32) i32 {
    const bytes = slice(value, size) orelse return failed(.FAULT);
    if (level == linux.SOL.SOCKET and name == linux.SO.ATTACH_FILTER) return result(socket.attachFilter(fd, bytes));
    return result(sys.call(linux.setsockopt, .{ fd, level, name, bytes.ptr, size }));
}

/// getsockopt(2); returns the length of the value.
export fn mif_getsockopt(fd: i32, level: i32, name: u32, value: ?[*]u8, size: u32) i32 {
    const bytes = slice(value, size) orelse return failed(.FAULT);
    var length: linux.socklen_t = size;
    const outcome = sys.call(linux.getsockopt, .{ fd, level, name, bytes.ptr, &length });
    return if (outcome == .errno) result(outcome) else std.math.cast(i32, length) orelse failed(.FBIG);
}

/// getsockopt(2) of many: `records` holds OptionRecords, which get their values. The errno of the first that fails.
export fn mif_getsockopts(fd: i32, records: ?[*]u8, size: u32) i32 {
    const bytes = slice(records, size) orelse return failed(.FAULT);
    if (bytes.len % @sizeOf(layout.OptionRecord) != 0) return failed(.INVAL);
    const first: [*]align(1) layout.OptionRecord = @ptrCast(bytes.ptr);
    return result(socket.readOptions(fd, first[0 .. bytes.len / @sizeOf(layout.OptionRecord)]));
}

/// recvmmsg(2) without waiting; `records` holds MessageRecords, which are updated. Returns the number of messages.
export fn mif_recvmmsg(
    fd: i32,
    records: ?[*]u8,
    records_size: u32,
    data: ?[*]u8,
    data_size: u32,
    addresses: ?[*]u8,
    addresses_size: u32,
    control: ?[*]u8,
    control_size: u32,
    flags: u32,
) i32 {
    return result(socket.receive(fd, .{
        .records = messageRecords(records, records_size) orelse return failed(.INVAL),
        .data = slice(data, data_size) orelse return failed(.INVAL),
        .addresses = slice(addresses, addresses_size) orelse return failed(.INVAL),
        .control = slice(control, control_size) orelse return failed(.INVAL),
    }, flags));
}

/// sendmsg(2) without waiting: `data` to the sockaddr `address`, or to the peer where it is empty. Returns the bytes
/// that were taken.
export fn mif_sendmsg(
    fd: i32,
    data: ?[*]u8,
    data_size: u32,
    address: ?[*]u8,
    address_size: u32,
    control: ?[*]u8,
    control_size: u32,
    flags: u32,
) i32 {
    var name: ?SocketAddress = null;
    if (address_size > 0) name = socketAddress(address, address_size) orelse return failed(.INVAL);
    return result(socket.send(fd, .{
        .data = slice(data, data_size) orelse return failed(.FAULT),
        .name = if (name) |*present| present.pointer() else null,
        .name_size = address_size,
        .control = slice(control, control_size) orelse return failed(.FAULT),
    }, flags));
}

/// sendmmsg(2) to the peer, without waiting; `records` holds MessageRecords. Returns the number of messages that went.
export fn mif_sendmmsg(fd: i32, records: ?[*]u8, records_size: u32, data: ?[*]u8, data_size: u32) i32 {
    return result(socket.sendMany(fd, .{
        .records = messageRecords(records, records_size) orelse return failed(.INVAL),
        .data = slice(data, data_size) orelse return failed(.INVAL),
    }));
}

/// dup(2), close-on-exec, for a runtime that will own it; returns the new descriptor.
export fn mif_dup(fd: i32) i32 {
    return result(sys.call(linux.fcntl, .{ fd, linux.F.DUPFD_CLOEXEC, 3 }));
}

/// Takes over a socket: makes it non-blocking, and the calling thread's. EBADF and ENOTSOCK, and EAFNOSUPPORT,
/// EPROTOTYPE and EPROTONOSUPPORT where it is not of this family, type, and, unless that is 0, protocol.
export fn mif_take(fd: i32, family: u32, kind: u32, protocol: u32) i32 {
    const outcome = socket.verify(fd, family, kind, protocol);
    return if (outcome == .errno) result(outcome) else owned(fd);
}

/// Gives a descriptor away: it is closed by whoever takes it. EBADF where it is not the calling thread's.
export fn mif_give(fd: i32) i32 {
    return if (ownership.disown(fd)) 0 else failed(.BADF);
}

/// Writes CLOCK_BOOTTIME as nanoseconds, 8 bytes: one clock for all processes since the machine started, which goes on
/// while it sleeps. Returns 0.
export fn mif_boot_time(out: ?[*]u8, size: u32) i32 {
    const bytes = slice(out, size) orelse return failed(.FAULT);
    if (bytes.len < 8) return failed(.INVAL);
    const time = sys.clock(.BOOTTIME);
    const nanoseconds = @as(u64, @intCast(time.sec)) * std.time.ns_per_s + @as(u64, @intCast(time.nsec));
    std.mem.writeInt(u64, bytes[0..8], nanoseconds, .little);
    return 0;
}

/// Closes a descriptor of the calling thread. EBADF where it is not.
export fn mif_close(fd: i32) i32 {
    if (!ownership.disown(fd)) return failed(.BADF);
    sys.close(fd);
    return 0;
}

/// Closes all that the calling thread has open: for a program that ends without its thread. Returns 0.
export fn mif_thread_end() i32 {
    ownership.closeAll();
    reactor.closeAll(false);
    return 0;
}

/// Opens a reactor for this thread (reactor.zig); strategy 0 is the first that works, 1 io_uring, 2 a thread. Writes
/// the descriptor the runtime is to adopt (4 bytes) and returns the reactor's number.
export fn mif_reactor_open(strategy: u32, adopted: ?[*]u8, size: u32) i32 {
    const out = slice(adopted, size) orelse return failed(.FAULT);
    if (out.len < 4 or strategy > 2) return failed(.INVAL);
    var opened: reactor.Opened = undefined;
    pthread.atEnd(threadEnded);
    const outcome = reactor.open(@enumFromInt(strategy), &opened);
    if (outcome == .errno) return result(outcome);
    @memcpy(out[0..4], std.mem.asBytes(&opened.adopted));
    return @intCast(opened.id);
}

/// epoll_ctl(2) on a reactor's set: operation 1 adds, 2 removes, 3 changes; events are edge-triggered.
export fn mif_reactor_watch(id: u32, operation: u32, fd: i32, events: u32) i32 {
    return result(reactor.watch(id, operation, fd, events));
}

/// Writes a ReadyRecord for each ready socket and returns their number. Fewer than there is room for, at most 64: the
/// reactor will wake again; else call once more.
export fn mif_reactor_take(id: u32, out: ?[*]u8, size: u32) i32 {
    const bytes = slice(out, size) orelse return failed(.FAULT);
    const count = bytes.len / @sizeOf(layout.ReadyRecord);
    const records: [*]align(1) layout.ReadyRecord = @ptrCast(bytes.ptr);
    return result(reactor.take(id, records[0..count]));
}

/// How a reactor waits: 1 io_uring, 2 a thread.
export fn mif_reactor_strategy(id: u32) i32 {
    return result(reactor.strategyOf(id));
}

/// A number that is another one after each `mif_process_state_set` of any thread of the process; 0 before the first.
export fn mif_process_state_version() i32 {
    return @intCast(process_state.version());
}

/// Keeps bytes for all threads of the process, in the place of those before; EFBIG beyond 1 MiB.
export fn mif_process_state_set(value: ?[*]u8, size: u32) i32 {
    const bytes = slice(value, size) orelse return failed(.FAULT);
    return if (process_state.set(bytes)) 0 else failed(.FBIG);
}

/// Copies the bytes that some thread of the process has set, as far as there is room; returns their number.
export fn mif_process_state_get(out: ?[*]u8, size: u32) i32 {
    return @intCast(process_state.get(slice(out, size) orelse return failed(.FAULT)));
}

/// Starts a program (confinement.zig): `request` is a ConfinementRequest with what follows it, `room` takes the
/// pointers, 8 bytes for each argument and variable and 32 more. Writes a ConfinementRecord; after an error its stage
/// says at what. EINVAL where the request contradicts itself.
export fn mif_confine(
    request: ?[*]u8,
    request_size: u32,
    room: ?[*]u8,
    room_size: u32,
    out: ?[*]u8,
    out_size: u32,
) i32 {
    const block = slice(request, request_size) orelse return failed(.FAULT);
    const pointers = slice(room, room_size) orelse return failed(.FAULT);
    const record = recordIn(layout.ConfinementRecord, out, out_size) orelse return failed(.FAULT);
    const program = confinement.Program.parse(block, pointers) orelse return failed(.INVAL);
    return result(confinement.start(program, record));
}

/// Takes the next system call of a confined program that waits for an answer: 1 and a NotificationRecord, or 0 where
/// none waits. EPIPE when no process is left that could make one.
export fn mif_seccomp_receive(listener: i32, out: ?[*]u8, out_size: u32) i32 {
    const record = recordIn(layout.NotificationRecord, out, out_size) orelse return failed(.FAULT);
    return result(confinement.receive(listener, record));
}

/// Whether the call of a notification (its 8 bytes of id) still waits: ENOENT where not.
export fn mif_seccomp_id_valid(listener: i32, id: ?[*]u8, size: u32) i32 {
    const number = word(id, size) orelse return failed(.FAULT);
    return result(confinement.waits(listener, number));
}

/// Answers it: `proceed` 1 lets the kernel make the call, 0 ends it with `errno`, or with success where that is 0.
export fn mif_seccomp_answer(listener: i32, id: ?[*]u8, size: u32, proceed: u32, errno: u32) i32 {
    const number = word(id, size) orelse return failed(.FAULT);
    if (errno > 4095) return failed(.INVAL);
    return result(confinement.answer(listener, number, proceed != 0, errno));
}

/// A duplicate of another thread's descriptor, pidfd_getfd(2).
export fn mif_pidfd_getfd(thread: u32, fd: i32) i32 {
    return owned(result(confinement.descriptorOf(thread, fd)));
}

/// process_vm_readv(2): reads another thread's memory; returns how much there was to read.
export fn mif_process_vm_readv(thread: u32, address: ?[*]u8, address_size: u32, out: ?[*]u8, out_size: u32) i32 {
    const at = word(address, address_size) orelse return failed(.FAULT);
    return result(confinement.readMemory(thread, at, slice(out, out_size) orelse return failed(.FAULT)));
}

/// How the child behind a pidfd ended: its status, or 256 and the signal that ended it. EAGAIN while it runs.
export fn mif_waitid(pidfd: i32) i32 {
    return result(confinement.statusOf(pidfd));
}

/// Forgets a program: its calls to come fail with ENOSYS. Returns 0.
export fn mif_confine_end(pidfd: i32, listener: i32) i32 {
    sys.close(pidfd);
    sys.close(listener);
    return 0;
}

/// Lets a snapshot take something into `out` over a socket of its own.
fn reading(
    out: ?[*]u8,
    out_size: u32,
    scratch: ?[*]u8,
    scratch_size: u32,
    comptime take: anytype,
    arguments: anytype,
) i32 {
    const answer = slice(out, out_size) orelse return failed(.FAULT);
    const room = slice(scratch, scratch_size) orelse return failed(.FAULT);
    if (answer.len < @sizeOf(layout.SnapshotHeader)) return failed(.INVAL);
    if (room.len < scratch_size_min) return failed(.INVAL);
    var route_socket: RouteSocket = .{};
    defer route_socket.close();
    var snapshot: Snapshot(RouteSocket) = .{
        .transport = &route_socket,
        .scratch = room,
        .writer = .{ .bytes = answer },
    };
    const size = if (route_socket.open()) @call(.auto, take, .{&snapshot} ++ arguments) else |failure| failure;
    @memcpy(answer[0..@sizeOf(layout.SnapshotHeader)], std.mem.asBytes(&snapshot.header));
    return if (size) |bytes|
        std.math.cast(i32, bytes) orelse failed(.FBIG)
    else |failure|
        netlinkFailed(failure, route_socket.errno, snapshot.errno);
}

/// The descriptor, which is the calling thread's from now on; or what failed.
fn owned(fd: i32) i32 {
    if (fd < 0) return fd;
    pthread.atEnd(threadEnded);
    ownership.own(fd);
    return fd;
}

fn threadEnded() void {
    ownership.closeAll();
    reactor.closeAll(true);
}

/// Room for a sockaddr, aligned as the kernel's type.
const SocketAddress = extern struct {
    bytes: [layout.address_size]u8 align(4) = @splat(0),

    fn pointer(self: *SocketAddress) *linux.sockaddr {
        return @ptrCast(&self.bytes);
    }
};

/// A copy of a sockaddr, aligned as the kernel's type; null where it is none.
fn socketAddress(address: ?[*]u8, size: u32) ?SocketAddress {
    const bytes = slice(address, size) orelse return null;
    if (bytes.len < 2 or bytes.len > layout.address_size) return null;
    var name: SocketAddress = .{};
    @memcpy(name.bytes[0..bytes.len], bytes);
    return name;
}

/// The caller's MessageRecords; null where they are not there, or are no whole number.
fn messageRecords(pointer: ?[*]u8, size: u32) ?[]align(1) layout.MessageRecord {
    const bytes = slice(pointer, size) orelse return null;
    if (bytes.len % @sizeOf(layout.MessageRecord) != 0) return null;
    const first: [*]align(1) layout.MessageRecord = @ptrCast(bytes.ptr);
    return first[0 .. bytes.len / @sizeOf(layout.MessageRecord)];
}

/// The caller's eight bytes as a number; null where they are not there.
fn word(pointer: ?[*]u8, size: u32) ?u64 {
    const bytes = slice(pointer, size) orelse return null;
    return if (bytes.len == 8) std.mem.readInt(u64, bytes[0..8], .little) else null;
}

/// The caller's record; null where there is no room for it.
fn recordIn(comptime Record: type, pointer: ?[*]u8, size: u32) ?*align(1) Record {
    const bytes = slice(pointer, size) orelse return null;
    return if (bytes.len < @sizeOf(Record)) null else @ptrCast(bytes.ptr);
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
