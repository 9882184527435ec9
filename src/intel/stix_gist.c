/* stix_gist.c: see stix_gist.h. */
#include "base/base.h"
#include "intel/stix_gist.h"

#include "intel/intel.h"
#include "intel/parse.h"

#define LINES 6 /* before the observables */

/* --- as text ------------------------------------------------------------------------------------
 */

static const struct ent_slice version_20 = ENT_SLICE_LIT("2.0");

enum ent_err ent_stix_gist_encode(struct ent_buf *b, const struct ent_stix_gist *g)
{
    char hex[2 * sizeof(g->said32) + 1];
    ent_hex_encode(hex, g->said32, sizeof(g->said32));
    const struct ent_slice lines[LINES] = {ent_slice(hex, sizeof(hex) - 1),
                                           g->is_20 ? version_20 : ent_slice(NULL, 0),
                                           g->creator,
                                           g->created,
                                           g->name,
                                           g->relation};
    enum ent_err r = ENT_OK;
    for (size_t i = 0; i < LINES && r == ENT_OK; i++)
        if ((r = ent_buf_put_slice(b, lines[i])) == ENT_OK)
            r = ent_buf_putc(b, '\n');
    return r == ENT_OK ? ent_buf_put_slice(b, g->names) : r;
}

static bool is_line(struct ent_slice s, size_t most)
{
    bool ok = s.n <= most && ent_utf8_valid(s, NULL);
    for (size_t i = 0; i < s.n && ok; i++)
        ok = s.p[i] >= 0x20 && s.p[i] != 0x7F;
    return ok;
}

static enum ent_obs_type type_of(struct ent_slice name)
{
    for (int t = 1; t < ENT_OBS_TYPES; t++)
        if (ent_slice_eq(name, ent_slice_str(ent_obs_type_name((enum ent_obs_type)t))))
            return (enum ent_obs_type)t;
    return (enum ent_obs_type)0;
}

bool ent_stix_names_next(enum ent_obs_type *ret_type, struct ent_slice *ret_value,
                         struct ent_slice *rest)
{
    struct ent_cur c = ent_cur(*rest);
    struct ent_slice line;
    const uint8_t *colon;
    if (ent_cur_line(&c, &line) != ENT_OK || line.n == 0 ||
        (colon = memchr(line.p, ':', line.n)) == NULL)
        return false;
    size_t at = (size_t)(colon - line.p);
    *ret_type = type_of(ent_slice(line.p, at));
    *ret_value = ent_slice_from(line, at + 1);
    *rest = ent_slice(c.p, c.n);
    return *ret_type != 0;
}

bool ent_stix_names_have(struct ent_slice names, enum ent_obs_type type, struct ent_slice value)
{
    enum ent_obs_type t;
    struct ent_slice v;
    while (ent_stix_names_next(&t, &v, &names))
        if (t == type && ent_slice_eq(v, value))
            return true;
    return false;
}

enum ent_err ent_stix_names_add(struct ent_buf *names, const struct ent_observable *o)
{
    uint8_t key[ENT_OBS_KEY_MAX];
    enum ent_err r = ent_buf_put(names, key, ent_observable_key(key, o));
    return r == ENT_OK ? ent_buf_putc(names, '\n') : r;
}

static bool are_names(struct ent_slice names)
{
    enum ent_obs_type type;
    struct ent_slice value;
    while (names.n > 0)
        if (!ent_stix_names_next(&type, &value, &names) || value.n == 0 ||
            !is_line(value, ENT_OBS_MAX))
            return false;
    return true;
}

enum ent_err ent_stix_gist_parse(struct ent_stix_gist *ret, struct ent_slice bytes)
{
    struct ent_cur c = ent_cur(bytes);
    struct ent_slice line[LINES];
    struct ent_stix_gist g;
    char hex[2 * sizeof(g.said32) + 1];
    for (size_t i = 0; i < LINES; i++)
        if (ent_cur_line(&c, &line[i]) != ENT_OK)
            return ENT_E_FORMAT;
    g = (struct ent_stix_gist){.is_20 = line[1].n > 0,
                               .creator = line[2],
                               .created = line[3],
                               .name = line[4],
                               .relation = line[5],
                               .names = ent_slice(c.p, c.n)};
    if (ent_hex_decode(g.said32, sizeof(g.said32), line[0]) != ENT_OK)
        return ENT_E_FORMAT;
    ent_hex_encode(hex, g.said32, sizeof(g.said32));
    if (!ent_slice_eq(line[0], ent_slice_str(hex)) ||
        (g.is_20 && !ent_slice_eq(line[1], version_20)) ||
        (g.creator.n > 0 && !ent_is_stix_id(g.creator)) ||
        !is_line(g.created, ENT_STIX_VERSION - 1) || !is_line(g.name, ENT_STIX_NAME - 1) ||
        !is_line(g.relation, ENT_STIX_RELATION - 1) || !are_names(g.names))
        return ENT_E_FORMAT;
    *ret = g;
    return ENT_OK;
}
