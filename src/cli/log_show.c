/* log_show.c: one entry of a log: what it says, what it is worth, its receipt. */
#include "cli/log.h"

int cli_log_write(const struct args *a, const struct ent_buf *b)
{
    struct ent_diag d = {0};
    if (a->output == NULL || strcmp(a->output, "-") == 0)
        return fwrite(b->p, 1, b->n, stdout) == b->n && fflush(stdout) == 0
                   ? EXIT_DONE
                   : cli_fail(ENT_E_IO, NULL, "writing");
    enum ent_err r = ent_file_write(a->output, ent_buf_slice(b), 0644, &d);
    return r == ENT_OK ? EXIT_DONE : cli_fail(r, &d, a->output);
}

/* --- show ---------------------------------------------------------------------------------------
 */

struct shown {
    struct ent_reading *rd;
    uint64_t index;
    struct ent_statement st;
    struct ent_hash32 leaf;
    struct ent_standing worth;
    bool disputed, here; /* the body */
    struct ent_slice body;
};

static void show_text(const struct session *s, const struct shown *x)
{
    char hex[ENT_HEX_LEN(32)];
    ent_hex_encode(hex, x->leaf.b, 32);
    (void)printf("entry %llu of %s\n  leaf %s\n", (unsigned long long)x->index, x->rd->origin, hex);
    cli_print_statement(&x->st, "  ");
    cli_print_standing(&x->worth, ent_pact_panel(s->home->pact), "  ");
    if (x->disputed)
        (void)puts("  DISPUTED: the pact says that this may not be the member's own");
    if (x->here)
        cli_print_body(x->body, "  | ");
    else
        (void)puts("  its body is not here");
}

static enum ent_err show_json(const struct shown *x)
{
    char hex[ENT_HEX_LEN(32)];
    struct ent_buf line;
    struct ent_json j;
    ent_hex_encode(hex, x->leaf.b, 32);
    ent_buf_init(&line, 4u << 20);
    ent_json_start(&j, &line);
    ent_json_obj(&j, NULL);
    ent_json_cstr(&j, "origin", x->rd->origin);
    ent_json_u64(&j, "index", x->index);
    ent_json_cstr(&j, "leaf", hex);
    cli_json_statement(&j, &x->st);
    cli_json_standing(&j, &x->worth);
    ent_json_bool(&j, "disputed", x->disputed);
    if (x->here)
        ent_json_str(&j, "body", x->body);
    ent_json_obj_end(&j);
    enum ent_err r = ent_json_end(&j);
    if (r == ENT_OK)
        r = cli_put_line(&line);
    ent_buf_release(&line);
    return r;
}

/* An own body; those of others are with the runs that they belong to. */
static enum ent_err find_body(struct shown *x, struct ent_buf *act, struct ent_diag *d)
{
    struct ent_act parsed;
    if (x->rd->log == NULL)
        return ENT_OK;
    enum ent_err r = ent_log_act(x->rd->log, act, d, x->index);
    if (r == ENT_E_NOTFOUND)
        return ENT_OK;
    if (r == ENT_OK)
        r = ent_act_parse(&parsed, ent_buf_slice(act),
                          ent_roster_author(x->rd->member, x->rd->key->generation, x->index), d);
    if (r != ENT_OK)
        return r;
    x->here = true;
    x->body = parsed.body;
    return ENT_OK;
}

int cli_log_show(struct session *s, const struct args *a, const char *number)
{
    struct shown x = {.rd = NULL};
    struct ent_flaw flaw = {.has_index = false};
    struct ent_diag d = {0};
    struct ent_buf entry, body;
    if (!cli_log_number(&x.index, number))
        return cli_log_usage("which entry? `entente log list` shows their numbers", number);
    int code = cli_log_open(s, a->member, &x.rd);
    if (code != EXIT_DONE)
        return code;
    ent_buf_init(&entry, ENT_ENTRY_MAX);
    ent_buf_init(&body, ENT_ACT_MAX);
    enum ent_err r = ent_reading_entry(x.rd, &entry, &x.st, &x.leaf, &flaw, &d, x.index);
    if (r == ENT_OK)
        r = find_body(&x, &body, &d);
    if (r == ENT_OK) {
        ent_reading_worth(x.rd, &x.worth, x.index);
        x.disputed = ent_roster_is_disputed(x.rd->member, x.rd->key->generation, x.index);
        if (!a->json)
            show_text(s, &x);
        else if ((r = show_json(&x)) != ENT_OK)
            d = (struct ent_diag){0};
    }
    if (r != ENT_OK)
        code = cli_log_fail(r, &flaw, &d, number);
    ent_buf_release(&entry);
    ent_buf_release(&body);
    ent_reading_close(x.rd);
    return code;
}

/* --- receipt ------------------------------------------------------------------------------------
 */

static enum ent_err make_receipt(struct ent_reading *rd, struct ent_buf *ret, struct ent_flaw *flaw,
                                 struct ent_diag *d, uint64_t index)
{
    struct ent_receipt rec = {.index = index};
    struct ent_receipt_says says;
    struct ent_statement st;
    struct ent_hash32 leaf;
    struct ent_buf entry;
    uint64_t size = rd->head_size;
    enum ent_err r;
    ent_buf_init(&entry, ENT_ENTRY_MAX);
    if ((r = ent_reading_entry(rd, &entry, &st, &leaf, flaw, d, index)) != ENT_OK)
        goto out;
    rec.entry = ent_buf_slice(&entry);
    rec.head = ent_buf_slice(&rd->head);
    if (index >= size) { /* cosigned heads do not reach it yet */
        rec.head = ent_log_head(rd->log);
        size = rd->size;
    }
    const struct ent_merkle_source source = ent_tree_source(rd->tree);
    if ((r = ent_merkle_prove_inclusion(&rec.proof, index, size, &source)) != ENT_OK)
        r = ent_fail(d, r, "the hashes of the log cannot be read: `entente log verify`", 0, 0);
    else if ((r = ent_receipt_check(&rec, &says, &rd->home->roster, d)) == ENT_OK)
        r = ent_receipt_encode(ret, &rec);
out:
    ent_buf_release(&entry);
    return r;
}

int cli_log_receipt(struct session *s, const struct args *a, const char *number)
{
    struct ent_reading *rd = NULL;
    struct ent_flaw flaw = {.has_index = false};
    struct ent_diag d = {0};
    struct ent_buf b;
    uint64_t index = 0;
    if (!cli_log_number(&index, number))
        return cli_log_usage("which entry? `entente log list` shows their numbers", number);
    int code = cli_log_open(s, NULL, &rd);
    if (code != EXIT_DONE)
        return code;
    ent_buf_init(&b, ENT_RECEIPT_MAX);
    enum ent_err r = make_receipt(rd, &b, &flaw, &d, index);
    code = r == ENT_OK ? cli_log_write(a, &b) : cli_log_fail(r, &flaw, &d, number);
    ent_buf_release(&b);
    ent_reading_close(rd);
    return code;
}
