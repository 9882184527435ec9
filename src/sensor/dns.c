/*
 * dns.c: a DNS message (RFC 1035) as text: the question, and of every record its owner and what it
 * says, so that names and addresses are found there. Compression pointers only lead backwards, each
 * further than the one before, so that none can loop.
 */
#include "sensor/packet.h"

#include <arpa/inet.h>

#define NAME_MAX_OCTETS 255u

enum {
    DNS_A = 1,
    DNS_NS = 2,
    DNS_CNAME = 5,
    DNS_SOA = 6,
    DNS_PTR = 12,
    DNS_MX = 15,
    DNS_TXT = 16,
    DNS_AAAA = 28,
    DNS_SRV = 33,
    DNS_DNAME = 39,
    DNS_OPT = 41,
    DNS_SVCB = 64,
    DNS_HTTPS = 65,
    DNS_CAA = 257
};

/* table */
static const struct {
    uint16_t type;
    const char *name;
} types[] = {
    {DNS_A, "A"},     {DNS_NS, "NS"},       {DNS_CNAME, "CNAME"}, {DNS_SOA, "SOA"},
    {DNS_PTR, "PTR"}, {DNS_MX, "MX"},       {DNS_TXT, "TXT"},     {DNS_AAAA, "AAAA"},
    {DNS_SRV, "SRV"}, {DNS_DNAME, "DNAME"}, {DNS_SVCB, "SVCB"},   {DNS_HTTPS, "HTTPS"},
    {DNS_CAA, "CAA"},
};

static void put_type(struct ent_decoder *dec, uint16_t type)
{
    ent_packet_put(dec, " ");
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (types[i].type == type) {
            ent_packet_put(dec, types[i].name);
            return;
        }
    }
    ent_packet_put(dec, "TYPE");
    ent_packet_number(dec, type);
}

/* The name at *at, which moves behind it; written when show. False when it is damaged. */
static bool name(struct ent_decoder *dec, struct ent_slice m, size_t *at, bool show)
{
    size_t p = *at, lowest = *at, octets = 0;
    bool jumped = false;
    if (show)
        ent_packet_put(dec, " ");
    for (;;) {
        if (p >= m.n)
            return false;
        uint8_t n = m.p[p];
        if (n >= 0xc0) {
            if (p + 2 > m.n)
                return false;
            if (!jumped)
                *at = p + 2;
            jumped = true;
            p = (size_t)(n & 0x3f) << 8 | m.p[p + 1];
            if (p >= lowest)
                return false;
            lowest = p;
            continue;
        }
        octets += n + 1u;
        if (n > 63 || octets > NAME_MAX_OCTETS || p + 1 + n > m.n)
            return false;
        p++;
        if (n == 0)
            break;
        if (show) {
            ent_packet_put(dec, octets == n + 1u ? "" : ".");
            ent_packet_name(dec, ent_slice(m.p + p, n));
        }
        p += n;
    }
    if (show && octets == 1)
        ent_packet_put(dec, ".");
    if (!jumped)
        *at = p;
    return true;
}

static void put_ip(struct ent_decoder *dec, int family, const uint8_t *addr)
{
    char text[INET6_ADDRSTRLEN];
    ent_packet_put(dec, " ");
    if (inet_ntop(family, addr, text, sizeof(text)) != NULL)
        ent_packet_put(dec, text);
}

/* Character strings, each with its length in front. */
static void put_strings(struct ent_decoder *dec, struct ent_cur c)
{
    uint8_t n;
    struct ent_slice s;
    while (ent_cur_u8(&c, &n) == ENT_OK && ent_cur_take(&c, &s, n) == ENT_OK) {
        ent_packet_put(dec, " \"");
        ent_packet_url(dec, s);
        ent_packet_put(dec, "\"");
    }
}

