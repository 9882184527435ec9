/*
 * test_watch_set.c: a real list in a real log; the set and the scan as objects: states, limits,
 * callbacks, a million indicators.
 */
#include "base/base.h"
#include "intel/intel.h"
#include "tests/support/naive_watch.h"
#include "tests/support/t.h"

/* --- the real log ------------------------------------------------------------------------------
 */

struct grizzly {
    struct ent_watch *w;
    uint64_t n;
};

static enum ent_err take_indicator(void *ctx, const struct ent_indicator *ind)
{
    struct grizzly *g = ctx;
    return ind->obs.type == ENT_OBS_IPV4 ? ent_watch_add(g->w, &ind->obs, g->n++) : ENT_OK;
}

static enum ent_err skip_indicator(void *ctx, uint64_t line, const char *why, struct ent_slice what)
{
    (void)ctx, (void)line, (void)why, (void)what;
    return ENT_OK;
}

static size_t some_bytes(void *ctx)
{
    (void)ctx;
    return 1 + ent_t_below(100000);
}

/* Two addresses of the 2016 list occur in this log of 2015, on nine lines. */
static void test_grizzly_steppe_in_apache_log(void **state)
{
    struct grizzly g = {0};
    struct naive_report got = {0};
    const struct ent_import_opts opts = {.confidence = -1};
    const struct ent_import_sink sink = {&g, take_indicator, skip_indicator, NULL, NULL};
    struct ent_slice csv = ent_t_file("tests/data/grizzly-steppe/JAR-16-20296A.csv");
    size_t first = 0, second = 0;
    (void)state;
    assert_ok(ent_watch_new(&g.w, 0));
    assert_ok(ent_intel_read(ent_reader_mem(&csv), &opts, &sink, NULL, NULL));
    assert_ok(ent_watch_seal(g.w));
    assert_int_equal(ent_watch_count(g.w), 876);
    struct ent_slice log = ent_t_file("tests/data/web-logs/apache_logs");
    assert_ok(naive_engine(&got, g.w, log, some_bytes, NULL, false));
    for (size_t i = 0; i < got.hits.n; i++) {
        first += strstr(got.hits.text[i], "ipv4 109.163.234.2 ipv4 109.163.234.2 ") != NULL;
        second += strstr(got.hits.text[i], "ipv4 109.74.151.149 ipv4 109.74.151.149 ") != NULL;
    }
    assert_int_equal(got.hits.n, 9);
    assert_int_equal(first, 1);
    assert_int_equal(second, 8);
    assert_memory_equal(got.hits.text[0], "2276 ", 5);
    naive_release(&got);
    ent_watch_free(g.w);
}

/* --- the set and the scan as objects -----------------------------------------------------------
 */

static struct ent_observable observable(const char *text)
{
    struct ent_observable o;
    assert_ok(ent_observable_parse(&o, NULL, ent_slice_str(text)));
    return o;
}

static void test_states(void **state)
{
    const struct ent_scan_events none = {0};
    struct ent_observable o = observable("1.2.3.4");
    struct ent_watch *w = NULL;
    struct ent_scan *s = NULL;
    (void)state;
    assert_ok(ent_watch_new(&w, 0));
    assert_err(ent_scan_new(&s, w, &none), ENT_E_STATE);
    assert_null(s);
    assert_ok(ent_watch_add(w, &o, 1));
    assert_ok(ent_watch_seal(w));
    assert_err(ent_watch_add(w, &o, 1), ENT_E_STATE);
    assert_err(ent_watch_seal(w), ENT_E_STATE);
    assert_ok(ent_scan_new(&s, w, &none));
    assert_int_equal(ent_scan_lines(s), 0);
    assert_ok(ent_scan_feed(s, "1.2.3.4\nx", 9));
    assert_int_equal(ent_scan_lines(s), 2);
    assert_ok(ent_scan_feed(s, "\n", 1));
    assert_int_equal(ent_scan_lines(s), 2);
    assert_ok(ent_scan_end(s));
    assert_err(ent_scan_end(s), ENT_E_STATE);
    assert_err(ent_scan_feed(s, "x", 1), ENT_E_STATE);
    ent_scan_free(s);
    ent_scan_free(NULL);
    ent_watch_free(w);
    ent_watch_free(NULL);
}

