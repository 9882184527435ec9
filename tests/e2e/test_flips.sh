#!/usr/bin/env bash
# test_flips.sh: every file that a home of a ledger member can hold, one after another, with one bit
# flipped: it is refused, and named. ENT_SEED repeats a run; ENT_FLIPS=N flips N bits of each file,
# ENT_FLIPS=all every byte of files below 64 KiB. What a node mends by itself it mends in the end.
# shellcheck source=tests/e2e/lib.sh disable=SC2015,SC2317
. tests/e2e/lib.sh

seed=${ENT_SEED:-$RANDOM$RANDOM}
echo "# ENT_SEED=$seed"
say=$peers/say
status() { "$bin" status --home "$T/$1" --json; }
met() { local m; for m in a b c d; do wait_for 20 acquainted "$m" 3 || return; done; }
exposed() { ls "$T/$1/exposed/"d-* >/dev/null 2>&1; }
mirrored() { # MEMBER WHO: all of it
    status "$2" | jq -e --arg m "$1" --argjson n "$(sed -n 2p "$T/$1/lock/1/checkpoint")" \
        '.members[] | select(.name == $m) | .mirrored == $n' >/dev/null
}
proposed() { [ "$(find "$T/a/pact/next" -type f | wc -l)" -ge 2 ]; }

# --- a home in which everything has happened -------------------------------------------------------

nodes a b c d
for m in a b c d; do
    "$bin" import --home "$T/$m" --source "of-$m" --tlp green - <<<"evil-$m.example.com" >/dev/null
done
check "four members found a pact" found a b c d
check "they meet" met
printf 'entente/observed@v1\ndomain evil-a.example.com\ndomain evil-b.example.com\n' >"$T/seen"
ends "a asks" 0 "$bin" match --home "$T/a" b --from "$T/seen"
ends "and is asked" 0 "$bin" match --home "$T/c" a --from "$T/seen"
check "they vote" "$bin" pact propose --home "$T/a" --budget 1000/30
check "and decide" sworn b c d a
"$bin" pact propose --home "$T/b" --budget 2000/30 >/dev/null 2>&1
check "the next vote has begun" wait_for 20 proposed
"$bin" pact vote --home "$T/a" >/dev/null 2>&1
for m in b c d; do check "a mirrors $m" wait_for 20 mirrored $m a; done

for m in b d; do stop_node_of $m; done
cp -a "$T/d" "$T/twin"
"$say" speak "$T/d" 1 alone >/dev/null
"$say" speak "$T/twin" 2 alone >/dev/null
mv "$T/d" "$T/d.first"
start_node b
cp -a "$T/d.first" "$T/d"
start_node d
check "one history is seen" wait_for 60 mirrored d a
stop_node_of d
rm -rf "$T/d" && cp -a "$T/twin" "$T/d"
start_node d
check "so is another, which exposes it" wait_for 90 exposed a
printf '8.8.8.8 evil.com\n' >"$T/log"
ends "a watches" 0 "$bin" watch --home "$T/a" --observe "$T/log"
ends "one leaves" 0 "$bin" pact withdraw --home "$T/c" --reason "no budget"
check "and a knows" wait_for 20 test -s "$T/a/withdrawn/c"
wait_for 20 mirrored c a
for m in a b c d; do stop_node_of $m; done
rm -f "$T/a/book.lock"
(cd "$T/a" && find . -type f | sort) >"$T/files"
for want in card keys/root pact/000002 pact/next/ pact/read-1 log/1/bodies.idx lock/1/checkpoint \
    lock/ballot lock/heads/b/1 mirror/b/1/entries.dat mirror/b/1/mirrored mirror/b/1/seen \
    mirror/b/1/read heads/ exposed/list exposed/d- withdrawn/c observed/2 /hits /secret /result-theirs /sums; do
    grep -qF "$want" "$T/files" || { not_ok "a home with everything in it" "no $want" "$(cat "$T/files")"; }
done
ends "all of it holds" 0 "$bin" log verify --home "$T/a"
for m in b c d; do ends "and the mirror of $m" 0 "$bin" log audit $m --home "$T/a"; done

# --- to whom -----------------------------------------------------------------------------------------

# to MEMBER FILTER: the lines of a match in the log of that member, without times
to() { "$bin" log list --home "$T/a" "$1" | awk '$3 ~ /offer|accept|result/ { print $3, $5, $6 }'; }
is "of an offer it is told who was asked, of an answer whose offer it was" "$(to a)" "offer to b
result to b
accept to c
result to c"
is "also of others', where one was the partner" "$(to b)$(to c)" "accept to a
result to aoffer to a
result to a"
ends "as JSON" 0 "$bin" log list b --home "$T/a" --json
is "the same, with the hashes" "$(jq -c '[.entries[] | select(.to) | [.type, .to, (.refs | length)]]' "$T/out")" \
    '[["accept","a",1],["result","a",1]]'
