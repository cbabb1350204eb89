# Squint: `make run` and `make test` do all the set-up on a fresh Debian or Ubuntu with Python 3.11 or newer.

VENV ?= .venv
PYTHON ?= python3
DATA ?= data
PORT ?= 8000
ONLY ?=

PY := $(VENV)/bin/python
LOCK := requirements.lock
STAMP := $(VENV)/.installed-$(shell sha256sum $(LOCK) | cut -c1-16)

# SQLite waits for the disk at every commit; in memory the tests take half the time, and prove the same.
ROOMY := $(shell [ -w /dev/shm ] && [ $$(df --output=avail /dev/shm | tail -1) -gt 3000000 ] && echo TMPDIR=/dev/shm)

# Each test that starts a process would compile all of Squint anew where the environment forbids to keep that.
KEEP := PYTHONDONTWRITEBYTECODE=

.PHONY: help
help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

.PHONY: run
run: install ## start Squint; ends with its address and a sign-in link
	@$(PY) -m app.cli serve --data-dir $(DATA) --port $(PORT)

.PHONY: demo
demo: install ## make a project of rendered eyes to try the loop on
	@$(PY) -m app.cli demo --data-dir $(DATA)

.PHONY: test
test: install browser ## every test: SQLite, PostgreSQL, real Chromium
	$(ROOMY) $(KEEP) $(PY) -m pytest -n 2 --dist loadgroup $(if $(ONLY),-k "$(ONLY)")

.PHONY: bench
bench: install browser ## how fast it is, a JSON line a figure; ONLY=name for one
	@$(PY) -m tests.bench $(ONLY)

.PHONY: lint
lint: install ## ruff and mypy
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy

.PHONY: format
format: install ## let ruff format and mend
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

.PHONY: messages
messages: install ## renew the catalogues of translations from the sources
	@$(PY) scripts/messages.py

.PHONY: install
install: $(STAMP) ## the environment in VENV (default .venv), exactly as locked

$(STAMP): $(LOCK)
	@scripts/make-venv $(PYTHON) $(VENV)
	@$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $(LOCK)
	@$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-index -e .
	@rm -f $(VENV)/.installed-* && touch $@

.PHONY: browser
browser:
	@scripts/find-chromium > /dev/null

.PHONY: lock
lock: install ## renew the lock file: hashes, no addresses
	$(VENV)/bin/uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --upgrade \
		--generate-hashes --no-header --no-annotate --no-emit-index-url -o $(LOCK)
