/*
 * dleq.c: proofs of equal discrete logarithms. The claim and its weights are public, so sums over
 * them may take variable time; k and r are secret.
 */
#include "crypto/crypto.h"
#include "crypto/dleq.h"
#include "crypto/msm.h"

#define WEIGHTS 128 /* made at a time */

/* Append len2 || bytes. */
static uint8_t *put_piece(uint8_t *to, const uint8_t *p, size_t n)
{
    ent_put_u16be(to, n);
    memcpy(to + 2, p, n);
    return to + 2 + n;
}

/* The seed of the weights: Hash(len2(B) || B || len2(seedDST) || seedDST). */
static void weight_seed(uint8_t ret64[static 64], const struct ent_dleq *claim)
{
    const struct ent_suite_tag *tag = &claim->suite->seed;
    uint8_t msg[2 + 32 + 2 + ENT_SUITE_TAG_MAX], *to = msg;
    to = put_piece(to, claim->b->b, 32);
    to = put_piece(to, tag->b, tag->n - 1);
    (void)crypto_hash_sha512(ret64, msg, (size_t)(to - msg));
}

static void weights(struct ent_scalar *ret, const struct ent_dleq *claim, const uint8_t *seed64,
                    size_t from, size_t n)
{
    static const char label[] = "Composite";
    uint8_t msg[WEIGHTS][2 + 64 + 2 + 34 + 34 + sizeof(label) - 1], *to, wide[WEIGHTS * 64];
    struct ent_slice slice[WEIGHTS];
    for (size_t i = 0; i < n; i++) {
        to = put_piece(msg[i], seed64, 64);
        ent_put_u16be(to, from + i);
        to = put_piece(to + 2, claim->c[from + i].b, 32);
        to = put_piece(to, claim->d[from + i].b, 32);
        memcpy(to, label, sizeof(label) - 1);
        slice[i] = ent_slice(msg[i], sizeof(msg[i]));
    }
    ent_suite_expand_each(wide, claim->suite, &claim->suite->to_scalar, slice, n);
    for (size_t i = 0; i < n; i++)
        ent_scalar_reduce(&ret[i], wide + 64 * i);
}

/* ret_m = sum of w[i]*C[i]; ret_z likewise over D, unless NULL (the prover has k*M, which is
 * ComputeCompositesFast). */
static enum ent_err composites(struct ent_element *ret_m, struct ent_element *ret_z,
                               const struct ent_dleq *claim)
{
    struct ent_scalar w[WEIGHTS];
    struct ent_msm m, z;
    uint8_t seed[64];
    enum ent_err r;
    weight_seed(seed, claim);
    ent_msm_init(&m);
    ent_msm_init(&z);
    for (size_t i = 0; i < claim->n; i += WEIGHTS) {
        size_t n = claim->n - i < WEIGHTS ? claim->n - i : WEIGHTS;
        weights(w, claim, seed, i, n);
        ent_msm_add_var(&m, w, claim->c + i, n);
        if (ret_z != NULL)
            ent_msm_add_var(&z, w, claim->d + i, n);
    }
    if ((r = ent_msm_end_var(&m, ret_m)) == ENT_OK && ret_z != NULL)
        r = ent_msm_end_var(&z, ret_z);
    return r;
}

static void challenge(struct ent_scalar *ret, const struct ent_dleq *claim,
                      const struct ent_element *m, const struct ent_element *z,
                      const struct ent_element *t2, const struct ent_element *t3)
{
    static const char label[] = "Challenge";
    uint8_t msg[5 * 34 + sizeof(label) - 1], *to = msg;
    to = put_piece(to, claim->b->b, 32);
    to = put_piece(to, m->b, 32);
    to = put_piece(to, z->b, 32);
    to = put_piece(to, t2->b, 32);
    to = put_piece(to, t3->b, 32);
    memcpy(to, label, sizeof(label) - 1);
    ent_suite_to_scalar(ret, claim->suite, &claim->suite->to_scalar, ent_slice(msg, sizeof(msg)));
}

enum ent_err ent_dleq_prove(uint8_t proof[static ENT_OPRF_PROOF], const struct ent_dleq *claim,
                            const struct ent_scalar *k, const struct ent_scalar *r)
{
    struct ent_element m, z, t2, t3;
    struct ent_scalar c, s;
    if (claim->n < 1 || claim->n > ENT_OPRF_BATCH_MAX)
        return ENT_E_LIMIT;
    enum ent_err e = composites(&m, NULL, claim);
    if (e != ENT_OK)
        return e;
    ent_element_mul_one(&z, k, &m, 1);
    ent_element_base_mul(&t2, r);
    ent_element_mul_one(&t3, r, &m, 1);
    challenge(&c, claim, &m, &z, &t2, &t3);
    ent_scalar_mul(&s, &c, k);
    ent_scalar_sub(&s, r, &s);
    /* Sent to the verifier; r is uniform and hides c*k in s. */
    ent_ct_public(&c, sizeof(c));
    ent_ct_public(&s, sizeof(s));
    memcpy(proof, c.b, 32);
    memcpy(proof + 32, s.b, 32);
    return ENT_OK;
}

enum ent_err ent_dleq_verify(const uint8_t proof[static ENT_OPRF_PROOF],
                             const struct ent_dleq *claim)
{
    struct ent_element m, z, t2, t3;
    struct ent_scalar c, s, want;
    if (claim->n < 1 || claim->n > ENT_OPRF_BATCH_MAX)
        return ENT_E_LIMIT;
    if (ent_scalar_decode(&c, proof) != ENT_OK || ent_scalar_decode(&s, proof + 32) != ENT_OK)
        return ENT_E_AUTH;
    /* An honest prover's elements here are never the identity: its nonce is nonzero. */
    if (composites(&m, &z, claim) != ENT_OK ||
        ent_element_mul_add_var(&t2, &s, NULL, &c, claim->b) != ENT_OK ||
        ent_element_mul_add_var(&t3, &s, &m, &c, &z) != ENT_OK)
        return ENT_E_AUTH;
    challenge(&want, claim, &m, &z, &t2, &t3);
    return crypto_verify_32(want.b, c.b) == 0 ? ENT_OK : ENT_E_AUTH;
}
