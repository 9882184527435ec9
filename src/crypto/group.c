/*
 * group.c: elements as the outside sees them, over the portable arithmetic of point.c or, for
 * batches on machines that have it, the eight lanes of ifma.c.
 */
#include "crypto/crypto.h"
#include "crypto/ifma.h"
#include "crypto/msm.h"

/* Eight lanes cost about as much as two single runs, so a single element stays with those. */
#ifdef ENT_HAVE_IFMA
#define USE_IFMA(n) ((n) >= 2 && ent_cpu_level() == ENT_CPU_AVX512)
#endif

#define LANES 8

static size_t lanes(size_t left)
{
    return left < LANES ? left : LANES;
}

/* ENT_E_FORMAT for the identity, which is encoded as zeros. */
static enum ent_err not_identity(const uint8_t b[static 32])
{
    uint8_t any = 0;
    for (size_t i = 0; i < 32; i++)
        any |= b[i];
    /* Public: happens to no honest party but with probability 2^-252, and aborts the run then. */
    ent_ct_public(&any, sizeof(any));
    return any == 0 ? ENT_E_FORMAT : ENT_OK;
}

/* What stands in a struct ent_element is canonical: anything else is a bug of ours. */
static void must_be_canonical(uint64_t ok)
{
    /* Public: 1 for every element. */
    ent_ct_public(&ok, sizeof(ok));
    ENT_ASSERT(ok == 1);
}

static void load(struct ent_point *ret, const struct ent_element *e)
{
    must_be_canonical(ent_point_decode(ret, e->b));
}

#ifdef ENT_HAVE_IFMA
static enum ent_err none_identity(const struct ent_element *e, size_t n)
{
    enum ent_err r = ENT_OK;
    for (size_t i = 0; i < n && r == ENT_OK; i++)
        r = not_identity(e[i].b);
    return r;
}
#endif

static enum ent_err store(struct ent_element *ret, const struct ent_point *p)
{
    uint8_t b[32];
    ent_point_encode(b, p);
    enum ent_err r = not_identity(b);
    if (r == ENT_OK)
        memcpy(ret->b, b, sizeof(b));
    return r;
}

enum ent_err ent_element_decode_each(struct ent_element *ret, const uint8_t *bytes, size_t n)
{
    struct ent_point p;
    for (size_t i = 0; i < n; i++)
        if (not_identity(bytes + 32 * i) != ENT_OK)
            return ENT_E_FORMAT;
#ifdef ENT_HAVE_IFMA
    if (USE_IFMA(n)) {
        for (size_t i = 0; i < n; i += LANES)
            if (ent_ifma_decodes(bytes + 32 * i, lanes(n - i)) != 1)
                return ENT_E_FORMAT;
        memmove(ret, bytes, 32 * n);
        return ENT_OK;
    }
#endif
    for (size_t i = 0; i < n; i++)
        if (ent_point_decode(&p, bytes + 32 * i) != 1)
            return ENT_E_FORMAT;
    if (n > 0)
        memmove(ret, bytes, 32 * n);
    return ENT_OK;
}

enum ent_err ent_element_decode(struct ent_element *ret, const uint8_t bytes32[static 32])
{
    return ent_element_decode_each(ret, bytes32, 1);
}

enum ent_err ent_element_from_hash_each(struct ent_element *ret, const uint8_t *hashes, size_t n)
{
    struct ent_point p;
    enum ent_err r = ENT_OK;
#ifdef ENT_HAVE_IFMA
    if (USE_IFMA(n)) {
        for (size_t i = 0; i < n; i += LANES)
            ent_ifma_from_hash(ret + i, hashes + 64 * i, lanes(n - i));
        return none_identity(ret, n);
    }
#endif
    for (size_t i = 0; i < n && r == ENT_OK; i++) {
        ent_point_from_hash(&p, hashes + 64 * i);
        r = store(&ret[i], &p);
    }
    ent_wipe(&p, sizeof(p));
    return r;
}

enum ent_err ent_element_from_hash(struct ent_element *ret, const uint8_t hash64[static 64])
{
    return ent_element_from_hash_each(ret, hash64, 1);
}

enum ent_err ent_element_add(struct ent_element *ret, const struct ent_element *a,
                             const struct ent_element *b)
{
    struct ent_point p, q;
    struct ent_cached c;
    load(&p, a);
    load(&q, b);
    ent_point_to_cached(&c, &q);
    ent_point_add(&p, &p, &c);
    return store(ret, &p);
}

enum ent_err ent_element_sub(struct ent_element *ret, const struct ent_element *a,
                             const struct ent_element *b)
{
    struct ent_point p, q;
    struct ent_cached c;
    load(&p, a);
    load(&q, b);
    ent_point_to_cached(&c, &q);
    ent_point_sub(&p, &p, &c);
    return store(ret, &p);
}

