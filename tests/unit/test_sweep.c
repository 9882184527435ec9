/*
 * test_sweep.c: what the sweep is made of: masks of bytes in every version, newline counts, and the
 * filters, which must never say no to what was put in.
 */
#include "base/base.h"
#include "tests/support/t.h"
#include "watch/classify.h"
#include "watch/set.h"
#include "watch/sweep.h"

/* --- masks --------------------------------------------------------------------------------------
 */

static uint64_t naive_mask(const uint8_t *p, const char *set)
{
    uint64_t m = 0;
    for (unsigned i = 0; i < 64; i++)
        if (p[i] != 0 && strchr(set, p[i]) != NULL)
            m |= (uint64_t)1 << i;
    return m;
}

static void check_masks(const struct ent_masks *m, const uint8_t *p)
{
    static const char digits[] = "0123456789";
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    uint64_t high = 0;
    for (unsigned i = 0; i < 64; i++)
        high |= (uint64_t)(p[i] >> 7) << i;
    assert_true(m->digit == naive_mask(p, digits));
    assert_true(m->alnum == (naive_mask(p, digits) | naive_mask(p, letters)));
    assert_true(m->dot == naive_mask(p, "."));
    assert_true(m->trim == naive_mask(p, "-_"));
    assert_true(m->high == high);
    assert_true(m->colon == naive_mask(p, ":"));
    assert_true(m->at == naive_mask(p, "@"));
    assert_true(m->slash == naive_mask(p, "/\\"));
}

#if defined(__x86_64__)
ENT_AVX2 static void masks_avx2(struct ent_masks *m, const uint8_t *p)
{
    ent_classify_avx2(m, p);
}

ENT_AVX512 static void masks_avx512(struct ent_masks *m, const uint8_t *p)
{
    ent_classify_avx512(m, p);
}
#endif

static void check_block(const uint8_t *p)
{
    struct ent_masks m;
    ent_classify_portable(&m, p);
    check_masks(&m, p);
#if defined(__x86_64__)
    if (ent_cpu_machine() >= ENT_CPU_AVX2) {
        masks_avx2(&m, p);
        check_masks(&m, p);
    }
    if (ent_cpu_machine() >= ENT_CPU_AVX512) {
        masks_avx512(&m, p);
        check_masks(&m, p);
    }
#endif
}

static void test_masks(void **state)
{
    uint8_t p[64];
    (void)state;
    for (unsigned c = 0; c < 256; c++) { /* each byte at each place */
        for (unsigned i = 0; i < 64; i++)
            p[i] = (uint8_t)(c + 67 * i);
        check_block(p);
        memset(p, (int)c, sizeof(p));
        check_block(p);
    }
    for (int round = 0; round < 2000; round++) {
        for (unsigned i = 0; i < 64; i++)
            p[i] = (uint8_t)ent_t_rand();
        check_block(p);
    }
}

static void test_newlines(void **state)
{
    static uint8_t b[1000];
    (void)state;
    for (int round = 0; round < 500; round++) {
        size_t from = ent_t_below(70), n = ent_t_below(sizeof(b) - from), want = 0;
        for (size_t i = 0; i < sizeof(b); i++)
            b[i] = ent_t_below(4) == 0 ? '\n' : (uint8_t)ent_t_rand();
        for (size_t i = from; i < from + n; i++)
            want += b[i] == '\n';
        for (int level = ENT_CPU_PORTABLE; level <= (int)ent_cpu_machine(); level++) {
            ent_cpu_limit((enum ent_cpu_level)level);
            assert_int_equal(ent_sweep_newlines(b + from, n), want);
        }
    }
}

/* --- filters ------------------------------------------------------------------------------------
 */

static void make_key(uint64_t key[static ENT_FILTER_KEYS])
{
    for (size_t i = 0; i < ENT_FILTER_KEYS; i++)
        key[i] = ent_t_rand();
}

static size_t make_name(uint8_t *b, size_t most)
{
    static const char bytes[] = "abcdefghijklmnopqrstuvwxyz0123456789-_..";
    size_t n = 1 + ent_t_below(most);
    for (size_t i = 0; i < n; i++)
        b[i] = (uint8_t)bytes[ent_t_below(sizeof(bytes) - 1)];
    return n;
}

