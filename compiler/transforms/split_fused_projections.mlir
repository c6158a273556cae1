// RUN: mlc-opt %s --split-fused-projections --split-input-file | FileCheck %s

// The weights are not in a table here, so that their parts are slices of them.
// CHECK-LABEL: @fused_query_key_value
// CHECK-DAG: %[[W:.*]] = graph.weight "qkv"
// CHECK-DAG: %[[B:.*]] = graph.weight "bias"
// CHECK: %[[WQ:.*]] = graph.slice %[[W]] {{.*}}starts = #graph.dims<"0", "0">, {{.*}} : (tensor<8x24xf32>) -> tensor<8x8xf32>
// CHECK: %[[Q:.*]] = graph.contract %arg0, %[[WQ]] {{.*}}equation = "bsk,kn->bsn"
// CHECK: %[[BQ:.*]] = graph.slice %[[B]] {{.*}}starts = #graph.dims<"0">, {{.*}} : (tensor<24xf32>) -> tensor<8xf32>
// CHECK: %[[RQ:.*]] = graph.add %[[Q]], %[[BQ]]
// CHECK: %[[WK:.*]] = graph.slice %[[W]] {{.*}}starts = #graph.dims<"0", "8">
// CHECK: %[[K:.*]] = graph.contract %arg0, %[[WK]]
// CHECK: %[[BK:.*]] = graph.slice %[[B]] {{.*}}starts = #graph.dims<"8">
// CHECK: %[[RK:.*]] = graph.add %[[K]], %[[BK]]
// CHECK: %[[WV:.*]] = graph.slice %[[W]] {{.*}}starts = #graph.dims<"0", "16">
// CHECK: return %[[RQ]], %[[RK]]
func.func @fused_query_key_value(%x: tensor<?x?x8xf32, #graph.dims<"b", "s", "">>) -> (tensor<?x?x8xf32, #graph.dims<"b", "s", "">>, tensor<?x?x8xf32, #graph.dims<"b", "s", "">>, tensor<?x?x8xf32, #graph.dims<"b", "s", "">>) {
  %w = graph.weight "qkv" : tensor<8x24xf32>
  %bias = graph.weight "bias" : tensor<24xf32>
  %0 = graph.contract %x, %w {equation = "bsk,kn->bsn"} : (tensor<?x?x8xf32, #graph.dims<"b", "s", "">>, tensor<8x24xf32>) -> tensor<?x?x24xf32, #graph.dims<"b", "s", "">>
  %1 = graph.add %bias, %0 : (tensor<24xf32>, tensor<?x?x24xf32, #graph.dims<"b", "s", "">>) -> tensor<?x?x24xf32, #graph.dims<"b", "s", "">>
  %q = graph.slice %1 {starts = #graph.dims<"0", "0", "0">, steps = array<i64: 1, 1, 1>} : (tensor<?x?x24xf32, #graph.dims<"b", "s", "">>) -> tensor<?x?x8xf32, #graph.dims<"b", "s", "">>
  %k = graph.slice %1 {starts = #graph.dims<"0", "0", "8">, steps = array<i64: 1, 1, 1>} : (tensor<?x?x24xf32, #graph.dims<"b", "s", "">>) -> tensor<?x?x8xf32, #graph.dims<"b", "s", "">>
  %v = graph.slice %1 {starts = #graph.dims<"0", "0", "16">, steps = array<i64: 1, 1, 1>} : (tensor<?x?x24xf32, #graph.dims<"b", "s", "">>) -> tensor<?x?x8xf32, #graph.dims<"b", "s", "">>
  return %q, %k, %v : tensor<?x?x8xf32, #graph.dims<"b", "s", "">>, tensor<?x?x8xf32, #graph.dims<"b", "s", "">>, tensor<?x?x8xf32, #graph.dims<"b", "s", "">>
}

// -----

// As vision transformers are exported: reshape to [b, s, 3, heads, depth], transpose, take each of the three.
// CHECK-LABEL: @projections_split_by_reshape_and_transpose
// CHECK-COUNT-3: graph.contract %arg0, %{{.*}} : (tensor<2x5x8xf32>, tensor<8x8xf32>) -> tensor<2x5x8xf32>
// CHECK-NOT: graph.contract
func.func @projections_split_by_reshape_and_transpose(%x: tensor<2x5x8xf32>) -> (tensor<1x2x2x5x4xf32>, tensor<1x2x2x5x4xf32>, tensor<1x2x2x5x4xf32>) {
  %w = graph.weight "qkv" : tensor<24x8xf32>
  %0 = graph.contract %x, %w {equation = "bsk,nk->bsn"} : (tensor<2x5x8xf32>, tensor<24x8xf32>) -> tensor<2x5x24xf32>
  %1 = graph.reshape %0 : (tensor<2x5x24xf32>) -> tensor<2x5x3x2x4xf32>
  %2 = graph.transpose %1 {permutation = array<i64: 2, 0, 3, 1, 4>} : (tensor<2x5x3x2x4xf32>) -> tensor<3x2x2x5x4xf32>
  %q = graph.slice %2 {starts = #graph.dims<"0", "0", "0", "0", "0">, steps = array<i64: 1, 1, 1, 1, 1>} : (tensor<3x2x2x5x4xf32>) -> tensor<1x2x2x5x4xf32>
  %k = graph.slice %2 {starts = #graph.dims<"1", "0", "0", "0", "0">, steps = array<i64: 1, 1, 1, 1, 1>} : (tensor<3x2x2x5x4xf32>) -> tensor<1x2x2x5x4xf32>
  %v = graph.slice %2 {starts = #graph.dims<"2", "0", "0", "0", "0">, steps = array<i64: 1, 1, 1, 1, 1>} : (tensor<3x2x2x5x4xf32>) -> tensor<1x2x2x5x4xf32>
  return %q, %k, %v : tensor<1x2x2x5x4xf32>, tensor<1x2x2x5x4xf32>, tensor<1x2x2x5x4xf32>
}

// -----

// Two cases that stay: the whole result has another use; the slices cut a dim of the activation.
// CHECK-LABEL: @used_as_a_whole
// CHECK-COUNT-2: graph.contract
// CHECK-NOT: graph.contract
func.func @used_as_a_whole(%x: tensor<4x8xf32>) -> (tensor<4x6xf32>, tensor<4x3xf32>, tensor<4x3xf32>, tensor<2x6xf32>, tensor<2x6xf32>) {
  %w = graph.weight "w" : tensor<8x6xf32>
  %0 = graph.contract %x, %w {equation = "nk,km->nm"} : (tensor<4x8xf32>, tensor<8x6xf32>) -> tensor<4x6xf32>
  %1 = graph.slice %0 {starts = #graph.dims<"0", "0">, steps = array<i64: 1, 1>} : (tensor<4x6xf32>) -> tensor<4x3xf32>
  %2 = graph.slice %0 {starts = #graph.dims<"0", "3">, steps = array<i64: 1, 1>} : (tensor<4x6xf32>) -> tensor<4x3xf32>
  %w2 = graph.weight "w2" : tensor<8x6xf32>
  %3 = graph.contract %x, %w2 {equation = "nk,km->nm"} : (tensor<4x8xf32>, tensor<8x6xf32>) -> tensor<4x6xf32>
  %4 = graph.slice %3 {starts = #graph.dims<"0", "0">, steps = array<i64: 1, 1>} : (tensor<4x6xf32>) -> tensor<2x6xf32>
  %5 = graph.slice %3 {starts = #graph.dims<"2", "0">, steps = array<i64: 1, 1>} : (tensor<4x6xf32>) -> tensor<2x6xf32>
  return %0, %1, %2, %4, %5 : tensor<4x6xf32>, tensor<4x3xf32>, tensor<4x3xf32>, tensor<2x6xf32>, tensor<2x6xf32>
}

// -----

// As GPT-2 is exported: the projection is of a matrix, its result reshaped before it is split.
// CHECK-LABEL: @projection_of_merged_dims
// CHECK-COUNT-2: graph.contract %{{.*}}, %{{.*}} : (tensor<?x8xf32, #graph.dims<"b * s", "">>, tensor<8x6xf32>)
// CHECK-NOT: graph.contract
func.func @projection_of_merged_dims(%x: tensor<?x?x8xf32, #graph.dims<"b", "s", "">>) -> (tensor<?x?x6xf32, #graph.dims<"b", "s", "">>, tensor<?x?x6xf32, #graph.dims<"b", "s", "">>) {
  %w = graph.weight "w" : tensor<8x12xf32>
  %bias = graph.weight "bias" : tensor<12xf32>
  %0 = graph.reshape %x : (tensor<?x?x8xf32, #graph.dims<"b", "s", "">>) -> tensor<?x8xf32, #graph.dims<"b * s", "">>
  %1 = graph.contract %0, %w {equation = "mk,kn->mn"} : (tensor<?x8xf32, #graph.dims<"b * s", "">>, tensor<8x12xf32>) -> tensor<?x12xf32, #graph.dims<"b * s", "">>
  %2 = graph.add %1, %bias : (tensor<?x12xf32, #graph.dims<"b * s", "">>, tensor<12xf32>) -> tensor<?x12xf32, #graph.dims<"b * s", "">>
  %3 = graph.reshape %2 : (tensor<?x12xf32, #graph.dims<"b * s", "">>) -> tensor<?x?x12xf32, #graph.dims<"b", "s", "">>
  %4 = graph.slice %3 {starts = #graph.dims<"0", "0", "0">, steps = array<i64: 1, 1, 1>} : (tensor<?x?x12xf32, #graph.dims<"b", "s", "">>) -> tensor<?x?x6xf32, #graph.dims<"b", "s", "">>
  %5 = graph.slice %3 {starts = #graph.dims<"0", "0", "6">, steps = array<i64: 1, 1, 1>} : (tensor<?x?x12xf32, #graph.dims<"b", "s", "">>) -> tensor<?x?x6xf32, #graph.dims<"b", "s", "">>
  return %4, %5 : tensor<?x?x6xf32, #graph.dims<"b", "s", "">>, tensor<?x?x6xf32, #graph.dims<"b", "s", "">>
}

// -----

// A contraction in a loop stays whole, and one before it is not computed again in each trip.
// CHECK-LABEL: @sliced_in_a_loop
// CHECK: graph.contract {{.*}}tensor<4x6xf32>
// CHECK: graph.loop
// CHECK: graph.contract {{.*}}tensor<2x1x6xf32>
// CHECK-NEXT: graph.reshape
// CHECK-NEXT: graph.slice
// CHECK-NEXT: graph.slice
// CHECK-NOT: graph.contract
func.func @sliced_in_a_loop(%x: tensor<4x3xf32>, %h: tensor<2x3xf32>) -> (tensor<2x3xf32>, tensor<4x2x3xf32>) {
  %n = graph.constant dense<4> : tensor<i64>
  %true = graph.constant dense<true> : tensor<i1>
  %w = graph.weight "w" : tensor<3x6xf32>
  %0 = graph.contract %x, %w {equation = "nk,km->nm"} : (tensor<4x3xf32>, tensor<3x6xf32>) -> tensor<4x6xf32>
  %r:2 = graph.loop %n, %true, %h : (tensor<i64>, tensor<i1>, tensor<2x3xf32>) -> (tensor<2x3xf32>, tensor<4x2x3xf32>) {
  ^bb0(%trip: tensor<i64>, %condition: tensor<i1>, %before: tensor<2x3xf32>):
    %1 = graph.slice %0 {starts = #graph.dims<"0", "0">, steps = array<i64: 1, 1>} : (tensor<4x6xf32>) -> tensor<4x3xf32>
    %2 = graph.slice %0 {starts = #graph.dims<"0", "3">, steps = array<i64: 1, 1>} : (tensor<4x6xf32>) -> tensor<4x3xf32>
    %3 = graph.gather %1, %trip {axis = 0} : (tensor<4x3xf32>, tensor<i64>) -> tensor<3xf32>
    %4 = graph.gather %2, %trip {axis = 0} : (tensor<4x3xf32>, tensor<i64>) -> tensor<3xf32>
    %w1 = graph.reshape %w : (tensor<3x6xf32>) -> tensor<3x1x6xf32>
    %part = graph.contract %before, %w1 {equation = "nk,kam->nam"} : (tensor<2x3xf32>, tensor<3x1x6xf32>) -> tensor<2x1x6xf32>
    %5 = graph.reshape %part : (tensor<2x1x6xf32>) -> tensor<2x6xf32>
    %6 = graph.slice %5 {starts = #graph.dims<"0", "0">, steps = array<i64: 1, 1>} : (tensor<2x6xf32>) -> tensor<2x3xf32>
    %7 = graph.slice %5 {starts = #graph.dims<"0", "3">, steps = array<i64: 1, 1>} : (tensor<2x6xf32>) -> tensor<2x3xf32>
    %8 = graph.add %3, %6 : (tensor<3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
    %9 = graph.mul %4, %7 : (tensor<3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
    %10 = graph.add %8, %9 : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
    graph.yield %condition, %10, %10 : tensor<i1>, tensor<2x3xf32>, tensor<2x3xf32>
  }
  return %r#0, %r#1 : tensor<2x3xf32>, tensor<4x2x3xf32>
}
