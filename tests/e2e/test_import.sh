#!/usr/bin/env bash
# test_import.sh: feeds in every format and shape, good and hostile; nothing of a refused file stays.
# shellcheck source=tests/e2e/lib.sh disable=SC2015,SC2317
. tests/e2e/lib.sh

member a
member b
imp() { "$bin" import --home "$T/a" "$@"; }
# kept NAME: how many observables that member knows
kept() { store_dump "$1" | wc -l; }
# refused NAME WORDS FILE...: exit code 3, this line first, nothing kept
refused() {
    local name=$1 words=$2
    shift 2
    run imp "$@"
    local said
    said=$(grep '^entente: ' "$T/err" | head -1)
    if [ "$rc" = 3 ] && [ "$said" = "entente: $words" ] && [ "$(kept a)" = "$now" ] &&
        tail -1 "$T/err" | grep -qx 'entente: nothing of that file was taken'; then
        ok "$name"
    else
        not_ok "$name" "exit code $rc" "$said" "kept $(kept a), before $now"
    fi
}

# --- GRIZZLY STEPPE ------------------------------------------------------------------------------

ends "US-CERT CSV" 0 imp "$jar"
check "says nothing on standard error" test ! -s "$T/err"
tells "counts by type" '^  taken    876 ipv4, 10 domain, 1 url, 5 md5, 4 sha1, 19 sha256$' "$T/out"
ends "its defanged copy" 0 "$bin" import --home "$T/b" --json "$jar_defanged"
is "gives the same counts" "$(jq -c '[.format, .taken, .new, .new_claims, .known, .skipped]' "$T/out")" \
    '["us-cert-csv",{"ipv4":876,"domain":10,"url":1,"md5":5,"sha1":4,"sha256":19},915,0,0,0]'
is "and the same store" "$(store_dump b)" "$(store_dump a)"
ends "the same file again" 0 imp --json "$jar"
is "brings nothing new" "$(jq -c '[.new, .new_claims, .known]' "$T/out")" '[0,0,915]'
ends "the other copy" 0 imp --json "$jar_defanged"
is "is another source of the same" "$(jq -c '[.new, .new_claims, .known]' "$T/out")" '[0,915,0]'
ends "by another name of the source" 0 imp --json --source "US-CERT" "$jar"
is "too" "$(jq -c '[.source, .new, .new_claims, .known]' "$T/out")" '["US-CERT",0,915,0]'

# --- ways in -------------------------------------------------------------------------------------

for how in "cat" "gzip -c" "zstd -qc" "sh -c 'gzip -c; printf \"\" | gzip -c'"; do
    rm -rf "$T/w" && member w
    eval "$how" <"$jar" >"$T/feed.bin"
    "$bin" import --home "$T/w" --source s "$T/feed.bin" >/dev/null 2>&1
    [ "$(store_dump w)" = "$(store_dump b)" ] || break
    rm -rf "$T/w" && member w
    "$bin" import --home "$T/w" - <"$T/feed.bin" >"$T/out" 2>&1
    [ "$(store_dump w)" = "$(store_dump b)" ] || break
    how=all
done
is "plain, gzip, zstd and several members are read from file and standard input" "$how" all
check "standard input is meant where no file is named" \
    sh -c "head -50 '$jar' | '$bin' import --home '$T/w' >/dev/null"

cat >"$T/list.txt" <<'L'
# a comment
198.51.100.7
hxxp://evil[.]example[.]com/a  ; another
EVIL.example.com.
evil.example.com
10.0.0.1 443 x
2001:DB8::1
not an indicator
44d88612fea8a8f36de82e1278abb02f
L
ends "a plain list" 0 imp --json "$T/list.txt"
is "counts what it is" "$(jq -c '[.format, .taken, .new, .known, .skipped]' "$T/out")" \
    '["list",{"ipv4":1,"ipv6":1,"domain":2,"url":1,"md5":1},5,1,2]'
is "names skipped rows" "$(jq -c '[.skips[].line]' "$T/out")" '[6,8]'
ends "the same for people" 0 imp "$T/list.txt"
tells "with file, line and reason" "list\.txt:8: skipped: more than one value in a line: not an indicator"
printf '198.51.100.%s x\n' $(seq 1 30) >"$T/skips.txt" && echo 198.51.100.1 >>"$T/skips.txt"
run imp "$T/skips.txt"
is "twenty skipped rows are shown" "$rc-$(grep -c skipped: "$T/err")" 0-20
run imp --verbose "$T/skips.txt"
is "or all" "$rc-$(grep -c skipped: "$T/err")" 0-30

