// RUN: mlc-opt %s --fold-constants | FileCheck %s

// 1 KiB is a constant, more a weight.
// CHECK-LABEL: @sizes
// CHECK-DAG: %[[SMALL:.*]] = graph.constant dense<-1.000000e+00> : tensor<256xf32>
// CHECK-DAG: %[[LARGE:.*]] = graph.weight "neg.folded" : tensor<257xf32>
// CHECK-NOT: graph.neg
// CHECK: return %[[SMALL]], %[[LARGE]]
func.func @sizes() -> (tensor<256xf32>, tensor<257xf32>) {
  %a = graph.constant dense<1.0> : tensor<256xf32>
  %0 = graph.neg %a : (tensor<256xf32>) -> tensor<256xf32>
  %b = graph.constant dense<1.0> : tensor<257xf32>
  %1 = graph.neg %b : (tensor<257xf32>) -> tensor<257xf32>
  return %0, %1 : tensor<256xf32>, tensor<257xf32>
}

// Values are computed, from one op to the next.
// CHECK-LABEL: @values
// CHECK: %[[R:.*]] = graph.constant dense<{{\[}}[4, 10], [6, 12], [8, 14]]> : tensor<3x2xi32>
// CHECK-NEXT: return %[[R]]
func.func @values() -> tensor<3x2xi32> {
  %a = graph.constant dense<[[1, 2, 3], [4, 5, 6]]> : tensor<2x3xi32>
  %b = graph.constant dense<1> : tensor<i32>
  %c = graph.constant dense<2> : tensor<i32>
  %0 = graph.add %a, %b : (tensor<2x3xi32>, tensor<i32>) -> tensor<2x3xi32>
  %1 = graph.mul %0, %c : (tensor<2x3xi32>, tensor<i32>) -> tensor<2x3xi32>
  %2 = graph.transpose %1 {permutation = array<i64: 1, 0>} : (tensor<2x3xi32>) -> tensor<3x2xi32>
  return %2 : tensor<3x2xi32>
}

// A broadcast to more than four times the bytes stays, but that of one value and that of at most 1 KiB.
// CHECK-LABEL: @broadcasts
// CHECK-DAG: %[[TWO:.*]] = graph.weight "concat.folded" : tensor<300xf32>
// CHECK-DAG: %[[FOURFOLD:.*]] = graph.weight "concat.folded.folded" : tensor<4x300xf32>
// CHECK-DAG: %[[FIVEFOLD:.*]] = graph.broadcast %[[TWO]] {{.*}} -> tensor<5x300xf32>
// CHECK-DAG: %[[FILL:.*]] = graph.weight "broadcast.folded" : tensor<5x300xf32>
// CHECK-DAG: %[[MOVED:.*]] = graph.weight "broadcast.folded.folded" : tensor<1000x5x300xf32>
// CHECK-DAG: %[[SMALL:.*]] = graph.constant dense<{{.*}}> : tensor<100x2xf32>
// CHECK: return %[[FOURFOLD]], %[[FIVEFOLD]], %[[FILL]], %[[MOVED]], %[[SMALL]]
func.func @broadcasts() -> (tensor<4x300xf32>, tensor<5x300xf32>, tensor<5x300xf32>, tensor<1000x5x300xf32>, tensor<100x2xf32>) {
  %a = graph.constant dense<1.0> : tensor<200xf32>
  %b = graph.constant dense<2.0> : tensor<100xf32>
  %0 = graph.concat %a, %b {axis = 0} : (tensor<200xf32>, tensor<100xf32>) -> tensor<300xf32>
  %1 = graph.broadcast %0 : (tensor<300xf32>) -> tensor<4x300xf32>
  %2 = graph.broadcast %0 : (tensor<300xf32>) -> tensor<5x300xf32>
  %c = graph.constant dense<1.0> : tensor<300xf32>
  %3 = graph.broadcast %c : (tensor<300xf32>) -> tensor<5x300xf32>
  %4 = graph.broadcast %3 : (tensor<5x300xf32>) -> tensor<1000x5x300xf32>
  %d = graph.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %5 = graph.broadcast %d : (tensor<2xf32>) -> tensor<100x2xf32>
  return %1, %2, %3, %4, %5 : tensor<4x300xf32>, tensor<5x300xf32>, tensor<5x300xf32>, tensor<1000x5x300xf32>, tensor<100x2xf32>
}

// What makes more than 1 GiB stays, and so does a dequantization that grows beyond 1 KiB.
// CHECK-LABEL: @large
// CHECK-DAG: %[[GIBI:.*]] = graph.broadcast %{{.*}} : (tensor<f32>) -> tensor<268435457xf32>
// CHECK-DAG: %[[REAL:.*]] = graph.dequantize %{{.*}} -> tensor<257xf32>
// CHECK-DAG: %[[FEW:.*]] = graph.constant dense<6.000000e+00> : tensor<256xf32>
// CHECK: return %[[GIBI]], %[[REAL]], %[[FEW]]
func.func @large() -> (tensor<268435457xf32>, tensor<257xf32>, tensor<256xf32>) {
  %a = graph.constant dense<1.0> : tensor<f32>
  %0 = graph.broadcast %a : (tensor<f32>) -> tensor<268435457xf32>
  %scale = graph.constant dense<2.0> : tensor<f32>
  %zero = graph.constant dense<1> : tensor<i8>
  %b = graph.constant dense<4> : tensor<257xi8>
  %1 = graph.dequantize %b, %scale, %zero {axis = 0 : i64} : (tensor<257xi8>, tensor<f32>, tensor<i8>) -> tensor<257xf32>
  %c = graph.constant dense<4> : tensor<256xi8>
  %2 = graph.dequantize %c, %scale, %zero {axis = 0 : i64} : (tensor<256xi8>, tensor<f32>, tensor<i8>) -> tensor<256xf32>
  return %0, %1, %2 : tensor<268435457xf32>, tensor<257xf32>, tensor<256xf32>
}
