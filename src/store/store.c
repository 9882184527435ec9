/*
 * store.c: the SQLite file: opening, transactions, statements prepared once.
 *
 * WAL with synchronous=FULL: a commit is on the disk when it returns. A budget that was charged
 * must still be charged after a power cut.
 */
#include "store/store.h"
#include "store/db.h"
#include "store/served_sql.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#define APPLICATION_ID 0x456E7465 /* "Ente" */
#define SCHEMA_VERSION 7
#define CACHE          "-32768" /* KiB: the indexes of a million observables, mostly */
#define CACHE_BULK     "-98304" /* all of them, with the rows that foreign keys point at */

static const char schema[] =
    "PRAGMA application_id = 1164866661;" /* APPLICATION_ID */
    "CREATE TABLE observable (id INTEGER PRIMARY KEY, type INTEGER NOT NULL, value TEXT NOT NULL,"
    " UNIQUE (type, value));"
    "CREATE TABLE source (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);"
    "CREATE TABLE context (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, text TEXT NOT NULL,"
    " UNIQUE (kind, text));"
    "CREATE TABLE claim (observable INTEGER NOT NULL REFERENCES observable, source INTEGER NOT NULL"
    " REFERENCES source, ext_id TEXT NOT NULL, tlp INTEGER NOT NULL, confidence INTEGER NOT NULL,"
    " valid_from INTEGER NOT NULL, valid_until INTEGER NOT NULL, context INTEGER NOT NULL"
    " REFERENCES context, first_import INTEGER NOT NULL, last_import INTEGER NOT NULL,"
    " labels INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (observable, source, ext_id)) WITHOUT ROWID;"
    "CREATE TABLE budget (partner TEXT NOT NULL, direction INTEGER NOT NULL, period INTEGER NOT"
    " NULL, items INTEGER NOT NULL, PRIMARY KEY (partner, direction, period)) WITHOUT ROWID;"
    "CREATE TABLE fact (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;";

/* Stores of versions before 4 lack it. */
static const char claim_labels[] = "ALTER TABLE claim ADD COLUMN labels INTEGER NOT NULL DEFAULT 0";

/* Stores of versions before 7 lack it. What was kept until then has none until somebody who may
 * read it gives it one (ent_store_object_gist()); meanwhile it says the same as equal bytes alone,
 * and nobody is known to have made it. */
static const char object_gist[] = "ALTER TABLE object ADD COLUMN gist TEXT";

/* A unique index over descriptions would hold each of them a second time. */
static const char context_hash[] =
    "CREATE TABLE hashed (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, text TEXT NOT NULL, hash"
    " INTEGER NOT NULL);"
    "INSERT INTO hashed SELECT id, kind, text, ent_context(kind, text) FROM context;"
    "DROP TABLE context;"
    "ALTER TABLE hashed RENAME TO context;"
    "CREATE INDEX context_hash ON context (hash);";

/* What stores of earlier versions lack: tables are added, never changed but for those above. */
static const char added[] =
    /* What a source took back, by the id it gave. A claim that comes again, or later, stays dead.
     */
    "CREATE TABLE IF NOT EXISTS revoked (source INTEGER NOT NULL REFERENCES source, ext_id TEXT NOT"
    " NULL, PRIMARY KEY (source, ext_id)) WITHOUT ROWID;"
    /* A log is known again by its first bytes (head: their SHA-256), see sighting.c. */
    "CREATE TABLE IF NOT EXISTS log (id INTEGER PRIMARY KEY, path TEXT NOT NULL, head_n INTEGER NOT"
    " NULL, head BLOB NOT NULL);"
    "CREATE INDEX IF NOT EXISTS log_path ON log (path);"
    "CREATE INDEX IF NOT EXISTS log_head ON log (head);"
    "CREATE TABLE IF NOT EXISTS sighting (observable INTEGER NOT NULL REFERENCES observable, log"
    " INTEGER NOT NULL REFERENCES log, first INTEGER NOT NULL, last INTEGER NOT NULL, count INTEGER"
    " NOT NULL, line INTEGER NOT NULL, offset INTEGER NOT NULL, PRIMARY KEY (observable, log))"
    " WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS warning (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, version"
    " INTEGER NOT NULL, type INTEGER NOT NULL, types INTEGER NOT NULL, entries INTEGER NOT NULL,"
    " unread INTEGER NOT NULL, added INTEGER NOT NULL);"
    "CREATE TABLE IF NOT EXISTS warned (warning INTEGER NOT NULL REFERENCES warning, type INTEGER"
    " NOT NULL, value TEXT NOT NULL, PRIMARY KEY (warning, type, value)) WITHOUT ROWID;"
    "CREATE INDEX IF NOT EXISTS warned_value ON warned (type, value);"
    /* Names that must not be imitated, and those that are known to be good, see guard.c. */
    "CREATE TABLE IF NOT EXISTS guard_name (name TEXT PRIMARY KEY, display TEXT NOT NULL)"
    " WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS guard_good (name TEXT PRIMARY KEY) WITHOUT ROWID;"
    /* Where observables lie, see find.c. */
    "CREATE TABLE IF NOT EXISTS place (place BLOB NOT NULL, observable INTEGER NOT NULL REFERENCES"
    " observable, PRIMARY KEY (place, observable)) WITHOUT ROWID;"
    /* What was decided here about a source's claims, and words of our own, see claims.c. */
    "CREATE TABLE IF NOT EXISTS decision (observable INTEGER NOT NULL REFERENCES observable, source"
    " INTEGER NOT NULL REFERENCES source, until INTEGER NOT NULL, decided INTEGER NOT NULL, PRIMARY"
    " KEY (observable, source)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS tag (observable INTEGER NOT NULL REFERENCES observable, name TEXT"
    " NOT NULL, added INTEGER NOT NULL, PRIMARY KEY (observable, name)) WITHOUT ROWID;"
    /* Objects of STIX as they came, see object.c. */
    "CREATE TABLE IF NOT EXISTS object (seq INTEGER PRIMARY KEY, id TEXT NOT NULL, version TEXT NOT"
    " NULL, source INTEGER NOT NULL REFERENCES source, tlp INTEGER NOT NULL, revoked INTEGER NOT"
    " NULL, taken INTEGER NOT NULL, state INTEGER NOT NULL, imported INTEGER NOT NULL, body TEXT"
    " NOT NULL, gist TEXT);"
    "CREATE INDEX IF NOT EXISTS object_ungisted ON object (seq) WHERE gist IS NULL;"
    "CREATE INDEX IF NOT EXISTS object_id ON object (id, source, version) WHERE state < 2;"
    "CREATE INDEX IF NOT EXISTS object_odd ON object (id, source, version) WHERE state >= 2;"
    "CREATE TABLE IF NOT EXISTS pointer (target TEXT NOT NULL, object INTEGER NOT NULL REFERENCES"
    " object, PRIMARY KEY (target, object)) WITHOUT ROWID;"
    /* Sets of labels, which claims refer to (0: none), and what is in each, see labels.c. */
    "CREATE TABLE IF NOT EXISTS labels (id INTEGER PRIMARY KEY, names TEXT NOT NULL UNIQUE);"
    "CREATE TABLE IF NOT EXISTS label_of (name TEXT NOT NULL, labels INTEGER NOT NULL REFERENCES"
    " labels, PRIMARY KEY (name, labels)) WITHOUT ROWID;"
    /* This member itself; whoever had its name so far is somebody else. */
    "UPDATE source SET name = name || ' (' || id || ')' WHERE name = '" ENT_STORE_OWN
    "' AND id <> 0;"
    "INSERT OR IGNORE INTO source VALUES (0, '" ENT_STORE_OWN "');"
    /* Whether what a source says may go to others, and who overrode that, see release.c. */
    "CREATE TABLE IF NOT EXISTS judged (source INTEGER PRIMARY KEY REFERENCES source, current"
    " INTEGER NOT NULL, held INTEGER NOT NULL, claims INTEGER NOT NULL, warned INTEGER NOT NULL,"
    " same INTEGER NOT NULL, wide INTEGER NOT NULL, suffix INTEGER NOT NULL, not_public INTEGER NOT"
    " NULL, stale INTEGER NOT NULL);"
    "CREATE TABLE IF NOT EXISTS released (source INTEGER PRIMARY KEY REFERENCES source, who TEXT"
    " NOT NULL, reason TEXT NOT NULL, at INTEGER NOT NULL, claims INTEGER NOT NULL, warned INTEGER"
    " NOT NULL, same INTEGER NOT NULL, wide INTEGER NOT NULL, suffix INTEGER NOT NULL, not_public"
    " INTEGER NOT NULL, stale INTEGER NOT NULL);" SERVED_TABLES /* what TAXII serves, see
                                                                   served_sql.h */
    "PRAGMA user_version = 7;";                                 /* SCHEMA_VERSION */

