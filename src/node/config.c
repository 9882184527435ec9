/*
 * config.c: the table of settings and the three things made from it. To add a setting, add a member
 * to struct ent_config and a row here.
 */
#include "base/base.h"

#include "net/net.h"
#include "pact/pact.h"
#include "node/config.h"
#include "node/runners.h"
#include "watch/watch.h"

#include <inttypes.h>
#include <stdarg.h>

#define NAME_MAX_LEN 32
#define FAR_TOO_MUCH 99 /* an edit distance nobody suggests */
#define ITEM(m)      .name = #m, .offset = offsetof(struct ent_config, m)
#define KIB          UINT64_C(1024)
#define MINUTE       UINT64_C(60)

enum kind {
    TEXT,       /* char[ENT_CONFIG_TEXT_MAX] */
    COUNT,      /* uint64_t */
    SIZE,       /* uint64_t, bytes: 512, 64K, 64M, 1G */
    DURATION,   /* uint64_t, seconds: 30, 30s, 5m, 2h, 1d */
    HUNDREDTHS, /* uint64_t: 2 is 200, 2.3 is 230, 2.35 is 235 */
    WORD,       /* an enum: one of a list of words */
    WORDS       /* an unsigned: a bit for each of some words with commas between them, or "none" */
};

struct word {
    const char *text; /* NULL ends the list */
    unsigned value;
};

static const struct word tlp_words[] = {
    {"clear", ENT_TLP_CLEAR},
    {"green", ENT_TLP_GREEN},
    {NULL, 0},
};
static const struct word no_yes[] = {{"no", 0}, {"yes", 1}, {NULL, 0}};
static const struct word every_tlp_words[] = {
    {"clear", ENT_TLP_CLEAR}, {"green", ENT_TLP_GREEN},
    {"amber", ENT_TLP_AMBER}, {"amber+strict", ENT_TLP_AMBER_STRICT},
    {"red", ENT_TLP_RED},     {NULL, 0}};
static const struct word hook_words[] = {{"sighting", ENT_HOOK_SIGHTING},
                                         {"exposed", ENT_HOOK_EXPOSED},
                                         {"suspected", ENT_HOOK_SUSPECTED},
                                         {"match", ENT_HOOK_MATCH},
                                         {"pact", ENT_HOOK_PACT},
                                         {"release-waiting", ENT_HOOK_RELEASE_WAITING},
                                         {NULL, 0}};
static const struct word quorum_words[] = {
    {"off", ENT_QUORUM_OFF}, {"ask", ENT_QUORUM_ASK}, {"on", ENT_QUORUM_ON}, {NULL, 0}};
static const struct word format_words[] = {
    {"logfmt", ENT_LOG_LOGFMT}, {"json", ENT_LOG_JSON}, {NULL, 0}};
static const struct word to_words[] = {
    {"stdout", ENT_LOG_STDOUT}, {"syslog", ENT_LOG_SYSLOG}, {NULL, 0}};
static const struct word type_words[] = {
    {"ipv4", ENT_OBS_IPV4},     {"ipv6", ENT_OBS_IPV6},
    {"domain", ENT_OBS_DOMAIN}, {"url", ENT_OBS_URL},
    {"email", ENT_OBS_EMAIL},   {"md5", ENT_OBS_MD5},
    {"sha1", ENT_OBS_SHA1},     {"sha256", ENT_OBS_SHA256},
    {"sha512", ENT_OBS_SHA512}, {NULL, 0},
};
_Static_assert(sizeof(enum ent_tlp) == sizeof(unsigned) &&
                   sizeof(enum ent_log_format) == sizeof(unsigned) &&
                   sizeof(enum ent_log_to) == sizeof(unsigned) &&
                   sizeof(enum ent_quorum_part) == sizeof(unsigned),
               "parse_word() writes an unsigned");

/* What a webhook can be: fetch.h says what is none. */
static enum ent_err check_hook(const char *text)
{
    struct ent_fetch_url u;
    char suffix[ENT_CONFIG_TEXT_MAX];
    const char *why;
    return ent_fetch_target_parse(&u, suffix, sizeof(suffix), &why, ent_slice_str(text));
}

static enum ent_err check_path(const char *text)
{
    return text[0] == '/' ? ENT_OK : ENT_E_FORMAT;
}

struct item {
    const char *name;
    enum kind kind;
    size_t offset;
    uint64_t min, max;
    enum ent_err (*check)(const char *text); /* of a TEXT that is not empty */
    const char *wanted;                      /* what check() accepts, for messages */
    bool may_be_empty;
    const struct word *words; /* of a WORD, or WORDS */
    const char *def;          /* as it would stand in the file */
    const char *help;
};

