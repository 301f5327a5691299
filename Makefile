# SPDX-License-Identifier: Apache-2.0
# `make` says what there is to make. Everything is installed into $(VENV), nothing into the system's Python;
# only `make test` as root on Debian or Ubuntu installs packages of the system, and says which (UGR_INSTALL=no: none).

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
VENV ?= .venv
PORT ?= 8080
# More for pytest: make unit PYTEST_FLAGS="-x -k merge"
PYTEST_FLAGS ?=

BIN := $(VENV)/bin
PLUGINS := $(sort $(patsubst %/setup.cfg,%,$(wildcard plugins/*/setup.cfg)))
METADATA := setup.cfg pyproject.toml $(wildcard plugins/*/setup.cfg plugins/*/pyproject.toml)
CODE := ugr $(wildcard plugins/*/ugr_*)
PIP := PYTHONWARNINGS=ignore $(BIN)/python -m pip --disable-pip-version-check --no-input
# Build requirements are in the environment already: one isolated environment for each plugin would take longer.
EDITABLE := --no-build-isolation --prefer-binary $(foreach plugin,$(PLUGINS),-e ./$(plugin))
PYTEST := $(BIN)/python -m pytest

# Suites that are there, in the order in which they run.
UNIT := $(wildcard tests/unit)
CONFORMANCE := $(wildcard tests/conformance plugins/*/tests)
INTEGRATION := $(wildcard tests/integration)
CLIENTS := $(wildcard tests/clients)
DOCS := $(wildcard tests/docs)

.PHONY: help
help:  ## Say what there is to make
	@grep -hE '^[a-z-]+:.*## ' $(firstword $(MAKEFILE_LIST)) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 22

$(BIN)/python:
	@found=; for python in "$(PYTHON)" python3.13 python3.12 python3.11; do \
	    if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then found=$$python; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
	    echo "ugr needs Python 3.11 or newer; $(PYTHON) is $$("$(PYTHON)" --version 2>&1 || true)." >&2; \
	    echo "Name one: make PYTHON=/path/to/python3.11" >&2; exit 1; \
	fi; \
	if ! "$$found" -c 'import ensurepip, venv' 2>/dev/null; then \
	    echo "$$found has no venv or pip; on Debian and Ubuntu install the package python3-venv." >&2; exit 1; \
	fi; \
	echo "making $(VENV) with $$("$$found" --version)"; "$$found" -m venv "$(VENV)"

# Installed anew when the metadata of a distribution changed, or a plugin appeared; edits of code need no installation.
$(VENV)/.installed: $(METADATA) | $(BIN)/python
	@echo "installing ugr and $(words $(PLUGINS)) plugins from this checkout into $(VENV)"
	@$(PIP) install -qq 'setuptools>=68' wheel
	@$(PIP) install -qq -e . $(EDITABLE)
	@touch $@

$(VENV)/.tools: $(VENV)/.installed
	@echo "installing what tests, lint and docs need into $(VENV)"
	@$(PIP) install -qq -e '.[test,lint,docs]' $(EDITABLE)
	@touch $@

.PHONY: install
install: $(VENV)/.installed  ## Install ugr and its plugins, editable, into .venv
	@echo "the command is $(BIN)/ugr"

.PHONY: demo
demo: install  ## Run a small federation on this machine: make demo PORT=8080
	@exec $(BIN)/ugr demo --port $(PORT)

.PHONY: tools
tools: $(VENV)/.tools

.PHONY: servers
servers: | $(BIN)/python
	@$(BIN)/python tests/tools/servers.py install

.PHONY: test
test: servers tools lint  ## Run everything: lint, then all suites in one run (as root on Debian, installs real servers first)
	@$(PYTEST) $(PYTEST_FLAGS) $(UNIT) $(CONFORMANCE) $(INTEGRATION) $(CLIENTS) $(DOCS)

.PHONY: lint
lint: tools  ## Check style, types and the direction of imports
	@$(BIN)/ruff check .
	@$(BIN)/mypy $(CODE)
	@$(BIN)/lint-imports --no-cache --no-logo

.PHONY: unit
unit: tools  ## Run the tests that open no socket
	@$(PYTEST) $(PYTEST_FLAGS) $(UNIT)

.PHONY: conformance
conformance: tools  ## Run the contract's suite against every plugin, and against itself
	@$(PYTEST) $(PYTEST_FLAGS) $(CONFORMANCE)

.PHONY: integration
integration: tools  ## Run ugr against real servers; what is not installed is skipped
	@$(PYTEST) $(PYTEST_FLAGS) $(INTEGRATION)

.PHONY: clients
clients: tools  ## Run real clients against ugr; what is not installed is skipped
	@$(PYTEST) $(PYTEST_FLAGS) $(CLIENTS)

.PHONY: docs
docs: tools  ## Build the documentation into docs/_build/html; a warning is an error
	@$(BIN)/python -m sphinx -q -W --keep-going -b html docs docs/_build/html
	@echo "docs/_build/html/index.html"

.PHONY: fuzz
fuzz: tools  ## Send 100,000 generated requests and answers (UGR_FUZZ_SEED=n repeats a run); make test sends fewer
	@UGR_FUZZ=100000 $(PYTEST) $(PYTEST_FLAGS) tests/integration/hostile

.PHONY: bench
bench: tools  ## Measure speed on this machine
	@$(BIN)/python -m tests.bench

.PHONY: clean
clean:  ## Remove what make made, .venv included
	rm -rf $(VENV) build dist docs/_build .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	rm -rf *.egg-info plugins/*/*.egg-info plugins/*/build
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
