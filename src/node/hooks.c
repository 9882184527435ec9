/* hooks.c: the keeper's side of the webhook: events become bodies in the queue, and are signed when
 * they are asked for. */
#include "node/hooks.h"

#include <sodium.h>

#define DAY        86400
#define WAIT_FIRST 5     /* seconds until the second try of one event */
#define WAIT_MOST  3600  /* ENT_Q_OUTBOX_NEXT counts on it */
#define REST_MOST  60    /* after failures, whichever event it was */
#define AT_ONCE    256u  /* sightings in one transaction */
#define TEXT_MOST  1024u /* bytes of a path or a source */

static const char *const words[ENT_HOOK_EVENTS] = {"sighting", "exposed", "suspected",
                                                   "match",    "pact",    "release-waiting"};

struct ent_hooks {
    struct ent_hooks_opts opts;
    uint8_t secret[ENT_HOOK_SECRET_MAX];
    unsigned failures; /* in a row */
    int64_t rest_until;
    struct minute {
        int64_t minute;
        unsigned n;
    } said[ENT_HOOK_EVENTS];
};

/* Facts of the store: the version of the pact that was told last; the node's name, where a release
 * that waits is told, or nothing. */
#define PACT_TOLD    "outbox/pact"
#define RELEASE_NODE "outbox/release"

const char *ent_hook_event_word(enum ent_hook_event e)
{
    return words[e];
}

enum ent_err ent_hook_secret_read(struct ent_buf *ret, struct ent_diag *d, const char *path)
{
    ent_buf_init(ret, 4096);
    enum ent_err r = ent_file_read(ret, d, path);
    if (r != ENT_OK)
        return r;
    size_t n = 0;
    while (n < ret->n && ret->p[n] > ' ' && ret->p[n] < 0x7f)
        n++;
    const bool ends = n == ret->n || ret->p[n] == '\n' || ret->p[n] == '\r';
    if (!ends || n < ENT_HOOK_SECRET_MIN || n > ENT_HOOK_SECRET_MAX) {
        ent_buf_wipe(ret);
        return ent_fail(d, ENT_E_FORMAT,
                        "its first line is no secret: 16 to 512 visible characters of ASCII", 1, 0);
    }
    ret->n = n;
    return ENT_OK;
}

/* name "": nobody wants to know. Nothing is written, which would wait for who writes, when it is so
 * already. */
static enum ent_err note_releases(struct ent_store *s, const char *name)
{
    struct ent_buf b;
    ent_buf_init(&b, ENT_NAME_MAX);
    enum ent_err r = ent_store_fact(s, &b, RELEASE_NODE);
    const bool same = (r == ENT_OK && ent_slice_eq(ent_buf_slice(&b), ent_slice_str(name))) ||
                      (r == ENT_E_NOTFOUND && name[0] == '\0');
    ent_buf_release(&b);
    return same ? ENT_OK : ent_store_set_fact(s, RELEASE_NODE, ent_slice_str(name));
}

enum ent_err ent_hooks_none(struct ent_store *s)
{
    enum ent_err r = ent_store_note_sighted(s, false);
    return r == ENT_OK ? note_releases(s, "") : r;
}

enum ent_err ent_hooks_new(struct ent_hooks **ret, const struct ent_hooks_opts *opts)
{
    if (opts->secret.n < ENT_HOOK_SECRET_MIN || opts->secret.n > ENT_HOOK_SECRET_MAX)
        return ENT_E_FORMAT;
    enum ent_err r =
        ent_store_note_sighted(opts->store, (opts->events & ENT_MSG_BIT(ENT_HOOK_SIGHTING)) != 0);
    const bool releases = (opts->events & ENT_MSG_BIT(ENT_HOOK_RELEASE_WAITING)) != 0;
    if (r == ENT_OK)
        r = note_releases(opts->store, releases ? opts->node : "");
    if (r != ENT_OK)
        return r;
    struct ent_hooks *h = ent_secret_alloc(sizeof(*h));
    if (h == NULL)
        return ENT_E_NOMEM;
    memset(h, 0, sizeof(*h));
    h->opts = *opts;
    memcpy(h->secret, opts->secret.p, opts->secret.n);
    h->opts.secret.p = h->secret;
    if (h->opts.now == NULL)
        h->opts.now = ent_clock_now;
    *ret = h;
    return ENT_OK;
}

