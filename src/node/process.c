/* process.c: the beginning of every process of a node. */
#include "node/process.h"

#include "node/daemon.h"

#include <signal.h>

const struct ent_proc_role ent_node_roles[] = {
    {"front", ent_process_front},
    {"api", ent_process_api},
    {"ledger", ent_process_ledger},
    {"match", ent_process_match},
    {"keeper", ent_process_keeper},
    {"signer", ent_process_signer},
    {NULL, NULL},
};

struct ent_birth *ent_process_born(int channel)
{
    (void)signal(SIGINT, SIG_IGN);
    (void)signal(SIGTERM, SIG_IGN);
    (void)signal(SIGHUP, SIG_IGN);
    (void)signal(SIGPIPE, SIG_IGN);
    return ent_birth_receive(channel);
}

enum ent_err ent_process_shut_in(struct ent_ready *ready, struct ent_diag *d,
                                 const struct ent_birth *b, struct ent_sandbox s)
{
    struct ent_sandbox_state state;
    s.uid = b->uid;
    s.gid = b->gid;
    s.stay_root = b->uid == 0; /* the keeper of a home that is root's */
    enum ent_err r = ent_sandbox_enter(&state, d, &s);
    if (r == ENT_OK)
        ent_sandbox_show(ready->sandbox, &state);
    return r;
}

int ent_process_fail(struct ent_hub *h, const char *what, enum ent_err e, const struct ent_diag *d)
{
    struct ent_report r;
    ent_report_init(&r, ENT_LEVEL_ALERT, "process-failed");
    ent_report_text(&r, "what", what);
    ent_report_text(&r, "cause", d != NULL && d->text != NULL ? d->text : ent_err_str(e));
    if (d != NULL && d->file[0] != '\0')
        ent_report_text(&r, "file", d->file);
    if (d != NULL && d->sys != 0)
        ent_report_text(&r, "system", strerror(d->sys));
    ent_hub_say(h, &r);
    return ENT_PROCESS_FAILED;
}

int ent_process_start(struct ent_hub *h, int channel, const char *what, enum ent_err r,
                      const struct ent_diag *d)
{
    if (ent_hub_start(h, NULL, channel) != ENT_OK)
        return ENT_PROCESS_FAILED;
    return r == ENT_OK ? 0 : ent_process_fail(h, what, r, d);
}

int ent_process_work(struct ent_hub *h, const struct ent_ready *ready)
{
    if (ent_hub_ready(h, ready) == ENT_OK)
        ent_hub_wait(h);
    return 0;
}
