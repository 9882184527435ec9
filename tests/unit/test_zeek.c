/* test_zeek.c: files of Zeek's intelligence framework. */
#include "tests/support/feed.h"

static void check(const char *in, enum ent_err want, const char *out)
{
    ent_t_feed(ENT_FORMAT_AUTO, ENT_FORMAT_ZEEK, in, want, out);
}

#define HEAD                     "#fields\tindicator\tindicator_type\tmeta.source\tmeta.desc\n"
#define TAKE(type, value)        "take " type " " value " TLP:AMBER -1 0 0 [] [] []\n"
#define SAID(type, value, s, d)  "take " type " " value " TLP:AMBER -1 0 0 [] [" s "] [" d "]\n"
#define SKIP(line, reason, what) "skip " line " [" reason "] [" what "]\n"
#define NOT_READ                 "a type of Zeek's that is not read here"
#define FIELDS                   "not as many fields as #fields names"
#define MD5                      "44d88612fea8a8f36de82e1278abb02f"
#define SHA1                     "9cb7716d83c0d06ab356bdfa52def1af64bc5210"

/* table */
static void test_rows(void **state)
{
    (void)state;
    check(HEAD "my-iri.org\tIntel::DOMAIN\tcircle-7\tlookalike of iri.org\n", ENT_OK,
          SAID("domain", "my-iri.org", "circle-7", "lookalike of iri.org"));
    check("# a comment\n\n#separator \\x09\n" HEAD "1.2.3.4\tIntel::ADDR\t-\t-\r\n", ENT_OK,
          TAKE("ipv4", "1.2.3.4"));
    /* any order, other columns, no end of line */
    check("#fields\tmeta.do_notice\tmeta.desc\tindicator_type\tindicator\n"
          "T\tx\tIntel::ADDR\t2001:DB8::1",
          ENT_OK, SAID("ipv6", "2001:db8::1", "", "x"));
    /* every type */
    check("#fields\tindicator\tindicator_type\n"
          "10.1.2.3/8\tIntel::SUBNET\n2001:db8::/32\tIntel::SUBNET\n"
          "evil.example/a?b=c\tIntel::URL\nhttps://evil.example/\tIntel::URL\n"
          "A@Evil.example\tIntel::EMAIL\n" MD5 "\tIntel::FILE_HASH\n" SHA1 "\tIntel::FILE_HASH\n",
          ENT_OK,
          TAKE("net4", "10.0.0.0/8") TAKE("net6", "2001:db8::/32")
              TAKE("url", "http://evil.example/a?b=c") TAKE("url", "https://evil.example/")
                  TAKE("email", "A@evil.example") TAKE("md5", MD5) TAKE("sha1", SHA1));
    /* a second header, with its columns elsewhere */
    check(HEAD "1.2.3.4\tIntel::ADDR\ta\tb\n#fields\tindicator_type\tindicator\n"
               "Intel::ADDR\t5.6.7.8\n",
          ENT_OK, SAID("ipv4", "1.2.3.4", "a", "b") TAKE("ipv4", "5.6.7.8"));
    check(HEAD, ENT_OK, "");
}

