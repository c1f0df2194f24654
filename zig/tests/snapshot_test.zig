//! Snapshots of a fake kernel: one that is quiet, one that changes, refuses, loses or lies.

const std = @import("std");
const linux = std.os.linux;
const layout = @import("../layout.zig");
const netlink = @import("../netlink.zig");
const snapshot = @import("../snapshot.zig");
const uapi = @import("../uapi.zig");
const fake_kernel = @import("fake_kernel.zig");
const Answer = fake_kernel.Answer;
const FakeKernel = fake_kernel.FakeKernel;

const expect = std.testing.expect;
const expectEqual = std.testing.expectEqual;
const expectError = std.testing.expectError;

const header_size = @sizeOf(layout.SnapshotHeader);
const rules: fake_kernel.Question = .{ .type = uapi.RTM_GETRULE };
const links: fake_kernel.Question = .{ .type = uapi.RTM_GETLINK };
const addresses: fake_kernel.Question = .{ .type = uapi.RTM_GETADDR };
const routes4: fake_kernel.Question = .{ .type = uapi.RTM_GETROUTE, .family = linux.AF.INET };
const routes6: fake_kernel.Question = .{ .type = uapi.RTM_GETROUTE, .family = linux.AF.INET6 };
const nexthops: fake_kernel.Question = .{ .type = uapi.RTM_GETNEXTHOP };
const stages = [_]fake_kernel.Question{ rules, links, addresses, routes4, routes6 };

/// A fake kernel and what a snapshot of it gave.
const Taking = struct {
    kernel: FakeKernel = .init(),
    out: [64 * 1024]u8 = undefined,
    scratch: [snapshot.scratch_size_min]u8 = undefined,
    header: layout.SnapshotHeader = undefined,
    errno: u32 = 0,

    fn deinit(self: *Taking) void {
        self.kernel.deinit();
    }

    fn take(self: *Taking) netlink.Error!usize {
        return self.takeInto(&self.out);
    }

    fn takeInto(self: *Taking, out: []u8) netlink.Error!usize {
        var taken: snapshot.Snapshot(FakeKernel) = .{
            .transport = &self.kernel,
            .scratch = &self.scratch,
            .writer = .{ .bytes = out },
        };
        defer {
            self.header = taken.header;
            self.errno = taken.errno;
        }
        return taken.take();
    }

    /// The records of one type in an answer of so many bytes.
    fn records(self: *Taking, comptime Record: type, size: usize) ![]const Record {
        var found: std.ArrayList(Record) = .empty;
        const kind = (Record{}).kind;
        var at: usize = header_size;
        while (at < size) {
            const record_size = std.mem.readInt(u16, self.out[at + 2 ..][0..2], .little);
            try expect(record_size >= 4 and at + record_size <= size);
            if (self.out[at] == @intFromEnum(kind)) {
                try found.append(self.kernel.arena.allocator(), netlink.read(Record, self.out[at..]));
            }
            at += record_size;
        }
        try expectEqual(size, at);
        return found.items;
    }

    fn routes(self: *Taking, size: usize) ![]const layout.RouteRecord {
        return self.records(layout.RouteRecord, size);
    }

    /// IPv6 routes to 2001:db8::/32 and the prefixes after it.
    fn several(self: *Taking, template: FakeKernel.Route, count: u32) ![][]const u8 {
        const messages = try self.kernel.arena.allocator().alloc([]const u8, count);
        for (messages, 0..) |*message, i| {
            var init = template;
            init.prefix = 0x20010db8 + @as(u32, @intCast(i));
            message.* = try self.kernel.route(init);
        }
        return messages;
    }
};

test "a kernel without anything: each kind is asked once, the rules first, next hops not at all" {
    var taking: Taking = .{};
    defer taking.deinit();
    try expectEqual(header_size, try taking.take());
    const asked = taking.kernel.asked.items;
    try expectEqual(stages.len, asked.len);
    for (stages, asked) |stage, each| {
        try expectEqual(stage.type, each.type);
        try expectEqual(stage.family orelse 0, each.family);
        try expect(each.dump);
    }
    try expectEqual(header_size, taking.header.size);
    try expectEqual(0, taking.header.unsettled);
    try expectEqual(0, taking.header.repeats);
    try expectEqual(0, taking.kernel.reopened);
}

