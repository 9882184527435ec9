/*
 * test_voting.c: four homes that vote on the next version of their pact, over a wire in memory:
 * they decide one text or none, whoever is off, proposes something else, starts again or lies.
 */
#include "tests/support/nodes.h"

#include <unistd.h>

static struct node alice, bob, carol, dave;
static struct node *const all[] = {&alice, &bob, &carol, &dave};
static struct mesh mesh;
static unsigned homes;

static int found(void **state)
{
    static const char *const names[] = {"alice", "bob", "carol", "dave"};
    (void)state;
    homes++;
    for (size_t i = 0; i < 4; i++) {
        char name[32];
        (void)snprintf(name, sizeof(name), "%s-%u", names[i], homes);
        node_make(all[i], name);
    }
    mesh_found(&mesh, all, 4, NULL);
    mesh_meet(&mesh);
    return 0;
}

static int end(void **state)
{
    (void)state;
    for (size_t i = 0; i < mesh.n; i++)
        node_free(mesh.node[i]);
    return 0;
}

/* --- steps --------------------------------------------------------------------------------------
 */

static struct ent_voting *opened(struct node *n, const struct ent_seed32 *root)
{
    struct ent_voting *v = NULL;
    struct ent_diag d = {0};
    enum ent_err r = ent_voting_open(&v, &d, n->book, root);
    if (r != ENT_OK)
        printf("# %s\n", d.text);
    assert_ok(r);
    return v;
}

/* The next version with another name. */
static struct ent_buf draft(struct node *n, const char *name)
{
    struct ent_pact *p = calloc(1, sizeof(*p));
    struct ent_buf b;
    assert_non_null(p);
    ent_buf_init(&b, ENT_PACT_MAX);
    ent_pact_next(p, n->home->pact);
    assert_ok(ent_next_name(p, NULL, name));
    assert_ok(ent_pact_encode(&b, p));
    free(p);
    return b;
}

/* How many votes it cast with that. */
static unsigned proposes(struct node *n, const char *name)
{
    struct ent_voting *v = opened(n, &n->root);
    struct ent_buf text = draft(n, name);
    struct ent_diag d = {0};
    enum ent_err r = ent_voting_propose(v, &d, ent_buf_slice(&text));
    if (r != ENT_OK)
        printf("# %s\n", d.text);
    assert_ok(r);
    unsigned cast = ent_voting_cast(v);
    ent_voting_close(v);
    ent_buf_release(&text);
    return cast;
}

/* The latest proposal of a text with this name. */
static size_t find(const struct ent_voting *v, const char *name)
{
    size_t ret = SIZE_MAX;
    for (size_t i = 0; i < ent_voting_proposals(v); i++) {
        const struct ent_proposal *p = ent_voting_proposal(v, i);
        if (strcmp(p->pact->name, name) == 0 &&
            (ret == SIZE_MAX || p->round > ent_voting_proposal(v, ret)->round))
            ret = i;
    }
    if (ret == SIZE_MAX)
        fail_msg("no proposal %s", name);
    return ret;
}

/* For this text: the next step, if there is one, and the decision, if that was the last. */
static unsigned approves(struct node *n, const char *name)
{
    struct ent_voting *v = opened(n, &n->root);
    struct ent_diag d = {0};
    assert_ok(ent_voting_approve(v, NULL, find(v, name)));
    unsigned cast = ent_voting_cast(v);
    enum ent_err r = ent_voting_conclude(v, &d);
    if (r != ENT_OK && r != ENT_E_NOTFOUND)
        printf("# %s\n", d.text);
    assert_true(r == ENT_OK || r == ENT_E_NOTFOUND);
    ent_voting_close(v);
    return cast;
}

/* The same of all who are on and do not have the next version yet, so often as it takes: a prevote,
 * a precommit, and a look at those of the others. */
static void all_approve(const char *name)
{
    for (int step = 0; step < 3; step++) {
        for (size_t i = 0; i < 4; i++)
            if (!all[i]->off && strcmp(all[i]->home->pact->name, name) != 0)
                (void)approves(all[i], name);
        mesh_visit(&mesh, 1);
    }
}

static unsigned goes_on(struct node *n)
{
    struct ent_voting *v = opened(n, &n->root);
    assert_ok(ent_voting_go_on(v, NULL));
    unsigned cast = ent_voting_cast(v);
    ent_voting_close(v);
    return cast;
}

