/* test_json_pull.c: RFC 8259 by table, by jansson, in pieces, and at sizes that fit no memory. */
#include "tests/support/feed.h"

#include <inttypes.h>
#include <jansson.h>

#include "intel/json_pull.h"

#define STRING_MAX 1000

/* Sixteen bytes at a time, or not: both must say the same of everything. */
static const enum ent_cpu_level levels[2] = {ENT_CPU_PORTABLE, ENT_CPU_AVX512};

static void random_level(void)
{
    ent_cpu_limit(levels[ent_t_below(2)]);
}

/* The events as text: "{", "}", "[", "]", "k:...", "s:...", "n:...", "t", "f", "0", each with
 * depth, line and offset behind it. */
static enum ent_err trace(struct ent_buf *ret, struct ent_diag *d, struct ent_reader in,
                          unsigned depth, size_t string_max)
{
    static const char *const marks[] = {"{", "}", "[", "]", "k:", "s:", "n:", "t", "f", "0", "$"};
    struct ent_jp p;
    enum ent_jp_event ev;
    enum ent_err r;
    assert_ok(ent_jp_init(&p, in, 0, depth, string_max));
    while ((r = ent_jp_next(&p, &ev, d)) == ENT_OK) {
        assert_ok(ent_buf_puts(ret, marks[ev]));
        assert_ok(ent_buf_put_slice(ret, p.text));
        assert_ok(ent_buf_printf(ret, "%s@%u,%" PRIu64 ",%" PRIu64 "\n", p.cut ? "..." : "",
                                 p.depth, p.line, p.offset));
        assert_true(p.text.n <= string_max || ev == ENT_JP_NUM);
        if (ev == ENT_JP_STR || ev == ENT_JP_KEY)
            assert_true(ent_utf8_valid(p.text, NULL));
        if (ev == ENT_JP_END)
            break;
    }
    if (r != ENT_OK) { /* and it stays so */
        struct ent_diag again = {0};
        assert_int_equal(ent_jp_next(&p, &ev, &again), r);
        assert_int_equal(again.offset, d->offset);
    }
    ent_jp_release(&p);
    return r;
}

static enum ent_err parse(struct ent_diag *d, struct ent_slice s)
{
    struct ent_buf b;
    ent_buf_init(&b, 64u << 20);
    enum ent_err r = trace(&b, d, ent_reader_mem(&s), 64, STRING_MAX);
    ent_buf_release(&b);
    return r;
}

/* table: what JSONTestSuite (Seriot, "Parsing JSON is a minefield") taught; n for must be refused
 */
