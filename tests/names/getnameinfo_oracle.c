/*
 * glibc's getnameinfo(3): reads questions as lines of "address port scope flags" and writes a line of JSON for each.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <locale.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>

int main(void) {
  char address[64], host[NI_MAXHOST], service[NI_MAXSERV];
  unsigned int port, scope;
  int flags;
  setlocale(LC_CTYPE, "C.UTF-8");
  while (scanf("%63s %u %u %d", address, &port, &scope, &flags) == 4) {
    struct sockaddr_storage storage = {0};
    struct sockaddr_in *in = (struct sockaddr_in *)&storage;
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&storage;
    socklen_t size;
    if (strchr(address, ':')) {
      in6->sin6_family = AF_INET6;
      in6->sin6_port = htons(port);
      in6->sin6_scope_id = scope;
      inet_pton(AF_INET6, address, &in6->sin6_addr);
      size = sizeof *in6;
    } else {
      in->sin_family = AF_INET;
      in->sin_port = htons(port);
      inet_pton(AF_INET, address, &in->sin_addr);
      size = sizeof *in;
    }
    int code = getnameinfo((struct sockaddr *)&storage, size, host, sizeof host, service,
                           sizeof service, flags);
    if (code == 0) printf("{\"hostname\":\"%s\",\"service\":\"%s\"}\n", host, service);
    else if (code == EAI_NONAME) puts("\"EAI_NONAME\"");
    else if (code == EAI_AGAIN) puts("\"EAI_AGAIN\"");
    else if (code == EAI_BADFLAGS) puts("\"EAI_BADFLAGS\"");
    else printf("\"%s\"\n", gai_strerror(code));
  }
  return 0;
}
