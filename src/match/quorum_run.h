/*
 * quorum_run.h: one run of quorum as one member sees it: who has said what, in which phase it is,
 * what may come now, who is to be named for what. The same for all roles; node/ brings statements
 * that it has verified, by their authors' names, and the time.
 *
 *     offered -> keys -> upload -> reconstruct -> done, and from each but the last -> failed
 *
 * Clocks and connections differ. So what decides for all is said by one, the collector: which
 * acceptances count and that the run begins, who is left out, what came of it. It cannot forge
 * (statements are signed) nor hide (they are in their authors' logs); it can stop the run, and is
 * named then. Deadlines are each member's own measure for silence.
 *
 * A liar says different things to different members. So the second acceptance, or key, of one
 * author is kept beside the first, whoever heard which: `begin` says which of them counts, and
 * everybody computes with that. Two different `begin` end the run: nobody can say which of them
 * counts.
 */
#ifndef ENT_MATCH_QUORUM_RUN_H
#define ENT_MATCH_QUORUM_RUN_H

#include "match/quorum_terms.h"

enum ent_quorum_phase {
    ENT_QUORUM_OFFERED,     /* acceptances and refusals come */
    ENT_QUORUM_KEYS,        /* key holders show their keys, the collector begins */
    ENT_QUORUM_UPLOAD,      /* participants have evaluated, and send their shares */
    ENT_QUORUM_RECONSTRUCT, /* the collector computes */
    ENT_QUORUM_DONE,        /* it has said what it answers; participants fetch it and say so */
    ENT_QUORUM_FAILED
};
#define ENT_QUORUM_PHASES 6
const char *ent_quorum_phase_word(enum ent_quorum_phase p);

enum ent_quorum_message {
    ENT_QUORUM_MSG_ACCEPT,
    ENT_QUORUM_MSG_REFUSE,
    ENT_QUORUM_MSG_KEY,
    ENT_QUORUM_MSG_BEGIN,
    ENT_QUORUM_MSG_ASK,
    ENT_QUORUM_MSG_BLOCK, /* and the question for progress */
    ENT_QUORUM_MSG_RESULT,
    ENT_QUORUM_MSG_PIECE,
    ENT_QUORUM_MSG_TAKEN,
    ENT_QUORUM_MSG_LEFT_OUT
};
#define ENT_QUORUM_MESSAGES 10

/* Of a participant, with its acceptance. */
struct ent_quorum_seat {
    struct ent_quorum_accept accept, other; /* other: said too, until `begin` makes it the first */
    struct ent_hash32 leaf, other_leaf;     /* zeros: none */
    bool accepted, late, refused;
    struct ent_hash32 answer; /* commitment, once done */
    bool taken;
};

struct ent_quorum_run {
    struct ent_quorum_offer offer;
    struct ent_hash32 leaf; /* the offer's */
    bool collects;          /* this member is the collector */
    enum ent_quorum_phase phase;
    struct ent_quorum_seat seat[ENT_QUORUM_MEMBERS];
    uint32_t keys; /* bit j-1: key holder j has shown its key */
    struct ent_quorum_key key[ENT_QUORUM_HOLDERS], other_key[ENT_QUORUM_HOLDERS];
    struct ent_hash32 key_leaf[ENT_QUORUM_HOLDERS], other_key_leaf[ENT_QUORUM_HOLDERS];
    struct ent_quorum_begin awaits; /* names what is not here; present is 0: there is none */
    struct ent_hash32 sid;          /* from the begin on */
    uint64_t present;               /* who takes part, as the collector said */
    uint64_t disputed; /* who accepted in time as this member saw it, and was left out */
    uint64_t counted;  /* whose shares are in the result */
    uint64_t positions;
    /* What this member has to name others for, each by its name's place: participants, key holders,
     * the collector. The first fault of each stays; silence and delay give way to a lie. */
    enum ent_quorum_fault member[ENT_QUORUM_MEMBERS], holder[ENT_QUORUM_HOLDERS], collector;
    /* Why it failed: "" and NO_FAULT when fewer than t take part. */
    char failed_by[ENT_NAME_MAX + 1];
    enum ent_quorum_fault failed_for;
};

/* The offer was checked and verified. self: the own name. */
void ent_quorum_run_init(struct ent_quorum_run *r, const struct ent_quorum_offer *o,
                         const struct ent_hash32 *leaf, const char *self);

