/* test_table.c: CSV and its relatives with columns of any names. */
#include "tests/support/feed.h"

static void check(const char *in, enum ent_err want, const char *out)
{
    ent_t_feed(ENT_FORMAT_AUTO, ENT_FORMAT_TABLE, in, want, out);
}

#define TAKE(type, value)        "take " type " " value " TLP:AMBER -1 0 0 [] [] []\n"
#define SKIP(line, reason, what) "skip " line " [" reason "] [" what "]\n"
#define MD5                      "44d88612fea8a8f36de82e1278abb02f"
#define SHA1                     "9cb7716d83c0d06ab356bdfa52def1af64bc5210"
#define NO_VALUE                 "a row without a value"
#define NOT_READ                 "a type of indicator that is not read here"
#define NOT_SAID                 "not of the type that is said of it"

/* table */
static void test_columns(void **state)
{
    (void)state;
    check("ip,nr\n1.2.3.4,7\n", ENT_OK, TAKE("ipv4", "1.2.3.4"));
    check("\xef\xbb\xbfnr;IP\r\n7;1.2.3.4\r\n", ENT_OK, TAKE("ipv4", "1.2.3.4"));
    check("nr\tip\n7\t1.2.3.4\n", ENT_OK, TAKE("ipv4", "1.2.3.4"));
    check("nr|\"ip\"\n7|\"1.2.3.4\"\n", ENT_OK, TAKE("ipv4", "1.2.3.4"));
    check("# by us\n#\n# nr,ip\n7,1.2.3.4\n# end\n", ENT_OK, TAKE("ipv4", "1.2.3.4"));
    check("MD5 Hash,SHA-1,file name\n" MD5 "," SHA1 ",x.exe\n", ENT_OK,
          TAKE("md5", MD5) TAKE("sha1", SHA1));
    check("value,type\n1.2.3.4,ip-dst\n1.2.3.4:443,ip:port\nevil.example/x,url\n"
          "evil.example,Domain\n" MD5 ",hash\n1.2.3.4,\n",
          ENT_OK,
          TAKE("ipv4", "1.2.3.4") TAKE("endpoint", "1.2.3.4:443")
              TAKE("url", "http://evil.example/x") TAKE("domain", "evil.example") TAKE("md5", MD5)
                  TAKE("ipv4", "1.2.3.4"));
    check("indicator,description,malware,confidence,tlp,first_seen,valid_until\n"
          "evil[.]example,\"asked, often\",X-Agent,High,green,2018-08-20,2018-08-21T00:00:00Z\n"
          "a.example,,,40,purple,2018-08-20 00:00:01,soon\n",
          ENT_OK,
          "take domain evil.example TLP:GREEN 85 1534723200 1534809600 [] [X-Agent] [asked, "
          "often]\n"
          "take domain a.example TLP:RED 40 1534723201 0 [] [] []\n");
    check("ip,nr\n", ENT_OK, "");
}

/* table */
static void test_wrong_rows(void **state)
{
    (void)state;
    check("nr,ip\n1\n2,\n3,-\n4,n/a\n5,1.2.3\n6,evil.example\n7,1.2.3.4\n", ENT_OK,
          SKIP("2", NO_VALUE, "1") SKIP("3", NO_VALUE, "2") SKIP("4", NO_VALUE, "3")
              SKIP("5", NO_VALUE, "4") SKIP("6", "an IPv4 address has four numbers", "1.2.3")
                  SKIP("7", NOT_SAID, "evil.example") TAKE("ipv4", "1.2.3.4"));
    check(
        "type,value\nmutex,x\ndescription,evil.example\nip,evil.example\nsha256," MD5 "\n", ENT_OK,
        SKIP("2", NOT_READ, "x") SKIP("3", NOT_READ, "evil.example")
            SKIP("4", NOT_SAID, "evil.example") SKIP("5", "not a hash of the announced kind", MD5));
    check("value,type,to_ids\nevil.example,domain,0\na.example,domain,1\n", ENT_OK,
          SKIP("2", "its author says that it is no reason for an alarm", "evil.example")
              TAKE("domain", "a.example"));
    check("# x\nnr,ip\n\"1\"x,1.2.3.4\n\n2,1.2.3.4\n", ENT_OK,
          SKIP("3", "text behind a closing quote", "1x") TAKE("ipv4", "1.2.3.4"));
    check("nr,ip\n1,\"1.2.3.4\n", ENT_E_FORMAT, "2: a quoted field is never closed: truncated?");
    /* a part of a name is no name: victims are not hostile */
    ent_t_feed(ENT_FORMAT_TABLE, ENT_FORMAT_TABLE, "victim_ip,nr\n1.2.3.4,7\n", ENT_E_FORMAT,
               "1: no column of values: name one with --columns value=2");
    ent_t_feed(ENT_FORMAT_TABLE, ENT_FORMAT_TABLE, "1.2.3.4\n", ENT_E_FORMAT,
               "1: no column of values: name one with --columns value=2");
}

