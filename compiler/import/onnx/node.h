// A node of the model, as the handlers of ops see it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "compiler/import/onnx/emitter.h"
#include "compiler/import/onnx/onnx.pb.h"
#include "compiler/import/onnx/tensor.h"

namespace mlc::onnx_import {

class GraphImporter;

// Its methods throw ImportError for what the model has wrong.
class Node {
 public:
  Node(GraphImporter& importer, Emitter& emitter, const onnx::NodeProto& proto, int opset,
       std::vector<TensorRef> inputs)
      : importer(importer),
        emitter(emitter),
        proto_(proto),
        opset_(opset),
        inputs_(std::move(inputs)),
        outputs_(proto.output_size()) {}

  GraphImporter& importer;
  Emitter& emitter;

  const std::string& op() const { return proto_.op_type(); }
  int opset() const { return opset_; }

  // Inputs. Optional ones are absent past the end or where they are named "".
  size_t inputCount() const { return inputs_.size(); }
  const std::string& inputName(size_t i) const { return proto_.input(static_cast<int>(i)); }
  bool has(size_t i) const { return i < inputs_.size() && inputs_[i] != nullptr; }
  Tensor& input(size_t i) const;
  const TensorRef& inputRef(size_t i) const;
  mlir::Value value(size_t i) const { return emitter.materialize(input(i)); }
  const graph::Shape& shape(size_t i) const { return input(i).shape; }
  int64_t rank(size_t i) const { return input(i).rank(); }
  DType dtype(size_t i) const { return input(i).dtype; }
  // Elements of a small integer tensor, which must be known while compiling; `what` names it in the
  // error.
  const Elements& elements(size_t i, const char* what) const;
  std::vector<int64_t> integers(size_t i, const char* what) const;

  // Attributes; the default where they are absent. A wrong kind of attribute is an error.
  bool hasAttribute(const char* name) const { return find(name) != nullptr; }
  int64_t integer(const char* name, int64_t otherwise) const;
  double number(const char* name, double otherwise) const;
  std::string text(const char* name, const std::string& otherwise) const;
  std::optional<std::vector<int64_t>> integerList(const char* name) const;
  std::optional<std::vector<double>> numberList(const char* name) const;
  std::optional<std::vector<std::string>> textList(const char* name) const;
  const onnx::GraphProto& graph(const char* name) const;
  const onnx::AttributeProto* find(const char* name) const;

  // An axis counted from the front; negative ones count from the end.
  int64_t axis(int64_t axis, int64_t rank) const;

  // Outputs.
  size_t outputCount() const { return outputs_.size(); }
  bool wants(size_t i) const {
    return i < outputs_.size() && !proto_.output(static_cast<int>(i)).empty();
  }
  void set(size_t i, TensorRef tensor);
  void set(size_t i, mlir::Value value);
  void set(mlir::Value value) { set(0, value); }
  void set(TensorRef tensor) { set(0, std::move(tensor)); }
  const std::vector<TensorRef>& outputs() const { return outputs_; }

  [[noreturn]] void invalid(const std::string& what) const { emitter.invalid(what); }
  [[noreturn]] void unsupported(const std::string& what) const { emitter.unsupported(what); }

 private:
  const onnx::AttributeProto* find(const char* name,
                                   onnx::AttributeProto::AttributeType type) const;

  const onnx::NodeProto& proto_;
  int opset_;
  std::vector<TensorRef> inputs_;
  std::vector<TensorRef> outputs_;
};

// A tensor of a value in the IR; of a sequence or optional nothing but the type is known of what it
// holds.
TensorRef tensorOf(mlir::Value value);
TensorRef tensorOf(mlir::Value value, const Held& held);

}  // namespace mlc::onnx_import
