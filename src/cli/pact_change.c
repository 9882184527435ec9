/* pact_change.c: what a proposed version would change, for whoever is asked to vote for it. */
#include "cli/pact.h"

static void print_member(const char *what, const struct ent_member *m)
{
    char print[ENT_FINGERPRINT];
    ent_member_fingerprint(print, m);
    (void)printf("  %-10s  %s (%s), %s%s\n              fingerprint  %s\n", what, m->name,
                 m->display, m->url, m->panel ? "" : ", not on the panel", print);
}

static bool same_keys(const struct ent_member *a, const struct ent_member *b)
{
    for (int i = 0; i < ENT_ROLES; i++)
        if (memcmp(ent_member_key(a, (enum ent_role)i)->pk.b,
                   ent_member_key(b, (enum ent_role)i)->pk.b, 32) != 0)
            return false;
    return a->authors == b->authors && a->logs == b->logs;
}

/* Which ones, and from where on: what the fingerprint alone does not say. */
static void print_new_keys(const struct ent_member *m, const struct ent_member *old)
{
    static const enum ent_role single[] = {ENT_ROLE_ROOT, ENT_ROLE_TLS, ENT_ROLE_WITNESS,
                                           ENT_ROLE_MIRROR};
    for (size_t i = 0; i < sizeof(single) / sizeof(single[0]); i++)
        if (memcmp(ent_member_key(m, single[i])->pk.b, ent_member_key(old, single[i])->pk.b, 32) !=
            0)
            (void)printf("              %s\n", ent_role_word(single[i]));
    for (size_t i = 0; i < m->authors; i++) {
        const struct ent_member_author *a = &m->author[i];
        if (i >= old->authors)
            (void)printf("              author, from its entry %llu on\n",
                         (unsigned long long)a->from);
        else if (a->until != old->author[i].until && m->authors == old->authors)
            (void)printf("              no author key from its entry %llu on\n",
                         (unsigned long long)a->until);
    }
    for (size_t i = 0; i < m->logs; i++) {
        const struct ent_member_log *g = &m->log[i];
        if (g->closed && (i >= old->logs || !old->log[i].closed))
            (void)printf("              log %u closed at %llu entries\n", g->generation,
                         (unsigned long long)g->size);
        if (i >= old->logs)
            (void)printf("              log %u\n", g->generation);
    }
}

static bool same_logs(const struct ent_member *a, const struct ent_member *b)
{
    return ent_member_log(a)->closed == ent_member_log(b)->closed &&
           a->author[a->authors - 1].until == b->author[b->authors - 1].until;
}

static void print_members(const struct ent_pact *p, const struct ent_pact *now)
{
    for (size_t i = 0; i < p->members; i++) {
        const struct ent_member *m = &p->member[i], *old = ent_pact_member(now, m->name);
        if (old == NULL) {
            old = ent_pact_former(now, m->name);
            print_member(old == NULL ? "adds" : "COMES BACK", m);
            if (old != NULL)
                print_new_keys(m, old);
        } else if (!same_keys(m, old) || !same_logs(m, old)) {
            print_member(same_keys(m, old) ? "STOPS" : "NEW KEYS", m);
            print_new_keys(m, old);
        } else if (strcmp(m->url, old->url) != 0 || strcmp(m->display, old->display) != 0 ||
                   m->panel != old->panel)
            print_member("changes", m);
    }
    for (size_t i = 0; i < now->members; i++)
        if (ent_pact_member(p, now->member[i].name) == NULL)
            (void)printf("  removes     %s (%s)\n", now->member[i].name, now->member[i].display);
}

static void print_rules(const struct ent_pact *p, const struct ent_pact *now)
{
    char n[ENT_NUM_TEXT], date[ENT_TIME_TEXT] = "never";
    if (strcmp(p->name, now->name) != 0)
        (void)printf("  name        %s\n", p->name);
    for (int c = 0; c < ENT_CHANGES; c++)
        if (p->threshold[c] != now->threshold[c])
            (void)printf("  votes       %s %u, not %u\n", ent_change_word((enum ent_change)c),
                         p->threshold[c], now->threshold[c]);
    if (p->k != now->k)
        (void)printf("  witnesses   %u, not %u\n", p->k, now->k);
    if (p->budget.items != now->budget.items || p->budget.seconds != now->budget.seconds)
        (void)printf("  budget      %s items in %llu days\n", ent_show_count(n, p->budget.items),
                     (unsigned long long)(p->budget.seconds / 86400));
    if (p->minimum != now->minimum)
        (void)printf("  marking     %s at least\n", ent_tlp_name(p->minimum));
    if (p->expires != 0)
        ent_time_format(date, p->expires);
    if (p->expires != now->expires)
        (void)printf("  expires     %s\n", date);
    cli_pact_change_quorum(p, now);
}

static bool has_dispute(const struct ent_pact *p, const struct ent_dispute *x)
{
    for (size_t i = 0; i < p->disputes; i++)
        if (strcmp(p->dispute[i].member, x->member) == 0 &&
            p->dispute[i].generation == x->generation && p->dispute[i].from == x->from &&
            p->dispute[i].until == x->until)
            return true;
    return false;
}

static void print_disputes(const char *what, const struct ent_pact *of,
                           const struct ent_pact *other)
{
    for (size_t i = 0; i < of->disputes; i++) {
        const struct ent_dispute *x = &of->dispute[i];
        if (!has_dispute(other, x))
            (void)printf("  %-10s  %s, log %u from entry %llu on: %s\n", what, x->member,
                         x->generation, (unsigned long long)x->from, x->reason);
    }
}

void cli_pact_change(const struct ent_pact *p, const struct ent_pact *now)
{
    print_members(p, now);
    print_rules(p, now);
    print_disputes("disputes", p, now);
    print_disputes("lifts", now, p);
}
