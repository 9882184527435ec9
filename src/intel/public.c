/*
 * public.c: what belongs to the public Internet. Only such observables may go into matches: private
 * addresses and internal names say something about their owner and nothing about an attacker, and
 * they would coincide between members by accident.
 *
 * Addresses: the IANA IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890), column "Globally
 * Reachable", plus multicast. Names: the ICANN section of the public suffix list that libpsl
 * carries, minus the names that RFC 2606, 6761, 6762, 7686, 8375 and 9476 set aside.
 */
#include "base/base.h"
#include "intel/intel.h"
#include "intel/parse.h"

#include <libpsl.h>

struct block {
    uint8_t b[16];
    uint8_t bits;
    bool global;
};

/* table */
static const struct block v4[] = {
    {{0}, 8, false},             /* "this network", RFC 791 */
    {{10}, 8, false},            /* RFC 1918 */
    {{100, 64}, 10, false},      /* shared address space, RFC 6598 */
    {{127}, 8, false},           /* loopback */
    {{169, 254}, 16, false},     /* link local, RFC 3927 */
    {{172, 16}, 12, false},      /* RFC 1918 */
    {{192, 0, 0}, 24, false},    /* IETF protocol assignments, RFC 6890 */
    {{192, 0, 0, 9}, 32, true},  /* port control protocol anycast, RFC 7723 */
    {{192, 0, 0, 10}, 32, true}, /* TURN anycast, RFC 8155 */
    {{192, 0, 2}, 24, false},    /* documentation, RFC 5737 */
    {{192, 88, 99}, 24, false},  /* 6to4 relay anycast, withdrawn by RFC 7526 */
    {{192, 168}, 16, false},     /* RFC 1918 */
    {{198, 18}, 15, false},      /* benchmarking, RFC 2544 */
    {{198, 51, 100}, 24, false}, /* documentation, RFC 5737 */
    {{203, 0, 113}, 24, false},  /* documentation, RFC 5737 */
    {{224}, 4, false},           /* multicast */
    {{240}, 4, false},           /* reserved, RFC 1112; limited broadcast */
};

/* table. Everything outside 2000::/3 is handled before. */
static const struct block v6[] = {
    {{0x20, 0x01}, 23, false},                  /* IETF, RFC 2928 */
    {{0x20, 0x01, 0, 1, [15] = 1}, 128, true},  /* PCP anycast */
    {{0x20, 0x01, 0, 1, [15] = 2}, 128, true},  /* TURN anycast */
    {{0x20, 0x01, 0, 1, [15] = 3}, 128, true},  /* DNS-SD, RFC 9665 */
    {{0x20, 0x01, 0, 3}, 32, true},             /* AMT, RFC 7450 */
    {{0x20, 0x01, 0, 4, 0x01, 0x12}, 48, true}, /* AS112, RFC 7535 */
    {{0x20, 0x01, 0, 0x20}, 28, true},          /* ORCHIDv2, RFC 7343 */
    {{0x20, 0x01, 0, 0x30}, 28, true},          /* DRIP, RFC 9374 */
    {{0x20, 0x01, 0x0D, 0xB8}, 32, false},      /* documentation */
    {{0x20, 0x02}, 16, false},                  /* 6to4, RFC 3056 */
    {{0x3F, 0xFF}, 20, false},                  /* documentation, RFC 9637 */
};

static bool same_prefix(const uint8_t *a, const uint8_t *b, unsigned bits)
{
    unsigned bytes = bits / 8, left = bits % 8;
    if (memcmp(a, b, bytes) != 0)
        return false;
    return left == 0 || ((a[bytes] ^ b[bytes]) >> (8 - left)) == 0;
}

/* The smallest block around the network decides, and no block inside it may be special. */
static bool is_global(const struct ent_net *net, const struct block *blocks, size_t n)
{
    bool global = true;
    unsigned smallest = 0;
    for (size_t i = 0; i < n; i++) {
        const struct block *k = &blocks[i];
        if (k->bits > net->bits) {
            if (!k->global && same_prefix(k->b, net->b, net->bits))
                return false;
        } else if (k->bits >= smallest && same_prefix(k->b, net->b, k->bits)) {
            global = k->global;
            smallest = k->bits;
        }
    }
    return global;
}

