/* feed.h: what the fuzz targets of the feed readers share: the bytes are read once whole and once
 * in pieces, both must say the same, and what is taken must be canonical. */
#ifndef ENT_TESTS_FUZZ_FEED_H
#define ENT_TESTS_FUZZ_FEED_H

#include "intel/intel.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

struct pieces {
    struct ent_slice left;
    size_t most;
};

static enum ent_err pieces_read(void *ctx, uint8_t *ret, size_t *ret_n, size_t cap,
                                struct ent_diag *d)
{
    struct pieces *p = ctx;
    size_t n = p->left.n < p->most ? p->left.n : p->most;
    (void)d;
    n = n < cap ? n : cap;
    if (n > 0)
        memcpy(ret, p->left.p, n);
    p->left = n > 0 ? ent_slice(p->left.p + n, p->left.n - n) : p->left;
    *ret_n = n;
    return ENT_OK;
}

/* A sum over everything that was said: order counts. */
struct said {
    uint64_t sum;
};

static void say(struct said *s, const void *p, size_t n)
{
    const uint8_t *b = p;
    for (size_t i = 0; i < n; i++)
        s->sum = (s->sum ^ b[i]) * 0x100000001B3u;
}

static inline enum ent_err feed_take(void *ctx, const struct ent_indicator *ind)
{
    struct ent_observable again;
    if (ent_observable_parse(&again, NULL, ent_slice(ind->obs.text, ind->obs.n)) != ENT_OK ||
        again.type != ind->obs.type || strcmp(again.text, ind->obs.text) != 0)
        ENT_BUG("not canonical");
    if (!ent_utf8_valid(ind->text, NULL) || !ent_utf8_valid(ind->kind, NULL) ||
        ind->text.n > ENT_INDICATOR_TEXT || ind->kind.n > ENT_INDICATOR_KIND)
        ENT_BUG("raw text");
    struct ent_labels set = {.n = 0};
    ent_labels_join(&set, ind->labels);
    if (!ent_slice_eq(ent_labels_slice(&set), ind->labels) || !ent_utf8_valid(ind->labels, NULL))
        ENT_BUG("labels that are no set");
    say(ctx, ind->obs.text, ind->obs.n);
    say(ctx, ind->text.p, ind->text.n);
    say(ctx, ind->labels.p, ind->labels.n);
    say(ctx, &ind->tlp, sizeof(ind->tlp));
    return ENT_OK;
}

static inline enum ent_err feed_skip(void *ctx, uint64_t line, const char *reason,
                                     struct ent_slice what)
{
    say(ctx, &line, sizeof(line));
    say(ctx, reason, strlen(reason));
    say(ctx, what.p, what.n);
    return ENT_OK;
}

static inline enum ent_err feed_withdraw(void *ctx, struct ent_slice id)
{
    if (id.n == 0)
        ENT_BUG("withdrawn without an id");
    say(ctx, id.p, id.n);
    return ENT_OK;
}

static inline enum ent_err feed_object(void *ctx, const struct ent_stix_object *o, bool *use)
{
    if (!ent_is_stix_id(o->id) || o->tlp < ENT_TLP_CLEAR || o->tlp > ENT_TLP_RED ||
        o->bytes.n < 2 || o->bytes.p[0] != '{' || o->bytes.p[o->bytes.n - 1] != '}')
        ENT_BUG("no object");
    struct ent_stix_gist again;
    struct ent_buf gist;
    ent_buf_init(&gist, ENT_STIX_GIST_MOST);
    if (ent_stix_gist_encode(&gist, &o->gist) != ENT_OK ||
        ent_stix_gist_parse(&again, ent_buf_slice(&gist)) != ENT_OK)
        ENT_BUG("a gist that is none");
    say(ctx, gist.p, gist.n);
    ent_buf_release(&gist);
    say(ctx, o->bytes.p, o->bytes.n);
    say(ctx, o->refs.p, o->refs.n);
    say(ctx, o->version.p, o->version.n);
    *use = o->bytes.n % 2 == 0;
    return ENT_OK;
}

static inline int feed_fuzz(enum ent_format format, const uint8_t *data, size_t n)
{
    const struct ent_import_opts opts = {.format = format, .confidence = -1};
    struct said said[2] = {{1}, {1}};
    struct ent_diag d[2];
    enum ent_err r[2];
    for (int way = 0; way < 2; way++) {
        struct pieces p = {{data, n}, way == 0 ? SIZE_MAX : 1 + n % 5};
        struct ent_import_sink sink = {&said[way], feed_take, feed_skip, feed_withdraw,
                                       feed_object};
        r[way] = ent_intel_read((struct ent_reader){pieces_read, &p}, &opts, &sink, NULL, &d[way]);
    }
    if (r[0] != r[1] || said[0].sum != said[1].sum || d[0].offset != d[1].offset)
        ENT_BUG("pieces make a difference");
    return 0;
}

#endif
