// Wrong arguments and ranks that do not match: errors, never a hang.
#include <array>

#include "collectives/conformance/conformance.h"

namespace mlc::collectives {
namespace {

// The ranks are still in step, and the communicator works.
void expectWorking(Communicator& world) {
  int32_t one = 1;
  MLC_EXPECT_OK(world.allReduce(&one, 1, DType::kI32, Reduction::kSum));
  EXPECT_EQ(one, world.size());
}

TEST_P(Conformance, NegativeCounts) {
  onEveryRank([](Communicator& world) {
    const auto size = static_cast<size_t>(world.size());
    std::array<float, 64> in = {}, out = {};
    std::vector<int64_t> good(size, 1), bad(size, 1);
    bad.back() = -1;
    MLC_EXPECT_CODE(world.allReduce(in.data(), -1, DType::kF32, Reduction::kSum), kInvalid);
    MLC_EXPECT_CODE(world.allGather(in.data(), out.data(), bad, DType::kF32), kInvalid);
    MLC_EXPECT_CODE(world.reduceScatter(in.data(), out.data(), bad, DType::kF32, Reduction::kSum),
                    kInvalid);
    MLC_EXPECT_CODE(world.allToAll(in.data(), bad, out.data(), good, DType::kF32), kInvalid);
    MLC_EXPECT_CODE(world.allToAll(in.data(), good, out.data(), bad, DType::kF32), kInvalid);
    MLC_EXPECT_CODE(world.broadcast(in.data(), -1, 0), kInvalid);
    MLC_EXPECT_CODE(world.send(in.data(), -1, 0, 0)->wait(), kInvalid);
    MLC_EXPECT_CODE(world.receive(in.data(), -1, 0, 0)->wait(), kInvalid);
    expectWorking(world);
  });
}

TEST_P(Conformance, CountsForAnotherNumberOfRanks) {
  onEveryRank([](Communicator& world) {
    const auto size = static_cast<size_t>(world.size());
    std::array<float, 64> in = {}, out = {};
    const std::vector<int64_t> good(size, 1), few(size - 1, 1), many(size + 1, 1);
    for (const std::vector<int64_t>& bad : {few, many}) {
      MLC_EXPECT_CODE(world.allGather(in.data(), out.data(), bad, DType::kF32), kInvalid);
      MLC_EXPECT_CODE(world.reduceScatter(in.data(), out.data(), bad, DType::kF32, Reduction::kSum),
                      kInvalid);
      MLC_EXPECT_CODE(world.allToAll(in.data(), bad, out.data(), good, DType::kF32), kInvalid);
      MLC_EXPECT_CODE(world.allToAll(in.data(), good, out.data(), bad, DType::kF32), kInvalid);
    }
    expectWorking(world);
  });
}

TEST_P(Conformance, RanksTagsAndColorsOutOfRange) {
  onEveryRank([](Communicator& world) {
    int32_t word = 0;
    for (const int rank : {-1, world.size()}) {
      MLC_EXPECT_CODE(world.broadcast(&word, 4, rank), kInvalid);
      MLC_EXPECT_CODE(world.send(&word, 4, rank, 0)->wait(), kInvalid);
      const auto receive = world.receive(&word, 4, rank, 0);
      EXPECT_TRUE(receive->test());
      MLC_EXPECT_CODE(receive->wait(), kInvalid);
    }
    for (const int tag : {-1, kMaxTag + 1}) {
      MLC_EXPECT_CODE(world.send(&word, 4, 0, tag)->wait(), kInvalid);
      MLC_EXPECT_CODE(world.receive(&word, 4, 0, tag)->wait(), kInvalid);
    }
    MLC_EXPECT_CODE(world.split(-1, 0).status(), kInvalid);
    expectWorking(world);
  });
}

// Each of these gives kInvalid on every rank: the last rank's call differs from the others'.
TEST_P(Conformance, RanksThatDisagree) {
  onEveryRank([](Communicator& world) {
    if (world.size() == 1) return;
    const bool other = world.rank() == world.size() - 1;
    const auto size = static_cast<size_t>(world.size());
    std::vector<float> in(100'000), out(in.size() * size);
    const std::vector<int64_t> ones(size, 1), twos(size, 2);
    // Small and large, since they take different ways.
    for (const int64_t count : {10, 50'000}) {
      const int64_t differs = other ? count + 1 : count;
      const auto expectInvalid = [](const Status& status) {
        EXPECT_EQ(status.code(), StatusCode::kInvalid) << status.message();
      };
      expectInvalid(world.allReduce(in.data(), differs, DType::kF32, Reduction::kSum));
      expectInvalid(
          world.allReduce(in.data(), count, other ? DType::kI32 : DType::kF32, Reduction::kSum));
      expectInvalid(world.allReduce(in.data(), count, DType::kF32,
                                    other ? Reduction::kMax : Reduction::kSum));
      expectInvalid(world.allReduce(in.data(), other ? 50'000 : 10, DType::kF32, Reduction::kSum));
      std::vector<int64_t> counts(size, count);
      counts[0] = differs;
      expectInvalid(world.allGather(in.data(), out.data(), counts, DType::kF32));
      expectInvalid(
          world.reduceScatter(out.data(), in.data(), counts, DType::kF32, Reduction::kSum));
      expectInvalid(world.broadcast(in.data(), differs, 0));
      expectInvalid(world.broadcast(in.data(), count, other ? 1 : 0));
      expectWorking(world);
    }
    MLC_EXPECT_CODE(world.allToAll(in.data(), other ? twos : ones, out.data(), ones, DType::kF32),
                    kInvalid);
    MLC_EXPECT_CODE(world.allToAll(in.data(), ones, out.data(), other ? twos : ones, DType::kF32),
                    kInvalid);
    MLC_EXPECT_CODE(
        other ? world.barrier() : world.allReduce(in.data(), 10, DType::kF32, Reduction::kSum),
        kInvalid);
    MLC_EXPECT_CODE(other ? world.barrier() : world.split(0, 0).status(), kInvalid);
    expectWorking(world);
  });
}

// The receiver knows; the sender may have gone on.
TEST_P(Conformance, MessagesOfAnotherSize) {
  onEveryRank([](Communicator& world) {
    const int next = (world.rank() + 1) % world.size();
    const int previous = (world.rank() + world.size() - 1) % world.size();
    const std::vector<char> sent(500'000);
    std::vector<char> received(sent.size());
    for (const auto& [sentBytes, expectedBytes] :
         {std::pair(8, 4), {4, 8}, {0, 8}, {8, 0}, {500'000, 499'999}, {4, 500'000}}) {
      const auto receive = world.receive(received.data(), expectedBytes, previous, 0);
      const auto send = world.send(sent.data(), sentBytes, next, 0);
      const Status atReceiver = receive->wait(), atSender = send->wait();
      EXPECT_EQ(atReceiver.code(), StatusCode::kInvalid) << atReceiver.message();
      EXPECT_TRUE(atSender.ok() || atSender.code() == StatusCode::kInvalid) << atSender.message();
    }
    expectWorking(world);
  });
}

TEST_P(Conformance, WhoWaitsForARankThatLeft) {
  if (!GetParam().noticesLeaving) GTEST_SKIP() << "MPI has no message for a rank that left";
  onEveryRank([](Communicator& world) {
    if (world.size() == 1) return;
    auto part = world.split(0, 0);
    MLC_EXPECT_OK(part.status());
    if (!part.ok() || world.rank() == 0) return;
    MLC_EXPECT_CODE((*part)->barrier(), kDeviceFailed);
  });
  onEveryRank([](Communicator& world) { expectWorking(world); });
}

}  // namespace
}  // namespace mlc::collectives
