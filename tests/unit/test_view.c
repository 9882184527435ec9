/* test_view.c: nodes that greet, witness and mirror each other, and what they make of those who
 * lie, fork, withhold, and of networks that lose and repeat. */
#include "tests/support/viewnet.h"

/* Everything that an honest net must have come to: no head that is not the log's own, no proof. */
static void assert_truth(struct viewnet *net, size_t members)
{
    for (size_t i = 0; i < members; i++)
        for (size_t m = 0; m < members; m++) {
            struct ent_view_log l;
            struct ent_verdict_on on;
            struct ent_hash32 root;
            struct ent_tree *truth = ent_log_tree(net->node[m].log);
            assert_ok(ent_view_verdict(net->node[i].view, &on, viewnet_name(net, m), net->now));
            assert_false(on.exposed);
            if (ent_view_log(net->node[i].view, &l, viewnet_name(net, m), 0) != ENT_OK)
                continue;
            assert_in_range(l.size, 0, ent_log_size(net->node[m].log));
            assert_in_range(l.mirrored, 0, i == m ? UINT64_MAX : l.size);
            assert_ok(ent_tree_root(truth, &root, l.size));
            assert_memory_equal(root.b, l.root.b, 32);
            struct ent_tree *mirror = ent_view_tree(net->node[i].view, viewnet_name(net, m), 0);
            if (mirror == NULL)
                continue;
            assert_ok(ent_tree_root(mirror, &l.root, l.mirrored));
            assert_ok(ent_tree_root(truth, &root, l.mirrored));
            assert_memory_equal(root.b, l.root.b, 32);
        }
}

static void say(struct viewnet *net, size_t node, size_t n, const char *what)
{
    assert_ok(viewnet_say(net, node, n, what));
}

/* --- all goes well -----------------------------------------------------------------------------
 */

static void test_everybody_sees_everything(void **state)
{
    struct viewnet *net = viewnet_start(4, 3);
    struct ent_hash32 roots[4];
    struct ent_view_log l;
    struct ent_buf list, head;
    (void)state;
    for (size_t i = 0; i < 4; i++)
        assert_err(viewnet_say(net, i, 1, "too early"), ENT_E_STATE);
    viewnet_round(net);
    for (size_t i = 0; i < 4; i++)
        say(net, i, 2 + i, "truth");
    viewnet_round(net);
    viewnet_round(net);
    ent_buf_init(&list, 1 << 16);
    ent_buf_init(&head, ENT_NOTE_MAX);
    for (size_t i = 0; i < 4; i++) {
        for (size_t m = 0; m < 4; m++) {
            assert_ok(ent_view_log(net->node[i].view, &l, viewnet_name(net, m), 0));
            assert_int_equal(l.size, 2 + m);
            assert_int_equal(l.mirrored, 2 + m);
            assert_true(l.standing.accepted);
            assert_int_equal(l.standing.cosigned, 3);
            assert_int_equal(l.standing.not_later, net->now);
            ent_buf_clear(&head);
            assert_ok(ent_view_head(net->node[m].view, &head, viewnet_name(net, m), 0));
            assert_ok(ent_view_fits(net->node[i].view, NULL, ent_buf_slice(&head)));
        }
        ent_buf_clear(&list);
        assert_ok(ent_view_heads_root(net->node[i].view, &roots[i], &list));
        assert_memory_equal(roots[0].b, roots[i].b, 32);
    }
    assert_truth(net, 4);
    /* after a restart the same */
    viewnet_down(net, 2);
    viewnet_up(net, 2);
    assert_ok(ent_view_heads_root(net->node[2].view, &roots[1], NULL));
    assert_memory_equal(roots[0].b, roots[1].b, 32);
    ent_buf_release(&list);
    ent_buf_release(&head);
    viewnet_stop(net);
}

static void test_nothing_new_asks_little(void **state)
{
    struct viewnet *net = viewnet_start(4, 3);
    (void)state;
    viewnet_round(net);
    say(net, 0, 3, "truth");
    viewnet_round(net);
    viewnet_round(net);
    net->calls = 0;
    assert_ok(viewnet_greet(net, 1, 0));
    assert_ok(viewnet_pull(net, 1, 0, 0, true));
    assert_int_equal(net->calls, 2);
    viewnet_stop(net);
}

