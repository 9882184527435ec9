/* oprf.c: the OPRF and VOPRF modes of RFC 9497 (section 3.3), and what POPRF shares with them. */
#include "crypto/crypto.h"
#include "crypto/dleq.h"
#include "crypto/oprf_parts.h"

void ent_oprf_key_generate(struct ent_oprf_key *ret)
{
    ent_scalar_random(&ret->sk);
    ent_element_base_mul(&ret->pk, &ret->sk);
    /* The public key. */
    ent_ct_public(&ret->pk, sizeof(ret->pk));
}

enum ent_err ent_oprf_key_derive(struct ent_oprf_key *ret, enum ent_oprf_mode mode,
                                 const uint8_t seed32[static 32], struct ent_slice info)
{
    uint8_t msg[32 + 2 + 65535 + 1];
    struct ent_suite suite;
    struct ent_scalar sk;
    uint8_t zero = 1;
    size_t n = 32 + 2 + info.n;
    if (info.n > 65535)
        return ENT_E_LIMIT;
    ent_suite_init(&suite, mode);
    memcpy(msg, seed32, 32);
    ent_put_u16be(msg + 32, info.n);
    if (info.n > 0)
        memcpy(msg + 34, info.p, info.n);
    for (unsigned counter = 0; zero != 0 && counter < 256; counter++) {
        msg[n] = (uint8_t)counter;
        ent_suite_to_scalar(&sk, &suite, &suite.derive_key, ent_slice(msg, n + 1));
        zero = ent_scalar_is_zero(&sk);
        /* True with probability 2^-252: that it was not says nothing about the key. */
        ent_ct_public(&zero, sizeof(zero));
    }
    ent_wipe(msg, 32);
    if (zero != 0)
        return ENT_E_FORMAT;
    ent_element_base_mul(&ret->pk, &sk);
    /* The public key. */
    ent_ct_public(&ret->pk, sizeof(ret->pk));
    ret->sk = sk;
    ent_wipe(&sk, sizeof(sk));
    return ENT_OK;
}

enum ent_err ent_oprf_lengths_ok(const struct ent_slice *input, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (input[i].n > 65535)
            return ENT_E_LIMIT;
    return ENT_OK;
}

void ent_oprf_hash_inputs(uint8_t *ret, const struct ent_suite *suite,
                          const struct ent_slice *input, size_t n)
{
    ent_suite_expand_each(ret, suite, &suite->to_group, input, n);
}

enum ent_err ent_oprf_blind_with(struct ent_element *blinded, const struct ent_scalar *blind,
                                 enum ent_oprf_mode mode, const struct ent_slice *input, size_t n)
{
    struct ent_suite suite;
    uint8_t hashes[64 * ENT_OPRF_PIECE];
    enum ent_err r = ent_oprf_lengths_ok(input, n);
    ent_suite_init(&suite, mode);
    for (size_t i = 0; i < n && r == ENT_OK; i += ENT_OPRF_PIECE) {
        size_t m = ent_oprf_piece(n - i);
        ent_oprf_hash_inputs(hashes, &suite, input + i, m);
        r = ent_element_mul_each_hashed(blinded + i, blind + i, hashes, m);
    }
    /* Sent to the server; uniform whatever the inputs are. */
    ent_ct_public(blinded, n * sizeof(*blinded));
    ent_wipe(hashes, sizeof(hashes));
    return r;
}

enum ent_err ent_oprf_blind(struct ent_scalar *blind, struct ent_element *blinded,
                            enum ent_oprf_mode mode, const struct ent_slice *input, size_t n)
{
    ent_scalar_random_each(blind, n);
    return ent_oprf_blind_with(blinded, blind, mode, input, n);
}

void ent_oprf_evaluate(struct ent_element *evaluated, const struct ent_oprf_key *key,
                       const struct ent_element *blinded, size_t n)
{
    ent_element_mul_one(evaluated, &key->sk, blinded, n);
    /* Sent to the client. */
    ent_ct_public(evaluated, n * sizeof(*evaluated));
}

