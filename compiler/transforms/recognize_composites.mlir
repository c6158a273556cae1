// RUN: mlc-opt %s --recognize-composites --canonicalize --split-input-file | FileCheck %s

// CHECK-LABEL: @gelu_exported_by_pytorch
// CHECK-NEXT: %[[R:.*]] = graph.gelu %arg0
// CHECK-NEXT: return %[[R]]
func.func @gelu_exported_by_pytorch(%x: tensor<2x5x8xf32>) -> tensor<2x5x8xf32> {
  %s = graph.constant dense<1.41421354> : tensor<f32>
  %one = graph.constant dense<1.0> : tensor<f32>
  %h = graph.constant dense<0.5> : tensor<f32>
  %0 = graph.div %x, %s : (tensor<2x5x8xf32>, tensor<f32>) -> tensor<2x5x8xf32>
  %1 = graph.erf %0 : (tensor<2x5x8xf32>) -> tensor<2x5x8xf32>
  %2 = graph.add %1, %one : (tensor<2x5x8xf32>, tensor<f32>) -> tensor<2x5x8xf32>
  %3 = graph.mul %x, %2 : (tensor<2x5x8xf32>, tensor<2x5x8xf32>) -> tensor<2x5x8xf32>
  %4 = graph.mul %3, %h : (tensor<2x5x8xf32>, tensor<f32>) -> tensor<2x5x8xf32>
  return %4 : tensor<2x5x8xf32>
}

// -----

// CHECK-LABEL: @gelu_halved_first
// CHECK-NEXT: %[[R:.*]] = graph.gelu %arg0
// CHECK-NEXT: return %[[R]]
func.func @gelu_halved_first(%x: tensor<2x5x8xf32>) -> tensor<2x5x8xf32> {
  %s = graph.constant dense<0.707106769> : tensor<f32>
  %one = graph.constant dense<1.0> : tensor<f32>
  %h = graph.constant dense<0.5> : tensor<f32>
  %0 = graph.mul %s, %x : (tensor<f32>, tensor<2x5x8xf32>) -> tensor<2x5x8xf32>
  %1 = graph.erf %0 : (tensor<2x5x8xf32>) -> tensor<2x5x8xf32>
  %2 = graph.add %one, %1 : (tensor<f32>, tensor<2x5x8xf32>) -> tensor<2x5x8xf32>
  %3 = graph.mul %h, %x : (tensor<f32>, tensor<2x5x8xf32>) -> tensor<2x5x8xf32>
  %4 = graph.mul %2, %3 : (tensor<2x5x8xf32>, tensor<2x5x8xf32>) -> tensor<2x5x8xf32>
  return %4 : tensor<2x5x8xf32>
}

// -----

// CHECK-LABEL: @gelu_of_a_scaled_value
// CHECK: %[[X:.*]] = graph.mul %arg0
// CHECK-NEXT: %[[R:.*]] = graph.gelu %[[X]]
// CHECK-NEXT: return %[[R]]
func.func @gelu_of_a_scaled_value(%x: tensor<2x5x8xf32>) -> tensor<2x5x8xf32> {
  %s = graph.constant dense<0.707106769> : tensor<f32>
  %one = graph.constant dense<1.0> : tensor<f32>
  %h = graph.constant dense<0.5> : tensor<f32>
  %three = graph.constant dense<3.0> : tensor<f32>
  %x3 = graph.mul %x, %three : (tensor<2x5x8xf32>, tensor<f32>) -> tensor<2x5x8xf32>
  %0 = graph.mul %x3, %s : (tensor<2x5x8xf32>, tensor<f32>) -> tensor<2x5x8xf32>
  %1 = graph.erf %0 : (tensor<2x5x8xf32>) -> tensor<2x5x8xf32>
  %2 = graph.add %1, %one : (tensor<2x5x8xf32>, tensor<f32>) -> tensor<2x5x8xf32>
  %3 = graph.mul %x3, %h : (tensor<2x5x8xf32>, tensor<f32>) -> tensor<2x5x8xf32>
  %4 = graph.mul %3, %2 : (tensor<2x5x8xf32>, tensor<2x5x8xf32>) -> tensor<2x5x8xf32>
  return %4 : tensor<2x5x8xf32>
}

// -----

// CHECK-LABEL: @not_quite_gelu
// CHECK-NOT: graph.gelu
// CHECK: graph.erf
func.func @not_quite_gelu(%x: tensor<2x5x8xf32>) -> tensor<2x5x8xf32> {
  %s = graph.constant dense<0.8> : tensor<f32>
  %one = graph.constant dense<1.0> : tensor<f32>
  %h = graph.constant dense<0.5> : tensor<f32>
  %0 = graph.mul %x, %s : (tensor<2x5x8xf32>, tensor<f32>) -> tensor<2x5x8xf32>
  %1 = graph.erf %0 : (tensor<2x5x8xf32>) -> tensor<2x5x8xf32>
  %2 = graph.add %1, %one : (tensor<2x5x8xf32>, tensor<f32>) -> tensor<2x5x8xf32>
  %3 = graph.mul %x, %h : (tensor<2x5x8xf32>, tensor<f32>) -> tensor<2x5x8xf32>
  %4 = graph.mul %3, %2 : (tensor<2x5x8xf32>, tensor<2x5x8xf32>) -> tensor<2x5x8xf32>
  return %4 : tensor<2x5x8xf32>
}

// -----

// CHECK-LABEL: @gelu_with_a_root_of_few_digits
// CHECK-NOT: graph.gelu
// CHECK: graph.erf
func.func @gelu_with_a_root_of_few_digits(%x: tensor<2x5x8xf32>) -> tensor<2x5x8xf32> {
  %s = graph.constant dense<0.70711> : tensor<f32>
  %one = graph.constant dense<1.0> : tensor<f32>
  %h = graph.constant dense<0.5> : tensor<f32>
  %0 = graph.mul %x, %s : (tensor<2x5x8xf32>, tensor<f32>) -> tensor<2x5x8xf32>
  %1 = graph.erf %0 : (tensor<2x5x8xf32>) -> tensor<2x5x8xf32>
  %2 = graph.add %1, %one : (tensor<2x5x8xf32>, tensor<f32>) -> tensor<2x5x8xf32>
  %3 = graph.mul %x, %h : (tensor<2x5x8xf32>, tensor<f32>) -> tensor<2x5x8xf32>
  %4 = graph.mul %3, %2 : (tensor<2x5x8xf32>, tensor<2x5x8xf32>) -> tensor<2x5x8xf32>
  return %4 : tensor<2x5x8xf32>
}

