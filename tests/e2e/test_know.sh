#!/usr/bin/env bash
# test_know.sh: keeping what is known in order: show, find, list, decide, tag, lint.
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh

member a
ent() { local c=$1; shift; "$bin" "$c" --home "$T/a" "$@"; }
ent import "$jar" >/dev/null
printf '5.149.248.0/22\nevil.example\n' >"$T/nets.txt"
ent import --source nets --tlp green --confidence 80 "$T/nets.txt" >/dev/null
cat >"$T/two.json" <<'J'
[{"type":"indicator","id":"indicator--1","pattern":"[domain-name:value='www.evil.example']",
"pattern_type":"stix","confidence":85,"valid_from":"2018-08-20T00:00:00Z","indicator_types":["c2\u001b[31m"],
"valid_until":"2018-11-18T00:00:00Z","description":"look \u202e here"},
{"type":"indicator","id":"indicator--2","revoked":true},
{"type":"indicator","id":"indicator--2","pattern":"[domain-name:value='www.evil.example']",
"pattern_type":"stix","valid_from":"2018-08-20T00:00:00Z"}]
J
ent import --source cert --tlp clear "$T/two.json" >/dev/null 2>&1

# --- show ----------------------------------------------------------------------------------------

ends "show an address" 0 ent show "$(sed -n 's/^\([0-9.]*\),IPV4ADDR.*/\1/p' "$jar" | head -1)"
tells "defanged" '^([0-9]+\[\.\]){3}[0-9]+ \(ipv4\)$' "$T/out"
tells "with its source and marking" 'claim +JAR-16-20296A.csv: TLP:CLEAR, confidence -, valid$' "$T/out"
ends "show a name" 0 ent show "WWW[.]evil[.]example"
tells "that has expired" 'claim +cert: TLP:CLEAR, confidence 85, expired$' "$T/out"
tells "and what its source took back" ' cert: TLP:CLEAR, confidence -, withdrawn by its source$' "$T/out"
tells "with the times its author wrote" 'from 2018-08-20T00:00:00Z until 2018-11-18T00:00:00Z$' "$T/out"
tells "the name above it" 'within +evil\[\.\]example \(nets\)$' "$T/out"
refute "nothing that a terminal obeys" grep -q $'\x1b\|\u202e' "$T/out"
ends "show as JSON" 0 ent show --json 'www[.]evil[.]example'
is "values are raw, both claims there" \
    "$(jq -c '[.value,.type,.known,[.claims[]|[.source,.id,.state,.confidence]],[.within[].value]]' "$T/out")" \
    '["www.evil.example","domain",true,[["cert","indicator--1","expired",85],["cert","indicator--2","withdrawn by its source",null]],["evil.example"]]'
ends "show what nobody claims" 5 ent show 5.149.249.172:99 hxxp://evil[.]example/
tells "is told" '^entente: 5\[\.\]149\[\.\]249\[\.\]172:99: nobody said anything about it$'
tells "but also the network around it" ' +5\[\.\]149\[\.\]248\[\.\]0/22 \(nets\)$' "$T/out"
tells "and the host in it" 'within +evil\[\.\]example \(nets\)$' "$T/out"
ends "show nonsense" 2 ent show 'not an observable'
ends "show nothing" 2 ent show
ent warnings add tests/data/misp-warninglists/googlebot >/dev/null
echo '66.249.64.5 is here' >"$T/log"
echo 66.249.64.5 | ent import --source g - >/dev/null
run ent watch "$T/log"
ends "show what was seen and is on a warning list" 0 ent show --json 66.249.64.5
is "tells both" "$(jq -c '[(.warnings|length),[.sightings[]|[.count,.line]]]' "$T/out")" '[1,[[1,1]]]'

done_testing
