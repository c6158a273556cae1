// RUN: mlc-opt %s --decompose-attention | FileCheck %s

// CHECK-LABEL: @masked
// CHECK-NEXT: %[[S:.*]] = graph.contract %arg0, %arg1 {equation = "bhqd,bhkd->bhqk"}
// CHECK-NEXT: %[[SCALE:.*]] = graph.constant dense<5.000000e-01> : tensor<f32>
// CHECK-NEXT: %[[SCALED:.*]] = graph.mul %[[S]], %[[SCALE]]
// CHECK-NEXT: %[[MASKED:.*]] = graph.add %[[SCALED]], %arg3
// CHECK-NEXT: %[[P:.*]] = graph.softmax %[[MASKED]] {axis = 3 : i64}
// CHECK-NEXT: %[[R:.*]] = graph.contract %[[P]], %arg2 {equation = "bhqk,bhkd->bhqd"}
// CHECK-NEXT: return %[[R]]
func.func @masked(%q: tensor<1x2x3x4xf32>, %k: tensor<1x2x5x4xf32>, %v: tensor<1x2x5x6xf32>, %m: tensor<3x5xf32>) -> tensor<1x2x3x6xf32> {
  %0 = graph.attention %q, %k, %v, %m {scale = 0.5 : f64} : (tensor<1x2x3x4xf32>, tensor<1x2x5x4xf32>, tensor<1x2x5x6xf32>, tensor<3x5xf32>) -> tensor<1x2x3x6xf32>
  return %0 : tensor<1x2x3x6xf32>
}

// Two queries' heads share one of the keys. Query i sees keys up to i + 5 - 3. (Predicate 3 is le.)
// CHECK-LABEL: @grouped_causal
// CHECK-NEXT: %[[Q:.*]] = graph.reshape %arg0 : (tensor<1x4x3x4xf32>) -> tensor<1x2x2x3x4xf32>
// CHECK-NEXT: %[[S:.*]] = graph.contract %[[Q]], %arg1 {equation = "bhgqd,bhkd->bhgqk"}
// CHECK-NEXT: %[[SCALE:.*]] = graph.constant dense<5.000000e-01> : tensor<f32>
// CHECK-NEXT: %[[SCALED:.*]] = graph.mul %[[S]], %[[SCALE]]
// CHECK-NEXT: %[[KEY:.*]] = graph.iota {axis = 1 : i64} : () -> tensor<1x5xi64>
// CHECK-NEXT: %[[QUERY:.*]] = graph.iota {axis = 0 : i64} : () -> tensor<3x1xi64>
// CHECK-NEXT: %[[BEFORE:.*]] = graph.size <"2">
// CHECK-NEXT: %[[LAST:.*]] = graph.add %[[QUERY]], %[[BEFORE]]
// CHECK-NEXT: %[[VISIBLE:.*]] = graph.compare %[[KEY]], %[[LAST]] {predicate = 3 : i32}
// CHECK-NEXT: %[[HIDDEN:.*]] = graph.constant dense<0xFF800000> : tensor<f32>
// CHECK-NEXT: %[[SEEN:.*]] = graph.select %[[VISIBLE]], %[[SCALED]], %[[HIDDEN]]
// CHECK-NEXT: %[[P:.*]] = graph.softmax %[[SEEN]] {axis = 4 : i64}
// CHECK-NEXT: %[[R:.*]] = graph.contract %[[P]], %arg2 {equation = "bhgqk,bhkd->bhgqd"}
// CHECK-NEXT: %[[HEADS:.*]] = graph.reshape %[[R]]
// CHECK-NEXT: return %[[HEADS]]
func.func @grouped_causal(%q: tensor<1x4x3x4xf32>, %k: tensor<1x2x5x4xf32>, %v: tensor<1x2x5x6xf32>) -> tensor<1x4x3x6xf32> {
  %0 = graph.attention %q, %k, %v {causal = true, scale = 0.5 : f64} : (tensor<1x4x3x4xf32>, tensor<1x2x5x4xf32>, tensor<1x2x5x6xf32>) -> tensor<1x4x3x6xf32>
  return %0 : tensor<1x4x3x6xf32>
}

