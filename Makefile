# Every command of Pult. `make help` lists them; no target needs more than Python 3.11 and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DEV_STAMP := $(VENV)/.installed-dev
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help run demo test bench faults lint format lock translations

help:  ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s%s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Pult needs Python 3.11 or newer: make PYTHON=/path/to/python3.11 run"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(STAMP): pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	@touch $@

$(DEV_STAMP): $(STAMP)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@

run: $(STAMP)  ## install, migrate and serve; prints the address, at first also a set-up link
	@exec $(BIN)/pult serve

demo: $(STAMP)  ## the same with a sample company, three log-ins and a PBX that makes calls
	@exec $(BIN)/pult demo

test: $(DEV_STAMP)  ## every test; PULT_TEST_ALL=1 lets none be skipped
	$(BIN)/python -m pytest

bench: $(DEV_STAMP)  ## the benchmarks, into docs/benchmarks.md; takes about 25 minutes
	$(BIN)/python -m tests.bench

faults: $(DEV_STAMP)  ## the faults at full size, in little more than an hour; HOUR=0 leaves the hour out
	$(BIN)/python -m tests.faults $(if $(filter 0,$(HOUR)),--no-hour)

lint: $(DEV_STAMP)  ## ruff, mypy, the directions of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(DEV_STAMP)  ## put the code into shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: | $(VENV)/bin/python  ## rewrite constraints.txt from the newest versions that fit
	$(PYTHON) -m venv --clear build/lock
	build/lock/bin/python -m pip install --quiet --editable '.[dev]'
	build/lock/bin/python -m pip freeze --exclude-editable > constraints.txt
	rm -rf build/lock

translations: $(DEV_STAMP)  ## gather new texts into the Russian catalogue and compile it
	@mkdir -p build
	$(BIN)/pybabel -q extract -F app/translations/babel.cfg -k lazy_gettext -k lazy_pgettext:1c,2 --no-location --sort-output -o build/messages.pot .
	$(BIN)/pybabel -q update -i build/messages.pot -d app/translations -l ru --no-fuzzy-matching --no-wrap --ignore-obsolete
	$(BIN)/pybabel -q compile -d app/translations
