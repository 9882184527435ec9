/* fuzz_window.c: the file of a window, as it is and with checksums that are right. What is read is
 * in order and canonical; written again and read again it is the same. */
#include "watch/watch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define HEADER 114u
static void seal(uint8_t *p, size_t n)
{
    ent_put_u32le(p + HEADER - 4, ent_crc32c(0, ent_slice(p, HEADER - 4)));
    for (size_t at = HEADER, len; n - at >= 8; at += 8 + len) {
        len = (size_t)p[at] | (size_t)p[at + 1] << 8 | (size_t)p[at + 2] << 16;
        if (len > n - at - 8)
            return;
        ent_put_u32le(p + at + 4, ent_crc32c(0, ent_slice(p + at + 8, len)));
    }
}

/* All items; ENT_OK when it is whole. to: also written there, if it is not NULL. */
static enum ent_err pass(struct ent_slice file, struct ent_window_out *to, uint64_t *ret)
{
    struct ent_window_in *in = NULL;
    const struct ent_window_item *i = NULL;
    enum ent_err r = ent_window_open(&in, NULL, ent_reader_mem(&file));
    while (r == ENT_OK && (r = ent_window_next(in, &i, NULL)) == ENT_OK && i != NULL) {
        struct ent_slice text = {(const uint8_t *)i->obs.text, i->obs.n};
        *ret = (*ret ^ ent_window_rank(&(struct ent_salt16){{1}}, i->obs.type, text, i->hits)) * 31;
        r = to == NULL ? ENT_OK : ent_window_put(to, i->obs.type, text, i->hits);
    }
    if (r == ENT_OK && to != NULL)
        r = ent_window_end(to, ent_window_of(in));
    ent_window_close(in);
    return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static uint8_t sealed[1 << 20], again[2 << 20];
    struct ent_window_out *out = NULL;
    uint64_t a = 0, b = 0;
    if (ent_secret_start() != ENT_OK || pass(ent_slice(data, n), NULL, &a) == ENT_E_NOMEM ||
        n < HEADER || n > sizeof(sealed))
        return 0;
    memcpy(sealed, data, n);
    seal(sealed, n);
    a = 0;
    if (pass(ent_slice(sealed, n), NULL, &a) != ENT_OK)
        return 0;
    FILE *f = fmemopen(again, sizeof(again), "w");
    ENT_ASSERT(f != NULL && ent_window_out_new(&out, f) == ENT_OK &&
               pass(ent_slice(sealed, n), out, &b) == ENT_OK && a == b && fflush(f) == 0 &&
               fseek(f, 0, SEEK_END) == 0);
    struct ent_slice s = {again, (size_t)ftell(f)};
    b = 0;
    ENT_ASSERT(pass(s, NULL, &b) == ENT_OK && a == b && fclose(f) == 0);
    ent_window_out_free(out);
    return 0;
}
