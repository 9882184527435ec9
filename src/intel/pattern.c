/*
 * pattern.c: recursive descent over the parser part of OASIS's STIXPattern.g4, and what may be
 * taken out of a pattern.
 *
 * Each expression yields a node: the values of which one alone makes the expression true, or the
 * reason why there are none. OR joins values. AND yields none, with two exceptions, in which one
 * value decides and the others only describe it:
 *   - hashes of a file, next to other properties of a file: the bytes are the file, whatever its
 *     name or type; several hashes must be of different kinds, since no file has two MD5 sums;
 *   - the address or name at one end of network traffic, next to its type, its port and protocols:
 *     with a port it becomes an endpoint.
 * NOT, !=, LIKE, MATCHES and the like never yield values: reading "[domain-name:value NOT =
 * 'good.example']" as the name of an attacker is the mistake that this file exists to prevent.
 */
#include "base/base.h"
#include "intel/parse.h"
#include "intel/pattern.h"

enum role {
    R_LOST,         /* no values; lost says why */
    R_VALUES,       /* each alone is enough */
    R_HASHES,       /* the same, and all are hashes of files; algs says which */
    R_FILE_CONTEXT, /* another property of a file */
    R_END_VALUES,   /* the address at one end of network traffic */
    R_END_TYPE,     /* "network-traffic:dst_ref.type = ..." */
    R_END_PORT,     /* "network-traffic:dst_port = N" */
    R_PROTOCOLS
};

struct node {
    enum role role;
    unsigned algs; /* ENT_OBS_BIT of hash types */
    uint8_t side;  /* 's' or 'd' of network traffic */
    uint16_t port;
    struct ent_pattern_value *first, *last;
    const char *lost; /* also with values, when an alternative was lost */
};

struct parser {
    struct ent_arena *a;
    struct ent_slice text;
    size_t at; /* behind tok */
    struct ent_token tok;
    const char *why;
    unsigned depth;
};

static const char LOST_NOT[] = "the pattern names what is not meant (NOT, !=)";
static const char LOST_FUZZY[] = "the pattern compares with LIKE or MATCHES";
static const char LOST_OP[] = "the pattern compares with <, >, ISSUPERSET or EXISTS";
static const char LOST_PATH[] = "the pattern asks for a property that is not read here";
static const char LOST_KIND[] = "the pattern compares with something that is not text";
static const char LOST_AND[] = "the pattern has conditions that must hold together";
static const char LOST_SEVERAL[] = "the pattern wants several observations together";
static const char LOST_ORDER[] = "the pattern wants observations in an order (FOLLOWEDBY)";
static const char LOST_TIMES[] = "the pattern has a time window or a repetition";
static const char LOST_CONTEXT[] = "the pattern describes something without naming it";

/* --- tokens ----------------------------------------------------------------------------------- */

static enum ent_err wrong(struct parser *p, const char *why)
{
    p->at = p->tok.at;
    p->why = why;
    return ENT_E_FORMAT;
}

static enum ent_err advance(struct parser *p)
{
    return ent_token_next(&p->tok, &p->at, &p->why, p->text);
}

static bool is(const struct parser *p, enum ent_token_kind kind, const char *text)
{
    return p->tok.kind == kind && ent_slice_eq(p->tok.text, ent_slice_str(text));
}

static bool is_punct(const struct parser *p, const char *text)
{
    return is(p, ENT_TOK_PUNCT, text);
}

static bool is_word(const struct parser *p, const char *text)
{
    return is(p, ENT_TOK_NAME, text);
}

static enum ent_err expect(struct parser *p, const char *text, const char *why)
{
    return is_punct(p, text) ? advance(p) : wrong(p, why);
}

static bool is_keyword(const struct parser *p)
{
    static const char *const words[] = {
        "AND",        "OR",    "NOT",  "FOLLOWEDBY", "LIKE",    "MATCHES",
        "ISSUPERSET", "START", "STOP", "ISSUBSET",   "EXISTS",  "IN",
        "SECONDS",    "TIMES", "true", "WITHIN",     "REPEATS", "false",
    };
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (is_word(p, words[i]))
            return true;
    return false;
}

/* --- object paths ----------------------------------------------------------------------------- */

#define STEPS_MAX 3 /* more steps name nothing that is read here */

struct path {
    struct ent_slice object;
    struct ent_slice step[STEPS_MAX];
    size_t n;
    bool index; /* has [n] or [*] */
};

