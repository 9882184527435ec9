/* test_tree.c: trees on a disk that fails, against a reference that computes everything anew. */
#include "ledger/ledger.h"
#include "ledger/tree.h"
#include "tests/support/simdisk.h"
#include "tests/support/t.h"

#define LOG  "tests/data/vectors/tessera-log/"
#define DIR  "log/1"
#define MOST 1200

/* --- the reference -----------------------------------------------------------------------------
 */

static char entry_text[MOST][64];
static struct ent_hash32 root_at[MOST + 1];

/* Entries of 0 to 60 bytes, one like the other. */
static struct ent_slice entry_of(uint64_t i)
{
    assert_true(i < MOST);
    return ent_slice(entry_text[i], strlen(entry_text[i]));
}

static int make_reference(void **state)
{
    struct ent_merkle m;
    (void)state;
    ent_merkle_init(&m);
    for (unsigned i = 0; i < MOST; i++) {
        ent_merkle_root(&m, &root_at[i]);
        (void)snprintf(entry_text[i], sizeof(entry_text[i]), "%.*s", (int)((i * 7) % 61),
                       "so it was said by one who has the right to say such things!!");
        if (i % 61 != 0)
            entry_text[i][0] = (char)('a' + i % 26);
        ent_merkle_leaf(&m, entry_of(i));
    }
    ent_merkle_root(&m, &root_at[MOST]);
    return 0;
}

static void same(const struct ent_hash32 *a, const struct ent_hash32 *b)
{
    assert_memory_equal(a->b, b->b, sizeof(a->b));
}

static struct ent_tree *open_at(struct ent_simdisk *s, uint64_t size, bool keep)
{
    struct ent_tree *t = NULL;
    struct ent_diag d = {0};
    enum ent_err r = ent_tree_open(&t, &d, ent_simdisk_disk(s), DIR, size, &root_at[size], keep);
    if (r != ENT_OK)
        printf("# %s, %llu\n", d.text, (unsigned long long)d.offset);
    assert_ok(r);
    return t;
}

/* Up to this size, in one batch. */
static void fill(struct ent_tree *t, uint64_t size)
{
    struct ent_hash32 root;
    ent_tree_drop(t);
    for (uint64_t i = ent_tree_size(t); i < size; i++)
        assert_ok(ent_tree_append(t, entry_of(i)));
    assert_ok(ent_tree_flush(t, NULL, &root));
    assert_int_equal(ent_tree_size(t), size);
    same(&root, &root_at[size]);
}

/* A copy of one that is made once for each size. */
static struct ent_simdisk *disk_with(uint64_t size)
{
    static struct ent_simdisk *made[MOST]; /* as long as the process */
    if (made[size] != NULL)
        return ent_simdisk_copy(made[size]);
    struct ent_simdisk *s = ent_simdisk_new();
    struct ent_tree *t = open_at(s, 0, false);
    fill(t, size);
    ent_tree_free(t);
    made[size] = s;
    return ent_simdisk_copy(s);
}

/* The hash of 256^level leaves, by the definition. */
static struct ent_hash32 subtree(unsigned level, uint64_t n)
{
    struct ent_merkle m;
    struct ent_hash32 h;
    uint64_t each = (uint64_t)1 << (8 * level);
    if (level == 0) {
        ent_merkle_leaf_hash(&h, entry_of(n));
        return h;
    }
    ent_merkle_init(&m);
    for (uint64_t i = n * each; i < (n + 1) * each; i++)
        ent_merkle_leaf(&m, entry_of(i));
    ent_merkle_root(&m, &h);
    return h;
}

static void check_tile(struct ent_tree *t, struct ent_tile tile)
{
    struct ent_buf b;
    struct ent_slice e;
    ent_buf_init(&b, 1u << 20);
    assert_ok(ent_buf_puts(&b, "x")); /* appended to what is there */
    assert_ok(ent_tree_get(t, &b, tile));
    struct ent_cur c = {b.p + 1, b.n - 1};
    for (uint64_t i = tile.n * 256; i < tile.n * 256 + tile.width; i++) {
        struct ent_hash32 h = subtree(tile.level, tile.entries ? 0 : i);
        if (tile.entries) {
            assert_ok(ent_bundle_next(&c, &e));
            assert_true(ent_slice_eq(e, entry_of(i)));
        } else {
            assert_ok(ent_cur_take(&c, &e, 32));
            assert_memory_equal(e.p, h.b, 32);
        }
    }
    assert_ok(ent_cur_end(&c));
    ent_buf_release(&b);
}

