#include "tests/equivalence/run_package.h"

#include <map>

#include "compiler/package/write_package.h"
#include "compiler/target/compile_program.h"
#include "compiler/target/target_of_device.h"
#include "runtime/abi/abi.h"
#include "runtime/api/session.h"

namespace mlc::equivalence {
namespace {

class PackageWriter {
 public:
  PackageWriter(const partition::RankPrograms& programs, const partition::Plan& plan,
                const partition::DeviceModel& devices)
      : programs_(programs), plan_(plan), devices_(devices) {}

  StatusOr<package::PackageContents> run() {
    package::Manifest& manifest = contents_.manifest;
    manifest.abi_version = MLC_ABI_VERSION;
    manifest.producer = "tests/equivalence";
    manifest.model = "random";
    manifest.inputs = programs_.inputs;
    manifest.outputs = programs_.outputs;
    manifest.dp = plan_.dp;
    manifest.pp = plan_.pp;
    manifest.tp = plan_.tp;
    manifest.dp_shares = plan_.dpShares;
    manifest.microbatches = plan_.microbatches;
    contents_.planJson = partition::printPlan(plan_);
    for (size_t rank = 0; rank < programs_.programOfRank.size(); ++rank) {
      MLC_ASSIGN_OR_RETURN(const int program, programOf(rank));
      manifest.ranks.push_back({program, devices_.openName(plan_.devices[rank])});
    }
    return std::move(contents_);
  }

 private:
  StatusOr<int> programOf(size_t rank) {
    const int index = programs_.programOfRank[rank];
    if (index < 0) return -1;
    const partition::Device& device = devices_.devices[static_cast<size_t>(plan_.devices[rank])];
    MLC_ASSIGN_OR_RETURN(const auto target, target::targetOfDevice(device, cpu::CpuTarget::host()));
    auto [known, isNew] =
        compiled_.try_emplace({index, target->name()}, static_cast<int>(contents_.programs.size()));
    if (isNew)
      MLC_RETURN_IF_ERROR(compile(programs_.programs[static_cast<size_t>(index)], *target));
    return known->second;
  }

  Status compile(const partition::RankProgram& source, const target::ProgramTarget& target) {
    mlir::OwningOpRef<mlir::ModuleOp> module =
        mlir::cast<mlir::ModuleOp>(source.module.get()->clone());
    MLC_ASSIGN_OR_RETURN(target::CompiledProgram compiled,
                         target::compileProgram(*module, {source.inputs, source.outputs}, target,
                                                {}, [](auto&&...) {}, {}));
    contents_.manifest.programs.push_back(std::move(compiled.description));
    contents_.programs.push_back(std::move(compiled.files));
    return okStatus();
  }

  const partition::RankPrograms& programs_;
  const partition::Plan& plan_;
  const partition::DeviceModel& devices_;
  package::PackageContents contents_;
  std::map<std::pair<int, std::string>, int> compiled_;  // by program and target
};

}  // namespace

Status writeRandomPackage(const partition::RankPrograms& programs, const partition::Plan& plan,
                          const partition::DeviceModel& devices, const graph::WeightTable& weights,
                          const std::string& path) {
  MLC_ASSIGN_OR_RETURN(package::PackageContents contents,
                       PackageWriter(programs, plan, devices).run());
  return package::writePackage(std::move(contents), weights, {}, path);
}

StatusOr<std::vector<std::vector<HostTensor>>> runPackage(
    const std::string& path, const std::vector<std::vector<HostTensor>>& inputs, int threads) {
  MLC_ASSIGN_OR_RETURN(auto session,
                       api::Session::openThreads(path, {.threads = threads, .pin = false}));
  std::vector<std::vector<HostTensor>> results;
  for (const std::vector<HostTensor>& run : inputs) {
    MLC_ASSIGN_OR_RETURN(std::vector<HostTensor> outputs, session->run(run));
    results.push_back(std::move(outputs));
  }
  return results;
}

}  // namespace mlc::equivalence
