/*
 * credential.h: what a request brings to say who sends it, out of its headers, in the process that
 * parses foreign bytes. A token or a session leaves it only as a hash.
 *
 *     Authorization: Basic base64(name:password)   or a token in the place of the password
 *     Authorization: Bearer ent_<43 characters>
 *     Cookie: __Host-entente=<43 characters>       "entente" where there is no TLS
 */
#ifndef ENT_NODE_CREDENTIAL_H
#define ENT_NODE_CREDENTIAL_H

#include "store/store.h"

#define ENT_PASSWORD_MIN 12u /* bytes of UTF-8 */
#define ENT_PASSWORD_MAX 256u

/* 32 random bytes as base64url: of a session, and behind "ent_" of a token, "entl_" of a link. */
#define ENT_SECRET_TEXT 44u /* with NUL */
#define ENT_TOKEN_TEXT  (4u + ENT_SECRET_TEXT)
#define ENT_LINK_TEXT   (5u + ENT_SECRET_TEXT)
#define ENT_COOKIE_TLS  "__Host-entente"
#define ENT_COOKIE      "entente"

enum ent_credential_kind { ENT_CRED_NONE, ENT_CRED_PASSWORD, ENT_CRED_TOKEN, ENT_CRED_SESSION };

/* Secret; wipe it. */
struct ent_credential {
    enum ent_credential_kind kind;
    char name[ENT_USER_NAME_MAX + 1]; /* of the account; "" where the secret says it */
    uint16_t password_n;              /* of ENT_CRED_PASSWORD */
    uint8_t password[ENT_PASSWORD_MAX];
    struct ent_hash32 hash;     /* of the others */
    char csrf[ENT_SECRET_TEXT]; /* of a session: what its requests must bring; not encoded */
};

/* Header values as they came, empty where they did not. */
struct ent_presented {
    struct ent_slice authorization, cookie, origin, host, fetch_site, csrf;
    bool tls, safe; /* safe: GET or HEAD, which change nothing */
};

/*
 * ENT_CRED_NONE where nothing is presented; cookies of others do not matter. ENT_E_AUTH for what
 * cannot be right (a name or a token that nobody has, two sessions): answered as a wrong password.
 * ENT_E_UNSUPPORTED for another scheme. Authorization goes before a cookie.
 */
ENT_MUST_USE enum ent_err ent_credential_parse(struct ent_credential *ret,
                                               const struct ent_presented *p);

/*
 * Whether a request that acts by a cookie, or asks for one, comes from our own pages: a browser
 * sends cookies with requests that another site makes. Sec-Fetch-Site or Origin must say that it
 * does, and with a session the header X-CSRF-Token must bring its csrf. ENT_E_POLICY.
 */
ENT_MUST_USE enum ent_err ent_credential_own_site(const struct ent_credential *c,
                                                  const struct ent_presented *p);

/* A name and a password that came in a body. ENT_E_AUTH as above. */
ENT_MUST_USE enum ent_err ent_credential_password(struct ent_credential *ret, struct ent_slice name,
                                                  struct ent_slice password);

/* As it crosses to the keeper: encode(parse(x)) == x. */
#define ENT_CREDENTIAL_BYTES 512u /* at most */
ENT_MUST_USE enum ent_err ent_credential_encode(struct ent_buf *b, const struct ent_credential *c);
ENT_MUST_USE enum ent_err ent_credential_decode(struct ent_credential *ret, struct ent_slice bytes);

/* --- secrets ------------------------------------------------------------------------------------
 */

/* A new one, behind a prefix ("ent_", "entl_" or "") in text of cap bytes; its hash is kept. */
void ent_secret_make(char *text, size_t cap, const char *prefix, struct ent_hash32 *ret_hash);
/* ENT_E_FORMAT for all but exactly what that makes. */
ENT_MUST_USE enum ent_err ent_secret_hash(struct ent_hash32 *ret, struct ent_slice text,
                                          const char *prefix);
/* The csrf of a session, from its cookie: whoever cannot read the one cannot make the other. */
ENT_MUST_USE enum ent_err ent_session_csrf(char ret[static ENT_SECRET_TEXT],
                                           struct ent_slice cookie);

#endif
