/*
 * Mobile IPv6 (RFC 6275) for C programs: what "Extension to Sockets API for Mobile IPv6" defines, under the
 * names of its draft of June 2003 and of RFC 4584, with IANA's numbers.
 *
 * Written by zig/generate_mobility.zig from zig/mobility.zig; do not edit, run `deno task build`.
 *
 * Fields are as they are on the wire, in network byte order, and flags of two bytes are in that order too:
 * bu->ip6mhbu_flags & IP6MH_BU_ACK.
 */
#ifndef MIF_IP6MH_H
#define MIF_IP6MH_H

#include <stdint.h>
#include <netinet/in.h>
#include <netinet/icmp6.h>

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define IP6MH_FLAGS16(flags) (flags)
#else
#define IP6MH_FLAGS16(flags) (((flags) & 0xff) << 8 | (flags) >> 8)
#endif

/* The protocol number of the Mobility Header */
#ifndef IPPROTO_MH
#define IPPROTO_MH 135
#endif
/* BU: request a binding acknowledgement */
#ifndef IP6_MH_BU_ACK
#define IP6_MH_BU_ACK IP6MH_FLAGS16(0x8000)
#endif
#define IP6MH_BU_ACK IP6_MH_BU_ACK
/* BU: home registration */
#ifndef IP6_MH_BU_HOME
#define IP6_MH_BU_HOME IP6MH_FLAGS16(0x4000)
#endif
#define IP6MH_BU_HOME IP6_MH_BU_HOME
/* BU: link-local compatibility */
#ifndef IP6_MH_BU_LLOCAL
#define IP6_MH_BU_LLOCAL IP6MH_FLAGS16(0x2000)
#endif
#define IP6MH_BU_LLOCAL IP6_MH_BU_LLOCAL
/* BU: key management mobility */
#ifndef IP6_MH_BU_KEYM
#define IP6_MH_BU_KEYM IP6MH_FLAGS16(0x1000)
#endif
#define IP6MH_BU_KEYM IP6_MH_BU_KEYM
/* BA: key management mobility */
#ifndef IP6_MH_BA_KEYM
#define IP6_MH_BA_KEYM 0x80
#endif
#define IP6MH_BA_KEYM IP6_MH_BA_KEYM
/* MH Type: Binding Refresh Request */
#ifndef IP6_MH_TYPE_BRR
#define IP6_MH_TYPE_BRR 0
#endif
#define IP6MH_TYPE_BRR IP6_MH_TYPE_BRR
/* MH Type: Home Test Init */
#ifndef IP6_MH_TYPE_HOTI
#define IP6_MH_TYPE_HOTI 1
#endif
#define IP6MH_TYPE_HOTI IP6_MH_TYPE_HOTI
/* MH Type: Care-of Test Init */
#ifndef IP6_MH_TYPE_COTI
#define IP6_MH_TYPE_COTI 2
#endif
#define IP6MH_TYPE_COTI IP6_MH_TYPE_COTI
/* MH Type: Home Test */
#ifndef IP6_MH_TYPE_HOT
#define IP6_MH_TYPE_HOT 3
#endif
#define IP6MH_TYPE_HOT IP6_MH_TYPE_HOT
/* MH Type: Care-of Test */
#ifndef IP6_MH_TYPE_COT
#define IP6_MH_TYPE_COT 4
#endif
#define IP6MH_TYPE_COT IP6_MH_TYPE_COT
/* MH Type: Binding Update */
#ifndef IP6_MH_TYPE_BU
#define IP6_MH_TYPE_BU 5
#endif
#define IP6MH_TYPE_BU IP6_MH_TYPE_BU
/* MH Type: Binding Acknowledgement */
#ifndef IP6_MH_TYPE_BACK
#define IP6_MH_TYPE_BACK 6
#endif
#define IP6MH_TYPE_BACK IP6_MH_TYPE_BACK
/* MH Type: Binding Error */
#ifndef IP6_MH_TYPE_BERROR
#define IP6_MH_TYPE_BERROR 7
#endif
#define IP6MH_TYPE_BERROR IP6_MH_TYPE_BERROR
/* Mobility option: Pad1 */
#ifndef IP6_MHOPT_PAD1
#define IP6_MHOPT_PAD1 0
#endif
#define IP6MHOPT_PAD1 IP6_MHOPT_PAD1
/* Mobility option: PadN */
#ifndef IP6_MHOPT_PADN
#define IP6_MHOPT_PADN 1
#endif
#define IP6MHOPT_PADN IP6_MHOPT_PADN
#define IP6MHOPT_PDAN IP6_MHOPT_PADN /* sic */
/* Mobility option: Binding Refresh Advice */
#ifndef IP6_MHOPT_BREFRESH
#define IP6_MHOPT_BREFRESH 2
#endif
#define IP6MHOPT_BREFRESH IP6_MHOPT_BREFRESH
/* Mobility option: Alternate Care-of Address */
#ifndef IP6_MHOPT_ALTCOA
#define IP6_MHOPT_ALTCOA 3
#endif
#define IP6MHOPT_ALTCOA IP6_MHOPT_ALTCOA
/* Mobility option: Nonce Indices */
#ifndef IP6_MHOPT_NONCEID
#define IP6_MHOPT_NONCEID 4
#endif
#define IP6MHOPT_NONCEID IP6_MHOPT_NONCEID
/* Mobility option: Binding Authorization Data */
#ifndef IP6_MHOPT_BAUTH
#define IP6_MHOPT_BAUTH 5
#endif
#define IP6MHOPT_BAUTH IP6_MHOPT_BAUTH
/* BA: accepted */
#ifndef IP6_MH_BAS_ACCEPTED
#define IP6_MH_BAS_ACCEPTED 0
#endif
#define IP6MH_BAS_ACCEPTED IP6_MH_BAS_ACCEPTED
#define IP6MH_BAS_ACCPETED IP6_MH_BAS_ACCEPTED /* sic */
/* BA: accepted, but prefix discovery necessary */
#ifndef IP6_MH_BAS_PRFX_DISCOV
#define IP6_MH_BAS_PRFX_DISCOV 1
#endif
#define IP6MH_BAS_PRFX_DISCOV IP6_MH_BAS_PRFX_DISCOV
/* BA: reason unspecified */
#ifndef IP6_MH_BAS_UNSPECIFIED
#define IP6_MH_BAS_UNSPECIFIED 128
#endif
#define IP6MH_BAS_UNSPECIFIED IP6_MH_BAS_UNSPECIFIED
/* BA: administratively prohibited */
#ifndef IP6_MH_BAS_PROHIBIT
#define IP6_MH_BAS_PROHIBIT 129
#endif
#define IP6MH_BAS_PROHIBIT IP6_MH_BAS_PROHIBIT
/* BA: insufficient resources */
#ifndef IP6_MH_BAS_INSUFFICIENT
#define IP6_MH_BAS_INSUFFICIENT 130
#endif
#define IP6MH_BAS_INSUFFICIENT IP6_MH_BAS_INSUFFICIENT
/* BA: home registration not supported */
#ifndef IP6_MH_BAS_HA_NOT_SUPPORTED
#define IP6_MH_BAS_HA_NOT_SUPPORTED 131
#endif
#define IP6MH_BAS_HA_NOT_SUPPORTED IP6_MH_BAS_HA_NOT_SUPPORTED
/* BA: not home subnet */
#ifndef IP6_MH_BAS_NOT_HOME_SUBNET
#define IP6_MH_BAS_NOT_HOME_SUBNET 132
#endif
#define IP6MH_BAS_NOT_HOME_SUBNET IP6_MH_BAS_NOT_HOME_SUBNET
/* BA: not home agent for this mobile node */
#ifndef IP6_MH_BAS_NOT_HA
#define IP6_MH_BAS_NOT_HA 133
#endif
#define IP6MH_BAS_NOT_HA IP6_MH_BAS_NOT_HA
/* BA: duplicate address detection failed */
#ifndef IP6_MH_BAS_DAD_FAILED
#define IP6_MH_BAS_DAD_FAILED 134
#endif
#define IP6MH_BAS_DAD_FAILED IP6_MH_BAS_DAD_FAILED
/* BA: sequence number out of window */
#ifndef IP6_MH_BAS_SEQNO_BAD
#define IP6_MH_BAS_SEQNO_BAD 135
#endif
#define IP6MH_BAS_SEQNO_BAD IP6_MH_BAS_SEQNO_BAD
/* BA: expired home nonce index */
#ifndef IP6_MH_BAS_HOME_NI_EXPIRED
#define IP6_MH_BAS_HOME_NI_EXPIRED 136
#endif
#define IP6MH_BAS_HOME_NI_EXPIRED IP6_MH_BAS_HOME_NI_EXPIRED
/* BA: expired care-of nonce index */
#ifndef IP6_MH_BAS_COA_NI_EXPIRED
#define IP6_MH_BAS_COA_NI_EXPIRED 137
#endif
#define IP6MH_BAS_COA_NI_EXPIRED IP6_MH_BAS_COA_NI_EXPIRED
/* BA: expired nonces */
#ifndef IP6_MH_BAS_NI_EXPIRED
#define IP6_MH_BAS_NI_EXPIRED 138
#endif
#define IP6MH_BAS_NI_EXPIRED IP6_MH_BAS_NI_EXPIRED
/* BA: registration type change disallowed */
#ifndef IP6_MH_BAS_REG_NOT_ALLOWED
#define IP6_MH_BAS_REG_NOT_ALLOWED 139
#endif
#define IP6MH_BAS_REG_NOT_ALLOWED IP6_MH_BAS_REG_NOT_ALLOWED
/* BE: unknown binding for the home address option */
#ifndef IP6_MH_BES_UNKNOWN_HAO
#define IP6_MH_BES_UNKNOWN_HAO 1
#endif
#define IP6MH_BES_UNKNOWN_HAO IP6_MH_BES_UNKNOWN_HAO
/* BE: unknown MH Type */
#ifndef IP6_MH_BES_UNKNOWN_MH
#define IP6_MH_BES_UNKNOWN_MH 2
#endif
#define IP6MH_BES_UNKNOWN_MH IP6_MH_BES_UNKNOWN_MH
/* Destination option: Home Address */
#ifndef IP6OPT_HOME_ADDRESS
#define IP6OPT_HOME_ADDRESS 0xc9
#endif
/* ICMPv6: asks for home agents */
#ifndef MIP6_HA_DISCOVERY_REQUEST
#define MIP6_HA_DISCOVERY_REQUEST 144
#endif
#define ICMP6_MIP_HA_DISCOVERY_REQUEST MIP6_HA_DISCOVERY_REQUEST
/* ICMPv6: the home agents */
#ifndef MIP6_HA_DISCOVERY_REPLY
#define MIP6_HA_DISCOVERY_REPLY 145
#endif
#define ICMP6_MIP_HA_DISCOVERY_REPLY MIP6_HA_DISCOVERY_REPLY
/* ICMPv6: asks for the home prefixes */
#ifndef MIP6_PREFIX_SOLICIT
#define MIP6_PREFIX_SOLICIT 146
#endif
#define ICMP6_MIP_PREFIX_SOLICIT MIP6_PREFIX_SOLICIT
/* ICMPv6: the home prefixes */
#ifndef MIP6_PREFIX_ADVERT
#define MIP6_PREFIX_ADVERT 147
#endif
#define ICMP6_MIP_PREFIX_ADVERT MIP6_PREFIX_ADVERT
/* MPA: addresses by DHCPv6 */
#ifndef MIP6_PA_FLAG_MANAGED
#define MIP6_PA_FLAG_MANAGED IP6MH_FLAGS16(0x8000)
#endif
#define ICMP6_MIP_PA_FLAG_MANAGED MIP6_PA_FLAG_MANAGED
/* MPA: the rest by DHCPv6 */
#ifndef MIP6_PA_FLAG_OTHER
#define MIP6_PA_FLAG_OTHER IP6MH_FLAGS16(0x4000)
#endif
#define ICMP6_MIP_PA_FLAG_OTHER MIP6_PA_FLAG_OTHER
/* RA: the router is a home agent */
#ifndef ND_RA_FLAG_HOMEAGENT
#define ND_RA_FLAG_HOMEAGENT 0x20
#endif
/* Prefix Information: all of an address */
#ifndef ND_OPT_PI_FLAG_ROUTER
#define ND_OPT_PI_FLAG_ROUTER 0x20
#endif
/* Neighbor Discovery option: Advertisement Interval */
#ifndef ND_OPT_ADV_INTERVAL
#define ND_OPT_ADV_INTERVAL 7
#endif
/* Neighbor Discovery option: Home Agent Information */
#ifndef ND_OPT_HA_INFORMATION
#define ND_OPT_HA_INFORMATION 8
#endif

