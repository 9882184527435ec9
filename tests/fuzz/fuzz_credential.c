/* fuzz_credential.c: headers that say who asks, one a line (authorization, cookie, origin, host,
 * fetch site, csrf), and the typed credential over the border: what parses encodes to the same. */
#include "node/node.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void same(const struct ent_credential *c)
{
    struct ent_credential back;
    struct ent_buf a, b;
    ent_buf_init(&a, ENT_CREDENTIAL_BYTES);
    ent_buf_init(&b, ENT_CREDENTIAL_BYTES);
    ENT_ASSERT(ent_credential_encode(&a, c) == ENT_OK);
    ENT_ASSERT(ent_credential_decode(&back, ent_buf_slice(&a)) == ENT_OK);
    ENT_ASSERT(ent_credential_encode(&b, &back) == ENT_OK);
    ENT_ASSERT(ent_slice_eq(ent_buf_slice(&a), ent_buf_slice(&b)));
    ent_buf_release(&a);
    ent_buf_release(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct ent_slice line[6] = {{NULL, 0}};
    struct ent_cur c = ent_cur(ent_slice(data, n));
    struct ent_credential cred;
    if (ent_credential_decode(&cred, ent_slice(data, n)) == ENT_OK)
        same(&cred);
    for (int i = 0; i < 6 && ent_cur_line(&c, &line[i]) == ENT_OK; i++)
        ;
    for (int tls = 0; tls < 2; tls++) {
        const struct ent_presented p = {line[0], line[1], line[2],  line[3],
                                        line[4], line[5], tls != 0, false};
        if (ent_credential_parse(&cred, &p) != ENT_OK)
            continue;
        same(&cred);
        ENT_ASSERT(ent_credential_own_site(&cred, &p) != ENT_OK || line[4].n + line[2].n > 0);
    }
    return 0;
}
