// The loops of an attention kernel: shares of the threads, packed keys and values, blocks of
// queries and keys. Private to the folder.
#pragma once

#include "compiler/target/cpu/attention/attention_operands.h"
#include "compiler/target/cpu/contract/kernel_builder.h"
#include "compiler/target/cpu/contract/loop_nest.h"
#include "compiler/target/cpu/contract/micro_kernel.h"

namespace mlc::cpu {

// The queries of all heads that read the same keys and values are the rows of one product. A
// thread's task is a block of rows of one head of keys; keys and values are packed into panels
// when the head changes, or read where they lie if the head has few rows, as in decoding.
class AttentionLoops {
 public:
  AttentionLoops(const AttentionOperands& operands, const CpuTarget& target);

  // Of one thread, a multiple of 64.
  DimExpr scratchBytes() const;

  struct Views {
    mlir::Value thread, threads;
    mlir::Value query, key, value, mask, keep, result;  // flat
    mlir::Value scratch;                                // all threads', rank-1 memref of i8
  };
  void emit(KernelBuilder& k, const Views& views) const;

 private:
  class Emitter;
  // Bytes of a thread's scratch.
  DimExpr keyBytes() const;    // panels [keys / columns][depth][columns]
  DimExpr valueBytes() const;  // panels [valueDepth / columns][keys][columns]
  DimExpr queryBytes() const;  // [rows][depth]
  DimExpr sumBytes() const;    // [rows][sumStride()]
  DimExpr sumStride() const;

  const AttentionOperands& operands_;
  Product product_;               // of f32 and f32
  TileShape keyTile_;             // queries x keys
  TileShape valueTile_;           // queries x depth of values
  LoopNest keyNest_, valueNest_;  // of the panels' sources
  LoopDims depthDims_;
};

}  // namespace mlc::cpu
