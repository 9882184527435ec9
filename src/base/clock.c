/* clock.c: clocks, and RFC 3339 without locale or time zone files. */
#include "base/base.h"

#define DAY 86400

int64_t ent_clock_now(void)
{
    struct timespec ts;
    if (clock_gettime(CLOCK_REALTIME, &ts) != 0)
        ENT_BUG("clock_gettime");
    return (int64_t)ts.tv_sec;
}

uint64_t ent_clock_steady_ns(void)
{
    struct timespec ts;
    if (clock_gettime(CLOCK_MONOTONIC, &ts) != 0)
        ENT_BUG("clock_gettime");
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* Days since 1970-01-01 in the proleptic Gregorian calendar (Hinnant, "chrono-compatible
 * low-level date algorithms", days_from_civil). */
static int64_t days_from_civil(int64_t y, int64_t m, int64_t d)
{
    y -= m <= 2;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t yoe = y - era * 400;
    int64_t doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    return era * 146097 + doe - 719468;
}

/* By hand: an object of a page has four of them, and snprintf() took a tenth of its time. */
void ent_time_format(char ret[static ENT_TIME_TEXT], int64_t t)
{
    struct tm tm;
    time_t tt = (time_t)t;
    if (gmtime_r(&tt, &tm) == NULL || tm.tm_year + 1900 < 0 || tm.tm_year + 1900 > 9999) {
        (void)snprintf(ret, ENT_TIME_TEXT, "-");
        return;
    }
    const int part[] = {(tm.tm_year + 1900) / 100,
                        (tm.tm_year + 1900) % 100,
                        tm.tm_mon + 1,
                        tm.tm_mday,
                        tm.tm_hour,
                        tm.tm_min,
                        tm.tm_sec};
    static const char form[] = "    -  -  T  :  :  Z";
    memcpy(ret, form, sizeof(form));
    char *to = ret;
    for (size_t i = 0; i < sizeof(part) / sizeof(part[0]); i++) {
        *to++ = (char)('0' + part[i] / 10);
        *to++ = (char)('0' + part[i] % 10);
        to += i > 0; /* the year has two parts */
    }
}

static enum ent_err digits(struct ent_cur *c, int64_t *ret, size_t n)
{
    struct ent_slice s;
    int64_t v = 0;
    enum ent_err r = ent_cur_take(c, &s, n);
    if (r != ENT_OK)
        return r;
    for (size_t i = 0; i < n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return ENT_E_FORMAT;
        v = v * 10 + (s.p[i] - '0');
    }
    *ret = v;
    return ENT_OK;
}

/* "Z" or "+hh:mm"; *ret is what must be subtracted, in seconds. */
static enum ent_err zone(struct ent_cur *c, int64_t *ret)
{
    uint8_t sign;
    int64_t h = 0, m = 0;
    enum ent_err r;
    if ((r = ent_cur_u8(c, &sign)) != ENT_OK)
        return r;
    if (sign == 'Z' || sign == 'z') {
        *ret = 0;
        return ENT_OK;
    }
    if ((sign != '+' && sign != '-') || (r = digits(c, &h, 2)) != ENT_OK ||
        (r = ent_cur_expect(c, ENT_SLICE_LIT(":"))) != ENT_OK || (r = digits(c, &m, 2)) != ENT_OK)
        return ENT_E_FORMAT;
    if (h > 23 || m > 59)
        return ENT_E_FORMAT;
    *ret = (sign == '-' ? -1 : 1) * (h * 3600 + m * 60);
    return ENT_OK;
}

static enum ent_err clock_part(struct ent_cur *c, int64_t *ret)
{
    int64_t h = 0, m = 0, s = 0, off = 0;
    enum ent_err r;
    if ((r = digits(c, &h, 2)) != ENT_OK || (r = ent_cur_expect(c, ENT_SLICE_LIT(":"))) != ENT_OK ||
        (r = digits(c, &m, 2)) != ENT_OK || (r = ent_cur_expect(c, ENT_SLICE_LIT(":"))) != ENT_OK ||
        (r = digits(c, &s, 2)) != ENT_OK)
        return r;
    if (c->n > 0 && c->p[0] == '.') {
        size_t i = 1;
        while (i < c->n && c->p[i] >= '0' && c->p[i] <= '9')
            i++;
        if (i == 1)
            return ENT_E_FORMAT;
        c->p += i;
        c->n -= i;
    }
    if ((r = zone(c, &off)) != ENT_OK)
        return r;
    if (h > 23 || m > 59 || s > 60)
        return ENT_E_FORMAT;
    *ret = h * 3600 + m * 60 + s - off;
    return ENT_OK;
}

enum ent_err ent_time_parse(int64_t *ret, struct ent_slice text)
{
    static const uint8_t month_days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    struct ent_cur c = ent_cur(text);
    int64_t y = 0, m = 0, d = 0, secs = 0;
    enum ent_err r;
    if ((r = digits(&c, &y, 4)) != ENT_OK ||
        (r = ent_cur_expect(&c, ENT_SLICE_LIT("-"))) != ENT_OK ||
        (r = digits(&c, &m, 2)) != ENT_OK ||
        (r = ent_cur_expect(&c, ENT_SLICE_LIT("-"))) != ENT_OK || (r = digits(&c, &d, 2)) != ENT_OK)
        return r;
    if (m < 1 || m > 12 || d < 1 || d > month_days[m - 1])
        return ENT_E_FORMAT;
    bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
    if (m == 2 && d == 29 && !leap)
        return ENT_E_FORMAT;
    if (c.n > 0) {
        if (c.p[0] != 'T' && c.p[0] != 't' && c.p[0] != ' ')
            return ENT_E_FORMAT;
        c.p++;
        c.n--;
        if ((r = clock_part(&c, &secs)) != ENT_OK || (r = ent_cur_end(&c)) != ENT_OK)
            return r;
    }
    *ret = days_from_civil(y, m, d) * DAY + secs;
    return ENT_OK;
}
