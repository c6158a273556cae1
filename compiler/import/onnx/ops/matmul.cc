// Matrix products: MatMul, Gemm, Einsum.
#include <algorithm>
#include <cctype>
#include <map>
#include <set>

#include "compiler/import/onnx/op_table.h"
#include "compiler/import/onnx/ops/contraction.h"

using mlir::Value;

namespace mlc::onnx_import {
namespace {

void matMul(Node& node) { node.set(matmul(node, node.value(0), node.value(1))); }

Value scaled(Emitter& e, Value x, double factor) {
  return factor == 1 ? x : e.binary<graph::MulOp>(x, e.scalarLike(factor, x));
}

void gemm(Node& node) {
  Emitter& e = node.emitter;
  if (node.rank(0) != 2 || node.rank(1) != 2) node.invalid("needs matrices");
  const std::string a = node.integer("transA", 0) != 0 ? "km" : "mk";
  const std::string b = node.integer("transB", 0) != 0 ? "nk" : "kn";
  Value product =
      scaled(e, contract(node, node.value(0), node.value(1), a, b, "mn"), node.number("alpha", 1));
  const double beta = node.number("beta", 1);
  if (node.has(2) && beta != 0)
    product = e.binary<graph::AddOp>(
        product, e.stretchedTo(scaled(e, node.value(2), beta), graph::shapeOf(product), "its sum"));
  node.set(product);
}

// An equation with one lower-case letter per dim: "..." and upper-case letters get unused ones.
struct Equation {
  std::vector<std::string> operands;
  std::string result;
};

class EquationReader {
 public:
  explicit EquationReader(Node& node) : node_(node) {}

  Equation read() {
    std::string text;
    for (char c : node_.text("equation", "")) {
      if (c != ' ') text += c;
    }
    const size_t arrow = text.find("->");
    std::string left = text.substr(0, arrow);
    for (char c : text) used_.insert(c);
    Equation equation;
    for (size_t begin = 0; begin <= left.size();) {
      const size_t end = std::min(left.find(',', begin), left.size());
      const size_t operand = equation.operands.size();
      if (operand >= node_.inputCount())
        node_.invalid("has fewer operands than its equation " + text);
      equation.operands.push_back(expand(left.substr(begin, end - begin), node_.rank(operand)));
      begin = end + 1;
    }
    if (equation.operands.size() != node_.inputCount())
      node_.invalid("has more operands than its equation " + text);
    for (size_t i = 0; i < equation.operands.size(); ++i) {
      if (equation.operands[i].size() != node_.shape(i).size())
        node_.invalid("equation " + text + " does not fit operand " + std::to_string(i));
    }
    equation.result = arrow == std::string::npos ? implicitResult(equation, left)
                                                 : expand(text.substr(arrow + 2), -1);
    return equation;
  }

 private:
  char fresh() {
    for (char c = 'a'; c <= 'z'; ++c) {
      if (used_.insert(c).second) return c;
    }
    node_.unsupported("has more than 26 different dims");
  }

  char lower(char c) {
    if (std::islower(static_cast<unsigned char>(c)) != 0) return c;
    if (std::isupper(static_cast<unsigned char>(c)) == 0)
      node_.invalid(std::string("its equation has the character '") + c + "'");
    auto [it, isNew] = upper_.try_emplace(c, 0);
    if (isNew) it->second = fresh();
    return it->second;
  }

  // rank < 0: the result, whose ellipsis has the letters seen so far.
  std::string expand(const std::string& term, int64_t rank) {
    const size_t dots = term.find("...");
    std::string letters;
    for (size_t i = 0; i < term.size(); ++i) {
      if (i != dots) {
        letters += lower(term[i]);
        continue;
      }
      size_t count = ellipsis_.size();
      if (rank >= 0)
        count = rank >= static_cast<int64_t>(term.size()) - 3 ? rank - (term.size() - 3) : 0;
      while (ellipsis_.size() < count) ellipsis_.insert(0, 1, fresh());
      letters += ellipsis_.substr(ellipsis_.size() - count);
      i += 2;
    }
    return letters;
  }

  // Without "->": the ellipsis, then the letters that occur once, in alphabetical order.
  std::string implicitResult(const Equation& equation, const std::string& left) {
    std::set<char> once;
    for (char c : left) {
      if (std::isalpha(static_cast<unsigned char>(c)) != 0 &&
          std::count(left.begin(), left.end(), c) == 1)
        once.insert(c);
    }
    std::string result = ellipsis_;
    for (char c : once) result += lower(c);
    return result;
  }

  Node& node_;
  std::set<char> used_;
  std::map<char, char> upper_;
  std::string ellipsis_;
};

bool hasRepeats(const std::string& letters) {
  return std::set<char>(letters.begin(), letters.end()).size() != letters.size();
}

void einsum(Node& node) {
  Emitter& e = node.emitter;
  const Equation equation = EquationReader(node).read();
  for (const std::string& operand : equation.operands) {
    if (hasRepeats(operand)) node.unsupported("takes a diagonal: " + node.text("equation", ""));
  }
  std::string all;
  for (const std::string& operand : equation.operands) all += operand;
  if (hasRepeats(equation.result) || equation.result.find_first_not_of(all) != std::string::npos) {
    node.invalid("bad result in equation " + node.text("equation", ""));
  }
  if (equation.operands.size() == 2) {
    node.set(contract(node, node.value(0), node.value(1), equation.operands[0],
                      equation.operands[1], equation.result));
    return;
  }
  if (equation.operands.size() > 2)
    node.unsupported("has " + std::to_string(equation.operands.size()) +
                     " operands; 2 are supported");
  std::vector<int64_t> summed, permutation;
  std::string kept;
  for (size_t i = 0; i < equation.operands[0].size(); ++i) {
    const char letter = equation.operands[0][i];
    if (equation.result.find(letter) != std::string::npos) {
      kept += letter;
    } else {
      summed.push_back(static_cast<int64_t>(i));
    }
  }
  for (char letter : equation.result)
    permutation.push_back(static_cast<int64_t>(kept.find(letter)));
  Value x = node.value(0);
  if (!summed.empty()) x = e.emit<graph::ReduceOp>(x, graph::ReduceKind::sum, summed, false);
  node.set(e.transpose(x, permutation));
}

}  // namespace

std::vector<OpEntry> matmulOps() {
  return {
      {"Einsum", 12, kLastOpset, 1, kAnyNumber, "equation", einsum},
      {"Gemm", 7, kLastOpset, 2, 3, "alpha beta transA transB", gemm},
      {"MatMul", 7, kLastOpset, 2, 2, "", matMul},
  };
}

}  // namespace mlc::onnx_import