enum ent_err ent_element_add_each(struct ent_element *ret, const struct ent_element *in, size_t n)
{
    enum ent_err r = ENT_OK;
#ifdef ENT_HAVE_IFMA
    if (USE_IFMA(n)) {
        for (size_t i = 0; i < n; i += LANES)
            must_be_canonical(ent_ifma_add(ret + i, in + i, lanes(n - i)));
        return none_identity(ret, n);
    }
#endif
    for (size_t i = 0; i < n && r == ENT_OK; i++)
        r = ent_element_add(&ret[i], &ret[i], &in[i]);
    return r;
}

void ent_element_base_mul(struct ent_element *ret, const struct ent_scalar *k)
{
    struct ent_point p;
    ent_point_base_mul(&p, k);
    ent_point_encode(ret->b, &p);
    ent_wipe(&p, sizeof(p));
}

/* k[0], k[step], k[2*step], ... */
static void mul(struct ent_element *ret, const struct ent_scalar *k, size_t step,
                const struct ent_element *in, size_t n)
{
    struct ent_point p;
#ifdef ENT_HAVE_IFMA
    if (USE_IFMA(n)) {
        for (size_t i = 0; i < n; i += LANES)
            must_be_canonical(ent_ifma_mul(ret + i, k + i * step, step, in + i, lanes(n - i)));
        return;
    }
#endif
    for (size_t i = 0; i < n; i++) {
        load(&p, &in[i]);
        ent_point_mul(&p, &k[i * step], &p);
        ent_point_encode(ret[i].b, &p);
    }
    ent_wipe(&p, sizeof(p));
}

void ent_element_mul_one(struct ent_element *ret, const struct ent_scalar *k,
                         const struct ent_element *in, size_t n)
{
    mul(ret, k, 0, in, n);
}

void ent_element_mul_each(struct ent_element *ret, const struct ent_scalar *k,
                          const struct ent_element *in, size_t n)
{
    mul(ret, k, 1, in, n);
}

static enum ent_err mul_hashed(struct ent_element *ret, const struct ent_scalar *k, size_t step,
                               const uint8_t *hashes, size_t n)
{
    struct ent_point p;
    enum ent_err r = ENT_OK;
#ifdef ENT_HAVE_IFMA
    if (USE_IFMA(n)) {
        for (size_t i = 0; i < n; i += LANES)
            ent_ifma_mul_hashed(ret + i, k + i * step, step, hashes + 64 * i, lanes(n - i));
        return none_identity(ret, n);
    }
#endif
    for (size_t i = 0; i < n && r == ENT_OK; i++) {
        ent_point_from_hash(&p, hashes + 64 * i);
        ent_point_mul(&p, &k[i * step], &p);
        r = store(&ret[i], &p);
    }
    ent_wipe(&p, sizeof(p));
    return r;
}

enum ent_err ent_element_mul_one_hashed(struct ent_element *ret, const struct ent_scalar *k,
                                        const uint8_t *hashes, size_t n)
{
    return mul_hashed(ret, k, 0, hashes, n);
}

enum ent_err ent_element_mul_each_hashed(struct ent_element *ret, const struct ent_scalar *k,
                                         const uint8_t *hashes, size_t n)
{
    return mul_hashed(ret, k, 1, hashes, n);
}

void ent_msm_init(struct ent_msm *m)
{
    ent_point_identity(&m->sum);
}

static void msm_point(struct ent_msm *m, const struct ent_point *p)
{
    struct ent_cached c;
    ent_point_to_cached(&c, p);
    ent_point_add(&m->sum, &m->sum, &c);
}

void ent_msm_add_var(struct ent_msm *m, const struct ent_scalar *w, const struct ent_element *in,
                     size_t n)
{
    struct ent_point p[ENT_POINTS_AT_ONCE], sum;
#ifdef ENT_HAVE_IFMA
    if (USE_IFMA(n / 4)) {
        for (size_t i = 0, k; i < n; i += k) {
            k = n - i < ENT_IFMA_SUM_MAX ? n - i : ENT_IFMA_SUM_MAX;
            must_be_canonical(ent_ifma_sum_var(&sum, w + i, in + i, k));
            msm_point(m, &sum);
        }
        return;
    }
#endif
    for (size_t i = 0, k; i < n; i += k) {
        k = n - i < ENT_POINTS_AT_ONCE ? n - i : ENT_POINTS_AT_ONCE;
        for (size_t j = 0; j < k; j++)
            load(&p[j], &in[i + j]);
        ent_point_sum_var(&sum, w + i, p, k);
        msm_point(m, &sum);
    }
}

enum ent_err ent_msm_end_var(struct ent_msm *m, struct ent_element *ret)
{
    return store(ret, &m->sum);
}

enum ent_err ent_element_mul_add_var(struct ent_element *ret, const struct ent_scalar *a,
                                     const struct ent_element *p, const struct ent_scalar *b,
                                     const struct ent_element *q)
{
    struct ent_msm m;
    ent_msm_init(&m);
    if (p == NULL)
        ent_point_base_mul(&m.sum, a);
    else
        ent_msm_add_var(&m, a, p, 1);
    ent_msm_add_var(&m, b, q, 1);
    return ent_msm_end_var(&m, ret);
}
