/* view_serve.c: what others ask of a node: paths, and the bytes behind them. */
#include "ledger/ledger.h"
#include "ledger/view_parts.h"

#define TEXT  "text/plain; charset=utf-8"
#define BYTES "application/octet-stream"

enum route {
    R_NONE,
    R_ADD,
    R_WITNESS,
    R_CHECKPOINT,
    R_TILE,
    R_ENTRIES,
    R_HEADS,
    R_PROOF_GET,
    R_PROOF_POST
};

struct request {
    enum route route;
    struct ent_slice origin; /* of a log; or its hash in hex, or that of a proof */
    struct ent_tile tile;
};

static bool is_hex64(struct ent_slice s)
{
    if (s.n != 64)
        return false;
    for (size_t i = 0; i < s.n; i++)
        if ((s.p[i] < '0' || s.p[i] > '9') && (s.p[i] < 'a' || s.p[i] > 'f'))
            return false;
    return true;
}

/* "<pact>/<member>/<generation>/<what>": origins have two slashes in them. */
static void route_log(struct request *ret, struct ent_slice rest, bool post)
{
    size_t slashes = 0, at = 0;
    for (; at < rest.n; at++)
        if (rest.p[at] == '/' && ++slashes == 3)
            break;
    if (at == rest.n)
        return;
    ret->origin = ent_slice(rest.p, at);
    struct ent_slice what = {rest.p + at + 1, rest.n - at - 1};
    if (post)
        ret->route = ent_slice_eq(what, ENT_SLICE_LIT("entries")) ? R_ENTRIES : R_NONE;
    else if (ent_slice_eq(what, ENT_SLICE_LIT("checkpoint")))
        ret->route = R_CHECKPOINT;
    else if (ent_tile_parse(&ret->tile, what) == ENT_OK)
        ret->route = R_TILE;
}

static void route_get(struct request *ret, struct ent_slice rest)
{
    const struct ent_slice log = ENT_SLICE_LIT("log/"), witness = ENT_SLICE_LIT("witness/"),
                           proof = ENT_SLICE_LIT("proof/"), end = ENT_SLICE_LIT("/checkpoint");
    if (ent_slice_starts(rest, log)) {
        route_log(ret, ent_slice(rest.p + log.n, rest.n - log.n), false);
    } else if (ent_slice_starts(rest, witness) && rest.n == witness.n + 64 + end.n &&
               ent_slice_eq(ent_slice(rest.p + witness.n + 64, end.n), end)) {
        ret->origin = ent_slice(rest.p + witness.n, 64);
        ret->route = is_hex64(ret->origin) ? R_WITNESS : R_NONE;
    } else if (ent_slice_starts(rest, proof)) {
        ret->origin = ent_slice(rest.p + proof.n, rest.n - proof.n);
        ret->route = is_hex64(ret->origin) ? R_PROOF_GET : R_NONE;
    }
}

static void route_post(struct request *ret, struct ent_slice rest)
{
    const struct ent_slice log = ENT_SLICE_LIT("log/");
    if (ent_slice_starts(rest, log))
        route_log(ret, ent_slice(rest.p + log.n, rest.n - log.n), true);
    else if (ent_slice_eq(rest, ENT_SLICE_LIT("witness/add-checkpoint")))
        ret->route = R_ADD;
    else if (ent_slice_eq(rest, ENT_SLICE_LIT("heads")))
        ret->route = R_HEADS;
    else if (ent_slice_eq(rest, ENT_SLICE_LIT("proof")))
        ret->route = R_PROOF_POST;
}

static struct request route(const char *method, const char *path)
{
    struct request ret = {.route = R_NONE};
    const struct ent_slice prefix = ENT_SLICE_LIT(ENT_VIEW_PREFIX);
    struct ent_slice p = ent_slice_str(path);
    if (!ent_slice_starts(p, prefix))
        return ret;
    p = ent_slice(p.p + prefix.n, p.n - prefix.n);
    if (strcmp(method, "GET") == 0)
        route_get(&ret, p);
    else if (strcmp(method, "POST") == 0)
        route_post(&ret, p);
    return ret;
}

