// Compiles, runs and evaluates models in one process, a folder at a time, as told on standard
// input:
//
//   FOLDER MESH      MESH: "one", or an axis and a size: "tp=2", "pp=2", "dp=3"
//
// The folder has model.onnx and test_data_set_0, test_data_set_1, ... with input_0.pb, input_1.pb,
// ... as ONNX's backend tests do. Beside the inputs come compiled_0.pb, ... from the compiled model
// and evaluated_0.pb, ... from the reference evaluation of the imported one. Standard output says
// how it went, a line each:
//
//   compile CODE MESSAGE
//   run SET CODE MESSAGE
//   evaluate SET CODE MESSAGE
//   done
//
// CODE is a StatusCode as a number; 0: all went well.
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

#include "compiler/dialect/graph/evaluate/evaluator.h"
#include "compiler/import/onnx/import.h"
#include "compiler/import/onnx/tensor_file.h"
#include "compiler/pipeline.h"
#include "mlir/IR/Diagnostics.h"
#include "runtime/api/session.h"

namespace mlc::fuzz {
namespace {

namespace fs = std::filesystem;
using Tensors = std::vector<HostTensor>;

void say(const std::string& what, const Status& status) {
  std::string message = status.message();
  std::replace(message.begin(), message.end(), '\n', ' ');
  std::cout << what << ' ' << static_cast<int>(status.code()) << ' ' << message << std::endl;
}

StatusOr<Tensors> readInputs(const fs::path& set) {
  Tensors tensors;
  for (int i = 0;; ++i) {
    const fs::path file = set / ("input_" + std::to_string(i) + ".pb");
    if (!fs::exists(file)) return tensors;
    MLC_ASSIGN_OR_RETURN(HostTensor tensor, onnx_import::readTensorFile(file.string()));
    tensors.push_back(std::move(tensor));
  }
}

Status writeOutputs(const fs::path& set, const std::string& kind, const Tensors& outputs) {
  for (size_t i = 0; i < outputs.size(); ++i) {
    const std::string name = kind + "_" + std::to_string(i);
    MLC_RETURN_IF_ERROR(
        onnx_import::writeTensorFile((set / (name + ".pb")).string(), name, outputs[i]));
  }
  return okStatus();
}

CompileOptions optionsFor(const std::string& mesh) {
  CompileOptions options;
  int ranks = 1;
  if (mesh != "one") {
    ranks = std::stoi(mesh.substr(3));
    options.search.dp = options.search.pp = options.search.tp = 1;
    (mesh[0] == 'd'   ? options.search.dp
     : mesh[0] == 'p' ? options.search.pp
                      : options.search.tp) = ranks;
  }
  for (int rank = 0; rank < ranks; ++rank) {
    partition::Device device;
    device.name = "cpu" + std::to_string(rank);
    // Two threads, so that kernels are cut into shares.
    device.threads = ranks == 1 ? 2 : 1;
    device.peakFlops[DType::kF32] = 1e11;
    options.devices.devices.push_back(device);
  }
  return options;
}

class Folder {
 public:
  Folder(fs::path path, std::string mesh) : path_(std::move(path)), mesh_(std::move(mesh)) {
    for (int i = 0; fs::exists(set(i)); ++i) ++sets_;
  }

  void run() {
    const Status compiled = compileAndRunAll();
    if (!compiled.ok()) say("compile", compiled);
    if (!runs_.empty()) evaluateAll();
    std::error_code ignored;
    fs::remove_all(package(), ignored);
    std::cout << "done" << std::endl;
  }

 private:
  fs::path set(int i) const { return path_ / ("test_data_set_" + std::to_string(i)); }
  std::string package() const { return (path_ / "package").string(); }
  std::string model() const { return (path_ / "model.onnx").string(); }

  Status compileAndRunAll() {
    const CompileOptions options = optionsFor(mesh_);
    MLC_RETURN_IF_ERROR(compileModel(model(), options, package()).status());
    api::SessionOptions sessionOptions;
    sessionOptions.threads = options.devices.devices[0].threads;
    sessionOptions.pin = false;
    MLC_ASSIGN_OR_RETURN(auto session, api::Session::openThreads(package(), sessionOptions));
    say("compile", okStatus());
    for (int i = 0; i < sets_; ++i) {
      const Status status = [&]() -> Status {
        MLC_ASSIGN_OR_RETURN(const Tensors inputs, readInputs(set(i)));
        MLC_ASSIGN_OR_RETURN(const Tensors outputs, session->run(inputs));
        return writeOutputs(set(i), "compiled", outputs);
      }();
      say("run " + std::to_string(i), status);
      if (status.ok()) runs_.push_back(i);
    }
    return okStatus();
  }

  // Of the sets that could be run.
  void evaluateAll() {
    mlir::MLIRContext context;
    std::string errors;
    mlir::ScopedDiagnosticHandler handler(&context, [&](mlir::Diagnostic& diagnostic) {
      errors += diagnostic.str() + " ";
      return mlir::success();
    });
    const StatusOr<ImportedModel> imported = importOnnx(context, model());
    // The compiler says so too.
    if (!imported.ok()) return;
    graph::EvaluationContext evaluation;
    evaluation.weights = &imported->weights;
    auto main = imported->module.get().lookupSymbol<mlir::func::FuncOp>("main");
    for (int i : runs_) {
      say("evaluate " + std::to_string(i), [&]() -> Status {
        MLC_ASSIGN_OR_RETURN(const Tensors inputs, readInputs(set(i)));
        errors.clear();
        auto outputs = graph::evaluateFunction(main, inputs, evaluation);
        if (mlir::failed(outputs)) return Status(StatusCode::kInvalid, errors);
        return writeOutputs(set(i), "evaluated", Tensors(outputs->begin(), outputs->end()));
      }());
    }
  }

  const fs::path path_;
  const std::string mesh_;
  int sets_ = 0;
  std::vector<int> runs_;  // the sets that could be run
};

}  // namespace
}  // namespace mlc::fuzz

int main() {
  for (std::string folder, mesh; std::cin >> folder >> mesh;) {
    mlc::fuzz::Folder(folder, mesh).run();
  }
  return 0;
}
