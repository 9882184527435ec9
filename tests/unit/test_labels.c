/* test_labels.c: the words that sources put on their claims: sets of them, and where they are read
 * and written. */
#include "tests/support/feed.h"
#include "tests/support/out.h"

#include "intel/feed.h"

static struct ent_labels set_of(const char *const *words)
{
    struct ent_labels l = {.n = 0};
    for (; *words != NULL; words++)
        (void)ent_labels_add(&l, ent_slice_str(*words));
    return l;
}
#define SET(...) set_of((const char *const[]){__VA_ARGS__, NULL})

static const char *text_of(const struct ent_labels *l)
{
    static char text[ENT_LABELS_BYTES + 1];
    memcpy(text, l->text, l->n);
    text[l->n] = '\0';
    return text;
}

static void test_set(void **state)
{
    (void)state;
    struct ent_labels l = SET("b", "a", "c", "b", " a\t", "ab");
    assert_string_equal(text_of(&l), "a\nab\nb\nc");
    assert_int_equal(l.count, 4);
    l = SET("x\ny", "\x1b[31mz", "\xff", "b\xc3\xb6se");
    assert_string_equal(text_of(&l), "[31mz\nb\xc3\xb6se\nx y\n\xef\xbf\xbd");
    /* what rates is for no set */
    static const char *const never[] = {"",
                                        " \n",
                                        "tlp:clear",
                                        "TLP:Red",
                                        "tlp:nonsense",
                                        "\xc2\xa0tlp:clear",
                                        "osint:certainty=\"80\"",
                                        "osint:certainty=x",
                                        "misp:confidence-level=\"unconfident\"",
                                        "admiralty-scale:information-credibility=\"6\"",
                                        "estimative-language:likelihood-probability=likely"};
    l = SET("a");
    for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
        assert_false(ent_labels_add(&l, ent_slice_str(never[i])));
    assert_string_equal(text_of(&l), "a");
    l = SET("tlp", "osint:certainty", "admiralty-scale:source-reliability=\"a\"");
    assert_int_equal(l.count, 3);
}

