#!/usr/bin/env bash
# test_init.sh: homes, keys, cards, pacts; what is refused, and that nothing half-made stays.
# shellcheck source=tests/e2e/lib.sh disable=SC2015
. tests/e2e/lib.sh

# --- a home --------------------------------------------------------------------------------------

ends "init makes a home" 0 "$bin" init --home "$T/a" --name alpha --no-passphrase
tells "open keys are called what they are" 'keys are NOT encrypted: whoever can read these files can act as you' "$T/out"
fingerprint=$(grep -Eo '([0-9a-f]{4} ){9}[0-9a-f]{4}' "$T/out")
is "directories are the owner's alone" "$(stat -c %a "$T/a" "$T/a/keys" "$T/a/pact" "$T/a/acts" "$T/a/runs" | sort -u)" 700
is "keys cannot even be written" "$(stat -c %a "$T/a/keys/"* | sort -u)" 400
is "three keys, one pact, one configuration" "$(cd "$T/a" && find . -type f | sort | tr '\n' ' ')" \
    "./config ./keys/author ./keys/node ./keys/root ./pact/000001 "

before=$(digest "$T/a")
ends "a second init is refused" 4 "$bin" init --home "$T/a" --name alpha --no-passphrase
told "and says why" "entente: $T/a: there is something already, and nothing is overwritten"
is "and changes nothing" "$(digest "$T/a")" "$before"

mkdir "$T/full" && echo precious >"$T/full/file"
ends "a directory with something in it is refused" 4 "$bin" init --home "$T/full" --name alpha --no-passphrase
ends "so is a file" 4 "$bin" init --home "$T/full/file" --name alpha --no-passphrase
is "both are as they were" "$(ls -A "$T/full")$(cat "$T/full/file")" fileprecious
mkdir "$T/empty"
ends "an empty directory is fine" 0 "$bin" init --home "$T/empty/" --name alpha --no-passphrase
ends "a parent that is not there is an error" 5 "$bin" init --home "$T/no/where" --name alpha --no-passphrase
tells "which names it" 'No such file or directory'
refute "none of the refused left anything" leftovers "$T"

for name in Alpha 1a a_b -a "" "a b" "$(printf 'a%.0s' {1..64})"; do
    run "$bin" init --home "$T/x" --name "$name" --no-passphrase
    [ "$rc" = 2 ] && [ ! -e "$T/x" ] || break
done
is "names that are none are refused" "$rc-$name" "2-$(printf 'a%.0s' {1..64})"
ends "init wants a name" 2 "$bin" init --home "$T/x" --no-passphrase
ends "a URL that is none is found before it is signed" 3 "$bin" init --home "$T/x" --name x --no-passphrase --url http://x
refute "and nothing is made" test -e "$T/x"

# --- the command line ----------------------------------------------------------------------------

for c in init member pact import watch match serve; do
    run "$bin" "$c" --help
    [ "$rc" = 0 ] && grep -q "^usage: entente $c " "$T/out" && [ ! -s "$T/err" ] || break
done
is "every command has help" "$rc-$c" 0-serve
ends "no command is an error" 2 "$bin"
ends "so is an unknown one" 2 "$bin" $'fro\e[31mb'
told "whose name is shown harmless" "entente: no command 'fro\\x1b[31mb'; \`entente help\` lists them"
ends "an unknown option" 2 "$bin" watch --frob
ends "an option without its value" 2 "$bin" init --name
ends "nowhere to look for a home" 5 env -u HOME "$bin" pact show
ends "no home" 5 "$bin" pact show --home "$T/x"
told "says how to make one" "entente: $T/x: no home here yet: \`entente init --name NAME\` makes one"
ends "\$ENTENTE_HOME is used" 0 env ENTENTE_HOME="$T/a" "$bin" pact show
ends "and ~/.entente" 0 env HOME="$T/h" sh -c "mkdir $T/h && '$bin' init --name h --no-passphrase && test -d $T/h/.entente"

# --- passphrases ---------------------------------------------------------------------------------

