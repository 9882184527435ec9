/* test_csv.c: RFC 4180 against a naive reader, and the US-CERT file format on the real list. */
#include "tests/support/feed.h"

#include "intel/csv.h"

/* --- records ---------------------------------------------------------------------------------- */

/* "line:field|field;" for each record, bad ones as "line:!why;"; then the error, if any. */
static enum ent_err trace(struct ent_buf *b, struct ent_diag *d, struct ent_reader in)
{
    struct ent_csv c;
    bool end = false;
    enum ent_err r;
    assert_ok(ent_csv_init(&c, in, 0));
    while ((r = ent_csv_next(&c, &end, d)) == ENT_OK && !end) {
        assert_ok(ent_buf_printf(b, "%u:", (unsigned)c.line));
        if (c.bad != NULL)
            assert_ok(ent_buf_printf(b, "!%s", c.bad));
        for (size_t i = 0; i < c.n_fields && c.bad == NULL; i++) {
            assert_ok(ent_buf_put_slice(b, c.field[i]));
            assert_ok(ent_buf_putc(b, '|'));
        }
        assert_ok(ent_buf_putc(b, ';'));
    }
    assert_ok(ent_buf_putc(b, '\0'));
    b->n--;
    ent_csv_release(&c);
    ent_csv_release(&c);
    return r;
}

/* table */
static void test_records(void **state)
{
    static const struct {
        const char *in, *out;
        enum ent_err want;
    } rows[] = {
        {"a,b\nc,d\n", "1:a|b|;2:c|d|;", ENT_OK},
        {"a,b\r\nc,d", "1:a|b|;2:c|d|;", ENT_OK},
        {"", "", ENT_OK},
        {"\n\r\n\n", "", ENT_OK},
        {"a\n\n\nb", "1:a|;4:b|;", ENT_OK},
        {",\n,,", "1:||;2:|||;", ENT_OK},
        {"\"\"", "1:|;", ENT_OK},
        {"\"a,b\",c", "1:a,b|c|;", ENT_OK},
        {"\"a\nb\r\nc\",d\ne", "1:a\nb\r\nc|d|;4:e|;", ENT_OK},
        {"\"a\"\"b\"\"\"", "1:a\"b\"|;", ENT_OK},
        {"\"\"\"\"", "1:\"|;", ENT_OK},
        {"a\"b,c", "1:a\"b|c|;", ENT_OK},
        {"\"a\"\r\n", "1:a|;", ENT_OK},
        {"a\rb", "1:a\rb|;", ENT_OK},
        {"\"a\"b,c\nd", "1:!text behind a closing quote;2:d|;", ENT_OK},
        {"\"a\" ,c", "1:!text behind a closing quote;", ENT_OK},
        {"\"a", "", ENT_E_FORMAT},
        {"a\n\"b\"\"", "1:a|;", ENT_E_FORMAT},
        {"x,\"a\nb\nc", "", ENT_E_FORMAT},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ent_slice s = ent_slice_str(rows[i].in);
        struct ent_diag d = {0};
        struct ent_buf b;
        ent_buf_init(&b, 1u << 16);
        assert_int_equal(trace(&b, &d, ent_reader_mem(&s)), rows[i].want);
        assert_string_equal((char *)b.p, rows[i].out);
        if (rows[i].want != ENT_OK)
            assert_string_equal(d.text, "a quoted field is never closed: truncated?");
        ent_buf_release(&b);
    }
}

static void test_where_truncated(void **state)
{
    struct ent_slice s = ENT_SLICE_LIT("a,b\nc,\"d\ne\nf");
    struct ent_diag d = {0};
    struct ent_buf b;
    (void)state;
    ent_buf_init(&b, 1u << 16);
    assert_err(trace(&b, &d, ent_reader_mem(&s)), ENT_E_FORMAT);
    assert_int_equal(d.line, 2); /* where the field began, not where the file ended */
    assert_int_equal(d.offset, 7);
    ent_buf_release(&b);
}

