/* view_push.c: entries that a log brings to a mirror, where nobody can fetch them: its node does
 * not run, or has no address. After C2SP tlog-mirror's add-entries, in pieces that each stand by a
 * consistency proof to the head that the mirror holds; the mirror says what it has. */
#include "ledger/ledger.h"
#include "ledger/view_parts.h"

#define TRIES     4
#define HEADER    4096u /* the numbers and the proof: more than they can be */
#define INFO_MAX  256u
#define INFO_TYPE "text/x.tlog.mirror-info"

/* --- the request -------------------------------------------------------------------------------
 */

static enum ent_err parse_number(struct ent_cur *c, struct ent_slice key, uint64_t *ret)
{
    struct ent_slice line;
    enum ent_err r;
    if ((r = ent_cur_expect(c, key)) != ENT_OK || (r = ent_cur_line(c, &line)) != ENT_OK)
        return r;
    return ent_parse_u64(ret, line, ENT_CHECKPOINT_SIZE_MAX);
}

enum ent_err ent_add_entries_parse(struct ent_add_entries *ret, struct ent_slice body)
{
    struct ent_add_entries a = {.from = 0};
    struct ent_cur c = ent_cur(body);
    struct ent_slice entry;
    enum ent_err r = body.n > ENT_ADD_ENTRIES_MAX ? ENT_E_LIMIT : ENT_OK;
    if (r != ENT_OK || (r = parse_number(&c, ENT_SLICE_LIT("from "), &a.from)) != ENT_OK ||
        (r = parse_number(&c, ENT_SLICE_LIT("to "), &a.to)) != ENT_OK ||
        (r = parse_number(&c, ENT_SLICE_LIT("end "), &a.end)) != ENT_OK ||
        (r = ent_hash_lines_parse(&c, &a.proof)) != ENT_OK)
        return r;
    if (a.from > a.to || a.to > a.end)
        return ENT_E_FORMAT;
    if (a.to - a.from > ENT_TREE_BATCH)
        return ENT_E_LIMIT;
    a.entries = ent_slice(c.p, c.n);
    for (uint64_t i = a.from; i < a.to && r == ENT_OK; i++)
        r = ent_bundle_next(&c, &entry);
    if (r == ENT_OK)
        r = ent_cur_end(&c);
    if (r == ENT_OK)
        *ret = a;
    return r;
}

enum ent_err ent_add_entries_encode(struct ent_buf *b, const struct ent_add_entries *a)
{
    enum ent_err r =
        ent_buf_printf(b, "from %llu\nto %llu\nend %llu\n", (unsigned long long)a->from,
                       (unsigned long long)a->to, (unsigned long long)a->end);
    if (r == ENT_OK)
        r = ent_hash_lines_put(b, &a->proof);
    return r == ENT_OK ? ent_buf_put_slice(b, a->entries) : r;
}

/* --- the mirror --------------------------------------------------------------------------------
 */

static enum ent_err parse_info(struct ent_mirror_info *ret, struct ent_slice body)
{
    struct ent_mirror_info i;
    struct ent_cur c = ent_cur(body);
    enum ent_err r;
    if ((r = parse_number(&c, ent_slice(NULL, 0), &i.head)) == ENT_OK &&
        (r = parse_number(&c, ent_slice(NULL, 0), &i.next)) == ENT_OK &&
        (r = ent_cur_expect(&c, ENT_SLICE_LIT("\n"))) == ENT_OK && (r = ent_cur_end(&c)) == ENT_OK)
        *ret = i;
    return r;
}

static unsigned say_what_there_is(struct ent_view_answer *ret, const struct ent_vlog *l,
                                  unsigned status)
{
    ret->type = INFO_TYPE;
    enum ent_err r = ent_buf_printf(&ret->body, "%llu\n%llu\n\n",
                                    (unsigned long long)(l->has_head ? l->head.size : 0),
                                    (unsigned long long)l->mirrored);
    return r == ENT_OK ? status : 500;
}

