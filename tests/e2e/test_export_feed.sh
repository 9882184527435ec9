#!/usr/bin/env bash
# test_export_feed.sh: a MISP feed that is published every night: what is in it, what our own
# importer and other programs read, what an export changes in the directory, and what never.
# shellcheck source=tests/e2e/lib.sh disable=SC2015,SC2317
. tests/e2e/lib.sh

member a
member b
feed=$T/feed
fexp() { "$bin" export --home "$T/a" --format misp-feed -o "$feed" "$@"; }
entry() { jq -r --arg info "$1" 'to_entries[] | select(.value.info | startswith($info)) | '"$2" "$feed/manifest.json"; }
events() { jq length "$feed/manifest.json"; }
files() { (cd "$1" && echo *); }
rows() { "$bin" export --home "$T/$1" --format csv "${@:2}" 2>/dev/null | cut -d, -f 1-4 | sort; }

cat >"$T/own.txt" <<'L'
198.51.100.7:443
[2001:db8::1]:8443
2001:db8:5::/48
bad.example
http://bad.example/a?b#"c
http://bad.example/gate/*
L
"$bin" import --home "$T/a" "$jar" >/dev/null
release_jar a
"$bin" import --home "$T/a" --source own --tlp amber --confidence 80 "$T/own.txt" >/dev/null
python3 -c 'for i in range(25000): print("203.%d.%d.%d" % (i >> 16, i >> 8 & 255, i & 255))' >"$T/big.txt"
"$bin" import --home "$T/a" --source big --tlp green "$T/big.txt" >/dev/null

# --- what is in it -------------------------------------------------------------------------------

ends "a feed" 0 fexp
told "says how much it is" "entente: misp-feed: 25,876 ipv4, 1 net6, 2 endpoint, 11 domain, 2 url, 5 md5, 4 sha1, 19 sha256
entente: misp-feed: events: 5, of an earlier export removed: 0
entente: misp-feed cannot carry these, left out: 1 urlprefix"
is "a manifest, and what it names" "$(files "$feed")" "$(jq -r 'keys[] + ".json"' "$feed/manifest.json" | LC_ALL=C sort | tr '\n' ' ')manifest.json"
is "an event for each ten thousand" "$(entry big .value.info | tr '\n' '|')" \
    "$(d=$(entry big .value.date | head -1); echo "big, of $d|big, of $d, part 2|big, of $d, part 3|")"
check "the hashes are those of the files" sh -c "cd '$feed' &&
    jq -r 'to_entries[] | .value[\"integrity:sha256\"] + \"  \" + .key + \".json\"' manifest.json | sha256sum -c --quiet"
is "every entry is as PyMISP writes it" "$(jq -c '[.[] | del(.["integrity:sha256"]) | map_values(type)] | unique' "$feed/manifest.json")" \
    '[{"Orgc":"object","Tag":"array","info":"string","date":"string","analysis":"number","threat_level_id":"number","timestamp":"number"}]'
