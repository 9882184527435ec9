/*
 * watch_out.c: what `entente watch` tells: each hit, or how many of each indicator, and the totals;
 * and what it keeps: sightings.
 */
#include "cli/watch.h"

#include <errno.h>
#include <sys/ioctl.h>

#define KEEP_EVERY_NS 3000000000u /* sightings go to the store as often as this */
#define TRIES         30          /* of ten seconds each, while another process is writing */
#define WIDTH         132u        /* where no terminal says */

/* table */
static const char *const format_names[] = {
    [WATCH_TABLE] = "table", [WATCH_JSON] = "json", [WATCH_ECS] = "ecs", [WATCH_EVE] = "eve"};

static int parse_format(struct watch_out *w, const struct args *a)
{
    unsigned f = 0;
    if (a->json + a->table + (a->format != NULL) > 1)
        return cli_usage(&cmd_watch, "one of --json, --table and --format", NULL);
    w->format = a->json                      ? WATCH_JSON
                : a->table                   ? WATCH_TABLE
                : isatty(STDOUT_FILENO) == 1 ? WATCH_TABLE
                                             : WATCH_JSON;
    if (a->format != NULL) {
        while (f <= WATCH_EVE && strcmp(a->format, format_names[f]) != 0)
            f++;
        if (f > WATCH_EVE)
            return cli_usage(&cmd_watch, "no such format (table, json, ecs, eve)", a->format);
        w->format = (enum watch_format)f;
    }
    if (a->count && w->format > WATCH_JSON)
        return cli_usage(&cmd_watch, "--count is a table or JSON", a->format);
    return EXIT_DONE;
}

int watch_out_open(struct watch_out *ret, struct session *s, const struct args *a)
{
    struct winsize size;
    *ret = (struct watch_out){.s = s, .a = a, .width = WIDTH, .path = ""};
    int code = parse_format(ret, a);
    if (code != EXIT_DONE)
        return code;
    ret->colour = isatty(STDOUT_FILENO) == 1 && getenv("NO_COLOR") == NULL;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        ret->width = size.ws_col;
    ent_buf_init(&ret->line, 1u << 20);
    return EXIT_DONE;
}

void watch_out_close(struct watch_out *w)
{
    ent_sightings_free(w->sightings);
    watch_count_free(w->count);
    watch_known_free(w->known);
    ent_buf_release(&w->line);
    w->sightings = NULL;
    w->count = NULL;
    w->known = NULL;
}

/* With the first hit: the warning lists are not loaded for logs that have none. */
static enum ent_err get_ready(struct watch_out *w)
{
    enum ent_err r = ENT_OK;
    if (w->known == NULL)
        r = watch_known_new(&w->known, w->s->store, w->set, w->format == WATCH_ECS);
    if (r == ENT_OK && w->a->count && w->count == NULL)
        r = watch_count_new(&w->count);
    return r;
}

void watch_out_log(struct watch_out *w, const char *path)
{
    bool same = strcmp(w->path, path) == 0;
    w->path = path;
    w->last_line = 0;
    /* What is no file (a pipe, standard input) keeps the name it has. */
    if (!same && (strcmp(path, "-") == 0 || realpath(path, w->full) == NULL))
        (void)snprintf(w->full, sizeof(w->full), "%s", path);
}

/* --- sightings ----------------------------------------------------------------------------------
 */

/* Whether to try again while another process holds the store. Nothing that was seen may be lost for
 * that, but Ctrl-C ends the waiting. */
static bool be_patient(unsigned *tries)
{
    if (atomic_load(&cli_stop) || *tries == TRIES)
        return false;
    if (++*tries == 1)
        (void)fputs("entente: another process is writing to the store; waiting for it\n", stderr);
    return true;
}

/* A full disk does not end a watch: what was seen waits in memory until it fits, there is no room
 * for more, or the watch ends. */
static void complain(struct watch_out *w, enum ent_err e)
{
    if (!w->complained)
        (void)cli_fail(e, NULL, "sightings cannot be kept now");
    w->complained = true;
}

static enum ent_err sight(struct watch_out *w, const struct watch_hit *x)
{
    const struct ent_sight s = {
        .id = x->who->known.id, .line = x->h->line, .offset = x->h->offset, .now = x->now.tv_sec};
    unsigned tries = 0;
    enum ent_err r;
    do
        r = ent_sightings_add(w->sightings, w->full, &s);
    while (r == ENT_E_TIMEOUT && be_patient(&tries));
    if (r != ENT_OK)
        complain(w, r);
    return r;
}

