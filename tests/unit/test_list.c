/* test_list.c: plain lists, and what is recognised by content and refused. */
#include "tests/support/feed.h"

static void check_as(enum ent_format format, struct ent_slice in, enum ent_err want,
                     const char *out)
{
    struct ent_t_record rec = {0};
    struct ent_diag d = {0};
    enum ent_format f = ENT_FORMAT_AUTO;
    enum ent_err r = ent_t_import(&rec, &f, &d, format, in);
    if (r != want)
        print_error("about %.*s: %s\n", (int)in.n, (const char *)in.p, d.text);
    assert_int_equal(r, want);
    if (want == ENT_OK) {
        assert_int_equal(f, ENT_FORMAT_LIST);
        assert_string_equal(ent_t_record_text(&rec), out);
    } else {
        assert_int_equal(f, ENT_FORMAT_AUTO); /* outputs only on success */
        assert_string_equal(d.text, out);
    }
    ent_buf_release(&rec.text);
}

static void check(const char *in, enum ent_err want, const char *out)
{
    check_as(ENT_FORMAT_AUTO, ent_slice_str(in), want, out);
}

#define TAKE(type, value) "take " type " " value " TLP:AMBER -1 0 0 [] [] []\n"
#define ONE               TAKE("ipv4", "1.2.3.4")

/* table */
static void test_lines(void **state)
{
    (void)state;
    check("1.2.3.4\n", ENT_OK, ONE);
    check("1.2.3.4", ENT_OK, ONE);
    check("\xef\xbb\xbf"
          "1.2.3.4\r\n",
          ENT_OK, ONE);
    check("\n\n  1.2.3.4\t\n\r\n", ENT_OK, ONE);
    check("# one\n; two\n  # three\n1.2.3.4 # four\n", ENT_OK, ONE);
    check("1.2.3.4\t;x\n", ENT_OK, ONE);
    check("1.2.3.4\t7\n", ENT_OK, ONE);
    check("1.2.3.4 7\n", ENT_OK, ONE);
    check("1[.]2[.]3[.]4\n", ENT_OK, ONE);
    check("[2001:db8::1]:443\n", ENT_OK, TAKE("endpoint", "[2001:db8::1]:443"));
    check("[evil](http://evil.example/)\n", ENT_OK, TAKE("url", "http://evil.example/"));
    check("<http://evil.example/>\n", ENT_OK, TAKE("url", "http://evil.example/"));
    check("http://evil.example/#frag\n", ENT_OK, TAKE("url", "http://evil.example/#frag"));
    check("http://evil.example/a;b\n", ENT_OK, TAKE("url", "http://evil.example/a;b"));
    check("198.51.100.77/24\n2001:db8:1::/32\n198.51.100.3:443\n", ENT_OK,
          TAKE("net4", "198.51.100.0/24") TAKE("net6", "2001:db8::/32")
              TAKE("endpoint", "198.51.100.3:443"));
    check("# nothing today\n", ENT_OK, "");
    /* wrong rows are reported with their line and do not stop the file */
    check("1.2.3.4\nhello\n\n1.2.3.04\na b c\nx\xff.example\n", ENT_OK,
          ONE "skip 2 [not an address, a name, a URL or a hash] [hello]\n"
              "skip 4 [leading zeros in an IPv4 address (octal or decimal?)] [1.2.3.04]\n"
              "skip 5 [more than one value in a line] [a b c]\n"
              "skip 6 [not UTF-8] [x\\xff.example]\n");
    check("1.2.3.4 x\n5.6.7.8\n", ENT_OK,
          "skip 1 [more than one value in a line] [1.2.3.4 x]\n" TAKE("ipv4", "5.6.7.8"));
    check_as(ENT_FORMAT_AUTO, ent_slice_str("1.2.3.4\n"), ENT_OK, ONE);
    check_as(ENT_FORMAT_LIST, ent_slice_str("1.2.3.4\n"), ENT_OK, ONE);
    check("hello\nworld\n", ENT_E_FORMAT, "no line holds an address, name, URL or hash");
    check("Dear all,\nplease block these.\n", ENT_E_FORMAT,
          "no line holds an address, name, URL or hash");
}

