/* test_oprf.c: RFC 9497's vectors for ristretto255-SHA512, and what the protocol must give for any
 * input: the client's value is the server's own. */
#include "crypto/crypto.h"
#include "crypto/dleq.h"
#include "tests/support/t.h"

#include <jansson.h>

#define MOST 2 /* elements of the largest batch in the vectors */

static json_t *vectors;

/* Each test runs at every level of the dispatch that this machine has. */
static void at_every_level(void (*f)(void))
{
    for (int l = ENT_CPU_PORTABLE; l <= (int)ent_cpu_machine(); l++) {
        ent_cpu_limit((enum ent_cpu_level)l);
        f();
    }
    ent_cpu_limit(ENT_CPU_AVX512);
}

/* Bytes of the hexadecimal member `name`, whose values are separated by commas. */
static size_t member(uint8_t *ret, size_t size, size_t most, const json_t *v, const char *name)
{
    const char *s = json_string_value(json_object_get(v, name));
    size_t n = 0;
    assert_non_null(s);
    for (;; n++) {
        size_t len = strcspn(s, ",");
        assert_true(n < most);
        assert_ok(ent_hex_decode(ret + n * size, size, ent_slice(s, len)));
        s += len;
        if (*s++ == '\0')
            return n + 1;
    }
}

struct vec {
    enum ent_oprf_mode mode;
    struct ent_oprf_key key;
    size_t n;
    struct ent_slice input[MOST];
    uint8_t bytes[MOST][32];
    struct ent_scalar blind[MOST];
    struct ent_element blinded[MOST], evaluated[MOST];
    uint8_t output[MOST][ENT_OPRF_OUT], proof[ENT_OPRF_PROOF];
    struct ent_scalar nonce;
    struct ent_slice info;
    uint8_t info_bytes[32];
};

static void inputs(struct vec *t, const json_t *v)
{
    const char *s = json_string_value(json_object_get(v, "Input"));
    for (t->n = 0;; t->n++) {
        size_t len = strcspn(s, ",");
        assert_true(t->n < MOST && len / 2 <= sizeof(t->bytes[0]));
        assert_ok(ent_hex_decode(t->bytes[t->n], len / 2, ent_slice(s, len)));
        t->input[t->n] = ent_slice(t->bytes[t->n], len / 2);
        s += len;
        if (*s++ == '\0')
            break;
    }
    t->n++;
}

static void load(struct vec *t, const json_t *suite, const json_t *v)
{
    uint8_t seed[32];
    const char *info = json_string_value(json_object_get(suite, "keyInfo"));
    uint8_t key_info[32];
    memset(t, 0, sizeof(*t));
    t->mode = (enum ent_oprf_mode)json_integer_value(json_object_get(suite, "mode"));
    (void)member(seed, 32, 1, suite, "seed");
    assert_ok(ent_hex_decode(key_info, strlen(info) / 2, ent_slice_str(info)));
    assert_ok(ent_oprf_key_derive(&t->key, t->mode, seed, ent_slice(key_info, strlen(info) / 2)));
    inputs(t, v);
    assert_int_equal(member(t->blind[0].b, 32, MOST, v, "Blind"), t->n);
    assert_int_equal(member(t->blinded[0].b, 32, MOST, v, "BlindedElement"), t->n);
    assert_int_equal(member(t->evaluated[0].b, 32, MOST, v, "EvaluationElement"), t->n);
    assert_int_equal(member(t->output[0], 64, MOST, v, "Output"), t->n);
    if (t->mode != ENT_OPRF_BASE) {
        const json_t *p = json_object_get(v, "Proof");
        (void)member(t->proof, 64, 1, p, "proof");
        (void)member(t->nonce.b, 32, 1, p, "r");
    }
    if (t->mode == ENT_OPRF_PARTIAL) {
        const char *hex = json_string_value(json_object_get(v, "Info"));
        assert_ok(ent_hex_decode(t->info_bytes, strlen(hex) / 2, ent_slice_str(hex)));
        t->info = ent_slice(t->info_bytes, strlen(hex) / 2);
    }
}

static void check_key(const struct vec *t, const json_t *suite)
{
    uint8_t want[32];
    (void)member(want, 32, 1, suite, "skSm");
    assert_memory_equal(t->key.sk.b, want, 32);
    if (t->mode != ENT_OPRF_BASE) {
        (void)member(want, 32, 1, suite, "pkSm");
        assert_memory_equal(t->key.pk.b, want, 32);
    }
}