static void test_a_long_log_comes_in_pieces(void **state)
{
    static const size_t pieces[] = {1, 254, 1, 1, 255, 700, 3};
    struct viewnet *net = viewnet_start(2, 1);
    uint64_t size = 0;
    (void)state;
    viewnet_round(net);
    for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        say(net, 0, pieces[i], "truth");
        size += pieces[i];
        assert_ok(viewnet_pull(net, 1, 0, 0, i % 2 == 0));
        assert_int_equal(viewnet_size(net, 1, 0), size);
    }
    assert_ok(viewnet_pull(net, 1, 0, 0, true));
    assert_truth(net, 2);
    viewnet_stop(net);
}

/* What one holds another may give, when its author is away. */
static void test_mirrors_serve_for_others(void **state)
{
    struct viewnet *net = viewnet_start(3, 2);
    (void)state;
    viewnet_round(net);
    say(net, 0, 300, "truth");
    assert_ok(viewnet_submit(net, 0, 1));
    assert_ok(viewnet_pull(net, 1, 0, 0, true));
    viewnet_down(net, 0);
    assert_err(viewnet_pull(net, 2, 0, 0, true), ENT_E_TIMEOUT);
    assert_ok(viewnet_pull(net, 2, 0, 1, true));
    assert_int_equal(viewnet_size(net, 2, 0), 300);
    viewnet_up(net, 0);
    assert_truth(net, 3);
    viewnet_stop(net);
}

