/* label.c: labels and their boxes. */
#include "match/match.h"

#include <sodium.h>

static void cut(char *ret, size_t cap, struct ent_slice s)
{
    size_t n = s.n < cap ? s.n : cap - 1;
    while (n > 0 && n < s.n && (s.p[n] & 0xC0) == 0x80)
        n--;
    if (n > 0)
        memcpy(ret, s.p, n);
    ret[n] = '\0';
}

void ent_label_make(struct ent_label *ret, enum ent_tlp tlp, int confidence, struct ent_slice kind,
                    struct ent_slice text)
{
    *ret = (struct ent_label){.tlp = tlp, .confidence = confidence};
    cut(ret->kind, sizeof(ret->kind), kind);
    cut(ret->text, sizeof(ret->text), text);
}

static void box_key(uint8_t ret[static 32], const struct ent_hash32 *sid, uint32_t index,
                    const struct ent_label_key *key)
{
    uint8_t at[4];
    struct ent_sha256 h;
    struct ent_hash32 out;
    ent_put_u32le(at, index);
    ent_sha256_init(&h);
    ent_sha256_add(&h, ENT_SLICE_LIT("entente/lookup/label/v1"));
    ent_sha256_add(&h, ent_slice(sid->b, sizeof(sid->b)));
    ent_sha256_add(&h, ent_slice(at, sizeof(at)));
    ent_sha256_add(&h, ent_slice(key->b, sizeof(key->b)));
    ent_sha256_end(&h, &out);
    memcpy(ret, out.b, 32);
    ent_wipe(&out, sizeof(out));
}

/* A box's key is used once, so the nonce may be constant. */
static const uint8_t nonce[crypto_aead_xchacha20poly1305_ietf_NPUBBYTES];

void ent_label_encode(uint8_t plain[static ENT_LABEL_PLAIN], const struct ent_label *l)
{
    size_t kind = strlen(l->kind), text = strlen(l->text);
    ENT_ASSERT(8 + kind + text <= ENT_LABEL_PLAIN);
    memset(plain, 0, ENT_LABEL_PLAIN);
    plain[0] = 1;
    plain[1] = (uint8_t)l->tlp;
    plain[2] = l->confidence < 0 ? 255 : (uint8_t)l->confidence;
    ent_put_u16le(plain + 4, (uint16_t)kind);
    ent_put_u16le(plain + 6, (uint16_t)text);
    memcpy(plain + 8, l->kind, kind);
    memcpy(plain + 8 + kind, l->text, text);
}

void ent_label_seal(uint8_t box[static ENT_LABEL_BOX], const struct ent_label *l,
                    const struct ent_hash32 *sid, uint32_t index, const struct ent_label_key *key)
{
    uint8_t plain[ENT_LABEL_PLAIN], k[32];
    ent_label_encode(plain, l);
    box_key(k, sid, index, key);
    (void)crypto_aead_xchacha20poly1305_ietf_encrypt(box, NULL, plain, sizeof(plain), NULL, 0, NULL,
                                                     nonce, k);
    ent_wipe(k, sizeof(k));
    ent_wipe(plain, sizeof(plain));
}

static enum ent_err parse_plain(struct ent_label *ret, struct ent_slice plain)
{
    struct ent_cur c = ent_cur(plain);
    struct ent_slice kind, text;
    uint8_t version = 0, tlp = 0, confidence = 0, zero = 0;
    uint16_t kind_n = 0, text_n = 0;
    enum ent_err r;
    if ((r = ent_cur_u8(&c, &version)) != ENT_OK || (r = ent_cur_u8(&c, &tlp)) != ENT_OK ||
        (r = ent_cur_u8(&c, &confidence)) != ENT_OK || (r = ent_cur_u8(&c, &zero)) != ENT_OK ||
        (r = ent_cur_u16le(&c, &kind_n)) != ENT_OK || (r = ent_cur_u16le(&c, &text_n)) != ENT_OK ||
        (r = ent_cur_take(&c, &kind, kind_n)) != ENT_OK ||
        (r = ent_cur_take(&c, &text, text_n)) != ENT_OK)
        return r;
    if (version != 1 || zero != 0 || tlp < ENT_TLP_CLEAR || tlp > ENT_TLP_RED ||
        (confidence > 100 && confidence != 255) || kind.n > ENT_LABEL_KIND ||
        text.n > ENT_LABEL_TEXT || !ent_utf8_valid(kind, NULL) || !ent_utf8_valid(text, NULL))
        return ENT_E_FORMAT;
    ent_label_make(ret, (enum ent_tlp)tlp, confidence == 255 ? -1 : confidence, kind, text);
    return ENT_OK;
}

enum ent_err ent_label_open(struct ent_label *ret, const uint8_t box[static ENT_LABEL_BOX],
                            const struct ent_hash32 *sid, uint32_t index,
                            const struct ent_label_key *key)
{
    uint8_t plain[ENT_LABEL_PLAIN], k[32];
    box_key(k, sid, index, key);
    int bad = crypto_aead_xchacha20poly1305_ietf_decrypt(plain, NULL, NULL, box, ENT_LABEL_BOX,
                                                         NULL, 0, nonce, k);
    ent_wipe(k, sizeof(k));
    if (bad != 0)
        return ENT_E_AUTH;
    return parse_plain(ret, ent_slice(plain, sizeof(plain)));
}
