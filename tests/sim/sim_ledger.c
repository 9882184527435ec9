/*
 * sim_ledger.c: logs, witnesses, mirrors and gossip, simulated by the hundred. Prints TAP.
 * ENT_SEED=... repeats a run, ENT_RUNS=... says how many (75); run i has the seed ENT_SEED + i.
 * Every eighth run has a k that is too small, and there liars must win some time; with ENT_RUNS=1
 * ENT_KIND=1 is such a run, and a larger number one with so many members. The last run has as many
 * as a pact may have. The program sim_ledger_200 is the same, with room for 200.
 */
#include "tests/sim/ledger_run.h"

#include <inttypes.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORKERS 2u
#define PACT    64u /* as many as a pact has */

static const char *const promises[LEDGER_WRONGS] = {
    "nobody honest is exposed",
    "no head of another history leaves an honest home",
    "nothing that was acknowledged is lost",
    "views and mirrors are of what their owners signed",
    "who shows two histories is exposed at everybody honest",
    "every exposure has a proof that holds",
    "accepted heads of one log are of one history",
    "once it is calm all homes are open and heard by all",
};

struct total {
    size_t runs, weak, failed[LEDGER_WRONGS], weak_forks, changed, died;
    struct ledger_run sum; /* of the runs that are not weak */
};

/* weak, crowd. Built with room for more members than a pact has, all runs are of as many or more.
 */
static struct ledger_run plan(uint64_t seed, uint64_t i, uint64_t runs)
{
    const char *kind = getenv("ENT_KIND");
    struct ledger_run r = {.seed = seed + i};
    if (runs == 1 && kind != NULL) {
        r.crowd = strtoul(kind, NULL, 10);
        r.weak = r.crowd == 1;
        r.crowd = r.weak ? 0 : r.crowd;
    } else if (runs > 1 && i + 1 == runs) {
        r.crowd = ENT_ROSTER_MEMBERS;
    } else if (ENT_ROSTER_MEMBERS > PACT) {
        r.crowd = PACT + r.seed % (ENT_ROSTER_MEMBERS - PACT + 1);
    } else {
        r.weak = runs > 1 && i % 8 == 7;
    }
    if (r.crowd > ENT_ROSTER_MEMBERS || (r.crowd > 0 && r.crowd < 18))
        ENT_BUG("ENT_KIND is 0, 1, or a number of members for which there is room");
    return r;
}

/* --- runs, in other processes: what one of them aborts with is told too ---------------------
 */

struct report {
    struct ledger_run run;
    bool changed;
};

static void work(int out, uint64_t seed, uint64_t runs, uint64_t first)
{
    for (uint64_t i = first; i < runs; i += WORKERS) {
        struct report o = {.run = plan(seed, i, runs)};
        struct ledger_run again = o.run;
        ledger_run(&o.run);
        if (i % 50 == 0 && o.run.crowd == 0) {
            ledger_run(&again);
            o.changed = memcmp(&again.trace, &o.run.trace, sizeof(again.trace)) != 0;
        }
        (void)fflush(stdout);
        if (write(out, &o, sizeof(o)) != (ssize_t)sizeof(o)) /* less than PIPE_BUF: whole */
            _exit(2);
    }
    _exit(0);
}

