/*
 * role.h: who somebody is to this node, and what that one may do. One table (role.c) says which
 * role an act needs and whether it goes into the audit log; ent_may() is the one function that is
 * asked. ent_users_act() (users.h) asks it and writes the log.
 */
#ifndef ENT_NODE_ROLE_H
#define ENT_NODE_ROLE_H

#include "store/store.h"

enum ent_action {
    ENT_ACT_LOGIN,    /* with a password */
    ENT_ACT_TOKEN,    /* a token was used; told once an hour */
    ENT_ACT_OWN,      /* one's own password, tokens and sessions */
    ENT_ACT_READ,     /* whatever is not marked narrower than one's clearance */
    ENT_ACT_READ_RED, /* what is marked RED, which names each reader */
    ENT_ACT_METRICS,
    ENT_ACT_IMPORT, /* also into TAXII's inbox */
    ENT_ACT_EDIT,   /* decisions, tags, own claims, guarded names, warning lists */
    ENT_ACT_MATCH,
    ENT_ACT_QUORUM,  /* offer one, take part in one or not */
    ENT_ACT_EXPORT,  /* through a door to others */
    ENT_ACT_RELEASE, /* let a held source go, or ask for that */
    ENT_ACT_CONFIRM, /* what another one asked for */
    ENT_ACT_HOLD,    /* take a release back */
    ENT_ACT_SAY,     /* statements to other members but offers of a match */
    ENT_ACT_SETTINGS,
    ENT_ACT_USERS,
    ENT_ACT_TRAIL, /* read the audit log */
    ENT_ACT_PACT,
    ENT_ACT_FIRST, /* the first operator made itself, by the link */
    ENT_ACT_BEGIN  /* a generation of the audit log */
};
#define ENT_ACTIONS 21

struct ent_action_rule {
    const char *word;
    enum ent_user_role least; /* 0: nobody's, but of the node itself */
    bool audited;             /* it stands in the audit log before it is done */
    bool red;                 /* only for those who are cleared for RED */
    const char *what;         /* for people */
};
extern const struct ent_action_rule ent_actions[ENT_ACTIONS];
ENT_MUST_USE enum ent_err ent_action_parse(enum ent_action *ret, struct ent_slice word);

/* How somebody was recognised. */
enum ent_via {
    ENT_VIA_NONE,
    ENT_VIA_PASSWORD,
    ENT_VIA_TOKEN,
    ENT_VIA_SESSION,
    ENT_VIA_LINK,
    ENT_VIA_HOME
};
#define ENT_VIAS 6
extern const char *const ent_via_words[ENT_VIAS];

/* Not the names of accounts: who has the home's files, and who was not recognised. */
#define ENT_OWNER  "@owner"
#define ENT_NOBODY "@nobody"

/* Made by ent_users_check() alone, and by ent_identity_owner(). */
struct ent_identity {
    int64_t user; /* the account's number; 0 for the owner */
    char name[ENT_USER_NAME_MAX + 1];
    enum ent_user_role role; /* of the account, or less by the token */
    enum ent_tlp clearance;
    enum ent_via via;
    char token[ENT_USER_NAME_MAX + 1]; /* its name, or "" */
    uint8_t from16[16];                /* an address; for the owner all zero */
};

/* Who runs a command with the files of the home in hand may do anything: no check here would keep
 * that one from it. */
void ent_identity_owner(struct ent_identity *ret);

/* As it crosses between processes: encode(parse(x)) == x. */
#define ENT_IDENTITY_BYTES 104u
void ent_identity_encode(uint8_t ret[static ENT_IDENTITY_BYTES], const struct ent_identity *who);
ENT_MUST_USE enum ent_err ent_identity_parse(struct ent_identity *ret, struct ent_slice bytes);

bool ent_may(const struct ent_identity *who, enum ent_action action);
/* Whether what bears this mark may be shown: RED is for ENT_ACT_READ_RED besides. */
bool ent_may_see(const struct ent_identity *who, enum ent_tlp mark);

#endif
