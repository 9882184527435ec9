/* verify.c: entente verify: receipts, heads, acts and proofs, checked offline. */
#include "cli/log.h"

static const struct option_spec options[] = {
    {"--pact", "FILE", "take the keys from this pact, as `entente pact export` writes it"},
    {"--json", NULL, "one JSON document"},
    {NULL, NULL, NULL},
};

struct work {
    const struct args *a;
    struct ent_verifier *v;
    struct ent_buf *file; /* as many as there are */
    char **name;
    int n;
    struct ent_buf line;
    struct ent_json j;
};

/* --- keys ---------------------------------------------------------------------------------------
 */

static int read_file(struct ent_buf *b, const char *path)
{
    struct ent_diag d = {0};
    ent_buf_init(b, ENT_VERIFY_MAX);
    enum ent_err r = ent_file_read(b, &d, path);
    return r == ENT_OK ? EXIT_DONE : cli_fail(r, &d, path);
}

static int take_pact(struct work *w, const struct ent_buf *b, const char *path)
{
    struct ent_diag d = {0};
    enum ent_err r = ent_verifier_pact(w->v, &d, ent_buf_slice(b));
    if (r == ENT_OK)
        return EXIT_DONE;
    (void)cli_fail(r, &d, path);
    return EXIT_REFUSED;
}

/* A home that cannot be read matters only when it was asked for. */
static int take_home(struct work *w)
{
    char dir[ENT_PATH_MAX];
    struct ent_home *h = NULL;
    struct ent_diag d = {0};
    enum ent_err r = ENT_OK;
    if (w->a->home == NULL && ent_home_default(dir) != ENT_OK)
        return EXIT_DONE;
    const char *home = w->a->home != NULL ? w->a->home : dir;
    r = ent_home_open(&h, &d, home);
    if (r == ENT_OK && h->pact != NULL)
        r = ent_verifier_at_hand(w->v, &d, ent_chain_file(&h->chain));
    if (r == ENT_OK)
        ent_home_free(h);
    if (r == ENT_OK || (r == ENT_E_NOTFOUND && w->a->home == NULL))
        return EXIT_DONE;
    return cli_fail(r, &d, home);
}

static int take_keys(struct work *w)
{
    struct ent_buf b;
    int code = EXIT_DONE;
    if (w->a->pact != NULL) {
        code = read_file(&b, w->a->pact);
        if (code == EXIT_DONE)
            code = take_pact(w, &b, w->a->pact);
        ent_buf_release(&b);
    }
    for (int i = 0; i < w->n && code == EXIT_DONE; i++)
        if (ent_verify_kind_of(ent_buf_slice(&w->file[i])) == ENT_VERIFY_CHAIN)
            code = take_pact(w, &w->file[i], w->name[i]);
    if (code == EXIT_DONE && ent_verifier_newest(w->v) == NULL)
        code = take_home(w);
    return code;
}

/* --- for people ---------------------------------------------------------------------------------
 */

static void print_pact(const struct ent_pact *p, const char *indent)
{
    char id[ENT_HEX_LEN(32)], name[ENT_SHOW_MAX];
    ent_hex_encode(id, p->id.b, 32);
    (void)printf("%s%s, version %llu, %zu members; id %s\n", indent,
                 ent_show(name, ent_slice_str(p->name)), (unsigned long long)p->version, p->members,
                 id);
}

static void print_head(const struct ent_verified *got, const struct ent_pact *p)
{
    char n[ENT_NUM_TEXT];
    if (!got->has_head)
        (void)puts("  signed only: nothing here shows that it stands in its author's log");
    else
        (void)printf("  below a head of %s entries\n", ent_show_count(n, got->cp.size));
    if (got->has_head)
        cli_print_standing(&got->standing, ent_pact_panel(p), "  ");
    if (got->disputed)
        (void)puts("  DISPUTED: the pact says that this may not be the member's own");
}

static void print_good(const struct ent_verified *got, const struct ent_pact *p, bool inside,
                       const char *file)
{
    char shown[ENT_SHOW_MAX];
    (void)printf("%s: %s: holds\n", ent_show(shown, ent_slice_str(file)),
                 ent_verify_word(got->kind));
    switch (got->kind) {
    case ENT_VERIFY_CHAIN:
        print_pact(p, "  ");
        return;
    case ENT_VERIFY_MISBEHAVIOUR:
        (void)printf("  %s %s\n", got->member, ent_misbehaviour_text(got->misbehaviour));
        break;
    case ENT_VERIFY_CONSISTENCY:
        (void)printf("  %s, log %u: the first %llu entries are the same in the tree of %llu\n",
                     got->member, got->generation, (unsigned long long)got->old_size,
                     (unsigned long long)got->new_size);
        print_head(got, p);
        break;
    case ENT_VERIFY_CHECKPOINT:
        (void)printf("  %s, log %u\n", got->member, got->generation);
        print_head(got, p);
        break;
    default:
        (void)printf("  %s said%s", got->member, got->placed ? "" : ", for ");
        (void)printf("%s entry %llu of its log %u:\n", got->placed ? " in" : "",
                     (unsigned long long)got->index, got->generation);
        cli_print_statement(&got->st, "  ");
        print_head(got, p);
        if (got->kind == ENT_VERIFY_ACT || got->kind == ENT_VERIFY_DELIVERY)
            cli_print_body(got->body, "  | ");
    }
    if (!inside)
        return;
    (void)puts("  by the keys of the pact that came with it; is it the one that you mean?");
    print_pact(p, "  ");
}

/* --- for programs -------------------------------------------------------------------------------
 */

