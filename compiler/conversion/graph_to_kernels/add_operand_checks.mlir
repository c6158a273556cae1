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

// The number of a trip, from the first or the last, is within what the loop goes over.
// CHECK-LABEL: @trips
// CHECK-NOT: graph.fail_if
func.func @trips(%x: tensor<?x4xf32, #graph.dims<"n", "">>) -> tensor<?x4xf32, #graph.dims<"n", "">> {
  %n = graph.size <"n"> : tensor<i64>
  %last = graph.size <"n + -1"> : tensor<i64>
  %true = graph.constant dense<true> : tensor<i1>
  %0 = graph.loop %n, %true : (tensor<i64>, tensor<i1>) -> tensor<?x4xf32, #graph.dims<"n", "">> {
  ^bb0(%trip: tensor<i64>, %condition: tensor<i1>):
    %1 = graph.gather %x, %trip {axis = 0} : (tensor<?x4xf32, #graph.dims<"n", "">>, tensor<i64>) -> tensor<4xf32>
    %2 = graph.sub %last, %trip : (tensor<i64>, tensor<i64>) -> tensor<i64>
    %3 = graph.gather %x, %2 {axis = 0} : (tensor<?x4xf32, #graph.dims<"n", "">>, tensor<i64>) -> tensor<4xf32>
    %4 = graph.add %1, %3 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    graph.yield %condition, %4 : tensor<i1>, tensor<4xf32>
  }
  return %0 : tensor<?x4xf32, #graph.dims<"n", "">>
}

// It may be too large for another dim.
// CHECK-LABEL: @trips_of_another_dim
// CHECK: graph.fail_if
func.func @trips_of_another_dim(%x: tensor<?x4xf32, #graph.dims<"m", "">>) -> tensor<?x4xf32, #graph.dims<"n", "">> {
  %n = graph.size <"n"> : tensor<i64>
  %true = graph.constant dense<true> : tensor<i1>
  %0 = graph.loop %n, %true : (tensor<i64>, tensor<i1>) -> tensor<?x4xf32, #graph.dims<"n", "">> {
  ^bb0(%trip: tensor<i64>, %condition: tensor<i1>):
    %1 = graph.gather %x, %trip {axis = 0} : (tensor<?x4xf32, #graph.dims<"m", "">>, tensor<i64>) -> tensor<4xf32>
    graph.yield %condition, %1 : tensor<i1>, tensor<4xf32>
  }
  return %0 : tensor<?x4xf32, #graph.dims<"n", "">>
}
