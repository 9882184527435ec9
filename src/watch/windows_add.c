/*
 * windows_add.c: what was seen is merged into the file of a window. Memory does not grow with the
 * file, which is read as often as is needed and written once.
 */
#include "watch/watch.h"
#include "watch/windows_parts.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

struct merge {
    const struct ent_windows_add *add;
    const struct ent_observed *seen;
    const bool *out;            /* of seen: not for the file */
    size_t at;                  /* in seen */
    struct ent_window_file old; /* fd -1: there is none */
    struct ent_window w;
    struct ent_rank_cut cut;
    struct ent_windows_added *told;
};

/* An item of the merged window to each; cx is what it is for. */
typedef enum ent_err merged_fn(struct merge *m, void *cx, const struct ent_seen *s);

static int order(const struct ent_seen *a, const struct ent_seen *b)
{
    return a->type != b->type ? (a->type < b->type ? -1 : 1) : ent_slice_cmp(a->text, b->text);
}

/* Those of seen that come before `until`; NULL: all that are left. One that equals it stays. */
static enum ent_err put_before(struct merge *m, const struct ent_seen *until, merged_fn *each,
                               void *cx)
{
    enum ent_err r = ENT_OK;
    for (; r == ENT_OK && m->at < ent_observed_count(m->seen); m->at++) {
        if (m->out[m->at])
            continue;
        struct ent_seen s = ent_observed_at(m->seen, m->at);
        if (until != NULL && order(&s, until) >= 0)
            break;
        r = each(m, cx, &s);
    }
    return r;
}

static enum ent_err put_old(struct merge *m, const struct ent_window_item *item, merged_fn *each,
                            void *cx)
{
    struct ent_seen s = {item->obs.type, ent_slice(item->obs.text, item->obs.n), item->hits};
    enum ent_err r = put_before(m, &s, each, cx);
    if (r == ENT_OK && m->at < ent_observed_count(m->seen)) {
        struct ent_seen same = ent_observed_at(m->seen, m->at);
        if (order(&same, &s) == 0) {
            s.hits = same.hits > ENT_WINDOW_HITS_MOST - s.hits ? ENT_WINDOW_HITS_MOST
                                                               : s.hits + same.hits;
            m->at++;
        }
    }
    return r == ENT_OK ? each(m, cx, &s) : r;
}

static enum ent_err walk(struct merge *m, merged_fn *each, void *cx, struct ent_diag *d)
{
    struct ent_window_in *in = NULL;
    const struct ent_window_item *item = NULL;
    enum ent_err r = m->old.fd < 0 ? ENT_OK : ent_window_file_begin(&in, &m->old, m->add->id, d);
    m->at = 0;
    while (r == ENT_OK && in != NULL && (r = ent_window_next(in, &item, d)) == ENT_OK &&
           item != NULL)
        r = put_old(m, item, each, cx);
    if (r == ENT_OK)
        r = put_before(m, NULL, each, cx);
    ent_window_close(in);
    return r;
}

static uint64_t rank_in(const struct merge *m, const struct ent_seen *s)
{
    uint32_t hits = s->hits < ENT_WINDOW_HITS_MOST ? s->hits : ENT_WINDOW_HITS_MOST;
    return ent_window_rank(&m->w.salt, s->type, s->text, hits);
}

static enum ent_err rank_one(struct merge *m, void *cx, const struct ent_seen *s)
{
    struct ent_ranks *k = cx;
    ENT_ASSERT(k->n < k->cap);
    k->v[k->n++] = rank_in(m, s);
    return ENT_OK;
}

static enum ent_err write_one(struct merge *m, void *cx, const struct ent_seen *s)
{
    if (ent_rank_stays(&m->cut, rank_in(m, s)))
        return ent_window_put(cx, s->type, s->text, s->hits);
    m->told->dropped++;
    m->w.dropped++;
    return ENT_OK;
}

/* What stays is decided before anything is written. */
static enum ent_err decide(struct merge *m, struct ent_diag *d)
{
    uint64_t most = m->add->most < ENT_WINDOW_ITEMS_MOST ? m->add->most : ENT_WINDOW_ITEMS_MOST;
    uint64_t n = ent_window_items(&m->w, ENT_OBS_ALL) + ent_observed_count(m->seen);
    struct ent_ranks k = {0};
    m->cut = ENT_RANK_ALL;
    if (n <= most)
        return ENT_OK;
    enum ent_err r = ent_ranks_new(&k, n);
    if (r == ENT_OK && (r = walk(m, rank_one, &k, d)) == ENT_OK)
        m->cut = ent_ranks_cut(&k, most);
    free(k.v);
    return r;
}

