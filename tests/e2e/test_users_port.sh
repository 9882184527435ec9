#!/usr/bin/env bash
# test_users_port.sh: the users' port of running nodes: the first operator, logins, TAXII between two
# members in both directions, what is refused and how, and what of it stands in the audit log.
# shellcheck source=tests/e2e/lib.sh disable=SC2015,SC2016,SC2317
. tests/e2e/lib.sh

command -v curl >/dev/null || { skip "the users' port" "there is no curl"; done_testing; }
unset https_proxy HTTPS_PROXY no_proxy NO_PROXY all_proxy ALL_PROXY
users_listen=127.0.0.1:0
ent() { local m=$1 c=$2; shift 2; "$bin" "$c" --home "$T/$m" "$@"; }
records() { ent "$1" audit list --json | jq -r '.records[]|"\(.who) \(.via) \(.what) \(.outcome) \(.on // "-")"'; }
printf 'correct horse battery\n' >"$T/pw"
printf 'wrong horse battery\n' >"$T/wrong"
chmod 600 "$T/pw" "$T/wrong"

# users NAME: start that node, and set ${base[NAME]}; its certificate is $T/NAME.pem
declare -A base
users() {
    rm -f "$T/$1.users"
    start_node "$1" --users-port-file "$T/$1.users"
    base[$1]=https://127.0.0.1:$(cat "$T/$1.users")
    openssl s_client -connect "127.0.0.1:$(cat "$T/$1.users")" </dev/null 2>/dev/null |
        openssl x509 >"$T/$1.pem" 2>/dev/null
}
# ask NAME PATH [CURL'S OPTION...]: the status; body in $T/body, headers in $T/head
ask() {
    local m=$1 path=$2
    shift 2
    curl -gs -o "$T/body" -D "$T/head" -w '%{http_code}' --cacert "$T/$m.pem" "$@" "${base[$m]}$path"
}
header() { sed -n "s/^$1: \(.*\)\r$/\1/Ip" "$T/head"; }
page=(-H "Sec-Fetch-Site: same-origin" -H "Content-Type: application/json")
taxii="application/taxii+json;version=2.1"

member a
member b
printf '80.1.1.1\n80.1.1.2\nevil-senate.com\n' >"$T/green.txt"
printf '80.1.1.3\n' >"$T/amber.txt"
printf '80.1.1.4\n' >"$T/red.txt"
ent a import --tlp green "$T/green.txt" >/dev/null 2>&1
ent a import --tlp amber "$T/amber.txt" >/dev/null 2>&1
ent a import --tlp red "$T/red.txt" >/dev/null 2>&1
printf '80.9.9.9\n' >"$T/b.txt"
ent b import --tlp green "$T/b.txt" >/dev/null 2>&1

# --- start, and the first operator ---------------------------------------------------------------

users a
tells "the log has the port and a fingerprint" \
    "event=ready member=a port=[0-9]+ users_port=$(cat "$T/a.users") fingerprint=SHA256(:[0-9A-F]{2}){32}\$" "$T/a.log"
is "which is that of the certificate" "$(sed -n 's/.*fingerprint=SHA256:\([0-9A-F:]*\)$/\1/p' "$T/a.log")" \
    "$(openssl x509 -in "$T/a.pem" -noout -fingerprint -sha256 | sed 's/.*=//')"
tells "without an operator it prints a link" "^  ${base[a]}/first#entl_[A-Za-z0-9_-]{43}\$" "$T/a.log"
link=$(grep -o 'entl_[A-Za-z0-9_-]*' "$T/a.log")
form() { printf '{"link":"%s","name":"%s","display":"Eva","password":"%s"}' "$link" "$1" "$2"; }
is "a short password is refused" "$(ask a /api/v1/first "${page[@]}" -d "$(form eva short)")" 400
is "and so is another site's page" \
    "$(ask a /api/v1/first -H "Sec-Fetch-Site: cross-site" -H "Content-Type: application/json" -d "$(form eva "$(cat "$T/pw")")")" 403
is "the link makes an operator" "$(ask a /api/v1/first "${page[@]}" -d "$(form eva "$(cat "$T/pw")")") $(cat "$T/body")" '200 {"account":"eva"}'
is "once" "$(ask a /api/v1/first "${page[@]}" -d "$(form mallory "$(cat "$T/pw")")")" 401
is "who is one" "$(ent a user list eva --json | jq -c '[.role,.clearance,.display]')" '["operator","TLP:RED","Eva"]'
stop_node_of a
is "the node stops" "$rc" 0
rm -f "$T/a.log"
users a
refute "with an operator there is no link" grep -q entl_ "$T/a.log"

# --- sessions ------------------------------------------------------------------------------------

