#!/usr/bin/env bash
# test_crash.sh: what is left when the power, the disk, a backup or the clock fails: nothing that was
# acknowledged is lost, no number is used twice, and no two heads that contradict each other are left.
# shellcheck source=tests/e2e/lib.sh disable=SC2317,SC2015 # functions for `ends` and `check`
. tests/e2e/lib.sh

say=$peers/say
# A leak cannot be looked for below strace.
[ "$sanitized" = no ] || export ASAN_OPTIONS="${ASAN_OPTIONS:-}:detect_leaks=0" # the last one counts

# alone NAME: a member in a pact of one
alone() { member "$1" && export_card "$1" && found "$1"; }

# heads_of DIR: the heads of the own log in lock/ and log/, as `say` tells them; lock/audit-1/ is the
# audit log's
heads_of() {
    local f
    for f in "$1"/lock/[0-9]*/checkpoint "$1"/log/[0-9]*/checkpoint; do
        [ ! -f "$f" ] || echo "head $(sed -n 2p "$f") $(sed -n 3p "$f")"
    done
}

# true_of DIR FILE: the log is whole, and all that FILE says of it is so
true_of() {
    local lies
    "$say" check "$1" >"$T/truth" 2>"$T/err" || { cat "$T/err"; return 1; }
    lies=$(comm -23 <(sort -u "$2") <(sort "$T/truth"))
    [ -z "$lies" ] || { echo "not so any more: $lies"; return 1; }
}

# --- every call of a commit ------------------------------------------------------------------------
# The calls of one statement that touch the disk are counted, and each of them fails once, or is the
# last one. What was printed until then was acknowledged.

# calls_of CALL: which of these calls of a statement in $T/counted may fail. What the dynamic linker
# and the C library do comes before the home is opened; exposed/ is only looked into by the way.
calls_of() {
    strace -f -qq -o "$T/trace" -e "trace=openat,$1" "$say" speak "$T/counted" 1 >/dev/null 2>&1
    awk -v home="$T/counted" -v call="$1" 'index($0, home) { on = 1 }
        $2 ~ "^" call "\\(" { n++; if (on && !/"exposed/) print n }' "$T/trace"
}

# one_fault HOW DIR CALL N: that call fails, and the next statement goes well; says what does not
one_fault() {
    local how=$1 dir=$2 call=$3 n=$4 size=0 said next
    [ -f "$dir/lock/1/checkpoint" ] && size=$(sed -n 2p "$dir/lock/1/checkpoint")
    { # the shell tells who was killed
        strace -f -qq -o /dev/null -e "trace=$call" -e "inject=$call:$how:when=$n" \
            "$say" speak "$dir" 1 >"$T/said" 2>"$T/err"
        rc=$?
    } 2>/dev/null
    case $how in
    signal=KILL) [ $rc = 137 ] || { echo "it ends with $rc"; return; } ;;
    *) if [ $rc != 5 ] || [ ! -s "$T/err" ]; then echo "it ends with $rc: $(cat "$T/err")"; return; fi ;;
    esac
    said=$(grep -c ^said "$T/said")
    { cat "$T/said"; heads_of "$dir"; } >>"$T/acked"
    "$say" speak "$dir" 1 >"$T/said" 2>"$T/err" || { echo "nothing can be said: $(cat "$T/err")"; return; }
    { cat "$T/said"; heads_of "$dir"; } >>"$T/acked"
    next=$(sed -n 's/^said \([0-9]*\) .*/\1/p' "$T/said")
    if [ "$next" -lt $((size + said)) ] || [ "$next" -gt $((size + 1)) ]; then
        echo "$size entries, $said more acknowledged, and then comes number $next"
    fi
}

