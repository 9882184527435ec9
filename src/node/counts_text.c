/* counts_text.c: Prometheus' text format, 0.0.4. Names, helps and label values are words that need
 * no escapes. */
#include "node/counts.h"

#include "node/report.h"

struct page {
    struct ent_buf *b;
    const struct ent_counted *s;
    size_t n;
    enum ent_err err; /* the first */
};

__attribute__((format(printf, 2, 3))) static void put(struct page *p, const char *fmt, ...)
{
    char line[512];
    va_list ap;
    va_start(ap, fmt);
    const int n = vsnprintf(line, sizeof(line), fmt, ap);
    va_end(ap);
    ENT_ASSERT(n >= 0 && (size_t)n < sizeof(line));
    if (p->err == ENT_OK)
        p->err = ent_buf_put(p->b, line, (size_t)n);
}

static void put_head(struct page *p, const char *name, const char *help, enum ent_metric_kind kind)
{
    static const char *const words[] = {"counter", "gauge", "histogram"};
    put(p, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, words[kind]);
}

/* All roles of one kind added up; a role that does not have it has zeros. */
static uint64_t sum(const struct page *p, unsigned what, size_t index)
{
    uint64_t v = 0;
    for (size_t i = 0; i < p->n; i++)
        v += p->s[i].cell[ent_metric_at((enum ent_count)what) + index];
    return v;
}

static void put_histogram(struct page *p, unsigned what, unsigned one)
{
    const struct ent_metric *m = &ent_metrics[what];
    const size_t at = (size_t)one * (ENT_COUNT_BUCKETS + 1);
    const char *word = m->word[0](one);
    uint64_t n = 0;
    for (size_t i = 0; i < ENT_COUNT_BUCKETS; i++) {
        char le[32] = "+Inf";
        if (i < ENT_COUNT_BUCKETS - 1)
            (void)snprintf(le, sizeof(le), "%g", ent_count_bucket[i]);
        n += sum(p, what, at + i);
        put(p, "%s_bucket{%s=\"%s\",le=\"%s\"} %llu\n", m->name, m->label[0], word, le,
            (unsigned long long)n);
    }
    put(p, "%s_sum{%s=\"%s\"} %.9g\n%s_count{%s=\"%s\"} %llu\n", m->name, m->label[0], word,
        (double)sum(p, what, at + ENT_COUNT_BUCKETS) / 1e9, m->name, m->label[0], word,
        (unsigned long long)n);
}

static void put_words(struct page *p, unsigned what)
{
    const struct ent_metric *m = &ent_metrics[what];
    const unsigned first = m->n[0] == 0 ? 1 : m->n[0], second = m->n[1] == 0 ? 1 : m->n[1];
    for (unsigned i = 0; i < first; i++)
        for (unsigned k = 0; k < second; k++) {
            const unsigned long long v = sum(p, what, (size_t)i * second + k);
            if (m->kind == ENT_METRIC_HISTOGRAM)
                put_histogram(p, what, i);
            else if (m->n[0] == 0)
                put(p, "%s %llu\n", m->name, v);
            else if (m->n[1] == 0)
                put(p, "%s{%s=\"%s\"} %llu\n", m->name, m->label[0], m->word[0](i), v);
            else
                put(p, "%s{%s=\"%s\",%s=\"%s\"} %llu\n", m->name, m->label[0], m->word[0](i),
                    m->label[1], m->word[1](k), v);
        }
}

static void put_metric(struct page *p, unsigned what)
{
    const struct ent_metric *m = &ent_metrics[what];
    const struct ent_counted *one = NULL;
    for (size_t i = 0; i < p->n && one == NULL; i++)
        if ((m->roles & ENT_MSG_BIT(p->s[i].from)) != 0)
            one = &p->s[i];
    if (one == NULL)
        return;
    put_head(p, m->name, m->help, m->kind);
    for (size_t i = 0; m->per_member && i < one->members; i++)
        put(p, "%s{member=\"%s\"} %llu\n", m->name, one->member[i],
            (unsigned long long)one->cell[ent_metric_at((enum ent_count)what) + i]);
    if (!m->per_member)
        put_words(p, what);
}

/* --- of each process ----------------------------------------------------------------------------
 */

enum fact { CPU, RESIDENT, FILES, START };

/* Of several, what they use together, and the first start. */
static bool fact_of(const struct page *p, enum ent_process role, enum fact what, uint64_t *ret)
{
    bool any = false;
    *ret = 0;
    for (size_t i = 0; i < p->n; i++) {
        const struct ent_counted *s = &p->s[i];
        const uint64_t v[] = {s->cpu_ns, s->resident, s->files, s->start};
        if (s->from != role)
            continue;
        if (what != START)
            *ret += v[what];
        else if (!any || v[what] < *ret)
            *ret = v[what];
        any = true;
    }
    return any;
}

static void put_facts(struct page *p)
{
    static const struct {
        const char *name, *help;
        enum ent_metric_kind kind;
    } facts[] = {
        [CPU] = {"process_cpu_seconds_total", "Processor time.", ENT_METRIC_COUNTER},
        [RESIDENT] = {"process_resident_memory_bytes", "Memory in use.", ENT_METRIC_GAUGE},
        [FILES] = {"process_open_fds", "Open file descriptors.", ENT_METRIC_GAUGE},
        [START] = {"process_start_time_seconds", "When it was started.", ENT_METRIC_GAUGE},
    };
    for (int f = CPU; f <= (int)START; f++) {
        put_head(p, facts[f].name, facts[f].help, facts[f].kind);
        for (int role = 0; role < ENT_PROCESSES; role++) {
            uint64_t v;
            if (!fact_of(p, (enum ent_process)role, (enum fact)f, &v))
                continue;
            const char *word = ent_process_word((enum ent_process)role);
            if (f == (int)CPU)
                put(p, "%s{role=\"%s\"} %.9g\n", facts[f].name, word, (double)v / 1e9);
            else
                put(p, "%s{role=\"%s\"} %llu\n", facts[f].name, word, (unsigned long long)v);
        }
    }
}

enum ent_err ent_counts_text(struct ent_buf *b, const struct ent_counted *s, size_t n)
{
    struct page p = {.b = b, .s = s, .n = n};
    for (unsigned f = 0; f < ENT_COUNTS; f++)
        put_metric(&p, f);
    if (n > 0)
        put_facts(&p);
    return p.err;
}
