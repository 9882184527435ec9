/* view_gossip.c: the message of heads, and what is done with one. */
#include "ledger/ledger.h"
#include "ledger/view_parts.h"

#define FIRST_LINE "entente/heads@v1"

/* --- the message -------------------------------------------------------------------------------
 */

static enum ent_err parse_head(struct ent_heads *h, struct ent_cur *c, struct ent_slice length)
{
    struct ent_slice note, origin;
    struct ent_cur in;
    uint64_t n;
    enum ent_err r;
    if ((r = ent_parse_u64(&n, length, ENT_NOTE_MAX)) != ENT_OK ||
        (r = ent_cur_take(c, &note, (size_t)n)) != ENT_OK)
        return r;
    in = ent_cur(note);
    if (ent_cur_line(&in, &origin) != ENT_OK || !ent_origin_is_valid(origin) ||
        (h->heads > 0 && ent_slice_cmp(h->origin[h->heads - 1], origin) >= 0))
        return ENT_E_FORMAT;
    if (h->heads == ENT_HEADS_HEADS)
        return ENT_E_LIMIT;
    h->head[h->heads] = note;
    h->origin[h->heads++] = origin;
    return ENT_OK;
}

static bool read_kind(enum ent_misbehaviour_kind *ret, struct ent_slice word)
{
    for (int k = 0; k < ENT_MB_KINDS; k++) {
        *ret = (enum ent_misbehaviour_kind)k;
        if (ent_slice_eq(word, ent_slice_str(ent_misbehaviour_word(*ret))))
            return true;
    }
    return false;
}

/* "<64 hex> <member> <kind>" */
static enum ent_err parse_proof(struct ent_heads *h, struct ent_slice line)
{
    char hex[ENT_HEX_LEN(32)];
    struct ent_slice name;
    if (h->proofs == ENT_HEADS_PROOFS)
        return ENT_E_LIMIT;
    if (line.n < 66 || line.p[64] != ' ' ||
        ent_hex_decode(h->proof[h->proofs].hash.b, 32, ent_slice(line.p, 64)) != ENT_OK)
        return ENT_E_FORMAT;
    ent_hex_encode(hex, h->proof[h->proofs].hash.b, 32);
    name = ent_slice(line.p + 65, line.n - 65);
    const uint8_t *blank = memchr(name.p, ' ', name.n);
    if (memcmp(hex, line.p, 64) != 0 || blank == NULL)
        return ENT_E_FORMAT;
    struct ent_slice kind = {blank + 1, (size_t)(name.p + name.n - blank) - 1};
    name.n = (size_t)(blank - name.p);
    if (!ent_name_is_valid(name) || !read_kind(&h->proof[h->proofs].kind, kind) ||
        (h->proofs > 0 &&
         memcmp(h->proof[h->proofs - 1].hash.b, h->proof[h->proofs].hash.b, 32) >= 0))
        return ENT_E_FORMAT;
    (void)snprintf(h->proof[h->proofs].member, sizeof(h->proof[0].member), "%.*s", (int)name.n,
                   (const char *)name.p);
    h->proofs++;
    return ENT_OK;
}

enum ent_err ent_heads_parse(struct ent_heads *ret, struct ent_slice bytes)
{
    const struct ent_slice head = ENT_SLICE_LIT("head "), proof = ENT_SLICE_LIT("proof ");
    struct ent_cur c = ent_cur(bytes);
    struct ent_slice line;
    enum ent_err r = bytes.n > ENT_HEADS_MAX ? ENT_E_LIMIT : ENT_OK;
    ret->heads = 0;
    ret->proofs = 0;
    if (r == ENT_OK)
        r = ent_cur_expect(&c, ENT_SLICE_LIT(FIRST_LINE "\n"));
    while (r == ENT_OK && c.n > 0) {
        if ((r = ent_cur_line(&c, &line)) != ENT_OK)
            break;
        if (ent_slice_starts(line, head) && ret->proofs == 0)
            r = parse_head(ret, &c, ent_slice(line.p + head.n, line.n - head.n));
        else if (ent_slice_starts(line, proof))
            r = parse_proof(ret, ent_slice(line.p + proof.n, line.n - proof.n));
        else
            r = ENT_E_FORMAT;
    }
    return r;
}

