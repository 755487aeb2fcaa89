# make demo   build mirage.ko from sources and run it
# make test   all tests, with the system tests that build and run real products
# make lint   ruff, mypy, import-linter
# make bench  timings against peers, as ratios
# make corpus builds real packages for three targets, runs them there and writes docs/corpus.md
VENV ?= .venv
export VENV
# The command of the virtual environment first, so that tests and demo run this clone's xpkg.
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)

.PHONY: demo test quick lint bench corpus accept setup setup-tests clean
demo: setup
	xpkg install mirage-test --target kfreebsd --yes
	xpkg run mirage.ko --target kfreebsd

test: setup-tests
	python -m pytest -n 2 -m "not system" tests
	python -m pytest -m system --timeout 3000 -rs tests

quick: setup-tests
	python -m pytest -n 2 -m "not system" tests

lint: setup
	ruff check .
	ruff format --check .
	mypy
	lint-imports

# Take the present output of the behaviour tests as the expected one.
accept: setup
	XPKG_ACCEPT=1 python -m pytest tests/behaviour

bench: setup
	python -m bench

corpus: setup-tests
	python -m tests.corpus --write-docs

setup:
	@.ci/setup

# With what the tests compare xpkg to.
setup-tests:
	@.ci/setup tests

clean:
	rm -rf $(VENV) build dist *.egg-info