static void test_names_hash_alike(void **state)
{
    uint64_t key[ENT_FILTER_KEYS];
    uint8_t b[32 + 300], upper[300];
    (void)state;
    make_key(key);
    for (int round = 0; round < 3000; round++) {
        size_t n = make_name(b + 32, 300);
        for (size_t i = 0; i < n; i++)
            upper[i] = (uint8_t)(b[32 + i] >= 'a' && b[32 + i] <= 'z' && ent_t_below(2) == 0
                                     ? b[32 + i] - 32
                                     : b[32 + i]);
        uint64_t h = ent_filter_name(key, ent_slice(b + 32, n));
        assert_true(h == ent_filter_name(key, ent_slice(upper, n)));
        if (n <= ENT_FILTER_STEP) /* whatever stands before it */
            assert_true(h == ent_filter_end(key, b + 32 + n, n));
        b[32 + ent_t_below(n)] ^= 1; /* another letter, digit or mark */
        assert_true(h != ent_filter_name(key, ent_slice(b + 32, n)));
    }
}

static void test_filter_never_says_no(void **state)
{
    enum { ENTRIES = 20000 };
    struct ent_filter f;
    uint64_t wrong = 0, seed = ent_t_rand();
    size_t blocks = ent_filter_size(ENTRIES);
    uint64_t *zeroed = calloc(blocks, sizeof(*zeroed));
    (void)state;
    assert_non_null(zeroed);
    assert_true(blocks * 64 >= 16 * (size_t)ENTRIES && blocks * 64 <= 64 * (size_t)ENTRIES);
    ent_filter_init(&f, zeroed, blocks);
    for (uint64_t i = 0; i < ENTRIES; i++)
        ent_filter_add(&f, ent_filter_mum(i ^ seed, 0x9E3779B97F4A7C15u));
    for (uint64_t i = 0; i < ENTRIES; i++)
        assert_true(ent_filter_maybe(&f, ent_filter_mum(i ^ seed, 0x9E3779B97F4A7C15u)));
    for (uint64_t i = 0; i < ENTRIES; i++)
        wrong += ent_filter_maybe(&f, ent_filter_mum((i + ENTRIES) ^ seed, 0x9E3779B97F4A7C15u));
    assert_true(wrong < ENTRIES / 50);
    free(zeroed);
    assert_int_equal(ent_filter_size(0), 8);
}

static void test_v4map(void **state)
{
    (void)state;
    assert_int_equal(ent_v4map_bits(0), 16);
    assert_int_equal(ent_v4map_bits(1000), 16);
    assert_int_equal(ent_v4map_bits(2000), 17);
    assert_int_equal(ent_v4map_bits(1000000), 24);
    for (unsigned bits = 16; bits <= 24; bits += 4) {
        struct ent_v4map map = {calloc((size_t)1 << (bits - 6), 8), 32 - bits};
        assert_non_null(map.word);
        for (unsigned prefix = 1; prefix <= 32; prefix++) {
            uint32_t v = (uint32_t)ent_t_rand();
            uint8_t a[4] = {(uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v};
            memset(map.word, 0, (size_t)1 << (bits - 3));
            ent_v4map_add(&map, a, prefix);
            /* What it says of an address is what the first bits, as many as both know, say. */
            unsigned known = prefix < bits ? prefix : bits;
            for (int k = 0; k < 200; k++) {
                uint32_t x = v ^ (uint32_t)1 << ent_t_below(32);
                assert_int_equal(ent_v4map_has(&map, x), (x ^ v) >> (32 - known) == 0);
            }
            assert_true(ent_v4map_has(&map, v));
        }
        free(map.word);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_masks),
        cmocka_unit_test(test_newlines),
        cmocka_unit_test(test_names_hash_alike),
        cmocka_unit_test(test_filter_never_says_no),
        cmocka_unit_test(test_v4map),
    };
    return ent_t_run("sweep", tests);
}
