// Code of a kernel in a function of its own, so that all calls of it share one copy.
#pragma once

#include "compiler/target/cpu/contract/kernel_builder.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace mlc::cpu {

// Emits the body of the function: its views and indices are those of the call, in their order. The
// builder knows the caller's symbols.
using OutlinedBody = llvm::function_ref<void(KernelBuilder& k, llvm::ArrayRef<mlir::Value> views,
                                             llvm::ArrayRef<mlir::Value> indices)>;

// Calls the private function `name` of the caller's module, which is never inlined. The first call
// makes it; later ones must agree in the types of the views and the number of indices.
void callOutlined(KernelBuilder& caller, llvm::StringRef name, llvm::ArrayRef<mlir::Value> views,
                  llvm::ArrayRef<mlir::Value> indices, OutlinedBody body);

}  // namespace mlc::cpu
