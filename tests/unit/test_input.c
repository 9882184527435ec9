/* test_input.c: plain, gzip, zstd and xz input; damaged, cut, growing and slow streams. */
#include "tests/support/t.h"

#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#define TEXT_N 300000u

static uint8_t text[TEXT_N];

static void fill_text(void)
{
    for (size_t i = 0; i < TEXT_N; i++)
        text[i] = (uint8_t)("abcdefgh \n"[ent_t_below(10)]);
}

static void write_file(char path[static 256], const char *name, struct ent_slice bytes)
{
    assert_ok(ent_path_join(path, 256, ent_t_tmpdir(), name));
    assert_ok(ent_file_write(path, bytes, 0600, NULL));
}

/* Everything, in reads of the given size. */
static enum ent_err read_all(struct ent_buf *ret, struct ent_diag *d, const char *path, size_t step,
                             unsigned ratio)
{
    struct ent_input *in;
    uint8_t chunk[70000];
    size_t n = 1;
    enum ent_err r = ent_input_open(&in, d, path, ratio);
    if (r != ENT_OK)
        return r;
    struct ent_reader reader = ent_input_reader(in);
    while (r == ENT_OK && n > 0)
        if ((r = reader.read(reader.ctx, chunk, &n, step, d)) == ENT_OK)
            r = ent_buf_put(ret, chunk, n);
    if (r == ENT_OK && ent_input_size(in) > 0)
        assert_int_equal(ent_input_consumed(in), ent_input_size(in));
    ent_input_close(in);
    return r;
}

static size_t gzip(uint8_t *ret, size_t cap, const uint8_t *p, size_t n)
{
    z_stream z = {.next_in = (uint8_t *)(uintptr_t)p,
                  .avail_in = (uInt)n,
                  .next_out = ret,
                  .avail_out = (uInt)cap};
    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    assert_int_equal(deflateEnd(&z), Z_OK);
    return cap - z.avail_out;
}

static size_t zstd(uint8_t *ret, size_t cap, const uint8_t *p, size_t n)
{
    size_t z = ZSTD_compress(ret, cap, p, n, 3);
    assert_false(ZSTD_isError(z));
    return z;
}

static size_t xz(uint8_t *ret, size_t cap, const uint8_t *p, size_t n)
{
    size_t at = 0;
    assert_int_equal(lzma_easy_buffer_encode(1, LZMA_CHECK_CRC32, NULL, p, n, ret, &at, cap),
                     LZMA_OK);
    return at;
}

static size_t (*const pack[])(uint8_t *, size_t, const uint8_t *, size_t) = {gzip, zstd, xz};
#define PACKERS (sizeof(pack) / sizeof(pack[0]))

static void assert_reads_as_text(const char *path)
{
    static const size_t steps[] = {1, 7, 4096, 70000};
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        struct ent_buf b;
        struct ent_diag d = {0};
        ent_buf_init(&b, TEXT_N + 1);
        assert_ok(read_all(&b, &d, path, steps[i], 1000));
        assert_int_equal(b.n, TEXT_N);
        assert_memory_equal(b.p, text, TEXT_N);
        ent_buf_release(&b);
    }
}

static void test_all_kinds_give_the_same(void **state)
{
    uint8_t *packed = malloc(2 * TEXT_N);
    char path[256];
    size_t half = TEXT_N / 2, n;
    (void)state;
    fill_text();
    write_file(path, "plain", ent_slice(text, TEXT_N));
    assert_reads_as_text(path);
    for (size_t i = 0; i < PACKERS; i++) { /* two members, as concatenated logs have */
        n = pack[i](packed, 2 * TEXT_N, text, half);
        n += pack[i](packed + n, 2 * TEXT_N - n, text + half, TEXT_N - half);
        write_file(path, "name-says-nothing", ent_slice(packed, n));
        assert_reads_as_text(path);
    }
    free(packed);
}

