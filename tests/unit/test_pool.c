/* test_pool.c: the thread pool; also run under ThreadSanitizer. */
#include "tests/support/t.h"

#include <pthread.h>
#include <stdatomic.h>

struct work {
    atomic_uint ran[1000];
    size_t fail_at;
};

static enum ent_err job(void *ctx, size_t i)
{
    struct work *w = ctx;
    atomic_fetch_add(&w->ran[i], 1);
    return i == w->fail_at ? ENT_E_STATE : ENT_OK;
}

static void test_every_job_once(void **state)
{
    (void)state;
    for (unsigned threads = 1; threads <= 8; threads++) {
        struct ent_pool *p;
        assert_ok(ent_pool_new(&p, threads));
        assert_int_equal(ent_pool_threads(p), threads);
        for (int round = 0; round < 50; round++) {
            struct work w = {.fail_at = SIZE_MAX};
            size_t n = ent_t_below(1000);
            assert_ok(ent_pool_run(p, job, &w, n));
            for (size_t i = 0; i < 1000; i++)
                assert_int_equal(atomic_load(&w.ran[i]), i < n);
        }
        ent_pool_free(p);
    }
}

static void test_the_first_error_stops_the_rest(void **state)
{
    struct ent_pool *p;
    struct work w = {.fail_at = 10};
    unsigned ran = 0;
    (void)state;
    assert_ok(ent_pool_new(&p, 2));
    assert_err(ent_pool_run(p, job, &w, 1000), ENT_E_STATE);
    for (size_t i = 0; i < 1000; i++)
        ran += atomic_load(&w.ran[i]);
    assert_true(ran < 1000);
    struct work again = {.fail_at = SIZE_MAX};
    assert_ok(ent_pool_run(p, job, &again, 5)); /* the pool is fine afterwards */
    ent_pool_free(p);
    ent_pool_free(NULL);
}

static void *caller(void *arg)
{
    struct ent_pool *p = arg;
    for (int i = 0; i < 100; i++) {
        struct work w = {.fail_at = SIZE_MAX};
        if (ent_pool_run(p, job, &w, 100) != ENT_OK)
            return (void *)1;
        for (size_t k = 0; k < 100; k++)
            if (atomic_load(&w.ran[k]) != 1)
                return (void *)1;
    }
    return NULL;
}

static void test_callers_take_turns(void **state)
{
    struct ent_pool *p;
    pthread_t t[4];
    (void)state;
    assert_ok(ent_pool_new(&p, 3));
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&t[i], NULL, caller, p), 0);
    for (int i = 0; i < 4; i++) {
        void *bad;
        assert_int_equal(pthread_join(t[i], &bad), 0);
        assert_null(bad);
    }
    ent_pool_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_job_once),
        cmocka_unit_test(test_the_first_error_stops_the_rest),
        cmocka_unit_test(test_callers_take_turns),
    };
    return ent_t_run("pool", tests);
}
