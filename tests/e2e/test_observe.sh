#!/usr/bin/env bash
# test_observe.sh: windows of what was seen: what is in them, what never is, when they end, who adds
# to them, what a crash takes.
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh

clocked "$T/entente"
ent() { local c=$1; shift; "$T/entente" "$c" --home "$T/a" "$@"; }
observe() { ent watch --observe "$@"; }
windows() { ent observed list --json | jq -r .window | tr '\n' ' '; }
items() { ent observed show --json "$@" | jq -r '"\(.value) \(.hits)"'; }
# at SECONDS: the calendar says so many since 1970
at() { set_clock "$T/entente" $(($1 - $(date +%s))); }
eight=1795334400 # 2026-11-22T08:00:00Z
first=2026-11-22T08:00:00Z-3600
at $((eight + 1800))
member a

# --- what is in them -----------------------------------------------------------------------------

ends "no windows yet" 0 ent observed list
is "is told" "$(cat "$T/out")" "no windows yet: \`entente watch --observe LOG...\` keeps them"
ends "nor is one shown" 5 ent observed show
told "is told" "entente: observed windows: no windows yet: \`entente watch --observe LOG...\` keeps them"
ends "observe a real log" 0 observe "$apache"
is "a window is named by its start and length" "$(windows)" "$first "
ends "list them" 0 ent observed list
is "with what is in them" "$(cat "$T/out")" "$first  1,770 ipv4, 227 domain, 7 md5, 3 sha1"
is "the owner's alone" "$(stat -c %a "$T/a/observed" "$T/a/observed/$first" | tr '\n' ' ')" "700 600 "
ent watch --observe-file "$T/set" "$apache" >/dev/null 2>&1
is "the same as in a set" "$(ent observed show --json | jq -r '"\(.type) \(.value)"' | sha256sum)" \
    "$(grep -E '^(ipv4|domain|md5|sha1) ' "$T/set" | sha256sum)"
is "each line counts" "$(items | awk '$1 == "66.249.73.135" {print $2}')" "$(grep -c 66.249.73.135 "$apache")"
cut -d' ' -f1 "$apache" | sort | uniq -c | sort -rn | head -5 | awk '$1 > 100 {print $2, $1}' >"$T/top"
is "so do all clients" "$(items | grep -cFx -f "$T/top")" "$(wc -l <"$T/top")"
items --types ip --limit 3 | sort >"$T/shown"
is "those seen most often" "$(cat "$T/shown")" \
    "$(items --types ip | sort -k2,2rn | head -3 | sort)"
ends "write a set of it" 0 ent observed show --output "$T/out.set" --types ip
is "which is one" "$(head -1 "$T/out.set")-$(wc -l <"$T/out.set")" "entente/observed@v1-1771"
refute "with files of a home nothing else" leftovers "$T/a"

# --- what never is -------------------------------------------------------------------------------

member b
configure b "own_ranges = 66.249.64.0/19,50.16.19.13" "own_domains = semicomplete.com" "observe_types = ipv4,domain,url,email"
cat >"$T/log" <<'L'
10.0.0.1 192.168.1.1 127.0.0.1 224.0.0.1 a.test host.local ::1 192.0.2.1 localhost
8.8.8.8 66.249.73.135 50.16.19.13 50.16.19.14 www.semicomplete.com semicomplete.com notsemicomplete.com
http://www.semicomplete.com/x bob@semicomplete.com http://66.249.73.135/y http://evil.com/z eve@evil.com
192.178.4.9 red.evil.com below.red.evil.com 9.9.9.9
d41d8cd98f00b204e9800998ecf8427e
L
b() { local c=$1; shift; "$bin" "$c" --home "$T/b" "$@"; }
b warnings add tests/data/misp-warninglists/googlebot >/dev/null
echo red.evil.com | b import --tlp red --source told - >/dev/null 2>&1
echo 9.9.9.9 | b import --tlp amber --source told - >/dev/null 2>&1
run b watch --observe "$T/log"
is "neither private, nor own, nor warned of, nor TLP:RED" \
    "$(b observed show --json | jq -r .value | tr '\n' ' ')" \
    "50.16.19.14 8.8.8.8 9.9.9.9 evil.com notsemicomplete.com http://evil.com/z eve@evil.com "
