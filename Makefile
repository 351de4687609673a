# Two commands do everything on a fresh machine with Python 3.11+, git, make and a package index: `make demo`, `make test`.
PYTHON ?= python3
EXTRAS ?= sqs,servicebus,cloudtasks,kafka,rabbitmq,slack,worker,mcp,lab,dev
ARGS ?= -n 2
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
STAMP := $(VENV)/.ready-$(shell echo "$(EXTRAS)" | cksum | cut -d' ' -f1)

.PHONY: help setup demo test live lint kb-lint bench clean
.DEFAULT_GOAL := help

help: ## what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20

setup: $(STAMP) ## .venv with the core and every extra (EXTRAS= for the core alone)

$(STAMP): pyproject.toml requirements.lock
	@echo "· setting up $(VENV) (once; about a minute)" >&2
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Queuewright needs Python 3.11 or newer; name one with PYTHON=…" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "· installing dependencies" >&2
	@$(PIP) install --quiet --constraint requirements.lock --editable ".$(if $(EXTRAS),[$(EXTRAS)])"
	@rm -f $(VENV)/.ready-*
	@touch $@
	@echo "· ready: $(BIN)/queuewright --help" >&2

demo: ## a real Redis, a real Celery with a fault in it, two questions and their answers
	@test -e $(VENV)/.ready-demo -o -n "$(wildcard $(VENV)/.ready-*)" || $(MAKE) --no-print-directory setup EXTRAS=lab
	@$(BIN)/python -m evals.demo

test: setup ## everything that needs no server beyond the embedded ones
	@echo "· running the tests" >&2
	@$(BIN)/python -m pytest -m "not live" $(ARGS)

live: setup ## tests against real servers that must be installed
	@$(BIN)/python -m pytest -m live || { code=$$?; test $$code -eq 5 || exit $$code; \
	  echo "· no system needs more than the embedded servers yet" >&2; }

lint: kb-lint ## ruff, mypy, import-linter, the articles
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

kb-lint: setup ## both languages of every article, their code, the facts that must stand in them
	@$(BIN)/python -m knowledge.lint

bench: setup ## speed, as ratios in one run
	@$(BIN)/python -m evals.bench

clean: ## removes .venv and caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache build dist
