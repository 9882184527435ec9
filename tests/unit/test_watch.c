/*
 * test_watch.c: the rules of docs/watch.md one by one, each with what must match and what must not.
 * Every case also goes through the reference matcher and through every way of cutting the stream in
 * two.
 */
#include "base/base.h"
#include "tests/support/naive_watch.h"
#include "tests/support/t.h"

/* --- one line, one indicator -------------------------------------------------------------------
 */

struct rule {
    const char *indicator;
    const char *line;
    const char *want; /* "offset seen-type seen", or NULL for no hit */
};

struct cut_at {
    size_t at;
    bool done;
};

static size_t cut_once(void *ctx)
{
    struct cut_at *c = ctx;
    size_t n = c->done ? SIZE_MAX : c->at;
    c->done = true;
    return n;
}

static size_t one_byte(void *ctx)
{
    (void)ctx;
    return 1;
}

static void must_be_same(struct naive_list *want, struct naive_report *got, const char *line)
{
    const char *diff = naive_diff(want, &got->hits);
    if (diff != NULL)
        printf("# %s: %s\n", line, diff);
    assert_null(diff);
    naive_release(got);
}

/* All ways of reading the stream give what the reference gives; the caller releases that. */
static void scan_all_ways(struct naive_report *ret, const struct ent_observable *ind, size_t n,
                          struct ent_slice s, const char *what)
{
    struct ent_watch *w = naive_set(ind, n);
    struct naive_report got = {0};
    assert_non_null(w);
    naive_watch(ret, ind, n, s);
    assert_ok(naive_engine(&got, w, s, one_byte, NULL, true));
    must_be_same(&ret->hits, &got, what);
    for (size_t at = 1; at <= s.n; at++) {
        struct cut_at c = {.at = at};
        assert_ok(naive_engine(&got, w, s, cut_once, &c, false));
        must_be_same(&ret->hits, &got, what);
    }
    ent_watch_free(w);
}

static void check_rules(const struct rule *rules, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct rule *r = &rules[i];
        struct ent_observable o;
        struct naive_report got = {0};
        char want[2 * ENT_OBS_MAX];
        assert_ok(ent_observable_parse(&o, NULL, ent_slice_str(r->indicator)));
        scan_all_ways(&got, &o, 1, ent_slice_str(r->line), r->line);
        if (got.hits.n != (r->want != NULL ? 1 : 0))
            printf("# %s in \"%s\": %zu hits\n", r->indicator, r->line, got.hits.n);
        assert_int_equal(got.hits.n, r->want != NULL ? 1 : 0);
        if (r->want != NULL) {
            (void)snprintf(want, sizeof(want), "1 %s %s %s 0", r->want, ent_obs_type_name(o.type),
                           o.text);
            assert_string_equal(got.hits.text[0], want);
        }
        naive_release(&got);
    }
}
#define CHECK(rules) check_rules(rules, sizeof(rules) / sizeof((rules)[0]))

