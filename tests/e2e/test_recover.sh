#!/usr/bin/env bash
# test_recover.sh: a log that was lost, or of which an old copy was restored, comes back from the
# others' mirrors; what cannot come back is said.
# shellcheck source=tests/e2e/lib.sh disable=SC2015,SC2317
. tests/e2e/lib.sh

recover() { "$bin" recover "$@"; }

# Members with running nodes in one pact, drafted by the first.
declare -A node_for
allied() {
    local name cards=()
    for name; do
        member "$name" && configure "$name" "gossip_seconds = 1" && start_node "$name" &&
            export_card "$name" "https://127.0.0.1:$port" || return
        node_for[$name]=$node
        cards+=("$T/$name.member")
    done
    "$bin" pact new --home "$T/$1" --name test --output "$T/draft" "${cards[@]}" 2>/dev/null || return
    for name in "${@:2}" "${@:1:$#-1}"; do
        "$bin" pact vote --home "$T/$name" "$T/draft" >/dev/null 2>&1 || return
    done
    for name; do wait_for 20 grep -q event=member-reached "$T/$name.log" || return; done
}
mirrored() {
    "$bin" status --home "$T/$1" --json |
        jq -e --arg m "$2" --argjson n "$3" '.members[] | select(.name == $m) | .mirrored >= $n' >/dev/null
}
size_of() { "$bin" log list --home "$T/$1" --json | jq .size; }
stop() { kill -TERM "${node_for[$1]}" 2>/dev/null; wait_for 10 gone "${node_for[$1]}"; }
gone() { ! kill -0 "$1" 2>/dev/null; }
listing() { "$bin" log list --home "$T/$1"; }

allied a b c && ok "three members in a pact" || not_ok "three members in a pact"
cp -a "$T/a" "$T/a.before"
ends "nothing was said" 0 recover --home "$T/a"
tells "and nothing is missing" '^Nothing is missing: 0 entries, and 2 of 2 members know of no more\.$' "$T/out"
check "a proposes" "$bin" pact propose --home "$T/a" --budget 10/30
check "b votes" "$bin" pact vote --home "$T/b"
"$bin" pact vote --home "$T/a" >/dev/null 2>&1
n=$(size_of a)
check "a has said things" test "$n" -ge 2
check "that b mirrors" wait_for 20 mirrored b a "$n"
check "and c" wait_for 20 mirrored c a "$n"
stop a
listing a >"$T/list"

# A home with its card, its keys and its pact, and nothing else.
mkdir "$T/lost"
cp -a "$T/a/card" "$T/a/config" "$T/a/keys" "$T/a/pact" "$T/lost/"
rm -rf "$T/lost/pact/next"
ends "from a backup of keys and pact" 0 recover --home "$T/lost" --json
is "the log comes back" "$(jq -c --argjson n "$n" '[.asked, .answered, .entries_before, .entries == $n]' "$T/out")" '[2,2,0,true]'
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

# Nobody is there.
for name in b c; do stop "$name"; done
ends "nobody answers" 5 recover --home "$T/a"
told "and that is said" "entente: a: no other member answers"
ends "who is in no pact" 4 recover --home "$(member x; echo "$T/x")"
ends "with arguments" 2 recover --home "$T/a" b
done_testing
