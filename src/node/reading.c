/* reading.c: logs that are looked at, and never changed. */
#include "node/node.h"

/* The files below the ledger are named by the first word of a diagnosis. */
void ent_flaw_of_log(struct ent_flaw *flaw, const char *dir, const char *lock_dir,
                     const struct ent_diag *d)
{
    static const char *const lock = "the last head in the lock", *const published = "the published";
    const char *text = d->text != NULL ? d->text : "", *end = strchr(text, ' ');
    int n = end == NULL ? 0 : (int)(end - text);
    if (flaw == NULL)
        return;
    *flaw = (struct ent_flaw){.has_index = false};
    if (strncmp(text, lock, strlen(lock)) == 0)
        (void)snprintf(flaw->file, sizeof(flaw->file), "%.150s/checkpoint", lock_dir);
    else if (strncmp(text, published, strlen(published)) == 0)
        (void)snprintf(flaw->file, sizeof(flaw->file), "%.150s/checkpoint", dir);
    else if (strncmp(text, "entries.", 8) == 0 || strncmp(text, "bodies.", 7) == 0 ||
             (text[0] == 'h' && text[1] >= '0' && text[1] <= '9')) {
        (void)snprintf(flaw->file, sizeof(flaw->file), "%.150s/%.*s", dir, n, text);
        flaw->has_index = true;
        flaw->index = d->offset;
    } else {
        (void)snprintf(flaw->file, sizeof(flaw->file), "%s", dir);
    }
}

static enum ent_err flawed_head(struct ent_reading *rd, struct ent_flaw *flaw, struct ent_diag *d,
                                const char *text)
{
    if (flaw != NULL) {
        *flaw = (struct ent_flaw){.has_index = false};
        (void)snprintf(flaw->file, sizeof(flaw->file), "%.150s/%s", rd->head_dir, rd->head_file);
    }
    return ent_fail(d, ENT_E_AUTH, text, 0, 0);
}

static enum ent_err flawed(struct ent_reading *rd, struct ent_flaw *flaw, struct ent_diag *d,
                           const char *file, const char *text)
{
    if (flaw != NULL) {
        *flaw = (struct ent_flaw){.has_index = false};
        (void)snprintf(flaw->file, sizeof(flaw->file), "%.150s/%s", rd->dir, file);
    }
    return ent_fail(d, ENT_E_AUTH, text, 0, 0);
}

/* --- an own log ---------------------------------------------------------------------------------
 */

static enum ent_err open_own(struct ent_reading *rd, struct ent_flaw *flaw, struct ent_diag *d)
{
    char lock[32];
    uint64_t bytes = 0;
    struct ent_diag what = {0};
    (void)snprintf(rd->dir, sizeof(rd->dir), "log/%u", rd->key->generation);
    (void)snprintf(rd->head_dir, sizeof(rd->head_dir), "%s", rd->dir);
    (void)snprintf(rd->head_file, sizeof(rd->head_file), "checkpoint");
    (void)snprintf(lock, sizeof(lock), "lock/%u", rd->key->generation);
    const struct ent_log_opts opts = {.disk = rd->home->disk,
                                      .dir = rd->dir,
                                      .lock = lock,
                                      .origin = rd->origin,
                                      .pk = &rd->key->pk};
    enum ent_err r = ent_log_open(&rd->log, &what, &opts);
    if (r == ENT_OK && ent_log_state(rd->log) == ENT_LOG_SHORT)
        r = ENT_E_AUTH; /* `what` says what is missing */
    if (r != ENT_OK) {
        ent_flaw_of_log(flaw, rd->dir, lock, &what);
        return ent_fail(d, r, what.text != NULL ? what.text : "cannot read the log", 0, 0);
    }
    rd->size = ent_log_size(rd->log);
    rd->tree = ent_log_tree(rd->log);
    if (rd->size > 0) {
        r = ent_log_published(rd->log, &rd->head);
        if (r == ENT_E_NOTFOUND || (r == ENT_OK && rd->head.n == 0))
            r = ent_buf_put_slice(&rd->head, ent_log_head(rd->log));
        return r;
    }
    char name[64];
    (void)snprintf(name, sizeof(name), "%.40s/entries.dat", rd->dir);
    if (rd->home->disk->size(rd->home->disk->ctx, &bytes, name) == ENT_OK && bytes > 0)
        return flawed(rd, flaw, d, "entries.dat",
                      "entries without a head that was signed for them");
    return ENT_OK;
}

/* --- a mirror -----------------------------------------------------------------------------------
 */

static enum ent_err load(struct ent_reading *rd, struct ent_buf *b, const char *dir,
                         const char *file)
{
    char name[ENT_DISK_NAME_MAX];
    (void)snprintf(name, sizeof(name), "%.150s/%s", dir, file);
    return ent_disk_load(rd->home->disk, b, name);
}

