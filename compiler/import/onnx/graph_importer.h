// Imports the graphs of a model into a module: scopes of names, initializers, nodes in order,
// functions inlined.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "compiler/import/onnx/emitter.h"
#include "compiler/import/onnx/file_reader.h"
#include "compiler/import/onnx/op_table.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace mlc::onnx_import {

// Opset versions by domain; ONNX's own domain is "".
using Opsets = std::map<std::string, int>;
Opsets readOpsets(const google::protobuf::RepeatedPtrField<onnx::OperatorSetIdProto>& imports);

// (domain, name, overload) of a model-local function.
using FunctionKey = std::tuple<std::string, std::string, std::string>;
using Functions = std::map<FunctionKey, const onnx::FunctionProto*>;
Functions readFunctions(const onnx::ModelProto& model);
const onnx::FunctionProto* findFunction(const Functions& functions, const onnx::NodeProto& node);

// One import of one model. Throws ImportError and Restart.
class GraphImporter {
 public:
  GraphImporter(const ModelFile& file, const OpTable& ops, mlir::MLIRContext* context,
                sizes::Symbols& symbols, graph::WeightTable& weights);

  mlir::OwningOpRef<mlir::ModuleOp> run();

  // Of the file, for external data of constants.
  const std::string& modelPath() const { return file_.path; }

  // A subgraph of the current node, into `block`. `arguments` are its inputs; outer values are
  // visible. Gives its outputs.
  std::vector<TensorRef> importSubgraph(const onnx::GraphProto& graph,
                                        const std::vector<TensorRef>& arguments,
                                        mlir::Block* block);

 private:
  struct Scope {
    std::map<std::string, TensorRef> values;
    const Scope* outer = nullptr;
    const Opsets* opsets = nullptr;
    TensorRef find(const std::string& name) const;
  };

  TensorRef holdingInput(const onnx::ValueInfoProto& input, mlir::Block* entry);
  TensorRef mainInput(const onnx::ValueInfoProto& input, size_t index, mlir::Block* entry);
  void importInitializers(const onnx::GraphProto& graph, Scope& scope, bool isMain);
  TensorRef importInitializer(const onnx::TensorProto& tensor, bool isMain);
  void importNodes(const google::protobuf::RepeatedPtrField<onnx::NodeProto>& nodes, Scope& scope);
  void importNode(const onnx::NodeProto& node, Scope& scope);
  void importCall(const onnx::NodeProto& node, const onnx::FunctionProto& function, Scope& scope,
                  const std::vector<TensorRef>& inputs);
  std::vector<TensorRef> outputsOf(const onnx::GraphProto& graph, const Scope& scope);
  static void define(Scope& scope, const std::string& name, TensorRef tensor);

  const ModelFile& file_;
  const OpTable& ops_;
  mlir::MLIRContext* context_;
  sizes::Symbols& symbols_;
  Functions functions_;
  Opsets opsets_;
  Emitter emitter_;
  const Scope* scope_ = nullptr;  // of the current node
  int depth_ = 0;                 // of functions and subgraphs
};

}  // namespace mlc::onnx_import
