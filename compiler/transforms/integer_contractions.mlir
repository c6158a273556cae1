// RUN: mlc-opt %s --integer-contractions --split-input-file | FileCheck %s

// Per tensor and per column, a zero point on the left side only.
// CHECK-LABEL: @per_column
// CHECK-SAME: %[[A:[a-z0-9]*]]: tensor<?x8xui8
// CHECK-DAG: %[[W:.*]] = graph.weight "w"
// CHECK-DAG: %[[SUM:.*]] = graph.contract %[[A]], %[[W]] {equation = "mk,kn->mn"} : {{.*}} -> tensor<?x5xi32
// CHECK-DAG: %[[COLUMNS:.*]] = graph.reduce %{{.*}} {axes = array<i64: 0>, kind = 0 : i32}
// CHECK-DAG: %[[SHIFT:.*]] = graph.mul %{{.*}}, %[[COLUMNS]] : (tensor<i32>, tensor<5xi32>)
// CHECK: %[[EXACT:.*]] = graph.sub %[[SUM]], %[[SHIFT]]
// CHECK: %[[REAL:.*]] = graph.cast %[[EXACT]]
// CHECK: %[[SCALED:.*]] = graph.mul %[[REAL]], %{{.*}} : (tensor<?x5xf32, #graph.dims<"m", "">>, tensor<f32>)
// CHECK: %[[R:.*]] = graph.mul %[[SCALED]], %{{.*}} : (tensor<?x5xf32, #graph.dims<"m", "">>, tensor<5xf32>)
// CHECK: return %[[R]]
func.func @per_column(%a: tensor<?x8xui8, #graph.dims<"m", "">>) -> tensor<?x5xf32, #graph.dims<"m", "">> {
  %sa = graph.constant dense<0.02> : tensor<f32>
  %za = graph.constant dense<3> : tensor<ui8>
  %sb = graph.constant dense<[0.1, 0.2, 0.3, 0.4, 0.5]> : tensor<5xf32>
  %zb = graph.constant dense<0> : tensor<5xi8>
  %w = graph.weight "w" : tensor<8x5xi8>
  %0 = graph.dequantize %a, %sa, %za {axis = 0 : i64} : (tensor<?x8xui8, #graph.dims<"m", "">>, tensor<f32>, tensor<ui8>) -> tensor<?x8xf32, #graph.dims<"m", "">>
  %1 = graph.dequantize %w, %sb, %zb {axis = 1 : i64} : (tensor<8x5xi8>, tensor<5xf32>, tensor<5xi8>) -> tensor<8x5xf32>
  %2 = graph.contract %0, %1 {equation = "mk,kn->mn"} : (tensor<?x8xf32, #graph.dims<"m", "">>, tensor<8x5xf32>) -> tensor<?x5xf32, #graph.dims<"m", "">>
  return %2 : tensor<?x5xf32, #graph.dims<"m", "">>
}

// -----

// Zero points on both sides, per row of the transposed left side: its dims follow the result's order.
// CHECK-LABEL: @both_zero_points
// CHECK: %[[DEPTH:.*]] = graph.constant dense<6> : tensor<i32>
// CHECK: graph.contract %arg0, %arg1 {equation = "bkm,bnk->bmn"} : (tensor<2x6x4xi8>, tensor<2x3x6xui8>) -> tensor<2x4x3xi32>
// CHECK: graph.reshape %{{.*}} : (tensor<2x3xi32>) -> tensor<2x1x3xi32>
// CHECK: graph.reshape %{{.*}} : (tensor<2x4xi32>) -> tensor<2x4x1xi32>
// CHECK: graph.mul %{{.*}}, %[[DEPTH]]
// CHECK: graph.mul %{{.*}}, %{{.*}} : (tensor<2x4x3xf32>, tensor<4x1xf32>)
// CHECK: graph.mul %{{.*}}, %{{.*}} : (tensor<2x4x3xf32>, tensor<f32>)
// CHECK-NOT: graph.dequantize
func.func @both_zero_points(%a: tensor<2x6x4xi8>, %b: tensor<2x3x6xui8>) -> tensor<2x4x3xf32> {
  %sa = graph.constant dense<[0.1, 0.2, 0.3, 0.4]> : tensor<4xf32>
  %za = graph.constant dense<[-3, 0, 5, 127]> : tensor<4xi8>
  %sb = graph.constant dense<0.25> : tensor<f32>
  %zb = graph.constant dense<128> : tensor<ui8>
  %0 = graph.dequantize %a, %sa, %za {axis = 2 : i64} : (tensor<2x6x4xi8>, tensor<4xf32>, tensor<4xi8>) -> tensor<2x6x4xf32>
  %1 = graph.dequantize %b, %sb, %zb {axis = 0 : i64} : (tensor<2x3x6xui8>, tensor<f32>, tensor<ui8>) -> tensor<2x3x6xf32>
  %2 = graph.contract %0, %1 {equation = "bkm,bnk->bmn"} : (tensor<2x6x4xf32>, tensor<2x3x6xf32>) -> tensor<2x4x3xf32>
  return %2 : tensor<2x4x3xf32>
}

// -----

// Where scales differ between the products of one sum, there is no common factor.
// CHECK-LABEL: @scaled_along_the_sum
// CHECK: graph.contract {{.*}} -> tensor<4x5xf32>
func.func @scaled_along_the_sum(%a: tensor<4x3xi8>, %b: tensor<3x5xi8>) -> tensor<4x5xf32> {
  %s = graph.constant dense<0.5> : tensor<f32>
  %z = graph.constant dense<0> : tensor<i8>
  %sb = graph.constant dense<[0.1, 0.2, 0.3]> : tensor<3xf32>
  %zb = graph.constant dense<0> : tensor<3xi8>
  %0 = graph.dequantize %a, %s, %z {axis = 0 : i64} : (tensor<4x3xi8>, tensor<f32>, tensor<i8>) -> tensor<4x3xf32>
  %1 = graph.dequantize %b, %sb, %zb {axis = 0 : i64} : (tensor<3x5xi8>, tensor<3xf32>, tensor<3xi8>) -> tensor<3x5xf32>
  %2 = graph.contract %0, %1 {equation = "mk,kn->mn"} : (tensor<4x3xf32>, tensor<3x5xf32>) -> tensor<4x5xf32>
  return %2 : tensor<4x5xf32>
}

// -----

// 255 * 255 * 40000 is more than an i32 holds.
// CHECK-LABEL: @too_deep
// CHECK: graph.contract {{.*}} -> tensor<1x2xf32>
func.func @too_deep(%a: tensor<1x40000xui8>, %b: tensor<40000x2xui8>) -> tensor<1x2xf32> {
  %s = graph.constant dense<0.0001> : tensor<f32>
  %z = graph.constant dense<0> : tensor<ui8>
  %0 = graph.dequantize %a, %s, %z {axis = 0 : i64} : (tensor<1x40000xui8>, tensor<f32>, tensor<ui8>) -> tensor<1x40000xf32>
  %1 = graph.dequantize %b, %s, %z {axis = 0 : i64} : (tensor<40000x2xui8>, tensor<f32>, tensor<ui8>) -> tensor<40000x2xf32>
  %2 = graph.contract %0, %1 {equation = "mk,kn->mn"} : (tensor<1x40000xf32>, tensor<40000x2xf32>) -> tensor<1x2xf32>
  return %2 : tensor<1x2xf32>
}

// -----

// What pads the image is its zero point; the bias and the scales per channel come after the sums.
// CHECK-LABEL: @convolution
// CHECK: %[[P:.*]] = graph.pad %arg0, %{{.*}} {high = array<i64: 0, 0, 1, 1>, low = array<i64: 0, 0, 1, 1>
// CHECK: %[[S:.*]] = graph.conv %[[P]], %{{.*}} {{{.*}}pads_high = array<i64: 0, 0>, pads_low = array<i64: 0, 0>{{.*}} : (tensor<1x4x7x8xui8>, tensor<6x2x3x3xi8>) -> tensor<1x6x5x6xi32>
// CHECK: graph.reduce %{{.*}} {axes = array<i64: 1, 2, 3>
// CHECK: graph.sub %[[S]], %{{.*}} : (tensor<1x6x5x6xi32>, tensor<6x1x1xi32>)
// CHECK: graph.mul %{{.*}}, %{{.*}} : (tensor<1x6x5x6xf32>, tensor<6x1x1xf32>)
// CHECK: graph.add %{{.*}}, %{{.*}} : (tensor<1x6x5x6xf32>, tensor<6x1x1xf32>)
func.func @convolution(%x: tensor<1x4x5x6xui8>) -> tensor<1x6x5x6xf32> {
  %s = graph.constant dense<0.02> : tensor<f32>
  %z = graph.constant dense<77> : tensor<ui8>
  %sw = graph.constant dense<[0.1, 0.2, 0.3, 0.4, 0.5, 0.6]> : tensor<6xf32>
  %zw = graph.constant dense<0> : tensor<6xi8>
  %b = graph.constant dense<[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]> : tensor<6xf32>
  %w = graph.weight "w" : tensor<6x2x3x3xi8>
  %0 = graph.dequantize %x, %s, %z {axis = 0 : i64} : (tensor<1x4x5x6xui8>, tensor<f32>, tensor<ui8>) -> tensor<1x4x5x6xf32>
  %1 = graph.dequantize %w, %sw, %zw {axis = 0 : i64} : (tensor<6x2x3x3xi8>, tensor<6xf32>, tensor<6xi8>) -> tensor<6x2x3x3xf32>
  %2 = graph.conv %0, %1, %b {dilations = array<i64: 1, 1>, groups = 2 : i64, pads_high = array<i64: 1, 1>, pads_low = array<i64: 1, 1>, strides = array<i64: 1, 1>} : (tensor<1x4x5x6xf32>, tensor<6x2x3x3xf32>, tensor<6xf32>) -> tensor<1x6x5x6xf32>
  return %2 : tensor<1x6x5x6xf32>
}

// -----

// A zero point of 0 is the padding that convolutions have.
// CHECK-LABEL: @convolution_without_zero_points
// CHECK-NOT: graph.pad
// CHECK: graph.conv {{.*}}pads_low = array<i64: 2>{{.*}} -> tensor<2x3x5xi32>
// CHECK-NOT: graph.sub
func.func @convolution_without_zero_points(%x: tensor<2x3x6xi8>) -> tensor<2x3x5xf32> {
  %s = graph.constant dense<0.02> : tensor<f32>
  %z = graph.constant dense<0> : tensor<i8>
  %w = graph.weight "w" : tensor<3x3x4xi8>
  %0 = graph.dequantize %x, %s, %z {axis = 0 : i64} : (tensor<2x3x6xi8>, tensor<f32>, tensor<i8>) -> tensor<2x3x6xf32>
  %1 = graph.dequantize %w, %s, %z {axis = 0 : i64} : (tensor<3x3x4xi8>, tensor<f32>, tensor<i8>) -> tensor<3x3x4xf32>
  %2 = graph.conv %0, %1 {dilations = array<i64: 1>, groups = 1 : i64, pads_high = array<i64: 0>, pads_low = array<i64: 2>, strides = array<i64: 1>} : (tensor<2x3x6xf32>, tensor<3x3x4xf32>) -> tensor<2x3x5xf32>
  return %2 : tensor<2x3x5xf32>
}
