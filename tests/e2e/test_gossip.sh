#!/usr/bin/env bash
# test_gossip.sh: four nodes that watch each other's logs: heads are cosigned, logs mirrored, and one
# who shows two histories is exposed to all by its own signatures; one whose node is down is not; an
# old copy of a home signs nothing.
# shellcheck source=tests/e2e/lib.sh disable=SC2015,SC2317
. tests/e2e/lib.sh

others=(a b c) # who never lies
status() { "$bin" status --home "$T/$1" --json; }
# of WHO MEMBER FILTER: what WHO knows of that member
of() { status "$1" | jq -r ".members[] | select(.name == \"$2\") | $3"; }
match() { "$bin" match --home "$T/$1" "$2" --from "$T/seen" --json; }
says() { [ "$(of "$1" "$2" "$3")" = "$4" ]; } # WHO MEMBER FILTER WANT
head_of() { sed -n 2,3p "$T/$1/lock/1/checkpoint" | tr '\n' ' '; }
held_by() { sed -n 2,3p "$T/$2/lock/heads/$1/1" 2>/dev/null | tr '\n' ' '; } # MEMBER WHO
has_head() { [ "$(held_by "$1" "$2")" = "$(head_of "$1")" ]; }
exposed() { ls "$T/$1/exposed/"d-* >/dev/null 2>&1; }

nodes a b c d && for m in a b c d; do
    "$bin" import --home "$T/$m" --source "of-$m" --tlp green - <<<"evil-$m.example.com" >/dev/null
done
check "four members found a pact" found a b c d
for m in a b c d; do check "the node of $m sees it" wait_for 20 joined $m; done
printf 'entente/observed@v1\ndomain evil-a.example.com\ndomain evil-b.example.com\n' >"$T/seen"

# A node cosigns once others have said what they know of its own log.
for m in a b c d; do check "$m has met the others" wait_for 20 acquainted $m 3; done

# --- cosigned and mirrored -----------------------------------------------------------------------

ends "two match" 0 match a b
is "and the asker's word is accepted at once" "$(jq -c '[.accepted, .cosigned, .needed]' "$T/out")" "[true,3,3]"
for m in b c d; do check "$m has the head of a" wait_for 20 has_head a $m; done
for m in a c d; do check "$m has the head of b" wait_for 20 has_head b $m; done
accepted() { "$bin" log show 0 --home "$T/b" | grep -q '^ *accepted'; }
check "so that what b said is accepted too" wait_for 20 accepted
check "who has nothing to do with a match keeps its record" wait_for 20 cmp -s "$T/a/log/1/entries.dat" "$T/d/mirror/a/1/entries.dat"
ends "as tiles" 0 "$bin" log export "$T/own" --home "$T/a"
ends "from whoever has a mirror" 0 "$bin" log export "$T/mirror" --home "$T/d" --member a
check "they are the same" diff -r "$T/own/tile" "$T/mirror/tile"
for m in a b c d; do ends "the mirrors of $m hold" 0 "$bin" log audit --home "$T/$m" "$([ $m = a ] && echo b || echo a)"; done
origin=$(head -1 "$T/a/lock/1/checkpoint")
refute "none of it is for strangers" curl -sk -o "$T/out" "https://127.0.0.1:${port_of[a]}/peer/v1/log/$origin/checkpoint"

# --- silence is no guilt -------------------------------------------------------------------------

stop_node_of c
ends "with one node down" 0 match a b
is "three of four are not accepted by three others" "$(jq -c '[.accepted, .cosigned, .needed]' "$T/out")" "[false,2,3]"
for m in a b d; do [ -z "$(ls "$T/$m/exposed" 2>/dev/null)" ] || break; m=nobody; done
is "nobody is exposed for being silent" "$m" nobody
start_node c
check "when it is back it learns what was said" wait_for 20 has_head a c
check "and cosigns it" wait_for 20 cmp -s "$T/a/log/1/entries.dat" "$T/c/mirror/a/1/entries.dat"

# --- an old copy ---------------------------------------------------------------------------------

