/* note.c: signed notes. */
#include "ledger/ledger.h"

#define DASH "\xE2\x80\x94 " /* U+2014 and a blank */

/* So much base64 at once, which has no padding unless it is the last. */
#define PIECE_B64 ((4 + ENT_NOTE_SIG_MAX) / 3 * 4)
_Static_assert((4 + ENT_NOTE_SIG_MAX) % 3 == 0, "pieces of base64 are whole");

bool ent_name_is_valid(struct ent_slice name)
{
    if (name.n == 0 || name.n > ENT_NAME_MAX || name.p[0] < 'a' || name.p[0] > 'z')
        return false;
    for (size_t i = 0; i < name.n; i++) {
        uint8_t c = name.p[i];
        if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-')
            return false;
    }
    return true;
}

bool ent_note_text_is_valid(struct ent_slice text)
{
    if (text.n == 0 || text.p[text.n - 1] != '\n' || text.p[0] == '\n' ||
        !ent_utf8_valid(text, NULL))
        return false;
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i];
        if ((c < 0x20 && c != '\n') || c == 0x7F)
            return false;
        if (c == '\n' && i + 1 < text.n && text.p[i + 1] == '\n')
            return false;
    }
    return true;
}

/* Where the text ends: behind the newline before the only empty line. */
static enum ent_err split(struct ent_slice bytes, size_t *ret_text)
{
    for (size_t i = 0; i + 1 < bytes.n; i++) {
        if (bytes.p[i] == '\n' && bytes.p[i + 1] == '\n') {
            *ret_text = i + 1;
            return ENT_OK;
        }
    }
    return ENT_E_FORMAT;
}

/* Key id and signature. Those of types that are not known here may be as long as the note can hold,
 * so they are decoded in pieces, and nothing is kept but their beginning and their length. */
static enum ent_err decode_sig(struct ent_note_sig *ret, struct ent_slice b64)
{
    uint8_t piece[4 + ENT_NOTE_SIG_MAX];
    struct ent_cur c = ent_cur(b64);
    size_t n = 0, all = 0;
    while (c.n > 0) {
        struct ent_slice text = {c.p, c.n < PIECE_B64 ? c.n : PIECE_B64};
        enum ent_err r = ent_base64_decode(piece, &n, sizeof(piece), text);
        if (r != ENT_OK || (c.n > PIECE_B64 && n < sizeof(piece))) /* padding in the middle */
            return ENT_E_FORMAT;
        if (all == 0 && n > 4) {
            memcpy(ret->id, piece, 4);
            memcpy(ret->sig, piece + 4, n - 4);
        }
        c.p += text.n;
        c.n -= text.n;
        all += n;
    }
    if (all <= 4)
        return ENT_E_FORMAT;
    ret->sig_n = all - 4;
    return ENT_OK;
}

static enum ent_err parse_sig(struct ent_note_sig *ret, struct ent_slice line)
{
    struct ent_cur c = ent_cur(line);
    enum ent_err r = ent_cur_expect(&c, ENT_SLICE_LIT(DASH));
    if (r != ENT_OK)
        return r;
    const uint8_t *blank = c.n == 0 ? NULL : memchr(c.p, ' ', c.n);
    if (blank == NULL)
        return ENT_E_FORMAT;
    struct ent_slice name = {c.p, (size_t)(blank - c.p)};
    if (!ent_key_name_is_valid(name))
        return ENT_E_FORMAT;
    ret->name = name;
    return decode_sig(ret, ent_slice(blank + 1, c.n - name.n - 1));
}

enum ent_err ent_note_parse(struct ent_note *ret, struct ent_slice bytes, struct ent_diag *d)
{
    if (bytes.n > ENT_NOTE_MAX)
        return ent_fail(d, ENT_E_LIMIT, "signed note larger than 64 KiB", 0, ENT_NOTE_MAX);
    return ent_note_parse_up_to(ret, bytes, ENT_NOTE_MAX, d);
}

