// How a micro-kernel multiplies: what it reads of both operands, and the instructions it uses.
#pragma once

#include "compiler/target/cpu/contract/kernel_builder.h"
#include "compiler/target/cpu/cpu_target.h"

namespace mlc::cpu {

// The type in which products of two operands of these element types are summed.
mlir::Type accumulatorType(mlir::Type lhs, mlir::Type rhs);

// A loaded element (scalar or vector) of an operand as a number of the accumulator's type.
mlir::Value widen(KernelBuilder& k, mlir::Value loaded, mlir::Type element, mlir::Type accumulator);

// Products of bytes are summed by instructions that take a few neighbours of k at once: a group.
// Panels then hold the groups of their columns side by side, [ceil(k / group)][columns][group],
// filled up with zeros; rows of the left side are first copied into words of one group each.
struct Product {
  enum class Kind {
    kMultiplyAdd,    // sum += a b, in the accumulator's type
    kPairs,          // sum += a0 b0 + a1 b1, widened to 16 bits: exact for all bytes
    kUnsignedLeft,   // sum += four products of an unsigned a with a signed b
    kUnsignedRight,  // the same with a signed a and an unsigned b
  };
  Kind kind = Kind::kMultiplyAdd;
  mlir::Type lhs, rhs;      // elements of the operands
  mlir::Type accumulator;   // of the sums
  mlir::Type panelElement;  // of panels
  int64_t vectorBytes = 0;

  // `packed`: the right side lies in panels of its own type.
  static Product of(const CpuTarget& target, mlir::Type lhs, mlir::Type rhs, bool packed);

  int64_t group() const;
  bool isGrouped() const { return kind != Kind::kMultiplyAdd; }
  // Whether rows are made unsigned by adding 128, so that 128 times the sum over each column is to
  // be subtracted.
  bool shiftsRows() const;
  // Elements of a row as they lie in words: 16 bits for pairs, else 8.
  mlir::Type rowElement() const;
  mlir::Value toRowElement(KernelBuilder& k, mlir::Value loaded) const;

  // `width` columns of a panel, and one element or word of a row for all of them, in the form that
  // `accumulate` takes.
  mlir::Value columns(KernelBuilder& k, mlir::Value panel, mlir::Value offset, int64_t width) const;
  mlir::Value row(KernelBuilder& k, mlir::Value rows, mlir::Value offset, int64_t width) const;
  mlir::Value accumulate(KernelBuilder& k, mlir::Value row, mlir::Value columns,
                         mlir::Value sum) const;
};

}  // namespace mlc::cpu
