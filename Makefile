# Commands people rely on; `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

SYSTEM ?= notifications
ENV ?= dev
PYTHON ?= python3

# Rows of the table of faults, or mistakes of the tour, by name; none are all.
ROWS ?=

# Anything leaves out what takes an embedded cloud.
FAST ?=

# Most notifications that are sent again.
LIMIT ?= 100

# Environments whose synthesis is measured, such as platform/dev, none are all; and how often each way.
NAMES ?=
REPETITIONS ?= 5

# More `-c name=value` for synthesis, such as -c certificate_arn=….
CONTEXT ?=
# Apart from the assembly that the CDK CLI writes for a deployment.
RECOVERY_ASSEMBLY := build/recovery/$(SYSTEM)-$(ENV)
LAYERING_ASSEMBLY := build/layering/$(SYSTEM)-$(ENV)
CHANGES_ASSEMBLY := build/changes/$(SYSTEM)-$(ENV)
# Takes the assembly and the templates that are deployed.
DEPLOYMENT := build/deploy/$(SYSTEM)-$(ENV)

# A folder of templates that `make changes` compares with; without one it asks the account.
FROM ?=
# Logical ids of what a deployment may lose on purpose.
CONFIRM ?=
COST_ASSEMBLIES := build/cost
# Synthesizes what is looked at and not deployed: a warning of what it would do is for who deploys.
LOOKING := --quiet --ci --no-notices --no-version-reporting -c plain_http=acknowledged
# What costs are told does not depend on it, but production is refused without one.
ANY_CERTIFICATE := arn:aws:acm:us-east-1:123456789012:certificate/00000000-0000-0000-0000-000000000000

# Anything prints entries for what `make security` cannot explain, to be filled in.
PROPOSE ?=
# Pins an old boto3, so it lives apart from everything else.
CHECKOV := build/checkov

VENV := .venv
BIN := $(VENV)/bin
export PATH := $(CURDIR)/$(BIN):$(CURDIR)/node_modules/.bin:$(PATH)
# Node packages of the lock are complete: no audit, no funding or update notices between a person and the output.
NPM_FLAGS := --no-audit --no-fund --no-update-notifier --loglevel=error

.PHONY: help install lock up down status logs env config config-docs recovery layering changes deploy drill keys replay faults broken tour soak least-privilege conformance security security-docs synth-time test test-fast snapshots stateful baseline check format

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

config: install ## Print the environments of SYSTEM side by side (SYSTEM= is all); DIFFERENCES=1 leaves out the rest
	@python -m config compare --system '$(SYSTEM)' $(if $(DIFFERENCES),--differences)

config-docs: install ## Write docs/configuration.md from the docstrings and types in config/
	@python -m config docs

recovery: install ## Print RTO and RPO per kind of failure of SYSTEM in ENV, from its templates
	@CDK_VALIDATION=false cdk synth $(LOOKING) --output '$(RECOVERY_ASSEMBLY)' -c system='$(SYSTEM)' -c env='$(ENV)' $(CONTEXT) >/dev/null
	@python -m assembly recovery --assembly '$(RECOVERY_ASSEMBLY)'

layering: install ## Hold the stacks of SYSTEM in ENV to their order; names each reference that points up
	@CDK_VALIDATION=false JSII_HOST_STACK_TRACES=1 cdk synth $(LOOKING) --output '$(LAYERING_ASSEMBLY)' -c system='$(SYSTEM)' -c env='$(ENV)' $(CONTEXT) >/dev/null
	@python -m assembly layering --assembly '$(LAYERING_ASSEMBLY)'