printf 'correct horse battery staple\nsecond line\n' >"$T/pass"
printf 'wrong\n' >"$T/wrong"
: >"$T/nothing"
ends "init with a passphrase" 0 "$bin" init --home "$T/l" --name locked --passphrase-file "$T/pass"
tells "says that keys are encrypted" 'keys are encrypted' "$T/out"
is "every key is locked" "$(grep -l '^locked ' "$T/l/keys/"* | wc -l)" 3
refute "the passphrase is nowhere" grep -rq 'correct horse' "$T/l"
ends "export with the passphrase" 0 "$bin" member export --home "$T/l" --passphrase-file "$T/pass"
ends "or named by the environment" 0 env ENTENTE_PASSPHRASE_FILE="$T/pass" "$bin" member export --home "$T/l"
ends "a wrong passphrase" 4 "$bin" member export --home "$T/l" --passphrase-file "$T/wrong"
told "is told so" "entente: root: wrong passphrase"
check "and exports nothing" test ! -s "$T/out"
ends "none and no terminal" 4 setsid -w "$bin" member export --home "$T/l"
told "is told what to do" "entente: a passphrase is needed and there is no terminal to ask on; give --passphrase-file FILE"
ends "an empty file" 3 "$bin" member export --home "$T/l" --passphrase-file "$T/nothing"
ends "a missing file" 5 "$bin" member export --home "$T/l" --passphrase-file "$T/no"
ends "a node does not start without it" 4 setsid -w "$bin" serve --home "$T/l" --listen 127.0.0.1:0

# Typed at a terminal: asked twice, never shown, and two different ones are refused.
cat >"$T/type.py" <<'PY'
import os, pty, sys
answers = sys.argv[2].split(",")
pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:2] + sys.argv[3:])
seen = b""
while True:
    try:
        more = os.read(fd, 4096)
    except OSError:
        break
    if not more:
        break
    seen += more
    if answers and (more.rstrip().endswith(b":")):
        os.write(fd, answers.pop(0).encode() + b"\n")
sys.stdout.buffer.write(seen)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
PY
ends "a passphrase typed twice" 0 python3 "$T/type.py" "$bin" typed-secret,typed-secret init --home "$T/t" --name typed
refute "is not shown" grep -q typed-secret "$T/out"
ends "and opens the keys" 0 python3 "$T/type.py" "$bin" typed-secret member export --home "$T/t"
ends "two different ones are refused" 4 python3 "$T/type.py" "$bin" one,two init --home "$T/t2" --name typed
ends "an empty one too" 4 python3 "$T/type.py" "$bin" "," init --home "$T/t2" --name typed
refute "and make no home" test -e "$T/t2"

# Ctrl-C while the keys are being locked, and a kill that nothing can catch.
"$bin" init --home "$T/i" --name int --passphrase-file "$T/pass" >"$T/out" 2>"$T/err" &
p=$!
wait_for 10 sh -c "ls -d $T/i.new-*/keys/root"
kill -INT $p
wait $p
is "Ctrl-C in init exits with 130" $? 130
refute "makes no home" test -e "$T/i"
refute "and leaves nothing half-made" leftovers "$T"
"$bin" init --home "$T/i" --name int --passphrase-file "$T/pass" >"$T/out" 2>"$T/err" &
p=$!
wait_for 10 sh -c "ls -d $T/i.new-*/keys/root"
kill -KILL $p
wait $p 2>/dev/null
refute "not even a kill leaves half a home" test -e "$T/i"
rm -rf "$T"/i.new-*
ends "and the next init works" 0 "$bin" init --home "$T/i" --name int --no-passphrase

# --- no space ------------------------------------------------------------------------------------

run sh -c "ulimit -f 0; exec '$bin' init --home '$T/f' --name f --no-passphrase"
is "init where no file may grow" "$rc" 5
refute "leaves nothing" sh -c "ls -d $T/f*.new-* $T/f/ 2>/dev/null | grep ."
ends "a card that cannot be written is an error" 5 sh -c "'$bin' member export --home $T/a >/dev/full"
if mkdir -p "$T/small" && mount -t tmpfs -o size=64k,nr_inodes=64 none "$T/small" 2>/dev/null; then
    head -c 60K /dev/zero >"$T/small/fill" 2>/dev/null
    run "$bin" init --home "$T/small/home" --name small --no-passphrase
    is "init on a full disk" "$rc" 5
    tells "says so" 'No space left on device'
    is "and leaves nothing" "$(ls -A "$T/small")" fill
    umount "$T/small"
