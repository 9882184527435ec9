/* fetch_frame.c: the channel between the process that fetches and the one that reads. Neither
 * trusts the other's lengths. */
#include "net/net.h"

#include "net/fetch_parts.h"

#include <errno.h>
#include <sys/socket.h>

enum ent_err ent_frame_parse(struct ent_frame *ret, const uint8_t header5[static ENT_FRAME_HEADER])
{
    /* table */
    static const struct {
        size_t min, max;
    } sizes[] = {
        [ENT_FRAME_GET] = {1, ENT_FETCH_SUFFIX},
        [ENT_FRAME_HEAD] = {1, ENT_ANSWER_MAX},
        [ENT_FRAME_BODY] = {1, ENT_FRAME_MAX},
        [ENT_FRAME_END] = {0, 0},
        [ENT_FRAME_FAIL] = {1, 1},
        [ENT_FRAME_POST] = {1, ENT_FRAME_MAX},
    };
    struct ent_cur c = {header5, ENT_FRAME_HEADER};
    uint8_t type;
    uint32_t n;
    if (ent_cur_u8(&c, &type) != ENT_OK || ent_cur_u32le(&c, &n) != ENT_OK ||
        type < ENT_FRAME_GET || type > ENT_FRAME_POST || n < sizes[type].min || n > sizes[type].max)
        return ENT_E_FORMAT;
    *ret = (struct ent_frame){.type = (enum ent_frame_type)type, .n = n};
    return ENT_OK;
}

static bool send_all(int fd, const uint8_t *p, size_t n)
{
    while (n > 0) {
        ssize_t sent = send(fd, p, n, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            return false;
        p += sent;
        n -= (size_t)sent;
    }
    return true;
}

bool ent_frame_send(int fd, enum ent_frame_type type, struct ent_slice payload)
{
    uint8_t header[ENT_FRAME_HEADER] = {(uint8_t)type};
    ENT_ASSERT(payload.n <= ENT_FRAME_MAX);
    ent_put_u32le(header + 1, (uint32_t)payload.n);
    return send_all(fd, header, sizeof(header)) && send_all(fd, payload.p, payload.n);
}

/* --- what is posted --------------------------------------------------------------------------- */

enum ent_err ent_post_encode(struct ent_buf *b, const struct ent_post *p)
{
    uint8_t n[2];
    enum ent_err r;
    if (p->suffix.n > UINT16_MAX || p->header.n > ENT_POST_HEADER ||
        3 + p->suffix.n + p->header.n + p->body.n > ENT_FRAME_MAX)
        return ENT_E_LIMIT;
    ent_put_u16le(n, (uint16_t)p->suffix.n);
    if ((r = ent_buf_put(b, n, sizeof(n))) == ENT_OK &&
        (r = ent_buf_put_slice(b, p->suffix)) == ENT_OK &&
        (r = ent_buf_putc(b, (char)p->header.n)) == ENT_OK &&
        (r = ent_buf_put_slice(b, p->header)) == ENT_OK)
        r = ent_buf_put_slice(b, p->body);
    return r;
}

/* One line, with a name that says something. */
static bool is_header(struct ent_slice s)
{
    const uint8_t *colon = s.n == 0 ? NULL : memchr(s.p, ':', s.n);
    if (colon == NULL || colon == s.p || colon + 2 >= s.p + s.n || colon[1] != ' ')
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < ' ' || s.p[i] >= 0x7f || (s.p + i < colon && s.p[i] == ' '))
            return false;
    return true;
}

enum ent_err ent_post_parse(struct ent_post *ret, struct ent_slice s)
{
    struct ent_cur c = ent_cur(s);
    struct ent_post p;
    uint16_t suffix;
    uint8_t header;
    enum ent_err r;
    if ((r = ent_cur_u16le(&c, &suffix)) != ENT_OK ||
        (r = ent_cur_take(&c, &p.suffix, suffix)) != ENT_OK ||
        (r = ent_cur_u8(&c, &header)) != ENT_OK ||
        (r = ent_cur_take(&c, &p.header, header)) != ENT_OK ||
        (r = ent_cur_take(&c, &p.body, c.n)) != ENT_OK)
        return r;
    if (!ent_suffix_is_valid(p.suffix) || p.suffix.n > ENT_FETCH_SUFFIX || !is_header(p.header) ||
        p.body.n == 0)
        return ENT_E_FORMAT;
    *ret = p;
    return ENT_OK;
}

/* --- answers ---------------------------------------------------------------------------------- */

static size_t put_text(uint8_t *p, const char *text)
{
    size_t n = strlen(text);
    p[0] = (uint8_t)n;
    memcpy(p + 1, text, n);
    return n + 1;
}

size_t ent_answer_encode(uint8_t ret[static ENT_ANSWER_MAX], const struct ent_fetch_answer *a)
{
    ent_put_u16le(ret, (uint16_t)a->status);
    ret[2] = (uint8_t)a->type;
    ret[3] = a->wait_said;
    ent_put_u32le(ret + 4, a->wait_said ? a->wait : 0);
    size_t n = 8 + put_text(ret + 8, a->date);
    return n + put_text(ret + n, a->type_text);
}

