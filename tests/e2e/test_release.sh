#!/usr/bin/env bash
# test_release.sh: a list that is too odd goes to nobody until a person releases it by name and
# reason: at import, export, in a match, and after changes of what it says.
# shellcheck source=tests/e2e/lib.sh disable=SC2015,SC2016,SC2317
. tests/e2e/lib.sh

list=${jar##*/}
member a
ent() { local c=$1; shift; "$bin" "$c" --home "$T/a" "$@"; }
# states: "name:state" of each source
states() { ent release --list --json | jq -r '.sources[]|"\(.source):\(.state)"' | tr '\n' ' '; }
# passing: how many observables pass a door for GREEN
passing() { ent export --format list --tlp green --json 2>&1 >/dev/null | jq '[.written[]]|add // 0' 2>/dev/null || echo refused; }

# --- import says so ------------------------------------------------------------------------------

ends "import of GRIZZLY STEPPE" 0 ent import "$jar"
tells "says that it is held, and for what" "^  $list is held: 629 of 915 have the same text\$" "$T/out"
tells "what that means" '^  what is held goes neither to partners nor through `export --tlp`, until$' "$T/out"
tells "and the way out" '^  `entente release SOURCE --by NAME --reason TEXT` lets it$' "$T/out"
ends "the same as JSON" 0 ent import --json "$jar"
is "is told to scripts" "$(jq -c .held "$T/out")" \
    "[{\"source\":\"$list\",\"state\":\"held\",\"claims\":915,\"findings\":[{\"finding\":\"same_text\",\"claims\":629}]}]"
ends "lint" 1 ent lint --source "$list"
tells "says it, too" "^$list is held: 629 of 915 have the same text\$" "$T/out"
is "and to scripts" "$(ent lint --json | jq -c '[.held[].source]')" "[\"$list\"]"
printf '9.9.9.9\n10.0.0.1\nevil.com\n' >"$T/own.txt"
ends "a small list with one odd row" 0 ent import --source own --tlp green --confidence 80 "$T/own.txt"
refute "is not held" grep -q held "$T/out"
ends "a wide network" 0 sh -c "echo 20.0.0.0/8 | '$bin' import --home '$T/a' --source wide --tlp green -"
tells "is one too many" '^  wide is held: 1 of 1 are networks wider than /16, in IPv6 /32$' "$T/out"
ends "a dry run" 0 sh -c "echo 21.0.0.0/8 | '$bin' import --home '$T/a' --source dry --dry-run -"
is "judges nothing" "$(states)" "$list:held own:free wide:held "

# --- export --------------------------------------------------------------------------------------

ends "through a door" 0 ent export --format list --tlp green
is "goes what is not held" "$(cat "$T/out")" "$(cat "$T/own.txt")"
is "and why the rest does not is said" "$(tail -n 3 "$T/err")" \
    "entente: held, because nobody has released their sources: 916
entente: $list is held: 629 of 915 have the same text
entente: wide is held: 1 of 1 are networks wider than /16, in IPv6 /32"
ends "with sums" 0 ent export --format list --tlp green --json
is "as JSON" "$(jq -c '[.held_back,.unreleased,[.held[].source]]' "$T/err")" "[0,916,[\"$list\",\"wide\"]]"
formats=$("$bin" export --help | sed -n 's/^  --format FORMAT *//p; /^  --format FORMAT *$/{n;s/^ *//p}' | tr -d ,)
is "there are formats" "$(wc -w <<<"$formats")" 12
for f in $formats; do
    rm -rf "$T/x"
    ent export --format "$f" --tlp red -o "$T/x" 2>/dev/null || break
    grep -rqiE '8f154d23ac2071d7|109\.163\.234\.2|private\.directinvesting|20\.0\.0\.0' "$T/x" && break
    f=none
done
is "in no format, through no door, anything of it goes" "$f" none
ends "one's own tools get everything" 0 ent export --format list
is "all of it" "$(wc -l <"$T/out")" 919
refute "without a word about it" grep -q held "$T/err"
echo before >"$T/kept"
ends "where nothing else is left" 4 ent export --format stix --tlp green --source "$list" -o "$T/kept"
told "it is refused, with the source and the way out" \
    "entente: $list is held: 629 of 915 have the same text
entente: $T/kept: nothing may go there: the sources are held; \`entente release SOURCE --by NAME --reason TEXT\` lets one pass"
is "and nothing is written" "$(cat "$T/kept") $(leftovers "$T" | grep kept)" "before "
ends "nor on standard output" 4 ent export --format stix --tlp green --source "$list"
is "not even an empty bundle" "$(wc -c <"$T/out")" 0
ends "nothing at all is something else" 0 ent export --format stix --tlp green --source nobody
is "and an empty bundle" "$(jq -r .type "$T/out")" bundle
address=$(sed -n 's/^\([0-9.]*\),IPV4ADDR.*/\1/p' "$jar" | head -1)
echo "$address" | ent import --source other --tlp green - >/dev/null
ends "what another source says" 0 ent export --format csv --tlp green --types ip
is "goes with what that one says" "$(grep "^$address," "$T/out" | cut -d, -f 3,9)" TLP:GREEN,other

# --- objects of STIX -----------------------------------------------------------------------------

member o
ent_o() { local c=$1; shift; "$bin" "$c" --home "$T/o" "$@"; }
red='"object_marking_refs":["marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1"],'
# wide N NETWORK [PROPERTIES]: an indicator; report N WORD; bundle SOURCE OBJECTS: what it gives
wide() { printf '{"type":"indicator","id":"indicator--%s","pattern":"[ipv4-addr:value = '"'%s'"']",%s"pattern_type":"stix"}' "$1" "$2" "${3:-}"; }
report() { printf '{"type":"report","id":"report--%s","name":"by %s"}' "$1" "$2"; }
bundle() { printf '{"type":"bundle","objects":[%s]}' "$2" | ent_o import --source "$1" --tlp green - >"$T/out" 2>&1; }
# going: the reports and indicators that pass a door for GREEN
going() { ent_o export --format stix --tlp green "$@" 2>"$T/err" | jq -r '.objects[]|select(.type|test("report|indicator"))|.name // .id' | sort | tr '\n' ' '; }
bundle odd "$(wide 1 50.0.0.0/8 "$red"),$(report 1 odd),$(report 2 odd)"
tells "a list with a wide network is held" '^  odd is held: 1 of 1 are networks wider' "$T/out"
ends "where objects are all that would be left" 4 ent_o export --format stix --tlp green -o "$T/kept"
told "it is refused, too" "entente: odd is held: 1 of 1 are networks wider than /16, in IPv6 /32
entente: $T/kept: nothing may go there: the sources are held; \`entente release SOURCE --by NAME --reason TEXT\` lets one pass"
is "and nothing is written" "$(cat "$T/kept")" before
bundle reports "$(report 2 reports),$(report 3 reports)"
refute "who gives objects alone is not held" grep -q held "$T/out"
is "but free" "$(ent_o release --list --json | jq -r '.sources[]|"\(.source):\(.state)"' | tr '\n' ' ')" "odd:held reports:free "
is "what another source gave goes in its words" "$(going)" "by reports by reports "
is "and what is held is said apart" "$(cat "$T/err")" "entente: stix: nothing
entente: objects as they came: 2
entente: narrower than TLP:GREEN, held back: 1
entente: objects held for the same reason: 2
entente: odd is held: 1 of 1 are networks wider than /16, in IPv6 /32"
ends "with sums" 0 ent_o export --format stix --tlp green --json
is "as JSON" "$(jq -c '[.objects,.objects_held_back,.objects_unreleased,.held_back,.unreleased,[.held[].source]]' "$T/err")" '[2,0,2,1,0,["odd"]]'
bundle odder "$(wide 2 60.0.0.0/8)"
is "indicators of a held source do not go as they came" "$(going --json)" "by reports by reports "
is "and count as claims" "$(jq -c '[.unreleased,.objects_unreleased,[.held[].source]]' "$T/err")" '[1,2,["odd","odder"]]'
ent_o release odder --by a --reason b >/dev/null
is "until they are released" "$(going)" "by reports by reports indicator--2 "
ent_o release odd --by a --reason b >/dev/null
is "objects of the other one as well" "$(going)" "by odd by odd by reports indicator--2 "
ent_o release odd --undo >/dev/null
is "one's own list of them knows no held sources" "$(ent_o objects --tlp green --type report --json | jq -r .source | tr '\n' ' ')" "odd odd reports "
is "nor does what stays here" "$(ent_o export --format stix 2>/dev/null | jq '[.objects[]|select(.type|test("report|indicator"))]|length')" 5

# --- a feed --------------------------------------------------------------------------------------

infos() { jq -r '.[].info' "$T/feed/manifest.json" | sed 's/, of .*//' | sort -u | tr '\n' ' '; }
feed() { ent export --format misp-feed --tlp green -o "$T/feed" "$@"; }
ends "of sources that are held alone" 4 feed --source "$list"
refute "there is no feed" test -e "$T/feed"
ent release "$list" --by a --reason b >/dev/null
ends "a feed of what is released" 0 feed
is "has it" "$(infos)" "$list other own "
ent release "$list" --undo >/dev/null
ends "the next night, when that is undone" 0 feed --json
is "it goes again" "$(infos)$(jq -c '[.removed,.unreleased]' "$T/err")" "other own [1,916]"
is "from the disk as well" "$(grep -rl 'private.directinvesting' "$T/feed")" ""

# --- release -------------------------------------------------------------------------------------

ends "release" 0 ent release "$list" --by 'Anna Nowak' --reason 'public since 2016'
is "is confirmed" "$(cat "$T/out")" "$list is released by Anna Nowak: 629 of 915 have the same text"
is "and lets it pass" "$(passing)" 918
ends "the list of sources" 0 ent release --list
is "shows who and why" "$(sed -E 's/[0-9-]{10}T[0-9:]{8}Z/TIME/' "$T/out")" \
    "released   $list: 629 of 915 have the same text
           TIME by Anna Nowak: public since 2016
free       other
free       own
held       wide: 1 of 1 are networks wider than /16, in IPv6 /32"
is "also to scripts" "$(ent release --list --json | jq -c '.sources[0]|[.state,.released.by,.released.reason,.released.findings]')" \
    '["released","Anna Nowak","public since 2016",[{"finding":"same_text","claims":629}]]'
ends "the same list again tomorrow" 0 ent import "$jar"
tells "is still released" "^  $list is released by Anna Nowak: 629 of 915 have the same text\$" "$T/out"
is "and passes" "$(passing)" 918
ends "with something that nobody saw" 0 sh -c "echo 30.0.0.0/8 | '$bin' import --home '$T/a' --source '$list' --tlp clear -"
tells "it is held again" "^  $list is held: 629 of 916 have the same text, 1 are networks" "$T/out"
is "and passes no more" "$(passing)" 4
tells "the list says what was released" '^ +but then: 629 of 915 have the same text$' <(ent release --list)
ends "what is wrong is revoked here" 0 ent revoke --source "$list" 30.0.0.0/8
is "and it passes again" "$(passing)" 918
ends "undo" 0 ent release --undo "$list"
tells "is confirmed" "^$list is held: 629 of 915 have the same text\$" "$T/out"
is "and lets nothing pass" "$(passing)" 4

# --- warning lists -------------------------------------------------------------------------------

member w
printf '66.249.64.%s\n' 1 2 3 4 >"$T/bots.txt"
"$bin" import --home "$T/w" --tlp green "$T/bots.txt" >/dev/null
w() { "$bin" export --home "$T/w" --format list --tlp green >/dev/null 2>&1; echo $?; }
is "a list that nothing is known against" "$(w)" 0
"$bin" warnings add --home "$T/w" tests/data/misp-warninglists/googlebot >/dev/null
is "is held when a warning list comes that knows it" "$(w)" 4
tells "for that" '^held +bots.txt: 4 of 4 are on warning lists$' <("$bin" release --home "$T/w" --list)
"$bin" warnings remove --home "$T/w" "$("$bin" warnings list --home "$T/w" --json | jq -r .name)" >/dev/null
is "and free when that goes" "$(w)" 0

# Rows that come twice do not thin out the odd ones, nor does a later import of good ones.
{ printf '10.0.0.%s\n' 1 2 3; for _ in $(seq 97); do echo 9.9.9.9; done; } >"$T/thin.txt"
"$bin" import --home "$T/w" --source thin --tlp green "$T/thin.txt" >"$T/out"
tells "repeated rows change nothing" '^  thin is held: 3 of 4 are not of the public Internet$' "$T/out"
for _ in $(seq 50); do echo 9.9.9.9; done | "$bin" import --home "$T/w" --source thin --tlp green - >"$T/out"
tells "in a later import, too" '^  thin is held: 3 of 4 are not of the public Internet$' "$T/out"

# A store from before there was a release.
python3 -c 'import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.executescript("DROP TABLE judged; DROP TABLE released; PRAGMA user_version = 3")' "$T/w/store.db"
ends "an older store" 0 "$bin" export --home "$T/w" --format list --tlp green
is "is judged before anything leaves" "$(grep -c '^10\.' "$T/out") $(wc -l <"$T/out")" "0 4"

# --- matches -------------------------------------------------------------------------------------

member h && member q &&
    "$bin" import --home "$T/h" "$jar" >/dev/null &&
    "$bin" import --home "$T/h" --source own --tlp green "$T/own.txt" >/dev/null &&
    export_card q && start_node h && export_card h "https://127.0.0.1:$port" && found q h &&
    wait_for 20 joined h
"$bin" watch --home "$T/q" --observe-file "$T/seen" "$apache" >/dev/null 2>&1
match() { "$bin" match --home "$T/q" h --json | jq -c '[.theirs, (.hits | length)]'; }
is "a partner meets nothing that is held" "$(match)" "[3,0]"
tells "and the node's log says how much that is" 'event=match-accepted partner=q asked=2685 run=[0-9a-f]{32} held=915$' "$T/h.log"
"$bin" release --home "$T/h" "$list" --by a --reason b >/dev/null
is "what is released is met at once" "$(match)" "[918,2]"
refute "and the log has nothing to say" grep -q 'held=' <(tail -n 2 "$T/h.log")
"$bin" release --home "$T/h" "$list" --undo >/dev/null
is "and no more when that is undone" "$(match)" "[3,0]"
stop_node TERM
refute "the asker keeps nothing of it" grep -rqa -F "$list" "$T/q/runs" "$T/q/log"
check "in records that it keeps" test "$(find "$T/q/runs" -name result-theirs -o -name accept | wc -l)" -ge 3

# --- refused -------------------------------------------------------------------------------------

ends "nothing to override" 5 ent release own --by a --reason b
told "is told" "entente: own: is not held: there is nothing to override"
ends "a source that says nothing" 5 ent release nobody --by a --reason b
told "is told" "entente: nobody: says nothing; \`entente stats\` lists sources"
ends "nothing to undo" 5 ent release --undo "$list"
told "is told" "entente: $list: nobody released it"
ends "no reason that can be read" 3 ent release wide --by a --reason $'\e[31m'
told "is told" "entente: wide: a name and a reason are 1 to 1000 bytes of UTF-8, all of it visible"
for bad in "" "wide" "wide --by a" "wide --reason b" "wide own --by a --reason b" "--by a --reason b" \
    "--undo" "wide --undo --by a" "--list wide" "--list --undo" "--list --by a" "wide --json --by a --reason b" "wide --frob"; do
    # shellcheck disable=SC2086
    run ent release $bad
    [ "$rc" = 2 ] && [ "$(wc -l <"$T/err")" = 2 ] || break
done
is "wrong options" "$rc-$bad" "2-wide --frob"
is "change nothing" "$(states)" "$list:held other:free own:free wide:held "
ends "a source without a name" 2 ent import --source '' "$T/own.txt"
printf '{"type":"bundle","objects":[{"type":"indicator","id":"indicator--1","pattern":"[ipv4-addr:value ISSUBSET '"'40.0.0.0/8'"']","pattern_type":"stix"}]}' >"$T/$(printf 'x\033[31m.json')"
ends "a file with a hostile name" 0 ent import --tlp green "$T"/x*.json
run ent release --list
refute "obeys no terminal" grep -q $'\x1b' "$T/out"

done_testing
