// RUN: mlc-opt %s --add-operand-checks | FileCheck %s

// CHECK-LABEL: @gather
// CHECK: graph.compare
// CHECK: graph.compare
// CHECK: graph.or
// CHECK: graph.gather
// CHECK: graph.fail_if {{.*}}an index is outside of a dim of size 10
func.func @gather(%x: tensor<10x4xf32>, %i: tensor<3xi64>) -> tensor<3x4xf32> {
  %0 = graph.gather %x, %i {axis = 0} : (tensor<10x4xf32>, tensor<3xi64>) -> tensor<3x4xf32>
  return %0 : tensor<3x4xf32>
}

// Constants that are right are not checked.
// CHECK-LABEL: @constant_indices
// CHECK-NOT: graph.fail_if
func.func @constant_indices(%x: tensor<10x4xf32>) -> tensor<2x4xf32> {
  %i = graph.constant dense<[9, -10]> : tensor<2xi64>
  %0 = graph.gather %x, %i {axis = 0} : (tensor<10x4xf32>, tensor<2xi64>) -> tensor<2x4xf32>
  return %0 : tensor<2x4xf32>
}

// CHECK-LABEL: @divide
// CHECK: graph.fail_if {{.*}}zero
func.func @divide(%a: tensor<4xi32>, %b: tensor<4xi32>) -> tensor<4xi32> {
  %0 = graph.div %a, %b : (tensor<4xi32>, tensor<4xi32>) -> tensor<4xi32>
  return %0 : tensor<4xi32>
}

// CHECK-LABEL: @divide_floats
// CHECK-NOT: graph.fail_if
func.func @divide_floats(%a: tensor<4xf32>, %b: tensor<4xf32>) -> tensor<4xf32> {
  %0 = graph.div %a, %b : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}
