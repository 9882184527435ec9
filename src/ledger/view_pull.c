/* view_pull.c: the newest head that somebody serves, the proof that it grows out of ours, and the
 * entries below it. The server may be anything: every answer has a size that is known before it is
 * asked for, every call has a number of answers, and nothing is believed until it leads to a root
 * that the log has signed. */
#include "ledger/ledger.h"
#include "ledger/view_parts.h"

#define TILE_BYTES   (ENT_TILE_WIDTH * 32u)
#define CACHED       32u
#define ENTRIES_MOST 65536u      /* in one call */
#define BATCH_BYTES  (32u << 20) /* in memory at a time, and two bundles at least */
#define BUNDLE_MAX   (ENT_TILE_WIDTH * (2u + ENT_ENTRY_MAX))
#define TRIES        3

/* --- tiles over the wire -----------------------------------------------------------------------
 */

struct fetch {
    struct ent_view *v;
    struct ent_diag *d;
    const struct ent_wire *wire;
    const char *from;
    char origin[ENT_LOG_ORIGIN];
    bool missing; /* something below a signed head was not given: */
    char what[ENT_TILE_PATH_MAX],
        asked[ENT_TILE_PATH_MAX]; /* the first such, and the last of all */
    bool lost;                    /* no answer came */
    bool cached;                  /* ask nobody: the lock is held */
    size_t turn;
    struct {
        struct ent_tile tile;
        uint8_t bytes[TILE_BYTES];
    } cache[CACHED];
};

void ent_view_log_path(char ret[static ENT_VIEW_PATH], const char *origin, const char *name)
{
    (void)snprintf(ret, ENT_VIEW_PATH, ENT_VIEW_PREFIX "log/%s/%s", origin, name);
}

/* What was asked for last is missing, or is wrong. */
static void miss(struct fetch *f)
{
    if (!f->missing)
        memcpy(f->what, f->asked, sizeof(f->what));
    f->missing = true;
}

static enum ent_err get(struct fetch *f, struct ent_buf *b, const char *name)
{
    char path[ENT_VIEW_PATH];
    unsigned status = 0;
    ent_view_log_path(path, f->origin, name);
    (void)snprintf(f->asked, sizeof(f->asked), "%s", name);
    ent_buf_clear(b);
    enum ent_err r =
        f->wire->call(f->wire->ctx, &status, b, f->from, "GET", path, ent_slice(NULL, 0));
    f->lost = f->lost || (r != ENT_OK && r != ENT_E_LIMIT);
    if (r != ENT_OK)
        return r;
    return status == 200 ? ENT_OK : ENT_E_NOTFOUND;
}

/* The bytes of a tile, or of the whole one that a server may keep in the place of a part. */
static enum ent_err get_tile(struct fetch *f, struct ent_buf *b, const struct ent_tile *tile)
{
    struct ent_tile whole = *tile;
    char path[ENT_TILE_PATH_MAX];
    enum ent_err r = ent_tile_path(path, tile);
    if (r == ENT_OK)
        r = get(f, b, path);
    whole.width = ENT_TILE_WIDTH;
    if (r == ENT_E_NOTFOUND && tile->width < ENT_TILE_WIDTH &&
        (r = ent_tile_path(path, &whole)) == ENT_OK)
        r = get(f, b, path);
    if (r == ENT_E_NOTFOUND || r == ENT_E_LIMIT)
        miss(f);
    return r;
}

