# Everything a newcomer needs. `make demo` and `make test` set up .venv by themselves.
PYTHON ?= python3
BIN := .venv/bin
KILLS ?= 1000
SEED ?= 0

# Tests whose waits are many times shorter than in life: measuring coverage would spoil them.
HURRIED := tests/faults tests/killing tests/test_secure.py

.DEFAULT_GOAL := help
.PHONY: .venv help demo run test lint types contracts check audit bench soak words requirements clean

help: ## show this help
	@grep -hE '^[a-z.]+:.*## ' $(MAKEFILE_LIST) | sed 's/:[^#]*## /\t/' | expand -t 16

# One stamp per set of requirements: a set is installed again when its file changes.
.venv/made:
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed: make PYTHON=python3.12 ...") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv .venv
	@touch $@

.venv/%: requirements/%.txt pyproject.toml .venv/made
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

.venv: .venv/dev ## set up the development environment

demo: .venv/demo ## the real bot in a simulated Discord, in a browser page; no token
	$(BIN)/daily-papers demo

run: .venv/run ## the bot; needs DISCORD_TOKEN in .env
	$(BIN)/daily-papers run

# Both at once: the hurried ones mostly wait.
test: check ## lint, types, contracts and tests
	@echo "$(HURRIED): beside the others, told of at the end"
	@$(BIN)/python -m pytest -p no:cacheprovider $(HURRIED) > .hurried 2>&1 & hurried=$$!; \
	trap "kill $$hurried; rm -f .hurried" INT TERM; \
	$(BIN)/python -m pytest --cov --cov-report=term:skip-covered $(addprefix --ignore=,$(HURRIED)); \
	others=$$?; wait $$hurried; hurried=$$?; \
	cat .hurried; rm -f .hurried; \
	exit $$((others | hurried))

lint: .venv/dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: .venv/dev
	$(BIN)/mypy

contracts: .venv/dev
	$(BIN)/lint-imports

check: lint types contracts ## the checks that run nothing: lint, types, import contracts

bench: .venv/dev ## speed, as ratios within one run, what a few likes tell, and how well LLM_MODEL summarises
	$(BIN)/python -m benchmarks.reading
	$(BIN)/python -m benchmarks.posting
	$(BIN)/python -m benchmarks.limits
	$(BIN)/python -m benchmarks.lookups
	$(BIN)/python -m benchmarks.relevance
	$(BIN)/python -m benchmarks.summaries

soak: .venv/dev ## the bot killed a thousand times in the middle of its work (KILLS, SEED)
	$(BIN)/python -m tests.killing.soak --kills $(KILLS) --seed $(SEED)

audit: ## known vulnerabilities in what `run` installs (needs uv and the network)
	uvx pip-audit --strict --require-hashes --disable-pip -r requirements/run.txt

words: .venv/dev ## every catalogue up to date with the code; says what lacks a translation
	$(BIN)/python -m tests.locales.extract

requirements: ## pin the requirements anew (needs uv)
	uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header pyproject.toml requirements/build.in -o requirements/run.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -c requirements/run.txt pyproject.toml requirements/build.in --extra demo -o requirements/demo.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -c requirements/run.txt pyproject.toml requirements/build.in --extra llm -o requirements/llm.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -c requirements/run.txt pyproject.toml requirements/build.in --extra demo --extra llm --group dev -o requirements/dev.txt

clean: ## remove what was installed and built
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage build dist *.egg-info
