//! Whose descriptors are closed, and whose are not.

const std = @import("std");
const linux = std.os.linux;
const ownership = @import("../ownership.zig");
const sys = @import("../sys.zig");

test "what a thread owns is closed with it, and what has become another's is not" {
    const kept, const closed_before, const given = .{ try testSocket(), try testSocket(), try testSocket() };
    for ([_]i32{ kept, closed_before, given }) |fd| ownership.own(fd);
    // Somebody closes it without us, and the number becomes a stranger's.
    sys.close(closed_before);
    const stranger = try testSocket();
    try std.testing.expectEqual(closed_before, stranger);
    try std.testing.expect(ownership.disown(given));
    try std.testing.expect(!ownership.disown(given));
    ownership.closeAll();
    try std.testing.expect(ownership.cookieOf(kept) == null);
    for ([_]i32{ stranger, given }) |fd| {
        try std.testing.expect(ownership.cookieOf(fd) != null);
        sys.close(fd);
    }
}

test "numbers that cannot be ours, and threads that are not ours" {
    ownership.own(-1);
    ownership.own(ownership.descriptors_max);
    try std.testing.expect(!ownership.disown(-1));
    try std.testing.expect(ownership.disown(ownership.descriptors_max));
    const fd = try testSocket();
    ownership.own(fd);
    const other = try std.Thread.spawn(.{}, struct {
        fn run(number: i32) void {
            ownership.closeAll();
            std.debug.assert(!ownership.disown(number));
        }
    }.run, .{fd});
    other.join();
    try std.testing.expect(ownership.cookieOf(fd) != null);
    try std.testing.expect(ownership.disown(fd));
    sys.close(fd);
}

fn testSocket() !i32 {
    const outcome = sys.call(linux.socket, .{ linux.AF.UNIX, linux.SOCK.DGRAM | linux.SOCK.CLOEXEC, 0 });
    return @bitCast(outcome.value);
}
