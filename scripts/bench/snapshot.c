/*
 * The peer of zig/snapshot.zig: the same system calls in the same order, plain libc, into C structs.
 *
 * It reads one line, an operation and how often to do it ("snapshot 50"), and writes one line, the nanoseconds
 * each of them took. Change it whenever zig/snapshot.zig changes what it asks the kernel.
 *
 *   counts    writes what a snapshot holds instead: links, addresses, rules, routes, next hops
 *   snapshot  what zig/snapshot.zig does
 *   full      the same tables by plain dumps, as a program would that knows nothing of large tables
 *   ip2, ip3  two or three processes of ip(8), their output read
 *   true      one process of true(1): what any process costs
 */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define DATAGRAM_SIZE (32 * 1024)
#define REPEATS_MAX 16
#define WALKS_MAX 16
#define ALL UINT32_MAX
#define FEW 64

struct link_entry {
    uint32_t index, flags, mtu, master, vrf_table;
    uint16_t arp_type;
    uint8_t operstate, hardware_address_length;
    char name[IFNAMSIZ];
    uint8_t hardware_address[20];
};

struct address_entry {
    uint32_t interface, flags, preferred_seconds, valid_seconds;
    uint8_t family, prefix_length, scope, protocol;
    uint8_t address[16], peer[16];
};

/* One next hop of one route. */
struct route_entry {
    uint32_t table, priority, interface, flags, expires_seconds, mtu, nexthop_id;
    uint8_t family, destination_length, source_length, protocol;
    uint8_t type, scope, preference, gateway_family;
    uint8_t destination[16], source[16], gateway[16], preferred_source[16];
};

struct rule_entry {
    uint32_t priority, table, mark, mask, flags;
    int32_t suppress_prefix_length;
    uint8_t family, action, source_length, destination_length, tos, protocol, l3mdev;
    uint8_t source[16], destination[16];
    char input_interface[IFNAMSIZ], output_interface[IFNAMSIZ];
};

/* A next hop object, or one member of a group. */
struct nexthop_entry {
    uint32_t id, group, interface, flags;
    uint8_t gateway_family, blackhole;
    uint8_t gateway[16];
};

struct list {
    char *items;
    size_t item_size, length, capacity;
};

/* A small set that may overflow into "any". */
struct few {
    uint32_t items[FEW];
    size_t length;
    bool overflowed;
};

enum keep { KEEP_HOST, KEEP_DAEMON_DEFAULTS };

static struct {
    int fd;
    int witness;
    uint32_t port, sequence;
    struct list links, addresses, rules, routes, nexthops;
    struct few tables, links_up;
    bool l3mdev, unresolved_nexthops;
    enum keep keep;
} now = {
    .links.item_size = sizeof(struct link_entry),
    .addresses.item_size = sizeof(struct address_entry),
    .rules.item_size = sizeof(struct rule_entry),
    .routes.item_size = sizeof(struct route_entry),
    .nexthops.item_size = sizeof(struct nexthop_entry),
};

struct outcome {
    uint32_t datagrams;
    size_t largest;
    bool interrupted, abandoned;
    int error;
};

struct request {
    struct nlmsghdr header;
    char rest[80];
};

static const uint8_t host_protocols[] = {RTPROT_KERNEL, RTPROT_BOOT, RTPROT_STATIC, RTPROT_RA, RTPROT_DHCP};

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

/* A zeroed item at the end of the list. */
static void *append(struct list *list)
{
    if (list->length == list->capacity) {
        list->capacity = list->capacity ? list->capacity * 2 : 64;
        list->items = realloc(list->items, list->capacity * list->item_size);
        if (!list->items) fail("realloc");
    }
    return memset(list->items + list->length++ * list->item_size, 0, list->item_size);
}

static bool few_has(const struct few *few, uint32_t item)
{
    for (size_t i = 0; i < few->length; i++)
        if (few->items[i] == item) return true;
    return false;
}

static void few_add(struct few *few, uint32_t item)
{
    if (few_has(few, item)) return;
    if (few->length == FEW)
        few->overflowed = true;
    else
        few->items[few->length++] = item;
}

/* Attributes */

static uint32_t u32_of(const struct rtattr *attribute)
{
    return RTA_PAYLOAD(attribute) == 4 ? *(const uint32_t *)RTA_DATA(attribute) : 0;
}

