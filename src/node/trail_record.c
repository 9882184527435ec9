/* trail_record.c: records of the audit log as lines. */
#include "node/node.h"

#include "node/trail_record.h"

#include <arpa/inet.h>

const char *const ent_refusal_words[ENT_REFUSALS] = {"allowed", "nothing", "wrong", "wait",
                                                     "busy",    "role",    "more"};

void ent_trail_record_on(struct ent_trail_record *r, struct ent_slice on)
{
    size_t n = on.n < ENT_TRAIL_ON ? on.n : ENT_TRAIL_ON;
    const uint8_t *zero = n == 0 ? NULL : memchr(on.p, '\0', n);
    if (zero != NULL)
        n = (size_t)(zero - on.p);
    if (n > 0)
        memcpy(r->on, on.p, n);
    r->on[n] = '\0';
}

void ent_trail_record_by(struct ent_trail_record *r, const struct ent_identity *who)
{
    memcpy(r->who, who->name, sizeof(r->who));
    r->via = who->via;
    memcpy(r->token, who->token, sizeof(r->token));
    memcpy(r->from16, who->from16, sizeof(r->from16));
}

/* --- addresses ----------------------------------------------------------------------------------
 */

static const uint8_t mapped[12] = {[10] = 0xFF, [11] = 0xFF};
static const uint8_t nowhere[16];

const char *ent_from_show(char ret[static ENT_FROM_TEXT], const uint8_t from16[static 16])
{
    const bool v4 = memcmp(from16, mapped, sizeof(mapped)) == 0;
    if (memcmp(from16, nowhere, sizeof(nowhere)) == 0)
        (void)snprintf(ret, ENT_FROM_TEXT, "local");
    else if (inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? from16 + 12 : from16, ret, ENT_FROM_TEXT) ==
             NULL)
        ENT_BUG("inet_ntop");
    return ret;
}

static bool parse_from(uint8_t ret[static 16], struct ent_slice s)
{
    char text[ENT_FROM_TEXT], again[ENT_FROM_TEXT];
    if (s.n >= sizeof(text))
        return false;
    memcpy(text, s.p, s.n);
    text[s.n] = '\0';
    memcpy(ret, mapped, sizeof(mapped));
    if (strcmp(text, "local") == 0)
        memset(ret, 0, 16);
    else if (inet_pton(AF_INET, text, ret + 12) != 1 && inet_pton(AF_INET6, text, ret) != 1)
        return false;
    return strcmp(ent_from_show(again, ret), text) == 0;
}

/* --- words --------------------------------------------------------------------------------------
 */

static bool is_plain(uint8_t c)
{
    return c > 0x20 && c < 0x7F && c != '%';
}

static enum ent_err put_on(struct ent_buf *b, const char *on)
{
    enum ent_err r = ENT_OK;
    if (*on == '\0')
        return ent_buf_putc(b, '-');
    if (strcmp(on, "-") == 0)
        return ent_buf_puts(b, "%2D");
    for (const uint8_t *p = (const uint8_t *)on; *p != '\0' && r == ENT_OK; p++)
        r = is_plain(*p) ? ent_buf_putc(b, (char)*p) : ent_buf_printf(b, "%%%02X", *p);
    return r;
}

/* Whether it is what put_on() writes is seen by writing it again. */
static bool parse_on(char ret[static ENT_TRAIL_ON + 1], struct ent_slice s)
{
    size_t n = 0;
    if (ent_slice_eq(s, ENT_SLICE_LIT("-")))
        s.n = 0;
    for (size_t i = 0; i < s.n; i++) {
        uint8_t c = s.p[i];
        if (n == ENT_TRAIL_ON)
            return false;
        if (c == '%') {
            if (s.n - i < 3 || ent_hex_decode(&c, 1, ent_slice(s.p + i + 1, 2)) != ENT_OK)
                return false;
            i += 2;
        }
        if (c == '\0')
            return false;
        ret[n++] = (char)c;
    }
    ret[n] = '\0';
    return true;
}

static bool is_who(struct ent_slice s)
{
    return ent_user_name_is_valid(s) || ent_slice_eq(s, ENT_SLICE_LIT(ENT_OWNER)) ||
           ent_slice_eq(s, ENT_SLICE_LIT(ENT_NOBODY));
}

