#!/usr/bin/env bash
# test_users.sh: accounts, tokens, the first operator, the audit log and a second pair of eyes,
# through the program.
# shellcheck source=tests/e2e/lib.sh disable=SC2015,SC2016
. tests/e2e/lib.sh

list=${jar##*/}
member a
ent() { local c=$1; shift; "$bin" "$c" --home "$T/a" "$@"; }
user() { ent user "$@"; }
records() { ent audit list --json | jq -r ".records[]|\"\(.who) \(.via) \(.what) \(.outcome) \(.on // \"-\")\""; }
printf 'correct horse battery\nsecond line\n' >"$T/pw"
printf 'another long password\n' >"$T/pw2"
printf 'short\n' >"$T/short"

# --- accounts ------------------------------------------------------------------------------------

ends "there is nobody at first" 0 user list
is "and nothing is printed" "$(cat "$T/out")" ""
ends "nor an audit log" 0 ent audit verify
is "which is said" "$(cat "$T/out")" "there is no audit log yet"
ends "a link for the first operator" 0 user link --url https://127.0.0.1:7444
check "has the address and a secret" grep -Exq 'https://127.0.0.1:7444/first#entl_[A-Za-z0-9_-]{43}' "$T/out"
ends "as JSON" 0 user link --json
check "the secret alone" grep -Exq '\{"link":"entl_[A-Za-z0-9_-]{43}"\}' "$T/out"
ends "an operator" 0 user add eva --role operator --tlp red --display "Eva Böhm" --password-file "$T/pw"
ends "ends the time of links" 5 user link
told "which is told" "entente: there is an operator already"
ends "a reader" 0 user add robot --role reader
ends "a releaser" 0 user add bob --role releaser --password-file "$T/pw2"
is "are listed by name" "$(user list --json | jq -c '.users[]|[.name,.role,.clearance,.enabled,.password]')" \
    '["bob","releaser","TLP:GREEN",true,true]
["eva","operator","TLP:RED",true,true]
["robot","reader","TLP:GREEN",true,false]'
refute "no hash of a password is shown" sh -c "'$bin' user list --home '$T/a' --json | grep -i argon"
check "it is Argon2id" grep -qa 'argon2id\$v=19\$m=65536,t=2,p=1' "$T/a/store.db" "$T/a/store.db-wal"
refute "no password is kept" grep -qra 'correct horse' "$T/a"
ends "set" 0 user set robot --role analyst --tlp amber
is "changes what is given" "$(user list robot --json | jq -c '[.role,.clearance,.enabled]')" '["analyst","TLP:AMBER",true]'
ends "disable" 0 user disable robot
is "is seen" "$(user list robot --json | jq -c .enabled)" false
ends "enable" 0 user set robot --enable
ends "for people" 0 user list
check "a line each" grep -Exq 'eva +operator +TLP:RED +enabled, password, 0 tokens: Eva Böhm' "$T/out"

# --- tokens --------------------------------------------------------------------------------------

ends "a token" 0 user token robot feeds --role reader --tlp green --expires 2999-01-01
check "is shown" grep -Exq 'ent_[A-Za-z0-9_-]{43}' "$T/out"
secret=$(cat "$T/out")
refute "and kept nowhere" grep -qra -F "${secret#ent_}" "$T/a"
is "what it may is listed" "$(user list robot --json | jq -c '.token_list[]|[.name,.role,.clearance,.expires]')" \
    '["feeds","reader","TLP:GREEN","2999-01-01T00:00:00Z"]'
ends "the same name again" 4 user token robot feeds
told "is refused" "entente: robot: the account has a token of this name"
ends "more than the account" 4 user token robot wide --role operator
told "is refused, too" "entente: robot: a token may not do more than its account"
ends "one that has expired" 3 user token robot old --expires 2020-01-01
ends "taken back" 0 user token robot feeds --undo
is "is gone" "$(user list robot --json | jq -c .token_list)" '[]'
ends "twice" 5 user token robot feeds --undo
told "is an error" "entente: robot: the account has no such token"

# --- refused -------------------------------------------------------------------------------------

before=$(ent audit verify --json | jq .records)
for bad in "" "frob" "add" "add x" "add x y --role reader" "add x --role root" "add x --role reader --tlp pink" \
    "list a b" "list --role reader" "set eva" "set" "passwd" "passwd eva --no --password-file $T/pw" "token eva" \
    "token eva x --expires tomorrow" "token eva x --undo --role reader" "link x" "link --role reader" "disable" \
    "set eva --json" "add x --role reader --undo" "list --frob"; do
    # shellcheck disable=SC2086
    run user $bad
    [ "$rc" = 2 ] && [ "$(wc -l <"$T/err")" = 2 ] || break
done
is "wrong words" "$rc-$bad" "2-list --frob"
is "are on no record" "$(ent audit verify --json | jq .records)" "$before"
ends "a name of others" 3 user add Eva --role reader
told "says which there are" "entente: Eva: a name is 1 to 32 of a-z, 0-9 and '-', what is displayed 128 bytes of visible UTF-8"
ends "a name twice" 4 user add eva --role reader
ends "nobody" 5 user set nobody --role reader
told "is told" "entente: nobody: there is no such account"
ends "nobody to list" 5 user list nobody
ends "a short password" 3 user passwd eva --password-file "$T/short"
told "is told" "entente: eva: a password has 12 to 256 bytes"
ends "a display that hides something" 3 user set eva --display $'\e[31m'
ends "no terminal to ask on" 4 setsid -w "$bin" user passwd eva --home "$T/a"
check "eva is as she was" test "$(user list eva --json | jq -r .display)" = "Eva Böhm"

# --- with a passphrase ---------------------------------------------------------------------------

printf 'open sesame\n' >"$T/phrase"
"$bin" init --home "$T/l" --name l --passphrase-file "$T/phrase" >/dev/null
ends "locked keys" 0 "$bin" user add op --role operator --home "$T/l" --passphrase-file "$T/phrase"
ends "another passphrase" 4 "$bin" user add more --role operator --home "$T/l" --passphrase-file "$T/pw"
ends "list needs none" 0 "$bin" user list --home "$T/l"
is "and nothing happened without" "$(wc -l <"$T/out")" 1
ends "nor does the audit log" 0 "$bin" audit verify --home "$T/l"
ends "nor an export for oneself" 0 "$bin" export --format list --home "$T/l"
ends "one for others does" 0 "$bin" export --format list --tlp green --home "$T/l" --passphrase-file "$T/phrase"
ends "or is refused" 4 setsid -w "$bin" export --format list --tlp green --home "$T/l"

# --- a second pair of eyes -----------------------------------------------------------------------

ent import "$jar" >/dev/null
passing() { ent export --format list --tlp green 2>/dev/null | wc -l; }
ends "by one" 0 ent release "$list" --by anybody --reason "checked"
is "passes" "$(passing)" 915
ends "and back" 0 ent release "$list" --undo
configure a "release_needs_two = yes"
ends "by two: asked for" 0 ent release "$list" --by bob --reason "checked by hand" --password-file "$T/pw2"
tells "is kept" '^kept until another account confirms it' "$T/out"
is "nothing passes" "$(passing)" 0
is "it is listed" "$(ent release --list --json | jq -c '.asked[]|[.source,.by,.reason]')" "[\"$list\",\"bob\",\"checked by hand\"]"
tells "also for people" "^asked +$list: 629 of 915 have the same text\$" <(ent release --list)
ends "the same one again" 4 ent release "$list" --confirm --by bob --password-file "$T/pw2"
told "is not another" "entente: $list: is to be confirmed by another one than who asked"
ends "a wrong password" 4 ent release "$list" --confirm --by eva --password-file "$T/pw2"
told "is told" "entente: eva: not a password or token of this account"
ends "nobody's" 4 ent release "$list" --confirm --by nobody --password-file "$T/pw2"
told "in the same words" "entente: nobody: not a password or token of this account"
user token robot reads >"$T/token"
ends "who may not" 4 ent release "$list" --confirm --by robot --token-file "$T/token"
told "is refused" "entente: $list: not with this role and clearance"
is "nothing has passed" "$(passing)" 0
user token eva desk >"$T/token"
ends "another's token" 4 ent release "$list" --confirm --by bob --token-file "$T/token"
ends "the other one" 0 ent release "$list" --confirm --by eva --token-file "$T/token"
is "lets it pass" "$(passing)" 915
is "both are kept" "$(ent release --list --json | jq -c '.sources[]|[.released.by,.released.reason]')" \
    '["bob, confirmed by eva","checked by hand"]'
ends "and once" 5 ent release "$list" --confirm --by eva --token-file "$T/token"
told "is all" "entente: $list: nobody asked for its release, or it was too long ago"
ends "taken back" 0 ent release "$list" --undo
ends "asked again" 0 ent release "$list" --by bob --reason "again" --password-file "$T/pw2"
echo 20.0.0.0/8 | ent import --source "$list" --tlp green - >/dev/null
ends "odder meanwhile" 5 ent release "$list" --confirm --by eva --token-file "$T/token"
told "has to be asked again" "entente: $list: is odder than when the release was asked for: ask again"
ends "the question is taken back" 0 ent release "$list" --undo
is "too" "$(ent release --list --json | jq -c .asked)" '[]'
ends "--confirm with a reason" 2 ent release "$list" --confirm --by eva --reason x
configure a ""
ends "--confirm where one is enough" 2 ent release "$list" --confirm --by eva --token-file "$T/token"

# --- the audit log -------------------------------------------------------------------------------

is "it begins" "$(records | head -3)" "@owner home begin allowed -
@owner home users allowed link
@owner home users allowed link"
for want in "@owner home users allowed add eva operator TLP:RED" "@owner home users allowed token robot/feeds reader TLP:GREEN" \
    "@owner home users allowed revoke robot/feeds" "@owner home users allowed disable robot" \
    "@owner home release allowed $list" "bob password login allowed -" "bob password release allowed $list" \
    "bob password confirm allowed $list" "@nobody none login wrong eva" "@nobody none login wrong -" \
    "robot token confirm role $list" "eva token token allowed -" "eva token confirm allowed $list" "@owner home hold allowed $list" \
    "@owner home export allowed list TLP:GREEN"; do
    if records | grep -qxF -e "$want"; then ok "record: $want"; else not_ok "record: $want" "$(records)"; fi
done
ends "verify" 0 ent audit verify
tells "says how much" '^  records +[0-9]+$' "$T/out"
is "the newest of it" "$(ent audit list --limit 1 --json | jq -c '[.records[]|.what]')" '["hold"]'
is "since tomorrow nothing" "$(ent audit list --since 2999-01-01 | wc -l)" 0
end=$(ent audit verify | sed -n 's/^  end *//p')
ends "a next generation" 0 ent audit begin
is "names the one before" "$(ent audit list --limit 1 --json | jq -r '.records[]|.on')" "$end"
ends "for others it reads as text" 0 ent audit list
refute "without control bytes" grep -q $'\x1b' "$T/out"
for bad in "" frob "list x" "verify --limit 1" "begin --json" "list --limit x" "list --since x" "list --passphrase-file $T/pw"; do
    # shellcheck disable=SC2086
    run ent audit $bad
    [ "$rc" = 2 ] || break
done
is "wrong words of audit" "$rc-$bad" "2-list --passphrase-file $T/pw"

# One byte is another one, in each file; log verify says so, too.
export_card a && found a
ends "log verify holds" 0 ent log verify
flip() {
    python3 -c 'import sys
f = open(sys.argv[1], "r+b"); d = bytearray(f.read()); d[len(d) // 2] ^= 1; f.seek(0); f.write(d)' "$1"
}
for f in audit/newest audit/1/key audit/1/entries.dat audit/1/entries.idx audit/1/h0 audit/1/bodies.idx \
    audit/1/checkpoint lock/audit-1/checkpoint; do
    flip "$T/a/$f"
    ends "$f is damaged" 4 ent audit verify
    tells "and named" "^entente: $f(: entry [0-9]+)?: "
    ends "log verify finds it" 4 ent log verify
    tells "and names it" "^entente: $f: "
    flip "$T/a/$f"
done
ends "whole again" 0 ent audit verify
ends "verify as JSON" 0 ent audit verify --json
is "says so" "$(jq -c '[.holds,.generations,.newest]' "$T/out")" '[true,2,2]'

# What cannot be recorded is not done: the file is a folder.
mv "$T/a/audit/newest" "$T/kept" && mkdir "$T/a/audit/newest"
run user add late --role reader
refute "without its record" test "$rc" = 0
refute "nothing is done" sh -c "'$bin' user list --home '$T/a' | grep -q late"
rmdir "$T/a/audit/newest" && mv "$T/kept" "$T/a/audit/newest"

# Killed at any moment: what was done is on record.
n=0
for i in $(seq 12); do
    "$bin" user add "k$i" --home "$T/a" --role reader 2>/dev/null &
    sleep "0.$(printf '%02d' $((i * 3)))"
    kill -KILL $! 2>/dev/null
    wait $! 2>/dev/null
done
ends "the log holds after twelve kills" 0 ent audit verify
for name in $(user list --json | jq -r '.users[].name|select(startswith("k"))'); do
    records | grep -qx "@owner home users allowed add $name reader TLP:GREEN" || n=$((n + 1))
done
is "accounts that are on no record" "$n" 0

# A node runs meanwhile.
start_node a
ends "while a node runs" 0 user add meanwhile --role reader
ends "it is all there" 0 ent audit verify
stop_node

done_testing
