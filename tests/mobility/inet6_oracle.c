/*
 * glibc's inet6_opt_*() and inet6_rth_*(), one call sequence a line of standard input, one line of results each:
 *
 *   opt EXTLEN TYPE,LEN,ALIGN …   what init, each append and finish return; the bytes; the same without a buffer
 *   walk HEX                      offset:type:length of each inet6_opt_next()
 *   find TYPE HEX                 offset:length of each inet6_opt_find()
 *   rth SEGMENTS HEXADDRESS …     what init and each add return, segments, the bytes, what reverse returns and its bytes
 *   header HEX                    segments, and each address
 *
 * The data of an option are its place's number again and again, set by inet6_opt_set_val().
 */
#define _GNU_SOURCE
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned char bytes[8192];

static int read_hex(const char *digits, unsigned char *to)
{
    int length = 0;
    unsigned byte;
    while (sscanf(digits + 2 * length, "%2x", &byte) == 1) to[length++] = (unsigned char)byte;
    return length;
}

static void print_hex(const unsigned char *from, int length)
{
    putchar(' ');
    for (int i = 0; i < length; i++) printf("%02x", from[i]);
}

static void options(char *words)
{
    unsigned char value[255];
    char *save = NULL;
    int extlen = atoi(strtok_r(words, " ", &save));
    int at = inet6_opt_init(bytes, extlen), counted = inet6_opt_init(NULL, 0);
    printf("%d", at);
    for (int n = 1;; n++) {
        char *word = strtok_r(NULL, " ", &save);
        int type, length, align;
        void *data = NULL;
        if (!word || at < 0) break;
        if (sscanf(word, "%d,%d,%d", &type, &length, &align) != 3) exit(2);
        at = inet6_opt_append(bytes, extlen, at, type, length, align, &data);
        counted = inet6_opt_append(NULL, 0, counted, type, length, align, NULL);
        memset(value, n, sizeof value);
        if (at >= 0) inet6_opt_set_val(data, 0, value, length);
        printf(" %d", at);
    }
    if (at >= 0) {
        at = inet6_opt_finish(bytes, extlen, at);
        counted = inet6_opt_finish(NULL, 0, counted);
        printf(" %d", at);
    }
    if (at >= 0) {
        print_hex(bytes, at);
        printf(" %d", counted);
    }
}

static void walk(char *digits, int wanted)
{
    int extlen = read_hex(digits, bytes), at = 0;
    for (;;) {
        uint8_t type = 0;
        socklen_t length = 0;
        void *data = NULL;
        at = wanted < 0 ? inet6_opt_next(bytes, extlen, at, &type, &length, &data)
                        : inet6_opt_find(bytes, extlen, at, wanted, &length, &data);
        if (at < 0) break;
        if (wanted < 0) printf("%d:%d:%d", at, type, (int)length);
        else printf("%d:%d", at, (int)length);
        print_hex(data, (int)length);
        putchar(' ');
    }
}

static void routing(char *words)
{
    char *save = NULL;
    int segments = atoi(strtok_r(words, " ", &save));
    int space = inet6_rth_space(0, segments);
    unsigned char back[4096], address[16];
    memset(bytes, 0xee, sizeof bytes);
    printf("%d %d", space, inet6_rth_init(bytes, sizeof bytes, 0, segments) == bytes);
    for (char *word; (word = strtok_r(NULL, " ", &save));) {
        read_hex(word, address);
        printf(" %d", inet6_rth_add(bytes, (struct in6_addr *)address));
    }
    printf(" %d", inet6_rth_segments(bytes));
    print_hex(bytes, space);
    memset(back, 0, sizeof back);
    printf(" %d", inet6_rth_reverse(bytes, back));
    print_hex(back, space);
}

static void received(char *digits)
{
    read_hex(digits, bytes);
    int segments = inet6_rth_segments(bytes);
    printf("%d", segments);
    for (int i = -1; i <= segments; i++) {
        unsigned char *address = (unsigned char *)inet6_rth_getaddr(bytes, i);
        if (address) print_hex(address, 16);
        else printf(" null");
    }
}

int main(void)
{
    char *line = NULL;
    size_t size = 0;
    while (getline(&line, &size, stdin) > 0) {
        line[strcspn(line, "\n")] = 0;
        memset(bytes, 0, sizeof bytes);
        if (!strncmp(line, "opt ", 4)) options(line + 4);
        else if (!strncmp(line, "walk ", 5)) walk(line + 5, -1);
        else if (!strncmp(line, "find ", 5)) {
            char *digits = strchr(line + 5, ' ');
            if (!digits) return 2;
            walk(digits + 1, atoi(line + 5));
        } else if (!strncmp(line, "rth ", 4)) routing(line + 4);
        else if (!strncmp(line, "header ", 7)) received(line + 7);
        else return 2;
        putchar('\n');
    }
    return 0;
}