# faults HOW BASE CALL...: in $T/BASE; when that is "fresh", in a copy of it each time
faults() {
    local how=$1 base=$2 call n dir=$T/$2 bad="" tried=0
    shift 2
    : >"$T/acked"
    for call; do
        rm -rf "$T/counted" && cp -a "$T/$base" "$T/counted"
        for n in $(calls_of "$call"); do
            tried=$((tried + 1))
            if [ "$base" = fresh ]; then
                dir=$T/now
                rm -rf "$dir" "$T/acked" && cp -a "$T/fresh" "$dir"
            fi
            bad=$(one_fault "$how" "$dir" "$call" "$n")
            [ -z "$bad" ] && [ "$base" = fresh ] && bad=$(true_of "$dir" "$T/acked")
            [ -z "$bad" ] || { bad="$call $n: $bad"; break 2; }
        done
        bad=$(true_of "$dir" "$T/acked") || { bad="$call: $bad"; break; }
    done
    if [ $tried -gt $# ]; then is "$how at each of $tried calls ($*)" "$bad" ""; else not_ok "$how: $tried calls"; fi
}

alone fresh
cp -a "$T/fresh" "$T/told"
"$say" speak "$T/told" 2 >"$T/acked"
check "what was said is there" true_of "$T/told" "$T/acked"
echo "head 1 $(head -c 32 /dev/zero | base64)" >"$T/lie"
refute "and what was not is not" true_of "$T/told" "$T/lie"

if ! strace -qq -o /dev/null true 2>/dev/null; then
    skip "a call of a commit that fails" "strace is not allowed here"
else
    cp -a "$T/fresh" "$T/old"
    "$say" speak "$T/old" 3 >"$T/acked"
    write=(pwrite64 write fdatasync fsync renameat ftruncate) first=(mkdirat renameat)
    [ "$sanitized" = no ] || write=(pwrite64 renameat)
    faults signal=KILL old "${write[@]}"
    faults error=EIO old "${write[@]}" pread64 openat flock
    "$say" speak "$T/old" 1 >/dev/null
    for n in 1 3; do
        ends "call $n that locks the book fails" 5 strace -f -qq -o /dev/null -e trace=flock \
            -e "inject=flock:error=EIO:when=$n" "$bin" pact status --home "$T/old"
        tells "and that is said" '^entente: .*cannot lock the book: Input/output error$'
    done
    faults error=ENOSPC old pwrite64 write fdatasync
    # The very first statement makes files and folders, too.
    [ "$sanitized" = yes ] || first+=(fsync)
    faults signal=KILL fresh "${first[@]}"
    faults error=EIO fresh "${first[@]}" openat flock
    faults error=ENOSPC fresh mkdirat
fi

# --- a full disk -----------------------------------------------------------------------------------

if mkdir -p "$T/small" && mount -t tmpfs -o size=256k none "$T/small" 2>/dev/null; then
    cp -a "$T/fresh" "$T/small/home"
    "$say" speak "$T/small/home" 3 >"$T/acked"
    bad="" refused=0
    for ((room = 0; room < 12; room++)); do # so many pages are left for a statement and its head
        head -c 1M /dev/zero >"$T/small/fill" 2>/dev/null
        truncate -s -$((room * 4096)) "$T/small/fill"
        size=$(sed -n 2p "$T/small/home/lock/1/checkpoint")
        if "$say" speak "$T/small/home" 1 >"$T/said" 2>"$T/err"; then
            size=$((size + 1))
        else
            grep -q 'no space left on the device$' "$T/err" || bad="$room pages: $(cat "$T/err")"
            refused=$((refused + 1))
        fi
        cat "$T/said" >>"$T/acked"
        rm "$T/small/fill"
        "$say" speak "$T/small/home" 1 >"$T/said" 2>"$T/err" || bad="$room pages, then: $(cat "$T/err")"
        grep -q "^said $size $((size + 1)) " "$T/said" || bad="$room pages, then: $(cat "$T/said")"
        cat "$T/said" >>"$T/acked"
        [ -z "$bad" ] && bad=$(true_of "$T/small/home" "$T/acked")
        [ -z "$bad" ] || break
    done
    is "a disk with room for 0 to 11 pages: no number is used up" "$bad" ""
    check "some of it was refused" test $refused -gt 0
    head -c 1M /dev/zero >"$T/small/fill" 2>/dev/null
    size=$(sed -n 2p "$T/small/home/lock/1/checkpoint")
    ends "a proposal on a full disk" 5 "$bin" pact propose --home "$T/small/home" --budget 1000/7
    tells "says what is wrong" 'no space left on the device$'
    rm "$T/small/fill"
    is "and was not made" "$(heads_of "$T/small/home" | cut -d' ' -f2 | sort -u)" "$size"
    umount "$T/small"
else
    skip "a full disk" "a tmpfs needs root"
fi

# --- several at once -------------------------------------------------------------------------------

cp -a "$T/fresh" "$T/busy"
writers=()
for i in 1 2 3 4 5 6 7 8; do
    "$say" speak "$T/busy" 12 >"$T/said.$i" 2>&1 &
    writers+=($!)
done
rc=0
for p in "${writers[@]}"; do wait "$p" || rc=$?; done
is "eight processes of one home speak at once" "$rc" 0
cat "$T"/said.? >"$T/acked"
is "each number is given once" "$(sed -n 's/^said \([0-9]*\) .*/\1/p' "$T/acked" | sort -n | tr '\n' ' ')" "$(seq -s ' ' 0 95) "
check "and all of it is there" true_of "$T/busy" "$T/acked"

# --- old copies ------------------------------------------------------------------------------------

# exposes NAME MEMBER: what that home knows is a proof
exposes() { "$bin" status --home "$T/$1" --json | jq -e --arg m "$2" '.members[] | select(.name == $m) | .exposed' >/dev/null; }
propose() { "$bin" pact propose --home "$T/$1" --budget "$2/7"; }
old_copy="somebody holds a later head, this is an old copy: \`entente recover\` refills it"

nodes alpha beta gamma && found alpha beta gamma
for name in alpha beta gamma; do wait_for 20 joined $name; done
# mirrored MEMBER SIZE: the others have so much of its log
mirrored() {
    local name
    for name in beta gamma; do
        "$bin" status --home "$T/$name" --json |
            jq -e --arg m "$1" --arg n "$2" '.members[] | select(.name == $m) | .mirrored == ($n | tonumber)' >/dev/null || return
    done
}
ends "a member says something" 0 propose alpha 1000
stop_node_of alpha
cp -a "$T/alpha" "$T/snapshot"
start_node alpha
ends "and something more" 0 propose alpha 2000
check "which the others mirror" wait_for 20 mirrored alpha 3
stop_node_of alpha
heads_of "$T/alpha" >"$T/acked"

mv "$T/alpha" "$T/newer"
cp -a "$T/snapshot" "$T/alpha"
ends "an old copy, put back, says nothing" 4 propose alpha 3000
told "and what to do" "entente: $T/alpha: $old_copy"
start_node alpha
sleep 1
stop_node_of alpha
is "nor does its node sign anything" "$(sed -n 2p "$T/alpha/lock/1/checkpoint")" 2
ends "recover" 0 "$bin" recover --home "$T/alpha"
tells "fetches what is missing" '^1 entries came back from the others' "$T/out"
start_node alpha
ends "now it speaks" 0 propose alpha 4000
check "to all" wait_for 20 mirrored alpha 4
stop_node_of alpha
check "after all that it had said" true_of "$T/alpha" "$T/acked"

# A backup that does not bring back lock/, as it should be.
rm -rf "$T/alpha/log"
cp -a "$T/snapshot/log" "$T/alpha/log"
ends "an old log below the last head that was signed" 4 propose alpha 5000
tells "says what to do" "\`entente recover\`"
ends "recover fills it up to that head" 0 "$bin" recover --home "$T/alpha"
ends "and it speaks" 0 propose alpha 6000
check "after all that it had said" true_of "$T/alpha" "$T/acked"
refute "nobody is exposed: beta" exposes beta alpha
refute "nobody is exposed: gamma" exposes gamma alpha

# A home whose mirror of alpha is of one history, for what is done with it below.
stop_node_of beta
cp -a "$T/beta" "$T/whole"
start_node beta

# Two homes with one key.
size=$(sed -n 2p "$T/alpha/lock/1/checkpoint")
cp -a "$T/alpha" "$T/twin"
ends "the first of two homes speaks" 0 propose alpha 7000
ends "the second is told by the others" 4 propose twin 8000
told "that it is one" "entente: $T/twin: $old_copy"
ends "without their word it signs nothing" 5 "$say" speak "$T/twin" 1
ends "made to sign all the same" 0 "$say" speak "$T/twin" 1 alone
refute "it cannot show it without being found out" propose twin 9000
check "beta has the proof" wait_for 20 exposes beta alpha
check "gamma too" wait_for 20 exposes gamma alpha
tells "their nodes say so" 'event=member-exposed member=alpha kind=fork' "$T/beta.log"
refute "of nobody else" grep -q 'event=member-exposed member=[^a]' "$T/beta.log" "$T/gamma.log"
stop_node_of beta
is "and live on" "$rc" 0

# --- a flipped bit ---------------------------------------------------------------------------------
# Each file of a home, one after the other: somebody must name it or refuse to go on, and nobody may
# crash. The settings are words, and the store is SQLite's.

# finds COMMAND...: it refuses, and in words
finds() {
    run "$@"
    case $rc in
    0) return 1 ;;
    1 | 3 | 4 | 5) [ -s "$T/err" ] || [ -s "$T/out" ] ;;
    *) crashed="$* ends with $rc" ;;
    esac
}
# who_finds HOME: the first command that does
who_finds() {
    if finds "$bin" pact show --home "$1"; then by+="opening the home,"
    elif finds "$bin" log verify --home "$1"; then by+="log verify,"
    elif finds "$bin" log audit --home "$1" alpha; then by+="log audit,"
    elif finds "$bin" pact status --home "$1"; then by+="pact status,"
    elif finds "$bin" member export --home "$1"; then by+="member export,"
    elif finds "$say" speak "$1" 1 alone; then by+="speaking,"
    else by+="nobody,"; fi
}

