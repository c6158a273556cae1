#include "tests/onnx_suite/suite_case.h"

#include <algorithm>
#include <filesystem>
#include <functional>

#include "compiler/dialect/graph/evaluate/evaluator.h"
#include "compiler/import/onnx/import.h"
#include "compiler/import/onnx/model_outline.h"
#include "compiler/import/onnx/tensor_file.h"
#include "compiler/pipeline.h"
#include "runtime/api/session.h"
#include "tests/onnx_suite/compare.h"

namespace mlc::onnx_suite {
namespace {

namespace fs = std::filesystem;

// Two threads, so that kernels are cut into shares.
constexpr int kThreads = 2;

StatusOr<std::vector<HostTensor>> readTensors(
    const fs::path& folder, const std::string& kind,
    const std::vector<onnx_import::ValueOutline>& values) {
  std::vector<HostTensor> tensors;
  for (const auto& [name, dtype] : values) {
    const fs::path file = folder / (kind + "_" + std::to_string(tensors.size()) + ".pb");
    if (!fs::exists(file)) break;
    MLC_ASSIGN_OR_RETURN(HostTensor tensor, onnx_import::readTensorFile(file.string(), dtype));
    tensors.push_back(std::move(tensor));
  }
  return tensors;
}

StatusOr<std::vector<HostTensor>> compute(const fs::path& folder, const std::string& package,
                                          const std::vector<HostTensor>& inputs,
                                          partition::Device::Kind kind) {
  CompileOptions options;
  partition::Device device;
  device.name = "cpu";
  device.kind = kind;
  device.threads = kThreads;
  device.peakFlops[DType::kF32] = 1e11;
  options.devices.devices.push_back(device);
  MLC_RETURN_IF_ERROR(compileModel((folder / "model.onnx").string(), options, package).status());
  MLC_ASSIGN_OR_RETURN(auto session,
                       api::Session::openThreads(package, {.threads = kThreads, .pin = false}));
  return session->run(inputs);
}

StatusOr<std::vector<HostTensor>> evaluate(const fs::path& folder,
                                           const std::vector<HostTensor>& inputs) {
  mlir::MLIRContext context;
  std::string errors;
  mlir::ScopedDiagnosticHandler handler(&context, [&](mlir::Diagnostic& diagnostic) {
    errors += diagnostic.str() + "\n";
    return mlir::success();
  });
  MLC_ASSIGN_OR_RETURN(const ImportedModel model,
                       importOnnx(context, (folder / "model.onnx").string()));
  graph::EvaluationContext evaluation;
  evaluation.weights = &model.weights;
  auto outputs = graph::evaluateFunction(
      model.module.get().lookupSymbol<mlir::func::FuncOp>("main"), inputs, evaluation);
  if (mlir::failed(outputs)) return Status(StatusCode::kInvalid, errors);
  return std::vector<HostTensor>(outputs->begin(), outputs->end());
}

using Compute =
    std::function<StatusOr<std::vector<HostTensor>>(const std::vector<HostTensor>& inputs)>;

StatusOr<std::string> compareOutputs(const fs::path& folder, const Compute& compute) {
  MLC_ASSIGN_OR_RETURN(const onnx_import::ModelOutline model,
                       onnx_import::outlineOfModel((folder / "model.onnx").string()));
  MLC_ASSIGN_OR_RETURN(const std::vector<HostTensor> inputs,
                       readTensors(folder, "input", model.inputs));
  MLC_ASSIGN_OR_RETURN(const std::vector<HostTensor> expected,
                       readTensors(folder, "output", model.outputs));
  MLC_ASSIGN_OR_RETURN(const std::vector<HostTensor> outputs, compute(inputs));
  if (expected.empty() || outputs.size() != expected.size()) {
    return "there are " + std::to_string(outputs.size()) + " outputs, expected " +
           std::to_string(expected.size());
  }
  for (size_t i = 0; i < outputs.size(); ++i) {
    const std::string different = difference(outputs[i], expected[i]);
    if (!different.empty()) return "output " + std::to_string(i) + ": " + different;
  }
  return std::string();
}

}  // namespace

std::vector<std::string> caseNames(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& kind : fs::directory_iterator(folder)) {
    for (const auto& entry : fs::directory_iterator(kind)) {
      names.push_back(kind.path().filename().string() + "/" + entry.path().filename().string());
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string unsupportedReason(const std::string& caseFolder) {
  mlir::MLIRContext context;
  const StatusOr<ImportedModel> model = importOnnx(context, caseFolder + "/model.onnx");
  if (model.ok() || model.status().code() != StatusCode::kUnsupported) return "";
  std::string reason = model.status().message();
  const std::string path = caseFolder + "/model.onnx: ";
  if (reason.starts_with(path)) reason = reason.substr(path.size());
  std::replace(reason.begin(), reason.end(), '\n', ' ');
  return reason;
}

std::string runCase(const std::string& caseFolder, const std::string& scratch,
                    partition::Device::Kind kind) {
  const std::string package = scratch + "/package";
  const StatusOr<std::string> wrong =
      compareOutputs(caseFolder, [&](const std::vector<HostTensor>& inputs) {
        return compute(caseFolder, package, inputs, kind);
      });
  std::error_code ignored;
  fs::remove_all(package, ignored);
  return wrong.ok() ? *wrong : wrong.status().message();
}

std::string evaluateCase(const std::string& caseFolder) {
  const StatusOr<std::string> wrong = compareOutputs(
      caseFolder,
      [&](const std::vector<HostTensor>& inputs) { return evaluate(caseFolder, inputs); });
  return wrong.ok() ? *wrong : wrong.status().message();
}

}  // namespace mlc::onnx_suite
