/*
 * Mobility messages in plain C: a struct laid over the bytes, numbers turned into the machine's order, options walked
 * through; what the runtimes' parsers are compared with. It takes nothing apart that need not be, allocates nothing and
 * makes no text of addresses.
 *
 * Told by lines as mobility.ts is, with the path of a corpus: "parse COUNT", "build COUNT".
 */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ip6mh.h"

#define MESSAGES 64

/** What the objects of the runtimes hold. */
struct message {
    uint8_t type, status;
    uint16_t checksum, sequence, flags, nonce_index;
    uint32_t lifetime_seconds;
    const uint8_t *cookie, *keygen_token, *home_address;
    const uint8_t *careof_address, *authenticator;
    uint8_t authenticator_length;
    uint16_t home_nonce, careof_nonce;
    uint32_t refresh_seconds;
    int options;
};

static const uint8_t fixed_size[] = {8, 16, 16, 24, 24, 12, 12, 24};
static const uint8_t *messages[MESSAGES];
static size_t lengths[MESSAGES];
static struct message parsed[MESSAGES];
static int message_count;

static void must(bool done, const char *what)
{
    if (done) return;
    perror(what);
    exit(1);
}

static bool parse_options(const uint8_t *at, const uint8_t *end, struct message *message)
{
    while (at < end) {
        if (*at == IP6MHOPT_PAD1) {
            at++;
            continue;
        }
        if (end - at < 2 || end - at < 2 + at[1]) return false;
        switch (*at) {
        case IP6MHOPT_BREFRESH:
            message->refresh_seconds = ntohs(((const struct ip6mh_opt_refresh_advice *)at)->ip6morf_interval) * 4u;
            break;
        case IP6MHOPT_ALTCOA:
            message->careof_address = ((const struct ip6mh_opt_altcoa *)at)->ip6moa_addr;
            break;
        case IP6MHOPT_NONCEID:
            message->home_nonce = ntohs(((const struct ip6mh_opt_nonce_index *)at)->ip6moni_hm_nonce);
            message->careof_nonce = ntohs(((const struct ip6mh_opt_nonce_index *)at)->ip6moni_coa_nonce);
            break;
        case IP6MHOPT_BAUTH:
            message->authenticator = at + 2;
            message->authenticator_length = at[1];
            break;
        }
        message->options++;
        at += 2 + at[1];
    }
    return true;
}

static bool parse(const uint8_t *bytes, size_t length, struct message *message)
{
    const struct ip6_mh *header = (const void *)bytes;
    if (length < 8 || length < (header->ip6mh_hdrlen + 1u) * 8) return false;
    if (header->ip6mh_type >= sizeof fixed_size || length < fixed_size[header->ip6mh_type]) return false;
    memset(message, 0, sizeof *message);
    message->type = header->ip6mh_type;
    message->checksum = ntohs(header->ip6mh_cksum);
    switch (message->type) {
    case IP6MH_TYPE_HOTI:
    case IP6MH_TYPE_COTI:
        message->cookie = (const uint8_t *)((const struct ip6mh_home_test_init *)bytes)->ip6mhti_cookie;
        break;
    case IP6MH_TYPE_HOT:
    case IP6MH_TYPE_COT: {
        const struct ip6mh_home_test *test = (const void *)bytes;
        message->nonce_index = ntohs(test->ip6mht_nonceId);
        message->cookie = (const uint8_t *)test->ip6mht_cookie;
        message->keygen_token = (const uint8_t *)test->ip6mht_keygen;
        break;
    }
    case IP6MH_TYPE_BU: {
        const struct ip6mh_binding_update *update = (const void *)bytes;
        message->sequence = ntohs(update->ip6mhbu_seqno);
        message->flags = ntohs(update->ip6mhbu_flags);
        message->lifetime_seconds = ntohs(update->ip6mhbu_lifetime) * 4u;
        break;
    }
    case IP6MH_TYPE_BACK: {
        const struct ip6mh_binding_ack *ack = (const void *)bytes;
        message->status = ack->ip6mhba_status;
        message->flags = ack->ip6mhba_flags;
        message->sequence = ntohs(ack->ip6mhba_seqno);
        message->lifetime_seconds = ntohs(ack->ip6mhba_lifetime) * 4u;
        break;
    }
    case IP6MH_TYPE_BERROR:
        message->status = ((const struct ip6mh_binding_error *)bytes)->ip6mhbe_status;
        message->home_address = bytes + 8;
        break;
    }
    return parse_options(bytes + fixed_size[message->type], bytes + (header->ip6mh_hdrlen + 1) * 8, message);
}

static size_t pad(uint8_t *out, size_t at, size_t length)
{
    memset(out + at, 0, length);
    if (length > 1) {
        out[at] = 1;
        out[at + 1] = (uint8_t)(length - 2);
    }
    return at + length;
}

