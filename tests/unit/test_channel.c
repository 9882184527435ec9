/* test_channel.c: messages and channels. What a hostile process may send is written raw into one
 * end of a socket pair whose other end is a channel. Also run under ThreadSanitizer. */
#include "tests/support/channels.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>

#define GREETING 20u

static unsigned open_fds(void)
{
    unsigned n = 0;
    DIR *d = opendir("/proc/self/fd");
    assert_non_null(d);
    while (readdir(d) != NULL)
        n++;
    (void)closedir(d);
    return n;
}

/* --- a hostile peer --------------------------------------------------------------------------- */

static void put(int fd, const void *p, size_t n)
{
    assert_ok(ent_fd_write(fd, ent_slice(p, n)));
}

static void put_head(int fd, uint32_t n, uint16_t type, unsigned flags, uint64_t id)
{
    uint8_t h[ENT_MSG_HEAD];
    ent_put_u32le(h, n);
    ent_put_u16le(h + 4, type);
    ent_put_u16le(h + 6, (uint16_t)flags);
    ent_put_u64le(h + 8, id);
    put(fd, h, sizeof(h));
}

static void greet(int fd, const char *version, unsigned role, unsigned phase)
{
    uint8_t g[GREETING] = {0};
    memcpy(g, version, strlen(version));
    ent_put_u16le(g + 16, (uint16_t)role);
    ent_put_u16le(g + 18, (uint16_t)phase);
    put_head(fd, GREETING, 0, ENT_MSG_NOTE, 0);
    put(fd, g, sizeof(g));
}

/* A frame with so many descriptors. */
static void put_fds(int fd, unsigned count, uint16_t type, unsigned flags, uint64_t id)
{
    uint8_t h[ENT_MSG_HEAD];
    union {
        struct cmsghdr align;
        char room[CMSG_SPACE(64 * sizeof(int))];
    } control;
    struct iovec iov = {h, sizeof(h)};
    struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control};
    int fds[64];
    memset(&control, 0, sizeof(control));
    ent_put_u32le(h, 0);
    ent_put_u16le(h + 4, type);
    ent_put_u16le(h + 6, (uint16_t)flags);
    ent_put_u64le(h + 8, id);
    m.msg_controllen = CMSG_SPACE(count * sizeof(int));
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(count * sizeof(int));
    for (unsigned i = 0; i < count; i++)
        fds[i] = STDERR_FILENO;
    memcpy(CMSG_DATA(c), fds, count * sizeof(int));
    assert_int_equal(sendmsg(fd, &m, 0), sizeof(h));
}

static void get(int fd, void *p, size_t n)
{
    assert_int_equal(recv(fd, p, n, MSG_WAITALL), n);
}

static struct ent_msg_head get_head(int fd)
{
    uint8_t h[ENT_MSG_HEAD];
    struct ent_msg_head ret;
    get(fd, h, sizeof(h));
    assert_ok(ent_msg_head_parse(&ret, NULL, h));
    return ret;
}

/* Peer B, raw, of a channel that plays A: what it sends must have killed the channel so. */
static struct ent_channel *against_raw(int *ret_fd, struct channels_end *e)
{
    int fd[2];
    uint8_t g[GREETING];
    channels_pair(fd);
    struct ent_channel *c = channels_new(fd[0], A, e, 1);
    struct ent_msg_head h = get_head(fd[1]);
    assert_int_equal(h.n, GREETING);
    get(fd[1], g, GREETING);
    *ret_fd = fd[1];
    return c;
}

static void dies(struct ent_channel *c, int fd, enum ent_err why, const char *text)
{
    struct ent_diag d;
    struct ent_msg m;
    assert_err(ent_channel_wait(c, &d), why);
    assert_string_equal(d.text, text);
    assert_err(ent_channel_call(c, &m, ECHO, ent_slice(NULL, 0), -1, 1000), ENT_E_PEER);
    assert_err(ent_channel_note(c, WORD, ENT_SLICE_LIT("ab"), -1), ENT_E_PEER);
    ent_channel_free(c);
    (void)close(fd);
}

/* --- headers and tables ----------------------------------------------------------------------- */