static void test_cut_and_damaged_streams(void **state)
{
    uint8_t *packed = malloc(2 * TEXT_N);
    char path[256];
    (void)state;
    fill_text();
    for (size_t kind = 0; kind < PACKERS; kind++) {
        size_t n = pack[kind](packed, 2 * TEXT_N, text, TEXT_N);
        for (int i = 0; i < 40; i++) {
            struct ent_buf b;
            struct ent_diag d = {0};
            size_t cut = 6 + ent_t_below(n - 6);
            ent_buf_init(&b, TEXT_N + 1);
            write_file(path, "cut", ent_slice(packed, cut));
            assert_err(read_all(&b, &d, path, 4096, 1000), ENT_E_FORMAT);
            assert_non_null(d.text);
            ent_buf_release(&b);
        }
        packed[n / 2] ^= 0xFF;
        packed[n / 2 + 1] ^= 0xFF;
        struct ent_buf b;
        struct ent_diag d = {0};
        ent_buf_init(&b, 2 * TEXT_N);
        write_file(path, "damaged", ent_slice(packed, n));
        enum ent_err r = read_all(&b, &d, path, 4096, 1000);
        if (pack[kind] != zstd) /* the others have a checksum */
            assert_err(r, ENT_E_FORMAT);
        else if (r == ENT_OK)
            assert_true(b.n != TEXT_N || memcmp(b.p, text, TEXT_N) != 0);
        ent_buf_release(&b);
    }
    free(packed);
}

static void test_a_bomb_is_refused(void **state)
{
    size_t n = 64u << 20, cap = 1u << 20;
    uint8_t *zeros = calloc(1, n), *packed = malloc(cap);
    char path[256];
    (void)state;
    for (size_t kind = 0; kind < PACKERS; kind++) {
        struct ent_buf b;
        struct ent_diag d = {0};
        write_file(path, "bomb", ent_slice(packed, pack[kind](packed, cap, zeros, n)));
        ent_buf_init(&b, 256u << 20);
        assert_err(read_all(&b, &d, path, 65536, 100), ENT_E_LIMIT);
        assert_true(b.n < 32u << 20);
        assert_string_equal(d.text, "compressed data grows beyond the limit");
        ent_buf_release(&b);
    }
    free(zeros);
    free(packed);
}

/* Headers may ask for any amount of memory. */
static void test_memory_that_is_asked_for(void **state)
{
    static const uint8_t big_window[] = "\x28\xb5\x2f\xfd\x00\xf8\x01\x00\x00"; /* 2 TiB */
    uint8_t packed[4096];
    char path[256];
    struct ent_buf b;
    struct ent_diag d = {0};
    lzma_options_lzma o;
    size_t n = 0;
    (void)state;
    assert_false(lzma_lzma_preset(&o, 0));
    o.dict_size = 1u << 30;
    lzma_filter f[] = {{LZMA_FILTER_LZMA2, &o}, {LZMA_VLI_UNKNOWN, NULL}};
    /* the header alone says it: an encoder would want that memory itself */
    assert_int_equal(lzma_stream_header_encode(
                         &(lzma_stream_flags){.version = 0, .check = LZMA_CHECK_NONE}, packed),
                     LZMA_OK);
    lzma_block block = {.version = 0,
                        .check = LZMA_CHECK_NONE,
                        .filters = f,
                        .compressed_size = LZMA_VLI_UNKNOWN,
                        .uncompressed_size = LZMA_VLI_UNKNOWN};
    assert_int_equal(lzma_block_header_size(&block), LZMA_OK);
    assert_int_equal(lzma_block_header_encode(&block, packed + LZMA_STREAM_HEADER_SIZE), LZMA_OK);
    n = LZMA_STREAM_HEADER_SIZE + block.header_size;
    ent_buf_init(&b, 100);
    write_file(path, "greedy.xz", ent_slice(packed, n));
    assert_err(read_all(&b, &d, path, 100, 0), ENT_E_LIMIT);
    assert_string_equal(d.text, "xz data wants more memory than allowed");
    write_file(path, "greedy.zst", ent_slice(big_window, sizeof(big_window) - 1));
    assert_err(read_all(&b, &d, path, 100, 0), ENT_E_FORMAT);
    ent_buf_release(&b);
}