/* The columns that take_row() reads, and when a claim counts. ?3 is the time, 0 for any. */
#define ROW                                                                                        \
    "o.id, o.type, o.value, c.tlp, c.confidence, c.context, x.kind, x.text, s.name, c.ext_id,"     \
    " c.valid_from, c.valid_until, c.first_import, c.last_import, c.source = 0,"                   \
    " (SELECT names FROM labels WHERE id = c.labels)"
/* This member's own claim speaks for an observable, then the most confident one. */
#define BEST "c.source <> 0, c.confidence DESC, c.last_import DESC, c.source, c.ext_id"
/* Whether an observable has a tag of this member's own, or the claim this label. */
#define TAGGED(tag)                                                                                \
    "(" tag                                                                                        \
    " = '' OR EXISTS (SELECT 1 FROM tag t WHERE t.observable = c.observable AND t.name = " tag     \
    ") OR (c.labels <> 0 AND EXISTS (SELECT 1 FROM label_of b WHERE b.name = " tag                 \
    " AND b.labels = c.labels)))"
#define WITHDRAWN                                                                                  \
    "(c.ext_id <> '' AND EXISTS (SELECT 1 FROM revoked r WHERE r.source = c.source AND"            \
    " r.ext_id = c.ext_id))"
/* A decision of 0 holds at any time, also where at is 0. */
#define STANDS(at)                                                                                 \
    "NOT " WITHDRAWN " AND NOT EXISTS (SELECT 1 FROM decision d WHERE d.observable ="              \
    " c.observable AND d.source = c.source AND d.until <= " at ")"
#define VALID                                                                                      \
    "(?3 = 0 OR (c.valid_from <= ?3 AND (c.valid_until = 0 OR c.valid_until > ?3))) AND " STANDS(  \
        "?3")

/* The filter of ENT_Q_EACH, but for the type and the marking. */
#define PASSES                                                                                     \
    "(?2 = '' OR s.name = ?2) AND (?4 = 0 OR c.confidence >= ?4) AND c.first_import >= ?5 "        \
    "AND c.last_import >= ?7 AND " TAGGED("?6") " AND " VALID
/* Whether its source is held: not found free, by what it says now. */
#define HELD(source)                                                                               \
    "NOT EXISTS (SELECT 1 FROM judged j WHERE j.current AND NOT j.held AND j.source = " source ")"
/* We are not held by ourselves. */
#define CLAIM_HELD "(c.source <> 0 AND " HELD("c.source") ")"

/* The columns that take_claim() reads. */
#define CLAIM                                                                                      \
    "o.id, o.type, o.value, c.tlp, c.confidence, c.valid_from, c.valid_until, c.first_import,"     \
    " c.last_import, s.name, c.ext_id, c.context, x.kind, x.text, " WITHDRAWN ", d.until,"         \
    " c.source = 0, (SELECT names FROM labels WHERE id = c.labels)"                                \
    " FROM claim c CROSS JOIN observable o ON o.id = c.observable"                                 \
    " CROSS JOIN source s ON s.id = c.source CROSS JOIN context x ON x.id = c.context"             \
    " LEFT JOIN decision d ON d.observable = c.observable AND d.source = c.source"

/* The columns that take_kept() reads. */
#define KEPT                                                                                       \
    "o.seq, o.id, o.version, s.name, o.tlp, o.revoked, o.taken, o.state, o.imported, o.body,"      \
    " " HELD("o.source") ", o.gist"
/* Of what its source gave and did not take back (posted.c), and what counts at all
 * (ENT_OBJECT_DISPUTED does). */
#define STAYS(o) o ".state < 2 AND NOT EXISTS (SELECT 1 FROM dropped y WHERE y.object = " o ".seq)"
#define BEHIND(o, than)                                                                            \
    "NOT EXISTS (SELECT 1 FROM object p WHERE p.id = " o ".id AND p.source = " o                   \
    ".source AND " than " AND " STAYS("p") ")"
#define LATEST(o)                                                                                  \
    STAYS(o)                                                                                       \
    " AND " BEHIND(o, "p.version > " o ".version") " AND " BEHIND(                                 \
        o, "p.version = " o ".version AND p.seq > " o ".seq")
