#include "collectives/transport/mpi/load_mpi.h"

#include <dlfcn.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

namespace mlc::collectives {
namespace {

using Factory = Communicator* (*)(std::string * error);

std::string besideExecutable() {
  std::error_code error;
  const auto executable = std::filesystem::read_symlink("/proc/self/exe", error);
  return (executable.parent_path() / "libmlc_mpi.so").string();
}

}  // namespace

bool startedByMpirun() {
  return std::getenv("OMPI_COMM_WORLD_SIZE") != nullptr || std::getenv("PMIX_RANK") != nullptr;
}

StatusOr<std::unique_ptr<Communicator>> createMpiCommunicator(const std::string& library) {
  const std::string path = library.empty() ? besideExecutable() : library;
  // Global, since OpenMPI's own plugins look its symbols up.
  void* handle = ::dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL);
  if (!handle) {
    return deviceError(
        std::string("started under mpirun, but the MPI transport cannot be loaded: ") +
        ::dlerror());
  }
  auto factory = reinterpret_cast<Factory>(::dlsym(handle, "mlcCreateMpiCommunicator"));
  if (!factory) return deviceError(path + " is not an MPI transport of mlc");
  std::string error;
  std::unique_ptr<Communicator> communicator(factory(&error));
  if (!communicator) return deviceError(error);
  return communicator;
}

void abortMpiJob(int exitCode) {
  if (auto abort = reinterpret_cast<void (*)(int)>(::dlsym(RTLD_DEFAULT, "mlcAbortMpiJob"))) {
    abort(exitCode);
  }
  ::_exit(exitCode);
}

}  // namespace mlc::collectives
