/*
 * taxii_serve.h: a TAXII 2.1 server (OASIS Standard, 10 June 2021) without its sockets and without
 * its store: what is asked, as one typed query; what was found, as rows; the answer.
 *
 * Promises: a query has one encoding, encode(parse(x)) == x; no byte of a request reaches whoever
 * runs it but in a field of bounded size that was checked; an error is the standard's error
 * resource, in its media type, whatever went wrong.
 * Never: decides what may leave. Whoever runs the query does (node/taxii_run.h).
 */
#ifndef ENT_INTEL_TAXII_SERVE_H
#define ENT_INTEL_TAXII_SERVE_H

#include "intel/uuid.h"

#define ENT_TAXII_TYPE      "application/taxii+json;version=2.1"
#define ENT_TAXII_BODY      ((size_t)8 << 20) /* max_content_length */
#define ENT_TAXII_PAGE      1000u             /* objects, whatever the limit */
#define ENT_TAXII_ACCOUNT   64
#define ENT_TAXII_NAME      64                 /* of a collection */
#define ENT_TAXII_QUERY     65536u             /* bytes of "?..." */
#define ENT_TAXII_MATCHES   256u               /* values of one field */
#define ENT_TAXII_CURSOR    32                 /* bytes of "next", which is their hexadecimal */
#define ENT_TAXII_QUERY_MAX ((size_t)64 << 20) /* bytes of an encoded query */
#define ENT_TAXII_INBOX     5                  /* of collections: 1 to 4 are doors */

/* Who asks, as whoever checked the password found. */
struct ent_taxii_who {
    struct ent_slice account; /* 1 to ENT_TAXII_ACCOUNT visible ASCII characters */
    unsigned clearance;       /* enum ent_tlp */
    bool may_write;
};

struct ent_taxii_request {
    const char *method, *path; /* as they came */
    struct ent_slice query;    /* behind '?' */
    struct ent_slice accept, content_type, host;
    struct ent_slice body;
    const struct ent_taxii_who *who; /* NULL: nobody */
};

struct ent_taxii_answer {
    unsigned status;        /* the type is ENT_TAXII_TYPE */
    struct ent_buf headers; /* "Name: value\n" each */
    struct ent_buf body;
};
void ent_taxii_answer_init(struct ent_taxii_answer *a, size_t max);
void ent_taxii_answer_release(struct ent_taxii_answer *a);

/* Before a body is read: how long it may be. 0: this method has none, and whatever comes is not
 * read. */
size_t ent_taxii_max_body(const char *method);

/* --- the query ----------------------------------------------------------------------------------
 */

enum ent_taxii_ask {
    ENT_TAXII_ASK_DISCOVERY = 1,
    ENT_TAXII_ASK_ROOT,
    ENT_TAXII_ASK_STATUS,
    ENT_TAXII_ASK_COLLECTIONS,
    ENT_TAXII_ASK_COLLECTION,
    ENT_TAXII_ASK_MANIFEST,
    ENT_TAXII_ASK_OBJECTS,
    ENT_TAXII_ASK_OBJECT,
    ENT_TAXII_ASK_VERSIONS,
    ENT_TAXII_ASK_ADD,
    ENT_TAXII_ASK_DELETE
};

/* Values, each of them 16 bits of length and so many bytes. */
struct ent_taxii_values {
    unsigned n;
    struct ent_slice bytes;
};
/* The first value of v, which loses it; while v->n > 0. */
struct ent_slice ent_taxii_value(struct ent_taxii_values *v);

#define ENT_TAXII_FIRST 1u
#define ENT_TAXII_LAST  2u
#define ENT_TAXII_ALL   4u

