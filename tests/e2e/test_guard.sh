#!/usr/bin/env bash
# test_guard.sh: protected names, their lookalikes in real and hostile inputs, candidates, exclusions.
# shellcheck source=tests/e2e/lib.sh disable=SC2015,SC2317
. tests/e2e/lib.sh

member a
guard() { "$bin" guard --home "$T/a" "$@"; }
# asked NAME...: check these names; what was found is in $T/out
asked() { printf '%s\n' "$@" >"$T/names"; run guard check "$T/names"; }

# --- protecting ----------------------------------------------------------------------------------

ends "nothing is protected at first" 0 guard list
is "and the list is empty" "$(cat "$T/out")" ""
echo adfs-senate.email >"$T/names"
ends "then nothing is found" 0 guard check "$T/names"
told "and that is said" "entente: no name is protected yet: \`entente guard add NAME\` does"
ends "add" 0 guard add senate.gov "U.S. Senate"
ends "add in another spelling" 0 guard add MOFA.gov.qa.
ends "add with a new display name" 0 guard add google.com Google
guard add google.com "Google LLC" && guard add nato.int && guard add gov.pl
ends "list" 0 guard list
is "has each once, in order" "$(tr '\n' '|' <"$T/out")" \
    "google.com  Google LLC|gov.pl|mofa.gov.qa|nato.int|senate.gov  U.S. Senate|"
ends "list as JSON" 0 guard list --json
check "is JSON" jq -es 'length == 5 and .[4] == {"name": "senate.gov", "display": "U.S. Senate"}' "$T/out"
ends "what is no name" 3 guard add senate
tells "is refused with a reason" '^entente: senate: '
ends "an address" 3 guard add 192.0.2.1
ends "a display name of wrong bytes" 3 guard add a.org $'\xff'
ends "a display name that is too long" 3 guard add a.org "$(printf '%0256d' 0)"
ends "remove" 0 guard remove nato.int
ends "remove again" 5 guard remove nato.int
told "says why" "entente: nato.int: neither protected nor excluded"
guard add nato.int

# --- checking ------------------------------------------------------------------------------------

asked adfs-senate.email www.senate.gov example.org
is "a lookalike among names" "$rc-$(jq -r '"\(.name) \(.protected) \(.score)"' "$T/out")" \
    "1-adfs-senate.email senate.gov 60"
check "says why" jq -e '.reasons == ["word", "cheap"]' "$T/out"
asked www.senate.gov x.mofa.gov.qa example.org google.de senat.fr flsenate.gov
is "what belongs to the owner, to a state, or is only near" "$rc-$(cat "$T/out")" 0-
asked mail.mofa.g0v.qa q0v.pl natopress.com xn--google-yri.com gooogle-login.com senate.gov.login.example.net
is "of six techniques each is found" "$rc-$(wc -l <"$T/out")" 1-6
is "with its reason" "$(jq -r '.reasons[0]' "$T/out" | tr '\n' ' ')" "glyph glyph part unicode word whole "
run guard check --min-score 90 "$T/names"
is "--min-score" "$rc-$(jq -r .name "$T/out" | tr '\n' ' ')" "1-mail.mofa.g0v.qa q0v.pl senate.gov.login.example.net "
ends "--min-score that nothing reaches" 0 guard check --min-score 100 "$T/names"
for bad in 0 101 x ''; do
    ends "--min-score '$bad'" 2 guard check --min-score "$bad" "$T/names"
done
printf '{"query":"NATO-News.com","uri":"http:\\/\\/rnail.nato-int.com\\/x","to":"a@senate.group"} nato-news.com\n' >"$T/log"
gzip -c "$T/log" >"$T/log.gz"
ends "a log of any shape, compressed" 1 guard check "$T/log.gz"
is "holds names, each told once" "$(jq -r .name "$T/out" | sort | tr '\n' ' ')" \
    "nato-news.com rnail.nato-int.com senate.group "
guard check <"$T/log" >"$T/out2" 2>/dev/null
is "standard input" "$?-$(jq -r .file "$T/out2" | sort -u)" "1--"
ends "for people" 1 guard check --table "$T/log"
tells "it is defanged" '^ *[0-9]+  nato-news\[\.\]com  like nato\.int: the protected name is a word of it' "$T/out"
tells "with a total" '^3 lookalikes among [0-9]+ names$'
ends "JSON and a table" 2 guard check --json --table "$T/log"
ends "an option of check elsewhere" 2 guard list --min-score 3
ends "one bad file of two" 5 guard check "$T/none" "$T/log"
is "does not hide the other's findings" "$(wc -l <"$T/out")" 3
ends "findings that cannot be written" 5 sh -c "'$bin' guard check --home '$T/a' '$T/log' >/dev/full"

