//! A kernel made of a table: which request gets which answer, in real netlink bytes.
//!
//! It behaves as the real one where that matters: a dump that is not read to its end makes the next one
//! fail with EBUSY, a datagram larger than the buffer is cut, and an empty queue is EAGAIN.

const std = @import("std");
const linux = std.os.linux;
const netlink = @import("../netlink.zig");
const snapshot = @import("../snapshot.zig");
const uapi = @import("../uapi.zig");

/// What was asked.
pub const Asked = struct {
    type: u16,
    dump: bool,
    family: u8,
    /// Of a route request.
    table: u32 = 0,
    protocol: u8 = 0,
    interface: u32 = 0,
};

/// Which requests an answer is for; what is null is not looked at.
pub const Question = struct {
    type: u16,
    family: ?u8 = null,
    table: ?u32 = null,
    protocol: ?u8 = null,
    interface: ?u32 = null,

    fn matches(self: Question, asked: Asked) bool {
        return self.type == asked.type and
            (self.family orelse asked.family) == asked.family and
            (self.table orelse asked.table) == asked.table and
            (self.protocol orelse asked.protocol) == asked.protocol and
            (self.interface orelse asked.interface) == asked.interface;
    }
};

pub const Answer = struct {
    messages: []const []const u8 = &.{},
    /// Messages in one datagram.
    datagram_messages: usize = std.math.maxInt(usize),
    /// NLM_F_DUMP_INTR on every message.
    interrupted: bool = false,
    done: enum { same_datagram, next_datagram, never } = .same_datagram,
    /// What NLMSG_DONE says: 0 or minus an errno.
    done_code: i32 = 0,
    /// NLMSG_ERROR instead of everything else.
    error_code: ?i32 = null,
    /// Around each message one of another sequence and one of another port.
    strangers: bool = false,
    /// How receive() fails once the datagrams are read.
    failure: ?netlink.Error = null,
    /// These datagrams as they are, instead of everything else.
    raw: ?[]const []const u8 = null,
};

const Entry = struct {
    question: Question,
    answer: Answer,
    times: usize,
};

