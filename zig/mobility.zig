//! Mobile IPv6 on the wire: the structs and constants of the sockets API of June 2003 ("Extension to Sockets API for
//! Mobile IPv6") and of RFC 4584, which it became.
//!
//! Nothing of it is in the library. `generate_mobility.zig` reflects it into `lib/mobility/layout.gen.ts`, into a C
//! header and into a C program's assertions. The structs are laid out as a C compiler does it; integers of more than a
//! byte are big-endian on the wire. Both documents' structs of one tag have the same layout, so they are one in C.

const std = @import("std");

/// struct in6_addr of <netinet/in.h>.
pub const in6_addr = extern struct { s6_addr32: [4]u32 };

/// struct icmp6_hdr of <netinet/icmp6.h>, with the arm of its union that is used here.
pub const icmp6_hdr = extern struct {
    icmp6_type: u8,
    icmp6_code: u8,
    icmp6_cksum: u16,
    icmp6_data16: [2]u16,
};

/// The structs under the names of June 2003.
pub const draft = struct {
    pub const ip6_mh = extern struct {
        ip6mh_proto: u8,
        ip6mh_hdrlen: u8,
        ip6mh_type: u8,
        ip6mh_resvd: u8,
        ip6mh_cksum: u16,
    };
    pub const ip6mh_home_test_init = extern struct {
        ip6mhti_hdr: ip6_mh,
        ip6mhti_resvd: u16,
        ip6mhti_cookie: [2]u32,
    };
    pub const ip6mh_careof_test_init = extern struct {
        ip6mhci_hdr: ip6_mh,
        ip6mhci_resvd: u16,
        ip6mhci_cookie: [2]u32,
    };
    pub const ip6mh_home_test = extern struct {
        ip6mht_hdr: ip6_mh,
        ip6mht_nonceId: u16,
        ip6mht_cookie: [2]u32,
        ip6mht_keygen: [2]u32,
    };
    pub const ip6mh_careof_test = extern struct {
        ip6mhct_hdr: ip6_mh,
        ip6mhct_nonceId: u16,
        ip6mhct_cookie: [2]u32,
        ip6mhct_keygen: [2]u32,
    };
    pub const ip6mh_binding_request = extern struct {
        ip6mhbr_hdr: ip6_mh,
        ip6mhbr_resvd: u16,
    };
    pub const ip6mh_binding_update = extern struct {
        ip6mhbu_hdr: ip6_mh,
        ip6mhbu_seqno: u16,
        ip6mhbu_flags: u16,
        ip6mhbu_lifetime: u16,
    };
    pub const ip6mh_binding_ack = extern struct {
        ip6mhba_hdr: ip6_mh,
        ip6mhba_status: u8,
        ip6mhba_flags: u8,
        ip6mhba_seqno: u16,
        ip6mhba_lifetime: u16,
    };
    pub const ip6mh_binding_error = extern struct {
        ip6mhbe_hdr: ip6_mh,
        ip6mhbe_status: u8,
        ip6mhbe_resvd: u8,
        ip6mhbe_homeaddr: in6_addr,
    };
    pub const ip6mh_opt = extern struct {
        ip6mhopt_type: u8,
        ip6mhopt_len: u8,
    };
    pub const ip6mh_opt_refresh_advice = extern struct {
        ip6morf_type: u8,
        ip6morf_len: u8,
        ip6morf_interval: u16,
    };
    pub const ip6mh_opt_altcoa = extern struct {
        ip6moa_type: u8,
        ip6moa_len: u8,
        ip6moa_addr: [16]u8,
    };
    pub const ip6mh_opt_nonce_index = extern struct {
        ip6moni_type: u8,
        ip6moni_len: u8,
        ip6moni_hm_nonce: u16,
        ip6moni_coa_nonce: u16,
    };
    pub const ip6mh_opt_auth = extern struct {
        ip6moau_type: u8,
        ip6moau_len: u8,
    };
    pub const ip6_opt_home_address = extern struct {
        ip6hoa_type: u8,
        ip6hoa_len: u8,
        ip6hoa_addr: [16]u8,
    };
    pub const ip6_rthdr2 = rfc4584.ip6_rthdr2;
    pub const mip_dhreq = extern struct { mip_dhreq_hdr: icmp6_hdr };
    pub const mip_dhrep = extern struct { mip_dhrep_hdr: icmp6_hdr };
    pub const mip_prefix_solicit = extern struct { mip_ps_hdr: icmp6_hdr };
    pub const mip_prefix_advert = extern struct { mip_pa_hdr: icmp6_hdr };
    pub const nd_opt_prefix_info = rfc4584.nd_opt_prefix_info;
    pub const nd_opt_advinterval = extern struct {
        nd_opt_adv_type: u8,
        nd_opt_adv_len: u8,
        nd_opt_adv_reserved: u16,
        nd_opt_adv_interval: u32,
    };
    pub const nd_opt_homeagent_info = rfc4584.nd_opt_homeagent_info;
};

