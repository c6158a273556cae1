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

// CHECK: func.func private @[[KERNEL]](%{{.*}}: tensor<4x8xf32>, %{{.*}}: tensor<8x8xf32>, %{{.*}}: tensor<8xf32>) -> tensor<4x8xf32> attributes {mlc.kernel} {
// CHECK-NEXT: graph.contract
// CHECK-NEXT: graph.add
// CHECK-NEXT: graph.relu
// CHECK-NEXT: return
