/*
 * console_params.c: what a query or a form brings, as typed fields. One table has all names;
 * whatever is not in it, or not this route's, is refused with its reason.
 */
#include "node/node.h"

#include "node/console_parts.h"

/* --- parameters ---------------------------------------------------------------------------------
 */

/* "ipv4:198.51.100.3", as answers have it. */
static bool take_observable(char ret[static ENT_OBS_MAX + 1], enum ent_obs_type *ret_type,
                            struct ent_slice s)
{
    const uint8_t *colon = s.n == 0 ? NULL : memchr(s.p, ':', s.n);
    struct ent_observable o;
    uint32_t mask = 0;
    if (colon == NULL)
        return false;
    size_t n = (size_t)(colon - s.p);
    if (ent_obs_types_parse(&mask, ent_slice(s.p, n)) != ENT_OK)
        return false;
    for (int t = 1; t < ENT_OBS_TYPES; t++) {
        if (mask != ENT_OBS_BIT(t))
            continue;
        if (ent_observable_parse_as(&o, NULL, (enum ent_obs_type)t,
                                    ent_slice(colon + 1, s.n - n - 1)) != ENT_OK)
            return false;
        *ret_type = o.type;
        memcpy(ret, o.text, (size_t)o.n + 1);
        return true;
    }
    return false;
}

/* What somebody types: a network, a name with *. before it, or how something begins. */
static bool take_search(struct ent_console_query *q, struct ent_slice s)
{
    struct ent_observable o;
    size_t n = 0;
    s = ent_slice_trim(s);
    if (s.n > 1 && s.p[s.n - 1] == '*' && memchr(s.p, '*', s.n - 1) == NULL)
        s.n--;
    if (s.n == 0)
        return true;
    bool below = s.n > 2 && s.p[0] == '*' && s.p[1] == '.';
    if (below)
        s = ent_slice(s.p + 2, s.n - 2);
    if (ent_observable_parse(&o, NULL, s) == ENT_OK &&
        (o.type == ENT_OBS_NET4 || o.type == ENT_OBS_NET6 || (below && o.type == ENT_OBS_DOMAIN))) {
        q->shape = ENT_CONSOLE_INSIDE;
        q->type = o.type;
        memcpy(q->text, o.text, (size_t)o.n + 1);
        return true;
    }
    /* Refanging takes punctuation off the end, and a beginning may well end in it. */
    uint8_t last = s.p[s.n - 1];
    if (below || ent_refang(q->text, &n, ENT_OBS_MAX, s) != ENT_OK || n == 0)
        return false;
    if (strchr(".:/-_", last) != NULL && q->text[n - 1] != (char)last && n < ENT_OBS_MAX)
        q->text[n++] = (char)last;
    q->text[n] = '\0';
    bool folds = memchr(q->text, '/', n) == NULL && memchr(q->text, '@', n) == NULL;
    for (size_t i = 0; folds && i < n; i++)
        if (q->text[i] >= 'A' && q->text[i] <= 'Z')
            q->text[i] = (char)(q->text[i] | 0x20);
    q->shape = ENT_CONSOLE_STARTING;
    return true;
}

static bool take_word(char *ret, size_t cap, struct ent_slice s)
{
    if (s.n == 0 || s.n >= cap)
        return false;
    memcpy(ret, s.p, s.n);
    ret[s.n] = '\0';
    return true;
}

static bool take_u32(uint32_t *ret, struct ent_slice s, uint64_t least, uint64_t most)
{
    uint64_t v = 0;
    if (ent_parse_u64(&v, s, most) != ENT_OK || v < least)
        return false;
    *ret = (uint32_t)v;
    return true;
}

bool ent_console_is_run(const char *s)
{
    return strlen(s) == 32 && strspn(s, "0123456789abcdef") == 32;
}

static bool take_bool(bool *ret, struct ent_slice s)
{
    *ret = true;
    return ent_slice_eq(s, ENT_SLICE_LIT("1"));
}

