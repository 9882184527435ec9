/*
 * key.c: canonical observables as short binary keys and back. Only canonical text comes in and only
 * keys made here come back, so that neither direction can fail for something that came from
 * outside.
 */
#include "watch/watch.h"
#include "watch/set.h"

#include <arpa/inet.h>

static size_t hash_size(enum ent_obs_type type)
{
    switch (type) {
    case ENT_OBS_MD5:
        return 16;
    case ENT_OBS_SHA1:
        return 20;
    case ENT_OBS_SHA256:
        return 32;
    case ENT_OBS_SHA512:
        return 64;
    default:
        return 0;
    }
}

/* "address", with or without brackets, as 4 or 16 bytes; 0 when it is neither. */
static size_t address_key(uint8_t *ret, struct ent_slice s)
{
    char text[INET6_ADDRSTRLEN + 2];
    if (s.n >= 2 && s.p[0] == '[') {
        s.p++;
        s.n -= 2;
    }
    if (s.n == 0 || s.n >= sizeof(text))
        return 0;
    memcpy(text, s.p, s.n);
    text[s.n] = '\0';
    if (inet_pton(AF_INET, text, ret) == 1)
        return 4;
    return inet_pton(AF_INET6, text, ret) == 1 ? 16 : 0;
}

/* address, separator, number; the number takes width bytes of the key. */
static size_t pair_key(uint8_t *ret, struct ent_slice s, char separator, size_t width)
{
    uint64_t v;
    const uint8_t *at = memrchr(s.p, separator, s.n);
    if (at == NULL)
        return 0;
    size_t n = (size_t)(at - s.p), key = address_key(ret, ent_slice(s.p, n));
    uint64_t max = width == 1 ? 8 * key : UINT16_MAX;
    if (key == 0 || ent_parse_u64(&v, ent_slice(at + 1, s.n - n - 1), max) != ENT_OK)
        return 0;
    if (width == 2)
        ret[key++] = (uint8_t)(v >> 8);
    ret[key++] = (uint8_t)v;
    return key;
}

enum ent_err ent_watch_key(uint8_t ret[static ENT_OBS_MAX], size_t *ret_n,
                           const struct ent_observable *o)
{
    struct ent_slice s = ent_slice(o->text, o->n);
    size_t n = 0;
    switch (o->type) {
    case ENT_OBS_IPV4:
    case ENT_OBS_IPV6:
        n = address_key(ret, s);
        break;
    case ENT_OBS_NET4:
    case ENT_OBS_NET6:
        n = pair_key(ret, s, '/', 1);
        break;
    case ENT_OBS_ENDPOINT:
        n = pair_key(ret, s, ':', 2);
        break;
    case ENT_OBS_DOMAIN:
    case ENT_OBS_URL:
    case ENT_OBS_EMAIL:
        if (s.n > ENT_OBS_MAX)
            return ENT_E_FORMAT;
        memcpy(ret, s.p, s.n);
        n = s.n;
        break;
    case ENT_OBS_URLPREFIX: /* without its '*' */
        if (s.n > ENT_OBS_MAX || s.n < 2)
            return ENT_E_FORMAT;
        n = s.n - 1;
        memcpy(ret, s.p, n);
        break;
    case ENT_OBS_MD5:
    case ENT_OBS_SHA1:
    case ENT_OBS_SHA256:
    case ENT_OBS_SHA512:
        n = hash_size(o->type);
        if (ent_hex_decode(ret, n, s) != ENT_OK)
            return ENT_E_FORMAT;
        break;
    }
    *ret_n = n;
    return n == 0 ? ENT_E_FORMAT : ENT_OK;
}

bool ent_watch_key_is(enum ent_obs_type type, struct ent_slice key)
{
    switch (type) {
    case ENT_OBS_IPV4:
        return key.n == 4;
    case ENT_OBS_IPV6:
        return key.n == 16;
    case ENT_OBS_NET4:
        return key.n == 5 && key.p[4] < 32;
    case ENT_OBS_NET6:
        return key.n == 17 && key.p[16] < 128;
    case ENT_OBS_ENDPOINT:
        return key.n == 6 || key.n == 18;
    case ENT_OBS_DOMAIN:
    case ENT_OBS_URL:
    case ENT_OBS_EMAIL:
        return key.n > 0 && key.n <= ENT_OBS_MAX;
    case ENT_OBS_URLPREFIX:
        return key.n > 0 && key.n < ENT_OBS_MAX;
    default:
        return key.n > 0 && key.n == hash_size(type);
    }
}

/* An address as text, with brackets where an IPv6 endpoint needs them. */
static size_t put_address(char *ret, size_t cap, struct ent_slice key, bool brackets)
{
    bool v6 = key.n >= 16;
    size_t n = v6 && brackets ? 1 : 0;
    ret[0] = '[';
    if (inet_ntop(v6 ? AF_INET6 : AF_INET, key.p, ret + n, (socklen_t)(cap - n - 1)) == NULL)
        ENT_BUG("inet_ntop");
    n = strlen(ret);
    if (v6 && brackets)
        ret[n++] = ']';
    ret[n] = '\0';
    return n;
}

void ent_watch_text(struct ent_observable *ret, enum ent_obs_type type, struct ent_slice key)
{
    char text[2 * 64 + 1];
    size_t n;
    struct ent_slice s = key;
    if (type == ENT_OBS_URLPREFIX) { /* of a URL that was canonical itself */
        ENT_ASSERT(key.n < ENT_OBS_MAX);
        ret->type = type;
        ret->n = (uint16_t)(key.n + 1);
        memcpy(ret->text, key.p, key.n);
        memcpy(ret->text + key.n, "*", 2);
        return;
    }
    if (type <= ENT_OBS_ENDPOINT) {
        n = put_address(text, sizeof(text), key, type == ENT_OBS_ENDPOINT);
        if (type == ENT_OBS_ENDPOINT)
            (void)snprintf(text + n, sizeof(text) - n, ":%u",
                           (unsigned)key.p[key.n - 2] << 8 | key.p[key.n - 1]);
        else if (type == ENT_OBS_NET4 || type == ENT_OBS_NET6)
            (void)snprintf(text + n, sizeof(text) - n, "/%u", (unsigned)key.p[key.n - 1]);
        s = ent_slice_str(text);
    } else if (hash_size(type) != 0) {
        ent_hex_encode(text, key.p, key.n);
        s = ent_slice_str(text);
    }
    /* The parser makes it canonical: inet_ntop() writes some IPv6 addresses with a dotted tail. */
    if (ent_observable_parse_as(ret, NULL, type, s) != ENT_OK)
        ENT_BUG("a key that stands for nothing");
}
