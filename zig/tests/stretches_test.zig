//! What walks prove: held against the order of a real kernel, and against a model of how it loses routes.

const std = @import("std");
const layout = @import("../layout.zig");
const Stretches = @import("../stretches.zig").Stretches;

const expect = std.testing.expect;
const expectEqual = std.testing.expectEqual;

/// A destination of 2001:db8::/16 and on, and a source.
fn to(destination: []const u8, length: u8, source: []const u8, source_length: u8) layout.RouteRecord {
    var route: layout.RouteRecord = .{
        .family = 6,
        .destination_length = length,
        .source_length = source_length,
    };
    @memcpy(route.destination[0..destination.len], destination);
    @memcpy(route.source[0..source.len], source);
    return route;
}

const last_of_db8 = "\x20\x01\x0d\xb8" ++ "\xff" ** 12;

/// As `ip -6 route show table 7` of Linux 6.18 gave them (iproute2 6.1), having been added in another order.
const kernel_order = [_]layout.RouteRecord{
    // default from 2001:db8:7:1::/64, default from 2001:db8:7::/48, ::/1 from fd00::/8
    to("", 0, "\x20\x01\x0d\xb8\x00\x07\x00\x01", 64),
    to("", 0, "\x20\x01\x0d\xb8\x00\x07", 48),
    to("", 1, "\xfd", 8),
    // 2001:db8::/32 from 2001:db8:1::/48, from 2001:db8:2::/48, from 2001:db8::/32
    to("\x20\x01\x0d\xb8", 32, "\x20\x01\x0d\xb8\x00\x01", 48),
    to("\x20\x01\x0d\xb8", 32, "\x20\x01\x0d\xb8\x00\x02", 48),
    to("\x20\x01\x0d\xb8", 32, "\x20\x01\x0d\xb8", 32),
    // 2001:db8::/48 and 2001:db8:: from 3fff::/20
    to("\x20\x01\x0d\xb8", 48, "\x3f\xff", 20),
    to("\x20\x01\x0d\xb8", 128, "\x3f\xff", 20),
    // 2001:db8::, 2001:db8::/64, 2001:db8:0:1::/64, 2001:db8::/48
    to("\x20\x01\x0d\xb8", 128, "", 0),
    to("\x20\x01\x0d\xb8", 64, "", 0),
    to("\x20\x01\x0d\xb8\x00\x00\x00\x01", 64, "", 0),
    to("\x20\x01\x0d\xb8", 48, "", 0),
    // 2001:db8:ffff:ffff:ffff:ffff:ffff:ffff from 3fff::/20, and without a source
    to(last_of_db8, 128, "\x3f\xff", 20),
    to(last_of_db8, 128, "", 0),
    // 2001:db8:ffff::/48, 2001:db8:8000::/33, 2001:db8::/32
    to("\x20\x01\x0d\xb8\xff\xff", 48, "", 0),
    to("\x20\x01\x0d\xb8\x80", 33, "", 0),
    to("\x20\x01\x0d\xb8", 32, "", 0),
    // 2001:db9::/32 metric 8 and metric 9, 3fff::/20, ::/1, fd00::/8, 8000::/1, default
    to("\x20\x01\x0d\xb9", 32, "", 0),
    to("\x20\x01\x0d\xb9", 32, "", 0),
    to("\x3f\xff", 20, "", 0),
    to("", 1, "", 0),
    to("\xfd", 8, "", 0),
    to("\x80", 1, "", 0),
    to("", 0, "", 0),
};
/// The two of them that have one place.
const twins = .{ 17, 18 };

/// One walk, which gave these routes in these datagrams.
fn walk(stretches: *Stretches, datagrams: []const []const layout.RouteRecord, at_end: bool) void {
    stretches.begin();
    for (datagrams, 0..) |routes, datagram| {
        for (routes) |*route| stretches.pass(@intCast(datagram), route);
    }
    stretches.end(at_end);
}

fn proves(walks: []const []const []const layout.RouteRecord) bool {
    var stretches: Stretches = undefined;
    stretches.clear();
    for (walks) |datagrams| walk(&stretches, datagrams, true);
    return stretches.areWhole();
}

test "the kernel's order, and no other, is a proof" {
    try expect(proves(&.{&.{&kernel_order}}));
    for (0..kernel_order.len) |i| {
        for (i + 1..kernel_order.len) |j| {
            const wrong = [_]layout.RouteRecord{ kernel_order[j], kernel_order[i] };
            try expectEqual(i == twins[0] and j == twins[1], proves(&.{&.{&wrong}}));
        }
    }
}

test "stretches prove a table where they overlap from end to end" {
    const r = &kernel_order;
    // One datagram, or nothing in it, is whole; two are not, even where the second begins with the last one's end.
    try expect(proves(&.{&.{r[0..4]}}));
    try expect(proves(&.{&.{}}));
    try expect(!proves(&.{&.{ r[0..4], r[4..8] }}));
    try expect(!proves(&.{&.{ r[0..4], r[3..8] }}));
    // The second walk has what is around the first one's gap. A place alone is no overlap: it can have more routes.
    try expect(proves(&.{ &.{ r[0..4], r[4..8] }, &.{ r[0..6], r[6..8] } }));
    try expect(!proves(&.{ &.{ r[0..4], r[4..8] }, &.{ r[0..4], r[3..8] } }));
    try expect(proves(&.{ &.{ r[0..4], r[4..8] }, &.{ r[0..3], r[2..8] } }));
    // A repetition inside of one walk proves as much.
    try expect(proves(&.{&.{ r[0..4], r[2..8] }}));
    // A stretch that joins two others, and one that is inside of another.
    try expect(proves(&.{ &.{ r[0..3], r[4..8], r[9..12] }, &.{ r[0..1], r[1..11] } }));
    try expect(!proves(&.{ &.{ r[0..4], r[5..12] }, &.{ r[0..1], r[6..9], r[10..12] } }));
}

test "an end that may have been cut is none, until another walk has passed it" {
    const r = &kernel_order;
    var stretches: Stretches = undefined;
    stretches.clear();
    walk(&stretches, &.{r[0..4]}, false);
    try expect(!stretches.areWhole());
    walk(&stretches, &.{ r[0..2], r[2..6] }, true);
    try expect(stretches.areWhole());
}

test "more stretches than are remembered prove nothing" {
    var routes: [300]layout.RouteRecord = undefined;
    for (&routes, 0..) |*route, i| route.* = to(&.{ 0x20, @intCast(i >> 8), @truncate(i) }, 24, "", 0);
    var datagrams: [300][]const layout.RouteRecord = undefined;
    for (&datagrams, 0..) |*datagram, i| datagram.* = routes[i..][0..1];
    try expect(proves(&.{ datagrams[0..120], &.{&routes} }));
    try expect(!proves(&.{ &datagrams, &.{&routes} }));
}

/// A table of one-byte prefixes, a walk of which resumes as the kernel's does: by counting from the beginning where
/// something was added since, else behind where it stood.
const Model = struct {
    random: std.Random,
    /// Even numbers stay, odd ones come and go.
    present: [256]bool,
    seen: [256]bool,
    stretches: Stretches,

    fn route(number: usize) layout.RouteRecord {
        return to(&.{@intCast(number)}, 8, "", 0);
    }

    /// Returns whether this walk itself lost something that stays.
    fn walkOnce(self: *Model, room: usize, changes_max: usize) bool {
        var passed: [256]bool = @splat(false);
        var visited: usize = 0;
        var at: usize = 0;
        var datagram: u32 = 0;
        self.stretches.begin();
        while (true) : (datagram += 1) {
            var carried: usize = 0;
            while (at < 256 and carried < room) : (at += 1) {
                if (!self.present[at]) continue;
                passed[at] = true;
                self.seen[at] = true;
                carried += 1;
                self.stretches.pass(datagram, &route(at));
            }
            visited += carried;
            if (carried < room) {
                // It came to the end in this datagram, or had nothing more for it.
                self.stretches.end(carried > 0 or datagram == 0);
                break;
            }
            if (self.change(changes_max)) at = self.behind(visited);
        }
        for (0..128) |i| if (!passed[2 * i]) return true;
        return false;
    }

    /// Adds and deletes some; returns whether something was added.
    fn change(self: *Model, changes_max: usize) bool {
        var added = false;
        for (0..self.random.uintAtMost(usize, changes_max)) |_| {
            const number = self.random.uintLessThan(usize, 128) * 2 + 1;
            self.present[number] = !self.present[number];
            added = added or self.present[number];
        }
        return added;
    }

    /// Where the walk stands when it passes over so many.
    fn behind(self: *const Model, visited: usize) usize {
        var left = visited;
        for (self.present, 0..) |present, i| {
            if (left == 0) return i;
            left -= @intFromBool(present);
        }
        return 256;
    }
};

test "what is proven lacks nothing, in a model of the kernel's walk" {
    var prng: std.Random.DefaultPrng = .init(20_251_122);
    const random = prng.random();
    var losing: usize = 0;
    var proven: usize = 0;
    const tables = 4000;
    for (0..tables) |_| {
        var model: Model = .{ .random = random, .present = undefined, .seen = @splat(false), .stretches = undefined };
        for (&model.present, 0..) |*present, i| present.* = i % 2 == 0 or random.boolean();
        model.stretches.clear();
        const room = random.intRangeAtMost(usize, 12, 80);
        const changes_max = random.intRangeAtMost(usize, 1, 40);
        for (0..16) |i| {
            if (model.walkOnce(room - i % 4 * room / 8, changes_max)) losing += 1;
            if (!model.stretches.areWhole()) continue;
            proven += 1;
            for (0..128) |number| try expect(model.seen[2 * number]);
            break;
        }
    }
    // Nearly every table comes to be proven, though every other walk loses something.
    try expect(losing > tables);
    try expect(proven > tables * 9 / 10);
}
