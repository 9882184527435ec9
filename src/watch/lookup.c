/*
 * lookup.c: asking the set about one observable, without a scan. A scan tells the closest indicator
 * that a token meets; here all of them are told, for callers to whom the closest may not be the one
 * that counts: an expired one in front of a valid one, several warning lists.
 */
#include "watch/watch.h"
#include "watch/set.h"

struct lookup {
    const struct ent_watch *w;
    enum ent_err (*each)(void *ctx, const struct ent_observable *indicator, uint64_t id);
    void *ctx;
};

static enum ent_err ask(const struct lookup *l, enum ent_obs_type type, struct ent_slice key)
{
    struct ent_observable o;
    uint64_t id;
    if (!ent_watch_find(l->w, type, key, &id))
        return ENT_OK;
    ent_watch_text(&o, type, key);
    return l->each(l->ctx, &o, id);
}

/* Networks of at most `most` bits around these bytes, the narrowest first. */
static enum ent_err ask_nets(const struct lookup *l, const uint8_t *b, size_t n, unsigned most)
{
    enum ent_obs_type type = n == 4 ? ENT_OBS_NET4 : ENT_OBS_NET6;
    uint8_t key[17];
    enum ent_err r = ENT_OK;
    memcpy(key, b, n);
    for (unsigned bits = most + 1; bits-- > 0 && r == ENT_OK;) {
        if (bits < 8 * n)
            key[bits / 8] &= (uint8_t) ~(0xFFu >> bits % 8);
        key[n] = (uint8_t)bits;
        uint64_t lengths = n == 4 ? l->w->net4 : l->w->net6[bits / 64 & 1];
        if (bits < 8 * n && (lengths >> bits % 64 & 1) != 0)
            r = ask(l, type, ent_slice(key, n + 1));
    }
    return r;
}

static enum ent_err ask_names(const struct lookup *l, struct ent_slice name)
{
    enum ent_err r = ask(l, ENT_OBS_DOMAIN, name);
    for (size_t i = 0; i + 1 < name.n && r == ENT_OK; i++)
        if (name.p[i] == '.')
            r = ask(l, ENT_OBS_DOMAIN, ent_slice(name.p + i + 1, name.n - i - 1));
    return r;
}

/* Starts of this URL, the longest first. */
static enum ent_err ask_starts(const struct lookup *l, struct ent_slice url)
{
    enum ent_err r = ENT_OK;
    uint64_t id;
    size_t n;
    for (; r == ENT_OK && ent_watch_find_start(l->w, url, &n, &id); url.n = n - 1) {
        struct ent_observable o;
        ent_watch_text(&o, ENT_OBS_URLPREFIX, ent_slice(url.p, n));
        r = l->each(l->ctx, &o, id);
    }
    return r;
}

enum ent_err ent_watch_lookup(
    const struct ent_watch *w, const struct ent_observable *o,
    enum ent_err (*each)(void *ctx, const struct ent_observable *indicator, uint64_t id), void *ctx)
{
    const struct lookup l = {w, each, ctx};
    uint8_t key[ENT_OBS_MAX];
    size_t n;
    enum ent_err r;
    if (!w->sealed)
        return ENT_E_STATE;
    if ((r = ent_watch_key(key, &n, o)) != ENT_OK)
        return r;
    if (o->type == ENT_OBS_DOMAIN)
        return ask_names(&l, ent_slice(key, n));
    if (o->type == ENT_OBS_URLPREFIX)
        return ask_starts(&l, ent_slice(key, n));
    if (o->type == ENT_OBS_NET4 || o->type == ENT_OBS_NET6)
        return ask_nets(&l, key, n - 1, key[n - 1]);
    if ((r = ask(&l, o->type, ent_slice(key, n))) != ENT_OK)
        return r;
    if (o->type == ENT_OBS_IPV4 || o->type == ENT_OBS_IPV6)
        r = ask_nets(&l, key, n, (unsigned)(8 * n));
    return r == ENT_OK && o->type == ENT_OBS_URL ? ask_starts(&l, ent_slice(key, n)) : r;
}
