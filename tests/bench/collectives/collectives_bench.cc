// How long collectives take beside those of MPI itself, call by call in turns: medians of the
// calls' slowest ranks, in microseconds. "shared" is data in memory of Communicator::allocate(), as
// programs have it, "elsewhere" any other. What both give is compared.
//
//   mpirun -np 2 collectives_bench path/to/libmlc_mpi.so [messages|hosts]
//   collectives_bench RANKS                                 ranks that are threads
//
// messages: no shared memory; hosts: each two ranks are said to be a host.
#include <mpi/mpi.h>
#include <sched.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <numeric>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "collectives/transport/mpi/load_mpi.h"
#include "collectives/transport/thread/thread_communicator.h"

namespace mlc::collectives {
namespace {

constexpr int64_t kSizes[] = {4,        64,        1 << 10, 4 << 10, 16 << 10, 32 << 10,
                              64 << 10, 256 << 10, 1 << 20, 4 << 20, 16 << 20, 64 << 20};

double microseconds() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double, std::micro>(now).count();
}

void check(const Status& status, const char* what) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s: %s\n", what, status.message().c_str());
  std::exit(1);
}

void check(int error) {
  if (error != MPI_SUCCESS) check(deviceError("a call of MPI failed"), "MPI");
}

// The memory that one collective works on.
struct Buffers {
  float* in = nullptr;
  float* out = nullptr;
};

// A collective that takes its data from `in`, of some bytes on every rank, and leaves its result in
// one of the two.
struct Call {
  const char* name;
  std::function<Status(Buffers)> ours;
  std::function<int(Buffers)> mpis;
  bool isInPlace = false;
};

class Bench {
 public:
  // withMpi: whether the ranks are MPI's.
  Bench(Communicator& world, bool withMpi)
      : world_(world), size_(static_cast<size_t>(world.size())), withMpi_(withMpi) {}

  void run() {
    if (world_.rank() == 0) {
      std::printf("%-15s %10s %10s %10s %10s %14s\n", "collective", "bytes", "MPI us", "shared us",
                  "elsewhere", "MPI/shared");
    }
    measure({"barrier", [&](Buffers) { return world_.barrier(); },
             [](Buffers) { return MPI_Barrier(MPI_COMM_WORLD); }, true},
            0);
    for (const int64_t bytes : kSizes) {
      for (const Call& call : callsOf(bytes)) measure(call, bytes);
    }
  }

 private:
  // All with the same bytes in the longest buffer of a rank.
  std::vector<Call> callsOf(int64_t bytes) {
    const int64_t all = bytes / 4, each = std::max<int64_t>(all / world_.size(), 1);
    const std::vector<int64_t> counts(size_, each);
    std::vector<int> lengths(size_, static_cast<int>(each)), begins(size_);
    for (size_t r = 0; r < size_; ++r) begins[r] = static_cast<int>(r) * static_cast<int>(each);
    const auto count = static_cast<int>(all);
    const int last = world_.size() - 1;
    return {
        {"all-reduce",
         [=, this](Buffers b) { return world_.allReduce(b.in, all, DType::kF32, Reduction::kSum); },
         [=](Buffers b) {
           return MPI_Allreduce(MPI_IN_PLACE, b.in, count, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD);
         },
         true},
        {"all-gather",
         [=, this](Buffers b) { return world_.allGather(b.in, b.out, counts, DType::kF32); },
         [=](Buffers b) {
           return MPI_Allgatherv(b.in, lengths[0], MPI_FLOAT, b.out, lengths.data(), begins.data(),
                                 MPI_FLOAT, MPI_COMM_WORLD);
         }},
        {"reduce-scatter",
         [=, this](Buffers b) {
           return world_.reduceScatter(b.in, b.out, counts, DType::kF32, Reduction::kSum);
         },
         [=](Buffers b) {
           return MPI_Reduce_scatter(b.in, b.out, lengths.data(), MPI_FLOAT, MPI_SUM,
                                     MPI_COMM_WORLD);
         }},
        {"all-to-all",
         [=, this](Buffers b) { return world_.allToAll(b.in, counts, b.out, counts, DType::kF32); },
         [=](Buffers b) {
           return MPI_Alltoallv(b.in, lengths.data(), begins.data(), MPI_FLOAT, b.out,
                                lengths.data(), begins.data(), MPI_FLOAT, MPI_COMM_WORLD);
         }},
        {"broadcast", [=, this](Buffers b) { return world_.broadcast(b.in, bytes, last); },
         [=](Buffers b) { return MPI_Bcast(b.in, count, MPI_FLOAT, last, MPI_COMM_WORLD); }, true},
    };
  }

