/* test_merkle_proof.c: proofs over Merkle trees: the vectors that Certificate Transparency's
 * implementations share, the definition of RFC 9162 word for word, and everything that is no proof.
 */
#include "crypto/crypto.h"
#include "tests/support/t.h"

#include <jansson.h>

/* --- the vectors -------------------------------------------------------------------------------
 */

/* Some hold hashes that are none: those cannot even be said here. */
static bool read_hash(struct ent_hash32 *ret, const json_t *v)
{
    uint8_t bytes[64];
    size_t n = 0;
    const char *text = json_string_value(v);
    return text != NULL &&
           ent_base64_decode(bytes, &n, sizeof(bytes), ent_slice_str(text)) == ENT_OK &&
           n == sizeof(ret->b) && memcpy(ret->b, bytes, n) != NULL;
}

static bool read_proof(struct ent_merkle_proof *ret, const json_t *o)
{
    const json_t *list = json_object_get(o, "proof");
    ret->n = json_array_size(list);
    if (ret->n > ENT_MERKLE_PROOF_MAX)
        return false;
    for (size_t i = 0; i < ret->n; i++)
        if (!read_hash(&ret->hash[i], json_array_get(list, i)))
            return false;
    return true;
}

static uint64_t number(const json_t *o, const char *key)
{
    double v = json_real_value(json_object_get(o, key));
    return v < 0x1p63 ? (uint64_t)v
                      : UINT64_MAX; /* two are 2^64 - 1, which jansson has no type for */
}

static bool inclusion_holds(const json_t *o)
{
    struct ent_merkle_proof p;
    struct ent_hash32 leaf, root;
    return read_hash(&leaf, json_object_get(o, "leafHash")) &&
           read_hash(&root, json_object_get(o, "root")) && read_proof(&p, o) &&
           ent_merkle_check_inclusion(&leaf, number(o, "leafIdx"), number(o, "treeSize"), &root,
                                      p.hash, p.n) == ENT_OK;
}

static bool consistency_holds(const json_t *o)
{
    struct ent_merkle_proof p;
    struct ent_hash32 root1, root2;
    return read_hash(&root1, json_object_get(o, "root1")) &&
           read_hash(&root2, json_object_get(o, "root2")) && read_proof(&p, o) &&
           ent_merkle_check_consistency(number(o, "size1"), &root1, number(o, "size2"), &root2,
                                        p.hash, p.n) == ENT_OK;
}

static void check_vectors(const char *kind, size_t valid, bool (*holds)(const json_t *o))
{
    struct ent_slice file = ent_t_file("tests/data/vectors/merkle.json");
    json_t *all = json_loadb((const char *)file.p, file.n, JSON_DECODE_INT_AS_REAL, NULL);
    const json_t *list = json_object_get(all, kind);
    size_t good = 0;
    assert_int_equal(json_array_size(list), 98);
    for (size_t i = 0; i < 98; i++) {
        const json_t *o = json_array_get(list, i);
        const char *name = json_string_value(json_object_get(o, "file"));
        bool want = !json_is_true(json_object_get(o, "wantErr"));
        /* Its two roots are equal, and no hashes: here a hash has 32 bytes. */
        if (strstr(name, "/sizes-are-equal-one-and-proof-is-empty.json") != NULL)
            want = false;
        if (holds(o) != want)
            print_error("%s\n", name);
        assert_int_equal(holds(o), want);
        good += want;
    }
    assert_int_equal(good, valid);
    json_decref(all);
}

static void test_inclusion_vectors(void **state)
{
    (void)state;
    check_vectors("inclusion", 6, inclusion_holds);
}

static void test_consistency_vectors(void **state)
{
    (void)state;
    check_vectors("consistency", 5, consistency_holds);
}

/* --- the definition ----------------------------------------------------------------------------
 */

#define LEAVES 70

static struct ent_hash32 leaves[LEAVES];

static size_t below(size_t n) /* the largest power of two below n */
{
    size_t k = 1;
    while (2 * k < n)
        k *= 2;
    return k;
}

static struct ent_hash32 mth(const struct ent_hash32 *d, size_t n)
{
    struct ent_hash32 left, right, ret;
    if (n == 0) {
        ent_sha256_of(&ret, ent_slice(NULL, 0));
        return ret;
    }
    if (n == 1)
        return d[0];
    left = mth(d, below(n));
    right = mth(d + below(n), n - below(n));
    ent_merkle_node_hash(&ret, &left, &right);
    return ret;
}

/* PATH(m, D[n]) of section 2.1.3.1 */
static void path(struct ent_merkle_proof *p, size_t m, const struct ent_hash32 *d, size_t n)
{
    if (n == 1)
        return;
    size_t k = below(n);
    if (m < k) {
        path(p, m, d, k);
        p->hash[p->n++] = mth(d + k, n - k);
    } else {
        path(p, m - k, d + k, n - k);
        p->hash[p->n++] = mth(d, k);
    }
}

