/* test_base.c: slices, cursors, lines, buffers, arenas, numbers, text, time, JSON, files. */
#include "tests/support/t.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <sys/resource.h>
#include <signal.h>
#include <sys/stat.h>

static void test_cursor(void **state)
{
    const uint8_t bytes[] = {1, 2, 0, 3, 0, 0, 0, 'a', 'b', '\n'};
    struct ent_cur c = ent_cur(ent_slice(bytes, sizeof(bytes)));
    struct ent_slice s;
    uint8_t u8;
    uint16_t u16;
    uint32_t u32;
    uint64_t u64;
    (void)state;
    assert_ok(ent_cur_u8(&c, &u8));
    assert_int_equal(u8, 1);
    assert_ok(ent_cur_u16le(&c, &u16));
    assert_int_equal(u16, 2);
    assert_ok(ent_cur_u32le(&c, &u32));
    assert_int_equal(u32, 3);
    assert_err(ent_cur_u64le(&c, &u64), ENT_E_FORMAT);
    assert_err(ent_cur_expect(&c, ENT_SLICE_LIT("ac")), ENT_E_FORMAT);
    assert_err(ent_cur_end(&c), ENT_E_FORMAT);
    assert_ok(ent_cur_line(&c, &s));
    assert_true(ent_slice_eq(s, ENT_SLICE_LIT("ab")));
    assert_ok(ent_cur_end(&c));
    assert_err(ent_cur_line(&c, &s), ENT_E_FORMAT);
    assert_err(ent_cur_take(&c, &s, 1), ENT_E_FORMAT);
    assert_ok(ent_cur_take(&c, &s, 0));
}

static enum ent_err read_lines(const char *text, uint64_t *ret_n, char word[static 8])
{
    struct ent_lines l;
    ent_lines_start(&l, ent_slice_str(text));
    ent_lines_exact(&l, "head");
    ent_lines_key(&l, "n");
    *ret_n = ent_lines_u64(&l, 100);
    ent_lines_str(&l, word, 8);
    return ent_lines_end(&l);
}

static void test_lines(void **state)
{
    static const struct {
        const char *text;
        enum ent_err want;
    } cases[] = {
        {"head\nn 7 abc\n", ENT_OK},
        {"head\nn 7 abc", ENT_E_FORMAT},      /* no last newline */
        {"head\nn 7 abc\nx\n", ENT_E_FORMAT}, /* something left */
        {"head\nn 7 abc \n", ENT_E_FORMAT},   /* blank at the end */
        {"head\nn  7 abc\n", ENT_E_FORMAT},   /* two blanks */
        {"head\nn 07 abc\n", ENT_E_FORMAT},   /* leading zero */
        {"head\nn 101 abc\n", ENT_E_LIMIT},   /* above the maximum */
        {"head\nn 7 abcdefgh\n", ENT_E_LIMIT},
        {"head\nn 7\n", ENT_E_FORMAT}, /* a word is missing */
        {"head\nnn 7 abc\n", ENT_E_FORMAT},
        {"Head\nn 7 abc\n", ENT_E_FORMAT},
        {"head\nn 7 a\xff\n", ENT_E_FORMAT},
        {"", ENT_E_FORMAT},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint64_t n = 0;
        char word[8] = "";
        assert_err(read_lines(cases[i].text, &n, word), cases[i].want);
        if (cases[i].want == ENT_OK) {
            assert_int_equal(n, 7);
            assert_string_equal(word, "abc");
        }
    }
}

static void test_buf_has_a_maximum(void **state)
{
    struct ent_buf b;
    uint8_t *room;
    (void)state;
    ent_buf_init(&b, 100);
    for (int i = 0; i < 100; i++)
        assert_ok(ent_buf_putc(&b, (char)i));
    assert_err(ent_buf_putc(&b, 'x'), ENT_E_LIMIT);
    assert_err(ent_buf_reserve(&b, &room, SIZE_MAX), ENT_E_LIMIT);
    assert_int_equal(b.n, 100);
    assert_int_equal(b.p[99], 99);
    ent_buf_clear(&b);
    assert_ok(ent_buf_printf(&b, "%s-%d", "x", 5));
    assert_true(ent_slice_eq(ent_buf_slice(&b), ENT_SLICE_LIT("x-5")));
    ent_buf_wipe(&b);
    ent_buf_release(&b);
}

