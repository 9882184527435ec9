/* common.c: what several commands do: signals, homes, passphrases. */
#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <termios.h>

#define PASSPHRASE_MAX 1024u

atomic_bool cli_stop;

static void on_signal(int sig)
{
    (void)sig;
    atomic_store(&cli_stop, true);
}

void cli_catch_signals(void)
{
    /* Once: a second Ctrl-C ends the program the usual way. No SA_RESTART, so that a read from a
     * pipe or a terminal comes back. */
    struct sigaction sa = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
    (void)sigaction(SIGINT, &sa, NULL);
    (void)sigaction(SIGTERM, &sa, NULL);
    sa = (struct sigaction){.sa_handler = SIG_IGN};
    (void)sigaction(SIGPIPE, &sa, NULL);
}

int cli_load_config(const struct session *s, struct ent_config *ret)
{
    char path[ENT_PATH_MAX];
    struct ent_diag d = {0};
    struct ent_config_problems problems = {.n = 0};
    enum ent_err r = ent_home_path(s->home, path, "config");
    if (r == ENT_OK && (r = ent_config_load(ret, &problems, &d, path)) == ENT_OK)
        return EXIT_DONE;
    cli_config_problems(&problems, path);
    return problems.n > 0 ? EXIT_INPUT : cli_fail(r, &d, path);
}

static int open_by(struct session *s, const struct args *a,
                   enum ent_err (*open)(struct ent_home **ret, struct ent_diag *d, const char *dir))
{
    char dir[ENT_PATH_MAX];
    struct ent_diag d = {0};
    enum ent_err r = ENT_OK;
    *s = (struct session){0};
    if (a->home == NULL && (r = ent_home_default(dir)) != ENT_OK)
        return cli_fail(r, NULL, "neither --home, $ENTENTE_HOME nor $HOME says where to look");
    const char *home = a->home != NULL ? a->home : dir;
    if ((r = open(&s->home, &d, home)) != ENT_OK)
        return cli_fail(r, &d, home);
    return cli_load_config(s, &s->config);
}

int cli_open_card(struct session *s, const struct args *a)
{
    return open_by(s, a, ent_home_open_card);
}

int cli_open(struct session *s, const struct args *a, bool with_store)
{
    char path[ENT_PATH_MAX];
    struct ent_diag d = {0};
    enum ent_err r;
    int code = open_by(s, a, ent_home_open);
    if (code != EXIT_DONE || !with_store)
        return code;
    if ((r = ent_home_path(s->home, path, "store.db")) != ENT_OK ||
        (r = ent_store_open(&s->store, &d, path)) != ENT_OK ||
        (r = ent_upgrade(s->store, &d)) != ENT_OK)
        return cli_fail(r, &d, path);
    return EXIT_DONE;
}

void cli_close(struct session *s)
{
    ent_book_close(s->book);
    ent_store_close(s->store);
    ent_home_free(s->home);
    *s = (struct session){0};
}

/* --- passphrases --------------------------------------------------------------------------------
 */

void cli_passphrase_release(struct passphrase *p)
{
    ent_buf_wipe(&p->text);
    p->known = false;
}

/* The first line of the file. */
static int from_file(struct passphrase *p, const char *path)
{
    struct ent_diag d = {0};
    ent_buf_init(&p->text, PASSPHRASE_MAX);
    enum ent_err r = ent_file_read(&p->text, &d, path);
    if (r != ENT_OK)
        return cli_fail(r, &d, path);
    const uint8_t *nl = p->text.n == 0 ? NULL : memchr(p->text.p, '\n', p->text.n);
    if (nl != NULL)
        p->text.n = (size_t)(nl - p->text.p);
    if (p->text.n == 0)
        return cli_fail(ENT_E_FORMAT, &(struct ent_diag){.text = "holds no passphrase"}, path);
    p->known = true;
    return EXIT_DONE;
}

