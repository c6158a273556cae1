#!/bin/sh
# Runs a Python test with the private Python: run_python.sh PYTHON TEST.py. The tools and models are in the runfiles.
set -eu
# The link in the runfiles points into the environment, whose packages Python finds from its own path.
python=$(readlink "$1")
MLC_RUNFILES=$PWD
MLC_CACHE=$TEST_TMPDIR/cache
export MLC_RUNFILES MLC_CACHE
exec "$python" -B "$2" -v
