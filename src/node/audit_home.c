/*
 * audit_home.c: the files of a home that are in no log: keys, what was said about the pact's next
 * version, who has left, proofs of misbehaviour, what one's votes bind to, the records of matches,
 * the windows of observation, and the audit log of this home's users.
 * The card and the versions of the pact were verified when the home was opened.
 */
#include "node/node.h"

struct checking {
    const struct ent_home *h;
    const atomic_bool *stop;
    struct ent_flaw *flaw;
    struct ent_diag *d;
    uint64_t files;
    struct ent_buf bytes;    /* of the file that is looked at */
    struct ent_delivery del; /* what it says */
};

static enum ent_err wrong(struct checking *c, const char *name, const char *text)
{
    *c->flaw = (struct ent_flaw){.has_index = false};
    (void)snprintf(c->flaw->file, sizeof(c->flaw->file), "%.190s", name);
    return ent_fail(c->d, ENT_E_AUTH, text, 0, 0);
}

/* Its bytes; with a line that tells damage, without that line. ENT_E_NOTFOUND. */
static enum ent_err load(struct checking *c, struct ent_slice *ret, const char *name, bool checked)
{
    ent_buf_clear(&c->bytes);
    enum ent_err r = ent_home_load(c->h, &c->bytes, c->d, name);
    if (r == ENT_E_LIMIT)
        return wrong(c, name, "the file is too large");
    if (r != ENT_OK)
        return r;
    *ret = ent_buf_slice(&c->bytes);
    if (checked && ent_check_take(ret) != ENT_OK)
        return wrong(c, name, "the file is damaged: its last line is not the sum of it");
    c->files++;
    return ENT_OK;
}

/* Each name in a folder, in order; nothing where there is no such folder. What was removed since it
 * was listed was not damaged: a node that runs beside this clears away what is over. */
static enum ent_err each_name(struct checking *c, const char *folder,
                              enum ent_err (*each)(struct checking *c, const char *name,
                                                   const char *file))
{
    char name[2 * ENT_DISK_NAME_MAX], file[ENT_DISK_NAME_MAX];
    struct ent_buf names;
    enum ent_err r = ent_home_list(c->h, &names, folder);
    if (r != ENT_OK)
        r = ent_disk_fail(c->d, r, "cannot read a directory");
    struct ent_cur cur = ent_cur(ent_buf_slice(&names));
    while (r == ENT_OK && ent_home_next_name(&cur, file)) {
        (void)snprintf(name, sizeof(name), "%s/%s", folder, file);
        if ((r = each(c, name, file)) == ENT_E_NOTFOUND)
            r = ENT_OK;
    }
    ent_buf_release(&names);
    return r;
}

/* --- keys ---------------------------------------------------------------------------------------
 */

static enum ent_err check_role(struct checking *c, enum ent_key_role role)
{
    char name[ENT_KEY_FILE_NAME];
    struct ent_pubkey pk;
    struct ent_diag d = {0};
    bool any = false, in_use = false;
    for (unsigned n = 1; n <= ENT_KEY_FILES; n++) {
        ent_key_file_name(name, role, n);
        enum ent_err r = ent_home_key_check(c->h, &pk, &d, role, n);
        if (r == ENT_E_AUTH || r == ENT_E_FORMAT || r == ENT_E_LIMIT)
            return wrong(c, name, d.text);
        if (r == ENT_E_NOTFOUND)
            continue;
        if (r != ENT_OK)
            return r;
        any = true;
        in_use = in_use || memcmp(pk.b, ent_home_public(c->h, role)->b, sizeof(pk.b)) == 0;
        c->files++;
    }
    ent_key_file_name(name, role, 1);
    /* None at all is kept elsewhere, as the root key should be. */
    return any && !in_use ? wrong(c, name, "key file does not hold the key that others know")
                          : ENT_OK;
}

static enum ent_err check_keys(struct checking *c)
{
    enum ent_err r = ENT_OK;
    for (int i = 0; i < ENT_KEY_ROLES && r == ENT_OK; i++)
        r = check_role(c, (enum ent_key_role)i);
    return r;
}

/* --- what was said about the pact ---------------------------------------------------------------
 */

/* A statement, or a delivery with one, that its author once signed, with whichever key. It may
 * count no longer: its log was closed before it, or its place is in dispute. */
