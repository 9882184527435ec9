/*
 * intel: what is known. Observables in canonical form, indicators, and the formats they come in.
 *
 * Promises: the only way to a struct ent_indicator is a parser here; a wrong row is reported with
 * its line and never stops a file; a file that is not what it says does, with a clear error;
 * memory does not depend on the size of the input, but for what one event of MISP says, of which at
 * most 64 MiB are held. What goes out again is in out.h.
 * Never: touches disk or network (bytes come through a struct ent_reader).
 */
#ifndef ENT_INTEL_INTEL_H
#define ENT_INTEL_INTEL_H

#include "base/base.h"

#include <entente/observable.h>

#include "intel/stix_gist.h"
#include "intel/taxii.h"

/* TLP 2.0 (FIRST, August 2022), from widest to narrowest. The numbers are stored. TLP 1.0 WHITE is
 * CLEAR. Unmarked information gets the importer's default, which is AMBER: nothing leaves the house
 * because a label was missing. */
enum ent_tlp { ENT_TLP_CLEAR = 1, ENT_TLP_GREEN, ENT_TLP_AMBER, ENT_TLP_AMBER_STRICT, ENT_TLP_RED };
const char *ent_tlp_name(enum ent_tlp t); /* "TLP:AMBER+STRICT" */
/* "TLP:WHITE", "amber", "tlp:amber+strict", any case. */
ENT_MUST_USE enum ent_err ent_tlp_parse(enum ent_tlp *ret, struct ent_slice s);
/* Whether what bears this mark may leave by this door: a door for GREEN lets out CLEAR and GREEN.
 * Everything that leaves the house is asked here; a mark or a door that is none lets out nothing.
 */
bool ent_tlp_may_pass(enum ent_tlp mark, enum ent_tlp door);

/* The one decision about a claim, or an object of STIX: the same, and its source is not held
 * (store/store.h). Door 0 is none: what stays with this member. */
bool ent_claim_may_pass(enum ent_tlp mark, bool held, enum ent_tlp door);

/* Of texts that are signed. " ipv4,ipv6", in the order of enum ent_obs_type. */
ENT_MUST_USE enum ent_err ent_obs_types_encode(struct ent_buf *b, uint32_t types);
/* The next word. Words in another order or repeated mean the same set: only one text is right. */
void ent_obs_types_take(struct ent_lines *l, uint32_t *ret);

/* The claim that an observable is hostile. Slices live only as long as the call they are given to.
 */
struct ent_indicator {
    struct ent_observable obs;
    enum ent_tlp tlp;
    int confidence;          /* 0..100; -1 when the source did not say */
    int64_t valid_from;      /* seconds since 1970; 0 when not said */
    int64_t valid_until;     /* 0 when not said */
    uint64_t line;           /* where it stood, from 1; 0 where the format has no lines */
    struct ent_slice id;     /* as received (a STIX id); empty when there is none */
    struct ent_slice kind;   /* a short word: "C2", "IP_WATCHLIST", "malicious-activity" */
    struct ent_slice text;   /* the author's description, UTF-8, at most ENT_INDICATOR_TEXT */
    struct ent_slice labels; /* the author's words to sort by, as in struct ent_labels */
};
#define ENT_INDICATOR_KIND 64
#define ENT_INDICATOR_TEXT 512

/*
 * A set of labels: UTF-8 without line feeds and control characters, one a line, sorted by bytes,
 * each once. At most ENT_LABELS_MOST of at most ENT_LABEL_MAX bytes, with what is between them
 * ENT_LABELS_BYTES. {0} is the empty one.
 */
#define ENT_LABELS_MOST  16
#define ENT_LABEL_MAX    128
#define ENT_LABELS_BYTES 1024
struct ent_labels {
    size_t count, n; /* labels, bytes of text */
    char text[ENT_LABELS_BYTES];
};
static inline struct ent_slice ent_labels_slice(const struct ent_labels *l)
{
    return (struct ent_slice){(const uint8_t *)l->text, l->n};
}
/* A word, cleaned. False when it is not in the set afterwards: empty, too long, one too many, or a
 * tag of MISP's that rates (tlp:, osint:certainty and their like), which is not for sorting. */
