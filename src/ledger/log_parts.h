/* log_parts.h: what the files of a log share. */
#ifndef ENT_LEDGER_LOG_PARTS_H
#define ENT_LEDGER_LOG_PARTS_H

#include "ledger/bodies.h"
#include "ledger/log.h"

struct head {
    uint64_t size;
    struct ent_hash32 root;
};

struct ent_log {
    const struct ent_disk *disk;
    char origin[ENT_ORIGIN_MAX + 1];
    char dir[ENT_DISK_NAME_MAX], head_name[ENT_DISK_NAME_MAX], lock_name[ENT_DISK_NAME_MAX];
    const struct ent_signer *signer; /* NULL: only reads */
    struct ent_pubkey pk;
    bool has_pk, alone;
    enum ent_log_state state;
    struct ent_tree *tree;
    struct bodies bodies;
    uint64_t size; /* of the tree, as signed for; the tree is larger after a failed commit */
    uint64_t waiting;
    struct head signed_for;   /* the newest head that is known, also where there is less data */
    struct ent_buf head;      /* that of the tree */
    struct ent_buf lock_note; /* what is in <lock>, as far as we know */
};

/* A head of this log, signed by it (where its key is known). ENT_E_AUTH, or the parsers' errors. */
ENT_MUST_USE enum ent_err log_parse_head(const struct ent_log *log, struct ent_checkpoint *ret,
                                         struct ent_slice bytes, struct ent_diag *d);
/* The one in a file; ENT_E_NOTFOUND without a diagnosis when there is none. */
ENT_MUST_USE enum ent_err log_load_head(const struct ent_log *log, struct ent_buf *b,
                                        struct head *ret, const char *name, struct ent_diag *d);
/* Make it that of the tree. */
ENT_MUST_USE enum ent_err log_set_head(struct ent_log *log, struct ent_slice note);
/* ENT_E_STATE: it is not larger than the tree, and of another history. */
ENT_MUST_USE enum ent_err log_is_ours(struct ent_log *log, const struct head *h);
/* Another tree, with its bodies; after an error the log has the one it had. */
ENT_MUST_USE enum ent_err log_open_tree(struct ent_log *log, const struct head *h,
                                        struct ent_diag *d);

/* Have a head signed, that the tree leads to, and put it in <lock>: from then on it is told. */
ENT_MUST_USE enum ent_err log_put_head(struct ent_log *log, const struct head *h,
                                       struct ent_diag *d);

static inline bool log_same(const struct ent_hash32 *a, const struct ent_hash32 *b)
{
    return memcmp(a->b, b->b, sizeof(a->b)) == 0;
}

#endif
