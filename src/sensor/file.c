/*
 * file.c: what is read once, from its beginning to its end: files, FIFOs, standard input, each
 * plain, compressed, or a capture. What it is, its first bytes tell.
 */
#include "sensor/capture.h"
#include "sensor/source.h"

#include <sys/stat.h>

#define LOOKS_AT 4096u /* bytes that decide whether a file is binary */

struct file {
    struct ent_source src;
    enum ent_file_how how;
    bool regular;
    bool begun; /* something was read */
    struct ent_input *in;
    struct ent_capture *capture; /* then in is NULL: it has it */
    uint64_t offset, size;
    enum ent_err failed; /* of a source that only says so */
    struct ent_diag diag;
};

bool ent_looks_binary(struct ent_slice begun)
{
    return begun.n > 0 && memchr(begun.p, 0, begun.n < LOOKS_AT ? begun.n : LOOKS_AT) != NULL;
}

bool ent_is_packed(struct ent_slice begun)
{
    return ent_slice_starts(begun, ENT_SLICE_LIT("\x1f\x8b")) ||
           ent_slice_starts(begun, ENT_SLICE_LIT("\x28\xb5\x2f\xfd")) ||
           ent_slice_starts(begun, ENT_SLICE_LIT("\xfd"
                                                 "7zXZ\0")) ||
           ent_capture_is(begun);
}

/* --- the first bytes ----------------------------------------------------------------------------
 */

static void become_capture(struct file *f, struct ent_chunk *ret, struct ent_slice begun)
{
    struct ent_input *in = f->in;
    f->in = NULL;
    enum ent_err r = ent_capture_new(&f->capture, &ret->diag, in, begun);
    if (r != ENT_OK)
        ent_source_fail(&f->src, ret, r, &ret->diag);
}

/* Decide what it is. True when the bytes are not simply the first ones of a log. */
static bool begin(struct file *f, struct ent_chunk *ret, struct ent_slice bytes)
{
    uint64_t whole = f->src.s->o.whole;
    f->begun = true;
    if (f->how == ENT_FILE_CAPTURE || ent_capture_is(bytes)) {
        become_capture(f, ret, bytes);
        return true;
    }
    if (f->how == ENT_FILE_FOUND && ent_looks_binary(bytes)) {
        ret->kind = ENT_CHUNK_END;
        return f->src.over = true;
    }
    if (whole > 0 && f->regular && ent_input_is_plain(f->in) && f->size >= whole &&
        ent_input_fd(f->in) != STDIN_FILENO) { /* of that somebody may have read a part */
        ret->kind = ENT_CHUNK_FILE;
        ret->fd = ent_input_fd(f->in);
        ret->size = f->size;
        return f->src.over = true;
    }
    return false;
}

/* --- operations ---------------------------------------------------------------------------------
 */

static enum ent_err read_some(struct file *f, struct ent_slice *ret, struct ent_diag *d)
{
    return f->capture != NULL ? ent_capture_next(f->capture, ret, d)
                              : ent_input_next(f->in, ret, d);
}

static void next(struct ent_source *src, struct ent_chunk *ret)
{
    struct file *f = (struct file *)src;
    struct ent_slice bytes;
    if (f->failed != ENT_OK) {
        ent_source_fail(src, ret, f->failed, &f->diag);
        return;
    }
    enum ent_err r = read_some(f, &bytes, &ret->diag);
    if (r == ENT_E_TIMEOUT || r == ENT_E_INTERRUPTED)
        return;
    if (r != ENT_OK) {
        ent_source_fail(src, ret, r, &ret->diag);
        return;
    }
    if (!f->begun && begin(f, ret, bytes))
        return;
    ret->kind = bytes.n == 0 ? ENT_CHUNK_END : ENT_CHUNK_BYTES;
    ret->bytes = bytes;
    ret->offset = f->offset;
    f->offset += bytes.n;
    ret->size = f->size;
    ret->consumed =
        f->capture != NULL ? ent_capture_consumed(f->capture) : ent_input_consumed(f->in);
    src->over = bytes.n == 0;
}

static int poll_fd(const struct ent_source *src)
{
    const struct file *f = (const struct file *)src;
    if (f->capture != NULL)
        return ent_capture_fd(f->capture);
    return f->in == NULL || f->regular ? ENT_FD_READY : ent_input_fd(f->in);
}

static void release(struct ent_source *src)
{
    struct file *f = (struct file *)src;
    ent_capture_free(f->capture);
    ent_input_close(f->in);
}

static const struct ent_source_ops ops = {.next = next, .fd = poll_fd, .free = release};

enum ent_err ent_failed_source(struct ent_source **ret, struct ent_sensor *s, const char *path,
                               enum ent_err e, const struct ent_diag *d)
{
    enum ent_err r = ent_source_new(ret, s, sizeof(struct file), &ops, path);
    if (r != ENT_OK)
        return r;
    struct file *f = (struct file *)*ret;
    f->failed = e;
    f->diag = *d;
    return ENT_OK;
}

enum ent_err ent_file_source(struct ent_source **ret, struct ent_sensor *s, int fd,
                             const char *path, enum ent_file_how how)
{
    struct ent_diag d = {0};
    struct stat st;
    struct ent_input *in;
    enum ent_err r = ent_input_open_fd(&in, &d, fd, s->o.max_ratio, true);
    if (r != ENT_OK)
        return ent_failed_source(ret, s, path, r, &d);
    if ((r = ent_source_new(ret, s, sizeof(struct file), &ops, path)) != ENT_OK) {
        ent_input_close(in);
        return r;
    }
    struct file *f = (struct file *)*ret;
    f->in = in;
    f->how = how;
    f->size = ent_input_size(in);
    f->regular = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
    return ENT_OK;
}
