/* log.c: one's own log: what is in it, and when a head of it may be signed. */
#include "ledger/log_parts.h"

const char *ent_log_state_text(enum ent_log_state s)
{
    static const char *const texts[ENT_LOG_STATES] = {
        "ready",
        "nobody has said yet what they know of this log: nothing is signed before",
        "there is less on the disk than was signed for: `entente recover` refills it",
        "somebody holds a later head, this is an old copy: `entente recover` refills it",
        "a write failed: start again",
        "no key: only read"};
    return texts[s];
}

/* --- heads -------------------------------------------------------------------------------------
 */

enum ent_err log_parse_head(const struct ent_log *log, struct ent_checkpoint *ret,
                            struct ent_slice bytes, struct ent_diag *d)
{
    struct ent_note *note = malloc(sizeof(*note));
    enum ent_err r;
    if (note == NULL)
        return ent_fail(d, ENT_E_NOMEM, "out of memory", 0, 0);
    if ((r = ent_note_parse(note, bytes, d)) == ENT_OK &&
        (r = ent_checkpoint_parse(ret, note->text, d)) == ENT_OK) {
        if (!ent_slice_eq(ret->origin, ent_slice_str(log->origin)))
            r = ent_fail(d, ENT_E_AUTH, "a head of another log", 1, 0);
        else if (log->has_pk && ent_note_check(note, log->origin, &log->pk) != ENT_OK)
            r = ent_fail(d, ENT_E_AUTH, "a head without a good signature of its log", 0, 0);
    }
    free(note);
    return r;
}

enum ent_err log_load_head(const struct ent_log *log, struct ent_buf *b, struct head *ret,
                           const char *name, struct ent_diag *d)
{
    struct ent_checkpoint cp = {0};
    ent_buf_clear(b);
    enum ent_err r = ent_disk_load(log->disk, b, name);
    if (r == ENT_E_NOTFOUND)
        return r;
    if (r == ENT_OK && log_parse_head(log, &cp, ent_buf_slice(b), NULL) != ENT_OK)
        return ent_fail(d, ENT_E_AUTH,
                        name == log->lock_name ? "the last head in the lock's place is damaged"
                                               : "the published head is damaged",
                        0, 0);
    if (r != ENT_OK)
        return ent_fail(d, r, "cannot read a head", 0, 0);
    *ret = (struct head){cp.size, cp.root};
    return ENT_OK;
}

/* This head is now that of the tree. Others' signatures do not belong to it. */
enum ent_err log_set_head(struct ent_log *log, struct ent_slice bytes)
{
    uint8_t id[4];
    enum ent_err r;
    ent_buf_clear(&log->head);
    if (log->signer == NULL || bytes.n == 0)
        return ent_buf_put_slice(&log->head, bytes);
    struct ent_note *note = malloc(sizeof(*note));
    if (note == NULL)
        return ENT_E_NOMEM;
    ent_note_key_id(id, log->origin, &log->pk);
    if ((r = ent_note_parse(note, bytes, NULL)) == ENT_OK)
        r = ent_buf_put_slice(&log->head, note->text);
    for (size_t i = 0; r == ENT_OK && i < note->sigs; i++) {
        const struct ent_note_sig *s = &note->sig[i]; /* of 64 bytes: it was verified */
        if (ent_slice_eq(s->name, ent_slice_str(log->origin)) && memcmp(s->id, id, 4) == 0)
            r = ent_note_add(&log->head, note->text.n, log->origin, &log->pk, s->sig);
    }
    free(note);
    return r;
}

/* --- opening -----------------------------------------------------------------------------------
 */

enum ent_err log_open_tree(struct ent_log *log, const struct head *h, struct ent_diag *d)
{
    struct ent_tree *t = NULL;
    enum ent_err r = ent_tree_open(&t, d, log->disk, log->dir, h->size, &h->root, true);
    if (r == ENT_OK)
        r = bodies_adopt(&log->bodies, d, h->size);
    if (r != ENT_OK) {
        ent_tree_free(t);
        return r;
    }
    ent_tree_free(log->tree);
    log->tree = t;
    log->size = h->size;
    return ENT_OK;
}