// -----

// CHECK-LABEL: @gelu_with_another_factor
// CHECK-NOT: graph.gelu
// CHECK: graph.erf
func.func @gelu_with_another_factor(%x: tensor<2x5x8xf32>) -> tensor<2x5x8xf32> {
  %s = graph.constant dense<0.707106769> : tensor<f32>
  %one = graph.constant dense<1.0> : tensor<f32>
  %h = graph.constant dense<0.5009> : tensor<f32>
  %0 = graph.mul %x, %s : (tensor<2x5x8xf32>, tensor<f32>) -> tensor<2x5x8xf32>
  %1 = graph.erf %0 : (tensor<2x5x8xf32>) -> tensor<2x5x8xf32>
  %2 = graph.add %1, %one : (tensor<2x5x8xf32>, tensor<f32>) -> tensor<2x5x8xf32>
  %3 = graph.mul %x, %h : (tensor<2x5x8xf32>, tensor<f32>) -> tensor<2x5x8xf32>
  %4 = graph.mul %3, %2 : (tensor<2x5x8xf32>, tensor<2x5x8xf32>) -> tensor<2x5x8xf32>
  return %4 : tensor<2x5x8xf32>
}

// -----

// CHECK-LABEL: @gelu_tanh_with_power
// CHECK-NEXT: %[[R:.*]] = graph.gelu %arg0 {tanh_approximation = true}
// CHECK-NEXT: return %[[R]]
func.func @gelu_tanh_with_power(%x: tensor<2x5x8xf32>) -> tensor<2x5x8xf32> {
  %a = graph.constant dense<0.044715> : tensor<f32>
  %k = graph.constant dense<0.797884583> : tensor<f32>
  %one = graph.constant dense<1.0> : tensor<f32>
  %h = graph.constant dense<0.5> : tensor<f32>
  %three = graph.constant dense<3.0> : tensor<f32>
  %0 = graph.pow %x, %three : (tensor<2x5x8xf32>, tensor<f32>) -> tensor<2x5x8xf32>
  %1 = graph.mul %0, %a : (tensor<2x5x8xf32>, tensor<f32>) -> tensor<2x5x8xf32>
  %2 = graph.add %x, %1 : (tensor<2x5x8xf32>, tensor<2x5x8xf32>) -> tensor<2x5x8xf32>
  %3 = graph.mul %2, %k : (tensor<2x5x8xf32>, tensor<f32>) -> tensor<2x5x8xf32>
  %4 = graph.tanh %3 : (tensor<2x5x8xf32>) -> tensor<2x5x8xf32>
  %5 = graph.add %4, %one : (tensor<2x5x8xf32>, tensor<f32>) -> tensor<2x5x8xf32>
  %6 = graph.mul %x, %h : (tensor<2x5x8xf32>, tensor<f32>) -> tensor<2x5x8xf32>
  %7 = graph.mul %6, %5 : (tensor<2x5x8xf32>, tensor<2x5x8xf32>) -> tensor<2x5x8xf32>
  return %7 : tensor<2x5x8xf32>
}

// -----

// CHECK-LABEL: @gelu_tanh_factored
// CHECK-NEXT: %[[R:.*]] = graph.gelu %arg0 {tanh_approximation = true}
// CHECK-NEXT: return %[[R]]
func.func @gelu_tanh_factored(%x: tensor<2x5x8xf32>) -> tensor<2x5x8xf32> {
  %a = graph.constant dense<0.044715> : tensor<f32>
  %k = graph.constant dense<0.797884583> : tensor<f32>
  %one = graph.constant dense<1.0> : tensor<f32>
  %h = graph.constant dense<0.5> : tensor<f32>
  %0 = graph.mul %x, %x : (tensor<2x5x8xf32>, tensor<2x5x8xf32>) -> tensor<2x5x8xf32>
  %1 = graph.mul %0, %a : (tensor<2x5x8xf32>, tensor<f32>) -> tensor<2x5x8xf32>
  %2 = graph.add %1, %one : (tensor<2x5x8xf32>, tensor<f32>) -> tensor<2x5x8xf32>
  %3 = graph.mul %x, %k : (tensor<2x5x8xf32>, tensor<f32>) -> tensor<2x5x8xf32>
  %4 = graph.mul %3, %2 : (tensor<2x5x8xf32>, tensor<2x5x8xf32>) -> tensor<2x5x8xf32>
  %5 = graph.tanh %4 : (tensor<2x5x8xf32>) -> tensor<2x5x8xf32>
  %6 = graph.add %5, %one : (tensor<2x5x8xf32>, tensor<f32>) -> tensor<2x5x8xf32>
  %7 = graph.mul %6, %x : (tensor<2x5x8xf32>, tensor<2x5x8xf32>) -> tensor<2x5x8xf32>
  %8 = graph.mul %7, %h : (tensor<2x5x8xf32>, tensor<f32>) -> tensor<2x5x8xf32>
  return %8 : tensor<2x5x8xf32>
}

// -----

// CHECK-LABEL: @silu
// CHECK-NEXT: graph.silu %arg0
func.func @silu(%x: tensor<2x5x8xf32>) -> tensor<2x5x8xf32> {
  %0 = graph.sigmoid %x : (tensor<2x5x8xf32>) -> tensor<2x5x8xf32>
  %1 = graph.mul %0, %x : (tensor<2x5x8xf32>, tensor<2x5x8xf32>) -> tensor<2x5x8xf32>
  return %1 : tensor<2x5x8xf32>
}

// -----

// CHECK-LABEL: @silu_from_exp
// CHECK-NEXT: %[[R:.*]] = graph.silu %arg0
// CHECK-NEXT: return %[[R]]
func.func @silu_from_exp(%x: tensor<2x5x8xf32>) -> tensor<2x5x8xf32> {
  %one = graph.constant dense<1.0> : tensor<f32>
  %0 = graph.neg %x : (tensor<2x5x8xf32>) -> tensor<2x5x8xf32>
  %1 = graph.exp %0 : (tensor<2x5x8xf32>) -> tensor<2x5x8xf32>
  %2 = graph.add %1, %one : (tensor<2x5x8xf32>, tensor<f32>) -> tensor<2x5x8xf32>
  %3 = graph.div %x, %2 : (tensor<2x5x8xf32>, tensor<2x5x8xf32>) -> tensor<2x5x8xf32>
  return %3 : tensor<2x5x8xf32>
}

// -----

