#include "collectives/transport/mpi/launcher.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>

namespace mlc::collectives {
namespace {

// On its own host, and on others: those of Open MPI 4 and 5.
constexpr const char* kLaunchers[] = {"mpirun", "mpiexec", "orterun", "prterun", "orted", "prted"};

}  // namespace

bool endLauncher() {
  const pid_t launcher = ::getppid();
  std::string name;
  std::getline(std::ifstream("/proc/" + std::to_string(launcher) + "/comm"), name);
  if (std::ranges::find(kLaunchers, name) == std::end(kLaunchers)) return false;
  // It asks its ranks to end, too.
  ::signal(SIGTERM, SIG_IGN);
  constexpr int kTimes = 5;
  for (int i = 0; i < kTimes && ::getppid() == launcher; ++i) {
    ::kill(launcher, SIGTERM);
    ::usleep(300'000);
  }
  return ::getppid() != launcher;
}

}  // namespace mlc::collectives
