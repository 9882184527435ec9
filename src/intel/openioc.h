/*
 * openioc.h: the terms of OpenIOC and how AND and OR join them. What may be taken are those values
 * of which one alone makes the whole indicator true, as for STIX patterns.
 */
#ifndef ENT_INTEL_OPENIOC_H
#define ENT_INTEL_OPENIOC_H

#include "base/base.h"
#include "intel/xml.h"

#include <entente/observable.h>

enum ent_ioc_role {
    ENT_IOC_LOST,    /* no values; lost says why */
    ENT_IOC_VALUES,  /* each alone is enough */
    ENT_IOC_HASHES,  /* the same, and each names a file */
    ENT_IOC_FILE,    /* another property of a file */
    ENT_IOC_REMOTE,  /* the address at the other end of a connection */
    ENT_IOC_PORT,    /* its port */
    ENT_IOC_PROTOCOL /* its protocol */
};

enum ent_ioc_op {
    ENT_IOC_TERM, /* no group */
    ENT_IOC_OR,
    ENT_IOC_AND,
    ENT_IOC_OTHER /* neither: nothing in it can be taken */
};

/* What becomes of a term. */
enum ent_ioc_fate {
    ENT_IOC_SILENT, /* it describes what another one names */
    ENT_IOC_TAKE,
    ENT_IOC_SKIP /* lost says why */
};

struct ent_ioc_what; /* what a term asks for */

/* A term or a group of them. Slices lie in the arena of the whole tree. */
struct ent_ioc_term {
    struct ent_ioc_term *parent, *next, *first, *last; /* the children of a group */
    enum ent_ioc_op op;
    uint64_t line;
    struct ent_slice id, content, comment;
    const struct ent_ioc_what *what; /* NULL until Context said it */
    bool exact;                      /* "is", and nothing that turns or narrows it */
    bool odd;                        /* holds, or is, an element that is not known here */
    bool cut;                        /* the content was too long */

    enum ent_ioc_role role;
    enum ent_ioc_fate fate;
    const char *lost;
    unsigned algs;         /* ENT_OBS_BIT of its hashes */
    unsigned alternatives; /* how many files they may name */
    uint16_t port;         /* that makes its address an endpoint */
    struct ent_slice file; /* the name of the file whose hash it is */
};

enum ent_ioc_op ent_ioc_op(struct ent_slice name);

/* An IndicatorItem's attributes, and its Context's. */
void ent_ioc_item(struct ent_ioc_term *t, const struct ent_xml_tag *tag);
void ent_ioc_context(struct ent_ioc_term *t, const struct ent_xml_tag *tag);

/* At the end of a term, or of a group whose children have ended: its role. */
void ent_ioc_end(struct ent_ioc_term *t);

void ent_ioc_add(struct ent_ioc_term *group, struct ent_ioc_term *t);

/* What stands alone, or beside others in an OR: the fates of all in it. Depth is the caller's. */
void ent_ioc_decide(struct ent_ioc_term *t);

/* The next one in the order of the document, the groups too; NULL behind the last. */
struct ent_ioc_term *ent_ioc_walk(struct ent_ioc_term *t);

/* The value of a term that is taken. */
ENT_MUST_USE enum ent_err ent_ioc_value(struct ent_observable *ret, const char **why,
                                        const struct ent_ioc_term *t);

#endif
