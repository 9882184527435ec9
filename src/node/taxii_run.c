/* taxii_run.c: who may see which collection; pages of it. */
#include "node/taxii_parts.h"

#include "crypto/crypto.h"
#include "node/release.h"

#define PAGE_BYTES ((size_t)4 << 20) /* a page ends behind the object that reaches them */
#define LOOKED     2048u             /* rows that may lie hidden between those of one page */
#define ROUNDS     2                 /* before an empty page goes out */

enum ent_err ent_taxii_server_init(struct ent_taxii_server *ret, struct ent_store *store,
                                   struct ent_slice key, struct ent_slice author)
{
    const struct ent_out_opts opts = {.author = author, .key = key};
    struct ent_taxii_server t = {.store = store, .self = {.author = author}};
    enum ent_err r = ent_out_publisher_id(&t.self.uuid, &opts);
    if (r == ENT_OK)
        r = ent_store_served_key(store, &t.key);
    for (unsigned i = 1; i <= ENT_TAXII_INBOX && r == ENT_OK; i++) {
        /* of the key alone: a member that gets another name keeps its collections */
        const struct ent_out_opts shelf = {.author = ent_slice_str(ent_taxii_shelf_alias(i)),
                                           .key = key};
        r = ent_out_publisher_id(&t.shelf[i], &shelf);
    }
    if (r == ENT_OK)
        *ret = t;
    sodium_memzero(&t.key, sizeof(t.key));
    return r;
}

enum ent_err ent_taxii_tend(struct ent_taxii_server *t, int64_t now, unsigned most, bool *ret_left,
                            const atomic_bool *stop)
{
    struct ent_buf name;
    ent_buf_init(&name, 4096);
    enum ent_err r = ent_store_unjudged(t->store, &name);
    if (r == ENT_OK) {
        *ret_left = true;
        r = ent_release_judge(t->store, ent_buf_slice(&name), stop);
    } else if (r == ENT_E_NOTFOUND) {
        r = ent_store_serve(t->store, &t->self, now, most, ret_left);
    }
    ent_buf_release(&name);
    return r;
}

/* --- collections --------------------------------------------------------------------------------
 */

static struct ent_taxii_shelf shelf_of(const struct ent_taxii_server *t,
                                       const struct ent_taxii_who *who, unsigned number)
{
    bool inbox = number == ENT_TAXII_INBOX;
    return (struct ent_taxii_shelf){.number = number,
                                    .id = t->shelf[number],
                                    .can_read = inbox ? who->may_write : number <= who->clearance,
                                    .can_write = inbox && who->may_write};
}

bool ent_taxii_find_shelf(const struct ent_taxii_run *x, struct ent_taxii_shelf *ret)
{
    char uuid[ENT_UUID_TEXT];
    for (unsigned i = 1; i <= ENT_TAXII_INBOX; i++) {
        struct ent_taxii_shelf s = shelf_of(x->t, &x->q.who, i);
        ent_uuid_text(uuid, &s.id);
        if ((s.can_read || s.can_write) &&
            (ent_slice_ieq(x->q.collection, ent_slice_str(uuid)) ||
             ent_slice_eq(x->q.collection, ent_slice_str(ent_taxii_shelf_alias(i))))) {
            *ret = s;
            return true;
        }
    }
    return false;
}

enum ent_err ent_taxii_refused(struct ent_taxii_run *x, enum ent_taxii_refusal why)
{
    ent_buf_clear(x->rows);
    enum ent_err r = ent_taxii_put_u8(x->rows, ENT_TAXII_ROWS_REFUSED);
    return r == ENT_OK ? ent_taxii_put_u8(x->rows, why) : r;
}

static enum ent_err list(struct ent_taxii_run *x)
{
    struct ent_taxii_shelf s[ENT_TAXII_INBOX];
    unsigned n = 0;
    for (unsigned i = 1; i <= ENT_TAXII_INBOX; i++) {
        s[n] = shelf_of(x->t, &x->q.who, i);
        n += s[n].can_read || s[n].can_write;
    }
    enum ent_err r = ent_taxii_put_u8(x->rows, ENT_TAXII_ROWS_COLLECTIONS);
    if (r == ENT_OK)
        r = ent_taxii_put_u8(x->rows, n);
    for (unsigned i = 0; i < n && r == ENT_OK; i++)
        r = ent_taxii_shelf_put(x->rows, &s[i]);
    return r;
}

