/* files_msg.c: see files_msg.h. */
#include "node/node.h"
#include "node/files_msg.h"

#define SYS_MAX 255

/* --- who may say what ---------------------------------------------------------------------------
 */

#define LEDGER ENT_MSG_BIT(ENT_PROCESS_LEDGER)
#define READER (LEDGER | ENT_MSG_BIT(ENT_PROCESS_SIGNER))
#define KEEPER ENT_MSG_BIT(ENT_PROCESS_KEEPER)

/* clang-format off */
#define ROWS(what, from, bytes, most, fd)                                                          \
    {ENT_MSG_FILES + (what), ENT_MSG_CALL, (from), ENT_MSG_ANY, 2, ENT_DISK_NAME_MAX + (bytes),    \
     ENT_MSG_FD_NONE},                                                                             \
    {ENT_MSG_FILES + (what), ENT_MSG_ANSWER, KEEPER, ENT_MSG_ANY, 1, (most), (fd)}

/* table */
const struct ent_msg_row ent_files_rows[ENT_FILES_ROWS] = {
    ROWS(ENT_FILES_READ, READER, 0, 2, ENT_MSG_FD_MAY),
    ROWS(ENT_FILES_WRITE, LEDGER, 0, 2, ENT_MSG_FD_MAY),
    ROWS(ENT_FILES_MAKE, LEDGER, 0, 2, ENT_MSG_FD_MAY),
    ROWS(ENT_FILES_LOCK, LEDGER, 0, 2, ENT_MSG_FD_MAY),
    ROWS(ENT_FILES_IDENTIFY, READER, 0, 17, ENT_MSG_FD_NONE),
    ROWS(ENT_FILES_SETTLE, LEDGER, 0, 2, ENT_MSG_FD_NONE),
    ROWS(ENT_FILES_REPLACE, LEDGER, ENT_FILES_BYTES_MAX, 2, ENT_MSG_FD_NONE),
    ROWS(ENT_FILES_CREATE, LEDGER, ENT_FILES_BYTES_MAX, 2, ENT_MSG_FD_NONE),
    ROWS(ENT_FILES_REMOVE, LEDGER, 0, 2, ENT_MSG_FD_NONE),
    ROWS(ENT_FILES_LIST, READER, 0, ENT_FILES_ANSWER_MAX, ENT_MSG_FD_NONE),
};
/* clang-format on */

/* --- as bytes -----------------------------------------------------------------------------------
 */

static bool has_bytes(enum ent_files_what what)
{
    return what == ENT_FILES_REPLACE || what == ENT_FILES_CREATE;
}

enum ent_err ent_files_request_encode(struct ent_buf *ret, const struct ent_files_request *q)
{
    const size_t n = strlen(q->name);
    enum ent_err r;
    if (q->bytes.n > ENT_FILES_BYTES_MAX)
        return ENT_E_LIMIT;
    if ((r = ent_buf_putc(ret, (char)n)) != ENT_OK || (r = ent_buf_put(ret, q->name, n)) != ENT_OK)
        return r;
    return has_bytes(q->what) ? ent_buf_put_slice(ret, q->bytes) : ENT_OK;
}

enum ent_err ent_files_request_parse(struct ent_files_request *ret, enum ent_files_what what,
                                     struct ent_slice bytes)
{
    struct ent_files_request q = {.what = what, .bytes = {NULL, 0}};
    struct ent_cur c = ent_cur(bytes);
    uint8_t n;
    if (ent_cur_u8(&c, &n) != ENT_OK || n >= sizeof(q.name) ||
        ent_cur_copy(&c, q.name, n) != ENT_OK)
        return ENT_E_FORMAT;
    /* A NUL in the middle would leave another name than was checked. */
    if (strlen(q.name) != n || !ent_disk_name_is_valid(q.name))
        return ENT_E_FORMAT;
    if (has_bytes(q.what) && c.n <= ENT_FILES_BYTES_MAX)
        q.bytes = ent_slice(c.p, c.n);
    else if (c.n > 0)
        return ENT_E_FORMAT;
    *ret = q;
    return ENT_OK;
}

enum ent_err ent_files_answer_encode(struct ent_buf *ret, enum ent_files_what what,
                                     const struct ent_files_answer *a)
{
    const uint8_t head[2] = {(uint8_t)a->err,
                             (uint8_t)(a->sys < 0 || a->sys > SYS_MAX ? 0 : a->sys)};
    uint8_t id[16];
    enum ent_err r = ent_buf_put(ret, head, a->err == ENT_OK ? 1 : sizeof(head));
    if (r != ENT_OK || a->err != ENT_OK)
        return r;
    ent_put_u64le(id, a->id.dev);
    ent_put_u64le(id + 8, a->id.ino);
    if (what == ENT_FILES_IDENTIFY)
        return ent_buf_put(ret, id, sizeof(id));
    return what == ENT_FILES_LIST ? ent_buf_put_slice(ret, a->names) : ENT_OK;
}

/* Each a name without folders, and behind the one before. */
static bool are_names(struct ent_slice names)
{
    struct ent_cur c = ent_cur(names);
    struct ent_slice line, before = {NULL, 0};
    char name[ENT_DISK_NAME_MAX];
    while (c.n > 0) {
        if (ent_cur_line(&c, &line) != ENT_OK || line.n == 0 || line.n >= sizeof(name) ||
            ent_slice_cmp(before, line) >= 0)
            return false;
        memcpy(name, line.p, line.n);
        name[line.n] = '\0';
        if (strlen(name) != line.n || strchr(name, '/') != NULL || !ent_disk_name_is_valid(name))
            return false;
        before = line;
    }
    return true;
}

enum ent_err ent_files_answer_parse(struct ent_files_answer *ret, enum ent_files_what what,
                                    struct ent_slice bytes)
{
    struct ent_files_answer a = {.sys = 0};
    struct ent_cur c = ent_cur(bytes);
    uint8_t err, sys = 0;
    if (ent_cur_u8(&c, &err) != ENT_OK || err > ENT_E_UNSUPPORTED ||
        (err != ENT_OK && ent_cur_u8(&c, &sys) != ENT_OK))
        return ENT_E_FORMAT;
    a.err = (enum ent_err)err;
    a.sys = sys;
    if (a.err == ENT_OK && what == ENT_FILES_IDENTIFY &&
        (ent_cur_u64le(&c, &a.id.dev) != ENT_OK || ent_cur_u64le(&c, &a.id.ino) != ENT_OK))
        return ENT_E_FORMAT;
    if (a.err == ENT_OK && what == ENT_FILES_LIST) {
        a.names = ent_slice(c.p, c.n);
        if (c.n > ENT_DISK_LIST_MAX || !are_names(a.names))
            return ENT_E_FORMAT;
    } else if (ent_cur_end(&c) != ENT_OK) {
        return ENT_E_FORMAT;
    }
    *ret = a;
    return ENT_OK;
}
