/* pact.c: entente pact: founding one by files that go round, showing it, handing it out. */
#include "cli/pact.h"

#include <errno.h>

const struct option_spec cli_pact_options[] = {
    {"--name", "TEXT", "new, propose: what the pact is called"},
    {"--budget", "ITEMS/DAYS", "how many items each member may ask each other about in a period"},
    {"--witnesses", "K", "how many others must cosign before anything counts as accepted"},
    {"--threshold", "[CLASS=]N", "votes that a change of members, rules or disputes takes"},
    {"--expires", "DATE", "after this nothing is allowed but votes; - for never"},
    {"--minimum", "TLP", "what is said under the pact is marked at least so"},
    {"--quorum", "FILE", "the rule by which members run quorums; off for none"},
    {"--add", "CARD", "propose: accept this member, or its new keys and address"},
    {"--remove", "MEMBER", "propose: let this member go"},
    {"--rotate", "KEYS", "propose: new keys of your own: root, author, node, with commas"},
    {"--close", "MEMBER", "propose: end this member's log before entry --from, for it"},
    {"--from", "N", "dispute, --close, --rotate: from this entry of the log on"},
    {"--until", "N", "dispute: and before this one"},
    {"--reason", "TEXT", "dispute, withdraw: why"},
    {"--lift", NULL, "dispute: propose to lift it"},
    {"--no", NULL, "vote: for no version in this round"},
    {"--next-round", NULL, "vote: give this round up"},
    {"--output", "FILE", "new, export: write there instead of standard output"},
    {"--json", NULL, "show, status: as JSON"},
    {"--passphrase-file", "FILE", "take the passphrase from the first line of FILE"},
    {NULL, NULL, NULL},
};

/* --- rules --------------------------------------------------------------------------------------
 */

static int bad(const char *problem, const char *what)
{
    return cli_usage(&cmd_pact, problem, what);
}

static int refused(enum ent_err r, const struct ent_diag *d, const char *what)
{
    return cli_fail(r, d, what);
}

static int set_budget(const char *text, struct ent_pact *p, struct ent_diag *d)
{
    struct ent_slice s = ent_slice_str(text);
    const uint8_t *slash = memchr(s.p, '/', s.n);
    struct ent_budget b;
    uint64_t days;
    if (slash == NULL ||
        ent_parse_u64(&b.items, ent_slice(s.p, (size_t)(slash - s.p)), INT64_MAX) != ENT_OK ||
        ent_parse_u64(&days, ent_slice(slash + 1, s.n - (size_t)(slash + 1 - s.p)), 3660) !=
            ENT_OK ||
        days == 0)
        return bad("--budget is ITEMS/DAYS, such as 1000000/30", text);
    b.seconds = days * 86400;
    enum ent_err r = ent_next_budget(p, d, &b);
    return r == ENT_OK ? EXIT_DONE : refused(r, d, "--budget");
}

static int set_threshold(const char *text, struct ent_pact *p, struct ent_diag *d)
{
    const char *eq = strchr(text, '=');
    uint64_t n;
    enum ent_err r = ENT_OK;
    bool any = false;
    if (ent_parse_u64(&n, ent_slice_str(eq == NULL ? text : eq + 1), ENT_PACT_MEMBERS) != ENT_OK)
        return bad("--threshold is [members=|rules=|disputes=]N", text);
    for (int c = 0; c < ENT_CHANGES && r == ENT_OK; c++) {
        const char *word = ent_change_word((enum ent_change)c);
        if (eq != NULL &&
            (strlen(word) != (size_t)(eq - text) || strncmp(word, text, (size_t)(eq - text)) != 0))
            continue;
        any = true;
        r = ent_next_threshold(p, d, (enum ent_change)c, (unsigned)n);
    }
    if (!any)
        return bad("--threshold is [members=|rules=|disputes=]N", text);
    return r == ENT_OK ? EXIT_DONE : refused(r, d, "--threshold");
}

static int set_expires(const char *text, struct ent_pact *p, struct ent_diag *d)
{
    int64_t t = 0;
    if (strcmp(text, "-") != 0 && ent_time_parse(&t, ent_slice_str(text)) != ENT_OK)
        return bad("--expires is a date such as 2027-12-31, or -", text);
    enum ent_err r = ent_next_expires(p, d, t, ent_clock_now());
    return r == ENT_OK ? EXIT_DONE : refused(r, d, "--expires");
}

