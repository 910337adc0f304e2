# Every target makes what it needs under build/, in virtual environments of the project's own, and makes it once.
# `make help` lists the targets.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
TESTS ?= tests
ARGS ?=

# The interpreter is looked for only when a target needs one. CPython 3.14 and 3.15 may come from Debian's packages,
# where this machine has none.
ifneq ($(filter-out help clean,$(or $(MAKECMDGOALS),help)),)
  FROM_DEBIAN := $(filter python3.14 python3.15,$(PYTHON))
  BASE := $(shell tools/find_python.sh $(PYTHON) $(if $(FROM_DEBIAN),2>/dev/null))
  ifeq ($(BASE)$(FROM_DEBIAN),)
    $(error no usable Python, see above)
  endif
endif

ifneq ($(FROM_DEBIAN),$(and $(BASE),$(FROM_DEBIAN)))

.PHONY: $(MAKECMDGOALS)
$(MAKECMDGOALS):
	@echo "This machine has no $(PYTHON) with headers. A Debian system has, under build/debian: make $@ runs there"
	@tools/debian_python.sh make $@ $(MAKEOVERRIDES)

else  # all that follows

TAG := $(if $(BASE),$(shell $(BASE) -c 'import sys; print("cp%d%d" % sys.version_info[:2])'))

# For work: an editable install, the build tools, the lints. For tests: a wheel with assertions, compiled in the same
# build folder. For figures: the wheel as users get it. A wheel, because an editable install starts four times slower.
BUILD := build/$(TAG)
VENV := build/venv-$(TAG)
TESTED := $(VENV)-test
RELEASE := $(VENV)-release
BIN := $(VENV)/bin
# meson and cython-lint start ninja, cython and pycodestyle by their bare names.
WITH_TOOLS := PATH="$(abspath $(BIN)):$$PATH"
# Two runs of make at once wait for each other where they would write the same files.
LOCK := $(if $(shell command -v flock),flock build/.lock)
INSTALL = $(LOCK) $(1)/bin/python -m pip install --quiet
SOURCES = $(shell find src -type f -not -path '*/__pycache__/*') meson.build meson.options pyproject.toml README.md
# Native modules that have a stub, by their dotted names.
STUBBED = $(subst /,.,$(patsubst src/%.pyi,%,$(shell find src -name '*.pyi')))
PEER_GROUPS := peer-uvloop peer-rloop
BENCH_PEER_GROUPS := peer-zuvloop peer-trio peer-curio peer-gevent peer-aiofastnet
BENCH_OPTIONS = $(if $(QUICK),--quick) $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(PEERS),--peers $(PEERS)) $(subst $(COMMA), ,$(QUESTION))
COMMA := ,

export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help
help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1 /p' Makefile | while read -r name text; do printf '  make %-16s%s\n' "$$name" "$$text"; done
	@echo
	@echo '  PYTHON=python3.13 picks the interpreter: a name on PATH or under pyenv, or a path (default: python3)'

# ---- environments

$(VENV)/pyvenv.cfg $(TESTED)/pyvenv.cfg $(RELEASE)/pyvenv.cfg: $(BASE)
	@echo "Making $(@D) from $(BASE)"
	@mkdir -p build
	@$(LOCK) $(BASE) -m venv --clear $(@D)
	@# The first pip that reads dependency groups.
	@$(call INSTALL,$(@D)) 'pip>=25.1'
	@touch $@

$(VENV)/.build-tools: $(VENV)/pyvenv.cfg pyproject.toml
	@echo "Installing the build and test tools into $(VENV)"
	@$(call INSTALL,$(VENV)) --group build --group test
	@touch $@

$(VENV)/.lints: $(VENV)/.build-tools
	@echo "Installing the lints into $(VENV)"
	@$(call INSTALL,$(VENV)) --group lint
	@touch $@

$(VENV)/.editable: $(VENV)/.build-tools meson.options
	@echo "Installing ouroloop into $(VENV), editable, with assertions"
	@$(WITH_TOOLS) $(call INSTALL,$(VENV)) --no-build-isolation --no-deps --editable . \
	    --config-settings=build-dir=$(BUILD) --config-settings=setup-args=-Dassertions=true
	@touch $@

