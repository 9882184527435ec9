/* stix_object.c: objects of STIX that are kept as they came: their ids and versions, and what
 * people want to know of them. */
#include "base/base.h"
#include "intel/feed.h"
#include "intel/parse.h"
#include "intel/uuid.h"

#include <jansson.h>

/* --- ids and versions --------------------------------------------------------------------------
 */

bool ent_is_stix_id(struct ent_slice s)
{
    size_t type = 0;
    for (size_t i = 0; i < s.n; i++) {
        uint8_t c = s.p[i];
        if (!ent_is_digit(c) && !ent_is_alpha(c) && c != '-' && c != '_' && c != '.')
            return false;
        if (type == 0 && i > 0 && c == '-' && s.p[i - 1] == '-')
            type = i - 1;
    }
    return s.n <= ENT_STIX_ID_MAX && type > 0 && s.n > type + 2;
}

bool ent_stix_version(char ret[static ENT_STIX_VERSION], struct ent_slice modified)
{
    static const char shape[] = "dddd-dd-ddTdd:dd:dd";
    size_t whole = sizeof(shape) - 1, n = modified.n;
    int64_t ignored;
    ret[0] = '\0';
    if (n == 0)
        return true;
    if (n <= whole || n > ENT_STIX_VERSION - 1 || modified.p[n - 1] != 'Z' ||
        ent_time_parse(&ignored, modified) != ENT_OK)
        return false;
    for (size_t i = 0; i < whole; i++)
        if (shape[i] == 'd' ? !ent_is_digit(modified.p[i]) : modified.p[i] != (uint8_t)shape[i])
            return false;
    n--;
    if (n > whole) { /* a fraction: "12.500" and "12.5" are one time, and "12" comes before them */
        while (modified.p[n - 1] == '0')
            n--;
        n -= modified.p[n - 1] == '.';
    }
    memcpy(ret, modified.p, n);
    ret[n] = '\0';
    return true;
}

/* The namespace of STIX 2.1 section 2.9. */
static const struct ent_uuid16 sco_space = {{0x00, 0xab, 0xed, 0xb4, 0xaa, 0x42, 0x46, 0x6c, 0x9c,
                                             0x01, 0xfe, 0xd2, 0x33, 0x15, 0xa9, 0xb7}};

enum ent_err ent_stix_sco_id(char ret[static ENT_STIX_SCO_ID], const char *type,
                             struct ent_slice jcs)
{
    struct ent_uuid16 u;
    char uuid[ENT_UUID_TEXT];
    ENT_ASSERT(strlen(type) + 2 + ENT_UUID_TEXT <= ENT_STIX_SCO_ID);
    enum ent_err r = ent_uuid_of(&u, &sco_space, &jcs, 1);
    if (r != ENT_OK)
        return r;
    ent_uuid_text(uuid, &u);
    (void)snprintf(ret, ENT_STIX_SCO_ID, "%s--%s", type, uuid);
    return ENT_OK;
}

/* Canonical values hold no control characters, so that JCS escapes nothing but these two. */
static enum ent_err put_value(struct ent_buf *b, const struct ent_observable *o)
{
    enum ent_err r = ENT_OK;
    for (size_t i = 0; i < o->n && r == ENT_OK; i++) {
        if (o->text[i] == '"' || o->text[i] == '\\')
            r = ent_buf_putc(b, '\\');
        if (r == ENT_OK)
            r = ent_buf_putc(b, o->text[i]);
    }
    return r;
}