/* RFC 9460: parameters, of which the hints are addresses. */
static void put_hints(struct ent_decoder *dec, struct ent_cur c)
{
    const uint8_t *h;
    struct ent_slice v;
    while ((h = ent_cur_next(&c, 4)) != NULL && ent_cur_take(&c, &v, ent_be16(h + 2)) == ENT_OK) {
        size_t step = ent_be16(h) == 4 ? 4 : 16;
        if (ent_be16(h) != 4 && ent_be16(h) != 6)
            continue;
        for (size_t i = 0; i + step <= v.n; i += step)
            put_ip(dec, step == 4 ? AF_INET : AF_INET6, v.p + i);
    }
}

/* What a record of m says, from at to end. */
static bool data(struct ent_decoder *dec, struct ent_slice m, uint16_t type, size_t at, size_t end)
{
    size_t n = end - at;
    bool good = true;
    struct ent_slice whole = {m.p, end}; /* a name in it ends with it */
    switch (type) {
    case DNS_A:
        if (n == 4)
            put_ip(dec, AF_INET, m.p + at);
        break;
    case DNS_AAAA:
        if (n == 16)
            put_ip(dec, AF_INET6, m.p + at);
        break;
    case DNS_NS:
    case DNS_CNAME:
    case DNS_PTR:
    case DNS_DNAME:
        good = name(dec, whole, &at, true);
        break;
    case DNS_SOA: /* the server and, as a name, the e-mail address of who runs it */
        good = name(dec, whole, &at, true);
        good = good && name(dec, whole, &at, true);
        break;
    case DNS_MX:
    case DNS_SVCB:
    case DNS_HTTPS:
        at += 2;
        good = name(dec, whole, &at, true);
        if (good && type != DNS_MX)
            put_hints(dec, (struct ent_cur){m.p + at, end - at});
        break;
    case DNS_SRV:
        at += 6;
        good = name(dec, whole, &at, true);
        break;
    case DNS_TXT:
        put_strings(dec, (struct ent_cur){m.p + at, n});
        break;
    case DNS_CAA:
        if (n >= 2 && n >= 2u + m.p[at + 1]) {
            ent_packet_put(dec, " ");
            ent_packet_url(dec, ent_slice(m.p + at + 2 + m.p[at + 1], n - 2 - m.p[at + 1]));
        }
        break;
    default:
        break;
    }
    return good;
}

static bool record(struct ent_decoder *dec, struct ent_slice m, size_t *at)
{
    size_t owner = *at;
    if (!name(dec, m, at, false) || m.n - *at < 10)
        return false;
    const uint8_t *h = m.p + *at;
    uint16_t type = ent_be16(h);
    size_t n = ent_be16(h + 8);
    *at += 10;
    if (n > m.n - *at)
        return false;
    size_t from = *at;
    *at += n;
    if (type == DNS_OPT)
        return true;
    ent_packet_put(dec, ",");
    (void)name(dec, m, &owner, true); /* it was read before */
    put_type(dec, type);
    return data(dec, m, type, from, *at);
}

void ent_packet_dns(struct ent_decoder *dec, struct ent_slice m)
{
    if (m.n < 12) {
        ent_packet_put(dec, " dns damaged");
        return;
    }
    bool good = true;
    size_t at = 12, questions = ent_be16(m.p + 4);
    size_t records = (size_t)ent_be16(m.p + 6) + ent_be16(m.p + 8) + ent_be16(m.p + 10);
    ent_packet_put(dec, (m.p[2] & 0x80) != 0 ? " dns answer" : " dns query");
    for (size_t i = 0; good && i < questions; i++) {
        ent_packet_put(dec, i == 0 ? "" : ",");
        good = name(dec, m, &at, true) && m.n - at >= 4;
        if (good)
            put_type(dec, ent_be16(m.p + at));
        at += 4;
    }
    for (size_t i = 0; good && i < records; i++)
        good = record(dec, m, &at);
    if (!good)
        ent_packet_put(dec, " damaged");
}
