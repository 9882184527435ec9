/* apart.h: what a node asks whose book has neither keys nor files: the services of keeper and
 * signer, as between processes, with the rules that they go by there. */
#ifndef ENT_TESTS_SUPPORT_APART_H
#define ENT_TESTS_SUPPORT_APART_H

#include "node/disk_remote.h"
#include "node/keeper_files.h"
#include "node/node.h"
#include "node/signing.h"

/* One asker of the files of a home. */
struct apart_files {
    struct ent_keeper_files keeper;
    struct ent_direct direct;
    struct ent_disk_remote remote;
    unsigned denied; /* what no rule gave it */
};

/* Does not move while it is open. */
struct apart {
    struct apart_files ledger, signer;
    struct ent_signing signing;
    struct ent_signer_service service;
    struct ent_direct direct;
    struct ent_signer *remote; /* NULL: not started */
};

/* Files; *ret_home is opened over them. */
void apart_open(struct apart *a, struct ent_home **ret_home, const char *dir);
/* After the home. Nothing was asked for that is not given. */
void apart_close(struct apart *a);

/* A signer with these keys, which knows this roster and what lies in lock/. */
void apart_sign(struct apart *a, const struct ent_home *home, const struct ent_roster *roster,
                const struct ent_book_keys *keys);
void apart_unsign(struct apart *a);

#endif
