#include "tools/run/job.h"

#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <string_view>
#include <system_error>
#include <thread>

#include "collectives/transport/mpi/load_mpi.h"
#include "collectives/transport/thread/thread_communicator.h"
#include "runtime/base/file_kind.h"
#include "runtime/executor/agreement.h"
#include "tools/job/devices.h"
#include "tools/job/plan_file.h"
#include "tools/job/progress_line.h"
#include "tools/job/report_output.h"
#include "tools/run/device_list.h"
#include "tools/run/rank_job.h"
#include "tools/run/stop_signals.h"

namespace mlc::tools {
namespace {

// How many ranks the options ask for, where nobody has started any.
StatusOr<int> ranksOf(const PackageOptions& options) {
  // There is none where devices are listed.
  if (!options.model.empty()) {
    MLC_ASSIGN_OR_RETURN(const FileKind kind, fileKind(options.model));
    if (kind == FileKind::kFolder) {
      MLC_ASSIGN_OR_RETURN(const auto package, package::Package::open(options.model));
      return static_cast<int>(package->manifest().ranks.size());
    }
  }
  if (!options.planFile.empty()) return ranksOfPlan(options.planFile);
  MLC_ASSIGN_OR_RETURN(const Mesh mesh, parseMesh(options.mesh));
  if (!options.devicesFile.empty()) {
    MLC_ASSIGN_OR_RETURN(const partition::DeviceModel devices, readDevices(options.devicesFile));
    return static_cast<int>(devices.devices.size());
  }
  return mesh.ranks();
}

// Messages to standard error, results to standard output, by rank 0.
int finish(const RunOptions& options, int rank, const StatusOr<RunReport>& result) {
  if (rank != 0) return static_cast<int>(result.status().code());
  Status status = result.status();
  if (result.ok() && options.listsDevices) {
    status = printDevices(options, result->devices);
  } else if (result.ok() && !result->hasRun) {
    std::cerr << "mlc-run: " << signalName(result->stopSignal) << " came before the first run"
              << std::endl;
  } else if (result.ok()) {
    status = writeReport(reportText(*result), reportJson(*result), options.jsonFile, "the report");
    for (const auto& comparison : {result->verification, result->expectation}) {
      if (status.ok() && comparison && !comparison->ok)
        status = Status(StatusCode::kWrongResult, comparison->first);
    }
  }
  if (!status.ok()) std::cerr << "mlc-run: " << status.message() << std::endl;
  return static_cast<int>(status.code());
}

// For every failure, on every rank, so that it is reported once and all end alike: called beside
// the rank's own thread, wherever that is.
void endMpiJob(const collectives::JobFailure& failure) {
  const int code = static_cast<int>(failure.cause.code());
  if (!failure.reports) ::_exit(code);
  clearProgressLine();
  // At once: the process may be ended meanwhile.
  std::cerr << "mlc-run: " + failure.cause.message() + "\n" << std::flush;
  collectives::abortMpiJob(code, failure.hostIsUnreachable);
}

int runMpiJob(const RunOptions& options) {
  collectives::MpiOptions mpi;
  mpi.stallSeconds = options.stallSeconds;
  mpi.onFailure = endMpiJob;
  StatusOr<std::unique_ptr<collectives::Communicator>> world =
      collectives::createMpiCommunicator(mpi);
  if (!world.ok()) {
    std::cerr << "mlc-run: " << world.status().message() << std::endl;
    return static_cast<int>(world.status().code());
  }
  OpenPackage open;
  const StatusOr<RunReport> result =
      executor::asRank(**world, [&] { return runRank(**world, options, open); });
  if (!result.ok()) {
    // Whether or not the others know of it: endMpiJob, once, on every rank.
    (*world)->abort(result.status());
    while (true) ::pause();
  }
  return finish(options, (*world)->rank(), result);
}

int runThreadJob(const RunOptions& options) {
  const StatusOr<int> ranks = ranksOf(options.package);
  if (!ranks.ok()) return finish(options, 0, ranks.status());
  if (Status status = checkThreadRanks(*ranks, options.threads); !status.ok())
    return finish(options, 0, status);
  std::vector<std::unique_ptr<collectives::Communicator>> worlds =
      collectives::createThreadGroup(*ranks);
  OpenPackage open;
  const auto runOn = [&](collectives::Communicator& world) {
    StatusOr<RunReport> result =
        executor::asRank(world, [&] { return runRank(world, options, open); });
    // Whoever does not know of the error still waits for this rank.
    if (!result.ok()) world.abort(result.status());
    return result;
  };
  std::vector<std::thread> others;
  for (int rank = 1; rank < *ranks; ++rank) {
    try {
      others.emplace_back(
          [&runOn, &world = *worlds[static_cast<size_t>(rank)]] { (void)runOn(world); });
    } catch (const std::system_error& error) {
      worlds[0]->abort(deviceError("cannot start a thread for rank " + std::to_string(rank) + ": " +
                                   error.what()));
      break;
    }
  }
  const StatusOr<RunReport> result = runOn(*worlds[0]);
  for (std::thread& rank : others) rank.join();
  return finish(options, 0, result);
}

}  // namespace

int runJob(const RunOptions& options) {
  return collectives::startedByMpirun() ? runMpiJob(options) : runThreadJob(options);
}

bool isFirstOfJob() {
  for (const char* variable : {"OMPI_COMM_WORLD_RANK", "PMIX_RANK"}) {
    if (const char* rank = std::getenv(variable)) return std::string_view(rank) == "0";
  }
  return true;
}

}  // namespace mlc::tools
