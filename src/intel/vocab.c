/* vocab.c: the names of markings and formats. */
#include "base/base.h"
#include "intel/intel.h"

const char *ent_tlp_name(enum ent_tlp t)
{
    switch (t) {
    case ENT_TLP_CLEAR:
        return "TLP:CLEAR";
    case ENT_TLP_GREEN:
        return "TLP:GREEN";
    case ENT_TLP_AMBER:
        return "TLP:AMBER";
    case ENT_TLP_AMBER_STRICT:
        return "TLP:AMBER+STRICT";
    case ENT_TLP_RED:
        return "TLP:RED";
    }
    return "TLP:?";
}

enum ent_err ent_tlp_parse(enum ent_tlp *ret, struct ent_slice s)
{
    static const struct {
        const char *name;
        enum ent_tlp tlp;
    } names[] = {{"clear", ENT_TLP_CLEAR},
                 {"white", ENT_TLP_CLEAR},
                 {"green", ENT_TLP_GREEN},
                 {"amber", ENT_TLP_AMBER},
                 {"amber+strict", ENT_TLP_AMBER_STRICT},
                 {"red", ENT_TLP_RED}};
    s = ent_slice_trim(s);
    if (s.n > 4 && ent_slice_ieq(ent_slice(s.p, 4), ENT_SLICE_LIT("tlp:")))
        s = ent_slice(s.p + 4, s.n - 4);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (ent_slice_ieq(s, ent_slice_str(names[i].name))) {
            *ret = names[i].tlp;
            return ENT_OK;
        }
    return ENT_E_FORMAT;
}

bool ent_tlp_may_pass(enum ent_tlp mark, enum ent_tlp door)
{
    return mark >= ENT_TLP_CLEAR && door <= ENT_TLP_RED && mark <= door;
}

bool ent_claim_may_pass(enum ent_tlp mark, bool held, enum ent_tlp door)
{
    return door == 0 ? ent_tlp_may_pass(mark, ENT_TLP_RED) : !held && ent_tlp_may_pass(mark, door);
}

static const char *const formats[] = {
    [ENT_FORMAT_AUTO] = "auto",          [ENT_FORMAT_LIST] = "list",
    [ENT_FORMAT_USCERT] = "us-cert-csv", [ENT_FORMAT_STIX] = "stix",
    [ENT_FORMAT_MISP] = "misp",          [ENT_FORMAT_ZEEK] = "zeek",
    [ENT_FORMAT_HOSTS] = "hosts",        [ENT_FORMAT_PROSE] = "prose",
    [ENT_FORMAT_TABLE] = "csv",          [ENT_FORMAT_RPZ] = "rpz",
    [ENT_FORMAT_SURICATA] = "suricata",  [ENT_FORMAT_OPENIOC] = "openioc",
};
#define N_FORMATS (sizeof(formats) / sizeof(formats[0]))

const char *ent_format_name(enum ent_format f)
{
    return (unsigned)f < N_FORMATS ? formats[f] : "?";
}

enum ent_err ent_format_parse(enum ent_format *ret, struct ent_slice name)
{
    for (unsigned f = ENT_FORMAT_AUTO; f < N_FORMATS; f++)
        if (ent_slice_eq(name, ent_slice_str(formats[f]))) {
            *ret = (enum ent_format)f;
            return ENT_OK;
        }
    return ENT_E_FORMAT;
}