static void empty(struct head *ret)
{
    ret->size = 0;
    ent_sha256_of(&ret->root, ent_slice(NULL, 0));
}

/* Open what the newest head says; if there is less, what the published one says, or nothing. */
static enum ent_err open_data(struct ent_log *log, const struct head *newest,
                              struct ent_slice newest_note, const struct head *published,
                              struct ent_slice published_note, struct ent_diag *d)
{
    struct head none;
    enum ent_err r = log_open_tree(log, newest, d);
    log->signed_for = *newest;
    if (r == ENT_OK)
        return log_set_head(log, newest_note);
    if (r != ENT_E_NOTFOUND)
        return r;
    log->state = ENT_LOG_SHORT;
    empty(&none);
    if (published_note.n > 0 && published->size < newest->size &&
        log_open_tree(log, published, NULL) == ENT_OK)
        return log_set_head(log, published_note);
    return log_open_tree(log, &none, NULL);
}

/* A head that is older than the tree: is it of the same history? */
enum ent_err log_is_ours(struct ent_log *log, const struct head *h)
{
    struct ent_hash32 root;
    enum ent_err r = ent_tree_root(log->tree, &root, h->size);
    if (r != ENT_OK)
        return r;
    return log_same(&root, &h->root) ? ENT_OK : ENT_E_STATE;
}

/* What was read in <lock> may be gone again after a power cut: whoever wrote it may have died, or
 * failed, before it was there for good. Nothing is told of it before it is, or else another head of
 * its size could be signed later. */
static enum ent_err settle_lock(const struct ent_log *log, struct ent_diag *d)
{
    if (log->signer == NULL) /* it forks nothing */
        return ENT_OK;
    enum ent_err r = log->disk->sync(log->disk->ctx, log->lock_name);
    return r == ENT_OK ? r : ent_fail(d, r, "cannot keep the last signed head", 0, 0);
}

static enum ent_err open_all(struct ent_log *log, struct ent_diag *d)
{
    struct head locked, published, none;
    struct ent_buf pub;
    enum ent_err r, p;
    ent_buf_init(&pub, ENT_NOTE_MAX);
    empty(&none);
    locked = published = none;
    if ((r = log_load_head(log, &log->lock_note, &locked, log->lock_name, d)) == ENT_OK)
        r = settle_lock(log, d);
    p = log_load_head(log, &pub, &published, log->head_name, d);
    if (r == ENT_E_NOTFOUND)
        r = ENT_OK;
    if (p != ENT_OK && p != ENT_E_NOTFOUND && r == ENT_OK)
        r = p;
    if (r == ENT_OK && published.size > locked.size) /* <lock> is lost, or an old one */
        r = open_data(log, &published, ent_buf_slice(&pub), &none, ent_slice(NULL, 0), d);
    else if (r == ENT_OK)
        r = open_data(log, &locked, ent_buf_slice(&log->lock_note), &published, ent_buf_slice(&pub),
                      d);
    for (int i = 0; i < 2 && r == ENT_OK; i++) {
        const struct head *h = i == 0 ? &locked : &published;
        if (h->size <= log->size && (r = log_is_ours(log, h)) == ENT_E_STATE)
            r = ent_fail(d, ENT_E_AUTH, "two heads that were signed are of two histories", 0,
                         h->size);
    }
    ent_buf_release(&pub);
    return r;
}

static bool name_of(char *ret, const char *dir, const char *name)
{
    int n = snprintf(ret, ENT_DISK_NAME_MAX, "%s%s", dir, name);
    return n > 0 && (size_t)n < ENT_DISK_NAME_MAX;
}

static enum ent_err set_up(struct ent_log *log, const struct ent_log_opts *o)
{
    int n = snprintf(log->origin, sizeof(log->origin), "%s", o->origin);
    log->disk = o->disk;
    log->alone = o->alone;
    ent_buf_init(&log->head, ENT_NOTE_MAX);
    ent_buf_init(&log->lock_note, ENT_NOTE_MAX);
    if (n < 0 || (size_t)n >= sizeof(log->origin) ||
        !ent_origin_is_valid(ent_slice_str(log->origin)) || strchr(log->origin, ' ') != NULL)
        return ENT_E_FORMAT;
    if (o->signer != NULL)
        log->pk = o->signer->keys.log;
    else if (o->pk != NULL)
        log->pk = *o->pk;
    log->signer = o->signer;
    log->has_pk = o->signer != NULL || o->pk != NULL;
    log->state = o->signer == NULL ? ENT_LOG_READ_ONLY : o->alone ? ENT_LOG_READY : ENT_LOG_UNASKED;
    return name_of(log->dir, o->dir, "") && name_of(log->head_name, o->dir, "/checkpoint") &&
                   name_of(log->lock_name, o->lock, "/checkpoint")
               ? bodies_init(&log->bodies, o->disk, o->dir)
               : ENT_E_LIMIT;
}

