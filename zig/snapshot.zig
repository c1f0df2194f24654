//! One reading of links, addresses, rules, routes and next hops, over any transport.
//!
//! The kernel gives each kind in a dump of its own, and a dump is a walk that other processes change
//! under our feet. What is done about it:
//!
//! - Links, addresses, rules and next hops say so themselves (NLM_F_DUMP_INTR) and are read again, a bounded
//!   number of times.
//! - IPv6 routes do not say so: a walk that spans datagrams silently loses and repeats routes. An answer of
//!   one datagram is one atomic walk, so we ask for as much as fits into one: each table that a rule leads
//!   to, else each protocol of it. What still does not fit is right when no change was heard meanwhile; else it
//!   is walked until the datagrams of all walks overlap from end to end.
//! - The kernel cuts a first datagram to the largest receive seen on the socket, and ends a dump early
//!   when one route is larger: every receive has room for 32 KiB, and the rules, always small, come first.

const std = @import("std");
const linux = std.os.linux;
const layout = @import("layout.zig");
const netlink = @import("netlink.zig");
const rtnetlink = @import("rtnetlink.zig");
const uapi = @import("uapi.zig");
const RecordWriter = @import("record_writer.zig").RecordWriter;
const Request = @import("request.zig").Request;
const Stretches = @import("stretches.zig").Stretches;

/// How often a dump that was interrupted is tried again.
pub const repeats_max = 16;
/// How often routes that change while they are read are read again, and at the most united.
pub const walks_max = 16;
/// The kernel's largest dump datagram.
pub const scratch_size_min = 32 * 1024;
/// The smallest datagrams that are asked for.
const room_min = scratch_size_min / 8 * 5;
/// The largest route that is reckoned with, of 280 next hops. A datagram with less room left may have been cut.
const route_size_max = 8 * 1024;

/// The protocols whose routes configure a host. Routing daemons use others: of theirs, which may be a
/// million, only default routes matter here.
const host_protocols = [_]u8{
    uapi.RTPROT_KERNEL,
    uapi.RTPROT_BOOT,
    uapi.RTPROT_STATIC,
    uapi.RTPROT_RA,
    uapi.RTPROT_DHCP,
};

const all = std.math.maxInt(u32);

/// A small set of numbers that may overflow into "any".
fn Few(comptime capacity: usize) type {
    return struct {
        items: [capacity]u32 = undefined,
        length: usize = 0,
        overflowed: bool = false,

        fn add(self: *@This(), item: u32) void {
            if (self.has(item)) return;
            if (self.length == capacity) {
                self.overflowed = true;
                return;
            }
            self.items[self.length] = item;
            self.length += 1;
        }

        fn has(self: *const @This(), item: u32) bool {
            return std.mem.findScalar(u32, self.items[0..self.length], item) != null;
        }

        fn slice(self: *const @This()) []const u32 {
            return self.items[0..self.length];
        }
    };
}

