/* encode.c: text forms of bytes and numbers; base64 through libsodium's constant-time codec. */
#include "base/base.h"

#include <sodium.h>

void ent_hex_encode(char *ret, const void *p, size_t n)
{
    static const char digit[] = "0123456789abcdef";
    const uint8_t *b = p;
    for (size_t i = 0; i < n; i++) {
        ret[2 * i] = digit[b[i] >> 4];
        ret[2 * i + 1] = digit[b[i] & 15];
    }
    ret[2 * n] = '\0';
}

static int nibble(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

enum ent_err ent_hex_decode(void *ret, size_t n, struct ent_slice hex)
{
    uint8_t *to = ret;
    if (hex.n != 2 * n)
        return ENT_E_FORMAT;
    for (size_t i = 0; i < hex.n; i++)
        if (nibble(hex.p[i]) < 0)
            return ENT_E_FORMAT;
    for (size_t i = 0; i < n; i++)
        to[i] = (uint8_t)(16 * nibble(hex.p[2 * i]) + nibble(hex.p[2 * i + 1]));
    return ENT_OK;
}

void ent_base64_encode(char *ret, const void *p, size_t n)
{
    (void)sodium_bin2base64(ret, ENT_BASE64_LEN(n), p, n, sodium_base64_VARIANT_ORIGINAL);
}

enum ent_err ent_base64_decode(void *ret, size_t *ret_n, size_t cap, struct ent_slice text)
{
    size_t n = 0;
    uint8_t high = 0;
    /* libsodium 1.0.18 reads every byte above 0x7F as '/': a second text for the same bytes. */
    for (size_t i = 0; i < text.n; i++)
        high |= text.p[i] & 0x80;
    if (text.n % 4 != 0 || high != 0)
        return ENT_E_FORMAT;
    if (text.n / 4 * 3 > cap + 2)
        return ENT_E_LIMIT;
    if (sodium_base642bin(ret, cap, (const char *)text.p, text.n, NULL, &n, NULL,
                          sodium_base64_VARIANT_ORIGINAL) != 0)
        return ENT_E_FORMAT;
    *ret_n = n;
    return ENT_OK;
}

enum ent_err ent_base64_decode_exact(void *ret, size_t n, struct ent_slice text)
{
    size_t got = 0;
    if (text.n != ENT_BASE64_LEN(n) - 1)
        return ENT_E_FORMAT;
    enum ent_err r = ent_base64_decode(ret, &got, n, text);
    return r == ENT_OK && got != n ? ENT_E_FORMAT : r;
}

enum ent_err ent_parse_u64(uint64_t *ret, struct ent_slice s, uint64_t max)
{
    uint64_t v = 0;
    if (s.n == 0 || (s.n > 1 && s.p[0] == '0'))
        return ENT_E_FORMAT;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return ENT_E_FORMAT;
        uint64_t d = (uint64_t)(s.p[i] - '0');
        if (v > (UINT64_MAX - d) / 10)
            return ENT_E_LIMIT;
        v = v * 10 + d;
    }
    if (v > max)
        return ENT_E_LIMIT;
    *ret = v;
    return ENT_OK;
}
