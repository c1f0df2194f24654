//! A few bytes that all JavaScript threads of the process have in common: each has a heap of its own, and this
//! library is the only memory that is theirs together. What the bytes mean is TypeScript's business
//! (lib/pvd/process_pvd.ts).

const std = @import("std");

pub const size_max = 1 << 20;

/// Zero, so that it takes no room in the file, and none in memory before it is used.
var bytes = std.mem.zeroes([size_max]u8);
var length: usize = 0;
var number: std.atomic.Value(u32) = .init(0);
/// Held for a copy of the bytes: too short to sleep for.
var held: std.atomic.Value(bool) = .init(false);

/// Another number after each set(), 0 before the first.
pub fn version() u32 {
    return number.load(.acquire);
}

/// Puts new bytes in the place of the old; false where they are too many.
pub fn set(new: []const u8) bool {
    if (new.len > size_max) return false;
    hold();
    defer held.store(false, .release);
    @memcpy(bytes[0..new.len], new);
    length = new.len;
    // A positive i32 for the boundary, and never 0 again.
    number.store(number.load(.monotonic) % std.math.maxInt(i32) + 1, .release);
    return true;
}

/// Copies as much as there is room for; returns how much there is.
pub fn get(out: []u8) usize {
    hold();
    defer held.store(false, .release);
    const size = @min(length, out.len);
    @memcpy(out[0..size], bytes[0..size]);
    return length;
}

fn hold() void {
    while (held.swap(true, .acquire)) std.atomic.spinLoopHint();
}

test "what was set is read, as far as there is room" {
    try std.testing.expect(set("first"));
    const before = version();
    try std.testing.expect(set("second one"));
    try std.testing.expect(version() != before);
    var out: [6]u8 = undefined;
    try std.testing.expectEqual(10, get(&out));
    try std.testing.expectEqualStrings("second", &out);
    try std.testing.expect(set(""));
    try std.testing.expectEqual(0, get(&out));
}

test "what is too large changes nothing" {
    try std.testing.expect(set("kept"));
    const before = version();
    const large = try std.testing.allocator.alloc(u8, size_max + 1);
    defer std.testing.allocator.free(large);
    try std.testing.expect(!set(large));
    try std.testing.expectEqual(before, version());
}

test "the version goes round without meeting 0" {
    number.store(std.math.maxInt(i32), .monotonic);
    try std.testing.expect(set(""));
    try std.testing.expectEqual(1, version());
}
