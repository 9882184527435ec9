/* test_out_yara.c: YARA rules that go out. */
#include "tests/support/out.h"

static const struct ent_out_opts opts = {
    .now = ENT_T_NOW, .author = {(const uint8_t *)"CERT", 4}, .key = {(const uint8_t *)"key", 3}};

#define HEAD                                                                                       \
    "// Entente " ENTENTE_VERSION ", 2018-08-20T00:00:00Z: what CERT knows; not for others\n"      \
    "import \"hash\"\n"
#define MD5    "44d88612fea8a8f36de82e1278abb02f"
#define MD5_2  "00000000000000000000000000000002"
#define SHA256 "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f"

static void start(struct ent_t_out *o, const struct ent_out_opts *how)
{
    *o = (struct ent_t_out){.fail_at = 0};
    ent_t_out_start(o, "yara", how);
}

static void put(struct ent_t_out *o, const char *value, enum ent_tlp tlp, const char *source)
{
    struct ent_indicator ind = ent_t_indicator(value);
    ind.tlp = tlp;
    ind.text = ENT_SLICE_LIT("\" or true // */");
    ind.kind = ENT_SLICE_LIT("}");
    ent_t_out_put(o, &ind, source);
}

/* The ids were computed by another program, out of what docs/formats.md says. */
static const char small[] =
    HEAD "\nrule entente_md5_1_f5476cca\n{\n    meta:\n"
         "        author = \"CERT\"\n"
         "        description = \"Files that are known as hostile, by their md5\"\n"
         "        id = \"f5476cca-bda8-5058-8749-3ed3338caec6\"\n"
         "        date = \"2018-08-19\"\n"
         "        modified = \"2018-08-20\"\n"
         "        tlp = \"TLP:AMBER+STRICT\"\n"
         "        hashes = 2\n"
         "        sources = 2\n"
         "    condition:\n        filesize > 0 and (\n"
         "            hash.md5(0, filesize) == \"" MD5_2 "\" or\n"
         "            hash.md5(0, filesize) == \"" MD5 "\"\n"
         "        )\n}\n"
         "\nrule entente_sha256_1_834468ab\n{\n    meta:\n"
         "        author = \"CERT\"\n"
         "        description = \"Files that are known as hostile, by their sha256\"\n"
         "        id = \"834468ab-3cda-5403-bf68-4c7cee027b4d\"\n"
         "        date = \"2018-08-19\"\n"
         "        modified = \"2018-08-20\"\n"
         "        tlp = \"TLP:GREEN\"\n"
         "        hashes = 1\n"
         "        sources = 1\n"
         "    condition:\n        filesize > 0 and (\n"
         "            hash.sha256(0, filesize) == \"" SHA256 "\"\n"
         "        )\n}\n";

static void test_rules(void **state)
{
    struct ent_t_out o;
    (void)state;
    start(&o, &opts);
    put(&o, MD5, ENT_TLP_AMBER_STRICT, "a");
    put(&o, MD5_2, ENT_TLP_GREEN, "b\";");
    put(&o, SHA256, ENT_TLP_GREEN, "a");
    assert_string_equal(ent_t_out_end(&o), small);
    assert_int_equal(ent_out_written(o.out)[ENT_OBS_MD5], 2);
    assert_int_equal(ent_out_written(o.out)[ENT_OBS_SHA256], 1);
    ent_t_out_release(&o);
}

/* An empty file has no hash for YARA, and a rule that never holds would be a promise broken. */
static void test_left_out(void **state)
{
    static const char *const never[] = {
        "d41d8cd98f00b204e9800998ecf8427e",
        "da39a3ee5e6b4b0d3255bfef95601890afd80709",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        MD5 MD5 MD5 MD5, /* the length of a SHA-512 */
        "evil.example",
        "198.51.100.3",
        "198.51.100.0/24",
        "198.51.100.3:443",
        "http://evil.example/a",
        "http://evil.example/*",
        "a@evil.example",
    };
    const size_t n = sizeof(never) / sizeof(never[0]);
    struct ent_t_out o;
    uint64_t lost = 0;
    (void)state;
    start(&o, &opts);
    for (size_t i = 0; i < n; i++)
        put(&o, never[i], ENT_TLP_GREEN, "s");
    assert_string_equal(ent_t_out_end(&o), HEAD);
    for (unsigned t = 0; t < ENT_OBS_TYPES; t++)
        lost += ent_out_lost(o.out)[t];
    assert_int_equal(lost, n);
    ent_t_out_release(&o);
}

static unsigned count(const char *in, const char *what)
{
    unsigned n = 0;
    for (; (in = strstr(in, what)) != NULL; in++)
        n++;
    return n;
}

static void put_many(struct ent_t_out *o, const char *form, unsigned n)
{
    char text[80];
    for (unsigned i = 1; i <= n; i++) {
        (void)snprintf(text, sizeof(text), strcmp(form, "md5") == 0 ? "%032x" : "%064x", i);
        put(o, text, ENT_TLP_CLEAR, "s");
    }
}