void ent_hooks_free(struct ent_hooks *h)
{
    ent_secret_free(h);
}

static enum ent_err count_waiting(struct ent_hooks *h)
{
    uint64_t n = 0;
    enum ent_err r = ent_outbox_count(h->opts.store, &n);
    if (r == ENT_OK)
        ent_count_set(h->opts.counts, ENT_COUNT_HOOKS_WAITING, 0, n);
    return r;
}

/* --- events ------------------------------------------------------------------------------------
 */

static void start_event(struct ent_json *j, struct ent_buf *b, struct ent_slice node,
                        const char *id, enum ent_hook_event e, int64_t time)
{
    ent_buf_init(b, ENT_OUTBOX_BODY);
    ent_json_start(j, b);
    ent_json_obj(j, NULL);
    ent_json_cstr(j, "id", id);
    ent_json_time(j, "time", time);
    ent_json_str(j, "node", node);
    ent_json_cstr(j, "event", words[e]);
    ent_json_obj(j, "about");
}

static enum ent_err put_event(struct ent_json *j, struct ent_buf *b, struct ent_store *s,
                              struct ent_counts *counts, const char *id, int64_t now)
{
    uint64_t dropped = 0;
    ent_json_obj_end(j);
    ent_json_obj_end(j);
    enum ent_err r = ent_json_end(j);
    if (r == ENT_OK)
        r = ent_outbox_put(s, &dropped, id, ent_buf_slice(b), now);
    ent_count_add(counts, ENT_COUNT_HOOKS, ENT_HOOK_DROPPED, dropped);
    ent_buf_release(b);
    return r;
}

/* Paths and values may be what a log's author chose, so none may make an event that does not fit.
 */
static enum ent_err one_sighted(void *ctx, const struct ent_sighted *g)
{
    struct ent_hooks *h = ctx;
    struct ent_json j;
    struct ent_buf b;
    char id[ENT_OUTBOX_ID];
    ent_outbox_id(id);
    start_event(&j, &b, ent_slice_str(h->opts.node), id, ENT_HOOK_SIGHTING, g->last);
    ent_json_cstr(&j, "tlp", ent_tlp_name(g->tlp));
    if (g->tlp > h->opts.max_tlp) {
        ent_json_bool(&j, "withheld", true);
    } else {
        ent_json_cstr(&j, "type", ent_obs_type_name(g->type));
        ent_json_str(&j, "value", g->value);
        ent_json_str(&j, "log",
                     ent_slice(g->path.p, g->path.n < TEXT_MOST ? g->path.n : TEXT_MOST));
        ent_json_time(&j, "first", g->first);
        ent_json_time(&j, "last", g->last);
        ent_json_u64(&j, "count", g->count);
    }
    return put_event(&j, &b, h->opts.store, h->opts.counts, id, h->opts.now());
}

/* What was queued, to be deleted after the walk: not under it. */
struct told {
    struct ent_hooks *hooks;
    uint64_t id[AT_ONCE], log[AT_ONCE];
    size_t n;
};

static enum ent_err take_sighted(void *ctx, const struct ent_sighted *g)
{
    struct told *t = ctx;
    enum ent_err r = one_sighted(t->hooks, g);
    t->id[t->n] = g->id;
    t->log[t->n++] = g->log;
    return r;
}

static enum ent_err is_any(void *ctx, const struct ent_sighted *g)
{
    bool *any = ctx;
    (void)g;
    *any = true;
    return ENT_OK;
}