static uint32_t round_of(struct node *n)
{
    struct ent_voting *v = opened(n, &n->root);
    struct ent_ballot_now now;
    ent_ballot_now(ent_voting_ballot(v), &now);
    assert_int_equal(ent_voting_cast(v), 0); /* opening says nothing */
    ent_voting_close(v);
    return now.round;
}

static struct ent_slice text_of(const struct node *n, uint64_t version)
{
    static struct ent_note note;
    assert_ok(ent_note_parse_up_to(&note, ent_chain_version(&n->home->chain, version), ENT_PACT_MAX,
                                   NULL));
    return note.text;
}

/* These have the same version of that name, to the byte. */
static void agreed(struct node *const *node, size_t n, uint64_t version, const char *name)
{
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(node[i]->home->pact->version, version);
        assert_string_equal(node[i]->home->pact->name, name);
        assert_true(ent_slice_eq(text_of(node[0], version), text_of(node[i], version)));
        assert_memory_equal(node[i]->home->roster.version[version - 1].b,
                            node[0]->home->pact->hash.b, 32);
        assert_int_equal(ent_news_count(node[i]->book), 0); /* what was said of it is history */
    }
}

/* How many statements of this kind stand in its log. */
static unsigned said(struct node *n, enum ent_statement_type type)
{
    struct ent_statement st;
    struct ent_buf b;
    unsigned ret = 0;
    ent_buf_init(&b, ENT_ENTRY_MAX);
    for (uint64_t i = 0; i < ent_log_size(ent_book_log(n->book)); i++) {
        ent_buf_clear(&b);
        assert_ok(ent_tree_entry(ent_log_tree(ent_book_log(n->book)), &b, NULL, i));
        assert_ok(ent_statement_claims(&st, ent_buf_slice(&b), NULL));
        ret += st.type == type;
    }
    ent_buf_release(&b);
    return ret;
}

static void nobody_is_exposed(void)
{
    for (size_t i = 0; i < mesh.n; i++)
        for (size_t k = 0; k < mesh.n; k++) {
            struct ent_verdict_on on = {.exposed = true};
            assert_ok(ent_view_verdict(ent_book_view(mesh.node[i]->book), &on,
                                       mesh.node[k]->home->self.name, ent_clock_now()));
            assert_false(on.exposed);
        }
}

/* --- one text -----------------------------------------------------------------------------------
 */

static void test_a_decision(void **state)
{
    (void)state;
    assert_int_equal(proposes(&alice, "ours"), 1); /* and is for it */
    assert_int_equal(approves(&alice, "ours"), 0);
    mesh_visit(&mesh, 1);
    assert_int_equal(approves(&bob, "ours"), 1);
    mesh_visit(&mesh, 1);
    assert_int_equal(approves(&carol, "ours"), 2); /* the third: enough to precommit */
    mesh_visit(&mesh, 1);
    assert_int_equal(approves(&alice, "ours"), 1);
    assert_int_equal(alice.home->pact->version, 1);
    mesh_visit(&mesh, 1);
    assert_int_equal(approves(&bob, "ours"), 1);
    assert_int_equal(bob.home->pact->version, 2); /* the third precommit decides */
    mesh_visit(&mesh, 2);
    agreed(all, 4, 2, "ours"); /* also those who have only heard of it */
    assert_int_equal(said(&alice, ENT_ST_PROPOSE), 1);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(said(all[i], ENT_ST_PREVOTE), i < 3);
        assert_int_equal(said(all[i], ENT_ST_PRECOMMIT), i < 3);
    }
    nobody_is_exposed();
    assert_int_equal(proposes(&dave, "once more"), 1); /* and on */
    mesh_visit(&mesh, 1);
    all_approve("once more");
    agreed(all, 4, 3, "once more");
    nobody_is_exposed();
}

/* Three of four are enough, and the fourth takes what they decided when it comes back. */
static void test_one_is_off(void **state)
{
    (void)state;
    dave.off = true;
    (void)proposes(&alice, "ours");
    mesh_visit(&mesh, 1);
    all_approve("ours");
    agreed(all, 3, 2, "ours");
    assert_int_equal(dave.home->pact->version, 1);
    dave.off = false;
    mesh_visit(&mesh, 1);
    agreed(all, 4, 2, "ours");
    assert_int_equal(ent_log_size(ent_book_log(dave.book)), 0);
}