static enum ent_err read_tile(void *ctx, uint8_t *ret, const struct ent_tile *t)
{
    struct fetch *f = ctx;
    size_t n = t->width * 32u;
    struct ent_buf b;
    for (size_t i = 0; i < CACHED; i++)
        if (f->cache[i].tile.width >= t->width && f->cache[i].tile.level == t->level &&
            f->cache[i].tile.n == t->n) {
            memcpy(ret, f->cache[i].bytes, n);
            return ENT_OK;
        }
    if (f->cached)
        return ENT_E_PEER;
    ent_buf_init(&b, TILE_BYTES);
    enum ent_err r = get_tile(f, &b, t);
    if (r == ENT_E_LIMIT || (r == ENT_OK && b.n != n && b.n != TILE_BYTES)) {
        miss(f);
        r = ENT_E_PEER;
    }
    if (r == ENT_OK) {
        size_t i = f->turn++ % CACHED;
        memcpy(f->cache[i].bytes, b.p, n);
        f->cache[i].tile = *t;
        memcpy(ret, b.p, n);
    }
    ent_buf_release(&b);
    return r;
}

/* --- heads -------------------------------------------------------------------------------------
 */

struct pull {
    struct ent_view *v;
    struct ent_diag *d;
    struct ent_vlog *l;
    struct fetch *f;
    bool first_hand; /* asked of the log itself: what it does not give, it withholds */
    int64_t now;
    uint64_t budget; /* entries that may still be asked for */
    uint64_t known;  /* the largest size that the log signed, before it was asked */
    unsigned epoch;  /* of the view's roster: with another one, nothing here is what it was */
    struct ent_last_head last;     /* that the signer knows of this log, */
    struct ent_merkle_proof proof; /* and how the head that is taken grows out of it */
};

/* Every piece of work on the log stands between this and ent_view_leave(). */
static enum ent_err enter(struct pull *p)
{
    ent_view_enter(p->v);
    if (p->v->epoch != p->epoch)
        return ent_fail(p->d, ENT_E_STATE, "the pact has changed meanwhile", 0, 0);
    return ent_vlog_load(p->v, p->l, p->d);
}

/* A larger head becomes ours, if what was proved from is still our head. *ret_again: it is not. */
static enum ent_err advance(struct pull *p, const struct ent_vhead *before, bool had,
                            struct ent_vhead *h, bool *ret_again)
{
    struct ent_vlog *l = p->l;
    enum ent_err r;
    if (l->has_head != had || (had && !ent_vhead_same(&l->head, before))) {
        *ret_again = true;
        return ENT_OK;
    }
    if ((r = ent_vlog_equals(p->v, l, h)) != ENT_OK)
        return r;
    if (!ent_vlog_is_open(p->v, l, h))
        return ent_vlog_keep(p->v, l, h, false);
    r = ent_vlog_cosign(p->v, l, h, p->last.size, &p->proof, p->now);
    if (r != ENT_OK && r != ENT_E_STATE && r != ENT_E_POLICY && r != ENT_E_AUTH)
        return r; /* what the signer does not want is a head without our cosignature */
    if (h->size > ent_vlog_largest(l))
        ent_vlog_heard(p->v, l, p->now);
    return ent_vlog_set_head(p->v, l, h);
}

static struct ent_merkle_source source_of(struct ent_tile_source *s, struct fetch *f, uint64_t size)
{
    *s = (struct ent_tile_source){.size = size, .ctx = f, .read = read_tile};
    return ent_tile_merkle_source(s);
}

/* Does h grow out of what we have? Without the lock: this asks. */
static enum ent_err prove(struct pull *p, const struct ent_vhead *before, bool had,
                          const struct ent_vhead *h)
{
    struct ent_tile_source tiles;
    struct ent_merkle_source source = source_of(&tiles, p->f, h->size);
    struct ent_merkle_proof proof = {.n = 0};
    struct ent_hash32 empty;
    enum ent_err r = ENT_OK;
    ent_sha256_of(&empty, ent_slice(NULL, 0));
    if (had && before->size > 0)
        r = ent_merkle_prove_consistency(&proof, before->size, h->size, &source);
    if (r == ENT_OK)
        r = ent_merkle_check_consistency(had ? before->size : 0, had ? &before->root : &empty,
                                         h->size, &h->root, proof.hash, proof.n);
    if (r == ENT_OK && p->last.size == before->size)
        p->proof = proof;
    else if (r == ENT_OK && p->last.size > 0 && p->last.size < h->size)
        r = ent_merkle_prove_consistency(&p->proof, p->last.size, h->size, &source);
    return r;
}