static void check_plain(const struct vec *t)
{
    struct ent_element evaluated[MOST];
    uint8_t out[MOST][ENT_OPRF_OUT], proof[ENT_OPRF_PROOF];
    ent_oprf_evaluate(evaluated, &t->key, t->blinded, t->n);
    assert_memory_equal(evaluated, t->evaluated, t->n * 32);
    if (t->mode == ENT_OPRF_VERIFIABLE) {
        struct ent_suite suite;
        ent_suite_init(&suite, t->mode);
        const struct ent_dleq claim = {&suite, &t->key.pk, t->blinded, t->evaluated, t->n};
        assert_ok(ent_dleq_prove(proof, &claim, &t->key.sk, &t->nonce));
        assert_memory_equal(proof, t->proof, sizeof(proof));
        assert_ok(ent_oprf_verify(t->proof, t->mode, &t->key.pk, t->blinded, t->evaluated, t->n));
    }
    ent_oprf_finalize(out, t->input, t->blind, t->evaluated, t->n);
    assert_memory_equal(out, t->output, t->n * ENT_OPRF_OUT);
    assert_ok(ent_oprf_own(out, t->mode, &t->key, t->input, t->n));
    assert_memory_equal(out, t->output, t->n * ENT_OPRF_OUT);
}

static void check_partial(const struct vec *t)
{
    struct ent_element evaluated[MOST];
    uint8_t out[MOST][ENT_OPRF_OUT], proof[ENT_OPRF_PROOF];
    assert_ok(ent_poprf_evaluate(evaluated, proof, &t->key, t->info, t->blinded, t->n));
    assert_memory_equal(evaluated, t->evaluated, t->n * 32);
    assert_ok(ent_poprf_verify(proof, &t->key.pk, t->info, t->blinded, evaluated, t->n));
    assert_ok(ent_poprf_verify(t->proof, &t->key.pk, t->info, t->blinded, evaluated, t->n));
    assert_err(
        ent_poprf_verify(t->proof, &t->key.pk, ENT_SLICE_LIT("other"), t->blinded, evaluated, t->n),
        ENT_E_AUTH);
    proof[0] ^= 1;
    assert_err(ent_poprf_verify(proof, &t->key.pk, t->info, t->blinded, evaluated, t->n),
               ENT_E_AUTH);
    assert_ok(ent_poprf_finalize(out, t->info, t->input, t->blind, t->evaluated, t->n));
    assert_memory_equal(out, t->output, t->n * ENT_OPRF_OUT);
    assert_ok(ent_poprf_own(out, &t->key, t->info, t->input, t->n));
    assert_memory_equal(out, t->output, t->n * ENT_OPRF_OUT);
}

static void vectors_at_level(void)
{
    size_t i, j, done = 0;
    json_t *suite, *v;
    json_array_foreach(vectors, i, suite)
    {
        json_array_foreach(json_object_get(suite, "vectors"), j, v)
        {
            struct ent_element blinded[MOST];
            struct vec t;
            load(&t, suite, v);
            check_key(&t, suite);
            assert_ok(ent_oprf_blind_with(blinded, t.blind, t.mode, t.input, t.n));
            assert_memory_equal(blinded, t.blinded, t.n * 32);
            if (t.mode == ENT_OPRF_PARTIAL)
                check_partial(&t);
            else
                check_plain(&t);
            done++;
        }
    }
    assert_int_equal(done, 8);
}

static void test_vectors(void **state)
{
    (void)state;
    at_every_level(vectors_at_level);
}

#define BATCH 150

/* Inputs of every length class: empty, short, one and several hash blocks. */
static void random_inputs(struct ent_slice *ret, uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t len = ent_t_below(4) == 0 ? ent_t_below(300) : ent_t_below(40);
        for (size_t j = 0; j < len; j++)
            bytes[i * 300 + j] = (uint8_t)ent_t_rand();
        ret[i] = ent_slice(bytes + i * 300, len);
    }
}

static void run(enum ent_oprf_mode mode, size_t n)
{
    static uint8_t bytes[BATCH * 300], out[BATCH][ENT_OPRF_OUT], own[BATCH][ENT_OPRF_OUT];
    struct ent_element blinded[BATCH], evaluated[BATCH], decoded;
    struct ent_scalar blind[BATCH];
    struct ent_slice input[BATCH];
    struct ent_oprf_key key;
    uint8_t proof[ENT_OPRF_PROOF];
    ent_oprf_key_generate(&key);
    random_inputs(input, bytes, n);
    assert_ok(ent_oprf_blind(blind, blinded, mode, input, n));
    for (size_t i = 0; i < n; i++)
        assert_ok(ent_element_decode(&decoded, blinded[i].b));
    ent_oprf_evaluate(evaluated, &key, blinded, n);
    if (n > 0) {
        assert_ok(ent_oprf_prove(proof, mode, &key, blinded, evaluated, n));
        assert_ok(ent_oprf_verify(proof, mode, &key.pk, blinded, evaluated, n));
    }
    ent_oprf_finalize(out, input, blind, evaluated, n);
    assert_ok(ent_oprf_own(own, mode, &key, input, n));
    assert_memory_equal(out, own, n * ENT_OPRF_OUT);
}

