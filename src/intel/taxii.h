/*
 * taxii.h: what a TAXII 2.1 server says around its objects: whether more follow an envelope, and
 * what there is on it. Bounded and typed; who asks, and how, is not known here.
 */
#ifndef ENT_INTEL_TAXII_H
#define ENT_INTEL_TAXII_H

#include "base/base.h"

/* Beside the objects of an envelope, before or behind them (section 3.7). */
#define ENT_TAXII_NEXT 1024
struct ent_envelope {
    bool more, more_said, next_said;
    size_t next_n;
    uint8_t next[ENT_TAXII_NEXT]; /* opaque: any UTF-8 */
};

#define ENT_TAXII_ID          128
#define ENT_TAXII_TITLE       128
#define ENT_TAXII_ROOTS       256u
#define ENT_TAXII_COLLECTIONS 65536u

/* Section 5.2. Id and title may be empty; the id can stand in a path as it is, the title holds no
 * control characters. */
struct ent_taxii_collection {
    char id[ENT_TAXII_ID + 1];
    char title[ENT_TAXII_TITLE + 1];
    bool can_read, can_write;
};

enum ent_taxii_kind {
    ENT_TAXII_DISCOVERY = 1, /* section 4.1 */
    ENT_TAXII_ROOT,          /* 4.2 */
    ENT_TAXII_LIST,          /* of collections, 5.1 */
    ENT_TAXII_COLLECTION     /* 5.2 */
};

struct ent_taxii_doc {
    enum ent_taxii_kind kind;
    struct ent_taxii_collection self; /* of the others, the title alone */
    uint64_t roots, collections;
};

struct ent_taxii_sink {
    void *ctx;
    enum ent_err (*root)(void *ctx, struct ent_slice url); /* foreign, as it came */
    enum ent_err (*collection)(void *ctx, const struct ent_taxii_collection *c);
};

/* Any of the four, which is known by what it holds. Unknown properties are passed over;
 * ENT_E_FORMAT with a diagnosis for what is none of them, has a known property twice, or one of a
 * wrong type; ENT_E_LIMIT for more roots or collections than above. What came before has been given
 * out. */
ENT_MUST_USE enum ent_err ent_taxii_read(struct ent_taxii_doc *ret, struct ent_reader in,
                                         const struct ent_taxii_sink *sink, struct ent_diag *d);

#endif
