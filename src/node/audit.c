/* audit.c: everything that is kept of a log, checked from its files. */
#include "node/node.h"

#define BATCH       2048u
#define BATCH_BYTES (16u << 20)
#define PER_JOB     32u

struct auditing {
    const struct ent_audit_opts *opts;
    struct ent_audit *ret;
    struct ent_diag *d;
    struct ent_reading *rd;
    /* Keys that witnesses have or had: heads keep what was below them when they came. */
    struct {
        char name[ENT_NAME_MAX + 16];
        struct ent_pubkey pk;
    } * witness;
    size_t witnesses, room;
    /* Entries whose signatures wait. */
    struct ent_buf bytes;
    size_t at[BATCH + 1], n;
    uint64_t first;
    struct ent_diag bad[BATCH / PER_JOB];
    uint64_t bad_at[BATCH / PER_JOB];
};

static enum ent_err wrong(struct auditing *a, const char *dir, const char *file, const char *text)
{
    a->ret->flaw = (struct ent_flaw){.has_index = false};
    (void)snprintf(a->ret->flaw.file, sizeof(a->ret->flaw.file), "%.120s/%.70s", dir, file);
    return ent_fail(a->d, ENT_E_AUTH, text, 0, 0);
}

static enum ent_err wrong_at(struct auditing *a, const char *dir, const char *file,
                             const char *text, uint64_t index)
{
    enum ent_err r = wrong(a, dir, file, text);
    a->ret->flaw.has_index = true;
    a->ret->flaw.index = index;
    return r;
}

/* --- witnesses ----------------------------------------------------------------------------------
 */

static enum ent_err add_witness(struct auditing *a, const struct ent_member *m)
{
    for (size_t i = 0; i < a->witnesses; i++)
        if (memcmp(&a->witness[i].pk, &m->witness.pk, sizeof(m->witness.pk)) == 0)
            return ENT_OK;
    if (a->witnesses == a->room) {
        size_t room = a->room == 0 ? 64 : 2 * a->room;
        void *more = realloc(a->witness, room * sizeof(a->witness[0]));
        if (more == NULL)
            return ent_fail(a->d, ENT_E_NOMEM, "out of memory", 0, 0);
        a->witness = more;
        a->room = room;
    }
    ent_key_name(a->witness[a->witnesses].name, m->name, "witness");
    a->witness[a->witnesses++].pk = m->witness.pk;
    return ENT_OK;
}

static enum ent_err find_witnesses(struct auditing *a)
{
    const struct ent_chain *chain = &a->opts->home->chain;
    struct ent_pact *p = malloc(sizeof(*p));
    enum ent_err r = ENT_OK;
    if (p == NULL)
        return ent_fail(a->d, ENT_E_NOMEM, "out of memory", 0, 0);
    for (uint64_t v = 1; v <= chain->versions && r == ENT_OK; v++) {
        r = ent_chain_pact(chain, p, v);
        for (size_t i = 0; r == ENT_OK && i < p->members; i++)
            r = add_witness(a, &p->member[i]);
    }
    free(p);
    return r;
}

/* --- heads --------------------------------------------------------------------------------------
 */

/* A head as it is kept: signed by its log, and every line below it by a witness. A line by nobody
 * is one that was written here and is another now. */
static const char *check_lines(struct auditing *a, struct ent_checkpoint *ret,
                               struct ent_slice bytes)
{
    const struct ent_reading *rd = a->rd;
    struct ent_note *note = malloc(sizeof(*note));
    const char *why = NULL;
    size_t good = 1;
    int64_t time;
    if (note == NULL)
        return "out of memory";
    if (ent_note_parse(note, bytes, NULL) != ENT_OK ||
        ent_checkpoint_parse(ret, note->text, NULL) != ENT_OK ||
        !ent_slice_eq(ret->origin, ent_slice_str(rd->origin)))
        why = "what is kept as a head of this log is none";
    else if (ent_note_check(note, rd->origin, &rd->key->pk) != ENT_OK)
        why = "a head without a good signature of its log";
    for (size_t i = 0; why == NULL && i < a->witnesses; i++) {
        enum ent_err r = ent_cosign_check(note, &time, a->witness[i].name, &a->witness[i].pk);
        if (r == ENT_OK)
            good++;
        else if (r != ENT_E_NOTFOUND)
            why = "a cosignature below a head does not hold";
    }
    if (why == NULL && good != note->sigs)
        why = "a signature below a head is by nobody who was ever in the pact";
    if (why == NULL) {
        a->ret->heads++;
        a->ret->cosignatures += good - 1;
    }
    free(note);
    return why;
}

