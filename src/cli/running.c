/* running.c: the processes of the home's node, as `entente status` shows them: what the kernel
 * says, beside what each said of itself. */
#include "cli/cli.h"

#include <inttypes.h>

/* --- for people ---------------------------------------------------------------------------------
 */

static void print_seen(const struct ent_proc_seen *s)
{
    (void)printf("%s, %s, %s%s",
                 s->seccomp == 2   ? "seccomp"
                 : s->seccomp == 1 ? "strict seccomp"
                                   : "no seccomp",
                 s->no_new_privs ? "no new privileges" : "may gain privileges",
                 s->caps == 0 ? "no capabilities" : "capabilities",
                 !s->dumpable_known ? ""
                 : s->dumpable      ? ", dumpable"
                                    : ", not dumpable");
    if (s->data_max == UINT64_MAX)
        (void)puts(", any amount of memory");
    else
        (void)printf(", at most %" PRIu64 " MiB\n", s->data_max >> 20);
}

static void print_wrongs(const struct ent_process_state *p)
{
    for (size_t i = 0; i < p->wrongs; i++)
        (void)printf("    WRONG      %s %ld: %s\n", ent_process_word(p->is.process),
                     (long)p->is.pid, p->wrong[i]);
}

static void print_process(const struct ent_process_state *p)
{
    char since[ENT_TIME_TEXT], told[ENT_SHOW_MAX];
    if (p->there) {
        ent_time_format(since, p->seen.since);
        (void)printf("    %-10s process %ld since %s, user %u: ", ent_process_word(p->is.process),
                     (long)p->is.pid, since, (unsigned)p->seen.uid);
        print_seen(&p->seen);
        (void)printf("               it says: %s\n", ent_show(told, ent_slice_str(p->is.told)));
    }
    print_wrongs(p);
}

void cli_node_text(const struct ent_node_state *node)
{
    char since[ENT_TIME_TEXT];
    if (!node->runs) {
        (void)printf("  node       does not run%s\n",
                     node->left ? ", as far as can be seen here; it ended without a word" : "");
        return;
    }
    const struct ent_process_state *parent = &node->process[0];
    ent_time_format(since, parent->seen.since);
    (void)printf("  node       process %ld since %s, user %u, in no sandbox; its processes:\n",
                 (long)parent->is.pid, since, (unsigned)parent->seen.uid);
    print_wrongs(parent);
    for (size_t i = 1; i < node->n; i++)
        print_process(&node->process[i]);
    for (unsigned i = 0; i < ENT_PROCESSES; i++)
        if ((node->missing & ENT_MSG_BIT(i)) != 0)
            (void)printf("    MISSING    %s: none is at work\n", ent_process_word(i));
}

/* --- for programs -------------------------------------------------------------------------------
 */

static void put_seen(struct ent_json *j, const struct ent_proc_seen *s)
{
    char caps[2 * sizeof(s->caps) + 1];
    (void)snprintf(caps, sizeof(caps), "%016llx", (unsigned long long)s->caps);
    ent_json_time(j, "since", s->since);
    ent_json_u64(j, "uid", s->uid);
    ent_json_u64(j, "seccomp", s->seccomp);
    ent_json_bool(j, "no_new_privs", s->no_new_privs);
    ent_json_cstr(j, "capabilities", caps);
    if (s->dumpable_known)
        ent_json_bool(j, "dumpable", s->dumpable);
    if (s->data_max != UINT64_MAX)
        ent_json_u64(j, "data_bytes_max", s->data_max);
}

static void put_process(struct ent_json *j, const struct ent_process_state *p)
{
    ent_json_obj(j, NULL);
    ent_json_cstr(j, "role", ent_process_word(p->is.process));
    ent_json_u64(j, "pid", (uint64_t)p->is.pid);
    ent_json_bool(j, "there", p->there);
    if (p->there)
        put_seen(j, &p->seen);
    if (p->is.process != ENT_PROCESS_PARENT)
        ent_json_cstr(j, "says", p->is.told);
    ent_json_arr(j, "wrong");
    for (size_t i = 0; i < p->wrongs; i++)
        ent_json_cstr(j, NULL, p->wrong[i]);
    ent_json_arr_end(j);
    ent_json_obj_end(j);
}

void cli_node_json(struct ent_json *j, const struct ent_node_state *node)
{
    ent_json_obj(j, "node");
    ent_json_bool(j, "runs", node->runs);
    ent_json_bool(j, "left", node->left);
    ent_json_arr(j, "processes");
    for (size_t i = 0; i < node->n; i++)
        put_process(j, &node->process[i]);
    ent_json_arr_end(j);
    ent_json_arr(j, "missing");
    for (unsigned i = 0; i < ENT_PROCESSES; i++)
        if ((node->missing & ENT_MSG_BIT(i)) != 0)
            ent_json_cstr(j, NULL, ent_process_word(i));
    ent_json_arr_end(j);
    ent_json_obj_end(j);
}
