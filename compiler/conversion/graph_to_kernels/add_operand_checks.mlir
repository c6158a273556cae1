// RUN: mlc-opt %s --add-operand-checks | FileCheck %s

// Indices may be -10 to 9. All of them are checked by one number, which the run fails on at the block's end. (Predicates: 0 is
// eq, 2 lt, 4 gt, 5 ge. Reductions: 2 is max.)
// CHECK-LABEL: @gather
// CHECK-SAME: (%[[X:.*]]: tensor<10x4xf32>, %[[I:.*]]: tensor<3xi64>)
// CHECK-NEXT: %[[LEAST:.*]] = graph.constant dense<-10> : tensor<i64>
// CHECK-NEXT: %[[BELOW:.*]] = graph.compare %[[I]], %[[LEAST]] {predicate = 2 : i32}
// CHECK-NEXT: %[[SIZE:.*]] = graph.constant dense<10> : tensor<i64>
// CHECK-NEXT: %[[ABOVE:.*]] = graph.compare %[[I]], %[[SIZE]] {predicate = 5 : i32}
// CHECK-NEXT: %[[EITHER:.*]] = graph.or %[[BELOW]], %[[ABOVE]]
// CHECK-NEXT: %[[NUMBERS:.*]] = graph.cast %[[EITHER]] : (tensor<3xi1>) -> tensor<3xi32>
// CHECK-NEXT: %[[MOST:.*]] = graph.reduce %[[NUMBERS]] {axes = array<i64: 0>, kind = 2 : i32}
// CHECK-NEXT: %[[ZERO:.*]] = graph.constant dense<0> : tensor<i32>
// CHECK-NEXT: %[[BAD:.*]] = graph.compare %[[MOST]], %[[ZERO]] {predicate = 4 : i32}
// CHECK-NEXT: %[[R:.*]] = graph.gather %[[X]], %[[I]]
// CHECK-NEXT: %[[N:.*]] = graph.neg %[[R]]
// CHECK-NEXT: graph.fail_if %[[BAD]], "node 'graph.gather': an index is outside of a dim of size 10"
// CHECK-NEXT: return %[[N]]
func.func @gather(%x: tensor<10x4xf32>, %i: tensor<3xi64>) -> tensor<3x4xf32> {
  %0 = graph.gather %x, %i {axis = 0} : (tensor<10x4xf32>, tensor<3xi64>) -> tensor<3x4xf32>
  %1 = graph.neg %0 : (tensor<3x4xf32>) -> tensor<3x4xf32>
  return %1 : tensor<3x4xf32>
}

// A size that is known in a run only, and one index.
// CHECK-LABEL: @symbolic
// CHECK-SAME: %[[I:[a-z0-9]+]]: tensor<i32>)
// CHECK: %[[MINUS:.*]] = graph.size <"-1 * n">
// CHECK-NEXT: %[[LEAST:.*]] = graph.cast %[[MINUS]] : (tensor<i64>) -> tensor<i32>
// CHECK-NEXT: %[[BELOW:.*]] = graph.compare %[[I]], %[[LEAST]] {predicate = 2 : i32}
// CHECK-NEXT: %[[N:.*]] = graph.size <"n">
// CHECK-NEXT: %[[SIZE:.*]] = graph.cast %[[N]] : (tensor<i64>) -> tensor<i32>
// CHECK-NEXT: %[[ABOVE:.*]] = graph.compare %[[I]], %[[SIZE]] {predicate = 5 : i32}
// CHECK-NEXT: %[[BAD:.*]] = graph.or %[[BELOW]], %[[ABOVE]]
// CHECK-NEXT: graph.gather
// CHECK-NEXT: graph.fail_if %[[BAD]], {{.*}}of size n"
func.func @symbolic(%x: tensor<?x4xf32, #graph.dims<"n", "">>, %i: tensor<i32>) -> tensor<4xf32> {
  %0 = graph.gather %x, %i {axis = 0} : (tensor<?x4xf32, #graph.dims<"n", "">>, tensor<i32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// Indices that are read from tensors of the same size are checked once.
// CHECK-LABEL: @twice
// CHECK: graph.fail_if
// CHECK-NOT: graph.fail_if
// CHECK: return
func.func @twice(%x: tensor<10x4xf32>, %y: tensor<10xf32>, %i: tensor<3xi64>) -> (tensor<3x4xf32>, tensor<3xf32>) {
  %0 = graph.gather %x, %i {axis = 0} : (tensor<10x4xf32>, tensor<3xi64>) -> tensor<3x4xf32>
  %1 = graph.gather %y, %i {axis = 0} : (tensor<10xf32>, tensor<3xi64>) -> tensor<3xf32>
  return %0, %1 : tensor<3x4xf32>, tensor<3xf32>
}

// Constants that are right are not checked; others are.
// CHECK-LABEL: @constant_indices
// CHECK-NOT: graph.fail_if
// CHECK: return
func.func @constant_indices(%x: tensor<10x4xf32>) -> tensor<2x4xf32> {
  %i = graph.constant dense<[9, -10]> : tensor<2xi64>
  %0 = graph.gather %x, %i {axis = 0} : (tensor<10x4xf32>, tensor<2xi64>) -> tensor<2x4xf32>
  return %0 : tensor<2x4xf32>
}
// CHECK-LABEL: @bad_constants
// CHECK: graph.fail_if
// CHECK: graph.fail_if
func.func @bad_constants(%x: tensor<10x4xf32>) -> (tensor<1x4xf32>, tensor<1x4xf32>) {
  %i = graph.constant dense<10> : tensor<1xi64>
  %0 = graph.gather %x, %i {axis = 0} : (tensor<10x4xf32>, tensor<1xi64>) -> tensor<1x4xf32>
  %j = graph.constant dense<-11> : tensor<1xi64>
  %1 = graph.gather %x, %j {axis = 0} : (tensor<10x4xf32>, tensor<1xi64>) -> tensor<1x4xf32>
  return %0, %1 : tensor<1x4xf32>, tensor<1x4xf32>
}

// CHECK-LABEL: @divide
// CHECK-SAME: %[[B:[a-z0-9]+]]: tensor<4xi32>)
// CHECK-NEXT: %[[ZERO:.*]] = graph.constant dense<0> : tensor<i32>
// CHECK-NEXT: %[[IS_ZERO:.*]] = graph.compare %[[B]], %[[ZERO]] {predicate = 0 : i32}
// CHECK-NEXT: %[[NUMBERS:.*]] = graph.cast %[[IS_ZERO]]
// CHECK-NEXT: %[[MOST:.*]] = graph.reduce %[[NUMBERS]] {axes = array<i64: 0>, kind = 2 : i32}
// CHECK-NEXT: %[[NONE:.*]] = graph.constant dense<0> : tensor<i32>
// CHECK-NEXT: %[[BAD:.*]] = graph.compare %[[MOST]], %[[NONE]] {predicate = 4 : i32}
// CHECK-NEXT: graph.div
// CHECK-NEXT: graph.fail_if %[[BAD]], "node 'graph.div': divides an integer by zero"
func.func @divide(%a: tensor<4xi32>, %b: tensor<4xi32>) -> tensor<4xi32> {
  %0 = graph.div %a, %b : (tensor<4xi32>, tensor<4xi32>) -> tensor<4xi32>
  return %0 : tensor<4xi32>
}

// CHECK-LABEL: @divide_floats
// CHECK-NOT: graph.fail_if
// CHECK: return
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
