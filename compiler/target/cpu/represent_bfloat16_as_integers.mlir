// RUN: mlc-opt %s --represent-bfloat16-as-integers | FileCheck %s

// No bf16 is left: constants are their bits, casts of bits are nothing.
// CHECK-LABEL: llvm.func @moves
// CHECK-NOT: bf16
// CHECK: %[[ONE:.*]] = llvm.mlir.constant(16256 : i16) : i16
// CHECK: %[[TWO:.*]] = llvm.mlir.constant(dense<16384> : vector<2xi16>) : vector<2xi16>
// CHECK: %[[X:.*]] = llvm.load %arg0 : !llvm.ptr -> i16
// CHECK: %[[S:.*]] = llvm.select %arg1, %[[X]], %[[ONE]] : i1, i16
// CHECK: llvm.store %[[S]], %arg0 : i16, !llvm.ptr
// CHECK: llvm.store %[[TWO]], %arg0 : vector<2xi16>, !llvm.ptr
// CHECK: llvm.return %[[X]] : i16
llvm.func @moves(%p: !llvm.ptr, %c: i1) -> i16 {
  %one = llvm.mlir.constant(1.000000e+00 : bf16) : bf16
  %two = llvm.mlir.constant(dense<2.000000e+00> : vector<2xbf16>) : vector<2xbf16>
  %x = llvm.load %p : !llvm.ptr -> bf16
  %s = llvm.select %c, %x, %one : i1, bf16
  llvm.store %s, %p : bf16, !llvm.ptr
  llvm.store %two, %p : vector<2xbf16>, !llvm.ptr
  %i = llvm.bitcast %x : bf16 to i16
  llvm.return %i : i16
}
