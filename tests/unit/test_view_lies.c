/* test_view_lies.c: what nodes make of those who fork, withhold and lie: who shows two histories is
 * exposed, who shows nothing suspected, and nobody for what others did. */
#include "tests/support/viewnet.h"

static void say(struct viewnet *net, size_t node, size_t n, const char *what)
{
    assert_ok(viewnet_say(net, node, n, what));
}

/* --- two histories -----------------------------------------------------------------------------
 */

/* m0 has a second home (the node that comes back), whose history is another one from the third
 * entry on; m1 is shown the first, m2 the second. */
static struct viewnet *two_faced(size_t *ret_twin, size_t first, size_t second)
{
    struct viewnet *net = viewnet_start(4, 3);
    viewnet_round(net);
    say(net, 0, 2, "truth");
    size_t twin = viewnet_clone(net, 0, 0);
    viewnet_route(net, 2, twin);
    assert_ok(viewnet_greet(net, twin, 1));
    assert_ok(viewnet_greet(net, twin, 3));
    say(net, 0, first, "one thing");
    say(net, twin, second, "another thing");
    *ret_twin = twin;
    return net;
}

/* All of m1's home is of yesterday, lock/ too: what it cosigned since, it does not know. */
static void test_an_old_copy_does_not_cosign(void **state)
{
    struct viewnet *net = viewnet_start(4, 3);
    (void)state;
    viewnet_round(net);
    say(net, 0, 2, "truth");
    say(net, 1, 1, "yesterday");
    size_t old = viewnet_clone(net, 1, 1), twin = viewnet_clone(net, 0, 0);
    say(net, 1, 1, "today");
    assert_ok(viewnet_submit(net, 1, 2));
    assert_ok(viewnet_submit(net, 1, 3));
    assert_ok(viewnet_greet(net, twin, 2));
    assert_ok(viewnet_greet(net, twin, 3));
    say(net, 0, 3, "one thing");
    say(net, twin, 3, "another thing");
    assert_ok(viewnet_submit(net, 0, 1));
    viewnet_route(net, twin, old);
    assert_err(viewnet_submit(net, twin, 1), ENT_E_PEER);
    assert_ok(viewnet_greet(net, old, 2));
    assert_ok(viewnet_greet(net, old, 3));
    assert_int_equal(ent_log_state(net->node[old].log), ENT_LOG_OLD);
    assert_err(viewnet_submit(net, twin, 1), ENT_E_PEER);
    viewnet_stop(net);
}

static void test_a_fork_of_one_size_is_exposed_when_two_meet(void **state)
{
    (void)state;
    for (int order = 0; order < 2; order++) {
        size_t twin;
        struct viewnet *net = two_faced(&twin, 3, 3);
        assert_ok(viewnet_submit(net, 0, 1));
        assert_ok(viewnet_submit(net, twin, 2));
        assert_int_equal(viewnet_size(net, 1, 0), 5);
        assert_int_equal(viewnet_size(net, 2, 0), 5);
        assert_ok(order == 0 ? viewnet_greet(net, 1, 2) : viewnet_greet(net, 2, 1));
        assert_true(viewnet_is_exposed(net, 1, 0, ENT_MB_FORK));
        assert_true(viewnet_is_exposed(net, 2, 0, ENT_MB_FORK));
        assert_int_equal(net->node[1].told, 1);
        assert_int_equal(net->node[2].told, 1);
        /* a head that somebody who does not know yet has cosigned changes nothing */
        say(net, 0, 1, "more");
        assert_ok(viewnet_submit(net, 0, 3));
        assert_int_equal(viewnet_size(net, 3, 0), 6);
        assert_ok(viewnet_pull(net, 1, 0, 0, true));
        assert_int_equal(viewnet_size(net, 1, 0), 5);
        /* and everybody whom they meet, who then do not cosign either */
        assert_ok(viewnet_greet(net, 3, 1));
        assert_true(viewnet_is_exposed(net, 3, 0, ENT_MB_FORK));
        say(net, 0, 1, "more");
        for (size_t w = 1; w < 4; w++)
            assert_err(viewnet_submit(net, 0, w), ENT_E_POLICY);
        /* the others go on */
        say(net, 1, 1, "truth");
        assert_ok(viewnet_submit(net, 1, 2));
        viewnet_stop(net);
    }
}

