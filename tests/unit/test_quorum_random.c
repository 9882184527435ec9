/*
 * test_quorum_random.c: the engines of two to eight members, chosen anew for each run, against
 * plain counting: random sets and thresholds, members that come late or begin again, calls and
 * answers that get lost. ENT_RUNS=... says how many runs (4; 1 with sanitizers). Threads take turns
 * as they like, so a seed gives the same sets and events, and not the same moments.
 */
#include "tests/support/feed.h"
#include "tests/support/offices.h"

#include <poll.h>

#define MEMBERS 8u
#define WINDOWS 7200 /* seconds from one to the next: by then the run before is over */
#define EVENTS  6u

static struct offices all;
static uint64_t noise; /* of what gets lost; under the lock of all */

static bool is_lost(void)
{
    noise = noise * 6364136223846793005u + 1442695040888963407u;
    return noise >> 61 == 0;
}

static bool lose_call(struct offices *of, unsigned from, unsigned to, const char *path,
                      struct ent_buf *body)
{
    (void)of, (void)from, (void)to, (void)path, (void)body;
    return !is_lost();
}

static void lose_answer(struct offices *of, const struct office_call *call, unsigned *status,
                        struct ent_buf *answer)
{
    (void)of, (void)call;
    if (!is_lost())
        return;
    *status = 503;
    ent_buf_clear(answer);
}

static void set_loss(bool on)
{
    const uint64_t seed = ent_t_rand();
    (void)pthread_mutex_lock(&all.lock);
    noise = seed;
    all.tamper = on ? lose_call : NULL;
    all.lie = on ? lose_answer : NULL;
    (void)pthread_mutex_unlock(&all.lock);
}

/* 1 to M of each, of which few are at many. */
static void make_sets(void)
{
    uint64_t left[MEMBERS];
    for (unsigned i = 0; i < MEMBERS; i++)
        left[i] = 1 + ent_t_below(all.plan.items);
    for (unsigned x = 0; x < all.plan.pool; x++) {
        const uint64_t level = ent_t_below(8);
        all.has[x] = 0;
        for (unsigned i = 0; i < MEMBERS; i++)
            if (left[i] > 0 && (ent_t_below(8) <= level || all.plan.pool - x <= left[i])) {
                all.has[x] |= UINT64_C(1) << i;
                left[i]--;
            }
    }
}

static uint64_t choose_members(unsigned n)
{
    uint64_t ret = 0;
    while ((unsigned)__builtin_popcountll(ret) < n)
        ret |= UINT64_C(1) << ent_t_below(MEMBERS);
    return ret;
}

/* Some come late, some begin again, the collector too. */
static void disturb(uint64_t off)
{
    for (unsigned k = 0; k < EVENTS || off != 0; k++) {
        (void)poll(NULL, 0, (int)ent_t_below(80));
        if (ent_t_below(2) == 0) {
            struct office *o = all.o[ent_t_below(all.n)];
            office_stop(o);
            office_begin(o);
        } else if (off != 0) {
            const unsigned i = (unsigned)__builtin_ctzll(off);
            atomic_store(&all.o[i]->off, false);
            off &= off - 1;
        }
    }
}

static void one_run(unsigned number)
{
    const unsigned n = 2 + (unsigned)ent_t_below(MEMBERS - 1);
    const uint32_t t = 2 + (uint32_t)ent_t_below(n - 1);
    const uint64_t members = choose_members(n), off = ent_t_rand() & ((1u << MEMBERS) - 1);
    printf("# run %u: %u of %u members (%llx)\n", number, t, n, (unsigned long long)members);
    all.window = OFFICE_WINDOW + (int64_t)(number + 1) * WINDOWS; /* the first was seen */
    atomic_store(&all.now, all.window + OFFICE_NOW - OFFICE_WINDOW);
    make_sets();
    offices_see(&all);
    for (unsigned i = 0; i < MEMBERS; i++)
        atomic_store(&all.o[i]->off, (off >> i & 1) != 0);
    set_loss(true);
    offices_offer_to(&all, t, members);
    disturb(off);
    offices_wait_taken(&all, members);
    set_loss(false);
    for (unsigned i = 0; i < MEMBERS; i++)
        if ((members >> i & 1) != 0)
            office_check(all.o[i], members);
    for (unsigned i = 0; i < all.n; i++) /* also who only holds a key, before time goes on */
        if (i < 2 || i == MEMBERS || (members >> i & 1) != 0)
            office_wait(all.o[i], ENT_QUORUM_DONE);
    assert_int_equal(offices_named(&all), 0);
    assert_int_equal(all.failed, 0);
    for (unsigned i = 0; i < all.n; i++)
        ent_quorums_look(all.o[i]->q);
}

static void test_random_runs(void **state)
{
    const char *text = getenv("ENT_RUNS");
    const unsigned runs = text != NULL      ? (unsigned)strtoul(text, NULL, 10)
                          : ENT_T_SANITIZED ? 1
                                            : 4;
    const struct offices_plan plan = {
        .members = MEMBERS, .items = 40, .padding = ENT_QUORUM_PAD_DOUBLE, .pool = OFFICE_POOL};
    (void)state;
    offices_start_with(&all, &plan);
    for (unsigned i = 0; i < runs; i++)
        one_run(i);
    offices_end(&all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_random_runs)};
    return ent_t_run("quorum_random", tests);
}
