// Tells the processes of a job that one of them is gone, stopped or has failed: over sockets and a
// thread of its own, apart from what carries the data, so that neither a long computation nor a
// stuck transfer keeps it from being heard.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "collectives/algorithm/job_failure.h"
#include "runtime/base/status.h"

namespace mlc::collectives {

struct HeartbeatOptions {
  int rank = 0;
  // Names of all ranks' hosts, for messages. Ranks of one name reach each other by the loopback.
  std::vector<std::string> hosts;
  // Whoever is silent for longer has failed; 0: silence is no failure. Rank 0's counts for all.
  double stallSeconds = 10;
  // Called at most once, on the heartbeat's thread, when a rank is lost or some rank has called
  // fail().
  std::function<void(const JobFailure&)> onFailure;
};

// Every rank has a connection to rank 0, over which each side sends a beat several times in
// stallSeconds. A connection that ends without a goodbye is a death. Rank 0 tells all others of a
// failure; if rank 0 is the one that is lost, each of the others finds that by itself.
class Heartbeat {
 public:
  // Called by all ranks: connects them. `tellAll` gives rank 0's text to all ranks.
  using TellAll = std::function<Status(std::string& text)>;
  static StatusOr<std::unique_ptr<Heartbeat>> create(const HeartbeatOptions& options,
                                                     const TellAll& tellAll);
  // Says goodbye and waits until all ranks have: whoever is lost before that is a failure. Of one
  // that was not started, closes the connections.
  ~Heartbeat();

  // Begins to send beats and to miss them. To be called on all ranks once all are connected: until
  // then rank 0 sends none, and who is late is not lost.
  void start();

  // Makes this failure known to all ranks, this one included.
  void fail(const Status& cause);

 private:
  struct Peer;

  explicit Heartbeat(const HeartbeatOptions& options);
  Status accept(const TellAll& tellAll);
  Status connect(const TellAll& tellAll);
  Status unreachable(int rank) const;
  Status startThread();
  void wake();
  void run();
  void watch();
  void readFrom(Peer& peer);
  void takeFrames(Peer& peer);
  void lookForSilence();
  bool leave();
  void failed(const JobFailure& failure);
  void lost(const Peer& peer, const std::string& how, bool hostIsUnreachable);
  std::string nameOf(int rank) const;

  HeartbeatOptions options_;
  int wake_ = -1;                                // an event for the thread
  std::chrono::steady_clock::time_point awake_;  // since when, after this process was stopped
  std::vector<Peer> peers_;                      // on rank 0 all others, else rank 0
  std::atomic<bool> watches_ = false;
  std::atomic<bool> stop_ = false;
  std::atomic<bool> hasFailure_ = false;
  Status failure_;  // written before hasFailure_, by one thread
  std::atomic<bool> failing_ = false;
  bool handled_ = false;
  bool saidGoodbye_ = false;
  std::thread thread_;
};

}  // namespace mlc::collectives