pub const FakeKernel = struct {
    arena: std.heap.ArenaAllocator,
    port: u32 = 4711,
    errno: u32 = 0,
    reopened: u32 = 0,
    /// Of the last receive, and the smallest of all.
    room: usize = 0,
    room_smallest: usize = std.math.maxInt(usize),
    /// How many of the next walks are under way while something else changes.
    disturbances: u32 = 0,
    asked: std.ArrayList(Asked) = .empty,
    entries: std.ArrayList(Entry) = .empty,
    queue: std.ArrayList([]const u8) = .empty,
    queue_at: usize = 0,
    failure: ?netlink.Error = null,

    pub fn init() FakeKernel {
        return .{ .arena = .init(std.testing.allocator) };
    }

    pub fn deinit(self: *FakeKernel) void {
        self.arena.deinit();
    }

    /// Answers a question from now on; of several that match the earliest counts.
    pub fn on(self: *FakeKernel, question: Question, answer: Answer) !void {
        try self.onFirst(std.math.maxInt(usize), question, answer);
    }

    /// Answers a question so many times.
    pub fn onFirst(self: *FakeKernel, times: usize, question: Question, answer: Answer) !void {
        try self.entries.append(self.arena.allocator(), .{ .question = question, .answer = answer, .times = times });
    }

    /// How often it was asked so.
    pub fn count(self: *const FakeKernel, question: Question) usize {
        var sum: usize = 0;
        for (self.asked.items) |asked| sum += @intFromBool(question.matches(asked));
        return sum;
    }

    pub fn send(self: *FakeKernel, bytes: []const u8) netlink.Error!void {
        const asked, const header = parse(bytes);
        self.respond(asked, header) catch @panic("out of memory");
    }

    pub fn receive(self: *FakeKernel, buffer: []u8) netlink.Error!usize {
        // What is smaller makes the real kernel end dumps early.
        std.debug.assert(buffer.len >= snapshot.scratch_size_min / 2);
        self.room = buffer.len;
        self.room_smallest = @min(self.room_smallest, buffer.len);
        if (self.queue_at == self.queue.items.len) {
            if (self.failure) |failure| {
                self.failure = null;
                return failure;
            }
            self.errno = @intFromEnum(linux.E.AGAIN);
            return error.SystemCall;
        }
        const datagram = self.queue.items[self.queue_at];
        self.queue_at += 1;
        if (datagram.len > buffer.len) return error.Truncated;
        @memcpy(buffer[0..datagram.len], datagram);
        return datagram.len;
    }

    pub fn listen(_: *FakeKernel, group: u32, _: []u8) void {
        std.debug.assert(group == uapi.RTNLGRP_IPV6_ROUTE);
    }

    pub fn disturbed(self: *FakeKernel, _: []u8) bool {
        if (self.disturbances == 0) return false;
        self.disturbances -= 1;
        return true;
    }

    pub fn reopen(self: *FakeKernel) netlink.Error!void {
        self.reopened += 1;
        self.port += 1;
        self.queue_at = self.queue.items.len;
        self.failure = null;
    }

    fn respond(self: *FakeKernel, asked: Asked, header: uapi.nlmsghdr) !void {
        try self.asked.append(self.arena.allocator(), asked);
        if (self.queue_at < self.queue.items.len) return self.put(.{ .error_code = -16 }, asked, header);
        for (self.entries.items) |*entry| {
            if (entry.times == 0 or !entry.question.matches(asked)) continue;
            entry.times -= 1;
            self.failure = entry.answer.failure;
            return self.put(entry.answer, asked, header);
        }
        // Nothing of that kind: an empty dump, or no route.
        try self.put(if (asked.dump) .{} else .{ .error_code = -101 }, asked, header);
    }

    fn put(self: *FakeKernel, answer: Answer, asked: Asked, header: uapi.nlmsghdr) !void {
        const allocator = self.arena.allocator();
        if (answer.raw) |raw| return self.queue.appendSlice(allocator, raw);
        var datagram: std.ArrayList(u8) = .empty;
        if (answer.error_code) |code| {
            const payload: extern struct { code: i32, header: uapi.nlmsghdr } = .{ .code = code, .header = header };
            try self.append(&datagram, header, uapi.NLMSG_ERROR, 0, std.mem.asBytes(&payload));
            return self.queue.append(allocator, datagram.items);
        }
        const flags = uapi.NLM_F_MULTI | if (answer.interrupted) uapi.NLM_F_DUMP_INTR else 0;
        for (answer.messages, 0..) |each, i| {
            if (i > 0 and i % answer.datagram_messages == 0) {
                try self.queue.append(allocator, datagram.items);
                datagram = .empty;
            }
            try self.appendMessage(&datagram, header, flags, each, answer.strangers);
        }
        if (asked.dump and answer.done != .never) {
            if (answer.done == .next_datagram and datagram.items.len > 0) {
                try self.queue.append(allocator, datagram.items);
                datagram = .empty;
            }
            try self.append(&datagram, header, uapi.NLMSG_DONE, flags, std.mem.asBytes(&answer.done_code));
        }
        if (datagram.items.len > 0) try self.queue.append(allocator, datagram.items);
    }

    fn appendMessage(
        self: *FakeKernel,
        datagram: *std.ArrayList(u8),
        header: uapi.nlmsghdr,
        flags: u16,
        bytes: []const u8,
        strangers: bool,
    ) !void {
        const message_type = std.mem.readInt(u16, bytes[0..2], .little);
        if (strangers) {
            var late = header;
            late.nlmsg_seq -%= 1;
            try self.append(datagram, late, message_type, flags | uapi.NLM_F_DUMP_INTR, bytes[2..]);
            try self.append(datagram, late, uapi.NLMSG_DONE, flags, &.{ 0xff, 0xff, 0xff, 0xff });
        }
        try self.append(datagram, header, message_type, flags, bytes[2..]);
        if (!strangers) return;
        self.port += 1;
        defer self.port -= 1;
        try self.append(datagram, header, message_type, flags | uapi.NLM_F_DUMP_INTR, bytes[2..]);
        try self.append(datagram, header, uapi.NLMSG_ERROR, flags, &.{ 0xff, 0xff, 0xff, 0xff });
    }

    fn append(
        self: *FakeKernel,
        datagram: *std.ArrayList(u8),
        request: uapi.nlmsghdr,
        message_type: u16,
        flags: u16,
        payload: []const u8,
    ) !void {
        const header: uapi.nlmsghdr = .{
            .nlmsg_len = @intCast(@sizeOf(uapi.nlmsghdr) + payload.len),
            .nlmsg_type = message_type,
            .nlmsg_flags = flags,
            .nlmsg_seq = request.nlmsg_seq,
            .nlmsg_pid = self.port,
        };
        const allocator = self.arena.allocator();
        try datagram.appendSlice(allocator, std.mem.asBytes(&header));
        try datagram.appendSlice(allocator, payload);
        try datagram.appendNTimes(allocator, 0, netlink.aligned(payload.len) - payload.len);
    }

    // What the messages of an answer are made of: two bytes of type, then the payload.

    pub fn message(self: *FakeKernel, message_type: u16, fixed: anytype, attributes: []const []const u8) ![]const u8 {
        const allocator = self.arena.allocator();
        var bytes: std.ArrayList(u8) = .empty;
        try bytes.appendSlice(allocator, std.mem.asBytes(&message_type));
        try bytes.appendSlice(allocator, std.mem.asBytes(&fixed));
        for (attributes) |each| try bytes.appendSlice(allocator, each);
        return bytes.items;
    }

    pub fn attribute(self: *FakeKernel, attribute_type: u16, payload: []const u8) ![]const u8 {
        const allocator = self.arena.allocator();
        var bytes: std.ArrayList(u8) = .empty;
        const header: uapi.nlattr = .{
            .nla_len = @intCast(@sizeOf(uapi.nlattr) + payload.len),
            .nla_type = attribute_type,
        };
        try bytes.appendSlice(allocator, std.mem.asBytes(&header));
        try bytes.appendSlice(allocator, payload);
        try bytes.appendNTimes(allocator, 0, netlink.aligned(payload.len) - payload.len);
        return bytes.items;
    }

    pub fn number(self: *FakeKernel, attribute_type: u16, value: u32) ![]const u8 {
        return self.attribute(attribute_type, std.mem.asBytes(&value));
    }

    pub fn link(self: *FakeKernel, index: i32, name: []const u8, more: []const []const u8) ![]const u8 {
        var fixed = std.mem.zeroes(uapi.ifinfomsg);
        fixed.ifi_index = index;
        fixed.ifi_flags = uapi.IFF_UP;
        const attributes = try std.mem.concat(self.arena.allocator(), []const u8, &.{
            &.{try self.attribute(uapi.IFLA_IFNAME, name)},
            more,
        });
        return self.message(uapi.RTM_NEWLINK, fixed, attributes);
    }

    /// A VRF device, with its table where the kernel puts it.
    pub fn vrf(self: *FakeKernel, index: i32, name: []const u8, table: u32) ![]const u8 {
        const data = try self.attribute(uapi.IFLA_INFO_DATA, try self.number(uapi.IFLA_VRF_TABLE, table));
        const kind = try self.attribute(uapi.IFLA_INFO_KIND, "vrf\x00");
        const information = try std.mem.concat(self.arena.allocator(), u8, &.{ kind, data });
        return self.link(index, name, &.{try self.attribute(uapi.IFLA_LINKINFO, information)});
    }

    pub fn address(self: *FakeKernel, interface: u32, bytes: []const u8) ![]const u8 {
        var fixed = std.mem.zeroes(uapi.ifaddrmsg);
        fixed.ifa_family = familyOf(bytes);
        fixed.ifa_prefixlen = 24;
        fixed.ifa_index = interface;
        return self.message(uapi.RTM_NEWADDR, fixed, &.{try self.attribute(uapi.IFA_ADDRESS, bytes)});
    }

    pub const Route = struct {
        family: u8 = linux.AF.INET6,
        table: u32 = uapi.RT_TABLE_MAIN,
        protocol: u8 = uapi.RTPROT_STATIC,
        type: u8 = uapi.RTN_UNICAST,
        flags: u32 = 0,
        /// The prefix' first four bytes; 0 is the default route.
        prefix: u32 = 0,
        interface: u32 = 2,
        nexthop: u32 = 0,
        /// In hundredths of a second.
        expires: i32 = 0,
    };

    pub fn route(self: *FakeKernel, init_: Route) ![]const u8 {
        var fixed = std.mem.zeroes(uapi.rtmsg);
        fixed.rtm_family = init_.family;
        fixed.rtm_dst_len = if (init_.prefix == 0) 0 else 32;
        fixed.rtm_protocol = init_.protocol;
        fixed.rtm_type = init_.type;
        fixed.rtm_flags = init_.flags;
        // RT_TABLE_COMPAT stands for what eight bits do not hold.
        fixed.rtm_table = if (init_.table > 255) 252 else @intCast(init_.table);
        var destination: [16]u8 = @splat(0);
        std.mem.writeInt(u32, destination[0..4], init_.prefix, .big);
        const size: usize = if (init_.family == linux.AF.INET) 4 else 16;
        var cache = std.mem.zeroes(uapi.rta_cacheinfo);
        cache.rta_expires = init_.expires;
        return self.message(uapi.RTM_NEWROUTE, fixed, &.{
            if (init_.prefix == 0) &.{} else try self.attribute(uapi.RTA_DST, destination[0..size]),
            try self.number(uapi.RTA_TABLE, init_.table),
            if (init_.nexthop != 0) try self.number(uapi.RTA_NH_ID, init_.nexthop) else &.{},
            if (init_.interface != 0) try self.number(uapi.RTA_OIF, init_.interface) else &.{},
            try self.attribute(uapi.RTA_CACHEINFO, std.mem.asBytes(&cache)),
        });
    }

    pub fn rule(self: *FakeKernel, table: u32) ![]const u8 {
        var fixed = std.mem.zeroes(uapi.fib_rule_hdr);
        fixed.family = linux.AF.INET6;
        fixed.action = uapi.FR_ACT_TO_TBL;
        return self.message(uapi.RTM_NEWRULE, fixed, &.{try self.number(uapi.FRA_TABLE, table)});
    }

    pub fn l3mdevRule(self: *FakeKernel) ![]const u8 {
        var fixed = std.mem.zeroes(uapi.fib_rule_hdr);
        fixed.family = linux.AF.INET6;
        fixed.action = uapi.FR_ACT_TO_TBL;
        return self.message(uapi.RTM_NEWRULE, fixed, &.{try self.attribute(uapi.FRA_L3MDEV, &.{1})});
    }
};

