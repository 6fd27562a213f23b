# Assay. `make run` and `make test` are all a stranger needs; both install what is missing.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

SWIFT_FLAGS ?=
# Programs carry the Swift runtime in them: calls into it are direct, and nothing else is to be installed.
RELEASE := swift build -c release --static-swift-stdlib
SOURCES := Package.swift Proto/Compiler Proto/schemac Services Shared Tests

# What the build links, and what the tests start or call.
BUILD_PACKAGES := libnghttp2-dev libssl-dev libhiredis-dev librocksdb-dev zlib1g-dev libjemalloc-dev pkg-config
TEST_PACKAGES := redis-server protobuf-compiler libprotobuf-dev curl python3 python3-venv valgrind binutils openssl
CODEC_BENCH := Tests/Benchmarks/codec
CODEC_BENCH_MESSAGES := --schemas $(CODEC_BENCH)/Schemas --swift $(CODEC_BENCH)/Messages
INTEROP := Tests/Interop
INTEROP_MESSAGES := --schemas $(INTEROP)/Schemas --swift $(INTEROP)/Messages --proto $(INTEROP)/Protos
INTEROP_PACKAGES := g++ libgrpc++-dev protobuf-compiler-grpc protobuf-compiler golang-go golang-google-grpc-dev \
	protoc-gen-go-1-3 nginx nghttp2-client nghttp2-proxy curl openssl
GATEWAY_BENCH_PACKAGES := haproxy nghttp2-client nginx openssl redis-server
BENCH_PACKAGES := nghttp2-client nghttp2-server openssl valgrind binutils g++ libgrpc++-dev protobuf-compiler-grpc protobuf-compiler

## run: build, start the four services and decide on real applicants and a stream of payments (ONCE=1: exit when done, ASSAY_PAYMENTS=FILE.csv: on the payments of a file)
.PHONY: run
run: dependencies release
	.build/release/assay run $(if $(ONCE),--once) $(if $(ASSAY_PAYMENTS),--events $(ASSAY_PAYMENTS)) $(RUN_FLAGS)