static uint8_t u8_of(const struct rtattr *attribute)
{
    return RTA_PAYLOAD(attribute) == 1 ? *(const uint8_t *)RTA_DATA(attribute) : 0;
}

static void address_of(const struct rtattr *attribute, uint8_t address[16])
{
    size_t length = RTA_PAYLOAD(attribute);
    if (length == 4 || length == 16) memcpy(address, RTA_DATA(attribute), length);
}

static void name_of(const struct rtattr *attribute, char name[IFNAMSIZ])
{
    size_t length = RTA_PAYLOAD(attribute);
    memcpy(name, RTA_DATA(attribute), length < IFNAMSIZ ? length : IFNAMSIZ - 1);
}

static uint8_t family_number(uint8_t family)
{
    return family == AF_INET ? 4 : family == AF_INET6 ? 6 : 0;
}

static uint32_t vrf_table_of(struct rtattr *information)
{
    bool is_vrf = false;
    int left = RTA_PAYLOAD(information);
    for (struct rtattr *a = RTA_DATA(information); RTA_OK(a, left); a = RTA_NEXT(a, left)) {
        if (a->rta_type == IFLA_INFO_KIND) is_vrf = strcmp(RTA_DATA(a), "vrf") == 0;
        if ((a->rta_type & NLA_TYPE_MASK) != IFLA_INFO_DATA || !is_vrf) continue;
        int inner = RTA_PAYLOAD(a);
        for (struct rtattr *d = RTA_DATA(a); RTA_OK(d, inner); d = RTA_NEXT(d, inner))
            if (d->rta_type == IFLA_VRF_TABLE) return u32_of(d);
    }
    return 0;
}

/* Messages */

static void take_link(const struct nlmsghdr *message)
{
    const struct ifinfomsg *fixed = NLMSG_DATA(message);
    if (fixed->ifi_family != AF_UNSPEC || fixed->ifi_index <= 0) return;
    struct link_entry *link = append(&now.links);
    link->index = fixed->ifi_index;
    link->flags = fixed->ifi_flags;
    link->arp_type = fixed->ifi_type;
    int left = IFLA_PAYLOAD(message);
    for (struct rtattr *a = IFLA_RTA(fixed); RTA_OK(a, left); a = RTA_NEXT(a, left)) {
        switch (a->rta_type & NLA_TYPE_MASK) {
        case IFLA_IFNAME: name_of(a, link->name); break;
        case IFLA_MTU: link->mtu = u32_of(a); break;
        case IFLA_MASTER: link->master = u32_of(a); break;
        case IFLA_OPERSTATE: link->operstate = u8_of(a); break;
        case IFLA_LINKINFO: link->vrf_table = vrf_table_of(a); break;
        case IFLA_ADDRESS:
            if (RTA_PAYLOAD(a) > sizeof(link->hardware_address)) break;
            memcpy(link->hardware_address, RTA_DATA(a), RTA_PAYLOAD(a));
            link->hardware_address_length = RTA_PAYLOAD(a);
            break;
        }
    }
    if (now.l3mdev && link->vrf_table) few_add(&now.tables, link->vrf_table);
    if (link->flags & IFF_UP && !(link->flags & IFF_LOOPBACK)) few_add(&now.links_up, link->index);
}

static void take_address(const struct nlmsghdr *message)
{
    const struct ifaddrmsg *fixed = NLMSG_DATA(message);
    struct address_entry *address = append(&now.addresses);
    bool has_local = false, has_peer = false;
    address->interface = fixed->ifa_index;
    address->flags = fixed->ifa_flags;
    address->family = family_number(fixed->ifa_family);
    address->prefix_length = fixed->ifa_prefixlen;
    address->scope = fixed->ifa_scope;
    address->preferred_seconds = address->valid_seconds = UINT32_MAX;
    int left = IFA_PAYLOAD(message);
    for (struct rtattr *a = IFA_RTA(fixed); RTA_OK(a, left); a = RTA_NEXT(a, left)) {
        switch (a->rta_type & NLA_TYPE_MASK) {
        case IFA_LOCAL: address_of(a, address->address); has_local = true; break;
        case IFA_ADDRESS: address_of(a, address->peer); has_peer = true; break;
        case IFA_FLAGS: address->flags = u32_of(a); break;
        case IFA_PROTO: address->protocol = u8_of(a); break;
        case IFA_CACHEINFO: {
            const struct ifa_cacheinfo *lifetimes = RTA_DATA(a);
            address->preferred_seconds = lifetimes->ifa_prefered;
            address->valid_seconds = lifetimes->ifa_valid;
            break;
        }
        }
    }
    if (!has_local) memcpy(address->address, address->peer, 16);
    if (!has_peer) memcpy(address->peer, address->address, 16);
    if (!address->family || (!has_local && !has_peer)) now.addresses.length--;
}