static void test_lost_and_repeated_messages(void **state)
{
    struct viewnet *net = viewnet_start(4, 3);
    (void)state;
    net->lose_request = net->lose_answer = net->replay = 25;
    for (int i = 0; i < 12; i++) {
        viewnet_round(net);
        for (size_t m = 0; m < 4; m++)
            if (ent_log_state(net->node[m].log) == ENT_LOG_READY)
                say(net, m, 1 + ent_t_below(3), "truth");
        net->now += 60;
    }
    assert_truth(net, 4);
    net->lose_request = net->lose_answer = net->replay = 0;
    viewnet_round(net);
    viewnet_round(net);
    assert_truth(net, 4);
    for (size_t i = 0; i < 4; i++)
        for (size_t m = 0; m < 4; m++)
            assert_int_equal(viewnet_size(net, i, m), ent_log_size(net->node[m].log));
    viewnet_stop(net);
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
        assert_truth(net, 3);
        net->lie = NULL;
        net->now += 10;
        assert_ok(viewnet_pull(net, 1, 0, 0, true));
        assert_ok(ent_view_verdict(net->node[1].view, &on, "m0", net->now));
        assert_int_equal(on.suspected_since, 0);
        assert_truth(net, 3);
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
    assert_truth(net, 4);
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

/* --- one's own log -----------------------------------------------------------------------------
 */

static void test_an_old_copy_never_signs(void **state)
{
    struct viewnet *net = viewnet_start(4, 3);
    (void)state;
    viewnet_round(net);
    say(net, 0, 3, "truth");
    viewnet_round(net);
    size_t old = viewnet_clone(net, 0, 0);
    say(net, 0, 2, "truth");
    assert_ok(viewnet_submit(net, 0, 2));
    assert_err(viewnet_say(net, old, 1, "too early"), ENT_E_STATE);
    /* one who does not know better is not enough */
    assert_ok(viewnet_greet(net, old, 1));
    assert_int_equal(ent_log_state(net->node[old].log), ENT_LOG_UNASKED);
    assert_err(viewnet_say(net, old, 1, "too early"), ENT_E_STATE);
    assert_ok(viewnet_greet(net, old, 2));
    assert_int_equal(ent_log_state(net->node[old].log), ENT_LOG_OLD);
    assert_err(viewnet_say(net, old, 1, "a fork"), ENT_E_STATE);
    viewnet_round(net);
    assert_truth(net, 4);
    viewnet_stop(net);
}

static void test_a_witness_tells_an_old_copy_too(void **state)
{
    struct viewnet *net = viewnet_start(4, 3);
    (void)state;
    viewnet_round(net);
    say(net, 0, 3, "truth");
    size_t old = viewnet_clone(net, 0, 0);
    say(net, 0, 2, "truth");
    assert_ok(viewnet_submit(net, 0, 2));
    assert_err(viewnet_submit(net, old, 2), ENT_E_STATE);
    assert_int_equal(ent_log_state(net->node[old].log), ENT_LOG_OLD);
    viewnet_stop(net);
}

static bool bad_witness(struct viewnet *net, size_t to, const char *method, const char *path,
                        struct ent_slice body, unsigned *ret_status, struct ent_buf *answer)
{
    static const struct {
        unsigned status;
        const char *body;
    } answers[] = {
        {200, ""},     {200, "\xE2\x80\x94 m1/witness AAAA\n"},
        {200, "\n"},   {409, "9223372036854775807\n"},
        {409, "1"},    {409, "x\n"},
        {409, "01\n"}, {409, "1\n2\n"},
        {409, "1\n"},  {500, ""},
        {302, ""},
    };
    (void)method;
    (void)body;
    if (to != 1 || strstr(path, "add-checkpoint") == NULL)
        return false;
    *ret_status = answers[net->which].status;
    assert_ok(ent_buf_puts(answer, answers[net->which].body));
    return true;
}

static void test_bad_answers_of_a_witness(void **state)
{
    struct viewnet *net = viewnet_start(3, 2);
    struct ent_view_log l;
    (void)state;
    viewnet_round(net);
    say(net, 0, 3, "truth");
    net->lie = bad_witness;
    for (net->which = 0; net->which < 11; net->which++)
        assert_err(viewnet_submit(net, 0, 1), ENT_E_PEER);
    net->lie = NULL;
    assert_int_equal(ent_log_state(net->node[0].log), ENT_LOG_READY);
    assert_ok(viewnet_submit(net, 0, 1));
    assert_ok(viewnet_submit(net, 0, 2));
    assert_ok(ent_view_log(net->node[0].view, &l, "m0", 0));
    assert_int_equal(l.standing.cosigned, 2);
    assert_err(viewnet_submit(net, 0, 0), ENT_E_NOTFOUND);
    assert_err(viewnet_submit(net, 1, 2), ENT_E_STATE); /* nothing said */
    viewnet_stop(net);
}

/* --- what fits ---------------------------------------------------------------------------------
 */

static void test_what_fits(void **state)
{
    struct viewnet *net = viewnet_start(3, 2);
    struct ent_hash32 root = {{7}};
    struct ent_buf b;
    (void)state;
    ent_buf_init(&b, ENT_NOTE_MAX);
    viewnet_round(net);
    say(net, 0, 3, "truth");
    assert_ok(ent_buf_put_slice(&b, ent_log_head(net->node[0].log)));
    assert_err(ent_view_fits(net->node[1].view, NULL, ent_buf_slice(&b)), ENT_E_STATE);
    assert_ok(viewnet_pull(net, 1, 0, 0, false));
    assert_ok(ent_view_fits(net->node[1].view, NULL, ent_buf_slice(&b)));
    say(net, 0, 3, "truth");
    assert_ok(viewnet_pull(net, 1, 0, 0, false));
    assert_ok(ent_view_fits(net->node[1].view, NULL, ent_buf_slice(&b)));
    assert_ok(ent_view_fits(net->node[0].view, NULL, ent_buf_slice(&b)));
    /* signed, and of no history that anybody knows */
    logs_head(&b, &net->pact, 0, 1, 5, &root);
    assert_err(ent_view_fits(net->node[1].view, NULL, ent_buf_slice(&b)), ENT_E_STATE);
    assert_ok(viewnet_pull(net, 2, 0, 0, true));
    assert_err(ent_view_fits(net->node[2].view, NULL, ent_buf_slice(&b)), ENT_E_AUTH);
    assert_true(viewnet_is_exposed(net, 2, 0, ENT_MB_FORK));
    b.p[70] ^= 1;
    assert_err(ent_view_fits(net->node[1].view, NULL, ent_buf_slice(&b)), ENT_E_AUTH);
    ent_buf_release(&b);
    viewnet_stop(net);
}

/* --- paths and messages ------------------------------------------------------------------------
 */

static void test_paths(void **state)
{
    static const char *const none[] = {
        "",
        "/",
        "/peer/v1",
        "/peer/v1/",
        "/peer/v1/log",
        "/peer/v1/log/",
        "/peer/v1/log/a/b/checkpoint",
        "/peer/v1/log/a/b/1/",
        "/peer/v1/log/a/b/1/checkpoints",
        "/peer/v1/log/a/b/1/tile/0/0",
        "/peer/v1/log/a/b/1/tile/8/000",
        "/peer/v1/log/a/b/1/tile/0/000.p/256",
        "/peer/v1/witness/00/checkpoint",
        "/peer/v1/witness/add-checkpoint",
        "/peer/v1/proof/00",
        "/peer/v1/proof/ABCDEFABCDEFABCDEFABCDEFABCDEFABCDEFABCDEFABCDEFABCDEFABCDEFABCD",
        "/peer/v1/heads",
        "/peer/v2/log/a/b/1/checkpoint",
    };
    struct viewnet *net = viewnet_start(2, 1);
    (void)state;
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        assert_int_equal(ent_view_max_body("GET", none[i]), 0);
        assert_int_equal(viewnet_ask(net, 0, NULL, "GET", none[i], ent_slice(NULL, 0)), 404);
    }
    assert_int_equal(ent_view_max_body("GET", "/peer/v1/log/a/b/1/checkpoint"), 1);
    assert_int_equal(ent_view_max_body("GET", "/peer/v1/log/a/b/1/tile/entries/x001/000.p/7"), 1);
    assert_int_equal(ent_view_max_body("POST", "/peer/v1/log/a/b/1/checkpoint"), 0);
    assert_int_equal(ent_view_max_body("POST", "/peer/v1/log/a/b/1/entries"), 1u << 20);
    assert_int_equal(ent_view_max_body("POST", "/peer/v1/log/a/b/1/entries/"), 0);
    assert_int_equal(ent_view_max_body("GET", "/peer/v1/log/a/b/1/entries"), 0);
    assert_int_equal(ent_view_max_body("POST", "/peer/v1/log/a/b/entries"), 0);
    assert_int_equal(ent_view_max_body("PUT", "/peer/v1/heads"), 0);
    assert_int_equal(ent_view_max_body("POST", "/peer/v1/heads"), ENT_HEADS_MAX);
    assert_int_equal(ent_view_max_body("POST", "/peer/v1/witness/add-checkpoint"), ENT_WITNESS_MAX);
    assert_in_range(ent_view_max_body("POST", "/peer/v1/proof"), 1, ENT_MISBEHAVIOUR_MAX);
    assert_int_equal(
        viewnet_ask(net, 0, NULL, "GET", "/peer/v1/log/a/b/1/checkpoint", ent_slice(NULL, 0)), 404);
    viewnet_stop(net);
}

