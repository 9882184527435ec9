#!/usr/bin/env bash
# test_import_misp.sh: MISP events and feeds, what they mark and withdraw, and hostile ones.
# shellcheck source=tests/e2e/lib.sh disable=SC2015,SC2317
. tests/e2e/lib.sh

member a
imp() { "$bin" import --home "$T/a" "$@"; }
# kept: how many claims there are
kept() { store_dump a | wc -l; }
# counts: of the last --json import
counts() { jq -c '[.format, .taken, .new, .known, .withdrawn, .skipped]' "$T/out"; }
# event REST: one event with the attribute evil.example and what else REST says
event() {
    printf '{"Event":{"info":"Lookalikes","Attribute":[{"type":"domain","value":"evil.example.com",'
    printf '"to_ids":true,"uuid":"3b97f38f-d8e0-4406-8ec7-b2be1314d7bb"%s' "$1"
}

# --- events --------------------------------------------------------------------------------------

ends "an event of ESET" 0 imp --json "$data/misp/misp-telebots.json"
is "is recognised by content" "$(counts)" \
    '["misp",{"ipv4":3,"md5":15,"sha1":36,"sha256":15},69,0,0,26]'
is "its text says who says so, about what, and how bad it is" "$(store_dump a | grep -c \
    "'CIRCL; OSINT - The rise of TeleBots: .*; TeleBots; threat level medium; ")" 69
ends "the same again" 0 imp --json "$data/misp/misp-telebots.json"
is "brings nothing new" "$(counts)" \
    '["misp",{"ipv4":3,"md5":15,"sha1":36,"sha256":15},0,69,0,26]'
gzip -c "$data/misp/misp-telebots.json" >"$T/telebots.gz"
ends "compressed" 0 imp --json --source misp-telebots.json "$T/telebots.gz"
is "it is the same" "$(jq -c '[.new, .known]' "$T/out")" '[0,69]'

ends "an author who never sets to_ids" 0 imp "$data/misp/bespin.json"
tells "gives nothing" '^  taken    nothing$' "$T/out"
tells "with the reason" '"to_ids" is false: context, nothing to look for'
tells "and what can be done" 'more was skipped than taken \(--unflagged takes what is not "to_ids"\)' "$T/out"
ends "with --unflagged" 0 imp --json --unflagged "$data/misp/bespin.json"
is "his indicators are taken" "$(jq -c '[.taken, .skipped]' "$T/out")" '[{"sha1":1},2]'
tells "the option is explained" 'unflagged +MISP: also attributes that are not marked "to_ids"' \
    <("$bin" import --help)

# --- marks ---------------------------------------------------------------------------------------

event ',"Tag":[{"name":"tlp:green"}]}],"Tag":[{"name":"tlp:amber+strict"}]}}' >"$T/marked"
ends "a tag behind what it marks" 0 imp --tlp clear "$T/marked"
is "counts where it is the narrower one" \
    "$(store_dump a | grep -c "evil.example.com', 4,")" 1
event '}]}}' >"$T/unmarked"
ends "an event that is not marked" 0 imp "$T/unmarked"
tells "is not for partners" '1 of 1 are TLP:AMBER or narrower, or unmarked' "$T/out"
ends "but --tlp says otherwise" 0 imp --json --tlp green --confidence 30 --source x "$T/unmarked"
is "for what does not say" "$(store_dump a | grep -c "evil.example.com', 2, 30,")" 1

# --- withdrawn -----------------------------------------------------------------------------------

printf '%s\n' '2026-01-01 query evil.example.com from 10.0.0.1' >"$T/log"
ends "what was taken is found" 1 "$bin" watch --home "$T/a" --no-sightings "$T/log"
event ',"deleted":true}]}}' >"$T/deleted"
for source in x unmarked marked; do
    ends "an attribute that was deleted, by $source" 0 imp --json --source $source "$T/deleted"
    is "is withdrawn" "$(counts)" '["misp",{},0,0,1,0]'
done
ends "and no longer found" 0 "$bin" watch --home "$T/a" --no-sightings "$T/log"

# --- wrong ---------------------------------------------------------------------------------------

# refused NAME WORDS FILE...: exit code 3, this line first, nothing kept
refused() {
    local name=$1 words=$2 before
    shift 2
    before=$(kept)
    run imp "$@"
    if [ "$rc" = 3 ] && [ "$(grep -m1 '^entente: ' "$T/err")" = "entente: $words" ] && [ "$(kept)" = "$before" ] &&
        tail -1 "$T/err" | grep -qx 'entente: nothing of that file was taken'; then
        ok "$name"
    else
        not_ok "$name" "exit code $rc" "$(cat "$T/err")" "kept $(kept), before $before"
    fi
}

head -c 60000 "$data/misp/misp-telebots.json" >"$T/cut.json"
run imp --source cut "$T/cut.json"
is "a file that breaks off is refused whole" "$rc-$(tail -1 "$T/err")" \
    "3-entente: nothing of that file was taken"
echo '{"a":1}' >"$T/other"
refused "JSON of something else" "$T/other:1: JSON, but no MISP event" --format misp "$T/other"
echo 'b6ef7f9a01798dfaa13eed906008cbf4,3dd21441-38eb-4303-a15f-0e9c885539a4' >"$T/hashes.csv"
refused "the hashes of a feed" "$T/hashes.csv: the hashes.csv of a MISP feed: hashes of values \
cannot be matched; import the directory, or its events" "$T/hashes.csv"
printf '{"Event":{"info":"\\u001b[31m","Attribute":[{"type":"domain","value":"a\\u001b[2J","to_ids":true}]}}' >"$T/esc"
run imp "$T/esc"
is "control characters do not reach the terminal" "$rc-$(grep -c "$(printf '\033')" "$T/err" "$T/out" | tr -d '\n')" \
    "0-$T/err:0$T/out:0"

done_testing
