/*
 * What zig/include/ip6mh.h must be, typed from the documents and not from the header: every struct's size, every
 * field's offset and size, every number. Compiles as C99 and as C++; layout_test.ts runs it, and holds
 * lib/mobility/layout.gen.ts against the same lines.
 */
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <ip6mh.h>

static int failures;

static void check(int holds, const char *what)
{
    if (holds) return;
    printf("%s\n", what);
    failures++;
}

#define STRUCT(tag, size) check(sizeof(struct tag) == size, "struct " #tag)
#define FIELD(tag, field, at, size) \
    check(offsetof(struct tag, field) == at && sizeof(((struct tag *)0)->field) == size, #tag "." #field)
#define NUMBER(name, value) check(name == value, #name)

/* As a field of two bytes in network byte order has them. */
static void check_flags(unsigned flags, unsigned value, const char *name)
{
    uint16_t field = (uint16_t)flags;
    unsigned char bytes[2];
    memcpy(bytes, &field, 2);
    check(bytes[0] == value >> 8 && bytes[1] == (value & 0xff), name);
}
#define FLAGS(name, value) check_flags(name, value, #name)

/* "Extension to Sockets API for Mobile IPv6", June 2003 */
static void structs_of_2003(void)
{
    STRUCT(ip6_mh, 6);
    FIELD(ip6_mh, ip6mh_proto, 0, 1);
    FIELD(ip6_mh, ip6mh_hdrlen, 1, 1);
    FIELD(ip6_mh, ip6mh_type, 2, 1);
    FIELD(ip6_mh, ip6mh_resvd, 3, 1);
    FIELD(ip6_mh, ip6mh_cksum, 4, 2);
    STRUCT(ip6mh_home_test_init, 16);
    FIELD(ip6mh_home_test_init, ip6mhti_hdr, 0, 6);
    FIELD(ip6mh_home_test_init, ip6mhti_resvd, 6, 2);
    FIELD(ip6mh_home_test_init, ip6mhti_cookie, 8, 8);
    STRUCT(ip6mh_careof_test_init, 16);
    FIELD(ip6mh_careof_test_init, ip6mhci_hdr, 0, 6);
    FIELD(ip6mh_careof_test_init, ip6mhci_resvd, 6, 2);
    FIELD(ip6mh_careof_test_init, ip6mhci_cookie, 8, 8);
    STRUCT(ip6mh_home_test, 24);
    FIELD(ip6mh_home_test, ip6mht_hdr, 0, 6);
    FIELD(ip6mh_home_test, ip6mht_nonceId, 6, 2);
    FIELD(ip6mh_home_test, ip6mht_cookie, 8, 8);
    FIELD(ip6mh_home_test, ip6mht_keygen, 16, 8);
    STRUCT(ip6mh_careof_test, 24);
    FIELD(ip6mh_careof_test, ip6mhct_hdr, 0, 6);
    FIELD(ip6mh_careof_test, ip6mhct_nonceId, 6, 2);
    FIELD(ip6mh_careof_test, ip6mhct_cookie, 8, 8);
    FIELD(ip6mh_careof_test, ip6mhct_keygen, 16, 8);
    STRUCT(ip6mh_binding_request, 8);
    FIELD(ip6mh_binding_request, ip6mhbr_hdr, 0, 6);
    FIELD(ip6mh_binding_request, ip6mhbr_resvd, 6, 2);
    STRUCT(ip6mh_binding_update, 12);
    FIELD(ip6mh_binding_update, ip6mhbu_hdr, 0, 6);
    FIELD(ip6mh_binding_update, ip6mhbu_seqno, 6, 2);
    FIELD(ip6mh_binding_update, ip6mhbu_flags, 8, 2);
    FIELD(ip6mh_binding_update, ip6mhbu_lifetime, 10, 2);
    STRUCT(ip6mh_binding_ack, 12);
    FIELD(ip6mh_binding_ack, ip6mhba_hdr, 0, 6);
    FIELD(ip6mh_binding_ack, ip6mhba_status, 6, 1);
    FIELD(ip6mh_binding_ack, ip6mhba_flags, 7, 1);
    FIELD(ip6mh_binding_ack, ip6mhba_seqno, 8, 2);
    FIELD(ip6mh_binding_ack, ip6mhba_lifetime, 10, 2);
    STRUCT(ip6mh_binding_error, 24);
    FIELD(ip6mh_binding_error, ip6mhbe_hdr, 0, 6);
    FIELD(ip6mh_binding_error, ip6mhbe_status, 6, 1);
    FIELD(ip6mh_binding_error, ip6mhbe_resvd, 7, 1);
    FIELD(ip6mh_binding_error, ip6mhbe_homeaddr, 8, 16);
    STRUCT(ip6mh_opt, 2);
    FIELD(ip6mh_opt, ip6mhopt_type, 0, 1);
    FIELD(ip6mh_opt, ip6mhopt_len, 1, 1);
    STRUCT(ip6mh_opt_refresh_advice, 4);
    FIELD(ip6mh_opt_refresh_advice, ip6morf_type, 0, 1);
    FIELD(ip6mh_opt_refresh_advice, ip6morf_len, 1, 1);
    FIELD(ip6mh_opt_refresh_advice, ip6morf_interval, 2, 2);
    STRUCT(ip6mh_opt_altcoa, 18);
    FIELD(ip6mh_opt_altcoa, ip6moa_type, 0, 1);
    FIELD(ip6mh_opt_altcoa, ip6moa_len, 1, 1);
    FIELD(ip6mh_opt_altcoa, ip6moa_addr, 2, 16);
    STRUCT(ip6mh_opt_nonce_index, 6);
    FIELD(ip6mh_opt_nonce_index, ip6moni_type, 0, 1);
    FIELD(ip6mh_opt_nonce_index, ip6moni_len, 1, 1);
    FIELD(ip6mh_opt_nonce_index, ip6moni_hm_nonce, 2, 2);
    FIELD(ip6mh_opt_nonce_index, ip6moni_coa_nonce, 4, 2);
    STRUCT(ip6mh_opt_auth, 2);
    FIELD(ip6mh_opt_auth, ip6moau_type, 0, 1);
    FIELD(ip6mh_opt_auth, ip6moau_len, 1, 1);
    STRUCT(ip6_opt_home_address, 18);
    FIELD(ip6_opt_home_address, ip6hoa_type, 0, 1);
    FIELD(ip6_opt_home_address, ip6hoa_len, 1, 1);
    FIELD(ip6_opt_home_address, ip6hoa_addr, 2, 16);
    STRUCT(ip6_rthdr2, 24);
    FIELD(ip6_rthdr2, ip6r2_nxt, 0, 1);
    FIELD(ip6_rthdr2, ip6r2_len, 1, 1);
    FIELD(ip6_rthdr2, ip6r2_type, 2, 1);
    FIELD(ip6_rthdr2, ip6r2_segleft, 3, 1);
    FIELD(ip6_rthdr2, ip6r2_reserved, 4, 4);
    FIELD(ip6_rthdr2, ip6r2_homeaddr, 8, 16);
    STRUCT(mip_dhreq, 8);
    FIELD(mip_dhreq, mip_dhreq_hdr, 0, 8);
    FIELD(mip_dhreq, mip_dhreq_type, 0, 1);
    FIELD(mip_dhreq, mip_dhreq_code, 1, 1);
    FIELD(mip_dhreq, mip_dhreq_cksum, 2, 2);
    FIELD(mip_dhreq, mip_dhreq_id, 4, 2);
    FIELD(mip_dhreq, mip_dhreq_reserved, 6, 2);
    STRUCT(mip_dhrep, 8);
    FIELD(mip_dhrep, mip_dhrep_hdr, 0, 8);
    FIELD(mip_dhrep, mip_dhrep_type, 0, 1);
    FIELD(mip_dhrep, mip_dhrep_code, 1, 1);
    FIELD(mip_dhrep, mip_dhrep_cksum, 2, 2);
    FIELD(mip_dhrep, mip_dhrep_id, 4, 2);
    FIELD(mip_dhrep, mip_dhrep_reserved, 6, 2);
    STRUCT(mip_prefix_solicit, 8);
    FIELD(mip_prefix_solicit, mip_ps_hdr, 0, 8);
    FIELD(mip_prefix_solicit, mip_ps_type, 0, 1);
    FIELD(mip_prefix_solicit, mip_ps_code, 1, 1);
    FIELD(mip_prefix_solicit, mip_ps_cksum, 2, 2);
    FIELD(mip_prefix_solicit, mip_ps_id, 4, 2);
    FIELD(mip_prefix_solicit, mip_ps_reserved, 6, 2);
    STRUCT(mip_prefix_advert, 8);
    FIELD(mip_prefix_advert, mip_pa_hdr, 0, 8);
    FIELD(mip_prefix_advert, mip_pa_type, 0, 1);
    FIELD(mip_prefix_advert, mip_pa_code, 1, 1);
    FIELD(mip_prefix_advert, mip_pa_cksum, 2, 2);
    FIELD(mip_prefix_advert, mip_pa_id, 4, 2);
    FIELD(mip_prefix_advert, mip_pa_flags_reserved, 6, 2);
    STRUCT(nd_opt_prefix_info, 32);
    FIELD(nd_opt_prefix_info, nd_opt_pi_type, 0, 1);
    FIELD(nd_opt_prefix_info, nd_opt_pi_len, 1, 1);
    FIELD(nd_opt_prefix_info, nd_opt_pi_prefix_len, 2, 1);
    FIELD(nd_opt_prefix_info, nd_opt_pi_flags_reserved, 3, 1);
    FIELD(nd_opt_prefix_info, nd_opt_pi_valid_time, 4, 4);
    FIELD(nd_opt_prefix_info, nd_opt_pi_preferred_time, 8, 4);
    FIELD(nd_opt_prefix_info, nd_opt_pi_reserved2, 12, 4);
    FIELD(nd_opt_prefix_info, nd_opt_pi_prefix, 16, 16);
    STRUCT(nd_opt_advinterval, 8);
    FIELD(nd_opt_advinterval, nd_opt_adv_type, 0, 1);
    FIELD(nd_opt_advinterval, nd_opt_adv_len, 1, 1);
    FIELD(nd_opt_advinterval, nd_opt_adv_reserved, 2, 2);
    FIELD(nd_opt_advinterval, nd_opt_adv_interval, 4, 4);
    STRUCT(nd_opt_homeagent_info, 8);
    FIELD(nd_opt_homeagent_info, nd_opt_hai_type, 0, 1);
    FIELD(nd_opt_homeagent_info, nd_opt_hai_len, 1, 1);
    FIELD(nd_opt_homeagent_info, nd_opt_hai_reserved, 2, 2);
    FIELD(nd_opt_homeagent_info, nd_opt_hai_preference, 4, 2);
    FIELD(nd_opt_homeagent_info, nd_opt_hai_lifetime, 6, 2);
}

/* RFC 4584: what it calls otherwise */
static void structs_of_rfc4584(void)
{
    FIELD(ip6_mh, ip6mh_reserved, 3, 1);
    STRUCT(ip6_mh_binding_request, 8);
    FIELD(ip6_mh_binding_request, ip6mhbr_proto, 0, 1);
    FIELD(ip6_mh_binding_request, ip6mhbr_hdrlen, 1, 1);
    FIELD(ip6_mh_binding_request, ip6mhbr_type, 2, 1);
    FIELD(ip6_mh_binding_request, ip6mhbr_reserved, 3, 1);
    FIELD(ip6_mh_binding_request, ip6mhbr_cksum, 4, 2);
    FIELD(ip6_mh_binding_request, ip6mhbr_reserved2, 6, 2);
    STRUCT(ip6_mh_home_test_init, 16);
    FIELD(ip6_mh_home_test_init, ip6mhhti_proto, 0, 1);
    FIELD(ip6_mh_home_test_init, ip6mhhti_hdrlen, 1, 1);
    FIELD(ip6_mh_home_test_init, ip6mhhti_type, 2, 1);
    FIELD(ip6_mh_home_test_init, ip6mhhti_reserved, 3, 1);
    FIELD(ip6_mh_home_test_init, ip6mhhti_cksum, 4, 2);
    FIELD(ip6_mh_home_test_init, ip6mhhti_reserved2, 6, 2);
    FIELD(ip6_mh_home_test_init, ip6mhhti_cookie, 8, 8);
    STRUCT(ip6_mh_careof_test_init, 16);
    FIELD(ip6_mh_careof_test_init, ip6mhcti_proto, 0, 1);
    FIELD(ip6_mh_careof_test_init, ip6mhcti_hdrlen, 1, 1);
    FIELD(ip6_mh_careof_test_init, ip6mhcti_type, 2, 1);
    FIELD(ip6_mh_careof_test_init, ip6mhcti_reserved, 3, 1);
    FIELD(ip6_mh_careof_test_init, ip6mhcti_cksum, 4, 2);
    FIELD(ip6_mh_careof_test_init, ip6mhcti_reserved2, 6, 2);
    FIELD(ip6_mh_careof_test_init, ip6mhcti_cookie, 8, 8);
    STRUCT(ip6_mh_home_test, 24);
    FIELD(ip6_mh_home_test, ip6mhht_proto, 0, 1);
    FIELD(ip6_mh_home_test, ip6mhht_hdrlen, 1, 1);
    FIELD(ip6_mh_home_test, ip6mhht_type, 2, 1);
    FIELD(ip6_mh_home_test, ip6mhht_reserved, 3, 1);
    FIELD(ip6_mh_home_test, ip6mhht_cksum, 4, 2);
    FIELD(ip6_mh_home_test, ip6mhht_nonce_index, 6, 2);
    FIELD(ip6_mh_home_test, ip6mhht_cookie, 8, 8);
    FIELD(ip6_mh_home_test, ip6mhht_keygen, 16, 8);
    STRUCT(ip6_mh_careof_test, 24);
    FIELD(ip6_mh_careof_test, ip6mhct_proto, 0, 1);
    FIELD(ip6_mh_careof_test, ip6mhct_hdrlen, 1, 1);
    FIELD(ip6_mh_careof_test, ip6mhct_type, 2, 1);
    FIELD(ip6_mh_careof_test, ip6mhct_reserved, 3, 1);
    FIELD(ip6_mh_careof_test, ip6mhct_cksum, 4, 2);
    FIELD(ip6_mh_careof_test, ip6mhct_nonce_index, 6, 2);
    FIELD(ip6_mh_careof_test, ip6mhct_cookie, 8, 8);
    FIELD(ip6_mh_careof_test, ip6mhct_keygen, 16, 8);
    STRUCT(ip6_mh_binding_update, 12);
    FIELD(ip6_mh_binding_update, ip6mhbu_proto, 0, 1);
    FIELD(ip6_mh_binding_update, ip6mhbu_hdrlen, 1, 1);
    FIELD(ip6_mh_binding_update, ip6mhbu_type, 2, 1);
    FIELD(ip6_mh_binding_update, ip6mhbu_reserved, 3, 1);
    FIELD(ip6_mh_binding_update, ip6mhbu_cksum, 4, 2);
    FIELD(ip6_mh_binding_update, ip6mhbu_seqno, 6, 2);
    FIELD(ip6_mh_binding_update, ip6mhbu_flags, 8, 2);
    FIELD(ip6_mh_binding_update, ip6mhbu_lifetime, 10, 2);
    STRUCT(ip6_mh_binding_ack, 12);
    FIELD(ip6_mh_binding_ack, ip6mhba_proto, 0, 1);
    FIELD(ip6_mh_binding_ack, ip6mhba_hdrlen, 1, 1);
    FIELD(ip6_mh_binding_ack, ip6mhba_type, 2, 1);
    FIELD(ip6_mh_binding_ack, ip6mhba_reserved, 3, 1);
    FIELD(ip6_mh_binding_ack, ip6mhba_cksum, 4, 2);
    FIELD(ip6_mh_binding_ack, ip6mhba_status, 6, 1);
    FIELD(ip6_mh_binding_ack, ip6mhba_flags, 7, 1);
    FIELD(ip6_mh_binding_ack, ip6mhba_seqno, 8, 2);
    FIELD(ip6_mh_binding_ack, ip6mhba_lifetime, 10, 2);
    STRUCT(ip6_mh_binding_error, 24);
    FIELD(ip6_mh_binding_error, ip6mhbe_proto, 0, 1);
    FIELD(ip6_mh_binding_error, ip6mhbe_hdrlen, 1, 1);
    FIELD(ip6_mh_binding_error, ip6mhbe_type, 2, 1);
    FIELD(ip6_mh_binding_error, ip6mhbe_reserved, 3, 1);
    FIELD(ip6_mh_binding_error, ip6mhbe_cksum, 4, 2);
    FIELD(ip6_mh_binding_error, ip6mhbe_status, 6, 1);
    FIELD(ip6_mh_binding_error, ip6mhbe_reserved2, 7, 1);
    FIELD(ip6_mh_binding_error, ip6mhbe_homeaddr, 8, 16);
    STRUCT(ip6_mh_opt, 2);
    FIELD(ip6_mh_opt, ip6mhopt_type, 0, 1);
    FIELD(ip6_mh_opt, ip6mhopt_len, 1, 1);
    STRUCT(ip6_mh_opt_refresh_advice, 4);
    FIELD(ip6_mh_opt_refresh_advice, ip6mora_type, 0, 1);
    FIELD(ip6_mh_opt_refresh_advice, ip6mora_len, 1, 1);
    FIELD(ip6_mh_opt_refresh_advice, ip6mora_interval, 2, 2);
    /* Not 20 with the address at 4, as a struct in6_addr would make it: see zig/mobility.zig */
    STRUCT(ip6_mh_opt_altcoa, 18);
    FIELD(ip6_mh_opt_altcoa, ip6moa_type, 0, 1);
    FIELD(ip6_mh_opt_altcoa, ip6moa_len, 1, 1);
    FIELD(ip6_mh_opt_altcoa, ip6moa_addr, 2, 16);
    STRUCT(ip6_mh_opt_nonce_index, 6);
    FIELD(ip6_mh_opt_nonce_index, ip6moni_type, 0, 1);
    FIELD(ip6_mh_opt_nonce_index, ip6moni_len, 1, 1);
    FIELD(ip6_mh_opt_nonce_index, ip6moni_home_nonce, 2, 2);
    FIELD(ip6_mh_opt_nonce_index, ip6moni_coa_nonce, 4, 2);
    STRUCT(ip6_mh_opt_auth_data, 14);
    FIELD(ip6_mh_opt_auth_data, ip6moad_type, 0, 1);
    FIELD(ip6_mh_opt_auth_data, ip6moad_len, 1, 1);
    FIELD(ip6_mh_opt_auth_data, ip6moad_data, 2, 12);
    FIELD(ip6_opt_home_address, ip6oha_type, 0, 1);
    FIELD(ip6_opt_home_address, ip6oha_len, 1, 1);
    FIELD(ip6_opt_home_address, ip6oha_addr, 2, 16);
    STRUCT(mip6_dhaad_req, 8);
    FIELD(mip6_dhaad_req, mip6_dhreq_hdr, 0, 8);
    FIELD(mip6_dhaad_req, mip6_dhreq_type, 0, 1);
    FIELD(mip6_dhaad_req, mip6_dhreq_code, 1, 1);
    FIELD(mip6_dhaad_req, mip6_dhreq_cksum, 2, 2);
    FIELD(mip6_dhaad_req, mip6_dhreq_id, 4, 2);
    FIELD(mip6_dhaad_req, mip6_dhreq_reserved, 6, 2);
    STRUCT(mip6_dhaad_rep, 8);
    FIELD(mip6_dhaad_rep, mip6_dhrep_hdr, 0, 8);
    FIELD(mip6_dhaad_rep, mip6_dhrep_type, 0, 1);
    FIELD(mip6_dhaad_rep, mip6_dhrep_code, 1, 1);
    FIELD(mip6_dhaad_rep, mip6_dhrep_cksum, 2, 2);
    FIELD(mip6_dhaad_rep, mip6_dhrep_id, 4, 2);
    FIELD(mip6_dhaad_rep, mip6_dhrep_reserved, 6, 2);
    STRUCT(mip6_prefix_solicit, 8);
    FIELD(mip6_prefix_solicit, mip6_ps_hdr, 0, 8);
    FIELD(mip6_prefix_solicit, mip6_ps_type, 0, 1);
    FIELD(mip6_prefix_solicit, mip6_ps_code, 1, 1);
    FIELD(mip6_prefix_solicit, mip6_ps_cksum, 2, 2);
    FIELD(mip6_prefix_solicit, mip6_ps_id, 4, 2);
    FIELD(mip6_prefix_solicit, mip6_ps_reserved, 6, 2);
    STRUCT(mip6_prefix_advert, 8);
    FIELD(mip6_prefix_advert, mip6_pa_hdr, 0, 8);
    FIELD(mip6_prefix_advert, mip6_pa_type, 0, 1);
    FIELD(mip6_prefix_advert, mip6_pa_code, 1, 1);
    FIELD(mip6_prefix_advert, mip6_pa_cksum, 2, 2);
    FIELD(mip6_prefix_advert, mip6_pa_id, 4, 2);
    FIELD(mip6_prefix_advert, mip6_pa_flags_reserved, 6, 2);
    STRUCT(nd_opt_adv_interval, 8);
    FIELD(nd_opt_adv_interval, nd_opt_ai_type, 0, 1);
    FIELD(nd_opt_adv_interval, nd_opt_ai_len, 1, 1);
    FIELD(nd_opt_adv_interval, nd_opt_ai_reserved, 2, 2);
    FIELD(nd_opt_adv_interval, nd_opt_ai_interval, 4, 4);
}

/* IANA's numbers under the names of 2003 */
static void numbers_of_2003(void)
{
    NUMBER(IPPROTO_MH, 135);
    FLAGS(IP6MH_BU_ACK, 0x8000);
    FLAGS(IP6MH_BU_HOME, 0x4000);
    FLAGS(IP6MH_BU_LLOCAL, 0x2000);
    FLAGS(IP6MH_BU_KEYM, 0x1000);
    NUMBER(IP6MH_BA_KEYM, 0x80);
    NUMBER(IP6MH_TYPE_BRR, 0);
    NUMBER(IP6MH_TYPE_HOTI, 1);
    NUMBER(IP6MH_TYPE_COTI, 2);
    NUMBER(IP6MH_TYPE_HOT, 3);
    NUMBER(IP6MH_TYPE_COT, 4);
    NUMBER(IP6MH_TYPE_BU, 5);
    NUMBER(IP6MH_TYPE_BACK, 6);
    NUMBER(IP6MH_TYPE_BERROR, 7);
    NUMBER(IP6MHOPT_PAD1, 0x00);
    NUMBER(IP6MHOPT_PDAN, 0x01);
    NUMBER(IP6MHOPT_BREFRESH, 0x02);
    NUMBER(IP6MHOPT_ALTCOA, 0x03);
    NUMBER(IP6MHOPT_NONCEID, 0x04);
    NUMBER(IP6MHOPT_BAUTH, 0x05);
    NUMBER(IP6MH_BAS_ACCPETED, 0);
    NUMBER(IP6MH_BAS_PRFX_DISCOV, 1);
    NUMBER(IP6MH_BAS_UNSPECIFIED, 128);
    NUMBER(IP6MH_BAS_PROHIBIT, 129);
    NUMBER(IP6MH_BAS_INSUFFICIENT, 130);
    NUMBER(IP6MH_BAS_HA_NOT_SUPPORTED, 131);
    NUMBER(IP6MH_BAS_NOT_HOME_SUBNET, 132);
    NUMBER(IP6MH_BAS_NOT_HA, 133);
    NUMBER(IP6MH_BAS_DAD_FAILED, 134);
    NUMBER(IP6MH_BAS_SEQNO_BAD, 135);
    NUMBER(IP6MH_BAS_HOME_NI_EXPIRED, 136);
    NUMBER(IP6MH_BAS_COA_NI_EXPIRED, 137);
    NUMBER(IP6MH_BAS_NI_EXPIRED, 138);
    NUMBER(IP6MH_BAS_REG_NOT_ALLOWED, 139);
    NUMBER(IP6MH_BES_UNKNOWN_HAO, 1);
    NUMBER(IP6MH_BES_UNKNOWN_MH, 2);
    NUMBER(IP6OPT_HOME_ADDRESS, 0xc9);
    NUMBER(ICMP6_MIP_HA_DISCOVERY_REQUEST, 144);
    NUMBER(ICMP6_MIP_HA_DISCOVERY_REPLY, 145);
    NUMBER(ICMP6_MIP_PREFIX_SOLICIT, 146);
    NUMBER(ICMP6_MIP_PREFIX_ADVERT, 147);
    FLAGS(ICMP6_MIP_PA_FLAG_MANAGED, 0x8000);
    FLAGS(ICMP6_MIP_PA_FLAG_OTHER, 0x4000);
    NUMBER(ND_RA_FLAG_HOMEAGENT, 0x20);
    NUMBER(ND_OPT_PI_FLAG_ROUTER, 0x20);
    NUMBER(ND_OPT_ADV_INTERVAL, 7);
    NUMBER(ND_OPT_HA_INFORMATION, 8);
}

/* What RFC 4584 calls otherwise, and the words of 2003 spelt right */
static void numbers_of_rfc4584(void)
{
    NUMBER(IP6MHOPT_PADN, 1);
    NUMBER(IP6MH_BAS_ACCEPTED, 0);
    FLAGS(IP6_MH_BU_ACK, 0x8000);
    FLAGS(IP6_MH_BU_HOME, 0x4000);
    FLAGS(IP6_MH_BU_LLOCAL, 0x2000);
    FLAGS(IP6_MH_BU_KEYM, 0x1000);
    NUMBER(IP6_MH_BA_KEYM, 0x80);
    NUMBER(IP6_MH_TYPE_BRR, 0);
    NUMBER(IP6_MH_TYPE_HOTI, 1);
    NUMBER(IP6_MH_TYPE_COTI, 2);
    NUMBER(IP6_MH_TYPE_HOT, 3);
    NUMBER(IP6_MH_TYPE_COT, 4);
    NUMBER(IP6_MH_TYPE_BU, 5);
    NUMBER(IP6_MH_TYPE_BACK, 6);
    NUMBER(IP6_MH_TYPE_BERROR, 7);
    NUMBER(IP6_MHOPT_PAD1, 0);
    NUMBER(IP6_MHOPT_PADN, 1);
    NUMBER(IP6_MHOPT_BREFRESH, 2);
    NUMBER(IP6_MHOPT_ALTCOA, 3);
    NUMBER(IP6_MHOPT_NONCEID, 4);
    NUMBER(IP6_MHOPT_BAUTH, 5);
    NUMBER(IP6_MH_BAS_ACCEPTED, 0);
    NUMBER(IP6_MH_BAS_PRFX_DISCOV, 1);
    NUMBER(IP6_MH_BAS_UNSPECIFIED, 128);
    NUMBER(IP6_MH_BAS_PROHIBIT, 129);
    NUMBER(IP6_MH_BAS_INSUFFICIENT, 130);
    NUMBER(IP6_MH_BAS_HA_NOT_SUPPORTED, 131);
    NUMBER(IP6_MH_BAS_NOT_HOME_SUBNET, 132);
    NUMBER(IP6_MH_BAS_NOT_HA, 133);
    NUMBER(IP6_MH_BAS_DAD_FAILED, 134);
    NUMBER(IP6_MH_BAS_SEQNO_BAD, 135);
    NUMBER(IP6_MH_BAS_HOME_NI_EXPIRED, 136);
    NUMBER(IP6_MH_BAS_COA_NI_EXPIRED, 137);
    NUMBER(IP6_MH_BAS_NI_EXPIRED, 138);
    NUMBER(IP6_MH_BAS_REG_NOT_ALLOWED, 139);
    NUMBER(IP6_MH_BES_UNKNOWN_HAO, 1);
    NUMBER(IP6_MH_BES_UNKNOWN_MH, 2);
    NUMBER(MIP6_HA_DISCOVERY_REQUEST, 144);
    NUMBER(MIP6_HA_DISCOVERY_REPLY, 145);
    NUMBER(MIP6_PREFIX_SOLICIT, 146);
    NUMBER(MIP6_PREFIX_ADVERT, 147);
    FLAGS(MIP6_PA_FLAG_MANAGED, 0x8000);
    FLAGS(MIP6_PA_FLAG_OTHER, 0x4000);
    NUMBER(DRAFT2003_IPPROTO_MH, 62);
    NUMBER(DRAFT2003_ICMP6_MIP_HA_DISCOVERY_REQUEST, 150);
    NUMBER(DRAFT2003_ICMP6_MIP_HA_DISCOVERY_REPLY, 151);
    NUMBER(DRAFT2003_ICMP6_MIP_PREFIX_SOLICIT, 152);
    NUMBER(DRAFT2003_ICMP6_MIP_PREFIX_ADVERT, 153);
}

int main(void)
{
    structs_of_2003();
    structs_of_rfc4584();
    numbers_of_2003();
    numbers_of_rfc4584();
    return failures == 0 ? 0 : 1;
}