/// The structs under the names of RFC 4584.
pub const rfc4584 = struct {
    pub const ip6_mh = extern struct {
        ip6mh_proto: u8,
        ip6mh_hdrlen: u8,
        ip6mh_type: u8,
        ip6mh_reserved: u8,
        ip6mh_cksum: u16,
    };
    pub const ip6_mh_binding_request = extern struct {
        ip6mhbr_proto: u8,
        ip6mhbr_hdrlen: u8,
        ip6mhbr_type: u8,
        ip6mhbr_reserved: u8,
        ip6mhbr_cksum: u16,
        ip6mhbr_reserved2: u16,
    };
    pub const ip6_mh_home_test_init = extern struct {
        ip6mhhti_proto: u8,
        ip6mhhti_hdrlen: u8,
        ip6mhhti_type: u8,
        ip6mhhti_reserved: u8,
        ip6mhhti_cksum: u16,
        ip6mhhti_reserved2: u16,
        ip6mhhti_cookie: [2]u32,
    };
    pub const ip6_mh_careof_test_init = extern struct {
        ip6mhcti_proto: u8,
        ip6mhcti_hdrlen: u8,
        ip6mhcti_type: u8,
        ip6mhcti_reserved: u8,
        ip6mhcti_cksum: u16,
        ip6mhcti_reserved2: u16,
        ip6mhcti_cookie: [2]u32,
    };
    pub const ip6_mh_home_test = extern struct {
        ip6mhht_proto: u8,
        ip6mhht_hdrlen: u8,
        ip6mhht_type: u8,
        ip6mhht_reserved: u8,
        ip6mhht_cksum: u16,
        ip6mhht_nonce_index: u16,
        ip6mhht_cookie: [2]u32,
        ip6mhht_keygen: [2]u32,
    };
    pub const ip6_mh_careof_test = extern struct {
        ip6mhct_proto: u8,
        ip6mhct_hdrlen: u8,
        ip6mhct_type: u8,
        ip6mhct_reserved: u8,
        ip6mhct_cksum: u16,
        ip6mhct_nonce_index: u16,
        ip6mhct_cookie: [2]u32,
        ip6mhct_keygen: [2]u32,
    };
    pub const ip6_mh_binding_update = extern struct {
        ip6mhbu_proto: u8,
        ip6mhbu_hdrlen: u8,
        ip6mhbu_type: u8,
        ip6mhbu_reserved: u8,
        ip6mhbu_cksum: u16,
        ip6mhbu_seqno: u16,
        ip6mhbu_flags: u16,
        ip6mhbu_lifetime: u16,
    };
    pub const ip6_mh_binding_ack = extern struct {
        ip6mhba_proto: u8,
        ip6mhba_hdrlen: u8,
        ip6mhba_type: u8,
        ip6mhba_reserved: u8,
        ip6mhba_cksum: u16,
        ip6mhba_status: u8,
        ip6mhba_flags: u8,
        ip6mhba_seqno: u16,
        ip6mhba_lifetime: u16,
    };
    pub const ip6_mh_binding_error = extern struct {
        ip6mhbe_proto: u8,
        ip6mhbe_hdrlen: u8,
        ip6mhbe_type: u8,
        ip6mhbe_reserved: u8,
        ip6mhbe_cksum: u16,
        ip6mhbe_status: u8,
        ip6mhbe_reserved2: u8,
        ip6mhbe_homeaddr: in6_addr,
    };
    pub const ip6_mh_opt = extern struct {
        ip6mhopt_type: u8,
        ip6mhopt_len: u8,
    };
    pub const ip6_mh_opt_refresh_advice = extern struct {
        ip6mora_type: u8,
        ip6mora_len: u8,
        ip6mora_interval: u16,
    };
    /// RFC 4584 has a struct in6_addr here, which a compiler lays out at 4: not as it is on the wire.
    pub const ip6_mh_opt_altcoa = extern struct {
        ip6moa_type: u8,
        ip6moa_len: u8,
        ip6moa_addr: [16]u8,
    };
    pub const ip6_mh_opt_nonce_index = extern struct {
        ip6moni_type: u8,
        ip6moni_len: u8,
        ip6moni_home_nonce: u16,
        ip6moni_coa_nonce: u16,
    };
    pub const ip6_mh_opt_auth_data = extern struct {
        ip6moad_type: u8,
        ip6moad_len: u8,
        ip6moad_data: [12]u8,
    };
    pub const ip6_opt_home_address = extern struct {
        ip6oha_type: u8,
        ip6oha_len: u8,
        ip6oha_addr: [16]u8,
    };
    pub const ip6_rthdr2 = extern struct {
        ip6r2_nxt: u8,
        ip6r2_len: u8,
        ip6r2_type: u8,
        ip6r2_segleft: u8,
        ip6r2_reserved: u32,
        ip6r2_homeaddr: in6_addr,
    };
    pub const mip6_dhaad_req = extern struct { mip6_dhreq_hdr: icmp6_hdr };
    pub const mip6_dhaad_rep = extern struct { mip6_dhrep_hdr: icmp6_hdr };
    pub const mip6_prefix_solicit = extern struct { mip6_ps_hdr: icmp6_hdr };
    pub const mip6_prefix_advert = extern struct { mip6_pa_hdr: icmp6_hdr };
    pub const nd_opt_prefix_info = extern struct {
        nd_opt_pi_type: u8,
        nd_opt_pi_len: u8,
        nd_opt_pi_prefix_len: u8,
        nd_opt_pi_flags_reserved: u8,
        nd_opt_pi_valid_time: u32,
        nd_opt_pi_preferred_time: u32,
        nd_opt_pi_reserved2: u32,
        nd_opt_pi_prefix: in6_addr,
    };
    pub const nd_opt_adv_interval = extern struct {
        nd_opt_ai_type: u8,
        nd_opt_ai_len: u8,
        nd_opt_ai_reserved: u16,
        nd_opt_ai_interval: u32,
    };
    pub const nd_opt_homeagent_info = extern struct {
        nd_opt_hai_type: u8,
        nd_opt_hai_len: u8,
        nd_opt_hai_reserved: u16,
        nd_opt_hai_preference: u16,
        nd_opt_hai_lifetime: u16,
    };
};