enum ent_err ent_heads_encode(struct ent_buf *b, const struct ent_heads *h)
{
    char hex[ENT_HEX_LEN(32)];
    enum ent_err r = ent_buf_puts(b, FIRST_LINE "\n");
    for (size_t i = 0; i < h->heads && r == ENT_OK; i++) {
        r = ent_buf_printf(b, "head %zu\n", h->head[i].n);
        if (r == ENT_OK)
            r = ent_buf_put_slice(b, h->head[i]);
    }
    for (size_t i = 0; i < h->proofs && r == ENT_OK; i++) {
        ent_hex_encode(hex, h->proof[i].hash.b, 32);
        r = ent_buf_printf(b, "proof %s %s %s\n", hex, h->proof[i].member,
                           ent_misbehaviour_word(h->proof[i].kind));
    }
    return r;
}

/* --- ours --------------------------------------------------------------------------------------
 */

/* One head, appended; of logs that are closed only what their members signed, so that a message of
 * all members fits. */
static enum ent_err tell_head(struct ent_view *v, struct ent_vlog *l, struct ent_buf *b)
{
    enum ent_err r;
    if (ent_vlog_is_own(v, l))
        return ent_view_own_head(v, b);
    if ((r = ent_vlog_load(v, l, NULL)) != ENT_OK || !l->has_head)
        return r;
    if (l->key == &l->member->log[l->member->logs - 1])
        return ent_vhead_write(b, v, l, &l->head);
    struct ent_vhead bare = l->head;
    bare.by = (struct ent_members){{0}};
    return ent_vhead_write(b, v, l, &bare);
}

static int by_hash(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct ent_hash32)); /* the first of what is sorted */
}

static void tell_proofs(const struct ent_view *v, struct ent_heads *h)
{
    for (size_t i = 0; i < v->proofs; i++) {
        if (!v->proof[i]->holds)
            continue;
        h->proof[h->proofs].hash = v->proof[i]->hash;
        memcpy(h->proof[h->proofs].member, v->proof[i]->member, sizeof(v->proof[i]->member));
        h->proof[h->proofs++].kind = v->proof[i]->m.kind;
    }
    qsort(h->proof, h->proofs, sizeof(h->proof[0]), by_hash);
}

/* A log whose files cannot be read is left out: the others are still worth telling. */
enum ent_err ent_view_tell(struct ent_view *v, struct ent_buf *b)
{
    struct ent_heads *h = calloc(1, sizeof(*h));
    struct ent_buf notes;
    size_t at = 0;
    enum ent_err r = ENT_E_NOMEM;
    ent_buf_init(&notes, ENT_HEADS_MAX - ENT_PROOFS_MAX * 160);
    if (h == NULL)
        goto out;
    for (size_t i = 0; i < v->logs; i++) {
        struct ent_vlog *l = &v->log[i];
        size_t before = notes.n;
        if (tell_head(v, l, &notes) != ENT_OK)
            notes.n = before;
        if (notes.n == before)
            continue;
        h->head[h->heads++].n = notes.n - before;
    }
    for (size_t i = 0; i < h->heads; i++) {
        h->head[i].p = notes.p + at;
        at += h->head[i].n;
    }
    tell_proofs(v, h);
    r = ent_heads_encode(b, h);
out:
    ent_buf_release(&notes);
    free(h);
    return r;
}

/* --- theirs ------------------------------------------------------------------------------------
 */

/* Who shows the largest head that it signed, or has signed none, is there. What it says has come
 * over a connection that is its own. */
static void hear_itself(struct ent_view *v, const struct ent_heads *h, const char *from,
                        int64_t now)
{
    struct ent_vlog *l = from == NULL ? NULL : ent_vlog_of(v, from, 0);
    struct ent_vhead own = {.size = 0};
    if (l == NULL || ent_vlog_is_own(v, l) || ent_vlog_load(v, l, NULL) != ENT_OK)
        return;
    for (size_t i = 0; i < h->heads; i++)
        if (ent_slice_eq(h->origin[i], ent_slice_str(l->origin)) &&
            ent_vhead_peek(&own, v, l, h->head[i]) != ENT_OK)
            return;
    if (own.size == ent_vlog_largest(l))
        ent_vlog_heard(v, l, now);
}

