#!/usr/bin/env bash
# observe.sh [PROGRAM]: a log with a million different public addresses, each twice, into a window,
# beside `cut | sort | uniq -c`, the plain way to count the same (GNU sort, which spills to the disk
# beyond its buffer); and a flood of four times as many into a window that keeps a million. Both
# count, and must count the same. What is needed at most has a limit: it must not follow the log.
# ITEMS (1000000) and ROUNDS (5) change the sizes.
# shellcheck source=bench/lib
. "$(dirname "$0")/lib"
export LC_ALL=C
ITEMS=${ITEMS:-1000000} ROUNDS=${ROUNDS:-5} LIMIT=192

# log N TIMES: lines of a web server by N different addresses, in no order.
log() {
    python3 - "$1" "$2" <<'END'
import random, sys

n, times = int(sys.argv[1]), int(sys.argv[2])
r = random.Random(1)
seen = r.sample(range(0x10000, 0x2000000), n) # 2^25 addresses from 16.0.0.0 on
for _ in range(times):
    r.shuffle(seen)
    for v in seen:
        v += 0x10000000
        print('%d.%d.%d.%d - - [22/Nov/2026:08:00:00 +0000] "GET /robots.txt HTTP/1.1" 200 31'
              % (v >> 24, v >> 16 & 255, v >> 8 & 255, v & 255))
END
}
observe() {
    rm -rf "$tmp/a/observed"
    measured "$tmp/hits" "$entente" watch --home "$tmp/a" --no-sightings --observe --threads 1 "$1" 2>/dev/null
}
counted() { "$entente" observed show --home "$tmp/a" --json | python3 -c '
import json, sys
for line in sys.stdin:
    o = json.loads(line)
    print(o["hits"], o["value"])' | sort | sha256sum; }

home a
progress "making the log ..."
log "$ITEMS" 2 >"$tmp/log"
: >"$tmp/ours"
: >"$tmp/theirs"
for ((i = 1; i <= ROUNDS; i++)); do
    progress "round $i of $ROUNDS ..."
    observe "$tmp/log" >>"$tmp/ours"
    measured "$tmp/plain" sh -c "cut -d' ' -f1 '$tmp/log' | sort --parallel=1 | uniq -c" >>"$tmp/theirs"
done
progress
[ "$(counted)" = "$(awk '{print $1, $2}' "$tmp/plain" | sort | sha256sum)" ] || die "they do not count the same"
mb=$(awk -v n="$(stat -c %s "$tmp/log")" 'BEGIN {print n / 1e6}')
rate() { awk -v t="$(middle 1 "$1")" -v n="$2" 'BEGIN {print n / t}'; }
say "$ITEMS different addresses, each twice, $mb MB of log (seed 1, one thread, $ROUNDS rounds)"
beside observe/rate "log read, counted and kept, MB/s" "$(rate "$tmp/ours" "$mb")" MB/s "sort" "$(rate "$tmp/theirs" "$mb")" more
beside observe/cpu "processor time, s" "$(middle 2 "$tmp/ours")" s "sort" "$(middle 2 "$tmp/theirs")" less
beside observe/memory "memory at most, MiB" "$(middle 3 "$tmp/ours")" MiB "sort" "$(middle 3 "$tmp/theirs")" less
figure observe/bytes "bytes an item in the file" \
    "$(stat -c %s "$tmp"/a/observed/*-3600 | awk -v n="$ITEMS" '{s += $1} END {print s / n}')" B 10 most
figure observe/memory-limit "memory at most" "$(middle 3 "$tmp/ours")" MiB "$LIMIT" most

progress "making a flood ..."
log $((4 * ITEMS)) 1 >"$tmp/log"
echo "observe_max_items = $ITEMS" >"$tmp/a/config"
read -r took _ mib < <(observe "$tmp/log")
progress
[ "$("$entente" observed list --home "$tmp/a" --json | python3 -c '
import json, sys
print(max(json.loads(line)["items"] for line in sys.stdin))')" = "$ITEMS" ] || die "the flood left another number"
say "four times as many, of which $ITEMS are kept"
figure observe/flood "seconds" "$took" s
figure observe/flood-memory "memory at most" "$mib" MiB "$LIMIT" most