member c
configure c "observe_warned = yes"
c() { local c=$1; shift; "$bin" "$c" --home "$T/c" "$@"; }
c warnings add tests/data/misp-warninglists/googlebot >/dev/null
run c watch --observe "$T/log"
check "what is warned of, if it is wanted" sh -c "'$bin' observed --home '$T/c' show --json | grep -q 192.178.4.9"
refute "no URL unless wanted" sh -c "'$bin' observed --home '$T/c' show --json | grep -e http: -e @"
configure c "own_domains = 1.2.3.4"
ends "a domain that is none" 3 c watch --observe "$T/log"
tells "is told" "'1.2.3.4' is not right for 'own_domains', which is domains with commas between them$"

# --- when they end -------------------------------------------------------------------------------

at $((eight + 6000))
observe "$apache" >/dev/null 2>&1
is "the next hour is another window" "$(windows)" "$first 2026-11-22T09:00:00Z-3600 "
before=$(sha256sum <"$T/a/observed/$first")
run ent observed show "$first" --json
is "the old one stays" "$rc-$(sha256sum <"$T/a/observed/$first")" "0-$before"
printf '%s\n' 8.8.8.8 >"$T/growing"
"$T/entente" watch --home "$T/a" --observe --follow "$T/growing" >/dev/null 2>"$T/followed" </dev/null &
watcher=$!
pids+=("$watcher")
at $((eight + 2 * 3600 + 10))
check "a window that is over is written at once" wait_for 10 test -s "$T/a/observed/2026-11-22T09:00:00Z-3600"
sleep 1
printf '9.9.9.9\n' >>"$T/growing"
sleep 1
at $((eight + 3 * 3600 + 10))
check "also one in which little came" wait_for 10 test -s "$T/a/observed/2026-11-22T10:00:00Z-3600"
sleep 1
kill -TERM "$watcher"
wait "$watcher"
check "what came then is there" grep -qx "9.9.9.9 1" <(items 2026-11-22T10:00:00Z-3600)
check "and the one that had begun, of nothing" test -s "$T/a/observed/2026-11-22T11:00:00Z-3600"
is "is empty" "$(items 2026-11-22T11:00:00Z-3600)" ""
configure a "observe_keep_seconds = 2h"
at $((eight + 3 * 3600 + 1))
ends "expiry" 0 ent observed expire
is "takes what is too old" "$(cat "$T/out") $(windows)" \
    "1 window removed 2026-11-22T09:00:00Z-3600 2026-11-22T10:00:00Z-3600 2026-11-22T11:00:00Z-3600 "
at $((eight + 5 * 3600 + 1800))
observe "$T/growing" >/dev/null 2>&1
is "a watcher does so by itself" "$(windows)" "2026-11-22T11:00:00Z-3600 2026-11-22T13:00:00Z-3600 "
ends "all that has ended" 0 ent observed expire --all --json
is "on demand" "$(cat "$T/out") $(windows)" '{"removed":1} 2026-11-22T13:00:00Z-3600 '

# --- old logs ------------------------------------------------------------------------------------

member o
o() { local c=$1; shift; "$T/entente" "$c" --home "$T/o" "$@"; }
kept() { o observed list --json | jq -r '"\(.window) \(.items)"' | tr '\n' ' '; }
at $((eight + 5 * 3600 + 1800))
printf '%s\n' 8.8.8.8 >"$T/old"
ends "an old log" 0 o watch --observe --observe-at 2026-11-22T08:30:00Z "$T/old"
is "goes into the window that is named, and no other" "$(kept)" "$first 1 "
printf '%s\n' 9.9.9.9 8.8.8.8 >"$T/old"
ends "another, of its first second" 0 o watch --observe --observe-at 2026-11-22T08:00:00Z "$T/old"
ends "one more, of its last" 0 o watch --observe --observe-at 2026-11-22T09:59:59+01:00 "$T/old"
is "is merged with it" "$(o observed show "$first" --json | jq -r '"\(.value) \(.hits)"' | tr '\n' ' ')" \
    "8.8.8.8 3 9.9.9.9 2 "
