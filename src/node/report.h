/*
 * report.h: the log. A record is a time, a level, what happened (a word) and up to 16 fields. Roles
 * send theirs to the parent as notes; the parent writes all, one line each:
 *
 *     time=2018-08-20T00:00:00Z level=warn event=member-lost member=b cause="it took too long"
 *
 * or the same as a JSON object, on standard output or to syslog.
 *
 * A role that was taken over can say what is not so, and nothing else: words are [a-z0-9-_], no key
 * comes twice or is one of the line's own, values are escaped, the parent sets the time, whatever
 * comes from front, api or match says so (role=), and each role has a limit of its own, so that
 * none can drown what another one says.
 *
 * The note (ENT_MSG_REPORT): u64 time, u8 level, word event, u8 fields; each word key, u8 kind,
 * then of 0 u16 length and text, of 1 u64. A word is u8 length and so many bytes. One form:
 * encode(parse(x)) == x or ENT_E_FORMAT.
 */
#ifndef ENT_NODE_REPORT_H
#define ENT_NODE_REPORT_H

#include "node/service.h"

#define ENT_REPORT_MAX    4096u                      /* bytes of a record */
#define ENT_REPORT_LINE   (ENT_REPORT_MAX * 6 + 512) /* of its line, with all escaped */
#define ENT_REPORT_WORD   32u
#define ENT_REPORT_TEXT   1024u /* of one value; the rest is cut */
#define ENT_REPORT_FIELDS 16u
#define ENT_MSG_REPORT    (ENT_MSG_COUNT + 1)

#define ENT_REPORT_ROWS 1
extern const struct ent_msg_row ent_report_rows[ENT_REPORT_ROWS];

enum ent_level { ENT_LEVEL_DEBUG, ENT_LEVEL_INFO, ENT_LEVEL_WARN, ENT_LEVEL_ALERT };
#define ENT_LEVELS 4
const char *ent_level_word(enum ent_level l); /* "debug", "info", "warn", "alert" */

struct ent_report_field {
    struct ent_slice key;
    bool is_number;
    uint64_t number;
    struct ent_slice text;
};

/* Its slices are somebody else's: of who says it, or of the bytes that were parsed. */
struct ent_report {
    int64_t time;
    enum ent_level level;
    struct ent_slice event;
    size_t n;
    struct ent_report_field field[ENT_REPORT_FIELDS];
};

/* Event and keys are words of ours; the time is now. text stays where it is until it is said. */
void ent_report_init(struct ent_report *ret, enum ent_level level, const char *event);
void ent_report_text(struct ent_report *r, const char *key, const char *text);
void ent_report_number(struct ent_report *r, const char *key, uint64_t number);

ENT_MUST_USE enum ent_err ent_report_encode(struct ent_buf *b, const struct ent_report *r);
/* ENT_E_FORMAT for what ent_report_encode() does not write. */
ENT_MUST_USE enum ent_err ent_report_parse(struct ent_report *ret, struct ent_slice bytes);

enum ent_log_format { ENT_LOG_LOGFMT, ENT_LOG_JSON };
enum ent_log_to { ENT_LOG_STDOUT, ENT_LOG_SYSLOG };

/* Its line, without an end. */
ENT_MUST_USE enum ent_err ent_report_line(struct ent_buf *b, const struct ent_report *r,
                                          enum ent_log_format format, enum ent_process from);
/* Around it, as RFC 5424 wants it: facility daemon, the event as MSGID, the role as PROCID. host is
 * visible ASCII. */
ENT_MUST_USE enum ent_err ent_report_syslog(struct ent_buf *b, const struct ent_report *r,
                                            enum ent_log_format format, enum ent_process from,
                                            const char *host);

/* "parent", "front", ... */
const char *ent_process_word(enum ent_process p);

/* --- who writes --------------------------------------------------------------------------------
 */

struct ent_reporter;

struct ent_reporter_opts {
    enum ent_log_format format;
    enum ent_log_to to;
    int fd;                    /* of ENT_LOG_STDOUT; stays the caller's */
    const char *socket;        /* of ENT_LOG_SYSLOG; NULL: "/dev/log" */
    unsigned per_second;       /* records of one event by one role; 0: 100 */
    struct ent_counts *counts; /* the parent's, where records are counted; or NULL */
};

/* Syslog need not be there yet: it is looked for again with each record, at most once a second. */
ENT_MUST_USE enum ent_err ent_reporter_new(struct ent_reporter **ret,
                                           const struct ent_reporter_opts *opts);
/* Says what was held back, then ends. */
void ent_reporter_free(struct ent_reporter *w);

/* From any thread; waits for standard output, never for syslog: what that does not take is counted,
 * and told when it takes something again (event=log-lost). */
void ent_reporter_say(struct ent_reporter *w, const struct ent_report *r);
/* A note of that role's, an error for one that is none. */
ENT_MUST_USE enum ent_err ent_reporter_take(struct ent_reporter *w, enum ent_process from,
                                            struct ent_slice note);
/* Once a second or so: one line for each event of which records were held back since. */
void ent_reporter_tick(struct ent_reporter *w);

#endif
