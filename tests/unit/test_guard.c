/* test_guard.c: lookalikes that were really used, near misses, and names made to hurt. */
#include "tests/support/t.h"

#include "watch/watch.h"
#include "watch/guard_in.h"

#include <unicode/uspoof.h>

static struct ent_guard *guard_of(const char *const *names)
{
    struct ent_guard *g = NULL;
    assert_ok(ent_guard_new(&g, 0));
    for (; *names != NULL; names += 2)
        assert_ok(ent_guard_add(g, ent_slice_str(names[0]), ent_slice_str(names[1])));
    assert_ok(ent_guard_seal(g));
    return g;
}

static const char *const protected_names[] = {"adfs.senate.gov",
                                              "U.S. Senate",
                                              "senate.gov",
                                              "",
                                              "google.com",
                                              "",
                                              "accounts.google.com",
                                              "",
                                              "hudsonorg-my.sharepoint.com",
                                              "",
                                              "bund.de",
                                              "",
                                              "gov.pl",
                                              "",
                                              "mofa.gov.qa",
                                              "",
                                              "nato.int",
                                              "North Atlantic Treaty Organization",
                                              "amazon.com",
                                              "",
                                              "microsoft.com",
                                              "",
                                              "wsj.com",
                                              "",
                                              "techcrunch.com",
                                              "",
                                              "tdcanadatrust.com",
                                              "",
                                              "mil.am",
                                              "",
                                              "yandex.ru",
                                              "",
                                              "mfa.gr",
                                              "",
                                              "office.com",
                                              "",
                                              "weather.gov",
                                              "",
                                              "cubic.com",
                                              "",
                                              "sofexjordan.com",
                                              "",
                                              "vote.gov",
                                              "",
                                              NULL};

static const struct {
    const char *name, *protected;
    uint32_t reasons;
} alike[] = {
    /* the whole name, below another or with its dots moved */
    {"senate.gov.login.example.net", "senate.gov", ENT_GUARD_WHOLE},
    {"mofa.gov.qa.evil.com", "mofa.gov.qa", ENT_GUARD_WHOLE},
    {"bund-de.cloud", "bund.de", ENT_GUARD_MOVED},
    {"t-d-canadatrust.com", "tdcanadatrust.com", ENT_GUARD_MOVED},
    {"hudsonorg-my-sharepoint.com", "hudsonorg-my.sharepoint.com", ENT_GUARD_MOVED},
    {"natoint.com", "nato.int", ENT_GUARD_MOVED},
    /* letters that look alike, in ASCII and beyond */
    {"q0v.pl", "gov.pl", ENT_GUARD_GLYPH},
    {"mail.rnil.am", "mil.am", ENT_GUARD_GLYPH},
    {"mail.mofa.g0v.qa", "mofa.gov.qa", ENT_GUARD_GLYPH},
    {"rnicrosoft.com", "microsoft.com", ENT_GUARD_GLYPH},
    {"xn--amazo-d8a.com", "amazon.com", ENT_GUARD_UNICODE},
    {"xn--google-yri.com", "google.com", ENT_GUARD_UNICODE},
    {"xn--80ak6aa92e.com", NULL, 0}, /* Cyrillic, but nobody's here */
    /* another suffix */
    {"senate.group", "senate.gov", ENT_GUARD_SUFFIX | ENT_GUARD_CHEAP},
    {"adfs.senate.group", "adfs.senate.gov", ENT_GUARD_SUFFIX | ENT_GUARD_HOST},
    /* the brand and other words */
    {"adfs-senate.email", "adfs.senate.gov", ENT_GUARD_WORD | ENT_GUARD_HOST},
    {"google-mail.com.co", "google.com", ENT_GUARD_WORD | ENT_GUARD_BAIT},
    {"googledomalns.com", "google.com", ENT_GUARD_PART | ENT_GUARD_BAIT},
    {"natopress.com", "nato.int", ENT_GUARD_PART | ENT_GUARD_BAIT},
    {"mfagreece.com", "mfa.gr", ENT_GUARD_PART | ENT_GUARD_COUNTRY},
    {"loqin-yandex.ru", "yandex.ru", ENT_GUARD_WORD | ENT_GUARD_BAIT},
    {"sofexjordan2014.com", "sofexjordan.com", ENT_GUARD_PART},
    {"ussenate.org", "adfs.senate.gov", ENT_GUARD_DISPLAY},
    {"north-atlantic-treaty-organization.org", "nato.int", ENT_GUARD_DISPLAY},
    {"office.login.example.com", NULL, 0}, /* a plain word below somebody's domain */
    /* edits */
    {"googl.club", "google.com", ENT_GUARD_DROPPED},
    {"gooogle-login.com", "google.com", ENT_GUARD_DOUBLED | ENT_GUARD_BAIT},
    {"accountgooogle.com", "google.com", ENT_GUARD_DOUBLED},
    {"googel.com", "google.com", ENT_GUARD_SWAPPED},
    {"microsofr.com", "microsoft.com", ENT_GUARD_KEY},
    {"microsofv.com", "microsoft.com", ENT_GUARD_BIT},
    {"microsogt.com", "microsoft.com", ENT_GUARD_KEY},
    {"microsofft-update.com", "microsoft.com", ENT_GUARD_DOUBLED | ENT_GUARD_BAIT},
    {"techcruncln.com", "techcrunch.com", ENT_GUARD_ADDED},
    {"accounts-googlc.com", "accounts.google.com", ENT_GUARD_GLYPH | ENT_GUARD_HOST},
    {"sharcpoint.com", "hudsonorg-my.sharepoint.com", ENT_GUARD_GLYPH},
};

