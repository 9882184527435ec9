/*
 * guard.h: what is told of lookalikes, for `entente guard check` and whoever else sees names pass.
 */
#ifndef ENT_CLI_GUARD_H
#define ENT_CLI_GUARD_H

#include "cli/cli.h"
#include "watch/watch.h"

struct guard_out {
    struct ent_guard *guard;
    bool json, colour;
    unsigned min_score;
    const char *path; /* of the log at hand */
    uint64_t names, findings;
    struct ent_buf line;
    uint64_t *told; /* hashes of names that were told, so that each is told once */
    size_t count, mask;
    uint8_t key[16];
};

/* Load the protected names of the session's store. Prints and returns the exit code when it
 * cannot. */
int guard_out_open(struct guard_out *ret, struct session *s, const struct args *a);
void guard_out_close(struct guard_out *out);

/* For struct ent_scan_events: names that look like protected ones are told, the first time they
 * come. ctx: struct guard_out */
ENT_MUST_USE enum ent_err guard_out_seen(void *ctx, const struct ent_observable *o);

#endif
