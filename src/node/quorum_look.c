/* quorum_look.c: reading the folders of quorums. */
#include "node/node.h"

#define DIGITS       (ENT_QUORUM_ID - 1u)
#define PROGRESS_MAX 16384u
#define OFFER        "offer"
#define STATE        "state"
#define PROGRESS     "progress"
#define SAID         "said"
#define JOIN         "join"
#define DECLINE      "decline"
#define WISHES       ENT_QUORUM_FOLDER "/wish"

static const char *in_run(char ret[static ENT_DISK_NAME_MAX], const char *id, const char *name)
{
    (void)snprintf(ret, ENT_DISK_NAME_MAX, ENT_QUORUM_FOLDER "/%.32s/%.150s", id, name);
    return ret;
}

/* --- which runs ---------------------------------------------------------------------------------
 */

static bool is_hex(const char *text, size_t n)
{
    return strlen(text) == n && strspn(text, "0123456789abcdef") == n;
}

enum ent_err ent_quorum_look_find(const struct ent_home *h, char ret[static ENT_QUORUM_ID],
                                  const char *start)
{
    struct ent_buf names;
    char name[ENT_DISK_NAME_MAX], found[ENT_QUORUM_ID];
    size_t n = strlen(start), runs = 0;
    if (n < ENT_QUORUM_ID_LEAST || n > DIGITS || !is_hex(start, n))
        return ENT_E_FORMAT;
    enum ent_err r = ent_home_list(h, &names, ENT_QUORUM_FOLDER);
    struct ent_cur c = ent_cur(ent_buf_slice(&names));
    while (r == ENT_OK && ent_home_next_name(&c, name)) {
        if (!is_hex(name, DIGITS) || strncmp(name, start, n) != 0)
            continue;
        memcpy(found, name, sizeof(found));
        runs++;
    }
    ent_buf_release(&names);
    if (r != ENT_OK || runs != 1)
        return r != ENT_OK ? r : runs == 0 ? ENT_E_NOTFOUND : ENT_E_EXISTS;
    memcpy(ret, found, sizeof(found));
    return ENT_OK;
}

/* --- progress -----------------------------------------------------------------------------------
 */

static void take_step(struct ent_lines *l, struct ent_quorum_step *ret)
{
    struct ent_quorum_step s = {.done = ent_lines_u64(l, UINT64_MAX)};
    s.all = ent_lines_u64(l, UINT64_MAX);
    if (l->err == ENT_OK && s.done <= s.all)
        *ret = s;
}

static void take_received(struct ent_lines *l, struct ent_quorum_progress *p,
                          const struct ent_quorum_offer *o)
{
    char name[ENT_NAME_MAX + 1];
    struct ent_slice word = ent_lines_word(l);
    if (l->err != ENT_OK || word.n > ENT_NAME_MAX)
        return;
    memcpy(name, word.p, word.n);
    name[word.n] = '\0';
    uint32_t index = ent_quorum_index(o, name);
    if (index > 0)
        take_step(l, &p->received[index - 1]);
}

static void take_line(struct ent_quorum_progress *p, const struct ent_quorum_offer *o,
                      struct ent_slice line)
{
    struct ent_lines l;
    ent_lines_start(&l, line);
    if (ent_lines_next_is(&l, "evaluated")) {
        ent_lines_key(&l, "evaluated");
        take_step(&l, &p->evaluated);
    } else if (ent_lines_next_is(&l, "uploaded")) {
        ent_lines_key(&l, "uploaded");
        take_step(&l, &p->uploaded);
    } else if (ent_lines_next_is(&l, "computed")) {
        ent_lines_key(&l, "computed");
        take_step(&l, &p->computed);
    } else if (ent_lines_next_is(&l, "received")) {
        ent_lines_key(&l, "received");
        take_received(&l, p, o);
    } else if (ent_lines_next_is(&l, "found")) {
        ent_lines_key(&l, "found");
        p->found = ent_lines_u64(&l, UINT64_MAX);
        p->took = l.err == ENT_OK;
    } else if (ent_lines_next_is(&l, "refused-hits")) {
        ent_lines_key(&l, "refused-hits");
        p->refused = ent_lines_u64(&l, UINT64_MAX);
    }
}

