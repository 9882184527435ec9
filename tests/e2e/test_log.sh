#!/usr/bin/env bash
# test_log.sh: one's own log and the mirrors of others': what is told of them, and that no flipped
# bit in any of their files goes unseen.
# shellcheck source=tests/e2e/lib.sh disable=SC2015,SC2317
. tests/e2e/lib.sh

log() { "$bin" log "$@"; }

# allied NAME...: members with running nodes in one pact, drafted by the first
allied() {
    local name cards=()
    for name; do
        member "$name" && configure "$name" "gossip_seconds = 1" && start_node "$name" &&
            export_card "$name" "https://127.0.0.1:$port" || return
        cards+=("$T/$name.member")
    done
    "$bin" pact new --home "$T/$1" --name test --output "$T/draft" "${cards[@]}" 2>/dev/null || return
    for name in "${@:2}" "${@:1:$#-1}"; do
        "$bin" pact vote --home "$T/$name" "$T/draft" >/dev/null 2>&1 || return
    done
    for name; do wait_for 20 grep -q event=member-reached "$T/$name.log" || return; done
}
# mirrors NAME MEMBER N: its mirror of that log has so many entries, and two have cosigned
mirrors() {
    "$bin" status --home "$T/$1" --json |
        jq -e --arg m "$2" --argjson n "$3" '.members[] | select(.name == $m) | .mirrored >= $n and .cosigned >= 2' >/dev/null
}
# voted: version 2 is decided, and all have said so
voted() {
    local name
    "$bin" pact propose --home "$T/a" --budget 10/30 >/dev/null 2>&1 || return
    for name in b c a b c; do "$bin" pact vote --home "$T/$name" >/dev/null 2>&1; done
    for name in b c; do wait_for 20 mirrors a "$name" 2 || return; done
    wait_for 20 mirrors a a 3
}

member lone
ends "without a pact there is no log" 5 log list --home "$T/lone"
told "and it is said what founds one" \
    "entente: lone: in no pact yet: \`entente pact new\` founds one, \`entente pact vote\` joins"

allied a b c && ok "three members in a pact" || not_ok "three members in a pact"
ends "a log in which nothing was said" 0 log list --home "$T/a"
is "has no entries" "$(cat "$T/out")" ""
ends "and all of it holds" 0 log verify --home "$T/a"
ends "nothing of b is here" 5 log list b --home "$T/a"
told "and that is said" "entente: b: nothing of this member's log is here"
check "they vote" voted
for p in "${pids[@]}"; do kill -TERM "$p"; done
wait 2>/dev/null
pids=()

# --- looking -------------------------------------------------------------------------------------

ends "the own log" 0 log list --home "$T/a"
is "an entry a line" "$(awk '{ print $1, $3, $4 }' "$T/out")" "0 propose TLP:AMBER+STRICT
1 prevote TLP:AMBER+STRICT
2 precommit TLP:AMBER+STRICT"
ends "a part of it as JSON" 0 log list --home "$T/a" --from 1 --limit 1 --json
is "is that part" "$(jq -c '[.member, .size, (.entries | map([.index, .type, .sequence]))]' "$T/out")" '["a",3,[[1,"prevote",2]]]'
ends "a mirror" 0 log list b --home "$T/a" --json
is "is b's log" "$(jq -c '[.member, (.entries | map(.type))]' "$T/out")" '["b",["prevote","precommit"]]'
ends "from behind the end" 0 log list --home "$T/a" --from 99
is "there is nothing" "$(cat "$T/out")" ""
ends "from somewhere" 2 log list --home "$T/a" --from x
ends "somebody who is no member" 5 log list mallory --home "$T/a"
told "is told to be none" "entente: mallory: the pact has no such member: \`entente pact show\`"

ends "one entry" 0 log show 0 --home "$T/a"
tells "with what it claims" '^  propose, number 1 of a, under version 1 of the pact$' "$T/out"
tells "with its body" '^  \| budget 10 2592000$' "$T/out"
tells "received, not accepted" '^  received: cosigned by 2 others, 3 needed; so few detect, and do not prevent$' "$T/out"
ends "one of another" 0 log show 1 --home "$T/a" --member b --json
is "with its standing, without its body" "$(jq -c '[.author, .type, .standing, .cosigned, has("body")]' "$T/out")" '["b","precommit","received",2,false]'
ends "one that is not there" 5 log show 3 --home "$T/a"
told "is told not to be there" "entente: 3: there is no such entry here"
ends "what is no number" 2 log show 0x1 --home "$T/a"
ends "no command at all" 2 log --home "$T/a"

# --- all of it -----------------------------------------------------------------------------------

