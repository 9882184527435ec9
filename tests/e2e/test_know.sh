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
tells "that has expired" 'claim +cert: TLP:CLEAR, confidence 85 \(0\), expired$' "$T/out"
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

# --- decay ---------------------------------------------------------------------------------------

day() { date -u -d "-$1 days" +%Y-%m-%dT%H:%M:%SZ; }
indicator() { # FILE PATTERN DAYS
    printf '{"type":"indicator","id":"indicator--9","pattern":"[%s]","pattern_type":"stix",
        "confidence":100,"valid_from":"%s"}' "$2" "$(day "$3")" >"$T/$1"
}
member d
indicator ip.json "ipv4-addr:value='9.9.9.9'" 30
indicator hash.json "file:hashes.MD5='d41d8cd98f00b204e9800998ecf8427e'" 3000
"$bin" import --home "$T/d" "$T/ip.json" "$T/hash.json" >/dev/null
scores() { "$bin" list --home "$T/d" --json | jq -c '[.type,.confidence,.score]' | tr '\n' ' '; }
# 100 (1 - 0.5^(1/2.3)) = 26.02
is "half the lifetime at speed 2.3" "$(scores)" '["md5",100,100] ["ipv4",100,26] '
configure d 'ip_speed = 1' 'hash_lifetime = 3650d'
is "settings change it, the author's word stays" "$(scores)" '["md5",100,18] ["ipv4",100,50] '
is "shown beside it" "$("$bin" list --home "$T/d" | grep -o '100 ([0-9]*)' | tr '\n' ' ')" "100 (18) 100 (50) "
configure d 'ip_speed = 1.234'
ends "a speed has two decimals at most" 3 "$bin" list --home "$T/d"

# --- find ----------------------------------------------------------------------------------------

found() { ent find --json "$@" | jq -r .value | tr '\n' ' '; }
is "find exactly, defanged" "$(found 'EVIL[.]example')" "evil.example "
is "find in a network" "$(found 5.149.249.0/24)" "5.149.249.172 "
is "the network is in itself" "$(found 5.149.248.0/22)" "5.149.248.0/22 5.149.249.172 "
is "find below a name" "$(found '*.evil.example')" "evil.example www.evil.example "
is "find by beginning" "$(found 'EV*')" "evil.example "
is "of some types" "$(found --types url 'hxxp://e*')" "http://efax.pfdregistry.net/eFax/37486.ZIP "
is "a dot at the end counts" "$(found 'evil[.]*') $(found 'evi.*')" "evil.example  "
ends "more than the limit" 0 ent find --limit 3 --types ip 0.0.0.0/0
is "are not told" "$(wc -l <"$T/out")" 3
told "but said" "entente: 0.0.0.0/0: the first 3; --limit 0 finds all"
is "all of them" "$(ent find --limit 0 --json --types ip 0.0.0.0/0 | wc -l)" 877
ends "find for people" 0 ent find www.evil.example 9.9.9.9
is "says what is not valid and what is not there" "$(cat "$T/out")" \
    'domain    www[.]evil[.]example                         85  TLP:CLEAR        cert: c2 [31m (not valid now)
9.9.9.9: nothing known'
for bad in '*' 'a*b*' '*evil' '*.10.0.0.1' 'not an observable' ''; do
    run ent find "$bad"
    [ "$rc" = 2 ] || break
done
is "what cannot be asked is refused" "$rc $bad" "2 "
ends "no limit but a number" 2 ent find --limit -1 x.org

# --- list, stats ---------------------------------------------------------------------------------

listed() { ent list --json "$@" | jq -r .value | tr '\n' ' '; }
is "list: the newest first" "$(listed --limit 3)" "66.249.64.5 www.evil.example www.evil.example "
is "list: by source" "$(listed --source nets)" "evil.example 5.149.248.0/22 "
is "list: by type and confidence" "$(listed --types domain --min-confidence 80)" \
    "www.evil.example evil.example "
is "list: by marking" "$(ent list --json --tlp green | jq -r .tlp | sort -u | tr '\n' ' ')" \
    "TLP:CLEAR TLP:GREEN "
is "list: since" "$(listed --since 2100-01-01)" ""
is "list: everything" "$(ent list | wc -l)" 920
ends "list for people" 0 ent list --source cert --limit 1
tells "defanged, with what became of it" \
    '^20.* domain +www\[\.\]evil\[\.\]example +- +TLP:CLEAR +withdrawn by its source cert' "$T/out"