static enum ent_err path_step(struct parser *p, struct path *ret)
{
    struct ent_slice s = p->tok.text;
    enum ent_err r;
    if (p->tok.kind == ENT_TOK_STRING) {
        if ((r = ent_token_string(&s, p->a, s)) != ENT_OK)
            return r;
    } else if (p->tok.kind != ENT_TOK_NAME || is_keyword(p)) {
        return wrong(p, "a property's name is missing, or must be quoted");
    }
    if (ret->n < STEPS_MAX)
        ret->step[ret->n] = s;
    ret->n++;
    return advance(p);
}

/* objectPath: type ":" step ( "." step | "[" index "]" )* */
static enum ent_err path(struct parser *p, struct path *ret)
{
    enum ent_err r;
    *ret = (struct path){.object = p->tok.text};
    if ((p->tok.kind != ENT_TOK_NAME && p->tok.kind != ENT_TOK_HYPHEN) || is_keyword(p))
        return wrong(p, "an object's type is missing");
    if ((r = advance(p)) != ENT_OK ||
        (r = expect(p, ":", "':' is missing behind an object's type")) != ENT_OK ||
        (r = path_step(p, ret)) != ENT_OK)
        return r;
    for (;;) {
        if (is_punct(p, ".")) {
            if ((r = advance(p)) != ENT_OK || (r = path_step(p, ret)) != ENT_OK)
                return r;
        } else if (is_punct(p, "[")) {
            ret->index = true;
            if ((r = advance(p)) != ENT_OK)
                return r;
            if (p->tok.kind != ENT_TOK_INT && !is_punct(p, "*"))
                return wrong(p, "an index is a number or '*'");
            if ((r = advance(p)) != ENT_OK ||
                (r = expect(p, "]", "']' is missing behind an index")) != ENT_OK)
                return r;
        } else {
            return ENT_OK;
        }
    }
}

static bool path_is(const struct path *p, const char *object, const char *step1, const char *step2)
{
    return !p->index && p->n == (step2 == NULL ? 1 : 2) &&
           ent_slice_eq(p->object, ent_slice_str(object)) &&
           ent_slice_eq(p->step[0], ent_slice_str(step1)) &&
           (step2 == NULL || ent_slice_eq(p->step[1], ent_slice_str(step2)));
}

/* 'SHA-256', as the standard has it, and SHA256, as some products write; 0 for other hashes. */
static enum ent_obs_type alg_of(struct ent_slice key)
{
    static const struct {
        const char *name, *other;
        enum ent_obs_type type;
    } algs[] = {{"MD5", "MD-5", ENT_OBS_MD5},
                {"SHA-1", "SHA1", ENT_OBS_SHA1},
                {"SHA-256", "SHA256", ENT_OBS_SHA256},
                {"SHA-512", "SHA512", ENT_OBS_SHA512}};
    for (size_t i = 0; i < sizeof(algs) / sizeof(algs[0]); i++)
        if (ent_slice_ieq(key, ent_slice_str(algs[i].name)) ||
            ent_slice_ieq(key, ent_slice_str(algs[i].other)))
            return algs[i].type;
    return (enum ent_obs_type)0;
}

/* What a path stands for, and the type of its values. */
static enum role role_of(const struct path *path, enum ent_obs_type *ret_type, uint8_t *ret_side)
{
    static const struct {
        const char *object, *step1, *step2;
        enum ent_obs_type type;
    } values[] = {
        {"ipv4-addr", "value", NULL, ENT_OBS_IPV4},
        {"ipv6-addr", "value", NULL, ENT_OBS_IPV6},
        {"domain-name", "value", NULL, ENT_OBS_DOMAIN},
        {"url", "value", NULL, ENT_OBS_URL},
        {"email-addr", "value", NULL, ENT_OBS_EMAIL},
        {"email-message", "from_ref", "value", ENT_OBS_EMAIL},
        {"email-message", "sender_ref", "value", ENT_OBS_EMAIL},
    };
    *ret_type = (enum ent_obs_type)0;
    *ret_side = 0;
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
        if (path_is(path, values[i].object, values[i].step1, values[i].step2)) {
            *ret_type = values[i].type;
            return R_VALUES;
        }
    if (ent_slice_eq(path->object, ENT_SLICE_LIT("file"))) {
        bool hash =
            !path->index && path->n == 2 && ent_slice_eq(path->step[0], ENT_SLICE_LIT("hashes"));
        *ret_type = hash ? alg_of(path->step[1]) : (enum ent_obs_type)0;
        return *ret_type != 0 ? R_HASHES : R_FILE_CONTEXT;
    }
    if (!ent_slice_eq(path->object, ENT_SLICE_LIT("network-traffic")))
        return R_LOST;
    for (size_t i = 0; i < 2; i++) {
        *ret_side = (uint8_t)(i == 0 ? 's' : 'd');
        if (path_is(path, "network-traffic", i == 0 ? "src_ref" : "dst_ref", "value"))
            return R_END_VALUES;
        if (path_is(path, "network-traffic", i == 0 ? "src_ref" : "dst_ref", "type"))
            return R_END_TYPE;
        if (path_is(path, "network-traffic", i == 0 ? "src_port" : "dst_port", NULL))
            return R_END_PORT;
    }
    *ret_side = 0;
    return path->n == 1 && ent_slice_eq(path->step[0], ENT_SLICE_LIT("protocols")) ? R_PROTOCOLS
                                                                                   : R_LOST;
}

