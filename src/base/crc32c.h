/* crc32c.h: the CRC of RFC 3720 (Castagnoli), which tells a torn write from a whole one. It keeps
 * nobody from anything; hashes do that. */
#ifndef ENT_BASE_CRC32C_H
#define ENT_BASE_CRC32C_H

#include <entente/entente.h>

struct ent_buf;

/* Of all pieces so far, which begin with 0. */
uint32_t ent_crc32c(uint32_t before, struct ent_slice s);

/*
 * Small files of one's own that nothing else vouches for end with "check <8 hex> LF", the CRC of
 * all before it: whichever bit flips, the file is damaged, instead of saying something else.
 */
#define ENT_CHECK_LINE 15u
ENT_MUST_USE enum ent_err ent_check_add(struct ent_buf *b);
/* Take the line off. ENT_E_FORMAT when it is missing or another one; then *text is as it was. */
ENT_MUST_USE enum ent_err ent_check_take(struct ent_slice *text);

#endif
