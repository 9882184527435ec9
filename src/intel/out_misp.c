/*
 * out_misp.c: a MISP event, one attribute for each observable, marked and rated by tags of MISP's
 * taxonomies. Attributes have the same UUIDs as our STIX indicators. `distribution` is 0: whether
 * others may have it is for whoever imports it to decide, within the tags.
 */
#include "base/base.h"
#include "intel/out_parts.h"

/* table */
static const struct {
    const char *type, *category;
} types[ENT_OBS_TYPES] = {
    [ENT_OBS_IPV4] = {"ip-dst", "Network activity"},
    [ENT_OBS_IPV6] = {"ip-dst", "Network activity"},
    [ENT_OBS_NET4] = {"ip-dst", "Network activity"},
    [ENT_OBS_NET6] = {"ip-dst", "Network activity"},
    [ENT_OBS_ENDPOINT] = {"ip-dst|port", "Network activity"},
    [ENT_OBS_DOMAIN] = {"domain", "Network activity"},
    [ENT_OBS_URL] = {"url", "Network activity"},
    [ENT_OBS_EMAIL] = {"email-src", "Payload delivery"},
    [ENT_OBS_MD5] = {"md5", "Payload delivery"},
    [ENT_OBS_SHA1] = {"sha1", "Payload delivery"},
    [ENT_OBS_SHA256] = {"sha256", "Payload delivery"},
    [ENT_OBS_SHA512] = {"sha512", "Payload delivery"},
};

/* MISP writes numbers as strings. */
static void put_number(struct ent_json *j, const char *key, int64_t v)
{
    char text[32];
    (void)snprintf(text, sizeof(text), "%lld", (long long)v);
    ent_json_cstr(j, key, text);
}

static void put_uuid(struct ent_json *j, const struct ent_uuid16 *u)
{
    char text[ENT_UUID_TEXT];
    ent_uuid_text(text, u);
    ent_json_cstr(j, "uuid", text);
}

enum ent_err ent_out_misp_start(struct ent_out *o)
{
    char now[ENT_TIME_TEXT], info[ENT_OUT_TEXT + 32], author[ENT_OUT_TEXT];
    struct ent_uuid16 self, event;
    struct ent_json j;
    enum ent_err r = ent_out_self(&self, o);
    ent_time_format(now, o->opts.now);
    const struct ent_slice parts[] = {ENT_SLICE_LIT("event"), ent_slice_str(now)};
    if (r != ENT_OK || (r = ent_uuid_of(&event, &self, parts, 2)) != ENT_OK)
        return r;
    (void)snprintf(info, sizeof(info), "What %s knows", ent_out_text(author, o->opts.author));
    ent_json_start(&j, &o->b[0]);
    ent_json_obj(&j, NULL);
    ent_json_obj(&j, "Event");
    put_uuid(&j, &event);
    ent_json_cstr(&j, "info", info);
    ent_json_str(&j, "date", ent_slice(now, 10));
    put_number(&j, "timestamp", o->opts.now);
    ent_json_bool(&j, "published", false);
    ent_json_cstr(&j, "threat_level_id", "4"); /* undefined */
    ent_json_cstr(&j, "analysis", "2");        /* complete */
    ent_json_cstr(&j, "distribution", "0");    /* this organisation alone */
    ent_json_obj(&j, "Orgc");
    ent_json_cstr(&j, "name", author);
    put_uuid(&j, &self);
    ent_json_obj_end(&j);
    ent_json_obj_end(&j);
    ent_json_obj_end(&j);
    if ((r = ent_json_end(&j)) != ENT_OK)
        return r;
    o->b[0].n -= strlen("}}"); /* ent_out_misp_end() closes them */
    return ent_buf_puts(&o->b[0], ",\"Attribute\":[\n");
}

static void put_tag(struct ent_json *j, struct ent_slice name)
{
    ent_json_obj(j, NULL);
    ent_json_str(j, "name", name);
    ent_json_obj_end(j);
}