static void put_good(struct ent_json *j, const struct ent_verified *got)
{
    char hex[ENT_HEX_LEN(32)];
    if (got->member[0] != '\0')
        ent_json_cstr(j, "member", got->member);
    if (got->kind == ENT_VERIFY_MISBEHAVIOUR)
        ent_json_cstr(j, "misbehaviour", ent_misbehaviour_word(got->misbehaviour));
    if (got->st.author[0] != '\0') {
        ent_json_u64(j, "index", got->index);
        ent_json_bool(j, "in_log", got->placed);
        cli_json_statement(j, &got->st);
    }
    if (got->kind == ENT_VERIFY_ACT || got->kind == ENT_VERIFY_DELIVERY)
        ent_json_str(j, "body", got->body);
    if (got->kind == ENT_VERIFY_CONSISTENCY) {
        ent_json_u64(j, "old", got->old_size);
        ent_json_u64(j, "new", got->new_size);
    }
    if (got->has_head) {
        ent_hex_encode(hex, got->cp.root.b, 32);
        ent_json_str(j, "origin", got->cp.origin);
        ent_json_u64(j, "size", got->cp.size);
        ent_json_cstr(j, "root", hex);
        cli_json_standing(j, &got->standing);
    }
    ent_json_bool(j, "disputed", got->disputed);
}

static void put_file(struct work *w, const struct ent_verified *got, enum ent_err r,
                     const struct ent_diag *d, const struct ent_pact *p, bool inside,
                     const char *file)
{
    char hex[ENT_HEX_LEN(32)];
    struct ent_json *j = &w->j;
    ent_json_obj(j, NULL);
    ent_json_cstr(j, "file", file);
    ent_json_cstr(j, "kind", ent_verify_word(got->kind));
    ent_json_bool(j, "holds", r == ENT_OK);
    if (r != ENT_OK)
        ent_json_cstr(j, "error", d->text != NULL ? d->text : ent_err_str(r));
    else
        put_good(j, got);
    if (p != NULL) {
        ent_hex_encode(hex, p->id.b, 32);
        ent_json_cstr(j, "pact", hex);
        ent_json_u64(j, "pact_version_used", p->version);
        ent_json_bool(j, "pact_from_proof", inside);
    }
    ent_json_obj_end(j);
}

/* --- the command --------------------------------------------------------------------------------
 */

static enum ent_err check_file(struct work *w, int i)
{
    const struct ent_pact *p = NULL;
    const struct ent_slice bytes = ent_buf_slice(&w->file[i]);
    struct ent_verified got;
    struct ent_diag d = {0};
    bool inside = false;
    enum ent_err r = ENT_OK;
    ent_verified_init(&got);
    if (ent_verify_kind_of(bytes) == ENT_VERIFY_CHAIN) { /* verified when keys were taken from it */
        got.kind = ENT_VERIFY_CHAIN;
        p = ent_verifier_newest(w->v);
    } else {
        r = ent_verifier_check(w->v, &got, &d, &p, &inside, bytes);
    }
    if (w->a->json)
        put_file(w, &got, r, &d, p, inside, w->name[i]);
    else if (r == ENT_OK)
        print_good(&got, p, inside, w->name[i]);
    if (r != ENT_OK)
        (void)cli_fail(r, &d, w->name[i]);
    ent_verified_release(&got);
    return r;
}

static int verify(struct work *w)
{
    int code = EXIT_DONE;
    enum ent_err r = ENT_OK;
    for (int i = 0; i < w->n; i++)
        if ((code = read_file(&w->file[i], w->name[i])) != EXIT_DONE)
            return code;
    if ((code = take_keys(w)) != EXIT_DONE)
        return code;
    ent_buf_init(&w->line, 64u << 20);
    ent_json_start(&w->j, &w->line);
    ent_json_obj(&w->j, NULL);
    ent_json_arr(&w->j, "files");
    for (int i = 0; i < w->n; i++)
        if (check_file(w, i) != ENT_OK)
            code = EXIT_REFUSED;
    ent_json_arr_end(&w->j);
    ent_json_bool(&w->j, "all_hold", code == EXIT_DONE);
    ent_json_obj_end(&w->j);
    if (w->a->json &&
        ((r = ent_json_end(&w->j)) != ENT_OK || (r = cli_put_line(&w->line)) != ENT_OK))
        code = cli_fail(r, NULL, "writing");
    ent_buf_release(&w->line);
    return code;
}

static int run(int argc, char **argv)
{
    struct args a;
    struct work w = {.a = &a};
    struct ent_diag d = {0};
    int code;
    if (!cli_args(&a, &code, &cmd_verify, argc, argv))
        return code;
    if (a.rest == argc)
        return cli_usage(&cmd_verify, "which files?", NULL);
    w.name = argv + a.rest;
    w.n = argc - a.rest;
    w.file = calloc((size_t)w.n, sizeof(*w.file));
    enum ent_err r = w.file == NULL ? ENT_E_NOMEM : ent_verifier_new(&w.v, &d);
    code = r == ENT_OK ? verify(&w) : cli_fail(r, &d, NULL);
    for (int i = 0; i < w.n && w.file != NULL; i++)
        ent_buf_release(&w.file[i]);
    free(w.file);
    ent_verifier_free(w.v);
    return code;
}

const struct command cmd_verify = {
    .name = "verify",
    .usage = "FILE... [--pact FILE]",
    .brief = "check receipts, heads, acts and proofs, offline",
    .help =
        "Checks what somebody handed over: a receipt, a statement, an act, a delivery, a\n"
        "checkpoint, a proof of consistency or of misbehaviour, a pact; which of them it is, its\n"
        "first line says. Keys come from --pact, from a pact among the files, from that inside a\n"
        "proof of misbehaviour, else from your home, if there is one.\n\n"
        "Exit code 0 means that all of it holds, 4 that something does not.",
    .options = options,
    .run = run,
};
