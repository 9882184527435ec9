/* hello.c: the name that a TLS client asks for (RFC 8446, 4.1.2; RFC 6066, 3). */
#include "sensor/packet.h"

#define RECORD_HEAD 5u

/* The handshake bytes of the records that are there. -1: this is no TLS. */
static ptrdiff_t handshake(uint8_t *ret, size_t cap, size_t *ret_used, struct ent_slice s)
{
    static const uint8_t begin[3] = {22, 3}; /* a handshake record of version 3.x */
    size_t n = 0, at = 0;
    if (memcmp(s.p, begin, s.n < 2 ? s.n : 2) != 0 || (s.n > 2 && s.p[2] > 4) ||
        (s.n > RECORD_HEAD && s.p[RECORD_HEAD] != 1)) /* and not a client's */
        return -1;
    while (s.n - at >= RECORD_HEAD && s.p[at] == 22) {
        size_t have = s.n - at - RECORD_HEAD, len = ent_be16(s.p + at + 3);
        have = have < len ? have : len;
        have = have < cap - n ? have : cap - n;
        memcpy(ret + n, s.p + at + RECORD_HEAD, have);
        n += have;
        at += RECORD_HEAD + have;
        if (have < len || len == 0)
            break;
    }
    *ret_used = at;
    return (ptrdiff_t)n;
}

static void put_sni(struct ent_decoder *dec, struct ent_cur c)
{
    const uint8_t *h = ent_cur_next(&c, 5);
    struct ent_slice host;
    if (h == NULL || h[2] != 0 || ent_cur_take(&c, &host, ent_be16(h + 3)) != ENT_OK)
        return;
    ent_packet_put(dec, " sni ");
    for (size_t i = 0, from = 0; i <= host.n; i++) { /* a name with dots, not labels */
        if (i < host.n && host.p[i] != '.')
            continue;
        ent_packet_put(dec, from == 0 ? "" : ".");
        ent_packet_name(dec, ent_slice(host.p + from, i - from));
        from = i + 1;
    }
}

/* A list with its length in front, of len_n bytes. */
static bool skip(struct ent_cur *c, size_t len_n)
{
    const uint8_t *h = ent_cur_next(c, len_n);
    return h != NULL && ent_cur_next(c, len_n == 1 ? h[0] : ent_be16(h)) != NULL;
}

static void extensions(struct ent_decoder *dec, struct ent_cur c)
{
    const uint8_t *h;
    struct ent_slice body;
    if (ent_cur_next(&c, 2 + 32) == NULL || !skip(&c, 1) || !skip(&c, 2) || !skip(&c, 1) ||
        ent_cur_next(&c, 2) == NULL)
        return;
    while ((h = ent_cur_next(&c, 4)) != NULL) {
        size_t n = ent_be16(h + 2);
        if (ent_cur_take(&c, &body, n < c.n ? n : c.n) == ENT_OK && ent_be16(h) == 0) {
            put_sni(dec, ent_cur(body));
            return;
        }
    }
}

ptrdiff_t ent_packet_hello(struct ent_decoder *dec, struct ent_slice stream, bool full)
{
    uint8_t bytes[ENT_FLOW_HEAD];
    size_t used = 0;
    ptrdiff_t n = handshake(bytes, sizeof(bytes), &used, stream);
    if (n < 0)
        return -1;
    size_t len = n < 4 ? SIZE_MAX : (size_t)bytes[1] << 16 | ent_be16(bytes + 2);
    if ((n < 4 || (size_t)n - 4 < len) && !full)
        return 0;
    ent_packet_put(dec, " tls");
    if (n >= 4) /* of one that is too long, as much as there is */
        extensions(dec, (struct ent_cur){bytes + 4, (size_t)n - 4 < len ? (size_t)n - 4 : len});
    return (ptrdiff_t)(used > 0 ? used : stream.n);
}
