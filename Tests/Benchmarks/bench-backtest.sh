#!/bin/bash
# A backtest of one changed rule over COUNT recorded decisions, with all rules: what the report costs.
#   Tests/Benchmarks/bench-backtest.sh [COUNT] [FOLDER]
# Records the decisions first (kept in FOLDER for the next run). Ends with 1 if it takes over LIMIT seconds per 100,000.
set -euo pipefail
count=${1:-100000} folder=${2:-/tmp/assay-backtest}
limit=${LIMIT:-15}
cd "$(dirname "$0")/../.."
mkdir -p "$folder"
if [ ! -f "$folder/data-$count/CURRENT" ]; then
    .build/release/risk-bench record "$count" "$folder/data-$count"
fi
rm -rf "$folder/rules"
cp -r deploy/rules "$folder/rules"
sed -i -e 's/^  hourly_limit: { type: int, unit: count, value: 5,/  hourly_limit: { type: int, unit: count, value: 3,/' \
    -e 's/{ given: { vel.acct_cnt_1h: 5 }, expect: no_hit }/{ given: { vel.acct_cnt_1h: 3 }, expect: no_hit }/' \
    "$folder/rules/packs/velocity.yaml"
echo "machine: $(grep --max-count 1 'model name' /proc/cpuinfo | cut --delimiter : --fields 2 | xargs), $(nproc) cores, load $(cut --delimiter ' ' --fields 1 /proc/loadavg) at the start"
for threads in 1 2; do
    started=$(date +%s.%N)
    /usr/bin/env time --format '%M KiB at most, %U s of CPU' .build/release/assay rules backtest \
        --stopped "$folder/data-$count" --base deploy/rules --rules "$folder/rules" --threads $threads > "$folder/report-$threads.txt"
    ended=$(date +%s.%N)
    awk -v a="$started" -v b="$ended" -v n="$count" -v t=$threads \
        'BEGIN { printf "%d decisions on %d thread(s) in %.2f s: %.0f decisions/s\n", n, t, b - a, n / (b - a) }'
done
cmp "$folder/report-1.txt" "$folder/report-2.txt"
cat "$folder/report-2.txt"
awk -v a="$started" -v b="$ended" -v n="$count" -v l="$limit" 'BEGIN { exit !((b - a) * 100000 / n <= l) }' ||
    { echo "over $limit s for 100,000 decisions"; exit 1; }
