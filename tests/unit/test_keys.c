/* test_keys.c: the one rule for signatures, derived seeds, and seeds under a passphrase. */
#include "crypto/crypto.h"
#include "tests/support/t.h"

#include <sys/resource.h>

static void unhex(void *ret, size_t n, const char *hex)
{
    assert_ok(ent_hex_decode(ret, n, ent_slice_str(hex)));
}

/* RFC 8032 section 7.1, tests 1 to 3. */
static void test_rfc8032(void **state)
{
    static const struct {
        const char *seed, *pk, *msg, *sig;
    } v[] = {
        {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
         "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
         "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39"
         "701cf9b46bd25bf5f0595bbe24655141438e7a100b"},
        {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
         "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
         "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f36"
         "13d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
        {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
         "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
         "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f7"
         "60984dc6594a7c15e9716ed28dc027beceea1ec40a"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
        struct ent_seed32 seed;
        struct ent_keypair key;
        struct ent_pubkey pk;
        uint8_t want[64], sig[64], msg[2];
        unhex(seed.b, 32, v[i].seed);
        unhex(msg, strlen(v[i].msg) / 2, v[i].msg);
        ent_sign_public(&pk, &seed);
        unhex(want, 32, v[i].pk);
        assert_memory_equal(pk.b, want, 32);
        ent_sign(sig, &seed, ent_slice(msg, i));
        unhex(want, 64, v[i].sig);
        assert_memory_equal(sig, want, 64);
        ent_keypair_init(&key, &seed);
        assert_memory_equal(key.seed.b, seed.b, 32);
        assert_memory_equal(key.pk.b, pk.b, 32);
        memset(sig, 0, 64);
        ent_sign_by(sig, &key, ent_slice(msg, i));
        assert_memory_equal(sig, want, 64);
        assert_ok(ent_sign_check(&pk, sig, ent_slice(msg, i)));
    }
}

static void test_sign(void **state)
{
    struct ent_seed32 seed, other;
    struct ent_pubkey pk, other_pk;
    uint8_t sig[64], msg[40];
    (void)state;
    ent_random(&seed, sizeof(seed));
    ent_random(&other, sizeof(other));
    ent_random(msg, sizeof(msg));
    ent_sign_public(&pk, &seed);
    ent_sign_public(&other_pk, &other);
    assert_ok(ent_pubkey_check(&pk));
    ent_sign(sig, &seed, ent_slice(msg, sizeof(msg)));
    assert_ok(ent_sign_check(&pk, sig, ent_slice(msg, sizeof(msg))));
    assert_err(ent_sign_check(&other_pk, sig, ent_slice(msg, sizeof(msg))), ENT_E_AUTH);
    assert_err(ent_sign_check(&pk, sig, ent_slice(msg, sizeof(msg) - 1)), ENT_E_AUTH);
    assert_err(ent_sign_check(&pk, sig, ent_slice(NULL, 0)), ENT_E_AUTH);
    for (size_t bit = 0; bit < 8 * sizeof(sig); bit++) {
        sig[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_err(ent_sign_check(&pk, sig, ent_slice(msg, sizeof(msg))), ENT_E_AUTH);
        sig[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t bit = 0; bit < 8 * sizeof(msg); bit++) {
        msg[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_err(ent_sign_check(&pk, sig, ent_slice(msg, sizeof(msg))), ENT_E_AUTH);
        msg[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

/*
 * Of CCTV's 914 edge cases libsodium alone accepts 43, and OpenSSL and Go 208. The pinned rule
 * accepts exactly one: number 305, the only one without any flag, which is an honest signature. All
 * others have a low-order component in A or R; the subgroup check refuses the former, and with an A
 * in the subgroup the cofactorless equation refuses the latter.
 */
/* A signature by a valid key that is remembered at the same place as pk. */
static void check_beside(const struct ent_pubkey *pk)
{
    struct ent_keypair key;
    struct ent_seed32 seed;
    uint8_t sig[64];
    do {
        ent_random(&seed, sizeof(seed));
        ent_keypair_init(&key, &seed);
    } while (key.pk.b[0] % 16 != pk->b[0] % 16);
    ent_sign_by(sig, &key, ENT_SLICE_LIT("x"));
    assert_ok(ent_sign_check(&key.pk, sig, ENT_SLICE_LIT("x")));
    assert_ok(ent_sign_check(&key.pk, sig, ENT_SLICE_LIT("x")));
    assert_err(ent_sign_check(&key.pk, sig, ENT_SLICE_LIT("y")), ENT_E_AUTH);
}

static void test_cctv(void **state)
{
    struct ent_slice file = ent_t_file("tests/data/vectors/ed25519-cctv.txt"), line;
    struct ent_cur c = ent_cur(file);
    size_t n = 0, pinned = 0, libsodium = 0;
    (void)state;
    for (; c.n > 0; n++) {
        struct ent_pubkey pk;
        struct ent_slice msg;
        uint8_t sig[64];
        assert_ok(ent_cur_line(&c, &line));
        assert_true(line.n > 194);
        assert_ok(ent_hex_decode(pk.b, 32, ent_slice(line.p, 64)));
        assert_ok(ent_hex_decode(sig, 64, ent_slice(line.p + 65, 128)));
        msg = ent_slice(line.p + 194, line.n - 194);
        enum ent_err r = ent_pubkey_check(&pk);
        if (r == ENT_OK)
            r = crypto_sign_ed25519_verify_detached(sig, msg.p, msg.n, pk.b) == 0 ? ENT_OK
                                                                                  : ENT_E_AUTH;
        check_beside(&pk);
        assert_err(ent_sign_check(&pk, sig, msg), r);
        assert_err(ent_sign_check(&pk, sig, msg), r);
        if (r == ENT_OK) {
            pinned++;
            assert_int_equal(n, 305);
        }
        libsodium += crypto_sign_ed25519_verify_detached(sig, msg.p, msg.n, pk.b) == 0;
    }
    assert_int_equal(n, 914);
    assert_int_equal(libsodium, 43);
    assert_int_equal(pinned, 1);
}

static void test_bad_keys(void **state)
{
    static const char *const bad[] = {
        "0000000000000000000000000000000000000000000000000000000000000000", /* order 4 */
        "0100000000000000000000000000000000000000000000000000000000000000", /* identity */
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", /* order 2 */
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", /* not canonical */
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05", /* order 8 */
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "0200000000000000000000000000000000000000000000000000000000000000", /* not on the curve */
    };
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct ent_pubkey pk;
        unhex(pk.b, 32, bad[i]);
        assert_err(ent_pubkey_check(&pk), ENT_E_AUTH);
    }
}

static void test_derive(void **state)
{
    struct ent_seed32 from, a, b;
    (void)state;
    ent_random(&from, sizeof(from));
    ent_seed_derive(&a, &from, 1, "ent_test");
    ent_seed_derive(&b, &from, 1, "ent_test");
    assert_memory_equal(a.b, b.b, 32);
    ent_seed_derive(&b, &from, 2, "ent_test");
    assert_memory_not_equal(a.b, b.b, 32);
    ent_seed_derive(&b, &from, 1, "ent_tesT");
    assert_memory_not_equal(a.b, b.b, 32);
    from.b[31] ^= 1;
    ent_seed_derive(&b, &from, 1, "ent_test");
    assert_memory_not_equal(a.b, b.b, 32);
}

static const struct ent_slice pass = {(const uint8_t *)"correct horse", 13};

static void test_lock(void **state)
{
    struct ent_seed32 seed, got;
    uint8_t locked[ENT_LOCKED_SEED];
    (void)state;
    ent_random(&seed, sizeof(seed));
    assert_ok(ent_seed_lock(locked, &seed, pass));
    struct ent_cur costs = ent_cur(ent_slice(locked + 16, 16));
    uint64_t ops = 0, mem = 0;
    assert_ok(ent_cur_u64le(&costs, &ops));
    assert_ok(ent_cur_u64le(&costs, &mem));
    assert_int_equal(ops, 4);
    assert_int_equal(mem, (uint64_t)128 << 20); /* a node must stay below 256 MiB */
    assert_ok(ent_seed_unlock(&got, locked, pass));
    assert_memory_equal(got.b, seed.b, 32);
    got = (struct ent_seed32){{0}};
    assert_err(ent_seed_unlock(&got, locked, ENT_SLICE_LIT("correct horsf")), ENT_E_AUTH);
    for (size_t i = 0; i < 32; i++)
        assert_int_equal(got.b[i], 0);
}

/* The layout written by hand, at libsodium's least cost, so that many can be tried. */
static void lock_cheaply(uint8_t *ret, const struct ent_seed32 *seed)
{
    uint8_t key[32];
    ent_random(ret, 56);
    ent_put_u64le(ret + 16, 1);
    ent_put_u64le(ret + 24, 8192);
    assert_int_equal(crypto_pwhash(key, 32, (const char *)pass.p, pass.n, ret, 1, 8192,
                                   crypto_pwhash_ALG_ARGON2ID13),
                     0);
    (void)crypto_aead_xchacha20poly1305_ietf_encrypt(ret + 56, NULL, seed->b, 32, ret, 56, NULL,
                                                     ret + 32, key);
}

static void test_locked_damage(void **state)
{
    struct ent_seed32 seed, got;
    uint8_t locked[ENT_LOCKED_SEED];
    (void)state;
    ent_random(&seed, sizeof(seed));
    lock_cheaply(locked, &seed);
    assert_ok(ent_seed_unlock(&got, locked, pass));
    assert_memory_equal(got.b, seed.b, 32);
    assert_err(ent_seed_unlock(&got, locked, ENT_SLICE_LIT("")), ENT_E_AUTH);
    for (size_t i = 0; i < sizeof(locked); i++) {
        /* In the costs, other bits than the last would only buy gigabytes. */
        unsigned bit = i >= 16 && i < 32 ? 0 : (unsigned)ent_t_below(8);
        enum ent_err want = (i > 16 && i < 24) || (i > 27 && i < 32) ? ENT_E_LIMIT : ENT_E_AUTH;
        locked[i] ^= (uint8_t)(1u << bit);
        assert_err(ent_seed_unlock(&got, locked, pass), want);
        locked[i] ^= (uint8_t)(1u << bit);
    }
    assert_ok(ent_seed_unlock(&got, locked, pass));
}

/* A header that asks for more than "sensitive" is refused before any memory is taken. */
static void test_locked_cost(void **state)
{
    struct ent_seed32 seed, got;
    struct rusage before, after;
    uint8_t locked[ENT_LOCKED_SEED];
    (void)state;
    ent_random(&seed, sizeof(seed));
    lock_cheaply(locked, &seed);
    (void)getrusage(RUSAGE_SELF, &before);
    ent_put_u64le(locked + 24, crypto_pwhash_MEMLIMIT_SENSITIVE + 1024);
    assert_err(ent_seed_unlock(&got, locked, pass), ENT_E_LIMIT);
    ent_put_u64le(locked + 24, UINT64_MAX);
    assert_err(ent_seed_unlock(&got, locked, pass), ENT_E_LIMIT);
    ent_put_u64le(locked + 24, 8192);
    ent_put_u64le(locked + 16, crypto_pwhash_OPSLIMIT_SENSITIVE + 1);
    assert_err(ent_seed_unlock(&got, locked, pass), ENT_E_LIMIT);
    (void)getrusage(RUSAGE_SELF, &after);
    assert_true(after.ru_maxrss - before.ru_maxrss < 1024);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rfc8032),       cmocka_unit_test(test_sign),
        cmocka_unit_test(test_cctv),          cmocka_unit_test(test_bad_keys),
        cmocka_unit_test(test_derive),        cmocka_unit_test(test_locked_cost),
        cmocka_unit_test(test_locked_damage), cmocka_unit_test(test_lock),
    };
    return ent_t_run("keys", tests);
}