static void round_trip_at_level(void)
{
    static const size_t sizes[] = {0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 63, 64, 65, 127, 128, 129, 150};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        run(ENT_OPRF_BASE, sizes[i]);
        run(ENT_OPRF_VERIFIABLE, sizes[i]);
    }
}

static void test_round_trip(void **state)
{
    (void)state;
    at_every_level(round_trip_at_level);
}

static void poprf_round_trip_at_level(void)
{
    static uint8_t bytes[70 * 300], out[70][ENT_OPRF_OUT], own[70][ENT_OPRF_OUT];
    struct ent_element blinded[70], evaluated[70];
    struct ent_scalar blind[70];
    struct ent_slice input[70], info = ENT_SLICE_LIT("epoch 7");
    struct ent_oprf_key key;
    uint8_t proof[ENT_OPRF_PROOF];
    ent_oprf_key_generate(&key);
    random_inputs(input, bytes, 70);
    assert_ok(ent_oprf_blind(blind, blinded, ENT_OPRF_PARTIAL, input, 70));
    assert_ok(ent_poprf_evaluate(evaluated, proof, &key, info, blinded, 70));
    assert_ok(ent_poprf_verify(proof, &key.pk, info, blinded, evaluated, 70));
    assert_ok(ent_poprf_finalize(out, info, input, blind, evaluated, 70));
    assert_ok(ent_poprf_own(own, &key, info, input, 70));
    assert_memory_equal(out, own, sizeof(out));
    assert_ok(ent_poprf_own(own, &key, ENT_SLICE_LIT("epoch 8"), input, 70));
    assert_memory_not_equal(out, own, sizeof(out));
}

static void test_poprf_round_trip(void **state)
{
    (void)state;
    at_every_level(poprf_round_trip_at_level);
}

/* Eight hashes at a time give what single ones give: equal and mixed lengths, every padding case,
 * and messages too long for the lanes. */
static void expand_at_level(void)
{
    static uint8_t bytes[24][700], got[24 * 64];
    struct ent_suite suite;
    struct ent_slice msg[24];
    ent_suite_init(&suite, ENT_OPRF_VERIFIABLE);
    ent_random(bytes, sizeof(bytes));
    for (size_t len = 0; len < 520; len++) {
        size_t n = ent_t_below(25);
        for (size_t i = 0; i < n; i++)
            msg[i] = ent_slice(bytes[i], len % 3 == 0 ? ent_t_below(len + 1) : len);
        if (n > 0 && len % 50 == 0)
            msg[ent_t_below(n)].n = 700;
        ent_suite_expand_each(got, &suite, &suite.to_group, msg, n);
        for (size_t i = 0; i < n; i++) {
            uint8_t want[64];
            ent_suite_expand(want, &suite, &suite.to_group, msg[i]);
            assert_memory_equal(got + 64 * i, want, 64);
        }
    }
}

static void test_expand(void **state)
{
    (void)state;
    at_every_level(expand_at_level);
}

/* The two modes, and two keys, must have nothing in common. */
static void test_separation(void **state)
{
    const struct ent_slice x[1] = {ENT_SLICE_LIT("203.0.113.7")};
    uint8_t a[1][ENT_OPRF_OUT], b[1][ENT_OPRF_OUT];
    struct ent_oprf_key k, other;
    (void)state;
    ent_oprf_key_generate(&k);
    ent_oprf_key_generate(&other);
    assert_ok(ent_oprf_own(a, ENT_OPRF_BASE, &k, x, 1));
    assert_ok(ent_oprf_own(b, ENT_OPRF_VERIFIABLE, &k, x, 1));
    assert_memory_not_equal(a, b, sizeof(a));
    assert_ok(ent_oprf_own(b, ENT_OPRF_BASE, &other, x, 1));
    assert_memory_not_equal(a, b, sizeof(a));
}

static int setup(void **state)
{
    struct ent_slice s = ent_t_file("tests/data/vectors/oprf-ristretto255.json");
    (void)state;
    vectors = json_loadb((const char *)s.p, s.n, 0, NULL);
    return vectors == NULL;
}

static int teardown(void **state)
{
    (void)state;
    json_decref(vectors);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_vectors, setup, teardown),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_poprf_round_trip),
        cmocka_unit_test(test_expand),
        cmocka_unit_test(test_separation),
    };
    return ent_t_run("oprf", tests);
}