void ent_quorum_progress_read(struct ent_quorum_progress *ret, const struct ent_quorum_offer *o,
                              struct ent_slice text)
{
    memset(ret, 0, sizeof(*ret));
    while (text.n > 0) {
        const uint8_t *end = memchr(text.p, '\n', text.n);
        if (end == NULL)
            return;
        size_t n = (size_t)(end + 1 - text.p);
        take_line(ret, o, ent_slice(text.p, n));
        text = ent_slice(text.p + n, text.n - n);
    }
}

/* --- one run ------------------------------------------------------------------------------------
 */

/* Which file it is stays in d's text: few are damaged. */
static enum ent_err kept(const struct ent_home *h, struct ent_buf *b, struct ent_diag *d,
                         const char *id, const char *name, const char *damaged)
{
    char path[ENT_DISK_NAME_MAX];
    ent_buf_clear(b);
    enum ent_err r = ent_kept_read(b, h->disk, in_run(path, id, name));
    return r == ENT_E_AUTH ? ent_fail(d, r, damaged, 0, 0) : r;
}

/* The offer: verified while the pact has the key that signed it, else only shown by its text. */
static enum ent_err read_offer(const struct ent_home *h, struct ent_quorum_look *l,
                               struct ent_buf *b, struct ent_diag *d, bool whole)
{
    static const char damaged[] = "its file offer is damaged";
    struct ent_delivery *del = malloc(sizeof(*del));
    struct ent_quorum_offer o;
    enum ent_err r = del == NULL ? ENT_E_NOMEM : kept(h, b, d, l->id, OFFER, damaged);
    if (r == ENT_OK)
        r = ent_delivery_parse(del, ent_buf_slice(b), &h->roster, d);
    if (r == ENT_OK) {
        memcpy(l->author, del->act.st.author, sizeof(l->author));
        l->offered = del->act.st.time;
        r = ent_tlp_parse(&l->mark, ent_slice_str(del->act.st.tlp));
    }
    if (r == ENT_OK) {
        if (whole && (r = ent_quorum_offer_parse(&o, del->act.body)) == ENT_OK)
            ent_quorum_run_init(&l->run, &o, &del->act.leaf, h->self.name);
    }
    free(del);
    return r;
}

/* The offer alone where nothing came of it yet. */
static enum ent_err read_state(const struct ent_home *h, struct ent_quorum_look *l,
                               struct ent_buf *b, struct ent_diag *d)
{
    static const char damaged[] = "its file state is damaged";
    struct ent_diag why = {0};
    char hex[ENT_HEX_LEN(32)];
    enum ent_err r = kept(h, b, d, l->id, STATE, damaged);
    if (r == ENT_E_NOTFOUND)
        return read_offer(h, l, b, d, true);
    if (r == ENT_OK && ent_quorum_run_parse(&l->run, ent_buf_slice(b)) != ENT_OK)
        r = ent_fail(d, ENT_E_AUTH, damaged, 0, 0);
    if (r != ENT_OK)
        return r;
    ent_hex_encode(hex, l->run.leaf.b, 32);
    if (strncmp(hex, l->id, DIGITS) != 0)
        return ent_fail(d, ENT_E_AUTH, "its file state is another run's", 0, 0);
    r = read_offer(h, l, b, &why, false);
    return r == ENT_E_NOMEM ? r : ENT_OK; /* the state says it all but for the author */
}

static bool exists(const struct ent_home *h, const char *id, const char *name)
{
    char path[ENT_DISK_NAME_MAX];
    uint8_t none;
    return h->disk->read(h->disk->ctx, &none, 0, in_run(path, id, name), 0) == ENT_OK;
}

static enum ent_err read_run(const struct ent_home *h, struct ent_quorum_look *l,
                             struct ent_diag *d)
{
    char path[ENT_DISK_NAME_MAX];
    struct ent_buf b;
    ent_buf_init(&b, ENT_DELIVERY_MAX);
    enum ent_err r = read_state(h, l, &b, d);
    ent_buf_clear(&b);
    b.max = PROGRESS_MAX;
    if (r == ENT_OK && ent_home_load(h, &b, NULL, in_run(path, l->id, PROGRESS)) == ENT_OK)
        ent_quorum_progress_read(&l->progress, &l->run.offer, ent_buf_slice(&b));
    l->wants = exists(h, l->id, JOIN);
    l->declines = exists(h, l->id, DECLINE);
    ent_buf_release(&b);
    return r;
}

