/* test_out.c: lists, CSV, Zeek's intel.dat, hosts files and response policy zones that go out. */
#include "tests/support/feed.h"
#include "tests/support/out.h"

static const struct ent_out_opts opts = {.now = ENT_T_NOW,
                                         .author = {(const uint8_t *)"Example\nCERT", 12}};

/* All of these, one indicator each, in this format. */
static void check(const char *format, const char *const *values, const char *want, unsigned lost)
{
    struct ent_t_out o = {.fail_at = 0};
    unsigned left_out = 0;
    ent_t_out_start(&o, format, &opts);
    for (; *values != NULL; values++) {
        struct ent_indicator ind = ent_t_indicator(*values);
        ind.text = ENT_SLICE_LIT("lookalike");
        ent_t_out_put(&o, &ind, "circle");
    }
    assert_string_equal(ent_t_out_end(&o), want);
    for (int t = 0; t < ENT_OBS_TYPES; t++)
        left_out += (unsigned)ent_out_lost(o.out)[t];
    assert_int_equal(left_out, lost);
    ent_t_out_release(&o);
}
#define VALUES(...) ((const char *const[]){__VA_ARGS__, NULL})

static void test_list(void **state)
{
    (void)state;
    check("list",
          VALUES("198.51.100.3", "198.51.100.0/24", "[2001:db8::1]:443", "evil.example",
                 "mailto:#x@evil.example", "http://evil.example/gate/*"),
          "198.51.100.3\n198.51.100.0/24\n[2001:db8::1]:443\nevil.example\n"
          "mailto:#x@evil.example\nhttp://evil.example/gate/*\n",
          0);
}

#define HEAD "Entente " ENTENTE_VERSION ", 2018-08-20T00:00:00Z: what Example CERT knows; "

static void test_hosts(void **state)
{
    (void)state;
    check("hosts", VALUES("evil.example", "198.51.100.3", "http://evil.example/", "b.example"),
          "# " HEAD "not for others\n"
          "# These names only: a hosts file says nothing of the names below them.\n"
          "0.0.0.0 evil.example\n0.0.0.0 b.example\n",
          2);
}

#define SOA                                                                                        \
    "; " HEAD "not for others\n$TTL 300\n"                                                         \
    "@ SOA localhost. hostmaster.localhost. 1534723200 3600 600 86400 300\n@ NS localhost.\n"

static void test_rpz(void **state)
{
    char name[240];
    (void)state;
    check("rpz", VALUES("evil.example", "198.51.100.3", "198.51.100.0/24"),
          SOA "evil.example CNAME .\n*.evil.example CNAME .\n"
              "32.3.100.51.198.rpz-ip CNAME .\n24.0.100.51.198.rpz-ip CNAME .\n",
          0);
    check("rpz",
          VALUES("2001:db8::1", "::1", "2001:db8::/32", "1:2:3:4:5:6:7:8",
                 "2001::", "2001:db8:0:0:1:0:0:1"),
          SOA "128.1.zz.db8.2001.rpz-ip CNAME .\n128.1.zz.rpz-ip CNAME .\n"
              "32.zz.db8.2001.rpz-ip CNAME .\n128.8.7.6.5.4.3.2.1.rpz-ip CNAME .\n"
              "128.zz.2001.rpz-ip CNAME .\n128.1.0.0.1.zz.db8.2001.rpz-ip CNAME .\n",
          0);
    /* a feed's name must not become a rule, nor a network all there is */
    check("rpz",
          VALUES("8.0.0.0.10.rpz-ip", "a.rpz-nsdname", "x.rpz-passthru", "0.0.0.0/0", "::/0",
                 "rpz-ip.example"),
          SOA "rpz-ip.example CNAME .\n*.rpz-ip.example CNAME .\n", 5);
    /* one octet more than a zone has room for */
    for (size_t n = 190; n <= 191; n++) {
        for (size_t i = 0; i < n; i++)
            name[i] = i % 60 == 59 ? '.' : 'a';
        name[n] = '\0';
        char want[1024];
        (void)snprintf(want, sizeof(want), SOA "%s%s%s%s%s", n == 190 ? name : "",
                       n == 190 ? " CNAME .\n" : "", n == 190 ? "*." : "", n == 190 ? name : "",
                       n == 190 ? " CNAME .\n" : "");
        check("rpz", VALUES(name), want, n == 191);
    }
}

#define FIELDS                                                                                     \
    "#fields\tindicator\tindicator_type\tmeta.source\tmeta.desc\tmeta.url\tmeta.do_notice\t"       \
    "meta.if_in\n"
#define ROW(value, type) value "\tIntel::" type "\tcircle\tTLP:GREEN lookalike\t-\tT\t-\n"

