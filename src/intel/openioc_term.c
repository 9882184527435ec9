/*
 * openioc_term.c: what the terms of OpenIOC ask for, and which of them may be taken.
 *
 * OR joins values. AND yields none, with two exceptions, in which one value decides and the others
 * only describe it:
 *   - hashes of a file, next to other properties of a file. Of several hashes, which must be of
 *     different kinds, those decide that leave no choice: in (MD5 a OR MD5 b) AND SHA-1 c it is c,
 *     because the file with c has only one of the two;
 *   - the remote address of a connection, next to its port and perhaps its protocol: an endpoint.
 * An AND of one is that one. What is negated, compared with "contains" or asks for something that
 * is not known here never yields a value, and spoils the AND it stands in.
 */
#include "base/base.h"
#include "intel/intel.h"
#include "intel/openioc.h"
#include "intel/parse.h"

enum how {
    H_TYPE,    /* of the row's type */
    H_ADDRESS, /* of either family, or a network */
    H_HOST,    /* an address, a network or a name */
    H_WHOLE,   /* a URL with its scheme: without one it may be a path */
    H_NAME     /* of a file, for the description */
};

struct ent_ioc_what {
    const char *search;
    enum ent_ioc_role role;
    enum how how;
    enum ent_obs_type type;
};

/* table. Compared without regard to case: products do not agree on it. Missing on purpose are what
 * is one's own (PortItem/localIP, Email/To) and hashes of what is no file of its own. MISP writes
 * SHA-1 and SHA-256 of files as those of tasks, and names as destinations. */
static const struct ent_ioc_what whats[] = {
    {"FileItem/Md5sum", ENT_IOC_HASHES, H_TYPE, ENT_OBS_MD5},
    {"FileItem/Sha1sum", ENT_IOC_HASHES, H_TYPE, ENT_OBS_SHA1},
    {"FileItem/Sha256sum", ENT_IOC_HASHES, H_TYPE, ENT_OBS_SHA256},
    {"FileItem/Sha512sum", ENT_IOC_HASHES, H_TYPE, ENT_OBS_SHA512},
    {"TaskItem/md5sum", ENT_IOC_VALUES, H_TYPE, ENT_OBS_MD5},
    {"TaskItem/sha1sum", ENT_IOC_VALUES, H_TYPE, ENT_OBS_SHA1},
    {"TaskItem/sha256sum", ENT_IOC_VALUES, H_TYPE, ENT_OBS_SHA256},
    {"FileItem/FileName", ENT_IOC_FILE, H_NAME, 0},
    {"PortItem/remoteIP", ENT_IOC_REMOTE, H_ADDRESS, 0},
    {"PortItem/remotePort", ENT_IOC_PORT, H_TYPE, 0},
    {"PortItem/protocol", ENT_IOC_PROTOCOL, H_TYPE, 0},
    {"ProcessItem/PortList/PortItem/remoteIP", ENT_IOC_REMOTE, H_ADDRESS, 0},
    {"ProcessItem/PortList/PortItem/remotePort", ENT_IOC_PORT, H_TYPE, 0},
    {"ProcessItem/PortList/PortItem/protocol", ENT_IOC_PROTOCOL, H_TYPE, 0},
    {"RouteEntryItem/Destination", ENT_IOC_VALUES, H_HOST, 0},
    {"Network/DNS", ENT_IOC_VALUES, H_TYPE, ENT_OBS_DOMAIN},
    {"Network/URI", ENT_IOC_VALUES, H_WHOLE, ENT_OBS_URL},
    {"DnsEntryItem/Host", ENT_IOC_VALUES, H_TYPE, ENT_OBS_DOMAIN},
    {"DnsEntryItem/RecordName", ENT_IOC_VALUES, H_TYPE, ENT_OBS_DOMAIN},
    {"DnsEntryItem/RecordData/Host", ENT_IOC_VALUES, H_TYPE, ENT_OBS_DOMAIN},
    {"DnsEntryItem/RecordData/IPv4Address", ENT_IOC_VALUES, H_ADDRESS, 0},
    {"UrlHistoryItem/URL", ENT_IOC_VALUES, H_TYPE, ENT_OBS_URL},
    {"UrlHistoryItem/HostName", ENT_IOC_VALUES, H_HOST, 0},
    {"FileDownloadHistoryItem/SourceURL", ENT_IOC_VALUES, H_TYPE, ENT_OBS_URL},
    {"Email/From", ENT_IOC_VALUES, H_TYPE, ENT_OBS_EMAIL},
};
static const struct ent_ioc_what other_file = {"FileItem/...", ENT_IOC_FILE, H_TYPE, 0};
static const struct ent_ioc_what unknown = {"", ENT_IOC_LOST, H_TYPE, 0};

