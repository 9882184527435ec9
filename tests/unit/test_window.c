/* test_window.c: the file of one window: what is written is read, and nothing else is. */
#include "tests/support/t.h"
#include "watch/watch.h"

#define HEADER 114u /* docs/formats.md */

static struct ent_window plain(void)
{
    return (struct ent_window){.start = 1766332800, .seconds = 3600, .types = ENT_OBS_ALL};
}

struct put {
    enum ent_obs_type type;
    const char *text;
    uint32_t hits;
};

/* A file of these items. Owner: the caller, who frees ret->p. */
static struct ent_slice file_of(const struct ent_window *w, const struct put *items, size_t n)
{
    struct ent_window_out *out = NULL;
    FILE *f = tmpfile();
    assert_non_null(f);
    assert_ok(ent_window_out_new(&out, f));
    for (size_t i = 0; i < n; i++)
        assert_ok(ent_window_put(out, items[i].type, ent_slice_str(items[i].text), items[i].hits));
    assert_ok(ent_window_end(out, w));
    ent_window_out_free(out);
    assert_int_equal(fseek(f, 0, SEEK_END), 0);
    size_t len = (size_t)ftell(f);
    uint8_t *bytes = malloc(len);
    assert_non_null(bytes);
    rewind(f);
    assert_int_equal(fread(bytes, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
    return ent_slice(bytes, len);
}

static enum ent_err read_all(struct ent_slice bytes, size_t *ret_n, struct ent_diag *d)
{
    struct ent_window_in *in = NULL;
    const struct ent_window_item *item = NULL;
    *d = (struct ent_diag){0};
    *ret_n = 0;
    enum ent_err r = ent_window_open(&in, d, ent_reader_mem(&bytes));
    while (r == ENT_OK && (r = ent_window_next(in, &item, d)) == ENT_OK && item != NULL)
        (*ret_n)++;
    ent_window_close(in);
    return r;
}

static void refused(struct ent_slice bytes, enum ent_err want, const char *why)
{
    struct ent_diag d;
    size_t n;
    assert_err(read_all(bytes, &n, &d), want);
    assert_string_equal(d.text, why);
}

static const struct put some[] = {
    {ENT_OBS_IPV4, "8.8.4.4", 1},          {ENT_OBS_IPV4, "8.8.8.8", 127},
    {ENT_OBS_IPV4, "8.8.8.88", 128},       {ENT_OBS_IPV6, "2a00::1", 0xFFFFFFFF},
    {ENT_OBS_DOMAIN, "evil.com", 2},       {ENT_OBS_DOMAIN, "evil.org", 3},
    {ENT_OBS_URL, "http://evil.com/a", 1}, {ENT_OBS_MD5, "d41d8cd98f00b204e9800998ecf8427e", 9},
};
#define SOME (sizeof(some) / sizeof(some[0]))

static void test_round(void **state)
{
    struct ent_window w = plain();
    struct ent_window_in *in = NULL;
    const struct ent_window_item *item;
    struct ent_diag d = {0};
    (void)state;
    w.dropped = 77;
    w.salt.b[3] = 9;
    struct ent_slice file = file_of(&w, some, SOME), left = file;
    assert_ok(ent_window_open(&in, &d, ent_reader_mem(&left)));
    const struct ent_window *got = ent_window_of(in);
    assert_int_equal(got->start, w.start);
    assert_int_equal(got->seconds, 3600);
    assert_int_equal(got->types, ENT_OBS_ALL);
    assert_int_equal(got->dropped, 77);
    assert_memory_equal(got->salt.b, w.salt.b, 16);
    assert_int_equal(got->count[ENT_OBS_IPV4], 3);
    assert_int_equal(ent_window_items(got, ENT_OBS_ALL), SOME);
    assert_int_equal(ent_window_items(got, ENT_OBS_BIT(ENT_OBS_DOMAIN)), 2);
    for (size_t i = 0; i < SOME; i++) {
        assert_ok(ent_window_next(in, &item, &d));
        assert_non_null(item);
        assert_int_equal(item->obs.type, some[i].type);
        assert_string_equal(item->obs.text, some[i].text);
        uint32_t most = ENT_WINDOW_HITS_MOST;
        assert_int_equal(item->hits, some[i].hits < most ? some[i].hits : most);
    }
    assert_ok(ent_window_next(in, &item, &d));
    assert_null(item);
    ent_window_close(in);
    free((void *)(uintptr_t)file.p);
    file = file_of(&w, NULL, 0); /* watched, and nothing seen */
    assert_int_equal(file.n, HEADER);
    size_t n;
    assert_ok(read_all(file, &n, &d));
    assert_int_equal(n, 0);
    free((void *)(uintptr_t)file.p);
}

/* Each length, each bit. */
static void test_mutations(void **state)
{
    struct ent_window w = plain();
    struct ent_slice file = file_of(&w, some, SOME);
    struct ent_diag d;
    size_t n;
    (void)state;
    uint8_t *copy = malloc(file.n + 1);
    assert_non_null(copy);
    for (size_t cut = 0; cut < file.n; cut++) {
        struct ent_slice part = {file.p, cut};
        bool named = cut >= 16 && cut < 18; /* as a version that is not there yet */
        assert_err(read_all(part, &n, &d), named ? ENT_E_UNSUPPORTED : ENT_E_FORMAT);
        assert_string_equal(d.text, cut < 16 ? "not a window of observables"
                                    : named  ? "a window in the format of another version"
                                             : "cut off");
    }
    memcpy(copy, file.p, file.n);
    copy[file.n] = 0;
    refused(ent_slice(copy, file.n + 1), ENT_E_FORMAT, "goes on behind its end");
    for (size_t bit = 0; bit < 8 * file.n; bit++) {
        memcpy(copy, file.p, file.n);
        copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
        enum ent_err r = read_all(ent_slice(copy, file.n), &n, &d);
        assert_true(r == ENT_E_FORMAT || (r == ENT_E_UNSUPPORTED && bit / 8 < 18));
    }
    free(copy);
    free((void *)(uintptr_t)file.p);
}

/* --- bytes that have the right checksums --------------------------------------------------------
 */

static uint8_t made[HEADER + 8 + ENT_WINDOW_BLOCK + 64];

static void reseal(void)
{
    ent_put_u32le(made + HEADER - 4, ent_crc32c(0, ent_slice(made, HEADER - 4)));
}

/* A header for one ipv4, and a block of these bytes. */
static struct ent_slice with_block(const void *block, size_t n)
{
    struct ent_window w = plain();
    struct put one = {ENT_OBS_IPV4, "8.8.8.8", 1};
    struct ent_slice file = file_of(&w, &one, 1);
    memcpy(made, file.p, HEADER);
    free((void *)(uintptr_t)file.p);
    ent_put_u32le(made + HEADER, (uint32_t)n);
    ent_put_u32le(made + HEADER + 4, ent_crc32c(0, ent_slice(block, n)));
    memcpy(made + HEADER + 8, block, n);
    return ent_slice(made, HEADER + 8 + n);
}
#define BLOCK(s) with_block(s, sizeof(s) - 1)

/* table */
static void test_bad_blocks(void **state)
{
    static const struct {
        const char *block;
        size_t n;
        const char *why; /* NULL: it is right */
    } cases[] = {
#define CASE(s, why) {s, sizeof(s) - 1, why}
        CASE("\1\0\0078.8.8.8\1", NULL),
        CASE("\1\0\0078.8.8.8\0", "a malformed item"),               /* no hits */
        CASE("\1\0\0078.8.8.8\x81\0", "a malformed item"),           /* a longer 1 */
        CASE("\1\0\0078.8.8.8\xff\xff\xff\x08", "a malformed item"), /* 2^24 and more */
        CASE("\1\0\0078.8.8.8\x80\x80\x80\x80\1", "a malformed item"),
        CASE("\1\0\0078.8.8.8", "a malformed item"),
        CASE("\1\0\0108.8.8.8\1", "a malformed item"),
        CASE("\1\1\0068.8.8.\1", "a malformed item"), /* shares with nothing */
        CASE("\1\0\x87\0"
             "8.8.8.8\1",
             "a malformed item"),
        CASE("\1\0\x81\x10", "a malformed item"), /* 2,049 bytes */
        CASE("\1\0\0108.8.8.08\1", "an item that is no observable in canonical form"),
        CASE("\1\0\0078.8.8.x\1", "an item that is no observable in canonical form"),
        CASE("\1\0\0118.8.8.0/8\1", "an item that is no observable in canonical form"),
        CASE("\1\0\0\1", "an item that is no observable in canonical form"),
        CASE("\2\0\0132a00:0:0::1\1", "an item that is no observable in canonical form"),
        CASE("\6\0\010evil.COM\1", "an item that is no observable in canonical form"),
        CASE("\1\0\0078.8.8.8\1\6\0019\1", "more items than its header says"),
        CASE("\1\0\0078.8.8.8\1\7\0\1", "an item out of order"),
        CASE("\1\0\0078.8.8.8\1\6\0017\1", "an item out of order"),
        CASE("\1\0\0078.8.8.8\1\x8\0\1", "a malformed item"), /* shares more than there is */
        CASE("\6\0\010evil.com\1", "more items than its header says"),
        CASE("\0\0\0078.8.8.8\1", "a block of no type, or out of order"),
        CASE("\16\0\0078.8.8.8\1", "a block of no type, or out of order"),
        CASE("\1", "a block of a length that none has"),
        CASE("", "a block of a length that none has"),
#undef CASE
    };
    struct ent_diag d;
    size_t n;
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ent_slice file = with_block(cases[i].block, cases[i].n);
        if (cases[i].why != NULL)
            refused(file, ENT_E_FORMAT, cases[i].why);
        else
            assert_ok(read_all(file, &n, &d));
    }
    /* the second block goes back, or is of a lower type */
    struct ent_slice file = BLOCK("\1\0\0078.8.8.8\1");
    made[18 + 40] = 2;
    reseal();
    memcpy(made + file.n, made + HEADER, file.n - HEADER);
    refused(ent_slice(made, 2 * file.n - HEADER), ENT_E_FORMAT, "an item out of order");
    file = BLOCK("\1\0\0078.8.8.8\1");
    ent_put_u32le(made + HEADER, ENT_WINDOW_BLOCK + 1);
    refused(file, ENT_E_FORMAT, "a block of a length that none has");
    made[HEADER] = 99;
    made[HEADER + 2] = 0;
    refused(file, ENT_E_FORMAT, "cut off");
}

/* Set one field of a good header and seal it again. */
static void header(size_t at, uint64_t v, size_t n, const char *why)
{
    struct ent_slice file = BLOCK("\1\0\0078.8.8.8\1");
    for (size_t i = 0; i < n; i++)
        made[18 + at + i] = (uint8_t)(v >> (8 * i));
    refused(file, ENT_E_FORMAT, "damaged: its header has another checksum");
    reseal();
    refused(file, ENT_E_FORMAT, why);
}

static void test_bad_headers(void **state)
{
    static const char odd[] = "its header contradicts itself";
    (void)state;
    header(0, 1766332801, 8, odd);  /* not a multiple */
    header(0, UINT64_MAX, 8, odd);  /* before 1970 */
    header(0, 1ull << 60, 8, odd);  /* when is that? */
    header(8, 0, 4, odd);           /* of no length */
    header(8, 86401, 4, odd);       /* more than a day */
    header(12, 1u << 14, 4, odd);   /* a type that is none */
    header(12, 1u << 2, 4, odd);    /* it counts what was not looked for */
    header(40, 16000001, 4, odd);   /* more than any has */
    header(44, UINT32_MAX, 4, odd); /* of ipv6 */
    header(40, 2, 4, "cut off");    /* one is missing */
    header(40, 0, 4, "goes on behind its end");
    struct ent_slice file = BLOCK("\1\0\0078.8.8.8\1");
    made[16] = '2';
    refused(file, ENT_E_UNSUPPORTED, "a window in the format of another version");
    made[0] = 'E';
    refused(file, ENT_E_FORMAT, "not a window of observables");
    refused(ent_slice("", 0), ENT_E_FORMAT, "not a window of observables");
}

static enum ent_err fails(void *ctx, uint8_t *ret, size_t *ret_n, size_t cap, struct ent_diag *d)
{
    (void)ctx, (void)ret, (void)ret_n, (void)cap;
    return ent_fail(d, ENT_E_IO, "cannot read", 0, 0);
}

static void test_io(void **state)
{
    struct ent_window_in *in = NULL;
    struct ent_window_out *out = NULL;
    struct ent_diag d = {0};
    struct ent_window w = plain();
    (void)state;
    assert_err(ent_window_open(&in, &d, (struct ent_reader){fails, NULL}), ENT_E_IO);
    FILE *f = fopen("/dev/full", "wb");
    assert_non_null(f);
    (void)setvbuf(f, NULL, _IONBF, 0);
    assert_err(ent_window_out_new(&out, f), ENT_E_FULL);
    assert_int_equal(fclose(f), 0);
    f = fopen("/dev/full", "wb");
    assert_non_null(f);
    assert_ok(ent_window_out_new(&out, f)); /* still in stdio's buffer */
    assert_ok(ent_window_put(out, ENT_OBS_IPV4, ENT_SLICE_LIT("8.8.8.8"), 1));
    assert_err(ent_window_end(out, &w), ENT_E_FULL);
    ent_window_out_free(out);
    (void)fclose(f);
}

/* Ranks: hits first, then the salt decides, for each in another way. */
static void test_rank(void **state)
{
    struct ent_salt16 a = {{1}}, b = {{2}};
    struct ent_slice x = ENT_SLICE_LIT("8.8.8.8"), y = ENT_SLICE_LIT("8.8.4.4");
    unsigned same = 0;
    (void)state;
    assert_true(ent_window_rank(&a, ENT_OBS_IPV4, x, 3) > ent_window_rank(&b, ENT_OBS_IPV4, y, 2));
    assert_true(ent_window_rank(&a, ENT_OBS_IPV4, x, 1) != ent_window_rank(&a, ENT_OBS_IPV4, y, 1));
    assert_true(ent_window_rank(&a, ENT_OBS_IPV4, x, 1) != ent_window_rank(&a, ENT_OBS_IPV6, x, 1));
    /* docs/formats.md has this one */
    assert_int_equal(ent_window_rank(&a, ENT_OBS_IPV4, x, 1), UINT64_C(0x105d4717b6e));
    for (uint8_t i = 0; i < 64; i++) {
        a.b[5] = i;
        same += ent_window_rank(&a, ENT_OBS_IPV4, x, 1) > ent_window_rank(&a, ENT_OBS_IPV4, y, 1);
    }
    assert_in_range(same, 10, 54);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round),      cmocka_unit_test(test_mutations),
        cmocka_unit_test(test_bad_blocks), cmocka_unit_test(test_bad_headers),
        cmocka_unit_test(test_io),         cmocka_unit_test(test_rank),
    };
    return ent_t_run("window", tests);
}