struct ent_taxii_query {
    enum ent_taxii_ask ask;
    struct ent_taxii_who who;
    struct ent_slice base;       /* "https://host", or empty */
    unsigned limit;              /* 1 to ENT_TAXII_PAGE */
    struct ent_slice next;       /* ENT_TAXII_CURSOR bytes, or empty */
    struct ent_slice filters;    /* what follows, as it is encoded: the same for all pages */
    struct ent_slice collection; /* id or alias */
    struct ent_slice object;     /* an id of STIX */
    uint8_t status[16];          /* the id of one */
    int64_t after;               /* microseconds; INT64_MIN: not said */
    struct ent_taxii_values ids, types, times; /* times as ent_stix_version() has them */
    unsigned versions;      /* ENT_TAXII_FIRST and so on; LAST where nothing is asked */
    unsigned specs;         /* bit 0: 2.0, bit 1: 2.1; 0: any */
    struct ent_slice given; /* of an envelope: see ent_taxii_given_next() */
};

/* A request to an encoded query, or to an answer that refuses it: ENT_E_FORMAT, and a->status is
 * not 0. */
ENT_MUST_USE enum ent_err ent_taxii_parse(struct ent_buf *ret, struct ent_taxii_answer *a,
                                          const struct ent_taxii_request *req);

ENT_MUST_USE enum ent_err ent_taxii_query_encode(struct ent_buf *ret,
                                                 const struct ent_taxii_query *q);
/* Slices point into bytes. ENT_E_FORMAT for anything that was not so encoded. */
ENT_MUST_USE enum ent_err ent_taxii_query_parse(struct ent_taxii_query *ret,
                                                struct ent_slice bytes);

/* Times with microseconds: "2018-08-20T00:00:00.000000Z". */
#define ENT_TAXII_TIME 28
void ent_taxii_time(char ret[static ENT_TAXII_TIME], int64_t us);

/* --- what an envelope gives ---------------------------------------------------------------------
 */

enum ent_taxii_gift {
    ENT_TAXII_ELEMENT = 1, /* id and version, as it says; what follows is about it */
    ENT_TAXII_OBJECT,      /* object */
    ENT_TAXII_TAKE,        /* ind */
    ENT_TAXII_WITHDRAW,    /* id */
    ENT_TAXII_SKIP         /* reason */
};
struct ent_indicator;
struct ent_stix_object;
struct ent_taxii_given {
    enum ent_taxii_gift what;
    struct ent_slice id, version, reason;
    struct ent_stix_object *object;
    struct ent_indicator *ind;
};
/* The next thing in rest, which loses it. given->object and ->ind are the caller's storage. */
ENT_MUST_USE enum ent_err ent_taxii_given_next(struct ent_taxii_given *given,
                                               struct ent_slice *rest);
/* Of an envelope; ENT_E_FORMAT with a diagnosis for what is none. */
ENT_MUST_USE enum ent_err ent_taxii_given_read(struct ent_buf *ret, struct ent_slice body,
                                               struct ent_diag *d);

/* --- rows, and the answer -----------------------------------------------------------------------
 */

/* What a run says instead of rows. */
enum ent_taxii_refusal {
    ENT_TAXII_NO_COLLECTION = 1,
    ENT_TAXII_NO_OBJECT,
    ENT_TAXII_NO_STATUS,
    ENT_TAXII_MAY_NOT_READ,
    ENT_TAXII_MAY_NOT_WRITE,
    ENT_TAXII_BAD_NEXT,
    ENT_TAXII_OTHER_FILTERS,
    ENT_TAXII_TOO_MANY,
    ENT_TAXII_BUSY,
    ENT_TAXII_BROKEN,
    ENT_TAXII_REFUSALS
};

/* The first byte of rows. */
enum ent_taxii_rows {
    ENT_TAXII_ROWS_REFUSED = 1, /* and one of the above */
    ENT_TAXII_ROWS_SELF,        /* of discovery and root: struct ent_taxii_self */
    ENT_TAXII_ROWS_COLLECTIONS, /* a byte for the number, then struct ent_taxii_shelf each */
    ENT_TAXII_ROWS_PAGE,        /* struct ent_taxii_page, then struct ent_served each */
    ENT_TAXII_ROWS_STATUS,      /* struct ent_taxii_outcome, then an entry each */
    ENT_TAXII_ROWS_DONE
};

