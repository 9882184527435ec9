/* view_heard.c: when each member was last heard of, and what it owes: the grounds of suspicion.
 * They are kept in the home, in the file "heard", a line for each member of the roster, so that
 * they outlive a node and other processes see them; it is written when a ground appears or goes,
 * and once a minute at most because somebody was heard. By the local clock, which may be wrong:
 * what it said of a later time than now is taken for now. No decision depends on any of this. */
#include "ledger/ledger.h"
#include "ledger/view_parts.h"

#define NAME     "heard"
#define FILE_MAX ((size_t)ENT_ROSTER_MEMBERS * 256u)
#define MINUTE   60

const char *ent_suspicion_word(enum ent_suspicion s)
{
    static const char *const words[] = {"silent", "refuses", "withholds"};
    return words[s];
}

/* --- the file ----------------------------------------------------------------------------------
 */

static enum ent_err take_word(struct ent_cur *c, struct ent_slice *ret)
{
    const uint8_t *end = c->n == 0 ? NULL : memchr(c->p, ' ', c->n);
    size_t n = end == NULL ? c->n : (size_t)(end - c->p);
    enum ent_err r = n == 0 ? ENT_E_FORMAT : ent_cur_take(c, ret, n);
    if (r != ENT_OK || c->n == 0)
        return r;
    r = ent_cur_expect(c, ENT_SLICE_LIT(" "));
    return r == ENT_OK && c->n == 0 ? ENT_E_FORMAT : r;
}

static enum ent_err take_number(struct ent_cur *c, uint64_t *ret, uint64_t max)
{
    struct ent_slice word;
    enum ent_err r = take_word(c, &word);
    return r == ENT_OK ? ent_parse_u64(ret, word, max) : r;
}

/* "<member> <from> <heard> <refused> <withheld> <told> <generation> <what, or ->" */
static enum ent_err parse_line(struct ent_view *v, struct ent_slice line)
{
    struct ent_cur c = ent_cur(line);
    struct ent_slice name, what;
    struct ent_vheard h = {0};
    uint64_t n[6];
    char member[ENT_NAME_MAX + 1];
    enum ent_err r = take_word(&c, &name);
    for (size_t i = 0; i < 6 && r == ENT_OK; i++)
        r = take_number(&c, &n[i], i < 4 ? INT64_MAX : UINT32_MAX);
    if (r != ENT_OK || (r = take_word(&c, &what)) != ENT_OK || (r = ent_cur_end(&c)) != ENT_OK)
        return r;
    if (!ent_name_is_valid(name) || what.n >= sizeof(h.what))
        return ENT_E_FORMAT;
    h.from = (int64_t)n[0];
    h.heard = (int64_t)n[1];
    h.refused = (int64_t)n[2];
    h.withheld = (int64_t)n[3];
    h.told = (unsigned)n[4];
    h.generation = (unsigned)n[5];
    (void)snprintf(h.what, sizeof(h.what), "%.*s", (int)what.n, (const char *)what.p);
    (void)snprintf(member, sizeof(member), "%.*s", (int)name.n, (const char *)name.p);
    size_t i = ent_view_index(v, member);
    if (i < ENT_ROSTER_MEMBERS) /* who has left the pact is nobody's concern */
        v->heard[i] = h;
    return ENT_OK;
}

/* Damage costs what was remembered, and accuses nobody. */
static enum ent_err load(struct ent_view *v)
{
    struct ent_slice line;
    struct ent_buf b;
    ent_buf_init(&b, FILE_MAX);
    enum ent_err r = ent_disk_load(v->opts.disk, &b, NAME);
    if (r == ENT_OK || r == ENT_E_NOTFOUND || r == ENT_E_LIMIT)
        memset(v->heard, 0, sizeof(v->heard));
    struct ent_slice lines = ent_buf_slice(&b);
    struct ent_cur c =
        ent_cur(r == ENT_OK && ent_check_take(&lines) == ENT_OK ? lines : ent_slice(NULL, 0));
    while (r == ENT_OK && c.n > 0)
        if (ent_cur_line(&c, &line) != ENT_OK || parse_line(v, line) != ENT_OK) {
            memset(v->heard, 0, sizeof(v->heard));
            break;
        }
    ent_buf_release(&b);
    return r == ENT_E_NOTFOUND || r == ENT_E_LIMIT ? ENT_OK : r;
}

