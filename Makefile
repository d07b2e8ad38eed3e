# Everything this project does, one line each. `make train` and `make test` do all the set-up.
# RECIPE, DATA and others go to the command: make train DATA=fashion-mnist RECIPE=best

VENV   ?= .venv
PYTHON ?= python3
BIN    := $(VENV)/bin
DATA   ?= fashion-mnist-sample
RECIPE ?= fast
# Test processes (what goes to which: conftest.py). One thread in each: those of two processes on the
# same cores would wait for each other.
JOBS   ?= 2
# The tests start many a Python; without its .pyc files each would compile the package again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: train test test-all check fix setup bench pictures rule lesson answers sample snapshots web web-check clean

train: $(VENV)/.user            ## the main job: train, test and save, on the embedded images
	$(BIN)/gd train $(DATA) --recipe $(RECIPE)

test: $(VENV)/.test system web/node_modules/.made  ## the tests
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(JOBS)

test-all: $(VENV)/.test system web/node_modules/.made  ## with those that are dear and of what seldom changes
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(JOBS) -m ""

check: $(VENV)/.check           ## formatting, lint, types, the order of the house
	$(BIN)/ruff format --check src tests bench tools
	$(BIN)/ruff check src tests bench tools
	$(BIN)/mypy
	PYTHONPATH=src $(BIN)/lint-imports

fix: $(VENV)/.check             ## format, and mend what can be mended
	$(BIN)/ruff format src tests bench tools
	$(BIN)/ruff check --fix src tests bench tools

setup: $(VENV)/.test $(VENV)/.check $(VENV)/.bench system  ## the full development environment

bench: $(VENV)/.bench system    ## measure side by side; results in bench/results
	$(BIN)/python bench/start.py
	$(BIN)/python bench/train.py
	$(BIN)/python bench/watch.py
	$(BIN)/python bench/check_speed.py
	$(BIN)/python bench/view.py
	$(BIN)/python bench/check.py
	$(BIN)/python bench/why.py
	$(BIN)/python bench/fast.py

rule: $(VENV)/.user             ## begin a rule of gd check: make rule NAME=name-of-the-mistake
	$(BIN)/python tools/new_rule.py $(NAME)

lesson: $(VENV)/.user           ## begin a lesson of gd why: make lesson NAME=topic
	$(BIN)/python tools/new_lesson.py $(NAME)

answers: $(VENV)/.user          ## ask every question of gd why on a real run: writes docs/answers.md
	$(BIN)/python tools/make_answers.py

sample: $(VENV)/.user system    ## make the embedded sample again
	$(BIN)/python tools/make_sample.py

pictures: $(VENV)/.test system  ## take the README's picture of the page again, from a real run
	$(BIN)/python tools/make_pictures.py

snapshots: $(VENV)/.test system ## take what the tests compare the page's screens with again; look at the difference
	REMAKE_SNAPSHOTS=1 OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q tests/browser/test_snapshots.py

web: web/node_modules/.made     ## build the page of gd view into the package
	$(BIN)/python tools/make_types.py
	cd web && npm run -s types && npm run -s test && npm run -s build

web-check: web/node_modules/.made  ## the page in the package is what web/ builds
	PYTHONPATH=src $(BIN)/python tools/make_types.py --check
	cd web && npm run -s types && npm run -s test && npm run -s build -- --check

clean:
	rm -rf $(VENV) web/node_modules .pytest_cache .mypy_cache .ruff_cache .hypothesis

# What the tests need from the system, where it can be installed: real Fashion-MNIST, a browser, node.
.PHONY: system
system:
	@(test -d /usr/share/datasets/fashion-mnist && command -v chromium >/dev/null && command -v npm >/dev/null) \
	  || test "$$(id -u)" != 0 || ! command -v apt-get >/dev/null \
	  || (apt-get update -qq && apt-get install -y -qq dataset-fashion-mnist chromium fonts-dejavu-core nodejs npm)

# Node builds the page; it is not needed to use Going Deep.
web/node_modules/.made: web/package-lock.json
	@command -v npm >/dev/null || test "$$(id -u)" != 0 || ! command -v apt-get >/dev/null \
	  || (apt-get update -qq && apt-get install -y -qq nodejs npm)
	if command -v npm >/dev/null; then cd web && npm ci --silent && touch node_modules/.made; fi

# The environment grows by what is asked for; a change of pyproject.toml brings it up to date. Each
# part brings what a user needs with it, so that a fresh clone installs once for each part it asks for.
$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.user: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install -q --disable-pip-version-check -e .
	touch $@

$(VENV)/.test: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install -q --disable-pip-version-check -e '.[test,frameworks]'
	touch $(VENV)/.user $@

$(VENV)/.check: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install -q --disable-pip-version-check -e '.[check]'
	touch $(VENV)/.user $@

$(VENV)/.bench: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install -q --disable-pip-version-check -e '.[bench]'
	touch $(VENV)/.user $@
