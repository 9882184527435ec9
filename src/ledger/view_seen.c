/* view_seen.c: every signed head that was ever shown. Most are of the one history there is and show
 * nothing; the one that is not is half of a proof, years later perhaps. */
#include "ledger/ledger.h"
#include "ledger/view_parts.h"

static void seen_name(char ret[static ENT_DISK_NAME_MAX], const struct ent_vlog *l)
{
    (void)snprintf(ret, ENT_DISK_NAME_MAX, "%s/seen", l->dir);
}

/* --- the file ----------------------------------------------------------------------------------
 */

static struct ent_seen *find(struct ent_vlog *l, uint64_t size, const struct ent_hash32 *root)
{
    for (size_t i = 0; i < l->seen_n; i++)
        if (l->seen[i].size == size && memcmp(l->seen[i].root.b, root->b, sizeof(root->b)) == 0)
            return &l->seen[i];
    return NULL;
}

/* A later record of one head stands for the earlier ones. */
static enum ent_err remember(struct ent_vlog *l, const struct ent_seen *s)
{
    struct ent_seen *known = find(l, s->size, &s->root);
    if (known != NULL) {
        bool past = known->past || s->past, settled = known->settled || s->settled;
        *known = *s;
        known->past = past;
        known->settled = settled;
        return ENT_OK;
    }
    if (l->seen_n == l->seen_cap) {
        size_t cap = l->seen_cap == 0 ? 16 : l->seen_cap * 2;
        struct ent_seen *more = realloc(l->seen, cap * sizeof(*more));
        if (more == NULL)
            return ENT_E_NOMEM;
        l->seen = more;
        l->seen_cap = cap;
    }
    l->seen[l->seen_n++] = *s;
    return ENT_OK;
}

static enum ent_err put_record(struct ent_buf *b, uint32_t *ret_at, const struct ent_view *v,
                               const struct ent_vlog *l, const struct ent_vhead *h, bool past)
{
    struct ent_buf note;
    ent_buf_init(&note, ENT_NOTE_MAX);
    enum ent_err r = ent_vhead_write(&note, v, l, h);
    if (r == ENT_OK)
        r = ent_buf_printf(b, "%s %zu\n", past ? "past" : "shown", note.n);
    *ret_at = (uint32_t)b->n;
    if (r == ENT_OK)
        r = ent_buf_put_slice(b, ent_buf_slice(&note));
    ent_buf_release(&note);
    return r;
}

/* ENT_E_FORMAT where a write was torn, or there is damage. Signatures are verified when one is
 * used, but for the last, which is the one that can be torn. */
static enum ent_err next_record(const struct ent_view *v, const struct ent_vlog *l,
                                struct ent_cur *c, const uint8_t *start, struct ent_seen *ret)
{
    struct ent_slice line, note = {NULL, 0};
    struct ent_vhead h;
    uint64_t n;
    enum ent_err r;
    if ((r = ent_cur_line(c, &line)) != ENT_OK)
        return r;
    bool past = ent_slice_starts(line, ENT_SLICE_LIT("past "));
    size_t word = past ? 5 : 6;
    if ((!past && !ent_slice_starts(line, ENT_SLICE_LIT("shown "))) ||
        ent_parse_u64(&n, ent_slice(line.p + word, line.n - word), ENT_NOTE_MAX) != ENT_OK)
        return ENT_E_FORMAT;
    *ret = (struct ent_seen){.at = (uint64_t)(c->p - start), .n = (uint32_t)n, .past = past};
    if ((r = ent_cur_take(c, &note, (size_t)n)) != ENT_OK ||
        (r = ent_vhead_peek(&h, v, l, note)) != ENT_OK ||
        (c->n == 0 && (r = ent_vhead_read(&h, v, l, note, NULL, NULL)) != ENT_OK))
        return r;
    ret->size = h.size;
    ret->root = h.root;
    ret->by = h.by;
    ret->settled = past;
    return ENT_OK;
}