#define OBJECT_PASSES(o, s) "(?3 = '' OR " s ".name = ?3) AND " o ".imported >= ?4 AND " LATEST(o)
/* Of our own claims each is told, and whether it passes: it holds the observable back also where
 * it would not be asked. ?8 is the door of a walk by source, or 0. */
#define EACH                                                                                       \
    "SELECT " ROW ", iif(c.source = 0, " PASSES                                                    \
    ", 1), c.source, ?8 <> 0 AND EXISTS (SELECT 1 FROM claim w WHERE w.observable = o.id AND"      \
    " w.source = 0 AND w.tlp > ?8), ?9 AND " CLAIM_HELD                                            \
    " FROM observable o CROSS JOIN claim c ON c.observable = o.id"                                 \
    " JOIN context x ON x.id = c.context JOIN source s ON s.id = c.source"                         \
    " WHERE ((?1 >> o.type) & 1) AND (c.source = 0 OR (" PASSES "))"

/* The columns that take_user() and take_token() read, see user.c. */
#define USER                                                                                       \
    "a.id, a.name, a.display, a.role, a.clearance, a.enabled, a.created, a.password, (SELECT"      \
    " count(*) FROM token t WHERE t.account = a.id), (SELECT count(*) FROM session x WHERE"        \
    " x.account = a.id)"
#define TOKEN "t.id, t.name, t.role, t.clearance, t.created, t.expires, t.used"

