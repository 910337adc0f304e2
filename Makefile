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

# The interpreter is looked for only when a target needs one.
ifneq ($(filter-out help clean,$(or $(MAKECMDGOALS),help)),)
  BASE := $(shell tools/find_python.sh $(PYTHON))
  ifeq ($(BASE),)
    $(error no usable Python, see above)
  endif
  TAG := $(shell $(BASE) -c 'import sys; print("cp%d%d" % sys.version_info[:2])')
endif

BUILD := build/$(TAG)
VENV := build/venv-$(TAG)
RELEASE := build/venv-$(TAG)-release
BIN := $(VENV)/bin

export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Two runs of make at once wait for each other where they would write the same files.
LOCK := $(if $(shell command -v flock),flock build/.lock)
INSTALL = $(LOCK) $(1)/bin/python -m pip install --quiet

.PHONY: help
help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1 /p' Makefile | while read -r name text; do printf '  make %-12s %s\n' "$$name" "$$text"; done
	@echo
	@echo '  PYTHON=python3.13   which interpreter: a name on PATH or under pyenv, or a path (default: python3)'

# The environments. A newer base interpreter makes them anew.

$(VENV)/pyvenv.cfg $(RELEASE)/pyvenv.cfg: $(BASE)
	@echo "Making $(@D) from $(BASE)"
	@mkdir -p build
	@$(LOCK) $(BASE) -m venv --clear $(@D)
	@$(call INSTALL,$(@D)) 'pip>=25.1'   # the first that reads dependency groups
	@touch $@

$(VENV)/.tools: $(VENV)/pyvenv.cfg pyproject.toml
	@echo "Installing the build and test tools into $(VENV)"
	@$(call INSTALL,$(VENV)) --group build --group test
	@touch $@

$(VENV)/.lint: $(VENV)/.tools
	@echo "Installing the lints into $(VENV)"
	@$(call INSTALL,$(VENV)) --group lint
	@touch $@

$(VENV)/.editable: $(VENV)/.tools meson.options
	@echo "Installing ouroloop into $(VENV), editable, with assertions"
	@PATH="$(abspath $(BIN)):$$PATH" $(call INSTALL,$(VENV)) --no-build-isolation --no-deps --editable . \
	    --config-settings=build-dir=$(BUILD) --config-settings=setup-args=-Dassertions=true
	@touch $@

.PHONY: build
build: $(VENV)/.editable  ## editable install; a changed .pyx is rebuilt by this, or when it is imported
	@PATH="$(abspath $(BIN)):$$PATH" $(LOCK) $(BIN)/ninja -C $(BUILD) --quiet

.PHONY: test
test: build  ## all tests; TESTS=tests/loop picks some, ARGS='-k timer -x' goes to pytest
	@$(BIN)/python -m pytest $(TESTS) $(ARGS)

.PHONY: clean
clean:  ## delete everything that was built, environments too
	rm -rf build dist .mypy_cache .pytest_cache .ruff_cache