for bad in "--types x" "--tlp x" "--min-confidence 0" "--min-confidence 101" "--since x" "--limit 0" x; do
    # shellcheck disable=SC2086 # two words
    run ent list $bad
    [ "$rc" = 2 ] || break
done
is "list refuses what it does not understand" "$rc $bad" "2 x"
ends "stats" 0 ent stats --json
is "by type and source" \
    "$(jq -c '[.types.ipv4,.types.domain,.claims,.sighted,.sightings,[.sources[]|[.source,.claims,.tlp,.expired,.withdrawn]]]' "$T/out")" \
    '[877,12,920,1,1,[["JAR-16-20296A.csv",915,{"TLP:CLEAR":915},0,0],["cert",2,{"TLP:CLEAR":2},1,1],["g",1,{"TLP:AMBER":1},0,0],["nets",2,{"TLP:GREEN":2},0,0]]]'
ends "stats for people" 0 ent stats
tells "say what is known" '^known +877 ipv4, 1 net4, 12 domain, 1 url, ' "$T/out"
tells "and by whom" ' +2 +0 +2 +0 +0 +0 +0 +0 +0 +20[0-9-]+ 20[0-9-]+ nets$' "$T/out"
ends "stats take no arguments" 2 ent stats x
member empty
is "an empty store has nothing" "$("$bin" stats --home "$T/empty" --json | jq -c '[.types,.claims,.sources]')" '[{},0,[]]'

# --- expire, revoke, tag -------------------------------------------------------------------------

echo 'GET http://evil.example/x' >"$T/evil.log"
hits() { "$bin" watch --home "$T/$1" --json --no-sightings "$T/evil.log" 2>/dev/null | wc -l; }
states() { ent show --json evil.example | jq -c '[.claims[].state]|sort'; }
echo evil.example | ent import --source other - >/dev/null
is "a name is found" "$(hits a)" 1
ends "expire what one source says" 0 ent expire --source nets 'evil[.]example'
is "the other still counts" "$(states) $(hits a)" '["expired here","valid"] 1'
ends "expire what all say" 0 ent expire --at 2100-01-01 evil.example
is "later" "$(states) $(hits a)" '["valid","valid"] 1'
is "and it is shown when" "$(ent show --json evil.example | jq -c '.claims[0].expired_here')" '"2100-01-01T00:00:00Z"'
ends "expire now" 0 ent expire evil.example
is "nothing is found" "$(states) $(hits a)" '["expired here","expired here"] 0'
is "the image was made at once" "$(ent image show --json | jq .current)" true
ent import --source nets --tlp green --confidence 80 "$T/nets.txt" >/dev/null
is "also when a source says it again" "$(states) $(hits a)" '["expired here","expired here"] 0'
tells "show for people says so" 'expires +20.*, decided here$' <(ent show evil.example)
echo evil.example | ent import --source third - >/dev/null
is "a new source counts" "$(states) $(hits a)" '["expired here","expired here","valid"] 1'
ends "revoke" 0 ent revoke --source third evil.example
is "it never counted" "$(states) $(hits a)" '["expired here","expired here","revoked"] 0'
ends "undo all" 0 ent expire --undo evil.example
is "as before" "$(states) $(hits a)" '["valid","valid","valid"] 1'
ends "nothing is left to undo" 5 ent revoke --source third --undo evil.example
told "is told" "entente: evil.example: nothing was decided about it here"
ends "of several all or none" 5 ent expire evil.example 198.51.100.77
told "is told" "entente: 198.51.100.77: nobody said anything about it"
is "nothing was decided" "$(states)" '["valid","valid","valid"]'
ends "a source that says nothing" 5 ent revoke --source nobody evil.example
told "is told" "entente: evil.example: that source says nothing about it"
ends "revoke wants a source" 2 ent revoke evil.example
ends "a source has a name" 2 ent expire --source '' evil.example
ends "no such time" 2 ent expire --at soon evil.example
ends "what the author wrote is there still" 0 ent expire --source cert www.evil.example
is "unchanged" "$(ent show --json www.evil.example | jq -c '.claims[0]|[.valid_until,.state]')" \
    '["2018-11-18T00:00:00Z","expired here"]'

