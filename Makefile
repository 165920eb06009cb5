# The front door. Needs Python 3.11 or newer and make; everything else is set up in .venv (uv if present, else pip).
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
BENCH := .venv-bench/.ready

# A fresh environment $(1) from the lock $(2), every hash checked, with this project in it.
define environment
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.x")'
	rm -rf $(1)
	@if command -v uv >/dev/null; then set -ex; \
		uv venv --quiet --python $(PYTHON) $(1); \
		uv pip install --quiet --python $(1)/bin/python --require-hashes -r $(2); \
		uv pip install --quiet --python $(1)/bin/python --no-deps -e .; \
	else set -ex; \
		$(PYTHON) -m venv $(1); \
		$(1)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(2); \
		$(1)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -e .; \
	fi
	@touch $(1)/.ready
endef

.PHONY: demo test check bench docs setup lock clean browser servers

demo: $(READY)  ## the story of the used-car company, live; ONCE=1 plays it and ends
	@$(BIN)/eventyard demo $(if $(ONCE),--once)

test: check browser servers  ## every check and every test, on two cores; ARGS go to pytest, whose summary is the last line
	$(BIN)/pytest -n 2 --dist loadfile $(ARGS)

browser:  ## chromium for the tests of forms; where it can't be had those tests are skipped
	@command -v chromium >/dev/null || { test "$$(id -u)" = 0 && command -v apt-get >/dev/null && apt-get update -qq \
		&& apt-get install -y -qq --no-install-recommends chromium >/dev/null; } || echo "There is no chromium: tests in a browser are skipped."

servers:  ## Redis, RabbitMQ and PostgreSQL for the tests of targets, none of them started; where they can't be had those tests are skipped
	@test -n "$$(command -v redis-server)" -a -x /usr/lib/rabbitmq/bin/rabbitmq-server -a -d /usr/lib/postgresql || { \
		test "$$(id -u)" = 0 && command -v apt-get >/dev/null && apt-get update -qq && { \
		test -e /usr/sbin/policy-rc.d || { printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d; chmod +x /usr/sbin/policy-rc.d; ours=1; }; \
		DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends redis-server rabbitmq-server postgresql >/dev/null; \
		done=$$?; test -z "$$ours" || rm /usr/sbin/policy-rc.d; test "$$done" = 0; }; } || echo "Not all servers are here: tests of targets are skipped."

check: $(READY)  ## format, lint, types, floors
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

docs: $(READY)  ## write what docs/ takes from the code anew, and run what the documents show
	$(BIN)/typer eventyard.cli.app utils docs --name eventyard --output docs/cli.md
	$(BIN)/python docs/operations.py > docs/operations.md.new && mv docs/operations.md.new docs/operations.md
	$(BIN)/python docs/targets.py > docs/targets.md.new && mv docs/targets.md.new docs/targets.md
	$(BIN)/python docs/rules.py
	$(BIN)/python docs/apply.py
	$(BIN)/python docs/template_tables.py
	$(BIN)/pytest tests/docs

bench: $(BENCH)  ## every benchmark; figures depend on the machine, ratios less so
	set -e; for each in bench/*.py; do echo "== $$each"; .venv-bench/bin/python $$each; done

lock:  ## the locks anew from pyproject.toml, changing as little as possible; needs uv
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --group dev pyproject.toml -o lock/dev.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --extra bench pyproject.toml -o lock/bench.txt

setup: $(READY)  ## only the environment

$(READY): lock/dev.txt pyproject.toml
	$(call environment,.venv,lock/dev.txt)

$(BENCH): lock/bench.txt pyproject.toml
	$(call environment,.venv-bench,lock/bench.txt)

clean:
	rm -rf .venv .venv-bench .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
