/* test_view_heard.c: why members are suspected, and since when: what makes it so, what ends it,
 * that it outlives the node, and that neither a liar nor a clock can make it lie. */
#include "tests/support/viewnet.h"

static struct ent_verdict_on on(struct viewnet *net, size_t node, size_t member)
{
    struct ent_verdict_on ret;
    assert_ok(ent_view_verdict(net->node[node].view, &ret, viewnet_name(net, member), net->now));
    assert_false(ret.exposed);
    return ret;
}

static int64_t since(struct viewnet *net, size_t node, size_t member, enum ent_suspicion s)
{
    struct ent_verdict_on v = on(net, node, member);
    return v.since[s];
}

static void assert_innocent(struct viewnet *net, size_t node, size_t member)
{
    struct ent_verdict_on v = on(net, node, member);
    assert_int_equal(v.suspected_since, 0);
    for (int i = 0; i < ENT_SUSPICIONS; i++)
        assert_int_equal(v.since[i], 0);
}

static void restart(struct viewnet *net, size_t node)
{
    viewnet_down(net, node);
    viewnet_up(net, node);
}

/* --- lies --------------------------------------------------------------------------------------
 */

static const char *lied_about;
static unsigned lie_status;

/* m0 answers so, whatever is asked of this kind. */
static bool lie(struct viewnet *net, size_t to, const char *method, const char *path,
                struct ent_slice body, unsigned *ret_status, struct ent_buf *answer)
{
    (void)method;
    (void)body;
    (void)answer;
    /* what node 2 asks is answered */
    if (to != 0 || strstr(path, lied_about) == NULL ||
        (net->asks != NULL && strcmp(net->asks, viewnet_name(net, 2)) == 0))
        return false;
    *ret_status = lie_status;
    return true;
}

static void begin(struct viewnet *net, const char *about, unsigned status)
{
    lied_about = about;
    lie_status = status;
    net->lie = lie;
}

/* Three who have met; m0 has said five things, which all have, and three more. */
static struct viewnet *start(void)
{
    struct viewnet *net = viewnet_start(3, 2);
    viewnet_round(net);
    assert_ok(viewnet_say(net, 0, 5, "truth"));
    viewnet_round(net);
    assert_ok(viewnet_say(net, 0, 3, "truth"));
    return net;
}

static void test_what_is_withheld_is_remembered(void **state)
{
    struct viewnet *net = start();
    const int64_t then = net->now;
    (void)state;
    begin(net, "/tile/entries/", 404);
    assert_err(viewnet_pull(net, 1, 0, 0, true), ENT_E_PEER);
    net->now += 100;
    assert_err(viewnet_pull(net, 1, 0, 0, true), ENT_E_PEER);
    assert_int_equal(since(net, 1, 0, ENT_SUSPECT_WITHHOLDS), then);
    restart(net, 1);
    struct ent_verdict_on v = on(net, 1, 0);
    assert_int_equal(v.since[ENT_SUSPECT_WITHHOLDS], then);
    assert_int_equal(v.suspected_since, then);
    assert_string_equal(v.withheld, "tile/entries/000");
    assert_innocent(net, 1, 2);
    assert_innocent(net, 2, 0);
    net->lie = NULL;
    assert_ok(viewnet_pull(net, 1, 0, 0, true));
    assert_innocent(net, 1, 0);
    restart(net, 1);
    assert_innocent(net, 1, 0);
    viewnet_stop(net);
}

/* Others have what it gives them alone: with theirs the mirror is whole, and it still owes. */
static void test_what_others_give_settles_nothing(void **state)
{
    struct viewnet *net = start();
    const int64_t then = net->now;
    (void)state;
    begin(net, "/tile/entries/", 404);
    assert_err(viewnet_pull(net, 1, 0, 0, true), ENT_E_PEER);
    assert_ok(viewnet_pull(net, 2, 0, 0, true));
    assert_ok(viewnet_pull(net, 1, 0, 2, true));
    net->now += 50;
    /* now nothing needs to be asked for, but what it owes */
    assert_err(viewnet_pull(net, 1, 0, 0, true), ENT_E_PEER);
    assert_int_equal(since(net, 1, 0, ENT_SUSPECT_WITHHOLDS), then);
    net->lie = NULL;
    assert_ok(viewnet_pull(net, 1, 0, 0, true));
    assert_innocent(net, 1, 0);
    viewnet_stop(net);
}

