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

void ent_key_file_name(char ret[static ENT_KEY_FILE_NAME], enum ent_key_role role, unsigned number)
{
    if (number == 1)
        (void)snprintf(ret, ENT_KEY_FILE_NAME, "keys/%s", ent_key_role_name(role));
    else
        (void)snprintf(ret, ENT_KEY_FILE_NAME, "keys/%s.%u", ent_key_role_name(role), number);
}

void ent_key_public(struct ent_pubkey *ret, enum ent_key_role role, const struct ent_seed32 *seed)
{
    struct ent_seed32 tls;
    if (role == ENT_KEY_NODE)
        ent_node_seed(&tls, seed, ENT_NODE_TLS, 0);
    else
        tls = *seed;
    ent_sign_public(ret, &tls);
    ent_wipe(&tls, sizeof(tls));
}

const struct ent_pubkey *ent_home_public(const struct ent_home *h, enum ent_key_role role)
{
    static const enum ent_role roles[ENT_KEY_ROLES] = {ENT_ROLE_ROOT, ENT_ROLE_AUTHOR,
                                                       ENT_ROLE_TLS};
    return &ent_member_key(ent_home_self(h), roles[role])->pk;
}

enum ent_err ent_key_file_write(const char *dir, struct ent_diag *d, enum ent_key_role role,
                                unsigned number, const struct ent_seed32 *seed,
                                const struct ent_slice *passphrase)
{
    uint8_t locked[ENT_LOCKED_SEED];
    char path[ENT_PATH_MAX], name[ENT_KEY_FILE_NAME], b64[ENT_BASE64_LEN(ENT_LOCKED_SEED)];
    char pub[ENT_BASE64_LEN(32)];
    struct ent_pubkey public;
    struct ent_buf b;
    enum ent_err r;

    ent_buf_init(&b, 1024);
    ent_key_public(&public, role, seed);
    ent_base64_encode(pub, public.b, 32);
    if (passphrase == NULL) {
        ent_base64_encode(b64, seed->b, 32);
    } else {
        if ((r = ent_seed_lock(locked, seed, *passphrase)) != ENT_OK) {
            r = ent_fail(d, r, "cannot lock a key: too little memory?", 0, 0);
            goto out;
        }
        ent_base64_encode(b64, locked, sizeof(locked));
    }
    ent_key_file_name(name, role, number);
    if ((r = ent_buf_printf(&b, "entente/key@v1\nrole %s\npublic %s\n%s %s\n",
                            ent_key_role_name(role), pub, passphrase == NULL ? "open" : "locked",
                            b64)) != ENT_OK ||
        (r = ent_path_join(path, sizeof(path), dir, name)) != ENT_OK)
        goto out;
    r = ent_file_create(path, ent_buf_slice(&b), 0400, d);
out:
    ent_wipe(b64, sizeof(b64));
    ent_buf_wipe(&b);
    return r;
}

/* --- finding one --------------------------------------------------------------------------------
 */

static enum ent_err load(const struct ent_home *h, struct key_file *ret, struct ent_diag *d,
                         enum ent_key_role role, unsigned number)
{
    char path[ENT_PATH_MAX], name[ENT_KEY_FILE_NAME];
    struct ent_buf b;
    enum ent_err r;
    ent_key_file_name(name, role, number);
    if ((r = ent_home_path(h, path, name)) != ENT_OK)
        return ent_fail(d, r, "path too long", 0, 0);
    ent_buf_init(&b, 1024);
    if ((r = ent_file_read(&b, d, path)) == ENT_OK &&
        (r = parse(ret, ent_buf_slice(&b), role)) != ENT_OK)
        r = ent_fail(d, r, "malformed key file", 0, 0);
    ent_buf_wipe(&b);
    return r;
}

