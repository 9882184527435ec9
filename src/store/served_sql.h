/*
 * served_sql.h: the tables and statements of served.c, served_read.c and posted.c, for store.c.
 *
 * A row of `served` is a claim, or a version of an object, that goes out through TAXII: item is the
 * observable of a claim, or the seq of an object, negative; 0 with ext_id its id is what this
 * member says of itself. It may pass the doors from lo on and below hi; added, in microseconds, is
 * when it began to, and NULL while it does not. What changes anything that a row was made of puts
 * it into touched_* in the same transaction, by the triggers below, and hides it by that.
 */
#ifndef ENT_STORE_SERVED_SQL_H
#define ENT_STORE_SERVED_SQL_H

/* clang-format off */
#define SERVED_TABLES                                                                              \
    "CREATE TABLE IF NOT EXISTS served (id INTEGER PRIMARY KEY, source INTEGER NOT NULL REFERENCES"\
    " source, ext_id TEXT NOT NULL, item INTEGER NOT NULL, added INTEGER, lo INTEGER NOT NULL, hi" \
    " INTEGER NOT NULL, due INTEGER, type INTEGER NOT NULL, key INTEGER NOT NULL, uuid BLOB,"      \
    " modified INTEGER NOT NULL, versions INTEGER NOT NULL, spec INTEGER NOT NULL);"               \
    "CREATE UNIQUE INDEX IF NOT EXISTS served_item ON served (source, ext_id, item);"              \
    "CREATE INDEX IF NOT EXISTS served_page ON served (lo, added) WHERE added IS NOT NULL;"        \
    "CREATE INDEX IF NOT EXISTS served_type ON served (type, lo, added) WHERE added IS NOT NULL"   \
    " AND type <> 1;"                                                                              \
    "CREATE INDEX IF NOT EXISTS served_key ON served (key) WHERE added IS NOT NULL;"               \
    "CREATE INDEX IF NOT EXISTS served_due ON served (due) WHERE due IS NOT NULL;"                 \
    "CREATE TABLE IF NOT EXISTS touched_claim (observable INTEGER NOT NULL, source INTEGER NOT"    \
    " NULL, ext_id TEXT NOT NULL, PRIMARY KEY (observable, source, ext_id)) WITHOUT ROWID;"        \
    "CREATE TABLE IF NOT EXISTS touched_ext (source INTEGER NOT NULL, ext_id TEXT NOT NULL,"       \
    " PRIMARY KEY (source, ext_id)) WITHOUT ROWID;"                                                \
    "CREATE TABLE IF NOT EXISTS touched_source (source INTEGER PRIMARY KEY);"                      \
    /* shown: what it says has begun to go out; missed: somebody read while it was hidden; job, */ \
    /* since, ext_id, item: its rows are being dated (1) or hidden (2), and how far that is. */    \
    "CREATE TABLE IF NOT EXISTS served_source (source INTEGER PRIMARY KEY REFERENCES source, shown"\
    " INTEGER NOT NULL, missed INTEGER NOT NULL, job INTEGER NOT NULL, since INTEGER NOT NULL,"    \
    " ext_id TEXT NOT NULL, item INTEGER NOT NULL);"                                               \
    /* What came through TAXII, what of it was taken back, and what was answered. */               \
    "CREATE TABLE IF NOT EXISTS posted (source INTEGER NOT NULL REFERENCES source, added INTEGER"  \
    " NOT NULL, object INTEGER NOT NULL UNIQUE REFERENCES object, PRIMARY KEY (source, added))"    \
    " WITHOUT ROWID;"                                                                              \
    "CREATE TABLE IF NOT EXISTS dropped (object INTEGER PRIMARY KEY REFERENCES object);"           \
    "CREATE TABLE IF NOT EXISTS status (id BLOB PRIMARY KEY, account TEXT NOT NULL, at INTEGER NOT"\
    " NULL, body BLOB NOT NULL) WITHOUT ROWID;"                                                    \
    "CREATE INDEX IF NOT EXISTS status_at ON status (account, at);"

/* ON CONFLICT, because OR IGNORE in a trigger gives way to the statement that fires it. */
#define OR_NOT " ON CONFLICT DO NOTHING;"
#define TOUCH_ONE(x)                                                                               \
    "INSERT INTO touched_claim VALUES (" x ".observable, " x ".source, " x ".ext_id)" OR_NOT
