/* checkpoint.c: checkpoints, cosignatures, verifier keys. */
#include "ledger/ledger.h"

#define COSIGN_HEAD "cosignature/v1\ntime %lld\n"
#define MESSAGE_MAX (sizeof(COSIGN_HEAD) + 19 + ENT_CHECKPOINT_MAX)
#define COSIG_N     (8 + 64) /* time, signature */

/* Unicode's White_Space beyond ASCII, as far as ent_is_invisible() does not have it. */
static bool is_wide_blank(int32_t v)
{
    return v == 0xA0 || v == 0x1680 || (v >= 0x2000 && v <= 0x200A) || v == 0x202F || v == 0x205F ||
           v == 0x3000;
}

/* The same for Default_Ignorable_Code_Point: fillers and joiners that show nothing. */
static bool is_ignorable(int32_t v)
{
    return v == 0x34F || v == 0x115F || v == 0x1160 || v == 0x17B4 || v == 0x17B5 ||
           (v >= 0x180B && v <= 0x180F) || v == 0x3164 || v == 0xFFA0 ||
           (v >= 0x1BCA0 && v <= 0x1BCA3) || (v >= 0x1D173 && v <= 0x1D17A);
}

static bool is_visible(struct ent_slice s, bool blanks)
{
    size_t n;
    if (s.n == 0 || s.n > ENT_NOTE_NAME_MAX || s.p[0] == ' ' || s.p[s.n - 1] == ' ')
        return false;
    for (size_t i = 0; i < s.n; i += n) {
        int32_t v = ent_utf8_next(ent_slice(s.p + i, s.n - i), &n);
        if (v < 0 || ent_is_invisible(v) || is_wide_blank(v) || is_ignorable(v) || v == '+' ||
            (v == ' ' && !blanks))
            return false;
    }
    return true;
}

bool ent_origin_is_valid(struct ent_slice origin)
{
    return is_visible(origin, true);
}

bool ent_key_name_is_valid(struct ent_slice name)
{
    return is_visible(name, false);
}

enum ent_err ent_checkpoint_parse(struct ent_checkpoint *ret, struct ent_slice text,
                                  struct ent_diag *d)
{
    struct ent_checkpoint cp;
    struct ent_slice size, root;
    struct ent_cur c = ent_cur(text);
    if (ent_cur_line(&c, &cp.origin) != ENT_OK || ent_cur_line(&c, &size) != ENT_OK ||
        ent_cur_line(&c, &root) != ENT_OK)
        return ent_fail(d, ENT_E_FORMAT, "not a checkpoint: fewer than three lines", 0, text.n);
    if (!ent_origin_is_valid(cp.origin))
        return ent_fail(d, ENT_E_FORMAT, "origin of a checkpoint is not 1 to 192 visible bytes", 1,
                        0);
    enum ent_err r = ent_parse_u64(&cp.size, size, ENT_CHECKPOINT_SIZE_MAX);
    if (r == ENT_E_LIMIT)
        return ent_fail(d, r, "size of a checkpoint is above 2^63-1", 2, 0);
    if (r != ENT_OK)
        return ent_fail(d, r, "size of a checkpoint is not a plain number", 2, 0);
    if (ent_base64_decode_exact(cp.root.b, sizeof(cp.root.b), root) != ENT_OK)
        return ent_fail(d, ENT_E_FORMAT, "root of a checkpoint is not base64 of 32 bytes", 3, 0);
    if (ent_cur_end(&c) != ENT_OK)
        return ent_fail(d, ENT_E_FORMAT, "checkpoint with more than three lines", 4, 0);
    *ret = cp;
    return ENT_OK;
}

enum ent_err ent_checkpoint_encode(struct ent_buf *b, const struct ent_checkpoint *cp)
{
    char root[ENT_BASE64_LEN(32)];
    if (!ent_origin_is_valid(cp->origin))
        return ENT_E_FORMAT;
    if (cp->size > ENT_CHECKPOINT_SIZE_MAX)
        return ENT_E_LIMIT;
    ent_base64_encode(root, cp->root.b, sizeof(cp->root.b));
    return ent_buf_printf(b, "%.*s\n%llu\n%s\n", (int)cp->origin.n, (const char *)cp->origin.p,
                          (unsigned long long)cp->size, root);
}