static const char *const sql[ENT_Q_COUNT] = {
    [ENT_Q_BEGIN] = "BEGIN IMMEDIATE",
    [ENT_Q_VIEW] = "BEGIN",
    [ENT_Q_COMMIT] = "COMMIT",
    [ENT_Q_ADD_OBSERVABLE] = "INSERT INTO observable (type, value) VALUES (?1, ?2)"
                             " ON CONFLICT DO NOTHING",
    [ENT_Q_FIND_OBSERVABLE] = "SELECT id FROM observable WHERE type = ?1 AND value = ?2",
    [ENT_Q_ADD_SOURCE] = "INSERT INTO source (name) VALUES (?1) ON CONFLICT DO NOTHING",
    [ENT_Q_FIND_SOURCE] = "SELECT id FROM source WHERE name = ?1",
    [ENT_Q_ADD_CONTEXT] = "INSERT INTO context (kind, text, hash) SELECT ?1, ?2, ?3 WHERE NOT"
                          " EXISTS (SELECT 1 FROM context WHERE hash = ?3 AND kind = ?1 AND text ="
                          " ?2)",
    [ENT_Q_FIND_CONTEXT] = "SELECT id FROM context WHERE hash = ?3 AND kind = ?1 AND text = ?2",
    [ENT_Q_ADD_CLAIM] = "INSERT INTO claim VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9, ?10)"
                        " ON CONFLICT DO NOTHING",
    /* The narrower TLP wins: a second row of the same file never widens what the first one said. */
    [ENT_Q_RENEW_CLAIM] = "UPDATE claim SET tlp = max(tlp, ?4), confidence = max(confidence, ?5),"
                          " valid_from = ?6, valid_until = ?7, context = ?8, last_import = ?9,"
                          " labels = ?10 WHERE observable = ?1 AND source = ?2 AND ext_id = ?3",
    [ENT_Q_REVOKE] = "INSERT INTO revoked VALUES (?1, ?2) ON CONFLICT DO NOTHING",
    /* By id, so that both tables are read from front to back: by value, a million observables
     * take four times as long. */
    [ENT_Q_EACH] = EACH " ORDER BY o.id, " BEST,
    [ENT_Q_EACH_BY_SOURCE] = EACH " ORDER BY c.source, c.tlp, c.first_import / 86400, o.id,"
                                  " c.confidence DESC, c.last_import DESC, c.ext_id",
    /* From the claims, whose key begins with the observable: half the time of the other way round.
     */
    [ENT_Q_COMPILE] =
        "SELECT o.id, o.type, o.value FROM claim c CROSS JOIN observable o ON o.id = c.observable"
        " WHERE (c.valid_until = 0 OR c.valid_until > ?1) AND " STANDS(
            "?1") " ORDER BY c.observable",
    [ENT_Q_GET] = "SELECT " ROW ", (SELECT count(*) FROM claim c WHERE c.observable = ?1"
                  " AND " VALID ") FROM observable o"
                  " JOIN claim c ON c.observable = o.id"
                  " JOIN context x ON x.id = c.context JOIN source s ON s.id = c.source"
                  " WHERE o.id = ?1 AND " VALID " ORDER BY " BEST " LIMIT 1",
    [ENT_Q_COUNT_OBSERVABLES] = "SELECT type, count(*) FROM observable GROUP BY type",
    [ENT_Q_COUNT_CLAIMS] = "SELECT count(*) FROM claim",
    [ENT_Q_COUNT_MARKED] =
        "SELECT o.type, c.tlp, count(*) FROM claim c CROSS JOIN observable o ON o.id ="
        " c.observable GROUP BY o.type, c.tlp",
    [ENT_Q_SPENT] =
        "SELECT items FROM budget WHERE partner = ?1 AND direction = ?2 AND period = ?3",
    [ENT_Q_CHARGE] = "INSERT INTO budget VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET items ="
                     " items + excluded.items",
    [ENT_Q_FACT] = "SELECT value FROM fact WHERE key = ?1",
    [ENT_Q_SET_FACT] = "INSERT INTO fact VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value ="
                       " excluded.value",
    [ENT_Q_ADVANCE] = "INSERT INTO fact VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value ="
                      " excluded.value WHERE CAST(value AS INTEGER) < CAST(excluded.value AS"
                      " INTEGER)",
    [ENT_Q_FIND_LOG] = "SELECT id, head_n, head, path FROM log WHERE (path = ?1 OR head = ?2)"
                       " AND head_n BETWEEN 1 AND ?3 ORDER BY head_n DESC, id DESC",
    [ENT_Q_ADD_LOG] = "INSERT INTO log (path, head_n, head) VALUES (?1, ?2, ?3)",
    [ENT_Q_RENEW_LOG] = "UPDATE log SET path = ?1, head_n = ?2, head = ?3 WHERE id = ?4",
    [ENT_Q_SIGHTED_TO] = "SELECT offset FROM sighting WHERE observable = ?1 AND log = ?2",
    [ENT_Q_SIGHT] = "INSERT INTO sighting VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO UPDATE"
                    " SET first = min(first, excluded.first), last = max(last, excluded.last),"
                    " count = count + excluded.count,"
                    " line = iif(excluded.offset < offset, line, excluded.line),"
                    " offset = max(offset, excluded.offset)",
    [ENT_Q_SIGHTINGS] = "SELECT o.type, o.value, l.path, s.first, s.last, s.count, s.line, s.offset"
                        " FROM sighting s JOIN observable o ON o.id = s.observable"
                        " JOIN log l ON l.id = s.log WHERE s.last >= ?1"
                        " AND (?2 = 0 OR (o.type = ?2 AND o.value = ?3))"
                        " ORDER BY s.last DESC, s.count DESC, o.type, o.value, l.path, l.id",
    [ENT_Q_NEW_WARNING] = "INSERT INTO warning (name, version, type, types, entries, unread, added)"
                          " VALUES ('', 0, 0, 0, 0, 0, 0)",
    [ENT_Q_ADD_WARNED] = "INSERT INTO warned VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
    [ENT_Q_DROP_WARNED] = "DELETE FROM warned WHERE warning = ?1",
    [ENT_Q_DROP_WARNING] = "DELETE FROM warning WHERE id = ?1",
    [ENT_Q_FIND_WARNING] = "SELECT id FROM warning WHERE name = ?1",
    [ENT_Q_NAME_WARNING] = "UPDATE warning SET name = ?2, version = ?3, type = ?4, types = ?5,"
                           " entries = ?6, unread = ?7, added = ?8 WHERE id = ?1",
    [ENT_Q_WARNINGS] = "SELECT name, version, type, types, entries, unread, added FROM warning"
                       " ORDER BY name",
    [ENT_Q_MARKED] = "SELECT type, value FROM observable WHERE id IN (SELECT observable FROM claim"
                     " WHERE tlp = ?1) ORDER BY type, value",
    [ENT_Q_WARNED] = "SELECT DISTINCT type, value FROM warned ORDER BY type, value",
    [ENT_Q_WARNED_BY] =
        "SELECT w.name FROM warned v JOIN warning w ON w.id = v.warning WHERE v.type"
        " = ?2 AND v.value = ?3 AND ((w.types >> ?1) & 1) AND (?4 OR w.type <> ?5)"
        " ORDER BY w.name",
    [ENT_Q_CLAIMS] =
        "SELECT " CLAIM " WHERE ((?1 >> o.type) & 1) AND c.tlp <= ?2 AND c.confidence >= ?3"
        " AND c.first_import >= ?4 AND (?5 = '' OR c.source = (SELECT id FROM source WHERE name ="
        " ?5)) AND " TAGGED("?6") " AND c.observable >= ?7 AND c.observable < ?8"
                                  " ORDER BY c.observable DESC, c.source DESC, c.ext_id DESC",
    [ENT_Q_CLAIMS_OF] = "SELECT " CLAIM " WHERE c.observable = ?1"
                        " ORDER BY " BEST,
    [ENT_Q_IS_SHARED] = "SELECT EXISTS (SELECT 1 FROM claim c WHERE c.observable = ?1 AND c.source"
                        " NOT IN (0, (SELECT id FROM source WHERE name = ?2)))",
    [ENT_Q_PLACE] =
        "INSERT INTO place SELECT p, id FROM (SELECT ent_place(type, value) AS p, id FROM"
        " observable WHERE id > coalesce((SELECT CAST(value AS INTEGER) FROM fact WHERE key = ?1),"
        " 0)) WHERE p IS NOT NULL ORDER BY p, id",
    [ENT_Q_PLACED] = "INSERT INTO fact SELECT ?1, coalesce(max(id), 0) FROM observable WHERE true"
                     " ON CONFLICT DO UPDATE SET value = excluded.value",
    [ENT_Q_INSIDE] = "SELECT o.id, o.type, o.value FROM place p CROSS JOIN observable o ON o.id ="
                     " p.observable WHERE p.place >= ?1 AND p.place < ?2 ORDER BY p.place,"
                     " p.observable",
    [ENT_Q_STARTING] = "SELECT id, type, value FROM observable WHERE type = ?1 AND value >= ?2 AND"
                       " value < ?3 ORDER BY value",
    [ENT_Q_DECIDE] =
        "INSERT INTO decision SELECT DISTINCT c.observable, c.source, ?3, ?4 FROM claim"
        " c JOIN source s ON s.id = c.source WHERE c.observable = ?1 AND (?2 = '' OR"
        " s.name = ?2) ON CONFLICT DO UPDATE SET until = excluded.until, decided ="
        " excluded.decided",
    [ENT_Q_UNDECIDE] = "DELETE FROM decision WHERE observable = ?1 AND (?2 = '' OR source = (SELECT"
                       " id FROM source WHERE name = ?2))",
    [ENT_Q_TAG] = "INSERT INTO tag VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
    [ENT_Q_UNTAG] = "DELETE FROM tag WHERE observable = ?1 AND name = ?2",
    [ENT_Q_TAGS] = "SELECT name FROM tag WHERE observable = ?1 ORDER BY name",
    [ENT_Q_ADD_LABELS] = "INSERT INTO labels (names) VALUES (?1) ON CONFLICT DO NOTHING",
    [ENT_Q_FIND_LABELS] = "SELECT id FROM labels WHERE names = ?1",
    [ENT_Q_LABEL] = "INSERT INTO label_of VALUES (?1, ?2) ON CONFLICT DO NOTHING",
    [ENT_Q_EDIT] =
        "INSERT INTO claim VALUES (?1, 0, '', ?4, ?5, ?6, ?7, ?8, ?9, ?9, ?10) ON CONFLICT"
        " DO UPDATE SET tlp = ?4, confidence = ?5, valid_from = ?6, valid_until = ?7,"
        " context = ?8, last_import = ?9, labels = ?10",
    [ENT_Q_UNEDIT] = "DELETE FROM claim WHERE observable = ?1 AND source = 0",
    [ENT_Q_STATS] =
        "SELECT s.name, sum(c.tlp = 1), sum(c.tlp = 2), sum(c.tlp = 3), sum(c.tlp = 4),"
        " sum(c.tlp = 5), count(*), sum(c.valid_until <> 0 AND c.valid_until <= ?1),"
        " sum(" WITHDRAWN "), sum(d.until IS NOT NULL), min(c.first_import), max(c.last_import)"
        " FROM claim c CROSS JOIN source s ON s.id = c.source"
        " LEFT JOIN decision d ON d.observable = c.observable AND d.source = c.source"
        " GROUP BY c.source ORDER BY s.name",
    [ENT_Q_SUM_SIGHTED] = "SELECT count(DISTINCT observable) FROM sighting",
    [ENT_Q_SUM_SIGHTINGS] = "SELECT coalesce(sum(count), 0) FROM sighting",
    [ENT_Q_SUM_TAGGED] = "SELECT count(DISTINCT observable) FROM tag",
    [ENT_Q_SUM_BYTES] = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size",
    [ENT_Q_JUDGE] =
        "INSERT OR REPLACE INTO judged SELECT id, 1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9 FROM"
        " source WHERE name = ?1",
    [ENT_Q_UNJUDGE] = "UPDATE judged SET current = 0 WHERE source = ?1",
    [ENT_Q_UNJUDGE_ABOUT] =
        "UPDATE judged SET current = 0 WHERE source IN (SELECT source FROM claim"
        " WHERE observable = ?1)",
    [ENT_Q_UNJUDGE_ALL] = "UPDATE judged SET current = 0",
    [ENT_Q_UNJUDGED] = "SELECT s.name FROM source s LEFT JOIN judged j ON j.source = s.id WHERE"
                       " s.id <> 0 AND s.name <> '' AND j.current IS NOT 1 LIMIT 1",
    [ENT_Q_SOURCE_STATES] =
        "SELECT s.name, coalesce(j.current, 0), coalesce(j.held, 1), j.claims, j.warned, j.same,"
        " j.wide, j.suffix, j.not_public, j.stale, r.who, r.reason, r.at, r.claims, r.warned,"
        " r.same, r.wide, r.suffix, r.not_public, r.stale FROM source s LEFT JOIN judged j ON"
        " j.source = s.id LEFT JOIN released r ON r.source = s.id WHERE s.id <> 0 AND (?1 = '' OR "
        "s.name = ?1)"
        " ORDER BY s.name",
    [ENT_Q_RELEASE] = "INSERT OR REPLACE INTO released SELECT id, ?10, ?11, ?2, ?3, ?4, ?5, ?6, ?7,"
                      " ?8, ?9 FROM source WHERE name = ?1",
    [ENT_Q_UNRELEASE] = "DELETE FROM released WHERE source = (SELECT id FROM source WHERE name ="
                        " ?1)",
    [ENT_Q_USER_ADD] = "INSERT INTO account (name, display, role, clearance, enabled, password,"
                       " created) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING",
    [ENT_Q_USER] = "SELECT " USER " FROM account a WHERE a.name = ?1",
    [ENT_Q_USER_SET] = "UPDATE account SET display = ?2, role = ?3, clearance = ?4, enabled = ?5,"
                       " password = ?6 WHERE id = ?1",
    [ENT_Q_USERS] = "SELECT " USER " FROM account a ORDER BY a.name",
    [ENT_Q_COUNT_USERS] = "SELECT count(*) FROM account",
    [ENT_Q_OPERATORS] = "SELECT count(*) FROM account WHERE enabled AND role = ?1",
    [ENT_Q_TOKEN_ADD] = "INSERT INTO token (account, name, hash, role, clearance, created, expires,"
                        " used) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0) ON CONFLICT DO NOTHING",
    [ENT_Q_TOKEN] = "SELECT " USER ", " TOKEN " FROM token t JOIN account a ON a.id = t.account"
                    " WHERE t.hash = ?1 AND (t.expires = 0 OR t.expires > ?2)",
    [ENT_Q_TOKEN_USED] = "UPDATE token SET used = ?2 WHERE id = ?1",
    [ENT_Q_TOKEN_DROP] = "DELETE FROM token WHERE account = ?1 AND name = ?2",
    [ENT_Q_TOKENS] = "SELECT " TOKEN " FROM token t WHERE t.account = ?1 ORDER BY t.name",
    [ENT_Q_COUNT_TOKENS] = "SELECT count(*) FROM token WHERE account = ?1",
    [ENT_Q_SESSION_ADD] = "INSERT INTO session VALUES (?1, ?2, ?3, ?4, ?5)",
    [ENT_Q_SESSION] = "SELECT " USER ", x.created, x.used, x.expires FROM session x"
                      " JOIN account a ON a.id = x.account WHERE x.hash = ?1",
    [ENT_Q_SESSION_USED] = "UPDATE session SET used = ?2 WHERE hash = ?1",
    [ENT_Q_SESSION_DROP] = "DELETE FROM session WHERE hash = ?1",
    [ENT_Q_SESSIONS_DROP] = "DELETE FROM session WHERE account = ?1",
    [ENT_Q_SESSIONS_PRUNE] =
        "DELETE FROM session WHERE expires <= ?2 OR (account = ?1 AND hash NOT IN (SELECT hash"
        " FROM session WHERE account = ?1 ORDER BY created DESC, hash LIMIT ?3))",
    [ENT_Q_LINK_ADD] = "INSERT INTO link VALUES (?1, ?2)",
    [ENT_Q_LINK] = "SELECT 1 FROM link WHERE hash = ?1 AND expires > ?2",
    [ENT_Q_LINKS_DROP] = "DELETE FROM link",
    [ENT_Q_STRIKES] = "SELECT n, last FROM strikes WHERE key = ?1",
    [ENT_Q_STRIKES_SET] = "INSERT OR REPLACE INTO strikes VALUES (?1, ?2, ?3)",
    [ENT_Q_STRIKES_DROP] = "DELETE FROM strikes WHERE key = ?1",
    [ENT_Q_STRIKES_PRUNE] =
        "DELETE FROM strikes WHERE (SELECT count(*) FROM strikes) > ?1 AND key IN"
        " (SELECT key FROM strikes ORDER BY last LIMIT 1)",
    [ENT_Q_KNOWN_ADD] = "INSERT OR REPLACE INTO known VALUES (?1, ?2, ?3)",
    [ENT_Q_KNOWN_PRUNE] = "DELETE FROM known WHERE account = ?1 AND address NOT IN (SELECT address"
                          " FROM known WHERE account = ?1 ORDER BY last DESC, address LIMIT ?2)",
    [ENT_Q_KNOWN] = "SELECT EXISTS (SELECT 1 FROM known WHERE account = ?1 AND address = ?2 AND"
                    " last >= ?3)",
    [ENT_Q_PENDING_ADD] = "INSERT OR REPLACE INTO pending SELECT id, ?10, ?11, ?2, ?12, ?3, ?4, ?5,"
                          " ?6, ?7, ?8, ?9 FROM source WHERE name = ?1 AND id <> 0",
    [ENT_Q_PENDING] =
        "SELECT s.name, p.who, p.reason, p.asked, p.expires, p.claims, p.warned, p.same, p.wide,"
        " p.suffix, p.not_public, p.stale FROM pending p JOIN source s ON s.id = p.source WHERE"
        " (?1 = '' OR s.name = ?1) AND p.expires > ?2 ORDER BY s.name",
    [ENT_Q_PENDING_DROP] = "DELETE FROM pending WHERE source = (SELECT id FROM source WHERE name ="
                           " ?1)",
    [ENT_Q_PENDING_PRUNE] = "DELETE FROM pending WHERE expires <= ?1",
    [ENT_Q_SIGHTED] = "SELECT coalesce(sum(count), 0), min(first), max(last) FROM sighting"
                      " WHERE observable = ?1",
    [ENT_Q_OBJECT_KNOWN] = "SELECT EXISTS (SELECT 1 FROM object WHERE id = ?1 AND state < 2)",
    [ENT_Q_OBJECT_EQUAL] = "SELECT seq, state, body, gist FROM object WHERE id = ?1 AND source = ?2"
                           " AND version = ?3 AND state < 2 ORDER BY seq DESC LIMIT ?4",
    [ENT_Q_OBJECT_ODD] = "SELECT seq, state, body, gist FROM object WHERE id = ?1 AND source = ?2"
                         " AND version = ?3 AND state >= 2 ORDER BY seq LIMIT ?4",
    [ENT_Q_OBJECT_ELSEWHERE] = "SELECT o.body, o.gist FROM source s CROSS JOIN object o ON o.id = "
                               "?1 AND o.source = s.id AND"
                               " o.version = ?3 AND o.state < 2 WHERE s.id <> ?2 LIMIT ?4",
    [ENT_Q_OBJECT_LATEST] = "SELECT seq, version, revoked, gist FROM object WHERE id = ?1 AND"
                            " source = ?2 AND state < 2 ORDER BY version DESC, seq DESC LIMIT 1",
    [ENT_Q_OBJECT_ADD] = "INSERT INTO object (id, version, source, tlp, revoked, taken, state,"
                         " imported, body, gist) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    [ENT_Q_OBJECT_UNGISTED] = "SELECT seq, body FROM object WHERE gist IS NULL ORDER BY seq LIMIT"
                              " ?1",
    [ENT_Q_OBJECT_GIST] = "UPDATE object SET gist = ?2 WHERE seq = ?1 AND gist IS NULL",
    [ENT_Q_OBJECT_NARROW] = "UPDATE object SET tlp = ?2 WHERE seq = ?1 AND tlp < ?2",
    [ENT_Q_OBJECTS] =
        "SELECT " KEPT " FROM object o CROSS JOIN source s ON s.id = o.source WHERE"
        " (?1 = '' OR substr(o.id, 1, length(?1)) = ?1) AND (?5 = 0 OR o.taken = 0)"
        " AND " OBJECT_PASSES(
            "o", "s") " AND NOT EXISTS (SELECT 1 FROM object q JOIN source t ON"
                      " t.id = q.source WHERE q.id = o.id AND q.source < o.source AND "
                      "ent_may_pass(q.tlp, ?6 AND " HELD("q.source") ", ?2) AND " OBJECT_PASSES(
                          "q", "t") ")"
                                    " ORDER BY o.seq",
    [ENT_Q_OBJECT_VERSIONS] = "SELECT " KEPT " FROM object o CROSS JOIN source s ON s.id = o.source"
                              " WHERE (o.id = ?1 AND o.state < 2) OR (o.id = ?1 AND o.state >= 2)"
                              " ORDER BY o.version DESC, o.seq",
    [ENT_Q_OBJECT] = "SELECT " KEPT " FROM object o CROSS JOIN source s ON s.id = o.source"
                     " WHERE o.id = ?1 AND (?2 = '' OR s.name = ?2) AND " LATEST(
                         "o") " ORDER BY o.source LIMIT 1",
    [ENT_Q_POINT] = "INSERT INTO pointer VALUES (?1, ?2) ON CONFLICT DO NOTHING",
    [ENT_Q_POINTING] = "SELECT " KEPT " FROM pointer r CROSS JOIN object o ON o.seq = r.object"
                       " CROSS JOIN source s ON s.id = o.source WHERE r.target = ?1"
                       " AND " LATEST("o") " ORDER BY r.object",
    [ENT_Q_DROP_CLAIM] = "DELETE FROM claim WHERE observable = (SELECT id FROM observable WHERE"
                         " type = ?1 AND value = ?2) AND source = ?3 AND ext_id = ?4",
    [ENT_Q_COUNT_OBJECTS] = "SELECT count(*) FROM object",
    [ENT_Q_COUNT_ODD] = "SELECT count(*) FROM object WHERE state <> 0",
    [ENT_Q_GUARD_ADD] = "INSERT INTO guard_name VALUES (?1, ?2) ON CONFLICT DO UPDATE SET display ="
                        " excluded.display",
    [ENT_Q_GUARD_REMOVE] = "DELETE FROM guard_name WHERE name = ?1",
    [ENT_Q_GUARD_EACH] = "SELECT name, display FROM guard_name ORDER BY name",
    [ENT_Q_GUARD_EXCLUDE] = "INSERT INTO guard_good VALUES (?1) ON CONFLICT DO NOTHING",
    [ENT_Q_GUARD_INCLUDE] = "DELETE FROM guard_good WHERE name = ?1",
    [ENT_Q_GUARD_EACH_GOOD] = "SELECT name, '' FROM guard_good ORDER BY name",
    SERVED_QUERIES,
    [ENT_Q_OUTBOX_PUT] =
        "INSERT INTO outbox (id, body, created, due, tries) VALUES (?1, ?2, ?3, ?3,"
        " 0)",
    [ENT_Q_OUTBOX_CUT] =
        "DELETE FROM outbox WHERE seq IN (SELECT seq FROM outbox ORDER BY seq LIMIT ?1)",
    [ENT_Q_OUTBOX_COUNT] = "SELECT count(*) FROM outbox",
    /* Nothing is put off for so long: the clock was wrong. */
    [ENT_Q_OUTBOX_NEXT] =
        "SELECT id, created, tries, body FROM outbox WHERE due <= ?1 OR due > ?1 +"
        " 7200 ORDER BY due, seq LIMIT 1",
    [ENT_Q_OUTBOX_ONE] = "SELECT id, created, tries FROM outbox WHERE id = ?1",
    [ENT_Q_OUTBOX_DONE] = "DELETE FROM outbox WHERE id = ?1",
    [ENT_Q_OUTBOX_LATER] = "UPDATE outbox SET due = ?2, tries = tries + 1 WHERE id = ?1",
    [ENT_Q_SIGHTED_EACH] =
        "SELECT g.observable, g.log, o.type, o.value, l.path, s.first, s.last, s.count, (SELECT"
        " max(c.tlp) FROM claim c WHERE c.observable = g.observable) FROM sighted g CROSS JOIN"
        " sighting s ON s.observable = g.observable AND s.log = g.log CROSS JOIN observable o ON"
        " o.id = g.observable CROSS JOIN log l ON l.id = g.log LIMIT ?1",
    [ENT_Q_SIGHTED_TOLD] = "DELETE FROM sighted WHERE observable = ?1 AND log = ?2",
    [ENT_Q_SIGHTED_OFF] = "DELETE FROM fact WHERE key = 'outbox/sighted'",
    [ENT_Q_SIGHTED_FORGET] = "DELETE FROM sighted",
};