static bool was_said(struct checking *c, struct ent_statement *ret, struct ent_hash32 *ret_leaf,
                     struct ent_slice said)
{
    const struct ent_roster_member *m;
    (void)!ent_delivery_claims(&said, said);
    if (ent_statement_claims(ret, said, NULL) != ENT_OK ||
        (m = ent_roster_member(&c->h->roster, ret->author)) == NULL)
        return false;
    for (size_t i = 0; i < m->authors; i++)
        if (ent_statement_open(ret, ret_leaf, said, &m->author[i].pk, NULL) == ENT_OK)
            return true;
    return false;
}

/* A delivery; or a word out of a log that the pact closed, whose receipt may hold no more. */
static bool was_delivered(struct checking *c, struct ent_statement *ret,
                          struct ent_hash32 *ret_leaf, struct ent_slice said)
{
    const struct ent_roster_member *m;
    if (ent_delivery_parse(&c->del, said, &c->h->roster, NULL) == ENT_OK) {
        *ret = c->del.act.st;
        *ret_leaf = c->del.act.leaf;
        return true;
    }
    return was_said(c, ret, ret_leaf, said) &&
           (m = ent_roster_member(&c->h->roster, ret->author)) != NULL && m->log[0].closed;
}

/* Named <leaf hash>.<member>. A change of the pact may have closed that member's log and not have
 * emptied the folder yet. */
static enum ent_err check_next(struct checking *c, const char *name, const char *file)
{
    char hex[ENT_HEX_LEN(32)] = "";
    struct ent_slice said = {NULL, 0};
    struct ent_statement st;
    struct ent_hash32 leaf;
    if (strlen(file) < 66 || file[64] != '.' || !ent_name_is_valid(ent_slice_str(file + 65)))
        return ENT_OK; /* a file that is being written */
    enum ent_err r = load(c, &said, name, true);
    if (r != ENT_OK)
        return r;
    bool holds = was_delivered(c, &st, &leaf, said) && strcmp(st.author, file + 65) == 0;
    if (holds)
        ent_hex_encode(hex, leaf.b, 32);
    return holds && strncmp(hex, file, 64) == 0
               ? ENT_OK
               : wrong(c, name, "what was said about the pact is not what it is named by");
}

static enum ent_err check_withdrawal(struct checking *c, const char *name, const char *file)
{
    struct ent_slice said = {NULL, 0};
    if (!ent_name_is_valid(ent_slice_str(file)))
        return ENT_OK;
    enum ent_err r = load(c, &said, name, true);
    if (r != ENT_OK)
        return r;
    struct ent_statement st;
    struct ent_hash32 leaf;
    bool holds =
        was_said(c, &st, &leaf, said) && st.type == ENT_ST_WITHDRAW && strcmp(st.author, file) == 0;
    return holds ? ENT_OK : wrong(c, name, "not the word of this member that it withdraws");
}

static enum ent_err check_cursor(struct checking *c, const char *name, const char *file)
{
    struct ent_slice ignored;
    return strncmp(file, "read", 4) == 0 ? load(c, &ignored, name, true) : ENT_OK;
}

/* --- proofs of misbehaviour ---------------------------------------------------------------------
 */

static enum ent_err check_listed(struct checking *c, const char *member, const char *hex)
{
    char name[ENT_DISK_NAME_MAX], got[ENT_HEX_LEN(32)];
    struct ent_misbehaviour m;
    struct ent_hash32 hash;
    struct ent_slice proof = {NULL, 0};
    (void)snprintf(name, sizeof(name), "exposed/%s-%.8s", member, hex);
    enum ent_err r = load(c, &proof, name, false);
    if (r != ENT_OK && r != ENT_E_NOTFOUND)
        return r;
    ent_sha256_of(&hash, proof);
    ent_hex_encode(got, hash.b, 32);
    if (r != ENT_OK || strcmp(got, hex) != 0 || ent_misbehaviour_parse(&m, proof, NULL) != ENT_OK ||
        strcmp(m.member, member) != 0)
        return wrong(c, name, "not the proof of misbehaviour that is listed");
    return ENT_OK;
}

/* The list, and each proof that it names: that it is that one. Whether it holds is for the audit of
 * the member's log, for a pact may have changed its mind. */
