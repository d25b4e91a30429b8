# Everything CI runs, one word each. `make help` lists them; `make run` and `make test` need nothing but Python.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP_INSTALL := $(BIN)/python -m pip install -qq --disable-pip-version-check
HASHED := --require-hashes --only-binary :all:

# Stamps: what stands in the environment. Each is older than what it was made from only when something changed.
RUNTIME := $(VENV)/.runtime-installed
DEV := $(VENV)/.dev-installed

# Hypothesis starts from this seed: `make test` from a fixed one, `make prove` from a new one each time.
# What failed is run again with `make prove SEED=<the number it printed>`.
test: SEED := 0
prove: SEED := $(shell date +%s)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help install run test lint prove bench format docs lock clean

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(DEV) ## Make .venv with everything for development

run: $(RUNTIME) ## Start the demo shop
	$(BIN)/ordercore demo

test: lint ## Lint, types, architecture, unit and integration tests, coverage
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -n 2 --hypothesis-seed=$(SEED)
	@$(BIN)/coverage combine --quiet
	$(BIN)/coverage report
	$(BIN)/python tools/check_coverage.py

lint: $(DEV) ## Only lint, format, types, architecture
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

prove: $(DEV) ## The long proofs: races, crashes, state machines
	$(BIN)/pytest -m prove -s --timeout=3600 --hypothesis-seed=$(SEED)

bench: $(DEV) ## Measure, side by side with hand-written code
	$(BIN)/python -m benchmarks

format: $(DEV) ## Put the code in shape
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

docs: $(DEV) ## Write the generated pages anew
	$(BIN)/python -m tools.docs

clean: ## Remove what these commands made (not your databases)
	rm -rf $(VENV) .venv.boot .venv.lock build dist htmlcov .coverage .coverage.* .hypothesis .import_linter_cache \
		.mypy_cache .pytest_cache .ruff_cache .schemathesis
	find src tests benchmarks tools -name __pycache__ -type d -prune -exec rm -rf {} +

# --- the environment -------------------------------------------------------------------------------------------------

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "ordercore needs Python 3.11 or newer; $(PYTHON) is none: make PYTHON=/path/to/python $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "no usable venv module: trying virtualenv"; rm -rf $(VENV) \
		&& $(PYTHON) -m pip install --quiet --target .venv.boot virtualenv \
		&& PYTHONPATH=.venv.boot $(PYTHON) -m virtualenv --quiet $(VENV); }

$(RUNTIME): requirements.lock pyproject.toml | $(BIN)/python
	$(PIP_INSTALL) $(HASHED) -r requirements.lock
	$(PIP_INSTALL) --no-deps --no-build-isolation -e .
	@touch $@

# The development lock holds the runtime lock's packages at the same versions, and more.
$(DEV): requirements-dev.lock pyproject.toml | $(BIN)/python
	$(PIP_INSTALL) $(HASHED) -r requirements-dev.lock
	$(PIP_INSTALL) --no-deps --no-build-isolation -e .
	@touch $@ $(RUNTIME)

# --- the locks -------------------------------------------------------------------------------------------------------

# Existing pins stay unless told otherwise: `make lock UPGRADE=--upgrade`. No registry is named in the result.
UPGRADE :=
COMPILE = .venv.lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--only-binary :all: --no-emit-index-url --no-header $(UPGRADE) pyproject.toml

lock: ## Write requirements.lock and requirements-dev.lock from pyproject.toml
	$(PYTHON) -m venv .venv.lock
	.venv.lock/bin/python -m pip install --quiet uv
	$(COMPILE) --extra server --extra postgres --extra mail --group build --output-file requirements.lock
	$(COMPILE) --all-extras --group dev --constraint requirements.lock --output-file requirements-dev.lock
	rm -rf .venv.lock
