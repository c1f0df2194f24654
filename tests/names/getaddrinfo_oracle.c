/*
 * glibc's getaddrinfo(3): reads questions as lines of
 *   hostname service hints family socktype protocol flags
 * (names in hexadecimal, "null" and "empty"; hints 0 for none) and writes a line of JSON for each.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <locale.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *text_of(const char *hex) {
  if (strcmp(hex, "null") == 0) return NULL;
  if (strcmp(hex, "empty") == 0) return strdup("");
  size_t length = strlen(hex) / 2;
  char *text = calloc(length + 1, 1);
  for (size_t i = 0; i < length; i++) {
    unsigned int byte;
    sscanf(hex + 2 * i, "%2x", &byte);
    text[i] = (char)byte;
  }
  return text;
}

static const char *code_of(int code) {
  switch (code) {
    case EAI_ADDRFAMILY: return "EAI_ADDRFAMILY";
    case EAI_AGAIN: return "EAI_AGAIN";
    case EAI_BADFLAGS: return "EAI_BADFLAGS";
    case EAI_FAIL: return "EAI_FAIL";
    case EAI_FAMILY: return "EAI_FAMILY";
    case EAI_NODATA: return "EAI_NODATA";
    case EAI_NONAME: return "EAI_NONAME";
    case EAI_SERVICE: return "EAI_SERVICE";
    case EAI_SOCKTYPE: return "EAI_SOCKTYPE";
    case EAI_SYSTEM: return "EAI_SYSTEM";
    default: return "another";
  }
}

static void print_text(const char *text) {
  putchar('"');
  for (; *text; text++) {
    if (*text == '"' || *text == '\\') printf("\\%c", *text);
    else printf("%c", *text);
  }
  putchar('"');
}

static void print_info(const struct addrinfo *info) {
  char address[INET6_ADDRSTRLEN];
  unsigned int port, scope = 0;
  if (info->ai_family == AF_INET) {
    struct sockaddr_in *in = (struct sockaddr_in *)info->ai_addr;
    inet_ntop(AF_INET, &in->sin_addr, address, sizeof address);
    port = ntohs(in->sin_port);
  } else {
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)info->ai_addr;
    inet_ntop(AF_INET6, &in6->sin6_addr, address, sizeof address);
    port = ntohs(in6->sin6_port);
    scope = in6->sin6_scope_id;
  }
  printf("{\"ai_flags\":%d,\"ai_family\":%d,\"ai_socktype\":%d,\"ai_protocol\":%d,", info->ai_flags,
         info->ai_family, info->ai_socktype, info->ai_protocol);
  printf("\"ai_addr\":{\"family\":%d,\"address\":\"%s\",\"port\":%u,\"scopeId\":%u},\"ai_canonname\":",
         info->ai_family == AF_INET ? 4 : 6, address, port, scope);
  if (info->ai_canonname) print_text(info->ai_canonname);
  else printf("null");
  printf("}");
}

int main(void) {
  static char hostname[4096], service[4096];
  struct addrinfo hints = {0};
  int hinted;
  setlocale(LC_CTYPE, "C.UTF-8");
  while (scanf("%4095s %4095s %d %d %d %d %d", hostname, service, &hinted, &hints.ai_family,
               &hints.ai_socktype, &hints.ai_protocol, &hints.ai_flags) == 7) {
    struct addrinfo *infos = NULL;
    int code = getaddrinfo(text_of(hostname), text_of(service), hinted ? &hints : NULL, &infos);
    if (code != 0) {
      printf("\"%s\"\n", code_of(code));
      continue;
    }
    printf("[");
    for (struct addrinfo *info = infos; info; info = info->ai_next) {
      if (info != infos) printf(",");
      print_info(info);
    }
    printf("]\n");
    freeaddrinfo(infos);
  }
  return 0;
}
