#!/usr/bin/env bash
# test_verify.sh: what is handed over, checked offline with `entente verify`, by members and by those
# who have no home. Two histories of one log come from a home that was copied.
# shellcheck source=tests/e2e/lib.sh disable=SC2015,SC2317
. tests/e2e/lib.sh

verify() { HOME=$T/nobody "$bin" verify "$@"; }
log() { "$bin" log "$@"; }
propose() { "$bin" pact propose --home "$T/$1" --budget "$2/30" >/dev/null 2>&1; }

# A pact of one needs nobody to sign.
member m
export_card m
"$bin" pact new --home "$T/m" --name alone >/dev/null 2>&1
"$bin" pact export --home "$T/m" -o "$T/early"
cp -a "$T/m" "$T/twin"
propose m 10
"$bin" pact export --home "$T/m" -o "$T/pact"
n=$(log list --home "$T/m" --json | jq .size)
check "something was said" test "$n" -ge 2

# --- what holds ----------------------------------------------------------------------------------

log receipt 0 --home "$T/m" -o "$T/receipt"
log prove 1 "$n" --home "$T/m" -o "$T/grew"
cp "$T/m/log/1/checkpoint" "$T/head" 2>/dev/null || cp "$T/m/lock/1/checkpoint" "$T/head"
ends "a receipt without keys" 4 verify "$T/receipt"
told "needs a pact" "entente: $T/receipt: nothing here says whose keys are valid: --pact FILE, as \`entente pact export\` writes it"
ends "a receipt" 0 verify --pact "$T/pact" "$T/receipt"
tells "says who said what" '^  propose, number 1 of m, under version 1 of the pact$' "$T/out"
tells "and what that is worth" '^  received: cosigned by 0 others' "$T/out"
ends "by a pact among the files" 0 verify "$T/receipt" "$T/pact"
ends "by the pact before" 0 verify --pact "$T/early" "$T/receipt"
ends "by that of a home" 0 verify --home "$T/m" "$T/receipt" "$T/head" "$T/grew"
ends "all as JSON" 0 verify --pact "$T/pact" --json "$T/receipt" "$T/head" "$T/grew" "$T/pact"
is "with their kinds" "$(jq -c '[.all_hold, (.files | map([.kind, .holds]))]' "$T/out")" \
    '[true,[["receipt",true],["checkpoint",true],["proof of consistency",true],["pact",true]]]'
is "and what they say" "$(jq -c --argjson n "$n" '[.files[0].author, .files[0].index, .files[0].standing, .files[2].old, .files[2].new == $n]' "$T/out")" '["m",0,"received",1,true]'
python3 - "$T/receipt" "$T/statement" <<'PY'
import base64, sys
for line in open(sys.argv[1], "rb"):
    if line.startswith(b"extra "):
        open(sys.argv[2], "wb").write(base64.b64decode(line[6:]))
PY
ends "the statement alone" 0 verify --pact "$T/pact" "$T/statement"
tells "stands in no log" "^  signed only: nothing here shows that it stands in its author's log$" "$T/out"

# --- what does not -------------------------------------------------------------------------------

cat >"$T/flips.py" <<'PY'
# flips.py FILE STEP PROGRAM...: with any bit flipped, FILE does not hold
import subprocess, sys
path, step, program = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
data = open(path, "rb").read()
for at in range(0, len(data), step):
    bad = bytearray(data)
    bad[at] ^= 1 << at % 8
    open(path + ".bad", "wb").write(bad)
    got = subprocess.run(program + [path + ".bad"], capture_output=True)
    if got.returncode != 4 or path.encode() + b".bad:" not in got.stderr:
        sys.exit("byte %d: %d %r" % (at, got.returncode, got.stderr))
