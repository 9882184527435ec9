/*
 * bodies.h: what the entries of a log commit to, in files beside its tree:
 *
 *     bodies.dat   salt || body, one behind the other
 *     bodies.idx   for each entry: u64 offset, u32 length of the body, SHA256(0x02 || salt ||
 * body), crc32c of these, and a byte for what is there: 0x55 both, 0xAA nothing any more (zeros),
 * 0x33 it never was (no bytes); little-endian
 *
 * A body that is erased is marked first, with a byte that cannot be written by half, and then
 * overwritten: zeros alone are damage.
 */
#ifndef ENT_LEDGER_BODIES_H
#define ENT_LEDGER_BODIES_H

#include "ledger/ledger.h"
#include "ledger/disk.h"

struct bodies {
    const struct ent_disk *disk;
    char dat[ENT_DISK_NAME_MAX], idx[ENT_DISK_NAME_MAX];
    uint64_t n, dat_n;                 /* of the files, up to the log's size */
    struct ent_buf dat_more, idx_more; /* what waits */
    bool loose;                        /* the files may be longer */
};

ENT_MUST_USE enum ent_err bodies_init(struct bodies *b, const struct ent_disk *disk,
                                      const char *dir);
void bodies_release(struct bodies *b);

/* Know of the first n, looking at the last alone. ENT_E_NOTFOUND when there are fewer, ENT_E_AUTH
 * when the last is damaged. */
ENT_MUST_USE enum ent_err bodies_adopt(struct bodies *b, struct ent_diag *d, uint64_t n);
/* How many could be adopted, at most n. */
ENT_MUST_USE enum ent_err bodies_count(struct bodies *b, uint64_t *ret, uint64_t n);

/* One more, until the next write; salt NULL: there is none. */
ENT_MUST_USE enum ent_err bodies_append(struct bodies *b, const struct ent_salt32 *salt,
                                        struct ent_slice body);
void bodies_drop(struct bodies *b);
/* Write what waits, cut off what is behind; then sync it, read it back, and know of it. */
ENT_MUST_USE enum ent_err bodies_write(struct bodies *b);
ENT_MUST_USE enum ent_err bodies_cut(struct bodies *b);
ENT_MUST_USE enum ent_err bodies_sync(struct bodies *b, struct ent_diag *d);

/* Salt and body, appended. ENT_E_NOTFOUND when they are not here any more. */
ENT_MUST_USE enum ent_err bodies_get(struct bodies *b, struct ent_salt32 *ret_salt,
                                     struct ent_buf *body, struct ent_diag *d, uint64_t index);
ENT_MUST_USE enum ent_err bodies_erase(struct bodies *b, struct ent_diag *d, uint64_t index);

/* All of them; *ret_idx: it is bodies.idx that is wrong. */
ENT_MUST_USE enum ent_err bodies_check(struct bodies *b, struct ent_diag *d, bool *ret_idx,
                                       uint64_t *ret_index);

#endif
