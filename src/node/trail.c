/*
 * trail.c: adding to the audit log. The log is opened for each record and closed again: what is
 * audited is rare, and so there is no state in memory that a failed write could leave wrong, or
 * that another process could have overtaken.
 */
#include "node/node.h"

#include "node/trail_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <sys/file.h>

#define NEWEST "audit/newest"

struct ent_trail {
    struct ent_trail_opts opts;
    char member[ENT_NAME_MAX + 1];
    struct ent_keypair *key; /* secret memory */
    pthread_mutex_t lock;
};

/* --- names and small files ----------------------------------------------------------------------
 */

void trail_names(struct trail_names *ret, const char *member, uint64_t generation)
{
    (void)snprintf(ret->dir, sizeof(ret->dir), "audit/%" PRIu64, generation);
    (void)snprintf(ret->lock, sizeof(ret->lock), "lock/audit-%" PRIu64, generation);
    (void)snprintf(ret->key, sizeof(ret->key), "audit/%" PRIu64 "/key", generation);
    (void)snprintf(ret->origin, sizeof(ret->origin), "%s/audit-%" PRIu64, member, generation);
}

void trail_before(char ret[static TRAIL_BEFORE], uint64_t generation, uint64_t size,
                  const struct ent_hash32 *root)
{
    char b64[ENT_BASE64_LEN(32)];
    if (root == NULL) {
        (void)snprintf(ret, TRAIL_BEFORE, "%" PRIu64 ":lost", generation);
        return;
    }
    ent_base64_encode(b64, root->b, sizeof(root->b));
    (void)snprintf(ret, TRAIL_BEFORE, "%" PRIu64 ":%" PRIu64 ":%s", generation, size, b64);
}

/* One line of a file that ends with its check, and nothing else. */
static enum ent_err load_line(struct ent_buf *b, struct ent_slice *ret, struct ent_diag *d,
                              const struct ent_disk *disk, const char *name)
{
    enum ent_err r = ent_disk_load(disk, b, name);
    if (r == ENT_E_NOTFOUND)
        return r;
    if (r != ENT_OK && r != ENT_E_LIMIT)
        return ent_fail(d, r, "cannot read the audit log", 0, 0);
    *ret = ent_buf_slice(b);
    if (r == ENT_E_LIMIT || ent_check_take(ret) != ENT_OK || ret->n == 0 ||
        ret->p[ret->n - 1] != '\n' || memchr(ret->p, '\n', ret->n - 1) != NULL)
        return ent_fail(d, ENT_E_AUTH, "a file of the audit log is damaged", 0, 0);
    ret->n--;
    return ENT_OK;
}

static enum ent_err save_line(struct ent_diag *d, const struct ent_disk *disk, const char *name,
                              struct ent_buf *line)
{
    enum ent_err r;
    if ((r = ent_buf_putc(line, '\n')) == ENT_OK && (r = ent_check_add(line)) == ENT_OK)
        r = disk->replace(disk->ctx, name, ent_buf_slice(line));
    return r == ENT_OK ? r : ent_fail(d, r, "cannot write the audit log", 0, 0);
}

enum ent_err trail_newest(uint64_t *ret, struct ent_diag *d, const struct ent_disk *disk)
{
    struct ent_slice line = {NULL, 0};
    struct ent_buf b;
    ent_buf_init(&b, 64);
    *ret = 0;
    enum ent_err r = load_line(&b, &line, d, disk, NEWEST);
    if (r == ENT_OK && (ent_parse_u64(ret, line, INT32_MAX) != ENT_OK || *ret == 0))
        r = ent_fail(d, ENT_E_AUTH, "a file of the audit log is damaged", 0, 0);
    ent_buf_release(&b);
    return r == ENT_E_NOTFOUND ? ENT_OK : r;
}

enum ent_err trail_key(struct ent_pubkey *ret, struct ent_diag *d, const struct ent_disk *disk,
                       const struct trail_names *n)
{
    struct ent_slice line = {NULL, 0};
    struct ent_vkey key;
    struct ent_buf b;
    ent_buf_init(&b, 512);
    enum ent_err r = load_line(&b, &line, d, disk, n->key);
    if (r == ENT_OK) {
        if (ent_vkey_parse(&key, line, NULL) != ENT_OK || key.type != ENT_SIG_NOTE ||
            strcmp(key.name, n->origin) != 0)
            r = ent_fail(d, ENT_E_AUTH, "a file of the audit log is damaged", 0, 0);
        else
            *ret = key.pk;
    }
    ent_buf_release(&b);
    return r;
}

/* --- one generation -----------------------------------------------------------------------------
 */

/* The log of a generation, and who signs its heads: what lies in its lock/ is all that it was. */
struct writing {
    struct ent_log *log;
    struct ent_signer *signer;
    struct ent_signer_lock lock;
    struct trail_names names;
};

static void close_log(struct writing *w)
{
    ent_log_free(w->log);
    ent_signer_local_free(w->signer);
    *w = (struct writing){.log = NULL};
}