static void test_headers_have_one_form(void **state)
{
    (void)state;
    for (int i = 0; i < 20000; i++) {
        uint8_t in[ENT_MSG_HEAD], out[ENT_MSG_HEAD];
        struct ent_msg_head h;
        for (size_t k = 0; k < sizeof(in); k++)
            in[k] = ent_t_below(3) == 0 ? (uint8_t)ent_t_rand() : 0;
        enum ent_err r = ent_msg_head_parse(&h, NULL, in);
        unsigned flags = in[6] | (unsigned)in[7] << 8, kind = flags & 3;
        bool id = memcmp(in + 8, (uint8_t[8]){0}, 8) != 0;
        uint32_t n = in[0] | (uint32_t)in[1] << 8 | (uint32_t)in[2] << 16 | (uint32_t)in[3] << 24;
        bool fine = flags <= 7 && id == (kind != ENT_MSG_NOTE) && n <= BIG &&
                    (kind != ENT_MSG_REFUSAL || (n == 1 && (flags & 4) == 0));
        assert_int_equal(r == ENT_OK, fine);
        if (r != ENT_OK)
            continue;
        ent_msg_head_encode(out, &h);
        assert_memory_equal(in, out, sizeof(in));
    }
}

static void test_a_table_must_be_sound(void **state)
{
    (void)state;
    const struct ent_msg_row *rows = channels_protocol.rows;
    struct ent_msg_row two[2] = {rows[0], rows[1]};
    struct ent_protocol p = {two, 2, 1, BIG};
    assert_true(ent_protocol_is_sound(&channels_protocol));
    assert_true(ent_protocol_is_sound(&p));
    p.window = 0;
    assert_false(ent_protocol_is_sound(&p));
    p.window = 65536;
    assert_false(ent_protocol_is_sound(&p));
    p.window = 1;
    p.window_bytes = BIG - 1; /* a call would wait forever */
    assert_false(ent_protocol_is_sound(&p));
    p.window_bytes = BIG;
    p.n = 1; /* no answer */
    assert_false(ent_protocol_is_sound(&p));
    p.n = 2;
    two[1].max = BIG + 1;
    assert_false(ent_protocol_is_sound(&p));
    two[1] = rows[1];
    two[1].min = 5, two[1].max = 4;
    assert_false(ent_protocol_is_sound(&p));
    two[1] = rows[1];
    two[1].type = 0;
    assert_false(ent_protocol_is_sound(&p));
    struct ent_msg_row three[3] = {rows[0], rows[1], rows[1]};
    p = (struct ent_protocol){three, 3, 1, BIG};
    assert_false(ent_protocol_is_sound(&p));
}

/* --- what kills a channel --------------------------------------------------------------------- */