/// The structs around an icmp6_hdr, whose fields have names of their own: `<prefix>_type` is a macro.
pub const icmp6_messages = [_]struct { tag: []const u8, prefix: []const u8, last: []const u8 = "reserved" }{
    .{ .tag = "mip_dhreq", .prefix = "mip_dhreq" },
    .{ .tag = "mip_dhrep", .prefix = "mip_dhrep" },
    .{ .tag = "mip_prefix_solicit", .prefix = "mip_ps" },
    .{ .tag = "mip_prefix_advert", .prefix = "mip_pa", .last = "flags_reserved" },
    .{ .tag = "mip6_dhaad_req", .prefix = "mip6_dhreq" },
    .{ .tag = "mip6_dhaad_rep", .prefix = "mip6_dhrep" },
    .{ .tag = "mip6_prefix_solicit", .prefix = "mip6_ps" },
    .{ .tag = "mip6_prefix_advert", .prefix = "mip6_pa", .last = "flags_reserved" },
};

/// The structs that <netinet/icmp6.h> has, with its names of their fields.
pub const in_icmp6_h = [_]struct { tag: []const u8, fields: []const []const u8 }{
    .{ .tag = "nd_opt_prefix_info", .fields = &.{
        "nd_opt_pi_type",
        "nd_opt_pi_len",
        "nd_opt_pi_prefix_len",
        "nd_opt_pi_flags_reserved",
        "nd_opt_pi_valid_time",
        "nd_opt_pi_preferred_time",
        "nd_opt_pi_reserved2",
        "nd_opt_pi_prefix",
    } },
    .{ .tag = "nd_opt_adv_interval", .fields = &.{
        "nd_opt_adv_interval_type",
        "nd_opt_adv_interval_len",
        "nd_opt_adv_interval_reserved",
        "nd_opt_adv_interval_ival",
    } },
};

