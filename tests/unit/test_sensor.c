/* test_sensor.c: files, FIFOs, directories, sockets, the journal, captures. */
#include "tests/support/t.h"
#include "sensor/sensor.h"
#include "sensor/packet.h"

#include <fcntl.h>
#include <pcap/pcap.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

static const struct ent_sensor_opts once = {.max_ratio = 1000};

static const char *path_of(const char *name)
{
    static char path[4][512];
    static unsigned turn;
    char *p = path[turn++ % 4];
    assert_ok(ent_path_join(p, 512, ent_t_tmpdir(), name));
    return p;
}

static const char *file(const char *name, const char *text)
{
    const char *path = path_of(name);
    assert_ok(ent_file_write(path, ent_slice_str(text), 0600, NULL));
    return path;
}

static struct ent_sensor *sensor(const struct ent_sensor_opts *opts)
{
    struct ent_sensor *s;
    assert_ok(ent_sensor_new(&s, opts));
    return s;
}

/* The next chunk that is not IDLE; what is waited for does come. */
static struct ent_chunk next(struct ent_sensor *s)
{
    struct ent_chunk c;
    uint64_t start = ent_clock_steady_ns();
    do
        ent_sensor_next(s, &c, 100);
    while (c.kind == ENT_CHUNK_IDLE && ent_clock_steady_ns() - start < 20000000000u);
    assert_int_not_equal(c.kind, ENT_CHUNK_IDLE);
    return c;
}

static void assert_bytes(struct ent_sensor *s, const char *path, const char *text)
{
    struct ent_chunk c = next(s);
    assert_int_equal(c.kind, ENT_CHUNK_BYTES);
    assert_string_equal(c.path, path);
    assert_int_equal(c.bytes.n, strlen(text));
    assert_memory_equal(c.bytes.p, text, c.bytes.n);
}

static void assert_kind(struct ent_sensor *s, enum ent_chunk_kind kind)
{
    assert_int_equal(next(s).kind, kind);
}

static void assert_file(struct ent_sensor *s, const char *path, const char *text)
{
    assert_bytes(s, path, text);
    assert_kind(s, ENT_CHUNK_END);
}

static void assert_idle(struct ent_sensor *s)
{
    struct ent_chunk c;
    ent_sensor_next(s, &c, 0);
    assert_int_equal(c.kind, ENT_CHUNK_IDLE);
}

static void assert_fail(struct ent_sensor *s, enum ent_err e, const char *text)
{
    struct ent_chunk c = next(s);
    assert_int_equal(c.kind, ENT_CHUNK_FAIL);
    assert_err(c.err, e);
    assert_string_equal(c.diag.text, text);
}

/* --- files -------------------------------------------------------------------------------------
 */

static void test_files_in_order(void **state)
{
    struct ent_sensor *s = sensor(&once);
    (void)state;
    assert_ok(ent_sensor_add(s, file("b", "first\n")));
    assert_ok(ent_sensor_add(s, path_of("not-there")));
    assert_ok(ent_sensor_add(s, file("a", "second")));
    assert_ok(ent_sensor_add(s, file("empty", "")));
    assert_file(s, path_of("b"), "first\n");
    assert_fail(s, ENT_E_NOTFOUND, "cannot open");
    assert_file(s, path_of("a"), "second");
    assert_kind(s, ENT_CHUNK_DONE);
    assert_kind(s, ENT_CHUNK_DONE);
    ent_sensor_free(s);
    s = sensor(&once);
    assert_kind(s, ENT_CHUNK_DONE);
    ent_sensor_free(s);
}

static void test_a_directory(void **state)
{
    static const uint8_t bin[] = "\x7f"
                                 "ELF\0\0";
    struct ent_sensor *s = sensor(&once);
    (void)state;
    assert_int_equal(mkdir(path_of("dir"), 0700), 0);
    assert_int_equal(mkdir(path_of("dir/sub"), 0700), 0);
    (void)file("dir/sub/x", "below\n");
    (void)file("dir/b.log", "b\n");
    (void)file("dir/a.log.1", "a\n");
    (void)file("dir/.hidden", "hidden\n");
    (void)file("dir/b.log.gz", "the same as b.log\n");
    (void)file("dir/c.log.gz", "not packed, for all that\n");
    assert_ok(ent_file_write(path_of("dir/program"), ent_slice(bin, 6), 0600, NULL));
    assert_ok(ent_sensor_add(s, path_of("dir")));
    assert_ok(ent_sensor_add(s, path_of("dir/program"))); /* named, it is read */
    assert_file(s, path_of("dir/a.log.1"), "a\n");
    assert_file(s, path_of("dir/b.log"), "b\n");
    assert_file(s, path_of("dir/c.log.gz"), "not packed, for all that\n");
    assert_kind(s, ENT_CHUNK_BYTES);
    assert_kind(s, ENT_CHUNK_END);
    assert_kind(s, ENT_CHUNK_DONE);
    ent_sensor_free(s);
}

