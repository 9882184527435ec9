/* any_signer.h: a signer that signs every statement it is asked for: what a member says whose
 * machine obeys nobody. Alone in a header, for programs that link nothing of the tests. */
#ifndef ENT_TESTS_SUPPORT_ANY_SIGNER_H
#define ENT_TESTS_SUPPORT_ANY_SIGNER_H

#include "ledger/ledger.h"

static inline enum ent_err any_statement(void *ctx, struct ent_signature *ret, struct ent_buf *text,
                                         struct ent_diag *d, const struct ent_statement *st)
{
    const struct ent_keypair *author = ctx;
    const size_t before = text->n;
    enum ent_err r = ent_statement_encode(text, st);
    (void)d;
    ret->pk = author->pk;
    if (r == ENT_OK)
        ent_sign_by(ret->sig, author, ent_slice(text->p + before, text->n - before));
    return r;
}

/* For ent_act_make() alone. The key outlives it. */
static inline struct ent_signer any_signer(struct ent_keypair *author)
{
    return (struct ent_signer){.ctx = author, .statement = any_statement};
}

#endif
