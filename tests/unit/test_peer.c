/*
 * test_peer.c: what a node answers to partners, as bytes in and bytes out, without a network: whole
 * runs, every message repeated, who may speak, which offers are refused and what they cost.
 */
#include "tests/support/partners.h"

#include <pthread.h>

/* --- honest runs --------------------------------------------------------------------------------
 */

static void test_a_whole_run(void **state)
{
    static const unsigned sizes[] = {1, 2, 40, 300};
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        for (size_t k = 1; k < 4; k++) {
            struct holder *f = holder_start(sizes[k], 60);
            struct run r;
            run_begin(&r, f, &node_alice, sizes[i]);
            assert_int_equal(holder_events(f), 1);
            holder_assert_event(f, ENT_PEER_ACCEPTED, "alice", r.id, sizes[i]);
            run_complete(&r, sizes[i], sizes[k]);
            assert_int_equal(holder_events(f), 2);
            holder_assert_event(f, ENT_PEER_FINISHED, "alice", r.id, sizes[i]);
            assert_int_equal(holder_spent(f, "alice"), sizes[i]);
            run_end(&r);
            holder_stop(f);
        }
    }
}

/* What bob says stands under a head that nobody has cosigned yet, while others hold a cosigned one:
 * the partner can ask for the one that it was shown. */
static void test_after_a_head_was_cosigned(void **state)
{
    struct holder *f = holder_start(5, 60);
    (void)state;
    run_whole(f, &node_alice, 5, 5);
    node_submit(&node_bob, "carol");
    run_whole(f, &node_alice, 5, 5);
    node_submit(&node_bob, "alice");
    run_whole(f, &node_alice, 5, 5);
    run_whole(f, &node_carol, 5, 5);
    holder_stop(f);
}

/* After a broken connection everything may be said again. An answer's proof is fresh each time, its
 * points are not. */
static void test_every_message_may_be_repeated(void **state)
{
    struct holder *f = holder_start(20, 60);
    struct ent_lookup_batch *b = run_batch_memory(), *kept = run_batch_memory();
    struct ent_buf ask, first;
    struct ent_hash32 served;
    struct run r;
    (void)state;
    run_begin(&r, f, &node_alice, 30);
    ent_buf_init(&first, ENT_DELIVERY_MAX);
    assert_ok(ent_buf_put_slice(&first, ent_buf_slice(&r.accept_bytes)));
    run_question(&r, b, &ask, 0);
    *kept = *b;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(run_send_offer(&r), 200);
        assert_true(ent_slice_eq(ent_buf_slice(&first), ent_buf_slice(&r.accept_bytes)));
    }
    ent_buf_clear(&first);
    assert_int_equal(run_say(&r, "POST", "evaluate", ent_buf_slice(&ask)), 200);
    assert_int_equal(r.answer.n, 30 * 32 + ENT_OPRF_PROOF);
    assert_ok(ent_buf_put_slice(&first, ent_buf_slice(&r.answer)));
    assert_int_equal(run_say(&r, "POST", "evaluate", ent_buf_slice(&ask)), 200);
    assert_int_equal(r.answer.n, first.n);
    assert_memory_equal(r.answer.p, first.p, 30 * 32);
    *b = *kept;
    assert_ok(ent_lookup_asker_answer(r.asker, b, ent_buf_slice(&r.answer)));
    assert_ok(ent_lookup_asker_match(r.asker));
    run_wait_ready(&r);
    run_receive_all(&r, &served);
    run_exchange_results(&r, &served);
    assert_int_equal(run_send_offer(&r), 200); /* the run is done and still known */
    assert_int_equal(holder_events(f), 2);
    assert_int_equal(holder_spent(f, "alice"), 30);
    ent_buf_release(&ask);
    ent_buf_release(&first);
    ent_wipe(kept, sizeof(*kept));
    free(b);
    free(kept);
    run_end(&r);
    holder_stop(f);
}

