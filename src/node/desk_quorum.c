/*
 * desk_quorum.c: what is kept of runs, and findings into the store. Whatever a worker says was
 * found is looked up in its set: of foreign bytes nothing but their equality counts.
 */
#include "node/node.h"

#include "node/desk_quorum.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <unistd.h>

#define RUN_FILE_MAX (ENT_DESK_RUN_MAX + 64u + ENT_CHECK_LINE)
#define SOURCE_MAX   (8u + ENT_QUORUM_ID) /* "quorum/<id>" */

struct ent_desk_quorum {
    struct ent_desk_quorum_opts opts;
    char *store;
    pthread_mutex_t lock; /* of the files, and of which run a seat has */
};

/* What stands in a file `run`. */
struct kept {
    struct ent_desk_run run;
    struct ent_seed32 seed[2]; /* by enum ent_desk_part, from 1 */
};

enum ent_err ent_desk_quorum_new(struct ent_desk_quorum **ret,
                                 const struct ent_desk_quorum_opts *opts)
{
    struct ent_desk_quorum *k = calloc(1, sizeof(*k));
    if (k == NULL)
        return ENT_E_NOMEM;
    k->opts = *opts;
    (void)pthread_mutex_init(&k->lock, NULL);
    if ((k->store = strdup(opts->store)) == NULL) {
        ent_desk_quorum_free(k);
        return ENT_E_NOMEM;
    }
    *ret = k;
    return ENT_OK;
}

void ent_desk_quorum_free(struct ent_desk_quorum *k)
{
    if (k == NULL)
        return;
    (void)pthread_mutex_destroy(&k->lock);
    free(k->store);
    free(k);
}

/* --- files --------------------------------------------------------------------------------------
 */

static void run_name(char ret[static ENT_DISK_NAME_MAX], const struct ent_hash32 *leaf)
{
    char id[ENT_QUORUM_ID];
    ent_quorum_id(id, leaf);
    (void)snprintf(ret, ENT_DISK_NAME_MAX, ENT_QUORUM_OWN "/%s/run", id);
}

static enum ent_err set_folder(const struct ent_desk_quorum *k, char ret[static ENT_PATH_MAX],
                               const struct ent_hash32 *leaf)
{
    char name[ENT_DISK_NAME_MAX];
    run_name(name, leaf);
    *strrchr(name, '/') = '\0';
    return ent_home_path(k->opts.home, ret, name);
}

static struct ent_window_id window_of(const struct ent_desk_run *r)
{
    return (struct ent_window_id){r->window, r->seconds};
}

/* The file of the set, whether there is one or not. */
static enum ent_err set_path(const struct ent_desk_quorum *k, char ret[static ENT_PATH_MAX],
                             const struct ent_desk_run *run)
{
    char folder[ENT_PATH_MAX], name[ENT_WINDOW_NAME];
    enum ent_err r = set_folder(k, folder, &run->leaf);
    if (r != ENT_OK)
        return r;
    ent_window_name(name, window_of(run));
    return ent_path_join(ret, ENT_PATH_MAX, folder, name);
}

/* ENT_E_NOTFOUND; ENT_E_AUTH for a file that is damaged. *kept is the caller's to wipe. */
static enum ent_err load(const struct ent_desk_quorum *k, struct kept *kept,
                         const struct ent_hash32 *leaf)
{
    char name[ENT_DISK_NAME_MAX];
    struct ent_buf file;
    run_name(name, leaf);
    ent_buf_init(&file, RUN_FILE_MAX);
    enum ent_err r = ent_disk_load(k->opts.home->disk, &file, name);
    struct ent_slice said = ent_buf_slice(&file);
    if (r == ENT_OK) {
        r = ent_check_take(&said) == ENT_OK ? ENT_OK : ENT_E_AUTH;
        struct ent_cur c = ent_cur(said);
        if (r == ENT_OK && (ent_desk_run_parse(&kept->run, &c) != ENT_OK ||
                            ent_cur_copy(&c, kept->seed, sizeof(kept->seed)) != ENT_OK ||
                            ent_cur_end(&c) != ENT_OK))
            r = ENT_E_AUTH;
    }
    if (r == ENT_OK && memcmp(&kept->run.leaf, leaf, sizeof(*leaf)) != 0)
        r = ENT_E_NOTFOUND; /* another one, whose leaf begins alike */
    ent_buf_wipe(&file);
    return r;
}