bool ent_labels_add(struct ent_labels *l, struct ent_slice word);
/* Those of another set, as far as there is room. */
void ent_labels_join(struct ent_labels *l, struct ent_slice labels);
/* The first label of rest, which loses it; while rest.n > 0. */
struct ent_slice ent_labels_next(struct ent_slice *rest);

enum ent_format {
    ENT_FORMAT_AUTO = 0,
    ENT_FORMAT_LIST,    /* one observable a line, '#' and ';' comments */
    ENT_FORMAT_USCERT,  /* US-CERT CSV: INDICATOR_VALUE,TYPE,COMMENT,ROLE,... */
    ENT_FORMAT_STIX,    /* STIX 2.0 and 2.1 bundles */
    ENT_FORMAT_MISP,    /* MISP events */
    ENT_FORMAT_ZEEK,    /* files of Zeek's intelligence framework */
    ENT_FORMAT_HOSTS,   /* "0.0.0.0 name name2 # comment" */
    ENT_FORMAT_PROSE,   /* a text for people: the observables in it */
    ENT_FORMAT_TABLE,   /* CSV and its relatives, with a header */
    ENT_FORMAT_RPZ,     /* response policy zones of DNS servers */
    ENT_FORMAT_OPENIOC, /* OpenIOC 1.0 and 1.1 */
    ENT_FORMAT_SURICATA /* datasets and reputation lists of Suricata */
};
const char *ent_format_name(enum ent_format f); /* "list", "us-cert-csv", "stix", "misp", ... */
ENT_MUST_USE enum ent_err ent_format_parse(enum ent_format *ret, struct ent_slice name);

/*
 * An object of STIX as it came, whether the standard knows its type or not. Slices live as long as
 * the call. Which version of an object counts, and who may change it, is for the store to say.
 */
struct ent_stix_object {
    struct ent_slice id;      /* "type--UUID", see ent_is_stix_id() */
    struct ent_slice version; /* when it was modified, so that bytes sort as times do; or empty */
    struct ent_stix_gist gist;
    struct ent_slice refs;  /* ids that it points to, '\n' behind each */
    struct ent_slice bytes; /* from '{' to '}' */
    uint64_t line;
    enum ent_tlp tlp;
    bool revoked;
    bool taken; /* an indicator, out of which observables are taken */
};
#define ENT_STIX_ID_MAX      256
#define ENT_STIX_VERSION     64 /* with NUL */
#define ENT_STIX_OBJECT_MOST ((size_t)1 << 20)

/* What the reader of a file is told. Either callback may return an error, which ends the import
 * with that error. */
struct ent_import_sink {
    void *ctx;
    enum ent_err (*take)(void *ctx, const struct ent_indicator *ind);
    /* reason is a literal; what is the offending text (foreign: escape it), perhaps cut */
    enum ent_err (*skip)(void *ctx, uint64_t line, const char *reason, struct ent_slice what);
    /* The source takes back whatever it said under this id (not empty); NULL: such rows are
     * skipped. */
    enum ent_err (*withdraw)(void *ctx, struct ent_slice id);
    /* STIX: each object, before what is taken out of it, which is told only if *ret_use stays true.
     * NULL: not wanted. */
    enum ent_err (*object)(void *ctx, const struct ent_stix_object *o, bool *ret_use);
};

struct ent_import_opts {
    enum ent_format format;   /* ENT_FORMAT_AUTO: recognised by content */
    enum ent_tlp tlp;         /* for what is not marked; 0 means AMBER */
    int confidence;           /* for what does not say; -1 to leave it so */
    struct ent_slice columns; /* ENT_FORMAT_TABLE: "value=2,type=Name"; empty: by their names */
    bool unflagged;           /* MISP: also what its author did not mark with "to_ids"; STIX: also
                                 observables that no indicator speaks of */
    struct ent_envelope *envelope; /* not NULL, and zeroed: insist on a TAXII envelope; filled */
    /* STIX: not NULL: called with the sink's ctx for each element of a list, before anything else
     * is said of it, with the id and "modified" that it claims to have, or empty. */
    enum ent_err (*element)(void *ctx, struct ent_slice id, struct ent_slice modified);
};

/*
 * Read indicators until the end. Returns ENT_OK for a file that was understood, however many rows
 * were skipped; *ret_format (if not NULL) is what it was taken for. ENT_E_FORMAT with a diagnosis
 * (line and byte offset) when the file is not what it says: binary, not UTF-8 where the format
 * demands it, truncated JSON, a wrong header, no row at all that could be understood.
 */