static enum ent_err check_users_listen(const char *text)
{
    return strcmp(text, ENT_CONFIG_OFF) == 0 ? ENT_OK : ent_server_listen_check(text);
}

static enum ent_err check_host(const char *text)
{
    for (const char *p = text; *p != '\0'; p++)
        if ((uint8_t)((*p | 0x20) - 'a') >= 26 && (*p < '0' || *p > '9') &&
            strchr("-.", *p) == NULL)
            return ENT_E_FORMAT;
    return ENT_OK;
}

/* Each of some observables with commas between them, which must be of these types. */
static enum ent_err each_own(struct ent_slice list, uint32_t types,
                             enum ent_err (*each)(void *ctx, const struct ent_observable *o),
                             void *ctx)
{
    struct ent_observable o;
    enum ent_err r = ENT_OK;
    while (list.n > 0 && r == ENT_OK) {
        const uint8_t *comma = memchr(list.p, ',', list.n);
        const size_t n = comma == NULL ? list.n : (size_t)(comma - list.p);
        if (ent_observable_parse(&o, NULL, ent_slice(list.p, n)) != ENT_OK ||
            (types & ENT_OBS_BIT(o.type)) == 0 || n + 1 == list.n)
            return ENT_E_FORMAT;
        r = each == NULL ? ENT_OK : each(ctx, &o);
        list = comma == NULL ? ent_slice(NULL, 0) : ent_slice(comma + 1, list.n - n - 1);
    }
    return r;
}

#define RANGES                                                                                     \
    (ENT_OBS_BIT(ENT_OBS_IPV4) | ENT_OBS_BIT(ENT_OBS_IPV6) | ENT_OBS_BIT(ENT_OBS_NET4) |           \
     ENT_OBS_BIT(ENT_OBS_NET6))

static enum ent_err check_ranges(const char *text)
{
    return each_own(ent_slice_str(text), RANGES, NULL, NULL);
}

static enum ent_err check_domains(const char *text)
{
    return each_own(ent_slice_str(text), ENT_OBS_BIT(ENT_OBS_DOMAIN), NULL, NULL);
}

enum ent_err ent_config_own(const struct ent_config *c,
                            enum ent_err (*each)(void *ctx, const struct ent_observable *o),
                            void *ctx)
{
    enum ent_err r = each_own(ent_slice_str(c->own_ranges), RANGES, each, ctx);
    return r == ENT_OK
               ? each_own(ent_slice_str(c->own_domains), ENT_OBS_BIT(ENT_OBS_DOMAIN), each, ctx)
               : r;
}

