#!/usr/bin/env bash
# test_init.sh: homes, keys, cards, pacts; what is refused, and that nothing half-made stays.
# shellcheck source=tests/e2e/lib.sh disable=SC2015,SC2317
. tests/e2e/lib.sh

# --- a home --------------------------------------------------------------------------------------

ends "init makes a home" 0 "$bin" init --home "$T/a" --name alpha --no-passphrase
tells "open keys are called what they are" 'keys are NOT encrypted: whoever can read these files can act as you' "$T/out"
fingerprint=$(grep -Eo '([0-9a-f]{4} ){9}[0-9a-f]{4}' "$T/out")
is "directories are the owner's alone" "$(stat -c %a "$T/a" "$T/a/keys" "$T/a/pact" "$T/a/withdrawn" "$T/a/runs" | sort -u)" 700
is "keys cannot even be written" "$(stat -c %a "$T/a/keys/"* | sort -u)" 400
is "three keys, one card, one configuration" "$(cd "$T/a" && find . -type f | sort | tr '\n' ' ')" \
    "./card ./config ./keys/author ./keys/node ./keys/root "

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
# shellcheck disable=SC2016 # expanded by the inner shell
ends "a process by the name of a role that is none" 2 bash -c 'exec -a "entente: front" "$0" init' "$bin"
is "does nothing" "$(cat "$T/out" "$T/err")" ""
ends "an unknown option" 2 "$bin" watch --frob
ends "an option without its value" 2 "$bin" init --name
ends "nowhere to look for a home" 5 env -u HOME "$bin" pact show
ends "no home" 5 "$bin" pact show --home "$T/x"
told "says how to make one" "entente: $T/x: no home here yet: \`entente init --name NAME\` makes one"
ends "\$ENTENTE_HOME is used" 5 env ENTENTE_HOME="$T/a" "$bin" pact show
told "and is in no pact yet" "entente: $T/a: in no pact yet: \`entente pact new\` founds one, \`entente pact vote FILE\` joins"
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
is "is signed by its root key" "$(grep -c "^$(printf '\342\200\224') alpha/root " "$T/out")" 1
told "its fingerprint is the one that init showed" "fingerprint  $fingerprint"
for url in http://x:1 https:// https://x/path "https://x y" ""; do
    run "$bin" member export --home "$T/a" --url "$url"
    [ "$rc" = 3 ] && [ ! -s "$T/out" ] || break
done
is "an address that is none is refused" "$rc-$url" 3-
ends "member export and nothing else" 2 "$bin" member --home "$T/a"

# --- founding ------------------------------------------------------------------------------------

export_card b https://127.0.0.1:7443
member d && export_card d
member e && export_card e
new() { "$bin" pact new --home "$T/a" --name "Northern counties" --output "$T/draft" "$@"; }
vote() { "$bin" pact vote --home "$T/$1" "${2:-$T/draft}"; }
ends "a draft" 0 new "$T/a.member" "$T/b.member" "$T/d.member"
told "goes to the others" "Still to sign: b, d
Each of them checks it and signs it: entente pact vote FILE"
ends "its author is in no pact by that" 5 "$bin" pact show --home "$T/a"
cp "$T/draft" "$T/draft.1"
ends "the second founder" 0 vote b
tells "is shown who is in it" "fingerprint  $fingerprint" "$T/out"
tells "and what the rules are" '^  votes +members 3, rules 3, disputes 3 of 3$' "$T/out"
told "and that somebody is missing" "Still to sign: d"
cp "$T/draft" "$T/draft.2"
ends "asked again" 0 vote b
is "signs nothing twice" "$(cat "$T/draft")$(cat "$T/out")" "$(cat "$T/draft.2")"
ends "who is not in it" 4 vote e
told "cannot sign" "entente: $T/draft: a pact without this member, or with other keys of it"
sed 's/^budget 1000000/budget 9000000/' "$T/draft.2" >"$T/draft"
ends "a draft that was changed on its way" 4 vote d
told "is seen" "entente: $T/draft: a vote does not hold, or is there twice"
is "and not signed" "$(grep -c 'd/root' "$T/draft")" 0
{ cat "$T/draft.2" && tail -1 "$T/draft.2"; } >"$T/draft"
ends "a signature twice" 4 vote d
told "is seen too" "entente: $T/draft: a vote does not hold, or is there twice"
{ cat "$T/draft.2" && sed -n '/root/{s/ b.root / e\/root /;p}' "$T/draft.2" | grep e/root; } >"$T/draft"
ends "one by somebody who is not in it" 4 vote d
told "as well" "entente: $T/draft: signed by a key that has no vote"
sed '/^panel no$/d' "$T/draft.2" >"$T/draft"
ends "a draft that lacks a line" 3 vote d
told "is malformed" "entente: $T/draft: malformed pact"
head -c 300000 /dev/zero | tr '\0' x >"$T/draft"
ends "something large" 3 vote d
cp "$T/draft.2" "$T/draft"
is "none of that makes a pact" "$(ls -A "$T/d/pact" "$T/e/pact")" "$T/d/pact:
next

