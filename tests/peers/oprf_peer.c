/*
 * oprf_peer.c: one party of an OPRF on standard input and output, for tests against other
 * implementations. One command a line, words separated by blanks, lists by commas, bytes in
 * hexadecimal ("-" for none); one answer a line, "ok ..." or "error ...".
 *
 *     key MODE SEED INFO            ok PK
 *     blind MODE INPUTS             ok BLINDED             (blinds and inputs are kept)
 *     finalize MODE PK EVALUATED PROOF      ok OUTPUTS
 *     evaluate MODE BLINDED         ok EVALUATED PROOF
 *     own MODE INPUTS               ok OUTPUTS
 */
#include "crypto/crypto.h"

#define MOST      64
#define INPUT_MAX 256

static struct {
    struct ent_oprf_key key;
    size_t n;
    uint8_t bytes[MOST][INPUT_MAX];
    struct ent_slice input[MOST];
    struct ent_scalar blind[MOST];
    struct ent_element blinded[MOST], evaluated[MOST];
    uint8_t out[MOST][ENT_OPRF_OUT], proof[ENT_OPRF_PROOF];
} s;

static struct ent_slice until(struct ent_slice *rest, char end)
{
    const uint8_t *p = rest->n == 0 ? NULL : memchr(rest->p, end, rest->n);
    size_t n = p == NULL ? rest->n : (size_t)(p - rest->p);
    struct ent_slice head = {rest->p, n};
    size_t skip = n + (p != NULL);
    *rest = ent_slice(rest->p + skip, rest->n - skip);
    return head;
}

static enum ent_err bytes_of(uint8_t *ret, size_t cap, size_t *ret_n, struct ent_slice hex)
{
    *ret_n = 0;
    if (ent_slice_eq(hex, ENT_SLICE_LIT("-")))
        return ENT_OK;
    if (hex.n / 2 > cap)
        return ENT_E_LIMIT;
    *ret_n = hex.n / 2;
    return ent_hex_decode(ret, hex.n / 2, hex);
}

static enum ent_err read_inputs(struct ent_slice list)
{
    for (s.n = 0; list.n > 0; s.n++) {
        size_t n;
        if (s.n == MOST)
            return ENT_E_LIMIT;
        enum ent_err r = bytes_of(s.bytes[s.n], INPUT_MAX, &n, until(&list, ','));
        if (r != ENT_OK)
            return r;
        s.input[s.n] = ent_slice(s.bytes[s.n], n);
    }
    return ENT_OK;
}

static enum ent_err read_elements(struct ent_element *ret, size_t *ret_n, struct ent_slice list)
{
    for (*ret_n = 0; list.n > 0; (*ret_n)++) {
        uint8_t b[32];
        enum ent_err r;
        if (*ret_n == MOST)
            return ENT_E_LIMIT;
        if ((r = ent_hex_decode(b, 32, until(&list, ','))) != ENT_OK ||
            (r = ent_element_decode(&ret[*ret_n], b)) != ENT_OK)
            return r;
    }
    return ENT_OK;
}

static void show(const void *p, size_t size, size_t n)
{
    char hex[ENT_HEX_LEN(64)];
    for (size_t i = 0; i < n; i++) {
        ent_hex_encode(hex, (const uint8_t *)p + i * size, size);
        (void)printf("%s%s", i == 0 ? " " : ",", hex);
    }
}

static enum ent_err do_key(enum ent_oprf_mode mode, struct ent_slice rest)
{
    uint8_t seed[32], info[INPUT_MAX];
    size_t n;
    enum ent_err r;
    if ((r = ent_hex_decode(seed, 32, until(&rest, ' '))) != ENT_OK ||
        (r = bytes_of(info, sizeof(info), &n, rest)) != ENT_OK ||
        (r = ent_oprf_key_derive(&s.key, mode, seed, ent_slice(info, n))) != ENT_OK)
        return r;
    (void)printf("ok");
    show(s.key.pk.b, 32, 1);
    return ENT_OK;
}

