# What each target does is in the README. Needs make, git and Python 3.11 or newer.

PYTHON ?=
VENV := .venv
PY := $(VENV)/bin/python
PROJECTS := pyproject.toml ledger/pyproject.toml client_sdk/pyproject.toml
PIP := $(PY) -m pip --disable-pip-version-check --quiet
# Stamps: the three distributions are installed; the test and lint tools are too.
INSTALLED := $(VENV)/.hanse-installed
TOOLS := $(VENV)/.hanse-tools

.DEFAULT_GOAL := help
.PHONY: help demo test lint format protobuf bench soak check-contract setup-full net net-down net-delete image-check

help:
	@echo "make demo            set up .venv and run Hanse on made-up sample data"
	@echo "make test            set up .venv and run the whole test suite (ARGS= for pytest)"
	@echo "make lint            ruff, mypy, import contracts"
	@echo "make format          let ruff put the code in its form"
	@echo "make protobuf        generate anew what reads and writes CometBFT's messages"
	@echo "make bench           the benchmarks"
	@echo "make soak            kill and pause nodes at random under load (ROUNDS=100 SEED=...)"
	@echo "make check-contract  compare tests/vectors and docs/protocol.md with ../shared"
	@echo "make net             a consortium of nine processes on this machine; make net-down ends it"
	@echo "                     (RECEIVABLES=FOLDER: one member for each <member>.csv in it;"
	@echo "                     ENGINE=cometbft: four stewards agree on the order; DATABASE=postgresql;"
	@echo "                     NETWORK=loopback or namespaces)"
	@echo "make net-delete      end it and remove its folders and databases"
	@echo "make image-check     build the image and carry out docs/deployment.md with it (root, docker.io, debootstrap)"
	@echo "make setup-full      what only the fuller tests need"

# pip is the last thing that venv installs: without it the environment is half made.
$(VENV)/bin/pip:
	@sh scripts/make_venv.sh $(VENV) "$(PYTHON)"

$(INSTALLED): $(PROJECTS) constraints.txt | $(VENV)/bin/pip
	@echo "Installing Hanse into $(VENV)" >&2
	@$(PIP) install -c constraints.txt -e ./ledger -e ./client_sdk -e .
	@touch $@

# merkletools asks for a package that builds on no supported Python and is not needed by it.
$(TOOLS): $(INSTALLED) scripts/dev_tools.py
	@echo "Installing the test tools into $(VENV)" >&2
	@$(PY) scripts/dev_tools.py > $(VENV)/dev-tools.txt
	@$(PIP) install -c constraints.txt -r $(VENV)/dev-tools.txt
	@$(PIP) install -c constraints.txt --no-deps merkletools
	@touch $@

demo: $(INSTALLED)
	@$(VENV)/bin/hanse demo --dir demo

test: $(TOOLS)
	$(PY) -m pytest -n auto --dist worksteal $(ARGS)

lint: $(TOOLS)
	$(PY) -m ruff check
	$(PY) -m ruff format --check
	$(PY) -m mypy
	$(VENV)/bin/lint-imports

format: $(TOOLS)
	$(PY) -m ruff check --fix
	$(PY) -m ruff format

protobuf: $(TOOLS)
	@sh scripts/generate_protobuf.sh .

bench: $(TOOLS)
	$(PY) benchmarks/run.py

ROUNDS ?= 100
SEED ?= $(shell od -An -N4 -tu4 /dev/urandom | tr -d ' ')
soak: $(TOOLS)
	HANSE_SOAK_ROUNDS=$(ROUNDS) HANSE_SOAK_SEED=$(SEED) $(PY) -m pytest -n 0 -s tests/integration/test_soak.py

check-contract: $(INSTALLED)
	@$(PY) scripts/check_contract.py

setup-full: $(TOOLS)
	@sh scripts/setup_full.sh

net: $(INSTALLED)
	@$(PY) scripts/net.py up $(if $(RECEIVABLES),--receivables "$(RECEIVABLES)") $(if $(ENGINE),--engine "$(ENGINE)") \
		$(if $(DATABASE),--database "$(DATABASE)") $(if $(NETWORK),--network "$(NETWORK)")

net-down: $(INSTALLED)
	@$(PY) scripts/net.py down

net-delete: $(INSTALLED)
	@$(PY) scripts/net.py delete

image-check: $(TOOLS)
	@sh tests/integration/image_check/run.sh