## test: every test, with a real Redis and foreign clients
.PHONY: test
test: dependencies test-dependencies
	swift build --build-tests $(SWIFT_FLAGS)
	swift test --skip-build --no-parallel --disable-xctest $(SWIFT_FLAGS)
	Tests/Conformance/models/check.py --assay .build/debug/assay Tests/ModelFixtures/Fixtures/*

## conformance: the wire format against protobuf and a second implementation, 100,000 random pairs (PAIRS=, SEED=)
.PHONY: conformance
conformance: dependencies test-dependencies
	$(RELEASE) --product wire-conformance-driver
	.venv/bin/python Tests/Conformance/run_pack.py --driver .build/release/wire-conformance-driver
	.venv/bin/python Tests/Conformance/wire_oracle.py --driver .build/release/wire-conformance-driver \
		--pairs $(or $(PAIRS),100000) --seed $(or $(SEED),1)

## conformance-expressions: random expressions against another implementation of CEL (COUNT=100000, SEED=)
.PHONY: conformance-expressions
conformance-expressions: dependencies test-dependencies
	$(RELEASE) --product expression-conformance-driver
	.venv/bin/python Tests/Conformance/expressions/differential.py \
		--driver .build/release/expression-conformance-driver --count $(or $(COUNT),100000) --seed $(or $(SEED),1)

## release: the optimised build of the services and the tools
.PHONY: release
release:
	$(RELEASE)

## format: rewrite every source file in the one style
.PHONY: format
format:
	swift format --in-place --parallel --recursive $(SOURCES)
	swift run schemac format

## lint: fail on a file that is not in the one style
.PHONY: lint
lint:
	swift format lint --strict --parallel --recursive $(SOURCES)

## generate: write the Swift and .proto files of the schemas
.PHONY: generate
generate:
	swift run schemac compile --swift Proto/Generated --proto docs/proto
	swift run --skip-build schemac compile $(CODEC_BENCH_MESSAGES)
	swift run --skip-build schemac compile $(INTEROP_MESSAGES)

## generated-check: fail if a schema is not in the one style, or a generated file differs from what the schemas give
.PHONY: generated-check
generated-check:
	swift run --skip-build schemac format --check
	swift run --skip-build schemac compile --swift Proto/Generated --proto docs/proto --check
	swift run --skip-build schemac compile $(CODEC_BENCH_MESSAGES) --check
	swift run --skip-build schemac compile $(INTEROP_MESSAGES) --check

## bench-codec: the codec against SwiftProtobuf, in one run, with allocations per message
.PHONY: bench-codec
bench-codec:
	swift run -c release --package-path $(CODEC_BENCH) codec-bench $(BENCH_FLAGS)

## simulate: seeded simulations of client, servers and network, with faults (RUNS=10000, SEED=1)
.PHONY: simulate
simulate: dependencies
	$(RELEASE) --product rpc-simulate
	.build/release/rpc-simulate $(or $(RUNS),10000) $(or $(SEED),1)

## simulate-experiments: 10,000 experiments without an effect, 30 looks at each; power; lost exposures (RUNS=, SEED=)
.PHONY: simulate-experiments
simulate-experiments:
	$(RELEASE) --product simulate-experiments
	.build/release/simulate-experiments $(or $(RUNS),10000) $(or $(SEED),1)

## assignment: uniformity, independence, ramps and layers over a million units, and what a call costs (UNITS=)
.PHONY: assignment
assignment:
	$(RELEASE) --product assignment-check
	.build/release/assignment-check --units $(or $(UNITS),1000000)

## bucketing: assay.bucket/1 in Swift, Python and SQL (UNITS=)
.PHONY: bucketing
bucketing: .venv-bucketing/ready
	swift build --product assay
	.venv-bucketing/bin/python Tests/Conformance/bucketing/check.py --assay .build/debug/assay --units $(or $(UNITS),20000)

.venv-bucketing/ready: Tests/Conformance/bucketing/requirements.txt
	@packages="python3 python3-venv"; $(install_packages)
	python3 -m venv .venv-bucketing
	.venv-bucketing/bin/pip install --quiet --disable-pip-version-check --requirement $<
	touch $@

## fuzz: all fuzzers, two at a time, SECONDS each (default 60); what they find goes to Tests/Fuzz/FailCases
.PHONY: fuzz
fuzz: dependencies
	Tests/Fuzz/run.sh $(or $(SECONDS),60)

## fuzz-models: those of the five model loaders alone (SECONDS=600 for the full run)
.PHONY: fuzz-models
fuzz-models: dependencies
	Tests/Fuzz/run.sh $(or $(SECONDS),60) models

## fuzz-rules: those of expressions and rule packs alone (SECONDS=600 for the full run)
.PHONY: fuzz-rules
fuzz-rules: dependencies
	Tests/Fuzz/run.sh $(or $(SECONDS),60) rules

## hostile-models: time and memory of model files that ask for more than they give (SIZE=MiB, default 300)
.PHONY: hostile-models
hostile-models: dependencies
	$(RELEASE) --product hostile-models
	.build/release/hostile-models $(or $(SIZE),300)

## vectors: train models with nine versions of four libraries and compare with them, in .vectors (SEED=, VECTOR_FLAGS=)
.PHONY: vectors
vectors:
	@packages="python3 python3-venv"; $(install_packages)
	$(RELEASE) --product assay
	Tests/Conformance/models/make_vectors.py --out .vectors --seed $(or $(SEED),1) $(VECTOR_FLAGS)
	Tests/Conformance/models/check.py --assay .build/release/assay .vectors/cases/*

## breaking: what the schemas break compared with main (AGAINST=git:REV, a directory or an archived .schema)
.PHONY: breaking
breaking:
	swift run schemac breaking --against $(or $(AGAINST),git:main)

## code-size: the machine code of the generated messages, per message (fails over the budget)
.PHONY: code-size
code-size:
	$(RELEASE) --target AssayMessages
	Tests/Benchmarks/code-size.py

## bench-rpc: the RPC runtime against gRPC C++, grpc-swift 2 and nghttpd, in one run
.PHONY: bench-rpc
bench-rpc:
	@packages="$(BENCH_PACKAGES)"; $(install_packages)
	$(RELEASE) --product rpc-bench-server
	$(RELEASE) --product rpc-bench-client
	Tests/Benchmarks/idle-memory.sh
	Tests/Benchmarks/rpc/bench.py $(BENCH_FLAGS)

## bench-engine: the feature engine alone: reads, applies and encodes of eight warm states
.PHONY: bench-engine
bench-engine:
	$(RELEASE) --product engine-bench
	.build/release/engine-bench

## replay-decisions: COUNT decisions under four rule sets, each made again from the store alone and compared byte for byte
.PHONY: replay-decisions
replay-decisions:
	$(RELEASE) --product risk-bench
	.build/release/risk-bench replay $(or $(COUNT),100000)

## bench-limits: decisions of the gateway's limits: in the process, and in a Redis beside it (BENCH_FLAGS="--depth 256 --seconds 3")
.PHONY: bench-limits
bench-limits:
	@packages="redis-server"; $(install_packages)
	$(RELEASE) --product limit-bench
	.build/release/limit-bench $(BENCH_FLAGS)

## limits: the script of the limits against exact integers (DECISIONS=24000), one to six gateways and gateway processes against the bound (ROUNDS=60), a store that fails or whose clock is set, with times (on a machine that is not busy)
.PHONY: limits
limits: dependencies test-dependencies
	swift build --build-tests $(SWIFT_FLAGS)
	ASSAY_LIMIT_DECISIONS=$(or $(DECISIONS),24000) ASSAY_LIMIT_ROUNDS=$(or $(ROUNDS),60) ASSAY_STRICT_TIMES=1 \
		swift test --skip-build --no-parallel --disable-xctest $(SWIFT_FLAGS) \
		--filter "RateLimitScriptTests|SharedLimitTests|StoreFaultTests|StoreFailoverTests|StoreOutageTests|StoreClockTests|ReplicaBoundTests"

## bench-vector: the read of a vector of definitions, its expressions included (DEFINITIONS=, VECTOR=)
.PHONY: bench-vector
bench-vector:
	$(RELEASE) --product vector-bench
	.build/release/vector-bench $(or $(DEFINITIONS),deploy/definitions) $(or $(VECTOR),payment_fraud@1)

## gateway-abuse: what 30 abusive connections cost honest callers of a gateway, optimised (SECONDS=30)
.PHONY: gateway-abuse
gateway-abuse: dependencies
	ASSAY_ABUSE_SECONDS=$(or $(SECONDS),30) \
		swift test -c release -Xswiftc -enable-testing --disable-xctest --filter BesideAbuseTests

## bench-gateway: the gateway against HAProxy and nginx in one run, latency, Redis, cost of stages (BENCH_FLAGS="--only guarded --tls")
.PHONY: bench-gateway
bench-gateway:
	@packages="$(GATEWAY_BENCH_PACKAGES)"; $(install_packages)
	for product in assay-gateway rpc-bench-server rpc-bench-client gateway-bench limit-bench; do $(RELEASE) --product $$product; done
	Tests/Benchmarks/gateway/bench.py $(BENCH_FLAGS)

## bench-risk: rules, policy, sealing and whole assessments without a network (ROUNDS=20000)
.PHONY: bench-risk
bench-risk:
	$(RELEASE) --product risk-bench
	.build/release/risk-bench $(or $(ROUNDS),20000)

# TreeSHAP is timed against every other XGBoost too that is installed in a venv called .venv-models-*.
## bench-inference: rows scored beside LightGBM and XGBoost in one process, bits compared (BENCH_FLAGS=)
.PHONY: bench-inference
bench-inference: .venv-models/ready
	$(RELEASE) --product inference-bench
	libraries=$$(.venv-models/bin/python -c 'import site; print(site.getsitepackages()[0])'); \
	.build/release/inference-bench --models .venv-models/bench $(BENCH_FLAGS) \
		--lightgbm $$libraries/lightgbm/lib/lib_lightgbm.so --xgboost $$libraries/xgboost/lib/libxgboost.so \
		$$(for other in .venv-models-*/lib/python*/site-packages/xgboost/lib/libxgboost.so; do \
			if [ -e "$$other" ]; then echo --xgboost $$other; fi; done)

