/* pact_vote.c: entente pact propose, vote, status, dispute, withdraw: the pact as it changes. */
#include "cli/pact.h"

/* --- with the others ----------------------------------------------------------------------------
 */

/* Before anything is said: what do others hold of our log? */
static int begin(struct session *s, const struct args *a, struct own_keys *keys, struct visit *v)
{
    *v = (struct visit){.before = true};
    int code = cli_book(s, a, keys);
    return code == EXIT_DONE ? cli_visit(s, a, keys, v) : code;
}

/* What was said is shown to everybody who can be reached, and what they say is heard. Who let us in
 * before and does not any more has it already: our own node was faster. */
static int spread(struct session *s, const struct args *a, const struct own_keys *keys,
                  const struct visit *before)
{
    struct visit v = {.before = false};
    int code = cli_visit(s, a, keys, &v);
    unsigned has = v.tally.met;
    if (v.tally.refused > before->tally.refused)
        has += v.tally.refused - before->tally.refused;
    if (code == EXIT_DONE)
        (void)printf("Shown to %u of %zu others; their nodes will pass it on.\n", has,
                     s->home->pact->members - 1);
    return code;
}

/* --- how the vote stands ------------------------------------------------------------------------
 */

static void print_who(const struct ent_voting *v, enum ent_vote_kind kind, uint32_t round,
                      const struct ent_hash32 *what)
{
    struct ent_vote vote = {.kind = kind, .round = round, .none = what == NULL};
    struct ent_voters who;
    size_t n = 0;
    if (what != NULL)
        vote.what = *what;
    ent_ballot_who(ent_voting_ballot(v), &who, &vote);
    for (size_t i = 0; i < ent_voting_voters(v); i++)
        if (ent_voters_has(&who, i))
            (void)printf("%s%s", n++ == 0 ? "" : ", ", ent_voting_voter(v, i));
    (void)puts(n == 0 ? "nobody" : "");
}

static void print_proposals(const struct ent_voting *v, const struct ent_pact *newest)
{
    if (ent_voting_proposals(v) == 0) {
        (void)puts("No next version is proposed.");
        return;
    }
    for (size_t i = 0; i < ent_voting_proposals(v); i++) {
        const struct ent_proposal *p = ent_voting_proposal(v, i);
        char hash[ENT_HEX_LEN(32)];
        ent_hex_encode(hash, p->what.b, 32);
        (void)printf("%.16s  proposed by %s in round %u%s%s\n", hash, p->by, p->round,
                     p->valid ? "" : ", which cannot be: ",
                     p->valid              ? ""
                     : p->why.text != NULL ? p->why.text
                                           : "malformed");
        if (!p->valid)
            continue;
        cli_pact_change(p->pact, newest);
        (void)printf("  takes       %u of the %zu members of now, %u of the %zu after it\n",
                     p->needs.before, newest->members, p->needs.after, p->pact->members);
        (void)printf("  prevotes    ");
        print_who(v, ENT_PREVOTE, p->round, &p->what);
        (void)printf("  precommits  ");
        print_who(v, ENT_PRECOMMIT, p->round, &p->what);
        (void)printf("  for none    ");
        print_who(v, ENT_PREVOTE, p->round, NULL);
    }
    (void)printf("Round %u\n", ent_voting_round(v));
}

/* Whoever precommitted a text cannot just go on to another one, whatever the round. */
static void print_bound(const struct ent_voting *v)
{
    const struct ent_ballot *b = ent_voting_ballot(v);
    struct ent_hash32 wish, decided;
    struct ent_voters who;
    uint32_t round;
    char hash[ENT_HEX_LEN(32)];
    if (ent_ballot_decision(b, &round, &decided, &who) || !ent_ballot_wish(b, &wish))
        return;
    ent_hex_encode(hash, wish.b, 32);
    (void)printf("Bound to %.16s, which was nearly decided: until enough others prevote another\n"
                 "text, this member prevotes no other. Propose it again, in the words in which it\n"
                 "was proposed, or vote for it when somebody else does.\n",
                 hash);
}

/* Decided? Then it holds from now on. */
static int conclude(struct session *s, struct ent_voting *v)
{
    struct ent_diag d = {0};
    enum ent_err r = ent_voting_conclude(v, &d);
    if (r == ENT_E_NOTFOUND)
        return EXIT_DONE;
    if (r != ENT_OK)
        return cli_fail(r, &d, "the next version");
    (void)printf("Version %llu is decided.\n", (unsigned long long)s->home->pact->version);
    if ((r = ent_book_settle(s->book, &d)) != ENT_OK)
        return cli_fail(r, &d, "what is left of the old author key's places");
    return EXIT_DONE;
}

