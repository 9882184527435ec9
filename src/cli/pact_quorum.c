/* pact_quorum.c: the rule of quorums in a pact: from a file, for people, as JSON. */
#include "cli/pact.h"

static enum ent_err read_rule(struct ent_quorum_rule *ret, const char *path, struct ent_diag *d)
{
    struct ent_buf file;
    ent_buf_init(&file, ENT_QUORUM_RULE_MAX + 1);
    enum ent_err r = ent_file_read(&file, d, path);
    if (r == ENT_OK)
        r = ent_quorum_rule_parse(ret, d, ent_buf_slice(&file));
    ent_buf_release(&file);
    return r;
}

int cli_pact_set_quorum(const char *text, struct ent_pact *p)
{
    struct ent_quorum_rule q;
    struct ent_diag d = {0};
    if (strcmp(text, "off") == 0) {
        enum ent_err r = ent_next_quorum(p, &d, NULL);
        return r == ENT_OK ? EXIT_DONE : cli_fail(r, &d, "--quorum");
    }
    enum ent_err r = read_rule(&q, text, &d);
    if (r == ENT_OK)
        r = ent_next_quorum(p, &d, &q);
    return r == ENT_OK ? EXIT_DONE : cli_fail(r, &d, text);
}

static void print_names(const struct ent_quorum_rule *q)
{
    (void)printf("             keys held by");
    for (uint32_t i = 0; i < q->holders; i++)
        (void)printf("%s %s", i == 0 ? "" : ",", q->holder[i]);
    (void)printf("; collected by %s\n", q->collector);
}

void cli_pact_print_quorum(const struct ent_pact *p)
{
    const struct ent_quorum_rule *q = &p->quorum;
    char items[ENT_NUM_TEXT];
    struct ent_buf types;
    if (q->holders == 0)
        return;
    ent_buf_init(&types, 1024);
    if (ent_obs_types_encode(&types, q->types) == ENT_OK)
        (void)printf("  quorums   %.*s that at least %u members saw in %s %u seconds\n",
                     (int)types.n, (const char *)types.p, q->least,
                     q->each ? "each window of" : "a window, by hand, of", q->window);
    ent_buf_release(&types);
    print_names(q);
    (void)printf(
        "             at most %s items of each, padding %s, %u tables\n"
        "             until %u, %u, %u, %u seconds after: accepted, keys, shares, answers\n",
        ent_show_count(items, q->items), ent_quorum_padding_word(q->padding), q->tables,
        q->deadlines.accept, q->deadlines.keys, q->deadlines.upload, q->deadlines.result);
}

/* Lines of `of` that `other` has not. */
static void print_lines(char sign, struct ent_slice of, struct ent_slice other, unsigned *ret_n)
{
    struct ent_cur c = ent_cur(of);
    struct ent_slice line, theirs;
    while (ent_cur_line(&c, &line) == ENT_OK) {
        struct ent_cur o = ent_cur(other);
        bool same = false;
        while (!same && ent_cur_line(&o, &theirs) == ENT_OK)
            same = ent_slice_eq(line, theirs);
        if (!same)
            (void)printf("  %-10s  %c %.*s\n", (*ret_n)++ == 0 ? "quorums" : "", sign,
                         (int)(line.n - 7), (const char *)line.p + 7); /* "quorum " */
    }
}

void cli_pact_change_quorum(const struct ent_pact *p, const struct ent_pact *now)
{
    struct ent_buf is, was;
    unsigned n = 0;
    ent_buf_init(&is, ENT_QUORUM_RULE_MAX);
    ent_buf_init(&was, ENT_QUORUM_RULE_MAX);
    if ((p->quorum.holders == 0 || ent_quorum_rule_encode(&is, &p->quorum) == ENT_OK) &&
        (now->quorum.holders == 0 || ent_quorum_rule_encode(&was, &now->quorum) == ENT_OK)) {
        print_lines('-', ent_buf_slice(&was), ent_buf_slice(&is), &n);
        print_lines('+', ent_buf_slice(&is), ent_buf_slice(&was), &n);
    }
    ent_buf_release(&is);
    ent_buf_release(&was);
}

static void json_types(struct ent_json *j, uint32_t types)
{
    ent_json_arr(j, "types");
    for (int t = 1; t < ENT_OBS_TYPES; t++)
        if ((types & ENT_OBS_BIT(t)) != 0)
            ent_json_cstr(j, NULL, ent_obs_type_name((enum ent_obs_type)t));
    ent_json_arr_end(j);
}

void cli_pact_json_quorum(struct ent_json *j, const struct ent_pact *p)
{
    const struct ent_quorum_rule *q = &p->quorum;
    if (q->holders == 0)
        return;
    ent_json_obj(j, "quorum");
    ent_json_cstr(j, "run", q->each ? "each" : "hand");
    ent_json_u64(j, "window", q->window);
    json_types(j, q->types);
    ent_json_u64(j, "threshold", q->least);
    ent_json_u64(j, "items", q->items);
    ent_json_cstr(j, "padding", ent_quorum_padding_word(q->padding));
    ent_json_u64(j, "tables", q->tables);
    ent_json_arr(j, "holders");
    for (uint32_t i = 0; i < q->holders; i++)
        ent_json_cstr(j, NULL, q->holder[i]);
    ent_json_arr_end(j);
    ent_json_cstr(j, "collector", q->collector);
    ent_json_arr(j, "deadlines");
    ent_json_u64(j, NULL, q->deadlines.accept);
    ent_json_u64(j, NULL, q->deadlines.keys);
    ent_json_u64(j, NULL, q->deadlines.upload);
    ent_json_u64(j, NULL, q->deadlines.result);
    ent_json_arr_end(j);
    ent_json_obj_end(j);
}
