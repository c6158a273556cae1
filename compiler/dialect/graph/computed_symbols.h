// Symbols that a program binds while it runs: by define_size, and by if and loop (`binds`).
#pragma once

#include <map>
#include <set>
#include <string>

#include "compiler/dialect/graph/shape.h"
#include "mlir/IR/Operation.h"

namespace mlc::graph {

// Where a symbol is known from: behind `op`, or at the beginning of its body's trips.
struct SymbolDefinition {
  mlir::Operation* op = nullptr;
  bool inBody = false;
};

// What ops below `scope` define.
std::map<std::string, SymbolDefinition> symbolDefinitions(mlir::Operation* scope);

// The names alone.
std::set<std::string> computedSymbols(mlir::Operation* scope);

// Whether a type's dims have one of them.
bool hasSymbolOf(mlir::Type type, const std::set<std::string>& symbols);

// The symbols in the types of an op's results and of values in its regions, and in its attributes
// and theirs.
std::set<std::string> symbolsUsedBy(mlir::Operation* op);

}  // namespace mlc::graph