static void test_a_fork_of_two_sizes_is_exposed_by_a_mirror(void **state)
{
    (void)state;
    for (int order = 0; order < 4; order++) {
        size_t twin;
        struct viewnet *net = two_faced(&twin, order < 2 ? 3 : 9, order < 2 ? 9 : 3);
        assert_ok(viewnet_submit(net, 0, 1));
        assert_ok(viewnet_pull(net, 1, 0, 0, true));
        assert_ok(viewnet_submit(net, twin, 2));
        assert_ok(viewnet_pull(net, 2, 0, 0, true));
        assert_ok(order % 2 == 0 ? viewnet_greet(net, 1, 2) : viewnet_greet(net, 2, 1));
        assert_true(viewnet_is_exposed(net, 1, 0, ENT_MB_FORK));
        assert_true(viewnet_is_exposed(net, 2, 0, ENT_MB_FORK));
        viewnet_stop(net);
    }
}

/* Without entries nobody can say on the spot; the log's own tiles say it later. */
static void test_a_fork_is_exposed_by_the_tiles_of_the_log(void **state)
{
    (void)state;
    for (int who = 1; who < 3; who++) {
        size_t twin;
        struct viewnet *net = two_faced(&twin, 3, 9);
        assert_ok(viewnet_submit(net, 0, 1));
        assert_ok(viewnet_submit(net, twin, 2));
        assert_ok(viewnet_greet(net, 1, 2));
        assert_ok(viewnet_greet(net, 2, 1));
        assert_false(viewnet_is_exposed(net, 1, 0, ENT_MB_FORK));
        assert_false(viewnet_is_exposed(net, 2, 0, ENT_MB_FORK));
        viewnet_route(net, 1, twin);
        assert_err(viewnet_pull(net, (size_t)who, 0, 0, false), ENT_E_AUTH);
        assert_true(viewnet_is_exposed(net, (size_t)who, 0, ENT_MB_FORK));
        assert_ok(viewnet_greet(net, 1, 2));
        assert_true(viewnet_is_exposed(net, 1, 0, ENT_MB_FORK));
        assert_true(viewnet_is_exposed(net, 2, 0, ENT_MB_FORK));
        viewnet_stop(net);
    }
}

/* Heads survive a restart, and so do proofs. */
static void test_a_fork_is_found_after_restarts(void **state)
{
    size_t twin;
    struct viewnet *net = two_faced(&twin, 3, 9);
    (void)state;
    assert_ok(viewnet_submit(net, 0, 1));
    assert_ok(viewnet_submit(net, twin, 2));
    assert_ok(viewnet_greet(net, 1, 2));
    viewnet_down(net, 2);
    viewnet_up(net, 2);
    assert_ok(viewnet_greet(net, 2, 1));
    viewnet_down(net, 2);
    viewnet_up(net, 2);
    assert_err(viewnet_pull(net, 2, 0, 0, false), ENT_E_AUTH);
    viewnet_down(net, 2);
    viewnet_up(net, 2);
    assert_true(viewnet_is_exposed(net, 2, 0, ENT_MB_FORK));
    assert_int_equal(net->node[2].told, 1);
    viewnet_stop(net);
}

