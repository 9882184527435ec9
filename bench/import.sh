#!/usr/bin/env bash
# import.sh [PROGRAM]: importing a list of a million observables, and a STIX bundle of 50 MB, beside
# the sqlite3 shell's .import of the very same rows into equal tables with the same settings, in
# turns; and what the seconds are made of: reading alone, and the image alone.
# ROWS (1000000), MB (50), RUNS (5) and SEED (1) change what is done; SETS ("list stix") leaves one
# out.
# shellcheck source=bench/lib
. "$(dirname "$0")/lib"
ROWS=${ROWS:-1000000} MB=${MB:-50} RUNS=${RUNS:-5} SEED=${SEED:-1} SETS=${SETS:-list stix}
json=$(dirname "$entente")/bench/json

say "import: a plain list of $ROWS observables, a STIX bundle of $MB MB, seed $SEED, medians of $RUNS"
command -v sqlite3 >/dev/null || echo "bench: missing: the sqlite3 shell" >&2

# ours SET: the import, then what belongs to it once more, alone.
ours() {
    rm -rf "${tmp:?}/home"
    home home
    measured "$tmp/out" "$entente" import --home "$tmp/home" --tlp green "$tmp/$1" >>"$tmp/$1.ours"
    measured "$tmp/out" "$entente" image build --home "$tmp/home" >>"$tmp/$1.image"
    measured "$tmp/$1.count" "$json" --read "$tmp/$1" >>"$tmp/$1.read"
}

# prepare SET: the rows as our own import left them, and a script that makes the same store of them:
# one transaction, the same journal, the same cache.
prepare() {
    local db=$tmp/home/store.db table
    {
        echo "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -98304;"
        echo "PRAGMA foreign_keys = OFF;"
        sqlite3 "$db" .schema
        echo "BEGIN;"
        for table in source context observable claim object pointer; do
            sqlite3 -csv "$db" "SELECT * FROM $table" >"$tmp/$table.csv"
            echo ".import --csv $tmp/$table.csv $table"
        done
        echo "COMMIT;"
    } >"$tmp/theirs.sql"
    sqlite3 "$db" "SELECT count(*) FROM claim" >"$tmp/$1.claims"
}

# theirs SET
theirs() {
    rm -f "$tmp"/theirs.db*
    measured "$tmp/out" sqlite3 "$tmp/theirs.db" ".read $tmp/theirs.sql" >>"$tmp/$1.theirs"
    sqlite3 "$tmp/theirs.db" "SELECT count(*) FROM claim" | cmp -s - "$tmp/$1.claims" ||
        die "sqlite3 did not import every row"
}

for set in $SETS; do
    case $set in
    list)
        bench/sets "$SEED" "$ROWS" 1 1 "$tmp"
        mv "$tmp/holder.txt" "$tmp/list"
        ;;
    stix) "$json" --bundle "$MB" --seed "$SEED" >"$tmp/stix" ;;
    *) die "no such set: $set" ;;
    esac
    for ((i = 1; i <= RUNS; i++)); do
        progress "$set, run $i of $RUNS: entente"
        ours "$set"
        command -v sqlite3 >/dev/null || continue
        progress "$set, run $i of $RUNS: sqlite3"
        [ "$i" -gt 1 ] || prepare "$set"
        theirs "$set"
    done
done
progress

python3 - "$tmp" <<'END'
import json
import os
import statistics
import sys

tmp = sys.argv[1]
lines = os.environ.get("JSON") == "1"


def median(name):
    """[seconds, processor seconds, MiB], or None"""
    path = os.path.join(tmp, name)
    if not os.path.exists(path):
        return None
    runs = [list(map(float, line.split())) for line in open(path, encoding="ascii")]
    return [statistics.median(column) for column in zip(*runs)]


def figure(name, value, unit, against, theirs, ratio, aim=None, met=None):
    line = {"bench": "import/" + name, "figure": value, "unit": unit, "against": against}
    if theirs is None:
        line["missing"] = True
    else:
        line.update(theirs=theirs, ratio=round(ratio, 2))
    if aim is not None:
        line.update(aim=aim, met=met)
    print(json.dumps(line))


def rate(name, amount, digits, unit, i, ours, theirs, aim=None):
    mine = round(amount / ours[i], digits)
    figure(name, mine, unit, "sqlite3 .import", theirs and round(amount / theirs[i], digits),
           theirs and theirs[i] / ours[i], aim, aim and mine >= aim)


def limit(name, value, unit, most):
    figure(name, value, unit, "limit", most, most / value, most, value <= most)


def report_lines(name, rows, ours, theirs):
    if name == "stix":
        mb = os.path.getsize(os.path.join(tmp, name)) / 1e6
        rate("stix", mb, 1, "MB/s", 0, ours, theirs, 60)
        rate("stix-cpu", mb, 1, "MB/s", 1, ours, theirs, 60)
        return
    rate("rows", rows, 0, "rows/s", 0, ours, theirs)
    rate("cpu", rows, 0, "rows/s", 1, ours, theirs)
    limit("seconds", ours[0], "s", 10)
    limit("memory", ours[2], "MiB", 286) # 300 MB


def report(name):
    ours, theirs = median(name + ".ours"), median(name + ".theirs")
    rows = int(open(os.path.join(tmp, name + ".count"), encoding="ascii").read())
    mb = os.path.getsize(os.path.join(tmp, name)) / 1e6
    if lines:
        return report_lines(name, rows, ours, theirs)
    print("\n%s: %s indicators, %.1f MB" % (name, format(rows, ","), mb))
    print("%-28s %7s %7s %9s %13s %6s %8s" % ("", "s", "cpu s", "rows/s", "rows/cpu-s",
                                            "MB/cpu-s", "MiB"))
    parts = [("entente import", ours), ("  reading alone", median(name + ".read")),
             ("  the image alone", median(name + ".image")), ("sqlite3 .import", theirs)]
    for what, t in parts:
        if t is None:
            print("%-28s is missing" % what)
        else:
            print("%-28s %7.2f %7.2f %9.0f %13.0f %6.1f %8.1f"
                  % (what, t[0], t[1], rows / t[0], rows / t[1], mb / t[1], t[2]))
    if name == "stix":
        print("aim: 60 MB/s" + ("" if mb / ours[0] >= 60 else
                                ": met by processor time" if mb / ours[1] >= 60 else ": MISSED"))
    else:
        print("aim: 10 s and 300 MB" + ("" if ours[0] <= 10 and ours[2] <= 286 else ": MISSED"))


for name in ("list", "stix"):
    if os.path.exists(os.path.join(tmp, name + ".ours")):
        report(name)
if not lines:
    print("""
The peer gets rows that are split, checked and numbered already, and writes no places and no image:
it is the floor of what SQLite costs. Ours reads text, recognises what each line is, brings it into
canonical form, and looks up whether it is known, from this source and from others.""")
END
