/*
 * head.c: what libmicrohttpd shows of a request's head, read strictly. What two programs could read
 * in two ways is no request here (RFC 9112, section 11.2; "HTTP desync attacks", Kettle 2019): one
 * spelling of a header's name, of a body's end and of a path, and no second of anything that is
 * used. What it does not show is in docs/transport.md.
 */
#include "net/net.h"

#include "net/http.h"

/* RFC 9110, 5.6.2 */
static bool is_tchar(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static bool is_token(struct ent_slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!is_tchar(s.p[i]))
            return false;
    return s.n > 0;
}

const char *ent_head_method(const char *text)
{
    static const char *const known[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"};
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (strcmp(text, known[i]) == 0)
            return known[i];
    return NULL;
}

/* RFC 3986: what may stand in a path without '%', and '/'. */
static bool is_path_byte(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           (c != '\0' && strchr("/-._~!$&'()*+,;=:@", c) != NULL);
}

/* "%2f" and its kind: what changes the path's shape when somebody decodes it, or decodes twice. */
static bool escape_ok(struct ent_slice s)
{
    uint8_t v;
    if (s.n < 3 || ent_hex_decode(&v, 1, ent_slice(s.p + 1, 2)) != ENT_OK)
        return false;
    return v >= 0x20 && v != 0x7f && strchr("./\\%", v) == NULL;
}

static bool path_ok(struct ent_slice s)
{
    size_t segment = 0; /* where it began */
    if (s.n == 0 || s.p[0] != '/')
        return false;
    for (size_t i = 0; i <= s.n; i++) {
        if (i == s.n || s.p[i] == '/') {
            struct ent_slice name = ent_slice(s.p + segment, i - segment);
            if (ent_slice_eq(name, ENT_SLICE_LIT(".")) || ent_slice_eq(name, ENT_SLICE_LIT("..")) ||
                (name.n == 0 && i > 0 && i < s.n))
                return false;
            segment = i + 1;
        } else if (s.p[i] == '%') {
            if (!escape_ok(ent_slice(s.p + i, s.n - i)))
                return false;
            i += 2;
        } else if (!is_path_byte(s.p[i])) {
            return false;
        }
    }
    return true;
}

static bool query_ok(struct ent_slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= 0x20 || s.p[i] >= 0x7f || s.p[i] == '#')
            return false;
    return true;
}

unsigned ent_head_uri(enum ent_web_event *ret_why, struct ent_slice path, bool has_query,
                      struct ent_slice query)
{
    *ret_why = ENT_WEB_HEADERS;
    if (path.n + has_query + query.n > ENT_WEB_HEADER)
        return 431;
    *ret_why = ENT_WEB_PATH;
    return path_ok(path) && query_ok(query) ? 0 : 400;
}

/* Of everything that is not used one may send two. */
static struct ent_slice *slot(struct ent_head *h, struct ent_slice name)
{
    struct ent_web_request *q = h->req;
    const struct {
        const char *name;
        struct ent_slice *to;
    } used[] = {{"Accept", &q->accept},
                {"Authorization", &q->authorization},
                {"Connection", &h->connection},
                {"Content-Length", &h->length},
                {"Content-Type", &q->content_type},
                {"Cookie", &q->cookie},
                {"Expect", &h->expect},
                {"Host", &q->host},
                {"If-None-Match", &q->if_none_match},
                {"Last-Event-ID", &q->last_event_id},
                {"Origin", &q->origin},
                {"Sec-Fetch-Site", &q->fetch_site},
                {"Transfer-Encoding", &h->coding},
                {"User-Agent", &q->user_agent},
                {"X-CSRF-Token", &q->csrf}};
    for (size_t i = 0; i < sizeof(used) / sizeof(used[0]); i++)
        if (ent_slice_ieq(name, ent_slice_str(used[i].name)))
            return used[i].to;
    return NULL;
}

/* A CR alone among them, which some take for a line's end. */
static bool value_ok(struct ent_slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((s.p[i] < 0x20 && s.p[i] != '\t') || s.p[i] == 0x7f)
            return false;
    return true;
}

static unsigned take(struct ent_head *h, struct ent_slice name, struct ent_slice value)
{
    h->why = ENT_WEB_HEADERS;
    if (++h->headers > h->max_headers || value.n > ENT_WEB_HEADER)
        return 431;
    h->why = ENT_WEB_MALFORMED;
    if (!is_token(name) || !value_ok(value))
        return 400; /* with a blank before the colon, too */
    struct ent_slice *to = slot(h, name);
    if (to == NULL)
        return 0;
    bool frames = to == &h->length || to == &h->coding;
    if (to->p != NULL) {
        if (frames || to == &h->req->host)
            h->why = ENT_WEB_SMUGGLING;
        return 400;
    }
    while (!frames && value.n > 0 && (value.p[value.n - 1] == ' ' || value.p[value.n - 1] == '\t'))
        value.n--;
    *to = value.p == NULL ? ENT_SLICE_LIT("") : value;
    return 0;
}

unsigned ent_head_field(struct ent_head *h, struct ent_slice name, struct ent_slice value)
{
    if (h->status == 0)
        h->status = take(h, name, value);
    return h->status;
}

/* One host, and perhaps a port: what a handler may compare with the names it knows. */
static bool host_ok(struct ent_slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((!is_tchar(s.p[i]) || s.p[i] == '%') &&
            (s.p[i] == '\0' || strchr("[]:", s.p[i]) == NULL))
            return false;
    return s.n > 0 && s.n < 256;
}

unsigned ent_head_end(struct ent_head *h, uint64_t *ret_length)
{
    *ret_length = 0;
    if (h->status != 0)
        return h->status;
    h->why = ENT_WEB_SMUGGLING;
    if (h->coding.p != NULL &&
        (h->length.p != NULL || !ent_slice_eq(h->coding, ENT_SLICE_LIT("chunked"))))
        return 400;
    if (h->length.p != NULL) {
        enum ent_err r = ent_parse_u64(ret_length, h->length, INT64_MAX);
        if (r == ENT_E_LIMIT)
            h->why = ENT_WEB_BODY;
        if (r != ENT_OK)
            return r == ENT_E_LIMIT ? 413 : 400;
    }
    h->why = ENT_WEB_MALFORMED;
    if (h->expect.p != NULL && !ent_slice_ieq(h->expect, ENT_SLICE_LIT("100-continue")))
        return 417;
    return host_ok(h->req->host) ? 0 : 400;
}
