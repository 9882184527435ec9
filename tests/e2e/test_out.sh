#!/usr/bin/env bash
# test_out.sh: what watch tells and keeps: formats, counts, sightings, warning lists, validity.
# shellcheck source=tests/e2e/lib.sh disable=SC2015,SC2317
. tests/e2e/lib.sh

member a
watch() { "$bin" watch --home "$T/a" "$@"; }
sightings() { "$bin" sightings --home "$T/a" "$@"; }
warnings() { "$bin" warnings --home "$T/a" "$@"; }
lists=$data/misp-warninglists

# stix ID VALUE [MORE]: a bundle of one indicator
stix() {
    printf '{"type":"bundle","id":"bundle--1","objects":[{"type":"indicator","id":"indicator--%s",
"name":"n","pattern_type":"stix","pattern":"%s"%s}]}\n' "$1" "$2" "${3:-}"
}

# --- formats -------------------------------------------------------------------------------------

md5=d41d8cd98f00b204e9800998ecf8427e
sha256=e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
printf '%s\n' 198.51.100.7 203.0.113.0/24 198.51.100.8:4444 2001:db8::7 evil.example \
    http://bad.example/x eve@mail.example $md5 $sha256 >"$T/known"
"$bin" import --home "$T/a" --source "my feed" --tlp green --confidence 75 "$T/known" >/dev/null
cat >"$T/log" <<L
a 198.51.100.7 b
a 203.0.113.99 b
a 198.51.100.8:4444 b
a 2001:DB8:0::7 b
a www.evil.example b
a http://bad.example/x b
a eve@mail.example b
a $md5 b
a $sha256 b
L
cat >"$T/ecs.py" <<'PY'
# Every field and its type, as in ECS 8.11 (log.offset: Filebeat; entente: ours); nothing else.
import ipaddress, json, re, sys
date = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$").match
ip = lambda v: ipaddress.ip_address(v)
text = lambda v: isinstance(v, str) and v
long = lambda v: type(v) is int and v >= 0
one_of = lambda *a: lambda v: v in a
indicator = {
    "type": one_of("ipv4-addr", "ipv6-addr", "domain-name", "url", "email-addr", "file"),
    "name": text, "ip": ip, "port": long, "url.full": text, "url.domain": text,
    "email.address": text, "file.hash.md5": text, "file.hash.sha256": text, "provider": text,
    "description": text, "sightings": long, "marking.tlp_version": one_of("2.0"),
    "confidence": one_of("Not Specified", "None", "Low", "Medium", "High"),
    "marking.tlp": one_of("CLEAR", "GREEN", "AMBER", "AMBER+STRICT", "RED")}
fields = {
    "@timestamp": date, "ecs.version": one_of("8.11.0"), "message": text, "tags[]": text,
    "event.kind": one_of("alert"), "event.category[]": one_of("threat"),
    "event.type[]": one_of("indicator"), "event.module": text, "event.dataset": text,
    "related.ip[]": ip, "related.hosts[]": text, "related.hash[]": text,
    "log.file.path": text, "log.offset": long, "entente.line": long, "entente.sources": long,
    "entente.kind": text, "entente.warnings[]": text}
matched = {"atomic": text, "field": one_of("message"), "id": text, "index": text,
           "occurred": date, "type": one_of("indicator_match_rule")}
for f, t in indicator.items():
    fields["threat.indicator." + f] = fields["threat.enrichments[].indicator." + f] = t
for f, t in matched.items():
    fields["threat.enrichments[].matched." + f] = t
def leaves(v, path=""):
    if isinstance(v, dict):
        assert v, path
        for k in v: yield from leaves(v[k], path + "." + k if path else k)
    elif isinstance(v, list):
        assert v, path
        for k in v: yield from leaves(k, path + "[]")
    else:
        yield path, v
always = {"@timestamp", "ecs.version", "message", "event.kind", "event.category[]", "event.type[]",
          "log.file.path", "log.offset", "threat.indicator.type", "threat.indicator.name",
          "threat.indicator.provider", "threat.indicator.confidence", "threat.indicator.marking.tlp",
          "threat.enrichments[].matched.atomic"}
n = 0
for line in open(sys.argv[1], encoding="utf-8"):
    o, n, seen = json.loads(line), n + 1, set()
    for path, v in leaves(o):
        assert path in fields, "no such field: " + path
        assert fields[path](v), (path, v)
        seen.add(path)
    assert always <= seen, always - seen
    assert o["threat"]["indicator"] == o["threat"]["enrichments"][0]["indicator"]
