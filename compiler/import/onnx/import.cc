#include "compiler/import/onnx/import.h"

#include "compiler/diagnostics.h"
#include "compiler/dialect/graph/graph_dialect.h"
#include "compiler/import/onnx/file_reader.h"
#include "compiler/import/onnx/graph_importer.h"
#include "compiler/import/onnx/import_error.h"
#include "compiler/import/onnx/model_check.h"
#include "compiler/import/onnx/op_table.h"
#include "compiler/import/shape/symbols.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Verifier.h"

namespace mlc {
namespace {

using namespace onnx_import;

Status verifyModule(mlir::ModuleOp module) {
  DiagnosticCollector diagnostics(module.getContext());
  if (mlir::succeeded(mlir::verify(module))) return okStatus();
  return diagnostics.status(StatusCode::kInvalid, "the imported module does not hold together");
}

// One import with what is known of the symbols; none if it learned that dims are equal, and must be
// repeated.
StatusOr<std::optional<ImportedModel>> tryImport(const ModelFile& file, const OpTable& ops,
                                                 mlir::MLIRContext& context,
                                                 sizes::Symbols& symbols) {
  try {
    symbols.beginImport();
    ImportedModel result;
    result.module = GraphImporter(file, ops, &context, symbols, result.weights).run();
    return std::optional<ImportedModel>(std::move(result));
  } catch (const Restart&) {
    return std::optional<ImportedModel>();
  } catch (const ImportError& error) {
    return error.status;
  }
}

}  // namespace

StatusOr<ImportedModel> importOnnx(mlir::MLIRContext& context, const std::string& path,
                                   const ImportOptions& options) {
  context.loadDialect<graph::GraphDialect, mlir::func::FuncDialect>();
  for (const auto& [name, size] : options.dims) {
    if (size < 0) return usageError("dim '" + name + "' cannot be " + std::to_string(size));
  }
  MLC_ASSIGN_OR_RETURN(std::unique_ptr<ModelFile> file, readModelFile(path));
  const OpTable ops;
  if (Status status = checkModel(file->model, ops); !status.ok()) return status.withContext(path);
  sizes::Symbols symbols(options.dims);
  while (true) {
    StatusOr<std::optional<ImportedModel>> result = tryImport(*file, ops, context, symbols);
    if (!result.ok()) return result.status().withContext(path);
    // Ends: each repetition has a symbol less, or replaces one more expression.
    if (!result->has_value()) continue;
    if (const std::vector<std::string> unused = symbols.unusedBindings(); !unused.empty()) {
      return usageError(path + " has no dim named '" + unused.front() + "'");
    }
    ImportedModel model = std::move(**result);
    if (Status status = verifyModule(*model.module); !status.ok()) return status.withContext(path);
    model.constraints = symbols.constraints();
    return model;
  }
}

std::vector<SupportedOp> supportedOnnxOps() {
  std::vector<SupportedOp> rows;
  const OpTable ops;
  for (const OpEntry& op : ops.entries()) {
    rows.push_back({op.domain, op.name, op.firstOpset, op.lastOpset, op.attributes});
  }
  return rows;
}

}  // namespace mlc