static void add(struct total *t, const struct report *o)
{
    const struct ledger_run *r = &o->run;
    struct ledger_run *s = &t->sum;
    t->runs++;
    t->changed += o->changed;
    if (o->changed)
        printf("# ENT_SEED=%" PRIu64 " ENT_RUNS=1: another run at the second time\n", r->seed);
    for (size_t k = 0; k < LEDGER_WRONGS; k++) {
        if (r->weak && k == LEDGER_TWICE)
            continue; /* there it must go wrong */
        t->failed[k] += r->wrong[k] > 0;
        if (r->wrong[k] > 0)
            printf("# ENT_SEED=%" PRIu64 " ENT_RUNS=1 ENT_KIND=%zu: not so: %s (%u times, "
                   "%zu members)\n",
                   r->seed, r->weak ? 1 : r->crowd, promises[k], r->wrong[k], r->members);
    }
    if (r->weak) {
        t->weak++;
        t->weak_forks += r->wrong[LEDGER_TWICE] > 0;
        return;
    }
    const struct {
        size_t *sum, n;
    } all[] = {
        {&s->members, r->members},   {&s->liars, r->liars},         {&s->said, r->said},
        {&s->calls, r->calls},       {&s->lost, r->lost},           {&s->late, r->late},
        {&s->lies, r->lies},         {&s->crafted, r->crafted},     {&s->crashes, r->crashes},
        {&s->failures, r->failures}, {&s->restored, r->restored},   {&s->refused, r->refused},
        {&s->jumps, r->jumps},       {&s->accepted, r->accepted},   {&s->split, r->split},
        {&s->forks, r->forks},       {&s->witnesses, r->witnesses}, {&s->sequences, r->sequences},
        {&s->hidden, r->hidden},     {&s->brought, r->brought},     {&s->repelled, r->repelled}};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        *all[i].sum += all[i].n;
}

static void run_all(struct total *t, uint64_t seed, uint64_t runs)
{
    int pipes[2], status;
    struct report o;
    if (pipe(pipes) != 0)
        ENT_BUG("pipe");
    (void)fflush(stdout);
    for (uint64_t w = 0; w < WORKERS; w++) {
        pid_t child = fork();
        if (child < 0)
            ENT_BUG("fork");
        if (child == 0) {
            (void)close(pipes[0]);
            work(pipes[1], seed, runs, w);
        }
    }
    (void)close(pipes[1]);
    while (read(pipes[0], &o, sizeof(o)) == (ssize_t)sizeof(o))
        add(t, &o);
    (void)close(pipes[0]);
    while (wait(&status) > 0)
        t->died += status != 0;
}

/* --- what comes of all -------------------------------------------------------------------------
 */

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

/* A simulation in which nothing happens shows nothing. */
static void test_that_it_happened(const struct total *t)
{
    const struct ledger_run *s = &t->sum;
    const struct {
        const char *what;
        size_t n;
    } all[] = {{"entries were said", s->said},
               {"heads were accepted", s->accepted},
               {"the power went", s->crashes},
               {"disks failed", s->failures},
               {"messages were lost", s->lost},
               {"requests came late or twice", s->late},
               {"clocks jumped", s->jumps},
               {"members had no address", s->hidden},
               {"entries were brought to mirrors", s->brought},
               {"and others repelled", s->repelled},
               {"old copies came back", s->restored},
               {"nothing was signed then", s->refused},
               {"liars answered wrongly", s->lies},
               {"liars made messages up", s->crafted},
               {"liars showed two histories", s->split},
               {"forks were proved", s->forks},
               {"witnesses of two histories were proved", s->witnesses},
               {"two statements with one number were proved", s->sequences}};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        test(all[i].n > 0, all[i].what, all[i].n);
    if (t->weak > 0)
        test(t->weak_forks > 0, "with one cosignature accepted forks are seen", t->weak_forks);
}

int main(void)
{
    struct total t = {.runs = 0};
    uint64_t seed, runs = from_environment("ENT_RUNS", 75);
    if (ent_secret_start() != ENT_OK)
        ENT_BUG("cannot start");
    ent_random(&seed, sizeof(seed));
    seed = from_environment("ENT_SEED", seed >> 16);
    printf("# sim_ledger: ENT_SEED=%" PRIu64 " ENT_RUNS=%" PRIu64 "\n", seed, runs);
    run_all(&t, seed, runs);
    printf("# %zu runs (%zu with a small k), %zu members, %zu liars, %zu requests\n", t.runs,
           t.weak, t.sum.members, t.sum.liars, t.sum.calls);
    test(t.runs == runs && t.died == 0, "every run comes to its end", t.runs);
    for (size_t k = 0; k < LEDGER_WRONGS; k++)
        test(t.failed[k] == 0, promises[k], t.failed[k]);
    test(t.changed == 0, "a seed is a run", t.changed);
    if (runs >= 24)
        test_that_it_happened(&t);
    printf("1..%u\n", number);
    return failures > 0;
}