static void test_a_witness_of_two_histories_is_exposed(void **state)
{
    size_t twin, second;
    struct viewnet *net = two_faced(&twin, 3, 3);
    (void)state;
    second = viewnet_clone(net, 1, 1);
    viewnet_route(net, twin, second);
    viewnet_route(net, second, twin);
    assert_ok(viewnet_greet(net, second, 2)); /* before that it may be an old copy */
    assert_ok(viewnet_greet(net, second, 3));
    assert_ok(viewnet_submit(net, 0, 1));
    assert_ok(viewnet_submit(net, twin, 1));
    assert_ok(viewnet_greet(net, 3, 0));
    assert_ok(viewnet_pull(net, 3, 0, 0, false));
    assert_ok(viewnet_pull(net, 2, 0, 0, false));
    assert_ok(viewnet_greet(net, 2, 3));
    for (size_t i = 2; i < 4; i++) {
        assert_true(viewnet_is_exposed(net, i, 0, ENT_MB_FORK));
        assert_true(viewnet_is_exposed(net, i, 1, ENT_MB_WITNESS));
        assert_false(viewnet_is_exposed(net, i, 2, ENT_MB_WITNESS));
        assert_false(viewnet_is_exposed(net, i, 3, ENT_MB_WITNESS));
    }
    viewnet_stop(net);
}

/* --- proofs ------------------------------------------------------------------------------------
 */

static enum ent_err one_proof(void *ctx, struct ent_slice proof)
{
    struct ent_buf *b = ctx;
    ent_buf_clear(b);
    return ent_buf_put_slice(b, proof);
}

static void test_proofs_travel_and_are_checked(void **state)
{
    size_t twin;
    struct viewnet *net = two_faced(&twin, 3, 3);
    struct ent_misbehaviour m;
    struct ent_buf b;
    (void)state;
    ent_buf_init(&b, ENT_MISBEHAVIOUR_MAX);
    assert_ok(viewnet_submit(net, 0, 1));
    assert_ok(viewnet_submit(net, twin, 2));
    assert_ok(viewnet_greet(net, 1, 2));
    assert_ok(ent_view_each_proof(net->node[1].view, &b, one_proof));
    assert_ok(ent_misbehaviour_parse(&m, ent_buf_slice(&b), NULL));
    assert_string_equal(m.member, "m0");
    assert_int_equal(m.kind, ENT_MB_FORK);
    assert_true(ent_slice_eq(m.pact, ENT_SLICE_LIT("entente/pact@v2\n")));
    /* against somebody else it shows nothing */
    uint8_t *name = memmem(b.p, b.n, "member m0", 9);
    assert_non_null(name);
    name[8] = '2';
    assert_err(ent_view_accuse(net->node[3].view, NULL, ent_buf_slice(&b)), ENT_E_AUTH);
    name[8] = '9';
    assert_err(ent_view_accuse(net->node[3].view, NULL, ent_buf_slice(&b)), ENT_E_AUTH);
    name[8] = '0';
    b.n--;
    assert_err(ent_view_accuse(net->node[3].view, NULL, ent_buf_slice(&b)), ENT_E_FORMAT);
    b.n++;
    assert_false(viewnet_is_exposed(net, 3, 0, ENT_MB_FORK));
    assert_ok(ent_view_accuse(net->node[3].view, NULL, ent_buf_slice(&b)));
    assert_err(ent_view_accuse(net->node[3].view, NULL, ent_buf_slice(&b)), ENT_E_EXISTS);
    assert_true(viewnet_is_exposed(net, 3, 0, ENT_MB_FORK));
    assert_int_equal(net->node[3].told, 1);
    /* one of a kind is enough: nothing is exchanged any more */
    net->calls = 0;
    assert_ok(viewnet_greet(net, 3, 2));
    assert_int_equal(net->calls, 1);
    ent_buf_release(&b);
    viewnet_stop(net);
}