/* table */
static void test_refused(void **state)
{
    (void)state;
    check("", ENT_E_FORMAT, "the file is empty");
    check(" \r\n\t\n", ENT_E_FORMAT, "the file is empty");
    check("\xef\xbb\xbf", ENT_E_FORMAT, "the file is empty");
    check("\xff\xfe"
          "1",
          ENT_E_FORMAT, "UTF-16 text: convert it to UTF-8 first");
    check("\xfe\xff", ENT_E_FORMAT, "UTF-16 text: convert it to UTF-8 first");
    check_as(ENT_FORMAT_AUTO, ENT_SLICE_LIT("1\0.\0"), ENT_E_FORMAT, "binary data, not text");
    check("\x7f"
          "ELF\x02\x01\x01",
          ENT_E_FORMAT, "binary data, not text");
    check("\x1f\x8b\x08", ENT_E_FORMAT, "compressed twice, or damaged gzip data");
    check("\x28\xb5\x2f\xfd"
          "abc",
          ENT_E_FORMAT, "compressed twice, or damaged zstd data");
    check("PK\x03\x04"
          "abc",
          ENT_E_FORMAT, "a zip archive: unpack it first");
    check("%PDF-1.7\n", ENT_E_FORMAT, "a PDF document: no format that is read here");
    check("<!DOCTYPE html><html>1.2.3.4", ENT_E_FORMAT, "an HTML page, not a feed");
    check("\n\n <HTML>", ENT_E_FORMAT, "an HTML page, not a feed");
    check("<?xml version=\"1.0\"?>", ENT_E_FORMAT,
          "XML, but not OpenIOC (STIX 1?): no format that is read here");
    /* the caller's word does not make a page a list */
    check_as(ENT_FORMAT_LIST, ENT_SLICE_LIT("<html>\n1.2.3.4\n"), ENT_E_FORMAT,
             "an HTML page, not a feed");
    check_as(ENT_FORMAT_STIX, ENT_SLICE_LIT("1.2.3.4\n"), ENT_E_FORMAT,
             "JSON, but no STIX bundle or object");
    check_as(ENT_FORMAT_USCERT, ENT_SLICE_LIT("1.2.3.4\n"), ENT_E_FORMAT,
             "not the header of a US-CERT CSV file");
}

static void test_formats_by_content(void **state)
{
    static const struct {
        const char *text;
        enum ent_format want;
    } rows[] = {
        {"{\"type\":\"bundle\"}", ENT_FORMAT_STIX},
        {"\xef\xbb\xbf \n{\"objects\":[]}", ENT_FORMAT_STIX},
        {"[]", ENT_FORMAT_STIX},
        {"{\"id\":{\"Event\":1},\"objects\":[]}", ENT_FORMAT_STIX},
        {"{\"Event\":{\"info\":\"x\"}}", ENT_FORMAT_MISP},
        {" [ {\"date\":[{}],\"threat_level_id\":\"1\"}]", ENT_FORMAT_MISP},
        {"{\"response\":[]}", ENT_FORMAT_MISP},
        {"\"INDICATOR_VALUE\",\"TYPE\"\n", ENT_FORMAT_USCERT},
        {"indicator_value,type\n", ENT_FORMAT_USCERT},
        {"1.2.3.4", ENT_FORMAT_LIST},
        {"[::1]:80", ENT_FORMAT_LIST},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ent_t_record rec = {0};
        struct ent_diag d = {0};
        enum ent_format f = ENT_FORMAT_AUTO;
        assert_ok(ent_t_import(&rec, &f, &d, ENT_FORMAT_AUTO, ent_slice_str(rows[i].text)));
        assert_int_equal(f, rows[i].want);
        ent_buf_release(&rec.text);
    }
}

/* Lines around the limit, in whole and in pieces. */
static void test_long_lines(void **state)
{
    struct ent_buf b;
    struct ent_t_record rec = {0};
    struct ent_diag d = {0};
    enum ent_format f;
    (void)state;
    ent_buf_init(&b, 4u << 20);
    for (size_t extra = 0; extra < 3; extra++) {
        ent_buf_clear(&b);
        assert_ok(ent_buf_puts(&b, "1.2.3.4\n"));
        for (size_t i = 0; i < (64u << 10) - 1 + extra; i++)
            assert_ok(ent_buf_putc(&b, 'a'));
        assert_ok(ent_buf_puts(&b, "\n5.6.7.8\n"));
        assert_ok(ent_t_import(&rec, &f, &d, ENT_FORMAT_AUTO, ent_buf_slice(&b)));
        assert_int_equal(rec.taken, 2);
        assert_int_equal(rec.skipped, 1);
        const char *why = extra < 2 ? "skip 2 [too long or too deeply wrapped] [aaa"
                                    : "skip 2 [a line of more than 65,536 bytes] [aaa";
        assert_non_null(strstr(ent_t_record_text(&rec), why));
    }
    ent_buf_release(&rec.text);
    ent_buf_release(&b);
}

static void test_huge_line(void **state)
{
    size_t before = ent_t_peak_memory();
    struct ent_t_record rec = {0};
    const struct ent_import_opts opts = {.confidence = -1};
    struct ent_t_repeat rep = {ENT_SLICE_LIT("1.2.3.4\n"), ENT_SLICE_LIT("9.9.9.9,"),
                               ENT_SLICE_LIT("\n5.6.7.8"), 0, 0};
    (void)state;
    rep.total = ENT_T_SANITIZED ? 8u << 20 : 200u << 20;
    ent_t_record_init(&rec);
    struct ent_import_sink sink = ent_t_record_sink(&rec);
    assert_ok(ent_intel_read(ent_t_repeat_reader(&rep), &opts, &sink, NULL, NULL));
    assert_int_equal(rec.taken, 2);
    assert_int_equal(rec.skipped, 1);
    assert_non_null(strstr(ent_t_record_text(&rec), "skip 2 [a line of more than 65,536 bytes]"));
    assert_non_null(strstr(ent_t_record_text(&rec), "take ipv4 5.6.7.8 "));
    if (!ENT_T_SANITIZED)
        assert_true(ent_t_peak_memory() - before < 4u << 20);
    ent_buf_release(&rec.text);
}

