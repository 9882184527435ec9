/*
 * md5.h: MD5 (RFC 1321), which the index of a MISP feed is made of. Broken as a hash: here it only
 * finds values again that somebody has already.
 */
#ifndef ENT_INTEL_MD5_H
#define ENT_INTEL_MD5_H

#include "base/base.h"

#define ENT_MD5_TEXT 33
void ent_md5_text(char ret[static ENT_MD5_TEXT], struct ent_slice s);

#endif