int cli_ask(struct passphrase *p, const char *prompt, const char *none)
{
    struct termios old, quiet;
    enum ent_err r = ENT_OK;
    ent_buf_init(&p->text, PASSPHRASE_MAX);
    int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (fd < 0 || tcgetattr(fd, &old) != 0) {
        if (fd >= 0)
            (void)close(fd);
        return cli_fail(ENT_E_AUTH, &(struct ent_diag){.text = none}, NULL);
    }
    quiet = old;
    quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK);
    quiet.c_lflag |= ECHONL;
    (void)tcsetattr(fd, TCSAFLUSH, &quiet);
    (void)!write(fd, prompt, strlen(prompt));
    for (;;) {
        char c;
        ssize_t n = read(fd, &c, 1);
        if (n < 0 && errno == EINTR && !atomic_load(&cli_stop))
            continue;
        if (n != 1 || c == '\n')
            break;
        if ((r = ent_buf_putc(&p->text, c)) != ENT_OK)
            break;
    }
    (void)tcsetattr(fd, TCSAFLUSH, &old);
    (void)close(fd);
    if (atomic_load(&cli_stop))
        r = ENT_E_INTERRUPTED;
    p->known = r == ENT_OK;
    return r == ENT_OK ? EXIT_DONE : cli_fail(r, NULL, "reading from the terminal");
}

static int from_terminal(struct passphrase *p, const char *prompt)
{
    return cli_ask(p, prompt,
                   "a passphrase is needed and there is no terminal to ask on; give "
                   "--passphrase-file FILE");
}

static const char *file_for(const struct args *a)
{
    const char *env = getenv("ENTENTE_PASSPHRASE_FILE");
    return a->passphrase_file != NULL    ? a->passphrase_file
           : env != NULL && *env != '\0' ? env
                                         : NULL;
}

int cli_new_passphrase(const struct args *a, struct passphrase *p)
{
    struct passphrase again = {0};
    const char *file = file_for(a);
    ent_secret_harden_process();
    if (file != NULL)
        return from_file(p, file);
    int code = from_terminal(p, "A passphrase for this member's keys: ");
    if (code == EXIT_DONE && p->text.n == 0)
        return cli_fail(ENT_E_AUTH,
                        &(struct ent_diag){.text = "an empty passphrase protects nothing; "
                                                   "--no-passphrase leaves keys open"},
                        NULL);
    if (code == EXIT_DONE)
        code = from_terminal(&again, "The same again: ");
    if (code == EXIT_DONE && !ent_slice_eq(ent_buf_slice(&p->text), ent_buf_slice(&again.text)))
        code = cli_fail(ENT_E_AUTH, &(struct ent_diag){.text = "the two passphrases differ"}, NULL);
    cli_passphrase_release(&again);
    return code;
}

static int obtain(const struct args *a, struct passphrase *p, enum ent_key_role role)
{
    const char *file = file_for(a);
    if (file == NULL && p->unattended)
        return cli_fail(ENT_E_AUTH,
                        &(struct ent_diag){.text = "a passphrase is needed, and nobody is asked "
                                                   "while a node runs"},
                        ent_key_role_name(role));
    return file != NULL ? from_file(p, file) : from_terminal(p, "Passphrase: ");
}

/* Known from here on, if this key needs one. */
static int get_passphrase(const struct session *s, const struct args *a, struct passphrase *p,
                          enum ent_key_role role)
{
    struct ent_diag d = {0};
    bool locked = false;
    ent_secret_harden_process(); /* before there is anything that a core dump could hold */
    enum ent_err r = ent_home_key_is_locked(s->home, &locked, &d, role);
    if (r != ENT_OK)
        return cli_fail(r, &d, ent_key_role_name(role));
    return !locked || p->known ? EXIT_DONE : obtain(a, p, role);
}

int cli_passphrase(const struct session *s, const struct args *a, struct passphrase *p)
{
    int code = get_passphrase(s, a, p, ENT_KEY_AUTHOR);
    return code == EXIT_DONE ? get_passphrase(s, a, p, ENT_KEY_NODE) : code;
}

int cli_passphrase_any(const struct session *s, const struct args *a, struct passphrase *p)
{
    static const enum ent_key_role roles[] = {ENT_KEY_AUTHOR, ENT_KEY_NODE};
    ent_secret_harden_process();
    for (size_t i = 0; i < 2; i++)
        if (ent_home_key_any_is_locked(s->home, roles[i]))
            return p->known ? EXIT_DONE : obtain(a, p, roles[i]);
    return EXIT_DONE;
}

