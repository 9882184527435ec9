/*
 * label.h: what the asker learns about a hit: a word, a sentence, confidence, TLP. Labels are a
 * table of equal-sized boxes, one for each distinct description; an entry of the filter leads to
 * its box and holds the key. Whoever has no hit on a box's entries has no key for it.
 *
 *     box = XChaCha20-Poly1305(key, nonce 0, plain), 512 + 16 bytes
 *     key = SHA256("entente/lookup/label/v1" || sid || u32le index || key16)
 *     plain = u8 1 || u8 tlp || u8 confidence or 255 || u8 0 || u16le kind_n || u16le text_n ||
 *             kind || text || zeros
 */
#ifndef ENT_MATCH_LABEL_H
#define ENT_MATCH_LABEL_H

#include "crypto/crypto.h"
#include "intel/intel.h"

#define ENT_LABEL_PLAIN 512
#define ENT_LABEL_BOX   (ENT_LABEL_PLAIN + 16)
#define ENT_LABEL_KIND  63
#define ENT_LABEL_TEXT  440

struct ent_label {
    enum ent_tlp tlp;
    int confidence; /* 0..100, -1 when not said */
    char kind[ENT_LABEL_KIND + 1];
    char text[ENT_LABEL_TEXT + 1];
};

struct ent_label_key {
    uint8_t b[16];
};

/* Cut to size at a character's boundary. */
void ent_label_make(struct ent_label *ret, enum ent_tlp tlp, int confidence, struct ent_slice kind,
                    struct ent_slice text);

/* The plain form, which is the same for equal labels. */
void ent_label_encode(uint8_t plain[static ENT_LABEL_PLAIN], const struct ent_label *l);

void ent_label_seal(uint8_t box[static ENT_LABEL_BOX], const struct ent_label *l,
                    const struct ent_hash32 *sid, uint32_t index, const struct ent_label_key *key);

/* ENT_E_AUTH for a wrong key or a box that was not made so, ENT_E_FORMAT for odd contents. */
ENT_MUST_USE enum ent_err ent_label_open(struct ent_label *ret,
                                         const uint8_t box[static ENT_LABEL_BOX],
                                         const struct ent_hash32 *sid, uint32_t index,
                                         const struct ent_label_key *key);

#endif