# flip FILE PLACE: one bit of the byte in the first, second ... eighth of it
flip() {
    local at
    at=$(($(stat -c %s "$1") * $2 / 8))
    chmod u+w "$1"
    printf '%b' "\\0$(printf %o $(($(od -An -tu1 -j $at -N 1 "$1") ^ 1)))" | dd of="$1" bs=1 seek=$at conv=notrunc status=none
}

if "$bin" log verify --help >/dev/null 2>&1; then
    rm -rf "$T/whole/exposed" && cp -a "$T/beta/exposed" "$T/whole/"
    "$say" speak "$T/whole" 3 alone >/dev/null
    ends "the log is whole" 0 "$bin" log verify --home "$T/whole"
    ends "so is the mirror" 0 "$bin" log audit --home "$T/whole" alpha
    by="" crashed=""
    cp -a "$T/whole" "$T/flipped"
    who_finds "$T/flipped"
    is "nothing is found where nothing is wrong" "$by$crashed" "nobody,"
    while read -r f; do
        by="" crashed=""
        for place in 1 4 7; do
            rm -rf "$T/flipped" && cp -a "$T/whole" "$T/flipped"
            flip "$T/flipped/$f" "$place"
            who_finds "$T/flipped"
        done
        by=$(tr ',' '\n' <<<"$by" | grep . | sort -u | paste -sd,)
        [[ $by != *nobody* ]] && [ -z "$crashed" ] && ok "a flipped bit in $f: $by" ||
            not_ok "a flipped bit in $f: $by $crashed"
    done < <(cd "$T/whole" && find . -type f -size +0 ! -name config ! -name 'store.db*' ! -name accounts.epoch | cut -c3- | sort)
