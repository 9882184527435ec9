/*
 * out_stix.c: a STIX 2.1 bundle: who publishes it, the TLP 2.0 markings that it uses, and one
 * indicator for each observable.
 *
 * Ids are made from names, so that the same claim has the same id in every export, and two members
 * who publish the same claim do not share one: a version belongs to its creator alone. The original
 * source, and its id, stand in external_references.
 */
#include "base/base.h"
#include "intel/feed.h"
#include "intel/out_parts.h"
#include "intel/parse.h"
#include "intel/uuid.h"

#define PATTERN_MOST (2 * ENT_OBS_MAX + 256)
#define COUNT_MOST   UINT64_C(999999999) /* STIX 2.1 section 5.2 */
#define TLP_2        "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d"

/* The namespace that all our ids come from. */
static const struct ent_uuid16 space = {{0x5b, 0x0e, 0x1d, 0x3c, 0x8a, 0x47, 0x4f, 0x92, 0xb6, 0x6d,
                                         0xe1, 0x74, 0x0c, 0x95, 0x2a, 0xd8}};

static enum ent_err publisher(struct ent_uuid16 *ret, const struct ent_out_opts *opts)
{
    const struct ent_slice parts[] = {opts->key, opts->author};
    return ent_uuid_of(ret, &space, parts, 2);
}

enum ent_err ent_out_publisher_id(struct ent_uuid16 *ret, const struct ent_out_opts *opts)
{
    return publisher(ret, opts);
}

enum ent_err ent_out_self(struct ent_uuid16 *ret, const struct ent_out *o)
{
    return publisher(ret, &o->opts);
}

enum ent_err ent_out_publisher(char ret[static ENT_UUID_TEXT], const struct ent_out_opts *opts)
{
    struct ent_uuid16 u;
    enum ent_err r = publisher(&u, opts);
    if (r == ENT_OK)
        ent_uuid_text(ret, &u);
    return r;
}

enum ent_err ent_out_indicator_id(struct ent_uuid16 *ret, const struct ent_uuid16 *publisher_id,
                                  const struct ent_observable *o, struct ent_slice source,
                                  struct ent_slice id)
{
    uint8_t key[ENT_OBS_KEY_MAX];
    const struct ent_slice parts[] = {source, id, ent_slice(key, ent_observable_key(key, o))};
    return ent_uuid_of(ret, publisher_id, parts, 3);
}

enum ent_err ent_out_id(struct ent_uuid16 *ret, const struct ent_uuid16 *self,
                        const struct ent_out_item *item)
{
    return ent_out_indicator_id(ret, self, &item->ind->obs, item->source, item->ind->id);
}

static void put_id(struct ent_json *j, const char *key, const char *type,
                   const struct ent_uuid16 *u)
{
    char id[64];
    const size_t n = strlen(type);
    ENT_ASSERT(n + 2 + ENT_UUID_TEXT <= sizeof(id));
    memcpy(id, type, n);
    memcpy(id + n, "--", 2);
    ent_uuid_text(id + n + 2, u);
    ent_json_cstr(j, key, id);
}

/* With milliseconds, as STIX 2.0 wanted them. */
static void put_ms(struct ent_json *j, const char *key, int64_t ms)
{
    char text[ENT_TIME_TEXT + 8];
    int64_t part = ms % 1000 < 0 ? ms % 1000 + 1000 : ms % 1000;
    ent_time_format(text, (ms - part) / 1000);
    const char end[] = {
        '.', (char)('0' + part / 100), (char)('0' + part / 10 % 10), (char)('0' + part % 10), 'Z',
        '\0'};
    memcpy(text + ENT_TIME_TEXT - 2, end, sizeof(end));
    ent_json_cstr(j, key, text);
}

static void put_time(struct ent_json *j, const char *key, int64_t t)
{
    put_ms(j, key, t * 1000);
}

/* --- the head --------------------------------------------------------------------------------- */

static void start_object(struct ent_json *j, struct ent_buf *b, const char *type)
{
    ent_json_start(j, b);
    ent_json_obj(j, NULL);
    ent_json_cstr(j, "type", type);
    ent_json_cstr(j, "spec_version", "2.1");
}

/* A comma between two objects of the bundle. */
static enum ent_err next_object(struct ent_out *o)
{
    return o->n++ == 0 ? ENT_OK : ent_buf_puts(&o->b[0], ",\n");
}