// CHECK-LABEL: @softmax
// CHECK-NEXT: %[[R:.*]] = graph.softmax %arg0 {axis = 2 : i64}
// CHECK-NEXT: return %[[R]]
func.func @softmax(%x: tensor<2x5x8xf32>) -> tensor<2x5x8xf32> {
  %0 = graph.reduce %x {kind = 2 : i32, axes = array<i64: 2>, keep_dims = true} : (tensor<2x5x8xf32>) -> tensor<2x5x1xf32>
  %1 = graph.sub %x, %0 : (tensor<2x5x8xf32>, tensor<2x5x1xf32>) -> tensor<2x5x8xf32>
  %2 = graph.exp %1 : (tensor<2x5x8xf32>) -> tensor<2x5x8xf32>
  %3 = graph.reduce %2 {kind = 0 : i32, axes = array<i64: 2>, keep_dims = true} : (tensor<2x5x8xf32>) -> tensor<2x5x1xf32>
  %4 = graph.div %2, %3 : (tensor<2x5x8xf32>, tensor<2x5x1xf32>) -> tensor<2x5x8xf32>
  return %4 : tensor<2x5x8xf32>
}

// -----

// The logarithm of a softmax that underflows is -infinity, that of a log softmax is not.
// CHECK-LABEL: @logarithm_of_softmax
// CHECK-NEXT: %[[S:.*]] = graph.softmax %arg0 {axis = 2 : i64}
// CHECK-NEXT: graph.log %[[S]]
func.func @logarithm_of_softmax(%x: tensor<2x5x8xf32>) -> tensor<2x5x8xf32> {
  %0 = graph.reduce %x {kind = 2 : i32, axes = array<i64: 2>, keep_dims = true} : (tensor<2x5x8xf32>) -> tensor<2x5x1xf32>
  %1 = graph.sub %x, %0 : (tensor<2x5x8xf32>, tensor<2x5x1xf32>) -> tensor<2x5x8xf32>
  %2 = graph.exp %1 : (tensor<2x5x8xf32>) -> tensor<2x5x8xf32>
  %3 = graph.reduce %2 {kind = 0 : i32, axes = array<i64: 2>, keep_dims = true} : (tensor<2x5x8xf32>) -> tensor<2x5x1xf32>
  %4 = graph.div %2, %3 : (tensor<2x5x8xf32>, tensor<2x5x1xf32>) -> tensor<2x5x8xf32>
  %5 = graph.log %4 : (tensor<2x5x8xf32>) -> tensor<2x5x8xf32>
  return %5 : tensor<2x5x8xf32>
}

// -----

// CHECK-LABEL: @softmax_that_overflows
// CHECK-NOT: graph.softmax
// CHECK: graph.div
func.func @softmax_that_overflows(%x: tensor<2x5x8xf32>) -> tensor<2x5x8xf32> {
  %0 = graph.exp %x : (tensor<2x5x8xf32>) -> tensor<2x5x8xf32>
  %1 = graph.reduce %0 {kind = 0 : i32, axes = array<i64: 2>, keep_dims = true} : (tensor<2x5x8xf32>) -> tensor<2x5x1xf32>
  %2 = graph.div %0, %1 : (tensor<2x5x8xf32>, tensor<2x5x1xf32>) -> tensor<2x5x8xf32>
  return %2 : tensor<2x5x8xf32>
}

// -----

// CHECK-LABEL: @layer_norm_with_division
// CHECK-DAG: %[[W:.*]] = graph.weight "w"
// CHECK-DAG: %[[B:.*]] = graph.weight "b"
// CHECK: %[[B1:.*]] = graph.reshape %[[B]] : (tensor<1x1x8xf32>) -> tensor<8xf32>
// CHECK: %[[R:.*]] = graph.layer_norm %arg0, %[[W]], %[[B1]] {axis = 2 : i64, epsilon = 9.99
// CHECK-NEXT: return %[[R]]
func.func @layer_norm_with_division(%x: tensor<2x5x8xf32>) -> tensor<2x5x8xf32> {
  %eps = graph.constant dense<1.0e-5> : tensor<f32>
  %w = graph.weight "w" : tensor<8xf32>
  %b = graph.weight "b" : tensor<1x1x8xf32>
  %m = graph.reduce %x {kind = 1 : i32, axes = array<i64: 2>, keep_dims = true} : (tensor<2x5x8xf32>) -> tensor<2x5x1xf32>
  %c = graph.sub %x, %m : (tensor<2x5x8xf32>, tensor<2x5x1xf32>) -> tensor<2x5x8xf32>
  %sq = graph.mul %c, %c : (tensor<2x5x8xf32>, tensor<2x5x8xf32>) -> tensor<2x5x8xf32>
  %v = graph.reduce %sq {kind = 1 : i32, axes = array<i64: 2>, keep_dims = true} : (tensor<2x5x8xf32>) -> tensor<2x5x1xf32>
  %ve = graph.add %v, %eps : (tensor<2x5x1xf32>, tensor<f32>) -> tensor<2x5x1xf32>
  %sd = graph.sqrt %ve : (tensor<2x5x1xf32>) -> tensor<2x5x1xf32>
  %n = graph.div %c, %sd : (tensor<2x5x8xf32>, tensor<2x5x1xf32>) -> tensor<2x5x8xf32>
  %s = graph.mul %n, %w : (tensor<2x5x8xf32>, tensor<8xf32>) -> tensor<2x5x8xf32>
  %r = graph.add %s, %b : (tensor<2x5x8xf32>, tensor<1x1x8xf32>) -> tensor<2x5x8xf32>
  return %r : tensor<2x5x8xf32>
}

// -----