else
    skip "a flipped bit in every file" "there is no such command yet"
fi

# --- a clock that is wrong -------------------------------------------------------------------------

# cosigned NAME: when each of the others cosigned its newest head, in seconds
cosigned() {
    grep -a /witness "$T/$1/log/1/checkpoint" | sed 's/.* //' | while read -r line; do
        echo $((16#$(base64 -d <<<"$line" | od -An -tx1 -j 4 -N 8 | tr -d ' \n')))
    done | sort -n
}
# shifted YEAR COMMAND...: in January of that year
shifted() {
    local year=$1
    shift
    env LD_PRELOAD="$T/clock.so" CLOCK_SHIFT=$(($(date -d "$year-01-02" +%s) - $(date +%s))) "$@"
}

if [ "$sanitized" = yes ] || ! cc -shared -fPIC -o "$T/clock.so" tests/e2e/clock.c 2>/dev/null; then
    skip "a clock in 1970 and in 2100" "nothing can be preloaded here"
else
    nodes delta epsilon && found delta epsilon
    for name in delta epsilon; do wait_for 20 joined $name; done
    # Nobody cosigns before somebody has said what they hold of its own log.
    for name in delta epsilon; do wait_for 20 grep -q event=member-reached "$T/$name.log"; done
    ends "a statement, cosigned today" 0 propose delta 1000
    stop_node_of epsilon
    honest=$bin
    before=$(cosigned delta)
    check "says when" test -n "$before"
    clocked "$T/shifted"
    for year in 1970 2100; do
        set_clock "$T/shifted" $(($(date -d "$year-01-02" +%s) - $(date +%s)))
        bin=$T/shifted
        start_node epsilon
        bin=$honest
        wait_for 20 grep -q "^time=$year-.*event=member-reached" "$T/epsilon.log"
        is "a node in $year" "$(grep -c "^time=$year-.*event=ready" "$T/epsilon.log")" 1
        ends "cosigns" 0 propose delta "${year}000"
        after=$(cosigned delta)
        check "and not before what it cosigned already" test "${after:-0}" -ge "$before"
        before=$after
        stop_node_of epsilon
        ends "a statement made in $year" 0 shifted $year "$say" speak "$T/fresh" 1
        cat "$T/out" >>"$T/clocks"
    done
    check "the last one in that year" test "$before" -gt 4000000000
    : >"$T/epsilon.log"
    start_node epsilon
    wait_for 20 grep -q event=member-reached "$T/epsilon.log"
    ends "back in the present it cosigns" 0 propose delta 5000
    check "and not before that either" test "$(cosigned delta)" -ge "$before"
    check "all statements are in order" true_of "$T/fresh" "$T/clocks"
    refute "nobody is exposed" exposes delta epsilon
    refute "nor is the other" exposes epsilon delta
    stop_node_of delta
    stop_node_of epsilon
fi

# --- heads without entries -------------------------------------------------------------------------

nodes eta theta && found eta theta
for name in eta theta; do wait_for 20 joined $name; done
stop_node_of eta
"$say" speak "$T/eta" 3 alone >"$T/acked"
cp "$T/eta.port" "$T/port"
"$peers/cheat" hold "$T/eta" "$T/port" withheld >"$T/eta.log" 2>&1 &
node=$!
pids+=("$node")
# sizes_of NAME MEMBER: how many entries of its log, and how many of them are mirrored
sizes_of() { "$bin" status --home "$T/$1" --json | jq -r --arg m "$2" '.members[] | select(.name == $m) | "\(.size // 0) \(.mirrored // 0)"'; }
all_of_it() { [ "$(sizes_of theta eta)" = "3 3" ]; }
head_known() { [ "$(sizes_of theta eta | cut -d' ' -f1)" = 3 ]; }
check "a head without its entries is known" wait_for 30 head_known
sleep 2 # more visits
is "of a log whose entries are withheld the head is known, and nothing is mirrored" "$(sizes_of theta eta)" "3 0"
refute "that is no proof" exposes theta eta
refute "nor told as one" grep -q member-exposed "$T/theta.log"
stop_node TERM
start_node eta
check "once it is served, all of it is taken" wait_for 20 all_of_it
stop_node_of eta
stop_node_of theta
is "the node that was told nothing lived on" "$rc" 0
done_testing