enum ent_err ent_hooks_tick(struct ent_hooks *h)
{
    struct told t = {.hooks = h};
    bool any = false;
    enum ent_err r = ENT_OK;
    /* A look first, which waits for nobody: whoever writes may take long. */
    if ((h->opts.events & ENT_MSG_BIT(ENT_HOOK_SIGHTING)) != 0)
        r = ent_store_each_sighted(h->opts.store, 1, is_any, &any);
    if (r != ENT_OK || !any)
        return r == ENT_OK ? count_waiting(h) : r;
    do {
        t.n = 0;
        if ((r = ent_store_begin(h->opts.store)) != ENT_OK)
            return r;
        r = ent_store_each_sighted(h->opts.store, AT_ONCE, take_sighted, &t);
        for (size_t i = 0; i < t.n && r == ENT_OK; i++)
            r = ent_store_sighted_told(h->opts.store, t.id[i], t.log[i]);
        if (r == ENT_OK && t.n > 0)
            r = ent_store_commit(h->opts.store);
        ent_store_rollback(h->opts.store);
    } while (r == ENT_OK && t.n == AT_ONCE);
    return r == ENT_OK ? count_waiting(h) : r;
}

bool ent_hook_event_of(enum ent_hook_event *ret, struct ent_slice word)
{
    static const struct {
        const char *word;
        enum ent_hook_event event;
    } map[] = {
        {"member-exposed", ENT_HOOK_EXPOSED},
        {"member-suspected", ENT_HOOK_SUSPECTED},
        {"member-not-suspected", ENT_HOOK_SUSPECTED},
        {"match-accepted", ENT_HOOK_MATCH},
        {"match-refused", ENT_HOOK_MATCH},
        {"match-finished", ENT_HOOK_MATCH},
        {"match-aborted", ENT_HOOK_MATCH},
        {"match-expired", ENT_HOOK_MATCH},
        {"pact", ENT_HOOK_PACT},
        {"release-waiting", ENT_HOOK_RELEASE_WAITING},
    };
    for (size_t i = 0; i < sizeof(map) / sizeof(map[0]); i++)
        if (ent_slice_eq(word, ent_slice_str(map[i].word))) {
            *ret = map[i].event;
            return true;
        }
    return false;
}

static enum ent_err put_record(struct ent_hooks *h, enum ent_hook_event e,
                               const struct ent_report *r)
{
    struct ent_json j;
    struct ent_buf b;
    char id[ENT_OUTBOX_ID];
    ent_outbox_id(id);
    start_event(&j, &b, ent_slice_str(h->opts.node), id, e, r->time);
    ent_json_str(&j, "event", r->event); /* no field is called so */
    ent_json_cstr(&j, "level", ent_level_word(r->level));
    for (size_t i = 0; i < r->n; i++) {
        const struct ent_report_field *f = &r->field[i];
        char key[ENT_REPORT_WORD + 1] = "";
        memcpy(key, f->key.p, f->key.n); /* a word */
        if (f->is_number)
            ent_json_u64(&j, key, f->number);
        else
            ent_json_str(&j, key, f->text);
    }
    return put_event(&j, &b, h->opts.store, h->opts.counts, id, h->opts.now());
}

/* A node says its version whenever it looks at the pact for the first time. */
static enum ent_err put_pact(struct ent_hooks *h, const struct ent_report *r, uint64_t version)
{
    char text[24];
    struct ent_buf told;
    const int n = snprintf(text, sizeof(text), "%llu", (unsigned long long)version);
    ent_buf_init(&told, sizeof(text));
    enum ent_err e = ent_store_fact(h->opts.store, &told, PACT_TOLD);
    const bool same = e == ENT_OK && ent_slice_eq(ent_buf_slice(&told), ent_slice_str(text));
    ent_buf_release(&told);
    if (same || (e != ENT_OK && e != ENT_E_NOTFOUND))
        return e;
    if ((e = ent_store_begin(h->opts.store)) == ENT_OK &&
        (e = put_record(h, ENT_HOOK_PACT, r)) == ENT_OK &&
        (e = ent_store_set_fact(h->opts.store, PACT_TOLD, ent_slice(text, (size_t)n))) == ENT_OK)
        e = ent_store_commit(h->opts.store);
    ent_store_rollback(h->opts.store);
    return e;
}