test "records of every kind, with NLMSG_DONE in the same datagram or the next" {
    for ([_]@FieldType(Answer, "done"){ .same_datagram, .next_datagram }) |done| {
        var taking: Taking = .{};
        defer taking.deinit();
        const kernel = &taking.kernel;
        try kernel.on(rules, .{ .done = done, .messages = &.{try kernel.rule(254)} });
        const two = [_][]const u8{ try kernel.link(1, "lo", &.{}), try kernel.link(2, "h0", &.{}) };
        try kernel.on(links, .{ .done = done, .messages = &two });
        try kernel.on(addresses, .{ .done = done, .messages = &.{try kernel.address(2, &.{ 10, 0, 0, 2 })} });
        try kernel.on(routes4, .{ .done = done, .messages = &.{try kernel.route(.{ .family = linux.AF.INET })} });
        try kernel.on(routes6, .{ .done = done, .messages = &.{try kernel.route(.{})} });
        const size = try taking.take();
        try expectEqual(1, (try taking.records(layout.RuleRecord, size)).len);
        try expectEqual(2, (try taking.records(layout.LinkRecord, size)).len);
        try expectEqual(1, (try taking.records(layout.AddressRecord, size)).len);
        try expectEqual(2, (try taking.routes(size)).len);
        try expectEqual(size, taking.header.size);
        // A datagram that holds nothing but the end does not make two of the answer.
        try expectEqual(0, taking.kernel.reopened);
        try expectEqual(stages.len, kernel.asked.items.len);
    }
}

test "an interrupted dump is read again, and what it had given is dropped" {
    var taking: Taking = .{};
    defer taking.deinit();
    const kernel = &taking.kernel;
    const before = [_][]const u8{ try kernel.link(2, "h0", &.{}), try kernel.link(3, "gone", &.{}) };
    try kernel.onFirst(2, links, .{ .messages = &before, .interrupted = true });
    try kernel.on(links, .{ .messages = before[0..1] });
    try kernel.onFirst(1, addresses, .{ .interrupted = true });
    const size = try taking.take();
    const found = try taking.records(layout.LinkRecord, size);
    try expectEqual(1, found.len);
    try expectEqual(2, found[0].index);
    try expectEqual(3, taking.header.repeats);
    try expectEqual(0, taking.header.unsettled);
}

test "a dump that is interrupted for ever is tried a bounded number of times, then kept and marked" {
    const bits = [_]struct { fake_kernel.Question, u32 }{
        .{ rules, layout.Unsettled.rules },
        .{ links, layout.Unsettled.links },
        .{ addresses, layout.Unsettled.addresses },
        .{ nexthops, layout.Unsettled.nexthops },
    };
    for (bits) |bit| {
        const question, const unsettled = bit;
        var taking: Taking = .{};
        defer taking.deinit();
        const kernel = &taking.kernel;
        const message = switch (question.type) {
            uapi.RTM_GETRULE => try kernel.rule(254),
            uapi.RTM_GETLINK => try kernel.link(2, "h0", &.{}),
            uapi.RTM_GETADDR => try kernel.address(2, &.{ 10, 0, 0, 2 }),
            else => try kernel.message(uapi.RTM_NEWNEXTHOP, std.mem.zeroes(uapi.nhmsg), &.{}),
        };
        try kernel.on(question, .{ .messages = &.{message}, .interrupted = true });
        // A route that makes the next hops worth asking for.
        try kernel.on(routes6, .{ .messages = &.{try kernel.route(.{ .interface = 0, .nexthop = 7 })} });
        const size = try taking.take();
        try expectEqual(unsettled, taking.header.unsettled);
        try expectEqual(snapshot.repeats_max + 1, kernel.count(question));
        try expectEqual(snapshot.repeats_max, taking.header.repeats);
        const count = (try taking.records(layout.RuleRecord, size)).len +
            (try taking.records(layout.LinkRecord, size)).len +
            (try taking.records(layout.AddressRecord, size)).len +
            (try taking.records(layout.NexthopRecord, size)).len;
        try expectEqual(1, count);
    }
}

test "what a kernel does not have is not an error" {
    for ([_]linux.E{ .OPNOTSUPP, .AFNOSUPPORT, .NOENT }) |errno| {
        for (stages ++ .{nexthops}) |question| {
            for ([_]bool{ true, false }) |in_done| {
                var taking: Taking = .{};
                defer taking.deinit();
                const kernel = &taking.kernel;
                const code = -@as(i32, @intFromEnum(errno));
                try kernel.on(question, if (in_done) .{ .done_code = code } else .{ .error_code = code });
                try kernel.on(routes6, .{ .messages = &.{try kernel.route(.{ .interface = 0, .nexthop = 7 })} });
                const size = try taking.take();
                const has_routes = question.family != linux.AF.INET6;
                try expectEqual(@intFromBool(has_routes), (try taking.routes(size)).len);
                try expectEqual(0, taking.header.unsettled);
            }
        }
    }
}

