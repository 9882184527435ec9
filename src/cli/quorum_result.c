/* quorum_result.c: entente quorum result: what a run found among what this member saw. */
#include "cli/quorum.h"

#define SOURCE "quorum/"

struct results {
    struct quorum *q;
    struct ent_json j;
    uint64_t n;
};

/* The members in the labels of a finding (desk_quorum.c), one after the other. */
static bool next_holder(struct ent_slice *labels, struct ent_slice *ret)
{
    static const char prefix[] = "quorum:seen-by=";
    const size_t n = sizeof(prefix) - 1;
    while (labels->n > 0) {
        struct ent_slice word = ent_labels_next(labels);
        if (word.n <= n || memcmp(word.p, prefix, n) != 0)
            continue;
        *ret = ent_slice(word.p + n, word.n - n);
        return true;
    }
    return false;
}

static enum ent_err put_json(struct results *x, const struct ent_claim *c)
{
    struct ent_json *j = &x->j;
    struct ent_slice left = c->labels, name;
    ent_json_obj(j, NULL);
    ent_json_cstr(j, "value", c->obs.text);
    ent_json_cstr(j, "type", ent_obs_type_name(c->obs.type));
    ent_json_arr(j, "seen_by");
    while (next_holder(&left, &name))
        ent_json_str(j, NULL, name);
    ent_json_arr_end(j);
    ent_json_cstr(j, "tlp", ent_tlp_name(c->tlp));
    ent_json_obj_end(j);
    return j->err == ENT_OK && j->b->n > 1u << 16 ? cli_put_part(j->b) : j->err;
}

static enum ent_err put_text(struct results *x, const struct ent_claim *c)
{
    char value[ENT_OBS_DEFANGED_MAX], shown[ENT_SHOW_MAX];
    struct ent_slice left = c->labels, name;
    const char *before = " ";
    unsigned n = 0;
    while (next_holder(&left, &name))
        n++;
    ent_observable_defang(value, sizeof(value), &c->obs);
    enum ent_err r = ent_buf_printf(&x->q->line, "  %-40s %2u:", value, n);
    for (left = c->labels; r == ENT_OK && next_holder(&left, &name); before = ", ")
        r = ent_buf_printf(&x->q->line, "%s%s", before, ent_show(shown, name));
    return r == ENT_OK ? cli_put_line(&x->q->line) : r;
}

/* What was taken back, or ended here, is still what the run found. */
static enum ent_err print(void *ctx, const struct ent_claim *c)
{
    struct results *x = ctx;
    if (atomic_load(&cli_stop))
        return ENT_E_INTERRUPTED;
    x->n++;
    return x->q->a->json ? put_json(x, c) : put_text(x, c);
}

/* Why there is no result; NULL where there is one. */
static const char *missing(const struct quorum *q, char why[static QUORUM_WORDS])
{
    const struct ent_quorum_run *r = &q->look.run;
    if (ent_quorum_index(&r->offer, q->s.home->self.name) == 0)
        return "only participants learn what was found, and this member is none";
    if (r->phase == ENT_QUORUM_FAILED) {
        char failure[QUORUM_WORDS];
        (void)snprintf(why, QUORUM_WORDS, "it failed: %.400s", cli_quorum_failure(failure, r));
        return why;
    }
    if (q->look.progress.took)
        return NULL;
    return r->phase == ENT_QUORUM_DONE ? "the answer has not been fetched yet"
                                       : "it goes on: `entente quorum status` says how far it is";
}

int cli_quorum_result(struct quorum *q)
{
    const struct ent_quorum_offer *o = &q->look.run.offer;
    struct results x = {.q = q};
    char source[sizeof(SOURCE) + ENT_QUORUM_ID], why[QUORUM_WORDS], window[QUORUM_WORDS];
    const char *none = missing(q, why);
    if (none != NULL)
        return cli_fail(ENT_E_STATE, &(struct ent_diag){.text = none}, q->look.id);
    (void)snprintf(source, sizeof(source), SOURCE "%s", q->look.id);
    const struct ent_claim_filter f = {.source = ent_slice_str(source)};
    ent_json_start(&x.j, &q->line);
    if (q->a->json) {
        ent_json_obj(&x.j, NULL);
        ent_json_cstr(&x.j, "run", q->look.id);
        cli_quorum_json_offer(&x.j, o);
        ent_json_arr(&x.j, "found");
    } else {
        (void)printf("what you and others saw, at least %u of %u members, from %s\n",
                     o->shape.threshold, o->shape.members, cli_quorum_window(window, o));
    }
    enum ent_err r = ent_store_claims(q->s.store, &f, print, &x);
    if (r == ENT_OK && q->a->json) {
        ent_json_arr_end(&x.j);
        ent_json_obj_end(&x.j);
        if ((r = ent_json_end(&x.j)) == ENT_OK)
            r = cli_put_line(&q->line);
    }
    if (r != ENT_OK)
        return cli_fail(r, NULL, "reading what was found");
    if (!q->a->json && x.n == 0)
        (void)puts("  nothing");
    else if (!q->a->json)
        (void)printf("For others: `entente export --source %s --tlp amber --format stix`\n",
                     source);
    return EXIT_DONE;
}
