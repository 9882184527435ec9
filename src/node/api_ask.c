/* api_ask.c: the desk for users' requests, from the side of whoever asks; and its messages as
 * bytes. What comes back is parsed as strictly as what is asked: the keeper is trusted, its bytes
 * need not be. */
#include "node/node.h"

#include "node/api_wire.h"

#define API    ENT_MSG_BIT(ENT_PROCESS_API)
#define KEEPER ENT_MSG_BIT(ENT_PROCESS_KEEPER)
#define LEDGER ENT_MSG_BIT(ENT_PROCESS_LEDGER)
#define CALL(t, least, most)                                                                       \
    {                                                                                              \
        (t), ENT_MSG_CALL, API, ENT_MSG_ANY, (least), (most), ENT_MSG_FD_NONE                      \
    }
#define ANSWER(t, least, most)                                                                     \
    {                                                                                              \
        (t), ENT_MSG_ANSWER, KEEPER, ENT_MSG_ANY, (least), (most), ENT_MSG_FD_NONE                 \
    }

/* table */
const struct ent_msg_row ent_api_rows[ENT_API_ROWS] = {
    CALL(ENT_API_READY, 0, 0),
    ANSWER(ENT_API_READY, 0, 0),
    CALL(ENT_API_WHO, 20, 16 + ENT_CREDENTIAL_BYTES),
    ANSWER(ENT_API_WHO, ENT_API_WHO_SHORT, ENT_API_WHO_LONG),
    CALL(ENT_API_SESSION, 16, 16),
    ANSWER(ENT_API_SESSION, ENT_SECRET_TEXT - 1, ENT_SECRET_TEXT - 1),
    CALL(ENT_API_LOGOUT, 4, ENT_CREDENTIAL_BYTES),
    ANSWER(ENT_API_LOGOUT, 0, 0),
    CALL(ENT_API_FIRST, 24, ENT_API_FIRST_BYTES),
    ANSWER(ENT_API_FIRST, 0, 0),
    CALL(ENT_API_TAXII, 16, ENT_MSG_MAX),
    ANSWER(ENT_API_TAXII, 1, ENT_TAXII_ROWS),
    CALL(ENT_API_CONSOLE, 16, 65536),
    ANSWER(ENT_API_CONSOLE, 1, 8u << 20),
    CALL(ENT_API_METRICS, 16, 16),
    ANSWER(ENT_API_METRICS, 0, 0),
    CALL(ENT_API_EPOCH, 0, 0),
    {ENT_API_EPOCH, ENT_MSG_ANSWER, KEEPER, ENT_MSG_ANY, 0, 0, ENT_MSG_FD_ONE},
};

/* table */
const struct ent_msg_row ent_reader_rows[ENT_READER_ROWS] = {
    {ENT_API_READER, ENT_MSG_CALL, LEDGER, ENT_MSG_ANY, 16, 16, ENT_MSG_FD_NONE},
    ANSWER(ENT_API_READER, ENT_IDENTITY_BYTES, ENT_IDENTITY_BYTES),
    {ENT_API_RED, ENT_MSG_CALL, LEDGER, ENT_MSG_ANY, 17, 16 + ENT_TRAIL_ON, ENT_MSG_FD_NONE},
    ANSWER(ENT_API_RED, 0, 0),
    {ENT_API_VOUCH, ENT_MSG_CALL, LEDGER, ENT_MSG_ANY, 25, 25 + ENT_NAME_MAX, ENT_MSG_FD_NONE},
    ANSWER(ENT_API_VOUCH, ENT_IDENTITY_BYTES, ENT_IDENTITY_BYTES),
};

/* --- bytes --------------------------------------------------------------------------------------
 */

/* refusal u8, seconds u32 (to wait; where there is no refusal: to keep); where there is none:
 * handle, identity. */
enum ent_err ent_api_who_encode(struct ent_buf *b, const struct ent_api_who *a)
{
    uint8_t out[ENT_API_WHO_LONG] = {(uint8_t)a->refusal};
    ent_put_u32le(out + 1, a->refusal == ENT_REFUSED_NOT ? a->keep : a->wait);
    if (a->refusal != ENT_REFUSED_NOT)
        return ent_buf_put(b, out, ENT_API_WHO_SHORT);
    memcpy(out + ENT_API_WHO_SHORT, a->handle.b, sizeof(a->handle.b));
    ent_identity_encode(out + ENT_API_WHO_SHORT + sizeof(a->handle.b), &a->who);
    return ent_buf_put(b, out, sizeof(out));
}

