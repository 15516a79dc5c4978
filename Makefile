# Two commands do everything: `make demo` and `make test`. PYTHON is any Python from 3.11 to 3.13.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
CONSTRAINTS := constraints.txt

.DEFAULT_GOAL := help
# pytest rewrites each test module as it is read; kept, that is done once and not by every worker of every run.
unexport PYTHONDONTWRITEBYTECODE
.PHONY: help demo ui test test-all test-plugins test-browser check lint types format reference benchmark clean

help:  ## show what there is to make
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/:/' | column -t -s ':'

# The environment is made once and again when what it is made from changes. pip compiles the bytecode as it installs.
$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit("kerascnn needs Python 3.11 to 3.13; set PYTHON=..." if not (3, 11) <= sys.version_info[:2] < (3, 14) else 0)'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.core: $(BIN)/python pyproject.toml $(CONSTRAINTS)
	$(PIP) install --quiet --constraint $(CONSTRAINTS) --editable .
	$(BIN)/python -m compileall -q kerascnn
	@touch $@

$(VENV)/.dev: $(VENV)/.core
	$(PIP) install --quiet --constraint $(CONSTRAINTS) --editable '.[dev]'
	@touch $@

demo: $(VENV)/.core  ## train LeNet-5 on handwritten digits, evaluate it, write a report
	$(BIN)/kerascnn train templates/image_classification/lenet5.yaml --runs runs
	$(BIN)/kerascnn evaluate latest --split test --runs runs

$(VENV)/.ui: $(VENV)/.core
	$(PIP) install --quiet --constraint $(CONSTRAINTS) --editable '.[ui]'
	$(BIN)/python -m compileall -q apps
	@touch $@

ui: $(VENV)/.ui  ## start the dashboard in the browser
	$(BIN)/kerascnn ui

test: $(VENV)/.dev  ## run the fast tests
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist worksteal -m 'not slow'

test-all: $(VENV)/.dev  ## run every test
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist worksteal

# Into a folder of its own, so that the core's tests see an installation without plugins.
test-plugins: $(VENV)/.dev  ## install every plugin for real, and run its fast tests
	rm -rf build/plugins
	$(PIP) install --quiet --no-deps --no-build-isolation --target build/plugins $(wildcard plugins/kerascnn-*)
	PYTHONPATH=build/plugins $(BIN)/python -m pytest -n auto --maxprocesses 4 --dist worksteal --import-mode importlib \
		-m 'not slow' plugins

# The pages of all eight kinds of tasks, another four minutes, are part of test-all.
test-browser: $(VENV)/.dev  ## the dashboard in Chromium: the whole way, every page in every state, the login; pictures come into build/screenshots
	KERASCNN_SCREENSHOTS=build/screenshots $(BIN)/python -m pytest tests/dashboard/test_journey.py \
		tests/dashboard/test_states.py tests/dashboard/test_login.py -k 'not every_page_of_every_task'

check: lint types test test-plugins  ## what CI runs: lint, types, fast tests, those of the plugins

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev
	$(BIN)/mypy

format: $(VENV)/.dev  ## put the code in the project's form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

reference: $(VENV)/.core  ## write the reference in docs/ from the code
	$(BIN)/python docs/generate.py
	$(BIN)/python docs/contract_page.py

benchmark: $(VENV)/.dev  ## measure start-up against `import keras`
	$(BIN)/python benchmarks/startup.py

clean:  ## remove the environment and what was built
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache
