//! Everything that crosses the boundary as bytes: a header and a stream of tagged records.
//!
//! `generate.zig` reflects these structs into `ffi/layout.gen.ts`; nobody types an offset. Integers
//! are in the CPU's order (little-endian on both CPUs we build for), addresses in network order, IPv4
//! in the first four of sixteen bytes. A record starts with `kind`, `removed` and `size`, so a reader
//! can pass over what it does not know.

const std = @import("std");

/// Raised whenever a function or a layout changes; the loader refuses another number.
pub const abi_version: i32 = 10;

pub const Kind = enum(u8) {
    link = 1,
    address = 2,
    route = 3,
    rule = 4,
    nexthop = 5,
    nexthop_member = 6,
    user_option = 7,
};

/// What a snapshot was doing; names the request in the message of an error.
pub const Stage = enum(u32) {
    socket = 0,
    rules = 1,
    links = 2,
    addresses = 3,
    routes4 = 4,
    routes6 = 5,
    nexthops = 6,
};

/// Bits of `SnapshotHeader.unsettled`: dumps that the kernel kept changing under until we stopped retrying.
pub const Unsettled = struct {
    pub const links: u32 = 1;
    pub const addresses: u32 = 2;
    pub const routes: u32 = 4;
    pub const rules: u32 = 8;
    pub const nexthops: u32 = 16;
};

pub const SnapshotHeader = extern struct {
    /// Bytes of the whole answer, also when the buffer was too short for it.
    size: u32,
    stage: u32,
    unsettled: u32,
    /// Dumps done again because the kernel flagged or showed a change in the middle.
    repeats: u32,
    /// 1 where the routes are what several walks gave together: some of them stand there more than once.
    united: u32,
};

pub const LinkRecord = extern struct {
    kind: Kind = .link,
    removed: u8 = 0,
    size: u16 = @sizeOf(LinkRecord),
    index: u32 = 0,
    flags: u32 = 0,
    mtu: u32 = 0,
    master: u32 = 0,
    vrf_table: u32 = 0,
    arp_type: u16 = 0,
    operstate: u8 = 0,
    name_length: u8 = 0,
    name: [16]u8 = @splat(0),
    hardware_address: [20]u8 = @splat(0),
    hardware_address_length: u8 = 0,
    reserved: [3]u8 = @splat(0),
};

pub const AddressRecord = extern struct {
    kind: Kind = .address,
    removed: u8 = 0,
    size: u16 = @sizeOf(AddressRecord),
    interface: u32 = 0,
    flags: u32 = 0,
    preferred_seconds: u32 = never,
    valid_seconds: u32 = never,
    family: u8 = 0,
    prefix_length: u8 = 0,
    scope: u8 = 0,
    protocol: u8 = 0,
    /// The host's own address; `peer` is the other end of a point-to-point link, else the same.
    address: [16]u8 = @splat(0),
    peer: [16]u8 = @splat(0),
};

/// One next hop of one route: a multipath route is several records.
pub const RouteRecord = extern struct {
    kind: Kind = .route,
    removed: u8 = 0,
    size: u16 = @sizeOf(RouteRecord),
    table: u32 = 0,
    priority: u32 = 0,
    interface: u32 = 0,
    flags: u32 = 0,
    expires_seconds: u32 = never,
    mtu: u32 = 0,
    nexthop_id: u32 = 0,
    family: u8 = 0,
    destination_length: u8 = 0,
    source_length: u8 = 0,
    protocol: u8 = 0,
    type: u8 = 0,
    scope: u8 = 0,
    /// RFC 4191 preference: 0 medium, 1 high, 3 low.
    preference: u8 = 0,
    /// 0 where the route has no gateway; an IPv4 route may go through an IPv6 one (RTA_VIA).
    gateway_family: u8 = 0,
    destination: [16]u8 = @splat(0),
    source: [16]u8 = @splat(0),
    gateway: [16]u8 = @splat(0),
    preferred_source: [16]u8 = @splat(0),
};

pub const RuleRecord = extern struct {
    kind: Kind = .rule,
    removed: u8 = 0,
    size: u16 = @sizeOf(RuleRecord),
    priority: u32 = 0,
    table: u32 = 0,
    mark: u32 = 0,
    mask: u32 = 0,
    flags: u32 = 0,
    suppress_prefix_length: i32 = -1,
    family: u8 = 0,
    action: u8 = 0,
    source_length: u8 = 0,
    destination_length: u8 = 0,
    tos: u8 = 0,
    protocol: u8 = 0,
    l3mdev: u8 = 0,
    /// 1 where it selects by more than stands here: ports, users, a tunnel and so on.
    narrowed: u8 = 0,
    source: [16]u8 = @splat(0),
    destination: [16]u8 = @splat(0),
    input_interface: [16]u8 = @splat(0),
    output_interface: [16]u8 = @splat(0),
};