static void test_limits(void **state)
{
    struct ent_buf in, out;
    struct ent_diag d = {0};
    (void)state;
    ent_buf_init(&in, 4u << 20);
    ent_buf_init(&out, 4u << 20);
    for (int i = 0; i < 63; i++)
        assert_ok(ent_buf_putc(&in, ','));
    assert_ok(ent_buf_puts(&in, "\n,"));
    for (int i = 0; i < 63; i++)
        assert_ok(ent_buf_putc(&in, ','));
    assert_ok(ent_buf_puts(&in, "\n\""));
    for (size_t i = 0; i < ENT_CSV_RECORD_MAX; i++)
        assert_ok(ent_buf_putc(&in, i % 100 == 99 ? '\n' : 'x'));
    assert_ok(ent_buf_puts(&in, "y\",z\nlast\n"));
    struct ent_slice s = ent_buf_slice(&in);
    assert_ok(trace(&out, &d, ent_reader_mem(&s)));
    assert_string_equal((char *)out.p + 2 + 64,
                        ";2:!a record of more than 64 fields;3:!a record of more than 262,144 "
                        "bytes;2625:last|;");
    ent_buf_release(&in);
    ent_buf_release(&out);
}

/* The naive reader: the whole text in memory, one character at a time. */
static enum ent_err naive(struct ent_buf *b, const uint8_t *p, size_t n)
{
    unsigned line = 1;
    size_t i = 0;
    while (i < n) {
        if (p[i] == '\n' || p[i] == '\r') {
            line += p[i++] == '\n';
            continue;
        }
        char field[4096], record[8192];
        size_t f = 0, rec = 0, tail = 0;
        unsigned start = line;
        bool bad = false, in_quotes = false, was_quoted = false, begin = true;
        for (;; i++) {
            uint8_t c = i < n ? p[i] : 0;
            if (i == n && in_quotes)
                return ENT_E_FORMAT;
            line += i < n && c == '\n';
            if (begin && i < n && c == '"') {
                in_quotes = was_quoted = true;
                begin = false;
            } else if (in_quotes && c == '"' && i + 1 < n && p[i + 1] == '"') {
                field[f++] = '"';
                i++;
            } else if (in_quotes && c == '"') {
                in_quotes = false;
                tail = f;
            } else if (!in_quotes && (i == n || c == ',' || c == '\n')) {
                if ((i == n || c == '\n') && f > tail && field[f - 1] == '\r')
                    f--;
                bad = bad || (was_quoted && f > tail);
                memcpy(record + rec, field, f);
                rec += f;
                record[rec++] = '|';
                f = tail = 0;
                begin = true;
                was_quoted = false;
                if (c != ',' || i == n)
                    break;
            } else {
                field[f++] = (char)c;
                begin = false;
            }
        }
        i += i < n;
        assert_ok(ent_buf_printf(b, "%u:", start));
        if (bad)
            assert_ok(ent_buf_puts(b, "!text behind a closing quote"));
        else
            assert_ok(ent_buf_put(b, record, rec));
        assert_ok(ent_buf_putc(b, ';'));
    }
    return ENT_OK;
}

static void test_against_naive(void **state)
{
    static const char bytes[] = "ab,,\"\"\"\n\r\n; ";
    size_t truncated = 0;
    (void)state;
    for (int i = 0; i < 40000; i++) {
        uint8_t text[200];
        struct ent_buf ours, theirs;
        struct ent_t_chunks c;
        struct ent_diag d = {0};
        size_t n = (size_t)ent_t_below(sizeof(text));
        for (size_t k = 0; k < n; k++)
            text[k] = (uint8_t)bytes[ent_t_below(sizeof(bytes) - 1)];
        ent_buf_init(&ours, 1u << 20);
        ent_buf_init(&theirs, 1u << 20);
        enum ent_err want = naive(&theirs, text, n);
        enum ent_err r = trace(&ours, &d, ent_t_chunk_reader(&c, ent_slice(text, n), 7, true));
        assert_int_equal(r, want);
        truncated += r != ENT_OK;
        assert_true(ent_slice_eq(ent_buf_slice(&ours), ent_buf_slice(&theirs)));
        ent_buf_release(&ours);
        ent_buf_release(&theirs);
    }
    assert_true(truncated > 100 && truncated < 39900);
}

/* --- US-CERT ---------------------------------------------------------------------------------- */

#define HEADER "INDICATOR_VALUE,TYPE,COMMENT,ROLE,ATTACK_PHASE,OBSERVED_DATE,HANDLING,DESCRIPTION\n"

