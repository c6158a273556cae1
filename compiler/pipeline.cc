#include "compiler/pipeline.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <set>

#include "compiler/diagnostics.h"
#include "compiler/dialect/graph/computed_symbols.h"
#include "compiler/dialect/graph/graph_dialect.h"
#include "compiler/dialect/graph/shape.h"
#include "compiler/dialect/mlc/mlc_dialect.h"
#include "compiler/dialect/register.h"
#include "compiler/import/onnx/import.h"
#include "compiler/package/write_package.h"
#include "compiler/partition/apply_plan.h"
#include "compiler/partition/build_block_graph.h"
#include "compiler/target/compile_program.h"
#include "compiler/target/target_of_device.h"
#include "compiler/transforms/optimize.h"
#include "llvm/Support/raw_ostream.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Pass/PassManager.h"
#include "partitioner/cost/cost.h"
#include "partitioner/search/alternatives.h"
#include "partitioner/search/search.h"
#include "runtime/abi/abi.h"
#include "runtime/base/version.h"

namespace mlc {
namespace {

using Clock = std::chrono::steady_clock;

std::vector<package::StateSpec> statesOf(mlir::ModuleOp module) {
  std::vector<package::StateSpec> states;
  module.walk([&](graph::StateOp op) {
    package::StateSpec state;
    state.spec = {op.getName().str(), graph::dtypeOf(op.getType()), {}};
    for (const DimExpr& dim : graph::shapeOf(op.getResult())) state.spec.dims.push_back(dim.str());
    state.next = graph::exprsOf(op.getNext())[0].str();
    states.push_back(std::move(state));
  });
  return states;
}

// One model on its way through the stages.
class Compilation {
 public:
  Compilation(std::string modelPath, const CompileOptions& options)
      : modelPath_(std::move(modelPath)), options_(options), context_(registry()) {
    context_.loadAllAvailableDialects();
  }

  StatusOr<CompileReport> run(const std::string& packagePath) {
    MLC_RETURN_IF_ERROR(timed("import", [&] { return importModel(); }));
    MLC_RETURN_IF_ERROR(timed("optimize", [&] { return optimizeModel(); }));
    MLC_RETURN_IF_ERROR(timed("plan", [&] { return planModel(); }));
    MLC_RETURN_IF_ERROR(timed("partition", [&] { return partitionModel(); }));
    MLC_RETURN_IF_ERROR(timed("codegen", [&] { return compilePrograms(); }));
    MLC_RETURN_IF_ERROR(timed("package", [&] {
      return package::writePackage(std::move(package_), model_.weights,
                                   {.packWeights = options_.packWeights}, packagePath);
    }));
    return std::move(report_);
  }

 private:
  static const mlir::DialectRegistry& registry() {
    static const mlir::DialectRegistry* made = [] {
      auto* registry = new mlir::DialectRegistry;
      registerDialects(*registry);
      target::registerLoweringDialects(*registry);
      return registry;
    }();
    return *made;
  }

  template <typename Stage>
  Status timed(const std::string& name, Stage stage) {
    if (options_.progress) options_.progress(name, 0, 0);
    const auto begin = Clock::now();
    Status status = stage();
    report_.seconds.emplace_back(name, std::chrono::duration<double>(Clock::now() - begin).count());
    return status;
  }

  // Those of earlier programs count too; how many later ones have nobody knows.
  Progress kernelProgress() const {
    if (!options_.progress) return {};
    return [this, before = report_.kernels.size()](size_t done, size_t total) {
      options_.progress("codegen", before + done, before + total);
    };
  }

  void dump(const std::string& stage, const std::string& name, mlir::ModuleOp module) {
    if (!options_.wantsDump || !options_.wantsDump(stage)) return;
    std::string text;
    llvm::raw_string_ostream stream(text);
    module->print(stream);
    options_.dump(name, text);
  }

  Status importModel() {
    ImportOptions options;
    options.dims = options_.dims;
    MLC_ASSIGN_OR_RETURN(model_, importOnnx(context_, modelPath_, options));
    dump("import", "import.mlir", *model_.module);
    return okStatus();
  }