static bool is_too_much(struct ent_hooks *h, enum ent_hook_event e)
{
    const int64_t minute = h->opts.now() / 60;
    struct minute *m = &h->said[e];
    if (m->minute != minute)
        *m = (struct minute){minute, 0};
    return m->n++ >= ENT_HOOK_A_MINUTE;
}

enum ent_err ent_hooks_say(struct ent_hooks *h, const struct ent_report *r)
{
    enum ent_hook_event e;
    if (!ent_hook_event_of(&e, r->event) || (h->opts.events & ENT_MSG_BIT(e)) == 0)
        return ENT_OK;
    if (is_too_much(h, e)) {
        ent_count_add(h->opts.counts, ENT_COUNT_HOOKS, ENT_HOOK_DROPPED, 1);
        return ENT_OK;
    }
    for (size_t i = 0; e == ENT_HOOK_PACT && i < r->n; i++)
        if (r->field[i].is_number && ent_slice_eq(r->field[i].key, ENT_SLICE_LIT("version")))
            return put_pact(h, r, r->field[i].number);
    return put_record(h, e, r);
}

/* Who asks may be another process than the one with the settings. Texts are cut as paths are. */
enum ent_err ent_hook_release_waiting(struct ent_store *s, const struct ent_pending *p)
{
    struct ent_json j;
    struct ent_buf b, node;
    char id[ENT_OUTBOX_ID];
    ent_buf_init(&node, ENT_NAME_MAX);
    enum ent_err r = ent_store_fact(s, &node, RELEASE_NODE);
    if (r == ENT_OK && node.n > 0) {
        ent_outbox_id(id);
        start_event(&j, &b, ent_buf_slice(&node), id, ENT_HOOK_RELEASE_WAITING, p->asked);
        ent_json_cstr(&j, "event", "release-waiting");
        ent_json_cstr(&j, "level", "info");
        ent_json_str(&j, "source",
                     ent_slice(p->source.p, p->source.n < TEXT_MOST ? p->source.n : TEXT_MOST));
        ent_json_str(&j, "by", p->by);
        ent_json_time(&j, "expires", p->expires);
        r = put_event(&j, &b, s, NULL, id, p->asked);
    }
    ent_buf_release(&node);
    return r == ENT_E_NOTFOUND ? ENT_OK : r;
}

/* --- the sender's questions ---------------------------------------------------------------------
 */

static enum ent_err put_signature(struct ent_buf *b, const struct ent_hooks *h,
                                  struct ent_slice body)
{
    crypto_auth_hmacsha256_state st;
    uint8_t mac[crypto_auth_hmacsha256_BYTES];
    char time[32], hex[ENT_HEX_LEN(sizeof(mac))], header[ENT_HOOK_HEADER];
    const int n = snprintf(time, sizeof(time), "%lld.", (long long)h->opts.now());
    ENT_ASSERT(n > 1 && (size_t)n < sizeof(time));
    (void)crypto_auth_hmacsha256_init(&st, h->secret, h->opts.secret.n);
    (void)crypto_auth_hmacsha256_update(&st, (const uint8_t *)time, (unsigned)n);
    (void)crypto_auth_hmacsha256_update(&st, body.p, body.n);
    (void)crypto_auth_hmacsha256_final(&st, mac);
    ent_wipe(&st, sizeof(st));
    ent_hex_encode(hex, mac, sizeof(mac));
    const int all =
        snprintf(header, sizeof(header), "Entente-Signature: t=%.*s,v1=%s", n - 1, time, hex);
    ENT_ASSERT(all > 0 && (size_t)all < sizeof(header));
    enum ent_err r = ent_buf_putc(b, (char)all);
    return r == ENT_OK ? ent_buf_put(b, header, (size_t)all) : r;
}

