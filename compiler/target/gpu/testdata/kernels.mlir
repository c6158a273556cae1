// One kernel of every class, as form-kernels makes them. Compiled for every GPU target by ../device_kernels_test.cc, which compares the
// fake GPU's results with the reference evaluation.

func.func private @contract_epilogue(%x: tensor<?x13xf32, #graph.dims<"m", "">>, %w: tensor<13x37xf32>, %b: tensor<37xf32>, %r: tensor<?x37xf32, #graph.dims<"m", "">>) -> tensor<?x37xf32, #graph.dims<"m", "">> {
  %0 = graph.contract %x, %w {equation = "mk,kn->mn"} : (tensor<?x13xf32, #graph.dims<"m", "">>, tensor<13x37xf32>) -> tensor<?x37xf32, #graph.dims<"m", "">>
  %1 = graph.add %0, %b : (tensor<?x37xf32, #graph.dims<"m", "">>, tensor<37xf32>) -> tensor<?x37xf32, #graph.dims<"m", "">>
  %2 = graph.gelu %1 : (tensor<?x37xf32, #graph.dims<"m", "">>) -> tensor<?x37xf32, #graph.dims<"m", "">>
  %3 = graph.add %2, %r : (tensor<?x37xf32, #graph.dims<"m", "">>, tensor<?x37xf32, #graph.dims<"m", "">>) -> tensor<?x37xf32, #graph.dims<"m", "">>
  return %3 : tensor<?x37xf32, #graph.dims<"m", "">>
}

func.func private @contract_heads(%q: tensor<2x?x3x8xf32, #graph.dims<"", "s", "", "">>, %k: tensor<2x?x3x8xf32, #graph.dims<"", "t", "", "">>) -> tensor<2x3x?x?xf32, #graph.dims<"", "", "s", "t">> {
  %0 = graph.contract %q, %k {equation = "bshd,bthd->bhst"} : (tensor<2x?x3x8xf32, #graph.dims<"", "s", "", "">>, tensor<2x?x3x8xf32, #graph.dims<"", "t", "", "">>) -> tensor<2x3x?x?xf32, #graph.dims<"", "", "s", "t">>
  return %0 : tensor<2x3x?x?xf32, #graph.dims<"", "", "s", "t">>
}

func.func private @contract_bf16(%x: tensor<5x64xbf16>, %w: tensor<7x64xbf16>) -> tensor<5x7xbf16> {
  %0 = graph.contract %x, %w {equation = "mk,nk->mn"} : (tensor<5x64xbf16>, tensor<7x64xbf16>) -> tensor<5x7xbf16>
  return %0 : tensor<5x7xbf16>
}

func.func private @contract_i8(%x: tensor<5x64xi8>, %w: tensor<64x7xi8>) -> tensor<5x7xi32> {
  %0 = graph.contract %x, %w {equation = "mk,kn->mn"} : (tensor<5x64xi8>, tensor<64x7xi8>) -> tensor<5x7xi32>
  return %0 : tensor<5x7xi32>
}

func.func private @elementwise_chain(%x: tensor<?x9x4xf32, #graph.dims<"batch", "", "">>, %y: tensor<9x1xf32>) -> tensor<?x9x4xf32, #graph.dims<"batch", "", "">> {
  %0 = graph.tanh %x : (tensor<?x9x4xf32, #graph.dims<"batch", "", "">>) -> tensor<?x9x4xf32, #graph.dims<"batch", "", "">>
  %1 = graph.mul %0, %y : (tensor<?x9x4xf32, #graph.dims<"batch", "", "">>, tensor<9x1xf32>) -> tensor<?x9x4xf32, #graph.dims<"batch", "", "">>
  %2 = graph.exp %1 : (tensor<?x9x4xf32, #graph.dims<"batch", "", "">>) -> tensor<?x9x4xf32, #graph.dims<"batch", "", "">>
  %3 = graph.erf %2 : (tensor<?x9x4xf32, #graph.dims<"batch", "", "">>) -> tensor<?x9x4xf32, #graph.dims<"batch", "", "">>
  %4 = graph.sigmoid %3 : (tensor<?x9x4xf32, #graph.dims<"batch", "", "">>) -> tensor<?x9x4xf32, #graph.dims<"batch", "", "">>
  return %4 : tensor<?x9x4xf32, #graph.dims<"batch", "", "">>
}

func.func private @functions(%x: tensor<300xf32>, %y: tensor<300xf32>) -> tensor<300xf32> {
  %a = graph.abs %x : (tensor<300xf32>) -> tensor<300xf32>
  %l = graph.log %a : (tensor<300xf32>) -> tensor<300xf32>
  %p = graph.pow %a, %y : (tensor<300xf32>, tensor<300xf32>) -> tensor<300xf32>
  %s = graph.sin %x : (tensor<300xf32>) -> tensor<300xf32>
  %c = graph.cos %y : (tensor<300xf32>) -> tensor<300xf32>
  %q = graph.rsqrt %a : (tensor<300xf32>) -> tensor<300xf32>
  %m = graph.mod %x, %y : (tensor<300xf32>, tensor<300xf32>) -> tensor<300xf32>
  %r = graph.round %m : (tensor<300xf32>) -> tensor<300xf32>
  %g = graph.sign %x : (tensor<300xf32>) -> tensor<300xf32>
  %0 = graph.max %l, %p : (tensor<300xf32>, tensor<300xf32>) -> tensor<300xf32>
  %1 = graph.min %0, %q : (tensor<300xf32>, tensor<300xf32>) -> tensor<300xf32>
  %2 = graph.add %1, %s : (tensor<300xf32>, tensor<300xf32>) -> tensor<300xf32>
  %3 = graph.add %2, %c : (tensor<300xf32>, tensor<300xf32>) -> tensor<300xf32>
  %4 = graph.add %3, %r : (tensor<300xf32>, tensor<300xf32>) -> tensor<300xf32>
  %5 = graph.mul %4, %g : (tensor<300xf32>, tensor<300xf32>) -> tensor<300xf32>
  return %5 : tensor<300xf32>
}

func.func private @select_by_mask(%ids: tensor<4x6xi64>, %x: tensor<4x6xf16>) -> tensor<4x6xf16> {
  %zero = graph.constant dense<0> : tensor<i64>
  %low = graph.constant dense<-1.0> : tensor<f16>
  %mask = graph.compare %ids, %zero {predicate = 4 : i32} : (tensor<4x6xi64>, tensor<i64>) -> tensor<4x6xi1>
  %0 = graph.select %mask, %x, %low : (tensor<4x6xi1>, tensor<4x6xf16>, tensor<f16>) -> tensor<4x6xf16>
  return %0 : tensor<4x6xf16>
}

func.func private @truth(%x: tensor<5x3xf32>, %y: tensor<3xf32>) -> tensor<5x3xi1> {
  %0 = graph.compare %x, %y {predicate = 2 : i32} : (tensor<5x3xf32>, tensor<3xf32>) -> tensor<5x3xi1>
  %1 = graph.not %0 : (tensor<5x3xi1>) -> tensor<5x3xi1>
  return %1 : tensor<5x3xi1>
}

func.func private @double(%x: tensor<7xf64>, %y: tensor<7xf64>) -> tensor<7xf64> {
  %0 = graph.div %x, %y : (tensor<7xf64>, tensor<7xf64>) -> tensor<7xf64>
  %1 = graph.floor %0 : (tensor<7xf64>) -> tensor<7xf64>
  %2 = graph.max %1, %x : (tensor<7xf64>, tensor<7xf64>) -> tensor<7xf64>
  return %2 : tensor<7xf64>
}

func.func private @double_exp(%x: tensor<400xf64>) -> tensor<400xf64> {
  %0 = graph.exp %x : (tensor<400xf64>) -> tensor<400xf64>
  return %0 : tensor<400xf64>
}

func.func private @double_log(%x: tensor<400xf64>) -> tensor<400xf64> {
  %0 = graph.log %x : (tensor<400xf64>) -> tensor<400xf64>
  return %0 : tensor<400xf64>
}

func.func private @double_tanh(%x: tensor<400xf64>) -> tensor<400xf64> {
  %0 = graph.tanh %x : (tensor<400xf64>) -> tensor<400xf64>
  return %0 : tensor<400xf64>
}

func.func private @double_erf(%x: tensor<400xf64>) -> tensor<400xf64> {
  %0 = graph.erf %x : (tensor<400xf64>) -> tensor<400xf64>
  return %0 : tensor<400xf64>
}

func.func private @double_sin(%x: tensor<400xf64>) -> tensor<400xf64> {
  %0 = graph.sin %x : (tensor<400xf64>) -> tensor<400xf64>
  return %0 : tensor<400xf64>
}

func.func private @double_cos(%x: tensor<400xf64>) -> tensor<400xf64> {
  %0 = graph.cos %x : (tensor<400xf64>) -> tensor<400xf64>
  return %0 : tensor<400xf64>
}
