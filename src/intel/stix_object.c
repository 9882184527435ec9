/* stix_object.c: objects of STIX that are kept as they came: their ids and versions, and what
 * people want to know of them. */
#include "base/base.h"
#include "intel/feed.h"
#include "intel/json_pull.h"
#include "intel/parse.h"
#include "intel/uuid.h"

#define SUMMARY_STRING 4096u /* bytes of one string */

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

struct ent_slice ent_stix_type_of(struct ent_slice id)
{
    size_t n = 0;
    while (n + 1 < id.n && !(id.p[n] == '-' && id.p[n + 1] == '-'))
        n++;
    return ent_slice(id.p, n + 1 < id.n ? n : id.n);
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

/* table */
static bool put_field(struct ent_stix_summary *s, struct ent_slice key, struct ent_slice v)
{
    const struct {
        const char *name;
        char *to;
        size_t cap;
        bool id;
    } fields[] = {
        {"type", s->type, sizeof(s->type), false},
        {"name", s->name, sizeof(s->name), false},
        {"relationship_type", s->relation, sizeof(s->relation), false},
        {"opinion", s->opinion, sizeof(s->opinion), false},
        {"modified", s->modified, sizeof(s->modified), false},
        {"pattern", s->pattern, sizeof(s->pattern), false},
        {"value", s->value, sizeof(s->value), false},
        {"id", s->id, sizeof(s->id), true},
        {"created_by_ref", s->creator, sizeof(s->creator), true},
        {"source_ref", s->source, sizeof(s->source), true},
        {"target_ref", s->target, sizeof(s->target), true},
        {"sighting_of_ref", s->sighting_of, sizeof(s->sighting_of), true},
    };
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        if (!ent_slice_eq(key, ent_slice_str(fields[i].name)))
            continue;
        /* An id, or nothing: half an id would be another one. */
        size_t n = fields[i].id && !ent_is_stix_id(v)
                       ? 0
                       : ent_clean_text(fields[i].to, fields[i].cap - 1, v);
        fields[i].to[n] = '\0';
        return true;
    }
    return false;
}

/* Behind a key of the object itself. */
static enum ent_err read_field(struct ent_stix_summary *s, struct ent_jp *jp)
{
    char key[32];
    struct ent_slice name = ent_slice(key, jp->text.n);
    enum ent_jp_event ev;
    enum ent_err r;
    if (jp->text.n > sizeof(key))
        return ent_jp_skip(jp, NULL);
    if (jp->text.n > 0)
        memcpy(key, jp->text.p, jp->text.n);
    if ((r = ent_jp_next(jp, &ev, NULL)) != ENT_OK)
        return r;
    if (ev == ENT_JP_STR && put_field(s, name, jp->text))
        return ENT_OK;
    if (ev == ENT_JP_TRUE && ent_slice_eq(name, ENT_SLICE_LIT("revoked")))
        s->revoked = true;
    if (ev == ENT_JP_NUM && ent_slice_eq(name, ENT_SLICE_LIT("count")) &&
        ent_parse_u64(&s->count, jp->text, UINT64_MAX) != ENT_OK)
        s->count = 0;
    return ent_jp_skip(jp, NULL);
}

/* With the parser that took the object: what it let in, a number of any size say, is readable. */
enum ent_err ent_stix_summarise(struct ent_stix_summary *ret, struct ent_slice object)
{
    struct ent_stix_summary s = {0};
    struct ent_jp jp;
    enum ent_jp_event ev = ENT_JP_END;
    enum ent_err r = ent_jp_init(&jp, ent_reader_mem(&object), 0, ENT_JP_DEPTH, SUMMARY_STRING);
    if (r == ENT_OK && (r = ent_jp_next(&jp, &ev, NULL)) == ENT_OK && ev != ENT_JP_OBJ)
        r = ENT_E_FORMAT;
    while (r == ENT_OK && (r = ent_jp_next(&jp, &ev, NULL)) == ENT_OK && ev == ENT_JP_KEY)
        r = read_field(&s, &jp);
    ent_jp_release(&jp);
    if (r == ENT_OK)
        *ret = s;
    return r;
}
