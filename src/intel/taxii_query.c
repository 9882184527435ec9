/* taxii_query.c: a query of TAXII as bytes, and back: what crosses the border between the process
 * that read the request and the one that has the store. */
#include "intel/intel.h"

#define VERSION 1u
#define IDS     256 /* bytes of a value */

/* --- pieces -------------------------------------------------------------------------------------
 */

enum ent_err ent_taxii_put_u8(struct ent_buf *b, unsigned v)
{
    return ent_buf_putc(b, (char)(uint8_t)v);
}

enum ent_err ent_taxii_put_u16(struct ent_buf *b, unsigned v)
{
    uint8_t x[2];
    ent_put_u16le(x, (uint16_t)v);
    return ent_buf_put(b, x, sizeof(x));
}

enum ent_err ent_taxii_put_i64(struct ent_buf *b, int64_t v)
{
    uint8_t x[8];
    ent_put_u64le(x, (uint64_t)v);
    return ent_buf_put(b, x, sizeof(x));
}

enum ent_err ent_taxii_put16(struct ent_buf *b, struct ent_slice s)
{
    if (s.n > UINT16_MAX)
        return ENT_E_LIMIT;
    enum ent_err r = ent_taxii_put_u16(b, (unsigned)s.n);
    return r == ENT_OK ? ent_buf_put_slice(b, s) : r;
}

enum ent_err ent_taxii_put32(struct ent_buf *b, struct ent_slice s)
{
    uint8_t x[4];
    if (s.n > UINT32_MAX)
        return ENT_E_LIMIT;
    ent_put_u32le(x, (uint32_t)s.n);
    enum ent_err r = ent_buf_put(b, x, sizeof(x));
    return r == ENT_OK ? ent_buf_put_slice(b, s) : r;
}

enum ent_err ent_taxii_get_i64(struct ent_cur *c, int64_t *ret)
{
    uint64_t v;
    enum ent_err r = ent_cur_u64le(c, &v);
    if (r == ENT_OK)
        *ret = (int64_t)v;
    return r;
}

enum ent_err ent_taxii_get16(struct ent_cur *c, struct ent_slice *ret)
{
    uint16_t n;
    enum ent_err r = ent_cur_u16le(c, &n);
    return r == ENT_OK ? ent_cur_take(c, ret, n) : r;
}

enum ent_err ent_taxii_get32(struct ent_cur *c, struct ent_slice *ret)
{
    uint32_t n;
    enum ent_err r = ent_cur_u32le(c, &n);
    return r == ENT_OK ? ent_cur_take(c, ret, n) : r;
}

struct ent_slice ent_taxii_value(struct ent_taxii_values *v)
{
    struct ent_cur c = ent_cur(v->bytes);
    struct ent_slice one = {NULL, 0};
    if (ent_taxii_get16(&c, &one) != ENT_OK)
        ENT_BUG("values that nobody checked");
    v->bytes = ent_slice(c.p, c.n);
    v->n--;
    return one;
}

/* --- out ----------------------------------------------------------------------------------------
 */

static enum ent_err put_values(struct ent_buf *b, const struct ent_taxii_values *v)
{
    enum ent_err r = ent_taxii_put_u16(b, v->n);
    return r == ENT_OK ? ent_taxii_put32(b, v->bytes) : r;
}

static enum ent_err put_filters(struct ent_buf *b, const struct ent_taxii_query *q)
{
    enum ent_err r;
    if ((r = ent_taxii_put16(b, q->collection)) != ENT_OK ||
        (r = ent_taxii_put16(b, q->object)) != ENT_OK ||
        (r = ent_buf_put(b, q->status, sizeof(q->status))) != ENT_OK ||
        (r = ent_taxii_put_i64(b, q->after)) != ENT_OK || (r = put_values(b, &q->ids)) != ENT_OK ||
        (r = put_values(b, &q->types)) != ENT_OK || (r = put_values(b, &q->times)) != ENT_OK ||
        (r = ent_taxii_put_u8(b, q->versions)) != ENT_OK ||
        (r = ent_taxii_put_u8(b, q->specs)) != ENT_OK)
        return r;
    return ent_taxii_put32(b, q->given);
}

enum ent_err ent_taxii_query_encode(struct ent_buf *ret, const struct ent_taxii_query *q)
{
    enum ent_err r;
    if ((r = ent_taxii_put_u8(ret, VERSION)) != ENT_OK ||
        (r = ent_taxii_put_u8(ret, q->ask)) != ENT_OK ||
        (r = ent_taxii_put16(ret, q->who.account)) != ENT_OK ||
        (r = ent_taxii_put_u8(ret, q->who.clearance)) != ENT_OK ||
        (r = ent_taxii_put_u8(ret, q->who.may_write)) != ENT_OK ||
        (r = ent_taxii_put16(ret, q->base)) != ENT_OK ||
        (r = ent_taxii_put_u16(ret, q->limit)) != ENT_OK ||
        (r = ent_taxii_put16(ret, q->next)) != ENT_OK)
        return r;
    return put_filters(ret, q);
}

