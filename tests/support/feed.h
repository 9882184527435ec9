/* feed.h: readers that give bytes in awkward ways, and a sink that writes down what it is told. */
#ifndef ENT_TESTS_SUPPORT_FEED_H
#define ENT_TESTS_SUPPORT_FEED_H

#include "tests/support/t.h"

#include "intel/intel.h"

/* At most `most` bytes a call (random up to it when random is true); after fail_at bytes the
 * reader fails with ENT_E_IO. */
struct ent_t_chunks {
    struct ent_slice left;
    size_t most;
    bool random;
    size_t fail_at; /* SIZE_MAX: never */
    size_t given;
};
struct ent_reader ent_t_chunk_reader(struct ent_t_chunks *c, struct ent_slice s, size_t most,
                                     bool random);

/* before, then unit again and again until `total` bytes of it have passed, then after. */
struct ent_t_repeat {
    struct ent_slice before, unit, after;
    uint64_t total, at;
};
struct ent_reader ent_t_repeat_reader(struct ent_t_repeat *r);

/* Peak memory of the process so far, in bytes. */
size_t ent_t_peak_memory(void);

/* One line for each call: "take ipv4 1.2.3.4 TLP:AMBER 50 0 0 [id] [kind] [text]", behind
 * it " {label}" for each label, or "skip 7 [reason] [what]". */
struct ent_t_record {
    struct ent_buf text;
    size_t taken, skipped;
    size_t stop_after; /* calls until the sink fails with ENT_E_FULL; 0: never */
};
void ent_t_record_init(struct ent_t_record *r);
struct ent_import_sink ent_t_record_sink(struct ent_t_record *r);
const char *ent_t_record_text(struct ent_t_record *r); /* NUL-terminated */

/* Read s as a feed in three ways (whole, bytewise, random pieces), check that all three say the
 * same, and leave the result in *ret. */
enum ent_err ent_t_import(struct ent_t_record *ret, enum ent_format *ret_format, struct ent_diag *d,
                          enum ent_format format, struct ent_slice s);

/* ent_t_import() of in, which must end with want; out is then what ent_t_record_text() says and f
 * what it was taken for, or out is the diagnosis as "LINE: text". */
void ent_t_feed(enum ent_format format, enum ent_format f, const char *in, enum ent_err want,
                const char *out);

#endif