static void test_messages_that_are_none(void **state)
{
    static const char *const bad[] = {
        "",
        "entente/heads@v1",
        "entente/heads@v2\n",
        "entente/heads@v1\n\n",
        "entente/heads@v1\nhead\n",
        "entente/heads@v1\nhead 0\n",
        "entente/heads@v1\nhead 1\n",
        "entente/heads@v1\nhead 02\na\n",
        "entente/heads@v1\nhead 2\na\nhead 2\na\n",
        "entente/heads@v1\nhead 2\nb\nhead 2\na\n",
        "entente/heads@v1\nhead 65537\na\n",
        "entente/heads@v1\nproof 00\n",
        "entente/heads@v1\nproof "
        "0000000000000000000000000000000000000000000000000000000000000000 m0\n",
        "entente/heads@v1\nproof "
        "0000000000000000000000000000000000000000000000000000000000000000 m0 lie\n",
        "entente/heads@v1\nproof "
        "000000000000000000000000000000000000000000000000000000000000000A m0 fork\n",
        "entente/heads@v1\nproof "
        "0000000000000000000000000000000000000000000000000000000000000000 M0 fork\n",
        "entente/heads@v1\nproof "
        "0000000000000000000000000000000000000000000000000000000000000000 m0 fork\nhead 2\na\n",
        "entente/heads@v1\nproof "
        "0000000000000000000000000000000000000000000000000000000000000000 m0 fork\nproof "
        "0000000000000000000000000000000000000000000000000000000000000000 m0 fork\n",
    };
    struct viewnet *net = viewnet_start(2, 1);
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(viewnet_ask(net, 0, NULL, "POST", "/peer/v1/heads", ent_slice_str(bad[i])),
                         400);
    assert_int_equal(viewnet_ask(net, 0, NULL, "POST", "/peer/v1/heads",
                                 ENT_SLICE_LIT("entente/heads@v1\nhead 2\na\nhead 2\nb\n")),
                     200);
    assert_int_equal(viewnet_ask(net, 0, NULL, "POST", "/peer/v1/proof", ENT_SLICE_LIT("x")), 400);
    viewnet_stop(net);
}

