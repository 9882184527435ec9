/*
 * test_quorums.c: whole runs of a quorum by the engines of six members, without a network: compared
 * with plain counting; with members that are silent, die and come back, or lie; and all that is
 * asked wrongly.
 */
#include "tests/support/offices.h"

#include <poll.h>
#include <sys/stat.h>

#define ALL ((1u << OFFICE_MEMBERS) - 1)
#define LATER                                                                                      \
    205 /* behind the deadline for acceptances; the others follow a hundred seconds apart */

static struct offices all;

static int setup(void **state)
{
    (void)state;
    offices_start(&all, false);
    return 0;
}

static int setup_each(void **state)
{
    (void)state;
    offices_start(&all, true);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    offices_end(&all);
    return 0;
}

static void check_all(uint64_t members)
{
    offices_wait_taken(&all, members);
    for (unsigned i = 0; i < OFFICE_MEMBERS; i++)
        if ((members >> i & 1) != 0)
            office_check(all.o[i], members);
}

static void set_tamper(bool (*tamper)(struct offices *, unsigned, unsigned, const char *,
                                      struct ent_buf *))
{
    (void)pthread_mutex_lock(&all.lock);
    all.tamper = tamper;
    (void)pthread_mutex_unlock(&all.lock);
}

/* --- as it should be ----------------------------------------------------------------------------
 */

/* And the window is not compared a second time. */
static void test_whole_run(void **state)
{
    static struct ent_quorum_run s;
    (void)state;
    offices_offer(&all, 3);
    check_all(ALL);
    assert_int_equal(all.n_named, 0);
    assert_int_equal(all.failed, 0);
    offices_offer(&all, 2);
    for (unsigned i = 0; i < OFFICES; i++) {
        office_wait(all.o[i], ENT_QUORUM_FAILED); /* a key holder's refusal is enough */
        assert_true(office_state(all.o[i], &s));
        for (unsigned k = 0; k < OFFICE_MEMBERS; k++)
            assert_false(s.seat[k].accepted);
    }
    (void)pthread_mutex_lock(&all.lock);
    assert_true(all.refused > 0);
    (void)pthread_mutex_unlock(&all.lock);
}

static void test_schedule(void **state)
{
    struct ent_quorums *q = all.o[OFFICE_COLLECTS]->q;
    (void)state;
    for (unsigned i = 0; i < OFFICE_MEMBERS; i++) {
        office_stop(all.o[i]);
        all.o[i]->mode = ENT_QUORUM_ASK; /* which is enough for what the pact schedules */
        office_begin(all.o[i]);
    }
    ent_quorums_look(q);
    ent_quorums_look(q);
    assert_int_equal(ent_quorums_running(q), 1);
    office_stop(all.o[OFFICE_COLLECTS]); /* which does not make it forget */
    office_begin(all.o[OFFICE_COLLECTS]);
    q = all.o[OFFICE_COLLECTS]->q;
    ent_quorums_look(q);
    for (unsigned i = 0; i < ENT_QUORUMS_MOST; i++)
        if (q->run[i] != NULL)
            memcpy(all.run, q->run[i]->id, sizeof(all.run));
    assert_int_equal(ent_quorums_running(q), 1);
    all.offer.shape.threshold = 2;
    check_all(ALL);
}

/* --- somebody decides ---------------------------------------------------------------------------
 */

static void test_ask(void **state)
{
    char name[96];
    (void)state;
    for (unsigned i = 3; i < OFFICE_MEMBERS; i++) {
        office_stop(all.o[i]);
        all.o[i]->mode = ENT_QUORUM_ASK;
        office_begin(all.o[i]);
    }
    offices_offer(&all, 2);
    offices_wait_accepted(&all, 7);
    office_wait(all.o[3], ENT_QUORUM_OFFERED);
    office_wait(all.o[4], ENT_QUORUM_OFFERED);
    (void)snprintf(name, sizeof(name), "quorum/%s/join", all.run);
    office_write(all.o[3], name, ent_slice(NULL, 0));
    (void)snprintf(name, sizeof(name), "quorum/%s/decline", all.run);
    office_write(all.o[4], name, ent_slice(NULL, 0));
    check_all(15);
    assert_int_equal(all.refused, 1);
    assert_int_equal(all.n_named, 0);
}

