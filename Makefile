PYTHON ?= python3
IN_VENV := .venv/bin/python

.PHONY: demo run test check lock screenshots install install-dev

demo: install
	@$(IN_VENV) serve.py --demo

run: install
	@$(IN_VENV) serve.py

test: install-dev
	@bin/chromium
	@$(IN_VENV) -m pytest -p tests.support.browser_summary -n 2 \
		--dist loadscope --no-loadscope-reorder --cov --cov-report term:skip-covered

check: install-dev
	@$(IN_VENV) -m ruff check
	@$(IN_VENV) -m ruff format --check
	@$(IN_VENV) -m mypy
	@$(IN_VENV) -m pytest -q tests/test_lock.py tests/test_shape.py

lock: install-dev
	@bin/lock

screenshots: install-dev
	@bin/chromium
	@$(IN_VENV) -m bin.screenshots

install:
	@$(PYTHON) bin/install.py base

install-dev:
	@$(PYTHON) bin/install.py dev
