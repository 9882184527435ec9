/* member.c: the lines that describe a member, and how one begins. */
#include "pact/parts.h"

#define POSSESSION_LINE "entente/possession@v1"

const char *ent_role_word(enum ent_role role)
{
    static const char *const words[ENT_ROLES] = {"root",   "tls",    "witness",
                                                 "mirror", "author", "log"};
    return words[role];
}

/* --- proofs -------------------------------------------------------------------------------------
 */

#define POSSESSION_MAX 256

static struct ent_slice possession(char to[static POSSESSION_MAX], const char *member,
                                   enum ent_role role, unsigned generation,
                                   const struct ent_pubkey *root)
{
    char b64[ENT_BASE64_LEN(32)], number[16] = "";
    ent_base64_encode(b64, root->b, sizeof(root->b));
    if (role == ENT_ROLE_LOG)
        (void)snprintf(number, sizeof(number), " %u", generation);
    int n = snprintf(to, POSSESSION_MAX, POSSESSION_LINE "\n%s\n%s%s\n%s\n", member,
                     ent_role_word(role), number, b64);
    ENT_ASSERT(n > 0 && n < POSSESSION_MAX);
    return ent_slice(to, (size_t)n);
}

void ent_key_prove(struct ent_signed_key *ret, const char *member, enum ent_role role,
                   unsigned generation, const struct ent_pubkey *root,
                   const struct ent_seed32 *seed)
{
    char text[POSSESSION_MAX];
    ent_sign_public(&ret->pk, seed);
    ent_sign(ret->proof, seed, possession(text, member, role, generation, root));
}

enum ent_err ent_key_check(const struct ent_signed_key *key, const char *member, enum ent_role role,
                           unsigned generation, const struct ent_pubkey *root)
{
    char text[POSSESSION_MAX];
    return ent_sign_check(&key->pk, key->proof, possession(text, member, role, generation, root));
}

/* --- texts --------------------------------------------------------------------------------------
 */

bool ent_text_is_plain(const char *text)
{
    struct ent_buf b;
    ent_buf_init(&b, 4096);
    bool same = ent_escape(&b, ent_slice_str(text), SIZE_MAX) == ENT_OK &&
                ent_slice_eq(ent_buf_slice(&b), ent_slice_str(text));
    ent_buf_release(&b);
    return same && text[0] != '\0';
}

static bool url_is_valid(const char *url)
{
    struct ent_slice u = ent_slice_str(url);
    if (strcmp(url, "-") == 0)
        return true;
    if (!ent_slice_starts(u, ENT_SLICE_LIT("https://")) || u.n == 8)
        return false;
    for (size_t i = 0; i < u.n; i++)
        if (u.p[i] <= ' ' || u.p[i] >= 0x7F || u.p[i] == '"' || u.p[i] == '\\')
            return false;
    return memchr(u.p + 8, '/', u.n - 8) == NULL; /* host and port, no path */
}

static bool texts_are_valid(const struct ent_member *m)
{
    return ent_name_is_valid(ent_slice_str(m->name)) && ent_text_is_plain(m->display) &&
           url_is_valid(m->url);
}

/* --- lines --------------------------------------------------------------------------------------
 */

static enum ent_err put_key(struct ent_buf *b, const struct ent_signed_key *key)
{
    char pk[ENT_BASE64_LEN(32)], proof[ENT_BASE64_LEN(64)];
    ent_base64_encode(pk, key->pk.b, sizeof(key->pk.b));
    ent_base64_encode(proof, key->proof, sizeof(key->proof));
    return ent_buf_printf(b, " %s %s", pk, proof);
}

static enum ent_err put_key_line(struct ent_buf *b, enum ent_role role,
                                 const struct ent_signed_key *key)
{
    enum ent_err r;
    if ((r = ent_buf_puts(b, ent_role_word(role))) != ENT_OK || (r = put_key(b, key)) != ENT_OK)
        return r;
    return ent_buf_putc(b, '\n');
}

enum ent_err ent_index_encode(struct ent_buf *b, const char *before, uint64_t index)
{
    if (index == ENT_INDEX_NONE)
        return ent_buf_printf(b, "%s-", before);
    return ent_buf_printf(b, "%s%llu", before, (unsigned long long)index);
}

uint64_t ent_index_take(struct ent_lines *l)
{
    uint64_t v = 0;
    struct ent_slice w = ent_lines_word(l);
    if (l->err != ENT_OK)
        return 0;
    if (ent_slice_eq(w, ENT_SLICE_LIT("-")))
        return ENT_INDEX_NONE;
    l->err = ent_parse_u64(&v, w, INT64_MAX);
    return v;
}

