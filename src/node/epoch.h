/*
 * epoch.h: a number that goes up whenever an account, a password or a token has changed, in a page
 * that processes on one home share. Whoever remembers who somebody is remembers with which number,
 * and asks again when it is another one. It is raised behind the change and before whoever made the
 * change is told that it is made: so what was taken back is refused from then on, by whichever
 * process, also when it was a command that took it back.
 *
 * The number says nothing but that something changed. Whoever is given the page can read it and
 * nothing else.
 */
#ifndef ENT_NODE_EPOCH_H
#define ENT_NODE_EPOCH_H

#include "base/base.h"

#define ENT_EPOCH_FILE "accounts.epoch" /* in a home */

struct ent_epoch;

/* That of the home with this file, which is made where there is none. */
ENT_MUST_USE enum ent_err ent_epoch_open(struct ent_epoch **ret, struct ent_diag *d,
                                         const char *path);
/* A descriptor of it for another process, which can only read it. Caller's to close. */
ENT_MUST_USE enum ent_err ent_epoch_share(const struct ent_epoch *e, int *ret_fd);
/* That of such a descriptor, which stays the caller's. ENT_E_FORMAT: it is none. */
ENT_MUST_USE enum ent_err ent_epoch_see(struct ent_epoch **ret, int fd);
void ent_epoch_close(struct ent_epoch *e);

uint64_t ent_epoch_now(const struct ent_epoch *e);
/* Only of one that was opened. */
void ent_epoch_raise(struct ent_epoch *e);

#endif
