/*
 * match: two-party private comparison as state machines: bytes in, bytes out, result. This version
 * has the mode `lookup`: the asker learns which of its observables are on the holder's list, with
 * the labels of those alone; the holder learns how many were asked (docs/match.md has the bytes).
 *
 * Promises, against a partner who lies at every step:
 *   the holder answers exactly as many questions as were announced, no repeated batch with other
 *   contents, and each element is checked to be canonical and not the identity;
 *   the asker sees that one key, fixed in the acceptance, answered every question (DLEQ proof);
 *   nothing the asker sends, and no decision whether to go on, depends on what it found;
 *   every length is known before a byte is allocated; one generic abort.
 * Never: opens a socket, touches a file, or knows the time.
 */
#ifndef ENT_MATCH_MATCH_H
#define ENT_MATCH_MATCH_H

#include "pact/pact.h"

#include "match/terms.h"
#include "match/filter.h"
#include "match/label.h"
#include "match/lookup.h"
#include "match/quorum_field.h"
#include "match/quorum_shape.h"
#include "match/quorum_table.h"
#include "match/quorum_collect.h"
#include "match/quorum_offer.h"
#include "match/quorum_terms.h"
#include "match/quorum_wire.h"
#include "match/quorum_keys.h"
#include "match/quorum_run.h"

#endif