static int set_minimum(const char *text, struct ent_pact *p, struct ent_diag *d)
{
    enum ent_tlp t;
    if (ent_tlp_parse(&t, ent_slice_str(text)) != ENT_OK)
        return bad("no such marking", text);
    enum ent_err r = ent_next_minimum(p, d, t);
    return r == ENT_OK ? EXIT_DONE : refused(r, d, "--minimum");
}

int cli_pact_rules(const struct args *a, struct ent_pact *p)
{
    struct ent_diag d = {0};
    enum ent_err r;
    uint64_t k;
    int code = EXIT_DONE;
    if (a->budget != NULL && (code = set_budget(a->budget, p, &d)) != EXIT_DONE)
        return code;
    if (a->threshold != NULL && (code = set_threshold(a->threshold, p, &d)) != EXIT_DONE)
        return code;
    if (a->expires != NULL && (code = set_expires(a->expires, p, &d)) != EXIT_DONE)
        return code;
    if (a->minimum != NULL && (code = set_minimum(a->minimum, p, &d)) != EXIT_DONE)
        return code;
    if (a->quorum != NULL && (code = cli_pact_set_quorum(a->quorum, p)) != EXIT_DONE)
        return code;
    if (a->witnesses == NULL)
        return EXIT_DONE;
    if (ent_parse_u64(&k, ent_slice_str(a->witnesses), ENT_PACT_PANEL) != ENT_OK)
        return bad("--witnesses is a number", a->witnesses);
    r = ent_next_witnesses(p, &d, (unsigned)k);
    return r == ENT_OK ? EXIT_DONE : refused(r, &d, "--witnesses");
}

/* --- founding -----------------------------------------------------------------------------------
 */

static int read_card(struct ent_member *ret, const char *path)
{
    struct ent_diag d = {0};
    struct ent_buf card;
    ent_buf_init(&card, ENT_CARD_MAX + 1);
    enum ent_err r = ent_file_read(&card, &d, path);
    if (r == ENT_OK)
        r = ent_card_parse(ret, ent_buf_slice(&card), &d);
    ent_buf_release(&card);
    return r == ENT_OK ? EXIT_DONE : cli_fail(r, &d, path);
}

/* The founders: those on the cards, and this member, with its own card if that is among them. */
static int put_founders(struct session *s, struct ent_pact *p, char **cards, int n)
{
    struct ent_member *m = malloc(sizeof(*m));
    struct ent_diag d = {0};
    bool self = false;
    int code = m == NULL ? cli_fail(ENT_E_NOMEM, NULL, NULL) : EXIT_DONE;
    enum ent_err r;
    for (int i = 0; i < n && code == EXIT_DONE; i++) {
        if ((code = read_card(m, cards[i])) != EXIT_DONE)
            break;
        self = self || strcmp(m->name, s->home->self.name) == 0;
        if ((r = ent_next_put(p, &d, m)) != ENT_OK)
            code = cli_fail(r, &d, cards[i]);
    }
    if (code == EXIT_DONE && !self) {
        *m = s->home->self;
        if (s->config.url[0] != '\0') {
            memcpy(m->url, s->config.url, sizeof(m->url) - 1);
            m->panel = true;
        }
        if ((r = ent_next_put(p, &d, m)) != ENT_OK)
            code = cli_fail(r, &d, m->name);
    }
    free(m);
    return code;
}

static int write_file(const char *path, const struct ent_buf *b)
{
    struct ent_diag d = {0};
    if (path == NULL || strcmp(path, "-") == 0)
        return fwrite(b->p, 1, b->n, stdout) == b->n && fflush(stdout) == 0
                   ? EXIT_DONE
                   : cli_fail(ent_err_from_errno(errno), NULL, "writing");
    enum ent_err r = ent_file_write(path, ent_buf_slice(b), 0644, &d);
    return r == ENT_OK ? EXIT_DONE : cli_fail(r, &d, path);
}

/* Does the pact have this home in it, with the keys that are here? */
static bool is_ours(const struct ent_home *h, const struct ent_pact *p)
{
    const struct ent_member *m = ent_pact_member(p, h->self.name);
    bool same = m != NULL;
    for (int i = 0; same && i < ENT_ROLES; i++) {
        enum ent_role role = (enum ent_role)i;
        same = memcmp(ent_member_key(m, role)->pk.b, ent_member_key(&h->self, role)->pk.b, 32) == 0;
    }
    return same;
}