static bool is_record(const struct ent_trail_record *r)
{
    char time[ENT_TIME_TEXT];
    int64_t again = 0;
    ent_time_format(time, r->time);
    return ent_time_parse(&again, ent_slice_str(time)) == ENT_OK && again == r->time &&
           is_who(ent_slice_str(r->who)) && (unsigned)r->via < ENT_VIAS &&
           (unsigned)r->what < ENT_ACTIONS && (unsigned)r->outcome < ENT_REFUSALS &&
           (r->via == ENT_VIA_TOKEN ? ent_user_name_is_valid(ent_slice_str(r->token))
                                    : r->token[0] == '\0');
}

enum ent_err ent_trail_record_encode(struct ent_buf *b, const struct ent_trail_record *r)
{
    const size_t before = b->n;
    char time[ENT_TIME_TEXT], from[ENT_FROM_TEXT];
    if (!is_record(r))
        return ENT_E_FORMAT;
    ent_time_format(time, r->time);
    enum ent_err e =
        ent_buf_printf(b, "v1 %s %s %s%s%s %s %s %s ", time, r->who, ent_via_words[r->via],
                       r->token[0] == '\0' ? "" : "/", r->token, ent_from_show(from, r->from16),
                       ent_actions[r->what].word, ent_refusal_words[r->outcome]);
    if (e == ENT_OK)
        e = put_on(b, r->on);
    if (e != ENT_OK)
        b->n = before;
    return e;
}

/* The place of a word in a list; n when it is not there. */
static int place_of(struct ent_slice s, const char *const *words, int n)
{
    int i = 0;
    while (i < n && !ent_slice_eq(s, ent_slice_str(words[i])))
        i++;
    return i;
}

static bool parse_via(struct ent_trail_record *r, struct ent_slice s)
{
    const uint8_t *slash = s.n == 0 ? NULL : memchr(s.p, '/', s.n);
    const struct ent_slice word = ent_slice(s.p, slash == NULL ? s.n : (size_t)(slash - s.p));
    if (slash != NULL) {
        const size_t n = s.n - word.n - 1;
        if (n > ENT_USER_NAME_MAX || memchr(slash + 1, '\0', n) != NULL)
            return false;
        memcpy(r->token, slash + 1, n);
    }
    r->via = (enum ent_via)place_of(word, ent_via_words, ENT_VIAS);
    return true;
}

static bool next_word(struct ent_slice *rest, struct ent_slice *ret)
{
    const uint8_t *end = rest->n == 0 ? NULL : memchr(rest->p, ' ', rest->n);
    if (end == NULL)
        return false;
    *ret = ent_slice(rest->p, (size_t)(end - rest->p));
    *rest = ent_slice(end + 1, rest->n - ret->n - 1);
    return true;
}

enum ent_err ent_trail_record_parse(struct ent_trail_record *ret, struct ent_slice line)
{
    enum { VERSION, TIME, WHO, VIA, FROM, WHAT, OUTCOME, WORDS };
    struct ent_trail_record r = {.time = 0};
    struct ent_slice word[WORDS], rest = line;
    struct ent_buf again;
    if (line.n > ENT_TRAIL_LINE)
        return ENT_E_FORMAT;
    for (int i = 0; i < WORDS; i++)
        if (!next_word(&rest, &word[i]))
            return ENT_E_FORMAT;
    if (!ent_slice_eq(word[VERSION], ENT_SLICE_LIT("v1")) ||
        ent_time_parse(&r.time, word[TIME]) != ENT_OK || !is_who(word[WHO]) ||
        !parse_via(&r, word[VIA]) || !parse_from(r.from16, word[FROM]) ||
        ent_action_parse(&r.what, word[WHAT]) != ENT_OK || !parse_on(r.on, rest))
        return ENT_E_FORMAT;
    memcpy(r.who, word[WHO].p, word[WHO].n);
    r.outcome = (enum ent_refusal)place_of(word[OUTCOME], ent_refusal_words, ENT_REFUSALS);
    ent_buf_init(&again, ENT_TRAIL_LINE);
    enum ent_err e = ent_trail_record_encode(&again, &r);
    if (e == ENT_OK && !ent_slice_eq(ent_buf_slice(&again), line))
        e = ENT_E_FORMAT;
    ent_buf_release(&again);
    if (e == ENT_OK)
        *ret = r;
    return e;
}
