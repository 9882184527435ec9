/*
 * test_news.c: what is said about the pact itself, kept and handed on by everybody: which acts are,
 * how many of one member, how they are found in logs, and versions that others have.
 */
#include "tests/support/nodes.h"

#include <unistd.h>

#define EACH 64u /* acts of one member about one version */

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

/* --- acts ---------------------------------------------------------------------------------------
 */

/* What a node says, as it travels. */
static struct ent_buf delivery(struct node *n, enum ent_statement_type type, const char *media,
                               struct ent_slice body)
{
    uint64_t index = 0;
    struct ent_buf b;
    assert_ok(node_say(n, NULL, &index, type, media, body));
    ent_buf_init(&b, ENT_DELIVERY_MAX + 1);
    assert_ok(ent_book_deliver(n->book, &b, NULL, index));
    return b;
}

/* A prevote for no text, in this round of the vote on this version. */
static struct ent_buf vote_of(struct node *n, uint64_t version, uint32_t round)
{
    struct ent_vote_topic topic = {
        .pact = n->home->pact->id, .prev = n->home->pact->hash, .version = version};
    struct ent_vote vote = {.kind = ENT_PREVOTE, .round = round, .none = true};
    struct ent_buf body;
    if (version == 1) /* which comes after nothing */
        topic = (struct ent_vote_topic){.version = 1};
    ent_buf_init(&body, ENT_VOTE_MAX);
    assert_ok(ent_vote_make(&body, &topic, &vote, name_of(n), &n->root));
    struct ent_buf b = delivery(n, ENT_ST_PREVOTE, ENT_MEDIA_VOTE, ent_buf_slice(&body));
    ent_buf_release(&body);
    return b;
}

static void takes(struct node *n, struct ent_buf *b, enum ent_err want, const char *why)
{
    size_t count = ent_news_count(n->book);
    struct ent_diag d = {0};
    enum ent_err r = ent_news_take(n->book, &d, ent_buf_slice(b));
    if (r != want)
        printf("# %s\n", d.text == NULL ? "" : d.text);
    assert_err(r, want);
    if (why != NULL)
        assert_string_equal(d.text, why);
    assert_int_equal(ent_news_count(n->book), count + (want == ENT_OK));
    ent_buf_release(b);
}

static void leaf_of(char ret[static ENT_HEX_LEN(32)], const struct node *n, const struct ent_buf *b)
{
    struct ent_delivery *del = malloc(sizeof(*del));
    assert_non_null(del);
    assert_ok(ent_delivery_parse(del, ent_buf_slice(b), &n->home->roster, NULL));
    ent_hex_encode(ret, del->act.leaf.b, 32);
    free(del);
}

static void test_what_is_kept(void **state)
{
    struct ent_buf v = vote_of(&alice, 2, 0), copy, got;
    char hex[ENT_HEX_LEN(32)], other[ENT_HEX_LEN(32)];
    (void)state;
    leaf_of(hex, &bob, &v);
    ent_buf_init(&copy, ENT_DELIVERY_MAX);
    ent_buf_init(&got, ENT_DELIVERY_MAX);
    assert_ok(ent_buf_put_slice(&copy, ent_buf_slice(&v)));
    assert_err(ent_news_get(bob.book, &got, hex), ENT_E_NOTFOUND);
    takes(&bob, &v, ENT_OK,
          NULL); /* nobody has to have cosigned it: it is signed by the root key */
    assert_ok(ent_buf_put_slice(&v, ent_buf_slice(&copy)));
    takes(&bob, &v, ENT_E_EXISTS, NULL);
    assert_ok(ent_news_get(bob.book, &got, hex));
    assert_true(ent_slice_eq(ent_buf_slice(&got), ent_buf_slice(&copy)));
    memcpy(other, hex, sizeof(other));
    other[63] = other[63] == '0' ? '1' : '0';
    assert_err(ent_news_get(bob.book, &got, other), ENT_E_NOTFOUND);
    memset(other, 'F', 64);
    assert_err(ent_news_get(bob.book, &got, other), ENT_E_NOTFOUND);
    assert_int_equal(ent_news_count(alice.book), 0); /* alice has not kept it herself */
    ent_buf_release(&copy);
    ent_buf_release(&got);
}

