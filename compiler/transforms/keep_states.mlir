// RUN: mlc-opt %s --keep-states --split-input-file | FileCheck %s

// The past becomes a state with its length outermost; what is new is appended; what reads both reads the state.
// CHECK-LABEL: func.func @main
// CHECK-SAME: (%[[NEW:.*]]: tensor<?x4x?x8xf32, #graph.dims<"batch", "", "seq", "">> {mlc.name = "new"})
// CHECK-SAME: -> (tensor<?x4x?x8xf32, #graph.dims<"batch", "", "past + seq", "">> {mlc.name = "y"})
// CHECK: %[[STATE:.*]] = graph.state "past_key" next <"past + seq"> : tensor<?x?x4x8xf32, #graph.dims<"past", "batch", "", "">>
// CHECK: %[[ROWS:.*]] = graph.transpose %[[NEW]] {permutation = array<i64: 2, 0, 1, 3>}
// CHECK: %[[ALL:.*]] = graph.append %[[STATE]], %[[ROWS]] {{.*}} -> tensor<?x?x4x8xf32, #graph.dims<"past + seq", "batch", "", "">>
// CHECK: %[[BACK:.*]] = graph.transpose %[[ALL]] {permutation = array<i64: 1, 2, 0, 3>}
// CHECK: %[[Y:.*]] = graph.neg %[[BACK]]
// CHECK: return %[[Y]] :
func.func @main(%new: tensor<?x4x?x8xf32, #graph.dims<"batch", "", "seq", "">> {mlc.name = "new"},
                %past: tensor<?x4x?x8xf32, #graph.dims<"batch", "", "past", "">> {mlc.name = "past_key"})
    -> (tensor<?x4x?x8xf32, #graph.dims<"batch", "", "past + seq", "">> {mlc.name = "present"},
        tensor<?x4x?x8xf32, #graph.dims<"batch", "", "past + seq", "">> {mlc.name = "y"}) {
  %0 = graph.concat %past, %new {axis = 2} : (tensor<?x4x?x8xf32, #graph.dims<"batch", "", "past", "">>, tensor<?x4x?x8xf32, #graph.dims<"batch", "", "seq", "">>) -> tensor<?x4x?x8xf32, #graph.dims<"batch", "", "past + seq", "">>
  %y = graph.neg %0 : (tensor<?x4x?x8xf32, #graph.dims<"batch", "", "past + seq", "">>) -> tensor<?x4x?x8xf32, #graph.dims<"batch", "", "past + seq", "">>
  return %0, %y : tensor<?x4x?x8xf32, #graph.dims<"batch", "", "past + seq", "">>, tensor<?x4x?x8xf32, #graph.dims<"batch", "", "past + seq", "">>
}

// -----

// Not kept: the new rows come first; the past has a known length; something else reads the past; the result is no output.
// CHECK-LABEL: func.func @main
// CHECK-SAME: %arg4
// CHECK-NOT: graph.state
// CHECK: return %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} :
func.func @main(%new: tensor<?x8xf32, #graph.dims<"seq", "">>, %a: tensor<?x8xf32, #graph.dims<"a", "">>, %b: tensor<5x8xf32>,
                %c: tensor<?x8xf32, #graph.dims<"c", "">>, %d: tensor<?x8xf32, #graph.dims<"d", "">>)
    -> (tensor<?x8xf32, #graph.dims<"a + seq", "">>, tensor<?x8xf32, #graph.dims<"seq + 5", "">>, tensor<?x8xf32, #graph.dims<"c + seq", "">>,
        tensor<?x8xf32, #graph.dims<"c", "">>, tensor<?x8xf32, #graph.dims<"d + seq", "">>) {
  %0 = graph.concat %new, %a {axis = 0} : (tensor<?x8xf32, #graph.dims<"seq", "">>, tensor<?x8xf32, #graph.dims<"a", "">>) -> tensor<?x8xf32, #graph.dims<"a + seq", "">>
  %1 = graph.concat %b, %new {axis = 0} : (tensor<5x8xf32>, tensor<?x8xf32, #graph.dims<"seq", "">>) -> tensor<?x8xf32, #graph.dims<"seq + 5", "">>
  %2 = graph.concat %c, %new {axis = 0} : (tensor<?x8xf32, #graph.dims<"c", "">>, tensor<?x8xf32, #graph.dims<"seq", "">>) -> tensor<?x8xf32, #graph.dims<"c + seq", "">>
  %3 = graph.neg %c : (tensor<?x8xf32, #graph.dims<"c", "">>) -> tensor<?x8xf32, #graph.dims<"c", "">>
  %4 = graph.concat %d, %new {axis = 0} : (tensor<?x8xf32, #graph.dims<"d", "">>, tensor<?x8xf32, #graph.dims<"seq", "">>) -> tensor<?x8xf32, #graph.dims<"d + seq", "">>
  %5 = graph.neg %4 : (tensor<?x8xf32, #graph.dims<"d + seq", "">>) -> tensor<?x8xf32, #graph.dims<"d + seq", "">>
  return %0, %1, %2, %3, %5 : tensor<?x8xf32, #graph.dims<"a + seq", "">>, tensor<?x8xf32, #graph.dims<"seq + 5", "">>, tensor<?x8xf32, #graph.dims<"c + seq", "">>, tensor<?x8xf32, #graph.dims<"c", "">>, tensor<?x8xf32, #graph.dims<"d + seq", "">>
}

// -----

// A past that alone knows the batch is not kept; another one is.
// CHECK-LABEL: func.func @main
// CHECK-SAME: %arg0: tensor<?x?x8xf32, #graph.dims<"batch", "past", "">> {mlc.name = "past"}
// CHECK-SAME: %arg1: tensor<1x?x8xf32, #graph.dims<"", "seq", "">>
// CHECK: graph.state "count" next <"seq + steps"> : tensor<?x8xf32, #graph.dims<"steps", "">>
// CHECK-NOT: graph.state
func.func @main(%past: tensor<?x?x8xf32, #graph.dims<"batch", "past", "">> {mlc.name = "past"}, %new: tensor<1x?x8xf32, #graph.dims<"", "seq", "">> {mlc.name = "new"},
                %count: tensor<?x8xf32, #graph.dims<"steps", "">> {mlc.name = "count"})
    -> (tensor<?x?x8xf32, #graph.dims<"batch", "past + seq", "">> {mlc.name = "present"}, tensor<?x8xf32, #graph.dims<"seq + steps", "">> {mlc.name = "counted"}) {
  %wide = graph.broadcast %new : (tensor<1x?x8xf32, #graph.dims<"", "seq", "">>) -> tensor<?x?x8xf32, #graph.dims<"batch", "seq", "">>
  %0 = graph.concat %past, %wide {axis = 1} : (tensor<?x?x8xf32, #graph.dims<"batch", "past", "">>, tensor<?x?x8xf32, #graph.dims<"batch", "seq", "">>) -> tensor<?x?x8xf32, #graph.dims<"batch", "past + seq", "">>
  %flat = graph.reshape %new : (tensor<1x?x8xf32, #graph.dims<"", "seq", "">>) -> tensor<?x8xf32, #graph.dims<"seq", "">>
  %1 = graph.concat %count, %flat {axis = 0} : (tensor<?x8xf32, #graph.dims<"steps", "">>, tensor<?x8xf32, #graph.dims<"seq", "">>) -> tensor<?x8xf32, #graph.dims<"seq + steps", "">>
  return %0, %1 : tensor<?x?x8xf32, #graph.dims<"batch", "past + seq", "">>, tensor<?x8xf32, #graph.dims<"seq + steps", "">>
}

// -----

// Not kept: rows of elements of less than a byte may end inside of one; how many rows are added is computed.
// CHECK-LABEL: func.func @main
// CHECK-NOT: graph.state
// CHECK: return %{{.*}}, %{{.*}}, %{{.*}} :
func.func @main(%new: tensor<?x3xui4, #graph.dims<"seq", "">>, %packed: tensor<?x3xui4, #graph.dims<"past", "">>, %k: tensor<i64>,
                %held: tensor<?xf32, #graph.dims<"held">>)
    -> (tensor<?x3xui4, #graph.dims<"past + seq", "">>, tensor<?xf32, #graph.dims<"computed.0 + held">>, tensor<i64>) {
  %0 = graph.concat %packed, %new {axis = 0} : (tensor<?x3xui4, #graph.dims<"past", "">>, tensor<?x3xui4, #graph.dims<"seq", "">>) -> tensor<?x3xui4, #graph.dims<"past + seq", "">>
  graph.define_size "computed.0" = %k, "rows" : tensor<i64>
  %rows = graph.iota {axis = 0} : () -> tensor<?xf32, #graph.dims<"computed.0">>
  %1 = graph.concat %held, %rows {axis = 0} : (tensor<?xf32, #graph.dims<"held">>, tensor<?xf32, #graph.dims<"computed.0">>) -> tensor<?xf32, #graph.dims<"computed.0 + held">>
  return %0, %1, %k : tensor<?x3xui4, #graph.dims<"past + seq", "">>, tensor<?xf32, #graph.dims<"computed.0 + held">>, tensor<i64>
}

// -----

// Nothing is kept where no output would remain.
// CHECK-LABEL: func.func @main
// CHECK-SAME: (%arg0: {{.*}}, %arg1: {{.*}}"past"
// CHECK-NOT: graph.state
// CHECK: %[[ALL:.*]] = graph.concat %arg1, %arg0
// CHECK: return %[[ALL]]
func.func @main(%new: tensor<?x8xf32, #graph.dims<"seq", "">>, %past: tensor<?x8xf32, #graph.dims<"past", "">>) -> tensor<?x8xf32, #graph.dims<"past + seq", "">> {
  %0 = graph.concat %past, %new {axis = 0} : (tensor<?x8xf32, #graph.dims<"past", "">>, tensor<?x8xf32, #graph.dims<"seq", "">>) -> tensor<?x8xf32, #graph.dims<"past + seq", "">>
  return %0 : tensor<?x8xf32, #graph.dims<"past + seq", "">>
}

// -----

// A state whose input has no name is named after its place.
// CHECK-LABEL: func.func @main
// CHECK: graph.state "state1" next <"past + seq">
func.func @main(%new: tensor<?x8xf32, #graph.dims<"seq", "">>, %past: tensor<?x8xf32, #graph.dims<"past", "">>)
    -> (tensor<?x8xf32, #graph.dims<"past + seq", "">>, tensor<?x8xf32, #graph.dims<"seq", "">>) {
  %0 = graph.concat %past, %new {axis = 0} : (tensor<?x8xf32, #graph.dims<"past", "">>, tensor<?x8xf32, #graph.dims<"seq", "">>) -> tensor<?x8xf32, #graph.dims<"past + seq", "">>
  %1 = graph.neg %new : (tensor<?x8xf32, #graph.dims<"seq", "">>) -> tensor<?x8xf32, #graph.dims<"seq", "">>
  return %0, %1 : tensor<?x8xf32, #graph.dims<"past + seq", "">>, tensor<?x8xf32, #graph.dims<"seq", "">>
}
