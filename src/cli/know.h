/* know.h: what the commands that look at the store share: show, find, list, stats, tag, expire,
 * revoke, edit, lint. */
#ifndef ENT_CLI_KNOW_H
#define ENT_CLI_KNOW_H

#include "cli/cli.h"

/* The observable that text is, or a usage error that was printed. */
bool know_parse(struct ent_observable *ret, int *ret_exit, const struct command *c,
                const char *text);

/* "198[.]51[.]100[.]3" */
const char *know_defang(char ret[static ENT_OBS_DEFANGED_MAX], const struct ent_observable *o);

/* "valid", "expired", ... */
const char *know_state(enum ent_claim_state state);

/* What is left of its confidence (ent_decay()): since it began to be valid, or where its author did
 * not say when, since its source last said so. -1 where there is none. */
int know_score(const struct ent_config *config, const struct ent_claim *c, int64_t now);

/* "85", "85 (43)" where 43 are left, or "-". */
const char *know_scored(char ret[static ENT_NUM_TEXT], const struct ent_config *config,
                        const struct ent_claim *c, int64_t now);

/* The members of a claim, into an object that is open; without the observable. */
void know_claim_json(struct ent_json *j, const struct ent_config *config, const struct ent_claim *c,
                     int64_t now);

/* What kept objects say of the one with this id: a line each, or JSON objects into an array that is
 * open. */
ENT_MUST_USE enum ent_err know_pointing(struct ent_store *s, struct ent_json *j,
                                        struct ent_slice id);
/* "apt28, c2", or nothing; cut where it is too long. */
const char *know_labels(char ret[static ENT_SHOW_MAX], struct ent_slice labels);
/* An array "labels", unless there are none. */
void know_labels_json(struct ent_json *j, struct ent_slice labels);

/* "85", or "-" where the source did not say. */
const char *know_confidence(char ret[static ENT_NUM_TEXT], int confidence);

#endif
