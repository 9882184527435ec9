/* decide.h: what the pact allows, each refusal with a word of its own. */
#ifndef ENT_PACT_DECIDE_H
#define ENT_PACT_DECIDE_H

#include "pact/version.h"

enum ent_verdict {
    ENT_ALLOWED = 0,
    ENT_DENIED_STRANGER,  /* not a member */
    ENT_DENIED_SELF,      /* a member does not match with itself */
    ENT_DENIED_EMPTY,     /* nothing is asked */
    ENT_DENIED_SIZE,      /* more than one run may ask */
    ENT_DENIED_BUDGET,    /* more than is left of the period's budget */
    ENT_DENIED_BUSY,      /* too many runs at once */
    ENT_DENIED_STALE,     /* an offer that was made before */
    ENT_DENIED_WITHDRAWN, /* it said itself that it leaves */
    ENT_DENIED_EXPOSED,   /* there is a proof of misbehaviour */
    ENT_DENIED_DISPUTED,  /* what it says now is in dispute */
    ENT_DENIED_EXPIRED,   /* the pact allows nothing new any more */
    ENT_DENIED_NO_PACT,   /* there is none, or not with this member */
    ENT_DENIED_NO_RULE,   /* of quorums: the pact has none */
    ENT_DENIED_RULE,      /* a quorum that is not as the rule has it */
    ENT_DENIED_ROLE       /* a key holder or the collector cannot be trusted with it any more */
};
#define ENT_VERDICTS 16

/* A word for statements ("budget") and a sentence for people. */
const char *ent_verdict_word(enum ent_verdict v);
const char *ent_verdict_text(enum ent_verdict v);
ENT_MUST_USE enum ent_err ent_verdict_parse(enum ent_verdict *ret, struct ent_slice word);

struct ent_match_wish {
    const char *self;        /* who is asked */
    const char *partner;     /* who asks */
    uint64_t items;          /* how many */
    uint64_t most;           /* the largest run the configuration allows */
    uint64_t spent;          /* what the partner has used of this period */
    int64_t now;             /* the median of cosignature times where there is one */
    bool exposed, withdrawn; /* what is known of the partner */
};

/* p may be NULL: no pact was founded yet. */
enum ent_verdict ent_pact_decide_match(const struct ent_pact *p, const struct ent_match_wish *w);

struct ent_quorum_ask {
    const char *self;   /* who is asked, and whether its own offer would do */
    const char *author; /* who offers, may be self */
    int64_t now;        /* the median of cosignature times where there is one */
    bool again;         /* the same of that window was compared before, or is being compared */
    /* What is known of a member. */
    void (*known)(void *ctx, const char *member, bool *ret_exposed, bool *ret_withdrawn);
    void *ctx;
};

/*
 * Whether there may be a quorum at all by this author's offer, whatever it offers (which is for
 * ent_quorum_verdict() of match/). Key holders and the collector of the rule must all be in good
 * standing: a run with one of them missing fails, and one who broke the pact is trusted with
 * nothing. The way out is another rule.
 */
enum ent_verdict ent_pact_decide_quorum(const struct ent_pact *p, const struct ent_quorum_ask *a);

/* Whether everything the member says in its newest log is in dispute from some entry on. */
bool ent_pact_is_disputed(const struct ent_pact *p, const char *member);

/* The number of the period in which a moment lies. */
uint64_t ent_budget_period(const struct ent_budget *b, int64_t now);

#endif
