#!/bin/bash
# mpi_conformance_test.sh BINARY LIBRARY RANKS shared|messages
set -euo pipefail
exec timeout 100 mpirun -np "$3" --oversubscribe --allow-run-as-root \
  "$PWD/$1" "$PWD/$2" "$4" --gtest_brief=1