static void test_what_is_not_kept(void **state)
{
    static const char not_next[] = "about another version than the next one";
    static const char neither[] = "neither a proposal nor a vote";
    struct ent_buf b;
    (void)state;
    b = vote_of(&alice, 1, 0);
    takes(&bob, &b, ENT_E_STATE, not_next);
    b = vote_of(&alice, 3, 0);
    takes(&bob, &b, ENT_E_STATE, not_next);
    b = delivery(&alice, ENT_ST_PREVOTE, ENT_MEDIA_VOTE, ENT_SLICE_LIT("no vote"));
    takes(&bob, &b, ENT_E_FORMAT, neither);
    b = delivery(&alice, ENT_ST_PRECOMMIT, "text/plain", ENT_SLICE_LIT("no vote"));
    takes(&bob, &b, ENT_E_FORMAT, neither);
    b = delivery(&alice, ENT_ST_PROPOSE, ENT_MEDIA_PROPOSAL, ENT_SLICE_LIT("round 0\nno text"));
    takes(&bob, &b, ENT_E_FORMAT, neither);
    b = delivery(&alice, ENT_ST_PROPOSE, ENT_MEDIA_PROPOSAL,
                 ENT_SLICE_LIT("entente/pact@v2\nversion 2\n")); /* without a round */
    takes(&bob, &b, ENT_E_FORMAT, neither);
    b = delivery(&alice, ENT_ST_PROPOSE, ENT_MEDIA_PROPOSAL,
                 ENT_SLICE_LIT("round 0\nentente/pact@v2\nversion 4\n"));
    takes(&bob, &b, ENT_E_STATE, not_next);
    b = delivery(&alice, ENT_ST_REPORT, "text/plain", ENT_SLICE_LIT("hello"));
    takes(&bob, &b, ENT_E_POLICY, "an act that is not for everybody");
    b = vote_of(&alice, 2, 0);
    b.p[b.n - 2] ^= 1;
    takes(&bob, &b, ENT_E_AUTH, "body does not fit the signed statement");
    b = vote_of(&alice, 2, 1);
    b.n--;
    takes(&bob, &b, ENT_E_FORMAT, "not a delivery of an act with its receipt");
}

/* However much one member says, it is so much, and costs the others nothing. */
static void test_a_flood(void **state)
{
    struct ent_buf b;
    (void)state;
    for (uint32_t i = 0; i < EACH; i++) {
        b = vote_of(&alice, 2, i);
        takes(&bob, &b, ENT_OK, NULL);
    }
    for (uint32_t i = EACH; i < EACH + 3; i++) {
        b = vote_of(&alice, 2, i);
        takes(&bob, &b, ENT_E_LIMIT, "too much was said about the next version");
    }
    b = vote_of(&carol, 2, 0);
    takes(&bob, &b, ENT_OK, NULL);
    b = vote_of(&bob, 2, 0);
    takes(&bob, &b, ENT_OK, NULL);
    b = delivery(&alice, ENT_ST_WITHDRAW, "text/plain", ENT_SLICE_LIT(""));
    assert_ok(ent_news_take(bob.book, NULL, ent_buf_slice(&b))); /* she may always go */
    assert_true(ent_book_is_withdrawn(bob.book, name_of(&alice)));
    ent_buf_release(&b);
}

static enum ent_err count_each(void *ctx, struct ent_slice bytes)
{
    size_t *n = ctx;
    assert_true(bytes.n > 0);
    return ++*n == 5 ? ENT_E_INTERRUPTED : ENT_OK;
}

/* As it lies in pact/next. */
static void put_kept(const char *path, const struct ent_buf *said)
{
    struct ent_buf file;
    ent_buf_init(&file, ENT_DELIVERY_MAX + ENT_CHECK_LINE);
    assert_ok(ent_buf_put_slice(&file, ent_buf_slice(said)));
    assert_ok(ent_check_add(&file));
    assert_ok(ent_file_write(path, ent_buf_slice(&file), 0600, NULL));
    ent_buf_release(&file);
}

static void test_each_and_clear(void **state)
{
    char path[ENT_PATH_MAX];
    struct ent_buf b;
    size_t n = 0;
    (void)state;
    for (uint32_t i = 0; i < 4; i++) {
        b = vote_of(i % 2 == 0 ? &alice : &carol, 2, i);
        takes(&bob, &b, ENT_OK, NULL);
    }
    assert_ok(ent_home_path(bob.home, path, "pact/next/not-one"));
    assert_ok(ent_file_write(path, ENT_SLICE_LIT("x"), 0600, NULL));
    assert_ok(ent_news_each(bob.book, &n, count_each));
    assert_int_equal(n, 4); /* and nothing that is none */
    assert_err(ent_news_each(bob.book, &n, count_each), ENT_E_INTERRUPTED);
    assert_int_equal(n, 5);
    ent_news_clear(bob.book);
    assert_int_equal(ent_news_count(bob.book), 0);
    b = vote_of(&alice, 2, 9);
    takes(&bob, &b, ENT_OK, NULL);
}