#define TOUCH_EXT(x) "INSERT INTO touched_ext VALUES (" x ".source, " x ".ext_id)" OR_NOT
/* Our own word is about all that others say of the observable. */
#define TOUCH_ALL(x)                                                                               \
    "INSERT INTO touched_claim VALUES (" x ".observable, -1, '')" OR_NOT                           \
    "INSERT INTO touched_ext SELECT source, ext_id FROM claim WHERE observable = " x               \
    ".observable AND instr(ext_id, '--') > 0" OR_NOT
#define ON_CLAIM(name, when, x, only)                                                              \
    "CREATE TRIGGER served_" name " AFTER " when " ON claim WHEN " x ".source <> 0" only " BEGIN " \
    TOUCH_ONE(x) " END;"                                                                           \
    "CREATE TRIGGER served_" name "_ext AFTER " when " ON claim WHEN instr(" x ".ext_id, '--') > 0"\
    only " BEGIN " TOUCH_EXT(x) " END;"                                                            \
    "CREATE TRIGGER served_" name "_own AFTER " when " ON claim WHEN " x ".source = 0" only        \
    " BEGIN " TOUCH_ALL(x) " END;"
/* That a source repeats itself is no news. */
#define IS_NEWS                                                                                    \
    " AND (OLD.tlp <> NEW.tlp OR OLD.confidence <> NEW.confidence OR OLD.valid_from <>"            \
    " NEW.valid_from OR OLD.valid_until <> NEW.valid_until OR OLD.context <> NEW.context OR"       \
    " OLD.labels <> NEW.labels)"

/* Made when somebody serves for the first time: imports of those who never do cost nothing more. */
#define SERVED_START                                                                               \
    "CREATE INDEX claim_ext ON claim (source, ext_id) WHERE ext_id <> '';"                         \
    ON_CLAIM("new", "INSERT", "NEW", "")                                                           \
    ON_CLAIM("edit", "UPDATE", "NEW", IS_NEWS)                                                     \
    ON_CLAIM("gone", "DELETE", "OLD", "")                                                          \
    "CREATE TRIGGER served_decide AFTER INSERT ON decision BEGIN " TOUCH_ALL("NEW") " END;"        \
    "CREATE TRIGGER served_redecide AFTER UPDATE ON decision BEGIN " TOUCH_ALL("NEW") " END;"      \
    "CREATE TRIGGER served_undecide AFTER DELETE ON decision BEGIN " TOUCH_ALL("OLD") " END;"      \
    "CREATE TRIGGER served_revoke AFTER INSERT ON revoked BEGIN " TOUCH_EXT("NEW") " END;"         \
    "CREATE TRIGGER served_object AFTER INSERT ON object BEGIN"                                    \
    " INSERT INTO touched_ext VALUES (NEW.source, NEW.id)"                                         \
    " ON CONFLICT DO NOTHING; END;"                                                                \
    "CREATE TRIGGER served_narrow AFTER UPDATE OF tlp, state ON object BEGIN"                      \
    " INSERT INTO touched_ext VALUES (NEW.source, NEW.id)"                                         \
    " ON CONFLICT DO NOTHING; END;"                                                                \
    "CREATE TRIGGER served_judge AFTER INSERT ON judged BEGIN"                                     \
    " INSERT INTO touched_source VALUES (NEW.source)"                                              \
    " ON CONFLICT DO NOTHING; END;"                                                                \
    "CREATE TRIGGER served_unjudge AFTER UPDATE ON judged WHEN OLD.current <> NEW.current OR"      \
    " OLD.held <> NEW.held BEGIN"                                                                  \
    " INSERT INTO touched_source VALUES (NEW.source) ON CONFLICT DO NOTHING; END;"

#define SERVED_ROW(s)                                                                              \
    s ".id, " s ".source, " s ".ext_id, " s ".item, " s ".added, " s ".lo, " s ".hi, " s ".due, "  \
    s ".type, " s ".uuid, " s ".modified, " s ".versions, " s ".spec"
#define SERVED_ARM(lo, index, and)                                                                 \
    "SELECT " SERVED_ROW("v") " FROM served v INDEXED BY " index " WHERE ?1 >= " lo " AND v.lo = " \
    lo " AND v.added > ?2" and
#define SERVED_ARMS(index, and)                                                                    \
    SERVED_ARM("1", index, and) " UNION ALL " SERVED_ARM("2", index, and) " UNION ALL "            \
    SERVED_ARM("3", index, and) " UNION ALL " SERVED_ARM("4", index, and) " ORDER BY 5"
