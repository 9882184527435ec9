/* fuzz_console.c: what a browser asks: what is understood crosses to the keeper in one form, and
 * what is refused has an answer. */
#include "node/node.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const struct {
        const char *path;
        bool post;
    } calls[] = {
        {"indicators", false}, {"indicator", false},   {"proof", false},   {"match", false},
        {"log", false},        {"hits", false},        {"tag", true},      {"consistency", false},
        {"account-add", true}, {"account-set", true},  {"password", true}, {"token", true},
        {"release", true},     {"audit", false},       {"today", false},   {"account", false},
        {"quorum", false},     {"quorum-start", true},
    };
    static const struct ent_identity who = {.role = ENT_USER_OPERATOR, .clearance = ENT_TLP_RED};
    struct ent_console_query q, back;
    struct ent_web_answer a = {.status = 0};
    struct ent_buf one, two;
    char path[64];
    if (n == 0 || n > ENT_WEB_HEADER)
        return 0;
    const size_t call = data[0] % (sizeof(calls) / sizeof(calls[0]));
    (void)snprintf(path, sizeof(path), "/api/v1/%s", calls[call].path);
    const bool post = calls[call].post;
    const struct ent_slice text = ent_slice(data + 1, n - 1);
    struct ent_web_request req = {.method = post ? "POST" : "GET", .path = path};
    req.content_type = ENT_SLICE_LIT("application/x-www-form-urlencoded");
    *(post ? &req.body : &req.query) = text;
    ent_buf_init(&a.headers, 8192);
    ent_buf_init(&a.body, 8192);
    ent_buf_init(&one, ENT_CONSOLE_QUERY);
    ent_buf_init(&two, ENT_CONSOLE_QUERY);
    if (ent_console_parse(&q, &a, &req, &who, true) == ENT_OK) {
        ENT_ASSERT(ent_console_query_encode(&one, &q) == ENT_OK);
        ENT_ASSERT(ent_console_query_decode(&back, ent_buf_slice(&one)) == ENT_OK);
        ENT_ASSERT(ent_console_query_encode(&two, &back) == ENT_OK);
        ENT_ASSERT(ent_slice_eq(ent_buf_slice(&one), ent_buf_slice(&two)));
    } else {
        ENT_ASSERT(a.status >= 400 && a.body.n > 0 && a.headers.n > 0);
    }
    ent_buf_release(&a.headers);
    ent_buf_release(&a.body);
    ent_buf_release(&one);
    ent_buf_release(&two);
    return 0;
}
