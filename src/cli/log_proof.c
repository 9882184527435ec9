/* log_proof.c: what is handed to others about a log: tiles, and proofs that it only grew, or that
 * it did not. */
#include "cli/log.h"

/* --- export -------------------------------------------------------------------------------------
 */

int cli_log_export(struct session *s, const struct args *a, const char *dir)
{
    struct ent_reading *rd = NULL;
    struct ent_diag d = {0};
    char n[2][ENT_NUM_TEXT];
    uint64_t files = 0;
    int code = cli_log_open(s, a->member, &rd);
    if (code != EXIT_DONE)
        return code;
    enum ent_err r = ent_tree_export(rd, &d, dir, &files);
    if (r != ENT_OK)
        code = cli_fail(r, &d, dir);
    else
        (void)printf("%s entries of %s in %s files\n", ent_show_count(n[0], rd->head_size),
                     rd->origin, ent_show_count(n[1], files));
    ent_reading_close(rd);
    return code;
}

/* --- prove --------------------------------------------------------------------------------------
 */

static enum ent_err make_consistency(struct ent_reading *rd, struct ent_buf *ret,
                                     struct ent_diag *d, uint64_t old_n, uint64_t new_n)
{
    struct ent_consistency c = {.old_size = old_n, .new_size = new_n};
    struct ent_checkpoint cp;
    struct ent_standing st;
    uint64_t size = rd->head_size;
    enum ent_err r;
    if (old_n > new_n || new_n > rd->size || rd->tree == NULL)
        return ent_fail(d, ENT_E_NOTFOUND, "the log has not that many entries, or OLD is above NEW",
                        0, 0);
    c.head = ent_buf_slice(&rd->head);
    if (new_n > size) {
        c.head = ent_log_head(rd->log);
        size = rd->size;
    }
    const struct ent_merkle_source source = ent_tree_source(rd->tree);
    if ((r = ent_tree_root(rd->tree, &c.old_root, old_n)) != ENT_OK ||
        (r = ent_tree_root(rd->tree, &c.new_root, new_n)) != ENT_OK ||
        (old_n > 0 &&
         (r = ent_merkle_prove_consistency(&c.path, old_n, new_n, &source)) != ENT_OK) ||
        (new_n > 0 && (r = ent_merkle_prove_consistency(&c.to, new_n, size, &source)) != ENT_OK))
        return ent_fail(d, r, "the hashes of the log cannot be read: `entente log verify`", 0, 0);
    if ((r = ent_consistency_check(&c, &st, &cp, &rd->home->roster, d)) != ENT_OK)
        return r;
    return ent_consistency_encode(ret, &c);
}

int cli_log_prove(struct session *s, const struct args *a, const char *old_n, const char *new_n)
{
    struct ent_reading *rd = NULL;
    struct ent_diag d = {0};
    struct ent_buf b;
    uint64_t from = 0, to = 0;
    if (!cli_log_number(&from, old_n) || !cli_log_number(&to, new_n))
        return cli_log_usage("OLD and NEW are numbers of entries", NULL);
    int code = cli_log_open(s, a->member, &rd);
    if (code != EXIT_DONE)
        return code;
    ent_buf_init(&b, ENT_CONSISTENCY_MAX);
    enum ent_err r = make_consistency(rd, &b, &d, from, to);
    code = r == ENT_OK ? cli_log_write(a, &b) : cli_fail(r, &d, rd->member->name);
    ent_buf_release(&b);
    ent_reading_close(rd);
    return code;
}

/* --- prove-fork ---------------------------------------------------------------------------------
 */

static enum ent_err list_proof(void *ctx, struct ent_slice bytes)
{
    struct ent_json *j = ctx;
    struct ent_misbehaviour m;
    struct ent_hash32 hash;
    char hex[ENT_HEX_LEN(32)], file[ENT_NAME_MAX + 24];
    if (ent_misbehaviour_parse(&m, bytes, NULL) != ENT_OK)
        return ENT_OK; /* what the view holds parses */
    ent_sha256_of(&hash, bytes);
    ent_hex_encode(hex, hash.b, 32);
    (void)snprintf(file, sizeof(file), "exposed/%s-%.8s", m.member, hex);
    if (j == NULL) {
        (void)printf("%s %s  %s\n", m.member, ent_misbehaviour_text(m.kind), file);
        return ENT_OK;
    }
    ent_json_obj(j, NULL);
    ent_json_cstr(j, "member", m.member);
    ent_json_cstr(j, "kind", ent_misbehaviour_word(m.kind));
    ent_json_cstr(j, "sha256", hex);
    ent_json_cstr(j, "file", file);
    ent_json_obj_end(j);
    return ENT_OK;
}

