/*
 * reading.h: the logs that lie in a home, one's own and the mirrors of others', opened to be looked
 * at. Nothing is ever changed: what is damaged stays so and is told, where the view would throw a
 * mirror away to fetch it again. No key is needed.
 */
#ifndef ENT_NODE_READING_H
#define ENT_NODE_READING_H

#include "ledger/ledger.h"
#include "node/home.h"

/* Where something is wrong. */
struct ent_flaw {
    char file[ENT_DISK_NAME_MAX]; /* below the home; "" when it is about no file */
    bool has_index;
    uint64_t index; /* of the entry, or of the hash in a file of hashes */
};

/* Which file of a log it is about that opening it failed; ret may be NULL. dir and lock as in
 * struct ent_log_opts. */
void ent_flaw_of_log(struct ent_flaw *ret, const char *dir, const char *lock,
                     const struct ent_diag *d);

struct ent_reading {
    const struct ent_home *home; /* outlives it */
    const struct ent_roster_member *member;
    const struct ent_log_key *key;
    bool own;
    char origin[ENT_LOG_ORIGIN], dir[ENT_DISK_NAME_MAX];
    char head_dir[ENT_DISK_NAME_MAX],
        head_file[16];     /* where the newest head with others' lines is */
    struct ent_log *log;   /* of an own one, else NULL */
    struct ent_tree *tree; /* NULL while there are no entries */
    uint64_t size;         /* entries that are here */
    struct ent_buf head;   /* the newest head with its cosignatures; empty when there is none */
    uint64_t head_size;
    struct ent_hash32 head_root;
    struct ent_standing standing; /* of that head */
};

/*
 * member NULL: one's own; generation 0: the newest log of the member. ENT_E_NOTFOUND: no such
 * member, or none of its logs is here; ENT_E_AUTH: damaged, and flaw (or NULL) says where.
 */
ENT_MUST_USE enum ent_err ent_reading_open(struct ent_reading **ret, struct ent_flaw *flaw,
                                           struct ent_diag *d, const struct ent_home *h,
                                           const char *member, unsigned generation);
void ent_reading_close(struct ent_reading *rd);

/* The statement at this index: signed by the author key that is valid there, with the number that
 * belongs there. Its bytes are appended to entry. */
ENT_MUST_USE enum ent_err ent_reading_entry(struct ent_reading *rd, struct ent_buf *entry,
                                            struct ent_statement *ret, struct ent_hash32 *ret_leaf,
                                            struct ent_flaw *flaw, struct ent_diag *d,
                                            uint64_t index);
/* The same for bytes that were read before; from any thread. */
ENT_MUST_USE enum ent_err ent_reading_check(const struct ent_reading *rd, struct ent_statement *ret,
                                            struct ent_hash32 *ret_leaf, struct ent_slice entry,
                                            struct ent_diag *d, uint64_t index);

/* What an entry is worth: that of the newest head, if it covers the entry, else no cosignature. */
void ent_reading_worth(const struct ent_reading *rd, struct ent_standing *ret, uint64_t index);

#endif