static void check(const char *text, enum ent_err want, const char *out)
{
    struct ent_t_record rec = {0};
    struct ent_diag d = {0};
    enum ent_format f = ENT_FORMAT_AUTO;
    assert_int_equal(ent_t_import(&rec, &f, &d, ENT_FORMAT_AUTO, ent_slice_str(text)), want);
    if (want == ENT_OK) {
        assert_int_equal(f, ENT_FORMAT_USCERT);
        assert_string_equal(ent_t_record_text(&rec), out);
    } else {
        assert_string_equal(d.text, out);
    }
    ent_buf_release(&rec.text);
}

/* table */
static void test_rows(void **state)
{
    (void)state;
    check(HEADER, ENT_OK, "");
    check("\xef\xbb\xbf" HEADER
          "1[.]2.3.4,IPV4ADDR,,IP_WATCHLIST,C2,2016-12-29,TLP:GREEN,\"a\n  b\"\r\n",
          ENT_OK, "take ipv4 1.2.3.4 TLP:GREEN -1 1482969600 0 [] [IP_WATCHLIST] [a b]\n");
    check(HEADER "x.example/Y,URL,,,,,,\n", ENT_OK,
          "take url http://x.example/Y TLP:AMBER -1 0 0 [] [] []\n");
    check(HEADER
          "8F154D23AC2071D7F179959AABA37AD5,MD5,FILENAME:a:b|FILE_SIZE:1|"
          "SHA1:9CB7716D83C0D06AB356BDFA52DEF1AF64BC5210|SHA256:|SHA512:00,C2,,,TLP:WHITE,\n",
          ENT_OK,
          "take md5 8f154d23ac2071d7f179959aaba37ad5 TLP:CLEAR -1 0 0 [] [C2] []\n"
          "take sha1 9cb7716d83c0d06ab356bdfa52def1af64bc5210 TLP:CLEAR -1 0 0 [] [C2] []\n"
          "skip 2 [not a hash of the announced kind] [00]\n");
    /* a marking that is not understood is not a weak one */
    check(HEADER "x.example,FQDN,,,,,FOUO,\n", ENT_OK,
          "take domain x.example TLP:RED -1 0 0 [] [] []\n");
    check(HEADER ",MD5,,,,,,\n1.2.3.04,IPV4ADDR,,,,,,\nevil,MUTEX,,,,,,\n1.2.3.4,FQDN\n", ENT_OK,
          "skip 2 [a row without a value] []\n"
          "skip 3 [leading zeros in an IPv4 address (octal or decimal?)] [1.2.3.04]\n"
          "skip 4 [a type of indicator that is not read here] [evil]\n"
          "skip 5 [the name ends in a number] [1.2.3.4]\n");
    check(HEADER "\"a\"b,URL\n", ENT_OK, "skip 2 [text behind a closing quote] [ab]\n");
    check(
        HEADER "x.example,FQDN,,,,,,\"a\xff\x01"
               "b\xe2\x82\"\n",
        ENT_OK,
        "take domain x.example TLP:AMBER -1 0 0 [] [] [a\xef\xbf\xbd b\xef\xbf\xbd\xef\xbf\xbd]\n");
    /* columns by name, in any order; only two of them are needed */
    check("Indicator_Value,role,TYPE\nx.example,C2,fqdn\n", ENT_OK,
          "take domain x.example TLP:AMBER -1 0 0 [] [C2] []\n");
    check("INDICATOR_VALUE,ROLE\nx.example,C2\n", ENT_E_FORMAT,
          "not the header of a US-CERT CSV file");
    check(HEADER "x.example,FQDN,,,,,,\"never closed\n", ENT_E_FORMAT,
          "a quoted field is never closed: truncated?");
}

static void test_long_text_is_cut(void **state)
{
    struct ent_t_record rec = {0};
    struct ent_diag d = {0};
    enum ent_format f;
    struct ent_buf b;
    (void)state;
    ent_buf_init(&b, 1u << 20);
    assert_ok(ent_buf_puts(&b, HEADER "x.example,FQDN,,"));
    for (int i = 0; i < 100; i++)
        assert_ok(ent_buf_puts(&b, "\xe2\x82\xac"));
    assert_ok(ent_buf_puts(&b, ",,,,"));
    for (int i = 0; i < 1000; i++)
        assert_ok(ent_buf_puts(&b, "\xe2\x82\xac"));
    /* 64 and 512 bytes at most, and 3 divides neither: the sink checks both and the UTF-8 */
    assert_ok(ent_t_import(&rec, &f, &d, ENT_FORMAT_USCERT, ent_buf_slice(&b)));
    assert_int_equal(rec.taken, 1);
    assert_int_equal(rec.text.n,
                     strlen("take domain x.example TLP:AMBER -1 0 0 [] [] []\n") + 63 + 510);
    ent_buf_release(&rec.text);
    ent_buf_release(&b);
}