test "another refusal is an error that tells its number and what was asked" {
    for (stages ++ .{nexthops}, 1..) |question, stage| {
        for ([_]Answer{ .{ .error_code = -1 }, .{ .done_code = -1 } }) |answer| {
            var taking: Taking = .{};
            defer taking.deinit();
            const kernel = &taking.kernel;
            try kernel.on(question, answer);
            try kernel.on(routes6, .{ .messages = &.{try kernel.route(.{ .interface = 0, .nexthop = 7 })} });
            try expectError(error.Refused, taking.take());
            try expectEqual(1, taking.errno);
            try expectEqual(@as(u32, @intCast(stage)), taking.header.stage);
        }
    }
}

test "an errno that there cannot be is malformed" {
    for ([_]i32{ std.math.minInt(i32), -4096 }) |code| {
        var taking: Taking = .{};
        defer taking.deinit();
        try taking.kernel.on(links, .{ .error_code = code });
        try expectError(error.Malformed, taking.take());
    }
}

test "messages the kernel lost: a new socket, and once more" {
    const overrun = [_]u8{ 16, 0, 0, 0, uapi.NLMSG_OVERRUN, 0, 0, 0, 2, 0, 0, 0, 0x67, 0x12, 0, 0 };
    for ([_]Answer{ .{ .done = .never, .failure = error.Overrun }, .{ .raw = &.{&overrun} } }) |lost| {
        var taking: Taking = .{};
        defer taking.deinit();
        const kernel = &taking.kernel;
        try kernel.onFirst(1, links, lost);
        try kernel.on(links, .{ .messages = &.{try kernel.link(2, "h0", &.{})} });
        const size = try taking.take();
        try expectEqual(1, (try taking.records(layout.LinkRecord, size)).len);
        try expectEqual(1, kernel.reopened);
        try expectEqual(1, taking.header.repeats);
    }
}

test "routes the kernel lost are asked for again, by smaller questions" {
    var taking: Taking = .{};
    defer taking.deinit();
    const kernel = &taking.kernel;
    const lost: Answer = .{ .done = .never, .failure = error.Overrun };
    const from_router: fake_kernel.Question = .{ .type = uapi.RTM_GETROUTE, .family = 10, .table = 254, .protocol = 9 };
    const route = try kernel.route(.{ .protocol = uapi.RTPROT_RA });
    try kernel.onFirst(1, from_router, lost);
    try kernel.on(from_router, .{ .messages = &.{route} });
    try kernel.onFirst(2, routes6, lost);
    const size = try taking.take();
    try expectEqual(1, (try taking.routes(size)).len);
    try expectEqual(3, kernel.reopened);
}

test "a kernel that always loses messages is an error, after a bounded number of tries" {
    for ([_]fake_kernel.Question{ links, routes6 }) |question| {
        var taking: Taking = .{};
        defer taking.deinit();
        try taking.kernel.on(question, .{ .done = .never, .failure = error.Overrun });
        if (question.type == uapi.RTM_GETLINK) {
            try expectError(error.Overrun, taking.take());
        } else {
            _ = try taking.take();
            try expectEqual(layout.Unsettled.routes, taking.header.unsettled);
        }
        try expect(taking.kernel.asked.items.len < 300);
    }
}

test "an answer that stops, is cut, or is empty is an error" {
    const cases = [_]struct { Answer, netlink.Error }{
        .{ .{ .done = .never }, error.SystemCall },
        .{ .{ .done = .never, .failure = error.Truncated }, error.Truncated },
        .{ .{ .raw = &.{&@as([40_000]u8, @splat(0))} }, error.Truncated },
        .{ .{ .raw = &.{&.{}} }, error.Malformed },
        .{ .{ .raw = &.{&.{ 1, 2, 3 }} }, error.Malformed },
    };
    for (cases) |case| for (stages, 1..) |question, stage| {
        const answer, const failure = case;
        var taking: Taking = .{};
        defer taking.deinit();
        try taking.kernel.on(question, answer);
        try expectError(failure, taking.take());
        try expectEqual(@as(u32, @intCast(stage)), taking.header.stage);
        if (failure == error.SystemCall) try expectEqual(@intFromEnum(linux.E.AGAIN), taking.kernel.errno);
    };
}

test "messages of another sequence or port are passed over" {
    var taking: Taking = .{};
    defer taking.deinit();
    const kernel = &taking.kernel;
    try kernel.on(links, .{ .strangers = true, .messages = &.{try kernel.link(2, "h0", &.{})} });
    try kernel.on(routes6, .{ .strangers = true, .messages = try taking.several(.{}, 3) });
    const size = try taking.take();
    try expectEqual(1, (try taking.records(layout.LinkRecord, size)).len);
    try expectEqual(3, (try taking.routes(size)).len);
    try expectEqual(0, taking.header.repeats);
}

