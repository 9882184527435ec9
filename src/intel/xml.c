/*
 * xml.c: expat, held to limits. A token that is not complete grows in expat's buffer, and expat
 * reads it again with each piece: the limit of a token bounds both, and pieces are whole ones,
 * however few bytes come at a time.
 */
#include "base/base.h"
#include "intel/xml.h"

#include <expat.h>
#include <stddef.h>

#define PIECE 16384

struct xml {
    const struct ent_xml_events *events;
    XML_Parser parser;
    uint64_t offset;     /* of the first byte in the file */
    uint64_t fed;        /* bytes given to expat */
    uint64_t done, line; /* what it has read of them, and the line there, from 1 */
    unsigned depth;
    enum ent_err r; /* of an event; the reading ends with it */
    struct ent_diag *d;
};

static const char TOO_LONG[] = "an XML tag or comment of more than 256 KiB";
static const char TOO_MUCH[] = "XML with too many names to remember";
static const char ENCODING[] = "XML in an encoding other than UTF-8, US-ASCII and ISO-8859-1: "
                               "convert it first";

/* --- memory -----------------------------------------------------------------------------------
 */

/* What expat holds; its functions for memory have no argument of ours. */
struct held {
    size_t bytes;
    bool full;
};
static _Thread_local struct held *held;

/* In front of each piece. */
union size {
    size_t n;
    max_align_t align;
};

static void *resize(void *p, size_t n)
{
    union size *s = p == NULL ? NULL : (union size *)p - 1;
    size_t before = s == NULL ? 0 : s->n;
    if (n > ENT_XML_MEMORY || held->bytes - before > ENT_XML_MEMORY - n) {
        held->full = true;
        return NULL;
    }
    if ((s = realloc(s, sizeof(*s) + n)) == NULL)
        return NULL;
    held->bytes = held->bytes - before + n;
    s->n = n;
    return s + 1;
}

static void *give(size_t n)
{
    return resize(NULL, n);
}

static void take_back(void *p)
{
    if (p == NULL)
        return;
    held->bytes -= ((union size *)p - 1)->n;
    free((union size *)p - 1);
}

/* --- events -----------------------------------------------------------------------------------
 */

static void stop(struct xml *x, enum ent_err r)
{
    x->r = r;
    (void)XML_StopParser(x->parser, XML_FALSE);
}

/* Of the event, or of the mistake. */
static struct ent_xml_place place(const struct xml *x)
{
    XML_Index at = XML_GetCurrentByteIndex(x->parser);
    return (struct ent_xml_place){
        XML_GetCurrentLineNumber(x->parser),
        x->offset + (at < 0 ? x->done : (uint64_t)at),
    };
}

static void refuse(struct xml *x, enum ent_err e, const char *text)
{
    struct ent_xml_place at = place(x);
    stop(x, ent_fail(x->d, e, text, at.line, at.offset));
}

/* At each event. False when the reading has ended: expat still sends what it has begun. */
static bool goes_on(struct xml *x)
{
    int n = XML_GetCurrentByteCount(x->parser);
    if (x->r != ENT_OK)
        return false;
    x->line = XML_GetCurrentLineNumber(x->parser);
    x->done = (uint64_t)XML_GetCurrentByteIndex(x->parser) + (uint64_t)n;
    return true;
}

static void on_start(void *ctx, const XML_Char *name, const XML_Char **attributes)
{
    struct xml *x = ctx;
    if (!goes_on(x))
        return;
    if (XML_GetCurrentByteCount(x->parser) > (int)ENT_XML_TOKEN) {
        refuse(x, ENT_E_LIMIT, TOO_LONG);
        return;
    }
    if (x->depth++ == ENT_XML_DEPTH) {
        refuse(x, ENT_E_LIMIT, "XML nested too deeply");
        return;
    }
    const char *bar = strrchr(name, '|');
    struct ent_xml_tag tag = {.attributes = attributes, .at = place(x)};
    if (bar != NULL)
        tag.space = ent_slice(name, (size_t)(bar - name));
    tag.name = ent_slice_str(bar == NULL ? name : bar + 1);
    enum ent_err r = x->events->start(x->events->ctx, &tag);
    if (r != ENT_OK)
        stop(x, r);
}

static void on_end(void *ctx, const XML_Char *name)
{
    struct xml *x = ctx;
    (void)name;
    if (!goes_on(x))
        return;
    x->depth--;
    enum ent_err r = x->events->end(x->events->ctx, place(x));
    if (r != ENT_OK)
        stop(x, r);
}

static void on_text(void *ctx, const XML_Char *s, int n)
{
    struct xml *x = ctx;
    if (!goes_on(x))
        return;
    enum ent_err r = x->events->text(x->events->ctx, ent_slice(s, (size_t)n));
    if (r != ENT_OK)
        stop(x, r);
}

static void on_doctype(void *ctx, const XML_Char *name, const XML_Char *system,
                       const XML_Char *public, int internal)
{
    struct xml *x = ctx;
    (void)name, (void)system, (void)public, (void)internal;
    if (goes_on(x))
        refuse(x, ENT_E_FORMAT, "XML with a DOCTYPE: no feed needs entities of its own");
}

