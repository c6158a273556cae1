#!/bin/bash
# mpi_conformance_test.sh BINARY LIBRARY RANKS WAY: see mpi_conformance.cc
set -uo pipefail
output=$(timeout 100 mpirun -np "$3" --oversubscribe --allow-run-as-root \
  "$PWD/$1" "$PWD/$2" "$4" --gtest_brief=1 2>&1)
code=$?
echo "$output"
# Whichever rank ends first decides about mpirun's exit code.
case $4 in *_abort) expected=42 ;; *) expected=0 ;; esac
[[ $code == "$expected" && $output != *FAILED* ]]
