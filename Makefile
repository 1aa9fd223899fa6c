# Every command that the README, CI and people use. `make train` is the place to start.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
STAMP = $(VENV)/.installed
CONFIG ?= configs/solubility_gps.py
WORKDIR ?= runs/$(basename $(notdir $(CONFIG)))
SMILES ?= CC(=O)Oc1ccccc1C(=O)O
EXTRAS ?= molecules
# The newest Python that is on this machine.
NEWEST_PYTHON ?= $(shell for python in python3.14 python3.13 python3.12 \
  $$(ls -d $(HOME)/.pyenv/versions/3.1[2-9]*/bin/python 2>/dev/null | sort -Vr) $(PYTHON); do \
  if $$python -c '' 2>/dev/null; then echo $$python; break; fi; done)
# glibc would return memory to the system and fault it in anew at every step.
export MALLOC_MMAP_MAX_ = 0
export MALLOC_TRIM_THRESHOLD_ = 1000000000

.PHONY: install install-dev newer-python train predict test test-all test-torch lint types bench gpu gpu-carry \
  notebooks figures claims models compat clean

$(STAMP): setup.cfg pyproject.toml
	@$(MAKE) --no-print-directory newer-python
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable ".[$(EXTRAS)]"
	touch $@

$(VENV)/.installed-dev: $(STAMP)
	$(BIN)/python -m pip install --quiet --editable ".[dev]"
	touch $@

$(VENV)/.installed-torch: $(VENV)/.installed-dev
	$(BIN)/python -m pip install --quiet torch==2.13.0 torch-geometric ogb
	touch $@

install: $(STAMP)

# jax trains faster on Python 3.12 and newer, for which there are newer versions of it.
newer-python:
	@if ! $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 12))' \
	  && [ "$(NEWEST_PYTHON)" != "$(PYTHON)" ]; then \
	  echo "note: $(PYTHON) is older than 3.12, on which training takes up to 1.35 times as long;" \
	    "to use the newer one: make install PYTHON=$(NEWEST_PYTHON)"; \
	fi

install-dev: $(VENV)/.installed-dev

train: install
	$(BIN)/gtx train --config=$(CONFIG) --workdir=$(WORKDIR)

predict: install
	$(BIN)/gtx predict --workdir=$(WORKDIR) --smiles='$(SMILES)'

test: install-dev
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

test-all: install-dev
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not torch"

test-torch: $(VENV)/.installed-torch
	$(BIN)/python -m pytest -m torch

lint: install-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: install-dev
	$(BIN)/mypy

bench: $(VENV)/.installed-torch
	$(BIN)/python -m experiments.benchmark gps

# For a machine that has a CUDA jax, and neither network nor compiler: nothing is installed there.
# What such a machine may lack is fetched beforehand, elsewhere: small packages in plain Python.
GPU_JSON ?= build/gpu.json
gpu:
	mkdir -p $(dir $(GPU_JSON))
	PYTHONPATH="$(CURDIR):$(CURDIR)/build/carried:$$PYTHONPATH" \
	  $(PYTHON) -m experiments.benchmark gpu --json=$(GPU_JSON)

gpu-carry:
	$(PYTHON) -m pip install --quiet --upgrade --no-deps --target build/carried \
	  jraph ml-collections absl-py jaxtyping wadler-lindig

notebooks: install-dev
	$(BIN)/python -m pip install --quiet --editable ".[docs]"
	mkdir -p build/notebooks
	for file in notebooks/*.py; do \
	  PYTHONPATH="$(CURDIR):$$PYTHONPATH" $(BIN)/python -m jupytext --execute --to ipynb \
	    --output build/$${file%.py}.ipynb $$file || exit 1; \
	done

# docs/figures/E##; those of what was trained or timed need docs/curves.json (make claims).
figures: install-dev
	$(BIN)/python -m experiments.paper.draw
	$(BIN)/python -m experiments.figures.encodings
	$(BIN)/python -m experiments.figures.attention
	$(BIN)/python -m experiments.figures.triangles

# Measures every claim of the paper; writes docs/claims.json, docs/paper.md, a part of README.md.
claims: install-dev
	$(BIN)/python -m experiments.paper

# The table of all models: docs/models.md.
models: install-dev
	$(BIN)/python -m experiments.models

# On the newest Python and jax that this machine can get.
compat:
	$(MAKE) test PYTHON=$(NEWEST_PYTHON) VENV=.venv-compat

clean:
	rm -rf .venv .venv-compat build dist *.egg-info .jax_cache .mypy_cache .ruff_cache .pytest_cache