/* --- proposing ----------------------------------------------------------------------------------
 */

static int edit_members(const struct args *a, struct ent_pact *p)
{
    struct ent_member *m = malloc(sizeof(*m));
    struct ent_diag d = {0};
    struct ent_buf card;
    enum ent_err r = m == NULL ? ENT_E_NOMEM : ENT_OK;
    const char *what = a->add;
    ent_buf_init(&card, ENT_CARD_MAX + 1);
    if (r == ENT_OK && a->add != NULL && (r = ent_file_read(&card, &d, a->add)) == ENT_OK &&
        (r = ent_card_parse(m, ent_buf_slice(&card), &d)) == ENT_OK)
        r = ent_next_put(p, &d, m);
    if (r == ENT_OK && a->remove != NULL) {
        what = a->remove;
        r = ent_next_remove(p, &d, a->remove);
    }
    if (r == ENT_OK && a->name != NULL) {
        what = "--name";
        r = ent_next_name(p, &d, a->name);
    }
    ent_buf_release(&card);
    free(m);
    return r == ENT_OK ? EXIT_DONE : cli_fail(r, &d, what);
}

/* Who comes in has no vote before that: where the others are too few, a threshold has to go down
 * with it. */
static int can_be_decided(const struct ent_pact *p, const struct ent_pact *now)
{
    struct ent_pact_needs needs;
    size_t can = 0;
    ent_pact_needs(&needs, p, now);
    for (size_t i = 0; i < p->members; i++) {
        const struct ent_member *old = ent_pact_member(now, p->member[i].name);
        can += old != NULL && memcmp(old->root.pk.b, p->member[i].root.pk.b, 32) == 0;
    }
    if (needs.after <= can)
        return EXIT_DONE;
    return cli_fail(ENT_E_POLICY,
                    &(struct ent_diag){.text = "takes votes of members who have none yet: lower "
                                               "the threshold with it (--threshold)"},
                    "the next version");
}

/* The one text that is proposed in the present round, or in a later one, or that enough prevoted.
 */
static int choose(const struct ent_voting *v, size_t *ret)
{
    struct ent_hash32 wanted;
    size_t n = 0, later = 0;
    const uint32_t round = ent_voting_round(v);
    bool wants = ent_ballot_wanted(ent_voting_ballot(v), &wanted);
    for (size_t i = 0; i < ent_voting_proposals(v); i++) {
        const struct ent_proposal *p = ent_voting_proposal(v, i);
        if (!p->valid || (wants ? memcmp(p->what.b, wanted.b, 32) != 0 : p->round < round))
            continue;
        bool same = n + later > 0 && /* one text, proposed twice */
                    memcmp(p->what.b, ent_voting_proposal(v, *ret)->what.b, 32) == 0;
        if (!wants && p->round > round) {
            later += !same;
            *ret = n + later == 1 && n == 0 ? i : *ret;
            continue;
        }
        n += n == 0 || !same;
        *ret = i;
        if (wants)
            break;
    }
    n = n == 0 ? later : n;
    if (n == 1)
        return EXIT_DONE;
    return cli_fail(
        n == 0 ? ENT_E_NOTFOUND : ENT_E_POLICY,
        &(struct ent_diag){.text =
                               n == 0 ? "nothing is proposed in this round: `entente pact propose` "
                                        "does, `entente pact status` shows how it stands"
                                      : "several texts are proposed in this round: `entente pact "
                                        "vote --next-round` gives it up"},
        NULL);
}

/* --- a root key that comes with the next version ------------------------------------------------
 */

/* *ret: of the proposal with this text, or of the one to vote for where it is NULL. */
static int pick(const struct ent_voting *v, const struct ent_hash32 *text, size_t *ret)
{
    if (text == NULL)
        return choose(v, ret);
    for (size_t i = 0; i < ent_voting_proposals(v); i++)
        if (memcmp(ent_voting_proposal(v, i)->what.b, text->b, 32) == 0) {
            *ret = i;
            return EXIT_DONE;
        }
    return EXIT_FAILED;
}

/* Among the members after the change it is this key that counts, and so it votes as the old one
 * does. Where no text brings it there is nothing to do. */