  Status optimizeModel() {
    DiagnosticCollector diagnostics(&context_);
    mlir::PassManager passes(&context_);
    transforms::addOptimizePasses(passes, &model_.weights, options_.keepStates);
    if (mlir::failed(passes.run(*model_.module))) {
      return diagnostics.status(StatusCode::kInvalid, "cannot optimize the model");
    }
    dump("optimize", "optimize.mlir", *model_.module);
    package_.manifest.states = statesOf(*model_.module);
    if (options_.keepStates && package_.manifest.states.empty()) {
      return usageError(
          "states are to be kept, but the model has none: no output is one of the inputs with rows "
          "added behind it (one whose other dims only it tells does not count, and where no other "
          "output would be left, none does)");
    }
    return okStatus();
  }

  Status planModel() {
    graph_ = partition::buildBlockGraph(*model_.module, nominalSizes());
    if (options_.planJson.empty()) {
      MLC_ASSIGN_OR_RETURN(report_.plan,
                           partition::search(graph_.graph, options_.devices, options_.search));
      report_.plan.alternatives =
          partition::findAlternatives(graph_.graph, options_.devices, options_.search.maxRanks);
    } else {
      MLC_ASSIGN_OR_RETURN(report_.plan, partition::parsePlan(options_.planJson));
      MLC_RETURN_IF_ERROR(checkDevices(report_.plan));
    }
    package_.planJson = partition::printPlan(report_.plan);
    if (options_.wantsDump && options_.wantsDump("plan"))
      options_.dump("plan.json", package_.planJson);
    return okStatus();
  }

  Status checkDevices(const partition::Plan& plan) const {
    const size_t known = options_.devices.devices.size();
    for (int device : plan.devices) {
      if (static_cast<size_t>(device) < known) continue;
      return invalidError("plan: devices has " + std::to_string(device) + ", but there are " +
                          std::to_string(known) +
                          " devices: give those that the plan was made for (--devices)");
    }
    return okStatus();
  }

  // Of the symbols, by the shapes that are expected.
  partition::NominalSizes nominalSizes() {
    partition::NominalSizes sizes;
    auto main = model_.module->lookupSymbol<mlir::func::FuncOp>("main");
    for (mlir::BlockArgument input : main.getArguments()) {
      const llvm::StringRef name = attr::argumentName(main, input.getArgNumber());
      const auto shape = options_.expectedShapes.find(name.str());
      if (shape == options_.expectedShapes.end()) continue;
      const graph::Shape dims = graph::shapeOf(input);
      for (size_t i = 0; i < std::min(dims.size(), shape->second.size()); ++i) {
        if (!dims[i].isConstant()) sizes.try_emplace(dims[i].str(), shape->second[i]);
      }
    }
    return sizes;
  }

  Status partitionModel() {
    DiagnosticCollector diagnostics(&context_);
    StatusOr<partition::RankPrograms> programs =
        partition::applyPlan(*model_.module, graph_, report_.plan);
    if (!programs.ok()) {
      return diagnostics.status(programs.status().code(), programs.status().message());
    }
    programs_ = *std::move(programs);
    for (size_t i = 0; i < programs_.programs.size(); ++i) {
      dump("partition", "partition_" + std::to_string(i) + ".mlir", *programs_.programs[i].module);
    }
    return okStatus();
  }

