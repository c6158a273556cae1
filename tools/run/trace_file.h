// The file of --trace: events of all ranks in the Chrome trace format (chrome://tracing, Perfetto).
#pragma once

#include <string>
#include <vector>

#include "runtime/executor/trace.h"

namespace mlc::tools {

// One rank's events and names as JSON objects separated by commas, for their way to rank 0. pid is
// the rank.
std::string printEvents(int rank, const std::string& host, const executor::Trace& trace);

// The file's text, from the texts of all ranks. Times count from the earliest event.
std::string printTraceFile(const std::vector<std::string>& ranks);

}  // namespace mlc::tools
