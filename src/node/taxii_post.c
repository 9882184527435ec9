/*
 * taxii_post.c: what comes through TAXII, as the word of the account that gave it: by the same ways
 * as what an import brings, and held until it is judged, like every source's.
 *
 * The enemy is who gives it: what others said under the same id is not told to him, and what he
 * takes back stays known, so that two stories do not become one.
 */
#include "node/taxii_parts.h"

#include "crypto/crypto.h"
#include "node/object.h"

struct ent_slice ent_taxii_source_of(char ret[static ENT_TAXII_SOURCE],
                                     const struct ent_taxii_who *who)
{
    int n = snprintf(ret, ENT_TAXII_SOURCE, "taxii:%.*s", (int)who->account.n,
                     (const char *)who->account.p);
    return ent_slice(ret, (size_t)n);
}

/* --- adding -------------------------------------------------------------------------------------
 */

struct adding {
    struct ent_taxii_run *x;
    struct ent_slice source;
    struct ent_buf status;
    struct ent_stix_object object;
    struct ent_indicator ind;
    /* of the element that is under way */
    bool any, kept, failed, use;
    struct ent_slice id, version, message;
};

static void fail(struct adding *a, struct ent_slice why)
{
    a->failed = true;
    a->message = why;
}

/* One that nothing is to be said of is one that everybody has: the markings of TLP. */
static enum ent_err end_element(struct adding *a)
{
    bool ok = !a->failed && (a->kept || a->message.n == 0);
    if (!a->any)
        return ENT_OK;
    return ent_taxii_entry_put(&a->status, ok, a->id, a->version, a->message);
}

static void begin_element(struct adding *a, const struct ent_taxii_given *given)
{
    a->any = true;
    a->kept = a->failed = a->use = false;
    a->id = given->id;
    a->version = given->version;
    a->message = ent_slice(NULL, 0);
}

/* Whether another source said something else is not told. */
static enum ent_err keep(struct adding *a)
{
    struct ent_store *s = a->x->t->store;
    int64_t now = a->x->now;
    enum ent_object_put put;
    bool elsewhere;
    enum ent_err r =
        ent_store_object_put(s, &put, &elsewhere, &a->object, a->source, now / 1000000);
    if (r != ENT_OK)
        return r;
    a->kept = true;
    a->use = put != ENT_OBJECT_OLDER && put != ENT_OBJECT_FOREIGN;
    if (put == ENT_OBJECT_CONFLICT) {
        a->x->t->alarms++;
        fail(a, ENT_SLICE_LIT("another content was given under this id and version before, and "
                              "stays"));
    } else if (put == ENT_OBJECT_FOREIGN) {
        fail(a, ENT_SLICE_LIT("only its creator can make a new version of it"));
    } else if (put == ENT_OBJECT_FINAL) {
        fail(a, ENT_SLICE_LIT("it was revoked, which is final"));
    } else {
        r = ent_store_post(s, a->source, a->object.id, a->object.version, now);
    }
    return r == ENT_E_NOTFOUND ? ENT_OK : r;
}

static enum ent_err take(struct adding *a, const struct ent_taxii_given *given)
{
    struct ent_store *s = a->x->t->store;
    enum ent_put put;
    enum ent_err r;
    switch (given->what) {
    case ENT_TAXII_ELEMENT:
        if ((r = end_element(a)) == ENT_OK)
            begin_element(a, given);
        return r;
    case ENT_TAXII_OBJECT:
        return keep(a);
    case ENT_TAXII_TAKE:
        return a->use ? ent_store_put(s, &put, &a->ind, a->source, a->x->now / 1000000) : ENT_OK;
    case ENT_TAXII_WITHDRAW:
        return a->use ? ent_store_revoke(s, a->source, given->id) : ENT_OK;
    case ENT_TAXII_SKIP:
        if (a->message.n == 0)
            a->message = given->reason;
        return ENT_OK;
    }
    return ENT_E_FORMAT;
}

static void new_id(struct ent_taxii_outcome *o)
{
    ent_random(o->id, sizeof(o->id));
    o->id[6] = (uint8_t)((o->id[6] & 0x0F) | 0x40); /* a UUID of version 4 */
    o->id[8] = (uint8_t)((o->id[8] & 0x3F) | 0x80);
}