static void test_limits(void **state)
{
    char word[2 * ENT_LABEL_MAX];
    struct ent_labels l = {.n = 0};
    (void)state;
    memset(word, 'x', sizeof(word));
    assert_true(ent_labels_add(&l, ent_slice(word, ENT_LABEL_MAX)));
    assert_false(ent_labels_add(&l, ent_slice(word, ENT_LABEL_MAX + 1)));
    assert_false(ent_labels_add(&l, ent_slice(word, sizeof(word))));
    memcpy(word + ENT_LABEL_MAX - 1, "\xc3\xb6", 2); /* a character across the end */
    assert_false(ent_labels_add(&l, ent_slice(word, ENT_LABEL_MAX + 1)));
    memcpy(word + ENT_LABEL_MAX - 2, " \xf0\x9f\x98\x80", 5);
    assert_false(ent_labels_add(&l, ent_slice(word, ENT_LABEL_MAX + 3)));
    assert_int_equal(l.count, 1);
    l = (struct ent_labels){.n = 0};
    for (unsigned i = 0; i < ENT_LABELS_MOST; i++) {
        (void)snprintf(word, sizeof(word), "%u", 99 - i);
        assert_true(ent_labels_add(&l, ent_slice_str(word)));
    }
    assert_false(ent_labels_add(&l, ENT_SLICE_LIT("one more")));
    assert_true(ent_labels_add(&l, ENT_SLICE_LIT("99"))); /* is there */
    l = (struct ent_labels){.n = 0};
    memset(word, 'x', sizeof(word));
    for (size_t i = 0; i < 7; i++) { /* 7 of 128 and what is between: 122 are left */
        word[0] = (char)('a' + i);
        assert_true(ent_labels_add(&l, ent_slice(word, ENT_LABEL_MAX)));
    }
    word[0] = 'A';
    assert_false(ent_labels_add(&l, ent_slice(word, 122)));
    assert_true(ent_labels_add(&l, ent_slice(word, 121)));
    assert_int_equal(l.n, ENT_LABELS_BYTES);
    assert_false(ent_labels_add(&l, ENT_SLICE_LIT("y")));
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Against sorting all of them. */
static void test_random(void **state)
{
    (void)state;
    for (int round = 0; round < 2000; round++) {
        char words[12][4], want[64] = "";
        const char *sorted[12];
        struct ent_labels l = {.n = 0};
        size_t n = 1 + (size_t)ent_t_below(12);
        for (size_t i = 0; i < n; i++) {
            for (size_t k = 0; k < 3; k++)
                words[i][k] = "abc\0"[ent_t_below(k == 0 ? 3 : 4)];
            words[i][3] = '\0';
            sorted[i] = words[i];
            assert_true(ent_labels_add(&l, ent_slice_str(words[i])));
        }
        qsort(sorted, n, sizeof(sorted[0]), by_bytes);
        for (size_t i = 0; i < n; i++)
            if (i == 0 || strcmp(sorted[i], sorted[i - 1]) != 0)
                (void)snprintf(want + strlen(want), sizeof(want) - strlen(want), "%s%s",
                               i > 0 ? "\n" : "", sorted[i]);
        assert_string_equal(text_of(&l), want);
        struct ent_labels again = {.n = 0};
        ent_labels_join(&again, ent_labels_slice(&l));
        assert_string_equal(text_of(&again), want);
    }
}

/* --- read -------------------------------------------------------------------------------------*/

#define STIX(rest)                                                                                 \
    "{\"type\":\"indicator\",\"id\":\"indicator--1\",\"pattern\":\"[domain-name:value='a.org']\""  \
    "," rest "}"
#define SAYS(tlp, confidence, kind, labels)                                                        \
    "take domain a.org " tlp " " confidence " 0 0 [indicator--1] [" kind "] []" labels "\n"

static void stix(const char *in, const char *out)
{
    ent_t_feed(ENT_FORMAT_STIX, ENT_FORMAT_STIX, in, ENT_OK, out);
}

static void test_stix(void **state)
{
    (void)state;
    /* what of an array is no text is passed over; so is what is no array */
    stix(STIX("\"labels\":[\"b\",7,{\"x\":[\"n\"]},\"a\",null,\"b\"]"),
         SAYS("TLP:AMBER", "-1", "b", " {a} {b}"));
    stix(STIX("\"labels\":\"a\""), SAYS("TLP:AMBER", "-1", "", ""));
    stix(STIX("\"labels\":[]"), SAYS("TLP:AMBER", "-1", "", ""));
    /* 2.1: labels are no kind */
    stix(STIX("\"labels\":[\"a\"],\"spec_version\":\"2.1\""), SAYS("TLP:AMBER", "-1", "", " {a}"));
    stix(STIX("\"indicator_types\":[\"c2\",\"x\"],\"labels\":[\"a\"]"),
         SAYS("TLP:AMBER", "-1", "c2", " {a} {x}"));
    stix(STIX("\"kill_chain_phases\":[{\"phase_name\":\"c2\",\"x\":[{}],\"kill_chain_name\":"
              "\"mitre\"},{\"kill_chain_name\":\"no phase\"},{\"kill_chain_name\":5,"
              "\"phase_name\":\"y\"},7,[\"z\"]]"),
         SAYS("TLP:AMBER", "-1", "", " {mitre:c2}"));
    stix(STIX("\"kill_chain_phases\":{\"kill_chain_name\":\"a\",\"phase_name\":\"b\"}"),
         SAYS("TLP:AMBER", "-1", "", ""));
    /* a marking among the labels makes narrower, never wider */
    stix(STIX("\"labels\":[\"a\",\"tlp:red\"]"), SAYS("TLP:RED", "-1", "a", " {a}"));
    stix(STIX("\"labels\":[\"a\",\"tlp:clear\"]"), SAYS("TLP:AMBER", "-1", "a", " {a}"));
    stix(STIX("\"labels\":[\"a\",\"tlp:who knows\"]"), SAYS("TLP:RED", "-1", "a", " {a}"));
    stix(STIX("\"spec_version\":\"2.1\",\"labels\":[\"osint:certainty=\\\"70\\\"\"]"),
         SAYS("TLP:AMBER", "70", "", ""));
    stix(STIX("\"spec_version\":\"2.1\",\"labels\":[\"osint:certainty=\\\"70\\\"\"],"
              "\"confidence\":20"),
         SAYS("TLP:AMBER", "20", "", ""));
    /* two readers would take two values */
    stix(STIX("\"kill_chain_phases\":[],\"kill_chain_phases\":[]"),
         "skip 1 [a property stands twice in the object] [[domain-name:value='a.org']]\n");
    ent_t_feed(ENT_FORMAT_STIX, ENT_FORMAT_STIX, STIX("\"kill_chain_phases\":[{\"phase_name\"]"),
               ENT_E_FORMAT, "1: ':' must follow a key");
}

static void table(const char *in, const char *out)
{
    ent_t_feed(ENT_FORMAT_AUTO, ENT_FORMAT_TABLE, in, ENT_OK, out);
}
#define ROW(tlp, labels) "take domain a.org " tlp " -1 0 0 [] [] []" labels "\n"

static void test_table(void **state)
{
    (void)state;
    /* as abuse.ch writes them */
    table("value,tags\na.org,\"32-bit,elf,mips\"\n", ROW("TLP:AMBER", " {32-bit} {elf} {mips}"));
    table("value,tags\na.org,None\n", ROW("TLP:AMBER", ""));
    table("value,tags\na.org,\n", ROW("TLP:AMBER", ""));
    table("value,tags\na.org,\", ,b,\"\n", ROW("TLP:AMBER", " {b}"));
    table("value;labels\na.org;a|b,c|\n", ROW("TLP:AMBER", " {a} {b,c}"));
    table("value,labels\na.org,\"a\\,b\"\n", ROW("TLP:AMBER", " {a\\} {b}"));
    table("value,labels\na.org,a\\|b\\\\|c\\\n", ROW("TLP:AMBER", " {a|b\\} {c\\}"));
    table("value,labels\na.org,|none\n", ROW("TLP:AMBER", " {none}"));
    table("value,labels,tags\na.org,b,a\n", ROW("TLP:AMBER", " {a} {b}"));
    table("value,tag\na.org,b\n", ROW("TLP:AMBER", ""));
    table("value,tlp,attribute_tag\na.org,green,\"tlp:white,x\"\n", ROW("TLP:GREEN", " {x}"));
    table("value,tlp,attribute_tag\na.org,clear,\"x,tlp:amber\"\n", ROW("TLP:AMBER", " {x}"));
}

/* --- written, and read again ------------------------------------------------------------------*/

static const struct ent_out_opts opts = {
    .now = ENT_T_NOW, .author = {(const uint8_t *)"A", 1}, .key = {(const uint8_t *)"k", 1}};

struct again {
    const struct ent_indicator *want;
    const char *format;
    size_t n;
};

static enum ent_err compare(void *ctx, const struct ent_indicator *ind)
{
    struct again *a = ctx;
    const struct ent_indicator *w = a->want;
    bool ok = ind->obs.type == w->obs.type && strcmp(ind->obs.text, w->obs.text) == 0 &&
              ind->tlp == w->tlp && ind->confidence == w->confidence &&
              ent_slice_eq(ind->labels, w->labels);
    bool misp = strcmp(a->format, "misp") == 0; /* has no place for these */
    ok = ok && ind->valid_from == w->valid_from && (misp || ind->valid_until == w->valid_until) &&
         (misp || (ent_slice_eq(ind->kind, w->kind) && ent_slice_eq(ind->text, w->text)));
    if (!ok)
        print_error("%s %s [%.*s] [%.*s] {%.*s} not [%.*s] [%.*s] {%.*s}\n", a->format, w->obs.text,
                    (int)ind->kind.n, ind->kind.p, (int)ind->text.n, ind->text.p,
                    (int)ind->labels.n, ind->labels.p, (int)w->kind.n, w->kind.p, (int)w->text.n,
                    w->text.p, (int)w->labels.n, w->labels.p);
    assert_true(ok);
    a->n++;
    return ENT_OK;
}

static void check_again(const char *format, const struct ent_indicator *ind)
{
    struct ent_t_out o = {.fail_at = 0};
    struct again a = {ind, format, 0};
    struct ent_import_opts in = {.confidence = -1};
    struct ent_import_sink sink = {.ctx = &a, .take = compare};
    ent_t_out_start(&o, format, &opts);
    ent_t_out_put(&o, ind, "s");
    struct ent_slice text = ent_slice_str(ent_t_out_end(&o));
    assert_ok(ent_format_parse(&in.format, ent_slice_str(format)));
    if (ent_out_lost(o.out)[ind->obs.type] == 0) {
        assert_ok(ent_intel_read(ent_reader_mem(&text), &in, &sink, NULL, NULL));
        assert_int_equal(a.n, 1);
    }
    ent_t_out_release(&o);
}

static void random_word(char *ret, size_t most)
{
    static const char *const from[] = {"a", "b", "|", "\\", ",",      "\"",   "'", "=", "+",
                                       "-", "@", "#", ";",  "\u00e9", "none", " ", ":", "\\n"};
    size_t parts = (size_t)ent_t_below(6), n = 0;
    for (*ret = '\0'; parts > 0; parts--)
        n += (size_t)snprintf(ret + n, most - n, "%s",
                              from[ent_t_below(sizeof(from) / sizeof(from[0]))]);
}

static void test_again(void **state)
{
    (void)state;
    for (int round = 0; round < 4000; round++) {
        struct ent_indicator ind = {.tlp = (enum ent_tlp)(1 + ent_t_below(5)),
                                    .confidence = (int)ent_t_below(102) - 1,
                                    .valid_from = ENT_T_NOW - (int64_t)ent_t_below(1000),
                                    .valid_until = round % 2 == 0 ? 0 : ENT_T_NOW + 5};
        struct ent_labels l = {.n = 0};
        char word[64], kind[2][64], text[2][64];
        for (size_t n = (size_t)ent_t_below(5); n > 0; n--) {
            random_word(word, sizeof(word));
            (void)ent_labels_add(&l, ent_slice_str(word));
        }
        random_word(kind[0], sizeof(kind[0]));
        random_word(text[0], sizeof(text[0]));
        ind.labels = ent_labels_slice(&l);
        ind.kind = ent_slice(kind[1], ent_clean_text(kind[1], 64, ent_slice_str(kind[0])));
        ind.text = ent_slice(text[1], ent_clean_text(text[1], 64, ent_slice_str(text[0])));
        ent_t_random_observable(&ind.obs, (enum ent_obs_type)(1 + ent_t_below(ENT_OBS_TYPES - 1)));
        check_again("csv", &ind);
        check_again("stix", &ind);
        check_again("misp", &ind);
    }
}

/* The most that there can be. */
static void test_again_full(void **state)
{
    struct ent_indicator ind = ent_t_indicator("a.org");
    struct ent_labels l = {.n = 0};
    char word[ENT_LABEL_MAX];
    (void)state;
    memset(word, '|', sizeof(word));
    for (size_t i = 0; i < 7; i++) {
        word[0] = (char)('a' + i);
        assert_true(ent_labels_add(&l, ent_slice(word, sizeof(word))));
    }
    assert_true(ent_labels_add(&l, ent_slice(word + 7, 121)));
    ind.labels = ent_labels_slice(&l);
    ind.valid_from = ENT_T_NOW;
    check_again("csv", &ind);
    check_again("stix", &ind);
    check_again("misp", &ind);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_set),        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_random),     cmocka_unit_test(test_stix),
        cmocka_unit_test(test_table),      cmocka_unit_test(test_again),
        cmocka_unit_test(test_again_full),
    };
    return ent_t_run("labels", tests);
}
