#!/usr/bin/env bash
# test_status.sh: what runs, and what the kernel says of it; what a member knows of the others: heads,
# mirrors, the open vote, who withdrew.
# shellcheck source=tests/e2e/lib.sh disable=SC2015,SC2317
. tests/e2e/lib.sh

status() { "$bin" status --home "$T/a" "$@"; }
of() { jq -c --arg m "$1" ".members[] | select(.name == \$m) | $2" "$T/out"; }
knows() { status --json | jq -e "$1" >/dev/null; }

member x
ends "without a pact" 4 "$bin" status --home "$T/x"
tells "it is said what to do" 'in no pact yet: .entente pact new. founds one'
for name in a b c; do
    member $name && configure $name "gossip_seconds = 1" && start_node $name &&
        export_card $name "https://127.0.0.1:$port"
done
"$bin" pact new --home "$T/a" --name test --output "$T/draft" "$T"/{a,b,c}.member 2>/dev/null
for name in b c a b; do "$bin" pact vote --home "$T/$name" "$T/draft" >/dev/null 2>&1; done
for name in a b c; do wait_for 20 grep -q event=member-reached "$T/$name.log"; done

ends "a pact in which nothing was said" 0 status
tells "three members" '^test, version 1, 3 members$' "$T/out"
is "of whom nothing is known" "$(grep -c 'nothing said yet' "$T/out")" 3
refute "there is no vote" grep -q '^  vote ' "$T/out"
"$bin" pact propose --home "$T/b" --budget 10/30 >/dev/null 2>&1
check "b's proposal is heard" wait_for 20 knows '.proposals | length == 1'
check "b's log is mirrored" wait_for 20 knows '.members[] | select(.name == "b") | .mirrored >= 2'
ends "for people" 0 status
tells "the vote is a line" '^  vote       [0-9a-f]{16}, proposed by b in round 0: ' "$T/out"
tells "a head is never more than received here" 'received: cosigned by [12] others, 3 needed; so few detect, and do not prevent$' "$T/out"
ends "as JSON" 0 status --json
is "with what it is worth" "$(of b '[.self, .standing, .exposed, .withdrawn, .disputed, .budget_left_for]')" '[false,"received",false,false,false,1000000]'
is "of oneself there is no budget" "$(of a 'has("budget_left_for")')" false
check "c withdraws" "$bin" pact withdraw --home "$T/c"
check "which is known" wait_for 20 knows '.members[] | select(.name == "c") | .withdrawn'
ends "and told" 0 status
tells "by its own word" '^    WITHDRAWN  by its own word$' "$T/out"
ends "arguments" 2 status b

# --- what runs ------------------------------------------------------------------------------------

stop_node_of a
ends "a node that ended" 0 status
tells "does not run" '^  node       does not run$' "$T/out"
refute "and leaves nothing" test -e "$T/a/processes"
is "as JSON" "$(status --json | jq -c .node)" '{"runs":false,"left":false,"processes":[],"missing":[]}'

# proc_of PID NAME: that line of /proc/PID/status
proc_of() { sed -n "s/^$2:[[:space:]]*//p" "/proc/$1/status" 2>/dev/null; }
role() { jq -r --arg r "$1" "[.node.processes[] | select(.role == \$r)][0] | $2" "$T/out"; }
# whole: all of it is at work
whole() { "$@" status --home "$home" --json >"$T/out" 2>"$T/err" && jq -e '.node.missing == []' "$T/out"; }
# shut_in WHO UID COMMAND...: what runs in $home, as that command sees it; the node is $node
shut_in() {
    local who=$1 uid=$2 r pid
    shift 2
    check "$who: all are at work" wait_for 20 whole "$@"
    is "$who: nothing is wrong" "$(jq -c '[.node.processes[].wrong[]]' "$T/out")" "[]"
    is "$who: the parent" "$(role parent .pid)" "$node"
    for r in front api ledger match keeper signer; do
        pid=$(role $r .pid)
        is "$who: $r by its name" "$(cat "/proc/$pid/comm")" "entente: $r"
        is "$who: $r as the kernel says" "$(role $r '[.seccomp, .no_new_privs, .capabilities, .uid] | join(" ")')" \
            "$(proc_of "$pid" Seccomp) true $(proc_of "$pid" CapEff) $(proc_of "$pid" Uid | cut -f 2)"
        is "$who: $r is shut in" "$(role $r '[.seccomp, .capabilities] | join(" ")')" "2 0000000000000000"
        is "$who: $r says the same" "$(role $r .says | grep -c '^seccomp, ')" 1
        is "$who: $r is nobody else's to look into" "$(role $r '.uid == 0 or .dumpable == false')" true
    done
    is "$who: the keeper is who owns the home" "$(role keeper .uid)" "$uid"
    check "$who: since when" test "$(date -d "$(role signer .since)" +%s)" -ge $(($(date +%s) - 120))
}

