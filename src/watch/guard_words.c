/* guard_words.c: words that say something by themselves. All lists are in plain spelling; whoever
 * compares folds them first. */
#include "watch/watch.h"
#include "watch/guard_in.h"

/* table. What lures: the words of log-in pages, mail, news, jobs and money that turn up beside
 * brands in published campaigns and in dnstwist's dictionaries. */
static const char *const lures[] = {
    "access",       "account",      "accounts",
    "activate",     "activation",   "admin",
    "alert",        "alerts",       "assist",
    "auth",         "authenticate", "authentication",
    "authorize",    "backup",       "billing",
    "bonus",        "careers",      "change",
    "claim",        "cloud",        "confirm",
    "confirmation", "credential",   "credentials",
    "doc",          "docs",         "document",
    "documents",    "domain",       "domains",
    "donate",       "download",     "drive",
    "email",        "exchange",     "file",
    "files",        "gift",         "grant",
    "granting",     "grants",       "help",
    "helpdesk",     "hq",           "id",
    "identity",     "inbox",        "info",
    "invoice",      "job",          "jobs",
    "login",        "logon",        "mail",
    "mailbox",      "mails",        "message",
    "messages",     "my",           "news",
    "notice",       "notification", "notifications",
    "oauth",        "office",       "office365",
    "official",     "online",       "opportunities",
    "opportunity",  "outlook",      "owa",
    "pass",         "passport",     "password",
    "pay",          "payment",      "payments",
    "portal",       "press",        "privacy",
    "profile",      "profiles",     "recover",
    "recovery",     "redirect",     "refund",
    "register",     "registration", "reset",
    "reward",       "scholarship",  "secure",
    "secured",      "security",     "service",
    "services",     "session",      "setting",
    "settings",     "share",        "sign",
    "signin",       "signup",       "sso",
    "storage",      "support",      "survey",
    "token",        "unlock",       "update",
    "updates",      "upgrade",      "validate",
    "validation",   "verification", "verify",
    "vpn",          "wallet",       "webmail",
};

/* table. What stands beside brands in lookalikes, and in innocent names nearly as often. */
static const char *const fills[] = {
    "active",        "eu",         "uk",      "us",       "api",
    "app",           "apps",       "aws",     "box",      "business",
    "card",          "cdn",        "center",  "centre",   "chat",
    "check",         "client",     "clients", "club",     "conference",
    "connect",       "contact",    "corp",    "customer", "dashboard",
    "data",          "desk",       "dl",      "dns",      "event",
    "feed",          "forms",      "forum",   "free",     "ftp",
    "gateway",       "global",     "group",   "guard",    "home",
    "host",          "hosting",    "https",   "imap",     "inc",
    "international", "internet",   "live",    "local",    "manage",
    "manager",       "media",      "meet",    "meeting",  "member",
    "members",       "mobile",     "net",     "network",  "newsletter",
    "now",           "ns",         "order",   "page",     "phone",
    "photo",         "photos",     "policy",  "pop",      "post",
    "protect",       "protection", "proxy",   "remote",   "renew",
    "report",        "result",     "results", "s3",       "server",
    "site",          "smtp",       "ssl",     "static",   "status",
    "store",         "submit",     "summary", "sync",     "system",
    "tax",           "team",       "tech",    "track",    "user",
    "users",         "video",      "view",    "voice",    "web",
    "week",          "weekly",     "wiki",    "world",
};

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))
const size_t ent_guard_lures = COUNT(lures), ent_guard_baits = COUNT(lures) + COUNT(fills);

const char *ent_guard_bait(size_t i)
{
    return i < COUNT(lures) ? lures[i] : fills[i - COUNT(lures)];
}

static bool is_one_of(const char *const *list, size_t n, struct ent_slice s)
{
    for (size_t i = 0; i < n; i++)
        if (ent_slice_eq(ent_slice_str(list[i]), s))
            return true;
    return false;
}
#define IS_ONE_OF(list, s) is_one_of((list), COUNT(list), (s))

/* table. The labels under which states register, as they are folded. */
static const char *const state[] = {"gov", "gouv", "gob", "gub", "mll", "govt"};

bool ent_guard_is_state(struct ent_slice s)
{
    return s.n > 2 && IS_ONE_OF(state, s);
}

bool ent_guard_is_generic(struct ent_slice s)
{
    /* table, folded */
    static const char *const more[] = {"com", "net", "org", "edu",  "lnt",  "ac",  "co",
                                       "or",  "ne",  "web", "mall", "lnfo", "www", "mx"};
    return IS_ONE_OF(state, s) || IS_ONE_OF(more, s);
}

/* The first label of a suffix, when that is one where not everybody may register: of two labels
 * under a country, or alone. */
bool ent_guard_is_closed(struct ent_slice suffix)
{
    /* table, as written */
    static const char *const closed[] = {"gov", "gouv", "gob", "gub", "mil", "govt",
                                         "go",  "gc",   "edu", "ac",  "int", "arpa"};
    const uint8_t *dot = suffix.n == 0 ? NULL : memchr(suffix.p, '.', suffix.n);
    size_t n = dot == NULL ? suffix.n : (size_t)(dot - suffix.p);
    bool top = dot == NULL ? n > 2 : suffix.n - n == 3; /* ".xx" behind it */
    return top && IS_ONE_OF(closed, ent_slice(suffix.p, n));
}

/* The suffixes that came with the expansion of 2012 and later, which are all longer than three
 * letters or none of the old ones, and the countries' that are sold like those. */
bool ent_guard_is_cheap(struct ent_slice suffix)
{
    static const char *const old[] = {"com", "net", "org", "edu", "gov", "mil", "int", "arpa"};
    static const char *const sold[] = {"cc", "cf", "cm", "co", "ga", "gq", "me",    "ml",
                                       "om", "pw", "su", "tk", "us", "ws", "com.co"};
    const uint8_t *dot = suffix.n == 0 ? NULL : memrchr(suffix.p, '.', suffix.n);
    struct ent_slice top =
        dot == NULL ? suffix : ent_slice(dot + 1, suffix.n - 1 - (size_t)(dot - suffix.p));
    if (IS_ONE_OF(sold, suffix))
        return true;
    return top.n > 2 && memchr(top.p, '-', top.n) == NULL && !IS_ONE_OF(old, top);
}