static enum ent_err one_shelf(struct ent_taxii_run *x, const struct ent_taxii_shelf *s)
{
    enum ent_err r = ent_taxii_put_u8(x->rows, ENT_TAXII_ROWS_COLLECTIONS);
    if (r == ENT_OK)
        r = ent_taxii_put_u8(x->rows, 1);
    return r == ENT_OK ? ent_taxii_shelf_put(x->rows, s) : r;
}

static enum ent_err self(struct ent_taxii_run *x)
{
    enum ent_err r = ent_taxii_put_u8(x->rows, ENT_TAXII_ROWS_SELF);
    return r == ENT_OK ? ent_taxii_put16(x->rows, x->t->self.author) : r;
}

/* --- "next" -------------------------------------------------------------------------------------
 */

/* Where it goes on (8 bytes), of which filters (8), and a code that only this store can make (16).
 */
#define CODED 16

static void digest(const struct ent_taxii_run *x, uint8_t ret[static 8])
{
    crypto_generichash_state h;
    uint8_t sum[crypto_generichash_BYTES], ask = (uint8_t)x->q.ask;
    (void)crypto_generichash_init(&h, x->t->key.b, sizeof(x->t->key.b), sizeof(sum));
    (void)crypto_generichash_update(&h, &ask, 1);
    (void)crypto_generichash_update(&h, x->q.filters.p, x->q.filters.n);
    (void)crypto_generichash_final(&h, sum, sizeof(sum));
    memcpy(ret, sum, 8);
}

static void seal(const struct ent_taxii_run *x, uint8_t ret[static 16],
                 const uint8_t coded[static CODED])
{
    static const char domain[] = "entente/taxii-next@v1";
    crypto_generichash_state h;
    (void)crypto_generichash_init(&h, x->t->key.b, sizeof(x->t->key.b), 16);
    (void)crypto_generichash_update(&h, (const uint8_t *)domain, sizeof(domain));
    (void)crypto_generichash_update(&h, coded, CODED);
    (void)crypto_generichash_final(&h, ret, 16);
}

static void write_next(const struct ent_taxii_run *x, uint8_t ret[static ENT_TAXII_CURSOR],
                       int64_t at)
{
    ent_put_u64le(ret, (uint64_t)at);
    digest(x, ret + 8);
    seal(x, ret + CODED, ret);
}

/* 0, or why not. */
static enum ent_taxii_refusal read_next(const struct ent_taxii_run *x, int64_t *ret)
{
    const uint8_t *p = x->q.next.p;
    uint8_t code[16], filters[8];
    uint64_t at = 0;
    seal(x, code, p);
    if (sodium_memcmp(code, p + CODED, sizeof(code)) != 0)
        return ENT_TAXII_BAD_NEXT;
    digest(x, filters);
    if (memcmp(filters, p + 8, sizeof(filters)) != 0)
        return ENT_TAXII_OTHER_FILTERS;
    for (unsigned i = 8; i-- > 0;)
        at = at << 8 | p[i];
    *ret = (int64_t)at;
    return 0;
}

/* --- pages --------------------------------------------------------------------------------------
 */

struct page {
    struct ent_taxii_run *x;
    unsigned n, seen; /* rows; before filters */
    bool full;
    int64_t at; /* of the last row */
};

bool ent_taxii_is_version(const struct ent_taxii_run *x, const struct ent_served *row)
{
    char text[ENT_TAXII_VERSION], same[ENT_TAXII_VERSION];
    const struct ent_taxii_row out = {.kind = (unsigned)row->kind,
                                      .added = row->added,
                                      .modified = row->modified,
                                      .version = row->version,
                                      .created = row->created};
    if (x->q.specs != 0 && (x->q.specs & (row->is_20 ? 1u : 2u)) == 0)
        return false;
    if ((x->q.versions & ENT_TAXII_ALL) != 0 ||
        ((x->q.versions & ENT_TAXII_FIRST) != 0 && row->first) ||
        ((x->q.versions & ENT_TAXII_LAST) != 0 && row->last))
        return true;
    if (x->q.times.n == 0 ||
        !ent_taxii_same_time(same, ent_slice_str(ent_taxii_version(text, &out))))
        return false;
    for (struct ent_taxii_values v = x->q.times; v.n > 0;)
        if (ent_slice_eq(ent_taxii_value(&v), ent_slice_str(same)))
            return true;
    return false;
}

