/*
 * watch_form.c: one hit as one JSON document: our own form, the Elastic Common Schema (8.11), and
 * the form of Suricata's EVE alerts. docs/watch.md, "Output", has the fields.
 */
#include "cli/watch.h"

#define ECS_VERSION "8.11.0"
#define EVE_GID     7467 /* apart from Suricata's own rules, which are 1 */

/* --- our own ------------------------------------------------------------------------------------
 */

static void put_warnings(struct ent_json *j, const char *key, const struct watch_who *who)
{
    if (who->warnings == 0)
        return;
    ent_json_arr(j, key);
    for (size_t i = 0; i < who->warnings; i++)
        ent_json_str(j, NULL, who->warning[i]);
    ent_json_arr_end(j);
}

static struct ent_slice text_of(const struct ent_observable *o)
{
    return ent_slice(o->text, o->n);
}

static void put_own(struct ent_json *j, const struct watch_hit *x)
{
    const struct ent_known *k = &x->who->known;
    ent_json_str(j, "observable", x->h->seen);
    ent_json_cstr(j, "type", ent_obs_type_name(x->h->seen_type));
    ent_json_str(j, "indicator", text_of(&k->obs));
    ent_json_cstr(j, "indicator_type", ent_obs_type_name(k->obs.type));
    ent_json_str(j, "source", k->source);
    ent_json_u64(j, "sources", k->claims);
    ent_json_cstr(j, "tlp", ent_tlp_name(k->tlp));
    if (k->confidence >= 0)
        ent_json_i64(j, "confidence", k->confidence);
    if (k->kind.n > 0)
        ent_json_str(j, "kind", k->kind);
    if (k->text.n > 0)
        ent_json_str(j, "description", k->text);
    put_warnings(j, "warnings", x->who);
    ent_json_cstr(j, "file", x->path);
    ent_json_u64(j, "line", x->h->line);
    ent_json_u64(j, "offset", x->h->offset);
}

/* --- Elastic Common Schema ----------------------------------------------------------------------
 */

/* STIX 2.0's names for cyber observables, which ECS uses. */
static const char *ecs_type(const struct ent_observable *o)
{
    switch (o->type) {
    case ENT_OBS_IPV4:
    case ENT_OBS_NET4:
        return "ipv4-addr";
    case ENT_OBS_IPV6:
    case ENT_OBS_NET6:
        return "ipv6-addr";
    case ENT_OBS_ENDPOINT:
        return o->text[0] == '[' ? "ipv6-addr" : "ipv4-addr";
    case ENT_OBS_DOMAIN:
        return "domain-name";
    case ENT_OBS_URL:
        return "url";
    case ENT_OBS_EMAIL:
        return "email-addr";
    default:
        return "file";
    }
}

/* The scale of STIX 2.1, appendix A, "None / Low / Med / High". */
static const char *ecs_confidence(int confidence)
{
    return confidence < 0     ? "Not Specified"
           : confidence == 0  ? "None"
           : confidence <= 29 ? "Low"
           : confidence <= 69 ? "Medium"
                              : "High";
}

static void put_ecs_hash(struct ent_json *j, const struct ent_observable *o)
{
    ent_json_obj(j, "file");
    ent_json_obj(j, "hash");
    ent_json_str(j, ent_obs_type_name(o->type), text_of(o));
    ent_json_obj_end(j);
    ent_json_obj_end(j);
}

/* The value in the field that ECS has for its type. A network has none, because ECS' field for
 * addresses takes no networks; it stands in "name". */
