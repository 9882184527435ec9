#!/usr/bin/env bash
# test_recover.sh: a log that was lost, or of which an old copy was restored, comes back from the
# others' mirrors; what cannot come back is said.
# shellcheck source=tests/e2e/lib.sh disable=SC2015,SC2317
. tests/e2e/lib.sh

recover() { "$bin" recover "$@"; }

# Three members with running nodes in one pact with d, who has neither node nor address.
allied() {
    local name
    nodes a b c && member d && export_card d && found a b c d || return
    for name in a b c; do wait_for 20 acquainted "$name" 2 || return; done
}
mirrored() {
    "$bin" status --home "$T/$1" --json |
        jq -e --arg m "$2" --argjson n "$3" '.members[] | select(.name == $m) | .mirrored >= $n' >/dev/null
}
size_of() { "$bin" log list --home "$T/$1" --json | jq .size; }
listing() { "$bin" log list --home "$T/$1"; }
# bare NAME TO: a home with the card, the keys and the pact of that one, and nothing else
bare() {
    rm -rf "${T:?}/$2" && mkdir "$T/$2" &&
        cp -a "$T/$1/card" "$T/$1/config" "$T/$1/keys" "$T/$1/pact" "$T/$2/" && rm -rf "$T/$2/pact/next"
}

what="four members in a pact, one of them without an address"
allied && ok "$what" || not_ok "$what"
cp -a "$T/a" "$T/a.before"
ends "nothing was said" 0 recover --home "$T/a"
tells "and nothing is missing" '^Nothing is missing: 0 entries, and 2 of 3 members know of no more\.$' "$T/out"
check "a proposes" "$bin" pact propose --home "$T/a" --budget 10/30
check "the others vote" sworn b c d a
n=$(size_of a)
check "a has said things" test "$n" -ge 2
check "that b mirrors" wait_for 20 mirrored b a "$n"
check "and c" wait_for 20 mirrored c a "$n"
stop_node_of a
listing a >"$T/list"

bare a lost
ends "from a backup of keys and pact" 0 recover --home "$T/lost" --json
is "the log comes back" "$(jq -c --argjson n "$n" '[.asked, .answered, .entries_before, .entries == $n]' "$T/out")" '[3,2,0,true]'
is "entry by entry" "$(listing lost)" "$(cat "$T/list")"
ends "and holds" 0 "$bin" log verify --home "$T/lost"
ends "without bodies" 0 "$bin" log show 0 --home "$T/lost"
tells "which is said" '^  its body is not here$' "$T/out"
ends "once is enough" 0 recover --home "$T/lost"
tells "then nothing is missing" '^Nothing is missing: ' "$T/out"

# An old copy.
rm -rf "$T/a"
mv "$T/a.before" "$T/a"
ends "an old copy says nothing" 4 "$bin" pact propose --home "$T/a" --budget 11/30
# shellcheck disable=SC2016 # a backquote of the message
tells "and what to do" 'this is an old copy: `entente recover` refills it$'
is "not a word" "$(size_of a)" 0
ends "it comes back" 0 recover --home "$T/a"
tells "with what is lost told" '^Their bodies, which nobody else has, are lost\.$' "$T/out"
is "too" "$(listing a)" "$(cat "$T/list")"
n=$(size_of a)

# Its end is torn off.
truncate -s -9 "$T/a/log/1/entries.dat"
ends "a torn log" 4 "$bin" log verify --home "$T/a"
tells "is told" '^entente: log/1/entries.dat: entry [0-9]+: entries.dat is too short$'
ends "comes back" 0 recover --home "$T/a"
ends "and holds" 0 "$bin" log verify --home "$T/a"
is "whole" "$(size_of a)" "$n"

# Who says something while its node is down brings it to the others itself; nobody waits for them.
ends "a proposes with its node down" 0 "$bin" pact propose --home "$T/a" --budget 12/30
check "which is one thing more" test "$(size_of a)" -gt "$n"
n=$(size_of a)
check "b has it at once" mirrored b a "$n"
check "and c" mirrored c a "$n"
listing a >"$T/list"
bare a lost
rm -rf "$T/a"
ends "a disk is lost before the node ran again" 0 recover --home "$T/lost"
is "and all comes back" "$(listing lost)" "$(cat "$T/list")"
mv "$T/lost" "$T/a"

# Who has no address, likewise.
ends "one without an address votes" 0 "$bin" pact vote --home "$T/d"
n=$(size_of d)
check "which is something" test "$n" -ge 1
check "b has it at once" mirrored b d "$n"
check "and c" mirrored c d "$n"
listing d >"$T/list"
bare d lost
ends "its disk is lost" 0 recover --home "$T/lost"
is "and all comes back" "$(listing lost)" "$(cat "$T/list")"
ends "and holds" 0 "$bin" log verify --home "$T/lost"

# A head is held, and nobody has what is below: b has lost its mirror, c is away.
n=$(size_of a)
stop_node_of b
stop_node_of c
rm -rf "$T/b/mirror/a"
start_node b
cp -a "$T/a" "$T/a.whole"
bare a lost
ends "what nobody has" 5 recover --home "$T/lost"
told "is told" "entente: a: there is a later head, and nobody who answers has all entries below it
  the head that b holds has $n entries; here are 0
  nobody has entries 0 to $((n - 1))
  b says that it has 0
  c does not answer
  d does not answer
  Who does not answer now may have them: ask again later.
  A later backup of log/ may have them: put it in the place of the one here.
  Then run \`entente recover\` again. While they are missing this log signs nothing."
ends "to programs too" 5 recover --home "$T/lost" --json
is "with who holds what" "$(jq -c '[.newest_head, .newest_head_at, .entries, .forked, (.members[] | [.name, .answered, .head.size, .entries])]' "$T/out")" \
    "[$n,\"b\",0,false,[\"b\",true,$n,0],[\"c\",false,null,null],[\"d\",false,null,null]]"
start_node c
ends "when c is back" 0 recover --home "$T/lost"
is "all is" "$(size_of lost)" "$n"

# Two copies of a home have both said something: the longer was seen, the shorter never.
rm -rf "$T/a" && mv "$T/a.whole" "$T/a" && cp -a "$T/a" "$T/twin"
check "one copy says one thing" "$peers/say" speak "$T/a" 1 alone
check "the other says two" "$peers/say" speak "$T/twin" 2 alone
ends "and shows them" 0 recover --home "$T/twin"
holds() { [ "$(sed -n 2,3p "$T/$1/lock/heads/a/1")" = "$(sed -n 2,3p "$T/twin/lock/1/checkpoint")" ]; }
for m in b c; do check "$m holds the longer" wait_for 20 holds $m; done
head_of() { sed -n 2,3p "$T/$1/lock/1/checkpoint" | paste -sd' ' | sed 's/ / entries, root /'; }
ends "the first is another history" 4 recover --home "$T/a"
told "and both are told" "entente: a: there are heads of this log that contradict each other: its key was used twice
  $(head_of twin): b c
  $(head_of a): here
  Your log key signed them all: a second copy of this home has run, or somebody else has the key.
  Tell the others, who will see it too; this log signs nothing more."
check "which exposes the key" wait_for 20 sh -c "ls '$T'/b/exposed/a-*"

# Nobody is there.
for name in b c; do stop_node_of "$name"; done
ends "nobody answers" 5 recover --home "$T/a"
told "and that is said" "entente: a: no other member answers"
ends "who is in no pact" 4 recover --home "$(member x; echo "$T/x")"
ends "with arguments" 2 recover --home "$T/a" b
done_testing
