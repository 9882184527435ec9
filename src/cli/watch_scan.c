/*
 * watch_scan.c: how `entente watch` scans: a scan for each stream, and the pieces of large files on
 * several cores. Hits come out in the order of the log, from one thread.
 */
#include "cli/watch.h"

#include <errno.h>
#include <pthread.h>

#define PIECE       (256u << 10) /* of a file; lines belong to the piece they begin in */
#define PIECES_EACH 8u           /* for a thread, before the hits are told */
#define READ_SIZE   (PIECE + LINE_REST)
#define LINE_REST   4096u /* first guess of how far a line goes on behind its piece */
#define HEAD        4096u
#define ALIKE_MAX   (256u << 20) /* more than a batch of pieces can hold */
#define HITS_MAX    (4u << 20)   /* bytes kept for a piece; with more it is scanned again */

struct watch_stream {
    struct watch_scan *ws;
    struct ent_scan *scan;
    const struct ent_watch *set; /* which scan uses */
    char *path;
    uint64_t line, offset; /* of the log, where scan began */
    uint64_t at;           /* of the next byte in the log */
    uint64_t last_line;    /* with a hit */
    bool in_line;          /* the last byte was no newline */
    bool idle;
};

/* --- hits --------------------------------------------------------------------------------------
 */

/* The next bytes and hits are those of this stream. */
static void tell_of(const struct watch_stream *st)
{
    struct watch_scan *ws = st->ws;
    if (ws->told == st)
        return;
    watch_out_log(ws->out, st->path);
    ws->out->last_line = st->last_line;
    ws->told = st;
}

/* ctx: struct watch_stream */
static enum ent_err on_hit(void *ctx, const struct ent_hit *h)
{
    struct watch_stream *st = ctx;
    struct watch_scan *ws = st->ws;
    struct ent_hit at = *h;
    at.line += st->line;
    at.offset += st->offset;
    tell_of(st);
    ent_progress_hide(&ws->progress);
    enum ent_err r = watch_out_hit(ws->out, &at);
    st->last_line = ws->out->last_line;
    return r;
}

/* The stream and its path will be gone. */
static void forget(struct watch_scan *ws, const struct watch_stream *st)
{
    if (ws->told != st)
        return;
    ws->told = NULL;
    watch_out_log(ws->out, "-");
}

/* Only few names look like protected ones: they wait for the thread that tells. */
static enum ent_err compare(struct watch_scan *ws, const struct ent_observable *o)
{
    struct ent_guard_finding f;
    struct ent_slice name = {(const uint8_t *)o->text, o->n};
    if (o->type != ENT_OBS_DOMAIN || !ent_guard_check(ws->guard->guard, &f, name))
        return ENT_OK;
    if (ws->alike.max == 0)
        ent_buf_init(&ws->alike, ALIKE_MAX);
    return ent_buf_put(&ws->alike, o->text, (size_t)o->n + 1);
}

/* From several threads. */
static enum ent_err see(struct watch_scan *ws, const struct ent_observable *o)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    bool public = ws->observed != NULL && ent_observable_is_public(o);
    bool kept = ws->observe != NULL && ent_observe_wants(ws->observe, o);
    (void)pthread_mutex_lock(&lock);
    enum ent_err r = public ? ent_observed_add(ws->observed, o) : ENT_OK;
    if (r == ENT_OK && kept)
        r = ent_observe_add(ws->observe, o);
    if (r == ENT_OK && ws->guard != NULL)
        r = compare(ws, o);
    (void)pthread_mutex_unlock(&lock);
    return r;
}

static bool wants_seen(const struct watch_scan *ws)
{
    return ws->observed != NULL || ws->observe != NULL || ws->guard != NULL;
}

/* Windows say how often something was seen. */
static void count_if_wanted(const struct watch_scan *ws, struct ent_scan *scan)
{
    if (ws->observe != NULL)
        ent_scan_every(scan);
}

/* Windows end by the clock, whatever the logs do. */
static void tick(struct watch_scan *ws)
{
    if (ws->observe != NULL)
        ent_observe_tick(ws->observe, ent_clock_now());
}

/* Tell the names that look like protected ones. */
static enum ent_err tell_alike(struct watch_scan *ws)
{
    enum ent_err r = ENT_OK;
    for (size_t at = 0, n; at < ws->alike.n && r == ENT_OK; at += n + 1) {
        struct ent_observable o = {.type = ENT_OBS_DOMAIN};
        n = strlen((const char *)ws->alike.p + at);
        memcpy(o.text, ws->alike.p + at, n + 1);
        o.n = (uint16_t)n;
        ent_progress_hide(&ws->progress);
        ws->guard->path = ws->out->path;
        r = guard_out_seen(ws->guard, &o);
    }
    ent_buf_clear(&ws->alike);
    return r;
}

