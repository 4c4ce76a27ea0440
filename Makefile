# One command from a bare Python to each result. `make` alone says what there is.

PYTHON ?= $(firstword $(foreach name,python3 python3.14 python3.13 python3.12 python3.11,\
	$(shell $(name) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $(name))))
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check

# Stamps, so that nothing is installed twice: what runs the engine, and what works on it.
CORE := $(VENV)/.installed
TOOLS := $(VENV)/.installed-tools

.PHONY: help demo test bench lint types clean

help:
	@echo "make demo    validate, price, settle and explain a whole contract on made-up claims"
	@echo "make test    run the tests"
	@echo "make bench   measure beside other engines, and write docs/performance.md"
	@echo "make lint    check style and imports"
	@echo "make types   check types"
	@echo "make clean   remove the virtual environments, caches and results"

demo: $(CORE)
	@$(BIN)/rules-engine demo

test: $(TOOLS)
	@$(BIN)/python -m pytest --numprocesses=auto --maxprocesses=4 --dist=loadfile

bench: $(TOOLS)
	@$(BIN)/python -m bench

lint: $(TOOLS)
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/lint-imports

types: $(TOOLS)
	@$(BIN)/mypy

clean:
	rm -rf $(VENV) .venv-bench build dist out demo mutants .nox .hypothesis .coverage
	rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .grimp_cache
	find rules_engine plugins tests bench -name __pycache__ -type d -prune -exec rm -rf {} +

$(CORE): pyproject.toml | $(BIN)/python
	@echo "Installing the engine into $(VENV) ..."
	@$(PIP) install --editable .
	@touch $@

$(TOOLS): pyproject.toml | $(BIN)/python
	@echo "Installing the engine and its tools into $(VENV) ..."
	@$(PIP) install --editable '.[testing,dev,spark]'
	@touch $(CORE) $@

$(BIN)/python:
	@test -n "$(PYTHON)" || { \
		echo "Python 3.11 or newer is needed, and none was found as python3 or python3.1x." >&2; \
		echo "Install one, or name it: make PYTHON=/path/to/python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Python 3.11 or newer is needed; $(PYTHON) is $$($(PYTHON) -V 2>&1)." >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
		echo "$(PYTHON) has no venv module; on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)
