//! What several walks of one IPv6 table have seen of it together.
//!
//! A walk that spans datagrams loses routes when others change the table: the kernel resumes it by counting. But
//! while it fills one datagram it holds the table still, and it walks in one order, whatever else stands there. So a
//! datagram has every route between its first and its last one. Where such stretches overlap from the beginning
//! of the table to its end, no route that stayed in it can be lacking.

const layout = @import("layout.zig");

/// How many stretches that do not touch are remembered: about 4 MiB of routes.
const stretches_max = 128;

pub const Stretches = struct {
    /// No two of them overlap.
    items: [stretches_max]Stretch,
    length: usize,
    /// Of the datagram being read.
    open: Stretch,
    datagram: u32,
    /// A walk that did not go in our order, or more stretches than there is room for, prove nothing.
    unprovable: bool,

    /// No walk yet. In place: as a value it would be nine kilobytes of the library.
    pub fn clear(self: *Stretches) void {
        self.length = 0;
        self.unprovable = false;
    }

    /// A walk begins: its first datagram starts where the table does.
    pub fn begin(self: *Stretches) void {
        self.open = .{ .first = .begin, .last = .begin };
        self.datagram = 0;
    }

    /// The walk came to a route, in this one of its datagrams.
    pub fn pass(self: *Stretches, datagram: u32, route: *const layout.RouteRecord) void {
        const place: Place = .of(route);
        if (datagram != self.datagram) {
            self.add(self.open);
            self.open.first = place;
            self.datagram = datagram;
        } else if (place.isBefore(&self.open.last)) {
            self.unprovable = true;
        }
        self.open.last = place;
    }

    /// The walk is over; `at_end` where nothing can have been lost behind its last route.
    pub fn end(self: *Stretches, at_end: bool) void {
        if (at_end) self.open.last = .end;
        self.add(self.open);
    }

    /// Whether nothing that stayed in the table is lacking.
    pub fn areWhole(self: *const Stretches) bool {
        if (self.unprovable or self.length != 1) return false;
        const all = &self.items[0];
        return !Place.begin.isBefore(&all.first) and !all.last.isBefore(&Place.end);
    }

    fn add(self: *Stretches, stretch: Stretch) void {
        var joined = stretch;
        var kept: usize = 0;
        for (self.items[0..self.length]) |*other| {
            if (joined.first.isBefore(&other.last) and other.first.isBefore(&joined.last)) {
                if (other.first.isBefore(&joined.first)) joined.first = other.first;
                if (joined.last.isBefore(&other.last)) joined.last = other.last;
            } else {
                self.items[kept] = other.*;
                kept += 1;
            }
        }
        self.length = kept;
        if (kept == stretches_max) {
            self.unprovable = true;
            return;
        }
        self.items[kept] = joined;
        self.length += 1;
    }
};

/// All between two places. Of these themselves a datagram may have a part only: several routes can have one place.
const Stretch = struct {
    first: Place,
    last: Place,
};

/// Where the walk comes to a route, as bytes that compare so. It goes down to the left and then to the right, and
/// takes a prefix on its way back, behind all parts of it; but routes of one source (RTA_SRC) it takes on its way
/// down, ahead of the parts of their destination.
const Place = struct {
    bytes: [16 + 2 + 16 + 1]u8,

    const begin: Place = .{ .bytes = @splat(0) };
    const end: Place = .{ .bytes = @splat(0xff) };

    noinline fn of(route: *const layout.RouteRecord) Place {
        const length = route.destination_length;
        if (route.source_length == 0) {
            const behind = lastOf(&route.destination, length) ++ [_]u8{ 1, ~length };
            return .{ .bytes = behind ++ @as([17]u8, @splat(0)) };
        }
        const ahead = route.destination ++ [_]u8{ 0, length };
        return .{ .bytes = ahead ++ lastOf(&route.source, route.source_length) ++ [_]u8{~route.source_length} };
    }

    /// The last address of a prefix.
    fn lastOf(prefix: *const [16]u8, length: u8) [16]u8 {
        var address = prefix.*;
        const whole = @min(length / 8, 16);
        if (whole < 16) address[whole] |= @as(u8, 0xff) >> @truncate(length);
        if (whole < 15) @memset(address[whole + 1 ..], 0xff);
        return address;
    }

    noinline fn isBefore(self: *const Place, other: *const Place) bool {
        for (self.bytes, other.bytes) |one, two| {
            if (one != two) return one < two;
        }
        return false;
    }
};
