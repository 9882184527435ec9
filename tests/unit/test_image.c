/*
 * test_image.c: the image: the same answers from a file as from memory; every damaged, foreign or
 * hostile file refused with its reason; what is wrong behind the authentication is a miss; sets
 * that were chosen to collide.
 */
#include "tests/support/naive_watch.h"
#include "tests/support/t.h"

#include "watch/watch.h"
#include "watch/set.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct ent_seed32 key = {"the key of this home's images.."};
static const struct ent_seed32 other_key = {"the key of another home's images"};

/* Hits of every kind in one text. */
static const char text[] =
    "1.2.3.4:443 1.2.3.9 1.2.3.200 1.2.9.9 9.9.9.9 10.0.0.1 11.0.0.1 [2001:db8::1]:443 "
    "2001:db8::7 2001:db8:0:1::5\n"
    "EVIL.com a.b.evil.com notevil.com http://evil.com/a,b http://evil.com/none bob@evil.com\n"
    "d41d8cd98f00b204e9800998ecf8427e da39a3ee5e6b4b0d3255bfef95601890afd80709 c2.lan\n";

static const char *at(const char *name)
{
    static char path[4][256];
    static size_t used;
    char *p = path[used++ % 4];
    (void)snprintf(p, sizeof(path[0]), "%s/%s", ent_t_tmpdir(), name);
    return p;
}

static struct ent_watch *known_set(void)
{
    static struct ent_observable ind[NAIVE_KNOWN];
    naive_parse_known(ind);
    struct ent_watch *w = naive_set(ind, NAIVE_KNOWN);
    assert_non_null(w);
    return w;
}

static void save(const struct ent_watch *w, const char *path)
{
    const struct ent_image_facts facts = {.built = 1534723200, .mark = "0123456789abcde"};
    struct ent_diag d = {0};
    assert_ok(ent_image_write(w, &d, path, &key, &facts));
}

static struct ent_watch *open_image(const char *path)
{
    struct ent_watch *w = NULL;
    struct ent_diag d = {0};
    if (ent_image_open(&w, &d, path, &key) != ENT_OK)
        fail_msg("%s", d.text);
    return w;
}

static void same_hits(const struct ent_watch *a, const struct ent_watch *b, struct ent_slice log)
{
    struct naive_report x = {0}, y = {0};
    assert_ok(naive_engine(&x, a, log, NULL, NULL, true));
    assert_ok(naive_engine(&y, b, log, NULL, NULL, true));
    assert_null(naive_diff(&x.hits, &y.hits));
    assert_null(naive_diff(&x.seen, &y.seen));
    assert_true(x.hits.n > 0);
    naive_release(&x);
    naive_release(&y);
}

static uint8_t *aligned(size_t *ret_n, const char *path)
{
    struct ent_slice s = ent_t_file(path);
    uint8_t *p = aligned_alloc(64, (s.n + 63) / 64 * 64);
    assert_non_null(p);
    memcpy(p, s.p, s.n);
    *ret_n = s.n;
    return p;
}

/* --- the same answers --------------------------------------------------------------------------
 */

