/*
 * watch: the set of indicators and the scanner that finds them in any bytes; the guard, which finds
 * lookalikes of protected names.
 *
 * Promises: exact about what a token is (docs/watch.md); nothing is lost where one buffer ends and
 * the next begins; memory is bounded and does not depend on the bytes scanned.
 * Never: knows where bytes come from. The interface is the public one.
 */
#ifndef ENT_WATCH_WATCH_H
#define ENT_WATCH_WATCH_H

#include "intel/intel.h"

#include <entente/watch.h>

#include "watch/image.h"
#include "watch/observed.h"
#include "watch/window.h"
#include "watch/windows.h"
#include "watch/guard.h"

#endif