static void start(struct ent_quorum_look *l, const char *id)
{
    memset(l, 0, sizeof(*l));
    memcpy(l->id, id, DIGITS);
    l->mark = ENT_TLP_RED;
}

enum ent_err ent_quorum_look_brief(const struct ent_home *h, struct ent_quorum_look *ret,
                                   struct ent_diag *d, const char *id)
{
    start(ret, id);
    enum ent_err r = read_run(h, ret, d);
    if (r != ENT_OK && r != ENT_E_NOTFOUND && d->text == NULL)
        d->text = ent_err_str(r);
    return r;
}

enum ent_err ent_quorum_look_window(const struct ent_home *h, int64_t *ret, const char *id)
{
    struct ent_quorum_run *run = malloc(sizeof(*run));
    struct ent_diag d = {0};
    struct ent_buf b;
    ent_buf_init(&b, ENT_DELIVERY_MAX);
    enum ent_err r = run == NULL ? ENT_E_NOMEM : kept(h, &b, &d, id, STATE, "");
    *ret = 0;
    if (r == ENT_OK && ent_quorum_run_parse(run, ent_buf_slice(&b)) == ENT_OK)
        *ret = run->offer.window;
    ent_buf_release(&b);
    free(run);
    return r == ENT_E_NOTFOUND || r == ENT_E_AUTH || r == ENT_E_LIMIT ? ENT_OK : r;
}

enum ent_err ent_quorum_look_each(const struct ent_home *h,
                                  enum ent_err (*each)(void *ctx, const char *id,
                                                       const struct ent_quorum_look *l,
                                                       const struct ent_diag *d),
                                  void *ctx)
{
    struct ent_quorum_look *l = malloc(sizeof(*l));
    struct ent_buf names;
    char name[ENT_DISK_NAME_MAX];
    if (l == NULL)
        return ENT_E_NOMEM;
    enum ent_err r = ent_home_list(h, &names, ENT_QUORUM_FOLDER);
    struct ent_cur c = ent_cur(ent_buf_slice(&names));
    while (r == ENT_OK && ent_home_next_name(&c, name)) {
        struct ent_diag d = {0};
        if (!is_hex(name, DIGITS))
            continue;
        enum ent_err one = ent_quorum_look_brief(h, l, &d, name);
        if (one == ENT_E_NOTFOUND)
            continue;
        r = one == ENT_E_NOMEM ? one : each(ctx, name, one == ENT_OK ? l : NULL, &d);
    }
    ent_buf_release(&names);
    free(l);
    return r;
}

/* --- what was said ------------------------------------------------------------------------------
 */

/* Whether it is a refusal or names somebody: as it claims, so that only these are verified. */
static bool concerns(struct ent_slice bytes)
{
    struct ent_statement st;
    struct ent_slice entry;
    return ent_delivery_claims(&entry, bytes) == ENT_OK &&
           ent_statement_claims(&st, entry, NULL) == ENT_OK &&
           (strcmp(st.media, ENT_MEDIA_QUORUM_REFUSE) == 0 ||
            strcmp(st.media, ENT_MEDIA_QUORUM_LEFT_OUT) == 0);
}

static bool take_told(struct ent_quorum_told *t, const struct ent_act *act,
                      const struct ent_hash32 *offer)
{
    struct ent_quorum_left_out o;
    memset(t, 0, sizeof(*t));
    memcpy(t->by, act->st.author, sizeof(t->by));
    t->time = act->st.time;
    if (strcmp(act->st.media, ENT_MEDIA_QUORUM_REFUSE) == 0)
        return ent_quorum_refuse_parse(&t->refused, act->body) == ENT_OK &&
               memcmp(t->refused.offer.b, offer->b, 32) == 0;
    if (ent_quorum_left_out_parse(&o, act->body) != ENT_OK || memcmp(o.offer.b, offer->b, 32) != 0)
        return false;
    memcpy(t->of, o.member, sizeof(t->of));
    t->fault = o.fault;
    return true;
}