ends "tag" 0 ent tag add 'evil[.]example' apt29 'misp-galaxy:threat-actor="Sofacy"'
is "is shown" "$(ent show --json evil.example | jq -c .tags)" '["apt29","misp-galaxy:threat-actor=\"Sofacy\""]'
is "and listed" "$(listed --tag apt29)" "evil.example evil.example evil.example "
is "and counted" "$(ent stats --json | jq .tagged)" 1
ends "tag remove" 0 ent tag remove evil.example apt29
is "takes one off" "$(ent show --json evil.example | jq -c '.tags|length') $(listed --tag apt29)" "1 "
ends "one that is not there" 5 ent tag remove evil.example apt29
told "is told" "entente: apt29: it has no such tag"
ends "a tag that obeys nothing" 3 ent tag add evil.example good $'\e[31m'
is "takes none of them" "$(ent show --json evil.example | jq -c '.tags|length')" 1
ends "what is not known has no tags" 5 ent tag add 198.51.100.77 x
ends "tag says what to do" 2 ent tag evil.example x

# --- lint ----------------------------------------------------------------------------------------

member l
l() { local c=$1; shift; "$bin" "$c" --home "$T/l" "$@"; }
ends "import says what is odd" 0 l import "$jar"
tells "no dates" '^ +915 do not say when it was observed$' "$T/out"
tells "one sentence for most" '^ +629 have the same text: It is recommended that network admin' "$T/out"
ends "so does lint" 1 l lint
is "the same" "$(tail -n +2 "$T/out" | sed 's/^ *//')" "$(l import "$jar" | sed '1,/before you act/d; s/^ *//')"
cat >"$T/odd.json" <<J
[{"type":"indicator","id":"indicator--1","pattern":"[domain-name:value='github.io' OR ipv4-addr:value='10.1.2.3' OR domain-name:value='x.example']",
"pattern_type":"stix","confidence":85,"valid_from":"2018-08-20T00:00:00Z","valid_until":"2018-11-18T00:00:00Z"},
{"type":"indicator","id":"indicator--2","pattern":"[ipv4-addr:value ISSUBSET '20.0.0.0/15' OR ipv4-addr:value ISSUBSET '21.0.0.0/16']",
"pattern_type":"stix","confidence":85,"valid_from":"$(day 1)"}]
J
l warnings add tests/data/misp-warninglists/googlebot tests/data/misp-warninglists/dax30 >/dev/null
ends "import a list of another kind" 0 l import --json --source odd "$T/odd.json"
is "counts what is odd about it" "$(jq -c '.lint|del(.warning_lists)' "$T/out")" \
    '{"claims":5,"undated":0,"no_confidence":0,"same_text":0,"warned":0,"wide_networks":1,"not_public":2,"public_suffixes":1,"expired_on_arrival":3,"said_elsewhere":0}'
ends "lint counts the same" 1 l lint --json --source odd
is "of that source" "$(jq -c '[.claims,.wide_networks,.not_public,.public_suffixes,.expired_on_arrival,.said_elsewhere]' "$T/out")" '[5,1,2,1,3,0]'
printf '66.249.64.5\nhttp://www.bmw.de/x\nsub.bmw.de\n' | l import --source warned --confidence 5 - >/dev/null
echo 66.249.64.5 | l import --source more - >/dev/null
ends "lint knows warning lists" 1 l lint --json --source warned
is "by name, and other sources" "$(jq -c '[.warned,[.warning_lists[].claims],.said_elsewhere]' "$T/out")" '[2,[1,1],1]'
indicator fine.json "ipv4-addr:value='9.9.9.9'" 1
l import --source fine "$T/fine.json" >/dev/null
ends "a list that is fine" 0 l lint --source fine
is "is said to be" "$(cat "$T/out")" "1 claims, and nothing odd about them"
ends "a source that says nothing" 5 l lint --source nobody
told "is told" "entente: nobody: says nothing; \`entente stats\` lists sources"
ends "lint takes no arguments" 2 l lint x

ends "a decision for scripts" 0 ent expire --json --source nets evil.example
is "tells how it stands" "$(jq -c '[.value,(.claims|map(select(.source=="nets").state))]' "$T/out")" '["evil.example",["expired here"]]'
ends "taken back" 0 ent expire --json --undo --source nets evil.example
is "as before" "$(jq -c '.claims|map(select(.source=="nets").state)' "$T/out")" '["valid"]'
ends "a tag for scripts" 0 ent tag --json add evil.example one two
is "tells all tags" "$(jq -c '.tags|contains(["one","two"])' "$T/out")" true
is "what refers to something finds it" "$(sqlite3 "$T/a/store.db" 'PRAGMA foreign_key_check')" ""

done_testing
