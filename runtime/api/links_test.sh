#!/bin/sh
# The runtime runs where no compiler is: its shared object needs neither LLVM, MLIR, protobuf nor MPI.
set -eu
library=$1
needed=$(ldd "$library" | awk '{ print $1 }')
echo "$needed" | grep -q libtbb || { echo "cannot read what $library needs"; exit 1; }
if echo "$needed" | grep -Ei 'llvm|mlir|lld|protobuf|onnx|mpi'; then
  echo "$library must not need these"
  exit 1
fi
for symbol in mlc_open mlc_run mlc_close; do
  readelf --dyn-syms --wide "$library" | grep -qw "$symbol" || { echo "$library lacks $symbol"; exit 1; }
done
