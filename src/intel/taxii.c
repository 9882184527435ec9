/* taxii.c: the small documents of TAXII 2.1, and the two properties of an envelope that say where
 * more is. */
#include "base/base.h"
#include "intel/feed.h"
#include "intel/json_pull.h"

#define STRING_MAX 2048u
#define DEPTH      16u

static enum ent_err wrong(const struct ent_jp *jp, struct ent_diag *d, const char *text)
{
    return ent_fail(d, ENT_E_FORMAT, text, jp->line, jp->offset);
}

/* --- envelopes -------------------------------------------------------------------------------- */

static enum ent_err take_more(struct ent_jp *jp, struct ent_envelope *e, struct ent_diag *d)
{
    enum ent_jp_event ev;
    enum ent_err r = ent_jp_next(jp, &ev, d);
    if (r != ENT_OK)
        return r;
    if (e->more_said)
        return wrong(jp, d, "\"more\" stands twice in the envelope");
    if (ev != ENT_JP_TRUE && ev != ENT_JP_FALSE)
        return wrong(jp, d, "\"more\" is neither true nor false");
    e->more_said = true;
    e->more = ev == ENT_JP_TRUE;
    return ENT_OK;
}

/* null is what some servers write for none. */
static enum ent_err take_next(struct ent_jp *jp, struct ent_envelope *e, struct ent_diag *d)
{
    enum ent_jp_event ev;
    enum ent_err r = ent_jp_next(jp, &ev, d);
    if (r != ENT_OK)
        return r;
    if (e->next_said)
        return wrong(jp, d, "\"next\" stands twice in the envelope");
    e->next_said = true;
    if (ev == ENT_JP_NULL)
        return ENT_OK;
    if (ev != ENT_JP_STR)
        return wrong(jp, d, "\"next\" is no string");
    if (jp->cut || jp->text.n > sizeof(e->next))
        return wrong(jp, d, "\"next\" is longer than 1,024 bytes");
    if (jp->text.n > 0)
        memcpy(e->next, jp->text.p, jp->text.n);
    e->next_n = jp->text.n;
    return ENT_OK;
}

enum ent_err ent_envelope_key(struct ent_envelope *e, bool *ret_taken, struct ent_jp *jp,
                              struct ent_diag *d)
{
    bool more = !jp->cut && ent_slice_eq(jp->text, ENT_SLICE_LIT("more"));
    bool next = !jp->cut && ent_slice_eq(jp->text, ENT_SLICE_LIT("next"));
    *ret_taken = more || next;
    if (more)
        return take_more(jp, e, d);
    return next ? take_next(jp, e, d) : ENT_OK;
}

/* --- what there is on a server ---------------------------------------------------------------- */

enum key { K_ID, K_TITLE, K_CAN_READ, K_CAN_WRITE, K_API_ROOTS, K_VERSIONS, K_COLLECTIONS, KEYS };

static const char *const keys[KEYS] = {"id",        "title",    "can_read",   "can_write",
                                       "api_roots", "versions", "collections"};

struct taxii {
    struct ent_jp jp;
    const struct ent_taxii_sink *sink;
    struct ent_taxii_doc doc;
    struct ent_diag *d;
};

static enum ent_err read_id(struct taxii *x, struct ent_taxii_collection *c, enum ent_jp_event ev)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    struct ent_slice s = x->jp.text;
    bool ok = ev == ENT_JP_STR && !x->jp.cut && s.n > 0 && s.n <= ENT_TAXII_ID;
    for (size_t i = 0; ok && i < s.n; i++)
        ok = memchr(allowed, s.p[i], sizeof(allowed) - 1) != NULL;
    if (!ok)
        return wrong(&x->jp, x->d, "the id of a collection is not of letters, digits, '-' and '_'");
    memcpy(c->id, s.p, s.n);
    c->id[s.n] = '\0';
    return ENT_OK;
}

static enum ent_err read_title(struct taxii *x, struct ent_taxii_collection *c,
                               enum ent_jp_event ev)
{
    if (ev != ENT_JP_STR)
        return wrong(&x->jp, x->d, "\"title\" is no string");
    c->title[ent_clean_text(c->title, ENT_TAXII_TITLE, x->jp.text)] = '\0';
    return ENT_OK;
}

static enum ent_err read_bool(struct taxii *x, bool *ret, enum ent_jp_event ev)
{
    if (ev != ENT_JP_TRUE && ev != ENT_JP_FALSE)
        return wrong(&x->jp, x->d, "\"can_read\" or \"can_write\" is neither true nor false");
    *ret = ev == ENT_JP_TRUE;
    return ENT_OK;
}

static enum ent_err read_roots(struct taxii *x, enum ent_jp_event ev)
{
    enum ent_err r;
    if (ev != ENT_JP_ARR)
        return wrong(&x->jp, x->d, "\"api_roots\" is no list");
    for (;;) {
        if ((r = ent_jp_next(&x->jp, &ev, x->d)) != ENT_OK || ev == ENT_JP_ARR_END)
            return r;
        if (ev != ENT_JP_STR || x->jp.cut)
            return wrong(&x->jp, x->d,
                         "an API root that is no string, or of more than 2,048 bytes");
        if (++x->doc.roots > ENT_TAXII_ROOTS)
            return ent_fail(x->d, ENT_E_LIMIT, "more than 256 API roots", x->jp.line, 0);
        if ((r = x->sink->root(x->sink->ctx, x->jp.text)) != ENT_OK)
            return r;
    }
}

