/*
 * pact: who is a member, with which keys, and what is allowed: one text that all members share, in
 * versions, changed only by the votes of as many members as the version before it asks for.
 *
 * Promises: the same inputs give the same decision and the same bytes on every machine; a version
 * is version 1, which every founder signed, or names the text before it and carries enough votes of
 * one round, of the old members and of the new; every key was shown to be held by its member.
 * Never: does I/O, asks the clock, or decides by anything but its arguments.
 */
#ifndef ENT_PACT_PACT_H
#define ENT_PACT_PACT_H

#include "pact/ballot.h"
#include "pact/chain.h"
#include "pact/decide.h"
#include "pact/member.h"
#include "pact/next.h"
#include "pact/quorum_rule.h"
#include "pact/roster.h"
#include "pact/version.h"
#include "pact/vote.h"

#endif