/* One that is damaged, or was deleted, must not keep another from being used. */
static enum ent_err find(const struct ent_home *h, struct key_file *ret, unsigned *ret_number,
                         struct ent_diag *d, enum ent_key_role role, const struct ent_pubkey *pk)
{
    struct key_file k;
    struct ent_diag what = {0}, first = {0};
    enum ent_err r, problem = ENT_OK;
    bool others = false;
    for (unsigned n = 1; n <= ENT_KEY_FILES; n++) {
        r = load(h, &k, &what, role, n);
        if (r == ENT_OK && memcmp(k.public.b, pk->b, sizeof(pk->b)) == 0) {
            *ret = k;
            *ret_number = n;
            ent_wipe(&k, sizeof(k));
            return ENT_OK;
        }
        others = others || r == ENT_OK;
        if (r != ENT_OK && (problem == ENT_OK || (problem == ENT_E_NOTFOUND && r != problem))) {
            problem = r;
            first = what;
        }
    }
    ent_wipe(&k, sizeof(k));
    if (others && problem == ENT_E_NOTFOUND)
        return ent_fail(d, ENT_E_AUTH, "key file does not hold the key that others know", 0, 0);
    if (d != NULL)
        *d = first;
    return problem;
}

enum ent_err ent_home_key_number(const struct ent_home *h, unsigned *ret, struct ent_diag *d,
                                 enum ent_key_role role, const struct ent_pubkey *pk)
{
    struct key_file k = {0};
    enum ent_err r = find(h, &k, ret, d, role, pk);
    ent_wipe(&k, sizeof(k));
    return r;
}

enum ent_err ent_home_key_is_locked(const struct ent_home *h, bool *ret, struct ent_diag *d,
                                    enum ent_key_role role)
{
    struct key_file k = {0};
    unsigned number;
    enum ent_err r = find(h, &k, &number, d, role, ent_home_public(h, role));
    if (r == ENT_OK)
        *ret = k.locked;
    ent_wipe(&k, sizeof(k));
    return r;
}

bool ent_home_key_any_is_locked(const struct ent_home *h, enum ent_key_role role)
{
    struct key_file k = {0};
    bool any = false;
    for (unsigned n = 1; n <= ENT_KEY_FILES && !any; n++)
        any = load(h, &k, NULL, role, n) == ENT_OK && k.locked;
    ent_wipe(&k, sizeof(k));
    return any;
}

enum ent_err ent_home_key_check(const struct ent_home *h, struct ent_pubkey *ret,
                                struct ent_diag *d, enum ent_key_role role, unsigned number)
{
    struct key_file k = {0};
    struct ent_seed32 seed;
    struct ent_pubkey pk;
    enum ent_err r = load(h, &k, d, role, number);
    if (r != ENT_OK)
        return r;
    pk = k.public;
    if (!k.locked) {
        memcpy(seed.b, k.bytes, sizeof(seed.b));
        ent_key_public(&pk, role, &seed);
        ent_wipe(&seed, sizeof(seed));
    }
    if (memcmp(pk.b, k.public.b, sizeof(pk.b)) != 0)
        r = ent_fail(d, ENT_E_AUTH, "key file does not hold the key that it names", 0, 0);
    else
        *ret = pk;
    ent_wipe(&k, sizeof(k));
    return r;
}

/* --- opening it ---------------------------------------------------------------------------------
 */

static enum ent_err unlock(const struct key_file *k, struct ent_seed32 *ret, struct ent_diag *d,
                           enum ent_key_role role, const struct ent_pubkey *pk,
                           struct ent_slice passphrase)
{
    struct ent_seed32 seed = {{0}};
    struct ent_pubkey got;
    enum ent_err r = ENT_OK;
    if (k->locked)
        r = ent_seed_unlock(&seed, k->bytes, passphrase.p == NULL ? ENT_SLICE_LIT("") : passphrase);
    else
        memcpy(seed.b, k->bytes, sizeof(seed.b));
    if (r != ENT_OK)
        return ent_fail(d, r, r == ENT_E_AUTH ? "wrong passphrase" : "cannot unlock the key", 0, 0);
    ent_key_public(&got, role, &seed);
    if (memcmp(got.b, pk->b, sizeof(got.b)) != 0)
        r = ent_fail(d, ENT_E_AUTH, "key file does not hold the key that others know", 0, 0);
    else
        *ret = seed;
    ent_wipe(&seed, sizeof(seed));
    return r;
}

