/*
 * test_watch_levels.c: every kind of token at every place: where vectors, windows and buffers end,
 * between each pair of surroundings, in and behind runs of every length that matters. The scanner
 * must equal the reference at every CPU level.
 */
#include "tests/support/watch_check.h"

static struct ent_slice token(size_t i)
{
    return ent_slice_str(i < NAIVE_KNOWN ? naive_known[i] : naive_pieces[i - NAIVE_KNOWN]);
}
#define TOKENS (NAIVE_KNOWN + NAIVE_PIECES)

/* The sanitizers are slow and look at every nth; where it begins differs from run to run. */
static size_t every(size_t sanitized)
{
    return ENT_T_SANITIZED ? sanitized : 1;
}

static size_t first(size_t step)
{
    return ent_t_below(step);
}

static void fill(struct ent_buf *b, const char *filler, size_t to)
{
    size_t n = strlen(filler);
    uint8_t *p = NULL;
    if (to <= b->n)
        return;
    assert_ok(ent_buf_reserve(b, &p, to - b->n));
    for (size_t i = b->n; i < to; i++)
        *p++ = (uint8_t)filler[i % n];
    b->n = to;
}

static void put(struct ent_buf *b, struct ent_slice s)
{
    assert_ok(ent_buf_put_slice(b, s));
}

/* --- alignment ---------------------------------------------------------------------------------
 */

static const char *const fillers[] = {" ", "\n", "a b\n", "\",\"x\":", "word ", "1 "};
#define FILLERS (sizeof(fillers) / sizeof(fillers[0]))

/* Each token beginning at every offset of a vector of 64 bytes; the last ends the stream. */
static void test_every_alignment(void **state)
{
    struct ent_buf b;
    size_t step = every(7);
    ent_buf_init(&b, 1u << 20);
    for (size_t i = first(step); i < TOKENS * FILLERS; i += step) {
        const char *filler = fillers[i % FILLERS];
        struct ent_slice t = token(i / FILLERS);
        ent_buf_clear(&b);
        for (size_t k = 0; k < 64; k++) {
            fill(&b, filler, (b.n + 1 + 63) / 64 * 64 + k);
            put(&b, t);
        }
        (void)watch_check(*state, ent_buf_slice(&b), NULL, NULL);
    }
    ent_buf_release(&b);
}

static void at_edge(const struct watch_check *c, struct ent_slice t, size_t edge, size_t before,
                    const char *filler)
{
    struct ent_buf b;
    ent_buf_init(&b, 1u << 20);
    fill(&b, filler, edge - before - 1);
    fill(&b, " ", edge - before);
    put(&b, t);
    fill(&b, " ", b.n + 1);
    fill(&b, "word ", b.n + 100);
    (void)watch_check(c, ent_buf_slice(&b), watch_cut_same, &edge);
    ent_buf_release(&b);
}

/* Each indicator beginning at every offset before the place where vectors and pages end, and at
 * some before the ends of carries: all in one buffer, and in buffers that end there. */
static void test_every_edge(void **state)
{
    static const size_t edges[] = {64, 128, 4096, 65536, 131072};
    size_t step = every(7);
    for (size_t i = first(step); i < NAIVE_KNOWN * 5; i += step) {
        struct ent_slice t = ent_slice_str(naive_known[i / 5]);
        size_t edge = edges[i % 5];
        for (size_t before = 0; before <= t.n && before < edge;
             before += 1 + ent_t_below(edge / 4097 + 1))
            at_edge(*state, t, edge, before, fillers[ent_t_below(FILLERS)]);
    }
}

#define WIDE 4

