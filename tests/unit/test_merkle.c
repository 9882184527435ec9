/* test_merkle.c: the running Merkle head against the definition of RFC 6962 section 2.1, and the
 * roots of the well-known example tree; SHA-256 and HKDF vectors. */
#include "crypto/crypto.h"
#include "tests/support/t.h"

static void unhex(void *ret, size_t n, const char *hex)
{
    assert_ok(ent_hex_decode(ret, n, ent_slice_str(hex)));
}

/* The definition, word for word, on libsodium. */
static void naive(uint8_t ret[static 32], const struct ent_slice *leaf, size_t n)
{
    uint8_t buf[65], tmp[256];
    size_t k = 1;
    if (n == 0) {
        (void)crypto_hash_sha256(ret, NULL, 0);
        return;
    }
    if (n == 1) {
        tmp[0] = 0;
        if (leaf[0].n > 0)
            memcpy(tmp + 1, leaf[0].p, leaf[0].n);
        (void)crypto_hash_sha256(ret, tmp, 1 + leaf[0].n);
        return;
    }
    while (2 * k < n)
        k *= 2;
    buf[0] = 1;
    naive(buf + 1, leaf, k);
    naive(buf + 33, leaf + k, n - k);
    (void)crypto_hash_sha256(ret, buf, 65);
}

static void test_against_definition(void **state)
{
    static uint8_t bytes[300][100];
    static struct ent_slice leaf[300];
    struct ent_merkle m;
    struct ent_hash32 got;
    uint8_t want[32];
    (void)state;
    for (size_t i = 0; i < 300; i++) {
        for (size_t j = 0; j < 100; j++)
            bytes[i][j] = (uint8_t)ent_t_rand();
        leaf[i] = ent_slice(bytes[i], ent_t_below(101));
    }
    ent_merkle_init(&m);
    for (size_t n = 0; n <= 300; n++) {
        ent_merkle_root(&m, &got);
        naive(want, leaf, n);
        assert_memory_equal(got.b, want, 32);
        assert_int_equal(m.n, n);
        if (n < 300)
            ent_merkle_leaf(&m, leaf[n]);
    }
}

/* The eight leaves that Certificate Transparency's implementations share. */
static void test_known_roots(void **state)
{
    static const char *const leaves[] = {"",
                                         "00",
                                         "10",
                                         "2021",
                                         "3031",
                                         "40414243",
                                         "5051525354555657",
                                         "606162636465666768696a6b6c6d6e6f"};
    static const char *const roots[] = {
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};
    struct ent_merkle m;
    struct ent_hash32 got;
    uint8_t want[32], leaf[16];
    (void)state;
    ent_merkle_init(&m);
    for (size_t n = 0; n <= 8; n++) {
        ent_merkle_root(&m, &got);
        unhex(want, 32, roots[n]);
        assert_memory_equal(got.b, want, 32);
        if (n < 8) {
            unhex(leaf, strlen(leaves[n]) / 2, leaves[n]);
            ent_merkle_leaf(&m, ent_slice(leaf, strlen(leaves[n]) / 2));
        }
    }
}

/* A leaf must never pass for a node, nor an order for another, nor a copied last leaf for none. */
static void test_distinct(void **state)
{
    struct ent_merkle m;
    struct ent_hash32 abc, acb, abcc, flat;
    const struct ent_slice a = ENT_SLICE_LIT("a"), b = ENT_SLICE_LIT("b"), c = ENT_SLICE_LIT("c");
    (void)state;
    ent_merkle_init(&m);
    ent_merkle_leaf(&m, a);
    ent_merkle_leaf(&m, b);
    ent_merkle_leaf(&m, c);
    ent_merkle_root(&m, &abc);
    ent_merkle_leaf(&m, c);
    ent_merkle_root(&m, &abcc);
    ent_merkle_init(&m);
    ent_merkle_leaf(&m, a);
    ent_merkle_leaf(&m, c);
    ent_merkle_leaf(&m, b);
    ent_merkle_root(&m, &acb);
    ent_merkle_init(&m);
    ent_merkle_leaf(&m, ENT_SLICE_LIT("abc"));
    ent_merkle_root(&m, &flat);
    assert_memory_not_equal(abc.b, acb.b, 32);
    assert_memory_not_equal(abc.b, abcc.b, 32);
    assert_memory_not_equal(abc.b, flat.b, 32);
}