// Scores are the fill where they are not kept, before the mask is added; those of f16 are f32.
// CHECK-LABEL: @kept
// CHECK-NEXT: %[[Q:.*]] = graph.cast %arg0 : {{.*}} -> tensor<1x4x3x4xf32>
// CHECK-NEXT: %[[QG:.*]] = graph.reshape %[[Q]]
// CHECK-NEXT: %[[K:.*]] = graph.cast %arg1 : {{.*}} -> tensor<1x2x5x4xf32>
// CHECK-NEXT: %[[S:.*]] = graph.contract %[[QG]], %[[K]] {equation = "bhgqd,bhkd->bhgqk"}
// CHECK-NEXT: graph.constant
// CHECK-NEXT: %[[SCALED:.*]] = graph.mul %[[S]]
// CHECK-NEXT: %[[KEEP:.*]] = graph.reshape %arg4 : (tensor<4x3x5xi1>) -> tensor<1x2x2x3x5xi1>
// CHECK-NEXT: %[[FILL:.*]] = graph.constant dense<-1.000000e+02> : tensor<f32>
// CHECK-NEXT: %[[KEPT:.*]] = graph.select %[[KEEP]], %[[SCALED]], %[[FILL]]
// CHECK-NEXT: %[[M:.*]] = graph.cast %arg3 : (tensor<3x5xf16>) -> tensor<3x5xf32>
// CHECK-NEXT: %[[MG:.*]] = graph.reshape %[[M]] : (tensor<3x5xf32>) -> tensor<1x1x1x3x5xf32>
// CHECK-NEXT: %[[MASKED:.*]] = graph.add %[[KEPT]], %[[MG]]
// CHECK-NEXT: %[[P:.*]] = graph.softmax %[[MASKED]] {axis = 4 : i64, zero_masked = true}
// CHECK-NEXT: %[[V:.*]] = graph.cast %arg2 : {{.*}} -> tensor<1x2x5x6xf32>
// CHECK-NEXT: %[[R:.*]] = graph.contract %[[P]], %[[V]] {equation = "bhgqk,bhkd->bhgqd"}
// CHECK-NEXT: %[[HEADS:.*]] = graph.reshape %[[R]]
// CHECK-NEXT: %[[ROUNDED:.*]] = graph.cast %[[HEADS]] : (tensor<1x4x3x6xf32>) -> tensor<1x4x3x6xf16>
// CHECK-NEXT: return %[[ROUNDED]]
func.func @kept(%q: tensor<1x4x3x4xf16>, %k: tensor<1x2x5x4xf16>, %v: tensor<1x2x5x6xf16>, %m: tensor<3x5xf16>, %keep: tensor<4x3x5xi1>) -> tensor<1x4x3x6xf16> {
  %0 = graph.attention %q, %k, %v, %m keep %keep {scale = 0.5 : f64, fill = -100.0 : f64, zero_masked = true} : (tensor<1x4x3x4xf16>, tensor<1x2x5x4xf16>, tensor<1x2x5x6xf16>, tensor<3x5xf16>, tensor<4x3x5xi1>) -> tensor<1x4x3x6xf16>
  return %0 : tensor<1x4x3x6xf16>
}

// Contractions read keys and values as they lie, as those of a state; their transposes go.
// CHECK-LABEL: @transposed
// CHECK-NEXT: graph.contract %arg0, %arg1 {equation = "bhqd,kbhd->bhqk"}
// CHECK: graph.contract %{{.*}}, %arg2 {equation = "bhqk,kbhd->bhqd"}
// CHECK-NOT: graph.transpose
// CHECK: return
func.func @transposed(%q: tensor<1x2x3x4xf32>, %k: tensor<5x1x2x4xf32>, %v: tensor<5x1x2x6xf32>) -> tensor<1x2x3x6xf32> {
  %kt = graph.transpose %k {permutation = array<i64: 1, 2, 0, 3>} : (tensor<5x1x2x4xf32>) -> tensor<1x2x5x4xf32>
  %vt = graph.transpose %v {permutation = array<i64: 1, 2, 0, 3>} : (tensor<5x1x2x6xf32>) -> tensor<1x2x5x6xf32>
  %0 = graph.attention %q, %kt, %vt {scale = 0.5 : f64} : (tensor<1x2x3x4xf32>, tensor<1x2x5x4xf32>, tensor<1x2x5x6xf32>) -> tensor<1x2x3x6xf32>
  return %0 : tensor<1x2x3x6xf32>
}
