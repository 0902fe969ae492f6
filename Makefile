# `make deploy-local` and `make test` set up whatever they need; both are safe to run again.
PYTHON ?= python3
RUNTIME_PYTHON ?= python3.13
LOWEST_PYTHON ?= python3.10
export JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION = 20
export CDK_DISABLE_CLI_TELEMETRY = true
export PATH := $(CURDIR)/.venv/bin:$(PATH)

.PHONY: help setup build deploy-local test test-fast test-all check test-runtime test-lowest test-sam fuzz mutation bench docs dist audit verify-aws clean

help:  ## List the targets.
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: .venv/installed node_modules/installed  ## Make the environment: .venv and node_modules.

# pip compiles on one core, also the services of aws-cdk-lib and of the AWS CLI, most of which are never imported:
# that takes half of its time. Like pip, this takes no notice of what does not compile.
.venv/installed: requirements.txt pyproject.toml local/pyproject.toml
	@sh tools/check_machine.sh "$(PYTHON)"
	@echo "Installing Python packages into .venv; this takes a minute or two ..."
	$(PYTHON) -m venv .venv
	.venv/bin/pip install --no-compile --quiet --disable-pip-version-check -r requirements.txt
	.venv/bin/python -m compileall -qq -j 0 -x 'aws_cdk/aws_|awscli' .venv/lib || true
	touch $@

build: .jsii.gz  ## Compile the package in TypeScript.

