# Two commands: `make book` and `make test`. Both set up what they need, once.

.DELETE_ON_ERROR:
.PHONY: help setup book lab check test test-colab chapters editions lock clean

VENV := .venv
BIN := $(VENV)/bin

# The first Python on this machine that runs, fits, and can make environments.
FITS := import ensurepip, sys; \
	sys.exit(sys.version_info[:2] not in [(3, 11), (3, 12), (3, 13)])
PYTHON ?= $(shell for p in python3.12 python3.11 python3.13 python3 python; do \
	$$p -c '$(FITS)' 2>/dev/null && { echo $$p; break; }; done)

define NO_PYTHON
make: Python 3.11, 3.12 or 3.13 is needed, and its venv:
  Debian 12 or 13, Ubuntu 24.04   sudo apt install python3-venv
  other Ubuntu                    sudo add-apt-repository ppa:deadsnakes/ppa
                                  sudo apt install python3.12-venv python3.12-dev
  macOS                           brew install python@3.12
or name one that is elsewhere:    make PYTHON=/path/to/python3.12
endef
export NO_PYTHON

# How many files are tested at a time, each with one thread: some take 3 GB of memory.
WORKERS ?= 2

# Colab's Python, see tools/colab.txt.
COLAB_PYTHON ?= python3.13

# The chapters run in the kernel of .venv, whatever kernels the user has besides.
export JUPYTER_PATH := $(CURDIR)/$(VENV)/share/jupyter
export JUPYTER_PREFER_ENV_PATH := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

help:  ## show this list
	@sed -n 's/^\([a-z-]*\):.*##\(.*\)/make \1 \2/p' Makefile | \
	awk '{c = $$2; $$1 = $$2 = ""; printf "make %-11s%s\n", c, $$0}'

setup: $(VENV)/.packages book/vendor/.done  ## install everything (the others do so by themselves)

book: setup lab _build/.inputs  ## run the chapters and build the book, warnings as errors
	$(BIN)/jupyter-book build . --all -W --keep-going
	$(BIN)/python -m tools.editions
	cp _build/editions/*.ipynb _build/html/_sources/chapters/  # what pages let one download
	@echo "Open $(CURDIR)/_build/html/index.html"

lab: _build/.lab  ## export the networks that run in the book's page

check: $(VENV)/.packages  ## what most changes can break: lint, format, types, and the fast tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest tests -q -m 'not slow' \
	-n $(WORKERS) --dist loadfile

test: book  ## build the book, then run every test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest tests chapters \
	-n $(WORKERS) --dist loadfile \
	--nbval --nbval-current-env --nbval-sanitize-with tests/nbval.cfg

test-colab: $(VENV)/.packages .colab/.packages  ## every edition alone, with Colab's versions
	$(BIN)/python -m tools.colab run .colab --json _build/colab.json

chapters: $(VENV)/.packages  ## run the chapters in place and store their outputs
	OMP_NUM_THREADS=1 $(BIN)/python .ci/execute.py chapters/*.ipynb

editions: $(VENV)/.packages  ## write the chapters as notebooks that run anywhere
	$(BIN)/python -m tools.editions

lock: $(VENV)/.packages  ## renew requirements.lock (the one step that resolves versions)
	$(BIN)/pip install uv
	$(BIN)/uv pip compile pyproject.toml --extra paper --extra book --extra test \
	--universal --python-version 3.11 --no-annotate --generate-hashes \
	-o requirements.lock --upgrade

clean:  ## remove the built book and Colab's environment, not ours
	rm -rf _build .colab

# A stamp is written last: an interrupted setup leaves none and starts over.
$(VENV)/.packages: requirements.lock pyproject.toml
	@"$(PYTHON)" -c '$(FITS)' 2>/dev/null || { echo >&2 "$$NO_PYTHON"; exit 1; }
	"$(PYTHON)" -m venv $(VENV)
	$(BIN)/pip install --no-deps --require-hashes -r requirements.lock
	$(BIN)/pip install --no-deps --no-build-isolation -e .
	touch $@

.colab/.packages: tools/colab.txt
	rm -rf .colab
	$(COLAB_PYTHON) -m venv .colab
	.colab/bin/pip install --no-deps -r tools/colab.txt
	touch $@

# The page's scripts and what tests them, with the machine's npm or else the one in .venv.
book/vendor/.done: book/package-lock.json book/package.json $(wildcard book/lab/*) \
	| $(VENV)/.packages
	rm -rf book/vendor
	mkdir -p book/vendor/.lab
	cd book && { npm ci && npm run lab; } || \
	{ PATH="$(CURDIR)/$(BIN):$$PATH"; npm ci && npm run lab; }
	cd book && cp $(addprefix node_modules/@jupyter-widgets/html-manager/dist/, \
	embed.js embed.js.LICENSE.txt *.woff2) node_modules/mathjax/es5/tex-svg.js vendor
	cp book/node_modules/onnxruntime-web/dist/ort-wasm-simd-threaded.wasm book/vendor/.lab/
	mkdir -p tests/vendor
	cp book/node_modules/axe-core/axe.min.js tests/vendor  # tests only: not the pages'
	rm -rf book/node_modules
	touch $@

# What the live lab loads: the networks, and what runs them.
_build/.lab: book/vendor/.done tools/lab.py tools/lab_codecs.py \
	$(addprefix semlib/zoo/,$(addsuffix .safetensors,unet scenes scenes-tfic))
	$(BIN)/python -m tools.lab
	touch $@

# The cache of executed chapters knows their own code only: whatever they call
# or read from makes it stale.
_build/.inputs: $(VENV)/.packages $(shell find semlib results -type f \
	! -name '*.pyc' ! -name '.*')
	rm -rf _build/.jupyter_cache
	mkdir -p _build
	touch $@
