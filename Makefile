# `make demo` and `make test` are all that a newcomer needs; each does its own set-up.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
JOBS ?= 2

.PHONY: demo test test-long test-external lint types format golden lock benchmark clean

$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "dpsync needs Python 3.11 or newer; name one: make PYTHON=python3.12"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing dpsync and its tools in $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

demo: $(STAMP)
	@$(BIN)/python examples/demo.py

test: lint types
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP)
	$(BIN)/mypy

# The laws with a large budget of examples.
test-long: $(STAMP)
	DPSYNC_LAWS=long $(BIN)/python -m pytest -n $(JOBS) --dist worksteal tests/laws tests/manifests tests/marketplace tests/contract

# What needs more than Python: a fresh environment from the built wheel, with only what it declares; a browser; npm.
test-external: $(STAMP)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev,external]'
	@tests/external/browser.sh
	$(BIN)/python -m pytest -m external --run-external tests/external

format: $(STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Writes the golden files anew; read the difference before you commit it.
golden: $(STAMP)
	DPSYNC_GOLDEN=write $(BIN)/python -m pytest -q tests/stories tests/reports tests/checks tests/test_docs.py \
		tests/cli/test_init.py::test_the_pipelines_are_those_of_the_examples

# Locks what the action, the image and a release install, with hashes. Needs the network; read the difference.
lock: $(STAMP)
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-header --no-emit-index-url pyproject.toml -o requirements/run.txt
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-header --no-emit-index-url requirements/build.in -o requirements/build.txt

benchmark: $(STAMP)
	$(BIN)/python benchmarks/plan.py
	$(BIN)/python benchmarks/apply.py

clean:
	rm -rf $(VENV) .demo .mypy_cache .ruff_cache .pytest_cache .hypothesis