/* Only what expat decodes itself. A byte order mark has said UTF-8 already. */
static void on_declaration(void *ctx, const XML_Char *version, const XML_Char *encoding,
                           int standalone)
{
    struct xml *x = ctx;
    (void)version, (void)standalone;
    if (!goes_on(x) || encoding == NULL)
        return;
    struct ent_slice s = ent_slice_str(encoding);
    if (ent_slice_ieq(s, ENT_SLICE_LIT("UTF-8")))
        return;
    if (!ent_slice_ieq(s, ENT_SLICE_LIT("US-ASCII")) &&
        !ent_slice_ieq(s, ENT_SLICE_LIT("ISO-8859-1")))
        refuse(x, ENT_E_FORMAT, ENCODING);
    else if (x->offset > 0)
        refuse(x, ENT_E_FORMAT, "XML with a mark of UTF-8, which says that it is not UTF-8");
}

/* Comments, processing instructions, blanks. */
static void on_other(void *ctx, const XML_Char *s, int n)
{
    struct xml *x = ctx;
    (void)s, (void)n;
    if (goes_on(x) && XML_GetCurrentByteCount(x->parser) > (int)ENT_XML_TOKEN)
        refuse(x, ENT_E_LIMIT, TOO_LONG);
}

struct ent_slice ent_xml_attribute(const struct ent_xml_tag *tag, const char *name)
{
    for (const char *const *a = tag->attributes; a[0] != NULL; a += 2)
        if (strcmp(a[0], name) == 0)
            return ent_slice_str(a[1]);
    return (struct ent_slice){NULL, 0};
}

/* --- the document -----------------------------------------------------------------------------
 */

static enum ent_err limit(struct xml *x, const char *text)
{
    return ent_fail(x->d, ENT_E_LIMIT, text, x->line, x->offset + x->done);
}

/* table */
static const char *sentence(enum XML_Error e)
{
    switch (e) {
    case XML_ERROR_NO_ELEMENTS:
    case XML_ERROR_UNCLOSED_TOKEN:
    case XML_ERROR_PARTIAL_CHAR:
    case XML_ERROR_UNCLOSED_CDATA_SECTION:
        return "the XML ends too early";
    case XML_ERROR_TAG_MISMATCH:
        return "an XML end tag that does not fit its start";
    case XML_ERROR_DUPLICATE_ATTRIBUTE:
        return "an XML attribute that stands twice";
    case XML_ERROR_UNDEFINED_ENTITY:
        return "an XML entity that is not defined";
    case XML_ERROR_JUNK_AFTER_DOC_ELEMENT:
        return "more text behind the XML document";
    case XML_ERROR_UNBOUND_PREFIX:
        return "an XML prefix without a namespace";
    case XML_ERROR_UNKNOWN_ENCODING:
    case XML_ERROR_INCORRECT_ENCODING:
        return ENCODING;
    default:
        return "not well-formed XML";
    }
}

static enum ent_err failed(struct xml *x)
{
    enum XML_Error e = XML_GetErrorCode(x->parser);
    if (x->r != ENT_OK)
        return x->r;
    if (e == XML_ERROR_NO_MEMORY && held->full)
        return limit(x, TOO_MUCH);
    if (e == XML_ERROR_NO_MEMORY)
        return ent_fail(x->d, ENT_E_NOMEM, "out of memory", 0, 0);
    struct ent_xml_place at = place(x);
    return ent_fail(x->d, ENT_E_FORMAT, sentence(e), at.line, at.offset);
}

/* Less than a piece only at the end. */
static enum ent_err fill(struct ent_reader in, uint8_t *piece, size_t *ret, struct ent_diag *d)
{
    enum ent_err r = ENT_OK;
    size_t n = 1;
    for (*ret = 0; r == ENT_OK && n > 0 && *ret < PIECE; *ret += n) {
        n = 0;
        r = in.read(in.ctx, piece + *ret, &n, PIECE - *ret, d);
    }
    return r;
}

static enum ent_err feed(struct xml *x, struct ent_reader in)
{
    for (;;) {
        size_t n = 0;
        void *piece = XML_GetBuffer(x->parser, PIECE);
        if (piece == NULL)
            return failed(x);
        enum ent_err r = fill(in, piece, &n, x->d);
        if (r != ENT_OK)
            return r;
        x->fed += n;
        if (XML_ParseBuffer(x->parser, (int)n, n == 0) != XML_STATUS_OK)
            return failed(x);
        if (n == 0)
            return ENT_OK;
        /* Newer versions of expat wait until an incomplete token has doubled. */
        if (x->fed - x->done > 2 * (ENT_XML_TOKEN + PIECE))
            return limit(x, TOO_LONG);
    }
}

enum ent_err ent_xml_read(const struct ent_xml_events *events, struct ent_reader in,
                          uint64_t offset, struct ent_diag *d)
{
    static const XML_Memory_Handling_Suite memory = {give, resize, take_back};
    struct held ours = {0};
    struct xml x = {.events = events, .offset = offset, .line = 1, .d = d};
    held = &ours;
    enum ent_err r = ENT_E_NOMEM;
    if ((x.parser = XML_ParserCreate_MM(NULL, &memory, "|")) != NULL) {
        XML_SetUserData(x.parser, &x);
        XML_SetElementHandler(x.parser, on_start, on_end);
        XML_SetCharacterDataHandler(x.parser, on_text);
        XML_SetStartDoctypeDeclHandler(x.parser, on_doctype);
        XML_SetXmlDeclHandler(x.parser, on_declaration);
        XML_SetDefaultHandler(x.parser, on_other);
        r = feed(&x, in);
        XML_ParserFree(x.parser);
    }
    ENT_ASSERT(ours.bytes == 0);
    held = NULL;
    return r;
}