static void test_ipv4(void **state)
{
    static const struct rule rules[] = {
        {"1.2.3.4", "1.2.3.4", "0 ipv4 1.2.3.4"},
        {"1.2.3.4", "from 1.2.3.4 port 22", "5 ipv4 1.2.3.4"},
        {"1.2.3.4", "\"1.2.3.4\"", "1 ipv4 1.2.3.4"},
        {"1.2.3.4", "ip='1.2.3.4';", "4 ipv4 1.2.3.4"},
        {"1.2.3.4", "[1.2.3.4]", "1 ipv4 1.2.3.4"},
        {"1.2.3.4", "1.2.3.4:443", "0 ipv4 1.2.3.4"},
        {"1.2.3.4", "It was 1.2.3.4.", "7 ipv4 1.2.3.4"},
        {"1.2.3.4", "It was 1.2.3.4...", "7 ipv4 1.2.3.4"},
        {"1.2.3.4", "1.2.3.4/32", "0 ipv4 1.2.3.4"},
        {"1.2.3.4", "9.9.9.9-1.2.3.4", "8 ipv4 1.2.3.4"},
        {"1.2.3.4", "1.2.3.4-9.9.9.9-443-5123-6", "0 ipv4 1.2.3.4"},
        {"1.2.3.4", "host_1.2.3.4_log", "5 ipv4 1.2.3.4"},
        {"1.2.3.4", "root@1.2.3.4", "5 ipv4 1.2.3.4"},
        {"1.2.3.4", "http://1.2.3.4/x", "7 ipv4 1.2.3.4"},
        {"1.2.3.4",
         "\xE5\x9C\xB0\xE5\x9D\x80"
         "1.2.3.4\xE3\x80\x82",
         "6 ipv4 1.2.3.4"},
        {"1.2.3.4",
         "\xFF"
         "1.2.3.4\xFE",
         "1 ipv4 1.2.3.4"},
        {"1.2.3.4", "1.2.3.4.5", NULL},
        {"1.2.3.4", "11.2.3.45", NULL},
        {"1.2.3.4", "0.1.2.3.4", NULL},
        {"1.2.3.4", "1.2.3.45", NULL},
        {"1.2.3.4", "01.2.3.4", NULL},
        {"1.2.3.4", "1.2.3.04", NULL},
        {"1.2.3.4", "1.2.3.4a", NULL},
        {"1.2.3.4", "v1.2.3.4", NULL},
        {"1.2.3.4", "1.2.3. 4", NULL},
        {"1.2.3.4", "1.2.3[.]4", NULL},
        {"1.2.3.4", "1..2.3.4", NULL},
        {"1.2.3.4", "1.2.3.4.in-addr.arpa", NULL},
        {"1.2.3.4", "dsl-1.2.3.4.isp.net", NULL},
        {"1.2.3.4", "1.2.3.4-static.isp.net", NULL},
        {"1.2.3.4", "1.2.3.4-static.isp.lan", "0 ipv4 1.2.3.4"},
        {"1.2.3.4", "1.2.3.4_x.isp.\xD1\x80\xD1\x84", NULL},
    };
    (void)state;
    CHECK(rules);
}

