# A Python of 3.11 or newer, its pip and make are enough: `make try`, then `make test`.
PYTHON ?= python3
VENV ?= .venv
ROUNDS ?= 5
TESTS ?=
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --no-input --disable-pip-version-check
VERSION := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])')
PINS := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate --no-strip-extras --exclude-newer '7 days' pyproject.toml requirements/build.in

.PHONY: try test online lint fmt docs morning bench bench-mirror pins clean

try: $(VENV)/.run-$(VERSION)  # the main job for real, from the configured index, into .try/venv
	$(PYTHON) -m venv --clear --without-pip .try/venv
	$(BIN)/guard install --python .try/venv litellm
	$(BIN)/guard check --quiet --output-format json litellm --python .try/venv > .try/judged.json
	$(BIN)/python -m bench.judged .try/judged.json
	$(BIN)/uv pip check --python .try/venv
	LITELLM_LOCAL_MODEL_COST_MAP=True .try/venv/bin/python -c 'import litellm; print(litellm)'
test: $(VENV)/.dev-$(VERSION)  # everything that needs no network, on every core
	$(BIN)/python -m pytest --numprocesses auto --dist loadgroup $(TESTS)
online: $(VENV)/.dev-$(VERSION)  # what needs the index, and our own tools through the guard
	$(BIN)/python -m pytest -m online --numprocesses 3 --dist loadgroup
	$(PYTHON) -m venv --clear --without-pip .try/own
	$(BIN)/guard install --python .try/own \
		--require-hashes -r requirements/dev.txt
	$(BIN)/uv pip check --python .try/own
lint: $(VENV)/.dev-$(VERSION)  # form, types, layers, and whether what is generated is fresh
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tests.documents --check
fmt: $(VENV)/.dev-$(VERSION)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
docs: $(VENV)/.dev-$(VERSION)  # write what is generated: rule pages, command line, tables
	$(BIN)/python -m tests.documents
morning: $(VENV)/.dev-$(VERSION)  # the demonstration that docs/litellm-morning.md tells
	$(BIN)/python -m tests.morning
bench: $(VENV)/.dev-$(VERSION)  # the speed bars: ratios against the bare tools
	$(BIN)/python -m bench --rounds $(ROUNDS)
	$(BIN)/python -m bench.inspection --rounds $(ROUNDS)
bench-mirror: $(VENV)/.dev-$(VERSION)  # the mirror under load, against nginx and others
	$(BIN)/python -m bench.mirror
pins: $(VENV)/.dev-$(VERSION)  # requirements/*.txt anew, nothing younger than our own cooldown
	$(PINS) --output-file requirements/run.txt
	$(PINS) --extra mirror --extra mirror-scale --group test --group lint --group services --group browser --group conformance \
		--output-file requirements/dev.txt
clean:
	rm -rf $(VENV) .try .bench .*_cache .hypothesis dist

$(VENV)/.run-$(VERSION): pyproject.toml requirements/run.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11+ is needed")'
	$(PYTHON) -m venv --clear $(VENV)
	$(PIP) --require-hashes --requirement requirements/run.txt
	$(PIP) --no-deps --no-build-isolation --editable .
	touch $@
$(VENV)/.dev-$(VERSION): $(VENV)/.run-$(VERSION) requirements/dev.txt
	$(PIP) --require-hashes --requirement requirements/dev.txt
	touch $@
