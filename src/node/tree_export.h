/*
 * tree_export.h: a log as the static files of C2SP's tlog-tiles, for programs that are not ours:
 *
 *     checkpoint             the newest head with its cosignatures
 *     tile/<level>/...       hashes
 *     tile/entries/...       entries
 *     policy                 whose signatures to ask for (C2SP tlog-policy)
 *     vkey                   the key of the log
 */
#ifndef ENT_NODE_TREE_EXPORT_H
#define ENT_NODE_TREE_EXPORT_H

#include "node/reading.h"

/* Make the directory dir. It appears whole or not at all. ENT_E_EXISTS when there is anything but
 * an empty directory; ENT_E_NOTFOUND when nothing was said yet; ENT_E_STATE when entries below the
 * head are not here yet. *ret_files counts what was written. */
ENT_MUST_USE enum ent_err ent_tree_export(struct ent_reading *rd, struct ent_diag *d,
                                          const char *dir, uint64_t *ret_files);

#endif
