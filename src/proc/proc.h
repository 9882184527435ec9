/*
 * proc: the mechanism of separated processes. Messages between two of them, checked against a table
 * of what each side may say and when; channels on which many threads call and answer at once;
 * children that are this program again under another name; a sandbox; and the parent that starts
 * them, waits for them, starts them again.
 *
 * Promises: whatever comes through a channel ends the channel at worst, never the process that
 * reads it; memory that a peer can take is bounded before it sends; a child begins with one
 * descriptor and an empty environment; a sandbox is whole, or the caller is told; no child outlives
 * its parent or stays unwaited for.
 * Never: knows what a message means, or what a role does.
 */
#ifndef ENT_PROC_PROC_H
#define ENT_PROC_PROC_H

#include "base/base.h"

#include "proc/msg.h"
#include "proc/channel.h"
#include "proc/sandbox.h"
#include "proc/spawn.h"
#include "proc/supervise.h"
#include "proc/look.h"

#endif
