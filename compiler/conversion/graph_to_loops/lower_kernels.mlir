// RUN: mlc-opt %s --lower-kernels-to-loops | FileCheck %s
// RUN: mlc-opt %s --lower-kernels-to-loops=sharing=elements | FileCheck %s --check-prefix=ELEMENTS

// A chain of elementwise ops is one expression in one loop over this thread's share.
// CHECK-LABEL: func.func @chain
// CHECK-SAME: (%{{.*}}: index, %{{.*}}: index, %{{.*}}: memref<f32> {{.*}}, %{{.*}}: memref<f32> {{.*}}, %{{.*}}: memref<f32> {{.*}})
// CHECK-SAME: mlc.points = "32"
// CHECK: scf.for
// CHECK-NOT: scf.for
// CHECK: arith.mulf
// CHECK: arith.addf
// CHECK: memref.store
// On a GPU, neighbouring threads have neighbouring elements.
// ELEMENTS-LABEL: func.func @chain
// ELEMENTS-SAME: (%[[THREAD:[a-z0-9]+]]: index, %[[THREADS:[a-z0-9]+]]: index
// ELEMENTS: scf.for %{{.*}} = %[[THREAD]] to %{{.*}} step %[[THREADS]]
func.func private @chain(%x: tensor<4x8xf32>, %y: tensor<4x8xf32>) -> tensor<4x8xf32> attributes {mlc.kernel} {
  %0 = graph.mul %x, %y : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  %1 = graph.add %0, %x : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  return %1 : tensor<4x8xf32>
}

// Symbols are arguments, in alphabetical order, before the buffers.
// CHECK-LABEL: func.func @open
// CHECK-SAME: (%{{.*}}: index, %{{.*}}: index, %{{.*}}: index, %{{.*}}: index, %{{.*}}: memref<f32> {{.*}}, %{{.*}}: memref<f32> {{.*}})
// CHECK-SAME: mlc.points = "batch"
func.func private @open(%x: tensor<?x?xf32, #graph.dims<"batch", "seq">>) -> tensor<?x?xf32, #graph.dims<"batch", "seq">> attributes {mlc.kernel} {
  %0 = graph.softmax %x {axis = 1} : (tensor<?x?xf32, #graph.dims<"batch", "seq">>) -> tensor<?x?xf32, #graph.dims<"batch", "seq">>
  return %0 : tensor<?x?xf32, #graph.dims<"batch", "seq">>
}

// The step along a dim that may be 1 follows the constants that it is made of, whichever of them the kernel used before.
// CHECK-LABEL: @step_of_a_dim_that_may_be_one
// CHECK-DAG: %[[ONE:.*]] = arith.constant 1 : index
// CHECK-DAG: %[[ZERO:.*]] = arith.constant 0 : index
// CHECK: %[[STRETCHES:.*]] = arith.cmpi eq, %{{.*}}, %[[ONE]] : index
// CHECK-NEXT: arith.select %[[STRETCHES]], %[[ZERO]], %[[ONE]] : index
func.func private @step_of_a_dim_that_may_be_one(%x: tensor<?x3x4xf32, #graph.dims<"m", "", "">>, %i: tensor<2xi32>, %c: tensor<1x3x4xf32>) -> tensor<2x3x4xf32> attributes {mlc.kernel} {
  %0 = graph.gather %x, %i {axis = 0 : i64} : (tensor<?x3x4xf32, #graph.dims<"m", "", "">>, tensor<2xi32>) -> tensor<2x3x4xf32>
  %1 = graph.broadcast %x : (tensor<?x3x4xf32, #graph.dims<"m", "", "">>) -> tensor<2x3x4xf32>
  %2 = graph.mod %0, %1 : (tensor<2x3x4xf32>, tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  %3 = graph.div %c, %2 : (tensor<1x3x4xf32>, tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  return %3 : tensor<2x3x4xf32>
}
