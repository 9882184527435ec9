/* quorum_words.c: numbers and states of quorums, as people say them. */
#include "cli/quorum.h"

#include <unistd.h>

/* "12 minutes"; at least one of the unit. */
static void show_span(char ret[static QUORUM_WORDS], uint64_t seconds)
{
    static const struct {
        uint64_t seconds;
        const char *name;
    } unit[] = {{86400, "day"}, {3600, "hour"}, {60, "minute"}, {1, "second"}};
    size_t i = 0;
    while (i < 3 && seconds < 2 * unit[i].seconds)
        i++;
    uint64_t n = seconds / unit[i].seconds;
    (void)snprintf(ret, QUORUM_WORDS, "%llu %s%s", (unsigned long long)n, unit[i].name,
                   n == 1 ? "" : "s");
}

const char *cli_quorum_when(char ret[static QUORUM_WORDS], int64_t t, int64_t now)
{
    char time[ENT_TIME_TEXT], span[QUORUM_WORDS];
    ent_time_format(time, t);
    show_span(span, t > now ? (uint64_t)(t - now) : (uint64_t)(now - t));
    (void)snprintf(ret, QUORUM_WORDS, t > now ? "%s, in %.64s" : "%s, %.64s ago", time, span);
    return ret;
}

const char *cli_quorum_length(char ret[static QUORUM_WORDS], uint64_t seconds)
{
    uint64_t unit = seconds % 86400 == 0  ? 86400
                    : seconds % 3600 == 0 ? 3600
                    : seconds % 60 == 0   ? 60
                                          : 1;
    (void)snprintf(ret, QUORUM_WORDS, "%llu%c", (unsigned long long)(seconds / unit),
                   unit == 86400  ? 'd'
                   : unit == 3600 ? 'h'
                   : unit == 60   ? 'm'
                                  : 's');
    return ret;
}

const char *cli_quorum_window(char ret[static QUORUM_WORDS], const struct ent_quorum_offer *o)
{
    char from[ENT_TIME_TEXT], to[ENT_TIME_TEXT];
    ent_time_format(from, o->window);
    ent_time_format(to, o->window + o->seconds);
    (void)snprintf(ret, QUORUM_WORDS, "%s to %s", from, to);
    return ret;
}

static void add(char ret[static QUORUM_WORDS], const char *word)
{
    size_t n = strlen(ret);
    (void)snprintf(ret + n, QUORUM_WORDS - n, "%s%s", n == 0 ? "" : ", ", word);
}

const char *cli_quorum_types(char ret[static QUORUM_WORDS], uint32_t types)
{
    ret[0] = '\0';
    for (unsigned t = 1; t < ENT_OBS_TYPES; t++)
        if ((types & ENT_OBS_BIT(t)) != 0)
            add(ret, ent_obs_type_name((enum ent_obs_type)t));
    return ret;
}

const char *cli_quorum_roles(char ret[static QUORUM_WORDS], const struct ent_quorum_offer *o,
                             const char *name)
{
    ret[0] = '\0';
    if (ent_quorum_index(o, name) != 0)
        add(ret, "participant");
    if (ent_quorum_holder_number(o, name) != 0)
        add(ret, "key holder");
    if (strcmp(o->collector, name) == 0)
        add(ret, "collector");
    if (ret[0] == '\0')
        add(ret, "-");
    return ret;
}

const char *cli_quorum_failure(char ret[static QUORUM_WORDS], const struct ent_quorum_run *r)
{
    if (r->failed_by[0] == '\0')
        (void)snprintf(ret, QUORUM_WORDS, "fewer than %u take part", r->offer.shape.threshold);
    else if (r->failed_for == ENT_QUORUM_NO_FAULT)
        (void)snprintf(ret, QUORUM_WORDS, "%s refuses its part", r->failed_by);
    else
        (void)snprintf(ret, QUORUM_WORDS, "because of %s: %s (%s)", r->failed_by,
                       ent_quorum_fault_text(r->failed_for), ent_quorum_fault_word(r->failed_for));
    return ret;
}

void cli_quorum_estimate(struct ent_quorum_estimate *ret, const struct ent_quorum_offer *o)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    ent_quorum_estimate(ret, o, ent_quorum_rate_of(ent_cpu_level()),
                        cores < 1 ? 1 : (unsigned)cores);
}

void cli_quorum_print_offer(const struct ent_quorum_offer *o)
{
    /* table */
    static const char *const padding[] = {[ENT_QUORUM_PAD_NONE] = "told as they are",
                                          [ENT_QUORUM_PAD_DOUBLE] = "padded to a power of two",
                                          [ENT_QUORUM_PAD_FULL] = "all padded to that"};
    char text[QUORUM_WORDS], n[ENT_NUM_TEXT];
    (void)printf("  window     %s\n", cli_quorum_window(text, o));
    (void)printf("  compares   %s\n", cli_quorum_types(text, o->types));
    (void)printf(
        "  finds      what at least %u of %u saw; of each at most %s items, %s; %u tables\n",
        o->shape.threshold, o->shape.members, ent_show_count(n, o->shape.items),
        padding[o->padding], o->shape.tables);
    (void)printf("  keys       ");
    for (uint32_t i = 0; i < o->holders; i++)
        (void)printf("%s%s", i == 0 ? "" : ", ", o->holder[i]);
    (void)printf("\n  collector  %s\n", o->collector);
}

void cli_quorum_print_estimate(const struct ent_quorum_offer *o)
{
    struct ent_quorum_estimate e;
    char n[4][ENT_NUM_TEXT], span[QUORUM_WORDS];
    cli_quorum_estimate(&e, o);
    show_span(span, e.seconds < 1 ? 1 : e.seconds > 1e15 ? (uint64_t)1e15 : (uint64_t)e.seconds);
    (void)printf(
        "  estimate   with full sets each participant sends %s to the collector and exchanges\n"
        "             %s with the key holders, and needs %s of memory; the collector keeps %s\n"
        "             and computes for about %s where it is a machine like this\n",
        ent_show_bytes(n[0], e.cost.upload), ent_show_bytes(n[1], e.evaluations),
        ent_show_bytes(n[2], e.cost.participant), ent_show_bytes(n[3], e.collector), span);
}
