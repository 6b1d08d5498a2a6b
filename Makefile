# Two commands: `make demo` and `make test`. Both make .venv from the lock files where it is missing.
# Another config or fewer cores: make demo CONFIG=my.yaml CORES=4

PYTHON ?= python3
CORES ?= all
CONFIG ?= config.yaml
# Locked like the rest, but apart from it: every platform has its own build of this one version.
TORCH = torch==2.13.0

VENV = .venv
BIN = $(VENV)/bin
PIP = $(BIN)/python -m pip --disable-pip-version-check
# Python compiles a module when it is first imported; most of what is installed never is.
INSTALL = $(PIP) install --quiet --no-compile

.DEFAULT_GOAL := help
.PHONY: help demo check plan audit test test-fuzz test-faults test-faults-long test-mutants \
  test-wheel test-container test-cluster test-browser lint lock docs \
  notebooks bench-forecast \
  bench-accuracy bench-speed bench-statistics bench-null bench-networks bench-conditional bench-questions \
  bench-discrete bench-ksg bench-gpu bench-scale bench-costs bench-overhead bench-memory \
  bench-narrow bench-report bench-direct bench-same bench-soak bench-load

help:
	@echo "make demo   install into .venv, run the bundled data, print the strongest pairs"
	@echo "make check  what was read of each dataset, before anything is estimated"
	@echo "make plan   what a run will cost: jobs, CPU and GPU hours, memory, disk"
	@echo "make test   install the test tools, check the code, run the tests"
	@echo "make test-fuzz      300 mutations of a file of each format: read right, or refused in time"
	@echo "make test-faults    kills, damage, full disks, clocks: the same table after each (-long: 800)"
	@echo "make test-mutants   small changes of the code behind the numbers, which tests must notice: an hour"
	@echo "make test-wheel     build the sdist and the wheel, and use the wheel from another folder"
	@echo "make test-container build the container image, and run the short demo in it as a stranger"
	@echo "make test-cluster   run the workflow, and what can go wrong, on a private SLURM"
	@echo "make test-browser   open a report in Chromium, and use it"
	@echo "make lint   the checks without the tests"
	@echo "make docs   all pages as a site, site/index.html"
	@echo "make notebooks  run the notebooks of the tutorials anew, and keep what they print"
	@echo "make bench-accuracy   errors over families of tasks with known MI"
	@echo "make bench-speed      CPU time beside the released latentmi (builds .latentmi)"
	@echo "make bench-statistics coverage of the error bars, p values, q values, flags"
	@echo "make bench-null       false positives of the p values down to 1e-5"
	@echo "make bench-discrete   errors of counts, zeros and labels, and their false positives"
	@echo "make bench-networks   planted pairs found among thousands, and false discoveries"
	@echo "make bench-direct     direct edges of known networks, beside GRNBoost2 and ARACNE"
	@echo "make bench-conditional errors and p values of the conditional information"
	@echo "make bench-questions  differences between groups, and transfer: errors, p values, coverage"
	@echo "make bench-ksg        the KSG kernel beside scikit-learn's KDTree"
	@echo "make bench-gpu        pairs a second of the network training, on a GPU where there is one"
	@echo "make bench-scale      planning and gathering of 10^2 to 10^6 pairs"
	@echo "make bench-memory     memory of projecting 200 gene sets of 50,000 cells x 20,000 genes"
	@echo "make bench-overhead   all pairs of 64 variables, and where the time goes"
	@echo "make bench-narrow     pairs of single features beside scikit-learn, frites and arboreto"
	@echo "make bench-same OTHER=folder   numbers and CPU time beside those of another checkout"
	@echo "make bench-costs      what the stages take by size, for the estimates of make plan"
	@echo "make bench-forecast   what make plan expects beside what jobs take"
	@echo "make bench-soak       two hours of small tiles: neither memory nor files may grow"
	@echo "make bench-load       memory of the largest job: wide variables, many, 300,000 pairs"
	@echo "make bench-report     size and load time of the report by number of variables"
	@echo "make audit  known vulnerabilities of what is pinned, asked of a service on the network"
	@echo "make lock   pin the newest versions that pyproject.toml allows"

demo: $(VENV)/.installed
	$(BIN)/python -m snakemake --cores $(CORES) --configfile $(CONFIG)
	@$(BIN)/python workflow/scripts/top_pairs.py $(CONFIG)

check: $(VENV)/.installed
	@$(BIN)/python -m lmi.planning.check --configfile $(CONFIG)

plan: $(VENV)/.installed
	@$(BIN)/python -m lmi.planning.forecast --configfile $(CONFIG)

# One test process a core, each with one thread; a file stays in one process, with what its tests share.
# The lines that tests reach are counted in these processes, not in the jobs of workflows they start.
test: lint
	OMP_NUM_THREADS=1 $(BIN)/python -m slipcover -m pytest --numprocesses auto --dist loadfile

# Damaged files: 300 mutations of each format, and what the readers make of them.
test-fuzz: $(VENV)/.tested
	OMP_NUM_THREADS=1 LMI_FUZZ=300 $(BIN)/python -m pytest -q tests/unit/data/test_fuzz.py

# Kills, damage, full disks, clocks and more: the same table after each, or one message before it.
test-faults: $(VENV)/.tested
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.faults

test-faults-long: $(VENV)/.tested
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.faults --long

# A sample of all small changes of the code behind the numbers, each of which a test must notice.
test-mutants: $(VENV)/.tested .mutants/.installed
	$(BIN)/python -m tests.mutations.sample

.mutants/.installed:
	$(PYTHON) -m venv .mutants
	.mutants/bin/python -m pip install --quiet cosmic-ray==8.7.0
	@touch $@