void ent_view_take_in(struct ent_view *v, const struct ent_heads *h, const char *from, int64_t now)
{
    struct ent_hash32 hash;
    struct ent_vhead head;
    for (size_t i = 0; i < h->heads; i++) {
        struct ent_vlog *l = ent_vlog_by_origin(v, h->origin[i]);
        if (l == NULL || ent_vlog_load(v, l, NULL) != ENT_OK)
            continue;
        if (ent_vlog_is_own(v, l)) {
            ent_view_heard_own(v, h->head[i], ENT_ROSTER_MEMBERS);
            continue;
        }
        ent_sha256_of(&hash, h->head[i]);
        if (l->has_head && memcmp(hash.b, l->head_file.b, sizeof(hash.b)) == 0)
            continue;
        if (ent_vhead_read(&head, v, l, h->head[i], l->has_head ? &l->head : NULL, NULL) != ENT_OK)
            continue;
        enum ent_err r = ent_vlog_hear(v, l, &head, now);
        (void)r; /* what it showed is on the disk; what was not written will come again */
    }
    hear_itself(v, h, from, now);
}

/* --- our own log in the eyes of others ---------------------------------------------------------
 */

size_t ent_view_index(const struct ent_view *v, const char *member)
{
    for (size_t i = 0; i < v->roster->members; i++)
        if (strcmp(v->roster->member[i].name, member) == 0)
            return i;
    return ENT_ROSTER_MEMBERS;
}

/* So many of the panel must have said what they know of our log that, whatever we had accepted of
 * it before, an honest one who cosigned that is among them. */
static bool enough_asked(const struct ent_view *v)
{
    size_t panel = 0, others = 0, asked = 0, all = 0;
    for (size_t i = 0; i < v->roster->members; i++) {
        all += ent_members_has(&v->asked, i);
        if (!v->roster->member[i].panel)
            continue;
        panel++;
        if (strcmp(v->roster->member[i].name, v->opts.self) == 0)
            continue;
        others++;
        asked += ent_members_has(&v->asked, i);
    }
    if (others == 0)
        return all > 0;
    size_t want = others + (panel - 1) / 3 + 1;
    want = want > v->roster->k ? want - v->roster->k : 1;
    want = want > others ? others : want;
    return asked >= (want == 0 ? 1 : want);
}

/* Whether our log never was this one. */
static bool is_news(struct ent_view *v, const struct ent_vhead *h)
{
    struct ent_hash32 root;
    if (h->size > ent_log_size(v->opts.own))
        return true;
    return ent_tree_root(ent_log_tree(v->opts.own), &root, h->size) == ENT_OK &&
           memcmp(root.b, h->root.b, sizeof(root.b)) != 0;
}

void ent_view_heard_own(struct ent_view *v, struct ent_slice note, size_t from)
{
    struct ent_log *own = v->opts.own;
    struct ent_vlog *l = ent_vlog_of(v, v->opts.self, 0);
    struct ent_vhead h;
    struct ent_note parsed;
    bool news = false;
    if (own == NULL || l == NULL)
        return;
    if (note.n > 0) {
        /* Whatever else is wrong with it: what our key signed is ours. */
        if (ent_note_parse(&parsed, note, NULL) != ENT_OK ||
            ent_note_check(&parsed, l->origin, &l->key->pk) != ENT_OK ||
            ent_vhead_peek(&h, v, l, note) != ENT_OK)
            return;
        news = is_news(v, &h);
    }
    if (from < ENT_ROSTER_MEMBERS)
        ent_members_add(&v->asked, from);
    bool unasked = ent_log_state(own) == ENT_LOG_UNASKED;
    if (!news && (from == ENT_ROSTER_MEMBERS || (unasked ? !enough_asked(v) : note.n == 0)))
        return;
    enum ent_err r = ent_log_heard(own, NULL, note);
    (void)r; /* the log's state says it */
}

/* --- greet -------------------------------------------------------------------------------------
 */

struct trade {
    struct ent_heads *theirs;
    struct ent_hash32 want[ENT_PROOFS_GREET];
    struct ent_buf give; /* "<length>\n<bytes>" of each */
    size_t wants;
};

static bool they_have(const struct ent_heads *h, const struct ent_vproof *p)
{
    for (size_t i = 0; i < h->proofs; i++)
        if (h->proof[i].kind == p->m.kind && strcmp(h->proof[i].member, p->member) == 0)
            return true;
    return false;
}

