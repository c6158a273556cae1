#include "compiler/import/onnx/op_table.h"

namespace mlc::onnx_import {

OpTable::OpTable() {
  for (auto family :
       {attentionOps, controlFlowOps, dataDependentOps, elementwiseOps, generatorOps, logicalOps,
        matmulNBitsOps, matmulOps, movementOps, normalizationOps, quantizeOps, recurrentOps,
        reduceOps, sequenceOps, shapeOps, stringOps, windowOps}) {
    for (const OpEntry& entry : family()) {
      index_.emplace(std::pair(entry.domain, entry.name), entries_.size());
      entries_.push_back(entry);
    }
  }
}

const OpEntry* OpTable::find(const std::string& domain, const std::string& name, int opset) const {
  const auto [begin, end] =
      index_.equal_range({domain == "ai.onnx" ? std::string() : domain, name});
  for (auto it = begin; it != end; ++it) {
    const OpEntry& entry = entries_[it->second];
    if (entry.firstOpset <= opset && opset <= entry.lastOpset) return &entry;
  }
  return nullptr;
}

}  // namespace mlc::onnx_import
