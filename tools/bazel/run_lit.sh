#!/usr/bin/env bash
# Runs one .mlir test through lit, in a private folder, with the tools of this build.
set -euo pipefail
test_file=$PWD/$1
root=$PWD
work=$(mktemp -d "${TEST_TMPDIR:-/tmp}/lit.XXXXXX")
cp tools/bazel/lit.cfg.py "$work/lit.cfg.py"
cp -L "$test_file" "$work/"
MLC_TOOLS="$root/tools" exec /usr/bin/python3 /usr/lib/llvm-22/build/utils/lit/lit.py -v "$work/$(basename "$1")"