static void test_what_is_not_in_the_table_kills(void **state)
{
    /* table */
    static const struct {
        uint32_t n;
        uint16_t type;
        unsigned flags;
        uint64_t id;
        enum ent_err why;
        const char *text;
    } bad[] = {
        {0, 99, ENT_MSG_NOTE, 0, ENT_E_FORMAT, "a message of no known type"},
        {0, 0, ENT_MSG_NOTE, 0, ENT_E_FORMAT, "a message of no known type"},
        {0, WORD, ENT_MSG_CALL, 1, ENT_E_FORMAT, "a message of no known type"},
        {0, WORD, 8 | ENT_MSG_NOTE, 0, ENT_E_FORMAT, "a message with unknown flags"},
        {0, WORD, 0x8000 | ENT_MSG_NOTE, 0, ENT_E_FORMAT, "a message with unknown flags"},
        {2, WORD, ENT_MSG_NOTE, 1, ENT_E_FORMAT, "a message whose number does not fit its kind"},
        {0, ECHO, ENT_MSG_CALL, 0, ENT_E_FORMAT, "a message whose number does not fit its kind"},
        {1, WORD, ENT_MSG_NOTE, 0, ENT_E_LIMIT,
         "a message of a length that its type does not have"},
        {101, WORD, ENT_MSG_NOTE, 0, ENT_E_LIMIT,
         "a message of a length that its type does not have"},
        {BIG + 1, ECHO, ENT_MSG_CALL, 1, ENT_E_LIMIT, "a message of more than 64 MiB"},
        {UINT32_MAX, ECHO, ENT_MSG_CALL, 1, ENT_E_LIMIT, "a message of more than 64 MiB"},
        {0, LATE, ENT_MSG_NOTE, 0, ENT_E_STATE, "a message in the wrong phase"},
        {0, ONLY_A, ENT_MSG_NOTE, 0, ENT_E_POLICY, "a message that is not this role's to send"},
        {0, ECHO, ENT_MSG_ANSWER, 1, ENT_E_FORMAT, "an answer to no call"},
        {0, ECHO, ENT_MSG_ANSWER, 0xffff, ENT_E_FORMAT, "an answer to no call"},
        {0, ECHO, ENT_MSG_ANSWER, 0x10000, ENT_E_FORMAT, "an answer to no call"},
        {0, ECHO, ENT_MSG_ANSWER, UINT64_MAX, ENT_E_FORMAT, "an answer to no call"},
        {0, FAIL, ENT_MSG_REFUSAL, 1, ENT_E_FORMAT, "a refusal that is none"},
        {2, FAIL, ENT_MSG_REFUSAL, 1, ENT_E_FORMAT, "a refusal that is none"},
        {1, FAIL, ENT_MSG_REFUSAL | 4, 1, ENT_E_FORMAT, "a refusal that is none"},
        {0, FILES, ENT_MSG_CALL, 1, ENT_E_FORMAT,
         "a message with a descriptor too much or too few"},
        {0, FILES, ENT_MSG_CALL | 4, 1, ENT_E_FORMAT,
         "a descriptor was announced and did not come"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct channels_end e = {0};
        int fd;
        struct ent_channel *c = against_raw(&fd, &e);
        greet(fd, ENTENTE_VERSION, B, 0);
        put_head(fd, 2, WORD, ENT_MSG_NOTE, 0);
        put(fd, "ab", 2);
        put_head(fd, bad[i].n, bad[i].type, bad[i].flags, bad[i].id);
        dies(c, fd, bad[i].why, bad[i].text);
        assert_int_equal(atomic_load(&e.notes), 1); /* what came before was heard */
        assert_int_equal(atomic_load(&e.closed), 1);
    }
}

static void test_greetings(void **state)
{
    /* table */
    static const struct {
        const char *version;
        unsigned role, phase;
        enum ent_err why;
        const char *text;
    } bad[] = {
        {"0.0.9", B, 0, ENT_E_UNSUPPORTED, "a process of another version"},
        {"", B, 0, ENT_E_UNSUPPORTED, "a process of another version"},
        {ENTENTE_VERSION "x", B, 0, ENT_E_UNSUPPORTED, "a process of another version"},
        {ENTENTE_VERSION, A, 0, ENT_E_STATE, "another role or phase than expected"},
        {ENTENTE_VERSION, B, 1, ENT_E_STATE, "another role or phase than expected"},
    };
    struct channels_end e = {0};
    int fd;
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct ent_channel *c = against_raw(&fd, &e);
        greet(fd, bad[i].version, bad[i].role, bad[i].phase);
        dies(c, fd, bad[i].why, bad[i].text);
    }
    struct ent_channel *c = against_raw(&fd, &e);
    put_head(fd, 2, WORD, ENT_MSG_NOTE, 0);
    dies(c, fd, ENT_E_FORMAT, "a channel that does not begin with a greeting");
    c = against_raw(&fd, &e);
    greet(fd, ENTENTE_VERSION, B, 0);
    greet(fd, ENTENTE_VERSION, B, 0);
    dies(c, fd, ENT_E_FORMAT, "a message of no known type");
}

static void test_truncated_everywhere(void **state)
{
    uint8_t frame[ENT_MSG_HEAD + 8] = {8, 0, 0, 0, WORD, 0, ENT_MSG_NOTE};
    (void)state;
    for (size_t n = 0; n <= sizeof(frame); n++) {
        struct channels_end e = {0};
        int fd;
        struct ent_channel *c = against_raw(&fd, &e);
        greet(fd, ENTENTE_VERSION, B, 0);
        for (size_t i = 0; i < n; i++) /* byte by byte */
            put(fd, frame + i, 1);
        (void)shutdown(fd, SHUT_WR);
        dies(c, fd, ENT_E_PEER, "the other process has ended");
        assert_int_equal(atomic_load(&e.notes), n == sizeof(frame));
    }
}

