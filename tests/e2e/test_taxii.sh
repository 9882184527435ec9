#!/usr/bin/env bash
# test_taxii.sh: collections of TAXII servers, page by page; servers that are broken, hostile, or
# somebody else.
# shellcheck source=tests/e2e/lib.sh disable=SC2015,SC2317
. tests/e2e/lib.sh

command -v python3 >/dev/null || { skip "TAXII" "there is no python3"; done_testing; }
unset https_proxy HTTPS_PROXY no_proxy NO_PROXY all_proxy ALL_PROXY

# server DIR [CERT KEY [OLD]]: one more TAXII server; its port in $T/DIR/port
server() {
    local dir=$T/$1
    shift
    mkdir -p "$dir"
    [ -e "$dir/elsewhere" ] || echo "https://evil.example/" >"$dir/elsewhere"
    python3 tests/peers/taxii_server.py "$dir" "$@" >"$dir/out" 2>&1 </dev/null &
    pids+=($!)
    wait_for 30 test -s "$dir/port" || cat "$dir/out"
}
server other
mkdir -p "$T/s" && echo "http://127.0.0.1:$(cat "$T/other/port")/" >"$T/s/elsewhere"
server s
here=127.0.0.1:$(cat "$T/s/port")
url=taxii+http://$here/api/collections
shown=http://$here/api/collections
member a
imp() { "$bin" import --home "$T/a" "$@"; }
kept() { store_dump "$1" | wc -l; }
# asked COLLECTION: the queries of its pages so far
asked() { sed -n "s|^/api/collections/$1/objects/||p" "$T/s/log" | cut -d ' ' -f 1; }
counts() { jq -c '[.pages, .whole, .new, .new_claims, .known]' "$T/out"; }
# refused NAME COLLECTION CODE WORDS [OPTION...]: this exit code, and this on the first line
refused() {
    local name=$1 collection=$2 code=$3 words=$4
    shift 4
    run imp "$@" "$url/$collection/"
    is "$name" "$rc $(head -1 "$T/err")" "$code entente: $words"
}

# --- what there is -------------------------------------------------------------------------------

ends "the URL of an API root takes nothing" 2 imp "taxii+http://$here/api/"
told "and says what to do" "entente: nothing was taken: name one of these collections"
is "but lists what there is" "$(cat "$T/out")" "http://$here/api/  Root api
  $url/honest/  Collection of honest
  $url/bydate/  Collection of bydate
  $url/hidden/  Collection of hidden  (cannot be read)"
ends "which is all right where to look was the wish" 0 imp --dry-run --json "$url/"
is "also for programs" "$(jq -c '.[0].collections[] | [.id, .can_read]' "$T/out")" '["honest",true]
["bydate",true]
["hidden",false]'
ends "a server with a root that refuses" 4 imp --json "taxii+http://$here/taxii2/"
is "shows the others, each once" "$(jq -c '[.[] | [.title, (.collections | length)]]' "$T/out")" \
    '[["Root api",3],["Root empty",0]]'
tells "names what is elsewhere" "an API root on another server, which is not asked: http://127.0.0.1:"
tells "and what is nothing" "an API root that is no URL, passed over: no url"
refute "and asks nobody else" test -e "$T/other/log"
ends "something else on a server" 5 imp "taxii+http://$here/x/"
told "is nothing" "entente: http://$here/x/: there is nothing at this address (HTTP 404)"
refused "a collection that nobody may read" hidden 4 "$shown/hidden/: the server lets nobody, or not us, read it"
refused "one that is none" nothing 3 "$shown/nothing/: is no collection"

# --- pages ---------------------------------------------------------------------------------------

