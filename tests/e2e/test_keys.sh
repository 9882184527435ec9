#!/usr/bin/env bash
# test_keys.sh: four members with a node each change their keys: an author key, a node's seed with the
# next log, a root key; after a theft; and somebody who left comes back. What was said before and what
# is said after holds for everybody.
# shellcheck source=tests/e2e/lib.sh disable=SC2015,SC2317
. tests/e2e/lib.sh

pact() { local who=$1; shift; "$bin" pact "$1" --home "$T/$who" "${@:2}"; }
says() { pact "$1" status 2>/dev/null | grep -Eq -e "$2"; } # WHO PATTERN
match() { "$bin" match --home "$T/$1" "$2" --from "$T/seen" --json; }
matches() { match "$1" "$2" >/dev/null 2>&1; }
size_of() { "$bin" status --home "$T/$1" --json | jq -r --arg m "$2" '.members[] | select(.name == $m) | .size // 0'; }
said_to() { [ "$(size_of a a)" -ge "$1" ]; }
accepted() { "$bin" status --home "$T/$1" --json | jq -e --arg m "$2" '.members[] | select(.name == $m) | .standing == "accepted"'; }
mirrored() { # WHO MEMBER: all that MEMBER has said
    [ "$("$bin" status --home "$T/$1" --json | jq -r --arg m "$2" '.members[] | select(.name == $m) | .mirrored')" = "$(size_of "$2" "$2")" ]
}
renewed() { [ "$(grep -c 'event=keys-changed' "$T/$1.log")" -ge "$2" ]; }
saw_pact() { [ "$(grep -c 'event=pact ' "$T/$1.log")" -ge "$2" ]; }
audits() { # MEMBER: everybody finds all of its logs good
    local m
    for m in a b c d; do
        [ "$m" = "$1" ] && { check "$m verifies its own log" "$bin" log verify --home "$T/$m"; continue; }
        check "$m has all of $1" wait_for 30 mirrored "$m" "$1"
        check "$m audits $1" "$bin" log audit --home "$T/$m" "$1"
    done
}
decided() { # VERSION: by the others of a, too
    check "it is decided" sworn a b c d
    is "as version $1" "$(pact_version a)$(pact_version b)$(pact_version c)$(pact_version d)" "$1$1$1$1"
}
tls_of() { # PORT: the key that is presented there
    openssl s_client -connect "127.0.0.1:$1" </dev/null 2>/dev/null | openssl x509 -noout -pubkey | sha256sum
}

nodes a b c d && for m in a b c d; do
    "$bin" import --home "$T/$m" --source "of-$m" --tlp green - <<<"evil-$m.example.com" >/dev/null
done
check "four members found a pact" found a b c d
for m in a b c d; do check "the node of $m sees it" wait_for 20 joined $m; done
for m in a b c d; do check "$m has met the others" wait_for 20 acquainted $m 3; done
printf 'entente/observed@v1\ndomain evil-a.example.com\ndomain evil-b.example.com\n' >"$T/seen"
ends "they match" 0 match a b
"$bin" log receipt --home "$T/a" 0 --output "$T/before" >/dev/null

# --- what cannot be ------------------------------------------------------------------------------

ends "a key that is none" 2 pact a propose --rotate tls
tells "is told so" '^entente pact: --rotate is one or more of root,author,node: tls$'
ends "a place that votes would take" 4 pact a propose --rotate author --from 5
tells "is refused" '^entente: --rotate: a new author key begins at least 128 entries behind the last one'
is "and nothing was said" "$(size_of a a)" 2
ends "a log that is not so long" 4 pact a propose --rotate node --from 99
told "is refused" "entente: --rotate: --from is behind the end of the log"
ends "and does not keep it from matching" 0 match a b

# --- the author key ------------------------------------------------------------------------------

for t in 0.01 0.03 0.06 0.1 0.2 0.4; do # killed at some point, it has one key or two, and goes on
    timeout -s KILL "$t" "$bin" pact propose --home "$T/a" --rotate author >/dev/null 2>&1
    check "killed after $t s, it is whole" "$bin" log verify --home "$T/a"
    tells "and says which key is in use" '^  keys/author +in use$' <(pact a show)