static void test_real_lookalikes(void **state)
{
    struct ent_guard *g = guard_of(protected_names);
    (void)state;
    for (size_t i = 0; i < sizeof(alike) / sizeof(alike[0]); i++) {
        struct ent_guard_finding f = {.score = 0};
        (void)ent_guard_check(g, &f, ent_slice_str(alike[i].name));
        bool want = alike[i].protected != NULL, got = f.score >= ENT_GUARD_SCORE;
        if (got != want || (want && (f.reasons & alike[i].reasons) != alike[i].reasons) ||
            (want && !ent_slice_eq(f.protected, ent_slice_str(alike[i].protected)))) {
            printf("# %s: %u points for %.*s, reasons %x\n", alike[i].name, f.score,
                   (int)f.protected.n, (const char *)f.protected.p, f.reasons);
            fail();
        }
        assert_true(f.score <= 100);
    }
    ent_guard_free(g);
}

static void test_near_misses(void **state)
{
    static const char *const innocent[] = {
        "senate.gov",
        "www.senate.gov",
        "adfs.senate.gov", /* the owner's */
        "mail.google.com",
        "x.gov.pl",
        "a.mil.am",
        "senat.fr",
        "senato.it",
        "flsenate.gov",
        "metoffice.gov.uk", /* others, and states */
        "openoffice.org",
        "officedepot.com",
        "officer.com",
        "boxoffice.com",
        "goggles.net",
        "googleplex.net",
        "foogle.net",
        "ogle.com",
        "weather.com",
        "weather-station.de",
        "accuweather.com",
        "votes.com",
        "pivote.com",
        "snatomy.com",
        "donato.it",
        "anatomy.org",
        "signatories.com",
        "mfa-boston.example",
        "clubic.com",
        "hubic.com",
        "academic.ru",
        "wsjt.net",
        "wsj-fans.de",
        "google.com.mx",
        "google.de", /* the suffix only begins like ours */
        "example.com",
        "gov.uk",
        "com",
        "co.uk",

        "techtarget.com",
        "tech-crunch",
    };
    struct ent_guard *g = guard_of(protected_names);
    (void)state;
    for (size_t i = 0; i < sizeof(innocent) / sizeof(innocent[0]); i++) {
        struct ent_guard_finding f = {.score = 0};
        (void)ent_guard_check(g, &f, ent_slice_str(innocent[i]));
        if (f.score >= ENT_GUARD_SCORE) {
            printf("# %s: %u points for %.*s, reasons %x\n", innocent[i], f.score,
                   (int)f.protected.n, (const char *)f.protected.p, f.reasons);
            fail();
        }
    }
    ent_guard_free(g);
}

static unsigned score_of(const struct ent_guard *g, const char *name)
{
    struct ent_guard_finding f = {.score = 0};
    return ent_guard_check(g, &f, ent_slice_str(name)) ? f.score : 0;
}

