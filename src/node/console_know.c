/*
 * console_know.c: indicators for people: pages of them, facets, one of them in full, and its tags.
 * All of it by clearance: an observable is there for who may see at least one claim on it, and of
 * the claims those that he may see. What this member itself marked narrower is not there, whatever
 * others say of it, as at the doors to others.
 */
#include "node/node.h"

#include "node/console_parts.h"

#define WINDOW       100000u /* ids that one page of the newest goes through */
#define EXAMINED     2000u   /* observables that one page of a search looks at */
#define PAGE         50u
#define CLAIMS_TOLD  200u
#define OBJECTS_TOLD 20u
#define AROUND_TOLD  64u
#define SEEN_TOLD    200u
#define TAGS_COUNTED 60u

static const char *state_word(enum ent_claim_state s)
{
    static const char *const word[] = {
        [ENT_CLAIM_VALID] = "valid",     [ENT_CLAIM_FUTURE] = "future",
        [ENT_CLAIM_EXPIRED] = "expired", [ENT_CLAIM_ENDED] = "expired-here",
        [ENT_CLAIM_REVOKED] = "revoked", [ENT_CLAIM_WITHDRAWN] = "withdrawn",
    };
    return word[s];
}

static void put_observable(struct ent_rows *w, const struct ent_observable *o)
{
    ent_rows_cstr(w, "type", ent_obs_type_name(o->type));
    ent_rows_str(w, "value", ent_slice(o->text, o->n));
}

static void put_claim(struct ent_console_call *x, const struct ent_claim *c)
{
    struct ent_rows *w = &x->w;
    const struct ent_decay decay = ent_config_decay(x->store->opts.config, c->obs.type);
    ent_rows_str(w, "source", c->source);
    ent_rows_bool(w, "own", c->own);
    ent_rows_cstr(w, "tlp", ent_tlp_name(c->tlp));
    if (c->confidence >= 0) {
        ent_rows_i64(w, "confidence", c->confidence);
        ent_rows_i64(w, "score",
                     ent_decay(&decay, c->confidence,
                               x->now - (c->valid_from != 0 ? c->valid_from : c->last_import)));
    }
    ent_rows_cstr(w, "state", state_word(ent_claim_state(c, x->now)));
    if (c->kind.n > 0)
        ent_rows_str(w, "kind", c->kind);
    if (c->text.n > 0)
        ent_rows_str(w, "text", c->text);
    ent_rows_arr(w, "labels");
    for (struct ent_slice left = c->labels; left.n > 0;)
        ent_rows_str(w, NULL, ent_labels_next(&left));
    ent_rows_arr_end(w);
    ent_rows_time(w, "valid_from", c->valid_from);
    ent_rows_time(w, "valid_until", c->valid_until);
    if (c->decided && c->until > 0)
        ent_rows_time(w, "expired_here", c->until);
    ent_rows_time(w, "first_import", c->first_import);
    ent_rows_time(w, "last_import", c->last_import);
}

/* --- who may see it -----------------------------------------------------------------------------
 */

/* Claims on one observable, gone through twice: which is the best, then that one. */
struct choosing {
    struct ent_console_call *x;
    bool filtered; /* by the query's source, tag and marking */
    bool tagged;   /* the observable has the query's tag */
    bool hidden;
    unsigned at, visible, found;
    unsigned best; /* from 1; 0: none */
    bool best_counts;
    enum ent_tlp least; /* the mark that lets it be seen */
};

static bool has_label(struct ent_slice labels, const char *tag)
{
    while (labels.n > 0)
        if (ent_slice_eq(ent_labels_next(&labels), ent_slice_str(tag)))
            return true;
    return false;
}

static bool fits(const struct choosing *h, const struct ent_claim *c)
{
    const struct ent_console_query *q = h->x->q;
    return !h->filtered ||
           ((q->source[0] == '\0' || ent_slice_eq(c->source, ent_slice_str(q->source))) &&
            (q->tlp == 0 || ent_tlp_may_pass(c->tlp, q->tlp)) &&
            (q->tag[0] == '\0' || h->tagged || has_label(c->labels, q->tag)));
}

