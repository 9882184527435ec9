/* observe.c: which of what a watcher sees is kept, and when it is written. */
#include "node/node.h"

/* Why something is left out, as ids in one set. The first that is added stays: nothing is asked of
 * a warning list about what is left out anyway. */
enum why { OWN, RED, WARNED };

struct ent_observe {
    struct ent_observe_opts o;
    char dir[ENT_PATH_MAX];
    struct ent_observed *seen;
    struct ent_watch *left_out; /* own, TLP:RED, on warning lists */
    bool learned;               /* for this window, of the store with this mark: */
    struct ent_mark16 mark;
    struct ent_window_id id;
    bool begun;    /* there is a file of this window, or was */
    bool full;     /* ENT_OBSERVE_FULL was told */
    bool complain; /* ENT_OBSERVE_LATER was told */
    uint64_t flushed_ns;
};

enum ent_err ent_observe_folder(const struct ent_home *h, char ret[static ENT_PATH_MAX])
{
    return ent_home_path(h, ret, ENT_OBSERVE_FOLDER);
}

/* --- what is left out ---------------------------------------------------------------------------
 */

static enum ent_err add_own(void *ctx, const struct ent_observable *o)
{
    return ent_watch_add(ctx, o, OWN);
}

static enum ent_err add_red(void *ctx, const struct ent_observable *o)
{
    return ent_watch_add(ctx, o, RED);
}

static enum ent_err add_warned(void *ctx, const struct ent_observable *o)
{
    return ent_watch_add(ctx, o, WARNED);
}

/* Made anew with each window, and when the store took indicators. */
static enum ent_err learn(struct ent_observe *ob)
{
    struct ent_watch *w = NULL;
    struct ent_mark16 mark;
    enum ent_err r = ent_store_mark(ob->o.store, &mark);
    if (r != ENT_OK || (ob->learned && memcmp(mark.b, ob->mark.b, sizeof(mark.b)) == 0))
        return r;
    if ((r = ent_watch_new(&w, 0)) == ENT_OK &&
        (r = ent_config_own(ob->o.config, add_own, w)) == ENT_OK &&
        (r = ent_store_marked(ob->o.store, ENT_TLP_RED, add_red, w)) == ENT_OK &&
        !ob->o.config->observe_warned)
        r = ent_store_warned(ob->o.store, add_warned, w);
    if (r == ENT_OK)
        r = ent_watch_seal(w);
    if (r != ENT_OK) {
        ent_watch_free(w);
        return r;
    }
    ent_watch_free(ob->left_out);
    ob->left_out = w;
    ob->learned = true;
    ob->mark = mark;
    return ENT_OK;
}

struct asking {
    bool out, warned;
};

static enum ent_err meet(void *ctx, const struct ent_observable *what, uint64_t why)
{
    struct asking *a = ctx;
    (void)what;
    a->out = a->out || why != WARNED;
    a->warned = a->warned || why == WARNED;
    return ENT_OK;
}

static enum ent_err named(void *ctx, struct ent_slice name)
{
    (void)name;
    ((struct asking *)ctx)->out = true;
    return ENT_OK;
}

/* o itself, what lies around it, and the same for the host in it. A warning list says of which
 * types it speaks, so that it is asked once more. */
static enum ent_err leaves_out(void *ctx, const struct ent_observable *o, bool *ret)
{
    struct ent_observe *ob = ctx;
    struct asking a = {false, false};
    struct ent_observable host;
    enum ent_err r = ent_watch_lookup(ob->left_out, o, meet, &a);
    if (r == ENT_OK && ent_observable_host(&host, o))
        r = ent_watch_lookup(ob->left_out, &host, meet, &a);
    if (r == ENT_OK && !a.out && a.warned)
        r = ent_store_warned_around(ob->o.store, o, named, &a);
    *ret = a.out;
    return r;
}

/* --- writing ------------------------------------------------------------------------------------
 */

static void say(struct ent_observe *ob, enum ent_observe_event what, enum ent_err e,
                const struct ent_diag *d)
{
    if (ob->o.say != NULL)
        ob->o.say(ob->o.ctx, what, e, d);
}

static enum ent_err flush(struct ent_observe *ob, struct ent_diag *d)
{
    const struct ent_windows_add add = {.id = ob->id,
                                        .types = ob->o.config->observe_types,
                                        .most = ob->o.config->observe_max_items,
                                        .stop = ob->o.stop,
                                        .leaves_out = leaves_out,
                                        .ctx = ob};
    struct ent_windows_added told = {0};
    ob->flushed_ns = ent_clock_steady_ns();
    /* A window in which nothing was seen is one all the same: somebody watched. */
    if (ob->begun && ent_observed_count(ob->seen) == 0)
        return ENT_OK;
    enum ent_err r = learn(ob);
    if (r == ENT_OK && (r = ent_store_view(ob->o.store)) == ENT_OK)
        r = ent_windows_add(ob->dir, &add, ob->seen, &told, d);
    ent_store_rest(ob->o.store);
    if (r != ENT_OK)
        return r;
    ob->begun = true;
    ob->complain = false;
    ent_observed_clear(ob->seen);
    if (told.mended)
        say(ob, ENT_OBSERVE_MENDED, ENT_OK, NULL);
    if (told.dropped > 0 && !ob->full)
        say(ob, ENT_OBSERVE_FULL, ENT_OK, NULL);
    ob->full = ob->full || told.dropped > 0;
    return ENT_OK;
}

