/* watch_check.c: the scanner and the reference side by side. */
#include "tests/support/watch_check.h"

int watch_check_setup(void **state)
{
    static struct ent_observable ind[NAIVE_KNOWN];
    static struct watch_check c;
    naive_parse_known(ind);
    c = (struct watch_check){ind, NAIVE_KNOWN, naive_set(ind, NAIVE_KNOWN)};
    *state = &c;
    return c.w == NULL;
}

int watch_check_teardown(void **state)
{
    ent_watch_free(((struct watch_check *)*state)->w);
    return 0;
}

size_t watch_cut_same(void *ctx)
{
    return *(size_t *)ctx;
}

size_t watch_cut_random(void *ctx)
{
    return 1 + ent_t_below(*(size_t *)ctx);
}

/* A report of a hit begins with line and offset: the bytes around that place, else the first. */
static void show(const char *what, enum ent_cpu_level level, const char *diff, struct ent_slice s)
{
    char *end = NULL;
    struct ent_buf b;
    unsigned long long line = strtoull(diff, &end, 10), at = 0, from = 0;
    if (line > 0)
        at = strtoull(end, NULL, 10);
    if (at > 400)
        from = at - 400;
    ent_buf_init(&b, 1u << 20);
    assert_ok(ent_escape(&b, ent_slice(s.p + from, s.n - from < 1000 ? s.n - from : 1000), 4000));
    printf("# %s, %s, only one side has: %s\n# bytes from %llu on: %.*s\n", ent_cpu_name(level),
           what, diff, from, (int)b.n, (const char *)b.p);
    ent_buf_release(&b);
}

static void same(const char *what, enum ent_cpu_level level, struct naive_list *want,
                 struct naive_list *got, struct ent_slice s)
{
    const char *diff = naive_diff(want, got);
    if (diff != NULL)
        show(what, level, diff, s);
    assert_null(diff);
}

void watch_check_against(const struct watch_check *c, struct naive_report *want, struct ent_slice s,
                         size_t (*cut)(void *), void *ctx)
{
    for (int l = ENT_CPU_PORTABLE; l <= (int)ent_cpu_machine(); l++) {
        enum ent_cpu_level level = (enum ent_cpu_level)l;
        struct naive_report got = {0}, quiet = {0};
        ent_cpu_limit(level);
        assert_ok(naive_engine(&got, c->w, s, cut, ctx, true));
        assert_ok(naive_engine(&quiet, c->w, s, cut, ctx, false));
        same(cut == NULL ? "hits" : "hits when cut", level, &want->hits, &got.hits, s);
        same(cut == NULL ? "seen" : "seen when cut", level, &want->seen, &got.seen, s);
        same("hits when not asked what was seen", level, &want->hits, &quiet.hits, s);
        naive_release(&got);
        naive_release(&quiet);
    }
    ent_cpu_limit(ENT_CPU_AVX512);
}

size_t watch_check(const struct watch_check *c, struct ent_slice s, size_t (*cut)(void *),
                   void *ctx)
{
    struct naive_report want = {0};
    naive_watch(&want, c->ind, c->n, s);
    watch_check_against(c, &want, s, NULL, NULL);
    if (cut != NULL)
        watch_check_against(c, &want, s, cut, ctx);
    size_t hits = want.hits.n;
    naive_release(&want);
    return hits;
}
