#include "collectives/heartbeat/connect.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <sstream>
#include <utility>

namespace mlc::collectives {
namespace {

using Clock = HeartbeatClock;

constexpr size_t kTokenBytes = 32;

// What a rank says first.
struct Hello {
  char token[kTokenBytes];
  int32_t rank;
};

Status systemError(const std::string& what) {
  return deviceError("the heartbeat of the job: " + what + ": " + std::strerror(errno));
}

StatusOr<std::string> newToken() {
  unsigned char random[kTokenBytes / 2];
  if (::getrandom(random, sizeof random, 0) != sizeof random) return systemError("no random bytes");
  std::string token;
  for (const unsigned char byte : random) {
    token += "0123456789abcdef"[byte >> 4];
    token += "0123456789abcdef"[byte & 15];
  }
  return token;
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

bool isLoopback(const std::string& address) { return address.starts_with("127."); }

// Of this host, as its own ranks and those of others reach it.
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

// Those that lead to the listener: the loopback's lead every host to itself.
std::vector<std::string> addressesToTry(std::vector<std::string> addresses, bool sameHost) {
  std::vector<std::string> tried;
  std::ranges::copy_if(addresses, std::back_inserter(tried),
                       [&](const std::string& address) { return isLoopback(address) == sameHost; });
  return tried.empty() ? addresses : tried;
}

// A connection to what may be the listener.
class Attempt {
 public:
  Attempt(const std::string& address, int port) {
    socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    sockaddr_in to = {};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<uint16_t>(port));
    const bool isAddress = ::inet_pton(AF_INET, address.c_str(), &to.sin_addr) == 1;
    if (!isAddress || (::connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0 &&
                       errno != EINPROGRESS))
      close();
  }
  Attempt(Attempt&& other) noexcept
      : socket_(std::exchange(other.socket_, -1)),
        isConnected_(other.isConnected_),
        answer_(std::move(other.answer_)) {}
  ~Attempt() { close(); }

  bool isOpen() const { return socket_ >= 0; }
  // What goOn() is to be called for.
  pollfd entry() const { return {socket_, static_cast<short>(isConnected_ ? POLLIN : POLLOUT), 0}; }

  // Says hello once it is connected. Whether the listener has answered.
  bool goOn(const Hello& hello) {
    if (isConnected_) return receiveAnswer();
    int error = 0;
    socklen_t length = sizeof error;
    ::getsockopt(socket_, SOL_SOCKET, SO_ERROR, &error, &length);
    if (error != 0) {
      close();
      return false;
    }
    isConnected_ = true;
    sendBytes(socket_, &hello, sizeof hello);
    return false;
  }

  int release() { return std::exchange(socket_, -1); }

 private:
  bool receiveAnswer() {
    char bytes[sizeof(Frame)];
    const ssize_t n = ::recv(socket_, bytes, sizeof bytes - answer_.size(), MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return false;
    answer_.append(bytes, static_cast<size_t>(std::max<ssize_t>(n, 0)));
    Frame frame;
    if (answer_.size() == sizeof frame) {
      std::memcpy(&frame, answer_.data(), sizeof frame);
      if (frame.kind == FrameKind::kBeat && frame.bytes == 0) return true;
    }
    if (n <= 0 || answer_.size() == sizeof frame) close();
    return false;
  }

  void close() {
    if (socket_ >= 0) ::close(socket_);
    socket_ = -1;
  }

  int socket_ = -1;
  bool isConnected_ = false;
  std::string answer_;
};

}  // namespace

RankListener::RankListener(RankListener&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)),
      token_(std::move(other.token_)),
      text_(std::move(other.text_)) {}

RankListener::~RankListener() {
  if (socket_ >= 0) ::close(socket_);
}

// TOKEN PORT ADDRESS...
StatusOr<RankListener> RankListener::open(bool severalHosts) {
  MLC_ASSIGN_OR_RETURN(std::string token, newToken());
  RankListener listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0),
                        std::move(token));
  if (listener.socket_ < 0) return systemError("no socket");
  sockaddr_in own = {};
  own.sin_family = AF_INET;
  own.sin_addr.s_addr = htonl(severalHosts ? INADDR_ANY : INADDR_LOOPBACK);
  socklen_t length = sizeof own;
  if (::bind(listener.socket_, reinterpret_cast<sockaddr*>(&own), length) != 0 ||
      ::listen(listener.socket_, SOMAXCONN) != 0 ||
      ::getsockname(listener.socket_, reinterpret_cast<sockaddr*>(&own), &length) != 0) {
    return systemError("cannot listen");
  }
  listener.text_ = listener.token_ + " " + std::to_string(ntohs(own.sin_port));
  for (const std::string& address : ownAddresses(severalHosts)) listener.text_ += " " + address;
  return listener;
}

StatusOr<std::vector<int>> RankListener::accept(int ranks, Clock::time_point end) {
  std::vector<int> sockets(static_cast<size_t>(ranks), -1);
  for (int missing = ranks - 1; missing > 0 && waitFor(socket_, POLLIN, end);) {
    const int socket = ::accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (socket < 0) {
      // One that has gone again is none; the listener stays readable after anything else.
      if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED) continue;
      const Status status = systemError("cannot accept a connection");
      for (const int accepted : sockets) {
        if (accepted >= 0) ::close(accepted);
      }
      return status;
    }
    Hello hello;
    const Clock::time_point soon = std::min(end, Clock::now() + std::chrono::seconds(1));
    // Ranks come by several addresses: the first one counts.
    const bool isNew = receiveAll(socket, &hello, sizeof hello, soon) &&
                       token_ == std::string(hello.token, kTokenBytes) && hello.rank > 0 &&
                       hello.rank < ranks && sockets[static_cast<size_t>(hello.rank)] < 0;
    if (!isNew) {
      ::close(socket);
      continue;
    }
    sockets[static_cast<size_t>(hello.rank)] = socket;
    --missing;
    sendFrame(socket, FrameKind::kBeat);  // that it has found the right one
  }
  return sockets;
}

int connectToListener(const std::string& text, int rank, bool sameHost, Clock::time_point end) {
  std::istringstream words(text);
  std::string token;
  int port = 0;
  words >> token >> port;
  const std::vector<std::string> addresses{std::istream_iterator<std::string>(words), {}};
  Hello hello = {};
  token.copy(hello.token, kTokenBytes);
  hello.rank = rank;
  std::vector<Attempt> attempts;
  for (const std::string& address : addressesToTry(addresses, sameHost))
    attempts.emplace_back(address, port);
  std::vector<pollfd> entries;
  while (std::ranges::any_of(attempts, &Attempt::isOpen)) {
    entries.clear();
    for (const Attempt& attempt : attempts) entries.push_back(attempt.entry());
    if (!waitFor(entries, end)) return -1;
    for (size_t i = 0; i < attempts.size(); ++i) {
      if (entries[i].revents != 0 && attempts[i].goOn(hello)) return attempts[i].release();
    }
  }
  return -1;
}

}  // namespace mlc::collectives
