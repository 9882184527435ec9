/* fuzz_label.c: label boxes from a hostile holder, who knows the key and seals what it likes. */
#include "match/match.h"

#include <sodium.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const struct ent_hash32 sid = {{1}};
    static const struct ent_label_key key = {{2}};
    static const uint8_t nonce[crypto_aead_xchacha20poly1305_ietf_NPUBBYTES];
    static const char name[] = "entente/lookup/label/v1";
    uint8_t plain[ENT_LABEL_PLAIN] = {0}, box[ENT_LABEL_BOX], in[sizeof(name) - 1 + 32 + 4 + 16];
    struct ent_hash32 k;
    struct ent_label l;
    memcpy(plain, data, n < sizeof(plain) ? n : sizeof(plain));
    memset(in, 0, sizeof(in));
    memcpy(in, name, sizeof(name) - 1);
    memcpy(in + sizeof(name) - 1, sid.b, 32);
    memcpy(in + sizeof(in) - 16, key.b, 16);
    ent_sha256_of(&k, ent_slice(in, sizeof(in)));
    (void)crypto_aead_xchacha20poly1305_ietf_encrypt(box, NULL, plain, sizeof(plain), NULL, 0, NULL,
                                                     nonce, k.b);
    if (ent_label_open(&l, box, &sid, 0, &key) == ENT_OK) {
        ENT_ASSERT(ent_utf8_valid(ent_slice_str(l.kind), NULL));
        ENT_ASSERT(strlen(l.text) <= ENT_LABEL_TEXT && l.confidence >= -1 && l.confidence <= 100);
    }
    return 0;
}
