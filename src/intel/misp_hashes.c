/*
 * misp_hashes.c: the other index of a MISP feed, hashes.csv: the MD5 of each value and the event it
 * stands in. Nothing can be taken out of it, but whoever knows a value finds it there again, and so
 * learns which events are worth fetching.
 */
#include "base/base.h"
#include "intel/feed.h"
#include "intel/md5.h"
#include "intel/uuid.h"

#define ENTRIES_MAX ((size_t)1 << 23)

struct entry {
    uint8_t md5[16], event[16];
};

struct ent_feed_hashes {
    struct ent_buf entries; /* struct entry; sorted once all are there */
    const struct ent_import_sink *sink;
    uint64_t skipped;
};

static bool read_entry(struct entry *ret, struct ent_slice s)
{
    char uuid[32];
    size_t n = 0;
    if (s.n != 32 + 1 + ENT_UUID_TEXT - 1 || s.p[32] != ',' ||
        ent_hex_decode(ret->md5, sizeof(ret->md5), ent_slice(s.p, 32)) != ENT_OK ||
        !ent_is_uuid(ent_slice(s.p + 33, ENT_UUID_TEXT - 1)))
        return false;
    for (size_t i = 33; i < s.n; i++)
        if (s.p[i] != '-')
            uuid[n++] = (char)s.p[i];
    return ent_hex_decode(ret->event, sizeof(ret->event), ent_slice(uuid, n)) == ENT_OK;
}

static enum ent_err take_line(void *ctx, uint64_t line, struct ent_slice raw)
{
    struct ent_feed_hashes *h = ctx;
    struct ent_slice s = ent_slice_trim(raw);
    struct entry e;
    if (s.n == 0)
        return ENT_OK;
    if (read_entry(&e, s))
        return ent_buf_put(&h->entries, &e, sizeof(e));
    h->skipped++;
    return h->sink->skip(h->sink->ctx, line, "not an MD5 and the uuid of an event", s);
}

static int by_bytes(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct entry));
}

enum ent_err ent_feed_hashes_read(struct ent_feed_hashes **ret, struct ent_reader in,
                                  const struct ent_import_sink *sink, struct ent_diag *d)
{
    struct ent_feed_hashes *h = calloc(1, sizeof(*h));
    struct ent_feed f = {.in = in, .sink = sink, .d = d};
    if (h == NULL)
        return ent_fail(d, ENT_E_NOMEM, "out of memory", 0, 0);
    ent_buf_init(&h->entries, ENTRIES_MAX * sizeof(struct entry));
    h->sink = sink;
    enum ent_err r = ent_feed_rows(&f, take_line, h);
    if (r == ENT_E_LIMIT)
        r = ent_fail(d, r, "an index of more than 8,388,608 hashes", 0, 0);
    if (r == ENT_OK && h->entries.n == 0 && h->skipped > 0)
        r = ent_fail(d, ENT_E_FORMAT, "no hashes.csv of a MISP feed", 1, 0);
    if (r != ENT_OK) {
        ent_feed_hashes_free(h);
        return r;
    }
    if (h->entries.n > 0)
        qsort(h->entries.p, h->entries.n / sizeof(struct entry), sizeof(struct entry), by_bytes);
    *ret = h;
    return ENT_OK;
}

void ent_feed_hashes_free(struct ent_feed_hashes *h)
{
    if (h != NULL)
        ent_buf_release(&h->entries);
    free(h);
}

size_t ent_feed_hashes_count(const struct ent_feed_hashes *h)
{
    return h->entries.n / sizeof(struct entry);
}

/* Give out the events of one value. */
static enum ent_err find(const struct ent_feed_hashes *h, struct ent_slice value,
                         enum ent_err (*event)(void *ctx, const char uuid[static ENT_UUID_TEXT]),
                         void *ctx)
{
    const struct entry *all = (const void *)h->entries.p;
    struct entry want = {{0}, {0}};
    char md5[ENT_MD5_TEXT], uuid[ENT_UUID_TEXT];
    size_t low = 0, high = h->entries.n / sizeof(*all);
    struct ent_uuid16 u;
    enum ent_err r;
    ent_md5_text(md5, value);
    if ((r = ent_hex_decode(want.md5, sizeof(want.md5), ent_slice(md5, 32))) != ENT_OK)
        return r;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (by_bytes(&all[middle], &want) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < h->entries.n / sizeof(*all) && r == ENT_OK &&
           memcmp(all[low].md5, want.md5, sizeof(want.md5)) == 0;
         low++) {
        memcpy(u.b, all[low].event, sizeof(u.b));
        ent_uuid_text(uuid, &u);
        r = event(ctx, uuid);
    }
    return r;
}

enum ent_err ent_feed_hashes_find(const struct ent_feed_hashes *h, const struct ent_observable *o,
                                  enum ent_err (*event)(void *ctx,
                                                        const char uuid[static ENT_UUID_TEXT]),
                                  void *ctx)
{
    struct ent_observable host;
    /* MISP hashes "address|port" part by part. */
    if (o->type == ENT_OBS_ENDPOINT && ent_observable_host(&host, o))
        return find(h, ent_slice(host.text, host.n), event, ctx);
    return find(h, ent_slice(o->text, o->n), event, ctx);
}
