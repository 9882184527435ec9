/* delivery.c: an act with its receipt. */
#include "ledger/delivery.h"

#define FIRST_LINE "entente/delivery@v1"

enum ent_err ent_delivery_encode(struct ent_buf *b, struct ent_slice receipt, struct ent_slice act)
{
    enum ent_err r;
    if ((r = ent_buf_printf(b, FIRST_LINE "\nreceipt %zu\n", receipt.n)) != ENT_OK ||
        (r = ent_buf_put_slice(b, receipt)) != ENT_OK ||
        (r = ent_buf_printf(b, "act %zu\n", act.n)) != ENT_OK)
        return r;
    return ent_buf_put_slice(b, act);
}

/* "<key> <length>" and that many bytes. */
static enum ent_err take_part(struct ent_cur *c, struct ent_slice *ret, struct ent_slice key,
                              uint64_t most)
{
    struct ent_slice line;
    uint64_t n;
    enum ent_err r;
    if ((r = ent_cur_line(c, &line)) != ENT_OK)
        return r;
    if (!ent_slice_starts(line, key) ||
        ent_parse_u64(&n, ent_slice(line.p + key.n, line.n - key.n), most) != ENT_OK)
        return ENT_E_FORMAT;
    return ent_cur_take(c, ret, (size_t)n);
}

static enum ent_err parse(struct ent_delivery *del, struct ent_slice *ret_act,
                          struct ent_slice bytes, struct ent_diag *d)
{
    struct ent_cur c = ent_cur(bytes);
    struct ent_slice receipt;
    struct ent_buf none;
    enum ent_err r;
    if (bytes.n > ENT_DELIVERY_MAX)
        return ent_fail(d, ENT_E_LIMIT, "delivery too large", 0, ENT_DELIVERY_MAX);
    if (ent_cur_expect(&c, ENT_SLICE_LIT(FIRST_LINE "\n")) != ENT_OK ||
        take_part(&c, &receipt, ENT_SLICE_LIT("receipt "), ENT_RECEIPT_MAX) != ENT_OK ||
        take_part(&c, ret_act, ENT_SLICE_LIT("act "), ENT_ACT_MAX) != ENT_OK ||
        ent_cur_end(&c) != ENT_OK)
        return ent_fail(d, ENT_E_FORMAT, "not a delivery of an act with its receipt", 0, 0);
    ent_buf_init(&none, 0); /* no statement inside: it comes with the act */
    r = ent_receipt_parse(&del->receipt, &none, receipt, d);
    ent_buf_release(&none);
    if (r != ENT_OK)
        return r;
    r = ent_act_statement(&del->receipt.entry, *ret_act);
    return r == ENT_OK ? r : ent_fail(d, r, "not a signed statement with its body", 0, 0);
}

enum ent_err ent_delivery_claims(struct ent_slice *ret_entry, struct ent_slice bytes)
{
    struct ent_delivery del = {0};
    struct ent_slice act = {NULL, 0};
    enum ent_err r = parse(&del, &act, bytes, NULL);
    if (r == ENT_OK)
        *ret_entry = del.receipt.entry;
    return r;
}

enum ent_err ent_delivery_parse(struct ent_delivery *ret, struct ent_slice bytes,
                                const struct ent_roster *roster, struct ent_diag *d)
{
    struct ent_delivery del = {0};
    const struct ent_roster_member *m = NULL;
    const struct ent_log_key *log = NULL;
    struct ent_slice act = {NULL, 0};
    enum ent_err r;
    if ((r = parse(&del, &act, bytes, d)) != ENT_OK ||
        (r = ent_receipt_check(&del.receipt, &del.says, roster, d)) != ENT_OK)
        return r;
    r = ent_roster_log(roster, &m, &log, del.says.cp.origin);
    ENT_ASSERT(r == ENT_OK); /* or the receipt would not have held */
    const struct ent_pubkey *pk = ent_roster_author(m, del.says.generation, del.receipt.index);
    if ((r = ent_act_parse(&del.act, act, pk, d)) == ENT_OK)
        *ret = del;
    return r;
}