size_t ent_view_max_body(const char *method, const char *path)
{
    switch (route(method, path).route) {
    case R_NONE:
        return 0;
    case R_ADD:
        return ENT_WITNESS_MAX;
    case R_ENTRIES:
        return ENT_ADD_ENTRIES_MAX;
    case R_HEADS:
        return ENT_HEADS_MAX;
    case R_PROOF_POST:
        return ENT_PROOF_MAX;
    default:
        return 1;
    }
}

/* --- answers -----------------------------------------------------------------------------------
 */

static unsigned status_of(enum ent_err r)
{
    switch (r) {
    case ENT_OK:
        return 200;
    case ENT_E_NOTFOUND:
        return 404;
    default:
        return 500;
    }
}

/* Only what we cosigned is shown as a witness's. */
static unsigned get_witness(struct ent_view *v, struct ent_buf *b, struct ent_slice hash)
{
    char hex[ENT_HEX_LEN(32)];
    size_t self = ent_view_index(v, v->opts.self);
    for (size_t i = 0; i < v->logs; i++) {
        struct ent_vlog *l = &v->log[i];
        ent_view_origin_hash(hex, l->origin);
        if (!ent_slice_eq(hash, ent_slice_str(hex)))
            continue;
        enum ent_err r = ent_vlog_load(v, l, NULL);
        if (r == ENT_OK && (!l->has_head || ent_vhead_time(&l->head, self) == 0))
            return 404;
        return status_of(r == ENT_OK ? ent_vhead_write(b, v, l, &l->head) : r);
    }
    return 404;
}

/* Whoever has all entries below a head says so with the key for that, as C2SP's mirrors do. */
static enum ent_err put_mirror_sig(struct ent_view *v, struct ent_vlog *l, struct ent_buf *b)
{
    const struct ent_signer *by = v->opts.signer;
    char name[ENT_NAME_MAX + 16];
    struct ent_note note;
    struct ent_signature sig;
    size_t self = ent_view_index(v, v->opts.self);
    int64_t time = ent_vhead_time(&l->head, self);
    if (by == NULL || !by->keys.has_mirror || l->mirrored != l->head.size || time == 0 ||
        ent_note_parse(&note, ent_buf_slice(b), NULL) != ENT_OK || note.sigs == ENT_NOTE_SIGS)
        return ENT_OK;
    struct ent_cosigned c = {.size = l->head.size, .root = l->head.root, .time = time};
    (void)snprintf(c.origin, sizeof(c.origin), "%s", l->origin);
    memcpy(c.sig, l->head.cosig[self] + 8, sizeof(c.sig));
    enum ent_err r = by->mirror(by->ctx, &sig, NULL, &c);
    if (r != ENT_OK) /* a signature that is only more */
        return ENT_OK;
    ent_key_name(name, v->opts.self, "mirror");
    return ent_cosign_add(b, note.text.n, name, &sig.pk, time, sig.sig);
}

/* The newest that our log signed: who was shown an entry above the last head that others have
 * cosigned asks for this one. */
static enum ent_err put_newest(struct ent_view *v, struct ent_buf *b)
{
    struct ent_checkpoint cp;
    struct ent_note note;
    enum ent_err r = ent_view_own_head(v, b);
    if (r != ENT_OK || b->n == 0)
        return r;
    if ((r = ent_note_parse(&note, ent_buf_slice(b), NULL)) != ENT_OK ||
        (r = ent_checkpoint_parse(&cp, note.text, NULL)) != ENT_OK ||
        cp.size >= ent_log_size(v->opts.own))
        return r;
    ent_buf_clear(b);
    return ent_buf_put_slice(b, ent_log_head(v->opts.own));
}