/* Have in the cache what a proof between the two needs, so that nothing is asked with the lock
 * held. */
static enum ent_err warm(struct pull *p, uint64_t size1, uint64_t size2)
{
    struct ent_tile_source tiles;
    struct ent_merkle_source source = source_of(&tiles, p->f, size2);
    struct ent_merkle_proof proof;
    struct ent_hash32 root;
    enum ent_err r = ent_merkle_source_root(&root, size1, &source);
    return r == ENT_OK ? ent_merkle_prove_consistency(&proof, size1, size2, &source) : r;
}

/* What is served does not grow out of our head: a fork if it leads to what was signed, and nothing
 * if it does not. */
static enum ent_err expose(struct pull *p, const struct ent_vhead *before,
                           const struct ent_vhead *h)
{
    struct ent_tile_source tiles;
    struct ent_merkle_source source = source_of(&tiles, p->f, h->size);
    enum ent_err r = warm(p, before->size, h->size);
    if (r != ENT_OK)
        return r;
    p->f->cached = true;
    if ((r = enter(p)) == ENT_OK && (r = ent_vlog_keep(p->v, p->l, h, false)) == ENT_OK)
        r = ent_vlog_compare(p->v, p->l, before, h, &source);
    ent_view_leave(p->v);
    p->f->cached = false;
    if (r == ENT_OK || r == ENT_E_PEER)
        miss(p->f);
    return r == ENT_OK ? ENT_E_PEER : r;
}

/* The heads that were shown to us and never checked, against the tree below this one; up to the
 * first that is not of it. */
static enum ent_err settle(struct pull *p, const struct ent_vhead *h)
{
    struct ent_tile_source tiles;
    struct ent_merkle_source source = source_of(&tiles, p->f, h->size);
    struct ent_seen s;
    size_t at = SIZE_MAX;
    enum ent_err r = ENT_OK;
    for (size_t n = 0; n < ENT_SETTLE_MOST && r == ENT_OK; n++) {
        bool any = false;
        if ((r = enter(p)) == ENT_OK)
            any = ent_vlog_unsettled(p->l, &s, &at, h->size);
        ent_view_leave(p->v);
        if (!any || (r = warm(p, s.size, h->size)) != ENT_OK)
            break;
        p->f->cached = true;
        if ((r = enter(p)) == ENT_OK)
            r = ent_vlog_settle(p->v, p->l, &s, h, &source);
        ent_view_leave(p->v);
        p->f->cached = false;
        /* the tiles lead to the head that they were proved by, and not to this one */
        if (r == ENT_E_PEER)
            miss(p->f);
    }
    return r;
}

/* What is no larger than ours is only heard. *ret_larger: it is, and `before` is what we had. */
static enum ent_err compare_sizes(struct pull *p, const struct ent_vhead *h,
                                  struct ent_vhead *before, bool *had, bool *ret_larger)
{
    enum ent_err r = enter(p);
    *ret_larger = false;
    if (r == ENT_OK) {
        *had = p->l->has_head;
        *before = p->l->head;
        *ret_larger = !*had || h->size > before->size;
        p->proof.n = 0;
        r = *ret_larger ? ent_vlog_signed(p->v, p->l, &p->last)
                        : ent_vlog_hear(p->v, p->l, h, p->now);
    }
    ent_view_leave(p->v);
    return r;
}

