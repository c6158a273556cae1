#include "collectives/transport/mpi/load_mpi.h"

#include <dlfcn.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

namespace mlc::collectives {
namespace {

using Factory = Communicator* (*)(const MpiOptions& options, std::string* error);

std::string besideExecutable() {
  std::error_code error;
  const auto executable = std::filesystem::read_symlink("/proc/self/exe", error);
  return (executable.parent_path() / "libmlc_mpi.so").string();
}

}  // namespace

bool startedByMpirun() {
  return std::getenv("OMPI_COMM_WORLD_SIZE") != nullptr || std::getenv("PMIX_RANK") != nullptr;
}

StatusOr<std::unique_ptr<Communicator>> createMpiCommunicator(const MpiOptions& options) {
  const std::string path = options.library.empty() ? besideExecutable() : options.library;
  // Global, since OpenMPI's own plugins look its symbols up.
  void* handle = ::dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL);
  if (!handle) {
    return deviceError(std::string("the MPI transport cannot be loaded: ") + ::dlerror());
  }
  auto factory = reinterpret_cast<Factory>(::dlsym(handle, "mlcCreateMpiWorld"));
  if (!factory) return deviceError(path + " is not an MPI transport of mlc");
  std::string error;
  std::unique_ptr<Communicator> communicator(factory(options, &error));
  if (!communicator) return deviceError(error);
  return communicator;
}

void abortMpiJob(int exitCode, bool hostIsUnreachable) {
  if (auto abort = reinterpret_cast<void (*)(int, bool)>(::dlsym(RTLD_DEFAULT, "mlcAbortMpiJob"))) {
    abort(exitCode, hostIsUnreachable);
  }
  ::_exit(exitCode);
}

}  // namespace mlc::collectives
