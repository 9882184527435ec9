/*
 * entente/observable.h: a concrete thing that can be seen, in its one canonical form.
 *
 * Addresses, networks, domains, URLs, e-mail addresses and hashes are written in many ways; two
 * texts that mean the same thing parse to the same (type, text) here, so that comparing bytes is
 * comparing things. The only way to a struct ent_observable is ent_observable_parse() and
 * ent_observable_parse_as().
 */
#ifndef ENTENTE_OBSERVABLE_H
#define ENTENTE_OBSERVABLE_H

#include <stdbool.h>
#include <entente/entente.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The numbers are stored and must never change. */
enum ent_obs_type {
    ENT_OBS_IPV4 = 1, /* 198.51.100.3 */
    ENT_OBS_IPV6,     /* RFC 5952: 2001:db8::1; v4-mapped addresses become ENT_OBS_IPV4 */
    ENT_OBS_NET4,     /* 198.51.100.0/24, host bits cleared; a /32 becomes ENT_OBS_IPV4 */
    ENT_OBS_NET6,     /* 2001:db8::/32; a /128 becomes ENT_OBS_IPV6 */
    ENT_OBS_ENDPOINT, /* 198.51.100.3:443 or [2001:db8::1]:443: never the bare address */
    ENT_OBS_DOMAIN,   /* lower case, A-labels, no trailing dot, at most 253 octets */
    ENT_OBS_URL,   /* scheme and host lower case, default port dropped, empty path of http, https,
                      ftp, ftps, ws, wss made "/", the rest as it is */
    ENT_OBS_EMAIL, /* local part as it is, domain as above */
    ENT_OBS_MD5,   /* hashes: lower-case hexadecimal */
    ENT_OBS_SHA1,
    ENT_OBS_SHA256,
    ENT_OBS_SHA512,
    ENT_OBS_URLPREFIX /* a URL with a path, and a '*' behind: all URLs that begin so */
};
#define ENT_OBS_TYPES 14 /* one more than the largest */

#define ENT_OBS_MAX 2048 /* bytes of the longest canonical text, without NUL */

struct ent_observable {
    enum ent_obs_type type;
    uint16_t n;                 /* length of text */
    char text[ENT_OBS_MAX + 1]; /* canonical, NUL-terminated, no NUL or control byte inside */
};

/*
 * Read one observable of whatever type it looks like, defanged or not, with surrounding blanks,
 * brackets, quotes and trailing punctuation removed. ENT_E_FORMAT when it is none; *ret_why (if not
 * NULL) then is a fixed sentence that says what was wrong.
 */
ENT_API ENT_MUST_USE enum ent_err ent_observable_parse(struct ent_observable *ret,
                                                       const char **ret_why, struct ent_slice text);

/* The same where the source says what it is. A network where an address is expected, and a
 * v4-mapped or bare form of the same family, are accepted; anything else is ENT_E_FORMAT. */
ENT_API ENT_MUST_USE enum ent_err ent_observable_parse_as(struct ent_observable *ret,
                                                          const char **ret_why,
                                                          enum ent_obs_type type,
                                                          struct ent_slice text);

/* "ipv4", "ipv6", "net4", "net6", "endpoint", "domain", "url", "email", "md5", "sha1", "sha256",
 * "sha512", "urlprefix". */
ENT_API const char *ent_obs_type_name(enum ent_obs_type type);

/* Sets of types as bit masks: bit (1 << type). */
#define ENT_OBS_BIT(type) (1u << (type))
#define ENT_OBS_ALL       (ENT_OBS_BIT(ENT_OBS_TYPES) - 2u)

/* Comma-separated names of types or groups ("ip", "net", "domain", "hash", ...). */
ENT_API ENT_MUST_USE enum ent_err ent_obs_types_parse(uint32_t *ret_mask, struct ent_slice names);

/* Whether it is a thing of the public Internet: a globally routable unicast address, a name under
 * a real top-level domain that is not reserved, a URL or e-mail address of such a host, any hash.
 */
ENT_API bool ent_observable_is_public(const struct ent_observable *o);

/* For people: dots and schemes broken so that nothing is clickable ("hxxp://evil[.]example").
 * Writes at most cap-1 bytes and a NUL; ENT_OBS_DEFANGED_MAX is always enough. */
#define ENT_OBS_DEFANGED_MAX (3 * ENT_OBS_MAX + 16)
ENT_API void ent_observable_defang(char *ret, size_t cap, const struct ent_observable *o);

#ifdef __cplusplus
}
#endif
#endif
