/* control.c: the table, and the fields. */
#include "node/node.h"

#include "node/control.h"
#include "node/counts.h"

#define PARENT ENT_MSG_BIT(ENT_PROCESS_PARENT)
#define LEDGER ENT_MSG_BIT(ENT_PROCESS_LEDGER)
#define OTHERS (ENT_MSG_BIT(ENT_PROCESSES) - 1 - PARENT)
#define TEXT   (1 + ENT_CONTROL_TEXT)

/* clang-format off */
static const struct ent_msg_row rows[] = {
    {ENT_CONTROL_LINK, ENT_MSG_NOTE, PARENT, ENT_MSG_ANY, 2, 2, ENT_MSG_FD_ONE},
    {ENT_CONTROL_READY, ENT_MSG_NOTE, OTHERS, ENT_MSG_ANY, 37, 36 + TEXT, ENT_MSG_FD_NONE},
    {ENT_CONTROL_WANT, ENT_MSG_NOTE, LEDGER, ENT_MSG_ANY, 69, 101, ENT_MSG_FD_NONE},
    {ENT_CONTROL_SERVING, ENT_MSG_NOTE, LEDGER, ENT_MSG_ANY, 0, 0, ENT_MSG_FD_NONE},
    {ENT_CONTROL_TRAIL, ENT_MSG_NOTE, PARENT, ENT_MSG_ANY, 32, 32, ENT_MSG_FD_NONE},
    {ENT_CONTROL_FIRST, ENT_MSG_NOTE, ENT_MSG_BIT(ENT_PROCESS_KEEPER), ENT_MSG_ANY,
     0, ENT_LINK_TEXT - 1, ENT_MSG_FD_NONE},
    {ENT_CONTROL_COUNTS, ENT_MSG_NOTE, PARENT, ENT_MSG_ANY, 1, ENT_COUNTS_MAX, ENT_MSG_FD_NONE},
    {ENT_CONTROL_DRAIN, ENT_MSG_NOTE, PARENT, ENT_MSG_ANY, 0, 0, ENT_MSG_FD_NONE},
    {ENT_CONTROL_DRAINED, ENT_MSG_NOTE, LEDGER, ENT_MSG_ANY, 0, 0, ENT_MSG_FD_NONE},
    {ENT_CONTROL_STOP, ENT_MSG_NOTE, PARENT, ENT_MSG_ANY, 0, 0, ENT_MSG_FD_NONE},
    {ENT_CONTROL_LIAR, ENT_MSG_NOTE, OTHERS, ENT_MSG_ANY, 3, 2 + TEXT, ENT_MSG_FD_NONE},
    {ENT_MSG_REPORT, ENT_MSG_NOTE, OTHERS, ENT_MSG_ANY, 1, ENT_REPORT_MAX, ENT_MSG_FD_NONE},
};
/* clang-format on */

const struct ent_protocol ent_control = {rows, sizeof(rows) / sizeof(rows[0]), 1, 4096};

/* --- fields -------------------------------------------------------------------------------------
 */

static enum ent_err put_text(struct ent_buf *b, const char *text)
{
    size_t n = strnlen(text, ENT_CONTROL_TEXT);
    if (n == ENT_CONTROL_TEXT)
        return ENT_E_LIMIT;
    enum ent_err r = ent_buf_putc(b, (char)n);
    return r == ENT_OK ? ent_buf_put(b, text, n) : r;
}

/* Visible ASCII and blanks: it goes into logs and files for people. */
static enum ent_err take_text(struct ent_cur *c, char ret[static ENT_CONTROL_TEXT])
{
    struct ent_slice s;
    uint8_t n;
    enum ent_err r;
    if ((r = ent_cur_u8(c, &n)) != ENT_OK || n >= ENT_CONTROL_TEXT ||
        (r = ent_cur_take(c, &s, n)) != ENT_OK)
        return r != ENT_OK ? r : ENT_E_FORMAT;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < 0x20 || s.p[i] > 0x7e)
            return ENT_E_FORMAT;
        ret[i] = (char)s.p[i];
    }
    ret[n] = '\0';
    return ENT_OK;
}

static enum ent_err take_at(struct ent_cur *c, struct ent_at *ret)
{
    uint8_t process, index;
    enum ent_err r;
    if ((r = ent_cur_u8(c, &process)) != ENT_OK || (r = ent_cur_u8(c, &index)) != ENT_OK)
        return r;
    *ret = (struct ent_at){(enum ent_process)process, index};
    return process > ENT_PROCESS_PARENT && process < ENT_PROCESSES && index < ENT_PLACES
               ? ENT_OK
               : ENT_E_FORMAT;
}

