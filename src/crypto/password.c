/* password.c: libsodium's crypto_pwhash_str. */
#include "crypto/password.h"

#include <sodium.h>

_Static_assert(ENT_PASSWORD_HASH == crypto_pwhash_STRBYTES, "as libsodium has it");

enum ent_err ent_password_hash(char ret[static ENT_PASSWORD_HASH], struct ent_slice password,
                               bool cheap)
{
    char text[ENT_PASSWORD_HASH];
    if (crypto_pwhash_str_alg(
            text, (const char *)password.p, password.n,
            cheap ? crypto_pwhash_OPSLIMIT_MIN : crypto_pwhash_OPSLIMIT_INTERACTIVE,
            cheap ? crypto_pwhash_MEMLIMIT_MIN : crypto_pwhash_MEMLIMIT_INTERACTIVE,
            crypto_pwhash_ALG_ARGON2ID13) != 0)
        return ENT_E_NOMEM;
    memcpy(ret, text, sizeof(text));
    return ENT_OK;
}

enum ent_err ent_password_check(const char hash[static ENT_PASSWORD_HASH],
                                struct ent_slice password)
{
    return crypto_pwhash_str_verify(hash, (const char *)password.p, password.n) == 0 ? ENT_OK
                                                                                     : ENT_E_AUTH;
}
