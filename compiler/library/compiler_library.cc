#include "compiler/library/compiler_library.h"

#include "compiler/diagnostics.h"
#include "compiler/dialect/graph/evaluate/evaluator.h"
#include "compiler/dialect/register.h"
#include "compiler/import/onnx/import.h"
#include "compiler/import/onnx/model_outline.h"
#include "compiler/import/onnx/tensor_file.h"
#include "compiler/library/build_id.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/MLIRContext.h"

namespace mlc {
namespace {

class LinkedCompiler : public CompilerLibrary {
 public:
  LinkedCompiler() : buildId_(buildIdOf(this)) {}

  const std::string& buildId() const override { return buildId_; }

  StatusOr<CompileReport> compile(const std::string& modelPath, const CompileOptions& options,
                                  const std::string& packagePath) override {
    return compileModel(modelPath, options, packagePath);
  }

  StatusOr<std::vector<HostTensor>> evaluate(const std::string& modelPath,
                                             const std::map<std::string, int64_t>& dims,
                                             const std::vector<HostTensor>& inputs,
                                             const Progress& progress) override {
    mlir::DialectRegistry registry;
    registerDialects(registry);
    mlir::MLIRContext context(registry);
    context.loadAllAvailableDialects();
    DiagnosticCollector diagnostics(&context);
    ImportOptions options;
    options.dims = dims;
    MLC_ASSIGN_OR_RETURN(ImportedModel model, importOnnx(context, modelPath, options));
    graph::EvaluationContext evaluation;
    evaluation.weights = &model.weights;
    auto main = model.module->lookupSymbol<mlir::func::FuncOp>("main");
    auto outputs = graph::evaluateFunction(main, inputs, evaluation, {}, progress);
    if (mlir::failed(outputs)) {
      return diagnostics.status(StatusCode::kInvalid, "the reference evaluation failed");
    }
    return std::vector<HostTensor>(outputs->begin(), outputs->end());
  }

  StatusOr<HostTensor> readTensorProto(const std::string& path, DType expected) override {
    return onnx_import::readTensorFile(path, expected);
  }

  Status writeTensorProto(const std::string& path, const std::string& name,
                          const HostTensor& tensor) override {
    return onnx_import::writeTensorFile(path, name, tensor);
  }

  StatusOr<ModelOutline> outline(const std::string& modelPath) override {
    MLC_ASSIGN_OR_RETURN(onnx_import::ModelOutline outline, onnx_import::outlineOfModel(modelPath));
    return ModelOutline{std::move(outline.files), std::move(outline.inputs)};
  }

 private:
  const std::string buildId_;
};

}  // namespace
}  // namespace mlc

extern "C" __attribute__((visibility("default"))) mlc::CompilerLibrary* mlcCompilerLibrary() {
  static mlc::LinkedCompiler compiler;
  return &compiler;
}