static void test_damaged_proofs_are_ignored_and_named(void **state)
{
    size_t twin;
    struct viewnet *net = two_faced(&twin, 3, 3);
    const char *name = NULL;
    (void)state;
    assert_ok(viewnet_submit(net, 0, 1));
    assert_ok(viewnet_submit(net, twin, 2));
    assert_ok(viewnet_greet(net, 1, 2));
    assert_null(ent_view_ignored(net->node[1].view, 0));
    viewnet_down(net, 1);
    for (size_t i = 0; (name = ent_simdisk_name(net->node[1].disk, i)) != NULL; i++)
        if (strncmp(name, "exposed/m0-", 11) == 0)
            ent_simdisk_flip(net->node[1].disk, name, 8 * 300);
    viewnet_up(net, 1);
    assert_string_equal(ent_view_ignored(net->node[1].view, 0), "m0");
    assert_null(ent_view_ignored(net->node[1].view, 1));
    assert_false(viewnet_is_exposed(net, 1, 0, ENT_MB_FORK));
    /* and it comes again from those who have it whole */
    assert_ok(viewnet_greet(net, 1, 2));
    assert_true(viewnet_is_exposed(net, 1, 0, ENT_MB_FORK));
    assert_null(ent_view_ignored(net->node[1].view, 0));
    assert_int_equal(net->node[1].mended, 1);
    viewnet_stop(net);
}

/* A list in which a bit flipped is written again; who was exposed by it stays so, or is again as
 * soon as somebody is met, and nobody else is. */
static void test_a_damaged_list(void **state)
{
    size_t twin;
    struct viewnet *net = two_faced(&twin, 3, 3);
    struct ent_buf list;
    (void)state;
    assert_ok(viewnet_submit(net, 0, 1));
    assert_ok(viewnet_submit(net, twin, 2));
    assert_ok(viewnet_greet(net, 1, 2));
    ent_buf_init(&list, 4096);
    assert_ok(ent_buf_put_slice(&list, ent_simdisk_file(net->node[1].disk, "exposed/list")));
    for (size_t bit = 0; bit < 8 * list.n; bit += 5) {
        unsigned told = net->node[1].mended;
        viewnet_down(net, 1);
        ent_simdisk_flip(net->node[1].disk, "exposed/list", bit);
        viewnet_up(net, 1);
        assert_int_equal(net->node[1].mended, told + 1);
        assert_null(ent_view_ignored(net->node[1].view, 0));
        assert_false(viewnet_is_exposed(net, 1, 2, ENT_MB_FORK));
        assert_ok(viewnet_greet(net, 1, 2));
        assert_true(viewnet_is_exposed(net, 1, 0, ENT_MB_FORK));
        assert_true(ent_slice_eq(ent_simdisk_file(net->node[1].disk, "exposed/list"),
                                 ent_buf_slice(&list)));
        assert_int_equal(net->node[1].mended, told + 1);
    }
    ent_buf_release(&list);
    viewnet_stop(net);
}

/* --- silence and lies --------------------------------------------------------------------------
 */

static bool no_entries(struct viewnet *net, size_t to, const char *method, const char *path,
                       struct ent_slice body, unsigned *ret_status, struct ent_buf *answer)
{
    (void)net;
    (void)method;
    (void)body;
    (void)answer;
    if (to != 0 || strstr(path, "tile/entries") == NULL)
        return false;
    *ret_status = 404;
    return true;
}

static bool no_hashes(struct viewnet *net, size_t to, const char *method, const char *path,
                      struct ent_slice body, unsigned *ret_status, struct ent_buf *answer)
{
    (void)net;
    (void)method;
    (void)body;
    (void)answer;
    *ret_status = 404;
    return to == 0 && strstr(path, "tile/0") != NULL;
}

/* The right answer with a bit that is not. */
static bool flipped(struct viewnet *net, size_t to, const char *method, const char *path,
                    struct ent_slice body, unsigned *ret_status, struct ent_buf *answer)
{
    if (to != 0 || strstr(path, "/tile/") == NULL)
        return false;
    *ret_status = viewnet_ask(net, to, answer, method, path, body);
    if (answer->n > 0)
        answer->p[ent_t_below(answer->n)] ^= (uint8_t)(1u << ent_t_below(8));
    return true;
}

static bool other_entries(struct viewnet *net, size_t to, const char *method, const char *path,
                          struct ent_slice body, unsigned *ret_status, struct ent_buf *answer)
{
    return strstr(path, "tile/entries") != NULL &&
           flipped(net, to, method, path, body, ret_status, answer);
}