static void test_a_file_that_shrinks(void **state)
{
    struct ent_sensor *s = sensor(&once);
    const char *path = path_of("shrinks");
    (void)state;
    (void)file("shrinks", "");
    assert_int_equal(truncate(path, 4 << 20), 0);
    assert_ok(ent_sensor_add(s, path));
    assert_kind(s, ENT_CHUNK_BYTES);
    assert_int_equal(truncate(path, 10), 0);
    assert_kind(s, ENT_CHUNK_END);
    assert_kind(s, ENT_CHUNK_DONE);
    ent_sensor_free(s);
}

static void test_a_sparse_file(void **state)
{
    struct ent_sensor *s = sensor(&once);
    const char *path = path_of("sparse");
    const off_t size = 300 << 20;
    uint64_t at = 0;
    struct ent_chunk c;
    (void)state;
    (void)file("sparse", "begin\n");
    assert_int_equal(truncate(path, size), 0);
    int fd = open(path, O_WRONLY | O_APPEND);
    assert_int_equal(write(fd, "end\n", 4), 4);
    (void)close(fd);
    assert_ok(ent_sensor_add(s, path));
    while ((c = next(s)).kind == ENT_CHUNK_BYTES) {
        assert_int_equal(c.offset, at);
        assert_true(c.bytes.n <= 256u << 10);
        assert_int_equal(c.size, size + 4);
        at += c.bytes.n;
        assert_int_equal(c.consumed, at);
        if (at == (uint64_t)size + 4)
            assert_memory_equal(c.bytes.p + c.bytes.n - 4, "end\n", 4);
    }
    assert_int_equal(at, size + 4);
    assert_int_equal(c.kind, ENT_CHUNK_END);
    ent_sensor_free(s);
}

static void test_large_files_as_a_whole(void **state)
{
    struct ent_sensor_opts opts = once;
    (void)state;
    opts.whole = 6;
    struct ent_sensor *s = sensor(&opts);
    assert_ok(ent_sensor_add(s, file("large", "123456")));
    assert_ok(ent_sensor_add(s, file("small", "12345")));
    assert_ok(ent_sensor_add(s, file("packed", "\x1f\x8b"
                                               "123456")));
    struct ent_chunk c = next(s);
    char b[10];
    assert_int_equal(c.kind, ENT_CHUNK_FILE);
    assert_int_equal(c.size, 6);
    assert_int_equal(pread(c.fd, b, sizeof(b), 0), 6);
    assert_file(s, path_of("small"), "12345");
    assert_fail(s, ENT_E_FORMAT, "damaged gzip data");
    assert_kind(s, ENT_CHUNK_DONE);
    ent_sensor_free(s);
}

static void test_a_fifo_that_stalls(void **state)
{
    struct ent_sensor *s = sensor(&once);
    (void)state;
    assert_int_equal(mkfifo(path_of("fifo"), 0600), 0);
    assert_int_equal(mkfifo(path_of("never"), 0600), 0);
    assert_ok(ent_sensor_add(s, path_of("never"))); /* nobody writes there */
    assert_ok(ent_sensor_add(s, path_of("fifo")));
    assert_ok(ent_sensor_add(s, file("beside", "goes on\n")));
    assert_file(s, path_of("beside"), "goes on\n");
    assert_idle(s);
    int fd = open(path_of("fifo"), O_WRONLY);
    assert_idle(s);
    assert_int_equal(write(fd, "half a ", 7), 7);
    assert_bytes(s, path_of("fifo"), "half a ");
    assert_idle(s);
    assert_int_equal(write(fd, "line", 4), 4);
    (void)close(fd);
    assert_bytes(s, path_of("fifo"), "line");
    assert_kind(s, ENT_CHUNK_END);
    assert_idle(s); /* the other one may still come */
    ent_sensor_free(s);
}

/* --- sockets -----------------------------------------------------------------------------------
 */

static int connect_to(const char *path, int type)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    assert_true((size_t)snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path) <
                sizeof(addr.sun_path));
    int fd = socket(AF_UNIX, type, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
    return fd;
}

