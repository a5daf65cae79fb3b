# The daily commands of Hansa. `make help` lists them; everything installs into .venv/ and kernel/target/ only.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
KERNEL_SOURCES := $(shell find kernel/crates kernel/python -name '*.rs' -o -name Cargo.toml) kernel/Cargo.toml kernel/Cargo.lock
CARGO := cargo
SEEDS ?= 200
NODES ?= nodes
REPETITIONS ?= 1

.DEFAULT_GOAL := help
.PHONY: help setup demo demo-stop test test-cluster interop check format lock bench bench-demo simulate fuzz contracts clean

help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: $(VENV)/.kernel-built ## install the tools and build the kernel

demo: setup ## build a four-node chain under nodes/, use it, leave it running
	$(BIN)/python examples/demo.py --nodes $(NODES)

demo-stop: ## stop the chain that `make demo` left running
	@if [ -x $(NODES)/127.0.0.1/stop_all.sh ]; then $(NODES)/127.0.0.1/stop_all.sh; else echo "no chain under $(NODES)/"; fi

test: setup ## the default tests, a few minutes
	cd kernel && $(CARGO) test --release --quiet --workspace --exclude hansa-kernel-python
	$(BIN)/pytest -m "not cluster"

test-cluster: setup ## tests with real node processes
	$(BIN)/pytest tests/cluster -m cluster

interop: setup ## the official Java and Go SDKs and Caliper against fresh chains
	$(BIN)/pytest tests/interop -m cluster -s

check: setup ## format, lint, types, imports, stubs, clippy
	$(BIN)/ruff format --check src tests examples
	$(BIN)/ruff check src tests examples
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m mypy.stubtest hansa._kernel
	cd kernel && $(CARGO) fmt --check
	cd kernel && $(CARGO) clippy --release --quiet --workspace --all-targets -- -D warnings

format: setup ## put every file into its canonical form
	$(BIN)/ruff format src tests examples
	$(BIN)/ruff check --fix src tests examples
	cd kernel && $(CARGO) fmt

simulate: setup ## consensus under simulated faults: SEEDS=200, or SEED=4711 to replay one
	$(BIN)/python -m tests.simulation $(if $(SEED),--seed $(SEED),--count $(SEEDS))

bench: setup ## every workload on throw-away chains of 1 and 4 nodes: REPETITIONS=1 BENCH="--seconds 10 --write"
	$(BIN)/python benchmarks/suite.py --repetitions $(REPETITIONS) $(BENCH)

bench-demo: setup ## measure the chain that `make demo` left running
	$(BIN)/hansa bench run --sdk $(NODES)/127.0.0.1/sdk --endpoint 127.0.0.1:20200 --endpoint 127.0.0.1:20201

contracts: ## compile contracts/src into the package (needs npm)
	cd contracts && npm ci --silent && npm run --silent build

lock: $(VENV)/.tools-installed ## renew the hashed requirement files
	$(BIN)/pip-compile --quiet --upgrade --generate-hashes --strip-extras --no-emit-index-url --no-emit-find-links --allow-unsafe \
		--output-file requirements/dev.txt requirements/dev.in pyproject.toml

clean: ## remove what was built, except chains
	rm -rf $(VENV) kernel/target .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(VENV)/.tools-installed: requirements/dev.txt
	@sh tools/preflight.sh $(PYTHON)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements/dev.txt
	@touch $@

$(VENV)/.kernel-built: $(VENV)/.tools-installed pyproject.toml $(KERNEL_SOURCES)
	@echo "building the kernel (the first time takes a few minutes)"
	PATH="$(CURDIR)/$(BIN):$$PATH" VIRTUAL_ENV="$(CURDIR)/$(VENV)" $(BIN)/maturin develop --release --locked --quiet
	@touch $@