/* --- comparisons ------------------------------------------------------------------------------ */

static struct node lost(const char *why)
{
    return (struct node){.role = R_LOST, .lost = why};
}

static bool is_literal(const struct parser *p)
{
    return (p->tok.kind >= ENT_TOK_STRING && p->tok.kind <= ENT_TOK_TIME) || is_word(p, "true") ||
           is_word(p, "false");
}

/* One literal of = or IN goes into the node; one that cannot makes it lost. */
static enum ent_err literal(struct parser *p, struct node *n, enum ent_obs_type type)
{
    struct ent_pattern_value *v;
    uint64_t port = 0;
    enum ent_err r;
    if (!is_literal(p))
        return wrong(p, "a value is missing");
    if (n->role == R_END_PORT) {
        /* Some products write the number as a string. */
        bool number = p->tok.kind == ENT_TOK_INT || p->tok.kind == ENT_TOK_STRING;
        if (!number || n->port != 0 || ent_parse_u64(&port, p->tok.text, 65535) != ENT_OK ||
            port == 0)
            *n = lost(LOST_AND);
        else
            n->port = (uint16_t)port;
    } else if (n->role == R_VALUES || n->role == R_HASHES || n->role == R_END_VALUES) {
        if (p->tok.kind != ENT_TOK_STRING) {
            *n = lost(LOST_KIND);
            return advance(p);
        }
        if ((v = ent_arena_alloc(p->a, sizeof(*v))) == NULL)
            return ENT_E_LIMIT;
        v->type = type;
        if ((r = ent_token_string(&v->text, p->a, p->tok.text)) != ENT_OK)
            return r;
        if (n->last == NULL)
            n->first = v;
        else
            n->last->next = v;
        n->last = v;
    }
    return advance(p);
}

/* setLiteral: "(" ")" or "(" literal ( "," literal )* ")" */
static enum ent_err set(struct parser *p, struct node *n, enum ent_obs_type type)
{
    enum ent_err r;
    if ((r = expect(p, "(", "'(' is missing behind IN")) != ENT_OK)
        return r;
    if (is_punct(p, ")"))
        *n = lost(LOST_CONTEXT); /* nothing is in the empty set */
    else if ((r = literal(p, n, type)) != ENT_OK)
        return r;
    while (is_punct(p, ","))
        if ((r = advance(p)) != ENT_OK || (r = literal(p, n, type)) != ENT_OK)
            return r;
    return expect(p, ")", "')' is missing behind the values of IN");
}

/* The operator's right side when it yields no values; orderable: not true or false. */
static enum ent_err other_side(struct parser *p, bool string_only)
{
    if (string_only ? p->tok.kind != ENT_TOK_STRING : !is_literal(p) || p->tok.kind == ENT_TOK_NAME)
        return wrong(p, "a value is missing");
    return advance(p);
}

static bool any_punct(const struct parser *p, const char *a, const char *b)
{
    return is_punct(p, a) || is_punct(p, b);
}

/* The operator is not "is one of these": no values. What only describes a file goes on doing so,
 * unless it says what the file is not. */
static void spoil(struct node *n, const char *why)
{
    if (n->role == R_FILE_CONTEXT && why != LOST_NOT)
        return;
    *n = lost(n->role == R_LOST && why != LOST_NOT ? n->lost : why);
}

