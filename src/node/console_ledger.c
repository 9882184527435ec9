/*
 * console_ledger.c: logs, and what a browser needs to believe nobody about them: the signed
 * statement, its path to the root, the head with its signatures, and the keys of the pact. What is
 * claimed here is computed again there (web/proof.js), which is why proofs are not checked here.
 */
#include "node/node.h"

#include "node/console_parts.h"

#define ENTRIES   50u
#define BODY_TOLD 65536u

static enum ent_err open_log(struct ent_console_call *x, struct ent_reading **ret,
                             struct ent_diag *d)
{
    struct ent_flaw flaw = {.has_index = false};
    if (x->book->opts.book == NULL)
        return ent_fail(d, ENT_E_NOTFOUND, "this member is in no pact yet", 0, 0);
    enum ent_err r =
        ent_reading_open(ret, &flaw, d, x->book->opts.home, x->q->member, x->q->generation);
    return r;
}

static bool shows(struct ent_console_call *x, const struct ent_statement *st)
{
    enum ent_tlp mark = 0;
    return ent_tlp_parse(&mark, ent_slice_str(st->tlp)) == ENT_OK && ent_console_shows(x, mark);
}

static void put_statement(struct ent_rows *w, const struct ent_statement *st)
{
    ent_rows_cstr(w, "author", st->author);
    ent_rows_u64(w, "sequence", st->sequence);
    ent_rows_cstr(w, "kind", ent_statement_type_name(st->type));
    ent_rows_time(w, "claimed_time", st->time);
    ent_rows_u64(w, "pact_version", st->pact_version);
    ent_rows_cstr(w, "tlp", st->tlp);
    ent_rows_cstr(w, "media", st->media);
    ent_rows_u64(w, "body_bytes", st->body_n);
    ent_rows_arr(w, "refs");
    for (size_t i = 0; i < st->refs; i++)
        ent_rows_hex(w, NULL, st->ref[i].b, 32);
    ent_rows_arr_end(w);
}

/* --- lists --------------------------------------------------------------------------------------
 */

static enum ent_err put_log(struct ent_console_call *x, const struct ent_roster_member *m,
                            const struct ent_log_key *key)
{
    struct ent_view_log log;
    bool self = strcmp(m->name, x->book->opts.home->self.name) == 0;
    enum ent_err r =
        ent_view_log(ent_book_view(x->book->opts.book), &log, m->name, key->generation);
    if (r != ENT_OK)
        return r == ENT_E_NOTFOUND ? ENT_OK : r;
    ent_rows_obj(&x->w, NULL);
    ent_rows_cstr(&x->w, "member", m->name);
    ent_rows_bool(&x->w, "self", self);
    ent_rows_u64(&x->w, "generation", key->generation);
    ent_rows_bool(&x->w, "closed", key->closed);
    ent_rows_cstr(&x->w, "origin", log.origin);
    ent_rows_u64(&x->w, "size", log.size);
    ent_rows_u64(&x->w, "mirrored", self ? log.size : log.mirrored);
    ent_console_put_standing(&x->w, &log.standing);
    ent_rows_obj_end(&x->w);
    return ENT_OK;
}

enum ent_err ent_console_logs(struct ent_console_call *x, struct ent_diag *d)
{
    bool changed = false;
    if (x->book->opts.book == NULL)
        return ent_fail(d, ENT_E_NOTFOUND, "this member is in no pact yet", 0, 0);
    enum ent_err r = ent_book_refresh(x->book->opts.book, d, &changed);
    const struct ent_roster *roster = &x->book->opts.home->roster;
    ent_rows_arr(&x->w, "logs");
    for (size_t i = 0; i < roster->members; i++)
        for (size_t k = roster->member[i].logs; k-- > 0 && r == ENT_OK;)
            r = put_log(x, &roster->member[i], &roster->member[i].log[k]);
    ent_rows_arr_end(&x->w);
    return r;
}

static enum ent_err put_entry(struct ent_console_call *x, struct ent_reading *rd,
                              struct ent_whom *whom, struct ent_diag *d, uint64_t index)
{
    struct ent_rows *w = &x->w;
    struct ent_standing worth;
    struct ent_statement st;
    struct ent_hash32 leaf;
    struct ent_buf entry;
    char to[ENT_NAME_MAX + 1] = "";
    ent_buf_init(&entry, ENT_ENTRY_MAX);
    enum ent_err r = ent_reading_entry(rd, &entry, &st, &leaf, NULL, d, index);
    ent_buf_release(&entry);
    if (r != ENT_OK)
        return r;
    bool may = shows(x, &st);
    if (may && (r = ent_whom_of(whom, to, &st, &leaf, index)) != ENT_OK)
        return r;
    ent_reading_worth(rd, &worth, index);
    ent_rows_obj(w, NULL);
    ent_rows_u64(w, "index", index);
    ent_rows_hex(w, "leaf", leaf.b, 32);
    ent_rows_bool(w, "accepted", worth.accepted);
    ent_rows_bool(w, "hidden", !may);
    ent_rows_bool(w, "disputed", ent_roster_is_disputed(rd->member, rd->key->generation, index));
    if (may)
        put_statement(w, &st);
    if (to[0] != '\0')
        ent_rows_cstr(w, "to", to);
    ent_rows_obj_end(w);
    return ENT_OK;
}