/* The map of IPv4 networks is asked about every address, also where there is none in the set. */
static void test_only_ipv6(void **state)
{
    struct ent_observable o = observable("2001:db8::1");
    struct ent_watch *w = naive_set(&o, 1);
    struct naive_report got = {0};
    struct ent_buf log;
    (void)state;
    ent_buf_init(&log, 1u << 20);
    for (unsigned i = 0; i < 500; i++)
        assert_ok(ent_buf_printf(&log, "10.0.%u.%u GET / 198.51.100.7\n", i / 250, i % 250));
    assert_ok(ent_buf_puts(&log, "2001:db8::1\n"));
    assert_ok(naive_engine(&got, w, ent_buf_slice(&log), NULL, NULL, false));
    assert_int_equal(got.hits.n, 1);
    naive_release(&got);
    ent_buf_release(&log);
    ent_watch_free(w);
}

static enum ent_err keep_id(void *ctx, const struct ent_hit *hit)
{
    *(uint64_t *)ctx = hit->id;
    return ENT_OK;
}

static void test_same_indicator_twice(void **state)
{
    uint64_t id = 0;
    const struct ent_scan_events ev = {&id, keep_id, NULL};
    struct ent_observable o = observable("evil.com");
    struct ent_watch *w = NULL;
    struct ent_scan *s = NULL;
    (void)state;
    assert_ok(ent_watch_new(&w, 0));
    assert_ok(ent_watch_add(w, &o, UINT64_MAX));
    assert_ok(ent_watch_add(w, &o, 8));
    assert_int_equal(ent_watch_count(w), 1);
    assert_ok(ent_watch_seal(w));
    assert_ok(ent_scan_new(&s, w, &ev));
    assert_ok(ent_scan_feed(s, "evil.com", 8));
    assert_int_equal(id, 0);
    assert_ok(ent_scan_end(s));
    assert_true(id == UINT64_MAX);
    ent_scan_free(s);
    ent_watch_free(w);
}

static enum ent_err refuse_hit(void *ctx, const struct ent_hit *hit)
{
    (void)hit;
    ++*(int *)ctx;
    return ENT_E_FULL;
}

static enum ent_err refuse_seen(void *ctx, const struct ent_observable *o)
{
    (void)o;
    ++*(int *)ctx;
    return ENT_E_INTERRUPTED;
}

static void test_callback_stops(void **state)
{
    int calls = 0;
    struct ent_scan_events ev = {&calls, refuse_hit, NULL};
    struct ent_observable o = observable("1.2.3.4");
    struct ent_watch *w = naive_set(&o, 1);
    struct ent_scan *s = NULL;
    (void)state;
    assert_ok(ent_scan_new(&s, w, &ev));
    assert_err(ent_scan_feed(s, "1.2.3.4 1.2.3.4\n1.2.3.4\n", 24), ENT_E_FULL);
    assert_err(ent_scan_feed(s, "1.2.3.4\n", 8), ENT_E_FULL);
    assert_err(ent_scan_end(s), ENT_E_FULL);
    assert_int_equal(calls, 1);
    ent_scan_free(s);
    ev.seen = refuse_seen;
    assert_ok(ent_scan_new(&s, w, &ev));
    assert_ok(ent_scan_feed(s, "1.2.3.4", 7));
    assert_err(ent_scan_end(s), ENT_E_INTERRUPTED);
    assert_int_equal(calls, 2);
    ent_scan_free(s);
    ent_watch_free(w);
}

