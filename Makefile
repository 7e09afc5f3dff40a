# Holdfast. `make run` looks at this machine and this repository; `make test` runs everything.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup setup-dev setup-test servers scanners gitleaks run demo test lint bench peers chaos docs lock clean

PORT ?= 8440
DATA ?= var/holdfast
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all:

help: ## say what there is
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/.setup src/holdfast/edges/web/static/vendor/.done ## leave a ready .venv/bin/holdfast

.venv/.python:
	@if [ -z "$(PYTHON)" ]; then echo "Holdfast needs Python 3.11 or later. Debian, Ubuntu: sudo apt-get install python3 python3-venv" >&2; exit 1; fi
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "Python's venv is missing. Debian, Ubuntu: sudo apt-get install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	@touch $@

.venv/.setup: .venv/.python requirements/runtime.txt requirements/build.txt requirements/shop.txt pyproject.toml
	$(PIP) -r requirements/build.txt -r requirements/runtime.txt -r requirements/shop.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@$(BIN)/python -m compileall -q src  # where the environment forbids writing bytecode, cold starts would pay for it
	@touch $@

src/holdfast/edges/web/static/vendor/.done: scripts/vendor.py scripts/npm.py requirements/node.txt | .venv/.setup
	@command -v npm >/dev/null 2>&1 || $(PIP) -r requirements/node.txt
	$(BIN)/python scripts/vendor.py
	@touch $@

# one pip at a time in one environment: where there is no npm, both bring the same wheel
.venv/.dev: .venv/.setup requirements/dev.txt | src/holdfast/edges/web/static/vendor/.done
	$(PIP) -r requirements/dev.txt
	@touch $@

setup-dev: setup .venv/.dev

run: setup ## look at this very machine and repository; opens the page
	$(BIN)/holdfast up --data $(DATA) --port $(PORT) --here .

demo: setup ## play one incident through the whole loop, then a change at the gate; offline
	$(BIN)/holdfast demo
	$(BIN)/holdfast demo gate

# Side by side, each step's words in one piece; the first that fails fails all.
setup-test: ## set up all that the tests need: the servers and scanners as well
	@$(MAKE) --no-print-directory --jobs=4 $(if $(filter output-sync,$(.FEATURES)),--output-sync=target) setup-dev servers scanners gitleaks

servers:
	@scripts/test-servers.sh

scanners: | .venv/.python
	@scripts/scanners.sh python >/dev/null

gitleaks:
	@scripts/scanners.sh gitleaks >/dev/null

test: setup-test ## install what the tests need and run all of them
	$(BIN)/python -m pytest -n auto --dist loadgroup $(ARGS)

lint: setup-dev ## style, types, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: setup-dev ## measure; figures go to benchmarks/RESULTS.md
	@$(BIN)/python -m compileall -q src  # an installed program has its bytecode
	$(BIN)/python -m benchmarks $(ARGS)

peers: ## build the scanners that `make bench ARGS=peers` measures us against; needs Go
	scripts/peers.sh

chaos: setup-dev ## kill workers at every boundary; what is lost or doubled is counted
	scripts/test-servers.sh
	@$(BIN)/python -m compileall -q src
	$(BIN)/python -m benchmarks.chaos $(ARGS)

docs: setup ## write the reference anew from the code
	$(BIN)/python scripts/reference.py

lock: ## pin the requirements anew (needs uv)
	for name in build node runtime shop dev scanners; do \
	  source=requirements/$$name.in; [ $$name = runtime ] && source=pyproject.toml; \
	  uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate $$source -o requirements/$$name.txt; \
	done

clean: ## remove what set-up and runs left
	rm -rf .venv var build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis src/holdfast/edges/web/static/vendor
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
