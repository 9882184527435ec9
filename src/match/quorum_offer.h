/*
 * quorum_offer.h: the offer of a quorum: what all sides agree on before the first acceptance, who
 * plays which role, what it will cost, and whether a node should take part.
 *
 * Participants stand in the order of their names and are numbered from 1 in it: nobody chooses its
 * index, and one set of members has one text. A collector is no key holder, because with all keys
 * of its side it could test guesses against shares; and no participant, because whoever knows an
 * item's value and sees all shares sees everybody who has that item, also where fewer than t do.
 */
#ifndef ENT_MATCH_QUORUM_OFFER_H
#define ENT_MATCH_QUORUM_OFFER_H

#include "match/quorum_shape.h"
#include "match/terms.h"

#define ENT_MEDIA_QUORUM_OFFER "text/entente-quorum-offer"

#define ENT_QUORUM_WINDOW    2678400u /* seconds of a window at most: 31 days */
#define ENT_QUORUM_OFFER_MAX 8192u    /* bytes of the body */
#define ENT_QUORUM_SKEW      300u     /* seconds that clocks of members may differ */
#define ENT_QUORUM_HEADER    40u      /* bytes before each message of a run: quorum_wire.h */

struct ent_quorum_offer {
    int64_t window; /* observables seen from here on */
    uint32_t seconds;
    uint32_t types; /* ENT_OBS_BIT()s */
    struct ent_quorum_shape shape;
    enum ent_quorum_padding padding;
    char participant[ENT_QUORUM_MEMBERS][ENT_NAME_MAX + 1]; /* shape.members */
    uint32_t holders;
    char holder[ENT_QUORUM_HOLDERS][ENT_NAME_MAX + 1];
    char collector[ENT_NAME_MAX + 1];
    /* Unix seconds, ascending: until when acceptances, the holders' keys, all shares and the
     * collector's answers count. */
    int64_t accept_by, keys_by, upload_by, result_by;
    struct ent_nonce32 nonce;
};

/* Why an offer is not made or not taken. The words of ENT_QUORUM_PACT are those of ent_verdict. */
enum ent_quorum_reason {
    ENT_QUORUM_FINE = 0,
    ENT_QUORUM_TYPES,
    ENT_QUORUM_WINDOWS,
    ENT_QUORUM_DEADLINES,
    ENT_QUORUM_SHAPE,
    ENT_QUORUM_NAMES,
    ENT_QUORUM_FEW_HOLDERS,
    ENT_QUORUM_MANY_HOLDERS,
    ENT_QUORUM_COLLECTOR_HOLDS,
    ENT_QUORUM_COLLECTOR_IN,
    ENT_QUORUM_NOT_NAMED,
    ENT_QUORUM_STRANGERS,
    ENT_QUORUM_PAST,
    ENT_QUORUM_SIZE,
    ENT_QUORUM_LONG,
    ENT_QUORUM_NO_SET,
    ENT_QUORUM_DECLINED,
    ENT_QUORUM_TOO_FEW, /* the collector's word: it has not enough to go on with */
    ENT_QUORUM_PACT
};
#define ENT_QUORUM_REASONS 19

/* A word for statements ("too-long") and a sentence for people. */
const char *ent_quorum_reason_word(enum ent_quorum_reason why);
const char *ent_quorum_reason_text(enum ent_quorum_reason why);

/* Whether the offer makes sense by itself, whoever reads it. What the parser takes is FINE. For
 * ENT_QUORUM_SHAPE, d says which number. */
enum ent_quorum_reason ent_quorum_offer_check(const struct ent_quorum_offer *o, struct ent_diag *d);

ENT_MUST_USE enum ent_err ent_quorum_offer_encode(struct ent_buf *b,
                                                  const struct ent_quorum_offer *o);
ENT_MUST_USE enum ent_err ent_quorum_offer_parse(struct ent_quorum_offer *ret, struct ent_slice s);

/* The index of a participant, the number of a key holder, each from 1; 0 for who is none. */
uint32_t ent_quorum_index(const struct ent_quorum_offer *o, const char *name);
uint32_t ent_quorum_holder_number(const struct ent_quorum_offer *o, const char *name);

/* How many items a participant announces that has n: at least 1. n is at most shape.items. */
uint32_t ent_quorum_padded(const struct ent_quorum_offer *o, uint32_t n);

/* What a run costs when every participant announces M. */
struct ent_quorum_estimate {
    struct ent_quorum_cost cost;
    uint64_t evaluations;     /* bytes there and back between one participant and all key holders */
    uint64_t holder_products; /* multiplications in the group by each key holder */
    uint64_t collector;       /* bytes of shares that reach the collector */
    double seconds;           /* of the collector with all its cores */
};
void ent_quorum_estimate(struct ent_quorum_estimate *ret, const struct ent_quorum_offer *o,
                         struct ent_quorum_rate rate, unsigned cores);

struct ent_quorum_wish {
    const char *self;
    enum ent_verdict standing;   /* ent_pact_decide_quorum() */
    uint32_t most;               /* items of one member, as the configuration allows */
    struct ent_quorum_rate rate; /* of the collector, as far as is known */
    unsigned cores;
    int64_t now;
};
/* What stands behind ENT_QUORUM_PACT: the standing, or ENT_DENIED_RULE where the offer is not
 * within the pact's rule: exactly its key holders, collector, tables and padding, a whole window of
 * its length, its deadlines from the end of that window or from a later moment that is not ahead,
 * at least its threshold, at most its items, no other types. */
enum ent_verdict ent_quorum_verdict(const struct ent_pact *p, const struct ent_quorum_offer *o,
                                    const struct ent_quorum_wish *w);

/* p may be NULL: no pact was founded yet. Also for the own offer, before it is signed. */
enum ent_quorum_reason ent_quorum_decide(const struct ent_pact *p, const struct ent_quorum_offer *o,
                                         const struct ent_quorum_wish *w);

/*
 * What the pact's rule offers for the window that begins then: its least threshold, its most items,
 * everybody but the collector. Deadlines count from the window's end, or from `from` where that is
 * later. The caller may then ask for less, and adds the nonce. ENT_E_NOTFOUND: there is no rule.
 * ENT_E_LIMIT: no window begins then.
 */
ENT_MUST_USE enum ent_err ent_quorum_offer_of_rule(struct ent_quorum_offer *ret,
                                                   const struct ent_pact *p, int64_t window,
                                                   int64_t from);
/* Without this one, if it is a participant. */
void ent_quorum_offer_leave_out(struct ent_quorum_offer *o, const char *participant);

/* Whether self is to offer a window by itself now, and which: it is the collector, the pact says
 * so, the window has ended and settled, and there is still time to accept. What it has offered
 * before it knows itself. */
bool ent_quorum_offer_due(int64_t *ret_window, const struct ent_pact *p, const char *self,
                          int64_t now);

#endif
