// Data in memory that Communicator::allocate() gives, on all ranks or on some.
#include <numeric>

#include "collectives/conformance/conformance.h"
#include "collectives/conformance/values.h"

namespace mlc::collectives {
namespace {

// Elements in such memory, or elsewhere.
template <typename T>
class Data {
 public:
  Data(Communicator& world, const std::vector<T>& values, bool isShared = true)
      : ordinary_(isShared ? 0 : values.size()), count_(values.size()) {
    if (isShared) {
      auto memory = world.allocate(static_cast<int64_t>(values.size() * sizeof(T)), "a test");
      MLC_EXPECT_OK(memory.status());
      if (memory.ok()) shared_ = *memory;
    }
    std::ranges::copy(values, data());
  }

  T* data() { return shared_ ? static_cast<T*>(shared_.get()) : ordinary_.data(); }
  std::vector<T> values() { return {data(), data() + count_}; }

 private:
  std::shared_ptr<void> shared_;
  std::vector<T> ordinary_;
  size_t count_;
};

// Around the sizes from which on data is not copied, and far beyond.
constexpr int64_t kCounts[] = {0, 1, 1023, 2048, 4096, 4097, 16385, 300001};

// With `isShared` of this rank.
void expectAllCollectives(Communicator& world, int64_t count, bool isShared) {
  const auto size = static_cast<size_t>(world.size());
  const std::vector<float> own = valuesOf<float>(world.rank(), count);
  const ReducedValues<float> reducedValue(world);
  std::vector<float> sums, all;
  for (int64_t i = 0; i < count; ++i) sums.push_back(reducedValue(i, Reduction::kSum));
  for (int r = 0; r < world.size(); ++r) {
    const std::vector<float> theirs = valuesOf<float>(r, count);
    all.insert(all.end(), theirs.begin(), theirs.end());
  }
  const std::vector<int64_t> counts(size, count);

  Data<float> data(world, own, isShared);
  MLC_EXPECT_OK(world.allReduce(data.data(), count, DType::kF32, Reduction::kSum));
  EXPECT_EQ(firstDifference(data.values(), sums), -1) << "all-reduce of " << count;

  Data<float> given(world, own, isShared);
  std::vector<float> got(all.size());
  MLC_EXPECT_OK(world.allGather(given.data(), got.data(), counts, DType::kF32));
  EXPECT_EQ(firstDifference(got, all), -1) << "all-gather of " << count;

  Data<float> root(world, own, isShared);
  MLC_EXPECT_OK(world.broadcast(root.data(), count * 4, world.size() - 1));
  EXPECT_EQ(firstDifference(root.values(), valuesOf<float>(world.size() - 1, count)), -1)
      << "broadcast of " << count;

  std::vector<int64_t> parts(size, count / world.size());
  parts[0] += count % world.size();
  const int64_t mine = parts[static_cast<size_t>(world.rank())];
  const auto begin = std::accumulate(parts.begin(), parts.begin() + world.rank(), int64_t{0});
  Data<float> scattered(world, own, isShared);
  std::vector<float> part(static_cast<size_t>(mine));
  MLC_EXPECT_OK(
      world.reduceScatter(scattered.data(), part.data(), parts, DType::kF32, Reduction::kSum));
  EXPECT_EQ(firstDifference(part, {sums.begin() + begin, sums.begin() + begin + mine}), -1)
      << "reduce-scatter of " << count;

  // Every rank sends its part of r's to r.
  Data<float> sent(world, own, isShared);
  std::vector<float> received(size * static_cast<size_t>(mine)), expected;
  for (int r = 0; r < world.size(); ++r) {
    for (int64_t i = 0; i < mine; ++i) expected.push_back(valueOf<float>(r, begin + i));
  }
  MLC_EXPECT_OK(world.allToAll(sent.data(), parts, received.data(),
                               std::vector<int64_t>(size, mine), DType::kF32));
  EXPECT_EQ(firstDifference(received, expected), -1) << "all-to-all of " << count;
}

TEST_P(Conformance, CollectivesOfSharedData) {
  onEveryRank([](Communicator& world) {
    for (const int64_t count : kCounts) expectAllCollectives(world, count, true);
  });
}

TEST_P(Conformance, CollectivesOfDataThatSomeRanksShare) {
  onEveryRank([](Communicator& world) {
    for (int other = 0; other < world.size(); ++other) {
      for (const int64_t count : {100, 16385}) {
        expectAllCollectives(world, count, world.rank() != other);
      }
    }
  });
}

// What a rank reads of others' data it has read when they may change it again.
TEST_P(Conformance, SharedDataIsFreeAfterCollectives) {
  onEveryRank([](Communicator& world) {
    constexpr int64_t kCount = 20'000;
    const auto size = static_cast<size_t>(world.size());
    const std::vector<int64_t> counts(size, kCount);
    Data<int32_t> data(world, std::vector<int32_t>(kCount));
    std::vector<int32_t> out(kCount * size);
    for (int32_t round = 0; round < 200; ++round) {
      std::fill_n(data.data(), kCount, round * 100 + world.rank());
      MLC_EXPECT_OK(world.allGather(data.data(), out.data(), counts, DType::kI32));
      std::fill_n(data.data(), kCount, 1);
      int64_t wrong = 0;
      for (size_t i = 0; i < out.size(); ++i)
        wrong += out[i] != round * 100 + static_cast<int32_t>(i / kCount);
      MLC_EXPECT_OK(world.allReduce(data.data(), kCount, DType::kI32, Reduction::kSum));
      wrong += std::count_if(data.data(), data.data() + kCount,
                             [&](int32_t sum) { return sum != world.size(); });
      EXPECT_EQ(wrong, 0) << "round " << round;
    }
  });
}

TEST_P(Conformance, AllocatedMemoryIsOnesOwn) {
  onEveryRank([](Communicator& world) {
    std::vector<std::pair<std::shared_ptr<void>, int64_t>> blocks(20);
    for (int64_t round = 0; round < 300; ++round) {
      const size_t index = randomBits(world.rank(), round) % blocks.size();
      auto& [memory, bytes] = blocks[index];
      if (memory) {
        const auto* begin = static_cast<const uint8_t*>(memory.get());
        EXPECT_TRUE(std::all_of(begin, begin + bytes, [&](uint8_t byte) {
          return byte == static_cast<uint8_t>(index + 50 * static_cast<size_t>(world.rank()));
        }));
        memory.reset();
      }
      bytes = static_cast<int64_t>(randomBits(world.rank(), round + 1000) % 300'000);
      auto made = world.allocate(bytes, "a test");
      MLC_EXPECT_OK(made.status());
      if (!made.ok()) return;
      memory = *std::move(made);
      EXPECT_EQ(reinterpret_cast<uintptr_t>(memory.get()) % 64, 0u);
      std::memset(memory.get(), static_cast<int>(index + 50 * static_cast<size_t>(world.rank())),
                  static_cast<size_t>(bytes));
    }
    MLC_EXPECT_OK(world.barrier());
  });
}

}  // namespace
}  // namespace mlc::collectives
