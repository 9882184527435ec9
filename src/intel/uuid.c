/* uuid.c: UUIDs made from names, and the SHA-1 (FIPS 180-4) that they are made with. */
#include "base/base.h"
#include "intel/uuid.h"

#define NAME_MOST 8192u

static uint32_t rotl(uint32_t v, unsigned n)
{
    return v << n | v >> (32 - n);
}

static uint32_t get_be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void put_be32(uint8_t *p, uint32_t v)
{
    for (unsigned i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> (24 - 8 * i));
}

static void block(uint32_t h[static 5], const uint8_t *p)
{
    uint32_t w[80], a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];
    for (unsigned t = 0; t < 16; t++)
        w[t] = get_be32(p + (size_t)4 * t);
    for (unsigned t = 16; t < 80; t++)
        w[t] = rotl(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
    for (unsigned t = 0; t < 80; t++) {
        uint32_t f = t < 20   ? ((b & c) | (~b & d)) + 0x5A827999
                     : t < 40 ? (b ^ c ^ d) + 0x6ED9EBA1
                     : t < 60 ? ((b & c) | (b & d) | (c & d)) + 0x8F1BBCDC
                              : (b ^ c ^ d) + 0xCA62C1D6;
        uint32_t next = rotl(a, 5) + f + e + w[t];
        e = d;
        d = c;
        c = rotl(b, 30);
        b = a;
        a = next;
    }
    h[0] += a;
    h[1] += b;
    h[2] += c;
    h[3] += d;
    h[4] += e;
}

/* p has room for 72 octets behind n. */
static void sha1(uint8_t ret[static 20], uint8_t *p, size_t n)
{
    uint32_t h[5] = {0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0};
    size_t whole = (n + 8) / 64 * 64 + 64;
    memset(p + n, 0, whole - n);
    p[n] = 0x80;
    put_be32(p + whole - 4, (uint32_t)(n * 8));
    for (size_t at = 0; at < whole; at += 64)
        block(h, p + at);
    for (unsigned i = 0; i < 5; i++)
        put_be32(ret + (size_t)4 * i, h[i]);
}

enum ent_err ent_uuid_of(struct ent_uuid16 *ret, const struct ent_uuid16 *space,
                         const struct ent_slice *parts, size_t n)
{
    uint8_t name[NAME_MOST + 128], hash[20];
    size_t at = sizeof(space->b);
    memcpy(name, space->b, at);
    for (size_t i = 0; i < n; i++) {
        if (parts[i].n + 1 > NAME_MOST - at)
            return ENT_E_LIMIT;
        if (parts[i].n > 0)
            memcpy(name + at, parts[i].p, parts[i].n);
        at += parts[i].n;
        if (i + 1 < n)
            name[at++] = 0;
    }
    sha1(hash, name, at);
    memcpy(ret->b, hash, sizeof(ret->b));
    ret->b[6] = (uint8_t)((ret->b[6] & 0x0F) | 0x50);
    ret->b[8] = (uint8_t)((ret->b[8] & 0x3F) | 0x80);
    return ENT_OK;
}

void ent_uuid_text(char ret[static ENT_UUID_TEXT], const struct ent_uuid16 *u)
{
    static const uint8_t size[] = {4, 2, 2, 2, 6};
    const uint8_t *p = u->b;
    for (size_t i = 0; i < sizeof(size); i++) {
        ent_hex_encode(ret, p, size[i]);
        p += size[i];
        ret += (size_t)2 * size[i];
        if (i + 1 < sizeof(size))
            *ret++ = '-';
    }
}
