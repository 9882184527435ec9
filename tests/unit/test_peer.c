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
    ent_buf_init(&first, ENT_ACT_MAX);
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
    const struct node *who;
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

static void test_only_members_are_allowed(void **state)
{
    struct holder *f = holder_start(1, 60);
    struct ent_home *other = calloc(1, sizeof(*other));
    struct ent_spki spki = node_alice.spki;
    struct run r;
    (void)state;
    assert_non_null(other);
    assert_true(ent_peer_allow(f->peer, &node_alice.spki));
    assert_true(ent_peer_allow(f->peer, &node_carol.spki));
    assert_false(ent_peer_allow(f->peer, &node_bob.spki)); /* one's own key is no partner's */
    spki.b[31] ^= 1;
    assert_false(ent_peer_allow(f->peer, &spki));
    assert_false(ent_peer_allow(f->peer, &node_dave.spki));
    run_prepare(&r, f, &node_dave, 2);
    assert_int_equal(run_send_offer(&r), 409);
    assert_int_equal(holder_events(f), 0);

    /* Another process of bob's makes dave a member while the peer serves. */
    assert_ok(ent_home_open(other, NULL, node_bob.home->dir));
    node_accept(other, &node_bob.root, &node_dave);
    assert_true(ent_peer_allow(f->peer, &node_dave.spki));
    run_accepted(&r);
    run_end(&r);
    free(other);
    holder_stop(f);
}

static void test_paths(void **state)
{
#define ID "00112233445566778899aabbccddeeff"
    static const struct {
        const char *method, *path;
        size_t most;
    } routes[] = {
        {"POST", "/peer/v1/match", ENT_ACT_MAX},
        {"POST", "/peer/v1/match/" ID "/evaluate", ENT_LOOKUP_ASK_MAX},
        {"POST", "/peer/v1/match/" ID "/result", ENT_ACT_MAX},
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

/* --- offers that are not answered ---------------------------------------------------------------
 */

static unsigned offer_bytes(struct holder *f, const struct node *who, struct ent_slice bytes)
{
    return holder_call(f, who, NULL, "POST", OFFER_PATH, bytes);
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
    ent_buf_init(&b, ENT_ACT_MAX + 1);
    assert_ok(ent_buf_put_slice(&b, ent_buf_slice(&r.offer_bytes)));
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
        b.n = (size_t)ent_t_below(r.offer_bytes.n);
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
        cmocka_unit_test(test_only_members_are_allowed),
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_a_whole_run),
        cmocka_unit_test(test_every_message_may_be_repeated),
        cmocka_unit_test(test_held),
        cmocka_unit_test(test_no_filter_before_it_is_computed),
        cmocka_unit_test(test_two_partners_at_once),
        cmocka_unit_test(test_offers_that_are_no_offers),
        cmocka_unit_test(test_damaged_offers),
        cmocka_unit_test(test_an_old_offer_is_stale),
        cmocka_unit_test(test_size_and_budget),
        cmocka_unit_test(test_no_more_than_four_runs_of_one_partner),
    };
    ent_t_start("peer");
    return cmocka_run_group_tests_name("peer", tests, node_make_all, node_free_all);
}
