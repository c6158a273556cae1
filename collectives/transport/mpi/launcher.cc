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

// Open MPI 4's and 5's names of the memory that the ranks of a host share.
constexpr const char* kSegments[] = {"/dev/shm/vader_segment.", "/dev/shm/sm_segment."};

// mpirun removes their files at a job's end, but not when it is made to give up.
void removeSharedFiles() {
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    for (const char* name : kSegments) {
      const size_t path = line.find(name);
      if (path != std::string::npos && !line.ends_with(" (deleted)"))
        ::unlink(line.substr(path).c_str());
    }
  }
}

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
  if (::getppid() == launcher) return false;
  removeSharedFiles();
  return true;
}

}  // namespace mlc::collectives
