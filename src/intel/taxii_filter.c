/* taxii_filter.c: what stands behind the '?' of a request (sections 3.4 and 3.5): percent-decoded,
 * each thing once, of bounded size, and of the kind that this resource knows. */
#include "intel/taxii_parts.h"

#include "intel/feed.h"
#include "intel/parse.h"

#define VALUES_MOST 65536u

enum { F_AFTER = 1, F_LIMIT = 2, F_NEXT = 4, F_ID = 8, F_TYPE = 16, F_VERSION = 32, F_SPEC = 64 };

/* Which of them a resource knows (section 5). */
static unsigned known_to(enum ent_taxii_ask ask)
{
    const unsigned paged = F_AFTER | F_LIMIT | F_NEXT;
    switch (ask) {
    case ENT_TAXII_ASK_MANIFEST:
    case ENT_TAXII_ASK_OBJECTS:
        return paged | F_ID | F_TYPE | F_VERSION | F_SPEC;
    case ENT_TAXII_ASK_OBJECT:
        return paged | F_VERSION | F_SPEC;
    case ENT_TAXII_ASK_VERSIONS:
        return paged | F_SPEC;
    case ENT_TAXII_ASK_DELETE:
        return F_VERSION | F_SPEC;
    default:
        return 0;
    }
}

static bool decode(struct ent_buf *ret, struct ent_slice s)
{
    ent_buf_clear(ret);
    for (size_t i = 0; i < s.n; i++) {
        uint8_t c = s.p[i];
        if (c == '%') {
            if (s.n - i < 3 || ent_hex_decode(&c, 1, ent_slice(s.p + i + 1, 2)) != ENT_OK)
                return false;
            i += 2;
        } else if (c == '+') {
            c = ' ';
        }
        if (ent_buf_putc(ret, (char)c) != ENT_OK)
            return false;
    }
    return true;
}

/* --- values -------------------------------------------------------------------------------------
 */

static const char *take_after(struct ent_taxii_asked *x, struct ent_slice v)
{
    char same[ENT_STIX_VERSION];
    int64_t t = 0, part = 0;
    if (v.n == 0 || !ent_stix_version(same, v) || ent_time_parse(&t, v) != ENT_OK)
        return "added_after is no timestamp such as 2026-11-22T08:00:00.000000Z";
    const char *dot = strchr(same, '.');
    for (int i = 1; i <= 6; i++) /* what is finer than ours is cut off: nothing lies between */
        part = part * 10 + (dot != NULL && *dot != '\0' && *++dot != '\0' ? *dot - '0' : 0);
    x->q.after = t * 1000000 + part;
    return NULL;
}

/* More than a page is a page: a server may give less than was asked for. */
static const char *take_limit(struct ent_taxii_asked *x, struct ent_slice v)
{
    uint64_t n = 0;
    for (size_t i = 0; i < v.n; i++) {
        if (!ent_is_digit(v.p[i]))
            n = 0;
        else if (n <= ENT_TAXII_PAGE)
            n = n * 10 + (uint64_t)(v.p[i] - '0');
        if (!ent_is_digit(v.p[i]))
            break;
    }
    if (n == 0)
        return "limit is not a number above 0";
    x->q.limit = n > ENT_TAXII_PAGE ? ENT_TAXII_PAGE : (unsigned)n;
    return NULL;
}

static const char *take_next(struct ent_taxii_asked *x, struct ent_slice v)
{
    if (v.n != 2 * sizeof(x->next) || ent_hex_decode(x->next, sizeof(x->next), v) != ENT_OK)
        return "next is not one that this server gave";
    x->q.next = ent_slice(x->next, sizeof(x->next));
    return NULL;
}

static const char *add_value(struct ent_buf *b, struct ent_taxii_values *v, struct ent_slice one)
{
    if (++v->n > ENT_TAXII_MATCHES)
        return "more than 256 values in one match";
    return ent_taxii_put16(b, one) == ENT_OK ? NULL : "a match that is too long";
}

/* A type is what an id may begin with. */
static bool is_type(struct ent_slice one)
{
    char id[ENT_STIX_ID_MAX];
    if (one.n == 0 || one.n > sizeof(id) - 3)
        return false;
    memcpy(id, one.p, one.n);
    memcpy(id + one.n, "--x", 3);
    return ent_is_stix_id(ent_slice(id, one.n + 3));
}

static const char *take_word(struct ent_buf *b, struct ent_taxii_values *v, struct ent_slice one,
                             bool id)
{
    if (id && !ent_is_stix_id(one))
        return "match[id] holds something that is no id";
    if (!id && !is_type(one))
        return "match[type] holds something that is no type";
    return add_value(b, v, one);
}

