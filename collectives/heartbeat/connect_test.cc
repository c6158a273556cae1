#include "collectives/heartbeat/connect.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <future>
#include <sstream>
#include <string>
#include <thread>

namespace mlc::collectives {
namespace {

using Clock = HeartbeatClock;

Clock::time_point in(std::chrono::milliseconds time) { return Clock::now() + time; }

sockaddr_in addressOf(const std::string& address, int port) {
  sockaddr_in made = {};
  made.sin_family = AF_INET;
  made.sin_port = htons(static_cast<uint16_t>(port));
  ::inet_pton(AF_INET, address.c_str(), &made.sin_addr);
  return made;
}

// A socket that is closed at the end.
class Socket {
 public:
  explicit Socket(int number = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0))
      : number_(number) {}
  Socket(const Socket&) = delete;
  ~Socket() { ::close(number_); }

  int number() const { return number_; }
  int connect(const std::string& address, int port) const {
    const sockaddr_in to = addressOf(address, port);
    return ::connect(number_, reinterpret_cast<const sockaddr*>(&to), sizeof to);
  }
  void listen(const std::string& address, int port, int backlog) const {
    const sockaddr_in own = addressOf(address, port);
    ASSERT_EQ(::bind(number_, reinterpret_cast<const sockaddr*>(&own), sizeof own), 0);
    ASSERT_EQ(::listen(number_, backlog), 0);
  }

 private:
  int number_;
};

struct Text {
  std::string token;
  int port = 0;

  explicit Text(const RankListener& listener) {
    std::istringstream words(listener.text());
    words >> token >> port;
  }
  std::string with(const std::string& addresses) const {
    return token + " " + std::to_string(port) + " " + addresses;
  }
};

// The sockets that the listener comes to, while the body runs.
template <typename Body>
std::vector<int> whileAccepting(RankListener& listener, int ranks, std::chrono::milliseconds time,
                                const Body& body) {
  std::future<std::vector<int>> sockets =
      std::async(std::launch::async, [&] { return *listener.accept(ranks, in(time)); });
  body();
  return sockets.get();
}

TEST(Connect, TriesAllAddressesAtOnce) {
  StatusOr<RankListener> listener = RankListener::open(/*severalHosts=*/false);
  ASSERT_TRUE(listener.ok()) << listener.status().message();
  const Text text(*listener);
  // One that takes connections and never says anything, and one that takes none.
  const Socket silent, full, first, second;
  silent.listen("127.0.0.2", text.port, 8);
  full.listen("127.0.0.3", text.port, 0);
  (void)first.connect("127.0.0.3", text.port);
  (void)second.connect("127.0.0.3", text.port);
  const auto begin = Clock::now();
  const std::vector<int> sockets = whileAccepting(*listener, 2, std::chrono::seconds(10), [&] {
    const Socket connected(connectToListener(text.with("127.0.0.2 127.0.0.3 127.0.0.1"), 1,
                                             /*sameHost=*/true, in(std::chrono::seconds(10))));
    EXPECT_GE(connected.number(), 0);
  });
  EXPECT_LT(Clock::now() - begin, std::chrono::seconds(1));
  EXPECT_GE(sockets[1], 0);
  ::close(sockets[1]);
}

TEST(Connect, LeavesTheLoopbackToRanksOfTheSameHost) {
  const Socket own;
  own.listen("127.0.0.1", 0, 8);
  sockaddr_in address;
  socklen_t length = sizeof address;
  ::getsockname(own.number(), reinterpret_cast<sockaddr*>(&address), &length);
  // Nobody can connect to the second one.
  const std::string text(32, 'a'), port = std::to_string(ntohs(address.sin_port));
  EXPECT_EQ(connectToListener(text + " " + port + " 127.0.0.1 255.255.255.255", 1,
                              /*sameHost=*/false, in(std::chrono::seconds(5))),
            -1);
  EXPECT_EQ(::accept(own.number(), nullptr, nullptr), -1);

  // The same host needs nothing else, also where there are several.
  StatusOr<RankListener> listener = RankListener::open(/*severalHosts=*/true);
  ASSERT_TRUE(listener.ok()) << listener.status().message();
  const std::vector<int> sockets = whileAccepting(*listener, 2, std::chrono::seconds(10), [&] {
    const Socket connected(
        connectToListener(listener->text(), 1, /*sameHost=*/true, in(std::chrono::seconds(5))));
    ASSERT_EQ(::getpeername(connected.number(), reinterpret_cast<sockaddr*>(&address), &length), 0);
    EXPECT_EQ(ntohl(address.sin_addr.s_addr), INADDR_LOOPBACK);
  });
  EXPECT_GE(sockets[1], 0);
  ::close(sockets[1]);
}

TEST(Connect, TurnsStrangersAway) {
  StatusOr<RankListener> listener = RankListener::open(/*severalHosts=*/false);
  ASSERT_TRUE(listener.ok()) << listener.status().message();
  Text text(*listener);
  text.token = std::string(32, 'a');
  const std::vector<int> sockets =
      whileAccepting(*listener, 3, std::chrono::milliseconds(1000), [&] {
        EXPECT_EQ(connectToListener(text.with("127.0.0.1"), 1, /*sameHost=*/true,
                                    in(std::chrono::milliseconds(500))),
                  -1);
        // No rank of the job.
        EXPECT_EQ(connectToListener(listener->text(), 3, /*sameHost=*/true,
                                    in(std::chrono::milliseconds(500))),
                  -1);
      });
  EXPECT_EQ(sockets, (std::vector<int>{-1, -1, -1}));
}

TEST(Connect, WaitsThroughSignals) {
  struct sigaction action = {}, before;
  action.sa_handler = [](int) {};
  ::sigaction(SIGUSR1, &action, &before);
  StatusOr<RankListener> listener = RankListener::open(/*severalHosts=*/false);
  ASSERT_TRUE(listener.ok()) << listener.status().message();
  std::promise<std::vector<int>> sockets;
  std::thread accepting(
      [&] { sockets.set_value(*listener->accept(2, in(std::chrono::seconds(10)))); });
  for (int i = 0; i < 50; ++i) {
    ::pthread_kill(accepting.native_handle(), SIGUSR1);
    ::usleep(2000);
  }
  const Socket connected(
      connectToListener(listener->text(), 1, /*sameHost=*/true, in(std::chrono::seconds(5))));
  accepting.join();
  const int socket = sockets.get_future().get()[1];
  EXPECT_GE(socket, 0);
  ::close(socket);
  ::sigaction(SIGUSR1, &before, nullptr);
}

}  // namespace
}  // namespace mlc::collectives
