/*
 * input.c: plain, gzip, zstd and xz input behind one reader. The kind is decided by the first
 * bytes; compressed members may follow one another (logrotate and parallel compressors make such
 * files).
 */
#include "base/base.h"

#include <errno.h>
#include <fcntl.h>
#include <lzma.h>
#include <poll.h>
#include <sys/stat.h>
#include <zlib.h>
#include <zstd.h>

#define RAW_SIZE   (256u << 10)
#define RATIO_FREE (1u << 20) /* decompressed bytes before the ratio counts */
/* A stream may ask for a window of gigabytes; 128 MiB is what zstd allows by itself, and twice what
 * `xz -9` needs. */
#define ZSTD_WINDOW_LOG 27
#define XZ_MEMORY       (128u << 20)

enum kind { UNKNOWN, PLAIN, GZIP, ZSTD, XZ };

struct ent_input {
    int fd;
    enum kind kind;
    bool patient;
    bool eof;      /* the file has ended */
    bool inside;   /* a compressed member has begun and not ended */
    size_t pos, n; /* unread part of raw[] */
    uint64_t consumed, size, produced;
    unsigned max_ratio;
    z_stream z;
    lzma_stream xz;
    ZSTD_DCtx *zstd;
    struct ent_slice rest; /* of what ent_input_next() gave, for the reader */
    uint8_t *out;          /* RAW_SIZE bytes, when compressed */
    uint8_t raw[RAW_SIZE];
};

static bool readable(int fd, int timeout_ms)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    return poll(&p, 1, timeout_ms) > 0;
}

/* Read more behind what is left; sets eof at the end. */
static enum ent_err fill(struct ent_input *in, struct ent_diag *d)
{
    if (in->pos > 0 && in->n > 0)
        memmove(in->raw, in->raw + in->pos, in->n);
    in->pos = 0;
    if (in->patient && !readable(in->fd, 0))
        return ENT_E_TIMEOUT;
    for (;;) {
        ssize_t got = read(in->fd, in->raw + in->n, RAW_SIZE - in->n);
        if (got < 0 && errno == EINTR)
            return ent_fail_sys(d, "interrupted");
        if (got < 0 && errno == EAGAIN) {
            if (in->patient)
                return ENT_E_TIMEOUT;
            (void)readable(in->fd, -1); /* somebody gave us a non-blocking standard input */
            continue;
        }
        if (got < 0)
            return ent_fail_sys(d, "cannot read");
        in->eof = got == 0;
        in->n += (size_t)got;
        in->consumed += (uint64_t)got;
        return ENT_OK;
    }
}

/* table */
static const struct magic {
    enum kind kind;
    size_t n;
    const char *bytes;
} magics[] = {
    {GZIP, 2, "\x1f\x8b"},
    {ZSTD, 4, "\x28\xb5\x2f\xfd"},
    {XZ, 6,
     "\xfd"
     "7zXZ\0"},
};

/* UNKNOWN while what there is may still become one of them. */
static enum kind kind_of(const uint8_t *p, size_t n, bool eof)
{
    enum kind kind = PLAIN;
    for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++) {
        const struct magic *m = &magics[i];
        if (memcmp(p, m->bytes, n < m->n ? n : m->n) != 0)
            continue;
        if (n >= m->n)
            return m->kind;
        kind = eof ? PLAIN : UNKNOWN;
    }
    return kind;
}

static enum ent_err recognise(struct ent_input *in, struct ent_diag *d)
{
    enum ent_err r;
    bool ready = true;
    enum kind kind;
    while ((kind = kind_of(in->raw + in->pos, in->n, in->eof)) == UNKNOWN)
        if ((r = fill(in, d)) != ENT_OK)
            return r;
    if (kind == GZIP)
        ready = inflateInit2(&in->z, 15 + 16) == Z_OK;
    else if (kind == ZSTD)
        ready =
            (in->zstd = ZSTD_createDCtx()) != NULL &&
            !ZSTD_isError(ZSTD_DCtx_setParameter(in->zstd, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG));
    else if (kind == XZ)
        ready = lzma_stream_decoder(&in->xz, XZ_MEMORY, LZMA_CONCATENATED) == LZMA_OK;
    in->inside = kind == XZ;
    if (ready && kind != PLAIN)
        ready = (in->out = malloc(RAW_SIZE)) != NULL;
    if (!ready)
        return ent_fail(d, ENT_E_NOMEM, "out of memory", 0, 0);
    in->kind = kind;
    return ENT_OK;
}