static enum ent_err check_list(struct checking *c)
{
    char member[ENT_NAME_MAX + 1], hex[ENT_HEX_LEN(32)];
    struct ent_slice text = {NULL, 0}, line;
    struct ent_buf list;
    enum ent_err r = load(c, &text, "exposed/list", true);
    if (r != ENT_OK)
        return r == ENT_E_NOTFOUND ? ENT_OK : r;
    ent_buf_init(&list, text.n + 1);
    r = ent_buf_put_slice(&list, text);
    struct ent_cur cur = ent_cur(ent_buf_slice(&list));
    while (r == ENT_OK && ent_cur_line(&cur, &line) == ENT_OK) {
        const uint8_t *end = memchr(line.p, ' ', line.n);
        if (end == NULL || end - line.p > ENT_NAME_MAX || line.n < 66) {
            r = wrong(c, "exposed/list", "a line that is none");
            break;
        }
        (void)snprintf(member, sizeof(member), "%.*s", (int)(end - line.p), (const char *)line.p);
        (void)snprintf(hex, sizeof(hex), "%.64s", (const char *)line.p + line.n - 64);
        r = check_listed(c, member, hex);
    }
    ent_buf_release(&list);
    return r;
}

/* --- matches ------------------------------------------------------------------------------------
 */

static bool is_signed(const char *file)
{
    static const char *const names[] = {"offer", "accept", "result", "result-theirs"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(file, names[i]) == 0)
            return true;
    return false;
}

static enum ent_err check_record(struct checking *c, const char *name, const char *file)
{
    struct ent_slice said = {NULL, 0};
    struct ent_statement st;
    struct ent_hash32 leaf;
    if (!is_signed(file))
        return ENT_OK;
    enum ent_err r = load(c, &said, name, false);
    return r != ENT_OK || was_delivered(c, &st, &leaf, said)
               ? r
               : wrong(c, name, "no statement by a member with its receipt");
}

static enum ent_err check_run(struct checking *c, const char *name, const char *id)
{
    char damaged[ENT_DISK_NAME_MAX];
    enum ent_err r = ent_home_run_check(c->h, damaged, c->d, id);
    if (r == ENT_E_AUTH)
        return wrong(c, damaged, c->d->text);
    return r == ENT_OK ? each_name(c, name, check_record) : r;
}

/* --- quorums ------------------------------------------------------------------------------------
 */

static bool is_hex(const char *file, size_t n)
{
    return strlen(file) == n && strspn(file, "0123456789abcdef") == n;
}

/* Kept under the name of its leaf. */
static enum ent_err check_said(struct checking *c, const char *name, const char *file)
{
    char hex[ENT_HEX_LEN(32)] = "";
    struct ent_slice said = {NULL, 0};
    struct ent_statement st;
    struct ent_hash32 leaf;
    if (!is_hex(file, 64))
        return ENT_OK; /* a file that is being written */
    enum ent_err r = load(c, &said, name, true);
    if (r != ENT_OK)
        return r;
    if (was_delivered(c, &st, &leaf, said))
        ent_hex_encode(hex, leaf.b, 32);
    return strcmp(hex, file) == 0
               ? ENT_OK
               : wrong(c, name, "what was said in a quorum is not what it is named by");
}

/* Shares, hits and what was admitted have sums of their own, which the run looks at. */
static enum ent_err check_quorum_file(struct checking *c, const char *name, const char *file)
{
    struct ent_slice bytes = {NULL, 0};
    struct ent_statement st;
    struct ent_hash32 leaf;
    if (strcmp(file, "said") == 0)
        return each_name(c, name, check_said);
    const bool offer = strcmp(file, "offer") == 0;
    if (!offer && strcmp(file, "state") != 0 && strcmp(file, "computed") != 0 &&
        strcmp(file, "salts") != 0)
        return ENT_OK;
    enum ent_err r = load(c, &bytes, name, true);
    return r != ENT_OK || !offer || was_delivered(c, &st, &leaf, bytes)
               ? r
               : wrong(c, name, "no offer of a member with its receipt");
}

static enum ent_err check_quorum(struct checking *c, const char *name, const char *file)
{
    struct ent_slice ignored;
    if (is_hex(file, ENT_QUORUM_ID - 1))
        return each_name(c, name, check_quorum_file);
    return strcmp(file, "compared") == 0 || strcmp(file, "refused") == 0
               ? load(c, &ignored, name, true)
               : ENT_OK;
}

/* --- windows of observation ---------------------------------------------------------------------
 */

static enum ent_err go_on(void *ctx, const struct ent_window_item *item)
{
    const struct checking *c = ctx;
    (void)item;
    return c->stop != NULL && atomic_load(c->stop) ? ENT_E_INTERRUPTED : ENT_OK;
}