enum ent_err ent_oprf_prove(uint8_t proof[static ENT_OPRF_PROOF], enum ent_oprf_mode mode,
                            const struct ent_oprf_key *key, const struct ent_element *blinded,
                            const struct ent_element *evaluated, size_t n)
{
    struct ent_suite suite;
    struct ent_scalar nonce;
    ent_suite_init(&suite, mode);
    const struct ent_dleq claim = {&suite, &key->pk, blinded, evaluated, n};
    ent_scalar_random(&nonce);
    enum ent_err r = ent_dleq_prove(proof, &claim, &key->sk, &nonce);
    ent_wipe(&nonce, sizeof(nonce));
    return r;
}

enum ent_err ent_oprf_verify(const uint8_t proof[static ENT_OPRF_PROOF], enum ent_oprf_mode mode,
                             const struct ent_element *pk, const struct ent_element *blinded,
                             const struct ent_element *evaluated, size_t n)
{
    struct ent_suite suite;
    ent_suite_init(&suite, mode);
    const struct ent_dleq claim = {&suite, pk, blinded, evaluated, n};
    return ent_dleq_verify(proof, &claim);
}

void ent_oprf_output(uint8_t ret[static ENT_OPRF_OUT], struct ent_slice x,
                     const struct ent_slice *info, const struct ent_element *n)
{
    static const char label[] = "Finalize";
    crypto_hash_sha512_state st;
    uint8_t len[2], tail[2 + 32 + sizeof(label) - 1];
    ENT_ASSERT(x.n <= 65535);
    (void)crypto_hash_sha512_init(&st);
    ent_put_u16be(len, x.n);
    (void)crypto_hash_sha512_update(&st, len, sizeof(len));
    (void)crypto_hash_sha512_update(&st, x.p, x.n);
    if (info != NULL) {
        ent_put_u16be(len, info->n);
        (void)crypto_hash_sha512_update(&st, len, sizeof(len));
        (void)crypto_hash_sha512_update(&st, info->p, info->n);
    }
    ent_put_u16be(tail, 32);
    memcpy(tail + 2, n->b, 32);
    memcpy(tail + 34, label, sizeof(label) - 1);
    (void)crypto_hash_sha512_update(&st, tail, sizeof(tail));
    (void)crypto_hash_sha512_final(&st, ret);
    ent_wipe(&st, sizeof(st));
    ent_wipe(tail, sizeof(tail));
}

void ent_oprf_finalize(uint8_t (*out)[ENT_OPRF_OUT], const struct ent_slice *input,
                       const struct ent_scalar *blind, const struct ent_element *evaluated,
                       size_t n)
{
    struct ent_scalar unblind[ENT_OPRF_PIECE];
    struct ent_element x[ENT_OPRF_PIECE];
    for (size_t i = 0; i < n; i += ENT_OPRF_PIECE) {
        size_t m = ent_oprf_piece(n - i);
        ent_scalar_invert_each(unblind, blind + i, m);
        ent_element_mul_each(x, unblind, evaluated + i, m);
        for (size_t j = 0; j < m; j++)
            ent_oprf_output(out[i + j], input[i + j], NULL, &x[j]);
    }
    ent_wipe(unblind, sizeof(unblind));
    ent_wipe(x, sizeof(x));
}

enum ent_err ent_oprf_own(uint8_t (*out)[ENT_OPRF_OUT], enum ent_oprf_mode mode,
                          const struct ent_oprf_key *key, const struct ent_slice *input, size_t n)
{
    struct ent_suite suite;
    struct ent_element x[ENT_OPRF_PIECE];
    uint8_t hashes[64 * ENT_OPRF_PIECE];
    enum ent_err r = ent_oprf_lengths_ok(input, n);
    ent_suite_init(&suite, mode);
    for (size_t i = 0; i < n && r == ENT_OK; i += ENT_OPRF_PIECE) {
        size_t m = ent_oprf_piece(n - i);
        ent_oprf_hash_inputs(hashes, &suite, input + i, m);
        if ((r = ent_element_mul_one_hashed(x, &key->sk, hashes, m)) != ENT_OK)
            break;
        for (size_t j = 0; j < m; j++)
            ent_oprf_output(out[i + j], input[i + j], NULL, &x[j]);
    }
    ent_wipe(x, sizeof(x));
    ent_wipe(hashes, sizeof(hashes));
    return r;
}
