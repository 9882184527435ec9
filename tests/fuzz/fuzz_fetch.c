/* fuzz_fetch.c: URLs and headers that come from a TAXII server, and both ends of the channel to the
 * process that talks to it. */
#include "net/net.h"
#include "net/fetch_parts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void text(struct ent_slice s)
{
    struct ent_fetch_url u, base;
    const char *why;
    char date[ENT_FETCH_DATE];
    uint32_t wait;
    if (ent_fetch_url_parse(&base, &why, ENT_SLICE_LIT("https://a.example/")) != ENT_OK)
        ENT_BUG("base");
    if (ent_fetch_url_parse(&u, &why, s) == ENT_OK)
        ENT_ASSERT(ent_suffix_is_valid(ent_slice_str(u.path)));
    if (ent_fetch_url_below(&u, &base, s) == ENT_OK)
        ENT_ASSERT(strcmp(u.origin, base.origin) == 0);
    if (ent_fetch_date(date, s) == ENT_OK)
        ENT_ASSERT(ent_fetch_date_cmp(date, date) == 0 && ent_fetch_date_cmp("", date) < 0);
    if (ent_fetch_retry_after(&wait, s, 784111777) == ENT_OK)
        ENT_ASSERT(wait <= INT32_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct ent_fetch_answer a = {.status = 200};
    struct ent_head_seen seen = {.type = false};
    uint8_t bytes[ENT_ANSWER_MAX];
    struct ent_frame f;
    struct ent_post p;
    if (ent_post_parse(&p, ent_slice(data, n)) == ENT_OK)
        ENT_ASSERT(p.body.n > 0 && memchr(p.header.p, '\n', p.header.n) == NULL);
    text(ent_slice(data, n));
    if (ent_answer_header(&a, &seen, ent_slice(data, n), 784111777)) /* what is said can be told */
        ENT_ASSERT(ent_answer_parse(&a, ent_slice(bytes, ent_answer_encode(bytes, &a))) == ENT_OK);
    if (n >= ENT_FRAME_HEADER && ent_frame_parse(&f, data) == ENT_OK)
        ENT_ASSERT(f.n <= ENT_FRAME_MAX);
    if (ent_answer_parse(&a, ent_slice(data, n)) == ENT_OK)
        ENT_ASSERT(ent_answer_encode(bytes, &a) == n && memcmp(bytes, data, n) == 0);
    return 0;
}
