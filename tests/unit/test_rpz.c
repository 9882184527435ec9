/* test_rpz.c: response policy zones. */
#include "tests/support/feed.h"

static void check(const char *in, enum ent_err want, const char *out)
{
    ent_t_feed(ENT_FORMAT_RPZ, ENT_FORMAT_RPZ, in, want, out);
}

#define TAKE(type, value)        "take " type " " value " TLP:AMBER -1 0 0 [] [] []\n"
#define NAME(value)              TAKE("domain", value)
#define SKIP(line, reason, what) "skip " line " [" reason "] [" what "]\n"
#define THROUGH                  "let through: this zone says that it is not hostile"
#define TRIGGER                  "a trigger of RPZ that is not read here"
#define NO_NET                   "not an address in the notation of RPZ"
#define OUTSIDE                  "a name outside the zone, or its origin is not said"
#define HEAD                                                                                       \
    "$TTL 300\n@ IN SOA localhost. root.localhost. ( 1 3600 ; serial\n 600 86400 300 )\n"          \
    "  IN NS localhost.\n"

/* table */
static void test_names(void **state)
{
    (void)state;
    check(HEAD "my-iri.org CNAME .\nSenate.group IN CNAME *.\na.example 300 IN CNAME rpz-drop.\n"
               "b.example CNAME walled.garden.example.\nc.example 1h A 192.0.2.1\n",
          ENT_OK,
          NAME("my-iri.org") NAME("senate.group") NAME("a.example") NAME("b.example")
              NAME("c.example"));
    /* a name, its wildcard, its other records: one domain */
    check("a.example CNAME .\n*.a.example CNAME .\n*.b.example CNAME .\nb.example CNAME .\n"
          "c.example A 192.0.2.1\n  AAAA 2001:db8::1\n  TXT \"a; b\" ; why\nd.example CNAME .\n",
          ENT_OK, NAME("a.example") NAME("b.example") NAME("c.example") NAME("d.example"));
    /* absolute names */
    check("$ORIGIN rpz.zone.\na.example.rpz.zone. CNAME .\nb.example CNAME .\n"
          "c.example.RPZ.zone. CNAME .\nd.example. CNAME .\n",
          ENT_OK,
          NAME("a.example") NAME("b.example") NAME("c.example") SKIP("5", OUTSIDE, "d.example."));
    check("rpz.zone. SOA a. b. 1 2 3 4 5\na.example.rpz.zone. CNAME .\nrpz.zone. CNAME .\n", ENT_OK,
          NAME("a.example") SKIP("3", OUTSIDE, "rpz.zone."));
    check(HEAD, ENT_OK, "");
}

/* table */
static void test_addresses(void **state)
{
    (void)state;
    check("24.0.100.51.198.rpz-ip CNAME .\n32.3.100.51.198.RPZ-IP CNAME .\n"
          "32.zz.db8.2001.rpz-ip CNAME .\n128.1.zz.db8.2001.rpz-ip CNAME .\n"
          "128.1.zz.rpz-ip CNAME .\n64.zz.3.2.db8.2001.rpz-ip CNAME .\n"
          "128.8.7.6.5.4.3.db8.2001.rpz-ip CNAME .\n",
          ENT_OK,
          TAKE("net4", "198.51.100.0/24") TAKE("ipv4", "198.51.100.3") TAKE("net6", "2001:db8::/32")
              TAKE("ipv6", "2001:db8::1") TAKE("ipv6", "::1") TAKE("net6", "2001:db8:2:3::/64")
                  TAKE("ipv6", "2001:db8:3:4:5:6:7:8"));
    check("a.example CNAME .\n33.3.100.51.198.rpz-ip CNAME .\n24.100.51.198.rpz-ip CNAME .\n"
          "24.0.100.51.456.rpz-ip CNAME .\n128.zz.1.zz.2001.rpz-ip CNAME .\n.rpz-ip CNAME .\n"
          "128.9.8.7.6.5.4.3.2.1.rpz-ip CNAME .\nx.rpz-ip CNAME .\n32.3..51.198.rpz-ip CNAME .\n",
          ENT_OK,
          NAME("a.example") SKIP("2", NO_NET, "33.3.100.51.198") SKIP("3", NO_NET, "24.100.51.198")
              SKIP("4", NO_NET, "24.0.100.51.456") SKIP("5", NO_NET, "128.zz.1.zz.2001")
                  SKIP("6", NO_NET, "") SKIP("7", NO_NET, "128.9.8.7.6.5.4.3.2.1")
                      SKIP("8", NO_NET, "x") SKIP("9", NO_NET, "32.3..51.198"));
}

