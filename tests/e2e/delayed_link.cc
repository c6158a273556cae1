// delayed_link PORT PORT MILLISECONDS LOSS: forwards frames between two network interfaces, each
// after that time; of a frame LOSS is the probability to be lost. As netem does, which few kernels
// have.
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <random>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

struct Frame {
  Clock::time_point due;
  std::vector<char> bytes;
};

struct Direction {
  int from, to;
  std::deque<Frame> frames;  // the first one is due first
};

template <typename Value>
bool set(int socket, int level, int option, Value value) {
  return ::setsockopt(socket, level, option, &value, sizeof value) == 0;
}

int openPort(const char* name) {
  const int port = ::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  // Frames are as the sender's TCP made them: larger than the link's, without a checksum.
  const bool isSet = port >= 0 && set(port, SOL_PACKET, PACKET_VNET_HDR, 1) &&
                     set(port, SOL_PACKET, PACKET_IGNORE_OUTGOING, 1);
  constexpr int kBufferBytes = 16 << 20;
  (void)set(port, SOL_SOCKET, SO_RCVBUFFORCE, kBufferBytes);
  (void)set(port, SOL_SOCKET, SO_SNDBUFFORCE, kBufferBytes);
  sockaddr_ll address = {};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ETH_P_ALL);
  address.sll_ifindex = static_cast<int>(::if_nametoindex(name));
  if (!isSet || ::bind(port, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    std::perror(name);
    std::exit(1);
  }
  return port;
}

void receive(Direction& direction, Clock::duration delay, const auto& isLost) {
  static char buffer[1 << 18];
  ssize_t bytes = 0;
  while ((bytes = ::recv(direction.from, buffer, sizeof buffer, 0)) > 0) {
    if (!isLost()) direction.frames.push_back({Clock::now() + delay, {buffer, buffer + bytes}});
  }
}

// What the link has no room for is lost.
void sendWhatIsDue(Direction& direction) {
  std::deque<Frame>& frames = direction.frames;
  while (!frames.empty() && frames.front().due <= Clock::now()) {
    (void)!::send(direction.to, frames.front().bytes.data(), frames.front().bytes.size(), 0);
    frames.pop_front();
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fputs("usage: delayed_link PORT PORT MILLISECONDS LOSS\n", stderr);
    return 2;
  }
  ::prctl(PR_SET_PDEATHSIG, 9);
  ::prctl(PR_SET_TIMERSLACK, 1);
  const auto delay = std::chrono::duration_cast<Clock::duration>(
      std::chrono::duration<double, std::milli>(std::atof(argv[3])));
  std::mt19937 random;
  std::bernoulli_distribution loss(std::atof(argv[4]));
  const int first = openPort(argv[1]), second = openPort(argv[2]);
  Direction directions[] = {{first, second, {}}, {second, first, {}}};
  std::puts("ready");
  std::fflush(stdout);
  while (true) {
    Clock::time_point next = Clock::now() + std::chrono::seconds(1);
    for (const Direction& one : directions) {
      if (!one.frames.empty()) next = std::min(next, one.frames.front().due);
    }
    const auto wait = std::max(next - Clock::now(), Clock::duration::zero());
    const timespec time = {0, std::chrono::nanoseconds(wait).count() % 1'000'000'000};
    pollfd ports[] = {{first, POLLIN, 0}, {second, POLLIN, 0}};
    (void)::ppoll(ports, 2, &time, nullptr);
    for (Direction& one : directions) {
      receive(one, delay, [&] { return loss(random); });
      sendWhatIsDue(one);
    }
  }
}