/* --- found in logs ------------------------------------------------------------------------------
 */

static enum ent_err reads(struct node *n, const struct node *of, const struct node *from,
                          struct ent_diag *d)
{
    const struct ent_wire wire = node_wire(n);
    node_pull(n, name_of(of));
    return ent_news_read(n->book, d, &wire, name_of(of), name_of(from));
}

/* Said in a log, and kept by its author for whoever asks. */
static void say_vote(struct node *n, uint64_t version, uint32_t round, bool keep)
{
    struct ent_buf b = vote_of(n, version, round);
    if (keep)
        assert_ok(ent_news_take(n->book, NULL, ent_buf_slice(&b)));
    ent_buf_release(&b);
}

static void say_hello(struct node *n, unsigned times)
{
    for (unsigned i = 0; i < times; i++)
        assert_ok(node_say(n, NULL, NULL, ENT_ST_REPORT, "text/plain", ENT_SLICE_LIT("hello")));
}

static void test_votes_are_found_in_logs(void **state)
{
    struct ent_diag d = {0};
    (void)state;
    say_hello(&alice, 3);
    say_vote(&alice, 2, 0, true);
    say_hello(&alice, 2);
    say_vote(&alice, 2, 1, true);
    say_hello(&alice, 1);
    assert_ok(reads(&bob, &alice, &alice, &d));
    assert_int_equal(ent_news_count(bob.book), 2);
    ent_news_clear(bob.book);
    assert_ok(reads(&bob, &alice, &alice, &d)); /* nothing is new */
    assert_int_equal(ent_news_count(bob.book), 0);
    say_vote(&alice, 2, 2, true);
    assert_ok(reads(&bob, &alice, &alice, &d));
    assert_int_equal(ent_news_count(bob.book), 1);
    /* From somebody else who has them, while alice is off. */
    node_pull(&carol, name_of(&alice));
    alice.off = true;
    const struct ent_wire wire = node_wire(&carol);
    assert_err(ent_news_read(carol.book, &d, &wire, name_of(&alice), name_of(&alice)), ENT_E_PEER);
    assert_err(ent_news_read(carol.book, &d, &wire, name_of(&alice), name_of(&bob)), ENT_E_PEER);
    assert_string_equal(d.text, "does not hand out what it says about the pact");
    assert_int_equal(ent_news_count(carol.book), 0); /* bob has only the last one */
    alice.off = false;
    assert_ok(ent_news_read(carol.book, &d, &wire, name_of(&alice), name_of(&alice)));
    assert_int_equal(ent_news_count(carol.book), 3);
}

/* What is malformed, or too much, is passed over; what stands behind it is not. */
static void test_nonsense_in_a_log(void **state)
{
    struct ent_diag d = {0};
    struct ent_buf b;
    (void)state;
    /* Her own node would not keep these; one that hands them out does. */
    say_vote(&alice, 7, 0, false);
    assert_ok(node_say(&alice, NULL, NULL, ENT_ST_WITHDRAW, "text/plain", ENT_SLICE_LIT("")));
    enum ent_err r = reads(&bob, &alice, &alice, &d);
    assert_err(r, ENT_E_PEER); /* the first is not handed out: asked for again next time */
    assert_string_equal(d.text, "does not hand out what it says about the pact");
    assert_false(ent_book_is_withdrawn(bob.book, name_of(&alice)));
    char path[ENT_PATH_MAX], hex[ENT_HEX_LEN(32)], file[256];
    ent_buf_init(&b, ENT_DELIVERY_MAX);
    assert_ok(ent_book_deliver(alice.book, &b, NULL, 0));
    leaf_of(hex, &bob, &b);
    (void)snprintf(file, sizeof(file), "pact/next/%s.%s", hex, name_of(&alice));
    assert_ok(ent_home_path(alice.home, path, file));
    put_kept(path, &b);
    assert_ok(reads(&bob, &alice, &alice, &d));
    assert_int_equal(ent_news_count(bob.book), 0);
    assert_true(ent_book_is_withdrawn(bob.book, name_of(&alice)));
    ent_buf_release(&b);
}

