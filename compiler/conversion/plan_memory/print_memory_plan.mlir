// RUN: mlc-opt %s --form-kernels --print-memory-plan | FileCheck %s

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
