/*
 * test_watch_scan.c: how `entente watch` scans, against one scan of everything: streams in any
 * chunks while the set is replaced, and files in pieces on several cores.
 */
#include "tests/support/t.h"
#include "cli/watch_scan.c"

#include <fcntl.h>

#define HITS 20000u

atomic_bool cli_stop;

struct seen {
    uint64_t line, offset, id;
};

struct hits {
    size_t n;
    struct seen h[HITS];
};

static struct hits want, got;

static void note(struct hits *to, const struct ent_hit *h)
{
    assert_true(to->n < HITS);
    to->h[to->n++] = (struct seen){h->line, h->offset, h->id};
}

/* What watch_scan.c tells. */
enum ent_err watch_out_hit(void *ctx, const struct ent_hit *h)
{
    struct watch_out *out = ctx;
    assert_string_equal(out->path, "log");
    note(&got, h);
    out->last_line = h->line;
    return ENT_OK;
}

void watch_out_log(struct watch_out *out, const char *path)
{
    out->path = path;
    out->last_line = 0;
}

enum ent_err guard_out_seen(void *ctx, const struct ent_observable *o)
{
    (void)ctx, (void)o;
    return ENT_OK;
}

static uint64_t told_bytes;

enum ent_err watch_out_bytes(struct watch_out *out, uint64_t offset, struct ent_slice bytes)
{
    assert_string_equal(out->path, "log");
    assert_true(offset == told_bytes || offset == 0);
    told_bytes = offset + bytes.n;
    return ENT_OK;
}

/* How many scans use a set: each that is taken is given back. */
static int users;

const struct ent_watch *watch_set_take(struct watch_set *set)
{
    users++;
    return set->set;
}

void watch_set_give(struct watch_set *set, const struct ent_watch *w)
{
    (void)set;
    assert_non_null(w);
    users--;
}

bool watch_set_refresh(struct watch_set *set)
{
    (void)set;
    return false;
}

static enum ent_err reference(void *ctx, const struct ent_hit *h)
{
    (void)ctx;
    note(&want, h);
    return ENT_OK;
}

static struct ent_watch *new_set(uint64_t id)
{
    struct ent_watch *w;
    struct ent_observable o;
    assert_ok(ent_watch_new(&w, 0));
    assert_ok(ent_observable_parse(&o, NULL, ENT_SLICE_LIT("198.51.100.77")));
    assert_ok(ent_watch_add(w, &o, id));
    assert_ok(ent_watch_seal(w));
    return w;
}

/* Lines of any length up to most, some with hits, perhaps without a newline at the end. */
static void fill(struct ent_buf *b, size_t n, size_t most)
{
    ent_buf_clear(b);
    while (b->n < n) {
        for (uint64_t k = ent_t_below(2) == 0 ? ent_t_below(most) : ent_t_below(8); k > 0; k--)
            assert_ok(ent_buf_putc(b, 'x'));
        if (ent_t_below(3) == 0)
            assert_ok(ent_buf_puts(b, " 198.51.100.77 "));
        if (b->n < n || ent_t_below(2) == 0)
            assert_ok(ent_buf_putc(b, '\n'));
    }
}

static uint64_t scan_at_once(const struct ent_watch *w, struct ent_slice s)
{
    const struct ent_scan_events events = {.hit = reference};
    struct ent_scan *scan;
    want.n = got.n = 0;
    assert_ok(ent_scan_new(&scan, w, &events));
    assert_ok(ent_scan_feed(scan, s.p, s.n));
    assert_ok(ent_scan_end(scan));
    uint64_t lines = ent_scan_lines(scan);
    ent_scan_free(scan);
    return lines;
}

static void assert_same(void)
{
    assert_int_equal(got.n, want.n);
    for (size_t i = 0; i < want.n; i++) {
        assert_int_equal(got.h[i].line, want.h[i].line);
        assert_int_equal(got.h[i].offset, want.h[i].offset);
    }
}

