#include "compiler/dialect/graph/node_name.h"

#include "mlir/IR/Location.h"

namespace mlc::graph {

std::string nodeNameOf(mlir::Location location) {
  auto name = location->findInstanceOf<mlir::NameLoc>();
  return name ? name.getName().str() : std::string();
}

std::string nodeNameOf(mlir::Operation* op) {
  const std::string name = nodeNameOf(op->getLoc());
  return name.empty() ? op->getName().getStringRef().str() : name;
}

}  // namespace mlc::graph