/* A partner finds a held list shorter, and nothing else about it; the log says how many. */
static void test_held(void **state)
{
    struct holder *f = holder_start(20, 60);
    struct run r;
    (void)state;
    run_begin(&r, f, &node_alice, 10);
    assert_int_equal(r.accept.items, 20);
    assert_int_equal(f->event[0].e.unreleased, 0);
    run_end(&r);
    holder_judge(f, true);
    run_begin(&r, f, &node_alice, 10);
    assert_int_equal(r.accept.items, 0);
    assert_int_equal(f->event[1].e.unreleased, 20); /* not the one that is too narrow */
    run_end(&r);
    holder_judge(f, false);
    run_begin(&r, f, &node_alice, 10);
    assert_int_equal(r.accept.items, 20);
    run_end(&r);
    /* What came in since is judged before the next match. */
    struct ent_indicator fresh = {.tlp = ENT_TLP_GREEN, .confidence = 50};
    enum ent_put how;
    assert_ok(ent_observable_parse(&fresh.obs, NULL, ENT_SLICE_LIT("a.evil.com")));
    assert_ok(ent_store_put(f->store, &how, &fresh, ENT_SLICE_LIT("fresh"), 1534723200));
    assert_ok(ent_observable_parse(&fresh.obs, NULL, ENT_SLICE_LIT("github.io")));
    assert_ok(ent_store_put(f->store, &how, &fresh, ENT_SLICE_LIT("odd"), 1534723200));
    run_begin(&r, f, &node_alice, 10);
    assert_int_equal(r.accept.items, 21);
    assert_int_equal(f->event[3].e.unreleased, 1);
    run_end(&r);
    holder_stop(f);
}

static void test_no_filter_before_it_is_computed(void **state)
{
    struct holder *f = holder_start(20, 60);
    struct run r;
    (void)state;
    holder_block(f);
    run_begin(&r, f, &node_alice, 10);
    assert_int_equal(run_get(&r, "filter/0"), 202);
    assert_int_equal(run_get(&r, "labels/0"), 202);
    run_ask_all(&r, NULL); /* questions are answered meanwhile */
    assert_int_equal(run_get(&r, "filter/0"), 202);
    holder_unblock(f);
    run_wait_ready(&r);
    assert_int_equal(run_get(&r, "labels/0"), 200);
    run_end(&r);
    holder_stop(f);
}

struct job {
    struct holder *f;
    struct node *who;
};

static void *two_runs(void *ctx)
{
    struct job *j = ctx;
    run_whole(j->f, j->who, 100, 60);
    run_whole(j->f, j->who, 50, 60);
    return NULL;
}

static void test_two_partners_at_once(void **state)
{
    struct holder *f = holder_start(60, 60);
    struct job a = {f, &node_alice}, c = {f, &node_carol};
    pthread_t ta, tc;
    (void)state;
    assert_int_equal(pthread_create(&ta, NULL, two_runs, &a), 0);
    assert_int_equal(pthread_create(&tc, NULL, two_runs, &c), 0);
    assert_int_equal(pthread_join(ta, NULL), 0);
    assert_int_equal(pthread_join(tc, NULL), 0);
    assert_int_equal(holder_events(f), 8);
    assert_int_equal(holder_spent(f, "alice"), 150);
    assert_int_equal(holder_spent(f, "carol"), 150);
    holder_stop(f);
}

/* --- who may speak, and where -------------------------------------------------------------------
 */

/* A version of the pact with one more member, who has it too, and reaches the others. */
static void let_in(struct ent_home *into, struct node *fresh)
{
    struct node *const all[] = {&node_alice, &node_bob, &node_carol, fresh};
    struct ent_pact *next = calloc(1, sizeof(*next));
    struct mesh *m = node_bob.mesh;
    struct ent_buf b;
    assert_non_null(next);
    ent_buf_init(&b, ENT_PACT_MAX);
    ent_pact_next(next, into->pact);
    assert_ok(ent_next_put(next, NULL, &fresh->home->self));
    assert_ok(ent_pact_encode(&b, next));
    size_t text_n = b.n;
    for (size_t i = 0; i < 4; i++)
        assert_ok(ent_pact_sign(&b, text_n, next, 0, all[i]->home->self.name, &all[i]->root));
    assert_ok(ent_home_add_version(into, NULL, NULL, ent_buf_slice(&b)));
    assert_ok(ent_home_join(fresh->home, NULL, NULL, ent_chain_file(&into->chain)));
    fresh->mesh = m;
    m->node[m->n++] = fresh;
    node_open(fresh);
    ent_buf_release(&b);
    free(next);
}