/* To where the next record may begin. */
static void skip(struct ent_cur *c)
{
    struct ent_slice rest;
    do {
        c->p++;
        c->n--;
        rest = ent_slice(c->p, c->n);
    } while (c->n > 0 && !ent_slice_starts(rest, ENT_SLICE_LIT("shown ")) &&
             !ent_slice_starts(rest, ENT_SLICE_LIT("past ")));
}

/* Damage costs the record that it is in. What is behind the last good one is cut off: it was torn,
 * and nobody was told that it had been written. */
enum ent_err ent_vlog_load_seen(struct ent_view *v, struct ent_vlog *l)
{
    char name[ENT_DISK_NAME_MAX];
    const struct ent_disk *disk = v->opts.disk;
    struct ent_buf b;
    struct ent_seen s;
    uint64_t size;
    seen_name(name, l);
    enum ent_err r = disk->size(disk->ctx, &size, name);
    if (r != ENT_OK || size == l->seen_bytes)
        return r;
    l->seen_n = 0;
    l->seen_bytes = 0;
    if (size == 0)
        return ENT_OK;
    ent_buf_init(&b, 2 * ENT_SEEN_BYTES);
    if ((r = ent_disk_load(disk, &b, name)) != ENT_OK)
        goto out;
    struct ent_cur c = ent_cur(ent_buf_slice(&b)), whole = c;
    while (c.n > 0) {
        struct ent_cur next = c;
        if (next_record(v, l, &next, b.p, &s) != ENT_OK) {
            skip(&c);
            continue;
        }
        if ((r = remember(l, &s)) != ENT_OK)
            goto out;
        whole = c = next;
    }
    l->seen_bytes = b.n - whole.n;
    if (whole.n > 0)
        r = disk->cut(disk->ctx, name, l->seen_bytes);
out:
    ent_buf_release(&b);
    return r;
}

enum ent_err ent_vlog_seen_at(struct ent_view *v, struct ent_vlog *l, struct ent_vhead *ret,
                              const struct ent_seen *s)
{
    char name[ENT_DISK_NAME_MAX];
    uint8_t *note = malloc(s->n);
    if (note == NULL)
        return ENT_E_NOMEM;
    seen_name(name, l);
    enum ent_err r = v->opts.disk->read(v->opts.disk->ctx, note, s->n, name, s->at);
    if (r == ENT_OK)
        r = ent_vhead_read(ret, v, l, ent_slice(note, s->n), NULL, NULL);
    free(note);
    if (r == ENT_OK && (ret->size != s->size || memcmp(ret->root.b, s->root.b, 32) != 0))
        r = ENT_E_AUTH;
    return r;
}

/* --- keeping -----------------------------------------------------------------------------------
 */

static bool is_full(const struct ent_vlog *l)
{
    return l->seen_n >= ENT_SEEN_MAX || l->seen_bytes >= ENT_SEEN_BYTES;
}

/* Half of them may stay, within half of the bytes: those first that are not settled, the newest of
 * each kind. Marks the others by a length of 0. */
static void choose(struct ent_vlog *l)
{
    size_t heads = 0;
    uint64_t bytes = 0;
    for (int settled = 0; settled < 2; settled++) {
        for (size_t i = l->seen_n; i-- > 0;) {
            struct ent_seen *s = &l->seen[i];
            if (s->settled != (settled == 1))
                continue;
            if (heads < ENT_SEEN_MAX / 2 && bytes + s->n + 16 <= ENT_SEEN_BYTES / 2) {
                heads++;
                bytes += s->n + 16;
            } else {
                s->n = 0;
            }
        }
    }
}

static enum ent_err copy_chosen(struct ent_vlog *l, struct ent_buf *b, const struct ent_buf *old)
{
    size_t kept = 0;
    for (size_t i = 0; i < l->seen_n; i++) {
        struct ent_seen s = l->seen[i];
        if (s.n == 0 || s.at + s.n > old->n)
            continue;
        enum ent_err r = ent_buf_printf(b, "%s %u\n", s.past ? "past" : "shown", s.n);
        uint64_t at = b->n;
        if (r == ENT_OK)
            r = ent_buf_put(b, old->p + s.at, s.n);
        if (r != ENT_OK)
            return r;
        s.at = at;
        l->seen[kept++] = s;
    }
    l->seen_n = kept;
    l->seen_bytes = b->n;
    return ENT_OK;
}