enum ent_err ent_console_log(struct ent_console_call *x, struct ent_diag *d)
{
    struct ent_reading *rd = NULL;
    struct ent_whom *whom = NULL;
    uint64_t most = x->q->limit == 0 ? ENTRIES : x->q->limit;
    enum ent_err r = open_log(x, &rd, d);
    if (r != ENT_OK)
        return r;
    uint64_t end = x->q->before == 0 || x->q->before > rd->size ? rd->size : x->q->before;
    uint64_t begin = end > most ? end - most : 0;
    r = ent_whom_new(&whom, rd);
    ent_rows_cstr(&x->w, "member", rd->member->name);
    ent_rows_u64(&x->w, "generation", rd->key->generation);
    ent_rows_cstr(&x->w, "origin", rd->origin);
    ent_rows_u64(&x->w, "size", rd->size);
    ent_rows_u64(&x->w, "head_size", rd->head_size);
    ent_rows_arr(&x->w, "entries");
    for (uint64_t i = end; i-- > begin && r == ENT_OK;)
        r = put_entry(x, rd, whom, d, i);
    ent_rows_arr_end(&x->w);
    if (begin > 0)
        ent_rows_u64(&x->w, "before", begin);
    ent_whom_free(whom);
    ent_reading_close(rd);
    return r;
}

/* --- keys and heads -----------------------------------------------------------------------------
 */

static void put_key(struct ent_rows *w, const char *key, const char *name,
                    const struct ent_pubkey *pk)
{
    ent_rows_obj(w, key);
    ent_rows_cstr(w, "name", name);
    ent_rows_bytes(w, "key", ent_slice(pk->b, sizeof(pk->b)));
    ent_rows_obj_end(w);
}

/* Whose signatures count. The log's own member does not witness itself. */
static void put_keys(struct ent_rows *w, const struct ent_reading *rd)
{
    const struct ent_roster *roster = &rd->home->roster;
    char name[ENT_NAME_MAX + 16];
    put_key(w, "log_key", rd->origin, &rd->key->pk);
    ent_rows_u64(w, "needed", roster->k);
    ent_rows_arr(w, "witnesses");
    for (size_t i = 0; i < roster->members; i++) {
        const struct ent_roster_member *m = &roster->member[i];
        if (!m->panel || m == rd->member)
            continue;
        ent_key_name(name, m->name, "witness");
        put_key(w, NULL, name, &m->witness);
    }
    ent_rows_arr_end(w);
}

static void put_path(struct ent_rows *w, const char *key, const struct ent_merkle_proof *p)
{
    ent_rows_arr(w, key);
    for (size_t i = 0; i < p->n; i++)
        ent_rows_bytes(w, NULL, ent_slice(p->hash[i].b, 32));
    ent_rows_arr_end(w);
}

/* The head that others cosigned, if it has so many entries, else the newest that this log signed.
 */
static struct ent_slice head_over(const struct ent_reading *rd, uint64_t entries, uint64_t *ret)
{
    *ret = rd->head_size;
    if (entries <= rd->head_size || rd->log == NULL)
        return ent_buf_slice(&rd->head);
    *ret = rd->size;
    return ent_log_head(rd->log);
}

/* --- a statement --------------------------------------------------------------------------------
 */

static enum ent_err put_body(struct ent_console_call *x, struct ent_reading *rd,
                             const struct ent_statement *st, struct ent_diag *d)
{
    struct ent_act act;
    struct ent_buf b;
    uint64_t index = x->q->from;
    if (rd->log == NULL || !shows(x, st))
        return ENT_OK;
    ent_buf_init(&b, ENT_ACT_MAX);
    enum ent_err r = ent_log_act(rd->log, &b, d, index);
    if (r == ENT_OK && (r = ent_act_parse(&act, ent_buf_slice(&b),
                                          ent_roster_author(rd->member, rd->key->generation, index),
                                          d)) == ENT_OK) {
        bool cut = act.body.n > BODY_TOLD && !x->q->whole;
        ent_rows_bytes(&x->w, "body", ent_slice(act.body.p, cut ? BODY_TOLD : act.body.n));
        ent_rows_bool(&x->w, "body_cut", cut);
        ent_rows_bytes(&x->w, "salt", ent_slice(act.salt.b, sizeof(act.salt.b)));
    }
    ent_buf_release(&b);
    return r == ENT_E_NOTFOUND ? ENT_OK : r; /* it was erased */
}

