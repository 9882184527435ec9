#!/usr/bin/env bash
# test_edit.sh: the labels of claims, and what a member says itself.
# shellcheck source=tests/e2e/lib.sh disable=SC2015
. tests/e2e/lib.sh

member a --display 'CERT A'
ent() { local c=$1; shift; "$bin" "$c" --home "$T/a" "$@"; }
cat >"$T/feed.json" <<'J'
{"type":"bundle","id":"bundle--1","objects":[
{"type":"indicator","spec_version":"2.1","id":"indicator--1","pattern_type":"stix","confidence":85,
"pattern":"[domain-name:value='evil.example' OR ipv4-addr:value='198.51.100.7']",
"valid_from":"2018-08-20T00:00:00Z","indicator_types":["c2","more"],"description":"as it says",
"labels":["apt28","a,b|c","look\u001b[31m","none"],
"kill_chain_phases":[{"kill_chain_name":"mitre","phase_name":"c2"}],
"object_marking_refs":["marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487"]},
{"type":"indicator","spec_version":"2.1","id":"indicator--2","pattern_type":"stix","labels":["tlp:red","quiet"],
"pattern":"[domain-name:value='quiet.example']","valid_from":"2018-08-20T00:00:00Z"}]}
J
ent import --source feed --tlp clear "$T/feed.json" >/dev/null
echo evil.example | ent import --source other --tlp clear --confidence 10 - >/dev/null

# --- labels --------------------------------------------------------------------------------------

ends "show" 0 ent show evil.example
is "has the labels, a line each" "$(sed -n '/labels/,/id /p' "$T/out" | sed 's/^ *//' | tr '\n' ';')" \
    'labels    a,b|c;apt28;look [31m;mitre:c2;more;none;id        indicator--1;'
is "and in JSON" "$(ent show --json evil.example | jq -c '[.claims[].labels]')" \
    '[["a,b|c","apt28","look [31m","mitre:c2","more","none"],null]'
is "so has find" "$(ent find --json evil.example | jq -c .labels)" '["a,b|c","apt28","look [31m","mitre:c2","more","none"]'
is "and list" "$(ent list --json --source feed | jq -c '[.value,.labels[1]]' | tr '\n' ' ')" \
    '["quiet.example",null] ["198.51.100.7","apt28"] ["evil.example","apt28"] '
tells "for people too" 'feed: c2 \[a,b\|c, apt28, look \[31m, mitre:c2, more, none\]$' <(ent list --limit 3)
is "a marking among the labels is one" "$(ent show --json quiet.example | jq -c '.claims[0]|[.tlp,.labels]')" '["TLP:RED",["quiet"]]'

listed() { ent list --json "$@" | jq -r '.value + "/" + .source' | tr '\n' ' '; }
ent tag add evil.example seen-here >/dev/null
is "list by label" "$(listed --tag apt28)" "198.51.100.7/feed evil.example/feed "
is "list by tag of one's own" "$(listed --tag seen-here)" "evil.example/other evil.example/feed "
is "whole labels only, and case counts" "$(listed --tag apt2)$(listed --tag APT28)" ""
exported() { ent export --format list "$@" 2>/dev/null | tr '\n' ' '; }
is "export by label" "$(exported --tag apt28)" "evil.example 198.51.100.7 "
is "and by tag" "$(exported --tag seen-here)" "evil.example "
is "through a door" "$(exported --tag quiet --tlp green)|$(exported --tag quiet)" "|quiet.example "
is "nothing has it" "$(exported --tag nobody)" ""

of() { "$bin" export --home "$T/$1" --format csv 2>/dev/null | cut -d, -f 1-4 | sort
    "$bin" list --home "$T/$1" --json --source feed | jq -cS '[.value,.tlp,.confidence,.labels]' | sort; }
want=$(of a)
for f in csv stix misp; do
    ent export --source feed --format $f -o "$T/x.$f" 2>/dev/null
    member "b$f"
    "$bin" import --home "$T/b$f" --source feed "$T/x.$f" >/dev/null
    is "$f keeps them" "$(of "b$f")" "$want"
    "$bin" export --home "$T/b$f" --format $f -o "$T/y.$f" 2>/dev/null
    member "c$f"
    "$bin" import --home "$T/c$f" --source feed "$T/y.$f" >/dev/null
    is "$f keeps them again" "$(of "c$f")" "$want"