static enum ent_err on_seen(void *ctx, const struct ent_observable *o)
{
    return see(((struct watch_stream *)ctx)->ws, o);
}

/* --- streams -----------------------------------------------------------------------------------
 */

static void end_scan(struct watch_stream *st)
{
    ent_scan_free(st->scan);
    st->scan = NULL;
    if (st->set != NULL)
        watch_set_give(st->ws->set, st->set);
    st->set = NULL;
}

static enum ent_err start_scan(struct watch_stream *st)
{
    const struct ent_scan_events events = {
        .ctx = st, .hit = on_hit, .seen = wants_seen(st->ws) ? on_seen : NULL};
    st->set = watch_set_take(st->ws->set);
    enum ent_err r = ent_scan_new(&st->scan, st->set, &events);
    if (r != ENT_OK)
        end_scan(st);
    else
        count_if_wanted(st->ws, st->scan);
    return r;
}

static enum ent_err stream_of(struct watch_scan *ws, struct watch_stream **ret,
                              const struct ent_chunk *c)
{
    if (c->stream >= ws->n) {
        size_t n = 2 * (size_t)c->stream + 8;
        struct watch_stream **grown = realloc(ws->stream, n * sizeof(struct watch_stream *));
        if (grown == NULL)
            return ENT_E_NOMEM;
        memset(grown + ws->n, 0, (n - ws->n) * sizeof(struct watch_stream *));
        ws->stream = grown;
        ws->n = n;
    }
    struct watch_stream *st = ws->stream[c->stream];
    if (st == NULL) {
        if ((st = calloc(1, sizeof(*st))) == NULL)
            return ENT_E_NOMEM;
        ws->stream[c->stream] = st;
        st->ws = ws;
        st->offset = st->at = c->offset;
        if ((st->path = strdup(c->path)) == NULL)
            return ENT_E_NOMEM;
    }
    *ret = st;
    return st->scan == NULL ? start_scan(st) : ENT_OK;
}

static enum ent_err feed(struct watch_stream *st, struct ent_slice s)
{
    if (s.n == 0)
        return ENT_OK;
    st->in_line = s.p[s.n - 1] != '\n';
    st->at += s.n;
    return ent_scan_feed(st->scan, s.p, s.n);
}

/* Between two lines: go on with the set there is now. */
static enum ent_err renew(struct watch_stream *st)
{
    uint64_t lines = ent_scan_lines(st->scan);
    enum ent_err r = ent_scan_end(st->scan);
    end_scan(st);
    st->line += lines;
    st->offset = st->at;
    st->ws->out->lines += lines;
    return r == ENT_OK ? start_scan(st) : r;
}

enum ent_err watch_scan_renew(struct watch_scan *ws)
{
    enum ent_err r = ENT_OK;
    for (size_t i = 0; i < ws->n && r == ENT_OK; i++) {
        struct watch_stream *st = ws->stream[i];
        if (st != NULL && st->scan != NULL && st->set != ws->set->set && !st->in_line)
            r = renew(st);
    }
    return r;
}

enum ent_err watch_scan_bytes(struct watch_scan *ws, const struct ent_chunk *c)
{
    struct watch_stream *st;
    struct ent_slice s = c->bytes;
    enum ent_err r = stream_of(ws, &st, c);
    if (r != ENT_OK)
        return r;
    ws->out->bytes += s.n;
    st->idle = false;
    tick(ws);
    tell_of(st);
    if ((r = watch_out_bytes(ws->out, st->at, s)) != ENT_OK)
        return r;
    if (st->set != ws->set->set) { /* it was replaced meanwhile: up to the end of this line only */
        const uint8_t *newline = memchr(s.p, '\n', s.n);
        size_t n = !st->in_line ? 0 : newline == NULL ? s.n : (size_t)(newline + 1 - s.p);
        if ((r = feed(st, ent_slice(s.p, n))) == ENT_OK && !st->in_line)
            r = renew(st);
        s = ent_slice(s.p + n, s.n - n);
    }
    if (r == ENT_OK)
        r = feed(st, s);
    return r == ENT_OK ? tell_alike(ws) : r;
}

enum ent_err watch_scan_end(struct watch_scan *ws, unsigned stream, bool whole)
{
    struct watch_stream *st = stream < ws->n ? ws->stream[stream] : NULL;
    enum ent_err r = ENT_OK;
    if (st == NULL)
        return ENT_OK;
    if (whole && st->scan != NULL)
        r = ent_scan_end(st->scan);
    if (r == ENT_OK)
        r = tell_alike(ws);
    if (st->scan != NULL)
        ws->out->lines += ent_scan_lines(st->scan);
    forget(ws, st);
    end_scan(st);
    free(st->path);
    free(st);
    ws->stream[stream] = NULL;
    return r;
}

