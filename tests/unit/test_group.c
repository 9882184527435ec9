/* test_group.c: RFC 9496's vectors, strict decoding, and every operation against libsodium at every
 * level of the dispatch. */
#include "crypto/crypto.h"
#include "crypto/msm.h"
#include "crypto/scalar.h"
#include "tests/support/t.h"

/* Appendix A.1: [1]B .. [15]B. */
static const char *const multiples[] = {
    "e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76",
    "6a493210f7499cd17fecb510ae0cea23a110e8d5b901f8acadd3095c73a3b919",
    "94741f5d5d52755ece4f23f044ee27d5d1ea1e2bd196b462166b16152a9d0259",
    "da80862773358b466ffadfe0b3293ab3d9fd53c5ea6c955358f568322daf6a57",
    "e882b131016b52c1d3337080187cf768423efccbb517bb495ab812c4160ff44e",
    "f64746d3c92b13050ed8d80236a7f0007c3b3f962f5ba793d19a601ebb1df403",
    "44f53520926ec81fbd5a387845beb7df85a96a24ece18738bdcfa6a7822a176d",
    "903293d8f2287ebe10e2374dc1a53e0bc887e592699f02d077d5263cdd55601c",
    "02622ace8f7303a31cafc63f8fc48fdc16e1c8c8d234b2f0d6685282a9076031",
    "20706fd788b2720a1ed2a5dad4952b01f413bcf0e7564de8cdc816689e2db95f",
    "bce83f8ba5dd2fa572864c24ba1810f9522bc6004afe95877ac73241cafdab42",
    "e4549ee16b9aa03099ca208c67adafcafa4c3f3e4e5303de6026e3ca8ff84460",
    "aa52e000df2e16f55fb1032fc33bc42742dad6bd5a8fc0be0167436c5948501f",
    "46376b80f409b29dc2b5f6f0c52591990896e5716f41477cd30085ab7f10301e",
    "e0c418f7c8d9c4cdd7395b93ea124f3ad99021bb681dfc3302a9d99a2e53e64e",
};

/* Appendix A.2, and what libsodium 1.0.18 lets through: bit 255 set, the identity. */
static const char *const bad[] = {
    /* not canonical field elements */
    "00ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "f3ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    /* negative field elements */
    "0100000000000000000000000000000000000000000000000000000000000000",
    "01ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "ed57ffd8c914fb201471d1c3d245ce3c746fcbe63a3679d51b6a516ebebe0e20",
    "c34c4e1826e5d403b78e246e88aa051c36ccf0aafebffe137d148a2bf9104562",
    "c940e5a4404157cfb1628b108db051a8d439e1a421394ec4ebccb9ec92a8ac78",
    "47cfc5497c53dc8e61c91d17fd626ffb1c49e2bca94eed052281b510b1117a24",
    "f1c6165d33367351b0da8f6e4511010c68174a03b6581212c71c0e1d026c3c72",
    "87260f7a2f12495118360f02c26a470f450dadf34a413d21042b43b9d93e1309",
    /* x^2 not a square */
    "26948d35ca62e643e26a83177332e6b6afeb9d08e4268b650f1f5bbd8d81d371",
    "4eac077a713c57b4f4397629a4145982c661f48044dd3f96427d40b147d9742f",
    "de6a7b00deadc788eb6b6c8d20c0ae96c2f2019078fa604fee5b87d6e989ad7b",
    "bcab477be20861e01e4a0e295284146a510150d9817763caf1a6f4b422d67042",
    "2a292df7e32cababbd9de088d1d1abec9fc0440f637ed2fba145094dc14bea08",
    "f4a9e534fc0d216c44b218fa0c42d99635a0127ee2e53c712f70609649fdff22",
    "8268436f8c4126196cf64b3c7ddbda90746a378625f9813dd9b8457077256731",
    "2810e5cbc2cc4d4eece54f61c6f69758e289aa7ab440b3cbeaa21995c2f4232b",
    /* negative x*y */
    "3eb858e78f5a7254d8c9731174a94f76755fd3941c0ac93735c07ba14579630e",
    "a45fdc55c76448c049a1ab33f17023edfb2be3581e9c7aade8a6125215e04220",
    "d483fe813c6ba647ebbfd3ec41adca1c6130c2beeee9d9bf065c8d151c5f396e",
    "8a2e1d30050198c65a54483123960ccc38aef6848e1ec8f5f780e8523769ba32",
    "32888462f8b486c68ad7dd9610be5192bbeaf3b443951ac1a8118419d9fa097b",
    "227142501b9d4355ccba290404bde41575b037693cef1f438c47f8fbf35d1165",
    "5c37cc491da847cfeb9281d407efc41e15144c876e0170b499a96a22ed31e01e",
    "445425117cb8c90edcbc7c1cc0e74f747f2c1efa5630a967c64f287792a48a4b",
    /* s = -1, hence y = 0 */
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    /* the identity, plain and with bit 255; the generator with bit 255 */
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2df6",
};

