/*
 * Sockets in plain C: what the runtimes' sockets are compared with, and the peer that all of them talk to.
 *
 * Run as "sockets peer ADDRESS" it serves on that address, each service in a thread of its own, and writes their
 * ports in one line: a UDP echo, a UDP socket that nobody reads, and TCP. A TCP client sends eight bytes first, a
 * letter, seven digits, and the number of MiB they make is sent to it ("R") or taken from it and acknowledged by
 * one byte ("W"). The peer reads lines as well:
 *
 *   flood PORT MS   sends datagrams of SIZE bytes to 127.0.0.1 for so long; writes their number and nanoseconds
 *
 * Without words it measures, told by lines as sockets.ts is:
 *
 *   receive         opens a socket, writes its port, and counts what comes
 *   stop            writes how many came and the nanoseconds of CPU they took
 *   send PORT N     sends N datagrams of SIZE bytes; writes nanoseconds and nanoseconds of CPU
 *   echo PORT N     so many round trips of 16 bytes, waited for by epoll; the same two numbers
 */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SIZE 64
#define BATCH 64
#define CHUNK (256 * 1024)

static void must(bool done, const char *what)
{
    if (done) return;
    perror(what);
    exit(1);
}

static uint64_t nanoseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static uint64_t cpu_nanoseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static struct sockaddr_in ipv4(const char *address, int port)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    must(inet_pton(AF_INET, address, &name.sin_addr) == 1, address);
    return name;
}

static int open_bound(int type, const char *address, int *port)
{
    struct sockaddr_in name = ipv4(address, 0);
    socklen_t size = sizeof(name);
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
    must(fd >= 0, "socket");
    must(bind(fd, (struct sockaddr *)&name, size) == 0, "bind");
    must(getsockname(fd, (struct sockaddr *)&name, &size) == 0, "getsockname");
    *port = ntohs(name.sin_port);
    return fd;
}

static void start(void *(*run)(void *), int fd)
{
    pthread_t thread;
    must(pthread_create(&thread, NULL, run, (void *)(intptr_t)fd) == 0, "pthread_create");
    pthread_detach(thread);
}

static void *serve_echo(void *argument)
{
    int fd = (int)(intptr_t)argument;
    char bytes[2048];
    struct sockaddr_in from;
    while (true) {
        socklen_t size = sizeof(from);
        ssize_t length = recvfrom(fd, bytes, sizeof(bytes), 0, (struct sockaddr *)&from, &size);
        if (length >= 0) sendto(fd, bytes, (size_t)length, 0, (struct sockaddr *)&from, size);
    }
    return NULL;
}

static void *serve_stream(void *argument)
{
    int fd = (int)(intptr_t)argument;
    char *chunk = calloc(1, CHUNK);
    char head[9] = "";
    if (recv(fd, head, 8, MSG_WAITALL) == 8) {
        size_t left = (size_t)atoi(head + 1) << 20;
        while (left > 0) {
            size_t size = left < CHUNK ? left : CHUNK;
            ssize_t moved = head[0] == 'R' ? send(fd, chunk, size, MSG_NOSIGNAL) : recv(fd, chunk, size, 0);
            if (moved <= 0) break;
            left -= (size_t)moved;
        }
        if (head[0] == 'W') send(fd, "", 1, MSG_NOSIGNAL);
    }
    close(fd);
    free(chunk);
    return NULL;
}

static void *serve_streams(void *argument)
{
    while (true) {
        int fd = accept4((int)(intptr_t)argument, NULL, NULL, SOCK_CLOEXEC);
        if (fd >= 0) start(serve_stream, fd);
    }
    return NULL;
}

/* Messages of one batch, all with the same bytes and, where given, the same destination. */
static struct mmsghdr messages[BATCH];
static struct iovec vectors[BATCH];
static char room[BATCH][2048];

static void prepare(size_t size, struct sockaddr_in *to)
{
    for (int i = 0; i < BATCH; i++) {
        vectors[i] = (struct iovec){.iov_base = room[i], .iov_len = size};
        messages[i].msg_hdr = (struct msghdr){
            .msg_name = to, .msg_namelen = to ? sizeof(*to) : 0, .msg_iov = &vectors[i], .msg_iovlen = 1};
    }
}