static void test_exclusions(void **state)
{
    struct ent_guard *g;
    (void)state;
    assert_ok(ent_guard_new(&g, 0));
    assert_ok(ent_guard_add(g, ENT_SLICE_LIT("google.com"), ent_slice(NULL, 0)));
    assert_ok(ent_guard_exclude(g, ENT_SLICE_LIT("google-mail.com")));
    assert_ok(ent_guard_exclude(g, ENT_SLICE_LIT("blogspot.com")));
    assert_ok(ent_guard_exclude(g, ENT_SLICE_LIT("xn--google-yri.com")));
    assert_ok(ent_guard_seal(g));
    assert_int_equal(ent_guard_count(g), 1);
    assert_int_equal(score_of(g, "google-mail.com"), 0);
    assert_int_equal(score_of(g, "a.google-mail.com"), 0);
    assert_int_equal(score_of(g, "xn--google-yri.com"), 0);
    assert_true(score_of(g, "agoogle-mail.com") != score_of(g, "google-mail.com"));
    assert_true(score_of(g, "google-mail.net") >= ENT_GUARD_SCORE);
    /* a public suffix is nobody's: what lies below it is another's */
    assert_true(score_of(g, "google-login.blogspot.com") >= ENT_GUARD_SCORE);
    ent_guard_free(g);
}

static void test_errors(void **state)
{
    static const char *const bad[] = {"Senate.gov", "senate", "senate.gov.", "a b.com",
                                      "1.2.3.4",    "",       ".gov",        "s\xC3\xA9nat.fr"};
    struct ent_guard_finding f;
    struct ent_guard *g;
    char text[300];
    (void)state;
    assert_err(ent_guard_new(&g, 1), ENT_E_LIMIT);
    assert_err(ent_guard_new(&g, sizeof(struct ent_guard) + 100), ENT_E_LIMIT);
    assert_ok(ent_guard_new(&g, 0));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_err(ent_guard_add(g, ent_slice_str(bad[i]), ent_slice(NULL, 0)), ENT_E_FORMAT);
        assert_err(ent_guard_exclude(g, ent_slice_str(bad[i])), ENT_E_FORMAT);
    }
    memset(text, 'x', sizeof(text));
    assert_err(ent_guard_add(g, ENT_SLICE_LIT("senate.gov"), ent_slice(text, 256)), ENT_E_LIMIT);
    assert_ok(ent_guard_add(g, ENT_SLICE_LIT("senate.gov"), ent_slice(text, 255)));
    assert_false(ent_guard_check(g, &f, ENT_SLICE_LIT("senate.group"))); /* not sealed */
    assert_ok(ent_guard_seal(g));
    assert_err(ent_guard_seal(g), ENT_E_STATE);
    assert_err(ent_guard_add(g, ENT_SLICE_LIT("house.gov"), ent_slice(NULL, 0)), ENT_E_STATE);
    assert_err(ent_guard_exclude(g, ENT_SLICE_LIT("house.gov")), ENT_E_STATE);
    assert_true(ent_guard_check(g, &f, ENT_SLICE_LIT("senate.group")));
    ent_guard_free(g);
    ent_guard_free(NULL);
    assert_string_equal(ent_guard_reason_name(ENT_GUARD_REASONS), "");
}

static void test_memory_is_bounded(void **state)
{
    struct ent_guard *g;
    char name[80];
    enum ent_err r = ENT_OK;
    (void)state;
    assert_ok(ent_guard_new(&g, 1u << 20));
    for (unsigned i = 0; r == ENT_OK && i < 100000; i++) {
        (void)snprintf(name, sizeof(name), "protected-name-of-some-length-%u.gov", i);
        r = ent_guard_add(g, ent_slice_str(name), ent_slice(NULL, 0));
        assert_true(g->used + g->text.cap <= (1u << 20) + 64);
        if (i == 200) /* and what they turn into */
            break;
    }
    assert_ok(r);
    assert_err(ent_guard_seal(g), ENT_E_LIMIT);
    ent_guard_free(g);
}