/* Pieces of every size give what one call gives, over several block boundaries. */
static void sha256_at_level(void)
{
    uint8_t in[700];
    for (size_t i = 0; i < sizeof(in); i++)
        in[i] = (uint8_t)ent_t_rand();
    for (size_t n = 0; n <= sizeof(in); n++) {
        struct ent_sha256 h;
        struct ent_hash32 got;
        uint8_t want[32];
        (void)crypto_hash_sha256(want, in, n);
        ent_sha256_of(&got, ent_slice(in, n));
        assert_memory_equal(got.b, want, 32);
        ent_sha256_init(&h);
        for (size_t at = 0, m; at < n; at += m) {
            m = ent_t_below(150);
            m = m > n - at ? n - at : m;
            ent_sha256_add(&h, ent_slice(in + at, m));
        }
        ent_sha256_end(&h, &got);
        assert_memory_equal(got.b, want, 32);
    }
}

static void test_sha256(void **state)
{
    (void)state;
    for (int l = ENT_CPU_PORTABLE; l <= (int)ent_cpu_machine(); l++) {
        ent_cpu_limit((enum ent_cpu_level)l);
        sha256_at_level();
    }
    ent_cpu_limit(ENT_CPU_AVX512);
}

/* FIPS 180-4's long example: one million times "a". */
static void test_sha256_million(void **state)
{
    struct ent_sha256 h;
    struct ent_hash32 got;
    uint8_t want[32], a[1000];
    (void)state;
    memset(a, 'a', sizeof(a));
    ent_sha256_init(&h);
    for (int i = 0; i < 1000; i++)
        ent_sha256_add(&h, ent_slice(a, sizeof(a)));
    ent_sha256_end(&h, &got);
    unhex(want, 32, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    assert_memory_equal(got.b, want, 32);
}

static void test_sha256_vector(void **state)
{
    struct ent_hash32 got;
    uint8_t want[32];
    (void)state;
    ent_sha256_of(&got, ENT_SLICE_LIT("abc")); /* FIPS 180-4 */
    unhex(want, 32, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_memory_equal(got.b, want, 32);
}

/* RFC 5869's construction with SHA-512, written out. */
static void test_hkdf(void **state)
{
    static const uint8_t zeros[64];
    const struct ent_slice secret = ENT_SLICE_LIT("a secret of some length"),
                           info = ENT_SLICE_LIT("entente/test");
    uint8_t prk[64], block[64 + 64], want[300], got[300], short_one[300];
    crypto_auth_hmacsha512_state st;
    size_t have = 0;
    (void)state;
    (void)crypto_auth_hmacsha512_init(&st, zeros, sizeof(zeros));
    (void)crypto_auth_hmacsha512_update(&st, secret.p, secret.n);
    (void)crypto_auth_hmacsha512_final(&st, prk);
    for (uint8_t i = 1; have < sizeof(want); i++) {
        size_t n = i == 1 ? 0 : 64;
        memcpy(block + n, info.p, info.n);
        block[n + info.n] = i;
        (void)crypto_auth_hmacsha512_init(&st, prk, 64);
        (void)crypto_auth_hmacsha512_update(&st, block, n + info.n + 1);
        (void)crypto_auth_hmacsha512_final(&st, block);
        memcpy(want + have, block, sizeof(want) - have < 64 ? sizeof(want) - have : 64);
        have += 64;
    }
    ent_hkdf(got, sizeof(got), secret, info);
    assert_memory_equal(got, want, sizeof(want));
    for (size_t n = 0; n < sizeof(got); n += 13) {
        memset(short_one, 0xEE, sizeof(short_one));
        ent_hkdf(short_one, n, secret, info);
        assert_memory_equal(short_one, want, n);
        assert_int_equal(short_one[n], 0xEE);
    }
    ent_hkdf(short_one, 64, secret, ENT_SLICE_LIT("entente/tesT"));
    assert_memory_not_equal(short_one, want, 64);
    ent_hkdf(short_one, 64, ent_slice(secret.p, secret.n - 1), info);
    assert_memory_not_equal(short_one, want, 64);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_definition),
        cmocka_unit_test(test_known_roots),
        cmocka_unit_test(test_distinct),
        cmocka_unit_test(test_sha256),
        cmocka_unit_test(test_sha256_vector),
        cmocka_unit_test(test_sha256_million),
        cmocka_unit_test(test_hkdf),
    };
    return ent_t_run("merkle", tests);
}