int cli_key(const struct session *s, const struct args *a, struct passphrase *p,
            enum ent_key_role role, struct ent_seed32 *ret)
{
    struct ent_diag d = {0};
    int code = get_passphrase(s, a, p, role);
    if (code != EXIT_DONE)
        return code;
    enum ent_err r = ent_home_key(s->home, ret, &d, role, ent_buf_slice(&p->text));
    return r == ENT_OK ? EXIT_DONE : cli_fail(r, &d, ent_key_role_name(role));
}

/* --- the book -----------------------------------------------------------------------------------
 */

static void say_mended(void *ctx, const char *file)
{
    (void)ctx;
    (void)fprintf(stderr, "entente: %s: was damaged, and is made or fetched again\n", file);
}

int cli_book_keys(const struct session *s, const struct args *a, struct passphrase *p,
                  struct ent_book_keys *ret, struct ent_seed32 *ret_tls)
{
    const char *which = NULL;
    struct ent_diag d = {0};
    int code = cli_passphrase(s, a, p);
    if (code != EXIT_DONE)
        return code;
    struct ent_book_wants wants;
    struct ent_seed32 node = {{0}};
    ent_home_book_wants(s->home, &wants);
    enum ent_err r =
        ent_home_book_keys(s->home, ret, &node, &d, &wants, ent_buf_slice(&p->text), &which);
    ent_node_seed(ret_tls, &node, ENT_NODE_TLS, 0);
    ent_wipe(&node, sizeof(node));
    return r == ENT_OK ? EXIT_DONE : cli_fail(r, &d, which);
}

int cli_book(struct session *s, const struct args *a, struct own_keys *ret)
{
    struct ent_book_opts opts = {.home = s->home, .mended = say_mended};
    struct passphrase own = {0}, *p = ret != NULL && ret->by != NULL ? ret->by : &own;
    struct ent_book_keys keys;
    struct ent_diag d = {0};
    int code = EXIT_DONE;
    if (ret != NULL) {
        if ((code = cli_book_keys(s, a, p, &keys, &ret->tls)) == EXIT_DONE && ret->with_root)
            code = cli_key(s, a, p, ENT_KEY_ROOT, &ret->root);
        cli_passphrase_release(&own);
        opts.keys = &keys;
    }
    if (code == EXIT_DONE) {
        enum ent_err r = ent_book_open(&s->book, &d, &opts);
        if (r != ENT_OK)
            code = cli_fail(r, &d, s->home->dir);
    }
    ent_wipe(&keys, sizeof(keys));
    return code;
}

int cli_visit(struct session *s, const struct args *a, const struct own_keys *keys, struct visit *v)
{
    const struct ent_couriers_opts opts = {.home = s->home,
                                           .book = s->book,
                                           .tls = &keys->tls,
                                           .brief = v->brief,
                                           .member = v->partner,
                                           .url = v->partner != NULL ? a->url : NULL};
    struct ent_diag d = {0};
    enum ent_err r = ent_couriers_once(&d, &opts, &v->tally);
    if (r != ENT_OK)
        return cli_fail(r, &d, "visiting the others");
    const enum ent_log_state state = ent_log_state(ent_book_log(s->book));
    /* Before a match the partner is asked once more, with more patience. */
    if (v->partner != NULL && state == ENT_LOG_UNASKED)
        return EXIT_DONE;
    if (v->before && state != ENT_LOG_READY)
        return cli_fail(ENT_E_POLICY, &(struct ent_diag){.text = ent_log_state_text(state)},
                        s->home->dir);
    return EXIT_DONE;
}

const char *cli_type_counts(char ret[static 512], const uint64_t count[static ENT_OBS_TYPES])
{
    char number[ENT_NUM_TEXT];
    size_t n = 0;
    (void)snprintf(ret, 512, "nothing");
    for (int t = 1; t < ENT_OBS_TYPES; t++) {
        if (count[t] == 0)
            continue;
        int more =
            snprintf(ret + n, 512 - n, "%s%s %s", n == 0 ? "" : ", ",
                     ent_show_count(number, count[t]), ent_obs_type_name((enum ent_obs_type)t));
        n += more < 0 ? 0 : (size_t)more;
        if (n >= 512)
            break;
    }
    return ret;
}
