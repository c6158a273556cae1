// SIGTERM and SIGUSR1 ask a job to stop between two runs; a second one of the same kind ends the
// process at once.
#pragma once

#include <string>

namespace mlc::tools {

// From here on, for the whole process.
void listenForStopSignals();

// The signal that came; 0 if none did.
int stopSignal();
std::string signalName(int signal);

}  // namespace mlc::tools
