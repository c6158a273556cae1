// Lowers kernels around a contraction or a convolution to micro-kernel code.
//
//   func.func private @kernel(%x: tensor<?x384xf32, ..>, %w: tensor<384x1536xf32>, %b: tensor<1536xf32>) {
//     %0 = graph.contract %x, %w {equation = "mk,kn->mn"}
//     %1 = graph.add %0, %b
//     %2 = graph.gelu %1
//     return %2
//   }
//
// becomes
//
//   func.func @kernel(%thread: index, %threads: index, %rows: index, %x: memref<f32>, %w: memref<f32>,
//                     %b: memref<f32>, %out: memref<f32>, %scratch: memref<i8>)
//
// The lowered function takes the symbols of the kernel's types in alphabetical order and contiguous
// row-major buffers. Each thread computes its static share. A %scratch argument is there if the
// attribute mlc.scratch_bytes is: the bytes per thread (a dim expression, a multiple of 64); it is
// the base of all threads' scratch, aligned to 64.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "compiler/dialect/graph/graph_dialect.h"
#include "compiler/target/cpu/contract/epilogue.h"
#include "compiler/target/cpu/cpu_target.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"

namespace mlc::cpu {

// How a constant right operand [batch.., K, N] (transposed: [batch.., N, K]) should arrive: as
// [batch][N / panel][K / group][panel][group], filled up with zeros. K and N are one dim each; a
// kernel takes row-major products of dims, in the operand's order, as well. Of an operand that is a
// dequantize in the kernel, the stored elements arrive so (block_storage.h). The kernel's argument
// then has the attribute mlc.panels.
struct PanelLayout {
  int64_t panel = 0;
  bool transposed = false;
  int64_t group = 1;  // neighbours of K that lie side by side
  friend bool operator==(const PanelLayout&, const PanelLayout&) = default;
};
std::optional<PanelLayout> packedOperandLayout(graph::ContractOp op, const CpuTarget& target);

// A kernel that there is code for.
struct ContractKernel {
  mlir::func::FuncOp function;
  mlir::Operation* root;  // a contraction or convolution
  Epilogue epilogue;
};
struct ContractMatch {
  std::optional<ContractKernel> kernel;
  std::string obstacle;  // why there is none for a root of this kind; empty for other roots
};
ContractMatch matchContract(mlir::func::FuncOp kernel);

// Makes the lowered function, under the same name, where `intoModule` stands (in a module's body,
// with the dialects arith, func, math, memref, scf and vector loaded). Fails with an error on the
// root if it cannot.
mlir::FailureOr<mlir::func::FuncOp> lowerContractKernel(const ContractKernel& kernel,
                                                        const CpuTarget& target,
                                                        mlir::OpBuilder& intoModule);

}  // namespace mlc::cpu
