/* test_tile.c: tiles of logs: their paths, what lies in them, and a whole log that another program
 * wrote (Tessera's sample), held to each of its sixteen checkpoints. */
#include "ledger/ledger.h"
#include "tests/support/t.h"

#define LOG "tests/data/vectors/tessera-log/"

/* --- paths -------------------------------------------------------------------------------------
 */

/* table */
static void test_paths(void **state)
{
    static const struct {
        const char *path;
        struct ent_tile t;
    } rows[] = {
        {"tile/0/000", {false, 0, 0, 256}},
        {"tile/0/x001/x234/067", {false, 0, 1234067, 256}},
        {"tile/3/x001/000.p/1", {false, 3, 1000, 1}},
        {"tile/entries/999.p/255", {true, 0, 999, 255}},
        {"tile/7/000.p/127", {false, 7, 0, 127}},
        {"tile/0/x036/x028/x797/x018/x963/967", {false, 0, 36028797018963967u, 256}},
    };
    char path[ENT_TILE_PATH_MAX];
    struct ent_tile t;
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_ok(ent_tile_path(path, &rows[i].t));
        assert_string_equal(path, rows[i].path);
        assert_ok(ent_tile_parse(&t, ent_slice_str(path)));
        assert_int_equal(t.entries, rows[i].t.entries);
        assert_int_equal(t.level, rows[i].t.level);
        assert_int_equal(t.n, rows[i].t.n);
        assert_int_equal(t.width, rows[i].t.width);
    }
}

static void test_no_paths(void **state)
{
    static const char *const rows[] = {
        "",
        "tile",
        "tile/",
        "/tile/0/000",
        "tile/0",
        "tile/0/",
        "tile/0/0",
        "tile/0/00",
        "tile/0/0000",
        "tile/0/x000/001", /* 1 is 001 */
        "tile/0/001/002",
        "tile/0/x001",
        "tile/0/x001/x002",
        "tile/8/000",
        "tile/00/000",
        "tile/-1/000",
        "tile/entries0/000",
        "tile/data/000",
        "tile/0/000.p/0",
        "tile/0/000.p/256", /* is whole, and has no width */
        "tile/0/000.p/999",
        "tile/0/000.p/01",
        "tile/0/000.p/",
        "tile/0/000.p",
        "tile/0/000.p/1/",
        "tile/0/000 ",
        "tile/0/../000",
        "tile/0/000\n",
        "tile/7/001",
        "tile/0/x036/x028/x797/x018/x963/968", /* beyond the largest tree */
        "tile/0/x999/x999/x999/x999/x999/x999/x999/999",
        "tile/0/x001/x000/x000/x000/x000/x000/x000/x000/000",
    };
    struct ent_tile t;
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_err(ent_tile_parse(&t, ent_slice_str(rows[i])), ENT_E_FORMAT);
    assert_err(ent_tile_parse(&t, ent_slice("tile/0/000\0", 11)), ENT_E_FORMAT);
}

static void test_tiles_that_cannot_be(void **state)
{
    static const struct ent_tile rows[] = {
        {false, 0, 0, 0}, {false, 0, 0, 257}, {false, 8, 0, 1},
        {true, 1, 0, 1},  {false, 7, 1, 1},   {false, 0, UINT64_MAX, 1},
    };
    char path[ENT_TILE_PATH_MAX];
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_err(ent_tile_path(path, &rows[i]), ENT_E_LIMIT);
}

static void test_random_paths(void **state)
{
    (void)state;
    for (int i = 0; i < 20000; i++) {
        struct ent_tile t = {.level = (unsigned)ent_t_below(8)}, back;
        char path[ENT_TILE_PATH_MAX];
        unsigned bits = 8 * (t.level + 1);
        uint64_t most = bits < 64 ? (uint64_t)INT64_MAX >> bits : 0;
        t.entries = t.level == 0 && ent_t_below(2) == 0;
        t.n = (ent_t_rand() >> ent_t_below(64)) % (most + 1);
        t.width = 1 + (unsigned)ent_t_below(256);
        assert_ok(ent_tile_path(path, &t));
        assert_ok(ent_tile_parse(&back, ent_slice_str(path)));
        assert_true(back.entries == t.entries && back.level == t.level && back.n == t.n &&
                    back.width == t.width);
        /* one character less, more, or another one is another tile, or none */
        size_t n = strlen(path), at = (size_t)ent_t_below(n);
        assert_true(ent_tile_parse(&back, ent_slice(path, n - 1)) == ENT_E_FORMAT ||
                    back.width != t.width || back.n != t.n);
        path[at] = (char)ent_t_below(256);
        if (ent_tile_parse(&back, ent_slice(path, n)) == ENT_OK) {
            char again[ENT_TILE_PATH_MAX];
            assert_ok(ent_tile_path(again, &back));
            assert_memory_equal(again, path, n);
        }
    }
}

/* --- which tile --------------------------------------------------------------------------------
 */

