/*
 * sim_vote.c: votes on a pact, simulated by the thousand. Prints TAP. ENT_SEED=... repeats a run,
 * ENT_RUNS=... says how many (1500); run i has the seed ENT_SEED + i.
 */
#include "tests/sim/vote_run.h"

#include <inttypes.h>
#include <pthread.h>

struct total {
    pthread_mutex_t lock;
    uint64_t seed;
    bool weak;
    size_t runs, members, liars, crashes, lost, most, forked;
    uint32_t rounds;
    size_t wrong, stuck, doubled, accused, missed, changed;
};

static void tell(const struct vote_run *r, const char *what)
{
    printf("# %s: ENT_SEED=%" PRIu64 " ENT_RUNS=1 (%zu members, %zu liars)\n", what, r->seed,
           r->members, r->liars);
}

static void add(struct total *t, const struct vote_run *r)
{
    t->runs++;
    t->members += r->members;
    t->liars += r->liars;
    t->crashes += r->crashes;
    t->lost += r->lost;
    t->most = r->members > t->most ? r->members : t->most;
    t->rounds = r->rounds > t->rounds ? r->rounds : t->rounds;
    t->forked += r->wrong > 0;
    if (t->weak)
        return; /* there it must go wrong */
    const struct {
        unsigned bad;
        size_t *sum;
        const char *what;
    } all[] = {
        {r->wrong, &t->wrong, "decided differently"},
        {r->stuck, &t->stuck, "did not decide"},
        {r->doubled, &t->doubled, "voted twice"},
        {r->accused, &t->accused, "honest and accused"},
        {r->missed, &t->missed, "two votes that nobody was told of"},
    };
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        *all[i].sum += all[i].bad;
        if (all[i].bad > 0)
            tell(r, all[i].what);
    }
}

static enum ent_err one(void *ctx, size_t i)
{
    struct total *t = ctx;
    struct vote_run r = {.seed = t->seed + i, .weak = t->weak}, again = r;
    vote_run(&r);
    if (i % 100 == 0)
        vote_run(&again);
    pthread_mutex_lock(&t->lock);
    add(t, &r);
    if (i % 100 == 0 && (again.trace != r.trace || again.events != r.events)) {
        tell(&r, "another run at the second time");
        t->changed++;
    }
    pthread_mutex_unlock(&t->lock);
    return ENT_OK;
}

static unsigned failures, number;

static void test(bool ok, const char *name, size_t n)
{
    failures += !ok;
    printf("%s %u - %s (%zu)\n", ok ? "ok" : "not ok", ++number, name, n);
}

static uint64_t from_environment(const char *name, uint64_t otherwise)
{
    const char *s = getenv(name);
    return s == NULL ? otherwise : strtoull(s, NULL, 10);
}

int main(void)
{
    struct total t = {.lock = PTHREAD_MUTEX_INITIALIZER};
    struct ent_pool *pool;
    uint64_t runs = from_environment("ENT_RUNS", 1500);
    if (ent_secret_start() != ENT_OK || ent_pool_new(&pool, 0) != ENT_OK)
        ENT_BUG("cannot start");
    ent_random(&t.seed, sizeof(t.seed));
    t.seed = from_environment("ENT_SEED", t.seed >> 16);
    printf("# sim_vote: ENT_SEED=%" PRIu64 " ENT_RUNS=%" PRIu64 "\n", t.seed, runs);
    struct total weak = t;
    weak.weak = true;
    if (ent_pool_run(pool, one, &t, runs) != ENT_OK ||
        (runs > 1 && ent_pool_run(pool, one, &weak, 50 + runs / 10) != ENT_OK))
        ENT_BUG("a run ended");
    ent_pool_free(pool);
    printf("# %zu runs, %zu members (%zu at most), %zu liars, %zu crashes, %zu messages lost, "
           "%" PRIu32 " rounds at most\n",
           t.runs, t.members, t.most, t.liars, t.crashes, t.lost, t.rounds);
    test(t.wrong == 0, "no two members decide differently, nor against the rules", t.wrong);
    test(t.stuck == 0, "all decide once the network is calm", t.stuck);
    test(t.doubled == 0, "nobody honest votes twice, also after a crash", t.doubled);
    test(t.accused == 0, "nobody honest is accused", t.accused);
    test(t.missed == 0, "whoever is shown two votes is told", t.missed);
    test(t.changed == 0, "a seed is a run", t.changed);
    if (runs > 1)
        test(weak.forked > 0, "half of the members are not enough: some runs fork", weak.forked);
    printf("1..%u\n", number);
    return failures > 0;
}