for n in (0, 1, len(data) // 2, len(data) - 1):
    open(path + ".bad", "wb").write(data[:n])
    if subprocess.run(program + [path + ".bad"], capture_output=True).returncode != 4:
        sys.exit("cut to %d" % n)
PY
for file in receipt head grew statement; do
    check "any flipped bit of a $file is told" python3 "$T/flips.py" "$T/$file" 9 "$bin" verify --pact "$T/pact"
done
check "and of a pact" python3 "$T/flips.py" "$T/pact" 67 "$bin" verify --home "$T/m"
ends "what is none of these" 4 verify --pact "$T/pact" tests/e2e/lib.sh
tells "is told not to be" 'its first line is none of a receipt, a statement, an act'
ends "no file" 2 verify
ends "a file that is not there" 5 verify --pact "$T/pact" "$T/absent"
printf 'entente/\033[2J@v1\n' >"$T/esc"$'\033'
ends "a name with an escape" 4 verify --pact "$T/pact" "$T/esc"$'\033'
refute "does not reach the terminal" grep -q $'\033' "$T/err"
member other
"$bin" pact new --home "$T/other" --name other >/dev/null 2>&1
"$bin" pact export --home "$T/other" -o "$T/other.pact"
ends "by another pact" 4 verify --pact "$T/other.pact" "$T/receipt"
ends "two pacts at once" 4 verify --pact "$T/other.pact" "$T/pact" "$T/receipt"
told "are not mixed" "entente: $T/pact: another pact than the one before it"
ends "one that holds and one that does not" 4 verify --pact "$T/pact" --json "$T/receipt" "$T/head.bad"
is "are told apart" "$(jq -c '[.all_hold, (.files | map(.holds))]' "$T/out")" '[false,[true,false]]'

# --- the program that only verifies --------------------------------------------------------------

small=$bin-verify
small() { HOME=$T/nobody "$small" "$@"; }
for way in "--pact $T/pact $T/receipt $T/head $T/grew $T/statement" "--pact $T/pact --json $T/receipt" \
    "--home $T/m $T/head" "$T/receipt" "--pact $T/pact $T/receipt $T/receipt.bad" "$T/nothing"; do
    read -ra words <<<"$way"
    run verify "${words[@]}"
    was="$rc $(cat "$T/out" "$T/err")"
    run small "${words[@]}"
    is "entente-verify says the same: ${way//$T\//}" "$rc $(cat "$T/out" "$T/err")" "$was"
done
ends "it wants files" 2 small
told "and says so" $'entente-verify: which files?\nusage: entente-verify FILE... [--pact FILE]'
ends "and knows no other command" 5 small status
if [ $sanitized = yes ]; then
    skip "it knows no network" "the sanitizer's runtime does"
else
    is "it needs two libraries" "$(readelf -d "$small" | sed -n 's/.*NEEDED.*\[\([a-z]*\)[.].*/\1/p' | sort | tr '\n' ' ')" "libc libsodium "
    refute "and calls nothing that opens a socket or starts a program" \
        grep -E ' (socket|socketpair|connect|bind|listen|accept4?|getaddrinfo|dlopen|exec[a-z]*|v?fork|clone|system|popen|posix_spawnp?|syscall|pthread_create)(@|$)' <(nm -D --undefined-only "$small")
    check "which the program itself does" grep -Eq ' (socket|getaddrinfo)(@|$)' <(nm -D --undefined-only "$bin")
fi

# --- two histories -------------------------------------------------------------------------------

propose twin 11
cp "$T/twin/lock/1/checkpoint" "$T/head2"
ends "each head holds alone" 0 verify --pact "$T/early" "$T/head2"
ends "both do not" 4 verify --pact "$T/early" "$T/head" "$T/head2"
tells "and it is said why" 'its head contradicts one before it: its log has two histories'
ends "two versions of one number" 4 verify --pact "$T/pact" <("$bin" pact export --home "$T/twin") "$T/head"
ends "heads of one size" 0 log prove-fork "$T/head" "$T/head2" --home "$T/m" -o "$T/fork"
ends "are a proof that stands alone" 0 verify "$T/fork"
tells "against m" '^  m signed two histories' "$T/out"
tells "by the pact inside" '^  by the keys of the pact that came with it; is it the one that you mean\?$' "$T/out"
ends "for a member too" 0 verify "$T/fork" --home "$T/m"
refute "who knows the pact" grep -q 'came with it' "$T/out"
ends "and for a member of another pact" 0 verify "$T/fork" --home "$T/other" --json
is "who is told so" "$(jq -c '.files[0] | [.member, .misbehaviour, .pact_from_proof]' "$T/out")" '["m","fork",true]'
ends "but not by a pact that was pointed at" 4 verify "$T/fork" --pact "$T/other.pact"
propose m 12
cp "$T/m/lock/1/checkpoint" "$T/head3"
ends "heads of two sizes" 0 log prove-fork "$T/head3" "$T/head2" --home "$T/m" -o "$T/fork2"
ends "are one with a path" 0 verify "$T/fork2"
check "that is in it" grep -q '^path ' "$T/fork2"
ends "two heads of one history" 4 log prove-fork "$T/head" "$T/head3" --home "$T/m"
told "prove nothing" "entente: $T/head: these two heads are of one history: nothing is proved"
ends "a head and something else" 4 log prove-fork "$T/head" "$T/receipt" --home "$T/m"
ends "the larger one is of the other home" 4 log prove-fork "$T/head" "$T/head3" --home "$T/twin"
check "any flipped bit of a proof is told" env HOME="$T/nobody" python3 "$T/flips.py" "$T/fork2" 101 "$bin" verify
done_testing
