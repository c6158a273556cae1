#include "compiler/import/onnx/model_check.h"

#include <algorithm>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "compiler/import/onnx/graph_importer.h"
#include "compiler/import/onnx/graph_order.h"
#include "compiler/import/onnx/held.h"
#include "compiler/import/onnx/tensor_reader.h"

namespace mlc::onnx_import {
namespace {

constexpr int64_t kLastIrVersion = 14;

// Things found, in the order of their first occurrence, each with a count and where it was first
// seen.
class Findings {
 public:
  void add(const std::string& what, const std::string& unit, const std::string& where) {
    auto [it, isNew] = index_.try_emplace(what, list_.size());
    if (isNew) list_.push_back({what, unit, where, 0});
    ++list_[it->second].count;
  }
  bool empty() const { return list_.empty(); }
  std::string text() const {
    std::string text;
    for (const Finding& finding : list_) {
      if (!text.empty()) text += "\n";
      text += "unsupported: " + finding.what + " (" + std::to_string(finding.count) + " " +
              finding.unit + (finding.count == 1 ? "" : "s") + ", first " + finding.where + ")";
    }
    return text;
  }

 private:
  struct Finding {
    std::string what, unit, where;
    int count;
  };
  std::vector<Finding> list_;
  std::map<std::string, size_t> index_;
};

class Checker {
 public:
  Checker(const onnx::ModelProto& model, const OpTable& ops)
      : functions_(readFunctions(model)), ops_(ops) {}

  void graph(const onnx::GraphProto& graph, const Opsets& opsets) {
    for (const auto& input : graph.input()) valueInfo(input);
    for (const auto& initializer : graph.initializer()) tensor(initializer);
    for (const auto& sparse : graph.sparse_initializer()) {
      findings_.add("sparse initializers", "tensor", "'" + sparse.values().name() + "'");
    }
    for (const auto& node : graph.node()) this->node(node, opsets);
  }

  void node(const onnx::NodeProto& node, const Opsets& opsets) {
    for (const auto& attribute : node.attribute()) {
      if (attribute.has_g()) graph(attribute.g(), opsets);
      if (attribute.has_t()) tensor(attribute.t());
    }
    auto opset = opsets.find(node.domain() == "ai.onnx" ? "" : node.domain());
    const OpEntry* op =
        opset == opsets.end() ? nullptr : ops_.find(node.domain(), node.op_type(), opset->second);
    if (op == nullptr) {
      if (findFunction(functions_, node) == nullptr)
        unknownOp(node, opset == opsets.end() ? 0 : opset->second);
      return;
    }
    std::set<std::string> known;
    std::istringstream names(op->attributes);
    for (std::string name; names >> name;) known.insert(name);
    for (const auto& attribute : node.attribute()) {
      if (!known.contains(attribute.name())) {
        findings_.add("attribute '" + attribute.name() + "' of " + node.op_type(), "node",
                      describeNode(node));
      }
    }
  }

  const Findings& findings() const { return findings_; }

 private:
  void unknownOp(const onnx::NodeProto& node, int opset) {
    const std::string name = (node.domain().empty() ? "" : node.domain() + ".") + node.op_type();
    const bool otherVersion = ops_.find(node.domain(), node.op_type(), kLastOpset) != nullptr;
    findings_.add("op " + name + (otherVersion ? " of opset " + std::to_string(opset) : ""), "node",
                  describeNode(node));
  }

  void tensor(const onnx::TensorProto& tensor) {
    if (!dtypeFromOnnx(tensor.data_type())) {
      findings_.add("element type " + dataTypeName(tensor.data_type()), "tensor",
                    "'" + tensor.name() + "'");
    }
  }

  void valueInfo(const onnx::ValueInfoProto& value) {
    // Inputs of subgraphs need not state their type.
    if (value.type().value_case() == onnx::TypeProto::VALUE_NOT_SET) return;
    if (!value.type().has_tensor_type()) {
      if (!declaredValue(value.type())) {
        findings_.add("inputs of maps, sparse tensors and other types", "input",
                      "'" + value.name() + "'");
      }
    } else if (const int type = value.type().tensor_type().elem_type(); !dtypeFromOnnx(type)) {
      findings_.add("element type " + dataTypeName(type), "tensor", "'" + value.name() + "'");
    }
  }

  Functions functions_;
  const OpTable& ops_;
  Findings findings_;
};

bool usesOwnOps(const onnx::GraphProto& graph) {
  return std::any_of(graph.node().begin(), graph.node().end(), [](const onnx::NodeProto& node) {
    return node.domain().empty() || node.domain() == "ai.onnx";
  });
}

Status checkVersions(const onnx::ModelProto& model) {
  if (model.ir_version() < 3 || model.ir_version() > kLastIrVersion) {
    return invalidError("the model's IR version " + std::to_string(model.ir_version()) +
                        " is unknown: 3 to " + std::to_string(kLastIrVersion) + " are known");
  }
  bool hasOwn = false;
  auto check = [&](const auto& imports, const std::string& where) {
    for (const auto& import : imports) {
      if (!import.domain().empty() && import.domain() != "ai.onnx") continue;
      hasOwn = true;
      if (import.version() < kFirstOpset || import.version() > kLastOpset) {
        return unsupportedError(where + " uses opset " + std::to_string(import.version()) + ": " +
                                std::to_string(kFirstOpset) + " to " + std::to_string(kLastOpset) +
                                " are known");
      }
    }
    return okStatus();
  };
  MLC_RETURN_IF_ERROR(check(model.opset_import(), "the model"));
  if (!hasOwn && usesOwnOps(model.graph()))
    return invalidError("the model does not say which opset it uses");
  for (const auto& function : model.functions()) {
    MLC_RETURN_IF_ERROR(check(function.opset_import(), "function '" + function.name() + "'"));
  }
  return okStatus();
}

}  // namespace

Status checkModel(const onnx::ModelProto& model, const OpTable& ops) {
  MLC_RETURN_IF_ERROR(checkVersions(model));
  for (const auto& input : model.graph().input()) {
    if (input.type().value_case() == onnx::TypeProto::VALUE_NOT_SET) {
      return invalidError("input '" + input.name() + "' has no type");
    }
  }
  Checker checker(model, ops);
  checker.graph(model.graph(), readOpsets(model.opset_import()));
  for (const auto& function : model.functions()) {
    const Opsets opsets = readOpsets(function.opset_import());
    for (const auto& node : function.node()) checker.node(node, opsets);
  }
  return checker.findings().empty() ? okStatus() : unsupportedError(checker.findings().text());
}

}  // namespace mlc::onnx_import