/* The first that is due and not too old; *ret is empty without one. */
static enum ent_err next(struct ent_hooks *h, struct ent_buf *ret)
{
    const int64_t now = h->opts.now();
    struct ent_outgoing one;
    struct ent_buf body;
    enum ent_err r;
    if (now < h->rest_until && h->rest_until - now <= REST_MOST)
        return ENT_OK;
    ent_buf_init(&body, ENT_OUTBOX_BODY);
    while ((r = ent_outbox_next(h->opts.store, &one, &body, now)) == ENT_OK && one.tries > 0 &&
           now - one.created > DAY) {
        ent_buf_clear(&body);
        if ((r = ent_outbox_done(h->opts.store, one.id)) != ENT_OK)
            break;
        ent_count_add(h->opts.counts, ENT_COUNT_HOOKS, ENT_HOOK_EXPIRED, 1);
    }
    if (r == ENT_OK && (r = ent_buf_put(ret, one.id, ENT_OUTBOX_ID - 1)) == ENT_OK &&
        (r = put_signature(ret, h, ent_buf_slice(&body))) == ENT_OK)
        r = ent_buf_put_slice(ret, ent_buf_slice(&body));
    ent_buf_release(&body);
    return r == ENT_E_NOTFOUND ? ENT_OK : r;
}

static int64_t doubled(int64_t first, unsigned times, int64_t most)
{
    int64_t v = first;
    for (unsigned i = 0; i < times && v < most; i++)
        v *= 2;
    return v < most ? v : most;
}

static enum ent_err done(struct ent_hooks *h, const char *id, unsigned status)
{
    const bool delivered = status / 100 == 2;
    struct ent_outgoing one;
    enum ent_err r = ent_outbox_one(h->opts.store, &one, id);
    if (r != ENT_OK)
        return r;
    if (delivered || status == 410) {
        h->failures = 0;
        h->rest_until = 0;
        r = ent_outbox_done(h->opts.store, id);
        ent_count_add(h->opts.counts, ENT_COUNT_HOOKS,
                      delivered ? ENT_HOOK_DELIVERED : ENT_HOOK_GONE, 1);
    } else { /* the one waits longer and longer, so that it does not hold up others; all rest */
        const int64_t now = h->opts.now();
        h->rest_until = now + doubled(1, h->failures++, REST_MOST);
        r = ent_outbox_later(h->opts.store, id, now + doubled(WAIT_FIRST, one.tries, WAIT_MOST));
        ent_count_add(h->opts.counts, ENT_COUNT_HOOKS, ENT_HOOK_FAILED, 1);
    }
    return r == ENT_OK ? count_waiting(h) : r;
}

static enum ent_err serve_done(struct ent_hooks *h, struct ent_slice bytes)
{
    struct ent_cur c = ent_cur(bytes);
    char id[ENT_OUTBOX_ID] = "";
    uint16_t status;
    if (ent_cur_copy(&c, id, sizeof(id) - 1) != ENT_OK || ent_cur_u16le(&c, &status) != ENT_OK ||
        ent_cur_end(&c) != ENT_OK || strlen(id) != sizeof(id) - 1 ||
        (status != 0 && (status < 200 || status > 599)))
        return ENT_E_FORMAT;
    return done(h, id, status);
}

enum ent_err ent_hooks_serve(void *hooks, struct ent_msg *ret, struct ent_msg *call)
{
    const struct ent_slice bytes = ent_buf_slice(&call->bytes);
    struct ent_report r;
    enum ent_err e;
    switch (call->type) {
    case ENT_MSG_HOOK_NEXT:
        return bytes.n == 0 ? next(hooks, &ret->bytes) : ENT_E_FORMAT;
    case ENT_MSG_HOOK_DONE:
        return serve_done(hooks, bytes);
    case ENT_MSG_HOOK_SAY:
        return (e = ent_report_parse(&r, bytes)) == ENT_OK ? ent_hooks_say(hooks, &r) : e;
    default:
        return ENT_E_FORMAT;
    }
}