pub fn Snapshot(comptime Transport: type) type {
    return struct {
        transport: *Transport,
        scratch: []u8,
        /// What is received at once, as this socket has shown it to the kernel.
        room: usize = scratch_size_min,
        writer: RecordWriter,
        header: layout.SnapshotHeader = .{ .size = 0, .stage = 0, .unsettled = 0, .repeats = 0, .united = 0 },
        sequence: u32 = 0,
        /// The kernel's own refusal, after `error.Refused`.
        errno: u32 = 0,
        /// Tables that a rule looks up, the local one left out.
        tables: Few(64) = .{},
        /// Links that can carry a default route.
        links_up: Few(64) = .{},
        l3mdev: bool = false,
        unresolved_nexthops: bool = false,
        routes_kept: enum { of_the_host, defaults_of_daemons, every } = .of_the_host,
        /// What the walks of one IPv6 table and protocol have seen of it, while that is looked at.
        stretches: Stretches = undefined,
        stretches_noted: bool = false,
        /// Of the message being decoded.
        datagram: u32 = 0,

        const Self = @This();

        /// Reads everything; returns the bytes of the answer, which may be more than there was room for.
        pub fn take(self: *Self) netlink.Error!usize {
            std.debug.assert(self.scratch.len >= scratch_size_min);
            self.writer.position = @sizeOf(layout.SnapshotHeader);
            self.tables.add(uapi.RT_TABLE_MAIN);
            try self.settled(.rules, layout.Unsettled.rules);
            try self.settled(.links, layout.Unsettled.links);
            try self.settled(.addresses, layout.Unsettled.addresses);
            try self.routes(.routes4);
            try self.routes(.routes6);
            if (self.unresolved_nexthops) try self.settled(.nexthops, layout.Unsettled.nexthops);
            self.header.size = std.math.lossyCast(u32, self.writer.position);
            return self.writer.position;
        }

        /// Reads the routes of one table and one protocol, whatever they are and whether or not a rule names the
        /// table; null and 0 stand for all. Returns the bytes of the answer, as `take` does.
        pub fn takeRoutes(self: *Self, table: ?u32, protocol: u8) netlink.Error!usize {
            std.debug.assert(self.scratch.len >= scratch_size_min);
            self.writer.position = @sizeOf(layout.SnapshotHeader);
            self.routes_kept = .every;
            self.header.stage = @intFromEnum(layout.Stage.rules);
            try self.prime();
            self.header.stage = @intFromEnum(layout.Stage.routes4);
            try self.exact(.{ .family = linux.AF.INET, .table = table, .protocol = protocol });
            self.header.stage = @intFromEnum(layout.Stage.routes6);
            try self.exact(.{ .family = linux.AF.INET6, .table = table, .protocol = protocol });
            self.header.size = std.math.lossyCast(u32, self.writer.position);
            return self.writer.position;
        }

        /// A dump that flags its own interruption, repeated while it does.
        fn settled(self: *Self, stage: layout.Stage, unsettled: u32) netlink.Error!void {
            self.header.stage = @intFromEnum(stage);
            const start = self.writer.position;
            for (0..repeats_max) |_| {
                if (self.ask(plainRequest(stage), all)) |outcome| {
                    if (!outcome.interrupted) return;
                } else |failure| switch (failure) {
                    error.Overrun => try self.reopen(),
                    // No such object in this kernel: no such records.
                    error.Refused => return if (self.unsupported()) {} else error.Refused,
                    else => return failure,
                }
                self.header.repeats += 1;
                self.writer.position = start;
            }
            // The last word is kept, and marked.
            self.header.unsettled |= unsettled;
            _ = try self.ask(plainRequest(stage), all);
        }

        fn routes(self: *Self, stage: layout.Stage) netlink.Error!void {
            self.header.stage = @intFromEnum(stage);
            const family: u8 = if (stage == .routes4) linux.AF.INET else linux.AF.INET6;
            // More tables than we remember: all at once.
            if (self.tables.overflowed) return self.routesOf(family, null);
            // Never the whole family first: tables that no rule leads to may be of any size.
            for (self.tables.slice()) |table| try self.routesOf(family, table);
        }

        fn routesOf(self: *Self, family: u8, table: ?u32) netlink.Error!void {
            const start = self.writer.position;
            if (try self.fitsOneDatagram(.{ .family = family, .table = table })) return;
            self.writer.position = start;
            try self.byProtocol(family, table);
        }

        fn byProtocol(self: *Self, family: u8, table: ?u32) netlink.Error!void {
            for (host_protocols) |protocol| {
                // Each walk visits the whole table, and no Router Advertisement gives an IPv4 route.
                if (family == linux.AF.INET and protocol == uapi.RTPROT_RA) continue;
                try self.exact(.{ .family = family, .table = table, .protocol = protocol });
            }
            try self.defaultsOfDaemons(family, table orelse uapi.RT_TABLE_MAIN);
        }

        /// Whether the whole answer came in one datagram, hence from one walk. If not, the dump is left
        /// unread and the socket is a new one.
        fn fitsOneDatagram(self: *Self, filter: RouteFilter) netlink.Error!bool {
            const outcome = self.ask(filter.request(), 1) catch |failure| switch (failure) {
                error.Refused => return if (self.unsupported()) true else error.Refused,
                error.Overrun => {
                    try self.reopen();
                    return false;
                },
                else => return failure,
            };
            if (outcome.abandoned) try self.reopen();
            return !outcome.abandoned and !outcome.interrupted and self.isAtomic(filter.family, outcome);
        }

        /// A dump of one protocol. A walk of several datagrams is right when nothing changed meanwhile; else it is done
        /// again, and the answer is the union of all walks: marked, where they do not prove that it is whole.
        fn exact(self: *Self, filter: RouteFilter) netlink.Error!void {
            // Each table is a tree of its own.
            self.stretches_noted = filter.family == linux.AF.INET6 and filter.table != null;
            defer self.stretches_noted = false;
            self.stretches.clear();
            try self.walks(filter);
            try self.useRoom(scratch_size_min);
        }

        fn walks(self: *Self, filter: RouteFilter) netlink.Error!void {
            const start = self.writer.position;
            for (0..walks_max) |_| {
                const walk_start = self.writer.position;
                if (filter.family == linux.AF.INET6) {
                    self.transport.listen(uapi.RTNLGRP_IPV6_ROUTE, self.scratch);
                }
                self.stretches.begin();
                const outcome = self.ask(filter.request(), all) catch |failure| switch (failure) {
                    error.Refused => return if (self.unsupported()) {} else error.Refused,
                    error.Overrun => {
                        self.header.repeats += 1;
                        try self.reopen();
                        continue;
                    },
                    else => return failure,
                };
                const atomic = self.isAtomic(filter.family, outcome);
                if (!outcome.interrupted and (atomic or !self.transport.disturbed(self.scratch))) {
                    return self.writer.remove(start, walk_start);
                }
                self.header.repeats += 1;
                if (!self.stretches_noted) continue;
                self.stretches.end(!self.isFull(outcome));
                if (self.stretches.areWhole()) break;
                // Datagrams of four sizes: what one walk loses between two of them lies inside of another walk's.
                try self.useRoom(if (self.room > room_min) self.room - scratch_size_min / 8 else scratch_size_min);
            } else self.header.unsettled |= layout.Unsettled.routes;
            self.header.united = 1;
        }

        /// Whether an answer came from one walk that was never resumed. IPv4 walks by key and stays right while
        /// others change the table.
        fn isAtomic(self: *const Self, family: u8, outcome: netlink.Outcome) bool {
            if (family == linux.AF.INET) return true;
            return outcome.datagrams <= 1 and !self.isFull(outcome);
        }

        /// Whether the walk may have been suspended behind the last datagram. Resumed too late, it found nothing more.
        fn isFull(self: *const Self, outcome: netlink.Outcome) bool {
            return outcome.last_size > self.room - route_size_max;
        }

        /// Default routes that a routing daemon put into a table too large to read.
        fn defaultsOfDaemons(self: *Self, family: u8, table: u32) netlink.Error!void {
            self.routes_kept = .defaults_of_daemons;
            defer self.routes_kept = .of_the_host;
            if (family == linux.AF.INET) {
                // An IPv4 walk goes by key: the default routes are in its first datagram.
                _ = try self.fitsOneDatagram(.{ .family = family, .table = table });
                return;
            }
            if (table != uapi.RT_TABLE_MAIN) return;
            // An IPv6 walk comes to the root last, so the best default of each link is looked up.
            if (self.links_up.overflowed) self.header.unsettled |= layout.Unsettled.routes;
            for (self.links_up.slice()) |interface| {
                _ = self.ask(lookupRequest(interface), all) catch |failure| switch (failure) {
                    error.Refused => continue,
                    else => return failure,
                };
            }
        }

        fn ask(self: *Self, question: Request, datagrams_max: u32) netlink.Error!netlink.Outcome {
            var request = question;
            self.sequence += 1;
            return netlink.request(
                self.transport,
                request.finish(self.sequence),
                self.scratch[0..self.room],
                datagrams_max,
                &self.errno,
                self,
            );
        }

        /// From now on datagrams of at most this size: on a new socket, as the kernel goes by the largest receive.
        fn useRoom(self: *Self, room: usize) netlink.Error!void {
            if (room == self.room) return;
            self.room = room;
            try self.reopen();
        }

        /// A new socket, whose first datagrams are to be large as well.
        fn reopen(self: *Self) netlink.Error!void {
            try self.transport.reopen();
            try self.prime();
        }

        /// Reads the rules for nothing: the kernel sizes later datagrams by the room it saw.
        fn prime(self: *Self) netlink.Error!void {
            const start = self.writer.position;
            defer self.writer.position = start;
            _ = self.ask(plainRequest(.rules), all) catch |failure| switch (failure) {
                error.Refused => return if (self.unsupported()) {} else error.Refused,
                else => return failure,
            };
        }

        /// The refusals of a kernel without IPv6, without policy routing, or without that table.
        fn unsupported(self: *const Self) bool {
            return switch (@as(linux.E, @enumFromInt(self.errno))) {
                .OPNOTSUPP, .AFNOSUPPORT, .NOENT => true,
                else => false,
            };
        }

        pub fn message(self: *Self, received: netlink.Message) netlink.Error!void {
            self.datagram = received.datagram;
            if (received.payload.len > route_size_max) self.stretches.unprovable = true;
            try rtnetlink.decode(received, .{ .context = self, .take = takeRecord });
        }

        fn takeRecord(context: *anyopaque, record: *const rtnetlink.Record) void {
            const self: *Self = @ptrCast(@alignCast(context));
            switch (record.*) {
                .rule => |*rule| self.noteRule(rule),
                .link => |*link| self.noteLink(link),
                .route => |*route| {
                    if (self.stretches_noted) self.stretches.pass(self.datagram, route);
                    if (!self.keeps(route)) return;
                    if (route.nexthop_id != 0 and route.interface == 0) self.unresolved_nexthops = true;
                },
                .address, .nexthop, .nexthop_member => {},
                .user_option => return,
            }
            self.writer.put(record);
        }

        fn noteRule(self: *Self, rule: *const layout.RuleRecord) void {
            if (rule.l3mdev != 0) self.l3mdev = true;
            if (rule.action != uapi.FR_ACT_TO_TBL or rule.table == 0) return;
            if (rule.table != uapi.RT_TABLE_LOCAL) self.tables.add(rule.table);
        }

        fn noteLink(self: *Self, link: *const layout.LinkRecord) void {
            if (self.l3mdev and link.vrf_table != 0) self.tables.add(link.vrf_table);
            const up = link.flags & uapi.IFF_UP != 0 and link.flags & uapi.IFF_LOOPBACK == 0;
            if (up) self.links_up.add(link.index);
        }

        fn keeps(self: *const Self, route: *const layout.RouteRecord) bool {
            if (self.routes_kept == .every) return true;
            if (route.table == uapi.RT_TABLE_LOCAL) return false;
            if (route.flags & uapi.RTM_F_CLONED != 0) return false;
            if (!self.tables.overflowed and !self.tables.has(route.table)) return false;
            switch (route.type) {
                uapi.RTN_UNICAST, uapi.RTN_BLACKHOLE, uapi.RTN_UNREACHABLE, uapi.RTN_PROHIBIT, uapi.RTN_THROW => {},
                else => return false,
            }
            if (route.family == 6 and route.destination[0] == 0xff) return false;
            const of_the_host = std.mem.findScalar(u8, &host_protocols, route.protocol) != null;
            const is_default = route.destination_length == 0;
            return switch (self.routes_kept) {
                .of_the_host => of_the_host or is_default,
                .defaults_of_daemons => is_default and !of_the_host,
                .every => true,
            };
        }
    };
}

