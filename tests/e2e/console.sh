# shellcheck shell=bash disable=SC2034,SC2154
# console.sh: asking the console of a running node; for tests that have lib.sh.
command -v curl >/dev/null || { skip "the users' port" "there is no curl"; done_testing; }
unset https_proxy HTTPS_PROXY no_proxy NO_PROXY all_proxy ALL_PROXY
password="correct horse battery"
printf '%s\n' "$password" >"$T/password"
chmod 600 "$T/password"

# serve NAME [ADDRESS]: start that node; its users' port is in $url, its certificate in $T/NAME.pem
serve() {
    users_listen=${2:-127.0.0.1}:0 start_node "$1" --users-port-file "$T/$1.users"
    at=$1 url=https://127.0.0.1:$(cat "$T/$1.users")
    openssl s_client -connect "${url#https://}" </dev/null 2>/dev/null | openssl x509 >"$T/$1.pem" 2>/dev/null
}
# account NAME ROLE CLEARANCE: of the node that was started last; logged in
account() {
    "$bin" user add "$1" --home "$T/$at" --role "$2" --tlp "$3" --password-file "$T/password" >/dev/null
    curl -sg --cacert "$T/$at.pem" -c "$T/$at-$1.jar" -H "Origin: $url" -H "Content-Type: application/json" \
        -d "{\"name\":\"$1\",\"password\":\"$password\"}" "$url/api/v1/login" >"$T/login"
    as "$1"
}
# as NAME: from now on that account asks; what its changes have to bring is in $token
as() {
    who=$1
    token=(-H "Origin: $url" -H "X-CSRF-Token: $(gets_body /api/v1/session | jq -r .csrf)")
}
gets_body() { curl -sg --cacert "$T/$at.pem" -b "$T/$at-$who.jar" "$url$1"; }
# gets NAME STATUS PATH [OPTION...]: ask; the body is in $T/body, the headers in $T/headers
gets() {
    local name=$1 want=$2 path=$3
    shift 3
    is "$name" "$(curl -sg --cacert "$T/$at.pem" -b "$T/$at-$who.jar" -o "$T/body" -D "$T/headers" -w '%{http_code}' "$@" "$url$path")" "$want"
}
detail() { is "  and says so" "$(jq -r '"\(.error): \(.detail)"' "$T/body")" "$1"; }
# told_by_browser FILE CODE: the TAP of a program in a browser, and how it ended, as tests of ours
told_by_browser() {
    local line
    while IFS= read -r line; do
        case $line in
        "ok "*) ok "${line#* - }" ;;
        "not ok "*) not_ok "${line#* - }" ;;
        "1.."*) ;;
        *) echo "# $line" ;;
        esac
    done <"$1"
    is "the browser came to the end" "$2-$(grep -c '^1\.\.' "$1")" 0-1
}
