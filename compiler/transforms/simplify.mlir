// RUN: mlc-opt %s --simplify --split-input-file | FileCheck %s

// CHECK-LABEL: @neutral_operands
// CHECK-NEXT: return %arg0
func.func @neutral_operands(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %zero = graph.constant dense<0.0> : tensor<f32>
  %minus = graph.constant dense<-0.0> : tensor<f32>
  %one = graph.constant dense<1.0> : tensor<8xf32>
  %0 = graph.add %x, %minus : (tensor<4x8xf32>, tensor<f32>) -> tensor<4x8xf32>
  %1 = graph.mul %one, %0 : (tensor<8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  %2 = graph.div %1, %one : (tensor<4x8xf32>, tensor<8xf32>) -> tensor<4x8xf32>
  %3 = graph.sub %2, %zero : (tensor<4x8xf32>, tensor<f32>) -> tensor<4x8xf32>
  return %3 : tensor<4x8xf32>
}

// -----

// A neutral operand that makes the result larger stays.
// CHECK-LABEL: @neutral_but_larger
// CHECK: graph.add
func.func @neutral_but_larger(%x: tensor<8xf32>) -> tensor<4x8xf32> {
  %zero = graph.constant dense<0.0> : tensor<4x8xf32>
  %0 = graph.add %x, %zero : (tensor<8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  return %0 : tensor<4x8xf32>
}

// -----

// CHECK-LABEL: @transposes_fold_into_contract
// CHECK-NEXT: %[[R:.*]] = graph.contract %arg0, %arg1 {equation = "bshd,bthd->bsht"}
// CHECK-NEXT: return %[[R]]
func.func @transposes_fold_into_contract(%q: tensor<2x5x12x32xf32>, %k: tensor<2x7x12x32xf32>) -> tensor<2x5x12x7xf32> {
  %0 = graph.transpose %q {permutation = array<i64: 0, 2, 1, 3>} : (tensor<2x5x12x32xf32>) -> tensor<2x12x5x32xf32>
  %1 = graph.transpose %k {permutation = array<i64: 0, 2, 3, 1>} : (tensor<2x7x12x32xf32>) -> tensor<2x12x32x7xf32>
  %2 = graph.contract %0, %1 {equation = "bhsd,bhdt->bhst"} : (tensor<2x12x5x32xf32>, tensor<2x12x32x7xf32>) -> tensor<2x12x5x7xf32>
  %3 = graph.transpose %2 {permutation = array<i64: 0, 2, 1, 3>} : (tensor<2x12x5x7xf32>) -> tensor<2x5x12x7xf32>
  return %3 : tensor<2x5x12x7xf32>
}

// -----

// CHECK-LABEL: @transpose_chains
// CHECK-NEXT: %[[T:.*]] = graph.transpose %arg0 {permutation = array<i64: 1, 2, 0>}
// CHECK-NEXT: return %[[T]], %arg0
func.func @transpose_chains(%x: tensor<2x3x4xf32>) -> (tensor<3x4x2xf32>, tensor<2x3x4xf32>) {
  %0 = graph.transpose %x {permutation = array<i64: 2, 0, 1>} : (tensor<2x3x4xf32>) -> tensor<4x2x3xf32>
  %1 = graph.transpose %0 {permutation = array<i64: 2, 0, 1>} : (tensor<4x2x3xf32>) -> tensor<3x4x2xf32>
  %2 = graph.transpose %0 {permutation = array<i64: 1, 2, 0>} : (tensor<4x2x3xf32>) -> tensor<2x3x4xf32>
  return %1, %2 : tensor<3x4x2xf32>, tensor<2x3x4xf32>
}

// -----

// CHECK-LABEL: @transpose_of_ones_is_a_reshape
// CHECK-NEXT: graph.reshape %arg0
func.func @transpose_of_ones_is_a_reshape(%x: tensor<2x1x4xf32>) -> tensor<2x4x1xf32> {
  %0 = graph.transpose %x {permutation = array<i64: 0, 2, 1>} : (tensor<2x1x4xf32>) -> tensor<2x4x1xf32>
  return %0 : tensor<2x4x1xf32>
}

// -----

// CHECK-LABEL: @reshape_chain
// CHECK-NEXT: return %arg0
func.func @reshape_chain(%x: tensor<?x?x384xf32, #graph.dims<"b", "s", "">>) -> tensor<?x?x384xf32, #graph.dims<"b", "s", "">> {
  %0 = graph.reshape %x : (tensor<?x?x384xf32, #graph.dims<"b", "s", "">>) -> tensor<?x384xf32, #graph.dims<"b * s", "">>
  %1 = graph.reshape %0 : (tensor<?x384xf32, #graph.dims<"b * s", "">>) -> tensor<?x?x12x32xf32, #graph.dims<"b", "s", "", "">>
  %2 = graph.reshape %1 : (tensor<?x?x12x32xf32, #graph.dims<"b", "s", "", "">>) -> tensor<?x?x384xf32, #graph.dims<"b", "s", "">>
  return %2 : tensor<?x?x384xf32, #graph.dims<"b", "s", "">>
}

// -----

// A cast that loses bits is not undone by the cast back.
// CHECK-LABEL: @casts
// CHECK-NEXT: %[[N:.*]] = graph.cast %arg0 : (tensor<4xf32>) -> tensor<4xf16>
// CHECK-NEXT: %[[W:.*]] = graph.cast %[[N]] : (tensor<4xf16>) -> tensor<4xf32>
// CHECK-NEXT: return %[[W]], %arg1
func.func @casts(%x: tensor<4xf32>, %y: tensor<4xi32>) -> (tensor<4xf32>, tensor<4xi32>) {
  %0 = graph.cast %x : (tensor<4xf32>) -> tensor<4xf16>
  %1 = graph.cast %0 : (tensor<4xf16>) -> tensor<4xf32>
  %2 = graph.cast %y : (tensor<4xi32>) -> tensor<4xi64>
  %3 = graph.cast %2 : (tensor<4xi64>) -> tensor<4xi32>
  return %1, %3 : tensor<4xf32>, tensor<4xi32>
}

// -----

// CHECK-LABEL: @slices_of_concat
// CHECK-NEXT: %[[S:.*]] = graph.slice %arg1 {starts = #graph.dims<"0", "1">, steps = array<i64: 1, 1>} : (tensor<2x3xf32>) -> tensor<2x2xf32>
// CHECK-NEXT: return %arg0, %[[S]]
func.func @slices_of_concat(%x: tensor<2x?xf32, #graph.dims<"", "n">>, %y: tensor<2x3xf32>) -> (tensor<2x?xf32, #graph.dims<"", "n">>, tensor<2x2xf32>) {
  %0 = graph.concat %x, %y {axis = 1 : i64} : (tensor<2x?xf32, #graph.dims<"", "n">>, tensor<2x3xf32>) -> tensor<2x?xf32, #graph.dims<"", "n + 3">>
  %1 = graph.slice %0 {starts = #graph.dims<"0", "0">, steps = array<i64: 1, 1>} : (tensor<2x?xf32, #graph.dims<"", "n + 3">>) -> tensor<2x?xf32, #graph.dims<"", "n">>
  %2 = graph.slice %0 {starts = #graph.dims<"0", "n + 1">, steps = array<i64: 1, 1>} : (tensor<2x?xf32, #graph.dims<"", "n + 3">>) -> tensor<2x2xf32>
  return %1, %2 : tensor<2x?xf32, #graph.dims<"", "n">>, tensor<2x2xf32>
}

// -----

// CHECK-LABEL: @concat_of_adjacent_slices
// CHECK-NEXT: return %arg0
func.func @concat_of_adjacent_slices(%x: tensor<2x8xf32>) -> tensor<2x8xf32> {
  %0 = graph.slice %x {starts = #graph.dims<"0", "0">, steps = array<i64: 1, 1>} : (tensor<2x8xf32>) -> tensor<2x5xf32>
  %1 = graph.slice %x {starts = #graph.dims<"0", "5">, steps = array<i64: 1, 1>} : (tensor<2x8xf32>) -> tensor<2x3xf32>
  %2 = graph.concat %0, %1 {axis = 1 : i64} : (tensor<2x5xf32>, tensor<2x3xf32>) -> tensor<2x8xf32>
  return %2 : tensor<2x8xf32>
}

// -----

// CHECK-LABEL: @rotated_halves_stay
// CHECK: graph.concat
func.func @rotated_halves_stay(%x: tensor<2x8xf32>) -> tensor<2x8xf32> {
  %0 = graph.slice %x {starts = #graph.dims<"0", "0">, steps = array<i64: 1, 1>} : (tensor<2x8xf32>) -> tensor<2x4xf32>
  %1 = graph.slice %x {starts = #graph.dims<"0", "4">, steps = array<i64: 1, 1>} : (tensor<2x8xf32>) -> tensor<2x4xf32>
  %2 = graph.concat %1, %0 {axis = 1 : i64} : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x8xf32>
  return %2 : tensor<2x8xf32>
}

// -----

// CHECK-LABEL: @slices_compose
// CHECK-NEXT: %[[S:.*]] = graph.slice %arg0 {starts = #graph.dims<"13">, steps = array<i64: -6>} : (tensor<20xf32>) -> tensor<2xf32>
// CHECK-NEXT: return %[[S]]
func.func @slices_compose(%x: tensor<20xf32>) -> tensor<2xf32> {
  %0 = graph.slice %x {starts = #graph.dims<"1">, steps = array<i64: 3>} : (tensor<20xf32>) -> tensor<6xf32>
  %1 = graph.slice %0 {starts = #graph.dims<"4">, steps = array<i64: -2>} : (tensor<6xf32>) -> tensor<2xf32>
  return %1 : tensor<2xf32>
}

// -----

// CHECK-LABEL: @gather_at_constant
// CHECK-NEXT: %[[S:.*]] = graph.slice %arg0 {starts = #graph.dims<"2", "0">
// CHECK-NEXT: %[[R:.*]] = graph.reshape %[[S]] : (tensor<1x8xf32>) -> tensor<8xf32>
func.func @gather_at_constant(%x: tensor<3x8xf32>) -> tensor<8xf32> {
  %i = graph.constant dense<-1> : tensor<i64>
  %0 = graph.gather %x, %i {axis = 0 : i64} : (tensor<3x8xf32>, tensor<i64>) -> tensor<8xf32>
  return %0 : tensor<8xf32>
}

// -----

// CHECK-LABEL: @broadcast_into_elementwise
// CHECK-NEXT: graph.add %arg0, %arg1 : (tensor<4x8xf32>, tensor<8xf32>)
func.func @broadcast_into_elementwise(%x: tensor<4x8xf32>, %y: tensor<8xf32>) -> tensor<4x8xf32> {
  %0 = graph.broadcast %y : (tensor<8xf32>) -> tensor<4x8xf32>
  %1 = graph.add %x, %0 : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  return %1 : tensor<4x8xf32>
}

// -----

// Their product need not be what two products are: x * 3 may overflow.
// CHECK-LABEL: @factors_stay_apart
// CHECK: %[[T:.*]] = graph.mul %arg0
// CHECK-NEXT: %[[R:.*]] = graph.mul %[[T]]
// CHECK-NEXT: return %[[R]]
func.func @factors_stay_apart(%x: tensor<4xf32>) -> tensor<4xf32> {
  %three = graph.constant dense<3.0> : tensor<f32>
  %two = graph.constant dense<2.0> : tensor<f32>
  %0 = graph.mul %x, %three : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %1 = graph.div %0, %two : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  return %1 : tensor<4xf32>
}

// -----

// -infinity ^ 0.5 is infinity, its root is not a number.
// CHECK-LABEL: @powers
// CHECK: graph.mul %arg0, %arg0
// CHECK-NEXT: graph.pow %arg0
func.func @powers(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %two = graph.constant dense<2.0> : tensor<f32>
  %half = graph.constant dense<0.5> : tensor<f32>
  %0 = graph.pow %x, %two : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %1 = graph.pow %x, %half : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  return %0, %1 : tensor<4xf32>, tensor<4xf32>
}

// -----

// -0 + 0 is 0, and -0 - -0 too.
// CHECK-LABEL: @neutral_summands
// CHECK: %[[A:.*]] = graph.add %arg0
// CHECK-NEXT: %[[S:.*]] = graph.sub %arg0
// CHECK-NEXT: return %[[A]], %arg0, %arg0, %[[S]], %arg1
func.func @neutral_summands(%x: tensor<4xf32>, %i: tensor<4xi32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xi32>) {
  %zero = graph.constant dense<0.0> : tensor<f32>
  %minus = graph.constant dense<-0.0> : tensor<f32>
  %none = graph.constant dense<0> : tensor<i32>
  %0 = graph.add %x, %zero : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %1 = graph.add %x, %minus : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %2 = graph.sub %x, %zero : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %3 = graph.sub %x, %minus : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %4 = graph.add %i, %none : (tensor<4xi32>, tensor<i32>) -> tensor<4xi32>
  return %0, %1, %2, %3, %4 : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xi32>
}

// -----

// CHECK-LABEL: @batch_normalisation_folds_into_convolution
// CHECK-DAG: %[[W:.*]] = graph.weight "w"
// CHECK-DAG: %[[S:.*]] = graph.weight "scale"
// CHECK-DAG: %[[B:.*]] = graph.weight "shift"
// CHECK-DAG: %[[S4:.*]] = graph.reshape %[[S]] : (tensor<16x1x1xf32>) -> tensor<16x1x1x1xf32>
// CHECK-DAG: %[[F:.*]] = graph.mul %[[W]], %[[S4]]
// CHECK-DAG: %[[B1:.*]] = graph.reshape %[[B]] : (tensor<1x16x1x1xf32>) -> tensor<16xf32>
// CHECK: %[[R:.*]] = graph.conv %arg0, %[[F]], %[[B1]] {{.*}}pads_high = array<i64: 1, 2>, pads_low = array<i64: 1, 0>
// CHECK-NEXT: return %[[R]]
func.func @batch_normalisation_folds_into_convolution(%x: tensor<1x3x8x8xf32>) -> tensor<1x16x8x8xf32> {
  %w = graph.weight "w" : tensor<16x3x3x3xf32>
  %scale = graph.weight "scale" : tensor<16x1x1xf32>
  %shift = graph.weight "shift" : tensor<1x16x1x1xf32>
  %zero = graph.constant dense<0.0> : tensor<f32>
  %p = graph.pad %x, %zero {low = array<i64: 0, 0, 1, 0>, high = array<i64: 0, 0, 0, 1>, mode = 0 : i32} : (tensor<1x3x8x8xf32>, tensor<f32>) -> tensor<1x3x9x9xf32>
  %0 = graph.conv %p, %w {strides = array<i64: 1, 1>, pads_low = array<i64: 0, 0>, pads_high = array<i64: 1, 1>, dilations = array<i64: 1, 1>} : (tensor<1x3x9x9xf32>, tensor<16x3x3x3xf32>) -> tensor<1x16x8x8xf32>
  %1 = graph.mul %0, %scale : (tensor<1x16x8x8xf32>, tensor<16x1x1xf32>) -> tensor<1x16x8x8xf32>
  %2 = graph.add %1, %shift : (tensor<1x16x8x8xf32>, tensor<1x16x1x1xf32>) -> tensor<1x16x8x8xf32>
  return %2 : tensor<1x16x8x8xf32>
}

// -----

// CHECK-LABEL: @broadcast_after_elementwise
// CHECK: %[[C:.*]] = graph.cast %arg0 : (tensor<2x1x1x7xi64>) -> tensor<2x1x1x7xf32>
// CHECK-NEXT: %[[S:.*]] = graph.sub %{{.*}}, %[[C]] : (tensor<f32>, tensor<2x1x1x7xf32>) -> tensor<2x1x1x7xf32>
// CHECK-NEXT: graph.add %arg1, %[[S]]
func.func @broadcast_after_elementwise(%mask: tensor<2x1x1x7xi64>, %x: tensor<2x12x7x7xf32>) -> tensor<2x12x7x7xf32> {
  %one = graph.constant dense<1.0> : tensor<f32>
  %0 = graph.broadcast %mask : (tensor<2x1x1x7xi64>) -> tensor<2x1x7x7xi64>
  %1 = graph.cast %0 : (tensor<2x1x7x7xi64>) -> tensor<2x1x7x7xf32>
  %2 = graph.sub %one, %1 : (tensor<f32>, tensor<2x1x7x7xf32>) -> tensor<2x1x7x7xf32>
  %3 = graph.add %x, %2 : (tensor<2x12x7x7xf32>, tensor<2x1x7x7xf32>) -> tensor<2x12x7x7xf32>
  return %3 : tensor<2x12x7x7xf32>
}

// -----

// CHECK-LABEL: @matrix_products_of_merged_dims
// CHECK: %[[C:.*]] = graph.contract %arg0, %arg1 {equation = "abk,kn->abn"} : (tensor<?x?x8xf32, #graph.dims<"b", "s", "">>, tensor<8x12xf32>) -> tensor<?x?x12xf32, #graph.dims<"b", "s", "">>
// CHECK-NEXT: %[[A:.*]] = graph.add %arg2, %[[C]]
// CHECK-NEXT: %[[G:.*]] = graph.gelu %[[A]]
// CHECK-NEXT: return %[[G]]
func.func @matrix_products_of_merged_dims(%x: tensor<?x?x8xf32, #graph.dims<"b", "s", "">>, %w: tensor<8x12xf32>, %bias: tensor<12xf32>) -> tensor<?x?x12xf32, #graph.dims<"b", "s", "">> {
  %0 = graph.reshape %x : (tensor<?x?x8xf32, #graph.dims<"b", "s", "">>) -> tensor<?x8xf32, #graph.dims<"b * s", "">>
  %1 = graph.contract %0, %w {equation = "mk,kn->mn"} : (tensor<?x8xf32, #graph.dims<"b * s", "">>, tensor<8x12xf32>) -> tensor<?x12xf32, #graph.dims<"b * s", "">>
  %2 = graph.add %bias, %1 : (tensor<12xf32>, tensor<?x12xf32, #graph.dims<"b * s", "">>) -> tensor<?x12xf32, #graph.dims<"b * s", "">>
  %3 = graph.gelu %2 : (tensor<?x12xf32, #graph.dims<"b * s", "">>) -> tensor<?x12xf32, #graph.dims<"b * s", "">>
  %4 = graph.reshape %3 : (tensor<?x12xf32, #graph.dims<"b * s", "">>) -> tensor<?x?x12xf32, #graph.dims<"b", "s", "">>
  return %4 : tensor<?x?x12xf32, #graph.dims<"b", "s", "">>
}

// -----

// A reshape that mixes what the bias lies along stays before the sum; a summed letter is not taken apart.
// CHECK-LABEL: @reshapes_that_stay
// CHECK: %[[R:.*]] = graph.reshape %arg0
// CHECK: graph.add %[[R]], %arg1
// CHECK: %[[M:.*]] = graph.reshape %arg2
// CHECK: graph.contract %[[M]], %arg3
func.func @reshapes_that_stay(%x: tensor<4x6xf32>, %bias: tensor<8xf32>, %y: tensor<5x2x3xf32>, %w: tensor<6x7xf32>) -> (tensor<3x8xf32>, tensor<5x7xf32>) {
  %0 = graph.reshape %x : (tensor<4x6xf32>) -> tensor<3x8xf32>
  %1 = graph.add %0, %bias : (tensor<3x8xf32>, tensor<8xf32>) -> tensor<3x8xf32>
  %2 = graph.reshape %y : (tensor<5x2x3xf32>) -> tensor<5x6xf32>
  %3 = graph.contract %2, %w {equation = "mk,kn->mn"} : (tensor<5x6xf32>, tensor<6x7xf32>) -> tensor<5x7xf32>
  return %1, %3 : tensor<3x8xf32>, tensor<5x7xf32>
}