/* SUBPROOF(m, D[n], b) of section 2.1.4.1 */
static void subproof(struct ent_merkle_proof *p, size_t m, const struct ent_hash32 *d, size_t n,
                     bool b)
{
    if (m == n) {
        if (!b)
            p->hash[p->n++] = mth(d, m);
        return;
    }
    size_t k = below(n);
    if (m <= k) {
        subproof(p, m, d, k, b);
        p->hash[p->n++] = mth(d + k, n - k);
    } else {
        subproof(p, m - k, d + k, n - k, false);
        p->hash[p->n++] = mth(d, k);
    }
}

static void make_leaves(void)
{
    for (size_t i = 0; i < LEAVES; i++)
        for (size_t j = 0; j < 32; j++)
            leaves[i].b[j] = (uint8_t)ent_t_rand();
}

static enum ent_err complete(void *ctx, struct ent_hash32 *ret, unsigned level, uint64_t index)
{
    size_t n = (size_t)1 << level;
    if (ctx != NULL && --*(int *)ctx < 0)
        return ENT_E_IO;
    assert_true((index + 1) * n <= LEAVES);
    *ret = mth(leaves + index * n, n);
    return ENT_OK;
}

static void same(const struct ent_merkle_proof *a, const struct ent_merkle_proof *b)
{
    assert_int_equal(a->n, b->n);
    if (a->n > 0)
        assert_memory_equal(a->hash, b->hash, a->n * sizeof(a->hash[0]));
}

static void test_made_as_defined(void **state)
{
    const struct ent_merkle_source source = {NULL, complete};
    struct ent_merkle_proof got, want;
    struct ent_hash32 root, small;
    (void)state;
    make_leaves();
    for (size_t n = 0; n <= LEAVES; n++) {
        struct ent_hash32 defined = mth(leaves, n);
        assert_ok(ent_merkle_source_root(&root, n, &source));
        assert_memory_equal(&root, &defined, sizeof(root));
        for (size_t m = 0; m < n; m++) {
            want.n = 0;
            path(&want, m, leaves, n);
            assert_ok(ent_merkle_prove_inclusion(&got, m, n, &source));
            same(&got, &want);
            assert_ok(ent_merkle_check_inclusion(&leaves[m], m, n, &root, got.hash, got.n));
        }
        for (size_t m = 0; m <= n; m++) {
            want.n = 0;
            if (m > 0)
                subproof(&want, m, leaves, n, true);
            assert_ok(ent_merkle_prove_consistency(&got, m, n, &source));
            same(&got, &want);
            small = mth(leaves, m);
            assert_ok(ent_merkle_check_consistency(m, &small, n, &root, got.hash, got.n));
        }
    }
}

/* --- what is no proof --------------------------------------------------------------------------
 */

/* Each bit of a proof counts, each hash of it, and what it is said to show. */
static void test_nothing_else_is_shown(void **state)
{
    const struct ent_merkle_source source = {NULL, complete};
    struct ent_merkle_proof p;
    struct ent_hash32 root1, root2;
    (void)state;
    make_leaves();
    for (int round = 0; round < 200; round++) {
        uint64_t n = 2 + ent_t_below(LEAVES - 1), m = 1 + ent_t_below(n - 1);
        assert_ok(ent_merkle_source_root(&root1, m, &source));
        assert_ok(ent_merkle_source_root(&root2, n, &source));
        assert_ok(ent_merkle_prove_consistency(&p, m, n, &source));
        uint8_t *byte = &p.hash[ent_t_below(p.n)].b[ent_t_below(32)];
        uint8_t bit = (uint8_t)(1u << ent_t_below(8));
        *byte ^= bit;
        assert_err(ent_merkle_check_consistency(m, &root1, n, &root2, p.hash, p.n), ENT_E_AUTH);
        *byte ^= bit;
        assert_err(ent_merkle_check_consistency(m, &root1, n, &root2, p.hash, p.n - 1), ENT_E_AUTH);
        p.hash[p.n] = root1;
        assert_err(ent_merkle_check_consistency(m, &root1, n, &root2, p.hash, p.n + 1), ENT_E_AUTH);
        assert_err(ent_merkle_check_consistency(n, &root2, m, &root1, p.hash, p.n), ENT_E_AUTH);
        for (uint64_t other = 0; other <= n; other++)
            if (other != m)
                assert_err(ent_merkle_check_consistency(other, &root1, n, &root2, p.hash, p.n),
                           ENT_E_AUTH);
        assert_ok(ent_merkle_prove_inclusion(&p, m, n, &source));
        for (uint64_t other = 0; other <= n; other++)
            if (other != m)
                assert_err(ent_merkle_check_inclusion(&leaves[m], other, n, &root2, p.hash, p.n),
                           ENT_E_AUTH);
        assert_err(ent_merkle_check_inclusion(&leaves[m - 1], m, n, &root2, p.hash, p.n),
                   ENT_E_AUTH);
        assert_err(ent_merkle_check_inclusion(&leaves[m], m, n, &root1, p.hash, p.n), ENT_E_AUTH);
    }
}

