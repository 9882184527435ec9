/* http.c: the URL of an HTTP/1 request (RFC 9112, 3), from its target and its Host. */
#include "sensor/packet.h"

/* table */
static const char *const methods[] = {
    "GET ",     "POST ",  "HEAD ",   "PUT ",      "DELETE ",    "OPTIONS ",
    "CONNECT ", "PATCH ", "TRACE ",  "PROPFIND ", "MKCOL ",     "COPY ",
    "MOVE ",    "LOCK ",  "UNLOCK ", "REPORT ",   "PROPPATCH ", "SEARCH ",
};

/* Whether it begins with a method, or may when more comes. */
static bool is_request(struct ent_slice s)
{
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        size_t n = strlen(methods[i]);
        if (memcmp(s.p, methods[i], s.n < n ? s.n : n) == 0)
            return true;
    }
    return false;
}

/* The next line, without its end; false when it has none. */
static bool next_line(struct ent_cur *c, struct ent_slice *ret)
{
    if (ent_cur_line(c, ret) != ENT_OK)
        return false;
    if (ret->n > 0 && ret->p[ret->n - 1] == '\r')
        ret->n--;
    return true;
}

struct request {
    struct ent_slice method, target, host;
    bool old; /* HTTP/0.9: the line is all */
};

static void request_line(struct request *ret, struct ent_slice line)
{
    const uint8_t *sp = memchr(line.p, ' ', line.n);
    *ret = (struct request){.method = line, .old = true};
    if (sp == NULL)
        return;
    ret->method.n = (size_t)(sp - line.p);
    ret->target = ent_slice_trim(ent_slice(sp + 1, line.n - ret->method.n - 1));
    for (size_t i = ret->target.n; i >= 6; i--) { /* blanks in targets are wrong, and happen */
        if (memcmp(ret->target.p + i - 6, " HTTP/", 6) == 0) {
            ret->target.n = i - 6;
            ret->old = false;
            return;
        }
    }
}

static void put_request(struct ent_decoder *dec, const struct ent_pair *pair,
                        const struct request *q)
{
    bool path = q->target.n > 0 && q->target.p[0] == '/';
    ent_packet_put(dec, " http ");
    ent_packet_url(dec, q->method);
    ent_packet_put(dec, " ");
    if (path)
        ent_packet_put(dec, "http://");
    if (path && q->host.n > 0)
        ent_packet_url(dec, q->host);
    else if (path)
        ent_packet_endpoint(dec, pair->dst16, pair->dport);
    ent_packet_url(dec, q->target);
    if (!path && q->host.n > 0) { /* a proxy's, or "*" */
        ent_packet_put(dec, " host ");
        ent_packet_url(dec, q->host);
    }
}

ptrdiff_t ent_packet_http(struct ent_decoder *dec, const struct ent_pair *pair,
                          struct ent_slice stream, bool full)
{
    struct ent_cur c = ent_cur(stream);
    struct ent_slice line;
    struct request q;
    bool ended = false;
    if (!is_request(stream))
        return -1;
    if (!next_line(&c, &line)) {
        if (!full)
            return 0;
        line = stream;
        c.n = 0;
    }
    request_line(&q, line);
    while (!q.old && !ended && next_line(&c, &line)) {
        ended = line.n == 0;
        if (line.n > 5 && q.host.n == 0 &&
            ent_slice_ieq(ent_slice(line.p, 5), ENT_SLICE_LIT("host:")))
            q.host = ent_slice_trim(ent_slice(line.p + 5, line.n - 5));
    }
    if (!q.old && !ended && !full)
        return 0;
    put_request(dec, pair, &q);
    return (ptrdiff_t)(stream.n - c.n);
}
