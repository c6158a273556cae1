// RUN: mlc-opt %s --convert-integers-through-f32 | FileCheck %s

// Of integers only bf16 is made through f32.
// CHECK-LABEL: @integers
// CHECK: %[[F:.*]] = arith.sitofp %arg0 : i8 to f32
// CHECK-NEXT: %[[B:.*]] = arith.truncf %[[F]] : f32 to bf16
// CHECK-NEXT: %[[V:.*]] = arith.uitofp %arg1 : vector<4xi32> to vector<4xf32>
// CHECK-NEXT: %[[T:.*]] = arith.truncf %[[V]] : vector<4xf32> to vector<4xbf16>
// CHECK-NEXT: %[[H:.*]] = arith.sitofp %arg0 : i8 to f16
// CHECK-NEXT: return %[[B]], %[[T]], %[[H]]
func.func @integers(%a: i8, %b: vector<4xi32>) -> (bf16, vector<4xbf16>, f16) {
  %0 = arith.sitofp %a : i8 to bf16
  %1 = arith.uitofp %b : vector<4xi32> to vector<4xbf16>
  %2 = arith.sitofp %a : i8 to f16
  return %0, %1, %2 : bf16, vector<4xbf16>, f16
}
