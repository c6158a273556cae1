// RUN: mlc-opt %s --split-input-file --verify-diagnostics | FileCheck %s

// CHECK-LABEL: @kernel
// CHECK-SAME: {mlc.panels = #mlc.panels<columns = 16, group = 2, transposed = true>}
// CHECK-SAME: attributes {mlc.kernel}
func.func private @kernel(%x: tensor<4x8xf32>, %w: tensor<8x8xf32> {mlc.panels = #mlc.panels<columns = 16, group = 2, transposed = true>})
    -> tensor<4x8xf32> attributes {mlc.kernel} {
  %0 = graph.contract %x, %w {equation = "mk,nk->mn"} : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
  return %0 : tensor<4x8xf32>
}

// CHECK-LABEL: @main
// CHECK-SAME: {mlc.name = "x"}
// CHECK-SAME: {mlc.name = "y"}
func.func @main(%x: tensor<4x8xf32> {mlc.name = "x"}) -> (tensor<4x8xf32> {mlc.name = "y"}) {
  // CHECK: mlc.panels = #mlc.panels<columns = 4>
  %w = graph.weight "w" {mlc.panels = #mlc.panels<columns = 4>} : tensor<8x8xf32>
  return %x : tensor<4x8xf32>
}

// CHECK-LABEL: @laid_out
func.func @laid_out() -> tensor<1x4x8xf32> {
  // CHECK: mlc.layout = ["pad", array<i64: 8, 4>, "reshape", array<i64: 1, 8, 4>, "transpose", array<i64: 0, 2, 1>]
  %w = graph.weight "w" {mlc.layout = ["pad", array<i64: 8, 4>, "reshape", array<i64: 1, 8, 4>, "transpose", array<i64: 0, 2, 1>]} : tensor<1x4x8xf32>
  return %w : tensor<1x4x8xf32>
}

// CHECK-LABEL: @lowered
// CHECK-SAME: mlc.points = "batch * 8", mlc.scratch_bytes = "64"
func.func @lowered() attributes {mlc.points = "batch * 8", mlc.scratch_bytes = "64"} {
  return
}

// -----

// expected-error @below {{#mlc.panels has less than one column or row in a group}}
func.func private @f(%w: tensor<8x8xf32> {mlc.panels = #mlc.panels<columns = 0>})

// -----

// expected-error @below {{mlc.panels is of a tensor of rank 2 at least}}
func.func private @f(%w: tensor<8xf32> {mlc.panels = #mlc.panels<columns = 4>})

// -----

// expected-error @below {{mlc.panels is a #mlc.panels}}
func.func private @f(%w: tensor<8x8xf32> {mlc.panels = 4 : i64})

// -----

func.func private @f() {
  // expected-error @below {{mlc.layout has an unknown step "turn"}}
  %w = graph.weight "w" {mlc.layout = ["turn", array<i64: 8>]} : tensor<8xf32>
  return
}

// -----

func.func private @f() {
  // expected-error @below {{mlc.layout has a step without dims}}
  %w = graph.weight "w" {mlc.layout = ["pad", 8 : i64]} : tensor<8xf32>
  return
}

// -----

// expected-error @below {{has an attribute "mlc.panle" that the mlc dialect does not have there}}
func.func private @f(%w: tensor<8x8xf32> {mlc.panle = 4 : i64})

// -----

// expected-error @below {{has an attribute "mlc.kernel" that the mlc dialect does not have there}}
module attributes {mlc.kernel} {
}

// -----

// expected-error @below {{mlc.points}}
func.func @lowered() attributes {mlc.points = "batch *"} {
  return
}

// -----

func.func private @f() {
  // expected-error @below {{mlc.layout has steps that do not lead to 'tensor<8xf32>'}}
  %w = graph.weight "w" {mlc.layout = ["pad", array<i64: -3>, "transpose", array<i64: 5, 5, 5>]} : tensor<8xf32>
  return
}

// -----

func.func private @f() {
  // expected-error @below {{mlc.layout has steps that do not lead to 'tensor<8x4xf32>'}}
  %w = graph.weight "w" {mlc.layout = ["reshape", array<i64: 4, 8>, "transpose", array<i64: 0, 1>]} : tensor<8x4xf32>
  return
}

// -----

func.func private @f() {
  // expected-error @below {{mlc.layout has steps that do not lead to 'tensor<8x4xf32>'}}
  %w = graph.weight "w" {mlc.layout = ["transpose", array<i64: 0, 2, 1>]} : tensor<8x4xf32>
  return
}

// -----

// From any shape of rank 2, and of 32 elements.
func.func private @f() {
  %v = graph.weight "v" {mlc.layout = ["transpose", array<i64: 1, 0>]} : tensor<8x4xf32>
  %w = graph.weight "w" {mlc.layout = ["transpose", array<i64: 2, 0, 1>, "reshape", array<i64: 8, 4>]} : tensor<8x4xf32>
  return
}

// -----

func.func private @f() {
  // expected-error @below {{has an attribute "mlc.unpacked" that the mlc dialect does not have there}}
  %w = graph.weight "w" {mlc.unpacked} : tensor<8xf32>
  return
}

// -----

// expected-error @below {{"mlc.scratch_bytes" is a string}}
func.func @lowered() attributes {mlc.scratch_bytes = 64 : i64} {
  return
}