enum ent_err ent_note_parse_up_to(struct ent_note *ret, struct ent_slice bytes, size_t max,
                                  struct ent_diag *d)
{
    size_t text_n = 0;
    struct ent_slice line;
    if (bytes.n > max)
        return ent_fail(d, ENT_E_LIMIT, "signed note larger than its kind may be", 0, max);
    if (split(bytes, &text_n) != ENT_OK)
        return ent_fail(d, ENT_E_FORMAT, "not a signed note: no empty line", 0, 0);
    if (!ent_note_text_is_valid(ent_slice(bytes.p, text_n)))
        return ent_fail(d, ENT_E_FORMAT, "signed note holds bytes that a note may not", 0, 0);
    struct ent_cur c = {bytes.p + text_n + 1, bytes.n - text_n - 1};
    ret->text = ent_slice(bytes.p, text_n);
    ret->sigs = 0;
    while (c.n > 0) {
        uint64_t at = bytes.n - c.n;
        if (ret->sigs == ENT_NOTE_SIGS)
            return ent_fail(d, ENT_E_LIMIT, "signed note with more than 64 signatures", 0, at);
        if (ent_cur_line(&c, &line) != ENT_OK || parse_sig(&ret->sig[ret->sigs], line) != ENT_OK)
            return ent_fail(d, ENT_E_FORMAT, "malformed signature line", 0, at);
        ret->sigs++;
    }
    if (ret->sigs == 0)
        return ent_fail(d, ENT_E_FORMAT, "signed note without a signature", 0, bytes.n);
    return ENT_OK;
}

void ent_key_id(uint8_t ret[static 4], const char *name, enum ent_sig_type type,
                const struct ent_pubkey *pk)
{
    const uint8_t sep[] = {'\n', (uint8_t)type};
    struct ent_sha256 h;
    struct ent_hash32 id;
    ent_sha256_init(&h);
    ent_sha256_add(&h, ent_slice_str(name));
    ent_sha256_add(&h, ent_slice(sep, sizeof(sep)));
    ent_sha256_add(&h, ent_slice(pk->b, sizeof(pk->b)));
    ent_sha256_end(&h, &id);
    memcpy(ret, id.b, 4);
}

void ent_note_key_id(uint8_t ret[static 4], const char *name, const struct ent_pubkey *pk)
{
    ent_key_id(ret, name, ENT_SIG_NOTE, pk);
}

enum ent_err ent_note_check(const struct ent_note *note, const char *name,
                            const struct ent_pubkey *pk)
{
    uint8_t id[4];
    enum ent_err found = ENT_E_NOTFOUND;
    ent_note_key_id(id, name, pk);
    for (size_t i = 0; i < note->sigs; i++) {
        const struct ent_note_sig *s = &note->sig[i];
        if (!ent_slice_eq(s->name, ent_slice_str(name)) || memcmp(s->id, id, 4) != 0)
            continue; /* somebody else's: not our matter */
        if (found == ENT_OK || s->sig_n != 64 || ent_sign_check(pk, s->sig, note->text) != ENT_OK)
            return ENT_E_AUTH;
        found = ENT_OK;
    }
    return found;
}

enum ent_err ent_note_append(struct ent_buf *note, size_t text_n, const char *name,
                             const uint8_t *id_sig, size_t id_sig_n)
{
    char b64[ENT_BASE64_LEN(4 + ENT_NOTE_SIG_MAX)];
    ENT_ASSERT(text_n <= note->n && id_sig_n > 4 && id_sig_n <= 4 + ENT_NOTE_SIG_MAX);
    ent_base64_encode(b64, id_sig, id_sig_n);
    return ent_buf_printf(note, "%s" DASH "%s %s\n", note->n == text_n ? "\n" : "", name, b64);
}

enum ent_err ent_note_sign(struct ent_buf *note, size_t text_n, const char *name,
                           const struct ent_seed32 *seed)
{
    struct ent_keypair key;
    ent_keypair_init(&key, seed);
    enum ent_err r = ent_note_sign_by(note, text_n, name, &key);
    ent_wipe(&key, sizeof(key));
    return r;
}

enum ent_err ent_note_sign_by(struct ent_buf *note, size_t text_n, const char *name,
                              const struct ent_keypair *key)
{
    uint8_t sig[64];
    ENT_ASSERT(text_n <= note->n);
    if (!ent_note_text_is_valid(ent_slice(note->p, text_n)))
        return ENT_E_FORMAT;
    ent_sign_by(sig, key, ent_slice(note->p, text_n));
    return ent_note_add(note, text_n, name, &key->pk, sig);
}

enum ent_err ent_note_add(struct ent_buf *note, size_t text_n, const char *name,
                          const struct ent_pubkey *pk, const uint8_t sig[static 64])
{
    uint8_t raw[4 + 64];
    ent_note_key_id(raw, name, pk);
    memcpy(raw + 4, sig, 64);
    return ent_note_append(note, text_n, name, raw, sizeof(raw));
}