/* --- inputs that come slowly --------------------------------------------------------------------
 */

static void assert_next(struct ent_input *in, enum ent_err want, const char *said)
{
    struct ent_slice got = {0};
    struct ent_diag d = {0};
    assert_err(ent_input_next(in, &got, &d), want);
    if (want == ENT_OK) {
        assert_int_equal(got.n, strlen(said));
        assert_memory_equal(got.p, said, got.n);
    }
}

static void put(int fd, const void *p, size_t n)
{
    assert_int_equal(write(fd, p, n), (ssize_t)n);
}

static void test_a_patient_input_never_waits(void **state)
{
    int fd[2];
    struct ent_input *in;
    (void)state;
    assert_int_equal(pipe(fd), 0);
    assert_ok(ent_input_open_fd(&in, NULL, fd[0], 0, true));
    assert_next(in, ENT_E_TIMEOUT, NULL);
    put(fd[1], "\xfd", 1); /* xz, or not */
    assert_next(in, ENT_E_TIMEOUT, NULL);
    put(fd[1], "7z!", 3);
    assert_next(in, ENT_OK,
                "\xfd"
                "7z!");
    assert_true(ent_input_is_plain(in));
    assert_next(in, ENT_E_TIMEOUT, NULL);
    put(fd[1], "more", 4);
    assert_next(in, ENT_OK, "more");
    assert_int_equal(close(fd[1]), 0);
    assert_next(in, ENT_OK, "");
    assert_next(in, ENT_OK, "");
    ent_input_close(in);
}

static void test_compressed_bytes_one_by_one(void **state)
{
    static const char said[] = "what was packed";
    uint8_t packed[256];
    (void)state;
    for (size_t kind = 0; kind < PACKERS; kind++) {
        int fd[2];
        struct ent_input *in;
        struct ent_slice got;
        size_t n = pack[kind](packed, sizeof(packed), (const uint8_t *)said, sizeof(said) - 1);
        char all[64] = "";
        size_t all_n = 0;
        assert_int_equal(pipe(fd), 0);
        assert_ok(ent_input_open_fd(&in, NULL, fd[0], 0, true));
        for (size_t i = 0; i < n; i++) {
            put(fd[1], packed + i, 1);
            enum ent_err r = ent_input_next(in, &got, NULL);
            assert_true(r == ENT_OK || r == ENT_E_TIMEOUT);
            if (r == ENT_OK) {
                assert_true(all_n + got.n < sizeof(all));
                memcpy(all + all_n, got.p, got.n);
                all_n += got.n;
            }
        }
        assert_int_equal(close(fd[1]), 0);
        assert_int_equal(all_n, sizeof(said) - 1);
        assert_memory_equal(all, said, all_n);
        assert_next(in, ENT_OK, "");
        ent_input_close(in);
    }
}

static void test_what_is_no_file(void **state)
{
    struct ent_input *in;
    struct ent_diag d = {0};
    char path[256];
    (void)state;
    assert_err(ent_input_open(&in, &d, "/nonexistent/x", 0), ENT_E_NOTFOUND);
    assert_err(ent_input_open(&in, &d, ent_t_tmpdir(), 0), ENT_E_FORMAT);
    assert_string_equal(d.text, "is a directory");
    write_file(path, "empty", ent_slice(NULL, 0));
    struct ent_buf b;
    ent_buf_init(&b, 10);
    assert_ok(read_all(&b, &d, path, 10, 0));
    assert_int_equal(b.n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_kinds_give_the_same),
        cmocka_unit_test(test_cut_and_damaged_streams),
        cmocka_unit_test(test_a_bomb_is_refused),
        cmocka_unit_test(test_memory_that_is_asked_for),
        cmocka_unit_test(test_a_patient_input_never_waits),
        cmocka_unit_test(test_compressed_bytes_one_by_one),
        cmocka_unit_test(test_what_is_no_file),
    };
    return ent_t_run("input", tests);
}