/* Somebody hands out another act than was asked for: that one is not taken for it. */
static void test_another_act_for_it(void **state)
{
    char path[ENT_PATH_MAX], hex[ENT_HEX_LEN(32)], file[256];
    struct ent_diag d = {0};
    struct ent_buf wrong, right;
    (void)state;
    say_vote(&alice, 2, 0, true);
    say_vote(&alice, 2, 1, true);
    ent_buf_init(&wrong, ENT_DELIVERY_MAX);
    ent_buf_init(&right, ENT_DELIVERY_MAX);
    assert_ok(ent_book_deliver(alice.book, &right, NULL, 0));
    assert_ok(ent_book_deliver(alice.book, &wrong, NULL, 1));
    leaf_of(hex, &bob, &right);
    (void)snprintf(file, sizeof(file), "pact/next/%s.%s", hex, name_of(&alice));
    assert_ok(ent_home_path(alice.home, path, file));
    put_kept(path, &wrong);
    assert_err(reads(&bob, &alice, &alice, &d), ENT_E_PEER);
    assert_string_equal(d.text, "hands out something else than it was asked for");
    assert_int_equal(ent_news_count(bob.book), 0);
    put_kept(path, &right);
    assert_ok(reads(&bob, &alice, &alice, &d));
    assert_int_equal(ent_news_count(bob.book), 2);
    ent_buf_release(&wrong);
    ent_buf_release(&right);
}

/* --- damage -------------------------------------------------------------------------------------
 */

static void flip(const struct node *n, const char *name, size_t bit)
{
    char path[ENT_PATH_MAX];
    struct ent_buf b;
    ent_buf_init(&b, ENT_DELIVERY_MAX + ENT_CHECK_LINE);
    assert_ok(ent_home_path(n->home, path, name));
    assert_ok(ent_file_read(&b, NULL, path));
    b.p[bit / 8 % b.n] ^= (uint8_t)(1u << bit % 8);
    assert_ok(ent_file_write(path, ent_buf_slice(&b), 0600, NULL));
    ent_buf_release(&b);
}

static void file_of(char ret[static 256], const struct node *author, uint64_t index)
{
    char hex[ENT_HEX_LEN(32)];
    struct ent_buf b;
    ent_buf_init(&b, ENT_DELIVERY_MAX);
    assert_ok(ent_book_deliver(author->book, &b, NULL, index));
    leaf_of(hex, author, &b);
    (void)snprintf(ret, 256, "pact/next/%s.%s", hex, name_of(author));
    ent_buf_release(&b);
}

/* What others said and is damaged here is fetched again; nobody takes it for what it says now. */
static void test_damage_is_fetched_again(void **state)
{
    char file[256];
    struct ent_diag d = {0};
    size_t n = 0;
    (void)state;
    say_vote(&alice, 2, 0, true);
    say_vote(&alice, 2, 1, true);
    assert_ok(reads(&bob, &alice, &alice, &d));
    file_of(file, &alice, 0);
    for (int i = 0; i < 20; i++) {
        n = 0;
        flip(&bob, file, (size_t)ent_t_rand());
        assert_ok(ent_news_each(bob.book, &n, count_each));
        assert_int_equal(n, 1); /* it counts for nothing */
        struct ent_buf got;
        ent_buf_init(&got, ENT_DELIVERY_MAX);
        assert_err(ent_news_get(bob.book, &got, strrchr(file, '/') + 1), ENT_E_NOTFOUND);
        ent_buf_release(&got);
        assert_ok(reads(&bob, &alice, &alice, &d)); /* the log has nothing new */
        assert_ok(ent_news_mend(bob.book, &d));
        assert_int_equal(ent_news_count(bob.book), 1);
        assert_ok(reads(&bob, &alice, &alice, &d));
        assert_int_equal(ent_news_count(bob.book), 2);
    }
    n = 0;
    assert_ok(ent_news_each(bob.book, &n, count_each));
    assert_int_equal(n, 2);
}

