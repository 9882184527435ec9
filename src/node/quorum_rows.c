/* quorum_rows.c: quorums for programs, and for pages. */
#include "node/node.h"

#include "node/quorum_rows.h"

void ent_quorum_rows_types(struct ent_rows *w, uint32_t types)
{
    ent_rows_arr(w, "types");
    for (int t = 1; t < ENT_OBS_TYPES; t++)
        if ((types & ENT_OBS_BIT(t)) != 0)
            ent_rows_cstr(w, NULL, ent_obs_type_name((enum ent_obs_type)t));
    ent_rows_arr_end(w);
}

void ent_quorum_rows_names(struct ent_rows *w, const char *key,
                           const char (*name)[ENT_NAME_MAX + 1], size_t n)
{
    ent_rows_arr(w, key);
    for (size_t i = 0; i < n; i++)
        ent_rows_cstr(w, NULL, name[i]);
    ent_rows_arr_end(w);
}

void ent_quorum_rows_offer(struct ent_rows *w, const struct ent_quorum_offer *o)
{
    ent_rows_time(w, "window", o->window);
    ent_rows_u64(w, "seconds", o->seconds);
    ent_quorum_rows_types(w, o->types);
    ent_rows_u64(w, "threshold", o->shape.threshold);
    ent_rows_u64(w, "members", o->shape.members);
    ent_rows_u64(w, "items", o->shape.items);
    ent_rows_cstr(w, "padding", ent_quorum_padding_word(o->padding));
    ent_rows_u64(w, "tables", o->shape.tables);
    ent_quorum_rows_names(w, "participants", o->participant, o->shape.members);
    ent_quorum_rows_names(w, "holders", o->holder, o->holders);
    ent_rows_cstr(w, "collector", o->collector);
    ent_rows_obj(w, "deadlines");
    ent_rows_time(w, "accept", o->accept_by);
    ent_rows_time(w, "keys", o->keys_by);
    ent_rows_time(w, "upload", o->upload_by);
    ent_rows_time(w, "result", o->result_by);
    ent_rows_obj_end(w);
}

/* --- what came of it ----------------------------------------------------------------------------
 */

static void put_seat(struct ent_rows *w, const struct ent_quorum_run *r, uint32_t i)
{
    const struct ent_quorum_seat *s = &r->seat[i];
    ent_rows_obj(w, NULL);
    ent_rows_cstr(w, "name", r->offer.participant[i]);
    ent_rows_cstr(w, "answer", s->accepted ? "accepted" : s->refused ? "refused" : "none");
    if (s->accepted) {
        ent_rows_u64(w, "items", s->accept.items);
        ent_rows_bool(w, "late", s->late);
    }
    if (r->phase >= ENT_QUORUM_UPLOAD && r->present != 0) {
        ent_rows_bool(w, "present", (r->present >> i & 1) != 0);
        ent_rows_bool(w, "disputed", (r->disputed >> i & 1) != 0);
    }
    if (r->phase == ENT_QUORUM_DONE) {
        ent_rows_bool(w, "counted", (r->counted >> i & 1) != 0);
        ent_rows_bool(w, "taken", s->taken);
    }
    ent_rows_obj_end(w);
}

static void put_refusal(struct ent_rows *w, const struct ent_quorum_told *t)
{
    const bool pact = t->refused.why == ENT_QUORUM_PACT;
    ent_rows_obj(w, NULL);
    ent_rows_cstr(w, "member", t->by);
    ent_rows_cstr(w, "reason", ent_quorum_reason_word(t->refused.why));
    if (pact)
        ent_rows_cstr(w, "verdict", ent_verdict_word(t->refused.verdict));
    ent_rows_cstr(w, "text",
                  pact ? ent_verdict_text(t->refused.verdict)
                       : ent_quorum_reason_text(t->refused.why));
    ent_rows_obj_end(w);
}

static void put_fault(struct ent_rows *w, const struct ent_quorum_told *t)
{
    ent_rows_obj(w, NULL);
    ent_rows_cstr(w, "member", t->of);
    ent_rows_cstr(w, "fault", ent_quorum_fault_word(t->fault));
    ent_rows_cstr(w, "text", ent_quorum_fault_text(t->fault));
    ent_rows_cstr(w, "by", t->by);
    ent_rows_obj_end(w);
}