static const char LOST_NOT[] = "the term names what is not meant (isnot, negate)";
static const char LOST_FUZZY[] = "the term compares with contains, matches or the like";
static const char LOST_ORDER[] = "the term compares with greater-than or less-than";
static const char LOST_CONDITION[] = "a condition that is not known here";
static const char LOST_CASE[] = "the term wants capitals as they stand (preserve-case)";
static const char LOST_PATH[] = "the term asks for something that is not read here";
static const char LOST_ELEMENT[] = "an XML element that is not known here";
static const char LOST_LONG[] = "a value of more than 8,192 bytes";
static const char LOST_PARTS[] = "a term without its Context or a value";
static const char LOST_AND[] = "the term must hold together with others";
static const char LOST_CONTEXT[] = "the term describes something without naming it";
static const char LOST_OP[] = "a group that is joined neither with AND nor with OR";
static const char LOST_EMPTY[] = "a group without terms";

enum ent_ioc_op ent_ioc_op(struct ent_slice name)
{
    return ent_slice_ieq(name, ENT_SLICE_LIT("OR"))    ? ENT_IOC_OR
           : ent_slice_ieq(name, ENT_SLICE_LIT("AND")) ? ENT_IOC_AND
                                                       : ENT_IOC_OTHER;
}

/* --- one term --------------------------------------------------------------------------------- */

/* table */
static const struct {
    const char *name, *lost; /* lost is NULL for what is exact */
} conditions[] = {
    {"is", NULL},
    {"isnot", LOST_NOT},
    {"containsnot", LOST_NOT},
    {"contains", LOST_FUZZY},
    {"matches", LOST_FUZZY},
    {"starts-with", LOST_FUZZY},
    {"ends-with", LOST_FUZZY},
    {"greater-than", LOST_ORDER},
    {"less-than", LOST_ORDER},
};

/* xs:boolean, absent for false. -1 for what is none. */
static int truth(struct ent_slice s)
{
    if (s.p == NULL || ent_slice_eq(s, ENT_SLICE_LIT("false")) ||
        ent_slice_eq(s, ENT_SLICE_LIT("0")))
        return 0;
    return ent_slice_eq(s, ENT_SLICE_LIT("true")) || ent_slice_eq(s, ENT_SLICE_LIT("1")) ? 1 : -1;
}

void ent_ioc_item(struct ent_ioc_term *t, const struct ent_xml_tag *tag)
{
    struct ent_slice condition = ent_xml_attribute(tag, "condition");
    int negate = truth(ent_xml_attribute(tag, "negate"));
    int capitals = truth(ent_xml_attribute(tag, "preserve-case"));
    t->lost = LOST_CONDITION;
    for (size_t i = 0; i < sizeof(conditions) / sizeof(conditions[0]); i++)
        if (ent_slice_ieq(condition, ent_slice_str(conditions[i].name)))
            t->lost = conditions[i].lost;
    if (negate > 0)
        t->lost = LOST_NOT;
    else if (negate < 0 || capitals < 0)
        t->lost = LOST_CONDITION;
    else if (capitals > 0 && t->lost == NULL)
        t->lost = LOST_CASE;
    t->exact = t->lost == NULL;
}

void ent_ioc_context(struct ent_ioc_term *t, const struct ent_xml_tag *tag)
{
    static const struct ent_slice file = ENT_SLICE_LIT("FileItem/");
    struct ent_slice search = ent_slice_trim(ent_xml_attribute(tag, "search"));
    t->what = &unknown;
    if (search.n > file.n && ent_slice_ieq(ent_slice(search.p, file.n), file))
        t->what = &other_file;
    for (size_t i = 0; i < sizeof(whats) / sizeof(whats[0]); i++)
        if (ent_slice_ieq(search, ent_slice_str(whats[i].search)))
            t->what = &whats[i];
}

static void lose(struct ent_ioc_term *t, const char *why)
{
    t->role = ENT_IOC_LOST;
    t->lost = why;
}

static void end_term(struct ent_ioc_term *t)
{
    uint16_t port;
    const char *why;
    if (t->odd || t->cut || t->what == NULL || t->content.n == 0) {
        lose(t, t->odd ? LOST_ELEMENT : t->cut ? LOST_LONG : LOST_PARTS);
        return;
    }
    t->role = t->what->role;
    /* However it is compared, it only describes, unless it says what the file is not. */
    bool describes = t->role == ENT_IOC_FILE && t->lost != LOST_NOT && t->lost != LOST_CONDITION;
    if (t->lost != NULL && !describes)
        lose(t, t->lost);
    else if (t->role == ENT_IOC_LOST)
        lose(t, LOST_PATH);
    else if (t->role == ENT_IOC_PORT && ent_port_parse(&port, &why, t->content) != ENT_OK)
        lose(t, why);
    else if (t->role == ENT_IOC_PORT)
        t->port = port;
    if (t->role == ENT_IOC_HASHES) {
        t->algs = ENT_OBS_BIT(t->what->type);
        t->alternatives = 1;
    }
}