/* The i-th of many different indicators, mixed as lists are. */
static void make_indicator(struct ent_observable *ret, uint64_t i)
{
    char text[128];
    uint64_t z = i * 0x9E3779B97F4A7C15u, y = (z ^ z >> 31) * 0xBF58476D1CE4E5B9u;
    switch (i % 8) {
    case 0:
    case 1:
        (void)snprintf(text, sizeof(text), "%u.%u.%u.%u", 1 + (unsigned)(i >> 24),
                       (unsigned)(i >> 16 & 255), (unsigned)(i >> 8 & 255), (unsigned)(i & 255));
        break;
    case 2:
        (void)snprintf(text, sizeof(text), "%016llx%016llx", (unsigned long long)z,
                       (unsigned long long)y);
        break;
    case 3:
        (void)snprintf(text, sizeof(text), "http://host-%llx.example.com/path/%llx",
                       (unsigned long long)y >> 40, (unsigned long long)i);
        break;
    default:
        (void)snprintf(text, sizeof(text), "name%llx-%llx.example.net", (unsigned long long)i,
                       (unsigned long long)y >> 44);
    }
    if (ent_observable_parse(ret, NULL, ent_slice_str(text)) != ENT_OK)
        ENT_BUG(text);
}

static void test_memory_is_bounded(void **state)
{
    struct ent_watch *w = NULL;
    struct ent_observable o;
    struct naive_report got = {0};
    enum ent_err r = ENT_OK;
    uint64_t n = 0;
    char line[ENT_OBS_MAX + 8];
    (void)state;
    assert_err(ent_watch_new(&w, 16), ENT_E_LIMIT);
    assert_null(w);
    assert_ok(ent_watch_new(&w, 100000));
    for (; r == ENT_OK; n += r == ENT_OK) {
        make_indicator(&o, n);
        r = ent_watch_add(w, &o, n);
    }
    assert_err(r, ENT_E_LIMIT);
    assert_int_equal(ent_watch_count(w), n);
    assert_true(n > 500 && n < 5000);
    /* It still works with what it holds. */
    assert_ok(ent_watch_seal(w));
    make_indicator(&o, n - 1);
    (void)snprintf(line, sizeof(line), "x %s", o.text);
    assert_ok(naive_engine(&got, w, ent_slice_str(line), NULL, NULL, false));
    assert_int_equal(got.hits.n, 1);
    naive_release(&got);
    ent_watch_free(w);
}

/* A million indicators in 100 MB, and those that are asked for are found. */
static void test_a_million(void **state)
{
    const uint64_t n = 1000000;
    struct ent_watch *w = NULL;
    struct ent_observable o;
    struct naive_report got = {0};
    struct ent_buf b;
    size_t wants = 0;
    (void)state;
    ent_buf_init(&b, 1u << 20);
    assert_ok(ent_watch_new(&w, (size_t)100 * 1000 * 1000));
    for (uint64_t i = 0; i < n; i++) {
        make_indicator(&o, i);
        assert_ok(ent_watch_add(w, &o, i));
    }
    assert_ok(ent_watch_seal(w));
    assert_int_equal(ent_watch_count(w), n);
    for (uint64_t i = 0; i < 2 * n; i += 997, wants += i < n + 997) {
        make_indicator(&o, i);
        assert_ok(ent_buf_printf(&b, "%s\n", o.text));
    }
    assert_ok(naive_engine(&got, w, ent_buf_slice(&b), NULL, NULL, false));
    assert_int_equal(got.hits.n, wants);
    naive_release(&got);
    ent_buf_release(&b);
    ent_watch_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grizzly_steppe_in_apache_log),
        cmocka_unit_test(test_states),
        cmocka_unit_test(test_only_ipv6),
        cmocka_unit_test(test_same_indicator_twice),
        cmocka_unit_test(test_callback_stops),
        cmocka_unit_test(test_memory_is_bounded),
        cmocka_unit_test(test_a_million),
    };
    return ent_t_run("watch_set", tests);
}
