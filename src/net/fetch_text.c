/* fetch_text.c: URLs, and the headers of answers: foreign text, taken only in the forms that are
 * meant. */
#include "net/net.h"

#include "net/fetch_parts.h"

#include <arpa/inet.h>

/* --- URLs ------------------------------------------------------------------------------------- */

static bool is_alnum(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool is_hex(uint8_t c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

static struct ent_slice behind(struct ent_slice s, size_t n)
{
    return ent_slice(s.p + n, s.n - n);
}

/* Up to the first of these characters, which stays in *s. */
static struct ent_slice until(struct ent_slice *s, const char *stop)
{
    size_t n = 0;
    while (n < s->n && strchr(stop, s->p[n]) == NULL)
        n++;
    struct ent_slice ret = ent_slice(s->p, n);
    *s = behind(*s, n);
    return ret;
}

static bool is_loopback(const char *host, bool v6)
{
    uint8_t b[16];
    static const uint8_t one[16] = {[15] = 1};
    if (v6)
        return inet_pton(AF_INET6, host, b) == 1 && memcmp(b, one, sizeof(one)) == 0;
    return inet_pton(AF_INET, host, b) == 1 && b[0] == 127;
}

/* Lower case; IPv6 in its brackets. */
static bool read_host(char ret[static ENT_FETCH_HOST + 3], bool *ret_v6, struct ent_slice *s)
{
    bool v6 = s->n > 0 && s->p[0] == '[';
    char text[ENT_FETCH_HOST + 1];
    uint8_t b[16];
    if (v6)
        *s = behind(*s, 1);
    struct ent_slice host = until(s, v6 ? "]" : ":/");
    if (host.n == 0 || host.n > ENT_FETCH_HOST || (v6 && s->n == 0))
        return false;
    for (size_t i = 0; i < host.n; i++) {
        uint8_t c = host.p[i];
        if (!is_alnum(c) && strchr(v6 ? ":." : "-._", c) == NULL)
            return false;
        text[i] = (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
    }
    text[host.n] = '\0';
    if (v6) {
        *s = behind(*s, 1);
        if (inet_pton(AF_INET6, text, b) != 1 || inet_ntop(AF_INET6, b, text, sizeof(text)) == NULL)
            return false;
    } else if (text[0] == '.' || text[0] == '-') {
        return false;
    }
    *ret_v6 = v6;
    (void)snprintf(ret, ENT_FETCH_HOST + 3, v6 ? "[%s]" : "%s", text);
    return true;
}

static bool read_port(unsigned *ret, struct ent_slice *s, unsigned usual)
{
    uint64_t port = usual;
    if (s->n > 0 && s->p[0] == ':') {
        *s = behind(*s, 1);
        if (ent_parse_u64(&port, until(s, "/"), 65535) != ENT_OK || port == 0)
            return false;
    }
    *ret = (unsigned)port;
    return true;
}

/* Also adds the '/' at its end, which belongs to every path of TAXII. */
static bool read_path(char ret[static ENT_FETCH_PATH + 2], struct ent_slice s)
{
    size_t n = s.n, part = 0;
    if (n == 0) {
        memcpy(ret, "/", 2);
        return true;
    }
    if (n > ENT_FETCH_PATH || s.p[0] != '/')
        return false;
    for (size_t i = 0; i < n; i++) {
        uint8_t c = s.p[i];
        if (!is_alnum(c) && (c == '\0' || strchr("-._~!$&'()*+,;=:@/%", c) == NULL))
            return false;
        if (c == '%' && (n - i < 3 || !is_hex(s.p[i + 1]) || !is_hex(s.p[i + 2])))
            return false;
        if ((c == '/' && i > 0) || i + 1 == n) {
            struct ent_slice seg = ent_slice(s.p + part + 1, (c == '/' ? i : i + 1) - part - 1);
            if ((seg.n == 0 && n > 1) || ent_slice_eq(seg, ENT_SLICE_LIT(".")) ||
                ent_slice_eq(seg, ENT_SLICE_LIT("..")))
                return false;
            part = i;
        }
    }
    memcpy(ret, s.p, n);
    (void)snprintf(ret + n, 2, "%s", s.p[n - 1] == '/' ? "" : "/");
    return true;
}

static enum ent_err bad(const char **ret_why, const char *why)
{
    *ret_why = why;
    return ENT_E_FORMAT;
}

enum ent_err ent_fetch_url_parse(struct ent_fetch_url *ret, const char **ret_why,
                                 struct ent_slice s)
{
    static const struct ent_slice https = ENT_SLICE_LIT("https://"),
                                  http = ENT_SLICE_LIT("http://");
    struct ent_fetch_url u;
    char host[ENT_FETCH_HOST + 3];
    unsigned port;
    bool v6, tls = ent_slice_starts(s, https);
    if (!tls && !ent_slice_starts(s, http))
        return bad(ret_why, "does not begin with https://");
    if (s.n > 0 && memchr(s.p, '@', s.n) != NULL)
        return bad(ret_why, "a name or password does not belong into a URL");
    if (memchr(s.p, '?', s.n) != NULL || memchr(s.p, '#', s.n) != NULL)
        return bad(ret_why, "a URL here has no '?' and no '#'");
    s = behind(s, tls ? https.n : http.n);
    if (!read_host(host, &v6, &s))
        return bad(ret_why, "the host is no name (xn-- where it is international) or address");
    if (!read_port(&port, &s, tls ? 443 : 80))
        return bad(ret_why, "the port is no number from 1 to 65535");
    if (!read_path(u.path, s))
        return bad(ret_why, "the path has empty parts, dots, or characters that must be escaped");
    size_t n = strlen(host);
    char bare[ENT_FETCH_HOST + 3];
    (void)snprintf(bare, sizeof(bare), "%.*s", (int)(v6 ? n - 2 : n), v6 ? host + 1 : host);
    if (!tls && !is_loopback(bare, v6))
        return bad(ret_why, "without TLS only for loopback addresses: 127.0.0.1 or [::1]");
    (void)snprintf(u.origin, sizeof(u.origin), "%s://%s:%u", tls ? "https" : "http", host, port);
    if (port == (tls ? 443 : 80))
        (void)snprintf(u.name, sizeof(u.name), "%s", host);
    else
        (void)snprintf(u.name, sizeof(u.name), "%s:%u", host, port);
    *ret = u;
    return ENT_OK;
}

enum ent_err ent_fetch_target_parse(struct ent_fetch_url *ret, char *ret_suffix, size_t cap,
                                    const char **ret_why, struct ent_slice s)
{
    size_t n = 0, slashes = 0;
    while (n < s.n && (slashes += s.p[n] == '/') < 3 && s.p[n] != '?' && s.p[n] != '#')
        n++;
    const struct ent_slice suffix = n == s.n ? ENT_SLICE_LIT("/") : ent_slice(s.p + n, s.n - n);
    struct ent_fetch_url u;
    enum ent_err r = ent_fetch_url_parse(&u, ret_why, ent_slice(s.p, n));
    if (r != ENT_OK)
        return r;
    if (!ent_suffix_is_valid(suffix) || suffix.n >= cap)
        return bad(ret_why, "behind the host is no path of printable characters without '#'");
    memcpy(ret_suffix, suffix.p, suffix.n);
    ret_suffix[suffix.n] = '\0';
    *ret = u;
    return ENT_OK;
}

enum ent_err ent_fetch_url_below(struct ent_fetch_url *ret, const struct ent_fetch_url *base,
                                 struct ent_slice s)
{
    const char *why;
    struct ent_fetch_url u = *base;
    if (s.n > 0 && s.p[0] == '/') {
        if (!read_path(u.path, s))
            return ENT_E_FORMAT;
    } else if (ent_slice_starts(s, ENT_SLICE_LIT("http://")) &&
               ent_fetch_url_parse(&u, &why, s) != ENT_OK) {
        return ENT_E_POLICY; /* another one, since base is TLS or loopback */
    } else if (ent_fetch_url_parse(&u, &why, s) != ENT_OK) {
        return ENT_E_FORMAT;
    }
    if (strcmp(u.origin, base->origin) != 0)
        return ENT_E_POLICY;
    *ret = u;
    return ENT_OK;
}

enum ent_err ent_fetch_escape(struct ent_buf *b, struct ent_slice s)
{
    enum ent_err r = ENT_OK;
    for (size_t i = 0; i < s.n && r == ENT_OK; i++) {
        uint8_t c = s.p[i];
        bool plain = is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~';
        r = plain ? ent_buf_putc(b, (char)c) : ent_buf_printf(b, "%%%02X", c);
    }
    return r;
}

bool ent_suffix_is_valid(struct ent_slice s)
{
    if (s.n == 0 || s.n > ENT_FETCH_SUFFIX || s.p[0] != '/')
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= 0x20 || s.p[i] >= 0x7f || s.p[i] == '#' || s.p[i] == '\\')
            return false;
    return true;
}

/* --- headers ---------------------------------------------------------------------------------- */

static bool is_digits(struct ent_slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
    return s.n > 0;
}

enum ent_err ent_fetch_date(char ret[static ENT_FETCH_DATE], struct ent_slice s)
{
    static const size_t seconds = sizeof("2016-01-01T00:00:00") - 1;
    int64_t ignored;
    if (s.n <= seconds || s.p[10] != 'T' || ent_time_parse(&ignored, s) != ENT_OK)
        return ENT_E_FORMAT;
    struct ent_slice zone = behind(s, seconds), fraction = {zone.p, 0};
    if (zone.p[0] == '.') {
        fraction.n = 1;
        while (fraction.n < zone.n && zone.p[fraction.n] >= '0' && zone.p[fraction.n] <= '9')
            fraction.n++;
        if (fraction.n < 2 || fraction.n > 10)
            return ENT_E_FORMAT;
        zone = behind(zone, fraction.n);
    }
    if (!ent_slice_eq(zone, ENT_SLICE_LIT("Z")) && !ent_slice_eq(zone, ENT_SLICE_LIT("+00:00")))
        return ENT_E_FORMAT;
    (void)snprintf(ret, ENT_FETCH_DATE, "%.*s%.*sZ", (int)seconds, (const char *)s.p,
                   (int)fraction.n, (const char *)fraction.p);
    return ENT_OK;
}

/* The seconds sort as text; of the digits behind them, 'Z' and '\0' stand for zeros. */
int ent_fetch_date_cmp(const char *a, const char *b)
{
    static const size_t seconds = sizeof("2016-01-01T00:00:00") - 1;
    if (*a == '\0' || *b == '\0')
        return (*a != '\0') - (*b != '\0');
    int order = strncmp(a, b, seconds);
    a += seconds + (a[seconds] == '.');
    b += seconds + (b[seconds] == '.');
    for (int i = 0; i < 9 && order == 0; i++) {
        char x = *a >= '0' && *a <= '9' ? *a++ : '0', y = *b >= '0' && *b <= '9' ? *b++ : '0';
        order = x - y;
    }
    return order;
}

/* "Sun, 06 Nov 1994 08:49:37 GMT"; the day of the week is not compared with the date. */
static enum ent_err http_date(int64_t *ret, struct ent_slice s)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    static const struct ent_slice form = ENT_SLICE_LIT("aaa, 00 aaa 0000 00:00:00 GMT");
    char text[ENT_TIME_TEXT];
    const char *p = (const char *)s.p;
    if (s.n != form.n)
        return ENT_E_FORMAT;
    for (size_t i = 0; i < form.n; i++) {
        bool digit = s.p[i] >= '0' && s.p[i] <= '9', want = form.p[i] == '0';
        if (want ? !digit : form.p[i] == 'a' ? !is_alnum(s.p[i]) : s.p[i] != form.p[i])
            return ENT_E_FORMAT;
    }
    int month = 0;
    while (month < 12 && memcmp(months + 3 * month, p + 8, 3) != 0)
        month++;
    if (month == 12)
        return ENT_E_FORMAT;
    (void)snprintf(text, sizeof(text), "%.4s-%02d-%.2sT%.8sZ", p + 12, month + 1, p + 5, p + 17);
    return ent_time_parse(ret, ent_slice_str(text));
}

enum ent_err ent_fetch_retry_after(uint32_t *ret, struct ent_slice s, int64_t now)
{
    int64_t until_s;
    if (is_digits(s)) {
        uint64_t n = 0;
        for (size_t i = 0; i < s.n && n <= INT32_MAX; i++)
            n = n * 10 + (uint64_t)(s.p[i] - '0');
        *ret = n > INT32_MAX ? INT32_MAX : (uint32_t)n;
        return ENT_OK;
    }
    if (http_date(&until_s, s) != ENT_OK)
        return ENT_E_FORMAT;
    int64_t left = until_s - now;
    *ret = left <= 0 ? 0 : left > INT32_MAX ? INT32_MAX : (uint32_t)left;
    return ENT_OK;
}

enum ent_fetch_type ent_fetch_type(struct ent_slice s)
{
    static const struct ent_slice version = ENT_SLICE_LIT("version=");
    if (s.n == 0)
        return ENT_FETCH_NO_TYPE;
    struct ent_slice type = ent_slice_trim(until(&s, ";"));
    if (!ent_slice_ieq(type, ENT_SLICE_LIT("application/taxii+json")))
        return ENT_FETCH_OTHER;
    while (s.n > 0) {
        s = behind(s, 1);
        struct ent_slice p = ent_slice_trim(until(&s, ";"));
        if (p.n < version.n || !ent_slice_ieq(ent_slice(p.p, version.n), version))
            continue;
        p = behind(p, version.n);
        if (!ent_slice_eq(p, ENT_SLICE_LIT("2.1")) && !ent_slice_eq(p, ENT_SLICE_LIT("\"2.1\"")))
            return ENT_FETCH_OTHER;
    }
    return ENT_FETCH_TAXII;
}

static void keep_printable(char ret[static ENT_FETCH_TYPE_TEXT], struct ent_slice s)
{
    size_t n = 0;
    for (; n < s.n && n < ENT_FETCH_TYPE_TEXT - 1; n++)
        ret[n] = (char)(s.p[n] >= 0x20 && s.p[n] < 0x7f ? s.p[n] : '?');
    ret[n] = '\0';
}

bool ent_answer_header(struct ent_fetch_answer *a, struct ent_head_seen *seen,
                       struct ent_slice line, int64_t now)
{
    struct ent_slice name = until(&line, ":"), value;
    if (line.n == 0)
        return true;
    value = ent_slice_trim(behind(line, 1));
    while (value.n > 0 && value.p[value.n - 1] == '\n')
        value = ent_slice_trim(ent_slice(value.p, value.n - 1));
    if (ent_slice_ieq(name, ENT_SLICE_LIT("Content-Type"))) {
        bool twice = seen->type;
        seen->type = true;
        a->type = ent_fetch_type(value);
        keep_printable(a->type_text, value);
        return !twice;
    }
    if (ent_slice_ieq(name, ENT_SLICE_LIT("X-TAXII-Date-Added-Last"))) {
        bool twice = seen->date;
        seen->date = true;
        return !twice && (value.n == 0 || ent_fetch_date(a->date, value) == ENT_OK);
    }
    if (ent_slice_ieq(name, ENT_SLICE_LIT("Retry-After"))) {
        bool twice = seen->wait;
        seen->wait = true; /* one that cannot be read is none */
        a->wait_said = ent_fetch_retry_after(&a->wait, value, now) == ENT_OK;
        return !twice;
    }
    return true;
}
