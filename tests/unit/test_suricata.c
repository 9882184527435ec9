/* test_suricata.c: datasets of strings and reputation lists. */
#include "tests/support/feed.h"

#define TAKE(type, value)        "take " type " " value " TLP:AMBER -1 0 0 [] [] []\n"
#define SKIP(line, reason, what) "skip " line " [" reason "] [" what "]\n"
#define REPUTATION               "a reputation is a number from 0 to 65535"
#define NEITHER                  "neither base64 nor a value"
#define MD5                      "44d88612fea8a8f36de82e1278abb02f"

static void check(enum ent_format f, const char *in, enum ent_err want, const char *out)
{
    ent_t_feed(f, ENT_FORMAT_SURICATA, in, want, out);
}

/* table */
static void test_rows(void **state)
{
    (void)state;
    check(ENT_FORMAT_AUTO, "bXktaXJpLm9yZw==\r\n\nc2VuYXRlLmdyb3Vw\n", ENT_OK,
          TAKE("domain", "my-iri.org") TAKE("domain", "senate.group"));
    check(ENT_FORMAT_AUTO, "1.2.3.4,300\nbXktaXJpLm9yZw==,1\n" MD5 ",65535", ENT_OK,
          TAKE("ipv4", "1.2.3.4") TAKE("domain", "my-iri.org") TAKE("md5", MD5));
    check(ENT_FORMAT_SURICATA, "# x\naHR0cDovL2V2aWwuZXhhbXBsZS94\n" MD5 "\n", ENT_OK,
          TAKE("url", "http://evil.example/x") TAKE("md5", MD5));
}

/* table */
static void test_skipped(void **state)
{
    (void)state;
    check(ENT_FORMAT_SURICATA,
          "1.2.3.4,1\n1.2.3.4,65536\n1.2.3.4,x\n1.2.3.4,\nbXktaXJpLm9yZw=\nbXktaXJpLm9yZx==\n"
          "Y3VybC83\n====\n",
          ENT_OK,
          TAKE("ipv4", "1.2.3.4") SKIP("2", REPUTATION, "1.2.3.4,65536")
              SKIP("3", REPUTATION, "1.2.3.4,x") SKIP("4", REPUTATION, "1.2.3.4,")
                  SKIP("5", NEITHER, "bXktaXJpLm9yZw=") SKIP("6", NEITHER, "bXktaXJpLm9yZx==")
                      SKIP("7", "not an address, a name, a URL or a hash", "curl/7")
                          SKIP("8", NEITHER, "===="));
    check(ENT_FORMAT_SURICATA, "Y3VybC83\n", ENT_E_FORMAT,
          "1: no line holds a value that is read here");
}

/* What is none. */
static void test_recognised(void **state)
{
    (void)state;
    ent_t_feed(ENT_FORMAT_AUTO, ENT_FORMAT_LIST, MD5 "\n", ENT_OK, TAKE("md5", MD5));
    ent_t_feed(ENT_FORMAT_AUTO, ENT_FORMAT_LIST, "1.2.3.4\nbXktaXJpLm9yZw==\n", ENT_OK,
               TAKE("ipv4", "1.2.3.4")
                   SKIP("2", "a character that no name has", "bXktaXJpLm9yZw=="));
    ent_t_feed(ENT_FORMAT_AUTO, ENT_FORMAT_LIST, "Y3VybC83\n", ENT_E_FORMAT,
               "1: no line holds an address, name, URL or hash");
}

/* Any name that goes in as base64 comes out. */
static void test_random(void **state)
{
    (void)state;
    for (int i = 0; i < 300; i++) {
        char name[80], text[ENT_BASE64_LEN(80)], out[160];
        size_t n = 1 + ent_t_below(60);
        for (size_t k = 0; k < n; k++)
            name[k] = (char)('a' + ent_t_below(26));
        memcpy(name + n, ".example", 9);
        ent_base64_encode(text, name, n + 8);
        (void)snprintf(out, sizeof(out), TAKE("domain", "%s"), name);
        check(ENT_FORMAT_AUTO, text, ENT_OK, out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_skipped),
        cmocka_unit_test(test_recognised),
        cmocka_unit_test(test_random),
    };
    return ent_t_run("suricata", tests);
}
