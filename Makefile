# Two commands are all that a newcomer needs: make demo, make test.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help demo prepared test check bench bench-pages bench-search messages screenshots vendor stop clean

help:  ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/run  ## Install what is missing, build the demo city and serve it on http://127.0.0.1:8000
	@$(BIN)/python manage.py demo $(DEMO)

prepared: $(VENV)/dev  # the template of the test databases, which `make test` makes if it is not there
	@DJANGO_SETTINGS_MODULE=tests.settings $(BIN)/python -m tests.prepare

test: $(VENV)/dev  ## Run the whole test suite on real PostgreSQL, browser tests included
	@$(BIN)/python -m tools.run_tests $(TESTS)

check: $(VENV)/dev  ## Lint, imports, templates, migrations, vendored files, translations
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/djlint templates --lint --quiet
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/python tools/vendor_static.py --check
	$(BIN)/python tools/messages.py --check

bench: $(VENV)/dev  ## Measure import, search, queue, mediation, breaches, repeats and races (BENCH="--only import --rows 100000")
	@$(BIN)/python -m benchmarks $(BENCH)

bench-pages: $(VENV)/dev  ## Time dashboard and lists on a demo city of its own (BENCH="--scale 0.5")
	@$(BIN)/python -m benchmarks.pages $(BENCH)

bench-search: $(VENV)/dev  ## Time searches and filters on a multiplied demo city (BENCH="--cases 1000000 2000000", some 25 minutes)
	@$(BIN)/python -m benchmarks.search $(BENCH)

messages: $(VENV)/dev  ## Extract texts, update and compile the translations
	$(BIN)/python tools/messages.py

screenshots: $(VENV)/dev  ## Pictures of the main pages of the portal that `make demo` serves, into var/screenshots
	@$(BIN)/python -m tools.screenshots $(SCREENSHOTS)

vendor:  ## Fetch the front-end libraries again (needs Node)
	$(PYTHON) tools/vendor_static.py

stop:  ## Stop the embedded database
	@$(BIN)/python manage.py embedded_db stop

clean: ## Remove the virtual environment and caches (data in var/ stay)
	rm -rf $(VENV) .pytest_cache .ruff_cache .import_linter_cache .hypothesis

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11 …")'
	@$(PYTHON) -m venv $(VENV) || { echo "The venv module is missing: apt-get install python3-venv"; rm -rf $(VENV); exit 1; }

$(VENV)/run: requirements.txt | $(VENV)/bin/python
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/dev: requirements.txt requirements-dev.txt | $(VENV)/bin/python
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $(VENV)/run $@