assert n > 0
PY
ends "--format ecs" 1 watch --no-sightings --format ecs "$T/log"
check "has the fields of the Elastic Common Schema and no other" python3 "$T/ecs.py" "$T/out"
is "each value in its own" "$(jq -c '.threat.indicator | del(.name, .provider, .confidence, .marking, .sightings)' "$T/out")" \
    '{"type":"ipv4-addr","ip":"198.51.100.7"}
{"type":"ipv4-addr"}
{"type":"ipv4-addr","ip":"198.51.100.8","port":4444}
{"type":"ipv6-addr","ip":"2001:db8::7"}
{"type":"domain-name","url":{"domain":"evil.example"}}
{"type":"url","url":{"full":"http://bad.example/x","domain":"bad.example"}}
{"type":"email-addr","email":{"address":"eve@mail.example"}}
{"type":"file","file":{"hash":{"md5":"'$md5'"}}}
{"type":"file","file":{"hash":{"sha256":"'$sha256'"}}}'
is "what was seen beside what is known" "$(jq -r '.threat.enrichments[0].matched.atomic' "$T/out" | sed -n '2p;4p;5p' | tr '\n' ' ')" \
    "203.0.113.99 2001:db8::7 www.evil.example "
is "with what the source says" "$(jq -c '.threat.indicator | [.provider, .confidence, .marking.tlp]' "$T/out" | sort -u)" \
    '["my feed","High","GREEN"]'
is "and where" "$(jq -c '[.message, .log.file.path, .log.offset, .entente.line]' "$T/out" | tail -1)" \
    "[\"a $sha256 b\",\"$T/log\",$(grep -bo $sha256 "$T/log" | cut -d: -f1),9]"

ends "--format eve" 1 watch --no-sightings --format eve "$T/log"
check "is like Suricata's alerts" jq -es 'length == 9 and all(.[]; .event_type == "alert"
    and (.timestamp | test("^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{6}\\+0000$"))
    and (.alert | .action == "allowed" and (.gid | type) == "number" and (.signature_id | type) == "number"
        and .rev == 1 and (.signature | startswith("ENTENTE ")) and (.category | type) == "string"
        and .severity == 1 and .metadata.source == ["my feed"] and .metadata.confidence == ["75"]))' "$T/out"
is "with the line" "$(jq -r .payload_printable "$T/out")" "$(cat "$T/log")"
is "and our fields" "$(jq -c '.entente | [.observable, .line]' "$T/out" | head -1)" '["198.51.100.7",1]'
ends "--format json" 1 watch --no-sightings --format json "$T/log"
cp "$T/out" "$T/json"
run watch --no-sightings --json "$T/log"
check "is --json" cmp -s "$T/out" "$T/json"
ends "no such format" 2 watch --format xml "$T/log"
tells "is said" 'no such format \(table, json, ecs, eve\): xml'
ends "two formats" 2 watch --format ecs --json "$T/log"
ends "counts in EVE" 2 watch --format eve --count "$T/log"

# --- the line around a hit -----------------------------------------------------------------------

table() { watch --no-sightings --table "$@"; }
ends "a table" 1 table "$T/log"
is "shows the line below each hit, and the hit defanged" "$(sed -n '3p;7p;11p;13p' "$T/out")" \
    '    a 198[.]51[.]100[.]7 b
    a 198[.]51[.]100[.]8:4444 b
    a www[.]evil[.]example b
    a hxxp://bad[.]example/x b'
is "as it stands there" "$(sed -n 9p "$T/out")" '    a 2001:DB8:0::7 b'
{ head -c 5000 /dev/zero | tr '\0' x; printf ' 198.51.100.7 '; head -c 5000 /dev/zero | tr '\0' y; echo; } >"$T/long"
run table "$T/long"
is "a long line is cut on both sides" "$(sed -n 3p "$T/out" | sed -E 's/x+/x/; s/y+/y/')" '    ...x 198[.]51[.]100[.]7 y...'
check "to the width" test "$(sed -n 3p "$T/out" | wc -m)" -le 133
printf 'q="\e]0;owned\a\e[2J \xc2\x9b31m \xe2\x80\xae gro.\xe2\x80\x8b\xff\x00 198.51.100.7\r\t\x7f\xe4\xb8\xad\\"\r\n' >"$T/escapes"
run table "$T/escapes"
refute "nothing in it reaches the terminal as it is" grep -qP '[\x00-\x09\x0b-\x1f\x7f]|\xc2\x9b|\xe2\x80[\x8b\xae]|\xff' "$T/out"
is "all of it is there" "$(sed -n 3p "$T/out")" \
    '    q="\x1b]0;owned\x07\x1b[2J \x9b31m \u{202e} gro.\u{200b}\xff\x00 198[.]51[.]100[.]7\r\t\x7f'$'\xe4\xb8\xad''\\"'
