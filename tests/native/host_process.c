// A process that is no JavaScript runtime: opens the library as any program of this C library and CPU would, calls it, and
// tells what came of it, one line for each thing. Arguments: the library, a path for a unix socket, and a file of datagrams.

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void *library;

// Every function takes numbers and pointers and returns an int, so no prototype is needed.
typedef int (*function)();

static function find(const char *name) {
  function found;
  *(void **)&found = dlsym(library, name);
  if (found == NULL) {
    printf("there is no %s\n", name);
    exit(1);
  }
  return found;
}

#define CALL(name, ...) find("mif_" #name)(__VA_ARGS__)

static unsigned char out[1 << 20], scratch[64 * 1024];

// A socket on 127.0.0.1, with its address.
static int bound(int type, struct sockaddr_in *name) {
  unsigned char address[128];
  struct sockaddr_in loopback = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int fd = CALL(socket, AF_INET, type, 0);
  CALL(bind, fd, &loopback, (unsigned)sizeof loopback);
  CALL(getsockname, fd, 0, address, (unsigned)sizeof address);
  memcpy(name, address, sizeof *name);
  return fd;
}

static int send_to(int fd, const char *text, struct sockaddr_in *name) {
  return CALL(sendmsg, fd, text, (unsigned)strlen(text), name, (unsigned)sizeof *name, NULL, 0, 0);
}

// What zig/layout.zig calls a MessageRecord.
struct message { uint32_t data_offset, data_length, control_offset, control_length, address_length, flags; };

static void datagrams(void) {
  struct sockaddr_in name;
  int fd = bound(SOCK_DGRAM, &name);
  struct message messages[4] = {0};
  unsigned char data[64], addresses[4 * 128];
  for (int i = 0; i < 4; i++) {
    messages[i] = (struct message){.data_offset = (uint32_t)i * 16, .data_length = 16};
  }
  int sent = send_to(fd, "one", &name) + send_to(fd, "second", &name);
  struct pollfd readable = {.fd = fd, .events = POLLIN};
  poll(&readable, 1, 5000);
  int count = CALL(recvmmsg, fd, messages, (unsigned)sizeof messages, data, (unsigned)sizeof data, addresses,
                   (unsigned)sizeof addresses, NULL, 0, 0);
  printf("datagrams: %d bytes sent, %d received, \"%.*s\" and \"%.*s\"\n", sent, count, (int)messages[0].data_length,
         data, (int)messages[1].data_length, data + 16);
  CALL(close, fd);
}

static void streams(void) {
  struct sockaddr_in name;
  unsigned char peer[128];
  int listener = bound(SOCK_STREAM, &name);
  CALL(listen, listener, 8);
  int client = CALL(socket, AF_INET, SOCK_STREAM, 0);
  int connecting = CALL(connect, client, &name, (unsigned)sizeof name);
  struct pollfd waiting[] = {{.fd = listener, .events = POLLIN}, {.fd = client, .events = POLLOUT}};
  poll(waiting, 2, 5000);
  int accepted = CALL(accept, listener, peer, (unsigned)sizeof peer);
  CALL(take, accepted, AF_INET, SOCK_STREAM, 0);
  CALL(stream_write, client, "hello", 5, 1000);
  int length = CALL(stream_read, accepted, scratch, 64, 5000);
  int one = 1, value = 0;
  CALL(setsockopt, client, SOL_SOCKET, SO_KEEPALIVE, &one, (unsigned)sizeof one);
  int size = CALL(getsockopt, client, SOL_SOCKET, SO_KEEPALIVE, &value, (unsigned)sizeof value);
  printf("streams: connect %s, \"%.*s\", option of %d bytes is %d\n",
         connecting == 0 || connecting == -EINPROGRESS ? "begun" : "failed", length, scratch, size, value);
  CALL(shutdown, client, SHUT_WR);
  printf("streams: end %d\n", CALL(stream_read, accepted, scratch, 64, 5000));
  CALL(close, client);
  CALL(close, accepted);
  CALL(close, listener);
}

// ReadyRecord of zig/layout.zig.
struct ready { int32_t fd; uint32_t events; };

