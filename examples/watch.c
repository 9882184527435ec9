/*
 * watch.c: find the indicators of a member's home in standard input, with libentente alone:
 *
 *     cc watch.c $(pkg-config --cflags --libs entente) -o watch
 *     ./watch ~/.entente < access.log
 *
 * `entente import` keeps the image current. What a hit's number stands for (who says so, how sure,
 * until when) is in the home's store, which this program does not read.
 */
#include <stdio.h>
#include <entente/watch.h>

static enum ent_err on_hit(void *ctx, const struct ent_hit *hit)
{
    (void)ctx;
    printf("%llu: %.*s is %s %.*s, number %llu\n", (unsigned long long)hit->line, (int)hit->seen.n,
           (const char *)hit->seen.p, ent_obs_type_name(hit->indicator_type), (int)hit->indicator.n,
           (const char *)hit->indicator.p, (unsigned long long)hit->id);
    return ENT_OK;
}

static enum ent_err open_image(struct ent_watch **ret, const char **ret_why, const char *home)
{
    char key_path[4096], path[4096];
    uint8_t key[32];
    enum ent_err r;
    int a = snprintf(key_path, sizeof(key_path), "%s/keys/image", home);
    int b = snprintf(path, sizeof(path), "%s/image/indicators", home);
    if (a >= (int)sizeof(key_path) || b >= (int)sizeof(path))
        return ENT_E_LIMIT;
    if ((r = ent_watch_read_key(key, ret_why, key_path)) != ENT_OK)
        return r;
    return ent_watch_open(ret, ret_why, path, key);
}

static enum ent_err scan(const struct ent_watch *w, FILE *in)
{
    static char buf[1 << 18];
    const struct ent_scan_events events = {.ctx = NULL, .hit = on_hit};
    struct ent_scan *s = NULL;
    size_t n;
    enum ent_err r = ent_scan_new(&s, w, &events);
    while (r == ENT_OK && (n = fread(buf, 1, sizeof(buf), in)) > 0)
        r = ent_scan_feed(s, buf, n);
    if (r == ENT_OK)
        r = ent_scan_end(s);
    ent_scan_free(s);
    return r;
}

int main(int argc, char **argv)
{
    struct ent_watch *w = NULL;
    const char *why = NULL;
    if (argc != 2) {
        fprintf(stderr, "usage: watch HOME < log\n");
        return 2;
    }
    enum ent_err r = open_image(&w, &why, argv[1]);
    if (r == ENT_OK)
        r = scan(w, stdin);
    if (r != ENT_OK)
        fprintf(stderr, "watch: %s\n", why != NULL ? why : ent_err_str(r));
    ent_watch_free(w);
    return r != ENT_OK;
}