enum ent_err ent_out_publisher_object(struct ent_buf *b, const struct ent_uuid16 *publisher_id,
                                      struct ent_slice author)
{
    struct ent_json j;
    start_object(&j, b, "identity");
    put_id(&j, "id", "identity", publisher_id);
    ent_json_cstr(&j, "created", "2026-11-22T00:00:00.000Z"); /* never changes */
    ent_json_cstr(&j, "modified", "2026-11-22T00:00:00.000Z");
    ent_json_str(&j, "name", author);
    ent_json_cstr(&j, "identity_class", "organization");
    ent_json_obj_end(&j);
    return ent_json_end(&j);
}

const char *ent_out_marking_id(char ret[static ENT_OUT_MARKING_ID], enum ent_tlp t)
{
    static const char before[] = "marking-definition--";
    memcpy(ret, before, sizeof(before) - 1);
    memcpy(ret + sizeof(before) - 1, ent_stix_marking(t), ENT_UUID_TEXT);
    return ret;
}

enum ent_err ent_out_marking_object(struct ent_buf *b, enum ent_tlp t)
{
    char id[ENT_OUT_MARKING_ID], small[32];
    struct ent_json j;
    const char *name = ent_tlp_name(t);
    size_t n = strlen(name);
    start_object(&j, b, "marking-definition");
    ent_json_cstr(&j, "id", ent_out_marking_id(id, t));
    ent_json_cstr(&j, "created", "2022-10-01T00:00:00.000Z");
    ent_json_cstr(&j, "name", name);
    ent_json_obj(&j, "extensions");
    ent_json_obj(&j, TLP_2);
    ent_json_cstr(&j, "extension_type", "property-extension");
    for (size_t i = 4; i <= n; i++) /* behind "TLP:", with the NUL */
        small[i - 4] = (char)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] | 0x20 : name[i]);
    ent_json_cstr(&j, "tlp_2_0", small);
    ent_json_obj_end(&j);
    ent_json_obj_end(&j);
    ent_json_obj_end(&j);
    return ent_json_end(&j);
}

enum ent_err ent_out_stix_start(struct ent_out *o)
{
    enum ent_tlp door = o->opts.door == 0 ? ENT_TLP_RED : o->opts.door;
    struct ent_uuid16 self, bundle;
    char now[ENT_TIME_TEXT], uuid[ENT_UUID_TEXT];
    enum ent_err r = ent_out_self(&self, o);
    ent_time_format(now, o->opts.now);
    const struct ent_slice parts[] = {ENT_SLICE_LIT("bundle"), ent_slice_str(now),
                                      ent_slice_str(ent_tlp_name(door))};
    if (r != ENT_OK || (r = ent_uuid_of(&bundle, &self, parts, 3)) != ENT_OK)
        return r;
    ent_uuid_text(uuid, &bundle);
    if ((r = ent_buf_printf(&o->b[0], "{\"type\":\"bundle\",\"id\":\"bundle--%s\",\"objects\":[\n",
                            uuid)) != ENT_OK)
        return r;
    if ((r = next_object(o)) == ENT_OK)
        r = ent_out_publisher_object(&o->b[0], &self, o->opts.author);
    for (unsigned t = ENT_TLP_CLEAR; t <= door && r == ENT_OK; t++)
        if ((r = next_object(o)) == ENT_OK)
            r = ent_out_marking_object(&o->b[0], (enum ent_tlp)t);
    return r;
}

/* --- patterns --------------------------------------------------------------------------------- */

static enum ent_err put_quoted(struct ent_buf *b, struct ent_slice s)
{
    enum ent_err r = ent_buf_putc(b, '\'');
    for (size_t from = 0, i = 0; from < s.n && r == ENT_OK; from = i) {
        bool escape = s.p[i] == '\'' || s.p[i] == '\\';
        for (i++; i < s.n && s.p[i] != '\'' && s.p[i] != '\\';)
            i++;
        if (escape)
            r = ent_buf_putc(b, '\\');
        if (r == ENT_OK)
            r = ent_buf_put(b, s.p + from, i - from);
    }
    return r == ENT_OK ? ent_buf_putc(b, '\'') : r;
}

static enum ent_err put_test(struct ent_buf *b, const char *left, struct ent_slice value)
{
    enum ent_err r = ent_buf_putc(b, '[');
    if (r == ENT_OK)
        r = ent_buf_puts(b, left);
    if (r == ENT_OK)
        r = ent_buf_putc(b, ' ');
    if (r == ENT_OK)
        r = put_quoted(b, value);
    return r == ENT_OK ? ent_buf_putc(b, ']') : r;
}

static enum ent_err put_endpoint(struct ent_buf *b, const struct ent_observable *o)
{
    struct ent_observable host;
    if (!ent_observable_host(&host, o))
        return ENT_E_UNSUPPORTED;
    return ent_buf_printf(b,
                          "[network-traffic:dst_ref.type = '%s-addr' AND"
                          " network-traffic:dst_ref.value = '%s' AND"
                          " network-traffic:dst_port = %s]",
                          ent_obs_type_name(host.type), host.text, strrchr(o->text, ':') + 1);
}

