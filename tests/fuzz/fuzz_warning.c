/* fuzz_warning.c: a warning list says the same however reads fall and has a name fit to print. */
#include "base/base.h"
#include "tests/fuzz/feed.h"

struct values {
    struct said said;
    uint64_t n;
};

static enum ent_err value(void *ctx, const struct ent_observable *o)
{
    struct values *v = ctx;
    v->n++;
    say(&v->said, o->text, o->n);
    return ENT_OK;
}

static enum ent_err no_value(void *ctx, uint64_t line, const char *reason, struct ent_slice what)
{
    struct values *v = ctx;
    v->n++;
    return feed_skip(&v->said, line, reason, what);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct values v[2] = {{.n = 0}, {.n = 0}};
    enum ent_err r[2];
    for (int way = 0; way < 2; way++) {
        struct pieces p = {{data, n}, way == 0 ? SIZE_MAX : 1 + n % 5};
        const struct ent_warning_sink sink = {&v[way], value, no_value};
        struct ent_warning w = {.name = ""};
        r[way] = ent_warning_read(&w, (struct ent_reader){pieces_read, &p}, &sink, NULL);
        if (r[way] == ENT_OK && (w.name[0] == '\0' || strpbrk(w.name, "\n\033") != NULL ||
                                 w.entries + w.unread != v[way].n))
            ENT_BUG("a list that is none");
    }
    if (r[0] != r[1] || v[0].said.sum != v[1].said.sum)
        ENT_BUG("pieces make a difference");
    return 0;
}