ends "the hour that has just begun" 0 o watch --observe --observe-at 2026-11-22T13:29:00Z "$T/old"
is "is a window like others" "$(kept)" "$first 2 2026-11-22T13:00:00Z-3600 2 "
before=$(kept)
ends "the future" 3 o watch --observe --observe-at 2026-11-22T14:00:00Z "$T/old"
tells "is refused" "^entente: --observe-at: that time is yet to come$"
ends "what has expired" 3 o watch --observe --observe-at 2026-11-15T08:30:00Z "$T/old"
tells "is refused" "^entente: --observe-at: that window has expired: see observe_keep_seconds$"
ends "before all time" 2 o watch --observe --observe-at 1969-12-31 "$T/old"
ends "no time" 2 o watch --observe --observe-at yesterday "$T/old"
tells "is told" "^entente watch: no such time \(2026-11-22, or 2026-11-22T08:00:00Z\): yesterday$"
ends "nothing is observed" 2 o watch --observe-at 2026-11-22T08:30:00Z "$T/old"
tells "is told" "^entente watch: --observe-at is for --observe of logs that end$"
ends "a log that does not end" 2 o watch --observe --follow --observe-at 2026-11-22T08:30:00Z "$T/old"
is "of all that nothing was kept" "$(kept)" "$before"
# --- a node that runs ----------------------------------------------------------------------------

member h
configure h "listen = 127.0.0.1:0" "observe_keep_seconds = 2h"
h() { local c=$1; shift; "$T/entente" "$c" --home "$T/h" "$@"; }
# shellcheck disable=SC2317 # called by wait_for
held() { [ "$(h observed list --json | jq -r .window | tr '\n' ' ')" = "$1" ]; }
at $((eight + 1800))
h watch --observe "$apache" >/dev/null 2>&1
at $((eight + 3600 + 1800))
h watch --observe "$apache" >/dev/null 2>&1
at $((eight + 3 * 3600 + 1))
"$T/entente" serve --home "$T/h" >"$T/h.log" 2>&1 &
pids+=($!)
node=$!
check "a node removes what expired when it starts" wait_for 20 held "2026-11-22T09:00:00Z-3600 "
at $((eight + 4 * 3600 - 1))
sleep 2.5
check "and when an hour begins" wait_for 10 held ""
refute "and says nothing" grep -E 'event=process-(failed|lied|given-up)' "$T/h.log"
kill -TERM "$node"
wait "$node"
is "it ends well" "$?" 0

# --- two watchers --------------------------------------------------------------------------------

member d
for _ in 1 2 3; do # their windows may differ where the hour ends meanwhile
    rm -rf "$T/d/observed"
    head -5000 "$apache" >"$T/one"
    tail -5000 "$apache" >"$T/two"
    "$T/entente" watch --home "$T/d" --observe "$T/one" >/dev/null 2>&1 </dev/null &
    one=$!
    "$T/entente" watch --home "$T/d" --observe --threads 2 "$T/two" >/dev/null 2>&1 </dev/null &
    two=$!
    wait $one && wait $two
    [ "$(find "$T/d/observed" -name '*-3600' | wc -l)" = 1 ] && break
done
member e
"$T/entente" watch --home "$T/e" --observe "$apache" >/dev/null 2>&1
d() { "$T/entente" observed --home "$T/$1" show --json | sha256sum; }
is "two watchers lose nothing of each other's" "$(d d)" "$(d e)"
for _ in $(seq 40); do cat "$apache"; done >"$T/large"
rm -rf "$T/e/observed"
"$T/entente" watch --home "$T/e" --observe --threads 2 "$T/large" >/dev/null 2>&1
is "nor several threads" "$("$T/entente" observed --home "$T/e" show --json | jq -s 'map(.hits) | add')" \
    $((40 * $("$T/entente" observed --home "$T/d" show --json | jq -s 'map(.hits) | add')))