enum ent_err watch_out_bytes(struct watch_out *w, uint64_t offset, struct ent_slice bytes)
{
    unsigned tries = 0;
    enum ent_err r = ENT_OK;
    if (w->a->no_sightings)
        return ENT_OK;
    if (w->sightings == NULL)
        r = ent_sightings_new(&w->sightings, w->s->store, 0);
    if (r != ENT_OK)
        return r;
    do
        r = ent_sightings_bytes(w->sightings, w->full, offset, bytes);
    while (r == ENT_E_TIMEOUT && be_patient(&tries));
    if (r != ENT_OK)
        complain(w, r);
    watch_out_idle(w);
    return r;
}

void watch_out_idle(struct watch_out *w)
{
    uint64_t now = ent_clock_steady_ns();
    ent_store_rest(w->s->store);
    if (w->sightings == NULL || now - w->kept_ns < KEEP_EVERY_NS)
        return;
    w->kept_ns = now;
    enum ent_err r = ent_sightings_flush(w->sightings, false);
    if (r != ENT_OK && r != ENT_E_TIMEOUT)
        complain(w, r);
}

static int keep_rest(struct watch_out *w)
{
    unsigned tries = 0;
    enum ent_err r;
    if (w->sightings == NULL)
        return EXIT_DONE;
    do
        r = ent_sightings_flush(w->sightings, true);
    while (r == ENT_E_TIMEOUT && be_patient(&tries));
    return r == ENT_OK ? EXIT_DONE : cli_fail(r, NULL, "the last sightings are not kept");
}

/* --- hits ---------------------------------------------------------------------------------------
 */

static enum ent_err tell(struct watch_out *w, const struct watch_hit *x)
{
    enum ent_err r;
    ent_buf_clear(&w->line);
    if (w->count != NULL)
        return watch_count_add(w->count, x);
    if (w->format != WATCH_TABLE) {
        r = watch_form(&w->line, w->format, x);
        return r == ENT_OK ? cli_put_line(&w->line) : r;
    }
    r = w->hits == 1 ? watch_table_head(&w->line) : ENT_OK;
    if (r == ENT_OK)
        r = watch_table(&w->line, x, w->width, w->colour);
    return r == ENT_OK ? cli_put_part(&w->line) : r;
}

enum ent_err watch_out_hit(void *ctx, const struct ent_hit *h)
{
    struct watch_out *w = ctx;
    struct watch_hit x = {.h = h, .path = w->path, .full = w->full};
    enum ent_err r = get_ready(w);
    if (r != ENT_OK)
        return r;
    if (clock_gettime(CLOCK_REALTIME, &x.now) != 0)
        ENT_BUG("clock_gettime");
    if ((r = watch_known_ask(w->known, &x.who, h, x.now.tv_sec)) != ENT_OK)
        return r;
    if (x.who->known.id == 0) {
        w->stale++;
        return ENT_OK;
    }
    w->hits++;
    w->with_hits += h->line != w->last_line;
    w->last_line = h->line;
    w->warned += x.who->warnings > 0;
    if (w->sightings != NULL && (r = sight(w, &x)) != ENT_OK)
        return r;
    return tell(w, &x);
}

/* --- totals ------------------------------------------------------------------------------------
 */

static void put_totals(const struct watch_out *w, size_t indicators, uint64_t took_ns)
{
    char n[6][ENT_NUM_TEXT];
    (void)fprintf(stderr, "%s hit%s on %s of %s lines (%s in %s), looking for %s indicators\n",
                  ent_show_count(n[0], w->hits), w->hits == 1 ? "" : "s",
                  ent_show_count(n[1], w->with_hits), ent_show_count(n[2], w->lines),
                  ent_show_bytes(n[3], w->bytes), ent_show_ns(n[4], took_ns),
                  ent_show_count(n[5], indicators));
    if (w->warned > 0)
        (void)fprintf(stderr, "%s of them on what warning lists know to be harmless or noisy\n",
                      ent_show_count(n[0], w->warned));
    if (w->stale > 0)
        (void)fprintf(stderr, "%s more of indicators that have expired or were taken back\n",
                      ent_show_count(n[0], w->stale));
}

int watch_out_end(struct watch_out *w, size_t indicators, uint64_t took_ns)
{
    enum ent_err r = ENT_OK;
    ent_buf_clear(&w->line);
    if (w->count != NULL)
        r = watch_count_print(w->count, &w->line, w->s->store, w->format == WATCH_JSON);
    int code = r == ENT_OK ? EXIT_DONE : cli_fail(r, NULL, "counting");
    ent_store_rest(w->s->store);
    if (fflush(stdout) != 0)
        code = cli_fail(ent_err_from_errno(errno), NULL, "writing");
    int kept = keep_rest(w);
    if (code == EXIT_DONE && (w->format == WATCH_TABLE || isatty(STDERR_FILENO) == 1))
        put_totals(w, indicators, took_ns);
    return code == EXIT_DONE ? kept : code;
}