static enum ent_err open_mirror(struct ent_reading *rd, struct ent_flaw *flaw, struct ent_diag *d)
{
    struct ent_checkpoint cp = {.size = 0}, head;
    struct ent_hash32 none;
    struct ent_diag what = {0};
    struct ent_buf b;
    (void)snprintf(rd->dir, sizeof(rd->dir), "mirror/%s/%u", rd->member->name, rd->key->generation);
    (void)snprintf(rd->head_dir, sizeof(rd->head_dir), "lock/heads/%s", rd->member->name);
    (void)snprintf(rd->head_file, sizeof(rd->head_file), "%u", rd->key->generation);
    ent_buf_init(&b, ENT_CHECKPOINT_MAX);
    enum ent_err r = load(rd, &rd->head, rd->head_dir, rd->head_file),
                 m = load(rd, &b, rd->dir, "mirrored");
    if (r == ENT_E_NOTFOUND) {
        r = m == ENT_OK ? flawed_head(rd, flaw, d, "a mirror without the head of its log")
                        : ent_fail(d, r, "nothing of this member's log is here", 0, 0);
        goto out;
    }
    if (r == ENT_OK && ent_roster_check_head(&rd->home->roster, &rd->standing, &head,
                                             ent_buf_slice(&rd->head), NULL) != ENT_OK)
        r = flawed_head(rd, flaw, d, "the head of the log is damaged");
    if (r != ENT_OK || m == ENT_E_NOTFOUND)
        goto out;
    ent_sha256_of(&none, ent_slice(NULL, 0));
    if ((r = m) != ENT_OK || (r = ent_checkpoint_parse(&cp, ent_buf_slice(&b), NULL)) != ENT_OK ||
        !ent_slice_eq(cp.origin, ent_slice_str(rd->origin)) ||
        (cp.size == 0 && memcmp(cp.root.b, none.b, 32) != 0) ||
        (cp.size == head.size && memcmp(cp.root.b, head.root.b, 32) != 0) || cp.size > head.size)
        r = flawed(rd, flaw, d, "mirrored", "what the mirror was checked against is damaged");
    else if (cp.size > 0 && (r = ent_tree_open(&rd->tree, &what, rd->home->disk, rd->dir, cp.size,
                                               &cp.root, true)) != ENT_OK) {
        ent_flaw_of_log(flaw, rd->dir, "lock", &what);
        if (flaw != NULL &&
            strcmp(flaw->file, rd->dir) == 0) /* no hash is wrong, and the root is */
            (void)snprintf(flaw->file, sizeof(flaw->file), "%.150s/mirrored", rd->dir);
        r = ent_fail(d, r == ENT_E_NOTFOUND ? ENT_E_AUTH : r,
                     what.text != NULL ? what.text : "cannot read the mirror", 0, 0);
    }
    rd->size = cp.size;
out:
    ent_buf_release(&b);
    return r;
}

/* --- the whole ----------------------------------------------------------------------------------
 */

static enum ent_err find(struct ent_reading *rd, struct ent_diag *d, const char *member,
                         unsigned generation)
{
    const struct ent_home *h = rd->home;
    if (h->pact == NULL)
        return ent_fail(d, ENT_E_NOTFOUND,
                        "in no pact yet: `entente pact new` founds one, `entente pact vote` joins",
                        0, 0);
    rd->own = member == NULL || strcmp(member, h->self.name) == 0;
    rd->member = ent_roster_member(&h->roster, rd->own ? h->self.name : member);
    if (rd->member == NULL)
        return ent_fail(d, ENT_E_NOTFOUND, "the pact has no such member: `entente pact show`", 0,
                        0);
    for (size_t i = rd->member->logs; i-- > 0 && rd->key == NULL;)
        if (generation == 0 || rd->member->log[i].generation == generation)
            rd->key = &rd->member->log[i];
    if (rd->key == NULL)
        return ent_fail(d, ENT_E_NOTFOUND, "the member has no such log", 0, 0);
    ent_roster_origin(&h->roster, rd->origin, rd->member->name, rd->key->generation);
    return ENT_OK;
}

/* What stands behind the head that a log was closed with was never said: its member's votes for the
 * closing, or a thief's words. */
static enum ent_err end_where_closed(struct ent_reading *rd, struct ent_flaw *flaw,
                                     struct ent_diag *d)
{
    struct ent_hash32 root;
    if (!rd->key->closed || rd->tree == NULL || rd->size < rd->key->size)
        return ENT_OK;
    rd->size = rd->key->size;
    enum ent_err r = ent_tree_root(rd->tree, &root, rd->size);
    if (r != ENT_OK)
        return ent_fail(d, r, "cannot read the log", 0, 0);
    return memcmp(root.b, rd->key->root.b, 32) == 0
               ? ENT_OK
               : flawed(rd, flaw, d, "entries.dat", "not the log that the pact has closed");
}