static enum ent_err shrink(struct ent_view *v, struct ent_vlog *l)
{
    char name[ENT_DISK_NAME_MAX];
    struct ent_buf old, b;
    enum ent_err r;
    ent_buf_init(&old, 2 * ENT_SEEN_BYTES);
    ent_buf_init(&b, ENT_SEEN_BYTES);
    seen_name(name, l);
    if ((r = ent_disk_load(v->opts.disk, &old, name)) != ENT_OK)
        goto out;
    choose(l);
    if ((r = copy_chosen(l, &b, &old)) == ENT_OK)
        r = v->opts.disk->replace(v->opts.disk->ctx, name, ent_buf_slice(&b));
out:
    if (r != ENT_OK)
        l->seen_bytes = UINT64_MAX; /* what is in memory is of no file: read it again */
    ent_buf_release(&old);
    ent_buf_release(&b);
    return r;
}

enum ent_err ent_vlog_keep(struct ent_view *v, struct ent_vlog *l, const struct ent_vhead *h,
                           bool past)
{
    char name[ENT_DISK_NAME_MAX];
    const struct ent_disk *disk = v->opts.disk;
    const struct ent_seen *known = find(l, h->size, &h->root);
    struct ent_buf b;
    uint32_t at;
    enum ent_err r = ENT_OK;
    if (known != NULL && (known->past || !past) && ent_members_among(&h->by, &known->by))
        return ENT_OK;
    if (is_full(l) && (r = shrink(v, l)) != ENT_OK)
        return r;
    ent_buf_init(&b, ENT_NOTE_MAX + 64);
    seen_name(name, l);
    if ((r = put_record(&b, &at, v, l, h, past)) == ENT_OK &&
        (r = disk->write(disk->ctx, name, l->seen_bytes, ent_buf_slice(&b))) == ENT_OK &&
        (r = disk->sync(disk->ctx, name)) == ENT_OK) {
        struct ent_seen s = {.size = h->size,
                             .at = l->seen_bytes + at,
                             .root = h->root,
                             .by = h->by,
                             .n = (uint32_t)(b.n - at),
                             .past = past,
                             .settled = past};
        r = remember(l, &s);
        l->seen_bytes += b.n;
    }
    if (r != ENT_OK)
        l->seen_bytes = UINT64_MAX;
    ent_buf_release(&b);
    return r;
}

/* --- hearing -----------------------------------------------------------------------------------
 */

/* Two trees of one size need no proof but themselves. */
enum ent_err ent_vlog_equals(struct ent_view *v, struct ent_vlog *l, const struct ent_vhead *h)
{
    struct ent_vhead other;
    enum ent_err r;
    if (l->has_head && l->head.size == h->size && !ent_vhead_same(&l->head, h))
        return ent_vlog_compare(v, l, &l->head, h, NULL);
    for (size_t i = 0; i < l->seen_n; i++) {
        const struct ent_seen *s = &l->seen[i];
        if (s->size != h->size || memcmp(s->root.b, h->root.b, sizeof(h->root.b)) == 0)
            continue;
        if ((r = ent_vlog_seen_at(v, l, &other, s)) == ENT_OK)
            return ent_vlog_compare(v, l, &other, h, NULL);
    }
    return ENT_OK;
}

