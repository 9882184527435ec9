/* roster.c: whose keys count where, and what a head is worth. */
#include "ledger/ledger.h"

void ent_key_name(char ret[static ENT_NAME_MAX + 16], const char *member, const char *role)
{
    (void)snprintf(ret, ENT_NAME_MAX + 16, "%s/%s", member, role);
}

const struct ent_roster_member *ent_roster_member(const struct ent_roster *r, const char *name)
{
    for (size_t i = 0; i < r->members; i++)
        if (strcmp(r->member[i].name, name) == 0)
            return &r->member[i];
    return NULL;
}

static const struct ent_log_key *find_log(const struct ent_roster_member *m, uint64_t generation)
{
    for (size_t i = 0; i < m->logs; i++)
        if (m->log[i].generation == generation)
            return &m->log[i];
    return NULL;
}

void ent_roster_origin(const struct ent_roster *r, char ret[static ENT_LOG_ORIGIN],
                       const char *member, unsigned generation)
{
    char pact[ENT_HEX_LEN(32)];
    ent_hex_encode(pact, r->pact.b, sizeof(r->pact.b));
    (void)snprintf(ret, ENT_LOG_ORIGIN, "%s/%s/%u", pact, member, generation);
}

enum ent_err ent_roster_log(const struct ent_roster *r, const struct ent_roster_member **ret_member,
                            const struct ent_log_key **ret_log, struct ent_slice origin)
{
    char want[ENT_LOG_ORIGIN];
    for (size_t i = 0; i < r->members; i++) {
        const struct ent_roster_member *m = &r->member[i];
        struct ent_slice name = ent_slice_str(m->name);
        if (origin.n < 64 + 1 + name.n || !ent_slice_eq(ent_slice(origin.p + 64 + 1, name.n), name))
            continue;
        for (size_t k = 0; k < m->logs; k++) {
            ent_roster_origin(r, want, m->name, m->log[k].generation);
            if (!ent_slice_eq(origin, ent_slice_str(want)))
                continue;
            *ret_member = m;
            *ret_log = &m->log[k];
            return ENT_OK;
        }
    }
    return ENT_E_NOTFOUND;
}

uint64_t ent_roster_base(const struct ent_roster_member *m, unsigned generation)
{
    uint64_t base = 0;
    for (size_t i = 0; i < m->logs; i++) {
        const struct ent_log_key *log = &m->log[i];
        if (log->generation >= generation || !log->closed)
            continue;
        if (log->size > ENT_INDEX_NONE - base)
            return ENT_INDEX_NONE;
        base += log->size;
    }
    return base;
}

const struct ent_pubkey *ent_roster_author(const struct ent_roster_member *m, unsigned generation,
                                           uint64_t index)
{
    const struct ent_log_key *log = find_log(m, generation);
    uint64_t base = ent_roster_base(m, generation);
    if (log == NULL || (log->closed && index >= log->size) || index >= ENT_INDEX_NONE - base)
        return NULL;
    for (size_t i = 0; i < m->authors; i++)
        if (base + index >= m->author[i].from && base + index < m->author[i].until)
            return &m->author[i].pk;
    return NULL;
}

bool ent_roster_is_disputed(const struct ent_roster_member *m, unsigned generation, uint64_t index)
{
    for (size_t i = 0; i < m->disputes; i++)
        if (m->disputed[i].generation == generation && index >= m->disputed[i].from &&
            index < m->disputed[i].until)
            return true;
    return false;
}

enum ent_err ent_roster_place(const struct ent_roster_member *m, unsigned *ret_generation,
                              uint64_t *ret_index, uint64_t sequence)
{
    for (size_t i = 0; i < m->logs; i++) {
        const struct ent_log_key *log = &m->log[i];
        uint64_t base = ent_roster_base(m, log->generation);
        if (sequence <= base || (log->closed && sequence - base > log->size))
            continue;
        *ret_generation = log->generation;
        *ret_index = sequence - base - 1;
        return ENT_OK;
    }
    return ENT_E_NOTFOUND;
}

/* --- heads --------------------------------------------------------------------------------------
 */

static bool same_key(const struct ent_pubkey *a, const struct ent_pubkey *b)
{
    return memcmp(a->b, b->b, sizeof(a->b)) == 0;
}

#define NEWEST SIZE_MAX

/* The key that this member's witness had then; NULL when that is not known. */
static const struct ent_pubkey *witness_then(const struct ent_roster_member *m, size_t version)
{
    for (size_t i = 0; i < m->formers && version != NEWEST; i++)
        if (version < m->former[i].until)
            return version >= m->former[i].from ? &m->former[i].pk : NULL;
    return &m->witness;
}

