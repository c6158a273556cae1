// Kernels whose threads each compute rows or reductions, and those that move elements. See kernels.mlir.

func.func private @softmax_masked(%x: tensor<?x3x?xf32, #graph.dims<"b", "", "s">>, %mask: tensor<?x1x?xf32, #graph.dims<"b", "", "s">>) -> tensor<?x3x?xf32, #graph.dims<"b", "", "s">> {
  %0 = graph.add %x, %mask : (tensor<?x3x?xf32, #graph.dims<"b", "", "s">>, tensor<?x1x?xf32, #graph.dims<"b", "", "s">>) -> tensor<?x3x?xf32, #graph.dims<"b", "", "s">>
  %1 = graph.softmax %0 {axis = 2} : (tensor<?x3x?xf32, #graph.dims<"b", "", "s">>) -> tensor<?x3x?xf32, #graph.dims<"b", "", "s">>
  return %1 : tensor<?x3x?xf32, #graph.dims<"b", "", "s">>
}

func.func private @log_softmax(%x: tensor<3x5xf32>) -> tensor<3x5xf32> {
  %0 = graph.softmax %x {axis = 0, logarithm = true} : (tensor<3x5xf32>) -> tensor<3x5xf32>
  return %0 : tensor<3x5xf32>
}

func.func private @layer_norm(%x: tensor<?x24xf32, #graph.dims<"s", "">>, %y: tensor<?x24xf32, #graph.dims<"s", "">>, %scale: tensor<24xf32>, %bias: tensor<24xf32>) -> tensor<?x24xf32, #graph.dims<"s", "">> {
  %0 = graph.add %x, %y : (tensor<?x24xf32, #graph.dims<"s", "">>, tensor<?x24xf32, #graph.dims<"s", "">>) -> tensor<?x24xf32, #graph.dims<"s", "">>
  %1 = graph.layer_norm %0, %scale, %bias {axis = 1, epsilon = 1.0e-5} : (tensor<?x24xf32, #graph.dims<"s", "">>, tensor<24xf32>, tensor<24xf32>) -> tensor<?x24xf32, #graph.dims<"s", "">>
  return %1 : tensor<?x24xf32, #graph.dims<"s", "">>
}

func.func private @rms_norm(%x: tensor<6x24xf32>, %scale: tensor<24xf32>) -> tensor<6x24xf32> {
  %0 = graph.rms_norm %x, %scale {axis = 1, epsilon = 1.0e-6} : (tensor<6x24xf32>, tensor<24xf32>) -> tensor<6x24xf32>
  return %0 : tensor<6x24xf32>
}

func.func private @cumsum(%x: tensor<3x8xf32>) -> tensor<3x8xf32> {
  %0 = graph.cumsum %x {axis = 1, reverse = true} : (tensor<3x8xf32>) -> tensor<3x8xf32>
  return %0 : tensor<3x8xf32>
}

func.func private @mean(%x: tensor<?x5x6xf32, #graph.dims<"b", "", "">>) -> tensor<?x6xf32, #graph.dims<"b", "">> {
  %0 = graph.reduce %x {kind = 1 : i32, axes = array<i64: 1>} : (tensor<?x5x6xf32, #graph.dims<"b", "", "">>) -> tensor<?x6xf32, #graph.dims<"b", "">>
  return %0 : tensor<?x6xf32, #graph.dims<"b", "">>
}

func.func private @largest(%x: tensor<4x5x6xi32>) -> tensor<i32> {
  %0 = graph.reduce %x {kind = 2 : i32, axes = array<i64: 0, 1, 2>} : (tensor<4x5x6xi32>) -> tensor<i32>
  return %0 : tensor<i32>
}

func.func private @argmax(%x: tensor<7x9xf32>) -> tensor<7xi64> {
  %0 = graph.arg_reduce %x {kind = 2 : i32, axis = 1} : (tensor<7x9xf32>) -> tensor<7xi64>
  return %0 : tensor<7xi64>
}

func.func private @gather(%table: tensor<11x6xf32>, %ids: tensor<?x?xi64, #graph.dims<"b", "s">>) -> tensor<?x?x6xf32, #graph.dims<"b", "s", "">> {
  %0 = graph.gather %table, %ids {axis = 0} : (tensor<11x6xf32>, tensor<?x?xi64, #graph.dims<"b", "s">>) -> tensor<?x?x6xf32, #graph.dims<"b", "s", "">>
  return %0 : tensor<?x?x6xf32, #graph.dims<"b", "s", "">>
}

func.func private @move(%x: tensor<3x4xf32>, %y: tensor<2x3xf32>) -> tensor<7x5xf32> {
  %table = graph.constant dense<[[1.0, 2.0, 3.0]]> : tensor<1x3xf32>
  %zero = graph.constant dense<0.5> : tensor<f32>
  %0 = graph.transpose %x {permutation = array<i64: 1, 0>} : (tensor<3x4xf32>) -> tensor<4x3xf32>
  %1 = graph.concat %0, %y, %table {axis = 0} : (tensor<4x3xf32>, tensor<2x3xf32>, tensor<1x3xf32>) -> tensor<7x3xf32>
  %2 = graph.pad %1, %zero {low = array<i64: 0, 1>, high = array<i64: 0, 1>, mode = 0 : i32} : (tensor<7x3xf32>, tensor<f32>) -> tensor<7x5xf32>
  return %2 : tensor<7x5xf32>
}

func.func private @conv(%x: tensor<?x4x9x8xf32, #graph.dims<"n", "", "", "">>, %f: tensor<6x2x3x3xf32>, %b: tensor<6xf32>) -> tensor<?x6x5x8xf32, #graph.dims<"n", "", "", "">> {
  %0 = graph.conv %x, %f, %b {strides = array<i64: 2, 1>, pads_low = array<i64: 1, 1>, pads_high = array<i64: 1, 1>, dilations = array<i64: 1, 1>, groups = 2} : (tensor<?x4x9x8xf32, #graph.dims<"n", "", "", "">>, tensor<6x2x3x3xf32>, tensor<6xf32>) -> tensor<?x6x5x8xf32, #graph.dims<"n", "", "", "">>
  %1 = graph.relu %0 : (tensor<?x6x5x8xf32, #graph.dims<"n", "", "", "">>) -> tensor<?x6x5x8xf32, #graph.dims<"n", "", "", "">>
  return %1 : tensor<?x6x5x8xf32, #graph.dims<"n", "", "", "">>
}

// Zeros around the image times -infinity.
func.func private @conv_of_padding_by_infinity(%x: tensor<2x1x4xf32>) -> tensor<2x1x4xf32> {
  %f = graph.constant dense<[[[1.0, 0xFF800000]]]> : tensor<1x1x2xf32>
  %0 = graph.conv %x, %f {strides = array<i64: 1>, pads_low = array<i64: 0>, pads_high = array<i64: 1>, dilations = array<i64: 1>} : (tensor<2x1x4xf32>, tensor<1x1x2xf32>) -> tensor<2x1x4xf32>
  return %0 : tensor<2x1x4xf32>
}

func.func private @max_pool(%x: tensor<2x3x8x8xf32>) -> tensor<2x3x4x4xf32> {
  %0 = graph.pool %x {kind = 0 : i32, kernel = array<i64: 3, 3>, strides = array<i64: 2, 2>, pads_low = array<i64: 1, 1>, pads_high = array<i64: 0, 0>, dilations = array<i64: 1, 1>} : (tensor<2x3x8x8xf32>) -> tensor<2x3x4x4xf32>
  return %0 : tensor<2x3x4x4xf32>
}

func.func private @quantize(%x: tensor<4x6xf32>, %scale: tensor<f32>, %zero: tensor<ui8>) -> tensor<4x6xui8> {
  %0 = graph.quantize %x, %scale, %zero {axis = 1} : (tensor<4x6xf32>, tensor<f32>, tensor<ui8>) -> tensor<4x6xui8>
  return %0 : tensor<4x6xui8>
}
