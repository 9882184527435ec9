/*
 * ledger: what is said between members, in bytes that are signed, and kept in logs that nobody can
 * rewrite unseen. Notes with their signatures, statements, acts (a statement with the body it
 * commits to), logs and their heads, receipts, proofs of misbehaviour, and the view of everybody's
 * logs that makes a node a witness and a mirror.
 *
 * Promises: encode(parse(x)) == x or the bytes are refused; a signature by a known key that does
 * not hold refuses the whole note; nothing here knows the time or a socket, and of a disk no more
 * than disk.h says.
 * Never: knows what a statement is about.
 *
 * Source: C2SP signed-note, tlog-checkpoint, tlog-cosignature, tlog-tiles, tlog-witness,
 * tlog-proof, tlog-policy; docs/ledger.md.
 */
#ifndef ENT_LEDGER_LEDGER_H
#define ENT_LEDGER_LEDGER_H

#include "ledger/note.h"
#include "ledger/statement.h"
#include "ledger/checkpoint.h"
#include "ledger/tile.h"
#include "ledger/disk.h"
#include "ledger/tree.h"
#include "ledger/log.h"
#include "ledger/roster.h"
#include "ledger/signer.h"
#include "ledger/consistency.h"
#include "ledger/receipt.h"
#include "ledger/delivery.h"
#include "ledger/misbehaviour.h"
#include "ledger/view.h"

#endif
