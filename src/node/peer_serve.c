/* peer_serve.c: the peer API for a front in another process. */
#include "node/node.h"
#include "node/runs.h"

enum ent_err ent_peer_allowed(struct ent_peer *p, struct ent_allowed *ret)
{
    struct ent_book *book = p->opts.book;
    enum ent_err r = ENT_OK;
    ret->n = 0;
    ent_book_lock(book);
    const struct ent_home *h = ent_book_home(book);
    for (size_t i = 0; i < h->pact->members && r == ENT_OK; i++) {
        const struct ent_member *m = &h->pact->member[i];
        struct ent_spki spki;
        ent_spki_of_ed25519(&spki, m->tls.pk.b);
        if (strcmp(m->name, h->self.name) != 0 && !ent_book_is_withdrawn(book, m->name))
            r = ent_allowed_add(ret, &spki);
    }
    ent_book_unlock(book);
    return r;
}

enum ent_err ent_peer_serve(void *peer, struct ent_msg *ret, struct ent_msg *call)
{
    struct ent_peer_call q;
    struct ent_response res = {.status = 0};
    enum ent_err r = call->type == ENT_FRONT_PEER
                         ? ent_peer_call_parse(&q, ent_buf_slice(&call->bytes))
                         : ENT_E_FORMAT;
    if (r != ENT_OK)
        return r;
    const struct ent_request req = {q.method, q.path, q.body, q.peer};
    ent_buf_init(&res.body, ENT_PEER_ANSWER_MAX);
    ent_peer_handle(peer, &req, &res);
    const struct ent_peer_answer a = {res.status, res.type, ent_buf_slice(&res.body)};
    r = ent_peer_answer_encode(&ret->bytes, &a);
    ent_buf_release(&res.body);
    return r;
}
