/* quorum_json.c: quorums for programs. */
#include "cli/quorum.h"

static void put_names(struct ent_json *j, const char *key, const char (*name)[ENT_NAME_MAX + 1],
                      uint32_t n)
{
    ent_json_arr(j, key);
    for (uint32_t i = 0; i < n; i++)
        ent_json_cstr(j, NULL, name[i]);
    ent_json_arr_end(j);
}

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

void cli_quorum_json_offer(struct ent_json *j, const struct ent_quorum_offer *o)
{
    ent_json_time(j, "window", o->window);
    ent_json_u64(j, "seconds", o->seconds);
    ent_json_arr(j, "types");
    for (unsigned t = 1; t < ENT_OBS_TYPES; t++)
        if ((o->types & ENT_OBS_BIT(t)) != 0)
            ent_json_cstr(j, NULL, ent_obs_type_name((enum ent_obs_type)t));
    ent_json_arr_end(j);
    ent_json_u64(j, "threshold", o->shape.threshold);
    ent_json_u64(j, "members", o->shape.members);
    ent_json_u64(j, "items", o->shape.items);
    ent_json_cstr(j, "padding", ent_quorum_padding_word(o->padding));
    ent_json_u64(j, "tables", o->shape.tables);
    put_names(j, "participants", o->participant, o->shape.members);
    put_names(j, "holders", o->holder, o->holders);
    ent_json_cstr(j, "collector", o->collector);
    ent_json_obj(j, "deadlines");
    ent_json_time(j, "accept", o->accept_by);
    ent_json_time(j, "keys", o->keys_by);
    ent_json_time(j, "upload", o->upload_by);
    ent_json_time(j, "result", o->result_by);
    ent_json_obj_end(j);
    put_estimate(j, o);
}

/* --- what came of it ----------------------------------------------------------------------------
 */

static void put_seats(struct ent_json *j, const struct ent_quorum_run *r)
{
    bool begun = r->phase >= ENT_QUORUM_UPLOAD && r->present != 0;
    ent_json_arr(j, "seats");
    for (uint32_t i = 0; i < r->offer.shape.members; i++) {
        const struct ent_quorum_seat *s = &r->seat[i];
        ent_json_obj(j, NULL);
        ent_json_cstr(j, "name", r->offer.participant[i]);
        ent_json_cstr(j, "answer", s->accepted ? "accepted" : s->refused ? "refused" : "none");
        if (s->accepted) {
            ent_json_u64(j, "items", s->accept.items);
            ent_json_bool(j, "late", s->late);
        }
        if (begun) {
            ent_json_bool(j, "present", (r->present >> i & 1) != 0);
            ent_json_bool(j, "disputed", (r->disputed >> i & 1) != 0);
        }
        if (r->phase == ENT_QUORUM_DONE) {
            ent_json_bool(j, "counted", (r->counted >> i & 1) != 0);
            ent_json_bool(j, "taken", s->taken);
        }
        ent_json_obj_end(j);
    }
    ent_json_arr_end(j);
}

static void put_told(struct ent_json *j, const struct ent_quorum_look *l)
{
    ent_json_arr(j, "refusals");
    for (size_t i = 0; i < l->n; i++) {
        const struct ent_quorum_told *t = &l->told[i];
        if (t->of[0] != '\0')
            continue;
        ent_json_obj(j, NULL);
        ent_json_cstr(j, "member", t->by);
        ent_json_cstr(j, "reason", ent_quorum_reason_word(t->refused.why));
        if (t->refused.why == ENT_QUORUM_PACT)
            ent_json_cstr(j, "verdict", ent_verdict_word(t->refused.verdict));
        ent_json_obj_end(j);
    }
    ent_json_arr_end(j);
    ent_json_arr(j, "faults");
    for (size_t i = 0; i < l->n; i++) {
        const struct ent_quorum_told *t = &l->told[i];
        if (t->of[0] == '\0')
            continue;
        ent_json_obj(j, NULL);
        ent_json_cstr(j, "member", t->of);
        ent_json_cstr(j, "fault", ent_quorum_fault_word(t->fault));
        ent_json_cstr(j, "by", t->by);
        ent_json_obj_end(j);
    }
    ent_json_arr_end(j);
    ent_json_u64(j, "unverified", l->unverified);
}

static void put_step(struct ent_json *j, const char *key, const struct ent_quorum_step *s)
{
    if (s->all == 0)
        return;
    ent_json_obj(j, key);
    ent_json_u64(j, "done", s->done);
    ent_json_u64(j, "all", s->all);
    ent_json_obj_end(j);
}

static void put_self(struct ent_json *j, const struct quorum *q)
{
    const struct ent_quorum_look *l = &q->look;
    const struct ent_quorum_offer *o = &l->run.offer;
    const struct ent_quorum_progress *p = &l->progress;
    const char *self = q->s.home->self.name;
    ent_json_obj(j, "self");
    ent_json_cstr(j, "name", self);
    ent_json_bool(j, "participant", ent_quorum_index(o, self) != 0);
    ent_json_bool(j, "holder", ent_quorum_holder_number(o, self) != 0);
    ent_json_bool(j, "collector", strcmp(o->collector, self) == 0);
    ent_json_cstr(j, "wish", l->wants ? "join" : l->declines ? "decline" : "none");
    put_step(j, "evaluated", &p->evaluated);
    put_step(j, "uploaded", &p->uploaded);
    put_step(j, "computed", &p->computed);
    ent_json_arr(j, "received");
    for (uint32_t i = 0; i < o->shape.members; i++) {
        if (p->received[i].all == 0)
            continue;
        ent_json_obj(j, NULL);
        ent_json_cstr(j, "member", o->participant[i]);
        ent_json_u64(j, "done", p->received[i].done);
        ent_json_u64(j, "all", p->received[i].all);
        ent_json_obj_end(j);
    }
    ent_json_arr_end(j);
    if (p->took) {
        ent_json_u64(j, "found", p->found);
        ent_json_u64(j, "refused_hits", p->refused);
    }
    ent_json_obj_end(j);
}

void cli_quorum_json_look(struct ent_json *j, const struct quorum *q)
{
    const struct ent_quorum_look *l = &q->look;
    const struct ent_quorum_run *r = &l->run;
    ent_json_cstr(j, "run", l->id);
    ent_json_cstr(j, "phase", ent_quorum_phase_word(r->phase));
    ent_json_cstr(j, "author", l->author);
    if (l->offered != 0)
        ent_json_time(j, "offered", l->offered);
    cli_quorum_json_offer(j, &r->offer);
    put_seats(j, r);
    ent_json_arr(j, "keys");
    for (uint32_t i = 0; i < r->offer.holders; i++)
        if ((r->keys >> i & 1) != 0)
            ent_json_cstr(j, NULL, r->offer.holder[i]);
    ent_json_arr_end(j);
    if (r->phase == ENT_QUORUM_DONE)
        ent_json_u64(j, "positions", r->positions);
    if (r->phase == ENT_QUORUM_FAILED) {
        ent_json_obj(j, "failed");
        ent_json_cstr(j, "by", r->failed_by);
        ent_json_cstr(j, "fault", ent_quorum_fault_word(r->failed_for));
        ent_json_obj_end(j);
    }
    put_told(j, l);
    put_self(j, q);
}
