/* test_hosts.c: hosts files that send names nowhere. */
#include "tests/support/feed.h"

static void check(const char *in, enum ent_err want, const char *out)
{
    ent_t_feed(ENT_FORMAT_AUTO, ENT_FORMAT_HOSTS, in, want, out);
}

#define SAID(value, text)        "take domain " value " TLP:AMBER -1 0 0 [] [] [" text "]\n"
#define TAKE(value)              SAID(value, "")
#define SKIP(line, reason, what) "skip " line " [" reason "] [" what "]\n"
#define OWN                      "a name of the machine itself"
#define ELSEWHERE                "not sent to 0.0.0.0 or the like: a machine of one's own?"

/* table */
static void test_lines(void **state)
{
    (void)state;
    check("0.0.0.0 my-iri.org\n127.0.0.1\tEvil.example\n::1 c.example\n:: d.example.\r\n", ENT_OK,
          TAKE("my-iri.org") TAKE("evil.example") TAKE("c.example") TAKE("d.example"));
    check("# title\n\n0.0.0.0 a.example b.example\t\tc.example", ENT_OK,
          TAKE("a.example") TAKE("b.example") TAKE("c.example"));
    check("0.0.0.0 a.example # phishing, 2018\n0.0.0.0 b.example#x\n#0.0.0.0 c.example\n", ENT_OK,
          SAID("a.example", "phishing, 2018") SAID("b.example", "x"));
    check("  0.0.0.0 a.example\n", ENT_OK, TAKE("a.example"));
    check("0.0.0.0 b\xc3\xbc"
          "cher.example\n",
          ENT_OK, TAKE("xn--bcher-kva.example"));
    ent_t_feed(ENT_FORMAT_HOSTS, ENT_FORMAT_HOSTS, "# nothing\n", ENT_OK, "");
}

/* table */
static void test_skipped(void **state)
{
    (void)state;
    check("127.0.0.1 localhost\n127.0.0.1 LOCALHOST.localdomain\n::1 ip6-loopback\n"
          "0.0.0.0 0.0.0.0\n0.0.0.0 a.example localhost b.example\n",
          ENT_OK,
          SKIP("1", OWN, "localhost") SKIP("2", OWN, "LOCALHOST.localdomain")
              SKIP("3", OWN, "ip6-loopback") SKIP("4", OWN, "0.0.0.0") TAKE("a.example")
                  SKIP("5", OWN, "localhost") TAKE("b.example"));
    check("0.0.0.0 a.example\n0.0.0.0 b.example\n10.1.2.3 intranet.example\n"
          "fe80::1%lo0 localhost\n0.0.0.0 c.example\n0.0.0.0\n0.0.0.0 d.example\n",
          ENT_OK,
          TAKE("a.example") TAKE("b.example") SKIP("3", ELSEWHERE, "10.1.2.3 intranet.example")
              SKIP("4", ELSEWHERE, "fe80::1%lo0 localhost") TAKE("c.example")
                  SKIP("6", "an address without a name", "0.0.0.0") TAKE("d.example"));
    check("0.0.0.0 a.example\n0.0.0.0 -x.example\n0.0.0.0 *.example\n0.0.0.0 x\n"
          "0.0.0.0 1.2.3.4\n0.0.0.0 x\xff.example\n",
          ENT_OK,
          TAKE("a.example") SKIP("2", "a label begins or ends with a hyphen", "-x.example")
              SKIP("3", "a wildcard is not one name", "*.example")
                  SKIP("4", "not an address, a name, a URL or a hash", "x")
                      SKIP("5", "the name ends in a number", "1.2.3.4")
                          SKIP("6", "not UTF-8", "x\\xff.example"));
}

/* table */
static void test_refused(void **state)
{
    static const char *const none = "1: no line sends a name to 0.0.0.0 or 127.0.0.1";
    (void)state;
    check("127.0.0.1 localhost\n", ENT_E_FORMAT, none);
    ent_t_feed(ENT_FORMAT_HOSTS, ENT_FORMAT_HOSTS, "10.0.0.1 a.example\n1.2.3.4\n", ENT_E_FORMAT,
               none);
    /* lists stay lists */
    ent_t_feed(ENT_FORMAT_AUTO, ENT_FORMAT_LIST, "0.0.0.0\n127.0.0.1 # x\n", ENT_OK,
               "take ipv4 0.0.0.0 TLP:AMBER -1 0 0 [] [] []\n"
               "take ipv4 127.0.0.1 TLP:AMBER -1 0 0 [] [] []\n");
    ent_t_feed(ENT_FORMAT_AUTO, ENT_FORMAT_LIST, "1.2.3.4 7\n1.2.3.5 8\n0.0.0.0 a.example\n",
               ENT_OK,
               "take ipv4 1.2.3.4 TLP:AMBER -1 0 0 [] [] []\n"
               "take ipv4 1.2.3.5 TLP:AMBER -1 0 0 [] [] []\n"
               "skip 3 [more than one value in a line] [0.0.0.0 a.example]\n");
}

/* Random files against a count made while writing them. */
static void test_random(void **state)
{
    static const char *const sinks[] = {"0.0.0.0", "127.0.0.1", "::", "::1"};
    static const char *const good[] = {"a.example", "B.example", "c.d.e.example", "x_y.example"};
    static const char *const bad[] = {"localhost", "x", "-.example", "1.2.3.4"};
    (void)state;
    for (int i = 0; i < 300; i++) {
        struct ent_t_record rec = {0};
        struct ent_diag d = {0};
        enum ent_format f = ENT_FORMAT_AUTO;
        struct ent_buf b;
        size_t n_good = 1, n_bad = 0;
        ent_buf_init(&b, 1u << 16);
        assert_ok(ent_buf_puts(&b, "0.0.0.0 first.example\n"));
        for (uint64_t rows = ent_t_below(30); rows > 0; rows--) {
            assert_ok(ent_buf_puts(&b, sinks[ent_t_below(4)]));
            for (uint64_t k = 1 + ent_t_below(4); k > 0; k--) {
                bool ok = ent_t_below(2) == 0;
                assert_ok(ent_buf_puts(&b, ent_t_below(2) == 0 ? " " : "\t "));
                assert_ok(ent_buf_puts(&b, (ok ? good : bad)[ent_t_below(4)]));
                n_good += ok;
                n_bad += !ok;
            }
            assert_ok(ent_buf_puts(&b, ent_t_below(2) == 0 ? "\n" : " # c\r\n"));
        }
        assert_ok(ent_t_import(&rec, &f, &d, ENT_FORMAT_AUTO, ent_buf_slice(&b)));
        assert_int_equal(f, ENT_FORMAT_HOSTS);
        assert_int_equal(rec.taken, n_good);
        assert_int_equal(rec.skipped, n_bad);
        ent_buf_release(&rec.text);
        ent_buf_release(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_skipped),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_random),
    };
    return ent_t_run("hosts", tests);
}
