/*
 * watch_known.c: who says that what was seen is hostile, and which warning lists know it. The store
 * is asked at the moment of the hit, because a watch may run for days: an indicator may expire or
 * be taken back meanwhile. Answers are kept for some seconds, so that a log full of one address
 * costs the store little.
 */
#include "cli/watch.h"

#define SLOTS     256u
#define KEPT_SECS 5
#define VIEW_SECS 1 /* how old a view of the store may become */

struct slot {
    struct watch_who who;
    uint64_t id; /* of the indicator that was met; 0: free */
    struct ent_observable seen;
    int64_t until;
};

struct watch_known {
    struct ent_store *store;
    const struct watch_set *set;
    struct ent_watch *warned; /* every value of every warning list */
    bool sighted;             /* somebody wants to know how often */
    int64_t view;             /* since when the store is seen as it is now */
    struct slot slot[SLOTS];
};

static enum ent_err add_warned(void *ctx, const struct ent_observable *o)
{
    return ent_watch_add(ctx, o, 0);
}

enum ent_err watch_known_new(struct watch_known **ret, struct ent_store *s,
                             const struct watch_set *set, bool sighted)
{
    struct watch_known *k = calloc(1, sizeof(*k));
    enum ent_err r;
    if (k == NULL)
        return ENT_E_NOMEM;
    k->store = s;
    k->set = set;
    k->sighted = sighted;
    for (size_t i = 0; i < SLOTS; i++)
        ent_buf_init(&k->slot[i].who.words, 64u << 10);
    if ((r = ent_watch_new(&k->warned, 0)) != ENT_OK ||
        (r = ent_store_warned(s, add_warned, k->warned)) != ENT_OK ||
        (r = ent_watch_seal(k->warned)) != ENT_OK) {
        watch_known_free(k);
        return r;
    }
    *ret = k;
    return ENT_OK;
}

void watch_known_free(struct watch_known *k)
{
    if (k == NULL)
        return;
    for (size_t i = 0; i < SLOTS; i++)
        ent_buf_release(&k->slot[i].who.words);
    ent_watch_free(k->warned);
    free(k);
}

/* --- warning lists ------------------------------------------------------------------------------
 */

struct warn {
    struct watch_known *k;
    struct slot *slot;
    const struct ent_observable *value; /* what is asked about: what was seen, or its host */
    bool whole;                         /* that stands for all of what was seen */
};

/* name ends with the store's answer: only its length is kept here, see point_at_words(). */
static enum ent_err warned_by(void *ctx, struct ent_slice name)
{
    struct watch_who *w = &((struct warn *)ctx)->slot->who;
    size_t at = w->known.kind.n + w->known.text.n + w->known.source.n;
    for (size_t i = 0; i < w->warnings; i++) {
        if (ent_slice_eq(ent_slice(w->words.p + at, w->warning[i].n), name))
            return ENT_OK;
        at += w->warning[i].n;
    }
    if (w->warnings == WATCH_WARNINGS)
        return ENT_OK;
    w->warning[w->warnings++] = (struct ent_slice){NULL, name.n};
    return ent_buf_put_slice(&w->words, name);
}

static enum ent_err warned_level(void *ctx, const struct ent_observable *value, uint64_t id)
{
    struct warn *w = ctx;
    bool exact =
        w->whole && value->type == w->value->type && strcmp(value->text, w->value->text) == 0;
    (void)id;
    return ent_store_warned_by(w->k->store, w->slot->seen.type, value, exact, warned_by, w);
}

/* What was seen, what lies around it, and the same for the host that is in it. */
static enum ent_err find_warnings(struct watch_known *k, struct slot *s)
{
    struct ent_observable host;
    struct warn w = {k, s, &s->seen, true};
    if (ent_watch_count(k->warned) == 0)
        return ENT_OK;
    enum ent_err r = ent_watch_lookup(k->warned, &s->seen, warned_level, &w);
    if (r != ENT_OK || !ent_observable_host(&host, &s->seen))
        return r;
    w.value = &host;
    w.whole = s->seen.type == ENT_OBS_ENDPOINT;
    return ent_watch_lookup(k->warned, &host, warned_level, &w);
}

/* --- who ----------------------------------------------------------------------------------------
 */

struct wider {
    struct ent_store *store;
    struct ent_known *ret;
    int64_t now;
    bool found;
};

