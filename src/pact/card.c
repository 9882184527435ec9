/* card.c: how a member's keys come to the others, and how two people compare them. */
#include "pact/parts.h"

#define FIRST_LINE "entente/member@v2"

static void root_key_name(char ret[static ENT_NAME_MAX + 8], const char *member)
{
    (void)snprintf(ret, ENT_NAME_MAX + 8, "%s/root", member);
}

enum ent_err ent_card_make(struct ent_buf *b, const struct ent_member *m, int64_t time,
                           const struct ent_seed32 *root)
{
    char name[ENT_NAME_MAX + 8];
    struct ent_buf card;
    enum ent_err r;
    if (time < 0)
        return ENT_E_FORMAT;
    root_key_name(name, m->name);
    ent_buf_init(&card, ENT_CARD_MAX);
    if ((r = ent_buf_puts(&card, FIRST_LINE "\n")) == ENT_OK &&
        (r = ent_member_encode(&card, m)) == ENT_OK &&
        (r = ent_buf_printf(&card, "time %lld\n", (long long)time)) == ENT_OK &&
        (r = ent_note_sign(&card, card.n, name, root)) == ENT_OK)
        r = ent_buf_put_slice(b, ent_buf_slice(&card));
    ent_buf_release(&card);
    return r;
}

enum ent_err ent_card_parse(struct ent_member *ret, struct ent_slice bytes, struct ent_diag *d)
{
    char name[ENT_NAME_MAX + 8];
    struct ent_note note;
    struct ent_lines l;
    struct ent_member m;
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
    root_key_name(name, m.name);
    if (ent_note_check(&note, name, &m.root.pk) != ENT_OK)
        return ent_fail(d, ENT_E_AUTH, "card not signed by its own root key", 0, 0);
    if (note.sigs != 1)
        return ent_fail(d, ENT_E_FORMAT, "card with more than its own signature", 0, 0);
    if (ent_member_check(&m, NULL, true) != ENT_OK)
        return ent_fail(d, ENT_E_AUTH, "card with a key that is not shown to be its member's", 0,
                        0);
    *ret = m;
    return ENT_OK;
}

void ent_member_fingerprint(char ret[static ENT_FINGERPRINT], const struct ent_member *m)
{
    static const enum ent_role order[] = {ENT_ROLE_ROOT, ENT_ROLE_AUTHOR,  ENT_ROLE_TLS,
                                          ENT_ROLE_LOG,  ENT_ROLE_WITNESS, ENT_ROLE_MIRROR};
    struct ent_sha256 h;
    struct ent_hash32 id;
    char *to = ret;
    ent_sha256_init(&h);
    ent_sha256_add(&h, ENT_SLICE_LIT("entente/fingerprint/v2"));
    for (size_t i = 0; i < ENT_ROLES; i++)
        ent_sha256_add(&h, ent_slice(ent_member_key(m, order[i])->pk.b, 32));
    ent_sha256_add(&h, ent_slice_str(m->name));
    ent_sha256_end(&h, &id);
    for (size_t i = 0; i < 20; i += 2) {
        ent_hex_encode(to, id.b + i, 2);
        to += 4;
        *to++ = i < 18 ? ' ' : '\0';
    }
}
