#!/usr/bin/env bash
# The memory of an idle connection of rpc-bench-server: RSS growth / connections, without and with TLS, each
# before and after one call. Prints two lines; fails if one is over its limit.
#
#   Tests/Benchmarks/idle-memory.sh            1,000 connections
#   CONNECTIONS=100 Tests/Benchmarks/idle-memory.sh
set -euo pipefail
cd "$(dirname "$0")/../.."

server=${SERVER:-.build/release/rpc-bench-server}
connections=${CONNECTIONS:-1000}
[ -x "$server" ] || { echo "build it first: swift build -c release --product rpc-bench-server"; exit 1; }
ulimit -n "$(ulimit -H -n)"
work=$(mktemp -d)
pid=""
cleanup() {
    [ -z "$pid" ] || kill "$pid" 2>/dev/null || true
    rm -rf "$work"
}
trap cleanup EXIT

measure() { # limit in KiB, options of the server...
    local limit=$1
    shift
    : >"$work/log"
    "$server" "$@" >"$work/log" 2>&1 &
    pid=$!
    for _ in $(seq 100); do
        grep -q "^ready " "$work/log" && break
        sleep 0.1
    done
    # shellcheck disable=SC2046
    python3 Tests/Benchmarks/idle-memory.py "$(sed -n 's/^ready .*rpc=\([0-9]*\).*/\1/p' "$work/log")" "$pid" \
        --connections "$connections" --maximum "$limit" $([ $# = 0 ] || echo --tls)
    kill "$pid"
    wait "$pid" 2>/dev/null || true
    pid=""
}

measure 24
measure 64 --tls