pub const NexthopRecord = extern struct {
    kind: Kind = .nexthop,
    removed: u8 = 0,
    size: u16 = @sizeOf(NexthopRecord),
    id: u32 = 0,
    interface: u32 = 0,
    flags: u32 = 0,
    gateway_family: u8 = 0,
    blackhole: u8 = 0,
    reserved: u16 = 0,
    gateway: [16]u8 = @splat(0),
};

/// One member of a next hop group.
pub const NexthopMemberRecord = extern struct {
    kind: Kind = .nexthop_member,
    removed: u8 = 0,
    size: u16 = @sizeOf(NexthopMemberRecord),
    group: u32 = 0,
    id: u32 = 0,
};

/// One option of a Router Advertisement as the kernel passed it on; its bytes follow the record,
/// padded to four, and `size` counts them.
pub const UserOptionRecord = extern struct {
    kind: Kind = .user_option,
    removed: u8 = 0,
    size: u16 = @sizeOf(UserOptionRecord),
    interface: u32 = 0,
    icmp_type: u8 = 0,
    icmp_code: u8 = 0,
    option_length: u16 = 0,
    router: [16]u8 = @splat(0),
};

/// Room for a socket address: sockaddr_in6, the larger of the two families.
pub const address_size: u32 = 28;

/// Where one message of a batch lies, and what came of it.
pub const MessageRecord = extern struct {
    data_offset: u32 = 0,
    /// Room or length before the call; after a receive the length the message had.
    data_length: u32 = 0,
    control_offset: u32 = 0,
    control_length: u32 = 0,
    address_length: u32 = 0,
    /// MSG_TRUNC, MSG_CTRUNC and so on, after a receive.
    flags: u32 = 0,
};

/// One option to read, and what came of it.
pub const OptionRecord = extern struct {
    level: i32 = 0,
    name: i32 = 0,
    /// The value, or its first four bytes.
    value: i32 = 0,
    /// 0 to 4; 0 is an option without a value.
    length: u32 = 0,
};

/// One socket that is ready.
pub const ReadyRecord = extern struct {
    fd: i32 = -1,
    /// EPOLLIN and so on.
    events: u32 = 0,
};

/// What starting a confined program was at.
pub const ConfinementStage = enum(u32) { fork, namespace, mount, filter, listener, exec };

/// Counts of what follows it: options (level and name of each, 4 bytes each), then NUL-terminated strings: the
/// path, the arguments, the environment, and source and target of each mount.
pub const ConfinementRequest = extern struct {
    options: u32 = 0,
    arguments: u32 = 0,
    environment: u32 = 0,
};

/// A confined program that runs.
pub const ConfinementRecord = extern struct {
    pid: i32 = -1,
    pidfd: i32 = -1,
    /// Where its system calls are heard.
    listener: i32 = -1,
    stage: ConfinementStage = .fork,
};

/// The system calls that a supervisor is asked about.
pub const SocketCall = enum(u32) { bind, connect, listen, sendto, sendmsg, sendmmsg };

/// One of them that waits for its answer.
pub const NotificationRecord = extern struct {
    id: [8]u8 = @splat(0),
    /// Who made it, as gettid(2) says.
    thread: u32 = 0,
    call: SocketCall = .bind,
    /// Six numbers of eight bytes.
    arguments: [48]u8 = @splat(0),
};

/// A lifetime without end, as the kernel writes it.
pub const never: u32 = 0xffff_ffff;

pub const records = .{
    SnapshotHeader,
    LinkRecord,
    AddressRecord,
    RouteRecord,
    RuleRecord,
    NexthopRecord,
    NexthopMemberRecord,
    UserOptionRecord,
    MessageRecord,
    OptionRecord,
    ReadyRecord,
    ConfinementRequest,
    ConfinementRecord,
    NotificationRecord,
};

comptime {
    for (records) |Record| {
        std.debug.assert(@sizeOf(Record) % 4 == 0);
        var end: usize = 0;
        for (@typeInfo(Record).@"struct".fields) |field| {
            // No hidden padding: it would carry stale memory across the boundary.
            std.debug.assert(@offsetOf(Record, field.name) == end);
            end += @sizeOf(field.type);
        }
        std.debug.assert(end == @sizeOf(Record));
    }
}
