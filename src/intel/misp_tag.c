/*
 * misp_tag.c: what the machine tags of MISP's taxonomies and galaxies say: how far something may be
 * passed on, how sure its author is, and whose it is. What is not of the first two kinds is a
 * label.
 */
#include "base/base.h"
#include "intel/feed.h"
#include "intel/misp.h"
#include "intel/parse.h"

#define TAG_MAX 512 /* bytes that are read of one */

/* table. STIX 2.1, appendix A gives the numbers for the Admiralty scale and for ICD 203's words,
 * MISP's own taxonomy those of misp:confidence-level. Words for "cannot be judged" are missing:
 * they say nothing. */
static const struct {
    const char *predicate, *value;
    int confidence;
} sure[] = {
    {"admiralty-scale:information-credibility", "1", 90},
    {"admiralty-scale:information-credibility", "2", 70},
    {"admiralty-scale:information-credibility", "3", 50},
    {"admiralty-scale:information-credibility", "4", 30},
    {"admiralty-scale:information-credibility", "5", 10},
    {"estimative-language:likelihood-probability", "almost-no-chance", 5},
    {"estimative-language:likelihood-probability", "very-unlikely", 15},
    {"estimative-language:likelihood-probability", "unlikely", 30},
    {"estimative-language:likelihood-probability", "roughly-even-chance", 50},
    {"estimative-language:likelihood-probability", "likely", 70},
    {"estimative-language:likelihood-probability", "very-likely", 85},
    {"estimative-language:likelihood-probability", "almost-certain", 95},
    {"misp:confidence-level", "completely-confident", 100},
    {"misp:confidence-level", "usually-confident", 75},
    {"misp:confidence-level", "fairly-confident", 50},
    {"misp:confidence-level", "rarely-confident", 25},
    {"misp:confidence-level", "unconfident", 0},
};

/* table. Galaxies of actors and of malware; those of techniques and countermeasures would only make
 * the text long. */
static const char *const galaxies[] = {
    "android",
    "backdoor",
    "banker",
    "botnet",
    "cryptominers",
    "exploit-kit",
    "malpedia",
    "microsoft-activity-group",
    "mitre-enterprise-attack-intrusion-set",
    "mitre-enterprise-attack-malware",
    "mitre-intrusion-set",
    "mitre-malware",
    "mitre-tool",
    "ransomware",
    "rat",
    "stealer",
    "tds",
    "threat-actor",
    "tool",
};

void ent_misp_tags_init(struct ent_misp_tags *t)
{
    t->tlp = (enum ent_tlp)0;
    t->confidence = -1;
    t->n_names = 0;
    t->labels.count = t->labels.n = 0;
}

/* predicate="value", the quotes perhaps missing. */
static bool split(struct ent_slice tag, struct ent_slice *ret_predicate,
                  struct ent_slice *ret_value)
{
    const uint8_t *equals = tag.n == 0 ? NULL : memchr(tag.p, '=', tag.n);
    if (equals == NULL)
        return false;
    size_t at = (size_t)(equals - tag.p);
    struct ent_slice value = ent_slice_from(tag, at + 1);
    if (value.n >= 2 && value.p[0] == '"' && value.p[value.n - 1] == '"')
        value = ent_slice(value.p + 1, value.n - 2);
    *ret_predicate = ent_slice(tag.p, at);
    *ret_value = value;
    return true;
}

static void add_name(struct ent_misp_tags *t, struct ent_slice name)
{
    size_t comma = t->n_names > 0 ? 2 : 0;
    if (name.n == 0 || name.n + comma > sizeof(t->names) - t->n_names ||
        memmem(t->names, t->n_names, name.p, name.n) != NULL)
        return;
    memcpy(t->names + t->n_names, ", ", comma);
    memcpy(t->names + t->n_names + comma, name.p, name.n);
    t->n_names += comma + name.n;
}

static void add_confidence(struct ent_misp_tags *t, uint64_t confidence)
{
    if (t->confidence < 0 || confidence < (uint64_t)t->confidence)
        t->confidence = (int)confidence;
}

static bool is_tlp(struct ent_slice tag)
{
    return tag.n >= 4 && ent_slice_ieq(ent_slice(tag.p, 4), ENT_SLICE_LIT("tlp:"));
}

/* Whether it says how sure somebody is, and to *t how sure, where that is understood. */
static bool add_sure(struct ent_misp_tags *t, struct ent_slice predicate, struct ent_slice value)
{
    uint64_t number;
    bool ours = ent_slice_eq(predicate, ENT_SLICE_LIT("osint:certainty"));
    if (ours && ent_parse_u64(&number, value, 100) == ENT_OK)
        add_confidence(t, number);
    for (size_t i = 0; i < sizeof(sure) / sizeof(sure[0]); i++) {
        if (!ent_slice_eq(predicate, ent_slice_str(sure[i].predicate)))
            continue;
        ours = true;
        if (ent_slice_eq(value, ent_slice_str(sure[i].value)))
            add_confidence(t, (uint64_t)sure[i].confidence);
    }
    return ours;
}

static void add_galaxy(struct ent_misp_tags *t, struct ent_slice predicate, struct ent_slice value)
{
    static const struct ent_slice galaxy = ENT_SLICE_LIT("misp-galaxy:");
    if (!ent_slice_starts(predicate, galaxy))
        return;
    predicate = ent_slice_from(predicate, galaxy.n);
    for (size_t i = 0; i < sizeof(galaxies) / sizeof(galaxies[0]); i++)
        if (ent_slice_eq(predicate, ent_slice_str(galaxies[i])))
            add_name(t, value);
}

bool ent_misp_tag_is_label(struct ent_slice tag)
{
    struct ent_misp_tags ignored;
    struct ent_slice predicate, value;
    ent_misp_tags_init(&ignored);
    return !is_tlp(tag) &&
           !(split(tag, &predicate, &value) && add_sure(&ignored, predicate, value));
}

void ent_misp_tags_add(struct ent_misp_tags *t, struct ent_slice tag)
{
    char clean[TAG_MAX];
    struct ent_slice predicate, value;
    enum ent_tlp tlp = ENT_TLP_RED; /* tlp:ex:chr, tlp:unclear, a slip of the pen: not understood */
    tag = ent_slice(clean, ent_clean_text(clean, sizeof(clean), tag));
    if (is_tlp(tag)) {
        if (ent_tlp_parse(&tlp, tag) != ENT_OK)
            tlp = ENT_TLP_RED;
        if (tlp > t->tlp)
            t->tlp = tlp;
        return;
    }
    if (split(tag, &predicate, &value)) {
        if (add_sure(t, predicate, value))
            return;
        add_galaxy(t, predicate, value);
    }
    (void)ent_labels_add(&t->labels, tag);
}