static const struct {
    const char *text;
    bool ok;
    const char *why;
} suite[] = {
    {"0", true, NULL},
    {" \t\r\n-0 ", true, NULL},
    {"\"\"", true, NULL},
    {"null", true, NULL},
    {"[]", true, NULL},
    {"[ ]", true, NULL},
    {"{}", true, NULL},
    {"[[],[[]],{}]", true, NULL},
    {"{\"a\":1,\"a\":2}", true, NULL},
    {"{\"\":0}", true, NULL},
    {"[1,-1,0.5,1e5,1E+5,1e-5,-0.0,123456789012345678901234567890,1e9999]", true, NULL},
    {"[true,false,null]", true, NULL},
    {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", true, NULL},
    {"\"\\u0000\\u00e9\\uFFFF\\ud83d\\uDE00\"", true, NULL},
    {"\"\x7f\"", true, NULL},
    {"\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xf4\x8f\xbf\xbf\"", true, NULL},
    {"\"\xef\xbf\xbf\"", true, NULL},
    {"", false, "the JSON text ends too early"},
    {" ", false, "the JSON text ends too early"},
    {"[", false, "the JSON text ends too early"},
    {"{", false, "the JSON text ends too early"},
    {"[1", false, "the JSON text ends too early"},
    {"[1,", false, "the JSON text ends too early"},
    {"{\"a\"", false, "the JSON text ends too early"},
    {"{\"a\":", false, "the JSON text ends too early"},
    {"{\"a\":1", false, "the JSON text ends too early"},
    {"{\"a\":1,", false, "the JSON text ends too early"},
    {"]", false, "not a JSON value"},
    {"}", false, "not a JSON value"},
    {"[1,]", false, "not a JSON value"},
    {"[,1]", false, "not a JSON value"},
    {"[1,,2]", false, "not a JSON value"},
    {"[1 2]", false, "',' or the end of the object or array is missing"},
    {"[1}", false, "',' or the end of the object or array is missing"},
    {"{\"a\":1]", false, "',' or the end of the object or array is missing"},
    {"{\"a\":1,}", false, "a key must be a string"},
    {"{,}", false, "a key must be a string"},
    {"{a:1}", false, "a key must be a string"},
    {"{'a':1}", false, "a key must be a string"},
    {"{1:1}", false, "a key must be a string"},
    {"{null:1}", false, "a key must be a string"},
    {"{\"a\" 1}", false, "':' must follow a key"},
    {"{\"a\",1}", false, "':' must follow a key"},
    {"{\"a\":}", false, "not a JSON value"},
    {"{\"a\"::1}", false, "not a JSON value"},
    {"{\"a\":1 \"b\":2}", false, "',' or the end of the object or array is missing"},
    {"1 2", false, "more text behind the JSON value"},
    {"{}{}", false, "more text behind the JSON value"},
    {"[]]", false, "more text behind the JSON value"},
    {"[]//", false, "more text behind the JSON value"},
    {"[]\x0c", false, "more text behind the JSON value"},
    {"/**/[]", false, "not a JSON value"},
    {"\xef\xbb\xbf[]", false, "not a JSON value"},
    {"\xc2\xa0[]", false, "not a JSON value"},
    {"TRUE", false, "not a JSON value"},
    {"tru", false, "not a JSON value"},
    {"nul", false, "not a JSON value"},
    {"fals3", false, "not a JSON value"},
    {"truex", false, "more text behind the JSON value"},
    {"NaN", false, "not a JSON value"},
    {"Infinity", false, "not a JSON value"},
    {"-Infinity", false, "a digit is missing in a number"},
    {"+1", false, "not a JSON value"},
    {".5", false, "not a JSON value"},
    {"-", false, "a digit is missing in a number"},
    {"--1", false, "a digit is missing in a number"},
    {"1.", false, "a digit is missing in a number"},
    {"1.e5", false, "a digit is missing in a number"},
    {"1e", false, "a digit is missing in a number"},
    {"1e+", false, "a digit is missing in a number"},
    {"1e+-5", false, "a digit is missing in a number"},
    {"01", false, "a number with a leading zero"},
    {"-01", false, "a number with a leading zero"},
    {"00", false, "a number with a leading zero"},
    {"0x1", false, "more text behind the JSON value"},
    {"1_000", false, "more text behind the JSON value"},
    {"1e1.5", false, "more text behind the JSON value"},
    {"1.2.3", false, "more text behind the JSON value"},
    {"\xef\xbc\x91", false, "not a JSON value"},
    {"\"", false, "the JSON text ends inside a string"},
    {"\"a", false, "the JSON text ends inside a string"},
    {"\"\\", false, "the JSON text ends inside a string"},
    {"\"\\\"", false, "the JSON text ends inside a string"},
    {"\"\\u12", false, "the JSON text ends inside a string"},
    {"'a'", false, "not a JSON value"},
    {"\"\n\"", false, "a control character in a string"},
    {"\"\t\"", false, "a control character in a string"},
    {"\"\x1f\"", false, "a control character in a string"},
    {"\"\\x41\"", false, "an escape that JSON does not have"},
    {"\"\\'\"", false, "an escape that JSON does not have"},
    {"\"\\a\"", false, "an escape that JSON does not have"},
    {"\"\\U0041\"", false, "an escape that JSON does not have"},
    {"\"\\u00g0\"", false, "\\u without four hexadecimal digits"},
    {"\"\\u 041\"", false, "\\u without four hexadecimal digits"},
    {"\"\\ud800\"", false, "half of a surrogate pair in a string"},
    {"\"\\ud800x\"", false, "half of a surrogate pair in a string"},
    {"\"\\ud800\\n\"", false, "half of a surrogate pair in a string"},
    {"\"\\ud800\\ud800\"", false, "half of a surrogate pair in a string"},
    {"\"\\ud800\\u0041\"", false, "half of a surrogate pair in a string"},
    {"\"\\udc00\"", false, "half of a surrogate pair in a string"},
    {"\"\\udc00\\ud800\"", false, "half of a surrogate pair in a string"},
    {"\"\xff\"", false, "a string is not UTF-8"},
    {"\"\x80\"", false, "a string is not UTF-8"},
    {"\"\xc0\xaf\"", false, "a string is not UTF-8"},
    {"\"\xe0\x80\xaf\"", false, "a string is not UTF-8"},
    {"\"\xed\xa0\x80\"", false, "a string is not UTF-8"},
    {"\"\xf4\x90\x80\x80\"", false, "a string is not UTF-8"},
    {"\"\xc3\"", false, "a string is not UTF-8"},
    {"\"\xe2\x82\"", false, "a string is not UTF-8"},
};

static void test_suite(void **state)
{
    const size_t rows = sizeof(suite) / sizeof(suite[0]);
    (void)state;
    for (size_t k = 0; k < 2 * rows; k++) {
        size_t i = k % rows;
        struct ent_diag d = {0};
        ent_cpu_limit(levels[k / rows]);
        enum ent_err r = parse(&d, ent_slice_str(suite[i].text));
        if ((r == ENT_OK) != suite[i].ok)
            print_error("wrong about: %s\n", suite[i].text);
        assert_int_equal(r, suite[i].ok ? ENT_OK : ENT_E_FORMAT);
        if (!suite[i].ok)
            assert_string_equal(d.text, suite[i].why);
    }
    struct ent_diag d = {0};
    assert_err(parse(&d, ent_slice("[]\0", 3)), ENT_E_FORMAT);
    assert_err(parse(&d, ent_slice("\"a\0b\"", 5)), ENT_E_FORMAT);
    assert_err(parse(&d, ent_slice("1\0", 2)), ENT_E_FORMAT);
    assert_err(parse(&d, ent_slice("\"\\\0\"", 4)), ENT_E_FORMAT);
}

static void test_events(void **state)
{
    static const char text[] =
        "{\"a\\n\": [1.50e3, true,\n false, null, \"x\\u20acy\"],\n\"b\":{}}";
    struct ent_slice s = ent_slice_str(text);
    struct ent_diag d = {0};
    struct ent_buf b;
    (void)state;
    ent_buf_init(&b, 1u << 20);
    assert_ok(trace(&b, &d, ent_reader_mem(&s), 2, STRING_MAX));
    assert_ok(ent_buf_put(&b, "", 1));
    assert_string_equal((const char *)b.p, "{@1,1,0\n"
                                           "k:a\n@1,1,1\n"
                                           "[@2,1,8\n"
                                           "n:1.50e3@2,1,9\n"
                                           "t@2,1,17\n"
                                           "f@2,2,24\n"
                                           "0@2,2,31\n"
                                           "s:x\xe2\x82\xacy@2,2,37\n"
                                           "]@1,2,47\n"
                                           "k:b@1,3,50\n"
                                           "{@2,3,54\n"
                                           "}@1,3,55\n"
                                           "}@0,3,56\n"
                                           "$@0,3,57\n");
    ent_buf_release(&b);
}

static void test_where(void **state)
{
    struct ent_diag d = {0};
    (void)state;
    assert_err(parse(&d, ENT_SLICE_LIT("{\"a\": 1,\n \"b\": tru}")), ENT_E_FORMAT);
    assert_int_equal(d.line, 2);
    assert_int_equal(d.offset, 15);
    assert_err(parse(&d, ENT_SLICE_LIT("[\n\n\"abc\x01\"]")), ENT_E_FORMAT);
    assert_int_equal(d.line, 3);
    assert_int_equal(d.offset, 7);
    assert_err(parse(&d, ENT_SLICE_LIT("[\"ab\\q\"]")), ENT_E_FORMAT);
    assert_int_equal(d.offset, 4);
    assert_err(parse(&d, ENT_SLICE_LIT("[1")), ENT_E_FORMAT);
    assert_int_equal(d.offset, 2);
}

/* Runs of every length, with every kind of end, and where the error is. */
static void test_runs(void **state)
{
    static const char *const ends[] = {"\x01", "\x1f", "\\q", "\x80", "\xff", "\xc3(", ""};
    static const char blanks[] = " \n\t\r";
    struct ent_buf b;
    (void)state;
    ent_buf_init(&b, 1u << 16);
    for (size_t k = 0; k < 2 * 70; k++) {
        struct ent_diag d = {0};
        uint64_t lines = 1;
        size_t n = k / 2;
        ent_cpu_limit(levels[k % 2]);
        for (size_t e = 0; e < sizeof(ends) / sizeof(ends[0]); e++) {
            ent_buf_clear(&b);
            assert_ok(ent_buf_puts(&b, "[\""));
            for (size_t i = 0; i < n; i++)
                assert_ok(ent_buf_putc(&b, (char)(i % 3 == 0 ? 0x7F : ' ' + 3 + (char)(i % 50))));
            assert_ok(ent_buf_puts(&b, ends[e]));
            assert_err(parse(&d, ent_buf_slice(&b)), ENT_E_FORMAT);
            assert_int_equal(d.offset, 2 + n);
        }
        ent_buf_clear(&b);
        assert_ok(ent_buf_puts(&b, "[0"));
        for (size_t i = 0; i < n; i++) {
            assert_ok(ent_buf_putc(&b, blanks[ent_t_below(4)]));
            lines += b.p[b.n - 1] == '\n';
        }
        assert_ok(ent_buf_puts(&b, k % 3 == 0 ? "\x0b" : k % 3 == 1 ? "" : "\xa0"));
        assert_err(parse(&d, ent_buf_slice(&b)), ENT_E_FORMAT);
        assert_int_equal(d.offset, 2 + n);
        assert_int_equal(d.line, lines);
    }
    ent_buf_release(&b);
}

static void test_depth(void **state)
{
    char text[4096];
    struct ent_diag d = {0};
    (void)state;
    memset(text, '[', 64);
    memset(text + 64, ']', 64);
    assert_ok(parse(&d, ent_slice(text, 128)));
    memset(text, '[', 65);
    memset(text + 65, ']', 65);
    assert_err(parse(&d, ent_slice(text, 130)), ENT_E_LIMIT);
    assert_string_equal(d.text, "JSON nested too deeply");
    assert_int_equal(d.offset, 64);
    /* objects and arrays may alternate down to the last level there can be */
    struct ent_buf b;
    struct ent_slice s;
    ent_buf_init(&b, 1u << 20);
    size_t n = 0, i;
    for (i = 0; i < ENT_JP_DEPTH_MOST; i++)
        n += (size_t)snprintf(text + n, sizeof(text) - n, i % 2 == 0 ? "[" : "{\"\":");
    text[n - 1] = '{'; /* the last object is empty */
    n = (size_t)((char *)memrchr(text, '{', n - 1) - text) + 1;
    while (i-- > 0)
        text[n++] = i % 2 == 0 ? ']' : '}';
    s = ent_slice(text, n);
    assert_ok(trace(&b, &d, ent_reader_mem(&s), ENT_JP_DEPTH_MOST, 10));
    ent_buf_release(&b);
}

static void check_cut(const char *json, size_t max, const char *want, bool cut)
{
    struct ent_slice s = ent_slice_str(json);
    struct ent_jp p;
    enum ent_jp_event ev;
    assert_ok(ent_jp_init(&p, ent_reader_mem(&s), 0, 4, max));
    assert_ok(ent_jp_next(&p, &ev, NULL));
    assert_int_equal(p.text.n, strlen(want));
    assert_memory_equal(p.text.p, want, p.text.n);
    assert_int_equal(p.cut, cut);
    assert_ok(ent_jp_next(&p, &ev, NULL));
    assert_int_equal(ev, ENT_JP_END);
    ent_jp_release(&p);
}

static void test_cut(void **state)
{
    (void)state;
    check_cut("\"abcd\"", 4, "abcd", false);
    check_cut("\"abcde\"", 4, "abcd", true);
    check_cut("\"abc\\u0064\"", 4, "abcd", false);
    check_cut("\"abc\\u0064e\"", 4, "abcd", true);
    check_cut("\"abc\xc3\xa9\"", 4, "abc", true);
    check_cut("\"ab\xc3\xa9\"", 4, "ab\xc3\xa9", false);
    check_cut("\"ab\xc3\xa9\xc3\xa9\"", 4, "ab\xc3\xa9", true);
    check_cut("\"a\\nb\xe2\x82\xac\"", 5, "a\nb", true);
    check_cut("\"\\n\xf0\x9f\x98\x80\"", 4, "\n", true);
    check_cut("\"\\ud83d\\ude00\"", 3, "", true);
    check_cut("\"abc\\ud83d\\ude00z\"", 4, "abc", true);
}

static void test_skip(void **state)
{
    static const char text[] =
        "{\"a\":{\"x\":[1,{\"y\":\"\\n\"}]},\"b\":2,\"c\":[[],[3]],\"d\":[4]}";
    struct ent_slice s = ent_slice_str(text);
    struct ent_jp p;
    enum ent_jp_event ev;
    size_t keys = 0;
    (void)state;
    assert_ok(ent_jp_init(&p, ent_reader_mem(&s), 0, 8, 100));
    assert_ok(ent_jp_next(&p, &ev, NULL));
    assert_int_equal(ev, ENT_JP_OBJ);
    for (;;) {
        assert_ok(ent_jp_next(&p, &ev, NULL));
        if (ev == ENT_JP_OBJ_END)
            break;
        assert_int_equal(ev, ENT_JP_KEY);
        assert_int_equal(p.text.p[0], "abcd"[keys++]);
        if (keys == 4) { /* from inside the value */
            assert_ok(ent_jp_next(&p, &ev, NULL));
            assert_int_equal(ev, ENT_JP_ARR);
        }
        assert_ok(ent_jp_skip(&p, NULL));
        assert_int_equal(p.depth, 1);
        assert_ok(ent_jp_skip(&p, NULL)); /* behind a value there is nothing to skip */
    }
    assert_int_equal(keys, 4);
    assert_ok(ent_jp_next(&p, &ev, NULL));
    assert_int_equal(ev, ENT_JP_END);
    ent_jp_release(&p);
    /* what is skipped is checked all the same */
    s = ENT_SLICE_LIT("{\"a\":[\"\\q\"]}");
    assert_ok(ent_jp_init(&p, ent_reader_mem(&s), 0, 8, 100));
    assert_ok(ent_jp_next(&p, &ev, NULL));
    assert_ok(ent_jp_next(&p, &ev, NULL));
    assert_err(ent_jp_skip(&p, NULL), ENT_E_FORMAT);
    ent_jp_release(&p);
}

/* --- against jansson -------------------------------------------------------------------------- */

static void put(struct ent_buf *b, const char *s)
{
    assert_ok(ent_buf_puts(b, s));
}

static void random_blank(struct ent_buf *b)
{
    static const char *const blanks[] = {"", "", "", " ", "\n", "\t\r ", "  \n  "};
    put(b, blanks[ent_t_below(7)]);
}

static void random_string(struct ent_buf *b)
{
    static const char *const parts[] = {"a",
                                        "bc",
                                        "\\n",
                                        "\\\"",
                                        "\\\\",
                                        "\\/",
                                        "\\u0041",
                                        "\\u00e9",
                                        "\\u20AC",
                                        "\\ud83d\\ude00",
                                        "\xc3\xa9",
                                        "\xe2\x82\xac",
                                        "\xf0\x9f\x98\x80",
                                        "0123456789abcdef",
                                        " ",
                                        "\\t",
                                        "\x7f",
                                        "{",
                                        "]",
                                        ":",
                                        ",",
                                        "\\u0000"};
    put(b, "\"");
    for (uint64_t k = ent_t_below(12); k > 0; k--)
        put(b, parts[ent_t_below(22)]);
    put(b, "\"");
}

static void random_number(struct ent_buf *b)
{
    static const char *const numbers[] = {"0",      "-0",      "7",          "-12",
                                          "3.25",   "-0.5e3",  "1E5",        "1e-7",
                                          "123456", "1.0e+10", "2147483648", "0.1"};
    put(b, numbers[ent_t_below(12)]);
}

static void random_value(struct ent_buf *b, unsigned depth)
{
    uint64_t kind = ent_t_below(depth == 0 ? 5 : 8);
    random_blank(b);
    if (kind < 3) {
        static const char *const words[] = {"true", "false", "null"};
        put(b, words[kind]);
    } else if (kind == 3) {
        random_number(b);
    } else if (kind == 4) {
        random_string(b);
    } else {
        bool object = kind == 5;
        put(b, object ? "{" : "[");
        uint64_t n = ent_t_below(5);
        for (uint64_t i = 0; i < n; i++) {
            if (i > 0)
                put(b, ",");
            random_blank(b);
            if (object) {
                random_string(b);
                random_blank(b);
                put(b, ":");
            }
            random_value(b, depth - 1);
        }
        random_blank(b);
        put(b, object ? "}" : "]");
    }
    random_blank(b);
}

static void mutate(struct ent_buf *b)
{
    static const char bytes[] = "{}[]:,\"\\0123456789eE+-.truefalsn \n\x80\xff\xc3u\x01/";
    for (uint64_t k = 1 + ent_t_below(3); k > 0 && b->n > 1; k--) {
        size_t at = (size_t)ent_t_below(b->n);
        switch (ent_t_below(4)) {
        case 0:
            b->p[at] = (uint8_t)bytes[ent_t_below(sizeof(bytes) - 1)];
            break;
        case 1:
            memmove(b->p + at, b->p + at + 1, b->n - at - 1);
            b->n--;
            break;
        case 2:
            b->n = at + 1;
            break;
        default:
            b->p[at] ^= (uint8_t)(1u << ent_t_below(8));
        }
    }
}

/* The same value from our events. Stops at the first error. */
static json_t *build(struct ent_jp *p, enum ent_jp_event ev, enum ent_err *r)
{
    char text[64];
    json_t *v = NULL;
    switch (ev) {
    case ENT_JP_STR:
        return json_stringn((const char *)p->text.p, p->text.n);
    case ENT_JP_NUM:
        assert_true(p->text.n < sizeof(text));
        memcpy(text, p->text.p, p->text.n);
        text[p->text.n] = '\0';
        return strpbrk(text, ".eE") == NULL ? json_integer(strtoll(text, NULL, 10))
                                            : json_real(strtod(text, NULL));
    case ENT_JP_TRUE:
        return json_true();
    case ENT_JP_FALSE:
        return json_false();
    case ENT_JP_NULL:
        return json_null();
    case ENT_JP_ARR:
        v = json_array();
        while ((*r = ent_jp_next(p, &ev, NULL)) == ENT_OK && ev != ENT_JP_ARR_END) {
            (void)json_array_append_new(v, build(p, ev, r));
            if (*r != ENT_OK)
                break;
        }
        return v;
    default:
        break;
    }
    assert_int_equal(ev, ENT_JP_OBJ);
    v = json_object();
    while ((*r = ent_jp_next(p, &ev, NULL)) == ENT_OK && ev != ENT_JP_OBJ_END) {
        char key[1024];
        assert_int_equal(ev, ENT_JP_KEY);
        assert_true(p->text.n < sizeof(key));
        memcpy(key, p->text.p, p->text.n);
        key[p->text.n] = '\0';
        if ((*r = ent_jp_next(p, &ev, NULL)) != ENT_OK)
            break;
        (void)json_object_set_new(v, key, build(p, ev, r));
        if (*r != ENT_OK)
            break;
    }
    return v;
}

/* Where jansson differs and may: numbers it cannot hold, and NUL in keys. Where it differs and
 * should not: it loses a NUL byte behind a number. */
static bool jansson_is_narrower(const json_error_t *e)
{
    enum json_error_code code = json_error_code(e);
    return code == json_error_numeric_overflow || code == json_error_null_byte_in_key;
}

static bool check_against_jansson(struct ent_slice s)
{
    json_error_t error;
    struct ent_slice left = s;
    struct ent_jp p;
    enum ent_jp_event ev;
    random_level();
    json_t *theirs = json_loadb((const char *)s.p, s.n, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
    json_t *ours = NULL;
    assert_ok(ent_jp_init(&p, ent_reader_mem(&left), 0, ENT_JP_DEPTH_MOST, 1u << 16));
    enum ent_err r = ent_jp_next(&p, &ev, NULL);
    if (r == ENT_OK)
        ours = build(&p, ev, &r);
    if (r == ENT_OK)
        r = ent_jp_next(&p, &ev, NULL);
    if (theirs == NULL && r == ENT_OK) {
        if (!jansson_is_narrower(&error))
            fail_msg("jansson says %s: %.*s", error.text, (int)s.n, (const char *)s.p);
    } else if (theirs != NULL) {
        if (r != ENT_OK && memchr(s.p, '\0', s.n) == NULL)
            fail_msg("jansson takes: %.*s", (int)s.n, (const char *)s.p);
        if (r == ENT_OK)
            assert_true(ev == ENT_JP_END && json_equal(theirs, ours));
    }
    json_decref(theirs);
    json_decref(ours);
    ent_jp_release(&p);
    return r == ENT_OK;
}

static void test_against_jansson(void **state)
{
    struct ent_buf b;
    size_t valid = 0, broken = 0;
    (void)state;
    ent_buf_init(&b, 1u << 20);
    for (int i = 0; i < 20000; i++) {
        ent_buf_clear(&b);
        random_value(&b, 5);
        assert_true(check_against_jansson(ent_buf_slice(&b)) || strstr((char *)b.p, "u0000"));
        for (int k = 0; k < 2; k++) {
            mutate(&b);
            if (check_against_jansson(ent_buf_slice(&b)))
                valid++;
            else
                broken++;
        }
    }
    assert_true(valid > 1000 && broken > 1000); /* the mutations bite, and not always */
    ent_buf_release(&b);
}

/* --- in pieces, and endless ------------------------------------------------------------------- */

static void compare_pieces(struct ent_slice s, unsigned depth, size_t string_max)
{
    struct ent_buf whole, pieces;
    struct ent_t_chunks c;
    struct ent_slice left = s;
    struct ent_diag d1 = {0}, d2 = {0};
    ent_buf_init(&whole, 64u << 20);
    ent_buf_init(&pieces, 64u << 20);
    enum ent_err r1 = trace(&whole, &d1, ent_reader_mem(&left), depth, string_max);
    for (int way = 0; way < 4; way++) {
        ent_buf_clear(&pieces);
        ent_cpu_limit(levels[way / 2]);
        enum ent_err r2 =
            trace(&pieces, &d2, ent_t_chunk_reader(&c, s, way % 2 == 0 ? 1 : 50, way % 2 == 1),
                  depth, string_max);
        assert_int_equal(r1, r2);
        assert_true(ent_slice_eq(ent_buf_slice(&whole), ent_buf_slice(&pieces)));
        assert_int_equal(d1.line, d2.line);
        assert_int_equal(d1.offset, d2.offset);
    }
    ent_buf_release(&whole);
    ent_buf_release(&pieces);
}

static void test_pieces(void **state)
{
    struct ent_buf b;
    (void)state;
    ent_buf_init(&b, 1u << 20);
    for (int i = 0; i < 1500; i++) {
        ent_buf_clear(&b);
        random_value(&b, 5);
        if (i % 2 == 1)
            mutate(&b);
        compare_pieces(ent_buf_slice(&b), 64, i % 3 == 0 ? 5 : 1000);
    }
    /* strings, escapes and numbers across the edge of the window */
    for (size_t shift = 0; shift < 16; shift++) {
        ent_buf_clear(&b);
        put(&b, "[\"");
        while (b.n < ENT_JP_WINDOW - shift - 4)
            put(&b, "x");
        put(&b, "\\ud83d\\ude00\xf0\x9f\x98\x80\\n\",-12.5e10,true,\"\\u00e9\"]");
        compare_pieces(ent_buf_slice(&b), 4, 1u << 18);
        compare_pieces(ent_buf_slice(&b), 4, 1000);
    }
    ent_buf_release(&b);
}

/* --- records ---------------------------------------------------------------------------------- */

/* The slow way: where the object that begins at `at` ends. For valid text. */
static struct ent_slice object_at(struct ent_slice s, size_t at)
{
    size_t depth = 0, i = at;
    bool inside = false;
    do {
        uint8_t c = s.p[i];
        if (inside && c == '\\')
            i++;
        else if (c == '"')
            inside = !inside;
        else if (!inside)
            depth += (size_t)(c == '{') - (size_t)(c == '}');
        i++;
    } while (depth > 0);
    return ent_slice(s.p + at, i - at);
}

/* Records an object that was just opened, reading it to its end with skips here and there. */
static void record_one(struct ent_jp *p, struct ent_slice s, struct ent_buf *into)
{
    struct ent_slice want = object_at(s, (size_t)p->offset);
    unsigned until = p->depth;
    size_t before = into->n;
    enum ent_jp_event ev = ENT_JP_OBJ;
    ent_jp_record(p, into);
    while (p->depth >= until) {
        if (ent_t_below(4) == 0)
            assert_ok(ent_jp_skip(p, NULL));
        else
            assert_ok(ent_jp_next(p, &ev, NULL));
    }
    if (want.n > into->max - before) {
        assert_err(ent_jp_record_end(p), ENT_E_LIMIT);
        assert_int_equal(into->n, before);
        return;
    }
    assert_ok(ent_jp_record_end(p));
    assert_int_equal(into->n, before + want.n);
    assert_memory_equal(into->p + before, want.p, want.n);
}

/* Reads all of valid text, recording some of its objects; counts those that fit and those that do
 * not. */
static void check_record(struct ent_slice s, size_t most, size_t max, size_t counts[static 2])
{
    struct ent_t_chunks c;
    struct ent_jp p;
    enum ent_jp_event ev = ENT_JP_NULL;
    struct ent_buf into;
    ent_buf_init(&into, max);
    random_level();
    assert_ok(ent_jp_init(&p, ent_t_chunk_reader(&c, s, most, true), 0, 64, 5));
    while (ev != ENT_JP_END) {
        assert_ok(ent_jp_next(&p, &ev, NULL));
        if (ev != ENT_JP_OBJ || ent_t_below(3) == 0)
            continue;
        size_t before = into.n;
        record_one(&p, s, &into);
        counts[into.n == before]++;
        if (ent_t_below(3) == 0)
            ent_buf_clear(&into);
    }
    ent_buf_release(&into);
    ent_jp_release(&p);
}

static void test_record(void **state)
{
    struct ent_buf b;
    size_t counts[2] = {0, 0};
    (void)state;
    ent_buf_init(&b, 1u << 20);
    for (int i = 0; i < 3000; i++) {
        ent_buf_clear(&b);
        put(&b, "{\"abc\": [");
        random_value(&b, 5);
        put(&b, ",{}]}");
        check_record(ent_buf_slice(&b), 1 + (size_t)ent_t_below(40), i % 2 == 0 ? 1u << 20 : 60,
                     counts);
    }
    assert_true(counts[0] > 1000 && counts[1] > 100); /* both ways were taken */
    /* every place of an object at the edge of the window, escapes and all */
    for (size_t shift = 0; shift < 90; shift++) {
        ent_buf_clear(&b);
        put(&b, "[\"");
        while (b.n < ENT_JP_WINDOW - shift)
            put(&b, "x");
        put(&b, "\", { \"a\\ud83d\\ude00\":\"\\u20ac \xf0\x9f\x98\x80\\n\" ,\"b\":[-1.5e3,{ }\n],"
                "\"c\" : true}\n]");
        check_record(ent_buf_slice(&b), SIZE_MAX, 1u << 20, counts);
        check_record(ent_buf_slice(&b), 30, 1u << 20, counts);
    }
    /* an object of several windows */
    ent_buf_clear(&b);
    put(&b, "  {\"");
    while (b.n < 5 * ENT_JP_WINDOW)
        put(&b, "\\u0041\\n  x");
    put(&b, "\":[[]]}  ");
    check_record(ent_buf_slice(&b), SIZE_MAX, 1u << 20, counts);
    check_record(ent_buf_slice(&b), SIZE_MAX, 1u << 16, counts);
    ent_buf_release(&b);
}

static void check_record_end(const char *text, size_t max, enum ent_err want)
{
    struct ent_slice s = ent_slice_str(text);
    struct ent_jp p;
    enum ent_jp_event ev;
    struct ent_buf into;
    ent_buf_init(&into, max);
    assert_ok(ent_buf_puts(&into, "<"));
    assert_ok(ent_jp_init(&p, ent_reader_mem(&s), 0, 4, 100));
    assert_ok(ent_jp_next(&p, &ev, NULL));
    ent_jp_record(&p, &into);
    enum ent_err r = ent_jp_skip(&p, NULL);
    assert_int_equal(r, want == ENT_E_LIMIT ? ENT_OK : want);
    assert_err(ent_jp_record_end(&p), want);
    assert_int_equal(into.n, want == ENT_OK ? 1 + strlen(text) : 1);
    assert_int_equal(into.p[0], '<');
    if (want == ENT_E_LIMIT) { /* the parse does not mind */
        assert_ok(ent_jp_next(&p, &ev, NULL));
        assert_int_equal(ev, ENT_JP_END);
    }
    ent_buf_release(&into);
    ent_jp_release(&p);
}

static void test_record_limits(void **state)
{
    (void)state;
    check_record_end("{\"a\":[{}]}", 11, ENT_OK);
    check_record_end("{\"a\":[{}]}", 10, ENT_E_LIMIT);
    check_record_end("{\"a\":[{}]}", 1, ENT_E_LIMIT);
    check_record_end("{}", 3, ENT_OK);
    check_record_end("{}", 2, ENT_E_LIMIT);
    check_record_end("{\"a\":[{}}", 100, ENT_E_FORMAT);
    check_record_end("{\"a\":\"\\q\"}", 100, ENT_E_FORMAT);
    check_record_end("{", 100, ENT_E_FORMAT);
}

/* A buffer that cannot grow any more: nobody has 2^63 bytes. */
static void test_record_memory(void **state)
{
    uint8_t byte = 0;
    struct ent_slice s = ENT_SLICE_LIT("{} ");
    struct ent_buf into = {.p = &byte, .n = 1ull << 62, .cap = 1ull << 62, .max = SIZE_MAX};
    struct ent_jp p;
    enum ent_jp_event ev;
    (void)state;
    if (ENT_T_SANITIZED) /* a sanitizer takes it for a mistake */
        return;
    assert_ok(ent_jp_init(&p, ent_reader_mem(&s), 0, 4, 100));
    assert_ok(ent_jp_next(&p, &ev, NULL));
    ent_jp_record(&p, &into);
    assert_ok(ent_jp_next(&p, &ev, NULL));
    assert_err(ent_jp_record_end(&p), ENT_E_NOMEM);
    assert_err(ent_jp_next(&p, &ev, NULL), ENT_E_NOMEM);
    assert_true(into.p == &byte && into.n == 1ull << 62);
    ent_jp_release(&p);
}

static void test_reader_fails(void **state)
{
    struct ent_t_chunks c;
    struct ent_jp p;
    enum ent_jp_event ev;
    struct ent_diag d = {0};
    (void)state;
    struct ent_reader in = ent_t_chunk_reader(&c, ENT_SLICE_LIT("[1, 2, \"abc"), 3, false);
    c.fail_at = 9;
    assert_ok(ent_jp_init(&p, in, 0, 4, 10));
    assert_ok(ent_jp_next(&p, &ev, &d));
    assert_ok(ent_jp_next(&p, &ev, &d));
    assert_ok(ent_jp_next(&p, &ev, &d));
    assert_err(ent_jp_next(&p, &ev, &d), ENT_E_IO);
    assert_string_equal(d.text, "the disk is on fire");
    assert_err(ent_jp_next(&p, &ev, &d), ENT_E_IO);
    ent_jp_release(&p);
    ent_jp_release(&p);
}

#define MB ((uint64_t)1 << 20)

/* One string, one number, one array, one run of blanks, of many megabytes each. */
static void test_huge(void **state)
{
    static const struct {
        const char *before, *unit, *after;
        unsigned mb;
        enum ent_err want;
    } rows[] = {
        {"{\"a\":\"", "0123456789abcdef", "\"}", 200, ENT_OK},
        {"[1", ",\"abc\",{\"k\":[true]}", "]", 100, ENT_OK},
        {"{\"", "\\u20ac\\n", "\":1}", 20, ENT_OK},
        {"[\"", "\xe2\x82\xac", "\"]", 20, ENT_OK},
        {"[", "  \n \t  \r", "]", 20, ENT_OK},
        {"[", "[", "]", 20, ENT_E_LIMIT},
        {"[1", "0", "]", 20, ENT_E_LIMIT},
        {"[\"", "no end ", "", 20, ENT_E_FORMAT},
    };
    size_t before = ent_t_peak_memory();
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ent_t_repeat rep = {ent_slice_str(rows[i].before), ent_slice_str(rows[i].unit),
                                   ent_slice_str(rows[i].after), 0, 0};
        struct ent_jp p;
        enum ent_jp_event ev;
        enum ent_err r;
        uint64_t bytes = ENT_T_SANITIZED ? 2 * MB : rows[i].mb * MB;
        rep.total = bytes / rep.unit.n * rep.unit.n;
        assert_ok(ent_jp_init(&p, ent_t_repeat_reader(&rep), 0, 64, 4096));
        do
            r = ent_jp_next(&p, &ev, NULL);
        while (r == ENT_OK && ev != ENT_JP_END);
        assert_int_equal(r, rows[i].want);
        ent_jp_release(&p);
    }
    if (!ENT_T_SANITIZED)
        assert_true(ent_t_peak_memory() - before < 4 * MB);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_huge), /* first: it looks at the peak of memory */
        cmocka_unit_test(test_suite),         cmocka_unit_test(test_events),
        cmocka_unit_test(test_where),         cmocka_unit_test(test_runs),
        cmocka_unit_test(test_depth),         cmocka_unit_test(test_cut),
        cmocka_unit_test(test_skip),          cmocka_unit_test(test_against_jansson),
        cmocka_unit_test(test_pieces),        cmocka_unit_test(test_record),
        cmocka_unit_test(test_record_limits), cmocka_unit_test(test_record_memory),
        cmocka_unit_test(test_reader_fails),
    };
    return ent_t_run("json_pull", tests);
}