static void test_endpoints(void **state)
{
    static const struct rule rules[] = {
        {"1.2.3.4:443", "1.2.3.4:443", "0 endpoint 1.2.3.4:443"},
        {"1.2.3.4:443", "dst=1.2.3.4:443,", "4 endpoint 1.2.3.4:443"},
        {"1.2.3.4:443", "to 1.2.3.4:443.", "3 endpoint 1.2.3.4:443"},
        {"1.2.3.4:443", "https://1.2.3.4:443/", "8 endpoint 1.2.3.4:443"},
        {"1.2.3.4:443", "[::ffff:1.2.3.4]:443", "1 endpoint 1.2.3.4:443"},
        {"1.2.3.4:443", "::ffff:1.2.3.4:443", "0 endpoint 1.2.3.4:443"},
        {"1.2.3.4:53", "client 1.2.3.4#53: query", "7 endpoint 1.2.3.4:53"},
        {"1.2.3.4:443", "9.9.9.9\t5\t1.2.3.4\t443\ttcp", "10 endpoint 1.2.3.4:443"},
        {"1.2.3.4:443", "1.2.3.4\t443\r", "0 endpoint 1.2.3.4:443"},
        {"1.2.3.4:443", "a;1.2.3.4;443", "2 endpoint 1.2.3.4:443"},
        {"1.2.3.4:443", "\"1.2.3.4\",\"443\",\"tcp\"", "1 endpoint 1.2.3.4:443"},
        {"1.2.3.4:443", "{\"id.resp_h\":\"1.2.3.4\",\"id.resp_p\":443,", "14 endpoint 1.2.3.4:443"},
        {"1.2.3.4:443", "{\"dest_ip\": \"1.2.3.4\", \"dest_port\": 443}",
         "13 endpoint 1.2.3.4:443"},
        {"1.2.3.4:443", "dst=1.2.3.4 dpt=443 act=x", "4 endpoint 1.2.3.4:443"},
        {"1.2.3.4:443", "dstip=\"1.2.3.4\" dstport=\"443\"", "7 endpoint 1.2.3.4:443"},
        {"[2001:db8::1]:443", "2001:db8::1\t443\t", "0 endpoint [2001:db8::1]:443"},
        {"1.2.3.4:443", "1.2.3.4\t0443\t", NULL},
        {"1.2.3.4:443", "1.2.3.4\t443x", NULL},
        {"1.2.3.4:443", "1.2.3.4 443", NULL},
        {"1.2.3.4:443", "1.2.3.4, 443", NULL},
        {"1.2.3.4:443", "\"1.2.3.4\",\"count\":443,", NULL},
        {"1.2.3.4:443", "1.2.3.4 bytes=443", NULL},
        {"1.2.3.4:443", "1.2.3.4/443", NULL},
        {"[2001:db8::1]:443", "[2001:db8::1]:443", "1 endpoint [2001:db8::1]:443"},
        {"[2001:db8::1]:443", "[2001:DB8:0::0:1%eth0]:443 ", "1 endpoint [2001:db8::1]:443"},
        {"1.2.3.4:443", "1.2.3.4", NULL},
        {"1.2.3.4:443", "1.2.3.4 443", NULL},
        {"1.2.3.4:443", "https://1.2.3.4/", NULL},
        {"1.2.3.4:443", "1.2.3.4:4433", NULL},
        {"1.2.3.4:443", "1.2.3.4:44", NULL},
        {"1.2.3.4:443", "1.2.3.4:0443", NULL},
        {"1.2.3.4:443", "1.2.3.4:443ms", NULL},
        {"1.2.3.4:443", "1.2.3.4:443.5", NULL},
        {"1.2.3.4:443", "1.2.3.4:65979", NULL}, /* 443 modulo 65536 */
        {"[2001:db8::1]:443", "2001:db8::1:443", NULL},
        {"[2001:db8::1]:443", "[2001:db8::1] 443", NULL},
    };
    (void)state;
    CHECK(rules);
}

static void test_networks(void **state)
{
    static const struct rule rules[] = {
        {"1.2.3.0/24", "1.2.3.4", "0 ipv4 1.2.3.4"},
        {"1.2.3.0/24", "1.2.3.255", "0 ipv4 1.2.3.255"},
        {"1.2.3.128/25", "1.2.3.128:80", "0 ipv4 1.2.3.128"},
        {"0.0.0.0/0", "255.255.255.255", "0 ipv4 255.255.255.255"},
        {"1.2.3.4/31", "1.2.3.5", "0 ipv4 1.2.3.5"},
        {"1.2.3.0/24", "::ffff:1.2.3.9", "0 ipv4 1.2.3.9"},
        {"2001:db8::/32", "2001:db8:ffff::1", "0 ipv6 2001:db8:ffff::1"},
        {"2001:db8::/33", "2001:db8:7fff::1", "0 ipv6 2001:db8:7fff::1"},
        {"::/0", "fe80::1%lo", "0 ipv6 fe80::1"},
        {"1.2.3.0/24", "1.2.4.4", NULL},
        {"1.2.3.0/24", "11.2.3.4", NULL},
        {"1.2.3.128/25", "1.2.3.127", NULL},
        {"1.2.3.4/31", "1.2.3.6", NULL},
        {"2001:db8::/33", "2001:db8:8000::1", NULL},
        {"0.0.0.0/0", "256.2.3.4", NULL},
        {"0.0.0.0/0", "1.2.3.256", NULL},
        {"::/0", "1.2.3.4", NULL},
        {"::/0", "10:05:03", NULL},
        {"::/0", "::", NULL},
    };
    (void)state;
    CHECK(rules);
}