/* Two of four are not, however often they try. */
static void test_two_are_off(void **state)
{
    (void)state;
    carol.off = dave.off = true;
    (void)proposes(&alice, "ours");
    mesh_visit(&mesh, 1);
    assert_int_equal(approves(&bob, "ours"), 1);
    for (int i = 0; i < 3; i++) {
        mesh_visit(&mesh, 1);
        assert_int_equal(approves(&alice, "ours"), 0);
        assert_int_equal(approves(&bob, "ours"), 0);
    }
    assert_int_equal(alice.home->pact->version, 1);
    assert_int_equal(said(&alice, ENT_ST_PRECOMMIT), 0);
    carol.off = false; /* and then they can */
    mesh_visit(&mesh, 1);
    assert_int_equal(approves(&carol, "ours"), 2);
    mesh_visit(&mesh, 1);
    all_approve("ours");
    agreed(all, 3, 2, "ours");
}

/* --- two texts ----------------------------------------------------------------------------------
 */

static void test_two_proposals(void **state)
{
    (void)state;
    assert_int_equal(proposes(&alice, "hers"), 1);
    assert_int_equal(proposes(&bob, "his"), 1);
    mesh_visit(&mesh, 1);
    assert_int_equal(approves(&carol, "hers"), 1);
    assert_int_equal(approves(&dave, "his"), 1);
    assert_int_equal(approves(&carol, "his"), 0); /* never a second one of a kind in a round */
    assert_int_equal(approves(&alice, "his"), 0);
    assert_int_equal(approves(&alice, "hers"), 0);
    mesh_visit(&mesh, 1);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(said(all[i], ENT_ST_PREVOTE), 1);
        assert_int_equal(said(all[i], ENT_ST_PRECOMMIT), 0);
        assert_int_equal(round_of(all[i]), 0);
        assert_int_equal(goes_on(all[i]), 1); /* a precommit for none */
    }
    mesh_visit(&mesh, 1);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(goes_on(all[i]), 0); /* into the next round, for good */
        assert_int_equal(round_of(all[i]), 1);
    }
    assert_int_equal(proposes(&alice, "hers"), 1); /* the same text once more */
    mesh_visit(&mesh, 1);
    all_approve("hers");
    agreed(all, 4, 2, "hers");
    assert_int_equal(alice.home->pact->round, 1);
    nobody_is_exposed();
}

/* --- starting again -----------------------------------------------------------------------------
 */

static void again(struct node *n)
{
    char dir[ENT_PATH_MAX];
    (void)snprintf(dir, sizeof(dir), "%s", n->home->dir);
    node_reopen(n, dir);
    for (size_t i = 0; i < 4; i++)
        if (all[i] != n)
            node_greet(n, all[i]->home->self.name);
}

static void test_starting_again_in_the_middle(void **state)
{
    (void)state;
    (void)proposes(&alice, "hers");
    (void)proposes(&dave, "other");
    mesh_visit(&mesh, 1);
    (void)approves(&bob, "hers");
    again(&bob);
    assert_int_equal(approves(&bob, "hers"), 0);
    assert_int_equal(approves(&bob, "other"), 0);
    again(&alice);
    assert_int_equal(approves(&alice, "other"), 0);
    mesh_visit(&mesh, 1);
    assert_int_equal(approves(&carol, "hers"), 2);
    again(&carol);
    assert_int_equal(approves(&carol, "other"), 0);
    mesh_visit(&mesh, 1);
    for (size_t i = 0; i < 2; i++) {
        again(all[i]);
        assert_int_equal(approves(all[i], "hers"), 1);
        mesh_visit(&mesh, 1);
    }
    mesh_visit(&mesh, 1);
    agreed(all, 4, 2, "hers");
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(said(all[i], ENT_ST_PREVOTE), 1);
        assert_int_equal(said(all[i], ENT_ST_PRECOMMIT), 1);
    }
    nobody_is_exposed();
}

/* What a vote binds to was kept, and the vote did not get into the log: it does so next time, and
 * nothing else does. */
