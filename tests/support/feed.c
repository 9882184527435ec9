/* feed.c: readers and a recording sink for tests of parsers. */
#include "tests/support/feed.h"

#include <inttypes.h>
#include <sys/resource.h>

static enum ent_err chunk_read(void *ctx, uint8_t *ret, size_t *ret_n, size_t cap,
                               struct ent_diag *d)
{
    struct ent_t_chunks *c = ctx;
    size_t n = c->random ? 1 + (size_t)ent_t_below(c->most) : c->most;
    if (c->given >= c->fail_at)
        return ent_fail(d, ENT_E_IO, "the disk is on fire", 0, 0);
    n = n > cap ? cap : n;
    n = n > c->left.n ? c->left.n : n;
    if (n > 0)
        memcpy(ret, c->left.p, n);
    c->left.p += n;
    c->left.n -= n;
    c->given += n;
    *ret_n = n;
    return ENT_OK;
}

struct ent_reader ent_t_chunk_reader(struct ent_t_chunks *c, struct ent_slice s, size_t most,
                                     bool random)
{
    *c = (struct ent_t_chunks){.left = s, .most = most, .random = random, .fail_at = SIZE_MAX};
    if (s.p == NULL)
        c->left.p = (const uint8_t *)"";
    return (struct ent_reader){chunk_read, c};
}

static enum ent_err repeat_read(void *ctx, uint8_t *ret, size_t *ret_n, size_t cap,
                                struct ent_diag *d)
{
    struct ent_t_repeat *r = ctx;
    size_t n = 0;
    (void)d;
    while (n < cap) {
        uint64_t at = r->at;
        struct ent_slice s = r->before;
        if (at >= r->before.n + r->total) {
            s = r->after;
            at -= r->before.n + r->total;
        } else if (at >= r->before.n) {
            at = (at - r->before.n) % r->unit.n;
            s = r->unit;
        }
        if (at >= s.n)
            break;
        size_t step = s.n - (size_t)at;
        if (s.p == r->unit.p && r->before.n + r->total - r->at < step)
            step = (size_t)(r->before.n + r->total - r->at);
        step = step > cap - n ? cap - n : step;
        memcpy(ret + n, s.p + at, step);
        n += step;
        r->at += step;
    }
    *ret_n = n;
    return ENT_OK;
}

struct ent_reader ent_t_repeat_reader(struct ent_t_repeat *r)
{
    return (struct ent_reader){repeat_read, r};
}

size_t ent_t_peak_memory(void)
{
    struct rusage u;
    if (getrusage(RUSAGE_SELF, &u) != 0)
        ENT_BUG("getrusage");
    return (size_t)u.ru_maxrss * 1024;
}

void ent_t_record_init(struct ent_t_record *r)
{
    ent_buf_release(&r->text);
    *r = (struct ent_t_record){0};
    ent_buf_init(&r->text, 256u << 20);
}

static enum ent_err may_go_on(struct ent_t_record *r)
{
    return r->stop_after != 0 && r->taken + r->skipped >= r->stop_after ? ENT_E_FULL : ENT_OK;
}

static void check_text(struct ent_slice s, size_t max)
{
    assert_true(s.n <= max);
    assert_true(ent_utf8_valid(s, NULL));
}

static enum ent_err record_take(void *ctx, const struct ent_indicator *ind)
{
    struct ent_t_record *r = ctx;
    r->taken++;
    check_text(ind->kind, ENT_INDICATOR_KIND);
    check_text(ind->text, ENT_INDICATOR_TEXT);
    check_text(ind->id, 256);
    assert_int_equal(strlen(ind->obs.text), ind->obs.n);
    check_text(ind->labels, ENT_LABELS_BYTES);
    assert_ok(ent_buf_printf(
        &r->text, "take %s %s %s %d %" PRId64 " %" PRId64 " [%.*s] [%.*s] [%.*s]",
        ent_obs_type_name(ind->obs.type), ind->obs.text, ent_tlp_name(ind->tlp), ind->confidence,
        ind->valid_from, ind->valid_until, (int)ind->id.n, (const char *)ind->id.p,
        (int)ind->kind.n, (const char *)ind->kind.p, (int)ind->text.n, (const char *)ind->text.p));
    for (struct ent_slice left = ind->labels; left.n > 0;) {
        struct ent_slice label = ent_labels_next(&left);
        assert_ok(ent_buf_printf(&r->text, " {%.*s}", (int)label.n, (const char *)label.p));
    }
    assert_ok(ent_buf_putc(&r->text, '\n'));
    return may_go_on(r);
}