/* Everything that can be asked of it, at random places. */
static void check_reading(struct ent_tree *t, int rounds)
{
    struct ent_merkle_source source = ent_tree_source(t);
    struct ent_merkle_proof p;
    struct ent_hash32 got;
    struct ent_buf b;
    uint64_t size = ent_tree_size(t);
    ent_buf_init(&b, ENT_ENTRY_MAX);
    for (int i = 0; i < rounds && size > 0; i++) {
        uint64_t at = ent_t_below(size), old = ent_t_below(size + 1);
        struct ent_tile tile = {.level = size >= 256 ? (unsigned)ent_t_below(2) : 0};
        uint64_t count = size >> (8 * tile.level);
        ent_buf_clear(&b);
        assert_ok(ent_tree_entry(t, &b, NULL, at));
        assert_true(ent_slice_eq(ent_buf_slice(&b), entry_of(at)));
        assert_ok(ent_tree_root(t, &got, old));
        same(&got, &root_at[old]);
        assert_ok(ent_merkle_prove_inclusion(&p, at, size, &source));
        struct ent_hash32 leaf = subtree(0, at);
        assert_ok(ent_merkle_check_inclusion(&leaf, at, size, &root_at[size], p.hash, p.n));
        assert_ok(ent_merkle_prove_consistency(&p, old, size, &source));
        assert_ok(
            ent_merkle_check_consistency(old, &root_at[old], size, &root_at[size], p.hash, p.n));
        tile.n = ent_t_below((count + 255) / 256);
        uint64_t most = count - tile.n * 256 < 256 ? count - tile.n * 256 : 256;
        tile.width = 1 + (unsigned)ent_t_below(most);
        tile.entries = tile.level == 0 && ent_t_below(2) == 0;
        check_tile(t, tile);
    }
    ent_buf_release(&b);
}

static enum ent_err see(void *ctx, uint64_t index, struct ent_slice entry)
{
    uint64_t *seen = ctx;
    assert_int_equal(index, *seen);
    assert_true(ent_slice_eq(entry, entry_of(index)));
    ++*seen;
    return ENT_OK;
}

static void check_whole(struct ent_tree *t)
{
    const char *file = NULL;
    uint64_t index = 0, seen = 0;
    assert_ok(ent_tree_check(t, NULL, &file, &index, &seen, see));
    assert_int_equal(seen, ent_tree_size(t));
}

/* --- growing -----------------------------------------------------------------------------------
 */

static void test_every_size(void **state)
{
    struct ent_simdisk *s = ent_simdisk_new();
    struct ent_tree *t = open_at(s, 0, false);
    (void)state;
    for (uint64_t size = 0; size <= 600; size++) {
        fill(t, size);
        check_reading(t, 2);
        if (size % 50 == 0 || size == 255 || size == 256 || size == 257 || size == 512) {
            ent_tree_free(t);
            t = open_at(s, size, false);
            check_whole(t);
        }
    }
    ent_tree_free(t);
    ent_simdisk_free(s);
}

/* Three levels of tiles: all entries empty, in the largest batches. */
static void test_three_levels(void **state)
{
    struct ent_simdisk *s = ent_simdisk_new();
    struct ent_tree *t = open_at(s, 0, false);
    const uint64_t size = 65536 + 256 + 3;
    struct ent_merkle m;
    struct ent_hash32 root, want;
    const char *file = NULL;
    uint64_t index = 0;
    (void)state;
    ent_merkle_init(&m);
    for (uint64_t i = 0; i < size; i++) {
        if (ent_tree_append(t, ent_slice(NULL, 0)) == ENT_E_LIMIT) {
            assert_int_equal(i, ENT_TREE_BATCH);
            assert_ok(ent_tree_flush(t, NULL, &root));
            assert_ok(ent_tree_append(t, ent_slice(NULL, 0)));
        }
        ent_merkle_leaf(&m, ent_slice(NULL, 0));
    }
    assert_ok(ent_tree_flush(t, NULL, &root));
    ent_merkle_root(&m, &want);
    same(&root, &want);
    assert_int_equal(ent_simdisk_file(s, DIR "/h2").n, 32);
    ent_tree_free(t);
    assert_ok(ent_tree_open(&t, NULL, ent_simdisk_disk(s), DIR, size, &want, false));
    assert_ok(ent_tree_check(t, NULL, &file, &index, NULL, NULL));
    ent_tree_free(t);
    ent_simdisk_free(s);
}

