/*
 * daemon_birth.c: what each child is given at its birth: its user, its keys, the configuration.
 */
#include "node/daemon_parts.h"

#include "node/hooks.h"

#include <pwd.h>
#include <sys/stat.h>

/* As root: the keeper is who owns the home, the others are nobody's, each a user of its own where
 * the system has one. */
static enum ent_err whom(struct ent_daemon *d, const struct child *c, struct ent_birth *b)
{
    char name[64];
    struct stat st;
    if (geteuid() != 0)
        return ENT_OK;
    if (c->at.process == ENT_PROCESS_KEEPER) {
        if (stat(d->home, &st) != 0)
            return ENT_E_IO;
        b->uid = st.st_uid;
        b->gid = st.st_gid;
        return ENT_OK;
    }
    (void)snprintf(name, sizeof(name), "entente-%s", ent_process_word(c->at.process));
    const struct passwd *p = getpwnam(name);
    if (p == NULL)
        p = getpwnam("nobody");
    if (p == NULL || p->pw_uid == 0 || p->pw_gid == 0)
        return ENT_E_POLICY;
    b->uid = p->pw_uid;
    b->gid = p->pw_gid;
    return ENT_OK;
}

static enum ent_err read_pem(const char *path, char ret[static ENT_BIRTH_PEM])
{
    struct ent_buf b;
    ent_buf_init(&b, ENT_BIRTH_PEM - 1);
    enum ent_err r = ent_file_read(&b, NULL, path);
    if (r == ENT_OK && b.n > 0)
        memcpy(ret, b.p, b.n);
    ent_buf_wipe(&b);
    return r;
}

/* One that was free to take any takes the same again. */
static void keep_port(char listen[static ENT_CONFIG_TEXT_MAX], uint16_t port)
{
    char *colon = strrchr(listen, ':');
    if (port != 0 && colon != NULL && strcmp(colon, ":0") == 0)
        (void)snprintf(colon, (size_t)(listen + ENT_CONFIG_TEXT_MAX - colon), ":%u", port);
}

static enum ent_err fill_front(struct ent_daemon *d, struct ent_birth *b)
{
    keep_port(b->config.listen, d->port);
    keep_port(b->config.users_listen, d->users_port);
    ent_node_seed(&b->tls, &d->keys->node, ENT_NODE_TLS, 0);
    ent_node_seed(&b->web, &d->keys->node, ENT_NODE_WEB, 0);
    if (d->config.users_cert[0] == '\0')
        return ENT_OK;
    enum ent_err r = read_pem(d->config.users_cert, b->cert_pem);
    return r == ENT_OK ? read_pem(d->config.users_key, b->key_pem) : r;
}

/* Its file may lie anywhere, and the keeper sees the home alone. */
static enum ent_err fill_keeper(struct ent_daemon *d, struct ent_birth *b)
{
    struct ent_buf secret;
    (void)snprintf(b->home, sizeof(b->home), "%s", d->home);
    if (d->config.webhook_url[0] == '\0')
        return ENT_OK;
    enum ent_err r = ent_hook_secret_read(&secret, NULL, d->config.webhook_secret);
    if (r == ENT_OK)
        memcpy(b->hook_secret, secret.p, secret.n);
    ent_buf_wipe(&secret);
    return r;
}

enum ent_err ent_daemon_fill(struct ent_daemon *d, const struct child *c)
{
    struct ent_birth *b = d->birth;
    *b = (struct ent_birth){.self = c->at, .config = d->config, .pad = d->o.pad};
    (void)snprintf(b->name, sizeof(b->name), "%s", d->o.name);
    enum ent_err r = whom(d, c, b);
    if (r == ENT_OK && c->at.process == ENT_PROCESS_KEEPER)
        r = fill_keeper(d, b);
    if (c->at.process == ENT_PROCESS_SIGNER)
        b->keys = d->keys->book;
    if (r == ENT_OK && c->at.process == ENT_PROCESS_FRONT)
        r = fill_front(d, b);
    return r;
}
