#include "tests/equivalence/run_package.h"

#include <filesystem>

#include "compiler/package/write_package.h"
#include "compiler/target/compile_program.h"
#include "runtime/abi/abi.h"
#include "runtime/api/session.h"

namespace mlc::equivalence {
namespace {

Status write(partition::RankPrograms& programs, const partition::Plan& plan, const graph::WeightTable& weights, const std::string& path) {
  package::PackageContents contents;
  package::Manifest& manifest = contents.manifest;
  manifest.abi_version = MLC_ABI_VERSION;
  manifest.producer = "tests/equivalence";
  manifest.model = "random";
  manifest.inputs = programs.inputs;
  manifest.outputs = programs.outputs;
  manifest.dp = plan.dp;
  manifest.pp = plan.pp;
  manifest.tp = plan.tp;
  manifest.dp_shares = plan.dpShares;
  manifest.microbatches = plan.microbatches;
  for (int program : programs.programOfRank) manifest.ranks.push_back({program, "cpu"});
  contents.planJson = partition::printPlan(plan);
  MLC_ASSIGN_OR_RETURN(const cpu::CpuTarget host, cpu::CpuTarget::named("host"));
  for (partition::RankProgram& source : programs.programs) {
    MLC_ASSIGN_OR_RETURN(target::CompiledProgram compiled, target::compileProgram(*source.module, {host, std::nullopt}, [](const std::string& n, mlir::ModuleOp m) { if (getenv("DUMP")) { llvm::errs() << "// " << n << "\n"; m->print(llvm::errs()); } }));
    package::Program program;
    program.target = "cpu";
    program.cpu_features = host.features();
    program.symbols = compiled.symbols;
    program.inputs = source.inputs;
    program.outputs = source.outputs;
    program.weights = compiled.weights;
    manifest.programs.push_back(std::move(program));
    contents.programs.push_back({std::move(compiled.object), "", ""});
  }
  return package::writePackage(std::move(contents), weights, {}, path);
}

StatusOr<std::vector<HostTensor>> runTwice(const std::string& path, const std::vector<HostTensor>& inputs, int threads) {
  MLC_ASSIGN_OR_RETURN(auto session, api::Session::openThreads(path, {.threads = threads, .pin = false}));
  MLC_RETURN_IF_ERROR(session->run(inputs).status());
  return session->run(inputs);
}

}  // namespace

StatusOr<std::vector<HostTensor>> runPackage(partition::RankPrograms& programs, const partition::Plan& plan, const graph::WeightTable& weights,
                                             const std::vector<HostTensor>& inputs, const std::string& path, int threads) {
  MLC_RETURN_IF_ERROR(write(programs, plan, weights, path));
  StatusOr<std::vector<HostTensor>> outputs = runTwice(path, inputs, threads);
  std::error_code ignored;
  std::filesystem::remove_all(path, ignored);
  return outputs;
}

}  // namespace mlc::equivalence