/* SQLite calls only ENOSPC a full disk; a quota (EDQUOT) or a limit on file sizes (EFBIG) is known
 * to the file that failed, which is the database or its log. */
static int last_errno(sqlite3 *db)
{
    int sys = sqlite3_system_errno(db);
    sqlite3_file *log = NULL;
    if (sys == 0)
        (void)sqlite3_file_control(db, "main", SQLITE_FCNTL_LAST_ERRNO, &sys);
    if (sys == 0 &&
        sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log) == SQLITE_OK &&
        log != NULL && log->pMethods != NULL)
        (void)log->pMethods->xFileControl(log, SQLITE_FCNTL_LAST_ERRNO, &sys);
    return sys;
}

enum ent_err ent_store_fail(const struct ent_store *s)
{
    switch (sqlite3_errcode(s->db) & 0xFF) {
    case SQLITE_NOMEM:
        return ENT_E_NOMEM;
    case SQLITE_FULL:
        return ENT_E_FULL;
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
        return ENT_E_FORMAT;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return ENT_E_TIMEOUT;
    case SQLITE_INTERRUPT:
        return ENT_E_INTERRUPTED;
    case SQLITE_IOERR: {
        int sys = last_errno(s->db);
        return sys == 0 ? ENT_E_IO : ent_err_from_errno(sys);
    }
    default:
        return ENT_E_IO;
    }
}

