// RUN: mlc-opt %s --decompose-attention | FileCheck %s

// CHECK-LABEL: @masked
// CHECK-NEXT: %[[S:.*]] = graph.contract %arg0, %arg1 {equation = "bhqd,bhkd->bhqk"}
// CHECK: %[[SCALED:.*]] = graph.mul %[[S]]
// CHECK: %[[MASKED:.*]] = graph.add %[[SCALED]], %arg3
// CHECK: %[[P:.*]] = graph.softmax %[[MASKED]] {axis = 3
// CHECK: %[[R:.*]] = graph.contract %[[P]], %arg2 {equation = "bhqk,bhkd->bhqd"}
// CHECK: return %[[R]]
func.func @masked(%q: tensor<1x2x3x4xf32>, %k: tensor<1x2x5x4xf32>, %v: tensor<1x2x5x6xf32>, %m: tensor<3x5xf32>) -> tensor<1x2x3x6xf32> {
  %0 = graph.attention %q, %k, %v, %m {scale = 0.5 : f64} : (tensor<1x2x3x4xf32>, tensor<1x2x5x4xf32>, tensor<1x2x5x6xf32>, tensor<3x5xf32>) -> tensor<1x2x3x6xf32>
  return %0 : tensor<1x2x3x6xf32>
}

// Two queries' heads share one of the keys.
// CHECK-LABEL: @grouped_causal
// CHECK: graph.reshape %arg0 : (tensor<1x4x3x4xf32>) -> tensor<1x2x2x3x4xf32>
// CHECK: graph.contract {{.*}} {equation = "bhgqd,bhkd->bhgqk"}
// CHECK: graph.iota
// CHECK: graph.iota
// CHECK: graph.select
// CHECK: graph.softmax {{.*}} {axis = 4
// CHECK: graph.contract {{.*}} {equation = "bhgqk,bhkd->bhgqd"}
func.func @grouped_causal(%q: tensor<1x4x3x4xf32>, %k: tensor<1x2x5x4xf32>, %v: tensor<1x2x5x6xf32>) -> tensor<1x4x3x6xf32> {
  %0 = graph.attention %q, %k, %v {causal = true, scale = 0.5 : f64} : (tensor<1x4x3x4xf32>, tensor<1x2x5x4xf32>, tensor<1x2x5x6xf32>) -> tensor<1x4x3x6xf32>
  return %0 : tensor<1x4x3x6xf32>
}
