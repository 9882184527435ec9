/*
 * feed.h: the directory of a MISP feed that this member publishes.
 *
 * Promises: as long as ent_feed_dir_finish() was not called, all is as it was; then come the
 * events, then the manifest that names them, then what only the earlier manifest named goes. No
 * other file is touched: not in the feed of somebody else, which is refused, and nothing that is no
 * plain file.
 */
#ifndef ENT_NODE_FEED_H
#define ENT_NODE_FEED_H

#include "store/store.h"

struct ent_feed_dir;

/* Makes the directory if need be, and reads the manifest that lies there. ENT_E_EXISTS: it cannot
 * be read, or names events of somebody else; ENT_E_STATE: another export writes here. */
ENT_MUST_USE enum ent_err ent_feed_dir_open(struct ent_feed_dir **ret, struct ent_diag *d,
                                            const char *path,
                                            const char publisher[static ENT_UUID_TEXT]);

/* To write to, and to compare with: fills in sink and what of opts is about an earlier export.
 * After an error of the sink ent_feed_dir_diag() tells. */
void ent_feed_dir_connect(struct ent_feed_dir *f, struct ent_out_sink *ret_sink,
                          struct ent_out_opts *ret_opts);
const struct ent_diag *ent_feed_dir_diag(const struct ent_feed_dir *f);

/* When ent_out_end() was fine. */
ENT_MUST_USE enum ent_err ent_feed_dir_finish(struct ent_feed_dir *f);

/* Events written; those of the earlier export that went; whether a hashes.csv of an earlier one is
 * still there, which nobody asked for now. */
struct ent_feed_dir_sums {
    uint64_t events, removed;
    bool old_hashes;
};
void ent_feed_dir_sums(const struct ent_feed_dir *f, struct ent_feed_dir_sums *ret);

/* Removes what was not put in place. */
void ent_feed_dir_free(struct ent_feed_dir *f);

#endif
