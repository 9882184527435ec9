/* web_files.h: the files of web/ inside the program (tools/embed makes the table). */
#ifndef ENT_NODE_WEB_FILES_H
#define ENT_NODE_WEB_FILES_H

#include <stddef.h>
#include <stdint.h>

struct ent_web_file {
    const char *name; /* "app.js" */
    const char *type;
    const char *etag; /* with quotes: SHA-256 of the bytes */
    const uint8_t *bytes;
    size_t n;
};
extern const struct ent_web_file ent_web_files[];
extern const size_t ent_web_files_count;

#endif