/* One's own comes back out of one's log, without anybody. */
static void test_own_damage_is_made_again(void **state)
{
    char file[256], path[ENT_PATH_MAX];
    struct ent_diag d = {0};
    struct ent_buf before, after;
    (void)state;
    say_vote(&alice, 2, 0, true);
    file_of(file, &alice, 0);
    assert_ok(ent_home_path(alice.home, path, file));
    ent_buf_init(&before, ENT_DELIVERY_MAX + ENT_CHECK_LINE);
    ent_buf_init(&after, ENT_DELIVERY_MAX + ENT_CHECK_LINE);
    assert_ok(ent_file_read(&before, NULL, path));
    flip(&alice, file, (size_t)ent_t_rand());
    assert_ok(ent_news_mend(alice.book, &d));
    assert_int_equal(ent_news_count(alice.book), 0);
    assert_ok(ent_news_read(alice.book, &d, NULL, name_of(&alice), NULL));
    assert_ok(ent_file_read(&after, NULL, path));
    assert_true(ent_slice_eq(ent_buf_slice(&before), ent_buf_slice(&after)));
    ent_buf_release(&before);
    ent_buf_release(&after);
}

/* Whoever reads only changes nothing. */
static void test_readers_mend_nothing(void **state)
{
    const struct ent_book_opts opts = {.home = alice.home};
    struct ent_book *reader = NULL;
    char file[256];
    (void)state;
    say_vote(&alice, 2, 0, true);
    file_of(file, &alice, 0);
    flip(&alice, file, 999);
    assert_ok(ent_book_open(&reader, NULL, &opts));
    assert_ok(ent_news_mend(reader, NULL));
    assert_int_equal(ent_news_count(reader), 1);
    ent_book_close(reader);
}

/* A cursor that says more than was read would pass over what stands between. */
static void test_a_damaged_cursor(void **state)
{
    char name[128];
    struct ent_diag d = {0};
    (void)state;
    (void)snprintf(name, sizeof(name), "mirror/%s/1/read", name_of(&alice));
    say_vote(&alice, 2, 0, true);
    say_hello(&alice, 2);
    assert_ok(reads(&bob, &alice, &alice, &d));
    ent_news_clear(bob.book);
    assert_ok(reads(&bob, &alice, &alice, &d));
    assert_int_equal(ent_news_count(bob.book), 0); /* it is not read twice */
    for (size_t bit = 0; bit < 8 * (2 + ENT_CHECK_LINE); bit++) {
        flip(&bob, name, bit);
        assert_ok(reads(&bob, &alice, &alice, &d));
        assert_int_equal(ent_news_count(bob.book), 1);
        ent_news_clear(bob.book);
    }
}

/* It keeps its effect, and comes back to what it was. */
static void test_a_damaged_withdrawal(void **state)
{
    char name[128];
    struct ent_diag d = {0};
    struct ent_buf b;
    (void)state;
    b = delivery(&alice, ENT_ST_WITHDRAW, "text/plain", ENT_SLICE_LIT(""));
    for (size_t i = 0; i < 2; i++) {
        struct node *n = i == 0 ? &bob : &alice;
        assert_ok(ent_news_take(n->book, NULL, ent_buf_slice(&b)));
        assert_err(ent_news_take(n->book, NULL, ent_buf_slice(&b)), ENT_E_EXISTS);
        (void)snprintf(name, sizeof(name), "withdrawn/%s", name_of(&alice));
        flip(n, name, (size_t)ent_t_rand());
        assert_true(ent_book_is_withdrawn(n->book, name_of(&alice)));
        assert_ok(ent_news_mend(n->book, &d));
        assert_true(ent_book_is_withdrawn(n->book, name_of(&alice)));
        if (n == &alice)
            assert_ok(ent_news_read(alice.book, &d, NULL, name_of(&alice), NULL));
        else
            assert_ok(ent_news_take(n->book, NULL, ent_buf_slice(&b))); /* it is taken again */
        assert_err(ent_news_take(n->book, NULL, ent_buf_slice(&b)), ENT_E_EXISTS);
    }
    ent_buf_release(&b);
}

/* --- leaving ------------------------------------------------------------------------------------
 */

