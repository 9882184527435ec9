/*
 * addr.c: IPv4 and IPv6 addresses and networks as text. Written here and not left to inet_pton():
 * foreign text is not NUL-terminated, leading zeros mean octal to some programs and decimal to
 * others (so they are refused), and the output must be RFC 5952 on every machine.
 */
#include "base/base.h"
#include "intel/parse.h"

#define NO_GAP SIZE_MAX

enum ent_err ent_ipv4_parse(uint8_t ret4[static 4], const char **why, struct ent_slice s)
{
    uint8_t a[4];
    size_t i = 0;
    for (unsigned part = 0; part < 4; part++) {
        if (part > 0 && (i >= s.n || s.p[i++] != '.'))
            return ent_no(why, "an IPv4 address has four numbers");
        size_t start = i;
        unsigned v = 0;
        while (i < s.n && i - start < 4 && ent_is_digit(s.p[i]))
            v = v * 10 + (unsigned)(s.p[i++] - '0');
        if (i == start)
            return ent_no(why, "an IPv4 address has four numbers");
        if (i - start > 1 && s.p[start] == '0')
            return ent_no(why, "leading zeros in an IPv4 address (octal or decimal?)");
        if (v > 255)
            return ent_no(why, "a number above 255 in an IPv4 address");
        a[part] = (uint8_t)v;
    }
    if (i != s.n)
        return ent_no(why, "more than an IPv4 address");
    memcpy(ret4, a, 4);
    return ENT_OK;
}

static unsigned hex_value(uint8_t c)
{
    return ent_is_digit(c) ? (unsigned)(c - '0') : (unsigned)((c | 0x20) - 'a' + 10);
}

/* One group of RFC 4291 section 2.2, or the dotted tail; *i is behind it afterwards. */
static enum ent_err group(uint8_t a[16], size_t *n, size_t *i, const char **why, struct ent_slice s)
{
    size_t start = *i, at = start;
    unsigned v = 0;
    while (at < s.n && at - start < 5 && ent_is_hex(s.p[at]))
        v = v << 4 | hex_value(s.p[at++]);
    if (at < s.n && s.p[at] == '.') {
        if (*n > 12)
            return ent_no(why, "too long an IPv6 address");
        enum ent_err r = ent_ipv4_parse(a + *n, why, ent_slice_from(s, start));
        if (r != ENT_OK)
            return r;
        *n += 4;
        *i = s.n;
        return ENT_OK;
    }
    if (at < s.n && s.p[at] == '%')
        return ent_no(why, "an IPv6 zone means nothing on another machine");
    if (at == start || at - start > 4 || *n == 16)
        return ent_no(why, "not an IPv6 address");
    a[(*n)++] = (uint8_t)(v >> 8);
    a[(*n)++] = (uint8_t)v;
    *i = at;
    return ENT_OK;
}

enum ent_err ent_ipv6_parse(uint8_t ret16[static 16], const char **why, struct ent_slice s)
{
    uint8_t a[16] = {0};
    size_t n = 0, i = 0, gap = NO_GAP;
    enum ent_err r;
    if (s.n >= 2 && s.p[0] == ':' && s.p[1] == ':') {
        gap = 0;
        i = 2;
    }
    while (i < s.n) {
        if ((r = group(a, &n, &i, why, s)) != ENT_OK)
            return r;
        if (i == s.n)
            break;
        if (s.p[i] != ':' || ++i == s.n)
            return ent_no(why, "not an IPv6 address");
        if (s.p[i] == ':') {
            if (gap != NO_GAP)
                return ent_no(why, "\"::\" twice in an IPv6 address");
            gap = n;
            i++;
        }
    }
    /* "::" stands for at least one group. */
    if (gap == NO_GAP ? n != 16 : n > 14)
        return ent_no(why, "an IPv6 address has eight groups");
    if (gap != NO_GAP) {
        memmove(a + gap + 16 - n, a + gap, n - gap);
        memset(a + gap, 0, 16 - n);
    }
    memcpy(ret16, a, 16);
    return ENT_OK;
}

static bool is_mapped(const struct ent_net *net)
{
    static const uint8_t prefix[12] = {[10] = 0xFF, [11] = 0xFF};
    return net->v6 && net->bits >= 96 && memcmp(net->b, prefix, 12) == 0;
}