start_node a
home=$T/a
shut_in "this user" "$(id -u)" "$bin"
ends "for people" 0 status
tells "the node" "^  node       process $node since [-0-9]*T[0-9:]*Z, user $(id -u), in no sandbox; its processes:\$" "$T/out"
most="at most 256 MiB" && [ $sanitized = no ] || most="any amount of memory"
tells "its signer" '^    signer     process [0-9]+ since .*, user [0-9]+: seccomp, no new privileges, no capabilities, .*'"$most\$" "$T/out"
tells "what that says" '^               it says: seccomp, (Landlock [0-9]+|no Landlock), user ' "$T/out"
refute "nothing is wrong" grep -E 'WRONG|MISSING' "$T/out"

ends "a second node in the same home" 4 "$bin" serve --home "$T/a" --listen 127.0.0.1:0 --users-listen off
told "is refused" "entente: the node: another node runs in this home"
check "and the first is still listed" whole "$bin"

# One that ends is not said to be there; who comes after it is.
old=$(role keeper .pid)
kill -STOP "$node"
kill -KILL "$old"
ended() { [[ $(proc_of "$old" State) =~ ^(Z|$) ]]; }
check "one ends" wait_for 10 ended
ends "while nobody has noticed" 0 status
tells "it is gone" "^    WRONG      keeper $old: it is gone, and no other is at work in its place yet\$" "$T/out"
tells "and missing" '^    MISSING    keeper: none is at work$' "$T/out"
kill -CONT "$node"
another() { whole "$bin" && [ "$(role keeper .pid)" != "$old" ]; }
check "then there is another" wait_for 30 another
is "of which nothing is wrong" "$(jq -c '[.node.processes[].wrong[]]' "$T/out")" "[]"

# The number of a process says nothing: what it was started as does.
# Not while the node itself writes it: some of its processes have just begun anew.
settled() { cp "$T/a/processes" "$T/listed" && sleep 2 && cmp -s "$T/listed" "$T/a/processes" && [ "$(wc -l <"$T/listed")" -ge 10 ]; }
wait_for 30 settled
sleep 60 &
pids+=($!)
sed "s/^signer [0-9]*/signer $!/" "$T/listed" >"$T/a/processes"
ends "another process in its place" 0 status
tells "is not the signer" "^    WRONG      signer $!: it is gone" "$T/out"
sed "s/^signer \([0-9]*\) \([0-9]*\)/signer \1 1/" "$T/listed" >"$T/a/processes"
ends "nor one with its number from another time" 0 status
tells "is" '^    WRONG      signer [0-9]*: it is gone' "$T/out"
sed "/^signer/s/seccomp, .*/seccomp, Landlock 1, user 4294967295/" "$T/listed" >"$T/a/processes"
ends "what does not match" 0 status
tells "is told" '^    WRONG      signer [0-9]*: it is another user than it said$' "$T/out"
sed "s/^front/signer/" "$T/listed" >"$T/a/processes"
ends "a role it does not have" 0 status
tells "is not believed" '^    MISSING    front: none is at work$' "$T/out"
echo "signer 1" >"$T/a/processes"
ends "what no node writes" 3 status
told "is no answer" "entente: processes: not what a node writes there"
cp "$T/listed" "$T/a/processes"

stop_node_of a KILL
ends "a node that was killed" 0 status
tells "does not run" '^  node       does not run, as far as can be seen here; it ended without a word$' "$T/out"
is "as JSON" "$(status --json | jq -c .node)" '{"runs":false,"left":true,"processes":[],"missing":[]}'
start_node a
check "what it left is in nobody's way" wait_for 20 whole "$bin"
stop_node_of a
is "it ends well" "$rc" 0

# Who is not root keeps one user for all.
if [ "$(id -u)" = 0 ] && setpriv --reuid 65534 --regid 65534 --clear-groups true 2>/dev/null; then
    as_nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups "$T/free/entente")
    mkdir "$T/free" && chmod 711 "$T" && cp "$bin" "$T/free/entente" && cp -r "$T/a" "$T/free/a"
    chown -R 65534:65534 "$T/free"
    "${as_nobody[@]}" serve --home "$T/free/a" --listen 127.0.0.1:0 --users-listen off \
        --port-file "$T/free/port" >"$T/free/log" 2>&1 </dev/null &
    node=$!
    pids+=("$node")
    check "a node that is not root's" wait_for 30 test -s "$T/free/port"
    home=$T/free/a
    shut_in nobody 65534 "${as_nobody[@]}"
    shut_in "nobody, seen by root" 65534 "$bin"
    is "all are that user" "$(jq -c '[.node.processes[].uid] | unique' "$T/out")" "[65534]"
    is "none can be looked into" "$(jq -c '[.node.processes[].dumpable] | unique' "$T/out")" "[false]"
    stop_node
    is "it ends well, too" "$rc" 0
else
    skip "a node that is not root's" "this is not root, or may not become another"
fi
done_testing
