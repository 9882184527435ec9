/* taxii_parse.c: a request of HTTP to a query, or the refusal of it. What is asked first: who asks;
 * whether there is such a resource and method; the types; the size; the parameters; the body. */
#include "intel/taxii_parts.h"

#include "intel/parse.h"

/* --- types --------------------------------------------------------------------------------------
 */

/* The value of a parameter, without quotes; empty: it is not there. */
static struct ent_slice parameter(struct ent_slice s, const char *name)
{
    while (s.n > 0) {
        struct ent_slice v = ent_slice_until(&s, ';'), k = ent_slice_until(&v, '=');
        v = ent_slice_trim(v);
        if (!ent_slice_ieq(ent_slice_trim(k), ent_slice_str(name)))
            continue;
        if (v.n >= 2 && v.p[0] == '"' && v.p[v.n - 1] == '"')
            v = ent_slice(v.p + 1, v.n - 2);
        return v;
    }
    return ent_slice(NULL, 0);
}

static bool is_zero(struct ent_slice q)
{
    bool zero = q.n > 0 && q.p[0] == '0';
    for (size_t i = 1; i < q.n && zero; i++)
        zero = q.p[i] == '.' || q.p[i] == '0';
    return zero;
}

static bool is_taxii(struct ent_slice one)
{
    struct ent_slice type = ent_slice_trim(ent_slice_until(&one, ';'));
    struct ent_slice version = parameter(one, "version");
    return ent_slice_ieq(type, ENT_SLICE_LIT("application/taxii+json")) &&
           (version.n == 0 || ent_slice_eq(version, ENT_SLICE_LIT("2.1")));
}

/* Whether who says this takes our type (RFC 9110 section 12.5.1). */
static bool accepts(struct ent_slice s)
{
    if (ent_slice_trim(s).n == 0)
        return true;
    while (s.n > 0) {
        struct ent_slice one = ent_slice_until(&s, ','), rest = one;
        struct ent_slice type = ent_slice_trim(ent_slice_until(&rest, ';'));
        bool any = ent_slice_eq(type, ENT_SLICE_LIT("*/*")) ||
                   ent_slice_ieq(type, ENT_SLICE_LIT("application/*"));
        if ((any || is_taxii(one)) && !is_zero(parameter(rest, "q")))
            return true;
    }
    return false;
}

/* --- paths --------------------------------------------------------------------------------------
 */

/* Up to the next '/', which goes with it. False where there is none. */
static bool part(struct ent_slice *path, struct ent_slice *ret)
{
    size_t n = path->n;
    *ret = ent_slice_until(path, '/');
    return ret->n > 0 && ret->n < n;
}

static bool is(struct ent_slice s, const char *text)
{
    return ent_slice_eq(s, ent_slice_str(text));
}

static bool is_name(struct ent_slice s, size_t most)
{
    bool ok = s.n > 0 && s.n <= most;
    for (size_t i = 0; i < s.n && ok; i++)
        ok = ent_is_digit(s.p[i]) || ent_is_alpha(s.p[i]) || strchr("-_", s.p[i]) != NULL;
    return ok;
}

static bool parse_uuid(uint8_t ret[static 16], struct ent_slice s)
{
    static const uint8_t size[] = {4, 2, 2, 2, 6};
    size_t at = 0;
    if (s.n != ENT_UUID_TEXT - 1)
        return false;
    for (size_t i = 0; i < sizeof(size); i++) {
        if ((i > 0 && s.p[at++] != '-') ||
            ent_hex_decode(ret, size[i], ent_slice(s.p + at, (size_t)2 * size[i])) != ENT_OK)
            return false;
        ret += size[i];
        at += (size_t)2 * size[i];
    }
    return true;
}

/* Below a collection. */
static enum ent_taxii_ask route_objects(struct ent_taxii_query *q, struct ent_slice path)
{
    struct ent_slice one;
    if (path.n == 0)
        return ENT_TAXII_ASK_OBJECTS;
    if (!part(&path, &one) || !ent_is_stix_id(one))
        return 0;
    q->object = one;
    if (path.n == 0)
        return ENT_TAXII_ASK_OBJECT;
    return part(&path, &one) && path.n == 0 && is(one, "versions") ? ENT_TAXII_ASK_VERSIONS : 0;
}

static enum ent_taxii_ask route_collection(struct ent_taxii_query *q, struct ent_slice path)
{
    struct ent_slice one;
    if (path.n == 0)
        return ENT_TAXII_ASK_COLLECTIONS;
    if (!part(&path, &one) || !is_name(one, ENT_TAXII_NAME))
        return 0;
    q->collection = one;
    if (path.n == 0)
        return ENT_TAXII_ASK_COLLECTION;
    if (!part(&path, &one))
        return 0;
    if (is(one, "manifest"))
        return path.n == 0 ? ENT_TAXII_ASK_MANIFEST : 0;
    return is(one, "objects") ? route_objects(q, path) : 0;
}

/* What this path is for GET; 0: nothing. */
static enum ent_taxii_ask route(struct ent_taxii_query *q, struct ent_slice path)
{
    struct ent_slice one;
    if (path.n == 0 || path.p[0] != '/')
        return 0;
    path = ent_slice_from(path, 1);
    if (!part(&path, &one) || !is(one, "taxii2"))
        return 0;
    if (path.n == 0)
        return ENT_TAXII_ASK_DISCOVERY;
    if (!part(&path, &one) || !is(one, "api"))
        return 0;
    if (path.n == 0)
        return ENT_TAXII_ASK_ROOT;
    if (!part(&path, &one))
        return 0;
    if (is(one, "collections"))
        return route_collection(q, path);
    return is(one, "status") && part(&path, &one) && path.n == 0 && parse_uuid(q->status, one)
               ? ENT_TAXII_ASK_STATUS
               : 0;
}

