/*
 * misp.h: the vocabulary of MISP: what its attribute types and its tags mean here. misp.c reads the
 * events they stand in, misp_manifest.c the list of a feed's events.
 */
#ifndef ENT_INTEL_MISP_H
#define ENT_INTEL_MISP_H

#include "intel/intel.h"

/* --- misp_type.c ------------------------------------------------------------------------------ */

struct ent_misp_type;

/* NULL for every type that is nothing this program can look for. */
const struct ent_misp_type *ent_misp_type(struct ent_slice name);

/* What to look for; of composite values the part that decides. note is the other part with a word
 * in front ("file setup.exe"), or empty; it lies in ret_note. */
#define ENT_MISP_NOTE 256
ENT_MUST_USE enum ent_err ent_misp_value(struct ent_observable *ret, char ret_note[ENT_MISP_NOTE],
                                         size_t *ret_note_n, const char **why,
                                         const struct ent_misp_type *type, struct ent_slice value);

/* --- misp_tag.c ------------------------------------------------------------------------------- */

/* What the tags of one thing say together. */
#define ENT_MISP_NAMES 192
struct ent_misp_tags {
    enum ent_tlp tlp; /* the narrowest; 0 when none says so */
    int confidence;   /* the lowest; -1 when none says so */
    size_t n_names;
    char names[ENT_MISP_NAMES]; /* of actors and malware, ", " between them */
    struct ent_labels labels;   /* all but those of TLP and of how sure somebody is */
};

void ent_misp_tags_init(struct ent_misp_tags *t);
void ent_misp_tags_add(struct ent_misp_tags *t, struct ent_slice tag);
/* Whether it says neither how far something may go nor how sure somebody is. */
bool ent_misp_tag_is_label(struct ent_slice tag);

#endif