/* In a transaction. */
static enum ent_err add_all(struct adding *a)
{
    struct ent_taxii_given given = {.object = &a->object, .ind = &a->ind};
    struct ent_taxii_outcome o = {.at = a->x->now / 1000000};
    struct ent_slice rest = a->x->q.given;
    struct ent_status_id id;
    new_id(&o);
    memcpy(id.b, o.id, sizeof(id.b));
    enum ent_err r = ent_taxii_outcome_put(&a->status, &o);
    while (rest.n > 0 && r == ENT_OK)
        if ((r = ent_taxii_given_next(&given, &rest)) == ENT_OK)
            r = take(a, &given);
    if (r == ENT_OK && (r = end_element(a)) == ENT_OK)
        r = ent_store_status_put(a->x->t->store, &id, a->x->q.who.account,
                                 ent_buf_slice(&a->status), o.at);
    return r == ENT_OK ? ent_store_commit(a->x->t->store) : r;
}

enum ent_err ent_taxii_add(struct ent_taxii_run *x)
{
    char source[ENT_TAXII_SOURCE];
    struct adding *a = calloc(1, sizeof(*a));
    if (a == NULL)
        return ENT_E_NOMEM;
    a->x = x;
    a->source = ent_taxii_source_of(source, &x->q.who);
    ent_buf_init(&a->status, ENT_TAXII_ROWS);
    enum ent_err r = ent_store_begin(x->t->store);
    if (r == ENT_OK)
        r = add_all(a);
    ent_store_rollback(x->t->store);
    if (r == ENT_OK)
        r = ent_buf_put_slice(x->rows, ent_buf_slice(&a->status));
    else if (r == ENT_E_LIMIT)
        r = ent_taxii_refused(x, ENT_TAXII_TOO_MANY);
    ent_buf_release(&a->status);
    free(a);
    return r;
}

/* --- taking back --------------------------------------------------------------------------------
 */

struct deleting {
    const struct ent_taxii_run *x;
    struct ent_buf versions; /* a byte, whether it is the last one; 16 bits and the version */
    unsigned seen;
};

static enum ent_err note_version(void *ctx, const struct ent_served *row, bool *stop)
{
    struct deleting *d = ctx;
    (void)stop;
    if (!ent_taxii_is_version(d->x, row))
        return ENT_OK;
    d->seen++;
    enum ent_err r = ent_taxii_put_u8(&d->versions, row->last);
    return r == ENT_OK ? ent_taxii_put16(&d->versions, row->version) : r;
}

static enum ent_err delete_all(struct deleting *d, struct ent_slice source)
{
    struct ent_cur c = ent_cur(ent_buf_slice(&d->versions));
    struct ent_slice version;
    uint8_t last;
    enum ent_err r = ENT_OK;
    while (c.n > 0 && r == ENT_OK)
        if ((r = ent_cur_u8(&c, &last)) == ENT_OK && (r = ent_taxii_get16(&c, &version)) == ENT_OK)
            r = ent_store_unpost(d->x->t->store, source, d->x->q.object, version, last != 0);
    return r;
}

enum ent_err ent_taxii_delete(struct ent_taxii_run *x, const struct ent_taxii_shelf *s)
{
    char source[ENT_TAXII_SOURCE];
    struct ent_slice ids[ENT_TAXII_MATCHES];
    struct ent_served_ask ask;
    struct deleting d = {.x = x};
    int64_t at;
    bool more;
    ent_buf_init(&d.versions, ENT_TAXII_ROWS);
    enum ent_err r = ent_taxii_ask_for(x, &ask, s, ids, source);
    if (r == ENT_OK)
        r = ent_store_served(x->t->store, &ask, note_version, &d, &at, &more);
    if (r == ENT_OK && d.seen == 0) {
        r = ent_taxii_refused(x, ENT_TAXII_NO_OBJECT);
    } else if (r == ENT_OK) {
        if ((r = ent_store_begin(x->t->store)) == ENT_OK &&
            (r = delete_all(&d, ask.account)) == ENT_OK)
            r = ent_store_commit(x->t->store);
        ent_store_rollback(x->t->store);
        if (r == ENT_OK)
            r = ent_taxii_put_u8(x->rows, ENT_TAXII_ROWS_DONE);
    }
    ent_buf_release(&d.versions);
    return r;
}