/* Who sends it does not matter: only what leads to a head that the log signed, and that we found
 * consistent before, is kept, as when it is pulled. */
void ent_view_add_entries(struct ent_view *v, struct ent_view_answer *ret, struct ent_slice origin,
                          struct ent_slice body)
{
    struct ent_vlog *l = ent_vlog_by_origin(v, origin);
    struct ent_add_entries a;
    ret->status = l == NULL ? 404 : ent_vlog_is_own(v, l) ? 403 : 200;
    if (ret->status == 200 && ent_add_entries_parse(&a, body) != ENT_OK)
        ret->status = 400;
    if (ret->status != 200)
        return;
    enum ent_err r = ent_vlog_load(v, l, NULL);
    if (r == ENT_OK && (r = ent_vlog_tree(v, l, NULL)) == ENT_OK)
        r = l->has_head ? ent_vlog_append(v, l, &a, &l->head, NULL) : ENT_E_STATE;
    if (r == ENT_OK || r == ENT_E_STATE)
        ret->status = say_what_there_is(ret, l, r == ENT_OK ? 200 : 409);
    else
        ret->status = r == ENT_E_AUTH ? 422 : r == ENT_E_FULL ? 507 : 500;
}

/* --- the log -----------------------------------------------------------------------------------
 */

struct push {
    struct ent_view *v;
    struct ent_diag *d;
    const struct ent_wire *wire;
    const char *member;
    size_t index; /* of the mirror */
    char path[ENT_VIEW_PATH];
    struct ent_buf body, entries, answer;
    uint64_t to;
    bool none; /* there is nothing that it lacks */
};

/* As many of the entries from a->from on as one request holds. */
static enum ent_err take_entries(struct push *p, struct ent_tree *t, struct ent_add_entries *a)
{
    struct ent_buf one;
    enum ent_err r = ENT_OK;
    ent_buf_init(&one, ENT_ENTRY_MAX);
    ent_buf_clear(&p->entries);
    for (a->to = a->from; a->to < a->end && a->to - a->from < ENT_TREE_BATCH; a->to++) {
        ent_buf_clear(&one);
        if ((r = ent_tree_entry(t, &one, p->d, a->to)) != ENT_OK ||
            p->entries.max - p->entries.n < one.n + 2 ||
            (r = ent_bundle_put(&p->entries, ent_buf_slice(&one))) != ENT_OK)
            break;
    }
    ent_buf_release(&one);
    a->entries = ent_buf_slice(&p->entries);
    return r;
}

/* The next request, from what is known of the mirror: who is not known yet is asked. */
static enum ent_err prepare(struct push *p)
{
    struct ent_view *v = p->v;
    struct ent_log *own = v->opts.own;
    const struct ent_vlog *l = own == NULL ? NULL : ent_vlog_of(v, v->opts.self, 0);
    struct ent_add_entries a = {.from = 0};
    enum ent_err r = ENT_OK;
    p->index = ent_view_index(v, p->member);
    if (l == NULL || p->index == ENT_ROSTER_MEMBERS || p->index == l->index)
        return ent_fail(p->d, ENT_E_NOTFOUND, "there is no such mirror of a log here", 0, 0);
    ent_view_log_path(p->path, l->origin, "entries");
    if ((p->none = ent_log_size(own) == 0))
        return ENT_OK;
    if (ent_members_has(&v->told, p->index)) {
        a.from = v->mirrored[p->index];
        a.end = v->witnessed[p->index];
        p->none = a.from >= a.end || a.end > ent_log_size(own);
        if (p->none)
            return ENT_OK;
        struct ent_tree *t = ent_log_tree(own);
        const struct ent_merkle_source source = ent_tree_source(t);
        if ((r = take_entries(p, t, &a)) == ENT_OK)
            r = ent_merkle_prove_consistency(&a.proof, a.to, a.end, &source);
    }
    p->to = a.to;
    ent_buf_clear(&p->body);
    return r == ENT_OK ? ent_add_entries_encode(&p->body, &a) : r;
}

