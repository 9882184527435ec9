/*
 * flow.c: one direction of a TCP connection, put in order, and what its requests and greetings
 * begin with. What came too early waits, within a bound; what never comes is passed over. Where the
 * bytes are no beginning of anything known, each later segment may be one again: so bodies are
 * never kept, and STARTTLS, CONNECT and requests after requests are seen.
 *
 * Flows are found by a keyed hash: who sends the packets cannot aim collisions at it.
 */
#include "sensor/packet.h"

#include <sodium.h>

#define BUCKETS    ENT_FLOWS
#define AHEAD_MANY 32u /* segments of a flow that came too early */

struct ahead {
    uint32_t seq;
    size_t n;
    uint8_t *p;
};

struct flow {
    struct ent_pair pair;
    struct flow *next_in_bucket;
    struct flow *older, *newer;
    uint32_t seq; /* of the next byte */
    bool started;
    bool begun; /* head holds a beginning that is not whole */
    struct ent_buf head;
    struct ahead ahead[AHEAD_MANY];
    size_t ahead_n, ahead_bytes;
};

struct ent_flows {
    uint8_t key[crypto_shorthash_KEYBYTES];
    size_t count, bytes;
    struct flow *oldest, *newest;
    struct flow *bucket[BUCKETS];
};

/* --- the table ----------------------------------------------------------------------------------
 */

enum ent_err ent_flows_new(struct ent_flows **ret)
{
    struct ent_flows *f = calloc(1, sizeof(*f));
    if (f == NULL)
        return ENT_E_NOMEM;
    crypto_shorthash_keygen(f->key);
    *ret = f;
    return ENT_OK;
}

static struct flow **bucket_of(struct ent_flows *f, const struct ent_pair *pair)
{
    uint8_t h[crypto_shorthash_BYTES];
    (void)crypto_shorthash(h, (const uint8_t *)pair, sizeof(*pair), f->key);
    return &f->bucket[ent_be32(h) % BUCKETS];
}

static void unlink_age(struct ent_flows *f, struct flow *fl)
{
    *(fl->older == NULL ? &f->oldest : &fl->older->newer) = fl->newer;
    *(fl->newer == NULL ? &f->newest : &fl->newer->older) = fl->older;
}

static void make_newest(struct ent_flows *f, struct flow *fl)
{
    fl->older = f->newest;
    fl->newer = NULL;
    *(f->newest == NULL ? &f->oldest : &f->newest->newer) = fl;
    f->newest = fl;
}

static void drop_ahead(struct ent_flows *f, struct flow *fl, size_t i)
{
    f->bytes -= fl->ahead[i].n;
    fl->ahead_bytes -= fl->ahead[i].n;
    free(fl->ahead[i].p);
    fl->ahead[i] = fl->ahead[--fl->ahead_n];
}

static void forget_head(struct ent_flows *f, struct flow *fl)
{
    f->bytes -= fl->head.cap;
    ent_buf_release(&fl->head);
    fl->begun = false;
}

/* Forget what the flow holds, not the flow. */
static void empty(struct ent_flows *f, struct flow *fl)
{
    while (fl->ahead_n > 0)
        drop_ahead(f, fl, fl->ahead_n - 1);
    forget_head(f, fl);
    fl->started = false;
}

static void drop(struct ent_flows *f, struct flow *fl)
{
    struct flow **at = bucket_of(f, &fl->pair);
    while (*at != fl)
        at = &(*at)->next_in_bucket;
    *at = fl->next_in_bucket;
    unlink_age(f, fl);
    empty(f, fl);
    f->count--;
    free(fl);
}

void ent_flows_free(struct ent_flows *f)
{
    while (f != NULL && f->oldest != NULL)
        drop(f, f->oldest);
    free(f);
}

/* The flow, now the newest one; NULL when memory is short. */
static struct flow *find(struct ent_flows *f, const struct ent_pair *pair)
{
    struct flow **bucket = bucket_of(f, pair), *fl = *bucket;
    while (fl != NULL && memcmp(&fl->pair, pair, sizeof(*pair)) != 0)
        fl = fl->next_in_bucket;
    if (fl != NULL) {
        unlink_age(f, fl);
        make_newest(f, fl);
        return fl;
    }
    if ((fl = calloc(1, sizeof(*fl))) == NULL)
        return NULL;
    fl->pair = *pair;
    ent_buf_init(&fl->head, ENT_FLOW_HEAD);
    fl->next_in_bucket = *bucket;
    *bucket = fl;
    make_newest(f, fl);
    f->count++;
    return fl;
}

static void keep_bounds(struct ent_flows *f)
{
    while ((f->count > ENT_FLOWS || f->bytes > ENT_FLOW_BYTES) && f->oldest != f->newest) {
        ENT_ASSERT(f->oldest->older == NULL);
        drop(f, f->oldest);
    }
}

/* --- what the bytes are -------------------------------------------------------------------------
 */

/* DNS over TCP: length, message. As ent_packet_http(). */
static ptrdiff_t dns_message(struct ent_decoder *dec, struct ent_slice s)
{
    size_t n = s.n < 2 ? 0 : 2 + (size_t)ent_be16(s.p);
    if (n == 0 || s.n < n)
        return n > ENT_FLOW_HEAD ? -1 : 0;
    ent_packet_dns(dec, ent_slice(s.p + 2, n - 2));
    return (ptrdiff_t)n;
}