static enum ent_err record_skip(void *ctx, uint64_t line, const char *reason, struct ent_slice what)
{
    struct ent_t_record *r = ctx;
    r->skipped++;
    assert_true(what.n <= 512);
    assert_ok(ent_buf_printf(&r->text, "skip %" PRIu64 " [%s] [", line, reason));
    assert_ok(ent_escape(&r->text, what, 512));
    assert_ok(ent_buf_puts(&r->text, "]\n"));
    return may_go_on(r);
}

static enum ent_err record_withdraw(void *ctx, struct ent_slice id)
{
    struct ent_t_record *r = ctx;
    assert_ok(ent_buf_printf(&r->text, "withdraw [%.*s]\n", (int)id.n, (const char *)id.p));
    return may_go_on(r);
}

struct ent_import_sink ent_t_record_sink(struct ent_t_record *r)
{
    return (struct ent_import_sink){r, record_take, record_skip, record_withdraw, NULL};
}

const char *ent_t_record_text(struct ent_t_record *r)
{
    uint8_t *end;
    assert_ok(ent_buf_reserve(&r->text, &end, 1));
    *end = 0;
    return (const char *)r->text.p;
}

enum ent_err ent_t_import(struct ent_t_record *ret, enum ent_format *ret_format, struct ent_diag *d,
                          enum ent_format format, struct ent_slice s)
{
    static const size_t most[] = {SIZE_MAX, 1, 97};
    const struct ent_import_opts opts = {.format = format, .confidence = -1};
    enum ent_err r = ENT_OK;
    for (int way = 0; way < 3; way++) {
        struct ent_t_record rec = {0};
        struct ent_t_chunks c;
        struct ent_diag diag = {0};
        enum ent_format got = ENT_FORMAT_AUTO;
        ent_t_record_init(&rec);
        struct ent_import_sink sink = ent_t_record_sink(&rec);
        enum ent_err e = ent_intel_read(ent_t_chunk_reader(&c, s, most[way], way == 2), &opts,
                                        &sink, &got, &diag);
        if (way == 0) {
            r = e;
            ent_buf_release(&ret->text);
            *ret = rec;
            *d = diag;
            *ret_format = got;
            continue;
        }
        assert_int_equal(e, r);
        assert_int_equal(got, *ret_format);
        assert_int_equal(diag.line, d->line);
        assert_int_equal(diag.offset, d->offset);
        if (r != ENT_OK)
            assert_string_equal(diag.text, d->text);
        assert_string_equal(ent_t_record_text(&rec), ent_t_record_text(ret));
        ent_buf_release(&rec.text);
    }
    return r;
}

void ent_t_feed(enum ent_format format, enum ent_format f, const char *in, enum ent_err want,
                const char *out)
{
    struct ent_t_record rec = {0};
    struct ent_diag d = {0};
    enum ent_format got = ENT_FORMAT_AUTO;
    char said[256];
    enum ent_err r = ent_t_import(&rec, &got, &d, format, ent_slice_str(in));
    (void)snprintf(said, sizeof(said), "%" PRIu64 ": %s", d.line, d.text == NULL ? "" : d.text);
    if (r != want)
        print_error("about %s: %s\n", in, said);
    assert_int_equal(r, want);
    if (strcmp(want == ENT_OK ? ent_t_record_text(&rec) : said, out) != 0)
        print_error("about %s\n", in);
    assert_string_equal(want == ENT_OK ? ent_t_record_text(&rec) : said, out);
    assert_int_equal(got, want == ENT_OK ? f : ENT_FORMAT_AUTO);
    ent_buf_release(&rec.text);
}
