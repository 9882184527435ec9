/*
 * quorum_rule.h: what a pact says about quorums (match/quorum_offer.h): who holds the keys, who
 * collects, and within which bounds anybody may offer one. A part of the rules that may be missing:
 * then there are no quorums. In a version, and in a file for `entente pact propose --quorum`:
 *
 *     quorum run <hand|each>
 *     quorum window <seconds>
 *     quorum types ipv4,ipv6,...
 *     quorum threshold <least t>
 *     quorum items <most M> <none|double|full>
 *     quorum tables <20|24>
 *     quorum holder <member>                       (2 to 8, ascending)
 *     quorum collector <member>
 *     quorum deadlines <accept> <keys> <upload> <result>
 *
 * Roles stand in the pact and not in an offer, because who offers would choose friends: with all
 * keys in friendly hands nobody's observables are hidden.
 */
#ifndef ENT_PACT_QUORUM_RULE_H
#define ENT_PACT_QUORUM_RULE_H

#include "intel/intel.h"
#include "ledger/ledger.h"

#define ENT_QUORUM_HOLDERS_LEAST 2u
#define ENT_QUORUM_HOLDERS       8u
#define ENT_QUORUM_THRESHOLD     8u /* at most */
#define ENT_QUORUM_ITEMS         (1u << 20)
#define ENT_QUORUM_TABLES        20u
#define ENT_QUORUM_TABLES_SURE   24u
#define ENT_QUORUM_RULE_MAX      2048u /* bytes */
/* Seconds. Windows of a rule are as long as a node can keep them; acceptances come after the last
 * items of a window did. */
#define ENT_QUORUM_WINDOW_LEAST 60u
#define ENT_QUORUM_WINDOW_MOST  86400u
#define ENT_QUORUM_ACCEPT_LEAST 120u
#define ENT_QUORUM_RESULT_MOST  2678400u /* 31 days */

/* How the number of a participant's items is hidden from the others. */
enum ent_quorum_padding {
    ENT_QUORUM_PAD_NONE,
    ENT_QUORUM_PAD_DOUBLE, /* to the next power of two, or to M where that is less */
    ENT_QUORUM_PAD_FULL    /* to M: everybody looks alike */
};
#define ENT_QUORUM_PADDINGS 3
const char *ent_quorum_padding_word(enum ent_quorum_padding p);
/* The next word of a line. */
void ent_quorum_padding_take(struct ent_lines *l, enum ent_quorum_padding *ret);

/* Seconds after a moment, ascending: until when acceptances, the holders' keys, all shares and the
 * collector's answers count. */
struct ent_quorum_deadlines {
    uint32_t accept, keys, upload, result;
};

struct ent_quorum_rule {
    bool each;       /* the collector offers every window by itself */
    uint32_t window; /* seconds; one begins where the time since 1970 is a multiple of it */
    uint32_t types;  /* ENT_OBS_BIT()s of what may be compared */
    uint32_t least;  /* threshold */
    uint32_t items;  /* of one member at most */
    enum ent_quorum_padding padding;
    uint32_t tables;
    uint32_t holders; /* 0: there is no rule */
    char holder[ENT_QUORUM_HOLDERS][ENT_NAME_MAX + 1];
    char collector[ENT_NAME_MAX + 1];
    struct ent_quorum_deadlines deadlines; /* after the end of the window, or after the offer where
                                              that is made later */
};

bool ent_quorum_rule_eq(const struct ent_quorum_rule *a, const struct ent_quorum_rule *b);
bool ent_quorum_rule_holds(const struct ent_quorum_rule *q, const char *member); /* a key */

/* Whether it makes sense by itself, whoever the members are: ENT_E_POLICY with the reason. */
ENT_MUST_USE enum ent_err ent_quorum_rule_check(const struct ent_quorum_rule *q,
                                                struct ent_diag *d);

ENT_MUST_USE enum ent_err ent_quorum_rule_encode(struct ent_buf *b,
                                                 const struct ent_quorum_rule *q);
/* Lines of a larger text: a failure sticks in l. They are not checked. */
void ent_quorum_rule_take(struct ent_lines *l, struct ent_quorum_rule *ret);
/* A whole file, checked. ENT_E_FORMAT with the line where it is something else. */
ENT_MUST_USE enum ent_err ent_quorum_rule_parse(struct ent_quorum_rule *ret, struct ent_diag *d,
                                                struct ent_slice text);

#endif
