# Every target makes its own environment first. Needs: Python 3.11 to 3.13 with venv, make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
EXTRAS := $(VENV)/.ready-extras

.PHONY: help setup study test check lint types docs bench bench-build bench-measured bench-coverage bench-speed bench-page bench-growth fuzz kills contract map picture wheel coverage slow bundle advice screenshots lock clean

help:            ## list the targets
	@grep -E '^[a-z-]+:.*##' Makefile | sed 's/:.*##/\t/' | expand -t 12

setup: $(READY)  ## make the environment that all targets share

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 11) <= v < (3, 14) else "edgepair needs Python 3.11 to 3.13; this is %d.%d. Try: make PYTHON=python3.12" % v)'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --prefer-binary -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(EXTRAS): $(READY) requirements-extras.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --prefer-binary --no-deps -r requirements-extras.lock
	@touch $@

study: $(READY)  ## the paper's experiment on the bundled data: edgepair-study/report.html
	$(BIN)/edgepair study

test: $(EXTRAS)  ## everything that CI runs
	$(MAKE) --no-print-directory -j 2 --output-sync lint types docs wheel
	$(BIN)/python -m pytest -n 2 --dist loadfile

check: test      ## the same

lint: $(READY)   ## style, and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(READY)  ## strict types
	$(BIN)/mypy

docs: $(READY)   ## the documentation, site/index.html; runs the gallery, a minute or two (EDGEPAIR_GALLERY=kept: does not)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

bench: $(READY)  ## our study against scikit-learn's default forests, in one run
	$(BIN)/python benchmarks/study.py

bench-build: $(READY) ## the builder against named baselines (needs the source data; see CONTRIBUTING)
	$(BIN)/python benchmarks/build.py $(DATA)

bench-measured: $(READY) ## answers for measured files with known values, left out of the training (needs the source data)
	$(BIN)/python benchmarks/measured.py $(DATA)

bench-coverage: $(READY) ## whether intervals and class sets hold what they promise, on unseen formulas
	$(BIN)/python benchmarks/coverage.py

map: $(READY)    ## the README's map of the rooms, from what stands in them
	$(BIN)/python scripts/make_readme_map.py

picture: $(READY) ## the README's first picture, from a finished study (needs chromium)
	$(BIN)/python scripts/make_readme_picture.py edgepair-study docs/overview.png

contract: $(READY) ## renew the snapshots of tests/contract: make contract REASON="why they have to change"
	@test -n "$(REASON)" || { echo 'say why: make contract REASON="…"'; exit 2; }
	EDGEPAIR_RENEW="$(REASON)" $(BIN)/python -m pytest tests/contract -q

bench-speed: $(READY) ## whole commands timed, with their memory, against the floor of their imports (SPEED="--study")
	$(BIN)/python benchmarks/speed.py $(SPEED)

bench-page: $(READY) ## what a visitor of the page waits for, in a browser (needs chromium and chromedriver)
	$(BIN)/python benchmarks/page.py

bench-growth: $(READY) ## cost a further file, site or structure, as their number grows (builds need DATA)
	$(BIN)/python benchmarks/growth.py $(DATA)

fuzz: $(EXTRAS)  ## files of every kind, changed at random: how many crash (FUZZ="--count 20000")
	$(BIN)/python benchmarks/fuzz.py $(FUZZ)

kills: $(EXTRAS)  ## commands killed at random moments: what they leave (KILLS="--kills 30")
	$(BIN)/python benchmarks/kills.py $(KILLS)

wheel: $(READY)  ## build the wheel and try it in an empty environment
	$(BIN)/python scripts/try_wheel.py

coverage: $(EXTRAS) ## which lines the tests run (twice as slow)
	$(BIN)/python -m pytest --cov

slow: $(EXTRAS)  ## tests that are too slow for CI
	$(BIN)/python -m pytest -m slow

bundle: $(READY) ## make the bundled datasets anew (needs the source data; see CONTRIBUTING)
	$(BIN)/python scripts/make_bundle.py $(DATA) $(BUNDLE_OPTIONS)

advice: $(READY) ## compute anew what advise ships for bundles that changed (ADVICE="--absorber Fe")
	$(BIN)/python scripts/make_advice.py $(ADVICE)

screenshots: $(READY) ## pictures of every page in docs/pictures (needs chromium and chromedriver); look at them
	$(BIN)/python scripts/screenshots.py docs/pictures

lock:            ## pin anew, on Python 3.11
	$(PYTHON) scripts/lock.py

clean:
	rm -rf $(VENV) dist site edgepair-study .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .coverage