enum ent_err ent_home_key_of(const struct ent_home *h, struct ent_seed32 *ret, struct ent_diag *d,
                             enum ent_key_role role, const struct ent_pubkey *pk,
                             struct ent_slice passphrase)
{
    struct key_file k = {0};
    unsigned number;
    enum ent_err r = find(h, &k, &number, d, role, pk);
    if (r == ENT_OK)
        r = unlock(&k, ret, d, role, pk, passphrase);
    ent_wipe(&k, sizeof(k));
    return r;
}

enum ent_err ent_home_key(const struct ent_home *h, struct ent_seed32 *ret, struct ent_diag *d,
                          enum ent_key_role role, struct ent_slice passphrase)
{
    return ent_home_key_of(h, ret, d, role, ent_home_public(h, role), passphrase);
}

/* --- the next one -------------------------------------------------------------------------------
 */

/* *ret_free: the number that a new one may have. A file that cannot be read has its number, too. */
static enum ent_err find_prepared(const struct ent_home *h, struct key_file *ret,
                                  unsigned *ret_free, struct ent_diag *d, enum ent_key_role role)
{
    struct key_file k;
    unsigned used = 0;
    enum ent_err r = find(h, &k, &used, d, role, ent_home_public(h, role)), found = ENT_E_NOTFOUND;
    if (r == ENT_E_AUTH || r == ENT_E_NOTFOUND) { /* it was lost, or is kept elsewhere */
        r = ENT_OK;
        used = 0;
    }
    *ret_free = used == 0 ? 2 : used + 1;
    for (unsigned n = used + 1; r == ENT_OK && n <= ENT_KEY_FILES; n++) {
        enum ent_err one = load(h, &k, NULL, role, n);
        if (one == ENT_E_NOTFOUND)
            continue;
        *ret_free = n < 2 ? 2 : n + 1;
        if (one == ENT_OK && used > 0) {
            *ret = k;
            found = ENT_OK;
        }
    }
    ent_wipe(&k, sizeof(k));
    return r == ENT_OK ? found : r;
}

enum ent_err ent_home_prepared(const struct ent_home *h, struct ent_pubkey *ret, struct ent_diag *d,
                               enum ent_key_role role)
{
    struct key_file k = {0};
    unsigned ignored;
    enum ent_err r = find_prepared(h, &k, &ignored, d, role);
    if (r == ENT_OK)
        *ret = k.public;
    ent_wipe(&k, sizeof(k));
    return r;
}

enum ent_err ent_home_prepare(const struct ent_home *h, struct ent_seed32 *ret, struct ent_diag *d,
                              enum ent_key_role role, const struct ent_slice *passphrase)
{
    struct key_file k = {0};
    struct ent_seed32 seed;
    unsigned number;
    enum ent_err r = find_prepared(h, &k, &number, d, role);
    if (r == ENT_OK)
        r = unlock(&k, ret, d, role, &k.public,
                   passphrase == NULL ? ent_slice(NULL, 0) : *passphrase);
    ent_wipe(&k, sizeof(k));
    if (r != ENT_E_NOTFOUND)
        return r;
    if (number > ENT_KEY_FILES)
        return ent_fail(d, ENT_E_LIMIT, "more than 64 keys of one kind", 0, 0);
    ent_random(seed.b, sizeof(seed.b));
    if ((r = ent_key_file_write(h->dir, d, role, number, &seed, passphrase)) == ENT_OK)
        *ret = seed;
    ent_wipe(&seed, sizeof(seed));
    return r;
}

/* --- those of a book ----------------------------------------------------------------------------
 */