static bool is_host_protocol(uint8_t protocol)
{
    return memchr(host_protocols, protocol, sizeof(host_protocols)) != NULL;
}

static bool keeps(const struct route_entry *route)
{
    if (route->table == RT_TABLE_LOCAL || route->flags & RTM_F_CLONED) return false;
    if (!now.tables.overflowed && !few_has(&now.tables, route->table)) return false;
    switch (route->type) {
    case RTN_UNICAST: case RTN_BLACKHOLE: case RTN_UNREACHABLE: case RTN_PROHIBIT: case RTN_THROW: break;
    default: return false;
    }
    if (route->family == 6 && route->destination[0] == 0xff) return false;
    bool is_default = route->destination_length == 0, of_the_host = is_host_protocol(route->protocol);
    return now.keep == KEEP_HOST ? of_the_host || is_default : is_default && !of_the_host;
}

static void put_route(const struct route_entry *route)
{
    if (!keeps(route)) return;
    if (route->nexthop_id && !route->interface) now.unresolved_nexthops = true;
    *(struct route_entry *)append(&now.routes) = *route;
}

static void take_gateway(struct route_entry *route, const struct rtattr *a)
{
    uint8_t family = route->family;
    const uint8_t *bytes = RTA_DATA(a);
    size_t length = RTA_PAYLOAD(a);
    if (a->rta_type == RTA_VIA) {
        family = family_number(((const struct rtvia *)RTA_DATA(a))->rtvia_family);
        bytes += sizeof(struct rtvia);
        length -= sizeof(struct rtvia);
    }
    if (length != (family == 4 ? 4 : 16)) return;
    route->gateway_family = family;
    memset(route->gateway, 0, 16);
    memcpy(route->gateway, bytes, length);
}

static void put_legs(const struct route_entry *route, struct rtattr *multipath)
{
    struct rtnexthop *hop = RTA_DATA(multipath);
    for (int left = RTA_PAYLOAD(multipath); RTNH_OK(hop, left);) {
        struct route_entry leg = *route;
        leg.interface = hop->rtnh_ifindex;
        leg.flags |= hop->rtnh_flags;
        int inner = hop->rtnh_len - sizeof(*hop);
        for (struct rtattr *a = RTNH_DATA(hop); RTA_OK(a, inner); a = RTA_NEXT(a, inner))
            if (a->rta_type == RTA_GATEWAY || a->rta_type == RTA_VIA) take_gateway(&leg, a);
        put_route(&leg);
        left -= NLMSG_ALIGN(hop->rtnh_len);
        hop = RTNH_NEXT(hop);
    }
}

static uint32_t mtu_of(struct rtattr *metrics)
{
    int left = RTA_PAYLOAD(metrics);
    for (struct rtattr *a = RTA_DATA(metrics); RTA_OK(a, left); a = RTA_NEXT(a, left))
        if (a->rta_type == RTAX_MTU) return u32_of(a);
    return 0;
}

static uint32_t expiry_of(const struct rtattr *a)
{
    int32_t hundredths = ((const struct rta_cacheinfo *)RTA_DATA(a))->rta_expires;
    if (hundredths == 0) return UINT32_MAX;
    return hundredths < 0 ? 0 : (uint32_t)hundredths / 100;
}