static enum ent_err check_window(void *ctx, struct ent_window_id id, const struct ent_window *w,
                                 uint64_t bytes, const struct ent_diag *why)
{
    static const struct ent_windows_want all = {.types = ENT_OBS_ALL};
    struct checking *c = ctx;
    char dir[ENT_PATH_MAX], name[ENT_WINDOW_NAME], file[ENT_DISK_NAME_MAX];
    struct ent_diag d = {0};
    (void)w, (void)bytes, (void)why; /* of its beginning; here all of it is read */
    enum ent_err r = ent_observe_folder(c->h, dir);
    if (r == ENT_OK)
        r = ent_windows_read(dir, id, &all, NULL, go_on, c, &d);
    ent_window_name(name, id);
    (void)snprintf(file, sizeof(file), ENT_OBSERVE_FOLDER "/%s", name);
    if (r == ENT_E_FORMAT || r == ENT_E_UNSUPPORTED)
        return wrong(c, file, d.text);
    if (r == ENT_E_NOTFOUND) /* it expired just now */
        return ENT_OK;
    if (r != ENT_OK && c->d != NULL)
        *c->d = d;
    c->files += r == ENT_OK;
    return r;
}

static enum ent_err check_windows(struct checking *c)
{
    char dir[ENT_PATH_MAX];
    enum ent_err r = ent_observe_folder(c->h, dir);
    return r == ENT_OK ? ent_windows_each(dir, check_window, c, c->d) : r;
}

/* --- the audit log ------------------------------------------------------------------------------
 */

static enum ent_err check_trail(struct checking *c)
{
    struct ent_trail_sum sum;
    enum ent_err r = ent_trail_home_check(&sum, c->d, c->h, NULL, NULL);
    if (r == ENT_E_AUTH)
        *c->flaw = sum.flaw;
    else
        c->files += sum.generations;
    return r;
}

/* --- the whole ----------------------------------------------------------------------------------
 */

static enum ent_err check_all(struct checking *c)
{
    static const char *const small[] = {"lock/ballot", "lock/ballot-next", "lock/boundary",
                                        "heard"};
    struct ent_slice ignored;
    enum ent_err r;
    if ((r = check_keys(c)) != ENT_OK || (r = each_name(c, "pact", check_cursor)) != ENT_OK ||
        (r = each_name(c, "pact/next", check_next)) != ENT_OK ||
        (r = each_name(c, "withdrawn", check_withdrawal)) != ENT_OK ||
        (r = check_list(c)) != ENT_OK)
        return r;
    for (size_t i = 0; i < sizeof(small) / sizeof(small[0]); i++)
        if ((r = load(c, &ignored, small[i], true)) != ENT_OK && r != ENT_E_NOTFOUND)
            return r;
    if ((r = each_name(c, "runs", check_run)) != ENT_OK ||
        (r = each_name(c, ENT_QUORUM_FOLDER, check_quorum)) != ENT_OK ||
        (r = check_windows(c)) != ENT_OK)
        return r;
    return check_trail(c);
}

enum ent_err ent_audit_home(struct ent_flaw *flaw, uint64_t *ret_files, struct ent_diag *d,
                            const struct ent_home *h, const atomic_bool *stop)
{
    struct checking *c = calloc(1, sizeof(*c));
    if (c == NULL)
        return ent_fail(d, ENT_E_NOMEM, "out of memory", 0, 0);
    *c = (struct checking){
        .h = h, .stop = stop, .flaw = flaw, .d = d, .files = 1 + h->chain.versions};
    ent_buf_init(&c->bytes, ENT_MISBEHAVIOUR_MAX);
    enum ent_err r = check_all(c);
    *ret_files = c->files;
    ent_buf_release(&c->bytes);
    free(c);
    return r;
}

enum ent_err ent_audit_cursor(struct ent_flaw *flaw, struct ent_diag *d, const struct ent_home *h,
                              const char *dir)
{
    char name[ENT_DISK_NAME_MAX];
    struct checking c = {.h = h, .flaw = flaw, .d = d};
    ent_buf_init(&c.bytes, 4096);
    (void)snprintf(name, sizeof(name), "%.150s/read", dir);
    enum ent_err r = check_cursor(&c, name, "read");
    ent_buf_release(&c.bytes);
    return r == ENT_E_NOTFOUND ? ENT_OK : r;
}
