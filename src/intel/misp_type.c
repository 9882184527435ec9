/*
 * misp_type.c: MISP's attribute types, as far as they are something to look for. What is missing
 * here is passed over with one reason: names of files, registry keys, rules, persons, bank
 * accounts. Fingerprints of certificates and of TLS clients are missing on purpose: they have the
 * form of a file's hash, and taking them for one would look for them in the wrong place.
 */
#include "base/base.h"
#include "intel/feed.h"
#include "intel/misp.h"
#include "intel/parse.h"

enum how {
    H_PLAIN,   /* one value */
    H_ADDRESS, /* of either family, or a network */
    H_PORT,    /* address|port */
    H_FILE,    /* name|hash: the hash decides */
    H_RESOLVED /* name|address: the name decides; many names may share the address */
};

struct ent_misp_type {
    const char *name;
    enum how how;
    enum ent_obs_type obs;
};

/* table */
static const struct ent_misp_type types[] = {
    {"domain", H_PLAIN, ENT_OBS_DOMAIN},
    {"domain|ip", H_RESOLVED, ENT_OBS_DOMAIN},
    {"email", H_PLAIN, ENT_OBS_EMAIL},
    {"email-dst", H_PLAIN, ENT_OBS_EMAIL},
    {"email-reply-to", H_PLAIN, ENT_OBS_EMAIL},
    {"email-src", H_PLAIN, ENT_OBS_EMAIL},
    {"filename|md5", H_FILE, ENT_OBS_MD5},
    {"filename|sha1", H_FILE, ENT_OBS_SHA1},
    {"filename|sha256", H_FILE, ENT_OBS_SHA256},
    {"filename|sha512", H_FILE, ENT_OBS_SHA512},
    {"hostname", H_PLAIN, ENT_OBS_DOMAIN},
    {"ip-dst", H_ADDRESS, ENT_OBS_IPV4},
    {"ip-dst|port", H_PORT, ENT_OBS_ENDPOINT},
    {"ip-src", H_ADDRESS, ENT_OBS_IPV4},
    {"ip-src|port", H_PORT, ENT_OBS_ENDPOINT},
    {"malware-sample", H_FILE, ENT_OBS_MD5},
    {"md5", H_PLAIN, ENT_OBS_MD5},
    {"onion-address", H_PLAIN, ENT_OBS_DOMAIN},
    {"sha1", H_PLAIN, ENT_OBS_SHA1},
    {"sha256", H_PLAIN, ENT_OBS_SHA256},
    {"sha512", H_PLAIN, ENT_OBS_SHA512},
    {"uri", H_PLAIN, ENT_OBS_URL},
    {"url", H_PLAIN, ENT_OBS_URL},
};

const struct ent_misp_type *ent_misp_type(struct ent_slice name)
{
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (ent_slice_eq(name, ent_slice_str(types[i].name)))
            return &types[i];
    return NULL;
}

static enum ent_err address(struct ent_observable *ret, const char **why, struct ent_slice s)
{
    bool v6 = s.n > 0 && memchr(s.p, ':', s.n) != NULL;
    return ent_observable_parse_as(ret, why, v6 ? ENT_OBS_IPV6 : ENT_OBS_IPV4, s);
}

static enum ent_err endpoint(struct ent_observable *ret, const char **why, struct ent_slice host,
                             struct ent_slice port)
{
    struct ent_observable o;
    char text[ENT_OBS_MAX + 16];
    uint16_t number;
    enum ent_err r;
    if ((r = address(&o, why, host)) != ENT_OK ||
        (r = ent_port_parse(&number, why, port)) != ENT_OK)
        return r;
    if (o.type != ENT_OBS_IPV4 && o.type != ENT_OBS_IPV6)
        return ent_no(why, "a port next to what is not an address");
    int n = snprintf(text, sizeof(text), o.type == ENT_OBS_IPV6 ? "[%s]:%u" : "%s:%u", o.text,
                     (unsigned)number);
    return ent_observable_parse_as(ret, why, ENT_OBS_ENDPOINT, ent_slice(text, (size_t)n));
}

/* The first '|', or the last: the name of a file may hold others. */
static bool split(struct ent_slice s, bool last, struct ent_slice *ret_a, struct ent_slice *ret_b)
{
    const uint8_t *bar = s.n == 0 ? NULL : last ? memrchr(s.p, '|', s.n) : memchr(s.p, '|', s.n);
    if (bar == NULL)
        return false;
    size_t at = (size_t)(bar - s.p);
    *ret_a = ent_slice(s.p, at);
    *ret_b = ent_slice_from(s, at + 1);
    return true;
}

static size_t note(char ret[ENT_MISP_NOTE], const char *word, struct ent_slice s)
{
    size_t n = strlen(word);
    if (s.n == 0)
        return 0;
    memcpy(ret, word, n);
    s = ent_utf8_cut(s, ENT_MISP_NOTE - n);
    memcpy(ret + n, s.p, s.n);
    return n + s.n;
}

enum ent_err ent_misp_value(struct ent_observable *ret, char ret_note[ENT_MISP_NOTE],
                            size_t *ret_note_n, const char **why, const struct ent_misp_type *type,
                            struct ent_slice value)
{
    struct ent_slice a = value, b = {NULL, 0};
    *ret_note_n = 0;
    if (type->how >= H_PORT && !split(value, type->how == H_FILE, &a, &b))
        return ent_no(why, "a value of two parts without the '|' between them");
    switch (type->how) {
    case H_ADDRESS:
        return address(ret, why, value);
    case H_PORT:
        return endpoint(ret, why, a, b);
    case H_FILE:
        *ret_note_n = note(ret_note, "file ", a);
        return ent_observable_parse_as(ret, why, type->obs, b);
    case H_RESOLVED:
        *ret_note_n = note(ret_note, "resolved to ", b);
        return ent_observable_parse_as(ret, why, type->obs, a);
    case H_PLAIN:
        break;
    }
    return ent_observable_parse_as(ret, why, type->obs, value);
}