static void test_a_log_of_another_program(void **state)
{
    struct ent_simdisk *s = ent_simdisk_new();
    struct ent_tree *t = open_at(s, 0, false);
    struct ent_slice e;
    struct ent_hash32 root;
    struct ent_buf b;
    char path[256];
    (void)state;
    ent_buf_init(&b, 1u << 16);
    struct ent_cur c = ent_cur(ent_t_file(LOG "tile/entries/000.p/15"));
    while (c.n > 0) {
        assert_ok(ent_bundle_next(&c, &e));
        assert_ok(ent_tree_append(t, e));
        assert_ok(ent_tree_flush(t, NULL, &root));
    }
    for (unsigned width = 1; width <= 15; width++)
        for (int entries = 0; entries < 2; entries++) {
            ent_buf_clear(&b);
            assert_ok(ent_tree_get(t, &b, (struct ent_tile){entries == 1, 0, 0, width}));
            (void)snprintf(path, sizeof(path), LOG "tile/%s/000.p/%u",
                           entries == 1 ? "entries" : "0", width);
            assert_true(ent_slice_eq(ent_buf_slice(&b), ent_t_file(path)));
        }
    ent_buf_release(&b);
    ent_tree_free(t);
    ent_simdisk_free(s);
}

static void test_two_at_one_tree(void **state)
{
    struct ent_simdisk *s = disk_with(250);
    struct ent_tree *writer = open_at(s, 250, false), *reader = open_at(s, 250, true);
    struct ent_diag d = {0};
    (void)state;
    check_reading(reader, 5);
    fill(writer, 777);
    check_reading(reader, 20); /* what is new is not there for it */
    assert_int_equal(ent_tree_size(reader), 250);
    assert_err(ent_tree_grow(reader, &d, 777, &root_at[776]), ENT_E_AUTH);
    assert_string_equal(d.text, "the log is not the one that was signed for");
    check_reading(reader, 5);
    assert_err(ent_tree_grow(reader, &d, 778, &root_at[778]), ENT_E_NOTFOUND);
    assert_string_equal(d.text, "h0 is too short");
    assert_ok(ent_tree_grow(reader, NULL, 777, &root_at[777]));
    check_reading(reader, 20);
    check_whole(reader);
    assert_err(ent_tree_grow(reader, NULL, 776, &root_at[776]), ENT_E_STATE);
    assert_err(ent_tree_grow(reader, NULL, 777, &root_at[776]), ENT_E_AUTH);
    fill(reader, 800); /* now this one writes, and there is nothing to cut */
    ent_tree_free(writer);
    ent_tree_free(reader);
    ent_simdisk_free(s);
}

/* --- what is refused ---------------------------------------------------------------------------
 */

static void test_limits(void **state)
{
    static uint8_t longest[ENT_ENTRY_MAX + 1];
    struct ent_simdisk *s = disk_with(300);
    struct ent_tree *t = open_at(s, 300, false);
    const struct ent_tile none[] = {{false, 0, 2, 1},   {false, 0, 1, 45},       {false, 0, 1, 256},
                                    {true, 0, 1, 45},   {false, 1, 0, 2},        {false, 2, 0, 1},
                                    {false, 8, 0, 1},   {true, 1, 0, 1},         {false, 0, 0, 0},
                                    {false, 0, 0, 257}, {true, 0, UINT64_MAX, 1}};
    struct ent_hash32 root;
    struct ent_diag d = {0};
    struct ent_buf b;
    (void)state;
    ent_buf_init(&b, 1u << 17);
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
        assert_err(ent_tree_get(t, &b, none[i]), ENT_E_NOTFOUND);
    assert_err(ent_tree_entry(t, &b, &d, 300), ENT_E_LIMIT);
    assert_err(ent_tree_root(t, &root, 301), ENT_E_LIMIT);
    assert_err(ent_tree_append(t, ent_slice(longest, sizeof(longest))), ENT_E_LIMIT);
    assert_int_equal(b.n, 0);
    assert_ok(ent_tree_append(t, ent_slice(longest, ENT_ENTRY_MAX)));
    assert_err(ent_tree_entry(t, &b, &d, 300), ENT_E_LIMIT); /* it waits */
    assert_int_equal(ent_tree_size(t), 300);
    assert_err(ent_tree_grow(t, &d, 300, &root_at[300]), ENT_E_STATE);
    assert_ok(ent_tree_flush(t, NULL, &root));
    assert_ok(ent_tree_entry(t, &b, &d, 300));
    assert_int_equal(b.n, ENT_ENTRY_MAX);
    ent_buf_release(&b);
    ent_buf_init(&b, ENT_ENTRY_MAX - 1);
    assert_err(ent_tree_entry(t, &b, &d, 300), ENT_E_LIMIT);
    assert_int_equal(b.n, 0);
    ent_buf_release(&b);
    ent_tree_free(t);
    ent_simdisk_free(s);
}

