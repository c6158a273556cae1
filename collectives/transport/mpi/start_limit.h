// Ends the start of a job that one of its ranks does not come to: MPI would wait for it without
// end.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "collectives/transport/mpi/mpi_options.h"

namespace mlc::collectives {

class StartLimit {
 public:
  // Many times as long as a rank may be silent. The options, borrowed, say what a failure calls.
  static constexpr int kStalls = 30;

  explicit StartLimit(const MpiOptions& options);
  // The start is over.
  ~StartLimit();

 private:
  void run(const MpiOptions& options);

  std::mutex mutex_;
  std::condition_variable changed_;
  bool over_ = false;
  std::thread thread_;
};

}  // namespace mlc::collectives
