# Entente. `make` builds, `make check` tests everything, `make demo` shows it, `make help` lists.
#
# One tree for each mode: build/release, debug, asan, tsan, ctime (valgrind's constant-time marks),
# fuzz (clang, libFuzzer), cov. New files in src/, tests/ and bench/ are found by their names.

MODE    ?= release
B       := build/$(MODE)
VERSION := $(shell sed -n 's/^\#define ENTENTE_VERSION "\(.*\)"/\1/p' include/entente/entente.h)

DESTDIR ?=
PREFIX  ?= /usr/local
LIBDIR  ?= $(PREFIX)/lib

PKGS := libsodium libmicrohttpd libcurl gnutls hogweed nettle gmp sqlite3 libidn2 libpsl libzstd \
        zlib liblzma icu-i18n icu-uc libpcap expat libseccomp
# Asked only when something is compiled, so that `make help` and the installer work without them.
PKG_CFLAGS = $(shell pkg-config --cflags $(PKGS))
PKG_LIBS   = $(shell pkg-config --libs $(PKGS))

WARN := -Wall -Wextra -Wshadow -Wconversion -Wsign-conversion -Wstrict-prototypes -Wvla \
        -Wmissing-prototypes -Wpointer-arith -Wwrite-strings -Wundef -Werror
CPPFLAGS := -Iinclude -Isrc -D_GNU_SOURCE
CFLAGS_ALL = -std=gnu11 -g -pthread -fPIC -fvisibility=hidden $(WARN) $(PKG_CFLAGS) $(CFLAGS)
LDFLAGS_ALL = -pthread $(LDFLAGS)
LIBS = $(PKG_LIBS) -lm
# Of tests alone: the framework, and a JSON parser to compare ours with.
TEST_LIBS = $(LIBS) -ljansson -lcmocka

HARDEN := -O2 -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fstack-protector-strong \
          -fstack-clash-protection -fcf-protection
HARDEN_LD := -Wl,-z,relro,-z,now,-z,noexecstack
# Lines are all that a report needs; the rest of what -g writes takes a quarter of the build's time.
SAN := -g1 -O1 -fno-omit-frame-pointer -fno-sanitize-recover=all
# Not for clang's, of which it warns.
SAN_LD := $(if $(shell command -v ld.gold),-fuse-ld=gold)

ifeq ($(MODE),release)
CFLAGS_ALL += $(if $(filter x86_64,$(shell uname -m)),$(HARDEN),$(filter-out -fcf-protection,$(HARDEN)))
LDFLAGS_ALL += $(HARDEN_LD)
PIE := -pie
else ifeq ($(MODE),debug)
CFLAGS_ALL += -O0
else ifeq ($(MODE),asan)
CFLAGS_ALL += $(SAN) -fsanitize=address,undefined
LDFLAGS_ALL += $(SAN_LD) -fsanitize=address,undefined
else ifeq ($(MODE),tsan)
CFLAGS_ALL += $(SAN) -fsanitize=thread
LDFLAGS_ALL += $(SAN_LD) -fsanitize=thread
else ifeq ($(MODE),ctime)
CFLAGS_ALL += -O2 -DENT_CTIME
else ifeq ($(MODE),fuzz)
CC := clang
CFLAGS_ALL += $(SAN) -fsanitize=fuzzer-no-link,address,undefined
LDFLAGS_ALL += -fsanitize=address,undefined
else ifeq ($(MODE),cov)
CFLAGS_ALL += -O0 --coverage
LDFLAGS_ALL += --coverage
else
$(error MODE is release, debug, asan, tsan, ctime, fuzz or cov)
endif