ends "a collection" 0 imp --json "$url/honest/"
is "comes page by page" "$(counts)" '[3,true,10,0,0]'
is "and is told by its title" "$(jq -r .source "$T/out")" "$here/Collection of honest"
is "with what the server wants" "$(asked honest)" '?limit=1000
?limit=1000&next=at%204%20%26%3D%3F
?limit=1000&next=at%208%20%26%3D%3F'
: >"$T/s/log"
ends "the same again" 0 imp --json "$url/honest/objects/"
is "asks for what is new" "$(asked honest)" '?limit=1000&added_after=2026-01-01T00%3A00%3A09.000009Z'
is "which is nothing" "$(counts)" '[1,true,0,0,0]'
echo 12 >"$T/s/count"
ends "when there is more" 0 imp --json "$url/honest"
is "that is taken" "$(counts)" '[1,true,2,0,0]'
: >"$T/s/log"
ends "--all" 0 imp --json --all "$url/honest/"
is "starts over" "$(counts) $(asked honest | head -1)" '[3,true,0,0,12] ?limit=1000'
ends "another source" 0 imp --json --source mine "$url/honest/"
is "starts at its own beginning" "$(counts) $(jq -r .source "$T/out")" '[3,true,0,12,0] mine'
ends "a look first" 0 imp --dry-run --source look "$url/honest/"
is "shows all" "$(grep -c ': ipv4 ' "$T/out")" 12
ends "and keeps nothing" 0 imp --json --source look "$url/honest/"
is "so that it is all new later" "$(counts)" '[3,true,0,12,0]'
rm "$T/s/count"

: >"$T/s/log"
ends "a server without \"next\"" 0 imp --json "$url/bydate/"
is "is paged by date" "$(counts) $(asked bydate | tail -1)" \
    '[3,true,0,10,0] ?limit=1000&added_after=2026-01-01T00%3A00%3A07.000007Z'
ends "a slow one" 0 imp --json "$url/slow/"
is "is waited for" "$(counts)" '[3,true,0,10,0]'
ends "one that compresses" 0 imp --json "$url/gzip/"
is "is understood" "$(counts)" '[3,true,0,10,0]'
ends "markings" 0 imp --json --tlp green --source m "$url/markings/"
ends "and withdrawals" 0 imp --json --tlp green --source m "$url/markings/"
is "are those of STIX" "$(jq -c '[.taken, .known, .withdrawn]' "$T/out")" '[{"ipv4":1},1,1]'
ends "two collections" 0 imp --all "$url/honest/" "$url/bydate/"
is "one after the other" "$(grep -c ' (stix)$' "$T/out")" 2

ends "medallion's test data" 0 imp --json "taxii+http://$here/trustgroup1/collections/91a7b528-80eb-42ed-a74d-c6fbd5a26116/"
is "has versions of one indicator" "$(jq -c '[.pages, .taken, .skipped]' "$T/out")" '[2,{"url":3,"sha256":1},0]'
is "in a collection with a name" "$(jq -r .source "$T/out")" "$here/High Value Indicator Collection"

# --- stopped in the middle -----------------------------------------------------------------------

: >"$T/s/log"
: >"$T/s/hold"
"$bin" import --home "$T/a" --json "$url/held/" >"$T/out" 2>"$T/err" </dev/null &
one=$!
pids+=("$one")
wait_for 30 grep -q 'held.*next=' "$T/s/log"
kill -INT $one
wait $one
is "Ctrl-C between pages" "$? $(counts)" '130 [1,false,0,4,0]'
tells "keeps those before" '^entente: the pages before are kept; the next import goes on behind them$'
rm "$T/s/hold"
: >"$T/s/log"
ends "the next import" 0 imp --json "$url/held/"
is "goes on there" "$(counts) $(asked held | head -1)" '[2,true,0,6,0] ?limit=1000&next=at%204%20%26%3D%3F'
: >"$T/s/hold"
: >"$T/s/log"
"$bin" import --home "$T/a" --json --source killed "$url/held/" >"$T/out" 2>"$T/err" </dev/null &
one=$!
pids+=("$one")
wait_for 30 grep -q 'held.*next=' "$T/s/log"
kill -KILL $one
wait $one 2>/dev/null
rm "$T/s/hold"
: >"$T/s/forgot"
: >"$T/s/log"
ends "after a kill, a server that has forgotten" 5 imp --json --source killed "$url/held/"
tells "is told so" 'the server no longer knows where the last import stopped'
is "and asked from the beginning" "$(asked held | sed -n 2p) $(jq -c '[.pages, .known]' "$T/out")" '?limit=1000 [1,4]'
rm "$T/s/forgot"
ends "and loses nothing" 0 imp --json --source killed "$url/held/"
is "in the end" "$(sqlite3 "$T/a/store.db" "SELECT count(*) FROM claim JOIN source s ON s.id = source WHERE s.name = 'killed'" 2>&1)" 10

# --- who asks ------------------------------------------------------------------------------------

refused "a server that wants to know" auth 4 "$shown/auth/: the server wants to know who asks: --user or --token-file (HTTP 401)"
(umask 077 && echo "pass word" >"$T/password" && echo "abc.def" >"$T/token" && echo wrong >"$T/wrong" && : >"$T/none" &&
    printf 'a b\n' >"$T/blank")