static enum ent_err put_proof(struct ent_console_call *x, struct ent_reading *rd,
                              struct ent_diag *d)
{
    struct ent_rows *w = &x->w;
    char name[ENT_NAME_MAX + 16];
    struct ent_merkle_proof path;
    struct ent_statement st;
    struct ent_hash32 leaf;
    struct ent_buf entry;
    uint64_t size = 0, index = x->q->from;
    ent_buf_init(&entry, ENT_ENTRY_MAX);
    enum ent_err r = ent_reading_entry(rd, &entry, &st, &leaf, NULL, d, index);
    if (r != ENT_OK)
        goto out;
    if (!shows(x, &st)) {
        r = ent_fail(d, ENT_E_POLICY, "the statement is marked narrower than this account may see",
                     0, 0);
        goto out;
    }
    const struct ent_slice head = head_over(rd, index + 1, &size);
    const struct ent_merkle_source source = ent_tree_source(rd->tree);
    if ((r = ent_merkle_prove_inclusion(&path, index, size, &source)) != ENT_OK) {
        r = ent_fail(d, r, "no head that is here is over this entry yet", 0, 0);
        goto out;
    }
    ent_rows_cstr(w, "member", rd->member->name);
    ent_rows_cstr(w, "origin", rd->origin);
    ent_rows_u64(w, "generation", rd->key->generation);
    ent_rows_u64(w, "index", index);
    ent_rows_u64(w, "first_sequence", ent_roster_base(rd->member, rd->key->generation) + 1);
    ent_rows_hex(w, "leaf", leaf.b, 32);
    ent_rows_bool(w, "disputed", ent_roster_is_disputed(rd->member, rd->key->generation, index));
    put_statement(w, &st);
    ent_rows_bytes(w, "entry", ent_buf_slice(&entry));
    put_path(w, "path", &path);
    ent_rows_bytes(w, "head", head);
    put_keys(w, rd);
    ent_key_name(name, rd->member->name, "author");
    put_key(w, "author_key", name,
            ent_roster_author(rd->member, rd->key->generation, index)); /* the entry verified */
    r = put_body(x, rd, &st, d);
out:
    ent_buf_release(&entry);
    return r;
}

enum ent_err ent_console_proof(struct ent_console_call *x, struct ent_diag *d)
{
    struct ent_reading *rd = NULL;
    enum ent_err r = open_log(x, &rd, d);
    if (r == ENT_OK)
        r = put_proof(x, rd, d);
    ent_reading_close(rd);
    return r;
}

/* --- consistency --------------------------------------------------------------------------------
 */

static enum ent_err put_consistency(struct ent_console_call *x, struct ent_reading *rd,
                                    struct ent_diag *d)
{
    struct ent_merkle_proof path = {.n = 0}, on = {.n = 0};
    struct ent_hash32 from_root, to_root;
    uint64_t from = x->q->from, to = x->q->to, size = 0;
    const struct ent_slice head = head_over(rd, to == 0 ? from : to, &size);
    enum ent_err r;
    if (to == 0)
        to = size;
    if (rd->tree == NULL || from == 0 || from > to || to > size || size > rd->size)
        return ent_fail(d, ENT_E_NOTFOUND, "the log has no such beginnings here", 0, 0);
    const struct ent_merkle_source source = ent_tree_source(rd->tree);
    if ((r = ent_tree_root(rd->tree, &from_root, from)) != ENT_OK ||
        (r = ent_tree_root(rd->tree, &to_root, to)) != ENT_OK ||
        (r = ent_merkle_prove_consistency(&path, from, to, &source)) != ENT_OK ||
        (r = ent_merkle_prove_consistency(&on, to, size, &source)) != ENT_OK)
        return ent_fail(d, r, "the hashes of the log cannot be read", 0, 0);
    ent_rows_cstr(&x->w, "origin", rd->origin);
    ent_rows_u64(&x->w, "from", from);
    ent_rows_u64(&x->w, "to", to);
    ent_rows_bytes(&x->w, "from_root", ent_slice(from_root.b, 32));
    ent_rows_bytes(&x->w, "to_root", ent_slice(to_root.b, 32));
    put_path(&x->w, "path", &path);
    put_path(&x->w, "on", &on);
    ent_rows_bytes(&x->w, "head", head);
    put_keys(&x->w, rd);
    return ENT_OK;
}

enum ent_err ent_console_consistency(struct ent_console_call *x, struct ent_diag *d)
{
    struct ent_reading *rd = NULL;
    enum ent_err r = open_log(x, &rd, d);
    if (r == ENT_OK)
        r = put_consistency(x, rd, d);
    ent_reading_close(rd);
    return r;
}
