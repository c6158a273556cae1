#include "collectives/transport/mpi/load_mpi.h"

#include <dlfcn.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

namespace mlc::collectives {
namespace {

using Factory = Communicator* (*)(const MpiOptions& options, std::string* error);

std::string besideExecutable() {
  std::error_code error;
  const auto executable = std::filesystem::read_symlink("/proc/self/exe", error);
  return (executable.parent_path() / "libmlc_mpi.so").string();
}

bool isSet(const std::string& name) { return std::getenv(name.c_str()) != nullptr; }

// MPI would start alone, with a daemon of its own, or end the process.
Status checkEnvironment() {
  // One for each version of the protocol.
  bool hasServer = false;
  for (char** variable = environ; *variable; ++variable)
    hasServer = hasServer || std::string_view(*variable).starts_with("PMIX_SERVER_URI");
  const std::string missing = !isSet("PMIX_RANK")        ? "PMIX_RANK"
                              : !isSet("PMIX_NAMESPACE") ? "PMIX_NAMESPACE"
                              : !hasServer               ? "PMIX_SERVER_URI..."
                                                         : "";
  if (missing.empty()) return okStatus();
  const char* known = isSet("PMIX_RANK") ? "PMIX_RANK" : "OMPI_COMM_WORLD_SIZE";
  return deviceError(std::string("the environment has ") + known +
                     ", as what mpirun or srun starts, but not " + missing +
                     ": start this by them, or unset what they set");
}

}  // namespace

bool startedByMpirun() { return isSet("OMPI_COMM_WORLD_SIZE") || isSet("PMIX_RANK"); }

StatusOr<std::unique_ptr<Communicator>> createMpiCommunicator(const MpiOptions& options) {
  MLC_RETURN_IF_ERROR(checkEnvironment());
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
