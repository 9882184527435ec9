/* test_misp_manifest.c: nothing that is not a uuid becomes the name of a file. */
#include "tests/support/feed.h"

#include "intel/feed.h"

#define U1      "3dd21441-38eb-4303-a15f-0e9c885539a4"
#define U2      "F431F809-377B-45E0-AA1C-6A4751CAE5FF"
#define ABOUT   ":{\"Orgc\":{\"name\":\"x\"},\"Tag\":[],\"timestamp\":1}"
#define NO_ID   "skip 1 [the name of an event that is not a uuid] "
#define FOREIGN "not the manifest of a MISP feed"

struct seen {
    struct ent_buf text;
    unsigned stop_after, calls;
};

static enum ent_err event(void *ctx, const struct ent_manifest_event *e)
{
    struct seen *s = ctx;
    char hex[ENT_HEX_LEN(32)];
    assert_int_equal(strlen(e->uuid), ENT_UUID_TEXT - 1);
    assert_ok(ent_buf_printf(&s->text, "event %s", e->uuid));
    if (e->orgc[0] != '\0')
        assert_ok(ent_buf_printf(&s->text, " by %s", e->orgc));
    if (e->timestamp > 1)
        assert_ok(ent_buf_printf(&s->text, " at %lld", (long long)e->timestamp));
    ent_hex_encode(hex, e->sha256, sizeof(e->sha256));
    assert_ok(
        ent_buf_printf(&s->text, "%s%s\n", e->has_sha256 ? " is " : "", e->has_sha256 ? hex : ""));
    return ++s->calls == s->stop_after ? ENT_E_FULL : ENT_OK;
}

static enum ent_err no_event(void *ctx, uint64_t line, const char *reason, struct ent_slice what)
{
    struct seen *s = ctx;
    assert_ok(ent_buf_printf(&s->text, "skip %u [%s] [", (unsigned)line, reason));
    assert_ok(ent_escape(&s->text, what, 100));
    assert_ok(ent_buf_puts(&s->text, "]\n"));
    return ++s->calls == s->stop_after ? ENT_E_FULL : ENT_OK;
}

static enum ent_err read_text(struct seen *s, struct ent_diag *d, struct ent_slice text)
{
    struct ent_t_chunks c;
    const struct ent_manifest_sink sink = {s, event, no_event};
    ent_buf_init(&s->text, 1u << 20);
    *d = (struct ent_diag){0};
    return ent_misp_manifest_read(ent_t_chunk_reader(&c, text, 7, true), &sink, d);
}

static void check(const char *text, enum ent_err want, const char *out)
{
    struct seen s = {.stop_after = 0};
    struct ent_diag d;
    enum ent_err r = read_text(&s, &d, ent_slice_str(text));
    assert_ok(ent_buf_putc(&s.text, '\0'));
    if (r != want || strcmp(r == ENT_OK ? (const char *)s.text.p : d.text, out) != 0)
        print_error("%s\n", text);
    assert_err(r, want);
    assert_string_equal(r == ENT_OK ? (const char *)s.text.p : d.text, out);
    ent_buf_release(&s.text);
}

/* table */
static void test_manifests(void **state)
{
    (void)state;
    check("{}", ENT_OK, "");
    check("{\"" U1 "\"" ABOUT ",\"" U2 "\"" ABOUT "}", ENT_OK, "event " U1 "\nevent " U2 "\n");
    check("{\"" U1 "\":{},\"" U2 "\":[1,{}]}", ENT_OK,
          "event " U1 "\nskip 1 [an event that the manifest does not describe] [" U2 "]\n");
    check("", ENT_E_FORMAT, "the JSON text ends too early");
    check("[]", ENT_E_FORMAT, FOREIGN);
    check("{\"name\":\"x\",\"version\":{}}", ENT_E_FORMAT, FOREIGN);
    check("{\"" U1 "\"" ABOUT "} x", ENT_E_FORMAT, "more text behind the JSON value");
    check("{\"" U1 "\"" ABOUT ",", ENT_E_FORMAT, "the JSON text ends too early");
}

#define SHA "0123456789abcdef0123456789ABCDEF0123456789abcdef0123456789abcdef"
#define LOW "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define BAD                                                                                        \
    "skip 1 [an event whose \"integrity:sha256\" is no hash, "                                     \
    "or stands twice] [" U1 "]\n"
#define ONE(about)       "{\"" U1 "\":{" about "}}"
#define INTEGRITY(value) "\"integrity:sha256\":" value

