#!/usr/bin/env bash
# run_short.sh TARGET SEEDS: a run of a fuzz target with the same random numbers each time, as short as a test should be.
set -euo pipefail
mkdir -p "$TEST_TMPDIR/corpus"
exec "$1" -runs=2000 -max_total_time=30 -seed=1 -timeout=20 -rss_limit_mb=2048 -max_len=20000 -artifact_prefix="$TEST_TMPDIR/" "$TEST_TMPDIR/corpus" "$2"