head -c 300000 /dev/urandom >"$T/noise"
printf '\nsenate.group\0\xff\e]0;x\agoogle-login.com' >>"$T/noise"
run guard check "$T/noise"
check "noise hides nothing" test "$rc-$(jq -r .name "$T/out" | grep -cx -e senate.group -e google-login.com)" = 1-2
python3 -c '
for i in range(3000):
    print("xn--" + "a1" * 20 + "%d" % i + ".com", "google-" * 30 + "login%d.com" % i)' >"$T/hostile"
check "names made to hurt take little time" timeout 120 "$bin" guard check --home "$T/a" --min-score 100 "$T/hostile"

# --- excluding -----------------------------------------------------------------------------------

asked google-mail.com
is "before it is excluded" "$rc" 1
ends "exclude a name" 0 guard exclude google-mail.com
asked google-mail.com x.google-mail.com
is "it is never reported, nor what lies below it" "$rc" 0
printf 'rank,site\n1,natopress.com\n2,www.gooogle-login.com\n' >"$T/sites.csv"
ends "exclude a list" 0 guard exclude "$T/sites.csv" xn--google-yri.com
asked natopress.com gooogle-login.com xn--google-yri.com
is "of any shape" "$rc-$(jq -r .name "$T/out")" "1-gooogle-login.com"
ends "a list that is not there" 5 guard exclude nato-news.com "$T/none"
asked nato-news.com
is "and nothing of that command is kept" "$rc" 1
ends "a name is excluded no more" 0 guard remove google-mail.com
asked google-mail.com
is "and found again" "$rc" 1

# --- candidates ----------------------------------------------------------------------------------

ends "candidates" 0 guard list senate.gov
cp "$T/out" "$T/one"
for t in addition bitsquatting cyrillic dictionary homoglyph hyphenation insertion omission \
    repetition replacement subdomain swap tld vowel-swap; do
    check "by $t" grep -q "^$t  *[a-z0-9]" "$T/one"
done
is "each once" "$(awk '{ print $2 }' "$T/one" | sort | uniq -d)" ""
run guard list www.senate.gov
check "the same every time, and for a host of it" cmp -s "$T/out" "$T/one"
run guard list --json senate.gov
is "and as JSON" "$(jq -r '"\(.technique) \(.name)"' "$T/out" | sha256sum)" "$(awk '{ print $1, $2 }' "$T/one" | sha256sum)"
guard list google.com | awk '$1 != "subdomain" { print $2 }' >"$T/names"
run guard check --min-score 1 "$T/names"
check "the guard knows nearly all of its own candidates" \
    test $((100 * $(wc -l <"$T/out"))) -gt $((90 * $(wc -l <"$T/names")))
ends "candidates of what is no name" 3 guard list senate
if command -v strace >/dev/null; then
    strace -f -e trace=network -o "$T/trace" "$bin" guard list --home "$T/a" nato.int >/dev/null 2>&1
    refute "without the network" grep -E 'socket\(AF_INET|connect' "$T/trace"
else
    skip "without the network" "there is no strace"
fi

# --- the command line ----------------------------------------------------------------------------

ends "no verb" 2 guard
ends "a wrong verb" 2 guard frob
tells "is named" "^entente guard: say what to do: frob"
ends "too many names" 2 guard add a.org A B
ends "too few" 2 guard remove
ends "no home" 5 "$bin" guard list --home "$T/nowhere"
ends "help" 0 guard --help
for word in add remove list check exclude; do
    tells "explains $word" "^$word  " "$T/out"
done

# --- while watching ------------------------------------------------------------------------------

watch() { "$bin" watch --home "$T/a" "$@"; }
"$bin" import --home "$T/a" "$jar" >/dev/null 2>&1
{ echo "1 query adfs-senate.email IN A"; cat "$apache"; echo "2 query adfs-senate.email IN A"; } >"$T/log"
ends "watch --guard" 1 watch --json --guard "$T/log"
is "tells a lookalike once" "$(jq -c 'select(.protected) | [.name, .protected, .file]' "$T/out")" \
    "[\"adfs-senate.email\",\"senate.gov\",\"$T/log\"]"
is "beside the hits" "$(jq -c 'select(.indicator) | .line' "$T/out" | wc -l)" 9
ends "without it" 1 watch --json "$T/log"
is "there are hits only" "$(jq -c 'select(.protected)' "$T/out")" ""
echo "nothing but adfs-senate.email" >"$T/one"
ends "a lookalike alone is found, too" 1 watch --guard "$T/one"
ends "unless its score is too low" 0 watch --guard --min-score 100 "$T/one"
for _ in 1 2 3 4 5 6; do cat "$T/log"; done >"$T/long"
ends "on several cores" 1 watch --json --guard --threads 2 "$T/long"
is "once as well" "$(jq -c 'select(.protected) | .name' "$T/out")" '"adfs-senate.email"'
ends "a score without a guard" 2 watch --min-score 60 "$T/log"

done_testing
