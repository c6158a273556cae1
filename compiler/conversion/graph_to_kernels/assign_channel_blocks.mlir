// RUN: mlc-opt %s --assign-channel-blocks --split-input-file | FileCheck %s

// Two convolutions with what lies between them: one filter each, packed by the loader, no copies.
// CHECK-LABEL: @between_convolutions
// CHECK-SAME: %[[X:[a-z0-9]+]]: tensor<2x3x8x8xf32>
// CHECK: %[[IMAGE:.*]] = graph.reshape %[[X]] {{.*}} -> tensor<2x3x8x8x1xf32>
// CHECK: %[[W1:.*]] = graph.weight "w1" {mlc.layout = ["pad", array<i64: 32, 3, 3, 3>, "reshape", array<i64: 1, 32, 3, 1, 3, 3>, "transpose", array<i64: 0, 2, 4, 5, 3, 1>]} : tensor<1x3x3x3x1x32xf32>
// CHECK: %[[C1:.*]] = graph.blocked_conv %[[IMAGE]], %[[W1]] {{.*}} -> tensor<2x3x8x8x8xf32>
// CHECK: %[[B1:.*]] = graph.reshape {{.*}} -> tensor<3x1x1x8xf32>
// CHECK: %[[S1:.*]] = graph.add %[[C1]], %[[B1]]
// CHECK: %[[R1:.*]] = graph.relu %[[S1]]
// CHECK: %[[P1:.*]] = graph.pool %[[R1]] {{.*}}kernel = array<i64: 2, 2, 1>
// CHECK: %[[C2:.*]] = graph.blocked_conv %[[P1]], {{.*}} -> tensor<2x1x4x4x16xf32>
// CHECK: %[[T:.*]] = graph.transpose %[[C2]] {permutation = array<i64: 0, 1, 4, 2, 3>}
// CHECK: %[[OUT:.*]] = graph.reshape %[[T]] {{.*}} -> tensor<2x16x4x4xf32>
// CHECK: return %[[OUT]]
func.func @between_convolutions(%x: tensor<2x3x8x8xf32>) -> tensor<2x16x4x4xf32> {
  %w1 = graph.weight "w1" : tensor<24x3x3x3xf32>
  %b1 = graph.weight "b1" : tensor<24xf32>
  %w2 = graph.weight "w2" : tensor<16x24x1x1xf32>
  %0 = graph.conv %x, %w1, %b1 {strides = array<i64: 1, 1>, pads_low = array<i64: 1, 1>, pads_high = array<i64: 1, 1>, dilations = array<i64: 1, 1>} : (tensor<2x3x8x8xf32>, tensor<24x3x3x3xf32>, tensor<24xf32>) -> tensor<2x24x8x8xf32>
  %1 = graph.relu %0 : (tensor<2x24x8x8xf32>) -> tensor<2x24x8x8xf32>
  %2 = graph.pool %1 {kind = 0 : i32, kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>, pads_low = array<i64: 0, 0>, pads_high = array<i64: 0, 0>, dilations = array<i64: 1, 1>} : (tensor<2x24x8x8xf32>) -> tensor<2x24x4x4xf32>
  %3 = graph.conv %2, %w2 {strides = array<i64: 1, 1>, pads_low = array<i64: 0, 0>, pads_high = array<i64: 0, 0>, dilations = array<i64: 1, 1>} : (tensor<2x24x4x4xf32>, tensor<16x24x1x1xf32>) -> tensor<2x16x4x4xf32>
  return %3 : tensor<2x16x4x4xf32>
}

// -----

// Depthwise filters lie in the blocks of their image; the mean over pixels of blocks is a view of
// the channels in order.
// CHECK-LABEL: @depthwise_and_mean
// CHECK: %[[C:.*]] = graph.blocked_conv
// CHECK: graph.weight "d" {mlc.layout = ["reshape", array<i64: 2, 16, 3, 3>, "transpose", array<i64: 0, 2, 3, 1>]} : tensor<2x3x3x16xf32>
// CHECK: %[[D:.*]] = graph.blocked_conv %[[C]], {{.*}}depthwise = true
// CHECK: %[[M:.*]] = graph.reduce %[[D]] {{.*}} -> tensor<1x2x1x1x16xf32>
// CHECK: graph.reshape %[[M]] {{.*}} -> tensor<1x32xf32>
// CHECK-NOT: graph.transpose
func.func @depthwise_and_mean(%x: tensor<1x8x6x6xf32>) -> tensor<1x32xf32> {
  %w = graph.weight "w" : tensor<32x8x1x1xf32>
  %d = graph.weight "d" : tensor<32x1x3x3xf32>
  %0 = graph.conv %x, %w {strides = array<i64: 1, 1>, pads_low = array<i64: 0, 0>, pads_high = array<i64: 0, 0>, dilations = array<i64: 1, 1>} : (tensor<1x8x6x6xf32>, tensor<32x8x1x1xf32>) -> tensor<1x32x6x6xf32>
  %1 = graph.conv %0, %d {groups = 32 : i64, strides = array<i64: 1, 1>, pads_low = array<i64: 1, 1>, pads_high = array<i64: 1, 1>, dilations = array<i64: 1, 1>} : (tensor<1x32x6x6xf32>, tensor<32x1x3x3xf32>) -> tensor<1x32x6x6xf32>
  %2 = graph.reduce %1 {kind = 1 : i32, axes = array<i64: 2, 3>} : (tensor<1x32x6x6xf32>) -> tensor<1x32xf32>
  return %2 : tensor<1x32xf32>
}

// -----

// Channels that are no whole blocks, and filters that are computed, stay as they are.
// CHECK-LABEL: @not_covered
// CHECK-NOT: blocked_conv
// CHECK: graph.conv
// CHECK: graph.conv
func.func @not_covered(%x: tensor<1x8x6x6xf32>, %f: tensor<8x8x1x1xf32>) -> tensor<1x7x6x6xf32> {
  %w = graph.weight "w" : tensor<7x8x1x1xf32>
  %0 = graph.conv %x, %f {strides = array<i64: 1, 1>, pads_low = array<i64: 0, 0>, pads_high = array<i64: 0, 0>, dilations = array<i64: 1, 1>} : (tensor<1x8x6x6xf32>, tensor<8x8x1x1xf32>) -> tensor<1x8x6x6xf32>
  %1 = graph.conv %0, %w {strides = array<i64: 1, 1>, pads_low = array<i64: 0, 0>, pads_high = array<i64: 0, 0>, dilations = array<i64: 1, 1>} : (tensor<1x8x6x6xf32>, tensor<7x8x1x1xf32>) -> tensor<1x7x6x6xf32>
  return %1 : tensor<1x7x6x6xf32>
}