static enum ent_err save(struct ent_view *v, int64_t now)
{
    struct ent_buf b;
    enum ent_err r = ENT_OK;
    ent_buf_init(&b, FILE_MAX);
    for (size_t i = 0; i < v->roster->members && r == ENT_OK; i++) {
        struct ent_vheard *h = &v->heard[i];
        const char *name = v->roster->member[i].name;
        if (strcmp(name, v->opts.self) == 0)
            continue;
        h->from = h->from == 0 ? now : h->from;
        r = ent_buf_printf(&b, "%s %lld %lld %lld %lld %u %u %s\n", name, (long long)h->from,
                           (long long)h->heard, (long long)h->refused, (long long)h->withheld,
                           h->told, h->generation, h->what[0] == '\0' ? "-" : h->what);
    }
    if (r == ENT_OK && (r = ent_check_add(&b)) == ENT_OK)
        r = v->opts.disk->replace(v->opts.disk->ctx, NAME, ent_buf_slice(&b));
    ent_buf_release(&b);
    return r;
}

/* --- what happens ------------------------------------------------------------------------------
 */

/* That of a log that speaks for its member, the newest one, as it is on the disk; NULL for others.
 */
static struct ent_vheard *find(struct ent_view *v, const struct ent_vlog *l)
{
    if (l->key != &l->member->log[l->member->logs - 1] ||
        strcmp(l->member->name, v->opts.self) == 0)
        return NULL;
    return load(v) == ENT_OK ? &v->heard[l->index] : NULL;
}

/* What is not on the disk comes again, or is noticed again. */
static void keep(struct ent_view *v, int64_t now)
{
    enum ent_err ignored = save(v, now);
    (void)ignored;
}

void ent_vlog_heard(struct ent_view *v, const struct ent_vlog *l, int64_t now)
{
    struct ent_vheard *h = find(v, l);
    now = now < 1 ? 1 : now;
    if (h == NULL || (h->heard != 0 && h->heard <= now && now - h->heard < MINUTE))
        return;
    if (now - h->heard > ENT_SUSPECT_AFTER)
        h->refused = 0; /* it was not there to refuse */
    h->heard = now;
    keep(v, now);
}

void ent_vlog_refused(struct ent_view *v, const struct ent_vlog *l, int64_t now)
{
    struct ent_vheard *h = find(v, l);
    now = now < 1 ? 1 : now;
    if (h == NULL || h->refused != 0)
        return;
    h->refused = now;
    keep(v, now);
}

void ent_vlog_withheld(struct ent_view *v, const struct ent_vlog *l, const char *what, int64_t now)
{
    struct ent_vheard *h = find(v, l);
    now = now < 1 ? 1 : now;
    if (h == NULL || (h->withheld != 0 && h->generation == l->key->generation))
        return;
    h->withheld = now;
    h->generation = l->key->generation;
    (void)snprintf(h->what, sizeof(h->what), "%s", what);
    keep(v, now);
}

bool ent_vlog_owes(struct ent_view *v, const struct ent_vlog *l, char ret[static ENT_TILE_PATH_MAX])
{
    const struct ent_vheard *h = find(v, l);
    if (h == NULL || h->withheld == 0 || h->generation != l->key->generation)
        return false;
    memcpy(ret, h->what, ENT_TILE_PATH_MAX);
    return true;
}

void ent_vlog_served(struct ent_view *v, const struct ent_vlog *l, bool all, int64_t now)
{
    struct ent_vheard *h = find(v, l);
    if (h == NULL || (h->refused == 0 && (!all || h->withheld == 0)))
        return;
    h->refused = 0;
    if (all) {
        h->withheld = 0;
        h->what[0] = '\0';
    }
    keep(v, now < 1 ? 1 : now);
}

void ent_view_missed(struct ent_view *v, const char *member, int64_t now)
{
    ent_view_enter(v);
    const struct ent_vlog *l = ent_vlog_of(v, member, 0);
    if (l != NULL)
        ent_vlog_refused(v, l, now);
    ent_view_leave(v);
}

/* --- what it means -----------------------------------------------------------------------------
 */

static int64_t not_after(int64_t t, int64_t now)
{
    return t > now ? now : t;
}