/* What it has now; *ret_again: not what we thought. */
static enum ent_err hear(struct push *p, unsigned status, bool *ret_again)
{
    struct ent_mirror_info i;
    *ret_again = status == 409;
    if (status != 200 && status != 409)
        return ent_fail(p->d, ENT_E_PEER, "a mirror does not take entries of our log", 0, 0);
    if (parse_info(&i, ent_buf_slice(&p->answer)) != ENT_OK || (status == 200 && i.next < p->to))
        return ent_fail(p->d, ENT_E_PEER, "a mirror says of our log what makes no sense", 0, 0);
    ent_view_enter(p->v);
    /* Refused, and at the very place that we took it to be at. */
    bool same = status == 409 && ent_members_has(&p->v->told, p->index) &&
                p->v->mirrored[p->index] == i.next && p->v->witnessed[p->index] == i.head;
    if (ent_view_index(p->v, p->member) == p->index) {
        ent_members_add(&p->v->told, p->index);
        p->v->mirrored[p->index] = i.next;
        p->v->witnessed[p->index] = i.head;
    }
    ent_view_leave(p->v);
    return same ? ent_fail(p->d, ENT_E_PEER, "a mirror refuses entries at the place it names", 0, 0)
                : ENT_OK;
}

/* One that grows by itself meanwhile, again and again, needs nobody. */
static enum ent_err push_piece(struct push *p)
{
    bool again = true;
    unsigned status = 0;
    enum ent_err r = ENT_OK;
    for (int i = 0; i < TRIES && again && r == ENT_OK; i++) {
        ent_view_enter(p->v);
        r = prepare(p);
        ent_view_leave(p->v);
        if (r != ENT_OK || p->none)
            return r;
        ent_buf_clear(&p->answer);
        r = p->wire->call(p->wire->ctx, &status, &p->answer, p->member, "POST", p->path,
                          ent_buf_slice(&p->body));
        if (r == ENT_OK)
            r = hear(p, status, &again);
    }
    p->none = p->none || again;
    return r;
}

enum ent_err ent_view_push(struct ent_view *v, struct ent_diag *d, const struct ent_wire *wire,
                           const char *member, bool *ret_more)
{
    struct push p = {.v = v, .d = d, .wire = wire, .member = member};
    ent_buf_init(&p.body, ENT_ADD_ENTRIES_MAX);
    ent_buf_init(&p.entries, ENT_ADD_ENTRIES_MAX - HEADER);
    ent_buf_init(&p.answer, INFO_MAX);
    enum ent_err r = push_piece(&p);
    ent_view_enter(v);
    *ret_more = r == ENT_OK && !p.none && v->mirrored[p.index] < v->witnessed[p.index];
    ent_view_leave(v);
    ent_buf_release(&p.body);
    ent_buf_release(&p.entries);
    ent_buf_release(&p.answer);
    return r;
}

enum ent_err ent_mirror_ask(struct ent_mirror_info *ret, const struct ent_wire *wire,
                            const char *member, const char *origin)
{
    const struct ent_add_entries nothing = {.from = 0};
    char path[ENT_VIEW_PATH];
    struct ent_buf body, answer;
    unsigned status = 0;
    ent_buf_init(&body, HEADER);
    ent_buf_init(&answer, INFO_MAX);
    ent_view_log_path(path, origin, "entries");
    enum ent_err r = ent_add_entries_encode(&body, &nothing);
    if (r == ENT_OK)
        r = wire->call(wire->ctx, &status, &answer, member, "POST", path, ent_buf_slice(&body));
    if (r == ENT_OK &&
        ((status != 200 && status != 409) || parse_info(ret, ent_buf_slice(&answer)) != ENT_OK))
        r = ENT_E_PEER;
    ent_buf_release(&body);
    ent_buf_release(&answer);
    return r;
}