/* One head that was served; it becomes ours when it grows out of ours. */
static enum ent_err take_head(struct pull *p, struct ent_vhead *h)
{
    struct ent_vhead before;
    bool had = false, again = true, larger;
    enum ent_err r = ENT_OK;
    for (int i = 0; i < TRIES && again && r == ENT_OK; i++) {
        again = false;
        if ((r = compare_sizes(p, h, &before, &had, &larger)) != ENT_OK || !larger)
            return r;
        r = prove(p, &before, had, h);
        if (r == ENT_E_AUTH)
            return expose(p, &before, h);
        enum ent_err kept = enter(p);
        if (kept == ENT_OK)
            kept = r == ENT_OK ? advance(p, &before, had, h, &again)
                               : ent_vlog_keep(p->v, p->l, h, false);
        ent_view_leave(p->v);
        r = r == ENT_OK ? kept : r;
    }
    return r == ENT_OK && again ? ENT_E_STATE : r;
}

static enum ent_err get_head(struct pull *p, struct ent_vhead *ret)
{
    struct ent_buf b;
    ent_buf_init(&b, ENT_NOTE_MAX);
    enum ent_err r = get(p->f, &b, "checkpoint");
    if (r == ENT_E_LIMIT)
        r = ENT_E_PEER;
    if (r == ENT_OK) {
        if ((r = enter(p)) == ENT_OK &&
            ent_vhead_read(ret, p->v, p->l, ent_buf_slice(&b), p->l->has_head ? &p->l->head : NULL,
                           p->d) != ENT_OK)
            r = ENT_E_PEER;
        ent_view_leave(p->v);
    }
    /* It signed a head, and has none to show. */
    if (p->first_hand && p->known > 0 && !p->f->lost && (r == ENT_E_NOTFOUND || r == ENT_E_PEER))
        miss(p->f);
    ent_buf_release(&b);
    return r;
}

/* --- entries -----------------------------------------------------------------------------------
 */

/* Entries from `from` on, as a bundle each in `b`, up to before *ret_to. */
static enum ent_err fetch_entries(struct pull *p, struct ent_buf *b, uint64_t from, uint64_t end,
                                  uint64_t size, uint64_t *ret_to)
{
    struct ent_buf bundle;
    struct ent_slice entry;
    uint64_t at = from;
    enum ent_err r = ENT_OK;
    ent_buf_init(&bundle, BUNDLE_MAX);
    while (r == ENT_OK && at < end && b->n < BATCH_BYTES - BUNDLE_MAX) {
        struct ent_tile t = {.entries = true, .n = at / ENT_TILE_WIDTH, .width = ENT_TILE_WIDTH};
        uint64_t first = t.n * ENT_TILE_WIDTH, stop = first + ENT_TILE_WIDTH;
        if (size - first < ENT_TILE_WIDTH)
            t.width = (unsigned)(size - first);
        stop = stop > end ? end : stop;
        if ((r = get_tile(p->f, &bundle, &t)) != ENT_OK)
            break;
        struct ent_cur c = ent_cur(ent_buf_slice(&bundle));
        for (uint64_t i = first; i < stop && r == ENT_OK; i++) {
            r = ent_bundle_next(&c, &entry);
            if (r == ENT_OK && i >= at)
                r = ent_bundle_put(b, entry);
        }
        at = stop;
    }
    ent_buf_release(&bundle);
    if (r == ENT_E_FORMAT || r == ENT_E_LIMIT) {
        miss(p->f);
        r = ENT_E_PEER;
    }
    *ret_to = at;
    return r;
}

/* What leads from them to the head, out of the tiles. Without the lock: this asks. */
static enum ent_err prove_entries(struct pull *p, struct ent_add_entries *a,
                                  const struct ent_vhead *h)
{
    struct ent_tile_source tiles;
    struct ent_merkle_source source = source_of(&tiles, p->f, h->size);
    return ent_merkle_prove_consistency(&a->proof, a->to, h->size, &source);
}

/* Behind what the mirror has. */
static enum ent_err append(struct pull *p, const struct ent_add_entries *a,
                           const struct ent_vhead *h)
{
    enum ent_err r = ent_vlog_append(p->v, p->l, a, h, p->d);
    if (r == ENT_E_STATE)
        return ENT_OK; /* another process was faster, or there was damage */
    if (r == ENT_E_AUTH)
        miss(p->f);
    return r == ENT_E_AUTH ? ENT_E_PEER : r;
}