/* A first version that goes round. */
struct draft {
    struct ent_note note;
    struct ent_pact pact;
    struct ent_signers by;
};

static bool is_among(const struct ent_signers *by, const char *name)
{
    for (size_t i = 0; i < by->n; i++)
        if (strcmp(by->name[i], name) == 0)
            return true;
    return false;
}

static void print_unsigned(const struct ent_pact *p, const struct ent_signers *by)
{
    size_t missing = 0;
    for (size_t i = 0; i < p->members; i++)
        if (!is_among(by, p->member[i].name))
            (void)fprintf(stderr, "%s%s", missing++ == 0 ? "Still to sign: " : ", ",
                          p->member[i].name);
    (void)fputs("\n", stderr);
}

static void ask_to_sign(const struct ent_pact *p, const char *self)
{
    struct ent_signers by = {.n = 1};
    (void)snprintf(by.name[0], sizeof(by.name[0]), "%s", self);
    print_unsigned(p, &by);
    (void)fputs("Each of them checks it and signs it: entente pact vote FILE\n", stderr);
}

static int sign_founding(struct session *s, const struct args *a, struct ent_buf *file,
                         size_t text_n, const struct ent_pact *p)
{
    struct passphrase pass = {0};
    struct ent_seed32 root;
    int code = cli_key(s, a, &pass, ENT_KEY_ROOT, &root);
    cli_passphrase_release(&pass);
    if (code != EXIT_DONE)
        return code;
    enum ent_err r = ent_pact_sign(file, text_n, p, 0, s->home->self.name, &root);
    ent_wipe(&root, sizeof(root));
    return r == ENT_OK ? EXIT_DONE : cli_fail(r, NULL, "signing");
}

/* Every founder has signed: it is this member's pact from now on. */
static int install(struct session *s, struct ent_slice file)
{
    struct ent_chain_split split;
    struct ent_diag d = {0};
    enum ent_err r = ent_home_add_version(s->home, &split, &d, file);
    if (r != ENT_OK)
        return cli_fail(r, &d, s->home->dir);
    (void)fprintf(stderr, "This home is in the pact now: all %zu founders have signed.\n",
                  s->home->pact->members);
    return EXIT_DONE;
}

static int new_pact(struct session *s, const struct args *a, char **cards, int n)
{
    struct ent_pact *p = calloc(2, sizeof(*p));
    struct ent_diag d = {0};
    struct ent_buf file;
    int code;
    enum ent_err r;
    if (p == NULL)
        return cli_fail(ENT_E_NOMEM, NULL, NULL);
    ent_buf_init(&file, ENT_PACT_MAX);
    if (s->home->pact != NULL)
        code = cli_fail(ENT_E_EXISTS, &(struct ent_diag){.text = "is in a pact already"},
                        s->home->dir);
    else if (a->name == NULL)
        code = bad("--name says what the pact is called", NULL);
    else if ((r = ent_pact_found(p, &d, a->name)) != ENT_OK)
        code = cli_fail(r, &d, "--name");
    else if ((code = put_founders(s, p, cards, n)) == EXIT_DONE &&
             (code = cli_pact_rules(a, p)) == EXIT_DONE) {
        if ((r = ent_pact_encode(&file, p)) != ENT_OK ||
            (r = ent_pact_parse_text(&p[1], ent_buf_slice(&file), NULL, &d)) != ENT_OK)
            code = cli_fail(r, &d, "the pact");
        else if (!is_ours(s->home, &p[1]))
            code = cli_fail(ENT_E_POLICY, &(struct ent_diag){.text = "a card with other keys"},
                            s->home->self.name);
        else if ((code = sign_founding(s, a, &file, file.n, &p[1])) == EXIT_DONE &&
                 (code = write_file(a->output, &file)) == EXIT_DONE) {
            if (p[1].members == 1)
                code = install(s, ent_buf_slice(&file));
            else
                ask_to_sign(&p[1], s->home->self.name);
        }
    }
    ent_buf_release(&file);
    free(p);
    return code;
}

