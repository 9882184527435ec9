/*
 * keeper_files.h: the files of a home for a process that may open none: the one which parses what
 * partners send. It asks for names; what it may have is a table.
 *
 * What a client that is wholly in somebody else's hands can do: read and write the files of the
 * ledger, which are its own work, and lock its lock for as long as it lives. What it cannot: reach
 * a name that is in no rule (keys/, config, store.db, image/ are in none), another one by `..`, by
 * a link or by a NUL; write the card; change a version of the pact that is there; have a folder
 * that counts as synced and is not; keep a descriptor or a thread of this process busy. A lock
 * belongs to the descriptor that the client has, and goes with it, however it ends; so does nothing
 * else, for this side keeps no state.
 */
#ifndef ENT_NODE_KEEPER_FILES_H
#define ENT_NODE_KEEPER_FILES_H

#include "node/files.h"
#include "node/service.h"

enum ent_files_may {
    ENT_MAY_SEE = 1,     /* read */
    ENT_MAY_CHANGE = 2,  /* write in place; be made */
    ENT_MAY_REPLACE = 4, /* as a whole */
    ENT_MAY_CREATE = 8,  /* as a whole, where there is none */
    ENT_MAY_DROP = 16,   /* remove */
    ENT_MAY_NAMES = 32,  /* a folder: list */
    ENT_MAY_LOCK = 64
};

/* In a pattern '*' is one or more characters of one part of the name, '#' one or more digits; the
 * first rule that fits a name counts. */
struct ent_files_rule {
    const char *pattern; /* NULL ends the table */
    unsigned may;        /* enum ent_files_may */
};

/* What the ledger's worker may, and what the signer: to see what was signed before, as the ledger
 * wrote it. */
extern const struct ent_files_rule ent_files_of_ledger[], ent_files_of_signer[];

/* 0 for a name that fits none. */
unsigned ent_files_may(const struct ent_files_rule *rules, const char *name);

struct ent_keeper_files {
    struct ent_files files;
    const struct ent_files_rule *rules;
};

/* k must not move until it is closed. Symbolic links are followed nowhere below dir, by openat2(2):
 * ENT_E_UNSUPPORTED on a kernel without that, and nothing weaker takes its place. */
ENT_MUST_USE enum ent_err ent_keeper_files_open(struct ent_keeper_files *k, struct ent_diag *d,
                                                const char *dir,
                                                const struct ent_files_rule *rules);
void ent_keeper_files_close(struct ent_keeper_files *k);

/* An ent_service of these, with the rows in files_msg.h. What is refused or fails is an answer,
 * too; an error is the asker's fault (ENT_E_FORMAT) or lack of memory here. */
ENT_MUST_USE enum ent_err ent_keeper_files_serve(void *keeper_files, struct ent_msg *ret,
                                                 struct ent_msg *call);

#endif