static void test_hostile_names(void **state)
{
    struct ent_guard *g = guard_of(protected_names);
    static const char *const pieces[] = {
        "xn--", "google",         "-",       ".",   "senate", "rn", "vv", "\xFF", "\xC3\xA9",
        "0",    "xn--80ak6aa92e", "login",   "gov", "..",     "--", "_",  "mil",  "accounts",
        "a",    "\xE2\x80",       "gooogle", "\n",  " "};
    struct ent_guard_finding f;
    char name[600];
    (void)state;
    for (unsigned round = 0; round < 20000; round++) {
        size_t n = 0, want = ent_t_below(300);
        while (n < want) {
            const char *p = pieces[ent_t_below(sizeof(pieces) / sizeof(pieces[0]))];
            memcpy(name + n, p, strlen(p));
            n += strlen(p);
        }
        f.score = 1;
        (void)ent_guard_check(g, &f, ent_slice(name, n));
        assert_in_range(f.score, 1, 100);
    }
    for (size_t n = 0; n <= 253; n++) {
        memset(name, 'g', n);
        for (size_t i = 60; i < n; i += 61)
            name[i] = '.';
        (void)ent_guard_check(g, &f, ent_slice(name, n));
    }
    assert_false(ent_guard_check(g, &f, ent_slice(name, 254)));
    assert_false(ent_guard_check(g, &f, ENT_SLICE_LIT("senate\0.group")));
    ent_guard_free(g);
}

/* Random keys inside must not show outside. */
static void test_same_answers(void **state)
{
    struct ent_guard *one = guard_of(protected_names), *two = guard_of(protected_names);
    struct ent_slice text = ent_t_file("tests/data/lookalikes/hard_negatives.csv");
    struct ent_cur c = ent_cur(text);
    struct ent_slice line;
    (void)state;
    while (ent_cur_line(&c, &line) == ENT_OK) {
        struct ent_guard_finding a = {.score = 0}, b = {.score = 0};
        const uint8_t *comma = memchr(line.p, ',', line.n);
        assert_non_null(comma);
        line.n = (size_t)(comma - line.p);
        (void)ent_guard_check(one, &a, line);
        (void)ent_guard_check(two, &b, line);
        assert_int_equal(a.score, b.score);
        assert_int_equal(a.reasons, b.reasons);
        assert_true(ent_slice_eq(a.protected, b.protected));
    }
    ent_guard_free(one);
    ent_guard_free(two);
}

/* --- folding ------------------------------------------------------------------------------------
 */

static void fold_one(char ret[static 8], char c)
{
    struct ent_guard_text t;
    ent_guard_fold(&t, ent_slice(&c, 1));
    memcpy(ret, t.fold, t.n);
    ret[t.n] = '\0';
}

/* What UTS 39 takes for confusable among letters and digits, in either case, folds to the same. */
static void test_fold_against_icu(void **state)
{
    static const char all[] = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    UErrorCode e = U_ZERO_ERROR;
    USpoofChecker *sc = uspoof_open(&e);
    unsigned pairs = 0;
    (void)state;
    assert_true(U_SUCCESS(e));
    for (const char *a = all; *a != '\0'; a++)
        for (const char *b = a + 1; *b != '\0'; b++) {
            char skel[2][16], fold[2][8];
            const char two[2] = {*a, *b};
            for (int i = 0; i < 2; i++) {
                int32_t n = uspoof_getSkeletonUTF8(sc, 0, &two[i], 1, skel[i], 15, &e);
                assert_true(U_SUCCESS(e) && n > 0);
                skel[i][n] = '\0';
                fold_one(fold[i], two[i]);
            }
            if (strcmp(skel[0], skel[1]) != 0)
                continue;
            pairs++;
            assert_string_equal(fold[0], fold[1]);
        }
    assert_true(pairs >= 4); /* 1 I l, 0 O */
    uspoof_close(sc);
}

static void folds_to(const char *name, const char *want)
{
    struct ent_guard_text t;
    ent_guard_fold(&t, ent_slice_str(name));
    t.fold[t.n] = '\0';
    assert_string_equal(t.fold, want);
    assert_int_equal(t.raw_at[t.n], t.raw_n);
}

static void test_folding(void **state)
{
    (void)state;
    folds_to("rnicros0ft.c0m", "mlcrosoftcom");
    folds_to("a-b_c.d", "abcd");
    folds_to("-..--", "");
    folds_to("vvvv", "ww");
    folds_to("r.n", "rn"); /* not across a dot */
    folds_to("xn--80ak6aa92e.com", "applecom");
    folds_to("xn--bcher-kva.de", "bucherde");
    folds_to("xn--.com", "xncom");
    folds_to("xn--99999999999.com", "xn99999999999com");
}

