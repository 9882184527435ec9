/* fuzz_json.c: neither pieces nor vectors change an event, strings are UTF-8, records the text. */
#include "base/base.h"
#include "intel/json_pull.h"
#include "tests/fuzz/feed.h"

static enum ent_err events(struct said *said, const uint8_t *data, size_t n, size_t most)
{
    struct ent_jp jp;
    enum ent_jp_event ev = ENT_JP_NULL;
    struct ent_buf into = {.max = n};
    ent_cpu_limit(most == 1 ? ENT_CPU_PORTABLE : ENT_CPU_AVX512);
    struct ent_reader in = {pieces_read, &(struct pieces){{data, n}, most}};
    enum ent_err r = ent_jp_init(&jp, in, 0, 20, 50);
    while (r == ENT_OK && ev != ENT_JP_END && (r = ent_jp_next(&jp, &ev, NULL)) == ENT_OK) {
        ENT_ASSERT(ent_utf8_valid(jp.text, NULL));
        say(said, &ev, sizeof(ev));
        say(said, jp.text.p, jp.text.n);
        say(said, &jp.offset, sizeof(jp.offset));
        if (ev == ENT_JP_OBJ && jp.record == NULL)
            ent_jp_record(&jp, &into);
        if (ev == ENT_JP_OBJ_END && jp.record != NULL && jp.depth + 1 == jp.record_depth) {
            ENT_ASSERT(ent_jp_record_end(&jp) == ENT_OK);
            ENT_ASSERT(memcmp(into.p, data + jp.offset + 1 - into.n, into.n) == 0);
            ent_buf_clear(&into);
        }
        if (ev == ENT_JP_KEY && jp.text.n == 1)
            r = ent_jp_skip(&jp, NULL);
    }
    say(said, &jp.diag.offset, sizeof(jp.diag.offset));
    ent_jp_release(&jp);
    ent_buf_release(&into);
    return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct said whole = {1}, pieces = {1};
    if (events(&whole, data, n, SIZE_MAX) != events(&pieces, data, n, 1) || whole.sum != pieces.sum)
        ENT_BUG("pieces make a difference");
    return 0;
}
