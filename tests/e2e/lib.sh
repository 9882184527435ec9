# shellcheck shell=bash
# lib.sh: TAP for the end-to-end tests; sourced by tests/e2e/test_*.sh, which run from the root of
# the repository against the real program ($ENTENTE_BIN). Everything lives in a directory of its
# own, which goes at the end together with every process that was started.
# shellcheck disable=SC2034,SC2015 # some names are for those who source this; A && B || break is meant
set -u
export LC_ALL=C NO_COLOR=1
unset ENTENTE_HOME ENTENTE_PASSPHRASE_FILE
# A sanitizer's report must not look like "hits" (1) or any other exit code of ours.
export ASAN_OPTIONS="exitcode=99:${ASAN_OPTIONS:-}" UBSAN_OPTIONS="exitcode=99:${UBSAN_OPTIONS:-}"
export TSAN_OPTIONS="exitcode=99:${TSAN_OPTIONS:-}"

bin=$(realpath "${ENTENTE_BIN:-build/release/entente}")
peers=$(dirname "$bin")/tests/peers
data=$PWD/tests/data
jar=$data/grizzly-steppe/JAR-16-20296A.csv
jar_defanged=$data/grizzly-steppe/JAR-16-20296A-defanged.csv
apache=$data/web-logs/apache_logs

T=$(mktemp -d "${TMPDIR:-/tmp}/entente-e2e-XXXXXX")
count=0 failed=0 rc=0 pids=() port=0 node=0
sanitized=no
grep -q -e __asan_init -e __tsan_init "$bin" && sanitized=yes