# --- a crash -------------------------------------------------------------------------------------

python3 - >"$T/many" <<'PY'
import random
random.seed(7)
for i in range(400000):
    print("%d.%d.%d.%d" % (random.choice((8, 9, 23, 45)), random.randrange(256), random.randrange(256), random.randrange(1, 255)))
PY
torn=0
for delay in 0.02 0.05 0.1 0.15 0.2 0.3 0.4; do
    "$T/entente" watch --home "$T/d" --observe "$T/many" >/dev/null 2>&1 </dev/null &
    p=$!
    sleep "$delay"
    kill -KILL $p 2>/dev/null
    wait $p 2>/dev/null
    "$T/entente" observed --home "$T/d" show --json >"$T/out" 2>"$T/err" || torn=$((torn + 1))
    grep -q '"66.249.73.135"' "$T/out" || torn=$((torn + 1))
done
is "kill -9 tears no window" "$torn" 0
: >"$T/d/observed/2026-11-22T08:00:00Z-3600.Ab3dEf"
"$T/entente" watch --home "$T/d" --observe "$T/one" >/dev/null 2>&1
refute "what it left is cleared away" leftovers "$T/d"

# --- limits and damage ---------------------------------------------------------------------------

member f
configure f "observe_max_items = 1000"
f() { local c=$1; shift; "$T/entente" "$c" --home "$T/f" "$@"; }
printf "66.249.73.135 8.8.8.8\n%.0s" 1 2 3 4 5 >"$T/often" # some of the many come twice, too
for _ in 1 2; do # an hour may begin in between
    rm -rf "$T/f/observed"
    f watch --observe "$T/often" >/dev/null 2>&1
    run f watch --observe "$T/many"
    [ "$(find "$T/f/observed" -name '*-3600' | wc -l)" = 1 ] && break
done
is "more than may be kept" "$rc" 0
is "is told once" "$(grep -c observe_max_items "$T/err")" 1
is "and no more is kept" "$(f observed list --json | jq -c '[.items, .dropped > 300000]')" "[1000,true]"
is "what was seen most often stays" "$(f observed show --json | jq -r 'select(.value == "8.8.8.8") | .hits')" 5
name=$(f observed list --json | jq -r .window)
printf 'X' | dd of="$T/f/observed/$name" bs=1 seek=200 conv=notrunc 2>/dev/null
ends "a damaged window" 3 f observed show
tells "is told" "^entente: $name: damaged: a block has another checksum \\(at byte [0-9]+\\)$"
ends "a watcher" 0 f watch --observe "$T/often"
tells "begins it anew" '^entente: the window was damaged, and is begun anew$'
is "with what it sees" "$(f observed show --json | jq -r .value | tr '\n' ' ')" "66.249.73.135 8.8.8.8 "
head -c 50 /dev/zero >"$T/f/observed/$name"
ends "what is none" 3 f observed list
tells "is told" "^entente: $name: not a window of observables"
if mkdir -p "$T/small" && mount -t tmpfs -o size=64k none "$T/small" 2>/dev/null; then
    member g
    ln -s "$T/small" "$T/g/observed"
    run "$bin" watch --home "$T/g" --observe "$T/many"
    is "a full disk" "$rc-$(find "$T/small" -type f ! -name lock)" 5-
    tells "is told" '^entente: the last that was observed is not kept: no space left on the device$'
    umount "$T/small"
else
    skip "a full disk" "a tmpfs needs root"
    skip "is told" "a tmpfs needs root"
fi
ends "no such window" 2 ent observed show yesterday
ends "one that nobody kept" 5 ent observed show 2020-01-01T00:00:00Z-3600
ends "no such type" 2 ent observed show --types frob
ends "none of them" 2 ent observed show --limit 0
ends "nothing to do" 2 ent observed
ends "options of another verb" 2 ent observed list --limit 1
ends "and of another" 2 ent observed show --all
ends "written to nowhere" 5 ent observed show --output "$T/no/where"
ends "printed to nowhere" 5 sh -c "'$T/entente' observed --home '$T/d' show >/dev/full"

done_testing