static void test_too_many_calls(void **state)
{
    struct channels_end e = {0};
    int fd;
    (void)state;
    struct ent_channel *c = against_raw(&fd, &e);
    greet(fd, ENTENTE_VERSION, B, 0);
    for (uint64_t i = 1; i <= WINDOW; i++)
        put_head(fd, 0, NEVER, ENT_MSG_CALL, i);
    put_head(fd, 2, WORD, ENT_MSG_NOTE, 0); /* a full window does not hold up the rest */
    put(fd, "ab", 2);
    while (atomic_load(&e.notes) == 0)
        (void)usleep(1000);
    put_head(fd, 0, NEVER, ENT_MSG_CALL, WINDOW + 1);
    struct ent_diag d;
    assert_err(ent_channel_wait(c, &d), ENT_E_LIMIT);
    atomic_store(&e.let_go, true);
    dies(c, fd, ENT_E_LIMIT, "more calls at once than agreed");

    atomic_store(&e.let_go, false);
    c = against_raw(&fd, &e);
    greet(fd, ENTENTE_VERSION, B, 0);
    put_head(fd, 0, NEVER, ENT_MSG_CALL, 7);
    put_head(fd, 0, NEVER, ENT_MSG_CALL, 7);
    assert_err(ent_channel_wait(c, &d), ENT_E_FORMAT);
    atomic_store(&e.let_go, true);
    dies(c, fd, ENT_E_FORMAT, "a call whose number is not new");
}

static void test_a_call_to_one_that_serves_none(void **state)
{
    struct channels_end e = {0};
    int fd[2];
    (void)state;
    channels_pair(fd);
    struct ent_channel *c = channels_new(fd[0], A, &e, 0);
    greet(fd[1], ENTENTE_VERSION, B, 0);
    put_head(fd[1], 0, ECHO, ENT_MSG_CALL, 1);
    dies(c, fd[1], ENT_E_POLICY, "a call to one that serves none");
}

/* --- answers that lie ------------------------------------------------------------------------- */

struct caller {
    struct ent_channel *c;
    enum ent_err r;
    unsigned ms;
    pthread_t thread;
};

static void *call_empty(void *arg)
{
    struct caller *k = arg;
    struct ent_msg m = ENT_MSG_NOTHING;
    k->r = ent_channel_call(k->c, &m, FAIL, ENT_SLICE_LIT("x"), -1, k->ms);
    ent_msg_release(&m);
    return NULL;
}

static void test_answers_that_lie(void **state)
{
    /* table */
    static const struct {
        uint16_t type;
        unsigned flags;
        uint64_t plus;
        const char *payload;
        const char *text;
    } bad[] = {
        {FAIL, ENT_MSG_ANSWER, 1, "", "an answer to no call"},
        {FAIL, ENT_MSG_ANSWER, 0x10000, "", "an answer to no call"},
        {ECHO, ENT_MSG_ANSWER, 0, "", "an answer to no call"},
        {FAIL, ENT_MSG_REFUSAL, 0, "\xff", "a refusal without a reason"},
        {FAIL, ENT_MSG_REFUSAL, 0, "\x0f", "a refusal without a reason"},
    };
    (void)state;
    for (size_t i = 0; i <= sizeof(bad) / sizeof(bad[0]); i++) {
        struct channels_end e = {0};
        uint8_t x;
        int fd;
        struct caller k = {.c = against_raw(&fd, &e), .ms = 10000};
        greet(fd, ENTENTE_VERSION, B, 0);
        assert_int_equal(pthread_create(&k.thread, NULL, call_empty, &k), 0);
        struct ent_msg_head h = get_head(fd);
        get(fd, &x, 1);
        assert_true(h.type == FAIL && h.kind == ENT_MSG_CALL && h.n == 1 && x == 'x');
        if (i == sizeof(bad) / sizeof(bad[0])) { /* twice */
            put_head(fd, 0, FAIL, ENT_MSG_ANSWER, h.id);
            (void)pthread_join(k.thread, NULL);
            assert_ok(k.r);
            put_head(fd, 0, FAIL, ENT_MSG_ANSWER, h.id);
            dies(k.c, fd, ENT_E_FORMAT, "an answer to no call");
            continue;
        }
        put_head(fd, (uint32_t)strlen(bad[i].payload), bad[i].type, bad[i].flags,
                 h.id + bad[i].plus);
        put(fd, bad[i].payload, strlen(bad[i].payload));
        (void)pthread_join(k.thread, NULL);
        assert_err(k.r, ENT_E_PEER);
        dies(k.c, fd, ENT_E_FORMAT, bad[i].text);
    }
}