else
    skip "init on a full disk" "a tmpfs needs root"
fi

# --- cards and pacts -----------------------------------------------------------------------------

member b --display "Beta, Inc." --url https://127.0.0.1:7443
ends "a card" 0 "$bin" member export --home "$T/a" --url "https://[::1]:7443"
cp "$T/out" "$T/a.member"
is "is signed by all three keys" "$(grep -c "^$(printf '\342\200\224') alpha/" "$T/out")" 3
told "its fingerprint is the one that init showed" "fingerprint  $fingerprint"
for url in http://x:1 https:// https://x/path "https://x y" ""; do
    run "$bin" member export --home "$T/a" --url "$url"
    [ "$rc" = 3 ] && [ ! -s "$T/out" ] || break
done
is "an address that is none is refused" "$rc-$url" 3-
ends "member export and nothing else" 2 "$bin" member --home "$T/a"

ends "pact add" 0 "$bin" pact add --home "$T/b" "$T/a.member"
tells "shows the same fingerprint" "fingerprint  $fingerprint" "$T/out"
ends "the same card again" 4 "$bin" pact add --home "$T/b" "$T/a.member"
tells "is a member already" 'is a member already'
ends "one's own card" 4 "$bin" pact add --home "$T/a" "$T/a.member"
export_card a https://127.0.0.1:9
ends "a new address" 0 "$bin" pact add --home "$T/b" "$T/a.member"
tells "is a change" '^Changed alpha' "$T/out"
ends "pact show --json" 0 "$bin" pact show --home "$T/b" --json
is "is JSON and whole" "$(jq -r '"\(.version) \(.self) \(.members|map(.name+" "+.url)|join(" "))"' <"$T/out")" \
    "3 b b https://127.0.0.1:7443 alpha https://127.0.0.1:9"
ends "pact show" 0 "$bin" pact show --home "$T/b"
tells "says who is who" '^b \(Beta, Inc\.\), you' "$T/out"

n=$(stat -c %s "$T/a.member") bad=0
before=$(digest "$T/b")
for i in $(seq 3 29 $((n - 1))); do
    python3 -c 'import sys; b = bytearray(open(sys.argv[1], "rb").read()); b[int(sys.argv[2])] ^= 1; open(sys.argv[3], "wb").write(b)' \
        "$T/a.member" "$i" "$T/bad.member"
    run "$bin" pact add --home "$T/b" "$T/bad.member"
    case $rc in 3 | 4) ;; *) bad=$i ;; esac
    head -c "$i" "$T/a.member" >"$T/bad.member"
    run "$bin" pact add --home "$T/b" "$T/bad.member"
    [ "$rc" = 3 ] || bad=$i
done
is "a card changed or cut anywhere is refused" "$bad" 0
head -c 5000 /dev/urandom >"$T/bad.member"
ends "so is something large" 3 "$bin" pact add --home "$T/b" "$T/bad.member"
is "and nothing of it stays" "$(digest "$T/b")" "$before"

cp -r "$T/b" "$T/c" && chmod u+w "$T/c/keys/author" && cp "$T/a/keys/author" "$T/c/keys/author"
ends "somebody else's key file" 4 "$bin" member export --home "$T/c"
told "is no key of ours" "entente: author: key file does not hold the key that stands in the pact"
echo garbage >"$T/c/keys/author"
ends "a malformed one" 3 "$bin" member export --home "$T/c"
told "is malformed" "entente: author: malformed key file"
for v in 1 2 3; do
    rm -rf "$T/c" && cp -r "$T/b" "$T/c" && sed -i 's/^budget 1000000/budget 9000000/' "$T/c/pact/00000$v"
    run "$bin" pact show --home "$T/c"
    [ "$rc" = 4 ] || break
done
is "any version that was changed is found" "$v-$rc-$(cat "$T/err")" "3-4-entente: $T/c: pact not signed by the root key of its owner"
rm -rf "$T/c" && cp -r "$T/b" "$T/c" && rm "$T/c/pact/000002"
ends "a version that is lost is found" 3 "$bin" pact show --home "$T/c"
told "and said" "entente: $T/c: a version of the pact is missing"

done_testing