// CHECK-LABEL: @layer_norm_with_reciprocal
// CHECK-DAG: %[[W:.*]] = graph.weight "w"
// CHECK-DAG: %[[B:.*]] = graph.weight "b"
// CHECK: %[[B1:.*]] = graph.reshape %[[B]] : (tensor<1x1x8xf32>) -> tensor<8xf32>
// CHECK: %[[R:.*]] = graph.layer_norm %arg0, %[[W]], %[[B1]] {axis = 2 : i64, epsilon = 9.99
// CHECK-NEXT: return %[[R]]
func.func @layer_norm_with_reciprocal(%x: tensor<2x5x8xf32>) -> tensor<2x5x8xf32> {
  %eps = graph.constant dense<1.0e-5> : tensor<f32>
  %w = graph.weight "w" : tensor<8xf32>
  %b = graph.weight "b" : tensor<1x1x8xf32>
  %m = graph.reduce %x {kind = 1 : i32, axes = array<i64: 2>, keep_dims = true} : (tensor<2x5x8xf32>) -> tensor<2x5x1xf32>
  %c = graph.sub %x, %m : (tensor<2x5x8xf32>, tensor<2x5x1xf32>) -> tensor<2x5x8xf32>
  %sq = graph.mul %c, %c : (tensor<2x5x8xf32>, tensor<2x5x8xf32>) -> tensor<2x5x8xf32>
  %v = graph.reduce %sq {kind = 1 : i32, axes = array<i64: 2>, keep_dims = true} : (tensor<2x5x8xf32>) -> tensor<2x5x1xf32>
  %ve = graph.add %v, %eps : (tensor<2x5x1xf32>, tensor<f32>) -> tensor<2x5x1xf32>
  %sd = graph.sqrt %ve : (tensor<2x5x1xf32>) -> tensor<2x5x1xf32>
  %rs = graph.reciprocal %sd : (tensor<2x5x1xf32>) -> tensor<2x5x1xf32>
  %n = graph.mul %c, %rs : (tensor<2x5x8xf32>, tensor<2x5x1xf32>) -> tensor<2x5x8xf32>
  %s = graph.mul %w, %n : (tensor<8xf32>, tensor<2x5x8xf32>) -> tensor<2x5x8xf32>
  %r = graph.add %b, %s : (tensor<1x1x8xf32>, tensor<2x5x8xf32>) -> tensor<2x5x8xf32>
  return %r : tensor<2x5x8xf32>
}

// -----

// CHECK-LABEL: @layer_norm_needs_the_mean_of_the_same_dims
// CHECK-NOT: graph.layer_norm
// CHECK: graph.rms_norm
func.func @layer_norm_needs_the_mean_of_the_same_dims(%x: tensor<2x5x8xf32>) -> tensor<2x5x8xf32> {
  %eps = graph.constant dense<1.0e-5> : tensor<f32>
  %w = graph.weight "w" : tensor<8xf32>
  %b = graph.weight "b" : tensor<1x1x8xf32>
  %m = graph.reduce %x {kind = 1 : i32, axes = array<i64: 1>, keep_dims = true} : (tensor<2x5x8xf32>) -> tensor<2x1x8xf32>
  %c = graph.sub %x, %m : (tensor<2x5x8xf32>, tensor<2x1x8xf32>) -> tensor<2x5x8xf32>
  %sq = graph.mul %c, %c : (tensor<2x5x8xf32>, tensor<2x5x8xf32>) -> tensor<2x5x8xf32>
  %v = graph.reduce %sq {kind = 1 : i32, axes = array<i64: 2>, keep_dims = true} : (tensor<2x5x8xf32>) -> tensor<2x5x1xf32>
  %ve = graph.add %v, %eps : (tensor<2x5x1xf32>, tensor<f32>) -> tensor<2x5x1xf32>
  %sd = graph.sqrt %ve : (tensor<2x5x1xf32>) -> tensor<2x5x1xf32>
  %n = graph.div %c, %sd : (tensor<2x5x8xf32>, tensor<2x5x1xf32>) -> tensor<2x5x8xf32>
  return %n : tensor<2x5x8xf32>
}

// -----

// CHECK-LABEL: @rms_norm
// CHECK-NEXT: %[[W:.*]] = graph.weight "w"
// CHECK-NEXT: %[[R:.*]] = graph.rms_norm %arg0, %[[W]] {axis = 2 : i64, epsilon = 9.99
// CHECK-NEXT: return %[[R]]
func.func @rms_norm(%x: tensor<2x5x8xf32>) -> tensor<2x5x8xf32> {
  %eps = graph.constant dense<1.0e-6> : tensor<f32>
  %w = graph.weight "w" : tensor<8xf32>
  %sq = graph.mul %x, %x : (tensor<2x5x8xf32>, tensor<2x5x8xf32>) -> tensor<2x5x8xf32>
  %v = graph.reduce %sq {kind = 1 : i32, axes = array<i64: 2>, keep_dims = true} : (tensor<2x5x8xf32>) -> tensor<2x5x1xf32>
  %ve = graph.add %v, %eps : (tensor<2x5x1xf32>, tensor<f32>) -> tensor<2x5x1xf32>
  %rs = graph.rsqrt %ve : (tensor<2x5x1xf32>) -> tensor<2x5x1xf32>
  %n = graph.mul %x, %rs : (tensor<2x5x8xf32>, tensor<2x5x1xf32>) -> tensor<2x5x8xf32>
  %s = graph.mul %w, %n : (tensor<8xf32>, tensor<2x5x8xf32>) -> tensor<2x5x8xf32>
  return %s : tensor<2x5x8xf32>
}

// -----

// CHECK-LABEL: @attention_with_scaled_scores
// CHECK-NEXT: %[[Q:.*]] = graph.transpose %arg0 {permutation = array<i64: 0, 2, 1, 3>}
// CHECK-NEXT: %[[K:.*]] = graph.transpose %arg1 {permutation = array<i64: 0, 2, 1, 3>}
// CHECK-NEXT: %[[V:.*]] = graph.transpose %arg2 {permutation = array<i64: 0, 2, 1, 3>}
// CHECK-NEXT: %[[R:.*]] = graph.attention %[[Q]], %[[K]], %[[V]], %arg3 {scale = 1.250000e-01 : f64}
// CHECK-NEXT: %[[T:.*]] = graph.transpose %[[R]] {permutation = array<i64: 0, 2, 1, 3>}
// CHECK-NEXT: return %[[T]]
func.func @attention_with_scaled_scores(%q: tensor<2x5x12x32xf32>, %k: tensor<2x7x12x32xf32>, %v: tensor<2x7x12x32xf32>, %mask: tensor<2x1x1x7xf32>) -> tensor<2x5x12x32xf32> {
  %e = graph.constant dense<8.0> : tensor<f32>
  %0 = graph.contract %q, %k {equation = "bshd,bthd->bhst"} : (tensor<2x5x12x32xf32>, tensor<2x7x12x32xf32>) -> tensor<2x12x5x7xf32>
  %1 = graph.div %0, %e : (tensor<2x12x5x7xf32>, tensor<f32>) -> tensor<2x12x5x7xf32>
  %2 = graph.add %1, %mask : (tensor<2x12x5x7xf32>, tensor<2x1x1x7xf32>) -> tensor<2x12x5x7xf32>
  %3 = graph.softmax %2 {axis = 3 : i64} : (tensor<2x12x5x7xf32>) -> tensor<2x12x5x7xf32>
  %4 = graph.contract %3, %v {equation = "bhst,bthd->bshd"} : (tensor<2x12x5x7xf32>, tensor<2x7x12x32xf32>) -> tensor<2x5x12x32xf32>
  return %4 : tensor<2x5x12x32xf32>
}

