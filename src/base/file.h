/*
 * file.h: whole small files. Writing is atomic and durable: a crash leaves the old file or the new
 * one, and no temporary file that a reader would take for either.
 */
#ifndef ENT_BASE_FILE_H
#define ENT_BASE_FILE_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>
#include <entente/entente.h>

struct ent_buf;
struct ent_diag;

/* Append the file's bytes to b, whose maximum bounds them (ENT_E_LIMIT). */
ENT_MUST_USE enum ent_err ent_file_read(struct ent_buf *b, struct ent_diag *d, const char *path);

/* Replace path by these bytes: temporary file in the same directory, fsync, rename, fsync of the
 * directory. After an error path is as it was. */
ENT_MUST_USE enum ent_err ent_file_write(const char *path, struct ent_slice data, mode_t mode,
                                         struct ent_diag *d);

/* The same, but ENT_E_EXISTS if path is there already, whoever made it and whenever. */
ENT_MUST_USE enum ent_err ent_file_create(const char *path, struct ent_slice data, mode_t mode,
                                          struct ent_diag *d);

/* write(2) until all is written. */
ENT_MUST_USE enum ent_err ent_fd_write(int fd, struct ent_slice data);

/*
 * A file written piece by piece and put in its place at the end; nothing is at path before that.
 * ent_file_out_abort() removes the temporary file; it is fine after finish and on {0}.
 */
struct ent_file_out {
    FILE *f;
    char tmp[4096];
    char path[4096];
};

ENT_MUST_USE enum ent_err ent_file_out_start(struct ent_file_out *o, const char *path, mode_t mode,
                                             struct ent_diag *d);
ENT_MUST_USE enum ent_err ent_file_out_finish(struct ent_file_out *o, struct ent_diag *d);
void ent_file_out_abort(struct ent_file_out *o);

/* For files that belong together, instead of finish: all of it is on the disk under o->tmp, which
 * the caller renames, and ent_dir_sync()s. */
ENT_MUST_USE enum ent_err ent_file_out_seal(struct ent_file_out *o, struct ent_diag *d);

/* fsync, so that what was renamed and removed in it stays so. */
ENT_MUST_USE enum ent_err ent_dir_sync(int fd, struct ent_diag *d);

/* "dir/name" into ret; ENT_E_LIMIT when it does not fit. */
ENT_MUST_USE enum ent_err ent_path_join(char *ret, size_t cap, const char *dir, const char *name);

#endif