static void reactor(const char *title, int strategy) {
  struct sockaddr_in name;
  int fd = bound(SOCK_DGRAM, &name);
  int adopted = -1, woken = 0;
  int id = CALL(reactor_open, strategy, &adopted, 4);
  if (id < 0) {
    printf("%s: error %d\n", title, -id);
    return;
  }
  CALL(reactor_watch, id, EPOLL_CTL_ADD, fd, EPOLLIN);
  for (int round = 0; round < 100; round++) {
    struct ready ready[4] = {0};
    struct message message = {.data_length = 16};
    char byte;
    send_to(fd, "wake", &name);
    struct pollfd wake = {.fd = adopted, .events = POLLIN};
    if (poll(&wake, 1, 5000) != 1 || read(adopted, &byte, 1) != 1) break;
    if (CALL(reactor_take, id, ready, (unsigned)sizeof ready) != 1) break;
    if (ready[0].fd != fd || !(ready[0].events & EPOLLIN)) break;
    CALL(recvmmsg, fd, &message, (unsigned)sizeof message, scratch, 16, out, 128, NULL, 0, 0);
    woken++;
  }
  printf("%s: woken %d times\n", title, woken);
  CALL(close, fd);
}

static void *opens_and_ends(void *fd) {
  int adopted;
  *(int *)fd = CALL(socket, AF_INET, SOCK_DGRAM, 0);
  CALL(reactor_open, 2, &adopted, 4);
  return NULL;
}

static void threads(void) {
  pthread_t thread;
  int fd = -1;
  pthread_create(&thread, NULL, opens_and_ends, &fd);
  pthread_join(thread, NULL);
  printf("threads: a socket whose thread ended is %s\n", fd >= 0 && fcntl(fd, F_GETFD) == -1 ? "closed" : "open");
}

static void unix_stream(const char *path) {
  struct sockaddr_un name = {.sun_family = AF_UNIX};
  strncpy(name.sun_path, path, sizeof name.sun_path - 1);
  int listener = socket(AF_UNIX, SOCK_STREAM, 0);
  bind(listener, (struct sockaddr *)&name, sizeof name);
  listen(listener, 1);
  int fd = CALL(unix_connect, path, (unsigned)strlen(path), 5000);
  printf("unix: %s\n", CALL(stream_write, fd, "bus", 3, 1000) == 3 ? "written" : "failed");
  CALL(close, fd);
}

static void read_or_error(const char *what, int size) {
  if (size > 0) printf("netlink: %s read\n", what);
  else printf("netlink: %s error %d\n", what, -size);
}

static void kernel(void) {
  unsigned char loopback[] = {127, 0, 0, 1};
  int listener = CALL(netlink_join, 1);
  printf("netlink: news %d\n", CALL(netlink_receive, listener, scratch, (unsigned)sizeof scratch));
  read_or_error("routes", CALL(routes, 0, 0, out, (unsigned)sizeof out, scratch, (unsigned)sizeof scratch));
  printf("netlink: lookup of %d bytes\n", CALL(route_lookup, loopback, 4, NULL, 0, 0, 0, out, (unsigned)sizeof out));
  read_or_error("snapshot", CALL(snapshot, out, (unsigned)sizeof out, scratch, (unsigned)sizeof scratch));
}

// Datagrams that a kernel once sent, each with its length in front, as records: their size, and a hash of them (FNV-1a).
static void recorded(const char *path) {
  FILE *file = fopen(path, "rb");
  uint32_t length, hash = 2166136261u;
  int total = 0;
  while (file != NULL && fread(&length, 4, 1, file) == 1 && fread(scratch, 1, length, file) == length) {
    int size = CALL(netlink_decode, scratch, length, out, (unsigned)sizeof out);
    for (int i = 0; i < size; i++) hash = (hash ^ out[i]) * 16777619u;
    total += size;
  }
  printf("recorded: %d bytes of records, %08x\n", total, hash);
}

static void state(void) {
  CALL(process_state_set, "default", 7);
  int size = CALL(process_state_get, out, (unsigned)sizeof out);
  printf("state: \"%.*s\", version %d\n", size, out, CALL(process_state_version));
}

static void refusals(void) {
  printf("refused: %d", CALL(snapshot, NULL, 64, scratch, (unsigned)sizeof scratch));
  printf(" %d", CALL(close, 0));
  printf(" %d", CALL(getsockname, -1, 0, out, 128));
  printf(" %d\n", CALL(socket, AF_INET, SOCK_DGRAM, 255));
}

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  library = dlopen(argv[1], RTLD_NOW);
  if (library == NULL) {
    printf("%s\n", dlerror());
    return 1;
  }
  printf("version: %d\n", CALL(abi_version));
  datagrams();
  streams();
  reactor("reactor", 0);
  reactor("reactor by io_uring", 1);
  reactor("reactor by a thread", 2);
  threads();
  unix_stream(argv[2]);
  kernel();
  recorded(argv[3]);
  state();
  refusals();
  // It stays mapped: what still runs in it would fall otherwise.
  dlclose(library);
  printf("closed: its thread %s\n", CALL(thread_end) == 0 ? "ended" : "failed");
  return 0;
}