// -----

// CHECK-LABEL: @attention_with_scaled_query_and_key
// CHECK-NEXT: %[[Q:.*]] = graph.transpose %arg0 {permutation = array<i64: 0, 2, 1, 3>}
// CHECK-NEXT: %[[K:.*]] = graph.transpose %arg1 {permutation = array<i64: 0, 2, 1, 3>}
// CHECK-NEXT: %[[V:.*]] = graph.transpose %arg2 {permutation = array<i64: 0, 2, 1, 3>}
// CHECK-NEXT: %[[R:.*]] = graph.attention %[[Q]], %[[K]], %[[V]], %arg3 {scale = 1.250000e-01 : f64}
// CHECK-NEXT: %[[T:.*]] = graph.transpose %[[R]] {permutation = array<i64: 0, 2, 1, 3>}
// CHECK-NEXT: return %[[T]]
func.func @attention_with_scaled_query_and_key(%q: tensor<2x5x12x32xf32>, %k: tensor<2x7x12x32xf32>, %v: tensor<2x7x12x32xf32>, %mask: tensor<2x1x1x7xf32>) -> tensor<2x5x12x32xf32> {
  %h = graph.constant dense<0.5> : tensor<f32>
  %q4 = graph.constant dense<0.25> : tensor<f32>
  %qs = graph.mul %q, %h : (tensor<2x5x12x32xf32>, tensor<f32>) -> tensor<2x5x12x32xf32>
  %ks = graph.mul %k, %q4 : (tensor<2x7x12x32xf32>, tensor<f32>) -> tensor<2x7x12x32xf32>
  %0 = graph.contract %qs, %ks {equation = "xyzw,xazw->xzya"} : (tensor<2x5x12x32xf32>, tensor<2x7x12x32xf32>) -> tensor<2x12x5x7xf32>
  %2 = graph.add %mask, %0 : (tensor<2x1x1x7xf32>, tensor<2x12x5x7xf32>) -> tensor<2x12x5x7xf32>
  %3 = graph.softmax %2 {axis = 3 : i64} : (tensor<2x12x5x7xf32>) -> tensor<2x12x5x7xf32>
  %4 = graph.contract %v, %3 {equation = "mnop,moqn->mqop"} : (tensor<2x7x12x32xf32>, tensor<2x12x5x7xf32>) -> tensor<2x5x12x32xf32>
  return %4 : tensor<2x5x12x32xf32>
}

// -----

// CHECK-LABEL: @attention_with_scaled_transposed_key
// CHECK-NEXT: %[[Q:.*]] = graph.transpose %arg0 {permutation = array<i64: 0, 2, 1, 3>}
// CHECK-NEXT: %[[K:.*]] = graph.transpose %arg1 {permutation = array<i64: 0, 2, 1, 3>}
// CHECK-NEXT: %[[V:.*]] = graph.transpose %arg2 {permutation = array<i64: 0, 2, 1, 3>}
// CHECK-NEXT: %[[R:.*]] = graph.attention %[[Q]], %[[K]], %[[V]], %arg3 {scale = 1.250000e-01 : f64}
// CHECK-NEXT: %[[T:.*]] = graph.transpose %[[R]] {permutation = array<i64: 0, 2, 1, 3>}
// CHECK-NEXT: return %[[T]]
func.func @attention_with_scaled_transposed_key(%q: tensor<2x5x12x32xf32>, %k: tensor<2x7x12x32xf32>, %v: tensor<2x7x12x32xf32>, %mask: tensor<2x1x1x7xf32>) -> tensor<2x5x12x32xf32> {
  %h = graph.constant dense<0.5> : tensor<f32>
  %q4 = graph.constant dense<0.25> : tensor<f32>
  %qs = graph.mul %q, %h : (tensor<2x5x12x32xf32>, tensor<f32>) -> tensor<2x5x12x32xf32>
  %kt = graph.transpose %k {permutation = array<i64: 0, 2, 3, 1>} : (tensor<2x7x12x32xf32>) -> tensor<2x12x32x7xf32>
  %ks = graph.mul %kt, %q4 : (tensor<2x12x32x7xf32>, tensor<f32>) -> tensor<2x12x32x7xf32>
  %wide = graph.broadcast %mask : (tensor<2x1x1x7xf32>) -> tensor<2x1x5x7xf32>
  %0 = graph.contract %qs, %ks {equation = "bshd,bhdt->bhst"} : (tensor<2x5x12x32xf32>, tensor<2x12x32x7xf32>) -> tensor<2x12x5x7xf32>
  %2 = graph.add %0, %wide : (tensor<2x12x5x7xf32>, tensor<2x1x5x7xf32>) -> tensor<2x12x5x7xf32>
  %3 = graph.softmax %2 {axis = 3 : i64} : (tensor<2x12x5x7xf32>) -> tensor<2x12x5x7xf32>
  %4 = graph.contract %3, %v {equation = "bhst,bthd->bshd"} : (tensor<2x12x5x7xf32>, tensor<2x7x12x32xf32>) -> tensor<2x5x12x32xf32>
  return %4 : tensor<2x5x12x32xf32>
}

// -----

// The number takes the scores' place: it is not added to them.
// CHECK-LABEL: @attention_with_select
// CHECK: %[[R:.*]] = graph.attention %{{.*}}, %{{.*}}, %{{.*}} keep %arg3 {fill = -3.4028234663852886E+38 : f64, scale = 1.000000e+00 : f64}
// CHECK-NEXT: return %[[R]]
func.func @attention_with_select(%q: tensor<2x5x12x32xf32>, %k: tensor<2x7x12x32xf32>, %v: tensor<2x7x12x32xf32>, %seen: tensor<1x1x5x7xi1>) -> tensor<2x12x5x32xf32> {
  %low = graph.constant dense<-3.40282347E+38> : tensor<f32>
  %0 = graph.contract %q, %k {equation = "bshd,bthd->bhst"} : (tensor<2x5x12x32xf32>, tensor<2x7x12x32xf32>) -> tensor<2x12x5x7xf32>
  %1 = graph.select %seen, %0, %low : (tensor<1x1x5x7xi1>, tensor<2x12x5x7xf32>, tensor<f32>) -> tensor<2x12x5x7xf32>
  %3 = graph.softmax %1 {axis = 3 : i64} : (tensor<2x12x5x7xf32>) -> tensor<2x12x5x7xf32>
  %4 = graph.contract %3, %v {equation = "bhst,bthd->bhsd"} : (tensor<2x12x5x7xf32>, tensor<2x7x12x32xf32>) -> tensor<2x12x5x32xf32>
  return %4 : tensor<2x12x5x32xf32>
}

