/*
 * answer.c: an answer's head. The lines that say where it ends, what it is and how long it may be
 * kept are the server's alone; what the handler adds is checked, so that foreign text in a header
 * cannot become a header or an answer of its own.
 */
#include "net/net.h"

#include "net/http.h"

static bool is_name_byte(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-';
}

/* Those that the server, or libmicrohttpd, writes. */
static bool is_ours(struct ent_slice name)
{
    static const char *const ours[] = {
        "Connection", "Content-Length", "Content-Type",      "Date",    "Keep-Alive",
        "TE",         "Trailer",        "Transfer-Encoding", "Upgrade", "X-Content-Type-Options"};
    for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
        if (ent_slice_ieq(name, ent_slice_str(ours[i])))
            return true;
    return false;
}

static bool text_ok(struct ent_slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < 0x20 || s.p[i] >= 0x7f)
            return false;
    return s.n > 0;
}

/* "Name: value" */
static bool split_header(struct ent_slice line, struct ent_slice *ret_name,
                         struct ent_slice *ret_value)
{
    size_t n = 0;
    while (n < line.n && is_name_byte(line.p[n]))
        n++;
    if (n == 0 || line.n < n + 3 || line.p[n] != ':' || line.p[n + 1] != ' ')
        return false;
    *ret_name = ent_slice(line.p, n);
    *ret_value = ent_slice(line.p + n + 2, line.n - n - 2);
    return text_ok(*ret_value);
}

/* The next one, with its '\n'; ent_cur_line() would also take a line without, or with a CR. */
static bool next_header(struct ent_slice *rest, struct ent_slice *ret_name,
                        struct ent_slice *ret_value)
{
    const uint8_t *end = memchr(rest->p, '\n', rest->n);
    if (end == NULL)
        return false;
    struct ent_slice line = ent_slice(rest->p, (size_t)(end - rest->p));
    *rest = ent_slice(end + 1, rest->n - line.n - 1);
    return split_header(line, ret_name, ret_value);
}

bool ent_answer_check(struct ent_slice lines, struct ent_slice *ret_etag, bool *ret_cache)
{
    struct ent_slice name, value;

    *ret_etag = (struct ent_slice){NULL, 0};
    *ret_cache = false;
    while (lines.n > 0) {
        if (!next_header(&lines, &name, &value) || is_ours(name))
            return false;
        if (ent_slice_ieq(name, ENT_SLICE_LIT("ETag")))
            *ret_etag = value;
        if (ent_slice_ieq(name, ENT_SLICE_LIT("Cache-Control")))
            *ret_cache = true;
    }
    return true;
}

/* W/"x" and "x" name the same thing. */
static struct ent_slice strong(struct ent_slice etag)
{
    if (ent_slice_starts(etag, ENT_SLICE_LIT("W/")))
        return ent_slice(etag.p + 2, etag.n - 2);
    return etag;
}

bool ent_answer_etag_among(struct ent_slice list, struct ent_slice etag)
{
    if (ent_slice_eq(list, ENT_SLICE_LIT("*")))
        return true;
    etag = strong(etag);
    while (list.n > 0) {
        struct ent_slice one = strong(list);
        const uint8_t *end =
            one.n < 2 || one.p[0] != '"' ? NULL : memchr(one.p + 1, '"', one.n - 1);
        if (end == NULL)
            return false;
        one.n = (size_t)(end + 1 - one.p);
        if (ent_slice_eq(one, etag))
            return true;
        list = ent_slice(end + 1, list.n - (size_t)(end + 1 - list.p));
        while (list.n > 0 && (list.p[0] == ',' || list.p[0] == ' ' || list.p[0] == '\t'))
            list = ent_slice(list.p + 1, list.n - 1);
    }
    return false;
}

void ent_answer_init(struct ent_web_answer *a, size_t max)
{
    *a = (struct ent_web_answer){.status = 0};
    ent_buf_init(&a->headers, ENT_ANSWER_HEADERS);
    ent_buf_init(&a->body, max);
}

void ent_answer_release(struct ent_web_answer *a)
{
    ent_buf_release(&a->headers);
    ent_buf_release(&a->body);
}

static bool add(struct MHD_Response *mr, struct ent_slice name, struct ent_slice value)
{
    char line[ENT_ANSWER_HEADERS + 2]; /* libmicrohttpd wants C strings */
    if (name.n + value.n > ENT_ANSWER_HEADERS)
        return false;
    memcpy(line, name.p, name.n);
    line[name.n] = '\0';
    memcpy(line + name.n + 1, value.p, value.n);
    line[name.n + 1 + value.n] = '\0';
    return MHD_add_response_header(mr, line, line + name.n + 1) == MHD_YES;
}

static bool add_all(struct MHD_Response *mr, const struct ent_web_answer *a, bool cache, bool typed,
                    bool last)
{
    struct ent_slice rest = ent_buf_slice(&a->headers), name, value;
    const char *type = a->type == NULL ? "application/octet-stream" : a->type;

    if ((typed && MHD_add_response_header(mr, MHD_HTTP_HEADER_CONTENT_TYPE, type) != MHD_YES) ||
        (!cache &&
         MHD_add_response_header(mr, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store") != MHD_YES) ||
        (last && MHD_add_response_header(mr, MHD_HTTP_HEADER_CONNECTION, "close") != MHD_YES) ||
        MHD_add_response_header(mr, "X-Content-Type-Options", "nosniff") != MHD_YES)
        return false;
    while (rest.n > 0)
        if (!next_header(&rest, &name, &value) || !add(mr, name, value))
            return false;
    return true;
}

struct MHD_Response *ent_answer_render(struct ent_web_answer *a, const struct ent_web_request *req,
                                       bool last)
{
    static char nothing[1];
    struct MHD_Response *mr;
    struct ent_slice etag;
    bool cache;

    if (a->status < 200 || a->status > 599 ||
        (a->type != NULL && !text_ok(ent_slice_str(a->type))) ||
        !ent_answer_check(ent_buf_slice(&a->headers), &etag, &cache))
        return NULL;
    if (req != NULL && (strcmp(req->method, "GET") == 0 || strcmp(req->method, "HEAD") == 0) &&
        a->status == 200 && etag.n > 0 && ent_answer_etag_among(req->if_none_match, etag))
        a->status = 304;
    /* With 304 as with HEAD libmicrohttpd sends the length alone (RFC 9110, section 8.6). */
    bool with_body = a->status != 204 && a->body.n > 0, typed = with_body && a->status != 304;
    if (!with_body)
        mr = MHD_create_response_from_buffer(0, nothing, MHD_RESPMEM_PERSISTENT);
    else
        mr = MHD_create_response_from_buffer(a->body.n, a->body.p, MHD_RESPMEM_MUST_FREE);
    if (mr == NULL)
        return NULL;
    if (with_body) {
        a->body.p = NULL; /* libmicrohttpd frees it */
        a->body.n = a->body.cap = 0;
    }
    if (!add_all(mr, a, cache, typed, last)) {
        MHD_destroy_response(mr);
        return NULL;
    }
    return mr;
}
