# One command each. Needs Python 3.11 or newer, git and make; everything else comes from package registries into .venv.
.DEFAULT_GOAL := help
SHELL := /bin/sh
MAKEFLAGS += --no-print-directory

# What the caller's shell happens to hold must not decide whether this works.
unexport PYTHONPATH PYTHONHOME PYTHONSTARTUP PYTHONDONTWRITEBYTECODE VIRTUAL_ENV DATABASE_URL REDIS_URL
$(foreach name,$(filter-out TERRASMITH_CORPUS,$(filter TF_% TERRASMITH_%,$(.VARIABLES))),$(eval unexport $(name)))

BIN := .venv/bin
ARGS ?=
WORKERS ?= 2
PYTEST := $(BIN)/python -m pytest --dist worksteal

.PHONY: help
help: ## list the commands (this)
	@awk 'BEGIN {FS = ":.*## "} /^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: embedded scanner ## see the whole story on this machine, simulators included; ARGS="--once --prompt '…'"
	@$(BIN)/terrasmith demo $(ARGS)

.PHONY: test
test: dev checkov ## all tests, with coverage and every skip's reason; ARGS="tests/unit -k name"
	@$(PYTEST) -n $(WORKERS) -m "not prove" --cov --cov-report=term $(ARGS)

.PHONY: check
check: dev ## format, lint, types, import contracts, fast tests: under a minute
	@failed=; \
	$(BIN)/ruff format --check --quiet . || failed="$$failed format"; \
	$(BIN)/ruff check --quiet . || failed="$$failed lint"; \
	$(BIN)/lint-imports --no-logo > .venv/lint-imports.txt || { cat .venv/lint-imports.txt; failed="$$failed imports"; }; \
	$(BIN)/mypy --no-error-summary || failed="$$failed types"; \
	$(PYTEST) -n $(WORKERS) -q tests/unit tests/architecture $(ARGS) || failed="$$failed tests"; \
	[ -z "$$failed" ] || { echo "failed:$$failed"; exit 1; }

.PHONY: fix
fix: dev ## format, and mend what ruff can mend by itself
	@$(BIN)/ruff check --quiet --fix . ; $(BIN)/ruff format --quiet .

.PHONY: bench
bench: dev ## measure: webhook answers, comment to pull request, terraform init; prints tables
	@$(BIN)/python -m bench $(ARGS)

.PHONY: prove
prove: dev checkov ## the tests in their long form: every seeded crash, every fault; half an hour
	@HYPOTHESIS_PROFILE=prove $(PYTEST) -n $(WORKERS) $(ARGS)

.PHONY: lock
lock: dev ## resolve the dependencies again, with hashes, for every platform
	@$(BIN)/python tools/lock.py $(ARGS)

.PHONY: clean
clean: ## remove .venv and every cache; your data stays
	@rm -rf .venv .venv-checkov .cache .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis .coverage .coverage.*

# Not shown by help: what the others stand on.
.PHONY: embedded
embedded:
	@tools/venv.sh embedded

.PHONY: dev
dev:
	@tools/venv.sh dev

.PHONY: checkov
checkov:
	@tools/venv.sh checkov

# The demo goes on without it, and says what that means.
.PHONY: scanner
scanner:
	@tools/venv.sh checkov || echo "Checkov could not be installed: the demo will say what that means." >&2
