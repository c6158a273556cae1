// RUN: mlc-opt %s --expand-math --split-input-file | FileCheck %s

// An exponential is a reduction by ln(2), a polynomial, and two powers of two. No function is called.
// CHECK-LABEL: @exponential
// CHECK-NOT: math.exp
// CHECK: math.fma {{.*}} : f32
// CHECK: arith.shli {{.*}} : i32
// CHECK: arith.bitcast {{.*}} : i32 to f32
// CHECK: return
func.func @exponential(%x: f32) -> f32 {
  %0 = math.exp %x : f32
  return %0 : f32
}

// -----

// Vectors stay vectors of their width.
// CHECK-LABEL: @vectors
// CHECK-NOT: math.log
// CHECK: arith.shrsi {{.*}} : vector<8xi64>
// CHECK: arith.divf {{.*}} : vector<8xf64>
// CHECK-NOT: math.log
// CHECK: return
func.func @vectors(%x: vector<8xf64>) -> vector<8xf64> {
  %0 = math.log %x : vector<8xf64>
  return %0 : vector<8xf64>
}

// -----

// f32's powers, and functions rarely needed in f32, are computed in f64 and rounded once.
// CHECK-LABEL: @through_double
// CHECK: arith.extf {{.*}} : vector<16xf32> to vector<16xf64>
// CHECK-NOT: math.{{(powf|tan|asinh)}}
// CHECK: arith.truncf {{.*}} : vector<16xf64> to vector<16xf32>
// CHECK: return
func.func @through_double(%x: vector<16xf32>) -> vector<16xf32> {
  %0 = math.powf %x, %x : vector<16xf32>
  %1 = math.tan %0 : vector<16xf32>
  %2 = math.asinh %1 : vector<16xf32>
  return %2 : vector<16xf32>
}

// -----

// What processors have stays.
// CHECK-LABEL: @instructions
// CHECK: math.sqrt
// CHECK: math.roundeven
// CHECK: math.floor
func.func @instructions(%x: f32) -> f32 {
  %0 = math.sqrt %x : f32
  %1 = math.roundeven %0 : f32
  %2 = math.floor %1 : f32
  return %2 : f32
}

// -----

// Nothing branches and nothing reads a table, so that loops vectorize.
// CHECK-LABEL: @branch_free
// CHECK-NOT: {{scf|cf\.|memref|call|math\.(sin|cos|erf|tanh)}}
// CHECK: return
func.func @branch_free(%x: f64) -> f64 {
  %0 = math.sin %x : f64
  %1 = math.cos %0 : f64
  %2 = math.erf %1 : f64
  %3 = math.tanh %2 : f64
  return %3 : f64
}