/* table */
static void test_skipped(void **state)
{
    (void)state;
    check("a.example CNAME .\nb.example CNAME rpz-passthru.\nc.example CNAME c.example.\n"
          "32.1.100.51.198.rpz-ip CNAME RPZ-PASSTHRU.\n32.1.0.0.10.rpz-client-ip CNAME .\n"
          "32.1.0.0.10.rpz-nsip CNAME .\nns.evil.example.rpz-nsdname CNAME .\n",
          ENT_OK,
          NAME("a.example") SKIP("2", THROUGH, "b.example") SKIP("3", THROUGH, "c.example")
              SKIP("4", THROUGH, "32.1.100.51.198.rpz-ip")
                  SKIP("5", TRIGGER, "32.1.0.0.10.rpz-client-ip")
                      SKIP("6", TRIGGER, "32.1.0.0.10.rpz-nsip")
                          SKIP("7", TRIGGER, "ns.evil.example.rpz-nsdname"));
    check("a.example CNAME .\n$INCLUDE other\nb.example\nc.example WKS x\n@ TXT \"by us\"\n"
          "com CNAME .\n-x.example CNAME .\na*.example CNAME .\n",
          ENT_OK,
          NAME("a.example") SKIP("2", "a directive that is not read here", "$INCLUDE other")
              SKIP("3", "not a record of a policy zone", "")
                  SKIP("4", "not a record of a policy zone", "WKS x")
                      SKIP("6", "not an address, a name, a URL or a hash", "com")
                          SKIP("7", "a label begins or ends with a hyphen", "-x.example")
                              SKIP("8", "a wildcard is not one name", "a*.example"));
}

/* table */
static void test_refused(void **state)
{
    char in[600], out[700];
    (void)state;
    check(HEAD "a.example CNAME rpz-passthru.\n", ENT_E_FORMAT,
          "1: no record of this zone calls anything hostile");
    check("a.example CNAME .\n$ORIGIN zone\n", ENT_E_FORMAT,
          "2: $ORIGIN wants a name that ends with a dot");
    check("a.example CNAME .\n@ SOA a. b. ( 1 2\n", ENT_E_FORMAT,
          "0: a parenthesis is never closed: truncated?");
    memset(in, 'a', sizeof(in));
    memcpy(in + 300, " CNAME .\nb.example CNAME .\n", 28);
    (void)snprintf(out, sizeof(out),
                   SKIP("1", "a name of more than 253 octets", "%.300s CNAME .") NAME("b.example"),
                   in);
    check(in, ENT_OK, out);
}

/* What is a policy zone by its content, and what is none. */
static void test_recognised(void **state)
{
    static const struct {
        const char *text;
        bool rpz;
    } rows[] = {
        {HEAD "a.example CNAME .\n", true},
        {"$ORIGIN x.\na.example CNAME rpz-drop.\n", true},
        {"; comment\nx. SOA a. b. 1 2 3 4 5\na.example IN CNAME *.\n", true},
        {"a.example CNAME .\n", false},
        {"$TTL 1\nwww.a.example CNAME b.example.\n", false}, /* one's own zone */
        {"evil.example\na.example\n", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ent_t_record rec = {0};
        struct ent_diag d = {0};
        enum ent_format f = ENT_FORMAT_AUTO;
        (void)!ent_t_import(&rec, &f, &d, ENT_FORMAT_AUTO, ent_slice_str(rows[i].text));
        if ((f == ENT_FORMAT_RPZ) != rows[i].rpz)
            print_error("about %s\n", rows[i].text);
        assert_int_equal(f == ENT_FORMAT_RPZ, rows[i].rpz);
        ent_buf_release(&rec.text);
    }
}

/* Any IPv4 network written backwards comes out forwards. */
static void test_random(void **state)
{
    (void)state;
    for (int i = 0; i < 500; i++) {
        char in[128], out[128];
        uint32_t a = (uint32_t)ent_t_rand();
        unsigned bits = 1 + (unsigned)ent_t_below(32);
        (void)snprintf(in, sizeof(in), "%u.%u.%u.%u.%u.rpz-ip CNAME .\n", bits, a & 255,
                       a >> 8 & 255, a >> 16 & 255, a >> 24);
        a &= (uint32_t)(0xFFFFFFFF00000000u >> bits);
        int n = snprintf(out, sizeof(out), "take %s %u.%u.%u.%u", bits == 32 ? "ipv4" : "net4",
                         a >> 24, a >> 16 & 255, a >> 8 & 255, a & 255);
        if (bits < 32)
            n += snprintf(out + n, sizeof(out) - (size_t)n, "/%u", bits);
        (void)snprintf(out + n, sizeof(out) - (size_t)n, " TLP:AMBER -1 0 0 [] [] []\n");
        check(in, ENT_OK, out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),      cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_skipped),    cmocka_unit_test(test_refused),
        cmocka_unit_test(test_recognised), cmocka_unit_test(test_random),
    };
    return ent_t_run("rpz", tests);
}