static enum ent_err choose(void *ctx, const struct ent_claim *c)
{
    struct choosing *h = ctx;
    bool may = ent_may_see(&h->x->who, c->tlp);
    bool counts = ent_claim_state(c, h->x->now) == ENT_CLAIM_VALID;
    h->at++;
    if (!may) {
        h->hidden = h->hidden || c->own;
        return ENT_OK;
    }
    h->visible++;
    if (h->least == 0 || ent_tlp_may_pass(c->tlp, h->least))
        h->least = c->tlp;
    if (!fits(h, c))
        return ENT_OK;
    h->found++;
    if (h->best == 0 || (counts && !h->best_counts)) {
        h->best = h->at;
        h->best_counts = counts;
    }
    return ENT_OK;
}

enum ent_err ent_console_sees(struct ent_console_call *x, bool *ret, uint64_t id)
{
    struct choosing h = {.x = x};
    enum ent_err r = ent_store_claims_of(x->store->opts.store, id, choose, &h);
    *ret = !h.hidden && h.visible > 0 && ent_console_shows(x, h.least);
    return r;
}

/* --- pages --------------------------------------------------------------------------------------
 */

struct paging {
    struct ent_console_call *x;
    unsigned n, most, examined;
    uint64_t last; /* the observable that was looked at last */
    struct ent_observable obs;
};

struct best {
    struct ent_console_call *x;
    unsigned at, wanted;
};

static enum ent_err put_best(void *ctx, const struct ent_claim *c)
{
    struct best *b = ctx;
    if (++b->at == b->wanted && ent_console_shows(b->x, c->tlp))
        put_claim(b->x, c);
    return ENT_OK;
}

struct same_tag {
    const char *tag;
    bool found;
};

static enum ent_err is_tag(void *ctx, struct ent_slice tag)
{
    struct same_tag *t = ctx;
    t->found = t->found || ent_slice_eq(tag, ent_slice_str(t->tag));
    return ENT_OK;
}

static enum ent_err put_tag(void *ctx, struct ent_slice tag)
{
    ent_rows_str(ctx, NULL, tag);
    return ENT_OK;
}

/* ENT_E_LIMIT: the page is full, or enough was looked at. */
static enum ent_err row(void *ctx, uint64_t id, const struct ent_observable *o)
{
    struct paging *p = ctx;
    struct ent_console_call *x = p->x;
    struct ent_store *s = x->store->opts.store;
    struct choosing h = {.x = x, .filtered = true};
    struct same_tag t = {.tag = x->q->tag};
    struct ent_seen_here seen;
    enum ent_err r = ENT_OK;
    p->examined++;
    p->last = id;
    p->obs = *o;
    if (x->q->types != 0 && (x->q->types & ENT_OBS_BIT(o->type)) == 0)
        goto out;
    if (t.tag[0] != '\0' && (r = ent_store_tags(s, id, is_tag, &t)) != ENT_OK)
        return r;
    h.tagged = t.found;
    if ((r = ent_store_claims_of(s, id, choose, &h)) != ENT_OK)
        return r;
    if (h.hidden || h.best == 0)
        goto out;
    struct best b = {.x = x, .wanted = h.best};
    ent_rows_obj(&x->w, NULL);
    put_observable(&x->w, o);
    ent_rows_u64(&x->w, "claims", h.visible);
    if ((r = ent_store_claims_of(s, id, put_best, &b)) != ENT_OK ||
        (r = ent_store_sighted(s, &seen, id)) != ENT_OK)
        return r;
    ent_rows_u64(&x->w, "seen", seen.count);
    ent_rows_arr(&x->w, "tags");
    r = ent_store_tags(s, id, put_tag, &x->w);
    ent_rows_arr_end(&x->w);
    ent_rows_obj_end(&x->w);
    p->n++;
out:
    if (r == ENT_OK && (p->n == p->most || p->examined == EXAMINED))
        r = ENT_E_LIMIT;
    return r;
}