void ent_log_free(struct ent_log *log)
{
    if (log == NULL)
        return;
    ent_tree_free(log->tree);
    bodies_release(&log->bodies);
    ent_buf_release(&log->head);
    ent_buf_release(&log->lock_note);
    free(log);
}

enum ent_log_state ent_log_state(const struct ent_log *log)
{
    return log->state;
}

uint64_t ent_log_size(const struct ent_log *log)
{
    return log->size;
}

struct ent_slice ent_log_head(const struct ent_log *log)
{
    return ent_buf_slice(&log->head);
}

struct ent_tree *ent_log_tree(struct ent_log *log)
{
    return log->tree;
}

/* --- what others signed or know ----------------------------------------------------------------
 */

/* Tree and bodies up to a later head. note: the head as it is kept already; without one it comes to
 * <lock> before it is told. */
static enum ent_err grow(struct ent_log *log, struct ent_diag *d, const struct head *h,
                         struct ent_slice note)
{
    struct ent_last_head last;
    uint64_t old = log->bodies.n;
    enum ent_err r = bodies_adopt(&log->bodies, d, h->size);
    if (r != ENT_OK)
        return r;
    log->bodies.loose = true;
    if ((r = ent_tree_grow(log->tree, d, h->size, &h->root)) == ENT_OK && note.n == 0)
        r = log_put_head(log, h, d);
    else if (r == ENT_OK) {
        if (log->signer != NULL) /* it need not wait for its next head to know */
            r = log->signer->last(log->signer->ctx, &last, d, log->origin);
        if (r == ENT_OK)
            r = log_set_head(log, note);
    }
    if (r == ENT_OK) {
        log->size = h->size;
        log->signed_for = *h;
    } else if ((bodies_adopt(&log->bodies, NULL, old) != ENT_OK ||
                ent_tree_size(log->tree) != log->size) &&
               log->signer != NULL) {
        log->state = ENT_LOG_BROKEN; /* the next entry would have another place than it is told */
    }
    return r;
}

/* A signer that lives longer than whoever asks it may have signed a head that never came to <lock>.
 * What it was signed for was on the disk before. */
static enum ent_err catch_up(struct ent_log *log, struct ent_diag *d)
{
    struct ent_last_head last;
    enum ent_err r = log->signer->last(log->signer->ctx, &last, d, log->origin);
    if (r != ENT_OK || last.size <= log->signed_for.size)
        return r;
    const struct head h = {last.size, last.root};
    if (log->state != ENT_LOG_SHORT)
        r = grow(log, d, &h, ent_slice(NULL, 0));
    if (log->state == ENT_LOG_BROKEN)
        return r;
    if (r == ENT_E_NOTFOUND || r == ENT_E_AUTH || log->state == ENT_LOG_SHORT) {
        log->state = ENT_LOG_SHORT;
        log->signed_for = h;
        r = ENT_OK;
    }
    return r;
}

enum ent_err ent_log_open(struct ent_log **ret, struct ent_diag *d, const struct ent_log_opts *opts)
{
    struct ent_log *log = calloc(1, sizeof(*log));
    if (log == NULL)
        return ent_fail(d, ENT_E_NOMEM, "out of memory", 0, 0);
    enum ent_err r = set_up(log, opts);
    if (r != ENT_OK)
        r = ent_fail(d, r, "not the name of a log", 0, 0);
    else
        r = open_all(log, d);
    if (r == ENT_OK && log->signer != NULL)
        r = catch_up(log, d);
    if (r != ENT_OK) {
        ent_log_free(log);
        return r;
    }
    *ret = log;
    return ENT_OK;
}

