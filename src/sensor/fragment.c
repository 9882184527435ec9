/*
 * fragment.c: datagrams that came in pieces. A bounded number of them, the oldest goes first.
 * Pieces that overlap refuse the datagram (RFC 5722): systems disagree on which one counts, and
 * that is what attackers use them for.
 */
#include "sensor/packet.h"

#define DATAGRAM 65536u
#define UNIT     8u

struct datagram {
    bool used;
    struct ent_pair pair;
    uint32_t id;
    uint8_t protocol;
    uint64_t since;
    size_t total, got, end; /* bytes; total 0: the last piece has not come */
    bool refused;
    uint8_t units[DATAGRAM / UNIT / 8]; /* which have come */
    uint8_t bytes[DATAGRAM];
};

struct ent_fragments {
    uint64_t clock;
    struct datagram *d[ENT_FRAGMENTS]; /* allocated when first needed */
};

enum ent_err ent_fragments_new(struct ent_fragments **ret)
{
    *ret = calloc(1, sizeof(**ret));
    return *ret == NULL ? ENT_E_NOMEM : ENT_OK;
}

void ent_fragments_free(struct ent_fragments *f)
{
    for (size_t i = 0; f != NULL && i < ENT_FRAGMENTS; i++)
        free(f->d[i]);
    free(f);
}

/* The one this piece belongs to, a new one in place of none or of the oldest, or NULL when memory
 * is short. */
static struct datagram *find(struct ent_fragments *f, const struct ent_fragment *piece)
{
    size_t oldest = 0;
    for (size_t i = 0; i < ENT_FRAGMENTS; i++) {
        struct datagram *d = f->d[i];
        if (d != NULL && d->used && d->id == piece->id && d->protocol == piece->protocol &&
            memcmp(&d->pair, piece->pair, sizeof(d->pair)) == 0)
            return d;
        uint64_t age = d == NULL || !d->used ? 0 : d->since;
        struct datagram *o = f->d[oldest];
        if (o != NULL && o->used && age < o->since)
            oldest = i;
    }
    if (f->d[oldest] == NULL && (f->d[oldest] = calloc(1, sizeof(struct datagram))) == NULL)
        return NULL;
    struct datagram *d = f->d[oldest];
    d->used = true;
    d->pair = *piece->pair;
    d->id = piece->id;
    d->protocol = piece->protocol;
    d->since = ++f->clock;
    d->total = d->got = d->end = 0;
    d->refused = false;
    memset(d->units, 0, sizeof(d->units));
    return d;
}

/* Whether all of these units were free; they are taken now. */
static bool take(struct datagram *d, size_t from, size_t to)
{
    bool was_free = true;
    for (size_t u = from; u < to; u++) {
        was_free = was_free && (d->units[u / 8] >> u % 8 & 1) == 0;
        d->units[u / 8] = (uint8_t)(d->units[u / 8] | 1u << u % 8);
    }
    return was_free;
}

bool ent_fragments_add(struct ent_fragments *f, struct ent_slice *ret,
                       const struct ent_fragment *piece)
{
    size_t n = piece->bytes.n, end = piece->offset + n;
    if (n == 0 || end > DATAGRAM - UNIT || (piece->more && n % UNIT != 0))
        return false;
    struct datagram *d = find(f, piece);
    if (d == NULL)
        return false;
    d->end = end > d->end ? end : d->end;
    if (!take(d, piece->offset / UNIT, (end + UNIT - 1) / UNIT) ||
        (!piece->more && (d->total != 0 || end < d->end)) || (d->total != 0 && end > d->total))
        d->refused = true;
    if (d->refused)
        return false;
    memcpy(d->bytes + piece->offset, piece->bytes.p, n);
    d->got += n;
    if (!piece->more)
        d->total = end;
    if (d->total == 0 || d->got != d->total)
        return false;
    d->used = false;
    *ret = ent_slice(d->bytes, d->total);
    return true;
}
