#include "collectives/heartbeat/heartbeat.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <sstream>
#include <system_error>

#include "collectives/heartbeat/connect.h"
#include "collectives/heartbeat/frame.h"

namespace mlc::collectives {
namespace {

using Clock = HeartbeatClock;
using Seconds = std::chrono::duration<double>;

constexpr double kLongestBeat = 0.5;  // seconds between beats, and beats in a stall
constexpr int kBeatsPerStall = 8;
constexpr std::chrono::seconds kConnectTime{10};  // for all ranks to find each other

// Whether beats that were sent are not there: the kernel of a host answers also for a process that
// is stopped.
bool isUnanswered(int socket) {
  tcp_info info = {};
  socklen_t length = sizeof info;
  return ::getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &length) == 0 && info.tcpi_unacked > 0;
}

}  // namespace

struct Heartbeat::Peer {
  int rank = 0;
  int socket = -1;  // -1: closed
  bool saidGoodbye = false;
  Clock::time_point heard;
  std::string received;  // not yet a whole frame

  void close() {
    if (socket >= 0) ::close(socket);
    socket = -1;
  }
};

StatusOr<std::unique_ptr<Heartbeat>> Heartbeat::create(const HeartbeatOptions& options,
                                                       const TellAll& tellAll) {
  std::unique_ptr<Heartbeat> heartbeat(new Heartbeat(options));
  if (options.rank == 0) {
    MLC_RETURN_IF_ERROR(heartbeat->accept(tellAll));
  } else {
    MLC_RETURN_IF_ERROR(heartbeat->connect(tellAll));
  }
  MLC_RETURN_IF_ERROR(heartbeat->startThread());
  return heartbeat;
}

Heartbeat::Heartbeat(const HeartbeatOptions& options) : options_(options) {}

Heartbeat::~Heartbeat() {
  stop_ = true;
  if (wake_ >= 0) wake();
  if (thread_.joinable()) thread_.join();
  for (const Peer& peer : peers_) {
    if (peer.socket >= 0) ::shutdown(peer.socket, SHUT_WR);
  }
  // A socket that is closed with something unread takes back what the peer has not read yet.
  const Clock::time_point end = Clock::now() + std::chrono::milliseconds(200);
  for (Peer& peer : peers_) {
    std::array<char, 256> ignored;
    while (peer.socket >= 0 && Clock::now() < end && waitFor(peer.socket, POLLIN, end) &&
           ::recv(peer.socket, ignored.data(), ignored.size(), MSG_DONTWAIT) > 0) {
    }
    peer.close();
  }
  if (wake_ >= 0) ::close(wake_);
}

std::string Heartbeat::nameOf(int rank) const {
  return "rank " + std::to_string(rank) + " (" + options_.hosts[static_cast<size_t>(rank)] + ")";
}

// The text that is told is STALL and the listener's; none is rank 0's failure, which it reports.
Status Heartbeat::accept(const TellAll& tellAll) {
  const bool severalHosts = std::ranges::any_of(
      options_.hosts, [&](const std::string& host) { return host != options_.hosts[0]; });
  StatusOr<RankListener> listener = RankListener::open(severalHosts);
  std::string text;
  if (listener.ok()) text = std::to_string(options_.stallSeconds) + " " + listener->text();
  MLC_RETURN_IF_ERROR(tellAll(text));
  MLC_RETURN_IF_ERROR(listener.status());
  MLC_ASSIGN_OR_RETURN(
      const std::vector<int> sockets,
      listener->accept(static_cast<int>(options_.hosts.size()), Clock::now() + kConnectTime));
  int missing = 0;
  for (int rank = 1; rank < static_cast<int>(sockets.size()); ++rank) {
    const int socket = sockets[static_cast<size_t>(rank)];
    if (socket < 0 && missing == 0) missing = rank;
    peers_.push_back({.rank = rank, .socket = socket, .heard = {}, .received = {}});
  }
  return missing == 0 ? okStatus() : unreachable(missing);
}