/* Random lists against a naive count, in whole and in pieces. */
static void test_random(void **state)
{
    static const char *const good[] = {"1.2.3.4", "evil.example",        "a@b.example",
                                       "::1",     "http://e.example/#x", "10.0.0.0/8"};
    static const char *const bad[] = {"hello", "1.2.3", "a b", "\xff", "http://", "-"};
    static const char *const void_[] = {"", "# x", ";", "   "};
    (void)state;
    for (int i = 0; i < 500; i++) {
        struct ent_buf b;
        struct ent_t_record rec = {0};
        struct ent_diag d = {0};
        enum ent_format f;
        size_t n_good = 0, n_bad = 0;
        ent_buf_init(&b, 1u << 20);
        assert_ok(ent_buf_puts(&b, "# list\n"));
        for (uint64_t k = ent_t_below(60); k > 0; k--) {
            uint64_t kind = ent_t_below(3);
            const char *const *from = kind == 0 ? good : kind == 1 ? bad : void_;
            assert_ok(ent_buf_puts(&b, from[ent_t_below(kind == 2 ? 4 : 6)]));
            assert_ok(ent_buf_puts(&b, ent_t_below(2) == 0 ? "\n" : " # c\r\n"));
            n_good += kind == 0;
            n_bad += kind == 1;
        }
        enum ent_err r = ent_t_import(&rec, &f, &d, ENT_FORMAT_AUTO, ent_buf_slice(&b));
        assert_int_equal(r, n_good == 0 && n_bad > 0 ? ENT_E_FORMAT : ENT_OK);
        assert_int_equal(rec.taken, n_good);
        assert_int_equal(rec.skipped, n_bad);
        ent_buf_release(&rec.text);
        ent_buf_release(&b);
    }
}

static void check_failure(enum ent_format format, struct ent_slice s, size_t at)
{
    struct ent_t_record rec = {0};
    struct ent_t_chunks c;
    struct ent_diag d = {0};
    const struct ent_import_opts opts = {.format = format, .confidence = -1};
    ent_t_record_init(&rec);
    struct ent_import_sink sink = ent_t_record_sink(&rec);
    struct ent_reader in = ent_t_chunk_reader(&c, s, at, false);
    c.fail_at = at;
    enum ent_format f = ENT_FORMAT_AUTO;
    assert_err(ent_intel_read(in, &opts, &sink, &f, &d), ENT_E_IO);
    assert_string_equal(d.text, "the disk is on fire");
    assert_int_equal(f, ENT_FORMAT_AUTO);
    ent_buf_release(&rec.text);
}

/* A read that fails, at every byte, must end every format with the reader's own error. */
static void test_reader_fails(void **state)
{
    static const struct {
        enum ent_format format;
        const char *text;
    } rows[] = {
        {ENT_FORMAT_LIST, "1.2.3.4 # x\nevil.example\r\n"},
        {ENT_FORMAT_USCERT,
         "INDICATOR_VALUE,TYPE,COMMENT\r\n1.2.3.4,IPV4ADDR,\"a\"\"b\nc\"\n,MD5,SHA1:"
         "9CB7716D83C0D06AB356BDFA52DEF1AF64BC5210\n\"x\"y,z\n"},
        {ENT_FORMAT_STIX,
         "{\"id\":\"bundle--1\",\"objects\":[7,[null],{\"type\":\"indicator\",\"id\":\"indicator--"
         "1\","
         "\"labels\":[\"a\",7,{}],\"x\":{\"y\":[1.5e+3,-0,true,false]},\"revoked\":false,"
         "\"object_marking_refs\":[\"marking-definition--1\",{}],\"granular_markings\":[{\"marking_"
         "ref\":\"x\"}],\"pattern\":\"[url:value = '\\u00e9\\ud83d\\ude00\xc3\xa9\\n']\"}]}"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ent_buf b;
        ent_buf_init(&b, 1u << 16);
        while (b.n < 5000) /* more than what is looked at to recognise a format */
            assert_ok(ent_buf_putc(&b, '\n'));
        assert_ok(ent_buf_puts(&b, rows[i].text));
        check_failure(rows[i].format, ent_buf_slice(&b), 1);
        for (size_t at = 5000; at < b.n; at++)
            check_failure(rows[i].format, ent_buf_slice(&b), at);
        ent_buf_release(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_huge_line), /* first: it looks at the peak of memory */
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_formats_by_content),
        cmocka_unit_test(test_long_lines),
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_reader_fails),
    };
    return ent_t_run("list", tests);
}