static void put_ecs_value(struct ent_json *j, const struct ent_observable *o)
{
    struct ent_observable host;
    uint64_t port = 0;
    bool has_host = ent_observable_host(&host, o);
    const char *colon = strrchr(o->text, ':');
    if (o->type == ENT_OBS_IPV4 || o->type == ENT_OBS_IPV6)
        ent_json_str(j, "ip", text_of(o));
    if (o->type == ENT_OBS_ENDPOINT && has_host)
        ent_json_str(j, "ip", text_of(&host));
    if (o->type == ENT_OBS_ENDPOINT && colon != NULL &&
        ent_parse_u64(&port, ent_slice_str(colon + 1), 65535) == ENT_OK)
        ent_json_u64(j, "port", port);
    if (o->type == ENT_OBS_DOMAIN || o->type == ENT_OBS_URL) {
        ent_json_obj(j, "url");
        if (o->type == ENT_OBS_URL)
            ent_json_str(j, "full", text_of(o));
        if (o->type == ENT_OBS_DOMAIN || has_host)
            ent_json_str(j, "domain", text_of(o->type == ENT_OBS_DOMAIN ? o : &host));
        ent_json_obj_end(j);
    }
    if (o->type == ENT_OBS_EMAIL) {
        ent_json_obj(j, "email");
        ent_json_str(j, "address", text_of(o));
        ent_json_obj_end(j);
    }
    if (o->type >= ENT_OBS_MD5)
        put_ecs_hash(j, o);
}

static void put_ecs_indicator(struct ent_json *j, const struct watch_who *who)
{
    const struct ent_known *k = &who->known;
    ent_json_obj(j, "indicator");
    ent_json_cstr(j, "type", ecs_type(&k->obs));
    ent_json_str(j, "name", text_of(&k->obs));
    put_ecs_value(j, &k->obs);
    if (k->text.n > 0)
        ent_json_str(j, "description", k->text);
    ent_json_str(j, "provider", k->source);
    ent_json_cstr(j, "confidence", ecs_confidence(k->confidence));
    ent_json_obj(j, "marking");
    ent_json_cstr(j, "tlp", ent_tlp_name(k->tlp) + sizeof("TLP:") - 1);
    ent_json_cstr(j, "tlp_version", "2.0");
    ent_json_obj_end(j);
    ent_json_u64(j, "sightings", who->sighted);
    ent_json_obj_end(j);
}

static void put_ecs_related(struct ent_json *j, const struct ent_hit *h)
{
    struct ent_observable o = {.type = h->seen_type, .n = (uint16_t)h->seen.n}, host;
    memcpy(o.text, h->seen.p, h->seen.n);
    o.text[o.n] = '\0';
    const struct ent_observable *at = ent_observable_host(&host, &o) ? &host : &o;
    ent_json_obj(j, "related");
    ent_json_arr(j, at->type <= ENT_OBS_ENDPOINT ? "ip"
                    : at->type >= ENT_OBS_MD5    ? "hash"
                                                 : "hosts");
    ent_json_str(j, NULL, text_of(at));
    ent_json_arr_end(j);
    ent_json_obj_end(j);
}

static void put_ecs_event(struct ent_json *j, const struct watch_hit *x)
{
    ent_json_time(j, "@timestamp", x->now.tv_sec);
    ent_json_obj(j, "ecs");
    ent_json_cstr(j, "version", ECS_VERSION);
    ent_json_obj_end(j);
    ent_json_obj(j, "event");
    ent_json_cstr(j, "kind", "alert");
    ent_json_arr(j, "category");
    ent_json_cstr(j, NULL, "threat");
    ent_json_arr_end(j);
    ent_json_arr(j, "type");
    ent_json_cstr(j, NULL, "indicator");
    ent_json_arr_end(j);
    ent_json_cstr(j, "module", "entente");
    ent_json_cstr(j, "dataset", "entente.watch");
    ent_json_obj_end(j);
    ent_json_str(j, "message", x->h->around);
    if (x->who->warnings > 0) {
        ent_json_arr(j, "tags");
        ent_json_cstr(j, NULL, "warning-list");
        ent_json_arr_end(j);
    }
}