#define DAY (24 * 60 * MINUTE)
#define DECAY(m, lifetime, speed, what)                                                            \
    {ITEM(m##_lifetime), .kind = DURATION, .max = 3650 * DAY, .def = (lifetime),                   \
     .help = "After so long, the confidence of a claim on " what " has decayed to nothing; with "  \
             "0s it never does."},                                                                 \
    {                                                                                              \
        ITEM(m##_speed), .kind = HUNDREDTHS, .min = 10, .max = 10000, .def = (speed),              \
                         .help = "How fast it decays: with 1 evenly, with more the sooner."        \
    }

/* table */
static const struct item items[] = {
    {ITEM(listen), .kind = TEXT, .check = ent_server_listen_check,
     .wanted = "an address and a port, such as 192.0.2.1:7443 or [2001:db8::1]:7443",
     .def = "127.0.0.1:7443", .help = "Where partners reach this node."},
    {ITEM(url), .kind = TEXT, .check = ent_client_url_check,
     .wanted = "of the form https://host:port", .may_be_empty = true, .def = "",
     .help = "The address that partners should use, if it is not what listen says: behind address "
             "translation, or by name."},
    {ITEM(max_connections), .kind = COUNT, .min = 2, .max = 65536, .def = "256",
     .help = "Connections at the same time; one address may have half of them."},
    {ITEM(max_bodies), .kind = SIZE, .min = 1024 * KIB, .max = 1024 * 1024 * 1024 * KIB,
     .def = "512M", .help = "Memory for the bodies of all requests together."},
    {ITEM(idle_seconds), .kind = DURATION, .min = 1, .max = 60 * MINUTE, .def = "30s",
     .help = "How long a connection may be silent."},
    {ITEM(request_seconds), .kind = DURATION, .min = 1, .max = 24 * 60 * MINUTE, .def = "60s",
     .help =
         "How long a request may take to arrive, and its answer to leave. A match waits twice as "
         "long for each answer of the partner."},
    {ITEM(match_max_items), .kind = COUNT, .min = 1, .max = 50000000, .def = "1000000",
     .help = "The most items a partner may bring to one match. The pact may allow fewer."},
    {ITEM(match_workers), .kind = COUNT, .min = 1, .max = ENT_RUNNERS_MOST, .def = "4",
     .help =
         "How many processes there are for matches and quorums. One partner has at most half of "
         "them at the same time; where there are two or more, matches leave one for quorums, and "
         "quorums one for matches."},
    {ITEM(match_tlp), .kind = WORD, .words = tlp_words, .def = "green",
     .help =
         "Only indicators whose marking is this or wider are put into matches. What is amber or "
         "narrower never leaves, nor what a held source says."},
    {ITEM(release_needs_two), .kind = WORD, .words = no_yes, .def = "no",
     .help = "Whether a release of a held source waits until another account confirms it."},
    {ITEM(run_seconds), .kind = DURATION, .min = 1, .max = 24 * 60 * MINUTE, .def = "120s",
     .help = "A match in which the partner says nothing for so long is forgotten; after a twelfth "
             "of it, it makes room for another match of the same partner."},
    {ITEM(stop_seconds), .kind = DURATION, .min = 0, .max = 60 * MINUTE, .def = "60s",
     .help = "How long a node that is to stop, or to use another configuration, waits for matches "
             "that have begun. Offers that come meanwhile are put off."},
    {ITEM(gossip_seconds), .kind = DURATION, .min = 1, .max = 10 * MINUTE, .def = "60s",
     .help =
         "Every other member is visited at least so often: heads of logs are compared, and what "
         "is new is mirrored."},
    {ITEM(users_listen), .kind = TEXT, .check = check_users_listen,
     .wanted = "an address and a port, such as 127.0.0.1:7444, or off", .def = "127.0.0.1:7444",
     .help = "Where people and their tools reach this node: TAXII, accounts, metrics. With off "
             "they do not."},
    {ITEM(users_cert), .kind = TEXT, .check = check_path,
     .wanted = "the whole path of a PEM file, from / on", .may_be_empty = true, .def = "",
     .help = "The certificate of the users' port, with its chain. Without one the node makes one "
             "itself, and prints its fingerprint when it starts."},
    {ITEM(users_key), .kind = TEXT, .check = check_path,
     .wanted = "the whole path of a PEM file, from / on", .may_be_empty = true, .def = "",
     .help = "The private key of users_cert, without passphrase."},
    {ITEM(users_host), .kind = TEXT, .check = check_host, .wanted = "the name of a host",
     .may_be_empty = true, .def = "",
     .help = "A name that the node's own certificate for the users' port is for, besides "
             "localhost and the address in users_listen."},
    {ITEM(users_max_connections), .kind = COUNT, .min = 2, .max = 65536, .def = "256",
     .help = "Connections of users at the same time; one address may have half of them."},
    {ITEM(metrics_open), .kind = WORD, .words = no_yes, .def = "no",
     .help = "Whether /metrics of the users' port answers whoever asks, without an account."},
    {ITEM(rate_account), .kind = COUNT, .min = 0, .max = 1000000, .def = "1200",
     .help = "Requests of one account in a minute; 0 means any number."},
    {ITEM(rate_address), .kind = COUNT, .min = 0, .max = 1000000, .def = "3000",
     .help = "Requests from one address in a minute, of IPv6 from one network of 64 bits; 0 means "
             "any number."},
    {ITEM(worker_threads), .kind = COUNT, .min = 0, .max = 1024, .def = "0",
     .help = "Threads for matches and imports; 0 means as many as there are processors."},
    {ITEM(observe_window_seconds), .kind = DURATION, .min = 60, .max = DAY, .def = "1h",
     .help = "How long a window of entente watch --observe is. Only windows of the same length can "
             "be compared."},
    {ITEM(observe_keep_seconds), .kind = DURATION, .min = 60, .max = 3650 * DAY, .def = "7d",
     .help = "How long a window is kept after it has ended."},
    {ITEM(observe_max_items), .kind = COUNT, .min = 1, .max = ENT_WINDOW_ITEMS_MOST,
     .def = "4000000", .help = "The most items of a window; what was seen least is left out."},
    {ITEM(observe_types), .kind = WORDS, .words = type_words,
     .def = "ipv4,ipv6,domain,md5,sha1,sha256,sha512",
     .help = "What is kept. URLs and e-mail addresses in logs say much about people, and not only "
             "about attackers."},
    {ITEM(observe_warned), .kind = WORD, .words = no_yes, .def = "no",
     .help = "Whether what stands on a warning list is kept too."},
    {ITEM(own_ranges), .kind = TEXT, .check = check_ranges, .may_be_empty = true, .def = "",
     .wanted = "networks and addresses with commas between them",
     .help = "Networks of this member: what lies in them is never kept in a window."},
    {ITEM(own_domains), .kind = TEXT, .check = check_domains, .may_be_empty = true, .def = "",
     .wanted = "domains with commas between them",
     .help = "Domains of this member: neither they nor what lies below them is kept in a window."},
    {ITEM(quorum), .kind = WORD, .words = quorum_words, .def = "ask",
     .help = "Whether this member takes part in quorums: off in none; ask in those that the pact "
             "schedules, and in others when entente quorum join says so; on in every one that the "
             "pact allows. What it does for others as a key holder or collector it does unless "
             "this is off."},
    {ITEM(quorum_max_items), .kind = COUNT, .min = 1, .max = ENT_QUORUM_ITEMS, .def = "200000",
     .help = "A quorum with more items of one member than this is refused: memory and time grow "
             "with them."},
    {ITEM(quorum_tlp), .kind = WORD, .words = every_tlp_words, .def = "amber",
     .help = "How findings of quorums are marked."},
    {ITEM(quorum_cores), .kind = COUNT, .min = 0, .max = 1024, .def = "0",
     .help = "Processors that a collector computes with; 0 means all."},
    {ITEM(log_format), .kind = WORD, .words = format_words, .def = "logfmt",
     .help = "How the node writes its log: a line of key=value or a JSON object for each record."},
    {ITEM(log_to), .kind = WORD, .words = to_words, .def = "stdout",
     .help = "Where it goes: to standard output, which a service manager keeps, or as RFC 5424 to "
             "the syslog of this machine."},
    {ITEM(webhook_url), .kind = TEXT, .check = check_hook, .may_be_empty = true, .def = "",
     .wanted = "an https:// URL without a name or password, or http:// to 127.0.0.1 or [::1]",
     .help = "Where events are posted to, directly: no proxy is used. It needs webhook_secret."},
    {ITEM(webhook_secret), .kind = TEXT, .check = check_path, .may_be_empty = true, .def = "",
     .wanted = "the path of a file, from the root",
     .help = "A file whose first line is the secret by which the receiver knows that events come "
             "from here: 16 to 512 characters. It is read when the node starts."},
    {ITEM(webhook_events), .kind = WORDS, .words = hook_words,
     .def = "sighting,exposed,suspected,match,pact,release-waiting",
     .help = "Which events are posted."},
    {ITEM(webhook_tlp), .kind = WORD, .words = every_tlp_words, .def = "amber",
     .help = "Of a sighting whose indicator has a narrower marking it is only posted that there "
             "was one."},
    DECAY(ip, "60d", "2.3", "an address, network or endpoint"),
    DECAY(domain, "180d", "2.3", "a domain"),
    DECAY(url, "30d", "2.3", "a URL"),
    DECAY(email, "365d", "1", "an e-mail address"),
    DECAY(hash, "0s", "1", "a hash"),
};

#define ITEMS (sizeof(items) / sizeof(items[0]))

static const struct unit {
    enum kind kind;
    char letter;
    uint64_t factor;
} units[] = {
    {SIZE, 'K', KIB},
    {SIZE, 'M', KIB *KIB},
    {SIZE, 'G', KIB *KIB *KIB},
    {DURATION, 's', 1},
    {DURATION, 'm', MINUTE},
    {DURATION, 'h', 60 * MINUTE},
    {DURATION, 'd', 24 * 60 * MINUTE},
};
#define UNITS (sizeof(units) / sizeof(units[0]))

/* --- values ------------------------------------------------------------------------------------
 */

static enum ent_err parse_number(uint64_t *ret, const struct item *it, struct ent_slice s)
{
    uint64_t factor = 1, v;
    enum ent_err r;
    for (size_t i = 0; s.n > 1 && i < UNITS; i++)
        if (units[i].kind == it->kind && s.p[s.n - 1] == (uint8_t)units[i].letter) {
            factor = units[i].factor;
            s.n--;
            break;
        }
    if ((r = ent_parse_u64(&v, s, it->max / factor)) != ENT_OK)
        return r;
    if (v * factor < it->min)
        return ENT_E_LIMIT;
    *ret = v * factor;
    return ENT_OK;
}

/* Digits, and after a point one or two more. */
static enum ent_err parse_hundredths(uint64_t *ret, const struct item *it, struct ent_slice s)
{
    const uint8_t *point = s.n == 0 ? NULL : memchr(s.p, '.', s.n);
    size_t whole = point == NULL ? s.n : (size_t)(point - s.p), after = s.n - whole;
    uint64_t v, part = 0;
    enum ent_err r = ent_parse_u64(&v, ent_slice(s.p, whole), it->max / 100);
    if (r != ENT_OK || after == 1 || after > 3)
        return r != ENT_OK ? r : ENT_E_FORMAT;
    for (size_t i = 1; i < 3 && after > 0; i++) {
        uint8_t c = i < after ? point[i] : '0';
        if (c < '0' || c > '9')
            return ENT_E_FORMAT;
        part = 10 * part + (uint64_t)(c - '0');
    }
    v = 100 * v + part;
    if (v < it->min || v > it->max)
        return ENT_E_LIMIT;
    *ret = v;
    return ENT_OK;
}

static enum ent_err parse_word(unsigned *ret, const struct item *it, struct ent_slice s)
{
    for (const struct word *w = it->words; w->text != NULL; w++)
        if (ent_slice_eq(s, ent_slice_str(w->text))) {
            *ret = w->value;
            return ENT_OK;
        }
    return ENT_E_FORMAT;
}

static enum ent_err parse_words(unsigned *ret, const struct item *it, struct ent_slice s)
{
    unsigned bits = 0, value;
    if (ent_slice_eq(s, ENT_SLICE_LIT("none")))
        s.n = 0;
    else if (s.n == 0)
        return ENT_E_FORMAT;
    while (s.n > 0) {
        const uint8_t *comma = memchr(s.p, ',', s.n);
        const size_t n = comma == NULL ? s.n : (size_t)(comma - s.p);
        if (parse_word(&value, it, ent_slice_trim(ent_slice(s.p, n))) != ENT_OK ||
            (bits & 1u << value) != 0 || n + 1 == s.n)
            return ENT_E_FORMAT;
        bits |= 1u << value;
        s = comma == NULL ? ent_slice(NULL, 0) : ent_slice(comma + 1, s.n - n - 1);
    }
    *ret = bits;
    return ENT_OK;
}

static enum ent_err parse_text(char ret[static ENT_CONFIG_TEXT_MAX], const struct item *it,
                               struct ent_slice s)
{
    char text[ENT_CONFIG_TEXT_MAX];
    if (s.n >= sizeof(text))
        return ENT_E_LIMIT;
    if (s.n == 0 && !it->may_be_empty)
        return ENT_E_FORMAT;
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= 0x20 || s.p[i] >= 0x7f)
            return ENT_E_FORMAT;
    if (s.n > 0)
        memcpy(text, s.p, s.n);
    text[s.n] = '\0';
    if (s.n > 0 && it->check(text) != ENT_OK)
        return ENT_E_FORMAT;
    memcpy(ret, text, s.n + 1);
    return ENT_OK;
}

static enum ent_err set(struct ent_config *c, const struct item *it, struct ent_slice value)
{
    void *at = (char *)c + it->offset;
    switch (it->kind) {
    case TEXT:
        return parse_text(at, it, value);
    case COUNT:
    case SIZE:
    case DURATION:
        return parse_number(at, it, value);
    case HUNDREDTHS:
        return parse_hundredths(at, it, value);
    case WORD:
        return parse_word(at, it, value);
    case WORDS:
        return parse_words(at, it, value);
    }
    ENT_BUG("a kind of setting without a parser");
}

#define NUMBER_TEXT 24
#define WANTED_TEXT 128

/* 90 seconds is "90s", 3600 is "1h": the largest unit that leaves no rest. */
static const char *show_number(char ret[static NUMBER_TEXT], const struct item *it, uint64_t v)
{
    const struct unit *best = NULL;
    if (it->kind == HUNDREDTHS) {
        (void)snprintf(ret, NUMBER_TEXT, "%g", (double)v / 100);
        return ret;
    }
    for (size_t i = 0; v > 0 && i < UNITS; i++)
        if (units[i].kind == it->kind && v % units[i].factor == 0)
            best = &units[i];
    if (best == NULL)
        (void)snprintf(ret, NUMBER_TEXT, "%" PRIu64, v);
    else
        (void)snprintf(ret, NUMBER_TEXT, "%" PRIu64 "%c", v / best->factor, best->letter);
    return ret;
}

/* "clear, green or red" */
static const char *show_words(char ret[static WANTED_TEXT], const char *before,
                              const struct word *w)
{
    size_t n = (size_t)snprintf(ret, WANTED_TEXT, "%s", before), start = n;
    for (; w->text != NULL && n < WANTED_TEXT; w++) {
        const char *between = n == start ? "" : w[1].text == NULL ? " or " : ", ";
        n += (size_t)snprintf(ret + n, WANTED_TEXT - n, "%s%s", between, w->text);
    }
    return ret;
}

/* "a number from 2 to 65536": type and range, for messages and the manual. */
static const char *show_wanted(char ret[static WANTED_TEXT], const struct item *it)
{
    static const char *const noun[] = {[COUNT] = "a number",
                                       [SIZE] = "a size",
                                       [DURATION] = "a duration",
                                       [HUNDREDTHS] = "a number with at most two decimals"};
    char min[NUMBER_TEXT], max[NUMBER_TEXT];
    if (it->kind == TEXT)
        (void)snprintf(ret, WANTED_TEXT, "%s", it->wanted);
    else if (it->kind == WORD)
        (void)show_words(ret, "", it->words);
    else if (it->kind == WORDS)
        (void)show_words(ret, "none, or some of: ", it->words);
    else
        (void)snprintf(ret, WANTED_TEXT, "%s from %s to %s", noun[it->kind],
                       show_number(min, it, it->min), show_number(max, it, it->max));
    return ret;
}

/* --- suggestions -------------------------------------------------------------------------------
 */

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* Edit distance with neighbours swapped as one step (optimal string alignment). */
static unsigned distance(struct ent_slice a, struct ent_slice b)
{
    unsigned d[NAME_MAX_LEN + 1][NAME_MAX_LEN + 1];
    if (a.n > NAME_MAX_LEN || b.n > NAME_MAX_LEN)
        return FAR_TOO_MUCH;
    for (unsigned i = 0; i <= a.n; i++)
        d[i][0] = i;
    for (unsigned j = 0; j <= b.n; j++)
        d[0][j] = j;
    for (size_t i = 1; i <= a.n; i++)
        for (size_t j = 1; j <= b.n; j++) {
            unsigned change = d[i - 1][j - 1] + (a.p[i - 1] != b.p[j - 1]);
            d[i][j] = least(change, least(d[i - 1][j], d[i][j - 1]) + 1);
            if (i > 1 && j > 1 && a.p[i - 1] == b.p[j - 2] && a.p[i - 2] == b.p[j - 1])
                d[i][j] = least(d[i][j], d[i - 2][j - 2] + 1);
        }
    return d[a.n][b.n];
}

/* The name that was probably meant, or NULL: at most a third of it may be wrong. */
static const char *suggest(struct ent_slice key)
{
    const char *best = NULL;
    unsigned best_d = FAR_TOO_MUCH;
    for (size_t i = 0; i < ITEMS; i++) {
        struct ent_slice name = ent_slice_str(items[i].name);
        unsigned d = distance(key, name);
        if (d < best_d && 3 * d <= name.n) {
            best = items[i].name;
            best_d = d;
        }
    }
    return best;
}

/* --- parsing -----------------------------------------------------------------------------------
 */

struct parse {
    struct ent_config conf;
    struct ent_config_problems *problems;
    uint64_t line;
    uint64_t seen[ITEMS]; /* the line, or 0 */
};

__attribute__((format(printf, 2, 3))) static void problem(struct parse *p, const char *fmt, ...)
{
    struct ent_config_problems *all = p->problems;
    va_list ap;
    if (all->n == ENT_CONFIG_PROBLEMS) {
        all->more++;
        return;
    }
    struct ent_config_problem *one = &all->list[all->n++];
    one->line = p->line;
    va_start(ap, fmt);
    (void)vsnprintf(one->text, sizeof(one->text), fmt, ap);
    va_end(ap);
}

static void parse_setting(struct parse *p, struct ent_slice key, struct ent_slice value)
{
    char shown[ENT_SHOW_MAX], wanted[WANTED_TEXT];
    size_t i = 0;
    while (i < ITEMS && !ent_slice_eq(key, ent_slice_str(items[i].name)))
        i++;
    if (i == ITEMS) {
        const char *meant = suggest(key);
        if (meant != NULL)
            problem(p, "unknown key '%s'; did you mean '%s'?", ent_show(shown, key), meant);
        else
            problem(p, "unknown key '%s'", ent_show(shown, key));
        return;
    }
    if (p->seen[i] != 0) {
        problem(p, "'%s' is set already, on line %" PRIu64, items[i].name, p->seen[i]);
        return;
    }
    p->seen[i] = p->line;
    if (set(&p->conf, &items[i], value) != ENT_OK)
        problem(p, "'%s' is not right for '%s', which is %s", ent_show(shown, value), items[i].name,
                show_wanted(wanted, &items[i]));
}

static void parse_line(struct parse *p, struct ent_slice line)
{
    line = ent_slice_trim(line);
    if (line.n == 0 || line.p[0] == '#')
        return;
    const uint8_t *eq = memchr(line.p, '=', line.n);
    if (eq == NULL) {
        char shown[ENT_SHOW_MAX];
        problem(p, "'%s' is not of the form key = value", ent_show(shown, line));
        return;
    }
    size_t key_n = (size_t)(eq - line.p);
    parse_setting(p, ent_slice_trim(ent_slice(line.p, key_n)),
                  ent_slice_trim(ent_slice(eq + 1, line.n - key_n - 1)));
}

static void check_together(struct parse *p)
{
    if (p->conf.webhook_url[0] == '\0' || p->conf.webhook_secret[0] != '\0')
        return;
    for (size_t i = 0; i < ITEMS; i++)
        if (strcmp(items[i].name, "webhook_url") == 0)
            p->line = p->seen[i];
    problem(p, "'webhook_url' needs 'webhook_secret'");
}

void ent_config_defaults(struct ent_config *ret)
{
    memset(ret, 0, sizeof(*ret));
    for (size_t i = 0; i < ITEMS; i++)
        if (set(ret, &items[i], ent_slice_str(items[i].def)) != ENT_OK)
            ENT_BUG("a default outside its own range");
}

static size_t size_of(enum kind k)
{
    return k == WORD || k == WORDS ? sizeof(unsigned) : sizeof(uint64_t);
}

bool ent_config_eq(const struct ent_config *a, const struct ent_config *b)
{
    for (size_t i = 0; i < ITEMS; i++) {
        const char *x = (const char *)a + items[i].offset, *y = (const char *)b + items[i].offset;
        if (items[i].kind == TEXT ? strcmp(x, y) != 0 : memcmp(x, y, size_of(items[i].kind)) != 0)
            return false;
    }
    return true;
}

enum ent_err ent_config_parse(struct ent_config *ret, struct ent_config_problems *p,
                              struct ent_slice text)
{
    struct parse st = {.problems = p};
    p->n = p->more = 0;
    ent_config_defaults(&st.conf);
    while (text.n > 0) {
        const uint8_t *nl = memchr(text.p, '\n', text.n);
        size_t n = nl == NULL ? text.n : (size_t)(nl - text.p);
        st.line++;
        parse_line(&st, ent_slice(text.p, n));
        if (nl == NULL)
            break;
        text = ent_slice(nl + 1, text.n - n - 1);
    }
    check_together(&st);
    if (p->n > 0)
        return ENT_E_FORMAT;
    *ret = st.conf;
    return ENT_OK;
}

enum ent_err ent_config_load(struct ent_config *ret, struct ent_config_problems *p,
                             struct ent_diag *d, const char *path)
{
    struct ent_buf b;
    ent_buf_init(&b, ENT_CONFIG_FILE_MAX);
    p->n = p->more = 0;
    enum ent_err r = ent_file_read(&b, d, path);
    if (r == ENT_OK && (r = ent_config_parse(ret, p, ent_buf_slice(&b))) != ENT_OK)
        r = ent_fail(d, r, "the configuration has problems", p->list[0].line, 0);
    ent_buf_release(&b);
    return r;
}

enum ent_err ent_config_show(struct ent_buf *b, const struct ent_config_problems *p,
                             const char *path)
{
    enum ent_err r = ENT_OK;
    for (size_t i = 0; i < p->n && r == ENT_OK; i++)
        r = ent_buf_printf(b, "%s:%" PRIu64 ": %s\n", path, p->list[i].line, p->list[i].text);
    if (r == ENT_OK && p->more > 0)
        r = ent_buf_printf(b, "%s: %zu more\n", path, p->more);
    return r;
}

struct ent_decay ent_config_decay(const struct ent_config *c, enum ent_obs_type type)
{
    switch (type) {
    case ENT_OBS_IPV4:
    case ENT_OBS_IPV6:
    case ENT_OBS_NET4:
    case ENT_OBS_NET6:
    case ENT_OBS_ENDPOINT:
        return (struct ent_decay){c->ip_lifetime, c->ip_speed};
    case ENT_OBS_DOMAIN:
        return (struct ent_decay){c->domain_lifetime, c->domain_speed};
    case ENT_OBS_URL:
    case ENT_OBS_URLPREFIX:
        return (struct ent_decay){c->url_lifetime, c->url_speed};
    case ENT_OBS_EMAIL:
        return (struct ent_decay){c->email_lifetime, c->email_speed};
    case ENT_OBS_MD5:
    case ENT_OBS_SHA1:
    case ENT_OBS_SHA256:
    case ENT_OBS_SHA512:
        break;
    }
    return (struct ent_decay){c->hash_lifetime, c->hash_speed};
}

static const char *word_for(const struct item *it, unsigned value)
{
    for (const struct word *w = it->words; w->text != NULL; w++)
        if (w->value == value)
            return w->text;
    return "";
}

/* As set_words() reads them. */
static const char *words_for(char ret[static ENT_CONFIG_TEXT_MAX], const struct item *it,
                             unsigned bits)
{
    size_t n = (size_t)snprintf(ret, ENT_CONFIG_TEXT_MAX, "%s", bits == 0 ? "none" : "");
    for (const struct word *w = it->words; w->text != NULL; w++)
        if ((bits & (1u << w->value)) != 0)
            n += (size_t)snprintf(ret + n, ENT_CONFIG_TEXT_MAX - n, "%s%s", n > 0 ? "," : "",
                                  w->text);
    return ret;
}

enum ent_err ent_config_each(const struct ent_config *c,
                             enum ent_err (*each)(void *ctx, const char *name, const char *value,
                                                  const char *def, const char *help),
                             void *ctx)
{
    enum ent_err r = ENT_OK;
    for (size_t i = 0; i < ITEMS && r == ENT_OK; i++) {
        const struct item *it = &items[i];
        const char *at = (const char *)c + it->offset, *value = at;
        char text[NUMBER_TEXT], words[ENT_CONFIG_TEXT_MAX];
        uint64_t number = 0;
        unsigned word = 0;
        if (it->kind == WORDS) {
            memcpy(&word, at, sizeof(word));
            value = words_for(words, it, word);
        } else if (it->kind == WORD) {
            memcpy(&word, at, sizeof(word));
            value = word_for(it, word);
        } else if (it->kind != TEXT) {
            memcpy(&number, at, sizeof(number));
            value = show_number(text, it, number);
        }
        r = each(ctx, it->name, value, it->def, it->help);
    }
    return r;
}

/* --- the manual --------------------------------------------------------------------------------
 */

enum ent_err ent_config_list(struct ent_buf *b)
{
    enum ent_err r = ENT_OK;
    for (size_t i = 0; i < ITEMS && r == ENT_OK; i++) {
        char wanted[WANTED_TEXT];
        r = ent_buf_printf(b, "%s# %s\n# The value is %s.\n#%s = %s\n", i == 0 ? "" : "\n",
                           items[i].help, show_wanted(wanted, &items[i]), items[i].name,
                           items[i].def);
    }
    return r;
}

#define MAN_COLUMNS 78

/* mdoc wants short lines, and a new one after each sentence. */
static enum ent_err put_filled(struct ent_buf *b, const char *text)
{
    enum ent_err r = ENT_OK;
    size_t column = 0;
    while (*text != '\0' && r == ENT_OK) {
        size_t n = strcspn(text, " ");
        bool wrap = column > 0 && (column + n >= MAN_COLUMNS || text[-2] == '.');
        if (column > 0)
            r = ent_buf_putc(b, wrap ? '\n' : ' ');
        if (r == ENT_OK)
            r = ent_buf_put(b, text, n);
        column = column > 0 && !wrap ? column + 1 + n : n;
        text += n + (text[n] == ' ');
    }
    return r == ENT_OK ? ent_buf_putc(b, '\n') : r;
}

enum ent_err ent_config_man(struct ent_buf *b)
{
    enum ent_err r = ent_buf_puts(b, ".Bl -tag -width Ds\n");
    for (size_t i = 0; i < ITEMS && r == ENT_OK; i++) {
        const struct item *it = &items[i];
        char wanted[WANTED_TEXT], value[WANTED_TEXT + 32];
        (void)snprintf(value, sizeof(value), "The value is %s;", show_wanted(wanted, it));
        if ((r = ent_buf_printf(b, ".It Ic %s\n", it->name)) != ENT_OK ||
            (r = put_filled(b, it->help)) != ENT_OK || (r = put_filled(b, value)) != ENT_OK)
            break;
        r = it->def[0] == '\0' ? ent_buf_puts(b, "it is empty unless set.\n")
                               : ent_buf_printf(b, "it is\n.Li %s\nunless set.\n", it->def);
    }
    return r == ENT_OK ? ent_buf_puts(b, ".El\n") : r;
}