# wheel FOLDER BUILD-FOLDER OPTIONS: builds a wheel into FOLDER and leaves no other there. The build folder is kept, so
# only what changed is compiled again.
define wheel
rm -rf $(1)
$(WITH_TOOLS) $(LOCK) $(BIN)/python -m pip wheel --quiet --no-build-isolation --no-deps --wheel-dir $(1) . \
    --config-settings=build-dir=$(2) $(3:%=--config-settings=setup-args=-D%)
endef

$(TESTED)/.wheel: %/.wheel: %/pyvenv.cfg $(VENV)/.build-tools $(SOURCES)
	@echo "Installing ouroloop into $(@D), from a wheel with assertions"
	@# Dated before the build, so that what is edited meanwhile counts as newer.
	@touch $@.new
	@find src -name __pycache__ -prune -exec rm -rf {} +
	@$(call wheel,$(@D)/wheels,$(BUILD),assertions=true)
	@$(call INSTALL,$(@D)) --force-reinstall --no-deps $(@D)/wheels/ouroloop-*.whl
	@mv $@.new $@

# What is shipped is built twice, with a run of typical work between: the second build knows which way branches go. That
# takes GCC; other compilers build once.
TRAINED := $(findstring Free Software Foundation,$(shell $${CC:-cc} --version 2>/dev/null))
$(RELEASE)/.wheel: %/.wheel: %/pyvenv.cfg $(VENV)/.build-tools $(SOURCES) tools/training.py
	@echo "Installing ouroloop into $(@D), from a wheel as it is shipped$(if $(TRAINED),: built$(COMMA) trained$(COMMA) built again)"
	@touch $@.new
	@find src -name __pycache__ -prune -exec rm -rf {} +
ifneq ($(TRAINED),)
	@find $(BUILD)-release -name '*.gcda' -delete 2>/dev/null || true
	@$(call wheel,$(@D)/training,$(BUILD)-release,b_pgo=generate)
	@$(call INSTALL,$(@D)) --no-deps --target $(@D)/training/site $(@D)/training/ouroloop-*.whl
	@PYTHONPATH=$(@D)/training/site $(@D)/bin/python tools/training.py
endif
	@$(call wheel,$(@D)/wheels,$(BUILD)-release,$(if $(TRAINED),b_pgo=use))
	@$(call INSTALL,$(@D)) --force-reinstall --no-deps $(@D)/wheels/ouroloop-*.whl
	@mv $@.new $@

$(TESTED)/.test-tools $(RELEASE)/.test-tools: %/.test-tools: %/pyvenv.cfg pyproject.toml
	@echo "Installing the test tools into $(@D)"
	@$(call INSTALL,$(@D)) --group test
	@touch $@

$(TESTED)/.examples: $(TESTED)/pyvenv.cfg pyproject.toml
	@echo "Installing the libraries of the examples into $(TESTED)"
	@$(call INSTALL,$(TESTED)) --group examples
	@touch $@

# The benchmark's tables tell why a peer is left out by the log of its installation. curio has no wheels, and is
# plain Python. Pictures need matplotlib; the rest does without.
$(RELEASE)/.peers: GROUPS := $(PEER_GROUPS)
$(RELEASE)/.bench-peers: GROUPS := $(BENCH_PEER_GROUPS) bench
$(RELEASE)/.peers $(RELEASE)/.bench-peers: %: $(RELEASE)/pyvenv.cfg pyproject.toml
	@for group in $(GROUPS); do \
	    echo "Installing $${group#peer-} into $(RELEASE)"; \
	    $(call INSTALL,$(RELEASE)) --only-binary :all: --no-binary curio --group $$group \
	        > $(RELEASE)/$$group.log 2>&1 \
	        || { grep ERROR: $(RELEASE)/$$group.log; \
	             echo "$${group#peer-} has no build for $$($(BASE) --version): it is left out"; }; \
	done
	@touch $@