static void clear_host_bits(struct ent_net *net)
{
    for (unsigned i = net->bits; i < 128; i++)
        net->b[i / 8] &= (uint8_t) ~(0x80u >> (i % 8));
}

enum ent_err ent_net_parse(struct ent_net *ret, const char **why, struct ent_slice s)
{
    struct ent_net net = {.v6 = s.n > 0 && memchr(s.p, ':', s.n) != NULL};
    const uint8_t *slash = s.n == 0 ? NULL : memchr(s.p, '/', s.n);
    size_t n = slash == NULL ? s.n : (size_t)(slash - s.p);
    uint64_t full = net.v6 ? 128 : 32, bits = full;
    enum ent_err r = net.v6 ? ent_ipv6_parse(net.b, why, ent_slice(s.p, n))
                            : ent_ipv4_parse(net.b, why, ent_slice(s.p, n));
    if (r != ENT_OK)
        return r;
    if (slash != NULL && ent_parse_u64(&bits, ent_slice_from(s, n + 1), full) != ENT_OK)
        return ent_no(why, "the length of the network's prefix is wrong");
    net.bits = (uint8_t)bits;
    if (is_mapped(&net)) {
        memmove(net.b, net.b + 12, 4);
        net.v6 = false;
        net.bits = (uint8_t)(net.bits - 96);
    }
    clear_host_bits(&net);
    *ret = net;
    return ENT_OK;
}

enum ent_err ent_port_parse(uint16_t *ret, const char **why, struct ent_slice s)
{
    uint64_t v;
    if (ent_parse_u64(&v, s, 65535) != ENT_OK || v == 0)
        return ent_no(why, "a port is a number from 1 to 65535");
    *ret = (uint16_t)v;
    return ENT_OK;
}

static size_t put_dec(char *ret, unsigned v)
{
    char digit[3];
    size_t n = 0;
    do {
        digit[n++] = (char)('0' + v % 10);
        v /= 10;
    } while (v != 0);
    for (size_t i = 0; i < n; i++)
        ret[i] = digit[n - 1 - i];
    return n;
}

static size_t put_ipv4(char *ret, const uint8_t *b)
{
    size_t n = 0;
    for (unsigned i = 0; i < 4; i++) {
        if (i > 0)
            ret[n++] = '.';
        n += put_dec(ret + n, b[i]);
    }
    return n;
}

/* The longest run of two or more zero groups, the first of equals (RFC 5952 section 4.2). */
static void longest_zeros(const uint8_t *b, unsigned *ret_from, unsigned *ret_n)
{
    *ret_from = 8;
    *ret_n = 1;
    for (unsigned i = 0; i < 8; i++) {
        unsigned n = 0;
        while (i + n < 8 && b[2 * (i + n)] == 0 && b[2 * (i + n) + 1] == 0)
            n++;
        if (n > *ret_n) {
            *ret_from = i;
            *ret_n = n;
        }
    }
}

static size_t put_ipv6(char *ret, const uint8_t *b)
{
    static const char digit[] = "0123456789abcdef";
    unsigned from, zeros;
    size_t n = 0;
    longest_zeros(b, &from, &zeros);
    for (unsigned i = 0; i < 8; i++) {
        if (i == from) {
            ret[n++] = ':';
            ret[n++] = ':';
            i += zeros - 1;
            continue;
        }
        if (i > 0 && i != from + zeros)
            ret[n++] = ':';
        unsigned v = (unsigned)b[2 * i] << 8 | b[2 * i + 1];
        for (int shift = v > 0xFFF ? 12 : v > 0xFF ? 8 : v > 0xF ? 4 : 0; shift >= 0; shift -= 4)
            ret[n++] = digit[v >> shift & 15];
    }
    return n;
}

size_t ent_net_text(char ret[static ENT_NET_TEXT], const struct ent_net *net)
{
    size_t n = net->v6 ? put_ipv6(ret, net->b) : put_ipv4(ret, net->b);
    if (net->bits != (net->v6 ? 128 : 32)) {
        ret[n++] = '/';
        n += put_dec(ret + n, net->bits);
    }
    ret[n] = '\0';
    return n;
}
