// RUN: mlc-opt %s --outline-repeated-blocks --split-input-file | FileCheck %s

// Three layers that share a mask, which is made inside the first. The function takes the activation, the mask and two weights; the constant is inside.
// CHECK-LABEL: func.func @main(%arg0: {{.*}}, %arg1: {{.*}})
// CHECK-NEXT: %[[X:.*]] = graph.relu %arg0
// CHECK-NEXT: %[[M:.*]] = graph.neg %arg1
// CHECK-NEXT: %[[U0:.*]] = graph.weight "layer.0.up"
// CHECK-NEXT: %[[V0:.*]] = graph.weight "layer.0.down"
// CHECK-NEXT: %[[X1:.*]] = call @block(%[[X]], %[[M]], %[[U0]], %[[V0]])
// CHECK-NEXT: %[[U1:.*]] = graph.weight "layer.1.up"
// CHECK-NEXT: %[[V1:.*]] = graph.weight "layer.1.down"
// CHECK-NEXT: %[[X2:.*]] = call @block(%[[X1]], %[[M]], %[[U1]], %[[V1]])
// CHECK-NEXT: %[[U2:.*]] = graph.weight "layer.2.up"
// CHECK-NEXT: %[[V2:.*]] = graph.weight "layer.2.down"
// CHECK-NEXT: %[[X3:.*]] = call @block(%[[X2]], %[[M]], %[[U2]], %[[V2]])
// CHECK-NEXT: return %[[X3]]
// CHECK: func.func private @block(%[[A:.*]]: tensor<?x8xf32, #graph.dims<"n", "">>, %[[B:.*]]: tensor<?x8xf32, #graph.dims<"n", "">>, %[[U:.*]]: tensor<8x32xf32>, %[[V:.*]]: tensor<32x8xf32>)
// CHECK-NEXT: %[[C:.*]] = graph.contract %[[A]], %[[U]]
// CHECK-NEXT: %[[G:.*]] = graph.gelu %[[C]]
// CHECK-NEXT: %[[TWO:.*]] = graph.constant dense<2.0
// CHECK-NEXT: %[[S:.*]] = graph.mul %[[G]], %[[TWO]]
// CHECK-NEXT: %[[D:.*]] = graph.contract %[[S]], %[[V]]
// CHECK-NEXT: %[[E:.*]] = graph.mul %[[D]], %[[B]]
// CHECK-NEXT: %[[R:.*]] = graph.add %[[A]], %[[E]]
// CHECK-NEXT: return %[[R]]
func.func @main(%p: tensor<?x8xf32, #graph.dims<"n", "">>, %m: tensor<?x8xf32, #graph.dims<"n", "">>) -> tensor<?x8xf32, #graph.dims<"n", "">> {
  %x = graph.relu %p : (tensor<?x8xf32, #graph.dims<"n", "">>) -> tensor<?x8xf32, #graph.dims<"n", "">>
  %u0 = graph.weight "layer.0.up" : tensor<8x32xf32>
  %v0 = graph.weight "layer.0.down" : tensor<32x8xf32>
  %two0 = graph.constant dense<2.0> : tensor<f32>
  %a0 = graph.contract %x, %u0 {equation = "nk,km->nm"} : (tensor<?x8xf32, #graph.dims<"n", "">>, tensor<8x32xf32>) -> tensor<?x32xf32, #graph.dims<"n", "">>
  %b0 = graph.gelu %a0 : (tensor<?x32xf32, #graph.dims<"n", "">>) -> tensor<?x32xf32, #graph.dims<"n", "">>
  %s0 = graph.mul %b0, %two0 : (tensor<?x32xf32, #graph.dims<"n", "">>, tensor<f32>) -> tensor<?x32xf32, #graph.dims<"n", "">>
  %c0 = graph.contract %s0, %v0 {equation = "nm,mk->nk"} : (tensor<?x32xf32, #graph.dims<"n", "">>, tensor<32x8xf32>) -> tensor<?x8xf32, #graph.dims<"n", "">>
  %neg = graph.neg %m : (tensor<?x8xf32, #graph.dims<"n", "">>) -> tensor<?x8xf32, #graph.dims<"n", "">>
  %d0 = graph.mul %c0, %neg : (tensor<?x8xf32, #graph.dims<"n", "">>, tensor<?x8xf32, #graph.dims<"n", "">>) -> tensor<?x8xf32, #graph.dims<"n", "">>
  %r0 = graph.add %x, %d0 : (tensor<?x8xf32, #graph.dims<"n", "">>, tensor<?x8xf32, #graph.dims<"n", "">>) -> tensor<?x8xf32, #graph.dims<"n", "">>
  %u1 = graph.weight "layer.1.up" : tensor<8x32xf32>
  %v1 = graph.weight "layer.1.down" : tensor<32x8xf32>
  %two1 = graph.constant dense<2.0> : tensor<f32>
  %a1 = graph.contract %r0, %u1 {equation = "nk,km->nm"} : (tensor<?x8xf32, #graph.dims<"n", "">>, tensor<8x32xf32>) -> tensor<?x32xf32, #graph.dims<"n", "">>
  %b1 = graph.gelu %a1 : (tensor<?x32xf32, #graph.dims<"n", "">>) -> tensor<?x32xf32, #graph.dims<"n", "">>
  %s1 = graph.mul %b1, %two1 : (tensor<?x32xf32, #graph.dims<"n", "">>, tensor<f32>) -> tensor<?x32xf32, #graph.dims<"n", "">>
  %c1 = graph.contract %s1, %v1 {equation = "nm,mk->nk"} : (tensor<?x32xf32, #graph.dims<"n", "">>, tensor<32x8xf32>) -> tensor<?x8xf32, #graph.dims<"n", "">>
  %d1 = graph.mul %c1, %neg : (tensor<?x8xf32, #graph.dims<"n", "">>, tensor<?x8xf32, #graph.dims<"n", "">>) -> tensor<?x8xf32, #graph.dims<"n", "">>
  %r1 = graph.add %r0, %d1 : (tensor<?x8xf32, #graph.dims<"n", "">>, tensor<?x8xf32, #graph.dims<"n", "">>) -> tensor<?x8xf32, #graph.dims<"n", "">>
  %u2 = graph.weight "layer.2.up" : tensor<8x32xf32>
  %v2 = graph.weight "layer.2.down" : tensor<32x8xf32>
  %two2 = graph.constant dense<2.0> : tensor<f32>
  %a2 = graph.contract %r1, %u2 {equation = "nk,km->nm"} : (tensor<?x8xf32, #graph.dims<"n", "">>, tensor<8x32xf32>) -> tensor<?x32xf32, #graph.dims<"n", "">>
  %b2 = graph.gelu %a2 : (tensor<?x32xf32, #graph.dims<"n", "">>) -> tensor<?x32xf32, #graph.dims<"n", "">>
  %s2 = graph.mul %b2, %two2 : (tensor<?x32xf32, #graph.dims<"n", "">>, tensor<f32>) -> tensor<?x32xf32, #graph.dims<"n", "">>
  %c2 = graph.contract %s2, %v2 {equation = "nm,mk->nk"} : (tensor<?x32xf32, #graph.dims<"n", "">>, tensor<32x8xf32>) -> tensor<?x8xf32, #graph.dims<"n", "">>
  %d2 = graph.mul %c2, %neg : (tensor<?x8xf32, #graph.dims<"n", "">>, tensor<?x8xf32, #graph.dims<"n", "">>) -> tensor<?x8xf32, #graph.dims<"n", "">>
  %r2 = graph.add %r1, %d2 : (tensor<?x8xf32, #graph.dims<"n", "">>, tensor<?x8xf32, #graph.dims<"n", "">>) -> tensor<?x8xf32, #graph.dims<"n", "">>
  return %r2 : tensor<?x8xf32, #graph.dims<"n", "">>
}

// -----

// The second layer is wired otherwise (its sum's operands are swapped): the rest, two layers, saves too little.
// CHECK-LABEL: func.func @main
// CHECK-NOT: call
func.func @main(%p: tensor<?x8xf32, #graph.dims<"n", "">>, %m: tensor<?x8xf32, #graph.dims<"n", "">>) -> tensor<?x8xf32, #graph.dims<"n", "">> {
  %x = graph.relu %p : (tensor<?x8xf32, #graph.dims<"n", "">>) -> tensor<?x8xf32, #graph.dims<"n", "">>
  %u0 = graph.weight "layer.0.up" : tensor<8x32xf32>
  %v0 = graph.weight "layer.0.down" : tensor<32x8xf32>
  %two0 = graph.constant dense<2.0> : tensor<f32>
  %a0 = graph.contract %x, %u0 {equation = "nk,km->nm"} : (tensor<?x8xf32, #graph.dims<"n", "">>, tensor<8x32xf32>) -> tensor<?x32xf32, #graph.dims<"n", "">>
  %b0 = graph.gelu %a0 : (tensor<?x32xf32, #graph.dims<"n", "">>) -> tensor<?x32xf32, #graph.dims<"n", "">>
  %s0 = graph.mul %b0, %two0 : (tensor<?x32xf32, #graph.dims<"n", "">>, tensor<f32>) -> tensor<?x32xf32, #graph.dims<"n", "">>
  %c0 = graph.contract %s0, %v0 {equation = "nm,mk->nk"} : (tensor<?x32xf32, #graph.dims<"n", "">>, tensor<32x8xf32>) -> tensor<?x8xf32, #graph.dims<"n", "">>
  %neg = graph.neg %m : (tensor<?x8xf32, #graph.dims<"n", "">>) -> tensor<?x8xf32, #graph.dims<"n", "">>
  %d0 = graph.mul %c0, %neg : (tensor<?x8xf32, #graph.dims<"n", "">>, tensor<?x8xf32, #graph.dims<"n", "">>) -> tensor<?x8xf32, #graph.dims<"n", "">>
  %r0 = graph.add %x, %d0 : (tensor<?x8xf32, #graph.dims<"n", "">>, tensor<?x8xf32, #graph.dims<"n", "">>) -> tensor<?x8xf32, #graph.dims<"n", "">>
  %u1 = graph.weight "layer.1.up" : tensor<8x32xf32>
  %v1 = graph.weight "layer.1.down" : tensor<32x8xf32>
  %two1 = graph.constant dense<2.0> : tensor<f32>
  %a1 = graph.contract %r0, %u1 {equation = "nk,km->nm"} : (tensor<?x8xf32, #graph.dims<"n", "">>, tensor<8x32xf32>) -> tensor<?x32xf32, #graph.dims<"n", "">>
  %b1 = graph.gelu %a1 : (tensor<?x32xf32, #graph.dims<"n", "">>) -> tensor<?x32xf32, #graph.dims<"n", "">>
  %s1 = graph.mul %b1, %two1 : (tensor<?x32xf32, #graph.dims<"n", "">>, tensor<f32>) -> tensor<?x32xf32, #graph.dims<"n", "">>
  %c1 = graph.contract %s1, %v1 {equation = "nm,mk->nk"} : (tensor<?x32xf32, #graph.dims<"n", "">>, tensor<32x8xf32>) -> tensor<?x8xf32, #graph.dims<"n", "">>
  %d1 = graph.mul %c1, %neg : (tensor<?x8xf32, #graph.dims<"n", "">>, tensor<?x8xf32, #graph.dims<"n", "">>) -> tensor<?x8xf32, #graph.dims<"n", "">>
  %r1 = graph.add %d1, %r0 : (tensor<?x8xf32, #graph.dims<"n", "">>, tensor<?x8xf32, #graph.dims<"n", "">>) -> tensor<?x8xf32, #graph.dims<"n", "">>
  %u2 = graph.weight "layer.2.up" : tensor<8x32xf32>
  %v2 = graph.weight "layer.2.down" : tensor<32x8xf32>
  %two2 = graph.constant dense<2.0> : tensor<f32>
  %a2 = graph.contract %r1, %u2 {equation = "nk,km->nm"} : (tensor<?x8xf32, #graph.dims<"n", "">>, tensor<8x32xf32>) -> tensor<?x32xf32, #graph.dims<"n", "">>
  %b2 = graph.gelu %a2 : (tensor<?x32xf32, #graph.dims<"n", "">>) -> tensor<?x32xf32, #graph.dims<"n", "">>
  %s2 = graph.mul %b2, %two2 : (tensor<?x32xf32, #graph.dims<"n", "">>, tensor<f32>) -> tensor<?x32xf32, #graph.dims<"n", "">>
  %c2 = graph.contract %s2, %v2 {equation = "nm,mk->nk"} : (tensor<?x32xf32, #graph.dims<"n", "">>, tensor<32x8xf32>) -> tensor<?x8xf32, #graph.dims<"n", "">>
  %d2 = graph.mul %c2, %neg : (tensor<?x8xf32, #graph.dims<"n", "">>, tensor<?x8xf32, #graph.dims<"n", "">>) -> tensor<?x8xf32, #graph.dims<"n", "">>
  %r2 = graph.add %r1, %d2 : (tensor<?x8xf32, #graph.dims<"n", "">>, tensor<?x8xf32, #graph.dims<"n", "">>) -> tensor<?x8xf32, #graph.dims<"n", "">>
  return %r2 : tensor<?x8xf32, #graph.dims<"n", "">>
}

// -----

// What a block makes and something after it uses is a result of the function.
// CHECK-LABEL: func.func @main
// CHECK: %[[A:.*]]:2 = call @block(
// CHECK: %[[B:.*]]:2 = call @block(%[[A]]#1
// CHECK: %[[C:.*]]:2 = call @block(%[[B]]#1
// CHECK: graph.concat %[[A]]#0, %[[B]]#0, %[[C]]#0
// CHECK: func.func private @block
func.func @main(%p: tensor<?x8xf32, #graph.dims<"n", "">>, %m: tensor<?x8xf32, #graph.dims<"n", "">>) -> (tensor<?x8xf32, #graph.dims<"n", "">>, tensor<?x96xf32, #graph.dims<"n", "">>) {
  %x = graph.relu %p : (tensor<?x8xf32, #graph.dims<"n", "">>) -> tensor<?x8xf32, #graph.dims<"n", "">>
  %u0 = graph.weight "layer.0.up" : tensor<8x32xf32>
  %v0 = graph.weight "layer.0.down" : tensor<32x8xf32>
  %two0 = graph.constant dense<2.0> : tensor<f32>
  %a0 = graph.contract %x, %u0 {equation = "nk,km->nm"} : (tensor<?x8xf32, #graph.dims<"n", "">>, tensor<8x32xf32>) -> tensor<?x32xf32, #graph.dims<"n", "">>
  %b0 = graph.gelu %a0 : (tensor<?x32xf32, #graph.dims<"n", "">>) -> tensor<?x32xf32, #graph.dims<"n", "">>
  %s0 = graph.mul %b0, %two0 : (tensor<?x32xf32, #graph.dims<"n", "">>, tensor<f32>) -> tensor<?x32xf32, #graph.dims<"n", "">>
  %c0 = graph.contract %s0, %v0 {equation = "nm,mk->nk"} : (tensor<?x32xf32, #graph.dims<"n", "">>, tensor<32x8xf32>) -> tensor<?x8xf32, #graph.dims<"n", "">>
  %neg = graph.neg %m : (tensor<?x8xf32, #graph.dims<"n", "">>) -> tensor<?x8xf32, #graph.dims<"n", "">>
  %d0 = graph.mul %c0, %neg : (tensor<?x8xf32, #graph.dims<"n", "">>, tensor<?x8xf32, #graph.dims<"n", "">>) -> tensor<?x8xf32, #graph.dims<"n", "">>
  %r0 = graph.add %x, %d0 : (tensor<?x8xf32, #graph.dims<"n", "">>, tensor<?x8xf32, #graph.dims<"n", "">>) -> tensor<?x8xf32, #graph.dims<"n", "">>
  %u1 = graph.weight "layer.1.up" : tensor<8x32xf32>
  %v1 = graph.weight "layer.1.down" : tensor<32x8xf32>
  %two1 = graph.constant dense<2.0> : tensor<f32>
  %a1 = graph.contract %r0, %u1 {equation = "nk,km->nm"} : (tensor<?x8xf32, #graph.dims<"n", "">>, tensor<8x32xf32>) -> tensor<?x32xf32, #graph.dims<"n", "">>
  %b1 = graph.gelu %a1 : (tensor<?x32xf32, #graph.dims<"n", "">>) -> tensor<?x32xf32, #graph.dims<"n", "">>
  %s1 = graph.mul %b1, %two1 : (tensor<?x32xf32, #graph.dims<"n", "">>, tensor<f32>) -> tensor<?x32xf32, #graph.dims<"n", "">>
  %c1 = graph.contract %s1, %v1 {equation = "nm,mk->nk"} : (tensor<?x32xf32, #graph.dims<"n", "">>, tensor<32x8xf32>) -> tensor<?x8xf32, #graph.dims<"n", "">>
  %d1 = graph.mul %c1, %neg : (tensor<?x8xf32, #graph.dims<"n", "">>, tensor<?x8xf32, #graph.dims<"n", "">>) -> tensor<?x8xf32, #graph.dims<"n", "">>
  %r1 = graph.add %r0, %d1 : (tensor<?x8xf32, #graph.dims<"n", "">>, tensor<?x8xf32, #graph.dims<"n", "">>) -> tensor<?x8xf32, #graph.dims<"n", "">>
  %u2 = graph.weight "layer.2.up" : tensor<8x32xf32>
  %v2 = graph.weight "layer.2.down" : tensor<32x8xf32>
  %two2 = graph.constant dense<2.0> : tensor<f32>
  %a2 = graph.contract %r1, %u2 {equation = "nk,km->nm"} : (tensor<?x8xf32, #graph.dims<"n", "">>, tensor<8x32xf32>) -> tensor<?x32xf32, #graph.dims<"n", "">>
  %b2 = graph.gelu %a2 : (tensor<?x32xf32, #graph.dims<"n", "">>) -> tensor<?x32xf32, #graph.dims<"n", "">>
  %s2 = graph.mul %b2, %two2 : (tensor<?x32xf32, #graph.dims<"n", "">>, tensor<f32>) -> tensor<?x32xf32, #graph.dims<"n", "">>
  %c2 = graph.contract %s2, %v2 {equation = "nm,mk->nk"} : (tensor<?x32xf32, #graph.dims<"n", "">>, tensor<32x8xf32>) -> tensor<?x8xf32, #graph.dims<"n", "">>
  %d2 = graph.mul %c2, %neg : (tensor<?x8xf32, #graph.dims<"n", "">>, tensor<?x8xf32, #graph.dims<"n", "">>) -> tensor<?x8xf32, #graph.dims<"n", "">>
  %r2 = graph.add %r1, %d2 : (tensor<?x8xf32, #graph.dims<"n", "">>, tensor<?x8xf32, #graph.dims<"n", "">>) -> tensor<?x8xf32, #graph.dims<"n", "">>
  %all = graph.concat %b0, %b1, %b2 {axis = 1 : i64} : (tensor<?x32xf32, #graph.dims<"n", "">>, tensor<?x32xf32, #graph.dims<"n", "">>, tensor<?x32xf32, #graph.dims<"n", "">>) -> tensor<?x96xf32, #graph.dims<"n", "">>
  return %r2, %all : tensor<?x8xf32, #graph.dims<"n", "">>, tensor<?x96xf32, #graph.dims<"n", "">>
}

// -----

// Convolutions of different sizes do not repeat.
// CHECK-LABEL: func.func @main
// CHECK-NOT: call
func.func @main(%x: tensor<1x3x8x8xf32>) -> tensor<1x32x8x8xf32> {
  %w0 = graph.weight "conv0" : tensor<16x3x3x3xf32>
  %c0 = graph.conv %x, %w0 {strides = array<i64: 1, 1>, pads_low = array<i64: 1, 1>, pads_high = array<i64: 1, 1>, dilations = array<i64: 1, 1>} : (tensor<1x3x8x8xf32>, tensor<16x3x3x3xf32>) -> tensor<1x16x8x8xf32>
  %r0 = graph.relu %c0 : (tensor<1x16x8x8xf32>) -> tensor<1x16x8x8xf32>
  %w1 = graph.weight "conv1" : tensor<16x16x3x3xf32>
  %c1 = graph.conv %r0, %w1 {strides = array<i64: 1, 1>, pads_low = array<i64: 1, 1>, pads_high = array<i64: 1, 1>, dilations = array<i64: 1, 1>} : (tensor<1x16x8x8xf32>, tensor<16x16x3x3xf32>) -> tensor<1x16x8x8xf32>
  %r1 = graph.relu %c1 : (tensor<1x16x8x8xf32>) -> tensor<1x16x8x8xf32>
  %w2 = graph.weight "conv2" : tensor<32x16x3x3xf32>
  %c2 = graph.conv %r1, %w2 {strides = array<i64: 1, 1>, pads_low = array<i64: 1, 1>, pads_high = array<i64: 1, 1>, dilations = array<i64: 1, 1>} : (tensor<1x16x8x8xf32>, tensor<32x16x3x3xf32>) -> tensor<1x32x8x8xf32>
  %r2 = graph.relu %c2 : (tensor<1x32x8x8xf32>) -> tensor<1x32x8x8xf32>
  %w3 = graph.weight "conv3" : tensor<32x32x3x3xf32>
  %c3 = graph.conv %r2, %w3 {strides = array<i64: 1, 1>, pads_low = array<i64: 1, 1>, pads_high = array<i64: 1, 1>, dilations = array<i64: 1, 1>} : (tensor<1x32x8x8xf32>, tensor<32x32x3x3xf32>) -> tensor<1x32x8x8xf32>
  %r3 = graph.relu %c3 : (tensor<1x32x8x8xf32>) -> tensor<1x32x8x8xf32>
  return %r3 : tensor<1x32x8x8xf32>
}
