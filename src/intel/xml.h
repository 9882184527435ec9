/*
 * xml.h: XML read piece by piece, by expat. Promises: memory is bounded whatever the document says
 * (expat keeps each name it has ever seen, so that all it holds is counted); no DOCTYPE, and so no
 * entity of anybody's own and nothing from elsewhere; what the document is made of has limits.
 */
#ifndef ENT_INTEL_XML_H
#define ENT_INTEL_XML_H

#include "base/base.h"

#define ENT_XML_DEPTH  64
#define ENT_XML_TOKEN  (256u << 10) /* bytes of one tag, with its attributes, or of one comment */
#define ENT_XML_MEMORY (8u << 20)   /* that expat may hold */

struct ent_xml_place {
    uint64_t line, offset;
};

/* The start of an element; valid during the call. */
struct ent_xml_tag {
    struct ent_slice space, name; /* space is empty when there is no namespace */
    const char *const *attributes;
    struct ent_xml_place at;
};

/* Each may return an error, which ends the reading with it. Text comes in pieces, as UTF-8. */
struct ent_xml_events {
    void *ctx;
    enum ent_err (*start)(void *ctx, const struct ent_xml_tag *tag);
    enum ent_err (*text)(void *ctx, struct ent_slice s);
    enum ent_err (*end)(void *ctx, struct ent_xml_place at);
};

/* An attribute without a namespace; p is NULL when it is not there. */
struct ent_slice ent_xml_attribute(const struct ent_xml_tag *tag, const char *name);

/* To the end of the document. offset is where in the file the reader's first byte lies. */
ENT_MUST_USE enum ent_err ent_xml_read(const struct ent_xml_events *events, struct ent_reader in,
                                       uint64_t offset, struct ent_diag *d);

#endif