## prove-inference: every layout of the benchmark's models on ROWS random rows, against the plain walk
.PHONY: prove-inference
prove-inference: .venv-models/ready
	$(RELEASE) --product inference-bench
	.build/release/inference-bench --models .venv-models/bench --prove $(or $(ROWS),1000000)

.venv-models/ready: Tests/Benchmarks/inference-bench/requirements.txt Tests/Benchmarks/inference-bench/make_models.py
	python3 -m venv .venv-models
	.venv-models/bin/pip install --quiet --requirement Tests/Benchmarks/inference-bench/requirements.txt
	.venv-models/bin/python Tests/Benchmarks/inference-bench/make_models.py .venv-models/bench
	touch $@

## bench-models: single rows through RPC to a real assay-models, with the load beside it (BENCH_FLAGS="--rate 20000 --tls", "--swaps 1000", "--shadows 10")
.PHONY: bench-models
bench-models:
	$(RELEASE) --product assay-models
	$(RELEASE) --product model-load
	.build/release/model-load $(BENCH_FLAGS)

## bench-feast: reads of the card vector against a Feast server with Redis, the same values (BENCH_FLAGS=)
.PHONY: bench-feast
bench-feast: dependencies test-dependencies .venv-feast/ready
	@packages="nghttp2-client redis-server"; $(install_packages)
	$(RELEASE) --product assay-features
	.venv/bin/python Tests/Benchmarks/feast/bench.py $(BENCH_FLAGS)