for f in "$data"/stix/*.json; do
    run imp --json --source stix "$f"
    [ "$rc" = 0 ] && [ "$(jq -r .format "$T/out")" = stix ] || break
done
is "STIX 2.0 and 2.1 bundles" "$rc-$(basename "$f")" 0-using-granular-markings.json
ends "a known number of indicators" 0 "$bin" import --home "$T/w" --json "$data/stix/apt1.json"
is "in STIX" "$(jq -c '[.taken, .skipped]' "$T/out")" '[{"net4":4,"domain":3,"md5":3},2]'
ends "insisting on a format" 0 imp --format list "$T/list.txt"
now=$(kept a)
refused "that it is not" "$T/list.txt:1: not the header of a US-CERT CSV file" --format us-cert-csv "$T/list.txt"
refused "or not at all" "$T/list.txt:1: not a JSON value" --format stix "$T/list.txt"

# --- what is not a feed --------------------------------------------------------------------------

: >"$T/empty"
head -c 3000 /dev/urandom | sed '1s/^/\x00\x01/' >"$T/binary"
printf '\xff\xfe1\x00.\x002\x00' >"$T/utf16"
printf '\x1f\x8b\x08garbage' >"$T/bad.gz"
gzip -c "$jar" | head -c 5000 >"$T/cut.gz"
zstd -qc "$jar" | head -c 5000 >"$T/cut.zst"
yes "# a comment" | head -c 100M | zstd -qc >"$T/bomb.zst"
head -c 300 "$data/stix/apt1.json" >"$T/cut.json"
printf '{"type":"bundle","id":"bundle--5d0092c5-5f74-4287-9642-33f4c354e56d","objects":[%s' \
    "$(printf '{"a":%.0s' {1..9000})" >"$T/deep.json"
printf '[%.0s' {1..200000} >"$T/deep2.json"
{ head -3 "$jar"; printf '1.2.3.4,IPV4ADDR,,IP_WATCHLIST,C2,,TLP:WHITE,"never closed'; } >"$T/open.csv"
refused "an empty file" "$T/empty: the file is empty" "$T/empty"
refused "binary data" "$T/binary: binary data, not text" "$T/binary"
refused "UTF-16" "$T/utf16: UTF-16 text: convert it to UTF-8 first" "$T/utf16"
refused "damaged gzip" "$T/bad.gz: damaged gzip data (at byte 4)" "$T/bad.gz"
refused "cut gzip" "$T/cut.gz: compressed data ends too early (at byte 5000)" "$T/cut.gz"
refused "cut zstd" "$T/cut.zst: compressed data ends too early (at byte 5000)" "$T/cut.zst"
run imp "$T/bomb.zst"
is "a bomb" "$rc-$(kept a)" "3-$now"
tells "is called one" 'compressed data grows beyond the limit'
refused "cut JSON" "$T/cut.json:10: the JSON text ends inside a string (at byte 300)" "$T/cut.json"
run imp --format stix "$T/cut.json"
refused "deeply nested JSON" "$T/deep.json:1: JSON nested too deeply (at byte 390)" "$T/deep.json"
run imp "$T/deep2.json"
is "nothing but brackets" "$rc-$(kept a)" "3-$now"
refused "a quoted field that never ends" "$T/open.csv:4: a quoted field is never closed: truncated? (at byte 468)" "$T/open.csv"
refused "a directory" "$T: is a directory, and no MISP feed: it has no manifest.json" "$T"
ends "a file that is not there" 5 imp "$T/none"
told "is said" "entente: $T/none: cannot open: No such file or directory"

# Behind the first bytes, by which binary data is recognised.
{ yes "# a comment" | head -500; printf '198.51.100.9 \xff\xfe\n\x1b[2J\x1b]0;evil\x07.example\n198.51.100.9\n'; } >"$T/esc.txt"
ends "a list with wrong bytes and escapes" 0 imp "$T/esc.txt"
is "names both" "$(grep -c skipped: "$T/err")" 2
refute "and shows none of them raw" grep -qP '[\x00-\x09\x0b-\x1f\x7f-\xff]' "$T/err" "$T/out"
now=$(kept a)
cp "$T/empty" "$T/"$'na\e[31mme'
run imp "$T/"$'na\e[31mme'
refute "nor those of a file's name" grep -q $'\e' "$T/err"
ends "of several files the bad one" 3 imp "$T/binary" "$T/skips.txt"
tells "does not stop the others" 'taken    1 ipv4' "$T/out"
for bad in "--format x" "--tlp purple" "--confidence 101" "--confidence -1" "--frob"; do
    # shellcheck disable=SC2086
    run imp $bad "$T/list.txt"
    [ "$rc" = 2 ] || break
done
is "wrong options" "$rc-$bad" 2---frob

# One line of a gigabyte, in memory that would not hold a tenth of it.
bounded() { ( [ $sanitized = yes ] || ulimit -v 400000; exec "$bin" import --home "$T/a" - ); }
gigabyte "" "" | bounded >"$T/out" 2>"$T/err"
is "one line of 1 GB" "${PIPESTATUS[1]}-$(grep -c 'no line holds an address, name, URL or hash' "$T/err")" 3-1
gigabyte '{"type":"bundle","id":"' "" | bounded >"$T/out" 2>"$T/err"
is "one JSON string of 1 GB" "${PIPESTATUS[1]}-$(tail -1 "$T/err")" "3-entente: nothing of that file was taken"
tells "has one clear error" '^entente: -:1: the JSON text ends inside a string \(at byte 1073741847\)$'
gigabyte "$(head -1 "$jar")"$'\n1.2.3.4,IPV4ADDR,"' '"' | bounded >"$T/out" 2>"$T/err"
is "one CSV field of 1 GB is one skipped row" "${PIPESTATUS[1]}-$(cat "$T/err")" "0--:2: skipped: a record of more than 262,144 bytes: 1.2.3.4"
is "nothing of them is kept" "$(kept a)" "$now"

# --- stopped halfway -----------------------------------------------------------------------------

# half SIGNAL: an import that has read half of the file and waits for more, ended by a signal
half() {
    rm -f "$T/pipe" && mkfifo "$T/pipe"
    "$bin" import --home "$T/h" "$T/pipe" >"$T/out" 2>"$T/err" &
    local p=$! fd
    pids+=("$p")
    exec {fd}>"$T/pipe"
    head -500 "$jar" >&$fd
    sleep 0.5
    kill "-$1" $p
    wait $p 2>/dev/null
    rc=$?
    exec {fd}>&-
}
member h
half INT
is "Ctrl-C halfway exits with 130" "$rc" 130
is "and keeps nothing" "$(kept h)" 0
half TERM
is "so does SIGTERM" "$rc-$(kept h)" 130-0
half KILL
is "not even a kill keeps half" "$(kept h)" 0
ends "the next import works" 0 "$bin" import --home "$T/h" "$jar"
is "and keeps all" "$(kept h)" 915

"$bin" import --home "$T/h" --source one "$jar" >"$T/1.out" 2>&1 &
one=$!
"$bin" import --home "$T/h" --source two "$jar" >"$T/2.out" 2>&1 &
two=$!
wait $one; one=$?
wait $two; two=$?
is "two imports at once" "$one-$two-$(store_dump h | wc -l)" 0-0-2745

# --- no space ------------------------------------------------------------------------------------

member f
run bash -c "ulimit -f 40; exec '$bin' import --home '$T/f' '$jar'"
is "a store where files may not grow" "$rc-$(cat "$T/err")" "5-entente: $T/f/store.db: cannot create the store: No space left on device"
rm -rf "$T/f" && member f
"$bin" import --home "$T/f" "$T/list.txt" >/dev/null 2>&1
run bash -c "ulimit -f 40; exec '$bin' import --home '$T/f' '$jar'"
is "an import where files may not grow" "$rc" 5
tells "says so" 'no space left on the device|the store could not keep it'
is "keeps what was there and no more" "$(kept f)" 5
ends "and can be repeated" 0 "$bin" import --home "$T/f" "$jar"
if mkdir -p "$T/small" && mount -t tmpfs -o size=700k none "$T/small" 2>/dev/null; then
    "$bin" init --home "$T/small/home" --name small --no-passphrase >/dev/null
    "$bin" import --home "$T/small/home" "$T/list.txt" >/dev/null 2>&1
    python3 -c 'for i in range(60000): print("203.%d.%d.7" % (i >> 8, i & 255))' >"$T/long.txt"
    run "$bin" import --home "$T/small/home" "$T/long.txt"
    is "an import onto a full disk" "$rc" 5
    tells "says so" 'no space left|could not keep it'
    is "keeps what was there" "$(T=$T/small store_dump home | wc -l)" 5
    ends "which can still be used" 1 sh -c "echo x 198.51.100.7 y | '$bin' watch --home $T/small/home"
    umount "$T/small"
else
    skip "an import onto a full disk" "a tmpfs needs root"
fi
ends "a report that cannot be written" 5 sh -c "'$bin' import --json --home $T/h '$T/list.txt' >/dev/full"

echo "this is no database, whatever its name says, and long enough to tell" >"$T/f/store.db"
ends "a damaged store" 3 "$bin" import --home "$T/f" "$jar"
told "is one" "entente: $T/f/store.db: not a store, or damaged"

done_testing