# What CIRCL publishes has these properties and types, and no others.
real='[.Event | map_values(type), (.Attribute[0] | del(.distribution, .first_seen, .Tag) | map_values(type)), (.Orgc | map_values(type))]'
for f in "$feed"/*-*.json; do
    [ "$(jq -cS "$real" "$f")" = "$(jq -cS "$real" "$data/misp/57c4445b-c548-4654-af0b-4be3950d210f.json")" ] || break
    [ "$(jq -r .Event.uuid "$f").json" = "$(basename "$f")" ] || break
    f=
done
is "every event as a real one" "$f" ""
is "what the manifest says of an event is what it says" \
    "$(jq -cS '.[] | [.Orgc, .Tag, .info, .date, (.timestamp | tostring)]' "$feed/manifest.json" | sort)" \
    "$(jq -cS '.Event | [.Orgc, .Tag, .info, .date, .timestamp]' "$feed"/*-*.json | sort)"
is "every id once" "$(jq -r '.Event.Attribute[].uuid' "$feed"/*-*.json | sort | uniq -d | wc -l)" 0
is "each event is marked as all in it" "$(jq -c '.Event | [.Tag[].name] - [.Attribute[].Tag[0].name] + ([.Attribute[].Tag[0].name] | unique) - [.Tag[].name]' "$feed"/*-*.json | sort -u)" "[]"
is "which nobody else can read" "$(stat -c %a "$feed" "$feed/manifest.json" "$feed"/*-*.json | sort -u | tr '\n' ' ')" "600 700 "

ends "a second member reads it" 0 "$bin" import --home "$T/b" --json "$feed"
is "without a word about it" "$(jq -c '[.events, .refused, .skipped, .new]' "$T/out")" "[5,0,0,25920]"
is "and knows the same" "$(rows b | sha256sum)" "$(rows a | grep -v urlprefix | sha256sum)"
lists() { "$bin" export --home "$T/$1" --format list 2>/dev/null | sort | grep -v '\*$'; }
is "down to the last one" "$(lists b | sha256sum)" "$(lists a | sha256sum)"

refute "no hashes unless they are asked for" test -e "$feed/hashes.csv"
ends "with them" 0 fexp --hashes
check "they are those of the values, part by part" python3 - "$feed" <<'P'
import csv, hashlib, json, glob, os, sys
want = []
for name in glob.glob(os.path.join(sys.argv[1], "*-*.json")):
    event = json.load(open(name))["Event"]
    for a in event["Attribute"]:
        for part in a["value"].split("|") if "|" in a["type"] else [a["value"]]:
            want.append((hashlib.md5(part.encode()).hexdigest(), event["uuid"]))
got = [tuple(r) for r in csv.reader(open(os.path.join(sys.argv[1], "hashes.csv")))]
assert sorted(got) == sorted(want) and len(got) == 25920 + 2
P
ends "then without" 0 fexp
tells "the old ones are told of" "^entente: $feed/hashes.csv is of an earlier export, and stays$"
rm "$feed/hashes.csv"

# --- the door ------------------------------------------------------------------------------------

printf 'bad.example\nfor-us.example\n' >"$T/open.txt"
"$bin" import --home "$T/a" --source open --tlp clear "$T/open.txt" >/dev/null
green=$T/green
ends "through a door for GREEN" 0 "$bin" export --home "$T/a" --format misp-feed --tlp green -o "$green" --json
is "what is narrower is held back" "$(jq -c '[.held_back, .events, .removed]' "$T/err")" "[6,5,0]"
refute "all of it" grep -qriE 'amber|own|198\.51\.100\.7|gate' "$green"
is "but what somebody else says openly" "$(jq -c '.Event | select(.info | startswith("open")) | [.Attribute[].value]' "$green"/*-*.json)" \
    '["bad.example","for-us.example"]'
ends "without one" 0 fexp
is "both say so, each for himself" "$(jq -r '.Event.Attribute[] | select(.value == "bad.example") | [.comment, .Tag[].name] | join(" ")' "$feed"/*-*.json | sort | tr '\n' '|')" \
    'open tlp:clear|own tlp:amber osint:certainty="80"|'
is "an event has the same id through every door" "$(jq -r 'keys[]' "$green/manifest.json" | while read -r u; do [ -e "$feed/$u.json" ] || echo "$u"; done)" ""

# --- the next night ------------------------------------------------------------------------------

echo "for people" >"$feed/readme.txt"
echo '{"Event":{}}' >"$feed/11111111-38eb-4303-a15f-0e9c885539a4.json"
ln -s "$T/own.txt" "$feed/22222222-38eb-4303-a15f-0e9c885539a4.json"
ln -s nowhere "$feed/latest"
mkdir "$feed/old"
chmod 644 "$feed/manifest.json"
foreign() { (cd "$feed" && sha256sum readme.txt 1111*; readlink 2222* latest; ls -d old) | sha256sum; }
before=$(foreign)
cp -a "$feed" "$T/night1"
times() { jq -cS 'map_values([.timestamp, .["integrity:sha256"]])' "$1/manifest.json"; }
sleep 1
ends "nothing new" 0 fexp
is "is the same to the last byte" "$(times "$feed")" "$(times "$T/night1")"
own=$(entry own .key)
ends "one source takes its words back" 0 "$bin" revoke --home "$T/a" --source own '198[.]51[.]100[.]7:443' '[2001:db8::1]:8443' 2001:db8:5::/48 \
    bad.example 'http://bad.example/a?b#"c' 'http://bad.example/gate/*'
ends "and another one of them" 0 "$bin" revoke --home "$T/a" --source open bad.example
ends "the next night" 0 fexp
tells "its event goes" '^entente: misp-feed: events: 5, of an earlier export removed: 1$'
is "from the manifest" "$(jq --arg u "$own" 'has($u)' "$feed/manifest.json")" false
refute "with its file" test -e "$feed/$own.json"
is "and nothing else" "$(foreign)" "$before"
is "what was changed has a later time" "$(jq -n --slurpfile old "$T/night1/manifest.json" --slurpfile new "$feed/manifest.json" -c \
    '[$new[0] | to_entries[] | select(.value.timestamp > $old[0][.key].timestamp) | .value.info[:4]]')" '["open"]'
is "new files are for whom the manifest is" "$(stat -c %a "$feed/$(entry open .key).json")" 644
ends "who reads it again" 0 "$bin" import --home "$T/b" --json "$feed"
is "gets what is new" "$(jq -c '[.events, .refused, .new]' "$T/out")" "[5,0,1]"

# --- stopped halfway -----------------------------------------------------------------------------

python3 -c 'for i in range(30000): print("n%d.example" % i)' >"$T/more.txt"
"$bin" import --home "$T/a" --source more "$T/more.txt" >/dev/null
whole=$(digest "$feed")
run bash -c "ulimit -f 1500; exec '$bin' export --home '$T/a' --format misp-feed -o '$feed'"
is "a disk that is full" "$rc-$(leftovers "$feed")" "5-"
is "leaves the old feed" "$(digest "$feed")" "$whole"
# Ctrl-C as soon as something is written; one that comes too late proves nothing, so again.
stopped=0 mixed=0
for ((i = 0; i < 10; i++)); do
    rm -rf "$T/copy" && cp -a "$feed" "$T/copy"
    "$bin" export --home "$T/a" --format misp-feed -o "$T/copy" >/dev/null 2>&1 &
    p=$!
    until [ -n "$(leftovers "$T/copy")" ] || ! kill -0 $p 2>/dev/null; do :; done
    kill -INT $p 2>/dev/null
    wait $p
    rc=$?
    [ $rc = 0 ] && continue
    [ $rc = 130 ] && stopped=$((stopped + 1))
    [ "$rc-$(digest "$T/copy")" = "130-$whole" ] || mixed=$((mixed + 1))
done
check "Ctrl-C is heard" test $stopped -gt 0
is "and leaves the old feed" $mixed 0
ends "the next one is whole" 0 fexp
is "with all that is new" "$(entry more .key | wc -l)-$(events)" 3-8
flock "$feed" sh -c "'$bin' export --home '$T/a' --format misp-feed -o '$feed'" >/dev/null 2>"$T/err"
told "two at a time are one too many" "entente: $feed: another export writes there"

# --- what is not ours ----------------------------------------------------------------------------

whole=$(digest "$feed")
ends "another member's directory" 4 "$bin" export --home "$T/b" --format misp-feed -o "$feed"
told "is left alone" "entente: $feed: is the feed of somebody else"
is "as it was" "$(digest "$feed")" "$whole"
mkdir "$T/app" && echo '{"name":"x","icons":[]}' >"$T/app/manifest.json"
ends "a manifest of something else" 4 "$bin" export --home "$T/a" --format misp-feed -o "$T/app"
told "stays" "entente: $T/app: its manifest.json is none that this program wrote"
is "what it is" "$(files "$T/app")-$(cat "$T/app/manifest.json")" 'manifest.json-{"name":"x","icons":[]}'

one=$(entry open .key)
sed -i 's/for-us\.example/for-you.example/' "$feed/$one.json"
ends "an event that somebody changed" 3 "$bin" import --home "$T/b" --source again "$feed"
tells "is refused" "^entente: $feed/$one.json: its SHA-256 is not the one that the manifest gives$"
tells "alone" '^  events   7 read, 1 refused$' "$T/out"
is "and not believed" "$("$bin" export --home "$T/b" --format list --types domain 2>/dev/null | grep -c for-you)" 0

ends "no directory" 2 "$bin" export --home "$T/a" --format misp-feed
tells "is said" '^entente export: several files: --output names their directory$'
ends "hashes of what is no feed" 2 "$bin" export --home "$T/a" --format misp --hashes
tells "are none" '^entente export: --hashes is for --format misp-feed$'
ends "a file for a directory" 5 "$bin" export --home "$T/a" --format misp-feed -o "$T/own.txt"
tells "is none" "^entente: $T/own.txt: cannot open the directory: Not a directory$"

done_testing
