//! Every test of the native side: the modules with tests of their own, and those in tests/.

comptime {
    _ = @import("netlink.zig");
    _ = @import("tests/rtnetlink_test.zig");
    _ = @import("tests/snapshot_test.zig");
    _ = @import("tests/stream_test.zig");
}