// -----

// CHECK-LABEL: @attention_with_two_selects
// CHECK: %[[B:.*]] = graph.not %arg4
// CHECK: %[[K:.*]] = graph.and %arg3, %[[B]]
// CHECK: graph.attention %arg0, %arg1, %arg2 keep %[[K]] {fill = -1.000000e+04 : f64, scale = 1.000000e+00 : f64}
func.func @attention_with_two_selects(%q: tensor<2x12x5x32xf32>, %k: tensor<2x12x7x32xf32>, %v: tensor<2x12x7x32xf32>, %a: tensor<1x1x5x7xi1>, %b: tensor<2x1x1x7xi1>, %mask: tensor<2x1x1x7xf32>) -> tensor<2x12x5x32xf32> {
  %low = graph.constant dense<-1.0e4> : tensor<f32>
  %lower = graph.constant dense<-1.0e5> : tensor<f32>
  %0 = graph.contract %q, %k {equation = "bhsd,bhtd->bhst"} : (tensor<2x12x5x32xf32>, tensor<2x12x7x32xf32>) -> tensor<2x12x5x7xf32>
  %1 = graph.select %a, %0, %low : (tensor<1x1x5x7xi1>, tensor<2x12x5x7xf32>, tensor<f32>) -> tensor<2x12x5x7xf32>
  %7 = graph.select %b, %low, %1 : (tensor<2x1x1x7xi1>, tensor<f32>, tensor<2x12x5x7xf32>) -> tensor<2x12x5x7xf32>
  %8 = graph.softmax %7 {axis = 3 : i64} : (tensor<2x12x5x7xf32>) -> tensor<2x12x5x7xf32>
  %9 = graph.contract %8, %v {equation = "bhst,bhtd->bhsd"} : (tensor<2x12x5x7xf32>, tensor<2x12x7x32xf32>) -> tensor<2x12x5x32xf32>
  return %9 : tensor<2x12x5x32xf32>
}

// -----

// What was added is replaced too; what is added later is not.
// CHECK-LABEL: @attention_with_select_of_sums
// CHECK: %[[I:.*]] = graph.select %arg3, %arg5, %
// CHECK: %[[M:.*]] = graph.add %[[I]], %arg5
// CHECK: graph.attention %arg0, %arg1, %arg2, %[[M]] keep %arg3 {fill = -1.000000e+04 : f64, scale = 1.000000e+00 : f64}
func.func @attention_with_select_of_sums(%q: tensor<2x12x5x32xf32>, %k: tensor<2x12x7x32xf32>, %v: tensor<2x12x7x32xf32>, %a: tensor<1x1x5x7xi1>, %b: tensor<2x1x1x7xi1>, %mask: tensor<2x1x1x7xf32>) -> tensor<2x12x5x32xf32> {
  %low = graph.constant dense<-1.0e4> : tensor<f32>
  %lower = graph.constant dense<-1.0e5> : tensor<f32>
  %0 = graph.contract %q, %k {equation = "bhsd,bhtd->bhst"} : (tensor<2x12x5x32xf32>, tensor<2x12x7x32xf32>) -> tensor<2x12x5x7xf32>
  %1 = graph.add %0, %mask : (tensor<2x12x5x7xf32>, tensor<2x1x1x7xf32>) -> tensor<2x12x5x7xf32>
  %2 = graph.select %a, %1, %low : (tensor<1x1x5x7xi1>, tensor<2x12x5x7xf32>, tensor<f32>) -> tensor<2x12x5x7xf32>
  %7 = graph.add %mask, %2 : (tensor<2x1x1x7xf32>, tensor<2x12x5x7xf32>) -> tensor<2x12x5x7xf32>
  %8 = graph.softmax %7 {axis = 3 : i64} : (tensor<2x12x5x7xf32>) -> tensor<2x12x5x7xf32>
  %9 = graph.contract %8, %v {equation = "bhst,bhtd->bhsd"} : (tensor<2x12x5x7xf32>, tensor<2x12x7x32xf32>) -> tensor<2x12x5x32xf32>
  return %9 : tensor<2x12x5x32xf32>
}

// -----

// CHECK-LABEL: @selects_of_two_numbers_are_no_attention
// CHECK-NOT: graph.attention
// CHECK: graph.softmax
func.func @selects_of_two_numbers_are_no_attention(%q: tensor<2x12x5x32xf32>, %k: tensor<2x12x7x32xf32>, %v: tensor<2x12x7x32xf32>, %a: tensor<1x1x5x7xi1>, %b: tensor<2x1x1x7xi1>, %mask: tensor<2x1x1x7xf32>) -> tensor<2x12x5x32xf32> {
  %low = graph.constant dense<-1.0e4> : tensor<f32>
  %lower = graph.constant dense<-1.0e5> : tensor<f32>
  %0 = graph.contract %q, %k {equation = "bhsd,bhtd->bhst"} : (tensor<2x12x5x32xf32>, tensor<2x12x7x32xf32>) -> tensor<2x12x5x7xf32>
  %1 = graph.select %a, %0, %low : (tensor<1x1x5x7xi1>, tensor<2x12x5x7xf32>, tensor<f32>) -> tensor<2x12x5x7xf32>
  %7 = graph.select %b, %1, %lower : (tensor<2x1x1x7xi1>, tensor<2x12x5x7xf32>, tensor<f32>) -> tensor<2x12x5x7xf32>
  %8 = graph.softmax %7 {axis = 3 : i64} : (tensor<2x12x5x7xf32>) -> tensor<2x12x5x7xf32>
  %9 = graph.contract %8, %v {equation = "bhst,bhtd->bhsd"} : (tensor<2x12x5x7xf32>, tensor<2x12x7x32xf32>) -> tensor<2x12x5x32xf32>
  return %9 : tensor<2x12x5x32xf32>
}

// -----