static void test_same_as_in_memory(void **state)
{
    struct ent_watch *w = known_set(), *image;
    struct ent_diag d = {0};
    struct stat st;
    (void)state;
    save(w, at("image"));
    assert_int_equal(stat(at("image"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    image = open_image(at("image"));
    assert_int_equal(ent_watch_count(image), NAIVE_KNOWN);
    same_hits(w, image, ent_slice(text, sizeof(text) - 1));
    same_hits(w, image, ent_t_file("tests/data/web-logs/apache_logs"));
    assert_ok(ent_image_check(image, &d));
    assert_null(ent_image_facts_of(w));
    const struct ent_image_facts *f = ent_image_facts_of(image);
    assert_int_equal(f->built, 1534723200);
    assert_int_equal(f->bytes, st.st_size);
    assert_memory_equal(f->mark, "0123456789abcde", 16);
    for (size_t i = 0; i < NAIVE_KNOWN; i++) {
        struct ent_observable o;
        assert_ok(ent_observable_parse(&o, NULL, ent_slice_str(naive_known[i])));
        assert_true(ent_image_holds(image, &o, i));
        assert_false(ent_image_holds(image, &o, i + 1));
    }
    /* One that was opened is not written again, and stays open when its file is replaced. */
    assert_err(ent_image_write(image, &d, at("again"), &key, f), ENT_E_STATE);
    assert_err(ent_image_check(w, &d), ENT_E_STATE);
    assert_true(access(at("again"), F_OK) != 0);
    save(w, at("image"));
    same_hits(w, image, ent_slice(text, sizeof(text) - 1));
    assert_int_equal(unlink(at("image")), 0);
    same_hits(w, image, ent_slice(text, sizeof(text) - 1));
    ent_watch_free(image);
    ent_watch_free(w);
}

static void test_nothing_and_much(void **state)
{
    struct ent_watch *w = NULL, *image;
    struct ent_observable o;
    struct ent_buf log;
    struct ent_diag d = {0};
    (void)state;
    assert_ok(ent_watch_new(&w, 0));
    assert_err(ent_image_write(w, &d, at("none"), &key, &(struct ent_image_facts){0}), ENT_E_STATE);
    assert_ok(ent_watch_seal(w));
    save(w, at("none"));
    image = open_image(at("none"));
    assert_int_equal(ent_watch_count(image), 0);
    assert_ok(ent_image_check(image, &d));
    ent_watch_free(image);
    ent_watch_free(w);

    /* Records of several blocks, of which the longest do not fit behind one another. */
    ent_buf_init(&log, 16u << 20);
    assert_ok(ent_watch_new(&w, 0));
    for (unsigned i = 0; i < 3000; i++) {
        size_t from = log.n;
        assert_ok(ent_buf_printf(&log, "http://evil.com/%0*u", 1 + (int)ent_t_below(2000), i));
        assert_ok(ent_observable_parse(&o, NULL, ent_slice(log.p + from, log.n - from)));
        assert_ok(ent_watch_add(w, &o, i));
        assert_ok(ent_buf_putc(&log, '\n'));
    }
    assert_ok(ent_watch_seal(w));
    assert_true(w->blocks > 5);
    save(w, at("much"));
    image = open_image(at("much"));
    assert_ok(ent_image_check(image, &d));
    same_hits(w, image, ent_buf_slice(&log));
    ent_buf_release(&log);
    ent_watch_free(image);
    ent_watch_free(w);
}

static void test_select(void **state)
{
    struct ent_watch *w = known_set(), *only = NULL, *image;
    struct ent_observable ind[NAIVE_KNOWN];
    const uint32_t types = ENT_OBS_BIT(ENT_OBS_NET4) | ENT_OBS_BIT(ENT_OBS_URL);
    size_t n = 0;
    (void)state;
    naive_parse_known(ind);
    assert_ok(ent_watch_new(&only, 0));
    for (size_t i = 0; i < NAIVE_KNOWN; i++)
        if ((types & ENT_OBS_BIT(ind[i].type)) != 0) {
            assert_ok(ent_watch_add(only, &ind[i], i));
            n++;
        }
    assert_ok(ent_watch_seal(only));
    save(w, at("image"));
    image = open_image(at("image"));
    ent_watch_select(image, types);
    assert_int_equal(ent_watch_count(image), n);
    /* As if the others had never been there: the network is found behind the address. */
    same_hits(only, image, ent_slice(text, sizeof(text) - 1));
    for (size_t i = 0; i < NAIVE_KNOWN; i++)
        assert_int_equal(ent_image_holds(image, &ind[i], i), ent_image_holds(only, &ind[i], i));
    ent_watch_select(image, 0);
    assert_int_equal(ent_watch_count(image), 0);
    ent_watch_free(image);
    ent_watch_free(only);
    ent_watch_free(w);
}

/* --- files that are refused --------------------------------------------------------------------
 */

static void refused(const char *path, const struct ent_seed32 *with, enum ent_err want,
                    const char *why)
{
    struct ent_watch *w = NULL;
    struct ent_diag d = {0};
    assert_err(ent_image_open(&w, &d, path, with), want);
    assert_null(w);
    assert_string_equal(d.text, why);
}

static void write_file(const char *path, struct ent_slice bytes)
{
    assert_ok(ent_file_write(path, bytes, 0600, NULL));
}

static void test_foreign_files(void **state)
{
    struct ent_watch *w = known_set();
    uint32_t swapped = 0x04030201;
    size_t n;
    (void)state;
    save(w, at("good"));
    ent_watch_free(w);
    refused(at("absent"), &key, ENT_E_NOTFOUND, "cannot open");
    refused(ent_t_tmpdir(), &key, ENT_E_FORMAT, "not a file");
    assert_int_equal(mkfifo(at("fifo"), 0600), 0);
    refused(at("fifo"), &key, ENT_E_FORMAT, "not a file");
    refused(at("good"), &other_key, ENT_E_AUTH, "damaged, or not made with this key");
    assert_int_equal(chmod(at("good"), 0620), 0);
    refused(at("good"), &key, ENT_E_AUTH,
            "others may write to it: its mode must be 0600, its owner you");
    write_file(at("bad"), ent_slice("", 0));
    refused(at("bad"), &key, ENT_E_FORMAT, "empty");
    if (truncate(at("bad"), ((off_t)1 << 33) + 1) == 0) /* a hole, where the disk can have one */
        refused(at("bad"), &key, ENT_E_LIMIT, "larger than an image can be");
    write_file(at("bad"), ent_slice(text, sizeof(text)));
    refused(at("bad"), &key, ENT_E_FORMAT, "not an image of indicators");

    uint8_t *p = aligned(&n, at("good"));
    write_file(at("bad"), ent_slice(p, 100));
    refused(at("bad"), &key, ENT_E_FORMAT, "cut off");
    write_file(at("bad"), ent_slice(p, n - 1));
    refused(at("bad"), &key, ENT_E_FORMAT, "not as long as it says: cut off?");
    memcpy(p + 16, &swapped, 4);
    write_file(at("bad"), ent_slice(p, n));
    refused(at("bad"), &key, ENT_E_UNSUPPORTED, "made on a machine with another order of bytes");
    free(p);
}

/* Each byte matters, wherever it stands; and no file may be longer or shorter than it says. */
static void test_damage(void **state)
{
    struct ent_watch *w = known_set();
    struct ent_diag d;
    size_t n;
    (void)state;
    save(w, at("good"));
    ent_watch_free(w);
    uint8_t *p = aligned(&n, at("good"));
    int fd = open(at("bad"), O_RDWR | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0 && write(fd, p, n) == (ssize_t)n);
    for (size_t i = 0; i < n; i++) {
        uint8_t c = (uint8_t)(p[i] ^ 1u << ent_t_below(8));
        assert_int_equal(pwrite(fd, &c, 1, (off_t)i), 1);
        enum ent_err r = ent_image_open(&w, &d, at("bad"), &key);
        assert_err(r, i < 16              ? ENT_E_FORMAT
                      : i < 20            ? ENT_E_UNSUPPORTED
                      : i >= 24 && i < 32 ? ENT_E_FORMAT
                                          : ENT_E_AUTH);
        assert_int_equal(pwrite(fd, p + i, 1, (off_t)i), 1);
    }
    for (size_t i = n; i-- > 0; i -= i < 7 ? i : ent_t_below(7)) {
        assert_int_equal(ftruncate(fd, (off_t)i), 0);
        assert_err(ent_image_open(&w, &d, at("bad"), &key), ENT_E_FORMAT);
    }
    (void)close(fd);
    free(p);
}

/* --- hostile behind the authentication ---------------------------------------------------------
 */

static uint64_t number_at(const uint8_t *p)
{
    struct ent_cur c = ent_cur(ent_slice(p, 8));
    uint64_t v = 0;
    assert_ok(ent_cur_u64le(&c, &v));
    return v;
}

/* Ask it for everything; whatever it says, no byte outside it is read, and it ends. */
static void use(const struct ent_watch *w)
{
    struct naive_report got = {0};
    struct ent_diag d;
    assert_ok(naive_engine(&got, w, ent_slice(text, sizeof(text) - 1), NULL, NULL, true));
    (void)!ent_image_check(w, &d);
    naive_release(&got);
}

static void test_hostile_contents(void **state)
{
    struct ent_watch *w = known_set(), *image = NULL;
    struct ent_diag d;
    size_t n, taken = 0;
    (void)state;
    save(w, at("good"));
    ent_watch_free(w);
    uint8_t *good = aligned(&n, at("good")), *bad = aligned(&n, at("good"));
    for (int round = 0; round < 3000; round++) {
        memcpy(bad, good, n);
        for (uint64_t k = ent_t_below(20); k-- > 0;)
            bad[ent_t_below(round % 2 == 0 ? 512 : n)] = (uint8_t)ent_t_rand();
        if (round % 16 < 4) /* a table that is full, or full of one place */
            for (uint64_t i = 0; i < number_at(good + 136) / 8; i++)
                ent_put_u32le(bad + number_at(good + 128) + 8 * i + 4,
                              round % 2 == 0 ? (uint32_t)ent_t_rand() : 1);
        if (ent_image_parse(&image, &d, ent_slice(bad, n)) != ENT_OK)
            continue;
        taken++;
        use(image);
        ent_watch_free(image);
    }
    assert_true(taken > 300); /* not everything was refused at once */

    /* Each record as long as one can be: the last ones reach beyond the file. */
    size_t end = number_at(good + 112) + number_at(good + 120), records = 0;
    for (size_t at = number_at(good + 112), next; at < end; at = next, records++) {
        next = at + 11 + good[at + 9] + 256u * good[at + 10];
        memcpy(bad, good, n);
        bad[at + 8] = ENT_OBS_DOMAIN;
        bad[at + 9] = ENT_OBS_MAX & 255;
        bad[at + 10] = ENT_OBS_MAX >> 8;
        assert_ok(ent_image_parse(&image, &d, ent_slice(bad, n)));
        assert_err(ent_image_check(image, &d), ENT_E_FORMAT);
        use(image);
        ent_watch_free(image);
    }
    assert_int_equal(records, NAIVE_KNOWN);
    free(good);
    free(bad);
}

/* A header that says something else than the file: refused, and by which reason. */
static void test_hostile_header(void **state)
{
    static const struct {
        size_t at;
        uint64_t add; /* to the eight bytes there */
        enum ent_err want;
    } table[] = {
        {88, 1, ENT_E_UNSUPPORTED},               /* another program's hashes */
        {112, -(uint64_t)64, ENT_E_UNSUPPORTED},  /* records inside the header */
        {112, 64, ENT_E_UNSUPPORTED},             /* a gap */
        {120, UINT64_MAX / 2, ENT_E_UNSUPPORTED}, /* longer than the file */
        {120, 64, ENT_E_UNSUPPORTED},             /* then the table does not follow */
        {128, -(uint64_t)64, ENT_E_UNSUPPORTED},
        {136, UINT64_MAX / 2, ENT_E_UNSUPPORTED},
        {136, -(uint64_t)8, ENT_E_FORMAT}, /* 63 slots */
        {152, -(uint64_t)4, ENT_E_FORMAT}, /* half a word of the filter */
        {152, -(uint64_t)8, ENT_E_FORMAT}, /* not a power of two */
        {184, -(uint64_t)8, ENT_E_FORMAT}, /* a map of no whole number of bits */
        {224, 1, ENT_E_UNSUPPORTED},       /* one part more */
        {240, 1, ENT_E_FORMAT},            /* more than there are of each type */
        {240, UINT64_MAX / 2, ENT_E_FORMAT},
        {256, UINT64_MAX / 2, ENT_E_FORMAT}, /* one type has more than there are */
        {352, 1u << 31, ENT_E_FORMAT},       /* a type that does not exist */
        {352, -(uint64_t)2, ENT_E_FORMAT},   /* one that does, but not that it occurs */
    };
    struct ent_watch *w = known_set(), *image = NULL;
    struct ent_diag d;
    size_t n;
    (void)state;
    save(w, at("good"));
    ent_watch_free(w);
    uint8_t *good = aligned(&n, at("good")), *bad = aligned(&n, at("good"));
    assert_ok(ent_image_parse(&image, &d, ent_slice(good, n)));
    ent_watch_free(image);
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        memcpy(bad, good, n);
        ent_put_u64le(bad + table[i].at, number_at(bad + table[i].at) + table[i].add);
        enum ent_err r = ent_image_parse(&image, &d, ent_slice(bad, n));
        if (r != table[i].want)
            fail_msg("row %zu: %s", i, ent_err_str(r));
    }
    free(good);
    free(bad);
}

/* What cannot be an indicator does not get in: the prefix length is a place in net4 and net6. */
static void test_hostile_indicators(void **state)
{
    static const struct {
        enum ent_obs_type type;
        const char *text;
    } table[] = {
        {ENT_OBS_NET4, "1.2.3.0/33"},  {ENT_OBS_NET4, "1.2.3.0/200"}, {ENT_OBS_NET6, "1::/129"},
        {ENT_OBS_NET6, "1::/65535"},   {ENT_OBS_NET4, "1.2.3.0"},     {ENT_OBS_IPV4, "1.2.3"},
        {ENT_OBS_ENDPOINT, "1.2.3.4"}, {ENT_OBS_MD5, "d41d8cd9"},
    };
    struct ent_watch *w = NULL;
    (void)state;
    assert_ok(ent_watch_new(&w, 0));
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct ent_observable o = {.type = table[i].type, .n = (uint16_t)strlen(table[i].text)};
        (void)snprintf(o.text, sizeof(o.text), "%s", table[i].text);
        assert_err(ent_watch_add(w, &o, i), ENT_E_FORMAT);
    }
    assert_int_equal(ent_watch_count(w), 0);
    ent_watch_free(w);
}

/* --- chosen to collide -------------------------------------------------------------------------
 */

struct probes {
    double mean; /* slots looked at for each indicator beside its own */
    size_t worst;
};

static struct probes count_probes(const struct ent_watch *w)
{
    struct probes p = {0};
    size_t sum = 0, n = 0;
    for (size_t i = 0; i <= w->mask; i++) {
        if (w->slot[i].at == 0)
            continue;
        size_t far = (i - w->slot[i].tag) & w->mask;
        p.worst = far > p.worst ? far : p.worst;
        sum += far;
        n++;
    }
    p.mean = (double)sum / (double)n;
    return p;
}

static void add_name(struct ent_watch *w, const char *name, uint64_t id)
{
    struct ent_observable o = {.type = ENT_OBS_DOMAIN, .n = (uint16_t)strlen(name)};
    (void)snprintf(o.text, sizeof(o.text), "%s", name);
    assert_ok(ent_watch_add(w, &o, id));
}

/* Who knows the key of one image (it is in the file) finds names that all want the same eight slots
 * of it. In the next image they are like any others. */
static void test_collisions_of_one_image(void **state)
{
    enum { WANT = 1500, SLOTS = 2048 };
    struct ent_watch *a = NULL, *b = NULL;
    (void)state;
    assert_ok(ent_watch_new(&a, 0));
    assert_ok(ent_watch_new(&b, 0));
    for (uint64_t i = 0, found = 0; found < WANT; i++) {
        uint8_t in[64] = {ENT_OBS_DOMAIN}, hash[crypto_shorthash_BYTES];
        int n = snprintf((char *)in + 1, sizeof(in) - 1, "x%llu.example", (unsigned long long)i);
        (void)crypto_shorthash(hash, in, (size_t)n + 1, a->key);
        if (((hash[0] | (unsigned)hash[1] << 8) & (SLOTS - 1)) >= 8)
            continue;
        found++;
        add_name(a, (const char *)in + 1, i);
        add_name(b, (const char *)in + 1, i);
    }
    assert_int_equal(a->mask, SLOTS - 1);
    struct probes pa = count_probes(a), pb = count_probes(b);
    assert_true(pa.mean > 500);
    assert_true(pb.mean < 3 && pb.worst < 500);
    /* Two images of the same indicators have different keys. */
    assert_memory_not_equal(a->key, b->key, sizeof(a->key));
    assert_memory_not_equal(a->fkey, b->fkey, sizeof(a->fkey));
    ent_watch_free(a);
    ent_watch_free(b);
}

/* The i-th of 2^17 names with one djb2 hash (h * 33 + c): "ar" and "c0" add the same to it. */
static void colliding_name(char ret[static 64], unsigned i)
{
    uint32_t h = 5381;
    for (unsigned k = 0; k < 17; k++)
        memcpy(ret + 2 * k, (i >> k & 1) != 0 ? "ar" : "c0", 2);
    (void)snprintf(ret + 34, 64 - 34, ".example");
    for (const char *p = ret; *p != '\0'; p++)
        h = h * 33 + (uint8_t)*p;
    assert_int_equal(h, 0x3F7E6562);
}

/* A log full of such names costs no more looks than any other, whether they are known or not. */
static void test_collisions_of_a_known_hash(void **state)
{
    struct ent_watch *w = NULL;
    char name[64];
    unsigned maybe = 0;
    (void)state;
    assert_ok(ent_watch_new(&w, 0));
    for (unsigned i = 0; i < 100000; i++) {
        colliding_name(name, i);
        add_name(w, name, i);
    }
    assert_ok(ent_watch_seal(w));
    struct probes p = count_probes(w);
    assert_true(p.mean < 3 && p.worst < 1000);
    for (unsigned i = 100000; i < 1u << 17; i++) {
        colliding_name(name, i);
        maybe += ent_watch_maybe(w, ENT_OBS_DOMAIN, ent_filter_name(w->fkey, ent_slice_str(name)));
    }
    assert_true(maybe < ((1u << 17) - 100000) / 20);
    ent_watch_free(w);
}

/* --- for other programs ------------------------------------------------------------------------
 */

static void test_public_interface(void **state)
{
    struct ent_watch *w = known_set(), *image = NULL;
    struct ent_buf b;
    uint8_t read[32];
    const char *why = NULL;
    (void)state;
    ent_buf_init(&b, 1024);
    assert_ok(ent_image_key_encode(&b, &key));
    write_file(at("key"), ent_buf_slice(&b));
    assert_ok(ent_watch_read_key(read, &why, at("key")));
    assert_memory_equal(read, key.b, 32);
    assert_ok(ent_watch_save(w, &why, at("saved"), read));
    assert_ok(ent_watch_open(&image, &why, at("saved"), read));
    assert_null(why);
    same_hits(w, image, ent_slice(text, sizeof(text) - 1));
    assert_err(ent_watch_save(image, &why, at("saved"), read), ENT_E_STATE);
    assert_string_equal(why, "not a set that was sealed here");
    ent_watch_free(image);
    image = NULL;
    assert_err(ent_watch_open(&image, &why, at("saved"), other_key.b), ENT_E_AUTH);
    assert_string_equal(why, "damaged, or not made with this key");
    assert_err(ent_watch_open(&image, NULL, at("saved"), other_key.b), ENT_E_AUTH);
    assert_null(image);
    assert_err(ent_watch_read_key(read, &why, at("saved")), ENT_E_LIMIT);
    assert_ok(ent_buf_putc(&b, '\n'));
    write_file(at("key"), ent_buf_slice(&b));
    assert_err(ent_watch_read_key(read, &why, at("key")), ENT_E_FORMAT);
    assert_string_equal(why, "not the key of an image");
    assert_err(ent_watch_read_key(read, &why, at("absent")), ENT_E_NOTFOUND);
    ent_buf_release(&b);
    ent_watch_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_as_in_memory),
        cmocka_unit_test(test_nothing_and_much),
        cmocka_unit_test(test_select),
        cmocka_unit_test(test_foreign_files),
        cmocka_unit_test(test_damage),
        cmocka_unit_test(test_hostile_contents),
        cmocka_unit_test(test_hostile_header),
        cmocka_unit_test(test_hostile_indicators),
        cmocka_unit_test(test_collisions_of_one_image),
        cmocka_unit_test(test_collisions_of_a_known_hash),
        cmocka_unit_test(test_public_interface),
    };
    return ent_t_run("image", tests);
}
