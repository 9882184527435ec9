/* quorum_status.c: entente quorum status: which runs there are, and all about one. */
#include "cli/quorum.h"

/* --- all runs -----------------------------------------------------------------------------------
 */

struct row {
    char id[ENT_QUORUM_ID], roles[64];
    int64_t window, offered;
    uint32_t seconds, threshold, members;
    enum ent_quorum_phase phase;
    bool took;
    uint64_t found;
};

struct rows {
    const char *self;
    struct row *row;
    size_t n, cap;
    int worst;
};

static enum ent_err take(void *ctx, const char *id, const struct ent_quorum_look *l,
                         const struct ent_diag *d)
{
    struct rows *x = ctx;
    char roles[QUORUM_WORDS];
    if (l == NULL) {
        x->worst = cli_fail(ENT_E_FORMAT, d, id);
        return ENT_OK;
    }
    if (x->n == x->cap) {
        size_t cap = 2 * x->cap + 64;
        struct row *grown = realloc(x->row, cap * sizeof(*grown));
        if (grown == NULL)
            return ENT_E_NOMEM;
        x->row = grown;
        x->cap = cap;
    }
    struct row *r = &x->row[x->n++];
    *r = (struct row){.window = l->run.offer.window,
                      .offered = l->offered,
                      .seconds = l->run.offer.seconds,
                      .threshold = l->run.offer.shape.threshold,
                      .members = l->run.offer.shape.members,
                      .phase = l->run.phase,
                      .took = l->progress.took,
                      .found = l->progress.found};
    memcpy(r->id, id, sizeof(r->id));
    (void)snprintf(r->roles, sizeof(r->roles), "%.60s",
                   cli_quorum_roles(roles, &l->run.offer, x->self));
    return ENT_OK;
}

static int newest_first(const void *a, const void *b)
{
    const struct row *x = a, *y = b;
    if (x->window != y->window)
        return x->window < y->window ? 1 : -1;
    return x->offered != y->offered ? (x->offered < y->offered ? 1 : -1) : strcmp(x->id, y->id);
}

static enum ent_err print_row(struct quorum *q, const struct row *r)
{
    struct ent_json j;
    char start[ENT_TIME_TEXT], length[QUORUM_WORDS], found[ENT_NUM_TEXT];
    if (q->a->json) {
        ent_json_start(&j, &q->line);
        ent_json_obj(&j, NULL);
        ent_json_cstr(&j, "run", r->id);
        ent_json_time(&j, "window", r->window);
        ent_json_u64(&j, "seconds", r->seconds);
        ent_json_cstr(&j, "phase", ent_quorum_phase_word(r->phase));
        ent_json_u64(&j, "threshold", r->threshold);
        ent_json_u64(&j, "members", r->members);
        if (r->took)
            ent_json_u64(&j, "found", r->found);
        ent_json_obj_end(&j);
        enum ent_err e = ent_json_end(&j);
        return e == ENT_OK ? cli_put_line(&q->line) : e;
    }
    ent_time_format(start, r->window);
    enum ent_err e = ent_buf_printf(&q->line, "%-12.12s  %-20s  %6s  %u of %-2u  %-11s  %-22s  %s",
                                    r->id, start, cli_quorum_length(length, r->seconds),
                                    r->threshold, r->members, ent_quorum_phase_word(r->phase),
                                    r->roles, r->took ? ent_show_count(found, r->found) : "-");
    return e == ENT_OK ? cli_put_line(&q->line) : e;
}

int cli_quorum_list(struct quorum *q)
{
    struct rows x = {.self = q->s.home->self.name, .worst = EXIT_DONE};
    enum ent_err r = ent_quorum_look_each(q->s.home, take, &x);
    if (r == ENT_OK && x.n > 1)
        qsort(x.row, x.n, sizeof(x.row[0]), newest_first);
    if (r == ENT_OK && x.n > 0 && !q->a->json)
        (void)printf("%-12s  %-20s  %6s  %-7s  %-11s  %-22s  %s\n", "RUN", "WINDOW", "LENGTH",
                     "FINDS", "PHASE", "YOU", "FOUND");
    for (size_t i = 0; i < x.n && r == ENT_OK; i++)
        r = print_row(q, &x.row[i]);
    free(x.row);
    if (r != ENT_OK)
        return cli_fail(r, NULL, ENT_QUORUM_FOLDER);
    if (x.n == 0 && x.worst == EXIT_DONE && !q->a->json)
        (void)puts("no quorums yet: `entente quorum start` offers one");
    return x.worst;
}