static enum ent_err make(struct ent_desk_quorum *k, const struct ent_desk_run *run)
{
    char name[ENT_DISK_NAME_MAX];
    const struct ent_disk *disk = k->opts.home->disk;
    struct ent_seed32 seed[2];
    struct ent_buf file;
    enum ent_err r;
    run_name(name, &run->leaf);
    ent_random(seed, sizeof(seed));
    ent_buf_init(&file, RUN_FILE_MAX);
    if ((r = ent_desk_run_encode(&file, run)) == ENT_OK &&
        (r = ent_buf_put(&file, seed, sizeof(seed))) == ENT_OK &&
        (r = ent_check_add(&file)) == ENT_OK)
        r = disk->create(disk->ctx, name, ent_buf_slice(&file));
    ent_buf_wipe(&file);
    ent_wipe(seed, sizeof(seed));
    return r;
}

static enum ent_err same(const struct ent_desk_run *a, const struct ent_desk_run *b)
{
    struct ent_buf x, y;
    enum ent_err r;
    ent_buf_init(&x, ENT_DESK_RUN_MAX);
    ent_buf_init(&y, ENT_DESK_RUN_MAX);
    if ((r = ent_desk_run_encode(&x, a)) == ENT_OK && (r = ent_desk_run_encode(&y, b)) == ENT_OK)
        r = ent_slice_eq(ent_buf_slice(&x), ent_buf_slice(&y)) ? ENT_OK : ENT_E_EXISTS;
    ent_buf_release(&x);
    ent_buf_release(&y);
    return r;
}

static enum ent_err begin(struct ent_desk_quorum *k, struct ent_slice call)
{
    struct ent_cur c = ent_cur(call);
    struct ent_desk_run run;
    struct kept kept;
    enum ent_err r = ent_desk_run_parse(&run, &c);
    if (r != ENT_OK || (r = ent_cur_end(&c)) != ENT_OK)
        return ENT_E_FORMAT;
    (void)pthread_mutex_lock(&k->lock);
    r = load(k, &kept, &run.leaf);
    if (r == ENT_E_NOTFOUND)
        r = make(k, &run);
    else if (r == ENT_OK)
        r = same(&kept.run, &run);
    (void)pthread_mutex_unlock(&k->lock);
    ent_wipe(&kept, sizeof(kept));
    return r;
}

/* All but the file `run`, also what a crash left half-written. */
static enum ent_err empty(const char *folder)
{
    enum ent_err r = ENT_OK;
    DIR *d = opendir(folder);
    if (d == NULL)
        return ent_err_from_errno(errno);
    for (const struct dirent *e; r == ENT_OK && (e = readdir(d)) != NULL;)
        if (e->d_name[0] != '.' && strcmp(e->d_name, "run") != 0 &&
            unlinkat(dirfd(d), e->d_name, 0) != 0)
            r = ent_err_from_errno(errno);
    (void)closedir(d);
    return r;
}

/* The seeds go last: until then it can be asked again. */
static enum ent_err end(struct ent_desk_quorum *k, const struct ent_hash32 *leaf)
{
    char folder[ENT_PATH_MAX], name[ENT_DISK_NAME_MAX];
    const struct ent_disk *disk = k->opts.home->disk;
    struct kept kept;
    enum ent_err r = load(k, &kept, leaf);
    ent_wipe(&kept, sizeof(kept));
    if (r != ENT_OK && r != ENT_E_AUTH)
        return r == ENT_E_NOTFOUND ? ENT_OK : r;
    run_name(name, leaf);
    if ((r = set_folder(k, folder, leaf)) != ENT_OK || (r = empty(folder)) != ENT_OK ||
        (r = disk->remove(disk->ctx, name)) != ENT_OK)
        return r;
    *strrchr(name, '/') = '\0';
    (void)!disk->remove(disk->ctx, name); /* an empty folder says nothing */
    return ENT_OK;
}

/* --- the set ------------------------------------------------------------------------------------
 */

static enum ent_err copy_item(void *ctx, const struct ent_window_item *item)
{
    return ent_window_put(ctx, item->obs.type, ent_slice(item->obs.text, item->obs.n), item->hits);
}