static bool on_panel(const struct ent_roster *r, size_t i, size_t version)
{
    return version == NEWEST ? r->member[i].panel : ent_members_has(&r->then[version].panel, i);
}

/* Names are no help here: what a witness signs does not hold its name. */
static bool counts(const struct ent_roster *r, const struct ent_roster_member *own, size_t i,
                   const struct ent_members *by, size_t version)
{
    const struct ent_pubkey *pk = witness_then(&r->member[i], version), *other;
    if (pk == NULL || !on_panel(r, i, version) || &r->member[i] == own)
        return false;
    if ((other = witness_then(own, version)) != NULL && same_key(pk, other))
        return false;
    for (size_t k = 0; k < i; k++)
        if (ent_members_has(by, k) && same_key(pk, witness_then(&r->member[k], version)))
            return false;
    return true;
}

static int64_t median(int64_t *time, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        int64_t t = time[i];
        size_t k = i;
        for (; k > 0 && time[k - 1] > t; k--)
            time[k] = time[k - 1];
        time[k] = t;
    }
    return n == 0 ? 0 : time[(n - 1) / 2];
}

static enum ent_err count_witnesses(const struct ent_roster *r, struct ent_standing *ret,
                                    const struct ent_note *note,
                                    const struct ent_roster_member *own, size_t version,
                                    struct ent_diag *d)
{
    struct ent_standing st = {.k = version == NEWEST ? r->k : r->then[version].k};
    char name[ENT_NAME_MAX + 16];
    int64_t time[ENT_ROSTER_MEMBERS], at = 0;
    for (size_t i = 0; i < r->members; i++) {
        const struct ent_pubkey *pk = witness_then(&r->member[i], version);
        ent_key_name(name, r->member[i].name, "witness");
        enum ent_err e = pk == NULL ? ENT_E_NOTFOUND : ent_cosign_check(note, &at, name, pk);
        if (e == ENT_E_NOTFOUND)
            continue;
        if (e != ENT_OK)
            return ent_fail(d, ENT_E_AUTH, "cosignature of a witness does not hold", 0, 0);
        if (!counts(r, own, i, &st.by, version))
            continue;
        time[st.cosigned++] = at;
        ent_members_add(&st.by, i);
    }
    st.accepted = st.k > 0 && st.cosigned >= st.k;
    st.not_later = median(time, st.cosigned);
    *ret = st;
    return ENT_OK;
}

static enum ent_err check_head(const struct ent_roster *r, struct ent_standing *ret,
                               struct ent_checkpoint *ret_cp, struct ent_slice note_bytes,
                               size_t version, struct ent_diag *d)
{
    struct ent_note note;
    struct ent_checkpoint cp;
    const struct ent_roster_member *own;
    const struct ent_log_key *log;
    char origin[ENT_LOG_ORIGIN];
    enum ent_err e;
    if ((e = ent_note_parse(&note, note_bytes, d)) != ENT_OK ||
        (e = ent_checkpoint_parse(&cp, note.text, d)) != ENT_OK)
        return e;
    if (ent_roster_log(r, &own, &log, cp.origin) != ENT_OK)
        return ent_fail(d, ENT_E_NOTFOUND, "head of a log that is none of this pact's", 0, 0);
    ent_roster_origin(r, origin, own->name, log->generation);
    if (ent_note_check(&note, origin, &log->pk) != ENT_OK)
        return ent_fail(d, ENT_E_AUTH, "head not signed by its log", 0, 0);
    if ((e = count_witnesses(r, ret, &note, own, version, d)) == ENT_OK && ret_cp != NULL)
        *ret_cp = cp;
    return e;
}

enum ent_err ent_roster_check_head(const struct ent_roster *r, struct ent_standing *ret,
                                   struct ent_checkpoint *ret_cp, struct ent_slice note_bytes,
                                   struct ent_diag *d)
{
    return check_head(r, ret, ret_cp, note_bytes, NEWEST, d);
}

enum ent_err ent_roster_check_head_then(const struct ent_roster *r, struct ent_standing *ret,
                                        struct ent_slice note_bytes, size_t version,
                                        struct ent_diag *d)
{
    ENT_ASSERT(version < r->versions);
    return check_head(r, ret, NULL, note_bytes, version, d);
}

bool ent_roster_differs(const struct ent_roster *r, size_t version)
{
    if (version + 1 >= r->versions)
        return true;
    if (r->then[version].k != r->then[version + 1].k ||
        memcmp(&r->then[version].panel, &r->then[version + 1].panel, sizeof(struct ent_members)) !=
            0)
        return true;
    for (size_t i = 0; i < r->members; i++)
        for (size_t k = 0; k < r->member[i].formers; k++)
            if (r->member[i].former[k].until == version + 1)
                return true;
    return false;
}