/* The mirror, up to this head, as far as one call goes. */
static enum ent_err mirror(struct pull *p, const struct ent_vhead *h)
{
    struct ent_buf b;
    uint64_t end;
    enum ent_err r = ENT_OK;
    ent_buf_init(&b, BATCH_BYTES);
    while (r == ENT_OK && p->budget > 0) {
        struct ent_add_entries a = {.end = h->size};
        if ((r = enter(p)) == ENT_OK && (r = ent_vlog_tree(p->v, p->l, p->d)) == ENT_OK)
            a.from = p->l->mirrored;
        ent_view_leave(p->v);
        if (r != ENT_OK || a.from >= h->size)
            break;
        end = h->size - a.from > p->budget ? a.from + p->budget : h->size;
        ent_buf_clear(&b);
        if ((r = fetch_entries(p, &b, a.from, end, h->size, &a.to)) != ENT_OK ||
            (r = prove_entries(p, &a, h)) != ENT_OK)
            break;
        a.entries = ent_buf_slice(&b);
        p->budget -= a.to - a.from;
        if ((r = enter(p)) == ENT_OK)
            r = append(p, &a, h);
        ent_view_leave(p->v);
    }
    ent_buf_release(&b);
    return r;
}

/* --- one log, and all of a member --------------------------------------------------------------
 */

static enum ent_err pull_log(struct pull *p, bool with_entries)
{
    struct ent_vhead h, ours = {0};
    enum ent_err r;
    if ((r = get_head(p, &h)) != ENT_OK)
        return r;
    if (p->first_hand && h.size < p->known) /* an older one than it signed; it may be of a fork */
        miss(p->f);
    if ((r = take_head(p, &h)) != ENT_OK || p->f->missing)
        return r == ENT_OK ? ENT_E_PEER : r;
    bool known = false;
    if ((r = enter(p)) == ENT_OK) {
        known = p->l->has_head;
        ours = p->l->head;
    }
    ent_view_leave(p->v);
    if (r != ENT_OK || !known)
        return r;
    if (ent_vhead_same(&h, &ours) && (r = settle(p, &h)) != ENT_OK)
        return r;
    return with_entries && h.size >= ours.size ? mirror(p, &ours) : ENT_OK;
}

/* What the log itself did not give once, asked of it again: that others gave it meanwhile settles
 * nothing. It is compared with the mirror. */
static bool gives_now(struct pull *p, const char *what)
{
    struct ent_buf b, ours;
    struct ent_tile t;
    uint64_t size = 0;
    if (ent_tile_parse(&t, ent_slice_str(what)) != ENT_OK)
        return true; /* a checkpoint, and that it has shown now */
    ent_buf_init(&b, BUNDLE_MAX);
    ent_buf_init(&ours, BUNDLE_MAX);
    bool good = enter(p) == ENT_OK;
    if (good) {
        size = (p->l->mirrored >> (8 * t.level)) - t.n * ENT_TILE_WIDTH;
        t.width = size < ENT_TILE_WIDTH ? (unsigned)size : ENT_TILE_WIDTH;
        good = p->l->mirrored >> (8 * t.level) > t.n * ENT_TILE_WIDTH &&
               ent_vlog_tree(p->v, p->l, p->d) == ENT_OK &&
               ent_tree_get(p->l->tree, &ours, t) == ENT_OK;
    }
    ent_view_leave(p->v);
    good = good && get_tile(p->f, &b, &t) == ENT_OK;
    if (good && (b.n < ours.n || memcmp(b.p, ours.p, ours.n) != 0)) {
        miss(p->f);
        good = false;
    }
    ent_buf_release(&b);
    ent_buf_release(&ours);
    return good;
}

