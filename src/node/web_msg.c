/* web_msg.c: requests and answers of the users' port as bytes. */
#include "node/node.h"

#include "node/web_msg.h"

#define ANSWER_HEAD 11u /* status, type, two lengths */

const struct ent_msg_row ent_web_rows[ENT_WEB_ROWS] = {
    {ENT_WEB_CALL, ENT_MSG_CALL, ENT_MSG_BIT(ENT_PROCESS_FRONT), ENT_MSG_ANY, 18,
     ENT_WEB_REQUEST_BYTES, ENT_MSG_FD_NONE},
    {ENT_WEB_CALL, ENT_MSG_ANSWER, ENT_MSG_BIT(ENT_PROCESS_API), ENT_MSG_ANY, ANSWER_HEAD,
     ENT_WEB_ANSWER_BYTES, ENT_MSG_FD_NONE},
};

static const char *const methods[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"};
#define METHODS (sizeof(methods) / sizeof(methods[0]))

/* All that a node answers with: a type is a number on the way. 0: none is given. */
static const char *const types[] = {
    NULL,
    "application/json",
    "application/octet-stream",
    "application/taxii+json;version=2.1",
    "font/woff2",
    "image/png",
    "image/svg+xml",
    "text/css; charset=utf-8",
    "text/event-stream",
    "text/html; charset=utf-8",
    "text/javascript; charset=utf-8",
    "text/plain",
    "text/plain; charset=utf-8",
    "text/plain; version=0.0.4; charset=utf-8",
};
#define TYPES (sizeof(types) / sizeof(types[0]))

/* --- requests -----------------------------------------------------------------------------------
 */

#define VALUES 12

/* Header values and the query, in the order in which they are written. */
static void values_of(struct ent_slice *ret[static VALUES], struct ent_web_request *q)
{
    struct ent_slice *const all[VALUES] = {&q->query,         &q->accept,        &q->content_type,
                                           &q->authorization, &q->cookie,        &q->origin,
                                           &q->host,          &q->fetch_site,    &q->csrf,
                                           &q->if_none_match, &q->last_event_id, &q->user_agent};
    memcpy(ret, all, sizeof(all));
}

static enum ent_err put16(struct ent_buf *b, struct ent_slice s)
{
    uint8_t n[2];
    if (s.n > ENT_WEB_HEADER)
        return ENT_E_LIMIT;
    ent_put_u16le(n, (uint16_t)s.n);
    enum ent_err r = ent_buf_put(b, n, sizeof(n));
    return r == ENT_OK ? ent_buf_put_slice(b, s) : r;
}

static enum ent_err put32(struct ent_buf *b, struct ent_slice s, size_t most)
{
    uint8_t n[4];
    if (s.n > most)
        return ENT_E_LIMIT;
    ent_put_u32le(n, (uint32_t)s.n);
    enum ent_err r = ent_buf_put(b, n, sizeof(n));
    return r == ENT_OK ? ent_buf_put_slice(b, s) : r;
}

static enum ent_err get16(struct ent_cur *c, struct ent_slice *ret)
{
    uint16_t n;
    enum ent_err r = ent_cur_u16le(c, &n);
    if (r != ENT_OK)
        return r;
    return n > ENT_WEB_HEADER ? ENT_E_LIMIT : ent_cur_take(c, ret, n);
}

static enum ent_err get32(struct ent_cur *c, struct ent_slice *ret, size_t most)
{
    uint32_t n;
    enum ent_err r = ent_cur_u32le(c, &n);
    if (r != ENT_OK)
        return r;
    return n > most ? ENT_E_LIMIT : ent_cur_take(c, ret, n);
}

/* method u8, TLS u8, address 16, path with its NUL, then each value with 16 bits of length; the
 * body with 32. */
enum ent_err ent_web_request_encode(struct ent_buf *b, const struct ent_web_request *req)
{
    struct ent_web_request q = *req;
    struct ent_slice *value[VALUES];
    uint8_t head[18] = {0, req->tls};
    enum ent_err r;
    while (head[0] < METHODS && strcmp(req->method, methods[head[0]]) != 0)
        head[0]++;
    if (head[0] == METHODS || req->path[0] != '/')
        return ENT_E_FORMAT;
    memcpy(head + 2, req->from16, sizeof(req->from16));
    if ((r = ent_buf_put(b, head, sizeof(head))) != ENT_OK ||
        (r = put16(b, ent_slice(req->path, strlen(req->path) + 1))) != ENT_OK)
        return r;
    values_of(value, &q);
    for (int i = 0; i < VALUES && r == ENT_OK; i++)
        r = put16(b, *value[i]);
    return r == ENT_OK ? put32(b, req->body, ENT_WEB_BODY_MAX) : r;
}

static enum ent_err parse_path(struct ent_cur *c, const char **ret)
{
    struct ent_slice path;
    enum ent_err r = get16(c, &path);
    if (r != ENT_OK)
        return r;
    if (path.n < 2 || path.p[0] != '/' || memchr(path.p, 0, path.n) != path.p + path.n - 1)
        return ENT_E_FORMAT;
    *ret = (const char *)path.p;
    return ENT_OK;
}

enum ent_err ent_web_request_parse(struct ent_web_request *ret, struct ent_slice bytes)
{
    struct ent_web_request q = {.method = NULL};
    struct ent_slice *value[VALUES];
    struct ent_cur c = ent_cur(bytes);
    uint8_t method, tls;
    enum ent_err r;
    if ((r = ent_cur_u8(&c, &method)) != ENT_OK || (r = ent_cur_u8(&c, &tls)) != ENT_OK ||
        (r = ent_cur_copy(&c, q.from16, sizeof(q.from16))) != ENT_OK)
        return r;
    if (method >= METHODS || tls > 1)
        return ENT_E_FORMAT;
    q.method = methods[method];
    q.tls = tls == 1;
    r = parse_path(&c, &q.path);
    values_of(value, &q);
    for (int i = 0; i < VALUES && r == ENT_OK; i++)
        r = get16(&c, value[i]);
    if (r != ENT_OK || (r = get32(&c, &q.body, ENT_WEB_BODY_MAX)) != ENT_OK ||
        (r = ent_cur_end(&c)) != ENT_OK)
        return r;
    *ret = q;
    return ENT_OK;
}

/* --- answers ------------------------------------------------------------------------------------
 */

static bool same_type(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* status u16, type u8, headers and body with 32 bits of length. */
enum ent_err ent_web_answer_encode(struct ent_buf *b, const struct ent_web_answer *a)
{
    uint8_t head[3] = {0};
    enum ent_err r;
    while (head[2] < TYPES && !same_type(a->type, types[head[2]]))
        head[2]++;
    if (head[2] == TYPES || a->status < 200 || a->status > 599)
        return ENT_E_FORMAT;
    ent_put_u16le(head, (uint16_t)a->status);
    if ((r = ent_buf_put(b, head, sizeof(head))) != ENT_OK ||
        (r = put32(b, ent_buf_slice(&a->headers), ENT_WEB_HEADERS_MAX)) != ENT_OK)
        return r;
    return put32(b, ent_buf_slice(&a->body), ENT_WEB_ANSWER_MAX);
}

enum ent_err ent_web_answer_parse(struct ent_web_answer *ret, struct ent_slice bytes)
{
    struct ent_cur c = ent_cur(bytes);
    struct ent_slice headers, body;
    uint16_t status;
    uint8_t type;
    enum ent_err r;
    if ((r = ent_cur_u16le(&c, &status)) != ENT_OK || (r = ent_cur_u8(&c, &type)) != ENT_OK ||
        (r = get32(&c, &headers, ENT_WEB_HEADERS_MAX)) != ENT_OK ||
        (r = get32(&c, &body, ENT_WEB_ANSWER_MAX)) != ENT_OK || (r = ent_cur_end(&c)) != ENT_OK)
        return r;
    if (status < 200 || status > 599 || type >= TYPES)
        return ENT_E_FORMAT;
    if ((r = ent_buf_put_slice(&ret->headers, headers)) != ENT_OK ||
        (r = ent_buf_put_slice(&ret->body, body)) != ENT_OK)
        return r;
    ret->status = status;
    ret->type = types[type];
    return ENT_OK;
}
