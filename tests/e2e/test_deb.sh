#!/usr/bin/env bash
# The Debian packages: what is in them, what they ask for, what the service may do. How they behave in
# a system of their own is tools/check-deb's.
. tests/e2e/lib.sh

if ! command -v dh >/dev/null || ! command -v dpkg-buildpackage >/dev/null; then
    skip "the packages are built" "debhelper is not here"
    done_testing
fi

ends "the packages are built" 0 tools/deb
is "they are four" "$(sed 's|.*/||; s|_.*||' "$T/out")" \
    $'entente-verify\nentente\nlibentente-dev\nlibentente0'
version=$(sed -n 's/^#define ENTENTE_VERSION "\(.*\)"/\1/p' include/entente/entente.h)
for p in entente entente-verify libentente-dev libentente0; do
    deb=$(echo build/deb/"$p"_*.deb)
    is "$p has the program's version" "$(dpkg-deb -f "$deb" Version | sed 's/[~-].*//')" "$version"
    is "$p: all is root's, and nothing runs as root" \
        "$(dpkg-deb -c "$deb" | grep -vE '^[-dl]([r-][w-][x-]){3} root/root ')" ""
    is "$p: all is of one time, whenever the sources were written" \
        "$(dpkg-deb -c "$deb" | awk '{ print $4, $5 }' | sort -u | wc -l)" 1
    dpkg-deb -x "$deb" "$T/$p"
    dpkg-deb -e "$deb" "$T/$p.control"
    # What users may have changed is in the home, which is no part of any package.
    is "$p has nothing in /etc and /var" "$(find "$T/$p/etc" "$T/$p/var" 2>/dev/null)" ""
done
files() { (cd "$T/$1" && find . ! -type d ! -path './usr/share/doc/*' | sort | sed 's|/[^/]*-linux-gnu[^/]*/|/LIB/|'); }
is "entente" "$(files entente)" "$(printf './%s\n' lib/systemd/system/entente.service usr/bin/entente \
    usr/lib/sysusers.d/entente.conf usr/share/bash-completion/completions/entente \
    usr/share/man/man1/entente.1.gz usr/share/man/man5/entente-config.5.gz)"
is "entente-verify" "$(files entente-verify)" $'./usr/bin/entente-verify\n./usr/share/man/man1/entente-verify.1.gz'
is "libentente0" "$(files libentente0)" ./usr/lib/LIB/libentente.so.0
is "libentente-dev" "$(files libentente-dev | grep -v /include/)" "$(printf './usr/%s\n' lib/LIB/libentente.a \
    lib/LIB/libentente.so lib/LIB/pkgconfig/entente.pc share/man/man3/libentente.3.gz)"
for page in README.md docs/*.md; do
    check "$page is there to read" cmp "$page" "$T/entente/usr/share/doc/entente/$page"
done
is "the program runs" "$("$T/entente/usr/bin/entente" --version)" "entente $version"
is "entente-verify needs only what it is to need" \
    "$(dpkg-deb -f build/deb/entente-verify_*.deb Depends | sed 's/ ([^)]*)//g')" "libc6, libsodium23"
is "no script of a package removes what is not its own" "$(grep -nE '\brm\b|userdel|deluser' "$T"/*.control/p* 2>/dev/null)" ""

# packaging/packages is the one list; gcc, make and the C library are there wherever packages are built.
listed=$(awk '$1 == "build" && $2 !~ /^(gcc|make|libc6-dev)$/ { print $2 }' packaging/packages | sort)
asked=$(sed -n '/^Build-Depends:/,/^$/s/^ \([a-z0-9-]*\)\( (.*)\)\?,$/\1/p' packaging/debian/control |
    grep -vE '^(debhelper-compat|dh-sequence-.*)$' | sort)
is "the build asks for what packaging/packages lists" "$asked" "$listed"

# --- the service ---------------------------------------------------------------------------------

unit=$T/entente/lib/systemd/system/entente.service
setting() { sed -n "s/^$1=//p" "$unit"; }
stop=$("$bin" config list | sed -n 's/^#stop_seconds = *\([0-9]*\)s$/\1/p')
check "the service has longer to stop than the node takes" test "$(setting TimeoutStopSec)" -gt "${stop:-9999}"
is "the first process alone is asked to, and says when it is ready" "$(setting KillMode) $(setting Type)" "mixed notify"
is "what runs out of memory ends alone" "$(setting OOMPolicy)" continue
# systemd keeps it from whoever has this, because it cannot look into its arguments.
is "the keeper has openat2()" "$(setting RestrictSUIDSGID)" ""
if command -v systemd-analyze >/dev/null; then
    mkdir "$T/here"
    sed "s|=/usr/bin/|=$T/entente/usr/bin/|" "$unit" >"$T/here/entente.service"
    ends "systemd understands the service" 0 systemd-analyze verify --man=no "$T/here/entente.service"
    told "without a word" ""
    # In tenths: 10.0 is a service that may do anything.
    # shellcheck disable=SC2317 # called by check
    exposure() { systemd-analyze security --offline=true --no-pager --threshold="$2" "$1"; }
    check "the service is exposed by 2.0 at most" exposure "$unit" 20
    mkdir "$T/weak"
    grep -vE '^(SystemCallFilter|CapabilityBoundingSet|PrivateUsers|RestrictNamespaces|ProtectSystem)=' \
        "$unit" >"$T/weak/entente.service"
    refute "without half of its sandbox it would be by more" exposure "$T/weak/entente.service" 20
else
    skip "the service is exposed by 2.0 at most" "there is no systemd-analyze"
fi
if command -v lintian >/dev/null; then
    # That tag is for first uploads to Debian, which have a bug to close.
    ends "lintian has no error and no warning" 0 lintian --allow-root --fail-on error,warning \
        --suppress-tags initial-upload-closes-no-bugs build/deb/*.deb
    is "and nothing to say" "$(grep -E '^[EW]:' "$T/out")" ""
else
    skip "lintian has no error and no warning" "there is no lintian"
fi

# --- a tree that does not compile, and is in no repository ---------------------------------------

mkdir "$T/tree"
cp -r Makefile include src web packaging docs examples tools ./*.md LICENSE "$T/tree/"
echo '#error not today' >"$T/tree/src/base/arena.c"
ends "what does not compile makes no package" 1 "$T/tree/tools/deb"
tells "the compiler's words are shown" 'error: #error not today'
tells "and where the rest is" '^deb: the packages could not be built; all of it is in /'
is "nothing is there that could be taken for one" "$(find "$T/tree/build" -name '*.deb')" ""

done_testing
