/*
 * console_wire.c: a query as it crosses to who runs it. It has one form, and what is decoded obeys
 * the tables that what is parsed obeys: whoever sends it is believed nothing.
 */
#include "node/node.h"

#include "node/console_parts.h"

#define MAGIC 0x51435445u /* "ETCQ" */

static const struct word {
    size_t at, cap;
} words[] = {
#define WORD(m)                                                                                    \
    {                                                                                              \
        offsetof(struct ent_console_query, m), sizeof(((struct ent_console_query *)0)->m)          \
    }
    WORD(text),    WORD(after), WORD(source),  WORD(tag),      WORD(member), WORD(run),
    WORD(account), WORD(token), WORD(display), WORD(password), WORD(old),    WORD(reason),
};
#define WORDS   (sizeof(words) / sizeof(words[0]))
#define NUMBERS 18u

static void numbers_of(uint64_t ret[static NUMBERS], const struct ent_console_query *q)
{
    const uint64_t n[NUMBERS] = {q->what,
                                 q->shape,
                                 q->type,
                                 q->after_type,
                                 q->before,
                                 q->types,
                                 q->tlp,
                                 q->from,
                                 q->to,
                                 q->limit,
                                 q->days,
                                 q->generation,
                                 (uint64_t)q->whole | (uint64_t)q->remove << 1 |
                                     (uint64_t)q->enable << 2 | (uint64_t)q->disable << 3 |
                                     (uint64_t)q->pad << 4,
                                 q->role,
                                 q->until,
                                 q->items,
                                 q->ask,
                                 q->threshold};
    memcpy(ret, n, sizeof(n));
}

enum ent_err ent_console_query_encode(struct ent_buf *b, const struct ent_console_query *q)
{
    uint64_t n[NUMBERS];
    uint8_t fixed[4 + 8 * NUMBERS], len[2];
    numbers_of(n, q);
    ent_put_u32le(fixed, MAGIC);
    for (size_t i = 0; i < NUMBERS; i++)
        ent_put_u64le(fixed + 4 + 8 * i, n[i]);
    enum ent_err r = ent_buf_put(b, fixed, sizeof(fixed));
    for (size_t i = 0; i < WORDS && r == ENT_OK; i++) {
        const char *word = (const char *)q + words[i].at;
        size_t word_n = strlen(word);
        ent_put_u16le(len, (uint16_t)word_n);
        if ((r = ent_buf_put(b, len, 2)) == ENT_OK && word_n > 0)
            r = ent_buf_put(b, word, word_n);
    }
    return r;
}

/* The observable that these fields name, in its one form. */
static bool is_canonical(const char *text, enum ent_obs_type type)
{
    struct ent_observable o;
    return type > 0 && type < ENT_OBS_TYPES &&
           ent_observable_parse_as(&o, NULL, type, ent_slice_str(text)) == ENT_OK &&
           o.type == type && strcmp(o.text, text) == 0;
}

static bool text_is_right(const struct ent_console_query *q, unsigned may)
{
    if ((may & ENT_P_VALUE) != 0)
        return q->shape == ENT_CONSOLE_NEWEST && is_canonical(q->text, q->type);
    if ((may & ENT_P_Q) == 0 || q->shape == ENT_CONSOLE_NEWEST)
        return q->shape == ENT_CONSOLE_NEWEST && q->text[0] == '\0' && q->type == 0;
    if (q->shape == ENT_CONSOLE_STARTING)
        return q->type == 0 && q->text[0] != '\0';
    return (q->type == ENT_OBS_NET4 || q->type == ENT_OBS_NET6 || q->type == ENT_OBS_DOMAIN) &&
           is_canonical(q->text, q->type);
}

static bool has(const char *word, unsigned may, unsigned must, unsigned bit)
{
    return word[0] == '\0' ? (must & bit) == 0 : (may & bit) != 0;
}

static bool account_is_right(const struct ent_console_query *q, unsigned may, unsigned must)
{
    const struct ent_slice account = ent_slice_str(q->account), token = ent_slice_str(q->token);
    return has(q->account, may, must, ENT_P_ACCOUNT) && has(q->token, may, must, ENT_P_TOKEN) &&
           (account.n == 0 || ent_user_name_is_valid(account)) &&
           (token.n == 0 || ent_user_name_is_valid(token)) &&
           has(q->display, may, must, ENT_P_DISPLAY) &&
           has(q->password, may, must, ENT_P_PASSWORD) && has(q->old, may, must, ENT_P_OLD) &&
           has(q->reason, may, must, ENT_P_REASON) &&
           (q->role == 0 ? (must & ENT_P_ROLE) == 0 : (may & ENT_P_ROLE) != 0) &&
           (q->tlp != 0 || (must & ENT_P_TLP) == 0) &&
           (q->until == 0 || ((may & ENT_P_UNTIL) != 0 && q->until <= INT64_MAX)) &&
           (!q->enable || (may & ENT_P_ENABLE) != 0) && (!q->disable || (may & ENT_P_DISABLE) != 0);
}

static bool number_is_right(uint64_t v, uint64_t most, unsigned may, unsigned must, unsigned bit)
{
    return v == 0 ? (must & bit) == 0 : (may & bit) != 0 && v <= most;
}

/* A list's items are counted where it is read. */
static bool match_is_right(const struct ent_console_query *q, unsigned may, unsigned must)
{
    if (q->what == ENT_CONSOLE_MATCH_ASK)
        may |= ENT_P_ITEMS;
    return number_is_right(q->items, ENT_MATCH_ITEMS_MOST, may, must, ENT_P_ITEMS) &&
           number_is_right(q->ask, ENT_ASKS_ID, may, must, ENT_P_ASK) &&
           number_is_right(q->threshold, ENT_QUORUM_THRESHOLD, may, must, ENT_P_THRESHOLD) &&
           (!q->pad || (may & ENT_P_PAD) != 0);
}

