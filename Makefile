# Everything runs in two virtual environments, made when they are missing: .venv, for what is here, and
# .aita/emulator, for the emulator, which does not install beside sam.

PYTHON ?= python3
BIN = .venv/bin
# MiniStack pins botocore, which settles boto3; its own extra for SAM templates brings much that is not used.
EMULATOR = ministack==1.5.33 aws-sam-translator==1.115.0 boto3

PEERS = flexllm==0.17.10

# Where the tables of prices come from: its data, and none of its code, is in the package.
PRICES = genai-prices==0.2.3

CHECKOV = checkov==3.3.30 policy_sentry==0.13.2

SUPPLY = uv==0.13.9 pip-audit==2.10.1
# One lock for every Python that the template allows and for every system.
LOCK = .aita/supply/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--custom-compile-command "make lock"

# sam looks for the interpreter that compiles the layers here.
export PATH := $(CURDIR)/$(BIN):$(PATH)
export SAM_CLI_TELEMETRY = 0
# Without compiled files each process, and each of pytest's workers, compiles all that it imports anew.
unexport PYTHONDONTWRITEBYTECODE

REQUIREMENTS = layers/aita/requirements.txt layers/imaging/requirements.txt
LAYER_LOCKS = $(REQUIREMENTS:.txt=.lock)
# In the layer on Lambda alone: the emulator's own SDK is settled by what it pins.
SDK = layers/aita/sdk.txt
PYTEST = $(BIN)/pytest -n auto --dist loadfile --no-loadscope-reorder

# pip, with one line that tells how far it is
PIP_INSTALL = aita_local/installing.py

.PHONY: help venv emulator checkov site demo test test-fast test-long test-stacks coverage bench aws-check aws-smoke injection misreadings fuzz adversary docs lock audit prices vendor size clean

help: ## Show this
	@sed -nE 's/^([a-z-]+):.*## (.*)/\1\t\2/p' $(MAKEFILE_LIST) | awk -F '\t' '{printf "  make %-11s %s\n", $$1, $$2}'

venv: .venv/installed ## Make the environment for everything here

emulator: .aita/emulator/installed ## Make the emulator's own environment

checkov: .aita/checkov/installed ## Make the environment of what checks the template against known mistakes

site: .aita/site/installed ## Make the environment of what builds the documents' site

demo: venv emulator ## Run the sample exam through the whole stack here: half a minute; the first time 1.5 to 3 min, with 0.9 GB to install
	$(BIN)/python -m aita_local.demo

test: venv ## Run what decides whether a change is good: lint, types, layers, templates, tests; 9 to 11 min
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry layers/aita functions
	$(BIN)/deptry aita_local benchmarks samples tests --ignore DEP002,DEP004
	$(BIN)/sam validate --lint
	$(BIN)/cfn-lint template.yaml
	$(PYTEST) -m "not long and not emulator and not container"

test-fast: venv ## Run the tests that wait for no process, server, picture, report, stack, build or browser; about a minute
	$(PYTEST) -m "not slow" tests/unit

test-long: venv checkov site ## Run the tests of many made-up classes, hostile files, builds, scans and the console in a browser, which `make test` leaves out; 8 to 10 min
	$(PYTEST) -m long

test-stacks: venv emulator ## Run the tests on the emulator and in Lambda's containers, which `make test` leaves out; 10 to 12 min
	$(PYTEST) -m "emulator or container"

coverage: venv ## Measure the branches of services/ that the tests take, but for those on the emulator: at least 95 %; 10 min
	$(PYTEST) -m "not emulator and not container" \
		--cov aita.services --cov-branch --cov-report term-missing:skip-covered --cov-fail-under 95

bench: venv emulator .aita/peers/installed ## Measure, and print one table; a quarter of an hour on a machine that does nothing else
	$(BIN)/python -m benchmarks

aws-check: venv ## Have AWS's own Step Functions take every path of the state machine, deploying nothing; needs an account
	$(BIN)/python -m tests.aws.check

aws-smoke: venv emulator ## Deploy a stack of its own to your account, grade the sample exam, look, delete all, write a report; up to 20 min of it wait for an alarm
	$(BIN)/python -m tests.aws.smoke

injection: venv ## Try known attempts to steer the grader on the model of OPENAI_API_KEY; this asks it a few hundred times
	$(BIN)/python -m tests.injection.real_model

misreadings: venv ## Let a reader err on order, and look how often each mode of the second look keeps a wrong grade from being given; 1 to 2 min
	$(BIN)/python -m tests.misreadings

fuzz: venv ## Feed every parser of what people, models and providers write for a minute
	$(BIN)/python -m tests.fuzz

adversary: venv ## Let every mishap, and each pair, happen to one of 5,000 made-up classes, and look for wrong grades; a quarter of an hour
	$(BIN)/python -m tests.adversary --classes 5000 --jobs 2

