.DEFAULT_GOAL := help
.PHONY: help run test nightly check bench setup setup-test lock format

BIN := .venv/bin
ARGS ?=

help: ## Say what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20

setup: ## Install what `make run` needs and is missing
	@scripts/setup run

setup-test: ## Install what the tests need and is missing
	@scripts/setup test

run: setup ## Serve the vault with its demo on 127.0.0.1:8000, and a portal to try it with on 127.0.0.1:8001
	@exec scripts/run $(ARGS)

test: setup-test ## Run all tests, side by side (ARGS="-k word" for some, ARGS="-n 0" one after the other)
	@$(BIN)/python -m pytest -n $$(($$(nproc) * 2)) --dist loadscope --no-loadscope-reorder $(ARGS)

nightly: setup-test ## Try ten thousand spoilt papers on the reading child (takes some minutes; DOCVAULT_SPOILT_SEED for others)
	@DOCVAULT_SPOILT_PAPERS=$${DOCVAULT_SPOILT_PAPERS:-10000} DOCVAULT_SPOILT_SEED=$${DOCVAULT_SPOILT_SEED:-$$(date +%s)} \
		$(BIN)/python -m pytest -n $$(nproc) -rP tests/ocr/test_fuzzed_papers.py $(ARGS)

check: setup-test ## Style, types, layout and locks: what CI checks before the tests
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/test_layout.py
	scripts/check-locks

bench: setup-test ## Measure: each program prints JSON lines
	@for program in $(filter-out bench/pages.py,$(wildcard bench/*.py)); do echo "# $$program" >&2; $(BIN)/python -m bench.$$(basename "$$program" .py) $(ARGS) || exit 1; done

lock: ## Write the locks anew, with the newest versions that fit
	@scripts/lock

format: setup-test ## Lay the code out as ruff does
	@$(BIN)/ruff format
	@$(BIN)/ruff check --fix
