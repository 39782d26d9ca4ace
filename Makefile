# portfolio-agent: the commands a developer types. Everything runs in .venv, made from requirements.lock.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
ROOMS := domain quant risk_engine agent tools memory graph evals workers
PYTEST := $(BIN)/pytest -q
# Tests start hundreds of processes: each would compile all modules again where Python is told to keep no bytecode.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help demo eval test check lint types contracts format soak up bench lock clean

help: ## show this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python %d.%d is too old: install 3.11 or newer, or run: make PYTHON=python3.11 ..." % sys.version_info[:2])'
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "python3 lacks venv: install it (Debian: apt-get install python3-venv)"; exit 1; }
	@echo "Installing the pinned packages into $(VENV) (once) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	@$(BIN)/python -c 'import pathlib, sysconfig; repo = pathlib.Path.cwd(); pathlib.Path(sysconfig.get_path("purelib"), "portfolio_agent_first.pth").write_text(f"import sys; sys.path.insert(0, {str(repo)!r})\n")'
	@$(BIN)/python -m compileall -qq -j 0 -x '/tests?/' $(VENV)/lib || true
	@touch $(STAMP)

demo: $(STAMP) ## run the main job on recorded real prices: no key, no network
	@$(BIN)/pm run --portfolio demo --demo

test: $(STAMP) ## run the tests (under 15 minutes on two cores)
	@$(PYTEST) -n 2 --dist loadfile

format: $(STAMP) ## format and fix what can be fixed
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

lint: $(STAMP) ## formatter and linter
	@$(BIN)/ruff format --check . && $(BIN)/ruff check .

types: $(STAMP) ## mypy, strict
	@$(BIN)/mypy

contracts: $(STAMP) ## who may import whom
	@$(BIN)/lint-imports

check: lint types contracts eval test ## all of the above

eval: $(STAMP) ## examine the baseline on fixed cases; fails below the pass mark
	@$(BIN)/pm eval --analyst quant

soak: $(STAMP) ## the full figures (long); PARTS="siege mutation" runs only these
	@$(BIN)/python -m tests.soak $(PARTS)

up: ## start everything with docker compose (settings in .env)
	@COMMIT=$$(git describe --always --dirty=+ --exclude="*" 2>/dev/null || echo unknown) docker compose up --build --detach
	@docker compose ps

bench: $(STAMP) ## speed, as ratios within one run
	@$(BIN)/python -m benchmarks

lock: ## renew requirements.lock from requirements.in (needs uv)
	@uv pip compile requirements.in --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-header --quiet -o requirements.lock

clean: ## remove the environment and local state
	@rm -rf $(VENV) var build *.egg-info
