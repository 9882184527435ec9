/*
 * watch_check.h: hold the scanner to the reference matcher: with every set of instructions that
 * this machine has, asked and not asked what it saw, whole and cut. What differs is printed.
 */
#ifndef ENT_TESTS_SUPPORT_WATCH_CHECK_H
#define ENT_TESTS_SUPPORT_WATCH_CHECK_H

#include "tests/support/feed.h"
#include "tests/support/naive_watch.h"

struct watch_check {
    const struct ent_observable *ind;
    size_t n;
    struct ent_watch *w;
};

/* For cmocka: a set of naive_known, as *state. */
int watch_check_setup(void **state);
int watch_check_teardown(void **state);

/* How a stream is cut, for naive_engine(). ctx is a size_t. */
size_t watch_cut_same(void *ctx);   /* always so many bytes */
size_t watch_cut_random(void *ctx); /* up to so many */

/* Whole, and as cut says (NULL: only whole). Returns the number of hits. */
size_t watch_check(const struct watch_check *c, struct ent_slice s, size_t (*cut)(void *),
                   void *ctx);

/* The same where want is known already, from the reference; only as cut says. */
void watch_check_against(const struct watch_check *c, struct naive_report *want, struct ent_slice s,
                         size_t (*cut)(void *), void *ctx);

/* So many in release; the sanitizers are slow and get a part. */
static inline unsigned watch_rounds(unsigned release, unsigned sanitized)
{
    const char *rounds = getenv("ENT_ROUNDS");
    if (rounds != NULL)
        return (unsigned)strtoul(rounds, NULL, 10);
    return ENT_T_SANITIZED ? sanitized : release;
}

#endif