static void test_ipv6(void **state)
{
    static const struct rule rules[] = {
        {"2001:db8::1", "2001:db8::1", "0 ipv6 2001:db8::1"},
        {"2001:db8::1", "2001:0DB8:0000:0:0:0:0:0001", "0 ipv6 2001:db8::1"},
        {"2001:db8::1", "<2001:db8::1>", "1 ipv6 2001:db8::1"},
        {"2001:db8::1", "[2001:db8::1]:80", "1 ipv6 2001:db8::1"},
        {"2001:db8::1", "src:2001:db8::1", "4 ipv6 2001:db8::1"},
        {"2001:db8::1", "2001:db8::1: refused", "0 ipv6 2001:db8::1"},
        {"2001:db8::1", "was 2001:db8::1.", "4 ipv6 2001:db8::1"},
        {"2001:db8::1", "2001:db8::1%eth0", "0 ipv6 2001:db8::1"},
        {"2001:db8::1", "2001:db8::1/128", "0 ipv6 2001:db8::1"},
        {"2001:db8::1", "a-2001:db8::1-b", "2 ipv6 2001:db8::1"},
        {"2001:db8::1", "2001:db8::0.0.0.1", "0 ipv6 2001:db8::1"},
        {"2001:db8::", "2001:db8::/32", "0 ipv6 2001:db8::"},
        {"::1", "on ::1 now", "3 ipv6 ::1"},
        {"1.2.3.4", "::ffff:1.2.3.4", "0 ipv4 1.2.3.4"},
        {"1.2.3.4", "::FFFF:0102:0304", "0 ipv4 1.2.3.4"},
        {"1.2.3.4", "addr:1.2.3.4", "5 ipv4 1.2.3.4"},
        {"1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8", "0 ipv6 1:2:3:4:5:6:7:8"},
        {"2001:db8::1", "2001:db8::1:2", NULL},
        {"2001:db8::1", "12001:db8::1", NULL},
        {"2001:db8::1", "0:2001:db8::1", NULL},
        {"2001:db8::1", "2001:db8::1.443", NULL},
        {"2001:db8::1", "2001:db8::1g", NULL},
        {"2001:db8::1", "2001:db8:::1", NULL},
        {"1.2.3.4", "64:ff9b::1.2.3.4", NULL},
        {"1.2.3.4", "::ffff:1.2.3.4.5", NULL},
        {"1:2:3:4:5:6:7:8", "0:1:2:3:4:5:6:7:8", NULL},
        {"::add", "std::add", NULL},
        {"add::", "add::method", NULL},
        {"::1", ":::1", NULL},
        {"11:22:33:44:55:66:77:88", "11:22:33:44:55:66:77:88", NULL}, /* an EUI-64 */
        {"11:22:33:44:55:66::", "11:22:33:44:55:66", NULL},           /* a MAC address */
    };
    (void)state;
    CHECK(rules);
}

static void test_domains(void **state)
{
    static const struct rule rules[] = {
        {"evil.com", "evil.com", "0 domain evil.com"},
        {"evil.com", "a.b.EVIL.com", "0 domain a.b.evil.com"},
        {"evil.com", "query: evil.com. IN A", "7 domain evil.com"},
        {"evil.com", "*.evil.com", "2 domain evil.com"},
        {"evil.com", "evil.com:443", "0 domain evil.com"},
        {"evil.com", "//evil.com/path", "2 domain evil.com"},
        {"evil.com", "http://evil.com/path", "7 domain evil.com"},
        {"evil.com", "http://u:p@x.evil.com/", "11 domain x.evil.com"},
        {"evil.com", "?u=http%3A%2F%2Fevil.com%2F", "16 domain evil.com"},
        {"evil.com", "bob@evil.com", "4 domain evil.com"},
        {"evil.com", "_dmarc.evil.com", "0 domain _dmarc.evil.com"},
        {"evil.com", "-evil.com-", "1 domain evil.com"},
        {"evil.com", "see evil.com...", "4 domain evil.com"},
        {"evil.com",
         "\xE2\x80\x9C"
         "evil.com\xE2\x80\x9D",
         "3 domain evil.com"},
        {"evil.com",
         "\xEF\xBB\xBF"
         "evil.com",
         "3 domain evil.com"},
        {"evil.com", "bad-.label.evil.com", "5 domain label.evil.com"},
        {"evil.lan", "host.evil.lan", "0 domain host.evil.lan"},
        {"evil.com", "notevil.com", NULL},
        {"evil.com", "evil.com.org", NULL},
        {"evil.com", "evil.community", NULL},
        {"evil.com", "evil-com", NULL},
        {"evil.com", "evil..com", NULL},
        {"evil.com", "evil[.]com", NULL},
        {"evil.com", "evil.com@example.org", NULL},
        {"evil.com", "http://evil.com@example.org/", NULL},
        {"evil.com", "evil.com-x", NULL},
        {"evil.com", "evil.com_x", NULL},
        {"evil.com", "evil.com\xC3\xA9", NULL},
        {"b.evil.com", "evil.com", NULL},
        {"b.evil.com", "c.evil.com", NULL},
    };
    (void)state;
    CHECK(rules);
}

