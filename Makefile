# One runner for everything. `make` alone lists the targets.

VENV := .venv
STAMP := $(VENV)/.seatlog-set-up
PORT ?= 8080
DATA ?= ./data
SEEDS ?= 2000
START ?= 0
DURATION ?= 60
BROKERS ?= 1
CASES ?= 5000

.DEFAULT_GOAL := help
.PHONY: help setup test lint format types imports demo serve simulate chaos fuzz bench lock clean

help: ## list what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "  Needs Python 3.11, 3.12 or 3.13 (or PYTHON=/path/to/one). Nothing else is installed by hand."

setup: $(STAMP) ## the environment in .venv, from the hash-checked lock (done once)

# uv installs the lock seven times faster than pip; pip only brings uv.
$(STAMP): requirements/uv.txt requirements/dev.txt pyproject.toml
	@PYTHON="$(PYTHON)" sh requirements/venv.sh $(VENV)
	@$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@VIRTUAL_ENV=$(VENV) $(VENV)/bin/uv pip sync --quiet --require-hashes requirements/dev.txt
	@VIRTUAL_ENV=$(VENV) $(VENV)/bin/uv pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@
	@echo "set up: $$($(VENV)/bin/python --version) in $(VENV)"

test: setup lint types imports ## everything that must pass; broker and database come from wheels
	@$(VENV)/bin/pytest

lint: setup ## ruff: rules and format
	@$(VENV)/bin/ruff check
	@$(VENV)/bin/ruff format --check

format: setup ## let ruff mend what it can
	@$(VENV)/bin/ruff check --fix
	@$(VENV)/bin/ruff format

types: setup ## mypy, strict
	@$(VENV)/bin/mypy

imports: setup ## who may import whom
	@$(VENV)/bin/lint-imports

# Recipes that run a server end in `exec`, so that SIGTERM reaches it and not a shell.
demo: setup ## a ticket drop on a stadium, with its proof
	@exec $(VENV)/bin/seatlog demo

serve: setup ## the whole service in the foreground (PORT=8080 DATA=./data)
	@exec $(VENV)/bin/seatlog serve --port "$(PORT)" --data "$(DATA)"

simulate: setup ## the production loops under seeded faults in virtual time (SEEDS=2000 START=0)
	@exec $(VENV)/bin/python -m tests.simulation --seeds "$(SEEDS)" --start "$(START)"

chaos: setup ## kills, zombies, storms and outages under load (DURATION=60 BROKERS=1 or 3)
	@exec $(VENV)/bin/python -m tests.chaos --duration "$(DURATION)" --brokers "$(BROKERS)"

fuzz: setup ## made-up requests against every route (CASES=5000)
	@CASES="$(CASES)" $(VENV)/bin/pytest -q tests/seatsio/test_fuzzed.py

bench: setup ## the benchmarks that docs/performance.md names, measured here
	@exec $(VENV)/bin/python -m benchmarks

lock: setup ## resolve the requirements again, to the newest versions
	@echo uv | $(VENV)/bin/uv pip compile $(LOCK) - -o requirements/uv.txt
	@$(VENV)/bin/uv pip compile $(LOCK) --group dev --extra local --extra demo pyproject.toml -o requirements/dev.txt
	@$(VENV)/bin/uv pip compile $(LOCK) --constraint requirements/dev.txt pyproject.toml -o requirements/run.txt
	@$(VENV)/bin/python -m tests.seatsio.npm.installed

# No index address, no header: the lock names no host.
LOCK := --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate

clean: ## remove the environment and what tools leave behind
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .schemathesis dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