void watch_scan_idle(struct watch_scan *ws)
{
    tick(ws);
    for (size_t i = 0; i < ws->n; i++)
        if (ws->stream[i] != NULL)
            ws->stream[i]->idle = true;
}

enum ent_err watch_scan_finish(struct watch_scan *ws)
{
    enum ent_err r = ENT_OK, one;
    for (unsigned i = 0; i < ws->n; i++) {
        bool idle = ws->stream[i] != NULL && ws->stream[i]->idle;
        one = watch_scan_end(ws, i, idle); /* a token that is half read is none */
        r = r == ENT_OK ? one : r;
    }
    free(ws->stream);
    ws->stream = NULL;
    ws->n = 0;
    ent_buf_release(&ws->alike);
    return r;
}

/* --- pieces ------------------------------------------------------------------------------------
 */

/* A hit as it is kept until its piece is told; seen, indicator and what is around it follow. */
struct kept {
    struct ent_hit hit;
};

struct piece {
    struct watch_scan *ws;
    const struct ent_watch *set;
    int fd;
    uint64_t from, to;
    uint64_t start, lines, bytes;
    bool done, full, eof;
    struct ent_buf hits;
    struct ent_diag d;
    uint8_t *buf;
};

static enum ent_err keep_hit(void *ctx, const struct ent_hit *h)
{
    struct piece *p = ctx;
    struct kept k = {.hit = *h};
    enum ent_err r;
    if ((r = ent_buf_put(&p->hits, &k, sizeof(k))) == ENT_OK &&
        (r = ent_buf_put_slice(&p->hits, h->seen)) == ENT_OK &&
        (r = ent_buf_put_slice(&p->hits, h->indicator)) == ENT_OK)
        r = ent_buf_put_slice(&p->hits, h->around);
    p->full = r == ENT_E_LIMIT;
    return r;
}

static enum ent_err seen_in_piece(void *ctx, const struct ent_observable *o)
{
    return see(((struct piece *)ctx)->ws, o);
}

/* Bytes of the file at this place; none at its end. */
static enum ent_err read_piece(struct piece *p, struct ent_slice *ret, uint64_t at)
{
    uint64_t want = at >= p->to + LINE_REST ? READ_SIZE : p->to + LINE_REST - at;
    if (atomic_load(&cli_stop))
        return ENT_E_INTERRUPTED;
    ssize_t got;
    do
        got = pread(p->fd, p->buf, want < READ_SIZE ? (size_t)want : READ_SIZE, (off_t)at);
    while (got < 0 && errno == EINTR && !atomic_load(&cli_stop));
    if (got < 0)
        return ent_fail_sys(&p->d, "cannot read");
    *ret = ent_slice(p->buf, (size_t)got);
    p->eof = got == 0;
    return ENT_OK;
}

/* How much of s, which lies at this place, stands before the first line that begins at or behind
 * to; *ret_found: such a line, or the end of the one before, is in it. */
static size_t before_line(struct ent_slice s, uint64_t at, uint64_t to, bool *ret_found)
{
    uint64_t first = to - 1 > at ? to - 1 - at : 0; /* a newline here or behind */
    const uint8_t *newline = first >= s.n ? NULL : memchr(s.p + first, '\n', s.n - (size_t)first);
    *ret_found = newline != NULL;
    return newline == NULL ? s.n : (size_t)(newline + 1 - s.p);
}

/* All lines that begin in the piece. */
static enum ent_err scan_lines(struct piece *p, struct ent_scan *scan)
{
    uint64_t at = p->from == 0 ? 0 : p->from - 1;
    bool begun = p->from == 0, ended = false;
    struct ent_slice s;
    enum ent_err r;
    p->start = 0;
    while (!ended) {
        if ((r = read_piece(p, &s, at)) != ENT_OK)
            return r;
        if (s.n == 0)
            break;
        size_t skip = 0, n = before_line(s, at, p->to, &ended);
        if (!begun) {
            skip = before_line(s, at, p->from, &begun);
            p->start = at + skip;
        }
        if (begun && n > skip) {
            if ((r = ent_scan_feed(scan, s.p + skip, n - skip)) != ENT_OK)
                return r;
            p->bytes += n - skip;
        }
        at += s.n;
        if (!begun && at >= p->to) /* a line that fills the piece belongs to another */
            break;
    }
    r = ent_scan_end(scan);
    p->lines = ent_scan_lines(scan);
    return r;
}

static enum ent_err scan_piece(struct piece *p, const struct ent_scan_events *events)
{
    struct ent_scan *scan;
    enum ent_err r = ent_scan_new(&scan, p->set, events);
    p->bytes = p->lines = 0;
    if (r != ENT_OK)
        return r;
    count_if_wanted(p->ws, scan);
    r = scan_lines(p, scan);
    ent_scan_free(scan);
    p->done = r == ENT_OK;
    return r;
}