/* LIKE has no way to write '%' and '_' themselves. */
static enum ent_err put_prefix(struct ent_buf *b, const struct ent_observable *o)
{
    char text[ENT_OBS_MAX + 1];
    memcpy(text, o->text, (size_t)o->n + 1);
    if (strpbrk(text, "%_") != NULL || strchr(text, '*') != text + o->n - 1)
        return ENT_E_UNSUPPORTED;
    text[o->n - 1] = '%';
    return put_test(b, "url:value LIKE", ent_slice(text, o->n));
}

static enum ent_err put_pattern(struct ent_buf *b, const struct ent_observable *o)
{
    static const char *const left[ENT_OBS_TYPES] = {
        [ENT_OBS_IPV4] = "ipv4-addr:value =",        [ENT_OBS_IPV6] = "ipv6-addr:value =",
        [ENT_OBS_NET4] = "ipv4-addr:value ISSUBSET", [ENT_OBS_NET6] = "ipv6-addr:value ISSUBSET",
        [ENT_OBS_DOMAIN] = "domain-name:value =",    [ENT_OBS_URL] = "url:value =",
        [ENT_OBS_EMAIL] = "email-addr:value =",      [ENT_OBS_MD5] = "file:hashes.MD5 =",
        [ENT_OBS_SHA1] = "file:hashes.'SHA-1' =",    [ENT_OBS_SHA256] = "file:hashes.'SHA-256' =",
        [ENT_OBS_SHA512] = "file:hashes.'SHA-512' ="};
    if (o->type == ENT_OBS_ENDPOINT)
        return put_endpoint(b, o);
    if (o->type == ENT_OBS_URLPREFIX)
        return put_prefix(b, o);
    return put_test(b, left[o->type], ent_slice(o->text, o->n));
}

/* --- indicators ------------------------------------------------------------------------------- */

static void put_origin(struct ent_json *j, const struct ent_out_item *item)
{
    ent_json_arr(j, "external_references");
    ent_json_obj(j, NULL);
    ent_json_str(j, "source_name", item->source.n == 0 ? ENT_SLICE_LIT("unknown") : item->source);
    if (item->ind->id.n > 0)
        ent_json_str(j, "external_id", item->ind->id);
    else /* STIX 2.1 section 2.5: more than a name must be said */
        ent_json_cstr(j, "description", "says so, and gives no id");
    ent_json_obj_end(j);
    ent_json_arr_end(j);
}

static void put_labels(struct ent_json *j, struct ent_slice labels)
{
    if (labels.n == 0)
        return;
    ent_json_arr(j, "labels");
    while (labels.n > 0)
        ent_json_str(j, NULL, ent_labels_next(&labels));
    ent_json_arr_end(j);
}

static enum ent_err put_indicator(struct ent_buf *b, const struct ent_out_item *item,
                                  const struct ent_uuid16 *self, const struct ent_uuid16 *id,
                                  struct ent_slice pattern, int64_t modified)
{
    const struct ent_indicator *ind = item->ind;
    struct ent_json j;
    char marking[ENT_OUT_MARKING_ID];
    start_object(&j, b, "indicator");
    put_id(&j, "id", "indicator", id);
    put_id(&j, "created_by_ref", "identity", self);
    put_time(&j, "created", item->first);
    put_ms(&j, "modified", modified);
    if (ind->kind.n > 0) {
        ent_json_arr(&j, "indicator_types");
        ent_json_str(&j, NULL, ind->kind);
        ent_json_arr_end(&j);
    }
    if (ind->text.n > 0)
        ent_json_str(&j, "description", ind->text);
    put_labels(&j, ind->labels);
    ent_json_str(&j, "pattern", pattern);
    ent_json_cstr(&j, "pattern_type", "stix");
    put_time(&j, "valid_from", ind->valid_from != 0 ? ind->valid_from : item->first);
    if (ind->valid_until != 0)
        put_time(&j, "valid_until", ind->valid_until);
    if (ind->confidence >= 0)
        ent_json_i64(&j, "confidence", ind->confidence);
    put_origin(&j, item);
    ent_json_arr(&j, "object_marking_refs");
    ent_json_cstr(&j, NULL, ent_out_marking_id(marking, ind->tlp));
    ent_json_arr_end(&j);
    ent_json_obj_end(&j);
    return ent_json_end(&j);
}

