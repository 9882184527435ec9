/* fuzz_web.c: what of a request's head we read ourselves, and the headers of answers. */
#include "net/http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void head(struct ent_slice rest)
{
    struct ent_web_request req = {.method = "GET"};
    struct ent_head h = {.req = &req, .max_headers = 16};
    struct ent_slice part[2] = {{NULL, 0}, {NULL, 0}};
    uint64_t length;

    for (size_t i = 0; rest.n > 0; i ^= 1) { /* names and values, a NUL behind each */
        const uint8_t *end = memchr(rest.p, '\0', rest.n);
        part[i] = ent_slice(rest.p, end == NULL ? rest.n : (size_t)(end - rest.p));
        rest = ent_slice(rest.p + part[i].n, rest.n - part[i].n);
        if (rest.n > 0)
            rest = ent_slice(rest.p + 1, rest.n - 1);
        if (i == 1 && ent_head_field(&h, part[0], part[1]) != 0)
            break;
    }
    if (ent_head_end(&h, &length) == 0)
        ENT_ASSERT(req.host.n > 0 && !(h.coding.p != NULL && (length > 0 || h.coding.n != 7)));
    (void)ent_answer_etag_among(req.if_none_match, ENT_SLICE_LIT("W/\"a\""));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    const uint8_t *mark = n == 0 ? NULL : memchr(data, '?', n);
    size_t at = mark == NULL ? n : (size_t)(mark - data);
    struct ent_slice all = ent_slice(data, n), path = ent_slice(data, at), etag;
    enum ent_web_event why;
    bool cache;

    if (ent_head_uri(&why, path, mark != NULL,
                     ent_slice(data + at + (mark != NULL), n - at - (mark != NULL))) == 0)
        ENT_ASSERT(path.p[0] == '/' && memmem(path.p, path.n, "//", 2) == NULL &&
                   memmem(path.p, path.n, "/../", 4) == NULL &&
                   memchr(path.p, '\\', path.n) == NULL);
    head(all);
    if (ent_answer_check(all, &etag, &cache))
        ENT_ASSERT(n == 0 || (data[n - 1] == '\n' && memchr(data, '\r', n) == NULL));
    return 0;
}