static bool other_bytes(struct viewnet *net, size_t to, const char *method, const char *path,
                        struct ent_slice body, unsigned *ret_status, struct ent_buf *answer)
{
    if (to != 0 || strstr(path, "/tile/entries/") == NULL)
        return false;
    *ret_status = viewnet_ask(net, to, answer, method, path, body);
    answer->p[answer->n - 1] ^= 1;
    return true;
}

static void test_what_is_owed_must_be_the_truth(void **state)
{
    struct viewnet *net = start();
    (void)state;
    begin(net, "/tile/entries/", 404);
    assert_err(viewnet_pull(net, 1, 0, 0, true), ENT_E_PEER);
    assert_ok(viewnet_pull(net, 2, 0, 0, true));
    assert_ok(viewnet_pull(net, 1, 0, 2, true));
    net->lie = other_bytes;
    assert_err(viewnet_pull(net, 1, 0, 0, true), ENT_E_PEER);
    assert_int_not_equal(since(net, 1, 0, ENT_SUSPECT_WITHHOLDS), 0);
    viewnet_stop(net);
}

static struct ent_buf old_head;

static bool serves_old_head(struct viewnet *net, size_t to, const char *method, const char *path,
                            struct ent_slice body, unsigned *ret_status, struct ent_buf *answer)
{
    (void)net;
    (void)method;
    (void)body;
    if (to != 0 || strstr(path, "/m0/1/checkpoint") == NULL)
        return false;
    *ret_status = 200;
    assert_ok(ent_buf_put_slice(answer, ent_buf_slice(&old_head)));
    return true;
}

/* It shows others a head, and us an older one, or none. */
static void test_a_head_that_is_not_shown(void **state)
{
    struct viewnet *net = start();
    (void)state;
    ent_buf_init(&old_head, ENT_NOTE_MAX);
    assert_ok(ent_view_head(net->node[1].view, &old_head, "m0", 0));
    assert_ok(viewnet_submit(net, 0, 2));
    assert_ok(viewnet_greet(net, 1, 2)); /* and hears it of them */
    net->lie = serves_old_head;
    const int64_t then = net->now += 5;
    assert_err(viewnet_pull(net, 1, 0, 0, true), ENT_E_PEER);
    struct ent_verdict_on v = on(net, 1, 0);
    assert_int_equal(v.since[ENT_SUSPECT_WITHHOLDS], then);
    assert_string_equal(v.withheld, "checkpoint");
    net->lie = NULL;
    assert_ok(viewnet_pull(net, 1, 0, 0, true));
    assert_innocent(net, 1, 0);
    begin(net, "/checkpoint", 404);
    assert_err(viewnet_pull(net, 1, 0, 0, true), ENT_E_PEER);
    assert_int_equal(since(net, 1, 0, ENT_SUSPECT_WITHHOLDS), then);
    ent_buf_release(&old_head);

    viewnet_stop(net);
}

/* Who has said nothing has nothing to show, and is there. */
static void test_who_has_said_nothing(void **state)
{
    struct viewnet *net = viewnet_start(3, 2);
    (void)state;
    for (int i = 0; i < 8; i++) {
        viewnet_round(net);
        net->now += ENT_HEARTBEAT;
        assert_innocent(net, 1, 0);
    }
    net->now += ENT_SUSPECT_AFTER;
    assert_int_not_equal(since(net, 1, 0, ENT_SUSPECT_SILENT), 0);
    viewnet_stop(net);
}

/* Its heads come, by itself or others, and what is asked of it is never answered. */
static void test_who_does_not_answer_us(void **state)
{
    static const char *const asked[] = {"/checkpoint", "/tile/"};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct viewnet *net = start();
        const int64_t then = net->now;
        begin(net, asked[i], 0);
        while (net->now - then <= ENT_SUSPECT_AFTER) {
            assert_innocent(net, 1, 0);
            assert_err(viewnet_pull(net, 1, 0, 0, true), ENT_E_TIMEOUT);
            net->now += ENT_HEARTBEAT / 2 - 1;
            assert_ok(viewnet_submit(net, 0, 1)); /* it does come itself */
            assert_ok(viewnet_greet(net, 0, 1));
        }
        assert_int_equal(since(net, 1, 0, ENT_SUSPECT_REFUSES), then);
        assert_int_equal(since(net, 1, 0, ENT_SUSPECT_SILENT), 0);
        restart(net, 1);
        assert_int_equal(since(net, 1, 0, ENT_SUSPECT_REFUSES), then);
        net->lie = NULL;
        assert_ok(viewnet_pull(net, 1, 0, 0, true));
        assert_innocent(net, 1, 0);
        viewnet_stop(net);
    }
}

