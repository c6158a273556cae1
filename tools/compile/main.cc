// mlc-compile: a model into a package folder, without running it.
#include <csignal>
#include <iostream>
#include <thread>

#include "collectives/transport/thread/thread_communicator.h"
#include "runtime/package/package.h"
#include "runtime/package/staging_folder.h"
#include "tools/compile/compile_report.h"
#include "tools/job/devices.h"
#include "tools/job/package_cache.h"
#include "tools/job/plan_file.h"
#include "tools/job/report_output.h"
#include "tools/options/command_line.h"

namespace mlc::tools {
namespace {

// As many equal devices as there are ranks, of this machine.
StatusOr<partition::DeviceModel> devicesOfHost(int ranks) {
  std::vector<std::unique_ptr<collectives::Communicator>> worlds =
      collectives::createThreadGroup(ranks);
  std::vector<std::thread> others;
  for (int rank = 1; rank < ranks; ++rank) {
    others.emplace_back(
        [&world = *worlds[static_cast<size_t>(rank)]] { (void)measureDevices(world, 0); });
  }
  StatusOr<partition::DeviceModel> devices = measureDevices(*worlds[0], 0);
  for (std::thread& thread : others) thread.join();
  return devices;
}

StatusOr<int> ranksOf(const CompileToolOptions& options, const Mesh& mesh) {
  if (options.ranks) return options.ranks;
  return options.package.planFile.empty() ? mesh.ranks() : ranksOfPlan(options.package.planFile);
}

Status compile(const CompileToolOptions& options) {
  const StatusOr<Mesh> mesh = parseMesh(options.package.mesh);
  MLC_RETURN_IF_ERROR(mesh.status());
  // Before it takes time.
  MLC_RETURN_IF_ERROR(package::checkReplaceable(options.output));
  ProgressLine progress("mlc-compile");
  partition::DeviceModel devices;
  if (!options.package.devicesFile.empty()) {
    MLC_ASSIGN_OR_RETURN(devices, readDevices(options.package.devicesFile));
    if (static_cast<size_t>(options.ranks) > devices.devices.size()) {
      return usageError("--ranks " + std::to_string(options.ranks) + ": " +
                        options.package.devicesFile + " describes " +
                        std::to_string(devices.devices.size()) + " devices");
    }
  } else {
    MLC_ASSIGN_OR_RETURN(const int ranks, ranksOf(options, *mesh));
    MLC_RETURN_IF_ERROR(checkThreadRanks(ranks, 0));
    progress.show("measuring the devices");
    MLC_ASSIGN_OR_RETURN(devices, devicesOfHost(ranks));
  }
  partition::SearchOptions search;
  search.dp = mesh->dp;
  search.pp = mesh->pp;
  search.tp = mesh->tp;
  search.maxRanks = options.ranks;
  search.microbatches = options.package.microbatches;
  search.keepDeviceOrder = true;

  MLC_ASSIGN_OR_RETURN(const CachedPackage cached,
                       findOrCompile(options.package, {.devices = devices,
                                                       .search = search,
                                                       .expectedShapes = {},
                                                       .packWeights = true,
                                                       .wantsReport = options.explains,
                                                       .progress = &progress}));
  progress.show("copying the package");
  MLC_RETURN_IF_ERROR(
      package::copyPackage(cached.package->path(), options.output, options.signingKey));
  MLC_ASSIGN_OR_RETURN(const auto package, package::Package::open(options.output));
  progress.end();
  MLC_ASSIGN_OR_RETURN(const CompileSummary summary, summarize(*package, cached));
  return writeReport(summaryText(summary, options.explains), summaryJson(summary, options.explains),
                     options.jsonFile, "the summary");
}

}  // namespace
}  // namespace mlc::tools

int main(int argc, char** argv) {
  using namespace mlc::tools;
  // A file that grows beyond the process's limit, or a pipe that nobody reads, is an error like a
  // full disk, and no reason to die.
  std::signal(SIGXFSZ, SIG_IGN);
  std::signal(SIGPIPE, SIG_IGN);
  CompileToolOptions options;
  CLI::App app("Compiles a model into a package that mlc-run runs.", "mlc-compile");
  addCompileOptions(app, options);
  if (const std::optional<int> exitCode = parseCommandLine(app, argc, argv)) return *exitCode;
  const mlc::Status status = compile(options);
  if (!status.ok()) std::cerr << "mlc-compile: " << status.message() << std::endl;
  return static_cast<int>(status.code());
}