static void test_where_hashes_lie(void **state)
{
    struct ent_tile t;
    size_t at;
    (void)state;
    assert_ok(ent_tile_of(&t, &at, 0, 0, 1));
    assert_true(t.level == 0 && t.n == 0 && t.width == 1 && at == 0);
    assert_ok(ent_tile_of(&t, &at, 0, 255, 256));
    assert_true(t.n == 0 && t.width == 256 && at == 255);
    assert_ok(ent_tile_of(&t, &at, 0, 256, 300));
    assert_true(t.n == 1 && t.width == 44 && at == 0);
    assert_ok(ent_tile_of(&t, &at, 3, 1, 300)); /* leaves 8 to 15 */
    assert_true(t.level == 0 && t.n == 0 && t.width == 256 && at == 8);
    assert_ok(ent_tile_of(&t, &at, 8, 0, 300));
    assert_true(t.level == 1 && t.n == 0 && t.width == 1 && at == 0);
    assert_ok(ent_tile_of(&t, &at, 62, 0, INT64_MAX));
    assert_true(t.level == 7 && t.width == 127 && at == 0);
    assert_err(ent_tile_of(&t, &at, 0, 0, 0), ENT_E_LIMIT);
    assert_err(ent_tile_of(&t, &at, 0, 300, 300), ENT_E_LIMIT);
    assert_err(ent_tile_of(&t, &at, 8, 1, 511), ENT_E_LIMIT);
    assert_err(ent_tile_of(&t, &at, 63, 0, INT64_MAX), ENT_E_LIMIT);
    assert_err(ent_tile_of(&t, &at, 0, 0, UINT64_MAX), ENT_E_LIMIT);
}

/* A log in memory: all leaves, from which each tile is computed by the definition. */
struct memory {
    struct ent_hash32 leaf[700];
    size_t reads;
};

static struct ent_hash32 whole(const struct ent_hash32 *d, size_t n)
{
    struct ent_hash32 left, right, ret;
    if (n == 1)
        return d[0];
    left = whole(d, n / 2);
    right = whole(d + n / 2, n / 2);
    ent_merkle_node_hash(&ret, &left, &right);
    return ret;
}

static enum ent_err read_memory(void *ctx, uint8_t *ret, const struct ent_tile *t)
{
    struct memory *m = ctx;
    size_t each = (size_t)1 << (8 * t->level);
    m->reads++;
    for (size_t i = 0; i < t->width; i++) {
        struct ent_hash32 h = whole(m->leaf + (t->n * 256 + i) * each, each);
        memcpy(ret + 32 * i, h.b, 32);
    }
    return ENT_OK;
}

static void test_proofs_out_of_tiles(void **state)
{
    static struct memory m;
    struct ent_merkle running;
    struct ent_hash32 root[701];
    char entry[16];
    (void)state;
    ent_merkle_init(&running);
    for (size_t i = 0; i <= 700; i++) {
        ent_merkle_root(&running, &root[i]);
        if (i == 700)
            break;
        int n = snprintf(entry, sizeof(entry), "%zu", i);
        ent_merkle_leaf(&running, ent_slice(entry, (size_t)n));
        ent_merkle_leaf_hash(&m.leaf[i], ent_slice(entry, (size_t)n));
    }
    for (int round = 0; round < 300; round++) {
        struct ent_tile_source tiles = {1 + ent_t_below(700), &m, read_memory};
        const struct ent_merkle_source source = ent_tile_merkle_source(&tiles);
        struct ent_merkle_proof p;
        struct ent_hash32 got;
        uint64_t at = ent_t_below(tiles.size);
        assert_ok(ent_merkle_source_root(&got, tiles.size, &source));
        assert_memory_equal(&got, &root[tiles.size], sizeof(got));
        assert_ok(ent_merkle_prove_inclusion(&p, at, tiles.size, &source));
        assert_ok(ent_merkle_check_inclusion(&m.leaf[at], at, tiles.size, &got, p.hash, p.n));
        assert_ok(ent_merkle_prove_consistency(&p, at, tiles.size, &source));
        assert_ok(ent_merkle_check_consistency(at, &root[at], tiles.size, &got, p.hash, p.n));
    }
}

/* --- a log of somebody else's -------------------------------------------------------------------
 */

static struct ent_slice file_of(const char *name)
{
    char path[256];
    (void)snprintf(path, sizeof(path), LOG "%s", name);
    return ent_t_file(path);
}

static struct ent_hash32 root_of(unsigned size)
{
    char name[32];
    struct ent_slice line;
    struct ent_hash32 root;
    (void)snprintf(name, sizeof(name), "checkpoint.%u", size);
    struct ent_cur c = ent_cur(file_of(name));
    for (int i = 0; i < 3; i++)
        assert_ok(ent_cur_line(&c, &line));
    assert_ok(ent_base64_decode_exact(root.b, sizeof(root.b), line));
    return root;
}

static enum ent_err read_log(void *ctx, uint8_t *ret, const struct ent_tile *t)
{
    char path[ENT_TILE_PATH_MAX];
    (void)ctx;
    assert_ok(ent_tile_path(path, t));
    struct ent_slice s = file_of(path);
    assert_int_equal(s.n, 32 * t->width);
    memcpy(ret, s.p, s.n);
    return ENT_OK;
}

