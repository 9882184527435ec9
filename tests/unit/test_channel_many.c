/* test_channel_many.c: channels with many threads on both sides, under signals, with the largest
 * payloads; and random streams, which end where a naive reader says. Also run under
 * ThreadSanitizer. */
#include "tests/support/channels.h"

#include <pthread.h>
#include <signal.h>

#include "proc/inbox.h"

/* --- many threads ----------------------------------------------------------------------------- */

struct talker {
    struct ent_channel *c;
    uint64_t seed;
    unsigned rounds;
    bool bad;
    pthread_t thread;
};

static uint64_t next(uint64_t *s)
{
    return *s = *s * 6364136223846793005u + 1442695040888963407u;
}

static void *talk(void *arg)
{
    struct talker *t = arg;
    uint8_t *bytes = malloc(200000);
    for (unsigned i = 0; bytes != NULL && i < t->rounds; i++) {
        struct ent_msg m = ENT_MSG_NOTHING;
        size_t n = (size_t)(next(&t->seed) >> 33) % (i % 10 == 0 ? 200000 : 300);
        uint8_t x = (uint8_t)(next(&t->seed) >> 40), code = (uint8_t)(1 + x % ENT_E_UNSUPPORTED);
        memset(bytes, x, n);
        enum ent_err r = ent_channel_call(t->c, &m, ECHO, ent_slice(bytes, n), -1, 60000);
        if (r != ENT_OK || m.bytes.n != n || (n > 0 && memcmp(m.bytes.p, bytes, n) != 0))
            t->bad = true;
        ent_msg_release(&m);
        if (ent_channel_call(t->c, &m, FAIL, ent_slice(&code, 1), -1, 60000) !=
                (enum ent_err)code ||
            ent_channel_note(t->c, WORD, ENT_SLICE_LIT("note"), -1) != ENT_OK)
            t->bad = true;
    }
    free(bytes);
    return NULL;
}

static void test_many_threads_both_ways(void **state)
{
    enum { EACH = 6, ROUNDS = 200 };
    struct channels_end ea = {0}, eb = {0};
    struct talker t[2 * EACH];
    int fd[2];
    (void)state;
    channels_pair(fd);
    struct ent_channel *a = channels_new(fd[0], A, &ea, 3), *b = channels_new(fd[1], B, &eb, 2);
    for (int i = 0; i < 2 * EACH; i++) {
        t[i] = (struct talker){.c = i < EACH ? a : b, .seed = ent_t_rand(), .rounds = ROUNDS};
        assert_int_equal(pthread_create(&t[i].thread, NULL, talk, &t[i]), 0);
    }
    for (int i = 0; i < 2 * EACH; i++) {
        (void)pthread_join(t[i].thread, NULL);
        assert_false(t[i].bad);
    }
    ent_channel_free(a);
    assert_err(ent_channel_wait(b, NULL), ENT_E_PEER);
    assert_int_equal(atomic_load(&eb.notes), EACH * ROUNDS);
    ent_channel_free(b);
    assert_int_equal(atomic_load(&ea.closed), 0); /* ended by its own side */
    assert_int_equal(atomic_load(&eb.closed), 1);
}

static void on_signal(int sig)
{
    (void)sig;
}

struct pester {
    pthread_t whom, thread;
    atomic_bool stop;
};

static void *pester(void *arg)
{
    struct pester *p = arg;
    while (!atomic_load(&p->stop)) {
        (void)pthread_kill(p->whom, SIGUSR1);
        (void)usleep(200);
    }
    return NULL;
}

static void test_large_payloads_and_signals(void **state)
{
    struct channels_end e = {0};
    struct sigaction act = {.sa_handler = on_signal}; /* no SA_RESTART */
    struct pester p = {.whom = pthread_self()};
    struct ent_msg m = ENT_MSG_NOTHING;
    uint8_t *big = malloc(BIG);
    int fd[2];
    (void)state;
    assert_non_null(big);
    for (size_t i = 0; i < BIG; i += 4096)
        memset(big + i, (int)(i >> 12), 4096);
    assert_int_equal(sigaction(SIGUSR1, &act, NULL), 0);
    channels_pair(fd);
    struct ent_channel *a = channels_new(fd[0], A, &e, 1), *b = channels_new(fd[1], B, &e, 1);
    assert_int_equal(pthread_create(&p.thread, NULL, pester, &p), 0);
    assert_ok(ent_channel_call(a, &m, ECHO, ent_slice(big, BIG), -1, 60000));
    assert_int_equal(m.bytes.n, BIG);
    assert_memory_equal(m.bytes.p, big, BIG);
    ent_msg_release(&m);
    atomic_store(&p.stop, true);
    (void)pthread_join(p.thread, NULL);
    assert_err(ent_channel_call(a, &m, ECHO, ent_slice(big, BIG + 1), -1, 60000), ENT_E_LIMIT);
    assert_err(ent_channel_call(a, &m, FAIL, ent_slice(big, 2), -1, 60000), ENT_E_LIMIT);
    assert_err(ent_channel_note(a, WORD, ent_slice(big, 1), -1), ENT_E_LIMIT);
    assert_ok(ent_channel_note(a, WORD, ent_slice(big, 2), -1)); /* none of these hurt it */
    ent_channel_set_phase(b, 1);
    assert_ok(ent_channel_note(a, LATE, ent_slice(NULL, 0), -1));
    assert_ok(ent_channel_call(a, &m, ECHO, ent_slice(NULL, 0), -1, 60000));
    ent_msg_release(&m);
    assert_int_equal(atomic_load(&e.notes), 2);
    free(big);
    ent_channel_free(a);
    ent_channel_free(b);
    ent_channel_free(NULL);
}