enum ent_err ent_api_who_parse(struct ent_api_who *ret, struct ent_slice bytes)
{
    struct ent_api_who a = {.refusal = ENT_REFUSED_NOT};
    struct ent_cur c = ent_cur(bytes);
    uint8_t refusal;
    uint32_t seconds;
    enum ent_err r;
    if ((r = ent_cur_u8(&c, &refusal)) != ENT_OK || (r = ent_cur_u32le(&c, &seconds)) != ENT_OK)
        return r;
    a.refusal = (enum ent_refusal)refusal;
    if (refusal > ENT_REFUSED_BUSY)
        return ENT_E_FORMAT;
    if (refusal == ENT_REFUSED_NOT) {
        a.keep = seconds;
        if (seconds > ENT_KEEP_SECONDS)
            return ENT_E_FORMAT;
        if ((r = ent_cur_copy(&c, a.handle.b, sizeof(a.handle.b))) != ENT_OK ||
            (r = ent_identity_parse(&a.who, ent_slice(c.p, c.n))) != ENT_OK)
            return r;
    } else {
        a.wait = seconds;
        if ((seconds != 0) != (refusal == ENT_REFUSED_WAIT))
            return ENT_E_FORMAT;
        if ((r = ent_cur_end(&c)) != ENT_OK)
            return r;
    }
    *ret = a;
    return ENT_OK;
}

/* address, then each text with 16 bits of length. */
enum ent_err ent_api_first_encode(struct ent_buf *b, const struct ent_api_first *f,
                                  const uint8_t from16[static 16])
{
    const struct ent_slice all[4] = {f->link, f->name, f->display, f->password};
    enum ent_err r = ent_buf_put(b, from16, 16);
    for (int i = 0; i < 4 && r == ENT_OK; i++) {
        uint8_t n[2];
        if (all[i].n > UINT16_MAX)
            return ENT_E_LIMIT;
        ent_put_u16le(n, (uint16_t)all[i].n);
        if ((r = ent_buf_put(b, n, sizeof(n))) == ENT_OK)
            r = ent_buf_put_slice(b, all[i]);
    }
    return r;
}

enum ent_err ent_api_first_parse(struct ent_api_first *ret, uint8_t ret_from16[static 16],
                                 struct ent_slice bytes)
{
    struct ent_api_first f;
    struct ent_slice *const all[4] = {&f.link, &f.name, &f.display, &f.password};
    struct ent_cur c = ent_cur(bytes);
    uint8_t from16[16];
    uint16_t n;
    enum ent_err r = ent_cur_copy(&c, from16, sizeof(from16));
    for (int i = 0; i < 4 && r == ENT_OK; i++)
        if ((r = ent_cur_u16le(&c, &n)) == ENT_OK)
            r = ent_cur_take(&c, all[i], n);
    if (r != ENT_OK || (r = ent_cur_end(&c)) != ENT_OK)
        return r;
    *ret = f;
    memcpy(ret_from16, from16, sizeof(from16));
    return ENT_OK;
}

/* --- asking -------------------------------------------------------------------------------------
 */

static enum ent_err ask(const struct ent_caller *keeper, struct ent_msg *ret, uint16_t type,
                        struct ent_slice payload)
{
    return keeper->call(keeper->ctx, ret, type, payload);
}

/* For what has no answer but that it is done. */
static enum ent_err tell(const struct ent_caller *keeper, uint16_t type, struct ent_slice payload)
{
    struct ent_msg m = ENT_MSG_NOTHING;
    enum ent_err r = ask(keeper, &m, type, payload);
    if (r == ENT_OK)
        ent_msg_release(&m);
    return r;
}

enum ent_err ent_api_ready(const struct ent_caller *keeper)
{
    return tell(keeper, ENT_API_READY, ent_slice(NULL, 0));
}

enum ent_err ent_api_who(const struct ent_caller *keeper, struct ent_api_who *ret,
                         const struct ent_credential *c, const uint8_t from16[static 16])
{
    struct ent_msg m = ENT_MSG_NOTHING;
    struct ent_buf b;
    enum ent_err r;
    ent_buf_init(&b, 16 + ENT_CREDENTIAL_BYTES);
    if ((r = ent_buf_put(&b, from16, 16)) == ENT_OK && (r = ent_credential_encode(&b, c)) == ENT_OK)
        r = ask(keeper, &m, ENT_API_WHO, ent_buf_slice(&b));
    if (r == ENT_OK) {
        r = ent_api_who_parse(ret, ent_buf_slice(&m.bytes));
        ent_msg_release(&m);
        if (r == ENT_OK && ret->refusal != ENT_REFUSED_NOT)
            r = ENT_E_AUTH;
        else if (r != ENT_OK)
            r = ENT_E_PEER;
    } else if (r == ENT_E_AUTH) {
        r = ENT_E_PEER; /* no refusal of the desk's */
    }
    ent_buf_wipe(&b);
    return r;
}

enum ent_err ent_api_session(const struct ent_caller *keeper,
                             char ret_cookie[static ENT_SECRET_TEXT],
                             const struct ent_api_handle *h)
{
    struct ent_msg m = ENT_MSG_NOTHING;
    enum ent_err r = ask(keeper, &m, ENT_API_SESSION, ent_slice(h->b, sizeof(h->b)));
    if (r != ENT_OK)
        return r;
    if (m.bytes.n == ENT_SECRET_TEXT - 1) {
        memcpy(ret_cookie, m.bytes.p, ENT_SECRET_TEXT - 1);
        ret_cookie[ENT_SECRET_TEXT - 1] = '\0';
    } else {
        r = ENT_E_PEER;
    }
    ent_buf_wipe(&m.bytes);
    ent_msg_release(&m);
    return r;
}