const char *ent_store_error(const struct ent_store *s)
{
    return sqlite3_errmsg(s->db);
}

sqlite3_stmt *ent_store_query(struct ent_store *s, enum ent_query q)
{
    if (s->stmt[q] == NULL)
        (void)sqlite3_prepare_v3(s->db, sql[q], -1, SQLITE_PREPARE_PERSISTENT, &s->stmt[q], NULL);
    return s->stmt[q];
}

void ent_store_bind(sqlite3_stmt *st, int at, struct ent_slice s)
{
    const char *p = s.n == 0 ? "" : (const char *)s.p;
    (void)sqlite3_bind_text64(st, at, p, s.n, SQLITE_STATIC, SQLITE_UTF8);
}

struct ent_slice ent_store_column(sqlite3_stmt *st, int at)
{
    const unsigned char *p = sqlite3_column_text(st, at);
    return ent_slice(p, p == NULL ? 0 : (size_t)sqlite3_column_bytes(st, at));
}

enum ent_err ent_store_observable(struct ent_observable *ret, sqlite3_stmt *st, int at)
{
    int64_t type = sqlite3_column_int64(st, at);
    struct ent_slice value = ent_store_column(st, at + 1);
    if (type <= 0 || type >= ENT_OBS_TYPES || value.n == 0 || value.n > ENT_OBS_MAX)
        return ENT_E_FORMAT;
    ret->type = (enum ent_obs_type)type;
    ret->n = (uint16_t)value.n;
    memcpy(ret->text, value.p, value.n);
    ret->text[value.n] = '\0';
    return ENT_OK;
}