/* And of the history that lies here. */
static const char *check_head(struct auditing *a, struct ent_slice bytes)
{
    struct ent_reading *rd = a->rd;
    struct ent_checkpoint cp;
    struct ent_hash32 root;
    const char *why = check_lines(a, &cp, bytes);
    if (why != NULL || cp.size > rd->size)
        return why;
    if (rd->tree == NULL)
        ent_sha256_of(&root, ent_slice(NULL, 0));
    else if (ent_tree_root(rd->tree, &root, cp.size) != ENT_OK)
        return "the hashes below a head cannot be read";
    return memcmp(root.b, cp.root.b, 32) == 0 ? NULL : "a signed head is of another history";
}

static enum ent_err load(struct auditing *a, struct ent_buf *b, const char *dir, const char *file)
{
    char name[ENT_DISK_NAME_MAX];
    (void)snprintf(name, sizeof(name), "%.120s/%.70s", dir, file);
    enum ent_err r = ent_disk_load(a->rd->home->disk, b, name);
    if (r == ENT_OK || r == ENT_E_NOTFOUND)
        return r;
    return r == ENT_E_LIMIT ? wrong(a, dir, file, "the file is too large")
                            : ent_fail(a->d, r, "cannot read a file", 0, 0);
}

static enum ent_err check_file(struct auditing *a, const char *dir, const char *file)
{
    struct ent_buf b;
    ent_buf_init(&b, ENT_NOTE_MAX);
    enum ent_err r = load(a, &b, dir, file);
    if (r == ENT_OK) {
        const char *why = check_head(a, ent_buf_slice(&b));
        if (why != NULL)
            r = wrong(a, dir, file, why);
    }
    ent_buf_release(&b);
    return r == ENT_E_NOTFOUND ? ENT_OK : r;
}

/* "shown <length>" or "past <length>", and the note. */
static enum ent_err next_seen(struct ent_cur *c, struct ent_slice *ret)
{
    struct ent_slice line;
    uint64_t n = 0;
    if (ent_cur_line(c, &line) != ENT_OK)
        return ENT_E_FORMAT;
    size_t word = ent_slice_starts(line, ENT_SLICE_LIT("past "))    ? 5
                  : ent_slice_starts(line, ENT_SLICE_LIT("shown ")) ? 6
                                                                    : 0;
    if (word == 0 ||
        ent_parse_u64(&n, ent_slice(line.p + word, line.n - word), ENT_NOTE_MAX) != ENT_OK)
        return ENT_E_FORMAT;
    return ent_cur_take(c, ret, (size_t)n);
}

static enum ent_err check_seen(struct auditing *a)
{
    struct ent_buf b;
    struct ent_slice note = {NULL, 0};
    uint64_t i = 0;
    ent_buf_init(&b, 16u << 20);
    enum ent_err r = load(a, &b, a->rd->dir, "seen");
    struct ent_cur c = ent_cur(ent_buf_slice(&b));
    for (; r == ENT_OK && c.n > 0; i++) {
        const char *why = next_seen(&c, &note) != ENT_OK ? "what is kept of heads breaks off"
                                                         : check_head(a, note);
        if (why != NULL)
            r = wrong_at(a, a->rd->dir, "seen", why, i);
        else if (a->opts->stop != NULL && atomic_load(a->opts->stop))
            r = ENT_E_INTERRUPTED;
    }
    ent_buf_release(&b);
    return r == ENT_E_NOTFOUND ? ENT_OK : r;
}

/* --- entries ------------------------------------------------------------------------------------
 */

static enum ent_err check_some(void *ctx, size_t job)
{
    struct auditing *a = ctx;
    size_t end = (job + 1) * PER_JOB;
    a->bad[job] = (struct ent_diag){0};
    for (size_t i = job * PER_JOB; i < end && i < a->n; i++) {
        struct ent_statement st;
        struct ent_hash32 leaf;
        const struct ent_slice entry = ent_slice(a->bytes.p + a->at[i], a->at[i + 1] - a->at[i]);
        if (ent_reading_check(a->rd, &st, &leaf, entry, &a->bad[job], a->first + i) != ENT_OK) {
            a->bad_at[job] = a->first + i;
            return ENT_OK; /* an earlier job may find an earlier one */
        }
    }
    return ENT_OK;
}

static enum ent_err flush(struct auditing *a)
{
    size_t jobs = (a->n + PER_JOB - 1) / PER_JOB;
    enum ent_err r = ent_pool_run(a->opts->pool, check_some, a, jobs);
    for (size_t i = 0; i < jobs && r == ENT_OK; i++)
        if (a->bad[i].text != NULL)
            r = wrong_at(a, a->rd->dir, "entries.dat", a->bad[i].text, a->bad_at[i]);
    if (r != ENT_OK)
        return r;
    a->ret->entries += a->n;
    a->first += a->n;
    a->n = 0;
    ent_buf_clear(&a->bytes);
    if (a->opts->progress != NULL)
        a->opts->progress(a->opts->ctx, a->first, a->rd->size);
    return a->opts->stop != NULL && atomic_load(a->opts->stop) ? ENT_E_INTERRUPTED : ENT_OK;
}