static int vote_with_next(struct session *s, const struct args *a, const struct own_keys *keys,
                          const struct ent_hash32 *text)
{
    struct ent_voting *v = NULL;
    struct ent_seed32 root;
    struct ent_pubkey pk;
    struct ent_diag d = {0};
    size_t i = 0;
    int code = EXIT_DONE;
    enum ent_err r = ent_home_prepared(s->home, &pk, &d, ENT_KEY_ROOT);
    if (r == ENT_E_NOTFOUND)
        return EXIT_DONE;
    if (r == ENT_OK)
        r = ent_home_key_of(s->home, &root, &d, ENT_KEY_ROOT, &pk, ent_buf_slice(&keys->by->text));
    if (r == ENT_OK && (r = ent_voting_open(&v, &d, s->book, &root)) == ENT_E_POLICY)
        r = ENT_OK; /* it has no vote */
    if (r == ENT_OK && v != NULL) {
        if (text == NULL && (a->no || a->next_round))
            r = a->next_round ? ent_voting_give_up(v, &d) : ent_voting_go_on(v, &d);
        else if ((code = pick(v, text, &i)) == EXIT_DONE)
            r = ent_voting_approve(v, &d, i);
        if (r == ENT_OK && code == EXIT_DONE) {
            (void)printf("%u vote%s cast with the new root key.\n", ent_voting_cast(v),
                         ent_voting_cast(v) == 1 ? "" : "s");
            code = conclude(s, v);
        }
    }
    ent_voting_close(v);
    ent_wipe(&root, sizeof(root));
    return r == ENT_OK ? code : cli_fail(r, &d, "the vote of the new root key");
}

/* --- a draft ------------------------------------------------------------------------------------
 */

/* --rotate root,author,node */
static int rotate(struct session *s, const struct args *a, const struct own_keys *keys,
                  struct ent_pact *draft)
{
    struct ent_rotation t = {.from = ENT_INDEX_NONE};
    const struct ent_slice pass = ent_buf_slice(&keys->by->text);
    struct ent_diag d = {0};
    int code = cli_pact_rotation(&cmd_pact, a, &t);
    if (code != EXIT_DONE)
        return code;
    t.passphrase = keys->by->known ? &pass : NULL;
    enum ent_err r = ent_rotate(s->book, draft, &d, &t);
    return r == ENT_OK ? EXIT_DONE : cli_fail(r, &d, "--rotate");
}

static int close_for(struct session *s, const struct args *a, struct ent_pact *draft)
{
    struct ent_diag d = {0};
    uint64_t from = 0;
    if (a->from == NULL || ent_parse_u64(&from, ent_slice_str(a->from), INT64_MAX) != ENT_OK)
        return cli_usage(&cmd_pact,
                         "--close MEMBER wants --from N: the first entry that is cut off", a->from);
    enum ent_err r = ent_close_for(s->book, draft, &d, a->close, from);
    return r == ENT_OK ? EXIT_DONE : cli_fail(r, &d, a->close);
}

int cli_pact_rotation(const struct command *c, const struct args *a, struct ent_rotation *ret)
{
    struct ent_rotation t = {.from = ENT_INDEX_NONE};
    struct ent_slice rest = ent_slice_str(a->rotate);
    while (rest.n > 0) {
        const uint8_t *comma = memchr(rest.p, ',', rest.n);
        size_t n = comma == NULL ? rest.n : (size_t)(comma - rest.p);
        struct ent_slice word = ent_slice(rest.p, n);
        bool *which = ent_slice_eq(word, ENT_SLICE_LIT("root"))     ? &t.root
                      : ent_slice_eq(word, ENT_SLICE_LIT("author")) ? &t.author
                      : ent_slice_eq(word, ENT_SLICE_LIT("node"))   ? &t.node
                                                                    : NULL;
        if (which == NULL)
            return cli_usage(c, "--rotate is one or more of root,author,node", a->rotate);
        *which = true;
        rest = ent_slice(rest.p + n + (comma != NULL), rest.n - n - (comma != NULL));
    }
    if (!t.root && !t.author && !t.node)
        return cli_usage(c, "--rotate is one or more of root,author,node", a->rotate);
    if (a->from != NULL && ent_parse_u64(&t.from, ent_slice_str(a->from), INT64_MAX) != ENT_OK)
        return cli_usage(c, "--from is the number of an entry", a->from);
    *ret = t;
    return EXIT_DONE;
}

