/*
 * suricata.c: Suricata's datasets of strings, one in base64 a line, and its reputation lists
 * (datarep), "value,0..65535", of which the values are of any kind. Datasets of hashes and of
 * addresses are plain lists.
 */
#include "base/base.h"
#include "intel/feed.h"
#include "intel/parse.h"

#define REPUTATION_MAX 65535

bool ent_suricata_string(char *ret, size_t *ret_n, size_t cap, struct ent_slice row)
{
    return row.n > 0 && ent_base64_decode(ret, ret_n, cap, row) == ENT_OK && *ret_n > 0;
}

static enum ent_err take_line(void *ctx, uint64_t line, struct ent_slice raw)
{
    char text[ENT_OBS_MAX];
    struct ent_feed *f = ctx;
    struct ent_observable o;
    struct ent_slice row = ent_slice_trim(raw), left = row;
    struct ent_slice value = ent_slice_trim(ent_slice_until(&left, ','));
    uint64_t reputation;
    size_t n = 0;
    if (row.n == 0 || row.p[0] == '#')
        return ENT_OK;
    if (value.n < row.n &&
        ent_parse_u64(&reputation, ent_slice_trim(left), REPUTATION_MAX) != ENT_OK)
        return ent_feed_skip(f, line, "a reputation is a number from 0 to 65535", row);
    ent_feed_reset(f);
    /* A hash in hexadecimal is base64, too. */
    if (ent_observable_parse(&o, NULL, value) == ENT_OK)
        return ent_feed_value(f, line, (enum ent_obs_type)0, value);
    if (!ent_suricata_string(text, &n, sizeof(text), value))
        return ent_feed_skip(f, line, "neither base64 nor a value", row);
    return ent_feed_value(f, line, (enum ent_obs_type)0, ent_slice(text, n));
}

enum ent_err ent_suricata_read(struct ent_feed *f)
{
    enum ent_err r = ent_feed_rows(f, take_line, f);
    if (r == ENT_OK && f->skipped > 0 && f->taken == 0)
        return ent_fail(f->d, ENT_E_FORMAT, "no line holds a value that is read here", 1,
                        f->offset);
    return r;
}
