/*
 * test_watch_threads.c: a sealed set is used by several threads at once, each with its own scan.
 * Built with MODE=tsan this shows that nothing is written behind the const.
 */
#include "base/base.h"
#include "tests/support/naive_watch.h"
#include "tests/support/t.h"

#define THREADS 4
#define JOBS    16

struct shared {
    const struct ent_watch *w;
    struct ent_slice log;
    struct naive_report got[JOBS];
};

static size_t cut(void *ctx)
{
    size_t *n = ctx;
    return *n = *n % 1000 + 7;
}

static enum ent_err scan_once(void *ctx, size_t job)
{
    struct shared *sh = ctx;
    size_t n = job;
    return naive_engine(&sh->got[job], sh->w, sh->log, cut, &n, job % 2 == 0);
}

static void test_threads_see_the_same(void **state)
{
    static struct ent_observable ind[NAIVE_KNOWN];
    static struct shared sh;
    struct ent_pool *pool = NULL;
    struct naive_report want = {0};
    struct ent_buf b;
    (void)state;
    ent_buf_init(&b, 1u << 20);
    for (size_t i = 0; i < 2000; i++)
        assert_ok(ent_buf_printf(&b, "%s\xC3\xBC.evil.com%s", naive_known[ent_t_below(NAIVE_KNOWN)],
                                 ent_t_below(4) == 0 ? "\n" : " "));
    naive_parse_known(ind);
    struct ent_watch *w = naive_set(ind, NAIVE_KNOWN);
    assert_non_null(w);
    sh.w = w;
    sh.log = ent_buf_slice(&b);
    assert_ok(naive_engine(&want, w, sh.log, NULL, NULL, true));
    assert_true(want.hits.n > 1000);
    assert_ok(ent_pool_new(&pool, THREADS));
    assert_ok(ent_pool_run(pool, scan_once, &sh, JOBS));
    for (size_t i = 0; i < JOBS; i++) {
        assert_null(naive_diff(&want.hits, &sh.got[i].hits));
        if (i % 2 == 0)
            assert_null(naive_diff(&want.seen, &sh.got[i].seen));
        naive_release(&sh.got[i]);
    }
    naive_release(&want);
    ent_pool_free(pool);
    ent_watch_free(w);
    ent_buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads_see_the_same),
    };
    return ent_t_run("watch_threads", tests);
}