test "unknown messages and attributes, and known ones of another size, are passed over" {
    var taking: Taking = .{};
    defer taking.deinit();
    const kernel = &taking.kernel;
    const odd = [_][]const u8{
        try kernel.attribute(999, "something new"),
        try kernel.attribute(uapi.IFLA_MTU, &.{ 1, 2 }),
        try kernel.attribute(uapi.IFLA_ADDRESS, &@as([64]u8, @splat(7))),
        try kernel.number(uapi.IFLA_MASTER, 9),
    };
    try kernel.on(links, .{ .messages = &.{
        try kernel.message(9999, @as(u32, 0), &.{}),
        try kernel.link(2, "h0", &odd),
        try kernel.link(0, "no index", &.{}),
        try kernel.link(-1, "no index", &.{}),
        try kernel.link(3, "a name that is much too long", &.{}),
    } });
    const size = try taking.take();
    const found = try taking.records(layout.LinkRecord, size);
    try expectEqual(2, found.len);
    try expectEqual(9, found[0].master);
    try expectEqual(0, found[0].mtu);
    try expectEqual(0, found[0].hardware_address_length);
    try std.testing.expectEqualStrings("a name that is ", found[1].name[0..found[1].name_length]);
}

test "lengths that contradict each other are malformed" {
    for ([_]u16{ 0, 3, 9, 0xffff }) |length| {
        var taking: Taking = .{};
        defer taking.deinit();
        const kernel = &taking.kernel;
        const broken = try kernel.arena.allocator().dupe(u8, try kernel.number(uapi.IFLA_MTU, 1500));
        std.mem.writeInt(u16, broken[0..2], length, .little);
        try kernel.on(links, .{ .messages = &.{try kernel.link(2, "h0", &.{broken})} });
        try expectError(error.Malformed, taking.take());
    }
    for ([_]u32{ 0, 15, 21, 0xffff_ffff }) |length| {
        var taking: Taking = .{};
        defer taking.deinit();
        var broken: [20]u8 = @splat(0);
        std.mem.writeInt(u32, broken[0..4], length, .little);
        try taking.kernel.on(links, .{ .raw = &.{&broken} });
        try expectError(error.Malformed, taking.take());
    }
    // A message without room for its fixed part.
    var taking: Taking = .{};
    defer taking.deinit();
    const short = try taking.kernel.message(uapi.RTM_NEWLINK, @as(u32, 0), &.{});
    try taking.kernel.on(links, .{ .messages = &.{short} });
    try expectError(error.Malformed, taking.take());
}

const main6: fake_kernel.Question = .{ .type = uapi.RTM_GETROUTE, .family = linux.AF.INET6, .table = 254 };

test "each table that a rule leads to is read, and never a whole family" {
    var taking: Taking = .{};
    defer taking.deinit();
    const kernel = &taking.kernel;
    const mine = try kernel.route(.{ .table = 100_000 });
    try kernel.on(rules, .{ .messages = &.{ try kernel.rule(100_000), try kernel.rule(254), try kernel.rule(255) } });
    try kernel.on(.{ .type = uapi.RTM_GETROUTE, .family = 10, .table = 100_000 }, .{ .messages = &.{mine} });
    try kernel.on(main6, .{ .messages = try taking.several(.{}, 5) });
    const size = try taking.take();
    const found = try taking.routes(size);
    try expectEqual(6, found.len);
    try expectEqual(100_000, found[5].table);
    try expectEqual(0, kernel.count(.{ .type = uapi.RTM_GETROUTE, .table = 255 }));
    try expectEqual(0, kernel.count(.{ .type = uapi.RTM_GETROUTE, .table = 0 }));
    try expectEqual(0, kernel.reopened);
}

test "a table too large for a datagram is read by protocol, on a new socket" {
    var taking: Taking = .{};
    defer taking.deinit();
    try makeLarge(&taking, linux.AF.INET6);
    try taking.kernel.on(static6, .{ .messages = &.{try taking.kernel.route(.{})} });
    const size = try taking.take();
    try expectEqual(1, (try taking.routes(size)).len);
    try expectEqual(1, taking.kernel.reopened);
    // The new socket's first dump is that of the rules.
    try expectEqual(2, taking.kernel.count(rules));
}

/// A dump of a table, or of a family where the table is 0; no lookup.
fn allProtocols(family: u8, table: u32) fake_kernel.Question {
    return .{ .type = uapi.RTM_GETROUTE, .family = family, .table = table, .protocol = 0, .interface = 0 };
}

/// The main table does not fit into a datagram: only its protocols may.
fn makeLarge(taking: *Taking, family: u8) !void {
    for ([_]u32{ 0, 254 }) |table| {
        try taking.kernel.on(allProtocols(family, table), .{
            .messages = try taking.several(.{ .family = family, .protocol = 186 }, 9),
            .datagram_messages = 4,
        });
    }
}

/// What `Taking.several` makes, in that order.
fn expectSeveral(count: usize, routes: []const layout.RouteRecord) !void {
    try expectEqual(count, routes.len);
    for (routes, 0xb8..) |route, number| try expectEqual(number, route.destination[3]);
}

