/* fuzz_portal.c: requests of users as the front hands them on, to their answers, with a keeper that
 * knows everybody as the same reader and finds nothing. */
#include "node/node.h"

#include "node/api_wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static enum ent_err keeper(void *ctx, struct ent_msg *ret, uint16_t type, struct ent_slice payload)
{
    const struct ent_api_who who = {.who = {.user = 1,
                                            .name = "eva",
                                            .role = ENT_USER_ANALYST,
                                            .clearance = ENT_TLP_GREEN,
                                            .via = ENT_VIA_SESSION}};
    (void)ctx;
    ENT_ASSERT(payload.n <= ENT_MSG_MAX);
    *ret = ENT_MSG_NOTHING;
    ent_buf_init(&ret->bytes, 1024);
    if (type == ENT_API_WHO)
        return ent_api_who_encode(&ret->bytes, &who);
    if (type == ENT_API_SESSION)
        return ent_buf_puts(&ret->bytes, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    if (type == ENT_API_TAXII)
        return ent_buf_put(&ret->bytes, "\1\1", 2);
    return type == ENT_API_LOGOUT || type == ENT_API_READY ? ENT_OK : ENT_E_AUTH;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static struct ent_portal *portal;
    const struct ent_portal_opts opts = {.keeper = {NULL, keeper}};
    struct ent_web_request req;
    struct ent_web_answer a = {.status = 0};
    struct ent_buf b;
    if (portal == NULL)
        ENT_ASSERT(ent_portal_new(&portal, &opts) == ENT_OK);
    if (ent_web_request_parse(&req, ent_slice(data, n)) != ENT_OK)
        return 0;
    ent_buf_init(&b, ENT_WEB_ANSWER_BYTES);
    ent_buf_init(&a.headers, ENT_WEB_HEADERS_MAX);
    ent_buf_init(&a.body, ENT_WEB_ANSWER_MAX);
    ent_portal_handle(portal, &req, &a);
    ENT_ASSERT(ent_web_answer_encode(&b, &a) == ENT_OK);
    ent_buf_release(&b);
    ent_buf_release(&a.headers);
    ent_buf_release(&a.body);
    return 0;
}