/* What of the window goes into the run, into a file of its own. */
static enum ent_err choose(const struct ent_desk_quorum *k, const struct kept *kept,
                           const char *path)
{
    const struct ent_desk_run *run = &kept->run;
    struct ent_windows_want want = {.types = run->types, .most = run->items};
    char observed[ENT_PATH_MAX];
    struct ent_file_out file = {.f = NULL};
    struct ent_seed32 salt;
    struct ent_window_out *out = NULL;
    struct ent_window w;
    enum ent_err r;
    ent_seed_derive(&salt, &kept->seed[ENT_DESK_PARTICIPANT - 1], 1, "entqdesk");
    memcpy(want.salt.b, salt.b, sizeof(want.salt.b));
    ent_wipe(&salt, sizeof(salt));
    if ((r = ent_observe_folder(k->opts.home, observed)) != ENT_OK ||
        (r = ent_file_out_start(&file, path, 0600, NULL)) != ENT_OK ||
        (r = ent_window_out_new(&out, file.f)) != ENT_OK)
        goto out;
    r = ent_windows_read(observed, window_of(run), &want, &w, copy_item, out, NULL);
    if (r == ENT_E_FORMAT || r == ENT_E_UNSUPPORTED)
        r = ENT_E_NOTFOUND; /* a damaged one is none */
    if (r != ENT_OK)
        goto out;
    w.types &= run->types;
    if ((r = ent_window_end(out, &w)) == ENT_OK)
        r = ent_file_out_finish(&file, NULL);
out:
    ent_window_out_free(out);
    ent_file_out_abort(&file);
    return r;
}

static const struct ent_windows_want everything = {.types = ENT_OBS_ALL};

struct sending {
    const struct ent_desk_seat *seat;
    struct ent_buf note;
    uint64_t items;
};

static enum ent_err flush(struct sending *s)
{
    enum ent_err r = ENT_OK;
    if (s->note.n > 0)
        r = s->seat->put(s->seat->ctx, ENT_DESK_ITEMS, ent_buf_slice(&s->note));
    ent_buf_clear(&s->note);
    return r;
}

static enum ent_err send_item(void *ctx, const struct ent_window_item *item)
{
    static const struct ent_label nothing = {.tlp = ENT_TLP_RED, .confidence = -1};
    struct sending *s = ctx;
    uint8_t key[ENT_OBS_KEY_MAX];
    enum ent_err r;
    if (s->note.n + ENT_DESK_ITEM_MAX > ENT_DESK_ITEMS_MAX && (r = flush(s)) != ENT_OK)
        return r;
    s->items++;
    return ent_desk_item_encode(&s->note, ent_slice(key, ent_observable_key(key, &item->obs)),
                                &nothing);
}

static enum ent_err send_set(struct ent_desk_quorum *k, const struct ent_desk_seat *seat,
                             struct ent_buf *ret, const struct kept *kept)
{
    const struct ent_window_id id = window_of(&kept->run);
    struct sending s = {.seat = seat};
    char folder[ENT_PATH_MAX], path[ENT_PATH_MAX];
    struct ent_window w;
    uint8_t n[8];
    enum ent_err r;
    if (kept->run.seconds > ENT_WINDOW_SECONDS_MOST)
        return ENT_E_NOTFOUND; /* no watcher keeps such windows */
    if ((r = set_folder(k, folder, &kept->run.leaf)) != ENT_OK ||
        (r = set_path(k, path, &kept->run)) != ENT_OK)
        return r;
    (void)pthread_mutex_lock(&k->lock);
    r = access(path, F_OK) == 0 ? ENT_OK : choose(k, kept, path);
    (void)pthread_mutex_unlock(&k->lock);
    if (r != ENT_OK)
        return r;
    ent_buf_init(&s.note, ENT_DESK_ITEMS_MAX);
    if ((r = ent_windows_read(folder, id, &everything, &w, send_item, &s, NULL)) == ENT_OK)
        r = flush(&s);
    ent_buf_release(&s.note);
    ent_put_u64le(n, s.items);
    return r == ENT_OK ? ent_buf_put(ret, n, sizeof(n)) : r;
}

/* --- findings -----------------------------------------------------------------------------------
 */

struct finding {
    struct ent_quorum_found is;
    uint64_t id;   /* in the store; 0 until it was met in the set */
    uint32_t hits; /* how often it was seen here */
};

struct findings {
    const struct kept *kept;
    struct ent_store *store;
    enum ent_tlp tlp;
    int64_t now;
    char source[SOURCE_MAX];
    struct finding *each; /* by key */
    size_t n, met;
};

static int by_key(const void *a, const void *b)
{
    const struct finding *x = a, *y = b;
    return ent_slice_cmp(x->is.item, y->is.item);
}