test-wheel: $(VENV)/.tested
	tests/wheel.sh

# Not part of .ci/run: it is root's, and downloads all that is locked once more.
test-container: $(VENV)/.tested
	tests/container.sh

# Three tests at a time, each with a SLURM of its own.
test-cluster: $(VENV)/.tested
	tests/cluster/install.sh
	$(BIN)/python -m pytest --numprocesses 3 --maxschedchunk 1 --durations 0 --durations-min 5 tests/cluster

test-browser: $(VENV)/.tested
	tests/browser/install.sh
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest tests/browser -rP

docs: $(VENV)/.tested
	$(BIN)/python -m mkdocs build --quiet --strict

notebooks: $(VENV)/.tested
	$(BIN)/jupyter nbconvert --to notebook --execute --ExecutePreprocessor.record_timing=False \
	  --inplace docs/tutorials/*.ipynb
	$(BIN)/jupyter nbconvert --coalesce-streams --inplace docs/tutorials/*.ipynb

lint: $(VENV)/.tested
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/codespell
	$(BIN)/lint-imports --no-logo
	$(BIN)/mypy
	$(BIN)/python -m snakemake --lint

# The stamp is as old as what it was made from: a changed lock file or C source installs anew.
$(VENV)/.installed: envs/requirements.txt pyproject.toml $(wildcard setup.py workflow/lmi/ksg/*.c)
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11))" || { \
	  echo "lmi-workflow needs Python 3.11 or newer; found $$($(PYTHON) --version 2>&1)." \
	       "Name another one: make PYTHON=python3.12" >&2; exit 1; }
	@echo "Installing into $(VENV): a minute or two"
	$(BIN)/python -m pip --version > /dev/null 2>&1 || $(PYTHON) -m venv $(VENV)
	$(INSTALL) --no-deps --require-hashes -r envs/requirements.txt
	$(INSTALL) "$(TORCH)"
	$(PIP) install --quiet --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.tested: envs/requirements-test.txt $(VENV)/.installed
	$(INSTALL) --no-deps --require-hashes -r envs/requirements-test.txt
	@touch $@

bench-accuracy: $(VENV)/.installed
	$(BIN)/python -m snakemake --cores $(CORES) --configfile $(CONFIG) -- accuracy

bench-speed: $(VENV)/.installed .latentmi/.installed
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.speed

bench-statistics: $(VENV)/.installed
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.statistics

bench-null: $(VENV)/.installed
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.null

bench-discrete: $(VENV)/.installed
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.discrete

bench-networks: $(VENV)/.installed
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.networks

bench-conditional: $(VENV)/.installed
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.conditional

bench-questions: $(VENV)/.installed
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.questions

bench-ksg: $(VENV)/.installed
	$(BIN)/python -m benchmarks.ksg

bench-gpu: $(VENV)/.installed
	$(BIN)/python -m benchmarks.gpu

bench-scale: $(VENV)/.installed
	$(BIN)/python -m benchmarks.scale

bench-costs: $(VENV)/.installed
	$(BIN)/python -m benchmarks.costs

bench-forecast: $(VENV)/.installed
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.forecast

bench-memory: $(VENV)/.installed
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.memory

bench-overhead: $(VENV)/.installed
	$(BIN)/python -m benchmarks.overhead

bench-soak: $(VENV)/.installed
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.soak

bench-load: $(VENV)/.installed
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.load

bench-narrow: $(VENV)/.installed .narrow/.installed
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.narrow --peers .narrow/bin/python

bench-direct: $(VENV)/.installed .narrow/.installed
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.direct --peers .narrow/bin/python

bench-same: $(VENV)/.installed
	$(BIN)/python -m benchmarks.same $(OTHER)

# What narrow pairs are compared with, as far as it can be installed.
.narrow/.installed: envs/narrow/requirements.txt
	$(PYTHON) -m venv .narrow
	while read -r name; do .narrow/bin/python -m pip install --quiet "$$name" || true; done < $<
	@touch $@

bench-report: $(VENV)/.tested
	tests/browser/install.sh
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.report

# The released latentmi in an environment of its own: it needs numpy < 2.
.latentmi/.installed: envs/latentmi/requirements.txt
	$(PYTHON) -m venv .latentmi
	.latentmi/bin/python -m pip install --quiet -r $<
	@touch $@

# Known vulnerabilities of all that is pinned. It asks a service, and fails where it gets no answer.
audit: .audit/.installed
	echo "$(TORCH)" > .audit/torch.txt
	.audit/bin/pip-audit --strict --disable-pip --no-deps $(foreach file, \
	  envs/requirements.txt envs/requirements-test.txt .audit/torch.txt, -r $(file))

.audit/.installed:
	$(PYTHON) -m venv .audit
	.audit/bin/python -m pip install --quiet pip-audit
	@touch $@

COMPILE = CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/pip-compile --quiet --generate-hashes --strip-extras \
  --unsafe-package torch --no-emit-index-url --no-emit-trusted-host --no-emit-find-links
lock: $(VENV)/.installed
	$(PIP) install --quiet pip-tools
	echo "$(TORCH)" > $(VENV)/torch.txt
	$(COMPILE) --constraint $(VENV)/torch.txt --build-deps-for editable \
	  --output-file envs/requirements.txt pyproject.toml
	$(BIN)/python -c "import tomllib; \
	  project = tomllib.load(open('pyproject.toml', 'rb'))['project']; \
	  print(*project['optional-dependencies']['test'], sep='\n')" > $(VENV)/test.in
	$(COMPILE) --constraint envs/requirements.txt \
	  --output-file envs/requirements-test.txt $(VENV)/test.in
