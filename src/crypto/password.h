/* password.h: passwords of people, kept as Argon2id hashes. For secrets that are locked by one, see
 * keys.h. */
#ifndef ENT_CRYPTO_PASSWORD_H
#define ENT_CRYPTO_PASSWORD_H

#include "base/base.h"

#define ENT_PASSWORD_HASH 128u /* text with NUL */

/* 64 MiB and 2 passes, which is libsodium's "interactive"; cheap is for tests. ENT_E_NOMEM. */
ENT_MUST_USE enum ent_err ent_password_hash(char ret[static ENT_PASSWORD_HASH],
                                            struct ent_slice password, bool cheap);

/* At the cost that stands in the hash. ENT_E_AUTH: another password, or no hash. */
ENT_MUST_USE enum ent_err ent_password_check(const char hash[static ENT_PASSWORD_HASH],
                                             struct ent_slice password);

#endif
