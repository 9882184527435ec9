/*
 * feed.h: what the readers of all formats share: the options, the sink, the one indicator that is
 * being built, and foreign text made fit to keep.
 */
#ifndef ENT_INTEL_FEED_H
#define ENT_INTEL_FEED_H

#include "intel/intel.h"

struct ent_feed {
    struct ent_reader in;
    uint64_t offset; /* of the reader's first byte in the file: 3 behind a byte order mark */
    const struct ent_import_opts *opts;
    const struct ent_import_sink *sink;
    struct ent_diag *d;
    uint64_t taken, skipped;
    struct ent_indicator ind;
    char kind[ENT_INDICATOR_KIND];
    char text[ENT_INDICATOR_TEXT];
    struct ent_labels labels;
};

/* Everything but the observable as for a source that says nothing. */
void ent_feed_reset(struct ent_feed *f);
ENT_MUST_USE enum ent_err ent_feed_take(struct ent_feed *f);
ENT_MUST_USE enum ent_err ent_feed_skip(struct ent_feed *f, uint64_t line, const char *reason,
                                        struct ent_slice what);

/* Read value as type, or as what it looks like where type is 0; take it, or skip it with the
 * reason. */
ENT_MUST_USE enum ent_err ent_feed_value(struct ent_feed *f, uint64_t line, enum ent_obs_type type,
                                         struct ent_slice value);

/* Each line, without its LF; a line of more than 64 KiB is skipped. */
ENT_MUST_USE enum ent_err ent_feed_rows(struct ent_feed *f,
                                        enum ent_err (*row)(void *ctx, uint64_t line,
                                                            struct ent_slice s),
                                        void *ctx);

/* Foreign text for people: UTF-8 (U+FFFD for what is not), runs of blanks and control characters
 * made one blank, cut between two characters. Returns the length; no NUL. */
size_t ent_clean_text(char *ret, size_t cap, struct ent_slice s);

/* At most max bytes of UTF-8, without the beginning of a character at the end. */
struct ent_slice ent_utf8_cut(struct ent_slice s, size_t max);

/* ent_clean_text() into the indicator's own storage. */
void ent_feed_kind(struct ent_feed *f, struct ent_slice s);
void ent_feed_text(struct ent_feed *f, struct ent_slice s);

/* What tags say of the indicator: a marking that is narrower than its own, how sure their author
 * is, its labels. */
struct ent_misp_tags;
void ent_feed_tags(struct ent_feed *f, const struct ent_misp_tags *t);
/* Labels of a set to its own. */
void ent_feed_labels(struct ent_feed *f, struct ent_slice labels);

/* --- detect.c --------------------------------------------------------------------------------- */

/* The first bytes of a stream, and a reader that gives them back before it goes on. */
#define ENT_HEAD_MAX 4096
struct ent_head {
    struct ent_reader in;
    size_t pos, n;
    bool eof;
    uint8_t b[ENT_HEAD_MAX];
};
ENT_MUST_USE enum ent_err ent_head_fill(struct ent_head *h, struct ent_diag *d);
struct ent_reader ent_head_reader(struct ent_head *h);

/* What the first bytes look like; ENT_E_FORMAT when no format starts like that. A byte order mark
 * is stepped over. */
ENT_MUST_USE enum ent_err ent_format_detect(enum ent_format *ret, struct ent_head *h,
                                            struct ent_diag *d);

/* 8-4-4-4-12 hexadecimal digits: the name of a MISP event, and nothing that leads out of a
 * directory.
 */
bool ent_is_uuid(struct ent_slice s);

/* --- one reader a format ---------------------------------------------------------------------- */

ENT_MUST_USE enum ent_err ent_list_read(struct ent_feed *f);
ENT_MUST_USE enum ent_err ent_uscert_read(struct ent_feed *f);
ENT_MUST_USE enum ent_err ent_stix_read(struct ent_feed *f);
ENT_MUST_USE enum ent_err ent_misp_read(struct ent_feed *f);
/* "modified" so that bytes sort as times do: without 'Z' and without zeros at its end; empty stays
 * empty. False when it is no timestamp of STIX. */
bool ent_stix_version(char ret[static ENT_STIX_VERSION], struct ent_slice modified);
/* Behind a key of the outermost object: *ret_taken says whether it was one of the envelope's own,
 * which has then been read. */
struct ent_jp;
ENT_MUST_USE enum ent_err ent_envelope_key(struct ent_envelope *e, bool *ret_taken,
                                           struct ent_jp *jp, struct ent_diag *d);
/* The UUID of the TLP 2.0 marking. */
const char *ent_stix_marking(enum ent_tlp t);
ENT_MUST_USE enum ent_err ent_zeek_read(struct ent_feed *f);
ENT_MUST_USE enum ent_err ent_hosts_read(struct ent_feed *f);
ENT_MUST_USE enum ent_err ent_prose_read(struct ent_feed *f);
ENT_MUST_USE enum ent_err ent_table_read(struct ent_feed *f);
/* Where in the head the names of columns begin, behind how many lines, and what is between. */
bool ent_table_header(struct ent_slice head, size_t *ret_at, uint64_t *ret_lines,
                      uint8_t *ret_delimiter);
ENT_MUST_USE enum ent_err ent_rpz_read(struct ent_feed *f);
ENT_MUST_USE enum ent_err ent_suricata_read(struct ent_feed *f);
ENT_MUST_USE enum ent_err ent_openioc_read(struct ent_feed *f);
/* A row of a dataset of strings. */
bool ent_suricata_string(char *ret, size_t *ret_n, size_t cap, struct ent_slice row);
bool ent_hosts_is_sink(struct ent_slice address); /* what sends a name nowhere */

#endif
