# `make demo` and `make test` set everything up by themselves, in .venv; `make help` lists the rest.

VENV := .venv
PY := $(VENV)/bin/python
STAMPS := $(VENV)/stamps
LABEXTENSION := pylib/pipecell/labextension/package.json
REQUIREMENTS := setup.py pyproject.toml package.json
PIP_INSTALL := $(PY) -m pip install --quiet --disable-pip-version-check
NODE := $(PY) scripts/with_node.py

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test lab lab-oldest lint format bench durability endurance pictures film labextension clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /  make \1|/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "%-20s %s\n", $$1, $$2}'

demo: $(STAMPS)/all ## run the census pipeline on this machine and show what came out
	@$(PY) scripts/demo.py

test: $(STAMPS)/dev $(STAMPS)/labextension $(STAMPS)/browser $(STAMPS)/oldest ## run every test
	@$(NODE) npm test --silent
	@$(PY) -m pytest --numprocesses 2 --dist loadgroup

lab-oldest: $(STAMPS)/dev $(STAMPS)/labextension $(STAMPS)/browser $(STAMPS)/oldest ## try the extension's wheel in the oldest JupyterLab
	@$(PY) -m pytest tests/browser -k oldest

lab: $(STAMPS)/dev $(STAMPS)/labextension ## open JupyterLab on notebooks/
	@$(PY) -m jupyterlab --notebook-dir notebooks

lint: $(STAMPS)/dev node_modules/.package-lock.json ## check style, types and the house rules on imports
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy
	@$(VENV)/bin/lint-imports
	@$(NODE) npm run --silent lint

format: $(STAMPS)/dev ## put every file into the project's style
	@$(PY) -m ruff check --fix .
	@$(PY) -m ruff format .

bench: $(STAMPS)/dev $(STAMPS)/peers ## measure the budgets of speed, beside the peers
	@$(PY) -m tests.bench

durability: $(STAMPS)/dev ## kill the endpoint at random instants, in 200 runs, and look for what was lost
	@$(PY) -m tests.local.durability

endurance: $(STAMPS)/dev $(STAMPS)/labextension $(STAMPS)/browser ## open, close and restart 200 notebooks, and look for what stays behind
	@$(PY) -m tests.browser.endurance

pictures: $(STAMPS)/all ## draw docs/images again, from a real run
	@$(PY) -m scripts.pictures

film: $(STAMPS)/dev $(STAMPS)/labextension $(STAMPS)/browser ## film the widget in a real JupyterLab for the README
	@$(PY) -m scripts.film

labextension: $(LABEXTENSION) ## build the JupyterLab extension and the widget's renderer

clean: ## remove whatever the other targets made, except .venv
	@if [ -d artifacts/home ] && [ -x $(PY) ]; then PIPECELL_HOME=artifacts/home $(PY) -m pipecell.cli local stop; fi
	@rm -rf node_modules artifacts build dist jupyter_ext/lib pylib/pipecell/labextension \
		pylib/pipecell/view/static \
		.mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache

# A stamp says that a step is done; it is older than what it depends on when the step is due again.

$(STAMPS)/venv:
	@echo "Setting up $(VENV): this takes some minutes, once."
	@$$(sh scripts/find_python.sh) -m venv $(VENV)
	@# Python 3.13.0's own pip stumbles over the metadata of a dependency.
	@$(PIP_INSTALL) --upgrade 'pip>=25'
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/all: $(REQUIREMENTS) | $(STAMPS)/venv
	@$(PIP_INSTALL) --editable '.[all]'
	@touch $@

$(STAMPS)/dev: $(REQUIREMENTS) | $(STAMPS)/venv
	@$(PIP_INSTALL) --editable '.[dev]'
	@touch $@ $(STAMPS)/all

# The tools that `make bench` measures beside ours, away from our own environment.
$(STAMPS)/peers: scripts/peers.txt | $(STAMPS)/dev
	@$(PY) -m venv $(VENV)/peers
	@$(VENV)/peers/bin/python -m pip install --quiet --disable-pip-version-check --requirement scripts/peers.txt
	@touch $@

# The oldest JupyterLab that the extension supports, and no Node.js; the tests install our wheel beside it.
$(STAMPS)/oldest: scripts/oldest.txt | $(STAMPS)/dev
	@$(PY) -m venv $(VENV)/oldest
	@$(VENV)/oldest/bin/python -m pip install --quiet --disable-pip-version-check --requirement scripts/oldest.txt
	@touch $@

node_modules/.package-lock.json: package-lock.json package.json .npmrc | $(STAMPS)/dev
	@$(NODE) npm ci --no-progress --loglevel=error
	@touch $@

$(LABEXTENSION): node_modules/.package-lock.json jupyter_ext/tsconfig.json \
		$(wildcard jupyter_ext/src/*.ts jupyter_ext/src/*/*.ts jupyter_ext/schema/* jupyter_ext/style/*)
	@$(NODE) npm run --silent build
	@touch $@

$(STAMPS)/browser: scripts/find_browser.sh | $(STAMPS)/venv
	@sh scripts/find_browser.sh
	@touch $@

# An editable installation leaves out data_files, so JupyterLab gets a link to the built extension.
$(STAMPS)/labextension: $(LABEXTENSION) | $(STAMPS)/dev
	@$(NODE) jupyter-builder develop --overwrite . > /dev/null
	@touch $@