static enum ent_err parse_found(struct findings *f, struct ent_cur c)
{
    const struct ent_desk_run *run = &f->kept->run;
    const uint64_t all = UINT64_MAX >> (64 - run->members);
    if ((f->each = calloc(c.n / 11 + 1, sizeof(*f->each))) == NULL)
        return ENT_E_NOMEM;
    for (; c.n > 0; f->n++) {
        struct ent_quorum_found *is = &f->each[f->n].is;
        if (ent_desk_found_parse(is, &c) != ENT_OK || (is->holders & ~all) != 0 ||
            (uint32_t)__builtin_popcountll(is->holders) < run->threshold)
            return ENT_E_FORMAT;
    }
    qsort(f->each, f->n, sizeof(*f->each), by_key);
    for (size_t i = 1; i < f->n; i++)
        if (by_key(&f->each[i - 1], &f->each[i]) == 0)
            return ENT_E_FORMAT;
    return ENT_OK;
}

/* "seen by at least 3 of 6 members between ... and ...: a, b, c", as far as there is room. */
static size_t write_text(char ret[static ENT_INDICATOR_TEXT], const struct ent_desk_run *run,
                         uint64_t holders)
{
    const size_t most = ENT_INDICATOR_TEXT - sizeof(" and 64 more");
    char from[ENT_TIME_TEXT], until[ENT_TIME_TEXT];
    int left = __builtin_popcountll(holders);
    ent_time_format(from, run->window);
    ent_time_format(until, run->window + run->seconds);
    size_t n = (size_t)snprintf(ret, ENT_INDICATOR_TEXT,
                                "seen by at least %d of %u members between %s and %s", left,
                                run->members, from, until);
    const char *before = ": ";
    for (; holders != 0; holders &= holders - 1, left--, before = ", ") {
        const char *name = run->name[__builtin_ctzll(holders)];
        if (n + 2 + strlen(name) > most)
            break;
        n += (size_t)snprintf(ret + n, ENT_INDICATOR_TEXT - n, "%s%s", before, name);
    }
    if (left > 0)
        n += (size_t)snprintf(ret + n, ENT_INDICATOR_TEXT - n, " and %d more", left);
    return n;
}

static void add_labels(struct ent_labels *l, const struct ent_desk_run *run, uint64_t holders)
{
    char word[ENT_LABEL_MAX];
    (void)ent_labels_add(l, ENT_SLICE_LIT("quorum"));
    (void)snprintf(word, sizeof(word), "quorum:threshold=%u", run->threshold);
    (void)ent_labels_add(l, ent_slice_str(word));
    (void)snprintf(word, sizeof(word), "quorum:members=%u", run->members);
    (void)ent_labels_add(l, ent_slice_str(word));
    for (; holders != 0; holders &= holders - 1) {
        (void)snprintf(word, sizeof(word), "quorum:seen-by=%s",
                       run->name[__builtin_ctzll(holders)]);
        (void)ent_labels_add(l, ent_slice_str(word)); /* as many as there may be */
    }
}

/* An item of the set: when it was found, a claim. */
static enum ent_err put_found(void *ctx, const struct ent_window_item *item)
{
    struct findings *f = ctx;
    const struct ent_desk_run *run = &f->kept->run;
    uint8_t key[ENT_OBS_KEY_MAX];
    char text[ENT_INDICATOR_TEXT];
    const struct finding wanted = {.is.item = ent_slice(key, ent_observable_key(key, &item->obs))};
    struct finding *at = bsearch(&wanted, f->each, f->n, sizeof(*f->each), by_key);
    struct ent_labels labels = {.n = 0};
    enum ent_put how;
    enum ent_err r;
    if (at == NULL)
        return ENT_OK;
    add_labels(&labels, run, at->is.holders);
    const struct ent_indicator ind = {.obs = item->obs,
                                      .tlp = f->tlp,
                                      .confidence = -1,
                                      .valid_from = run->window,
                                      .kind = ENT_SLICE_LIT("quorum"),
                                      .text =
                                          ent_slice(text, write_text(text, run, at->is.holders)),
                                      .labels = ent_labels_slice(&labels)};
    if ((r = ent_store_put(f->store, &how, &ind, ent_slice_str(f->source), f->now)) != ENT_OK)
        return r;
    at->hits = item->hits;
    f->met++;
    return ent_store_find(f->store, &at->id, &item->obs);
}

/* One log for the whole run, of which all is at its beginning: what was said before counts once. */
static enum ent_err sight(const struct findings *f)
{
    const struct ent_desk_run *run = &f->kept->run;
    struct ent_sightings *all = NULL;
    enum ent_err r = ent_sightings_new(&all, f->store, f->n);
    if (r == ENT_OK)
        r = ent_sightings_bytes(all, f->source, 0, ent_slice_str(f->source));
    for (size_t i = 0; i < f->n && r == ENT_OK; i++) {
        const struct ent_sight s = {.id = f->each[i].id,
                                    .line = 1,
                                    .now = run->window + run->seconds - 1,
                                    .first = run->window,
                                    .times = f->each[i].hits};
        r = ent_sightings_add(all, f->source, &s);
    }
    if (r == ENT_OK)
        r = ent_sightings_flush(all, true);
    ent_sightings_free(all);
    return r;
}

