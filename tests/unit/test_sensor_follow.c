/*
 * test_sensor_follow.c: followed logs. A writer that appends, renames, truncates, and copies and
 * truncates at random takes turns with the sensor; every line must come once, whole.
 */
#include "tests/support/t.h"
#include "sensor/sensor.h"

#include <fcntl.h>
#include <sys/stat.h>

#define STEPS    1500
#define LOGS     3
#define MAX_LINE 400
#define STREAMS  1024

static const struct ent_sensor_opts following = {.follow = true, .max_ratio = 1000};

static const char *path_of(const char *dir, const char *name)
{
    static char path[4][512];
    static unsigned turn;
    char *p = path[turn++ % 4];
    assert_ok(ent_path_join(p, 512, dir, name));
    return p;
}

static const char *fresh_dir(void)
{
    static char path[512];
    static unsigned n;
    char name[32];
    (void)snprintf(name, sizeof(name), "d%u", n++);
    assert_ok(ent_path_join(path, sizeof(path), ent_t_tmpdir(), name));
    assert_int_equal(mkdir(path, 0700), 0);
    return path;
}

static void append(const char *path, const char *text)
{
    FILE *f = fopen(path, "a");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

/* --- what came ----------------------------------------------------------------------------------
 */

struct stream {
    bool open;
    uint64_t next; /* offset */
    size_t n;
    char part[MAX_LINE]; /* of a line */
};

struct got {
    struct stream stream[STREAMS];
    struct ent_buf text;  /* whole lines, in order */
    struct ent_buf marks; /* a letter for each chunk that is not bytes */
    unsigned char *seen;  /* by number of line, when they have one */
    size_t lines;
};

static void got_init(struct got *g)
{
    *g = (struct got){0};
    ent_buf_init(&g->text, 1u << 20);
    ent_buf_init(&g->marks, 1u << 20);
}

static void got_release(struct got *g)
{
    ent_buf_release(&g->text);
    ent_buf_release(&g->marks);
}

static void got_line(struct got *g, struct stream *st)
{
    assert_ok(ent_buf_put(&g->text, st->part, st->n));
    if (g->seen != NULL) {
        uint64_t number;
        struct ent_slice s = ent_slice(st->part, st->n);
        assert_true(s.n > 10 && memcmp(s.p, "line ", 5) == 0);
        const uint8_t *end = memchr(s.p + 5, ' ', s.n - 5);
        assert_non_null(end);
        assert_ok(ent_parse_u64(&number, ent_slice(s.p + 5, (size_t)(end - s.p) - 5), 1000000));
        assert_int_equal(g->seen[number], 0); /* twice */
        g->seen[number] = 1;
        assert_true(memcmp(s.p + s.n - 5, " end\n", 5) == 0);
        ent_buf_clear(&g->text);
    }
    g->lines++;
    st->n = 0;
}

static void take(struct got *g, const struct ent_chunk *c)
{
    assert_true(c->stream < STREAMS);
    struct stream *st = &g->stream[c->stream];
    if (c->kind != ENT_CHUNK_BYTES) {
        assert_ok(ent_buf_putc(&g->marks, c->kind == ENT_CHUNK_END ? 'E' : 'F'));
        if (g->seen == NULL && st->n > 0) /* the last line, without its newline */
            assert_ok(ent_buf_put(&g->text, st->part, st->n));
        else
            assert_int_equal(st->n, 0);
        *st = (struct stream){0};
        return;
    }
    if (!st->open)
        *st = (struct stream){.open = true, .next = c->offset};
    assert_int_equal(c->offset, st->next);
    st->next += c->bytes.n;
    for (size_t i = 0; i < c->bytes.n; i++) {
        assert_true(st->n < MAX_LINE);
        st->part[st->n++] = (char)c->bytes.p[i];
        if (c->bytes.p[i] == '\n')
            got_line(g, st);
    }
}

/* Everything that is there now. */
static void drain(struct got *g, struct ent_sensor *s)
{
    struct ent_chunk c;
    for (;;) {
        ent_sensor_next(s, &c, 0);
        assert_int_not_equal(c.kind, ENT_CHUNK_DONE);
        if (c.kind == ENT_CHUNK_IDLE)
            return;
        take(g, &c);
    }
}

static void assert_got(struct got *g, struct ent_sensor *s, const char *text, const char *marks)
{
    drain(g, s);
    assert_int_equal(g->text.n, strlen(text));
    assert_true(g->text.n == 0 || memcmp(g->text.p, text, g->text.n) == 0);
    assert_int_equal(g->marks.n, strlen(marks));
    assert_true(g->marks.n == 0 || memcmp(g->marks.p, marks, g->marks.n) == 0);
    ent_buf_clear(&g->text);
    ent_buf_clear(&g->marks);
}

static struct ent_sensor *sensor(const struct ent_sensor_opts *opts, const char *path)
{
    struct ent_sensor *s;
    assert_ok(ent_sensor_new(&s, opts));
    assert_ok(ent_sensor_add(s, path));
    return s;
}

/* --- a writer at random -------------------------------------------------------------------------
 */

struct writer {
    const char *dir;
    unsigned number;  /* of the next line */
    unsigned rotated; /* of the next name */
    FILE *f[LOGS];
    bool unseen[LOGS]; /* the file has not been looked at since it was made */
    bool unread[LOGS]; /* nor what was written last */
    bool in_line[LOGS];
};

static const char *log_path(const struct writer *w, unsigned i)
{
    char name[32];
    (void)snprintf(name, sizeof(name), "log%u", i);
    return path_of(w->dir, name);
}

static const char *rotated_path(struct writer *w, unsigned i)
{
    char name[32];
    (void)snprintf(name, sizeof(name), "log%u.%u", i, ++w->rotated);
    return path_of(w->dir, name);
}

static void open_log(struct writer *w, unsigned i)
{
    w->f[i] = fopen(log_path(w, i), "a");
    assert_non_null(w->f[i]);
    w->unseen[i] = true;
}

/* A line, at times in two halves. */
static void write_line(struct writer *w, unsigned i)
{
    if (!w->in_line[i]) {
        (void)fprintf(w->f[i], "line %u ", w->number++);
        for (uint64_t n = ent_t_below(300); n > 0; n--)
            (void)fputc('x', w->f[i]);
    }
    w->in_line[i] = !w->in_line[i] && ent_t_below(4) == 0;
    if (!w->in_line[i])
        (void)fputs(" end\n", w->f[i]);
    assert_int_equal(fflush(w->f[i]), 0);
    w->unread[i] = true;
}

static void end_line(struct writer *w, unsigned i)
{
    while (w->in_line[i])
        write_line(w, i);
}

static void rename_log(struct writer *w, unsigned i)
{
    assert_int_equal(rename(log_path(w, i), rotated_path(w, i)), 0);
    write_line(w, i); /* a writer that has not noticed yet */
    end_line(w, i);
    assert_int_equal(fclose(w->f[i]), 0);
    open_log(w, i);
}

static void copy_and_truncate(struct writer *w, unsigned i, bool copy)
{
    struct ent_buf b;
    ent_buf_init(&b, 16u << 20);
    assert_ok(ent_file_read(&b, NULL, log_path(w, i)));
    if (copy) {
        FILE *f = fopen(rotated_path(w, i), "w");
        assert_non_null(f);
        assert_true(b.n == 0 || fwrite(b.p, 1, b.n, f) == b.n);
        assert_int_equal(fclose(f), 0);
    }
    assert_int_equal(ftruncate(fileno(w->f[i]), 0), 0);
    for (uint64_t n = ent_t_below(20); n > 0; n--) /* at times more than there was before */
        write_line(w, i);
    end_line(w, i);
    ent_buf_release(&b);
}

static void look(struct writer *w, struct got *g, struct ent_sensor *s)
{
    drain(g, s);
    memset(w->unseen, 0, sizeof(w->unseen));
    memset(w->unread, 0, sizeof(w->unread));
}

/* What is lost by nature is not done: what was never there when somebody looked. */
static void step(struct writer *w, struct got *g, struct ent_sensor *s, bool by_name)
{
    unsigned i = (unsigned)ent_t_below(LOGS);
    switch (ent_t_below(12)) {
    case 0:
        if (by_name && w->unseen[i])
            look(w, g, s);
        rename_log(w, i);
        break;
    case 1:
    case 2:
        end_line(w, i);
        if (w->unread[i])
            look(w, g, s);
        copy_and_truncate(w, i, ent_t_below(2) == 0);
        break;
    case 3:
    case 4:
        look(w, g, s);
        break;
    default:
        write_line(w, i);
    }
}

static void property(bool by_name)
{
    struct writer w = {.dir = fresh_dir()};
    static struct got g;
    struct ent_sensor *s;
    got_init(&g);
    g.seen = calloc(1, 1000001);
    assert_ok(ent_sensor_new(&s, &following));
    for (unsigned i = 0; i < LOGS; i++)
        if (by_name)
            assert_ok(ent_sensor_add(s, log_path(&w, i))); /* not there yet */
    if (!by_name)
        assert_ok(ent_sensor_add(s, w.dir));
    for (unsigned i = 0; i < LOGS; i++)
        open_log(&w, i);
    for (unsigned n = 0; n < STEPS; n++)
        step(&w, &g, s, by_name);
    for (unsigned i = 0; i < LOGS; i++)
        end_line(&w, i);
    drain(&g, s);
    assert_int_equal(g.lines, w.number);
    for (unsigned n = 0; n < w.number; n++)
        assert_int_equal(g.seen[n], 1);
    for (unsigned i = 0; i < LOGS; i++)
        (void)fclose(w.f[i]);
    ent_sensor_free(s);
    free(g.seen);
    got_release(&g);
}

static void test_any_rotation_of_named_logs(void **state)
{
    (void)state;
    property(true);
}

static void test_any_rotation_in_a_directory(void **state)
{
    (void)state;
    property(false);
}

/* --- one thing at a time ------------------------------------------------------------------------
 */

static void test_a_log_that_comes_later(void **state)
{
    char path[512];
    static struct got g;
    (void)state;
    (void)snprintf(path, sizeof(path), "%s", path_of(fresh_dir(), "later"));
    struct ent_sensor *s = sensor(&following, path);
    got_init(&g);
    assert_got(&g, s, "", "");
    append(path, "one\ntw");
    assert_got(&g, s, "one\n", ""); /* half a line waits */
    append(path, "o\n");
    assert_got(&g, s, "two\n", "");
    assert_int_equal(truncate(path, 0), 0);
    append(path, "ten\nsix\n"); /* as long as before, and other bytes */
    assert_got(&g, s, "ten\nsix\n", "E");
    assert_int_equal(truncate(path, 4), 0); /* shorter, and the same bytes: all of it again */
    assert_got(&g, s, "ten\n", "E");
    assert_int_equal(unlink(path), 0);
    assert_got(&g, s, "", "");
    append(path, "new\n");
    assert_got(&g, s, "new\n", "");
    ent_sensor_free(s);
    got_release(&g);
}

static void test_only_what_is_new(void **state)
{
    struct ent_sensor_opts opts = following;
    char path[512];
    static struct got g;
    (void)state;
    opts.only_new = true;
    (void)snprintf(path, sizeof(path), "%s", path_of(fresh_dir(), "log"));
    append(path, "old\nhalf ");
    struct ent_sensor *s = sensor(&opts, path);
    got_init(&g);
    assert_got(&g, s, "", "");
    append(path, "a line\nnew\n");
    assert_got(&g, s, "half a line\nnew\n", "");
    assert_int_equal(rename(path, path_of(ent_t_tmpdir(), "moved")), 0);
    append(path, "other\n"); /* all of a file that came later */
    assert_got(&g, s, "other\n", "");
    ent_sensor_free(s);
    got_release(&g);
}

static void test_which_files_of_a_directory(void **state)
{
    const char *dir = fresh_dir();
    static struct got g;
    (void)state;
    append(path_of(dir, "app.log"), "app\n");
    append(path_of(dir, ".hidden"), "hidden\n");
    append(path_of(dir, "old.gz"), "packed, by its name\n");
    assert_ok(ent_file_write(path_of(dir, "wtmp"), ENT_SLICE_LIT("bin\0ary\n"), 0600, NULL));
    assert_int_equal(mkdir(path_of(dir, "sub"), 0700), 0);
    append(path_of(dir, "sub/x"), "below\n");
    append(path_of(dir, "app.log.7"), "app\n"); /* begins alike, as headers do */
    struct ent_sensor *s = sensor(&following, dir);
    got_init(&g);
    assert_got(&g, s, "app\napp\n", "");
    append(path_of(dir, "b.log"), "b\n");
    assert_got(&g, s, "b\n", "");
    append(path_of(dir, "b.log.1"), "b"); /* the beginning of a copy, perhaps */
    assert_got(&g, s, "", "");
    append(path_of(dir, "b.log.1"), "ad\n"); /* it is none */
    assert_got(&g, s, "bad\n", "");
    append(path_of(dir, "app.log-20260101"), "app\nand more\n"); /* it is one */
    append(path_of(dir, "app.log.extra"), "app\n");              /* a name of its own */
    assert_got(&g, s, "app\n", "");
    ent_sensor_free(s);
    got_release(&g);
}

static void test_what_cannot_be_followed(void **state)
{
    const char *dir = fresh_dir();
    static struct got g;
    (void)state;
    assert_int_equal(symlink("/dev/null", path_of(dir, "null")), 0);
    assert_int_equal(symlink("loop", path_of(dir, "loop")), 0);
    struct ent_sensor *s = sensor(&following, path_of(dir, "loop"));
    got_init(&g);
    assert_got(&g, s, "", "F"); /* told once */
    assert_got(&g, s, "", "");
    assert_int_equal(unlink(path_of(dir, "loop")), 0);
    append(path_of(dir, "loop"), "well\n");
    assert_got(&g, s, "well\n", "");
    ent_sensor_free(s);
    got_release(&g);
}

static void test_packed_files_are_read_once(void **state)
{
    static const uint8_t gz[] = "\x1f\x8b\x08\0\0\0\0\0\0\3K\xad(H\xcc\xcbN\x4d\xe1\2\0";
    char path[512];
    static struct got g;
    (void)state;
    (void)snprintf(path, sizeof(path), "%s", path_of(fresh_dir(), "x.gz"));
    assert_ok(ent_file_write(path, ent_slice(gz, sizeof(gz) - 1), 0600, NULL)); /* cut */
    struct ent_sensor *s = sensor(&following, path);
    got_init(&g);
    drain(&g, s);
    assert_int_equal(g.marks.n, 1);
    assert_int_equal(g.marks.p[0], 'F');
    drain(&g, s);
    assert_int_equal(g.marks.n, 1);
    ent_sensor_free(s);
    got_release(&g);
}

static void test_a_fifo_outlives_its_writers(void **state)
{
    char path[512];
    static struct got g;
    (void)state;
    (void)snprintf(path, sizeof(path), "%s", path_of(fresh_dir(), "fifo"));
    assert_int_equal(mkfifo(path, 0600), 0);
    struct ent_sensor *s = sensor(&following, path);
    got_init(&g);
    append(path, "one\n");
    assert_got(&g, s, "one\n", "");
    append(path, "two\n");
    assert_got(&g, s, "two\n", "");
    ent_sensor_free(s);
    got_release(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_rotation_of_named_logs),
        cmocka_unit_test(test_any_rotation_in_a_directory),
        cmocka_unit_test(test_a_log_that_comes_later),
        cmocka_unit_test(test_only_what_is_new),
        cmocka_unit_test(test_which_files_of_a_directory),
        cmocka_unit_test(test_what_cannot_be_followed),
        cmocka_unit_test(test_packed_files_are_read_once),
        cmocka_unit_test(test_a_fifo_outlives_its_writers),
    };
    return ent_t_run("sensor_follow", tests);
}
