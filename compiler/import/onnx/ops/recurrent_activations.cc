#include "compiler/import/onnx/ops/recurrent_activations.h"

#include "compiler/import/onnx/ops/activation.h"

using mlir::Value;

namespace mlc::onnx_import {
namespace {

// A parameter, where a function takes one; its default is that of the operator of the same name.
struct Parameter {
  bool isTaken = false;
  std::optional<double> otherwise;
};

struct NamedActivation {
  const char* name;
  Value (*apply)(Emitter&, Value, double alpha, double beta);
  Parameter alpha, beta;
};

template <typename Op>
Value plain(Emitter& e, Value x, double, double) {
  return e.emit<Op>(x);
}

template <Value (*apply)(Emitter&, Value, double)>
Value withAlpha(Emitter& e, Value x, double alpha, double) {
  return apply(e, x, alpha);
}

Value affine(Emitter& e, Value x, double alpha, double beta) {
  return e.binary<graph::AddOp>(scaled(e, x, alpha), e.scalarLike(beta, x));
}

Value scaledTanh(Emitter& e, Value x, double alpha, double beta) {
  return scaled(e, e.emit<graph::TanhOp>(scaled(e, x, beta)), alpha);
}

Value plainSoftsign(Emitter& e, Value x, double, double) { return softsign(e, x); }

// Unlike the operator of this name, the specification keeps the threshold itself.
Value thresholdedRelu(Emitter& e, Value x, double alpha) {
  Value isKept = e.binary<graph::CompareOp>(x, e.scalarLike(alpha, x), graph::Predicate::ge);
  return e.emit<graph::SelectOp>(isKept, x, e.scalarLike(0, x));
}

const NamedActivation kActivations[] = {
    {"Affine", affine, {true, 1}, {true, 0}},
    {"Elu", withAlpha<elu>, {true, 1}, {}},
    {"HardSigmoid", hardSigmoid, {true, 0.2}, {true, 0.5}},
    {"LeakyRelu", withAlpha<leakyRelu>, {true, 0.01}, {}},
    {"Relu", plain<graph::ReluOp>, {}, {}},
    {"ScaledTanh", scaledTanh, {true, std::nullopt}, {true, std::nullopt}},
    {"Sigmoid", plain<graph::SigmoidOp>, {}, {}},
    {"Softplus", plain<graph::SoftplusOp>, {}, {}},
    {"Softsign", plainSoftsign, {}, {}},
    {"Tanh", plain<graph::TanhOp>, {}, {}},
    {"ThresholdedRelu", withAlpha<thresholdedRelu>, {true, 1}, {}},
};

// Takes the parameters of a node's list in their order.
class ParameterList {
 public:
  ParameterList(Node& node, const char* name)
      : node_(node), name_(name), values_(node.numberList(name).value_or(std::vector<double>())) {}

  double next(const Parameter& parameter, const std::string& function) {
    if (!parameter.isTaken) return 0;
    if (taken_ < values_.size()) return values_[taken_++];
    if (!parameter.otherwise) node_.invalid("activation " + function + " needs " + name_);
    return static_cast<float>(*parameter.otherwise);
  }

 private:
  Node& node_;
  const std::string name_;
  const std::vector<double> values_;
  size_t taken_ = 0;
};

}  // namespace

std::vector<RecurrentActivation> recurrentActivations(Node& node,
                                                      const std::vector<std::string>& defaults,
                                                      size_t directions) {
  std::vector<std::string> names;
  if (const std::optional<std::vector<std::string>> given = node.textList("activations")) {
    names = *given;
  } else {
    for (size_t i = 0; i < directions; ++i)
      names.insert(names.end(), defaults.begin(), defaults.end());
  }
  if (names.size() != directions * defaults.size()) {
    node.invalid("activations has " + std::to_string(names.size()) + " entries, must have " +
                 std::to_string(directions * defaults.size()));
  }
  ParameterList alphas(node, "activation_alpha"), betas(node, "activation_beta");
  std::vector<RecurrentActivation> activations;
  for (const std::string& name : names) {
    const NamedActivation* known = llvm::find_if(kActivations, [&](const NamedActivation& entry) {
      return llvm::StringRef(name).equals_insensitive(entry.name);
    });
    if (known == std::end(kActivations)) node.invalid("there is no activation '" + name + "'");
    const double alpha = alphas.next(known->alpha, name), beta = betas.next(known->beta, name);
    activations.push_back({known->apply, alpha, beta});
  }
  return activations;
}

}  // namespace mlc::onnx_import
