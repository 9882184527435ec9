/* signer_remote.c: a signer elsewhere, as one that is here. */
#include "node/signer_wire.h"

#define TEXTS 64u /* a diagnosis points to its text: each is kept once, as long as the signer */

struct remote {
    struct ent_signer signer;
    struct ent_caller far;
    struct ent_buf request;
    char *text[TEXTS];
    size_t texts;
};

static const char *keep(struct remote *s, const char *text)
{
    static const char none[] = "the signer refuses";
    for (size_t i = 0; i < s->texts; i++)
        if (strcmp(s->text[i], text) == 0)
            return s->text[i];
    if (text[0] == 0 || s->texts == TEXTS || (s->text[s->texts] = strdup(text)) == NULL)
        return none;
    return s->text[s->texts++];
}

/* *ret is to be released after ENT_OK. */
static enum ent_err send(struct remote *s, struct ent_msg *ret, enum ent_signer_what what)
{
    enum ent_err r = ENT_E_TIMEOUT;
    for (int i = 0; i < 2 && (r == ENT_E_TIMEOUT || r == ENT_E_PEER); i++)
        r = s->far.call(s->far.ctx, ret, (uint16_t)(ENT_MSG_SIGN + what),
                        ent_buf_slice(&s->request));
    return r;
}

static enum ent_err ask(struct remote *s, struct ent_signer_answer *ret, struct ent_diag *d,
                        const struct ent_signer_request *q)
{
    struct ent_msg answer = ENT_MSG_NOTHING;
    ent_buf_clear(&s->request);
    enum ent_err r = ent_signer_request_encode(&s->request, q);
    if (r != ENT_OK)
        return ent_fail(d, r, "nothing that a signer can be asked", 0, 0);
    if ((r = send(s, &answer, q->what)) != ENT_OK)
        return ent_fail(d, r, "the signer does not answer", 0, 0);
    r = ent_signer_answer_parse(ret, q->what, ent_buf_slice(&answer.bytes));
    ent_msg_release(&answer);
    if (r != ENT_OK)
        return ent_fail(d, ENT_E_PEER, "the signer's answer is none", 0, 0);
    if (ret->err != ENT_OK)
        return ent_fail(d, ret->err, keep(s, ret->text), ret->line, ret->offset);
    return ENT_OK;
}

static enum ent_err ask_signature(struct remote *s, struct ent_signature *ret, struct ent_diag *d,
                                  const struct ent_signer_request *q)
{
    struct ent_signer_answer a;
    enum ent_err r = ask(s, &a, d, q);
    if (r == ENT_OK)
        *ret = a.signature;
    return r;
}

static enum ent_err statement(void *ctx, struct ent_signature *ret, struct ent_buf *text,
                              struct ent_diag *d, const struct ent_statement *st)
{
    const struct ent_signer_request q = {.what = ENT_SIGN_STATEMENT, .statement = *st};
    const size_t before = text->n;
    enum ent_err r = ask_signature(ctx, ret, d, &q);
    if (r == ENT_OK && (r = ent_statement_encode(text, st)) != ENT_OK) {
        text->n = before;
        return ent_fail(d, r, "no room for a statement", 0, 0);
    }
    return r;
}

static enum ent_err head(void *ctx, struct ent_signature *ret, struct ent_diag *d,
                         const struct ent_growth *g)
{
    const struct ent_signer_request q = {.what = ENT_SIGN_HEAD, .head = *g};
    return ask_signature(ctx, ret, d, &q);
}

static enum ent_err cosign(void *ctx, struct ent_signature *ret, struct ent_diag *d,
                           const struct ent_cosign_request *c)
{
    const struct ent_signer_request q = {.what = ENT_SIGN_COSIGN, .cosign = *c};
    return ask_signature(ctx, ret, d, &q);
}

static enum ent_err mirror(void *ctx, struct ent_signature *ret, struct ent_diag *d,
                           const struct ent_cosigned *c)
{
    const struct ent_signer_request q = {.what = ENT_SIGN_MIRROR, .mirror = *c};
    return ask_signature(ctx, ret, d, &q);
}

static enum ent_err last(void *ctx, struct ent_last_head *ret, struct ent_diag *d,
                         const char *origin)
{
    struct ent_signer_request q = {.what = ENT_SIGN_LAST};
    struct ent_signer_answer a;
    int n = snprintf(q.origin, sizeof(q.origin), "%s", origin);
    if (n < 0 || (size_t)n >= sizeof(q.origin))
        return ent_fail(d, ENT_E_FORMAT, "not the name of a log", 0, 0);
    enum ent_err r = ask(ctx, &a, d, &q);
    if (r == ENT_OK)
        *ret = a.last;
    return r;
}

static enum ent_err follow(void *ctx, struct ent_diag *d, struct ent_slice chain)
{
    const struct ent_signer_request q = {.what = ENT_SIGN_FOLLOW, .chain = chain};
    struct ent_signer_answer a;
    return ask(ctx, &a, d, &q);
}

enum ent_err ent_signer_remote(struct ent_signer **ret, struct ent_diag *d,
                               const struct ent_caller *signer)
{
    const struct ent_signer_request q = {.what = ENT_SIGN_KEYS};
    struct ent_signer_answer a;
    struct remote *s = calloc(1, sizeof(*s));
    if (s == NULL)
        return ent_fail(d, ENT_E_NOMEM, "out of memory", 0, 0);
    s->far = *signer;
    ent_buf_init(&s->request, ENT_SIGNER_REQUEST_MAX);
    s->signer = (struct ent_signer){.ctx = s,
                                    .statement = statement,
                                    .head = head,
                                    .cosign = cosign,
                                    .mirror = mirror,
                                    .last = last,
                                    .follow = follow};
    enum ent_err r = ask(s, &a, d, &q);
    if (r != ENT_OK) {
        if (d != NULL) /* its text goes with it */
            d->text = "the signer does not say what keys it has";
        ent_signer_remote_free(&s->signer);
        return r;
    }
    s->signer.keys = a.keys;
    *ret = &s->signer;
    return ENT_OK;
}

void ent_signer_remote_free(struct ent_signer *signer)
{
    if (signer == NULL)
        return;
    struct remote *s = signer->ctx;
    ent_buf_release(&s->request);
    for (size_t i = 0; i < s->texts; i++)
        free(s->text[i]);
    free(s);
}
