/*
 * out_parts.h: what the writers of all formats share. Each has a file out_FORMAT.c with three
 * functions, and a row in out.c.
 */
#ifndef ENT_INTEL_OUT_PARTS_H
#define ENT_INTEL_OUT_PARTS_H

#include "intel/intel.h"
#include "intel/uuid.h"

/* A rule of many values that is not written yet, see out_rule.c. */
#define ENT_OUT_RULE_MOST 1000 /* values */
struct ent_out_rule {
    enum ent_obs_type type; /* stands for the kind of all its values; 0: there is none */
    uint64_t values, sources;
    int64_t first, last; /* import of any */
    enum ent_tlp narrowest;
    struct ent_buf text[2];         /* what the writer made of the values */
    uint64_t number[ENT_OBS_TYPES]; /* of the last rule of this type; the first is 1 */
    uint64_t source[ENT_OUT_RULE_MOST];
};

struct ent_out {
    const struct ent_out_writer *writer;
    struct ent_out_opts opts;
    struct ent_out_sink sink;
    struct ent_buf b[ENT_OUT_FILES]; /* what was not handed to the sink yet */
    uint64_t written[ENT_OBS_TYPES], lost[ENT_OBS_TYPES];
    /* ---- for writers: 0 at the start */
    uint64_t n, group;
    enum ent_tlp narrowest;
    struct ent_out_rule rule;
    struct ent_out_feed *feed; /* of misp-feed; freed with the rest */
};

struct ent_out_writer {
    struct ent_out_format format;
    enum ent_err (*start)(struct ent_out *o); /* or NULL */
    /* ENT_E_UNSUPPORTED for what the format cannot carry: then what it has written is dropped. */
    enum ent_err (*put)(struct ent_out *o, const struct ent_out_item *item);
    enum ent_err (*end)(struct ent_out *o); /* or NULL */
    enum ent_err (*object)(struct ent_out *o, struct ent_slice id, struct ent_slice bytes);
};

#define ENT_OUT_ADDRESSES (ENT_OBS_BIT(ENT_OBS_IPV4) | ENT_OBS_BIT(ENT_OBS_IPV6))
#define ENT_OUT_NETS      (ENT_OBS_BIT(ENT_OBS_NET4) | ENT_OBS_BIT(ENT_OBS_NET6))
#define ENT_OUT_HASHES                                                                             \
    (ENT_OBS_BIT(ENT_OBS_MD5) | ENT_OBS_BIT(ENT_OBS_SHA1) | ENT_OBS_BIT(ENT_OBS_SHA256) |          \
     ENT_OBS_BIT(ENT_OBS_SHA512))

/* One line of UTF-8 without control characters, whatever came; NUL-terminated. */
#define ENT_OUT_TEXT 516
const char *ent_out_text(char ret[static ENT_OUT_TEXT], struct ent_slice s);

/* "kind: text", or what there is of the two. */
#define ENT_OUT_WORDS (ENT_INDICATOR_KIND + ENT_INDICATOR_TEXT + 4)
const char *ent_out_words(char ret[static ENT_OUT_WORDS], const struct ent_indicator *ind);

/* A line that says whose this is, when it was made and whom it may reach. */
ENT_MUST_USE enum ent_err ent_out_head(struct ent_out *o, unsigned file, const char *comment);

/* All that a file has so far goes to the sink. */
ENT_MUST_USE enum ent_err ent_out_flush(struct ent_out *o, unsigned file);

/* Who publishes (a member that gets another name is another identity, because an object must not
 * change under its id), and what he says about one observable. */
ENT_MUST_USE enum ent_err ent_out_self(struct ent_uuid16 *ret, const struct ent_out *o);
ENT_MUST_USE enum ent_err ent_out_id(struct ent_uuid16 *ret, const struct ent_uuid16 *self,
                                     const struct ent_out_item *item);

/* The writer calls init once. Before it adds a value it asks whether the rule takes it, at most so
 * many of one type, and ends the rule if not: writes it, then clears it. */
void ent_out_rule_init(struct ent_out *o);
bool ent_out_rule_takes(const struct ent_out *o, enum ent_obs_type type, uint64_t most);
void ent_out_rule_add(struct ent_out *o, enum ent_obs_type type, const struct ent_out_item *item);
void ent_out_rule_clear(struct ent_out *o);
/* The same in the next export; what tells it from other rules about these values. */
ENT_MUST_USE enum ent_err ent_out_rule_id(struct ent_uuid16 *ret, const struct ent_out *o,
                                          const char *what);