ENT_MUST_USE enum ent_err ent_intel_read(struct ent_reader in, const struct ent_import_opts *opts,
                                         const struct ent_import_sink *sink,
                                         enum ent_format *ret_format, struct ent_diag *d);

/* --- objects of STIX ----------------------------------------------------------------------------
 */

/* "type--" and at least one more character: letters, digits, '-', '_', '.', in all at most
 * ENT_STIX_ID_MAX. */
bool ent_is_stix_id(struct ent_slice s);
/* The type in an id. */
struct ent_slice ent_stix_type_of(struct ent_slice id);

/* What people want to know of an object: UTF-8, one line, empty where it does not say. */
struct ent_stix_summary {
    char type[64], name[256], relation[64], opinion[32], modified[ENT_STIX_VERSION];
    char pattern[256], value[256];
    char id[ENT_STIX_ID_MAX + 1], creator[ENT_STIX_ID_MAX + 1];
    char source[ENT_STIX_ID_MAX + 1], target[ENT_STIX_ID_MAX + 1]; /* of a relationship */
    char sighting_of[ENT_STIX_ID_MAX + 1];
    uint64_t count; /* of a sighting; 0 when not said */
    bool revoked;
};
/* ENT_E_FORMAT for what is no JSON object. */
ENT_MUST_USE enum ent_err ent_stix_summarise(struct ent_stix_summary *ret, struct ent_slice object);

/* The id that STIX 2.1 section 2.9 gives to a cyber-observable: of what it is made of, as JCS (RFC
 * 8785) writes it. */
#define ENT_STIX_SCO_ID 80 /* with NUL */
ENT_MUST_USE enum ent_err ent_stix_sco_id(char ret[static ENT_STIX_SCO_ID], const char *type,
                                          struct ent_slice jcs);
/* The same for an observable; ENT_E_UNSUPPORTED for one that is no single object of STIX (an
 * endpoint, the start of URLs). */
ENT_MUST_USE enum ent_err ent_stix_id_of(char ret[static ENT_STIX_SCO_ID],
                                         const struct ent_observable *o);

/* --- feeds of MISP ------------------------------------------------------------------------------
 */

/* The list of a feed's events; each lies beside it in a file named "UUID.json". */
#define ENT_UUID_TEXT 37 /* with NUL */
struct ent_manifest_event {
    char uuid[ENT_UUID_TEXT];
    char orgc[ENT_UUID_TEXT]; /* of its author; empty when not said */
    int64_t timestamp;        /* 0 when not said */
    bool has_sha256;          /* "integrity:sha256", of the event's file */
    uint8_t sha256[32];
};
struct ent_manifest_sink {
    void *ctx;
    enum ent_err (*event)(void *ctx, const struct ent_manifest_event *e);
    /* A name that is none, and is not to be looked for. reason is a literal; what is foreign. */
    enum ent_err (*skip)(void *ctx, uint64_t line, const char *reason, struct ent_slice what);
};

/* ENT_E_FORMAT with a diagnosis when it is no manifest. Events were given out before that. */
ENT_MUST_USE enum ent_err ent_misp_manifest_read(struct ent_reader in,
                                                 const struct ent_manifest_sink *sink,
                                                 struct ent_diag *d);

/* The other index of a feed, hashes.csv: in which events a value stands that one knows already.
 * ENT_E_FORMAT with a diagnosis when no line is one, ENT_E_LIMIT for more than 8,388,608 of them.
 * Of the sink only skip is called. */
struct ent_feed_hashes;
ENT_MUST_USE enum ent_err ent_feed_hashes_read(struct ent_feed_hashes **ret, struct ent_reader in,
                                               const struct ent_import_sink *sink,
                                               struct ent_diag *d);
void ent_feed_hashes_free(struct ent_feed_hashes *h);
size_t ent_feed_hashes_count(const struct ent_feed_hashes *h);
/* Each event that holds this; of an endpoint, its address. */
ENT_MUST_USE enum ent_err ent_feed_hashes_find(
    const struct ent_feed_hashes *h, const struct ent_observable *o,
    enum ent_err (*event)(void *ctx, const char uuid[static ENT_UUID_TEXT]), void *ctx);

/* --- warning lists ------------------------------------------------------------------------------
 */

