/*
 * csv.h: records of comma-separated values (RFC 4180) as a stream: quoted fields with line breaks,
 * doubled quotes, LF or CRLF. Memory is one window and one record of at most ENT_CSV_RECORD_MAX
 * bytes; a larger record is passed over and said so.
 */
#ifndef ENT_INTEL_CSV_H
#define ENT_INTEL_CSV_H

#include "base/base.h"

#define ENT_CSV_FIELDS_MAX 64
#define ENT_CSV_RECORD_MAX (256u << 10)
/* A cell that begins with one of these is written with an apostrophe in front. */
#define ENT_CSV_GUARDED "=+-@\t\r#'"

/* The part above the line is for callers; fields are valid until the next call. */
struct ent_csv {
    struct ent_slice field[ENT_CSV_FIELDS_MAX];
    size_t n_fields;
    uint64_t line;     /* where the record begins, from 1 */
    uint64_t offset;   /* the same in bytes, from 0 */
    uint8_t delimiter; /* a comma; set another before the first record */
    const char *bad;   /* why this record cannot be used, or NULL */
    /* ---- */
    struct ent_reader in;
    uint8_t *window;
    size_t pos, n;
    uint64_t base, lines;
    bool eof;
    size_t end[ENT_CSV_FIELDS_MAX]; /* of each field in record */
    struct ent_buf record;
};

ENT_MUST_USE enum ent_err ent_csv_init(struct ent_csv *c, struct ent_reader in, uint64_t offset);
void ent_csv_release(struct ent_csv *c);

/* *ret_end is true, and there is no record, at the end. ENT_E_FORMAT when the file ends inside a
 * quoted field: it was truncated. */
ENT_MUST_USE enum ent_err ent_csv_next(struct ent_csv *c, bool *ret_end, struct ent_diag *d);

#endif