static void test_zeek(void **state)
{
    (void)state;
    check("zeek",
          VALUES("198.51.100.3", "2001:db8::/32", "evil.example", "a@evil.example",
                 "44d88612fea8a8f36de82e1278abb02f"),
          FIELDS ROW("198.51.100.3", "ADDR") ROW("2001:db8::/32", "SUBNET")
              ROW("evil.example", "DOMAIN") ROW("a@evil.example", "EMAIL")
                  ROW("44d88612fea8a8f36de82e1278abb02f", "FILE_HASH"),
          0);
    check("zeek",
          VALUES("http://u:p@evil.example:8080/a?b#c", "https://[2001:db8::1]/",
                 "http://evil.example/\\x41", "mailto:#x@evil.example"),
          FIELDS ROW("evil.example:8080/a?b", "URL") ROW("[2001:db8::1]/", "URL")
              ROW("evil.example/\\x5cx41", "URL") ROW("\\x23x@evil.example", "EMAIL"),
          0);
    check("zeek", VALUES("ftp://evil.example/a", "198.51.100.3:443", "http://evil.example/*"),
          FIELDS, 3);
}

/* What a feed says never becomes a field, a record, a formula, a control character. */
static void test_hostile_words(void **state)
{
    struct ent_t_out o = {.fail_at = 0};
    struct ent_indicator ind = ent_t_indicator("mailto:=1+1@evil.example");
    (void)state;
    ind.kind = ENT_SLICE_LIT("=cmd|' /C calc'!A0");
    ind.text = ENT_SLICE_LIT("a\tb\n\"c\", \x1b[31m\xff");
    ind.confidence = 0;
    ind.valid_until = ENT_T_NOW + 1;
    ind.labels = ENT_SLICE_LIT("+1\na|b\n\"");
    ent_t_out_start(&o, "csv", &opts);
    ent_t_out_put(&o, &ind, "@SUM(A1)\r\n,x");
    assert_string_equal(
        ent_t_out_end(&o),
        "value,type,tlp,confidence,valid_from,valid_until,kind,text,source,first_import,"
        "last_import,labels\r\n\"'=1+1@evil.example\",email,TLP:GREEN,0,,2018-08-20T00:00:01Z,"
        "\"'=cmd|' /C calc'!A0\",\"a b \"\"c\"\", [31m\xef\xbf\xbd\",\"'@SUM(A1) ,x\","
        "2018-08-19T23:59:00Z,2018-08-20T00:00:00Z,\"|+1|a\\|b|\"\"\"\r\n");
    ent_t_out_release(&o);
    ent_t_out_start(&o, "zeek", &opts);
    ent_t_out_put(&o, &ind, "-");
    ind.kind = ind.text = (struct ent_slice){NULL, 0};
    ent_t_out_put(&o, &ind, "(empty)");
    assert_string_equal(ent_t_out_end(&o), FIELDS
                        "=1+1@evil.example\tIntel::EMAIL\t\\x2d\tTLP:GREEN =cmd|' /C calc'!A0: "
                        "a b \"c\", [31m\xef\xbf\xbd\t-\tT\t-\n"
                        "=1+1@evil.example\tIntel::EMAIL\t\\x28empty)\tTLP:GREEN\t-\tT\t-\n");
    ent_t_out_release(&o);
}

static const char *after_head(const char *text)
{
    const char *at = strstr(text, "flush set inet entente end6\n");
    assert_non_null(at);
    return strchr(at, '\n') + 1;
}

static void test_nft(void **state)
{
    static const struct {
        const char *value;
        int64_t until;
        const char *source;
    } rows[] = {
        {"198.51.100.3", 0, "a"},
        {"198.51.100.4", ENT_T_NOW + 3600, "a\"; }\nflush ruleset\\"},
        {"198.51.100.5", ENT_T_NOW, "over"},
        {"[2001:db8::1]:443", ENT_T_NOW + (1LL << 40), "*"},
        {"198.51.100.5:80", ENT_T_NOW + 1, ""},
        {"0.0.0.0/0", 0, "everything"},
        {"198.51.100.0/24", 0, "\xc3\xa9"},
        {"2001:db8::/32", ENT_T_NOW + 60, "x"},
        {"2001:db8::1", 0, "x"},
        {"evil.example", 0, "x"},
    };
    struct ent_t_out o = {.fail_at = 0};
    (void)state;
    ent_t_out_start(&o, "nft", &opts);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ent_indicator ind = ent_t_indicator(rows[i].value);
        ind.valid_until = rows[i].until;
        ent_t_out_put(&o, &ind, rows[i].source);
    }
    assert_string_equal(
        after_head(ent_t_out_end(&o)),
        "add element inet entente addr4 {\n\t198.51.100.3 comment \"a\",\n"
        "\t198.51.100.4 timeout 3600s comment \"a_; }_flush ruleset_\",\n}\n"
        "add element inet entente end6 {\n\t2001:db8::1 . 443 comment \"_\",\n}\n"
        "add element inet entente end4 {\n\t198.51.100.5 . 80 timeout 1s comment \"\",\n}\n"
        "add element inet entente net4 {\n\t198.51.100.0/24 comment \"__\",\n}\n"
        "add element inet entente net6 {\n\t2001:db8::/32 comment \"x\",\n}\n"
        "add element inet entente addr6 {\n\t2001:db8::1 comment \"x\",\n}\n");
    assert_int_equal(ent_out_lost(o.out)[ENT_OBS_IPV4], 1);
    assert_int_equal(ent_out_lost(o.out)[ENT_OBS_NET4], 1);
    assert_int_equal(ent_out_lost(o.out)[ENT_OBS_DOMAIN], 1);
    ent_t_out_release(&o);
}