/// One number and what it is called in the document of June 2003.
pub const Constant = struct {
    draft: []const u8,
    /// As IANA has it.
    value: u16,
    /// Of RFC 6275, which says what it means.
    section: []const u8,
    doc: []const u8,
    more: More,

    /// What few have.
    pub const More = struct {
        form: Form = .decimal,
        /// What `draft` was spelt like there.
        misspelt: ?[]const u8 = null,
        /// What it was before IANA said otherwise.
        value2003: ?u16 = null,
    };
};

fn constant(
    draft_name: []const u8,
    value: u16,
    section: []const u8,
    doc: []const u8,
    more: Constant.More,
) Constant {
    return .{ .draft = draft_name, .value = value, .section = section, .doc = doc, .more = more };
}

/// What RFC 4584 calls it: another prefix and the same word.
pub fn rfc4584Name(comptime draft_name: []const u8) []const u8 {
    const prefixes = .{ .{ "IP6MHOPT_", "IP6_MHOPT_" }, .{ "IP6MH_", "IP6_MH_" }, .{ "ICMP6_MIP_", "MIP6_" } };
    inline for (prefixes) |prefix| {
        if (comptime std.mem.startsWith(u8, draft_name, prefix[0])) return prefix[1] ++ draft_name[prefix[0].len..];
    }
    return draft_name;
}

/// How a number is written. `flags16` is of a field of two bytes: a C program tests it as it lies in memory.
pub const Form = enum { decimal, hex, flags16 };