static void test_the_set_is_replaced(void **state)
{
    struct ent_watch *sets[2] = {new_set(0), new_set(1)};
    struct ent_buf text;
    (void)state;
    ent_buf_init(&text, 1u << 20);
    for (int round = 0; round < 200; round++) {
        struct watch_set set = {.set = sets[0]};
        struct watch_out out = {0};
        struct watch_scan ws = {.set = &set, .out = &out};
        fill(&text, 3000, 200);
        uint64_t lines = scan_at_once(sets[0], ent_buf_slice(&text));
        for (size_t at = 0, n; at < text.n; at += n) {
            n = 1 + ent_t_below(100);
            n = n < text.n - at ? n : text.n - at;
            struct ent_chunk c = {
                .path = "log", .stream = 3, .bytes = {text.p + at, n}, .offset = at};
            if (ent_t_below(4) == 0)
                set.set = sets[ent_t_below(2)];
            bool in_line = at > 0 && text.p[at - 1] != '\n';
            if (ent_t_below(2) == 0)
                assert_ok(watch_scan_renew(&ws));
            size_t before = got.n;
            assert_ok(watch_scan_bytes(&ws, &c));
            for (size_t i = before; i < got.n; i++) /* of lines that began in this chunk */
                if (!in_line || memchr(c.bytes.p, '\n',
                                       got.h[i].offset < at ? 0 : got.h[i].offset - at) != NULL)
                    assert_ptr_equal(sets[got.h[i].id], set.set);
        }
        assert_ok(watch_scan_end(&ws, 3, true));
        assert_ok(watch_scan_finish(&ws));
        assert_same();
        assert_int_equal(users, 0);
        assert_int_equal(out.lines, lines);
        assert_int_equal(out.bytes, text.n);
    }
    ent_buf_release(&text);
    ent_watch_free(sets[0]), ent_watch_free(sets[1]);
}

static void test_what_is_half_read_is_no_token(void **state)
{
    struct ent_watch *w = new_set(0);
    struct watch_set set = {.set = w};
    struct watch_out out = {0};
    (void)state;
    for (int idle = 0; idle < 2; idle++) {
        struct watch_scan ws = {.set = &set, .out = &out};
        struct ent_chunk c = {.path = "log", .bytes = ENT_SLICE_LIT("at 198.51.100.77")};
        got.n = 0;
        assert_ok(watch_scan_bytes(&ws, &c)); /* ".5" may follow */
        if (idle)
            watch_scan_idle(&ws); /* or nothing at all */
        assert_ok(watch_scan_finish(&ws));
        assert_int_equal(got.n, idle);
    }
    assert_int_equal(users, 0);
    ent_watch_free(w);
}

static void test_files_in_pieces(void **state)
{
    static const size_t sizes[] = {0, 1, PIECE - 1, PIECE, PIECE + 1, 5 * PIECE + 77, 17 * PIECE};
    struct ent_watch *w = new_set(0);
    struct watch_set set = {.set = w};
    struct ent_buf text;
    char path[512];
    (void)state;
    ent_buf_init(&text, 32u << 20);
    assert_ok(ent_path_join(path, sizeof(path), ent_t_tmpdir(), "pieces"));
    for (size_t i = 0; i < 3 * sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct watch_out out = {0};
        struct watch_scan ws = {.set = &set, .out = &out};
        struct ent_chunk c = {.path = "log"};
        struct ent_diag d = {0};
        fill(&text, sizes[i / 3], i % 3 == 0 ? 2000 : i % 3 == 1 ? PIECE / 8 : 3 * PIECE);
        assert_ok(ent_file_write(path, ent_buf_slice(&text), 0600, NULL));
        uint64_t lines = scan_at_once(set.set, ent_buf_slice(&text));
        assert_ok(ent_pool_new(&ws.pool, 2 + (unsigned)ent_t_below(2)));
        c.fd = open(path, O_RDONLY);
        assert_ok(watch_scan_file(&ws, &c, &d));
        assert_same();
        assert_int_equal(out.lines, lines);
        assert_int_equal(out.bytes, text.n);
        atomic_store(&cli_stop, true);
        assert_err(watch_scan_file(&ws, &c, &d), ENT_E_INTERRUPTED);
        atomic_store(&cli_stop, false);
        (void)close(c.fd);
        assert_err(watch_scan_file(&ws, &c, &d), ENT_E_IO); /* a file that cannot be read */
        assert_string_equal(d.text, "cannot read");
        ent_pool_free(ws.pool);
    }
    ent_buf_release(&text);
    assert_int_equal(users, 0);
    ent_watch_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_set_is_replaced),
        cmocka_unit_test(test_what_is_half_read_is_no_token),
        cmocka_unit_test(test_files_in_pieces),
    };
    return ent_t_run("watch_scan", tests);
}