# jsii writes the compiled files into typescript/lib. It finds the package's peers by NODE_PATH.
.jsii.gz: typescript/node_modules/installed package.json tsconfig.json README.md $(wildcard typescript/src/*.ts)
	rm -rf typescript/lib
	NODE_PATH=typescript/node_modules typescript/node_modules/.bin/jsii --tsconfig tsconfig.json \
		--validate-tsconfig minimal --compress-assembly --fail-on-warnings \
		--silence-warnings reserved-word --silence-warnings metadata/missing-dev-dependency

typescript/node_modules/installed: typescript/package.json typescript/package-lock.json
	@echo "Installing what compiles the package in TypeScript; this takes some seconds ..."
	cd typescript && npm ci --loglevel=error
	touch $@

# npm packs the package into the example, as it is compiled then.
examples/typescript/node_modules/installed: examples/typescript/package.json examples/typescript/package-lock.json | .jsii.gz
	@echo "Installing what the TypeScript example needs; this takes some seconds ..."
	cd examples/typescript && npm ci --loglevel=error
	touch $@

node_modules/installed: package.json package-lock.json
	@sh tools/check_machine.sh "$(PYTHON)"
	@echo "Installing the CDK CLI and pyright into node_modules; this takes some seconds ..."
	npm ci --loglevel=error
	touch $@

deploy-local: setup  ## Deploy the reference app to an AWS on this machine, and show what happens.
	.venv/bin/python -m amplify_local deploy -c app_id=d1a2b3c4d5e6f7 -c branch_name=main

test-fast: setup  ## Run the tests of the function and of the construct, in about a minute.
	.venv/bin/python -m pytest tests/function tests/construct -q -n 2 --dist loadfile

# Deployments mostly wait: the CDK CLI looks at a stack every five seconds. So more of them run than there are cores.
test:  ## Run all tests, the fast ones first.
	@$(MAKE) --no-print-directory -j 3 setup build examples/typescript/node_modules/installed
	@echo "All tests take about four minutes on two cores, those of function and construct the first one."
	@$(MAKE) --no-print-directory test-fast
	.venv/bin/python -m pytest -q -n 6 --dist loadfile --no-loadscope-reorder --ignore tests/function --ignore tests/construct

test-all: check docs dist test-lowest test-runtime test-sam test  ## Run all that CI runs: also the linters, the release, the other Pythons.

check: setup build  ## Run the linters and the type checkers.
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	npx --no-install pyright --pythonpath .venv/bin/python
	.venv/bin/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*
	.venv/bin/check-jsonschema --builtin-schema vendor.github-issue-forms .github/ISSUE_TEMPLATE/*
	.venv/bin/check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml

# Coverage is measured here and in test-lowest, which need no run of their own for it. It makes long searches slow.
test-runtime: .venv-runtime/installed  ## Run the function's tests on the Python of its Lambda runtime; measure coverage.
	.venv-runtime/bin/python -m pytest tests/function -q -n 2 --dist loadfile \
		--ignore tests/function/test_lifecycle.py --ignore tests/function/test_fuzz.py \
		--cov=lambda --cov-fail-under=95 --cov-report=term:skip-covered

.venv-runtime/installed: requirements.txt
	$(RUNTIME_PYTHON) -m venv .venv-runtime
	.venv-runtime/bin/pip install --quiet --disable-pip-version-check \
		$(shell grep -E '^(boto3|pytest|pytest-cov|pytest-xdist|hypothesis|greenlet)==' requirements.txt)
	touch $@

test-lowest: setup .venv-lowest/installed  ## Run the construct's tests on the oldest Python and aws-cdk-lib; measure coverage.
	.venv-lowest/bin/python -m pytest tests/construct tests/packaging -q --cov=constructs --cov-fail-under=95 --cov-report=term:skip-covered

.venv-lowest/installed: requirements.txt pyproject.toml
	$(LOWEST_PYTHON) -m venv .venv-lowest
	.venv-lowest/bin/pip install --quiet --disable-pip-version-check -e . \
		aws-cdk-lib==2.225.0 constructs==10.4.2 aws-cdk.aws-amplify-alpha==2.225.0a0 \
		$(shell grep -E '^(boto3|pytest|pytest-cov|build|hatchling|mypy)==' requirements.txt)
	touch $@

test-sam: setup .venv-sam/installed  ## Deploy templates with the SAM CLI to an AWS on this machine.
	.venv/bin/python -m pytest -q tests/local_aws/sam_cli.py

.venv-sam/installed:
	$(PYTHON) -m venv .venv-sam
	.venv-sam/bin/pip install --quiet --disable-pip-version-check aws-sam-cli==1.170.0
	touch $@

fuzz: setup  ## Search for broken promises, longer than `make test` does.
	HYPOTHESIS_PROFILE=fuzz .venv/bin/python -m pytest tests/function/test_lifecycle.py tests/function/test_fuzz.py

# In a copy: cosmic-ray changes the files. A run that was interrupted goes on where it was; `make clean` forgets it.
mutation: setup .mutation/session.sqlite  ## Run the function's tests against some 1,700 mutants of it, for hours, or a sample (MUTANTS=100); list the survivors.
	git -C .mutation checkout --quiet -- lambda
	cd .mutation && ../.venv-mutation/bin/cosmic-ray exec tools/mutation.toml session.sqlite
	cd .mutation && ../.venv-mutation/bin/cr-report --surviving-only --show-diff session.sqlite

.mutation/session.sqlite: .venv-mutation/installed
	rm -rf .mutation
	git clone --quiet . .mutation
	cd .mutation && ../.venv-mutation/bin/cosmic-ray --verbosity WARNING baseline tools/mutation.toml
	cd .mutation && ../.venv-mutation/bin/cosmic-ray init tools/mutation.toml new.sqlite
	cd .mutation && ../.venv-mutation/bin/cr-filter-operators new.sqlite tools/mutation.toml
	$(if $(MUTANTS),.venv-mutation/bin/python tools/sample_mutants.py .mutation/new.sqlite $(MUTANTS))
	mv .mutation/new.sqlite $@

.venv-mutation/installed:
	$(PYTHON) -m venv .venv-mutation
	.venv-mutation/bin/pip install --quiet --disable-pip-version-check cosmic-ray==8.7.0
	touch $@

bench: setup build .venv/bench-installed  ## Measure, and write the figures into docs/benchmarks.md.
	.venv/bin/python bench/measure.py

.venv/bench-installed: .venv/installed bench/requirements.txt
	.venv/bin/pip install --quiet --disable-pip-version-check -r bench/requirements.txt
	touch $@

docs: setup typescript/node_modules/installed  ## Write the API reference of both languages to docs/api/.
	.venv/bin/python tools/api_reference.py
	typescript/node_modules/.bin/typedoc --entryPoints typescript/src/index.ts --tsconfig tsconfig.json \
		--name cdk-amplify-job --readme none --disableSources --treatWarningsAsErrors \
		--intentionallyNotExported Branch --intentionallyNotExported Statement --out docs/api/typescript

dist: setup build  ## Build sdist, wheel and npm package, install them into clean environments, synthesize there.
	rm -rf dist
	.venv/bin/python -m build --no-isolation
	.venv/bin/python -m build --no-isolation --outdir dist local
	$(PYTHON) -m venv --clear .venv-dist
	.venv-dist/bin/pip install --quiet --disable-pip-version-check dist/cdk_amplify_job-*.whl
	cd dist && ../.venv-dist/bin/python -W error ../tools/check_installed.py
	npm pack --silent --pack-destination dist
	rm -rf .npm-dist && mkdir .npm-dist
	npm install --prefix .npm-dist --silent ./dist/cdk-amplify-job-*.tgz
	cp tools/check_installed.mjs .npm-dist && node .npm-dist/check_installed.mjs

audit: setup  ## Look for known vulnerabilities in what is pinned; needs PyPI's advisories.
	$(PYTHON) -m venv .venv-audit
	.venv-audit/bin/pip install --quiet --disable-pip-version-check pip-audit==2.10.1
	grep -v '^-e' requirements.txt > .venv-audit/requirements.txt
	.venv-audit/bin/pip-audit --strict --no-deps --disable-pip -r .venv-audit/requirements.txt

verify-aws: setup  ## Check what is believed of AWS in your account: make verify-aws ARGS="--account … --region …".
	.venv/bin/python -m verify $(ARGS)

clean:  ## Remove what the other targets made.
	rm -rf .venv .venv-* .mutation node_modules typescript/node_modules typescript/lib .jsii .jsii.gz \
		examples/typescript/node_modules examples/typescript/build cdk.out dist .npm-dist docs/api .local-aws