static void test_a_log_of_another_program(void **state)
{
    (void)state;
    for (unsigned size = 1; size <= 15; size++) {
        const struct ent_tile bundle = {true, 0, 0, size};
        struct ent_tile_source tiles = {size, NULL, read_log};
        const struct ent_merkle_source source = ent_tile_merkle_source(&tiles);
        struct ent_hash32 root = root_of(size), got, leaf, before;
        struct ent_merkle running;
        struct ent_merkle_proof p;
        struct ent_slice entry;
        char path[ENT_TILE_PATH_MAX];
        assert_ok(ent_merkle_source_root(&got, size, &source));
        assert_memory_equal(&got, &root, sizeof(root));
        assert_ok(ent_tile_path(path, &bundle));
        uint8_t bytes[1024]; /* files are kept only until a few more have been read */
        struct ent_slice file = file_of(path);
        assert_true(file.n <= sizeof(bytes));
        memcpy(bytes, file.p, file.n);
        struct ent_cur c = ent_cur(ent_slice(bytes, file.n));
        ent_merkle_init(&running);
        for (unsigned i = 0; i < size; i++) {
            assert_ok(ent_bundle_next(&c, &entry));
            ent_merkle_leaf(&running, entry);
            ent_merkle_leaf_hash(&leaf, entry);
            assert_ok(ent_merkle_prove_inclusion(&p, i, size, &source));
            assert_ok(ent_merkle_check_inclusion(&leaf, i, size, &root, p.hash, p.n));
            if (i == 0)
                continue;
            before = root_of(i);
            assert_ok(ent_merkle_prove_consistency(&p, i, size, &source));
            assert_ok(ent_merkle_check_consistency(i, &before, size, &root, p.hash, p.n));
        }
        assert_ok(ent_cur_end(&c));
        ent_merkle_root(&running, &got);
        assert_memory_equal(&got, &root, sizeof(root));
    }
}

/* A flipped bit in what is read never leads to the root that was signed. */
struct flipped {
    size_t byte;
    uint8_t bit;
};

static enum ent_err read_flipped(void *ctx, uint8_t *ret, const struct ent_tile *t)
{
    const struct flipped *f = ctx;
    enum ent_err r = read_log(NULL, ret, t);
    ret[f->byte] ^= f->bit;
    return r;
}

static void test_every_bit_counts(void **state)
{
    struct ent_hash32 root = root_of(15), got;
    (void)state;
    for (size_t i = 0; i < 15 * 32 * 8; i++) {
        struct flipped f = {i / 8, (uint8_t)(1u << (i % 8))};
        struct ent_tile_source tiles = {15, &f, read_flipped};
        const struct ent_merkle_source source = ent_tile_merkle_source(&tiles);
        assert_ok(ent_merkle_source_root(&got, 15, &source));
        assert_memory_not_equal(&got, &root, sizeof(root));
    }
}

/* --- entries -----------------------------------------------------------------------------------
 */

static void test_bundles(void **state)
{
    static uint8_t longest[UINT16_MAX + 1];
    struct ent_buf b;
    struct ent_slice e;
    (void)state;
    ent_buf_init(&b, 1u << 17);
    assert_ok(ent_bundle_put(&b, ENT_SLICE_LIT("")));
    assert_ok(ent_bundle_put(&b, ENT_SLICE_LIT("abc")));
    assert_ok(ent_bundle_put(&b, ent_slice(longest, UINT16_MAX)));
    assert_err(ent_bundle_put(&b, ent_slice(longest, UINT16_MAX + 1)), ENT_E_LIMIT);
    struct ent_cur c = ent_cur(ent_buf_slice(&b));
    assert_ok(ent_bundle_next(&c, &e));
    assert_int_equal(e.n, 0);
    assert_ok(ent_bundle_next(&c, &e));
    assert_memory_equal(e.p, "abc", 3);
    assert_ok(ent_bundle_next(&c, &e));
    assert_int_equal(e.n, UINT16_MAX);
    assert_err(ent_bundle_next(&c, &e), ENT_E_FORMAT);
    for (size_t n = 3; n < 7; n++) { /* cut within the second */
        c = ent_cur(ent_slice(b.p, n));
        assert_ok(ent_bundle_next(&c, &e));
        assert_err(ent_bundle_next(&c, &e), ENT_E_FORMAT);
        assert_int_equal(c.n, n - 2);
    }
    size_t before = b.n;
    ent_buf_release(&b);
    ent_buf_init(&b, 4);
    assert_err(ent_bundle_put(&b, ENT_SLICE_LIT("abc")), ENT_E_LIMIT);
    assert_int_equal(b.n, 0);
    assert_true(before > UINT16_MAX);
    ent_buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_no_paths),
        cmocka_unit_test(test_tiles_that_cannot_be),
        cmocka_unit_test(test_random_paths),
        cmocka_unit_test(test_where_hashes_lie),
        cmocka_unit_test(test_proofs_out_of_tiles),
        cmocka_unit_test(test_a_log_of_another_program),
        cmocka_unit_test(test_every_bit_counts),
        cmocka_unit_test(test_bundles),
    };
    return ent_t_run("tile", tests);
}