static enum ent_err read_told(const struct ent_home *h, struct ent_quorum_look *l,
                              struct ent_buf *b, struct ent_diag *d, const char *leaf)
{
    char name[ENT_DISK_NAME_MAX];
    struct ent_diag why = {0};
    (void)snprintf(name, sizeof(name), SAID "/%.64s", leaf);
    enum ent_err r = kept(h, b, d, l->id, name, "a file in its folder said is damaged");
    if (r != ENT_OK || !concerns(ent_buf_slice(b)))
        return r == ENT_E_NOTFOUND ? ENT_OK : r;
    struct ent_delivery *del = malloc(sizeof(*del));
    if (del == NULL)
        return ENT_E_NOMEM;
    if (ent_delivery_parse(del, ent_buf_slice(b), &h->roster, &why) != ENT_OK)
        l->unverified++;
    else if (l->n < ENT_QUORUM_TOLD && take_told(&l->told[l->n], &del->act, &l->run.leaf))
        l->n++;
    free(del);
    return ENT_OK;
}

/* Whom this member saw do wrong: it says so in a statement too, a moment later. */
static void add_own(struct ent_quorum_look *l, const char *self, const char *of,
                    enum ent_quorum_fault f)
{
    if (f == ENT_QUORUM_NO_FAULT || l->n == ENT_QUORUM_TOLD || strcmp(of, self) == 0)
        return;
    for (size_t i = 0; i < l->n; i++)
        if (strcmp(l->told[i].by, self) == 0 && strcmp(l->told[i].of, of) == 0)
            return;
    struct ent_quorum_told *t = &l->told[l->n++];
    *t = (struct ent_quorum_told){.fault = f};
    (void)snprintf(t->by, sizeof(t->by), "%s", self);
    (void)snprintf(t->of, sizeof(t->of), "%s", of);
}

static void add_all_own(struct ent_quorum_look *l, const char *self)
{
    const struct ent_quorum_run *r = &l->run;
    for (uint32_t i = 0; i < r->offer.shape.members; i++)
        add_own(l, self, r->offer.participant[i], r->member[i]);
    for (uint32_t j = 0; j < r->offer.holders; j++)
        add_own(l, self, r->offer.holder[j], r->holder[j]);
    add_own(l, self, r->offer.collector, r->collector);
}

static int by_names(const void *a, const void *b)
{
    const struct ent_quorum_told *x = a, *y = b;
    int c = strcmp(x->of, y->of);
    return c != 0 ? c : strcmp(x->by, y->by);
}

enum ent_err ent_quorum_look(const struct ent_home *h, struct ent_quorum_look *ret,
                             struct ent_diag *d, const char *id)
{
    char folder[ENT_DISK_NAME_MAX], leaf[ENT_DISK_NAME_MAX];
    struct ent_buf names, b;
    start(ret, id);
    enum ent_err r = read_run(h, ret, d);
    if (r != ENT_OK)
        return r;
    ent_buf_init(&b, ENT_DELIVERY_MAX);
    r = ent_home_list(h, &names, in_run(folder, id, SAID));
    struct ent_cur c = ent_cur(ent_buf_slice(&names));
    while (r == ENT_OK && ent_home_next_name(&c, leaf))
        if (is_hex(leaf, 64))
            r = read_told(h, ret, &b, d, leaf);
    ent_buf_release(&names);
    ent_buf_release(&b);
    add_all_own(ret, h->self.name);
    qsort(ret->told, ret->n, sizeof(ret->told[0]), by_names);
    return r;
}

/* --- the owner's word ---------------------------------------------------------------------------
 */

const char *ent_quorum_look_answered(const struct ent_quorum_look *l, const char *self, int64_t now)
{
    const struct ent_quorum_run *r = &l->run;
    uint32_t index = ent_quorum_index(&r->offer, self);
    if (index == 0)
        return "this member is no participant of it";
    if (r->seat[index - 1].accepted)
        return "this member has accepted already";
    if (r->seat[index - 1].refused)
        return "this member has refused already";
    if (r->phase != ENT_QUORUM_OFFERED || now >= r->offer.accept_by)
        return "the time for acceptances is over";
    return NULL;
}

