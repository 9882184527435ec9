/* trail_read.c: the audit log of a home, opened to be written, and all of it checked. */
#include "node/node.h"

#include "node/trail_parts.h"

#include <fcntl.h>
#include <inttypes.h>

/* --- of a home ----------------------------------------------------------------------------------
 */

struct ent_trail_home {
    int lock_fd;
    struct ent_trail *trail;
};

enum ent_err ent_trail_home_open(struct ent_trail_home **ret, struct ent_diag *d,
                                 const struct ent_home *h, const struct ent_seed32 *key)
{
    struct ent_trail_home *t = calloc(1, sizeof(*t));
    char path[ENT_PATH_MAX];
    if (t == NULL)
        return ent_fail(d, ENT_E_NOMEM, "out of memory", 0, 0);
    t->lock_fd = -1;
    enum ent_err r = ent_home_path(h, path, "audit.lock");
    if (r == ENT_OK && (t->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600)) < 0)
        r = ent_fail_sys(d, "cannot open the audit log's lock");
    if (r == ENT_OK) {
        const struct ent_trail_opts opts = {
            .disk = h->disk, .member = h->self.name, .key = key, .lock_fd = t->lock_fd};
        if ((r = ent_trail_new(&t->trail, &opts)) != ENT_OK)
            r = ent_fail(d, r, "out of memory", 0, 0);
    }
    if (r != ENT_OK) {
        ent_trail_home_close(t);
        return r;
    }
    *ret = t;
    return ENT_OK;
}

void ent_trail_home_close(struct ent_trail_home *t)
{
    if (t == NULL)
        return;
    ent_trail_free(t->trail);
    if (t->lock_fd >= 0)
        (void)close(t->lock_fd);
    free(t);
}

struct ent_trail *ent_trail_of(struct ent_trail_home *t)
{
    return t->trail;
}

/* --- checking -----------------------------------------------------------------------------------
 */

struct checking {
    struct ent_trail_sum *ret;
    struct ent_diag *d;
    const struct ent_disk *disk;
    const char *member;
    void *ctx;
    enum ent_err (*each)(void *ctx, uint64_t generation, uint64_t index,
                         const struct ent_trail_record *r);
    uint64_t generation;
    char before[TRAIL_BEFORE]; /* what its first record must say, "" when nobody knows */
    bool bad_record, stopped;
};

static enum ent_err wrong(struct checking *c, const char *dir, const char *file, const char *text)
{
    c->ret->flaw = (struct ent_flaw){.has_index = false};
    (void)snprintf(c->ret->flaw.file, sizeof(c->ret->flaw.file), "%.120s/%.70s", dir, file);
    return ent_fail(c->d, ENT_E_AUTH, text, 0, 0);
}

/* A generation may say that it knows nothing good of the one before, which has a flaw then. */
static bool says_before(const struct checking *c, const struct ent_trail_record *r)
{
    char lost[TRAIL_BEFORE];
    trail_before(lost, c->generation - 1, 0, NULL);
    return r->what == ENT_ACT_BEGIN &&
           (c->generation == 1         ? r->on[0] == '\0'
            : strcmp(r->on, lost) == 0 ? true
                                       : c->before[0] == '\0' || strcmp(r->on, c->before) == 0);
}

static enum ent_err each_entry(void *ctx, uint64_t index, struct ent_slice entry)
{
    struct checking *c = ctx;
    struct ent_trail_record r;
    c->bad_record = ent_trail_record_parse(&r, entry) != ENT_OK ||
                    (index == 0 ? !says_before(c, &r) : r.what == ENT_ACT_BEGIN);
    if (c->bad_record) {
        c->ret->flaw.index = index;
        return ENT_E_AUTH;
    }
    enum ent_err e = c->each == NULL ? ENT_OK : c->each(c->ctx, c->generation, index, &r);
    c->stopped = e != ENT_OK;
    return e;
}

static enum ent_err check_log(struct checking *c, struct ent_log *log, const struct trail_names *n)
{
    const char *file = NULL;
    struct ent_diag what = {0};
    uint64_t index = 0;
    if (ent_log_size(log) == 0)
        return wrong(c, n->dir, "checkpoint", "a generation of the audit log without a head");
    enum ent_err r = ent_log_check(log, &what, &file, &index, c, each_entry);
    if (r == ENT_OK || c->stopped)
        return r;
    if (c->bad_record) {
        index = c->ret->flaw.index;
        r = wrong(c, n->dir, "entries.dat", "not a record of the audit log");
    } else if (file != NULL && strchr(file, '/') != NULL) {
        (void)snprintf(c->ret->flaw.file, sizeof(c->ret->flaw.file), "%s", file);
        return ent_fail(c->d, r, what.text, 0, 0);
    } else {
        r = wrong(c, n->dir, file == NULL ? "entries.dat" : file,
                  what.text != NULL ? what.text : "damaged");
    }
    c->ret->flaw.has_index = true;
    c->ret->flaw.index = index;
    return r;
}

/* A generation as it lies there, only to be read. ENT_E_NOTFOUND: somebody took it away. */
static enum ent_err open_generation(struct ent_log **ret, struct ent_diag *what,
                                    const struct ent_disk *disk, const char *member,
                                    uint64_t generation)
{
    struct trail_names n;
    struct ent_pubkey pk;
    trail_names(&n, member, generation);
    enum ent_err r = trail_key(&pk, what, disk, &n);
    if (r != ENT_OK)
        return r;
    const struct ent_log_opts opts = {
        .disk = disk, .dir = n.dir, .lock = n.lock, .origin = n.origin, .pk = &pk};
    return ent_log_open(ret, what, &opts);
}