/* Appendix A.3: SHA-512 of the labels ... */
static const char *const labels[] = {
    "Ristretto is traditionally a short shot of espresso coffee",
    "made with the normal amount of ground coffee but extracted with",
    "about half the amount of water in the same amount of time",
    "by using a finer grind.",
    "This produces a concentrated shot of coffee per volume.",
    "Just pulling a normal shot short will produce a weaker shot",
    "and is not a Ristretto as some believe.",
};
static const char *const hashed[] = {
    "3066f82a1a747d45120d1740f14358531a8f04bbffe6a819f86dfe50f44a0a46",
    "f26e5b6f7d362d2d2a94c5d0e7602cb4773c95a2e5c31a64f133189fa76ed61b",
    "006ccd2a9e6867e6a2c5cea83d3302cc9de128dd2a9a57dd8ee7b9d7ffe02826",
    "f8f0c87cf237953c5890aec3998169005dae3eca1fbb04548c635953c817f92a",
    "ae81e7dedf20a497e10c304a765c1767a42d6e06029758d2d7e8ef7cc4c41179",
    "e2705652ff9f5e44d3e841bf1c251cf7dddb77d140870d1ab2ed64f1a9ce8628",
    "80bd07262511cdde4863f8a7434cef696750681cb9510eea557088f76d9e5065",
};

/* ... and four inputs that mean the same two field elements: bit 255 and multiples of p ignored. */
static const char *const same_in[] = {
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"
    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "0000000000000000000000000000000000000000000000000000000000000080"
    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000000"
    "1200000000000000000000000000000000000000000000000000000000000080",
};
static const char same_out[] = "304282791023b73128d277bdcb5c7746ef2eac08dde9f2983379cb8e5ef0517f";

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void unhex(void *ret, size_t n, const char *hex)
{
    assert_ok(ent_hex_decode(ret, n, ent_slice_str(hex)));
}

static void assert_hex(const struct ent_element *e, const char *hex)
{
    char got[ENT_HEX_LEN(32)];
    ent_hex_encode(got, e->b, 32);
    assert_string_equal(got, hex);
}

/* Run with every level that this machine has. */
static void at_every_level(void (*f)(void))
{
    for (int l = ENT_CPU_PORTABLE; l <= (int)ent_cpu_machine(); l++) {
        ent_cpu_limit((enum ent_cpu_level)l);
        f();
    }
    ent_cpu_limit(ENT_CPU_AVX512);
}