/* How much of s is understood, see ent_packet_http(). */
static ptrdiff_t understand(struct ent_decoder *dec, const struct flow *fl, struct ent_slice s,
                            bool full)
{
    if (fl->pair.sport == 53 || fl->pair.dport == 53)
        return dns_message(dec, s);
    ptrdiff_t n = ent_packet_hello(dec, s, full);
    return n >= 0 ? n : ent_packet_http(dec, &fl->pair, s, full);
}

/* Keep what may become something. */
static void keep(struct ent_flows *f, struct flow *fl, struct ent_slice s)
{
    size_t before = fl->head.cap;
    fl->begun = ent_buf_put_slice(&fl->head, s) == ENT_OK;
    if (!fl->begun)
        ent_buf_clear(&fl->head);
    f->bytes += fl->head.cap - before;
}

/* The next bytes of the stream. */
static void take(struct ent_decoder *dec, struct flow *fl, struct ent_slice s)
{
    struct ent_flows *f = dec->flows;
    struct ent_slice from = s;
    bool full = false;
    if (fl->begun) {
        size_t room = ENT_FLOW_HEAD - fl->head.n;
        full = s.n >= room;
        keep(f, fl, full ? ent_slice(s.p, room) : s);
        from = ent_buf_slice(&fl->head);
    }
    ptrdiff_t n = 1;
    while (from.n > 0 && n > 0 && (n = understand(dec, fl, from, full)) > 0)
        from = ent_slice(from.p + n, from.n - (size_t)n);
    if (fl->begun && n == 0 && !full) { /* the rest moves to the front of what is kept */
        memmove(fl->head.p, from.p, from.n);
        fl->head.n = from.n;
        return;
    }
    if (n == 0 && !fl->begun) {
        keep(f, fl, from.n > ENT_FLOW_HEAD ? ent_slice(from.p, ENT_FLOW_HEAD) : from);
        return;
    }
    forget_head(f, fl);
}

/* --- order -------------------------------------------------------------------------------------
 */

/* Bytes up to seq will not come. What was kept may say enough without them. */
static void pass_over(struct ent_decoder *dec, struct flow *fl, uint32_t seq)
{
    if (fl->begun)
        (void)understand(dec, fl, ent_buf_slice(&fl->head), true);
    forget_head(dec->flows, fl);
    fl->seq = seq;
}

/* Hand on the part of the segment that is new. */
static void advance(struct ent_decoder *dec, struct flow *fl, uint32_t seq, struct ent_slice s)
{
    uint32_t old = fl->seq - seq; /* bytes of it that were there before */
    if (old >= s.n)
        return;
    fl->seq = seq + (uint32_t)s.n;
    take(dec, fl, ent_slice(s.p + old, s.n - old));
}

/* The segment that waits and begins first. */
static size_t first_ahead(const struct flow *fl)
{
    size_t first = 0;
    for (size_t i = 1; i < fl->ahead_n; i++)
        if ((int32_t)(fl->ahead[i].seq - fl->ahead[first].seq) < 0)
            first = i;
    return first;
}

/* Whatever waits and has its turn; over a gap when there is no room to wait for more. */
static void drain(struct ent_decoder *dec, struct flow *fl, bool no_room)
{
    while (fl->ahead_n > 0) {
        size_t i = first_ahead(fl);
        struct ahead a = fl->ahead[i];
        if ((int32_t)(a.seq - fl->seq) > 0) {
            if (!no_room)
                return;
            pass_over(dec, fl, a.seq);
            no_room = false;
        }
        advance(dec, fl, a.seq, ent_slice(a.p, a.n));
        drop_ahead(dec->flows, fl, i);
    }
}

static void wait_for_turn(struct ent_decoder *dec, struct flow *fl, uint32_t seq,
                          struct ent_slice s)
{
    if (s.n > ENT_FLOW_AHEAD)
        return;
    while (fl->ahead_n == AHEAD_MANY || fl->ahead_bytes + s.n > ENT_FLOW_AHEAD)
        drain(dec, fl, true);
    uint8_t *copy = (int32_t)(seq - fl->seq) > 0 ? malloc(s.n) : NULL;
    if (copy == NULL) { /* its turn came meanwhile */
        advance(dec, fl, seq, s);
        return;
    }
    memcpy(copy, s.p, s.n);
    fl->ahead[fl->ahead_n++] = (struct ahead){.seq = seq, .n = s.n, .p = copy};
    fl->ahead_bytes += s.n;
    dec->flows->bytes += s.n;
}

void ent_flows_segment(struct ent_decoder *dec, const struct ent_pair *pair, uint32_t seq, bool syn,
                       struct ent_slice payload, size_t missing)
{
    struct ent_flows *f = dec->flows;
    if (!syn && payload.n == 0)
        return;
    struct flow *fl = find(f, pair);
    if (fl == NULL)
        return;
    if (syn) { /* data may come with it (TCP Fast Open) */
        empty(f, fl);
        seq++;
    }
    if (!fl->started) {
        fl->started = true;
        fl->seq = seq;
    }
    if ((int32_t)(seq - fl->seq) <= 0)
        advance(dec, fl, seq, payload);
    else
        wait_for_turn(dec, fl, seq, payload);
    if (missing > 0 && fl->seq == seq + (uint32_t)payload.n)
        pass_over(dec, fl, fl->seq + (uint32_t)missing);
    drain(dec, fl, false);
    keep_bounds(f);
}
