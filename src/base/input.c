/*
 * input.c: plain, gzip and zstd input behind one reader. The kind is decided by the first four
 * bytes; compressed members may follow one another (logrotate and parallel compressors make such
 * files).
 */
#include "base/base.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <zlib.h>
#include <zstd.h>

#define RAW_SIZE   (256u << 10)
#define RATIO_FREE (1u << 20) /* decompressed bytes before the ratio counts */

enum kind { PLAIN, GZIP, ZSTD };

struct ent_input {
    int fd;
    enum kind kind;
    bool eof;      /* the file has ended */
    bool inside;   /* a compressed member has begun and not ended */
    size_t pos, n; /* unread part of raw[] */
    uint64_t consumed, size, produced;
    unsigned max_ratio;
    z_stream z;
    ZSTD_DCtx *zstd;
    uint8_t raw[RAW_SIZE];
};

/* Read more behind what is left; sets eof at the end. */
static enum ent_err fill(struct ent_input *in, struct ent_diag *d)
{
    if (in->pos > 0 && in->n > 0)
        memmove(in->raw, in->raw + in->pos, in->n);
    in->pos = 0;
    for (;;) {
        ssize_t got = read(in->fd, in->raw + in->n, RAW_SIZE - in->n);
        if (got < 0 && errno == EINTR)
            return ent_fail_sys(d, "interrupted");
        if (got < 0 && errno == EAGAIN) { /* somebody gave us a non-blocking standard input */
            struct pollfd p = {.fd = in->fd, .events = POLLIN};
            (void)poll(&p, 1, -1);
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

static bool starts_with(const struct ent_input *in, const char *magic, size_t n)
{
    return in->n >= n && memcmp(in->raw + in->pos, magic, n) == 0;
}

static enum ent_err recognise(struct ent_input *in, struct ent_diag *d)
{
    enum ent_err r;
    while (in->n < 4 && !in->eof)
        if ((r = fill(in, d)) != ENT_OK)
            return r;
    if (starts_with(in, "\x1f\x8b", 2)) {
        in->kind = GZIP;
        if (inflateInit2(&in->z, 15 + 16) != Z_OK)
            return ent_fail(d, ENT_E_NOMEM, "out of memory", 0, 0);
    } else if (starts_with(in, "\x28\xb5\x2f\xfd", 4)) {
        in->kind = ZSTD;
        if ((in->zstd = ZSTD_createDCtx()) == NULL)
            return ent_fail(d, ENT_E_NOMEM, "out of memory", 0, 0);
        /* A frame may ask for a window of gigabytes; 128 MiB is what zstd itself allows. */
        (void)ZSTD_DCtx_setParameter(in->zstd, ZSTD_d_windowLogMax, 27);
    }
    return ENT_OK;
}

enum ent_err ent_input_open(struct ent_input **ret, struct ent_diag *d, const char *path,
                            unsigned max_ratio)
{
    struct stat st;
    struct ent_input *in = calloc(1, sizeof(*in));
    if (in == NULL)
        return ent_fail(d, ENT_E_NOMEM, "out of memory", 0, 0);
    in->max_ratio = max_ratio;
    in->fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (in->fd < 0) {
        enum ent_err r = ent_fail_sys(d, "cannot open");
        free(in);
        return r;
    }
    enum ent_err r = ENT_OK;
    if (fstat(in->fd, &st) != 0)
        r = ent_fail_sys(d, "cannot read");
    else if (S_ISDIR(st.st_mode))
        r = ent_fail(d, ENT_E_FORMAT, "is a directory", 0, 0);
    else if (S_ISREG(st.st_mode))
        in->size = (uint64_t)st.st_size;
    if (r != ENT_OK || (r = recognise(in, d)) != ENT_OK) {
        ent_input_close(in);
        return r;
    }
    *ret = in;
    return ENT_OK;
}

void ent_input_close(struct ent_input *in)
{
    if (in == NULL)
        return;
    if (in->kind == GZIP)
        (void)inflateEnd(&in->z);
    (void)ZSTD_freeDCtx(in->zstd);
    if (in->fd > STDIN_FILENO)
        (void)close(in->fd);
    free(in);
}

/* One step of inflate; *ret_n may be 0 although there is more. */
static enum ent_err gunzip(struct ent_input *in, uint8_t *ret, size_t *ret_n, size_t cap,
                           struct ent_diag *d)
{
    in->z.next_in = in->raw + in->pos;
    in->z.avail_in = (uInt)in->n;
    in->z.next_out = ret;
    in->z.avail_out = (uInt)cap;
    in->inside = true;
    int z = inflate(&in->z, Z_NO_FLUSH);
    in->pos += in->n - in->z.avail_in;
    in->n = in->z.avail_in;
    *ret_n = cap - in->z.avail_out;
    if (z == Z_STREAM_END) {
        in->inside = false;
        (void)inflateReset(&in->z);
    } else if (z != Z_OK && z != Z_BUF_ERROR) {
        return ent_fail(d, ENT_E_FORMAT, "damaged gzip data", 0, in->consumed - in->n);
    }
    return ENT_OK;
}

static enum ent_err unzstd(struct ent_input *in, uint8_t *ret, size_t *ret_n, size_t cap,
                           struct ent_diag *d)
{
    ZSTD_inBuffer from = {in->raw + in->pos, in->n, 0};
    ZSTD_outBuffer to = {ret, cap, 0};
    size_t z = ZSTD_decompressStream(in->zstd, &to, &from);
    if (ZSTD_isError(z))
        return ent_fail(d, ENT_E_FORMAT, "damaged zstd data", 0, in->consumed - in->n);
    in->pos += from.pos;
    in->n -= from.pos;
    in->inside = z != 0;
    *ret_n = to.pos;
    return ENT_OK;
}

static enum ent_err decompress(struct ent_input *in, uint8_t *ret, size_t *ret_n, size_t cap,
                               struct ent_diag *d)
{
    enum ent_err r;
    *ret_n = 0;
    while (*ret_n == 0) {
        if (in->n == 0 && !in->eof && (r = fill(in, d)) != ENT_OK)
            return r;
        if (in->n == 0 && in->eof && !in->inside)
            return ENT_OK;
        size_t before = in->n;
        r = in->kind == GZIP ? gunzip(in, ret, ret_n, cap, d) : unzstd(in, ret, ret_n, cap, d);
        if (r != ENT_OK)
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

static enum ent_err read_input(void *ctx, uint8_t *ret, size_t *ret_n, size_t cap,
                               struct ent_diag *d)
{
    struct ent_input *in = ctx;
    enum ent_err r;
    if (cap > RAW_SIZE)
        cap = RAW_SIZE;
    if (in->kind != PLAIN)
        return decompress(in, ret, ret_n, cap, d);
    if (in->n == 0 && !in->eof && (r = fill(in, d)) != ENT_OK)
        return r;
    size_t n = in->n < cap ? in->n : cap;
    if (n > 0)
        memcpy(ret, in->raw + in->pos, n);
    in->pos += n;
    in->n -= n;
    *ret_n = n;
    return ENT_OK;
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