/* Claims come by observable. */
static enum ent_err claim_row(void *ctx, const struct ent_claim *c)
{
    struct paging *p = ctx;
    return c->id == p->last ? ENT_OK : row(ctx, c->id, &c->obs);
}

static enum ent_err newest(struct paging *p, uint64_t *ret_next)
{
    const struct ent_console_query *q = p->x->q;
    struct ent_store *s = p->x->store->opts.store;
    uint64_t before = q->before, last = 0;
    enum ent_err r = ent_store_last_id(s, &last);
    if (r != ENT_OK)
        return r;
    if (before == 0 || before > last + 1)
        before = last + 1;
    enum ent_tlp most = p->x->who.clearance;
    if (q->tlp != 0 && ent_tlp_may_pass(q->tlp, most))
        most = q->tlp;
    const struct ent_claim_filter f = {.types = q->types,
                                       .max_tlp = most,
                                       .source = ent_slice_str(q->source),
                                       .tag = ent_slice_str(q->tag),
                                       .from = before > WINDOW ? before - WINDOW : 1,
                                       .before = before};
    r = ent_store_claims(s, &f, claim_row, p);
    *ret_next = r == ENT_E_LIMIT ? p->last : f.from > 1 ? f.from : 0;
    return r == ENT_E_LIMIT ? ENT_OK : r;
}

static enum ent_err found(struct paging *p, bool *ret_more)
{
    const struct ent_console_query *q = p->x->q;
    struct ent_store *s = p->x->store->opts.store;
    struct ent_observable behind, in, *after = NULL;
    enum ent_err r = ENT_OK;
    if (q->after[0] != '\0') {
        if (ent_observable_parse_as(&behind, NULL, q->after_type, ent_slice_str(q->after)) !=
            ENT_OK)
            return ENT_E_FORMAT;
        after = &behind;
    }
    if (q->shape == ENT_CONSOLE_INSIDE) {
        if (ent_observable_parse_as(&in, NULL, q->type, ent_slice_str(q->text)) != ENT_OK)
            return ENT_E_FORMAT;
        r = ent_store_inside_after(s, &in, after, row, p);
    }
    for (int t = 1; q->shape == ENT_CONSOLE_STARTING && t < ENT_OBS_TYPES && r == ENT_OK; t++)
        if ((q->types == 0 || (q->types & ENT_OBS_BIT(t)) != 0) &&
            (after == NULL || t >= (int)after->type))
            r = ent_store_starting_after(s, (enum ent_obs_type)t, ent_slice_str(q->text),
                                         after != NULL && t == (int)after->type ? after : NULL, row,
                                         p);
    *ret_more = r == ENT_E_LIMIT;
    return r == ENT_E_LIMIT ? ENT_OK : r;
}

enum ent_err ent_console_indicators(struct ent_console_call *x, struct ent_diag *d)
{
    struct paging *p = calloc(1, sizeof(*p));
    uint64_t next = 0;
    bool more = false;
    char after[ENT_OBS_MAX + 32];
    (void)d;
    if (p == NULL)
        return ENT_E_NOMEM;
    p->x = x;
    p->most = x->q->limit == 0 ? PAGE : x->q->limit;
    ent_rows_arr(&x->w, "rows");
    enum ent_err r = x->q->shape == ENT_CONSOLE_NEWEST ? newest(p, &next) : found(p, &more);
    ent_rows_arr_end(&x->w);
    if (next != 0)
        ent_rows_u64(&x->w, "before", next);
    if (more) {
        (void)snprintf(after, sizeof(after), "%s:%s", ent_obs_type_name(p->obs.type), p->obs.text);
        ent_rows_cstr(&x->w, "after", after);
    }
    free(p);
    return r;
}

/* --- facets -------------------------------------------------------------------------------------
 */