static void test_nothing_is_believed_that_waits(void **state)
{
    struct ent_simdisk *s = disk_with(10);
    struct ent_tree *t = open_at(s, 10, false);
    struct ent_hash32 root;
    uint64_t writes = ent_simdisk_writes(s);
    (void)state;
    assert_ok(ent_tree_append(t, entry_of(3)));
    ent_tree_drop(t);
    assert_ok(ent_tree_flush(t, NULL, &root));
    same(&root, &root_at[10]);
    assert_int_equal(ent_simdisk_writes(s), writes);
    fill(t, 12);
    check_whole(t);
    ent_tree_free(t);
    ent_simdisk_free(s);
}

static void open_fails(struct ent_simdisk *s, uint64_t size, const struct ent_hash32 *root,
                       enum ent_err err, const char *text)
{
    struct ent_tree *t = NULL;
    struct ent_diag d = {0};
    assert_err(ent_tree_open(&t, &d, ent_simdisk_disk(s), DIR, size, root, true), err);
    assert_string_equal(d.text, text);
    assert_null(t);
}

static void test_what_does_not_open(void **state)
{
    struct ent_simdisk *s = disk_with(300);
    (void)state;
    open_fails(s, 0, &root_at[1], ENT_E_AUTH, "the log is not the one that was signed for");
    open_fails(s, 300, &root_at[299], ENT_E_AUTH, "the log is not the one that was signed for");
    open_fails(s, 299, &root_at[300], ENT_E_AUTH, "the log is not the one that was signed for");
    open_fails(s, 301, &root_at[301], ENT_E_NOTFOUND, "h0 is too short");
    open_fails(s, UINT64_MAX, &root_at[1], ENT_E_LIMIT, "log too large");
    ent_simdisk_free(s);
}

/* Each file shorter by one byte: less than was signed for, and not damage. */
static void test_what_is_too_short(void **state)
{
    static const char *const names[] = {"entries.dat", "entries.idx", "h0", "h1"};
    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        for (int all = 0; all < 2; all++) {
            struct ent_simdisk *s = disk_with(300);
            char name[64], text[64];
            (void)snprintf(name, sizeof(name), DIR "/%s", names[i]);
            (void)snprintf(text, sizeof(text), "%s is too short", names[i]);
            size_t n = ent_simdisk_file(s, name).n;
            struct ent_buf b;
            ent_buf_init(&b, n);
            assert_ok(ent_buf_put(&b, ent_simdisk_file(s, name).p, all == 1 ? 0 : n - 1));
            ent_simdisk_set(s, name, ent_buf_slice(&b));
            open_fails(s, 300, &root_at[300], ENT_E_NOTFOUND, text);
            ent_buf_release(&b);
            ent_simdisk_free(s);
        }
}