Status Heartbeat::connect(const TellAll& tellAll) {
  std::string text;
  MLC_RETURN_IF_ERROR(tellAll(text));
  if (text.empty()) return deviceError("rank 0 could not start the heartbeat of the job");
  const size_t space = text.find(' ');
  options_.stallSeconds = std::strtod(text.c_str(), nullptr);
  const bool sameHost = options_.hosts[static_cast<size_t>(options_.rank)] == options_.hosts[0];
  const int socket = connectToListener(text.substr(space + 1), options_.rank, sameHost,
                                       Clock::now() + kConnectTime);
  if (socket < 0) return unreachable(options_.rank);
  peers_.push_back({.rank = 0, .socket = socket, .heard = {}, .received = {}});
  return okStatus();
}

Status Heartbeat::unreachable(int rank) const {
  return deviceError(nameOf(rank) + " does not reach " + nameOf(0) +
                     " over TCP: the heartbeat of the job needs that");
}

Status Heartbeat::startThread() {
  wake_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (wake_ < 0)
    return deviceError(std::string("the heartbeat of the job: no event: ") + std::strerror(errno));
  for (const Peer& peer : peers_) {
    const int on = 1;
    ::setsockopt(peer.socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  // Signals are for the program's own threads.
  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  Status status;
  try {
    thread_ = std::thread([this] { run(); });
  } catch (const std::system_error& error) {
    status = deviceError(std::string("the heartbeat of the job: no thread: ") + error.what());
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return status;
}

void Heartbeat::start() {
  for (Peer& peer : peers_) peer.heard = Clock::now();
  watches_ = true;
  wake();
}

void Heartbeat::wake() {
  const uint64_t one = 1;
  (void)!::write(wake_, &one, sizeof one);
}

void Heartbeat::fail(const Status& cause) {
  if (failing_.exchange(true)) return;
  failure_ = cause;
  hasFailure_ = true;
  wake();
}

void Heartbeat::run() {
  while (!watches_ && !stop_) {
    pollfd entry{wake_, POLLIN, 0};
    (void)::poll(&entry, 1, /*timeout=*/-1);
    uint64_t events = 0;
    (void)!::read(wake_, &events, sizeof events);
  }
  if (watches_) watch();
}

void Heartbeat::watch() {
  const double beat = options_.stallSeconds > 0
                          ? std::min(kLongestBeat, options_.stallSeconds / kBeatsPerStall)
                          : kLongestBeat;
  const auto interval = std::chrono::duration_cast<Clock::duration>(Seconds(beat));
  std::vector<pollfd> entries;
  Clock::time_point next = Clock::now(), last = next;
  bool hasLeft = false;
  while (!handled_ && !hasLeft) {
    if (Clock::now() >= next) {
      for (const Peer& peer : peers_) {
        if (peer.socket >= 0) sendFrame(peer.socket, FrameKind::kBeat);
      }
      next = Clock::now() + interval;
    }
    entries.assign(1, {wake_, POLLIN, 0});
    for (const Peer& peer : peers_) entries.push_back({peer.socket, POLLIN, 0});
    (void)::poll(entries.data(), entries.size(), millisecondsUntil(next) + 1);
    uint64_t events = 0;
    (void)!::read(wake_, &events, sizeof events);
    const Clock::time_point now = Clock::now();
    if (now - last > 3 * interval) {
      // This process was stopped itself, perhaps together with the others: they get their time.
      for (Peer& peer : peers_) peer.heard = now;
      awake_ = now;
    }
    last = now;
    for (size_t i = 0; i < peers_.size() && !handled_; ++i) {
      if (entries[i + 1].revents != 0) readFrom(peers_[i]);
    }
    if (!handled_ && hasFailure_) {
      // Rank 0 says what holds for all.
      const bool alone = options_.rank == 0 || peers_[0].socket < 0;
      if (alone) {
        failed({.cause = failure_, .reports = true});
      } else {
        sendFrame(peers_[0].socket, FrameKind::kFailure, failure_);
        hasFailure_ = false;
      }
    }
    if (!handled_) lookForSilence();
    if (!handled_ && stop_) hasLeft = leave();
  }
}

// All say goodbye to rank 0, which answers when it has heard everybody: until then one that is lost
// is still told of.
bool Heartbeat::leave() {
  const bool answers = options_.rank == 0;
  const bool heardAll = std::ranges::all_of(peers_, &Peer::saidGoodbye);
  if (answers ? heardAll : !saidGoodbye_) {
    for (const Peer& peer : peers_) {
      if (peer.socket >= 0) sendFrame(peer.socket, FrameKind::kGoodbye);
    }
    saidGoodbye_ = true;
  }
  return heardAll;
}

void Heartbeat::readFrom(Peer& peer) {
  char bytes[4096];
  while (peer.socket >= 0) {
    const ssize_t n = ::recv(peer.socket, bytes, sizeof bytes, MSG_DONTWAIT);
    if (n > 0) {
      peer.heard = Clock::now();
      peer.received.append(bytes, static_cast<size_t>(n));
      takeFrames(peer);
      if (handled_) return;
      continue;
    }
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) break;
    peer.close();
  }
  if (peer.socket < 0 && !peer.saidGoodbye && !handled_) {
    lost(peer, " died: its process has ended without a word", /*hostIsUnreachable=*/false);
  }
}

void Heartbeat::takeFrames(Peer& peer) {
  while (peer.received.size() >= sizeof(Frame) && !handled_) {
    Frame frame;
    std::memcpy(&frame, peer.received.data(), sizeof frame);
    if (!isValid(frame)) {
      peer.close();
      lost(peer, " sends what is no message of the job's heartbeat", /*hostIsUnreachable=*/false);
      return;
    }
    if (peer.received.size() < sizeof frame + frame.bytes) return;
    const std::string text = peer.received.substr(sizeof frame, frame.bytes);
    peer.received.erase(0, sizeof frame + frame.bytes);
    if (frame.kind == FrameKind::kGoodbye) peer.saidGoodbye = true;
    if (frame.kind == FrameKind::kFailure) {
      const Status cause(static_cast<StatusCode>(frame.code), text);
      failed({.cause = cause, .reports = options_.rank == 0});
    }
  }
}

void Heartbeat::lookForSilence() {
  if (options_.stallSeconds <= 0) return;
  for (const Peer& peer : peers_) {
    if (peer.socket < 0 || peer.saidGoodbye) continue;
    if (Seconds(Clock::now() - peer.heard).count() < options_.stallSeconds) continue;
    std::ostringstream seconds;
    seconds << options_.stallSeconds;
    const bool isUnreachable = isUnanswered(peer.socket);
    lost(peer,
         " has been silent for " + seconds.str() +
             (isUnreachable ? " s: its host is not reachable"
                            : " s: its process is stopped, or its host overloaded"),
         isUnreachable);
    return;
  }
}

void Heartbeat::lost(const Peer& peer, const std::string& how, bool hostIsUnreachable) {
  // Without rank 0 the next one reports, and ends the job before the others would, too. A rank that
  // was stopped has been reported itself.
  if (options_.rank > 1) std::this_thread::sleep_for(std::chrono::seconds(1));
  const bool wasLostItself = Clock::now() - awake_ < std::chrono::seconds(2);
  failed({deviceError(nameOf(peer.rank) + how), /*reports=*/!wasLostItself, hostIsUnreachable});
}

void Heartbeat::failed(const JobFailure& failure) {
  handled_ = true;
  failing_ = true;
  for (const Peer& peer : peers_) {
    if (options_.rank == 0 && peer.socket >= 0)
      sendFrame(peer.socket, FrameKind::kFailure, failure.cause);
  }
  options_.onFailure(failure);
}

}  // namespace mlc::collectives