const char *ent_out_misp_tlp(char ret[static ENT_OUT_MISP_TLP], enum ent_tlp t)
{
    const char *name = ent_tlp_name(t);
    size_t n = strlen(name);
    for (size_t i = 0; i <= n; i++) /* with the NUL */
        ret[i] = (char)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] | 0x20 : name[i]);
    return ret;
}

static void put_tags(struct ent_json *j, const struct ent_indicator *ind)
{
    char tlp[ENT_OUT_MISP_TLP], tag[48];
    struct ent_slice labels = ind->labels;
    ent_json_arr(j, "Tag");
    put_tag(j, ent_slice_str(ent_out_misp_tlp(tlp, ind->tlp)));
    if (ind->confidence >= 0) {
        (void)snprintf(tag, sizeof(tag), "osint:certainty=\"%d\"", ind->confidence);
        put_tag(j, ent_slice_str(tag));
    }
    while (labels.n > 0)
        put_tag(j, ent_labels_next(&labels));
    ent_json_arr_end(j);
}

/* "[2001:db8::1]:443" is "2001:db8::1|443". */
struct ent_slice ent_out_misp_value(char ret[static ENT_OUT_MISP_VALUE],
                                    const struct ent_observable *o)
{
    struct ent_observable host;
    if (o->type != ENT_OBS_ENDPOINT || !ent_observable_host(&host, o))
        return ent_slice(o->text, o->n);
    int n = snprintf(ret, ENT_OUT_MISP_VALUE, "%s|%s", host.text, strrchr(o->text, ':') + 1);
    return ent_slice(ret, (size_t)n);
}

enum ent_err ent_out_misp_attribute(struct ent_out *o, unsigned file,
                                    const struct ent_out_item *item)
{
    const struct ent_indicator *ind = item->ind;
    char value[ENT_OUT_MISP_VALUE];
    char words[ENT_OUT_WORDS], source[ENT_OUT_TEXT], comment[ENT_OUT_TEXT + ENT_OUT_WORDS + 8];
    char seen[ENT_TIME_TEXT];
    struct ent_uuid16 self, id;
    struct ent_json j;
    enum ent_err r = o->n++ == 0 ? ENT_OK : ent_buf_puts(&o->b[file], ",\n");
    if (r != ENT_OK || (r = ent_out_self(&self, o)) != ENT_OK ||
        (r = ent_out_id(&id, &self, item)) != ENT_OK)
        return r;
    (void)ent_out_words(words, ind);
    (void)snprintf(comment, sizeof(comment), "%s%s%s", ent_out_text(source, item->source),
                   *words == '\0' ? "" : ": ", words);
    ent_json_start(&j, &o->b[file]);
    ent_json_obj(&j, NULL);
    put_uuid(&j, &id);
    ent_json_cstr(&j, "type", types[ind->obs.type].type);
    ent_json_cstr(&j, "category", types[ind->obs.type].category);
    ent_json_str(&j, "value", ent_out_misp_value(value, &ind->obs));
    ent_json_bool(&j, "to_ids", true);
    put_number(&j, "timestamp", item->last);
    if (ind->valid_from != 0) {
        ent_time_format(seen, ind->valid_from);
        ent_json_cstr(&j, "first_seen", seen);
    }
    ent_json_cstr(&j, "comment", comment);
    ent_json_cstr(&j, "distribution", "5"); /* as the event */
    put_tags(&j, ind);
    ent_json_obj_end(&j);
    return ent_json_end(&j);
}

enum ent_err ent_out_misp_put(struct ent_out *o, const struct ent_out_item *item)
{
    return ent_out_misp_attribute(o, 0, item);
}

enum ent_err ent_out_misp_end(struct ent_out *o)
{
    return ent_buf_puts(&o->b[0], "\n]}}\n");
}
