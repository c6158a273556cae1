#include "compiler/dialect/graph/computed_symbols.h"

#include "compiler/dialect/graph/graph_dialect.h"
#include "llvm/ADT/STLExtras.h"

namespace mlc::graph {
namespace {

void collectFrom(mlir::Type type, std::set<std::string>& symbols) {
  if (!mlir::isa<mlir::RankedTensorType>(type)) return;
  for (const DimExpr& dim : shapeOf(type)) dim.collectSymbols(symbols);
}

void addDefinitions(mlir::Operation* op, std::map<std::string, SymbolDefinition>& definitions) {
  if (auto size = mlir::dyn_cast<DefineSizeOp>(op)) {
    definitions[size.getSymbol().str()] = {op, false};
    return;
  }
  std::optional<mlir::ArrayAttr> binds;
  std::set<std::string> ofBody;
  if (auto branch = mlir::dyn_cast<IfOp>(op)) binds = branch.getBinds();
  if (auto loop = mlir::dyn_cast<LoopOp>(op)) {
    binds = loop.getBinds();
    for (mlir::Type type : loop.getBody().getArgumentTypes()) collectFrom(type, ofBody);
  }
  if (!binds) return;
  for (auto symbol : binds->getAsRange<mlir::StringAttr>())
    definitions[symbol.str()] = {op, ofBody.contains(symbol.str())};
}

}  // namespace

std::map<std::string, SymbolDefinition> symbolDefinitions(mlir::Operation* scope) {
  std::map<std::string, SymbolDefinition> definitions;
  scope->walk([&](mlir::Operation* op) { addDefinitions(op, definitions); });
  return definitions;
}

std::set<std::string> computedSymbols(mlir::Operation* scope) {
  std::set<std::string> symbols;
  for (const auto& [symbol, definition] : symbolDefinitions(scope)) symbols.insert(symbol);
  return symbols;
}

bool hasSymbolOf(mlir::Type type, const std::set<std::string>& symbols) {
  std::set<std::string> own;
  collectFrom(type, own);
  return llvm::any_of(own, [&](const std::string& symbol) { return symbols.contains(symbol); });
}

std::set<std::string> symbolsUsedBy(mlir::Operation* op) {
  std::set<std::string> symbols;
  op->walk([&](mlir::Operation* nested) {
    for (mlir::Type type : nested->getResultTypes()) collectFrom(type, symbols);
    for (mlir::Region& region : nested->getRegions()) {
      for (mlir::Type type : region.getArgumentTypes()) collectFrom(type, symbols);
    }
    for (mlir::NamedAttribute attribute : nested->getAttrs()) {
      if (auto dims = mlir::dyn_cast<DimsAttr>(attribute.getValue())) {
        for (const DimExpr& expr : exprsOf(dims)) expr.collectSymbols(symbols);
      }
    }
  });
  return symbols;
}

}  // namespace mlc::graph