static void multiples_at_level(void)
{
    struct ent_element e, g, sum;
    for (size_t i = 0; i < COUNT(multiples); i++) {
        const struct ent_scalar k = {.b = {(uint8_t)(i + 1)}};
        ent_element_base_mul(&e, &k);
        assert_hex(&e, multiples[i]);
        assert_ok(ent_element_decode(&sum, e.b));
        if (i == 0)
            g = sum = e;
        ent_element_mul_one(&e, &k, &g, 1);
        assert_hex(&e, multiples[i]);
        ent_element_mul_each(&e, &k, &g, 1);
        assert_hex(&e, multiples[i]);
        if (i + 1 < COUNT(multiples)) {
            assert_ok(ent_element_add(&sum, &sum, &g));
            assert_hex(&sum, multiples[i + 1]);
            assert_ok(ent_element_sub(&sum, &sum, &g));
            assert_hex(&sum, multiples[i]);
        }
    }
    assert_err(ent_element_sub(&sum, &g, &g), ENT_E_FORMAT);
}

static void test_multiples(void **state)
{
    (void)state;
    at_every_level(multiples_at_level);
}

static void bad_at_level(void)
{
    struct ent_element e, before;
    uint8_t b[32];
    memset(&e, 0x5A, sizeof(e));
    before = e;
    for (size_t i = 0; i < COUNT(bad); i++) {
        unhex(b, 32, bad[i]);
        assert_err(ent_element_decode(&e, b), ENT_E_FORMAT);
        assert_memory_equal(&e, &before, sizeof(e));
        for (size_t at = 0; at < 9; at++) { /* in every lane of a batch */
            struct ent_element batch[9], got[9];
            for (size_t j = 0; j < 9; j++)
                unhex(batch[j].b, 32, multiples[j]);
            memcpy(batch[at].b, b, 32);
            assert_err(ent_element_decode_each(got, batch[0].b, 9), ENT_E_FORMAT);
        }
    }
}

static void test_bad_encodings(void **state)
{
    (void)state;
    at_every_level(bad_at_level);
}

/* Of random bytes, exactly those decode that libsodium decodes, bit 255 aside. */
static void decode_at_level(void)
{
    struct ent_element e;
    uint8_t b[32];
    size_t good = 0;
    for (int i = 0; i < 400; i++) {
        for (size_t j = 0; j < 32; j++)
            b[j] = (uint8_t)ent_t_rand();
        b[0] &= 0xFE;
        b[31] &= 0x7F;
        bool want = crypto_core_ristretto255_is_valid_point(b) == 1;
        assert_err(ent_element_decode(&e, b), want ? ENT_OK : ENT_E_FORMAT);
        if (!want)
            continue;
        assert_memory_equal(e.b, b, 32);
        good++;
        b[31] |= 0x80;
        assert_err(ent_element_decode(&e, b), ENT_E_FORMAT);
        b[31] &= 0x7F;
        b[0] |= 1;
        assert_err(ent_element_decode(&e, b), ENT_E_FORMAT);
    }
    assert_true(good > 20);
}

static void test_decode(void **state)
{
    (void)state;
    at_every_level(decode_at_level);
}

static void hash_at_level(void)
{
    struct ent_element e;
    uint8_t h[64];
    for (size_t i = 0; i < COUNT(labels); i++) {
        (void)crypto_hash_sha512(h, (const uint8_t *)labels[i], strlen(labels[i]));
        assert_ok(ent_element_from_hash(&e, h));
        assert_hex(&e, hashed[i]);
    }
    for (size_t i = 0; i < COUNT(same_in); i++) {
        unhex(h, 64, same_in[i]);
        assert_ok(ent_element_from_hash(&e, h));
        assert_hex(&e, same_out);
    }
    for (int i = 0; i < 200; i++) {
        uint8_t want[32];
        for (size_t j = 0; j < 64; j++)
            h[j] = (uint8_t)ent_t_rand();
        (void)crypto_core_ristretto255_from_hash(want, h);
        assert_ok(ent_element_from_hash(&e, h));
        assert_memory_equal(e.b, want, 32);
    }
    memset(h, 0, sizeof(h)); /* both halves map to the identity */
    assert_err(ent_element_from_hash(&e, h), ENT_E_FORMAT);
}

