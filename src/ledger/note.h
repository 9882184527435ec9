/*
 * note.h: signed notes (C2SP signed-note), the one container of everything that is signed: a text,
 * an empty line, and lines "— name base64(keyid4 || signature)".
 *
 * Ours are stricter than the specification where parsers are known to disagree: no empty line
 * inside the text, no control byte but LF, and one malformed line refuses the note.
 */
#ifndef ENT_LEDGER_NOTE_H
#define ENT_LEDGER_NOTE_H

#include "crypto/crypto.h"

#define ENT_NOTE_MAX 65536u /* bytes of a whole note */
#ifndef ENT_NOTE_SIGS
#define ENT_NOTE_SIGS 64u /* a head by its log and 63 witnesses */
#endif
#define ENT_NOTE_NAME_MAX 192u
#define ENT_NOTE_SIG_MAX  128u /* bytes of a signature that is written or verified here */

struct ent_note_sig {
    struct ent_slice name;
    uint8_t id[4];
    uint8_t sig[ENT_NOTE_SIG_MAX]; /* of a longer one, which nothing here verifies, the beginning */
    size_t sig_n;                  /* of all of it */
};

/* Slices point into the parsed bytes. */
struct ent_note {
    struct ent_slice text; /* with its last newline, which is signed too */
    struct ent_note_sig sig[ENT_NOTE_SIGS];
    size_t sigs;
};

/* Structure only; nothing is verified. ENT_E_FORMAT or ENT_E_LIMIT with a diagnosis. */
ENT_MUST_USE enum ent_err ent_note_parse(struct ent_note *ret, struct ent_slice bytes,
                                         struct ent_diag *d);

/* The same for the one kind of note that may be larger: at most max bytes. */
ENT_MUST_USE enum ent_err ent_note_parse_up_to(struct ent_note *ret, struct ent_slice bytes,
                                               size_t max, struct ent_diag *d);

/* The signature types of the specification. */
enum ent_sig_type {
    ENT_SIG_NOTE = 0x01,  /* Ed25519 over a note's text */
    ENT_SIG_COSIGN = 0x04 /* Ed25519 over a checkpoint and a time */
};

/* SHA256(name || LF || type || public key), first four bytes: a hint, no security value. */
void ent_key_id(uint8_t ret[static 4], const char *name, enum ent_sig_type type,
                const struct ent_pubkey *pk);

/* That of ENT_SIG_NOTE. */
void ent_note_key_id(uint8_t ret[static 4], const char *name, const struct ent_pubkey *pk);

/* ENT_OK when this key signed; ENT_E_NOTFOUND when it did not; ENT_E_AUTH when it seems to have
 * and the signature does not hold, or signs twice. */
ENT_MUST_USE enum ent_err ent_note_check(const struct ent_note *note, const char *name,
                                         const struct ent_pubkey *pk);

/*
 * Append a signature over text to note. note holds the text alone (then the empty line comes
 * first) or the text with earlier signatures. text_n is the text's length.
 */
ENT_MUST_USE enum ent_err ent_note_sign(struct ent_buf *note, size_t text_n, const char *name,
                                        const struct ent_seed32 *seed);
/* The same with a key that signs often. */
ENT_MUST_USE enum ent_err ent_note_sign_by(struct ent_buf *note, size_t text_n, const char *name,
                                           const struct ent_keypair *key);

/* A signature that the key's owner made. */
ENT_MUST_USE enum ent_err ent_note_add(struct ent_buf *note, size_t text_n, const char *name,
                                       const struct ent_pubkey *pk, const uint8_t sig[static 64]);

/* The line alone, for signatures made elsewhere: id_sig is the key id and the signature behind it,
 * id_sig_n <= 4 + ENT_NOTE_SIG_MAX. */
ENT_MUST_USE enum ent_err ent_note_append(struct ent_buf *note, size_t text_n, const char *name,
                                          const uint8_t *id_sig, size_t id_sig_n);

/* Whether it is a text that a note can hold: UTF-8, LF only, ends with LF, no empty line. */
bool ent_note_text_is_valid(struct ent_slice text);

/* The name of a key: 1 to 192 bytes of visible UTF-8, without '+' and blanks of any kind. */
bool ent_key_name_is_valid(struct ent_slice name);

/* A member's name: 1 to 63 of a-z 0-9 '-', starting with a letter. */
#define ENT_NAME_MAX 63
bool ent_name_is_valid(struct ent_slice name);

#endif