/* Its type, "TYPE--...". */
static bool is_type(const struct ent_taxii_run *x, struct ent_slice id)
{
    bool is = x->q.types.n == 0;
    for (struct ent_taxii_values v = x->q.types; v.n > 0 && !is;) {
        struct ent_slice type = ent_taxii_value(&v);
        is = ent_slice_starts(id, type) && id.n > type.n + 2 && id.p[type.n] == '-' &&
             id.p[type.n + 1] == '-';
    }
    return is;
}

static struct ent_taxii_row row_of(const struct ent_taxii_run *x, const struct ent_served *s)
{
    struct ent_taxii_row row = {.kind = (unsigned)s->kind,
                                .added = s->added,
                                .modified = s->modified,
                                .is_20 = s->is_20,
                                .tlp = (unsigned)s->tlp,
                                .id = s->id,
                                .version = s->version,
                                .created = s->created,
                                .uuid = s->uuid};
    if (s->kind == ENT_SERVED_CLAIM) {
        row.obs_type = (unsigned)s->obs.type;
        row.obs = ent_slice(s->obs.text, s->obs.n);
        row.confidence = s->confidence;
        row.valid_from = s->valid_from;
        row.valid_until = s->valid_until;
        row.first_import = s->first_import;
        row.source = s->own ? x->t->self.author : s->source; /* others know us by our name */
        row.ext_id = s->ext_id;
        row.kind_word = s->kind_word;
        row.text = s->text;
        row.labels = s->labels;
    }
    if (s->kind == ENT_SERVED_SELF)
        row.source = x->t->self.author;
    if (x->q.ask == ENT_TAXII_ASK_OBJECTS || x->q.ask == ENT_TAXII_ASK_OBJECT)
        row.bytes = s->bytes;
    return row;
}

static enum ent_err put_row(void *ctx, const struct ent_served *s, bool *stop)
{
    struct page *p = ctx;
    const struct ent_taxii_run *x = p->x;
    p->seen++;
    if (!is_type(x, s->id) || !ent_taxii_is_version(x, s))
        return ENT_OK;
    if (p->n >= x->q.limit || (p->n > 0 && x->rows->n + s->bytes.n > PAGE_BYTES)) {
        p->full = *stop = true;
        return ENT_OK;
    }
    p->n++;
    p->at = s->added;
    const struct ent_taxii_row row = row_of(x, s);
    return ent_taxii_row_put(x->rows, &row);
}

/* One walk for a page, or a few where all that it looked at was hidden. */
static enum ent_err walk(struct page *p, struct ent_served_ask *ask, bool *ret_more)
{
    bool more = true;
    enum ent_err r = ENT_OK;
    for (int i = 0; i < ROUNDS && r == ENT_OK && more && !p->full && p->n == 0; i++)
        r = ent_store_served(p->x->t->store, ask, put_row, p, &ask->after, &more);
    if (!p->full)
        p->at = ask->after;
    *ret_more = more;
    return r;
}

static enum ent_err judge(struct ent_store *s, struct ent_slice source)
{
    return ent_release_judge(s, source, NULL);
}

enum ent_err ent_taxii_ask_for(const struct ent_taxii_run *x, struct ent_served_ask *ret,
                               const struct ent_taxii_shelf *s, struct ent_slice *ids,
                               char source[static ENT_TAXII_SOURCE])
{
    struct ent_taxii_values v = x->q.ids, t = x->q.types;
    *ret = (struct ent_served_ask){.door = (enum ent_tlp)s->number,
                                   .after = x->q.after,
                                   .now = x->now / 1000000,
                                   .ids = ids,
                                   .most = LOOKED + 4 * x->q.limit,
                                   .self = &x->t->self,
                                   .judge = judge};
    if (s->number == ENT_TAXII_INBOX) {
        ret->account = ent_taxii_source_of(source, &x->q.who);
        ret->door = ENT_TLP_AMBER_STRICT;
    }
    if (x->q.object.n > 0)
        ids[ret->n_ids++] = x->q.object;
    while (v.n > 0 && ret->n_ids < ENT_TAXII_MATCHES)
        ids[ret->n_ids++] = ent_taxii_value(&v);
    if (t.n == 1)
        ret->type = ent_taxii_value(&t);
    return ENT_OK;
}