done
check "MISP has them as tags" jq -e '[.Event.Attribute[0].Tag[].name] == ["tlp:clear","osint:certainty=\"85\"",
    "a,b|c","apt28","look [31m","mitre:c2","more","none"]' "$T/x.misp"

# --- edit ----------------------------------------------------------------------------------------

ends "edit" 0 ent edit 'EVIL[.]example' --confidence 20 --text 'shared hosting'
is "says what is different" "$(cat "$T/out")" \
    'evil[.]example (domain)
  source     feed -> @own
  confidence 85 -> 20
  text       as it says -> shared hosting'
is "it speaks for all" "$(ent find --json evil.example | jq -c '[.source,.confidence,.claims]')" '["@own",20,3]'
is "nobody's claim was changed" "$(ent show --json evil.example | jq -c '[.claims[]|[.source,.confidence,.text]]')" \
    '[["@own",20,"shared hosting"],["feed",85,"as it says"],["other",10,null]]'
echo 'GET http://evil.example/x' >"$T/log"
is "a hit tells it" "$(ent watch --json --no-sightings "$T/log" 2>/dev/null | jq -c '[.source,.confidence]')" '["@own",20]'
is "the image was made at once" "$(ent image show --json | jq .current)" true
is "an export has the member's name" "$(ent export --format csv 2>/dev/null | sed -n 's/^evil.example,domain,TLP:CLEAR,\(.*\),2018.*,,c2,\(.*\),\(.*\),20.*,20.*,.*/\1 \2 \3/p')" \
    "20 shared hosting CERT A"
ends "edit once more" 0 ent edit --json evil.example --label new --label 'b,c' --valid-until 2100-01-01 --kind ''
is "keeps the rest" "$(jq -c '[.before.confidence,.after.confidence,.after.labels,.after.valid_until,.before.kind,.after.kind,.after.text]' "$T/out")" \
    '[20,20,["b,c","new"],"2100-01-01T00:00:00Z","c2",null,"shared hosting"]'
ends "the same again" 0 ent edit evil.example --kind ''
is "is told" "$(cat "$T/out")" $'evil[.]example (domain)\n  as before'
ends "nothing said any more" 0 ent edit evil.example --confidence - --valid-from - --valid-until - --label '' --text ''
is "takes the words off" "$(ent show --json evil.example | jq -c '.claims[0]|keys')" \
    '["first_import","last_import","source","state","tlp"]'
ends "undo" 0 ent edit --undo evil.example
tells "tells who speaks now" '^  source     @own -> feed$' "$T/out"
is "as before" "$(ent find --json evil.example | jq -c '[.source,.confidence,.claims]')" '["feed",85,2]'
ends "there is nothing more to undo" 5 ent edit --undo evil.example
told "is told" "entente: evil[.]example: you said nothing about it yourself"

ends "several, from standard input too" 0 sh -c "printf '# c\n198[.]51[.]100[.]7\n\n' | '$bin' edit --home '$T/a' --confidence 1 quiet.example -"
is "both" "$(grep -c 'confidence .* -> 1$' "$T/out")" 2
ends "of several all or none" 5 ent edit --confidence 2 quiet.example nobody.example
told "is told" "entente: nobody[.]example: nobody said anything about it"
is "nothing of it was told or done" "$(cat "$T/out")$(ent show --json quiet.example | jq -c '.claims[0].confidence')" 1
ends "what is no list" 3 sh -c "printf 'quiet.example\nnot one\n' | '$bin' edit --home '$T/a' --confidence 2 -"
tells "is refused with its line" '^entente: standard input:2: '
is "and nothing done" "$(ent show --json quiet.example | jq -c '.claims[0].confidence')" 1
ends "a marking that ends nothing" 0 ent edit --undo quiet.example 198.51.100.7

# --- doors ---------------------------------------------------------------------------------------

ent release feed --by tester --reason 'names for tests are not of the public Internet' >/dev/null
is "openly said" "$(exported --tlp clear)" "evil.example 198.51.100.7 "
ends "marked here" 0 ent edit evil.example --tlp amber
for f in list csv zeek hosts rpz stix misp; do
    ent export --format $f --tlp green -o "$T/out.$f" 2>"$T/err"
    grep -q evil.example "$T/out.$f" && break
    f=all
