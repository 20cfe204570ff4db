# make help lists the targets. The recipes call scripts/, which can be run by hand too.

.DEFAULT_GOAL := help
.PHONY: help setup build demo test check golden parity bench gpu-check gpu-rehearsal test-interop nightly cuda fuzz clean

version := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)

help: ## list the targets
	@sed -n -E 's/^([a-z-]+):.*## (.*)/make \1\t\2/p' $(MAKEFILE_LIST) | sed "s/[$$][$$]/$$/" | expand -t 20

setup: ## fetch what is missing: libtorch 2.11.0 into .libtorch
	@scripts/setup

build: setup ## bin/prlhf (the first time compiles gotch: 4 minutes)
	@scripts/go build -ldflags '-X main.version=$(version)' -o bin/prlhf ./cmd/prlhf

demo: build ## run specs/quickstart.hcl and show its report
	@bin/prlhf apply; status=$$?; bin/prlhf report || exit 1; exit $$status

test: setup ## all tests, those that need libtorch too
	@scripts/go test ./...
	@echo "make test: left out are the tests against Python (make test-interop) and on a GPU (make gpu-check, make gpu-rehearsal)"

check: ## what needs no libtorch: gofmt, vet, import graph, tests; run it before each commit
	@scripts/check

golden: setup ## rewrite the golden files; then read the diff
	@PRLHF_UPDATE_GOLDEN=1 scripts/go test ./...
	@git status --short -- '*.golden' '*/testdata/*'

parity: setup ## compare with every fixture in $$PRLHF_PARITY, or ../shared/parity
	@scripts/go run ./internal/parity

bench: setup ## preference pairs and tokens per second and peak memory, as JSON lines
	@scripts/bench

gpu-check: build ## parity, training in bf16, generation and bench on a GPU
	@scripts/gpu-check

gpu-rehearsal: build ## the GPU path on a pretended device: placement, types and calls, not kernels or speed
	@scripts/gpu-rehearsal

test-interop: setup ## tests against Python's transformers, tokenizers, peft, TRL, pandas and TensorBoard (makes .venv-interop)
	@scripts/interop

nightly: build ## the longer specs, one after the other; reports go to out/
	@scripts/nightly

cuda: setup ## add NVIDIA's libraries to .libtorch
	@scripts/cuda

fuzz: ## run each fuzz target for FUZZTIME (20s)
	@scripts/fuzz $(FUZZTIME)

clean: ## remove bin and out; .libtorch, .venv-interop and the store .prlhf stay
	rm -rf bin out