static void test_a_vote_that_was_not_said(void **state)
{
    char dir[ENT_PATH_MAX];
    struct ent_diag d = {0};
    struct ent_voting *v;
    (void)state;
    (void)proposes(&alice, "hers");
    (void)proposes(&dave, "other");
    mesh_visit(&mesh, 1);
    (void)snprintf(dir, sizeof(dir), "%s", bob.home->dir);
    node_reopen(&bob, dir); /* may not speak yet */
    v = opened(&bob, &bob.root);
    assert_err(ent_voting_approve(v, &d, find(v, "hers")), ENT_E_STATE);
    assert_string_equal(d.text,
                        "nobody has said yet what they know of this log: nothing is signed before");
    ent_voting_close(v);
    assert_int_equal(said(&bob, ENT_ST_PREVOTE), 0);
    d = (struct ent_diag){0};
    assert_err(ent_voting_open(&v, &d, bob.book, &bob.root), ENT_E_STATE);
    assert_string_equal(d.text,
                        "nobody has said yet what they know of this log: nothing is signed before");
    for (size_t i = 0; i < 4; i++)
        if (all[i] != &bob)
            node_greet(&bob, all[i]->home->self.name);
    assert_int_equal(approves(&bob, "other"), 0); /* it is bound, and says so now */
    assert_int_equal(said(&bob, ENT_ST_PREVOTE), 1);
    mesh_visit(&mesh, 1);
    assert_int_equal(approves(&carol, "hers"), 2);
}

/* lock/ballot of an old copy: one's own vote, heard from others, binds all the same. */
static void test_a_ballot_that_was_lost(void **state)
{
    char path[ENT_PATH_MAX];
    (void)state;
    (void)proposes(&alice, "hers");
    (void)proposes(&dave, "other");
    mesh_visit(&mesh, 1);
    (void)approves(&bob, "hers");
    assert_ok(ent_home_path(bob.home, path, "lock/ballot"));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(approves(&bob, "other"), 0);
    assert_int_equal(said(&bob, ENT_ST_PREVOTE), 1);
    assert_int_equal(round_of(&bob), 1); /* and no more in this round */
}

/* Whatever bit of it flips, it does not pass for one about another version, or round. */
static void test_a_damaged_ballot(void **state)
{
    char path[ENT_PATH_MAX];
    struct ent_voting *v = NULL;
    struct ent_diag d = {0};
    struct ent_buf b;
    (void)state;
    (void)proposes(&alice, "hers");
    mesh_visit(&mesh, 1);
    (void)approves(&bob, "hers");
    assert_ok(ent_home_path(bob.home, path, "lock/ballot"));
    ent_buf_init(&b, 4096);
    assert_ok(ent_file_read(&b, NULL, path));
    for (size_t i = 0; i < b.n; i++) {
        size_t bit = 8 * i + (size_t)ent_t_below(8);
        b.p[i] ^= (uint8_t)(1u << bit % 8);
        assert_ok(ent_file_write(path, ent_buf_slice(&b), 0600, NULL));
        assert_err(ent_voting_open(&v, &d, bob.book, &bob.root), ENT_E_FORMAT);
        assert_string_equal(d.text, "lock/ballot is damaged");
        b.p[i] ^= (uint8_t)(1u << bit % 8);
    }
    assert_ok(ent_file_write(path, ent_buf_slice(&b), 0600, NULL));
    ent_voting_close(opened(&bob, &bob.root));
    ent_buf_release(&b);
}

/* --- who lies -----------------------------------------------------------------------------------
 */

