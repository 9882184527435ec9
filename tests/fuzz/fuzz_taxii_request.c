/* fuzz_taxii_request.c: requests to a TAXII server: three lines (method, path with its query,
 * Accept or Content-Type), then the body. */
#include "intel/intel.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check(struct ent_slice encoded)
{
    struct ent_taxii_query q;
    struct ent_buf again;
    ent_buf_init(&again, ENT_TAXII_QUERY_MAX);
    ENT_ASSERT(ent_taxii_query_parse(&q, encoded) == ENT_OK);
    ENT_ASSERT(ent_taxii_query_encode(&again, &q) == ENT_OK);
    ENT_ASSERT(ent_slice_eq(encoded, ent_buf_slice(&again)));
    ent_buf_release(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const struct ent_taxii_who who = {{(const uint8_t *)"a", 1}, ENT_TLP_GREEN, true};
    struct ent_cur c = ent_cur(ent_slice(data, n));
    struct ent_slice line[3] = {{NULL, 0}};
    char method[16], path[512];
    struct ent_taxii_answer a;
    struct ent_buf query;
    for (int i = 0; i < 3; i++)
        if (ent_cur_line(&c, &line[i]) != ENT_OK)
            return 0;
    const uint8_t *mark = line[1].n == 0 ? NULL : memchr(line[1].p, '?', line[1].n);
    size_t k = mark == NULL ? line[1].n : (size_t)(mark - line[1].p);
    (void)snprintf(method, sizeof(method), "%.*s", (int)line[0].n, (const char *)line[0].p);
    (void)snprintf(path, sizeof(path), "%.*s", (int)k, (const char *)line[1].p);
    const struct ent_taxii_request req = {method,
                                          path,
                                          mark == NULL ? ent_slice(NULL, 0)
                                                       : ent_slice(mark + 1, line[1].n - k - 1),
                                          line[2],
                                          line[2],
                                          line[2],
                                          ent_slice(c.p, c.n),
                                          &who};
    ent_taxii_answer_init(&a, 1u << 16);
    ent_buf_init(&query, ENT_TAXII_QUERY_MAX);
    if (ent_taxii_parse(&query, &a, &req) == ENT_OK)
        check(ent_buf_slice(&query));
    else
        ENT_ASSERT(a.status >= 400 && a.status < 500 && a.body.n > 0);
    ent_buf_release(&query);
    ent_taxii_answer_release(&a);
    return 0;
}