/* --- groups ----------------------------------------------------------------------------------- */

void ent_ioc_add(struct ent_ioc_term *group, struct ent_ioc_term *t)
{
    t->parent = group;
    if (group->last == NULL)
        group->first = t;
    else
        group->last->next = t;
    group->last = t;
}

/* How many children there are of each role, and what their hashes are. */
struct counts {
    unsigned n, of[ENT_IOC_PROTOCOL + 1];
    unsigned algs, alternatives, certain; /* certain: hashes that leave no choice */
    bool same_alg;
};

static struct counts count(const struct ent_ioc_term *group)
{
    struct counts c = {0};
    for (const struct ent_ioc_term *t = group->first; t != NULL; t = t->next) {
        c.n++;
        c.of[t->role]++;
        c.same_alg = c.same_alg || (c.algs & t->algs) != 0;
        c.algs |= t->algs;
        c.alternatives += t->role == ENT_IOC_HASHES ? t->alternatives : 1;
        c.certain += t->role == ENT_IOC_HASHES && t->alternatives == 1;
    }
    return c;
}

static void become(struct ent_ioc_term *t, enum ent_ioc_role role, unsigned algs,
                   unsigned alternatives)
{
    t->role = role;
    t->algs = algs;
    t->alternatives = alternatives;
}

static void end_or(struct ent_ioc_term *t, const struct counts *c)
{
    if (c->of[ENT_IOC_HASHES] > 0 && c->of[ENT_IOC_HASHES] + c->of[ENT_IOC_FILE] == c->n)
        become(t, ENT_IOC_HASHES, c->algs, c->alternatives);
    else if (c->of[ENT_IOC_FILE] == c->n || c->of[ENT_IOC_REMOTE] == c->n)
        become(t, t->first->role, 0, 0);
    else if (c->of[ENT_IOC_HASHES] + c->of[ENT_IOC_VALUES] + c->of[ENT_IOC_REMOTE] > 0)
        become(t, ENT_IOC_VALUES, 0, 0);
    else
        lose(t, NULL);
}

static void end_and(struct ent_ioc_term *t, const struct counts *c)
{
    unsigned hashes = c->of[ENT_IOC_HASHES];
    bool file = hashes + c->of[ENT_IOC_FILE] == c->n;
    if (file && hashes == 0)
        become(t, ENT_IOC_FILE, 0, 0);
    else if (file && hashes == 1)
        become(t, ENT_IOC_HASHES, c->algs, c->alternatives - c->of[ENT_IOC_FILE]);
    else if (file && c->certain > 0 && !c->same_alg)
        become(t, ENT_IOC_HASHES, c->algs, 1);
    else if (c->of[ENT_IOC_REMOTE] == 1 && c->of[ENT_IOC_PORT] == 1 &&
             c->of[ENT_IOC_PROTOCOL] + 2 == c->n)
        become(t, ENT_IOC_VALUES, 0, 0);
    else
        lose(t, LOST_AND);
}

void ent_ioc_end(struct ent_ioc_term *t)
{
    struct counts c = count(t);
    if (t->op == ENT_IOC_TERM)
        end_term(t);
    else if (c.n == 0)
        lose(t, LOST_EMPTY);
    else if (t->op == ENT_IOC_OTHER)
        lose(t, LOST_OP);
    else if (c.n == 1)
        become(t, t->first->role, t->first->algs, t->first->alternatives);
    else if (t->op == ENT_IOC_OR)
        end_or(t, &c);
    else
        end_and(t, &c);
}

/* --- decisions -------------------------------------------------------------------------------- */

static uint16_t port_in(const struct ent_ioc_term *t)
{
    while (t->op != ENT_IOC_TERM)
        t = t->first; /* a group of one */
    return t->port;
}

/* All in it is lost, for its own reason or for this one. */
static void lose_all(struct ent_ioc_term *t, const char *why)
{
    t->fate = ENT_IOC_SKIP;
    if (t->lost == NULL)
        t->lost = why;
    for (struct ent_ioc_term *c = t->first; c != NULL; c = c->next)
        lose_all(c, why);
}

static void decide_term(struct ent_ioc_term *t)
{
    bool named =
        t->role == ENT_IOC_VALUES || t->role == ENT_IOC_HASHES || t->role == ENT_IOC_REMOTE;
    t->fate = named ? ENT_IOC_TAKE : ENT_IOC_SKIP;
    if (!named && t->role != ENT_IOC_LOST)
        t->lost = LOST_CONTEXT;
}

