#include "compiler/dialect/graph/contract_equation.h"

#include "llvm/ADT/StringExtras.h"

namespace mlc::graph {

StatusOr<ContractEquation> ContractEquation::parse(llvm::StringRef text) {
  auto [operands, result] = text.split("->");
  auto [lhs, rhs] = operands.split(',');
  ContractEquation equation{lhs.str(), rhs.str(), result.str()};
  auto bad = [&](const std::string& why) {
    return invalidError("equation \"" + text.str() + "\": " + why);
  };
  if (!operands.contains(',') || !text.contains("->")) return bad("not of the form \"ab,bc->ac\"");
  for (const std::string* letters : {&equation.lhs, &equation.rhs, &equation.result}) {
    for (size_t i = 0; i < letters->size(); ++i) {
      char letter = (*letters)[i];
      if (letter < 'a' || letter > 'z') return bad("dims are lower-case letters");
      if (letters->find(letter, i + 1) != std::string::npos) {
        return bad(std::string("letter '") + letter + "' occurs twice in one tensor");
      }
    }
  }
  for (char letter : equation.result) {
    if (!equation.inLhs(letter) && !equation.inRhs(letter)) {
      return bad(std::string("letter '") + letter + "' of the result is in no operand");
    }
  }
  return equation;
}

std::string ContractEquation::letters() const {
  std::string all = result;
  for (char letter : lhs + rhs) {
    if (all.find(letter) == std::string::npos) all += letter;
  }
  return all;
}

}  // namespace mlc::graph