// A batch of one is not a dim of key and value, as MatMul is imported.
// CHECK-LABEL: @attention_of_one_batch
// CHECK: %[[K:.*]] = graph.transpose %arg1 {permutation = array<i64: 0, 2, 1>}
// CHECK: %[[K4:.*]] = graph.reshape %[[K]] : (tensor<12x7x32xf32>) -> tensor<1x12x7x32xf32>
// CHECK: %[[V4:.*]] = graph.reshape %arg2 : (tensor<12x7x16xf32>) -> tensor<1x12x7x16xf32>
// CHECK: %[[R:.*]] = graph.attention %arg0, %[[K4]], %[[V4]] {scale = 1.000000e+00 : f64}
// CHECK-NEXT: return %[[R]]
func.func @attention_of_one_batch(%q: tensor<1x12x5x32xf32>, %k: tensor<12x32x7xf32>, %v: tensor<12x7x16xf32>) -> tensor<1x12x5x16xf32> {
  %0 = graph.contract %q, %k {equation = "abxz,bzy->abxy"} : (tensor<1x12x5x32xf32>, tensor<12x32x7xf32>) -> tensor<1x12x5x7xf32>
  %1 = graph.softmax %0 {axis = 3 : i64} : (tensor<1x12x5x7xf32>) -> tensor<1x12x5x7xf32>
  %2 = graph.contract %1, %v {equation = "abxz,bzy->abxy"} : (tensor<1x12x5x7xf32>, tensor<12x7x16xf32>) -> tensor<1x12x5x16xf32>
  return %2 : tensor<1x12x5x16xf32>
}

// -----

// CHECK-LABEL: @attention_of_one_head_and_one_query
// CHECK: graph.attention %arg0, %{{.*}}, %{{.*}} {scale = 1.000000e+00 : f64} : (tensor<2x1x1x32xf32>, tensor<2x1x7x32xf32>, tensor<2x1x7x16xf32>) -> tensor<2x1x1x16xf32>
func.func @attention_of_one_head_and_one_query(%q: tensor<2x1x1x32xf32>, %k: tensor<2x32x7xf32>, %v: tensor<2x7x16xf32>) -> tensor<2x1x1x16xf32> {
  %0 = graph.contract %q, %k {equation = "abxz,azy->abxy"} : (tensor<2x1x1x32xf32>, tensor<2x32x7xf32>) -> tensor<2x1x1x7xf32>
  %1 = graph.softmax %0 {axis = 3 : i64} : (tensor<2x1x1x7xf32>) -> tensor<2x1x1x7xf32>
  %2 = graph.contract %1, %v {equation = "abxz,azy->abxy"} : (tensor<2x1x1x7xf32>, tensor<2x7x16xf32>) -> tensor<2x1x1x16xf32>
  return %2 : tensor<2x1x1x16xf32>
}

// -----

// CHECK-LABEL: @attention_with_merged_heads
// CHECK: graph.attention %{{.*}} : (tensor<24x1x5x32xf32>, tensor<24x1x7x32xf32>, tensor<24x1x7x16xf32>) -> tensor<24x1x5x16xf32>
// CHECK-NEXT: %[[R:.*]] = graph.reshape
// CHECK-NEXT: return %[[R]]
func.func @attention_with_merged_heads(%q: tensor<24x5x32xf32>, %k: tensor<24x7x32xf32>, %v: tensor<24x7x16xf32>) -> tensor<24x5x16xf32> {
  %0 = graph.contract %q, %k {equation = "nsd,ntd->nst"} : (tensor<24x5x32xf32>, tensor<24x7x32xf32>) -> tensor<24x5x7xf32>
  %3 = graph.softmax %0 {axis = 2 : i64} : (tensor<24x5x7xf32>) -> tensor<24x5x7xf32>
  %4 = graph.contract %3, %v {equation = "nst,nte->nse"} : (tensor<24x5x7xf32>, tensor<24x7x16xf32>) -> tensor<24x5x16xf32>
  return %4 : tensor<24x5x16xf32>
}

// -----

// CHECK-LABEL: @softmax_over_queries_is_no_attention
// CHECK-NOT: graph.attention
// CHECK: graph.softmax
func.func @softmax_over_queries_is_no_attention(%q: tensor<2x5x12x32xf32>, %k: tensor<2x7x12x32xf32>, %v: tensor<2x7x12x32xf32>, %mask: tensor<2x1x1x7xf32>) -> tensor<2x5x12x32xf32> {
  %0 = graph.contract %q, %k {equation = "bshd,bthd->bhst"} : (tensor<2x5x12x32xf32>, tensor<2x7x12x32xf32>) -> tensor<2x12x5x7xf32>
  %3 = graph.softmax %0 {axis = 2 : i64} : (tensor<2x12x5x7xf32>) -> tensor<2x12x5x7xf32>
  %4 = graph.contract %3, %v {equation = "bhst,bthd->bshd"} : (tensor<2x12x5x7xf32>, tensor<2x7x12x32xf32>) -> tensor<2x5x12x32xf32>
  return %4 : tensor<2x5x12x32xf32>
}

// -----

// CHECK-LABEL: @attention_with_grouped_heads
// CHECK-NEXT: %[[R:.*]] = graph.attention %arg0, %arg1, %arg2 {scale = 1.000000e+00 : f64}
// CHECK-NEXT: return %[[R]]
func.func @attention_with_grouped_heads(%q: tensor<2x12x5x32xf32>, %k: tensor<2x3x7x32xf32>, %v: tensor<2x3x7x32xf32>) -> tensor<2x12x5x32xf32> {
  %k1 = graph.reshape %k : (tensor<2x3x7x32xf32>) -> tensor<2x3x1x7x32xf32>
  %k2 = graph.broadcast %k1 : (tensor<2x3x1x7x32xf32>) -> tensor<2x3x4x7x32xf32>
  %k3 = graph.reshape %k2 : (tensor<2x3x4x7x32xf32>) -> tensor<2x12x7x32xf32>
  %v1 = graph.reshape %v : (tensor<2x3x7x32xf32>) -> tensor<2x3x1x7x32xf32>
  %v2 = graph.broadcast %v1 : (tensor<2x3x1x7x32xf32>) -> tensor<2x3x4x7x32xf32>
  %v3 = graph.reshape %v2 : (tensor<2x3x4x7x32xf32>) -> tensor<2x12x7x32xf32>
  %0 = graph.contract %q, %k3 {equation = "bhsd,bhtd->bhst"} : (tensor<2x12x5x32xf32>, tensor<2x12x7x32xf32>) -> tensor<2x12x5x7xf32>
  %3 = graph.softmax %0 {axis = 3 : i64} : (tensor<2x12x5x7xf32>) -> tensor<2x12x5x7xf32>
  %4 = graph.contract %3, %v3 {equation = "bhst,bhtd->bhsd"} : (tensor<2x12x5x7xf32>, tensor<2x12x7x32xf32>) -> tensor<2x12x5x32xf32>
  return %4 : tensor<2x12x5x32xf32>
}

