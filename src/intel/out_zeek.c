/*
 * out_zeek.c: intel.dat for Zeek's intelligence framework: TABs, and exactly this header.
 *
 * URLs go without scheme, user name and fragment, which is how Zeek puts them together from what it
 * sees; only http and https ever reach it. A backslash would begin an escape, '#' a comment, and a
 * lone '-' means "not set": these are written as \xHH.
 */
#include "base/base.h"
#include "intel/out_parts.h"
#include "intel/parse.h"

static enum ent_err put_field(struct ent_buf *b, struct ent_slice s, char behind)
{
    enum ent_err r = s.n == 0 ? ent_buf_putc(b, '-') : ENT_OK;
    for (size_t i = 0; i < s.n && r == ENT_OK; i++) {
        uint8_t c = s.p[i];
        bool first = i == 0 && (c == '#' || (c == '-' && s.n == 1) || c == '(');
        if (first || c == '\\' || c < 0x20 || c == 0x7F)
            r = ent_buf_printf(b, "\\x%02x", c);
        else
            r = ent_buf_putc(b, (char)c);
    }
    return r == ENT_OK ? ent_buf_putc(b, behind) : r;
}

/* "evil.example:8080/a?b" */
static enum ent_err put_url(struct ent_buf *b, const struct ent_observable *o)
{
    struct ent_url_parts u;
    const char *why;
    char text[ENT_OBS_MAX + 2];
    if (ent_url_split(&u, &why, ent_slice(o->text, o->n)) != ENT_OK)
        return ENT_E_UNSUPPORTED;
    if (!ent_slice_eq(u.scheme, ENT_SLICE_LIT("http")) &&
        !ent_slice_eq(u.scheme, ENT_SLICE_LIT("https")))
        return ENT_E_UNSUPPORTED;
    const uint8_t *hash = u.rest.n == 0 ? NULL : memchr(u.rest.p, '#', u.rest.n);
    if (hash != NULL)
        u.rest.n = (size_t)(hash - u.rest.p);
    int n = snprintf(text, sizeof(text), "%.*s%s%.*s%.*s", (int)u.host.n, (const char *)u.host.p,
                     u.has_port ? ":" : "", (int)u.port.n, (const char *)u.port.p, (int)u.rest.n,
                     (const char *)u.rest.p);
    return put_field(b, ent_slice(text, (size_t)n), '\t');
}

static const char *type_name(enum ent_obs_type t)
{
    switch (t) {
    case ENT_OBS_IPV4:
    case ENT_OBS_IPV6:
        return "Intel::ADDR";
    case ENT_OBS_NET4:
    case ENT_OBS_NET6:
        return "Intel::SUBNET";
    case ENT_OBS_DOMAIN:
        return "Intel::DOMAIN";
    case ENT_OBS_URL:
        return "Intel::URL";
    case ENT_OBS_EMAIL:
        return "Intel::EMAIL";
    default:
        return "Intel::FILE_HASH";
    }
}

enum ent_err ent_out_zeek_start(struct ent_out *o)
{
    return ent_buf_puts(&o->b[0], "#fields\tindicator\tindicator_type\tmeta.source\tmeta.desc\t"
                                  "meta.url\tmeta.do_notice\tmeta.if_in\n");
}

enum ent_err ent_out_zeek_put(struct ent_out *o, const struct ent_out_item *item)
{
    const struct ent_observable *obs = &item->ind->obs;
    char source[ENT_OUT_TEXT], words[ENT_OUT_WORDS], desc[ENT_OUT_WORDS + 32];
    struct ent_buf *b = &o->b[0];
    enum ent_err r = obs->type == ENT_OBS_URL ? put_url(b, obs)
                                              : put_field(b, ent_slice(obs->text, obs->n), '\t');
    (void)ent_out_words(words, item->ind);
    (void)snprintf(desc, sizeof(desc), "%s%s%s", ent_tlp_name(item->ind->tlp),
                   *words == '\0' ? "" : " ", words);
    if (r != ENT_OK || (r = ent_buf_printf(b, "%s\t", type_name(obs->type))) != ENT_OK ||
        (r = put_field(b, ent_slice_str(ent_out_text(source, item->source)), '\t')) != ENT_OK ||
        (r = put_field(b, ent_slice_str(desc), '\t')) != ENT_OK)
        return r;
    return ent_buf_puts(b, "-\tT\t-\n");
}