/* What a crash left behind the end is cut off, or not while somebody else may be writing it. */
static void test_tails(void **state)
{
    struct ent_simdisk *s = disk_with(700);
    (void)state;
    struct ent_tree *t = open_at(s, 500, true);
    assert_int_equal(ent_simdisk_file(s, DIR "/h0").n, 32 * 700);
    check_whole(t);
    fill(t, 505);
    assert_int_equal(ent_simdisk_file(s, DIR "/h0").n, 32 * 505);
    assert_int_equal(ent_simdisk_file(s, DIR "/h1").n, 32);
    ent_tree_free(t);
    t = open_at(s, 255, false);
    assert_int_equal(ent_simdisk_file(s, DIR "/entries.idx").n, 8 * 255);
    assert_int_equal(ent_simdisk_file(s, DIR "/h1").n, 0);
    fill(t, 300);
    check_whole(t);
    ent_tree_free(t);
    t = open_at(s, 0, false);
    assert_int_equal(ent_simdisk_file(s, DIR "/entries.dat").n, 0);
    fill(t, 1);
    ent_tree_free(t);
    ent_simdisk_free(s);
}

/* --- damage ------------------------------------------------------------------------------------
 */

/* Opening, reading all of it, or both, fail; and say where. */
static void must_be_seen(struct ent_simdisk *s, uint64_t size, const char *name, uint64_t bit)
{
    struct ent_tree *t = NULL;
    struct ent_diag d = {0};
    const char *file = NULL;
    uint64_t index = UINT64_MAX;
    ent_simdisk_flip(s, name, bit);
    enum ent_err r = ent_tree_open(&t, &d, ent_simdisk_disk(s), DIR, size, &root_at[size], true);
    if (r == ENT_OK) {
        r = ent_tree_check(t, &d, &file, &index, NULL, NULL);
        assert_err(r, ENT_E_AUTH);
        assert_string_equal(file, name + strlen(DIR "/"));
        assert_int_equal(d.offset, index);
    } else if (r == ENT_E_NOTFOUND) { /* a length that leads behind the end */
        assert_string_equal(name, DIR "/entries.dat");
        assert_string_equal(d.text, "entries.dat is too short");
    } else {
        assert_err(r, ENT_E_AUTH);
    }
    /* "h0 is damaged" */
    if (strncmp(d.text, name + strlen(DIR "/"), strlen(name + strlen(DIR "/"))) != 0) {
        printf("# %s, bit %llu: %s\n", name, (unsigned long long)bit, d.text);
        fail();
    }
    if (strcmp(name, DIR "/entries.idx") == 0)
        assert_int_equal(d.offset, bit / 64);
    if (strcmp(name, DIR "/h0") == 0) /* opening says which tile */
        assert_int_equal(d.offset, file != NULL || bit / 256 >= size / 256 * 256
                                       ? bit / 256
                                       : bit / 256 / 256 * 256);
    ent_tree_free(t);
    ent_simdisk_flip(s, name, bit);
}

static void every_bit(uint64_t size, unsigned step)
{
    struct ent_simdisk *s = disk_with(size);
    for (size_t i = 0; ent_simdisk_name(s, i) != NULL; i++) {
        const char *name = ent_simdisk_name(s, i);
        uint64_t bits = 8 * ent_simdisk_file(s, name).n;
        for (uint64_t bit = 0; bit < bits; bit += step)
            must_be_seen(s, size, name, bit);
    }
    struct ent_tree *t = open_at(s, size, true);
    check_whole(t);
    ent_tree_free(t);
    ent_simdisk_free(s);
}

static void test_every_bit_of_few(void **state)
{
    (void)state;
    every_bit(1, 1);
    every_bit(2, 1);
    every_bit(5, 1);
}

static void test_every_bit_of_more(void **state)
{
    (void)state;
    every_bit(300, ENT_T_SANITIZED ? 7 : 1);
    every_bit(256, 61);
    every_bit(1100, 1009);
}

