/* quorum_json.c: quorums for programs: the rows that the console has, and what a run costs. */
#include "cli/quorum.h"

#define ROWS ((size_t)1 << 20)

static void put_estimate(struct ent_json *j, const struct ent_quorum_offer *o)
{
    struct ent_quorum_estimate e;
    cli_quorum_estimate(&e, o);
    ent_json_obj(j, "estimate");
    ent_json_u64(j, "upload_bytes", e.cost.upload);
    ent_json_u64(j, "evaluation_bytes", e.evaluations);
    ent_json_u64(j, "memory_bytes", e.cost.participant);
    ent_json_u64(j, "collector_bytes", e.collector);
    ent_json_f64(j, "collector_seconds", e.seconds);
    ent_json_obj_end(j);
}

/* look NULL: the offer alone. */
static void put(struct ent_json *j, const struct ent_quorum_offer *o,
                const struct ent_quorum_look *look, const char *self)
{
    struct ent_rows w;
    struct ent_buf b;
    ent_buf_init(&b, ROWS);
    ent_rows_start(&w, &b);
    ent_rows_obj(&w, NULL);
    if (look != NULL)
        ent_quorum_rows_look(&w, look, self, true);
    else
        ent_quorum_rows_offer(&w, o);
    ent_rows_obj_end(&w);
    enum ent_err r = ent_rows_end(&w);
    if (r == ENT_OK)
        r = ent_rows_members(j, ent_buf_slice(&b));
    if (r != ENT_OK && j->err == ENT_OK)
        j->err = r;
    ent_buf_release(&b);
    put_estimate(j, o);
}

void cli_quorum_json_offer(struct ent_json *j, const struct ent_quorum_offer *o)
{
    put(j, o, NULL, NULL);
}

void cli_quorum_json_look(struct ent_json *j, const struct quorum *q)
{
    put(j, &q->look.run.offer, &q->look, q->s.home->self.name);
}