/* Off is no for every part: a key holder's no ends the run. */
static void test_off(void **state)
{
    static struct ent_quorum_run s;
    (void)state;
    office_stop(all.o[1]);
    all.o[1]->mode = ENT_QUORUM_OFF;
    office_begin(all.o[1]);
    offices_offer(&all, 2);
    for (unsigned i = 0; i < OFFICES; i++) {
        office_wait(all.o[i], ENT_QUORUM_FAILED);
        assert_true(office_state(all.o[i], &s));
        assert_string_equal(s.failed_by, "brown");
    }
    assert_int_equal(all.n_named, 0);
}

static void test_wishes(void **state)
{
    struct office *o = all.o[2];
    struct ent_buf b;
    char want[64];
    (void)state;
    ent_buf_init(&b, 65536);
    offices_offer(&all, 2); /* for its form alone */
    all.offer.nonce.b[0] ^= 1;
    assert_ok(ent_quorum_offer_encode(&b, &all.offer));
    char dir[ENT_PATH_MAX + 32];
    (void)snprintf(dir, sizeof(dir), "%s/quorum/wish", o->home->dir);
    office_wait(o, ENT_QUORUM_OFFERED);
    assert_int_equal(mkdir(dir, 0700), 0);
    all.offer.shape.threshold = 1;
    office_write(o, "quorum/wish/0000000000000001", ENT_SLICE_LIT("rubbish"));
    office_write(o, "quorum/wish/unknown", ENT_SLICE_LIT("rubbish"));
    ent_quorums_look(o->q);
    assert_true(office_read(o, "quorum/wish/0000000000000001.done", &b));
    assert_ok(ent_buf_putc(&b, 0));
    assert_string_equal((char *)b.p, "refused malformed\n");
    assert_false(office_read(o, "quorum/wish/0000000000000001", &b));
    all.offer.shape.threshold = 2;
    all.offer.collector[0] = 'y';
    ent_buf_clear(&b);
    assert_ok(ent_quorum_offer_encode(&b, &all.offer));
    office_write(o, "quorum/wish/0000000000000002", ent_buf_slice(&b));
    ent_quorums_look(o->q);
    assert_true(office_read(o, "quorum/wish/0000000000000002.done", &b));
    (void)snprintf(want, sizeof(want), "refused %s\n", ent_verdict_word(ENT_DENIED_RULE));
    assert_ok(ent_buf_putc(&b, 0));
    if (strcmp((char *)b.p, "refused stale\n") != 0) /* the first run may have come so far */
        assert_string_equal((char *)b.p, want);
    ent_buf_release(&b);
}

/* --- silence ------------------------------------------------------------------------------------
 */

static void test_silent_participant(void **state)
{
    (void)state;
    atomic_store(&all.o[4]->off, true);
    offices_offer(&all, 3);
    offices_wait_accepted(&all, 15);
    (void)atomic_fetch_add(&all.now, LATER);
    check_all(15);
    offices_wait_named(&all, OFFICE_COLLECTS, 4, ENT_QUORUM_SILENT);
    assert_int_equal(all.n_named, 1);
}

/* Everybody knows at once, and not by the next deadlines. */
static void test_too_few(void **state)
{
    static struct ent_quorum_run s;
    (void)state;
    for (unsigned i = 2; i < OFFICE_MEMBERS; i++)
        atomic_store(&all.o[i]->off, true);
    offices_offer(&all, 3);
    offices_wait_accepted(&all, 3);
    (void)atomic_fetch_add(&all.now, LATER);
    for (unsigned i = 0; i < OFFICES; i++) {
        if (i >= 2 && i < OFFICE_MEMBERS)
            continue;
        office_wait(all.o[i], ENT_QUORUM_FAILED);
        assert_true(office_state(all.o[i], &s));
        assert_string_equal(s.failed_by, "");
        assert_int_equal(s.failed_for, ENT_QUORUM_NO_FAULT);
        assert_int_equal(s.collector, ENT_QUORUM_NO_FAULT);
    }
    offices_wait_named(&all, OFFICE_COLLECTS, 2, ENT_QUORUM_SILENT);
}

static atomic_uint lost; /* bit i: a block of i's */

static bool no_blocks(struct offices *of, unsigned from, unsigned to, const char *path,
                      struct ent_buf *body)
{
    (void)of, (void)to, (void)body;
    if (from < 2 || strstr(path, "/block") == NULL)
        return true;
    (void)atomic_fetch_or(&lost, 1u << from);
    return false;
}