static void test_idn(void **state)
{
    static const char bucher[] = "xn--bcher-kva.example";
    const struct rule rules[] = {
        {bucher,
         "b\xC3\xBC"
         "cher.example",
         "0 domain xn--bcher-kva.example"},
        {bucher,
         "WWW.B\xC3\x9C"
         "CHER.Example",
         "0 domain www.xn--bcher-kva.example"},
        {bucher, "XN--Bcher-KVA.example", "0 domain xn--bcher-kva.example"},
        {bucher,
         "bu\xCC\x88"
         "cher.example",
         "0 domain xn--bcher-kva.example"},
        {"xn--e1afmkfd.xn--p1ai",
         "\xD0\xBF\xD1\x80\xD0\xB8\xD0\xBC\xD0\xB5\xD1\x80.\xD1\x80\xD1\x84",
         "0 domain xn--e1afmkfd.xn--p1ai"},
        {"evil.com", "\xC3\xBC.evil.com", "0 domain xn--tda.evil.com"},
        {"evil.com", "\xCC\x88.evil.com", "3 domain evil.com"}, /* no label begins with a mark */
        {bucher, "bucher.example", NULL},
        {bucher,
         "b\xC3.\xBC"
         "cher.example",
         NULL},
        {bucher,
         "xb\xC3\xBC"
         "cher.example",
         NULL},
        {"bcher.example",
         "b\xC3\xBC"
         "cher.example",
         NULL},
        {"cher.example",
         "b\xC3\xBC"
         "cher.example",
         NULL},
    };
    (void)state;
    CHECK(rules);
}

