/* fuzz_stix_pattern.c: any pattern is understood, refused with a place inside it, or too large. */
#include "base/base.h"
#include "intel/pattern.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct ent_arena a;
    struct ent_pattern p = {0};
    const char *why = NULL;
    ent_arena_init(&a, ENT_PATTERN_ARENA);
    enum ent_err r = ent_pattern_parse(&p, &why, &a, ent_slice(data, n));
    if (r == ENT_OK && p.values == NULL && p.lost == NULL)
        ENT_BUG("nothing taken and nothing said");
    if (r != ENT_OK && (why == NULL || p.error_at > n))
        ENT_BUG("an error without a reason or a place");
    size_t bytes = 0;
    for (const struct ent_pattern_value *v = p.values; r == ENT_OK && v != NULL; v = v->next)
        bytes += v->text.n + 1;
    if (bytes > n)
        ENT_BUG("more values than the pattern has bytes");
    ent_arena_release(&a);
    return 0;
}