/* The same in batches of every size, with the edge inputs among them, and with a multiplication. */
static void hash_batch_at_level(void)
{
    struct ent_element got[19], again[19];
    struct ent_scalar k[19];
    uint8_t h[19][64], want[32];
    for (size_t i = 0; i < 19; i++) {
        for (size_t j = 0; j < 64; j++)
            h[i][j] = (uint8_t)ent_t_rand();
        if (i % 5 == 0)
            unhex(h[i], 64, same_in[i % 4]);
        ent_scalar_random(&k[i]);
    }
    for (size_t n = 0; n <= 19; n++) {
        assert_ok(ent_element_from_hash_each(got, h[0], n));
        for (size_t i = 0; i < n; i++) {
            (void)crypto_core_ristretto255_from_hash(want, h[i]);
            assert_memory_equal(got[i].b, want, 32);
        }
        assert_ok(ent_element_mul_each_hashed(again, k, h[0], n));
        ent_element_mul_each(got, k, got, n);
        assert_memory_equal(again, got, 32 * n);
        assert_ok(ent_element_from_hash_each(got, h[0], n));
        assert_ok(ent_element_mul_one_hashed(again, &k[3], h[0], n));
        ent_element_mul_one(got, &k[3], got, n);
        assert_memory_equal(again, got, 32 * n);
    }
    memset(h[7], 0, 64);
    assert_err(ent_element_from_hash_each(got, h[0], 19), ENT_E_FORMAT);
    assert_err(ent_element_mul_each_hashed(got, k, h[0], 19), ENT_E_FORMAT);
    assert_err(ent_element_mul_one_hashed(got, k, h[0], 19), ENT_E_FORMAT);
}

static void test_hash(void **state)
{
    (void)state;
    at_every_level(hash_at_level);
    at_every_level(hash_batch_at_level);
}

/* Scalars at the edges of every window and carry, or random ones. */
static void some_scalar(struct ent_scalar *k, size_t i)
{
    static const char *const edges[] = {
        "0100000000000000000000000000000000000000000000000000000000000000",
        "0800000000000000000000000000000000000000000000000000000000000000",
        "1000000000000000000000000000000000000000000000000000000000000000",
        "ecd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010", /* L-1 */
        "ebd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010",
        "0000000000000000000000000000000000000000000000000000000000000010", /* 2^252 */
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff0f",
        "8888888888888888888888888888888888888888888888888888888888888808",
        "7777777777777777777777777777777777777777777777777777777777777707",
        "f7e97a2e8d31092c6bce7b51ef7c6f0a00000000000000000000000000000008", /* (L+1)/2 */
        "1084210842108421084210842108421084210842108421084210842108421008",
        "0000000000000000000000000000000000000000000000000000000000000001",
    };
    if (i < COUNT(edges)) {
        unhex(k->b, 32, edges[i]);
        return;
    }
    uint8_t wide[64];
    for (size_t j = 0; j < 64; j++)
        wide[j] = (uint8_t)ent_t_rand();
    ent_scalar_reduce(k, wide);
}

static void some_element(struct ent_element *e)
{
    uint8_t h[64];
    for (size_t j = 0; j < 64; j++)
        h[j] = (uint8_t)ent_t_rand();
    assert_ok(ent_element_from_hash(e, h));
}

#define MANY 61

static void mul_at_level(void)
{
    struct ent_element in[MANY], out[MANY], one;
    struct ent_scalar k[MANY];
    uint8_t want[32];
    for (size_t i = 0; i < MANY; i++) {
        some_scalar(&k[i], i);
        some_element(&in[i]);
    }
    ent_element_mul_each(out, k, in, MANY);
    for (size_t i = 0; i < MANY; i++) {
        assert_int_equal(crypto_scalarmult_ristretto255(want, k[i].b, in[i].b), 0);
        assert_memory_equal(out[i].b, want, 32);
        assert_int_equal(crypto_scalarmult_ristretto255_base(want, k[i].b), 0);
        ent_element_base_mul(&one, &k[i]);
        assert_memory_equal(one.b, want, 32);
    }
    for (size_t n = 0; n <= 17; n++) {
        const struct ent_scalar *s = &k[ent_t_below(MANY)];
        memset(out, 0xA5, sizeof(out));
        ent_element_mul_one(out, s, in, n);
        for (size_t i = 0; i < n; i++) {
            assert_int_equal(crypto_scalarmult_ristretto255(want, s->b, in[i].b), 0);
            assert_memory_equal(out[i].b, want, 32);
        }
        memset(want, 0xA5, 32); /* nothing behind the end is written */
        assert_memory_equal(out[n].b, want, 32);
    }
    memcpy(out, in, sizeof(in));
    ent_element_mul_each(out, k, out, MANY); /* in place */
    ent_element_mul_each(in, k, in, MANY);
    assert_memory_equal(out, in, sizeof(in));
}