static enum ent_err job(void *ctx, size_t i)
{
    struct piece *p = (struct piece *)ctx + i;
    const struct ent_scan_events events = {
        .ctx = p, .hit = keep_hit, .seen = wants_seen(p->ws) ? seen_in_piece : NULL};
    p->done = p->full = p->eof = false;
    ent_buf_clear(&p->hits);
    enum ent_err r = scan_piece(p, &events);
    return p->full ? ENT_OK : r; /* others may go on */
}

/* Tell the hits of a piece. */
static enum ent_err tell(struct piece *p, struct watch_stream *st)
{
    const struct ent_scan_events events = {
        .ctx = st, .hit = on_hit, .seen = wants_seen(st->ws) ? on_seen : NULL};
    struct ent_cur c = ent_cur(ent_buf_slice(&p->hits));
    enum ent_err r = ENT_OK;
    struct kept k;
    st->offset = p->start;
    if (p->full) /* more than could be kept: once more, telling them as they come */
        r = scan_piece(p, &events);
    while (!p->full && r == ENT_OK && ent_cur_copy(&c, &k, sizeof(k)) == ENT_OK &&
           ent_cur_take(&c, &k.hit.seen, k.hit.seen.n) == ENT_OK &&
           ent_cur_take(&c, &k.hit.indicator, k.hit.indicator.n) == ENT_OK &&
           ent_cur_take(&c, &k.hit.around, k.hit.around.n) == ENT_OK)
        r = on_hit(st, &k.hit);
    st->line += p->lines;
    st->ws->out->lines += p->lines;
    st->ws->out->bytes += p->bytes;
    return r;
}

/* As many pieces as keep all threads busy, from *at on. */
static enum ent_err scan_batch(struct piece *p, size_t n, struct watch_stream *st, uint64_t *at,
                               bool *ret_eof)
{
    struct watch_scan *ws = st->ws;
    tick(ws);
    (void)watch_set_refresh(ws->set);
    const struct ent_watch *set = watch_set_take(ws->set);
    for (size_t i = 0; i < n; i++, *at += PIECE) {
        p[i].set = set;
        p[i].from = *at;
        p[i].to = *at + PIECE;
        p[i].done = p[i].full = false;
    }
    enum ent_err r = ent_pool_run(ws->pool, job, p, n), one = ENT_OK;
    for (size_t i = 0; i < n && one == ENT_OK && (p[i].done || p[i].full); i++) {
        one = tell(&p[i], st);
        *ret_eof = *ret_eof || p[i].eof;
    }
    watch_set_give(ws->set, set);
    one = one == ENT_OK ? tell_alike(ws) : one;
    return r == ENT_OK ? one : r;
}

/* By how it begins, a log is known again when it is scanned again. */
static enum ent_err tell_head(const struct watch_stream *st, int fd)
{
    uint8_t head[HEAD];
    ssize_t n = pread(fd, head, sizeof(head), 0);
    tell_of(st);
    return n <= 0 ? ENT_OK : watch_out_bytes(st->ws->out, 0, ent_slice(head, (size_t)n));
}

static void free_pieces(struct piece *p, size_t n)
{
    for (size_t i = 0; p != NULL && i < n; i++) {
        ent_buf_release(&p[i].hits);
        free(p[i].buf);
    }
    free(p);
}

enum ent_err watch_scan_file(struct watch_scan *ws, const struct ent_chunk *c, struct ent_diag *d)
{
    size_t n = (size_t)PIECES_EACH * ent_pool_threads(ws->pool);
    struct piece *p = calloc(n, sizeof(*p));
    struct watch_stream st = {.ws = ws, .path = strdup(c->path)};
    enum ent_err r = p == NULL || st.path == NULL ? ENT_E_NOMEM : ENT_OK;
    uint64_t at = 0;
    bool eof = false;
    for (size_t i = 0; r == ENT_OK && i < n; i++) {
        p[i] = (struct piece){.ws = ws, .fd = c->fd, .buf = malloc(READ_SIZE)};
        ent_buf_init(&p[i].hits, HITS_MAX);
        r = p[i].buf == NULL ? ENT_E_NOMEM : ENT_OK;
    }
    if (r == ENT_OK)
        r = tell_head(&st, c->fd);
    while (r == ENT_OK && !eof) {
        r = scan_batch(p, n, &st, &at, &eof);
        ent_progress_at(&ws->progress, at < c->size ? at : c->size);
    }
    for (size_t i = 0; p != NULL && r != ENT_OK && i < n; i++)
        *d = p[i].d.text != NULL ? p[i].d : *d;
    free_pieces(p, n);
    forget(ws, &st);
    free(st.path);
    return r;
}
