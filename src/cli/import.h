/* import.h: what the files of `entente import` share: one source on its way into the store. */
#ifndef ENT_CLI_IMPORT_H
#define ENT_CLI_IMPORT_H

#include "cli/cli.h"

/* Of a collection of a TAXII server. */
struct taxii_run {
    uint64_t pages;
    bool resumed, whole; /* began in the middle; came to the end */
    const char *after;   /* from when on the next import asks; "" for all */
};

/* What came of it; of a file that is refused, nothing. */
struct counts {
    uint64_t taken[ENT_OBS_TYPES], fresh, claims, same, withdrawn;
    uint64_t unmarked; /* narrower than GREEN: not compared with partners */
    uint64_t objects[ENT_OBJECT_FOREIGN + 1], disputed;
};

/* One file, or the files of a feed, on the way in. */
struct importing {
    struct ent_store *store;
    struct ent_lint *lint;
    const struct args *a;
    struct ent_slice source;
    const char *path; /* of the file that is being read */
    bool feed, fresh; /* fresh: its source says something for the first time */
    int64_t now;
    struct ent_input *in;
    const uint64_t *fetched; /* bytes of all pages of a collection, for which in is NULL */
    const struct taxii_run *pages;
    struct ent_progress progress;
    struct counts n;
    uint64_t skipped, events, refused; /* events of a feed that were read, or not */
    struct ent_buf feed_events;        /* of a feed: what its manifest says of each */
    struct ent_buf skips;              /* JSON array items */
    struct ent_json skips_json;
};

/* One transaction: what in says is there whole, together with what `before_commit` (or NULL) adds,
 * or nothing of it. */
ENT_MUST_USE enum ent_err cli_import_whole(struct importing *im, struct ent_reader in,
                                           const struct ent_import_opts *opts,
                                           enum ent_err (*before_commit)(void *ctx), void *ctx,
                                           enum ent_format *ret_format, struct ent_diag *d);
ENT_MUST_USE enum ent_err cli_import_report(struct importing *im, enum ent_format format);

/* --- TAXII (taxii.c) ---------------------------------------------------------------------------
 */

/* The servers of a command line, each with its process, which see neither home nor store: open
 * before these are. */
struct taxii;
bool cli_is_taxii(const char *arg);
/* *ret is NULL where no argument is a URL. Prints what is wrong. */
int cli_taxii_open(struct taxii **ret, const struct args *a, int argc, char **argv);
void cli_taxii_close(struct taxii *x);
/* Take what is new in the collection that is the next URL, or list what there is. */
int cli_taxii_import(struct taxii *x, struct importing *im, const struct ent_import_opts *opts);

#endif