/* Characters of two, three and four bytes across the end of the first carry of a long line. */
static void test_wide_at_edge(void **state)
{
    static const char *const wide[WIDE] = {
        "\xC3\xA9\xC3\xA9.evil.com", "\xE4\xB8\xAD\xE6\x96\x87.evil.com",
        "\xF0\xA0\x80\x80\xF0\xA0\x80\x80.evil.com", "x\xF0\x9F\x9A\xA8\xE2\x80\x9C.evil.com"};
    for (size_t i = 0; i < 2 * WIDE; i++)
        for (size_t before = 0; before < 9; before++)
            at_edge(*state, ent_slice_str(wide[i % WIDE]), 65536, before, i < WIDE ? " " : "word ");
}

/* What a token is may depend on bytes far behind its beginning, and the first carry ends between
 * them: an address that begins a long name, in a word longer than any; a long URL; a long name. */
static void test_far_ends(void **state)
{
    static const struct {
        const char *before, *token, *middle, *end;
        size_t most; /* bytes from the token to its end */
    } far[] = {{"a.", "..1.2.3.4-", "a.", "a.isp.net ", 1100},
               {" ", "http://evil.com/a", "b", "c ", 8400},
               {"word ", " bob@", "a.", "evil.net ", 1200},
               {"x.", "..\xE4\xB8\xAD", "\xE4\xB8\xAD", ".evil.com ", 900}};
    struct ent_buf b;
    ent_buf_init(&b, 1u << 20);
    for (size_t i = 0; i < (ENT_T_SANITIZED ? 24 : 120); i++) {
        size_t k = i % 4, n = far[k].most - ent_t_below(far[k].most / 4), most = 1000;
        ent_buf_clear(&b);
        fill(&b, " ", 30000);
        fill(&b, far[k].before, 65536 - ent_t_below(n));
        put(&b, ent_slice_str(far[k].token));
        fill(&b, far[k].middle, b.n + n);
        put(&b, ent_slice_str(far[k].end));
        fill(&b, "word ", b.n + 20000);
        (void)watch_check(*state, ent_buf_slice(&b), watch_cut_random, &most);
    }
    ent_buf_release(&b);
}

/* Buffers of every size up to two vectors and around the larger powers. */
static void test_every_buffer_size(void **state)
{
    static const size_t large[] = {4095, 4096, 4097, 65535, 65536, 65537};
    const struct watch_check *c = *state;
    struct naive_report want = {0};
    struct ent_buf b;
    ent_buf_init(&b, 1u << 20);
    while (b.n < 3000) {
        put(&b, token(ent_t_below(TOKENS)));
        fill(&b, fillers[ent_t_below(FILLERS)], b.n + ent_t_below(3));
    }
    naive_watch(&want, c->ind, c->n, ent_buf_slice(&b));
    for (size_t n = 1 + first(every(7)); n <= 130; n += every(7))
        watch_check_against(c, &want, ent_buf_slice(&b), watch_cut_same, &n);
    naive_release(&want);
    while (b.n < (ENT_T_SANITIZED ? 140000 : 400000)) {
        put(&b, token(ent_t_below(TOKENS)));
        fill(&b, fillers[ent_t_below(FILLERS)], b.n + ent_t_below(3));
    }
    naive_watch(&want, c->ind, c->n, ent_buf_slice(&b));
    for (size_t i = 0; i < sizeof(large) / sizeof(large[0]); i++) {
        size_t n = large[i];
        watch_check_against(c, &want, ent_buf_slice(&b), watch_cut_same, &n);
    }
    naive_release(&want);
    ent_buf_release(&b);
}

/* --- surroundings ------------------------------------------------------------------------------
 */

/* Pieces before and behind each indicator: dots, hyphens, escapes, ports, UTF-8. All pairs are
 * 850,000; a run takes a part of them. */
