/*
 * email.c: e-mail addresses, RFC 5321's Mailbox without quoted local parts and address literals.
 * '/' is refused in local parts although RFC 5322 has it in atext: "medium.com/@user.name" is a
 * web page, and only gateways that died with X.400 wrote slashes.
 */
#include "base/base.h"
#include "intel/parse.h"

#define LOCAL_MAX 64
#define EMAIL_MAX 254

static bool is_atext(uint8_t c)
{
    return ent_is_alpha(c) || ent_is_digit(c) ||
           (c != 0 && strchr("!#$%&'*+-=?^_`{|}~", c) != NULL);
}

static enum ent_err check_local(const char **why, struct ent_slice s)
{
    if (s.n == 0 || s.n > LOCAL_MAX)
        return ent_no(why, "the part before '@' is empty or longer than 64 octets");
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '.') {
            if (i == 0 || i + 1 == s.n || s.p[i - 1] == '.')
                return ent_no(why, "a misplaced dot before '@'");
        } else if (!is_atext(s.p[i])) {
            return ent_no(why, "a character before '@' that no e-mail address has");
        }
    }
    return ENT_OK;
}

enum ent_err ent_email_parse(struct ent_observable *ret, const char **why, struct ent_slice s)
{
    struct ent_observable o = {.type = ENT_OBS_EMAIL};
    char name[ENT_NAME_MAX + 1];
    size_t at = s.n, n;
    enum ent_err r;
    while (at > 0 && s.p[at - 1] != '@')
        at--;
    if (at == 0)
        return ent_no(why, "an e-mail address without '@'");
    if ((r = check_local(why, ent_slice(s.p, at - 1))) != ENT_OK ||
        (r = ent_name_parse(name, &n, why, ent_slice_from(s, at), 2)) != ENT_OK)
        return r;
    if (at + n > EMAIL_MAX)
        return ent_no(why, "an e-mail address of more than 254 octets");
    if ((r = ent_obs_put(&o, why, ent_slice(s.p, at))) != ENT_OK ||
        (r = ent_obs_put(&o, why, ent_slice(name, n))) != ENT_OK)
        return r;
    *ret = o;
    return ENT_OK;
}