ends "the own log holds" 0 log verify --home "$T/a"
tells "all its entries" '^  entries    3, each hashed and its signature verified$' "$T/out"
ends "as JSON" 0 log verify --home "$T/a" --json
is "the same" "$(jq -c '[.holds, .entries, .size, .head_size]' "$T/out")" '[true,3,3,3]'
ends "a mirror holds" 0 log audit b --home "$T/a" --threads 2
tells "all its entries" '^  entries    2, each hashed' "$T/out"
ends "no threads at all" 2 log audit b --home "$T/a" --threads 0
is "looking has changed nothing" "$(digest "$T/a")" "$(log verify --home "$T/a" >/dev/null; log audit c --home "$T/a" >/dev/null; digest "$T/a")"

cat >"$T/flip.py" <<'PY'
# flip.py FILE AT: one bit of the byte at this place, counted in 1/8 of the file
import os, sys
path, at = sys.argv[1], int(sys.argv[2])
with open(path, "r+b") as f:
    n = os.path.getsize(path)
    f.seek((n - 1) * at // 8)
    b = f.read(1)[0]
    f.seek((n - 1) * at // 8)
    f.write(bytes([b ^ (1 << at % 7)]))
PY
# flips COMMAND WORD... -- FILE...: with one bit flipped in each of the files in turn the command
# ends with 4 and names the file
flips() {
    local words=() file at n=0
    while [ "$1" != -- ]; do words+=("$1"); shift; done
    shift
    for file; do
        cp "$T/a/$file" "$T/kept"
        for at in 0 1 3 4 6 8; do
            python3 "$T/flip.py" "$T/a/$file" "$at"
            run "$bin" "${words[@]}" --home "$T/a"
            cp "$T/kept" "$T/a/$file"
            n=$((n + 1))
            [ "$rc" = 4 ] && grep -qF "${file%/*}/" "$T/err" && continue
            echo "$file at $at/8: exit code $rc: $(cat "$T/err")"
            return 1
        done
    done
    [ "$n" -gt 0 ]
}
mapfile -t own < <(cd "$T/a" && find log lock/1 heads -type f -size +0 | sort)
mapfile -t theirs < <(cd "$T/a" && find mirror/b lock/heads/b -type f ! -name read -size +0 | sort)
is "the files of a log" "$(printf '%s\n' "${own[@]}" | grep -v heads)" "lock/1/checkpoint
log/1/bodies.dat
log/1/bodies.idx
log/1/checkpoint
log/1/entries.dat
log/1/entries.idx
log/1/h0"
check "no flipped bit in the own log goes unseen" flips log verify -- "${own[@]}"
check "and none in a mirror" flips log audit b -- "${theirs[@]}"
ends "all is as it was" 0 log audit b --home "$T/a"

cp "$T/a/log/1/entries.dat" "$T/kept"
python3 - "$T/a/log/1/entries.dat" <<'PY'
import struct, sys
data = bytearray(open(sys.argv[1], "rb").read())
(n,) = struct.unpack_from("<I", data, 0)
data[8 + n + 40] ^= 1  # in the second entry
open(sys.argv[1], "wb").write(data)
PY
ends "a bit of the second entry" 4 log verify --home "$T/a"
told "is told with file and number" "entente: log/1/entries.dat: entry 1: entries.dat is damaged"
ends "as JSON" 4 log verify --home "$T/a" --json
is "too" "$(jq -c '[.holds, .file, .index, .error]' "$T/out")" '[false,"log/1/entries.dat",1,"entries.dat is damaged"]'
ends "it is not shown" 4 log show 1 --home "$T/a"
cp "$T/kept" "$T/a/log/1/entries.dat"
rm -f "$T/a/log/1/checkpoint" "$T/a/lock/1/checkpoint"
ends "entries without a head" 4 log verify --home "$T/a"
told "are nobody's" "entente: log/1/entries.dat: entries without a head that was signed for them"

# --- for others ----------------------------------------------------------------------------------

ends "the log of b as tiles" 0 log export "$T/tiles" --home "$T/b"
is "in C2SP's names" "$(cd "$T/tiles" && find . -type f | sort)" "./checkpoint
./policy
./tile/0/000.p/2
./tile/entries/000.p/2
./vkey"
is "the hashes are those of the log" "$(sha256sum <"$T/tiles/tile/0/000.p/2")" "$(sha256sum <"$T/b/log/1/h0")"
check "the policy knows the log" grep -qF "log $(cat "$T/tiles/vkey")" "$T/tiles/policy"
ends "nothing is overwritten" 4 log export "$T/tiles" --home "$T/b"
told "and that is said" "entente: $T/tiles: there is something already, and nothing is overwritten"
refute "nothing half-made is left" leftovers "$T"
ends "a receipt of what was not said" 5 log receipt 9 --home "$T/b"
ends "a proof beyond the end" 5 log prove 1 9 --home "$T/b"
ends "a proof backwards" 5 log prove 2 1 --home "$T/b"
ends "no proofs of misbehaviour" 0 log prove-fork --list --home "$T/b"
is "are none" "$(cat "$T/out")" ""
done_testing
