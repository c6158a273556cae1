// What libmlc_mpi.so exports; load_mpi.cc looks it up.
#include <mpi/mpi.h>

#include <cstdlib>
#include <memory>
#include <string>

#include "collectives/transport/mpi/mpi_calls.h"
#include "collectives/transport/mpi/mpi_communicator.h"

namespace mlc::collectives {
namespace {

// srun without PMIx starts each rank as a job of its own.
Status checkLaunch() {
  int size = 0;
  MLC_MPI(MPI_Comm_size(MPI_COMM_WORLD, &size));
  const char* tasks = std::getenv("SLURM_NTASKS");
  if (!tasks || !std::getenv("SLURM_STEP_ID") || std::atoi(tasks) <= 1 || size > 1) {
    return okStatus();
  }
  return deviceError(std::string("srun started ") + tasks +
                     " jobs of one rank each instead of one job: use srun --mpi=pmix or mpirun");
}

StatusOr<std::unique_ptr<Communicator>> createWorld(bool sharedMemory) {
  int provided = 0;
  MLC_MPI(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_MULTIPLE, &provided));
  auto job = std::make_shared<MpiJob>();
  if (provided < MPI_THREAD_MULTIPLE) return deviceError("this MPI does not work with threads");
  MLC_RETURN_IF_ERROR(checkLaunch());
  MPI_Comm world;
  MLC_MPI(MPI_Comm_dup(MPI_COMM_WORLD, &world));
  MLC_ASSIGN_OR_RETURN(std::unique_ptr<Ranks> ranks, Ranks::create(world));
  job->sharedMemory = sharedMemory;
  job->ranksOfHost = ranks->ranksHere();
  return MpiCommunicator::create(std::move(job), std::move(ranks));
}

}  // namespace
}  // namespace mlc::collectives

#define MLC_EXPORT extern "C" __attribute__((visibility("default")))

MLC_EXPORT mlc::collectives::Communicator* mlcCreateMpiWorld(bool sharedMemory,
                                                             std::string* error) {
  auto world = mlc::collectives::createWorld(sharedMemory);
  if (world.ok()) return (*std::move(world)).release();
  *error = world.status().message();
  return nullptr;
}

MLC_EXPORT void mlcAbortMpiJob(int exitCode) { MPI_Abort(MPI_COMM_WORLD, exitCode); }