/* Before IANA said otherwise: to read captures of 2003, and no more. */
#define DRAFT2003_IPPROTO_MH 62
#define DRAFT2003_ICMP6_MIP_HA_DISCOVERY_REQUEST 150
#define DRAFT2003_ICMP6_MIP_HA_DISCOVERY_REPLY 151
#define DRAFT2003_ICMP6_MIP_PREFIX_SOLICIT 152
#define DRAFT2003_ICMP6_MIP_PREFIX_ADVERT 153

/* 6 bytes */
struct ip6_mh {
    uint8_t ip6mh_proto;
    uint8_t ip6mh_hdrlen;
    uint8_t ip6mh_type;
    uint8_t ip6mh_reserved;
    uint16_t ip6mh_cksum;
};
#define ip6mh_resvd ip6mh_reserved

/* 16 bytes */
struct ip6mh_home_test_init {
    struct ip6_mh ip6mhti_hdr;
    uint16_t ip6mhti_resvd;
    uint32_t ip6mhti_cookie[2];
};

/* 16 bytes */
struct ip6mh_careof_test_init {
    struct ip6_mh ip6mhci_hdr;
    uint16_t ip6mhci_resvd;
    uint32_t ip6mhci_cookie[2];
};

/* 24 bytes */
struct ip6mh_home_test {
    struct ip6_mh ip6mht_hdr;
    uint16_t ip6mht_nonceId;
    uint32_t ip6mht_cookie[2];
    uint32_t ip6mht_keygen[2];
};