/* LIKE 'http://evil.example/gate/%': one '%' at the end, and behind a path, where it is all that is
 * not literal. The value becomes what it means; another leaves *ret_taken false. */
static enum ent_err url_start(struct parser *p, struct node *n, bool *ret_taken)
{
    enum ent_err r = literal(p, n, ENT_OBS_URLPREFIX);
    *ret_taken = false;
    if (r != ENT_OK || n->last == NULL)
        return r;
    struct ent_slice s = n->last->text;
    size_t wild = 0;
    for (size_t i = 0; i < s.n; i++)
        wild += s.p[i] == '%' || s.p[i] == '_';
    if (wild != 1 || s.p[s.n - 1] != '%' || memchr(s.p, '*', s.n) != NULL)
        return ENT_OK;
    struct ent_slice scheme = ENT_SLICE_LIT("://");
    const uint8_t *host = memmem(s.p, s.n, scheme.p, scheme.n);
    if (host == NULL || memchr(host + scheme.n, '/', s.n - (size_t)(host - s.p) - scheme.n) == NULL)
        return ENT_OK;
    uint8_t *text = ent_arena_alloc(p->a, s.n);
    if (text == NULL)
        return ENT_E_LIMIT;
    memcpy(text, s.p, s.n);
    text[s.n - 1] = '*';
    n->last->text.p = text;
    *ret_taken = true;
    return ENT_OK;
}

/* The operator and its right side, for a path whose role is in n. */
static enum ent_err operator_and_value(struct parser *p, struct node *n, enum ent_obs_type type)
{
    bool not = is_word(p, "NOT"), taken = false;
    enum ent_err r;
    if (not &&(r = advance(p)) != ENT_OK)
        return r;
    bool equal = any_punct(p, "=", "=="), differs = any_punct(p, "!=", "<>"), in = is_word(p, "IN");
    bool subset = is_word(p, "ISSUBSET"), superset = is_word(p, "ISSUPERSET");
    bool like = is_word(p, "LIKE"), fuzzy = like || is_word(p, "MATCHES");
    bool order = any_punct(p, "<", ">") || any_punct(p, "<=", ">=");
    if (!equal && !differs && !in && !subset && !superset && !fuzzy && !order)
        return wrong(p, "a comparison operator is missing");
    if ((r = advance(p)) != ENT_OK)
        return r;
    if (in)
        r = set(p, n, type);
    else if (equal || differs)
        r = literal(p, n, type);
    else if (subset && p->tok.kind == ENT_TOK_STRING)
        r = literal(p, n, type);
    else if (like && p->tok.kind == ENT_TOK_STRING && n->role == R_VALUES && type == ENT_OBS_URL)
        r = url_start(p, n, &taken);
    else
        r = other_side(p, !order);
    if (r != ENT_OK)
        return r;
    if (not || differs)
        spoil(n, LOST_NOT);
    else if (fuzzy && !taken)
        spoil(n, LOST_FUZZY);
    else if (superset || order)
        spoil(n, LOST_OP);
    else if (subset && n->role != R_END_VALUES && type != ENT_OBS_IPV4 && type != ENT_OBS_IPV6)
        spoil(n, LOST_OP);
    return ENT_OK;
}

static enum ent_err comparison_or(struct parser *p, struct node *ret);

static enum ent_err deeper(struct parser *p)
{
    if (p->depth++ < ENT_PATTERN_DEPTH)
        return ENT_OK;
    p->why = "a pattern with too many parentheses";
    return ENT_E_LIMIT;
}

/* propTest */
static enum ent_err test(struct parser *p, struct node *ret)
{
    struct path path_read;
    enum ent_obs_type type;
    enum ent_err r;
    if (is_punct(p, "(")) {
        if ((r = deeper(p)) != ENT_OK || (r = advance(p)) != ENT_OK ||
            (r = comparison_or(p, ret)) != ENT_OK)
            return r;
        p->depth--;
        return expect(p, ")", "')' is missing");
    }
    if (is_word(p, "EXISTS")) {
        if ((r = advance(p)) != ENT_OK || (r = path(p, &path_read)) != ENT_OK)
            return r;
        *ret = lost(LOST_OP);
        if (ent_slice_eq(path_read.object, ENT_SLICE_LIT("file")))
            *ret = (struct node){.role = R_FILE_CONTEXT};
        return ENT_OK;
    }
    if ((r = path(p, &path_read)) != ENT_OK)
        return r;
    struct node n = {0};
    n.role = role_of(&path_read, &type, &n.side);
    n.lost = n.role == R_LOST ? LOST_PATH : NULL;
    n.algs = n.role == R_HASHES ? ENT_OBS_BIT(type) : 0;
    if ((r = operator_and_value(p, &n, type)) == ENT_OK)
        *ret = n;
    return r;
}