/* --- against a naive model -------------------------------------------------------------------- */

/* What a reader that gets the whole stream at once, and knows the table by heart, would say. */
static enum ent_err model(const uint8_t *p, size_t n, unsigned *ret_good)
{
    for (*ret_good = 0;; ++*ret_good) {
        if (n < 16)
            return ENT_E_PEER;
        uint32_t len = p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
        unsigned type = p[4], kind = p[6];
        bool id = p[8] != 0;
        if (kind > 3 || id == (kind == 3))
            return ENT_E_FORMAT;
        if (kind == 2 && len != 1)
            return ENT_E_FORMAT;
        if (len > BIG)
            return ENT_E_LIMIT;
        bool note = type == WORD || type == LATE || type == ONLY_A;
        if (type == 0 || type > ONLY_A || note != (kind == 3))
            return ENT_E_FORMAT;
        if (type == ONLY_A)
            return ENT_E_POLICY;
        if (type == LATE)
            return ENT_E_STATE;
        if ((type == FAIL && kind != 2 && len != (kind == 0)) ||
            (type == FILES && kind != 2 && len > 10) || (type == NEVER && kind != 2 && len != 0) ||
            (type == WORD && (len < 2 || len > 100)))
            return ENT_E_LIMIT;
        if (type == FILES && kind == 0)
            return ENT_E_FORMAT;
        if (n - 16 < len)
            return ENT_E_PEER;
        p += 16 + len;
        n -= 16 + len;
    }
}

static size_t random_stream(uint8_t *p, size_t cap)
{
    size_t n = 0;
    unsigned odd = 1 + (unsigned)ent_t_below(30);
    while (n + 16 + 400 < cap && ent_t_below(40) != 0) {
        uint8_t *h = p + n;
        static const uint8_t kinds[] = {
            0, ENT_MSG_CALL, ENT_MSG_CALL, 0, ENT_MSG_NOTE, 0, ENT_MSG_CALL, 0};
        memset(h, 0, 16);
        h[4] = ent_t_below(3) == 0 ? WORD : ECHO;
        h[6] = h[4] == WORD ? kinds[4] : (uint8_t)ent_t_below(2);
        h[8] = h[4] != WORD;
        h[0] = (uint8_t)(2 + ent_t_below(90));
        if (ent_t_below(odd) == 0)
            h[4] = (uint8_t)ent_t_below(9);
        if (h[4] > NEVER && ent_t_below(4) != 0) /* their own fault, not that of the kind */
            h[6] = ENT_MSG_NOTE, h[8] = 0;
        if (ent_t_below(odd) == 0)
            h[6] = (uint8_t)ent_t_below(4);
        if (ent_t_below(odd) == 0)
            h[8] = (uint8_t)ent_t_below(2);
        if (ent_t_below(odd) == 0)
            h[0] = (uint8_t)ent_t_below(4);
        if (ent_t_below(odd * 4) == 0)
            h[3] = (uint8_t)ent_t_below(6);
        n += 16 + h[0];
        for (unsigned i = 0; i < h[0]; i++)
            h[16 + i] = (uint8_t)ent_t_rand();
    }
    return n > 0 && ent_t_below(4) == 0 ? ent_t_below(n) : n;
}

static void test_random_streams_as_the_model_says(void **state)
{
    static uint8_t stream[60000];
    unsigned seen[ENT_E_UNSUPPORTED + 1] = {0}, total = 0;
    atomic_uint phase = 0;
    (void)state;
    for (int round = 0; round < 2000; round++) {
        struct ent_inbox in;
        unsigned good = 0, want;
        size_t n = random_stream(stream, sizeof(stream));
        int fd[2];
        enum ent_err r = ENT_OK;
        channels_pair(fd);
        for (size_t at = 0, part; at < n; at += part) { /* in pieces */
            part = 1 + ent_t_below(n - at);
            assert_ok(ent_fd_write(fd[1], ent_slice(stream + at, part)));
        }
        (void)close(fd[1]);
        ent_inbox_init(&in, fd[0]);
        while (r == ENT_OK) {
            struct ent_msg m = ENT_MSG_NOTHING;
            r = ent_inbox_next(&in, &m, NULL, &channels_protocol, B, &phase);
            good += r == ENT_OK;
            ent_msg_release(&m);
        }
        assert_err(r, model(stream, n, &want));
        assert_int_equal(good, want);
        seen[r]++;
        total += good;
        ent_inbox_release(&in);
        (void)close(fd[0]);
    }
    assert_true(seen[ENT_E_FORMAT] > 5 && seen[ENT_E_LIMIT] > 5 && seen[ENT_E_PEER] > 5 &&
                seen[ENT_E_STATE] > 5 && seen[ENT_E_POLICY] > 5 && total > 500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_many_threads_both_ways),
        cmocka_unit_test(test_large_payloads_and_signals),
        cmocka_unit_test(test_random_streams_as_the_model_says),
    };
    (void)signal(SIGPIPE, SIG_IGN);
    return ent_t_run("channel_many", tests);
}