static int list_proofs(struct session *s, const struct args *a)
{
    struct ent_buf line;
    struct ent_json j;
    int code = cli_book(s, a, NULL);
    if (code != EXIT_DONE)
        return code;
    struct ent_view *v = ent_book_view(s->book);
    ent_buf_init(&line, 4u << 20);
    ent_json_start(&j, &line);
    ent_json_obj(&j, NULL);
    ent_json_arr(&j, "proofs");
    enum ent_err r = ent_view_each_proof(v, a->json ? &j : NULL, list_proof);
    ent_json_arr_end(&j);
    ent_json_obj_end(&j);
    const char *who;
    for (size_t i = 0; r == ENT_OK && (who = ent_view_ignored(v, i)) != NULL; i++)
        (void)fprintf(stderr, "entente: a proof against %s does not hold, and is ignored\n", who);
    if (r == ENT_OK && a->json && (r = ent_json_end(&j)) == ENT_OK)
        r = cli_put_line(&line);
    ent_buf_release(&line);
    return r == ENT_OK ? EXIT_DONE : cli_fail(r, NULL, "reading the proofs");
}

/* The hashes of the larger head: our log, or the mirror, if it reaches so far. */
static enum ent_err hashes_of(struct session *s, struct ent_reading **ret, struct ent_diag *d,
                              struct ent_slice head)
{
    const struct ent_roster_member *m = NULL;
    const struct ent_log_key *log = NULL;
    struct ent_checkpoint cp;
    struct ent_standing st;
    enum ent_err r = ent_roster_check_head(&s->home->roster, &st, &cp, head, d);
    if (r == ENT_OK && (r = ent_roster_log(&s->home->roster, &m, &log, cp.origin)) == ENT_OK)
        r = ent_reading_open(ret, NULL, d, s->home, m->name, log->generation);
    return r == ENT_OK || *ret != NULL ? r : ENT_OK; /* without: only heads of one size */
}

static enum ent_err make_fork(struct session *s, struct ent_buf *ret, struct ent_diag *d,
                              struct ent_slice a, struct ent_slice b)
{
    struct ent_reading *rd = NULL;
    struct ent_misbehaviour m;
    struct ent_merkle_source source;
    enum ent_err r = hashes_of(s, &rd, d, a);
    bool has = rd != NULL && rd->tree != NULL;
    if (r != ENT_OK)
        return r;
    if (has)
        source = ent_tree_source(rd->tree);
    r = ent_misbehaviour_of_heads(&m, &s->home->roster, a, b, has ? &source : NULL);
    ent_reading_close(rd);
    if (r == ENT_E_NOTFOUND)
        return ent_fail(d, ENT_E_POLICY, "these two heads are of one history: nothing is proved", 0,
                        0);
    if (r == ENT_E_POLICY)
        return ent_fail(d, r, "the pact has one of them in dispute: nothing is proved", 0, 0);
    if (r == ENT_E_LIMIT || r == ENT_E_AUTH)
        return ent_fail(d, ENT_E_AUTH,
                        "not two heads that one log signed, or the entries below the larger are "
                        "not here",
                        0, 0);
    if (r != ENT_OK)
        return r;
    m.pact = ent_chain_file(&s->home->chain);
    if ((r = ent_misbehaviour_check(&m, &s->home->roster, d)) != ENT_OK)
        return r;
    return ent_misbehaviour_encode(ret, &m);
}

int cli_log_prove_fork(struct session *s, const struct args *a, char **heads, int n)
{
    struct ent_diag d = {0};
    struct ent_buf file[2], proof;
    int code = EXIT_DONE;
    if (n == 0)
        return list_proofs(s, a);
    if (s->home->pact == NULL)
        return cli_fail(ENT_E_POLICY, &(struct ent_diag){.text = "is in no pact yet"},
                        s->home->dir);
    ent_buf_init(&file[0], ENT_NOTE_MAX);
    ent_buf_init(&file[1], ENT_NOTE_MAX);
    ent_buf_init(&proof, ENT_MISBEHAVIOUR_MAX);
    for (int i = 0; i < 2 && code == EXIT_DONE; i++) {
        enum ent_err r = ent_file_read(&file[i], &d, heads[i]);
        if (r != ENT_OK)
            code = cli_fail(r, &d, heads[i]);
    }
    if (code == EXIT_DONE) {
        enum ent_err r = make_fork(s, &proof, &d, ent_buf_slice(&file[0]), ent_buf_slice(&file[1]));
        code = r == ENT_OK ? cli_log_write(a, &proof) : cli_fail(r, &d, heads[0]);
    }
    ent_buf_release(&file[0]);
    ent_buf_release(&file[1]);
    ent_buf_release(&proof);
    return code;
}