/* A draft whose signatures hold, so far as there are any, and in which this member is. */
static int read_draft(const struct session *s, const char *path, const struct ent_buf *file,
                      struct draft *ret)
{
    struct ent_diag d = {0};
    enum ent_err r = ent_note_parse_up_to(&ret->note, ent_buf_slice(file), ENT_PACT_MAX, &d);
    if (r == ENT_OK)
        r = ent_pact_parse_text(&ret->pact, ret->note.text, NULL, &d);
    if (r == ENT_OK && !is_ours(s->home, &ret->pact))
        r = ent_fail(&d, ENT_E_POLICY, "a pact without this member, or with other keys of it", 0,
                     0);
    if (r == ENT_OK)
        r = ent_pact_founders(&ret->by, &ret->note, &ret->pact, &d);
    return r == ENT_OK ? EXIT_DONE : cli_fail(r, &d, path);
}

/* Sign the draft, if that has not been done, and join when all founders have. */
static int vote_draft(struct session *s, const struct args *a, const char *path,
                      struct ent_buf *file)
{
    struct draft *draft = calloc(1, sizeof(*draft));
    int code = draft == NULL ? cli_fail(ENT_E_NOMEM, NULL, NULL) : EXIT_DONE;
    if (code == EXIT_DONE && s->home->pact != NULL)
        code = cli_fail(ENT_E_EXISTS, &(struct ent_diag){.text = "is in a pact already"},
                        s->home->dir);
    if (code == EXIT_DONE)
        code = read_draft(s, path, file, draft);
    if (code == EXIT_DONE && !is_among(&draft->by, s->home->self.name)) {
        cli_pact_print(&draft->pact, s->home->self.name);
        if ((code = sign_founding(s, a, file, draft->note.text.n, &draft->pact)) == EXIT_DONE &&
            (code = write_file(path, file)) == EXIT_DONE)
            (void)printf("\nSigned. Compare the fingerprints with what they read to you over the "
                         "telephone.\n");
        if (code == EXIT_DONE)
            code = read_draft(s, path, file, draft);
    }
    if (code == EXIT_DONE && draft->by.n == draft->pact.members)
        code = install(s, ent_buf_slice(file));
    else if (code == EXIT_DONE)
        print_unsigned(&draft->pact, &draft->by);
    free(draft);
    return code;
}

/* All versions of a pact that others decided to accept this member in. */
static int join(struct session *s, const char *path, struct ent_slice chain)
{
    struct ent_chain_split split = {.version = 0};
    struct ent_diag d = {0};
    struct ent_chain c;
    size_t before = s->home->chain.versions;
    ent_chain_init(&c);
    enum ent_err r = ent_chain_parse(&c, &split, chain, &d);
    if (r == ENT_OK && before > 0 && memcmp(s->home->pact->id.b, c.newest->id.b, 32) != 0)
        r = ent_fail(&d, ENT_E_EXISTS, "another pact than the one this home is in", 0, 0);
    else if (r == ENT_OK && before > 0 && c.versions <= before)
        r = ent_fail(&d, ENT_E_EXISTS, "nothing in it is new", 0, 0);
    ent_chain_release(&c);
    if (r == ENT_OK)
        r = ent_home_join(s->home, &split, &d, chain);
    if (r == ENT_E_STATE && split.version > 0)
        return cli_pact_split(&split);
    if (r != ENT_OK)
        return cli_fail(r, &d, path);
    cli_pact_print(s->home->pact, s->home->self.name);
    (void)fprintf(stderr, "This home is in the pact now, version %llu.\n",
                  (unsigned long long)s->home->pact->version);
    return EXIT_DONE;
}

static int vote_file(struct session *s, const struct args *a, const char *path)
{
    struct ent_diag d = {0};
    struct ent_buf file;
    int code;
    ent_buf_init(&file, ENT_CHAIN_MAX);
    enum ent_err r = ent_file_read(&file, &d, path);
    if (r != ENT_OK)
        code = cli_fail(r, &d, path);
    else if (ent_slice_starts(ent_buf_slice(&file), ENT_SLICE_LIT("entente/pact-chain@")))
        code = join(s, path, ent_buf_slice(&file));
    else
        code = vote_draft(s, a, path, &file);
    ent_buf_release(&file);
    return code;
}

/* --- showing ------------------------------------------------------------------------------------
 */

int cli_pact_split(const struct ent_chain_split *split)
{
    (void)fprintf(stderr,
                  "entente: two texts have the votes for version %llu. Nothing is chosen.\n",
                  (unsigned long long)split->version);
    for (int i = 0; i < 2; i++) {
        char hash[ENT_HEX_LEN(32)];
        ent_hex_encode(hash, split->hash[i].b, 32);
        (void)fprintf(stderr, "  %s  signed by", hash);
        for (size_t k = 0; k < split->by[i].n; k++)
            (void)fprintf(stderr, " %s", split->by[i].name[k]);
        (void)fputc('\n', stderr);
    }
    return EXIT_REFUSED;
}