/* Whoever reads one entry or one tile is never given another. */
static void test_no_damage_is_read(void **state)
{
    struct ent_simdisk *s = disk_with(600);
    struct ent_buf b;
    (void)state;
    ent_buf_init(&b, 1u << 20);
    for (int round = 0; round < 2000; round++) {
        static const char *const names[] = {"entries.dat", "entries.idx", "h0", "h1"};
        char name[64];
        struct ent_diag d = {0};
        uint64_t at = ent_t_below(600);
        (void)snprintf(name, sizeof(name), DIR "/%s", names[ent_t_below(4)]);
        uint64_t bit = ent_t_below(8 * ent_simdisk_file(s, name).n);
        struct ent_tree *t = open_at(s, 600, true); /* before the damage */
        ent_simdisk_flip(s, name, bit);
        ent_buf_clear(&b);
        enum ent_err r = ent_tree_entry(t, &b, &d, at);
        if (r == ENT_OK)
            assert_true(ent_slice_eq(ent_buf_slice(&b), entry_of(at)));
        else {
            assert_err(r, ENT_E_AUTH);
            assert_int_equal(strncmp(d.text, name + strlen(DIR "/"), 2), 0);
            assert_int_equal(b.n, 0);
        }
        for (unsigned n = 0; n < 2; n++)
            for (int entries = 0; entries < 2; entries++)
                if (ent_tree_get(t, &b, (struct ent_tile){entries == 1, 0, n, 256}) != ENT_OK)
                    assert_true(strcmp(names[3], name) != 0); /* h1 is an edge, read already */
                else
                    check_tile(t, (struct ent_tile){entries == 1, 0, n, 256});
        ent_tree_free(t);
        ent_simdisk_flip(s, name, bit);
        ent_buf_clear(&b);
    }
    ent_buf_release(&b);
    ent_simdisk_free(s);
}

/* Whoever can write the disk, CRC and hashes and all, changes nothing unseen. */
static void test_a_rewritten_history(void **state)
{
    struct ent_simdisk *s = disk_with(300), *other = ent_simdisk_new();
    struct ent_tree *t = open_at(other, 0, false);
    struct ent_hash32 root;
    const char *file = NULL;
    uint64_t index = 0;
    struct ent_diag d = {0};
    (void)state;
    for (uint64_t i = 0; i < 300; i++)
        assert_ok(ent_tree_append(t, i == 7 ? ENT_SLICE_LIT("never said") : entry_of(i)));
    assert_ok(ent_tree_flush(t, NULL, &root));
    ent_tree_free(t);
    open_fails(other, 300, &root_at[300], ENT_E_AUTH, "the log is not the one that was signed for");
    t = open_at(s, 300, true);
    for (size_t i = 0; ent_simdisk_name(s, i) != NULL; i++)
        ent_simdisk_set(s, ent_simdisk_name(s, i), ent_simdisk_file(other, ent_simdisk_name(s, i)));
    assert_err(ent_tree_check(t, &d, &file, &index, NULL, NULL), ENT_E_AUTH);
    assert_string_equal(file, "entries.dat");
    assert_int_equal(index, 0); /* somewhere in the first 256 */
    ent_tree_free(t);
    ent_simdisk_free(s);
    ent_simdisk_free(other);
}

static enum ent_err stop_at_five(void *ctx, uint64_t index, struct ent_slice entry)
{
    (void)ctx, (void)entry;
    return index == 5 ? ENT_E_PEER : ENT_OK;
}

static void test_whoever_looks_may_stop(void **state)
{
    struct ent_simdisk *s = disk_with(10);
    struct ent_tree *t = open_at(s, 10, true);
    const char *file = "none";
    uint64_t index = 99;
    (void)state;
    assert_err(ent_tree_check(t, NULL, &file, &index, NULL, stop_at_five), ENT_E_PEER);
    assert_string_equal(file, "none");
    ent_tree_free(t);
    ent_simdisk_free(s);
}

/* --- failures ----------------------------------------------------------------------------------
 */

/* Call n of a flush from `old` to `new` fails with e. True when it was not that many. */
static bool fail_flush(uint64_t old, uint64_t new, uint64_t n, enum ent_err e)
{
    struct ent_simdisk *s = disk_with(old);
    struct ent_tree *t = open_at(s, old, true);
    struct ent_hash32 root;
    for (uint64_t i = old; i < new; i++)
        assert_ok(ent_tree_append(t, entry_of(i)));
    ent_simdisk_fail(s, n, e);
    enum ent_err r = ent_tree_flush(t, NULL, &root);
    bool hit = ent_simdisk_hit(s);
    ent_simdisk_fail(s, 0, ENT_OK);
    if (!hit) {
        assert_ok(r);
    } else {
        assert_err(r, e);
        assert_int_equal(ent_tree_size(t), old);
        check_reading(t, 3);
        uint64_t writes = ent_simdisk_writes(s);
        r = ent_tree_append(t, entry_of(old));
        if (r == ENT_OK) {
            assert_err(e, ENT_E_FULL);
            fill(t, new);
            check_whole(t);
        } else {
            assert_err(r, ENT_E_STATE);
            assert_err(ent_tree_flush(t, NULL, &root), ENT_E_STATE);
            assert_int_equal(ent_simdisk_writes(s), writes);
        }
    }
    ent_tree_free(t);
    ent_simdisk_restart(s);
    uint64_t size = hit && r != ENT_OK ? old : new;
    t = open_at(s, size, false);
    check_whole(t);
    fill(t, new + 1);
    check_whole(t);
    ent_tree_free(t);
    ent_simdisk_free(s);
    return !hit;
}

