# Commands people rely on; `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

SYSTEM ?= notifications
ENV ?= dev
PYTHON ?= python3

# Rows of the table of faults, by name; none are all.
ROWS ?=

# Most notifications that are sent again.
LIMIT ?= 100

# More `-c name=value` for synthesis, such as -c certificate_arn=….
CONTEXT ?=
# Apart from the assembly that the CDK CLI writes for a deployment.
RECOVERY_ASSEMBLY := build/recovery/$(SYSTEM)-$(ENV)

VENV := .venv
BIN := $(VENV)/bin
export PATH := $(CURDIR)/$(BIN):$(CURDIR)/node_modules/.bin:$(PATH)
# Node packages of the lock are complete: no audit, no funding or update notices between a person and the output.
NPM_FLAGS := --no-audit --no-fund --no-update-notifier --loglevel=error

.PHONY: help install lock up down status logs env recovery drill replay faults broken soak test test-fast snapshots check format

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

up: install ## Deploy SYSTEM (notifications) in ENV (dev) to the embedded AWS, and show it at work
	@python -m local up --system '$(SYSTEM)' --env '$(ENV)'

down: install ## Stop everything `make up` started
	@python -m local down

status: install ## Show what runs and what is deployed
	@python -m local status

logs: install ## Show the end of every log; NAME=… picks some, FOLLOW=1 goes on
	@python -m local logs $(NAME) $(if $(FOLLOW),--follow)

env: install ## Print export lines that lead the AWS and CDK CLI here: eval "$(make -s env)"
	@python -m local env

recovery: install ## Print RTO and RPO per kind of failure of SYSTEM in ENV, from its templates
	@CDK_VALIDATION=false cdk synth --quiet --ci --no-notices --no-version-reporting --output '$(RECOVERY_ASSEMBLY)' -c system='$(SYSTEM)' -c env='$(ENV)' $(CONTEXT) >/dev/null
	@python -m assembly recovery --assembly '$(RECOVERY_ASSEMBLY)'

drill: install ## Fail the databases of the deployed SYSTEM in ENV on purpose; measure RTO and RPO
	@python -m local drill --system '$(SYSTEM)' --env '$(ENV)'

faults: install ## Keep the promise of notifications through every fault, on a cloud of its own; ROWS="…" picks some
	@python -m tests.faults $(ROWS)

broken: install ## Take each mechanism away, and see a row of `make faults` turn red
	@python -m tests.faults.broken $(ROWS)

soak: install ## Ten minutes of steady load, in which memory and connections stay flat
	@python -m tests.faults.soak

replay: install ## Send again what failed in SYSTEM in ENV, at most LIMIT (100)
	@python -m local replay --system '$(SYSTEM)' --env '$(ENV)' --limit '$(LIMIT)'

test: install ## Run every test, fast ones first
	@pytest -n 2 --dist loadfile -m 'not e2e'
	@pytest -m e2e

test-fast: install ## Run the tests that deploy nothing
	@pytest -n 2 --dist loadfile -m 'not e2e' --ignore=tests/local

snapshots: install ## Take the templates of every environment anew
	@pytest tests/stacks/test_snapshots.py --snapshot-update

check: install ## Check formatting, lint and types
	@ruff format --check .
	@ruff check .
	@mypy

format: install ## Format the code and put imports in order
	@ruff check --select I --fix --quiet .
	@ruff format .

install: $(VENV)/.installed node_modules/.installed ## Set up .venv and node_modules from the locks

$(BIN)/uv: requirements/installer.lock
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else f"Python 3.11 or newer is needed, {sys.executable} is {sys.version.split()[0]}; name another with: make install PYTHON=python3.13")'
	@echo "install: virtual environment in $(VENV)" >&2
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/installer.lock
	@touch $@

$(VENV)/.installed: requirements/dev.lock | $(BIN)/uv
	@echo "install: Python packages" >&2
	@$(BIN)/uv pip sync --quiet --python $(BIN)/python --compile-bytecode requirements/dev.lock
	@touch $@

node_modules/.installed: package.json package-lock.json | $(VENV)/.installed
	@echo "install: Node packages" >&2
	@npm ci $(NPM_FLAGS) --silent
	@touch $@

lock: | $(BIN)/uv ## Resolve the dependency groups of pyproject.toml anew into the locks
	@uv pip compile --quiet --universal --generate-hashes --no-annotate --group dev -o requirements/dev.lock pyproject.toml
	@uv pip compile --quiet --universal --generate-hashes --no-annotate --group services -c requirements/dev.lock -o services/requirements.lock pyproject.toml
	@uv pip compile --quiet --universal --generate-hashes --no-annotate --group functions -c requirements/dev.lock -o services/requirements-functions.lock pyproject.toml
	@grep -A200 '^uv==' requirements/dev.lock | awk 'NR > 1 && /^[^ ]/ { exit } { print }' > requirements/installer.lock
	@npm install $(NPM_FLAGS) --package-lock-only