static void test_what_is_no_request(void **state)
{
    struct holder *f = holder_start(1, 60);
    struct ent_direct d = {ent_peer_serve, f->peer, 3 + ENT_PEER_ANSWER_MAX};
    const struct ent_caller ledger = ent_caller_direct(&d);
    const struct ent_request q = {
        .method = "GET", .path = "/peer/v1/nowhere", .peer = node_alice.spki};
    struct ent_msg m = ENT_MSG_NOTHING;
    struct ent_buf b;
    (void)state;
    ent_buf_init(&b, 1000);
    assert_ok(ent_peer_call_encode(&b, &q));
    assert_err(ledger.call(ledger.ctx, &m, ENT_FRONT_PEER, ent_buf_slice(&b)), ENT_E_FORMAT);
    assert_err(ledger.call(ledger.ctx, &m, ENT_FRONT_PEER, ent_slice(b.p, 20)), ENT_E_FORMAT);
    assert_err(ledger.call(ledger.ctx, &m, ENT_FRONT_OUT, ent_buf_slice(&b)), ENT_E_FORMAT);
    ent_buf_release(&b);
    holder_stop(f);
}

static void test_only_members_are_allowed(void **state)
{
    struct holder *f = holder_start(1, 60);
    struct ent_home *other;
    struct ent_spki spki = node_alice.spki;
    const struct ent_wire wire = node_wire(&node_alice);
    struct node erin;
    struct run r;
    (void)state;
    assert_true(node_allows(&node_bob, &node_alice.spki));
    assert_true(node_allows(&node_bob, &node_carol.spki));
    assert_false(node_allows(&node_bob, &node_bob.spki)); /* one's own key is no partner's */
    spki.b[31] ^= 1;
    assert_false(node_allows(&node_bob, &spki));
    assert_false(node_allows(&node_bob, &node_dave.spki));
    run_prepare(&r, f, &node_dave, 2); /* in a log of another pact */
    assert_int_equal(run_send_offer(&r), 409);
    assert_int_equal(holder_events(f), 0);
    run_end(&r);

    /* Another process of bob's accepts a version with erin in it while the peer serves. */
    node_make(&erin, "erin");
    assert_false(node_allows(&node_bob, &erin.spki));
    assert_ok(ent_home_open(&other, NULL, node_bob.home->dir));
    let_in(other, &erin);
    assert_int_equal(node_bob.home->pact->version, 1);
    assert_true(node_allows(&node_bob, &erin.spki)); /* which looks for a new version */
    assert_int_equal(node_bob.home->pact->version, 2);
    node_greet(&erin, "bob");
    assert_false(node_allows(&node_alice, &erin.spki));
    assert_ok(ent_news_versions(node_alice.book, NULL, &wire, "bob")); /* and alice hears of it */
    assert_true(node_allows(&node_alice, &erin.spki));
    node_greet(&erin, "alice");
    run_whole(f, &erin, 2, 1);
    ent_home_free(other);
    holder_stop(f);
    node_bob.mesh->n--;
    node_free(&erin);
}

/* Somebody who has left, by its own word, may not even connect. */
static void test_nobody_who_withdrew(void **state)
{
    struct holder *f = holder_start(5, 60);
    struct ent_act act;
    struct ent_buf gone;
    struct run before, after;
    (void)state;
    run_begin(&before, f, &node_carol, 3);
    run_prepare(&after, f, &node_carol, 3);
    node_act(&node_carol, &node_carol.author, &gone, &act, ENT_ST_WITHDRAW, "text/plain", NULL,
             ent_slice(NULL, 0));
    assert_int_equal(holder_call(f, &node_carol, NULL, "POST", ENT_NEWS_PATH, ent_buf_slice(&gone)),
                     200);
    assert_false(node_allows(&node_bob, &node_carol.spki));
    assert_int_equal(run_send_offer(&after), 409);
    assert_true(node_allows(&node_bob, &node_alice.spki));
    run_whole(f, &node_alice, 3, 5);
    run_end(&before);
    run_end(&after);
    ent_buf_release(&gone);
    holder_stop(f);
}