static bool endless(struct viewnet *net, size_t to, const char *method, const char *path,
                    struct ent_slice body, unsigned *ret_status, struct ent_buf *answer)
{
    uint8_t *p;
    (void)net;
    (void)method;
    (void)body;
    if (to != 0 || strstr(path, "/tile/") == NULL)
        return false;
    *ret_status = 200;
    assert_ok(ent_buf_reserve(answer, &p, 18u << 20));
    memset(p, 0, 18u << 20);
    answer->n += 18u << 20;
    return true;
}

static void test_what_is_withheld_makes_suspected(void **state)
{
    bool (*const lies[])(struct viewnet *, size_t, const char *, const char *, struct ent_slice,
                         unsigned *, struct ent_buf *) = {no_entries, no_hashes, endless, flipped,
                                                          other_entries};
    struct ent_verdict_on on;
    struct ent_view_log l;
    (void)state;
    for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
        struct viewnet *net = viewnet_start(3, 2);
        viewnet_round(net);
        say(net, 0, 5, "truth");
        assert_ok(viewnet_pull(net, 1, 0, 0, true));
        say(net, 0, 300, "truth");
        net->lie = lies[i];
        assert_err(viewnet_pull(net, 1, 0, 0, true), ENT_E_PEER);
        assert_ok(ent_view_verdict(net->node[1].view, &on, "m0", net->now));
        assert_false(on.exposed);
        assert_int_equal(on.suspected_since, net->now);
        assert_ok(ent_view_log(net->node[1].view, &l, "m0", 0));
        assert_int_equal(l.mirrored, 5);
        viewnet_assert_truth(net, 3);
        net->lie = NULL;
        net->now += 10;
        assert_ok(viewnet_pull(net, 1, 0, 0, true));
        assert_ok(ent_view_verdict(net->node[1].view, &on, "m0", net->now));
        assert_int_equal(on.suspected_since, 0);
        viewnet_assert_truth(net, 3);
        assert_int_equal(viewnet_size(net, 1, 0), 305);
        viewnet_stop(net);
    }
}

static void test_silence_makes_suspected(void **state)
{
    struct viewnet *net = viewnet_start(3, 2);
    struct ent_verdict_on on;
    const int64_t start = net->now;
    (void)state;
    viewnet_round(net);
    say(net, 0, 1, "truth");
    assert_ok(viewnet_submit(net, 0, 1));
    net->now = start + ENT_SUSPECT_AFTER;
    assert_ok(ent_view_verdict(net->node[1].view, &on, "m0", net->now));
    assert_int_equal(on.suspected_since, 0);
    net->now++;
    assert_ok(ent_view_verdict(net->node[1].view, &on, "m0", net->now));
    assert_int_equal(on.suspected_since, start);
    assert_int_equal(on.last_head, start);
    assert_false(on.exposed);
    /* a heartbeat is the same head, cosigned again; others hear of it by gossip */
    assert_ok(viewnet_submit(net, 0, 1));
    assert_ok(ent_view_verdict(net->node[1].view, &on, "m0", net->now));
    assert_int_equal(on.suspected_since, 0);
    assert_ok(viewnet_pull(net, 2, 0, 1, false));
    assert_ok(ent_view_verdict(net->node[2].view, &on, "m0", net->now));
    assert_int_equal(on.last_head, net->now);
    assert_err(ent_view_verdict(net->node[2].view, &on, "nobody", net->now), ENT_E_NOTFOUND);
    viewnet_stop(net);
}

static void post_head(struct viewnet *net, size_t node, struct ent_slice note, unsigned want)
{
    struct ent_buf b;
    ent_buf_init(&b, ENT_HEADS_MAX);
    assert_ok(ent_buf_printf(&b, "entente/heads@v1\nhead %zu\n", note.n));
    assert_ok(ent_buf_put_slice(&b, note));
    assert_int_equal(
        viewnet_ask(net, node, NULL, "POST", ENT_VIEW_PREFIX "heads", ent_buf_slice(&b)), want);
    ent_buf_release(&b);
}

