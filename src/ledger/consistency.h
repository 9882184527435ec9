/*
 * consistency.h: that one tree of a log is the beginning of another, and that one the beginning of
 * a signed head's, for anybody to check offline.
 *
 *     entente/consistency@v1
 *     old <size> <base64 of the root>
 *     new <size> <base64 of the root>
 *     path <base64>                                (0 to 64 lines, from old to new)
 *     to <base64>                                  (0 to 64 lines, from new to the head)
 *     head <length>
 *     <a checkpoint with its cosignatures, a signed note>
 */
#ifndef ENT_LEDGER_CONSISTENCY_H
#define ENT_LEDGER_CONSISTENCY_H

#include "ledger/roster.h"

#define ENT_CONSISTENCY_MAX (2 * ENT_NOTE_MAX)

struct ent_consistency {
    uint64_t old_size, new_size;
    struct ent_hash32 old_root, new_root;
    struct ent_merkle_proof path, to;
    struct ent_slice head; /* points into the parsed bytes */
};

/* One form for each: encode(parse(x)) == x or ENT_E_FORMAT. */
ENT_MUST_USE enum ent_err ent_consistency_parse(struct ent_consistency *ret, struct ent_slice bytes,
                                                struct ent_diag *d);
ENT_MUST_USE enum ent_err ent_consistency_encode(struct ent_buf *b,
                                                 const struct ent_consistency *c);

/* ENT_OK: both are beginnings of the log under this head, one of the other. ENT_E_AUTH with a
 * diagnosis, else as ent_roster_check_head(). ret_cp points into c->head. */
ENT_MUST_USE enum ent_err ent_consistency_check(const struct ent_consistency *c,
                                                struct ent_standing *ret,
                                                struct ent_checkpoint *ret_cp,
                                                const struct ent_roster *roster,
                                                struct ent_diag *d);

#endif