static enum ent_err put_author(struct ent_buf *b, const struct ent_member_author *a)
{
    enum ent_err r;
    if ((r = ent_buf_puts(b, "author")) != ENT_OK || (r = put_key(b, &a->key)) != ENT_OK ||
        (r = ent_index_encode(b, " ", a->from)) != ENT_OK ||
        (r = ent_index_encode(b, " ", a->until)) != ENT_OK)
        return r;
    return ent_buf_putc(b, '\n');
}

static enum ent_err put_log(struct ent_buf *b, const struct ent_member_log *g)
{
    char root[ENT_BASE64_LEN(32)];
    enum ent_err r;
    if ((r = ent_buf_printf(b, "log %u", g->generation)) != ENT_OK ||
        (r = put_key(b, &g->key)) != ENT_OK)
        return r;
    if (!g->closed)
        return ent_buf_puts(b, " open\n");
    ent_base64_encode(root, g->root.b, sizeof(g->root.b));
    return ent_buf_printf(b, " closed %llu %s\n", (unsigned long long)g->size, root);
}

enum ent_err ent_member_encode(struct ent_buf *b, const struct ent_member *m)
{
    enum ent_err r;
    if ((r = ent_buf_printf(b, "member %s\ndisplay %s\nurl %s\n", m->name, m->display, m->url)) !=
            ENT_OK ||
        (r = put_key_line(b, ENT_ROLE_ROOT, &m->root)) != ENT_OK ||
        (r = put_key_line(b, ENT_ROLE_TLS, &m->tls)) != ENT_OK ||
        (r = put_key_line(b, ENT_ROLE_WITNESS, &m->witness)) != ENT_OK ||
        (r = put_key_line(b, ENT_ROLE_MIRROR, &m->mirror)) != ENT_OK)
        return r;
    for (size_t i = 0; i < m->authors; i++)
        if ((r = put_author(b, &m->author[i])) != ENT_OK)
            return r;
    for (size_t i = 0; i < m->logs; i++)
        if ((r = put_log(b, &m->log[i])) != ENT_OK)
            return r;
    return ent_buf_printf(b, "panel %s\n", m->panel ? "yes" : "no");
}

static void take_key(struct ent_lines *l, struct ent_signed_key *ret)
{
    ent_lines_b64(l, ret->pk.b, sizeof(ret->pk.b));
    ent_lines_b64(l, ret->proof, sizeof(ret->proof));
}

static void take_key_line(struct ent_lines *l, enum ent_role role, struct ent_signed_key *ret)
{
    ent_lines_key(l, ent_role_word(role));
    take_key(l, ret);
}

/* Ranges of entries, one after another. */
static void take_author(struct ent_lines *l, struct ent_member *m)
{
    uint64_t end = m->authors == 0 ? 0 : m->author[m->authors - 1].until;
    if (m->authors == ENT_ROSTER_AUTHORS) {
        ent_lines_fail(l, ENT_E_LIMIT);
        return;
    }
    struct ent_member_author *a = &m->author[m->authors];
    ent_lines_key(l, "author");
    take_key(l, &a->key);
    a->from = ent_lines_u64(l, INT64_MAX);
    a->until = ent_index_take(l);
    if (end == ENT_INDEX_NONE || a->from < end || a->until < a->from ||
        (m->authors == 0 && a->from != 0))
        ent_lines_fail(l, ENT_E_FORMAT);
    m->authors++;
}

static bool empty_root_is_right(const struct ent_member_log *g)
{
    struct ent_hash32 none;
    ent_sha256_of(&none, ent_slice(NULL, 0));
    return g->size != 0 || memcmp(g->root.b, none.b, sizeof(none.b)) == 0;
}

static void take_log(struct ent_lines *l, struct ent_member *m)
{
    bool first = m->logs == 0;
    if (m->logs == ENT_ROSTER_LOGS) {
        ent_lines_fail(l, ENT_E_LIMIT);
        return;
    }
    struct ent_member_log *g = &m->log[m->logs];
    ent_lines_key(l, "log");
    g->generation = (unsigned)ent_lines_u64(l, ENT_ROSTER_LOGS);
    take_key(l, &g->key);
    struct ent_slice word = ent_lines_word(l);
    g->closed = ent_slice_eq(word, ENT_SLICE_LIT("closed"));
    if (g->closed) {
        g->size = ent_lines_u64(l, ENT_CHECKPOINT_SIZE_MAX);
        ent_lines_b64(l, g->root.b, sizeof(g->root.b));
    } else if (!ent_slice_eq(word, ENT_SLICE_LIT("open"))) {
        ent_lines_fail(l, ENT_E_FORMAT);
    }
    if (g->generation != m->logs + 1 || (!first && !m->log[m->logs - 1].closed) ||
        (g->closed && !empty_root_is_right(g)))
        ent_lines_fail(l, ENT_E_FORMAT);
    m->logs++;
}

