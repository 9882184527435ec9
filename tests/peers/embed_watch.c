/*
 * embed_watch.c: what a program that embeds libentente looks like. It reads standard input and
 * prints each line's number with what was found there:  embed_watch INDICATOR... < log
 */
#include <stdio.h>
#include <string.h>
#include <entente/watch.h>

static enum ent_err on_hit(void *ctx, const struct ent_hit *h)
{
    fprintf(ctx, "%llu: %.*s (%s)\n", (unsigned long long)h->line, (int)h->seen.n,
            (const char *)h->seen.p, ent_obs_type_name(h->indicator_type));
    return ENT_OK;
}

static enum ent_err scan_stdin(const struct ent_watch *w)
{
    struct ent_scan_events events = {.ctx = stdout, .hit = on_hit};
    struct ent_scan *s = NULL;
    char buf[65536];
    size_t n;
    enum ent_err r = ent_scan_new(&s, w, &events);
    while (r == ENT_OK && (n = fread(buf, 1, sizeof(buf), stdin)) > 0)
        r = ent_scan_feed(s, buf, n);
    if (r == ENT_OK)
        r = ent_scan_end(s);
    ent_scan_free(s);
    return r;
}

int main(int argc, char **argv)
{
    struct ent_watch *w = NULL;
    struct ent_observable o;
    enum ent_err r = ent_watch_new(&w, 0);
    for (int i = 1; i < argc && r == ENT_OK; i++) {
        struct ent_slice text = {(const uint8_t *)argv[i], strlen(argv[i])};
        if ((r = ent_observable_parse(&o, NULL, text)) == ENT_OK)
            r = ent_watch_add(w, &o, (uint64_t)i);
    }
    if (r == ENT_OK && (r = ent_watch_seal(w)) == ENT_OK)
        r = scan_stdin(w);
    ent_watch_free(w);
    if (r != ENT_OK)
        fprintf(stderr, "embed_watch: %s\n", ent_err_str(r));
    return r != ENT_OK;
}
