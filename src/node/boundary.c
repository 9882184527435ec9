/*
 * boundary.c: how far the own log may go while a change of its keys is voted on. A vote for a text
 * that ends the author key at a place, or closes the log, binds this member to stop there: what it
 * said behind that would be signed by a key that is not valid there, or be cut off.
 */
#include "node/node.h"

#define FILE_NAME "lock/boundary"

static enum ent_err parse(struct ent_boundary *ret, struct ent_slice text)
{
    struct ent_boundary bd = {.until = ENT_INDEX_NONE, .close = ENT_INDEX_NONE};
    struct ent_lines l;
    ent_lines_start(&l, text);
    ent_lines_exact(&l, "entente/boundary@v1");
    ent_lines_key(&l, "version");
    bd.version = ent_lines_u64(&l, UINT32_MAX);
    if (ent_lines_next_is(&l, "until")) {
        ent_lines_key(&l, "until");
        bd.until = ent_lines_u64(&l, INT64_MAX);
    }
    if (ent_lines_next_is(&l, "close")) {
        ent_lines_key(&l, "close");
        bd.close = ent_lines_u64(&l, INT64_MAX);
    }
    enum ent_err r = ent_lines_end(&l);
    if (r == ENT_OK)
        *ret = bd;
    return r;
}

/* One that is about a version that was decided binds nobody any more. */
enum ent_err ent_book_boundary(struct ent_book *b, struct ent_boundary *ret, struct ent_diag *d)
{
    const uint64_t version = ent_book_home(b)->pact->version + 1;
    struct ent_boundary bd = {.version = version, .until = ENT_INDEX_NONE, .close = ENT_INDEX_NONE};
    struct ent_buf text;
    ent_buf_init(&text, 1024);
    enum ent_err r = ent_disk_load(ent_book_disk(b), &text, FILE_NAME);
    struct ent_slice lines = ent_buf_slice(&text);
    if (r == ENT_OK && (r = ent_check_take(&lines)) == ENT_OK)
        r = parse(&bd, lines);
    ent_buf_release(&text);
    if (r != ENT_OK && r != ENT_E_NOTFOUND)
        return ent_fail(d, r, "cannot read lock/boundary, how far the own log may go", 0, 0);
    *ret = bd.version == version ? bd
                                 : (struct ent_boundary){.version = version,
                                                         .until = ENT_INDEX_NONE,
                                                         .close = ENT_INDEX_NONE};
    return ENT_OK;
}

enum ent_err ent_book_stop_at(struct ent_book *b, struct ent_diag *d, uint64_t until,
                              uint64_t close)
{
    const struct ent_disk *disk = ent_book_disk(b);
    struct ent_boundary bd;
    struct ent_buf text;
    enum ent_err r = ent_book_boundary(b, &bd, d);
    if (r != ENT_OK || (until >= bd.until && close >= bd.close))
        return r;
    bd.until = until < bd.until ? until : bd.until;
    bd.close = close < bd.close ? close : bd.close;
    ent_buf_init(&text, 1024);
    r = ent_buf_printf(&text, "entente/boundary@v1\nversion %llu\n",
                       (unsigned long long)bd.version);
    if (r == ENT_OK && bd.until != ENT_INDEX_NONE)
        r = ent_buf_printf(&text, "until %llu\n", (unsigned long long)bd.until);
    if (r == ENT_OK && bd.close != ENT_INDEX_NONE)
        r = ent_buf_printf(&text, "close %llu\n", (unsigned long long)bd.close);
    if (r == ENT_OK && (r = ent_check_add(&text)) == ENT_OK)
        r = disk->replace(disk->ctx, FILE_NAME, ent_buf_slice(&text));
    ent_buf_release(&text);
    return r == ENT_OK ? r : ent_fail(d, r, "cannot keep how far the own log may go", 0, 0);
}

/* --- what a text would do to our log ------------------------------------------------------------
 */

static const struct ent_pubkey *author_at(const struct ent_member *m, uint64_t place)
{
    for (size_t i = 0; i < m->authors; i++)
        if (place >= m->author[i].from && place < m->author[i].until)
            return &m->author[i].key.pk;
    return NULL;
}

static bool same_key(const struct ent_pubkey *a, const struct ent_pubkey *b)
{
    return a != NULL && b != NULL && memcmp(a->b, b->b, sizeof(a->b)) == 0;
}

/* Our own words behind that head, the vote for this text among them, must not be by a key that says
 * other words with their numbers in the next log. */
static enum ent_err check_closing(struct ent_book *b, struct ent_diag *d, uint64_t base,
                                  const struct ent_member *m, const struct ent_member_log *g)
{
    const struct ent_roster *roster = &ent_book_home(b)->roster;
    const struct ent_roster_member *self = ent_roster_member(roster, m->name);
    struct ent_log *log = ent_book_log(b);
    struct ent_hash32 root;
    if (g->size > ent_log_size(log) || ent_tree_root(ent_log_tree(log), &root, g->size) != ENT_OK ||
        memcmp(root.b, g->root.b, sizeof(root.b)) != 0)
        return ent_fail(d, ENT_E_POLICY, "this text closes our log at a head that is none of ours",
                        0, 0);
    if (same_key(ent_roster_author(self, g->generation, ent_log_size(log)),
                 author_at(m, base + g->size)))
        return ent_fail(d, ENT_E_POLICY,
                        "this text closes our log below our vote for it and keeps our author key: "
                        "its numbers would be said twice",
                        0, 0);
    return ENT_OK;
}

enum ent_err ent_book_bind(struct ent_book *b, struct ent_diag *d, const struct ent_pact *next)
{
    const struct ent_home *h = ent_book_home(b);
    const struct ent_member *now = ent_pact_member(h->pact, h->self.name);
    const struct ent_member *m = ent_pact_member(next, h->self.name);
    const struct ent_roster_member *self = ent_roster_member(&h->roster, h->self.name);
    if (now == NULL || m == NULL || self == NULL || ent_member_log(now)->closed)
        return ENT_OK;
    const struct ent_member_log *g = &m->log[now->logs - 1];
    uint64_t base = ent_roster_base(self, g->generation), said;
    uint64_t until = m->author[now->authors - 1].until, close = ENT_INDEX_NONE;
    enum ent_err r = ENT_OK;
    ent_book_lock(b);
    said = base + ent_log_size(ent_book_log(b));
    if (g->closed) {
        r = check_closing(b, d, base, m, g);
        close = base + g->size;
        until = ENT_INDEX_NONE;
    } else if (until == now->author[now->authors - 1].until) {
        until = ENT_INDEX_NONE; /* as it is anyway */
    } else if (until <= said) {
        r = ent_fail(d, ENT_E_POLICY,
                     "this text ends our author key before the place of our vote for it", 0, 0);
    }
    if (r == ENT_OK)
        r = ent_book_stop_at(b, d, until, close);
    ent_book_unlock(b);
    return r;
}
