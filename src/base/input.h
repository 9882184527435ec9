/*
 * input.h: bytes from a file, standard input or a compressed stream, without loading them.
 *
 * gzip, zstd and xz are recognised by their first bytes, whatever the name says, and several
 * compressed members in a row are one stream. Promise: memory does not depend on the input.
 */
#ifndef ENT_BASE_INPUT_H
#define ENT_BASE_INPUT_H

#include <stdbool.h>
#include <entente/entente.h>

struct ent_diag;

/* Where parsers read from: 0 bytes in *ret_n means the end. */
struct ent_reader {
    enum ent_err (*read)(void *ctx, uint8_t *ret, size_t *ret_n, size_t cap, struct ent_diag *d);
    void *ctx;
};

struct ent_input;

/* path "-" is standard input. max_ratio bounds decompression: a stream that grows by more than
 * this factor after its first MiB is ENT_E_LIMIT (a bomb); 0 for no bound. */
ENT_MUST_USE enum ent_err ent_input_open(struct ent_input **ret, struct ent_diag *d,
                                         const char *path, unsigned max_ratio);
void ent_input_close(struct ent_input *in);

/* The same for an open descriptor, which belongs to the input from now on, also after an error, but
 * for standard input. Nothing is read yet. patient: where nothing can be read at once, a read is
 * ENT_E_TIMEOUT and may be tried again when poll() says so. */
ENT_MUST_USE enum ent_err ent_input_open_fd(struct ent_input **ret, struct ent_diag *d, int fd,
                                            unsigned max_ratio, bool patient);
int ent_input_fd(const struct ent_input *in);

/* The next bytes where they lie, valid until the next call; none at the end. */
ENT_MUST_USE enum ent_err ent_input_next(struct ent_input *in, struct ent_slice *ret,
                                         struct ent_diag *d);

/* Whether it turned out to be uncompressed; known once something was read. */
bool ent_input_is_plain(const struct ent_input *in);

struct ent_reader ent_input_reader(struct ent_input *in);

/* Bytes taken from the file so far, and its size where it is known (else 0): for progress. */
uint64_t ent_input_consumed(const struct ent_input *in);
uint64_t ent_input_size(const struct ent_input *in);

/* A reader over memory, for tests, fuzzing and small bodies. *left is used up. */
struct ent_reader ent_reader_mem(struct ent_slice *left);

#endif
