//! Every test of the native side: the modules with tests of their own, and those in tests/.

const std = @import("std");
const fuzz = @import("tests/fuzz.zig");

comptime {
    _ = @import("netlink.zig");
    _ = @import("process_state.zig");
    _ = @import("tests/change_test.zig");
    _ = @import("tests/fuzz.zig");
    _ = @import("tests/ownership_test.zig");
    _ = @import("tests/routes_test.zig");
    _ = @import("tests/rtnetlink_test.zig");
    _ = @import("tests/snapshot_test.zig");
    _ = @import("tests/stream_test.zig");
    _ = @import("tests/stretches_test.zig");
    _ = @import("tests/tidy.zig");
}

// `zig build fuzz` makes a program of the same files.
pub const main = fuzz.main;
pub const panic = std.debug.FullPanic(fuzz.panicked);