/* --- joining ---------------------------------------------------------------------------------- */

static void append(struct node *to, const struct node *from)
{
    if (from->first == NULL)
        return;
    if (to->last == NULL)
        to->first = from->first;
    else
        to->last->next = from->first;
    to->last = from->last;
}

/* A node on its own: what only describes names nothing. */
static void settle(struct node *n)
{
    if (n->role == R_END_VALUES)
        n->role = R_VALUES;
    else if (n->role != R_VALUES && n->role != R_HASHES && n->role != R_LOST)
        *n = lost(LOST_CONTEXT);
}

static void join_or(struct node *a, struct node *b)
{
    settle(a);
    settle(b);
    bool hashes = a->role == R_HASHES && b->role == R_HASHES;
    struct node n = {.role = R_VALUES, .lost = a->lost != NULL ? a->lost : b->lost};
    append(&n, a);
    append(&n, b);
    if (n.first == NULL)
        n.role = R_LOST;
    else if (hashes)
        n.role = R_HASHES;
    n.algs = hashes ? a->algs | b->algs : 0;
    *a = n;
}

/* What has been AND-ed so far. */
struct conjunction {
    unsigned terms, hashes, ends, others;
    unsigned algs, sides; /* sides: 1 for 's', 2 for 'd' */
    bool same_alg, file_only, traffic_only, two_ports;
    uint16_t port;
    struct node values;
    const char *lost;
};

static void conjunction_add(struct conjunction *c, const struct node *n)
{
    bool file = n->role == R_HASHES || n->role == R_FILE_CONTEXT;
    bool traffic = n->role >= R_END_VALUES;
    c->terms++;
    c->file_only = c->file_only && file;
    c->traffic_only = c->traffic_only && traffic;
    if (n->role == R_HASHES) {
        c->hashes++;
        c->same_alg = c->same_alg || (c->algs & n->algs) != 0;
        c->algs |= n->algs;
    }
    c->ends += n->role == R_END_VALUES;
    if (n->side != 0)
        c->sides |= n->side == 's' ? 1u : 2u;
    if (n->role == R_END_PORT) {
        c->two_ports = c->two_ports || c->port != 0;
        c->port = n->port;
    }
    if (n->role == R_LOST && (c->lost == NULL || n->lost == LOST_NOT))
        c->lost = n->lost;
    append(&c->values, n);
}

static struct node conjunction_end(const struct conjunction *c)
{
    struct node n = c->values;
    if (c->file_only && c->hashes > 0 && !c->same_alg) {
        n.role = R_HASHES;
        n.algs = c->algs;
        return n;
    }
    if (c->file_only && c->hashes == 0)
        return (struct node){.role = R_FILE_CONTEXT};
    if (!c->traffic_only || c->ends != 1 || c->sides == 3 || c->two_ports)
        return lost(c->lost == LOST_NOT ? LOST_NOT : LOST_AND);
    n.role = R_VALUES;
    n.algs = 0;
    for (struct ent_pattern_value *v = n.first; v != NULL && c->port != 0; v = v->next)
        v->port = c->port;
    return n;
}

static enum ent_err comparison_and(struct parser *p, struct node *ret)
{
    struct conjunction c = {.file_only = true, .traffic_only = true};
    struct node n;
    enum ent_err r;
    if ((r = test(p, &n)) != ENT_OK)
        return r;
    *ret = n;
    if (!is_word(p, "AND"))
        return ENT_OK;
    conjunction_add(&c, &n);
    while (is_word(p, "AND")) {
        if ((r = advance(p)) != ENT_OK || (r = test(p, &n)) != ENT_OK)
            return r;
        conjunction_add(&c, &n);
    }
    *ret = conjunction_end(&c);
    return ENT_OK;
}

static enum ent_err comparison_or(struct parser *p, struct node *ret)
{
    struct node n;
    enum ent_err r;
    if ((r = comparison_and(p, ret)) != ENT_OK)
        return r;
    while (is_word(p, "OR")) {
        if ((r = advance(p)) != ENT_OK || (r = comparison_and(p, &n)) != ENT_OK)
            return r;
        join_or(ret, &n);
    }
    return ENT_OK;
}

