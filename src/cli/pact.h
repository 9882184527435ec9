/* pact.h: what the files behind `entente pact` share (for cli/ alone). */
#ifndef ENT_CLI_PACT_H
#define ENT_CLI_PACT_H

#include "cli/cli.h"

/* pact.c */
extern const struct option_spec cli_pact_options[];
/* Set in a draft what --name, --budget, --witnesses, --threshold, --expires, --minimum and --quorum
 * say. */
int cli_pact_rules(const struct args *a, struct ent_pact *p);
void cli_pact_print(const struct ent_pact *p, const char *self);
/* Two versions that contradict each other: both signer sets, and no choice. */
int cli_pact_split(const struct ent_chain_split *split);

/* pact_quorum.c; what prints says nothing where there is no rule, or no change. */
int cli_pact_set_quorum(const char *text, struct ent_pact *p); /* a file, or "off" */
void cli_pact_print_quorum(const struct ent_pact *p);
void cli_pact_change_quorum(const struct ent_pact *p, const struct ent_pact *now);
void cli_pact_json_quorum(struct ent_json *j, const struct ent_pact *p);

/* pact_vote.c */
/* What --rotate and --from say. */
int cli_pact_rotation(const struct command *c, const struct args *a, struct ent_rotation *ret);
int cli_pact_propose(struct session *s, const struct args *a);
int cli_pact_vote(struct session *s, const struct args *a);
int cli_pact_status(struct session *s, const struct args *a);
int cli_pact_dispute(struct session *s, const struct args *a, const char *member);
int cli_pact_withdraw(struct session *s, const struct args *a);
/* What p, which may follow now, would change. */
void cli_pact_change(const struct ent_pact *p, const struct ent_pact *now);

#endif