static enum ent_err page(struct ent_taxii_run *x, const struct ent_taxii_shelf *s)
{
    char source[ENT_TAXII_SOURCE];
    struct ent_slice ids[ENT_TAXII_MATCHES];
    struct ent_served_ask ask;
    struct ent_taxii_page head = {.self = x->t->self.uuid};
    struct page p = {.x = x};
    int64_t at;
    bool more = false;
    uint8_t *room;
    enum ent_err r = ent_taxii_ask_for(x, &ask, s, ids, source);
    if (r == ENT_OK && x->q.next.n > 0) {
        enum ent_taxii_refusal why = read_next(x, &at);
        if (why != 0)
            return ent_taxii_refused(x, why);
        ask.after = at;
    }
    if (r != ENT_OK || (r = ent_buf_reserve(x->rows, &room, ENT_TAXII_PAGE_HEAD)) != ENT_OK)
        return r;
    x->rows->n += ENT_TAXII_PAGE_HEAD;
    if ((r = walk(&p, &ask, &more)) != ENT_OK)
        return r;
    if (x->q.object.n > 0 && p.seen == 0 && x->q.next.n == 0 && x->q.after == INT64_MIN)
        return ent_taxii_refused(x, ENT_TAXII_NO_OBJECT);
    head.more = more;
    if (more)
        write_next(x, head.next, p.at);
    ent_taxii_page_put(x->rows->p, &head);
    return ENT_OK;
}

/* --- the query ----------------------------------------------------------------------------------
 */

static enum ent_err status(struct ent_taxii_run *x)
{
    struct ent_status_id id;
    memcpy(id.b, x->q.status, sizeof(id.b));
    enum ent_err r = ent_store_status(x->t->store, x->rows, &id, x->q.who.account);
    return r == ENT_E_NOTFOUND ? ent_taxii_refused(x, ENT_TAXII_NO_STATUS) : r;
}

static enum ent_err on_collection(struct ent_taxii_run *x)
{
    struct ent_taxii_shelf s;
    if (!ent_taxii_find_shelf(x, &s))
        return ent_taxii_refused(x, ENT_TAXII_NO_COLLECTION);
    switch (x->q.ask) {
    case ENT_TAXII_ASK_COLLECTION:
        return one_shelf(x, &s);
    case ENT_TAXII_ASK_ADD:
        return s.can_write ? ent_taxii_add(x) : ent_taxii_refused(x, ENT_TAXII_MAY_NOT_WRITE);
    case ENT_TAXII_ASK_DELETE:
        return s.can_write && s.can_read ? ent_taxii_delete(x, &s)
                                         : ent_taxii_refused(x, ENT_TAXII_MAY_NOT_WRITE);
    default:
        return s.can_read ? page(x, &s) : ent_taxii_refused(x, ENT_TAXII_MAY_NOT_READ);
    }
}

static enum ent_err run(struct ent_taxii_run *x)
{
    switch (x->q.ask) {
    case ENT_TAXII_ASK_DISCOVERY:
    case ENT_TAXII_ASK_ROOT:
        return self(x);
    case ENT_TAXII_ASK_STATUS:
        return status(x);
    case ENT_TAXII_ASK_COLLECTIONS:
        return list(x);
    default:
        return on_collection(x);
    }
}

enum ent_err ent_taxii_run(struct ent_taxii_server *t, struct ent_buf *rows, struct ent_slice query,
                           int64_t now)
{
    struct ent_taxii_run x = {.t = t, .rows = rows, .now = now};
    enum ent_err r = ent_taxii_query_parse(&x.q, query);
    if (r == ENT_OK)
        r = run(&x);
    if (r == ENT_OK)
        return r;
    enum ent_err told =
        ent_taxii_refused(&x, r == ENT_E_TIMEOUT ? ENT_TAXII_BUSY : ENT_TAXII_BROKEN);
    return told == ENT_OK ? r : told;
}
