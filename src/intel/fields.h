/* fields.h: a body of JSON that is a form: one object of strings, each of which is known by name.
 */
#ifndef ENT_INTEL_FIELDS_H
#define ENT_INTEL_FIELDS_H

#include "base/base.h"

#define ENT_FIELD_MAX 1024u /* bytes of a value */

struct ent_field {
    const char *name;
    struct ent_buf *value; /* empty, with its maximum */
    bool may_miss;
    bool is_there; /* out */
};

/* ENT_E_FORMAT for what is not JSON or no such object: another value than a string, a name that is
 * not among these, or twice, or missing. ENT_E_LIMIT for a value longer than its maximum. What is
 * read may be a secret: wipe the values. */
ENT_MUST_USE enum ent_err ent_fields_read(struct ent_field *f, size_t n, struct ent_slice body,
                                          struct ent_diag *d);

#endif
