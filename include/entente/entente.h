/*
 * entente/entente.h: what every other public header needs: error codes, slices, version.
 *
 * libentente has no global state, prints nothing, and never ends the process for anything that
 * came from outside. Every function that can fail returns an enum ent_err and writes its outputs
 * only on ENT_OK.
 */
#ifndef ENTENTE_ENTENTE_H
#define ENTENTE_ENTENTE_H

#include <stddef.h>
#include <stdint.h>

#define ENTENTE_VERSION "0.1.0"

#if defined(__GNUC__)
#define ENT_API      __attribute__((visibility("default")))
#define ENT_MUST_USE __attribute__((warn_unused_result))
#else
#define ENT_API
#define ENT_MUST_USE
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Why a call failed. The first group is about what came in, the second about this machine. */
enum ent_err {
    ENT_OK = 0,
    ENT_E_FORMAT,      /* the bytes are not what they should be */
    ENT_E_LIMIT,       /* larger, deeper or more than allowed */
    ENT_E_AUTH,        /* a signature, proof, key or passphrase is wrong */
    ENT_E_STATE,       /* right message, wrong moment */
    ENT_E_POLICY,      /* the pact or the configuration forbids it */
    ENT_E_NOTFOUND,    /* no such file, member, run or key */
    ENT_E_EXISTS,      /* there already, and never overwritten */
    ENT_E_PEER,        /* the other side refused, broke off or broke the protocol */
    ENT_E_TIMEOUT,     /* it took too long */
    ENT_E_IO,          /* the system failed to read or write; errno tells */
    ENT_E_FULL,        /* no space left */
    ENT_E_NOMEM,       /* no memory left */
    ENT_E_INTERRUPTED, /* the user or a signal asked to stop */
    ENT_E_UNSUPPORTED  /* understood, but this build or machine cannot do it */
};

/* A fixed English sentence for an error; never NULL. */
ENT_API const char *ent_err_str(enum ent_err e);

/* Bytes owned by somebody else. p may be NULL only when n is 0. */
struct ent_slice {
    const uint8_t *p;
    size_t n;
};

#ifdef __cplusplus
}
#endif
#endif