/* No command grows without end. */
static void test_nft_commands(void **state)
{
    struct ent_t_out o = {.fail_at = 0};
    size_t commands = 0, elements = 0;
    char value[32];
    (void)state;
    ent_t_out_start(&o, "nft", &opts);
    for (unsigned i = 0; i < 2001; i++) {
        (void)snprintf(value, sizeof(value), "203.0.%u.%u", i >> 8, i & 255);
        struct ent_indicator ind = ent_t_indicator(value);
        ent_t_out_put(&o, &ind, "s");
    }
    const char *p = after_head(ent_t_out_end(&o));
    for (const char *at = p; (at = strstr(at, "add element")) != NULL; at++)
        commands++;
    for (const char *at = p; (at = strstr(at, "\t203.")) != NULL; at++)
        elements++;
    assert_int_equal(commands, 3);
    assert_int_equal(elements, 2001);
    assert_string_equal(p + strlen(p) - 3, "\n}\n");
    ent_t_out_release(&o);
}

static void test_nobody_home(void **state)
{
    struct ent_out_opts green = opts;
    struct ent_t_out o = {.fail_at = 0};
    (void)state;
    assert_null(ent_out_format_find(ENT_SLICE_LIT("")));
    assert_null(ent_out_format_find(ENT_SLICE_LIT("lis")));
    check("list", (const char *const[]){NULL}, "", 0);
    green.door = ENT_TLP_GREEN;
    ent_t_out_start(&o, "hosts", &green);
    assert_non_null(strstr(ent_t_out_end(&o), "no narrower than TLP:GREEN\n"));
    ent_t_out_release(&o);
}

/* A sink that fails ends the export with its error, wherever that is; memory stays small. */
static void test_full_sink(void **state)
{
    struct ent_indicator ind = ent_t_indicator("evil.example");
    const struct ent_out_item item = {.ind = &ind, .source = ENT_SLICE_LIT("s")};
    struct ent_t_out o = {.fail_at = 2};
    enum ent_err r = ENT_OK;
    size_t n = 0;
    (void)state;
    ent_t_out_start(&o, "csv", &opts);
    for (; n < 100000 && r == ENT_OK; n++)
        r = ent_out_put(o.out, &item);
    assert_err(r, ENT_E_FULL);
    assert_in_range(n, 1000, 5000);
    ent_t_out_release(&o);
}

/* What goes out as a list comes in again as what it was. */
static void test_list_again(void **state)
{
    struct ent_t_record want = {0}, got = {0};
    struct ent_t_out o = {.fail_at = 0};
    struct ent_diag d = {0};
    enum ent_format f;
    (void)state;
    ent_t_record_init(&want);
    const struct ent_import_sink sink = ent_t_record_sink(&want);
    ent_t_out_start(&o, "list", &opts);
    for (int i = 0; i < 3000; i++) {
        struct ent_indicator ind = {.tlp = ENT_TLP_AMBER, .confidence = -1};
        ent_t_random_observable(&ind.obs, (enum ent_obs_type)(1 + ent_t_below(ENT_OBS_TYPES - 1)));
        assert_ok(sink.take(sink.ctx, &ind));
        ent_t_out_put(&o, &ind, "s");
    }
    const char *text = ent_t_out_end(&o);
    assert_ok(ent_t_import(&got, &f, &d, ENT_FORMAT_LIST, ent_slice_str(text)));
    assert_int_equal(got.skipped, 0);
    assert_string_equal(ent_t_record_text(&got), ent_t_record_text(&want));
    ent_buf_release(&got.text);
    ent_buf_release(&want.text);
    ent_t_out_release(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_list),          cmocka_unit_test(test_hosts),
        cmocka_unit_test(test_rpz),           cmocka_unit_test(test_zeek),
        cmocka_unit_test(test_nft),           cmocka_unit_test(test_nft_commands),
        cmocka_unit_test(test_hostile_words), cmocka_unit_test(test_nobody_home),
        cmocka_unit_test(test_full_sink),     cmocka_unit_test(test_list_again),
    };
    return ent_t_run("out", tests);
}
