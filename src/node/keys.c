/* keys.c: key files of a home. */
#include "node/node.h"

struct key_file {
    struct ent_pubkey public;
    bool locked;
    uint8_t bytes[ENT_LOCKED_SEED]; /* secret when not locked: the first 32 */
};

const char *ent_key_role_name(enum ent_key_role role)
{
    static const char *const names[ENT_KEY_ROLES] = {"root", "author", "node"};
    return names[role];
}

static enum ent_err parse(struct key_file *ret, struct ent_slice text, enum ent_key_role role)
{
    struct ent_lines l;
    ent_lines_start(&l, text);
    ent_lines_exact(&l, "entente/key@v1");
    ent_lines_key(&l, "role");
    if (!ent_slice_eq(ent_lines_word(&l), ent_slice_str(ent_key_role_name(role))))
        ent_lines_fail(&l, ENT_E_FORMAT);
    ent_lines_key(&l, "public");
    ent_lines_b64(&l, ret->public.b, 32);
    ret->locked = ent_lines_next_is(&l, "locked");
    ent_lines_key(&l, ret->locked ? "locked" : "open");
    ent_lines_b64(&l, ret->bytes, ret->locked ? ENT_LOCKED_SEED : 32);
    return ent_lines_end(&l);
}

static enum ent_err load(const struct ent_home *h, struct key_file *ret, struct ent_diag *d,
                         enum ent_key_role role)
{
    char path[ENT_PATH_MAX], name[16];
    struct ent_buf b;
    enum ent_err r;
    (void)snprintf(name, sizeof(name), "keys/%s", ent_key_role_name(role));
    if ((r = ent_home_path(h, path, name)) != ENT_OK)
        return ent_fail(d, r, "path too long", 0, 0);
    ent_buf_init(&b, 1024);
    if ((r = ent_file_read(&b, d, path)) == ENT_OK &&
        (r = parse(ret, ent_buf_slice(&b), role)) != ENT_OK)
        r = ent_fail(d, r, "malformed key file", 0, 0);
    ent_buf_wipe(&b);
    return r;
}

enum ent_err ent_home_key_is_locked(const struct ent_home *h, bool *ret, struct ent_diag *d,
                                    enum ent_key_role role)
{
    struct key_file k = {0};
    enum ent_err r = load(h, &k, d, role);
    if (r == ENT_OK)
        *ret = k.locked;
    ent_wipe(&k, sizeof(k));
    return r;
}

/* The public key that this seed stands for in the pact. */
static void public_of(struct ent_pubkey *ret, const struct ent_seed32 *seed, enum ent_key_role role)
{
    struct ent_seed32 tls;
    if (role == ENT_KEY_NODE)
        ent_node_seed(&tls, seed, ENT_NODE_TLS, 0);
    else
        tls = *seed;
    ent_sign_public(ret, &tls);
    ent_wipe(&tls, sizeof(tls));
}

static const struct ent_pubkey *known_key(const struct ent_home *h, enum ent_key_role role)
{
    const struct ent_member *self = ent_home_self(h);
    return &ent_member_key(self, role == ENT_KEY_ROOT     ? ENT_ROLE_ROOT
                                 : role == ENT_KEY_AUTHOR ? ENT_ROLE_AUTHOR
                                                          : ENT_ROLE_TLS)
                ->pk;
}

enum ent_err ent_home_key_check(const struct ent_home *h, struct ent_diag *d,
                                enum ent_key_role role)
{
    struct key_file k = {0};
    struct ent_seed32 seed;
    struct ent_pubkey pk;
    enum ent_err r = load(h, &k, d, role);
    if (r != ENT_OK)
        return r;
    pk = k.public;
    if (!k.locked) {
        memcpy(seed.b, k.bytes, sizeof(seed.b));
        public_of(&pk, &seed, role);
        ent_wipe(&seed, sizeof(seed));
    }
    if (memcmp(pk.b, k.public.b, sizeof(pk.b)) != 0 ||
        memcmp(pk.b, known_key(h, role)->b, sizeof(pk.b)) != 0)
        r = ent_fail(d, ENT_E_AUTH, "key file does not hold the key that others know", 0, 0);
    ent_wipe(&k, sizeof(k));
    return r;
}

enum ent_err ent_home_key(const struct ent_home *h, struct ent_seed32 *ret, struct ent_diag *d,
                          enum ent_key_role role, struct ent_slice passphrase)
{
    struct key_file k = {0};
    struct ent_seed32 seed;
    struct ent_pubkey pk;
    enum ent_err r = load(h, &k, d, role);
    if (r != ENT_OK)
        return r;
    if (k.locked)
        r = ent_seed_unlock(&seed, k.bytes, passphrase);
    else
        memcpy(seed.b, k.bytes, sizeof(seed.b));
    ent_wipe(&k, sizeof(k));
    if (r != ENT_OK)
        return ent_fail(d, r, r == ENT_E_AUTH ? "wrong passphrase" : "cannot unlock the key", 0, 0);
    public_of(&pk, &seed, role);
    if (memcmp(pk.b, known_key(h, role)->b, sizeof(pk.b)) != 0)
        r = ent_fail(d, ENT_E_AUTH, "key file does not hold the key that others know", 0, 0);
    else
        *ret = seed;
    ent_wipe(&seed, sizeof(seed));
    return r;
}
