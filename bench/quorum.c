/*
 * quorum.c (bench): the collector beside the loop that it replaces, all t-subsets with Lagrange at
 * 0 as in arXiv 2510.12045, over the same cells in the same run; its memory over a whole quorum;
 * what key holders and participants pay for an item, beside one multiplication in the group; what
 * building tables costs; how time grows with N, M and t (tools/plot-quorum draws that).
 *
 * Both parties by processor time of one thread, medians of rounds that take turns; a whole quorum
 * by the clock on two threads. The loop is measured over SAMPLE cells, for which it needs as long
 * as for any others, and scaled. It is there twice: in C with 128-bit products and one reduction
 * for each subset, coefficients made before, and the same with AVX-512 IFMA. All must find the
 * same.
 */
#include "match/match.h"

#include <sys/resource.h>
#include <sys/wait.h>

#define SAMPLE  8192u
#define BLOCK   32768u /* cells in memory at once in a whole quorum */
#define ROUNDS  7
#define REPEAT  16   /* of ours, which is over too soon to be measured alone */
#define PLANTED 200u /* of so many cells one holds an item of t members */
#define AIM     10.0
#define MEMORY  1024.0 /* MiB */
#define HOLDERS 4u     /* key holders at most in a measured run */

static bool json;
static uint64_t state = 1;
static const struct ent_hash32 run = {{9}};

static void must(enum ent_err r, const char *what)
{
    if (r == ENT_OK)
        return;
    (void)fprintf(stderr, "quorum: %s: %s\n", what, ent_err_str(r));
    exit(EXIT_FAILURE);
}

static void check(bool ok, const char *what)
{
    if (ok)
        return;
    (void)fprintf(stderr, "quorum: %s\n", what);
    exit(EXIT_FAILURE);
}

static void *room(size_t n)
{
    void *p = aligned_alloc(64, (n + 63) / 64 * 64);
    check(p != NULL, "no memory");
    return p;
}

static uint64_t next(void) /* xorshift64*: the same cells for everybody */
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return state * 0x2545F4914F6CDD1D;
}