/* The method's part: GET, and what else this resource can do. */
static enum ent_taxii_ask with_method(enum ent_taxii_ask get, const char *method,
                                      const char **ret_allow)
{
    *ret_allow = get == ENT_TAXII_ASK_OBJECTS  ? "GET, HEAD, POST"
                 : get == ENT_TAXII_ASK_OBJECT ? "GET, HEAD, DELETE"
                                               : "GET, HEAD";
    if (strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0)
        return get;
    if (strcmp(method, "POST") == 0 && get == ENT_TAXII_ASK_OBJECTS)
        return ENT_TAXII_ASK_ADD;
    return strcmp(method, "DELETE") == 0 && get == ENT_TAXII_ASK_OBJECT ? ENT_TAXII_ASK_DELETE : 0;
}

size_t ent_taxii_max_body(const char *method)
{
    return strcmp(method, "POST") == 0 ? ENT_TAXII_BODY : 0;
}

/* --- the request --------------------------------------------------------------------------------
 */

static enum ent_err refuse(struct ent_taxii_answer *a, unsigned status, const char *title,
                           const char *why)
{
    enum ent_err r = ent_taxii_refuse(a, status, title, why);
    return r == ENT_OK ? ENT_E_FORMAT : r;
}

static enum ent_err no_path(struct ent_taxii_answer *a, struct ent_slice path)
{
    return refuse(a, 404, "There is nothing here",
                  path.n > 0 && path.p[path.n - 1] == '/'
                      ? "Discovery is at /taxii2/, the API root at /taxii2/api/."
                      : "The path of every resource of TAXII ends in a slash.");
}

/* Our own address as the client wrote it, for absolute URLs; anything odd in it and they are
 * relative. */
static void set_base(struct ent_taxii_asked *x, struct ent_slice host)
{
    bool ok = host.n > 0 && host.n <= 255;
    for (size_t i = 0; i < host.n && ok; i++)
        ok = ent_is_digit(host.p[i]) || ent_is_alpha(host.p[i]) ||
             strchr(".-:[]", host.p[i]) != NULL;
    if (ok)
        x->q.base = ent_slice(x->base, (size_t)snprintf(x->base, sizeof(x->base), "https://%.*s",
                                                        (int)host.n, (const char *)host.p));
}

static enum ent_err read_body(struct ent_taxii_asked *x, struct ent_taxii_answer *a,
                              const struct ent_taxii_request *req)
{
    struct ent_diag d = {0};
    char why[256];
    if (!is_taxii(req->content_type))
        return refuse(a, 415, "The type of the body is not that of TAXII 2.1",
                      "Content-Type: " ENT_TAXII_TYPE);
    if (req->body.n > ENT_TAXII_BODY)
        return refuse(a, 413, "The body is too long",
                      "max_content_length, which the API root tells, is 8,388,608 bytes.");
    enum ent_err r = ent_taxii_given_read(&x->given, req->body, &d);
    if (r == ENT_E_NOMEM)
        return r;
    x->q.given = ent_buf_slice(&x->given);
    if (r == ENT_OK)
        return r;
    (void)snprintf(why, sizeof(why), "%s (byte %llu)", d.text != NULL ? d.text : ent_err_str(r),
                   (unsigned long long)d.offset);
    return refuse(a, r == ENT_E_LIMIT ? 422 : 400, "The body is no envelope of TAXII", why);
}

static enum ent_err parse(struct ent_taxii_asked *x, struct ent_taxii_answer *a,
                          const struct ent_taxii_request *req)
{
    struct ent_slice path = ent_slice_str(req->path);
    const char *allow, *why;
    if (req->who == NULL) {
        enum ent_err r = ent_buf_puts(&a->headers, "WWW-Authenticate: Basic realm=\"TAXII\", "
                                                   "charset=\"UTF-8\"\n");
        return r == ENT_OK ? refuse(a, 401, "Who asks is not known",
                                    "A user and a password, or a token, are needed.")
                           : r;
    }
    x->q.who = *req->who;
    enum ent_taxii_ask get = route(&x->q, path);
    if (get == 0)
        return no_path(a, path);
    x->q.ask = with_method(get, req->method, &allow);
    if (x->q.ask == 0) {
        enum ent_err r = ent_buf_printf(&a->headers, "Allow: %s\n", allow);
        return r == ENT_OK ? refuse(a, 405, "This method is not for this resource", allow) : r;
    }
    if (!accepts(req->accept))
        return refuse(a, 406, "No type that is accepted can be sent", "Accept: " ENT_TAXII_TYPE);
    if ((why = ent_taxii_filters(x, req->query)) != NULL)
        return refuse(a, 400, "The parameters are wrong", why);
    if (x->q.versions == 0 && x->q.times.n == 0) /* section 3.4.1: the last, and of all to delete */
        x->q.versions = x->q.ask == ENT_TAXII_ASK_DELETE || x->q.ask == ENT_TAXII_ASK_VERSIONS
                            ? ENT_TAXII_ALL
                            : ENT_TAXII_LAST;
    set_base(x, req->host);
    return x->q.ask == ENT_TAXII_ASK_ADD ? read_body(x, a, req) : ENT_OK;
}

enum ent_err ent_taxii_parse(struct ent_buf *ret, struct ent_taxii_answer *a,
                             const struct ent_taxii_request *req)
{
    struct ent_taxii_asked *x = malloc(sizeof(*x));
    if (x == NULL)
        return ENT_E_NOMEM;
    ent_taxii_asked_init(x);
    enum ent_err r = parse(x, a, req);
    if (r == ENT_OK)
        r = ent_taxii_query_encode(ret, &x->q);
    ent_taxii_asked_release(x);
    free(x);
    return r;
}
