/* processes.c: the file that says what runs in a home, and what the kernel says about it. */
#include "node/node.h"

#include "node/processes.h"
#include "node/report.h"

/* --- the lines ----------------------------------------------------------------------------------
 */

enum ent_err ent_running_encode(struct ent_buf *b, const struct ent_running *r)
{
    return ent_buf_printf(b, "%s %ld %llu %s\n", ent_process_word(r->process), (long)r->pid,
                          (unsigned long long)r->start, r->told);
}

/* Up to a blank, which must be there. */
static bool word(struct ent_slice *line, struct ent_slice *ret)
{
    const uint8_t *end = line->n == 0 ? NULL : memchr(line->p, ' ', line->n);
    if (end == NULL)
        return false;
    size_t n = (size_t)(end - line->p);
    *ret = ent_slice(line->p, n);
    *line = ent_slice(line->p + n + 1, line->n - n - 1);
    return true;
}

static bool is_plain(struct ent_slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < ' ' || s.p[i] > '~')
            return false;
    return true;
}

static bool read_line(struct ent_running *ret, struct ent_slice line)
{
    struct ent_slice name, pid, start;
    uint64_t number = 0;
    unsigned p = 0;
    if (!word(&line, &name) || !word(&line, &pid) || !word(&line, &start) || line.n == 0 ||
        line.n >= sizeof(ret->told) || !is_plain(line))
        return false;
    while (p < ENT_PROCESSES && !ent_slice_eq(name, ent_slice_str(ent_process_word(p))))
        p++;
    if (p == ENT_PROCESSES || ent_parse_u64(&number, pid, INT32_MAX) != ENT_OK || number == 0 ||
        ent_parse_u64(&ret->start, start, INT64_MAX) != ENT_OK)
        return false;
    ret->process = p;
    ret->pid = (pid_t)number;
    memcpy(ret->told, line.p, line.n);
    ret->told[line.n] = '\0';
    return true;
}

enum ent_err ent_running_parse(struct ent_running ret[static ENT_RUNNING_MAX], size_t *ret_n,
                               struct ent_slice text)
{
    struct ent_cur c = ent_cur(text);
    struct ent_slice line;
    size_t n = 0;
    while (c.n > 0) {
        if (n == ENT_RUNNING_MAX)
            return ENT_E_LIMIT;
        if (ent_cur_line(&c, &line) != ENT_OK || !read_line(&ret[n], line) ||
            (ret[n].process == ENT_PROCESS_PARENT) != (n == 0))
            return ENT_E_FORMAT;
        n++;
    }
    *ret_n = n;
    return n == 0 ? ENT_E_FORMAT : ENT_OK;
}

/* --- what the kernel says -----------------------------------------------------------------------
 */

static void is_wrong(struct ent_process_state *p, bool wrong, const char *text)
{
    if (wrong && p->wrongs < ENT_WRONGS)
        p->wrong[p->wrongs++] = text;
}

void ent_process_judge(struct ent_process_state *p)
{
    const struct ent_proc_seen *s = &p->seen;
    struct ent_sandbox_state told = {0};
    p->wrongs = 0;
    is_wrong(p, !p->there, "it is gone, and no other is at work in its place yet");
    if (!p->there)
        return;
    is_wrong(p, s->dumpable_known && s->dumpable, "others of its user can look into it");
    if (p->is.process == ENT_PROCESS_PARENT)
        return;
    if (ent_sandbox_parse(&told, p->is.told) != ENT_OK) {
        is_wrong(p, true, "what it says of its sandbox cannot be read");
        return;
    }
    is_wrong(p, told.seccomp && s->seccomp != 2, "it has no seccomp filter, and said that it has");
    is_wrong(p, !s->no_new_privs, "it can gain privileges");
    is_wrong(p, s->caps != 0, "it has capabilities");
    is_wrong(p, s->uid != told.uid || s->other_uids, "it is another user than it said");
}

static void look_at(struct ent_process_state *p, const struct ent_running *is, pid_t parent)
{
    char name[sizeof(ENT_ROLE_PREFIX) + ENT_ROLE_MAX];
    struct ent_proc_seen seen;
    *p = (struct ent_process_state){.is = *is};
    (void)snprintf(name, sizeof(name), "%s%s", ENT_ROLE_PREFIX, ent_process_word(is->process));
    p->there = ent_proc_look(&seen, is->pid) == ENT_OK && seen.start == is->start &&
               (is->process == ENT_PROCESS_PARENT ||
                (seen.parent == parent && strncmp(seen.name, name, sizeof(seen.name) - 1) == 0));
    if (p->there)
        p->seen = seen;
    ent_process_judge(p);
}

static void look_at_all(struct ent_node_state *ret, const struct ent_running *line, size_t n)
{
    look_at(&ret->process[0], &line[0], 0);
    ret->runs = ret->process[0].there;
    ret->left = !ret->runs;
    if (!ret->runs)
        return;
    ret->n = n;
    ret->missing = ENT_MSG_ANY & ((1u << ENT_PROCESSES) - 1) & ~ENT_MSG_BIT(ENT_PROCESS_PARENT);
    for (size_t i = 1; i < n; i++) {
        look_at(&ret->process[i], &line[i], line[0].pid);
        if (ret->process[i].there)
            ret->missing &= ~ENT_MSG_BIT(line[i].process);
    }
}

enum ent_err ent_node_look(struct ent_node_state *ret, struct ent_diag *d, const char *home)
{
    struct ent_running line[ENT_RUNNING_MAX];
    char path[ENT_PATH_MAX];
    struct ent_buf text;
    size_t n = 0;
    *ret = (struct ent_node_state){.runs = false};
    ent_buf_init(&text, ENT_RUNNING_TEXT);
    enum ent_err r = ent_path_join(path, sizeof(path), home, ENT_PROCESSES_FILE);
    if (r == ENT_OK)
        r = ent_file_read(&text, d, path);
    if (r == ENT_OK && (r = ent_running_parse(line, &n, ent_buf_slice(&text))) != ENT_OK)
        r = ent_fail(d, r, "not what a node writes there", 0, 0);
    if (r == ENT_OK)
        look_at_all(ret, line, n);
    ent_buf_release(&text);
    return r == ENT_E_NOTFOUND ? ENT_OK : r;
}