$(RELEASE)/.servers: $(RELEASE)/pyvenv.cfg pyproject.toml
	@echo "Installing the servers of the demo into $(RELEASE)"
	@$(call INSTALL,$(RELEASE)) --group demo
	@touch $@

$(RELEASE)/.site: $(RELEASE)/pyvenv.cfg pyproject.toml
	@echo "Installing what builds the documentation into $(RELEASE)"
	@$(call INSTALL,$(RELEASE)) --group docs
	@touch $@

# ---- what people run

.PHONY: build
build: $(VENV)/.editable  ## editable install; a changed .pyx is rebuilt by this, or when it is imported
	@$(WITH_TOOLS) $(LOCK) $(BIN)/ninja -C $(BUILD) --quiet

# Tests of TLS make their certificates with the program openssl. Where a machine lacks it, Debian's is fetched.
OPENSSL := $(if $(shell command -v openssl),,build/tls-peers/usr/bin/openssl)
export PATH := $(PATH):$(CURDIR)/build/tls-peers/usr/bin

build/tls-peers/usr/bin/openssl:
	@tools/tls_peers.sh

.PHONY: test
test: $(OPENSSL) $(TESTED)/.wheel $(TESTED)/.test-tools  ## all tests; TESTS=tests/loop picks some, ARGS='-x -k timer' goes to pytest
	@$(TESTED)/bin/python -m pytest $(TESTS) $(ARGS)

.PHONY: test-release
test-release: $(OPENSSL) $(RELEASE)/.wheel $(RELEASE)/.test-tools  ## the same on what is shipped, which has no assertions
	@$(RELEASE)/bin/python -m pytest $(TESTS) $(ARGS)

# TLS asks OpenSSL for its records where it can; where it cannot, everything goes through the module `ssl`.
.PHONY: test-tls-by-ssl
test-tls-by-ssl: $(OPENSSL) $(TESTED)/.wheel $(TESTED)/.test-tools  ## the tests of TLS while no function of OpenSSL's is called but by the module ssl
	@OUROLOOP_TLS=ssl $(TESTED)/bin/python -m pytest tests/tls tests/faults $(ARGS)

# Without their libraries, the tests of the examples are skipped by the targets above.
.PHONY: test-examples
test-examples: $(TESTED)/.wheel $(TESTED)/.test-tools $(TESTED)/.examples  ## the examples, with the libraries that they use
	@tools/redis_server.sh || echo "no Redis server: what needs one is skipped"
	@$(TESTED)/bin/python -m pytest tests/examples tests/benchmarks/test_http_floor.py --ignore=tests/examples/test_basics.py $(ARGS)

.PHONY: tls-transfers
tls-transfers: $(TESTED)/.wheel $(TESTED)/.test-tools  ## a gibibyte each way between ours and openssl, curl and nginx, with checksums
	@tools/tls_peers.sh
	@OUROLOOP_TRANSFER_BYTES=1073741824 $(TESTED)/bin/python -m pytest tests/tls/test_real_peers.py $(ARGS)

# Programs of others end their connections when they like, and a delay of ours may come after that.
FAULT_TESTS := tests/loop tests/poller tests/service tests/stream tests/tls tests/transport --ignore=tests/tls/test_real_peers.py
.PHONY: faults
faults: $(OPENSSL) $(TESTED)/.wheel $(TESTED)/.test-tools  ## I/O tests while one in five system calls is interrupted, finds nothing or is cut short; SEED=7
	@LD_PRELOAD="$$($(TESTED)/bin/python tests/faults/injector.py $(abspath build/faults))" OUROLOOP_FAULTS=$(or $(SEED),1):5 \
	    $(TESTED)/bin/python -m pytest $(FAULT_TESTS) $(ARGS)

.PHONY: soak
soak: $(OPENSSL) $(TESTED)/.wheel $(TESTED)/.test-tools  ## ten minutes of clients of every manner on every kind of socket; ARGS='--seconds 60 --seed 7'
	@$(TESTED)/bin/python tests/soak/run.py $(ARGS)

