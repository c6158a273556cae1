// Collectives that move bytes without computing: all-gather, all-to-all, broadcast, barrier.
#include <chrono>
#include <numeric>
#include <thread>

#include "collectives/conformance/conformance.h"
#include "collectives/conformance/values.h"

namespace mlc::collectives {
namespace {

int64_t sumOf(const std::vector<int64_t>& counts) {
  return std::accumulate(counts.begin(), counts.end(), int64_t{0});
}

template <typename T>
void expectAllGather(Communicator& world, const std::vector<int64_t>& counts, DType dtype,
                     bool inPlace = false) {
  std::vector<T> expected;
  for (int r = 0; r < world.size(); ++r) {
    const std::vector<T> theirs = valuesOf<T>(r, counts[static_cast<size_t>(r)]);
    expected.insert(expected.end(), theirs.begin(), theirs.end());
  }
  const std::vector<T> own = valuesOf<T>(world.rank(), counts[static_cast<size_t>(world.rank())]);
  std::vector<T> out(expected.size());
  const T* in = own.data();
  if (inPlace) {
    const auto place =
        out.begin() + std::accumulate(counts.begin(), counts.begin() + world.rank(), int64_t{0});
    std::ranges::copy(own, place);
    in = out.data() + (place - out.begin());
  }
  MLC_EXPECT_OK(world.allGather(in, out.data(), counts, dtype));
  EXPECT_EQ(firstDifference(out, expected), -1)
      << dtypeName(dtype) << ", " << counts[0] << " of rank 0" << (inPlace ? ", in place" : "");
}

TEST_P(Conformance, AllGatherOfEveryType) {
  onEveryRank([](Communicator& world) {
    std::vector<int64_t> uneven;
    for (int r = 0; r < world.size(); ++r) uneven.push_back(r == 1 ? 0 : 33 * r + 1);
    forEachDType([&]<typename T>(T, DType dtype) { expectAllGather<T>(world, uneven, dtype); });
  });
}

TEST_P(Conformance, AllGatherOfManySizes) {
  onEveryRank([](Communicator& world) {
    const auto size = static_cast<size_t>(world.size());
    for (const int64_t count : {0, 1, 4097, 8192, 8193, 65537, 300001}) {
      for (const bool inPlace : {false, true}) {
        expectAllGather<float>(world, std::vector<int64_t>(size, count), DType::kF32, inPlace);
        std::vector<int64_t> onlyFirst(size);
        onlyFirst[0] = count;
        expectAllGather<double>(world, onlyFirst, DType::kF64, inPlace);
      }
    }
  });
}

// What rank `from` sends to rank `to`: its values from a place of their own on.
int64_t countBetween(int from, int to, int64_t unit) { return (from * 7 + to * 3) % 4 * unit; }

template <typename T>
void expectAllToAll(Communicator& world, int64_t unit, DType dtype) {
  const int rank = world.rank();
  std::vector<int64_t> sendCounts, receiveCounts;
  std::vector<T> expected;
  for (int r = 0; r < world.size(); ++r) {
    sendCounts.push_back(countBetween(rank, r, unit));
    receiveCounts.push_back(countBetween(r, rank, unit));
    int64_t begin = 0;
    for (int to = 0; to < rank; ++to) begin += countBetween(r, to, unit);
    for (int64_t i = 0; i < receiveCounts.back(); ++i) expected.push_back(valueOf<T>(r, begin + i));
  }
  const std::vector<T> in = valuesOf<T>(rank, sumOf(sendCounts));
  std::vector<T> out(expected.size());
  MLC_EXPECT_OK(world.allToAll(in.data(), sendCounts, out.data(), receiveCounts, dtype));
  EXPECT_EQ(firstDifference(out, expected), -1) << dtypeName(dtype) << ", unit " << unit;
}

TEST_P(Conformance, AllToAllOfEveryType) {
  onEveryRank([](Communicator& world) {
    forEachDType([&]<typename T>(T, DType dtype) { expectAllToAll<T>(world, 17, dtype); });
  });
}

TEST_P(Conformance, AllToAllOfManySizes) {
  onEveryRank([](Communicator& world) {
    for (const int64_t unit : {0, 1, 4097, 33333, 100000}) {
      expectAllToAll<float>(world, unit, DType::kF32);
      expectAllToAll<uint8_t>(world, unit, DType::kU8);
    }
  });
}

TEST_P(Conformance, BroadcastFromEveryRoot) {
  onEveryRank([](Communicator& world) {
    for (int root = 0; root < world.size(); ++root) {
      for (const int64_t bytes : {0, 1, 4099, 32768, 32769, 262145, 3000001}) {
        std::vector<uint8_t> data = valuesOf<uint8_t>(world.rank(), bytes);
        MLC_EXPECT_OK(world.broadcast(data.data(), bytes, root));
        EXPECT_EQ(firstDifference(data, valuesOf<uint8_t>(root, bytes)), -1)
            << bytes << " bytes of rank " << root;
      }
    }
  });
}

TEST_P(Conformance, BroadcastOf64Megabytes) {
  onEveryRank([](Communicator& world) {
    constexpr size_t kCount = 8 << 20;
    const int root = world.size() - 1;
    std::vector<uint64_t> data(kCount);
    for (size_t i = 0; i < kCount && world.rank() == root; ++i) data[i] = i * 0x9e3779b97f4a7c15u;
    MLC_EXPECT_OK(world.broadcast(data.data(), kCount * 8, root));
    size_t wrong = 0;
    for (size_t i = 0; i < kCount; ++i) wrong += data[i] != i * 0x9e3779b97f4a7c15u;
    EXPECT_EQ(wrong, 0u);
  });
}

// Contributions are the caller's again as soon as a collective returns, though others are late.
TEST_P(Conformance, BuffersAreFreeAfterCollectives) {
  onEveryRank([](Communicator& world) {
    const auto size = static_cast<size_t>(world.size());
    for (const int64_t count : {100, 20000}) {
      const std::vector<int64_t> counts(size, count);
      std::vector<int32_t> in(static_cast<size_t>(count)), out(in.size() * size);
      for (int32_t round = 0; round < 200; ++round) {
        std::ranges::fill(in, round * 100 + world.rank());
        MLC_EXPECT_OK(world.allGather(in.data(), out.data(), counts, DType::kI32));
        std::ranges::fill(in, -1);
        int64_t wrong = 0;
        for (size_t i = 0; i < out.size(); ++i) {
          wrong += out[i] != round * 100 + static_cast<int32_t>(i / in.size());
        }
        EXPECT_EQ(wrong, 0) << "round " << round;
      }
    }
  });
}

// All ranks of these tests are on one host, with one clock.
TEST_P(Conformance, NobodyPassesABarrierBeforeAllCome) {
  onEveryRank([](Communicator& world) {
    const auto now = [] { return std::chrono::steady_clock::now().time_since_epoch().count(); };
    for (int late = 0; late < world.size(); ++late) {
      if (world.rank() == late) std::this_thread::sleep_for(std::chrono::milliseconds(20));
      int64_t came = now();
      MLC_EXPECT_OK(world.barrier());
      int64_t passed = now();
      MLC_EXPECT_OK(world.allReduce(&came, 1, DType::kI64, Reduction::kMax));
      MLC_EXPECT_OK(world.allReduce(&passed, 1, DType::kI64, Reduction::kMin));
      EXPECT_LE(came, passed);
    }
  });
}

}  // namespace
}  // namespace mlc::collectives
