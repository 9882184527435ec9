/* crc32c.c: on the CPU's instruction, or four bits at a time; and as the last line of a file. */
#include "base/base.h"

#if defined(__x86_64__)
#include <immintrin.h>

__attribute__((target("sse4.2"))) static uint32_t by_instruction(uint32_t c, const uint8_t *p,
                                                                 size_t n)
{
    uint64_t wide = c, word;
    for (; n >= sizeof(word); p += sizeof(word), n -= sizeof(word)) {
        memcpy(&word, p, sizeof(word));
        wide = _mm_crc32_u64(wide, word);
    }
    c = (uint32_t)wide;
    for (; n > 0; p++, n--)
        c = _mm_crc32_u8(c, *p);
    return c;
}
#endif

static uint32_t portable(uint32_t c, const uint8_t *p, size_t n)
{
    static const uint32_t part[16] = {0x00000000, 0x105EC76F, 0x20BD8EDE, 0x30E349B1, 0x417B1DBC,
                                      0x5125DAD3, 0x61C69362, 0x7198540D, 0x82F63B78, 0x92A8FC17,
                                      0xA24BB5A6, 0xB21572C9, 0xC38D26C4, 0xD3D3E1AB, 0xE330A81A,
                                      0xF36E6F75}; /* of the polynomial 0x82F63B78 */
    for (; n > 0; p++, n--) {
        c ^= *p;
        c = c >> 4 ^ part[c & 15];
        c = c >> 4 ^ part[c & 15];
    }
    return c;
}

uint32_t ent_crc32c(uint32_t before, struct ent_slice s)
{
#if defined(__x86_64__)
    if (ent_cpu_level() != ENT_CPU_PORTABLE) /* AVX2 has never come without SSE4.2 */
        return ~by_instruction(~before, s.p, s.n);
#endif
    return ~portable(~before, s.p, s.n);
}

static void check_line(char ret[static ENT_CHECK_LINE + 1], struct ent_slice text)
{
    (void)snprintf(ret, ENT_CHECK_LINE + 1, "check %08lx\n", (unsigned long)ent_crc32c(0, text));
}

enum ent_err ent_check_add(struct ent_buf *b)
{
    char line[ENT_CHECK_LINE + 1];
    check_line(line, ent_buf_slice(b));
    return ent_buf_put(b, line, ENT_CHECK_LINE);
}

enum ent_err ent_check_take(struct ent_slice *text)
{
    char line[ENT_CHECK_LINE + 1];
    if (text->n < ENT_CHECK_LINE)
        return ENT_E_FORMAT;
    const struct ent_slice before = ent_slice(text->p, text->n - ENT_CHECK_LINE);
    check_line(line, before);
    if (memcmp(before.p + before.n, line, ENT_CHECK_LINE) != 0)
        return ENT_E_FORMAT;
    *text = before;
    return ENT_OK;
}