/* One's own word, from oneself or found in one's log, is enough; nobody else's is. */
static void test_withdrawing(void **state)
{
    struct ent_diag d = {0};
    struct ent_buf b;
    (void)state;
    assert_ok(node_say(&alice, NULL, NULL, ENT_ST_WITHDRAW, "text/plain", ENT_SLICE_LIT("")));
    assert_false(ent_book_is_withdrawn(bob.book, name_of(&alice)));
    assert_ok(reads(&bob, &alice, &alice, &d));
    assert_true(ent_book_is_withdrawn(bob.book, name_of(&alice)));
    assert_false(ent_book_is_withdrawn(bob.book, name_of(&carol)));
    assert_false(node_allows(&bob, &alice.spki));
    assert_true(node_allows(&bob, &carol.spki));
    assert_true(node_allows(&carol, &alice.spki)); /* who has not heard of it */
    struct ent_statement st = node_statement(&carol, ENT_ST_WITHDRAW, "text/plain");
    struct ent_hash32 leaf;
    uint64_t index = 0;
    (void)snprintf(st.author, sizeof(st.author), "%s", name_of(&bob)); /* bob's, by carol */
    node_forge(&carol, &carol.author, &st, ENT_SLICE_LIT(""), &leaf, &index);
    ent_buf_init(&b, ENT_DELIVERY_MAX);
    node_deliver_bare(&carol, &b, index);
    assert_err(ent_news_take(alice.book, &d, ent_buf_slice(&b)), ENT_E_AUTH);
    assert_string_equal(d.text, "author of the statement is not the member whose log it is");
    assert_ok(reads(&bob, &carol, &carol, &d)); /* nor in the log */
    for (size_t i = 0; i < 3; i++)
        assert_false(ent_book_is_withdrawn(all[i]->book, name_of(&bob)));
    assert_false(ent_book_is_withdrawn(bob.book, name_of(&carol)));
    ent_buf_release(&b);
}

static void test_telling(void **state)
{
    const struct ent_wire wire = node_wire(&alice);
    struct ent_buf b;
    (void)state;
    say_vote(&alice, 2, 0, true);
    b = vote_of(&carol, 2, 0);
    takes(&alice, &b, ENT_OK, NULL);
    b = delivery(&alice, ENT_ST_WITHDRAW, "text/plain", ENT_SLICE_LIT(""));
    takes(&alice, &b, ENT_OK, NULL);
    assert_int_equal(ent_news_count(alice.book), 3);
    assert_ok(ent_news_tell(alice.book, NULL, &wire, name_of(&bob)));
    assert_int_equal(ent_news_count(bob.book), 2); /* hers and carol's vote */
    assert_true(ent_book_is_withdrawn(bob.book, name_of(&alice)));
    assert_err(ent_news_tell(alice.book, NULL, &wire, name_of(&bob)), ENT_E_PEER); /* she is out */
    bob.off = true;
    assert_err(ent_news_tell(alice.book, NULL, &wire, name_of(&bob)), ENT_E_PEER);
}

/* --- versions -----------------------------------------------------------------------------------
 */

/* This draft, decided by these. */
static struct ent_buf decided(struct ent_pact *p, struct node *const *by, size_t n)
{
    struct ent_buf b;
    ent_buf_init(&b, ENT_PACT_MAX);
    assert_ok(ent_pact_encode(&b, p));
    size_t text_n = b.n;
    for (size_t i = 0; i < n; i++)
        assert_ok(ent_pact_sign(&b, text_n, p, 0, name_of(by[i]), &by[i]->root));
    return b;
}

static struct ent_pact *draft(struct node *from)
{
    struct ent_pact *p = calloc(1, sizeof(*p));
    assert_non_null(p);
    ent_pact_next(p, from->home->pact);
    return p;
}

/* The next version, with this name, as far as anybody asks. */
static struct ent_buf version(struct node *from, const char *name, struct node *const *by, size_t n)
{
    struct ent_pact *p = draft(from);
    assert_ok(ent_next_name(p, NULL, name));
    struct ent_buf b = decided(p, by, n);
    free(p);
    return b;
}

/* All three decide this draft, and bob takes it. */
static void bob_takes(struct ent_pact *p)
{
    struct ent_buf b = decided(p, all, 3);
    assert_ok(ent_news_take_version(bob.book, NULL, ent_buf_slice(&b)));
    ent_buf_release(&b);
    free(p);
}

