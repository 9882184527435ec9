/* said.h: a history that tests know beforehand: entries, bodies, and the root at each size, for
 * logs on a simulated disk. */
#ifndef ENT_TESTS_SUPPORT_SAID_H
#define ENT_TESTS_SUPPORT_SAID_H

#include "ledger/ledger.h"
#include "tests/support/simdisk.h"

#define SAID_ORIGIN "0123456789abcdef/alpha/1"
#define SAID_MOST   700

extern const struct ent_seed32 said_key, said_other_key;
extern struct ent_hash32 said_root[SAID_MOST + 1];

int said_setup(void **state); /* before all else */
struct ent_slice said_entry(uint64_t i);

struct ent_log_opts said_opts(struct ent_simdisk *s, bool alone);
struct ent_log *said_open(struct ent_simdisk *s, bool alone);
/* A disk with a log of this size; the caller's. */
struct ent_simdisk *said_disk(uint64_t size);
void said_append(struct ent_log *log, uint64_t from, uint64_t to);
void said_grow(struct ent_log *log, uint64_t size); /* and commit */

/* A head: of this history, or any; the last few live. */
struct ent_slice said_head(uint64_t size);
struct ent_slice said_head_by(uint64_t size, const struct ent_hash32 *root, const char *origin,
                              const struct ent_seed32 *by);

void said_state(const struct ent_log *log, enum ent_log_state want);
/* ent_log_check() has nothing to say. */
void said_check(struct ent_log *log);
/* Size, head and every act; those from `bodies` on have no body any more. */
void said_acts(struct ent_log *log, uint64_t size, uint64_t bodies);
bool said_has_body(uint64_t i);
struct ent_salt32 said_salt(uint64_t i);

/* What a mirror has, as ent_log_refill() asks for it. ctx: NULL, or the index about which it lies;
 * SAID_MOST + index: which it does not have. */
enum ent_err said_mirror(void *ctx, struct ent_buf *b, uint64_t index);

#endif
