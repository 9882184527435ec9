/* out.h: exports into memory, and indicators at random, for tests of writers. */
#ifndef ENT_TESTS_SUPPORT_OUT_H
#define ENT_TESTS_SUPPORT_OUT_H

#include "tests/support/t.h"

#include "intel/intel.h"

#define ENT_T_NOW 1534723200 /* 2018-08-20T00:00:00Z */

/* An export in progress: what was written to each file, whole again. */
struct ent_t_out {
    struct ent_out *out;
    struct ent_buf b[ENT_OUT_FILES];
    unsigned opened; /* bits: the files that were begun */
    size_t pieces;
    size_t fail_at; /* the piece at which the sink fails with ENT_E_FULL; 0: never */
};

void ent_t_out_start(struct ent_t_out *o, const char *format, const struct ent_out_opts *opts);
void ent_t_out_put(struct ent_t_out *o, const struct ent_indicator *ind, const char *source);
/* Ends it; file 0 as text with NUL. ent_t_out_release() afterwards. */
const char *ent_t_out_end(struct ent_t_out *o);
void ent_t_out_release(struct ent_t_out *o);

/* An indicator without words; text is what ent_observable_parse() reads. */
struct ent_indicator ent_t_indicator(const char *text);

/* Any observable of this type, with the characters that formats may trip over. */
void ent_t_random_observable(struct ent_observable *ret, enum ent_obs_type type);

#endif
