/* md5.c: MD5 (RFC 1321) of a short text. */
#include "base/base.h"
#include "intel/md5.h"

/* 2^32 times the sine of 1 to 64 radians */
static const uint32_t sine[64] = {
    0xD76AA478, 0xE8C7B756, 0x242070DB, 0xC1BDCEEE, 0xF57C0FAF, 0x4787C62A, 0xA8304613, 0xFD469501,
    0x698098D8, 0x8B44F7AF, 0xFFFF5BB1, 0x895CD7BE, 0x6B901122, 0xFD987193, 0xA679438E, 0x49B40821,
    0xF61E2562, 0xC040B340, 0x265E5A51, 0xE9B6C7AA, 0xD62F105D, 0x02441453, 0xD8A1E681, 0xE7D3FBC8,
    0x21E1CDE6, 0xC33707D6, 0xF4D50D87, 0x455A14ED, 0xA9E3E905, 0xFCEFA3F8, 0x676F02D9, 0x8D2A4C8A,
    0xFFFA3942, 0x8771F681, 0x6D9D6122, 0xFDE5380C, 0xA4BEEA44, 0x4BDECFA9, 0xF6BB4B60, 0xBEBFBC70,
    0x289B7EC6, 0xEAA127FA, 0xD4EF3085, 0x04881D05, 0xD9D4D039, 0xE6DB99E5, 0x1FA27CF8, 0xC4AC5665,
    0xF4292244, 0x432AFF97, 0xAB9423A7, 0xFC93A039, 0x655B59C3, 0x8F0CCC92, 0xFFEFF47D, 0x85845DD1,
    0x6FA87E4F, 0xFE2CE6E0, 0xA3014314, 0x4E0811A1, 0xF7537E82, 0xBD3AF235, 0x2AD7D2BB, 0xEB86D391,
};

static uint32_t rotl(uint32_t v, unsigned n)
{
    return v << n | v >> (32 - n);
}

static uint32_t get_le32(const uint8_t *p)
{
    return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

static void put_le32(uint8_t *p, uint32_t v)
{
    for (unsigned i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> (8 * i));
}

static void block(uint32_t h[static 4], const uint8_t p[static 64])
{
    static const uint8_t shift[4][4] = {
        {7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};
    uint32_t a = h[0], b = h[1], c = h[2], d = h[3];
    for (unsigned t = 0; t < 64; t++) {
        unsigned round = t / 16;
        uint32_t f = round == 0   ? (b & c) | (~b & d)
                     : round == 1 ? (d & b) | (~d & c)
                     : round == 2 ? b ^ c ^ d
                                  : c ^ (b | ~d);
        unsigned at = (round == 0   ? t
                       : round == 1 ? 5 * t + 1
                       : round == 2 ? 3 * t + 5
                                    : 7 * t) %
                      16;
        f += a + sine[t] + get_le32(p + (size_t)4 * at);
        a = d;
        d = c;
        c = b;
        b += rotl(f, shift[round][t % 4]);
    }
    h[0] += a;
    h[1] += b;
    h[2] += c;
    h[3] += d;
}

void ent_md5_text(char ret[static ENT_MD5_TEXT], struct ent_slice s)
{
    uint32_t h[4] = {0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476};
    uint8_t end[128] = {0}, out[16];
    size_t whole = s.n / 64 * 64, rest = s.n - whole, n = rest < 56 ? 64 : 128;
    for (size_t at = 0; at < whole; at += 64)
        block(h, s.p + at);
    if (rest > 0)
        memcpy(end, s.p + whole, rest);
    end[rest] = 0x80;
    put_le32(end + n - 8, (uint32_t)(s.n << 3));
    put_le32(end + n - 4, (uint32_t)((uint64_t)s.n >> 29));
    for (size_t at = 0; at < n; at += 64)
        block(h, end + at);
    for (unsigned i = 0; i < 4; i++)
        put_le32(out + (size_t)4 * i, h[i]);
    ent_hex_encode(ret, out, sizeof(out));
}
