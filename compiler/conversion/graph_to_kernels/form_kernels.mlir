// RUN: mlc-opt %s --form-kernels | FileCheck %s

// A contraction takes the elementwise ops behind it; equal kernels are one function.
// CHECK-LABEL: @layers
// CHECK: %[[W:.*]] = graph.weight "w"
// CHECK: %[[X:.*]] = call @[[KERNEL:contract_[0-9a-f]+]](%arg0, %[[W]], %arg1)
// CHECK: %[[Y:.*]] = call @[[KERNEL]](%[[X]], %[[W]], %arg1)
// CHECK: return %[[Y]]
func.func @layers(%x: tensor<4x8xf32>, %b: tensor<8xf32>) -> tensor<4x8xf32> {
  %w = graph.weight "w" : tensor<8x8xf32>
  %0 = graph.contract %x, %w {equation = "mk,kn->mn"} : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
  %1 = graph.add %0, %b : (tensor<4x8xf32>, tensor<8xf32>) -> tensor<4x8xf32>
  %2 = graph.relu %1 : (tensor<4x8xf32>) -> tensor<4x8xf32>
  %3 = graph.contract %2, %w {equation = "mk,kn->mn"} : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
  %4 = graph.add %3, %b : (tensor<4x8xf32>, tensor<8xf32>) -> tensor<4x8xf32>
  %5 = graph.relu %4 : (tensor<4x8xf32>) -> tensor<4x8xf32>
  return %5 : tensor<4x8xf32>
}

// What two kernels' ops read is computed once: the product is a kernel of its own. The ops behind a softmax join it. Reshapes
// stay, as views.
// CHECK-LABEL: @shared
// CHECK: %[[P:.*]] = call @contract_
// CHECK: %[[S:.*]] = call @softmax_{{[0-9a-f]+}}(%[[P]])
// CHECK-NEXT: graph.reshape %[[S]]
func.func @shared(%x: tensor<4x8xf32>) -> tensor<32xf32> {
  %w = graph.weight "v" : tensor<8x8xf32>
  %0 = graph.contract %x, %w {equation = "mk,kn->mn"} : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
  %1 = graph.softmax %0 {axis = 1} : (tensor<4x8xf32>) -> tensor<4x8xf32>
  %2 = graph.add %0, %1 : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  %3 = graph.reshape %2 : (tensor<4x8xf32>) -> tensor<32xf32>
  return %3 : tensor<32xf32>
}

// What a kernel and others behind it read leaves it too.
// CHECK-LABEL: @two_results
// CHECK: %[[R:.*]]:2 = call @mul_{{[0-9a-f]+}}(%arg0)
// CHECK-NEXT: return %[[R]]#0, %[[R]]#1
func.func @two_results(%x: tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4x8xf32>) {
  %0 = graph.exp %x : (tensor<4x8xf32>) -> tensor<4x8xf32>
  %1 = graph.tanh %0 : (tensor<4x8xf32>) -> tensor<4x8xf32>
  %2 = graph.mul %0, %1 : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  return %0, %2 : tensor<4x8xf32>, tensor<4x8xf32>
}

// Not where something between them reads it.
// CHECK-LABEL: @read_between
// CHECK: %[[E:.*]] = call @exp_
// CHECK-NEXT: %[[C:.*]] = call @contract_{{[0-9a-f]+}}(%[[E]]
// CHECK-NEXT: call @mul_{{[0-9a-f]+}}(%[[C]], %[[E]])
func.func @read_between(%x: tensor<8x8xf32>) -> (tensor<8x8xf32>, tensor<8x8xf32>) {
  %w = graph.weight "v" : tensor<8x8xf32>
  %0 = graph.exp %x : (tensor<8x8xf32>) -> tensor<8x8xf32>
  %1 = graph.contract %0, %w {equation = "mk,kn->mn"} : (tensor<8x8xf32>, tensor<8x8xf32>) -> tensor<8x8xf32>
  %2 = graph.transpose %1 {permutation = array<i64: 1, 0>} : (tensor<8x8xf32>) -> tensor<8x8xf32>
  %3 = graph.mul %0, %2 : (tensor<8x8xf32>, tensor<8x8xf32>) -> tensor<8x8xf32>
  return %0, %3 : tensor<8x8xf32>, tensor<8x8xf32>
}

// Nor where a norm's kernel, which stores the sum that it reads, would move behind another reader of that sum.
// CHECK-LABEL: @sum_read_behind_its_norm
// CHECK: %[[N:.*]]:2 = call @rms_norm_{{[0-9a-f]+}}(
// CHECK-NEXT: %[[S:.*]] = call @softmax_{{[0-9a-f]+}}(%[[N]]#0)
// CHECK-NEXT: call @exp_{{[0-9a-f]+}}(%[[N]]#1)
func.func @sum_read_behind_its_norm(%x: tensor<8x8xf32>, %y: tensor<8x8xf32>, %w: tensor<8xf32>) -> (tensor<8x8xf32>, tensor<8x8xf32>) {
  %0 = graph.add %x, %y : (tensor<8x8xf32>, tensor<8x8xf32>) -> tensor<8x8xf32>
  %1 = graph.rms_norm %0, %w {axis = 1, epsilon = 0.1 : f64} : (tensor<8x8xf32>, tensor<8xf32>) -> tensor<8x8xf32>
  %2 = graph.softmax %0 {axis = 0} : (tensor<8x8xf32>) -> tensor<8x8xf32>
  %3 = graph.exp %1 : (tensor<8x8xf32>) -> tensor<8x8xf32>
  return %2, %3 : tensor<8x8xf32>, tensor<8x8xf32>
}

// A slice is read where it is gathered from.
// CHECK-LABEL: @gather_of_a_slice
// CHECK-NOT: call @slice
// CHECK: %[[G:.*]] = call @add_{{[0-9a-f]+}}(%arg0, %arg1)
func.func @gather_of_a_slice(%x: tensor<10x8xf32>, %i: tensor<i64>) -> tensor<4xf32> {
  %0 = graph.slice %x {starts = #graph.dims<"0", "4">, steps = array<i64: 1, 1>} : (tensor<10x8xf32>) -> tensor<10x4xf32>
  %1 = graph.gather %0, %i {axis = 0} : (tensor<10x4xf32>, tensor<i64>) -> tensor<4xf32>
  %2 = graph.add %1, %1 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %2 : tensor<4xf32>
}

// CHECK: func.func private @[[KERNEL]](%{{.*}}: tensor<4x8xf32>, %{{.*}}: tensor<8x8xf32>, %{{.*}}: tensor<8xf32>) -> tensor<4x8xf32> attributes {mlc.kernel} {
// CHECK-NEXT: graph.contract
// CHECK-NEXT: graph.add
// CHECK-NEXT: graph.relu
// CHECK-NEXT: return