static void test_eve_streams(void **state)
{
    struct ent_diag d = {0};
    struct stat st;
    struct ent_sensor *s = sensor(&once), *other = sensor(&once);
    const char *path = path_of("eve.sock");
    (void)state;
    mode_t before = umask(0);
    assert_ok(ent_sensor_add_eve(s, &d, path, false));
    (void)umask(before);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_err(ent_sensor_add_eve(other, &d, path, false), ENT_E_EXISTS);
    assert_string_equal(d.text, "another program listens there");
    assert_idle(s);
    int a = connect_to(path, SOCK_STREAM), b = connect_to(path, SOCK_STREAM);
    assert_int_equal(write(a, "{\"a\":", 5), 5);
    assert_bytes(s, path, "{\"a\":");
    assert_int_equal(write(b, "{}\n", 3), 3);
    assert_bytes(s, path, "{}\n");
    (void)close(a);
    assert_kind(s, ENT_CHUNK_END);
    int c = connect_to(path, SOCK_STREAM); /* Suricata starts again */
    assert_int_equal(write(c, "1}\n", 3), 3);
    assert_bytes(s, path, "1}\n");
    (void)close(b), (void)close(c);
    ent_sensor_free(s);
    ent_sensor_free(other);
    assert_int_not_equal(stat(path, &st), 0); /* it is gone with its owner */
}

static void test_eve_datagrams(void **state)
{
    struct ent_diag d = {0};
    struct ent_sensor *s = sensor(&once);
    const char *path = path_of("dgram.sock");
    (void)state;
    assert_ok(ent_sensor_add_eve(s, &d, path, true));
    int fd = connect_to(path, SOCK_DGRAM);
    assert_int_equal(write(fd, "{}\n", 3), 3);
    assert_int_equal(write(fd, "{1}", 3), 3);
    assert_bytes(s, path, "{}\n");
    assert_bytes(s, path, "{1}\n"); /* a record is a line */
    (void)close(fd);
    assert_idle(s);
    ent_sensor_free(s);
}

static void test_where_a_socket_may_be(void **state)
{
    struct ent_diag d = {0};
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    struct ent_sensor *s = sensor(&once);
    char longer[200];
    (void)state;
    assert_err(ent_sensor_add_eve(s, &d, file("foreign", "precious"), false), ENT_E_EXISTS);
    assert_string_equal(d.text, "something else is there");
    assert_int_equal(symlink("foreign", path_of("link")), 0);
    assert_err(ent_sensor_add_eve(s, &d, path_of("link"), true), ENT_E_EXISTS);
    assert_err(ent_sensor_add_eve(s, &d, path_of("no/such/dir"), false), ENT_E_NOTFOUND);
    memset(longer, 'x', sizeof(longer));
    longer[sizeof(longer) - 1] = '\0';
    assert_err(ent_sensor_add_eve(s, &d, longer, false), ENT_E_LIMIT);
    /* what a crash left behind is replaced */
    (void)snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path_of("stale"));
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
    (void)close(fd);
    assert_ok(ent_sensor_add_eve(s, &d, path_of("stale"), false));
    fd = connect_to(path_of("stale"), SOCK_STREAM);
    assert_int_equal(write(fd, "here\n", 5), 5);
    (void)close(fd);
    assert_file(s, path_of("stale"), "here\n");
    ent_sensor_free(s);
}

/* --- the journal --------------------------------------------------------------------------------
 */

static void fake_journalctl(const char *script)
{
    assert_int_equal(mkdir(path_of("bin"), 0700) == 0 || access(path_of("bin"), F_OK) == 0, 1);
    assert_ok(ent_file_write(path_of("bin/journalctl"), ent_slice_str(script), 0700, NULL));
}