/* --- in -----------------------------------------------------------------------------------------
 */

static bool is_plain(struct ent_slice s, size_t most, const char *also)
{
    bool ok = s.n <= most;
    for (size_t i = 0; i < s.n && ok; i++) {
        uint8_t c = s.p[i];
        ok = (uint8_t)((c | 0x20) - 'a') < 26 || (c >= '0' && c <= '9') ||
             (c != '\0' && strchr(also, c) != NULL);
    }
    return ok;
}

static bool is_account(struct ent_slice s)
{
    bool ok = s.n > 0 && s.n <= ENT_TAXII_ACCOUNT;
    for (size_t i = 0; i < s.n && ok; i++)
        ok = s.p[i] > ' ' && s.p[i] < 0x7F;
    return ok;
}

/* also: the characters of a value besides letters and digits. */
static enum ent_err get_values(struct ent_cur *c, struct ent_taxii_values *ret, const char *also)
{
    struct ent_slice one;
    uint16_t n;
    enum ent_err r;
    if ((r = ent_cur_u16le(c, &n)) != ENT_OK || (r = ent_taxii_get32(c, &ret->bytes)) != ENT_OK)
        return r;
    ret->n = n;
    struct ent_cur v = ent_cur(ret->bytes);
    for (unsigned i = 0; i < n; i++)
        if (ent_taxii_get16(&v, &one) != ENT_OK || one.n == 0 || !is_plain(one, IDS, also))
            return ENT_E_FORMAT;
    return n > ENT_TAXII_MATCHES ? ENT_E_FORMAT : ent_cur_end(&v);
}

static enum ent_err get_filters(struct ent_cur *c, struct ent_taxii_query *q)
{
    uint8_t versions, specs;
    enum ent_err r;
    if ((r = ent_taxii_get16(c, &q->collection)) != ENT_OK ||
        (r = ent_taxii_get16(c, &q->object)) != ENT_OK ||
        (r = ent_cur_copy(c, q->status, sizeof(q->status))) != ENT_OK ||
        (r = ent_taxii_get_i64(c, &q->after)) != ENT_OK ||
        (r = get_values(c, &q->ids, "-_.")) != ENT_OK ||
        (r = get_values(c, &q->types, "-_.")) != ENT_OK ||
        (r = get_values(c, &q->times, "-:.")) != ENT_OK ||
        (r = ent_cur_u8(c, &versions)) != ENT_OK || (r = ent_cur_u8(c, &specs)) != ENT_OK ||
        (r = ent_taxii_get32(c, &q->given)) != ENT_OK)
        return r;
    q->versions = versions;
    q->specs = specs;
    return versions > 7 || specs > 3 || !is_plain(q->collection, ENT_TAXII_NAME, "-_") ||
                   !is_plain(q->object, IDS, "-_.")
               ? ENT_E_FORMAT
               : ENT_OK;
}

enum ent_err ent_taxii_query_parse(struct ent_taxii_query *ret, struct ent_slice bytes)
{
    struct ent_cur c = ent_cur(bytes);
    struct ent_taxii_query q = {0};
    uint8_t version, ask, clearance, may_write;
    uint16_t limit;
    enum ent_err r;
    if ((r = ent_cur_u8(&c, &version)) != ENT_OK || (r = ent_cur_u8(&c, &ask)) != ENT_OK ||
        (r = ent_taxii_get16(&c, &q.who.account)) != ENT_OK ||
        (r = ent_cur_u8(&c, &clearance)) != ENT_OK || (r = ent_cur_u8(&c, &may_write)) != ENT_OK ||
        (r = ent_taxii_get16(&c, &q.base)) != ENT_OK || (r = ent_cur_u16le(&c, &limit)) != ENT_OK ||
        (r = ent_taxii_get16(&c, &q.next)) != ENT_OK)
        return r;
    q.filters = ent_slice(c.p, c.n);
    if ((r = get_filters(&c, &q)) != ENT_OK || (r = ent_cur_end(&c)) != ENT_OK)
        return r;
    q.ask = (enum ent_taxii_ask)ask;
    q.who.clearance = clearance;
    q.who.may_write = may_write != 0;
    q.limit = limit;
    if (version != VERSION || ask == 0 || ask > ENT_TAXII_ASK_DELETE || may_write > 1 ||
        !is_account(q.who.account) || clearance < ENT_TLP_CLEAR || clearance > ENT_TLP_RED ||
        limit == 0 || limit > ENT_TAXII_PAGE || (q.next.n != 0 && q.next.n != ENT_TAXII_CURSOR) ||
        !is_plain(q.base, 280, ":/.-[]"))
        return ENT_E_FORMAT;
    *ret = q;
    return ENT_OK;
}
