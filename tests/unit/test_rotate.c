/*
 * test_rotate.c: new keys of a member: what a draft of them says, how far the own log goes while it
 * is voted on, which key signs at which place, and that whatever was said before and after holds.
 */
#include "tests/support/nodes.h"

#include <unistd.h>

static struct node alice, bob, carol;
static struct node *const all[] = {&alice, &bob, &carol};
static struct mesh mesh;
static unsigned homes;

static int found(void **state)
{
    static const char *const names[] = {"alice", "bob", "carol"};
    (void)state;
    homes++;
    for (size_t i = 0; i < 3; i++) {
        char name[32];
        (void)snprintf(name, sizeof(name), "%s-%u", names[i], homes);
        node_make(all[i], name);
    }
    mesh_found(&mesh, all, 3, NULL);
    mesh_meet(&mesh);
    return 0;
}

static int end(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++)
        node_free(all[i]);
    return 0;
}

static const char *name_of(const struct node *n)
{
    return n->home->self.name;
}

static uint64_t size_of(struct node *n)
{
    return ent_log_size(ent_book_log(n->book));
}

static enum ent_err say(struct node *n, struct ent_diag *d)
{
    return node_say(n, d, NULL, ENT_ST_REPORT, "text/plain", ENT_SLICE_LIT("hello"));
}

static void say_times(struct node *n, unsigned times)
{
    for (unsigned i = 0; i < times; i++)
        assert_ok(say(n, NULL));
}

static void refuses(struct node *n, const char *why)
{
    struct ent_diag d = {0};
    uint64_t before = size_of(n);
    assert_err(say(n, &d), ENT_E_STATE);
    assert_string_equal(d.text, why);
    assert_err(ent_book_may_say(n->book, &d), ENT_E_STATE);
    assert_string_equal(d.text, why);
    assert_int_equal(size_of(n), before);
}

static void votes(struct node *n, unsigned times)
{
    struct ent_voting *v = NULL;
    struct ent_diag d = {0};
    assert_ok(ent_voting_open(&v, &d, n->book, &n->root));
    for (unsigned i = 0; i < times; i++)
        assert_ok(ent_voting_go_on(v, &d));
    ent_voting_close(v);
}

static const char voted_on[] =
    "new keys of this member are voted on, and its log may end here: until "
    "that is decided nothing but votes is said (`entente pact status`)";

static struct ent_pact *draft(struct node *from)
{
    struct ent_pact *p = calloc(1, sizeof(*p));
    assert_non_null(p);
    ent_pact_next(p, from->home->pact);
    return p;
}

static struct ent_pact *rotated(struct node *n, struct ent_rotation r)
{
    struct ent_pact *p = draft(n);
    struct ent_diag d = {0};
    enum ent_err e = ent_rotate(n->book, p, &d, &r);
    if (e != ENT_OK)
        printf("# %s\n", d.text);
    assert_ok(e);
    return p;
}

/* All three decide it, and all have it. A new root key of one of them votes as well, or NULL. */
static void decide(struct ent_pact *p, struct node *by, const struct ent_seed32 *root)
{
    struct ent_buf b;
    ent_buf_init(&b, ENT_PACT_MAX);
    assert_ok(ent_pact_encode(&b, p));
    size_t text_n = b.n;
    for (size_t i = 0; i < 3; i++)
        assert_ok(ent_pact_sign(&b, text_n, p, 0, name_of(all[i]), &all[i]->root));
    if (root != NULL)
        assert_ok(ent_pact_sign(&b, text_n, p, 0, name_of(by), root));
    for (size_t i = 0; i < 3; i++)
        assert_ok(ent_news_take_version(all[i]->book, NULL, ent_buf_slice(&b)));
    ent_buf_release(&b);
    free(p);
}

/* As a program that starts: with the keys of now. */
static void start_again(struct node *n)
{
    char dir[ENT_PATH_MAX];
    memcpy(dir, n->home->dir, sizeof(dir));
    node_reopen(n, dir);
    for (size_t i = 0; i < 3; i++)
        if (all[i] != n)
            node_greet(n, name_of(all[i]));
}

