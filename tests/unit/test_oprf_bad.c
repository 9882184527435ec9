/* test_oprf_bad.c: what a hostile party may send, and every size limit. */
#include "crypto/crypto.h"
#include "crypto/dleq.h"
#include "tests/support/t.h"

#define N 5

struct run {
    struct ent_oprf_key key;
    struct ent_scalar blind[N];
    struct ent_element blinded[N], evaluated[N];
    uint8_t proof[ENT_OPRF_PROOF];
};

static const struct ent_slice inputs[N] = {
    {(const uint8_t *)"a", 1}, {(const uint8_t *)"bb", 2},   {NULL, 0},
    {(const uint8_t *)"d", 1}, {(const uint8_t *)"eeee", 4},
};

static void honest(struct run *r)
{
    ent_oprf_key_generate(&r->key);
    assert_ok(ent_oprf_blind(r->blind, r->blinded, ENT_OPRF_VERIFIABLE, inputs, N));
    ent_oprf_evaluate(r->evaluated, &r->key, r->blinded, N);
    assert_ok(ent_oprf_prove(r->proof, ENT_OPRF_VERIFIABLE, &r->key, r->blinded, r->evaluated, N));
}

static void test_decode_each(void **state)
{
    struct ent_element good[19], got[19];
    (void)state;
    for (int l = ENT_CPU_PORTABLE; l <= (int)ent_cpu_machine(); l++) {
        ent_cpu_limit((enum ent_cpu_level)l);
        for (size_t n = 0; n <= 19; n++) {
            for (size_t i = 0; i < n; i++) {
                struct ent_scalar k;
                ent_scalar_random(&k);
                ent_element_base_mul(&good[i], &k);
            }
            assert_ok(ent_element_decode_each(got, good[0].b, n));
            assert_memory_equal(got, good, 32 * n);
            for (size_t i = 0; i < n; i++) { /* one bad one anywhere spoils the batch */
                good[i].b[31] ^= 0x80;
                assert_err(ent_element_decode_each(got, good[0].b, n), ENT_E_FORMAT);
                good[i].b[31] ^= 0x80;
                good[i].b[0] ^= 1;
                assert_err(ent_element_decode_each(got, good[0].b, n), ENT_E_FORMAT);
                good[i].b[0] ^= 1;
            }
            memset(&good[n / 2], 0, 32); /* the identity */
            assert_err(ent_element_decode_each(got, good[0].b, n), n == 0 ? ENT_OK : ENT_E_FORMAT);
        }
    }
    ent_cpu_limit(ENT_CPU_AVX512);
}

static enum ent_err verify(const struct run *r)
{
    return ent_oprf_verify(r->proof, ENT_OPRF_VERIFIABLE, &r->key.pk, r->blinded, r->evaluated, N);
}