enum ent_err ent_quorum_look_want(const struct ent_home *h, struct ent_diag *d, const char *id,
                                  bool join)
{
    char path[ENT_DISK_NAME_MAX];
    const struct ent_disk *disk = h->disk;
    enum ent_err r = disk->remove(disk->ctx, in_run(path, id, join ? DECLINE : JOIN));
    if (r == ENT_OK || r == ENT_E_NOTFOUND)
        r = disk->replace(disk->ctx, in_run(path, id, join ? JOIN : DECLINE), ent_slice(NULL, 0));
    return r == ENT_OK ? r : ent_disk_fail(d, r, "cannot leave word for the node");
}

static const char *wish_file(char ret[static ENT_DISK_NAME_MAX], const char *wish, const char *end)
{
    (void)snprintf(ret, ENT_DISK_NAME_MAX, WISHES "/%s%s", wish, end);
    return ret;
}

enum ent_err ent_quorum_look_wish(const struct ent_home *h, struct ent_diag *d,
                                  char ret[static ENT_QUORUM_WISH],
                                  const struct ent_quorum_offer *o)
{
    char path[ENT_DISK_NAME_MAX], name[ENT_QUORUM_WISH];
    uint8_t number[ENT_QUORUM_WISH / 2];
    struct ent_buf body;
    ent_random(number, sizeof(number));
    ent_hex_encode(name, number, sizeof(number));
    ent_buf_init(&body, ENT_QUORUM_OFFER_MAX);
    enum ent_err r = ent_quorum_offer_encode(&body, o);
    if (r == ENT_OK && (r = h->disk->create(h->disk->ctx, wish_file(path, name, ""),
                                            ent_buf_slice(&body))) != ENT_OK)
        r = ent_disk_fail(d, r, "cannot leave word for the node");
    ent_buf_release(&body);
    if (r == ENT_OK)
        memcpy(ret, name, sizeof(name));
    return r;
}

/* "id <run>" or "refused <word>", exactly. */
static enum ent_err parse_answer(struct ent_slice text, char ret_id[static ENT_QUORUM_ID],
                                 char ret_why[static ENT_QUORUM_WHY])
{
    char id[ENT_QUORUM_ID], why[ENT_QUORUM_WHY];
    struct ent_lines l;
    ent_lines_start(&l, text);
    bool granted = ent_lines_next_is(&l, "id");
    ent_lines_key(&l, granted ? "id" : "refused");
    ent_lines_str(&l, granted ? id : why, granted ? sizeof(id) : sizeof(why));
    enum ent_err r = ent_lines_end(&l);
    if (r == ENT_OK && granted && !is_hex(id, DIGITS))
        r = ENT_E_FORMAT;
    if (r != ENT_OK)
        return r;
    if (granted)
        memcpy(ret_id, id, sizeof(id));
    else
        memcpy(ret_why, why, sizeof(why));
    return granted ? ENT_OK : ENT_E_POLICY;
}

enum ent_err ent_quorum_look_granted(const struct ent_home *h, struct ent_diag *d,
                                     char ret_id[static ENT_QUORUM_ID],
                                     char ret_why[static ENT_QUORUM_WHY], const char *wish)
{
    char path[ENT_DISK_NAME_MAX];
    struct ent_buf b;
    ent_buf_init(&b, 256);
    enum ent_err r = ent_kept_read(&b, h->disk, wish_file(path, wish, ".done"));
    if (r == ENT_E_NOTFOUND) {
        ent_buf_release(&b);
        return r;
    }
    if (r == ENT_OK)
        r = parse_answer(ent_buf_slice(&b), ret_id, ret_why);
    if (r != ENT_OK && r != ENT_E_POLICY)
        r = ent_fail(d, r, "its answer to a wish is damaged", 0, 0);
    ent_buf_release(&b);
    (void)!h->disk->remove(h->disk->ctx, path);
    return r;
}

void ent_quorum_look_unwish(const struct ent_home *h, const char *wish)
{
    char path[ENT_DISK_NAME_MAX];
    (void)!h->disk->remove(h->disk->ctx, wish_file(path, wish, ""));
}
