/* credential.c: headers into a typed credential, and that over a border between processes. */
#include "node/node.h"

#include "node/credential.h"

#define SECRET_N   (ENT_SECRET_TEXT - 1)
#define BASIC_MAX  (ENT_USER_NAME_MAX + 1 + ENT_PASSWORD_MAX)
#define TOKEN_SIGN "ent_"

/* --- secrets ------------------------------------------------------------------------------------
 */

static enum ent_err decode(uint8_t ret[static 32], struct ent_slice text)
{
    char again[ENT_SECRET_TEXT];
    size_t n = 0;
    if (text.n != SECRET_N ||
        sodium_base642bin(ret, 32, (const char *)text.p, text.n, NULL, &n, NULL,
                          sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 ||
        n != 32)
        return ENT_E_FORMAT;
    (void)sodium_bin2base64(again, sizeof(again), ret, 32,
                            sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    return sodium_memcmp(again, text.p, SECRET_N) == 0 ? ENT_OK : ENT_E_FORMAT;
}

/* A kind of secret is not to be used as another one: the sign is hashed too. */
static void hash_of(struct ent_hash32 *ret, const char *use, const char *sign,
                    const uint8_t secret[static 32])
{
    struct ent_sha256 h;
    ent_sha256_init(&h);
    ent_sha256_add(&h, ent_slice_str(use));
    ent_sha256_add(&h, ent_slice_str(sign));
    ent_sha256_add(&h, ENT_SLICE_LIT("\n"));
    ent_sha256_add(&h, ent_slice(secret, 32));
    ent_sha256_end(&h, ret);
}

void ent_secret_make(char *text, size_t cap, const char *prefix, struct ent_hash32 *ret_hash)
{
    const size_t n = strlen(prefix);
    uint8_t secret[32];
    ENT_ASSERT(cap == n + ENT_SECRET_TEXT);
    ent_random(secret, sizeof(secret));
    memcpy(text, prefix, n);
    (void)sodium_bin2base64(text + n, ENT_SECRET_TEXT, secret, sizeof(secret),
                            sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    hash_of(ret_hash, "entente/secret@v1 ", prefix, secret);
    ent_wipe(secret, sizeof(secret));
}

enum ent_err ent_secret_hash(struct ent_hash32 *ret, struct ent_slice text, const char *prefix)
{
    const size_t n = strlen(prefix);
    uint8_t secret[32];
    if (!ent_slice_starts(text, ent_slice_str(prefix)))
        return ENT_E_FORMAT;
    enum ent_err r = decode(secret, ent_slice(text.p + n, text.n - n));
    if (r == ENT_OK)
        hash_of(ret, "entente/secret@v1 ", prefix, secret);
    ent_wipe(secret, sizeof(secret));
    return r;
}

enum ent_err ent_session_csrf(char ret[static ENT_SECRET_TEXT], struct ent_slice cookie)
{
    struct ent_hash32 h;
    uint8_t secret[32];
    enum ent_err r = decode(secret, cookie);
    if (r == ENT_OK) {
        hash_of(&h, "entente/csrf@v1 ", "", secret);
        (void)sodium_bin2base64(ret, ENT_SECRET_TEXT, h.b, sizeof(h.b),
                                sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    }
    ent_wipe(secret, sizeof(secret));
    return r;
}

/* --- Authorization ------------------------------------------------------------------------------
 */

/* "<scheme> " in any case, and what is behind the blanks. */
static bool scheme_is(struct ent_slice value, const char *scheme, struct ent_slice *ret)
{
    const size_t n = strlen(scheme);
    if (value.n <= n || !ent_slice_ieq(ent_slice(value.p, n), ent_slice_str(scheme)) ||
        value.p[n] != ' ')
        return false;
    *ret = ent_slice_trim(ent_slice(value.p + n, value.n - n));
    return true;
}

static enum ent_err take_name(struct ent_credential *c, struct ent_slice name)
{
    if (!ent_user_name_is_valid(name))
        return ENT_E_AUTH;
    memcpy(c->name, name.p, name.n);
    return ENT_OK;
}

enum ent_err ent_credential_password(struct ent_credential *ret, struct ent_slice name,
                                     struct ent_slice password)
{
    struct ent_credential c = {.kind = ENT_CRED_PASSWORD};
    if (take_name(&c, name) != ENT_OK || password.n == 0 || password.n > ENT_PASSWORD_MAX)
        return ENT_E_AUTH;
    memcpy(c.password, password.p, password.n);
    c.password_n = (uint16_t)password.n;
    *ret = c;
    ent_wipe(&c, sizeof(c));
    return ENT_OK;
}

/* Clients that know nothing else send a token as the password. */
static enum ent_err parse_pair(struct ent_credential *ret, struct ent_slice pair)
{
    const uint8_t *colon = pair.n == 0 ? NULL : memchr(pair.p, ':', pair.n);
    struct ent_credential c = {.kind = ENT_CRED_TOKEN};
    if (colon == NULL)
        return ENT_E_AUTH;
    const struct ent_slice name = ent_slice(pair.p, (size_t)(colon - pair.p)),
                           secret = ent_slice(colon + 1, pair.n - name.n - 1);
    if (ent_secret_hash(&c.hash, secret, TOKEN_SIGN) != ENT_OK)
        return ent_credential_password(ret, name, secret);
    if (take_name(&c, name) != ENT_OK)
        return ENT_E_AUTH;
    *ret = c;
    return ENT_OK;
}

static enum ent_err parse_basic(struct ent_credential *ret, struct ent_slice text)
{
    uint8_t pair[BASIC_MAX];
    size_t n = 0;
    enum ent_err r = ent_base64_decode(pair, &n, sizeof(pair), text);
    r = r == ENT_OK ? parse_pair(ret, ent_slice(pair, n)) : ENT_E_AUTH;
    ent_wipe(pair, sizeof(pair));
    return r;
}

static enum ent_err parse_authorization(struct ent_credential *ret, struct ent_slice value)
{
    struct ent_slice rest;
    if (scheme_is(value, "basic", &rest))
        return parse_basic(ret, rest);
    if (!scheme_is(value, "bearer", &rest))
        return ENT_E_UNSUPPORTED;
    struct ent_credential c = {.kind = ENT_CRED_TOKEN};
    if (ent_secret_hash(&c.hash, rest, TOKEN_SIGN) != ENT_OK)
        return ENT_E_AUTH;
    *ret = c;
    return ENT_OK;
}

/* --- Cookie -------------------------------------------------------------------------------------
 */

/* The one cookie of this name; *ret_n says how many there are. */
static struct ent_slice find_cookie(struct ent_slice value, struct ent_slice name, unsigned *ret_n)
{
    struct ent_slice found = ent_slice(NULL, 0);
    *ret_n = 0;
    while (value.n > 0) {
        const uint8_t *end = memchr(value.p, ';', value.n);
        const size_t n = end == NULL ? value.n : (size_t)(end - value.p);
        const struct ent_slice one = ent_slice_trim(ent_slice(value.p, n));
        if (one.n > name.n && ent_slice_starts(one, name) && one.p[name.n] == '=') {
            found = ent_slice(one.p + name.n + 1, one.n - name.n - 1);
            ++*ret_n;
        }
        value = end == NULL ? ent_slice(NULL, 0) : ent_slice(end + 1, value.n - n - 1);
    }
    return found;
}

/* Two of them are what somebody did who could write cookies for us and not read ours. */
static enum ent_err parse_cookie(struct ent_credential *ret, const struct ent_presented *p)
{
    struct ent_credential c = {.kind = ENT_CRED_SESSION};
    unsigned n = 0;
    const struct ent_slice text =
        find_cookie(p->cookie, ent_slice_str(p->tls ? ENT_COOKIE_TLS : ENT_COOKIE), &n);
    if (n == 0) {
        *ret = (struct ent_credential){.kind = ENT_CRED_NONE};
        return ENT_OK;
    }
    if (n > 1 || ent_secret_hash(&c.hash, text, "") != ENT_OK ||
        ent_session_csrf(c.csrf, text) != ENT_OK)
        return ENT_E_AUTH;
    *ret = c;
    return ENT_OK;
}

enum ent_err ent_credential_parse(struct ent_credential *ret, const struct ent_presented *p)
{
    return p->authorization.n > 0 ? parse_authorization(ret, ent_slice_trim(p->authorization))
                                  : parse_cookie(ret, p);
}

/* --- whose page asks ----------------------------------------------------------------------------
 */

static bool is_own_origin(const struct ent_presented *p)
{
    const struct ent_slice scheme = p->tls ? ENT_SLICE_LIT("https://") : ENT_SLICE_LIT("http://");
    return p->host.n > 0 && p->origin.n == scheme.n + p->host.n &&
           ent_slice_starts(p->origin, scheme) &&
           ent_slice_ieq(ent_slice(p->origin.p + scheme.n, p->host.n), p->host);
}

enum ent_err ent_credential_own_site(const struct ent_credential *c, const struct ent_presented *p)
{
    if (p->safe)
        return ENT_OK;
    if ((p->fetch_site.n > 0 && !ent_slice_eq(p->fetch_site, ENT_SLICE_LIT("same-origin"))) ||
        (p->origin.n > 0 && !is_own_origin(p)) || (p->fetch_site.n == 0 && p->origin.n == 0))
        return ENT_E_POLICY;
    if (c->kind != ENT_CRED_SESSION)
        return ENT_OK;
    return p->csrf.n == SECRET_N && sodium_memcmp(p->csrf.p, c->csrf, SECRET_N) == 0 ? ENT_OK
                                                                                     : ENT_E_POLICY;
}

/* --- to the keeper ------------------------------------------------------------------------------
 */

/* kind u8, length of the name u8, length of the password u16, name, password or hash. */
enum ent_err ent_credential_encode(struct ent_buf *b, const struct ent_credential *c)
{
    const size_t name_n = strlen(c->name);
    uint8_t head[4] = {(uint8_t)c->kind, (uint8_t)name_n, 0, 0};
    enum ent_err r;
    ent_put_u16le(head + 2, c->password_n);
    if ((r = ent_buf_put(b, head, sizeof(head))) != ENT_OK ||
        (r = ent_buf_put(b, c->name, name_n)) != ENT_OK)
        return r;
    if (c->kind == ENT_CRED_PASSWORD)
        return ent_buf_put(b, c->password, c->password_n);
    return c->kind == ENT_CRED_NONE ? ENT_OK : ent_buf_put(b, c->hash.b, sizeof(c->hash.b));
}

static enum ent_err decode_rest(struct ent_credential *c, struct ent_cur *cur, uint8_t name_n)
{
    struct ent_slice s;
    enum ent_err r = ent_cur_take(cur, &s, name_n);
    if (r != ENT_OK || (name_n > 0 && take_name(c, s) != ENT_OK))
        return ENT_E_FORMAT;
    const bool is_password = c->kind == ENT_CRED_PASSWORD;
    if (is_password != (c->password_n > 0) || c->password_n > ENT_PASSWORD_MAX ||
        (is_password && name_n == 0) || (name_n > 0 && !is_password && c->kind != ENT_CRED_TOKEN))
        return ENT_E_FORMAT;
    if (is_password)
        r = ent_cur_copy(cur, c->password, c->password_n);
    else if (c->kind != ENT_CRED_NONE)
        r = ent_cur_copy(cur, c->hash.b, sizeof(c->hash.b));
    return r == ENT_OK ? ent_cur_end(cur) : ENT_E_FORMAT;
}

enum ent_err ent_credential_decode(struct ent_credential *ret, struct ent_slice bytes)
{
    struct ent_credential c = {.kind = ENT_CRED_NONE};
    struct ent_cur cur = ent_cur(bytes);
    uint8_t kind = 0, name_n = 0;
    enum ent_err r;
    if ((r = ent_cur_u8(&cur, &kind)) != ENT_OK || (r = ent_cur_u8(&cur, &name_n)) != ENT_OK ||
        (r = ent_cur_u16le(&cur, &c.password_n)) != ENT_OK || kind > ENT_CRED_SESSION)
        return ENT_E_FORMAT;
    c.kind = (enum ent_credential_kind)kind;
    if ((r = decode_rest(&c, &cur, name_n)) == ENT_OK)
        *ret = c;
    ent_wipe(&c, sizeof(c));
    return r == ENT_OK ? ENT_OK : ENT_E_FORMAT;
}