done
is "it leaves by no narrower door" "$f" all
told "and is counted" "entente: misp: 1 ipv4
entente: narrower than TLP:GREEN, held back: 2"
is "whoever is asked" "$(exported --tlp green --source other)$(exported --tlp green --source feed)$(exported --tlp green --tag seen-here)" "198.51.100.7 "
is "but by a wider one" "$(exported --tlp amber)" "evil.example 198.51.100.7 "
ends "a marking does not expire" 0 ent edit evil.example --valid-until 2018-09-01
is "with its claim" "$(exported --tlp green)|$(exported)" "198.51.100.7 |evil.example 198.51.100.7 quiet.example "
ent revoke --source @own evil.example
is "nor is it revoked" "$(exported --tlp green)" "198.51.100.7 "
ends "it is taken back" 0 ent edit --undo evil.example
is "whole" "$(exported --tlp green)$(ent show --json evil.example | jq -c '[.claims[].state]')" 'evil.example 198.51.100.7 ["valid","valid"]'
ends "wider than anybody says" 0 ent edit quiet.example --tlp green
is "is one's own word, without theirs" "$(ent export --format csv --tlp green 2>/dev/null | grep ^quiet | cut -d, -f 1-9)" \
    "quiet.example,domain,TLP:GREEN,,,,,,CERT A"

pair x y || echo "# no pair"
echo 'GET / 109.163.234.2 109.74.151.149' >"$T/both"
"$bin" watch --home "$T/x" --observe-file "$T/seen" "$T/both" >/dev/null 2>&1
hits() { "$bin" match --home "$T/x" --json y | jq -c '[.hits[]|[.observable,.description]]'; }
"$bin" edit --home "$T/y" --text 'seen by us' 109.74.151.149 >/dev/null
is "a partner is told what we say" "$(hits | jq -c '[.[][0]],.[1][1]')" '["109.163.234.2","109.74.151.149"]
"seen by us"'
"$bin" edit --home "$T/y" --tlp amber 109.163.234.2 >/dev/null
is "and not what we hold back" "$(hits)" '[["109.74.151.149","seen by us"]]'

# --- nobody speaks as us -------------------------------------------------------------------------

echo evil.example >"$T/@own"
ends "a file that is called so" 4 ent import "$T/@own"
told "is refused" "entente: @own: this source is you (see \`entente edit\`); no file may be called so"
ends "so is a source" 4 ent import --source @own "$T/feed.json"
ends "also in a dry run" 4 ent import --dry-run --source @own "$T/feed.json"
mkdir -p "$T/d/@own" && echo '{}' >"$T/d/@own/manifest.json"
ends "and a feed" 4 ent import "$T/d/@own"
ends "by another name" 0 ent import --source mine "$T/@own"

# --- wrong options -------------------------------------------------------------------------------

long=$(head -c 513 /dev/zero | tr '\0' x)
many=$(for i in 0 1 2 3 4 5 6 7 8 9 a b c d e f g h; do printf -- '--label %s ' $i; done)
for bad in "evil.example" "--tlp green" "--tlp x evil.example" "--confidence 101 evil.example" \
    "--confidence -1 evil.example" "--valid-from soon evil.example" "--valid-until 1969-01-01 evil.example" \
    "--undo --tlp green evil.example" "--text $long evil.example" "--kind $long evil.example" \
    "--label $long evil.example" "--label tlp:red evil.example" "--label a --label= evil.example" \
    "$many evil.example" "--tlp green no/thing here" "--confidence 1 - -"; do
    # shellcheck disable=SC2086
    run ent edit $bad
    [ "$rc" = 2 ] && [ ! -s "$T/out" ] || break
    bad=all
done
is "are refused" "$bad" all
ends "words that a terminal would obey" 3 ent edit evil.example --text $'\e[31m'
told "are refused" "entente: evil[.]example: a kind, a text and a label are visible UTF-8 without blanks at the ends"
ends "also as a label" 3 ent edit evil.example --label $'a\xe2\x80\xaeb'
ends "nothing on standard input" 3 ent edit --confidence 1 -

is "what refers to something finds it" "$(sqlite3 "$T/a/store.db" 'PRAGMA foreign_key_check')" ""

done_testing
