#include "collectives/heartbeat/heartbeat.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <sstream>
#include <system_error>

namespace mlc::collectives {
namespace {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

constexpr double kLongestBeat = 0.5;  // seconds between beats, and beats in a stall
constexpr int kBeatsPerStall = 8;
constexpr double kConnectSeconds = 10;  // for all ranks to find each other
constexpr size_t kTokenBytes = 32;      // of a job, so that strangers are known
constexpr uint32_t kLongestText = 1 << 16;

enum class Kind : uint8_t { kBeat, kFailure, kGoodbye };

// Before the text of a failure.
struct Frame {
  Kind kind;
  uint8_t code;
  uint16_t unused;
  uint32_t bytes;  // of the text
};

struct Hello {
  char token[kTokenBytes];
  int32_t rank;
};

Status systemError(const std::string& what) {
  return deviceError("the heartbeat of the job: " + what + ": " + std::strerror(errno));
}

int millisecondsUntil(Clock::time_point end) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now());
  return static_cast<int>(std::clamp<int64_t>(left.count(), 0, 1 << 30));
}

bool waitFor(int socket, short events, Clock::time_point end) {
  pollfd entry{socket, events, 0};
  return ::poll(&entry, 1, millisecondsUntil(end)) == 1;
}

// All of the bytes before the time is over.
bool receiveAll(int socket, void* data, size_t bytes, Clock::time_point end) {
  for (size_t done = 0; done < bytes;) {
    if (!waitFor(socket, POLLIN, end)) return false;
    const ssize_t n = ::recv(socket, static_cast<char*>(data) + done, bytes - done, MSG_DONTWAIT);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) return false;
    if (n > 0) done += static_cast<size_t>(n);
  }
  return true;
}

// What a peer does not take will not be sent again: it is gone or stopped.
void send(int socket, const void* data, size_t bytes) {
  (void)!::send(socket, data, bytes, MSG_DONTWAIT | MSG_NOSIGNAL);
}

void sendFrame(int socket, Kind kind, const Status& status = {}) {
  const std::string text = status.message().substr(0, kLongestText);
  const Frame frame = {kind, static_cast<uint8_t>(status.code()), 0,
                       static_cast<uint32_t>(text.size())};
  std::string bytes(reinterpret_cast<const char*>(&frame), sizeof frame);
  bytes += text;
  send(socket, bytes.data(), bytes.size());
}

// Whether beats that were sent are not there: the kernel of a host answers also for a process that
// is stopped.
bool isUnanswered(int socket) {
  tcp_info info = {};
  socklen_t length = sizeof info;
  return ::getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &length) == 0 && info.tcpi_unacked > 0;
}

// Addresses of this host that ranks of others may reach; for those of this one the loopback's.
std::vector<std::string> ownAddresses(bool severalHosts) {
  std::vector<std::string> addresses = {"127.0.0.1"};
  ifaddrs* list = nullptr;
  if (!severalHosts || ::getifaddrs(&list) != 0) return addresses;
  for (const ifaddrs* entry = list; entry; entry = entry->ifa_next) {
    if (!entry->ifa_addr || entry->ifa_addr->sa_family != AF_INET) continue;
    if ((entry->ifa_flags & IFF_LOOPBACK) != 0 || (entry->ifa_flags & IFF_UP) == 0) continue;
    char text[INET_ADDRSTRLEN] = {};
    const auto* address = reinterpret_cast<const sockaddr_in*>(entry->ifa_addr);
    ::inet_ntop(AF_INET, &address->sin_addr, text, sizeof text);
    addresses.emplace_back(text);
  }
  ::freeifaddrs(list);
  return addresses;
}

// Connects within the time, or -1.
int connectTo(const std::string& address, int port, Clock::time_point end) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  sockaddr_in to = {};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<uint16_t>(port));
  ::inet_pton(AF_INET, address.c_str(), &to.sin_addr);
  const int begun = ::connect(socket, reinterpret_cast<const sockaddr*>(&to), sizeof to);
  int error = begun == 0 ? 0 : errno;
  if (error == EINPROGRESS && waitFor(socket, POLLOUT, end)) {
    socklen_t length = sizeof error;
    ::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &length);
  }
  if (error == 0) return socket;
  ::close(socket);
  return -1;
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