/* So it is when shares of too few have come. */
static void test_too_few_shares(void **state)
{
    static struct ent_quorum_run s;
    (void)state;
    atomic_store(&lost, 0);
    set_tamper(no_blocks);
    offices_offer(&all, 3);
    offices_wait_complete(&all, 3);
    offices_wait_tables(&all);
    (void)atomic_fetch_add(&all.now, LATER + 200);
    for (unsigned i = 0; i < OFFICES; i++) {
        office_wait(all.o[i], ENT_QUORUM_FAILED);
        assert_true(office_state(all.o[i], &s));
        assert_string_equal(s.failed_by, "");
        assert_int_equal(s.collector, ENT_QUORUM_NO_FAULT);
    }
    (void)atomic_fetch_add(&all.now, 40); /* so long it waits for their word against a key holder */
    offices_wait_named(&all, OFFICE_COLLECTS, 4, ENT_QUORUM_SILENT);
}

static void test_silent_holder(void **state)
{
    static struct ent_quorum_run s;
    (void)state;
    atomic_store(&all.o[1]->off, true);
    offices_offer(&all, 3);
    offices_wait_accepted(&all, 29);
    (void)atomic_fetch_add(&all.now, LATER);
    office_wait(all.o[OFFICE_COLLECTS], ENT_QUORUM_KEYS);
    (void)atomic_fetch_add(&all.now, 100);
    for (unsigned i = 0; i < OFFICES; i++) {
        if (i == 1)
            continue;
        office_wait(all.o[i], ENT_QUORUM_FAILED);
        assert_true(office_state(all.o[i], &s));
        assert_string_equal(s.failed_by, "brown");
        assert_int_equal(s.failed_for, ENT_QUORUM_SILENT);
    }
    offices_wait_named(&all, OFFICE_COLLECTS, 1, ENT_QUORUM_SILENT);
}

/* --- restarts -----------------------------------------------------------------------------------
 */

static const char *held; /* a part of paths */

static bool hold(struct offices *of, unsigned from, unsigned to, const char *path,
                 struct ent_buf *body)
{
    (void)of, (void)to, (void)body;
    return held[0] == '\0' ? from != 4 : strstr(path, held) == NULL;
}

/* Each role ends and begins anew while the run stands still. */
static void test_restarts(void **state)
{
    static const struct {
        const char *held;
        enum ent_quorum_phase phase;
    } at[] = {{"", ENT_QUORUM_OFFERED},
              {"/evaluate", ENT_QUORUM_UPLOAD},
              {"/block", ENT_QUORUM_UPLOAD},
              {"/piece", ENT_QUORUM_DONE}};
    static const unsigned who[] = {0, 3, OFFICE_COLLECTS};
    (void)state;
    for (unsigned k = 0; k < sizeof(at) / sizeof(at[0]); k++) {
        if (k > 0)
            offices_start(&all, false);
        held = at[k].held;
        set_tamper(hold);
        offices_offer(&all, 3);
        for (unsigned i = 0; i < OFFICES; i++)
            if (k > 0 || i < 4)
                office_wait(all.o[i], at[k].phase);
        for (unsigned i = 0; i < 3; i++) {
            (void)poll(NULL, 0, 300);
            office_stop(all.o[who[i]]);
            office_begin(all.o[who[i]]);
        }
        set_tamper(NULL);
        check_all(ALL);
        assert_int_equal(all.n_named, 0);
        if (k + 1 < sizeof(at) / sizeof(at[0]))
            offices_end(&all);
    }
}

/* One key is missing while its holder, and who waits for it, begin anew. */
static bool lose_key(struct offices *of, unsigned from, unsigned to, const char *path,
                     struct ent_buf *body)
{
    static const char what[] = "entente/quorum-key@v1";
    (void)of;
    return (to != 1 || strstr(path, "/said/") == NULL) &&
           (from != 1 || body->n == 0 || memmem(body->p, body->n, what, sizeof(what) - 1) == NULL);
}