static void put16(uint8_t *out, unsigned value)
{
    out[0] = (uint8_t)(value >> 8);
    out[1] = (uint8_t)value;
}

static size_t build(const struct message *message, uint8_t *out)
{
    size_t at = fixed_size[message->type];
    memset(out, 0, at);
    switch (message->type) {
    case IP6MH_TYPE_HOT:
    case IP6MH_TYPE_COT:
        put16(out + 6, message->nonce_index);
        memcpy(out + 16, message->keygen_token, 8);
        /* fall through */
    case IP6MH_TYPE_HOTI:
    case IP6MH_TYPE_COTI:
        memcpy(out + 8, message->cookie, 8);
        break;
    case IP6MH_TYPE_BU:
        put16(out + 6, message->sequence);
        put16(out + 8, message->flags);
        put16(out + 10, message->lifetime_seconds / 4);
        break;
    case IP6MH_TYPE_BACK:
        out[6] = message->status;
        out[7] = (uint8_t)message->flags;
        put16(out + 8, message->sequence);
        put16(out + 10, message->lifetime_seconds / 4);
        break;
    case IP6MH_TYPE_BERROR:
        out[6] = message->status;
        memcpy(out + 8, message->home_address, 16);
        break;
    }
    if (message->refresh_seconds) {
        at = pad(out, at, at & 1);
        out[at] = IP6MHOPT_BREFRESH, out[at + 1] = 2, put16(out + at + 2, message->refresh_seconds / 4);
        at += 4;
    }
    if (message->careof_address) {
        at = pad(out, at, (6 - at) & 7);
        out[at] = IP6MHOPT_ALTCOA, out[at + 1] = 16, memcpy(out + at + 2, message->careof_address, 16);
        at += 18;
    }
    if (message->home_nonce) {
        at = pad(out, at, at & 1);
        out[at] = IP6MHOPT_NONCEID, out[at + 1] = 4;
        put16(out + at + 2, message->home_nonce);
        put16(out + at + 4, message->careof_nonce);
        at += 6;
    }
    if (message->authenticator) {
        at = pad(out, at, (2 - at) & 7);
        out[at] = IP6MHOPT_BAUTH, out[at + 1] = message->authenticator_length;
        memcpy(out + at + 2, message->authenticator, message->authenticator_length);
        at += 2 + message->authenticator_length;
    }
    at = pad(out, at, -at & 7);
    out[0] = IPPROTO_NONE;
    out[1] = (uint8_t)(at / 8 - 1);
    out[2] = message->type;
    return at;
}

static void read_corpus(const char *path)
{
    static uint8_t file[1 << 16];
    FILE *stream = fopen(path, "rb");
    must(stream != NULL, path);
    size_t size = fread(file, 1, sizeof file, stream);
    fclose(stream);
    for (size_t at = 0; at < size && message_count < MESSAGES; message_count++) {
        lengths[message_count] = (size_t)file[at] << 8 | file[at + 1];
        uint8_t *copy = malloc(lengths[message_count]);
        must(copy != NULL, "malloc");
        messages[message_count] = memcpy(copy, file + at + 2, lengths[message_count]);
        at += 2 + lengths[message_count];
    }
}

/** What is built must be what was parsed, but for the checksum. */
static void check(void)
{
    for (int i = 0; i < message_count; i++) {
        uint8_t out[2048];
        must(parse(messages[i], lengths[i], &parsed[i]), "a message of the corpus");
        must(build(&parsed[i], out) == lengths[i], "the length of what is built");
        memcpy(out + 4, messages[i] + 4, 2);
        must(memcmp(out, messages[i], lengths[i]) == 0, "what is built");
    }
}

static uint64_t nanoseconds(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

int main(int count, char **words)
{
    char line[256], name[32];
    static volatile uint64_t seen;
    if (count != 2) return 2;
    read_corpus(words[1]);
    check();
    while (fgets(line, sizeof line, stdin)) {
        int times;
        if (sscanf(line, "%31s %d", name, &times) != 2) return 2;
        bool builds = strcmp(name, "build") == 0;
        uint64_t wall = nanoseconds(CLOCK_MONOTONIC), cpu = nanoseconds(CLOCK_PROCESS_CPUTIME_ID);
        for (int i = 0, index = 0; i < times; i++) {
            struct message message;
            uint8_t out[2048];
            if (builds) {
                seen += build(&parsed[index], out) + out[2];
            } else {
                must(parse(messages[index], lengths[index], &message), "a message of the corpus");
                /* All of it counts, or the compiler would leave out what nobody reads. */
                __asm__ volatile("" : : "r"(&message) : "memory");
                seen += message.checksum;
            }
            if (++index == message_count) index = 0;
        }
        wall = nanoseconds(CLOCK_MONOTONIC) - wall;
        cpu = nanoseconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
        printf("%llu %llu\n", (unsigned long long)wall, (unsigned long long)cpu);
        fflush(stdout);
    }
    return 0;
}
