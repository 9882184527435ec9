/* fuzz_taxii_query.c: typed queries as they come from another process, with the "next" in them and
 * what an envelope gave, run on a store; and rows as they come back. */
#include "node/node.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static struct ent_taxii_server server;

static void start(void)
{
    struct ent_store *s;
    ENT_ASSERT(ent_store_open(&s, NULL, ":memory:") == ENT_OK);
    ENT_ASSERT(ent_taxii_server_init(&server, s, ENT_SLICE_LIT("k"), ENT_SLICE_LIT("Us")) ==
               ENT_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct ent_taxii_query q;
    struct ent_stix_object o;
    struct ent_indicator ind;
    struct ent_taxii_given given = {.object = &o, .ind = &ind};
    struct ent_slice bytes = {data, n};
    struct ent_taxii_answer a;
    struct ent_buf rows;
    if (server.store == NULL)
        start();
    ent_taxii_answer_init(&a, 1u << 20);
    ent_buf_init(&rows, ENT_TAXII_ROWS);
    if (ent_taxii_query_parse(&q, bytes) == ENT_OK) {
        for (struct ent_slice rest = q.given; ent_taxii_given_next(&given, &rest) == ENT_OK;)
            ENT_ASSERT(rest.n < n);
        ENT_ASSERT(ent_taxii_run(&server, &rows, bytes, 1) == ENT_OK || rows.n == 2);
        ENT_ASSERT(ent_taxii_render(&a, &q, ent_buf_slice(&rows)) == ENT_OK);
    }
    q = (struct ent_taxii_query){.ask = n == 0 ? 1 : (enum ent_taxii_ask)(1 + data[0] % 11)};
    ent_buf_clear(&a.body);
    if (n > 1) /* rows of whatever kind */
        (void)!ent_taxii_render(&a, &q, ent_slice(data + 1, n - 1));
    ent_buf_release(&rows);
    ent_taxii_answer_release(&a);
    return 0;
}
