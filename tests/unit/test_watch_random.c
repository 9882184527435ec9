/*
 * test_watch_random.c: the scanner against the reference matcher on 10,000 random logs made of what
 * matters: indicators, their variants and near misses, every byte on both sides, escapes, pieces of
 * UTF-8, long runs; at every CPU level, and the same stream cut at random places.
 */
#include "tests/support/watch_check.h"

#define LINES_MAX 65536

struct stream {
    uint8_t b[LINES_MAX];
    size_t n;
};

static void put(struct stream *s, const void *p, size_t n)
{
    if (n > sizeof(s->b) - s->n)
        n = sizeof(s->b) - s->n;
    memcpy(s->b + s->n, p, n);
    s->n += n;
}

static void put_piece(struct stream *s)
{
    const char *text = NULL;
    uint8_t c = (uint8_t)ent_t_rand();
    switch (ent_t_below(8)) {
    case 0:
    case 1:
    case 2:
        text = naive_known[ent_t_below(NAIVE_KNOWN)];
        break;
    case 3:
    case 4:
    case 5:
        text = naive_pieces[ent_t_below(NAIVE_PIECES)];
        break;
    case 6:
        put(s, &c, 1);
        return;
    default:
        put(s, " ", 1);
        return;
    }
    size_t n = strlen(text), from = 0;
    if (ent_t_below(8) == 0) { /* a part of it */
        from = ent_t_below(n);
        n = from + 1 + ent_t_below(n - from);
    }
    size_t at = s->n;
    put(s, text + from, n - from);
    if (ent_t_below(10) == 0 && s->n > at) /* with one byte wrong */
        s->b[at + ent_t_below(s->n - at)] = c;
    if (ent_t_below(10) == 0 && s->n > at) /* in another case */
        for (size_t i = at; i < s->n; i++)
            if ((s->b[i] >= 'a' && s->b[i] <= 'z') || (s->b[i] >= 'A' && s->b[i] <= 'Z'))
                s->b[i] ^= 0x20;
}

static void check(void **state, struct ent_slice s, size_t most)
{
    (void)watch_check(*state, s, watch_cut_random, &most);
}

/* Most are short, so that each piece stands beside each other; some fill many windows. */
static void test_random_logs(void **state)
{
    static struct stream s;
    unsigned n = watch_rounds(10000, 600);
    for (unsigned i = 0; i < n; i++) {
        s.n = 0;
        for (uint64_t k = 1 + ent_t_below(i % 100 == 0 ? 2000 : 24); k > 0; k--)
            put_piece(&s);
        check(state, ent_slice(s.b, s.n), i % 2 == 0 ? 1 : 12);
    }
}

/* Sets without addresses, without names ...: of each mixture of kinds, what it has no filter for
 * must not be asked. */
static void test_some_kinds(void **state)
{
    static struct stream s;
    static struct ent_observable some[NAIVE_KNOWN];
    const struct watch_check *all = *state;
    unsigned rounds = watch_rounds(40, 8);
    for (unsigned i = 0; i < ENT_OBS_TYPES * rounds; i++) {
        uint64_t types = i % 2 == 0 ? ENT_OBS_BIT(i % ENT_OBS_TYPES) : ent_t_rand();
        struct watch_check c = {.ind = some};
        for (size_t k = 0; k < NAIVE_KNOWN; k++)
            if ((types & ENT_OBS_BIT(all->ind[k].type)) != 0)
                some[c.n++] = all->ind[k];
        c.w = naive_set(some, c.n);
        assert_non_null(c.w);
        s.n = 0;
        while (s.n < 2000)
            put_piece(&s);
        (void)watch_check(&c, ent_slice(s.b, s.n), NULL, NULL);
        ent_watch_free(c.w);
    }
}

/* Each byte before and behind each indicator. */
static void test_every_boundary(void **state)
{
    static struct stream s;
    for (size_t i = 0; i < NAIVE_KNOWN; i++) {
        s.n = 0;
        for (unsigned c = 0; c < 256; c++) {
            uint8_t byte = (uint8_t)c;
            put(&s, &byte, 1);
            put(&s, naive_known[i], strlen(naive_known[i]));
            put(&s, "\n", 1);
            put(&s, naive_known[i], strlen(naive_known[i]));
            put(&s, &byte, 1);
            put(&s, "\n", 1);
        }
        check(state, ent_slice(s.b, s.n), 50);
    }
}

/* One line that no window holds, of everything: with blanks, and without. */
static void test_long_lines(void **state)
{
    static struct stream s;
    struct ent_buf b;
    ent_buf_init(&b, 1u << 20);
    for (unsigned i = 0; i < 4; i++) {
        ent_buf_clear(&b);
        while (b.n < 200000) {
            s.n = 0;
            put_piece(&s);
            for (size_t k = 0; k < s.n; k++)
                if (s.b[k] == '\n' || (i % 2 == 0 && s.b[k] <= ' '))
                    s.b[k] = 'x';
            assert_ok(ent_buf_put(&b, s.b, s.n));
        }
        check(state, ent_buf_slice(&b), 70000);
    }
    ent_buf_release(&b);
}

/* Runs that no window holds, with tokens in and behind them. */
static void test_long_runs(void **state)
{
    static const char *const filler[] = {"a", "1",          ".",        "-", "a.", "1.2.3.4-",
                                         ":", "a:",         "\xC3\xA9", "%", "\\", "/",
                                         ",", "evil.com..", "@",        "f", "0:", "a-."};
    struct ent_buf b;
    ent_buf_init(&b, 1u << 20);
    for (size_t i = 0; i < sizeof(filler) / sizeof(filler[0]); i++) {
        ent_buf_clear(&b);
        for (size_t part = 0; part < 3; part++) {
            uint64_t n = 30000 + ent_t_below(10000);
            for (uint64_t at = b.n + n; b.n < at;)
                assert_ok(ent_buf_puts(&b, filler[i]));
            for (int k = 0; k < 3; k++)
                assert_ok(ent_buf_puts(&b, ent_t_below(2)
                                               ? naive_known[ent_t_below(NAIVE_KNOWN)]
                                               : naive_pieces[ent_t_below(NAIVE_PIECES)]));
        }
        check(state, ent_buf_slice(&b), 5000);
    }
    ent_buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_random_logs, watch_check_setup, watch_check_teardown),
        cmocka_unit_test_setup_teardown(test_some_kinds, watch_check_setup, watch_check_teardown),
        cmocka_unit_test_setup_teardown(test_every_boundary, watch_check_setup,
                                        watch_check_teardown),
        cmocka_unit_test_setup_teardown(test_long_lines, watch_check_setup, watch_check_teardown),
        cmocka_unit_test_setup_teardown(test_long_runs, watch_check_setup, watch_check_teardown),
    };
    return ent_t_run("watch_random", tests);
}