static void put_ecs(struct ent_json *j, const struct watch_hit *x)
{
    char id[ENT_NUM_TEXT];
    (void)snprintf(id, sizeof(id), "%llu", (unsigned long long)x->who->known.id);
    put_ecs_event(j, x);
    ent_json_obj(j, "threat");
    put_ecs_indicator(j, x->who);
    ent_json_arr(j, "enrichments");
    ent_json_obj(j, NULL);
    put_ecs_indicator(j, x->who);
    ent_json_obj(j, "matched");
    ent_json_str(j, "atomic", x->h->seen);
    ent_json_cstr(j, "field", "message");
    ent_json_cstr(j, "id", id);
    ent_json_cstr(j, "index", "entente");
    ent_json_time(j, "occurred", x->now.tv_sec);
    ent_json_cstr(j, "type", "indicator_match_rule");
    ent_json_obj_end(j);
    ent_json_obj_end(j);
    ent_json_arr_end(j);
    ent_json_obj_end(j);
    put_ecs_related(j, x->h);
    ent_json_obj(j, "log");
    ent_json_obj(j, "file");
    ent_json_cstr(j, "path", x->full);
    ent_json_obj_end(j);
    ent_json_u64(j, "offset", x->h->offset);
    ent_json_obj_end(j);
    ent_json_obj(j, "entente"); /* what ECS has no field for */
    ent_json_u64(j, "line", x->h->line);
    ent_json_u64(j, "sources", x->who->known.claims);
    if (x->who->known.kind.n > 0)
        ent_json_str(j, "kind", x->who->known.kind);
    put_warnings(j, "warnings", x->who);
    ent_json_obj_end(j);
}

/* --- EVE ----------------------------------------------------------------------------------------
 */

static void put_list_of_one(struct ent_json *j, const char *key, struct ent_slice v)
{
    ent_json_arr(j, key);
    ent_json_str(j, NULL, v);
    ent_json_arr_end(j);
}

/* 1 is the worst. What is known to be good as well is the least. */
static unsigned eve_severity(const struct watch_who *who)
{
    if (who->warnings > 0)
        return 3;
    return who->known.confidence >= 70 ? 1 : who->known.confidence >= 30 ? 2 : 3;
}

static void put_eve_alert(struct ent_json *j, const struct watch_hit *x)
{
    const struct ent_known *k = &x->who->known;
    char signature[ENT_OBS_MAX + 64], confidence[16];
    (void)snprintf(signature, sizeof(signature), "ENTENTE %s %s", ent_obs_type_name(k->obs.type),
                   k->obs.text);
    (void)snprintf(confidence, sizeof(confidence), "%d", k->confidence);
    ent_json_obj(j, "alert");
    ent_json_cstr(j, "action", "allowed");
    ent_json_u64(j, "gid", EVE_GID);
    ent_json_u64(j, "signature_id", k->id);
    ent_json_u64(j, "rev", 1);
    ent_json_cstr(j, "signature", signature);
    ent_json_str(j, "category", k->kind.n > 0 ? k->kind : ENT_SLICE_LIT("known indicator"));
    ent_json_u64(j, "severity", eve_severity(x->who));
    ent_json_obj(j, "metadata");
    put_list_of_one(j, "source", k->source);
    put_list_of_one(j, "tlp", ent_slice_str(ent_tlp_name(k->tlp)));
    if (k->confidence >= 0)
        put_list_of_one(j, "confidence", ent_slice_str(confidence));
    put_warnings(j, "warning_list", x->who);
    ent_json_obj_end(j);
    ent_json_obj_end(j);
}

static void put_eve(struct ent_json *j, const struct watch_hit *x)
{
    char day[ENT_TIME_TEXT], time[ENT_TIME_TEXT + 32];
    ent_time_format(day, x->now.tv_sec);
    (void)snprintf(time, sizeof(time), "%.19s.%06ld+0000", day, x->now.tv_nsec / 1000);
    ent_json_cstr(j, "timestamp", time);
    ent_json_cstr(j, "event_type", "alert");
    put_eve_alert(j, x);
    ent_json_str(j, "payload_printable", x->h->around);
    ent_json_obj(j, "entente");
    put_own(j, x);
    ent_json_obj_end(j);
}

enum ent_err watch_form(struct ent_buf *b, enum watch_format format, const struct watch_hit *x)
{
    struct ent_json j;
    ent_json_start(&j, b);
    ent_json_obj(&j, NULL);
    if (format == WATCH_ECS)
        put_ecs(&j, x);
    else if (format == WATCH_EVE)
        put_eve(&j, x);
    else
        put_own(&j, x);
    ent_json_obj_end(&j);
    return ent_json_end(&j);
}