/* The children of an AND of a shape that is known; the others stay silent. */
static void decide_and(struct ent_ioc_term *t)
{
    struct counts c = count(t);
    struct ent_slice file = t->file;
    uint16_t port = 0;
    for (const struct ent_ioc_term *i = t->first; i != NULL; i = i->next) {
        if (i->role == ENT_IOC_PORT)
            port = port_in(i);
        if (i->op == ENT_IOC_TERM && i->exact && i->what->how == H_NAME && file.n == 0)
            file = i->content;
    }
    for (struct ent_ioc_term *i = t->first; i != NULL; i = i->next) {
        bool hash =
            i->role == ENT_IOC_HASHES && (c.of[ENT_IOC_HASHES] == 1 || i->alternatives == 1);
        if (!hash && i->role != ENT_IOC_REMOTE)
            continue;
        i->file = file;
        i->port = port;
        ent_ioc_decide(i);
    }
}

void ent_ioc_decide(struct ent_ioc_term *t)
{
    if (t->op == ENT_IOC_TERM) {
        decide_term(t);
        return;
    }
    bool alone = t->first == NULL || t->first->next == NULL;
    t->fate = t->first == NULL ? ENT_IOC_SKIP : ENT_IOC_SILENT;
    if (t->op == ENT_IOC_OTHER || (t->op == ENT_IOC_AND && !alone && t->role == ENT_IOC_LOST)) {
        for (struct ent_ioc_term *i = t->first; i != NULL; i = i->next)
            lose_all(i, t->lost);
        return;
    }
    if (t->op == ENT_IOC_AND && !alone && t->role != ENT_IOC_FILE) {
        decide_and(t);
        return;
    }
    for (struct ent_ioc_term *i = t->first; i != NULL; i = i->next) {
        i->file = t->file;
        i->port = i->role == ENT_IOC_PORT ? i->port : t->port;
        ent_ioc_decide(i);
    }
}

struct ent_ioc_term *ent_ioc_walk(struct ent_ioc_term *t)
{
    if (t->first != NULL)
        return t->first;
    while (t != NULL && t->next == NULL)
        t = t->parent;
    return t == NULL ? NULL : t->next;
}

/* --- values ----------------------------------------------------------------------------------- */

static enum ent_err host(struct ent_observable *ret, const char **why, struct ent_slice s)
{
    struct ent_observable o;
    enum ent_err r = ent_observable_parse(&o, why, s);
    if (r != ENT_OK)
        return r;
    if (o.type != ENT_OBS_IPV4 && o.type != ENT_OBS_IPV6 && o.type != ENT_OBS_NET4 &&
        o.type != ENT_OBS_NET6 && o.type != ENT_OBS_DOMAIN)
        return ent_no(why, "not an address or a name where one was announced");
    *ret = o;
    return ENT_OK;
}

static enum ent_err whole_url(struct ent_observable *ret, const char **why, struct ent_slice s)
{
    char plain[ENT_OBS_MAX + 1];
    size_t n;
    if (ent_refang(plain, &n, sizeof(plain), s) == ENT_OK &&
        ent_url_scheme(ent_slice(plain, n)) == 0)
        return ent_no(why, "a URL without its scheme, or only its path");
    return ent_observable_parse_as(ret, why, ENT_OBS_URL, s);
}

static enum ent_err address(struct ent_observable *ret, const char **why, struct ent_slice s)
{
    bool v6 = s.n > 0 && memchr(s.p, ':', s.n) != NULL;
    return ent_observable_parse_as(ret, why, v6 ? ENT_OBS_IPV6 : ENT_OBS_IPV4, s);
}

static enum ent_err endpoint(struct ent_observable *ret, const char **why,
                             const struct ent_ioc_term *t)
{
    struct ent_observable o;
    char text[ENT_OBS_MAX + 16];
    enum ent_err r = address(&o, why, t->content);
    if (r != ENT_OK)
        return r;
    if (o.type != ENT_OBS_IPV4 && o.type != ENT_OBS_IPV6)
        return ent_no(why, "a port next to what is not an address");
    int n = snprintf(text, sizeof(text), o.type == ENT_OBS_IPV6 ? "[%s]:%u" : "%s:%u", o.text,
                     (unsigned)t->port);
    return ent_observable_parse_as(ret, why, ENT_OBS_ENDPOINT, ent_slice(text, (size_t)n));
}

enum ent_err ent_ioc_value(struct ent_observable *ret, const char **why,
                           const struct ent_ioc_term *t)
{
    if (t->port != 0)
        return endpoint(ret, why, t);
    switch (t->what->how) {
    case H_ADDRESS:
        return address(ret, why, t->content);
    case H_HOST:
        return host(ret, why, t->content);
    case H_WHOLE:
        return whole_url(ret, why, t->content);
    case H_TYPE:
    case H_NAME:
        break;
    }
    return ent_observable_parse_as(ret, why, t->what->type, t->content);
}