void ent_store_done(sqlite3_stmt *st)
{
    (void)sqlite3_reset(st);
    (void)sqlite3_clear_bindings(st);
}

enum ent_err ent_store_run(struct ent_store *s, sqlite3_stmt *st)
{
    if (st == NULL)
        return ent_store_fail(s);
    enum ent_err r = sqlite3_step(st) == SQLITE_DONE ? ENT_OK : ent_store_fail(s);
    ent_store_done(st);
    return r;
}

enum ent_err ent_store_number(struct ent_store *s, sqlite3_stmt *st, int64_t *ret)
{
    if (st == NULL)
        return ent_store_fail(s);
    int z = sqlite3_step(st);
    enum ent_err r = z == SQLITE_ROW    ? ENT_OK
                     : z == SQLITE_DONE ? ENT_E_NOTFOUND
                                        : ent_store_fail(s);
    if (r == ENT_OK)
        *ret = sqlite3_column_int64(st, 0);
    ent_store_done(st);
    return r;
}

static enum ent_err pragma(struct ent_store *s, const char *what, int64_t *ret)
{
    sqlite3_stmt *st = NULL;
    if (sqlite3_prepare_v2(s->db, what, -1, &st, NULL) != SQLITE_OK)
        return ent_store_fail(s);
    enum ent_err r = ent_store_number(s, st, ret);
    (void)sqlite3_finalize(st);
    return r;
}

static enum ent_err fail_full(struct ent_diag *d, enum ent_err e, const char *text)
{
    if (d != NULL)
        *d = (struct ent_diag){.text = text, .sys = e == ENT_E_FULL ? ENOSPC : 0};
    return e;
}

/* What is not only added: each once, whatever version the store has. */
static enum ent_err change(struct ent_store *s)
{
    static const struct {
        const char *done, *how;
    } changes[] = {
        {"SELECT count(*) FROM pragma_table_info('claim') WHERE name = 'labels'", claim_labels},
        {"SELECT count(*) FROM pragma_table_info('context') WHERE name = 'hash'", context_hash},
        {"SELECT NOT EXISTS (SELECT 1 FROM pragma_table_info('object')) OR EXISTS (SELECT 1 FROM"
         " pragma_table_info('object') WHERE name = 'gist')",
         object_gist},
    };
    enum ent_err r = ENT_OK;
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]) && r == ENT_OK; i++) {
        int64_t done = 0;
        r = pragma(s, changes[i].done, &done);
        if (r == ENT_OK && done == 0 &&
            sqlite3_exec(s->db, changes[i].how, NULL, NULL, NULL) != SQLITE_OK)
            r = ent_store_fail(s);
    }
    return r;
}

