#!/bin/bash
# Builds the fuzzers and runs them, two at a time:
#   Tests/Fuzz/run.sh SECONDS [TARGET...]
# Without targets it takes all of them; "models" stands for the five of model files, "rules" for the
# two of what authors of rules write.
# An input that breaks a property, crashes, hangs or needs too much memory goes to
# Tests/Fuzz/FailCases/TARGET, where the ordinary tests replay it. What a run has learned stays in
# .build/fuzz-corpus, and the next run begins there.
set -euo pipefail
cd "$(dirname "$0")/../.."
seconds=${1:-60}
shift || true
wire=(strict tolerant json compiler formatter sealed)
models=(model-xgboost-json model-xgboost-ubjson model-lightgbm model-catboost model-own)
rules=(rule-language rule-packs)
targets=("$@")
[ ${#targets[@]} -gt 0 ] || targets=("${wire[@]}" "${models[@]}" "${rules[@]}")
[ "${targets[0]}" != models ] || targets=("${models[@]}")
[ "${targets[0]}" != rules ] || targets=("${rules[@]}")

scratch=${FUZZ_SCRATCH:-.build/fuzz}
corpora=${FUZZ_CORPUS:-.build/fuzz-corpus}
# Of two --sanitize the Swift compiler obeys the last, so it is told both at once; else its code has no
# counters, and the fuzzer is blind.
build=(-c release --scratch-path "$scratch" --sanitize=fuzzer --sanitize=address
    -Xswiftc -sanitize=fuzzer,address)
for target in "${targets[@]}"; do
    [ -n "${FUZZ_SKIP_BUILD:-}" ] || ASSAY_FUZZ=1 swift build "${build[@]}" --product "fuzz-$target"
done
programs=$(ASSAY_FUZZ=1 swift build "${build[@]}" --show-bin-path)

# Without leaks: the Swift runtime keeps what it caches. Without Swift's own backtraces: they ask for
# symbols that an instrumented program of this size takes minutes to load.
export ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=0:max_allocation_size_mb=1024
export SWIFT_BACKTRACE=enable=no

# fuzz TARGET: one run, its output in the corpus folder.
fuzz() {
    local target=$1 corpus=$corpora/$1 seeds=$corpora/$1.seeds
    local log=$corpora/$1.log options=(-max_len=1024) more=()
    mkdir -p "$corpus" "$seeds"
    ASSAY_FUZZ_SEEDS=$seeds "$programs/fuzz-$target"
    case $target in
    compiler | formatter)
        options=(-max_len=8192 -dict=Tests/Fuzz/schema.dict)
        more=(Proto/Schemas Tests/SchemaCompilerTests/Golden/*/schemas
            Tests/SchemaCompilerTests/Diagnostics Tests/SchemaCompilerTests/Evolution)
        ;;
    json) options=(-max_len=1024 -dict=Tests/Fuzz/json.dict) ;;
    rule-*) options=(-max_len=8192 "-dict=Tests/Fuzz/$target.dict") ;;
    # A small file may take 64 MiB, by models.md: no single block may be larger either.
    model-*) options=(-max_len=8192 -malloc_limit_mb=64 "-dict=Tests/Fuzz/$target.dict") ;;
    esac
    "$programs/fuzz-$target" "${options[@]}" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 \
        -use_value_profile=1 -print_final_stats=1 -artifact_prefix="Tests/Fuzz/FailCases/$target/" \
        "$corpus" "$seeds" "${more[@]}" >"$log" 2>&1 && echo "fuzz $target: no failure" ||
        echo "fuzz $target: FAILED, see $log"
    grep -E "INFO: Loaded|stat::|DONE|SUMMARY|Fatal error" "$log" | sed "s/^/  /" || true
    grep -E "cov: [0-9]+" "$log" | sed -n '2p;$p' | sed "s/^/  /" || true
}

running=0
for target in "${targets[@]}"; do
    fuzz "$target" &
    running=$((running + 1))
    if [ $running -ge 2 ]; then
        wait -n
        running=$((running - 1))
    fi
done
wait
[ -z "$(git status --porcelain Tests/Fuzz/FailCases)" ] || {
    echo "new inputs in Tests/Fuzz/FailCases:"
    git status --porcelain Tests/Fuzz/FailCases
    exit 1
}