/* A second prevote, for another text, said like the first. */
static void test_two_votes_of_one_member(void **state)
{
    struct ent_voting *v;
    struct ent_vote_topic topic = {
        .pact = dave.home->pact->id, .prev = dave.home->pact->hash, .version = 2};
    struct ent_vote vote = {.kind = ENT_PREVOTE};
    struct ent_buf body;
    uint64_t index = 0;
    (void)state;
    (void)proposes(&alice, "hers");
    (void)proposes(&bob, "his");
    mesh_visit(&mesh, 1);
    (void)approves(&dave, "hers");
    v = opened(&dave, NULL);
    vote.what = ent_voting_proposal(v, find(v, "his"))->what;
    ent_voting_close(v);
    ent_buf_init(&body, ENT_VOTE_MAX);
    assert_ok(ent_vote_make(&body, &topic, &vote, dave.home->self.name, &dave.root));
    assert_ok(node_say(&dave, NULL, &index, ENT_ST_PREVOTE, ENT_MEDIA_VOTE, ent_buf_slice(&body)));
    assert_ok(ent_news_own(dave.book, NULL, index));
    assert_ok(ent_news_own(dave.book, NULL, index)); /* its node's process was the first */
    mesh_visit(&mesh, 1);
    (void)approves(&carol, "hers");
    struct ent_verdict_on on = {0};
    assert_ok(
        ent_view_verdict(ent_book_view(carol.book), &on, dave.home->self.name, ent_clock_now()));
    assert_true(on.exposed);
    assert_int_equal(on.kind, ENT_MB_VOTE);
    for (size_t i = 0; i < 3; i++) {
        assert_ok(ent_view_verdict(ent_book_view(carol.book), &on, all[i]->home->self.name,
                                   ent_clock_now()));
        assert_false(on.exposed);
    }
    ent_buf_release(&body);
}

/* Votes by whoever has none, under another's name, or by another key. */
static void test_votes_that_do_not_count(void **state)
{
    struct ent_vote_topic topic = {
        .pact = dave.home->pact->id, .prev = dave.home->pact->hash, .version = 2};
    struct ent_vote vote = {.kind = ENT_PREVOTE};
    struct ent_voters who;
    struct ent_voting *v;
    (void)state;
    (void)proposes(&alice, "hers");
    mesh_visit(&mesh, 1);
    v = opened(&dave, NULL);
    vote.what = ent_voting_proposal(v, 0)->what;
    ent_voting_close(v);
    const struct {
        const char *as;
        const struct ent_seed32 *key;
    } wrong[] = {{carol.home->self.name, &dave.root},  /* for carol, by dave */
                 {carol.home->self.name, &carol.root}, /* carol's own, handed on as dave's word */
                 {dave.home->self.name, &dave.author}};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct ent_buf body;
        uint64_t index = 0;
        ent_buf_init(&body, ENT_VOTE_MAX);
        assert_ok(ent_vote_make(&body, &topic, &vote, wrong[i].as, wrong[i].key));
        assert_ok(
            node_say(&dave, NULL, &index, ENT_ST_PREVOTE, ENT_MEDIA_VOTE, ent_buf_slice(&body)));
        assert_ok(ent_news_own(dave.book, NULL, index));
        ent_buf_release(&body);
    }
    mesh_visit(&mesh, 1);
    v = opened(&bob, NULL);
    ent_ballot_who(ent_voting_ballot(v), &who, &vote);
    for (size_t i = 0; i < ent_voting_voters(v); i++)
        assert_int_equal(ent_voters_has(&who, i),
                         strcmp(ent_voting_voter(v, i), alice.home->self.name) == 0);
    ent_voting_close(v);
    assert_int_equal(approves(&bob, "hers"), 1); /* two of four, and not three */
    nobody_is_exposed();
}

/* One member's proposals take no places of others', and its newest are those that count. */
static void test_a_flood_of_proposals(void **state)
{
    struct ent_voting *v;
    unsigned from_dave = 0;
    (void)state;
    for (unsigned i = 0; i < 12; i++) {
        struct ent_buf text, body;
        char name[32];
        uint64_t index = 0;
        (void)snprintf(name, sizeof(name), "flood %u", i);
        text = draft(&dave, name);
        ent_buf_init(&body, ENT_ACT_BODY_MAX);
        assert_ok(ent_buf_printf(&body, "round %u\n", i));
        assert_ok(ent_buf_put_slice(&body, ent_buf_slice(&text)));
        assert_ok(node_say(&dave, NULL, &index, ENT_ST_PROPOSE, ENT_MEDIA_PROPOSAL,
                           ent_buf_slice(&body)));
        assert_ok(ent_news_own(dave.book, NULL, index));
        ent_buf_release(&text);
        ent_buf_release(&body);
    }
    (void)proposes(&alice, "hers");
    mesh_visit(&mesh, 1);
    v = opened(&bob, &bob.root);
    assert_int_equal(ent_voting_proposals(v), ENT_PROPOSALS_EACH + 1);
    for (size_t i = 0; i < ent_voting_proposals(v); i++)
        if (strcmp(ent_voting_proposal(v, i)->by, dave.home->self.name) == 0) {
            assert_true(ent_voting_proposal(v, i)->round >= 12 - ENT_PROPOSALS_EACH);
            from_dave++;
        }
    assert_int_equal(from_dave, ENT_PROPOSALS_EACH);
    (void)find(v, "hers");
    ent_voting_close(v);
}