login() { printf '{"name":"eva","password":"%s"}' "$(cat "$1")"; }
is "login" "$(ask a /api/v1/login "${page[@]}" -c "$T/jar" -d "$(login "$T/pw")")" 200
csrf=$(jq -r .csrf "$T/body")
check "gives a cookie for this host, by TLS, and for no script" \
    grep -Eq '^Set-Cookie: __Host-entente=[A-Za-z0-9_-]{43}; Secure; HttpOnly; SameSite=Strict; Path=/.$' "$T/head"
is "which says who it is" "$(ask a /api/v1/session -b "$T/jar") $(jq -c '[.account,.role,.clearance]' "$T/body")" \
    '200 ["eva","operator","TLP:RED"]'
is "logout without the session's token" "$(ask a /api/v1/logout -b "$T/jar" -H "Sec-Fetch-Site: same-origin" -X POST)" 403
is "logout" "$(ask a /api/v1/logout -b "$T/jar" -H "Sec-Fetch-Site: same-origin" -H "X-CSRF-Token: $csrf" -X POST)" 204
is "ends it" "$(ask a /api/v1/session -b "$T/jar") $(jq -r .detail "$T/body")" '401 nobody is logged in'
is "and asks no browser for a password" "$(header WWW-Authenticate)" ""

# --- TAXII, both ways ----------------------------------------------------------------------------

ent a user add feeds --role reader --tlp amber >/dev/null
ent a user token feeds b >"$T/token" && chmod 600 "$T/token"
users b
ent b user add robot --role analyst --tlp green --password-file "$T/pw" >/dev/null
shown() { ask "$1" "/taxii2/api/collections/$2/objects/" "${@:4}" >/dev/null && [ "$(jq '.objects | length' "$T/body")" -ge "$3" ]; }
auth_a=(-H "Authorization: Bearer $(cat "$T/token")")
check "what is kept comes to readers" wait_for 20 shown a amber 8 "${auth_a[@]}"
from_a=(--ca-file "$T/a.pem" --token-file "$T/token")
url_a=taxii+${base[a]}/taxii2/api/collections
ends "b imports from a, with a token" 0 ent b import --json "${from_a[@]}" "$url_a/amber/"
is "what is amber or wider" "$(jq -c '[.whole, .new]' "$T/out")" '[true,4]'
ends "a second time there is nothing new" 0 ent b import --json "${from_a[@]}" "$url_a/amber/"
is "and so nothing comes" "$(jq -c .new "$T/out")" 0
ends "without a token a refuses" 4 ent b import --ca-file "$T/a.pem" "$url_a/amber/"
ends "and with a certificate that is not a's b does" 4 ent b import --token-file "$T/token" --ca-file "$T/b.pem" "$url_a/amber/"
auth_b=(-u "robot:$(cat "$T/pw")")
check "b serves too" wait_for 20 shown b green 4 "${auth_b[@]}"
ends "a imports from b, with a password" 0 ent a import --json --ca-file "$T/b.pem" --user robot \
    --password-file "$T/pw" "taxii+${base[b]}/taxii2/api/collections/green/"
is "what b says itself" "$("$bin" show --home "$T/a" --json 80.9.9.9 | jq '.claims | length')" 1
ask a /taxii2/api/collections/amber-strict/objects/ -u "eva:$(cat "$T/pw")" >/dev/null
check "whoever may see RED" grep -q 80.1.1.3 "$T/body"
refute "does not get it by TAXII" grep -rq '80\.1\.1\.4' "$T/body"
refute "nor did b" "$bin" show --home "$T/b" 80.1.1.4

# --- the inbox -----------------------------------------------------------------------------------

cat >"$T/post.json" <<'END'
{"objects":[{"type":"indicator","spec_version":"2.1","id":"indicator--00000003-0000-4000-8000-000000000000","created":"2018-01-01T00:00:00.000Z","modified":"2018-01-01T00:00:00.000Z","pattern":"[ipv4-addr:value = '80.2.2.2']","pattern_type":"stix","valid_from":"2018-01-01T00:00:00Z"},{"type":"nothing"}]}
END
post() { ask "$1" "/taxii2/api/collections/inbox/objects/" -H "Content-Type: $taxii" --data-binary "@$T/post.json" "${@:2}"; }
is "an analyst adds to the inbox" "$(post b "${auth_b[@]}") $(jq -c '[.success_count, .failure_count]' "$T/body")" '202 [1,1]'
id=$(jq -r .id "$T/body")
is "the answer is kept" "$(ask b "/taxii2/api/status/$id/" "${auth_b[@]}") $(jq .success_count "$T/body")" '200 1'
is "as the word of who added it" "$("$bin" show --home "$T/b" --json 80.2.2.2 | jq -r '.claims[0].source')" taxii:robot
check "and can be read back" wait_for 20 shown b inbox 1 "${auth_b[@]}"
is "and taken back" "$(ask b /taxii2/api/collections/inbox/objects/indicator--00000003-0000-4000-8000-000000000000/ -X DELETE "${auth_b[@]}")" 200
is "a reader may not" "$(post a "${auth_a[@]}") $(jq -r .http_status "$T/body")" '404 404'
is "in TAXII's type" "$(header Content-Type)" "$taxii"
head -c 9000000 /dev/zero | tr '\0' x >"$T/large"
is "too much is refused before it is read" "$(ask b /taxii2/api/collections/inbox/objects/ -H "Content-Type: $taxii" -H "Expect:" --data-binary "@$T/large" "${auth_b[@]}") $(jq -r .title "$T/body")" '413 too long'