cost: install ## Print what SYSTEM (or all) costs a month in each environment, beside its budget; REGION=…, RESOURCES=1, JSON=1
	@names=$$(python -m config.listing '$(SYSTEM)'); folders=(); \
	for name in $$names; do \
	  folder='$(COST_ASSEMBLIES)'/$${name/\//-}; folders+=("$$folder"); \
	  CDK_VALIDATION=false cdk synth $(LOOKING) --output "$$folder" -c system="$${name%/*}" -c env="$${name#*/}" -c budget=ignored \
	    $$(if [ "$${name#*/}" = prod ]; then echo '-c certificate_arn=$(ANY_CERTIFICATE)'; fi) $(CONTEXT) >/dev/null; \
	done; \
	python -m assembly cost --assembly "$${folders[@]}" $(if $(REGION),--region '$(REGION)') $(if $(RESOURCES),--resources) $(if $(JSON),--json)

changes: install ## Show what a deployment of SYSTEM in ENV would do to each resource; FROM=folder compares with that
ifeq ($(FROM),)
	@python -m deployment --only-look --folder '$(DEPLOYMENT)' -c system='$(SYSTEM)' -c env='$(ENV)' $(CONTEXT) --confirm '$(CONFIRM)'
else
	@CDK_VALIDATION=false cdk synth $(LOOKING) --output '$(CHANGES_ASSEMBLY)' -c system='$(SYSTEM)' -c env='$(ENV)' $(CONTEXT) >/dev/null
	@python -m assembly changes --from '$(FROM)' --to '$(CHANGES_ASSEMBLY)' $(foreach name,$(CONFIRM),--confirm '$(name)')
endif

deploy: install ## Deploy SYSTEM in ENV to the account of the environment, unless data would be lost; CONFIRM="…", YES=1
	@python -m deployment --folder '$(DEPLOYMENT)' -c system='$(SYSTEM)' -c env='$(ENV)' $(CONTEXT) --confirm '$(CONFIRM)' $(if $(YES),--yes)

drill: install ## Fail the databases of the deployed SYSTEM in ENV on purpose; measure RTO and RPO
	@python -m local drill --system '$(SYSTEM)' --env '$(ENV)'

faults: install ## Keep the promise of notifications through every fault, on a cloud of its own; ROWS="…" picks some
	@python -m tests.faults $(ROWS)

broken: install ## Take each mechanism away, and see a row of `make faults` turn red
	@python -m tests.faults.broken $(ROWS)

tour: install ## Make each mistake of docs/tour.md, and see it caught; ROWS="…" picks some, WRITE=1 writes the page
	@python -m tests.tour $(ROWS) $(if $(WRITE),--write)

soak: install ## Ten minutes of steady load, in which memory and connections stay flat
	@python -m tests.faults.soak

least-privilege: install ## See each grant used, and missed when it is taken away; SYSTEM=…, ROWS="…", WRITE=1
	@python -m tests.least_privilege $(ROWS) $(if $(filter-out file default,$(origin SYSTEM)),--system '$(SYSTEM)') $(if $(WRITE),--write)

conformance: install ## Print each requirement with the check that proves it; FAST=1 deploys nothing
	@python -m tests.conformance $(if $(FAST),--fast)

security: install $(CHECKOV)/.installed ## Hold all templates to cdk-nag, cfn-lint, checkov and our promises; SYSTEM=…, ENV=…, PROPOSE=1
	@python -m gates.security --checkov '$(CHECKOV)/bin/checkov' $(if $(filter-out file,$(origin SYSTEM)),--system '$(SYSTEM)') $(if $(filter-out file,$(origin ENV)),--env '$(ENV)') $(if $(PROPOSE),--propose)

security-docs: install ## Write docs/security-findings.md, what is acknowledged and why
	@python -m gates.security --write

keys: install ## List the API keys of SYSTEM in ENV; NAME=… makes one (for DAYS=…, instead of AFTER=id), REVOKE=id ends one
	@python -m local keys $(if $(REVOKE),revoke --id '$(REVOKE)',$(if $(NAME),create --name '$(NAME)' $(if $(DAYS),--days '$(DAYS)') $(if $(AFTER),--successor-of '$(AFTER)'),list)) --system '$(SYSTEM)' --env '$(ENV)'

replay: install ## Send again what failed in SYSTEM in ENV, at most LIMIT (100)
	@python -m local replay --system '$(SYSTEM)' --env '$(ENV)' --limit '$(LIMIT)'

synth-time: install ## Measure what the checks add to the time of a synthesis; NAMES="system/env …" picks some
	@python -m tests.synth_time $(NAMES) --repetitions '$(REPETITIONS)'

test: install ## Run every test, fast ones first
	@pytest -n 2 --dist loadfile -m 'not e2e'
	@pytest -m e2e

test-fast: install ## Run the tests that deploy nothing
	@pytest -n 2 --dist loadfile -m 'not e2e' --ignore=tests/local

snapshots: install ## Take the templates of every environment anew
	@pytest tests/stacks/test_snapshots.py --snapshot-update

stateful: install ## Freeze the logical ids of what holds data anew; REMOVE=1 also drops what is gone
	@CDK_VALIDATION=false python -m tests.stacks.stateful $(if $(REMOVE),--remove)

baseline: install ## Keep the templates of today as those of a release, for where git has no tag of one
	@CDK_VALIDATION=false python -m tests.stacks.releases

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

$(CHECKOV)/.installed: requirements/checkov.lock | $(VENV)/.installed
	@echo "install: checkov in $(CHECKOV)" >&2
	@uv venv --quiet --clear --python $(BIN)/python $(CHECKOV)
	@uv pip sync --quiet --require-hashes --python $(CHECKOV)/bin/python requirements/checkov.lock
	@touch $@

node_modules/.installed: package.json package-lock.json | $(VENV)/.installed
	@echo "install: Node packages" >&2
	@npm ci $(NPM_FLAGS) --silent
	@touch $@

lock: | $(BIN)/uv ## Resolve the dependency groups of pyproject.toml anew into the locks
	@uv pip compile --quiet --universal --generate-hashes --no-annotate --group dev -o requirements/dev.lock pyproject.toml
	@uv pip compile --quiet --universal --generate-hashes --no-annotate --group checkov -o requirements/checkov.lock pyproject.toml
	@uv pip compile --quiet --universal --generate-hashes --no-annotate --group services -c requirements/dev.lock -o services/requirements.lock pyproject.toml
	@uv pip compile --quiet --universal --generate-hashes --no-annotate --group functions -c requirements/dev.lock -o services/requirements-functions.lock pyproject.toml
	@grep -A200 '^uv==' requirements/dev.lock | awk 'NR > 1 && /^[^ ]/ { exit } { print }' > requirements/installer.lock
	@npm install $(NPM_FLAGS) --package-lock-only