/* The list of December 2016: counts by Python's csv module, both copies alike. */
static void test_grizzly_steppe(void **state)
{
    static const struct {
        const char *name;
        size_t n;
    } want[] = {{"take ipv4 ", 876}, {"take domain ", 10}, {"take url ", 1},
                {"take md5 ", 5},    {"take sha1 ", 4},    {"take sha256 ", 19}};
    struct ent_t_record plain = {0}, defanged = {0};
    struct ent_diag d;
    enum ent_format f;
    (void)state;
    assert_ok(ent_t_import(&plain, &f, &d, ENT_FORMAT_AUTO,
                           ent_t_file("tests/data/grizzly-steppe/JAR-16-20296A.csv")));
    assert_int_equal(f, ENT_FORMAT_USCERT);
    assert_int_equal(plain.taken, 915);
    assert_int_equal(plain.skipped, 0);
    for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
        size_t n = 0;
        for (const char *p = ent_t_record_text(&plain); (p = strstr(p, want[i].name)) != NULL; p++)
            n++;
        assert_int_equal(n, want[i].n);
    }
    assert_non_null(strstr(ent_t_record_text(&plain),
                           "take url http://efax.pfdregistry.net/eFax/37486.ZIP TLP:CLEAR -1 0 0 "
                           "[] [URL WATCHLIST] [It is recommended that "));
    assert_ok(ent_t_import(&defanged, &f, &d, ENT_FORMAT_AUTO,
                           ent_t_file("tests/data/grizzly-steppe/JAR-16-20296A-defanged.csv")));
    assert_string_equal(ent_t_record_text(&defanged), ent_t_record_text(&plain));
    ent_buf_release(&plain.text);
    ent_buf_release(&defanged.text);
}

static void test_sink_stops(void **state)
{
    struct ent_t_record rec = {0};
    const struct ent_import_opts opts = {.confidence = 30, .tlp = ENT_TLP_GREEN};
    struct ent_slice s = ENT_SLICE_LIT(HEADER "a.example,FQDN\nb.example,FQDN\nc.example,FQDN\n");
    (void)state;
    ent_t_record_init(&rec);
    rec.stop_after = 2;
    struct ent_import_sink sink = ent_t_record_sink(&rec);
    assert_err(ent_intel_read(ent_reader_mem(&s), &opts, &sink, NULL, NULL), ENT_E_FULL);
    assert_string_equal(ent_t_record_text(&rec),
                        "take domain a.example TLP:GREEN 30 0 0 [] [] []\n"
                        "take domain b.example TLP:GREEN 30 0 0 [] [] []\n");
    ent_buf_release(&rec.text);
}

/* One quoted field of 200 MB: passed over in bounded memory. */
static void test_huge_record(void **state)
{
    size_t before = ent_t_peak_memory();
    struct ent_t_record rec = {0};
    const struct ent_import_opts opts = {.confidence = -1};
    struct ent_t_repeat rep = {ENT_SLICE_LIT(HEADER "x.example,FQDN,\""), ENT_SLICE_LIT("abc,\n"),
                               ENT_SLICE_LIT("\"\ny.example,FQDN\n"), 0, 0};
    (void)state;
    rep.total = 5 * (ENT_T_SANITIZED ? 100000u : 40000000u);
    ent_t_record_init(&rec);
    struct ent_import_sink sink = ent_t_record_sink(&rec);
    assert_ok(ent_intel_read(ent_t_repeat_reader(&rep), &opts, &sink, NULL, NULL));
    assert_int_equal(rec.taken, 1);
    assert_int_equal(rec.skipped, 1);
    if (!ENT_T_SANITIZED)
        assert_true(ent_t_peak_memory() - before < 4u << 20);
    ent_buf_release(&rec.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_huge_record), /* first: it looks at the peak of memory */
        cmocka_unit_test(test_records),        cmocka_unit_test(test_where_truncated),
        cmocka_unit_test(test_limits),         cmocka_unit_test(test_against_naive),
        cmocka_unit_test(test_rows),           cmocka_unit_test(test_long_text_is_cut),
        cmocka_unit_test(test_grizzly_steppe), cmocka_unit_test(test_sink_stops),
    };
    return ent_t_run("csv", tests);
}
