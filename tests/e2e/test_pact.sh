#!/usr/bin/env bash
# test_pact.sh: four members with a node each vote on the next version of their pact: what decides,
# what does not, who comes and who goes, and what that means for their matches at once.
# shellcheck source=tests/e2e/lib.sh disable=SC2015,SC2317
. tests/e2e/lib.sh

pact() { local who=$1; shift; "$bin" pact "$1" --home "$T/$who" "${@:2}"; }
version() { pact_version "$1"; }
hashes() { local m; for m; do pact "$m" show --json | jq -r .hash; done | sort -u | wc -l; }
field() { pact "$1" show --json | jq -r "$2"; }
status() { pact "$1" status; }
says() { pact "$1" status 2>/dev/null | grep -Eq -e "$2"; } # WHO PATTERN
all_have() { local v=$1 m; shift; for m; do [ "$(version "$m")" = "$v" ] || return; done; }

nodes a b c d && for m in a b c d; do
    "$bin" import --home "$T/$m" --source "of-$m" --tlp green - <<<"evil-$m.example.com" >/dev/null
done
check "four members found a pact" found a b c d
for m in a b c d; do check "the node of $m sees it" wait_for 20 joined $m; done
is "with one text" "$(hashes a b c d)" 1
for m in a b c d; do check "$m has met the others" wait_for 20 acquainted $m 3; done
printf 'entente/observed@v1\ndomain evil-a.example.com\ndomain evil-b.example.com\n' >"$T/seen"
match() { "$bin" match --home "$T/$1" "$2" --from "$T/seen" --json; }
ends "they match" 0 match a b
is "and what was said is accepted" "$(jq -c '[.accepted, .cosigned, .needed, (.hits | length)]' "$T/out")" "[true,3,3,1]"

# --- a change of the rules -----------------------------------------------------------------------

ends "a member proposes" 0 pact a propose --budget 5000/7
tells "and sees what" '^  budget +5,000 items in 7 days$' "$T/out"
tells "and what it takes" '^  takes +3 of the 4 members of now, 3 of the 4 after it$' "$T/out"
tells "and has prevoted" '^  prevotes +a$' "$T/out"
check "another hears of it by itself" wait_for 20 says d 'proposed by a in round 0'
ends "asking what is proposed casts nothing" 0 status d
tells "but shows it" '^  budget +5,000 items in 7 days$' "$T/out"
ends "the second vote" 0 pact b vote
tells "is a prevote" '^1 vote cast' "$T/out"
ends "asked again" 0 pact b vote
tells "it casts nothing" '^0 votes cast' "$T/out"
ends "the third" 0 pact c vote
tells "is a prevote and a precommit, since three have prevoted" '^2 votes cast' "$T/out"
is "nothing is decided by that" "$(version a)$(version b)$(version c)$(version d)" 1111
ends "the first precommits" 0 pact a vote
is "two of three needed decide nothing" "$(version a)$(version b)$(version c)$(version d)" 1111
ends "the third precommit" 0 pact b vote
tells "decides" '^Version 2 is decided\.$' "$T/out"
check "all four know it soon, though one did not vote" wait_for 20 all_have 2 a b c d
is "and have one text" "$(hashes a b c d)" 1
is "in which the budget is new" "$(field d '"\(.budget_items)/\(.budget_seconds)"')" 5000/604800
tells "the nodes say so" 'event=pact version=2 members=4$' "$T/d.log"
is "nothing is proposed any more" "$(status a | tail -1)" "No next version is proposed."

# --- what cannot be proposed ---------------------------------------------------------------------

# refused TEXT OPTION...: with this reason, on standard error alone
refused() {
    local text=$1
    shift
    run pact a propose "$@"
    is "propose $*" "$rc-$(cat "$T/err")" "$text"
}
refused "4-entente: --budget: it is that budget already" --budget 5000/7
refused "4-entente: --threshold: a threshold of half of the members or less" --threshold rules=2
refused "4-entente: --threshold: a threshold of more than there are members" --threshold 5
refused "5-entente: x: no such member" --remove x
refused "4-entente: --expires: that moment has passed" --expires 2001-01-01
run pact a propose
is "a version that changes nothing" "$rc-$(cat "$T/err")" "4-entente: proposing: a version that changes nothing"
ends "nothing to vote for" 5 pact a vote
tells "is said" '^entente: nothing is proposed in this round'
is "none of it was proposed" "$(status b | tail -1)" "No next version is proposed."

# --- no, and the next round ----------------------------------------------------------------------

