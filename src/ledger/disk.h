/*
 * disk.h: the few things that a log, and a home, ask of a disk, so that a test can be one that
 * tears, reorders, fills up and fails, and so that whoever uses it need not have the right to open
 * files. The real ones are node/disk.h and node/disk_remote.h.
 *
 * Names are relative, as ent_disk_name_is_valid() says; folders come to be when something is
 * written below them. What was written is there after a crash only when sync(), replace() or
 * create() returned ENT_OK; until then any part of it may be, in any order.
 */
#ifndef ENT_LEDGER_DISK_H
#define ENT_LEDGER_DISK_H

#include "base/base.h"

#define ENT_DISK_NAME_MAX 200u
#define ENT_DISK_LIST_MAX (32u << 20) /* bytes of names in one folder */

enum ent_disk_lock { ENT_DISK_UNLOCKED, ENT_DISK_SHARED, ENT_DISK_EXCLUSIVE };

struct ent_disk {
    void *ctx;
    /* Bytes; 0 for a file that is not there. */
    enum ent_err (*size)(void *ctx, uint64_t *ret, const char *name);
    /* Exactly n bytes from this offset on; ENT_E_NOTFOUND when they are not all there, or, where n
     * is 0, no file is. */
    enum ent_err (*read)(void *ctx, void *ret, size_t n, const char *name, uint64_t offset);
    /* Overwrites or extends; never leaves a hole (offset <= size). */
    enum ent_err (*write)(void *ctx, const char *name, uint64_t offset, struct ent_slice bytes);
    /* Shorten to this size. */
    enum ent_err (*cut)(void *ctx, const char *name, uint64_t size);
    /* What can be read below this name, whoever wrote it, is there from here on. */
    enum ent_err (*sync)(void *ctx, const char *name);
    /* A whole small file: all of it or what was there before, and durable. */
    enum ent_err (*replace)(void *ctx, const char *name, struct ent_slice bytes);
    /* The same, but ENT_E_EXISTS where there is one already, whoever made it and whenever. */
    enum ent_err (*create)(void *ctx, const char *name, struct ent_slice bytes);
    /* A file, or a folder without names in it. ENT_E_NOTFOUND. It may be back after a crash. */
    enum ent_err (*remove)(void *ctx, const char *name);
    /* The valid names in a folder, of files and folders, in the order of their bytes, each with a
     * '\n' behind it, appended. ENT_E_NOTFOUND: there is no such folder. */
    enum ent_err (*list)(void *ctx, struct ent_buf *ret, const char *folder);
    /* A lock between processes, as flock(2): on a file, which comes to be; waits for whoever has
     * it; a process that ends has let go. Threads that share this disk share its locks, too. To
     * unlock what is not locked makes the file. */
    enum ent_err (*lock)(void *ctx, const char *name, enum ent_disk_lock how);
};

/* Of a-z, 0-9, '.', '-' and '/', at most ENT_DISK_NAME_MAX with the NUL; no part is empty or begins
 * with '.', and none ends in ".new", which is where a file is until it is whole. */
bool ent_disk_name_is_valid(const char *name);

/* A whole small file, appended to b, whose maximum bounds it. ENT_E_NOTFOUND when it is not there
 * or empty. */
ENT_MUST_USE enum ent_err ent_disk_load(const struct ent_disk *disk, struct ent_buf *b,
                                        const char *name);
/* The same, where a file without bytes is one. */
ENT_MUST_USE enum ent_err ent_disk_whole(const struct ent_disk *disk, struct ent_buf *b,
                                         const char *name);

/* Fill d (or NULL) after a disk returned e, and return it: with errno where that tells more. */
ENT_MUST_USE enum ent_err ent_disk_fail(struct ent_diag *d, enum ent_err e, const char *text);

#endif