static void test_nobody_is_accused_by_what_others_sign(void **state)
{
    struct viewnet *net = viewnet_start(4, 3);
    struct ent_hash32 root = {{1}};
    struct ent_buf b;
    (void)state;
    ent_buf_init(&b, ENT_NOTE_MAX);
    viewnet_round(net);
    say(net, 0, 3, "truth");
    viewnet_round(net);
    /* another root for m0's log, signed by anybody but m0 */
    struct ent_seed32 right = net->pact.log[0][1];
    net->pact.log[0][1] = net->pact.log[3][1];
    logs_head(&b, &net->pact, 0, 1, 3, &root);
    net->pact.log[0][1] = right;
    post_head(net, 1, ent_buf_slice(&b), 200);
    logs_cosign(&b, &net->pact, 2, net->now);
    post_head(net, 1, ent_buf_slice(&b), 200);
    /* m0's own head with a cosignature that is none */
    logs_head(&b, &net->pact, 0, 1, 4, &root);
    logs_cosign(&b, &net->pact, 2, net->now);
    b.p[b.n - 10] = b.p[b.n - 10] == 'A' ? 'B' : 'A';
    post_head(net, 1, ent_buf_slice(&b), 200);
    viewnet_assert_truth(net, 4);
    assert_int_equal(viewnet_size(net, 1, 0), 3);
    ent_buf_release(&b);
    viewnet_stop(net);
}

/* A partner can sign as many heads as it likes. */
static void test_a_flood_of_heads_is_bounded(void **state)
{
    struct viewnet *net = viewnet_start(3, 2);
    struct ent_hash32 root;
    struct ent_buf b;
    (void)state;
    ent_buf_init(&b, ENT_NOTE_MAX);
    viewnet_round(net);
    say(net, 0, 3, "truth");
    assert_ok(viewnet_submit(net, 0, 1));
    for (uint64_t i = 0; i < 4096 + 300; i++) {
        ent_random(root.b, 32);
        logs_head(&b, &net->pact, 0, 1, 1000 + i, &root);
        post_head(net, 1, ent_buf_slice(&b), 200);
    }
    assert_in_range(ent_simdisk_file(net->node[1].disk, "mirror/m0/1/seen").n, 1, 4u << 20);
    assert_int_equal(viewnet_size(net, 1, 0), 3);
    /* the newest are there still, also after a restart: one more root for one of them */
    viewnet_down(net, 1);
    viewnet_up(net, 1);
    logs_head(&b, &net->pact, 0, 1, 1000 + 4096 + 200, &root);
    post_head(net, 1, ent_buf_slice(&b), 200);
    assert_true(viewnet_is_exposed(net, 1, 0, ENT_MB_FORK));
    ent_buf_release(&b);
    viewnet_stop(net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_old_copy_does_not_cosign),
        cmocka_unit_test(test_a_fork_of_one_size_is_exposed_when_two_meet),
        cmocka_unit_test(test_a_fork_of_two_sizes_is_exposed_by_a_mirror),
        cmocka_unit_test(test_a_fork_is_exposed_by_the_tiles_of_the_log),
        cmocka_unit_test(test_a_fork_is_found_after_restarts),
        cmocka_unit_test(test_a_witness_of_two_histories_is_exposed),
        cmocka_unit_test(test_proofs_travel_and_are_checked),
        cmocka_unit_test(test_a_damaged_list),
        cmocka_unit_test(test_damaged_proofs_are_ignored_and_named),
        cmocka_unit_test(test_what_is_withheld_makes_suspected),
        cmocka_unit_test(test_silence_makes_suspected),
        cmocka_unit_test(test_nobody_is_accused_by_what_others_sign),
        cmocka_unit_test(test_a_flood_of_heads_is_bounded),
    };
    return ent_t_run("view_lies", tests);
}
