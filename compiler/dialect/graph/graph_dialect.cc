#include "compiler/dialect/graph/graph_dialect.h"

#include "compiler/dialect/graph/graph_dialect.cc.inc"
#include "compiler/dialect/graph/graph_enums.cc.inc"
#include "compiler/dialect/graph/graph_interfaces.cc.inc"
#include "compiler/dialect/graph/shape.h"
#include "llvm/ADT/TypeSwitch.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "runtime/base/host_tensor.h"

#define GET_ATTRDEF_CLASSES
#include "compiler/dialect/graph/graph_attributes.cc.inc"

#define GET_TYPEDEF_CLASSES
#include "compiler/dialect/graph/graph_types.cc.inc"

#define GET_OP_CLASSES
#include "compiler/dialect/graph/graph_ops.cc.inc"

using namespace mlir;

namespace mlc::graph {

void GraphDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "compiler/dialect/graph/graph_attributes.cc.inc"
      >();
  addTypes<
#define GET_TYPEDEF_LIST
#include "compiler/dialect/graph/graph_types.cc.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "compiler/dialect/graph/graph_ops.cc.inc"
      >();
}

Operation* GraphDialect::materializeConstant(OpBuilder& builder, Attribute value, Type type,
                                             Location location) {
  auto elements = dyn_cast<ElementsAttr>(value);
  if (!elements || elements.getType() != type) return nullptr;
  return ConstantOp::create(builder, location, elements);
}

Attribute DimsAttr::parse(AsmParser& parser, Type) {
  SmallVector<StringAttr> exprs;
  auto parseExpr = [&] { return parser.parseAttribute(exprs.emplace_back()); };
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::LessGreater, parseExpr)) return {};
  return parser.getChecked<DimsAttr>(parser.getContext(), exprs);
}

void DimsAttr::print(AsmPrinter& printer) const {
  printer << '<';
  llvm::interleaveComma(getExprs(), printer, [&](StringAttr expr) { printer << expr; });
  printer << '>';
}

LogicalResult DimsAttr::verifyEncoding(ArrayRef<int64_t> shape, Type,
                                       function_ref<InFlightDiagnostic()> emitError) const {
  ArrayRef<StringAttr> exprs = getExprs();
  if (exprs.size() != shape.size()) {
    return emitError() << "#graph.dims has " << exprs.size() << " dims, the tensor "
                       << shape.size();
  }
  bool dynamic = false;
  for (auto [size, text] : llvm::zip(shape, exprs)) {
    dynamic |= ShapedType::isDynamic(size);
    if (ShapedType::isDynamic(size) == text.empty()) {
      return emitError() << "#graph.dims names exactly the dynamic dims";
    }
  }
  if (!dynamic) return emitError() << "#graph.dims on a tensor without dynamic dims";
  return success();
}

LogicalResult DimsAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                               ArrayRef<StringAttr> exprs) {
  for (StringAttr text : exprs) {
    if (text.empty()) continue;
    StatusOr<DimExpr> expr = DimExpr::parse(text.getValue());
    if (!expr.ok()) return emitError() << expr.status().message();
    if (expr->str() != text.getValue()) {
      return emitError() << "\"" << text.getValue() << "\" is not canonical: \"" << expr->str()
                         << "\"";
    }
  }
  return success();
}

}  // namespace mlc::graph
