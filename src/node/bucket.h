/*
 * bucket.h: how many requests somebody may make in a minute: a bucket of tokens for each key, in
 * memory of a fixed size. A full bucket is a minute's worth; it fills evenly.
 */
#ifndef ENT_NODE_BUCKET_H
#define ENT_NODE_BUCKET_H

#include "store/store.h"

/* Threads may share one. Where there are too many keys those that asked least make room, in the
 * same small part of the table; which part that is nobody outside knows. So whoever has thousands
 * of addresses gets at most what thousands of addresses get. */
struct ent_buckets;
ENT_MUST_USE enum ent_err ent_buckets_new(struct ent_buckets **ret, unsigned per_minute);
void ent_buckets_free(struct ent_buckets *b);
/* One request: 0, or the seconds until there is room for one. now_ns of a steady clock. With 0 per
 * minute there is no limit. */
unsigned ent_buckets_take(struct ent_buckets *b, const struct ent_key16 *key, uint64_t now_ns);

#endif
