// RUN: mlc-opt %s --decompose-quantization --split-input-file | FileCheck %s

// CHECK-LABEL: @per_tensor
// CHECK: %[[Q:.*]] = graph.div %arg0, %{{.*}} : (tensor<4x6xf32>, tensor<f32>)
// CHECK: %[[R:.*]] = graph.round %[[Q]]
// CHECK: %[[Z:.*]] = graph.cast %{{.*}} : (tensor<ui8>) -> tensor<f32>
// CHECK: %[[S:.*]] = graph.add %[[R]], %[[Z]]
// CHECK: %[[I:.*]] = graph.cast %[[S]] : (tensor<4x6xf32>) -> tensor<4x6xui8>
// CHECK: %[[W:.*]] = graph.cast %[[I]] : (tensor<4x6xui8>) -> tensor<4x6xi32>
// CHECK: %[[P:.*]] = graph.cast %{{.*}} : (tensor<ui8>) -> tensor<i32>
// CHECK: %[[D:.*]] = graph.sub %[[W]], %[[P]]
// CHECK: %[[F:.*]] = graph.cast %[[D]] : (tensor<4x6xi32>) -> tensor<4x6xf32>
// CHECK: graph.mul %[[F]], %{{.*}} : (tensor<4x6xf32>, tensor<f32>)
func.func @per_tensor(%x: tensor<4x6xf32>) -> tensor<4x6xf32> {
  %s = graph.constant dense<0.01> : tensor<f32>
  %z = graph.constant dense<100> : tensor<ui8>
  %0 = graph.quantize %x, %s, %z {axis = 0 : i64} : (tensor<4x6xf32>, tensor<f32>, tensor<ui8>) -> tensor<4x6xui8>
  %1 = graph.dequantize %0, %s, %z {axis = 0 : i64} : (tensor<4x6xui8>, tensor<f32>, tensor<ui8>) -> tensor<4x6xf32>
  return %1 : tensor<4x6xf32>
}

// -----

// Saturation is the cast's: both ends are reached.
// CHECK-LABEL: @saturates_along_an_axis
// CHECK: graph.reshape %{{.*}} : (tensor<3xf32>) -> tensor<3x1xf32>
// CHECK: graph.round
// CHECK-NEXT: graph.cast %{{.*}} : (tensor<2x3x4xf32>) -> tensor<2x3x4xi8>
func.func @saturates_along_an_axis(%x: tensor<2x3x4xf32>) -> tensor<2x3x4xi8> {
  %s = graph.constant dense<[0.001, 0.01, 0.1]> : tensor<3xf32>
  %z = graph.constant dense<0> : tensor<3xi8>
  %0 = graph.quantize %x, %s, %z {axis = 1 : i64} : (tensor<2x3x4xf32>, tensor<3xf32>, tensor<3xi8>) -> tensor<2x3x4xi8>
  return %0 : tensor<2x3x4xi8>
}

// -----

// Weights stay small.
// CHECK-LABEL: @weight
// CHECK: graph.dequantize
func.func @weight(%x: tensor<2x8xf32>) -> tensor<2x4xf32> {
  %s = graph.constant dense<0.05> : tensor<f32>
  %z = graph.constant dense<0> : tensor<i8>
  %w = graph.weight "w" : tensor<8x4xi8>
  %0 = graph.dequantize %w, %s, %z {axis = 0 : i64} : (tensor<8x4xi8>, tensor<f32>, tensor<i8>) -> tensor<8x4xf32>
  %1 = graph.contract %x, %0 {equation = "mk,kn->mn"} : (tensor<2x8xf32>, tensor<8x4xf32>) -> tensor<2x4xf32>
  return %1 : tensor<2x4xf32>
}
