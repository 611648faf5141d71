# Thin doors. What they do stands in scripts/, demo/ and bench/.
#   make setup    everything that is needed, inside .env/ (system packages aside)
#   make demo     real invoices through the sandbox of El Fatoora; make stop ends it; SCENARIO=small|medium|large plays a
#                 typical company: the form and a token, Excel and the ANCE seal, the REST API and the ANCE seal
#   make test     the three suites; SUITE="pure odoo" chooses, PYTEST_ARGS="-k words" and ODOO_TAGS=/l10n_tn_edi_ttn:Class narrow

SHELL := /bin/bash
PYTHON := .env/venv/bin/python
SUITE ?= pure odoo live
SCENARIO ?=
PYTEST_ARGS ?=
ODOO_TAGS ?= /l10n_tn_edi_ttn
export PYTEST_ARGS ODOO_TAGS

.DEFAULT_GOAL := help
.PHONY: help setup venvs demo screenshots stop test test-pure test-odoo test-live lint format bench chaos clean

help:
	@sed -n '1,/^$$/s/^#   \{0,1\}/  /p' Makefile
	@echo "   make screenshots | lint | format | bench | chaos | clean"

setup:
	@scripts/setup.sh

venvs:
	@scripts/setup.sh venvs

demo: setup
	@$(if $(SCENARIO),$(PYTHON) demo/scenario $(SCENARIO),demo/run)

screenshots: demo
	@$(PYTHON) demo/screenshots

stop:
	@if [ -x demo/stop ]; then demo/stop; fi
	@scripts/pg stop

test: setup
	@$(PYTHON) scripts/test.py $(SUITE)

test-pure: venvs
	@$(PYTHON) scripts/test.py pure

test-odoo: setup
	@$(PYTHON) scripts/test.py odoo

test-live: setup
	@$(PYTHON) scripts/test.py live

lint: venvs
	@PATH="$(CURDIR)/.env/venv/bin:$$PATH" PRE_COMMIT_HOME="$(CURDIR)/.env/pre-commit" \
		pre-commit run --all-files --color=auto

format: venvs
	@.env/venv/bin/ruff check -q --fix-only . && .env/venv/bin/ruff format .

bench: setup
	@$(PYTHON) bench/run.py

chaos: setup
	@$(PYTHON) bench/chaos.py

clean: stop
	rm -rf .env
