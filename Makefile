# make demo   install into .venv, run the paper's experiment, name the report it wrote
# make test   install with the test extras, run everything CI runs
# make test-lowest   the light tests with the lowest versions of all dependencies that are allowed
# make mutation   put faults into metrics, samples, preprocessing, fit and prediction, and list those that no
#             test finds (hours); of one module: make mutation MUTANTS='skxrf.metrics._z_score*'; the share
#             that is found of a random sample, 60 of each package: make mutation SAMPLE=60 SEED=1
# make fuzz   open damaged files of every format (CASES of them); wrong ones are kept in build/fuzz
# make package       build sdist and wheel, install the wheel into a fresh environment, run it
# make wheel  build the wheel, unpack it into an empty folder, and run it from there; CI does it too
# make docs   install with the docs extra, run the gallery, build docs/_build/html
# make benchmark   add what is missing to benchmarks/results; make its pages and README's tables
PYTHON ?= python3
VENV ?= .venv
# A spectral cube of your own; empty: the small simulated painting.
DATA ?=
OUT ?= demo-report
# What `make mutation` changes: names of functions, with wildcards; empty: all.
MUTANTS ?=
# Faults that it draws of each package, and the seed of the draw; empty: MUTANTS.
SAMPLE ?=
SEED ?= 1
# Number of files that `make fuzz` damages.
CASES ?= 10000
# Where pip finds the CPU build of torch, if not in its default index (see README).
TORCH_INDEX ?=

# What is run with the lowest versions: fast, and near to other packages.
LOWEST_TESTS := tests/io tests/metrics tests/physics tests/preprocessing tests/plotting tests/simulation/paintings tests/test_samples.py tests/persistence tests/test_compose.py

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
MUTMUT := OMP_NUM_THREADS=1 $(BIN)/mutmut run --max-children 2

.PHONY: demo test lint types pytest test-lowest mutation fuzz wheel package benchmark docs clean

demo: $(VENV)/.installed
	$(BIN)/skxrf reproduce --force -o $(OUT) $(if $(DATA),--cube $(DATA))

test: lint types pytest

lint: $(VENV)/.installed-test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(VENV)/.installed-test
	$(BIN)/mypy

pytest: $(VENV)/.installed-test
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses 2 --dist loadfile

# Old versions of other packages warn of what is to come in newer ones: warnings are no errors here.
test-lowest:
	$(PYTHON) -m venv build/lowest
	$(if $(TORCH_INDEX),build/lowest/bin/pip install --constraint constraints-lowest.txt --index-url $(TORCH_INDEX) torch)
	build/lowest/bin/pip install --quiet --constraint constraints-lowest.txt '.[hdf5]' fabio pytest hypothesis PyMca5 silx
	OMP_NUM_THREADS=1 build/lowest/bin/python -m pytest $(LOWEST_TESTS) -p no:cacheprovider -o filterwarnings=default --disable-warnings

mutation: $(VENV)/.installed-test
	$(PIP) install --quiet 'mutmut>=3.8'
ifeq ($(SAMPLE),)
	$(MUTMUT) $(MUTANTS)
	$(BIN)/mutmut results
else
	$(MUTMUT) 'skxrf.metrics._averaging*'    # makes the mutants of all packages
	$(BIN)/python tools/mutation_sample.py draw $(SAMPLE) $(SEED) > mutants/sample
	$(MUTMUT) $$(cat mutants/sample)
	OMP_NUM_THREADS=1 $(BIN)/python tools/mutation_sample.py retry $$(cat mutants/sample)
	$(BIN)/python tools/mutation_sample.py score $$(cat mutants/sample)
endif

fuzz: $(VENV)/.installed-test
	OMP_NUM_THREADS=1 $(BIN)/python -W ignore -m tools.fuzz --cases $(CASES)

wheel: $(VENV)/.installed-test
	rm -rf build/wheel
	$(PIP) wheel --quiet --no-deps --wheel-dir build/wheel .
	$(PIP) install --quiet --no-deps --target build/wheel/site build/wheel/*.whl
	cd build/wheel && export PYTHONPATH=site && python=$(abspath $(BIN))/python && \
	  $$python -c 'import skxrf; assert "build/wheel/site" in skxrf.__file__, skxrf.__file__' && \
	  $$python -m skxrf simulate -o icon.h5 --shape 12 12 --quiet && \
	  $$python -m skxrf map icon.h5 -o maps.nc --report report.html --quiet

package:
	rm -rf dist build/package
	$(PYTHON) -m venv build/package
	build/package/bin/pip install --quiet build
	build/package/bin/python -m build --outdir dist
	$(PYTHON) -m venv --clear build/package
	$(if $(TORCH_INDEX),build/package/bin/pip install --constraint constraints.txt --index-url $(TORCH_INDEX) torch)
	build/package/bin/pip install --quiet --constraint constraints.txt dist/*.whl
	cd build && package/bin/skxrf --version

benchmark: $(VENV)/.installed-test
	$(BIN)/python -m benchmarks run
	$(BIN)/python -m benchmarks report --readme

docs: $(VENV)/.installed-docs
	OMP_NUM_THREADS=1 $(BIN)/sphinx-build -W --keep-going -n -b html -d docs/_build/doctrees docs docs/_build/html
	@echo "The documentation: docs/_build/html/index.html"

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else f"skxrf needs Python 3.11 or newer, this is {sys.version.split()[0]}: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(if $(TORCH_INDEX),$(PIP) install --constraint constraints.txt --index-url $(TORCH_INDEX) torch)

$(VENV)/.installed: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP) install --quiet --constraint constraints.txt --editable .
	@touch $@

$(VENV)/.installed-test: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP) install --quiet --constraint constraints.txt --editable '.[test]'
	@touch $@ $(VENV)/.installed

$(VENV)/.installed-docs: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP) install --quiet --constraint constraints.txt --editable '.[docs]'
	@touch $@ $(VENV)/.installed

clean:
	rm -rf $(VENV) $(OUT) build dist mutants .pytest_cache .mypy_cache .ruff_cache
	rm -rf docs/_build docs/_generated docs/auto_examples docs/api/generated docs/api/backreferences docs/sg_execution_times.rst
