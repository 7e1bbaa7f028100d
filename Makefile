PYTHON ?= python3
IN_VENV := .venv/bin/python

# Two cores wait for browsers and workers part of the time, so four share the tests.
PYTEST := $(IN_VENV) -m pytest -p tests.support.browser_summary -p tests.support.sharing_out \
	-n 4 --dist loadscope --no-loadscope-reorder

# The tests start dozens of processes, and each would compile all modules for itself.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo run test coverage check bench soak faults lock update release screenshots install install-dev install-bench

demo: install
	@$(IN_VENV) serve.py --demo

run: install
	@$(IN_VENV) serve.py

test: install-dev
	@bin/chromium
	@$(PYTEST)

coverage: install-dev
	@bin/chromium
	@$(PYTEST) --cov --cov-report term:skip-covered

check: install-dev
	@$(IN_VENV) -m ruff check
	@$(IN_VENV) -m ruff format --check
	@$(IN_VENV) -m mypy
	@$(IN_VENV) -m pytest -q tests/test_lock.py tests/test_shape.py

bench: install-bench
	@bin/chromium
	@$(IN_VENV) -m bench

soak: install-bench
	@$(IN_VENV) -m bench soak

faults: install-dev
	@$(IN_VENV) -m faults kills --rounds 100 --scale 0.05
	@$(IN_VENV) -m faults kills --rounds 10 --scale 1
	@$(IN_VENV) -m faults answers
	@$(IN_VENV) -m faults limits
	@$(IN_VENV) -m faults hosts || [ $$? = 3 ]
	@for kind in disk readonly redis-memory clock; do \
		$(IN_VENV) -m faults $$kind --turns 40 --scale 0.02 || [ $$? = 3 ] || exit 1; \
	done

lock: install-dev
	@bin/lock

update: install-dev
	@bin/lock --upgrade
	@$(MAKE) check test

release: install-dev
	@bin/release "$(VERSION)"

screenshots: install-dev
	@bin/chromium
	@$(IN_VENV) -m bin.screenshots

install:
	@$(PYTHON) bin/install.py base

install-dev:
	@$(PYTHON) bin/install.py dev

install-bench:
	@$(PYTHON) bin/install.py bench
