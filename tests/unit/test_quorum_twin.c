/*
 * test_quorum_twin.c: a member runs its home in two places, each with a log of its own, so that it
 * has two histories. One honest member hears the second alone, with another acceptance than the
 * collector's: it stays in the run, and all learn of both.
 */
#include "tests/support/offices.h"

#include <poll.h>

#define ALL    ((1u << OFFICE_MEMBERS) - 1)
#define LIAR   3u
#define HONEST (ALL & ~(1u << LIAR))
#define HEARS  2u

static struct offices all;

static int setup(void **state)
{
    (void)state;
    offices_start(&all, false);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    offices_end(&all);
    return 0;
}

/* The honest one hears the others' words late. */
static atomic_bool apart;

static bool keep_apart(struct offices *of, unsigned from, unsigned to, const char *path,
                       struct ent_buf *body)
{
    (void)of, (void)to, (void)body;
    return !atomic_load(&apart) || from != HEARS || strstr(path, "/said/") == NULL;
}

static void accept_otherwise(void)
{
    static struct ent_quorum_run s;
    struct ent_quorum_accept a = {.items = 16, .root = {{7}}};
    struct ent_buf body;
    assert_true(office_state(all.twin, &s));
    a.offer = s.leaf;
    ent_buf_init(&body, ENT_QUORUM_BODY_MAX);
    assert_ok(ent_quorum_accept_encode(&body, &a));
    office_say(all.twin, ENT_QSAY_ACCEPT, &body);
    ent_buf_release(&body);
}

/* It has heard the one, and `begin` that names the other. */
static void check_waits(struct office *o)
{
    static struct ent_quorum_run s, c;
    for (unsigned n = 0; n < 600; n++) {
        if (office_state(o, &s) && s.awaits.present != 0)
            break;
        (void)poll(NULL, 0, 50);
    }
    assert_int_equal(s.awaits.present, ALL);
    assert_true(office_state(all.o[OFFICE_COLLECTS], &c));
    assert_true(s.seat[LIAR].accepted && c.seat[LIAR].accepted);
    assert_memory_not_equal(&s.seat[LIAR].leaf, &c.seat[LIAR].leaf, sizeof(s.seat[LIAR].leaf));
}

/* Its own log is not one with what this member knows of it, which can show that. */
static void check_exposed(unsigned by)
{
    struct ent_verdict_on on = {0};
    const char *liar = all.o[LIAR]->node.home->self.name;
    assert_ok(ent_view_verdict(ent_book_view(all.o[by]->node.book), &on, liar, ent_clock_now()));
    assert_true(on.exposed);
    assert_int_equal(on.kind, ENT_MB_FORK);
}

static void test_two_histories(void **state)
{
    static struct ent_quorum_run s;
    (void)state;
    atomic_store(&apart, true);
    all.tamper = keep_apart;
    offices_twin(&all, LIAR, UINT64_C(1) << HEARS | UINT64_C(1) << OFFICE_COLLECTS);
    offices_offer(&all, 3);
    for (unsigned n = 0; n < 600 && !office_state(all.twin, &s); n++)
        (void)poll(NULL, 0, 50);
    accept_otherwise();
    /* The first place hears of the run from the others, and of the collector's log at a visit. */
    atomic_store(&all.to_twin, UINT64_C(1) << HEARS);
    node_pull(&all.o[LIAR]->node, all.o[OFFICE_COLLECTS]->node.home->self.name);
    check_waits(all.o[HEARS]);
    atomic_store(&apart, false);
    offices_wait_taken(&all, HONEST);
    for (unsigned i = 0; i < OFFICES; i++) {
        if (i == LIAR)
            continue;
        for (unsigned n = 0; n < 600 && !office_has_named(&all, i, LIAR); n++)
            (void)poll(NULL, 0, 50);
        assert_true(office_has_named(&all, i, LIAR));
        assert_true(office_state(all.o[i], &s));
        assert_int_equal(s.member[LIAR], ENT_QUORUM_CONTRARY);
        check_exposed(i);
        if (i != OFFICE_COLLECTS)
            office_check(all.o[i], ALL);
    }
    assert_int_equal(offices_named(&all), OFFICES - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_two_histories, setup, teardown),
    };
    return ent_t_run("quorum_twin", tests);
}