enum ent_err ent_at_encode(struct ent_buf *b, const struct ent_at *at)
{
    const uint8_t bytes[2] = {(uint8_t)at->process, (uint8_t)at->index};
    return ent_buf_put(b, bytes, sizeof(bytes));
}

enum ent_err ent_at_parse(struct ent_at *ret, struct ent_slice bytes)
{
    struct ent_cur c = ent_cur(bytes);
    enum ent_err r = take_at(&c, ret);
    return r == ENT_OK ? ent_cur_end(&c) : r;
}

enum ent_err ent_ready_encode(struct ent_buf *b, const struct ent_ready *ready)
{
    const uint8_t ports[4] = {(uint8_t)ready->port, (uint8_t)(ready->port >> 8),
                              (uint8_t)ready->users_port, (uint8_t)(ready->users_port >> 8)};
    enum ent_err r;
    if ((r = ent_buf_put(b, ports, sizeof(ports))) != ENT_OK ||
        (r = ent_buf_put(b, ready->fingerprint, sizeof(ready->fingerprint))) != ENT_OK)
        return r;
    return put_text(b, ready->sandbox);
}

enum ent_err ent_ready_parse(struct ent_ready *ret, struct ent_slice bytes)
{
    struct ent_cur c = ent_cur(bytes);
    enum ent_err r;
    if ((r = ent_cur_u16le(&c, &ret->port)) != ENT_OK ||
        (r = ent_cur_u16le(&c, &ret->users_port)) != ENT_OK ||
        (r = ent_cur_copy(&c, ret->fingerprint, sizeof(ret->fingerprint))) != ENT_OK ||
        (r = take_text(&c, ret->sandbox)) != ENT_OK)
        return r;
    return ent_cur_end(&c);
}

enum ent_err ent_liar_encode(struct ent_buf *b, const struct ent_liar *l)
{
    enum ent_err r = ent_at_encode(b, &l->at);
    return r == ENT_OK ? put_text(b, l->why) : r;
}

enum ent_err ent_liar_parse(struct ent_liar *ret, struct ent_slice bytes)
{
    struct ent_cur c = ent_cur(bytes);
    enum ent_err r;
    if ((r = take_at(&c, &ret->at)) != ENT_OK || (r = take_text(&c, ret->why)) != ENT_OK)
        return r;
    return ent_cur_end(&c);
}

/* u8 authors, 32 each, 32 of the node, u32 generation */
enum ent_err ent_wants_encode(struct ent_buf *b, const struct ent_book_wants *w)
{
    const uint8_t generation[4] = {(uint8_t)w->generation, (uint8_t)(w->generation >> 8),
                                   (uint8_t)(w->generation >> 16), (uint8_t)(w->generation >> 24)};
    enum ent_err r = ent_buf_putc(b, (char)w->authors);
    for (size_t i = 0; r == ENT_OK && i < w->authors; i++)
        r = ent_buf_put(b, w->author[i].b, sizeof(w->author[i].b));
    if (r == ENT_OK)
        r = ent_buf_put(b, w->node.b, sizeof(w->node.b));
    return r == ENT_OK ? ent_buf_put(b, generation, sizeof(generation)) : r;
}

enum ent_err ent_wants_parse(struct ent_book_wants *ret, struct ent_slice bytes)
{
    struct ent_cur c = ent_cur(bytes);
    uint8_t n;
    enum ent_err r;
    *ret = (struct ent_book_wants){.authors = 0};
    if ((r = ent_cur_u8(&c, &n)) != ENT_OK)
        return r;
    if (n == 0 || n > ENT_BOOK_AUTHORS)
        return ENT_E_FORMAT;
    for (ret->authors = 0; ret->authors < n; ret->authors++)
        if ((r = ent_cur_copy(&c, ret->author[ret->authors].b, 32)) != ENT_OK)
            return r;
    uint32_t generation;
    if ((r = ent_cur_copy(&c, ret->node.b, 32)) != ENT_OK ||
        (r = ent_cur_u32le(&c, &generation)) != ENT_OK)
        return r;
    ret->generation = generation;
    return generation > 0 ? ent_cur_end(&c) : ENT_E_FORMAT;
}