/* By what home knows, which it frees. */
static void audits_as(struct ent_home *home, const char *member, unsigned logs, uint64_t entries)
{
    struct ent_pool *pool = NULL;
    struct ent_audit got;
    struct ent_diag d = {0};
    assert_ok(ent_pool_new(&pool, 1));
    const struct ent_audit_opts opts = {.home = home, .member = member, .pool = pool};
    enum ent_err r = ent_audit(&got, &d, &opts);
    ent_home_free(home);
    if (r != ENT_OK)
        printf("# %s: %s\n", got.flaw.file, d.text);
    assert_ok(r);
    assert_int_equal(got.logs, logs);
    assert_int_equal(got.entries, entries);
    ent_pool_free(pool);
}

static void audits(struct node *by, const char *member, unsigned logs, uint64_t entries)
{
    audits_as(node_look(by), member, logs, entries);
}

static void gone(struct node *n, const char *name)
{
    char path[ENT_PATH_MAX];
    assert_ok(ent_home_path(n->home, path, name));
    assert_int_equal(unlink(path), 0);
}

/* --- the author key -----------------------------------------------------------------------------
 */

static void test_author(void **state)
{
    const struct ent_rotation author = {.author = true, .from = ENT_INDEX_NONE};
    (void)state;
    say_times(&alice, 3);
    struct ent_pact *p = rotated(&alice, author), *again = rotated(&alice, author);
    const struct ent_member *m = ent_pact_member(p, name_of(&alice));
    assert_int_equal(m->authors, 2);
    assert_int_equal(m->author[1].from, 3 + ENT_ROTATE_AHEAD);
    assert_memory_equal(m, ent_pact_member(again, name_of(&alice)), sizeof(*m));
    free(again);
    say_times(&alice, 2);
    decide(p, NULL, NULL);
    say_times(&alice, 1); /* by a process that has the old key alone, whose place it is still */
    assert_int_equal(size_of(&alice), 6);
    start_again(&alice);
    assert_int_equal(alice.keys.authors, 2);
    assert_ok(ent_book_settle(alice.book, NULL));
    assert_int_equal(size_of(&alice), 3 + ENT_ROTATE_AHEAD);
    assert_ok(ent_book_settle(alice.book, NULL)); /* and that was all */
    assert_int_equal(size_of(&alice), 3 + ENT_ROTATE_AHEAD);
    assert_null(ent_home_author_before(alice.home));
    gone(&alice, "keys/author");
    start_again(&alice);
    assert_int_equal(alice.keys.authors, 1);
    say_times(&alice, 2);
    audits(&alice, NULL, 1, 5 + ENT_ROTATE_AHEAD);
    node_pull(&bob, name_of(&alice));
    audits(&bob, name_of(&alice), 1, 5 + ENT_ROTATE_AHEAD);
}

/* What comes first says the rest of the old key by itself; without the old key nothing is said. */
static void test_author_by_the_way(void **state)
{
    const struct ent_rotation author = {.author = true, .from = 128};
    (void)state;
    decide(rotated(&alice, author), NULL, NULL);
    char path[ENT_PATH_MAX], kept[ENT_PATH_MAX];
    assert_ok(ent_home_path(alice.home, path, "keys/author"));
    assert_ok(ent_home_path(alice.home, kept, "kept"));
    assert_int_equal(rename(path, kept), 0);
    start_again(&alice);
    refuses(&alice,
            "the pact wants another author key for what comes next than was unlocked: start "
            "again, with the file of that key in keys/");
    assert_int_equal(rename(kept, path), 0);
    start_again(&alice);
    say_times(&alice, 1);
    assert_int_equal(size_of(&alice), 129);
    audits(&alice, NULL, 1, 129);
}

static void test_how_far_an_author_goes(void **state)
{
    const struct ent_rotation author = {.author = true, .from = 128};
    (void)state;
    struct ent_pact *p = rotated(&alice, author);
    say_times(&alice, 64);
    refuses(&alice, voted_on);
    votes(&alice, 1);
    start_again(&alice);
    refuses(&alice, voted_on); /* as before */
    free(p);
    p = draft(&alice);
    assert_ok(ent_next_name(p, NULL, "something else"));
    decide(p, NULL, NULL);
    say_times(&alice, 2); /* decided otherwise */
    audits(&alice, NULL, 1, 67);
}

