/* quorum.h: what the files of `entente quorum` share. */
#ifndef ENT_CLI_QUORUM_H
#define ENT_CLI_QUORUM_H

#include "cli/cli.h"

struct quorum {
    struct session s;
    const struct args *a;
    int64_t now;
    struct ent_buf line;         /* of JSON */
    struct ent_quorum_look look; /* the run that is spoken of */
};

int cli_quorum_usage(const char *problem, const char *what);
/* Read the run whose id begins so into q->look; prints what is wrong. */
int cli_quorum_find(struct quorum *q, const char *start);
/* EXIT_DONE while the home's node is at work; else says so. */
int cli_quorum_node(const struct quorum *q);

/* EXIT_DONE while there is a pact with a rule of quorums; else says what to do. */
int cli_quorum_rule(const struct quorum *q);

/* --- wording ------------------------------------------------------------------------------------
 */

#define QUORUM_WORDS 512
#define QUORUM_SHORT 12u /* digits of an id, for people */
/* "2026-11-22T09:10:00Z, in 12 minutes" */
const char *cli_quorum_when(char ret[static QUORUM_WORDS], int64_t t, int64_t now);
/* "1h", "90s" */
const char *cli_quorum_length(char ret[static QUORUM_WORDS], uint64_t seconds);
/* "2026-11-22T08:00:00Z to 2026-11-22T09:00:00Z" */
const char *cli_quorum_window(char ret[static QUORUM_WORDS], const struct ent_quorum_offer *o);
/* "ipv4, ipv6" */
const char *cli_quorum_types(char ret[static QUORUM_WORDS], uint32_t types);
/* "participant, key holder"; "-" for who has no part */
const char *cli_quorum_roles(char ret[static QUORUM_WORDS], const struct ent_quorum_offer *o,
                             const char *name);
/* "bob did not answer": why a run failed. */
const char *cli_quorum_failure(char ret[static QUORUM_WORDS], const struct ent_quorum_run *r);
/* What a run costs that every participant fills, where the collector is a machine like this. */
void cli_quorum_estimate(struct ent_quorum_estimate *ret, const struct ent_quorum_offer *o);
void cli_quorum_print_offer(const struct ent_quorum_offer *o);
void cli_quorum_print_estimate(const struct ent_quorum_offer *o);
/* Members of an object that is open. */
void cli_quorum_json_offer(struct ent_json *j, const struct ent_quorum_offer *o);
void cli_quorum_json_look(struct ent_json *j, const struct quorum *q);

/* --- verbs --------------------------------------------------------------------------------------
 */

int cli_quorum_list(struct quorum *q);
int cli_quorum_status(struct quorum *q);
int cli_quorum_result(struct quorum *q);
int cli_quorum_start(struct quorum *q);
int cli_quorum_schedule(struct quorum *q);
/* To its end, and then what it found. */
int cli_quorum_follow(struct quorum *q, const char *id);

#endif