/* To be closed also after an error. */
static enum ent_err open_log(const struct ent_trail *t, struct writing *w, struct ent_diag *d,
                             const struct trail_names *n)
{
    w->names = *n;
    w->lock = (struct ent_signer_lock){t->opts.disk, t->member, w->names.lock};
    const struct ent_signer_opts so = {.self = t->member,
                                       .origin = w->names.origin,
                                       .log = &t->key->seed,
                                       .given = {.ctx = &w->lock, .last = ent_signer_lock_last}};
    enum ent_err r = ent_signer_local(&w->signer, d, &so);
    if (r != ENT_OK)
        return r;
    const struct ent_log_opts opts = {.disk = t->opts.disk,
                                      .dir = n->dir,
                                      .lock = n->lock,
                                      .origin = n->origin,
                                      .signer = w->signer,
                                      .alone = true};
    return ent_log_open(&w->log, d, &opts);
}

/* The log takes it, signs for it, and keeps that head also beside the data: lock/ is not in
 * backups. */
static enum ent_err add_to(struct ent_log *log, struct ent_diag *d,
                           const struct ent_trail_record *r)
{
    struct ent_buf line;
    uint64_t index;
    ent_buf_init(&line, ENT_TRAIL_LINE);
    enum ent_err e = ent_trail_record_encode(&line, r);
    if (e != ENT_OK)
        e = ent_fail(d, e, "not a record of the audit log", 0, 0);
    else if ((e = ent_log_append(log, &index, ent_buf_slice(&line), NULL, ent_slice(NULL, 0))) !=
             ENT_OK)
        e = ent_fail(d, e,
                     e == ENT_E_STATE ? "the audit log is shorter than what was signed for; "
                                        "`entente audit begin` goes on with another"
                                      : "cannot add to the audit log",
                     0, 0);
    else if ((e = ent_log_commit(log, d)) == ENT_OK)
        e = ent_log_publish(log, d, ent_log_head(log));
    ent_buf_release(&line);
    return e;
}

/* ENT_E_NOTFOUND: there is none that this key can go on with. */
static enum ent_err open_newest(const struct ent_trail *t, struct writing *w, uint64_t *ret_n,
                                struct ent_diag *d)
{
    const uint64_t most = t->opts.most == 0 ? ENT_TRAIL_ENTRIES : t->opts.most;
    struct trail_names n;
    struct ent_pubkey pk;
    enum ent_err r = trail_newest(ret_n, d, t->opts.disk);
    if (r != ENT_OK)
        return r;
    if (*ret_n == 0)
        return ENT_E_NOTFOUND;
    trail_names(&n, t->member, *ret_n);
    if ((r = trail_key(&pk, d, t->opts.disk, &n)) != ENT_OK)
        return r == ENT_E_NOTFOUND
                   ? ent_fail(d, ENT_E_AUTH, "a file of the audit log is missing", 0, 0)
                   : r;
    if (memcmp(pk.b, t->key->pk.b, sizeof(pk.b)) != 0)
        return ENT_E_NOTFOUND;
    if ((r = open_log(t, w, d, &n)) != ENT_OK) {
        close_log(w);
        return r;
    }
    if (ent_log_state(w->log) == ENT_LOG_READY && ent_log_size(w->log) >= most) {
        close_log(w);
        return ENT_E_NOTFOUND;
    }
    return ENT_OK;
}

/* --- the next one -------------------------------------------------------------------------------
 */

/* What is said of the one before: its head as it is kept, if the file is good. */
static void describe(const struct ent_trail *t, char ret[static TRAIL_BEFORE], uint64_t generation)
{
    struct ent_log *log = NULL;
    struct ent_hash32 root;
    struct trail_names n;
    struct ent_pubkey pk;
    trail_names(&n, t->member, generation);
    const struct ent_log_opts opts = {
        .disk = t->opts.disk, .dir = n.dir, .lock = n.lock, .origin = n.origin, .pk = &pk};
    trail_before(ret, generation, 0, NULL);
    if (trail_key(&pk, NULL, t->opts.disk, &n) == ENT_OK &&
        ent_log_open(&log, NULL, &opts) == ENT_OK && ent_log_state(log) == ENT_LOG_READ_ONLY &&
        ent_tree_root(ent_log_tree(log), &root, ent_log_size(log)) == ENT_OK)
        trail_before(ret, generation, ent_log_size(log), &root);
    ent_log_free(log);
}

static enum ent_err write_key(const struct ent_trail *t, struct ent_diag *d,
                              const struct trail_names *n)
{
    struct ent_vkey key = {.type = ENT_SIG_NOTE, .pk = t->key->pk};
    struct ent_buf b;
    ent_buf_init(&b, 512);
    (void)snprintf(key.name, sizeof(key.name), "%s", n->origin);
    enum ent_err r = ent_vkey_encode(&b, &key);
    if (r == ENT_OK)
        r = save_line(d, t->opts.disk, n->key, &b);
    ent_buf_release(&b);
    return r;
}