/* --- the node -----------------------------------------------------------------------------------
 */

static void test_node(void **state)
{
    const struct ent_rotation node = {.node = true, .from = ENT_INDEX_NONE};
    struct ent_diag d = {0};
    (void)state;
    say_times(&alice, 3);
    node_submit(&alice, name_of(&bob));
    struct ent_pact *p = rotated(&alice, node);
    refuses(&alice, voted_on);
    votes(&alice, 2);
    assert_int_equal(size_of(&alice), 5);
    node_pull(&bob, name_of(&alice)); /* has all five, of which three are the log */
    decide(p, NULL, NULL);
    assert_int_equal(ent_book_generation(alice.book), 2);
    assert_int_equal(size_of(&alice), 0);
    refuses(&alice,
            "the pact has a new log of this member, by another key than was unlocked: start "
            "again");
    start_again(&alice);
    gone(&alice, "keys/node");
    gone(&alice, "keys/author");
    start_again(&alice);
    say_times(&alice, 2);
    audits(&alice, NULL, 2, 5);
    node_pull(&bob, name_of(&alice));
    node_pull(&carol, name_of(&alice)); /* which had nothing of the old one: from alice */
    audits(&bob, name_of(&alice), 2, 5);
    audits(&carol, name_of(&alice), 2, 5);
    /* What bob has of the votes is nobody's fault. */
    struct ent_verdict_on on;
    assert_ok(ent_view_verdict(ent_book_view(bob.book), &on, name_of(&alice), ent_clock_now()));
    assert_false(on.exposed);
    struct ent_buf b;
    struct ent_delivery *del = malloc(sizeof(*del));
    assert_non_null(del);
    ent_buf_init(&b, ENT_DELIVERY_MAX);
    assert_ok(ent_book_deliver(alice.book, &b, NULL, 0));
    assert_ok(ent_book_receive(bob.book, del, &d, ent_buf_slice(&b)));
    assert_int_equal(del->act.st.sequence, 4);
    assert_int_equal(del->says.generation, 2);
    ent_buf_release(&b);
    free(del);
}

/* The pact goes on between the moment when a home is opened and the one when its files are read:
 * what lies there then is by keys that only the newer pact knows. */
static void test_audited_meanwhile(void **state)
{
    const struct ent_rotation node = {.node = true, .from = ENT_INDEX_NONE};
    (void)state;
    say_times(&alice, 3);
    struct ent_home *own = node_look(&alice), *others = node_look(&bob);
    decide(rotated(&alice, node), NULL, NULL);
    start_again(&alice);
    votes(&alice, 2);
    node_pull(&bob, name_of(&alice));
    assert_true(ent_news_count(alice.book) > 0);
    audits_as(own, NULL, 2, 5);
    audits_as(others, name_of(&alice), 1, 3); /* of the log that this one knows nothing is wrong */
}

/* After a theft: the log ends before what the thief said. */
static void test_node_from(void **state)
{
    const struct ent_rotation node = {.node = true, .root = true, .from = 2};
    struct ent_seed32 root;
    struct ent_pubkey pk;
    (void)state;
    say_times(&alice, 5);
    node_pull(&bob, name_of(&alice));
    struct ent_pact *p = rotated(&alice, node);
    assert_ok(ent_home_prepared(alice.home, &pk, NULL, ENT_KEY_ROOT));
    assert_ok(ent_home_key_of(alice.home, &root, NULL, ENT_KEY_ROOT, &pk, ent_slice(NULL, 0)));
    decide(p, &alice, &root);
    gone(&alice, "keys/root");
    gone(&alice, "keys/author");
    gone(&alice, "keys/node");
    start_again(&alice);
    say_times(&alice, 1);
    audits(&alice, NULL, 2, 3);
    node_pull(&bob, name_of(&alice));
    audits(&bob, name_of(&alice), 2, 3);
}