const static6: fake_kernel.Question = .{ .type = uapi.RTM_GETROUTE, .family = 10, .table = 254, .protocol = 4 };

test "a walk of many datagrams is right when nothing changed meanwhile" {
    var taking: Taking = .{};
    defer taking.deinit();
    try taking.kernel.on(static6, .{ .datagram_messages = 4, .messages = try taking.several(.{}, 6) });
    try makeLarge(&taking, linux.AF.INET6);
    try expectEqual(6, (try taking.routes(try taking.take())).len);
    try expectEqual(1, taking.kernel.count(static6));
    try expectEqual(0, taking.header.repeats);
}

test "a walk that was disturbed is done again, and what it gave is dropped" {
    var taking: Taking = .{};
    defer taking.deinit();
    const kernel = &taking.kernel;
    const whole = try taking.several(.{}, 6);
    const lost = try std.mem.concat(kernel.arena.allocator(), []const u8, &.{ whole[0..3], whole[4..] });
    const twice = try std.mem.concat(kernel.arena.allocator(), []const u8, &.{ whole, whole[1..2] });
    try kernel.onFirst(1, static6, .{ .datagram_messages = 4, .messages = lost });
    try kernel.onFirst(1, static6, .{ .datagram_messages = 4, .messages = twice });
    try kernel.on(static6, .{ .datagram_messages = 4, .messages = whole });
    kernel.disturbances = 2;
    try makeLarge(&taking, linux.AF.INET6);
    try expectSeveral(6, try taking.routes(try taking.take()));
    try expectEqual(3, kernel.count(static6));
    try expectEqual(2, taking.header.repeats);
    try expectEqual(0, taking.header.unsettled);
    try expectEqual(0, taking.header.united);
}

test "an answer that outgrew its buffer while walks were done again is counted, not cut" {
    for (0..14) |count| {
        var taking: Taking = .{};
        defer taking.deinit();
        const kernel = &taking.kernel;
        const whole = try taking.several(.{}, 6);
        try kernel.onFirst(1, static6, .{ .datagram_messages = 4, .messages = whole[1..] });
        try kernel.on(static6, .{ .datagram_messages = 4, .messages = whole });
        kernel.disturbances = 1;
        try makeLarge(&taking, linux.AF.INET6);
        const room = header_size + count * @sizeOf(layout.RouteRecord);
        @memset(&taking.out, 0xaa);
        const size = try taking.takeInto(taking.out[0..room]);
        if (size > room) {
            try expect(count < 11);
            continue;
        }
        try expectSeveral(6, try taking.routes(size));
    }
}

test "walks that overlap are whole, though the changes never cease" {
    var taking: Taking = .{};
    defer taking.deinit();
    const kernel = &taking.kernel;
    const whole = try taking.several(.{}, 9);
    const lost = try std.mem.concat(kernel.arena.allocator(), []const u8, &.{ whole[0..4], whole[5..] });
    try kernel.onFirst(1, static6, .{ .datagram_messages = 4, .messages = lost });
    try kernel.on(static6, .{ .datagram_messages = 7, .messages = whole });
    kernel.disturbances = std.math.maxInt(u32);
    try makeLarge(&taking, linux.AF.INET6);
    const found = try taking.routes(try taking.take());
    try expectSeveral(whole.len, found[lost.len..]);
    try expectEqual(2, kernel.count(static6));
    try expectEqual(0, taking.header.unsettled);
    try expectEqual(1, taking.header.united);
    // The datagrams of the second walk were to be smaller, what came after them is not.
    try expect(kernel.room_smallest < snapshot.scratch_size_min);
    try expectEqual(snapshot.scratch_size_min, kernel.room);
}

test "walks that overlap prove nothing where a route is so large that datagrams may be cut anywhere" {
    var taking: Taking = .{};
    defer taking.deinit();
    const kernel = &taking.kernel;
    const padding: [9 * 1024]u8 = @splat(0);
    const whole = try taking.several(.{}, 9);
    const attribute = try kernel.attribute(0x3fff, &padding);
    whole[3] = try std.mem.concat(kernel.arena.allocator(), u8, &.{ whole[3], attribute });
    try kernel.onFirst(1, static6, .{ .datagram_messages = 4, .messages = whole });
    try kernel.on(static6, .{ .datagram_messages = 7, .messages = whole });
    kernel.disturbances = std.math.maxInt(u32);
    try makeLarge(&taking, linux.AF.INET6);
    _ = try taking.take();
    try expectEqual(snapshot.walks_max, kernel.count(static6));
    try expectEqual(layout.Unsettled.routes, taking.header.unsettled);
}