static enum ent_err write_newest(const struct ent_trail *t, struct ent_diag *d, uint64_t n)
{
    struct ent_buf b;
    ent_buf_init(&b, 64);
    enum ent_err r = ent_buf_printf(&b, "%" PRIu64, n);
    if (r == ENT_OK)
        r = save_line(d, t->opts.disk, NEWEST, &b);
    ent_buf_release(&b);
    return r;
}

/* Of a generation without a name yet (see begin()): one that another key signed stays as it is. */
static bool is_taken(const struct ent_trail *t, const struct trail_names *n)
{
    char head[ENT_DISK_NAME_MAX + 16];
    struct ent_pubkey pk;
    uint64_t bytes = 0;
    (void)snprintf(head, sizeof(head), "%s/checkpoint", n->lock);
    return trail_key(&pk, NULL, t->opts.disk, n) == ENT_OK &&
           memcmp(pk.b, t->key->pk.b, sizeof(pk.b)) != 0 &&
           t->opts.disk->size(t->opts.disk->ctx, &bytes, head) == ENT_OK && bytes > 0;
}

/* Its first record is durable before anybody is told of it. Whoever was killed in between left a
 * generation without a name, which is used then, or gets its name if its key was another one. */
static enum ent_err begin(const struct ent_trail *t, struct writing *w, struct ent_diag *d,
                          uint64_t before, int64_t now)
{
    struct ent_trail_record first = {
        .time = now, .who = ENT_OWNER, .via = ENT_VIA_HOME, .what = ENT_ACT_BEGIN};
    char said[TRAIL_BEFORE];
    struct trail_names n;
    enum ent_err r;
    trail_names(&n, t->member, before + 1);
    if (is_taken(t, &n)) {
        if ((r = write_newest(t, d, ++before)) != ENT_OK)
            return r;
        trail_names(&n, t->member, before + 1);
    }
    if ((r = write_key(t, d, &n)) != ENT_OK || (r = open_log(t, w, d, &n)) != ENT_OK)
        return r;
    if (before > 0) {
        describe(t, said, before);
        ent_trail_record_on(&first, ent_slice_str(said));
    }
    if (ent_log_size(w->log) == 0)
        r = add_to(w->log, d, &first);
    if (r == ENT_OK)
        r = write_newest(t, d, before + 1);
    return r;
}

/* --- adding -------------------------------------------------------------------------------------
 */

static enum ent_err lock(struct ent_trail *t, struct ent_diag *d)
{
    (void)pthread_mutex_lock(&t->lock);
    while (t->opts.lock_fd >= 0 && flock(t->opts.lock_fd, LOCK_EX) != 0)
        if (errno != EINTR) {
            enum ent_err r = ent_fail_sys(d, "cannot lock the audit log");
            (void)pthread_mutex_unlock(&t->lock);
            return r;
        }
    return ENT_OK;
}

static void unlock(struct ent_trail *t)
{
    if (t->opts.lock_fd >= 0)
        (void)flock(t->opts.lock_fd, LOCK_UN);
    (void)pthread_mutex_unlock(&t->lock);
}

enum ent_err ent_trail_add(struct ent_trail *t, struct ent_diag *d,
                           const struct ent_trail_record *r)
{
    struct writing w = {.log = NULL};
    uint64_t n = 0;
    enum ent_err e = lock(t, d);
    if (e != ENT_OK)
        return e;
    if ((e = open_newest(t, &w, &n, d)) == ENT_E_NOTFOUND)
        e = begin(t, &w, d, n, r->time);
    if (e == ENT_OK)
        e = add_to(w.log, d, r);
    close_log(&w);
    unlock(t);
    return e;
}

enum ent_err ent_trail_record(void *ctx, const struct ent_trail_record *r, struct ent_diag *d)
{
    return ent_trail_add(ctx, d, r);
}

enum ent_err ent_trail_begin(struct ent_trail *t, struct ent_diag *d, uint64_t *ret, int64_t now)
{
    struct writing w = {.log = NULL};
    uint64_t n = 0;
    enum ent_err e = lock(t, d);
    if (e != ENT_OK)
        return e;
    if ((e = trail_newest(&n, d, t->opts.disk)) == ENT_OK)
        e = begin(t, &w, d, n, now);
    close_log(&w);
    unlock(t);
    if (e == ENT_OK)
        e = trail_newest(ret, d, t->opts.disk);
    return e;
}

enum ent_err ent_trail_new(struct ent_trail **ret, const struct ent_trail_opts *opts)
{
    struct ent_trail *t = calloc(1, sizeof(*t));
    if (t == NULL)
        return ENT_E_NOMEM;
    t->opts = *opts;
    (void)pthread_mutex_init(&t->lock, NULL);
    (void)snprintf(t->member, sizeof(t->member), "%s", opts->member);
    if ((t->key = ent_secret_alloc(sizeof(*t->key))) == NULL) {
        ent_trail_free(t);
        return ENT_E_NOMEM;
    }
    ent_keypair_init(t->key, opts->key);
    t->opts.key = NULL;
    *ret = t;
    return ENT_OK;
}

void ent_trail_free(struct ent_trail *t)
{
    if (t == NULL)
        return;
    ent_secret_free(t->key);
    (void)pthread_mutex_destroy(&t->lock);
    free(t);
}
