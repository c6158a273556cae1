#!/bin/sh
# A GoogleTest binary without tests fails: gtest_main_test.sh BINARY
if "$1" 2>"$TEST_TMPDIR/errors"; then
  echo "a binary without tests succeeded"
  exit 1
fi
grep "no test ran" "$TEST_TMPDIR/errors"