  Status compilePrograms() {
    package::Manifest& manifest = package_.manifest;
    manifest.abi_version = MLC_ABI_VERSION;
    manifest.producer = std::string("mlc ") + kVersion;
    manifest.model = std::filesystem::path(modelPath_).filename().string();
    manifest.inputs = programs_.inputs;
    manifest.outputs = programs_.outputs;
    manifest.constraints = model_.constraints;
    const std::set<std::string> computed = graph::computedSymbols(*model_.module);
    manifest.computed_symbols.assign(computed.begin(), computed.end());
    const partition::Plan& plan = report_.plan;
    manifest.dp = plan.dp;
    manifest.pp = plan.pp;
    manifest.tp = plan.tp;
    manifest.dp_shares = plan.dpShares;
    manifest.microbatches = plan.microbatches;
    manifest.predicted_ms = plan.predictedSeconds * 1e3;
    for (size_t rank = 0; rank < programs_.programOfRank.size(); ++rank) {
      MLC_ASSIGN_OR_RETURN(const int program, programOf(rank));
      manifest.ranks.push_back({program, options_.devices.openName(plan.devices[rank])});
    }
    return okStatus();
  }

  const partition::Device& deviceOf(size_t rank) const {
    return options_.devices.devices[static_cast<size_t>(report_.plan.devices[rank])];
  }

  StatusOr<std::unique_ptr<target::ProgramTarget>> targetOf(size_t rank) const {
    const partition::Device& device = deviceOf(rank);
    const bool isOwn = options_.cpuTarget == "host" && !device.cpu.empty();
    MLC_ASSIGN_OR_RETURN(const cpu::CpuTarget cpu,
                         cpu::CpuTarget::named(isOwn ? device.cpu : options_.cpuTarget));
    return target::targetOfDevice(device, cpu);
  }

  // The rank's program in the manifest: compiled once for all ranks that have the same one and the
  // same target. -1: none.
  StatusOr<int> programOf(size_t rank) {
    const int source = programs_.programOfRank[rank];
    if (source < 0) return -1;
    MLC_ASSIGN_OR_RETURN(const auto target, targetOf(rank));
    auto [known, isNew] =
        compiled_.try_emplace({source, target->name()}, static_cast<int>(package_.programs.size()));
    if (!isNew) return known->second;
    const int index = known->second;
    partition::RankProgram& rankProgram = programs_.programs[static_cast<size_t>(source)];
    mlir::OwningOpRef<mlir::ModuleOp> module = rankProgram.module->clone();
    MLC_ASSIGN_OR_RETURN(
        target::CompiledProgram compiled,
        target::compileProgram(
            *module, {rankProgram.inputs, rankProgram.outputs}, *target, graph_.sizes,
            [&](const std::string& stage, mlir::ModuleOp at) {
              dump(stage, stage + "_" + std::to_string(index) + ".mlir", at);
            },
            kernelProgress()));
    for (package::ProgramState& state : compiled.description.states)
      state.index = stateOfName(state.spec.name);
    const partition::Device& device = deviceOf(rank);
    for (target::KernelReport& kernel : compiled.kernels) {
      partition::Op work;
      work.kind = kernel.kind;
      work.operations = kernel.operations;
      work.bytes = kernel.bytes;
      const double seconds = partition::opSeconds(work, device, 1, 1);
      report_.kernels.push_back({index, std::move(kernel.kernel), std::move(kernel.lowering),
                                 std::move(kernel.reason), kernel.calls, kernel.operations,
                                 kernel.bytes, seconds});
    }
    package_.manifest.programs.push_back(std::move(compiled.description));
    package_.programs.push_back(std::move(compiled.files));
    return index;
  }

  int stateOfName(const std::string& name) const {
    const std::vector<package::StateSpec>& states = package_.manifest.states;
    const auto found = std::find_if(states.begin(), states.end(),
                                    [&](const auto& state) { return state.spec.name == name; });
    return static_cast<int>(found - states.begin());
  }

  std::string modelPath_;
  const CompileOptions& options_;
  mlir::MLIRContext context_;
  ImportedModel model_;
  partition::ModelGraph graph_;
  partition::RankPrograms programs_;
  package::PackageContents package_;
  std::map<std::pair<int, std::string>, int> compiled_;  // by program of programs_ and target
  CompileReport report_;
};

}  // namespace

StatusOr<CompileReport> compileModel(const std::string& modelPath, const CompileOptions& options,
                                     const std::string& packagePath) {
  return Compilation(modelPath, options).run(packagePath);
}

}  // namespace mlc