/* Whoever had the author key could throw the member out: not where the pact says so. */
static void test_a_withdrawal_in_dispute(void **state)
{
    struct ent_dispute x = {
        .generation = 1, .from = 3, .until = ENT_INDEX_NONE, .reason = "stolen"};
    struct ent_diag d = {0};
    struct ent_buf b;
    (void)state;
    (void)snprintf(x.member, sizeof(x.member), "%s", name_of(&alice));
    say_hello(&alice, 2);
    b = delivery(&alice, ENT_ST_WITHDRAW, "text/plain", ENT_SLICE_LIT(""));
    assert_ok(ent_news_take(bob.book, NULL, ent_buf_slice(&b)));
    assert_err(ent_news_take(bob.book, &d, ent_buf_slice(&b)), ENT_E_EXISTS);
    assert_string_equal(d.text, "this member has withdrawn already");
    struct ent_pact *p = draft(&bob);
    assert_ok(ent_next_dispute(p, NULL, &x)); /* behind it */
    bob_takes(p);
    assert_true(ent_book_is_withdrawn(bob.book, name_of(&alice)));
    p = draft(&bob);
    x.from = 2;
    assert_ok(ent_next_dispute(p, NULL, &x));
    bob_takes(p);
    assert_false(ent_book_is_withdrawn(bob.book, name_of(&alice)));
    assert_true(node_allows(&bob, &alice.spki));
    assert_ok(ent_news_take(bob.book, NULL, ent_buf_slice(&b))); /* kept, and it counts no more */
    assert_false(ent_book_is_withdrawn(bob.book, name_of(&alice)));
    p = draft(&bob);
    assert_ok(ent_next_lift(p, NULL, name_of(&alice), 1, 2));
    bob_takes(p);
    assert_true(ent_book_is_withdrawn(bob.book, name_of(&alice)));
    ent_buf_release(&b);
}

/* Who was voted in again, with a new log, is not gone by what stands in the old one. */
static void test_coming_back(void **state)
{
    struct ent_seed32 seed = {{7}};
    struct ent_signed_key key;
    struct ent_hash32 root;
    struct ent_buf b;
    (void)state;
    b = delivery(&alice, ENT_ST_WITHDRAW, "text/plain", ENT_SLICE_LIT(""));
    assert_ok(ent_tree_root(ent_log_tree(ent_book_log(alice.book)), &root, 1));
    assert_ok(ent_news_take(bob.book, NULL, ent_buf_slice(&b)));
    assert_ok(reads(&carol, &alice, &alice, NULL)); /* found in the log: the bare statement */
    assert_true(ent_book_is_withdrawn(carol.book, name_of(&alice)));
    struct ent_pact *p = draft(&bob);
    assert_ok(ent_next_remove(p, NULL, name_of(&alice)));
    bob_takes(p);
    assert_true(ent_book_is_withdrawn(bob.book, name_of(&alice)));
    struct ent_member m = *ent_pact_former(bob.home->pact, name_of(&alice));
    assert_ok(ent_member_close_log(&m, NULL, 1, &root));
    ent_key_prove(&key, m.name, ENT_ROLE_LOG, 2, &m.root.pk, &seed);
    assert_ok(ent_member_open_log(&m, NULL, &key));
    p = draft(&bob);
    assert_ok(ent_next_put(p, NULL, &m));
    bob_takes(p);
    assert_false(ent_book_is_withdrawn(bob.book, name_of(&alice)));
    assert_true(node_allows(&bob, &alice.spki));
    const struct ent_wire wire = node_wire(&carol);
    assert_ok(ent_news_versions(carol.book, NULL, &wire, name_of(&bob)));
    assert_false(ent_book_is_withdrawn(carol.book, name_of(&alice)));
    /* Told again, it is what it was: of the log before. */
    assert_ok(ent_news_take(bob.book, NULL, ent_buf_slice(&b)));
    assert_false(ent_book_is_withdrawn(bob.book, name_of(&alice)));
    ent_buf_release(&b);
}

/* The own member does not say what nobody would keep, and is not bound by it. */
static void test_the_last_own_act(void **state)
{
    struct ent_voting *v = NULL;
    struct ent_diag d = {0};
    enum ent_err r = ENT_OK;
    (void)state;
    assert_ok(ent_voting_open(&v, &d, alice.book, &alice.root));
    for (unsigned i = 0; r == ENT_OK && i < 200; i++)
        r = ent_voting_go_on(v, &d);
    assert_err(r, ENT_E_LIMIT);
    assert_string_equal(d.text, "this member has said 64 things about the next version, and nobody "
                                "keeps more of one: the others have to decide it");
    ent_voting_close(v);
    assert_int_equal(ent_log_size(ent_book_log(alice.book)), EACH);
    assert_ok(ent_voting_open(&v, &d, alice.book, &alice.root)); /* and can be looked at still */
    ent_voting_close(v);
    struct ent_buf b = version(&bob, "the others' word", all, 3);
    assert_ok(ent_news_take_version(alice.book, &d, ent_buf_slice(&b)));
    ent_buf_release(&b);
    assert_ok(ent_voting_open(&v, &d, alice.book, &alice.root));
    assert_ok(ent_voting_go_on(v, &d));
    ent_voting_close(v);
}