enum ent_err ent_input_open_fd(struct ent_input **ret, struct ent_diag *d, int fd,
                               unsigned max_ratio, bool patient)
{
    struct stat st;
    enum ent_err r = ENT_OK;
    struct ent_input *in = calloc(1, sizeof(*in));
    if (in == NULL) {
        if (fd > STDIN_FILENO)
            (void)close(fd);
        return ent_fail(d, ENT_E_NOMEM, "out of memory", 0, 0);
    }
    in->fd = fd;
    in->max_ratio = max_ratio;
    if (fstat(fd, &st) != 0)
        r = ent_fail_sys(d, "cannot read");
    else if (S_ISDIR(st.st_mode))
        r = ent_fail(d, ENT_E_FORMAT, "is a directory", 0, 0);
    else if (S_ISREG(st.st_mode))
        in->size = (uint64_t)st.st_size;
    if (r != ENT_OK) {
        ent_input_close(in);
        return r;
    }
    in->patient = patient && !S_ISREG(st.st_mode);
    *ret = in;
    return ENT_OK;
}

enum ent_err ent_input_open(struct ent_input **ret, struct ent_diag *d, const char *path,
                            unsigned max_ratio)
{
    struct ent_input *in = NULL;
    int fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return ent_fail_sys(d, "cannot open");
    enum ent_err r = ent_input_open_fd(&in, d, fd, max_ratio, false);
    if (in != NULL && (r = recognise(in, d)) != ENT_OK)
        ent_input_close(in);
    if (r == ENT_OK)
        *ret = in;
    return r;
}

void ent_input_close(struct ent_input *in)
{
    if (in == NULL)
        return;
    (void)inflateEnd(&in->z); /* fine on what was never begun, like the next two */
    lzma_end(&in->xz);
    (void)ZSTD_freeDCtx(in->zstd);
    if (in->fd > STDIN_FILENO)
        (void)close(in->fd);
    free(in->out);
    free(in);
}

int ent_input_fd(const struct ent_input *in)
{
    return in->fd;
}

bool ent_input_is_plain(const struct ent_input *in)
{
    return in->kind == PLAIN;
}

/* --- decompression ------------------------------------------------------------------------------
 * One step each; *ret_n may be 0 although there is more.
 */

static enum ent_err gunzip(struct ent_input *in, size_t *ret_n, struct ent_diag *d)
{
    in->z.next_in = in->raw + in->pos;
    in->z.avail_in = (uInt)in->n;
    in->z.next_out = in->out;
    in->z.avail_out = RAW_SIZE;
    in->inside = true;
    int z = inflate(&in->z, Z_NO_FLUSH);
    in->pos += in->n - in->z.avail_in;
    in->n = in->z.avail_in;
    *ret_n = RAW_SIZE - in->z.avail_out;
    if (z == Z_STREAM_END) {
        in->inside = false;
        (void)inflateReset(&in->z);
    } else if (z != Z_OK && z != Z_BUF_ERROR) {
        return ent_fail(d, ENT_E_FORMAT, "damaged gzip data", 0, in->consumed - in->n);
    }
    return ENT_OK;
}

static enum ent_err unzstd(struct ent_input *in, size_t *ret_n, struct ent_diag *d)
{
    ZSTD_inBuffer from = {in->raw + in->pos, in->n, 0};
    ZSTD_outBuffer to = {in->out, RAW_SIZE, 0};
    size_t z = ZSTD_decompressStream(in->zstd, &to, &from);
    if (ZSTD_isError(z))
        return ent_fail(d, ENT_E_FORMAT, "damaged zstd data", 0, in->consumed - in->n);
    in->pos += from.pos;
    in->n -= from.pos;
    in->inside = z != 0;
    *ret_n = to.pos;
    return ENT_OK;
}

