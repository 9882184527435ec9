/*
 * ledger: what is said between members, in bytes that are signed. Notes with their signatures,
 * statements, acts (a statement with the body it commits to), the heads of logs, receipts, and
 * proofs of misbehaviour.
 *
 * Promises: encode(parse(x)) == x or the bytes are refused; a signature by a known key that does
 * not hold refuses the whole note; nothing here knows the time, a file or a socket.
 * Never: knows what a statement is about.
 *
 * Source: C2SP signed-note, tlog-checkpoint, tlog-cosignature; docs/ledger.md.
 */
#ifndef ENT_LEDGER_LEDGER_H
#define ENT_LEDGER_LEDGER_H

#include "ledger/note.h"
#include "ledger/statement.h"
#include "ledger/checkpoint.h"
#include "ledger/tile.h"
#include "ledger/roster.h"
#include "ledger/receipt.h"
#include "ledger/misbehaviour.h"
#include "ledger/view.h"

#endif