static void put_told(struct ent_rows *w, const struct ent_quorum_look *l, bool faults)
{
    ent_rows_arr(w, faults ? "faults" : "refusals");
    for (size_t i = 0; i < l->n; i++) {
        if ((l->told[i].of[0] != '\0') != faults)
            continue;
        if (faults)
            put_fault(w, &l->told[i]);
        else
            put_refusal(w, &l->told[i]);
    }
    ent_rows_arr_end(w);
}

static void put_step(struct ent_rows *w, const char *key, const struct ent_quorum_step *s)
{
    if (s->all == 0)
        return;
    ent_rows_obj(w, key);
    ent_rows_u64(w, "done", s->done);
    ent_rows_u64(w, "all", s->all);
    ent_rows_obj_end(w);
}

void ent_quorum_rows_parts(struct ent_rows *w, const struct ent_quorum_offer *o, const char *self)
{
    ent_rows_bool(w, "participant", ent_quorum_index(o, self) != 0);
    ent_rows_bool(w, "holder", ent_quorum_holder_number(o, self) != 0);
    ent_rows_bool(w, "collector", strcmp(o->collector, self) == 0);
}

static void put_self(struct ent_rows *w, const struct ent_quorum_look *l, const char *self,
                     bool found)
{
    const struct ent_quorum_offer *o = &l->run.offer;
    const struct ent_quorum_progress *p = &l->progress;
    ent_rows_obj(w, "self");
    ent_rows_cstr(w, "name", self);
    ent_quorum_rows_parts(w, o, self);
    ent_rows_cstr(w, "wish", l->wants ? "join" : l->declines ? "decline" : "none");
    put_step(w, "evaluated", &p->evaluated);
    put_step(w, "uploaded", &p->uploaded);
    put_step(w, "computed", &p->computed);
    ent_rows_arr(w, "received");
    for (uint32_t i = 0; i < o->shape.members; i++) {
        if (p->received[i].all == 0)
            continue;
        ent_rows_obj(w, NULL);
        ent_rows_cstr(w, "member", o->participant[i]);
        ent_rows_u64(w, "done", p->received[i].done);
        ent_rows_u64(w, "all", p->received[i].all);
        ent_rows_obj_end(w);
    }
    ent_rows_arr_end(w);
    if (p->took && found) {
        ent_rows_u64(w, "found", p->found);
        ent_rows_u64(w, "refused_hits", p->refused);
    }
    ent_rows_obj_end(w);
}

void ent_quorum_rows_look(struct ent_rows *w, const struct ent_quorum_look *l, const char *self,
                          bool found)
{
    const struct ent_quorum_run *r = &l->run;
    ent_rows_cstr(w, "run", l->id);
    ent_rows_cstr(w, "phase", ent_quorum_phase_word(r->phase));
    ent_rows_cstr(w, "author", l->author);
    ent_rows_time(w, "offered", l->offered);
    ent_quorum_rows_offer(w, &r->offer);
    ent_rows_arr(w, "seats");
    for (uint32_t i = 0; i < r->offer.shape.members; i++)
        put_seat(w, r, i);
    ent_rows_arr_end(w);
    ent_rows_arr(w, "keys");
    for (uint32_t i = 0; i < r->offer.holders; i++)
        if ((r->keys >> i & 1) != 0)
            ent_rows_cstr(w, NULL, r->offer.holder[i]);
    ent_rows_arr_end(w);
    if (r->phase == ENT_QUORUM_DONE)
        ent_rows_u64(w, "positions", r->positions);
    if (r->phase == ENT_QUORUM_FAILED) {
        ent_rows_obj(w, "failed");
        ent_rows_cstr(w, "by", r->failed_by);
        ent_rows_cstr(w, "fault", ent_quorum_fault_word(r->failed_for));
        ent_rows_cstr(w, "text", ent_quorum_fault_text(r->failed_for));
        ent_rows_obj_end(w);
    }
    put_told(w, l, false);
    put_told(w, l, true);
    ent_rows_u64(w, "unverified", l->unverified);
    put_self(w, l, self, found);
}
