// RUN: mlc-opt %s --move-weights-right | FileCheck %s

// CHECK-LABEL: @weight_on_the_left
// CHECK: %[[W:.*]] = graph.weight "w"
// CHECK: graph.contract %arg0, %[[W]] {equation = "mk,nk->nm"}
func.func @weight_on_the_left(%x: tensor<4x8xf32>) -> tensor<16x4xf32> {
  %w = graph.weight "w" : tensor<16x8xf32>
  %0 = graph.contract %w, %x {equation = "nk,mk->nm"} : (tensor<16x8xf32>, tensor<4x8xf32>) -> tensor<16x4xf32>
  return %0 : tensor<16x4xf32>
}

// Two weights, and none, stay as they are.
// CHECK-LABEL: @nothing_to_move
// CHECK: %[[V:.*]] = graph.weight "v"
// CHECK: %[[U:.*]] = graph.weight "u"
// CHECK: %[[P:.*]] = graph.contract %[[V]], %[[U]] {equation = "nk,km->nm"}
// CHECK: graph.contract %[[P]], %arg0 {equation = "nm,mk->nk"}
func.func @nothing_to_move(%x: tensor<4x8xf32>) -> tensor<16x8xf32> {
  %v = graph.weight "v" : tensor<16x8xf32>
  %u = graph.weight "u" : tensor<8x4xf32>
  %0 = graph.contract %v, %u {equation = "nk,km->nm"} : (tensor<16x8xf32>, tensor<8x4xf32>) -> tensor<16x4xf32>
  %1 = graph.contract %0, %x {equation = "nm,mk->nk"} : (tensor<16x4xf32>, tensor<4x8xf32>) -> tensor<16x8xf32>
  return %1 : tensor<16x8xf32>
}

// %w is a weight in both calls of the block, %y in one of them only.
// CHECK-LABEL: func.func private @block
// CHECK-SAME: (%[[W:.*]]: tensor<8x8xf32>, %[[X:.*]]: tensor<8x8xf32>, %[[Y:.*]]: tensor<8x8xf32>)
// CHECK: %[[A:.*]] = graph.contract %[[X]], %[[W]] {equation = "mk,nk->nm"}
// CHECK: graph.contract %[[Y]], %[[A]] {equation = "nk,mk->nm"}
func.func private @block(%w: tensor<8x8xf32>, %x: tensor<8x8xf32>, %y: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %0 = graph.contract %w, %x {equation = "nk,mk->nm"} : (tensor<8x8xf32>, tensor<8x8xf32>) -> tensor<8x8xf32>
  %1 = graph.contract %y, %0 {equation = "nk,mk->nm"} : (tensor<8x8xf32>, tensor<8x8xf32>) -> tensor<8x8xf32>
  return %1 : tensor<8x8xf32>
}
func.func @calls(%x: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %w = graph.weight "a" : tensor<8x8xf32>
  %0 = call @block(%w, %x, %w) : (tensor<8x8xf32>, tensor<8x8xf32>, tensor<8x8xf32>) -> tensor<8x8xf32>
  %1 = call @block(%w, %x, %0) : (tensor<8x8xf32>, tensor<8x8xf32>, tensor<8x8xf32>) -> tensor<8x8xf32>
  return %1 : tensor<8x8xf32>
}

// What is dequantized from blocks of a weight is one; what is dequantized as a whole is not.
// CHECK-LABEL: @dequantized
// CHECK: %[[B:.*]] = graph.dequantize {{.*}}block_size = 4
// CHECK: graph.contract %arg0, %[[B]] {equation = "mk,nk->nm"}
// CHECK: %[[D:.*]] = graph.dequantize
// CHECK: graph.contract %[[D]], %arg0 {equation = "nk,mk->nm"}
func.func @dequantized(%x: tensor<4x8xf32>) -> (tensor<16x4xf32>, tensor<16x4xf32>) {
  %w = graph.weight "q" : tensor<16x8xi8>
  %scales = graph.weight "scales" : tensor<16x2xf32>
  %zeros = graph.weight "zeros" : tensor<16x2xi8>
  %0 = graph.dequantize %w, %scales, %zeros {axis = 1 : i64, block_size = 4 : i64} : (tensor<16x8xi8>, tensor<16x2xf32>, tensor<16x2xi8>) -> tensor<16x8xf32>
  %1 = graph.contract %0, %x {equation = "nk,mk->nm"} : (tensor<16x8xf32>, tensor<4x8xf32>) -> tensor<16x4xf32>
  %scale = graph.weight "scale" : tensor<f32>
  %zero = graph.weight "zero" : tensor<i8>
  %2 = graph.dequantize %w, %scale, %zero {axis = 1 : i64} : (tensor<16x8xi8>, tensor<f32>, tensor<i8>) -> tensor<16x8xf32>
  %3 = graph.contract %2, %x {equation = "nk,mk->nm"} : (tensor<16x8xf32>, tensor<4x8xf32>) -> tensor<16x4xf32>
  return %1, %3 : tensor<16x4xf32>, tensor<16x4xf32>
}