static void test_every_failure(void **state)
{
    static const enum ent_err errors[] = {ENT_E_IO, ENT_E_FULL};
    static const uint64_t sizes[][2] = {{0, 1}, {5, 9}, {250, 260}, {250, 530}};
    (void)state;
    for (size_t k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++)
        for (size_t e = 0; e < 2; e++) {
            uint64_t n = 1;
            while (!fail_flush(sizes[k][0], sizes[k][1], n, errors[e]))
                n++;
            assert_true(n > 15);
        }
}

static void test_no_room(void **state)
{
    struct ent_simdisk *s = disk_with(250);
    struct ent_tree *t = open_at(s, 250, false);
    uint64_t used = 0, full = 0;
    (void)state;
    for (size_t i = 0; ent_simdisk_name(s, i) != NULL; i++)
        used += ent_simdisk_file(s, ent_simdisk_name(s, i)).n;
    for (uint64_t room = 0; room < 3000; room += 37) {
        struct ent_hash32 root;
        for (uint64_t i = 250; i < 270; i++)
            assert_ok(ent_tree_append(t, entry_of(i)));
        ent_simdisk_room(s, used + room);
        enum ent_err r = ent_tree_flush(t, NULL, &root);
        ent_simdisk_room(s, UINT64_MAX);
        if (r == ENT_OK)
            break;
        assert_err(r, ENT_E_FULL);
        full++;
        for (size_t i = 0; ent_simdisk_name(s, i) != NULL; i++)
            used -= ent_simdisk_file(s, ent_simdisk_name(s, i)).n;
        assert_int_equal(used, 0); /* nothing is left of it */
        for (size_t i = 0; ent_simdisk_name(s, i) != NULL; i++)
            used += ent_simdisk_file(s, ent_simdisk_name(s, i)).n;
    }
    assert_true(full > 10);
    assert_int_equal(ent_tree_size(t), 270);
    check_whole(t);
    ent_tree_free(t);
    ent_simdisk_free(s);
}

static void test_every_crash(void **state)
{
    static const uint64_t sizes[][2] = {{0, 3}, {5, 9}, {250, 260}, {500, 800}};
    (void)state;
    for (size_t k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++)
        for (int round = 0; round < 20; round++) {
            bool hit = true;
            for (uint64_t n = 1; hit; n++) {
                struct ent_simdisk *s = disk_with(sizes[k][0]);
                struct ent_tree *t = open_at(s, sizes[k][0], false);
                struct ent_hash32 root;
                for (uint64_t i = sizes[k][0]; i < sizes[k][1]; i++)
                    assert_ok(ent_tree_append(t, entry_of(i)));
                ent_simdisk_crash(s, n);
                enum ent_err r = ent_tree_flush(t, NULL, &root);
                hit = ent_simdisk_hit(s);
                assert_true(hit == (r != ENT_OK));
                ent_tree_free(t);
                ent_simdisk_restart(s);
                t = open_at(s, hit ? sizes[k][0] : sizes[k][1], ent_t_below(2) == 0);
                check_whole(t);
                fill(t, sizes[k][1] + 7);
                check_whole(t);
                ent_tree_free(t);
                ent_simdisk_free(s);
            }
        }
}

/* A disk that gives back something else than was written. */
struct liar {
    struct ent_disk disk;
    const struct ent_disk *real;
    uint64_t writes, lie_at;
};

static enum ent_err liar_size(void *ctx, uint64_t *ret, const char *name)
{
    const struct liar *l = ctx;
    return l->real->size(l->real->ctx, ret, name);
}

static enum ent_err liar_read(void *ctx, void *ret, size_t n, const char *name, uint64_t offset)
{
    const struct liar *l = ctx;
    return l->real->read(l->real->ctx, ret, n, name, offset);
}