static enum ent_err create(struct ent_store *s, struct ent_diag *d)
{
    /* Two processes may get here at once: the second finds the tables made. */
    if (sqlite3_exec(s->db, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK)
        return ent_fail(d, ent_store_fail(s), "cannot create the store", 0, 0);
    int64_t version = 0;
    enum ent_err r = pragma(s, "PRAGMA user_version", &version);
    if (r == ENT_OK && version == 0 && sqlite3_exec(s->db, schema, NULL, NULL, NULL) != SQLITE_OK)
        r = ent_store_fail(s);
    if (r == ENT_OK)
        r = change(s);
    if (r == ENT_OK && version < SCHEMA_VERSION &&
        (sqlite3_exec(s->db, ent_store_user_schema, NULL, NULL, NULL) != SQLITE_OK ||
         sqlite3_exec(s->db, added, NULL, NULL, NULL) != SQLITE_OK ||
         sqlite3_exec(s->db, ent_store_outbox_schema, NULL, NULL, NULL) != SQLITE_OK))
        r = ent_store_fail(s);
    if (r == ENT_OK && version < SCHEMA_VERSION)
        r = ent_store_place(s);
    if (r == ENT_OK && sqlite3_exec(s->db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
        r = ent_store_fail(s);
    if (r != ENT_OK) {
        ent_store_rollback(s);
        return fail_full(d, r, "cannot create the store");
    }
    return ENT_OK;
}

static enum ent_err check_version(struct ent_store *s, struct ent_diag *d)
{
    int64_t app = 0, version = 0, tables = 0;
    enum ent_err r;
    if ((r = pragma(s, "PRAGMA application_id", &app)) != ENT_OK ||
        (r = pragma(s, "PRAGMA user_version", &version)) != ENT_OK ||
        (r = pragma(s, "SELECT count(*) FROM sqlite_schema", &tables)) != ENT_OK)
        return fail_full(d, r,
                         r == ENT_E_FORMAT ? "not a store, or damaged" : "cannot read the store");
    if (app == 0 && version == 0 && tables == 0)
        return create(s, d);
    if (app != APPLICATION_ID)
        return ent_fail(d, ENT_E_FORMAT, "a database, but not a store of ours", 0, 0);
    if (version < SCHEMA_VERSION)
        return create(s, d);
    if (version > SCHEMA_VERSION)
        return ent_fail(d, ENT_E_UNSUPPORTED, "written by a newer version of entente", 0, 0);
    return ENT_OK;
}

/* SQLite would make it readable for everybody. One that is there is not touched: to close it would
 * end the locks of all connections that this process has to it, and others would put away the log
 * that they write to. */
static enum ent_err make_file(const char *path, struct ent_diag *d)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd >= 0)
        (void)close(fd);
    else if (errno != EEXIST || access(path, R_OK | W_OK) != 0)
        return ent_fail_sys(d, "cannot open the store");
    return ENT_OK;
}

enum ent_err ent_store_open(struct ent_store **ret, struct ent_diag *d, const char *path)
{
    struct ent_store *s = calloc(1, sizeof(*s));
    int64_t ignored;
    enum ent_err r = ENT_OK;
    if (s == NULL)
        return ent_fail(d, ENT_E_NOMEM, "out of memory", 0, 0);
    ent_buf_init(&s->names, ENT_LABELS_BYTES);
    ent_buf_init(&s->source_name, 4096);
    if (strcmp(path, ":memory:") != 0)
        r = make_file(path, d);
    if (r == ENT_OK &&
        sqlite3_open_v2(path, &s->db,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                        NULL) != SQLITE_OK)
        r = ent_fail(d, s->db == NULL ? ENT_E_NOMEM : ent_store_fail(s), "cannot open the store", 0,
                     0);
    if (r == ENT_OK) {
        (void)sqlite3_busy_timeout(s->db, ENT_STORE_BUSY_MS);
        /* What refers to something was made with it, in one transaction; to have SQLite look it up
         * again takes a seventh of an import. Tests ask for foreign_key_check instead. */
        (void)sqlite3_exec(s->db,
                           "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                           "PRAGMA foreign_keys = OFF; PRAGMA trusted_schema = OFF;"
                           "PRAGMA cache_size = " CACHE ";",
                           NULL, NULL, NULL);
        if ((r = ent_store_place_start(s)) == ENT_OK && (r = ent_store_door_start(s)) == ENT_OK &&
            (r = ent_store_context_start(s)) == ENT_OK)
            r = check_version(s, d);
    }
    if (r == ENT_OK && pragma(s, "PRAGMA synchronous", &ignored) != ENT_OK)
        r = ent_fail(d, ENT_E_IO, "cannot set up the store", 0, 0);
    if (r != ENT_OK) {
        ent_store_close(s);
        return r;
    }
    *ret = s;
    return ENT_OK;
}

void ent_store_close(struct ent_store *s)
{
    if (s == NULL)
        return;
    for (int q = 0; q < ENT_Q_COUNT; q++)
        (void)sqlite3_finalize(s->stmt[q]);
    (void)sqlite3_close(s->db);
    ent_buf_release(&s->names);
    ent_buf_release(&s->source_name);
    free(s);
}

enum ent_err ent_store_begin(struct ent_store *s)
{
    return ent_store_run(s, ent_store_query(s, ENT_Q_BEGIN));
}

/* What is only of the transaction that has ended. */
static void end_transaction(struct ent_store *s)
{
    s->touched = false;
    s->unjudged = 0;
}

enum ent_err ent_store_commit(struct ent_store *s)
{
    enum ent_err r = s->touched ? ent_store_renew_mark(s) : ENT_OK;
    if (r == ENT_OK && s->touched)
        r = ent_store_place(s);
    if (r == ENT_OK && (r = ent_store_run(s, ent_store_query(s, ENT_Q_COMMIT))) == ENT_OK)
        end_transaction(s);
    return r;
}

void ent_store_rollback(struct ent_store *s)
{
    s->labels = s->source = 0; /* they may go with it */
    end_transaction(s);
    if (sqlite3_get_autocommit(s->db) == 0)
        (void)sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
}

void ent_store_bulk(struct ent_store *s)
{
    (void)sqlite3_exec(s->db, "PRAGMA cache_size = " CACHE_BULK, NULL, NULL, NULL);
}
