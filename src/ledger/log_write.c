/* log_write.c: making a log longer, and what it gives and keeps of its entries. */
#include "ledger/log_parts.h"

/* --- appending ---------------------------------------------------------------------------------
 */

enum ent_err ent_log_append(struct ent_log *log, uint64_t *ret_index, struct ent_slice entry,
                            const struct ent_salt32 *salt, struct ent_slice body)
{
    enum ent_err r;
    if (log->state != ENT_LOG_READY)
        return ENT_E_STATE;
    size_t dat_n = log->bodies.dat_more.n, idx_n = log->bodies.idx_more.n;
    if ((r = bodies_append(&log->bodies, salt, body)) != ENT_OK)
        return r;
    if ((r = ent_tree_append(log->tree, entry)) != ENT_OK) {
        log->bodies.dat_more.n = dat_n;
        log->bodies.idx_more.n = idx_n;
        return r;
    }
    *ret_index = log->size + log->waiting++;
    return ENT_OK;
}

void ent_log_drop(struct ent_log *log)
{
    ent_tree_drop(log->tree);
    bodies_drop(&log->bodies);
    log->waiting = 0;
}

/* Who appends without the lock, or with a copy of this home, is found out here at the latest. */
static enum ent_err lock_is_as_known(struct ent_log *log, struct ent_diag *d)
{
    struct ent_buf b;
    ent_buf_init(&b, ENT_NOTE_MAX);
    enum ent_err r = ent_disk_load(log->disk, &b, log->lock_name);
    if (r == ENT_E_NOTFOUND)
        r = ENT_OK;
    if (r != ENT_OK)
        r = ent_fail(d, r, "cannot read the last signed head", 0, 0);
    else if (!ent_slice_eq(ent_buf_slice(&b), ent_buf_slice(&log->lock_note)))
        r = ent_fail(d, ENT_E_STATE, "somebody else signed a head of this log", 0, 0);
    ent_buf_release(&b);
    return r;
}

/* What was written for a batch that did not fit goes away again. */
static enum ent_err take_back(struct ent_log *log, struct ent_diag *d)
{
    struct ent_hash32 root;
    enum ent_err r;
    if ((r = ent_tree_flush(log->tree, d, &root)) != ENT_OK) /* not to be written any more? */
        return r;
    if ((r = bodies_adopt(&log->bodies, d, log->size)) != ENT_OK)
        return r;
    if ((r = bodies_cut(&log->bodies)) != ENT_OK)
        return ent_fail(d, r, "cannot take back what was written", 0, 0);
    return ENT_OK;
}

/* Files alone; nothing is signed. *ret_full: nothing of it is there any more. */
static enum ent_err write_batch(struct ent_log *log, struct ent_hash32 *ret_root,
                                struct ent_diag *d, bool *ret_full)
{
    enum ent_err r;
    if ((r = bodies_write(&log->bodies)) != ENT_OK) {
        r = ent_fail(d, r, "cannot write the bodies", 0, 0);
        ent_tree_drop(log->tree);
    } else {
        r = ent_tree_flush(log->tree, d, ret_root);
    }
    if (r == ENT_E_FULL)
        *ret_full = take_back(log, NULL) == ENT_OK;
    return r == ENT_OK ? bodies_sync(&log->bodies, d) : r;
}

/* By the signer, whose last head may be another one than ours: that of a process that has gone. */
static enum ent_err sign_head(struct ent_log *log, struct ent_buf *note, const struct head *h,
                              struct ent_diag *d)
{
    const struct ent_checkpoint cp = {ent_slice_str(log->origin), h->size, h->root};
    const struct ent_merkle_source source = ent_tree_source(log->tree);
    const struct ent_signer *by = log->signer;
    struct ent_last_head last;
    struct ent_growth *g = malloc(sizeof(*g));
    struct ent_signature sig;
    enum ent_err r;
    if (g == NULL)
        return ent_fail(d, ENT_E_NOMEM, "out of memory", 0, 0);
    if ((r = by->last(by->ctx, &last, d, log->origin)) == ENT_OK) {
        if ((r = ent_growth_make(g, log->origin, &last, h->size, &h->root, &source)) != ENT_OK)
            r = ent_fail(d, r, "a later head of this log was signed", 0, last.size);
        else
            r = by->head(by->ctx, &sig, d, g);
    }
    if (r == ENT_OK && ((r = ent_checkpoint_encode(note, &cp)) != ENT_OK ||
                        (r = ent_note_add(note, note->n, log->origin, &sig.pk, sig.sig)) != ENT_OK))
        r = ent_fail(d, r, "cannot sign a head", 0, 0);
    free(g);
    return r;
}