static enum ent_err each_entry(void *ctx, uint64_t index, struct ent_slice entry)
{
    struct auditing *a = ctx;
    enum ent_err r = ENT_OK;
    if (index >= a->rd->size) /* behind the end of a closed log */
        return ENT_OK;
    if (a->n == BATCH || a->bytes.n + entry.n > BATCH_BYTES)
        r = flush(a);
    a->at[a->n] = a->bytes.n;
    if (r == ENT_OK && (r = ent_buf_put_slice(&a->bytes, entry)) == ENT_OK)
        a->at[++a->n] = a->bytes.n;
    return r;
}

static enum ent_err check_entries(struct auditing *a)
{
    const char *file = NULL;
    uint64_t index = 0;
    struct ent_diag what = {0};
    enum ent_err r = ENT_OK;
    a->n = 0;
    a->first = 0;
    a->ret->flaw.file[0] = '\0';
    if (a->rd->log != NULL)
        r = ent_log_check(a->rd->log, &what, &file, &index, a, each_entry);
    else if (a->rd->tree != NULL)
        r = ent_tree_check(a->rd->tree, &what, &file, &index, a, each_entry);
    if (r == ENT_OK)
        r = flush(a);
    if (r == ENT_OK || a->ret->flaw.file[0] != '\0' || file == NULL)
        return r == ENT_OK || a->ret->flaw.file[0] != '\0' || r == ENT_E_INTERRUPTED
                   ? r
                   : ent_fail(a->d, r, what.text != NULL ? what.text : "cannot read the log", 0, 0);
    if (strchr(file, '/') != NULL) { /* one with its folder is a head */
        (void)snprintf(a->ret->flaw.file, sizeof(a->ret->flaw.file), "%s", file);
        return ent_fail(a->d, r, what.text != NULL ? what.text : "damaged", 0, 0);
    }
    return wrong_at(a, a->rd->dir, file, what.text != NULL ? what.text : "damaged", index);
}

/* --- what statements name, and what is held against a member ------------------------------------
 */

/* Called with each file of a folder. */
static enum ent_err each_file(struct auditing *a, const char *folder,
                              enum ent_err (*each)(struct auditing *a, const char *name))
{
    char name[ENT_DISK_NAME_MAX];
    struct ent_buf names;
    enum ent_err r = ent_home_list(a->opts->home, &names, folder);
    if (r != ENT_OK)
        r = ent_disk_fail(a->d, r, "cannot read a directory");
    struct ent_cur c = ent_cur(ent_buf_slice(&names));
    while (r == ENT_OK && ent_home_next_name(&c, name))
        r = each(a, name);
    ent_buf_release(&names);
    return r;
}

/* heads/<root>: the heads that lead to this root. */
static enum ent_err check_list(struct auditing *a, const char *name)
{
    char hex[ENT_HEX_LEN(32)];
    struct ent_hash32 root;
    struct ent_merkle m;
    struct ent_buf b;
    struct ent_slice line;
    bool whole = true;
    if (strlen(name) != 64)
        return ENT_OK; /* a file that is being written */
    ent_buf_init(&b, 1u << 20);
    ent_merkle_init(&m);
    enum ent_err r = load(a, &b, "heads", name);
    struct ent_cur c = ent_cur(ent_buf_slice(&b));
    while (r == ENT_OK && whole && c.n > 0) {
        const uint8_t *start = c.p;
        for (int i = 0; i < 3; i++)
            whole = whole && ent_cur_line(&c, &line) == ENT_OK;
        ent_merkle_leaf(&m, ent_slice(start, (size_t)(c.p - start)));
    }
    ent_merkle_root(&m, &root);
    ent_hex_encode(hex, root.b, 32);
    ent_buf_release(&b);
    if (r != ENT_OK && r != ENT_E_NOTFOUND) /* an empty one is of no heads */
        return r;
    if (!whole || strcmp(hex, name) != 0)
        return wrong(a, "heads", name, "a list of heads is not the one that it is named by");
    a->ret->lists++;
    return ENT_OK;
}