/* 24 bytes */
struct ip6mh_careof_test {
    struct ip6_mh ip6mhct_hdr;
    uint16_t ip6mhct_nonceId;
    uint32_t ip6mhct_cookie[2];
    uint32_t ip6mhct_keygen[2];
};

/* 8 bytes */
struct ip6mh_binding_request {
    struct ip6_mh ip6mhbr_hdr;
    uint16_t ip6mhbr_resvd;
};

/* 12 bytes */
struct ip6mh_binding_update {
    struct ip6_mh ip6mhbu_hdr;
    uint16_t ip6mhbu_seqno;
    uint16_t ip6mhbu_flags;
    uint16_t ip6mhbu_lifetime;
};

/* 12 bytes */
struct ip6mh_binding_ack {
    struct ip6_mh ip6mhba_hdr;
    uint8_t ip6mhba_status;
    uint8_t ip6mhba_flags;
    uint16_t ip6mhba_seqno;
    uint16_t ip6mhba_lifetime;
};

/* 24 bytes */
struct ip6mh_binding_error {
    struct ip6_mh ip6mhbe_hdr;
    uint8_t ip6mhbe_status;
    uint8_t ip6mhbe_resvd;
    struct in6_addr ip6mhbe_homeaddr;
};

/* 2 bytes */
struct ip6mh_opt {
    uint8_t ip6mhopt_type;
    uint8_t ip6mhopt_len;
};

