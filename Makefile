# Two commands on a fresh machine: `make demo` and `make test`. Everything else is for those who change the code.
VENV ?= .venv
PYTHON ?= $(shell command -v python3.11 || command -v python3)
PY := $(VENV)/bin/python
# Tests run in this many processes; every test has its own database, keys and ports. A third of their time they wait for
# servers, browsers and clocks, so that two cores have work for three.
TEST_PROCESSES ?= 3
PYTEST_ARGS ?=
# How many referrals `make bench` stores before it looks at pages, beside 10 000; 100000 is quicker.
BENCH_SIZE ?= 1000000
export PIP_DISABLE_PIP_VERSION_CHECK = 1
# Python keeps what it compiled, whatever the surroundings say: each test process would compile every test anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test check quick format lint types imports bench clean

$(VENV)/.ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --upgrade pip
	$(PY) -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

demo: $(VENV)/.ready
	$(PY) -m handover demo

test: $(VENV)/.ready
	$(PY) -m pytest -n $(TEST_PROCESSES) $(PYTEST_ARGS)

check: lint types imports quick

# The tests that need no browser, no database server, no kill and no long walk: a few minutes. `make test` runs every one.
quick: $(VENV)/.ready
	$(PY) -m pytest -n $(TEST_PROCESSES) -m 'not browser and not postgres and not slow' $(PYTEST_ARGS)

format: $(VENV)/.ready
	$(PY) -m ruff format .
	$(PY) -m ruff check --fix .

lint: $(VENV)/.ready
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .

types: $(VENV)/.ready
	$(PY) -m mypy

imports: $(VENV)/.ready
	$(VENV)/bin/lint-imports

bench: $(VENV)/.ready
	$(PY) -m bench
	$(PY) -m bench pages --size $(BENCH_SIZE)

clean:
	rm -rf build .mypy_cache .ruff_cache .pytest_cache .hypothesis
