/* console_today.c: what was seen, and how this node is set. */
#include "node/node.h"

#include "node/console_parts.h"

#define DAY        INT64_C(86400)
#define DAYS       30u
#define MOST_SEEN  10u
#define HITS_TOLD  100u
#define LOGS_TOLD  50u
#define HITS_AGAIN 30 /* seconds: watchers write what they found a little later */

/* --- sightings ----------------------------------------------------------------------------------
 */

static enum ent_err put_day(void *ctx, int64_t day, uint64_t first, uint64_t last)
{
    struct ent_rows *w = ctx;
    ent_rows_obj(w, NULL);
    ent_rows_i64(w, "day", day);
    ent_rows_u64(w, "first", first);
    ent_rows_u64(w, "last", last);
    ent_rows_obj_end(w);
    return ENT_OK;
}

static enum ent_err put_most(void *ctx, uint64_t id, const struct ent_observable *o, uint64_t count,
                             int64_t last)
{
    struct ent_console_call *x = ctx;
    struct ent_rows *w = &x->w;
    bool sees = false;
    enum ent_err r = ent_console_sees(x, &sees, id);
    if (r != ENT_OK || !sees)
        return r;
    ent_rows_obj(w, NULL);
    ent_rows_cstr(w, "type", ent_obs_type_name(o->type));
    ent_rows_str(w, "value", ent_slice(o->text, o->n));
    ent_rows_u64(w, "count", count);
    ent_rows_time(w, "last", last);
    ent_rows_obj_end(w);
    return ENT_OK;
}

struct hits {
    struct ent_console_call *x;
    unsigned n;
    int64_t last;
};

/* ENT_E_LIMIT: enough. The last ones come first. */
static enum ent_err put_hit(void *ctx, const struct ent_sighting *g)
{
    struct hits *h = ctx;
    struct ent_store *s = h->x->store->opts.store;
    struct ent_rows *w = &h->x->w;
    struct ent_observable o = {.type = g->type, .n = (uint16_t)g->value.n};
    uint64_t id = 0;
    bool sees = false;
    memcpy(o.text, g->value.p, g->value.n); /* at most ENT_OBS_MAX */
    o.text[o.n] = '\0';
    enum ent_err r = ent_store_find(s, &id, &o);
    if (r == ENT_OK)
        r = ent_console_sees(h->x, &sees, id);
    if (r != ENT_OK || !sees)
        return r == ENT_E_NOTFOUND ? ENT_OK : r;
    if (g->last > h->last)
        h->last = g->last;
    ent_rows_obj(w, NULL);
    ent_rows_cstr(w, "type", ent_obs_type_name(o.type));
    ent_rows_str(w, "value", g->value);
    ent_rows_str(w, "log", g->path);
    ent_rows_u64(w, "line", g->line);
    ent_rows_u64(w, "count", g->count);
    ent_rows_time(w, "first", g->first);
    ent_rows_time(w, "last", g->last);
    ent_rows_obj_end(w);
    return ++h->n == HITS_TOLD ? ENT_E_LIMIT : ENT_OK;
}

static enum ent_err put_hits(struct ent_console_call *x, int64_t since, int64_t *ret_last)
{
    struct hits h = {.x = x};
    ent_rows_arr(&x->w, "hits");
    enum ent_err r = ent_store_sightings(x->store->opts.store, since, NULL, put_hit, &h);
    ent_rows_arr_end(&x->w);
    *ret_last = h.last;
    return r == ENT_E_LIMIT ? ENT_OK : r;
}

/* What was seen since the last event, and a little of what came before it, which the page knows
 * again: a hit has the time when it was found, and is in the store a moment later. */
enum ent_err ent_console_hits(struct ent_console_call *x, struct ent_diag *d)
{
    int64_t from = (int64_t)x->q->from, last = 0;
    (void)d;
    enum ent_err r = put_hits(x, from > HITS_AGAIN ? from - HITS_AGAIN : 0, &last);
    ent_rows_u64(&x->w, "last", (uint64_t)(last > from ? last : from));
    return r;
}

static enum ent_err put_log(void *ctx, const struct ent_log_sum *l)
{
    struct ent_rows *w = ctx;
    ent_rows_obj(w, NULL);
    ent_rows_str(w, "path", l->path);
    ent_rows_u64(w, "indicators", l->observables);
    ent_rows_u64(w, "count", l->count);
    ent_rows_time(w, "first", l->first);
    ent_rows_time(w, "last", l->last);
    ent_rows_obj_end(w);
    return ENT_OK;
}

enum ent_err ent_console_watch(struct ent_console_call *x, struct ent_diag *d)
{
    int64_t last = 0;
    (void)d;
    ent_rows_arr(&x->w, "logs");
    enum ent_err r = ent_store_log_sums(x->store->opts.store, x->who.clearance,
                                        x->q->limit == 0 ? LOGS_TOLD : x->q->limit, put_log, &x->w);
    ent_rows_arr_end(&x->w);
    if (r == ENT_OK)
        r = put_hits(x, 0, &last);
    ent_rows_u64(&x->w, "last", (uint64_t)last);
    return r;
}

/* --- the day ------------------------------------------------------------------------------------
 */

enum ent_err ent_console_today(struct ent_console_call *x, struct ent_diag *d)
{
    struct ent_store *s = x->store->opts.store;
    uint32_t days = x->q->days == 0 ? DAYS : x->q->days;
    int64_t today = x->now - x->now % DAY, since = today - (int64_t)(days - 1) * DAY;
    uint64_t claims = 0;
    (void)d;
    ent_rows_i64(&x->w, "since", since);
    ent_rows_u64(&x->w, "days", days);
    ent_rows_arr(&x->w, "sightings");
    enum ent_err r = ent_store_sighted_days(s, x->who.clearance, since, put_day, &x->w);
    ent_rows_arr_end(&x->w);
    ent_rows_arr(&x->w, "most_seen");
    if (r == ENT_OK)
        r = ent_store_sighted_most(s, x->who.clearance, since, MOST_SEEN, put_most, x);
    ent_rows_arr_end(&x->w);
    if (r == ENT_OK && (r = ent_console_put_sources(x, false)) == ENT_OK)
        r = ent_console_put_asked(x);
    for (size_t i = 0; i < x->store->facets; i++)
        if (ent_may_see(&x->who, x->store->facet[i].tlp))
            claims += x->store->facet[i].claims;
    ent_rows_u64(&x->w, "claims", claims);
    return r;
}

/* --- settings -----------------------------------------------------------------------------------
 */

static enum ent_err put_setting(void *ctx, const char *name, const char *value, const char *def,
                                const char *help)
{
    struct ent_rows *w = ctx;
    ent_rows_obj(w, NULL);
    ent_rows_cstr(w, "name", name);
    ent_rows_cstr(w, "value", value);
    ent_rows_cstr(w, "default", def);
    ent_rows_cstr(w, "help", help);
    ent_rows_obj_end(w);
    return ENT_OK;
}

enum ent_err ent_console_settings(struct ent_console_call *x, struct ent_diag *d)
{
    (void)d;
    ent_rows_arr(&x->w, "settings");
    enum ent_err r = ent_config_each(x->store->opts.config, put_setting, &x->w);
    ent_rows_arr_end(&x->w);
    return r;
}