/* --- what may not be proposed --------------------------------------------------------------------
 */

static void refused(struct node *n, struct ent_slice text, enum ent_err err, const char *why)
{
    struct ent_voting *v = opened(n, &n->root);
    struct ent_diag d = {0};
    uint64_t size = ent_log_size(ent_book_log(n->book));
    assert_err(ent_voting_propose(v, &d, text), err);
    assert_string_equal(d.text, why);
    assert_int_equal(ent_voting_cast(v), 0);
    assert_int_equal(ent_log_size(ent_book_log(n->book)), size); /* nothing was said */
    ent_voting_close(v);
}

static void test_texts_that_cannot_be(void **state)
{
    struct ent_pact *p = calloc(1, sizeof(*p));
    struct ent_buf same, later, cut;
    (void)state;
    assert_non_null(p);
    ent_buf_init(&same, ENT_PACT_MAX);
    ent_buf_init(&later, ENT_PACT_MAX);
    ent_pact_next(p, alice.home->pact);
    assert_ok(ent_pact_encode(&same, p));
    refused(&alice, ent_buf_slice(&same), ENT_E_POLICY, "a version that changes nothing");
    assert_ok(ent_next_name(p, NULL, "much later"));
    p->version++;
    assert_ok(ent_pact_encode(&later, p));
    refused(&alice, ent_buf_slice(&later), ENT_E_POLICY,
            "pact version does not follow the one before it");
    cut = draft(&alice, "cut");
    refused(&alice, ent_slice(cut.p, cut.n - 1), ENT_E_POLICY, "malformed pact");
    refused(&alice, ENT_SLICE_LIT(""), ENT_E_POLICY, "malformed pact");
    ent_buf_release(&same);
    ent_buf_release(&later);
    ent_buf_release(&cut);
    free(p);
}

static void test_who_may_not_vote(void **state)
{
    struct ent_voting *v = NULL;
    struct ent_diag d = {0};
    struct ent_buf text = draft(&alice, "ours");
    (void)state;
    assert_err(ent_voting_open(&v, &d, alice.book, &alice.author), ENT_E_POLICY);
    assert_string_equal(d.text, "this member's root key has no vote");
    assert_err(ent_voting_open(&v, &d, alice.book, &bob.root), ENT_E_POLICY);
    assert_string_equal(d.text, "this member's root key has no vote");
    assert_null(v);
    v = opened(&alice, NULL);
    assert_err(ent_voting_propose(v, &d, ent_buf_slice(&text)), ENT_E_STATE);
    assert_string_equal(d.text, "opened to look on");
    assert_err(ent_voting_go_on(v, &d), ENT_E_STATE);
    assert_err(ent_voting_conclude(v, &d), ENT_E_NOTFOUND);
    ent_voting_close(v);
    assert_int_equal(ent_log_size(ent_book_log(alice.book)), 0);
    ent_buf_release(&text);
}

/* --- members ------------------------------------------------------------------------------------
 */

/* Who is voted in is known at once to those who decided it, and takes the pact with all its
 * versions. */
