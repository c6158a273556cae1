// Reductions: all-reduce and reduce-scatter.
#include <cmath>
#include <numeric>

#include "collectives/conformance/conformance.h"
#include "collectives/conformance/values.h"

namespace mlc::collectives {
namespace {

std::string describe(DType dtype, Reduction reduction, int64_t count) {
  return std::string(dtypeName(dtype)) + " reduction " +
         std::to_string(static_cast<int>(reduction)) + " of " + std::to_string(count);
}

template <typename T>
void expectAllReduce(Communicator& world, int64_t count, DType dtype, Reduction reduction) {
  std::vector<T> data = valuesOf<T>(world.rank(), count);
  MLC_EXPECT_OK(world.allReduce(data.data(), count, dtype, reduction));
  std::vector<T> expected(static_cast<size_t>(count));
  const ReducedValues<T> reducedValue(world);
  for (int64_t i = 0; i < count; ++i) expected[static_cast<size_t>(i)] = reducedValue(i, reduction);
  EXPECT_EQ(firstDifference(data, expected), -1) << describe(dtype, reduction, count);
}

TEST_P(Conformance, AllReduceOfEveryTypeAndReduction) {
  onEveryRank([](Communicator& world) {
    forEachDType([&]<typename T>(T, DType dtype) {
      for (const Reduction reduction : kReductions) {
        for (const int64_t count : {0, 1, 63, 1025}) {
          expectAllReduce<T>(world, count, dtype, reduction);
        }
      }
    });
  });
}

// Around the sizes where transports change their ways, and far beyond.
TEST_P(Conformance, AllReduceOfManySizes) {
  onEveryRank([](Communicator& world) {
    for (const int64_t count : {8191, 8192, 8193, 16385, 49152, 65536, 65537, 1000003}) {
      expectAllReduce<float>(world, count, DType::kF32, Reduction::kSum);
    }
    expectAllReduce<BFloat16>(world, 300001, DType::kBF16, Reduction::kSum);
    expectAllReduce<int64_t>(world, 70001, DType::kI64, Reduction::kProd);
    expectAllReduce<uint8_t>(world, 1000001, DType::kU8, Reduction::kMax);
  });
}

TEST_P(Conformance, AllReduceOf64Megabytes) {
  onEveryRank([](Communicator& world) {
    constexpr int64_t kCount = 16 << 20;
    std::vector<int32_t> data(kCount);
    for (int64_t i = 0; i < kCount; ++i) {
      data[static_cast<size_t>(i)] = static_cast<int32_t>(i) * (world.rank() + 1);
    }
    MLC_EXPECT_OK(world.allReduce(data.data(), kCount, DType::kI32, Reduction::kSum));
    const int32_t factor = world.size() * (world.size() + 1) / 2;
    int64_t wrong = 0;
    for (int64_t i = 0; i < kCount; ++i) {
      const auto expected =
          static_cast<int32_t>(static_cast<uint32_t>(i) * static_cast<uint32_t>(factor));
      wrong += data[static_cast<size_t>(i)] != expected;
    }
    EXPECT_EQ(wrong, 0);
  });
}

TEST_P(Conformance, MinAndMaxOfNanAreNan) {
  onEveryRank([](Communicator& world) {
    for (const Reduction reduction : {Reduction::kMin, Reduction::kMax}) {
      for (int nanRank = 0; nanRank < world.size(); ++nanRank) {
        float value = world.rank() == nanRank ? NAN : static_cast<float>(world.rank());
        MLC_EXPECT_OK(world.allReduce(&value, 1, DType::kF32, reduction));
        EXPECT_TRUE(std::isnan(value)) << value;
      }
    }
  });
}

// Again and again, with ranks that come at other times, the bits are the same.
TEST_P(Conformance, ReductionsAreRepeatable) {
  onEveryRank([](Communicator& world) {
    constexpr int64_t kCount = 20011;
    std::vector<float> first;
    for (int run = 0; run < 20; ++run) {
      std::vector<float> data = valuesOf<float>(world.rank(), kCount);
      volatile int work = 0;
      for (int i = 0; i < (run + world.rank()) % 3 * 50000; ++i) work = work + 1;
      MLC_EXPECT_OK(world.allReduce(data.data(), kCount, DType::kF32, Reduction::kSum));
      if (run == 0) first = data;
      EXPECT_EQ(firstDifference(data, first), -1) << "run " << run;
    }
    std::vector<float> ofRankZero = first;
    MLC_EXPECT_OK(world.broadcast(ofRankZero.data(), kCount * 4, 0));
    EXPECT_EQ(firstDifference(first, ofRankZero), -1);
  });
}

template <typename T>
void expectReduceScatter(Communicator& world, const std::vector<int64_t>& counts, DType dtype,
                         Reduction reduction) {
  const int64_t total = std::accumulate(counts.begin(), counts.end(), int64_t{0});
  const int64_t own = counts[static_cast<size_t>(world.rank())];
  const int64_t begin = std::accumulate(counts.begin(), counts.begin() + world.rank(), int64_t{0});
  const std::vector<T> in = valuesOf<T>(world.rank(), total);
  std::vector<T> out(static_cast<size_t>(own)), expected(out);
  MLC_EXPECT_OK(world.reduceScatter(in.data(), out.data(), counts, dtype, reduction));
  const ReducedValues<T> reducedValue(world);
  for (int64_t i = 0; i < own; ++i)
    expected[static_cast<size_t>(i)] = reducedValue(begin + i, reduction);
  EXPECT_EQ(firstDifference(out, expected), -1) << describe(dtype, reduction, own);
}

TEST_P(Conformance, ReduceScatterOfEveryTypeAndReduction) {
  onEveryRank([](Communicator& world) {
    std::vector<int64_t> uneven;
    for (int r = 0; r < world.size(); ++r) uneven.push_back(r == 1 ? 0 : 33 * r + 1);
    forEachDType([&]<typename T>(T, DType dtype) {
      for (const Reduction reduction : kReductions) {
        expectReduceScatter<T>(world, uneven, dtype, reduction);
      }
    });
  });
}

TEST_P(Conformance, ReduceScatterOfManySizes) {
  onEveryRank([](Communicator& world) {
    const auto size = static_cast<size_t>(world.size());
    for (const int64_t count : {0, 1, 4097, 40000, 300001}) {
      expectReduceScatter<float>(world, std::vector<int64_t>(size, count), DType::kF32,
                                 Reduction::kSum);
      std::vector<int64_t> onlyLast(size);
      onlyLast.back() = count;
      expectReduceScatter<BFloat16>(world, onlyLast, DType::kBF16, Reduction::kSum);
    }
  });
}

}  // namespace
}  // namespace mlc::collectives