static void test_restart_in_keys(void **state)
{
    static struct ent_quorum_run s;
    (void)state;
    set_tamper(lose_key);
    offices_offer(&all, 3);
    office_wait(all.o[OFFICE_COLLECTS], ENT_QUORUM_KEYS);
    (void)poll(NULL, 0, 300);
    assert_true(office_state(all.o[OFFICE_COLLECTS], &s));
    assert_int_equal(s.phase, ENT_QUORUM_KEYS);
    assert_int_equal(s.keys, 1);
    office_stop(all.o[1]);
    office_begin(all.o[1]);
    office_stop(all.o[OFFICE_COLLECTS]);
    office_begin(all.o[OFFICE_COLLECTS]);
    set_tamper(NULL);
    check_all(ALL);
    assert_int_equal(all.n_named, 0);
}

/* --- without an address -------------------------------------------------------------------------
 */

/* Nobody can bring it anything: it finds the run, and hears all, by asking. */
static void test_hidden(void **state)
{
    struct offices_plan plan = offices_plan;
    (void)state;
    plan.hidden = 3;
    offices_start_with(&all, &plan);
    offices_offer(&all, 3);
    check_all(ALL);
    assert_int_equal(all.n_named, 0);
}

/* --- lies ---------------------------------------------------------------------------------------
 */

#define LIAR 3u
static unsigned lie;

enum { SHORT, FOREIGN, TWICE, EXCESS, FOREIGN_BLOCK, LARGE_SHARE };

static bool cheat(struct offices *of, unsigned from, unsigned to, const char *path,
                  struct ent_buf *body)
{
    (void)of;
    if (from != LIAR)
        return true;
    if (to == 1 && strstr(path, "/evaluate") != NULL) {
        if (lie == SHORT)
            body->n -= 32;
        if (lie == FOREIGN)
            body->p[32] = 1;
        if (lie == TWICE)
            memcpy(body->p + ENT_QUORUM_HEADER + 32, body->p + ENT_QUORUM_HEADER, 32);
        if (lie == EXCESS)
            body->p[36] = 1;
    }
    if (strstr(path, "/block") != NULL) {
        if (lie == FOREIGN_BLOCK)
            body->p[32] = 1;
        if (lie == LARGE_SHARE)
            memset(body->p + ENT_QUORUM_HEADER + 8, 0xff, 8);
    }
    return true;
}

/* The liar is named in everybody's statements by who saw it, and the others have their result. */
static void test_cheats(void **state)
{
    static const struct {
        unsigned by;
        enum ent_quorum_fault fault;
    } want[] = {[SHORT] = {1, ENT_QUORUM_MALFORMED},
                [FOREIGN] = {1, ENT_QUORUM_FOREIGN},
                [TWICE] = {1, ENT_QUORUM_REPEATED},
                [EXCESS] = {1, ENT_QUORUM_EXCESS},
                [FOREIGN_BLOCK] = {OFFICE_COLLECTS, ENT_QUORUM_FOREIGN},
                [LARGE_SHARE] = {OFFICE_COLLECTS, ENT_QUORUM_MALFORMED}};
    const uint64_t honest = ALL & ~(1u << LIAR);
    (void)state;
    for (lie = SHORT; lie <= LARGE_SHARE; lie++) {
        if (lie > SHORT)
            offices_start(&all, false);
        set_tamper(cheat);
        offices_offer(&all, 2);
        office_wait(all.o[OFFICE_COLLECTS], ENT_QUORUM_UPLOAD);
        offices_wait_complete(&all, honest);
        offices_wait_named(&all, want[lie].by, LIAR, want[lie].fault);
        (void)atomic_fetch_add(&all.now, LATER + 200);
        check_all(honest);
        if (lie < LARGE_SHARE)
            offices_end(&all);
    }
}

/* --- what is asked wrongly ----------------------------------------------------------------------
 */

