/* taxii_parts.h: what the parsers of a TAXII request share. */
#ifndef ENT_INTEL_TAXII_PARTS_H
#define ENT_INTEL_TAXII_PARTS_H

#include "intel/intel.h"

/* A query on its way. */
struct ent_taxii_asked {
    struct ent_taxii_query q;
    struct ent_buf ids, types, times, given;
    uint8_t next[ENT_TAXII_CURSOR];
    char base[300];
    unsigned seen; /* parameters */
};
void ent_taxii_asked_init(struct ent_taxii_asked *x);
void ent_taxii_asked_release(struct ent_taxii_asked *x);

/* NULL, or what is wrong. */
const char *ent_taxii_filters(struct ent_taxii_asked *x, struct ent_slice query);

#endif
