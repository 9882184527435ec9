/*
 * voprf_ops.c: what an OPRF costs, per item, at every level of the dispatch, beside the same
 * operation on libsodium's ristretto255. Medians of runs that alternate between the two. With
 * JSON=1 one line each, for the best level.
 */
#include "crypto/crypto.h"
#include "crypto/suite.h"

#define ITEMS 512
#define RUNS  7

static struct {
    struct ent_suite suite;
    struct ent_oprf_key key;
    struct ent_slice input[ITEMS];
    uint8_t bytes[ITEMS][16];
    struct ent_scalar blind[ITEMS];
    struct ent_element blinded[ITEMS], evaluated[ITEMS], sink[ITEMS];
    uint8_t proof[ENT_OPRF_PROOF], out[ITEMS][ENT_OPRF_OUT], hash[ITEMS][64];
} b;

static void check(bool ok)
{
    if (!ok)
        ENT_BUG("a benchmark computed something wrong");
}

/* --- ours ----------------------------------------------------------------------------------- */
static void our_mul(void)
{
    ent_element_mul_each(b.sink, b.blind, b.blinded, ITEMS);
}

static void our_hash(void)
{
    for (size_t i = 0; i < ITEMS; i++)
        ent_suite_expand(b.hash[i], &b.suite, &b.suite.to_group, b.input[i]);
    check(ent_element_from_hash_each(b.sink, b.hash[0], ITEMS) == ENT_OK);
}

static void our_decode(void)
{
    check(ent_element_decode_each(b.sink, b.blinded[0].b, ITEMS) == ENT_OK);
}

static void our_blind(void)
{
    check(ent_oprf_blind(b.blind, b.blinded, ENT_OPRF_VERIFIABLE, b.input, ITEMS) == ENT_OK);
}

static void our_evaluate(void)
{
    ent_oprf_evaluate(b.evaluated, &b.key, b.blinded, ITEMS);
    check(ent_oprf_prove(b.proof, ENT_OPRF_VERIFIABLE, &b.key, b.blinded, b.evaluated, ITEMS) ==
          ENT_OK);
}

static void our_finalize(void)
{
    check(ent_oprf_verify(b.proof, ENT_OPRF_VERIFIABLE, &b.key.pk, b.blinded, b.evaluated, ITEMS) ==
          ENT_OK);
    ent_oprf_finalize(b.out, b.input, b.blind, b.evaluated, ITEMS);
}

/* --- the same on libsodium ------------------------------------------------------------------ */
static void sodium_mul(void)
{
    for (size_t i = 0; i < ITEMS; i++)
        check(crypto_scalarmult_ristretto255(b.sink[i].b, b.blind[i].b, b.blinded[i].b) == 0);
}

static void sodium_hash(void)
{
    for (size_t i = 0; i < ITEMS; i++) {
        ent_suite_expand(b.hash[i], &b.suite, &b.suite.to_group, b.input[i]);
        (void)crypto_core_ristretto255_from_hash(b.sink[i].b, b.hash[i]);
    }
}

static void sodium_decode(void)
{
    for (size_t i = 0; i < ITEMS; i++)
        check(crypto_core_ristretto255_is_valid_point(b.blinded[i].b) == 1);
}

static void sodium_blind(void)
{
    sodium_hash();
    for (size_t i = 0; i < ITEMS; i++) {
        crypto_core_ristretto255_scalar_random(b.blind[i].b);
        check(crypto_scalarmult_ristretto255(b.blinded[i].b, b.blind[i].b, b.sink[i].b) == 0);
    }
}

/* One weighted sum of a batch, as both sides of the proof need it. */
static void sodium_sum(uint8_t ret[static 32], const struct ent_element *in)
{
    uint8_t msg[2 + 64 + 2 + 34 + 34 + 9] = {0}, t[32];
    struct ent_scalar w;
    memset(ret, 0, 32);
    for (size_t i = 0; i < ITEMS; i++) {
        memcpy(msg + 70, in[i].b, 32);
        ent_suite_to_scalar(&w, &b.suite, &b.suite.to_scalar, ent_slice(msg, sizeof(msg)));
        check(crypto_scalarmult_ristretto255(t, w.b, in[i].b) == 0);
        check(crypto_core_ristretto255_add(ret, ret, t) == 0);
    }
}

static void sodium_evaluate(void)
{
    uint8_t m[32];
    for (size_t i = 0; i < ITEMS; i++)
        check(crypto_scalarmult_ristretto255(b.evaluated[i].b, b.key.sk.b, b.blinded[i].b) == 0);
    sodium_sum(m, b.blinded);
}