void ent_cosign_key_id(uint8_t ret[static 4], const char *name, const struct ent_pubkey *pk)
{
    ent_key_id(ret, name, ENT_SIG_COSIGN, pk);
}

/* What is signed: two lines, which no checkpoint begins with, and the checkpoint. */
static struct ent_slice message(uint8_t ret[static MESSAGE_MAX], int64_t time,
                                struct ent_slice text)
{
    int n = snprintf((char *)ret, MESSAGE_MAX, COSIGN_HEAD, (long long)time);
    ENT_ASSERT(n > 0 && (size_t)n + text.n <= MESSAGE_MAX);
    memcpy(ret + n, text.p, text.n);
    return ent_slice(ret, (size_t)n + text.n);
}

static enum ent_err check_one(const struct ent_note_sig *s, int64_t *ret_time,
                              const struct ent_pubkey *pk, struct ent_slice text)
{
    uint64_t time = 0;
    if (s->sig_n != COSIG_N)
        return ENT_E_AUTH;
    for (size_t i = 0; i < 8; i++)
        time = time << 8 | s->sig[i];
    if (time == 0 || time > INT64_MAX)
        return ENT_E_AUTH;
    *ret_time = (int64_t)time;
    return ent_cosign_raw_check(pk, s->sig + 8, text, (int64_t)time);
}

enum ent_err ent_cosign_check(const struct ent_note *note, int64_t *ret_time, const char *name,
                              const struct ent_pubkey *pk)
{
    struct ent_checkpoint cp;
    uint8_t id[4];
    int64_t time = 0;
    bool found = false;
    enum ent_err r = ent_checkpoint_parse(&cp, note->text, NULL);
    if (r != ENT_OK)
        return r;
    ent_cosign_key_id(id, name, pk);
    for (size_t i = 0; i < note->sigs; i++) {
        const struct ent_note_sig *s = &note->sig[i];
        if (!ent_slice_eq(s->name, ent_slice_str(name)) || memcmp(s->id, id, 4) != 0)
            continue; /* somebody else's: not our matter */
        if (found || check_one(s, &time, pk, note->text) != ENT_OK)
            return ENT_E_AUTH;
        found = true;
    }
    if (!found)
        return ENT_E_NOTFOUND;
    *ret_time = time;
    return ENT_OK;
}

enum ent_err ent_cosign_sign(struct ent_buf *note, size_t text_n, const char *name,
                             const struct ent_seed32 *seed, int64_t time)
{
    struct ent_keypair key;
    ent_keypair_init(&key, seed);
    enum ent_err r = ent_cosign_sign_by(note, text_n, name, &key, time);
    ent_wipe(&key, sizeof(key));
    return r;
}

void ent_cosign_raw(uint8_t sig[static 64], struct ent_slice text, const struct ent_keypair *key,
                    int64_t time)
{
    uint8_t msg[MESSAGE_MAX];
    ent_sign_by(sig, key, message(msg, time, text));
}

enum ent_err ent_cosign_raw_check(const struct ent_pubkey *pk, const uint8_t sig[static 64],
                                  struct ent_slice text, int64_t time)
{
    uint8_t msg[MESSAGE_MAX];
    return ent_sign_check(pk, sig, message(msg, time, text));
}

enum ent_err ent_cosign_add(struct ent_buf *note, size_t text_n, const char *name,
                            const struct ent_pubkey *pk, int64_t time, const uint8_t sig[static 64])
{
    uint8_t raw[4 + COSIG_N];
    ent_cosign_key_id(raw, name, pk);
    for (int i = 0; i < 8; i++)
        raw[4 + i] = (uint8_t)((uint64_t)time >> (56 - 8 * i));
    memcpy(raw + 4 + 8, sig, 64);
    return ent_note_append(note, text_n, name, raw, sizeof(raw));
}