# --- what there is ------------------------------------------------------------------------------
LAYERS   := base crypto intel ledger pact watch sensor match evidence store proc net node
LIB_SRC  := $(foreach l,$(LAYERS),$(wildcard src/$l/*.c))
# entente-verify has a main of its own and a few files of the program's.
VERIFY_MAIN := src/cli/main_verify.c
CLI_SRC  := $(filter-out $(VERIFY_MAIN),$(wildcard src/cli/*.c))
VERIFY_SRC := $(VERIFY_MAIN) $(addprefix src/cli/,args.c log_print.c tell.c verify.c)
HEADERS  := $(wildcard include/entente/*.h src/*/*.h)
PUBLIC   := $(wildcard include/entente/*.h)
MAN      := $(wildcard docs/man/*.[1-8])
SUPPORT  := $(wildcard tests/support/*.c)
UNIT     := $(wildcard tests/unit/test_*.c)
CTIME    := $(wildcard tests/ctime/ctime_*.c)
FUZZ     := $(wildcard tests/fuzz/fuzz_*.c tests/fuzz/must_crash.c)
PEERS    := $(wildcard tests/peers/*.c)
SIM      := $(wildcard tests/sim/sim_*.c)
SIM_AID  := $(filter-out $(SIM),$(wildcard tests/sim/*.c)) \
            $(addprefix tests/support/,t.c logs.c simdisk.c)
EXAMPLES := $(wildcard examples/*.c)
BENCH    := $(wildcard bench/*.c)
# Not benches themselves: what they measure, and beside whom.
BENCH_AID := gen_log gen_ledger hyperscan web_bare

obj  = $(patsubst %.c,$B/%.o,$1)
wide = $(patsubst %.c,$B/wide/%.o,$1)
prog = $(patsubst %.c,$B/%,$1)

LIB    := $B/libentente-all.a
SHARED := $B/libentente.so.0
BIN    := $B/entente
VERIFY := $B/entente-verify

.SECONDARY:
.DELETE_ON_ERROR:
.PHONY: all check demo bench install deb check-deb lint format help clean deps hdr-check check-layers \
        test-programs fuzz-programs bench-programs FORCE
all: $(BIN) $(VERIFY) $B/libentente.a $(SHARED)

help:
	@sed -n 's/^## //p' Makefile

## make                 the programs (build/release/entente, entente-verify) and libentente
## make MODE=asan       the same in another tree: debug asan tsan ctime fuzz cov
## make check           every test; installs the Debian packages that are missing
## make demo            a pact; two match; a third lies, and is caught; six find what hit three of them
## make bench           all benchmarks; make bench-NAME for one; JSON=1 for JSON lines
## make lint            clang-format, clang-tidy, layers, headers, function sizes
## make install         DESTDIR=, PREFIX=/usr/local: program, library, headers, manual, service
## make deb             Debian packages, in build/deb; make check-deb tries them in a new Debian

# --- compile ------------------------------------------------------------------------------------
# A change of flags rebuilds: the stamp holds the last ones.
$B/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(CC) $(CPPFLAGS) $(CFLAGS_ALL) $(LDFLAGS_ALL)' | cmp -s - $@ || \
	    echo '$(CC) $(CPPFLAGS) $(CFLAGS_ALL) $(LDFLAGS_ALL)' > $@

$B/%.o: %.c $B/flags
	@mkdir -p $(@D)
	@echo "  CC $<"; $(CC) $(CPPFLAGS) $(if $(filter tests/% bench/%,$<),-I.) $(CFLAGS_ALL) -MMD -MP -c $< -o $@

# The console's files inside the program.
WEB := $(sort $(wildcard web/*))
$B/web_files.o: tools/embed $(WEB) src/node/web_files.h $B/flags
	@echo "  CC web/"; tools/embed $(WEB) | $(CC) $(CPPFLAGS) $(CFLAGS_ALL) -x c -c -o $@ -

$(LIB): $(call obj,$(LIB_SRC)) $B/web_files.o
	@rm -f $@
	ar rcs $@ $^

# What other programs embed: only what include/entente/ declares is visible outside.
EMBED := $(foreach l,base crypto intel watch,$(wildcard src/$l/*.c))
$B/libentente.a: $(call obj,$(EMBED))
	@rm -f $@
	ar rcs $@ $^
$(SHARED): $(call obj,$(EMBED))
	$(CC) $(LDFLAGS_ALL) -shared -Wl,--as-needed -Wl,-soname,$(@F) -o $@ $^ $(LIBS)
	@ln -sf $(@F) $B/libentente.so

$(BIN): $(call obj,$(CLI_SRC)) $(LIB)
	$(CC) $(LDFLAGS_ALL) $(PIE) -o $@ $^ $(LIBS)
# Only the libraries of what it uses: a test holds that none of them knows a network.
$(VERIFY): $(call obj,$(VERIFY_SRC)) $(LIB)
	$(CC) $(LDFLAGS_ALL) $(PIE) -Wl,--as-needed -o $@ $^ $(LIBS)

$B/tests/unit/%: $B/tests/unit/%.o $(call obj,$(SUPPORT)) $(LIB)
	$(CC) $(LDFLAGS_ALL) -o $@ $^ $(TEST_LIBS)
$B/tests/ctime/%: $B/tests/ctime/%.o $(call obj,$(SUPPORT)) $(LIB)
	$(CC) $(LDFLAGS_ALL) -o $@ $^ $(TEST_LIBS)
$B/tests/sim/%: $B/tests/sim/%.o $(call obj,$(SIM_AID)) $(LIB)
	$(CC) $(LDFLAGS_ALL) -o $@ $^ $(TEST_LIBS)
# The same simulator and ledger with room for 200 members; docs/pact.md says why a pact has less.
WIDE     := -DENT_ROSTER_MEMBERS=200u -DENT_NOTE_SIGS=200u
WIDE_SRC := $(foreach l,base crypto ledger,$(wildcard src/$l/*.c)) tests/sim/sim_ledger.c \
            $(filter-out tests/sim/vote_run.c,$(SIM_AID))
SIM_WIDE := $B/tests/sim/sim_ledger_200
$B/wide/%.o: %.c $B/flags
	@mkdir -p $(@D)
	@echo "  CC $< (200 members)"; $(CC) $(CPPFLAGS) $(WIDE) -I. $(CFLAGS_ALL) -MMD -MP -c $< -o $@
$(SIM_WIDE): $(call wide,$(WIDE_SRC))
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS_ALL) -Wl,--as-needed -o $@ $^ $(LIBS) -lcmocka

# The program with a calendar that tests set.
CLOCKED := $B/tests/clocked
$(CLOCKED): $(call obj,$(CLI_SRC) tests/e2e/clock.c) $(LIB)
	$(CC) $(LDFLAGS_ALL) $(PIE) -o $@ $^ $(LIBS)
$B/tests/peers/%: $B/tests/peers/%.o $(LIB)
	$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LIBS)
$B/examples/%: $B/examples/%.o $B/libentente.a
	$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LIBS)
$B/tests/fuzz/%: $B/tests/fuzz/%.o $(LIB)
	$(CC) $(LDFLAGS_ALL) -fsanitize=fuzzer -o $@ $^ $(LIBS) -ljansson
$B/bench/%: $B/bench/%.o $(LIB)
	$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LIBS)
# What a program that only checks would load, and not the libraries of all of it.
$B/bench/receipt: LDFLAGS_ALL += -Wl,--as-needed
# Where Hyperscan is missing, the bench says so.
$B/bench/hyperscan: bench/hyperscan.c $(LIB) $B/flags
	@mkdir -p $(@D)
	@if pkg-config --exists libhs; then echo "  CC $<"; $(CC) $(CPPFLAGS) $(CFLAGS_ALL) \
	    $$(pkg-config --cflags libhs) -o $@ $< $(LIB) $(LDFLAGS_ALL) $$(pkg-config --libs libhs) $(LIBS); fi
# Without the peers that are missing; the bench names them.
$B/bench/json: bench/json.c $(LIB) $B/flags
	@mkdir -p $(@D)
	@echo "  CC $<"; $(CC) $(CPPFLAGS) $(CFLAGS_ALL) $$(pkg-config --exists jansson && echo -DHAVE_JANSSON) \
	    $$(pkg-config --exists libcjson && echo -DHAVE_CJSON) -o $@ $< $(LIB) $(LDFLAGS_ALL) \
	    $$(for p in jansson libcjson; do pkg-config --libs $$p 2>/dev/null; done) $(LIBS)

-include $(shell test -d $B && find $B -name '*.d')

test-programs: $(BIN) $(VERIFY) $(CLOCKED) $(call prog,$(UNIT) $(SIM) $(PEERS) $(EXAMPLES))
ctime-programs: $(call prog,$(CTIME))
fuzz-programs: $(call prog,$(FUZZ))
bench-programs: $(BIN) $(VERIFY) $(call prog,$(BENCH) $(PEERS))

# --- test, show, measure ------------------------------------------------------------------------
deps:
	@tools/need build check deb

check: deps
	@tools/check

demo:
	@tools/need build
	@$(MAKE) --no-print-directory -s -j$(shell nproc) $(BIN) $B/tests/peers/say
	@tools/demo $(BIN) $B/tests/peers/say

# One after the other, also with -j: two at a time would measure each other.
bench:
	@tools/need build check bench
	@$(MAKE) --no-print-directory -s bench-programs >&2
	@status=0; for b in $(filter-out $(BENCH_AID),$(sort $(basename $(notdir $(wildcard bench/*.sh) $(BENCH))))); do \
	    $(MAKE) --no-print-directory -s bench-$$b || status=1; done; exit $$status

bench-%:
	@tools/need build check bench
	@$(MAKE) --no-print-directory -s bench-programs >&2
	@if test -x bench/$*.sh; then bench/$*.sh $(BIN); \
	elif test -x $B/bench/$*; then $B/bench/$*; else echo "no such bench: $*" >&2; exit 2; fi

# --- how the code looks -------------------------------------------------------------------------
lint: hdr-check check-layers
	@tools/lint

hdr-check: $(patsubst %.h,$B/hdr/%.ok,$(HEADERS))
$B/hdr/%.ok: %.h $B/flags
	@mkdir -p $(@D)
	@printf '#include "%s"\nextern int ent_hdr_check;\n' '$(patsubst src/%,%,$(patsubst include/%,%,$<))' | \
	    $(CC) $(CPPFLAGS) $(CFLAGS_ALL) -fsyntax-only -x c -
	@touch $@

check-layers:
	@tools/check-layers

format:
	clang-format -i $(HEADERS) $(LIB_SRC) $(CLI_SRC) $(SUPPORT) $(UNIT) $(CTIME) $(FUZZ) $(SIM) $(SIM_AID) $(PEERS) $(EXAMPLES) $(BENCH)

# --- install ------------------------------------------------------------------------------------
install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(LIBDIR)/pkgconfig \
	    $(DESTDIR)$(PREFIX)/include/entente $(DESTDIR)$(PREFIX)/share/bash-completion/completions \
	    $(DESTDIR)$(PREFIX)/lib/systemd/system $(DESTDIR)$(PREFIX)/lib/sysusers.d
	install -m 755 $(BIN) $(VERIFY) $(DESTDIR)$(PREFIX)/bin/
	install -m 644 $(PUBLIC) $(DESTDIR)$(PREFIX)/include/entente/
	install -m 644 $B/libentente.a $(DESTDIR)$(LIBDIR)/
	install -m 755 $(SHARED) $(DESTDIR)$(LIBDIR)/
	ln -sf $(notdir $(SHARED)) $(DESTDIR)$(LIBDIR)/libentente.so
	sed -e 's|@PREFIX@|$(PREFIX)|;s|@LIBDIR@|$(LIBDIR)|;s|@VERSION@|$(VERSION)|' \
	    packaging/entente.pc.in > $(DESTDIR)$(LIBDIR)/pkgconfig/entente.pc
	sed -e 's|@PREFIX@|$(PREFIX)|' packaging/entente.service \
	    > $(DESTDIR)$(PREFIX)/lib/systemd/system/entente.service
	install -m 644 packaging/entente.sysusers $(DESTDIR)$(PREFIX)/lib/sysusers.d/entente.conf
	install -m 644 packaging/entente.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/entente
	for m in $(MAN); do \
	    install -d $(DESTDIR)$(PREFIX)/share/man/man$${m##*.}; \
	    install -m 644 $$m $(DESTDIR)$(PREFIX)/share/man/man$${m##*.}/; done

deb check-deb:
	@tools/$@

clean:
	rm -rf build
