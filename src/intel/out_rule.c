/*
 * out_rule.c: rules that hold many values, for formats whose rules begin with what is true of all
 * of them: how many there are, how they are marked. So a rule waits in memory until it is full.
 */
#include "base/base.h"
#include "intel/out_parts.h"

#define BYTES (64u << 10) /* in both texts, so that two copies of them fit in what is handed on */

void ent_out_rule_init(struct ent_out *o)
{
    for (size_t i = 0; i < 2; i++)
        ent_buf_init(&o->rule.text[i], BYTES + 4 * ENT_OBS_MAX);
}

bool ent_out_rule_takes(const struct ent_out *o, enum ent_obs_type type, uint64_t most)
{
    const struct ent_out_rule *u = &o->rule;
    return u->type == type && u->values < most && u->text[0].n + u->text[1].n < BYTES;
}

/* FNV-1a. Who makes two names collide makes a number in a description one too small. */
static uint64_t number_of(struct ent_slice s)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (size_t i = 0; i < s.n; i++)
        h = (h ^ s.p[i]) * 0x100000001b3u;
    return h;
}

void ent_out_rule_add(struct ent_out *o, enum ent_obs_type type, const struct ent_out_item *item)
{
    struct ent_out_rule *u = &o->rule;
    uint64_t source = number_of(item->source), i = 0;
    if (u->values++ == 0) {
        u->type = type;
        u->number[u->type]++;
        u->first = item->first;
        u->last = item->last;
    }
    u->first = item->first < u->first ? item->first : u->first;
    u->last = item->last > u->last ? item->last : u->last;
    if (item->ind->tlp > u->narrowest)
        u->narrowest = item->ind->tlp;
    while (i < u->sources && u->source[i] != source)
        i++;
    if (i == u->sources && i < ENT_OUT_RULE_MOST)
        u->source[u->sources++] = source;
}

/* What was chosen is a part of it, so that two exports of different things can be loaded together;
 * what is in the rule is not, so that the next export replaces it. */
enum ent_err ent_out_rule_id(struct ent_uuid16 *ret, const struct ent_out *o, const char *what)
{
    struct ent_uuid16 self;
    char number[24];
    enum ent_err r = ent_out_self(&self, o);
    (void)snprintf(number, sizeof(number), "%llu",
                   (unsigned long long)o->rule.number[o->rule.type]);
    const struct ent_slice parts[] = {
        ent_slice_str(what), o->opts.choice,
        o->opts.door == 0 ? ENT_SLICE_LIT("") : ent_slice_str(ent_tlp_name(o->opts.door)),
        ent_slice_str(ent_obs_type_name(o->rule.type)), ent_slice_str(number)};
    return r == ENT_OK ? ent_uuid_of(ret, &self, parts, sizeof(parts) / sizeof(parts[0])) : r;
}

void ent_out_rule_clear(struct ent_out *o)
{
    struct ent_out_rule *u = &o->rule;
    u->type = 0;
    u->values = u->sources = 0;
    u->narrowest = 0;
    for (size_t i = 0; i < 2; i++)
        ent_buf_clear(&u->text[i]);
}

void ent_out_day(char ret[static ENT_OUT_DAY], int64_t t)
{
    char text[ENT_TIME_TEXT];
    ent_time_format(text, t);
    (void)snprintf(ret, ENT_OUT_DAY, "%.10s", strlen(text) < 10 ? "1970-01-01" : text);
}