static void test_the_empty_tree(void **state)
{
    struct ent_hash32 empty, other;
    (void)state;
    make_leaves();
    empty = mth(leaves, 0);
    other = leaves[0];
    assert_ok(ent_merkle_check_consistency(0, &empty, 0, &empty, NULL, 0));
    assert_ok(ent_merkle_check_consistency(0, &empty, 1, &other, NULL, 0));
    assert_err(ent_merkle_check_consistency(0, &other, 1, &other, NULL, 0), ENT_E_AUTH);
    assert_err(ent_merkle_check_consistency(0, &other, 0, &other, NULL, 0), ENT_E_AUTH);
    assert_err(ent_merkle_check_consistency(0, &empty, 1, &other, &other, 1), ENT_E_AUTH);
    assert_err(ent_merkle_check_consistency(1, &other, 0, &empty, NULL, 0), ENT_E_AUTH);
    assert_err(ent_merkle_check_inclusion(&other, 0, 0, &empty, NULL, 0), ENT_E_AUTH);
    assert_ok(ent_merkle_check_inclusion(&other, 0, 1, &other, NULL, 0));
}

static void test_limits(void **state)
{
    const uint64_t most = ENT_MERKLE_SIZE_MAX;
    const struct ent_merkle_source source = {NULL, complete};
    struct ent_merkle_proof p;
    struct ent_hash32 h;
    (void)state;
    make_leaves();
    memset(&p, 0, sizeof(p));
    assert_err(ent_merkle_source_root(&h, most + 1, &source), ENT_E_LIMIT);
    assert_err(ent_merkle_prove_inclusion(&p, 0, most + 1, &source), ENT_E_LIMIT);
    assert_err(ent_merkle_prove_inclusion(&p, 7, 7, &source), ENT_E_LIMIT);
    assert_err(ent_merkle_prove_inclusion(&p, 0, 0, &source), ENT_E_LIMIT);
    assert_err(ent_merkle_prove_consistency(&p, 8, 7, &source), ENT_E_LIMIT);
    assert_err(ent_merkle_prove_consistency(&p, 1, most + 1, &source), ENT_E_LIMIT);
    assert_err(ent_merkle_check_inclusion(leaves, most, most + 1, leaves, p.hash, 64), ENT_E_AUTH);
    assert_err(ent_merkle_check_inclusion(leaves, most - 1, most, leaves, p.hash, 64), ENT_E_AUTH);
    assert_err(ent_merkle_check_consistency(1, leaves, UINT64_MAX, leaves, p.hash, 64), ENT_E_AUTH);
    /* whatever the source cannot read */
    for (int calls = 0; calls < 4; calls++) {
        int left = calls;
        const struct ent_merkle_source failing = {&left, complete};
        assert_err(ent_merkle_prove_inclusion(&p, 3, LEAVES, &failing), ENT_E_IO);
        left = calls;
        assert_err(ent_merkle_prove_consistency(&p, 3, LEAVES, &failing), ENT_E_IO);
    }
}

/* The deepest trees there can be, of leaves that are all alike. */
static enum ent_err alike(void *ctx, struct ent_hash32 *ret, unsigned level, uint64_t index)
{
    (void)index;
    *ret = ((struct ent_hash32 *)ctx)[level];
    return ENT_OK;
}

static void test_the_largest_trees(void **state)
{
    struct ent_hash32 level[63], root1, root2;
    const struct ent_merkle_source source = {level, alike};
    struct ent_merkle_proof p;
    (void)state;
    ent_merkle_leaf_hash(&level[0], ENT_SLICE_LIT("x"));
    for (size_t i = 1; i < 63; i++)
        ent_merkle_node_hash(&level[i], &level[i - 1], &level[i - 1]);
    for (int round = 0; round < 200; round++) {
        uint64_t n = round == 0 ? ENT_MERKLE_SIZE_MAX : 2 + ent_t_rand() % (1ull << 62);
        uint64_t m = 1 + ent_t_below(n - 1);
        assert_ok(ent_merkle_source_root(&root1, m, &source));
        assert_ok(ent_merkle_source_root(&root2, n, &source));
        assert_ok(ent_merkle_prove_inclusion(&p, m, n, &source));
        assert_ok(ent_merkle_check_inclusion(&level[0], m, n, &root2, p.hash, p.n));
        assert_true(p.n <= 63);
        assert_ok(ent_merkle_prove_consistency(&p, m, n, &source));
        assert_ok(ent_merkle_check_consistency(m, &root1, n, &root2, p.hash, p.n));
        p.hash[ent_t_below(p.n)].b[0] ^= 1;
        assert_err(ent_merkle_check_consistency(m, &root1, n, &root2, p.hash, p.n), ENT_E_AUTH);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_inclusion_vectors), cmocka_unit_test(test_consistency_vectors),
        cmocka_unit_test(test_made_as_defined),   cmocka_unit_test(test_nothing_else_is_shown),
        cmocka_unit_test(test_the_empty_tree),    cmocka_unit_test(test_limits),
        cmocka_unit_test(test_the_largest_trees),
    };
    return ent_t_run("merkle_proof", tests);
}
