/* pacts.c: members and their votes. */
#include "tests/support/pacts.h"

struct who who_is(const char *name)
{
    struct who w;
    ent_random(&w.seed, sizeof(w.seed));
    assert_ok(ent_member_make(&w.m, name, "Someone, Inc.", "https://127.0.0.1:7443", &w.seed));
    return w;
}

void who_are(struct who *w, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char name[32];
        (void)snprintf(name, sizeof(name), "m%02zu", i);
        w[i] = who_is(name);
    }
}

struct ent_pact *pact_new(void)
{
    struct ent_pact *p = calloc(1, sizeof(*p));
    assert_non_null(p);
    return p;
}

struct ent_pact *pact_of(const struct who *w, size_t n)
{
    struct ent_pact *p = pact_new();
    assert_ok(ent_pact_found(p, NULL, "Election defence"));
    for (size_t i = 0; i < n; i++)
        assert_ok(ent_next_put(p, NULL, &w[i].m));
    return p;
}

void pact_vote(struct ent_buf *b, struct ent_pact *draft, uint32_t round, const struct who *w,
               size_t n)
{
    ent_buf_release(b);
    ent_buf_init(b, ENT_PACT_MAX + 4096);
    assert_ok(ent_pact_encode(b, draft));
    size_t text_n = b->n;
    for (size_t i = 0; i < n; i++)
        assert_ok(ent_pact_sign(b, text_n, draft, round, w[i].m.name, &w[i].seed.root));
}

struct ent_pact *pact_founded(const struct who *w, size_t n)
{
    struct ent_pact *p = pact_of(w, n);
    struct ent_buf b = {0};
    pact_vote(&b, p, 0, w, n);
    assert_ok(ent_pact_parse(p, ent_buf_slice(&b), NULL, NULL));
    ent_buf_release(&b);
    return p;
}

void pact_advance(struct ent_pact *now, struct ent_pact *draft, const struct who *w, size_t n)
{
    struct ent_diag d = {0};
    struct ent_buf b = {0};
    pact_vote(&b, draft, 3, w, n);
    enum ent_err r = ent_pact_parse(now, ent_buf_slice(&b), now, &d);
    if (r != ENT_OK)
        printf("# refused: %s\n", d.text);
    assert_ok(r);
    assert_int_equal(now->round, 3);
    ent_buf_release(&b);
}

void pact_refused(const struct ent_pact *now, struct ent_pact *draft, const struct who *w, size_t n,
                  enum ent_err e, const char *text)
{
    struct ent_pact *back = pact_new();
    struct ent_diag d = {0};
    struct ent_buf b = {0};
    pact_vote(&b, draft, 0, w, n);
    assert_err(ent_pact_parse(back, ent_buf_slice(&b), now, &d), e);
    assert_string_equal(d.text, text);
    ent_buf_release(&b);
    free(back);
}
