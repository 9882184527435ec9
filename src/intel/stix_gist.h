/*
 * stix_gist.h: the gist of an object of STIX: what its reader found in it that is asked for later,
 * in one form. Who keeps objects compares, ends and shows by it, and never reads the object again:
 * foreign bytes are parsed in the process that took them in, and in no other.
 */
#ifndef ENT_INTEL_STIX_GIST_H
#define ENT_INTEL_STIX_GIST_H

#include <entente/observable.h>

#include "base/base.h"

#define ENT_STIX_GIST_MOST ((size_t)2 << 20) /* bytes of an encoded one */
#define ENT_STIX_NAME      256               /* with NUL */
#define ENT_STIX_RELATION  64                /* with NUL */

struct ent_stix_gist {
    uint8_t said32[32];       /* see ent_stix_said() */
    bool is_20;               /* STIX 2.0 */
    struct ent_slice creator; /* created_by_ref; empty when it does not say */
    struct ent_slice
        created; /* of one without "modified", as it says, if that is a time; else empty */
    struct ent_slice name;     /* for people: UTF-8, one line, perhaps cut */
    struct ent_slice relation; /* relationship_type: the same */
    struct ent_slice names;    /* the observables that it speaks of: ent_stix_names_next() */
};

/* Lines of text. encode(parse(x)) == x. */
ENT_MUST_USE enum ent_err ent_stix_gist_encode(struct ent_buf *b, const struct ent_stix_gist *g);
/* Slices point into bytes. ENT_E_FORMAT for anything that was not so encoded. */
ENT_MUST_USE enum ent_err ent_stix_gist_parse(struct ent_stix_gist *ret, struct ent_slice bytes);

ENT_MUST_USE enum ent_err ent_stix_names_add(struct ent_buf *names, const struct ent_observable *o);
/* The first of rest, which loses it: as canonical as who encoded it made it. False at the end. */
bool ent_stix_names_next(enum ent_obs_type *ret_type, struct ent_slice *ret_value,
                         struct ent_slice *rest);
bool ent_stix_names_have(struct ent_slice names, enum ent_obs_type type, struct ent_slice value);

/* --- what an object says, as a hash -------------------------------------------------------------
 */

/* Reused from object to object. */
struct ent_stix_sayer;
ENT_MUST_USE enum ent_err ent_stix_sayer_new(struct ent_stix_sayer **ret);
void ent_stix_sayer_free(struct ent_stix_sayer *x);

/* SHA-256 of the object as JSON values, whatever their order in it, blanks, and ways to write a
 * character or a number: equal hashes, equal words. Of what is no JSON the bytes count. */
ENT_MUST_USE enum ent_err ent_stix_said(struct ent_stix_sayer *x, uint8_t ret32[static 32],
                                        struct ent_slice object);

#endif