enum ent_err ent_api_logout(const struct ent_caller *keeper, const struct ent_credential *c)
{
    struct ent_buf b;
    ent_buf_init(&b, ENT_CREDENTIAL_BYTES);
    enum ent_err r = ent_credential_encode(&b, c);
    if (r == ENT_OK)
        r = tell(keeper, ENT_API_LOGOUT, ent_buf_slice(&b));
    ent_buf_wipe(&b);
    return r;
}

enum ent_err ent_api_first(const struct ent_caller *keeper, const struct ent_api_first *f,
                           const uint8_t from16[static 16])
{
    struct ent_buf b;
    ent_buf_init(&b, ENT_API_FIRST_BYTES);
    enum ent_err r = ent_api_first_encode(&b, f, from16);
    if (r == ENT_OK)
        r = tell(keeper, ENT_API_FIRST, ent_buf_slice(&b));
    ent_buf_wipe(&b);
    return r;
}

enum ent_err ent_api_run(const struct ent_caller *keeper, struct ent_msg *ret, uint16_t type,
                         const struct ent_api_handle *h, struct ent_slice query)
{
    struct ent_buf b;
    ent_buf_init(&b, ENT_MSG_MAX);
    enum ent_err r = ent_buf_put(&b, h->b, sizeof(h->b));
    if (r == ENT_OK && (r = ent_buf_put_slice(&b, query)) == ENT_OK)
        r = ask(keeper, ret, type, ent_buf_slice(&b));
    ent_buf_release(&b);
    return r;
}

enum ent_err ent_api_epoch(const struct ent_caller *keeper, struct ent_epoch **ret)
{
    struct ent_msg m = ENT_MSG_NOTHING;
    enum ent_err r = ask(keeper, &m, ENT_API_EPOCH, ent_slice(NULL, 0));
    if (r == ENT_OK && (r = ent_epoch_see(ret, m.fd)) != ENT_OK)
        r = r == ENT_E_NOMEM ? r : ENT_E_PEER;
    ent_msg_release(&m);
    return r;
}

enum ent_err ent_api_metrics(const struct ent_caller *keeper, const struct ent_api_handle *h)
{
    struct ent_msg m = ENT_MSG_NOTHING;
    enum ent_err r = ask(keeper, &m, ENT_API_METRICS, ent_slice(h->b, sizeof(h->b)));
    ent_msg_release(&m);
    return r;
}

/* --- for the ledger -----------------------------------------------------------------------------
 */

enum ent_err ent_api_reader(const struct ent_caller *keeper, struct ent_identity *ret,
                            const struct ent_api_handle *h)
{
    struct ent_msg m = ENT_MSG_NOTHING;
    enum ent_err r = ask(keeper, &m, ENT_API_READER, ent_slice(h->b, sizeof(h->b)));
    if (r == ENT_OK && ent_identity_parse(ret, ent_buf_slice(&m.bytes)) != ENT_OK)
        r = ENT_E_PEER;
    ent_msg_release(&m);
    return r;
}

enum ent_err ent_api_red(const struct ent_caller *keeper, const struct ent_api_handle *h,
                         struct ent_slice on)
{
    struct ent_buf b;
    ent_buf_init(&b, sizeof(h->b) + ENT_TRAIL_ON);
    enum ent_err r = ent_buf_put(&b, h->b, sizeof(h->b));
    if (r == ENT_OK && (r = ent_buf_put_slice(&b, on)) == ENT_OK)
        r = tell(keeper, ENT_API_RED, ent_buf_slice(&b));
    ent_buf_release(&b);
    return r;
}

enum ent_err ent_api_vouch(const struct ent_caller *keeper, struct ent_identity *ret,
                           const struct ent_api_handle *h, const struct ent_vouch *v)
{
    struct ent_msg m = ENT_MSG_NOTHING;
    struct ent_buf b;
    uint8_t what[9] = {(uint8_t)v->kind};
    ent_put_u64le(what + 1, v->number);
    ent_buf_init(&b, 25 + ENT_NAME_MAX);
    enum ent_err r = ent_buf_put(&b, h->b, sizeof(h->b));
    if (r == ENT_OK && (r = ent_buf_put(&b, what, sizeof(what))) == ENT_OK &&
        (r = ent_buf_puts(&b, v->name)) == ENT_OK)
        r = ask(keeper, &m, ENT_API_VOUCH, ent_buf_slice(&b));
    if (r == ENT_OK && ent_identity_parse(ret, ent_buf_slice(&m.bytes)) != ENT_OK)
        r = ENT_E_PEER;
    ent_buf_release(&b);
    ent_msg_release(&m);
    return r;
}