static enum ent_err check_generation(struct checking *c)
{
    struct ent_diag what = {0};
    struct ent_log *log = NULL;
    struct trail_names n;
    struct ent_pubkey pk;
    trail_names(&n, c->member, c->generation);
    enum ent_err r = trail_key(&pk, &what, c->disk, &n);
    if (r == ENT_E_NOTFOUND)
        return r;
    if (r != ENT_OK)
        return wrong(c, n.dir, "key", what.text);
    if ((r = open_generation(&log, &what, c->disk, c->member, c->generation)) == ENT_OK &&
        ent_log_state(log) != ENT_LOG_READ_ONLY)
        r = ENT_E_AUTH; /* it is short; `what` says of what */
    if (r != ENT_OK) {
        ent_log_free(log);
        ent_flaw_of_log(&c->ret->flaw, n.dir, n.lock, &what);
        return ent_fail(c->d, r, what.text != NULL ? what.text : "cannot read the audit log", 0, 0);
    }
    if ((r = check_log(c, log, &n)) == ENT_OK &&
        (r = ent_tree_root(ent_log_tree(log), &c->ret->root, ent_log_size(log))) == ENT_OK) {
        c->ret->generations++;
        c->ret->size = ent_log_size(log);
        c->ret->records += c->ret->size;
        trail_before(c->before, c->generation, c->ret->size, &c->ret->root);
    }
    ent_log_free(log);
    return r;
}

enum ent_err ent_trail_check(struct ent_trail_sum *ret, struct ent_diag *d,
                             const struct ent_disk *disk, const char *member, void *ctx,
                             enum ent_err (*each)(void *ctx, uint64_t generation, uint64_t index,
                                                  const struct ent_trail_record *r))
{
    struct checking c = {
        .ret = ret, .d = d, .disk = disk, .member = member, .ctx = ctx, .each = each};
    struct ent_diag what = {0};
    *ret = (struct ent_trail_sum){.newest = 0};
    enum ent_err r = trail_newest(&ret->newest, &what, disk);
    if (r == ENT_E_AUTH)
        return wrong(&c, "audit", "newest", what.text);
    for (c.generation = 1; r == ENT_OK && c.generation <= ret->newest; c.generation++) {
        r = check_generation(&c);
        if (r != ENT_E_NOTFOUND)
            continue;
        if (ret->generations > 0 || c.generation == ret->newest) {
            char name[32];
            (void)snprintf(name, sizeof(name), "%" PRIu64, c.generation);
            return wrong(&c, "audit", name, "a generation of the audit log is missing");
        }
        ret->gone++;
        r = ENT_OK;
    }
    return r;
}

enum ent_err ent_trail_home_check(struct ent_trail_sum *ret, struct ent_diag *d,
                                  const struct ent_home *h, void *ctx,
                                  enum ent_err (*each)(void *ctx, uint64_t generation,
                                                       uint64_t index,
                                                       const struct ent_trail_record *r))
{
    return ent_trail_check(ret, d, h->disk, h->self.name, ctx, each);
}

/* --- the newest ---------------------------------------------------------------------------------
 */

struct newest {
    unsigned left;
    void *ctx;
    enum ent_err (*each)(void *ctx, uint64_t generation, uint64_t index,
                         const struct ent_trail_record *r);
};

static enum ent_err tell_back(struct newest *w, struct ent_diag *d, struct ent_log *log,
                              uint64_t generation, uint64_t before)
{
    struct ent_trail_record rec;
    struct ent_buf entry;
    enum ent_err r = ENT_OK;
    uint64_t size = ent_log_size(log);
    ent_buf_init(&entry, ENT_TRAIL_LINE);
    for (uint64_t i = before == 0 || before > size ? size : before;
         i-- > 0 && w->left > 0 && r == ENT_OK; w->left--) {
        ent_buf_clear(&entry);
        if ((r = ent_tree_entry(ent_log_tree(log), &entry, d, i)) != ENT_OK)
            continue;
        if (ent_trail_record_parse(&rec, ent_buf_slice(&entry)) != ENT_OK)
            r = ent_fail(d, ENT_E_AUTH, "not a record of the audit log", 0, 0);
        else
            r = w->each(w->ctx, generation, i, &rec);
    }
    ent_buf_release(&entry);
    return r;
}

enum ent_err ent_trail_newest(struct ent_diag *d, const struct ent_disk *disk, const char *member,
                              uint64_t generation, uint64_t before, unsigned most, void *ctx,
                              enum ent_err (*each)(void *ctx, uint64_t generation, uint64_t index,
                                                   const struct ent_trail_record *r))
{
    struct newest w = {.left = most, .ctx = ctx, .each = each};
    uint64_t last = 0;
    enum ent_err r = trail_newest(&last, d, disk);
    if (generation == 0 || generation > last)
        generation = last;
    for (; r == ENT_OK && generation > 0 && w.left > 0; generation--, before = 0) {
        struct ent_log *log = NULL;
        r = open_generation(&log, d, disk, member, generation);
        if (r == ENT_OK && ent_log_size(log) > 0)
            r = tell_back(&w, d, log, generation, before);
        ent_log_free(log);
    }
    return r == ENT_E_NOTFOUND ? ENT_OK : r; /* what was before was taken away */
}
