#include "collectives/transport/mpi/launcher.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

namespace mlc::collectives {
namespace {

struct Outcome {
  bool saysGone = false;  // what endLauncher() returns in a rank
  bool wasEnded = false;  // its launcher, by SIGTERM
};

// Of a rank that a program of that name has started.
Outcome outcomeOf(const std::string& launcher) {
  int answer[2];
  EXPECT_EQ(::pipe(answer), 0);
  const pid_t started = ::fork();
  if (started == 0) {
    ::prctl(PR_SET_NAME, launcher.c_str());
    const pid_t rank = ::fork();
    if (rank == 0) {
      const char isGone = endLauncher() ? 'y' : 'n';
      (void)!::write(answer[1], &isGone, 1);
      ::_exit(0);
    }
    ::waitpid(rank, nullptr, 0);
    ::_exit(0);
  }
  ::close(answer[1]);
  Outcome outcome;
  char isGone = 0;
  outcome.saysGone = ::read(answer[0], &isGone, 1) == 1 && isGone == 'y';
  ::close(answer[0]);
  int status = 0;
  ::waitpid(started, &status, 0);
  outcome.wasEnded = WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM;
  return outcome;
}

TEST(Launcher, IsEndedWhereItIsOneOfOpenMpi) {
  for (const char* name : {"mpirun", "mpiexec", "orterun", "orted", "prterun", "prted"}) {
    const Outcome outcome = outcomeOf(name);
    EXPECT_TRUE(outcome.saysGone) << name;
    EXPECT_TRUE(outcome.wasEnded) << name;
  }
}

TEST(Launcher, IsLeftAloneWhereItIsSomethingElse) {
  for (const char* name : {"bash", "slurmstepd"}) {
    const Outcome outcome = outcomeOf(name);
    EXPECT_FALSE(outcome.saysGone) << name;
    EXPECT_FALSE(outcome.wasEnded) << name;
  }
}

}  // namespace
}  // namespace mlc::collectives
