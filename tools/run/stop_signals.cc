#include "tools/run/stop_signals.h"

#include <signal.h>

#include <atomic>

namespace mlc::tools {
namespace {

// The disposition of signals is the process's, so this is.
std::atomic<int> received = 0;
static_assert(std::atomic<int>::is_always_lock_free);

void receive(int signal) {
  // mpirun sends SIGTERM when a rank has died: also to those that drain already.
  if (received.exchange(signal) != signal) return;
  ::signal(signal, SIG_DFL);
  ::raise(signal);
}

}  // namespace

void listenForStopSignals() {
  struct sigaction action = {};
  action.sa_handler = receive;
  action.sa_flags = SA_RESTART;
  for (const int signal : {SIGTERM, SIGUSR1}) ::sigaction(signal, &action, nullptr);
}

int stopSignal() { return received; }

std::string signalName(int signal) { return signal == SIGTERM ? "SIGTERM" : "SIGUSR1"; }

}  // namespace mlc::tools
