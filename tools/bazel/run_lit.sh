#!/usr/bin/env bash
# Runs one .mlir test through lit, in a private folder, with the tools of this build.
set -euo pipefail
test_file=$PWD/$1
root=$PWD
work=$(mktemp -d "${TEST_TMPDIR:-/tmp}/lit.XXXXXX")
cp tools/bazel/lit.cfg.py "$work/lit.cfg.py"
cp -L "$test_file" "$work/"
export MLC_TOOLS="$root/tools" PYTHONPATH=/usr/lib/llvm-22/utils/lit PYTHONDONTWRITEBYTECODE=1
exec /usr/bin/python3 -c 'from lit.main import main; main()' -v "$work/$(basename "$1")"