static void take_route(const struct nlmsghdr *message)
{
    const struct rtmsg *fixed = NLMSG_DATA(message);
    struct route_entry route = {
        .table = fixed->rtm_table,
        .flags = fixed->rtm_flags,
        .family = family_number(fixed->rtm_family),
        .destination_length = fixed->rtm_dst_len,
        .source_length = fixed->rtm_src_len,
        .protocol = fixed->rtm_protocol,
        .type = fixed->rtm_type,
        .scope = fixed->rtm_scope,
        .expires_seconds = UINT32_MAX,
    };
    struct rtattr *multipath = NULL;
    if (!route.family || fixed->rtm_tos) return;
    int left = RTM_PAYLOAD(message);
    for (struct rtattr *a = RTM_RTA(fixed); RTA_OK(a, left); a = RTA_NEXT(a, left)) {
        switch (a->rta_type & NLA_TYPE_MASK) {
        case RTA_DST: address_of(a, route.destination); break;
        case RTA_SRC: address_of(a, route.source); break;
        case RTA_PREFSRC: address_of(a, route.preferred_source); break;
        case RTA_OIF: route.interface = u32_of(a); break;
        case RTA_PRIORITY: route.priority = u32_of(a); break;
        case RTA_TABLE: route.table = u32_of(a); break;
        case RTA_PREF: route.preference = u8_of(a); break;
        case RTA_NH_ID: route.nexthop_id = u32_of(a); break;
        case RTA_METRICS: route.mtu = mtu_of(a); break;
        case RTA_CACHEINFO: route.expires_seconds = expiry_of(a); break;
        case RTA_MULTIPATH: multipath = a; break;
        case RTA_GATEWAY: case RTA_VIA: take_gateway(&route, a); break;
        }
    }
    if (multipath)
        put_legs(&route, multipath);
    else
        put_route(&route);
}

static void take_rule(const struct nlmsghdr *message)
{
    const struct fib_rule_hdr *fixed = NLMSG_DATA(message);
    uint8_t family = family_number(fixed->family);
    if (!family) return;
    struct rule_entry *rule = append(&now.rules);
    rule->family = family;
    rule->table = fixed->table;
    rule->flags = fixed->flags;
    rule->action = fixed->action;
    rule->source_length = fixed->src_len;
    rule->destination_length = fixed->dst_len;
    rule->tos = fixed->tos;
    rule->suppress_prefix_length = -1;
    int left = NLMSG_PAYLOAD(message, sizeof(*fixed));
    struct rtattr *a = (struct rtattr *)((char *)fixed + NLMSG_ALIGN(sizeof(*fixed)));
    for (; RTA_OK(a, left); a = RTA_NEXT(a, left)) {
        switch (a->rta_type & NLA_TYPE_MASK) {
        case FRA_SRC: address_of(a, rule->source); break;
        case FRA_DST: address_of(a, rule->destination); break;
        case FRA_PRIORITY: rule->priority = u32_of(a); break;
        case FRA_TABLE: rule->table = u32_of(a); break;
        case FRA_FWMARK: rule->mark = u32_of(a); break;
        case FRA_FWMASK: rule->mask = u32_of(a); break;
        case FRA_SUPPRESS_PREFIXLEN: rule->suppress_prefix_length = u32_of(a); break;
        case FRA_PROTOCOL: rule->protocol = u8_of(a); break;
        case FRA_L3MDEV: rule->l3mdev = u8_of(a); break;
        case FRA_IIFNAME: name_of(a, rule->input_interface); break;
        case FRA_OIFNAME: name_of(a, rule->output_interface); break;
        }
    }
    if (rule->l3mdev) now.l3mdev = true;
    if (rule->action == FR_ACT_TO_TBL && rule->table && rule->table != RT_TABLE_LOCAL)
        few_add(&now.tables, rule->table);
}

static void take_nexthop(const struct nlmsghdr *message)
{
    const struct nhmsg *fixed = NLMSG_DATA(message);
    struct nexthop_entry nexthop = {.flags = fixed->nh_flags};
    const struct nexthop_grp *members = NULL;
    size_t member_count = 0;
    int left = NLMSG_PAYLOAD(message, sizeof(*fixed));
    struct rtattr *a = (struct rtattr *)((char *)fixed + NLMSG_ALIGN(sizeof(*fixed)));
    for (; RTA_OK(a, left); a = RTA_NEXT(a, left)) {
        switch (a->rta_type & NLA_TYPE_MASK) {
        case NHA_ID: nexthop.id = u32_of(a); break;
        case NHA_OIF: nexthop.interface = u32_of(a); break;
        case NHA_BLACKHOLE: nexthop.blackhole = 1; break;
        case NHA_GATEWAY:
            address_of(a, nexthop.gateway);
            nexthop.gateway_family = RTA_PAYLOAD(a) == 4 ? 4 : 6;
            break;
        case NHA_GROUP:
            members = RTA_DATA(a);
            member_count = RTA_PAYLOAD(a) / sizeof(*members);
            break;
        }
    }
    if (!member_count) *(struct nexthop_entry *)append(&now.nexthops) = nexthop;
    for (size_t i = 0; i < member_count; i++) {
        struct nexthop_entry *member = append(&now.nexthops);
        member->group = nexthop.id;
        member->id = members[i].id;
    }
}