/* 4 bytes */
struct ip6mh_opt_refresh_advice {
    uint8_t ip6morf_type;
    uint8_t ip6morf_len;
    uint16_t ip6morf_interval;
};

/* 18 bytes */
struct ip6mh_opt_altcoa {
    uint8_t ip6moa_type;
    uint8_t ip6moa_len;
    uint8_t ip6moa_addr[16];
};

/* 6 bytes */
struct ip6mh_opt_nonce_index {
    uint8_t ip6moni_type;
    uint8_t ip6moni_len;
    uint16_t ip6moni_hm_nonce;
    uint16_t ip6moni_coa_nonce;
};

/* 2 bytes */
struct ip6mh_opt_auth {
    uint8_t ip6moau_type;
    uint8_t ip6moau_len;
};

/* 18 bytes */
struct ip6_opt_home_address {
    uint8_t ip6oha_type;
    uint8_t ip6oha_len;
    uint8_t ip6oha_addr[16];
};
#define ip6hoa_type ip6oha_type
#define ip6hoa_len ip6oha_len
#define ip6hoa_addr ip6oha_addr

/* 24 bytes */
struct ip6_rthdr2 {
    uint8_t ip6r2_nxt;
    uint8_t ip6r2_len;
    uint8_t ip6r2_type;
    uint8_t ip6r2_segleft;
    uint32_t ip6r2_reserved;
    struct in6_addr ip6r2_homeaddr;
};

