/* test_view.c: nodes that greet, witness and mirror each other, on networks that lose and repeat;
 * one's own log, paths and messages, and what may happen by chance. test_view_lies.c has the rest.
 */
#include "tests/support/viewnet.h"

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
    viewnet_assert_truth(net, 4);
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
    viewnet_assert_truth(net, 2);
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
    viewnet_assert_truth(net, 3);
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
    viewnet_assert_truth(net, 4);
    net->lose_request = net->lose_answer = net->replay = 0;
    viewnet_round(net);
    viewnet_round(net);
    viewnet_assert_truth(net, 4);
    for (size_t i = 0; i < 4; i++)
        for (size_t m = 0; m < 4; m++)
            assert_int_equal(viewnet_size(net, i, m), ent_log_size(net->node[m].log));
    viewnet_stop(net);
}

/* --- one's own log -----------------------------------------------------------------------------
 */

/* What a witness shows after a failure of its disk is there after a power cut, too: it could cosign
 * another history otherwise. */
static void test_what_was_cosigned_is_kept(void **state)
{
    size_t later = 0;
    bool hit = true;
    (void)state;
    for (int round = 0; round < 20; round++, hit = true)
        for (uint64_t n = 1; hit; n++) {
            struct viewnet *net = viewnet_start(4, 3);
            viewnet_round(net);
            say(net, 0, 3, "truth");
            viewnet_round(net);
            say(net, 0, 2, "truth");
            uint64_t before = viewnet_size(net, 1, 0);
            ent_simdisk_fail(net->node[1].disk, n, ENT_E_IO);
            enum ent_err r = viewnet_submit(net, 0, 1);
            hit = ent_simdisk_hit(net->node[1].disk);
            ent_simdisk_fail(net->node[1].disk, 0, ENT_OK);
            viewnet_down(net, 1);
            viewnet_up(net, 1);
            uint64_t shown = viewnet_size(net, 1, 0);
            later += r != ENT_OK && shown > before;
            viewnet_down(net, 1);
            ent_simdisk_restart(net->node[1].disk);
            viewnet_up(net, 1);
            assert_in_range(viewnet_size(net, 1, 0), shown, 5);
            viewnet_stop(net);
        }
    assert_true(later > 0);
}

/* The signer of a witness has cosigned what its disk did not take, and the log, which nobody can
 * ask, has gone on. */
static void test_a_cosignature_that_was_lost(void **state)
{
    struct viewnet *net = viewnet_start(4, 3);
    (void)state;
    viewnet_round(net);
    say(net, 0, 3, "truth");
    assert_ok(viewnet_submit(net, 0, 1));
    for (int round = 0; round < 3; round++) {
        say(net, 0, 2, "truth");
        net->now += round == 2 ? 1000000000 : 0; /* by a clock that was wrong */
        (void)!viewnet_greet(net, 0, 1);         /* it is heard of, which is written, too */
        ent_simdisk_fail_replace(net->node[1].disk, ENT_E_FULL);
        assert_err(viewnet_submit(net, 0, 1), ENT_E_PEER);
        assert_true(ent_simdisk_hit(net->node[1].disk));
        ent_simdisk_fail(net->node[1].disk, 0, ENT_OK);
        assert_int_equal(viewnet_size(net, 1, 0), 3);
    }
    net->now -= 1000000000;
    for (int round = 0; round < 2; round++) {
        say(net, 0, 1, "truth");
        assert_ok(viewnet_submit(net, 0, 1));
        assert_int_equal(viewnet_size(net, 1, 0), 10 + round);
    }
    viewnet_round(net);
    viewnet_assert_truth(net, 4);
    viewnet_stop(net);
}

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
    viewnet_assert_truth(net, 4);
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
            viewnet_assert_truth(net, members);
    }
    net->lose_request = net->lose_answer = net->replay = 0;
    for (int i = 0; i < 3; i++)
        viewnet_round(net);
    viewnet_assert_truth(net, members);
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
        cmocka_unit_test(test_what_was_cosigned_is_kept),
        cmocka_unit_test(test_a_cosignature_that_was_lost),
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