ends "is told" 0 imp --json --user analyst --password-file "$T/password" "$url/auth/"
ends "by a token" 0 imp --json --all --token-file "$T/token" "$url/auth/"
refused "a wrong password" auth 4 "$shown/auth/: the server does not accept this user, password or token (HTTP 401)" \
    --user analyst --password-file "$T/wrong"
refused "no terminal to ask on" auth 4 "a password is needed and there is no terminal to ask on; give --password-file FILE" \
    --user analyst
# typed TEXT COMMAND...: on a terminal of its own, where TEXT is typed when something is asked
typed() {
    python3 -c '
import os, pty, sys
pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[2], sys.argv[2:])
said = b""
try:
    while not said.endswith(b": "):
        said += os.read(fd, 1)
    os.write(fd, sys.argv[1].encode() + b"\n")
    while True:
        said += os.read(fd, 4096)
except OSError:
    pass
sys.stdout.buffer.write(said)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))' "$@" >"$T/out"
}
typed "pass word" "$bin" import --home "$T/a" --user analyst "$url/auth/"
is "a password that is typed" "$?-$(grep -c '^Password for the TAXII server: ' "$T/out")" 0-1
refute "is not shown" grep -q "pass word" "$T/out"
typed "another" "$bin" import --home "$T/a" --user analyst "$url/auth/"
is "a wrong one" "$?-$(grep -c 'does not accept this user' "$T/out")" 4-1
refused "an empty file" auth 3 "$T/none: holds nothing in its first line" --token-file "$T/none"
refused "a token with a blank" auth 3 "$T/blank: its first line holds what no secret can hold" --token-file "$T/blank"
chmod 640 "$T/password"
refused "a file that others can read" auth 4 "$T/password: holds a secret and others can read it: chmod 600" \
    --user analyst --password-file "$T/password"
chmod 600 "$T/password"
: >"$T/s/log"
refused "a redirect" redirect 5 "$shown/redirect/objects/?limit=1000: the server sends us elsewhere; redirects are not followed, name the right address (HTTP 302)" \
    --token-file "$T/token"
refute "is not followed" test -e "$T/other/log"
run imp --token-file "$T/token" "$url/honest/" "taxii+https://cert.example/api/collections/x/"
is "a secret is for one server" "$rc $(head -1 "$T/err")" \
    "2 entente import: a secret is for one server; this is another: taxii+https://cert.example/api/collections/x/"
run imp "taxii+https://analyst:secret@cert.example/x/"
is "a password in the URL" "$rc-$(grep -c secret "$T/err")" 2-0
for bad in "taxii+ftp://x/" "taxii+http://cert.example/" "taxii+https://x/?a" "--user x y" "--all y" "--ca-file /dev/null y" \
    "--user a:b $url/honest/" "--format csv $url/honest/" "--password-file $T/password $url/honest/" \
    "--user x --token-file $T/token $url/honest/"; do
    # shellcheck disable=SC2086
    run imp $bad
    [ "$rc" = 2 ] || break
done
is "what makes no sense" "$rc-$bad" "2---user x --token-file $T/token $url/honest/"

# --- servers that are not what they should be ----------------------------------------------------

before=$(kept a)
refused "HTML" html 3 "$shown/html/objects/?limit=1000: the answer is \"text/html; charset=?[31m\", not \"application/taxii+json\""
refused "nothing that says what it is" untyped 3 "$shown/untyped/objects/?limit=1000: the answer is \"of no type\", not \"application/taxii+json\""
refused "403" forbidden 4 "$shown/forbidden/objects/?limit=1000: the server does not let us read here (HTTP 403)"
refused "404" gone 5 "$shown/gone/objects/?limit=1000: there is nothing at this address (HTTP 404)"
refused "406" old 5 "$shown/old/objects/?limit=1000: the server does not speak TAXII 2.1 (HTTP 406)"
refused "500" failed 5 "$shown/failed/objects/?limit=1000: the server has failed (HTTP 500)"
refused "a rest of a day" later 5 "$shown/later/objects/?limit=1000: the server is busy, or we ask too much (HTTP 429); it wants a rest of 86400 s"
ends "one that is always busy" 5 imp "$url/down/"
is "is asked five times" "$(asked down | wc -l) $(tail -1 "$T/err")" \
    "5 entente: $shown/down/objects/?limit=1000: the server is busy, or we ask too much (HTTP 503); it wants a rest of 1 s"