/* The one moment at which a batch becomes part of the log. A head that was signed is never taken
 * back: another one of its size would be a fork. */
enum ent_err log_put_head(struct ent_log *log, const struct head *h, struct ent_diag *d)
{
    struct ent_buf note;
    ent_buf_init(&note, ENT_NOTE_MAX);
    enum ent_err r = sign_head(log, &note, h, d);
    if (r == ENT_OK &&
        (r = log->disk->replace(log->disk->ctx, log->lock_name, ent_buf_slice(&note))) != ENT_OK) {
        r = ent_fail(d, r, "cannot write the last signed head", 0, 0);
    } else if (r == ENT_OK) {
        ent_buf_clear(&log->lock_note);
        ent_buf_clear(&log->head);
        if ((r = ent_buf_put_slice(&log->lock_note, ent_buf_slice(&note))) != ENT_OK ||
            (r = ent_buf_put_slice(&log->head, ent_buf_slice(&note))) != ENT_OK)
            r = ent_fail(d, r, "out of memory", 0, 0);
    }
    ent_buf_release(&note);
    return r;
}

enum ent_err ent_log_commit(struct ent_log *log, struct ent_diag *d)
{
    struct head h = {.size = log->size + log->waiting};
    bool full = false;
    enum ent_err r;
    if (log->state != ENT_LOG_READY)
        return ent_fail(d, ENT_E_STATE, ent_log_state_text(log->state), 0, 0);
    if (log->waiting == 0)
        return ENT_OK;
    log->state = ENT_LOG_BROKEN; /* until all has gone well */
    if ((r = lock_is_as_known(log, d)) == ENT_OK &&
        (r = write_batch(log, &h.root, d, &full)) == ENT_OK)
        r = log_put_head(log, &h, d);
    if (r == ENT_OK) {
        log->size = h.size;
        log->signed_for = h;
    }
    ent_log_drop(log);
    if (r == ENT_OK || full)
        log->state = ENT_LOG_READY;
    return r;
}

/* --- for others --------------------------------------------------------------------------------
 */

enum ent_err ent_log_published(struct ent_log *log, struct ent_buf *b)
{
    return ent_disk_load(log->disk, b, log->head_name);
}

enum ent_err ent_log_publish(struct ent_log *log, struct ent_diag *d, struct ent_slice note)
{
    struct ent_checkpoint cp = {0};
    struct head before;
    struct ent_buf b;
    enum ent_err r;
    if (!log->has_pk)
        return ent_fail(d, ENT_E_STATE, "without its key nobody knows the heads of a log", 0, 0);
    if ((r = log_parse_head(log, &cp, note, d)) != ENT_OK)
        return r;
    const struct head h = {cp.size, cp.root};
    if (h.size > log->size || log_is_ours(log, &h) != ENT_OK)
        return ent_fail(d, ENT_E_STATE, "not a head of this log", 0, h.size);
    ent_buf_init(&b, ENT_NOTE_MAX);
    r = log_load_head(log, &b, &before, log->head_name, d);
    ent_buf_release(&b);
    if (r == ENT_OK && before.size > h.size)
        return ent_fail(d, ENT_E_STATE, "a later head is published already", 0, before.size);
    if (r != ENT_OK && r != ENT_E_NOTFOUND)
        return r;
    r = log->disk->replace(log->disk->ctx, log->head_name, note);
    return r == ENT_OK ? r : ent_fail(d, r, "cannot write the published head", 0, 0);
}

