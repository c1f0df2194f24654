/*
 * Mobility messages by a raw socket in plain C: what mobility_receive.ts is compared with. Told by lines:
 *
 * "open 0" opens a socket with room for many messages, "send COUNT" fills it from another one, "receive COUNT" takes them out
 * again, 64 by one system call, with their control messages, and looks at each header; "close 0". Answers with
 * nanoseconds and nanoseconds of CPU.
 */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "ip6mh.h"

#define BATCH 64
#define ROOM (64 << 20)
/** All is there before it is taken out: who waits so long has lost something. */
#define SILENCE_SECONDS 5

/** A Binding Update with nonce indices and authorization data, as a correspondent gets it. */
static const uint8_t update[32] = {
    59, 3, 5, 0, 0, 0, 0x12, 0x34, 0x80, 0, 0, 105, 4, 4, 0, 10, 0, 11, 5, 12,
    1,  2, 3, 4, 5, 6, 7,    8,    9,    10, 11, 12,
};

static int opened = -1;
static volatile uint64_t seen;

static void must(bool done, const char *what)
{
    if (done) return;
    perror(what);
    exit(1);
}

static void set(int fd, int level, int name, int value)
{
    must(setsockopt(fd, level, name, &value, sizeof value) == 0, "setsockopt");
}

static int open_socket(void)
{
    struct timeval silence = {.tv_sec = SILENCE_SECONDS};
    int fd = socket(AF_INET6, SOCK_RAW, IPPROTO_MH);
    must(fd >= 0, "socket");
    set(fd, SOL_SOCKET, SO_RCVBUFFORCE, ROOM);
    must(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &silence, sizeof silence) == 0, "SO_RCVTIMEO");
    set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
    set(fd, IPPROTO_IPV6, IPV6_RECVRTHDR, 1);
    set(fd, IPPROTO_IPV6, IPV6_RECVDSTOPTS, 1);
    return fd;
}

static void send_messages(int count)
{
    struct sock_filter nothing = {BPF_RET | BPF_K, 0, 0, 0};
    struct sock_fprog program = {1, &nothing};
    struct sockaddr_in6 to = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int fd = socket(AF_INET6, SOCK_RAW, IPPROTO_MH);
    must(fd >= 0, "socket");
    /* It would hear itself. */
    must(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == 0, "SO_ATTACH_FILTER");
    for (int i = 0; i < count; i++) {
        must(sendto(fd, update, sizeof update, 0, (void *)&to, sizeof to) == sizeof update, "sendto");
    }
    close(fd);
}

static void receive_messages(int count)
{
    static uint8_t data[BATCH][2048], control[BATCH][256];
    static struct sockaddr_in6 names[BATCH];
    static struct iovec vectors[BATCH];
    static struct mmsghdr messages[BATCH];
    while (count > 0) {
        /* recvmmsg() waits until it has as many as it was asked for. */
        int wanted = count < BATCH ? count : BATCH;
        for (int i = 0; i < wanted; i++) {
            vectors[i] = (struct iovec){data[i], sizeof data[i]};
            messages[i].msg_hdr = (struct msghdr){
                &names[i], sizeof names[i], &vectors[i], 1, control[i], sizeof control[i], 0,
            };
        }
        int got = recvmmsg(opened, messages, (unsigned)wanted, 0, NULL);
        must(got > 0, "recvmmsg");
        for (int i = 0; i < got; i++) {
            const struct ip6_mh *header = (const void *)data[i];
            struct cmsghdr *cmsg = CMSG_FIRSTHDR(&messages[i].msg_hdr);
            must(messages[i].msg_len == sizeof update && header->ip6mh_type == IP6MH_TYPE_BU, "a message");
            for (; cmsg; cmsg = CMSG_NXTHDR(&messages[i].msg_hdr, cmsg)) seen += (uint64_t)cmsg->cmsg_type;
            seen += ntohs(((const struct ip6mh_binding_update *)data[i])->ip6mhbu_seqno);
        }
        count -= got;
    }
}

static uint64_t nanoseconds(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

int main(void)
{
    char line[256], name[32];
    while (fgets(line, sizeof line, stdin)) {
        int count;
        if (sscanf(line, "%31s %d", name, &count) != 2) return 2;
        uint64_t wall = nanoseconds(CLOCK_MONOTONIC), cpu = nanoseconds(CLOCK_PROCESS_CPUTIME_ID);
        if (strcmp(name, "open") == 0) opened = open_socket();
        else if (strcmp(name, "send") == 0) send_messages(count);
        else if (strcmp(name, "receive") == 0) receive_messages(count);
        else if (strcmp(name, "close") == 0) close(opened);
        else return 2;
        wall = nanoseconds(CLOCK_MONOTONIC) - wall;
        cpu = nanoseconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
        printf("%llu %llu\n", (unsigned long long)wall, (unsigned long long)cpu);
        fflush(stdout);
    }
    return 0;
}