/* --- one run ------------------------------------------------------------------------------------
 */

static void print_phase(const struct quorum *q)
{
    /* table */
    static const char *const text[ENT_QUORUM_PHASES] = {
        [ENT_QUORUM_OFFERED] = "members say whether they take part",
        [ENT_QUORUM_KEYS] = "key holders show their keys, and the collector begins",
        [ENT_QUORUM_UPLOAD] = "participants ask the key holders, and send their shares",
        [ENT_QUORUM_RECONSTRUCT] = "the collector computes",
        [ENT_QUORUM_DONE] = "the collector has answered"};
    const struct ent_quorum_run *r = &q->look.run;
    char why[QUORUM_WORDS], n[ENT_NUM_TEXT];
    if (r->phase == ENT_QUORUM_FAILED)
        (void)printf("  phase      failed: %s\n", cli_quorum_failure(why, r));
    else if (r->phase == ENT_QUORUM_DONE)
        (void)printf("  phase      done: %s: %s positions in its tables\n", text[r->phase],
                     ent_show_count(n, r->positions));
    else
        (void)printf("  phase      %s: %s\n", ent_quorum_phase_word(r->phase), text[r->phase]);
}

static void print_deadlines(const struct quorum *q)
{
    const struct ent_quorum_offer *o = &q->look.run.offer;
    const struct {
        const char *what;
        int64_t at;
    } d[] = {{"acceptances", o->accept_by},
             {"keys", o->keys_by},
             {"shares", o->upload_by},
             {"the answer", o->result_by}};
    char when[QUORUM_WORDS];
    for (size_t i = 0; i < 4; i++)
        (void)printf("  %-10s %-12s until %s\n", i == 0 ? "deadlines" : "", d[i].what,
                     cli_quorum_when(when, d[i].at, q->now));
}

static const struct ent_quorum_refuse *refusal_of(const struct ent_quorum_look *l, const char *name)
{
    for (size_t i = 0; i < l->n; i++)
        if (l->told[i].of[0] == '\0' && strcmp(l->told[i].by, name) == 0)
            return &l->told[i].refused;
    return NULL;
}

/* "refuses: ..." of anybody named. */
static void print_refusal(const struct ent_quorum_look *l, const char *name)
{
    const struct ent_quorum_refuse *f = refusal_of(l, name);
    if (f == NULL)
        (void)printf("refuses");
    else if (f->why == ENT_QUORUM_PACT)
        (void)printf("refuses: %s (%s)", ent_verdict_text(f->verdict),
                     ent_verdict_word(f->verdict));
    else
        (void)printf("refuses: %s (%s)", ent_quorum_reason_text(f->why),
                     ent_quorum_reason_word(f->why));
}

static void print_seat(const struct ent_quorum_look *l, uint32_t i)
{
    const struct ent_quorum_run *r = &l->run;
    const struct ent_quorum_seat *s = &r->seat[i];
    char n[ENT_NUM_TEXT];
    (void)printf("  %-10s %-16s ", i == 0 ? "members" : "", r->offer.participant[i]);
    if (s->accepted)
        (void)printf("accepted, with up to %s item%s%s", ent_show_count(n, s->accept.items),
                     s->accept.items == 1 ? "" : "s", s->late ? ", late" : "");
    else if (s->refused)
        print_refusal(l, r->offer.participant[i]);
    else
        (void)printf(r->phase == ENT_QUORUM_OFFERED ? "has not answered yet" : "did not answer");
    if (s->accepted && r->present != 0 && (r->present >> i & 1) == 0)
        (void)printf("; left out%s",
                     (r->disputed >> i & 1) != 0 ? ", though it came in time here" : "");
    else if (r->phase == ENT_QUORUM_DONE && (r->present >> i & 1) != 0)
        (void)printf("%s", (r->counted >> i & 1) == 0 ? "; its shares did not come: left out"
                           : s->taken                 ? "; has its answer"
                                                      : "; has not fetched its answer yet");
    (void)putchar('\n');
}