static void test_places_that_cannot_be(void **state)
{
    static const struct {
        struct ent_rotation r;
        const char *why;
    } bad[] = {
        {{.author = true, .from = 127},
         "a new author key begins at least 128 entries behind the last one, since votes for it are "
         "entries; for one that was stolen: --rotate node --from N"},
        {{.node = true, .from = 9}, "--from is behind the end of the log"},
    };
    (void)state;
    say_times(&alice, 1);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct ent_rotation r = bad[i].r;
        struct ent_pact *p = draft(&alice);
        struct ent_diag d = {0};
        assert_err(ent_rotate(alice.book, p, &d, &r), ENT_E_POLICY);
        assert_string_equal(d.text, bad[i].why);
        free(p);
        say_times(&alice, 1); /* and nothing stops */
    }
}

/* --- texts of others ----------------------------------------------------------------------------
 */

static void does_not_bind(struct ent_pact *p, const char *why)
{
    struct ent_diag d = {0};
    assert_err(ent_book_bind(alice.book, &d, p), ENT_E_POLICY);
    assert_string_equal(d.text, why);
    free(p);
    say_times(&alice, 1);
}

static void test_what_is_not_voted_for(void **state)
{
    struct ent_hash32 root = {{1}};
    (void)state;
    say_times(&alice, 3);
    struct ent_pact *p = draft(&bob);
    assert_ok(ent_next_close_log(p, NULL, name_of(&alice), 2, &root));
    does_not_bind(p, "this text closes our log at a head that is none of ours");
    p = draft(&bob);
    assert_ok(ent_next_close_log(p, NULL, name_of(&alice), 99, &root));
    does_not_bind(p, "this text closes our log at a head that is none of ours");
    p = draft(&bob);
    assert_ok(ent_next_close_author(p, NULL, name_of(&alice), 2));
    does_not_bind(p, "this text ends our author key before the place of our vote for it");
    p = draft(&bob);
    assert_ok(ent_tree_root(ent_log_tree(ent_book_log(alice.book)), &root, 2));
    assert_ok(ent_next_close_log(p, NULL, name_of(&alice), 2, &root));
    does_not_bind(p, "this text closes our log below our vote for it and keeps our author key: its "
                     "numbers would be said twice");
    p = draft(&bob); /* about somebody else, or nothing of the kind */
    assert_ok(ent_next_close_author(p, NULL, name_of(&carol), 0));
    assert_ok(ent_book_bind(alice.book, NULL, p));
    say_times(&alice, 1);
    free(p);
}

static void test_for_somebody_else(void **state)
{
    struct ent_diag d = {0};
    (void)state;
    say_times(&alice, 4);
    node_pull(&bob, name_of(&alice));
    struct ent_pact *p = draft(&bob);
    assert_err(ent_close_for(bob.book, p, &d, name_of(&alice), 5), ENT_E_NOTFOUND);
    assert_string_equal(d.text, "so many entries of this member's log are not here");
    assert_err(ent_close_for(bob.book, p, &d, "nobody", 0), ENT_E_NOTFOUND);
    assert_ok(ent_close_for(bob.book, p, &d, name_of(&alice), 3));
    decide(p, NULL, NULL);
    refuses(&alice, "the pact has closed this log, or has no author key of this member for what "
                    "comes next: others have to vote in a new card");
    const struct ent_rotation node = {.node = true, .from = ENT_INDEX_NONE};
    p = rotated(&alice, node); /* for its card */
    struct ent_member card = *ent_pact_member(p, name_of(&alice));
    free(p);
    p = draft(&bob);
    assert_ok(ent_next_put(p, NULL, &card));
    decide(p, NULL, NULL);
    start_again(&alice);
    say_times(&alice, 1);
    audits(&alice, NULL, 2, 4);
}

static void put_boundary(const char *path, const char *text, bool check)
{
    struct ent_buf b;
    ent_buf_init(&b, 1024);
    assert_ok(ent_buf_puts(&b, text));
    if (check)
        assert_ok(ent_check_add(&b));
    assert_ok(ent_file_write(path, ent_buf_slice(&b), 0600, NULL));
    ent_buf_release(&b);
}