/* Who comes back from a long silence was not there to refuse anything meanwhile. */
static void test_who_was_away_did_not_refuse(void **state)
{
    struct viewnet *net = start();
    (void)state;
    viewnet_round(net);
    for (int i = 0; i < 4; i++) {
        net->now += ENT_HEARTBEAT;
        ent_view_missed(net->node[1].view, "m0", net->now);
    }
    assert_int_not_equal(since(net, 1, 0, ENT_SUSPECT_SILENT), 0);
    assert_ok(viewnet_greet(net, 0, 1));
    assert_innocent(net, 1, 0);
    ent_view_missed(net->node[1].view, "m0", net->now);
    const int64_t then = net->now;
    for (int i = 0; i < 4; i++) {
        net->now += ENT_HEARTBEAT;
        assert_ok(viewnet_greet(net, 0, 1));
    }
    assert_int_equal(since(net, 1, 0, ENT_SUSPECT_REFUSES), then);
    viewnet_stop(net);
}

static void test_who_cannot_be_greeted(void **state)
{
    struct viewnet *net = start();
    const int64_t then = net->now;
    (void)state;
    ent_view_missed(net->node[1].view, "m0", net->now);
    ent_view_missed(net->node[1].view, "nobody", net->now);
    ent_view_missed(net->node[1].view, "m1", net->now); /* itself */
    for (int i = 0; i < 4; i++) {
        net->now += ENT_HEARTBEAT;
        assert_ok(viewnet_submit(net, 0, 1));
        ent_view_missed(net->node[1].view, "m0", net->now);
    }
    assert_int_equal(since(net, 1, 0, ENT_SUSPECT_REFUSES), then);
    assert_ok(viewnet_pull(net, 1, 0, 0, true));
    assert_innocent(net, 1, 0);
    viewnet_stop(net);
}

/* --- silence -----------------------------------------------------------------------------------
 */

/* A friend has the last head of who is silent cosigned again by everybody, and passes that on. */
static void test_nobody_speaks_for_who_is_silent(void **state)
{
    struct viewnet *net = start();
    (void)state;
    viewnet_round(net);
    const int64_t then = net->now;
    size_t friend = viewnet_clone(net, 0, 0); /* has all that m0 has */
    viewnet_down(net, 0);
    for (int i = 0; i < 4; i++) {
        struct ent_buf req;
        net->now += ENT_HEARTBEAT;
        ent_buf_init(&req, ENT_WITNESS_MAX);
        assert_ok(
            ent_buf_printf(&req, "old %llu\n\n", (unsigned long long)viewnet_size(net, 1, 0)));
        assert_ok(ent_buf_put_slice(&req, ent_log_head(net->node[friend].log)));
        net->asks = viewnet_name(net, 2);
        for (size_t to = 1; to < 3; to++)
            assert_int_equal(viewnet_ask(net, to, NULL, "POST", "/peer/v1/witness/add-checkpoint",
                                         ent_buf_slice(&req)),
                             200);
        net->asks = NULL;
        ent_buf_release(&req);
        assert_ok(viewnet_greet(net, 1, 2));
        assert_ok(viewnet_pull(net, 1, 0, 2, true));
    }
    assert_int_equal(since(net, 1, 0, ENT_SUSPECT_SILENT), then);
    assert_innocent(net, 1, 2);
    viewnet_stop(net);
}

static void test_silence_is_known_to_other_processes(void **state)
{
    struct viewnet *net = start();
    (void)state;
    viewnet_round(net);
    const int64_t then = net->now;
    net->now += 59; /* it is not written each time */
    viewnet_round(net);
    restart(net, 1);
    struct ent_verdict_on v = on(net, 1, 0);
    assert_int_equal(v.last_head, then);
    net->now = then + ENT_SUSPECT_AFTER;
    assert_innocent(net, 1, 0);
    net->now++;
    assert_int_equal(since(net, 1, 0, ENT_SUSPECT_SILENT), then);
    assert_ok(viewnet_greet(net, 1, 0)); /* it answers, and has nothing new */
    assert_innocent(net, 1, 0);
    viewnet_stop(net);
}

/* --- what is told ------------------------------------------------------------------------------
 */

static char said[1024];

static void hear(void *ctx, const char *member, enum ent_suspicion s, int64_t when)
{
    const struct viewnet *net = ctx;
    size_t n = strlen(said);
    (void)snprintf(said + n, sizeof(said) - n, "%s %s %lld;", member, ent_suspicion_word(s),
                   when == 0 ? 0 : (long long)(net->now - when));
}

static void watch(struct viewnet *net, const char *want)
{
    said[0] = '\0';
    assert_ok(ent_view_watch(net->node[1].view, net->now, net, hear));
    assert_string_equal(said, want);
}

/* As a running node does, a second at a time in the large. */
static void watch_on(struct viewnet *net, int64_t seconds)
{
    for (; seconds > 0; seconds -= 300) {
        net->now += seconds < 300 ? seconds : 300;
        watch(net, "");
    }
}

static void test_each_change_is_told_once(void **state)
{
    struct viewnet *net = start();
    (void)state;
    viewnet_round(net);
    watch(net, "");
    viewnet_down(net, 0);
    for (int i = 0; i < 6; i++) {
        watch_on(net, 300);
        assert_ok(viewnet_greet(net, 1, 2));
    }
    net->now++;
    watch(net, "m0 silent 1801;");
    watch(net, "");
    restart(net, 1);
    watch(net, ""); /* still */
    viewnet_up(net, 0);
    assert_ok(viewnet_greet(net, 1, 0));
    watch(net, "m0 silent 0;");
    restart(net, 1);
    watch(net, "");
    viewnet_round(net);
    assert_ok(viewnet_say(net, 0, 1, "truth"));
    begin(net, "/tile/entries/", 404);
    assert_err(viewnet_pull(net, 1, 0, 0, true), ENT_E_PEER);
    net->now++;
    watch(net, "m0 withholds 1;");
    watch(net, "");
    net->lie = NULL;
    assert_ok(viewnet_pull(net, 1, 0, 0, true));
    watch(net, "m0 withholds 0;");
    viewnet_stop(net);
}

static void test_nobody_is_called_silent_while_nobody_listens(void **state)
{
    struct viewnet *net = start();
    (void)state;
    viewnet_round(net);
    watch(net, "");
    net->now += 3 * 86400; /* asleep */
    watch(net, "");
    watch_on(net, ENT_SUSPECT_AFTER);
    assert_ok(viewnet_greet(net, 1, 2));
    net->now++;
    watch(net, "m0 silent 261001;");
    viewnet_stop(net);
}

/* A clock that is wrong for a while accuses nobody, and hides nobody, when it is right again. */
static void test_clocks_that_jump(void **state)
{
    static const int64_t wrong[] = {1, 86400, 4102444800, 253402300799};
    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct viewnet *net = start();
        viewnet_round(net);
        watch(net, "");
        const int64_t right = net->now;
        net->now = wrong[i];
        watch(net, "");
        viewnet_round(net); /* all are heard at a time that is none */
        begin(net, "/tile/entries/", 404);
        assert_ok(viewnet_say(net, 0, 1, "truth"));
        assert_err(viewnet_pull(net, 1, 0, 0, true), ENT_E_PEER);
        net->lie = NULL;
        net->now = right + 10;
        said[0] = '\0';
        assert_ok(ent_view_watch(net->node[1].view, net->now, net, hear));
        assert_in_range(since(net, 1, 0, ENT_SUSPECT_WITHHOLDS), 1, net->now);
        viewnet_round(net);
        assert_innocent(net, 1, 0);
        assert_innocent(net, 1, 2);
        said[0] = '\0';
        assert_ok(ent_view_watch(net->node[1].view, net->now, net, hear));
        watch_on(net, ENT_SUSPECT_AFTER);
        net->now++;
        watch(net, "m0 silent 1801;m2 silent 1801;");
        viewnet_stop(net);
    }
}

/* --- the file ----------------------------------------------------------------------------------
 */

static void put_file(struct viewnet *net, struct ent_slice bytes)
{
    const struct ent_disk *disk = ent_simdisk_disk(net->node[1].disk);
    struct ent_buf b;
    ent_buf_init(&b, 1u << 20);
    assert_ok(ent_buf_put_slice(&b, bytes));
    assert_ok(ent_check_add(&b));
    assert_ok(disk->replace(disk->ctx, "heard", ent_buf_slice(&b)));
    ent_buf_release(&b);
}