static void forget(struct ent_console_store *c)
{
    for (size_t i = 0; i < c->sources; i++)
        free(c->source[i]);
    c->sources = c->facets = 0;
    c->counted = false;
}

static enum ent_err make_room(void **list, size_t n, size_t *room, size_t size)
{
    if (n < *room)
        return ENT_OK;
    size_t more = *room == 0 ? 64 : 2 * *room;
    void *p = reallocarray(*list, more, size);
    if (p == NULL)
        return ENT_E_NOMEM;
    *list = p;
    *room = more;
    return ENT_OK;
}

/* By name of the source. */
static enum ent_err count(void *ctx, enum ent_obs_type type, struct ent_slice source,
                          enum ent_tlp tlp, uint64_t claims)
{
    struct ent_console_store *c = ctx;
    enum ent_err r;
    if ((r = make_room((void **)&c->source, c->sources, &c->sources_room, sizeof(*c->source))) !=
            ENT_OK ||
        (r = make_room((void **)&c->facet, c->facets, &c->facets_room, sizeof(*c->facet))) !=
            ENT_OK)
        return r;
    if (c->sources == 0 || !ent_slice_eq(ent_slice_str(c->source[c->sources - 1]), source)) {
        char *name = strndup((const char *)source.p, source.n);
        if (name == NULL)
            return ENT_E_NOMEM;
        c->source[c->sources++] = name;
    }
    c->facet[c->facets++] = (struct ent_console_facet){type, tlp, c->sources - 1, claims};
    return ENT_OK;
}

enum ent_err ent_console_count(struct ent_console_store *c)
{
    struct ent_mark16 mark;
    enum ent_err r = ent_store_mark(c->opts.store, &mark);
    if (r != ENT_OK || (c->counted && memcmp(mark.b, c->mark.b, sizeof(mark.b)) == 0))
        return r;
    forget(c);
    if ((r = ent_store_facets(c->opts.store, count, c)) != ENT_OK)
        return r;
    c->mark = mark;
    c->counted = true;
    return ENT_OK;
}

bool ent_console_sees_source(const struct ent_console_store *c, struct ent_slice name,
                             enum ent_tlp clearance)
{
    for (size_t i = 0; i < c->facets; i++)
        if (ent_tlp_may_pass(c->facet[i].tlp, clearance) &&
            ent_slice_eq(ent_slice_str(c->source[c->facet[i].source]), name))
            return true;
    return false;
}

static void put_count(struct ent_rows *w, const char *name, uint64_t n)
{
    if (n == 0)
        return;
    ent_rows_obj(w, NULL);
    ent_rows_cstr(w, "name", name);
    ent_rows_u64(w, "count", n);
    ent_rows_obj_end(w);
}

static enum ent_err put_tag_count(void *ctx, struct ent_slice tag, uint64_t n)
{
    struct ent_rows *w = ctx;
    ent_rows_obj(w, NULL);
    ent_rows_str(w, "name", tag);
    ent_rows_u64(w, "count", n);
    ent_rows_obj_end(w);
    return ENT_OK;
}

#define SOURCES_TOLD 500u

enum ent_err ent_console_facets(struct ent_console_call *x, struct ent_diag *d)
{
    struct ent_console_store *c = x->store;
    uint64_t type[ENT_OBS_TYPES] = {0}, tlp[ENT_TLP_RED + 1] = {0}, all = 0, one = 0;
    enum ent_err r = ent_console_count(c);
    (void)d;
    if (r != ENT_OK)
        return r;
    ent_rows_arr(&x->w, "sources");
    for (size_t i = 0, told = 0; i < c->facets; i++) {
        const struct ent_console_facet *f = &c->facet[i];
        if (ent_may_see(&x->who, f->tlp)) {
            type[f->type] += f->claims;
            tlp[f->tlp] += f->claims;
            all += f->claims;
            one += f->claims;
        }
        if (i + 1 == c->facets || c->facet[i + 1].source != f->source) {
            if (told++ < SOURCES_TOLD)
                put_count(&x->w, c->source[f->source], one);
            one = 0;
        }
    }
    ent_rows_arr_end(&x->w);
    ent_rows_arr(&x->w, "types");
    for (int i = 1; i < ENT_OBS_TYPES; i++)
        put_count(&x->w, ent_obs_type_name((enum ent_obs_type)i), type[i]);
    ent_rows_arr_end(&x->w);
    ent_rows_arr(&x->w, "tlp");
    for (int i = ENT_TLP_CLEAR; i <= ENT_TLP_RED; i++)
        put_count(&x->w, ent_tlp_name((enum ent_tlp)i), tlp[i]);
    ent_rows_arr_end(&x->w);
    ent_rows_arr(&x->w, "tags");
    r = ent_store_tag_counts(c->opts.store, x->who.clearance, TAGS_COUNTED, put_tag_count, &x->w);
    ent_rows_arr_end(&x->w);
    ent_rows_u64(&x->w, "claims", all);
    return r;
}