/* 8 bytes */
struct mip_dhreq {
    struct icmp6_hdr mip_dhreq_hdr;
};
#define mip_dhreq_type mip_dhreq_hdr.icmp6_type
#define mip_dhreq_code mip_dhreq_hdr.icmp6_code
#define mip_dhreq_cksum mip_dhreq_hdr.icmp6_cksum
#define mip_dhreq_id mip_dhreq_hdr.icmp6_data16[0]
#define mip_dhreq_reserved mip_dhreq_hdr.icmp6_data16[1]

/* 8 bytes */
struct mip_dhrep {
    struct icmp6_hdr mip_dhrep_hdr;
};
#define mip_dhrep_type mip_dhrep_hdr.icmp6_type
#define mip_dhrep_code mip_dhrep_hdr.icmp6_code
#define mip_dhrep_cksum mip_dhrep_hdr.icmp6_cksum
#define mip_dhrep_id mip_dhrep_hdr.icmp6_data16[0]
#define mip_dhrep_reserved mip_dhrep_hdr.icmp6_data16[1]

/* 8 bytes */
struct mip_prefix_solicit {
    struct icmp6_hdr mip_ps_hdr;
};
#define mip_ps_type mip_ps_hdr.icmp6_type
#define mip_ps_code mip_ps_hdr.icmp6_code
#define mip_ps_cksum mip_ps_hdr.icmp6_cksum
#define mip_ps_id mip_ps_hdr.icmp6_data16[0]
#define mip_ps_reserved mip_ps_hdr.icmp6_data16[1]

/* 8 bytes */
struct mip_prefix_advert {
    struct icmp6_hdr mip_pa_hdr;
};
#define mip_pa_type mip_pa_hdr.icmp6_type
#define mip_pa_code mip_pa_hdr.icmp6_code
#define mip_pa_cksum mip_pa_hdr.icmp6_cksum
#define mip_pa_id mip_pa_hdr.icmp6_data16[0]
#define mip_pa_flags_reserved mip_pa_hdr.icmp6_data16[1]