enum ent_err ent_log_act(struct ent_log *log, struct ent_buf *b, struct ent_diag *d, uint64_t index)
{
    char b64[ENT_BASE64_LEN(32)];
    struct ent_salt32 salt;
    struct ent_buf body;
    size_t before = b->n;
    if (index >= log->size)
        return ent_fail(d, ENT_E_LIMIT, "no such entry", 0, index);
    enum ent_err r = ent_tree_entry(log->tree, b, d, index);
    if (r != ENT_OK)
        return r;
    ent_buf_init(&body, ENT_ACT_BODY_MAX);
    r = bodies_get(&log->bodies, &salt, &body, d, index);
    if (r == ENT_OK) {
        ent_base64_encode(b64, salt.b, sizeof(salt.b));
        if ((r = ent_buf_printf(b, "\nsalt %s\n", b64)) != ENT_OK ||
            (r = ent_buf_put_slice(b, ent_buf_slice(&body))) != ENT_OK)
            r = ent_fail(d, r, "no room for an act", 0, index);
    }
    ent_buf_wipe(&body);
    if (r != ENT_OK && r != ENT_E_NOTFOUND)
        b->n = before;
    return r;
}

enum ent_err ent_log_erase(struct ent_log *log, struct ent_diag *d, uint64_t index)
{
    if (log->signer == NULL || log->state == ENT_LOG_BROKEN)
        return ent_fail(d, ENT_E_STATE, ent_log_state_text(log->state), 0, 0);
    if (index >= log->size)
        return ent_fail(d, ENT_E_LIMIT, "no such entry", 0, index);
    enum ent_err r = bodies_erase(&log->bodies, d, index);
    if (r == ENT_E_IO || r == ENT_E_FULL)
        log->state = ENT_LOG_BROKEN;
    return r;
}

/* --- checking all of it ------------------------------------------------------------------------
 */

static enum ent_err check_head(struct ent_log *log, struct ent_diag *d, const char *name)
{
    struct ent_buf b;
    struct head h;
    ent_buf_init(&b, ENT_NOTE_MAX);
    enum ent_err r = log_load_head(log, &b, &h, name, d);
    if (r == ENT_OK && h.size <= log->size && log_is_ours(log, &h) != ENT_OK)
        r = ent_fail(d, ENT_E_AUTH, "a head that was signed is of another history", 0, h.size);
    ent_buf_release(&b);
    return r == ENT_E_NOTFOUND ? ENT_OK : r;
}

enum ent_err ent_log_check(struct ent_log *log, struct ent_diag *d, const char **ret_file,
                           uint64_t *ret_index, void *ctx,
                           enum ent_err (*each)(void *ctx, uint64_t index, struct ent_slice entry))
{
    bool idx = false;
    enum ent_err r;
    *ret_index = 0;
    *ret_file = log->lock_name;
    if ((r = check_head(log, d, log->lock_name)) != ENT_OK)
        return r;
    *ret_file = log->head_name;
    if ((r = check_head(log, d, log->head_name)) != ENT_OK)
        return r;
    if ((r = bodies_check(&log->bodies, d, &idx, ret_index)) != ENT_OK) {
        *ret_file = idx ? "bodies.idx" : "bodies.dat";
        return r;
    }
    *ret_file = NULL;
    return ent_tree_check(log->tree, d, ret_file, ret_index, ctx, each);
}

/* --- recovery ----------------------------------------------------------------------------------
 */

#define REFILL_BATCH 1024u