static unsigned get_checkpoint(struct ent_view *v, struct ent_buf *b, struct ent_slice origin)
{
    struct ent_vlog *l = ent_vlog_by_origin(v, origin);
    enum ent_err r;
    if (l == NULL)
        return 404;
    if (ent_vlog_is_own(v, l)) {
        r = put_newest(v, b);
        return r == ENT_OK && b->n == 0 ? 404 : status_of(r);
    }
    if ((r = ent_vlog_load(v, l, NULL)) != ENT_OK)
        return status_of(r);
    if (!l->has_head)
        return 404;
    if ((r = ent_vhead_write(b, v, l, &l->head)) == ENT_OK)
        r = put_mirror_sig(v, l, b);
    return status_of(r);
}

static unsigned get_tile(struct ent_view *v, struct ent_buf *b, const struct request *q)
{
    struct ent_vlog *l = ent_vlog_by_origin(v, q->origin);
    struct ent_tree *t = NULL;
    if (l == NULL)
        return 404;
    if (ent_vlog_is_own(v, l))
        t = ent_log_tree(v->opts.own);
    else if (ent_vlog_load(v, l, NULL) == ENT_OK && l->mirrored > 0 &&
             ent_vlog_tree(v, l, NULL) == ENT_OK)
        t = l->tree;
    return t == NULL ? 404 : status_of(ent_tree_get(t, b, q->tile));
}

static unsigned get_proof(struct ent_view *v, struct ent_buf *b, struct ent_slice hex)
{
    struct ent_hash32 hash;
    const struct ent_vproof *p;
    if (ent_hex_decode(hash.b, sizeof(hash.b), hex) != ENT_OK ||
        (p = ent_view_proof(v, &hash)) == NULL || !p->holds)
        return 404;
    return status_of(ent_buf_put_slice(b, ent_buf_slice(&p->bytes)));
}

static unsigned post_heads(struct ent_view *v, struct ent_buf *b, const char *from,
                           struct ent_slice body, int64_t now)
{
    struct ent_heads *h = calloc(1, sizeof(*h));
    unsigned status = 500;
    if (h == NULL)
        return status;
    if (ent_heads_parse(h, body) != ENT_OK) {
        status = 400;
    } else {
        ent_view_take_in(v, h, from, now);
        status = status_of(ent_view_tell(v, b));
    }
    free(h);
    return status;
}

static unsigned post_proof(struct ent_view *v, struct ent_slice body)
{
    switch (ent_view_add_proof(v, body, NULL)) {
    case ENT_OK:
    case ENT_E_EXISTS:
        return 200;
    case ENT_E_FORMAT:
    case ENT_E_LIMIT:
        return 400;
    case ENT_E_AUTH:
    case ENT_E_NOTFOUND:
    case ENT_E_UNSUPPORTED:
        return 422;
    default:
        return 500;
    }
}

void ent_view_handle(struct ent_view *v, struct ent_view_answer *ret, const char *from,
                     const char *method, const char *path, struct ent_slice body, int64_t now)
{
    const struct request q = route(method, path);
    ret->type = q.route == R_TILE ? BYTES : TEXT;
    ent_buf_clear(&ret->body);
    if (q.route == R_NONE || body.n > ent_view_max_body(method, path)) {
        ret->status = q.route == R_NONE ? 404 : 413;
        return;
    }
    ent_view_enter(v);
    if (q.route == R_ADD)
        ent_view_add_checkpoint(v, ret, from, body, now);
    else if (q.route == R_WITNESS)
        ret->status = get_witness(v, &ret->body, q.origin);
    else if (q.route == R_CHECKPOINT)
        ret->status = get_checkpoint(v, &ret->body, q.origin);
    else if (q.route == R_TILE)
        ret->status = get_tile(v, &ret->body, &q);
    else if (q.route == R_ENTRIES)
        ent_view_add_entries(v, ret, q.origin, body);
    else if (q.route == R_HEADS)
        ret->status = post_heads(v, &ret->body, from, body, now);
    else if (q.route == R_PROOF_GET)
        ret->status = get_proof(v, &ret->body, q.origin);
    else
        ret->status = post_proof(v, body);
    ent_view_leave(v);
    if (ret->status >= 400 && q.route != R_ADD && q.route != R_ENTRIES)
        ent_buf_clear(&ret->body);
}
