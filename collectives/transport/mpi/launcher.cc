#include "collectives/transport/mpi/launcher.h"

#include <signal.h>
#include <unistd.h>

#include <fstream>
#include <string>

namespace mlc::collectives {

bool endLauncher() {
  const pid_t launcher = ::getppid();
  std::string name;
  std::getline(std::ifstream("/proc/" + std::to_string(launcher) + "/comm"), name);
  if (name != "mpirun" && name != "mpiexec" && name != "orterun" && name != "orted") return false;
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