static bool take_yes(struct ent_lines *l)
{
    struct ent_slice w = ent_lines_word(l);
    bool yes = ent_slice_eq(w, ENT_SLICE_LIT("yes"));
    if (!yes && !ent_slice_eq(w, ENT_SLICE_LIT("no")))
        ent_lines_fail(l, ENT_E_FORMAT);
    return yes;
}

void ent_member_take(struct ent_lines *l, struct ent_member *ret)
{
    *ret = (struct ent_member){0};
    ent_lines_key(l, "member");
    ent_lines_str(l, ret->name, sizeof(ret->name));
    ent_lines_key(l, "display");
    ent_lines_text(l, ret->display, sizeof(ret->display));
    ent_lines_key(l, "url");
    ent_lines_str(l, ret->url, sizeof(ret->url));
    take_key_line(l, ENT_ROLE_ROOT, &ret->root);
    take_key_line(l, ENT_ROLE_TLS, &ret->tls);
    take_key_line(l, ENT_ROLE_WITNESS, &ret->witness);
    take_key_line(l, ENT_ROLE_MIRROR, &ret->mirror);
    do
        take_author(l, ret);
    while (ent_lines_next_is(l, "author"));
    do
        take_log(l, ret);
    while (ent_lines_next_is(l, "log"));
    ent_lines_key(l, "panel");
    ret->panel = take_yes(l);
    if (l->err == ENT_OK && !texts_are_valid(ret))
        ent_lines_fail(l, ENT_E_FORMAT);
}

/* --- a new member -------------------------------------------------------------------------------
 */

static bool copy(char *to, size_t cap, const char *from)
{
    int n = snprintf(to, cap, "%s", from);
    return n >= 0 && (size_t)n < cap;
}

enum ent_err ent_member_make(struct ent_member *ret, const char *name, const char *display,
                             const char *url, const struct ent_own_seeds *seeds)
{
    struct ent_member m = {.authors = 1, .logs = 1, .panel = strcmp(url, "-") != 0};
    struct ent_pubkey root;
    if (!copy(m.name, sizeof(m.name), name) || !copy(m.display, sizeof(m.display), display) ||
        !copy(m.url, sizeof(m.url), url) || !texts_are_valid(&m))
        return ENT_E_FORMAT;
    ent_sign_public(&root, &seeds->root);
    ent_key_prove(&m.root, m.name, ENT_ROLE_ROOT, 0, &root, &seeds->root);
    ent_key_prove(&m.tls, m.name, ENT_ROLE_TLS, 0, &root, &seeds->tls);
    ent_key_prove(&m.witness, m.name, ENT_ROLE_WITNESS, 0, &root, &seeds->witness);
    ent_key_prove(&m.mirror, m.name, ENT_ROLE_MIRROR, 0, &root, &seeds->mirror);
    ent_key_prove(&m.author[0].key, m.name, ENT_ROLE_AUTHOR, 0, &root, &seeds->author);
    m.author[0].until = ENT_INDEX_NONE;
    ent_key_prove(&m.log[0].key, m.name, ENT_ROLE_LOG, 1, &root, &seeds->log);
    m.log[0].generation = 1;
    *ret = m;
    return ENT_OK;
}

const struct ent_signed_key *ent_member_key(const struct ent_member *m, enum ent_role role)
{
    switch (role) {
    case ENT_ROLE_ROOT:
        return &m->root;
    case ENT_ROLE_TLS:
        return &m->tls;
    case ENT_ROLE_WITNESS:
        return &m->witness;
    case ENT_ROLE_MIRROR:
        return &m->mirror;
    case ENT_ROLE_AUTHOR:
        return &m->author[m->authors - 1].key;
    case ENT_ROLE_LOG:
        break;
    }
    return &ent_member_log(m)->key;
}

const struct ent_member_log *ent_member_log(const struct ent_member *m)
{
    return &m->log[m->logs - 1];
}