refused "a bomb" bomb 3 "$shown/bomb/objects/?limit=1000: the compressed answer grows beyond the limit"
refused "300 MiB" big 3 "$shown/big/objects/?limit=1000: the answer is larger than allowed (256 MiB)"
refused "\"next\" that is no string" odd 3 "$shown/odd/objects/?limit=1000:1: \"next\" is no string (at byte 9)"
is "nothing of these is kept" "$(kept a)" "$before"
ends "a server that is busy once" 0 imp --json "$url/busy/"
told "gets its rest" "entente: $here: the server wants a rest of 1 s (HTTP 429)"

refused "the same page again" samenext 5 "$shown/samenext/objects/?limit=1000&next=x: the server gives the same page again and again"
refused "more, but not where" sametime 5 "$shown/sametime/objects/?limit=1000&added_after=2026-01-01T00%3A00%3A01.000001Z: there is more, the server says, but not where: neither \"next\" nor a later X-TAXII-Date-Added-Last"
refused "time that runs backwards" backwards 5 "$shown/backwards/objects/?limit=1000&added_after=2026-01-01T00%3A01%3A29.000089Z: there is more, the server says, but not where: neither \"next\" nor a later X-TAXII-Date-Added-Last"
run imp --json "$url/endless/"
is "pages without end, and nothing new" "$rc $(counts)" '5 [1001,false,0,1,1000]'
tells "are too many" '1,000 pages in a row brought nothing new, and there is more, the server says'

for mode in truncated cut; do
    run imp --json "$url/$mode/"
    is "a second page that is $mode" "$(counts)" '[1,false,0,4,0]'
    [ $mode = cut ] && want="5 $shown/cut/objects/?limit=1000&next=at%204%20%26%3D%3F: the connection broke before the answer was whole" ||
        want="3 $shown/truncated/objects/?limit=1000&next=at%204%20%26%3D%3F:9: the JSON text ends too early (at byte 200)"
    is "is refused whole" "$rc $(head -1 "$T/err" | sed 's/^entente: //')" "$want"
done
refute "nothing raw is shown" grep -qP '[\x00-\x09\x0b-\x1f\x7f-\xff]' "$T/err" "$T/out"

# --- TLS -----------------------------------------------------------------------------------------

# certificate NAME SUBJECT-ALT-NAME [OPTION...]: signed by the authority of these tests
certificate() {
    local name=$1 alt=$2
    shift 2
    openssl req -new -newkey rsa:2048 -nodes -keyout "$T/$name.key" -subj "/CN=$name" -out "$T/$name.csr" 2>/dev/null &&
        openssl x509 -req -in "$T/$name.csr" -CA "$T/ca.pem" -CAkey "$T/ca.key" -CAcreateserial -days 30 \
            -extfile <(echo "subjectAltName=$alt") -out "$T/$name.pem" "$@" 2>/dev/null
}
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$T/ca.key" -out "$T/ca.pem" -days 30 -subj "/CN=Test authority" 2>/dev/null
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$T/ca2.key" -out "$T/ca2.pem" -days 30 -subj "/CN=Another" 2>/dev/null
certificate good "DNS:localhost,IP:127.0.0.1"
certificate named "DNS:other.example"
server tls "$T/good.pem" "$T/good.key"
server misnamed "$T/named.pem" "$T/named.key"
server old "$T/good.pem" "$T/good.key" old
# tls NAME [OPTION...]: the honest collection of that server
tls() {
    local name=$1
    shift
    run imp --json "$@" "taxii+https://${host:-localhost}:$(cat "$T/$name/port")/api/collections/honest/"
}
bad="the server's certificate is not one to trust: unknown authority, wrong name, or expired"
tls tls --ca-file "$T/ca.pem"
is "over TLS" "$rc $(counts)" '0 [3,true,0,10,0]'
tls tls --token-file "$T/token"
is "an authority that nobody knows" "$rc-$(grep -c "$bad" "$T/err")" 4-1
tls tls --ca-file "$T/ca2.pem"
is "or another" "$rc-$(grep -c "$bad" "$T/err")" 4-1
tls misnamed --ca-file "$T/ca.pem" --token-file "$T/token"
is "a certificate for another name" "$rc-$(grep -c "$bad" "$T/err")" 4-1
refute "never hears a secret" sh -c "cat '$T/tls/log' '$T/misnamed/log' | grep abc.def"
tls old --ca-file "$T/ca.pem"
is "TLS 1.1" "$rc-$(grep -c 'the TLS handshake failed (1.2 or newer is needed)' "$T/err")" 5-1
tls tls --ca-file "$T/none.pem"
is "no such authorities" "$rc $(cat "$T/err")" "5 entente: $T/none.pem: cannot open: No such file or directory"
tls tls --ca-file "$T/none"
is "or an empty file of them" "$rc-$(grep -c "$bad" "$T/err")" 4-1
export https_proxy=http://127.0.0.1:1
tls tls --ca-file "$T/ca.pem"
is "a proxy of the environment is used" "$rc-$(grep -c 'no connection' "$T/err")" 5-1
export https_proxy=http://$here
: >"$T/s/log"
tls tls --ca-file "$T/ca.pem" --all --token-file "$T/token"
is "for a tunnel" "$rc $(counts) $(grep -c "^CONNECT localhost:" "$T/s/log")" '0 [3,true,0,0,10] 1'
refute "and hears no secret" grep -qi -e abc.def -e authorization "$T/s/log"
check "as the server does" grep -q abc.def "$T/tls/log"
ends "but not for loopback without TLS" 0 imp --json "$url/honest/"
unset https_proxy
echo "machine localhost login x password netrcsecret" >"$T/.netrc"
HOME=$T tls tls --ca-file "$T/ca.pem"
refute "no .netrc is read" grep -q Basic "$T/tls/log"
host=localhost.invalid
tls tls
is "a name that is none" "$rc-$(grep -c "the server's name cannot be resolved" "$T/err")" 5-1