static enum ent_err get_text(struct ent_cur *c, char *ret, size_t cap)
{
    struct ent_slice s;
    uint8_t n;
    enum ent_err r;
    if ((r = ent_cur_u8(c, &n)) != ENT_OK || (r = ent_cur_take(c, &s, n)) != ENT_OK)
        return r;
    if (n >= cap)
        return ENT_E_FORMAT;
    for (size_t i = 0; i < n; i++)
        if (s.p[i] < 0x20 || s.p[i] >= 0x7f)
            return ENT_E_FORMAT;
    if (n > 0)
        memcpy(ret, s.p, n);
    ret[n] = '\0';
    return ENT_OK;
}

enum ent_err ent_answer_parse(struct ent_fetch_answer *ret, struct ent_slice s)
{
    struct ent_cur c = ent_cur(s);
    struct ent_fetch_answer a = {0};
    char date[ENT_FETCH_DATE];
    uint16_t status;
    uint8_t type, said;
    enum ent_err r;
    if ((r = ent_cur_u16le(&c, &status)) != ENT_OK || (r = ent_cur_u8(&c, &type)) != ENT_OK ||
        (r = ent_cur_u8(&c, &said)) != ENT_OK || (r = ent_cur_u32le(&c, &a.wait)) != ENT_OK ||
        (r = get_text(&c, a.date, sizeof(a.date))) != ENT_OK ||
        (r = get_text(&c, a.type_text, sizeof(a.type_text))) != ENT_OK ||
        (r = ent_cur_end(&c)) != ENT_OK)
        return r;
    if (status < 200 || status > 599 || type > ENT_FETCH_OTHER || said > 1 || a.wait > INT32_MAX ||
        (said == 0 && a.wait != 0))
        return ENT_E_FORMAT;
    if (a.date[0] != '\0' &&
        (ent_fetch_date(date, ent_slice_str(a.date)) != ENT_OK || strcmp(date, a.date) != 0))
        return ENT_E_FORMAT;
    a.status = status;
    a.type = (enum ent_fetch_type)type;
    a.wait_said = said == 1;
    *ret = a;
    return ENT_OK;
}

/* --- faults ----------------------------------------------------------------------------------- */

enum ent_err ent_fault(struct ent_diag *d, unsigned fault)
{
    /* table */
    static const struct {
        enum ent_err err;
        const char *text;
    } faults[ENT_FAULTS] = {
        [ENT_FAULT_START] = {ENT_E_UNSUPPORTED, "libcurl lacks an option this needs"},
        [ENT_FAULT_SANDBOX] = {ENT_E_UNSUPPORTED, "the process that fetches cannot enter its "
                                                  "sandbox"},
        [ENT_FAULT_RESOLVE] = {ENT_E_PEER, "the server's name cannot be resolved"},
        [ENT_FAULT_PROXY] = {ENT_E_PEER, "no connection through the proxy that https_proxy names"},
        [ENT_FAULT_CONNECT] = {ENT_E_PEER, "no connection to the server"},
        [ENT_FAULT_TLS] = {ENT_E_PEER, "the TLS handshake failed (1.2 or newer is needed)"},
        [ENT_FAULT_CERTIFICATE] = {ENT_E_AUTH, "the server's certificate is not one to trust: "
                                               "unknown authority, wrong name, or expired"},
        [ENT_FAULT_CA_FILE] = {ENT_E_FORMAT, "the certificate authorities cannot be read"},
        [ENT_FAULT_TIMEOUT] = {ENT_E_TIMEOUT, "the server says nothing"},
        [ENT_FAULT_SLOW] = {ENT_E_TIMEOUT, "the server sends less than 1 KiB a second, or needs "
                                           "more than ten minutes"},
        [ENT_FAULT_HTTP] = {ENT_E_PEER, "the server does not speak HTTP"},
        [ENT_FAULT_HEADERS] = {ENT_E_PEER, "the headers of the answer contradict each other, are "
                                           "malformed, or of more than 64 KiB"},
        [ENT_FAULT_ENCODING] = {ENT_E_PEER, "the answer is compressed in a way that was not asked "
                                            "for, or damaged"},
        [ENT_FAULT_TOO_LARGE] = {ENT_E_LIMIT, "the answer is larger than allowed (256 MiB)"},
        [ENT_FAULT_BOMB] = {ENT_E_LIMIT, "the compressed answer grows beyond the limit"},
        [ENT_FAULT_BROKEN] = {ENT_E_PEER, "the connection broke before the answer was whole"},
        [ENT_FAULT_MEMORY] = {ENT_E_NOMEM, "no memory for the answer"},
    };
    if (fault == 0 || fault >= ENT_FAULTS)
        return ent_fail(d, ENT_E_PEER, "the process that fetches said nonsense", 0, 0);
    return ent_fail(d, faults[fault].err, faults[fault].text, 0, 0);
}