.PHONY: check
check: build $(VENV)/.lints  ## every lint: of Python, of Cython, of stubs and of the project's own rules
	@failed=; \
	lint() { echo "-- $$*"; $(WITH_TOOLS) $(BIN)/"$$@" || failed+=" [$$*]"; }; \
	lint ruff check --quiet .; \
	lint ruff format --check --quiet .; \
	lint mypy src/ouroloop tools; \
	lint cython-lint src; \
	lint stubtest --concise --mypy-config-file pyproject.toml --ignore-disjoint-bases \
	    --allowlist tools/stubtest_allowlist.txt $(STUBBED); \
	lint python tools/tidy.py; \
	[ -z "$$failed" ] || { echo "failed:$$failed"; exit 1; }; \
	echo "all lints pass"

.PHONY: demo
demo: $(RELEASE)/.wheel $(RELEASE)/.servers $(RELEASE)/.peers  ## real servers on ours, the standard library's loop and uvloop
	@$(RELEASE)/bin/python examples/demo/run.py $(ARGS)

.PHONY: bench
bench: $(RELEASE)/.wheel $(RELEASE)/.servers $(RELEASE)/.peers $(RELEASE)/.bench-peers  ## all benchmarks, an hour; QUICK=1 20 minutes; QUESTION=streams,sock ROUNDS=9 PEERS=uvloop choose
	@$(RELEASE)/bin/python -m benchmarks $(BENCH_OPTIONS) $(ARGS)

.PHONY: wheel
wheel: $(RELEASE)/.wheel  ## the wheel as it is shipped, in dist/: built, trained on typical work, and built again
	@mkdir -p dist
	@cp $(RELEASE)/wheels/ouroloop-*.whl dist/
	@ls dist/ouroloop-*-$(TAG)-*.whl

.PHONY: docs
docs: $(RELEASE)/.wheel $(RELEASE)/.site  ## the documentation as a site, build/docs/html/index.html; a warning is an error
	@$(RELEASE)/bin/python -m sphinx --conf-dir docs --doctree-dir build/docs/doctrees --fresh-env --quiet \
	    --fail-on-warning --keep-going $(ARGS) . build/docs/html
	@echo "build/docs/html/index.html"

.PHONY: pictures
pictures: $(RELEASE)/.wheel  ## the pictures of docs/guide.md, drawn from runs of its programs
	@$(RELEASE)/bin/python docs/drawing

.PHONY: choosing
choosing: $(RELEASE)/.wheel  ## the figures of docs/choosing.md: tasks, threads and processes, measured
	@$(RELEASE)/bin/python docs/measuring

# Another Python's tests, and what became of them there: its own run leaves both, and is made where there was none.
REFERENCE := build/conformance/cp$(subst .,,$(TESTS_OF))/reference
$(REFERENCE)/version:
	@echo "The tests of $(TESTS_OF) run on its own standard library first"
	@$(MAKE) conformance PYTHON=python$(TESTS_OF) TESTS_OF= MODULES= MODE=loop ARGS='--impl asyncio --beside='

.PHONY: conformance
conformance: $(RELEASE)/.wheel $(RELEASE)/.peers $(if $(TESTS_OF),$(REFERENCE)/version)  ## CPython's own asyncio tests on ours; MODULES=test_futures,test_tasks MODE=ns TESTS_OF=3.15 choose
	@$(RELEASE)/bin/python -m tools.conformance --results build/conformance/$(TAG)$(TESTS_OF:%=-tests-of-%) \
	    $(if $(MODULES),--modules $(MODULES)) $(if $(MODE),--mode $(MODE)) $(if $(JOBS),--jobs $(JOBS)) \
	    $(if $(TESTS_OF),--tests-of $(REFERENCE)) $(ARGS)

.PHONY: ecosystem
ecosystem: $(RELEASE)/.wheel  ## the test suites of other libraries on ours, and docs/ecosystem.md; LIB=aiohttp,httpx picks some
	@$(RELEASE)/bin/python -m ecosystem --wheel $(RELEASE)/wheels/ouroloop-*.whl $(subst $(COMMA), ,$(LIB)) $(ARGS)

.PHONY: clean
clean:  ## delete everything that was built, environments too
	rm -rf build dist .mypy_cache .pytest_cache .ruff_cache

endif