static void print_rules(const struct ent_pact *p)
{
    char items[ENT_NUM_TEXT], date[ENT_TIME_TEXT] = "never";
    size_t panel = ent_pact_panel(p);
    if (p->expires != 0)
        ent_time_format(date, p->expires);
    (void)printf("%s, version %llu\n"
                 "  votes      members %u, rules %u, disputes %u of %zu\n"
                 "  accepted   with the cosignatures of %u others, of %zu on the panel%s\n"
                 "  budget     %s items for each partner in %llu days\n"
                 "  marking    %s at least\n"
                 "  expires    %s\n",
                 p->name, (unsigned long long)p->version, p->threshold[ENT_CHANGE_MEMBERS],
                 p->threshold[ENT_CHANGE_RULES], p->threshold[ENT_CHANGE_DISPUTES], p->members,
                 p->k, panel, panel <= 3 ? ": it detects, and does not prevent" : "",
                 ent_show_count(items, p->budget.items),
                 (unsigned long long)(p->budget.seconds / 86400), ent_tlp_name(p->minimum), date);
    cli_pact_print_quorum(p);
    if (ent_pact_is_weak(p))
        (void)puts("  WEAK       fewer than a third of the members, lying, can split this pact");
}

void cli_pact_print(const struct ent_pact *p, const char *self)
{
    char print[ENT_FINGERPRINT];
    print_rules(p);
    for (size_t i = 0; i < p->members; i++) {
        const struct ent_member *m = &p->member[i];
        ent_member_fingerprint(print, m);
        (void)printf("\n%s (%s)%s\n  address      %s\n  fingerprint  %s\n", m->name, m->display,
                     strcmp(m->name, self) == 0 ? ", you" : "", m->url, print);
    }
    for (size_t i = 0; i < p->disputes; i++)
        (void)printf("\nin dispute: %s, log %u from entry %llu on: %s\n", p->dispute[i].member,
                     p->dispute[i].generation, (unsigned long long)p->dispute[i].from,
                     p->dispute[i].reason);
}

static enum ent_err show_json(const struct ent_pact *p, const char *self)
{
    struct ent_buf line;
    struct ent_json j;
    char hash[ENT_HEX_LEN(32)], id[ENT_HEX_LEN(32)], print[ENT_FINGERPRINT];
    ent_buf_init(&line, 1u << 20);
    ent_json_start(&j, &line);
    ent_hex_encode(hash, p->hash.b, 32);
    ent_hex_encode(id, p->id.b, 32);
    ent_json_obj(&j, NULL);
    ent_json_cstr(&j, "name", p->name);
    ent_json_cstr(&j, "id", id);
    ent_json_u64(&j, "version", p->version);
    ent_json_cstr(&j, "hash", hash);
    ent_json_cstr(&j, "self", self);
    ent_json_u64(&j, "witnesses", p->k);
    ent_json_u64(&j, "budget_items", p->budget.items);
    ent_json_u64(&j, "budget_seconds", p->budget.seconds);
    cli_pact_json_quorum(&j, p);
    ent_json_arr(&j, "members");
    for (size_t i = 0; i < p->members; i++) {
        ent_member_fingerprint(print, &p->member[i]);
        ent_json_obj(&j, NULL);
        ent_json_cstr(&j, "name", p->member[i].name);
        ent_json_cstr(&j, "display", p->member[i].display);
        ent_json_cstr(&j, "url", p->member[i].url);
        ent_json_bool(&j, "panel", p->member[i].panel);
        ent_json_cstr(&j, "fingerprint", print);
        ent_json_obj_end(&j);
    }
    ent_json_arr_end(&j);
    ent_json_obj_end(&j);
    enum ent_err r = ent_json_end(&j);
    if (r == ENT_OK)
        r = cli_put_line(&line);
    ent_buf_release(&line);
    return r;
}

static int no_pact(const struct session *s)
{
    return cli_fail(ENT_E_NOTFOUND,
                    &(struct ent_diag){.text = "in no pact yet: `entente pact new` founds one, "
                                               "`entente pact vote FILE` joins"},
                    s->home->dir);
}

