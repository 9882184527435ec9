/* poprf.c: the POPRF mode. The tweaked key t = sk + H2S("Info" || len2(info) || info). */
#include "crypto/crypto.h"
#include "crypto/dleq.h"
#include "crypto/oprf_parts.h"

static enum ent_err tweak(struct ent_scalar *ret, const struct ent_suite *suite,
                          struct ent_slice info)
{
    uint8_t msg[4 + 2 + 65535];
    if (info.n > 65535)
        return ENT_E_LIMIT;
    memcpy(msg, "Info", 4);
    ent_put_u16be(msg + 4, info.n);
    if (info.n > 0)
        memcpy(msg + 6, info.p, info.n);
    ent_suite_to_scalar(ret, suite, &suite->to_scalar, ent_slice(msg, 6 + info.n));
    return ENT_OK;
}

/* t and its inverse. */
static enum ent_err tweaked_key(struct ent_scalar *ret_t, struct ent_scalar *ret_inverse,
                                const struct ent_suite *suite, const struct ent_oprf_key *key,
                                struct ent_slice info)
{
    struct ent_scalar m;
    enum ent_err r = tweak(&m, suite, info);
    if (r != ENT_OK)
        return r;
    ent_scalar_add(ret_t, &key->sk, &m);
    uint8_t zero = ent_scalar_is_zero(ret_t);
    /* The client would see the refusal, and RFC 9497 section 2.1 asks for a new key then. */
    ent_ct_public(&zero, sizeof(zero));
    if (zero != 0)
        return ENT_E_FORMAT;
    ent_scalar_invert(ret_inverse, ret_t);
    return ENT_OK;
}

enum ent_err ent_poprf_evaluate(struct ent_element *evaluated, uint8_t proof[static ENT_OPRF_PROOF],
                                const struct ent_oprf_key *key, struct ent_slice info,
                                const struct ent_element *blinded, size_t n)
{
    struct ent_suite suite;
    struct ent_scalar t, inverse, nonce;
    struct ent_element tweaked;
    if (n < 1 || n > ENT_OPRF_BATCH_MAX)
        return ENT_E_LIMIT;
    ent_suite_init(&suite, ENT_OPRF_PARTIAL);
    enum ent_err r = tweaked_key(&t, &inverse, &suite, key, info);
    if (r != ENT_OK)
        return r;
    ent_element_mul_one(evaluated, &inverse, blinded, n);
    ent_element_base_mul(&tweaked, &t);
    /* Sent to the client, which can compute the tweaked public key itself. */
    ent_ct_public(evaluated, n * sizeof(*evaluated));
    ent_ct_public(&tweaked, sizeof(tweaked));
    /* The roles of the lists are swapped: blinded = t * evaluated. */
    const struct ent_dleq claim = {&suite, &tweaked, evaluated, blinded, n};
    ent_scalar_random(&nonce);
    r = ent_dleq_prove(proof, &claim, &t, &nonce);
    ent_wipe(&t, sizeof(t));
    ent_wipe(&inverse, sizeof(inverse));
    ent_wipe(&nonce, sizeof(nonce));
    return r;
}

enum ent_err ent_poprf_verify(const uint8_t proof[static ENT_OPRF_PROOF],
                              const struct ent_element *pk, struct ent_slice info,
                              const struct ent_element *blinded,
                              const struct ent_element *evaluated, size_t n)
{
    struct ent_suite suite;
    struct ent_element tweaked, m_times_g;
    struct ent_scalar m;
    enum ent_err r;
    ent_suite_init(&suite, ENT_OPRF_PARTIAL);
    if ((r = tweak(&m, &suite, info)) != ENT_OK)
        return r;
    if (ent_scalar_is_zero(&m) != 0)
        return ENT_E_AUTH;
    ent_element_base_mul(&m_times_g, &m);
    if (ent_element_add(&tweaked, &m_times_g, pk) != ENT_OK)
        return ENT_E_AUTH;
    const struct ent_dleq claim = {&suite, &tweaked, evaluated, blinded, n};
    return ent_dleq_verify(proof, &claim);
}

enum ent_err ent_poprf_finalize(uint8_t (*out)[ENT_OPRF_OUT], struct ent_slice info,
                                const struct ent_slice *input, const struct ent_scalar *blind,
                                const struct ent_element *evaluated, size_t n)
{
    struct ent_scalar unblind[ENT_OPRF_PIECE];
    struct ent_element x[ENT_OPRF_PIECE];
    if (info.n > 65535)
        return ENT_E_LIMIT;
    for (size_t i = 0; i < n; i += ENT_OPRF_PIECE) {
        size_t m = ent_oprf_piece(n - i);
        ent_scalar_invert_each(unblind, blind + i, m);
        ent_element_mul_each(x, unblind, evaluated + i, m);
        for (size_t j = 0; j < m; j++)
            ent_oprf_output(out[i + j], input[i + j], &info, &x[j]);
    }
    ent_wipe(unblind, sizeof(unblind));
    ent_wipe(x, sizeof(x));
    return ENT_OK;
}

enum ent_err ent_poprf_own(uint8_t (*out)[ENT_OPRF_OUT], const struct ent_oprf_key *key,
                           struct ent_slice info, const struct ent_slice *input, size_t n)
{
    struct ent_suite suite;
    struct ent_scalar t, inverse;
    struct ent_element x[ENT_OPRF_PIECE];
    uint8_t hashes[64 * ENT_OPRF_PIECE];
    enum ent_err r = ent_oprf_lengths_ok(input, n);
    ent_suite_init(&suite, ENT_OPRF_PARTIAL);
    if (r != ENT_OK || (r = tweaked_key(&t, &inverse, &suite, key, info)) != ENT_OK)
        return r;
    for (size_t i = 0; i < n && r == ENT_OK; i += ENT_OPRF_PIECE) {
        size_t m = ent_oprf_piece(n - i);
        ent_oprf_hash_inputs(hashes, &suite, input + i, m);
        if ((r = ent_element_mul_one_hashed(x, &inverse, hashes, m)) != ENT_OK)
            break;
        for (size_t j = 0; j < m; j++)
            ent_oprf_output(out[i + j], input[i + j], &info, &x[j]);
    }
    ent_wipe(&t, sizeof(t));
    ent_wipe(&inverse, sizeof(inverse));
    ent_wipe(x, sizeof(x));
    ent_wipe(hashes, sizeof(hashes));
    return r;
}
