#include "tests/supported_ops/supported_ops.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <vector>

#include "compiler/import/onnx/import.h"

namespace mlc {
namespace {

constexpr char kIntroduction[] = R"(# Supported ONNX operators

Made from the importer's own table by `bazel run //tests/supported_ops:print > docs/supported_ops.md`.

An attribute or operator that is not listed is an error that names the node, never ignored; so is a value that is not taken of one
that is listed (a `training_mode` or a `softcap` that is not 0). Inputs that state axes or the like
must follow from the model's constants and the dims of its inputs; sizes, starts, ends and repeats (of Reshape, Expand, Slice,
Range, TopK, Tile, ConstantOfShape) may be computed. `tests/onnx_suite` runs ONNX's own tests on those of ai.onnx;
`tests/onnx_suite/unsupported.txt` says which of them are not taken, and why.
)";

std::string row(const SupportedOp& op) {
  std::string attributes;
  for (size_t at = 0; at < op.attributes.size();) {
    const size_t end = std::min(op.attributes.find(' ', at), op.attributes.size());
    if (end > at)
      attributes += (attributes.empty() ? "`" : ", `") + op.attributes.substr(at, end - at) + "`";
    at = end + 1;
  }
  std::string opsets = std::to_string(op.firstOpset);
  if (op.lastOpset != op.firstOpset) opsets += " to " + std::to_string(op.lastOpset);
  return "| " + op.name + " | " + opsets + " | " + attributes + " |\n";
}

}  // namespace

std::string supportedOpsDocument() {
  std::map<std::string, std::vector<SupportedOp>> domains;
  for (SupportedOp& op : supportedOnnxOps()) domains[op.domain].push_back(op);
  std::string text = kIntroduction;
  for (auto& [domain, ops] : domains) {
    std::sort(ops.begin(), ops.end(), [](const SupportedOp& a, const SupportedOp& b) {
      return std::tie(a.name, a.firstOpset) < std::tie(b.name, b.firstOpset);
    });
    text += "\n## " + (domain.empty() ? "ai.onnx" : domain) + "\n\n";
    text += std::string("| operator | ") + (domain.empty() ? "opsets" : "versions") +
            " | attributes |\n|---|---|---|\n";
    for (const SupportedOp& op : ops) text += row(op);
  }
  return text;
}

}  // namespace mlc