/* What this says of whoever was asked, if that was the log itself. */
static void conclude(struct pull *p, enum ent_err r)
{
    char what[ENT_TILE_PATH_MAX];
    bool owes = false;
    bool good = (r == ENT_OK || r == ENT_E_NOTFOUND) && !p->f->missing && !p->f->lost;
    if (!p->first_hand || (r == ENT_E_NOTFOUND && p->f->lost)) /* it has no address */
        return;
    if (enter(p) == ENT_OK)
        owes = ent_vlog_owes(p->v, p->l, what);
    ent_view_leave(p->v);
    bool paid = good && (!owes || gives_now(p, what));
    if (enter(p) == ENT_OK) {
        if (good)
            ent_vlog_heard(p->v, p->l, p->now);
        if (p->f->missing)
            ent_vlog_withheld(p->v, p->l, p->f->what, p->now);
        else if (good && !p->f->lost)
            ent_vlog_served(p->v, p->l, paid, p->now);
        else if (p->f->lost || r == ENT_E_PEER)
            ent_vlog_refused(p->v, p->l, p->now);
    }
    ent_view_leave(p->v);
}

static bool is_done(const struct ent_vlog *l, bool with_entries)
{
    /* A member's own votes for the closing may stand behind it. */
    return l->key->closed && l->has_head && l->head.size >= l->key->size &&
           (!with_entries || l->mirrored >= l->key->size);
}

static enum ent_err pull_one(struct pull *p, unsigned generation, const char *of, bool with_entries)
{
    enum ent_err r;
    ent_view_enter(p->v);
    p->epoch = p->v->epoch;
    p->l = ent_vlog_of(p->v, of, generation);
    r = p->l == NULL || ent_vlog_is_own(p->v, p->l) ? ENT_E_NOTFOUND
                                                    : ent_vlog_load(p->v, p->l, p->d);
    bool done = r == ENT_OK && is_done(p->l, with_entries);
    if (r == ENT_OK) {
        p->known = ent_vlog_largest(p->l);
        memcpy(p->f->origin, p->l->origin, sizeof(p->f->origin));
    }
    ent_view_leave(p->v);
    if (r != ENT_OK || done)
        return r;
    memset(p->f->cache, 0, sizeof(p->f->cache));
    p->f->missing = p->f->lost = false;
    r = pull_log(p, with_entries);
    conclude(p, r);
    if (r == ENT_E_AUTH)
        return ent_fail(p->d, r, "the log has signed two histories", 0, 0);
    if (p->f->missing)
        return ent_fail(p->d, ENT_E_PEER, "what is below a signed head is not served", 0, 0);
    return r == ENT_E_PEER ? ent_fail(p->d, r, "no head of the log is served", 0, 0) : r;
}

enum ent_err ent_view_pull(struct ent_view *v, struct ent_diag *d, const struct ent_wire *wire,
                           const char *of, const char *from, bool with_entries, int64_t now)
{
    struct fetch *f = calloc(1, sizeof(*f));
    struct pull p = {.v = v, .d = d, .f = f, .now = now, .budget = ENTRIES_MOST};
    unsigned generation[ENT_ROSTER_LOGS];
    size_t n = 0;
    enum ent_err r = f == NULL ? ENT_E_NOMEM : ENT_OK, one;
    if (r != ENT_OK)
        return r;
    *f = (struct fetch){.v = v, .d = d, .wire = wire, .from = from};
    p.first_hand = strcmp(of, from) == 0;
    ent_view_enter(v);
    const struct ent_roster_member *m = ent_roster_member(v->roster, of);
    for (; m != NULL && n < m->logs; n++)
        generation[n] = m->log[n].generation;
    ent_view_leave(v);
    if (n == 0)
        r = ent_fail(d, ENT_E_NOTFOUND, "there is no such log in the pact", 0, 0);
    /* The newest first. The others are closed, and not everybody has them. */
    for (size_t i = n; i-- > 0;) {
        one = pull_one(&p, generation[i], of, with_entries);
        if (r == ENT_OK && (one != ENT_E_NOTFOUND || i == n - 1))
            r = one;
    }
    free(f);
    return r;
}