static void test_urls(void **state)
{
    static const char u[] = "http://evil.com/a";
    const struct rule rules[] = {
        {u, "http://evil.com/a", "0 url http://evil.com/a"},
        {u, "HTTP://EVIL.com:80/a", "0 url http://evil.com/a"},
        {u, "(see http://evil.com/a).", "5 url http://evil.com/a"},
        {u, "\"http://evil.com/a\"", "1 url http://evil.com/a"},
        {u, "{'u': 'http://evil.com/a'}", "7 url http://evil.com/a"},
        {u, "{\"u\":\"http:\\/\\/evil.com\\/a\"}", "6 url http://evil.com/a"},
        {u, "1,http://evil.com/a,200", "2 url http://evil.com/a"},
        {u, "GET http://evil.com/a;", "4 url http://evil.com/a"},
        {u, "http://p.example/?u=http://evil.com/a", "20 url http://evil.com/a"},
        {u, "\\nhttp://evil.com/a", "2 url http://evil.com/a"},
        {"http://evil.com/a,b", "http://evil.com/a,b", "0 url http://evil.com/a,b"},
        {"http://evil.com/?a=1&b=2", "http://evil.com/?a=1\\u0026b=2",
         "0 url http://evil.com/?a=1&b=2"},
        {"http://evil.com/", "<http://evil.com>", "1 url http://evil.com/"},
        {"http://evil.com/", "(http://evil.com)", "1 url http://evil.com/"},
        {"http://[2001:db8::1]/", "http://[2001:DB8:0::1]:80", "0 url http://[2001:db8::1]/"},
        {"http://xn--bcher-kva.example/",
         "http://B\xC3\xBC"
         "cher.example/",
         "0 url http://xn--bcher-kva.example/"},
        {"https://u:p@evil.com:8443/#f", "https://u:p@evil.com:8443/#f",
         "0 url https://u:p@evil.com:8443/#f"},
        {"http://evil.com/?a://b://c://d://e://f://g://h://",
         "http://evil.com/?a://b://c://d://e://f://g://h://",
         "0 url http://evil.com/?a://b://c://d://e://f://g://h://"},
        {"http://evil.com/?a://b://c://d://e://f://g://h://i://", /* nine others are too many */
         "http://evil.com/?a://b://c://d://e://f://g://h://i://", NULL},
        {u, "http://evil.com/A", NULL},
        {u, "http://evil.com/ab", NULL},
        {u, "http://evil.com/a/", NULL},
        {u, "http://evil.com/a?x", NULL},
        {u, "http://evil.com/", NULL},
        {u, "https://evil.com/a", NULL},
        {u, "http://evil.com:8080/a", NULL},
        {u, "http://u@evil.com/a", NULL},
        {u, "http://www.evil.com/a", NULL},
        {u, "http:/evil.com/a", NULL},
        {u, "evil.com/a", NULL},
        {u, "xhttp://evil.com/a", NULL},
        {u, "hxxp://evil.com/a", NULL},
        {u, "http://evil[.]com/a", NULL},
        {u, "http://evil(dot)com/a", NULL},
        {u, "http%3A%2F%2Fevil.com%2Fa", NULL},
    };
    (void)state;
    CHECK(rules);
}

static void test_emails(void **state)
{
    static const struct rule rules[] = {
        {"bob@evil.com", "bob@evil.com", "0 email bob@evil.com"},
        {"bob@evil.com", "from=<bob@EVIL.com>,", "6 email bob@evil.com"},
        {"bob@evil.com", "to=bob@evil.com", "3 email bob@evil.com"},
        {"bob@evil.com", "\\u003cbob@evil.com\\u003e", "6 email bob@evil.com"},
        {"bob@evil.com", "mailto:bob@evil.com.", "7 email bob@evil.com"},
        {"a=b'c@evil.com", "to=a=b'c@evil.com", "3 email a=b'c@evil.com"},
        {"x+y.z@evil.com", "x+y.z@evil.com", "0 email x+y.z@evil.com"},
        {"x@xn--bcher-kva.example",
         "x@b\xC3\xBC"
         "cher.example",
         "0 email x@xn--bcher-kva.example"},
        {"bob@evil.com", "Bob@evil.com", NULL},
        {"bob@evil.com", "abob@evil.com", NULL},
        {"bob@evil.com", "a.bob@evil.com", NULL},
        {"bob@evil.com", "bob@www.evil.com", NULL},
        {"bob@evil.com", "bob@evil.com.org", NULL},
        {"bob@evil.com", "bob@evil.com@example.org", NULL},
        {"bob@evil.com", "http://bob@evil.com/", NULL},
        {"bob@evil.com", "bob@ evil.com", NULL},
        {"bob@evil.com", "bob[@]evil.com", NULL},
    };
    (void)state;
    CHECK(rules);
}