/* struct nd_opt_prefix_info is in <netinet/icmp6.h> */

/* 8 bytes */
struct nd_opt_advinterval {
    uint8_t nd_opt_adv_type;
    uint8_t nd_opt_adv_len;
    uint16_t nd_opt_adv_reserved;
    uint32_t nd_opt_adv_interval;
};

/* 8 bytes */
struct nd_opt_homeagent_info {
    uint8_t nd_opt_hai_type;
    uint8_t nd_opt_hai_len;
    uint16_t nd_opt_hai_reserved;
    uint16_t nd_opt_hai_preference;
    uint16_t nd_opt_hai_lifetime;
};

/* 8 bytes */
struct ip6_mh_binding_request {
    uint8_t ip6mhbr_proto;
    uint8_t ip6mhbr_hdrlen;
    uint8_t ip6mhbr_type;
    uint8_t ip6mhbr_reserved;
    uint16_t ip6mhbr_cksum;
    uint16_t ip6mhbr_reserved2;
};

/* 16 bytes */
struct ip6_mh_home_test_init {
    uint8_t ip6mhhti_proto;
    uint8_t ip6mhhti_hdrlen;
    uint8_t ip6mhhti_type;
    uint8_t ip6mhhti_reserved;
    uint16_t ip6mhhti_cksum;
    uint16_t ip6mhhti_reserved2;
    uint32_t ip6mhhti_cookie[2];
};

/* 16 bytes */
struct ip6_mh_careof_test_init {
    uint8_t ip6mhcti_proto;
    uint8_t ip6mhcti_hdrlen;
    uint8_t ip6mhcti_type;
    uint8_t ip6mhcti_reserved;
    uint16_t ip6mhcti_cksum;
    uint16_t ip6mhcti_reserved2;
    uint32_t ip6mhcti_cookie[2];
};

/* 24 bytes */
struct ip6_mh_home_test {
    uint8_t ip6mhht_proto;
    uint8_t ip6mhht_hdrlen;
    uint8_t ip6mhht_type;
    uint8_t ip6mhht_reserved;
    uint16_t ip6mhht_cksum;
    uint16_t ip6mhht_nonce_index;
    uint32_t ip6mhht_cookie[2];
    uint32_t ip6mhht_keygen[2];
};

/* 24 bytes */
struct ip6_mh_careof_test {
    uint8_t ip6mhct_proto;
    uint8_t ip6mhct_hdrlen;
    uint8_t ip6mhct_type;
    uint8_t ip6mhct_reserved;
    uint16_t ip6mhct_cksum;
    uint16_t ip6mhct_nonce_index;
    uint32_t ip6mhct_cookie[2];
    uint32_t ip6mhct_keygen[2];
};

/* 12 bytes */
struct ip6_mh_binding_update {
    uint8_t ip6mhbu_proto;
    uint8_t ip6mhbu_hdrlen;
    uint8_t ip6mhbu_type;
    uint8_t ip6mhbu_reserved;
    uint16_t ip6mhbu_cksum;
    uint16_t ip6mhbu_seqno;
    uint16_t ip6mhbu_flags;
    uint16_t ip6mhbu_lifetime;
};

/* 12 bytes */
struct ip6_mh_binding_ack {
    uint8_t ip6mhba_proto;
    uint8_t ip6mhba_hdrlen;
    uint8_t ip6mhba_type;
    uint8_t ip6mhba_reserved;
    uint16_t ip6mhba_cksum;
    uint8_t ip6mhba_status;
    uint8_t ip6mhba_flags;
    uint16_t ip6mhba_seqno;
    uint16_t ip6mhba_lifetime;
};

/* 24 bytes */
struct ip6_mh_binding_error {
    uint8_t ip6mhbe_proto;
    uint8_t ip6mhbe_hdrlen;
    uint8_t ip6mhbe_type;
    uint8_t ip6mhbe_reserved;
    uint16_t ip6mhbe_cksum;
    uint8_t ip6mhbe_status;
    uint8_t ip6mhbe_reserved2;
    struct in6_addr ip6mhbe_homeaddr;
};