static enum ent_err read_object(struct taxii *x, struct ent_taxii_collection *c,
                                unsigned *ret_seen);

static enum ent_err read_collections(struct taxii *x, enum ent_jp_event ev)
{
    const unsigned needed = 1u << K_ID | 1u << K_CAN_READ;
    struct ent_taxii_collection c;
    enum ent_err r;
    if (ev != ENT_JP_ARR)
        return wrong(&x->jp, x->d, "\"collections\" is no list");
    for (;;) {
        unsigned seen = 0;
        if ((r = ent_jp_next(&x->jp, &ev, x->d)) != ENT_OK || ev == ENT_JP_ARR_END)
            return r;
        if (ev != ENT_JP_OBJ)
            return wrong(&x->jp, x->d, "a collection that is no object");
        c = (struct ent_taxii_collection){.id = ""};
        if ((r = read_object(x, &c, &seen)) != ENT_OK)
            return r;
        if ((seen & needed) != needed)
            return wrong(&x->jp, x->d, "a collection without \"id\" or \"can_read\"");
        if (++x->doc.collections > ENT_TAXII_COLLECTIONS)
            return ent_fail(x->d, ENT_E_LIMIT, "more than 65,536 collections", x->jp.line, 0);
        if ((r = x->sink->collection(x->sink->ctx, &c)) != ENT_OK)
            return r;
    }
}

static enum ent_err read_value(struct taxii *x, struct ent_taxii_collection *c, enum key k,
                               enum ent_jp_event ev)
{
    switch (k) {
    case K_ID:
        return read_id(x, c, ev);
    case K_TITLE:
        return read_title(x, c, ev);
    case K_CAN_READ:
        return read_bool(x, &c->can_read, ev);
    case K_CAN_WRITE:
        return read_bool(x, &c->can_write, ev);
    case K_API_ROOTS:
        return read_roots(x, ev);
    case K_COLLECTIONS:
        return read_collections(x, ev);
    default: /* K_VERSIONS: that it is there is enough */
        return ent_jp_skip(&x->jp, x->d);
    }
}

/* Behind '{' to behind '}'. Lists stand in the outermost object only. */
static enum ent_err read_object(struct taxii *x, struct ent_taxii_collection *c, unsigned *ret_seen)
{
    const unsigned known = c == &x->doc.self ? KEYS : K_API_ROOTS;
    enum ent_jp_event ev;
    enum ent_err r;
    for (;;) {
        if ((r = ent_jp_next(&x->jp, &ev, x->d)) != ENT_OK || ev == ENT_JP_OBJ_END)
            return r;
        unsigned k = 0;
        while (k < known && (x->jp.cut || !ent_slice_eq(x->jp.text, ent_slice_str(keys[k]))))
            k++;
        if (k == known) {
            if ((r = ent_jp_skip(&x->jp, x->d)) != ENT_OK)
                return r;
            continue;
        }
        if ((*ret_seen >> k & 1) != 0)
            return wrong(&x->jp, x->d, "a property stands twice in an object");
        *ret_seen |= 1u << k;
        if ((r = ent_jp_next(&x->jp, &ev, x->d)) != ENT_OK ||
            (r = read_value(x, c, (enum key)k, ev)) != ENT_OK)
            return r;
    }
}

/* {} is a list of no collections (section 5.1). */
static enum ent_taxii_kind kind_of(unsigned seen)
{
    bool id = (seen >> K_ID & 1) != 0, can = (seen >> K_CAN_READ & 1) != 0;
    if (seen == 0 || (seen >> K_COLLECTIONS & 1) != 0)
        return ENT_TAXII_LIST;
    if (id || can)
        return id && can ? ENT_TAXII_COLLECTION : 0;
    if ((seen >> K_API_ROOTS & 1) != 0)
        return ENT_TAXII_DISCOVERY;
    return (seen >> K_VERSIONS & 1) != 0 ? ENT_TAXII_ROOT : 0;
}

static enum ent_err read_all(struct taxii *x)
{
    static const char none[] = "JSON, but nothing that a TAXII 2.1 server says here";
    enum ent_jp_event ev;
    unsigned seen = 0;
    enum ent_err r = ent_jp_next(&x->jp, &ev, x->d);
    if (r != ENT_OK)
        return r;
    if (ev != ENT_JP_OBJ)
        return wrong(&x->jp, x->d, none);
    if ((r = read_object(x, &x->doc.self, &seen)) != ENT_OK ||
        (r = ent_jp_next(&x->jp, &ev, x->d)) != ENT_OK)
        return r;
    x->doc.kind = kind_of(seen);
    return x->doc.kind == 0 ? ent_fail(x->d, ENT_E_FORMAT, none, 1, 0) : ENT_OK;
}

enum ent_err ent_taxii_read(struct ent_taxii_doc *ret, struct ent_reader in,
                            const struct ent_taxii_sink *sink, struct ent_diag *d)
{
    struct ent_diag ours;
    struct taxii x = {.sink = sink, .d = d == NULL ? &ours : d};
    *x.d = (struct ent_diag){0};
    enum ent_err r = ent_jp_init(&x.jp, in, 0, DEPTH, STRING_MAX);
    if (r == ENT_OK)
        r = read_all(&x);
    ent_jp_release(&x.jp);
    if (r == ENT_OK)
        *ret = x.doc;
    else if (x.d->text == NULL)
        x.d->text = ent_err_str(r);
    return r;
}