/* Who was called silent stays so until it is heard, however often we begin to listen. */
void ent_vlog_suspicions(struct ent_view *v, const struct ent_vlog *l, struct ent_verdict_on *ret,
                         int64_t now)
{
    const struct ent_vheard *h = find(v, l);
    if (h == NULL || l->key->closed)
        return;
    int64_t last = not_after(h->heard != 0 ? h->heard : h->from, now);
    bool was = (h->told >> ENT_SUSPECT_SILENT & 1) != 0;
    ret->last_head = not_after(h->heard, now);
    if (last != 0 && now - last > ENT_SUSPECT_AFTER &&
        (was || now - v->listening > ENT_SUSPECT_AFTER))
        ret->since[ENT_SUSPECT_SILENT] = last;
    else if (h->refused != 0 && now - h->refused > ENT_SUSPECT_AFTER)
        ret->since[ENT_SUSPECT_REFUSES] = h->refused;
    if (h->withheld != 0 && h->generation == l->key->generation) {
        ret->since[ENT_SUSPECT_WITHHOLDS] = not_after(h->withheld, now);
        memcpy(ret->withheld, h->what, sizeof(ret->withheld));
    }
    for (size_t i = 0; i < ENT_SUSPICIONS; i++)
        if (ret->since[i] != 0 &&
            (ret->suspected_since == 0 || ret->since[i] < ret->suspected_since))
            ret->suspected_since = ret->since[i];
}

/* A clock that was ahead once must neither keep anybody from being suspected, nor the other way
 * round: from here on it counts anew. */
static bool set_back(struct ent_vheard *h, int64_t now)
{
    int64_t *const times[] = {&h->from, &h->heard, &h->refused, &h->withheld};
    bool changed = false;
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
        if (*times[i] > now + MINUTE) {
            *times[i] = now;
            changed = true;
        }
    return changed;
}

/* Nobody is silent while we do not listen: the node was stopped, or the machine slept, or its clock
 * jumped. */
static void listen(struct ent_view *v, int64_t now)
{
    if (v->watched == 0 || now < v->watched || now - v->watched > ENT_HEARTBEAT)
        v->listening = now;
    v->watched = now;
}

struct changes {
    struct {
        const struct ent_roster_member *member;
        enum ent_suspicion kind;
        int64_t since;
    } change[ENT_ROSTER_MEMBERS * ENT_SUSPICIONS];
    size_t n;
};

static void judge(struct ent_view *v, struct changes *ch, const struct ent_vlog *l, int64_t now)
{
    struct ent_verdict_on on = {0};
    ent_vlog_suspicions(v, l, &on, now);
    for (unsigned k = 0; k < ENT_SUSPICIONS; k++) {
        if ((on.since[k] != 0) == ((v->heard[l->index].told >> k & 1) != 0))
            continue;
        ch->change[ch->n].member = l->member;
        ch->change[ch->n].kind = (enum ent_suspicion)k;
        ch->change[ch->n++].since = on.since[k];
    }
}

enum ent_err ent_view_watch(struct ent_view *v, int64_t now, void *ctx, ent_suspicion_fn *each)
{
    struct changes ch = {.n = 0};
    bool changed = false;
    now = now < 1 ? 1 : now;
    ent_view_enter(v);
    enum ent_err r = load(v);
    listen(v, now);
    for (size_t i = 0; i < v->roster->members && r == ENT_OK; i++)
        changed = (v->heard[i].from == 0 && strcmp(v->roster->member[i].name, v->opts.self) != 0) ||
                  set_back(&v->heard[i], now) || changed;
    if (changed && r == ENT_OK)
        r = save(v, now);
    for (size_t i = 0; i < v->logs && r == ENT_OK; i++)
        if (&v->log[i] == ent_vlog_of(v, v->log[i].member->name, 0))
            judge(v, &ch, &v->log[i], now);
    for (size_t i = 0; i < ch.n; i++)
        v->heard[ch.change[i].member - v->roster->member].told ^= 1u << ch.change[i].kind;
    /* Written first: each change is told once, and a disk that fails does not fill a log. */
    if (r == ENT_OK && ch.n > 0)
        r = save(v, now);
    for (size_t i = 0; i < ch.n && r == ENT_OK; i++)
        each(ctx, ch.change[i].member->name, ch.change[i].kind, ch.change[i].since);
    ent_view_leave(v);
    return r;
}
