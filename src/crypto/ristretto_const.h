/*
 * ristretto_const.h: made by `tools/gen-ristretto consts`; do not edit. Field elements
 * as initialisers: five limbs of 51 bits, least significant first.
 */
#ifndef ENT_CRYPTO_RISTRETTO_CONST_H
#define ENT_CRYPTO_RISTRETTO_CONST_H

/* clang-format off */

/* d of -x^2 + y^2 = 1 + d x^2 y^2: -121665/121666 */
#define ENT_FE_D \
    { { 0x34dca135978a3, 0x1a8283b156ebd, 0x5e7a26001c029, 0x739c663a03cbb, 0x52036cee2b6ff } }

/* 2d */
#define ENT_FE_2D \
    { { 0x69b9426b2f159, 0x35050762add7a, 0x3cf44c0038052, 0x6738cc7407977, 0x2406d9dc56dff } }

/* sqrt(-1) */
#define ENT_FE_SQRT_M1 \
    { { 0x61b274a0ea0b0, 0xd5a5fc8f189d, 0x7ef5e9cbd0c60, 0x78595a6804c9e, 0x2b8324804fc1d } }

/* sqrt(a*d - 1), a = -1 */
#define ENT_FE_SQRT_AD_MINUS_ONE \
    { { 0x7f6a0497b2e1b, 0x1836f0a97afd2, 0x7d747f6be7638, 0x456079e7e6498, 0x376931bf2b834 } }

/* 1/sqrt(a - d) */
#define ENT_FE_INVSQRT_A_MINUS_D \
    { { 0xfdaa805d40ea, 0x2eb482e57d339, 0x7610274bc58, 0x6510b613dc8ff, 0x786c8905cfaff } }

/* 1 - d^2 */
#define ENT_FE_ONE_MINUS_D_SQ \
    { { 0x409c1945fc176, 0x719abc6a1fc4f, 0x1c37f90b20684, 0x6bccca55eedf, 0x29072a8b2b3e } }

/* (d - 1)^2 */
#define ENT_FE_D_MINUS_ONE_SQ \
    { { 0x55aaa44ed4d20, 0x59603c3332635, 0x26d3baf4a7928, 0x120a66e6997a9, 0x5968b37af66c2 } }

#endif