run_of_c=$(cd "$T/a" && grep -l 'author c ' runs/*/offer)
sed -i 's/^author c /author d /' "$T/a/$run_of_c"
is "a record that does not hold says nothing" "$(to a | sed 's/ on .*/ on/')" "offer to b
result to b
accept on
result on"
sed -i 's/^author d /author c /' "$T/a/$run_of_c"

# --- one bit of each -------------------------------------------------------------------------------

cat >"$T/flips.py" <<'PY'
# flips.py BIN HOME SEED HOW: prints "FILE BIT: what" for each flip that was not refused by its name
import os, random, subprocess, sys
program, home, seed, how = sys.argv[1:]
rnd = random.Random(int(seed))
# The operator's words, SQLite's and the compiled image: docs/home.md says what becomes of them.
apart = ("config", "store.db", "image/", "keys/image")
files = sorted(os.path.relpath(os.path.join(d, f), home) for d, _, fs in os.walk(home) for f in fs)
tried = 0
for name in files:
    if name.startswith(apart) or name in ("book.lock", "accounts.epoch"):
        continue
    words = name.split("/")
    member = words[1] if words[0] == "mirror" else words[2] if words[:2] == ["lock", "heads"] else None
    command = [program, "log"] + (["audit", member] if member else ["verify"]) + ["--home", home]
    path = os.path.join(home, name)
    kept = open(path, "rb").read()
    mode = os.stat(path).st_mode
    os.chmod(path, 0o600)
    if how == "all" and len(kept) < 65536:
        bits = [8 * i + rnd.randrange(8) for i in range(len(kept))]
    else:
        bits = [rnd.randrange(8 * len(kept)) for _ in range(12 if how == "all" else int(how))] if kept else []
    for bit in bits:
        data = bytearray(kept)
        data[bit // 8] ^= 1 << bit % 8
        open(path, "wb").write(data)
        run = subprocess.run(command, capture_output=True, text=True, errors="replace")
        tried += 1
        named = "entente: " + name + ": " in run.stderr or "/" + name + ": " in run.stderr
        if run.returncode not in (3, 4) or not named:
            print(f"{name} {bit}: exit code {run.returncode}: {run.stderr.strip()}")
    open(path, "wb").write(kept)
    os.chmod(path, mode)
print(tried, file=sys.stderr)
PY
how=${ENT_FLIPS:-8}
[ "$sanitized" = no ] || how=${ENT_FLIPS:-1}
python3 "$T/flips.py" "$bin" "$T/a" "$seed" "$how" >"$T/missed" 2>"$T/tried"
is "none of $(cat "$T/tried") flipped bits goes unseen, or is told of another file" "$(cat "$T/missed")" ""
ends "all of it is as it was" 0 "$bin" log verify --home "$T/a"
# --- what comes back -------------------------------------------------------------------------------

cat >"$T/flip.py" <<'PY'
# flip.py FILE PLACE: a bit of that byte
import sys
data = bytearray(open(sys.argv[1], "rb").read())
data[int(sys.argv[2])] ^= 4
open(sys.argv[1], "wb").write(data)
PY
theirs=$(cd "$T/a" && find pact/next -name '*.b' | head -1)
own=$(cd "$T/a" && find pact/next -name '*.a' | head -1)
for f in "$theirs" "$own" exposed/list withdrawn/c mirror/b/1/read; do python3 "$T/flip.py" "$T/a/$f" 3; done
python3 "$T/flip.py" "$T/a/mirror/b/1/entries.dat" 40
ends "much is damaged" 4 "$bin" log verify --home "$T/a"
ends "a mirror too" 4 "$bin" log audit b --home "$T/a"
rm "$T/a/mirror/b/1/mirrored" # which has a mirror fetched again
: >"$T/a.log"
for m in a b c; do start_node $m; done
holds() { "$bin" log verify --home "$T/a" && "$bin" log audit b --home "$T/a"; }
check "once the others are met again all of it is whole" wait_for 30 holds
for f in "$theirs" "$own" exposed/list withdrawn/c; do
    tells "which is said of ${f%%.*}" "event=file-mended file=$f\$" "$T/a.log"
done
for m in a b c; do stop_node_of $m; done
done_testing
