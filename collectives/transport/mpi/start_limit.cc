#include "collectives/transport/mpi/start_limit.h"

#include <chrono>
#include <cstdlib>
#include <sstream>
#include <string_view>
#include <system_error>

namespace mlc::collectives {
namespace {

// Which rank this is, MPI does not tell yet.
bool isRank0() {
  const char* rank = std::getenv("OMPI_COMM_WORLD_RANK");
  if (!rank) rank = std::getenv("PMIX_RANK");
  return rank && std::string_view(rank) == "0";
}

}  // namespace

StartLimit::StartLimit(const MpiOptions& options) {
  if (options.stallSeconds <= 0 || !options.onFailure) return;
  try {
    thread_ = std::thread([this, &options] { run(options); });
  } catch (const std::system_error&) {
    // Without a thread there is no limit, and the start goes on.
  }
}

StartLimit::~StartLimit() {
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void StartLimit::run(const MpiOptions& options) {
  const double seconds = kStalls * options.stallSeconds;
  // Rank 0 reports and ends the others, unless it is the one that does not come.
  const double patience = seconds + (isRank0() ? 0 : 3);
  {
    std::unique_lock lock(mutex_);
    if (changed_.wait_for(lock, std::chrono::duration<double>(patience), [this] { return over_; }))
      return;
  }
  std::ostringstream text;
  text << "the ranks of the job have not all started within " << seconds
       << " s: one of them may be stopped, or its host not reachable or overloaded";
  options.onFailure({.cause = deviceError(text.str()), .reports = true});
}

}  // namespace mlc::collectives
