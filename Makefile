# `make quickstart` sets everything up and runs the main job; `make test` sets up what tests need and runs them all.
PYTHON ?= python3.11
VENV ?= .venv
BIN = $(VENV)/bin
# Two processes take one test file at a time, so that fixtures of a file are made once; tests/conftest.py puts the files
# with tests marked `slow` first. Pass more options in PYTEST_ARGS.
PYTEST = $(BIN)/python -m pytest --numprocesses=2 --dist=loadfile --no-loadscope-reorder --durations=20 $(PYTEST_ARGS)

# Tests start hundreds of processes. With this variable set, each of them would compile the package again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: quickstart test check browser lint clean

quickstart: $(VENV)/installed
	$(BIN)/massivetext run quickstart --output runs/quickstart

test: $(VENV)/installed-dev browser lint
	$(PYTEST)

check: $(VENV)/installed-dev browser lint
	$(PYTEST) -m "not slow"

# The tests of the report page drive Debian's Chromium; without one they skip.
browser:
	@if command -v chromium >/dev/null; then :; \
	elif command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
		apt-get update --quiet --quiet && apt-get install --yes --quiet --quiet --no-install-recommends chromium; \
	else echo "chromium is missing, so the tests of the report page skip: install it (Debian: apt-get install chromium)"; fi

lint: $(VENV)/installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: $(VENV)/bin/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --quiet --constraint constraints.txt --editable .
	touch $@

$(VENV)/installed-dev: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --quiet --constraint constraints.txt --editable '.[dev,gcp,jax,s3,spark,train]'
	touch $@

clean:
	rm -rf $(VENV) runs massivetext-demo dist