const RouteFilter = struct {
    family: u8,
    table: ?u32 = null,
    protocol: u8 = 0,

    fn request(self: RouteFilter) Request {
        var fixed = std.mem.zeroes(uapi.rtmsg);
        fixed.rtm_family = self.family;
        fixed.rtm_protocol = self.protocol;
        var whole = Request.dump(uapi.RTM_GETROUTE, fixed);
        if (self.table) |table| whole.attribute(uapi.RTA_TABLE, table);
        return whole;
    }
};

/// Everything of one kind, both families in one dump.
fn plainRequest(stage: layout.Stage) Request {
    return switch (stage) {
        .rules => Request.dump(uapi.RTM_GETRULE, std.mem.zeroes(uapi.fib_rule_hdr)),
        .links => links: {
            var links = Request.dump(uapi.RTM_GETLINK, std.mem.zeroes(uapi.ifinfomsg));
            links.attribute(uapi.IFLA_EXT_MASK, uapi.RTEXT_FILTER_SKIP_STATS);
            break :links links;
        },
        .addresses => Request.dump(uapi.RTM_GETADDR, std.mem.zeroes(uapi.ifaddrmsg)),
        .nexthops => Request.dump(uapi.RTM_GETNEXTHOP, std.mem.zeroes(uapi.nhmsg)),
        .socket, .routes4, .routes6 => unreachable,
    };
}

/// The IPv6 default route the kernel would take out of one link, as it stands in the table.
fn lookupRequest(interface: u32) Request {
    var fixed = std.mem.zeroes(uapi.rtmsg);
    fixed.rtm_family = linux.AF.INET6;
    fixed.rtm_flags = uapi.RTM_F_FIB_MATCH;
    var question = Request.get(uapi.RTM_GETROUTE, fixed);
    question.attribute(uapi.RTA_OIF, interface);
    return question;
}