/* --- observations ----------------------------------------------------------------------------- */

static enum ent_err followed(struct parser *p, struct node *ret);

static enum ent_err token_of(struct parser *p, bool right, const char *why)
{
    return right ? advance(p) : wrong(p, why);
}

/* START t STOP t, WITHIN n SECONDS, REPEATS n TIMES. STIX 2.0 wrote the times as strings. */
static enum ent_err qualifier(struct parser *p)
{
    enum ent_err r;
    bool time, number;
    if (is_word(p, "START")) {
        for (int i = 0; i < 2; i++) {
            if ((r = token_of(p, is_word(p, i == 0 ? "START" : "STOP"),
                              "STOP is missing behind START")) != ENT_OK)
                return r;
            time = p->tok.kind == ENT_TOK_TIME || p->tok.kind == ENT_TOK_STRING;
            if ((r = token_of(p, time, "a time is missing")) != ENT_OK)
                return r;
        }
        return ENT_OK;
    }
    bool within = is_word(p, "WITHIN");
    if ((r = advance(p)) != ENT_OK)
        return r;
    number = (p->tok.kind == ENT_TOK_INT || (within && p->tok.kind == ENT_TOK_FLOAT)) &&
             p->tok.text.p[0] != '-';
    if ((r = token_of(p, number, "a number is missing")) != ENT_OK)
        return r;
    return token_of(p, is_word(p, within ? "SECONDS" : "TIMES"), "SECONDS or TIMES is missing");
}

static enum ent_err observation(struct parser *p, struct node *ret)
{
    bool group = is_punct(p, "(");
    enum ent_err r;
    if (!group && !is_punct(p, "["))
        return wrong(p, "'[' is missing");
    if ((r = deeper(p)) != ENT_OK || (r = advance(p)) != ENT_OK ||
        (r = group ? followed(p, ret) : comparison_or(p, ret)) != ENT_OK ||
        (r = expect(p, group ? ")" : "]", group ? "')' is missing" : "']' is missing")) != ENT_OK)
        return r;
    p->depth--;
    settle(ret);
    while (is_word(p, "START") || is_word(p, "WITHIN") || is_word(p, "REPEATS")) {
        if ((r = qualifier(p)) != ENT_OK)
            return r;
        *ret = lost(LOST_TIMES);
    }
    return ENT_OK;
}

static enum ent_err observation_and(struct parser *p, struct node *ret)
{
    enum ent_err r;
    if ((r = observation(p, ret)) != ENT_OK)
        return r;
    while (is_word(p, "AND")) {
        if ((r = advance(p)) != ENT_OK || (r = observation(p, ret)) != ENT_OK)
            return r;
        *ret = lost(LOST_SEVERAL);
    }
    return ENT_OK;
}

static enum ent_err observation_or(struct parser *p, struct node *ret)
{
    struct node n;
    enum ent_err r;
    if ((r = observation_and(p, ret)) != ENT_OK)
        return r;
    while (is_word(p, "OR")) {
        if ((r = advance(p)) != ENT_OK || (r = observation_and(p, &n)) != ENT_OK)
            return r;
        join_or(ret, &n);
    }
    return ENT_OK;
}

static enum ent_err followed(struct parser *p, struct node *ret)
{
    enum ent_err r;
    if ((r = observation_or(p, ret)) != ENT_OK)
        return r;
    while (is_word(p, "FOLLOWEDBY")) {
        if ((r = advance(p)) != ENT_OK || (r = observation_or(p, ret)) != ENT_OK)
            return r;
        *ret = lost(LOST_ORDER);
    }
    return ENT_OK;
}

enum ent_err ent_pattern_parse(struct ent_pattern *ret, const char **ret_why, struct ent_arena *a,
                               struct ent_slice text)
{
    struct parser p = {.a = a, .text = text, .why = "a pattern with too many values"};
    struct node n = {0};
    enum ent_err r;
    if ((r = advance(&p)) == ENT_OK && (r = followed(&p, &n)) == ENT_OK &&
        p.tok.kind != ENT_TOK_END)
        r = wrong(&p, "more text behind the pattern");
    if (r != ENT_OK) {
        *ret_why = p.why;
        ret->error_at = p.at;
        return r;
    }
    *ret = (struct ent_pattern){.values = n.first, .lost = n.lost};
    return ENT_OK;
}