/* What the values of a MISP warning list mean. */
enum ent_warning_type {
    ENT_WARNING_CIDR = 1, /* networks and addresses */
    ENT_WARNING_HOSTNAME, /* names and all that lies below them */
    ENT_WARNING_STRING,   /* exactly these things */
    ENT_WARNING_OTHER     /* substrings, regular expressions: not understood here */
};

struct ent_warning {
    char name[256]; /* UTF-8, never empty */
    uint64_t version;
    enum ent_warning_type type;
    uint32_t types;           /* ENT_OBS_BIT() of what can be on it */
    uint64_t entries, unread; /* values taken; values that are no observable, or all of OTHER */
};

struct ent_warning_sink {
    void *ctx;
    /* A value, in canonical form. If the list then turns out to be ENT_WARNING_OTHER it means
     * nothing. */
    enum ent_err (*take)(void *ctx, const struct ent_observable *o);
    /* A value that is none. reason is a literal; what is foreign, perhaps cut. */
    enum ent_err (*skip)(void *ctx, uint64_t line, const char *reason, struct ent_slice what);
};

/* Read one list (a file list.json of MISP's). ENT_E_FORMAT with a diagnosis when it is none. */
ENT_MUST_USE enum ent_err ent_warning_read(struct ent_warning *ret, struct ent_reader in,
                                           const struct ent_warning_sink *sink, struct ent_diag *d);

/* --- decay --------------------------------------------------------------------------------------
 */

/* A claim is worth nothing after its lifetime (seconds; 0: it never decays). A speed of 1 loses the
 * same each day, a higher one loses more at first: hundredths. */
#define ENT_DECAY_SPEED_ONE 100u
struct ent_decay {
    uint64_t lifetime, speed;
};
/* What is left of a confidence, which may be -1 for none, when the claim is so many seconds old. */
int ent_decay(const struct ent_decay *d, int confidence, int64_t age);

/* --- parts of observables -----------------------------------------------------------------------
 */

/* The address of an endpoint, the address or name in a URL or urlprefix, the domain of an e-mail
 * address; false for other types. */
bool ent_observable_host(struct ent_observable *ret, const struct ent_observable *o);

/* A name of the public suffix list, such as co.uk or github.io: what lies below it belongs to many.
 */
bool ent_observable_is_suffix(const struct ent_observable *o);

/*
 * Where an observable lies: a key whose order by bytes keeps together what lies together.
 * Addresses, networks and endpoints by address, names from the right ("com.evil."), URLs and e-mail
 * addresses with their host; 0 bytes for what lies nowhere, such as a hash.
 */
#define ENT_PLACE_MAX 264
size_t ent_observable_place(uint8_t ret[static ENT_PLACE_MAX], const struct ent_observable *o);

/* What lies in this network, or at and below this name: places from lo on, before hi. False for
 * other types. */
struct ent_place_range {
    uint8_t lo[ENT_PLACE_MAX], hi[ENT_PLACE_MAX];
    size_t lo_n, hi_n;
};
bool ent_observable_range(struct ent_place_range *ret, const struct ent_observable *o);

/* One step up: an address or network to the network one bit wider, a name to the one above it, a
 * URL to what it begins with and at last its host, an endpoint or e-mail address to its host.
 * False, and o as it was, where there is nothing above. */
bool ent_observable_widen(struct ent_observable *o);

/*
 * The byte string that stands for an observable in matches: its type's name, ':', its canonical
 * text. An IPv4 address and a name that looks like one can never collide. At most ENT_OBS_KEY_MAX.
 */
#define ENT_OBS_KEY_MAX (ENT_OBS_MAX + 16)
size_t ent_observable_key(uint8_t ret[static ENT_OBS_KEY_MAX], const struct ent_observable *o);

/* Defanged text back to its working form ("hxxp://evil[.]example" to "http://evil.example"), also
 * without zero-width characters, surrounding brackets, quotes and trailing punctuation. ret has cap
 * bytes and gets a NUL that *ret_n does not count; ENT_E_LIMIT when it does not fit or is wrapped
 * in more than 16 brackets. The result refangs to itself. */
ENT_MUST_USE enum ent_err ent_refang(char *ret, size_t *ret_n, size_t cap, struct ent_slice s);

#include "intel/fields.h"
#include "intel/out.h"
#include "intel/taxii_serve.h"

#endif