static void test_arena_has_a_maximum(void **state)
{
    struct ent_arena a;
    struct ent_slice s;
    (void)state;
    ent_arena_init(&a, 1u << 20);
    size_t n = 0;
    for (;; n++) {
        uint8_t *p = ent_arena_alloc(&a, 1 + n % 3000);
        if (p == NULL)
            break;
        assert_int_equal((uintptr_t)p % 16, 0);
        for (size_t i = 0; i < 1 + n % 3000; i++)
            assert_int_equal(p[i], 0);
        memset(p, 0xAA, 1 + n % 3000);
    }
    assert_in_range(a.used, (1u << 20) - 3200, 1u << 20);
    assert_null(ent_arena_alloc(&a, SIZE_MAX));
    assert_err(ent_arena_copy(&a, &s, ent_slice(NULL, SIZE_MAX)), ENT_E_LIMIT);
    ent_arena_release(&a);
    assert_ok(ent_arena_copy(&a, &s, ENT_SLICE_LIT("abc")));
    assert_string_equal((const char *)s.p, "abc");
    ent_arena_release(&a);
}

static void test_numbers(void **state)
{
    static const char *const bad[] = {"", "00", "01", "-1", "+1", " 1", "1 ", "0x1", "1e3"};
    uint64_t v = 0;
    (void)state;
    assert_ok(ent_parse_u64(&v, ENT_SLICE_LIT("0"), UINT64_MAX));
    assert_int_equal(v, 0);
    assert_ok(ent_parse_u64(&v, ENT_SLICE_LIT("18446744073709551615"), UINT64_MAX));
    assert_true(v == UINT64_MAX);
    assert_err(ent_parse_u64(&v, ENT_SLICE_LIT("18446744073709551616"), UINT64_MAX), ENT_E_LIMIT);
    assert_err(ent_parse_u64(&v, ENT_SLICE_LIT("11"), 10), ENT_E_LIMIT);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_err(ent_parse_u64(&v, ent_slice_str(bad[i]), UINT64_MAX), ENT_E_FORMAT);
}

static void test_encodings_round_trip_and_are_strict(void **state)
{
    uint8_t in[40], out[40];
    char hex[ENT_HEX_LEN(40)], b64[ENT_BASE64_LEN(40)];
    size_t n;
    (void)state;
    for (size_t len = 0; len < sizeof(in); len++) {
        ent_random(in, len);
        ent_hex_encode(hex, in, len);
        assert_ok(ent_hex_decode(out, len, ent_slice_str(hex)));
        assert_memory_equal(in, out, len);
        ent_base64_encode(b64, in, len);
        assert_int_equal(strlen(b64) + 1, ENT_BASE64_LEN(len));
        assert_ok(ent_base64_decode(out, &n, sizeof(out), ent_slice_str(b64)));
        assert_int_equal(n, len);
        assert_memory_equal(in, out, len);
        /* Any other text that decodes would be a second form of the same bytes. */
        for (size_t i = 0; i < strlen(b64); i++) {
            char kept = b64[i];
            b64[i] = (char)ent_t_rand();
            if (b64[i] != kept &&
                ent_base64_decode(out, &n, sizeof(out), ent_slice_str(b64)) == ENT_OK)
                assert_true(n != len || memcmp(in, out, len) != 0);
            b64[i] = kept;
        }
    }
    assert_err(ent_base64_decode(out, &n, 40, ENT_SLICE_LIT("AAA")), ENT_E_FORMAT);
    assert_err(ent_base64_decode(out, &n, 40, ENT_SLICE_LIT("AAB=")), ENT_E_FORMAT);
    assert_err(ent_base64_decode(out, &n, 40, ENT_SLICE_LIT("AA==AA==")), ENT_E_FORMAT);
    assert_err(ent_base64_decode(out, &n, 2, ENT_SLICE_LIT("AAAAAAAA")), ENT_E_LIMIT);
    assert_err(ent_base64_decode_exact(out, 2, ENT_SLICE_LIT("AAAA")), ENT_E_FORMAT);
    assert_err(ent_hex_decode(out, 1, ENT_SLICE_LIT("0g")), ENT_E_FORMAT);
    assert_err(ent_hex_decode(out, 1, ENT_SLICE_LIT("012")), ENT_E_FORMAT);
}