/* The last judgement, of now or of before, lets none of it out. */
#define STOPPED(source)                                                                            \
    "NOT EXISTS (SELECT 1 FROM judged j WHERE NOT j.held AND j.source = " source ")"
/* Not hidden by a change. */
#define CLAIM_AT_REST                                                                              \
    "NOT EXISTS (SELECT 1 FROM touched_claim t WHERE t.observable = c.observable AND t.source ="   \
    " c.source AND t.ext_id = c.ext_id) AND NOT EXISTS (SELECT 1 FROM touched_claim t WHERE"       \
    " t.observable = c.observable AND t.source = -1 AND t.ext_id = '') AND (c.ext_id = '' OR NOT"  \
    " EXISTS (SELECT 1 FROM touched_ext t WHERE t.source = c.source AND t.ext_id = c.ext_id))"
#define OBJECT_AT_REST                                                                             \
    "NOT EXISTS (SELECT 1 FROM touched_ext t WHERE t.source = o.source AND t.ext_id = o.id)"
#define POSTED_BESIDE(than)                                                                        \
    "NOT EXISTS (SELECT 1 FROM object n WHERE n.id = o.id AND n.source = o.source AND n.state < 2" \
    " AND n.version " than " o.version AND EXISTS (SELECT 1 FROM posted q WHERE q.object = n.seq))"
#define POSTED                                                                                     \
    "SELECT p.object, p.added, o.id, o.version, o.gist, o.body, "                  \
    POSTED_BESIDE(">") ", " POSTED_BESIDE("<")