static enum ent_err check_proof(struct auditing *a, const char *name)
{
    const struct ent_roster *roster = &a->opts->home->roster;
    const char *who = a->rd->member->name;
    size_t n = strlen(who);
    struct ent_misbehaviour m;
    struct ent_buf b;
    struct ent_hash32 hash;
    char hex[ENT_HEX_LEN(4)];
    if (strncmp(name, who, n) != 0 || name[n] != '-' || strlen(name) != n + 9)
        return ENT_OK;
    ent_buf_init(&b, ENT_MISBEHAVIOUR_MAX);
    enum ent_err r = load(a, &b, "exposed", name);
    if (r == ENT_OK) {
        ent_sha256_of(&hash, ent_buf_slice(&b));
        ent_hex_encode(hex, hash.b, 4);
        if ((r = ent_misbehaviour_parse(&m, ent_buf_slice(&b), NULL)) == ENT_OK)
            r = m.kind == ENT_MB_VOTE ? ent_vote_misbehaviour_check(&m, roster, NULL)
                                      : ent_misbehaviour_check(&m, roster, NULL);
        if (r != ENT_OK || strcmp(hex, name + n + 1) != 0 || strcmp(m.member, who) != 0)
            r = wrong(a, "exposed", name, "a proof of misbehaviour that does not hold");
        else
            a->ret->proofs++;
    }
    ent_buf_release(&b);
    return r == ENT_E_NOTFOUND ? ENT_OK : r;
}

/* --- the whole ----------------------------------------------------------------------------------
 */

static enum ent_err audit_log(struct auditing *a, unsigned generation)
{
    char lock[32];
    enum ent_err r =
        ent_reading_open(&a->rd, &a->ret->flaw, a->d, a->opts->home, a->opts->member, generation);
    if (r != ENT_OK) {
        a->rd = NULL;
        return r;
    }
    (void)snprintf(lock, sizeof(lock), "lock/%u", generation);
    a->ret->logs++;
    a->ret->size = a->rd->size;
    a->ret->head_size = a->rd->head_size;
    a->ret->root = a->rd->head_root;
    a->ret->standing = a->rd->standing;
    if (a->rd->own && (r = check_file(a, lock, "checkpoint")) == ENT_OK)
        r = check_file(a, a->rd->dir, "checkpoint");
    else if (!a->rd->own && (r = check_file(a, a->rd->head_dir, a->rd->head_file)) == ENT_OK)
        r = check_seen(a);
    if (r == ENT_OK && !a->rd->own)
        r = ent_audit_cursor(&a->ret->flaw, a->d, a->opts->home, a->rd->dir);
    return r == ENT_OK ? check_entries(a) : r;
}

static enum ent_err audit_all(struct auditing *a)
{
    const struct ent_home *h = a->opts->home;
    const char *name = a->opts->member != NULL ? a->opts->member : h->self.name;
    const struct ent_roster_member *m = ent_roster_member(&h->roster, name);
    enum ent_err r = find_witnesses(a);
    if (m == NULL) /* says why */
        return r == ENT_OK ? audit_log(a, 0) : r;
    for (size_t i = 0; i < m->logs && r == ENT_OK; i++) {
        bool last = i + 1 == m->logs;
        r = audit_log(a, m->log[i].generation);
        if (r == ENT_E_NOTFOUND && (!last || a->ret->logs > 0))
            r = ENT_OK;
        if (r == ENT_OK && last)
            break;
        ent_reading_close(a->rd);
        a->rd = NULL;
    }
    if (r == ENT_OK && a->rd != NULL && a->rd->own)
        r = each_file(a, "heads", check_list);
    if (r == ENT_OK && a->rd != NULL)
        r = each_file(a, "exposed", check_proof);
    if (r == ENT_OK && a->rd != NULL && a->rd->own)
        r = ent_audit_home(&a->ret->flaw, &a->ret->files, a->d, a->opts->home, a->opts->stop);
    return r;
}

static enum ent_err audit_once(struct ent_audit *ret, struct ent_diag *d,
                               const struct ent_audit_opts *opts)
{
    struct auditing *a = calloc(1, sizeof(*a));
    *ret = (struct ent_audit){.logs = 0};
    if (a == NULL)
        return ent_fail(d, ENT_E_NOMEM, "out of memory", 0, 0);
    a->opts = opts;
    a->ret = ret;
    a->d = d;
    ent_buf_init(&a->bytes, BATCH_BYTES + ENT_ENTRY_MAX);
    enum ent_err r = audit_all(a);
    ent_reading_close(a->rd);
    ent_buf_release(&a->bytes);
    free(a->witness);
    free(a);
    return r;
}

/* Beside a running node what lies there may be by keys of a pact that came after the home was
 * opened: it is damaged only if the newest pact does not know it either. */
enum ent_err ent_audit(struct ent_audit *ret, struct ent_diag *d, const struct ent_audit_opts *opts)
{
    enum ent_err r;
    bool changed;
    do {
        changed = false;
        r = audit_once(ret, d, opts);
    } while (r == ENT_E_AUTH && ent_home_refresh(opts->home, NULL, &changed) == ENT_OK && changed);
    return r;
}