static double seconds_of(clockid_t clock)
{
    struct timespec t;
    check(clock_gettime(clock, &t) == 0, "clock_gettime");
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int by_size(const void *x, const void *y)
{
    double d = *(const double *)x - *(const double *)y;
    return d < 0 ? -1 : d > 0;
}

static double median(double *t)
{
    qsort(t, ROUNDS, sizeof(*t), by_size);
    return t[ROUNDS / 2];
}

/* --- cells ---------------------------------------------------------------------------------- */

static void make_cells(uint64_t *shares, const struct ent_quorum_shape *s, size_t cells)
{
    for (size_t i = 0; i < s->members * cells; i++)
        shares[i] = ent_qf_of_bits(next());
    for (size_t cell = next() % PLANTED; cell < cells; cell += 1 + next() % (2 * PLANTED)) {
        uint64_t coef[ENT_QUORUM_THRESHOLD], left = s->threshold;
        for (uint32_t i = 0; i < s->threshold - 1; i++)
            coef[i] = ent_qf_of_bits(next());
        for (uint32_t j = 0; j < s->members; j++)
            if (next() % (s->members - j) < left) {
                shares[j * cells + cell] = ent_qf_at(coef, s->threshold - 1, j + 1);
                left--;
            }
    }
}

static enum ent_err count_one(void *ctx, const struct ent_quorum_hit *hit)
{
    (void)hit;
    ++*(size_t *)ctx;
    return ENT_OK;
}

static void collector(struct ent_quorum_collector *ret, const struct ent_quorum_shape *s)
{
    ent_quorum_collector_init(ret, s, UINT64_MAX >> (64 - s->members), &run);
}

static size_t ours(const struct ent_quorum_shape *s, const uint64_t *shares, size_t cells)
{
    struct ent_quorum_collector c;
    size_t n = 0;
    collector(&c, s);
    must(ent_quorum_collect(&c, shares, cells, 0, cells, count_one, &n), "collect");
    return n;
}

/* --- the loop that it replaces -------------------------------------------------------------- */

struct subsets {
    size_t n;
    uint32_t t;
    uint8_t (*member)[ENT_QUORUM_THRESHOLD];
    uint64_t (*coef)[ENT_QUORUM_THRESHOLD]; /* of Lagrange at 0, times the index, see docs */
};

static void coefficients(uint64_t *coef, const uint8_t *member, uint32_t t)
{
    for (uint32_t i = 0; i < t; i++) {
        uint64_t up = member[i] + 1u, down = 1, x = member[i] + 1u;
        for (uint32_t j = 0; j < t; j++)
            if (j != i) {
                up = ent_qf_mul(up, member[j] + 1u);
                down = ent_qf_mul(down, ent_qf_sub(member[j] + 1u, x));
            }
        coef[i] = ent_qf_mul(up, ent_qf_inverse_var(down));
    }
}

static void make_subsets(struct subsets *ret, const struct ent_quorum_shape *s)
{
    struct ent_quorum_cost cost;
    uint8_t at[ENT_QUORUM_THRESHOLD];
    uint32_t t = s->threshold, i;
    ent_quorum_cost(&cost, s, (struct ent_quorum_rate){0, 0});
    size_t most = (size_t)(cost.comparisons / ent_quorum_cells(s) + 0.5);
    *ret = (struct subsets){0, t, room(most * ENT_QUORUM_THRESHOLD),
                            room(most * ENT_QUORUM_THRESHOLD * 8)};
    for (i = 0; i < t; i++)
        at[i] = (uint8_t)i;
    do {
        check(ret->n < most, "more subsets than there are");
        memcpy(ret->member[ret->n], at, sizeof(at));
        coefficients(ret->coef[ret->n++], at, t);
        for (i = t; i > 0 && at[i - 1] == s->members - t + i - 1; i--)
            ;
        if (i > 0) {
            at[i - 1]++;
            for (uint32_t j = i; j < t; j++)
                at[j] = (uint8_t)(at[j - 1] + 1);
        }
    } while (i > 0);
    check(ret->n == most, "fewer subsets than there are");
}

static void free_subsets(struct subsets *u)
{
    free(u->member);
    free(u->coef);
}

/* Inlined for each t, so that the inner loop is unrolled. */
static inline __attribute__((always_inline)) size_t subset_c(const uint64_t *const *row,
                                                             const uint64_t *coef, uint32_t t,
                                                             size_t cells)
{
    size_t found = 0;
    for (size_t i = 0; i < cells; i++) {
        ent_qf_wide z = (ent_qf_wide)row[0][i] * coef[0];
        for (uint32_t j = 1; j < t; j++)
            z += (ent_qf_wide)row[j][i] * coef[j];
        uint64_t v =
            ((uint64_t)z & ENT_QF_P) + ((uint64_t)(z >> 61) & ENT_QF_P) + (uint64_t)(z >> 122);
        found += v == 0 || v == ENT_QF_P || v == 2 * ENT_QF_P;
    }
    return found;
}

#if defined(__x86_64__)
#include <immintrin.h>
#define IFMA __attribute__((target("avx512f,avx512ifma,avx512vl,avx512dq,avx512bw")))

/* Limbs of 52 and 9 bits; products are summed at 2^0, 2^52 and 2^104 and reduced once. */
static inline __attribute__((always_inline)) IFMA size_t subset_ifma(const uint64_t *const *row,
                                                                     const uint64_t *coef,
                                                                     uint32_t t, size_t cells)
{
    const __m512i zero = _mm512_setzero_si512(), p = _mm512_set1_epi64((long long)ENT_QF_P);
    size_t found = 0;
    for (size_t i = 0; i < cells; i += 8) {
        __m512i a = zero, b = zero, c = zero, b2 = zero;
        for (uint32_t j = 0; j < t; j++) {
            __m512i x = _mm512_loadu_si512(row[j] + i), xh = _mm512_srli_epi64(x, 52);
            __m512i f = _mm512_set1_epi64((long long)coef[j]);
            __m512i fh = _mm512_set1_epi64((long long)(coef[j] >> 52));
            a = _mm512_madd52lo_epu64(a, x, f);
            b = _mm512_madd52hi_epu64(b, x, f);
            b2 = _mm512_madd52lo_epu64(b2, x, fh);
            c = _mm512_madd52hi_epu64(c, x, fh);
            b = _mm512_madd52lo_epu64(b, xh, f);
            c = _mm512_madd52hi_epu64(c, xh, f);
            c = _mm512_madd52lo_epu64(c, xh, fh);
        }
        b = _mm512_add_epi64(b, b2);
        __m512i v = _mm512_add_epi64(
            _mm512_add_epi64(a, _mm512_srli_epi64(b, 9)),
            _mm512_add_epi64(_mm512_and_si512(_mm512_slli_epi64(b, 52), p),
                             _mm512_add_epi64(_mm512_and_si512(_mm512_slli_epi64(c, 43), p),
                                              _mm512_srli_epi64(c, 18))));
        v = _mm512_add_epi64(_mm512_and_si512(v, p), _mm512_srli_epi64(v, 61));
        __mmask8 m = _mm512_cmpeq_epi64_mask(v, p) | _mm512_testn_epi64_mask(v, v); /* p or 0 */
        if (__builtin_expect(m != 0, 0))
            found += (size_t)__builtin_popcount(m);
    }
    return found;
}
#else
#define IFMA
#define subset_ifma subset_c
#endif

/* table */
#define EACH_THRESHOLD(of)                                                                         \
    switch (t) {                                                                                   \
    case 2:                                                                                        \
        return of(row, coef, 2, cells);                                                            \
    case 3:                                                                                        \
        return of(row, coef, 3, cells);                                                            \
    case 4:                                                                                        \
        return of(row, coef, 4, cells);                                                            \
    case 5:                                                                                        \
        return of(row, coef, 5, cells);                                                            \
    default:                                                                                       \
        return of(row, coef, t, cells);                                                            \
    }

static size_t any_c(const uint64_t *const *row, const uint64_t *coef, uint32_t t, size_t cells)
{
    EACH_THRESHOLD(subset_c)
}

static IFMA size_t any_ifma(const uint64_t *const *row, const uint64_t *coef, uint32_t t,
                            size_t cells)
{
    EACH_THRESHOLD(subset_ifma)
}

/* Cells in pieces that stay in the cache, each subset over a piece. */
static size_t lagrange(const struct subsets *u, const uint64_t *shares, size_t cells, bool vectors)
{
    const size_t piece = 512;
    size_t found = 0;
    for (size_t at = 0; at < cells; at += piece)
        for (size_t i = 0; i < u->n; i++) {
            const uint64_t *row[ENT_QUORUM_THRESHOLD];
            for (uint32_t j = 0; j < u->t; j++)
                row[j] = shares + u->member[i][j] * cells + at;
            found += vectors ? any_ifma(row, u->coef[i], u->t, piece)
                             : any_c(row, u->coef[i], u->t, piece);
        }
    return found;
}

/* --- figures -------------------------------------------------------------------------------- */

static void figure(const char *name, double value, const char *unit, const char *against,
                   double theirs, double ratio, double aim)
{
    if (!json) {
        (void)printf("  %-28s %10.4g %-9s %-22s %10.4g %8.2f%s\n", name, value, unit, against,
                     theirs, ratio,
                     aim == 0       ? ""
                     : ratio >= aim ? "  ok"
                                    : "  MISSED");
        return;
    }
    (void)printf(
        "{\"bench\": \"quorum/%s\", \"figure\": %.6g, \"unit\": \"%s\", \"against\": \"%s\", "
        "\"theirs\": %.6g, \"ratio\": %.2f",
        name, value, unit, against, theirs, ratio);
    if (aim != 0)
        (void)printf(", \"aim\": %.0f, \"met\": %s", aim, ratio >= aim ? "true" : "false");
    (void)printf("}\n");
}

static void plain(const char *name, double value, const char *unit)
{
    if (json)
        (void)printf("{\"bench\": \"quorum/%s\", \"figure\": %.6g, \"unit\": \"%s\"}\n", name,
                     value, unit);
    else
        (void)printf("  %-28s %10.4g %s\n", name, value, unit);
}

enum { OURS, LOOP, LOOP_IFMA, PARTIES };

/* Nanoseconds a cell of each party; 0 for one that is not asked for or cannot run. */
static void compare(double ns[PARTIES], const struct ent_quorum_shape *s, bool with_loop)
{
    double t[PARTIES][ROUNDS];
    struct subsets u = {0};
    uint64_t *shares = room((size_t)s->members * SAMPLE * sizeof(*shares));
    bool vectors = ent_cpu_machine() >= ENT_CPU_AVX512;
    make_cells(shares, s, SAMPLE);
    if (with_loop)
        make_subsets(&u, s);
    for (int r = 0; r < ROUNDS; r++) {
        size_t n[PARTIES] = {0};
        for (int p = 0; p < PARTIES; p++) {
            double start = seconds_of(CLOCK_THREAD_CPUTIME_ID);
            for (int i = 0; p == OURS && i < REPEAT; i++)
                n[p] = ours(s, shares, SAMPLE);
            if (p == OURS)
                start += (seconds_of(CLOCK_THREAD_CPUTIME_ID) - start) * (REPEAT - 1) / REPEAT;
            else if (with_loop && (p == LOOP || vectors))
                n[p] = lagrange(&u, shares, SAMPLE, p == LOOP_IFMA);
            else
                n[p] = n[OURS];
            t[p][r] = (seconds_of(CLOCK_THREAD_CPUTIME_ID) - start) * 1e9 / SAMPLE;
            check(n[p] == n[OURS] && n[p] > 0, "the parties found different things");
        }
    }
    for (int p = 0; p < PARTIES; p++)
        ns[p] = p == OURS || (with_loop && (p == LOOP || vectors)) ? median(t[p]) : 0;
    free_subsets(&u);
    free(shares);
}

/* --- a whole quorum ------------------------------------------------------------------------- */

struct whole {
    struct ent_quorum_collector c;
    uint64_t *shares;
    size_t cells, per_job;
    uint32_t first;
    _Atomic size_t found;
    _Atomic uint64_t core_ns;
};

struct spent {
    double wall, core; /* seconds of both threads together in the latter */
};

static enum ent_err collect_job(void *ctx, size_t i)
{
    struct whole *w = ctx;
    size_t at = i * w->per_job, n = w->cells - at < w->per_job ? w->cells - at : w->per_job,
           hits = 0;
    double start = seconds_of(CLOCK_THREAD_CPUTIME_ID);
    enum ent_err r = ent_quorum_collect(&w->c, w->shares + at, BLOCK, w->first + (uint32_t)at, n,
                                        count_one, &hits);
    w->found += hits;
    w->core_ns += (uint64_t)((seconds_of(CLOCK_THREAD_CPUTIME_ID) - start) * 1e9);
    return r;
}

/* On two threads, without the making of cells. */
static struct spent collect_whole(const struct ent_quorum_shape *s)
{
    struct whole w = {.per_job = 1024, .shares = room((size_t)s->members * BLOCK * 8)};
    struct ent_pool *pool;
    uint32_t cells = ent_quorum_cells(s);
    struct spent spent = {0, 0};
    must(ent_pool_new(&pool, 2), "threads");
    collector(&w.c, s);
    for (uint32_t at = 0; at < cells; at += BLOCK) {
        w.first = at;
        w.cells = cells - at < BLOCK ? cells - at : BLOCK;
        make_cells(w.shares, s, BLOCK);
        double start = seconds_of(CLOCK_MONOTONIC);
        must(ent_pool_run(pool, collect_job, &w, (w.cells + w.per_job - 1) / w.per_job), "collect");
        spent.wall += seconds_of(CLOCK_MONOTONIC) - start;
    }
    check(w.found > 0, "nothing found");
    spent.core = (double)w.core_ns / 1e9;
    ent_pool_free(pool);
    free(w.shares);
    return spent;
}

/* In a process of its own, whose memory is the collector's. */
static void measure_whole(struct spent *ret, double *ret_mib, const struct ent_quorum_shape *s)
{
    struct rusage used;
    int fd[2], status;
    check(pipe(fd) == 0, "pipe");
    (void)fflush(stdout);
    pid_t child = fork();
    check(child >= 0, "fork");
    if (child == 0) {
        struct spent t = collect_whole(s);
        _exit(write(fd[1], &t, sizeof(t)) == (ssize_t)sizeof(t) ? 0 : 1);
    }
    (void)close(fd[1]);
    check(read(fd[0], ret, sizeof(*ret)) == (ssize_t)sizeof(*ret), "the collector");
    (void)close(fd[0]);
    check(wait4(child, &status, 0, &used) == child && status == 0, "the collector");
    *ret_mib = (double)used.ru_maxrss / 1024;
}

static void cases(void)
{
    static const struct ent_quorum_shape shape[] = {
        {33, 3, 144045, 20}, {10, 3, 100000, 20}, {10, 4, 100000, 20}, {10, 5, 100000, 20}};
    if (!json)
        (void)printf(
            "reconstruction, core seconds for all cells (the loop: over %u cells, scaled)\n",
            SAMPLE);
    for (size_t i = 0; i < sizeof(shape) / sizeof(shape[0]); i++) {
        const struct ent_quorum_shape *s = &shape[i];
        struct spent spent;
        double ns[PARTIES], mib, cells = ent_quorum_cells(s) / 1e9;
        char name[64];
        compare(ns, s, true);
        measure_whole(&spent, &mib, s);
        (void)snprintf(name, sizeof(name), "n%u-m%u-t%u", s->members, s->items, s->threshold);
        figure(name, ns[OURS] * cells, "s", "lagrange", ns[LOOP] * cells, ns[LOOP] / ns[OURS], AIM);
        if (ns[LOOP_IFMA] > 0)
            figure(name, ns[OURS] * cells, "s", "lagrange, AVX-512 IFMA", ns[LOOP_IFMA] * cells,
                   ns[LOOP_IFMA] / ns[OURS], 0);
        (void)snprintf(name, sizeof(name), "n%u-m%u-t%u-two-threads", s->members, s->items,
                       s->threshold);
        plain(name, spent.wall, "s");
        (void)snprintf(name, sizeof(name), "n%u-m%u-t%u-memory", s->members, s->items,
                       s->threshold);
        figure(name, mib, "MiB", "limit", MEMORY, MEMORY / mib, 1);
    }
}

/* --- key holders and participants ----------------------------------------------------------- */

/* One participant and its key holders; each round is another batch. */
struct exchange {
    struct ent_quorum_participant *p;
    struct ent_quorum_holder *h[HOLDERS];
    struct ent_quorum_batch *batch;
    struct ent_buf ask, answer[HOLDERS];
    uint32_t holders;
};

static void exchange_new(struct exchange *x, uint32_t holders)
{
    const uint32_t items = ROUNDS * ENT_LOOKUP_BATCH;
    const struct ent_quorum_offer o = {.shape = {2, 2, items, ENT_QUORUM_TABLES}};
    const uint32_t announced[ENT_QUORUM_MEMBERS] = {items, 1};
    const struct ent_seed32 own = {{1}};
    struct ent_quorum_accept accept;
    struct ent_element key[HOLDERS];
    *x = (struct exchange){.batch = room(sizeof(*x->batch)), .holders = holders};
    ent_buf_init(&x->ask, ENT_QUORUM_ASK_MAX);
    for (uint32_t j = 0; j < holders; j++) {
        const struct ent_seed32 seed = {{(uint8_t)(2 + j)}};
        ent_buf_init(&x->answer[j], ENT_QUORUM_EVALUATE_MAX);
        must(ent_quorum_holder_new(&x->h[j], &seed), "key holder");
        must(ent_quorum_holder_start(x->h[j], &run, &o.shape, announced), "key holder");
        ent_quorum_holder_key(x->h[j], &key[j]);
    }
    must(ent_quorum_participant_new(&x->p, &own), "participant");
    for (uint32_t i = 0; i < items; i++) {
        char text[32];
        int n = snprintf(text, sizeof(text), "ipv4:%u.%u.%u.%u", 16 + (i >> 24), i >> 16 & 255,
                         i >> 8 & 255, i & 255);
        must(ent_quorum_participant_add(x->p, ent_slice(text, (size_t)n)), "participant");
    }
    must(ent_quorum_participant_accept(x->p, &accept, &o), "participant");
    must(ent_quorum_participant_start(x->p, &run, 1, key, holders), "participant");
}

static void exchange_free(struct exchange *x)
{
    for (uint32_t j = 0; j < x->holders; j++) {
        ent_quorum_holder_free(x->h[j]);
        ent_buf_release(&x->answer[j]);
    }
    ent_quorum_participant_free(x->p);
    ent_buf_release(&x->ask);
    free(x->batch);
}

enum { RAW, RAW_SODIUM, HOLDER, PARTICIPANT, KEY_PARTIES };

/* Multiplications alone, of as many elements under one secret; by libsodium of one in 16. */
static void multiply(double us[KEY_PARTIES], const struct ent_element *in, struct ent_element *out)
{
    struct ent_scalar k;
    ent_scalar_random(&k);
    double start = seconds_of(CLOCK_THREAD_CPUTIME_ID);
    ent_element_mul_one(out, &k, in, ENT_LOOKUP_BATCH);
    double then = seconds_of(CLOCK_THREAD_CPUTIME_ID);
    us[RAW] = (then - start) * 1e6 / ENT_LOOKUP_BATCH;
    for (size_t i = 0; i < ENT_LOOKUP_BATCH; i += 16) {
        struct ent_element same;
        check(crypto_scalarmult_ristretto255(same.b, k.b, in[i].b) == 0 &&
                  memcmp(same.b, out[i].b, sizeof(same.b)) == 0,
              "the products differ");
    }
    us[RAW_SODIUM] = (seconds_of(CLOCK_THREAD_CPUTIME_ID) - then) * 1e6 * 16 / ENT_LOOKUP_BATCH;
}

/* One batch; HOLDER is the first of the key holders, PARTICIPANT all that this one does. */
static void exchange_batch(struct exchange *x, double us[KEY_PARTIES], uint32_t batch)
{
    enum ent_quorum_fault fault;
    ent_buf_clear(&x->ask);
    double start = seconds_of(CLOCK_THREAD_CPUTIME_ID);
    must(ent_quorum_participant_ask(x->p, x->batch, &x->ask, batch), "question");
    us[PARTICIPANT] = seconds_of(CLOCK_THREAD_CPUTIME_ID) - start;
    for (uint32_t j = 0; j < x->holders; j++) {
        struct ent_quorum_admitted a;
        struct ent_slice ask = ent_buf_slice(&x->ask);
        ent_buf_clear(&x->answer[j]);
        start = seconds_of(CLOCK_THREAD_CPUTIME_ID);
        must(ent_quorum_holder_admit(x->h[j], &a, &fault, 1, ask), "question");
        must(ent_quorum_holder_evaluate(x->h[j], &x->answer[j], ask), "evaluation");
        if (j == 0)
            us[HOLDER] = (seconds_of(CLOCK_THREAD_CPUTIME_ID) - start) * 1e6 / ENT_LOOKUP_BATCH;
    }
    start = seconds_of(CLOCK_THREAD_CPUTIME_ID);
    for (uint32_t j = 0; j < x->holders; j++)
        must(ent_quorum_participant_answer(x->p, x->batch, &fault, j + 1,
                                           ent_buf_slice(&x->answer[j])),
             "answer");
    us[PARTICIPANT] += seconds_of(CLOCK_THREAD_CPUTIME_ID) - start;
    us[PARTICIPANT] *= 1e6 / ENT_LOOKUP_BATCH;
}

/* The ratio is what one multiplication takes of it: 1 would be a key holder that does nothing else,
 * 0.5 a participant that only blinds and unblinds. */
static void exchanging(uint32_t holders)
{
    double t[KEY_PARTIES][ROUNDS], us[KEY_PARTIES];
    struct ent_element *out = room(ENT_LOOKUP_BATCH * sizeof(*out));
    struct exchange x;
    char name[64];
    exchange_new(&x, holders);
    for (uint32_t r = 0; r < ROUNDS; r++) {
        exchange_batch(&x, us, r);
        multiply(us, x.batch->blinded, out);
        for (int p = 0; p < KEY_PARTIES; p++)
            t[p][r] = us[p];
    }
    check(ent_quorum_participant_is_complete(x.p), "the exchange is not complete");
    for (int p = 0; p < KEY_PARTIES; p++)
        us[p] = median(t[p]);
    if (holders == ENT_QUORUM_HOLDERS_LEAST) {
        figure("key-holder", us[HOLDER], "us/item", "one multiplication", us[RAW],
               us[RAW] / us[HOLDER], 0);
        figure("key-holder", us[HOLDER], "us/item", "libsodium's", us[RAW_SODIUM],
               us[RAW_SODIUM] / us[HOLDER], 0);
    }
    (void)snprintf(name, sizeof(name), "participant-%u-holders", holders);
    figure(name, us[PARTICIPANT], "us/item", "one multiplication", us[RAW],
           us[RAW] / us[PARTICIPANT], 0);
    figure(name, us[PARTICIPANT], "us/item", "libsodium's", us[RAW_SODIUM],
           us[RAW_SODIUM] / us[PARTICIPANT], 0);
    exchange_free(&x);
    free(out);
}

/* --- tables --------------------------------------------------------------------------------- */

static void building(uint32_t items, uint32_t threshold)
{
    const struct ent_quorum_shape s = {33, threshold, items, ENT_QUORUM_TABLES};
    struct ent_quorum_table *t = NULL;
    struct ent_seed32 filler = {{1}};
    uint8_t *f = room((size_t)items * ENT_OPRF_OUT), *bytes = room((size_t)BLOCK * 8);
    uint32_t cells = ent_quorum_cells(&s);
    char name[64];
    for (size_t i = 0; i < (size_t)items * 8; i++)
        ent_put_u64le(f + 8 * i, next());
    double start = seconds_of(CLOCK_THREAD_CPUTIME_ID);
    must(ent_quorum_table_new(&t, &s, 1, &run, &filler, f, items), "tables");
    double placed = seconds_of(CLOCK_THREAD_CPUTIME_ID);
    for (uint32_t at = 0; at < cells; at += BLOCK)
        ent_quorum_table_shares(t, bytes, at, cells - at < BLOCK ? cells - at : BLOCK);
    double done = seconds_of(CLOCK_THREAD_CPUTIME_ID);
    (void)snprintf(name, sizeof(name), "tables-m%u-t%u-places", items, threshold);
    plain(name, (placed - start) * 1e6 / items, "us an item");
    (void)snprintf(name, sizeof(name), "tables-m%u-t%u-shares", items, threshold);
    plain(name, (done - placed) * 1e6 / items, "us an item");
    ent_quorum_table_free(t);
    free(bytes);
    free(f);
}

/* --- growth and estimates ------------------------------------------------------------------- */

static void growth_of(const char *what, uint32_t x, struct ent_quorum_shape s)
{
    double ns[PARTIES];
    char name[64];
    bool loop = s.members <= 20 || s.threshold == 2;
    compare(ns, &s, loop);
    (void)snprintf(name, sizeof(name), "growth-%s-%u", what, x);
    if (loop)
        figure(name, ns[OURS] * ent_quorum_cells(&s) / 1e9, "s", "lagrange",
               ns[LOOP] * ent_quorum_cells(&s) / 1e9, ns[LOOP] / ns[OURS], 0);
    else
        plain(name, ns[OURS] * ent_quorum_cells(&s) / 1e9, "s");
}

static void growth(void)
{
    static const uint32_t n[] = {4, 6, 8, 12, 16, 20, 24, 33, 48, 64};
    if (!json)
        (void)printf(
            "\ngrowth, core seconds: N at t=3, M=100,000; t at N=10, M=100,000; M at N=10, "
            "t=3\n");
    for (size_t i = 0; i < sizeof(n) / sizeof(n[0]); i++)
        growth_of("n", n[i], (struct ent_quorum_shape){n[i], 3, 100000, 20});
    for (uint32_t t = 2; t <= 8; t++)
        growth_of("t", t, (struct ent_quorum_shape){10, t, 100000, 20});
    for (uint32_t m = 1000; m <= 1000000; m *= 10) {
        struct spent spent;
        double mib;
        char name[64];
        const struct ent_quorum_shape shape = {10, 3, m, 20};
        measure_whole(&spent, &mib, &shape);
        (void)snprintf(name, sizeof(name), "growth-m-%u", m);
        plain(name, spent.core, "s");
    }
}

/* What ent_quorum_cost() says beside what it takes, at each level; it must not promise too much. */
static void estimates(void)
{
    static const struct ent_quorum_shape shape[] = {{33, 3, 144045, 20}, {10, 5, 100000, 20}};
    for (int l = ENT_CPU_PORTABLE; l <= (int)ent_cpu_machine(); l++) {
        ent_cpu_limit((enum ent_cpu_level)l);
        for (size_t i = 0; i < sizeof(shape) / sizeof(shape[0]); i++) {
            struct ent_quorum_cost cost;
            double ns[PARTIES], took;
            char name[64];
            ent_quorum_cost(&cost, &shape[i], ent_quorum_rate_of((enum ent_cpu_level)l));
            compare(ns, &shape[i], false);
            took = ns[OURS] * ent_quorum_cells(&shape[i]) / 1e9;
            (void)snprintf(name, sizeof(name), "estimate-n%u-t%u-%s", shape[i].members,
                           shape[i].threshold, ent_cpu_name((enum ent_cpu_level)l));
            figure(name, took, "s", "estimate", cost.core_seconds, cost.core_seconds / took, 0);
        }
    }
}

int main(void)
{
    const char *want = getenv("JSON");
    json = want != NULL && strcmp(want, "1") == 0;
    must(ent_secret_start(), "randomness");
    cases();
    if (!json)
        (void)printf("\nkey holder and participant, processor time of one thread\n");
    for (uint32_t j = ENT_QUORUM_HOLDERS_LEAST; j <= HOLDERS; j += 2)
        exchanging(j);
    if (!json)
        (void)printf("\ntables of a participant\n");
    building(144045, 3);
    building(100000, 5);
    growth();
    if (!json)
        (void)printf("\ncore seconds beside the estimate\n");
    estimates();
    return EXIT_SUCCESS;
}