static void test_deadlines(void **state)
{
    struct channels_end e = {0};
    uint8_t x;
    int fd;
    (void)state;
    struct caller k = {.c = against_raw(&fd, &e), .ms = 50};
    greet(fd, ENTENTE_VERSION, B, 0);
    uint64_t ids[WINDOW];
    for (unsigned i = 0; i < WINDOW; i++) {
        (void)call_empty(&k);
        assert_err(k.r, ENT_E_TIMEOUT);
        ids[i] = get_head(fd).id;
        get(fd, &x, 1);
    }
    /* The window is full of calls that nobody waits for: the next is not even sent. */
    (void)call_empty(&k);
    assert_err(k.r, ENT_E_TIMEOUT);
    assert_int_equal(recv(fd, &x, 1, MSG_DONTWAIT), -1);
    put_head(fd, 0, FAIL, ENT_MSG_ANSWER, ids[3]); /* late, dropped; makes room */
    k.ms = 10000;
    assert_int_equal(pthread_create(&k.thread, NULL, call_empty, &k), 0);
    struct ent_msg_head h = get_head(fd);
    get(fd, &x, 1);
    put_head(fd, 1, FAIL, ENT_MSG_REFUSAL, h.id);
    put(fd, "\x05", 1);
    (void)pthread_join(k.thread, NULL);
    assert_err(k.r, ENT_E_POLICY);
    put_head(fd, 0, FAIL, ENT_MSG_ANSWER, ids[3]); /* but only once */
    dies(k.c, fd, ENT_E_FORMAT, "an answer to no call");
}

static void test_a_peer_that_goes_wakes_all(void **state)
{
    struct channels_end e = {0};
    struct caller k[8];
    int fd;
    (void)state;
    struct ent_channel *c = against_raw(&fd, &e);
    greet(fd, ENTENTE_VERSION, B, 0);
    for (int i = 0; i < 8; i++) {
        k[i] = (struct caller){.c = c, .ms = 60000};
        assert_int_equal(pthread_create(&k[i].thread, NULL, call_empty, &k[i]), 0);
    }
    for (int i = 0; i < 8; i++) {
        uint8_t x;
        (void)get_head(fd);
        get(fd, &x, 1);
    }
    (void)shutdown(fd, SHUT_RDWR);
    for (int i = 0; i < 8; i++) {
        (void)pthread_join(k[i].thread, NULL);
        assert_err(k[i].r, ENT_E_PEER);
    }
    dies(c, fd, ENT_E_PEER, "the other process has ended");
}

static void test_who_frees_wakes_all(void **state)
{
    struct channels_end e = {0};
    struct caller k[8];
    int fd;
    (void)state;
    struct ent_channel *c = against_raw(&fd, &e);
    greet(fd, ENTENTE_VERSION, B, 0);
    for (int i = 0; i < 8; i++) {
        k[i] = (struct caller){.c = c, .ms = 60000};
        assert_int_equal(pthread_create(&k[i].thread, NULL, call_empty, &k[i]), 0);
    }
    for (int i = 0; i < 8; i++) {
        uint8_t x;
        (void)get_head(fd);
        get(fd, &x, 1);
    }
    ent_channel_free(c);
    for (int i = 0; i < 8; i++) {
        (void)pthread_join(k[i].thread, NULL);
        assert_err(k[i].r, ENT_E_PEER);
    }
    (void)close(fd);
}

static void test_a_peer_that_does_not_read(void **state)
{
    struct channels_end e = {0};
    struct ent_msg m;
    int fd;
    (void)state;
    channels_stall_ms = 300;
    struct ent_channel *c = against_raw(&fd, &e);
    channels_stall_ms = 0;
    greet(fd, ENTENTE_VERSION, B, 0);
    uint8_t *big = calloc(1, 4u << 20);
    assert_non_null(big);
    assert_err(ent_channel_call(c, &m, ECHO, ent_slice(big, 4u << 20), -1, 60000), ENT_E_PEER);
    free(big);
    dies(c, fd, ENT_E_TIMEOUT, "the other process does not read");
}

