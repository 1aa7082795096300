# 通办 Tongban. `make` alone lists what there is.
SHELL := /bin/sh
.DEFAULT_GOAL := help

PYTHON ?= python3
PORT ?= 8000
DATA_DIR ?= .data
VENV := .venv
BIN := $(VENV)/bin
UV_VERSION := 0.9.0

export DATA_DIR PORT
export PYTHONPATH := $(CURDIR)
export PYTHONDONTWRITEBYTECODE ?=

.PHONY: help
help: ## List every command
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# uv from the machine if it is there, else fetched into a folder of its own beside the environment.
$(VENV)/installed: requirements.lock
	@set -e; \
	uv=$$(command -v uv || true); \
	if [ -z "$$uv" ]; then \
	  [ -x $(VENV)/uv/bin/uv ] || { $(PYTHON) -m venv $(VENV)/uv && $(VENV)/uv/bin/python -m pip install -q --disable-pip-version-check 'uv>=$(UV_VERSION)'; }; \
	  uv=$(VENV)/uv/bin/uv; \
	fi; \
	[ -x $(BIN)/python ] || "$$uv" venv -q --allow-existing --python $(PYTHON) $(VENV); \
	"$$uv" pip install -q --python $(BIN)/python --require-hashes -r requirements.lock; \
	echo "$$uv" > $(VENV)/installed

$(VENV)/installed-tests: $(VENV)/installed tests/requirements.lock
	@"$$(cat $(VENV)/installed)" pip install -q --python $(BIN)/python --require-hashes -r tests/requirements.lock
	@touch $@

.PHONY: install
install: $(VENV)/installed ## Make the environment (.venv) from the hash-pinned lock

.PHONY: run
run: install ## Serve the three houses on one port (PORT=8000, DATA_DIR=.data)
	@exec $(BIN)/python -m deploy.embedded

.PHONY: token
token: install ## Print one bearer token: make token ROLE=clerk LOCATION=<code>
	@$(BIN)/python -m deploy.token --role "$(ROLE)" --location "$(LOCATION)"

.PHONY: demo
demo: install ## Tell the story of a case on an instance of its own
	@$(BIN)/python -m deploy.demo

.PHONY: demo-served
demo-served: install ## The same story: separate processes, a real RabbitMQ and PostgreSQL of its own
	@$(BIN)/python -m deploy.demo --served

.PHONY: demo-provinces
demo-provinces: install ## Two installations as two provinces: a case of each mode crosses and returns
	@$(BIN)/python -m deploy.provinces

.PHONY: parked
parked: install ## List messages put aside, in each house (DATA_DIR); mend: python -m deploy.ops HOUSE parked --help
	@for house in intake routing notify; do $(BIN)/python -m deploy.ops $$house parked list; done

.PHONY: replay
replay: install ## Try every message put aside once more
	@for house in intake routing notify; do $(BIN)/python -m deploy.ops $$house parked replay; done

.PHONY: conserve
conserve: install ## Check that nothing was lost and the houses agree
	@$(BIN)/python -m deploy.ops conserve

.PHONY: audit-verify
audit-verify: install ## Check the audit chains; name the first break
	@for house in intake routing notify; do $(BIN)/python -m deploy.ops $$house audit-verify || exit 1; done

.PHONY: grants
grants: install ## Print who may do what: operation, role, relation
	@$(BIN)/python -m deploy.ops grants

.PHONY: duties
duties: install ## Print which side may take which step: mode, status, step, side
	@$(BIN)/python -m deploy.ops duties

.PHONY: retention
retention: install ## Print how long each kind of data is kept and why, and how much is due now (DATA_DIR)
	@for house in intake routing notify; do $(BIN)/python -m deploy.ops $$house retention || exit 1; done

.PHONY: rotate-keys
rotate-keys: install ## New keys, and everything sealed taken to them while the installation runs (DATA_DIR)
	@$(BIN)/python -m deploy.ops rotate-keys

.PHONY: asyncapi
asyncapi: install ## Write docs/asyncapi.json from the event models
	@$(BIN)/python -m deploy.asyncapi

.PHONY: catalogue-import
catalogue-import: install ## Publish the service items of FILE= (.json or .csv, all or nothing)
	@$(BIN)/python -m deploy.ops catalogue-import "$(FILE)"

.PHONY: directory-import
directory-import: install ## Register the places, rules and agreements of FILE= (all or nothing)
	@$(BIN)/python -m deploy.ops directory-import "$(FILE)"

.PHONY: partner-check
partner-check: install ## Play our side against a webhook endpoint: make partner-check URL=… SECRET=whsec_…
	@$(BIN)/python -m deploy.partner_check "$(URL)" "$(SECRET)"

.PHONY: check
check: $(VENV)/installed-tests ## Format, lint, types, floors between rooms
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy services shared migrations deploy tests
	@$(BIN)/lint-imports --no-cache

.PHONY: test
test: $(VENV)/installed-tests ## All tests, on a real PostgreSQL and a real RabbitMQ
	@$(BIN)/python -m pytest -q -n $(or $(TEST_WORKERS),3) --dist loadfile --no-loadscope-reorder

.PHONY: pollers
pollers: $(VENV)/installed-tests ## Poll for 4,880 service points beside 20 submissions a second: latency, CPU, what a waiting poll missed
	@$(BIN)/python -m tests.bench pollers

.PHONY: bench
bench: $(VENV)/installed-tests ## Measure speed beside floors of the same run: make bench [FIGURE=submit]
	@$(BIN)/python -m tests.bench $(FIGURE)

.PHONY: volume
volume: $(VENV)/installed-tests ## The window's reads at 10,000 and 1,000,000 stored cases, with plans (COUNT=)
	@$(BIN)/python -m tests.bench.volume $(or $(COUNT),1000000)

.PHONY: fuzz
fuzz: $(VENV)/installed-tests ## Send what the OpenAPI pages allow and forbid, as every role, for long (FUZZ_EXAMPLES=20 of each, FUZZ_SECONDS=)
	@FUZZ_EXAMPLES=$${FUZZ_EXAMPLES:-20} $(BIN)/python -m pytest -q tests/journeys/test_fuzz.py

.PHONY: explore
explore: $(VENV)/installed-tests ## Property tests with examples that no run has tried before
	@TEST_EXPLORE=1 $(BIN)/python -m pytest -q -m hypothesis

.PHONY: lock
lock: install ## Renew the locks after a change in pyproject.toml
	@uv="$$(cat $(VENV)/installed)"; \
	"$$uv" pip compile -q --universal --python-version 3.11 --generate-hashes --no-header pyproject.toml -o requirements.lock && \
	"$$uv" pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --group test -c requirements.lock -o tests/requirements.lock pyproject.toml
