#!/usr/bin/env bash
# Members who cheat. An asker who does gets one bare refusal and its run is over, while the node goes
# on serving; a holder who does is caught, in one line and with exit code 4 or 5, or gains nothing.
. tests/e2e/lib.sh

cheat=$peers/cheat

# --- askers ---------------------------------------------------------------------------------------
member honest && member holder && member crook
"$bin" import --home "$T/holder" "$jar" >/dev/null
release_jar holder
export_card honest && export_card crook && start_node holder
export_card holder "https://127.0.0.1:$port"
check "an honest asker, a holder and a crook found a pact" found honest holder crook
check "the holder's node sees it" wait_for 20 joined holder
url=https://127.0.0.1:$port

# answered HOW WANT: the answer to the wicked message is this status with so many bytes; a * stands
# for a body, which only a signed refusal has.
answered() {
    local got
    got=$("$cheat" ask "$T/crook" holder "$url" "$1" 2>&1)
    case $2 in
    *'*') if [[ $got == "${2%\*}"[1-9]* ]]; then ok "asker: $1"; else not_ok "asker: $1" "got $got"; fi ;;
    *) is "asker: $1" "$got" "$2" ;;
    esac
}
for how in identity bit-255 negative random-bytes too-many too-few wrong-batch garbage \
    other-questions after-the-end early-result; do
    answered $how "409 0"
done
answered oversized "413 0"
answered odd-path "400 0"
for how in garbage-offer forged misdirected wrong-type wrong-number; do
    answered $how "409 0"
done
answered unwitnessed "503 0"
answered zero-items "403 *"
answered replayed "403 *"

"$bin" watch --home "$T/honest" --observe-file "$T/seen" "$apache" >/dev/null 2>&1
ends "the node still serves those who are honest" 0 "$bin" match --home "$T/honest" holder --types ip
tells "and answers them" '^2 of 1,770 asked are on ' "$T/out"
is "no run of the crook came to an end" "$(grep -c 'match-finished partner=crook' "$T/holder.log")" 0
tells "each was ended with a reason in the log" 'match-aborted partner=crook .*cause=' "$T/holder.log"

# --- holders --------------------------------------------------------------------------------------
"$bin" import --home "$T/crook" "$jar" >/dev/null
release_jar crook

# held HOW CODE TEXT: a match with a holder who does HOW ends so
held() {
    rm -f "$T/port"
    "$cheat" hold "$T/crook" "$T/port" "$1" >"$T/crook.log" 2>&1 &
    node=$!
    pids+=("$node")
    wait_for 30 test -s "$T/port"
    before=$(find "$T/honest/runs" -mindepth 1 -maxdepth 1 | wc -l)
    ends "holder: $1: exit code $2" "$2" "$bin" match --home "$T/honest" crook --types ip \
        --url "https://127.0.0.1:$(cat "$T/port")"
    after=$(find "$T/honest/runs" -mindepth 1 -maxdepth 1 | wc -l)
    [ "$2" = 0 ] || told "holder: $1: one line" "entente: crook: $3"
    [ "$2" = 0 ] || is "holder: $1: no record of a run that failed" "$after" "$before"
    stop_node TERM
}
proof="the partner's answers do not carry a valid proof"
held proof 4 "$proof"
held identity 4 "$proof"
held bit-255 4 "$proof"
held swapped 4 "$proof"
held truncated 4 "$proof"
held endless 4 "the answer is larger than allowed"
held error 5 "the partner broke off the run"
held short-filter 4 "the partner's filter is malformed"
held malformed-filter 4 "the partner's filter is malformed"
held another-filter 4 "the partner signed another result than it gave"
held forged-acceptance 4 "body does not fit the signed statement"
held forged-result 4 "body does not fit the signed statement"
held forged-receipt 4 "number of the statement is not that of its place"
held labels 0
tells "sealed labels are told, and nothing else differs" 'sealed its label so that it cannot' "$T/out"
tells "hits are hits all the same" '^2 of 1,770 asked are on ' "$T/out"
held nothing 0
tells "a holder who does nothing wrong is fine" '^2 of 1,770 asked are on ' "$T/out"
stop_node_of holder
is "the holder's node ends well" "$rc" 0
done_testing