static void test_mul(void **state)
{
    (void)state;
    at_every_level(mul_at_level);
}

static void naive_sum(uint8_t ret[static 32], const struct ent_scalar *w,
                      const struct ent_element *in, size_t n)
{
    uint8_t t[32];
    memset(ret, 0, 32);
    for (size_t i = 0; i < n; i++)
        if (crypto_scalarmult_ristretto255(t, w[i].b, in[i].b) == 0)
            assert_int_equal(crypto_core_ristretto255_add(ret, ret, t), 0);
}

static void msm_at_level(void)
{
    static const size_t sizes[] = {0, 1, 2, 3, 7, 8, 9, 63, 64, 65, 130, 300};
    static struct ent_element in[300];
    static struct ent_scalar w[300];
    struct ent_element got;
    uint8_t want[32];
    for (size_t i = 0; i < 300; i++) {
        some_scalar(&w[i], i % 40);
        some_element(&in[i]);
    }
    memset(&w[5], 0, sizeof(w[5])); /* a zero weight, and an element that comes twice */
    in[7] = in[6];
    for (size_t s = 0; s < COUNT(sizes); s++) {
        struct ent_msm m;
        size_t n = sizes[s], cut = ent_t_below(n + 1);
        ent_msm_init(&m);
        ent_msm_add_var(&m, w, in, cut);
        ent_msm_add_var(&m, w + cut, in + cut, n - cut);
        naive_sum(want, w, in, n);
        assert_err(ent_msm_end_var(&m, &got), n == 0 ? ENT_E_FORMAT : ENT_OK);
        if (n > 0)
            assert_memory_equal(got.b, want, 32);
    }
}

static void test_msm(void **state)
{
    (void)state;
    at_every_level(msm_at_level);
}

static void mul_add_at_level(void)
{
    static const struct ent_scalar one = {.b = {1}};
    const struct ent_scalar none = {.b = {0}};
    struct ent_element pair[2], got, neg;
    struct ent_scalar w[2], minus;
    uint8_t want[32];
    for (size_t i = 0; i < 30; i++) {
        some_scalar(&w[0], i);
        some_scalar(&w[1], 29 - i);
        some_element(&pair[0]);
        some_element(&pair[1]);
        naive_sum(want, w, pair, 2);
        assert_ok(ent_element_mul_add_var(&got, &w[0], &pair[0], &w[1], &pair[1]));
        assert_memory_equal(got.b, want, 32);
        ent_element_base_mul(&pair[0], &one);
        naive_sum(want, w, pair, 2);
        assert_ok(ent_element_mul_add_var(&got, &w[0], NULL, &w[1], &pair[1]));
        assert_memory_equal(got.b, want, 32);
    }
    /* sums that are the identity */
    ent_scalar_sub(&minus, &none, &w[0]);
    assert_err(ent_element_mul_add_var(&got, &w[0], &pair[1], &minus, &pair[1]), ENT_E_FORMAT);
    assert_err(ent_element_mul_add_var(&got, &none, NULL, &none, &pair[1]), ENT_E_FORMAT);
    assert_err(ent_element_mul_add_var(&got, &minus, NULL, &w[0], &pair[0]), ENT_E_FORMAT);
    ent_scalar_sub(&minus, &none, &one);
    ent_element_mul_one(&neg, &minus, &pair[1], 1);
    assert_err(ent_element_add(&got, &neg, &pair[1]), ENT_E_FORMAT);
    assert_ok(ent_element_add(&got, &pair[1], &pair[1])); /* doubling through addition */
    assert_int_equal(crypto_core_ristretto255_add(want, pair[1].b, pair[1].b), 0);
    assert_memory_equal(got.b, want, 32);
}