/* --- descriptors ------------------------------------------------------------------------------ */

static void test_descriptors_that_nobody_wants(void **state)
{
    /* table */
    static const struct {
        unsigned count;
        uint16_t type;
        unsigned flags;
        uint64_t id;
        const char *text;
    } bad[] = {
        {1, NEVER, ENT_MSG_CALL, 1, "descriptors that nobody announced"},
        {2, FILES, ENT_MSG_CALL | 4, 1, "descriptors that nobody announced"},
        {4, FILES, ENT_MSG_CALL | 4, 1, "descriptors that nobody announced"},
        {60, FILES, ENT_MSG_CALL | 4, 1, "descriptors that nobody announced"},
        {1, NEVER, ENT_MSG_CALL | 4, 1, "a message with a descriptor too much or too few"},
        {1, 99, ENT_MSG_CALL | 4, 1, "a message of no known type"},
    };
    unsigned before = open_fds();
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct channels_end e = {.let_go = true};
        int fd;
        struct ent_channel *c = against_raw(&fd, &e);
        greet(fd, ENTENTE_VERSION, B, 0);
        put_fds(fd, bad[i].count, bad[i].type, bad[i].flags, bad[i].id);
        dies(c, fd, ENT_E_FORMAT, bad[i].text);
        assert_int_equal(open_fds(), before);
    }
    /* In the middle of a payload. */
    struct channels_end e = {0};
    int fd;
    struct ent_channel *c = against_raw(&fd, &e);
    greet(fd, ENTENTE_VERSION, B, 0);
    put_head(fd, 64, WORD, ENT_MSG_NOTE, 0);
    (void)usleep(20000);
    put_fds(fd, 1, 0, 0, 0);
    dies(c, fd, ENT_E_FORMAT, "descriptors that nobody announced");
    assert_int_equal(open_fds(), before);
}

static void test_descriptors_travel(void **state)
{
    unsigned before = open_fds();
    struct channels_end e = {0};
    int fd[2], p[2];
    (void)state;
    channels_pair(fd);
    struct ent_channel *a = channels_new(fd[0], A, &e, 1), *b = channels_new(fd[1], B, &e, 2);
    for (int i = 0; i < 50; i++) {
        struct ent_msg m = ENT_MSG_NOTHING;
        char x = 0;
        assert_int_equal(pipe2(p, O_CLOEXEC), 0);
        assert_ok(ent_channel_call(a, &m, FILES, ent_slice(NULL, 0), p[1], 10000));
        assert_true(m.fd >= 0 && m.fd != p[1]);
        assert_true((fcntl(m.fd, F_GETFD) & FD_CLOEXEC) != 0);
        assert_int_equal(write(m.fd, "!", 1), 1); /* came back as another number, the same pipe */
        assert_int_equal(read(p[0], &x, 1), 1);
        assert_int_equal(x, '!');
        ent_msg_release(&m);
        (void)close(p[0]);
        (void)close(p[1]);
    }
    ent_channel_free(a);
    ent_channel_free(b);
    assert_int_equal(open_fds(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_headers_have_one_form),
        cmocka_unit_test(test_a_table_must_be_sound),
        cmocka_unit_test(test_what_is_not_in_the_table_kills),
        cmocka_unit_test(test_greetings),
        cmocka_unit_test(test_truncated_everywhere),
        cmocka_unit_test(test_too_many_calls),
        cmocka_unit_test(test_a_call_to_one_that_serves_none),
        cmocka_unit_test(test_answers_that_lie),
        cmocka_unit_test(test_deadlines),
        cmocka_unit_test(test_a_peer_that_goes_wakes_all),
        cmocka_unit_test(test_who_frees_wakes_all),
        cmocka_unit_test(test_a_peer_that_does_not_read),
        cmocka_unit_test(test_descriptors_that_nobody_wants),
        cmocka_unit_test(test_descriptors_travel),
    };
    (void)signal(SIGPIPE, SIG_IGN);
    return ent_t_run("channel", tests);
}
