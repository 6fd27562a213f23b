#!/bin/bash
# Ten thousand simulated payments end to end: client, gateway, risk, features, on one machine, TLS on every hop.
#   Tests/Benchmarks/bench-payments.sh [PAYMENTS] [RUNS] [IN_FLIGHT]
# The example payment model scores every payment; RULES_ONLY=1 leaves it out.
# Prints every run and the medians; ends with 1 below the floor (FLOOR decisions/s, P99 ms; 0 switches it off).
set -euo pipefail
payments=${1:-10000} runs=${2:-5} in_flight=${3:-32}
floor=${FLOOR:-3000} p99=${P99:-50}
cd "$(dirname "$0")/../.."
assay=.build/release/assay
data=$(mktemp --directory /tmp/assay-bench.XXXXXX)
$assay up --data "$data" --any-ports > "$data/up.log" 2>&1 &
up=$!
trap 'kill $up 2>/dev/null; wait $up 2>/dev/null || true; rm -rf "$data"' EXIT
for _ in $(seq 300); do
    [ -f "$data/run.json" ] && break
    kill -0 $up 2>/dev/null || { cat "$data/up.log"; exit 1; }
    sleep 0.1
done

if [ -z "${RULES_ONLY:-}" ]; then
    example=deploy/examples/payments
    $assay models push --data "$data" --model payment-fraud --manifest $example/manifest.json \
        --artifact $example/model.json --alias champion
fi

echo "machine: $(grep --max-count 1 'model name' /proc/cpuinfo | cut --delimiter : --fields 2 | xargs), $(nproc) cores, load $(cut --delimiter ' ' --fields 1 /proc/loadavg) at the start"
echo "Swift: $(swift --version 2>/dev/null | head --lines 1)"
echo "commit: $(git rev-parse --short HEAD 2>/dev/null || echo none)"
for run in $(seq "$runs"); do
    $assay load --data "$data" --payments "$payments" --concurrency "$in_flight" | tail --lines 1 | tee --append "$data/runs"
done

median() { grep --only-matching "$1=[0-9.]*" "$data/runs" | cut --delimiter = --fields 2 | sort --general-numeric-sort | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
rate=$(median decisions_per_second) tail=$(median p99_ms)
echo "median of $runs: $rate decisions/s, p50 $(median p50_ms) ms, p99 $tail ms"
awk -v r="$rate" -v f="$floor" -v t="$tail" -v p="$p99" 'BEGIN { exit !(r >= f && (p == 0 || t < p)) }' || { echo "below the floor of $floor decisions/s and p99 under $p99 ms"; exit 1; }