static enum ent_err do_blind(enum ent_oprf_mode mode, struct ent_slice rest)
{
    enum ent_err r;
    if ((r = read_inputs(rest)) != ENT_OK ||
        (r = ent_oprf_blind(s.blind, s.blinded, mode, s.input, s.n)) != ENT_OK)
        return r;
    (void)printf("ok");
    show(s.blinded, 32, s.n);
    return ENT_OK;
}

static enum ent_err do_finalize(enum ent_oprf_mode mode, struct ent_slice rest)
{
    struct ent_element pk;
    size_t one, n;
    enum ent_err r;
    if ((r = read_elements(&pk, &one, until(&rest, ' '))) != ENT_OK ||
        (r = read_elements(s.evaluated, &n, until(&rest, ' '))) != ENT_OK)
        return r;
    if (one != 1 || n != s.n)
        return ENT_E_FORMAT;
    if (mode == ENT_OPRF_VERIFIABLE &&
        ((r = ent_hex_decode(s.proof, sizeof(s.proof), rest)) != ENT_OK ||
         (r = ent_oprf_verify(s.proof, mode, &pk, s.blinded, s.evaluated, n)) != ENT_OK))
        return r;
    ent_oprf_finalize(s.out, s.input, s.blind, s.evaluated, n);
    (void)printf("ok");
    show(s.out, ENT_OPRF_OUT, n);
    return ENT_OK;
}

static enum ent_err do_evaluate(enum ent_oprf_mode mode, struct ent_slice rest)
{
    size_t n;
    enum ent_err r = read_elements(s.blinded, &n, rest);
    if (r != ENT_OK)
        return r;
    ent_oprf_evaluate(s.evaluated, &s.key, s.blinded, n);
    if (mode == ENT_OPRF_VERIFIABLE &&
        (r = ent_oprf_prove(s.proof, mode, &s.key, s.blinded, s.evaluated, n)) != ENT_OK)
        return r;
    (void)printf("ok");
    show(s.evaluated, 32, n);
    show(s.proof, sizeof(s.proof), mode == ENT_OPRF_VERIFIABLE);
    return ENT_OK;
}

static enum ent_err do_own(enum ent_oprf_mode mode, struct ent_slice rest)
{
    enum ent_err r;
    if ((r = read_inputs(rest)) != ENT_OK ||
        (r = ent_oprf_own(s.out, mode, &s.key, s.input, s.n)) != ENT_OK)
        return r;
    (void)printf("ok");
    show(s.out, ENT_OPRF_OUT, s.n);
    return ENT_OK;
}

static enum ent_err command(struct ent_slice line)
{
    static const struct {
        const char *name;
        enum ent_err (*run)(enum ent_oprf_mode mode, struct ent_slice rest);
    } table[] = {{"key", do_key},
                 {"blind", do_blind},
                 {"finalize", do_finalize},
                 {"evaluate", do_evaluate},
                 {"own", do_own}};
    struct ent_slice name = until(&line, ' '), mode = until(&line, ' ');
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        if (!ent_slice_eq(name, ent_slice_str(table[i].name)))
            continue;
        if (ent_slice_eq(mode, ENT_SLICE_LIT("0")))
            return table[i].run(ENT_OPRF_BASE, line);
        if (ent_slice_eq(mode, ENT_SLICE_LIT("1")))
            return table[i].run(ENT_OPRF_VERIFIABLE, line);
    }
    return ENT_E_UNSUPPORTED;
}

int main(void)
{
    static char line[MOST * (2 * INPUT_MAX + 1) + 1024];
    if (ent_secret_start() != ENT_OK)
        return EXIT_FAILURE;
    while (fgets(line, sizeof(line), stdin) != NULL) {
        enum ent_err r = command(ent_slice(line, strcspn(line, "\n")));
        if (r != ENT_OK)
            (void)printf("error %s", ent_err_str(r));
        (void)printf("\n");
        (void)fflush(stdout);
    }
    return EXIT_SUCCESS;
}
