/*
 * checkpoint.h: the head of a log (C2SP tlog-checkpoint), what witnesses add to it
 * (tlog-cosignature, the Ed25519 one), and keys as text (signed-note's vkeys).
 *
 *     <origin>
 *     <number of entries>
 *     <base64 of the root>
 *
 *     — <origin> <signature of the log>
 *     — <witness> <key id, time and signature>
 *
 * Stricter than the specification: three lines and no extension lines, which some cosignatures do
 * not cover; an origin that can be a key name is one without '+'. Whether a root fits its size is a
 * question for proofs.
 */
#ifndef ENT_LEDGER_CHECKPOINT_H
#define ENT_LEDGER_CHECKPOINT_H

#include "ledger/note.h"

#define ENT_ORIGIN_MAX          ENT_NOTE_NAME_MAX
#define ENT_CHECKPOINT_SIZE_MAX ((uint64_t)INT64_MAX) /* 19 digits */
#define ENT_CHECKPOINT_MAX      (ENT_ORIGIN_MAX + 1 + 19 + 1 + 44 + 1)

struct ent_checkpoint {
    struct ent_slice origin; /* after a parse, in the parsed bytes */
    uint64_t size;
    struct ent_hash32 root;
};

/* 1 to 192 bytes of visible UTF-8, without '+' and with no blank but ' ', not at the ends. */
bool ent_origin_is_valid(struct ent_slice origin);

/* The text of a note. ENT_E_FORMAT, or ENT_E_LIMIT for a size above 2^63-1, with a diagnosis. */
ENT_MUST_USE enum ent_err ent_checkpoint_parse(struct ent_checkpoint *ret, struct ent_slice text,
                                               struct ent_diag *d);

/* Append the text to b. The same errors, and what the parser would refuse is not written. */
ENT_MUST_USE enum ent_err ent_checkpoint_encode(struct ent_buf *b, const struct ent_checkpoint *cp);

/* Cosignatures: at this time, this was the largest head of this log that the witness knew, and all
 * before it were consistent with it. What is signed does not name the witness: whoever counts
 * witnesses counts keys, not names. */
void ent_cosign_key_id(uint8_t ret[static 4], const char *name, const struct ent_pubkey *pk);

/*
 * As ent_note_check(): ENT_OK and the time when this key cosigned, ENT_E_NOTFOUND when it did not,
 * ENT_E_AUTH when it seems to have and the signature does not hold, has a time outside 1..2^63-1,
 * or is there twice. When the text is no checkpoint, the error of ent_checkpoint_parse().
 */
ENT_MUST_USE enum ent_err ent_cosign_check(const struct ent_note *note, int64_t *ret_time,
                                           const char *name, const struct ent_pubkey *pk);

/* As ent_note_sign(); the text must be a checkpoint, the name one without blanks or '+', the time
 * positive (ENT_E_FORMAT). Whether it may be signed is for the caller to know. */
ENT_MUST_USE enum ent_err ent_cosign_sign(struct ent_buf *note, size_t text_n, const char *name,
                                          const struct ent_seed32 *seed, int64_t time);
ENT_MUST_USE enum ent_err ent_cosign_sign_by(struct ent_buf *note, size_t text_n, const char *name,
                                             const struct ent_keypair *key, int64_t time);

/* The signature alone, of a text that is a checkpoint, for who knows that; and the line with it. */
void ent_cosign_raw(uint8_t sig[static 64], struct ent_slice text, const struct ent_keypair *key,
                    int64_t time);
ENT_MUST_USE enum ent_err ent_cosign_raw_check(const struct ent_pubkey *pk,
                                               const uint8_t sig[static 64], struct ent_slice text,
                                               int64_t time);
ENT_MUST_USE enum ent_err ent_cosign_add(struct ent_buf *note, size_t text_n, const char *name,
                                         const struct ent_pubkey *pk, int64_t time,
                                         const uint8_t sig[static 64]);

/* A public key with its name and use: name+<8 hex of the key id>+base64(type || key). */
struct ent_vkey {
    char name[ENT_NOTE_NAME_MAX + 1];
    enum ent_sig_type type;
    struct ent_pubkey pk;
};

/* ENT_E_FORMAT also when the id is not that of the key; ENT_E_UNSUPPORTED for other types of 32
 * bytes; ENT_E_AUTH when no signature by this key would ever be accepted. */
ENT_MUST_USE enum ent_err ent_vkey_parse(struct ent_vkey *ret, struct ent_slice text,
                                         struct ent_diag *d);
ENT_MUST_USE enum ent_err ent_vkey_encode(struct ent_buf *b, const struct ent_vkey *key);

#endif
