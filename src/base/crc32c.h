/* crc32c.h: the CRC of RFC 3720 (Castagnoli), which tells a torn write from a whole one. It keeps
 * nobody from anything; hashes do that. */
#ifndef ENT_BASE_CRC32C_H
#define ENT_BASE_CRC32C_H

#include <entente/entente.h>

/* Of all pieces so far, which begin with 0. */
uint32_t ent_crc32c(uint32_t before, struct ent_slice s);

#endif