static void test_paths(void **state)
{
#define ID "00112233445566778899aabbccddeeff"
    static const struct {
        const char *method, *path;
        size_t most;
    } routes[] = {
        {"POST", "/peer/v1/match", ENT_DELIVERY_MAX},
        {"POST", "/peer/v1/match/" ID "/evaluate", ENT_LOOKUP_ASK_MAX},
        {"POST", "/peer/v1/match/" ID "/result", ENT_DELIVERY_MAX},
        {"GET", "/peer/v1/match/" ID "/filter/0", 1},
        {"GET", "/peer/v1/match/" ID "/filter/100000000", 1},
        {"GET", "/peer/v1/match/" ID "/labels/12", 1},
        {"GET", "/peer/v1/match", 0},
        {"PUT", "/peer/v1/match", 0},
        {"DELETE", "/peer/v1/match/" ID "/filter/0", 0},
        {"GET", "/peer/v1/match/" ID "/evaluate", 0},
        {"GET", "/peer/v1/match/" ID "/result", 0},
        {"POST", "/peer/v1/match/" ID "/filter/0", 0},
        {"POST", "/peer/v1/match/" ID "/labels/0", 0},
        {"POST", "", 0},
        {"POST", "/", 0},
        {"POST", "/peer/v1/matc", 0},
        {"POST", "/peer/v1/match/", 0},
        {"POST", "/peer/v1/matches", 0},
        {"POST", "//peer/v1/match", 0},
        {"POST", "/peer/v2/match", 0},
        {"GET", "/peer/v1/match/" ID, 0},
        {"GET", "/peer/v1/match/" ID "/", 0},
        {"POST", "/peer/v1/match/" ID "/evaluate/", 0},
        {"POST", "/peer/v1/match/" ID "/Evaluate", 0},
        {"POST", "/peer/v1/match/" ID "/evaluat", 0},
        {"POST", "/peer/v1/match/" ID "//evaluate", 0},
        {"POST", "/peer/v1/match/" ID "/result/0", 0},
        {"GET", "/peer/v1/match/" ID "/filter", 0},
        {"GET", "/peer/v1/match/" ID "/filter/", 0},
        {"GET", "/peer/v1/match/" ID "/filter/0/", 0},
        {"GET", "/peer/v1/match/" ID "/filter/00", 0},
        {"GET", "/peer/v1/match/" ID "/filter/01", 0},
        {"GET", "/peer/v1/match/" ID "/filter/-1", 0},
        {"GET", "/peer/v1/match/" ID "/filter/+1", 0},
        {"GET", "/peer/v1/match/" ID "/filter/ 1", 0},
        {"GET", "/peer/v1/match/" ID "/filter/0x1", 0},
        {"GET", "/peer/v1/match/" ID "/filter/100000001", 0},
        {"GET", "/peer/v1/match/" ID "/labels/18446744073709551616", 0},
        {"GET", "/peer/v1/match/" ID "/labels/99999999999999999999999999", 0},
        {"GET", "/peer/v1/match/" ID "/../filter/0", 0},
        {"GET", "/peer/v1/match/../match/" ID "/filter/0", 0},
        {"GET", "/peer/v1/match/" ID "/secret", 0},
        {"POST", "/peer/v1/match/0011223344556677889900aabbccddee/../evaluate", 0},
        {"POST", "/peer/v1/match/00112233445566778899aabbccddeef/evaluate", 0},
        {"POST", "/peer/v1/match/00112233445566778899aabbccddeeff0/evaluate", 0},
        {"POST", "/peer/v1/match/00112233445566778899AABBCCDDEEFF/evaluate", 0},
        {"POST", "/peer/v1/match/00112233445566778899aabbccddeefg/evaluate", 0},
        {"POST", "/peer/v1/match/../../../../../../../../../../pact/evaluate", 0},
    };
#undef ID
    struct holder *f = holder_start(1, 60);
    (void)state;
    for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
        size_t most =
            ent_peer_max_body(f->peer, &node_alice.spki, routes[i].method, routes[i].path);
        unsigned status =
            holder_call(f, &node_alice, NULL, routes[i].method, routes[i].path, ent_slice(NULL, 0));
        if (most != routes[i].most)
            printf("# %s %s\n", routes[i].method, routes[i].path);
        assert_int_equal(most, routes[i].most);
        assert_int_equal(status, most == 0 ? 404 : 409); /* a route, but no such run */
    }
    assert_int_equal(holder_events(f), 0);
    holder_stop(f);
}

