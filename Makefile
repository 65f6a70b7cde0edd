# pg_kefu: build and install with PGXS; `make help` lists the rest.
#
# The targets that a new machine needs first (demo, test, bench, soak, fuzz)
# install what is missing and so must work before pg_config exists; everything
# else is PGXS.

EXTENSION = pg_kefu
EXTVERSION := $(shell sed -n "s/^default_version *= *'\(.*\)'/\1/p" pg_kefu.control)

# --- the library ------------------------------------------------------------

MODULE_big = pg_kefu
include objects.mk
OBJS = $(addsuffix .o, $(addprefix src/, $(MODULES_C)) $(addprefix src/pure/, $(PURE_C)))

PG_CFLAGS = -Wall -Wextra -Werror -Wno-unused-parameter -Wno-sign-compare \
            -Wno-missing-field-initializers -fvisibility=hidden \
            -DKEFU_VERSION='"$(EXTVERSION)"'
SHLIB_LINK = -lcurl -ljson-c
# No bitcode: JIT would copy our functions into its own code and there look up by
# name what they call, which -fvisibility=hidden keeps from being found.
override with_llvm = no

# --- the install script, joined in this order -------------------------------

include fragments.mk
JOINED_SQL = build/$(EXTENSION)--$(EXTVERSION).sql
DATA_built = $(JOINED_SQL)
DATA = $(wildcard upgrade/$(EXTENSION)--*--*.sql)
DOCS = README.md
EXTRA_CLEAN = build

# --- what PGXS must not be asked for ----------------------------------------

WITHOUT_PGXS = demo test bench soak fuzz unit help lint
.PHONY: $(WITHOUT_PGXS)
.DEFAULT_GOAL := all

help:
	@echo 'make install   build and install into the server of PG_CONFIG'
	@echo 'make demo      the desk at work in a private throw-away cluster (KEEP=1 leaves it up;'
	@echo '               PLATFORM=mastodon: on a real server of that API)'
	@echo 'make test      every test, each stage with its seconds'
	@echo 'make bench     the figures of doc/performance.md, as ratios within one run'
	@echo 'make unit      host tests of src/pure'
	@echo 'make fuzz      long fuzzing of src/pure;  make soak: long worker campaigns'

demo:
	@test/demo/run
test:
	@test/run
bench:
	@test/bench/run
soak:
	@test/soak
fuzz:
	@test/fuzz/run
unit:
	@$(MAKE) --no-print-directory -C test/unit check

# PGXS is asked for only where one of its own targets is wanted.
ifneq ($(filter-out $(WITHOUT_PGXS),$(or $(MAKECMDGOALS),all)),)
PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

# PGXS knows no header dependencies; these are few and cheap to rebuild.
$(OBJS): $(wildcard src/*.h src/pure/*.h) pg_kefu.control

# Generated SQL: the machines from their CSV files, the presets and KPIs from theirs, the
# requirements from theirs and from what the documentation says answers for each.
build/rulebook.sql: sql/rulebook/build.pl sql/rulebook/requirement.csv doc/rulebook.md
	@mkdir -p build
	perl sql/rulebook/build.pl sql/rulebook/requirement.csv doc/rulebook.md > $@
build/kpis.sql: sql/kpi/build.pl sql/kpi/kpis.csv
	@mkdir -p build
	perl sql/kpi/build.pl sql/kpi/kpis.csv > $@
build/machines.sql: sql/machine/build.pl $(wildcard sql/machine/*.csv)
	@mkdir -p build
	perl sql/machine/build.pl sql/machine > $@
build/presets.sql: sql/preset/build.pl $(wildcard sql/preset/*.csv sql/platform/*.csv)
	@mkdir -p build
	perl sql/preset/build.pl sql/preset sql/platform > $@

$(JOINED_SQL): $(SQL_FRAGMENTS) fragments.mk
	@mkdir -p build
	cat $(SQL_FRAGMENTS) > $@
endif