done
ends "a member proposes a new author key" 0 pact a propose --rotate author
tells "and sees what" '^  NEW KEYS +a ' "$T/out"
tells "and from where on" '^ +author, from its entry 26[0-9] on$' "$T/out"
tells "which waits" '^  keys/author\.2 +prepared: not in the pact$' <(pact a show)
check "in its home" test -f "$T/a/keys/author.2"
is "with the old one" "$(find "$T/a/keys" -type f | wc -l)" 6
ends "meanwhile it matches" 0 match a b
ends "asked again, it proposes the same" 0 pact a propose --rotate author
is "text" "$(pact a status | grep -o '^[0-9a-f]*  proposed by a' | sort -u | wc -l)" 1
decided 2
check "its node takes it" wait_for 20 renewed a 1
check "and the old one says its last" wait_for 20 said_to 260
kill -KILL "$(ps -o pid=,comm= --ppid "${node_of[a]}" | awk '/entente: ledger/ { print $1 }')"
check "the process of its ledger, killed, begins anew" wait_for 20 saw_pact a 3
ends "and is asked" 0 match b a
is "with the keys that are there" "$(grep -c event=keys-changed "$T/a.log")" 1
rm -f "$T/a/keys/author"
ends "it matches without the old one" 0 match a b
ends "and is asked" 0 match b a
check "what it says is accepted" wait_for 30 accepted b a
n=$(size_of a a)
"$bin" log receipt --home "$T/a" $((n - 1)) --output "$T/after" >/dev/null
pact b export --output "$T/chain"
for r in before after; do check "a receipt from $r holds" "$bin" verify "$T/$r" --pact "$T/chain"; done
audits a

# --- the node's seed -----------------------------------------------------------------------------

old=$(tls_of "${port_of[b]}")
ends "another proposes a new node key" 0 pact b propose --rotate node
tells "with all that follows from it" '^ +log 1 closed at [0-9]+ entries$' "$T/out"
tells "a next log" '^ +log 2$' "$T/out"
tells "and a new connection" '^ +tls$' "$T/out"
ends "until that is decided" 5 match b a
tells "it says nothing else" 'new keys of this member are voted on'
ends "and answers nobody" 130 timeout --preserve-status -s INT 4 "$bin" match --home "$T/a" b --from "$T/seen"
decided 3
check "its node takes it" wait_for 20 renewed b 1
refute "the connection has another key" test "$(tls_of "${port_of[b]}")" = "$old"
check "with which it is let in" wait_for 30 matches b a
check "and which others let in" wait_for 30 matches a b
check "its second log is accepted" wait_for 30 accepted a b
is "in the second generation" "$("$bin" status --home "$T/a" --json | jq -r '.members[] | select(.name == "b") | .origin | split("/")[2]')" 2
audits b
rm -f "$T/b/keys/author" "$T/b/keys/node"
check "the old keys are not missed" "$bin" match --home "$T/b" c --from "$T/seen"

# --- the root key --------------------------------------------------------------------------------

ends "a third proposes a new root key" 0 pact c propose --rotate root
tells "and votes with both" '^1 vote cast with the new root key\.$' "$T/out"
decided 4
mv "$T/c/keys/root.2" "$T/root.2"
ends "the old one alone" 4 pact c propose --budget 7/7
told "votes no more" "entente: root: key file does not hold the key that others know"
mv "$T/root.2" "$T/c/keys/root.2"
rm -f "$T/c/keys/root"
ends "the new one does" 0 pact c propose --budget 7000/7
decided 5

# --- a theft -------------------------------------------------------------------------------------

