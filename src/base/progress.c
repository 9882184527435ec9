/* progress.c: the progress line. */
#include "base/base.h"

#define FIRST_NS 1000000000u
#define EVERY_NS 100000000u

void ent_progress_start(struct ent_progress *p, const char *what, uint64_t total,
                        enum ent_progress_unit unit)
{
    const char *term = getenv("TERM");
    *p = (struct ent_progress){.what = what, .unit = unit, .total = total};
    p->on = isatty(STDERR_FILENO) == 1 && term != NULL && strcmp(term, "dumb") != 0;
    p->start_ns = p->on ? ent_clock_steady_ns() : 0;
}

static const char *amount(const struct ent_progress *p, char ret[static ENT_NUM_TEXT], uint64_t v)
{
    return p->unit == ENT_PROGRESS_BYTES ? ent_show_bytes(ret, v) : ent_show_count(ret, v);
}

void ent_progress_at(struct ent_progress *p, uint64_t done)
{
    char a[ENT_NUM_TEXT], b[ENT_NUM_TEXT], rate[ENT_NUM_TEXT];
    if (!p->on)
        return;
    uint64_t now = ent_clock_steady_ns(), took = now - p->start_ns;
    if (took < FIRST_NS || now - p->shown_ns < EVERY_NS)
        return;
    p->shown_ns = now;
    p->shown = true;
    double per_s = (double)done * 1e9 / (double)took;
    (void)fprintf(stderr, "\r\033[K%s: %s", p->what, amount(p, a, done));
    if (p->total > 0)
        (void)fprintf(stderr, " of %s (%d %%)", amount(p, b, p->total),
                      (int)(100.0 * (double)done / (double)p->total));
    (void)fprintf(stderr, ", %s/s", amount(p, rate, (uint64_t)per_s));
    (void)fflush(stderr);
}

void ent_progress_hide(struct ent_progress *p)
{
    if (p->shown)
        (void)fputs("\r\033[K", stderr);
    p->shown = false;
}

void ent_progress_end(struct ent_progress *p)
{
    ent_progress_hide(p);
    p->on = false;
}