static bool take_time(uint64_t *ret, struct ent_slice s)
{
    int64_t t = 0;
    if (ent_time_parse(&t, s) != ENT_OK || t <= 0)
        return false;
    *ret = (uint64_t)t;
    return true;
}

static const struct param {
    char name[16];
    unsigned bit;
} params[] = {
    {"q", ENT_P_Q},
    {"value", ENT_P_VALUE},
    {"after", ENT_P_AFTER},
    {"before", ENT_P_BEFORE},
    {"types", ENT_P_TYPES},
    {"tlp", ENT_P_TLP},
    {"source", ENT_P_SOURCE},
    {"tag", ENT_P_TAG},
    {"member", ENT_P_MEMBER},
    {"run", ENT_P_RUN},
    {"from", ENT_P_FROM},
    {"generation", ENT_P_GENERATION},
    {"to", ENT_P_TO},
    {"limit", ENT_P_LIMIT},
    {"days", ENT_P_DAYS},
    {"whole", ENT_P_WHOLE},
    {"remove", ENT_P_REMOVE},
    {"account", ENT_P_ACCOUNT},
    {"token", ENT_P_TOKEN},
    {"display", ENT_P_DISPLAY},
    {"password", ENT_P_PASSWORD},
    {"items", ENT_P_ITEMS},
    {"ask", ENT_P_ASK},
    {"pad", ENT_P_PAD},
    {"old", ENT_P_OLD},
    {"role", ENT_P_ROLE},
    {"until", ENT_P_UNTIL},
    {"enable", ENT_P_ENABLE},
    {"disable", ENT_P_DISABLE},
    {"reason", ENT_P_REASON},
    {"threshold", ENT_P_THRESHOLD},
};
#define PARAMS (sizeof(params) / sizeof(params[0]))

/* table */
static bool take(struct ent_console_query *q, unsigned bit, struct ent_slice v)
{
    switch (bit) {
    case ENT_P_Q:
        return take_search(q, v);
    case ENT_P_VALUE:
        return take_observable(q->text, &q->type, v);
    case ENT_P_AFTER:
        return take_observable(q->after, &q->after_type, v);
    case ENT_P_BEFORE:
        return ent_parse_u64(&q->before, v, INT64_MAX) == ENT_OK && q->before > 0;
    case ENT_P_TYPES:
        return ent_obs_types_parse(&q->types, v) == ENT_OK && q->types != 0;
    case ENT_P_TLP:
        return ent_tlp_parse(&q->tlp, v) == ENT_OK;
    case ENT_P_SOURCE:
        return take_word(q->source, sizeof(q->source), v);
    case ENT_P_TAG:
        return take_word(q->tag, sizeof(q->tag), v);
    case ENT_P_MEMBER:
        return ent_name_is_valid(v) && take_word(q->member, sizeof(q->member), v);
    case ENT_P_RUN:
        return take_word(q->run, sizeof(q->run), v) && ent_console_is_run(q->run);
    case ENT_P_GENERATION:
        return take_u32(&q->generation, v, 1, UINT32_MAX);
    case ENT_P_FROM:
        return ent_parse_u64(&q->from, v, INT64_MAX) == ENT_OK;
    case ENT_P_TO:
        return ent_parse_u64(&q->to, v, INT64_MAX) == ENT_OK;
    case ENT_P_LIMIT:
        return take_u32(&q->limit, v, 1, ENT_CONSOLE_LIMIT);
    case ENT_P_DAYS:
        return take_u32(&q->days, v, 1, ENT_CONSOLE_DAYS);
    case ENT_P_WHOLE:
        return take_bool(&q->whole, v);
    case ENT_P_REMOVE:
        return take_bool(&q->remove, v);
    case ENT_P_ACCOUNT:
        return ent_user_name_is_valid(v) && take_word(q->account, sizeof(q->account), v);
    case ENT_P_TOKEN:
        return ent_user_name_is_valid(v) && take_word(q->token, sizeof(q->token), v);
    case ENT_P_DISPLAY:
        return take_word(q->display, sizeof(q->display), v);
    case ENT_P_PASSWORD:
        return take_word(q->password, sizeof(q->password), v);
    case ENT_P_OLD:
        return take_word(q->old, sizeof(q->old), v);
    case ENT_P_ROLE:
        return ent_user_role_parse(&q->role, v) == ENT_OK;
    case ENT_P_UNTIL:
        return take_time(&q->until, v);
    case ENT_P_ENABLE:
        return take_bool(&q->enable, v);
    case ENT_P_DISABLE:
        return take_bool(&q->disable, v);
    case ENT_P_ITEMS:
        return ent_parse_u64(&q->items, v, ENT_MATCH_ITEMS_MOST) == ENT_OK && q->items > 0;
    case ENT_P_ASK:
        return ent_parse_u64(&q->ask, v, ENT_ASKS_ID) == ENT_OK && q->ask > 0;
    case ENT_P_PAD:
        return take_bool(&q->pad, v);
    case ENT_P_THRESHOLD:
        return take_u32(&q->threshold, v, 1, ENT_QUORUM_THRESHOLD);
    case ENT_P_REASON:
        return take_word(q->reason, sizeof(q->reason), v);
    default:
        return false;
    }
}

