/*
 * delivery.h: an act on its way to others, together with the receipt that shows it in its author's
 * log: nothing is answered that its author could deny or say differently to somebody else.
 *
 *     entente/delivery@v1
 *     receipt <length>
 *     <a receipt without the statement>
 *     act <length>
 *     <the act>
 */
#ifndef ENT_LEDGER_DELIVERY_H
#define ENT_LEDGER_DELIVERY_H

#include "ledger/receipt.h"

#define ENT_DELIVERY_MAX (ENT_ACT_MAX + ENT_NOTE_MAX + 8192u)

struct ent_delivery {
    struct ent_act act;
    struct ent_receipt receipt;   /* its entry is the act's statement */
    struct ent_receipt_says says; /* and what it shows */
};

ENT_MUST_USE enum ent_err ent_delivery_encode(struct ent_buf *b, struct ent_slice receipt,
                                              struct ent_slice act);

/* Parse, and check receipt and act against the roster. Slices point into bytes. ENT_E_FORMAT,
 * ENT_E_LIMIT or ENT_E_AUTH with a diagnosis. Whether the head fits what is known of that log is
 * for the view (ledger/view.h). */
ENT_MUST_USE enum ent_err ent_delivery_parse(struct ent_delivery *ret, struct ent_slice bytes,
                                             const struct ent_roster *roster, struct ent_diag *d);

/* The signed statement inside, and nothing verified: to find the one that is wanted, or to look at
 * one that holds no longer because its log was closed before it. */
ENT_MUST_USE enum ent_err ent_delivery_claims(struct ent_slice *ret_entry, struct ent_slice bytes);

#endif
