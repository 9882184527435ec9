/*
 * entente/watch.h: find known indicators in any bytes.
 *
 *     struct ent_watch *w;                  struct ent_scan *s;
 *     ent_watch_new(&w, 0);                 ent_scan_new(&s, w, &events);
 *     ent_watch_add(w, &observable, 7);     ent_scan_feed(s, bytes, n);   // as often as needed
 *     ent_watch_seal(w);                    ent_scan_end(s); ent_scan_free(s);
 *
 * What counts as a token, and when it matches, is defined in docs/watch.md: addresses are not found
 * inside longer numbers, a domain matches itself and everything below it, networks match what they
 * contain, hashes have exactly their length. Memory is bounded by the limit given at the start and
 * does not depend on the bytes scanned.
 */
#ifndef ENTENTE_WATCH_H
#define ENTENTE_WATCH_H

#include <entente/entente.h>
#include <entente/observable.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A set of indicators. Not thread-safe while it is filled; after ent_watch_seal() it never changes
 * and any number of scans in any threads may use it. */
struct ent_watch;

/* max_bytes bounds the memory of the set; 0 means 1 GiB. */
ENT_API ENT_MUST_USE enum ent_err ent_watch_new(struct ent_watch **ret, size_t max_bytes);

/* id is given back with each hit. The same observable twice keeps the first id. */
ENT_API ENT_MUST_USE enum ent_err ent_watch_add(struct ent_watch *w, const struct ent_observable *o,
                                                uint64_t id);
ENT_API ENT_MUST_USE enum ent_err ent_watch_seal(struct ent_watch *w);
ENT_API size_t ent_watch_count(const struct ent_watch *w);

/* Every indicator that o meets, the closest first: o itself; for a domain the domains above it; for
 * an address or a network the networks around it. indicator is valid during the call; an error that
 * each returns ends the walk. ENT_E_STATE before ent_watch_seal(). */
ENT_API ENT_MUST_USE enum ent_err ent_watch_lookup(
    const struct ent_watch *w, const struct ent_observable *o,
    enum ent_err (*each)(void *ctx, const struct ent_observable *indicator, uint64_t id),
    void *ctx);
ENT_API void ent_watch_free(struct ent_watch *w);

/* From now on only the indicators of these types (ENT_OBS_BIT()s) are there. For a sealed set that
 * no scan uses yet. */
ENT_API void ent_watch_select(struct ent_watch *w, uint32_t types);

/*
 * A sealed set as one file, the image, which is mapped and used where it lies: a million indicators
 * open in some milliseconds, and all processes share their memory. The file is authenticated under
 * a key of 32 bytes. There is no way around that: who could put another file in its place would
 * decide what is not found, and nobody would notice. It is made under another name and renamed, so
 * that whoever has the old one open keeps it; a file that is changed or cut where it lies is not
 * fit to be an image.
 *
 * *ret_why (if not NULL) is a fixed sentence that says what was wrong. ENT_E_AUTH: damaged, not
 * made with this key, or others may write to it; ENT_E_UNSUPPORTED: to be made again, by this
 * version.
 */
ENT_API ENT_MUST_USE enum ent_err ent_watch_save(const struct ent_watch *w, const char **ret_why,
                                                 const char *path, const uint8_t *key32);
ENT_API ENT_MUST_USE enum ent_err ent_watch_open(struct ent_watch **ret, const char **ret_why,
                                                 const char *path, const uint8_t *key32);

/* The key of a home's images: the file keys/image, beside which image/indicators lies. */
ENT_API ENT_MUST_USE enum ent_err ent_watch_read_key(uint8_t *ret_key32, const char **ret_why,
                                                     const char *path);

struct ent_hit {
    enum ent_obs_type seen_type;      /* what stood in the log ... */
    struct ent_slice seen;            /* ... in canonical form */
    enum ent_obs_type indicator_type; /* which indicator it met ... */
    struct ent_slice indicator;       /* ... in canonical form */
    uint64_t id;
    uint64_t line;   /* from 1 */
    uint64_t offset; /* of the token's first byte in the stream, from 0 */
    /* The token and bytes of the same line around it as they lie there, foreign and unescaped: at
     * most 256 on either side, fewer where the line is longer than what the scan keeps of it. */
    struct ent_slice around;
    size_t around_at; /* where the token's first byte is in it */
};

/* Slices are valid during the call only. A callback that returns an error stops the scan with it.
 */
struct ent_scan_events {
    void *ctx;
    enum ent_err (*hit)(void *ctx, const struct ent_hit *hit);
    /* Every observable found, public or not, known or not; NULL when not wanted (faster). One that
     * was told already may be left out when it comes again. */
    enum ent_err (*seen)(void *ctx, const struct ent_observable *o);
};

/* One stream of bytes. w must outlive it. */
struct ent_scan;
ENT_API ENT_MUST_USE enum ent_err ent_scan_new(struct ent_scan **ret, const struct ent_watch *w,
                                               const struct ent_scan_events *events);
ENT_API ENT_MUST_USE enum ent_err ent_scan_feed(struct ent_scan *s, const void *bytes, size_t n);
/* The end of the stream: reports what stood at its very end. */
ENT_API ENT_MUST_USE enum ent_err ent_scan_end(struct ent_scan *s);
ENT_API uint64_t ent_scan_lines(const struct ent_scan *s);
ENT_API void ent_scan_free(struct ent_scan *s);

#ifdef __cplusplus
}
#endif
#endif