fn familyOf(bytes: []const u8) u8 {
    return if (bytes.len == 4) linux.AF.INET else linux.AF.INET6;
}

fn parse(bytes: []const u8) struct { Asked, uapi.nlmsghdr } {
    const header = netlink.read(uapi.nlmsghdr, bytes);
    std.debug.assert(header.nlmsg_len == bytes.len);
    std.debug.assert(header.nlmsg_flags & uapi.NLM_F_REQUEST != 0);
    const payload = bytes[@sizeOf(uapi.nlmsghdr)..];
    var asked: Asked = .{
        .type = header.nlmsg_type,
        .dump = header.nlmsg_flags & uapi.NLM_F_DUMP == uapi.NLM_F_DUMP,
        .family = payload[0],
    };
    if (asked.type == uapi.RTM_GETROUTE) {
        asked.protocol = netlink.read(uapi.rtmsg, payload).rtm_protocol;
        var attributes = netlink.Attributes.after(uapi.rtmsg, payload) catch unreachable;
        while (attributes.next() catch unreachable) |each| switch (each.type) {
            uapi.RTA_TABLE => asked.table = each.int(u32).?,
            uapi.RTA_OIF => asked.interface = each.int(u32).?,
            else => {},
        };
    }
    return .{ asked, header };
}