/* 2 bytes */
struct ip6_mh_opt {
    uint8_t ip6mhopt_type;
    uint8_t ip6mhopt_len;
};

/* 4 bytes */
struct ip6_mh_opt_refresh_advice {
    uint8_t ip6mora_type;
    uint8_t ip6mora_len;
    uint16_t ip6mora_interval;
};

/* 18 bytes */
struct ip6_mh_opt_altcoa {
    uint8_t ip6moa_type;
    uint8_t ip6moa_len;
    uint8_t ip6moa_addr[16];
};

/* 6 bytes */
struct ip6_mh_opt_nonce_index {
    uint8_t ip6moni_type;
    uint8_t ip6moni_len;
    uint16_t ip6moni_home_nonce;
    uint16_t ip6moni_coa_nonce;
};

/* 14 bytes */
struct ip6_mh_opt_auth_data {
    uint8_t ip6moad_type;
    uint8_t ip6moad_len;
    uint8_t ip6moad_data[12];
};

/* 8 bytes */
struct mip6_dhaad_req {
    struct icmp6_hdr mip6_dhreq_hdr;
};
#define mip6_dhreq_type mip6_dhreq_hdr.icmp6_type
#define mip6_dhreq_code mip6_dhreq_hdr.icmp6_code
#define mip6_dhreq_cksum mip6_dhreq_hdr.icmp6_cksum
#define mip6_dhreq_id mip6_dhreq_hdr.icmp6_data16[0]
#define mip6_dhreq_reserved mip6_dhreq_hdr.icmp6_data16[1]

/* 8 bytes */
struct mip6_dhaad_rep {
    struct icmp6_hdr mip6_dhrep_hdr;
};
#define mip6_dhrep_type mip6_dhrep_hdr.icmp6_type
#define mip6_dhrep_code mip6_dhrep_hdr.icmp6_code
#define mip6_dhrep_cksum mip6_dhrep_hdr.icmp6_cksum
#define mip6_dhrep_id mip6_dhrep_hdr.icmp6_data16[0]
#define mip6_dhrep_reserved mip6_dhrep_hdr.icmp6_data16[1]

/* 8 bytes */
struct mip6_prefix_solicit {
    struct icmp6_hdr mip6_ps_hdr;
};
#define mip6_ps_type mip6_ps_hdr.icmp6_type
#define mip6_ps_code mip6_ps_hdr.icmp6_code
#define mip6_ps_cksum mip6_ps_hdr.icmp6_cksum
#define mip6_ps_id mip6_ps_hdr.icmp6_data16[0]
#define mip6_ps_reserved mip6_ps_hdr.icmp6_data16[1]

/* 8 bytes */
struct mip6_prefix_advert {
    struct icmp6_hdr mip6_pa_hdr;
};
#define mip6_pa_type mip6_pa_hdr.icmp6_type
#define mip6_pa_code mip6_pa_hdr.icmp6_code
#define mip6_pa_cksum mip6_pa_hdr.icmp6_cksum
#define mip6_pa_id mip6_pa_hdr.icmp6_data16[0]
#define mip6_pa_flags_reserved mip6_pa_hdr.icmp6_data16[1]

/* struct nd_opt_adv_interval is in <netinet/icmp6.h> */
#define nd_opt_ai_type nd_opt_adv_interval_type
#define nd_opt_ai_len nd_opt_adv_interval_len
#define nd_opt_ai_reserved nd_opt_adv_interval_reserved
#define nd_opt_ai_interval nd_opt_adv_interval_ival

/* Both documents say inet6_opt_get_value() where RFC 3542 says inet6_opt_get_val(). */
#ifndef inet6_opt_get_value
#define inet6_opt_get_value inet6_opt_get_val
#endif

#endif
