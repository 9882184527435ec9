/*
 * base: what every other folder stands on. Errors, slices and cursors, growable buffers and arenas
 * that are born with their maximum, secrets, files and compressed inputs, numbers and text, the
 * clock, JSON output, a progress line, CPU dispatch, a thread pool.
 *
 * Promises: nothing grows past the limit its creator gave; nothing foreign is printed unescaped;
 * a file that was replaced is either the old one or the new one, whole.
 * Never: knows what the product is about.
 */
#ifndef ENT_BASE_BASE_H
#define ENT_BASE_BASE_H

#include "base/banned.h"

#include "base/err.h"
#include "base/slice.h"
#include "base/buf.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/cpu.h"
#include "base/crc32c.h"
#include "base/ct.h"
#include "base/encode.h"
#include "base/file.h"
#include "base/input.h"
#include "base/json.h"
#include "base/lines.h"
#include "base/pool.h"
#include "base/progress.h"
#include "base/secret.h"
#include "base/text.h"

#endif
