// RUN: not mlc-opt %s --lower-kernels-to-loops 2>&1 | FileCheck %s

// CHECK: error: is called: only modules of nothing but kernels can be lowered
func.func private @kernel(%x: tensor<4xf32>) -> tensor<4xf32> attributes {mlc.kernel} {
  %0 = graph.neg %x : (tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = call @kernel(%x) : (tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}
