# The front door. Needs Python 3.11 or newer and make; everything else is set up in .venv (uv if present, else pip).
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
BENCH := .venv-bench/.ready

.PHONY: demo test check bench docs setup clean

demo: $(READY)  ## the story of the used-car company, live; ONCE=1 plays it and ends
	$(BIN)/eventyard demo $(if $(ONCE),--once)

test: check  ## every check and every test; ARGS go to pytest
	$(BIN)/pytest $(ARGS)

check: $(READY)  ## format, lint, types, floors
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

bench: $(BENCH)  ## measure; the figures depend on the machine, the ratios less so
	for bench in matching append end_to_end scale; do .venv-bench/bin/python bench/$$bench.py || exit 1; done

setup: $(READY)

$(READY): lock/dev.txt pyproject.toml
	if command -v uv >/dev/null; then uv venv --quiet --clear .venv --python $(PYTHON); else $(PYTHON) -m venv --clear .venv; fi
	if command -v uv >/dev/null; then uv pip install --quiet --python $(BIN)/python --require-hashes -r lock/dev.txt; \
	else $(BIN)/python -m pip install --quiet --require-hashes -r lock/dev.txt; fi
	if command -v uv >/dev/null; then uv pip install --quiet --python $(BIN)/python --no-deps -e .; \
	else $(BIN)/python -m pip install --quiet --no-deps -e .; fi
	touch $@

$(BENCH): lock/bench.txt pyproject.toml
	$(PYTHON) -m venv --clear .venv-bench
	.venv-bench/bin/python -m pip install --quiet --require-hashes -r lock/bench.txt
	.venv-bench/bin/python -m pip install --quiet --no-deps -e .
	touch $@

clean:
	rm -rf .venv .venv-bench .mypy_cache .ruff_cache .pytest_cache