static void test_every_surrounding(void **state)
{
    struct ent_buf b;
    size_t step = ENT_T_SANITIZED ? 101 : 13;
    ent_buf_init(&b, 4u << 20);
    for (size_t i = 0; i < NAIVE_KNOWN; i++) {
        ent_buf_clear(&b);
        for (size_t k = first(step); k < NAIVE_PIECES * NAIVE_PIECES; k += step) {
            put(&b, ent_slice_str(naive_pieces[k / NAIVE_PIECES]));
            put(&b, ent_slice_str(naive_known[i]));
            put(&b, ent_slice_str(naive_pieces[k % NAIVE_PIECES]));
            put(&b, ENT_SLICE_LIT("\n"));
        }
        (void)watch_check(*state, ent_buf_slice(&b), NULL, NULL);
    }
    ent_buf_release(&b);
}

/* Each byte before and behind each token, with a letter, a digit, a dot or a hyphen beyond it. */
static void test_every_byte(void **state)
{
    static const char *const beyond[] = {"", "x", "7", ".", "-"};
    struct ent_buf b;
    size_t step = every(11);
    ent_buf_init(&b, 4u << 20);
    for (size_t i = first(step); i < TOKENS * 5; i += step) {
        struct ent_slice far = ent_slice_str(beyond[i % 5]);
        ent_buf_clear(&b);
        for (unsigned byte = 0; byte < 256; byte++) {
            put(&b, far);
            assert_ok(ent_buf_putc(&b, (char)byte));
            put(&b, token(i / 5));
            assert_ok(ent_buf_putc(&b, (char)byte));
            put(&b, far);
            put(&b, ENT_SLICE_LIT("\n"));
        }
        (void)watch_check(*state, ent_buf_slice(&b), NULL, NULL);
    }
    ent_buf_release(&b);
}

/* --- runs --------------------------------------------------------------------------------------
 */

/* Hexadecimal runs one short of a hash, as long, one longer, at every alignment; what they touch
 * and one byte that is no digit decide. Their first digits are those of the indicators. */
static void test_hex_runs(void **state)
{
    static const size_t lengths[] = {31, 32, 33, 39, 40,  41,  48,  63,
                                     64, 65, 96, 97, 104, 127, 128, 129};
    static const char touch[] = " \n.-_:/=g@%\\";
    struct ent_buf b;
    size_t step = every(9);
    ent_buf_init(&b, 1u << 20);
    for (size_t i = first(step); i < 16 * 8 * sizeof(touch); i += step) {
        const char *hash = naive_known[NAIVE_KNOWN - 4 + i % 4]; /* the four hashes */
        size_t n = lengths[i / 8 % 16];
        char side = touch[i / 128]; /* the last is NUL */
        ent_buf_clear(&b);
        for (size_t k = 0; k < 64; k++) {
            fill(&b, " ", (b.n + 1 + 63) / 64 * 64 + k);
            assert_ok(ent_buf_putc(&b, side));
            size_t from = b.n;
            fill(&b, i % 8 < 4 ? "0123456789abcdef" : "DEADBEEF", from + n);
            memcpy(b.p + from, hash, strlen(hash) < n ? strlen(hash) : n);
            if (k % 8 == 7)
                b.p[from + ent_t_below(n)] = (uint8_t) "gG-.:\0\xC3"[ent_t_below(7)];
            assert_ok(ent_buf_putc(&b, side));
        }
        (void)watch_check(*state, ent_buf_slice(&b), NULL, NULL);
    }
    ent_buf_release(&b);
}

/* What stands up to 1,024 bytes on decides: 4.3.2.1-static.isp.net is no address. */
static void far_end(struct ent_buf *b)
{
    put(b, ENT_SLICE_LIT("-"));
    fill(b, ent_t_below(4) == 0 ? "\xE4\xB8\xAD" : "a.", b->n + 3 * ent_t_below(400));
    put(b, ENT_SLICE_LIT(".isp.net"));
}