/* A thousand a rule, not one more and not one less, and each hash once. */
static void test_cut(void **state)
{
    struct ent_t_out o;
    char text[80];
    (void)state;
    for (unsigned n = 999; n <= 3001; n += n == 1001 ? 2000 : 1) {
        start(&o, &opts);
        put_many(&o, "sha256", n);
        const char *got = ent_t_out_end(&o);
        assert_int_equal(count(got, "\nrule entente_sha256_"), (n + 999) / 1000);
        assert_int_equal(count(got, "hash.sha256(0, filesize) == "), n);
        assert_int_equal(count(got, "        hashes = 1000\n"), n / 1000);
        for (unsigned i = 1; i <= n; i += 97) {
            (void)snprintf(text, sizeof(text), "== \"%064x\"", i);
            assert_int_equal(count(got, text), 1);
        }
        ent_t_out_release(&o);
    }
}

/* Eight in a row; of more, each half behind the question whether it can be in it. */
static void test_halves(void **state)
{
    struct ent_t_out o;
    (void)state;
    start(&o, &opts);
    put_many(&o, "md5", 8);
    assert_null(strchr(strstr(ent_t_out_end(&o), "condition:"), '<'));
    ent_t_out_release(&o);
    start(&o, &opts);
    for (unsigned i = 9; i >= 1; i--) {
        char text[40];
        (void)snprintf(text, sizeof(text), "%032x", i);
        put(&o, text, ENT_TLP_CLEAR, "s");
    }
#define IS(op, last)                                                                               \
    "            hash.md5(0, filesize) " op " \"0000000000000000000000000000000" last "\""
    const char *got = strstr(ent_t_out_end(&o), "        filesize > 0");
    static const char *const want[] = {
        "        filesize > 0 and (\n",
        IS("<", "5"),
        " and (\n",
        IS("==", "1"),
        " or\n",
        IS("==", "2"),
        " or\n",
        IS("==", "3"),
        " or\n",
        IS("==", "4"),
        "\n            ) or\n",
        IS(">=", "5"),
        " and (\n",
        IS("==", "5"),
        " or\n",
        IS("==", "6"),
        " or\n",
        IS("==", "7"),
        " or\n",
        IS("==", "8"),
        " or\n",
        IS("==", "9"),
        "\n            )\n        )\n}\n",
    };
    assert_non_null(got);
    for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
        assert_memory_equal(got, want[i], strlen(want[i]));
        got += strlen(want[i]);
    }
    assert_string_equal(got, "");
    ent_t_out_release(&o);
}

/* The id that the first rule got. */
static void id_of(char ret[static 40], const struct ent_out_opts *how, unsigned n)
{
    struct ent_t_out o;
    start(&o, how);
    put_many(&o, "md5", n);
    const char *text = strstr(ent_t_out_end(&o), " id = \"");
    assert_non_null(text);
    (void)snprintf(ret, 40, "%.36s", text + strlen(" id = \""));
    ent_t_out_release(&o);
}

static void test_ids(void **state)
{
    struct ent_out_opts other[] = {opts, opts, opts, opts};
    char id[40], again[40];
    (void)state;
    other[0].author = ENT_SLICE_LIT("CERT2");
    other[1].key = ENT_SLICE_LIT("key2");
    other[2].choice = ENT_SLICE_LIT("md5");
    other[3].door = ENT_TLP_GREEN;
    id_of(id, &opts, 1);
    assert_int_equal(id[14], '5');
    id_of(again, &opts, 700); /* what is in it does not matter */
    assert_string_equal(id, again);
    for (size_t i = 0; i < 4; i++) {
        id_of(again, &other[i], 1);
        assert_string_not_equal(id, again);
    }
}

/* Whatever the publisher calls himself, it stays in its string. */
static void test_hostile_author(void **state)
{
    struct ent_out_opts how = opts;
    struct ent_t_out o;
    (void)state;
    how.author = ENT_SLICE_LIT("a\"\\\nb */ \xff\u202e\u00e9");
    start(&o, &how);
    put(&o, MD5, ENT_TLP_CLEAR, "s");
    const char *text = ent_t_out_end(&o);
    assert_non_null(strstr(text, "        author = \"a\\\"\\\\ b */ \ufffd\u202e\u00e9\"\n"));
    assert_int_equal(count(text, "\n}\n"), 1);
    assert_null(strchr(text, '\r'));
    ent_t_out_release(&o);
}

/* A sink that fails ends it, whichever piece it is. */
static void test_failing_sink(void **state)
{
    (void)state;
    for (size_t at = 1; at <= 3; at++) {
        struct ent_t_out o = {.fail_at = at};
        enum ent_err r = ENT_OK;
        char text[80];
        ent_t_out_start(&o, "yara", &opts);
        for (unsigned i = 1; i <= 5000 && r == ENT_OK; i++) {
            (void)snprintf(text, sizeof(text), "%064x", i);
            struct ent_indicator ind = ent_t_indicator(text);
            const struct ent_out_item item = {.ind = &ind, .source = ENT_SLICE_LIT("s")};
            r = ent_out_put(o.out, &item);
        }
        assert_err(r == ENT_OK ? ent_out_end(o.out) : r, ENT_E_FULL);
        ent_t_out_release(&o);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rules),        cmocka_unit_test(test_left_out),
        cmocka_unit_test(test_cut),          cmocka_unit_test(test_halves),
        cmocka_unit_test(test_ids),          cmocka_unit_test(test_hostile_author),
        cmocka_unit_test(test_failing_sink),
    };
    return ent_t_run("out_yara", tests);
}