static void test_escape_hides_nothing_and_shows_no_control(void **state)
{
    static const struct {
        const char *in;
        size_t n;
        const char *want;
    } cases[] = {
        {"plain", 5, "plain"},
        {"a\nb\tc\\", 6, "a\\nb\\tc\\\\"},
        {"\x1b[31m", 5, "\\x1b[31m"},
        {"\0x", 2, "\\x00x"},
        {"\xff\xfe", 2, "\\xff\\xfe"},
        {"\xc3\xa9", 2, "\xc3\xa9"},
        {"\xe2\x80\xae"
         "abc",
         6, "\\u{202e}abc"},                    /* right-to-left override */
        {"\xe2\x80\x8b", 3, "\\u{200b}"},       /* zero-width space */
        {"\xc2\x9b", 2, "\\x9b"},               /* C1 control: CSI */
        {"\xed\xa0\x80", 3, "\\xed\\xa0\\x80"}, /* surrogate */
        {"\xc0\xaf", 2, "\\xc0\\xaf"},          /* overlong */
    };
    struct ent_buf b;
    (void)state;
    ent_buf_init(&b, 4096);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ent_buf_clear(&b);
        assert_ok(ent_escape(&b, ent_slice(cases[i].in, cases[i].n), 100));
        assert_true(ent_slice_eq(ent_buf_slice(&b), ent_slice_str(cases[i].want)));
    }
    ent_buf_clear(&b);
    assert_ok(ent_escape(&b, ENT_SLICE_LIT("abcdef"), 3));
    assert_true(ent_slice_eq(ent_buf_slice(&b), ENT_SLICE_LIT("abc...")));
    for (int i = 0; i < 2000; i++) { /* whatever comes in: printable and bounded */
        uint8_t junk[300];
        char shown[ENT_SHOW_MAX];
        size_t n = ent_t_below(sizeof(junk));
        ent_random(junk, n);
        (void)ent_show(shown, ent_slice(junk, n));
        assert_true(strlen(shown) < ENT_SHOW_MAX);
        assert_true(ent_utf8_valid(ent_slice_str(shown), NULL));
        for (const char *p = shown; *p != '\0'; p++)
            assert_true((uint8_t)*p >= 0x20 && *p != 0x7f);
    }
    ent_buf_release(&b);
}

static void test_time(void **state)
{
    static const struct {
        const char *text;
        int64_t want; /* -1: refused */
    } cases[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"2018-08-20T00:00:00.000Z", 1534723200},
        {"2018-08-20T02:00:00+02:00", 1534723200},
        {"2018-08-20", 1534723200},
        {"2000-02-29T23:59:59Z", 951868799},
        {"2001-02-29", -1},
        {"2018-13-01", -1},
        {"2018-04-31", -1},
        {"2018-08-20T24:00:00Z", -1},
        {"2018-08-20T00:00:00", -1}, /* no zone */
        {"2018-08-20T00:00:00.Z", -1},
        {"2018-08-20T00:00:00Zx", -1},
        {"18-08-20", -1},
        {"", -1},
    };
    char text[ENT_TIME_TEXT];
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t t = -1;
        enum ent_err r = ent_time_parse(&t, ent_slice_str(cases[i].text));
        assert_err(r, cases[i].want < 0 ? ENT_E_FORMAT : ENT_OK);
        assert_int_equal(t, cases[i].want);
    }
    for (int i = 0; i < 2000; i++) {
        int64_t t = (int64_t)ent_t_below(253402300799u), back = -1;
        ent_time_format(text, t);
        assert_ok(ent_time_parse(&back, ent_slice_str(text)));
        assert_int_equal(back, t);
    }
    /* table */
    static const struct {
        int64_t t;
        const char *text;
    } shown[] = {{1534723299, "2018-08-20T00:01:39Z"},
                 {0, "1970-01-01T00:00:00Z"},
                 {951868799, "2000-02-29T23:59:59Z"},
                 {-62167219200, "0000-01-01T00:00:00Z"},
                 {253402300799, "9999-12-31T23:59:59Z"},
                 {253402300800, "-"},
                 {-62167219201, "-"},
                 {INT64_MAX, "-"}};
    for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
        ent_time_format(text, shown[i].t);
        assert_string_equal(text, shown[i].text);
    }
}

static void test_json_output(void **state)
{
    struct ent_buf b;
    struct ent_json j;
    (void)state;
    ent_buf_init(&b, 4096);
    ent_json_start(&j, &b);
    ent_json_obj(&j, NULL);
    ent_json_cstr(&j, "a", "q\"\\\n\x01");
    ent_json_arr(&j, "b");
    ent_json_u64(&j, NULL, UINT64_MAX);
    ent_json_f64(&j, NULL, 0.5);
    ent_json_f64(&j, NULL, NAN);
    ent_json_bool(&j, NULL, true);
    ent_json_str(&j, NULL,
                 ent_slice("\xff"
                           "x",
                           2));
    ent_json_arr_end(&j);
    ent_json_obj(&j, "c");
    ent_json_obj_end(&j);
    ent_json_obj_end(&j);
    assert_ok(ent_json_end(&j));
    assert_true(ent_slice_eq(
        ent_buf_slice(&b),
        ENT_SLICE_LIT("{\"a\":\"q\\\"\\\\\\n\\u0001\",\"b\":[18446744073709551615,0.5,null,true,"
                      "\"\xEF\xBF\xBDx\"],\"c\":{}}")));
    ent_buf_release(&b);
    ent_buf_init(&b, 8);
    ent_json_start(&j, &b);
    ent_json_cstr(&j, NULL, "much too long");
    assert_err(ent_json_end(&j), ENT_E_LIMIT);
    ent_buf_release(&b);
}