ends "a budget of nothing" 0 pact a propose --budget 1/1
ends "is voted down" 0 pact b vote --no
tells "by one" '^  for none +b$' "$T/out"
for m in c d; do pact $m vote --no >/dev/null 2>&1; done
check "and another two" wait_for 20 says a '^  for none +b, c, d$'
refute "which decides nothing" newer_pact a 2
ends "the round is given up" 0 pact b vote --next-round
tells "for another" '^Round 1$' "$T/out"
for m in a c d; do pact $m vote --next-round >/dev/null 2>&1; done
ends "in the next round something else" 0 pact b propose --name "Four counties"
check "is heard of" wait_for 20 says d 'proposed by b in round 1'
check "and decided" sworn a b c d
is "by all" "$(field c .name) $(hashes a b c d)" "Four counties 1"

# --- who was away --------------------------------------------------------------------------------

stop_node_of d
pact a propose --budget 1000000/30 >/dev/null
check "three of four decide without the fourth" sworn a b c
is "which knows nothing of it" "$(version d)" 3
start_node d
check "and learns it when its node is back" wait_for 20 all_have 4 d

# --- a fifth -------------------------------------------------------------------------------------

nodes e
ends "a stranger" 4 match e a
told "has nobody to ask" "entente: a: is no partner in the pact (\`entente pact show\` lists them)"
ends "is proposed" 0 pact c propose --add "$T/e.member"
tells "with its fingerprint" "fingerprint  ([0-9a-f]{4} ){9}[0-9a-f]{4}" "$T/out"
check "and voted in" sworn a b c d
pact a export --output "$T/chain"
ends "all versions show it to the fifth" 0 pact e vote "$T/chain"
tells "which is in the pact with that" 'version 5\.$'
check "so that its node starts" wait_for 20 joined e
is "with the text that all have" "$(hashes a b c d e)" 1
met() { local m; for m in a b c d; do grep -q "event=member-reached member=e" "$T/$m.log" || return; done; }
check "the others reach it" wait_for 60 met
check "and it them" wait_for 60 acquainted e 4
ends "it asks" 0 match e a
ends "and is asked" 0 match b e

# --- in dispute ----------------------------------------------------------------------------------

ends "without a reason" 2 pact a dispute e --from 0
ends "nobody's" 5 pact a dispute nobody --from 0 --reason stolen
told "is nobody's" "entente: nobody: is no member"
ends "with one" 0 pact a dispute e --from 0 --reason "its key was stolen"
check "by enough" sworn a b c d
tells "is told" '^in dispute: e, log 1 from entry 0 on: its key was stolen$' <(pact b show)
ends "such a member" 4 match e a
ends "is not asked" 4 match a e
told "either" "entente: e: what it says now is in dispute"
pact b dispute e --from 0 --lift >/dev/null
check "it is lifted" sworn a b c d
up_to_date() { [ "$(pact_version e)" = "$(pact_version a)" ]; }
check "it knows that" wait_for 60 up_to_date
ends "and all is well" 0 match a e

# --- one is removed ------------------------------------------------------------------------------

pact a propose --remove e >/dev/null
check "it is voted out" sworn a b c d
shut_out() { # by the others' doors, or, once it has heard of that, by itself
    match e a 2>&1 | grep -qxE "entente: (a: the server refused our key|e: the asking member is not in the pact)"
}
check "its key is refused" wait_for 60 shut_out
ends "for good" 4 match e a
stop_node_of e

# --- one withdraws -------------------------------------------------------------------------------

ends "a member withdraws" 0 pact d withdraw --reason "no budget"
tells "by its own word alone" '^d has withdrawn from Four counties\.' "$T/out"
for m in a b c; do check "$m knows" wait_for 20 says $m '^  d has withdrawn$'; done
ends "it is let in nowhere" 4 match d a
ends "nor asked" 4 match a d
told "by anybody" "entente: d: has withdrawn from the pact"
ends "once is enough" 4 pact d withdraw
is "it is in the pact until that is changed" "$(field a '.members | length')" 4
pact a propose --remove d >/dev/null
check "which the others can" sworn a b c
is "without it" "$(field b '[.members[].name] | join(" ")')" "a b c"
ends "they go on among themselves" 0 match a b

# --- expired -------------------------------------------------------------------------------------

end=$(($(date +%s) + 20))
pact a propose --expires "$(date -u -d "@$end" +%FT%TZ)" >/dev/null
check "a moment at which it ends" sworn a b c
over() { [ "$(date +%s)" -gt $((end + 1)) ]; }
check "passes" wait_for 60 over
ends "after it" 4 match a b
told "nobody asks" "entente: a: the pact has expired"
pact b propose --expires - >/dev/null
check "votes are cast still" sworn a b c
ends "and it goes on" 0 match a b

for m in a b c; do node=${node_of[$m]} && stop_node; done
is "the nodes end well" "$rc" 0
done_testing
