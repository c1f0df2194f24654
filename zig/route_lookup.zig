//! Asks the kernel which route it would take (RTM_GETROUTE without a dump): no packet, no privilege.

const std = @import("std");
const linux = std.os.linux;
const layout = @import("layout.zig");
const netlink = @import("netlink.zig");
const rtnetlink = @import("rtnetlink.zig");
const uapi = @import("uapi.zig");
const Request = @import("request.zig").Request;
const RouteSocket = @import("route_socket.zig").RouteSocket;

pub const Question = struct {
    /// 4 or 16 bytes.
    destination: []const u8,
    /// The source the packet would carry, or empty; of the destination's family.
    source: []const u8,
    /// The interface it would be bound to, or 0.
    interface: u32,
    /// The mark it would carry (SO_MARK), or 0.
    mark: u32,
};

/// Collects the one answer.
const Answer = struct {
    route: ?layout.RouteRecord = null,

    pub fn message(self: *Answer, received: netlink.Message) netlink.Error!void {
        try rtnetlink.decode(received, .{ .context = self, .take = take });
    }

    fn take(context: *anyopaque, record: *const rtnetlink.Record) void {
        const self: *Answer = @ptrCast(@alignCast(context));
        switch (record.*) {
            .route => |route| self.route = self.route orelse route,
            else => {},
        }
    }
};

/// One socket for the questions of the whole process, kept open: opening it costs more than a question.
var kept: RouteSocket = .{};
var kept_busy: std.atomic.Value(bool) = .init(false);
/// Tells an answer from one to an earlier question that was not read.
var sequence: std.atomic.Value(u32) = .init(1);

/// Asks over the kept socket, or over one of our own while another thread uses it. `errno` is set with
/// `error.Refused` and `error.SystemCall`.
pub fn ask(question: Question, errno: *u32) netlink.Error!?layout.RouteRecord {
    // One route is a few hundred bytes; more room takes time to be made.
    var scratch: [1024]u8 = undefined;
    if (kept_busy.swap(true, .acquire)) {
        var own: RouteSocket = .{};
        defer own.close();
        return askOver(&own, question, &scratch, errno);
    }
    defer kept_busy.store(false, .release);
    return askOver(&kept, question, &scratch, errno) catch |failure| {
        // A refusal is an answer. After anything else nobody knows what still waits in the socket.
        if (failure != error.Refused) kept.close();
        return failure;
    };
}

fn askOver(
    route_socket: *RouteSocket,
    question: Question,
    scratch: []u8,
    errno: *u32,
) netlink.Error!?layout.RouteRecord {
    errdefer |failure| if (failure == error.SystemCall) {
        errno.* = route_socket.errno;
    };
    if (route_socket.fd < 0) try route_socket.open();
    return lookup(route_socket, sequence.fetchAdd(1, .monotonic), question, scratch, errno);
}

/// The route, or null where the kernel answered with something else. `number` is the request's own; `errno` is set
/// with `error.Refused`.
pub fn lookup(
    transport: anytype,
    number: u32,
    question: Question,
    scratch: []u8,
    errno: *u32,
) netlink.Error!?layout.RouteRecord {
    var fixed = std.mem.zeroes(uapi.rtmsg);
    fixed.rtm_family = if (question.destination.len == 4) linux.AF.INET else linux.AF.INET6;
    fixed.rtm_dst_len = @intCast(question.destination.len * 8);
    fixed.rtm_src_len = @intCast(question.source.len * 8);
    var request = Request.get(uapi.RTM_GETROUTE, fixed);
    request.attributeBytes(uapi.RTA_DST, question.destination);
    if (question.source.len > 0) request.attributeBytes(uapi.RTA_SRC, question.source);
    if (question.interface != 0) request.attribute(uapi.RTA_OIF, question.interface);
    if (question.mark != 0) request.attribute(uapi.RTA_MARK, question.mark);
    var answer: Answer = .{};
    _ = try netlink.request(transport, request.finish(number), scratch, 1, errno, &answer);
    return answer.route;
}