/* Little-endian integers; slices with 16 or 32 bits of length. */
ENT_MUST_USE enum ent_err ent_taxii_put_u8(struct ent_buf *b, unsigned v);
ENT_MUST_USE enum ent_err ent_taxii_put_u16(struct ent_buf *b, unsigned v);
ENT_MUST_USE enum ent_err ent_taxii_put_i64(struct ent_buf *b, int64_t v);
ENT_MUST_USE enum ent_err ent_taxii_put16(struct ent_buf *b, struct ent_slice s);
ENT_MUST_USE enum ent_err ent_taxii_put32(struct ent_buf *b, struct ent_slice s);
ENT_MUST_USE enum ent_err ent_taxii_get_i64(struct ent_cur *c, int64_t *ret);
ENT_MUST_USE enum ent_err ent_taxii_get16(struct ent_cur *c, struct ent_slice *ret);
ENT_MUST_USE enum ent_err ent_taxii_get32(struct ent_cur *c, struct ent_slice *ret);

/* A collection: 1 to 4, or ENT_TAXII_INBOX. */
struct ent_taxii_shelf {
    unsigned number;
    struct ent_uuid16 id;
    bool can_read, can_write;
};
ENT_MUST_USE enum ent_err ent_taxii_shelf_put(struct ent_buf *b, const struct ent_taxii_shelf *s);
/* "clear", "green", "amber", "amber-strict", "inbox". */
const char *ent_taxii_shelf_alias(unsigned number);

/* The head of a page, which is written last, into the place that was kept for it. */
#define ENT_TAXII_PAGE_HEAD (2 + 16 + ENT_TAXII_CURSOR)
struct ent_taxii_page {
    bool more;
    struct ent_uuid16 self;
    uint8_t next[ENT_TAXII_CURSOR]; /* if there is more */
};
void ent_taxii_page_put(uint8_t ret[static ENT_TAXII_PAGE_HEAD], const struct ent_taxii_page *p);

/* A row of a page. Slices are empty where they do not belong to the kind. */
struct ent_taxii_row {
    unsigned kind; /* enum ent_served_kind: 1 claim, 2 object, 3 self, 4 marking */
    int64_t added, modified;
    bool is_20;
    unsigned tlp;
    struct ent_slice id, version, created, bytes; /* of 2; version as ent_stix_version() has it */
    struct ent_uuid16 uuid;
    unsigned obs_type;
    int confidence;
    int64_t valid_from, valid_until, first_import;
    struct ent_slice obs, source, ext_id, kind_word, text, labels; /* source of 3: the author */
};
ENT_MUST_USE enum ent_err ent_taxii_row_put(struct ent_buf *b, const struct ent_taxii_row *row);
ENT_MUST_USE enum ent_err ent_taxii_row_get(struct ent_cur *c, struct ent_taxii_row *ret);

/* What an object without "modified" and "created" has for a version is when it was added. */
#define ENT_TAXII_VERSION 64
const char *ent_taxii_version(char ret[static ENT_TAXII_VERSION], const struct ent_taxii_row *row);
/* The same as ent_stix_version() has it, for comparing. False: no time. */
bool ent_taxii_same_time(char ret[static ENT_TAXII_VERSION], struct ent_slice time);

/* Of what was given: kept in the store as it is. */
struct ent_taxii_outcome {
    uint8_t id[16];
    int64_t at; /* seconds */
};
/* ENT_TAXII_ROWS_STATUS and what is above; then each entry. version may be empty. */
ENT_MUST_USE enum ent_err ent_taxii_outcome_put(struct ent_buf *b,
                                                const struct ent_taxii_outcome *o);
/* Behind the first byte. */
ENT_MUST_USE enum ent_err ent_taxii_outcome_get(struct ent_cur *c, struct ent_taxii_outcome *ret);
ENT_MUST_USE enum ent_err ent_taxii_entry_put(struct ent_buf *b, bool ok, struct ent_slice id,
                                              struct ent_slice version, struct ent_slice message);

/* Rows to the answer of the request that became this query. */
ENT_MUST_USE enum ent_err ent_taxii_render(struct ent_taxii_answer *a,
                                           const struct ent_taxii_query *q, struct ent_slice rows);
/* An error resource. */
ENT_MUST_USE enum ent_err ent_taxii_refuse(struct ent_taxii_answer *a, unsigned status,
                                           const char *title, const char *description);

#endif