static enum ent_err liar_write(void *ctx, const char *name, uint64_t offset, struct ent_slice bytes)
{
    struct liar *l = ctx;
    uint8_t copy[8192];
    assert_true(bytes.n > 0 && bytes.n <= sizeof(copy));
    memcpy(copy, bytes.p, bytes.n);
    if (++l->writes == l->lie_at)
        copy[ent_t_below(bytes.n)] ^= (uint8_t)(1u << ent_t_below(8));
    return l->real->write(l->real->ctx, name, offset, ent_slice(copy, bytes.n));
}

static enum ent_err liar_cut(void *ctx, const char *name, uint64_t size)
{
    const struct liar *l = ctx;
    return l->real->cut(l->real->ctx, name, size);
}

static enum ent_err liar_sync(void *ctx, const char *name)
{
    const struct liar *l = ctx;
    return l->real->sync(l->real->ctx, name);
}

static void test_a_disk_that_lies(void **state)
{
    (void)state;
    for (int round = 0; round < 50; round++)
        for (uint64_t at = 1; at <= 5; at++) {
            struct ent_simdisk *s = disk_with(250);
            struct liar l = {{.ctx = &l,
                              .size = liar_size,
                              .read = liar_read,
                              .write = liar_write,
                              .cut = liar_cut,
                              .sync = liar_sync},
                             ent_simdisk_disk(s),
                             0,
                             at};
            struct ent_tree *t = NULL;
            struct ent_hash32 root;
            assert_ok(ent_tree_open(&t, NULL, &l.disk, DIR, 250, &root_at[250], false));
            for (uint64_t i = 250; i < 260; i++)
                assert_ok(ent_tree_append(t, entry_of(i)));
            enum ent_err r = ent_tree_flush(t, NULL, &root);
            if (at == 5) { /* dat, idx, h0, h1, and no fifth */
                assert_ok(r);
            } else {
                assert_true(r == ENT_E_AUTH || r == ENT_E_NOTFOUND);
                assert_int_equal(ent_tree_size(t), 250);
                assert_err(ent_tree_append(t, entry_of(1)), ENT_E_STATE);
            }
            ent_tree_free(t);
            ent_simdisk_free(s);
        }
}

/* --- at random ---------------------------------------------------------------------------------
 */

static void test_random(void **state)
{
    (void)state;
    for (int round = 0; round < 30; round++) {
        struct ent_simdisk *s = ent_simdisk_new();
        struct ent_tree *t = open_at(s, 0, false);
        uint64_t size = 0;
        while (size < MOST) {
            uint64_t more = ent_t_below(ent_t_below(4) == 0 ? 400 : 9), what = ent_t_below(8);
            struct ent_hash32 root;
            more = size + more > MOST ? MOST - size : more;
            for (uint64_t i = size; i < size + more; i++)
                assert_ok(ent_tree_append(t, entry_of(i)));
            if (what == 0) {
                ent_tree_drop(t);
            } else if (what == 1) {
                ent_simdisk_crash(s, 1 + ent_t_below(30));
                if (ent_tree_flush(t, NULL, &root) == ENT_OK)
                    size += more;
                ent_tree_free(t);
                ent_simdisk_restart(s);
                t = open_at(s, size, ent_t_below(2) == 0);
            } else {
                size += more;
                fill(t, size);
            }
            check_reading(t, 2);
        }
        check_whole(t);
        ent_tree_free(t);
        ent_simdisk_free(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_every_size, make_reference),
        cmocka_unit_test(test_three_levels),
        cmocka_unit_test(test_a_log_of_another_program),
        cmocka_unit_test(test_two_at_one_tree),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_nothing_is_believed_that_waits),
        cmocka_unit_test(test_what_does_not_open),
        cmocka_unit_test(test_what_is_too_short),
        cmocka_unit_test(test_tails),
        cmocka_unit_test(test_every_bit_of_few),
        cmocka_unit_test(test_every_bit_of_more),
        cmocka_unit_test(test_no_damage_is_read),
        cmocka_unit_test(test_a_rewritten_history),
        cmocka_unit_test(test_whoever_looks_may_stop),
        cmocka_unit_test(test_every_failure),
        cmocka_unit_test(test_no_room),
        cmocka_unit_test(test_every_crash),
        cmocka_unit_test(test_a_disk_that_lies),
        cmocka_unit_test(test_random),
    };
    return ent_t_run("tree", tests);
}