/* --- candidates ---------------------------------------------------------------------------------
 */

struct kept {
    char text[40000][256];
    size_t n;
    const char *last;
    size_t techniques, stop_at;
};

static enum ent_err keep(void *ctx, const char *technique, struct ent_slice name)
{
    struct kept *k = ctx;
    struct ent_observable o;
    assert_true(k->n < 40000 && name.n < 254);
    assert_ok(ent_observable_parse_as(&o, NULL, ENT_OBS_DOMAIN, name));
    assert_true(ent_slice_eq(ent_slice(o.text, o.n), name));
    k->techniques += k->last == NULL || strcmp(k->last, technique) != 0;
    k->last = technique;
    (void)snprintf(k->text[k->n++], 256, "%.*s", (int)name.n, (const char *)name.p);
    return k->n == k->stop_at ? ENT_E_INTERRUPTED : ENT_OK;
}

static int compare(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void test_candidates(void **state)
{
    static const char *const wanted[] = {
        "senatea.gov", "senatf.gov",    "login-senate.gov",  "senate-login.gov", "5enate.gov",
        "sen-ate.gov", "seenate.gov",   "snate.gov",         "senates.gov",      "sennate.gov",
        "senste.gov",  "sen.ate.gov",   "seante.gov",        "senate.com",       "senate-gov.com",
        "senata.gov",  "senategov.com", "xn--sente-6ve.gov", /* Cyrillic a */
    };
    static struct kept one, two;
    (void)state;
    assert_ok(ent_guard_candidates(ENT_SLICE_LIT("www.senate.gov"), keep, &one));
    assert_ok(ent_guard_candidates(ENT_SLICE_LIT("senate.gov"), keep, &two));
    assert_int_equal(one.n, two.n);
    assert_memory_equal(one.text, two.text, sizeof(one.text)); /* always the same */
    assert_true(one.techniques >= 14);
    assert_true(one.n > 1500);
    qsort(one.text, one.n, sizeof(one.text[0]), compare);
    for (size_t i = 1; i < one.n; i++)
        assert_true(strcmp(one.text[i - 1], one.text[i]) != 0);
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        char key[256] = "";
        (void)snprintf(key, sizeof(key), "%s", wanted[i]);
        if (bsearch(key, one.text, one.n, sizeof(one.text[0]), compare) == NULL) {
            printf("# %s is missing\n", wanted[i]);
            fail();
        }
    }
    memset(&two, 0, sizeof(two));
    two.stop_at = 3;
    assert_err(ent_guard_candidates(ENT_SLICE_LIT("senate.gov"), keep, &two), ENT_E_INTERRUPTED);
    assert_int_equal(two.n, 3);
    assert_err(ent_guard_candidates(ENT_SLICE_LIT("senate"), keep, &two), ENT_E_FORMAT);
    assert_err(ent_guard_candidates(ENT_SLICE_LIT("SENATE.gov"), keep, &two), ENT_E_FORMAT);
}

static void test_candidates_of_odd_names(void **state)
{
    static struct kept k;
    char longest[80];
    (void)state;
    memset(longest, 'm', 63);
    memcpy(longest + 63, ".de", 4);
    static const char *const odd[] = {"gov.pl", "a.b", "co.uk", "xn--bcher-kva.de", "a-b.co.uk"};
    for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
        memset(&k, 0, sizeof(k));
        enum ent_err r = ent_guard_candidates(ent_slice_str(odd[i]), keep, &k);
        assert_true(r == ENT_OK ? k.n > 100 : strcmp(odd[i], "a.b") == 0 && r == ENT_E_FORMAT);
    }
    memset(&k, 0, sizeof(k));
    assert_ok(ent_guard_candidates(ent_slice_str(longest), keep, &k));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_real_lookalikes),
        cmocka_unit_test(test_near_misses),
        cmocka_unit_test(test_exclusions),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_memory_is_bounded),
        cmocka_unit_test(test_hostile_names),
        cmocka_unit_test(test_same_answers),
        cmocka_unit_test(test_fold_against_icu),
        cmocka_unit_test(test_folding),
        cmocka_unit_test(test_candidates),
        cmocka_unit_test(test_candidates_of_odd_names),
    };
    return ent_t_run("guard", tests);
}