/* table */
static void test_wrong_rows(void **state)
{
    (void)state;
    check(HEAD "x.exe\tIntel::FILE_NAME\ta\tb\nroot\tIntel::USER_NAME\ta\tb\n" SHA1
               "\tIntel::CERT_HASH\ta\tb\n1.2.3.4\tADDR\ta\tb\n",
          ENT_OK,
          SKIP("2", NOT_READ, "x.exe\\tIntel::FILE_NAME\\ta\\tb")
              SKIP("3", NOT_READ, "root\\tIntel::USER_NAME\\ta\\tb")
                  SKIP("4", NOT_READ, SHA1 "\\tIntel::CERT_HASH\\ta\\tb")
                      SKIP("5", NOT_READ, "1.2.3.4\\tADDR\\ta\\tb"));
    check(HEAD "1.2.3.4\tIntel::ADDR\ta\n\n1.2.3.4\tIntel::ADDR\ta\tb\tc\n1.2.3.4 Intel::ADDR a b\n"
               "5.6.7.8\tIntel::ADDR\ta\tb\n",
          ENT_OK,
          SKIP("2", FIELDS, "1.2.3.4\\tIntel::ADDR\\ta")
              SKIP("4", FIELDS, "1.2.3.4\\tIntel::ADDR\\ta\\tb\\tc")
                  SKIP("5", FIELDS, "1.2.3.4 Intel::ADDR a b") SAID("ipv4", "5.6.7.8", "a", "b"));
    check("#fields\tindicator\tindicator_type\nhost\tIntel::DOMAIN\n1.2.3\tIntel::ADDR\n"
          "::1\tIntel::DOMAIN\n-\tIntel::DOMAIN\nabc\tIntel::FILE_HASH\nevil.example/"
          "*\tIntel::URL\na\xff\tIntel::URL\n",
          ENT_OK,
          SKIP("2", "not an address, a name, a URL or a hash", "host")
              SKIP("3", "an IPv4 address has four numbers", "1.2.3")
                  SKIP("4", "a character that no name has", "::1") SKIP("5", "empty", "")
                      SKIP("6", "not a hash of the announced kind", "abc")
                          SKIP("7", "one URL cannot end in '*'", "http://evil.example/*")
                              SKIP("8", "not UTF-8", "a\\xff"));
}

/* table */
static void test_refused(void **state)
{
    static const char *const names =
        "#fields must name indicator and indicator_type, with tabs between";
    char at[128];
    (void)state;
    (void)snprintf(at, sizeof(at), "1: %s", names);
    check("#fields indicator indicator_type\n1.2.3.4 Intel::ADDR\n", ENT_E_FORMAT, at);
    check("#fields\tindicator\tmeta.source\n1.2.3.4\tx\n", ENT_E_FORMAT, at);
    (void)snprintf(at, sizeof(at), "3: %s", names);
    check("#fields\tindicator\tindicator_type\n1.2.3.4\tIntel::ADDR\n#fields\tx\n", ENT_E_FORMAT,
          at);
    ent_t_feed(ENT_FORMAT_ZEEK, ENT_FORMAT_ZEEK, "# x\n1.2.3.4\tIntel::ADDR\n", ENT_E_FORMAT,
               "2: a row before any line #fields");
    /* no such line before the first row: a list, whose comment that is */
    ent_t_feed(ENT_FORMAT_AUTO, ENT_FORMAT_LIST, "1.2.3.4\n#fields\tindicator\n", ENT_OK,
               TAKE("ipv4", "1.2.3.4"));
    ent_t_feed(ENT_FORMAT_AUTO, ENT_FORMAT_LIST, "#fields of wheat\n1.2.3.4\n", ENT_OK,
               TAKE("ipv4", "1.2.3.4"));
}

/* Rows of random fields: as many as the header, or skipped; never anything else. */
static void test_random(void **state)
{
    static const char *const pieces[] = {"1.2.3.4", "Intel::ADDR", "\t",      "\t",
                                         "-",       "x",           "\xc3\xa9"};
    (void)state;
    for (int i = 0; i < 300; i++) {
        struct ent_t_record rec = {0};
        struct ent_diag d = {0};
        enum ent_format f = ENT_FORMAT_AUTO;
        struct ent_buf b;
        size_t good = 0, rows = ent_t_below(20);
        ent_buf_init(&b, 1u << 16);
        assert_ok(ent_buf_puts(&b, HEAD));
        for (size_t k = 0; k < rows; k++) {
            char row[128] = "";
            size_t n = 0, tabs = 0;
            for (uint64_t p = 1 + ent_t_below(8); p > 0; p--) {
                const char *piece = pieces[ent_t_below(7)];
                n += (size_t)snprintf(row + n, sizeof(row) - n, "%s", piece);
                tabs += piece[0] == '\t';
            }
            good += tabs == 3 && strncmp(row, "1.2.3.4\tIntel::ADDR\t", 20) == 0;
            assert_ok(ent_buf_printf(&b, "%s\n", row));
        }
        assert_ok(ent_t_import(&rec, &f, &d, ENT_FORMAT_AUTO, ent_buf_slice(&b)));
        assert_int_equal(rec.taken, good);
        assert_int_equal(rec.skipped, rows - good);
        ent_buf_release(&rec.text);
        ent_buf_release(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_wrong_rows),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_random),
    };
    return ent_t_run("zeek", tests);
}
