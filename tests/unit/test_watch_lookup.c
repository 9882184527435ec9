/* test_watch_lookup.c: what a hit says of its surroundings; asking the set directly, against a
 * naive model. */
#include "tests/support/t.h"

#include "watch/watch.h"

static struct ent_observable observable(const char *text)
{
    struct ent_observable o;
    assert_ok(ent_observable_parse(&o, NULL, ent_slice_str(text)));
    return o;
}

/* --- what stands around a hit ------------------------------------------------------------------
 */

struct around {
    char text[4096];
    size_t n, at, hits;
};

static enum ent_err keep_around(void *ctx, const struct ent_hit *h)
{
    struct around *a = ctx;
    a->hits++;
    a->n = h->around.n;
    a->at = h->around_at;
    assert_true(a->n < sizeof(a->text));
    memcpy(a->text, h->around.p, a->n);
    a->text[a->n] = '\0';
    return ENT_OK;
}

static struct around around(struct ent_slice stream, size_t piece)
{
    struct around a = {.hits = 0};
    const struct ent_scan_events ev = {&a, keep_around, NULL};
    struct ent_observable o = observable("evil.com");
    struct ent_watch *w = NULL;
    struct ent_scan *s = NULL;
    assert_ok(ent_watch_new(&w, 0));
    assert_ok(ent_watch_add(w, &o, 1));
    assert_ok(ent_watch_seal(w));
    assert_ok(ent_scan_new(&s, w, &ev));
    for (size_t at = 0; at < stream.n; at += piece)
        assert_ok(ent_scan_feed(s, stream.p + at, stream.n - at < piece ? stream.n - at : piece));
    assert_ok(ent_scan_end(s));
    ent_scan_free(s);
    ent_watch_free(w);
    return a;
}

static void test_around(void **state)
{
    static const struct {
        const char *stream, *around;
        size_t at;
    } cases[] = {
        {"evil.com", "evil.com", 0},
        {"one\nGET evil.com HTTP\r\nthree", "GET evil.com HTTP\r", 4},
        {"\nevil.com\n", "evil.com", 0},
        {"x\n\nq=EVIL.com.", "q=EVIL.com.", 2},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ent_slice s = ent_slice_str(cases[i].stream);
        for (size_t piece = 1; piece <= s.n; piece++) {
            struct around a = around(s, piece);
            assert_int_equal(a.hits, 1);
            assert_string_equal(a.text, cases[i].around);
            assert_int_equal(a.at, cases[i].at);
        }
    }
}

/* 256 bytes on either side and no more, also in a line that never ends. */
static void test_around_is_bounded(void **state)
{
    static uint8_t line[300000];
    (void)state;
    memset(line, ' ', sizeof(line));
    for (size_t at = 100000; at < 100600; at += 37) {
        memcpy(line + at, "evil.com", 8);
        struct around a = around(ent_slice(line, sizeof(line)), 777);
        memset(line + at, ' ', 8);
        assert_int_equal(a.hits, 1);
        assert_int_equal(a.at, 256);
        assert_int_equal(a.n, 256 + 8 + 256);
        assert_memory_equal(a.text + 256, "evil.com ", 9);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_around),
        cmocka_unit_test(test_around_is_bounded),
    };
    return ent_t_run("watch_lookup", tests);
}
