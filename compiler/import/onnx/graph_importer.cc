#include "compiler/import/onnx/graph_importer.h"

#include "compiler/dialect/mlc/mlc_dialect.h"
#include "compiler/import/onnx/external_data.h"
#include "compiler/import/onnx/function_body.h"
#include "compiler/import/onnx/graph_order.h"
#include "compiler/import/onnx/held.h"
#include "compiler/import/onnx/node.h"
#include "compiler/import/onnx/symbolic_values.h"
#include "compiler/import/onnx/tensor_reader.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;

namespace mlc::onnx_import {
namespace {

// Initializers of more bytes are weights.
constexpr int64_t kMaxInlineBytes = 1024;

// Parameters are weights too, however small: repeated blocks then differ in names only, and a bias
// is sharded as its matrix is.
bool isWeight(const TensorHeader& header) {
  const bool isScalar = header.bytes <= dtypeBytes(header.dtype, 1);
  if (header.dtype == DType::kString) return false;
  return header.bytes > kMaxInlineBytes || (isFloat(header.dtype) && !isScalar);
}
// Functions that call functions, and subgraphs in subgraphs; deeper is taken for a recursion.
constexpr int kMaxDepth = 64;

}  // namespace

Opsets readOpsets(const google::protobuf::RepeatedPtrField<onnx::OperatorSetIdProto>& imports) {
  Opsets opsets;
  for (const auto& import : imports) {
    opsets[import.domain() == "ai.onnx" ? "" : import.domain()] =
        static_cast<int>(import.version());
  }
  return opsets;
}

Functions readFunctions(const onnx::ModelProto& model) {
  Functions functions;
  for (const auto& function : model.functions()) {
    functions[{function.domain(), function.name(), function.overload()}] = &function;
  }
  return functions;
}

const onnx::FunctionProto* findFunction(const Functions& functions, const onnx::NodeProto& node) {
  auto it = functions.find({node.domain(), node.op_type(), node.overload()});
  return it == functions.end() ? nullptr : it->second;
}

GraphImporter::GraphImporter(const ModelFile& file, const OpTable& ops, MLIRContext* context,
                             sizes::Symbols& symbols, graph::WeightTable& weights)
    : file_(file),
      ops_(ops),
      context_(context),
      symbols_(symbols),
      functions_(readFunctions(file.model)),
      opsets_(readOpsets(file.model.opset_import())),
      emitter_(context, weights, symbols) {}

TensorRef GraphImporter::Scope::find(const std::string& name) const {
  for (const Scope* scope = this; scope != nullptr; scope = scope->outer) {
    if (auto it = scope->values.find(name); it != scope->values.end()) return it->second;
  }
  return nullptr;
}

void GraphImporter::define(Scope& scope, const std::string& name, TensorRef tensor) {
  if (tensor->name.empty()) tensor->name = name;
  scope.values[name] = std::move(tensor);
}

OwningOpRef<ModuleOp> GraphImporter::run() {
  const onnx::GraphProto& graph = file_.model.graph();
  const Location location =
      NameLoc::get(StringAttr::get(context_, graph.name().empty() ? "main" : graph.name()));
  OwningOpRef<ModuleOp> module = ModuleOp::create(location);
  OpBuilder builder = OpBuilder::atBlockEnd(module->getBody());
  auto main = func::FuncOp::create(builder, location, "main", builder.getFunctionType({}, {}));
  Block* entry = main.addEntryBlock();
  emitter_.setEntry(entry);
  emitter_.setBlock(entry);

  Scope scope;
  scope.opsets = &opsets_;
  importInitializers(graph, scope, /*isMain=*/true);
  SmallVector<DictionaryAttr> argumentAttributes, resultAttributes;
  auto named = [&](const std::string& name) { return attr::nameAttr(builder.getContext(), name); };
  std::set<std::string> inputNames, dimNames;
  for (const onnx::ValueInfoProto& input : graph.input()) {
    for (const auto& dim : input.type().tensor_type().shape().dim())
      dimNames.insert(dim.dim_param());
  }
  symbols_.setDimNames(std::move(dimNames));
  for (const onnx::ValueInfoProto& input : graph.input()) {
    if (!inputNames.insert(input.name()).second) {
      throw ImportError{
          invalidError("value '" + input.name() + "' is defined twice: it is two inputs")};
    }
    // Up to IR version 3 initializers had to be inputs too, as defaults.
    if (scope.values.contains(input.name())) continue;
    define(scope, input.name(), mainInput(input, argumentAttributes.size(), entry));
    argumentAttributes.push_back(named(input.name()));
  }
  importNodes(graph.node(), scope);

  SmallVector<Value> results;
  emitter_.setNode("the graph's outputs", location);
  for (const TensorRef& output : outputsOf(graph, scope))
    results.push_back(emitter_.materialize(*output));
  for (const auto& output : graph.output()) resultAttributes.push_back(named(output.name()));
  func::ReturnOp::create(emitter_.builder(), location, results);
  main.setFunctionType(
      builder.getFunctionType(entry->getArgumentTypes(), ValueRange(results).getTypes()));
  main.setAllArgAttrs(argumentAttributes);
  main.setAllResultAttrs(resultAttributes);
  return module;
}

// A sequence or optional is a scalar.
TensorRef GraphImporter::holdingInput(const onnx::ValueInfoProto& input, Block* entry) {
  emitter_.setNode("input '" + input.name() + "'",
                   NameLoc::get(StringAttr::get(context_, input.name())));
  TensorRef tensor = declaredValue(input.type());
  if (!tensor) emitter_.unsupported("it holds values of a type that is not supported");
  tensor->value = entry->addArgument(emitter_.typeLike(*tensor, {}), emitter_.location());
  return tensor;
}

TensorRef GraphImporter::mainInput(const onnx::ValueInfoProto& input, size_t index, Block* entry) {
  if (!input.type().has_tensor_type()) return holdingInput(input, entry);
  const auto& type = input.type().tensor_type();
  if (!type.has_shape()) {
    throw ImportError{
        unsupportedError("input '" + input.name() + "' has no shape: its rank must be known")};
  }
  auto tensor = std::make_shared<Tensor>();
  tensor->dtype = *dtypeFromOnnx(type.elem_type());
  int64_t elements = 1;
  for (const auto& dim : type.shape().dim()) {
    if (!dim.has_dim_value()) {
      const std::string fresh =
          "input_" + std::to_string(index) + "_d" + std::to_string(tensor->shape.size());
      tensor->shape.push_back(symbols_.ofInput(dim.dim_param().empty() ? fresh : dim.dim_param(),
                                               input.name(),
                                               static_cast<int>(tensor->shape.size())));
      continue;
    }
    if (dim.dim_value() < 0 ||
        __builtin_mul_overflow(elements, std::max<int64_t>(dim.dim_value(), 1), &elements)) {
      throw ImportError{invalidError(
          "input '" + input.name() + "' has a dim of " + std::to_string(dim.dim_value()) +
          (dim.dim_value() < 0 ? "" : ", more elements than 64 bits can count"))};
    }
    tensor->shape.push_back(dim.dim_value());
  }
  emitter_.setNode("input '" + input.name() + "'",
                   NameLoc::get(StringAttr::get(context_, input.name())));
  tensor->value =
      entry->addArgument(emitter_.type(tensor->shape, tensor->dtype), emitter_.location());
  return tensor;
}

void GraphImporter::importInitializers(const onnx::GraphProto& graph, Scope& scope, bool isMain) {
  for (const onnx::TensorProto& tensor : graph.initializer()) {
    if (scope.values.contains(tensor.name())) {
      throw ImportError{
          invalidError("value '" + tensor.name() + "' is defined twice: it is two initializers")};
    }
    define(scope, tensor.name(), importInitializer(tensor, isMain));
  }
}

TensorRef GraphImporter::importInitializer(const onnx::TensorProto& proto, bool isMain) {
  const TensorHeader header = valueOrThrow(readTensorHeader(proto));
  const bool external = proto.data_location() == onnx::TensorProto::EXTERNAL;
  auto inFile = isMain ? file_.rawDataOffsets.find(proto.name()) : file_.rawDataOffsets.end();
  const bool inPlace = inFile != file_.rawDataOffsets.end() &&
                       static_cast<int64_t>(proto.raw_data().size()) == header.bytes;
  if (!isWeight(header)) return constantTensor(valueOrThrow(readTensor(proto, file_.path)));
  auto tensor = std::make_shared<Tensor>();
  tensor->dtype = header.dtype;
  graph::Weight weight;
  weight.dtype = header.dtype;
  weight.shape = header.shape;
  if (external) {
    const FileRange range = valueOrThrow(locateExternalData(proto, header.bytes, file_.path));
    weight.file = range.file;
    weight.offset = range.offset;
  } else if (inPlace) {
    weight.file = file_.path;
    weight.offset = inFile->second;
  } else {
    weight.kind = graph::Weight::Kind::kBytes;
    weight.bytes = valueOrThrow(readTensor(proto, file_.path));
  }
  for (int64_t dim : header.shape) tensor->shape.push_back(dim);
  // Integer tables that shapes are computed from are read even so.
  if (dtypeBytes(header.dtype, kMaxElements) >= header.bytes) {
    tensor->elements = elementsOf(valueOrThrow(readTensor(proto, file_.path)));
  }
  tensor->weight = emitter_.unusedWeightName(proto.name());
  emitter_.weights().set(tensor->weight, std::move(weight));
  return tensor;
}

void GraphImporter::importNodes(const google::protobuf::RepeatedPtrField<onnx::NodeProto>& nodes,
                                Scope& scope) {
  auto here = [&](const std::string& name) { return scope.values.contains(name); };
  auto outside = [&](const std::string& name) {
    return scope.outer != nullptr && scope.outer->find(name) != nullptr;
  };
  for (const onnx::NodeProto* node : valueOrThrow(orderNodes(nodes, here, outside)))
    importNode(*node, scope);
}

void GraphImporter::importNode(const onnx::NodeProto& proto, Scope& scope) {
  const std::string name = !proto.name().empty()     ? proto.name()
                           : proto.output_size() > 0 ? proto.op_type() + ":" + proto.output(0)
                                                     : proto.op_type();
  emitter_.setNode(describeNode(proto), NameLoc::get(StringAttr::get(context_, name)));
  std::vector<TensorRef> inputs;
  for (const std::string& input : proto.input()) {
    inputs.push_back(input.empty() ? nullptr : scope.find(input));
    if (!input.empty() && inputs.back() == nullptr)
      emitter_.invalid("reads '" + input + "', which nothing defines");
  }
  auto opset = scope.opsets->find(proto.domain() == "ai.onnx" ? "" : proto.domain());
  const OpEntry* op = opset == scope.opsets->end()
                          ? nullptr
                          : ops_.find(proto.domain(), proto.op_type(), opset->second);
  if (op == nullptr) {
    const onnx::FunctionProto* function = findFunction(functions_, proto);
    if (function == nullptr) emitter_.unsupported("op " + proto.op_type() + " is not supported");
    importCall(proto, *function, scope, inputs);
    return;
  }
  Node node(*this, emitter_, proto, opset->second, std::move(inputs));
  const auto count = static_cast<int>(node.inputCount());
  if (count < op->minInputs || count > op->maxInputs) {
    node.invalid("has " + std::to_string(count) + " inputs, needs " +
                 std::to_string(op->minInputs) +
                 (op->maxInputs == op->minInputs ? "" : " or more, within its opset's limit"));
  }
  for (int i = 0; i < op->minInputs; ++i) node.input(i);
  if (node.outputCount() == 0) node.invalid("has no outputs");
  const Scope* outer = std::exchange(scope_, &scope);
  checkTypes(node);
  if (!evaluateSymbolically(node)) op->import(node);
  scope_ = outer;
  for (size_t i = 0; i < node.outputCount(); ++i) {
    if (!node.wants(i)) continue;
    const std::string& output = proto.output(static_cast<int>(i));
    if (node.outputs()[i] == nullptr)
      node.unsupported("its output '" + output + "' is not supported");
    define(scope, output, node.outputs()[i]);
  }
}

void GraphImporter::importCall(const onnx::NodeProto& node, const onnx::FunctionProto& function,
                               Scope& scope, const std::vector<TensorRef>& inputs) {
  if (++depth_ > kMaxDepth) emitter_.invalid("functions call each other without end");
  if (node.input_size() > function.input_size() || node.output_size() > function.output_size()) {
    emitter_.invalid("passes more inputs or outputs than function '" + function.name() + "' has");
  }
  const Opsets opsets = readOpsets(function.opset_import());
  const onnx::GraphProto body = functionBody(function, node);
  Scope inner;
  inner.opsets = &opsets;
  for (int i = 0; i < function.input_size(); ++i) {
    // An optional input that is not passed reads as one named "".
    if (i < node.input_size() && inputs[i] != nullptr) inner.values[function.input(i)] = inputs[i];
  }
  importNodes(body.node(), inner);
  for (int i = 0; i < node.output_size(); ++i) {
    if (node.output(i).empty()) continue;
    TensorRef output = inner.find(function.output(i));
    if (output == nullptr)
      emitter_.invalid("function '" + function.name() + "' does not define its output '" +
                       function.output(i) + "'");
    define(scope, node.output(i), std::move(output));
  }
  --depth_;
}

std::vector<TensorRef> GraphImporter::importSubgraph(const onnx::GraphProto& graph,
                                                     const std::vector<TensorRef>& arguments,
                                                     Block* block) {
  if (++depth_ > kMaxDepth) emitter_.invalid("graphs are nested too deeply");
  const std::string description = emitter_.description();
  const Location location = emitter_.location();
  Block* outerBlock = emitter_.block();
  emitter_.setBlock(block);
  Scope scope;
  scope.outer = scope_;
  scope.opsets = scope_->opsets;
  if (static_cast<size_t>(graph.input_size()) != arguments.size()) {
    emitter_.invalid("its subgraph has " + std::to_string(graph.input_size()) +
                     " inputs, must have " + std::to_string(arguments.size()));
  }
  for (size_t i = 0; i < arguments.size(); ++i)
    scope.values[graph.input(static_cast<int>(i)).name()] = arguments[i];
  importInitializers(graph, scope, /*isMain=*/false);
  importNodes(graph.node(), scope);
  std::vector<TensorRef> outputs = outputsOf(graph, scope);
  emitter_.setBlock(outerBlock);
  emitter_.setNode(description, location);
  --depth_;
  return outputs;
}

std::vector<TensorRef> GraphImporter::outputsOf(const onnx::GraphProto& graph, const Scope& scope) {
  std::vector<TensorRef> outputs;
  for (const auto& output : graph.output()) {
    outputs.push_back(scope.find(output.name()));
    if (outputs.back() == nullptr) {
      throw ImportError{invalidError("output '" + output.name() + "' of graph '" + graph.name() +
                                     "' is not defined by any node")};
    }
  }
  return outputs;
}

}  // namespace mlc::onnx_import