# --- two processes -------------------------------------------------------------------------------

if command -v strace >/dev/null && strace -f -o "$T/trace" true 2>/dev/null && [ $sanitized = no ]; then
    strace -f -e trace=connect,openat,seccomp -o "$T/trace" "$bin" import --home "$T/a" --all "$url/honest/" >/dev/null 2>&1
    net=$(grep 'connect(' "$T/trace" | grep -v AF_UNIX | cut -d ' ' -f 1 | sort -u)
    store=$(grep "$T/a/store.db" "$T/trace" | cut -d ' ' -f 1 | sort -u)
    is "one process has the network, another the store" "$(wc -w <<<"$net") $(wc -w <<<"$store")" "1 1"
    refute "and they are not the same" test "$net" = "$store"
    # (Of a process that nobody may look into, strace shows calls, and addresses only to root.)
    # Where both processes call at once, strace writes the end of a call into a line of its own.
    is "the first gave up its rights before" "$(awk -v pid="$net" '$1 != pid { next } /connect\(/ { print "connect" }
        /seccomp\(SECCOMP_SET_MODE_FILTER/ { asked = 1 } asked && /seccomp.* = 0$/ { print "seccomp"; asked = 0 }' \
        "$T/trace" | uniq | head -2 | tr '\n' ' ')" "seccomp connect "
else
    skip "one process has the network, another the store" "strace is not there"
fi

# What the kernel says about it, while a server is slow.
"$bin" import --home "$T/a" --all "$url/slow/" >/dev/null 2>&1 &
reader=$!
find_fetcher() {
    fetcher=$(grep -ls "^PPid:[[:blank:]]$reader\$" /proc/[0-9]*/status | cut -d / -f 3 | head -1)
    [ -n "$fetcher" ] && grep -q "^Seccomp:.2" "/proc/$fetcher/status"
}
if wait_for 10 find_fetcher; then
    is "the process that fetches has a filter, no capabilities, no new privileges" \
        "$(grep -E '^(NoNewPrivs|Seccomp|CapEff|CapPrm):' "/proc/$fetcher/status" | tr -s '\t\n' ' ')" \
        "CapPrm: 0000000000000000 CapEff: 0000000000000000 NoNewPrivs: 1 Seccomp: 2 "
    refute "the one that reads is not in it" grep -q "^Seccomp:.2" "/proc/$reader/status"
elif grep -q '^Seccomp:' /proc/self/status; then
    not_ok "the process that fetches has a filter"
else
    skip "the process that fetches has a filter" "no seccomp here"
fi
kill "$reader" 2>/dev/null
wait "$reader" 2>/dev/null

done_testing
