/* signer_lock.c: what was signed before, as it lies below lock/. Whoever can write there can make a
 * signer forget, so the signatures are not what is asked about: a head is one that parses. */
#include "ledger/ledger.h"
#include "ledger/signer.h"

static int64_t time_by(const struct ent_note *note, const char *self)
{
    char name[ENT_NAME_MAX + 16];
    int64_t last = 0;
    ent_key_name(name, self, "witness");
    for (size_t i = 0; i < note->sigs; i++) {
        const struct ent_note_sig *s = &note->sig[i];
        uint64_t t = 0;
        for (size_t k = 0; k < 8; k++)
            t = t << 8 | s->sig[k];
        if (s->sig_n == 8 + 64 && ent_slice_eq(s->name, ent_slice_str(name)) && t <= INT64_MAX &&
            (int64_t)t > last)
            last = (int64_t)t;
    }
    return last;
}

static enum ent_err file_of(char ret[static ENT_DISK_NAME_MAX], const struct ent_signer_lock *lock,
                            const struct ent_roster *roster, const char *origin, bool own)
{
    const struct ent_roster_member *m;
    const struct ent_log_key *key;
    if (own) {
        int n = snprintf(ret, ENT_DISK_NAME_MAX, "%s/checkpoint", lock->own);
        return n > 0 && (size_t)n < ENT_DISK_NAME_MAX ? ENT_OK : ENT_E_LIMIT;
    }
    if (roster == NULL || ent_roster_log(roster, &m, &key, ent_slice_str(origin)) != ENT_OK)
        return ENT_E_NOTFOUND;
    (void)snprintf(ret, ENT_DISK_NAME_MAX, "lock/heads/%s/%u", m->name, key->generation);
    return ENT_OK;
}

enum ent_err ent_signer_lock_last(void *ctx, struct ent_last_head *ret, struct ent_diag *d,
                                  const struct ent_roster *roster, const char *origin, bool own)
{
    const struct ent_signer_lock *lock = ctx;
    char name[ENT_DISK_NAME_MAX];
    struct ent_checkpoint cp = {.size = 0};
    struct ent_note *note = NULL;
    struct ent_buf b;
    ent_buf_init(&b, ENT_NOTE_MAX);
    enum ent_err r = file_of(name, lock, roster, origin, own);
    if (r == ENT_OK)
        r = ent_disk_load(lock->disk, &b, name);
    if (r == ENT_OK && (note = malloc(sizeof(*note))) == NULL)
        r = ent_fail(d, ENT_E_NOMEM, "out of memory", 0, 0);
    else if (r == ENT_OK && (ent_note_parse(note, ent_buf_slice(&b), NULL) != ENT_OK ||
                             ent_checkpoint_parse(&cp, note->text, NULL) != ENT_OK ||
                             !ent_slice_eq(cp.origin, ent_slice_str(origin))))
        r = ent_fail(d, ENT_E_AUTH, "the last head in the lock's place is damaged", 0, 0);
    else if (r != ENT_OK && r != ENT_E_NOTFOUND)
        r = ent_fail(d, r, "cannot read the last signed head", 0, 0);
    if (r == ENT_OK)
        *ret = (struct ent_last_head){cp.size, cp.root, own ? 0 : time_by(note, lock->self)};
    free(note);
    ent_buf_release(&b);
    return r;
}
