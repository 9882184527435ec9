/*
 * stix_parts.h: what the files of the STIX reader share: stix.c reads bundles, stix_read.c the
 * properties of one object, stix_take.c takes out of an object what can be looked for.
 */
#ifndef ENT_INTEL_STIX_PARTS_H
#define ENT_INTEL_STIX_PARTS_H

#include "base/base.h"
#include "intel/feed.h"
#include "intel/json_pull.h"
#include "intel/misp.h"
#include "intel/pattern.h"

#define ID_MAX    ENT_STIX_ID_MAX
#define NAME_MAX_ 1024                              /* before it is cleaned and cut */
#define LONG_MAX_ 4096                              /* descriptions: the same */
#define KEPT_MAX  (ENT_PATTERN_BYTES + (20u << 10)) /* bytes of one object */
#define REFS_MAX  (256u << 10)                      /* bytes of the ids that it points to */
#define NAMES_MAX ((size_t)1 << 20)                 /* bytes of the observables that it names */
#define DEFINED   256 /* marking definitions remembered from the file itself */

enum property {
    P_TYPE,
    P_ID,
    P_NAME,
    P_DESCRIPTION,
    P_PATTERN,
    P_PATTERN_TYPE,
    P_INDICATOR_TYPES,
    P_LABELS,
    P_PHASES,
    P_SPEC_VERSION,
    P_CONFIDENCE,
    P_VALID_FROM,
    P_VALID_UNTIL,
    P_REVOKED,
    P_MARKING_REFS,
    P_GRANULAR,
    P_DEFINITION,
    P_EXTENSIONS,
    P_MODIFIED,
    P_CREATED_BY,
    P_CREATED,
    P_RELATION,
    P_VALUE,
    P_HASHES,
    P_OBJECTS,
    PROPERTIES
};

/* The hashes of a file that are looked for. */
#define HASHES    4
#define HASH_MOST 256 /* bytes of one, before it is looked at */

/* One object. */
struct object {
    uint64_t line, offset;
    uint32_t seen;  /* bit for each property */
    uint32_t wrong; /* of these, the ones of a wrong JSON type or too long */
    bool twice, revoked;
    enum ent_tlp marked;                  /* the narrowest marking that refers to it; 0 for none */
    bool unknown_mark;                    /* one refers to it that nobody has defined yet */
    enum ent_tlp defines;                 /* what it defines, when it is a marking-definition */
    struct ent_misp_tags tags;            /* labels, phases, further types of indicators */
    size_t at[PROPERTIES], n[PROPERTIES]; /* in bytes */
    size_t hash_at[HASHES], hash_n[HASHES];
    struct ent_buf bytes;
    bool recording, recorded; /* raw is going to be, or is, the object, '{' to '}' */
    struct ent_buf refs;      /* ids that it points to, '\n' behind each */
    struct ent_buf raw;
    struct ent_buf names; /* the observables that it speaks of, see ent_stix_names_add() */
};

struct stix {
    struct ent_feed *f;
    struct ent_jp jp;
    struct ent_arena arena;
    struct ent_stix_sayer *sayer; /* NULL: objects are not wanted */
    struct object top, item;      /* the outermost object; the one in its list */
    struct object *o;             /* the one that is being read */
    uint64_t elements, objects;   /* of a list; objects are those that look like STIX */
    struct {
        char id[80];
        size_t n;
        enum ent_tlp tlp;
    } defined[DEFINED];
    size_t n_defined;
};

/* --- stix_read.c ------------------------------------------------------------------------------ */

/* Behind '{' to behind '}'. The outermost object may hold the list of objects. */
ENT_MUST_USE enum ent_err ent_stix_read_object(struct stix *x, struct object *o);

/* Whether it stands there and is of the right type; its text, empty if not. */
bool ent_stix_has(const struct object *o, enum property p);
struct ent_slice ent_stix_get(const struct object *o, enum property p);

/* How far the object being read may go. */
enum ent_tlp ent_stix_tlp(const struct stix *x);
/* The TLP marking of this id that everybody has; 0 for all others. */
enum ent_tlp ent_stix_well_known(struct ent_slice id);
/* What a marking definition means from here on; 0: nothing about TLP. */
void ent_stix_define(struct stix *x, struct ent_slice id, enum ent_tlp tlp);

/* --- stix_take.c ------------------------------------------------------------------------------ */

/* Of the object that was read, everything that is told. */
ENT_MUST_USE enum ent_err ent_stix_take_object(struct stix *x);
/* Every STIX object has a type and "type--UUID" for an id. */
bool ent_stix_looks_right(const struct object *o);
extern const struct ent_stix_hash {
    const char *name;
    enum ent_obs_type type;
} ent_stix_hashes[HASHES];

/* --- stix.c ----------------------------------------------------------------------------------- */

/* Behind '[' to behind ']'. */
ENT_MUST_USE enum ent_err ent_stix_read_list(struct stix *x);

#endif
