// What libmlc_mpi.so exports; load_mpi.cc looks it up.
#include <mpi/mpi.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "collectives/algorithm/host_names.h"
#include "collectives/transport/mpi/launcher.h"
#include "collectives/transport/mpi/mpi_calls.h"
#include "collectives/transport/mpi/mpi_communicator.h"
#include "collectives/transport/mpi/mpi_options.h"
#include "collectives/transport/mpi/start_limit.h"
#include "runtime/base/uncaught.h"

namespace mlc::collectives {
namespace {

// Whether MPI found the job. srun without PMIx starts each rank as a job of its own.
Status checkLaunch() {
  int size = 0;
  MLC_MPI(MPI_Comm_size(MPI_COMM_WORLD, &size));
  const char* started = std::getenv("OMPI_COMM_WORLD_SIZE");
  if (started && std::atoi(started) != size) {
    return deviceError(std::string("mpirun started ") + started + " ranks, but MPI knows of " +
                       std::to_string(size));
  }
  const char* tasks = std::getenv("SLURM_NTASKS");
  if (!tasks || !std::getenv("SLURM_STEP_ID") || std::atoi(tasks) <= 1 || size > 1) {
    return okStatus();
  }
  return deviceError(std::string("srun started ") + tasks +
                     " jobs of one rank each instead of one job: use srun --mpi=pmix or mpirun");
}

// The hosts of all ranks; `name`: what this one is said to be called, or empty.
StatusOr<std::vector<Host>> gatherHosts(MPI_Comm world, const std::string& name) {
  struct Texts {
    char name[256], machine[64], network[64];
  };
  int size = 0;
  MLC_MPI(MPI_Comm_size(world, &size));
  Host host = thisHost();
  if (!name.empty()) host.name = host.network = name;
  Texts mine = {};
  host.name.copy(mine.name, sizeof mine.name - 1);
  host.machine.copy(mine.machine, sizeof mine.machine - 1);
  host.network.copy(mine.network, sizeof mine.network - 1);
  std::vector<Texts> all(static_cast<size_t>(size));
  MLC_MPI(MPI_Allgather(&mine, sizeof mine, MPI_CHAR, all.data(), sizeof mine, MPI_CHAR, world));
  std::vector<Host> hosts;
  for (const Texts& texts : all) hosts.push_back({texts.name, texts.machine, texts.network});
  return hosts;
}

// All ranks start theirs, or none does.
Status startHeartbeat(const std::shared_ptr<MpiJob>& job, const Ranks& ranks,
                      const MpiOptions& options) {
  HeartbeatOptions heartbeat;
  heartbeat.rank = ranks.rank();
  for (int rank = 0; rank < ranks.size(); ++rank) heartbeat.hosts.push_back(ranks.hostOf(rank));
  heartbeat.stallSeconds = options.stallSeconds;
  heartbeat.onFailure = [job = job.get(),
                         onFailure = options.onFailure](const JobFailure& failure) {
    job->cancellation.request(failure.cause);
    if (onFailure) onFailure(failure);
  };
  const auto tellAll = [&](std::string& text) -> Status {
    int bytes = static_cast<int>(text.size());
    MLC_MPI(MPI_Bcast(&bytes, 1, MPI_INT, 0, ranks.handle()));
    text.resize(static_cast<size_t>(bytes));
    MLC_MPI(MPI_Bcast(text.data(), bytes, MPI_CHAR, 0, ranks.handle()));
    return okStatus();
  };
  StatusOr<std::unique_ptr<Heartbeat>> connected = Heartbeat::create(heartbeat, tellAll);
  const int mine = connected.ok() ? 1 : 0;
  int all = 0;
  MLC_MPI(MPI_Allreduce(&mine, &all, 1, MPI_INT, MPI_MIN, ranks.handle()));
  MLC_RETURN_IF_ERROR(connected.status());
  if (!all) return deviceError("another rank could not start the heartbeat of the job");
  job->heartbeat = *std::move(connected);
  job->heartbeat->start();
  return okStatus();
}

// A rank that Open MPI does not find a job for would get a daemon of its own.
void startNoDaemon() { ::setenv("OMPI_MCA_ess_singleton_isolated", "1", /*overwrite=*/1); }

// On a signal like SIGSEGV Open MPI prints the stack, which takes memory: a rank that crashes where
// memory is allocated would hang instead of ending.
void endOnCrashes() { ::setenv("OMPI_MCA_opal_signal", "", /*overwrite=*/0); }

// Open MPI announces a message over TCP that is longer than this, and moves it when the receiver
// has answered. Most messages between stages are posted early: they can go at once. What the user
// has set stays.
void sendMessagesAtOnce() {
  for (const char* name : {"OMPI_MCA_btl_tcp_eager_limit", "OMPI_MCA_btl_tcp_rndv_eager_limit"})
    ::setenv(name, "1048576", /*overwrite=*/0);
}

StatusOr<std::unique_ptr<Communicator>> createWorld(const MpiOptions& options) {
  startNoDaemon();
  endOnCrashes();
  sendMessagesAtOnce();
  const StartLimit limit(options);
  int provided = 0;
  MLC_MPI(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_MULTIPLE, &provided));
  auto job = std::make_shared<MpiJob>();
  if (provided < MPI_THREAD_MULTIPLE) return deviceError("this MPI does not work with threads");
  MLC_RETURN_IF_ERROR(checkLaunch());
  MPI_Comm world;
  MLC_MPI(MPI_Comm_dup(MPI_COMM_WORLD, &world));
  int rank = 0;
  MLC_MPI(MPI_Comm_rank(world, &rank));
  MLC_ASSIGN_OR_RETURN(const std::vector<Host> hosts, gatherHosts(world, options.host));
  const auto own = static_cast<size_t>(rank);
  MLC_ASSIGN_OR_RETURN(std::unique_ptr<Ranks> ranks,
                       Ranks::create(world, distinctNames(hosts)[own]));
  MLC_RETURN_IF_ERROR(startHeartbeat(job, *ranks, options));
  if (options.sharedMemory) job->memory = HostMemory::create(ranks->handle(), ranks->hosts());
  job->ranksOfHost =
      static_cast<int>(std::ranges::count(hosts, hosts[own].machine, &Host::machine));
  MLC_ASSIGN_OR_RETURN(std::unique_ptr<MpiCommunicator> made,
                       MpiCommunicator::create(std::move(job), std::move(ranks)));
  return std::unique_ptr<Communicator>(std::move(made));
}

}  // namespace
}  // namespace mlc::collectives

#define MLC_EXPORT extern "C" __attribute__((visibility("default")))

MLC_EXPORT mlc::collectives::Communicator* mlcCreateMpiWorld(
    const mlc::collectives::MpiOptions& options, std::string* error) {
  // This library has a C++ library of its own.
  mlc::reportUncaughtExceptions();
  auto world = mlc::collectives::createWorld(options);
  if (world.ok()) return (*std::move(world)).release();
  *error = world.status().message();
  return nullptr;
}

MLC_EXPORT void mlcAbortMpiJob(int exitCode, bool hostIsUnreachable) {
  // Ranks that know of the failure end with its code; MPI would end them by a signal.
  ::usleep(300'000);
  if (hostIsUnreachable && mlc::collectives::endLauncher()) ::_exit(exitCode);
  int isInitialized = 0, isFinalized = 0;
  MPI_Initialized(&isInitialized);
  MPI_Finalized(&isFinalized);
  // mpirun ends the others for the code.
  if (!isInitialized || isFinalized) ::_exit(exitCode);
  // MPI may be what is stuck.
  std::thread([exitCode] {
    ::sleep(2);
    ::_exit(exitCode);
  }).detach();
  MPI_Abort(MPI_COMM_WORLD, exitCode);
}