$T/e/pact:
next"
cp "$T/draft.1" "$T/other"
ends "the last founder" 0 vote d
tells "is in the pact with that" '^This home is in the pact now: all 3 founders have signed\.$'
ends "the first needs the signed text for it" 0 vote a
ends "and so does the second" 0 vote b
ends "once is enough" 4 vote b
told "for everybody" "entente: $T/b: is in a pact already"
ends "who is in a pact signs no other" 4 vote b "$T/other"
told "draft" "entente: $T/b: is in a pact already"
ends "and founds none" 4 new "$T/b.member"
told "either" "entente: $T/a: is in a pact already"
ends "pact show --json" 0 "$bin" pact show --home "$T/b" --json
is "is JSON and whole" "$(jq -r '"\(.name) \(.version) \(.self) \(.members|map(.name+" "+.url)|join(" "))"' <"$T/out")" \
    "Northern counties 1 b alpha https://[::1]:7443 b https://127.0.0.1:7443 d -"
ends "pact show" 0 "$bin" pact show --home "$T/b"
tells "says who is who" '^b \(Beta, Inc\.\), you' "$T/out"
is "all have one text" "$(for m in a b d; do "$bin" pact show --home "$T/$m" --json | jq -r .hash; done | sort -u | wc -l)" 1

# What no pact may be.
founder() { "$bin" pact new --home "$T/e" --output "$T/e.draft" "$@"; }
ends "no name" 2 founder "$T/d.member"
ends "a name that is none" 3 founder --name $'a\nb' "$T/d.member"
told "is said" "entente: --name: a pact's name is one line of 1 to 96 printable bytes"
ends "one card twice" 4 founder --name x "$T/d.member" "$T/d.member"
told "is said" "entente: $T/d.member: the pact says the same already"
ends "a threshold of half" 4 founder --name x --threshold 1 "$T/d.member"
told "is no majority" "entente: --threshold: a threshold of half of the members or less"
ends "more votes than members" 4 founder --name x --threshold members=3 "$T/d.member"
ends "no witness" 4 founder --name x --witnesses 0 "$T/d.member"
ends "a budget that is none" 2 founder --name x --budget 5 "$T/d.member"
ends "a marking that is none" 2 founder --name x --minimum purple "$T/d.member"
ends "a day that has passed" 4 founder --name x --expires 2001-01-01 "$T/d.member"
refute "none of these wrote a draft" test -e "$T/e.draft"
"$bin" init --home "$T/e2" --name e --no-passphrase >/dev/null
export_card e2
ends "a card with one's own name and other keys" 4 founder --name x "$T/e2.member" "$T/d.member"
told "is somebody else's" "entente: e: a card with other keys"
"$bin" pact new --home "$T/e2" --name x --output "$T/e.draft" "$T/e2.member" "$T/d.member" 2>/dev/null
ends "so is a draft" 4 vote e "$T/e.draft"
told "that has them" "entente: $T/e.draft: a pact without this member, or with other keys of it"

n=$(stat -c %s "$T/a.member") bad=0
before=$(digest "$T/e")
for i in $(seq 3 29 $((n - 1))); do
    python3 -c 'import sys; b = bytearray(open(sys.argv[1], "rb").read()); b[int(sys.argv[2])] ^= 1; open(sys.argv[3], "wb").write(b)' \
        "$T/a.member" "$i" "$T/bad.member"
    run founder --name x "$T/bad.member"
    case $rc in 3 | 4) ;; *) bad=$i ;; esac
    head -c "$i" "$T/a.member" >"$T/bad.member"
    run founder --name x "$T/bad.member"
    [ "$rc" = 3 ] || bad=$i
done
is "a card changed or cut anywhere is refused" "$bad" 0
head -c 50000 /dev/urandom >"$T/bad.member"
ends "so is something large" 3 founder --name x "$T/bad.member"
is "and nothing of it stays" "$(digest "$T/e")" "$before"

# --- joining later -------------------------------------------------------------------------------

ends "the versions" 0 "$bin" pact export --home "$T/b" --output "$T/chain"
ends "are for those who are in the newest" 4 vote e "$T/chain"
told "alone" "entente: $T/chain: a pact in which this member is not"
ends "who has them all" 4 vote d "$T/chain"
told "learns nothing" "entente: $T/chain: nothing in it is new"
head -c -1 "$T/chain" >"$T/chain.cut"
ends "versions that are cut" 3 vote e "$T/chain.cut"
"$bin" pact new --home "$T/e" --name other --output "$T/e.alone" 2>/dev/null
"$bin" pact export --home "$T/e" --output "$T/e.chain"
ends "those of another pact" 4 vote d "$T/e.chain"
told "are none of this one" "entente: $T/e.chain: another pact than the one this home is in"

cp -r "$T/b" "$T/c" && chmod u+w "$T/c/keys/author" && cp "$T/a/keys/author" "$T/c/keys/author"
ends "somebody else's key file" 4 "$bin" pact withdraw --home "$T/c"
told "is no key of ours" "entente: author: key file does not hold the key that others know"
cp -r "$T/b" "$T/k" && chmod u+w "$T/k/keys/root" && echo garbage >"$T/k/keys/root"
ends "a malformed one" 3 "$bin" member export --home "$T/k"
told "is malformed" "entente: root: malformed key file"
rm -rf "$T/c" && cp -r "$T/b" "$T/c" && sed -i 's/^budget 1000000/budget 9000000/' "$T/c/pact/000001"
ends "a version that was changed" 4 "$bin" pact show --home "$T/c"
told "is found" "entente: $T/c/pact/000001: a vote does not hold, or is there twice"
rm -rf "$T/c" && cp -r "$T/b" "$T/c" && mv "$T/c/pact/000001" "$T/c/pact/000002"
ends "a version that is lost is found" 3 "$bin" pact show --home "$T/c"
told "and said" "entente: $T/c: a version of the pact is missing"

done_testing