static enum ent_err put_all(struct ent_desk_quorum *k, struct findings *f)
{
    const struct ent_window_id id = window_of(&f->kept->run);
    char folder[ENT_PATH_MAX];
    enum ent_err r;
    if ((r = set_folder(k, folder, &f->kept->run.leaf)) != ENT_OK ||
        (r = ent_store_begin(f->store)) != ENT_OK)
        return r;
    if ((r = ent_windows_read(folder, id, &everything, NULL, put_found, f, NULL)) == ENT_OK)
        r = f->met == f->n ? ent_store_commit(f->store) : ENT_E_POLICY;
    ent_store_rollback(f->store);
    return r == ENT_OK ? sight(f) : r;
}

static enum ent_err found(struct ent_desk_quorum *k, const struct kept *kept, struct ent_cur c)
{
    struct findings f = {.kept = kept, .tlp = k->opts.tlp, .now = ent_clock_now()};
    char id[ENT_QUORUM_ID];
    ent_quorum_id(id, &kept->run.leaf);
    (void)snprintf(f.source, sizeof(f.source), "quorum/%s", id);
    enum ent_err r = parse_found(&f, c);
    if (r == ENT_OK && (r = ent_store_open(&f.store, NULL, k->store)) == ENT_OK)
        r = put_all(k, &f);
    ent_store_close(f.store);
    free(f.each);
    return r;
}

/* --- the service --------------------------------------------------------------------------------
 */

void ent_desk_seat_anew(struct ent_desk_seat *seat)
{
    atomic_store(&seat->bound, false);
}

/* A worker has one run for all its life. With the lock held. */
static bool may_ask(struct ent_desk_seat *seat, const struct ent_hash32 *leaf)
{
    if (seat->put == NULL)
        return false;
    if (!atomic_load(&seat->bound)) {
        seat->leaf = *leaf;
        atomic_store(&seat->bound, true);
    }
    return memcmp(&seat->leaf, leaf, sizeof(*leaf)) == 0;
}

static enum ent_err serve_worker(struct ent_desk_quorum *k, struct ent_desk_seat *seat,
                                 struct ent_msg *ret, uint16_t type, struct ent_cur c,
                                 struct kept *kept)
{
    uint8_t part = 0;
    switch (type) {
    case ENT_DESK_SEED:
        if (ent_cur_u8(&c, &part) != ENT_OK || ent_cur_end(&c) != ENT_OK ||
            part < ENT_DESK_PARTICIPANT || part > ENT_DESK_HOLDER)
            return ENT_E_FORMAT;
        return ent_buf_put(&ret->bytes, kept->seed[part - 1].b, sizeof(kept->seed[0].b));
    case ENT_DESK_SET:
        return ent_cur_end(&c) == ENT_OK ? send_set(k, seat, &ret->bytes, kept) : ENT_E_FORMAT;
    case ENT_DESK_FOUND:
        return found(k, kept, c);
    default:
        return ENT_E_FORMAT;
    }
}

enum ent_err ent_desk_quorum_serve(struct ent_desk_quorum *k, struct ent_desk_seat *seat,
                                   struct ent_msg *ret, struct ent_msg *call)
{
    struct ent_cur c = ent_cur(ent_buf_slice(&call->bytes));
    struct ent_hash32 leaf;
    struct kept kept;
    enum ent_err r;
    if (call->type == ENT_DESK_QUORUM)
        return begin(k, ent_buf_slice(&call->bytes));
    if (ent_cur_copy(&c, leaf.b, sizeof(leaf.b)) != ENT_OK)
        return ENT_E_FORMAT;
    (void)pthread_mutex_lock(&k->lock);
    if (call->type == ENT_DESK_QUORUM_OVER)
        r = ent_cur_end(&c) == ENT_OK ? end(k, &leaf) : ENT_E_FORMAT;
    else
        r = may_ask(seat, &leaf) ? load(k, &kept, &leaf) : ENT_E_POLICY;
    (void)pthread_mutex_unlock(&k->lock);
    if (call->type == ENT_DESK_QUORUM_OVER || r != ENT_OK)
        return r;
    r = serve_worker(k, seat, ret, call->type, c, &kept);
    ent_wipe(&kept, sizeof(kept));
    return r;
}