/* table: what is said about an event. A hash that cannot be read is no reason not to look. */
static void test_about(void **state)
{
    (void)state;
    check(ONE("\"Orgc\":{\"name\":\"x\",\"uuid\":\"" U2
              "\"},\"timestamp\":1534723200," INTEGRITY("\"" SHA "\"")),
          ENT_OK, "event " U1 " by " U2 " at 1534723200 is " LOW "\n");
    check(ONE("\"timestamp\":\"1534723200\",\"Orgc\":{\"uuid\":{\"uuid\":\"" U2 "\"}}"), ENT_OK,
          "event " U1 " at 1534723200\n");
    check(ONE("\"timestamp\":-5,\"Orgc\":{\"uuid\":\"../x\"},\"x\":{\"timestamp\":7}"), ENT_OK,
          "event " U1 "\n");
    check(ONE("\"timestamp\":17179869185,\"Orgc\":[{\"uuid\":\"" U2 "\"}]"), ENT_OK,
          "event " U1 "\n");
    check(ONE("\"Orgc\":\"" U2 "\",\"x\":{" INTEGRITY("\"" SHA "\"") "}"), ENT_OK,
          "event " U1 "\n");
    check(ONE(INTEGRITY("\"" SHA "0\"")), ENT_OK, BAD);
    check(ONE(INTEGRITY("\"\"")), ENT_OK, BAD);
    check(ONE(INTEGRITY("\"g"
                        "123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"")),
          ENT_OK, BAD);
    check(ONE(INTEGRITY("null")), ENT_OK, BAD);
    check(ONE(INTEGRITY("[\"" SHA "\"]")), ENT_OK, BAD);
    check(ONE(INTEGRITY("1234567890123456789012345678901234567890123456789012345678901234")),
          ENT_OK, BAD);
    check(ONE(INTEGRITY("\"" SHA "\"") "," INTEGRITY("\"" SHA "\"")), ENT_OK, BAD);
    check(ONE(INTEGRITY("\"" SHA "\"")) "}", ENT_E_FORMAT, "more text behind the JSON value");
    check("{\"" U1 "\":{" INTEGRITY("\"" SHA), ENT_E_FORMAT, "the JSON text ends inside a string");
    check("{\"" U1 "\":{\"Orgc\":{\"uuid\":", ENT_E_FORMAT, "the JSON text ends too early");
}

/* table: names that would lead out of the directory, to another file in it, or nowhere */
static void test_hostile_names(void **state)
{
    static const char *const names[] = {
        "",
        "..",
        "/etc/passwd",
        "../../../../../../etc/shadow-aaaaaaaa",
        "3dd21441-38eb-4303-a15f-0e9c885539a/",
        "3dd21441/38eb/4303/a15f/0e9c885539a4",
        "3dd21441-38eb-4303-a15f-0e9c885539a4/../x",
        "3dd21441-38eb-4303-a15f-0e9c885539a4.json",
        "3dd21441-38eb-4303-a15f-0e9c885539a",
        "3dd21441-38eb-4303-a15f-0e9c885539a44",
        "3dd2144138eb-4303-a15f-0e9c885539a4-",
        "3dd21441-38eb-4303-a15f-0e9c885539ag",
        "3dd21441-38eb-4303-a15f-\\u0000e9c885539a",
        "manifest",
        "-",
    };
    char text[512];
    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct seen s = {.stop_after = 0};
        struct ent_diag d;
        (void)snprintf(text, sizeof(text), "{\"%s\":{\"x\":{}},\"" U1 "\":{}}", names[i]);
        assert_ok(read_text(&s, &d, ent_slice_str(text)));
        assert_true(ent_slice_starts(ent_buf_slice(&s.text), ENT_SLICE_LIT(NO_ID)));
        assert_int_equal(s.calls, 2);
        assert_non_null(memmem(s.text.p, s.text.n, "]\nevent " U1 "\n", 45));
        ent_buf_release(&s.text);
    }
}

/* A name of any length needs no memory, and the caller's error ends it. */
static void test_limits(void **state)
{
    static const char two[] = "{\"x\":{},\"" U1 "\":{},\"" U2 "\":{}}";
    struct ent_t_repeat long_name = {ENT_SLICE_LIT("{\"" U1), ENT_SLICE_LIT("-"),
                                     ENT_SLICE_LIT("\":{}}"), 32u << 20, 0};
    struct seen s = {.stop_after = 0};
    const struct ent_manifest_sink sink = {&s, event, no_event};
    struct ent_diag d = {0};
    (void)state;
    size_t before = ent_t_peak_memory();
    ent_buf_init(&s.text, 4096);
    assert_err(ent_misp_manifest_read(ent_t_repeat_reader(&long_name), &sink, &d), ENT_E_FORMAT);
    assert_string_equal(d.text, FOREIGN);
    assert_int_equal(s.calls, 1);
    assert_true(ENT_T_SANITIZED || ent_t_peak_memory() - before < 4u << 20);
    ent_buf_release(&s.text);
    for (unsigned n = 1; n <= 3; n++) {
        s = (struct seen){.stop_after = n};
        assert_err(read_text(&s, &d, ent_slice_str(two)), ENT_E_FULL);
        assert_int_equal(s.calls, n);
        ent_buf_release(&s.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limits), /* first: it looks at the peak of memory */
        cmocka_unit_test(test_manifests),
        cmocka_unit_test(test_about),
        cmocka_unit_test(test_hostile_names),
    };
    return ent_t_run("misp_manifest", tests);
}