enum ent_err ent_log_refresh(struct ent_log *log, struct ent_diag *d)
{
    struct ent_buf b;
    struct head h = {0};
    ent_buf_init(&b, ENT_NOTE_MAX);
    enum ent_err r = log_load_head(log, &b, &h, log->lock_name, d);
    if (r == ENT_E_NOTFOUND)
        r = log->lock_note.n == 0 ? ENT_OK
                                  : ent_fail(d, ENT_E_STATE, "the last signed head has gone", 0, 0);
    else if (r == ENT_OK && !ent_slice_eq(ent_buf_slice(&b), ent_buf_slice(&log->lock_note))) {
        if (log->waiting > 0)
            r = ent_fail(d, ENT_E_STATE, "somebody else signed a head of this log", 0, h.size);
        else if (h.size <= log->size)
            r = log_is_ours(log, &h) == ENT_OK && log->lock_note.n == 0
                    ? ENT_OK
                    : ent_fail(d, ENT_E_STATE, "the last signed head is an older one", 0, h.size);
        else if ((r = settle_lock(log, d)) == ENT_OK)
            r = grow(log, d, &h, ent_buf_slice(&b));
        if (r == ENT_OK) {
            ent_buf_clear(&log->lock_note);
            r = ent_buf_put_slice(&log->lock_note, ent_buf_slice(&b));
        }
    }
    ent_buf_release(&b);
    if (r != ENT_OK && log->state != ENT_LOG_READ_ONLY && log->state != ENT_LOG_SHORT &&
        log->state != ENT_LOG_OLD)
        log->state = r == ENT_E_NOTFOUND ? ENT_LOG_SHORT : ENT_LOG_BROKEN;
    return r;
}

static enum ent_err old_copy(struct ent_log *log, struct ent_diag *d, uint64_t size)
{
    if (log->state != ENT_LOG_READ_ONLY)
        log->state = ENT_LOG_OLD;
    return ent_fail(d, ENT_E_STATE, "somebody holds a head of this log that is not known here", 0,
                    size);
}

/* A later head than ours: another process of this home signed it, or <lock> is not the newest. */
static enum ent_err heard_later(struct ent_log *log, struct ent_diag *d, const struct head *h,
                                struct ent_slice note)
{
    enum ent_err r;
    if (log->state == ENT_LOG_SHORT &&
        (h->size < log->signed_for.size ||
         (h->size == log->signed_for.size && log_same(&h->root, &log->signed_for.root))))
        return ENT_OK; /* as we know */
    if (log->waiting > 0 || log->state == ENT_LOG_SHORT || log->state == ENT_LOG_BROKEN ||
        log->state == ENT_LOG_OLD)
        return old_copy(log, d, h->size);
    if ((r = ent_log_refresh(log, d)) != ENT_OK)
        return r;
    if (h->size > log->size) {
        r = grow(log, d, h, log->signer == NULL ? note : ent_slice(NULL, 0));
        if ((r == ENT_E_NOTFOUND || r == ENT_E_AUTH) && log->state != ENT_LOG_BROKEN)
            return old_copy(log, d, h->size);
        if (r != ENT_OK)
            return r;
    }
    return log_is_ours(log, h) == ENT_OK ? ENT_OK : old_copy(log, d, h->size);
}

enum ent_err ent_log_heard(struct ent_log *log, struct ent_diag *d, struct ent_slice head)
{
    struct ent_checkpoint cp = {0};
    enum ent_err r = ENT_OK;
    if (head.n > 0) {
        if (!log->has_pk)
            return ent_fail(d, ENT_E_STATE, "without its key nobody knows the heads of a log", 0,
                            0);
        if (log_parse_head(log, &cp, head, d) != ENT_OK)
            return ENT_E_AUTH;
        struct head h = {cp.size, cp.root};
        if (h.size > log->size)
            r = heard_later(log, d, &h, head);
        else if ((r = log_is_ours(log, &h)) == ENT_E_STATE)
            r = old_copy(log, d, h.size);
        if (r != ENT_OK)
            return r;
    }
    if (log->state == ENT_LOG_UNASKED)
        log->state = ENT_LOG_READY;
    return ENT_OK;
}
