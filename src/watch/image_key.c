/* image_key.c: the key of images as text, and images for programs that embed the library, which
 * have the key as 32 bytes. */
#include "watch/watch.h"

/* --- the key ------------------------------------------------------------------------------------
 */

enum ent_err ent_image_key_parse(struct ent_seed32 *ret, struct ent_slice text)
{
    struct ent_seed32 key;
    struct ent_lines l;
    ent_lines_start(&l, text);
    ent_lines_exact(&l, "entente/image-key@v1");
    ent_lines_key(&l, "key");
    ent_lines_b64(&l, key.b, sizeof(key.b));
    enum ent_err r = ent_lines_end(&l);
    if (r == ENT_OK)
        *ret = key;
    ent_wipe(&key, sizeof(key));
    return r;
}

enum ent_err ent_image_key_encode(struct ent_buf *b, const struct ent_seed32 *key)
{
    char b64[ENT_BASE64_LEN(32)];
    ent_base64_encode(b64, key->b, sizeof(key->b));
    enum ent_err r = ent_buf_printf(b, "entente/image-key@v1\nkey %s\n", b64);
    ent_wipe(b64, sizeof(b64));
    return r;
}

/* --- for programs that embed the library --------------------------------------------------------
 */

static enum ent_err say(const char **ret_why, const struct ent_diag *d, enum ent_err r)
{
    if (r != ENT_OK && ret_why != NULL)
        *ret_why = d->text != NULL ? d->text : ent_err_str(r);
    return r;
}

enum ent_err ent_watch_save(const struct ent_watch *w, const char **ret_why, const char *path,
                            const uint8_t *key32)
{
    const struct ent_image_facts facts = {.built = ent_clock_now()};
    struct ent_diag d = {0};
    struct ent_seed32 key;
    memcpy(key.b, key32, sizeof(key.b));
    enum ent_err r = ent_image_write(w, &d, path, &key, &facts);
    ent_wipe(&key, sizeof(key));
    return say(ret_why, &d, r);
}

enum ent_err ent_watch_open(struct ent_watch **ret, const char **ret_why, const char *path,
                            const uint8_t *key32)
{
    struct ent_diag d = {0};
    struct ent_seed32 key;
    memcpy(key.b, key32, sizeof(key.b));
    enum ent_err r = ent_image_open(ret, &d, path, &key);
    ent_wipe(&key, sizeof(key));
    return say(ret_why, &d, r);
}

enum ent_err ent_watch_read_key(uint8_t *ret_key32, const char **ret_why, const char *path)
{
    struct ent_diag d = {0};
    struct ent_seed32 key;
    struct ent_buf b;
    ent_buf_init(&b, 1024);
    enum ent_err r = ent_file_read(&b, &d, path);
    if (r == ENT_OK && (r = ent_image_key_parse(&key, ent_buf_slice(&b))) != ENT_OK)
        r = ent_fail(&d, r, "not the key of an image", 0, 0);
    if (r == ENT_OK)
        memcpy(ret_key32, key.b, sizeof(key.b));
    ent_buf_wipe(&b);
    ent_wipe(&key, sizeof(key));
    return say(ret_why, &d, r);
}