static void sodium_finalize(void)
{
    uint8_t m[32], z[32], inverse[32];
    sodium_sum(m, b.blinded);
    sodium_sum(z, b.evaluated);
    for (size_t i = 0; i < ITEMS; i++) {
        check(crypto_core_ristretto255_scalar_invert(inverse, b.blind[i].b) == 0);
        check(crypto_scalarmult_ristretto255(b.sink[i].b, inverse, b.evaluated[i].b) == 0);
        (void)crypto_hash_sha512(b.out[i], b.sink[i].b, 32);
    }
}

static const struct {
    const char *name, *what;
    void (*ours)(void), (*sodium)(void);
} ops[] = {
    {"mul", "multiply an element by a secret", our_mul, sodium_mul},
    {"decode", "check an encoding", our_decode, sodium_decode},
    {"hash", "hash an input to an element", our_hash, sodium_hash},
    {"blind", "client: blind", our_blind, sodium_blind},
    {"evaluate", "server: evaluate and prove", our_evaluate, sodium_evaluate},
    {"finalize", "client: verify and finalize", our_finalize, sodium_finalize},
};
#define OPS    (sizeof(ops) / sizeof(ops[0]))
#define LEVELS 3

static int by_size(const void *x, const void *y)
{
    double d = *(const double *)x - *(const double *)y;
    return d < 0 ? -1 : d > 0;
}

/* Of this thread, so that other programs on the machine count for neither side. */
static double cpu_us(void)
{
    struct timespec t;
    if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t) != 0)
        ENT_BUG("clock_gettime");
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static double timed_us(void (*f)(void))
{
    double start = cpu_us();
    f();
    return (cpu_us() - start) / ITEMS;
}

static double median(double *t)
{
    qsort(t, RUNS, sizeof(*t), by_size);
    return t[RUNS / 2];
}

static bool new_level(int l)
{
    /* Nothing here has a version for AVX2 alone. */
    return l == ENT_CPU_PORTABLE || l == ENT_CPU_AVX512;
}

static void measure(double ret[LEVELS + 1], size_t op)
{
    double t[LEVELS + 1][RUNS];
    for (size_t r = 0; r < RUNS; r++) {
        t[LEVELS][r] = timed_us(ops[op].sodium);
        our_blind(); /* consistent state again */
        our_evaluate();
        for (int l = 0; l <= (int)ent_cpu_machine(); l++) {
            ent_cpu_limit((enum ent_cpu_level)l);
            t[l][r] = timed_us(ops[op].ours);
            our_evaluate();
        }
    }
    for (int l = 0; l <= (int)ent_cpu_machine(); l++)
        ret[l] = median(t[l]);
    ret[LEVELS] = median(t[LEVELS]);
}

static void setup(void)
{
    ent_suite_init(&b.suite, ENT_OPRF_VERIFIABLE);
    ent_oprf_key_generate(&b.key);
    for (size_t i = 0; i < ITEMS; i++) {
        ent_random(b.bytes[i], sizeof(b.bytes[i]));
        b.input[i] = ent_slice(b.bytes[i], sizeof(b.bytes[i]));
    }
    our_blind();
    our_evaluate();
    our_finalize();
}

int main(void)
{
    const char *json = getenv("JSON");
    bool as_json = json != NULL && strcmp(json, "1") == 0;
    int best = (int)ent_cpu_machine();
    if (ent_secret_start() != ENT_OK)
        return EXIT_FAILURE;
    setup();
    if (!as_json)
        (void)printf("ristretto255, microseconds of CPU per item, batches of %d, one thread\n\n",
                     ITEMS);
    for (size_t i = 0; i < OPS; i++) {
        double us[LEVELS + 1];
        measure(us, i);
        if (as_json) {
            (void)printf("{\"bench\": \"voprf/%s\", \"figure\": %.3f, \"unit\": \"us\", "
                         "\"against\": \"libsodium\", \"theirs\": %.3f, \"ratio\": %.2f}\n",
                         ops[i].name, us[best], us[LEVELS], us[LEVELS] / us[best]);
            continue;
        }
        (void)printf("%-34s libsodium %6.2f", ops[i].what, us[LEVELS]);
        for (int l = 0; l <= best; l++)
            if (new_level(l))
                (void)printf("   %s %6.2f (%.1fx)", ent_cpu_name((enum ent_cpu_level)l), us[l],
                             us[LEVELS] / us[l]);
        (void)printf("\n");
    }
    return EXIT_SUCCESS;
}
