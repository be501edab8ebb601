# make run: the dashboard at http://localhost:8501    make test: the whole test suite
# make check: format, lint and types

PYTHON ?= python3
BIN := .venv/bin

.PHONY: run test check format

run: .venv/installed
	@echo "Digit Lab: http://localhost:8501 (stop it with Ctrl-C)"
	@$(BIN)/streamlit run dashboard/app.py

test: .venv/installed-dev
	$(BIN)/python -m pytest

check: .venv/installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

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
