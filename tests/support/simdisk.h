/*
 * simdisk.h: a disk in memory (ledger/disk.h) that fails, fills up and loses power when it is told
 * to. After a crash each file holds what was synced last, mixed at random with what was written
 * since: any part of it, at any granularity, in any order, with rubbish where nothing arrived.
 */
#ifndef ENT_TESTS_SUPPORT_SIMDISK_H
#define ENT_TESTS_SUPPORT_SIMDISK_H

#include "ledger/disk.h"

struct ent_simdisk;

struct ent_simdisk *ent_simdisk_new(void);
void ent_simdisk_free(struct ent_simdisk *s);
struct ent_simdisk *ent_simdisk_copy(const struct ent_simdisk *s); /* with nothing pending */
const struct ent_disk *ent_simdisk_disk(struct ent_simdisk *s);

/* Calls so far, of every kind, and those that write (write, cut, sync, replace). */
uint64_t ent_simdisk_calls(const struct ent_simdisk *s);
uint64_t ent_simdisk_writes(const struct ent_simdisk *s);

/* The n-th call from now on (1: the next) fails with e, halfway through; 0: none does. After a
 * failed sync nobody knows what is on the disk; what a failed replace put in place, and is read
 * there, may be the old file again after a crash. */
void ent_simdisk_fail(struct ent_simdisk *s, uint64_t n, enum ent_err e);
/* The next replace or create does, until the next ent_simdisk_fail(). */
void ent_simdisk_fail_replace(struct ent_simdisk *s, enum ent_err e);
/* The power goes at the n-th call from now on: that one and all later ones fail. 0: it does not. */
void ent_simdisk_crash(struct ent_simdisk *s, uint64_t n);
/* Has it gone, or the failure happened? */
bool ent_simdisk_hit(const struct ent_simdisk *s);
/* After a crash, or instead of one: what is left. Random by ent_t_rand(). */
void ent_simdisk_restart(struct ent_simdisk *s);
/* So many bytes fit in all files together (UINT64_MAX at first). */
void ent_simdisk_room(struct ent_simdisk *s, uint64_t bytes);

const char *ent_simdisk_name(const struct ent_simdisk *s, size_t i); /* NULL behind the last */
struct ent_slice ent_simdisk_file(const struct ent_simdisk *s, const char *name);
void ent_simdisk_set(struct ent_simdisk *s, const char *name, struct ent_slice bytes);
void ent_simdisk_flip(struct ent_simdisk *s, const char *name, uint64_t bit);
void ent_simdisk_remove(struct ent_simdisk *s, const char *name);

#endif