/* The head to be reached. */
static enum ent_err target_of(struct ent_log *log, struct head *ret, struct ent_slice head,
                              struct ent_diag *d)
{
    struct ent_checkpoint cp = {0};
    enum ent_err r;
    *ret = log->signed_for;
    if (head.n == 0)
        return ENT_OK;
    if ((r = log_parse_head(log, &cp, head, d)) != ENT_OK)
        return r;
    *ret = (struct head){cp.size, cp.root};
    if (ret->size < log->signed_for.size)
        return ent_fail(d, ENT_E_STATE, "a later head was signed than this one", 0, ret->size);
    if (ret->size == log->signed_for.size && !log_same(&ret->root, &log->signed_for.root))
        return ent_fail(d, ENT_E_AUTH, "two heads that were signed are of two histories", 0,
                        ret->size);
    return ENT_OK;
}

static enum ent_err flush_refill(struct ent_log *log, struct ent_diag *d)
{
    struct ent_hash32 root;
    enum ent_err r = bodies_write(&log->bodies);
    if (r != ENT_OK)
        return ent_fail(d, r, "cannot write the bodies", 0, 0);
    if ((r = ent_tree_flush(log->tree, d, &root)) != ENT_OK)
        return r;
    return bodies_sync(&log->bodies, d);
}

static enum ent_err refill_entries(struct ent_log *log, const struct head *to, void *ctx,
                                   enum ent_err (*entry)(void *ctx, struct ent_buf *b,
                                                         uint64_t index),
                                   struct ent_diag *d)
{
    struct ent_buf b;
    uint64_t bodies = 0;
    enum ent_err r;
    /* Bodies that are still there belong to what was signed for, and to nothing behind it. */
    if ((r = bodies_count(&log->bodies, &bodies, log->signed_for.size)) != ENT_OK)
        return ent_fail(d, r, "cannot read the bodies", 0, 0);
    log->bodies.loose = true;
    ent_buf_init(&b, ENT_ENTRY_MAX);
    for (uint64_t i = log->size; i < to->size && r == ENT_OK; i++) {
        ent_buf_clear(&b);
        if ((r = entry(ctx, &b, i)) != ENT_OK)
            r = ent_fail(d, r, "an entry is missing", 0, i);
        else if ((i >= bodies &&
                  (r = bodies_append(&log->bodies, NULL, ent_slice(NULL, 0))) != ENT_OK) ||
                 (r = ent_tree_append(log->tree, ent_buf_slice(&b))) != ENT_OK)
            r = ent_fail(d, r, "no room for an entry", 0, i);
        else if (i + 1 == to->size || (i + 1) % REFILL_BATCH == 0)
            r = flush_refill(log, d);
    }
    ent_buf_release(&b);
    return r;
}

enum ent_err ent_log_refill(struct ent_log *log, struct ent_diag *d, struct ent_slice head,
                            void *ctx,
                            enum ent_err (*entry)(void *ctx, struct ent_buf *b, uint64_t index))
{
    struct head to, from = {.size = log->size};
    struct ent_hash32 root;
    enum ent_err r;
    if (log->state != ENT_LOG_SHORT && log->state != ENT_LOG_OLD && log->state != ENT_LOG_UNASKED)
        return ent_fail(d, ENT_E_STATE, "nothing is missing that could be refilled", 0, 0);
    if ((r = target_of(log, &to, head, d)) != ENT_OK)
        return r;
    if ((r = ent_tree_root(log->tree, &from.root, from.size)) != ENT_OK)
        return ent_fail(d, r, "cannot read the log", 0, 0);
    if ((r = refill_entries(log, &to, ctx, entry, d)) == ENT_OK &&
        ((r = ent_tree_root(log->tree, &root, to.size)) != ENT_OK || !log_same(&root, &to.root)))
        r = ent_fail(d, ENT_E_AUTH, "these entries do not lead to the head", 0, to.size);
    if (r == ENT_OK)
        r = log_put_head(log, &to, d);
    if (r != ENT_OK) {
        ent_tree_drop(log->tree);
        bodies_drop(&log->bodies);
        if (log_open_tree(log, &from, NULL) != ENT_OK)
            log->state = ENT_LOG_BROKEN;
        return r;
    }
    log->size = to.size;
    log->signed_for = to;
    log->state = log->alone ? ENT_LOG_READY : ENT_LOG_UNASKED;
    return ENT_OK;
}
