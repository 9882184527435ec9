/*
 * encode.h: hexadecimal, base64 and unsigned decimal. Decoding is strict: one accepted text for
 * each value (RFC 4648 with padding, zero trailing bits, no line breaks), so that signed texts
 * have one form.
 */
#ifndef ENT_BASE_ENCODE_H
#define ENT_BASE_ENCODE_H

#include <stdbool.h>
#include <entente/entente.h>

#define ENT_HEX_LEN(n)    (2 * (n) + 1)           /* with NUL */
#define ENT_BASE64_LEN(n) (((n) + 2) / 3 * 4 + 1) /* with NUL */

/* ret has ENT_HEX_LEN(n) bytes; lower case. Variable time: not for secrets. */
void ent_hex_encode(char *ret, const void *p, size_t n);

/* Exactly 2*n digits of any case. */
ENT_MUST_USE enum ent_err ent_hex_decode(void *ret, size_t n, struct ent_slice hex);

/* ret has ENT_BASE64_LEN(n) bytes. Constant time in the bytes. */
void ent_base64_encode(char *ret, const void *p, size_t n);

/* At most cap bytes; *ret_n says how many. Constant time in the bytes, not in their number. */
ENT_MUST_USE enum ent_err ent_base64_decode(void *ret, size_t *ret_n, size_t cap,
                                            struct ent_slice text);

/* Exactly n bytes. */
ENT_MUST_USE enum ent_err ent_base64_decode_exact(void *ret, size_t n, struct ent_slice text);

/* Digits only, no leading zero but "0" itself, at most max. ENT_E_FORMAT or ENT_E_LIMIT. */
ENT_MUST_USE enum ent_err ent_parse_u64(uint64_t *ret, struct ent_slice s, uint64_t max);

#endif
