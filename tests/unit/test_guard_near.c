/*
 * test_guard_near.c: the deletion index against a Damerau-Levenshtein distance that is computed by
 * its definition: it finds the keys within their forgiven edits, all of them, and no others.
 */
#include "tests/support/t.h"

#include "watch/watch.h"
#include "watch/guard_in.h"

#define KEYS 400

/* The least number of edits, each letter in one of them: tries all, up to max. */
static unsigned naive(const char *a, const char *b, unsigned max)
{
    while (*a != '\0' && *a == *b)
        a++, b++;
    if (*a == '\0' && *b == '\0')
        return 0;
    if (max == 0)
        return 1;
    unsigned best = max + 1, d;
    if (*a != '\0' && (d = 1 + naive(a + 1, b, max - 1)) < best)
        best = d;
    if (*b != '\0' && (d = 1 + naive(a, b + 1, max - 1)) < best)
        best = d;
    if (*a != '\0' && *b != '\0' && (d = 1 + naive(a + 1, b + 1, max - 1)) < best)
        best = d;
    if (*a != '\0' && *b != '\0' && a[0] == b[1] && a[1] == b[0] &&
        (d = 1 + naive(a + 2, b + 2, max - 1)) < best)
        best = d;
    return best;
}

/* Letters that fold to themselves, and few, so that texts are near each other often. */
static void make(char *ret, size_t n, unsigned letters)
{
    for (size_t i = 0; i < n; i++)
        ret[i] = "abcdefhk"[ent_t_below(letters)];
    ret[n] = '\0';
}

static void edit(char *s)
{
    size_t n = strlen(s), i = ent_t_below(n);
    switch (ent_t_below(4)) {
    case 0:
        memmove(s + i, s + i + 1, n - i);
        break;
    case 1:
        memmove(s + i + 1, s + i, n - i + 1);
        s[i] = "abcdefhk"[ent_t_below(8)];
        break;
    case 2:
        s[i] = "abcdefhk"[ent_t_below(8)];
        break;
    default:
        if (i + 1 < n) {
            char c = s[i];
            s[i] = s[i + 1];
            s[i + 1] = c;
        }
    }
}

static char key[KEYS][80];

static bool found(const struct ent_guard *g, const struct ent_guard_key *const *near, size_t n,
                  const char *text)
{
    for (size_t i = 0; i < n; i++)
        if (ent_slice_eq(ent_guard_key_fold(g, near[i]), ent_slice_str(text)))
            return true;
    return false;
}

static size_t check_one(const struct ent_guard *g, const char *text)
{
    const struct ent_guard_key *near[GUARD_NEAR];
    size_t n = ent_guard_near(g, near, ent_slice_str(text)), wanted = 0;
    for (size_t i = 0; i < KEYS; i++) {
        unsigned max = ent_guard_edits(strlen(key[i])), d = naive(key[i], text, max);
        bool want = d > 0 && d <= max;
        wanted += want;
        if (n < GUARD_NEAR && found(g, near, n, key[i]) != want) {
            printf("# %s and %s: %u apart\n", key[i], text, d);
            fail();
        }
    }
    assert_true(n == wanted || n == GUARD_NEAR);
    return n;
}

static void run(size_t least, size_t most, unsigned letters)
{
    struct ent_guard *g;
    size_t met = 0;
    char text[80];
    struct ent_buf b;
    ent_buf_init(&b, 256);
    assert_ok(ent_guard_new(&g, 0));
    for (size_t i = 0; i < KEYS; i++) {
        bool twice = true;
        while (twice) {
            make(key[i], least + ent_t_below(most - least + 1), letters);
            twice = false;
            for (size_t k = 0; k < i; k++)
                twice = twice || strcmp(key[k], key[i]) == 0;
        }
        ent_buf_clear(&b);
        assert_ok(ent_buf_printf(&b, "%s.com", key[i]));
        assert_ok(ent_guard_add(g, ent_buf_slice(&b), ent_slice(NULL, 0)));
    }
    ent_buf_release(&b);
    assert_ok(ent_guard_seal(g));
    for (unsigned round = 0; round < 1500; round++) {
        if (round % 3 == 0) {
            make(text, least + ent_t_below(most - least + 1), letters);
        } else {
            memcpy(text, key[ent_t_below(KEYS)], sizeof(text));
            for (unsigned k = 0; k < round % 4; k++)
                edit(text);
        }
        met += check_one(g, text);
    }
    assert_true(met > 100);
    ent_guard_free(g);
}

static void test_short(void **state)
{
    (void)state;
    run(5, 8, 8);
}

static void test_long(void **state)
{
    (void)state;
    run(7, 20, 6);
}

static void test_longest(void **state)
{
    (void)state;
    run(55, 59, 4);
}

static void test_distance(void **state)
{
    static const struct {
        const char *a, *b;
        unsigned d;
        uint32_t how;
    } cases[] = {
        {"senate", "senate", 0, 0},
        {"senate", "senat", 1, ENT_GUARD_DROPPED},
        {"senate", "sennate", 1, ENT_GUARD_DOUBLED},
        {"senate", "senatex", 1, ENT_GUARD_ADDED},
        {"senate", "seante", 1, ENT_GUARD_SWAPPED},
        {"senate", "senzte", 1, ENT_GUARD_KEY},
        {"senate", "senatm", 1, ENT_GUARD_BIT},
        {"senate", "senatc", 1, ENT_GUARD_GLYPH},
        {"senate", "senape", 1, ENT_GUARD_BIT},
        {"senate", "senaxe", 1, ENT_GUARD_REPLACED},
        {"senate", "snaet", 2, ENT_GUARD_DROPPED | ENT_GUARD_SWAPPED},
        {"senate", "snaetx", 3, 0},
        {"senate", "esnaet", 2, ENT_GUARD_SWAPPED},
        {"ca", "abc", 3, 0}, /* no letter is edited twice */
        {"", "ab", 2, ENT_GUARD_ADDED},
        {"ab", "", 2, ENT_GUARD_DROPPED},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint32_t how = 0;
        assert_int_equal(
            ent_guard_distance(&how, ent_slice_str(cases[i].a), ent_slice_str(cases[i].b), 2),
            cases[i].d);
        assert_int_equal(how, cases[i].how);
        assert_int_equal(naive(cases[i].a, cases[i].b, 2), cases[i].d);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_distance),
        cmocka_unit_test(test_short),
        cmocka_unit_test(test_long),
        cmocka_unit_test(test_longest),
    };
    return ent_t_run("guard_near", tests);
}
