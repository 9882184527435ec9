#!/usr/bin/env bash
# import.sh [PROGRAM]: rows a second when a list of a million observables is imported, beside the
# sqlite3 shell's .import of the very same rows into equal tables with the same settings, in turns.
# ROWS (1000000), RUNS (5) and SEED (1) change what is done.
# shellcheck source=bench/lib
. "$(dirname "$0")/lib"
ROWS=${ROWS:-1000000} RUNS=${RUNS:-5} SEED=${SEED:-1}

say "import: a plain list of $ROWS observables, seed $SEED, medians of $RUNS runs"
bench/sets "$SEED" "$ROWS" 1 1 "$tmp"
command -v sqlite3 >/dev/null || echo "bench: missing: the sqlite3 shell" >&2

ours() {
    rm -rf "${tmp:?}/home"
    home home
    measured "$tmp/out" "$entente" import --home "$tmp/home" --tlp green "$tmp/holder.txt" \
        >>"$tmp/ours"
}

# The rows as our own import left them, and a script that makes the same store of them: one
# transaction, the same journal, the same cache, foreign keys checked.
prepare() {
    local db=$tmp/home/store.db table
    {
        echo "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -32768;"
        echo "PRAGMA foreign_keys = ON;"
        sqlite3 "$db" .schema
        echo "BEGIN;"
        for table in source context observable claim; do
            sqlite3 -csv "$db" "SELECT * FROM $table" >"$tmp/$table.csv"
            echo ".import --csv $tmp/$table.csv $table"
        done
        echo "COMMIT;"
    } >"$tmp/theirs.sql"
}

theirs() {
    rm -f "$tmp"/theirs.db*
    measured "$tmp/out" sqlite3 "$tmp/theirs.db" ".read $tmp/theirs.sql" >>"$tmp/theirs"
    [ "$(sqlite3 "$tmp/theirs.db" 'SELECT count(*) FROM claim')" = "$ROWS" ] ||
        die "sqlite3 did not import every row"
}

for ((i = 1; i <= RUNS; i++)); do
    progress "run $i of $RUNS: entente"
    ours
    command -v sqlite3 >/dev/null || continue
    progress "run $i of $RUNS: sqlite3"
    [ "$i" -gt 1 ] || prepare
    theirs
done
progress

python3 - "$ROWS" "$tmp/ours" "$tmp/theirs" <<'END'
import json
import os
import statistics
import sys


def median(path):
    if not os.path.exists(path):
        return None
    runs = [list(map(float, line.split())) for line in open(path, encoding="ascii")]
    return [statistics.median(column) for column in zip(*runs)]


rows = int(sys.argv[1])
ours, theirs = median(sys.argv[2]), median(sys.argv[3])
if os.environ.get("JSON") == "1":
    for part, i in (("rows", 0), ("cpu", 1)):
        line = {"bench": "import/" + part, "figure": round(rows / ours[i]), "unit": "rows/s",
                "against": "sqlite3 .import"}
        if theirs:
            line.update(theirs=round(rows / theirs[i]), ratio=round(theirs[i] / ours[i], 2))
        else:
            line["missing"] = True
        print(json.dumps(line))
    print(json.dumps({"bench": "import/memory", "figure": ours[2], "unit": "MiB",
                      "against": "limit", "theirs": 256, "ratio": round(256 / ours[2], 2),
                      "met": ours[2] <= 256}))
    sys.exit()
print("\n%-16s %9s %9s %12s %16s %9s" % ("", "s", "cpu s", "rows/s", "rows/cpu-second", "MiB"))
for name, t in (("entente", ours), ("sqlite3 .import", theirs)):
    if t:
        print("%-16s %9.2f %9.2f %12.0f %16.0f %9.1f"
              % (name, t[0], t[1], rows / t[0], rows / t[1], t[2]))
    else:
        print("%-16s is missing" % name)
print("""
The peer gets rows that are split, checked and numbered already: it is the floor of what SQLite
costs. Ours reads text, recognises what each line is, brings it into canonical form, and looks up
whether it is known, from this source and from others.""")
END