  // One after the other, so that what disturbs one disturbs all.
  void measure(const Call& call, int64_t bytes) {
    const size_t room = static_cast<size_t>(bytes) / 4 + size_;
    std::vector<float> in(room), out(room), mpiIn(room), mpiOut(room);
    const Buffers shared = {allocate(room), allocate(room)}, elsewhere = {in.data(), out.data()},
                  ofMpi = {mpiIn.data(), mpiOut.data()};
    if (withMpi_) compare(call, shared, ofMpi, room);
    std::fill_n(shared.in, room, 0);
    std::fill_n(mpiIn.data(), room, 0);
    const int64_t rounds = std::clamp<int64_t>((64 << 20) / std::max<int64_t>(bytes, 1), 12, 2000);
    std::vector<double> times[3];
    for (int64_t round = -rounds / 4; round < rounds; ++round) {
      const auto time = [&](std::vector<double>& taken, const auto& body) {
        check(world_.barrier(), "barrier");
        const double begin = microseconds();
        body();
        if (round >= 0) taken.push_back(microseconds() - begin);
      };
      if (withMpi_) time(times[0], [&] { check(call.mpis(ofMpi)); });
      time(times[1], [&] { check(call.ours(shared), call.name); });
      time(times[2], [&] { check(call.ours(elsewhere), call.name); });
    }
    double medians[3] = {};
    for (int way = withMpi_ ? 0 : 1; way < 3; ++way) medians[way] = medianOfSlowest(times[way]);
    memory_.clear();
    if (world_.rank() != 0) return;
    std::printf("%-15s %10lld %10.2f %10.2f %10.2f %14.2f\n", call.name,
                static_cast<long long>(bytes), medians[0], medians[1], medians[2],
                medians[0] / medians[1]);
    std::fflush(stdout);
  }

  float* allocate(size_t room) {
    auto made = world_.allocate(static_cast<int64_t>(room * 4), "the benchmark");
    check(made.status(), "allocate");
    memory_.push_back(*made);
    std::fill_n(static_cast<float*>(made->get()), room, 0);
    return static_cast<float*>(made->get());
  }

  // Sums of small whole numbers are the same in any order.
  void compare(const Call& call, Buffers ours, Buffers mpis, size_t room) {
    for (size_t i = 0; i < room; ++i) {
      ours.in[i] = mpis.in[i] =
          static_cast<float>((i * 7 + static_cast<size_t>(world_.rank()) * 3) % 97);
    }
    check(call.ours(ours), call.name);
    check(call.mpis(mpis));
    const bool same = call.isInPlace ? std::equal(ours.in, ours.in + room, mpis.in)
                                     : std::equal(ours.out, ours.out + room, mpis.out);
    if (!same) check(invalidError("MPI gives something else"), call.name);
  }

  double medianOfSlowest(std::vector<double>& times) {
    const auto count = static_cast<int64_t>(times.size());
    check(world_.allReduce(times.data(), count, DType::kF64, Reduction::kMax), "all-reduce");
    std::ranges::nth_element(times, times.begin() + count / 2);
    return times[static_cast<size_t>(count / 2)];
  }

  Communicator& world_;
  size_t size_;
  bool withMpi_;
  std::vector<std::shared_ptr<void>> memory_;
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
      Bench(*world, /*withMpi=*/false).run();
    });
  }
  for (std::thread& rank : ranks) rank.join();
  return 0;
}

int runMpi(const char* library, std::string_view way) {
  MpiOptions options;
  options.library = library;
  options.sharedMemory = way != "messages";
  if (const char* rank = std::getenv("OMPI_COMM_WORLD_RANK"); rank && way == "hosts")
    options.host = "host" + std::to_string(std::atoi(rank) / 2);
  const auto world = createMpiCommunicator(options);
  check(world.status(), "MPI");
  Bench(**world, /*withMpi=*/true).run();
  return 0;
}

}  // namespace
}  // namespace mlc::collectives

int main(int argc, char** argv) {
  using namespace mlc::collectives;
  if (argc < 2) {
    std::fprintf(stderr, "usage: collectives_bench RANKS | LIBRARY [messages|hosts]\n");
    return 2;
  }
  if (const int ranks = std::atoi(argv[1]); ranks > 0) return runThreads(ranks);
  return runMpi(argv[1], argc < 3 ? "" : argv[2]);
}
