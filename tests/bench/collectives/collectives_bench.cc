// How long collectives take, as a table of medians over the slowest rank of each call.
//
//   collectives_bench RANKS                                      ranks that are threads
//   mpirun -np 2 collectives_bench path/to/libmlc_mpi.so [messages]
#include <sched.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string_view>
#include <thread>
#include <vector>

#include "collectives/transport/mpi/load_mpi.h"
#include "collectives/transport/thread/thread_communicator.h"

namespace mlc::collectives {
namespace {

constexpr int64_t kSizes[] = {1 << 10, 32 << 10, 196608, 1 << 20, 16 << 20};

double microseconds() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double, std::micro>(now).count();
}

class Bench {
 public:
  explicit Bench(Communicator& world) : world_(world), size_(static_cast<size_t>(world.size())) {}

  void run() {
    if (world_.rank() == 0) {
      std::printf("%-15s %10s %12s %12s %9s\n", "collective", "bytes", "median us", "best us",
                  "GB/s");
    }
    measure("barrier", 0, [&] { return world_.barrier(); });
    for (const int64_t bytes : kSizes) all(bytes);
  }

 private:
  // All with the same bytes in the longest buffer of a rank.
  void all(int64_t bytes) {
    const auto room = static_cast<size_t>(bytes);
    std::vector<char> in(room), out(room);
    const auto ranks = static_cast<int64_t>(size_);
    const std::vector<int64_t> counts(size_, bytes / ranks / 4);
    measure("memcpy", bytes, [&] {
      std::memcpy(out.data(), in.data(), room);
      return okStatus();
    });
    measure("all-reduce", bytes,
            [&] { return world_.allReduce(in.data(), bytes / 4, DType::kF32, Reduction::kSum); });
    measure("all-gather", bytes,
            [&] { return world_.allGather(in.data(), out.data(), counts, DType::kF32); });
    measure("reduce-scatter", bytes, [&] {
      return world_.reduceScatter(in.data(), out.data(), counts, DType::kF32, Reduction::kSum);
    });
    measure("all-to-all", bytes,
            [&] { return world_.allToAll(in.data(), counts, out.data(), counts, DType::kF32); });
    measure("broadcast", bytes, [&] { return world_.broadcast(in.data(), bytes, 0); });
    measure("ping-pong", bytes, [&] { return pingPong(in.data(), bytes); });
  }

  // There and back, between the first two ranks.
  Status pingPong(char* data, int64_t bytes) {
    if (world_.rank() > 1 || size_ < 2) return okStatus();
    const int peer = 1 - world_.rank();
    if (world_.rank() == 0) MLC_RETURN_IF_ERROR(world_.send(data, bytes, peer, 0)->wait());
    MLC_RETURN_IF_ERROR(world_.receive(data, bytes, peer, 0)->wait());
    if (world_.rank() == 1) MLC_RETURN_IF_ERROR(world_.send(data, bytes, peer, 0)->wait());
    return okStatus();
  }

  void measure(const char* name, int64_t bytes, const std::function<Status()>& call) {
    const int64_t rounds = std::clamp<int64_t>((64 << 20) / std::max<int64_t>(bytes, 1), 12, 2000);
    std::vector<double> times;
    for (int64_t round = -rounds / 4; round < rounds; ++round) {
      if (!world_.barrier().ok()) std::exit(1);
      const double begin = microseconds();
      if (const Status status = call(); !status.ok()) {
        std::fprintf(stderr, "%s: %s\n", name, status.message().c_str());
        std::exit(1);
      }
      if (round >= 0) times.push_back(microseconds() - begin);
    }
    const auto count = static_cast<int64_t>(times.size());
    if (!world_.allReduce(times.data(), count, DType::kF64, Reduction::kMax).ok()) std::exit(1);
    std::ranges::sort(times);
    const double median = times[times.size() / 2];
    if (world_.rank() != 0) return;
    std::printf("%-15s %10lld %12.1f %12.1f %9.2f\n", name, static_cast<long long>(bytes), median,
                times[0], static_cast<double>(bytes) / median / 1000);
  }

  Communicator& world_;
  size_t size_;
};

// As mpirun does with its ranks, and the runtime with its threads.
void pinToCoreOf(int rank) {
  cpu_set_t core;
  CPU_ZERO(&core);
  CPU_SET(static_cast<unsigned>(rank) % std::thread::hardware_concurrency(), &core);
  ::sched_setaffinity(0, sizeof core, &core);
}

int runThreads(int size) {
  std::vector<std::thread> ranks;
  for (std::unique_ptr<Communicator>& world : createThreadGroup(size)) {
    ranks.emplace_back([world = std::move(world)] {
      pinToCoreOf(world->rank());
      Bench(*world).run();
    });
  }
  for (std::thread& rank : ranks) rank.join();
  return 0;
}

int runMpi(const char* library, bool sharedMemory) {
  const auto world = createMpiCommunicator({library, sharedMemory});
  if (!world.ok()) {
    std::fprintf(stderr, "%s\n", world.status().message().c_str());
    return 1;
  }
  Bench(**world).run();
  return 0;
}

}  // namespace
}  // namespace mlc::collectives

int main(int argc, char** argv) {
  using namespace mlc::collectives;
  if (argc < 2) {
    std::fprintf(stderr, "usage: collectives_bench RANKS | LIBRARY [messages]\n");
    return 2;
  }
  if (const int ranks = std::atoi(argv[1]); ranks > 0) return runThreads(ranks);
  return runMpi(argv[1], argc < 3 || std::string_view(argv[2]) != "messages");
}
