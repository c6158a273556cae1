#include "tests/equivalence/graph_writer.h"

#include <cmath>

namespace mlc::equivalence {

HostTensor randomFloats(std::vector<int64_t> shape, double scale, Random& random) {
  HostTensor tensor = HostTensor::uninitialized(DType::kF32, std::move(shape));
  for (int64_t i = 0; i < tensor.numElements(); ++i) {
    tensor.data<float>()[i] = static_cast<float>(random.real(-scale, scale));
  }
  return tensor;
}

GraphWriter::GraphWriter(mlir::MLIRContext& context, uint64_t seed)
    : context_(context),
      random_(seed),
      values_(~seed),
      module_(mlir::ModuleOp::create(mlir::UnknownLoc::get(&context))),
      builder_(&context),
      outer_(&context) {
  builder_.setInsertionPointToEnd(module_->getBody());
  main_ =
      mlir::func::FuncOp::create(builder_, location(), "main", builder_.getFunctionType({}, {}));
  mlir::Block* body = main_.addEntryBlock();
  builder_.setInsertionPointToEnd(body);
  outer_.setInsertionPointToEnd(body);
}

mlir::Location GraphWriter::location() {
  return mlir::NameLoc::get(builder_.getStringAttr("node" + std::to_string(nodes_++)));
}

Value GraphWriter::input(const graph::Shape& shape, DType dtype) {
  mlir::Block& body = main_.getBody().front();
  return body.addArgument(graph::tensorType(shape, graph::elementType(&context_, dtype)),
                          location());
}

Value GraphWriter::weight(const std::vector<int64_t>& shape, double scale) {
  HostTensor tensor = randomFloats(shape, scale, values_);
  if (tensor.bytes() <= 64 && random_.oneIn(3)) return constant(tensor);
  const std::string name = "weight" + std::to_string(nodes_);
  graph::Weight entry;
  entry.kind = graph::Weight::Kind::kBytes;
  entry.shape = shape;
  entry.bytes = std::move(tensor);
  weights_.set(name, std::move(entry));
  return graph::WeightOp::create(outer_, location(), mlir::RankedTensorType::get(shape, f32()),
                                 name);
}

Value GraphWriter::matrix(const std::vector<int64_t>& shape, int64_t terms) {
  return weight(shape, std::sqrt(3.0 / static_cast<double>(terms)));
}

Value GraphWriter::scalar(double value) {
  HostTensor tensor = HostTensor::uninitialized(DType::kF32, {});
  *tensor.data<float>() = static_cast<float>(value);
  return constant(tensor);
}

Value GraphWriter::constant(const HostTensor& tensor) {
  auto type =
      mlir::RankedTensorType::get(tensor.shape(), graph::elementType(&context_, tensor.dtype()));
  if (tensor.dtype() == DType::kBool) {
    const llvm::ArrayRef<bool> bools(tensor.data<bool>(),
                                     static_cast<size_t>(tensor.numElements()));
    return graph::ConstantOp::create(outer_, location(), mlir::DenseElementsAttr::get(type, bools));
  }
  const llvm::ArrayRef<char> bytes(tensor.data<char>(), tensor.bytes());
  return graph::ConstantOp::create(outer_, location(),
                                   mlir::DenseElementsAttr::getFromRawBuffer(type, bytes));
}

Value GraphWriter::contract(const std::string& equation, Value lhs, Value rhs) {
  return make<graph::ContractOp>(lhs, rhs, llvm::StringRef(equation));
}

Value GraphWriter::reshape(Value value, const graph::Shape& shape) {
  return make<graph::ReshapeOp>(
      graph::tensorType(shape, mlir::getElementTypeOrSelf(value.getType())), value);
}

Value GraphWriter::broadcast(Value value, const graph::Shape& shape) {
  return make<graph::BroadcastOp>(
      graph::tensorType(shape, mlir::getElementTypeOrSelf(value.getType())), value);
}

Value GraphWriter::transpose(Value value, const std::vector<int64_t>& permutation) {
  return make<graph::TransposeOp>(value, llvm::ArrayRef<int64_t>(permutation));
}

Value GraphWriter::slice(Value value, size_t axis, const DimExpr& start, const DimExpr& size,
                         int64_t step) {
  graph::Shape shape = graph::shapeOf(value);
  graph::Shape starts(shape.size(), DimExpr(0));
  std::vector<int64_t> steps(shape.size(), 1);
  shape[axis] = size;
  starts[axis] = start;
  steps[axis] = step;
  return make<graph::SliceOp>(graph::tensorType(shape, mlir::getElementTypeOrSelf(value.getType())),
                              value, graph::dimsAttr(&context_, starts),
                              llvm::ArrayRef<int64_t>(steps));
}

void GraphWriter::finish(const std::vector<Value>& outputs) {
  mlir::func::ReturnOp::create(builder_, location(), outputs);
  mlir::Block& body = main_.getBody().front();
  main_.setType(
      builder_.getFunctionType(body.getArgumentTypes(), mlir::ValueRange(outputs).getTypes()));
}

}  // namespace mlc::equivalence