for f in ecs eve; do
    run watch --no-sightings --format $f "$T/escapes"
    check "nor in $f" jq -e . "$T/out"
    refute "is it raw" grep -qP '[\x00-\x09\x0b-\x1f\x7f]|\xc2\x9b|\xe2\x80[\x8b\xae]|\xff' "$T/out"
done
cat >"$T/noise.py" <<'PY'
import random, sys, unicodedata
random.seed(7)
def noise():
    kind = random.randrange(3)
    n = random.choice((0, 1, 5, 60, 300))
    if kind == 0: return bytes(random.choice(b"\x00\x1b[]m\r\t\x7f\x80\xc2\xe2\xf0\xff ") for _ in range(n))
    if kind == 1: return "".join(random.choice("\u202e\u200b\u0301\u4e2d\U000e0041\u00e4 x") for _ in range(n)).encode()
    return b"x" * n
if sys.argv[1] == "make":
    for _ in range(500):
        sys.stdout.buffer.write(noise() + b" 198.51.100.7 " + noise() + b"\n")
else:
    rows = sys.stdin.buffer.read().decode().splitlines()[1:]
    assert len(rows) == 1000, len(rows)
    for row in rows[1::2]:
        assert "198[.]51[.]100[.]7" in row and all(unicodedata.category(c) not in ("Cc", "Cf") for c in row), row
        assert sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in row) <= 132, row
PY
python3 "$T/noise.py" make >"$T/noise"
run table "$T/noise"
check "in any noise the hit is in view, and no line is too long" python3 "$T/noise.py" check <"$T/out"
if "$peers/pty" true; then
    ends "on a terminal" 1 env -u NO_COLOR "$peers/pty" "$bin" watch --home "$T/a" --no-sightings "$T/log"
    tells "the hit is coloured where it stands" $'^    a \e\\[1;31m198\\[\\.\\]51\\[\\.\\]100\\[\\.\\]7\e\\[0m b' "$T/out"
else
    skip "on a terminal" "this machine has no pseudo-terminals"
fi

# --- --count -------------------------------------------------------------------------------------

cat "$T/log" "$T/log" "$T/escapes" >"$T/more"
ends "--count" 1 watch --no-sightings --count --json "$T/more" "$T/log"
is "is one line for each indicator, by count" "$(jq -c '[.count, .indicator]' "$T/out" | sed -n '1,2p;$p')" \
    "[4,\"198.51.100.7\"]