static void path_in_tmp(char ret[static 256], const char *name)
{
    assert_ok(ent_path_join(ret, 256, ent_t_tmpdir(), name));
}

static void assert_file_is(const char *path, const char *want)
{
    struct ent_buf b;
    ent_buf_init(&b, 1u << 20);
    assert_ok(ent_file_read(&b, NULL, path));
    assert_true(ent_slice_eq(ent_buf_slice(&b), ent_slice_str(want)));
    ent_buf_release(&b);
}

static void test_files(void **state)
{
    char path[256], missing[256];
    struct ent_diag d;
    struct ent_buf small;
    struct stat st;
    (void)state;
    path_in_tmp(path, "file");
    path_in_tmp(missing, "no/such/file");
    assert_ok(ent_file_create(path, ENT_SLICE_LIT("one"), 0640, &d));
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0640);
    assert_err(ent_file_create(path, ENT_SLICE_LIT("two"), 0600, &d), ENT_E_EXISTS);
    assert_file_is(path, "one");
    assert_ok(ent_file_write(path, ENT_SLICE_LIT("three"), 0600, &d));
    assert_file_is(path, "three");
    assert_err(ent_file_write(missing, ENT_SLICE_LIT("x"), 0600, &d), ENT_E_NOTFOUND);
    assert_int_equal(d.sys, ENOENT);
    ent_buf_init(&small, 4);
    assert_err(ent_file_read(&small, &d, path), ENT_E_LIMIT);
    ent_buf_release(&small);
    assert_err(ent_file_read(&small, &d, missing), ENT_E_NOTFOUND);
}

/* A file system that refuses: everything over 4 KiB fails, as a full disk would. */
static void test_a_write_that_fails_leaves_the_old_file(void **state)
{
    char path[256], big[8192];
    struct ent_diag d;
    struct ent_file_out o;
    struct rlimit old;
    (void)state;
    path_in_tmp(path, "kept");
    memset(big, 'x', sizeof(big));
    assert_ok(ent_file_write(path, ENT_SLICE_LIT("old"), 0600, &d));
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    const struct rlimit tight = {4096, old.rlim_max};
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
    enum ent_err r = ent_file_write(path, ent_slice(big, sizeof(big)), 0600, &d);
    enum ent_err r2 = ent_file_out_start(&o, path, 0600, &d);
    if (r2 == ENT_OK) {
        (void)fwrite(big, 1, sizeof(big), o.f);
        r2 = ent_file_out_finish(&o, &d);
    }
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_err(r, ENT_E_FULL);
    assert_err(r2, ENT_E_FULL);
    assert_file_is(path, "old");
    assert_int_equal(access(o.tmp, F_OK), -1);
}

static void test_show(void **state)
{
    char n[ENT_NUM_TEXT];
    (void)state;
    assert_string_equal(ent_show_count(n, 0), "0");
    assert_string_equal(ent_show_count(n, 999), "999");
    assert_string_equal(ent_show_count(n, 1234567), "1,234,567");
    assert_string_equal(ent_show_bytes(n, 999), "999 B");
    assert_string_equal(ent_show_bytes(n, 1234), "1.2 kB");
    assert_string_equal(ent_show_bytes(n, 999600), "1.0 MB");
    assert_string_equal(ent_show_ns(n, 1500000000), "1.5 s");
    assert_string_equal(ent_show_ns(n, 185000000000), "3 min 5 s");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cursor),
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_buf_has_a_maximum),
        cmocka_unit_test(test_arena_has_a_maximum),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_encodings_round_trip_and_are_strict),
        cmocka_unit_test(test_escape_hides_nothing_and_shows_no_control),
        cmocka_unit_test(test_time),
        cmocka_unit_test(test_json_output),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_a_write_that_fails_leaves_the_old_file),
        cmocka_unit_test(test_show),
    };
    return ent_t_run("base", tests);
}