stop_node_of a
cp -a "$T/a" "$T/a.old"
cp -a "$T/a" "$T/a.bare"
rm -rf "$T/a.bare/lock"
ends "something is said" 0 match a b
for m in b c d; do check "$m has the head" wait_for 20 has_head a $m; done
mv "$T/a" "$T/a.true" && cp -a "$T/a.old" "$T/a"
for m in b c d; do check "$m mirrors it, with the node of a down" cmp -s "$T/a.true/log/1/entries.dat" "$T/$m/mirror/a/1/entries.dat"; done
ends "so that it comes back to who lost it" 0 "$bin" recover --home "$T/a"
check "all of it" cmp -s "$T/a.true/log/1/entries.dat" "$T/a/log/1/entries.dat"
rm -rf "$T/a" && mv "$T/a.true" "$T/a"
start_node a
for m in b c d; do check "$m mirrors it" wait_for 20 cmp -s "$T/a/log/1/entries.dat" "$T/$m/mirror/a/1/entries.dat"; done
stop_node_of a
for copy in old bare; do
    rm -rf "$T/a" && cp -a "$T/a.$copy" "$T/a"
    before=$(find "$T/a/log" -type f -exec sha256sum {} + | sort)
    ends "an old copy ($copy) asks nobody" 4 match a b
    tells "but says what to do" "^entente: $T/a: .*\`entente recover\`"
    ends "nor votes" 4 "$bin" pact propose --home "$T/a" --budget 5/5
    is "and signs nothing" "$(find "$T/a/log" -type f -exec sha256sum {} + | sort)" "$before"
    ends "recover" 0 "$bin" recover --home "$T/a"
    is "brings it up to what the others hold" "$(head_of a)" "$(held_by a b)"
done
start_node a
ends "and it goes on" 0 match a b
for m in b c d; do [ -z "$(ls "$T/$m/exposed" 2>/dev/null)" ] || break; m=nobody; done
is "nobody is exposed for an accident" "$m" nobody

# --- two histories -------------------------------------------------------------------------------

ends "one says something true" 0 match d a
for m in "${others[@]}"; do check "$m has it" wait_for 20 has_head d "$m"; done
stop_node_of d
cp -a "$T/d" "$T/d.copy"
check "then one thing" "$peers/say" speak "$T/d" 1 alone
check "and another in its place" "$peers/say" speak "$T/d.copy" 1 alone
stop_node_of b
stop_node_of c
"$bin" recover --home "$T/d.copy" >/dev/null 2>&1 # which shows it to whom it can reach
shown() { [ "$(held_by d a)" = "$(sed -n 2,3p "$T/d.copy/lock/1/checkpoint" | tr '\n' ' ')" ]; }
check "the one to a" wait_for 20 shown
refute "which sees nothing wrong with it" exposed a
start_node b
start_node c
ends "recover tells of two histories" 4 "$bin" recover --home "$T/d"
tells "whose fault it is" '^entente: d: there are heads of this log that contradict each other: its key was used twice$'
root_of() { sed -n '3s/[+]/[+]/gp;3p' "$T/$1/lock/1/checkpoint" | head -1; }
tells "with the head that a holds" "^  [0-9]+ entries, root $(root_of d.copy): a( b)?( c)?$"
tells "and that of the log here" "^  [0-9]+ entries, root $(root_of d): here$"
for m in "${others[@]}"; do check "the other to all: $m knows" wait_for 20 exposed "$m"; done
tells "which its node says" 'level=alert event=member-exposed member=d kind=fork$' "$T/a.log"
"$bin" pact export --home "$T/a" --output "$T/chain"
for m in "${others[@]}"; do
    ends "the proof of $m holds for anybody" 0 env -u HOME "$bin" verify --pact "$T/chain" "$T/$m/exposed/"d-*
done
sed 's/^member d$/member a/' "$T/a/exposed/"d-* >"$T/lie"
ends "and against nobody else" 4 env -u HOME "$bin" verify --pact "$T/chain" "$T/lie"
ends "such a member is not asked" 4 match a d
told "any more" "entente: d: signed two histories of its log"
start_node d
ends "and not answered" 4 match d a
ends "the others go on" 0 match a b
is "among themselves" "$(jq -c '.hits | length' "$T/out")" 1
for m in "${others[@]}"; do
    [ "$(find "$T/$m/exposed" -type f ! -name 'd-*' ! -name list | wc -l)" = 0 ] || break
    m=nobody
done
is "nobody honest is exposed" "$m" nobody
ends "the proof outlives a restart" 4 match b d

for m in a b c d; do stop_node_of $m; done
is "the nodes end well" "$rc" 0
done_testing