static const char *take_version(struct ent_taxii_asked *x, struct ent_slice one)
{
    char same[ENT_TAXII_VERSION];
    if (ent_slice_eq(one, ENT_SLICE_LIT("first")))
        x->q.versions |= ENT_TAXII_FIRST;
    else if (ent_slice_eq(one, ENT_SLICE_LIT("last")))
        x->q.versions |= ENT_TAXII_LAST;
    else if (ent_slice_eq(one, ENT_SLICE_LIT("all")))
        x->q.versions |= ENT_TAXII_ALL;
    else if (ent_taxii_same_time(same, one))
        return add_value(&x->times, &x->q.times, ent_slice_str(same));
    else
        return "match[version] holds something that is not first, last, all or a timestamp";
    return NULL;
}

static const char *take_spec(struct ent_taxii_asked *x, struct ent_slice one)
{
    if (ent_slice_eq(one, ENT_SLICE_LIT("2.0")))
        x->q.specs |= 1;
    else if (ent_slice_eq(one, ENT_SLICE_LIT("2.1")))
        x->q.specs |= 2;
    else /* of others there is nothing */
        x->q.specs |= 0;
    return NULL;
}

static const char *take_match(struct ent_taxii_asked *x, unsigned field, struct ent_slice v)
{
    const char *why = NULL;
    bool any = v.n > 0;
    while (v.n > 0 && why == NULL) {
        struct ent_slice one = ent_slice_until(&v, ',');
        why = field == F_ID     ? take_word(&x->ids, &x->q.ids, one, true)
              : field == F_TYPE ? take_word(&x->types, &x->q.types, one, false)
              : field == F_SPEC ? take_spec(x, one)
                                : take_version(x, one);
    }
    if (why == NULL && field == F_SPEC && x->q.specs == 0)
        return "match[spec_version] holds no version that is served here: 2.0 or 2.1";
    return why == NULL && !any ? "a match without a value" : why;
}

/* --- keys ---------------------------------------------------------------------------------------
 */

static const struct {
    const char *name;
    unsigned field;
} keys[] = {{"added_after", F_AFTER},
            {"limit", F_LIMIT},
            {"next", F_NEXT},
            {"match[id]", F_ID},
            {"match[type]", F_TYPE},
            {"match[version]", F_VERSION},
            {"match[spec_version]", F_SPEC}};

/* Of no meaning here (and so passed over), unless it is a match, which would be about what is
 * given. */
static const char *take_pair(struct ent_taxii_asked *x, unsigned known, struct ent_slice key,
                             struct ent_slice v)
{
    unsigned field = 0;
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        if (ent_slice_eq(key, ent_slice_str(keys[i].name)))
            field = keys[i].field;
    if ((field & known) == 0)
        return ent_slice_starts(key, ENT_SLICE_LIT("match"))
                   ? "a match that this resource does not know; there are id, type, version and "
                     "spec_version"
                   : NULL;
    if ((x->seen & field) != 0)
        return "a parameter that stands twice";
    x->seen |= field;
    switch (field) {
    case F_AFTER:
        return take_after(x, v);
    case F_LIMIT:
        return take_limit(x, v);
    case F_NEXT:
        return take_next(x, v);
    default:
        return take_match(x, field, v);
    }
}

const char *ent_taxii_filters(struct ent_taxii_asked *x, struct ent_slice query)
{
    unsigned known = known_to(x->q.ask);
    const char *why = NULL;
    struct ent_buf key, value;
    if (known == 0)
        return NULL;
    if (query.n > ENT_TAXII_QUERY)
        return "more than 65,536 bytes of parameters";
    ent_buf_init(&key, ENT_TAXII_QUERY);
    ent_buf_init(&value, ENT_TAXII_QUERY);
    while (query.n > 0 && why == NULL) {
        struct ent_slice v = ent_slice_until(&query, '&'), k = ent_slice_until(&v, '=');
        if (!decode(&key, k) || !decode(&value, v))
            why = "a parameter that is not percent-encoded as it should be";
        else
            why = take_pair(x, known, ent_buf_slice(&key), ent_buf_slice(&value));
    }
    ent_buf_release(&key);
    ent_buf_release(&value);
    x->q.ids.bytes = ent_buf_slice(&x->ids);
    x->q.types.bytes = ent_buf_slice(&x->types);
    x->q.times.bytes = ent_buf_slice(&x->times);
    return why;
}

void ent_taxii_asked_init(struct ent_taxii_asked *x)
{
    *x = (struct ent_taxii_asked){.q = {.limit = ENT_TAXII_PAGE, .after = INT64_MIN}};
    ent_buf_init(&x->ids, VALUES_MOST);
    ent_buf_init(&x->types, VALUES_MOST);
    ent_buf_init(&x->times, VALUES_MOST);
    ent_buf_init(&x->given, ENT_TAXII_QUERY_MAX);
}

void ent_taxii_asked_release(struct ent_taxii_asked *x)
{
    ent_buf_release(&x->ids);
    ent_buf_release(&x->types);
    ent_buf_release(&x->times);
    ent_buf_release(&x->given);
}