static void check_named(const char *columns, const char *in, enum ent_err want, const char *out)
{
    const struct ent_import_opts opts = {
        .format = ENT_FORMAT_TABLE, .confidence = -1, .columns = ent_slice_str(columns)};
    struct ent_t_record rec = {0};
    struct ent_slice s = ent_slice_str(in);
    struct ent_diag d = {0};
    ent_t_record_init(&rec);
    struct ent_import_sink sink = ent_t_record_sink(&rec);
    assert_int_equal(ent_intel_read(ent_reader_mem(&s), &opts, &sink, NULL, &d), want);
    assert_string_equal(want == ENT_OK ? ent_t_record_text(&rec) : d.text, out);
    ent_buf_release(&rec.text);
}

/* table */
static void test_named_columns(void **state)
{
    static const char *const none = "--columns: the header has no such column";
    (void)state;
    check_named("value=2", "ip,what\n1.2.3.4,evil.example\n", ENT_OK,
                TAKE("domain", "evil.example"));
    check_named("value=What, malware=1", "kind;what\nC2;evil.example\n", ENT_OK,
                "take domain evil.example TLP:AMBER -1 0 0 [] [C2] []\n");
    check_named("value=1", "1.2.3.4,x\n1.2.3.5,y\n", ENT_OK,
                TAKE("ipv4", "1.2.3.4") TAKE("ipv4", "1.2.3.5"));
    check_named("domain=2,ip=1", "1.2.3.4,a.example\n", ENT_OK,
                TAKE("ipv4", "1.2.3.4") TAKE("domain", "a.example"));
    check_named("value=what", "what,a.example\n1.2.3.4,b.example\n", ENT_OK,
                TAKE("ipv4", "1.2.3.4"));
    check_named("value=3", "ip,what\n", ENT_E_FORMAT, none);
    check_named("value=0", "ip,what\n", ENT_E_FORMAT, none);
    check_named("value=", "ip,what\n", ENT_E_FORMAT, none);
    check_named("value=where", "ip,what\n", ENT_E_FORMAT, none);
    check_named("frob=1", "ip,what\n", ENT_E_FORMAT,
                "--columns: no such meaning of a column (value, ip, type, tlp, ...)");
    check_named("type=1", "ip,what\n", ENT_E_FORMAT,
                "no column of values: name one with --columns value=2");
}

/* What is no table. */
static void test_recognised(void **state)
{
    static const struct {
        const char *text;
        enum ent_format want;
    } rows[] = {
        {"ip\n1.2.3.4\n", ENT_FORMAT_LIST},
        {"1.2.3.4\nip,x\n", ENT_FORMAT_LIST},
        {"# ip list, see url of today for more of it\n1.2.3.4\n", ENT_FORMAT_LIST},
        {"ip, domain and hash are what was seen here:\n1.2.3.4\nwe asked all of them today\n",
         ENT_FORMAT_PROSE},
        {"INDICATOR_VALUE,TYPE\n", ENT_FORMAT_USCERT},
        {"value,type\n", ENT_FORMAT_TABLE},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ent_t_record rec = {0};
        struct ent_diag d = {0};
        enum ent_format f = ENT_FORMAT_AUTO;
        assert_ok(ent_t_import(&rec, &f, &d, ENT_FORMAT_AUTO, ent_slice_str(rows[i].text)));
        if (f != rows[i].want)
            print_error("about %s\n", rows[i].text);
        assert_int_equal(f, rows[i].want);
        ent_buf_release(&rec.text);
    }
}

/* Random tables, with every delimiter, against what was put into them. */
static void test_random(void **state)
{
    static const char *const names[] = {"ip", "domain", "md5", "nr", "comment", "victim"};
    static const char *const values[] = {"1.2.3.4", "evil.example", MD5, "7", "x", "5.6.7.8"};
    (void)state;
    for (int i = 0; i < 300; i++) {
        struct ent_t_record rec = {0};
        struct ent_diag d = {0};
        enum ent_format f = ENT_FORMAT_AUTO;
        struct ent_buf b;
        size_t column[6], n = 2 + ent_t_below(5), good = 0, bad = 0, wanted = 1;
        char delimiter = ",;\t|"[ent_t_below(4)];
        ent_buf_init(&b, 1u << 16);
        for (size_t c = 0; c < n; c++) {
            column[c] = c == 0 ? ent_t_below(3) : ent_t_below(6);
            wanted += c > 0 && column[c] < 3;
            assert_ok(ent_buf_printf(&b, "%s%c", names[column[c]], c + 1 < n ? delimiter : '\n'));
        }
        for (uint64_t rows = ent_t_below(20); rows > 0; rows--) {
            size_t empty = 0;
            for (size_t c = 0; c < n; c++) {
                bool none = ent_t_below(4) == 0;
                empty += none && column[c] < 3;
                assert_ok(ent_buf_printf(&b, "\"%s\"%c", none ? "" : values[column[c]],
                                         c + 1 < n ? delimiter : '\n'));
            }
            good += wanted - empty;
            bad += wanted == empty;
        }
        assert_ok(ent_t_import(&rec, &f, &d, ENT_FORMAT_AUTO, ent_buf_slice(&b)));
        assert_int_equal(f, ENT_FORMAT_TABLE);
        assert_int_equal(rec.taken, good);
        assert_int_equal(rec.skipped, bad);
        ent_buf_release(&rec.text);
        ent_buf_release(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_columns),       cmocka_unit_test(test_wrong_rows),
        cmocka_unit_test(test_named_columns), cmocka_unit_test(test_recognised),
        cmocka_unit_test(test_random),
    };
    return ent_t_run("table", tests);
}