static void take_message(const struct nlmsghdr *message)
{
    switch (message->nlmsg_type) {
    case RTM_NEWLINK: take_link(message); break;
    case RTM_NEWADDR: take_address(message); break;
    case RTM_NEWROUTE: take_route(message); break;
    case RTM_NEWRULE: take_rule(message); break;
    case RTM_NEWNEXTHOP: take_nexthop(message); break;
    }
}

/* Requests */

static void open_socket(void)
{
    struct sockaddr_nl address = {.nl_family = AF_NETLINK};
    socklen_t length = sizeof(address);
    int one = 1;
    now.fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
    if (now.fd < 0) fail("socket");
    if (setsockopt(now.fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &one, sizeof(one))) fail("setsockopt");
    if (bind(now.fd, (struct sockaddr *)&address, sizeof(address))) fail("bind");
    if (getsockname(now.fd, (struct sockaddr *)&address, &length)) fail("getsockname");
    now.port = address.nl_pid;
}

static void close_sockets(void)
{
    close(now.fd);
    if (now.witness) close(now.witness);
    now.witness = 0;
}

static size_t receive(char *datagram)
{
    for (;;) {
        struct sockaddr_nl sender = {0};
        struct iovec vector = {.iov_base = datagram, .iov_len = DATAGRAM_SIZE};
        struct msghdr header = {
            .msg_name = &sender, .msg_namelen = sizeof(sender), .msg_iov = &vector, .msg_iovlen = 1};
        ssize_t length = recvmsg(now.fd, &header, MSG_DONTWAIT);
        if (length < 0 && errno == EINTR) continue;
        if (length < 0 || header.msg_flags & MSG_TRUNC) fail("recvmsg");
        if (sender.nl_pid == 0) return length;
    }
}

static int error_of(const struct nlmsghdr *message)
{
    return message->nlmsg_len >= NLMSG_LENGTH(4) ? -*(const int *)NLMSG_DATA(message) : 0;
}

