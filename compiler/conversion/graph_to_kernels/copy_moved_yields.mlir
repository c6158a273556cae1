// RUN: mlc-opt %s --copy-moved-yields | FileCheck %s

// Carried values that change places go through copies; one that stays, or is computed, does not.
// CHECK-LABEL: @swap
func.func @swap(%trips: tensor<i64>, %go: tensor<i1>, %x: tensor<4xf32>, %y: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  %r:3 = "graph.loop"(%trips, %go, %x, %y, %x) ({
  ^bb0(%i: tensor<i64>, %c: tensor<i1>, %a: tensor<4xf32>, %b: tensor<4xf32>, %s: tensor<4xf32>):
    // CHECK: %[[B:.*]] = graph.broadcast %[[SECOND:.*]] :
    // CHECK: %[[A:.*]] = graph.broadcast %[[FIRST:.*]] :
    // CHECK: graph.yield %{{.*}}, %[[B]], %[[A]], %{{.*}} :
    graph.yield %c, %b, %a, %s : tensor<i1>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
  }) : (tensor<i64>, tensor<i1>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>)
  return %r#0, %r#1, %r#2 : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}
