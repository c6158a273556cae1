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
