/* logs.h: members whose keys the test has, and logs in memory. */
#ifndef ENT_TESTS_SUPPORT_LOGS_H
#define ENT_TESTS_SUPPORT_LOGS_H

#include "ledger/ledger.h"
#include "tests/support/t.h"

#define LOGS_LEAVES 200

/* Members "m0", "m1", ...: each on the panel, with one author key and one open log. */
struct logs_pact {
    struct ent_roster roster;
    struct ent_seed32 author[ENT_ROSTER_MEMBERS], witness[ENT_ROSTER_MEMBERS];
    struct ent_seed32 log[ENT_ROSTER_MEMBERS][ENT_ROSTER_LOGS + 1]; /* by generation */
};
void logs_pact_make(struct logs_pact *p, size_t members, unsigned k);
/* The member's next generation; the newest one is closed with this head. */
void logs_next(struct logs_pact *p, size_t who, uint64_t size, const struct ent_hash32 *root);

/* The signer of a member, with its newest log; what it signed before lies there. */
struct ent_signer *logs_signer(const struct logs_pact *p, size_t who, struct ent_signer_lock *lock,
                               const struct ent_disk *disk);

struct logs_log {
    struct ent_hash32 leaf[LOGS_LEAVES];
    size_t n;
};
void logs_add(struct logs_log *log, struct ent_slice entry);
struct ent_hash32 logs_root(struct logs_log *log, uint64_t size);
struct ent_merkle_source logs_source(struct logs_log *log);

/* A signed statement with this number, replacing what b holds; `what` makes texts differ. */
void logs_statement(struct ent_buf *b, const struct logs_pact *p, size_t who, uint64_t sequence,
                    const char *what);
/* A signed head, replacing what b holds. */
void logs_head(struct ent_buf *b, const struct logs_pact *p, size_t who, unsigned generation,
               uint64_t size, const struct ent_hash32 *root);
void logs_cosign(struct ent_buf *b, const struct logs_pact *p, size_t who, int64_t time);
/* The same by any key and name. */
void logs_cosign_as(struct ent_buf *b, const char *name, const struct ent_seed32 *seed,
                    int64_t time);

/* The last signature of a note does not hold any more. */
void logs_spoil(struct ent_buf *b);

/* The call fails so, and says so. */
#define assert_says(call, err, says)                                                               \
    do {                                                                                           \
        struct ent_diag diag_ = {0}, *d = &diag_;                                                  \
        assert_err((call), (err));                                                                 \
        assert_non_null(diag_.text);                                                               \
        assert_string_equal(diag_.text, (says));                                                   \
    } while (0)

#endif