static void print_holders(const struct ent_quorum_look *l)
{
    const struct ent_quorum_run *r = &l->run;
    for (uint32_t j = 0; j < r->offer.holders; j++) {
        const char *name = r->offer.holder[j];
        (void)printf("  %-10s %-16s ", j == 0 ? "keys" : "", name);
        if ((r->keys >> j & 1) != 0)
            (void)printf("has shown its key");
        else if (refusal_of(l, name) != NULL && ent_quorum_index(&r->offer, name) == 0)
            print_refusal(l, name);
        else
            (void)printf("has not shown its key");
        (void)putchar('\n');
    }
    if (refusal_of(l, r->offer.collector) != NULL) {
        (void)printf("  %-10s %-16s ", "collector", r->offer.collector);
        print_refusal(l, r->offer.collector);
        (void)putchar('\n');
    }
}

static void print_faults(const struct ent_quorum_look *l)
{
    const char *heading = "named";
    for (size_t i = 0; i < l->n; i++) {
        const struct ent_quorum_told *t = &l->told[i];
        if (t->of[0] == '\0')
            continue;
        (void)printf("  %-10s %-16s by %s: %s (%s)\n", heading, t->of, t->by,
                     ent_quorum_fault_text(t->fault), ent_quorum_fault_word(t->fault));
        heading = "";
    }
    if (l->unverified > 0)
        (void)printf("  %-10s %zu more that cannot be verified with the keys of the pact\n",
                     heading, l->unverified);
}

static void print_step(const char *what, const struct ent_quorum_step *s)
{
    char n[2][ENT_NUM_TEXT];
    if (s->all > 0)
        (void)printf("  %-10s %-16s %s of %s\n", "", what, ent_show_count(n[0], s->done),
                     ent_show_count(n[1], s->all));
}

/* What the own node does, or waits for. */
static void print_self(const struct quorum *q)
{
    const struct ent_quorum_look *l = &q->look;
    const struct ent_quorum_run *r = &l->run;
    const struct ent_quorum_progress *p = &l->progress;
    const char *self = q->s.home->self.name;
    uint32_t index = ent_quorum_index(&r->offer, self);
    char text[QUORUM_WORDS], n[2][ENT_NUM_TEXT];
    (void)printf("  you        %s\n", cli_quorum_roles(text, &r->offer, self));
    if (index > 0 && r->phase == ENT_QUORUM_OFFERED && !r->seat[index - 1].accepted &&
        !r->seat[index - 1].refused)
        (void)printf("  %-10s %s\n", "",
                     l->wants ? "join: your node is about to say so"
                     : l->declines
                         ? "decline: your node is about to say so"
                         : "have not answered: `entente quorum join` or `decline`, unless "
                           "your node does");
    bool over = r->phase >= ENT_QUORUM_DONE;
    if (!over) {
        print_step("evaluated", &p->evaluated);
        print_step("blocks sent", &p->uploaded);
        print_step("cells computed", &p->computed);
    }
    for (uint32_t i = 0; i < r->offer.shape.members && !over; i++) {
        (void)snprintf(text, sizeof(text), "from %s", r->offer.participant[i]);
        print_step(text, &p->received[i]);
    }
    if (p->took)
        (void)printf("  %-10s found %s%s%s%s: `entente quorum result %.*s`\n", "",
                     ent_show_count(n[0], p->found), p->refused > 0 ? "; " : "",
                     p->refused > 0 ? ent_show_count(n[1], p->refused) : "",
                     p->refused > 0 ? " positions were no items of yours" : "", (int)QUORUM_SHORT,
                     l->id);
}

int cli_quorum_status(struct quorum *q)
{
    const struct ent_quorum_look *l = &q->look;
    struct ent_json j;
    char when[QUORUM_WORDS];
    if (q->a->json) {
        ent_json_start(&j, &q->line);
        ent_json_obj(&j, NULL);
        cli_quorum_json_look(&j, q);
        ent_json_obj_end(&j);
        enum ent_err r = ent_json_end(&j);
        if (r == ENT_OK)
            r = cli_put_line(&q->line);
        return r == ENT_OK ? EXIT_DONE : cli_fail(r, NULL, "writing");
    }
    (void)printf("run %s\n", l->id);
    cli_quorum_print_offer(&l->run.offer);
    if (l->author[0] != '\0')
        (void)printf("  offered    by %s, %s\n", l->author,
                     cli_quorum_when(when, l->offered, q->now));
    print_phase(q);
    if (l->run.phase < ENT_QUORUM_DONE)
        print_deadlines(q);
    for (uint32_t i = 0; i < l->run.offer.shape.members; i++)
        print_seat(l, i);
    print_holders(l);
    print_faults(l);
    print_self(q);
    if (l->run.phase < ENT_QUORUM_DONE)
        cli_quorum_print_estimate(&l->run.offer);
    return EXIT_DONE;
}