/* What is not about matches: how much may come with it, and what an empty one gets. */
static void test_paths_of_logs_and_news(void **state)
{
#define HEX "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
    static const struct {
        const char *method, *path;
        size_t most;
        unsigned status;
    } routes[] = {
        {"POST", "/peer/v1/act", ENT_DELIVERY_MAX, 409},
        {"GET", "/peer/v1/act/" HEX, 1, 404},
        {"GET", "/peer/v1/pact/1", 1, 200},
        {"GET", "/peer/v1/pact/0", 1, 404},
        {"GET", "/peer/v1/pact/99", 1, 404},
        {"POST", "/peer/v1/heads", ENT_HEADS_MAX, 400},
        {"POST", "/peer/v1/proof", 256u << 10, 400},
        {"POST", "/peer/v1/witness/add-checkpoint", ENT_WITNESS_MAX, 400},
        {"GET", "/peer/v1/proof/" HEX, 1, 404},
        {"GET", "/peer/v1/witness/" HEX "/checkpoint", 1, 404},
        {"GET", "/peer/v1/log/" HEX "/bob/1/checkpoint", 1, 404}, /* of another pact */
        {"GET", "/peer/v1/act", 0, 404},
        {"GET", "/peer/v1/act/", 0, 404},
        {"POST", "/peer/v1/act/", 0, 404},
        {"POST", "/peer/v1/act/" HEX, 0, 404},
        {"GET", "/peer/v1/act/" HEX "0", 0, 404},
        {"GET", "/peer/v1/act/" HEX "/", 0, 404},
        {"GET", "/peer/v1/act/0" HEX, 0, 404},
        {"GET", "/peer/v1/act/../../../../../../../../../../../../../../../../../../keys/root", 0,
         404},
        {"GET", "/peer/v1/act/../../keys/root0000000000000000000000000000000000000000000000000", 0,
         404},
        {"GET", "/peer/v1/acts", 0, 404},
        {"GET", "/peer/v1/act" HEX, 0, 404},
        {"DELETE", "/peer/v1/act/" HEX, 0, 404},
        {"GET", "/peer/v1/pact", 0, 404},
        {"GET", "/peer/v1/pact/", 0, 404},
        {"GET", "/peer/v1/pact/01", 0, 404},
        {"GET", "/peer/v1/pact/1/", 0, 404},
        {"GET", "/peer/v1/pact/-1", 0, 404},
        {"GET", "/peer/v1/pact/../keys/root", 0, 404},
        {"GET", "/peer/v1/pact/18446744073709551617", 0, 404},
        {"POST", "/peer/v1/pact/1", 0, 404},
        {"GET", "/peer/v1/heads", 0, 404},
        {"POST", "/peer/v1/", 0, 404},
        {"GET", "/peer/v1/log/", 0, 404},
        {"GET", "/metrics", 0, 404},
    };
#undef HEX
    struct holder *f = holder_start(1, 60);
    (void)state;
    for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
        size_t most =
            ent_peer_max_body(f->peer, &node_alice.spki, routes[i].method, routes[i].path);
        unsigned status =
            holder_call(f, &node_alice, NULL, routes[i].method, routes[i].path, ent_slice(NULL, 0));
        if (most != routes[i].most || status != routes[i].status)
            printf("# %s %s: %zu, %u\n", routes[i].method, routes[i].path, most, status);
        assert_int_equal(most, routes[i].most);
        assert_int_equal(status, routes[i].status);
    }
    assert_int_equal(holder_events(f), 0);
    holder_stop(f);
}

/* --- offers that are not answered ---------------------------------------------------------------
 */

static unsigned offer_bytes(struct holder *f, struct node *who, struct ent_slice bytes)
{
    return holder_call(f, who, NULL, "POST", OFFER_PATH, bytes);
}

/* In her own log, and not as it has to be there. */
static void no_entry(struct holder *f, struct ent_statement *st, const struct ent_seed32 *key,
                     struct ent_slice body)
{
    struct ent_hash32 leaf;
    struct ent_buf b;
    uint64_t index;
    ent_buf_init(&b, ENT_DELIVERY_MAX);
    node_forge(&node_alice, key, st, body, &leaf, &index);
    node_submit(&node_alice, "bob");
    assert_ok(ent_book_deliver(node_alice.book, &b, NULL, index));
    assert_int_equal(offer_bytes(f, &node_alice, ent_buf_slice(&b)), 409);
    ent_buf_release(&b);
}