/* What was seen goes to the disk, or is lost: there is no room, or it is of another time. */
static void flush_now(struct ent_observe *ob)
{
    struct ent_diag d = {0};
    enum ent_err r = flush(ob, &d);
    if (r == ENT_OK)
        return;
    say(ob, ENT_OBSERVE_LOST, r, &d);
    ent_observed_clear(ob->seen);
}

static void expire(struct ent_observe *ob, int64_t now)
{
    struct ent_diag d = {0};
    uint64_t removed;
    enum ent_err r = ent_windows_expire(ob->dir, now, ob->o.config->observe_keep_seconds, &removed,
                                        ob->o.stop, &d);
    if (r != ENT_OK)
        say(ob, ENT_OBSERVE_KEPT, r, &d);
}

static enum ent_err begin(struct ent_observe *ob, struct ent_window_id id, int64_t now)
{
    ob->id = id;
    ob->begun = ob->full = ob->learned = false;
    expire(ob, now);
    return learn(ob);
}

static struct ent_window_id window_at(const struct ent_observe *ob, int64_t now)
{
    return ent_window_at(ob->o.at != 0 ? ob->o.at : now,
                         (uint32_t)ob->o.config->observe_window_seconds);
}

/* Time does not come back, and what is older than is kept would go with the next watcher. */
static enum ent_err check_past(const struct ent_observe *ob, int64_t now, struct ent_diag *d)
{
    struct ent_window_id id = window_at(ob, now);
    if (ob->o.at == 0)
        return ENT_OK;
    if (ob->o.at > now)
        return ent_fail(d, ENT_E_LIMIT, "that time is yet to come", 0, 0);
    if (id.start < 0 || id.start + id.seconds <= now - (int64_t)ob->o.config->observe_keep_seconds)
        return ent_fail(d, ENT_E_LIMIT, "that window has expired: see observe_keep_seconds", 0, 0);
    return ENT_OK;
}

void ent_observe_tick(struct ent_observe *ob, int64_t now)
{
    struct ent_window_id id = window_at(ob, now);
    struct ent_diag d = {0};
    enum ent_err r = ENT_OK;
    if (!ent_window_id_eq(id, ob->id)) {
        flush_now(ob);
        r = begin(ob, id, now);
    } else if (ent_clock_steady_ns() - ob->flushed_ns >= ENT_OBSERVE_FLUSH * UINT64_C(1000000000)) {
        r = flush(ob, &d);
    }
    if (r == ENT_OK || ob->complain)
        return;
    ob->complain = true;
    say(ob, ENT_OBSERVE_LATER, r, &d);
}

/* --- the interface ------------------------------------------------------------------------------
 */

enum ent_err ent_observe_new(struct ent_observe **ret, struct ent_diag *d,
                             const struct ent_observe_opts *opts, int64_t now)
{
    struct ent_observe *ob = calloc(1, sizeof(*ob));
    if (ob == NULL)
        return ENT_E_NOMEM;
    ob->o = *opts;
    ob->flushed_ns = ent_clock_steady_ns();
    enum ent_err r = ent_observe_folder(opts->home, ob->dir);
    if (r != ENT_OK)
        r = ent_fail(d, r, "path too long", 0, 0);
    else if ((r = check_past(ob, now, d)) == ENT_OK &&
             (r = ent_observed_new(&ob->seen, ENT_OBSERVE_BYTES)) == ENT_OK)
        r = begin(ob, window_at(ob, now), now);
    if (r != ENT_OK) {
        ent_observe_free(ob);
        return r;
    }
    *ret = ob;
    return ENT_OK;
}

void ent_observe_free(struct ent_observe *ob)
{
    if (ob == NULL)
        return;
    ent_observed_free(ob->seen);
    ent_watch_free(ob->left_out);
    free(ob);
}

bool ent_observe_wants(const struct ent_observe *ob, const struct ent_observable *o)
{
    return (ob->o.config->observe_types & ENT_OBS_BIT(o->type)) != 0 && ent_observable_is_public(o);
}

enum ent_err ent_observe_add(struct ent_observe *ob, const struct ent_observable *o)
{
    enum ent_err r = ent_observed_add(ob->seen, o);
    if (r != ENT_E_LIMIT)
        return r;
    flush_now(ob);
    return ent_observed_add(ob->seen, o);
}

enum ent_err ent_observe_end(struct ent_observe *ob, struct ent_diag *d)
{
    return flush(ob, d);
}

struct ent_window_id ent_observe_window(const struct ent_observe *ob)
{
    return ob->id;
}