static enum ent_err unxz(struct ent_input *in, size_t *ret_n, struct ent_diag *d)
{
    in->xz.next_in = in->raw + in->pos;
    in->xz.avail_in = in->n;
    in->xz.next_out = in->out;
    in->xz.avail_out = RAW_SIZE;
    lzma_ret z = lzma_code(&in->xz, in->eof ? LZMA_FINISH : LZMA_RUN);
    in->pos += in->n - in->xz.avail_in;
    in->n = in->xz.avail_in;
    *ret_n = RAW_SIZE - in->xz.avail_out;
    in->inside = z != LZMA_STREAM_END;
    if (z == LZMA_MEMLIMIT_ERROR)
        return ent_fail(d, ENT_E_LIMIT, "xz data wants more memory than allowed", 0, 0);
    if (z == LZMA_MEM_ERROR)
        return ent_fail(d, ENT_E_NOMEM, "out of memory", 0, 0);
    if (z != LZMA_OK && z != LZMA_BUF_ERROR && z != LZMA_STREAM_END)
        return ent_fail(d, ENT_E_FORMAT, "damaged xz data", 0, in->consumed - in->n);
    return ENT_OK;
}

static enum ent_err step(struct ent_input *in, size_t *ret_n, struct ent_diag *d)
{
    if (in->kind == GZIP)
        return gunzip(in, ret_n, d);
    return in->kind == ZSTD ? unzstd(in, ret_n, d) : unxz(in, ret_n, d);
}

static enum ent_err decompress(struct ent_input *in, size_t *ret_n, struct ent_diag *d)
{
    enum ent_err r;
    *ret_n = 0;
    while (*ret_n == 0) {
        if (in->n == 0 && !in->eof && (r = fill(in, d)) != ENT_OK)
            return r;
        if (in->n == 0 && in->eof && !in->inside)
            return ENT_OK;
        size_t before = in->n;
        if ((r = step(in, ret_n, d)) != ENT_OK)
            return r;
        if (*ret_n > 0 || in->n != before || !in->inside)
            continue;
        if (in->eof)
            return ent_fail(d, ENT_E_FORMAT, "compressed data ends too early", 0, in->consumed);
        if ((r = fill(in, d)) != ENT_OK)
            return r;
    }
    in->produced += *ret_n;
    if (in->max_ratio > 0 && in->produced > RATIO_FREE &&
        in->produced / in->max_ratio > in->consumed)
        return ent_fail(d, ENT_E_LIMIT, "compressed data grows beyond the limit", 0, in->consumed);
    return ENT_OK;
}

/* --- reading ------------------------------------------------------------------------------------
 */

enum ent_err ent_input_next(struct ent_input *in, struct ent_slice *ret, struct ent_diag *d)
{
    enum ent_err r;
    size_t n;
    if (in->kind == UNKNOWN && (r = recognise(in, d)) != ENT_OK)
        return r;
    if (in->kind != PLAIN) {
        if ((r = decompress(in, &n, d)) == ENT_OK)
            *ret = ent_slice(in->out, n);
        return r;
    }
    if (in->n == 0 && !in->eof && (r = fill(in, d)) != ENT_OK)
        return r;
    *ret = ent_slice(in->raw + in->pos, in->n);
    in->pos += in->n;
    in->n = 0;
    return ENT_OK;
}

static enum ent_err read_input(void *ctx, uint8_t *ret, size_t *ret_n, size_t cap,
                               struct ent_diag *d)
{
    struct ent_input *in = ctx;
    enum ent_err r;
    if (in->rest.n == 0 && (r = ent_input_next(in, &in->rest, d)) != ENT_OK)
        return r;
    return ent_reader_mem(&in->rest).read(&in->rest, ret, ret_n, cap, d);
}

struct ent_reader ent_input_reader(struct ent_input *in)
{
    return (struct ent_reader){.read = read_input, .ctx = in};
}

uint64_t ent_input_consumed(const struct ent_input *in)
{
    return in->consumed - in->n;
}

uint64_t ent_input_size(const struct ent_input *in)
{
    return in->size;
}

static enum ent_err read_mem(void *ctx, uint8_t *ret, size_t *ret_n, size_t cap, struct ent_diag *d)
{
    struct ent_slice *left = ctx;
    (void)d;
    size_t n = left->n < cap ? left->n : cap;
    if (n > 0)
        memcpy(ret, left->p, n);
    left->p += n;
    left->n -= n;
    *ret_n = n;
    return ENT_OK;
}

struct ent_reader ent_reader_mem(struct ent_slice *left)
{
    return (struct ent_reader){.read = read_mem, .ctx = left};
}
