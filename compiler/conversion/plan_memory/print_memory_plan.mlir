// RUN: mlc-opt %s --split-input-file --form-kernels --print-memory-plan | FileCheck %s

// The second intermediate outlives the first; the third takes the first one's place.
// CHECK: @main: 256 bytes
// CHECK-NEXT: func.call @softmax_{{.*}}: arena at 0
// CHECK-NEXT: func.call @softmax_{{.*}}: arena at 128
// CHECK-NEXT: func.call @softmax_{{.*}}: arena at 0
// CHECK-NEXT: func.call @softmax_{{.*}}: result 0
func.func @main(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %0 = graph.softmax %x {axis = 1} : (tensor<4x8xf32>) -> tensor<4x8xf32>
  %1 = graph.softmax %0 {axis = 0} : (tensor<4x8xf32>) -> tensor<4x8xf32>
  %2 = graph.softmax %1 {axis = 1} : (tensor<4x8xf32>) -> tensor<4x8xf32>
  %3 = graph.softmax %2 {axis = 0} : (tensor<4x8xf32>) -> tensor<4x8xf32>
  return %3 : tensor<4x8xf32>
}

// -----

// A state is memory of its own; what it is appended to is the same memory.
// CHECK: @main: 0 bytes
// CHECK-NEXT: graph.state: state 0
// CHECK-NEXT: graph.append: state 0
// CHECK-NEXT: func.call @softmax_{{.*}}: result 0
func.func @main(%new: tensor<?x8xf32, #graph.dims<"seq", "">>) -> tensor<?x8xf32, #graph.dims<"past + seq", "">> {
  %0 = graph.state "past" next <"past + seq"> : tensor<?x8xf32, #graph.dims<"past", "">>
  %1 = graph.append %0, %new : (tensor<?x8xf32, #graph.dims<"past", "">>, tensor<?x8xf32, #graph.dims<"seq", "">>) -> tensor<?x8xf32, #graph.dims<"past + seq", "">>
  %2 = graph.softmax %1 {axis = 1} : (tensor<?x8xf32, #graph.dims<"past + seq", "">>) -> tensor<?x8xf32, #graph.dims<"past + seq", "">>
  return %2 : tensor<?x8xf32, #graph.dims<"past + seq", "">>
}

// -----

// What is as large as a size that is computed lies in the segment that is allocated then; the result too, whose own memory the
// program asks for at its end.
// CHECK: @main: 0 bytes
// CHECK-NEXT: func.call @slice_{{.*}}: segment 0 at 0
// CHECK-NEXT: func.call @softmax_{{.*}}: segment 0 at 64 * ceildiv(32 * computed.0, 64)
// CHECK-NEXT: func.call @softmax_{{.*}}: segment 0 at 0
func.func @main(%x: tensor<4x8xf32>, %n: tensor<i64>) -> tensor<?x8xf32, #graph.dims<"computed.0", "">> {
  graph.define_size "computed.0" = %n, "rows" at_most <"4"> : tensor<i64>
  %0 = graph.slice %x {starts = #graph.dims<"0", "0">, steps = array<i64: 1, 1>} : (tensor<4x8xf32>) -> tensor<?x8xf32, #graph.dims<"computed.0", "">>
  %1 = graph.softmax %0 {axis = 1} : (tensor<?x8xf32, #graph.dims<"computed.0", "">>) -> tensor<?x8xf32, #graph.dims<"computed.0", "">>
  %2 = graph.softmax %1 {axis = 0} : (tensor<?x8xf32, #graph.dims<"computed.0", "">>) -> tensor<?x8xf32, #graph.dims<"computed.0", "">>
  return %2 : tensor<?x8xf32, #graph.dims<"computed.0", "">>
}
