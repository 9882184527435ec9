#!/usr/bin/env bash
# test_objects.sh: objects of STIX as they came: in, shown, and out again; two sources that differ,
# one that lies.
# shellcheck source=tests/e2e/lib.sh disable=SC2015,SC2317
. tests/e2e/lib.sh

member a
ent() { local c=$1; shift; "$bin" "$c" --home "$T/a" "$@"; }
bundles=(tests/data/stix/*.json)

# --- real bundles come out as they went in -------------------------------------------------------

for f in "${bundles[@]}"; do
    jq -e '(.objects? // empty)|length>0' "$f" >/dev/null 2>&1 || continue
    rm -rf "$T/one"
    member one
    "$bin" import --home "$T/one" "$f" >/dev/null 2>"$T/err" || continue
    "$bin" export --home "$T/one" --format stix 2>/dev/null | jq -Sc '.objects[]' | sort >"$T/out.jsonl"
    # Kept: each id once, without the TLP markings that everybody has.
    jq -Sc '.objects[]|select(.id|test("^marking-definition--(613f2e26|34098fce|f88d31f6|5e57c739|94868c89|bab4a63c|55d920b0|939a9414|e828b379)")|not)' "$f" |
        sort -u >"$T/in.jsonl"
    missing=$(comm -23 "$T/in.jsonl" "$T/out.jsonl" | wc -l)
    said=$(grep -c 'skipped: \(not kept\|a property stands twice\|its markings\)' "$T/err")
    is "$(basename "$f"): whatever is not there was said" "$((missing > said))" 0
done

member valid
"$bin" import --home "$T/valid" --tlp clear tests/data/stix/apt1.json "$jar" >/dev/null 2>&1
"$bin" export --home "$T/valid" --format stix -o "$T/valid.json" 2>/dev/null
case $(stix_valid "$T/valid.json" 2>&1 | tail -1) in
no*) skip "what others wrote and what we write is valid together" "python3 has no jsonschema" ;;
*' 0 errors') ok "what others wrote and what we write is valid together" ;;
*) not_ok "what others wrote and what we write is valid together" "$(stix_valid "$T/valid.json")" ;;
esac

# --- custom and unknown, byte for byte -----------------------------------------------------------

cat >"$T/odd.json" <<'J'
{"type":"bundle","id":"bundle--1","objects":[
{ "type" : "x-thing", "id":"x-thing--00000000-0000-4000-8000-000000000001" , "n": 1.50, "u":"\u00e9\/" },
{"type":"malware","spec_version":"2.1","id":"malware--00000000-0000-4000-8000-000000000002","created":"2018-01-01T00:00:00Z","modified":"2018-01-01T00:00:00Z","name":"Bad \u001b[31mThing","is_family":false},
{"type":"indicator","spec_version":"2.1","id":"indicator--00000000-0000-4000-8000-000000000003","created":"2018-01-01T00:00:00Z","modified":"2018-01-01T00:00:00Z","pattern":"[domain-name:value = 'evil.example']","pattern_type":"stix","valid_from":"2018-01-01T00:00:00Z","x_own":[1,2]},
{"type":"indicator","spec_version":"2.1","id":"indicator--00000000-0000-4000-8000-000000000004","created":"2018-01-01T00:00:00Z","modified":"2018-01-01T00:00:00Z","pattern":"[file:name = 'a'] FOLLOWEDBY [file:name = 'b'] WITHIN 5 SECONDS","pattern_type":"stix","valid_from":"2018-01-01T00:00:00Z"},
{"type":"relationship","spec_version":"2.1","id":"relationship--00000000-0000-4000-8000-000000000005","created":"2018-01-01T00:00:00Z","modified":"2018-01-01T00:00:00Z","relationship_type":"indicates","source_ref":"indicator--00000000-0000-4000-8000-000000000003","target_ref":"malware--00000000-0000-4000-8000-000000000002"},
{"type":"sighting","spec_version":"2.1","id":"sighting--00000000-0000-4000-8000-000000000006","created":"2018-01-01T00:00:00Z","modified":"2018-01-01T00:00:00Z","sighting_of_ref":"indicator--00000000-0000-4000-8000-000000000003","count":7,"object_marking_refs":["marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1"]}
]}
J
ends "import" 0 ent import --source cert --tlp green "$T/odd.json"
tells "says how many objects" '^  objects  6: 6 new, 0 in a newer version, 0 in an older one$' "$T/out"
tells "what cannot be matched alone is said" 'skipped: the pattern wants observations in an order|skipped: the pattern has a time window'
ends "export" 0 ent export --format stix
for line in 2 3 4 5 6 7; do
    want=$(sed -n "${line}s/^\(.*}\),\{0,1\}$/\1/p" "$T/odd.json")
    check "object $((line - 1)) as it came" grep -qF -- "$want" "$T/out"
done
tells "how many is said" '^entente: objects as they came: 6$'
ends "through a door" 0 ent export --format stix --tlp green --json
refute "RED stays" grep -q sighting-- "$T/out"
is "and is counted" "$(jq -c '[.objects,.objects_held_back]' "$T/err")" '[5,1]'
ends "who asks for names" 0 ent export --format stix --types domain
is "gets indicators alone" "$(jq -c '[.objects[].type]-["marking-definition"]' "$T/out")" '["identity","indicator"]'

# --- shown ---------------------------------------------------------------------------------------

ends "show" 0 ent show evil.example
tells "what the indicator indicates" 'relationship .*indicates malware Bad' "$T/out"
tells "that others saw it" 'sighting .*seen 7 times' "$T/out"
refute "nothing that a terminal obeys" grep -q $'\x1b' "$T/out"
ends "show as JSON" 0 ent show --json evil.example
is "the same, and the id that STIX gives the name" \
    "$(jq -c '[.stix_id,(.claims[0].told_of|length)]' "$T/out")" \
    '["domain-name--69228563-c8d2-54ae-aeca-5f4134cb59aa",2]'
ends "list objects" 0 ent objects
is "all of them" "$(wc -l <"$T/out")" 6
ends "of one type" 0 ent objects --type malware --json
is "raw" "$(jq -r '.object|fromjson|.name' "$T/out")" $'Bad \e[31mThing'
run ent objects --type mal
is "a type is a whole word" "$rc-$(wc -c <"$T/out")" 0-0
ends "one of them" 0 ent objects malware--00000000-0000-4000-8000-000000000002
tells "who speaks of it" 'relationship .*indicates' "$T/out"
refute "escaped" grep -q $'\x1b' "$T/out"
ends "none of them" 5 ent objects malware--7
ends "no id" 2 ent objects malware
ends "nonsense" 2 ent objects --tlp purple

# --- versions ------------------------------------------------------------------------------------

ind() { # SOURCE MODIFIED VALUE [MORE]
    printf '[{"type":"indicator","id":"indicator--v","modified":"%s","pattern":"[domain-name:value = '"'%s'"']","pattern_type":"stix","valid_from":"2018-01-01T00:00:00Z"%s}]' \
        "$2" "$3" "${4:-}" >"$T/v.json"
    run ent import --source "$1" "$T/v.json"
}
names() { "$bin" export --home "$T/a" --format list --types domain 2>/dev/null | sort | tr '\n' ' '; }
ind feed 2018-01-01T00:00:00Z one.example
is "a version" "$(names)" "evil.example one.example "
ind feed 2018-01-02T00:00:00.5Z two.example
tells "a newer one" '1 in a newer version' "$T/out"
is "takes its place" "$(names)" "evil.example two.example "
ind feed 2018-01-01T00:00:00Z one.example
is "an older one does not" "$rc-$(names)" "0-evil.example two.example "
ind feed 2018-01-02T00:00:00.500Z lie.example
tells "equivocation is told" 'v\.json:1: equivocation: this source said something else under the same version \(both are kept\): indicator--v$'
tells "as an alarm" '^  alarm    1 say two things under one id and version' "$T/out"
is "and both are taken" "$(names)" "evil.example lie.example two.example "
ind other 2018-01-02T00:00:00.5Z three.example
tells "two sources that differ" 'v\.json:1: disputed: another source said something else under the same version \(both are kept\): indicator--v$'
is "both count" "$(names)" "evil.example lie.example three.example two.example "
ind feed 2018-01-03T00:00:00Z x.example ',"created_by_ref":"identity--evil","revoked":true'
tells "nobody but its creator revokes" 'skipped: a new version by another than its creator: indicator--v$'
is "so it still counts" "$(names)" "evil.example lie.example three.example two.example "
ind feed 2018-01-03T00:00:00Z two.example ',"revoked":true'
is "its creator does" "$(names)" "evil.example three.example "
ind feed 2018-01-04T00:00:00Z two.example
is "for good" "$(names)" "evil.example three.example "
ends "all versions" 0 ent objects --json indicator--v
is "are kept, with what is in doubt" "$(jq -r '[.source,.doubt]|join(": ")' "$T/out" | sort | uniq -c | sed 's/^ *//')" \
    "3 feed: 
1 feed: after its revocation
1 feed: equivocation: not the first one
1 feed: not by its creator
1 other: another source gave another one"
ends "stats" 0 ent stats --json
is "count them" "$(jq -c '[.objects,.objects_in_doubt]' "$T/out")" '[13,4]'

# One object with a number that other programs cannot hold keeps nobody from the rest.
echo '[{"type":"tool","id":"tool--n","name":"Large","n":99999999999999999999,"e":1e999}]' >"$T/n.json"
ent import --source n "$T/n.json" >/dev/null
ends "a number of any size" 0 ent objects --type tool
tells "can be shown" 'n: Large$' "$T/out"
echo '[{"type":"tool","id":"tool--n","name":"Larger","n":99999999999999999999,"e":1e999}]' >"$T/n.json"
run ent import --source n "$T/n.json"
tells "and brought up to date" '1 in a newer version' "$T/out"

# --- a store from before objects had a gist -------------------------------------------------------

# older: as version 6 left it.
older() {
    python3 -c 'import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.executescript("DROP INDEX object_ungisted; ALTER TABLE object DROP COLUMN gist; PRAGMA user_version = 6")' \
        "$T/a/store.db"
}
# gist VERSION NAME
gist() {
    echo '[{"type":"indicator","id":"indicator--old","modified":"'"$1"'T00:00:00Z","pattern":"[domain-name:value = '"'$2'"']"}]'
}
ungisted() { sqlite3 "$T/a/store.db" 'SELECT count(*) FROM object WHERE gist IS NULL'; }
gist 2018-01-01 old.example >"$T/old.json"
ends "one that is kept" 0 ent import --source old "$T/old.json"
ends "before" 0 ent objects --json
cp "$T/out" "$T/before"
older
jq . "$T/old.json" >"$T/spaced.json"
ends "then written otherwise" 0 ent import --source old "$T/spaced.json"
tells "it says the same" 'objects  1: 0 new' "$T/out"
refute "and is no alarm" grep -q equivocation "$T/err"
older
gist 2018-01-02 new.example >"$T/new.json"
ends "then a newer version" 0 ent import --source old "$T/new.json"
ends "what is known" 0 ent export --format list
is "the old one says nothing any more" "$(grep -c '^\(old\|new\)\.example$' "$T/out") $(grep -c '^new\.example$' "$T/out")" "1 1"
older
start_node a
is "a node finds all of it read again" "$(ungisted)" 0
stop_node
ends "and all of it there" 0 ent objects --json
check "as it was" cmp -s <(grep -v indicator--old "$T/before") <(grep -v indicator--old "$T/out")

# --- observables that nobody calls hostile -------------------------------------------------------

echo '[{"type":"ipv4-addr","id":"ipv4-addr--1","value":"198.51.100.77"}]' >"$T/sco.json"
ends "an observable" 0 ent import "$T/sco.json"
refute "is no indicator" grep -q 198.51.100.77 <("$bin" export --home "$T/a" --format list 2>/dev/null)
ends "unless one says so" 0 ent import --unflagged "$T/sco.json"
check "then it is" grep -q 198.51.100.77 <("$bin" export --home "$T/a" --format list 2>/dev/null)

is "what refers to something finds it" "$(sqlite3 "$T/a/store.db" 'PRAGMA foreign_key_check')" ""

done_testing