static struct outcome ask(struct request *request, uint32_t datagrams_max)
{
    static char datagram[DATAGRAM_SIZE] __attribute__((aligned(8)));
    bool is_dump = (request->header.nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
    struct outcome outcome = {0};
    request->header.nlmsg_seq = ++now.sequence;
    if (sendto(now.fd, request, request->header.nlmsg_len, 0, NULL, 0) < 0) fail("sendto");
    for (;;) {
        size_t left = receive(datagram);
        if (left > outcome.largest) outcome.largest = left;
        bool carried = false;
        struct nlmsghdr *message = (struct nlmsghdr *)datagram;
        for (; NLMSG_OK(message, left); message = NLMSG_NEXT(message, left)) {
            if (message->nlmsg_seq != now.sequence || message->nlmsg_pid != now.port) continue;
            if (message->nlmsg_flags & NLM_F_DUMP_INTR) outcome.interrupted = true;
            if (message->nlmsg_type == NLMSG_DONE || message->nlmsg_type == NLMSG_ERROR) {
                outcome.error = error_of(message);
                outcome.datagrams += carried;
                return outcome;
            }
            if (!carried && outcome.datagrams == datagrams_max) {
                outcome.abandoned = true;
                return outcome;
            }
            carried = true;
            take_message(message);
            if (!is_dump) return outcome;
        }
        outcome.datagrams += carried;
    }
}

static struct request start(uint16_t type, uint16_t flags, const void *fixed, size_t size)
{
    struct request request = {.header = {
        .nlmsg_len = NLMSG_LENGTH(size), .nlmsg_type = type, .nlmsg_flags = NLM_F_REQUEST | flags}};
    memcpy(request.rest, fixed, size);
    return request;
}

static void add_attribute(struct request *request, uint16_t type, uint32_t value)
{
    struct rtattr *attribute = (struct rtattr *)((char *)request + NLMSG_ALIGN(request->header.nlmsg_len));
    attribute->rta_type = type;
    attribute->rta_len = RTA_LENGTH(sizeof(value));
    memcpy(RTA_DATA(attribute), &value, sizeof(value));
    request->header.nlmsg_len = NLMSG_ALIGN(request->header.nlmsg_len) + RTA_ALIGN(attribute->rta_len);
}

static struct request rules_request(void)
{
    return start(RTM_GETRULE, NLM_F_DUMP, &(struct fib_rule_hdr){0}, sizeof(struct fib_rule_hdr));
}

static struct request links_request(void)
{
    struct request request = start(RTM_GETLINK, NLM_F_DUMP, &(struct ifinfomsg){0}, sizeof(struct ifinfomsg));
    add_attribute(&request, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
    return request;
}

static struct request addresses_request(void)
{
    return start(RTM_GETADDR, NLM_F_DUMP, &(struct ifaddrmsg){0}, sizeof(struct ifaddrmsg));
}

static struct request nexthops_request(void)
{
    return start(RTM_GETNEXTHOP, NLM_F_DUMP, &(struct nhmsg){0}, sizeof(struct nhmsg));
}

/* Table 0 and protocol 0 stand for all. */
static struct request routes_request(uint8_t family, uint32_t table, uint8_t protocol)
{
    struct rtmsg fixed = {.rtm_family = family, .rtm_protocol = protocol};
    struct request request = start(RTM_GETROUTE, NLM_F_DUMP, &fixed, sizeof(fixed));
    if (table) add_attribute(&request, RTA_TABLE, table);
    return request;
}

static struct request default_lookup_request(uint32_t interface)
{
    struct rtmsg fixed = {.rtm_family = AF_INET6, .rtm_flags = RTM_F_FIB_MATCH};
    struct request request = start(RTM_GETROUTE, 0, &fixed, sizeof(fixed));
    add_attribute(&request, RTA_OIF, interface);
    return request;
}

/* Snapshot */

static void settle(struct request request, struct list *list)
{
    for (int i = 0; i <= REPEATS_MAX; i++) {
        list->length = 0;
        if (!ask(&request, ALL).interrupted) return;
    }
}

static void reopen(void)
{
    struct request rules = rules_request();
    size_t length = now.rules.length;
    close_sockets();
    open_socket();
    ask(&rules, ALL);
    now.rules.length = length;
}

static bool is_atomic(uint8_t family, struct outcome outcome)
{
    return family == AF_INET || (outcome.datagrams <= 1 && outcome.largest <= DATAGRAM_SIZE / 2);
}

static bool fits_one_datagram(uint8_t family, struct request request)
{
    struct outcome outcome = ask(&request, 1);
    if (outcome.abandoned) reopen();
    return !outcome.abandoned && !outcome.interrupted && is_atomic(family, outcome);
}

/* Independent of the order, and of lifetimes, which run down. */
/* Whether a route was changed since listen_for_routes(). */
static bool disturbed(void)
{
    char message[DATAGRAM_SIZE];
    return recv(now.witness, message, sizeof(message), MSG_DONTWAIT) >= 0 || errno == ENOBUFS;
}

static void listen_for_routes(void)
{
    if (now.witness) {
        while (disturbed()) {}
        return;
    }
    int dumps = now.fd, group = RTNLGRP_IPV6_ROUTE;
    uint32_t port = now.port;
    open_socket();
    now.witness = now.fd;
    now.fd = dumps;
    now.port = port;
    if (setsockopt(now.witness, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group))) fail("join");
}

static void walk(uint8_t family, uint32_t table, uint8_t protocol)
{
    for (int i = 0; i < WALKS_MAX; i++) {
        struct request request = routes_request(family, table, protocol);
        size_t start = now.routes.length;
        if (family == AF_INET6) listen_for_routes();
        struct outcome outcome = ask(&request, ALL);
        bool atomic = is_atomic(family, outcome);
        if (outcome.error || (!outcome.interrupted && (atomic || !disturbed()))) return;
        now.routes.length = start;
    }
}

static void daemon_defaults(uint8_t family, uint32_t table)
{
    now.keep = KEEP_DAEMON_DEFAULTS;
    if (family == AF_INET) {
        fits_one_datagram(family, routes_request(family, table, 0));
    } else if (table == RT_TABLE_MAIN) {
        for (size_t i = 0; i < now.links_up.length; i++) {
            struct request lookup = default_lookup_request(now.links_up.items[i]);
            ask(&lookup, ALL);
        }
    }
    now.keep = KEEP_HOST;
}

static void take_by_protocol(uint8_t family, uint32_t table)
{
    for (size_t p = 0; p < sizeof(host_protocols); p++) {
        if (family == AF_INET && host_protocols[p] == RTPROT_RA) continue;
        walk(family, table, host_protocols[p]);
    }
    daemon_defaults(family, table ? table : RT_TABLE_MAIN);
}

static void take_routes_of(uint8_t family, uint32_t table)
{
    size_t start = now.routes.length;
    if (fits_one_datagram(family, routes_request(family, table, 0))) return;
    now.routes.length = start;
    take_by_protocol(family, table);
}

static void take_routes(uint8_t family)
{
    if (now.tables.overflowed) {
        take_routes_of(family, 0);
        return;
    }
    for (size_t t = 0; t < now.tables.length; t++) take_routes_of(family, now.tables.items[t]);
}

static void begin(void)
{
    now.routes.length = now.nexthops.length = 0;
    now.tables = now.links_up = (struct few){0};
    now.l3mdev = now.unresolved_nexthops = false;
    few_add(&now.tables, RT_TABLE_MAIN);
    open_socket();
    settle(rules_request(), &now.rules);
    settle(links_request(), &now.links);
    settle(addresses_request(), &now.addresses);
}

static void finish(void)
{
    if (now.unresolved_nexthops) settle(nexthops_request(), &now.nexthops);
    close_sockets();
}

static void take_snapshot(void)
{
    begin();
    take_routes(AF_INET);
    take_routes(AF_INET6);
    finish();
}

static void take_full_dumps(void)
{
    struct request routes4 = routes_request(AF_INET, 0, 0), routes6 = routes_request(AF_INET6, 0, 0);
    begin();
    ask(&routes4, ALL);
    ask(&routes6, ALL);
    finish();
}

/* Processes */

static void run(const char *words)
{
    char copy[64], output[65536], *argv[8] = {0}, *rest = copy;
    int ends[2];
    pid_t pid;
    posix_spawn_file_actions_t actions;
    extern char **environ;

    strncpy(copy, words, sizeof(copy) - 1);
    copy[sizeof(copy) - 1] = 0;
    for (int i = 0; i < 7 && (argv[i] = strsep(&rest, " ")); i++) {}
    if (pipe2(ends, O_CLOEXEC)) fail("pipe2");
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    if ((errno = posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ))) fail(argv[0]);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    while (read(ends[0], output, sizeof(output)) > 0) {}
    close(ends[0]);
    if (waitpid(pid, NULL, 0) < 0) fail("waitpid");
}