static void test_somebody_joins(void **state)
{
    struct ent_pact *p = calloc(1, sizeof(*p));
    struct node erin;
    struct ent_buf text;
    struct ent_voting *v;
    char name[32];
    (void)state;
    assert_non_null(p);
    (void)snprintf(name, sizeof(name), "erin-%u", homes);
    node_make(&erin, name);
    ent_buf_init(&text, ENT_PACT_MAX);
    ent_pact_next(p, alice.home->pact);
    assert_ok(ent_next_put(p, NULL, &erin.home->self));
    assert_ok(ent_pact_encode(&text, p));
    v = opened(&alice, &alice.root);
    assert_ok(ent_voting_propose(v, NULL, ent_buf_slice(&text)));
    ent_voting_close(v);
    mesh_visit(&mesh, 1);
    for (size_t i = 1; i < 4; i++) {
        v = opened(all[i], &all[i]->root);
        assert_ok(ent_voting_approve(v, NULL, 0));
        ent_voting_close(v);
        mesh_visit(&mesh, 1);
    }
    for (size_t i = 0; i < 4 && all[i]->home->pact->version == 1; i++) {
        v = opened(all[i], &all[i]->root);
        assert_ok(ent_voting_approve(v, NULL, 0));
        (void)!ent_voting_conclude(v, NULL);
        ent_voting_close(v);
        mesh_visit(&mesh, 1);
    }
    agreed(all, 4, 2, "Election defence");
    assert_ok(ent_home_join(erin.home, NULL, NULL, ent_chain_file(&bob.home->chain)));
    erin.mesh = &mesh;
    mesh.node[mesh.n++] = &erin;
    node_open(&erin);
    mesh_meet(&mesh);
    mesh_visit(&mesh, 1);
    assert_ok(node_say(&erin, NULL, NULL, ENT_ST_REPORT, "text/plain", ENT_SLICE_LIT("hello")));
    mesh_visit(&mesh, 1);
    for (size_t i = 0; i < 4; i++) { /* in the views that were open all the time */
        struct ent_view_log log;
        assert_ok(ent_view_log(ent_book_view(all[i]->book), &log, name, 0));
        assert_int_equal(log.mirrored, 1);
    }
    mesh.n--;
    node_free(&erin);
    ent_buf_release(&text);
    free(p);
}

/* Who was voted out may say what it likes: nothing of it is proposed. */
static void test_somebody_was_removed(void **state)
{
    struct ent_pact *p = calloc(1, sizeof(*p));
    struct ent_buf text, body;
    uint64_t index = 0;
    struct ent_voting *v;
    (void)state;
    assert_non_null(p);
    ent_buf_init(&text, ENT_PACT_MAX);
    ent_buf_init(&body, ENT_ACT_BODY_MAX);
    ent_pact_next(p, alice.home->pact);
    assert_ok(ent_next_remove(p, NULL, dave.home->self.name));
    assert_ok(ent_pact_encode(&text, p));
    size_t text_n = text.n;
    for (size_t i = 0; i < 3; i++)
        assert_ok(ent_pact_sign(&text, text_n, p, 0, all[i]->home->self.name, &all[i]->root));
    for (size_t i = 0; i < 4; i++) /* also by dave himself */
        assert_ok(ent_news_take_version(all[i]->book, NULL, ent_buf_slice(&text)));
    struct ent_buf wish = draft(&dave, "his again");
    assert_ok(ent_buf_printf(&body, "round 0\n"));
    assert_ok(ent_buf_put_slice(&body, ent_buf_slice(&wish)));
    assert_ok(
        node_say(&dave, NULL, &index, ENT_ST_PROPOSE, ENT_MEDIA_PROPOSAL, ent_buf_slice(&body)));
    ent_buf_release(&body);
    ent_buf_init(&body, ENT_DELIVERY_MAX);
    assert_ok(ent_book_deliver(dave.book, &body, NULL, index));
    assert_false(node_allows(&alice, &dave.spki));
    (void)!ent_news_take(alice.book, NULL, ent_buf_slice(&body)); /* somebody handed it on */
    v = opened(&alice, &alice.root);
    assert_int_equal(ent_voting_proposals(v), 0);
    ent_voting_close(v);
    struct ent_diag d = {0};
    assert_err(ent_voting_open(&v, &d, dave.book, &dave.root), ENT_E_POLICY);
    assert_string_equal(d.text, "this member's root key has no vote");
    ent_buf_release(&wish);
    ent_buf_release(&text);
    ent_buf_release(&body);
    free(p);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, found, end)
    const struct CMUnitTest tests[] = {
        TEST(test_a_decision),
        TEST(test_one_is_off),
        TEST(test_two_are_off),
        TEST(test_two_proposals),
        TEST(test_starting_again_in_the_middle),
        TEST(test_a_vote_that_was_not_said),
        TEST(test_a_ballot_that_was_lost),
        TEST(test_a_damaged_ballot),
        TEST(test_two_votes_of_one_member),
        TEST(test_votes_that_do_not_count),
        TEST(test_a_flood_of_proposals),
        TEST(test_texts_that_cannot_be),
        TEST(test_who_may_not_vote),
        TEST(test_somebody_joins),
        TEST(test_somebody_was_removed),
    };
    return ent_t_run("voting", tests);
}