/* What is damaged is forgotten, and accuses nobody. */
static void test_a_damaged_file(void **state)
{
    static const char *const bad[] = {
        "\n",
        "m0\n",
        "m0 1 1 0 0 0 0\n",
        "m0 1 1 0 0 0 0 -",
        "m0 1 1 0 0 0 0 - \n",
        "m0 1 1 0 0 0 0 - x\n",
        "m0  1 1 0 0 0 0 -\n",
        "m0 -1 1 0 0 0 0 -\n",
        "m0 01 1 0 0 0 0 -\n",
        "m0 1 9223372036854775808 0 0 0 0 -\n",
        "m0 1 1 0 0 4294967296 0 -\n",
        "M0 1 1 0 0 0 0 -\n",
        "m0 1 1 0 1 0 1 xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n",
        "m0 1 1 0 1 0 1 tile\nm2 1 1 0 1\n",
    };
    struct viewnet *net = start();
    struct ent_buf big;
    (void)state;
    const struct ent_disk *disk = ent_simdisk_disk(net->node[1].disk);
    assert_ok(disk->replace(disk->ctx, "heard", ENT_SLICE_LIT("m0 1 1 0 1 0 1 tile\n")));
    assert_innocent(net, 1, 0);
    put_file(net, ENT_SLICE_LIT("m0 1 1 0 1 0 1 tile\n"));
    assert_int_equal(since(net, 1, 0, ENT_SUSPECT_WITHHOLDS), 1);
    put_file(net, ENT_SLICE_LIT("m0 1 1 0 1 0 2 tile\n")); /* of another log */
    assert_int_equal(since(net, 1, 0, ENT_SUSPECT_WITHHOLDS), 0);
    put_file(net, ENT_SLICE_LIT("nobody 1 1 0 1 0 1 tile\nm1 1 1 0 1 0 1 tile\n"));
    assert_innocent(net, 1, 0);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        put_file(net, ent_slice_str(bad[i]));
        assert_innocent(net, 1, 0);
        assert_innocent(net, 1, 2);
    }
    ent_buf_init(&big, 1u << 20);
    while (big.n < 20000)
        assert_ok(ent_buf_puts(&big, "m0 1 1 0 1 0 1 tile\n"));
    put_file(net, ent_buf_slice(&big));
    assert_innocent(net, 1, 0);
    ent_buf_release(&big);
    assert_ok(viewnet_greet(net, 1, 0)); /* written anew */
    restart(net, 1);
    assert_int_equal(on(net, 1, 0).last_head, net->now);
    viewnet_stop(net);
}

static void test_the_file_does_not_grow(void **state)
{
    struct viewnet *net = start();
    uint64_t size = 0;
    (void)state;
    for (unsigned i = 0; i < 200; i++) {
        begin(net, i % 3 == 0 ? "/checkpoint" : "/tile/", i % 2 == 0 ? 404 : 0);
        if (i % 7 == 0)
            net->lie = NULL;
        net->now += (int64_t)ent_t_below(4000);
        (void)!viewnet_pull(net, 1, 0, 0, true);
        (void)!ent_view_watch(net->node[1].view, net->now, net, hear);
        said[0] = '\0';
    }
    const struct ent_disk *disk = ent_simdisk_disk(net->node[1].disk);
    assert_ok(disk->size(disk->ctx, &size, "heard"));
    assert_in_range(size, 1, 2 * 256);
    viewnet_stop(net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_withheld_is_remembered),
        cmocka_unit_test(test_what_others_give_settles_nothing),
        cmocka_unit_test(test_what_is_owed_must_be_the_truth),
        cmocka_unit_test(test_a_head_that_is_not_shown),
        cmocka_unit_test(test_who_has_said_nothing),
        cmocka_unit_test(test_who_does_not_answer_us),
        cmocka_unit_test(test_who_was_away_did_not_refuse),
        cmocka_unit_test(test_who_cannot_be_greeted),
        cmocka_unit_test(test_nobody_speaks_for_who_is_silent),
        cmocka_unit_test(test_silence_is_known_to_other_processes),
        cmocka_unit_test(test_each_change_is_told_once),
        cmocka_unit_test(test_nobody_is_called_silent_while_nobody_listens),
        cmocka_unit_test(test_clocks_that_jump),
        cmocka_unit_test(test_a_damaged_file),
        cmocka_unit_test(test_the_file_does_not_grow),
    };
    return ent_t_run("view_heard", tests);
}
