/* out.c: exports into memory, and indicators at random. */
#include "tests/support/out.h"

/* Of a series, "== NAME" and a line feed stand before each. */
static enum ent_err begin(void *ctx, unsigned file, const char *name)
{
    struct ent_t_out *o = ctx;
    assert_in_range(file, 0, ENT_OUT_FILES - 1);
    o->opened |= 1u << file;
    return file == ENT_OUT_SERIES ? ent_buf_printf(&o->b[file], "== %s\n", name) : ENT_OK;
}

static enum ent_err keep(void *ctx, unsigned file, struct ent_slice bytes)
{
    struct ent_t_out *o = ctx;
    assert_true((o->opened >> file & 1) != 0);
    assert_true(ent_utf8_valid(bytes, NULL)); /* whole characters in every piece */
    if (++o->pieces == o->fail_at)
        return ENT_E_FULL;
    return ent_buf_put_slice(&o->b[file], bytes);
}

void ent_t_out_start(struct ent_t_out *o, const char *format, const struct ent_out_opts *opts)
{
    const struct ent_out_format *f = ent_out_format_find(ent_slice_str(format));
    const struct ent_out_sink sink = {o, begin, keep};
    *o = (struct ent_t_out){.fail_at = o->fail_at};
    for (unsigned i = 0; i < ENT_OUT_FILES; i++)
        ent_buf_init(&o->b[i], 256u << 20);
    assert_non_null(f);
    assert_ok(ent_out_start(&o->out, f, opts, &sink));
}

void ent_t_out_put(struct ent_t_out *o, const struct ent_indicator *ind, const char *source)
{
    const struct ent_out_item item = {
        .ind = ind, .source = ent_slice_str(source), .first = ENT_T_NOW - 60, .last = ENT_T_NOW};
    assert_ok(ent_out_put(o->out, &item));
}

const char *ent_t_out_end(struct ent_t_out *o)
{
    uint8_t *end;
    assert_ok(ent_out_end(o->out));
    assert_ok(ent_buf_reserve(&o->b[0], &end, 1));
    *end = 0;
    return (const char *)o->b[0].p;
}

void ent_t_out_release(struct ent_t_out *o)
{
    ent_out_free(o->out);
    for (unsigned i = 0; i < ENT_OUT_FILES; i++)
        ent_buf_release(&o->b[i]);
    o->out = NULL;
}

struct ent_indicator ent_t_indicator(const char *text)
{
    struct ent_indicator ind = {.tlp = ENT_TLP_GREEN, .confidence = -1};
    assert_ok(ent_observable_parse(&ind.obs, NULL, ent_slice_str(text)));
    return ind;
}

/* --- at random -------------------------------------------------------------------------------- */

static void chars(char *ret, size_t n, const char *from)
{
    for (size_t i = 0; i < n; i++)
        ret[i] = from[ent_t_below(strlen(from))];
    ret[n] = '\0';
}

static void name(char ret[static 64])
{
    chars(ret, 1 + (size_t)ent_t_below(30), "abcxyz0189");
    (void)snprintf(ret + strlen(ret), 64 - strlen(ret), "%s.example",
                   ent_t_below(2) == 0 ? ".x-_1" : "");
}

static void text_of(char *ret, size_t cap, enum ent_obs_type type)
{
    static const size_t digits[] = {32, 40, 64, 128};
    char host[64], rest[64];
    unsigned a = (unsigned)ent_t_below(256), b = (unsigned)ent_t_below(256);
    name(host);
    switch (type) {
    case ENT_OBS_IPV4:
    case ENT_OBS_NET4:
        (void)snprintf(ret, cap, "%u.%u.0.%u%s", a, b, b, type == ENT_OBS_NET4 ? "/23" : "");
        return;
    case ENT_OBS_IPV6:
    case ENT_OBS_NET6:
        (void)snprintf(ret, cap, "2001:%x:%s%x:0:0:%x%s", a, a % 2 == 0 ? "0:0:" : "7:8:", b % 3,
                       b % 5, type == ENT_OBS_NET6 ? "/99" : "");
        return;
    case ENT_OBS_ENDPOINT:
        (void)snprintf(ret, cap, a % 2 == 0 ? "198.51.%u.7:%u" : "[2001:db8::%x]:%u", a, b + 1);
        return;
    case ENT_OBS_DOMAIN:
        (void)snprintf(ret, cap, "%s", host);
        return;
    case ENT_OBS_EMAIL:
        chars(rest, 1 + (size_t)ent_t_below(20), "ab#'=+-%_!&|~");
        (void)snprintf(ret, cap, "%s@%s", rest, host);
        return;
    case ENT_OBS_URL:
    case ENT_OBS_URLPREFIX:
        chars(rest, (size_t)ent_t_below(40), "ab/?#&=+-%_\\'\"<,;:()[]|^$~.");
        (void)snprintf(ret, cap, "%s://%s%s/%s%s%s", a % 3 == 0 ? "https" : "http", host,
                       a % 2 == 0 ? ":8080" : "", rest, b % 3 == 0 ? "\u00e9x" : "",
                       type == ENT_OBS_URLPREFIX ? "*" : "");
        return;
    default:
        chars(ret, digits[type - ENT_OBS_MD5], "0123456789abcdef");
    }
}

/* What is not valid, or reads as something else, is drawn again. */
void ent_t_random_observable(struct ent_observable *ret, enum ent_obs_type type)
{
    char text[256];
    do {
        text_of(text, sizeof(text), type);
    } while (ent_observable_parse(ret, NULL, ent_slice_str(text)) != ENT_OK || ret->type != type);
}
