#!/usr/bin/env bash
# The RPC runtime against gRPC C++, in one run on one machine: the same echo of bench.v1, the same load
# generator (h2load, 10 connections of 50 streams, 200-byte messages), rounds in turn, medians.
#
#   Tests/Benchmarks/bench-rpc.sh            5 rounds of 200,000 calls
#   ROUNDS=1 CALLS=2000 Tests/Benchmarks/bench-rpc.sh
#
# Each server has one core to itself and the load generator another one, so that what is compared is
# work per call. PINNED=0 leaves the placing to the system: gRPC C++ then uses every core, and so does
# Assay, with one event loop per core.
#
# Fails if the ratio of the medians is below MINIMUM (3 by default; 0 only prints).
set -euo pipefail
cd "$(dirname "$0")/../.."

rounds=${ROUNDS:-5}
calls=${CALLS:-200000}
minimum=${MINIMUM:-3}
server=${SERVER:-.build/release/rpc-bench-server}
pinned=${PINNED:-1}
[ "$(nproc)" -ge 2 ] || pinned=0
on_core() { # core, command...
    local core=$1
    shift
    if [ "$pinned" = 1 ]; then exec taskset --cpu-list "$core" "$@"; else exec "$@"; fi
}
work=$(mktemp -d)
pids=()
cleanup() {
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    rm -rf "$work"
}
trap cleanup EXIT

[ -x "$server" ] || { echo "build it first: swift build -c release --product rpc-bench-server"; exit 1; }

# The peer is built outside the checkout, from our schema's .proto.
cp docs/proto/bench/v1/bench.proto Tests/Benchmarks/peers/grpc-cpp/server.cc "$work"
(
    cd "$work"
    protoc --cpp_out=. --grpc_out=. --plugin=protoc-gen-grpc="$(command -v grpc_cpp_plugin)" bench.proto
    # shellcheck disable=SC2046
    g++ -O2 -std=c++17 server.cc bench.pb.cc bench.grpc.pb.cc -o grpc-cpp $(pkg-config --cflags --libs grpc++ protobuf)
)

# A request: the prefix and an EchoMessage of 200 bytes.
python3 - "$work/request.bin" <<'PYTHON'
import sys
message = b"\x0a\xc5\x01" + bytes(range(197))
open(sys.argv[1], "wb").write(b"\0" + len(message).to_bytes(4, "big") + message)
PYTHON

start() { # name, command...: starts a server; its port is in port_NAME
    local name=$1
    shift
    : >"$work/$name.log"
    on_core 0 "$@" >"$work/$name.log" 2>&1 &
    pids+=($!)
    for _ in $(seq 100); do
        grep -q "^ready " "$work/$name.log" && break
        sleep 0.1
    done
    printf -v "port_$name" '%s' "$(sed -n 's/^ready .*rpc=\([0-9]*\).*/\1/p' "$work/$name.log")"
}

measure() { # port: requests per second; fails unless every call succeeded
    (on_core 1 h2load --requests="$calls" --clients=10 --max-concurrent-streams=50 --threads=1 \
        --data="$work/request.bin" --header='content-type: application/grpc' --header='te: trailers' \
        "http://127.0.0.1:$1/bench.v1.Echo/Say") >"$work/h2load.log"
    grep -q " $calls succeeded, 0 failed, 0 errored" "$work/h2load.log" || { cat "$work/h2load.log" >&2; return 1; }
    sed -n 's/^finished in .*, \([0-9.]*\) req\/s.*/\1/p' "$work/h2load.log"
}

median() { sort -n | awk '{ value[NR] = $1 } END { print (NR % 2) ? value[(NR + 1) / 2] : (value[NR / 2] + value[NR / 2 + 1]) / 2 }'; }

loops=1
[ "$pinned" = 1 ] || loops=$(nproc)
start assay "$server" --loops "$loops"
start grpc_cpp "$work/grpc-cpp"

for port in "$port_assay" "$port_grpc_cpp"; do measure "$port" >/dev/null; done # warm-up
for round in $(seq "$rounds"); do
    measure "$port_assay" >>"$work/assay.rates"
    measure "$port_grpc_cpp" >>"$work/grpc_cpp.rates"
    printf 'round %s: Assay %.0f, gRPC C++ %.0f requests/s\n' \
        "$round" "$(tail -n 1 "$work/assay.rates")" "$(tail -n 1 "$work/grpc_cpp.rates")"
done

ours=$(median <"$work/assay.rates")
theirs=$(median <"$work/grpc_cpp.rates")
echo
echo "machine   $(nproc) × $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)"
echo "peer      $(sed -n 's/^ready \(.*\) rpc=.*/\1/p' "$work/grpc_cpp.log"), callback API"
if [ "$pinned" = 1 ]; then
    echo "placing   each server alone on core 0, the load generator on core 1"
else
    echo "placing   by the system, on all cores"
fi
echo "load      $(h2load --version | head -n 1), 10 × 50 streams, 200-byte echo, $rounds rounds of $calls"
printf 'Assay     %10.0f requests/s (median)\ngRPC C++  %10.0f requests/s (median)\n' "$ours" "$theirs"
awk -v ours="$ours" -v theirs="$theirs" -v minimum="$minimum" \
    'BEGIN { ratio = ours / theirs; printf "ratio     %10.2f ×\n", ratio; exit (ratio < minimum) }'
