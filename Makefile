# budgetd. `make` alone lists the targets.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

# The machine's own Node does not matter: the pinned one comes from npm, into a cache outside the checkout, and runs
# npm itself too (an older Node silently resolves older dependencies).
NODE_VERSION := 26.10.0
CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/budgetd
NODE_HOME := $(CACHE)/node-$(NODE_VERSION)
NODE_BIN := $(NODE_HOME)/node_modules/.bin
export PATH := $(CURDIR)/node_modules/.bin:$(NODE_BIN):$(PATH)

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  %-16s %s\n", $$1, $$2}'

$(NODE_BIN)/node:
	@echo "fetching Node $(NODE_VERSION) from npm into $(NODE_HOME)"
	@mkdir -p $(NODE_HOME)
	@cd $(NODE_HOME) && echo '{"private":true,"allowScripts":{"node":true}}' > package.json && \
	  npm install --no-audit --no-fund --no-save --loglevel=error node@$(NODE_VERSION)

node_modules/.package-lock.json: package.json package-lock.json | $(NODE_BIN)/node
	@npm ci --no-audit --no-fund --loglevel=error
	@touch $@

.PHONY: install
install: node_modules/.package-lock.json ## install the pinned Node and the dependencies

.PHONY: build
build: install ## compile to dist/
	@rm -rf dist && tsc -p tsconfig.build.json && node scripts/copy-assets.ts

.PHONY: demo
demo: build ## the main job in a minute: spend through the proxy until the budget refuses (needs only npm)
	@node scripts/demo.ts

.PHONY: demo-cluster
demo-cluster: build redis tools ## the same in a cluster: API server, Redis, operator, proxy, kubectl (first time: builds them)
	@node scripts/demo-cluster.ts

.PHONY: format
format: install ## format the sources
	@oxfmt

.PHONY: lint
lint: install
	@oxfmt --check && oxlint && knip

.PHONY: types
types: install
	@tsc -p tsconfig.json

.PHONY: unit
unit: install ## unit tests
	@node scripts/suites.ts unit

.PHONY: check
check: lint types unit crds-check ## format, lint, types, unit tests: under a minute

.PHONY: integration
integration: build redis ## tests against real servers and processes
	@node scripts/suites.ts integration

.PHONY: tools
tools: install ## build etcd, kube-apiserver and kube-controller-manager once, into a cache outside the checkout (needs Go)
	@node scripts/ensure-tools.ts

.PHONY: cluster
cluster: build tools ## tests against a real API server
	@node scripts/suites.ts cluster

.PHONY: redis
redis: install
	@node scripts/ensure-redis.ts

.PHONY: test
test: lint types crds-check build redis tools ## everything: static checks and all suites; does its own set-up
	@node scripts/suites.ts unit integration cluster

.PHONY: nightly
nightly: build redis tools ## the suites with their slow twins (long property runs)
	@node scripts/suites.ts --nightly unit integration cluster

.PHONY: crds
crds: install ## regenerate crds/ and the generated references from src/api
	@node scripts/generate.ts

.PHONY: crds-check
crds-check: install
	@node scripts/generate.ts --check

.PHONY: bench-ledger
bench-ledger: install redis ## ledger cost as a ratio to two plain pipelines, in one run
	@node test/bench/ledger.ts

.PHONY: bench
bench: build redis ## cost of a call as a ratio to a bare proxy, in one run (needs wrk and nginx)
	@node test/bench/proxy.ts
