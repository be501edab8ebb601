# make run: the dashboard at http://localhost:8501    make test: the whole test suite
# make run-class: the dashboard for a class, open to the network behind a password
# make check: format, lint and types    make bench: speed and load, each figure beside its target

PYTHON ?= python3
BIN := .venv/bin

.PHONY: run run-class test check bench format

run: .venv/installed
	@echo "Digit Lab: http://localhost:8501 (stop it with Ctrl-C)"
	@$(BIN)/streamlit run dashboard/app.py

run-class: .venv/installed
	@$(BIN)/python -m dashboard.run_class

# In two processes, a file in one of them; what kills processes runs apart from all else. Bytecode is
# kept, for the servers, workers and commands that the tests start import the same modules.
test: export PYTHONDONTWRITEBYTECODE =
test: .venv/installed-dev
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder -m "not apart"
	$(BIN)/python -m pytest -n 2 --dist loadfile -m apart tests/core/engine tests/e2e

check: .venv/installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

bench: .venv/installed-bench
	@$(BIN)/python -m tests.benchmarks

format: .venv/installed-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.venv/installed: requirements.txt pyproject.toml
	@echo "Installing into .venv; the first time this takes a few minutes."
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet -r requirements.txt
	@touch $@

.venv/installed-dev: .venv/installed
	@$(BIN)/pip install --quiet -e ".[dev]"
	@touch $@

.venv/installed-bench: .venv/installed-dev
	@$(BIN)/pip install --quiet -e ".[bench]"
	@touch $@