enum ent_err ent_cosign_sign_by(struct ent_buf *note, size_t text_n, const char *name,
                                const struct ent_keypair *key, int64_t time)
{
    struct ent_checkpoint cp;
    uint8_t sig[64];
    ENT_ASSERT(text_n <= note->n);
    struct ent_slice text = ent_slice(note->p, text_n);
    if (time <= 0 || !ent_key_name_is_valid(ent_slice_str(name)))
        return ENT_E_FORMAT;
    enum ent_err r = ent_checkpoint_parse(&cp, text, NULL);
    if (r != ENT_OK)
        return r;
    ent_cosign_raw(sig, text, key, time);
    return ent_cosign_add(note, text_n, name, &key->pk, time, sig);
}

static bool sig_type_is_known(uint8_t type)
{
    return type == ENT_SIG_NOTE || type == ENT_SIG_COSIGN;
}

/* The 8 characters as they must be: comparing these leaves no second form. */
static void key_id_text(char ret[static ENT_HEX_LEN(4)], const struct ent_vkey *key)
{
    uint8_t id[4];
    ent_key_id(id, key->name, key->type, &key->pk);
    ent_hex_encode(ret, id, sizeof(id));
}

enum ent_err ent_vkey_parse(struct ent_vkey *ret, struct ent_slice text, struct ent_diag *d)
{
    static const char shape[] = "verifier key is not name+id+key";
    struct ent_vkey key = {0};
    uint8_t raw[1 + 32];
    char id[ENT_HEX_LEN(4)];
    const uint8_t *plus = text.n == 0 ? NULL : memchr(text.p, '+', text.n);
    size_t name_n = plus == NULL ? 0 : (size_t)(plus - text.p);
    if (plus == NULL || !ent_key_name_is_valid(ent_slice(text.p, name_n)) || text.n - name_n < 10 ||
        plus[9] != '+')
        return ent_fail(d, ENT_E_FORMAT, shape, 0, 0);
    /* the key's base64 may hold '+' itself */
    struct ent_slice b64 = {plus + 10, text.n - name_n - 10};
    if (ent_base64_decode_exact(raw, sizeof(raw), b64) != ENT_OK)
        return ent_fail(d, ENT_E_FORMAT, shape, 0, name_n + 10);
    if (!sig_type_is_known(raw[0]))
        return ent_fail(d, ENT_E_UNSUPPORTED, "verifier key of an unknown type", 0, name_n + 10);
    memcpy(key.name, text.p, name_n);
    key.type = (enum ent_sig_type)raw[0];
    memcpy(key.pk.b, raw + 1, sizeof(key.pk.b));
    key_id_text(id, &key);
    if (memcmp(id, plus + 1, 8) != 0)
        return ent_fail(d, ENT_E_FORMAT, "verifier key with the id of another key", 0, name_n + 1);
    if (ent_pubkey_check(&key.pk) != ENT_OK)
        return ent_fail(d, ENT_E_AUTH, "verifier key is not a valid point", 0, name_n + 10);
    *ret = key;
    return ENT_OK;
}

enum ent_err ent_vkey_encode(struct ent_buf *b, const struct ent_vkey *key)
{
    uint8_t raw[1 + 32];
    char id[ENT_HEX_LEN(4)], b64[ENT_BASE64_LEN(sizeof(raw))];
    if (!ent_key_name_is_valid(ent_slice_str(key->name)) || !sig_type_is_known((uint8_t)key->type))
        return ENT_E_FORMAT;
    enum ent_err r = ent_pubkey_check(&key->pk);
    if (r != ENT_OK)
        return r;
    key_id_text(id, key);
    raw[0] = (uint8_t)key->type;
    memcpy(raw + 1, key->pk.b, sizeof(key->pk.b));
    ent_base64_encode(b64, raw, sizeof(raw));
    return ent_buf_printf(b, "%s+%s+%s", key->name, id, b64);
}