static void test_the_journal(void **state)
{
    struct ent_sensor_opts opts = once;
    struct ent_diag d = {0};
    char path[4096];
    const char *before = getenv("PATH");
    (void)state;
    assert_true((size_t)snprintf(path, sizeof(path), "%s:%s", path_of("bin"),
                                 before == NULL ? "/bin:/usr/bin" : before) < sizeof(path));
    assert_int_equal(setenv("PATH", path_of("empty-path"), 1), 0);
    struct ent_sensor *s = sensor(&once);
    assert_err(ent_sensor_add_journal(s, &d), ENT_E_NOTFOUND);
    assert_string_equal(d.text, "cannot run journalctl");
    ent_sensor_free(s);
    assert_int_equal(setenv("PATH", path, 1), 0);

    fake_journalctl("#!/bin/sh\necho \"$@\"\n");
    s = sensor(&once);
    assert_ok(ent_sensor_add_journal(s, &d));
    assert_file(s, "journal", "--quiet --output=export\n");
    assert_kind(s, ENT_CHUNK_DONE);
    ent_sensor_free(s);

    fake_journalctl("#!/bin/sh\necho before\nexit 3\n");
    s = sensor(&once);
    assert_ok(ent_sensor_add_journal(s, &d));
    assert_bytes(s, "journal", "before\n");
    assert_fail(s, ENT_E_IO, "journalctl failed");
    ent_sensor_free(s);

    fake_journalctl("#!/bin/sh\necho \"$@\"\nexec sleep 1000\n"); /* ended with the sensor */
    opts.follow = opts.only_new = true;
    s = sensor(&opts);
    assert_ok(ent_sensor_add_journal(s, &d));
    assert_bytes(s, "journal", "--quiet --output=export --follow --lines=0\n");
    assert_idle(s);
    ent_sensor_free(s);
}

/* --- captures ----------------------------------------------------------------------------------
 */

static const char *const captures[] = {
    "dns-caa.pcap",
    "dns-two-responses.pcap",
    "dns53.pcap",
    "empty.pcap",
    "ipv6-fragmented-dns.pcap",
    "mixed-vlan-mpls.pcap",
    "nflog-http.pcap",
    "pcapng-multi-interface.pcapng",
    "smtp-attachment-msg.pcap",
    "smtp.pcap",
    "tls-dhe.pcap",
    "web.pcap",
    "wikipedia.pcap",
    "workshop_2011_browse.pcap",
    "www-odd-url.pcap",
};

/* What the capture says, decoded here and now. */
static void decode(struct ent_buf *ret, const char *path)
{
    char why[PCAP_ERRBUF_SIZE];
    struct pcap_pkthdr *h;
    struct ent_decoder *dec;
    const u_char *p;
    pcap_t *pcap = pcap_open_offline(path, why);
    assert_non_null(pcap);
    assert_ok(ent_decoder_new(&dec, pcap_datalink(pcap)));
    while (pcap_next_ex(pcap, &h, &p) == 1)
        assert_ok(ent_decoder_packet(dec, ret, ent_slice(p, h->caplen)));
    ent_decoder_free(dec);
    pcap_close(pcap);
}

static struct ent_chunk collect(struct ent_buf *ret, struct ent_sensor *s)
{
    struct ent_chunk c;
    while ((c = next(s)).kind == ENT_CHUNK_BYTES)
        assert_ok(ent_buf_put_slice(ret, c.bytes));
    return c;
}

static void test_captures(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(captures) / sizeof(captures[0]); i++) {
        char path[256];
        struct ent_buf want, got;
        struct ent_sensor *s = sensor(&once);
        (void)snprintf(path, sizeof(path), "tests/data/pcap/%s", captures[i]);
        ent_buf_init(&want, 1u << 20), ent_buf_init(&got, 1u << 20);
        decode(&want, path);
        assert_ok(i % 2 == 0 ? ent_sensor_add(s, path) : ent_sensor_add_capture(s, path));
        struct ent_chunk c = collect(&got, s);
        if (want.n > 0)
            assert_int_equal(c.kind, ENT_CHUNK_END);
        assert_kind(s, ENT_CHUNK_DONE);
        assert_int_equal(got.n, want.n);
        assert_memory_equal(got.p == NULL ? want.p : got.p, want.p, want.n);
        assert_true(want.n > 0 || strcmp(captures[i], "empty.pcap") == 0);
        ent_sensor_free(s);
        ent_buf_release(&want), ent_buf_release(&got);
    }
}

static void test_captures_that_are_cut(void **state)
{
    struct ent_slice whole = ent_t_file("tests/data/pcap/wikipedia.pcap");
    (void)state;
    for (int i = 0; i < 60; i++) {
        size_t n = 25 + ent_t_below(whole.n - 25);
        struct ent_buf got;
        struct ent_sensor *s = sensor(&once);
        ent_buf_init(&got, 1u << 20);
        assert_ok(ent_file_write(path_of("cut.pcap"), ent_slice(whole.p, n), 0600, NULL));
        assert_ok(ent_sensor_add(s, path_of("cut.pcap")));
        struct ent_chunk c = collect(&got, s);
        uint64_t lines = 0;
        for (size_t k = 0; k < got.n; k++)
            lines += got.p[k] == '\n';
        if (c.kind == ENT_CHUNK_FAIL) { /* else it was cut between two packets */
            assert_err(c.err, ENT_E_FORMAT);
            assert_string_equal(c.diag.text, "damaged capture, or one that is cut");
            assert_int_equal(c.diag.line, lines + 1);
        }
        ent_sensor_free(s);
        ent_buf_release(&got);
    }
}