test "routes that never hold still are the union of a bounded number of walks, and marked" {
    var taking: Taking = .{};
    defer taking.deinit();
    const kernel = &taking.kernel;
    const whole = try taking.several(.{}, 6);
    for (0..snapshot.walks_max) |i| {
        const without = i % 6;
        const parts = [_][]const []const u8{ whole[0..without], whole[without + 1 ..] };
        const lost = try std.mem.concat(kernel.arena.allocator(), []const u8, &parts);
        try kernel.onFirst(1, static6, .{ .datagram_messages = 4, .messages = lost });
    }
    kernel.disturbances = std.math.maxInt(u32);
    try makeLarge(&taking, linux.AF.INET6);
    const found = try taking.routes(try taking.take());
    try expectEqual(layout.Unsettled.routes, taking.header.unsettled);
    try expectEqual(1, taking.header.united);
    try expectEqual(snapshot.walks_max, kernel.count(static6));
    try expectEqual(snapshot.walks_max * 5, found.len);
    for (0..6) |i| {
        for (found) |route| {
            if (route.destination[3] == 0xb8 + @as(u8, @intCast(i))) break;
        } else return error.TestUnexpectedResult;
    }
}

test "a protocol that fits a datagram is read once" {
    var taking: Taking = .{};
    defer taking.deinit();
    try taking.kernel.on(static6, .{ .messages = try taking.several(.{}, 6) });
    try makeLarge(&taking, linux.AF.INET6);
    try expectEqual(6, (try taking.routes(try taking.take())).len);
    try expectEqual(1, taking.kernel.count(static6));
    try expectEqual(0, taking.header.repeats);
}

test "an IPv4 walk of many datagrams is right at the first time, but not when it was interrupted" {
    const static4: fake_kernel.Question = .{ .type = uapi.RTM_GETROUTE, .family = 2, .table = 254, .protocol = 4 };
    for ([_]bool{ false, true }) |interrupted| {
        var taking: Taking = .{};
        defer taking.deinit();
        const messages = try taking.several(.{ .family = linux.AF.INET }, 9);
        const answer: Answer = .{ .messages = messages, .datagram_messages = 4 };
        var first = answer;
        first.interrupted = interrupted;
        try taking.kernel.onFirst(1, static4, first);
        try taking.kernel.on(static4, answer);
        try makeLarge(&taking, linux.AF.INET);
        try expectEqual(9, (try taking.routes(try taking.take())).len);
        try expectEqual(@as(usize, if (interrupted) 2 else 1), taking.kernel.count(static4));
    }
}

test "an interrupted answer of one datagram is asked for by smaller questions" {
    var taking: Taking = .{};
    defer taking.deinit();
    const messages = try taking.several(.{}, 3);
    try taking.kernel.on(main6, .{ .messages = messages });
    try taking.kernel.on(routes6, .{ .messages = messages, .interrupted = true });
    try expectEqual(3, (try taking.routes(try taking.take())).len);
    try expectEqual(1, taking.kernel.count(main6));
}

test "the routes of daemons are dropped, their default routes kept" {
    var taking: Taking = .{};
    defer taking.deinit();
    const kernel = &taking.kernel;
    const mixed = [_][]const u8{
        try kernel.route(.{ .protocol = 186 }),
        try kernel.route(.{ .protocol = 186, .prefix = 0x20010db9 }),
        try kernel.route(.{ .prefix = 0x20010dba }),
    };
    try kernel.on(routes6, .{ .messages = &mixed });
    const found = try taking.routes(try taking.take());
    try expectEqual(2, found.len);
    try expectEqual(186, found[0].protocol);
    try expectEqual(uapi.RTPROT_STATIC, found[1].protocol);
}

test "IPv4: the default routes of daemons are in the first datagram of a table too large to read" {
    var taking: Taking = .{};
    defer taking.deinit();
    const kernel = &taking.kernel;
    const host_default = try kernel.route(.{ .family = 2, .protocol = uapi.RTPROT_DHCP });
    const daemon_default = try kernel.route(.{ .family = 2, .protocol = 186 });
    const more = try taking.several(.{ .family = 2, .protocol = 186 }, 9);
    const parts = [_][]const []const u8{ &.{ host_default, daemon_default }, more };
    const all = try std.mem.concat(kernel.arena.allocator(), []const u8, &parts);
    for ([_]u8{ uapi.RTPROT_KERNEL, uapi.RTPROT_BOOT, uapi.RTPROT_STATIC, uapi.RTPROT_RA }) |protocol| {
        try kernel.on(.{ .type = uapi.RTM_GETROUTE, .family = 2, .protocol = protocol }, .{});
    }
    const of_dhcp: fake_kernel.Question = .{ .type = uapi.RTM_GETROUTE, .family = 2, .protocol = uapi.RTPROT_DHCP };
    try kernel.on(of_dhcp, .{ .messages = &.{host_default} });
    try kernel.on(routes4, .{ .messages = all, .datagram_messages = 4 });
    const found = try taking.routes(try taking.take());
    try expectEqual(2, found.len);
    try expectEqual(uapi.RTPROT_DHCP, found[0].protocol);
    try expectEqual(186, found[1].protocol);
    // Left unread twice: the table, and its first datagram again.
    try expectEqual(2, kernel.reopened);
    try expectEqual(0, kernel.count(.{ .type = uapi.RTM_GETROUTE, .family = 2, .protocol = uapi.RTPROT_RA }));
}

