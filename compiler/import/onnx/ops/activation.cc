#include "compiler/import/onnx/ops/activation.h"

using mlir::Value;

namespace mlc::onnx_import {

Value scaled(Emitter& e, Value x, double factor) {
  return factor == 1 ? x : e.binary<graph::MulOp>(x, e.scalarLike(factor, x));
}

Value whereNegative(Emitter& e, Value x, Value negative) {
  Value isNegative = e.binary<graph::CompareOp>(x, e.scalarLike(0, x), graph::Predicate::lt);
  return e.emit<graph::SelectOp>(isNegative, negative, x);
}

Value elu(Emitter& e, Value x, double alpha) {
  return whereNegative(e, x, scaled(e, e.emit<graph::Expm1Op>(x), alpha));
}

Value hardSigmoid(Emitter& e, Value x, double alpha, double beta) {
  Value line = e.binary<graph::AddOp>(scaled(e, x, alpha), e.scalarLike(beta, x));
  Value low = e.binary<graph::MaxOp>(line, e.scalarLike(0, x));
  return e.binary<graph::MinOp>(low, e.scalarLike(1, x));
}

Value leakyRelu(Emitter& e, Value x, double alpha) {
  return whereNegative(e, x, scaled(e, x, alpha));
}

Value softsign(Emitter& e, Value x) {
  Value bottom = e.binary<graph::AddOp>(e.emit<graph::AbsOp>(x), e.scalarLike(1, x));
  return e.binary<graph::DivOp>(x, bottom);
}

}  // namespace mlc::onnx_import
