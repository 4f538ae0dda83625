# `make quickstart` sets everything up and runs the main job; `make test` sets up what tests need and runs them all.
PYTHON ?= python3.11
VENV ?= .venv
BIN = $(VENV)/bin
# A file of tests at a time to each of two processes, in their order: the long ones come first.
PYTEST = $(BIN)/python -m pytest --numprocesses=2 --dist=loadfile --no-loadscope-reorder --durations=20

.PHONY: quickstart test check lint clean

quickstart: $(VENV)/installed
	$(BIN)/massivetext run quickstart --output runs/quickstart

test: $(VENV)/installed-dev lint
	$(PYTEST)

check: $(VENV)/installed-dev lint
	$(PYTEST) -m "not slow"

lint: $(VENV)/installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: $(VENV)/bin/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	touch $@

$(VENV)/installed-dev: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev,gcp,jax,s3,spark]'
	touch $@

clean:
	rm -rf $(VENV) runs massivetext-demo dist