static void test_offers_that_are_no_entries(void **state)
{
    struct holder *f = holder_start(5, 60);
    struct ent_statement st;
    struct ent_buf b;
    struct run r, s;
    uint64_t index = 0;
    (void)state;
    run_prepare(&r, f, &node_alice, 3); /* the lowest number: shows that no other one counted */
    const struct ent_slice body = r.offer_act.body;
    st = node_statement(&node_alice, ENT_ST_OFFER, ENT_MEDIA_OFFER);
    st.sequence++;
    no_entry(f, &st, &node_alice.author, body);
    st = node_statement(&node_alice, ENT_ST_OFFER, ENT_MEDIA_OFFER);
    st.sequence--; /* one number for two statements */
    no_entry(f, &st, &node_alice.author, body);
    st = node_statement(&node_alice, ENT_ST_OFFER, ENT_MEDIA_OFFER);
    memcpy(st.author, "carol", 6); /* who has left her key lying about */
    no_entry(f, &st, &node_carol.author, body);
    /* Said, and nobody has cosigned it yet: bob's view does not go so far. */
    run_prepare(&s, f, &node_carol, 3);
    ent_buf_init(&b, ENT_DELIVERY_MAX);
    assert_ok(node_say(&node_carol, NULL, &index, ENT_ST_OFFER, ENT_MEDIA_OFFER, s.offer_act.body));
    assert_ok(ent_book_deliver(node_carol.book, &b, NULL, index));
    assert_int_equal(offer_bytes(f, &node_carol, ent_buf_slice(&b)), 503);
    /* A receipt for another statement of the same log. */
    struct ent_delivery *old = malloc(sizeof(*old));
    assert_non_null(old);
    struct ent_buf mixed, receipt, act;
    ent_buf_init(&mixed, ENT_DELIVERY_MAX);
    ent_buf_init(&receipt, ENT_RECEIPT_MAX);
    ent_buf_init(&act, ENT_ACT_MAX);
    assert_ok(ent_delivery_parse(old, ent_buf_slice(&s.offer_bytes), &node_bob.home->roster, NULL));
    old->receipt.entry = ent_slice(NULL, 0);
    assert_ok(ent_receipt_encode(&receipt, &old->receipt));
    assert_ok(ent_log_act(ent_book_log(node_carol.book), &act, NULL, index));
    assert_ok(ent_delivery_encode(&mixed, ent_buf_slice(&receipt), ent_buf_slice(&act)));
    assert_int_equal(offer_bytes(f, &node_carol, ent_buf_slice(&mixed)), 409);
    assert_int_equal(holder_events(f), 0);
    run_accepted(&r);
    run_accepted(&s);
    ent_buf_release(&b);
    ent_buf_release(&mixed);
    ent_buf_release(&receipt);
    ent_buf_release(&act);
    free(old);
    run_end(&r);
    run_end(&s);
    holder_stop(f);
}