bool ent_out_stix_carries(const struct ent_observable *o)
{
    struct ent_buf pattern;
    ent_buf_init(&pattern, PATTERN_MOST);
    bool carries = o->type != ENT_OBS_URLPREFIX || put_pattern(&pattern, o) == ENT_OK;
    ent_buf_release(&pattern);
    return carries;
}

enum ent_err ent_out_indicator(struct ent_buf *b, const struct ent_uuid16 *publisher_id,
                               const struct ent_uuid16 *id, const struct ent_out_item *item,
                               int64_t modified)
{
    struct ent_buf pattern;
    ent_buf_init(&pattern, PATTERN_MOST);
    enum ent_err r = put_pattern(&pattern, &item->ind->obs);
    if (r == ENT_OK)
        r = put_indicator(b, item, publisher_id, id, ent_buf_slice(&pattern), modified);
    ent_buf_release(&pattern);
    return r;
}

/* STIX 2.1 section 5.2. One for each indicator, of the same id whenever it is told again. In which
 * log it stood is nobody's business. */
static enum ent_err put_sighting(struct ent_out *o, const struct ent_out_item *item,
                                 const struct ent_uuid16 *self, const struct ent_uuid16 *of)
{
    const struct ent_out_seen *seen = &item->seen;
    char uuid[ENT_UUID_TEXT], where[sizeof("identity--") + ENT_UUID_TEXT];
    char marking[ENT_OUT_MARKING_ID];
    struct ent_uuid16 id;
    struct ent_json j;
    ent_uuid_text(uuid, of);
    const struct ent_slice parts[] = {ENT_SLICE_LIT("sighting"), ent_slice_str(uuid)};
    enum ent_err r = ent_uuid_of(&id, self, parts, 2);
    if (r != ENT_OK || (r = next_object(o)) != ENT_OK)
        return r;
    ent_uuid_text(uuid, self);
    (void)snprintf(where, sizeof(where), "identity--%s", uuid);
    start_object(&j, &o->b[0], "sighting");
    put_id(&j, "id", "sighting", &id);
    put_id(&j, "created_by_ref", "identity", self);
    put_time(&j, "created", seen->first);
    put_time(&j, "modified", seen->last);
    put_time(&j, "first_seen", seen->first);
    put_time(&j, "last_seen", seen->last);
    ent_json_u64(&j, "count", seen->count < COUNT_MOST ? seen->count : COUNT_MOST);
    put_id(&j, "sighting_of_ref", "indicator", of);
    ent_json_arr(&j, "where_sighted_refs");
    ent_json_cstr(&j, NULL, where);
    ent_json_arr_end(&j);
    ent_json_arr(&j, "object_marking_refs");
    ent_json_cstr(&j, NULL, ent_out_marking_id(marking, item->ind->tlp));
    ent_json_arr_end(&j);
    ent_json_obj_end(&j);
    return ent_json_end(&j);
}

enum ent_err ent_out_stix_put(struct ent_out *o, const struct ent_out_item *item)
{
    struct ent_uuid16 self, id;
    enum ent_err r;
    if (!ent_out_stix_carries(&item->ind->obs))
        return ENT_E_UNSUPPORTED;
    if ((r = ent_out_self(&self, o)) != ENT_OK || (r = ent_out_id(&id, &self, item)) != ENT_OK ||
        (r = next_object(o)) != ENT_OK ||
        (r = ent_out_indicator(&o->b[0], &self, &id, item, item->last * 1000)) != ENT_OK)
        return r;
    return item->seen.count == 0 ? ENT_OK : put_sighting(o, item, &self, &id);
}

/* --- objects of others ------------------------------------------------------------------------ */

/* A publisher who reads his own bundle again must not stand in the next one twice. */
enum ent_err ent_out_stix_object(struct ent_out *o, struct ent_slice id, struct ent_slice bytes)
{
    static const struct ent_slice identity = ENT_SLICE_LIT("identity--");
    struct ent_uuid16 self;
    char uuid[ENT_UUID_TEXT];
    enum ent_err r = ent_out_self(&self, o);
    if (r != ENT_OK)
        return r;
    ent_uuid_text(uuid, &self);
    if (ent_slice_starts(id, identity) &&
        ent_slice_eq(ent_slice_from(id, identity.n), ent_slice_str(uuid)))
        return ENT_OK;
    r = o->n++ == 0 ? ENT_OK : ent_buf_puts(&o->b[0], ",\n");
    return r == ENT_OK ? ent_buf_put_slice(&o->b[0], bytes) : r;
}

enum ent_err ent_out_stix_end(struct ent_out *o)
{
    return ent_buf_puts(&o->b[0], "\n]}\n");
}