static void print_key_file(const struct ent_home *h, enum ent_key_role role,
                           const struct ent_pubkey *pk, const char *what)
{
    char name[ENT_KEY_FILE_NAME];
    unsigned number = 0;
    if (ent_home_key_number(h, &number, NULL, role, pk) == ENT_OK) {
        ent_key_file_name(name, role, number);
        (void)printf("  %-15s%s\n", name, what);
    }
}

/* Which of the files in keys/ are which. */
static void print_key_files(const struct ent_home *h)
{
    const struct ent_pubkey *before = ent_home_author_before(h);
    struct ent_pubkey prepared;
    (void)puts("\nyour keys");
    for (int i = 0; i < ENT_KEY_ROLES; i++) {
        enum ent_key_role role = (enum ent_key_role)i;
        print_key_file(h, role, ent_home_public(h, role), "in use");
        if (role == ENT_KEY_AUTHOR && before != NULL)
            print_key_file(h, role, before, "until what is left of its places was said");
        if (ent_home_prepared(h, &prepared, NULL, role) == ENT_OK)
            print_key_file(h, role, &prepared, "prepared: not in the pact");
    }
}

static int show_pact(struct session *s, const struct args *a)
{
    if (s->home->pact == NULL)
        return no_pact(s);
    if (a->json) {
        enum ent_err r = show_json(s->home->pact, s->home->self.name);
        return r == ENT_OK ? EXIT_DONE : cli_fail(r, NULL, "writing");
    }
    cli_pact_print(s->home->pact, s->home->self.name);
    print_key_files(s->home);
    return EXIT_DONE;
}

static int export_chain(struct session *s, const struct args *a)
{
    if (s->home->pact == NULL)
        return no_pact(s);
    const struct ent_slice file = ent_chain_file(&s->home->chain);
    const struct ent_buf b = {.p = (uint8_t *)(uintptr_t)file.p, .n = file.n};
    return write_file(a->output, &b);
}

/* --- the command --------------------------------------------------------------------------------
 */

static int act(struct session *s, const struct args *a, char **words, int n)
{
    const char *word = words[0];
    if (strcmp(word, "new") == 0)
        return new_pact(s, a, words + 1, n - 1);
    if (strcmp(word, "vote") == 0 && n == 2)
        return vote_file(s, a, words[1]);
    if (n == 2 && strcmp(word, "dispute") == 0)
        return s->home->pact == NULL ? no_pact(s) : cli_pact_dispute(s, a, words[1]);
    if (n != 1)
        return bad("say what to do", NULL);
    if (strcmp(word, "show") == 0)
        return show_pact(s, a);
    if (strcmp(word, "export") == 0)
        return export_chain(s, a);
    if (s->home->pact == NULL)
        return no_pact(s);
    if (strcmp(word, "propose") == 0)
        return cli_pact_propose(s, a);
    if (strcmp(word, "vote") == 0)
        return cli_pact_vote(s, a);
    if (strcmp(word, "status") == 0)
        return cli_pact_status(s, a);
    if (strcmp(word, "withdraw") == 0)
        return cli_pact_withdraw(s, a);
    return bad("say what to do", NULL);
}

static int run(int argc, char **argv)
{
    struct args a;
    struct session s = {0};
    int code;
    if (!cli_args(&a, &code, &cmd_pact, argc, argv))
        return code;
    if (a.rest == argc)
        return bad("say what to do", NULL);
    cli_catch_signals();
    if ((code = cli_open(&s, &a, false)) == EXIT_DONE)
        code = act(&s, &a, argv + a.rest, argc - a.rest);
    cli_close(&s);
    return code;
}

const struct command cmd_pact = {
    .name = "pact",
    .usage = "new|show|propose|vote|status|dispute|withdraw|export",
    .brief = "found a pact, change it by votes, leave it",
    .help =
        "new --name TEXT CARD...  a draft, with these members and you, signed by your root key;\n"
        "                         the others sign it too: it holds when all founders have\n"
        "vote FILE                sign such a draft, or join when all have signed\n"
        "show                     the rules, and the members with their fingerprints\n"
        "propose                  the next version: --add CARD, --remove MEMBER, --rotate KEYS, "
        "...\n"
        "vote                     the next step of the vote on it: a prevote, then a precommit\n"
        "status                   who voted for what, and who has withdrawn\n"
        "dispute MEMBER           propose that what it says from an entry on is in dispute\n"
        "withdraw                 leave at once: your own word is enough\n"
        "export                   all versions, for whoever verifies what was said",
    .options = cli_pact_options,
    .run = run,
};