static bool net_is_public(const struct ent_net *net)
{
    static const uint8_t nat64[12] = {0x00, 0x64, 0xFF, 0x9B};
    static const uint8_t unicast[1] = {0x20};
    if (!net->v6)
        return is_global(net, v4, sizeof(v4) / sizeof(v4[0]));
    if (net->bits >= 96 && same_prefix(net->b, nat64, 96)) { /* RFC 6052: an IPv4 address inside */
        struct ent_net inner = {.bits = (uint8_t)(net->bits - 96)};
        memcpy(inner.b, net->b + 12, 4);
        return net_is_public(&inner);
    }
    return net->bits >= 3 && same_prefix(net->b, unicast, 3) &&
           is_global(net, v6, sizeof(v6) / sizeof(v6[0]));
}

static bool text_is_public(struct ent_slice s)
{
    struct ent_net net;
    const char *why;
    return ent_net_parse(&net, &why, s) == ENT_OK && net_is_public(&net);
}

/* Whether name is one of these or below one of these. */
static bool is_reserved(struct ent_slice name)
{
    static const char *const reserved[] = {
        "test", "example", "invalid",   "localhost",   "local",       "onion",       "internal",
        "alt",  "arpa",    "home.arpa", "example.com", "example.net", "example.org",
    };
    for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++) {
        struct ent_slice r = ent_slice_str(reserved[i]);
        if (name.n >= r.n && memcmp(name.p + name.n - r.n, r.p, r.n) == 0 &&
            (name.n == r.n || name.p[name.n - r.n - 1] == '.'))
            return true;
    }
    return false;
}

/* name ends with a NUL: it is canonical text or a copy of it. */
static bool name_is_public(const char *name, size_t n)
{
    /* Built into the library and constant: nothing to load, nothing to lock. Without a built-in
     * list no name is public, which keeps names at home. */
    const psl_ctx_t *psl = psl_builtin();
    const char *dot = memrchr(name, '.', n);
    if (psl == NULL || dot == NULL || is_reserved(ent_slice(name, n)))
        return false;
    return psl_is_public_suffix2(psl, dot + 1, PSL_TYPE_ICANN | PSL_TYPE_NO_STAR_RULE) != 0 &&
           psl_is_public_suffix2(psl, name, PSL_TYPE_ANY | PSL_TYPE_NO_STAR_RULE) == 0;
}

static bool host_is_public(struct ent_slice host)
{
    char name[ENT_NAME_MAX + 1];
    if (host.n > 2 && host.p[0] == '[')
        return text_is_public(ent_slice(host.p + 1, host.n - 2));
    if (host.n == 0 || host.n > ENT_NAME_MAX)
        return false;
    /* No name ends in a number (name.c), so that this asks whether it is an address. */
    if (ent_is_digit(host.p[host.n - 1]) && text_is_public(host))
        return true;
    memcpy(name, host.p, host.n);
    name[host.n] = '\0';
    return name_is_public(name, host.n);
}

bool ent_observable_is_public(const struct ent_observable *o)
{
    struct ent_slice s = ent_slice(o->text, o->n);
    struct ent_url_parts u;
    const char *why;
    const char *at;
    switch (o->type) {
    case ENT_OBS_IPV4:
    case ENT_OBS_IPV6:
    case ENT_OBS_NET4:
    case ENT_OBS_NET6:
        return text_is_public(s);
    case ENT_OBS_ENDPOINT:
        at = memrchr(o->text, ':', o->n);
        return at != NULL && host_is_public(ent_slice(o->text, (size_t)(at - o->text)));
    case ENT_OBS_DOMAIN:
        return name_is_public(o->text, o->n);
    case ENT_OBS_URL:
    case ENT_OBS_URLPREFIX:
        return ent_url_split(&u, &why, s) == ENT_OK && host_is_public(u.host);
    case ENT_OBS_EMAIL:
        at = memrchr(o->text, '@', o->n);
        return at != NULL && name_is_public(at + 1, o->n - (size_t)(at + 1 - o->text));
    case ENT_OBS_MD5:
    case ENT_OBS_SHA1:
    case ENT_OBS_SHA256:
    case ENT_OBS_SHA512:
        return true;
    }
    return false;
}

bool ent_observable_is_suffix(const struct ent_observable *o)
{
    const psl_ctx_t *psl = psl_builtin();
    return o->type == ENT_OBS_DOMAIN && psl != NULL &&
           psl_is_public_suffix2(psl, o->text, PSL_TYPE_ANY | PSL_TYPE_NO_STAR_RULE) != 0;
}
