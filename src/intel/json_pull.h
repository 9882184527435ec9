/*
 * json_pull.h: JSON (RFC 8259, strictly) as a stream of events, for feeds of any size.
 *
 * Promises: memory is one window and one string of at most string_max bytes, whatever comes in;
 * every string handed out is UTF-8; text behind the value, comments, trailing commas, lone
 * surrogates, NaN and a byte order mark are refused; a number is handed out as it was written.
 * Keys may repeat: the caller sees each of them.
 */
#ifndef ENT_INTEL_JSON_PULL_H
#define ENT_INTEL_JSON_PULL_H

#include "base/base.h"

enum ent_jp_event {
    ENT_JP_OBJ,
    ENT_JP_OBJ_END,
    ENT_JP_ARR,
    ENT_JP_ARR_END,
    ENT_JP_KEY,
    ENT_JP_STR,
    ENT_JP_NUM,
    ENT_JP_TRUE,
    ENT_JP_FALSE,
    ENT_JP_NULL,
    ENT_JP_END /* of the whole text; again and again */
};

#define ENT_JP_WINDOW     (64u << 10)
#define ENT_JP_DEPTH      64   /* what is usual */
#define ENT_JP_DEPTH_MOST 1024 /* what is possible */

/* The part above the line is for callers. */
struct ent_jp {
    struct ent_slice text; /* of a key, string or number; valid until the next call */
    bool cut;              /* text is only the beginning: the rest was longer than string_max */
    uint64_t line, offset; /* where the event's first byte is, from 1 and from 0 */
    unsigned depth;        /* open objects and arrays */
    /* ---- */
    struct ent_reader in;
    uint8_t *window;
    size_t pos, n;
    uint64_t base, lines; /* offset of window[0], line feeds before pos */
    bool eof, discard, in_object;
    bool portable; /* not sixteen bytes at a time */
    unsigned state, depth_max;
    enum ent_jp_event last;
    uint64_t is_object[ENT_JP_DEPTH_MOST / 64];
    struct ent_buf scratch;
    struct ent_buf *record; /* where an object goes, or NULL */
    size_t record_from;     /* in the window: what is before it was copied already */
    size_t record_before;   /* bytes in *record that are not ours */
    unsigned record_depth;
    bool record_full;
    struct ent_diag diag; /* the error that ended it, and its code */
    enum ent_err err;
};

/* offset: of the reader's first byte in the file, for messages. depth_max at most
 * ENT_JP_DEPTH_MOST. */
ENT_MUST_USE enum ent_err ent_jp_init(struct ent_jp *p, struct ent_reader in, uint64_t offset,
                                      unsigned depth_max, size_t string_max);
/* Another text, with the memory and the limits of the one before. */
void ent_jp_again(struct ent_jp *p, struct ent_reader in);
/* Fine on {0}. */
void ent_jp_release(struct ent_jp *p);

/* ENT_E_FORMAT for what is not JSON or ends too early, ENT_E_LIMIT for what is too deep (or a
 * number longer than the window), or the reader's error; errors repeat. */
ENT_MUST_USE enum ent_err ent_jp_next(struct ent_jp *p, enum ent_jp_event *ret, struct ent_diag *d);

/* Past what the last event began: after ENT_JP_KEY its value, after ENT_JP_OBJ and ENT_JP_ARR all
 * of it; after anything else nothing. What is skipped is still checked. */
ENT_MUST_USE enum ent_err ent_jp_skip(struct ent_jp *p, struct ent_diag *d);

/* Right after ENT_JP_OBJ: from its '{' on, the text is appended to into as it stands, however it is
 * read from here on. One object at a time; into must live until the end of the record, or of the
 * parse. No memory left is an error of the parse. */
void ent_jp_record(struct ent_jp *p, struct ent_buf *into);

/* Right after the ENT_JP_OBJ_END of that object, or after an error of the parse, which it returns
 * again: into is complete, up to the '}'. ENT_E_LIMIT: the object did not fit into the maximum of
 * into, which holds what it held before; that is no error of the parse. */
ENT_MUST_USE enum ent_err ent_jp_record_end(struct ent_jp *p);
/* Before that, to give it up: into holds what it held before. Fine without a record. */
void ent_jp_record_drop(struct ent_jp *p);

#endif