static void test_versions_of_others(void **state)
{
    const struct ent_wire wire = node_wire(&bob);
    struct ent_diag d = {0};
    struct ent_buf b;
    (void)state;
    assert_ok(ent_news_versions(bob.book, &d, &wire, name_of(&alice)));
    assert_int_equal(bob.home->pact->version, 1);
    b = vote_of(&carol, 2, 0);
    takes(&bob, &b, ENT_OK, NULL);
    for (unsigned i = 0; i < 3; i++) {
        char name[32];
        (void)snprintf(name, sizeof(name), "name %u", i);
        b = version(&alice, name, all, 3);
        assert_ok(ent_news_take_version(alice.book, &d, ent_buf_slice(&b)));
        assert_err(ent_news_take_version(alice.book, &d, ent_buf_slice(&b)), ENT_E_EXISTS);
        ent_buf_release(&b);
    }
    assert_ok(ent_news_versions(bob.book, &d, &wire, name_of(&alice)));
    assert_int_equal(bob.home->pact->version, 4); /* all of them at once */
    assert_true(ent_slice_eq(ent_chain_file(&alice.home->chain), ent_chain_file(&bob.home->chain)));
    assert_int_equal(ent_news_count(bob.book), 0);
    assert_ok(ent_news_versions(bob.book, &d, &wire, name_of(&carol))); /* who has fewer */
    assert_int_equal(bob.home->pact->version, 4);
    carol.off = true;
    assert_err(ent_news_versions(bob.book, &d, &wire, name_of(&carol)), ENT_E_PEER);
    b = vote_of(&alice, 5, 0); /* and what counts now is about the one after that */
    takes(&bob, &b, ENT_OK, NULL);
    b = vote_of(&alice, 2, 0);
    takes(&bob, &b, ENT_E_STATE, "about another version than the next one");
}

static void test_versions_that_are_none(void **state)
{
    struct ent_diag d = {0};
    struct ent_buf b;
    (void)state;
    b = version(&alice, "two of three", all, 2);
    assert_err(ent_news_take_version(bob.book, &d, ent_buf_slice(&b)), ENT_E_AUTH);
    assert_string_equal(d.text, "not enough votes of the members before it");
    ent_buf_release(&b);
    b = version(&alice, "good", all, 3);
    b.p[b.n / 2] ^= 1;
    assert_int_not_equal(ent_news_take_version(bob.book, &d, ent_buf_slice(&b)), ENT_OK);
    b.p[b.n / 2] ^= 1;
    assert_err(ent_news_take_version(bob.book, &d, ent_slice(b.p, b.n - 1)), ENT_E_FORMAT);
    assert_int_equal(bob.home->pact->version, 1);
    /* Two that were both decided: the first stays, and whoever shows the second is told so. */
    struct ent_buf other = version(&alice, "another", all, 3);
    assert_ok(ent_news_take_version(bob.book, &d, ent_buf_slice(&b)));
    assert_err(ent_news_take_version(bob.book, &d, ent_buf_slice(&other)), ENT_E_STATE);
    assert_string_equal(d.text, "two texts for one version of the pact, both with the votes");
    assert_string_equal(bob.home->pact->name, "good");
    ent_buf_release(&b);
    ent_buf_release(&other);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, found, end)
    const struct CMUnitTest tests[] = {
        TEST(test_what_is_kept),
        TEST(test_what_is_not_kept),
        TEST(test_a_flood),
        TEST(test_each_and_clear),
        TEST(test_votes_are_found_in_logs),
        TEST(test_nonsense_in_a_log),
        TEST(test_another_act_for_it),
        TEST(test_damage_is_fetched_again),
        TEST(test_own_damage_is_made_again),
        TEST(test_readers_mend_nothing),
        TEST(test_a_damaged_cursor),
        TEST(test_a_damaged_withdrawal),
        TEST(test_withdrawing),
        TEST(test_telling),
        TEST(test_a_withdrawal_in_dispute),
        TEST(test_coming_back),
        TEST(test_the_last_own_act),
        TEST(test_versions_of_others),
        TEST(test_versions_that_are_none),
    };
    return ent_t_run("news", tests);
}