static void flood(int port, int ms)
{
    struct sockaddr_in to = ipv4("127.0.0.1", port);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    must(fd >= 0, "socket");
    prepare(SIZE, &to);
    uint64_t begin = nanoseconds(), end = begin + (uint64_t)ms * 1000000, sent = 0;
    while (nanoseconds() < end) {
        int count = sendmmsg(fd, messages, BATCH, 0);
        if (count > 0) sent += (uint64_t)count;
    }
    printf("%llu %llu\n", (unsigned long long)sent, (unsigned long long)(nanoseconds() - begin));
    close(fd);
}

static int peer(const char *address)
{
    int echo_port, sink_port, stream_port, port, ms;
    start(serve_echo, open_bound(SOCK_DGRAM, address, &echo_port));
    open_bound(SOCK_DGRAM, address, &sink_port);
    int listener = open_bound(SOCK_STREAM, address, &stream_port);
    must(listen(listener, 4096) == 0, "listen");
    start(serve_streams, listener);
    printf("%d %d %d\n", echo_port, sink_port, stream_port);
    fflush(stdout);
    char line[80];
    while (fgets(line, sizeof(line), stdin)) {
        if (sscanf(line, "flood %d %d", &port, &ms) != 2) return 2;
        flood(port, ms);
        fflush(stdout);
    }
    return 0;
}

static int receiver = -1;
static volatile bool receiving;
static uint64_t received;
static pthread_t receiving_thread;

/* The main thread sleeps in fgets() meanwhile, so the process' CPU time is this thread's. */
static void *receive_all(void *unused)
{
    (void)unused;
    prepare(sizeof(room[0]), NULL);
    struct epoll_event event = {.events = EPOLLIN};
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    must(epoll >= 0 && epoll_ctl(epoll, EPOLL_CTL_ADD, receiver, &event) == 0, "epoll");
    while (receiving) {
        if (epoll_wait(epoll, &event, 1, 10) <= 0) continue;
        int count = recvmmsg(receiver, messages, BATCH, MSG_DONTWAIT, NULL);
        if (count > 0) received += (uint64_t)count;
    }
    close(epoll);
    return NULL;
}

static int connected(int port)
{
    struct sockaddr_in to = ipv4("127.0.0.1", port);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    must(fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0, "connect");
    return fd;
}

static void send_many(int port, int count)
{
    int fd = connected(port);
    for (int i = 0; i < count; i++) must(send(fd, room[0], SIZE, 0) == SIZE, "send");
    close(fd);
}

static void echo_many(int port, int count)
{
    int fd = connected(port), epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN};
    must(epoll >= 0 && epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0, "epoll");
    for (int i = 0; i < count; i++) {
        must(send(fd, room[0], 16, 0) == 16, "send");
        must(epoll_wait(epoll, &event, 1, 1000) == 1, "epoll_wait");
        must(recv(fd, room[0], sizeof(room[0]), MSG_DONTWAIT) == 16, "recv");
    }
    close(epoll);
    close(fd);
}

static uint64_t cpu_begin;

static bool answer(const char *line)
{
    int port, count;
    if (strcmp(line, "receive\n") == 0) {
        receiver = open_bound(SOCK_DGRAM, "127.0.0.1", &port);
        receiving = true;
        received = 0;
        cpu_begin = cpu_nanoseconds();
        must(pthread_create(&receiving_thread, NULL, receive_all, NULL) == 0, "pthread_create");
        printf("%d\n", port);
        return true;
    }
    if (strcmp(line, "stop\n") == 0) {
        receiving = false;
        pthread_join(receiving_thread, NULL);
        uint64_t cpu = cpu_nanoseconds() - cpu_begin;
        close(receiver);
        printf("%llu %llu\n", (unsigned long long)received, (unsigned long long)cpu);
        return true;
    }
    uint64_t begin = nanoseconds(), cpu = cpu_nanoseconds();
    if (sscanf(line, "send %d %d", &port, &count) == 2) send_many(port, count);
    else if (sscanf(line, "echo %d %d", &port, &count) == 2) echo_many(port, count);
    else return false;
    uint64_t wall = nanoseconds() - begin;
    printf("%llu %llu\n", (unsigned long long)wall, (unsigned long long)(cpu_nanoseconds() - cpu));
    return true;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "peer") == 0) return peer(argv[2]);
    char line[80];
    while (fgets(line, sizeof(line), stdin)) {
        if (!answer(line)) {
            fprintf(stderr, "not an operation: %s", line);
            return 2;
        }
        fflush(stdout);
    }
    return 0;
}