enum ent_err ent_stix_id_of(char ret[static ENT_STIX_SCO_ID], const struct ent_observable *o)
{
    /* table */
    static const struct {
        const char *type, *before, *after;
    } forms[ENT_OBS_TYPES] = {
        [ENT_OBS_IPV4] = {"ipv4-addr", "{\"value\":\"", "\"}"},
        [ENT_OBS_IPV6] = {"ipv6-addr", "{\"value\":\"", "\"}"},
        [ENT_OBS_NET4] = {"ipv4-addr", "{\"value\":\"", "\"}"},
        [ENT_OBS_NET6] = {"ipv6-addr", "{\"value\":\"", "\"}"},
        [ENT_OBS_DOMAIN] = {"domain-name", "{\"value\":\"", "\"}"},
        [ENT_OBS_URL] = {"url", "{\"value\":\"", "\"}"},
        [ENT_OBS_EMAIL] = {"email-addr", "{\"value\":\"", "\"}"},
        [ENT_OBS_MD5] = {"file", "{\"hashes\":{\"MD5\":\"", "\"}}"},
        [ENT_OBS_SHA1] = {"file", "{\"hashes\":{\"SHA-1\":\"", "\"}}"},
        [ENT_OBS_SHA256] = {"file", "{\"hashes\":{\"SHA-256\":\"", "\"}}"},
        [ENT_OBS_SHA512] = {"file", "{\"hashes\":{\"SHA-512\":\"", "\"}}"},
    };
    struct ent_buf b;
    enum ent_err r;
    if (forms[o->type].type == NULL)
        return ENT_E_UNSUPPORTED;
    ent_buf_init(&b, 2 * ENT_OBS_MAX + 64);
    if ((r = ent_buf_puts(&b, forms[o->type].before)) == ENT_OK &&
        (r = put_value(&b, o)) == ENT_OK && (r = ent_buf_puts(&b, forms[o->type].after)) == ENT_OK)
        r = ent_stix_sco_id(ret, forms[o->type].type, ent_buf_slice(&b));
    ent_buf_release(&b);
    return r;
}

/* --- what it says ------------------------------------------------------------------------------
 */

bool ent_stix_same(struct ent_slice a, struct ent_slice b)
{
    size_t flags = JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL;
    json_t *x = json_loadb((const char *)a.p, a.n, flags, NULL);
    json_t *y = json_loadb((const char *)b.p, b.n, flags, NULL);
    bool same = x != NULL && y != NULL && json_equal(x, y) == 1;
    json_decref(x);
    json_decref(y);
    return same;
}

static void put_text(char *ret, size_t cap, const json_t *object, const char *key)
{
    const json_t *v = json_object_get(object, key);
    size_t n = 0;
    if (json_is_string(v))
        n = ent_clean_text(ret, cap - 1, ent_slice(json_string_value(v), json_string_length(v)));
    ret[n] = '\0';
}

/* An id, or nothing: half an id would be another one. */
static void put_id(char ret[static ENT_STIX_ID_MAX + 1], const json_t *object, const char *key)
{
    const json_t *v = json_object_get(object, key);
    struct ent_slice s = {(const uint8_t *)"", 0};
    if (json_is_string(v))
        s = ent_slice(json_string_value(v), json_string_length(v));
    if (!ent_is_stix_id(s))
        s.n = 0;
    memcpy(ret, s.p, s.n);
    ret[s.n] = '\0';
}

enum ent_err ent_stix_summarise(struct ent_stix_summary *ret, struct ent_slice object)
{
    json_t *o = json_loadb((const char *)object.p, object.n, JSON_ALLOW_NUL, NULL);
    struct ent_stix_summary s = {0};
    if (!json_is_object(o)) {
        json_decref(o);
        return ENT_E_FORMAT;
    }
    put_text(s.type, sizeof(s.type), o, "type");
    put_text(s.name, sizeof(s.name), o, "name");
    put_text(s.relation, sizeof(s.relation), o, "relationship_type");
    put_text(s.opinion, sizeof(s.opinion), o, "opinion");
    put_text(s.modified, sizeof(s.modified), o, "modified");
    put_text(s.pattern, sizeof(s.pattern), o, "pattern");
    put_text(s.value, sizeof(s.value), o, "value");
    put_id(s.id, o, "id");
    put_id(s.creator, o, "created_by_ref");
    put_id(s.source, o, "source_ref");
    put_id(s.target, o, "target_ref");
    put_id(s.sighting_of, o, "sighting_of_ref");
    json_int_t count = json_integer_value(json_object_get(o, "count"));
    s.count = count > 0 ? (uint64_t)count : 0;
    s.revoked = json_is_true(json_object_get(o, "revoked"));
    json_decref(o);
    *ret = s;
    return ENT_OK;
}