static void run_ip2(void)
{
    run("ip -j addr");
    run("ip -j route");
}

static void run_ip3(void)
{
    run_ip2();
    run("ip -j -6 route");
}

static void run_true(void)
{
    run("true");
}

static uint64_t nanoseconds(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000ull + time.tv_nsec;
}

static const struct operation {
    const char *name;
    void (*run)(void);
} operations[] = {
    {"snapshot", take_snapshot},
    {"full", take_full_dumps},
    {"ip2", run_ip2},
    {"ip3", run_ip3},
    {"true", run_true},
};

static bool answer(const char *name, int count)
{
    if (strcmp(name, "counts") == 0) {
        take_snapshot();
        printf("%zu %zu %zu %zu %zu\n", now.links.length, now.addresses.length, now.rules.length,
               now.routes.length, now.nexthops.length);
        return true;
    }
    for (size_t i = 0; i < sizeof(operations) / sizeof(*operations); i++) {
        if (strcmp(name, operations[i].name)) continue;
        for (int n = 0; n < count; n++) {
            uint64_t start = nanoseconds();
            operations[i].run();
            printf("%s%llu", n ? " " : "", (unsigned long long)(nanoseconds() - start));
        }
        puts("");
        return true;
    }
    return false;
}

int main(void)
{
    char line[80], name[32];
    int count;
    while (fgets(line, sizeof(line), stdin)) {
        if (sscanf(line, "%31s %d", name, &count) != 2 || !answer(name, count)) {
            fprintf(stderr, "not an operation: %s", line);
            return 2;
        }
        fflush(stdout);
    }
    return 0;
}