# --- what is refused -----------------------------------------------------------------------------

is "nobody" "$(ask a /taxii2/) $(header WWW-Authenticate)" '401 Basic realm="TAXII", charset="UTF-8"'
is "a token that is none" "$(ask a /taxii2/ -H "Authorization: Bearer ent_x")" 401
wrong() { ask "$1" /taxii2/ -u "eva:$(cat "$T/wrong")"; }
is "wrong passwords" "$(for _ in 1 2 3 4 5; do wrong a; done)" 401401401401401
waits() { [ "$(wrong a)" = 429 ]; } # each time for longer
check "and then a wait" wait_for 30 waits
check "of some seconds" test "$(header Retry-After)" -ge 1
wait_for 30 waits
is "which is everybody's with a password" "$(ask a /taxii2/ -u "eva:$(cat "$T/pw")")" 429
is "but not the token's" "$(ask a /taxii2/ "${auth_a[@]}")" 200
is "a path that is not there" "$(ask a /etc/passwd) $(cat "$T/body")" '404 nothing is here: the node has no such page'
is "a method that there is not" "$(ask a /health -X OPTIONS)" 405
is "health" "$(ask a /health) $(cat "$T/body")" '200 ok'
is "ready" "$(ask a /ready) $(cat "$T/body")" '200 ready'
is "metrics want an account" "$(ask a /metrics)" 401
is "metrics" "$(ask a /metrics "${auth_a[@]}") $(grep -c '^entente_indicators{type="ipv4",tlp="green"} [1-9]' "$T/body")" '200 1'
is "of the type that Prometheus takes" "$(header Content-Type)" 'text/plain; version=0.0.4; charset=utf-8'

# --- what stays of it ----------------------------------------------------------------------------

records a >"$T/records"
check "the first operator is on record" grep -qx '@nobody link first allowed eva' "$T/records"
check "and the first login" grep -qx 'eva password login allowed -' "$T/records"
is "a token, once" "$(grep -c '^feeds token token allowed' "$T/records")" 1
check "the wrong passwords" test "$(grep -c '^@nobody none login wrong eva$' "$T/records")" -ge 5
check "the waits" grep -qx '@nobody none login wait eva' "$T/records"
check "and who wanted to write" grep -qx 'feeds token import role taxii' "$T/records"
refute "reading by TAXII is never RED" grep -q read-red "$T/records"
ends "and it verifies" 0 ent a audit verify

# --- settings ------------------------------------------------------------------------------------

stop_node_of b
users_listen=off
rm -f "$T/b.log"
start_node b
refute "off: there is no such port" grep -q users_port "$T/b.log"
stop_node
users_listen=127.0.0.1:0
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$T/own.key" -out "$T/own.pem" \
    -days 9 -subj /CN=own -addext subjectAltName=IP:127.0.0.1 2>/dev/null
configure b "users_cert = $T/own.pem" "users_key = $T/own.key" "metrics_open = yes" "rate_address = 3"
rm -f "$T/b.log"
users b
refute "with a certificate of one's own no fingerprint is printed" grep -q fingerprint "$T/b.log"
is "and it is used" "$(openssl x509 -in "$T/b.pem" -noout -subject)" "subject=CN = own"
is "open metrics" "$(ask b /metrics)" 200
is "a limit" "$(ask b /ready) $(ask b /ready) $(ask b /ready) $(header Retry-After)" '200 200 429 20'
stop_node
configure b "users_cert = $T/own.pem"
ends "a certificate without a key" 3 ent b serve --listen 127.0.0.1:0
told "is refused" "entente: config: users_cert and users_key go together"
configure b "users_listen = somewhere"
ends "an address that is none" 3 ent b config check
tells "is told" "'somewhere' is not right for 'users_listen', which is an address and a port, such as 127.0.0.1:7444, or off"
configure b "users_listen = ${base[a]#https://}"
ends "an address that is in use" 5 ent b serve --listen 127.0.0.1:0
tells "is told" "^entente: ${base[a]#https://}: "
stop_node_of a
is "the node ends well" "$rc" 0
done_testing