static void test_a_damaged_boundary(void **state)
{
    static const char *const bad[] = {"", "entente/boundary@v1\n", "entente/boundary@v1\nversion 2",
                                      "entente/boundary@v1\nversion 2\nclose x\n",
                                      "entente/boundary@v1\nversion 2\nclose 1\nuntil 2\n"};
    static const char good[] = "entente/boundary@v1\nversion 2\nclose 1\n";
    char path[ENT_PATH_MAX];
    (void)state;
    say_times(&alice, 1);
    assert_ok(ent_home_path(alice.home, path, "lock/boundary"));
    for (size_t i = 0; i <= sizeof(bad) / sizeof(bad[0]); i++) {
        struct ent_diag d = {0};
        bool whole = i < sizeof(bad) / sizeof(bad[0]);
        put_boundary(path, whole ? bad[i] : good, whole);
        assert_err(say(&alice, &d), ENT_E_FORMAT);
        assert_string_equal(d.text, "cannot read lock/boundary, how far the own log may go");
    }
    put_boundary(path, good, true);
    refuses(&alice, voted_on);
    assert_int_equal(unlink(path), 0);
    say_times(&alice, 1);
}

/* --- the root key -------------------------------------------------------------------------------
 */

/* Both keys of one member vote, each bound by itself. */
static void test_root(void **state)
{
    const struct ent_rotation r = {.root = true, .from = ENT_INDEX_NONE};
    struct ent_seed32 next;
    struct ent_voting *v = NULL;
    struct ent_diag d = {0};
    struct ent_buf text;
    (void)state;
    struct ent_pact *p = rotated(&alice, r);
    ent_buf_init(&text, ENT_PACT_MAX);
    assert_ok(ent_pact_encode(&text, p));
    assert_ok(ent_home_prepare(alice.home, &next, NULL, ENT_KEY_ROOT, NULL));
    assert_err(ent_voting_open(&v, &d, alice.book, &next), ENT_E_POLICY); /* nobody proposed it */
    assert_ok(ent_voting_open(&v, &d, alice.book, &alice.root));
    assert_ok(ent_voting_propose(v, &d, ent_buf_slice(&text)));
    ent_voting_close(v);
    assert_ok(ent_voting_open(&v, &d, alice.book, &next));
    assert_ok(ent_voting_approve(v, &d, 0));
    assert_int_equal(ent_voting_cast(v), 1);
    ent_voting_close(v);
    assert_ok(ent_voting_open(&v, &d, alice.book, &next)); /* once */
    assert_ok(ent_voting_approve(v, &d, 0));
    assert_int_equal(ent_voting_cast(v), 0);
    ent_voting_close(v);
    for (int i = 0; i < 4; i++) {
        mesh_visit(&mesh, 2);
        struct node *n = i == 0 ? &bob : i == 1 ? &carol : i == 2 ? &bob : &alice;
        if (n->home->pact->version > 1)
            continue;
        assert_ok(ent_voting_open(&v, &d, n->book, &n->root));
        assert_ok(ent_voting_approve(v, &d, 0));
        ent_voting_close(v);
    }
    assert_ok(ent_voting_open(&v, &d, alice.book, &alice.root));
    assert_err(ent_voting_conclude(v, &d), ENT_E_NOTFOUND); /* the new one counts among the new */
    ent_voting_close(v);
    assert_ok(ent_voting_open(&v, &d, alice.book, &next));
    assert_ok(ent_voting_approve(v, &d, 0));
    assert_ok(ent_voting_conclude(v, &d));
    ent_voting_close(v);
    assert_int_equal(alice.home->pact->version, 2);
    assert_err(ent_voting_open(&v, &d, alice.book, &alice.root), ENT_E_POLICY);
    assert_ok(ent_voting_open(&v, &d, alice.book, &next));
    assert_ok(ent_voting_go_on(v, &d));
    ent_voting_close(v);
    ent_buf_release(&text);
    free(p);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, found, end)
    const struct CMUnitTest tests[] = {
        TEST(test_author),
        TEST(test_author_by_the_way),
        TEST(test_how_far_an_author_goes),
        TEST(test_node),
        TEST(test_audited_meanwhile),
        TEST(test_node_from),
        TEST(test_places_that_cannot_be),
        TEST(test_what_is_not_voted_for),
        TEST(test_for_somebody_else),
        TEST(test_a_damaged_boundary),
        TEST(test_root),
    };
    return ent_t_run("rotate", tests);
}