/* What needs the own log, or the mirrors, and the keys. */
static int finish_draft(struct session *s, const struct args *a, const struct own_keys *keys,
                        struct ent_pact *draft, struct ent_buf *text)
{
    int code = EXIT_DONE;
    if (a->rotate != NULL)
        code = rotate(s, a, keys, draft);
    if (code == EXIT_DONE && a->close != NULL)
        code = close_for(s, a, draft);
    if (code != EXIT_DONE)
        return code;
    enum ent_err r = ent_pact_encode(text, draft);
    return r == ENT_OK ? EXIT_DONE : cli_fail(r, NULL, "the draft");
}

/* Put this draft forward, and vote for it. */
static int propose(struct session *s, const struct args *a, struct ent_pact *draft)
{
    struct passphrase pass = {0};
    struct own_keys keys = {.with_root = true, .by = &pass};
    struct visit before;
    struct ent_voting *v = NULL;
    struct ent_diag d = {0};
    struct ent_buf text;
    ent_buf_init(&text, ENT_PACT_MAX);
    int code = begin(s, a, &keys, &before);
    if (code == EXIT_DONE && (code = finish_draft(s, a, &keys, draft, &text)) == EXIT_DONE) {
        enum ent_err r = ent_voting_open(&v, &d, s->book, &keys.root);
        if (r != ENT_OK || (r = ent_voting_propose(v, &d, ent_buf_slice(&text))) != ENT_OK)
            code = cli_fail(r, &d, "proposing");
        else {
            print_proposals(v, s->home->pact);
            code = conclude(s, v);
        }
        if (code == EXIT_DONE)
            code = vote_with_next(s, a, &keys, &draft->hash);
        if (code == EXIT_DONE)
            code = spread(s, a, &keys, &before);
    }
    ent_voting_close(v);
    cli_passphrase_release(&pass);
    ent_wipe(&keys, sizeof(keys));
    ent_buf_release(&text);
    return code;
}

int cli_pact_propose(struct session *s, const struct args *a)
{
    struct ent_pact *p = malloc(sizeof(*p));
    struct ent_rotation ignored;
    int code = EXIT_DONE;
    if (p == NULL)
        return cli_fail(ENT_E_NOMEM, NULL, NULL);
    ent_pact_next(p, s->home->pact);
    if (a->rotate != NULL)
        code = cli_pact_rotation(&cmd_pact, a, &ignored);
    if (code == EXIT_DONE && (code = edit_members(a, p)) == EXIT_DONE &&
        (code = cli_pact_rules(a, p)) == EXIT_DONE &&
        (code = can_be_decided(p, s->home->pact)) == EXIT_DONE)
        code = propose(s, a, p);
    free(p);
    return code;
}

int cli_pact_dispute(struct session *s, const struct args *a, const char *member)
{
    struct ent_dispute dispute = {.from = 0, .until = ENT_INDEX_NONE};
    const struct ent_member *m = ent_pact_member(s->home->pact, member);
    struct ent_pact *p = malloc(sizeof(*p));
    struct ent_diag d = {0};
    int code;
    if (p == NULL)
        return cli_fail(ENT_E_NOMEM, NULL, NULL);
    ent_pact_next(p, s->home->pact);
    if (m == NULL)
        m = ent_pact_former(s->home->pact, member);
    if (m == NULL)
        code = cli_fail(ENT_E_NOTFOUND, &(struct ent_diag){.text = "is no member"}, member);
    else if (a->from == NULL ||
             ent_parse_u64(&dispute.from, ent_slice_str(a->from), INT64_MAX) != ENT_OK ||
             (a->until != NULL &&
              ent_parse_u64(&dispute.until, ent_slice_str(a->until), INT64_MAX) != ENT_OK))
        code = cli_usage(&cmd_pact, "--from says from which entry on (and --until before which)",
                         a->from);
    else if (!a->lift && (a->reason == NULL || strlen(a->reason) >= sizeof(dispute.reason)))
        code = cli_usage(&cmd_pact, "--reason says why, in at most 160 bytes", a->reason);
    else {
        dispute.generation = ent_member_log(m)->generation;
        memcpy(dispute.member, m->name, sizeof(dispute.member));
        if (a->reason != NULL)
            memcpy(dispute.reason, a->reason, strlen(a->reason) + 1);
        enum ent_err r = a->lift ? ent_next_lift(p, &d, m->name, dispute.generation, dispute.from)
                                 : ent_next_dispute(p, &d, &dispute);
        code = r == ENT_OK ? propose(s, a, p) : cli_fail(r, &d, member);
    }
    free(p);
    return code;
}

