// The ops that the importer takes: one table, put together from those of the op families (ops/).
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace mlc::onnx_import {

class Node;

// Opset versions of ONNX's own domain that are known.
inline constexpr int kFirstOpset = 7;
inline constexpr int kLastOpset = 28;
inline constexpr int kAnyNumber = 1 << 30;

// One op, for a range of opset versions. Custom domains have version 1.
struct OpEntry {
  const char* name;
  int firstOpset;
  int lastOpset;
  int minInputs;  // the first so many must be there
  int maxInputs;
  const char* attributes;  // those that are understood, separated by spaces
  void (*import)(Node&);
  const char* domain = "";
};

// Finds entries. Immutable.
class OpTable {
 public:
  OpTable();
  // Null if the op is not taken in that version.
  const OpEntry* find(const std::string& domain, const std::string& name, int opset) const;
  const std::vector<OpEntry>& entries() const { return entries_; }

 private:
  std::vector<OpEntry> entries_;
  std::multimap<std::pair<std::string, std::string>, size_t> index_;
};

// The families.
std::vector<OpEntry> attentionOps();
std::vector<OpEntry> controlFlowOps();
std::vector<OpEntry> dataDependentOps();
std::vector<OpEntry> elementwiseOps();
std::vector<OpEntry> generatorOps();
std::vector<OpEntry> logicalOps();
std::vector<OpEntry> matmulNBitsOps();
std::vector<OpEntry> matmulOps();
std::vector<OpEntry> movementOps();
std::vector<OpEntry> normalizationOps();
std::vector<OpEntry> quantizeOps();
std::vector<OpEntry> recurrentOps();
std::vector<OpEntry> reduceOps();
std::vector<OpEntry> sequenceOps();
std::vector<OpEntry> shapeOps();
std::vector<OpEntry> stringOps();
std::vector<OpEntry> windowOps();

}  // namespace mlc::onnx_import