/* Whether a message of this kind may come or go now. */
bool ent_quorum_run_allows(const struct ent_quorum_run *r, enum ent_quorum_message m);

/*
 * What was said. Each returns:
 *   ENT_E_STATE   not in this phase
 *   ENT_E_POLICY  the author has not this part
 *   ENT_E_FORMAT  about another offer or run, or not fitting the offer
 *   ENT_E_EXISTS  the author has said two such things before, and this is not what `begin` names
 * ENT_OK too for the same again, and for what contradicts the author's words of before: it is named
 * `contrary`, in whatever phase.
 */
/* Later than the deadline it is kept and marked: the collector may have seen it in time. */
ENT_MUST_USE enum ent_err ent_quorum_run_accept(struct ent_quorum_run *r, const char *author,
                                                const struct ent_quorum_accept *a,
                                                const struct ent_hash32 *leaf, int64_t now);
/* Of a key holder or the collector it ends the run; a key holder's until the collector begins with
 * its key all the same, which it then has shown to others. The collector's `too-few` may also come
 * later, and is nobody's fault, unless enough have accepted in time as this member saw it:
 * ENT_E_POLICY for that word of anybody else. */
ENT_MUST_USE enum ent_err ent_quorum_run_refuse(struct ent_quorum_run *r, const char *author,
                                                const struct ent_quorum_refuse *f);
ENT_MUST_USE enum ent_err ent_quorum_run_key(struct ent_quorum_run *r, const char *author,
                                             const struct ent_quorum_key *k,
                                             const struct ent_hash32 *leaf);
/* ENT_E_NOTFOUND: it names what has not come here. It counts as soon as that has; what is awaited
 * is not among the kept lines, so after a restart it is to be said again. Another one is the end.
 */
ENT_MUST_USE enum ent_err ent_quorum_run_begin(struct ent_quorum_run *r, const char *author,
                                               const struct ent_quorum_begin *g);
/* Whether this is what `begin` names and waits for. */
bool ent_quorum_run_awaits(const struct ent_quorum_run *r, const struct ent_hash32 *leaf);
/* What the collector says of a key holder before `begin` ends the run. Anything else is only for
 * the record: who accuses may lie. */
ENT_MUST_USE enum ent_err ent_quorum_run_left_out(struct ent_quorum_run *r, const char *author,
                                                  const struct ent_quorum_left_out *l);
ENT_MUST_USE enum ent_err ent_quorum_run_result(struct ent_quorum_run *r, const char *author,
                                                const struct ent_quorum_result *res);
ENT_MUST_USE enum ent_err ent_quorum_run_taken(struct ent_quorum_run *r, const char *author,
                                               const struct ent_quorum_taken *t);

/* This member saw a lie, of somebody in one of its parts (a key holder may also take part).
 * ENT_E_POLICY for who has no such part. It ends nothing: who goes on without whom is said above.
 */
enum ent_quorum_role { ENT_QUORUM_PARTICIPANT, ENT_QUORUM_HOLDER, ENT_QUORUM_COLLECTOR };
ENT_MUST_USE enum ent_err ent_quorum_run_fault(struct ent_quorum_run *r, enum ent_quorum_role role,
                                               const char *name, enum ent_quorum_fault f);

/* Deadlines: goes on to the next phase, notes who was silent, or fails. For the collector,
 * complete says whose shares are all there; others give 0. */
void ent_quorum_run_tick(struct ent_quorum_run *r, int64_t now, uint64_t complete);

/* The collector has too few to go on with: nothing more happens until it has said so, in a refusal
 * `too-few`, by which everybody knows. */
bool ent_quorum_run_has_too_few(const struct ent_quorum_run *r);

/* The collector's word, as soon as everybody who accepted and every key is there and the deadline
 * for acceptances is over or all have answered; else ENT_E_STATE. */
ENT_MUST_USE enum ent_err ent_quorum_run_make_begin(const struct ent_quorum_run *r,
                                                    struct ent_quorum_begin *ret);

/*
 * All of it as lines, for the own disk: a node that was restarted goes on from there. Not signed,
 * and not for others; the parser is as strict as any.
 */
#define ENT_QUORUM_RUN_MAX 32768u
ENT_MUST_USE enum ent_err ent_quorum_run_encode(struct ent_buf *b, const struct ent_quorum_run *r);
ENT_MUST_USE enum ent_err ent_quorum_run_parse(struct ent_quorum_run *ret, struct ent_slice s);

#endif
