/* object.c: see object.h. */
#include "base/base.h"
#include "node/object.h"

/* --- out ---------------------------------------------------------------------------------------
 */

struct ent_object_out {
    struct ent_object_out_opts opts;
    struct ent_object_sums sums;
    uint8_t *done; /* a bit for each object, by its seq */
    size_t done_n;
    /* of the walk that is under way */
    enum ent_err (*put)(void *ctx, const struct ent_kept *k);
    void *put_ctx;
};

enum ent_err ent_object_out_new(struct ent_object_out **ret, const struct ent_object_out_opts *opts)
{
    struct ent_object_out *x = calloc(1, sizeof(*x));
    if (x == NULL)
        return ENT_E_NOMEM;
    x->opts = *opts;
    *ret = x;
    return ENT_OK;
}

void ent_object_out_free(struct ent_object_out *x)
{
    if (x != NULL)
        free(x->done);
    free(x);
}

struct ent_object_sums ent_object_out_sums(const struct ent_object_out *x)
{
    return x->sums;
}

static enum ent_err put_plain(void *ctx, const struct ent_kept *k)
{
    struct ent_object_out *x = ctx;
    x->sums.written++;
    return x->put(x->put_ctx, k);
}

enum ent_err ent_object_out_plain(struct ent_object_out *x, struct ent_slice source, int64_t since,
                                  enum ent_err (*put)(void *ctx, const struct ent_kept *k),
                                  void *ctx)
{
    const struct ent_object_filter f = {.source = source,
                                        .max_tlp = x->opts.door,
                                        .since = since,
                                        .plain = true,
                                        .narrower = &x->sums.narrower,
                                        .unreleased = &x->sums.unreleased};
    x->put = put;
    x->put_ctx = ctx;
    return ent_store_objects(x->opts.store, &f, put_plain, x);
}

/* Whether this one was there already; it is from now on. */
static enum ent_err mark_done(struct ent_object_out *x, bool *ret, uint64_t seq)
{
    size_t at = (size_t)(seq / 8);
    if (at >= x->done_n) {
        size_t n = at + at / 2 + 4096;
        uint8_t *more = realloc(x->done, n);
        if (more == NULL)
            return ENT_E_NOMEM;
        memset(more + x->done_n, 0, n - x->done_n);
        x->done = more;
        x->done_n = n;
    }
    uint8_t bit = (uint8_t)(1u << (seq % 8));
    *ret = (x->done[at] & bit) != 0;
    x->done[at] |= bit;
    return ENT_OK;
}

/* Whether the claim that this object makes on this observable may go. */
struct asking {
    const struct ent_object_out *x;
    const struct ent_kept *object;
    bool may, shut; /* shut: our own claim holds the observable back */
};

static enum ent_err ask_claim(void *ctx, const struct ent_claim *c)
{
    struct asking *a = ctx;
    a->shut = a->shut || (c->own && !ent_claim_may_pass(c->tlp, false, a->x->opts.door));
    if (!ent_slice_eq(c->source, a->object->source) || !ent_slice_eq(c->ext_id, a->object->id))
        return ENT_OK;
    a->may = ent_claim_state(c, a->x->opts.now) == ENT_CLAIM_VALID &&
             ent_claim_may_pass(c->tlp, a->object->held, a->x->opts.door) &&
             (a->x->opts.types & ENT_OBS_BIT(c->obs.type)) != 0;
    return ENT_OK;
}

/* What it says of one observable. */
static enum ent_err may_go_claim(const struct ent_object_out *x, bool *ret,
                                 const struct ent_kept *object, enum ent_obs_type type,
                                 struct ent_slice value)
{
    struct asking a = {.x = x, .object = object};
    struct ent_observable o;
    uint64_t id;
    enum ent_err r = ent_observable_parse_as(&o, NULL, type, value);
    if (r == ENT_OK)
        r = ent_store_find(x->opts.store, &id, &o);
    if (r == ENT_OK)
        r = ent_store_claims_of(x->opts.store, id, ask_claim, &a);
    *ret = r == ENT_OK && a.may && !a.shut;
    return r == ENT_E_NOTFOUND ? ENT_OK : r;
}

/* All that it speaks of may go, or nothing of it goes as it came: it may name what was decided
 * against here, or what nobody asked for. */
static enum ent_err may_go_whole(const struct ent_object_out *x, bool *ret,
                                 const struct ent_kept *object)
{
    struct ent_slice rest, value;
    struct ent_stix_gist g;
    enum ent_obs_type type;
    size_t n = 0;
    enum ent_err r = ent_stix_gist_parse(&g, object->gist);
    for (rest = g.names; r == ENT_OK && ent_stix_names_next(&type, &value, &rest);)
        n++;
    *ret = r == ENT_OK && (n == 1 || !x->opts.alone);
    for (rest = g.names; n > 1 && *ret && r == ENT_OK && ent_stix_names_next(&type, &value, &rest);)
        r = may_go_claim(x, ret, object, type, value);
    return r;
}

enum ent_err ent_object_out_claim(struct ent_object_out *x, bool *ret, struct ent_out *out,
                                  const struct ent_known *k)
{
    struct ent_kept kept;
    bool before, whole;
    *ret = false;
    if (k->ext_id.n == 0)
        return ENT_OK;
    enum ent_err r = ent_store_object(x->opts.store, &kept, k->source, k->ext_id);
    if (r != ENT_OK || !kept.taken || !ent_claim_may_pass(kept.tlp, kept.held, x->opts.door))
        return r == ENT_E_NOTFOUND ? ENT_OK : r;
    if ((r = may_go_whole(x, &whole, &kept)) != ENT_OK || !whole)
        return r;
    if ((r = mark_done(x, &before, kept.seq)) != ENT_OK)
        return r;
    *ret = true;
    ent_out_carried(out, k->obs.type);
    if (before)
        return ENT_OK;
    x->sums.written++;
    return ent_out_object(out, kept.id, kept.bytes);
}
