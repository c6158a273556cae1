#include "runtime/package/loader.h"

#include "runtime/base/cpu_features.h"
#include "runtime/package/program_interface.h"

namespace mlc::package {
namespace {

Status checkCpu(const Program& program) {
  if (program.cpu != kCpuArchitecture) {
    return invalidError("this package was compiled for " + program.cpu + ", this CPU is " +
                        std::string(kCpuArchitecture) + ": recompile with --target host");
  }
  std::string lacking;
  for (const std::string& feature : program.cpu_features) {
    if (!cpuHasFeature(feature)) lacking += (lacking.empty() ? "" : ", ") + feature;
  }
  if (lacking.empty()) return okStatus();
  return invalidError("this package was compiled for " + lacking +
                      ", which this CPU lacks: recompile with --target host");
}

Status findEntryPoints(const std::string& path, int tpRank, LoadedProgram& loaded) {
  const auto* version = static_cast<const int32_t*>(loaded.object->find("mlc_program_abi_version"));
  loaded.arenaBytes =
      reinterpret_cast<MlcProgramArenaBytes>(loaded.object->find("mlc_program_arena_bytes"));
  loaded.run = reinterpret_cast<MlcProgramRun>(loaded.object->find("mlc_program_run"));
  const auto* interface = static_cast<const char*>(loaded.object->find("mlc_program_interface"));
  if (!version || !interface || !loaded.arenaBytes || !loaded.run) {
    return invalidError(path + " is not a compiled program: it lacks an entry point");
  }
  if (*version != MLC_ABI_VERSION) {
    return invalidError(path + " has ABI version " + std::to_string(*version) +
                        ", this runtime has version " + std::to_string(MLC_ABI_VERSION) +
                        ": compile the model again");
  }
  if (interface != interfaceOf(*loaded.program, loaded.package->manifest(), tpRank)) {
    return invalidError(path +
                        " was compiled for other symbols, inputs, outputs, weights or states than "
                        "manifest.json lists for its program");
  }
  return okStatus();
}

}  // namespace

StatusOr<LoadedProgram> loadProgram(std::shared_ptr<const Package> package, int rank,
                                    std::shared_ptr<WeightStore> store) {
  LoadedProgram loaded;
  loaded.package = std::move(package);
  loaded.store = std::move(store);
  const Manifest& manifest = loaded.package->manifest();
  const int index = manifest.ranks[static_cast<size_t>(rank)].program;
  if (index < 0) return loaded;
  const Program& program = manifest.programs[static_cast<size_t>(index)];
  loaded.program = &program;
  MLC_RETURN_IF_ERROR(checkCpu(program));
  const std::string path = loaded.package->pathOf(program.object);
  MLC_ASSIGN_OR_RETURN(loaded.object, SharedObject::load(path));
  MLC_RETURN_IF_ERROR(findEntryPoints(path, rank % manifest.tp, loaded));
  for (const WeightSlot& slot : program.weights) {
    MLC_ASSIGN_OR_RETURN(const Weight weight, loaded.store->make(slot, rank % manifest.tp));
    loaded.weights.push_back(weight);
  }
  return loaded;
}

}  // namespace mlc::package