fn lookup(interface: u32) fake_kernel.Question {
    return .{ .type = uapi.RTM_GETROUTE, .family = linux.AF.INET6, .interface = interface };
}

test "IPv6: the default routes of daemons are looked up, once for each link that is up" {
    var taking: Taking = .{};
    defer taking.deinit();
    const kernel = &taking.kernel;
    const three = [_][]const u8{
        try kernel.link(2, "h0", &.{}),
        try kernel.link(3, "h1", &.{}),
        try kernel.link(4, "h2", &.{}),
    };
    try kernel.on(links, .{ .messages = &three });
    try kernel.on(lookup(2), .{ .messages = &.{try kernel.route(.{ .protocol = 186, .interface = 2 })} });
    // h1 has one of a Router Advertisement, which the protocols have shown already; h2 has none.
    try kernel.on(lookup(3), .{ .messages = &.{try kernel.route(.{ .protocol = uapi.RTPROT_RA, .interface = 3 })} });
    try kernel.on(lookup(4), .{ .error_code = -101 });
    try makeLarge(&taking, linux.AF.INET6);
    const found = try taking.routes(try taking.take());
    try expectEqual(1, found.len);
    try expectEqual(2, found[0].interface);
    try expectEqual(186, found[0].protocol);
    for ([_]u32{ 2, 3, 4 }) |interface| try expectEqual(1, kernel.count(lookup(interface)));
    try expectEqual(0, taking.header.unsettled);
}

test "IPv6: no default route is looked up for another table than the main one" {
    var taking: Taking = .{};
    defer taking.deinit();
    const kernel = &taking.kernel;
    try kernel.on(rules, .{ .messages = &.{try kernel.rule(101)} });
    try kernel.on(links, .{ .messages = &.{try kernel.link(2, "h0", &.{})} });
    const many: Answer = .{ .messages = try taking.several(.{ .protocol = 186 }, 9), .datagram_messages = 4 };
    for ([_]u32{ 0, 101 }) |table| {
        try kernel.on(allProtocols(linux.AF.INET6, table), many);
    }
    try kernel.on(lookup(2), .{ .messages = &.{try kernel.route(.{ .protocol = 186 })} });
    try expectEqual(0, (try taking.routes(try taking.take())).len);
    try expectEqual(0, kernel.count(lookup(2)));
}

test "more links than are looked at leave a mark" {
    var taking: Taking = .{};
    defer taking.deinit();
    const kernel = &taking.kernel;
    var messages: [65][]const u8 = undefined;
    for (&messages, 2..) |*message, i| message.* = try kernel.link(@intCast(i), "h", &.{});
    try kernel.on(links, .{ .messages = &messages });
    try makeLarge(&taking, linux.AF.INET6);
    _ = try taking.take();
    try expectEqual(layout.Unsettled.routes, taking.header.unsettled);
}

test "the table of a VRF is read where a rule leads there" {
    const table: fake_kernel.Question = .{ .type = uapi.RTM_GETROUTE, .family = 10, .table = 7007 };
    for ([_]bool{ false, true }) |l3mdev| {
        var taking: Taking = .{};
        defer taking.deinit();
        const kernel = &taking.kernel;
        if (l3mdev) try kernel.on(rules, .{ .messages = &.{try kernel.l3mdevRule()} });
        try kernel.on(links, .{ .messages = &.{try kernel.vrf(5, "red", 7007)} });
        const routes = [_][]const u8{ try kernel.route(.{ .table = 7007 }), try kernel.route(.{ .table = 7008 }) };
        try kernel.on(table, .{ .messages = &routes });
        const size = try taking.take();
        const found = try taking.records(layout.LinkRecord, size);
        try expectEqual(7007, found[0].vrf_table);
        try expectEqual(@as(usize, if (l3mdev) 1 else 0), (try taking.routes(size)).len);
        try expectEqual(@as(usize, if (l3mdev) 1 else 0), kernel.count(table));
    }
}

