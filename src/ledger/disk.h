/*
 * disk.h: the few things that a log asks of a disk, so that a test can be one that tears, reorders,
 * fills up and fails. The real one is node/disk.h.
 *
 * Names are relative, of a-z, 0-9, '.', '-' and '/'; folders come to be when something is written
 * below them. What was written is there after a crash only when sync() or replace() returned
 * ENT_OK; until then any part of it may be, in any order.
 */
#ifndef ENT_LEDGER_DISK_H
#define ENT_LEDGER_DISK_H

#include "base/base.h"

#define ENT_DISK_NAME_MAX 200u

struct ent_disk {
    void *ctx;
    /* Bytes; 0 for a file that is not there. */
    enum ent_err (*size)(void *ctx, uint64_t *ret, const char *name);
    /* Exactly n bytes from this offset on; ENT_E_NOTFOUND when they are not all there. */
    enum ent_err (*read)(void *ctx, void *ret, size_t n, const char *name, uint64_t offset);
    /* Overwrites or extends; never leaves a hole (offset <= size). */
    enum ent_err (*write)(void *ctx, const char *name, uint64_t offset, struct ent_slice bytes);
    /* Shorten to this size. */
    enum ent_err (*cut)(void *ctx, const char *name, uint64_t size);
    enum ent_err (*sync)(void *ctx, const char *name);
    /* A whole small file: all of it or what was there before, and durable. */
    enum ent_err (*replace)(void *ctx, const char *name, struct ent_slice bytes);
};

/* A whole small file, appended to b, whose maximum bounds it. ENT_E_NOTFOUND when it is not there
 * or empty. */
ENT_MUST_USE enum ent_err ent_disk_load(const struct ent_disk *disk, struct ent_buf *b,
                                        const char *name);

#endif