/* Nothing that the route does not take, and of what it takes nothing that it would not. */
static bool is_right(const struct ent_console_query *q)
{
    unsigned may = ent_console_routes[q->what].may, must = ent_console_routes[q->what].must;
    bool after = q->after[0] != '\0' || q->after_type != 0;
    return text_is_right(q, may) &&
           (!after || ((may & ENT_P_AFTER) != 0 && is_canonical(q->after, q->after_type))) &&
           (q->before == 0 || ((may & ENT_P_BEFORE) != 0 && q->before <= INT64_MAX)) &&
           (q->types == 0 || ((may & ENT_P_TYPES) != 0 && (q->types & ~ENT_OBS_ALL) == 0)) &&
           (q->tlp == 0 || ((may & ENT_P_TLP) != 0 && q->tlp <= ENT_TLP_RED)) &&
           has(q->source, may, must, ENT_P_SOURCE) &&
           (q->tag[0] == '\0' ? (must & ENT_P_TAG) == 0 : (may & ENT_P_TAG) != 0) &&
           (q->member[0] == '\0'
                ? (must & ENT_P_MEMBER) == 0
                : (may & ENT_P_MEMBER) != 0 && ent_name_is_valid(ent_slice_str(q->member))) &&
           (q->run[0] == '\0' ? (must & ENT_P_RUN) == 0
                              : (may & ENT_P_RUN) != 0 && ent_console_is_run(q->run)) &&
           (q->generation == 0 || (may & ENT_P_GENERATION) != 0) &&
           (q->from == 0 || ((may & ENT_P_FROM) != 0 && q->from <= INT64_MAX)) &&
           (q->to == 0 || ((may & ENT_P_TO) != 0 && q->to <= INT64_MAX)) &&
           (q->limit == 0 || ((may & ENT_P_LIMIT) != 0 && q->limit <= ENT_CONSOLE_LIMIT)) &&
           (q->days == 0 || ((may & ENT_P_DAYS) != 0 && q->days <= ENT_CONSOLE_DAYS)) &&
           (!q->whole || (may & ENT_P_WHOLE) != 0) && (!q->remove || (may & ENT_P_REMOVE) != 0) &&
           account_is_right(q, may, must) && match_is_right(q, may, must);
}

/* Text as decode() lets it through. */
static bool is_text(struct ent_slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < 0x20 || s.p[i] == 0x7F)
            return false;
    return ent_utf8_valid(s, NULL);
}

static enum ent_err decode_words(struct ent_console_query *q, struct ent_cur *c)
{
    struct ent_slice word;
    uint16_t n = 0;
    for (size_t i = 0; i < WORDS; i++) {
        if (ent_cur_u16le(c, &n) != ENT_OK || n >= words[i].cap ||
            ent_cur_take(c, &word, n) != ENT_OK || !is_text(word))
            return ENT_E_FORMAT;
        if (n > 0)
            memcpy((char *)q + words[i].at, word.p, n);
    }
    return ent_cur_end(c);
}

enum ent_err ent_console_query_decode(struct ent_console_query *ret, struct ent_slice bytes)
{
    struct ent_cur c = ent_cur(bytes);
    uint64_t n[NUMBERS];
    uint32_t magic = 0;
    if (ent_cur_u32le(&c, &magic) != ENT_OK || magic != MAGIC)
        return ENT_E_FORMAT;
    for (size_t i = 0; i < NUMBERS; i++)
        if (ent_cur_u64le(&c, &n[i]) != ENT_OK)
            return ENT_E_FORMAT;
    if (n[0] < ENT_CONSOLE_TODAY || n[0] >= ENT_CONSOLE_WHATS || n[1] > ENT_CONSOLE_INSIDE ||
        n[2] >= ENT_OBS_TYPES || n[3] >= ENT_OBS_TYPES || n[5] > UINT32_MAX || n[6] > ENT_TLP_RED ||
        n[9] > UINT32_MAX || n[10] > UINT32_MAX || n[11] > UINT32_MAX || n[17] > UINT32_MAX ||
        n[12] > 31 || n[13] > ENT_USER_OPERATOR)
        return ENT_E_FORMAT;
    *ret = (struct ent_console_query){.what = (enum ent_console_what)n[0],
                                      .shape = (enum ent_console_shape)n[1],
                                      .type = (enum ent_obs_type)n[2],
                                      .after_type = (enum ent_obs_type)n[3],
                                      .before = n[4],
                                      .types = (uint32_t)n[5],
                                      .tlp = (enum ent_tlp)n[6],
                                      .from = n[7],
                                      .to = n[8],
                                      .limit = (uint32_t)n[9],
                                      .days = (uint32_t)n[10],
                                      .generation = (uint32_t)n[11],
                                      .whole = (n[12] & 1) != 0,
                                      .remove = (n[12] & 2) != 0,
                                      .enable = (n[12] & 4) != 0,
                                      .disable = (n[12] & 8) != 0,
                                      .role = (enum ent_user_role)n[13],
                                      .until = n[14],
                                      .items = n[15],
                                      .ask = n[16],
                                      .threshold = (uint32_t)n[17],
                                      .pad = (n[12] & 16) != 0};
    enum ent_err r = decode_words(ret, &c);
    return r != ENT_OK ? r : is_right(ret) ? ENT_OK : ENT_E_FORMAT;
}