/* "2018-08-20" */
#define ENT_OUT_DAY 11
void ent_out_day(char ret[static ENT_OUT_DAY], int64_t t);

/* --- one writer a format ---------------------------------------------------------------------- */

ENT_MUST_USE enum ent_err ent_out_csv_start(struct ent_out *o);
ENT_MUST_USE enum ent_err ent_out_csv_put(struct ent_out *o, const struct ent_out_item *item);

ENT_MUST_USE enum ent_err ent_out_zeek_start(struct ent_out *o);
ENT_MUST_USE enum ent_err ent_out_zeek_put(struct ent_out *o, const struct ent_out_item *item);

ENT_MUST_USE enum ent_err ent_out_rpz_start(struct ent_out *o);
ENT_MUST_USE enum ent_err ent_out_rpz_put(struct ent_out *o, const struct ent_out_item *item);

extern const uint32_t ent_out_nft_passes[];
ENT_MUST_USE enum ent_err ent_out_nft_start(struct ent_out *o);
ENT_MUST_USE enum ent_err ent_out_nft_put(struct ent_out *o, const struct ent_out_item *item);
ENT_MUST_USE enum ent_err ent_out_nft_end(struct ent_out *o);

ENT_MUST_USE enum ent_err ent_out_stix_start(struct ent_out *o);
ENT_MUST_USE enum ent_err ent_out_stix_put(struct ent_out *o, const struct ent_out_item *item);
ENT_MUST_USE enum ent_err ent_out_stix_end(struct ent_out *o);
ENT_MUST_USE enum ent_err ent_out_stix_object(struct ent_out *o, struct ent_slice id,
                                              struct ent_slice bytes);

ENT_MUST_USE enum ent_err ent_out_misp_start(struct ent_out *o);
ENT_MUST_USE enum ent_err ent_out_misp_put(struct ent_out *o, const struct ent_out_item *item);
ENT_MUST_USE enum ent_err ent_out_misp_end(struct ent_out *o);
/* One attribute, with a comma in front unless o->n is 0; its value as MISP writes it; a mark. */
ENT_MUST_USE enum ent_err ent_out_misp_attribute(struct ent_out *o, unsigned file,
                                                 const struct ent_out_item *item);
#define ENT_OUT_MISP_VALUE (ENT_OBS_MAX + 2)
struct ent_slice ent_out_misp_value(char ret[static ENT_OUT_MISP_VALUE],
                                    const struct ent_observable *o);
#define ENT_OUT_MISP_TLP 32
const char *ent_out_misp_tlp(char ret[static ENT_OUT_MISP_TLP], enum ent_tlp t);

ENT_MUST_USE enum ent_err ent_out_misp_feed_start(struct ent_out *o);
ENT_MUST_USE enum ent_err ent_out_misp_feed_put(struct ent_out *o, const struct ent_out_item *item);
ENT_MUST_USE enum ent_err ent_out_misp_feed_end(struct ent_out *o);
extern const char *const ent_out_misp_feed_files[];

extern const char *const ent_out_suricata_files[];
ENT_MUST_USE enum ent_err ent_out_suricata_start(struct ent_out *o);
ENT_MUST_USE enum ent_err ent_out_suricata_put(struct ent_out *o, const struct ent_out_item *item);
ENT_MUST_USE enum ent_err ent_out_suricata_end(struct ent_out *o);

extern const uint32_t ent_out_sigma_passes[];
ENT_MUST_USE enum ent_err ent_out_sigma_start(struct ent_out *o);
ENT_MUST_USE enum ent_err ent_out_sigma_put(struct ent_out *o, const struct ent_out_item *item);
ENT_MUST_USE enum ent_err ent_out_sigma_end(struct ent_out *o);

extern const uint32_t ent_out_yara_passes[];
ENT_MUST_USE enum ent_err ent_out_yara_start(struct ent_out *o);
ENT_MUST_USE enum ent_err ent_out_yara_put(struct ent_out *o, const struct ent_out_item *item);
ENT_MUST_USE enum ent_err ent_out_yara_end(struct ent_out *o);

#endif