enum ent_err ent_vlog_hear(struct ent_view *v, struct ent_vlog *l, const struct ent_vhead *h,
                           int64_t now)
{
    bool newer = !l->has_head || h->size > l->head.size;
    enum ent_err r;
    if (l->has_head && ent_vhead_same(&l->head, h)) {
        struct ent_vhead merged = l->head;
        return ent_vhead_merge(&merged, h) ? ent_vlog_set_head(v, l, &merged) : ENT_OK;
    }
    struct ent_seen *known = find(l, h->size, &h->root);
    bool settled = known != NULL && known->settled;
    if (newer && known == NULL && now != 0)
        ent_vlog_heard(v, l, now);
    if ((r = ent_vlog_keep(v, l, h, false)) != ENT_OK || settled)
        return r;
    if ((r = ent_vlog_equals(v, l, h)) == ENT_E_AUTH &&
        (known = find(l, h->size, &h->root)) != NULL)
        known->settled = true; /* in a proof now */
    if (r != ENT_OK)
        return r;
    return newer ? ENT_OK : ent_vlog_settle_mirror(v, l);
}

/* --- checking what was kept --------------------------------------------------------------------
 */

/* Behind what was looked at before: *at counts down from the number of heads. */
bool ent_vlog_unsettled(const struct ent_vlog *l, struct ent_seen *ret, size_t *at, uint64_t size)
{
    *at = *at > l->seen_n ? l->seen_n : *at;
    while (*at > 0) {
        const struct ent_seen *s = &l->seen[--*at];
        if (s->settled || s->size > size)
            continue;
        *ret = *s;
        return true;
    }
    return false;
}

uint64_t ent_vlog_largest(const struct ent_vlog *l)
{
    uint64_t size = l->has_head ? l->head.size : 0;
    for (size_t i = 0; i < l->seen_n; i++)
        size = l->seen[i].size > size ? l->seen[i].size : size;
    return size;
}

enum ent_err ent_vlog_settle(struct ent_view *v, struct ent_vlog *l, const struct ent_seen *which,
                             const struct ent_vhead *larger, const struct ent_merkle_source *source)
{
    struct ent_seen *s = find(l, which->size, &which->root);
    struct ent_vhead h;
    enum ent_err r = ENT_OK;
    if (s == NULL || s->settled)
        return ENT_OK;
    if (ent_vlog_seen_at(v, l, &h, s) == ENT_OK && !ent_vhead_same(&h, larger))
        r = ent_vlog_compare(v, l, &h, larger, source);
    if (r == ENT_OK || r == ENT_E_AUTH)
        s->settled = true; /* so is one that cannot be read any more: it says nothing */
    return r;
}

/* The largest signed head of our history that the mirror reaches: proofs need a signature on both
 * sides. */
static bool anchor(struct ent_view *v, struct ent_vlog *l, struct ent_vhead *ret)
{
    const struct ent_seen *best = NULL;
    struct ent_hash32 root;
    if (l->has_head && l->head.size <= l->mirrored) {
        *ret = l->head;
        return true;
    }
    for (size_t i = 0; i < l->seen_n; i++) {
        const struct ent_seen *s = &l->seen[i];
        if (s->size <= l->mirrored && (best == NULL || s->size > best->size) &&
            ent_tree_root(l->tree, &root, s->size) == ENT_OK &&
            memcmp(root.b, s->root.b, sizeof(root.b)) == 0)
            best = s;
    }
    return best != NULL && ent_vlog_seen_at(v, l, ret, best) == ENT_OK;
}

enum ent_err ent_vlog_settle_mirror(struct ent_view *v, struct ent_vlog *l)
{
    struct ent_vhead larger;
    struct ent_seen s;
    size_t at = SIZE_MAX;
    enum ent_err r, ret = ENT_OK;
    if (!ent_vlog_unsettled(l, &s, &at, l->mirrored) || ent_vlog_tree(v, l, NULL) != ENT_OK ||
        l->mirrored == 0 || !anchor(v, l, &larger))
        return ENT_OK;
    struct ent_merkle_source source = ent_tree_source(l->tree);
    at = SIZE_MAX;
    for (size_t n = 0; n < ENT_SETTLE_MOST && ent_vlog_unsettled(l, &s, &at, larger.size); n++) {
        r = ent_vlog_settle(v, l, &s, &larger, &source);
        if (r != ENT_OK && r != ENT_E_AUTH)
            return r;
        ret = r == ENT_E_AUTH ? r : ret;
    }
    return ret;
}