/* --- one of them --------------------------------------------------------------------------------
 */

struct telling {
    struct ent_console_call *x;
    unsigned n;
};

static enum ent_err put_object(void *ctx, const struct ent_kept *k)
{
    struct telling *t = ctx;
    struct ent_stix_gist g;
    struct ent_rows *w = &t->x->w;
    char modified[ENT_STIX_VERSION + 1] = "";
    if (t->n == OBJECTS_TOLD || !ent_console_shows(t->x, k->tlp) ||
        ent_stix_gist_parse(&g, k->gist) != ENT_OK)
        return ENT_OK;
    if (k->version.n > 0)
        (void)snprintf(modified, sizeof(modified), "%.*sZ", (int)k->version.n,
                       (const char *)k->version.p);
    t->n++;
    ent_rows_obj(w, NULL);
    ent_rows_str(w, "id", k->id);
    ent_rows_str(w, "type", ent_stix_type_of(k->id));
    ent_rows_str(w, "name", g.name);
    ent_rows_str(w, "relation", g.relation);
    ent_rows_cstr(w, "modified", modified);
    ent_rows_str(w, "source", k->source);
    ent_rows_cstr(w, "tlp", ent_tlp_name(k->tlp));
    ent_rows_bool(w, "revoked", k->revoked);
    ent_rows_obj_end(w);
    return ENT_OK;
}

static enum ent_err put_whole_claim(void *ctx, const struct ent_claim *c)
{
    struct telling *t = ctx;
    struct telling objects = {.x = t->x};
    enum ent_err r = ENT_OK;
    if (t->n == CLAIMS_TOLD || !ent_console_shows(t->x, c->tlp))
        return ENT_OK;
    t->n++;
    ent_rows_obj(&t->x->w, NULL);
    put_claim(t->x, c);
    if (c->ext_id.n > 0)
        ent_rows_str(&t->x->w, "id", c->ext_id);
    ent_rows_arr(&t->x->w, "objects");
    if (c->ext_id.n > 0)
        r = ent_store_pointing(t->x->store->opts.store, c->ext_id, put_object, &objects);
    ent_rows_arr_end(&t->x->w);
    ent_rows_obj_end(&t->x->w);
    return r;
}

static enum ent_err put_around(void *ctx, uint64_t id, const struct ent_observable *o)
{
    struct telling *t = ctx;
    bool sees = false;
    enum ent_err r = ent_console_sees(t->x, &sees, id);
    if (r != ENT_OK || !sees || t->n == AROUND_TOLD)
        return r;
    t->n++;
    ent_rows_obj(&t->x->w, NULL);
    put_observable(&t->x->w, o);
    ent_rows_obj_end(&t->x->w);
    return ENT_OK;
}

static enum ent_err put_name(void *ctx, struct ent_slice name)
{
    struct telling *t = ctx;
    if (t->n++ < AROUND_TOLD)
        ent_rows_str(&t->x->w, NULL, name);
    return ENT_OK;
}