/* --- anything may happen -----------------------------------------------------------------------
 */

/* One act of one node, during which the power may go. */
static void random_act(struct viewnet *net, size_t members, bool crashes)
{
    size_t who = (size_t)ent_t_below(members), other = (size_t)ent_t_below(members - 1);
    struct ent_simdisk *disk = net->node[who].disk;
    enum ent_err r = ENT_OK;
    other += other >= who;
    bool crash = crashes && ent_t_below(8) == 0;
    if (crash)
        ent_simdisk_crash(disk, 1 + ent_t_below(30));
    switch (ent_t_below(6)) {
    case 0:
        r = viewnet_say(net, who, 1 + ent_t_below(4), "truth");
        break;
    case 1:
        r = viewnet_greet(net, who, other);
        break;
    case 2:
        r = viewnet_submit(net, who, other);
        break;
    case 3:
        r = viewnet_push(net, who, other);
        break;
    default:
        r = viewnet_pull(net, who, other, (size_t)ent_t_below(2) == 0 ? other : (who + 1) % members,
                         ent_t_below(2) == 0);
        break;
    }
    (void)r;
    if (crash) {
        viewnet_down(net, who);
        ent_simdisk_crash(disk, 0);
        ent_simdisk_restart(disk);
        viewnet_up(net, who);
    }
}

static void random_run(size_t members, bool crashes, int acts)
{
    struct viewnet *net = viewnet_start(members, (unsigned)(2 * members / 3 + 1));
    net->lose_request = net->lose_answer = net->replay = 10;
    for (int i = 0; i < acts; i++) {
        random_act(net, members, crashes);
        net->now += (int64_t)ent_t_below(100) - 30; /* clocks are what they are */
        if (i % 50 == 0)
            assert_truth(net, members);
    }
    net->lose_request = net->lose_answer = net->replay = 0;
    for (int i = 0; i < 3; i++)
        viewnet_round(net);
    assert_truth(net, members);
    for (size_t i = 0; i < members; i++)
        for (size_t m = 0; m < members; m++)
            if (ent_log_state(net->node[m].log) == ENT_LOG_READY)
                assert_int_equal(viewnet_size(net, i, m), ent_log_size(net->node[m].log));
    viewnet_stop(net);
}

static void test_honest_members_are_never_exposed(void **state)
{
    (void)state;
    for (size_t members = 4; members <= 7; members++)
        random_run(members, false, 300);
}

static void test_honest_members_are_never_exposed_by_crashes(void **state)
{
    (void)state;
    for (size_t members = 4; members <= 7; members++)
        random_run(members, true, 400);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_everybody_sees_everything),
        cmocka_unit_test(test_nothing_new_asks_little),
        cmocka_unit_test(test_a_long_log_comes_in_pieces),
        cmocka_unit_test(test_mirrors_serve_for_others),
        cmocka_unit_test(test_lost_and_repeated_messages),
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
        cmocka_unit_test(test_an_old_copy_never_signs),
        cmocka_unit_test(test_a_witness_tells_an_old_copy_too),
        cmocka_unit_test(test_bad_answers_of_a_witness),
        cmocka_unit_test(test_what_fits),
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_messages_that_are_none),
        cmocka_unit_test(test_honest_members_are_never_exposed),
        cmocka_unit_test(test_honest_members_are_never_exposed_by_crashes),
    };
    return ent_t_run("view", tests);
}