StatusOr<std::unique_ptr<Heartbeat>> Heartbeat::create(
    const HeartbeatOptions& options, const std::function<Status(std::string& text)>& tellAll) {
  std::unique_ptr<Heartbeat> heartbeat(new Heartbeat(options));
  // An empty address is rank 0's failure, which it reports.
  StatusOr<std::string> address = std::string();
  if (options.rank == 0) address = heartbeat->listen();
  std::string told = address.ok() ? *address : "";
  MLC_RETURN_IF_ERROR(tellAll(told));
  MLC_RETURN_IF_ERROR(address.status());
  if (told.empty()) return deviceError("rank 0 could not start the heartbeat of the job");
  MLC_RETURN_IF_ERROR(options.rank == 0 ? heartbeat->accept(told.substr(0, kTokenBytes))
                                        : heartbeat->connect(told));
  MLC_RETURN_IF_ERROR(heartbeat->start());
  return heartbeat;
}

Heartbeat::Heartbeat(const HeartbeatOptions& options) : options_(options) {}

Heartbeat::~Heartbeat() {
  stop_ = true;
  const uint64_t one = 1;
  if (wake_ >= 0) (void)!::write(wake_, &one, sizeof one);
  if (thread_.joinable()) thread_.join();
  for (const Peer& peer : peers_) {
    if (peer.socket >= 0) ::shutdown(peer.socket, SHUT_WR);
  }
  // A socket that is closed with something unread takes back what the peer has not read yet.
  const Clock::time_point end = Clock::now() + std::chrono::milliseconds(200);
  for (Peer& peer : peers_) {
    std::array<char, 256> ignored;
    pollfd entry{peer.socket, POLLIN, 0};
    while (peer.socket >= 0 && Clock::now() < end &&
           ::poll(&entry, 1, millisecondsUntil(end)) > 0 &&
           ::recv(peer.socket, ignored.data(), ignored.size(), MSG_DONTWAIT) > 0) {
    }
    peer.close();
  }
  if (listener_ >= 0) ::close(listener_);
  if (wake_ >= 0) ::close(wake_);
}

std::string Heartbeat::nameOf(int rank) const {
  return "rank " + std::to_string(rank) + " (" + options_.hosts[static_cast<size_t>(rank)] + ")";
}

// What the others need to find rank 0: TOKEN STALL PORT ADDRESS...
StatusOr<std::string> Heartbeat::listen() {
  const bool severalHosts = std::ranges::any_of(
      options_.hosts, [&](const std::string& host) { return host != options_.hosts[0]; });
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (listener_ < 0) return systemError("no socket");
  sockaddr_in own = {};
  own.sin_family = AF_INET;
  own.sin_addr.s_addr = htonl(severalHosts ? INADDR_ANY : INADDR_LOOPBACK);
  socklen_t length = sizeof own;
  if (::bind(listener_, reinterpret_cast<sockaddr*>(&own), length) != 0 ||
      ::listen(listener_, static_cast<int>(options_.hosts.size())) != 0 ||
      ::getsockname(listener_, reinterpret_cast<sockaddr*>(&own), &length) != 0) {
    return systemError("cannot listen");
  }
  unsigned char random[kTokenBytes / 2];
  if (::getrandom(random, sizeof random, 0) != sizeof random) return systemError("no random bytes");
  std::string text;
  for (const unsigned char byte : random) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  text += " " + std::to_string(options_.stallSeconds) + " " + std::to_string(ntohs(own.sin_port));
  for (const std::string& address : ownAddresses(severalHosts)) text += " " + address;
  return text;
}