.venv-feast/ready: Tests/Benchmarks/feast/requirements.txt
	@packages="python3 python3-venv"; $(install_packages)
	python3 -m venv .venv-feast
	.venv-feast/bin/pip install --quiet --disable-pip-version-check --requirement $<
	touch $@

## bench-features: ScoreEvent in one run: the engine alone, the store, through RPC, and over Redis (BENCH_FLAGS=)
.PHONY: bench-features
bench-features:
	@packages="redis-server"; $(install_packages)
	$(RELEASE) --product assay-features
	$(RELEASE) --product feature-bench
	.build/release/feature-bench $(BENCH_FLAGS)

## interop: gRPC's interop cases against grpcio, gRPC C++, Go, nginx, nghttpx and curl (PEERS=, CASES=): a table
.PHONY: interop
interop: dependencies test-dependencies
	@packages="$(INTEROP_PACKAGES)"; $(install_packages)
	$(RELEASE) --product rpc-interop-server
	$(RELEASE) --product rpc-interop-client
	$(INTEROP)/run.py $(if $(PEERS),--peers $(PEERS)) $(if $(CASES),--cases $(CASES))

## soak: half load with random cancels for MINUTES (default 20): memory, descriptors and p99 stay flat (RATE=)
.PHONY: soak
soak:
	$(RELEASE) --product rpc-bench-server
	$(RELEASE) --product rpc-soak-client
	Tests/Benchmarks/soak.py --minutes $(or $(MINUTES),20) --rate $(or $(RATE),0)

## overload: three times what a server can do, for MINUTES (default 10) without retries and with them
.PHONY: overload
overload:
	ASSAY_OVERLOAD_MINUTES=$(or $(MINUTES),10) swift test -c release -Xswiftc -enable-testing \
		--disable-xctest --filter RPCLifeTests.OverloadTests

## scarcity: a server with little memory and few descriptors, again and again for MINUTES (default 10)
.PHONY: scarcity
scarcity:
	ASSAY_OVERLOAD_MINUTES=$(or $(MINUTES),10) swift test --disable-xctest \
		--filter RPCLifeTests.ScarcityTests

## rolling-restart: every process of a deployment restarted ROUNDS (default 3) times under load of CALLERS (6) of each kind: no failed call
.PHONY: rolling-restart
rolling-restart: dependencies test-dependencies
	ASSAY_ROLLING_ROUNDS=$(or $(ROUNDS),3) ASSAY_ROLLING_CALLERS=$(or $(CALLERS),6) ASSAY_STRICT_TIMES=1 \
		swift test -c release -Xswiftc -enable-testing --disable-xctest --filter RollingRestartTests

## gateway-overload: ten times too many sheddable calls beside critical ones, for SECONDS (default 60)
.PHONY: gateway-overload
gateway-overload: dependencies
	ASSAY_OVERLOAD_SECONDS=$(or $(SECONDS),60) ASSAY_STRICT_TIMES=1 \
		swift test -c release -Xswiftc -enable-testing --disable-xctest --filter GatewayOverloadTests

## bench: ten thousand payments through four processes, with TLS
.PHONY: bench
bench: dependencies release
	Tests/Benchmarks/bench-payments.sh

