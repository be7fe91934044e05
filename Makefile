# Every target builds what it needs: `make demo` and `make test` work on a fresh clone where only Python is there.
#
#   make demo       an MLP learns handwritten digits
#   make venv       only the environment that the others run in, .venv
#   make test       the tests, and every example of the docstrings
#   make check      ruff, mypy and the packaging test
#   make bench      the side-by-side timings; `make bench-peers` installs PyTorch, JAX and others beside them
#   make notebooks  the notebooks of examples/notebooks, executed anew from their texts
#   make docs       the site, into docs/_build
#   make clean      takes away what was built, .venv too
#
# Another interpreter: `make clean`, then `make PYTHON=python3.12 test`; .venv keeps the one it was made with.
# Options for a program: `make demo ARGS="--optimizer sgd --lr 0.1"`, `make test ARGS="-k adam -x"`.

PYTHON ?= python3
ARGS   ?=
VENV   := .venv
PY     := $(VENV)/bin/python
READY  := $(VENV)/.ready
PIP    := $(PY) -m pip --disable-pip-version-check -qq install

.PHONY: help venv demo test check bench bench-peers notebooks docs clean
.DEFAULT_GOAL := help

help:
	@sed -n 's/^#   make/make/p' Makefile

# The stamp is as young as the environment: newer than both files while it holds what they ask for.
# pip is brought up to date first because the one that came with an early Python 3.10 cannot install from setup.cfg.
$(READY): setup.cfg pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("minitorch_optim needs Python 3.10 or newer; this is %d.%d. Try: make PYTHON=python3.12" % sys.version_info[:2] if sys.version_info < (3, 10) else 0)'
	@echo "Preparing $(VENV) (under a minute, only when setup.cfg or pyproject.toml changed) ..."
	@$(PY) -c '' 2>/dev/null || $(PYTHON) -m venv --clear $(VENV)
	@$(PIP) --upgrade pip 'setuptools>=77'
	@$(PIP) --editable '.[test,plot,dev]'
	@touch $@

venv: $(READY)

demo: $(READY)
	@$(PY) examples/train_digits.py $(ARGS)

# The doctests are asked for by the package's name: by path, the links would give every module two names.
# The matrices of the tests are small: a second BLAS thread would cost more in waiting than it saves.
test: $(READY)
	@OPENBLAS_NUM_THREADS=1 $(PY) -m pytest --doctest-modules --pyargs minitorch_optim tests/ $(ARGS)

check: $(READY)
	$(PY) -m ruff check .
	$(PY) -m mypy -p minitorch_optim
	$(PY) -m pytest -q tests/packaging

bench: $(READY)
	@$(PY) tests/benchmarks/run.py $(ARGS)

# The libraries that the timings compare with are large; without them the timings run all the same.
bench-peers: $(READY)
	@$(PIP) -r tests/benchmarks/peers.txt

# What only the site and the notebooks need is installed the first time they are built.
$(VENV)/.ready-for-docs: $(READY)
	@$(PIP) --editable '.[docs,plot]'
	@touch $@

notebooks: $(VENV)/.ready-for-docs
	@$(PY) examples/notebooks/build.py $(ARGS)

docs: $(VENV)/.ready-for-docs
	@$(PY) docs/build.py $(ARGS)

clean:
	rm -rf $(VENV) build dist *.egg-info docs/_build .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage htmlcov
	find autograd nn minitorch_optim tests examples -name __pycache__ -type d -prune -exec rm -rf {} +