static enum ent_err open_it(struct ent_reading *rd, struct ent_flaw *flaw, struct ent_diag *d)
{
    struct ent_checkpoint cp;
    enum ent_err r = rd->own ? open_own(rd, flaw, d) : open_mirror(rd, flaw, d);
    if (r == ENT_OK)
        r = end_where_closed(rd, flaw, d);
    if (r != ENT_OK || rd->head.n == 0)
        return r;
    if ((r = ent_roster_check_head(&rd->home->roster, &rd->standing, &cp, ent_buf_slice(&rd->head),
                                   NULL)) != ENT_OK ||
        !ent_slice_eq(cp.origin, ent_slice_str(rd->origin)))
        return flawed_head(rd, flaw, d, "a signature below the head of the log is wrong");
    rd->head_size = cp.size;
    rd->head_root = cp.root;
    return ENT_OK;
}

enum ent_err ent_reading_open(struct ent_reading **ret, struct ent_flaw *flaw, struct ent_diag *d,
                              const struct ent_home *h, const char *member, unsigned generation)
{
    struct ent_reading *rd = calloc(1, sizeof(*rd));
    if (rd == NULL)
        return ent_fail(d, ENT_E_NOMEM, "out of memory", 0, 0);
    rd->home = h;
    ent_buf_init(&rd->head, ENT_NOTE_MAX);
    enum ent_err r = find(rd, d, member, generation);
    if (r != ENT_OK) {
        free(rd);
        return r;
    }
    if ((r = open_it(rd, flaw, d)) != ENT_OK) {
        ent_reading_close(rd);
        return r;
    }
    *ret = rd;
    return ENT_OK;
}

void ent_reading_close(struct ent_reading *rd)
{
    if (rd == NULL)
        return;
    if (rd->log != NULL)
        ent_log_free(rd->log);
    else
        ent_tree_free(rd->tree);
    ent_buf_release(&rd->head);
    free(rd);
}

enum ent_err ent_reading_check(const struct ent_reading *rd, struct ent_statement *ret,
                               struct ent_hash32 *ret_leaf, struct ent_slice entry,
                               struct ent_diag *d, uint64_t index)
{
    const struct ent_pubkey *pk = ent_roster_author(rd->member, rd->key->generation, index);
    if (pk == NULL)
        return ent_fail(d, ENT_E_AUTH, "no author key of the member is valid at this place", 0,
                        index);
    if (ent_statement_open(ret, ret_leaf, entry, pk, d) != ENT_OK)
        return ENT_E_AUTH; /* *d says why; what stands in a log has to be a statement */
    if (strcmp(ret->author, rd->member->name) != 0)
        return ent_fail(d, ENT_E_AUTH, "statement of another author", 0, index);
    if (ret->sequence != ent_roster_base(rd->member, rd->key->generation) + index + 1)
        return ent_fail(d, ENT_E_AUTH, "number of the statement is not that of its place", 0,
                        index);
    return ENT_OK;
}

enum ent_err ent_reading_entry(struct ent_reading *rd, struct ent_buf *entry,
                               struct ent_statement *ret, struct ent_hash32 *ret_leaf,
                               struct ent_flaw *flaw, struct ent_diag *d, uint64_t index)
{
    struct ent_diag what = {0};
    size_t before = entry->n;
    if (index >= rd->size || rd->tree == NULL)
        return ent_fail(d, ENT_E_NOTFOUND, "there is no such entry here", 0, 0);
    enum ent_err r = ent_tree_entry(rd->tree, entry, &what, index);
    if (r != ENT_OK) {
        ent_flaw_of_log(flaw, rd->dir, "lock", &what);
        return ent_fail(d, r, what.text != NULL ? what.text : "cannot read the entry", 0, 0);
    }
    r = ent_reading_check(rd, ret, ret_leaf, ent_slice(entry->p + before, entry->n - before), d,
                          index);
    if (r != ENT_OK) {
        (void)flawed(rd, flaw, NULL, "entries.dat", NULL);
        if (flaw != NULL) {
            flaw->has_index = true;
            flaw->index = index;
        }
    }
    return r;
}

void ent_reading_worth(const struct ent_reading *rd, struct ent_standing *ret, uint64_t index)
{
    *ret = (struct ent_standing){.k = rd->home->roster.k};
    if (rd->head.n > 0 && index < rd->head_size)
        *ret = rd->standing;
}