test "more tables than are remembered: any table, by protocol" {
    for ([_]bool{ false, true }) |large| {
        var taking: Taking = .{};
        defer taking.deinit();
        const kernel = &taking.kernel;
        var messages: [70][]const u8 = undefined;
        for (&messages, 1000..) |*message, table| message.* = try kernel.rule(@intCast(table));
        try kernel.on(rules, .{ .messages = &messages });
        const routes = [_][]const u8{
            try kernel.route(.{ .table = 1000 }),
            try kernel.route(.{ .table = 1069 }),
            try kernel.route(.{ .table = 255 }),
        };
        if (large) {
            const all_static: fake_kernel.Question = .{ .type = uapi.RTM_GETROUTE, .table = 0, .protocol = 4 };
            try kernel.on(all_static, .{ .messages = &routes });
            try makeLarge(&taking, linux.AF.INET6);
        } else {
            try kernel.on(routes6, .{ .messages = &routes });
        }
        const found = try taking.routes(try taking.take());
        try expectEqual(2, found.len);
        try expectEqual(1069, found[1].table);
        try expectEqual(0, kernel.count(.{ .type = uapi.RTM_GETROUTE, .table = 1000 }));
    }
}

test "a kernel without policy routing can still be read again on a new socket" {
    var taking: Taking = .{};
    defer taking.deinit();
    try taking.kernel.on(rules, .{ .error_code = -@as(i32, @intFromEnum(linux.E.OPNOTSUPP)) });
    try makeLarge(&taking, linux.AF.INET6);
    _ = try taking.take();
    try expectEqual(1, taking.kernel.reopened);
}

test "routes that configure no host are dropped" {
    var taking: Taking = .{};
    defer taking.deinit();
    const kernel = &taking.kernel;
    try kernel.on(routes6, .{ .messages = &.{
        try kernel.route(.{ .table = 255 }),
        try kernel.route(.{ .table = 101 }),
        try kernel.route(.{ .flags = uapi.RTM_F_CLONED }),
        try kernel.route(.{ .type = uapi.RTN_LOCAL }),
        try kernel.route(.{ .prefix = 0xff020000 }),
        try kernel.route(.{ .type = uapi.RTN_BLACKHOLE }),
    } });
    const found = try taking.routes(try taking.take());
    try expectEqual(1, found.len);
    try expectEqual(uapi.RTN_BLACKHOLE, found[0].type);
}

test "next hop objects are asked for where a route names one and nothing else" {
    for ([_]u32{ 2, 0 }) |interface| {
        var taking: Taking = .{};
        defer taking.deinit();
        const kernel = &taking.kernel;
        const group = [_]uapi.nexthop_grp{
            .{ .id = 1, .weight = 0, .resvd1 = 0, .resvd2 = 0 },
            .{ .id = 2, .weight = 2, .resvd1 = 0, .resvd2 = 0 },
        };
        const gateway: [16]u8 = @splat(0xfe);
        try kernel.on(nexthops, .{ .messages = &.{
            try kernel.message(uapi.RTM_NEWNEXTHOP, std.mem.zeroes(uapi.nhmsg), &.{
                try kernel.number(uapi.NHA_ID, 1),
                try kernel.number(uapi.NHA_OIF, 2),
                try kernel.attribute(uapi.NHA_GATEWAY, &gateway),
            }),
            try kernel.message(uapi.RTM_NEWNEXTHOP, std.mem.zeroes(uapi.nhmsg), &.{
                try kernel.number(uapi.NHA_ID, 10),
                try kernel.attribute(uapi.NHA_GROUP, std.mem.asBytes(&group)),
            }),
        } });
        try kernel.on(routes6, .{ .messages = &.{try kernel.route(.{ .nexthop = 10, .interface = interface })} });
        const size = try taking.take();
        const expected: usize = if (interface == 0) 1 else 0;
        try expectEqual(expected, kernel.count(nexthops));
        try expectEqual(expected, (try taking.records(layout.NexthopRecord, size)).len);
        const members = try taking.records(layout.NexthopMemberRecord, size);
        try expectEqual(expected * 2, members.len);
        for (members, 1..) |member, id| try expectEqual(@as(u32, @intCast(id)), member.id);
    }
}

test "an answer larger than the buffer is counted to its end and never written past it" {
    var whole: Taking = .{};
    defer whole.deinit();
    const messages = [_][]const u8{ try whole.kernel.link(2, "h0", &.{}), try whole.kernel.link(3, "h1", &.{}) };
    try whole.kernel.on(links, .{ .messages = &messages });
    try whole.kernel.on(routes6, .{ .messages = try whole.several(.{}, 3) });
    const size = try whole.take();
    var room: usize = header_size;
    while (room < size) : (room += 1) {
        @memset(&whole.out, 0xaa);
        try expectEqual(size, try whole.takeInto(whole.out[0..room]));
        try expectEqual(size, whole.header.size);
        try expect(std.mem.allEqual(u8, whole.out[room..], 0xaa));
    }
}
