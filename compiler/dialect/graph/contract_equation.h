// The equation of a contraction: "bshd,bthd->bhst".
#pragma once

#include <string>

#include "llvm/ADT/StringRef.h"
#include "runtime/base/status.h"

namespace mlc::graph {

// One lower-case letter per dim. Every letter of the result is in an operand; no letter occurs
// twice in one tensor.
struct ContractEquation {
  std::string lhs, rhs, result;

  static StatusOr<ContractEquation> parse(llvm::StringRef text);
  std::string str() const { return lhs + "," + rhs + "->" + result; }

  bool inLhs(char letter) const { return lhs.find(letter) != std::string::npos; }
  bool inRhs(char letter) const { return rhs.find(letter) != std::string::npos; }
  bool inResult(char letter) const { return result.find(letter) != std::string::npos; }

  // Every letter once: those of the result in its order, then the summed ones in the operands'
  // order.
  std::string letters() const;
};

}  // namespace mlc::graph