static enum ent_err ask_wider(void *ctx, const struct ent_observable *indicator, uint64_t id)
{
    struct wider *w = ctx;
    (void)indicator;
    if (w->found)
        return ENT_OK;
    enum ent_err r = ent_store_get(w->store, w->ret, id, w->now);
    w->found = r == ENT_OK;
    return r == ENT_E_NOTFOUND ? ENT_OK : r;
}

/* The closest indicator that holds now. The scan met the closest of all. */
static enum ent_err ask(struct watch_known *k, struct slot *s, int64_t now)
{
    struct wider w = {k->store, &s->who.known, now, false};
    enum ent_err r = ask_wider(&w, NULL, s->id);
    if (r == ENT_OK && !w.found && k->set != NULL)
        r = ent_watch_lookup(k->set->set, &s->seen, ask_wider, &w);
    if (!w.found)
        s->who.known.id = 0;
    return r;
}

/* The store's slices end with the next question: the words of all answers go into one buffer. */
static enum ent_err keep_words(struct watch_who *w)
{
    struct ent_slice *const part[] = {&w->known.kind, &w->known.text, &w->known.source};
    enum ent_err r = ENT_OK;
    w->known.labels = (struct ent_slice){NULL, 0}; /* not told here */
    for (size_t i = 0; i < 3 && r == ENT_OK; i++)
        r = ent_buf_put_slice(&w->words, *part[i]);
    return r;
}

static void point_at_words(struct watch_who *w)
{
    struct ent_slice *const part[] = {&w->known.kind, &w->known.text, &w->known.source};
    const uint8_t *p = w->words.p;
    for (size_t i = 0; i < 3; i++) {
        *part[i] = ent_slice(p, part[i]->n);
        p += part[i]->n;
    }
    for (size_t i = 0; i < w->warnings; i++) {
        w->warning[i].p = p;
        p += w->warning[i].n;
    }
}

static enum ent_err fill(struct watch_known *k, struct slot *s, int64_t now)
{
    struct watch_who *w = &s->who;
    enum ent_err r;
    if (now < k->view || now >= k->view + VIEW_SECS) {
        ent_store_rest(k->store);
        k->view = now;
    }
    ent_buf_clear(&w->words);
    w->known = (struct ent_known){.id = 0};
    w->warnings = 0;
    w->sighted = 0;
    s->until = now + KEPT_SECS;
    if ((r = ent_store_view(k->store)) != ENT_OK || (r = ask(k, s, now)) != ENT_OK ||
        w->known.id == 0)
        return r;
    if (w->known.valid_until != 0 && w->known.valid_until < s->until)
        s->until = w->known.valid_until;
    if ((r = keep_words(w)) != ENT_OK || (r = find_warnings(k, s)) != ENT_OK)
        return r;
    point_at_words(w);
    if (!k->sighted)
        return ENT_OK;
    struct ent_seen_here seen = {.count = 0};
    r = ent_store_sighted(k->store, &seen, w->known.id);
    w->sighted = seen.count;
    return r;
}

static size_t slot_of(const struct ent_hit *h)
{
    uint64_t sum = h->id ^ (uint64_t)h->seen_type << 56;
    for (size_t i = 0; i < h->seen.n; i++)
        sum = (sum ^ h->seen.p[i]) * 0x100000001B3u;
    return (size_t)(sum >> 24) % SLOTS;
}

enum ent_err watch_known_ask(struct watch_known *k, const struct watch_who **ret,
                             const struct ent_hit *h, int64_t now)
{
    struct slot *s = &k->slot[slot_of(h)];
    enum ent_err r = ENT_OK;
    bool same = s->id == h->id && s->seen.type == h->seen_type &&
                ent_slice_eq(ent_slice(s->seen.text, s->seen.n), h->seen);
    if (!same || now >= s->until || now < s->until - KEPT_SECS) {
        if (h->seen.n > ENT_OBS_MAX)
            ENT_BUG("seen what is no observable");
        s->id = h->id;
        s->seen.type = h->seen_type;
        s->seen.n = (uint16_t)h->seen.n;
        memcpy(s->seen.text, h->seen.p, h->seen.n);
        s->seen.text[h->seen.n] = '\0';
        r = fill(k, s, now);
    }
    if (r != ENT_OK)
        s->id = 0;
    else
        *ret = &s->who;
    return r;
}