# shellcheck disable=SC2317 # called by the trap
clean_up() {
    local p
    for p in "${pids[@]}"; do kill -KILL "$p" 2>/dev/null; done
    wait 2>/dev/null
    mountpoint -q "$T/small" 2>/dev/null && umount "$T/small"
    rm -rf "$T"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

# OASIS's schemas of STIX 2.1. Debian's packages are for Debian's python, which need not be the first.
stix_valid() {
    local p
    for p in python3 /usr/bin/python3; do
        "$p" -c 'import jsonschema' 2>/dev/null || continue
        "$p" tests/support/stix_valid.py tests/data/stix-schemas <"$1"
        return
    done
    echo "no python3 here has jsonschema"
}

# --- TAP -----------------------------------------------------------------------------------------

ok() { count=$((count + 1)); echo "ok $count - $1"; }
not_ok() {
    count=$((count + 1)) failed=$((failed + 1))
    echo "not ok $count - $1"
    shift
    [ $# -eq 0 ] || printf '%s\n' "$@" | head -40 | cut -c1-300 | sed 's/^/# /'
}
skip() { count=$((count + 1)); echo "ok $count - $1 # SKIP $2"; }
done_testing() { echo "1..$count"; [ "$failed" -eq 0 ]; exit; }

# check NAME COMMAND...: the command succeeds
check() {
    local name=$1 said
    shift
    if said=$("$@" 2>&1); then ok "$name"; else not_ok "$name" "$*" "$said"; fi
}
# refute NAME COMMAND...: it does not
refute() {
    local name=$1 said
    shift
    if said=$("$@" 2>&1); then not_ok "$name" "$*" "$said"; else ok "$name"; fi
}
# is NAME GOT WANT
is() { if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1" "got:  $2" "want: $3"; fi; }

# run COMMAND...: its output in $T/out and $T/err, its exit code in $rc
run() { "$@" >"$T/out" 2>"$T/err" </dev/null; rc=$?; }
# ends NAME CODE COMMAND...: run it and compare the exit code
ends() {
    local name=$1 want=$2
    shift 2
    run "$@"
    if [ "$rc" = "$want" ]; then ok "$name"; return; fi
    not_ok "$name" "$*" "exit code $rc, not $want" "$(tail -n 5 "$T/out")" "$(tail -n 15 "$T/err")"
}
# told NAME TEXT: the last command's standard error is this and nothing else
told() { is "$1" "$(cat "$T/err")" "$2"; }
# tells NAME PATTERN [FILE]: it has a line that matches (default: standard error)
tells() {
    if grep -Eq -e "$2" "${3:-$T/err}"; then ok "$1"; else not_ok "$1" "no /$2/ in:" "$(cat "${3:-$T/err}")"; fi
}

# --- members -------------------------------------------------------------------------------------

# member NAME [OPTION...]: a home with open keys in $T/NAME
member() {
    local name=$1
    shift
    "$bin" init --home "$T/$name" --name "$name" --no-passphrase "$@" >/dev/null
}

# export_card NAME [URL]: the card in $T/NAME.member
export_card() {
    "$bin" member export --home "$T/$1" --url "${2:--}" >"$T/$1.member" 2>/dev/null
}

# found [OPTION VALUE]... NAME...: a pact of these members, whose cards are in $T/NAME.member. The
# options are those of `pact new`. The draft goes round once, to be signed, and again to those who
# could not know yet that all had.
found() {
    local opts=() cards=() name
    while [[ $1 == --* ]]; do opts+=("$1" "$2"); shift 2; done
    for name; do cards+=("$T/$name.member"); done
    rm -f "$T/draft"
    "$bin" pact new --home "$T/$1" --name test --output "$T/draft" "${opts[@]}" "${cards[@]}" 2>/dev/null || return
    [ $# -gt 1 ] || return 0
    for name in "${@:2}" "${@:1:$#-1}"; do
        "$bin" pact vote --home "$T/$name" "$T/draft" >/dev/null 2>&1 || return
    done
}

# sworn NAME...: each votes for what is proposed, as often as it takes until all know the decision
sworn() {
    local name version
    version=$(pact_version "$1")
    for name in "$@" "$@"; do
        [ "$(pact_version "$name")" -gt "$version" ] && continue
        "$bin" pact vote --home "$T/$name" >/dev/null 2>&1
    done
    for name; do wait_for 20 newer_pact "$name" "$version" || return; done
}
newer_pact() { [ "$(pact_version "$1")" -gt "$2" ]; }
pact_version() { "$bin" pact show --home "$T/$1" --json | jq -r .version; }

# wait_for SECONDS COMMAND...: until it succeeds
wait_for() {
    local until=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $until ] || return 1
        sleep 0.05
    done
}

# configure NAME LINE...: settings of that member, instead of what there was
configure() {
    local name=$1
    shift
    printf '%s\n' "$@" >"$T/$name/config"
}

# start_node NAME [OPTION...]: serve $T/NAME on a free port, and on that one ever after; its log is
# $T/NAME.log. Sets $node (the process) and $port.
declare -A node_of port_of
start_node() {
    local name=$1
    shift
    rm -f "$T/$name.port"
    "$bin" serve --home "$T/$name" --listen "127.0.0.1:${port_of[$name]:-0}" \
        --port-file "$T/$name.port" --users-listen "${users_listen:-off}" "$@" >>"$T/$name.log" 2>&1 </dev/null &
    node=$!
    pids+=("$node")
    wait_for 30 test -s "$T/$name.port" || { echo "# $name does not start"; cat "$T/$name.log"; }
    port=$(cat "$T/$name.port")
    node_of[$name]=$node port_of[$name]=$port
}

# stop_node [SIGNAL]: end the last one; its exit code in $rc
stop_node() {
    [ "$node" -gt 1 ] || exit 1
    kill "-${1:-TERM}" "$node" 2>/dev/null
    wait "$node" 2>/dev/null
    rc=$?
}
# stop_node_of NAME [SIGNAL]: end that one
stop_node_of() { node=${node_of[$1]}; stop_node "${2:-TERM}"; }

# nodes NAME...: members with a home, a running node and a card that has its address
nodes() {
    local name
    for name; do
        member "$name" && configure "$name" "gossip_seconds = 1" && start_node "$name" &&
            export_card "$name" "https://127.0.0.1:$port" || return
    done
}

# release_jar NAME: that member lets GRIZZLY STEPPE go to others
release_jar() {
    "$bin" release --home "$T/$1" "${jar##*/}" --by tests --reason "published in 2016" >/dev/null
}

# pair ASKER HOLDER: two members in one pact, with a node running for the holder, both knowing
# GRIZZLY STEPPE, which is odd and has to be released. Sets $node and $port: not for a subshell.
pair() {
    member "$1" && member "$2" &&
        "$bin" import --home "$T/$2" "$jar" >/dev/null &&
        release_jar "$2" && export_card "$1" && start_node "$2" &&
        export_card "$2" "https://127.0.0.1:$port" && found "$1" "$2" && wait_for 20 joined "$2"
}
# joined NAME: its node has seen the pact
joined() { grep -q 'event=pact ' "$T/$1.log"; }

# acquainted NAME N: its node has reached so many others since it saw the pact
acquainted() { [ "$(grep -o 'event=member-reached member=.*' "$T/$1.log" | sort -u | wc -l)" -ge "$2" ]; }

# gigabyte BEFORE AFTER: one line with a gigabyte between the two
gigabyte() {
    python3 -c '
import sys
out = sys.stdout.buffer
try:
    out.write(sys.argv[1].encode())
    for i in range(1024):
        out.write(b"a" * (1 << 20))
    out.write(sys.argv[2].encode())
except BrokenPipeError:
    sys.stdout = None' "$@" 2>/dev/null
}

# clocked FILE: the program there, with a calendar that set_clock sets
clocked() { cp "$(dirname "$bin")/tests/clocked" "$1" && echo 0 >"$1.clock"; }
# set_clock FILE SECONDS: how far off that one's calendar is from now on, in all of its processes
set_clock() { printf '%020d\n' "$2" 1<>"$1.clock"; }

# leftovers DIR: names that only something half-written would have
leftovers() { find "$1" -name '*.??????' ! -name '*.member' ! -name 'store.db-*' -o -name '*.new-*' | grep . ; }
# digest DIR: one hash over all names and contents
digest() { (cd "$1" && find . -type f ! -name '*-wal' ! -name '*-shm' -print0 | sort -z | xargs -0 sha256sum | sha256sum); }
# store_dump NAME: what the store of that member holds, without the times of import
store_dump() {
    python3 - "$T/$1/store.db" <<'PY'
import sqlite3, sys
db = sqlite3.connect("file:%s?mode=ro" % sys.argv[1], uri=True)
if db.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0] == 0:
    sys.exit()
for row in db.execute("SELECT o.type, o.value, c.tlp, c.confidence, x.kind, x.text FROM observable o"
                      " JOIN claim c ON c.observable = o.id JOIN context x ON x.id = c.context"
                      " ORDER BY 1, 2, 3, 4, 5, 6"):
    print(row)
PY
}