static enum ent_err put_sighting(void *ctx, const struct ent_sighting *g)
{
    struct telling *t = ctx;
    struct ent_rows *w = &t->x->w;
    if (t->n++ >= SEEN_TOLD)
        return ENT_OK;
    ent_rows_obj(w, NULL);
    ent_rows_str(w, "log", g->path);
    ent_rows_u64(w, "count", g->count);
    ent_rows_u64(w, "line", g->line);
    ent_rows_time(w, "first", g->first);
    ent_rows_time(w, "last", g->last);
    ent_rows_obj_end(w);
    return ENT_OK;
}

/* The observable of the query, for whoever may see it. */
static enum ent_err find(struct ent_console_call *x, struct ent_observable *o, uint64_t *ret_id,
                         struct ent_diag *d)
{
    bool sees = false;
    enum ent_err r = ent_observable_parse_as(o, NULL, x->q->type, ent_slice_str(x->q->text));
    if (r == ENT_OK)
        r = ent_store_find(x->store->opts.store, ret_id, o);
    if (r == ENT_OK)
        r = ent_console_sees(x, &sees, *ret_id);
    if (r == ENT_E_NOTFOUND || (r == ENT_OK && !sees))
        return ent_fail(d, ENT_E_NOTFOUND, "nothing is known of it", 0, 0);
    return r;
}

enum ent_err ent_console_indicator(struct ent_console_call *x, struct ent_diag *d)
{
    struct ent_store *s = x->store->opts.store;
    struct ent_rows *w = &x->w;
    struct telling t = {.x = x};
    struct ent_observable o;
    char stix[ENT_STIX_SCO_ID];
    uint64_t id = 0;
    enum ent_err r = find(x, &o, &id, d);
    if (r != ENT_OK)
        return r;
    put_observable(w, &o);
    if (ent_stix_id_of(stix, &o) == ENT_OK)
        ent_rows_cstr(w, "stix_id", stix);
    ent_rows_arr(w, "claims");
    r = ent_store_claims_of(s, id, put_whole_claim, &t);
    ent_rows_arr_end(w);
    ent_rows_arr(w, "tags");
    if (r == ENT_OK)
        r = ent_store_tags(s, id, put_tag, w);
    ent_rows_arr_end(w);
    ent_rows_arr(w, "within");
    t.n = 0;
    if (r == ENT_OK)
        r = ent_store_around(s, &o, put_around, &t);
    ent_rows_arr_end(w);
    ent_rows_arr(w, "warnings");
    t.n = 0;
    if (r == ENT_OK)
        r = ent_store_warned_around(s, &o, put_name, &t);
    ent_rows_arr_end(w);
    ent_rows_arr(w, "sightings");
    t.n = 0;
    if (r == ENT_OK)
        r = ent_store_sightings(s, 0, &o, put_sighting, &t);
    ent_rows_arr_end(w);
    return r;
}

/* --- tags ---------------------------------------------------------------------------------------
 */

enum ent_err ent_console_tag(struct ent_console_call *x, struct ent_diag *d)
{
    struct ent_store *s = x->store->opts.store;
    const struct ent_slice tag = ent_slice_str(x->q->tag);
    struct ent_observable o;
    uint64_t id = 0;
    enum ent_err r = find(x, &o, &id, d);
    if (r != ENT_OK || (r = ent_store_begin(s)) != ENT_OK)
        return r;
    r = x->q->remove ? ent_store_untag(s, id, tag) : ent_store_tag(s, id, tag, x->now);
    if (r == ENT_OK)
        r = ent_store_commit(s);
    if (r != ENT_OK)
        ent_store_rollback(s);
    if (r == ENT_E_FORMAT)
        return ent_fail(d, r, "a tag is visible text without blanks around it", 0, 0);
    if (r == ENT_E_NOTFOUND)
        return ent_fail(d, r, "it has no such tag", 0, 0);
    ent_rows_arr(&x->w, "tags");
    if (r == ENT_OK)
        r = ent_store_tags(s, id, put_tag, &x->w);
    ent_rows_arr_end(&x->w);
    return r;
}