static void test_offers_that_are_no_offers(void **state)
{
    struct holder *f = holder_start(5, 60);
    struct ent_buf body, b;
    struct ent_act act;
    struct run r;
    (void)state;
    run_prepare(&r, f, &node_alice,
                3); /* the lowest sequence of all: shows that no other one counted */
    const struct ent_slice good = r.offer_act.body;
    static const struct {
        enum ent_statement_type type;
        const char *media;
    } wrong[] = {
        {ENT_ST_ACCEPT, ENT_MEDIA_OFFER},
        {ENT_ST_RESULT, ENT_MEDIA_OFFER},
        {ENT_ST_OFFER, ENT_MEDIA_RESULT},
        {ENT_ST_JOIN, ENT_MEDIA_ACCEPT},
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        node_act(&node_alice, &node_alice.author, &b, &act, wrong[i].type, wrong[i].media, NULL,
                 good);
        assert_int_equal(offer_bytes(f, &node_alice, ent_buf_slice(&b)), 409);
        ent_buf_release(&b);
    }
    node_act(&node_alice, &node_carol.author, &b, &act, ENT_ST_OFFER, ENT_MEDIA_OFFER, NULL, good);
    assert_int_equal(offer_bytes(f, &node_alice, ent_buf_slice(&b)),
                     409); /* another one's signature */
    assert_int_equal(offer_bytes(f, &node_carol, ent_buf_slice(&b)), 409);
    ent_buf_release(&b);
    node_act(&node_alice, &node_alice.root, &b, &act, ENT_ST_OFFER, ENT_MEDIA_OFFER, NULL, good);
    assert_int_equal(offer_bytes(f, &node_alice, ent_buf_slice(&b)),
                     409); /* her own, of another role */
    ent_buf_release(&b);
    assert_int_equal(offer_bytes(f, &node_carol, ent_buf_slice(&r.offer_bytes)),
                     409); /* passed on */

    struct ent_match_offer o = r.offer;
    (void)snprintf(o.to, sizeof(o.to), "carol"); /* meant for another holder */
    ent_buf_init(&body, 1024);
    assert_ok(ent_match_offer_encode(&body, &o));
    node_act(&node_alice, &node_alice.author, &b, &act, ENT_ST_OFFER, ENT_MEDIA_OFFER, NULL,
             ent_buf_slice(&body));
    assert_int_equal(offer_bytes(f, &node_alice, ent_buf_slice(&b)), 409);
    ent_buf_release(&b);
    ent_buf_release(&body);

    assert_int_equal(holder_events(f), 0);
    assert_int_equal(holder_spent(f, "alice"), 0);
    assert_int_equal(holder_spent(f, "carol"), 0);
    run_accepted(&r);
    run_end(&r);
    holder_stop(f);
}

/* Every cut, and a flipped bit in every byte, of a good offer; and bytes that were never one. */
static void test_damaged_offers(void **state)
{
    struct holder *f = holder_start(5, 60);
    struct ent_buf b;
    struct run r;
    (void)state;
    run_prepare(&r, f, &node_alice, 3);
    /* Without cosignatures: one by a key that nobody knows may be there, and counts for nothing. */
    ent_buf_init(&b, ENT_DELIVERY_MAX + 1);
    node_deliver_bare(&node_alice, &b, ent_log_size(ent_book_log(node_alice.book)) - 1);
    const size_t whole = b.n;
    for (size_t cut = 0; cut < b.n; cut++)
        assert_int_equal(offer_bytes(f, &node_alice, ent_slice(b.p, cut)), 409);
    for (size_t i = 0; i < b.n; i++) {
        uint8_t bit = (uint8_t)(1u << ent_t_below(8));
        b.p[i] ^= bit;
        assert_int_equal(offer_bytes(f, &node_alice, ent_buf_slice(&b)), 409);
        b.p[i] ^= bit;
    }
    assert_ok(ent_buf_putc(&b, '\n'));
    assert_int_equal(offer_bytes(f, &node_alice, ent_buf_slice(&b)), 409);
    for (int i = 0; i < 50; i++) {
        b.n = (size_t)ent_t_below(whole);
        ent_random(b.p, b.n);
        assert_int_equal(offer_bytes(f, &node_alice, ent_buf_slice(&b)), 409);
    }
    assert_int_equal(holder_events(f), 0);
    assert_int_equal(holder_spent(f, "alice"), 0);
    run_accepted(&r);
    ent_buf_release(&b);
    run_end(&r);
    holder_stop(f);
}

/* --- refusals -----------------------------------------------------------------------------------
 */

static void test_an_old_offer_is_stale(void **state)
{
    struct holder *f = holder_start(5, 60);
    struct run never_sent, broken, done, next;
    (void)state;
    run_prepare(&never_sent, f, &node_alice, 2);
    run_begin(&broken, f, &node_alice, 2);
    run_refused(&never_sent, ENT_DENIED_STALE); /* a later one was seen */
    assert_int_equal(run_say(&broken, "POST", "evaluate", ENT_SLICE_LIT("?")), 409);
    run_refused(&broken, ENT_DENIED_STALE);
    run_begin(&done, f, &node_alice, 2);
    run_complete(&done, 2, 5);
    run_begin(&next, f, &node_alice, 2); /* takes the place of the one that is done */
    run_refused(&done, ENT_DENIED_STALE);
    run_wait_ready(&next);
    assert_int_equal(holder_spent(f, "alice"), 6);
    run_end(&never_sent);
    run_end(&broken);
    run_end(&done);
    run_end(&next);
    holder_stop(f);
}

static void test_size_and_budget(void **state)
{
    static const struct {
        unsigned items;
        enum ent_verdict verdict;
        uint64_t spent;
    } steps[] = {
        {0, ENT_DENIED_EMPTY, 0},
        {ITEMS_MOST + 1, ENT_DENIED_SIZE, 0},
        {ITEMS_MOST, ENT_ALLOWED, ITEMS_MOST},
        {ITEMS_MOST - 1, ENT_ALLOWED, BUDGET - 1},
        {2, ENT_DENIED_BUDGET, BUDGET - 1},
        {1, ENT_ALLOWED, BUDGET},
        {1, ENT_DENIED_BUDGET, BUDGET},
        {ITEMS_MOST + 1, ENT_DENIED_SIZE, BUDGET},
    };
    struct holder *f = holder_start(5, 60);
    struct run r;
    (void)state;
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        run_prepare(&r, f, &node_alice, steps[i].items);
        if (steps[i].verdict == ENT_ALLOWED) {
            run_accepted(&r); /* and broken off: what was charged is not given back */
            assert_int_equal(run_say(&r, "POST", "result", ENT_SLICE_LIT("")), 409);
            holder_assert_event(f, ENT_PEER_ABORTED, "alice", r.id, steps[i].items);
        } else {
            run_refused(&r, steps[i].verdict);
        }
        assert_int_equal(holder_spent(f, "alice"), steps[i].spent);
        run_end(&r);
    }
    assert_int_equal(holder_spent(f, "carol"), 0); /* each partner has a budget of its own */
    run_whole(f, &node_carol, 10, 5);
    assert_int_equal(holder_spent(f, "carol"), 10);
    holder_stop(f);
}

static void test_no_more_than_four_runs_of_one_partner(void **state)
{
    struct holder *f = holder_start(5, 60);
    struct run r[4], fifth, hers;
    (void)state;
    for (int i = 0; i < 4; i++)
        run_begin(&r[i], f, &node_alice, 3);
    run_prepare(&fifth, f, &node_alice, 3);
    run_refused(&fifth, ENT_DENIED_BUSY);
    run_end(&fifth);
    assert_int_equal(holder_spent(f, "alice"), 12); /* what is refused costs nothing */
    run_begin(&hers, f, &node_carol, 3);            /* nobody else has to wait */
    run_complete(&r[2], 3, 5);
    run_begin(&fifth, f, &node_alice, 3);
    run_end(&fifth);
    run_prepare(&fifth, f, &node_alice, 3);
    run_refused(&fifth, ENT_DENIED_BUSY);
    run_assert_dead(&r[2]);
    run_complete(&r[0], 3, 5); /* the others go on as if nothing had been */
    run_complete(&r[3], 3, 5);
    run_complete(&hers, 3, 5);
    for (int i = 0; i < 4; i++)
        run_end(&r[i]);
    run_end(&fifth);
    run_end(&hers);
    holder_stop(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_paths_of_logs_and_news),
        cmocka_unit_test(test_a_whole_run),
        cmocka_unit_test(test_after_a_head_was_cosigned),
        cmocka_unit_test(test_every_message_may_be_repeated),
        cmocka_unit_test(test_held),
        cmocka_unit_test(test_no_filter_before_it_is_computed),
        cmocka_unit_test(test_two_partners_at_once),
        cmocka_unit_test(test_offers_that_are_no_offers),
        cmocka_unit_test(test_offers_that_are_no_entries),
        cmocka_unit_test(test_damaged_offers),
        cmocka_unit_test(test_an_old_offer_is_stale),
        cmocka_unit_test(test_size_and_budget),
        cmocka_unit_test(test_no_more_than_four_runs_of_one_partner),
        cmocka_unit_test(test_what_is_no_request),
        cmocka_unit_test(test_only_members_are_allowed),
        cmocka_unit_test(test_nobody_who_withdrew), /* the last one: carol has left then */
    };
    ent_t_start("peer");
    return cmocka_run_group_tests_name("peer", tests, node_make_all, node_free_all);
}