[3,\"203.0.113.0/24\"]
[3,\"$sha256\"]"
is "with the first and the last line" "$(jq -c '[.first, .last, .source]' "$T/out" | head -1)" \
    "[{\"file\":\"$T/more\",\"line\":1},{\"file\":\"$T/log\",\"line\":1},\"my feed\"]"
ends "as a table" 1 watch --no-sightings --count --table "$T/more" "$T/log"
is "with a head" "$(wc -l <"$T/out")" 10
tells "and the totals" '^28 hits on 28 of '
ends "of nothing at all" 0 watch --count --json /dev/null
check "says nothing" test ! -s "$T/out"

# --- sightings -----------------------------------------------------------------------------------

is "--no-sightings keeps nothing" "$(sightings)" "nothing seen"
counts() { sightings --json "$@" | jq -r '"\(.count) \(.indicator) \(.file):\(.line)"' | sort; }
cp "$apache" "$T/access.log"
"$bin" import --home "$T/a" "$jar" >/dev/null
run watch "$T/access.log"
is "what was seen is kept" "$(counts)" "1 109.163.234.2 $T/access.log:9900
8 109.74.151.149 $T/access.log:2287"
is "with times and places" "$(sightings --json | jq -c 'select(.count == 1) | [.type, .first == .last, (.last | test("^20.*Z$")), .offset]')" \
    "[\"ipv4\",true,true,$(grep -bo '^109\.163\.234\.2' "$apache" | cut -d: -f1)]"
want=$(counts)
run watch "$T/access.log"
run watch "$T/access.log" "$T/access.log"
is "again is not counted again" "$(counts)" "$want"
gzip -c "$T/access.log" >"$T/access.log.1.gz"
printf 'new 109.163.234.2\n' >>"$T/access.log"
run watch "$T/access.log"
is "what is new in the log is" "$(counts)" "2 109.163.234.2 $T/access.log:10001
8 109.74.151.149 $T/access.log:2287"
run watch "$T/access.log.1.gz"
is "it is the same log when it is compressed" "$(counts | cut -d: -f1)" "2 109.163.234.2 $T/access.log.1.gz
8 109.74.151.149 $T/access.log.1.gz"
printf 'another log 109.163.234.2\n' >"$T/access.log"
run watch "$T/access.log"
is "a new log under the old name is another" "$(counts | head -1)" "1 109.163.234.2 $T/access.log:1"
first=$(head -1 "$apache" | cut -d' ' -f1)
echo "$first" | "$bin" import --home "$T/a" --source later - >/dev/null
run watch "$T/access.log.1.gz"
is "an indicator that was imported later counts in an old log" \
    "$(counts "$first" | cut -d' ' -f1)" "$(grep -c "^${first//./\\.} " "$apache")"
is "one observable" "$(sightings --json 109.74.151.149 | jq -c .count)" 8
is "since then" "$(sightings --json --since 2099-01-01)" ""
tells "a table" '^109\[\.\]74\[\.\]151\[\.\]149 +8 20.*Z 20.*Z ' <(sightings)
ends "a wrong time" 2 sightings --since yesterday
ends "no observable" 2 sightings "not one"
ends "two" 2 sightings 1.2.3.4 1.2.3.5

# through SIGNAL N: a watch of a pipe that is ended by that signal when its first hit is in the store,
# which has N logs with it then; it has read a second hit, perhaps
through() {
    rm -f "$T/pipe" && mkfifo "$T/pipe"
    "$bin" watch --home "$T/a" "$T/pipe" >"$T/out" 2>"$T/err" &
    local p=$! logs=$2 fd
    pids+=("$p")
    exec {fd}>"$T/pipe"
    printf '%s 198.51.100.7\n' "$1" >&$fd
    # more lines, so that it writes what it has: every three seconds
    tick() { echo line >&"$fd"; sleep 0.2; [ "$(counts 198.51.100.7 | wc -l)" = "$logs" ]; }
    wait_for 60 tick
    echo 198.51.100.7 >&$fd
    kill "-$1" "$p"
    wait "$p" 2>/dev/null
    rc=$?
    exec {fd}>&-
}
through INT 1
is "Ctrl-C" "$rc" 130
check "keeps what was seen" test "$(counts 198.51.100.7 | wc -l)" -eq 1
through KILL 2
check "a crash loses no more than the last seconds" test "$(counts 198.51.100.7 | wc -l)" -eq 2

# Two watchers, and an importer that holds the store for longer than they like.
for i in 1 2; do for n in 1 2 3; do echo "watcher $i line $n 203.0.113.$n"; done >"$T/w$i"; done
cat >"$T/hold.py" <<'PY'
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.readline()
db.execute("ROLLBACK")
PY
mkfifo "$T/go" "$T/held"
python3 "$T/hold.py" "$T/a/store.db" <"$T/go" >"$T/held" &
pids+=($!)
exec {go}>"$T/go" {held}<"$T/held"
read -r _ <&$held
for i in 1 2; do watch "$T/w$i" >"$T/out$i" 2>"$T/err$i" & w[i]=$!; pids+=($!); done
sleep 1
echo >&$go
for i in 1 2; do wait "${w[i]}"; rcs="${rcs:-}$? "; done
exec {go}>&- {held}<&-
is "two watchers at once and a writer: none fails" "$rcs" "1 1 "
is "and nothing is lost" "$(counts 203.0.113.0/24 | cut -d' ' -f1,2 | tr '\n' ' ')" "3 203.0.113.0/24 3 203.0.113.0/24 "

# sql STATEMENT: in the store
sql() { python3 -c 'import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute(sys.argv[2])' "$T/a/store.db" "$1"; }
before=$(counts 203.0.113.0/24)
echo "full 203.0.113.5" >"$T/full"
sql "CREATE TRIGGER full BEFORE INSERT ON sighting BEGIN SELECT raise(ABORT, 'full'); END"
run watch "$T/full"
is "where the store cannot be written, the hit is told" "$rc-$(jq -r .observable "$T/out")" '5-203.0.113.5'
told "and that it is not kept" "entente: the last sightings are not kept: input or output failed"
is "nor is it" "$(counts 203.0.113.0/24)" "$before"
sql "DROP TRIGGER full"

# --- warning lists -------------------------------------------------------------------------------

ends "warnings add" 0 warnings add "$lists"
is "takes all of a directory" "$(sort "$T/out" | sed 's/  */ /g; s/ (http.*//')" \
    " 0 not supported Common contact e-mail addresses (1 patterns, which are not understood)
 0 not supported List of known domains used by automated malware analysis services & security vendors (26 patterns, which are not understood)
 5 string List of known hashes for empty files (1 not understood)
 13 hostname List of known dax30 webpages
 21 string Captive Portal Detection Hostnames
 65 cidr List of known Googlebot IP ranges"
check "and nothing on standard error" test ! -s "$T/err"
run warnings list
is "warnings list" "$(wc -l <"$T/out")" 6
run warnings list --json
is "as JSON" "$(jq -c 'select(.type == "hostname") | [.name, .entries, .unread, .version]' "$T/out")" \
    '["List of known dax30 webpages",13,0,1]'
printf '%s\n' 66.249.73.135 66.249.0.0/16 shop.siemens.com www.google.com http://www.siemens.com/x \
    66.249.73.136:443 help@siemens.com >"$T/good"
"$bin" import --home "$T/a" --source good "$T/good" >/dev/null
printf '%s\n' "66.249.73.135" "66.249.73.1" "66.249.1.1" "x.shop.siemens.com" "mail.www.google.com" \
    "www.google.com" "http://www.siemens.com/x" "66.249.73.136:443" "help@siemens.com" "$md5" "203.0.113.1" >"$T/warned"
ends "hits on warning lists" 1 watch --no-sightings "$T/warned"
is "are told with the list's name" "$(jq -r '"\(.observable) \(.warnings // ["-"] | map(sub(" \\(.*"; "")) | join(","))"' "$T/out")" \
    "66.249.73.135 List of known Googlebot IP ranges
66.249.73.1 List of known Googlebot IP ranges
66.249.1.1 -
x.shop.siemens.com List of known dax30 webpages
mail.www.google.com -
www.google.com Captive Portal Detection Hostnames
http://www.siemens.com/x -
66.249.73.136:443 List of known Googlebot IP ranges
66.249.73.136 List of known Googlebot IP ranges
help@siemens.com -
$md5 List of known hashes for empty files
203.0.113.1 -"
run watch --no-sightings --table "$T/warned"
is "marked in a table" "$(grep -c '^    ! on a warning list: ' "$T/out")" 7
tells "and counted" '^7 of them on what warning lists know to be harmless or noisy$'
run watch --no-sightings --format ecs "$T/warned"
check "marked in ECS" python3 "$T/ecs.py" "$T/out"
is "by a tag" "$(jq -c 'select(.tags == ["warning-list"]) | 1' "$T/out" | wc -l)" 7
run watch --no-sightings --count --table "$T/warned"
is "and in counts" "$(grep -c '^ *[0-9]* ! ' "$T/out")" 6
ends "warnings remove" 0 warnings remove "List of known dax30 webpages"
ends "twice" 5 warnings remove "List of known dax30 webpages"
run watch --no-sightings "$T/warned"
is "and it marks nothing more" "$(grep -c dax30 "$T/out")" 0
ends "one list" 0 warnings add --json "$lists/dax30"
is "as JSON too" "$(jq -r .entries "$T/out")" 13
is "taken again takes its own place" "$(warnings add "$lists/dax30/list.json" >/dev/null; warnings list | wc -l)" 6
ends "what was not understood" 0 warnings add --verbose "$lists/empty-hashes"
tells "is shown when asked for" 'list.json:6: skipped: .*d14a028c2a3a2bc9476102bb288234c415a2b01f828ea62ac5b3e42f'
before=$(warnings list)
head -c 300 "$lists/googlebot/list.json" >"$T/cut.json"
ends "a list that is cut" 3 warnings add "$T/cut.json"
echo '{"name":"\u001b[2J","list":["a.com"],"type":7}' >"$T/bad.json"
ends "a list of another kind" 3 warnings add "$T/bad.json"
told "says so" "entente: $T/bad.json:1: \"type\" is not a string (at byte 44)"
ends "a directory without lists" 5 warnings add "$T/a"
tells "is told" 'holds no list.json, nor does a folder in it'
ends "a list that is not there" 5 warnings add "$T/none"
is "changes nothing" "$(warnings list)" "$before"
ends "no verb" 2 warnings
ends "nothing to add" 2 warnings add
echo '{"name":"\u001b[2Jx","list":["a.com"],"type":"string"}' >"$T/odd.json"
run warnings add "$T/odd.json"
refute "a hostile name is never raw" grep -q $'\e' "$T/out"

# --- validity ------------------------------------------------------------------------------------

member v
v() { local c=$1; shift; "$bin" "$c" --home "$T/v" "$@"; }
stix 1 "[ipv4-addr:value = '198.51.100.1']" ',"valid_until":"2020-01-01T00:00:00Z"' >"$T/1"
stix 2 "[ipv4-addr:value = '198.51.100.2']" ',"valid_from":"2099-01-01T00:00:00Z"' >"$T/2"
stix 3 "[ipv4-addr:value = '198.51.100.3']" >"$T/3"
stix 4 "[ipv4-addr:value = '198.51.100.4']" >"$T/4"
for i in 1 2 3 4; do v import --source feed "$T/$i" >/dev/null; done
printf '198.51.100.%d\n' 1 2 3 4 >"$T/four"
seen() { v watch --no-sightings "$T/four" | jq -r .observable | cut -d. -f4 | tr '\n' ' '; }
is "what has expired or is to come does not match" "$(seen)" "3 4 "
v import --source other "$T/4" >/dev/null
run v import --source feed --json <(stix 3 "[ipv4-addr:value = '198.51.100.3']" ',"revoked":true'; )
is "a revoked indicator is no wrong row" "$(jq -c '[.withdrawn, .skipped]' "$T/out")" "[1,0]"
is "and does not match" "$(seen)" "4 "
v import --source feed <(stix 4 "[ipv4-addr:value = '198.51.100.4']" ',"revoked":true') >/dev/null
is "another source's claim stays" "$(v watch --no-sightings "$T/four" | jq -c '[.observable, .source, .sources]')" \
    '["198.51.100.4","other",1]'
v import --source feed "$T/3" >/dev/null
is "an older version does not bring it back" "$(seen)" "4 "

# While a watch runs. Its set is loaded when it opens the pipe.
soon=$(($(date +%s) + 8))
stix 5 "[domain-name:value = 'a.evil.example']" ",\"valid_until\":\"$(date -ud "@$soon" +%FT%TZ)\"" >"$T/5"
stix 6 "[ipv4-addr:value = '198.51.100.6']" >"$T/6"
v import --source feed "$T/5" "$T/6" >/dev/null
echo evil.example | v import --source wider - >/dev/null
mkfifo "$T/follow"
v watch --table "$T/follow" >"$T/out" 2>"$T/err" &
p=$!
pids+=("$p")
exec {fd}>"$T/follow"
opened=$(date +%s)
printf 'one a.evil.example 198.51.100.6\n' >&$fd
more() { echo line >&"$fd"; sleep 0.2; v sightings 198.51.100.6 | grep -q ':1$'; }
check "a watch meets them" wait_for 60 more
v import --source feed <(stix 6 "[ipv4-addr:value = '198.51.100.6']" ',"revoked":true') >/dev/null
sleep 6
while [ "$(date +%s)" -le "$soon" ]; do sleep 0.2; done
printf 'two a.evil.example 198.51.100.6\n' >&$fd
exec {fd}>&-
wait "$p"
if [ "$opened" -lt $((soon - 2)) ]; then
    is "until they expire or are revoked, and then what lies around them" \
        "$(grep -v '^ \|^SEEN' "$T/out" | awk '{print $1, $2 == "the" ? $1 : $2}' | sed 's/\[\.\]/./g')" \
        "a.evil.example a.evil.example
198.51.100.6 198.51.100.6
a.evil.example evil.example"
else
    skip "until they expire or are revoked" "this machine is too slow today"
fi

done_testing
