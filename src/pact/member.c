/* member.c: a member's keys and the card that brings them. */
#include "pact/pact.h"
#include "pact/member.h"

#define FIRST_LINE "entente/member@v1"

static enum ent_err put_key(struct ent_buf *b, const char *key, const struct ent_pubkey *pk)
{
    char text[ENT_BASE64_LEN(32)];
    ent_base64_encode(text, pk->b, sizeof(pk->b));
    return ent_buf_printf(b, "%s %s\n", key, text);
}

enum ent_err ent_member_encode(struct ent_buf *b, const struct ent_member *m)
{
    enum ent_err r;
    if ((r = ent_buf_printf(b, "member %s\ndisplay %s\n", m->name, m->display)) != ENT_OK ||
        (r = put_key(b, "root", &m->root)) != ENT_OK ||
        (r = put_key(b, "author", &m->author)) != ENT_OK ||
        (r = put_key(b, "tls", &m->tls)) != ENT_OK)
        return r;
    return ent_buf_printf(b, "url %s\n", m->url);
}

/* Shown to people, so nothing in it may deceive them: what ent_escape() would change is refused. */
static bool is_plain(const char *text)
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

static void take_key(struct ent_lines *l, const char *key, struct ent_pubkey *ret)
{
    ent_lines_key(l, key);
    ent_lines_b64(l, ret->b, 32);
    if (l->err == ENT_OK && ent_pubkey_check(ret) != ENT_OK)
        ent_lines_fail(l, ENT_E_FORMAT);
}

void ent_member_take(struct ent_lines *l, struct ent_member *ret)
{
    ent_lines_key(l, "member");
    ent_lines_str(l, ret->name, sizeof(ret->name));
    ent_lines_key(l, "display");
    ent_lines_text(l, ret->display, sizeof(ret->display));
    take_key(l, "root", &ret->root);
    take_key(l, "author", &ret->author);
    take_key(l, "tls", &ret->tls);
    ent_lines_key(l, "url");
    ent_lines_str(l, ret->url, sizeof(ret->url));
    if (l->err == ENT_OK && (!ent_name_is_valid(ent_slice_str(ret->name)) ||
                             !is_plain(ret->display) || !url_is_valid(ret->url)))
        ent_lines_fail(l, ENT_E_FORMAT);
}

struct key_name {
    char text[ENT_NAME_MAX + 8];
};

static struct key_name key_name(const char *member, const char *role)
{
    struct key_name k;
    (void)snprintf(k.text, sizeof(k.text), "%s/%s", member, role);
    return k;
}

enum ent_err ent_card_make(struct ent_buf *b, const struct ent_member *m, int64_t time,
                           const struct ent_seed32 *root, const struct ent_seed32 *author,
                           const struct ent_seed32 *tls)
{
    struct ent_buf card;
    enum ent_err r;
    ent_buf_init(&card, ENT_CARD_MAX);
    if ((r = ent_buf_puts(&card, FIRST_LINE "\n")) != ENT_OK ||
        (r = ent_member_encode(&card, m)) != ENT_OK ||
        (r = ent_buf_printf(&card, "time %lld\n", (long long)time)) != ENT_OK)
        goto out;
    size_t n = card.n;
    if ((r = ent_note_sign(&card, n, key_name(m->name, "root").text, root)) != ENT_OK ||
        (r = ent_note_sign(&card, n, key_name(m->name, "author").text, author)) != ENT_OK ||
        (r = ent_note_sign(&card, n, key_name(m->name, "tls").text, tls)) != ENT_OK)
        goto out;
    r = ent_buf_put_slice(b, ent_buf_slice(&card));
out:
    ent_buf_release(&card);
    return r;
}

enum ent_err ent_card_parse(struct ent_member *ret, struct ent_slice bytes, struct ent_diag *d)
{
    struct ent_note note;
    struct ent_lines l;
    struct ent_member m = {0};
    enum ent_err r;
    if (bytes.n > ENT_CARD_MAX)
        return ent_fail(d, ENT_E_LIMIT, "too large for a member's card", 0, ENT_CARD_MAX);
    if ((r = ent_note_parse(&note, bytes, d)) != ENT_OK)
        return r;
    ent_lines_start(&l, note.text);
    ent_lines_exact(&l, FIRST_LINE);
    ent_member_take(&l, &m);
    ent_lines_key(&l, "time");
    (void)ent_lines_u64(&l, INT64_MAX);
    if (ent_lines_end(&l) != ENT_OK)
        return ent_fail(d, ENT_E_FORMAT, "not a member's card (entente member export makes one)", 0,
                        0);
    if (ent_note_check(&note, key_name(m.name, "root").text, &m.root) != ENT_OK ||
        ent_note_check(&note, key_name(m.name, "author").text, &m.author) != ENT_OK ||
        ent_note_check(&note, key_name(m.name, "tls").text, &m.tls) != ENT_OK)
        return ent_fail(d, ENT_E_AUTH, "card not signed by all of its own keys", 0, 0);
    *ret = m;
    return ENT_OK;
}

void ent_member_fingerprint(char ret[static ENT_FINGERPRINT], const struct ent_member *m)
{
    struct ent_sha256 h;
    struct ent_hash32 id;
    char *to = ret;
    ent_sha256_init(&h);
    ent_sha256_add(&h, ENT_SLICE_LIT("entente/fingerprint/v1"));
    ent_sha256_add(&h, ent_slice(m->root.b, 32));
    ent_sha256_add(&h, ent_slice(m->author.b, 32));
    ent_sha256_add(&h, ent_slice(m->tls.b, 32));
    ent_sha256_add(&h, ent_slice_str(m->name));
    ent_sha256_end(&h, &id);
    for (size_t i = 0; i < 20; i += 2) {
        ent_hex_encode(to, id.b + i, 2);
        to += 4;
        *to++ = i < 18 ? ' ' : '\0';
    }
}