pub const constants = [_]Constant{
    constant("IPPROTO_MH", 135, "6.1", "The protocol number of the Mobility Header", .{ .value2003 = 62 }),
    constant("IP6MH_BU_ACK", 0x8000, "6.1.7", "BU: request a binding acknowledgement", .{ .form = .flags16 }),
    constant("IP6MH_BU_HOME", 0x4000, "6.1.7", "BU: home registration", .{ .form = .flags16 }),
    constant("IP6MH_BU_LLOCAL", 0x2000, "6.1.7", "BU: link-local compatibility", .{ .form = .flags16 }),
    constant("IP6MH_BU_KEYM", 0x1000, "6.1.7", "BU: key management mobility", .{ .form = .flags16 }),
    constant("IP6MH_BA_KEYM", 0x80, "6.1.8", "BA: key management mobility", .{ .form = .hex }),
    constant("IP6MH_TYPE_BRR", 0, "6.1.2", "MH Type: Binding Refresh Request", .{}),
    constant("IP6MH_TYPE_HOTI", 1, "6.1.3", "MH Type: Home Test Init", .{}),
    constant("IP6MH_TYPE_COTI", 2, "6.1.4", "MH Type: Care-of Test Init", .{}),
    constant("IP6MH_TYPE_HOT", 3, "6.1.5", "MH Type: Home Test", .{}),
    constant("IP6MH_TYPE_COT", 4, "6.1.6", "MH Type: Care-of Test", .{}),
    constant("IP6MH_TYPE_BU", 5, "6.1.7", "MH Type: Binding Update", .{}),
    constant("IP6MH_TYPE_BACK", 6, "6.1.8", "MH Type: Binding Acknowledgement", .{}),
    constant("IP6MH_TYPE_BERROR", 7, "6.1.9", "MH Type: Binding Error", .{}),
    constant("IP6MHOPT_PAD1", 0, "6.2.2", "Mobility option: Pad1", .{}),
    constant("IP6MHOPT_PADN", 1, "6.2.3", "Mobility option: PadN", .{ .misspelt = "IP6MHOPT_PDAN" }),
    constant("IP6MHOPT_BREFRESH", 2, "6.2.4", "Mobility option: Binding Refresh Advice", .{}),
    constant("IP6MHOPT_ALTCOA", 3, "6.2.5", "Mobility option: Alternate Care-of Address", .{}),
    constant("IP6MHOPT_NONCEID", 4, "6.2.6", "Mobility option: Nonce Indices", .{}),
    constant("IP6MHOPT_BAUTH", 5, "6.2.7", "Mobility option: Binding Authorization Data", .{}),
    constant("IP6MH_BAS_ACCEPTED", 0, "6.1.8", "BA: accepted", .{ .misspelt = "IP6MH_BAS_ACCPETED" }),
    constant("IP6MH_BAS_PRFX_DISCOV", 1, "6.1.8", "BA: accepted, but prefix discovery necessary", .{}),
    constant("IP6MH_BAS_UNSPECIFIED", 128, "6.1.8", "BA: reason unspecified", .{}),
    constant("IP6MH_BAS_PROHIBIT", 129, "6.1.8", "BA: administratively prohibited", .{}),
    constant("IP6MH_BAS_INSUFFICIENT", 130, "6.1.8", "BA: insufficient resources", .{}),
    constant("IP6MH_BAS_HA_NOT_SUPPORTED", 131, "6.1.8", "BA: home registration not supported", .{}),
    constant("IP6MH_BAS_NOT_HOME_SUBNET", 132, "6.1.8", "BA: not home subnet", .{}),
    constant("IP6MH_BAS_NOT_HA", 133, "6.1.8", "BA: not home agent for this mobile node", .{}),
    constant("IP6MH_BAS_DAD_FAILED", 134, "6.1.8", "BA: duplicate address detection failed", .{}),
    constant("IP6MH_BAS_SEQNO_BAD", 135, "6.1.8", "BA: sequence number out of window", .{}),
    constant("IP6MH_BAS_HOME_NI_EXPIRED", 136, "6.1.8", "BA: expired home nonce index", .{}),
    constant("IP6MH_BAS_COA_NI_EXPIRED", 137, "6.1.8", "BA: expired care-of nonce index", .{}),
    constant("IP6MH_BAS_NI_EXPIRED", 138, "6.1.8", "BA: expired nonces", .{}),
    constant("IP6MH_BAS_REG_NOT_ALLOWED", 139, "6.1.8", "BA: registration type change disallowed", .{}),
    constant("IP6MH_BES_UNKNOWN_HAO", 1, "6.1.9", "BE: unknown binding for the home address option", .{}),
    constant("IP6MH_BES_UNKNOWN_MH", 2, "6.1.9", "BE: unknown MH Type", .{}),
    constant("IP6OPT_HOME_ADDRESS", 0xc9, "6.3", "Destination option: Home Address", .{ .form = .hex }),
    constant("ICMP6_MIP_HA_DISCOVERY_REQUEST", 144, "6.5", "ICMPv6: asks for home agents", .{ .value2003 = 150 }),
    constant("ICMP6_MIP_HA_DISCOVERY_REPLY", 145, "6.6", "ICMPv6: the home agents", .{ .value2003 = 151 }),
    constant("ICMP6_MIP_PREFIX_SOLICIT", 146, "6.7", "ICMPv6: asks for the home prefixes", .{ .value2003 = 152 }),
    constant("ICMP6_MIP_PREFIX_ADVERT", 147, "6.8", "ICMPv6: the home prefixes", .{ .value2003 = 153 }),
    constant("ICMP6_MIP_PA_FLAG_MANAGED", 0x8000, "6.8", "MPA: addresses by DHCPv6", .{ .form = .flags16 }),
    constant("ICMP6_MIP_PA_FLAG_OTHER", 0x4000, "6.8", "MPA: the rest by DHCPv6", .{ .form = .flags16 }),
    constant("ND_RA_FLAG_HOMEAGENT", 0x20, "7.1", "RA: the router is a home agent", .{ .form = .hex }),
    constant("ND_OPT_PI_FLAG_ROUTER", 0x20, "7.2", "Prefix Information: all of an address", .{ .form = .hex }),
    constant("ND_OPT_ADV_INTERVAL", 7, "7.3", "Neighbor Discovery option: Advertisement Interval", .{}),
    constant("ND_OPT_HA_INFORMATION", 8, "7.4", "Neighbor Discovery option: Home Agent Information", .{}),
};

comptime {
    std.debug.assert(constants.len == 47);
    std.debug.assert(@typeInfo(draft).@"struct".decls.len == 23);
    std.debug.assert(@typeInfo(rfc4584).@"struct".decls.len == 23);
}
