/* apart.c: see apart.h. */
#include "tests/support/apart.h"
#include "tests/support/t.h"

#include "node/files_msg.h"

static enum ent_err serve_files(void *ctx, struct ent_msg *ret, struct ent_msg *call)
{
    struct apart_files *f = ctx;
    enum ent_err r = ent_keeper_files_serve(&f->keeper, ret, call);
    if (r == ENT_OK && ret->bytes.p[0] == ENT_E_POLICY) {
        printf("# denied: %#x %.*s\n", call->type, (int)call->bytes.p[0],
               (const char *)call->bytes.p + 1);
        f->denied++;
    }
    return r;
}

static void open_files(struct apart_files *f, const char *dir, const struct ent_files_rule *rules)
{
    assert_ok(ent_keeper_files_open(&f->keeper, NULL, dir, rules));
    f->direct = (struct ent_direct){serve_files, f, ENT_FILES_ANSWER_MAX};
    const struct ent_caller keeper = ent_caller_direct(&f->direct);
    ent_disk_remote_init(&f->remote, &keeper);
}

static void close_files(struct apart_files *f)
{
    ent_disk_remote_release(&f->remote);
    ent_keeper_files_close(&f->keeper);
    assert_int_equal(f->denied, 0);
}

void apart_open(struct apart *a, struct ent_home **ret_home, const char *dir)
{
    *a = (struct apart){.remote = NULL};
    open_files(&a->ledger, dir, ent_files_of_ledger);
    open_files(&a->signer, dir, ent_files_of_signer);
    assert_ok(ent_home_open_on(ret_home, NULL, dir, &a->ledger.remote.disk));
}

void apart_close(struct apart *a)
{
    close_files(&a->ledger);
    close_files(&a->signer);
}

void apart_sign(struct apart *a, const struct ent_home *home, const struct ent_roster *roster,
                const struct ent_book_keys *keys)
{
    assert_ok(ent_signing_start(&a->signing, NULL, home->self.name, roster, &a->signer.remote.disk,
                                keys));
    ent_signer_service_init(&a->service, a->signing.signer);
    a->direct = (struct ent_direct){ent_signer_serve, &a->service, ENT_SIGNER_ANSWER_MAX};
    const struct ent_caller signer = ent_caller_direct(&a->direct);
    assert_ok(ent_signer_remote(&a->remote, NULL, &signer));
}

void apart_unsign(struct apart *a)
{
    if (a->remote == NULL)
        return;
    ent_signer_remote_free(a->remote);
    a->remote = NULL;
    ent_signer_service_release(&a->service);
    ent_signing_end(&a->signing);
}