static enum ent_err write_window(struct merge *m, const char *path, struct ent_diag *d)
{
    struct ent_file_out file;
    struct ent_window_out *out = NULL;
    enum ent_err r = ent_file_out_start(&file, path, 0600, d);
    if (r != ENT_OK)
        return r;
    if ((r = ent_window_out_new(&out, file.f)) == ENT_OK &&
        (r = walk(m, write_one, out, d)) == ENT_OK)
        r = ent_window_end(out, &m->w);
    if (r == ENT_OK)
        r = ent_file_out_finish(&file, d);
    ent_window_out_free(out);
    ent_file_out_abort(&file);
    return r;
}

/* The file that is there, or none. */
static enum ent_err open_old(struct merge *m, const char *path, struct ent_diag *d)
{
    struct ent_window_in *in = NULL;
    m->w = (struct ent_window){.start = m->add->id.start, .seconds = m->add->id.seconds};
    struct ent_diag why = {0};
    enum ent_err r = ent_window_file_open(&m->old, path, &why);
    if (r == ENT_E_NOTFOUND)
        r = ENT_OK;
    else if (r != ENT_OK && d != NULL)
        *d = why;
    else if (r == ENT_OK && (r = ent_window_file_begin(&in, &m->old, m->add->id, d)) == ENT_OK)
        m->w = *ent_window_of(in);
    if (in == NULL)
        ent_random(m->w.salt.b, sizeof(m->w.salt.b));
    m->w.types |= m->add->types;
    ent_window_close(in);
    return r;
}

static enum ent_err merge(struct merge *m, const char *path, struct ent_diag *d)
{
    *m->told = (struct ent_windows_added){.mended = m->told->mended};
    enum ent_err r = open_old(m, path, d);
    if (r == ENT_OK && (r = decide(m, d)) == ENT_OK)
        r = write_window(m, path, d);
    ent_window_file_close(&m->old);
    return r;
}

/* What is left out is asked of each item once, however often the files are read. */
static enum ent_err sift(const struct ent_windows_add *add, const struct ent_observed *seen,
                         bool *out)
{
    enum ent_err r = ENT_OK;
    for (size_t i = 0; add->leaves_out != NULL && i < ent_observed_count(seen) && r == ENT_OK;
         i++) {
        struct ent_seen s = ent_observed_at(seen, i);
        struct ent_observable o = {.type = s.type, .n = (uint16_t)s.text.n};
        memcpy(o.text, s.text.p, s.text.n);
        o.text[s.text.n] = '\0';
        r = add->leaves_out(add->ctx, &o, &out[i]);
    }
    return r;
}

enum ent_err ent_windows_add(const char *dir, const struct ent_windows_add *add,
                             struct ent_observed *seen, struct ent_windows_added *ret,
                             struct ent_diag *d)
{
    char path[ENT_WINDOW_PATH];
    struct ent_windows_added told = {0};
    int fd = -1;
    enum ent_err r = ent_window_path(path, dir, add->id, d);
    bool *out = calloc(ent_observed_count(seen) + 1, sizeof(*out));
    struct merge m = {.add = add, .seen = seen, .out = out, .old = {-1}, .told = &told};
    if (r == ENT_OK && out == NULL)
        r = ENT_E_NOMEM;
    if (r == ENT_OK && mkdir(dir, 0700) != 0 && errno != EEXIST)
        r = ent_fail_sys(d, "cannot make a directory");
    ent_observed_sort(seen);
    if (r == ENT_OK && (r = sift(add, seen, out)) == ENT_OK)
        r = ent_windows_lock(&fd, dir, add->stop, d);
    if (r == ENT_OK && (r = merge(&m, path, d)) == ENT_E_FORMAT) {
        /* A damaged file would stop all that comes. What it held is lost with or without this. */
        told.mended = true;
        r = unlink(path) != 0 ? ent_fail_sys(d, "cannot remove") : merge(&m, path, d);
    }
    if (fd >= 0)
        (void)close(fd);
    free(out);
    if (r == ENT_OK)
        *ret = told;
    return r;
}
