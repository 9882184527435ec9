/* msg.c: headers, and whether a frame may come. Pure: no descriptors, no memory. */
#include "proc/proc.h"

#define KIND_BITS 3u
#define FD_BIT    4u

bool ent_protocol_is_sound(const struct ent_protocol *p)
{
    if (p->window == 0 || p->window > UINT16_MAX)
        return false;
    for (size_t i = 0; i < p->n; i++) {
        const struct ent_msg_row *r = &p->rows[i];
        if (r->type == 0 || r->kind == ENT_MSG_REFUSAL || r->min > r->max || r->max > ENT_MSG_MAX ||
            (r->kind == ENT_MSG_CALL && r->max > p->window_bytes))
            return false;
        if ((r->kind == ENT_MSG_CALL && ent_msg_row(p, r->type, ENT_MSG_ANSWER) == NULL) ||
            ent_msg_row(p, r->type, r->kind) != r) /* twice */
            return false;
    }
    return true;
}

void ent_msg_head_encode(uint8_t ret[static ENT_MSG_HEAD], const struct ent_msg_head *h)
{
    ent_put_u32le(ret, h->n);
    ent_put_u16le(ret + 4, h->type);
    ent_put_u16le(ret + 6, (uint16_t)((unsigned)h->kind | (h->fd ? FD_BIT : 0)));
    ent_put_u64le(ret + 8, h->id);
}

enum ent_err ent_msg_head_parse(struct ent_msg_head *ret, struct ent_diag *d,
                                const uint8_t head16[static ENT_MSG_HEAD])
{
    struct ent_cur c = {head16, ENT_MSG_HEAD};
    struct ent_msg_head h;
    uint16_t flags;
    enum ent_err r;
    if ((r = ent_cur_u32le(&c, &h.n)) != ENT_OK || (r = ent_cur_u16le(&c, &h.type)) != ENT_OK ||
        (r = ent_cur_u16le(&c, &flags)) != ENT_OK || (r = ent_cur_u64le(&c, &h.id)) != ENT_OK)
        return r;
    if ((flags & ~(KIND_BITS | FD_BIT)) != 0)
        return ent_fail(d, ENT_E_FORMAT, "a message with unknown flags", 0, 6);
    h.kind = (enum ent_msg_kind)(flags & KIND_BITS);
    h.fd = (flags & FD_BIT) != 0;
    if ((h.id == 0) != (h.kind == ENT_MSG_NOTE))
        return ent_fail(d, ENT_E_FORMAT, "a message whose number does not fit its kind", 0, 8);
    if (h.kind == ENT_MSG_REFUSAL && (h.n != 1 || h.fd))
        return ent_fail(d, ENT_E_FORMAT, "a refusal that is none", 0, 0);
    if (h.n > ENT_MSG_MAX)
        return ent_fail(d, ENT_E_LIMIT, "a message of more than 64 MiB", 0, 0);
    *ret = h;
    return ENT_OK;
}

const struct ent_msg_row *ent_msg_row(const struct ent_protocol *p, uint16_t type,
                                      enum ent_msg_kind kind)
{
    if (kind == ENT_MSG_REFUSAL)
        kind = ENT_MSG_ANSWER;
    for (size_t i = 0; i < p->n; i++)
        if (p->rows[i].type == type && p->rows[i].kind == kind)
            return &p->rows[i];
    return NULL;
}

enum ent_err ent_msg_check(const struct ent_protocol *p, struct ent_diag *d,
                           const struct ent_msg_head *h, unsigned from, unsigned phase)
{
    const struct ent_msg_row *row = ent_msg_row(p, h->type, h->kind);
    if (row == NULL)
        return ent_fail(d, ENT_E_FORMAT, "a message of no known type", 0, 4);
    if ((row->from & ENT_MSG_BIT(from)) == 0)
        return ent_fail(d, ENT_E_POLICY, "a message that is not this role's to send", 0, 4);
    if ((row->phases & ENT_MSG_BIT(phase)) == 0)
        return ent_fail(d, ENT_E_STATE, "a message in the wrong phase", 0, 4);
    if (h->kind == ENT_MSG_REFUSAL)
        return ENT_OK;
    if (h->n < row->min || h->n > row->max)
        return ent_fail(d, ENT_E_LIMIT, "a message of a length that its type does not have", 0, 0);
    if ((h->fd && row->fd == ENT_MSG_FD_NONE) || (!h->fd && row->fd == ENT_MSG_FD_ONE))
        return ent_fail(d, ENT_E_FORMAT, "a message with a descriptor too much or too few", 0, 6);
    return ENT_OK;
}

void ent_msg_release(struct ent_msg *m)
{
    ent_buf_release(&m->bytes);
    if (m->fd >= 0)
        (void)close(m->fd);
    m->fd = -1;
}
