/*
 * quorum_look.h: what lies in a home of quorums, for who looks and changes nothing: commands,
 * pages. No node has to run. Statements are verified again each time they are told.
 *
 *     quorum/<id>/offer, said/<64 hex>, state, progress     the ledger's (quorums.h)
 *     quorum/<id>/join, decline                             what the owner of the home wants
 *     quorum/wish/<16 hex>, <16 hex>.done                   the same, and the node's answer
 *
 * <id> is the beginning of the offer's leaf hash.
 */
#ifndef ENT_NODE_QUORUM_LOOK_H
#define ENT_NODE_QUORUM_LOOK_H

#include "match/match.h"
#include "node/desk_quorum.h"
#include "node/home.h"

#define ENT_QUORUM_ID_LEAST 4u /* and so many must be named */
#define ENT_QUORUM_TOLD     1024u

struct ent_quorum_step {
    uint64_t done, all; /* 0 of 0: not begun */
};

/* How far this member is, as its node wrote it a moment ago. */
struct ent_quorum_progress {
    struct ent_quorum_step evaluated, uploaded, computed;
    struct ent_quorum_step received[ENT_QUORUM_MEMBERS]; /* the collector: of index - 1 */
    bool took;                                           /* the answer is in the store: */
    uint64_t found, refused;
};

/* What a member said of a run in words of its own. */
struct ent_quorum_told {
    char by[ENT_NAME_MAX + 1];
    char of[ENT_NAME_MAX + 1];   /* whom it names; "": it refuses itself */
    enum ent_quorum_fault fault; /* of `of` */
    struct ent_quorum_refuse refused;
    int64_t time; /* as it claims */
};

struct ent_quorum_look {
    char id[ENT_QUORUM_ID];
    struct ent_quorum_run run;
    char author[ENT_NAME_MAX + 1]; /* of the offer */
    int64_t offered;               /* as it claims */
    enum ent_tlp mark;             /* of the offer; RED for one that cannot be verified */
    struct ent_quorum_progress progress;
    bool wants, declines; /* the owner's word, for offers that are asked about */
    /* Refusals, and who was named for what by whom, by name. */
    struct ent_quorum_told told[ENT_QUORUM_TOLD];
    size_t n;
    size_t unverified; /* of what was said, not told: signed by a key that the pact has no more */
};

/* A run by the first digits of its id. ENT_E_NOTFOUND; ENT_E_EXISTS: more than one begins so;
 * ENT_E_FORMAT: no such id can be. */
ENT_MUST_USE enum ent_err ent_quorum_look_find(const struct ent_home *h,
                                               char ret[static ENT_QUORUM_ID], const char *start);

/* All of one. ENT_E_AUTH for a file that is damaged, *d says which. */
ENT_MUST_USE enum ent_err ent_quorum_look(const struct ent_home *h, struct ent_quorum_look *ret,
                                          struct ent_diag *d, const char *id);

/* The same without what was said in it. ENT_E_NOTFOUND: a folder that is just being made. */
ENT_MUST_USE enum ent_err ent_quorum_look_brief(const struct ent_home *h,
                                                struct ent_quorum_look *ret, struct ent_diag *d,
                                                const char *id);

/* When its window began, at little cost, to put runs in order; 0 where that is not known. */
ENT_MUST_USE enum ent_err ent_quorum_look_window(const struct ent_home *h, int64_t *ret,
                                                 const char *id);

/* Each run, by its id, without what was said in it; l is NULL and d says why where one cannot be
 * read. A callback's error ends it. */
ENT_MUST_USE enum ent_err ent_quorum_look_each(const struct ent_home *h,
                                               enum ent_err (*each)(void *ctx, const char *id,
                                                                    const struct ent_quorum_look *l,
                                                                    const struct ent_diag *d),
                                               void *ctx);

/* Lines of a word and numbers; those that are not known here are skipped. */
void ent_quorum_progress_read(struct ent_quorum_progress *ret, const struct ent_quorum_offer *o,
                              struct ent_slice text);

/* Why there is nothing to say to it any more for this member; NULL where there is. */
const char *ent_quorum_look_answered(const struct ent_quorum_look *l, const char *self,
                                     int64_t now);
/* Of the owner: take part in what is offered, or not. The later word counts. */
ENT_MUST_USE enum ent_err ent_quorum_look_want(const struct ent_home *h, struct ent_diag *d,
                                               const char *id, bool join);

/*
 * A quorum that the owner wants: a node that runs takes it up, checks it, offers it to the others
 * under its own signature, and says which run that is. ret names the wish.
 */
#define ENT_QUORUM_WISH 17 /* 16 hexadecimal digits and NUL */
#define ENT_QUORUM_WHY  32 /* a word of ent_quorum_reason_word() or ent_verdict_word(), and NUL */
ENT_MUST_USE enum ent_err ent_quorum_look_wish(const struct ent_home *h, struct ent_diag *d,
                                               char ret[static ENT_QUORUM_WISH],
                                               const struct ent_quorum_offer *o);
/* What became of it; once. ENT_E_NOTFOUND: nothing yet. ENT_E_POLICY: it is refused, for ret_why.
 */
ENT_MUST_USE enum ent_err ent_quorum_look_granted(const struct ent_home *h, struct ent_diag *d,
                                                  char ret_id[static ENT_QUORUM_ID],
                                                  char ret_why[static ENT_QUORUM_WHY],
                                                  const char *wish);
/* Nobody took it up: take it back. */
void ent_quorum_look_unwish(const struct ent_home *h, const char *wish);

#endif
