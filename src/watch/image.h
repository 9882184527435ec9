/*
 * image.h: a sealed set as one file, which is mapped and used where it lies (docs/image.md).
 *
 * Authenticated as a whole under a key of the home, in one pass, when it is opened; replaced, never
 * changed. What an image holds is not trusted after that either: see set.h.
 */
#ifndef ENT_WATCH_IMAGE_H
#define ENT_WATCH_IMAGE_H

#include "intel/intel.h"

struct ent_watch;

struct ent_image_facts {
    uint64_t bytes;    /* of the file */
    int64_t built;     /* seconds since 1970 */
    uint8_t mark[16];  /* of the store that it was made from */
    uint64_t dev, ino; /* of an opened one: no other file is that while this one is mapped */
};

/* Write a set that was sealed in this process. ENT_E_STATE for any other. In: facts->built, mark */
ENT_MUST_USE enum ent_err ent_image_write(const struct ent_watch *w, struct ent_diag *d,
                                          const char *path, const struct ent_seed32 *key,
                                          const struct ent_image_facts *facts);

/*
 * Map one. Owner: the caller, who ends it with ent_watch_free().
 *   ENT_E_AUTH         damaged, not made with this key, or others than its owner may write to it
 *   ENT_E_FORMAT       not an image, or cut off
 *   ENT_E_UNSUPPORTED  of a program or a machine that does it differently: to be made again
 */
ENT_MUST_USE enum ent_err ent_image_open(struct ent_watch **ret, struct ent_diag *d,
                                         const char *path, const struct ent_seed32 *key);

/* All but the authentication. file is aligned to 64 bytes and outlives the set. */
ENT_MUST_USE enum ent_err ent_image_parse(struct ent_watch **ret, struct ent_diag *d,
                                          struct ent_slice file);

/* What an opened one says of itself; NULL for a set that lies in no file. */
const struct ent_image_facts *ent_image_facts_of(const struct ent_watch *w);

/* Indicators of one type. */
size_t ent_watch_count_type(const struct ent_watch *w, enum ent_obs_type type);

/* Whether it holds exactly this indicator, under this id. */
bool ent_image_holds(const struct ent_watch *w, const struct ent_observable *o, uint64_t id);

/* Walk all of an opened image: each record is whole, has a key that its type can have, and is found
 * by it; and there are as many as it says. ENT_E_FORMAT. */
ENT_MUST_USE enum ent_err ent_image_check(const struct ent_watch *w, struct ent_diag *d);

/* The key's file: "entente/image-key@v1". */
ENT_MUST_USE enum ent_err ent_image_key_parse(struct ent_seed32 *ret, struct ent_slice text);
ENT_MUST_USE enum ent_err ent_image_key_encode(struct ent_buf *b, const struct ent_seed32 *key);

#endif
