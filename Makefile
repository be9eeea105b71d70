# Sluice. `make` alone lists what there is.
SHELL        := /bin/bash
.SHELLFLAGS  := -eu -o pipefail -c
.DEFAULT_GOAL := help

GOLANGCI := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
MODULES  := pkg schemas services
RUN_ARGS ?= --simulate 20

export CGO_ENABLED ?= 0

.PHONY: help
help: ## list the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-zA-Z0-9_-]+:.*## / {printf "  \033[1m%-12s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: bin/sluice engine ## build bin/sluice and fetch the ClickHouse engine (once, verified, into your cache)

.PHONY: bin/sluice
bin/sluice:
	@go build -ldflags '-s -w -X main.version=$(VERSION)' -o bin/sluice ./services/cmd/sluice

.PHONY: engine
engine:
	@go run ./services/internal/fetch/cmd/fetch-engine >/dev/null

.PHONY: run
run: build ## screen a simulated stream on embedded servers; RUN_ARGS='' for none, state in ./data
	@bin/sluice run $(RUN_ARGS)

.PHONY: test
test: engine ## every test but the end-to-end suites, with the race detector
	CGO_ENABLED=1 go test -race -timeout 30m work
	go test -run WholeList ./pkg/watchlist/format/ofac # too slow under the race detector

.PHONY: e2e
e2e: build ## the end-to-end suite, embedded and against real servers (fetches Apache Kafka by Maven, wants redis-server); SCENARIOS=regexp for some, SKIP=regexp for all but some
	SLUICE_E2E=1 go test -count=1 -timeout 90m -run '$(or $(SCENARIOS),.)' -skip '$(or $(SKIP),^$$)' ./services/e2e/...

.PHONY: faults
faults: build ## every mode of degradation on both stacks, measured; the table in docs/faults.md is written anew; MODES=regexp for some
	SLUICE_E2E=1 SLUICE_FAULTS=$(abspath docs/faults.md) go test -count=1 -timeout 1h -run '^TestFaults$$/$(or $(MODES),.)' -v ./services/e2e

.PHONY: soak
soak: build ## each consumer in turn stands still while 5,000 transfers a second arrive; SOAK=20s for how long, WHO=regexp for some; the table in docs/faults.md is written anew
	SLUICE_E2E=1 SLUICE_SOAK=$(or $(SOAK),20s) SLUICE_SOAK_REPORT=$(abspath docs/faults.md) go test -count=1 -timeout 12h -run '^TestSoak$$/$(or $(WHO),.)' -v ./services/e2e

.PHONY: chaos
chaos: build ## faults by seeded plans under load, then `sluice verify`, on both stacks; SEEDS=1-10 WINDOW=8s
	SLUICE_CHAOS=$(or $(SEEDS),1-10) SLUICE_CHAOS_WINDOW=$(or $(WINDOW),8s) go test -count=1 -timeout 6h -run '^TestChaos$$' -v ./services/e2e

.PHONY: mutants
mutants: ## break each promise on purpose, and hold the tests to noticing (MUTANTS=REGEXP: some); the table goes to docs/reference/mutants.md
	SLUICE_MUTANTS=$(abspath docs/reference/mutants.md) SLUICE_MUTANTS_ONLY='$(MUTANTS)' go test -count=1 -timeout 2h -run '^TestMutants$$' -v ./services/internal/mutants

.PHONY: bench
bench: build ## rate of each hop and of the whole beside the bare loop, in one run
	@bin/sluice bench

.PHONY: bench-peers
bench-peers: ## the same on a real Kafka, beside Kafka Streams and franz-go; writes docs/measured/kafka.json and the pages made of it
	SLUICE_BENCH_PEERS=$(abspath docs/measured/kafka.json) go test -run '^$$' -bench Peers -benchtime 1x -timeout 90m ./services/internal/bench
	go test -count=1 ./services/internal/benchpages -update

.PHONY: up
up: bin/sluice ## the pipeline in containers: Kafka, Redis, ClickHouse and one container for each service
	@deployments/secrets.sh
	VERSION=$(VERSION) docker compose up --build --detach --wait

.PHONY: down
down: ## stop the containers; their volumes stay
	docker compose down

.PHONY: grants
grants: ## write the rights of each service anew: the ACL file of Redis, the users of ClickHouse
	go run ./services/cmd/sluice grants redis > deployments/redis/users.acl
	go run ./services/cmd/sluice grants clickhouse --tenant default > deployments/clickhouse/users.xml

.PHONY: lint
lint: ## linters, import rules, purity checks, module hygiene
	go vet work
	go run $(GOLANGCI) run $(addprefix ./,$(addsuffix /...,$(MODULES)))
	@for m in $(MODULES); do echo "tidy $$m"; (cd $$m && GOWORK=off go mod tidy -diff && GOWORK=off go build ./...); done

.PHONY: fuzz
fuzz: ## every fuzz target for FUZZTIME each (default 10s)
	@for p in $$(grep -rl '^func Fuzz' --include=*_test.go pkg services | xargs -n1 dirname | sort -u); do \
	  for f in $$(grep -ho '^func Fuzz[A-Za-z0-9_]*' $$p/*_test.go | sed 's/func //'); do \
	    echo "$$p $$f"; go test ./$$p -run '^$$' -fuzz "^$$f$$" -fuzztime $${FUZZTIME:-10s}; done; done

.PHONY: clean
clean: ## remove what build made; ./data stays
	rm -rf bin
