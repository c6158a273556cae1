// Gives every tensor of a host function a place: an argument, a result buffer, a state, an offset
// in the function's arena frame, or, where its size is only computed while the function runs, an
// offset in a segment that is allocated when the size is known.
//
// Intervals are measured over the function's ops in program order; a value that is used inside an
// if or loop lives until its end. Sizes are expressions of the symbols, so slots are reused where
// one provably fits: of equal expression, or both constant. Offsets are multiples of 64 bytes.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/SmallVector.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "runtime/base/dim_expr.h"

namespace mlc::conversion {

// Number of threads of the team, as a symbol in sizes.
inline constexpr const char* kThreadsSymbol = "mlc.threads";

struct Place {
  // kOwn: a segment that only this value has, and whose address its if or loop knows.
  enum class Kind { kArgument, kResult, kArena, kSegment, kOwn, kState } kind = Kind::kArena;
  // Of the argument, result, slot (of all frames and segments), segment (kOwn) or state.
  int index = 0;
  DimExpr offset;   // kArena, kSegment: bytes from the start of the frame or segment
  int segment = 0;  // kSegment
};

// Memory for values whose sizes have symbols that an op defines: known behind a define_size, if or
// loop, or at the beginning of each trip of a loop.
struct Segment {
  mlir::Operation* definedBy = nullptr;
  bool inBody = false;
  DimExpr bytes;
};

struct FramePlan {
  // By the value that owns the storage (see storageOf).
  llvm::DenseMap<mlir::Value, Place> places;
  // Scratch of the ops that asked for it.
  llvm::DenseMap<mlir::Operation*, Place> scratch;
  // Bytes of the frame, without those of callees.
  DimExpr bytes;
  // By number; those of kOwn places have none and are counted behind.
  std::vector<Segment> segments;
};

// The value whose storage this one shares: a reshape's operand, an in-place collective's operand,
// the state that an append grows (whose memory has room for the new rows), the loop result that a
// carried value lives in; itself otherwise.
mlir::Value storageOf(mlir::Value value);

// Bytes of a tensor, row-major.
DimExpr tensorBytes(mlir::Type type);

// scratchBytes gives the bytes of scratch that an op needs over all threads (zero for most).
FramePlan planMemory(mlir::func::FuncOp function,
                     const std::function<DimExpr(mlir::Operation*)>& scratchBytes);

}  // namespace mlc::conversion
