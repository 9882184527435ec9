/*
 * test_watch_real.c: the scanner against the reference matcher on every file of tests/data, and of
 * the directory that ENT_LOGS names: Zeek, Suricata, web servers, BIND, feeds, compressed or not.
 * What is looked for are tokens of the very log and their neighbours, so that hits are many and
 * near misses too.
 */
#include "tests/support/watch_check.h"

#include <ftw.h>

#define CHUNK  (ENT_T_SANITIZED ? (size_t)400000 : (size_t)1 << 20)
#define TOKENS 64
#define IND    (2 * TOKENS)

/* --- what is looked for ------------------------------------------------------------------------
 */

struct sample {
    struct ent_observable token[TOKENS]; /* of all seen, each as likely as the other */
    uint64_t seen;
};

static enum ent_err take(void *ctx, const struct ent_observable *o)
{
    struct sample *s = ctx;
    uint64_t at = s->seen < TOKENS ? s->seen : ent_t_below(s->seen + 1);
    s->seen++;
    if (at < TOKENS)
        s->token[at] = *o;
    return ENT_OK;
}

static void draw(struct sample *s, struct ent_slice log)
{
    static struct ent_observable one;
    struct ent_scan *scan = NULL;
    const struct ent_scan_events ev = {s, NULL, take};
    assert_ok(ent_observable_parse(&one, NULL, ENT_SLICE_LIT("192.0.2.1")));
    struct ent_watch *w = naive_set(&one, 1);
    assert_non_null(w);
    s->seen = 0;
    assert_ok(ent_scan_new(&scan, w, &ev));
    assert_ok(ent_scan_feed(scan, log.p, log.n));
    assert_ok(ent_scan_end(scan));
    ent_scan_free(scan);
    ent_watch_free(w);
}

/* Something that meets the token, or just does not. */
static bool neighbour(struct ent_observable *ret, const struct ent_observable *o)
{
    static const char *const ports[] = {"53", "80", "443", "8080"};
    char text[ENT_OBS_MAX + 64];
    const char *dot = memchr(o->text, '.', o->n);
    (void)snprintf(text, sizeof(text), "%s", o->text);
    switch (ent_t_below(5)) {
    case 0: /* the name above */
        if (o->type == ENT_OBS_DOMAIN && dot != NULL)
            (void)snprintf(text, sizeof(text), "%s", dot + 1);
        break;
    case 1: /* a network around the address */
        if (o->type == ENT_OBS_IPV4 || o->type == ENT_OBS_IPV6)
            (void)snprintf(text, sizeof(text), "%s/%u", o->text, 8 + (unsigned)ent_t_below(24));
        break;
    case 2: /* one of its ports */
        if (o->type == ENT_OBS_IPV4)
            (void)snprintf(text, sizeof(text), "%s:%s", o->text, ports[ent_t_below(4)]);
        break;
    case 3: /* one byte less */
        text[o->n - 1] = '\0';
        break;
    default: /* one byte different */
        text[ent_t_below(o->n)] = "01a"[ent_t_below(3)];
        break;
    }
    return ent_observable_parse(ret, NULL, ent_slice_str(text)) == ENT_OK;
}

/* --- the logs ----------------------------------------------------------------------------------
 */

static size_t files, hits;

static void check_chunk(struct ent_slice log)
{
    static struct sample sample;
    static struct ent_observable ind[IND];
    size_t n = 0, most = 5000;
    draw(&sample, log);
    for (size_t i = 0; i < TOKENS && i < sample.seen; i++) {
        ind[n++] = sample.token[i];
        n += neighbour(&ind[n], &sample.token[i]);
    }
    struct watch_check c = {ind, n, naive_set(ind, n)};
    assert_non_null(c.w);
    hits += watch_check(&c, log, watch_cut_random, &most);
    ent_watch_free(c.w);
}

/* A chunk of whole lines; what is left of the last goes to the front. */
static void check_lines(struct ent_buf *b, bool end)
{
    const uint8_t *newline = end ? NULL : memrchr(b->p, '\n', b->n);
    size_t n = newline == NULL ? b->n : (size_t)(newline - b->p) + 1;
    check_chunk(ent_slice(b->p, n));
    memmove(b->p, b->p + n, b->n - n);
    b->n -= n;
}

static void check_file(const char *path)
{
    struct ent_input *in = NULL;
    struct ent_buf b;
    uint8_t *room = NULL;
    size_t got = 1;
    ent_buf_init(&b, CHUNK);
    assert_ok(ent_buf_reserve(&b, &room, CHUNK));
    assert_ok(ent_input_open(&in, NULL, path, 0));
    struct ent_reader r = ent_input_reader(in);
    while (got > 0) {
        assert_ok(r.read(r.ctx, b.p + b.n, &got, CHUNK - b.n, NULL));
        b.n += got;
        if (b.n < CHUNK && (got > 0 || b.n == 0))
            continue;
        check_lines(&b, got == 0);
        if (ENT_T_SANITIZED)
            break; /* its beginning is enough */
    }
    ent_input_close(in);
    ent_buf_release(&b);
}

static int each_file(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)ftw;
    if (kind != FTW_F || st->st_size == 0)
        return 0;
    printf("# %s\n", path);
    check_file(path);
    files++;
    return 0;
}

static void test_real_logs(void **state)
{
    const char *more = getenv("ENT_LOGS");
    (void)state;
    assert_int_equal(nftw("tests/data", each_file, 16, FTW_PHYS), 0);
    assert_true(files > 20);
    assert_true(hits > (ENT_T_SANITIZED ? 300 : 5000));
    if (more != NULL)
        assert_int_equal(nftw(more, each_file, 16, FTW_PHYS), 0);
    printf("# %zu files, %zu hits\n", files, hits);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_real_logs)};
    return ent_t_run("watch_real", tests);
}
