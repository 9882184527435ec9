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
tells "the option is explained" 'unflagged +MISP: also what is not marked "to_ids"' \
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
cannot be matched; import the directory, or its events (\`entente find --feed-hashes\` says which are worth it)" "$T/hashes.csv"
printf '{"Event":{"info":"\\u001b[31m","Attribute":[{"type":"domain","value":"a\\u001b[2J","to_ids":true}]}}' >"$T/esc"
run imp "$T/esc"
is "control characters do not reach the terminal" "$rc-$(grep -c "$(printf '\033')" "$T/err" "$T/out" | tr -d '\n')" \
    "0-$T/err:0$T/out:0"

# --- feeds ---------------------------------------------------------------------------------------

u1=3dd21441-38eb-4303-a15f-0e9c885539a4 u2=57c4445b-c548-4654-af0b-4be3950d210f
feed=$T/circl-osint
mkdir "$feed"
cp "$data/misp/$u2.json" "$feed"
sed 's/evil\.example/feed.example/' "$T/marked" | gzip >"$feed/$u1.json"
about='{"Orgc":{"name":"CIRCL"},"date":"2018-08-20","timestamp":1795318277}'
echo "{\"$u1\":$about,\"$u2\":$about}" >"$feed/manifest.json"
echo 'b6ef7f9a01798dfaa13eed906008cbf4,'$u1 >"$feed/hashes.csv"
feed_counts() { jq -c '[.source, .format, .events, .refused, .taken, .new, .known, .skipped]' "$T/out"; }

member f
fimp() { "$bin" import --home "$T/f" "$@"; }
ends "a feed" 0 fimp --json "$feed"
is "is one source, named after its directory" "$(feed_counts)" \
    '["circl-osint","misp",2,0,{"domain":1,"md5":1,"sha1":1,"sha256":1},4,0,6]'
is "skipped rows name their file" "$(jq -r '[.skips[].file] | unique[]' "$T/out")" "$feed/$u2.json"
run sh -c "cd '$feed' && '$bin' import --home '$T/f' --json ."
is "read again from within it is the same source" "$rc-$(feed_counts)" \
    '0-["circl-osint","misp",2,0,{"domain":1,"md5":1,"sha1":1,"sha256":1},0,4,6]'
ends "for people" 0 fimp --source CIRCL "$feed"
tells "it tells of its events" '^  events   2 read, 0 refused$' "$T/out"

ends "its manifest alone" 3 fimp "$feed/manifest.json"
told "is no feed" "entente: $feed/manifest.json: the manifest of a MISP feed: import the directory that it lies in
entente: nothing of that file was taken"
ends "a directory without a manifest" 3 fimp "$data/misp"
tells "is none" "^entente: $data/misp: is a directory, and no MISP feed: it has no manifest.json$"
mkdir "$T/other-dir" && echo '{"name":"x","icons":[]}' >"$T/other-dir/manifest.json"
ends "the manifest of something else" 3 fimp "$T/other-dir"
tells "is no feed's" "^entente: $T/other-dir/manifest.json:1: not the manifest of a MISP feed$"
echo "{\"$u1\":$about" >"$T/other-dir/manifest.json"
cp "$feed/$u1.json" "$T/other-dir"
ends "a manifest that breaks off" 3 fimp --source broken "$T/other-dir"
tells "is refused before anything is read" "^entente: $T/other-dir/manifest.json:2: the JSON text ends too early"
refute "and nothing is taken" grep -q taken "$T/out"

# One broken event and a hostile name do not keep the others out.
cp "$T/unmarked" "$T/secret.json"
echo "{\"../secret\":$about,\"/etc/passwd\":$about,\"$u1\":$about,\"$u2\":$about}" >"$feed/manifest.json"
head -c 1500 "$data/misp/$u2.json" >"$feed/$u2.json"
member g
ends "a feed with a broken event and hostile names" 3 "$bin" import --home "$T/g" --json "$feed"
is "gives the rest" "$(feed_counts)" '["circl-osint","misp",1,1,{"domain":1},1,0,7]'
is "opens nothing outside of itself" "$(jq -r '.skips[] | select(.reason | startswith("the name")) | .text' "$T/out")" \
    "../secret
/etc/passwd"
tells "and says which event is broken" "^entente: $feed/$u2.json:1: the JSON text ends inside a string"
rm "$feed/$u2.json"
ends "an event that is missing" 5 "$bin" import --home "$T/g" "$feed"
tells "is named" "^entente: $feed/$u2.json: "
tells "and the others are read" '^  events   1 read, 1 refused$' "$T/out"
rm "$feed/$u1.json" && mkdir "$feed/$u1.json"
run "$bin" import --home "$T/g" "$feed"
is "a directory in its place is no event" "$rc-$(grep -c "^entente: $feed/$u1.json: " "$T/err")" 5-1

# --- what the manifest says an event's hash is ---------------------------------------------------

sealed=$T/sealed
mkdir "$sealed" && cp "$T/marked" "$sealed/$u1.json" && cp "$data/misp/$u2.json" "$sealed"
hash_of() { sha256sum <"$1" | cut -d ' ' -f 1; }
seal() {
    echo "{\"$u1\":{\"timestamp\":1,\"integrity:sha256\":\"$1\"},\"$u2\":{\"integrity:sha256\":\"$(hash_of "$data/misp/$u2.json")\"}}" \
        >"$sealed/manifest.json"
}
member s
simp() { "$bin" import --home "$T/s" "$@" "$sealed"; }
sealed_counts() { jq -c '[.events, .refused, .new, .known]' "$T/out"; }
seal "$(hash_of "$sealed/$u1.json")"
printf ' ' >>"$sealed/$u1.json"
ends "an event that is not what its manifest says, by one blank" 3 simp --json
told "is refused" "entente: $sealed/$u1.json: its SHA-256 is not the one that the manifest gives
entente: nothing of that file was taken"
is "and the other is taken" "$(sealed_counts)-$(store_dump s | grep -c evil.example.com)" '[1,1,3,0]-0'
cp "$T/marked" "$sealed/$u1.json"
ends "one that is" 0 simp --json
is "is taken" "$(sealed_counts)" '[2,0,1,3]'
gzip "$sealed/$u1.json" && mv "$sealed/$u1.json.gz" "$sealed/$u1.json"
ends "compressed" 0 simp --json
is "it is the same" "$(sealed_counts)" '[2,0,0,4]'
seal "$(hash_of "$sealed/$u1.json")"
ends "the hash is that of the content" 3 simp
for bad in "" 00 "$(hash_of "$T/marked")0"; do
    seal "$bad"
    run simp --json
    [ "$rc" = 0 ] && [ "$(sealed_counts)" = '[1,0,0,3]' ] &&
        [ "$(jq -r '.skips[] | select(.file | endswith("manifest.json")) | .reason' "$T/out")" = 'an event whose "integrity:sha256" is no hash, or stands twice' ] || break
done
is "a hash that is none lets nothing in" "$rc-$bad" "0-$(hash_of "$T/marked")0"

done_testing