Status Heartbeat::accept(const std::string& token) {
  const Clock::time_point end =
      Clock::now() + std::chrono::duration_cast<Clock::duration>(Seconds(kConnectSeconds));
  std::vector<bool> known(options_.hosts.size());
  known[0] = true;
  while (peers_.size() + 1 < options_.hosts.size()) {
    if (!waitFor(listener_, POLLIN, end)) {
      const auto missing = std::ranges::find(known, false) - known.begin();
      return deviceError(nameOf(static_cast<int>(missing)) + " does not reach " + nameOf(0) +
                         " over TCP: the heartbeat of the job needs that");
    }
    const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (socket < 0) {
      // One that has gone again is none; the listener stays readable after anything else.
      if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED) continue;
      return systemError("cannot accept a connection");
    }
    Hello hello;
    const Clock::time_point soon = std::min(end, Clock::now() + std::chrono::seconds(1));
    const bool isPeer = receiveAll(socket, &hello, sizeof hello, soon) &&
                        token == std::string(hello.token, kTokenBytes) && hello.rank > 0 &&
                        static_cast<size_t>(hello.rank) < known.size() &&
                        !known[static_cast<size_t>(hello.rank)];
    if (!isPeer) {
      ::close(socket);
      continue;
    }
    known[static_cast<size_t>(hello.rank)] = true;
    sendFrame(socket, Kind::kBeat);  // that it has found the right one
    peers_.push_back({.rank = hello.rank, .socket = socket, .heard = {}, .received = {}});
  }
  ::close(listener_);
  listener_ = -1;
  return okStatus();
}

Status Heartbeat::connect(const std::string& text) {
  const Clock::time_point end =
      Clock::now() + std::chrono::duration_cast<Clock::duration>(Seconds(kConnectSeconds));
  std::istringstream words(text);
  std::string token;
  int port = 0;
  words >> token >> options_.stallSeconds >> port;
  Hello hello = {};
  token.copy(hello.token, kTokenBytes);
  hello.rank = options_.rank;
  // Another host may have one of these addresses too: only the right one answers.
  for (std::string address; words >> address;) {
    const Clock::time_point soon = std::min(end, Clock::now() + std::chrono::seconds(3));
    const int socket = connectTo(address, port, soon);
    if (socket < 0) continue;
    send(socket, &hello, sizeof hello);
    Frame answer;
    if (receiveAll(socket, &answer, sizeof answer, end) && answer.kind == Kind::kBeat) {
      peers_.push_back({.rank = 0, .socket = socket, .heard = {}, .received = {}});
      return okStatus();
    }
    ::close(socket);
  }
  return deviceError(nameOf(options_.rank) + " does not reach " + nameOf(0) +
                     " over TCP: the heartbeat of the job needs that");
}

Status Heartbeat::start() {
  wake_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (wake_ < 0) return systemError("no event");
  for (Peer& peer : peers_) {
    const int on = 1;
    ::setsockopt(peer.socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    peer.heard = Clock::now();
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

void Heartbeat::fail(const Status& cause) {
  if (failing_.exchange(true)) return;
  failure_ = cause;
  hasFailure_ = true;
  const uint64_t one = 1;
  (void)!::write(wake_, &one, sizeof one);
}

void Heartbeat::run() {
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
        if (peer.socket >= 0) sendFrame(peer.socket, Kind::kBeat);
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
        sendFrame(peers_[0].socket, Kind::kFailure, failure_);
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
      if (peer.socket >= 0) sendFrame(peer.socket, Kind::kGoodbye);
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
      continue;
    }
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) break;
    peer.close();
  }
  takeFrames(peer);
  if (peer.socket < 0 && !peer.saidGoodbye && !handled_) {
    lost(peer, " died: its process has ended without a word", /*hostIsUnreachable=*/false);
  }
}

void Heartbeat::takeFrames(Peer& peer) {
  while (peer.received.size() >= sizeof(Frame) && !handled_) {
    Frame frame;
    std::memcpy(&frame, peer.received.data(), sizeof frame);
    if (peer.received.size() < sizeof frame + frame.bytes) return;
    const std::string text = peer.received.substr(sizeof frame, frame.bytes);
    peer.received.erase(0, sizeof frame + frame.bytes);
    if (frame.kind == Kind::kGoodbye) peer.saidGoodbye = true;
    if (frame.kind == Kind::kFailure) {
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
      sendFrame(peer.socket, Kind::kFailure, failure.cause);
  }
  options_.onFailure(failure);
}

}  // namespace mlc::collectives