/* Words as long as vectors, hashes, names, pieces and windows, and tokens that end or follow. */
static void test_long_words(void **state)
{
    static const size_t lengths[] = {62,  63,  64,   65,   66,   127,   128,   129,   253,  254,
                                     255, 256, 1023, 1024, 1025, 16383, 16384, 16385, 20000};
    static const char *const of[] = {"a", "7", "ab.", "f", "-", "\xC3\xA9", "x.-", "1."};
    static const char *const joint[] = {"", ".", "..", "-", ".-", "@", " "};
    struct ent_buf b;
    size_t step = every(23), n = 19 * 8 * 7;
    ent_buf_init(&b, 1u << 20);
    for (size_t i = first(step); i < n; i += step) {
        size_t most = 1 + ent_t_below(5000);
        ent_buf_clear(&b);
        for (size_t k = 0; k < 3; k++) {
            fill(&b, of[i / 19 % 8], b.n + lengths[i % 19]);
            put(&b, ent_slice_str(joint[i / 152]));
            put(&b, token(ent_t_below(TOKENS)));
            if (ent_t_below(3) == 0)
                far_end(&b);
        }
        (void)watch_check(*state, ent_buf_slice(&b), watch_cut_random, &most);
    }
    ent_buf_release(&b);
}

/* --- a line of 100 MB --------------------------------------------------------------------------
 */

#define PART   ((size_t)1 << 20)
#define PARTS  96
#define TOKEN  "evil.com"
#define IS_AT  (PART - 4) /* across the end of each buffer */
#define MEMORY ((size_t)16 << 20)

static enum ent_err count(void *ctx, const struct ent_hit *h)
{
    uint64_t *hits = ctx;
    assert_int_equal(h->line, 1);
    assert_int_equal(h->offset, *hits * PART + IS_AT);
    assert_memory_equal(h->seen.p, TOKEN, h->seen.n);
    ++*hits;
    return ENT_OK;
}

/* The line goes on in front of and behind each token; only its end in each part is one. */
static void one_line(const struct ent_watch *w, const char *filler)
{
    uint64_t hits = 0;
    const struct ent_scan_events ev = {&hits, count, NULL};
    struct ent_scan *s = NULL;
    struct ent_buf b;
    ent_buf_init(&b, PART);
    fill(&b, filler, PART);
    memcpy(b.p + IS_AT - 1, " evil", 5);
    assert_ok(ent_scan_new(&s, w, &ev));
    for (size_t i = 0; i < PARTS; i++) {
        memcpy(b.p, i == 0 ? "x x " : ".com", 4);
        b.p[4] = ' ';
        assert_ok(ent_scan_feed(s, b.p, b.n));
    }
    assert_ok(ent_scan_end(s));
    assert_int_equal(hits, PARTS - 1);
    assert_int_equal(ent_scan_lines(s), 1);
    ent_scan_free(s);
    ent_buf_release(&b);
}

static void test_line_of_100_mb(void **state)
{
    static const char *const of[] = {"GET /index.html 10.0.0.9 ", "a", "a."};
    const struct watch_check *c = *state;
    if (ENT_T_SANITIZED) { /* the memory would be theirs, and they take a minute */
        printf("# a line of 100 MB: release only\n");
        return;
    }
    for (int l = ENT_CPU_PORTABLE; l <= (int)ent_cpu_machine(); l++) {
        ent_cpu_limit((enum ent_cpu_level)l);
        size_t before = ent_t_peak_memory();
        one_line(c->w, of[l]);
        assert_true(ent_t_peak_memory() - before < MEMORY);
    }
    ent_cpu_limit(ENT_CPU_AVX512);
}

int main(void)
{
#define EACH(test) cmocka_unit_test_setup_teardown(test, watch_check_setup, watch_check_teardown)
    const struct CMUnitTest tests[] = {
        EACH(test_line_of_100_mb), /* first, while the peak of memory is still low */
        EACH(test_every_alignment), EACH(test_every_edge),        EACH(test_wide_at_edge),
        EACH(test_far_ends),        EACH(test_every_buffer_size), EACH(test_every_surrounding),
        EACH(test_every_byte),      EACH(test_hex_runs),          EACH(test_long_words),
    };
    return ent_t_run("watch_levels", tests);
}
