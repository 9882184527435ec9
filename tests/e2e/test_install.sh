#!/usr/bin/env bash
# `make install` into an empty directory gives what another program needs to embed the library, and
# nothing of our inside.
. tests/e2e/lib.sh

root=$T/root
ends "make install" 0 make --no-print-directory MODE="$(basename "$(dirname "$bin")")" install \
    DESTDIR="$root" PREFIX=/usr

is "the program runs from there" "$("$root/usr/bin/entente" --version)" \
    "entente $(sed -n 's/^#define ENTENTE_VERSION "\(.*\)"/\1/p' include/entente/entente.h)"
is "so does the one that only verifies" "$("$root/usr/bin/entente-verify" --version | cut -d" " -f1)" entente-verify
for f in share/man/man1/entente.1 share/man/man1/entente-verify.1 share/man/man3/libentente.3 share/man/man5/entente-config.5 \
    lib/libentente.a lib/libentente.so lib/pkgconfig/entente.pc lib/systemd/system/entente.service lib/sysusers.d/entente.conf; do
    check "$f is in its place" test -s "$root/usr/$f"
done
refute "no placeholder is left" grep -rnE '@[A-Z]+@' "$root/usr/lib/pkgconfig" "$root/usr/lib/systemd"
check "the service starts the installed program" \
    grep -qx 'ExecStart=/usr/bin/entente serve --home /var/lib/entente' \
    "$root/usr/lib/systemd/system/entente.service"

# --- the library ---------------------------------------------------------------------------------

# Declared in the headers, exported by the library, named in the manual: the same functions.
declared=$(cat "$root"/usr/include/entente/*.h | tr '\n' ' ' | grep -oE 'ENT_API [^;(]*\(' |
    grep -oE 'ent_[a-z0-9_]+\(' | tr -d '(' | sort)
exported=$(nm -D --defined-only "$root/usr/lib/libentente.so" | sed 's/.* //' | sort)
manual=$(sed -n 's/^\.Nm \(ent_[a-z0-9_]*\).*/\1/p' docs/man/libentente.3 | sort)
refute "the headers declare functions" test -z "$declared"
is "the library exports exactly what the headers declare" "$exported" "$declared"
is "libentente(3) names exactly these" "$manual" "$declared"

if [ $sanitized = yes ]; then
    skip "programs compile against it" "the library needs a sanitizer's runtime"
    done_testing
fi
export PKG_CONFIG_SYSROOT_DIR=$root PKG_CONFIG_PATH=$root/usr/lib/pkgconfig
read -ra flags < <(pkg-config --cflags --libs entente)
read -ra all_flags < <(pkg-config --static --cflags --libs entente)
awk '/^\.Sh EXAMPLES/ { e = 1 } e && /^\.Ed/ { exit } c { gsub(/\\e/, "\\"); print }
    e && /^\.Bd/ { c = 1 }' docs/man/libentente.3 >"$T/example.c"
cp tests/peers/embed_watch.c "$T/"
cp examples/watch.c "$T/image.c"
"$bin" init --home "$T/home" --name home --no-passphrase >/dev/null
echo evil.com | "$bin" import --home "$T/home" - >/dev/null
cd "$T" || exit 1 # nothing of the source tree is within reach
warn=(-std=c11 -Wall -Wextra -Wpedantic -Werror)
export LD_LIBRARY_PATH=$root/usr/lib

check "the example in libentente(3) compiles" "${CC:-cc}" "${warn[@]}" example.c "${flags[@]}" -o example
printf 'nothing\nGET http://sub.evil.com/x\nnotevil.com\n198.51.100.7 EVIL.com.\n' >log
is "and finds what it should" "$(./example 'evil[.]com' <log)" $'line 2\nline 4'
is "and says what is wrong" "$(./example 'no such thing' 2>&1 <log)" "malformed data"
check "embed_watch.c compiles" "${CC:-cc}" "${warn[@]}" embed_watch.c "${flags[@]}" -o embed
is "and finds what it should" "$(./embed evil.com 198.51.100.0/24 <log | sort)" \
    $'2: sub.evil.com (domain)\n4: 198.51.100.7 (net4)\n4: evil.com (domain)'
check "examples/watch.c compiles" "${CC:-cc}" "${warn[@]}" image.c "${flags[@]}" -o image
is "and finds what it should in a home's image" "$(./image "$T/home" <log | tr '\n' ' ')" \
    "2: sub.evil.com is domain evil.com, number 1 4: evil.com is domain evil.com, number 1 "
check "it links statically" "${CC:-cc}" "${warn[@]}" embed_watch.c "${all_flags[@]/#-lentente/-l:libentente.a}" -o static
is "and finds the same" "$(LD_LIBRARY_PATH='' ./static evil.com 198.51.100.0/24 <log)" \
    "$(./embed evil.com 198.51.100.0/24 <log)"
if command -v c++ >/dev/null; then
    check "the headers are C++ too" c++ -Wall -Wextra -Werror -fsyntax-only -x c++ "${flags[@]}" - \
        <<<'#include <entente/watch.h>'
else
    skip "the headers are C++ too" "there is no C++ compiler"
fi

# --- completion ----------------------------------------------------------------------------------

completion=$root/usr/share/bash-completion/completions/entente
check "the completion is bash" bash -n "$completion"
# complete WORD...: what would be offered for the last word
complete_for() {
    PATH=$root/usr/bin:$PATH bash -c '. "$0"; compopt() { :; }
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)); _entente; echo "${COMPREPLY[*]}"' "$completion" "$@"
}
is "it is registered" "$(bash -c '. "$0"; complete -p entente' "$completion")" \
    "complete -F _entente entente"
is "it completes commands" "$(complete_for entente imp)" import
is "it completes options" "$(complete_for entente match --dry)" --dry-run
is "it completes values" "$(complete_for entente import --tlp am)" "amber amber+strict"
member one && member two && export_card one && export_card two && found one two
is "it completes partners, not oneself" "$(complete_for entente match --home "$T/one" '')" two

done_testing