/* --- voting -------------------------------------------------------------------------------------
 */

static int cast(struct session *s, const struct args *a, struct ent_voting *v)
{
    struct ent_diag d = {0};
    struct ent_vote own;
    size_t i = 0;
    int code;
    enum ent_err r;
    if (a->no || a->next_round)
        r = a->next_round ? ent_voting_give_up(v, &d) : ent_voting_go_on(v, &d);
    else if ((code = choose(v, &i)) != EXIT_DONE)
        return code;
    else
        r = ent_voting_approve(v, &d, i);
    if (r != ENT_OK)
        return cli_fail(r, &d, "voting");
    (void)printf("%u vote%s cast.\n", ent_voting_cast(v), ent_voting_cast(v) == 1 ? "" : "s");
    print_proposals(v, s->home->pact);
    if (a->no || a->next_round ||
        (ent_ballot_own(ent_voting_ballot(v), ENT_PREVOTE, &own) && own.none))
        print_bound(v);
    return conclude(s, v);
}

int cli_pact_vote(struct session *s, const struct args *a)
{
    struct passphrase pass = {0};
    struct own_keys keys = {.with_root = true, .by = &pass};
    struct visit before;
    struct ent_voting *v = NULL;
    struct ent_diag d = {0};
    int code = begin(s, a, &keys, &before);
    if (code == EXIT_DONE) {
        enum ent_err r = ent_voting_open(&v, &d, s->book, &keys.root);
        code = r == ENT_OK ? cast(s, a, v) : cli_fail(r, &d, "the vote");
    }
    if (code == EXIT_DONE)
        code = vote_with_next(s, a, &keys, NULL);
    if (code == EXIT_DONE)
        code = spread(s, a, &keys, &before);
    ent_voting_close(v);
    cli_passphrase_release(&pass);
    ent_wipe(&keys, sizeof(keys));
    return code;
}

int cli_pact_status(struct session *s, const struct args *a)
{
    struct ent_voting *v = NULL;
    struct ent_diag d = {0};
    int code = cli_book(s, a, NULL);
    if (code != EXIT_DONE)
        return code;
    enum ent_err r = ent_voting_open(&v, &d, s->book, NULL);
    if (r != ENT_OK)
        return cli_fail(r, &d, "the vote");
    (void)printf("%s, version %llu, %zu members\n", s->home->pact->name,
                 (unsigned long long)s->home->pact->version, s->home->pact->members);
    for (size_t i = 0; i < s->home->pact->members; i++)
        if (ent_book_is_withdrawn(s->book, s->home->pact->member[i].name))
            (void)printf("  %s has withdrawn\n", s->home->pact->member[i].name);
    print_proposals(v, s->home->pact);
    ent_voting_close(v);
    return EXIT_DONE;
}

/* --- leaving ------------------------------------------------------------------------------------
 */

int cli_pact_withdraw(struct session *s, const struct args *a)
{
    struct own_keys keys = {.with_root = false};
    struct visit before;
    const char *reason = a->reason != NULL ? a->reason : "";
    const struct ent_act_wish wish = {.type = ENT_ST_WITHDRAW,
                                      .media = "text/plain",
                                      .body = ent_slice_str(reason),
                                      .now = ent_clock_now()};
    struct ent_diag d = {0};
    struct ent_act act;
    struct ent_buf room;
    uint64_t index = 0;
    int code = begin(s, a, &keys, &before);
    ent_buf_init(&room, ENT_ACT_MAX);
    if (code == EXIT_DONE && ent_book_is_withdrawn(s->book, s->home->self.name))
        code = cli_fail(ENT_E_EXISTS, &(struct ent_diag){.text = "has withdrawn already"},
                        s->home->self.name);
    if (code == EXIT_DONE) {
        enum ent_err r = ent_book_act(s->book, &room, &act, &index, &d, &wish);
        if (r == ENT_OK)
            r = ent_news_own(s->book, &d, index);
        code = r == ENT_OK ? EXIT_DONE : cli_fail(r, &d, "withdrawing");
    }
    if (code == EXIT_DONE) {
        (void)printf("%s has withdrawn from %s. Nothing it said before is undone.\n",
                     s->home->self.name, s->home->pact->name);
        code = spread(s, a, &keys, &before);
    }
    ent_buf_release(&room);
    ent_wipe(&keys, sizeof(keys));
    return code;
}