static void test_flipped_proof(void **state)
{
    struct run r;
    (void)state;
    honest(&r);
    for (size_t bit = 0; bit < 8 * sizeof(r.proof); bit++) {
        r.proof[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_err(verify(&r), ENT_E_AUTH);
        r.proof[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_ok(verify(&r));
}

/* c + L and s + L mean the same numbers: only the canonical form may pass. */
static void test_scalars_not_canonical(void **state)
{
    static const uint8_t order[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58,
                                      0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
                                      0,    0,    0,    0,    0,    0,    0,    0,
                                      0,    0,    0,    0,    0,    0,    0,    0x10};
    struct run r, changed;
    (void)state;
    honest(&r);
    for (size_t half = 0; half < 64; half += 32) {
        unsigned carry = 0;
        changed = r;
        for (size_t i = 0; i < 32; i++) {
            carry += (unsigned)changed.proof[half + i] + order[i];
            changed.proof[half + i] = (uint8_t)carry;
            carry >>= 8;
        }
        assert_err(verify(&changed), ENT_E_AUTH);
        memcpy(changed.proof + half, order, 32);
        assert_err(verify(&changed), ENT_E_AUTH);
    }
    changed = r;
    memset(changed.proof, 0, sizeof(changed.proof)); /* t2 and t3 are the identity */
    assert_err(verify(&changed), ENT_E_AUTH);
    memset(changed.proof, 0xFF, sizeof(changed.proof));
    assert_err(verify(&changed), ENT_E_AUTH);
}

static void swap(struct ent_element *a, struct ent_element *b)
{
    struct ent_element t = *a;
    *a = *b;
    *b = t;
}

static void test_wrong_claims(void **state)
{
    struct run r, changed;
    struct ent_oprf_key other;
    const struct ent_element *e;
    (void)state;
    honest(&r);
    ent_oprf_key_generate(&other);

    changed = r;
    changed.key.pk = other.pk;
    assert_err(verify(&changed), ENT_E_AUTH);
    changed = r;
    swap(&changed.evaluated[1], &changed.evaluated[3]);
    assert_err(verify(&changed), ENT_E_AUTH);
    changed = r; /* both lists in another order: right values, another transcript */
    swap(&changed.evaluated[1], &changed.evaluated[3]);
    swap(&changed.blinded[1], &changed.blinded[3]);
    assert_err(verify(&changed), ENT_E_AUTH);
    changed = r; /* one element under another key */
    ent_oprf_evaluate(&changed.evaluated[4], &other, &changed.blinded[4], 1);
    assert_err(verify(&changed), ENT_E_AUTH);
    changed = r;
    changed.evaluated[0] = changed.blinded[0];
    assert_err(verify(&changed), ENT_E_AUTH);

    e = r.evaluated;
    assert_err(ent_oprf_verify(r.proof, ENT_OPRF_VERIFIABLE, &r.key.pk, r.blinded, e, N - 1),
               ENT_E_AUTH);
    assert_err(ent_oprf_verify(r.proof, ENT_OPRF_BASE, &r.key.pk, r.blinded, e, N), ENT_E_AUTH);
    assert_err(ent_oprf_verify(r.proof, ENT_OPRF_PARTIAL, &r.key.pk, r.blinded, e, N), ENT_E_AUTH);
    assert_ok(verify(&r));
}

/* A prover that shifts two elements so that the unweighted sums still agree. */
static void test_cancelling_shift(void **state)
{
    struct run r;
    struct ent_element d;
    uint8_t proof[ENT_OPRF_PROOF];
    (void)state;
    honest(&r);
    d = r.blinded[2];
    assert_ok(ent_element_add(&r.evaluated[0], &r.evaluated[0], &d));
    assert_ok(ent_element_sub(&r.evaluated[1], &r.evaluated[1], &d));
    assert_err(verify(&r), ENT_E_AUTH);
    assert_ok(ent_oprf_prove(proof, ENT_OPRF_VERIFIABLE, &r.key, r.blinded, r.evaluated, N));
    memcpy(r.proof, proof, sizeof(proof));
    assert_err(verify(&r), ENT_E_AUTH);
}

static void test_batch_sizes(void **state)
{
    static struct ent_element many[ENT_OPRF_BATCH_MAX + 1];
    struct ent_oprf_key key;
    uint8_t proof[ENT_OPRF_PROOF] = {0};
    const struct ent_slice info = ENT_SLICE_LIT("i");
    (void)state;
    ent_oprf_key_generate(&key);
    for (size_t n = 0; n <= ENT_OPRF_BATCH_MAX + 1; n += ENT_OPRF_BATCH_MAX + 1) {
        assert_err(ent_oprf_prove(proof, ENT_OPRF_VERIFIABLE, &key, many, many, n), ENT_E_LIMIT);
        assert_err(ent_oprf_verify(proof, ENT_OPRF_VERIFIABLE, &key.pk, many, many, n),
                   ENT_E_LIMIT);
        assert_err(ent_poprf_evaluate(many, proof, &key, info, many, n), ENT_E_LIMIT);
        assert_err(ent_poprf_verify(proof, &key.pk, info, many, many, n), ENT_E_LIMIT);
    }
}

static void test_input_sizes(void **state)
{
    static uint8_t bytes[65536];
    struct ent_slice input = ent_slice(bytes, sizeof(bytes));
    uint8_t out[1][ENT_OPRF_OUT], own[1][ENT_OPRF_OUT], seed[32] = {0}, proof[ENT_OPRF_PROOF];
    struct ent_element blinded, evaluated;
    struct ent_scalar blind;
    struct ent_oprf_key key;
    (void)state;
    assert_err(ent_oprf_key_derive(&key, ENT_OPRF_BASE, seed, input), ENT_E_LIMIT);
    ent_oprf_key_generate(&key);
    assert_err(ent_oprf_blind(&blind, &blinded, ENT_OPRF_BASE, &input, 1), ENT_E_LIMIT);
    assert_err(ent_oprf_own(out, ENT_OPRF_BASE, &key, &input, 1), ENT_E_LIMIT);
    assert_ok(ent_oprf_blind(&blind, &blinded, ENT_OPRF_BASE, inputs, 1));
    assert_err(ent_poprf_evaluate(&evaluated, proof, &key, input, &blinded, 1), ENT_E_LIMIT);
    assert_err(ent_poprf_verify(proof, &key.pk, input, &blinded, &blinded, 1), ENT_E_LIMIT);
    assert_err(ent_poprf_own(out, &key, input, inputs, 1), ENT_E_LIMIT);
    assert_err(ent_poprf_own(out, &key, inputs[0], &input, 1), ENT_E_LIMIT);
    assert_err(ent_poprf_finalize(out, input, inputs, &blind, &blinded, 1), ENT_E_LIMIT);
    input.n--; /* 65535 is the longest */
    assert_ok(ent_oprf_key_derive(&key, ENT_OPRF_BASE, seed, input));
    assert_ok(ent_oprf_blind(&blind, &blinded, ENT_OPRF_BASE, &input, 1));
    ent_oprf_evaluate(&evaluated, &key, &blinded, 1);
    ent_oprf_finalize(out, &input, &blind, &evaluated, 1);
    assert_ok(ent_oprf_own(own, ENT_OPRF_BASE, &key, &input, 1));
    assert_memory_equal(out, own, sizeof(out));
}

/* A whole batch of the largest size must pass, index 65534 included. */
static void test_largest_batch(void **state)
{
    static struct ent_element c[ENT_OPRF_BATCH_MAX], d[ENT_OPRF_BATCH_MAX];
    struct ent_oprf_key key;
    uint8_t proof[ENT_OPRF_PROOF];
    const size_t n = ent_cpu_level() == ENT_CPU_AVX512 ? ENT_OPRF_BATCH_MAX : 3000;
    (void)state;
    ent_oprf_key_generate(&key);
    for (size_t i = 0; i < n; i++) { /* 16 different pairs are enough: the weights differ */
        uint8_t h[64];
        ent_random(h, sizeof(h));
        if (i < 16) {
            assert_ok(ent_element_from_hash(&c[i], h));
            ent_oprf_evaluate(&d[i], &key, &c[i], 1);
        } else {
            c[i] = c[i % 16];
            d[i] = d[i % 16];
        }
    }
    assert_ok(ent_oprf_prove(proof, ENT_OPRF_VERIFIABLE, &key, c, d, n));
    assert_ok(ent_oprf_verify(proof, ENT_OPRF_VERIFIABLE, &key.pk, c, d, n));
    d[n - 1] = d[(n - 1) % 16 == 0 ? 1 : 0];
    assert_err(ent_oprf_verify(proof, ENT_OPRF_VERIFIABLE, &key.pk, c, d, n), ENT_E_AUTH);
}

/* The key of a seed is fixed by seed, info and mode, each of them. */
static void test_derive_separates(void **state)
{
    struct ent_oprf_key a, b;
    uint8_t seed[32] = {1};
    (void)state;
    assert_ok(ent_oprf_key_derive(&a, ENT_OPRF_BASE, seed, ENT_SLICE_LIT("x")));
    assert_ok(ent_oprf_key_derive(&b, ENT_OPRF_BASE, seed, ENT_SLICE_LIT("x")));
    assert_memory_equal(&a, &b, sizeof(a));
    assert_ok(ent_oprf_key_derive(&b, ENT_OPRF_BASE, seed, ENT_SLICE_LIT("y")));
    assert_memory_not_equal(&a.sk, &b.sk, 32);
    assert_ok(ent_oprf_key_derive(&b, ENT_OPRF_VERIFIABLE, seed, ENT_SLICE_LIT("x")));
    assert_memory_not_equal(&a.sk, &b.sk, 32);
    seed[31] = 1;
    assert_ok(ent_oprf_key_derive(&b, ENT_OPRF_BASE, seed, ENT_SLICE_LIT("x")));
    assert_memory_not_equal(&a.sk, &b.sk, 32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decode_each),           cmocka_unit_test(test_flipped_proof),
        cmocka_unit_test(test_scalars_not_canonical), cmocka_unit_test(test_wrong_claims),
        cmocka_unit_test(test_cancelling_shift),      cmocka_unit_test(test_batch_sizes),
        cmocka_unit_test(test_input_sizes),           cmocka_unit_test(test_largest_batch),
        cmocka_unit_test(test_derive_separates),
    };
    return ent_t_run("oprf_bad", tests);
}