static void test_hashes(void **state)
{
    static const char md5[] = "d41d8cd98f00b204e9800998ecf8427e";
    static const char sha1[] = "da39a3ee5e6b4b0d3255bfef95601890afd80709";
    static const char sha256[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    const struct rule rules[] = {
        {md5, "d41d8cd98f00b204e9800998ecf8427e", "0 md5 d41d8cd98f00b204e9800998ecf8427e"},
        {md5, "MD5:D41D8CD98F00B204E9800998ECF8427E", "4 md5 d41d8cd98f00b204e9800998ecf8427e"},
        {md5, "/tmp/d41d8cd98f00b204e9800998ecf8427e.zip",
         "5 md5 d41d8cd98f00b204e9800998ecf8427e"},
        {md5, "x_d41d8cd98f00b204e9800998ecf8427e-1", "2 md5 d41d8cd98f00b204e9800998ecf8427e"},
        {md5, "%2Fd41d8cd98f00b204e9800998ecf8427e", "3 md5 d41d8cd98f00b204e9800998ecf8427e"},
        {md5, "C:\\d41d8cd98f00b204e9800998ecf8427e", "3 md5 d41d8cd98f00b204e9800998ecf8427e"},
        {sha1, "=da39a3ee5e6b4b0d3255bfef95601890afd80709;",
         "1 sha1 da39a3ee5e6b4b0d3255bfef95601890afd80709"},
        {sha256, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
         "0 sha256 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {md5, "d41d8cd98f00b204e9800998ecf8427", NULL},
        {md5, "d41d8cd98f00b204e9800998ecf8427e0", NULL},
        {md5, "d41d8cd98f00b204e9800998ecf8427eg", NULL},
        {md5, "0xd41d8cd98f00b204e9800998ecf8427e", NULL},
        {md5, "d41d8cd98f00b204e9800998ecf8427ed41d8cd9", NULL},
        {md5, "d41d8cd98f00b204-e9800998ecf8427e", NULL},
        {sha1, "da39a3ee5e6b4b0d3255bfef95601890afd80708", NULL},
    };
    (void)state;
    CHECK(rules);
}

static void test_escapes(void **state)
{
    static const struct rule rules[] = {
        {"evil.com", "{\"m\":\"a\\tevil.com\\n\"}", "9 domain evil.com"},
        {"1.2.3.4", "a\\r\\n1.2.3.4", "5 ipv4 1.2.3.4"},
        {"2001:db8::1", "\\n2001:db8::1", "2 ipv6 2001:db8::1"},
        {"evil.com", "\\x22evil.com\\x22", "4 domain evil.com"},
        {"evil.com", "\\u003cevil.com\\u003e", "6 domain evil.com"},
        {"evil.com", "%20evil.com", "3 domain evil.com"},
        {"evil.com", "%252Fevil.com", "5 domain evil.com"},
        {"nevil.com", "\\\\nevil.com", "2 domain nevil.com"}, /* an escaped backslash */
        {"2evil.com", "%2evil.com", "1 domain 2evil.com"},    /* no escape */
        {"adobe.com", "100%adobe.com", "4 domain adobe.com"}, /* %ad is no boundary */
        {"evil.com", "\\xevil.com", NULL},
        {"evil.com", "\\u00e9evil.com", NULL},
        {"evil.com", "%2Devil.com", NULL}, /* an escaped hyphen goes on */
        {"evil.com", "%41evil.com", NULL},
    };
    (void)state;
    CHECK(rules);
}

/* --- several indicators, several lines ---------------------------------------------------------
 */

static void check_hits(const char *const *ind, size_t n, struct ent_slice s,
                       const char *const *want, size_t wants)
{
    static struct ent_observable o[16];
    struct naive_report got = {0};
    for (size_t i = 0; i < n; i++)
        assert_ok(ent_observable_parse(&o[i], NULL, ent_slice_str(ind[i])));
    scan_all_ways(&got, o, n, s, "several");
    for (size_t i = 0; i < got.hits.n; i++) {
        if (i >= wants || strcmp(got.hits.text[i], want[i]) != 0)
            printf("# %zu: %s\n", i, got.hits.text[i]);
        assert_true(i < wants);
        assert_string_equal(got.hits.text[i], want[i]);
    }
    assert_int_equal(got.hits.n, wants);
    naive_release(&got);
}
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* The exact match, else the closest: one report a token; different tokens report separately. */
static void test_what_is_reported(void **state)
{
    static const char *const ind[] = {"1.2.3.0/24", "1.2.0.0/16",   "1.2.3.4",
                                      "1.2.3.4:80", "evil.com",     "b.evil.com",
                                      "evil.com.",  "bob@evil.com", "http://evil.com/a"};
    static const char *const want[] = {
        "1 0 endpoint 1.2.3.4:80 endpoint 1.2.3.4:80 3",
        "1 0 ipv4 1.2.3.4 ipv4 1.2.3.4 2",
        "2 11 ipv4 1.2.3.5 net4 1.2.3.0/24 0",
        "2 19 ipv4 1.2.4.5 net4 1.2.0.0/16 1",
        "3 27 domain a.b.evil.com domain b.evil.com 5",
        "3 40 domain c.evil.com domain evil.com 4",
        "4 51 url http://evil.com/a url http://evil.com/a 8",
        "4 58 domain evil.com domain evil.com 4",
        "5 69 email bob@evil.com email bob@evil.com 7",
        "5 73 domain evil.com domain evil.com 4",
    };
    (void)state;
    check_hits(ind, COUNT(ind),
               ENT_SLICE_LIT("1.2.3.4:80\n1.2.3.5 1.2.4.5\na.b.evil.com c.evil.com\n"
                             "http://evil.com/a\nbob@evil.com"),
               want, COUNT(want));
}

static void test_lines_of_any_bytes(void **state)
{
    static const char *const ind[] = {"1.2.3.4", "evil.com"};
    static const char *const want[] = {
        "1 0 ipv4 1.2.3.4 ipv4 1.2.3.4 0",
        "2 10 ipv4 1.2.3.4 ipv4 1.2.3.4 0",
        "2 18 domain evil.com domain evil.com 1",
        "4 30 domain evil.com domain evil.com 1",
    };
    (void)state;
    check_hits(ind, COUNT(ind),
               ENT_SLICE_LIT("1.2.3.4\r\n\0"
                             "1.2.3.4\0evil.com\n\r\n\xFF"
                             "evil.com"),
               want, COUNT(want));
}

/* --- what was seen -----------------------------------------------------------------------------
 */

static void test_seen(void **state)
{
    static const struct ent_slice s = ENT_SLICE_LIT(
        "1.2.3.4:443 [2001:DB8::1]:80 Www.Example.COM host.lan file.exe john.co@mail.example.org\n"
        "http://host.lan/ HTTPS://example.com:443/x http://1.2.3.4 10:05:03 ::ffff:5.6.7.8 x@y.lan "
        "D41D8CD98F00B204E9800998ECF8427E '\xD0\xBF.\xD1\x80\xD1\x84'");
    static const char *const want[] = {
        "domain example.com",
        "domain mail.example.org",
        "domain www.example.com",
        "domain xn--o1a.xn--p1ai",
        "email john.co@mail.example.org",
        "ipv4 1.2.3.4",
        "ipv4 5.6.7.8",
        "ipv6 2001:db8::1",
        "md5 d41d8cd98f00b204e9800998ecf8427e",
        "url http://1.2.3.4/",
        "url https://example.com/x",
    };
    struct ent_watch *w = naive_set(NULL, 0);
    struct naive_report got = {0}, none = {0};
    (void)state;
    assert_non_null(w);
    assert_ok(naive_engine(&got, w, s, NULL, NULL, true));
    (void)naive_diff(&got.seen, &none.seen); /* sorts */
    for (size_t i = 0; i < got.seen.n && i < COUNT(want); i++)
        assert_string_equal(got.seen.text[i], want[i]);
    assert_int_equal(got.seen.n, COUNT(want));
    assert_int_equal(got.hits.n, 0);
    naive_release(&got);
    ent_watch_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ipv4),
        cmocka_unit_test(test_endpoints),
        cmocka_unit_test(test_networks),
        cmocka_unit_test(test_ipv6),
        cmocka_unit_test(test_domains),
        cmocka_unit_test(test_idn),
        cmocka_unit_test(test_urls),
        cmocka_unit_test(test_emails),
        cmocka_unit_test(test_hashes),
        cmocka_unit_test(test_escapes),
        cmocka_unit_test(test_what_is_reported),
        cmocka_unit_test(test_lines_of_any_bytes),
        cmocka_unit_test(test_seen),
    };
    return ent_t_run("watch", tests);
}
