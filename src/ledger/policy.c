/* policy.c: the roster as a policy in C2SP's tlog-policy, for other programs to check us with. */
#include "ledger/ledger.h"

static enum ent_err put_vkey(struct ent_buf *b, const char *name, enum ent_sig_type type,
                             const struct ent_pubkey *pk)
{
    struct ent_vkey key = {.type = type, .pk = *pk};
    (void)snprintf(key.name, sizeof(key.name), "%s", name);
    enum ent_err r = ent_vkey_encode(b, &key);
    return r == ENT_OK ? ent_buf_putc(b, '\n') : r;
}

static enum ent_err put_logs(struct ent_buf *b, const struct ent_roster *roster,
                             const struct ent_roster_member *m)
{
    char origin[ENT_LOG_ORIGIN];
    enum ent_err r = ENT_OK;
    for (size_t i = 0; r == ENT_OK && i < m->logs; i++) {
        ent_roster_origin(roster, origin, m->name, m->log[i].generation);
        if ((r = ent_buf_puts(b, "log ")) == ENT_OK)
            r = put_vkey(b, origin, ENT_SIG_NOTE, &m->log[i].pk);
    }
    return r;
}

/* Those whose cosignatures count, each key once: a policy that lists one twice is refused. */
static size_t find_witnesses(const struct ent_roster_member *ret[static ENT_ROSTER_MEMBERS],
                             const struct ent_roster *roster, const struct ent_roster_member *own)
{
    size_t n = 0;
    for (size_t i = 0; i < roster->members; i++) {
        const struct ent_roster_member *m = &roster->member[i];
        bool known = !m->panel || (own != NULL && memcmp(&m->witness, &own->witness, 32) == 0);
        for (size_t k = 0; k < n; k++)
            known = known || memcmp(&m->witness, &ret[k]->witness, 32) == 0;
        if (!known)
            ret[n++] = m;
    }
    return n;
}

/* What is true of this quorum, where it is not what "accepted" says elsewhere. */
static enum ent_err put_comment(struct ent_buf *b, unsigned k, size_t n, bool of_all)
{
    size_t others = of_all && n > 0 ? n - 1 : n;
    enum ent_err r = ENT_OK;
    if (of_all)
        r = ent_buf_puts(b, "# A log's own witness counts here. The policy of one member leaves it "
                            "out.\n");
    if (r != ENT_OK || k <= others)
        return r;
    r = ent_buf_printf(b,
                       "# A head is accepted with %u cosignatures of others; there are %zu, so "
                       "none ever is.\n",
                       k, others);
    if (r != ENT_OK || n == 0)
        return r;
    return ent_buf_puts(b, "# This quorum is all there are. It detects a second history and does "
                           "not prevent it.\n");
}

static enum ent_err put_quorum(struct ent_buf *b, const struct ent_roster *roster,
                               const struct ent_roster_member *own)
{
    const struct ent_roster_member *w[ENT_ROSTER_MEMBERS];
    char name[ENT_NAME_MAX + 16];
    size_t n = find_witnesses(w, roster, own);
    enum ent_err r;
    for (size_t i = 0; i < n; i++) {
        ent_key_name(name, w[i]->name, "witness");
        if ((r = ent_buf_printf(b, "witness %s ", name)) != ENT_OK ||
            (r = put_vkey(b, name, ENT_SIG_COSIGN, &w[i]->witness)) != ENT_OK)
            return r;
    }
    if ((r = put_comment(b, roster->k, n, own == NULL)) != ENT_OK)
        return r;
    if (n == 0)
        return ent_buf_puts(b, "quorum none\n");
    r = roster->k <= n ? ent_buf_printf(b, "group panel %u", roster->k)
                       : ent_buf_puts(b, "group panel all");
    for (size_t i = 0; r == ENT_OK && i < n; i++)
        r = ent_buf_printf(b, " %s/witness", w[i]->name);
    return r == ENT_OK ? ent_buf_puts(b, "\nquorum panel\n") : r;
}

enum ent_err ent_policy_encode(struct ent_buf *b, const struct ent_roster *roster,
                               const char *member)
{
    const struct ent_roster_member *own = NULL;
    size_t before = b->n;
    enum ent_err r = ENT_OK;
    if (member != NULL && (own = ent_roster_member(roster, member)) == NULL)
        return ENT_E_NOTFOUND;
    if (roster->k == 0) /* no such quorum can be said, and nothing is accepted with it */
        return ENT_E_STATE;
    for (size_t i = 0; r == ENT_OK && i < roster->members; i++)
        if (own == NULL || own == &roster->member[i])
            r = put_logs(b, roster, &roster->member[i]);
    if (r == ENT_OK)
        r = put_quorum(b, roster, own);
    if (r != ENT_OK)
        b->n = before;
    return r;
}