static void test_wrong_questions(void **state)
{
    struct ent_buf b, many;
    char path[128];
    (void)state;
    ent_buf_init(&b, 1u << 20);
    ent_buf_init(&many, ENT_QUORUM_BLOCK_MAX + 1);
    uint8_t *at;
    assert_ok(ent_buf_reserve(&many, &at, ENT_QUORUM_BLOCK_MAX + 1));
    memset(at, 0, ENT_QUORUM_BLOCK_MAX + 1);
    offices_offer(&all, 2);
    check_all(ALL);
    const struct {
        unsigned from, to;
        const char *method, *rest;
        size_t n;
        unsigned status;
    } q[] = {
        {2, 5, "GET", "", 0, 200},
        {2, 5, "POST", "", 0, 404},
        {2, 5, "GET", "/", 0, 404},
        {2, 5, "GET", "/said/00", 0, 404},
        {2, 5, "GET", "/said/0000000000000000000000000000000000000000000000000000000000000000", 0,
         404},
        {2, 5, "GET", "/progress", 0, 409}, /* not now */
        {2, 3, "GET", "/progress", 0, 404}, /* not here */
        {5, 5, "GET", "/progress", 0, 404}, /* not you */
        {2, 5, "GET", "/piece/0", 0, 200},
        {2, 5, "GET", "/piece/1", 0, 409},
        {2, 5, "GET", "/piece/-1", 0, 404},
        {2, 5, "GET", "/piece/4294967296", 0, 404},
        {2, 3, "GET", "/piece/0", 0, 404},
        {2, 5, "POST", "/block", 40, 409},
        {2, 5, "POST", "/block", ENT_QUORUM_BLOCK_MAX + 1, 413},
        {2, 1, "POST", "/block", 40, 404},
        {2, 1, "POST", "/evaluate", 0, 409},
        {2, 1, "POST", "/evaluate", 72, 409},
        {5, 1, "POST", "/evaluate", 72, 404},
        {2, 3, "POST", "/evaluate", 72, 404},
        {2, 1, "GET", "/evaluate", 0, 404},
    };
    for (size_t i = 0; i < sizeof(q) / sizeof(q[0]); i++) {
        (void)snprintf(path, sizeof(path), ENT_QUORUM_PATH "/%s%s", all.run, q[i].rest);
        const unsigned status =
            office_ask(&all, q[i].from, q[i].to, q[i].method, path, ent_slice(at, q[i].n), &b);
        if (status != q[i].status)
            fail_msg("%s %s: %u, not %u", q[i].method, path, status, q[i].status);
    }
    assert_int_equal(office_ask(&all, 2, 5, "POST", ENT_QUORUM_PATH, ENT_SLICE_LIT("rubbish"), &b),
                     409);
    assert_int_equal(office_ask(&all, 2, 5, "GET", ENT_QUORUM_PATH, ent_slice(NULL, 0), &b), 200);
    assert_int_equal(b.n, ENT_QUORUM_ID); /* one line: the run that it is in */
    assert_memory_equal(b.p, all.run, ENT_QUORUM_ID - 1);
    (void)snprintf(path, sizeof(path), ENT_QUORUM_PATH "/%032x", 0);
    assert_int_equal(office_ask(&all, 2, 5, "GET", path, ent_slice(NULL, 0), &b), 404);
    assert_int_equal(all.n_named, 0);
    ent_buf_release(&b);
    ent_buf_release(&many);
}

/* A key that no member has, as it is while a member is voted out, learns nothing. */
static void test_strangers(void **state)
{
    struct ent_spki spki = all.o[2]->node.spki;
    struct ent_buf b;
    char path[128];
    (void)state;
    ent_buf_init(&b, 1u << 20);
    offices_offer(&all, 2);
    (void)snprintf(path, sizeof(path), ENT_QUORUM_PATH "/%s", all.run);
    assert_int_equal(office_ask(&all, 2, 5, "GET", path, ent_slice(NULL, 0), &b), 200);
    spki.b[0] ^= 1;
    assert_int_equal(office_ask_as(&all, &spki, 5, "GET", path, ent_slice(NULL, 0), &b), 404);
    ent_buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_whole_run, setup, teardown),
        cmocka_unit_test_setup_teardown(test_schedule, setup_each, teardown),
        cmocka_unit_test_setup_teardown(test_ask, setup, teardown),
        cmocka_unit_test_setup_teardown(test_off, setup, teardown),
        cmocka_unit_test_setup_teardown(test_wishes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_silent_participant, setup, teardown),
        cmocka_unit_test_setup_teardown(test_silent_holder, setup, teardown),
        cmocka_unit_test_setup_teardown(test_too_few, setup, teardown),
        cmocka_unit_test_setup_teardown(test_too_few_shares, setup, teardown),
        cmocka_unit_test_setup_teardown(test_restarts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_restart_in_keys, setup, teardown),
        cmocka_unit_test_teardown(test_hidden, teardown),
        cmocka_unit_test_setup_teardown(test_cheats, setup, teardown),
        cmocka_unit_test_setup_teardown(test_wrong_questions, setup, teardown),
        cmocka_unit_test_setup_teardown(test_strangers, setup, teardown),
    };
    return ent_t_run("quorums", tests);
}