## backtest: one changed rule over COUNT recorded decisions (default 100000): what would change, in how many seconds
.PHONY: backtest
backtest: dependencies
	$(RELEASE) --product risk-bench
	$(RELEASE) --product assay
	Tests/Benchmarks/bench-backtest.sh $(or $(COUNT),100000)

## kill-risk: kill -9 an assay-risk POINTS times (default 50) while payments are decided (SEED=)
.PHONY: kill-risk
kill-risk: dependencies test-dependencies
	ASSAY_KILL_POINTS=$(or $(POINTS),50) ASSAY_KILL_SEED=$(or $(SEED),1) \
		swift test --disable-xctest --filter EndToEnd.KillRiskTests

## policy-properties: what holds of every policy, on ROUNDS (default 1000000) random sets of hits
.PHONY: policy-properties
policy-properties: dependencies
	ASSAY_POLICY_ROUNDS=$(or $(ROUNDS),1000000) swift test -c release -Xswiftc -enable-testing \
		--disable-xctest --filter RiskCoreTests.PolicyPropertyTests

## kill-models: kill -9 an assay-models POINTS times (default 1000) while clients change its registry (STORE=embedded or redis, SEED=)
.PHONY: kill-models
kill-models: dependencies test-dependencies
	ASSAY_KILL_POINTS=$(or $(POINTS),1000) ASSAY_KILL_STORE=$(STORE) ASSAY_KILL_SEED=$(or $(SEED),1) \
		swift test --disable-xctest --filter EndToEnd.KillModelsTests

## kill-rules: kill -9 an assay-risk POINTS times (default 200) while two people change its rules
.PHONY: kill-rules
kill-rules: dependencies test-dependencies
	ASSAY_KILL_POINTS=$(or $(POINTS),200) swift test --disable-xctest --filter EndToEnd.KillRulesTests

## rule-evidence: how often the shipped rules that hold payments back are wrong on 200,000 simulated payments, against what the packs say
.PHONY: rule-evidence
rule-evidence: dependencies test-dependencies
	EVIDENCE_PAYMENTS=200000 swift test --disable-xctest --filter RiskCoreTests.EvidenceTests

## rule-orders: the shipped rules in ROUNDS (default 1000) shuffled orders give the same bytes
.PHONY: rule-orders
rule-orders: dependencies test-dependencies
	RULE_ORDERS=$(or $(ROUNDS),1000) swift test --disable-xctest --filter RiskCoreTests.RuleOrderTests

# Installs the Debian packages in $$packages that are missing: as root, through sudo, or by saying how.
define install_packages
missing=""; for package in $$packages; do \
	dpkg-query --show --showformat='$${db:Status-Status}' $$package 2>/dev/null | grep -qx installed || missing="$$missing $$package"; \
done; \
if [ -n "$$missing" ]; then \
	if [ "$$(id -u)" = 0 ]; then as_root=""; \
	elif command -v sudo >/dev/null && { [ -t 0 ] || sudo -n true 2>/dev/null; }; then as_root="sudo"; \
	else echo "Assay needs some Debian packages. Run this once, then try again:"; \
		echo "    sudo apt-get install --yes$$missing"; exit 1; fi; \
	$$as_root apt-get update --quiet --quiet && \
	DEBIAN_FRONTEND=noninteractive $$as_root apt-get install --yes --quiet --no-install-recommends $$missing; \
fi
endef

.PHONY: dependencies
dependencies:
	@command -v swift >/dev/null || { echo "Assay needs Swift 6.3: https://www.swift.org/install"; exit 1; }
	@packages="$(BUILD_PACKAGES)"; $(install_packages)

.PHONY: test-dependencies
test-dependencies: .venv/ready
	@packages="$(TEST_PACKAGES)"; $(install_packages)

.venv/ready: Tests/requirements.txt
	@packages="python3 python3-venv"; $(install_packages)
	python3 -m venv .venv
	.venv/bin/pip install --quiet --disable-pip-version-check --requirement Tests/requirements.txt
	touch $@

## clean: remove what was built
.PHONY: clean
clean:
	rm -rf .build .venv .venv-feast .venv-bucketing .vectors .assay

## help: this list
.PHONY: help
help:
	@sed -n 's/^## \([a-z-]*\): \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 26