/* How many entries of this log were signed for, as far as that lies here. */
static uint64_t said(const struct ent_home *h, unsigned generation)
{
    char name[32];
    struct ent_checkpoint cp = {.size = 0};
    struct ent_note note;
    struct ent_buf b;
    uint64_t size = 0;
    (void)snprintf(name, sizeof(name), "lock/%u/checkpoint", generation);
    ent_buf_init(&b, ENT_NOTE_MAX);
    if (ent_disk_load(h->disk, &b, name) == ENT_OK &&
        ent_note_parse(&note, ent_buf_slice(&b), NULL) == ENT_OK &&
        ent_checkpoint_parse(&cp, note.text, NULL) == ENT_OK)
        size = cp.size;
    ent_buf_release(&b);
    return size;
}

const struct ent_pubkey *ent_home_author_before(const struct ent_home *h)
{
    const struct ent_member *m = ent_home_self(h);
    const struct ent_roster_member *r = ent_roster_member(&h->roster, m->name);
    if (h->pact == NULL || r == NULL || m->authors < 2)
        return NULL;
    const struct ent_member_author *last = &m->author[m->authors - 1], *before = last - 1;
    unsigned generation = ent_member_log(m)->generation;
    uint64_t place = ent_roster_base(r, generation) + said(h, generation);
    return place >= last->from || place >= before->until ? NULL : &before->key.pk;
}

void ent_home_book_wants(const struct ent_home *h, struct ent_book_wants *ret)
{
    const struct ent_pubkey *before = ent_home_author_before(h);
    *ret = (struct ent_book_wants){.author = {*ent_home_public(h, ENT_KEY_AUTHOR)},
                                   .authors = 1,
                                   .node = *ent_home_public(h, ENT_KEY_NODE),
                                   .generation = ent_member_log(ent_home_self(h))->generation};
    if (before != NULL)
        ret->author[ret->authors++] = *before;
}

static bool has_author(const struct ent_book_wants *have, const struct ent_pubkey *pk)
{
    for (size_t i = 0; i < have->authors; i++)
        if (memcmp(have->author[i].b, pk->b, sizeof(pk->b)) == 0)
            return true;
    return false;
}

bool ent_book_wants_met(const struct ent_book_wants *have, const struct ent_book_wants *w)
{
    bool met = have->generation == w->generation &&
               memcmp(have->node.b, w->node.b, sizeof(w->node.b)) == 0;
    for (size_t i = 0; met && i < w->authors; i++)
        met = has_author(have, &w->author[i]);
    return met;
}

enum ent_err ent_home_book_keys(const struct ent_home *h, struct ent_book_keys *ret,
                                struct ent_seed32 *ret_node, struct ent_diag *d,
                                const struct ent_book_wants *wants, struct ent_slice passphrase,
                                const char **ret_which)
{
    struct ent_seed32 author = {{0}};
    unsigned number;
    enum ent_err r;
    *ret_which = ent_key_role_name(ENT_KEY_AUTHOR);
    if ((r = ent_home_key_of(h, &author, d, ENT_KEY_AUTHOR, &wants->author[0], passphrase)) ==
        ENT_OK) {
        *ret_which = ent_key_role_name(ENT_KEY_NODE);
        r = ent_home_key_of(h, ret_node, d, ENT_KEY_NODE, &wants->node, passphrase);
    }
    if (r == ENT_OK)
        ent_book_keys_derive(ret, &author, ret_node, wants->generation);
    for (size_t i = 1; r == ENT_OK && i < wants->authors; i++)
        if (ent_home_key_number(h, &number, NULL, ENT_KEY_AUTHOR, &wants->author[i]) == ENT_OK &&
            (r = ent_home_key_of(h, &author, d, ENT_KEY_AUTHOR, &wants->author[i], passphrase)) ==
                ENT_OK)
            ent_keypair_init(&ret->author[ret->authors++], &author);
    ent_wipe(&author, sizeof(author));
    return r;
}
