/*
 * Judges of lib/socket/control.ts: the same control messages built with the CMSG_* macros, any control messages read
 * with them, and what the kernel makes of them on loopback. Each line of standard input is a request and gets one line:
 *
 *   layouts                               name=hex of each message that build() knows, and of all of them together
 *   walk HEX                              level:type:hex of each message in HEX
 *   send FAMILY ROOM TIMESTAMP HEX        sends a datagram with HEX as msg_control; receives it with ROOM bytes for
 *                                         control messages and the option TIMESTAMP (0 for none); answers with the
 *                                         sender's address, msg_flags and msg_control as hex, or "errno NUMBER"
 *   unprivileged                          gives up every capability, for the requests behind it
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_BYTES (1 << 20)

static unsigned char control[1 << 18] __attribute__((aligned(16)));

static void print_hex(const void *bytes, size_t size) {
  for (size_t i = 0; i < size; i++) printf("%02x", ((const unsigned char *)bytes)[i]);
}

static int digit(char c) {
  return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static size_t read_hex(const char *hex, unsigned char *bytes) {
  size_t size = 0;
  for (; digit(hex[0]) >= 0 && digit(hex[1]) >= 0; hex += 2) bytes[size++] = digit(hex[0]) << 4 | digit(hex[1]);
  return size;
}

static void put(struct msghdr *message, int level, int type, const void *data, size_t size) {
  struct cmsghdr *header = (struct cmsghdr *)(control + message->msg_controllen);
  memset(header, 0, CMSG_SPACE(size));
  header->cmsg_len = CMSG_LEN(size);
  header->cmsg_level = level;
  header->cmsg_type = type;
  memcpy(CMSG_DATA(header), data, size);
  message->msg_controllen += CMSG_SPACE(size);
}

static void layouts(void) {
  struct msghdr message = {.msg_control = control, .msg_controllen = 0};
  struct in6_pktinfo pktinfo6 = {.ipi6_ifindex = 0x01020304};
  inet_pton(AF_INET6, "2001:db8::1:2", &pktinfo6.ipi6_addr);
  struct in_pktinfo pktinfo4 = {.ipi_ifindex = 7};
  inet_pton(AF_INET, "192.0.2.1", &pktinfo4.ipi_spec_dst);
  inet_pton(AF_INET, "198.51.100.255", &pktinfo4.ipi_addr);
  int hop_limit = 255, traffic_class = 0x2e, ttl = 64, tos = 0xb8;
  unsigned char routing[24] = {59, 2, 2, 1}, padding[8] = {59, 0, 1, 4};
  struct timespec old_time = {.tv_sec = 1700000000, .tv_nsec = 999999999};
  long long new_time[2] = {0x123456789, 5};
  unsigned char tos_byte = 0xb8;
  struct ip6_mtuinfo path_mtu = {
      .ip6m_addr = {.sin6_family = AF_INET6, .sin6_scope_id = 7},
      .ip6m_mtu = 1400,
  };
  inet_pton(AF_INET6, "fe80::2", &path_mtu.ip6m_addr.sin6_addr);
  struct { const char *name; int level, type; const void *data; size_t size; } all[] = {
      {"IPV6_PKTINFO", IPPROTO_IPV6, IPV6_PKTINFO, &pktinfo6, sizeof pktinfo6},
      {"IPV6_HOPLIMIT", IPPROTO_IPV6, IPV6_HOPLIMIT, &hop_limit, sizeof hop_limit},
      {"IPV6_TCLASS", IPPROTO_IPV6, IPV6_TCLASS, &traffic_class, sizeof traffic_class},
      {"IPV6_RTHDR", IPPROTO_IPV6, IPV6_RTHDR, routing, sizeof routing},
      {"IPV6_HOPOPTS", IPPROTO_IPV6, IPV6_HOPOPTS, padding, sizeof padding},
      {"IPV6_DSTOPTS", IPPROTO_IPV6, IPV6_DSTOPTS, padding, sizeof padding},
      {"IPV6_RTHDRDSTOPTS", IPPROTO_IPV6, IPV6_RTHDRDSTOPTS, padding, sizeof padding},
      {"IP_PKTINFO", IPPROTO_IP, IP_PKTINFO, &pktinfo4, sizeof pktinfo4},
      {"IP_TTL", IPPROTO_IP, IP_TTL, &ttl, sizeof ttl},
      {"IP_TOS", IPPROTO_IP, IP_TOS, &tos, sizeof tos},
      {"unknown", SOL_SOCKET, SCM_RIGHTS, "abc", 3},
      {"received_IP_TOS", IPPROTO_IP, IP_TOS, &tos_byte, sizeof tos_byte},
      {"received_SO_TIMESTAMPNS_OLD", SOL_SOCKET, 35, &old_time, sizeof old_time},
      {"received_SO_TIMESTAMPNS_NEW", SOL_SOCKET, 64, new_time, sizeof new_time},
      {"received_IPV6_PATHMTU", IPPROTO_IPV6, IPV6_PATHMTU, &path_mtu, sizeof path_mtu},
  };
  size_t sendable = sizeof all / sizeof *all - 4;
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
    message.msg_controllen = 0;
    put(&message, all[i].level, all[i].type, all[i].data, all[i].size);
    printf("%s=", all[i].name);
    print_hex(control, message.msg_controllen);
    printf(" ");
  }
  message.msg_controllen = 0;
  for (size_t i = 0; i < sendable; i++) put(&message, all[i].level, all[i].type, all[i].data, all[i].size);
  printf("all=");
  print_hex(control, message.msg_controllen);
}

static void walk(const char *hex) {
  struct msghdr message = {.msg_control = control, .msg_controllen = read_hex(hex, control)};
  for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
    printf("%d:%d:", header->cmsg_level, header->cmsg_type);
    print_hex(CMSG_DATA(header), header->cmsg_len - CMSG_LEN(0));
    printf(" ");
  }
}

static void on(int s, int level, int option) {
  int value = 1;
  if (setsockopt(s, level, option, &value, sizeof value) != 0) printf("option %d:%d ", level, option);
}

static int send_and_receive(int family, size_t room, int timestamp, const char *hex, int receiver, int sender) {
  struct sockaddr_storage address = {.ss_family = family};
  socklen_t address_size = family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
  if (family == AF_INET) ((struct sockaddr_in *)&address)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  else ((struct sockaddr_in6 *)&address)->sin6_addr = in6addr_loopback;
  if (bind(receiver, (struct sockaddr *)&address, address_size) != 0) return errno;
  getsockname(receiver, (struct sockaddr *)&address, &address_size);
  struct timeval patience = {.tv_sec = 5};
  setsockopt(receiver, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  if (timestamp) on(receiver, SOL_SOCKET, timestamp);
  if (family == AF_INET) {
    on(receiver, IPPROTO_IP, IP_PKTINFO);
    on(receiver, IPPROTO_IP, IP_RECVTTL);
    on(receiver, IPPROTO_IP, IP_RECVTOS);
  } else {
    on(receiver, IPPROTO_IPV6, IPV6_RECVPKTINFO);
    on(receiver, IPPROTO_IPV6, IPV6_RECVHOPLIMIT);
    on(receiver, IPPROTO_IPV6, IPV6_RECVTCLASS);
    on(receiver, IPPROTO_IPV6, IPV6_RECVHOPOPTS);
    on(receiver, IPPROTO_IPV6, IPV6_RECVRTHDR);
    on(receiver, IPPROTO_IPV6, IPV6_RECVDSTOPTS);
    /* A message that control.ts does not know. */
    on(receiver, IPPROTO_IPV6, IPV6_2292HOPLIMIT);
  }
  struct iovec data = {.iov_base = "x", .iov_len = 1};
  struct msghdr message = {.msg_name = &address, .msg_namelen = address_size, .msg_iov = &data, .msg_iovlen = 1,
                           .msg_control = control, .msg_controllen = read_hex(hex, control)};
  if (sendmsg(sender, &message, 0) < 0) return errno;
  char byte;
  data.iov_base = &byte;
  memset(control, 0xee, sizeof control);
  message.msg_control = control;
  message.msg_controllen = room;
  if (recvmsg(receiver, &message, 0) < 0) return errno;
  char text[INET6_ADDRSTRLEN];
  const void *from = family == AF_INET ? (void *)&((struct sockaddr_in *)&address)->sin_addr
                                       : (void *)&((struct sockaddr_in6 *)&address)->sin6_addr;
  printf("%s %d ", inet_ntop(family, from, text, sizeof text), message.msg_flags);
  print_hex(control, message.msg_controllen);
  return 0;
}

int main(void) {
  char *line = malloc(LINE_MAX_BYTES), *hex = malloc(LINE_MAX_BYTES);
  while (fgets(line, LINE_MAX_BYTES, stdin)) {
    int family, room, timestamp;
    *hex = 0;
    if (sscanf(line, "send %d %d %d %s", &family, &room, &timestamp, hex) >= 3) {
      int receiver = socket(family, SOCK_DGRAM, 0), sender = socket(family, SOCK_DGRAM, 0);
      int failed = errno;
      if (receiver >= 0 && sender >= 0) failed = send_and_receive(family, room, timestamp, hex, receiver, sender);
      if (failed) printf("errno %d", failed);
      close(receiver);
      close(sender);
    } else if (strncmp(line, "walk", 4) == 0) {
      sscanf(line, "walk %s", hex);
      walk(hex);
    } else if (strncmp(line, "layouts", 7) == 0) {
      layouts();
    } else if (strncmp(line, "unprivileged", 12) == 0) {
      struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
      struct __user_cap_data_struct none[2] = {{0}};
      if (syscall(SYS_capset, &header, none) != 0) return 1;
    } else {
      return 2;
    }
    puts("");
  }
  return 0;
}
