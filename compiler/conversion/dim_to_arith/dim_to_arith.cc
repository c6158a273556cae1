#include "compiler/conversion/dim_to_arith/dim_to_arith.h"

#include <set>

#include "compiler/dialect/graph/computed_symbols.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

namespace mlc::conversion {
namespace {

namespace arith = mlir::arith;
using mlir::Value;

Value atomToIndex(mlir::OpBuilder& builder, mlir::Location loc, const DimExpr::Atom& atom,
                  const llvm::StringMap<Value>& symbols) {
  if (atom.kind == DimExpr::AtomKind::kSymbol) {
    Value value = symbols.lookup(atom.symbol);
    assert(value && "every symbol of an expression has a value");
    return value;
  }
  Value a = dimToIndex(builder, loc, atom.operands[0], symbols);
  Value b = dimToIndex(builder, loc, atom.operands[1], symbols);
  switch (atom.kind) {
    case DimExpr::AtomKind::kFloorDiv:
      return arith::FloorDivSIOp::create(builder, loc, a, b);
    case DimExpr::AtomKind::kCeilDiv:
      return arith::CeilDivSIOp::create(builder, loc, a, b);
    case DimExpr::AtomKind::kMod: {
      Value quotient = arith::FloorDivSIOp::create(builder, loc, a, b);
      Value product = arith::MulIOp::create(builder, loc, quotient, b);
      return arith::SubIOp::create(builder, loc, a, product);
    }
    case DimExpr::AtomKind::kBroadcast: {
      Value one = arith::ConstantIndexOp::create(builder, loc, 1);
      Value stretches = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq, a, one);
      return arith::SelectOp::create(builder, loc, stretches, b, a);
    }
    case DimExpr::AtomKind::kMin:
      return arith::MinSIOp::create(builder, loc, a, b);
    default:
      return arith::MaxSIOp::create(builder, loc, a, b);
  }
}

}  // namespace

Value dimToIndex(mlir::OpBuilder& builder, mlir::Location loc, const DimExpr& expr,
                 const llvm::StringMap<Value>& symbols) {
  Value sum;
  for (const DimExpr::Term& term : expr.terms()) {
    Value product;
    auto multiply = [&](Value factor) {
      product = product ? Value(arith::MulIOp::create(builder, loc, product, factor)) : factor;
    };
    for (const DimExpr::Atom& atom : term.factors) {
      multiply(atomToIndex(builder, loc, atom, symbols));
    }
    if (term.coefficient != 1 || !product) {
      multiply(arith::ConstantIndexOp::create(builder, loc, term.coefficient));
    }
    sum = sum ? Value(arith::AddIOp::create(builder, loc, sum, product)) : product;
  }
  return sum ? sum : Value(arith::ConstantIndexOp::create(builder, loc, 0));
}

namespace {

// Quotients are not rounded: what matters is how large they are.
Value atomToF64(mlir::OpBuilder& builder, mlir::Location loc, const DimExpr::Atom& atom,
                const llvm::StringMap<Value>& symbols) {
  mlir::Type f64 = builder.getF64Type();
  if (atom.kind == DimExpr::AtomKind::kSymbol) {
    Value integer =
        arith::IndexCastOp::create(builder, loc, builder.getI64Type(), symbols.lookup(atom.symbol));
    return arith::SIToFPOp::create(builder, loc, f64, integer);
  }
  Value a = dimToF64(builder, loc, atom.operands[0], symbols);
  Value b = dimToF64(builder, loc, atom.operands[1], symbols);
  switch (atom.kind) {
    case DimExpr::AtomKind::kFloorDiv:
    case DimExpr::AtomKind::kCeilDiv:
      return arith::DivFOp::create(builder, loc, a, b);
    case DimExpr::AtomKind::kMod:
      return b;
    case DimExpr::AtomKind::kMin:
      return arith::MinimumFOp::create(builder, loc, a, b);
    default:
      return arith::MaximumFOp::create(builder, loc, a, b);
  }
}

}  // namespace

Value dimToF64(mlir::OpBuilder& builder, mlir::Location loc, const DimExpr& expr,
               const llvm::StringMap<Value>& symbols) {
  Value sum = arith::ConstantOp::create(builder, loc, builder.getF64FloatAttr(0));
  for (const DimExpr::Term& term : expr.terms()) {
    Value product = arith::ConstantOp::create(
        builder, loc, builder.getF64FloatAttr(static_cast<double>(term.coefficient)));
    for (const DimExpr::Atom& atom : term.factors) {
      product =
          arith::MulFOp::create(builder, loc, product, atomToF64(builder, loc, atom, symbols));
    }
    sum = arith::AddFOp::create(builder, loc, sum, product);
  }
  return sum;
}

std::vector<std::string> symbolsOf(mlir::Operation* op) {
  const std::set<std::string> symbols = graph::symbolsUsedBy(op);
  return {symbols.begin(), symbols.end()};
}

}  // namespace mlc::conversion