static void test_captures_that_are_none(void **state)
{
    static const uint8_t usb[] = "\xd4\xc3\xb2\xa1\2\0\4\0\0\0\0\0\0\0\0\0\0\0\4\0\xdc\0\0\0";
    static const uint8_t odd[] = "\x0a\x0d\x0d\x0a\1\0\0\0zzzzzzzz";
    struct ent_sensor *s = sensor(&once);
    (void)state;
    assert_ok(ent_sensor_add_capture(s, file("text", "no capture\n")));
    assert_ok(ent_file_write(path_of("usb"), ent_slice(usb, sizeof(usb) - 1), 0600, NULL));
    assert_ok(ent_file_write(path_of("odd"), ent_slice(odd, sizeof(odd) - 1), 0600, NULL));
    assert_ok(ent_sensor_add(s, path_of("usb")));
    assert_ok(ent_sensor_add(s, path_of("odd")));
    assert_ok(ent_sensor_add_capture(s, path_of("nowhere")));
    assert_fail(s, ENT_E_FORMAT, "not a capture that can be read (pcap, pcapng)");
    assert_fail(s, ENT_E_UNSUPPORTED, "packets of a link that is not understood");
    assert_fail(s, ENT_E_FORMAT, "not a capture that can be read (pcap, pcapng)");
    assert_fail(s, ENT_E_NOTFOUND, "cannot open");
    assert_kind(s, ENT_CHUNK_DONE);
    ent_sensor_free(s);
}

static void test_a_capture_that_goes_on(void **state)
{
    struct ent_slice whole = ent_t_file("tests/data/pcap/dns-caa.pcap");
    struct ent_sensor *s = sensor(&once);
    struct ent_buf want;
    (void)state;
    ent_buf_init(&want, 1u << 16);
    decode(&want, "tests/data/pcap/dns-caa.pcap");
    size_t first = 24 + 16 + 70,
           line = (size_t)((uint8_t *)memchr(want.p, '\n', want.n) - want.p) + 1;
    assert_ok(ent_buf_putc(&want, '\0'));
    assert_int_equal(mkfifo(path_of("live"), 0600), 0);
    assert_ok(ent_sensor_add(s, path_of("live")));
    int fd = open(path_of("live"), O_WRONLY);
    assert_int_equal(write(fd, whole.p, first), (ssize_t)first);
    char *text = (char *)want.p, end = text[line];
    text[line] = '\0';
    assert_bytes(s, path_of("live"), text); /* at once, not when its buffer is full */
    text[line] = end;
    assert_ok(ent_sensor_add(s, file("beside-it", "goes on\n")));
    assert_file(s, path_of("beside-it"), "goes on\n");
    assert_int_equal(write(fd, whole.p + first, whole.n - first), (ssize_t)(whole.n - first));
    (void)close(fd);
    assert_file(s, path_of("live"), text + line);
    assert_int_equal(mkfifo(path_of("stalls"), 0600), 0);
    assert_ok(ent_sensor_add(s, path_of("stalls"))); /* and one that is left in the middle */
    fd = open(path_of("stalls"), O_WRONLY);
    assert_int_equal(write(fd, whole.p, first), (ssize_t)first);
    assert_kind(s, ENT_CHUNK_BYTES);
    ent_sensor_free(s);
    (void)close(fd);
    ent_buf_release(&want);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files_in_order),
        cmocka_unit_test(test_a_directory),
        cmocka_unit_test(test_a_file_that_shrinks),
        cmocka_unit_test(test_a_sparse_file),
        cmocka_unit_test(test_large_files_as_a_whole),
        cmocka_unit_test(test_a_fifo_that_stalls),
        cmocka_unit_test(test_eve_streams),
        cmocka_unit_test(test_eve_datagrams),
        cmocka_unit_test(test_where_a_socket_may_be),
        cmocka_unit_test(test_the_journal),
        cmocka_unit_test(test_captures),
        cmocka_unit_test(test_captures_that_are_cut),
        cmocka_unit_test(test_captures_that_are_none),
        cmocka_unit_test(test_a_capture_that_goes_on),
    };
    return ent_t_run("sensor", tests);
}
