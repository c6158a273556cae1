// RUN: mlc-opt %s --copy-moved-yields | FileCheck %s

// Carried values that change places go through copies; one that stays, or is computed, does not.
// CHECK-LABEL: @swap
func.func @swap(%trips: tensor<i64>, %go: tensor<i1>, %x: tensor<4xf32>, %y: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  %r:4 = "graph.loop"(%trips, %go, %x, %y, %x, %y) ({
  // CHECK: ^bb0(%{{[a-z0-9]+}}: tensor<i64>, %[[C:[a-z0-9]+]]: tensor<i1>, %[[A:[a-z0-9]+]]: tensor<4xf32>, %[[B:[a-z0-9]+]]: tensor<4xf32>, %[[S:[a-z0-9]+]]: tensor<4xf32>, %{{[a-z0-9]+}}: tensor<4xf32>):
  ^bb0(%i: tensor<i64>, %c: tensor<i1>, %a: tensor<4xf32>, %b: tensor<4xf32>, %s: tensor<4xf32>, %t: tensor<4xf32>):
    // CHECK-NEXT: %[[N:.*]] = graph.neg %[[B]] :
    // CHECK-NEXT: %[[TO_A:.*]] = graph.broadcast %[[B]] :
    // CHECK-NEXT: %[[TO_B:.*]] = graph.broadcast %[[A]] :
    // CHECK-NEXT: graph.yield %[[C]], %[[TO_A]], %[[TO_B]], %[[S]], %[[N]] :
    %n = graph.neg %b : (tensor<4xf32>) -> tensor<4xf32>
    graph.yield %c, %b, %a, %s, %n : tensor<i1>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
  }) : (tensor<i64>, tensor<i1>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>)
  return %r#0, %r#1, %r#2, %r#3 : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}

// A reshape is a view of what it reads.
// CHECK-LABEL: @reshaped
func.func @reshaped(%trips: tensor<i64>, %go: tensor<i1>, %x: tensor<4xf32>, %y: tensor<2x2xf32>) -> (tensor<4xf32>, tensor<2x2xf32>) {
  %r:2 = "graph.loop"(%trips, %go, %x, %y) ({
  // CHECK: ^bb0(%{{[a-z0-9]+}}: tensor<i64>, %[[C:[a-z0-9]+]]: tensor<i1>, %[[A:[a-z0-9]+]]: tensor<4xf32>, %[[B:[a-z0-9]+]]: tensor<2x2xf32>):
  ^bb0(%i: tensor<i64>, %c: tensor<i1>, %a: tensor<4xf32>, %b: tensor<2x2xf32>):
    // CHECK-NEXT: %[[VIEW:.*]] = graph.reshape %[[A]] :
    // CHECK-NEXT: %[[COPY:.*]] = graph.broadcast %[[VIEW]] :
    // CHECK-NEXT: graph.yield %[[C]], %[[A]], %[[COPY]] :
    %v = graph.reshape %a : (tensor<4xf32>) -> tensor<2x2xf32>
    graph.yield %c, %a, %v : tensor<i1>, tensor<4xf32>, tensor<2x2xf32>
  }) : (tensor<i64>, tensor<i1>, tensor<4xf32>, tensor<2x2xf32>) -> (tensor<4xf32>, tensor<2x2xf32>)
  return %r#0, %r#1 : tensor<4xf32>, tensor<2x2xf32>
}