#define SERVED_QUERIES                                                                             \
    [ENT_Q_TOUCHED_SOURCES] = "SELECT source FROM touched_source LIMIT ?1",                        \
    [ENT_Q_UNTOUCH_SOURCE] = "DELETE FROM touched_source WHERE source = ?1",                       \
    [ENT_Q_TOUCHED_EXT] = "SELECT t.source, t.ext_id FROM touched_ext t WHERE EXISTS (SELECT 1"    \
                          " FROM judged j WHERE j.source = t.source AND j.current) LIMIT ?1",      \
    [ENT_Q_TOUCH_EXT] = "INSERT OR IGNORE INTO touched_ext VALUES (?1, ?2)",                       \
    [ENT_Q_UNTOUCH_EXT] = "DELETE FROM touched_ext WHERE source = ?1 AND ext_id = ?2",             \
    [ENT_Q_TOUCHED_CLAIMS] =                                                                       \
        "SELECT t.source, t.ext_id, t.observable FROM touched_claim t WHERE t.source <= 0 OR"      \
        " EXISTS (SELECT 1 FROM judged j WHERE j.source = t.source AND j.current) LIMIT ?1",       \
    [ENT_Q_TOUCH_CLAIM] = "INSERT OR IGNORE INTO touched_claim VALUES (?1, ?2, ?3)",               \
    [ENT_Q_UNTOUCH_CLAIM] = "DELETE FROM touched_claim WHERE observable = ?1 AND source = ?2 AND"  \
                            " ext_id = ?3",                                                        \
    [ENT_Q_TOUCH_ALL] = "INSERT OR IGNORE INTO touched_claim SELECT observable, source, ext_id"    \
                        " FROM claim WHERE observable = ?1 AND source <> 0",                       \
    [ENT_Q_CLAIM_FACTS] =                                                                          \
        "SELECT o.type, o.value, c.tlp, c.valid_from, c.valid_until, c.last_import, " WITHDRAWN    \
        ", (SELECT until FROM decision d WHERE d.observable = c.observable AND d.source ="         \
        " c.source), s.name, coalesce((SELECT w.tlp FROM claim w WHERE w.observable ="             \
        " c.observable AND w.source = 0), 0) FROM claim c CROSS JOIN observable o ON o.id ="       \
        " c.observable CROSS JOIN source s ON s.id = c.source WHERE c.observable = ?1 AND"         \
        " c.source = ?2 AND c.ext_id = ?3",                                                        \
    [ENT_Q_SERVED_STATE] =                                                                         \
        "SELECT coalesce(j.current, 0), coalesce(j.held, 1), coalesce(v.shown, 0),"                \
        " coalesce(v.missed, 0), coalesce(v.job, 0) FROM (SELECT ?1 AS id) x LEFT JOIN judged j"   \
        " ON j.source = x.id LEFT JOIN served_source v ON v.source = x.id",                        \
    [ENT_Q_SERVED_FIND] = "SELECT id, added, lo, hi, modified FROM served WHERE source = ?1 AND"   \
                          " ext_id = ?2 AND item = ?3",                                            \
    [ENT_Q_SERVED_ADD] = "INSERT INTO served (source, ext_id, item, added, lo, hi, due, type, key,"\
                         " uuid, modified, versions, spec) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8,"\
                         " ?9, ?10, ?11, ?12, ?13)",                                               \
    [ENT_Q_SERVED_SET] = "UPDATE served SET added = ?4, lo = ?5, hi = ?6, due = ?7, key = ?9, uuid"\
                         " = ?10, modified = ?11, versions = ?12, spec = ?13 WHERE id = ?1",       \
    [ENT_Q_SERVED_DATE] = "UPDATE served SET added = ?2 WHERE id = ?1",                            \
    [ENT_Q_SERVED_DROP] = "DELETE FROM served WHERE source = ?1 AND ext_id = ?2 AND item = ?3",    \
    [ENT_Q_SERVED_ITEMS] = "SELECT item FROM served WHERE source = ?1 AND ext_id = ?2 AND item < 0"\
                           " LIMIT ?3",                                                            \
    [ENT_Q_SERVED_DUE] = "SELECT source, ext_id, item, id FROM served WHERE due <= ?1 LIMIT ?2",   \
    [ENT_Q_SERVED_UNDUE] = "UPDATE served SET due = NULL WHERE id = ?1",                           \
    [ENT_Q_EXT_CLAIMS] = "SELECT observable FROM claim INDEXED BY claim_ext WHERE source = ?1 AND" \
                         " ext_id = ?2 AND ext_id <> '' LIMIT ?3",                                 \
    [ENT_Q_EXT_SOURCES] = "SELECT DISTINCT source FROM object WHERE id = ?1 AND state < 2 ORDER BY"\
                          " source LIMIT ?2",                                                      \
    [ENT_Q_EXT_VERSIONS] =                                                                         \
        "SELECT max(o.seq), o.version, o.tlp, o.taken, o.revoked, o.gist FROM object o WHERE"   \
        " o.id = ?1 AND o.source = ?2 AND o.state < 2 AND NOT EXISTS (SELECT 1 FROM dropped d"     \
        " WHERE d.object = o.seq) GROUP BY o.version ORDER BY o.version DESC LIMIT ?3",            \
    [ENT_Q_SOURCE_JOB] =                                                                           \
        "INSERT INTO served_source VALUES (?1, ?2, 0, ?3, ?4, '', ?5) ON CONFLICT DO UPDATE SET"   \
        " shown = ?2, missed = 0, since = iif(job = 1, max(since, ?4), ?4), job = ?3, ext_id = '',"\
        " item = ?5",                                                                              \
    [ENT_Q_SOURCE_JOBS] = "SELECT source, ext_id, item, since, job FROM served_source WHERE job"   \
                          " <> 0 LIMIT 1",                                                         \
    [ENT_Q_SOURCE_ON] = "UPDATE served_source SET ext_id = ?2, item = ?3 WHERE source = ?1",       \
    [ENT_Q_SOURCE_END] = "UPDATE served_source SET shown = (job = 1), job = 0 WHERE source = ?1",  \
    [ENT_Q_SOURCE_ROWS] =                                                                          \
        "SELECT id, ext_id, item, added, lo < hi AND lo < 5 FROM served WHERE source = ?1 AND"     \
        " (ext_id, item) > (?2, ?3) ORDER BY ext_id, item LIMIT ?4",                               \
    [ENT_Q_SOURCES_HIDDEN] =                                                                       \
        "SELECT v.source, v.missed FROM served_source v WHERE v.shown AND " STOPPED("v.source"),   \
    [ENT_Q_SOURCES_MISSED] =                                                                       \
        "UPDATE served_source AS v SET missed = 1 WHERE v.shown AND NOT v.missed AND "             \
        STOPPED("v.source"),                                                                       \
    [ENT_Q_SOURCE_NAME] = "SELECT name FROM source WHERE id = ?1",                                 \
    [ENT_Q_TOUCHED_ANY] = "SELECT EXISTS (SELECT 1 FROM touched_ext) OR EXISTS (SELECT 1 FROM"     \
                          " touched_claim)",                                                       \
    [ENT_Q_TOUCHED_ROW] =                                                                          \
        "SELECT EXISTS (SELECT 1 FROM touched_claim WHERE observable = ?3 AND source = ?1 AND"     \
        " ext_id = ?2) OR EXISTS (SELECT 1 FROM touched_claim WHERE observable = ?3 AND source ="  \
        " -1 AND ext_id = '') OR (?2 <> '' AND EXISTS (SELECT 1 FROM touched_ext WHERE source ="   \
        " ?1 AND ext_id = ?2))",                                                                   \
    [ENT_Q_SERVED_PAGE] = SERVED_ARMS("served_page", ""),                                          \
    [ENT_Q_SERVED_TYPE] = SERVED_ARMS("served_type", " AND v.type = ?3 AND v.type <> 1"),          \
    [ENT_Q_SERVED_KEY] = "SELECT id, added FROM served INDEXED BY served_key WHERE key = ?1 AND"   \
                         " added > ?2 LIMIT ?3",                                                   \
    [ENT_Q_SERVED_ONE] = "SELECT " SERVED_ROW("v") " FROM served v WHERE v.id = ?1",               \
    [ENT_Q_SERVED_CLAIM] =                                                                         \
        "SELECT o.type, o.value, c.tlp, c.confidence, c.valid_from, c.valid_until, c.first_import,"\
        " x.kind, x.text, s.name, (SELECT names FROM labels WHERE id = c.labels), coalesce((SELECT"\
        " w.tlp FROM claim w WHERE w.observable = c.observable AND w.source = 0), 0)"              \
        " FROM claim c CROSS JOIN observable o ON o.id = c.observable CROSS JOIN context x ON"     \
        " x.id = c.context CROSS JOIN source s ON s.id = c.source WHERE c.observable = ?1 AND"     \
        " c.source = ?2 AND c.ext_id = ?3 AND " CLAIM_AT_REST,                                     \
    [ENT_Q_SERVED_OBJECT] =                                                                        \
        "SELECT o.version, o.tlp, o.gist, o.body FROM object o WHERE o.seq = ?1 AND o.state"  \
        " < 2 AND " OBJECT_AT_REST,                                                                \
    [ENT_Q_POSTED] = POSTED " FROM posted p CROSS JOIN object o ON o.seq = p.object WHERE p.source"\
                     " = ?1 AND p.added > ?2 ORDER BY p.added",                                    \
    [ENT_Q_POSTED_ID] = POSTED " FROM object o CROSS JOIN posted p ON p.object = o.seq WHERE o.id" \
                        " = ?3 AND o.source = ?1 AND o.state < 2 AND p.added > ?2 ORDER BY"        \
                        " p.added",                                                                \
    [ENT_Q_POST] = "INSERT OR IGNORE INTO posted VALUES (?1, ?2, ?3)",                             \
    [ENT_Q_UNPOST] = "DELETE FROM posted WHERE object = ?1",                                       \
    [ENT_Q_DROP_OBJECT] = "INSERT OR IGNORE INTO dropped VALUES (?1)",                             \
    [ENT_Q_DROP_EXT] = "DELETE FROM claim WHERE source = ?1 AND ext_id = ?2 AND ext_id <> ''",     \
    [ENT_Q_UNDROP_OBJECT] = "DELETE FROM dropped WHERE object = ?1",                               \
    [ENT_Q_POSTED_SEQ] = "SELECT seq FROM object WHERE id = ?1 AND source = ?2 AND version = ?3"   \
                         " AND state < 2 ORDER BY seq DESC LIMIT 1",                               \
    [ENT_Q_SERVED_WORK] =                                                                          \
        "SELECT EXISTS (SELECT 1 FROM touched_source) OR EXISTS (SELECT 1 FROM served_source WHERE"\
        " job <> 0) OR EXISTS (SELECT 1 FROM touched_ext t JOIN judged j ON j.source = t.source"   \
        " WHERE j.current) OR EXISTS (SELECT 1 FROM touched_claim t LEFT JOIN judged j ON j.source"\
        " = t.source WHERE t.source <= 0 OR j.current) OR EXISTS (SELECT 1 FROM served WHERE due"  \
        " <= ?1)",                                                                                 \
    [ENT_Q_STATUS] = "SELECT body FROM status WHERE id = ?1 AND account = ?2",                     \
    [ENT_Q_STATUS_ADD] = "INSERT INTO status VALUES (?1, ?2, ?3, ?4)",                             \
    [ENT_Q_STATUS_COUNT] = "SELECT count(*) FROM status WHERE account = ?1",                       \
    [ENT_Q_STATUS_OLD] = "DELETE FROM status WHERE at < ?1"
/* clang-format on */

#endif