// -----

// CHECK-LABEL: @rotary_embedding
// CHECK-NEXT: %[[C:.*]] = graph.cos %arg1
// CHECK-NEXT: %[[S:.*]] = graph.sin %arg1
// CHECK-NEXT: %[[R:.*]] = graph.rotary_embedding %arg0, %[[C]], %[[S]]
// CHECK-NEXT: return %[[R]]
func.func @rotary_embedding(%x: tensor<2x5x8xf32>, %f: tensor<5x4xf32>) -> tensor<2x5x8xf32> {
  %ff = graph.concat %f, %f {axis = 1 : i64} : (tensor<5x4xf32>, tensor<5x4xf32>) -> tensor<5x8xf32>
  %cos = graph.cos %ff : (tensor<5x8xf32>) -> tensor<5x8xf32>
  %sin = graph.sin %ff : (tensor<5x8xf32>) -> tensor<5x8xf32>
  %lo = graph.slice %x {starts = #graph.dims<"0", "0", "0">, steps = array<i64: 1, 1, 1>} : (tensor<2x5x8xf32>) -> tensor<2x5x4xf32>
  %hi = graph.slice %x {starts = #graph.dims<"0", "0", "4">, steps = array<i64: 1, 1, 1>} : (tensor<2x5x8xf32>) -> tensor<2x5x4xf32>
  %nh = graph.neg %hi : (tensor<2x5x4xf32>) -> tensor<2x5x4xf32>
  %rot = graph.concat %nh, %lo {axis = 2 : i64} : (tensor<2x5x4xf32>, tensor<2x5x4xf32>) -> tensor<2x5x8xf32>
  %a = graph.mul %x, %cos : (tensor<2x5x8xf32>, tensor<5x8xf32>) -> tensor<2x5x8xf32>
  %bb = graph.mul %rot, %sin : (tensor<2x5x8xf32>, tensor<5x8xf32>) -> tensor<2x5x8xf32>
  %r = graph.add %a, %bb : (tensor<2x5x8xf32>, tensor<2x5x8xf32>) -> tensor<2x5x8xf32>
  return %r : tensor<2x5x8xf32>
}

// -----

// CHECK-LABEL: @rotary_embedding_of_halves
// CHECK-NEXT: %[[C:.*]] = graph.cos %arg1
// CHECK-NEXT: %[[S:.*]] = graph.sin %arg1
// CHECK-NEXT: %[[R:.*]] = graph.rotary_embedding %arg0, %[[C]], %[[S]]
// CHECK-NEXT: return %[[R]]
func.func @rotary_embedding_of_halves(%x: tensor<2x5x8xf32>, %f: tensor<5x4xf32>) -> tensor<2x5x8xf32> {
  %cos = graph.cos %f : (tensor<5x4xf32>) -> tensor<5x4xf32>
  %sin = graph.sin %f : (tensor<5x4xf32>) -> tensor<5x4xf32>
  %lo = graph.slice %x {starts = #graph.dims<"0", "0", "0">, steps = array<i64: 1, 1, 1>} : (tensor<2x5x8xf32>) -> tensor<2x5x4xf32>
  %hi = graph.slice %x {starts = #graph.dims<"0", "0", "4">, steps = array<i64: 1, 1, 1>} : (tensor<2x5x8xf32>) -> tensor<2x5x4xf32>
  %1 = graph.mul %lo, %cos : (tensor<2x5x4xf32>, tensor<5x4xf32>) -> tensor<2x5x4xf32>
  %2 = graph.mul %sin, %hi : (tensor<5x4xf32>, tensor<2x5x4xf32>) -> tensor<2x5x4xf32>
  %3 = graph.sub %1, %2 : (tensor<2x5x4xf32>, tensor<2x5x4xf32>) -> tensor<2x5x4xf32>
  %4 = graph.mul %lo, %sin : (tensor<2x5x4xf32>, tensor<5x4xf32>) -> tensor<2x5x4xf32>
  %5 = graph.mul %hi, %cos : (tensor<2x5x4xf32>, tensor<5x4xf32>) -> tensor<2x5x4xf32>
  %6 = graph.add %5, %4 : (tensor<2x5x4xf32>, tensor<2x5x4xf32>) -> tensor<2x5x4xf32>
  %r = graph.concat %3, %6 {axis = 2 : i64} : (tensor<2x5x4xf32>, tensor<2x5x4xf32>) -> tensor<2x5x8xf32>
  return %r : tensor<2x5x8xf32>
}

// -----

// CHECK-LABEL: @repeated_heads_of_masked_rows
// CHECK-NEXT: %[[R:.*]] = graph.attention %arg0, %arg1, %arg2, %arg3 {scale = 1.000000e+00 : f64, zero_masked = true}
// CHECK-NEXT: return %[[R]]
func.func @repeated_heads_of_masked_rows(%q: tensor<2x12x5x32xf32>, %k: tensor<2x3x7x32xf32>, %v: tensor<2x3x7x32xf32>, %mask: tensor<5x7xf32>) -> tensor<2x12x5x32xf32> {
  %k1 = graph.reshape %k : (tensor<2x3x7x32xf32>) -> tensor<2x3x1x7x32xf32>
  %k2 = graph.broadcast %k1 : (tensor<2x3x1x7x32xf32>) -> tensor<2x3x4x7x32xf32>
  %k3 = graph.reshape %k2 : (tensor<2x3x4x7x32xf32>) -> tensor<2x12x7x32xf32>
  %v1 = graph.reshape %v : (tensor<2x3x7x32xf32>) -> tensor<2x3x1x7x32xf32>
  %v2 = graph.broadcast %v1 : (tensor<2x3x1x7x32xf32>) -> tensor<2x3x4x7x32xf32>
  %v3 = graph.reshape %v2 : (tensor<2x3x4x7x32xf32>) -> tensor<2x12x7x32xf32>
  %0 = graph.attention %q, %k3, %v3, %mask {scale = 1.0, zero_masked = true} : (tensor<2x12x5x32xf32>, tensor<2x12x7x32xf32>, tensor<2x12x7x32xf32>, tensor<5x7xf32>) -> tensor<2x12x5x32xf32>
  return %0 : tensor<2x12x5x32xf32>
}
