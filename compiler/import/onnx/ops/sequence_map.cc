#include "compiler/import/onnx/ops/sequence_map.h"

#include "compiler/import/onnx/computed_sizes.h"
#include "compiler/import/onnx/graph_importer.h"

using mlir::Value;

namespace mlc::onnx_import {
namespace {

constexpr char kDifferentLengths[] = "its sequences have different lengths";

// The number of tensors if all of its sequences' are known.
std::optional<size_t> knownLength(Node& node) {
  const size_t length = node.input(0).items ? node.input(0).items->size() : 0;
  for (size_t i = 0; i < node.inputCount(); ++i) {
    if (node.dtype(i) != DType::kSequence) continue;
    if (!node.input(i).items) return std::nullopt;
    if (node.input(i).items->size() != length) node.invalid(kDifferentLengths);
  }
  return length;
}

// The element type that the body declares for an output.
int declaredType(Node& node, const onnx::ValueInfoProto& output) {
  if (!output.type().has_tensor_type() || output.type().tensor_type().elem_type() == 0)
    node.unsupported("its body does not say the type of its output '" + output.name() + "'");
  return output.type().tensor_type().elem_type();
}

onnx::NodeProto& add(onnx::GraphProto& graph, const std::string& op,
                     const std::vector<std::string>& inputs, const std::string& output) {
  onnx::NodeProto& node = *graph.add_node();
  node.set_op_type(op);
  for (const std::string& input : inputs) node.add_input(input);
  node.add_output(output);
  return node;
}

void declare(onnx::ValueInfoProto& value, const std::string& name) { value.set_name(name); }

// For the run: all sequences must be as long as the first one.
void checkLengths(Node& node) {
  Emitter& e = node.emitter;
  Value length = e.emit<graph::SequenceLengthOp>(node.value(0));
  for (size_t i = 1; i < node.inputCount(); ++i) {
    if (node.dtype(i) != DType::kSequence) continue;
    Value other = e.emit<graph::SequenceLengthOp>(node.value(i));
    failIf(e, e.emit<graph::CompareOp>(length, other, graph::Predicate::ne), kDifferentLengths);
  }
}

std::string operandName(const std::string& prefix, int i) {
  return prefix + "operand_" + std::to_string(i);
}

// The body, called for position `trip` of the sequences, its results appended to those so far.
onnx::GraphProto loopBody(Node& node, const std::string& prefix) {
  const onnx::GraphProto& body = node.graph("body");
  const std::string trip = prefix + "trip", goesOn = prefix + "goes_on";
  onnx::GraphProto graph;
  graph.set_name(body.name());
  declare(*graph.add_input(), trip);
  declare(*graph.add_input(), goesOn);
  *graph.mutable_initializer() = body.initializer();
  for (int i = 0; i < body.input_size(); ++i) {
    const std::string whole = operandName(prefix, i);
    const bool isSequence = node.dtype(static_cast<size_t>(i)) == DType::kSequence;
    if (isSequence) add(graph, "SequenceAt", {whole, trip}, body.input(i).name());
    if (!isSequence) add(graph, "Identity", {whole}, body.input(i).name());
  }
  graph.mutable_node()->MergeFrom(body.node());
  add(graph, "Identity", {goesOn}, prefix + "still_goes_on");
  declare(*graph.add_output(), prefix + "still_goes_on");
  for (int i = 0; i < body.output_size(); ++i) {
    const std::string before = prefix + "before_" + std::to_string(i),
                      after = prefix + "after_" + std::to_string(i);
    declare(*graph.add_input(), before);
    add(graph, "SequenceInsert", {before, body.output(i).name()}, after);
    declare(*graph.add_output(), after);
  }
  return graph;
}

// The same as a loop over positions.
onnx::GraphProto asLoop(Node& node) {
  const onnx::GraphProto& body = node.graph("body");
  // No name of a model begins so.
  const std::string prefix = std::string("\1") + "map ";
  onnx::GraphProto graph;
  // By names that no name of the body hides.
  for (size_t i = 0; i < node.inputCount(); ++i)
    add(graph, "Identity", {node.inputName(i)}, operandName(prefix, static_cast<int>(i)));
  add(graph, "SequenceLength", {operandName(prefix, 0)}, prefix + "length");
  std::vector<std::string> operands = {prefix + "length", ""};
  for (int i = 0; i < body.output_size(); ++i) {
    operands.push_back(prefix + "empty_" + std::to_string(i));
    onnx::NodeProto& empty = add(graph, "SequenceEmpty", {}, operands.back());
    onnx::AttributeProto& dtype = *empty.add_attribute();
    dtype.set_name("dtype");
    dtype.set_type(onnx::AttributeProto::INT);
    dtype.set_i(declaredType(node, body.output(i)));
  }
  onnx::NodeProto& loop = add(graph, "Loop", operands, prefix + "result_0");
  onnx::AttributeProto& inner = *loop.add_attribute();
  inner.set_name("body");
  inner.set_type(onnx::AttributeProto::GRAPH);
  *inner.mutable_g() = loopBody(node, prefix);
  declare(*graph.add_output(), prefix + "result_0");
  for (int i = 1; i < body.output_size(); ++i) {
    loop.add_output(prefix + "result_" + std::to_string(i));
    declare(*graph.add_output(), loop.output(i));
  }
  return graph;
}

}  // namespace

void importSequenceMap(Node& node) {
  const onnx::GraphProto& body = node.graph("body");
  if (node.dtype(0) != DType::kSequence) node.invalid("input 0 must be a sequence");
  if (static_cast<size_t>(body.input_size()) != node.inputCount() ||
      static_cast<size_t>(body.output_size()) != node.outputCount()) {
    node.invalid("its body's inputs and outputs are not its own");
  }
  const std::optional<size_t> length = knownLength(node);
  std::vector<TensorRef> results;
  if (!length || *length == 0) {
    checkLengths(node);
    // graph() lives as long as what is imported of it.
    const onnx::GraphProto loop = asLoop(node);
    results = node.importer.importSubgraph(loop, {}, node.emitter.block());
  } else {
    std::vector<std::vector<TensorRef>> items(node.outputCount());
    for (size_t position = 0; position < *length; ++position) {
      std::vector<TensorRef> arguments;
      for (size_t i = 0; i < node.inputCount(); ++i) {
        arguments.push_back(node.dtype(i) == DType::kSequence ? (*node.input(i).items)[position]
                                                              : node.inputRef(i));
      }
      const std::vector<TensorRef> outputs =
          node.importer.importSubgraph(body, arguments, node.emitter.block());
      for (size_t i = 0; i < outputs.size(); ++i) items[i].push_back(outputs[i]);
    }
    for (std::vector<TensorRef>& tensors : items) {
      Held held = heldOf(tensors[0]->dtype, tensors[0]->shape);
      for (const TensorRef& tensor : tensors) {
        if (tensor->dtype != held.dtype) node.invalid("its body gives tensors of different types");
        held = joined(held, heldOf(tensor->dtype, tensor->shape));
      }
      results.push_back(knownSequence(std::move(held), std::move(tensors)));
    }
  }
  for (size_t i = 0; i < results.size(); ++i) node.set(i, results[i]);
}

}  // namespace mlc::onnx_import