static void add_at_level(void)
{
    static const size_t sizes[] = {0, 1, 2, 7, 8, 9, MANY};
    const struct ent_scalar one = {.b = {1}}, none = {.b = {0}};
    struct ent_scalar minus;
    struct ent_element in[MANY], sum[MANY + 1];
    uint8_t want[32];
    ent_scalar_sub(&minus, &none, &one);
    for (size_t s = 0; s < COUNT(sizes); s++) {
        struct ent_element first[MANY + 1];
        size_t n = sizes[s];
        for (size_t i = 0; i < n; i++) {
            some_element(&in[i]);
            some_element(&first[i]);
        }
        if (n > 1)
            first[1] = in[1]; /* doubling */
        memset(first[n].b, 0xA5, 32);
        memcpy(sum, first, sizeof(sum));
        assert_ok(ent_element_add_each(sum, in, n));
        for (size_t i = 0; i < n; i++) {
            assert_int_equal(crypto_core_ristretto255_add(want, first[i].b, in[i].b), 0);
            assert_memory_equal(sum[i].b, want, 32);
        }
        assert_memory_equal(sum[n].b, first[n].b, 32); /* nothing behind the end is written */
        for (size_t i = 0; i < n; i++) {               /* the identity, at each place */
            memcpy(sum, first, sizeof(sum));
            ent_element_mul_one(&sum[i], &minus, &in[i], 1);
            assert_err(ent_element_add_each(sum, in, n), ENT_E_FORMAT);
        }
    }
}

static void test_add(void **state)
{
    (void)state;
    at_every_level(add_at_level);
}

static void test_mul_add(void **state)
{
    (void)state;
    at_every_level(mul_add_at_level);
}

static void test_scalars(void **state)
{
    static const char *const refused[] = {
        "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010", /* L */
        "eed3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010",
        "0000000000000000000000000000000000000000000000000000000000000020",
        "0100000000000000000000000000000000000000000000000000000000000080",
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    };
    struct ent_scalar s, inv[9], in[9], product;
    uint8_t b[32];
    (void)state;
    for (size_t i = 0; i < COUNT(refused); i++) {
        unhex(b, 32, refused[i]);
        assert_err(ent_scalar_decode(&s, b), ENT_E_FORMAT);
    }
    unhex(b, 32, "ecd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
    assert_ok(ent_scalar_decode(&s, b)); /* L-1 */
    memset(b, 0, 32);
    assert_ok(ent_scalar_decode(&s, b));
    assert_int_equal(ent_scalar_is_zero(&s), 1);
    for (size_t i = 0; i < 9; i++)
        some_scalar(&in[i], i * 3);
    for (size_t n = 0; n <= 9; n++) {
        ent_scalar_invert_each(inv, in, n);
        for (size_t i = 0; i < n; i++) {
            const struct ent_scalar one = {.b = {1}};
            ent_scalar_mul(&product, &inv[i], &in[i]);
            assert_memory_equal(&product, &one, 32);
            assert_int_equal(ent_scalar_is_zero(&inv[i]), 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_multiples), cmocka_unit_test(test_bad_encodings),
        cmocka_unit_test(test_decode),    cmocka_unit_test(test_hash),
        cmocka_unit_test(test_mul),       cmocka_unit_test(test_msm),
        cmocka_unit_test(test_mul_add),   cmocka_unit_test(test_scalars),
        cmocka_unit_test(test_add),
    };
    return ent_t_run("group", tests);
}
