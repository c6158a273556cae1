// How the ranks of a job connect to rank 0.
#pragma once

#include <string>
#include <vector>

#include "collectives/heartbeat/frame.h"
#include "runtime/base/status.h"

namespace mlc::collectives {

// Rank 0's side. Strangers, who do not know the job's token, are turned away.
class RankListener {
 public:
  // On all addresses of this host where ranks are on others, else on the loopback's alone.
  static StatusOr<RankListener> open(bool severalHosts);
  RankListener(RankListener&& other) noexcept;
  ~RankListener();

  // What the others need to find it, without spaces at its ends.
  const std::string& text() const { return text_; }

  // The sockets of ranks 1 to `ranks` - 1, in front of them -1 for rank 0; -1 for those that do not
  // come in time.
  StatusOr<std::vector<int>> accept(int ranks, HeartbeatClock::time_point end);

 private:
  RankListener(int socket, std::string token) : socket_(socket), token_(std::move(token)) {}

  int socket_;
  std::string token_;
  std::string text_;
};

// The socket of a connection to who gave that text, -1 if there is none in time. Tries all of its
// addresses at once: one may lead nowhere, or to another host that has it too. The loopback's are
// for ranks of the same host.
int connectToListener(const std::string& text, int rank, bool sameHost,
                      HeartbeatClock::time_point end);

}  // namespace mlc::collectives