/* application/x-www-form-urlencoded, of a query and of a body alike: one spelling of each byte that
 * needs one, UTF-8 without control characters. */
static bool decode(struct ent_buf *ret, struct ent_slice s)
{
    size_t i = 0;
    ent_buf_clear(ret);
    while (i < s.n) {
        uint8_t c = s.p[i];
        size_t n = 1;
        if (c == '+')
            c = ' ';
        else if (c == '%') {
            if (s.n - i < 3 || ent_hex_decode(&c, 1, ent_slice(s.p + i + 1, 2)) != ENT_OK)
                return false;
            n = 3;
        }
        if (c < 0x20 || c == 0x7F || ent_buf_putc(ret, (char)c) != ENT_OK)
            return false;
        i += n;
    }
    return ent_utf8_valid(ent_buf_slice(ret), NULL);
}

static const char *take_pair(struct ent_console_query *q, unsigned *seen,
                             const struct ent_console_route *route, struct ent_slice pair,
                             struct ent_buf *room)
{
    const uint8_t *eq = memchr(pair.p, '=', pair.n);
    size_t n = eq == NULL ? pair.n : (size_t)(eq - pair.p);
    for (size_t i = 0; i < PARAMS; i++) {
        if (!ent_slice_eq(ent_slice(pair.p, n), ent_slice_str(params[i].name)) ||
            (route->may & params[i].bit) == 0)
            continue;
        if ((*seen & params[i].bit) != 0)
            return "a parameter is given twice";
        *seen |= params[i].bit;
        if (eq == NULL || !decode(room, ent_slice(eq + 1, pair.n - n - 1)))
            return "a parameter's value is no text";
        if (!take(q, params[i].bit, ent_buf_slice(room)))
            return params[i].name;
        return NULL;
    }
    return "there is no such parameter here";
}

const char *ent_console_params(struct ent_console_query *q, const struct ent_console_route *route,
                               struct ent_slice s)
{
    struct ent_buf room;
    unsigned seen = 0;
    const char *wrong = NULL;
    ent_buf_init(&room, ENT_WEB_HEADER);
    while (s.n > 0 && wrong == NULL) {
        const uint8_t *amp = memchr(s.p, '&', s.n);
        size_t n = amp == NULL ? s.n : (size_t)(amp - s.p);
        wrong =
            n == 0 ? "an empty parameter" : take_pair(q, &seen, route, ent_slice(s.p, n), &room);
        s = amp == NULL ? ent_slice(NULL, 0) : ent_slice(amp + 1, s.n - n - 1);
        if (amp != NULL && s.n == 0)
            wrong = wrong == NULL ? "an empty parameter" : wrong;
    }
    ent_buf_wipe(&room);
    if (wrong == NULL && (seen & route->must) != route->must)
        wrong = "a parameter is missing";
    return wrong;
}