# The thief has a copy of d's home, stops d, and says in its name that it leaves.
n=$(size_of d d)
[ "$n" -gt 0 ] || { ends "d says something" 0 match d a; n=$(size_of d d); }
ends "a thief has d's keys" 0 pact d withdraw
for m in a b c; do check "$m believes it" wait_for 20 says $m '^  d has withdrawn$'; done
ends "nobody asks d" 4 match a d
ends "the others dispute it" 0 pact a dispute d --from "$n" --reason "the keys were stolen"
check "by enough" sworn a b c
for m in a b c; do refute "$m believes it no more" says $m '^  d has withdrawn$'; done
check "d hears of it" wait_for 30 test "$(pact_version d)" = 6
ends "d takes new keys, and ends its log where the thief began" 0 pact d propose --rotate node --from "$n"
mkdir "$T/said" && cp "$T"/d/pact/next/*.d "$T/said"
check "which is decided" sworn a b c d
check "its node takes them" wait_for 20 renewed d 1
check "it matches" wait_for 30 matches d a
check "and is asked" wait_for 30 matches a d
audits d
stop_node_of d
cp "$T"/said/*.d "$T/d/pact/next" # as it stands while the node changes its keys
check "what d said in the log that is closed is no damage" "$bin" log verify --home "$T/d"
(cd "$T/said" && for f in *.d; do rm "$T/d/pact/next/$f"; done)
cp -a "$T/d" "$T/thief"
rm -f "$T"/thief/keys/*.2
ends "the old keys" 4 match thief a
tells "open nothing" 'key file does not hold the key that others know'
start_node d

# --- on behalf, and back -------------------------------------------------------------------------

n=$(size_of c c)
stop_node_of c
ends "the others end the log of c" 0 pact a propose --close c --from "$n"
tells "as all see" "^ +log 1 closed at $n entries$" "$T/out"
check "by enough" sworn a b d
start_node c
check "c hears of it" wait_for 30 newer_pact c 7
ends "it can say nothing" 5 match c a
tells "and why" 'the pact has closed this log'
"$bin" member export --home "$T/c" --rotate node --url "https://127.0.0.1:${port_of[c]}" >"$T/c.member" 2>/dev/null
ends "its new card" 0 pact a propose --add "$T/c.member"
check "is voted in" sworn a b d
check "c takes the keys" wait_for 30 renewed c 1
check "and speaks" wait_for 30 matches c a
audits c

ends "b leaves" 0 pact b withdraw --reason "no budget"
tells "and is heard" '^Shown to 3 of 3 others' "$T/out"
for m in a c d; do check "$m knows" wait_for 20 says $m '^  b has withdrawn$'; done
ends "b is removed" 0 pact a propose --remove b
check "by the others" sworn a c d
cp -n "$T/a/pact/000010" "$T/b/pact/" # as whoever met it just then may have brought it
is "which it knows" "$(pact_version b)" 10
"$bin" member export --home "$T/b" --rotate node --url "https://127.0.0.1:${port_of[b]}" >"$T/b.member" 2>/dev/null
ends "b comes back" 0 pact c propose --add "$T/b.member"
tells "as one who was here" '^  COMES BACK +b ' "$T/out"
check "by the others" sworn a c d
pact a export --output "$T/chain"
ends "with all versions" 0 pact b vote "$T/chain"
check "its node takes the keys" wait_for 30 renewed b 2
check "it matches" wait_for 30 matches b a
check "and is asked" wait_for 30 matches a b
for m in a c d; do refute "$m does not think it gone" says $m '^  b has withdrawn$'; done
audits b

# --- killed while it changes ---------------------------------------------------------------------

ends "d proposes new keys again" 0 pact d propose --rotate node
check "which is decided" sworn a b c
stop_node_of d KILL
for t in 0.02 0.1 0.3; do timeout -s KILL "$t" "$bin" match --home "$T/d" a --from "$T/seen" >/dev/null 2>&1; done
start_node d
check "killed just then, it goes on" wait_for 40 newer_pact d "$(($(pact_version a) - 1))"
check "with the new keys" wait_for 30 matches d a
check "and is asked" wait_for 30 matches a d
audits d

# --- a node that does not know the pact yet --------------------------------------------------------

# Its card has the first keys, and the pact others.
stop_node_of d
rm -rf "$T/d/pact" && mkdir -p "$T/d/pact/next"
n=$(grep -c event=keys-changed "$T/d.log")
start_node d
pact a export --output "$T/chain"
ends "d has lost the pact, and gets it from a" 0 pact d vote "$T/chain"
check "its node takes the keys that are in it" wait_for 30 renewed d $((n + 1))
check "it matches" wait_for 30 matches d a
check "and is asked" wait_for 30 matches a d
refute "no process of any node has failed" grep -E 'event=process-(failed|lied|given-up)' "$T"/[abcd].log

for m in a b c d; do stop_node_of $m; done
is "the nodes end well" "$rc" 0
done_testing