static enum ent_err plan(struct ent_view *v, struct trade *t)
{
    size_t gives = 0;
    enum ent_err r = ENT_OK;
    for (size_t i = 0; i < t->theirs->proofs && t->wants < ENT_PROOFS_GREET; i++)
        if (ent_roster_member(v->roster, t->theirs->proof[i].member) != NULL &&
            ent_view_proof_of(v, t->theirs->proof[i].member, t->theirs->proof[i].kind) == NULL)
            t->want[t->wants++] = t->theirs->proof[i].hash;
    for (size_t i = 0; i < v->proofs && gives < ENT_PROOFS_GREET && r == ENT_OK; i++) {
        const struct ent_vproof *p = v->proof[i];
        if (!p->holds || they_have(t->theirs, p))
            continue;
        gives++;
        if ((r = ent_buf_printf(&t->give, "%zu\n", p->bytes.n)) == ENT_OK)
            r = ent_buf_put_slice(&t->give, ent_buf_slice(&p->bytes));
    }
    return r;
}

/* What is not given, or not taken, will be again at the next greeting. */
static enum ent_err trade_proofs(struct ent_view *v, const struct ent_wire *wire,
                                 const char *member, struct trade *t)
{
    char path[sizeof(ENT_VIEW_PREFIX "proof/") + 64] = ENT_VIEW_PREFIX "proof/";
    struct ent_slice line, bytes;
    struct ent_buf b;
    unsigned status;
    uint64_t n;
    enum ent_err r = ENT_OK;
    ent_buf_init(&b, ENT_PROOF_MAX);
    for (size_t i = 0; i < t->wants && r == ENT_OK; i++) {
        ent_hex_encode(path + strlen(ENT_VIEW_PREFIX "proof/"), t->want[i].b, 32);
        ent_buf_clear(&b);
        r = wire->call(wire->ctx, &status, &b, member, "GET", path, ent_slice(NULL, 0));
        if (r == ENT_OK && status == 200) {
            enum ent_err ignored = ent_view_accuse(v, NULL, ent_buf_slice(&b));
            (void)ignored;
        }
    }
    struct ent_cur c = ent_cur(ent_buf_slice(&t->give));
    while (r == ENT_OK && ent_cur_line(&c, &line) == ENT_OK &&
           ent_parse_u64(&n, line, ENT_PROOF_MAX) == ENT_OK &&
           ent_cur_take(&c, &bytes, (size_t)n) == ENT_OK) {
        ent_buf_clear(&b);
        r = wire->call(wire->ctx, &status, &b, member, "POST", ENT_VIEW_PREFIX "proof", bytes);
    }
    ent_buf_release(&b);
    return r;
}

/* What they hold of our log: nothing, if it is not in what they say. */
static void learn_own(struct ent_view *v, const struct ent_heads *h, size_t from)
{
    const struct ent_vlog *l = ent_vlog_of(v, v->opts.self, 0);
    for (size_t i = 0; i < h->heads && l != NULL; i++)
        if (ent_slice_eq(h->origin[i], ent_slice_str(l->origin))) {
            ent_view_heard_own(v, h->head[i], from);
            return;
        }
    ent_view_heard_own(v, ent_slice(NULL, 0), from);
}

enum ent_err ent_view_greet(struct ent_view *v, struct ent_diag *d, const struct ent_wire *wire,
                            const char *member, int64_t now)
{
    struct ent_buf ours, answer;
    struct trade t = {.theirs = calloc(1, sizeof(*t.theirs))};
    unsigned status;
    enum ent_err r = ENT_E_NOMEM;
    ent_buf_init(&ours, ENT_HEADS_MAX);
    ent_buf_init(&answer, ENT_HEADS_MAX);
    ent_buf_init(&t.give, (size_t)ENT_PROOFS_GREET * (ENT_PROOF_MAX + 16));
    if (t.theirs == NULL)
        goto out;
    ent_view_enter(v);
    r = ent_view_tell(v, &ours);
    ent_view_leave(v);
    if (r != ENT_OK || (r = wire->call(wire->ctx, &status, &answer, member, "POST",
                                       ENT_VIEW_PREFIX "heads", ent_buf_slice(&ours))) != ENT_OK)
        goto out;
    if (status != 200 || ent_heads_parse(t.theirs, ent_buf_slice(&answer)) != ENT_OK) {
        r = ent_fail(d, ENT_E_PEER, "the answer to a greeting is no list of heads", 0, 0);
        goto out;
    }
    ent_view_enter(v);
    ent_view_take_in(v, t.theirs, member, now);
    learn_own(v, t.theirs, ent_view_index(v, member));
    r = plan(v, &t);
    ent_view_leave(v);
    if (r == ENT_OK)
        r = trade_proofs(v, wire, member, &t);
out:
    ent_buf_release(&ours);
    ent_buf_release(&answer);
    ent_buf_release(&t.give);
    free(t.theirs);
    return r;
}
