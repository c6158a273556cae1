#include "tools/run/job.h"

#include <filesystem>
#include <iostream>
#include <thread>

#include "collectives/transport/mpi/load_mpi.h"
#include "collectives/transport/thread/thread_communicator.h"
#include "partitioner/plan/plan.h"
#include "tools/job/cache_folder.h"
#include "tools/job/devices.h"
#include "tools/run/rank_job.h"

namespace mlc::tools {
namespace {

// How many ranks the options ask for, where nobody has started any.
StatusOr<int> ranksOf(const PackageOptions& options) {
  if (std::filesystem::is_directory(options.model)) {
    MLC_ASSIGN_OR_RETURN(const auto package, package::Package::open(options.model));
    return static_cast<int>(package->manifest().ranks.size());
  }
  if (!options.planFile.empty()) {
    MLC_ASSIGN_OR_RETURN(const std::string text, readTextFile(options.planFile));
    StatusOr<partition::Plan> plan = partition::parsePlan(text);
    if (!plan.ok()) return plan.status().withContext(options.planFile);
    return plan->ranks();
  }
  MLC_ASSIGN_OR_RETURN(const Mesh mesh, parseMesh(options.mesh));
  if (!options.devicesFile.empty()) {
    MLC_ASSIGN_OR_RETURN(const partition::DeviceModel devices, readDevices(options.devicesFile));
    return static_cast<int>(devices.devices.size());
  }
  return mesh.ranks();
}

// Messages to standard error, results to standard output, by rank 0.
int finish(const RunOptions& options, int rank, const StatusOr<RunReport>& result) {
  if (rank != 0) {
    if (result.ok()) return 0;
    if (result.status().code() == StatusCode::kDeviceFailed) {
      std::cerr << "mlc-run: rank " << rank << ": " << result.status().message() << std::endl;
    }
    return static_cast<int>(result.status().code());
  }
  Status status = result.status();
  if (result.ok()) {
    if (options.jsonFile == "-") {
      std::cout << reportJson(*result);
    } else {
      std::cout << reportText(*result);
      if (!options.jsonFile.empty()) status = writeTextFile(options.jsonFile, reportJson(*result));
    }
    std::cout.flush();
    for (const auto& comparison : {result->verification, result->expectation}) {
      if (status.ok() && comparison && !comparison->ok)
        status = Status(StatusCode::kWrongResult, comparison->first);
    }
  }
  if (!status.ok()) std::cerr << "mlc-run: " << status.message() << std::endl;
  return static_cast<int>(status.code());
}

int runMpiJob(const RunOptions& options) {
  StatusOr<std::unique_ptr<collectives::Communicator>> world = collectives::createMpiCommunicator();
  if (!world.ok()) {
    std::cerr << "mlc-run: " << world.status().message() << std::endl;
    return static_cast<int>(world.status().code());
  }
  OpenPackage open;
  const StatusOr<RunReport> result = runRank(**world, options, open);
  const int code = finish(options, (*world)->rank(), result);
  // Errors are every rank's, so that all end alike, after rank 0 has said why. But for a device,
  // rank or link that failed: others may wait for this rank still.
  if (code == static_cast<int>(StatusCode::kDeviceFailed)) collectives::abortMpiJob(code);
  return code;
}

int runThreadJob(const RunOptions& options) {
  const StatusOr<int> ranks = ranksOf(options.package);
  if (!ranks.ok()) return finish(options, 0, ranks.status());
  std::vector<std::unique_ptr<collectives::Communicator>> worlds =
      collectives::createThreadGroup(*ranks);
  OpenPackage open;
  std::vector<std::thread> others;
  for (int rank = 1; rank < *ranks; ++rank) {
    others.emplace_back([&options, &open, &world = worlds[static_cast<size_t>(rank)]] {
      (void)runRank(*world, options, open);
      // Whoever still waits for this rank learns that it has left.
      world.reset();
    });
  }
  const StatusOr<RunReport> result = runRank(*worlds[0], options, open);
  worlds[0].reset();
  for (std::thread& rank : others) rank.join();
  return finish(options, 0, result);
}

}  // namespace

int runJob(const RunOptions& options) {
  return collectives::startedByMpirun() ? runMpiJob(options) : runThreadJob(options);
}

}  // namespace mlc::tools
