/*
 * Router Advertisements in C, as the library reads them: the checks of RFC 4861 6.1.2, every option into a struct of its own
 * with addresses and names as text, the PvD option (RFC 8801 3.1) with what stands in it. All of it is freed again.
 */

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BATCH = 100, HEADER_SIZE = 16, NAMES_MAX = 64 };

struct header {
    uint8_t hop_limit;
    bool managed, other, home_agent;
    int preference;
    uint16_t lifetime;
    uint32_t reachable, retrans;
};

struct option {
    struct option *next, *inner;
    int type;
    uint32_t first, second;
    uint8_t prefix_length, flags;
    struct in6_addr prefix;
    size_t name_count;
    char *names[NAMES_MAX];
    struct header *header;
    uint8_t *raw;
};

struct advertisement {
    struct header header;
    struct option *options;
};

static uint16_t be16(const uint8_t *at) { return at[0] << 8 | at[1]; }
static uint32_t be32(const uint8_t *at) { return (uint32_t)be16(at) << 16 | be16(at + 2); }

static void read_header(struct header *header, const uint8_t *at)
{
    header->hop_limit = at[4];
    header->managed = at[5] & 0x80;
    header->other = at[5] & 0x40;
    header->home_agent = at[5] & 0x20;
    header->preference = at[5] >> 3 & 3;
    header->lifetime = be16(at + 6);
    header->reachable = be32(at + 8);
    header->retrans = be32(at + 12);
}

/* Where the name ends, or 0 where it is none. */
static size_t read_name(struct option *option, const uint8_t *bytes, size_t at, size_t size)
{
    char text[256];
    size_t length = 0;

    while (at < size && bytes[at] != 0) {
        size_t label = bytes[at++];
        if (label > 63 || at + label > size || length + label > 253) return 0;
        if (length > 0) text[length++] = '.';
        for (size_t i = 0; i < label; i++) {
            uint8_t byte = bytes[at + i];
            if (byte <= 0x20 || byte >= 0x7f || byte == '.') return 0;
            text[length++] = byte >= 'A' && byte <= 'Z' ? byte | 0x20 : byte;
        }
        at += label;
    }
    if (at >= size || option->name_count == NAMES_MAX) return 0;
    text[length] = 0;
    option->names[option->name_count++] = strdup(text);
    return at + 1;
}

static void free_options(struct option *option)
{
    while (option) {
        struct option *next = option->next;
        for (size_t i = 0; i < option->name_count; i++) free(option->names[i]);
        free_options(option->inner);
        free(option->header);
        free(option->raw);
        free(option);
        option = next;
    }
}

static bool read_options(struct option **list, const uint8_t *bytes, size_t size, bool nested);

static bool read_option(struct option *option, const uint8_t *bytes, size_t size)
{
    char text[INET6_ADDRSTRLEN];
    size_t at;

    switch (option->type) {
    case 3:
        if (size != 32 || bytes[2] > 128) return false;
        option->prefix_length = bytes[2];
        option->flags = bytes[3];
        option->first = be32(bytes + 4);
        option->second = be32(bytes + 8);
        memcpy(&option->prefix, bytes + 16, 16);
        return true;
    case 5:
        option->first = be32(bytes + 4);
        return size == 8;
    case 24:
        if (size > 24 || bytes[2] > 128) return false;
        option->prefix_length = bytes[2];
        option->flags = bytes[3];
        option->first = be32(bytes + 4);
        memcpy(&option->prefix, bytes + 8, size - 8);
        return true;
    case 25:
        if (size < 24 || size % 16 != 8) return false;
        option->first = be32(bytes + 4);
        for (at = 8; at < size && option->name_count < NAMES_MAX; at += 16) {
            inet_ntop(AF_INET6, bytes + at, text, sizeof(text));
            option->names[option->name_count++] = strdup(text);
        }
        return true;
    case 31:
        option->first = be32(bytes + 4);
        for (at = 8; at < size && bytes[at] != 0;) {
            if ((at = read_name(option, bytes, at, size)) == 0) return false;
        }
        return option->name_count > 0;
    case 21:
        option->first = be16(bytes + 2);
        option->second = be16(bytes + 4);
        if ((at = read_name(option, bytes, 6, size)) == 0) return false;
        at = (at + 7) / 8 * 8;
        if (option->first & 0x2000) {
            if (at + HEADER_SIZE > size) return false;
            option->header = malloc(sizeof(*option->header));
            read_header(option->header, bytes + at);
            at += HEADER_SIZE;
        }
        return read_options(&option->inner, bytes + at, size - at, true);
    default:
        option->raw = malloc(size);
        memcpy(option->raw, bytes, size);
        return true;
    }
}

/* False where an option has zero length or does not fit. */
static bool read_options(struct option **list, const uint8_t *bytes, size_t size, bool nested)
{
    for (size_t at = 0, length; at < size; at += length) {
        if (at + 8 > size) return false;
        length = bytes[at + 1] * 8;
        if (length == 0 || at + length > size) return false;
        if (nested && bytes[at] == 21) continue;
        struct option *option = calloc(1, sizeof(*option));
        option->type = bytes[at];
        if (read_option(option, bytes + at, length)) {
            *list = option;
            list = &option->next;
        } else {
            free_options(option);
        }
    }
    return true;
}

static bool parse(const uint8_t *message, size_t size, const uint8_t *source, int hop_limit)
{
    struct advertisement advertisement = {0};
    bool valid = hop_limit == 255 && source[0] == 0xfe && (source[1] & 0xc0) == 0x80 && size >= HEADER_SIZE &&
        message[0] == 134 && message[1] == 0;

    if (!valid) return false;
    read_header(&advertisement.header, message);
    valid = read_options(&advertisement.options, message + HEADER_SIZE, size - HEADER_SIZE, false);
    free_options(advertisement.options);
    return valid;
}

static uint64_t nanoseconds(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000ull + time.tv_nsec;
}

int main(int argc, char **argv)
{
    static const uint8_t source[16] = {0xfe, 0x80, [15] = 1};
    uint8_t message[65536];
    char line[80], kind[32], path[4096];
    int count;

    while (fgets(line, sizeof(line), stdin)) {
        if (argc != 2 || sscanf(line, "parse-%31s %d", kind, &count) != 2) return 2;
        snprintf(path, sizeof(path), "%s/%s", argv[1], kind);
        FILE *file = fopen(path, "rb");
        if (!file) return 1;
        size_t size = fread(message, 1, sizeof(message), file);
        fclose(file);
        for (int n = 0; n < count; n++) {
            uint64_t start = nanoseconds();
            for (int i = 0; i < BATCH; i++) {
                if (!parse(message, size, source, 255)) return 1;
            }
            printf("%s%llu", n ? " " : "", (unsigned long long)(nanoseconds() - start));
        }
        puts("");
        fflush(stdout);
    }
    return 0;
}