docs: site ## Build the site of the README, docs/ and the API reference: out/docs/index.html
	NO_MKDOCS_2_WARNING=1 .aita/site/bin/mkdocs build --strict

lock: venv .aita/supply/installed ## Lock every dependency with its hashes; what is locked already stays (LOCK_OPTIONS=--upgrade)
	$(LOCK) $(LOCK_OPTIONS) --extra imaging --extra console --group dev --output-file requirements.lock pyproject.toml
	$(LOCK) $(LOCK_OPTIONS) --group docs --constraint requirements.lock --output-file docs/requirements.lock
	$(foreach list,$(REQUIREMENTS) $(SDK),$(LOCK) --constraint requirements.lock --output-file $(list:.txt=.lock) $(list) &&) true

audit: .aita/supply/installed ## Look the locked dependencies up in PyPI's list of vulnerabilities; needs the network
	.aita/supply/bin/pip-audit --strict --disable-pip --require-hashes --requirement requirements.lock

prices: venv ## Make the tables of prices anew, from the version of genai-prices above; read the difference before it is committed
	$(BIN)/python $(PIP_INSTALL) --no-deps --upgrade --target .aita/prices $(PRICES)
	PYTHONPATH=.aita/prices $(BIN)/python layers/builds/prices.py

vendor: venv ## Take the libraries of the console's pages anew, at the versions in layers/builds/vendor.py; needs npm and the network
	$(BIN)/python layers/builds/vendor.py

size: venv ## Build the layers as AWS gets them, and print each dependency's share
	$(BIN)/python layers/builds/size.py

clean: ## Stop the local stack and remove everything that was made here: its data too, and out/ with students' reports
	if [ -x $(BIN)/aita ]; then $(BIN)/aita local down; fi
	last="$${XDG_STATE_HOME:-$$HOME/.local/state}/aita/local_home"; \
		if [ -f "$$last" ] && [ "$$(cat "$$last")" = "$$(pwd -P)/.aita" ]; then rm "$$last"; fi
	rm -rf .venv .aita .aws-sam .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage build out
	find . \( -name __pycache__ -o -name '*.egg-info' \) -prune -exec rm -rf {} +

# The lock is complete, so nothing is resolved; pip check tells of what it lacks.
.venv/installed: requirements.lock pyproject.toml aita_local/pyproject.toml requirements-cli.txt requirements-console.txt $(REQUIREMENTS) $(SDK)
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "aita takes Python 3.11 or newer: make PYTHON=python3.12")'
	@echo "Installing what everything here runs on into .venv: 0.7 GB, about a minute"
	$(PYTHON) -m venv .venv
	$(BIN)/python $(PIP_INSTALL) --no-deps --require-hashes --requirement requirements.lock
	$(BIN)/python -m pip uninstall --quiet --yes aita  # what the package was called before 0.2.0
	$(BIN)/python $(PIP_INSTALL) --no-deps --editable . --editable aita_local
	$(BIN)/python -m pip check
	touch $@

# The functions run here as children of the emulator's interpreter, with the packages beside it.
.aita/emulator/installed: Makefile $(LAYER_LOCKS) | .venv/installed
	@echo "Installing the emulator into .aita/emulator: 0.25 GB, 15 s"
	$(BIN)/python -m venv .aita/emulator
	.aita/emulator/bin/python $(PIP_INSTALL) $(EMULATOR)
	.aita/emulator/bin/python $(PIP_INSTALL) --no-deps --require-hashes $(LAYER_LOCKS:%=--requirement %)
	.aita/emulator/bin/python -m pip check
	touch $@

# A published batch runner that the benchmarks compare with; it does not install beside what is here.
.aita/peers/installed: Makefile | .venv/installed
	$(BIN)/python -m venv .aita/peers
	.aita/peers/bin/python $(PIP_INSTALL) $(PEERS)
	touch $@

# What checks the template: it pins much that is pinned otherwise here.
.aita/checkov/installed: Makefile | .venv/installed
	@echo "Installing what checks the template into .aita/checkov: 0.3 GB, 20 s"
	$(BIN)/python -m venv .aita/checkov
	.aita/checkov/bin/python $(PIP_INSTALL) $(CHECKOV)
	touch $@

# What builds the site: it reads the sources and imports nothing of them.
.aita/site/installed: docs/requirements.lock | .venv/installed
	@echo "Installing what builds the site into .aita/site: 0.2 GB, 15 s"
	$(BIN)/python -m venv .aita/site
	.aita/site/bin/python $(PIP_INSTALL) --no-deps --require-hashes --requirement docs/requirements.lock
	touch $@

# What locks and audits: in an environment of its own, so that it decides nothing of what is locked.
.aita/supply/installed: Makefile | .venv/installed
	$(BIN)/python -m venv .aita/supply
	.aita/supply/bin/python $(PIP_INSTALL) $(SUPPLY)
	touch $@
